"""What a model says of itself in its config.json, judged before anything is built."""

import json
import re
from dataclasses import dataclass
from typing import Any

from transformers import AutoConfig, PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from analysis.core import settings
from analysis.core.errors import ModelError
from analysis.core.found_models import is_single
from analysis.core.gguf_models import named_quantisation
from analysis.core.hidden_folders import reason, without_folders
from analysis.core.model_kinds import BOTH, CONFIG, ENCODER_DECODERS, KINDS
from analysis.core.model_names import ADAPTER
from analysis.core.specs import DECODER
from analysis.model.hub import Source, listed_files
from analysis.model.stacks import kind_of, text_config, wraps_text

MOST_BYTES = 16 * 2**20
"""Bytes of a config.json; the largest, with settings by layer, have a few hundred KB."""


@dataclass(frozen=True)
class Bound:
    """The most that a number of a configuration may be, by what its key is called."""

    keys: re.Pattern[str]
    most: int


BOUNDS = (
    Bound(re.compile(r"layers?$|blocks$|depth$"), 2000),
    Bound(re.compile(r"expert|head|label|group|codebook"), 10**5),
    Bound(re.compile(r"position|vocab|size|dim$|width|n_embd|n_ctx|n_inner"), 10**9),
)
"""Above them a library would fill memory or count for hours; no model comes near."""
POSITIVE = re.compile(
    r"(num_hidden_layers|num_layers|n_layers?|num_attention_heads|n_heads?|hidden_size"
    r"|n_embd|d_model|vocab_size)"
)
"""Numbers, by their keys, without which a library divides by zero."""
NEEDED = ("num_hidden_layers", "hidden_size", "vocab_size")
COUNTS = (*NEEDED, "num_attention_heads", "num_key_value_heads", "head_dim")
"""What must be 1 or more where it is one number; the first ones must be there."""


def read_config(source: Source) -> PreTrainedConfig:
    """A model's configuration.

    ModelError unless it is a model of text, of a possible shape.
    """
    said = read_json(source, CONFIG)
    check_names(said, source)
    check_bounds(said, source)
    for part in (said, said.get("text_config")):
        check_positive(part, source)
    trusted = settings.trusts_remote_code()
    try:
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=trusted)
    except Exception as error:  # a configuration makes the library fail in any way
        remedy = "Choose another model or revision."
        if not trusted:
            remedy = (
                "Models that bring their own code load only where the operator of the "
                "server allows it (BABELSCOPE_TRUST_REMOTE_CODE=1)."
            )
        raise ModelError(
            f"The configuration of {source.name} cannot be used ({reason(error)}). "
            f"{remedy}"
        ) from error
    check_kind(config, source)
    for name in KINDS[kind_of(config)].reads:
        check_counts(text_config(config, name), source)
    return config


def read_json(source: Source, name: str) -> dict[str, Any]:
    """A small JSON file of a model; ModelError when it is none."""
    path = source.folder / name
    if not path.is_file():
        raise ModelError(
            f"{source.name} has no {name}, so it is not a model that transformers can "
            f"load.{only_adapter(source)}{only_gguf(source)}"
        )
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(f"{name} has {size:,} bytes, allowed are {MOST_BYTES:,}")
        said = json.loads(path.read_bytes())
        if not isinstance(said, dict):
            raise ValueError(f"{name} holds no JSON object")
    except (ValueError, RecursionError, OSError) as error:
        raise ModelError(
            f"The configuration of {source.name} cannot be used ({reason(error)}). "
            "Copy or download it again."
        ) from error
    return said


def only_gguf(source: Source) -> str:
    """What to do with a repository or a folder that holds GGUF files and no model."""
    names = sorted(name for name in listed_files(source.folder) if is_single(name))
    if not names:
        return ""
    told = dict.fromkeys(named_quantisation(name) or name for name in names)
    first = f"{source.name}:{next(iter(told))}"
    if source.revision == "local":
        first = f"{source.name}/{names[0]}"
    return (
        f" It holds GGUF files ({', '.join(told)}), which become a model once: choose "
        f"“found on this machine, or GGUF”, or say babelscope model unpack {first}."
    )


def only_adapter(source: Source) -> str:
    """What to do with a folder that holds an adapter of another model and no model."""
    if not (source.folder / ADAPTER).is_file():
        return ""
    base = read_json(source, ADAPTER).get("base_model_name_or_path")
    of_base = f" of {without_folders(base)[:120]}" if isinstance(base, str) else ""
    return (
        f" It is an adapter{of_base} ({ADAPTER}): merge it into that model (peft: "
        "merge_and_unload) and choose the folder of the merged model."
    )


def adapter_notice(source: Source) -> tuple[str, ...]:
    """What to tell of an adapter that lies beside whole weights; nothing without one."""
    if not (source.folder / ADAPTER).is_file():
        return ()
    return (
        f"An adapter lies beside the weights of {source.name} ({ADAPTER}); the weights "
        "are used without it. If it is meant to count, merge it into them (peft: "
        "merge_and_unload) and choose the merged model.",
    )


def check_names(said: dict[str, Any], source: Source) -> None:
    """ModelError unless the classes of a model are a list of names, or not given."""
    names = said.get("architectures")
    if names is None:
        return
    is_list = isinstance(names, list)
    if not is_list or not all(isinstance(name, str) for name in names):
        raise ModelError(
            f"The configuration of {source.name} says architectures: "
            f"{json.dumps(names)[:80]}; it takes a list of names, such as "
            "[“LlamaForCausalLM”]. Mend config.json."
        )


def check_bounds(said: Any, source: Source, key: str = "") -> None:
    """ModelError for a number that no model has, at any depth of a configuration."""
    if isinstance(said, dict):
        for name, value in said.items():
            check_bounds(value, source, name)
    elif isinstance(said, list):
        for value in said:
            check_bounds(value, source, key)
    elif isinstance(said, (int, float)):
        for bound in BOUNDS:
            if bound.keys.search(key) and said > bound.most:
                raise ModelError(
                    f"The configuration of {source.name} says {key}: {said:.6g}; the "
                    f"most is {bound.most:,}. Mend config.json."
                )


def check_positive(said: Any, source: Source) -> None:
    """ModelError for layers, heads, width or tokens of which there are none."""
    if not isinstance(said, dict):
        return
    for key, value in said.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if is_number and value < 1 and POSITIVE.fullmatch(key):
            raise wrong_count(source, key, value)


def wrong_count(source: Source, key: str, value: Any) -> ModelError:
    """The error for a number of layers or the like that is none."""
    return ModelError(
        f"The configuration of {source.name} says {key}: {value!r:.40}; it takes a "
        "whole number of 1 or more. Mend config.json."
    )


def check_counts(text: Any, source: Source) -> None:
    """ModelError unless a model has layers, width, tokens and heads."""
    for key in COUNTS:
        value = getattr(text, key, None)
        optional = value is None or isinstance(value, (list, tuple, dict))
        if optional and key not in NEEDED:
            continue
        if type(value) is not int or value < 1:
            raise wrong_count(source, key, value)


def check_kind(config: PreTrainedConfig, source: Source) -> None:
    """ModelError for a model that reads no text, or is not known to the library."""
    type_name = config.model_type
    kind = kind_of(config)
    if kind == BOTH and type_name not in ENCODER_DECODERS:
        raise ModelError(
            f"{source.name} is an encoder-decoder of the type “{type_name}”, which "
            "Babelscope does not read. Choose one such as mT5, mT0, Aya-101, mBART or "
            "NLLB, or a decoder."
        )
    continues = type_name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES or wraps_text(config)
    known = kind != DECODER or continues
    if not known and not settings.trusts_remote_code():
        raise ModelError(
            f"transformers knows no causal language model of type “{type_name}” "
            f"({source.name}). Choose a model that continues text, such as a Llama, "
            "Qwen, Gemma or Bloom, or an encoder such as XLM-R."
        )
