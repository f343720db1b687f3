"""Loading a language model, finding its blocks, and telling what it will take."""

import gc
import itertools
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from torch import nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from transformers import (
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.cache_utils import (
    DummyLayer,
    DynamicCache,
    DynamicLayer,
    DynamicSlidingWindowLayer,
)

from analysis.core import interruption, settings
from analysis.core.errors import AnalysisError, ModelError
from analysis.core.hidden_folders import reason
from analysis.core.model_kinds import (
    BOTH,
    KINDS,
    Abilities,
    chosen_stack,
    usual_position,
)
from analysis.core.model_memory import (
    Batch,
    Memory,
    Size,
    free_main_memory,
    needed_bytes,
    read_bytes,
)
from analysis.core.model_records import read_record
from analysis.core.specs import DECODER, ModelSpec
from analysis.core.tokenizer import Tokenizer
from analysis.model.bounded_templates import with_bounded_template
from analysis.model.configuration import adapter_notice, read_config
from analysis.model.hub import Source, listed_files, locate
from analysis.model.lora import Adapter, find_adapter, has_tokenizer, merge
from analysis.model.stacks import (
    Stack,
    all_stacks,
    auto_class,
    kind_of,
    position_room,
    stack_blocks,
    stack_module,
    stack_of,
    start_of_answers,
    text_config,
)

Check = Callable[[], None]
"""Called between the steps of something long; it raises to stop it."""
MOST_PARTS = 400_000
"""Modules that a model may have; those of 94 layers of 128 experts are 50,000."""
UNPLACED = ("bloom", "falcon", "mpt")
"""Families that take no positions; they place tokens by the mask."""
Unused = dict[str, int]
"""Name of a stored tensor that found no place → number of its block, from 0."""
BUFFERS = (".attn.bias", ".masked_bias", ".attention.bias", ".inv_freq")
"""Ends of names under which older files hold masks and frequencies, not weights."""
OTHERS = ("training_args", "optimizer", "scheduler", "rng_state", "adapter_model")
"""Pickles that lie beside weights and are none."""
WINDOWS = ("max_position_embeddings", "n_positions", "seq_length", "max_seq_len")
"""Names under which configurations tell how many tokens a model can read."""
INNER = ("intermediate_size", "d_ff", "encoder_ffn_dim", "hidden_dim")
"""Names under which configurations tell the width inside a block."""
NO_LIMIT = sys.maxsize
"""The window of a model that tells none, such as one without positions."""
PACKAGES = {
    "gptq": ("optimum", "gptqmodel"),
    "awq": ("gptqmodel",),
    "compressed-tensors": ("compressed_tensors",),
    "auto-round": ("auto_round",),
    "quanto": ("optimum",),
    "hqq": ("hqq",),
    "aqlm": ("aqlm",),
    "torchao": ("torchao",),
    "eetq": ("kernels",),
    "vptq": ("vptq",),
    "spqr": ("spqr_quant",),
    "higgs": ("flute",),
    "quark": ("quark",),
    "fbgemm_fp8": ("fbgemm_gpu",),
}
"""Ways in which weights come quantised → packages that the library needs for them."""
GPU_FORMATS = ("fp8", "mxfp4")
"""Stored formats that GPUs compute in; on a processor the library unpacks them."""
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def no_check() -> None:
    """Let everything go on."""


@dataclass(frozen=True)
class Habits:
    """What trying a model out has shown.

    ``reads_alone``, ``writes_alone``: texts beside others come out differently than
    alone, so that each is read, or answered and scored, by itself. ``cannot_write``: why
    it can write nothing; empty when it can.
    """

    reads_alone: bool = False
    writes_alone: bool = False
    cannot_write: str = ""


@dataclass(frozen=True)
class Loaded:
    """A model ready to be read and steered; ``blocks[l - 1]`` writes layer ``l``."""

    spec: ModelSpec
    source: Source
    model: PreTrainedModel
    tokenizer: Tokenizer
    blocks: tuple[nn.Module, ...]
    hidden: int
    notices: tuple[str, ...] = ()
    """What its users are to know of how it was loaded, in sentences."""
    habits: Habits = Habits()
    stored: Mapping[str, Any] | None = None
    """How the weights were stored, where a study is to keep that; else None."""
    kind: str = DECODER
    """That of KINDS which the model is of."""
    stack: str = DECODER
    """Whose blocks these are."""

    @property
    def abilities(self) -> Abilities:
        """What can be done with it."""
        return KINDS[self.kind]

    @property
    def position(self) -> str:
        """Where its states are read where nothing is chosen."""
        return usual_position(self.kind)

    @property
    def causal(self) -> bool:
        """Whether a token of a text sees only those before it."""
        return self.kind == DECODER

    @property
    def in_two_stacks(self) -> bool:
        """Whether one stack reads a text and another writes."""
        return self.kind == BOTH

    @property
    def writes_here(self) -> bool:
        """Whether answers arise in the stack that is read."""
        return self.stack == DECODER

    @cached_property
    def start(self) -> list[int]:
        """What the decoder of two stacks begins with; ModelError when that is not told."""
        return start_of_answers(self.model)

    @cached_property
    def decoder(self) -> nn.Module:
        """The stack without the output head: of two that which is read."""
        if self.in_two_stacks:
            shape = Stack(self.kind, self.stack, len(self.blocks), self.hidden)
            return stack_module(self.model, shape)
        stack = self.model.base_model
        head = self.model.get_output_embeddings()
        if head is None or head not in stack.modules():
            return stack
        # Llama 4 calls the whole model its base.
        return holder(self.model, self.blocks)

    @property
    def embeddings(self) -> torch.Tensor:
        """The input embeddings (token, hidden)."""
        layer: Any = self.model.get_input_embeddings()
        return layer.weight

    @property
    def device(self) -> torch.device:
        """Where the input ids go."""
        return self.embeddings.device

    @property
    def vocabulary(self) -> int:
        """How many tokens the model knows."""
        return self.embeddings.shape[0]

    @cached_property
    def window(self) -> int:
        """The longest text in tokens that the model can read; NO_LIMIT if it tells none."""
        text = text_config(self.model.config, self.stack)
        for name in WINDOWS:
            limit = getattr(text, name, None)
            if isinstance(limit, int) and limit > 0:
                return position_room(self.model, limit)
        return NO_LIMIT

    @cached_property
    def shares_cache(self) -> bool:
        """Whether what a pass leaves behind can be spread over several endings.

        That is so when every layer keeps the keys and values of attention and no more.
        """
        token = torch.zeros((1, 1), dtype=torch.int64, device=self.device)
        try:
            with torch.inference_mode():
                out = self.model(input_ids=token, use_cache=True)
        except Exception:  # where a family's cache fails, the plain way needs none
            return False
        cache = getattr(out, "past_key_values", None)
        if type(cache) is not DynamicCache:
            return False
        # Layers that use another's keys and values keep none: Gemma 3n and 4 have them.
        plain = (DynamicLayer, DynamicSlidingWindowLayer, DummyLayer)
        return all(type(layer) in plain for layer in cache.layers)

    def position_arguments(self, positions: torch.Tensor) -> dict[str, torch.Tensor]:
        """The argument of a pass that gives its positions, for families that take one."""
        if self.kind != DECODER or self.model.config.model_type in UNPLACED:
            return {}
        return {"position_ids": positions}


@dataclass(frozen=True)
class Preflight:
    """What loading a model would take; sizes in bytes."""

    source: Source
    family: str
    layers: int
    hidden: int
    parameters: int
    needed: int
    available: int
    place: str
    size: Size
    dtype: str
    notices: tuple[str, ...] = ()
    kind: str = DECODER
    stack: str = DECODER

    @property
    def fits(self) -> bool:
        """Whether the estimate is below what is free."""
        return self.needed <= self.available

    @property
    def device(self) -> str:
        """“cuda” or “cpu”."""
        return Memory(self.available, self.place).device

    def needed_with(self, batch: Batch) -> int:
        """What it takes with another batch than the largest."""
        largest = read_bytes(self.size, self.dtype, self.device)
        own = read_bytes(self.size, self.dtype, self.device, batch)
        return self.needed - largest + own


def load(spec: ModelSpec, progress: Callable[[int, int], None] | None = None) -> Loaded:
    """Model and tokenizer, ready for reading.

    ``progress`` gets (bytes fetched, bytes in all). ModelError with a sentence for
    everything a user can mend.
    """
    source = locate(spec.model, spec.revision, progress)
    adapter = find_adapter(source, progress)
    base = adapter.base if adapter else source
    config = read_config(base)
    check_unpackable(config, base)
    if adapter:
        check_mergeable(spec, adapter, config)
    stack = stack_of(config, chosen_stack(kind_of(config), spec.stack, source.name))
    weights = load_weights(spec, base, config)
    model = weights.model
    check_packing(model, source)
    check_no_adapter(model, source)
    if adapter:
        merge(adapter, model)
    tokenizer = load_tokenizer(source)
    return Loaded(
        spec=spec,
        source=source,
        model=model.eval(),
        tokenizer=tokenizer,
        blocks=stack_blocks(model, stack),
        hidden=stack.hidden,
        notices=(
            *notices_of(adapter, base),
            *weights.notices,
            *language_notice(source, tokenizer),
        ),
        kind=stack.kind,
        stack=stack.name,
        stored=stored_with(adapter, base, config),
    )


def stored_with(
    adapter: Adapter | None, base: Source, config: PreTrainedConfig
) -> Mapping[str, Any] | None:
    """What a study keeps of how weights were stored, and of the adapter in them."""
    stored = stored_weights(base, config)
    if adapter is None:
        return stored
    return {**adapter.known, "base weights": stored} if stored else adapter.known


def notices_of(adapter: Adapter | None, base: Source) -> tuple[str, ...]:
    """What is to be told of an adapter, and of a model's folder."""
    merged = (adapter.notice,) if adapter else ()
    return (*merged, *adapter_notice(base), *stored_notice(base))


def check_mergeable(
    spec: ModelSpec, adapter: Adapter, config: PreTrainedConfig
) -> None:
    """ModelError where an adapter would have to be merged into quantised weights."""
    if spec.quantisation == "none" and not stored_quantisation(config):
        return
    raise ModelError(
        f"{adapter.source.name} is an adapter, and quantised weights take none. Choose the "
        "quantisation “none”, and a base that is not quantised."
    )


def stored_weights(
    source: Source, config: PreTrainedConfig
) -> Mapping[str, Any] | None:
    """What a study keeps of how a model's weights were stored; None for plain numbers."""
    record = read_record(source.folder)
    if record:
        return record.known
    bits = stored_quantisation(config)
    if not bits:
        return None
    method = str(quantisation_settings(config).get("quant_method", "")) or "quantised"
    return {"words": f"computed from {bits} weights ({method})", "quantisation": method}


def stored_notice(source: Source) -> tuple[str, ...]:
    """What to tell of a model that was unpacked from GGUF; nothing of any other."""
    record = read_record(source.folder)
    if record is None:
        return ()
    words = f"{source.name}: {record.words}, unpacked from {record.file}."
    return (words, *record.notes)


class Weights(NamedTuple):
    """A model with its weights, and sentences on those that were left out."""

    model: PreTrainedModel
    notices: tuple[str, ...]


def load_weights(spec: ModelSpec, source: Source, config: PreTrainedConfig) -> Weights:
    """The model with its weights; ModelError when they cannot be had whole."""
    safe = has_safe_weights(source)
    options = loading_options(spec, config, safe)
    try:
        with stoppable_filling():
            loaded: Any = auto_class(config).from_pretrained(
                source.folder, output_loading_info=True, **options
            )
    except AnalysisError:  # Stop was heard
        raise
    except SafetensorError as error:
        raise ModelError(
            f"The weights of {source.name} are damaged ({reason(error)}). Copy or download the "
            "file again; nothing else was touched."
        ) from error
    except Exception as error:  # files of a model make the library fail in any way
        if out_of_memory(error):
            raise ModelError(
                f"{source.name} does not fit into memory. Choose 8-bit or 4-bit, or a "
                "smaller model."
            ) from error
        raise ModelError(
            f"{source.name} could not be loaded: {reason(error)}"
        ) from error
    model, info = loaded
    unused = {}
    for stack in all_stacks(config):
        beside = unused_in_blocks(model, stack, info["unexpected_keys"])
        check_no_more_blocks(model, stack, beside, source)
        unused |= beside
    missing = [name for name in sorted(info["missing_keys"]) if is_read(name)]
    if missing:
        raise ModelError(
            f"The weights of {source.name} lack {len(missing)} tensors that its "
            f"configuration asks for, such as {missing[0]}. They would be random "
            "numbers; choose a folder whose weights and config.json belong together."
        )
    if quantisation_settings(config) and not quantisation_settings(model.config):
        widen(model, getattr(torch, spec.dtype))
    return Weights(model, unused_notice(unused, source))


@contextmanager
def stoppable_filling() -> Iterator[None]:
    """Hear Stop at every tensor that a model is given."""

    def watch(module: nn.Module, name: str, weights: nn.Parameter | None) -> None:
        interruption.check()

    handle = register_module_parameter_registration_hook(watch)
    try:
        yield
    finally:
        handle.remove()


def widen(model: PreTrainedModel, dtype: torch.dtype) -> None:
    """Give unpacked weights the precision that was asked for.

    The library unpacks into bfloat16, whatever was asked for.
    """
    for weights in model.parameters():
        if weights.dtype == torch.bfloat16:
            weights.data = weights.data.to(dtype)


def is_read(name: str) -> bool:
    """Whether a tensor of this name takes part in states.

    What pools the states of an encoder comes after them, and is often not kept.
    """
    return ".pooler." not in f".{name}"


def check_no_more_blocks(
    model: PreTrainedModel, stack: Stack, unused: Unused, source: Source
) -> None:
    """ModelError when there are weights of more blocks than the configuration asks for."""
    text = text_config(model.config, stack.name)
    asked = stack.layers
    # Layers behind the last block that only guess several tokens ahead are no blocks.
    further = getattr(text, "num_nextn_predict_layers", None) or 0
    last = max(unused.values(), default=0)
    if last >= asked + further:
        raise ModelError(
            f"config.json of {source.name} asks for {asked} layers, but there are "
            f"weights of {last + 1}: the model would be cut short. Choose a folder "
            "whose weights and config.json belong together."
        )


def unused_notice(unused: Unused, source: Source) -> tuple[str, ...]:
    """The sentence that tells of weights of blocks that were left out; none if none."""
    names = [name for name in unused if not name.endswith(BUFFERS)]
    if not names:
        return ()
    return (
        f"The weights of {source.name} hold {len(names)} tensors of its layers for which "
        f"its config.json has no place, such as {names[0]}; they were left out. If the "
        "model should use them, weights and config.json do not belong together.",
    )


def unused_in_blocks(
    model: PreTrainedModel, stack: Stack, names: Iterable[str]
) -> Unused:
    """Stored tensors of blocks that found no place in a stack, and of which block."""
    blocks = stack_blocks(model, stack)
    paths = {module: path for path, module in model.named_modules()}
    path = paths[blocks[0]].removesuffix(".0")
    # Weights that were saved without the head lack the stack's own name.
    short = path.removeprefix(f"{model.base_model_prefix}.")
    pattern = re.compile(rf"(?:{re.escape(path)}|{re.escape(short)})\.(\d+)\.")
    found = {}
    for name in sorted(names):
        match = pattern.match(name)
        if match:
            found[name] = int(match.group(1))
    return found


def has_safe_weights(source: Source) -> bool:
    """Whether there are weights in safetensors.

    ModelError when there are none and pickled ones may not be opened.
    """
    safe = {path.stem for path in source.folder.glob("*.safetensors")}
    if safe - set(OTHERS):
        return True
    if settings.accepts_pickle():
        return False
    found = "no weights"
    pickled = pickled_weights(source)
    if pickled:
        found = (
            f"only pickled weights ({', '.join(pickled)}), which can run code when "
            "opened"
        )
    raise ModelError(
        f"{source.name} has {found}. Babelscope reads safetensors; convert or choose "
        "another revision."
    )


def pickled_weights(source: Source) -> list[str]:
    """Names of weights that are pickled, also of those that stayed on the hub."""
    names = []
    for name in listed_files(source.folder):
        path = PurePosixPath(name)
        is_weights = path.suffix in (".bin", ".pth", ".pt") and path.stem not in OTHERS
        if is_weights and len(path.parts) == 1:
            names.append(name)
    return sorted(names)


def loading_options(
    spec: ModelSpec, config: PreTrainedConfig, safe: bool
) -> dict[str, Any]:
    """Arguments of from_pretrained for a spec; ``safe``: only safetensors are read."""
    where = device_name(spec)
    if spec.quantisation != "none" and stored_quantisation(config):
        raise ModelError(
            f"{spec.model} is already quantised; choose the quantisation “none”."
        )
    options = {
        "dtype": getattr(torch, spec.dtype),
        "use_safetensors": True if safe else None,
        "trust_remote_code": settings.trusts_remote_code(),
    }
    if where == "cuda":
        options["device_map"] = "auto"
    elif spec.quantisation != "none":
        # Without it a quantised model goes to a GPU when there is one.
        options["device_map"] = {"": "cpu"}
    if spec.quantisation == "8-bit":
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    if spec.quantisation == "4-bit":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=getattr(torch, spec.dtype),
        )
    return options


def load_tokenizer(source: Source) -> Tokenizer:
    """The model's tokenizer; ModelError when it has none.

    An adapter without one is read with that of its base.
    """
    if not has_tokenizer(source.folder):
        adapter = find_adapter(source, small_only=True)
        source = adapter.base if adapter else source
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            source.folder, trust_remote_code=settings.trusts_remote_code()
        )
    except BaseException as error:
        # The library of tokenizers, not written in Python, panics in a way of its own.
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        raise ModelError(
            f"{source.name} has no tokenizer that transformers can load: {reason(error)}"
        ) from error
    return with_bounded_template(tokenizer)


def language_notice(source: Source, tokenizer: Tokenizer) -> tuple[str, ...]:
    """What to tell of a tokenizer that marks every text with one language, or nothing."""
    told = getattr(tokenizer, "src_lang", None)
    if not told:
        return ()
    return (
        f"The tokenizer of {source.name} marks every text as “{told}”, whatever language "
        "it is in: states of all languages are read with that mark.",
    )


def is_panic(error: BaseException) -> bool:
    """Whether an error is what a library written in Rust raises where it cannot go on."""
    return type(error).__name__ == "PanicException"


def holder(model: nn.Module, blocks: Iterable[nn.Module]) -> nn.Module:
    """The module in which the list of blocks lies."""
    wanted = tuple(blocks)
    for module in model.modules():
        for child in module.children():
            if isinstance(child, nn.ModuleList) and tuple(child) == wanted:
                return module
    return model


def check_no_adapter(model: nn.Module, source: Source) -> None:
    """ModelError when transformers has put an adapter into a model by itself.

    It does so where the package peft is installed.
    """
    if getattr(model, "_hf_peft_config_loaded", False):
        raise ModelError(
            f"{source.name} has an adapter beside its weights, and the package peft, "
            "which is installed here, applies it. Merge it into the weights "
            "(merge_and_unload) or take its files away, so that the model is the same "
            "on every machine."
        )


def check_packing(model: nn.Module, source: Source) -> None:
    """ModelError when 4-bit weights do not fit the blocks in which they are packed.

    bitsandbytes packs them so on a processor with AVX-512 BF16.
    """
    for name, module in model.named_modules():
        # Only its own linear layers have these attributes.
        layer: Any = module
        if not getattr(layer, "support_avx512bf16_for_cpu", False):
            continue
        if layer.weight.device.type != "cpu":
            continue
        if layer.in_features % 64 or layer.out_features % 32:
            raise ModelError(
                f"4-bit on this processor needs widths in steps of 64 to steps of 32; "
                f"{name} of {source.name} goes from {layer.in_features} to "
                f"{layer.out_features}. Choose 8-bit, or no quantisation."
            )


def preflight(spec: ModelSpec, check: Check = interruption.check) -> Preflight:
    """What a model will take: its weights in the chosen precision, and one batch.

    It is told from the configuration alone; no weights are fetched. ``check`` may raise
    to stop.
    """

    def looked(done: int, total: int) -> None:
        check()

    source = locate(spec.model, spec.revision, looked, small_only=True)
    adapter = find_adapter(source, looked, small_only=True)
    base = adapter.base if adapter else source
    config = read_config(base)
    check_unpackable(config, base)
    stack = stack_of(config, chosen_stack(kind_of(config), spec.stack, source.name))
    text = text_config(config, stack.name)
    parameters = count_parameters(config, source, check)
    quantisation = stored_quantisation(config) or spec.quantisation
    device = device_name(spec)
    if unpacks(config, device):
        quantisation = "none"
    size = Size(
        parameters, stack.hidden, inner_width(text), stack.layers, words_of(text)
    )
    memory = free_memory(device)
    return Preflight(
        source,
        config.model_type,
        stack.layers,
        stack.hidden,
        parameters,
        needed_bytes(size, spec.dtype, quantisation, device),
        memory.available,
        memory.place,
        size,
        spec.dtype,
        notices_of(adapter, base),
        stack.kind,
        stack.name,
    )


def count_parameters(
    config: PreTrainedConfig, source: Source, check: Check = interruption.check
) -> int:
    """How many weights a configuration describes; ModelError when it describes none."""
    try:
        with (
            torch.device("meta"),
            warnings.catch_warnings(action="ignore"),
            watched_building(source, check),
        ):
            model = auto_class(config).from_config(
                config, trust_remote_code=settings.trusts_remote_code()
            )
    except AnalysisError:
        raise
    except Exception as error:  # a configuration makes the library fail in any way
        raise ModelError(
            f"The configuration of {source.name} describes no model: {reason(error)}"
        ) from error
    counted = sum(weights.numel() for weights in model.parameters())
    return counted + own_head(model, source)


def own_head(model: PreTrainedModel, source: Source) -> int:
    """How many weights an output head has that files hold although the library ties it.

    As mT5 has one, and says so in its config.json; the library believes the weights.
    """
    head = model.get_output_embeddings()
    words = model.get_input_embeddings()
    if head is None or words is None or head.weight is not words.weight:
        return 0
    said = stored_config(source).get("tie_word_embeddings")
    return head.weight.numel() if said is False else 0


def stored_config(source: Source) -> dict[str, Any]:
    """What config.json says, as it stands; empty where there is none."""
    try:
        said = json.loads((source.folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


@contextmanager
def watched_building(source: Source, check: Check) -> Iterator[None]:
    """Call ``check`` at every part of a model that is built, and end what never ends.

    ModelError for more than MOST_PARTS.
    """
    parts = itertools.count(1)

    def watch(module: nn.Module, name: str, part: nn.Module | None) -> None:
        check()
        if next(parts) > MOST_PARTS:
            raise ModelError(
                f"The configuration of {source.name} describes more than "
                f"{MOST_PARTS:,} parts; no language model has so many. Check its "
                "numbers of layers and experts."
            )

    handle = register_module_module_registration_hook(watch)
    try:
        yield
    finally:
        handle.remove()


def inner_width(config: Any) -> int:
    """The width inside a block; four times that of the state where none is told."""
    told = [getattr(config, name, None) for name in INNER]
    inner = next((size for size in told if size), 4 * config.hidden_size)
    if isinstance(inner, list | tuple):
        # Gemma 3n tells it layer by layer.
        return max(inner)
    return inner


def words_of(config: Any) -> int:
    """How many tokens there are; 0 where the configuration does not tell."""
    return getattr(config, "vocab_size", None) or 0


def stored_quantisation(config: PreTrainedConfig) -> str:
    """How the weights are quantised as they are stored; “” when they are not.

    Anything but 4 bits counts as 8.
    """
    known = quantisation_settings(config)
    if not known:
        return ""
    if known.get("load_in_4bit") or known.get("bits") == 4:
        return "4-bit"
    return "8-bit"


def check_unpackable(config: PreTrainedConfig, source: Source) -> None:
    """ModelError where weights are quantised in a way whose package is not installed."""
    method = str(quantisation_settings(config).get("quant_method", ""))
    lacking = [one for one in PACKAGES.get(method, ()) if find_spec(one) is None]
    if not lacking:
        return
    raise ModelError(
        f"The weights of {source.name} are quantised by “{method}”, which needs "
        f"{' and '.join(lacking)}, not installed here. Choose the same model without "
        "quantisation or as GGUF, or have that installed and start again."
    )


def quantisation_settings(config: PreTrainedConfig) -> dict[str, Any]:
    """What a configuration says of how its weights are stored; empty when nothing."""
    known = getattr(config, "quantization_config", None)
    if not known:
        return {}
    if not isinstance(known, dict):
        known = known.to_dict()
    return known


def unpacks(config: PreTrainedConfig, device: str) -> bool:
    """Whether stored weights become plain numbers when they are loaded on a device."""
    method = quantisation_settings(config).get("quant_method")
    return device == "cpu" and method in GPU_FORMATS


def device_name(spec: ModelSpec) -> str:
    """“cuda” or “cpu”, as a spec asks for; ModelError when the machine has none."""
    has_gpu = torch.cuda.is_available()
    if spec.device == "cuda" and not has_gpu:
        raise ModelError(
            "A GPU was asked for, but this machine shows none to PyTorch. Choose the "
            "device “auto” or “cpu”."
        )
    return "cuda" if has_gpu and spec.device != "cpu" else "cpu"


def free_memory(device: str) -> Memory:
    """What is free on a device; several GPUs count as one."""
    if device != "cuda":
        return free_main_memory()
    count = torch.cuda.device_count()
    free = sum(torch.cuda.mem_get_info(i)[0] for i in range(count))
    return Memory(free, f"{count} × {torch.cuda.get_device_name(0)}")


def faster_in_bfloat16() -> bool:
    """Whether this machine computes in bfloat16 natively.

    That is a GPU, or a processor with AVX-512 BF16 or AMX.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    return "avx512_bf16" in cpu_flags()


def cpu_flags() -> str:
    """The processor's feature flags where Linux tells them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return ""
    for line in text.splitlines():
        if line.startswith("flags"):
            return line
    return ""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # PyTorch's own allocator on a processor says so only in words.
    words = str(error)
    return (
        "DefaultCPUAllocator: can't allocate memory" in words
        or "not enough memory" in words
    )


def release() -> None:
    """Give back what unloaded models held.

    The driver counts memory that PyTorch keeps for reuse as taken.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
