"""Which of a model's stacks is read, where its blocks are, and how a model is opened."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoModelForSeq2SeqLM,
    AutoModelForTextEncoding,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)

from analysis.core.errors import ModelError
from analysis.core.model_kinds import BOTH, ENCODER_DECODERS, KINDS, told_kind
from analysis.core.specs import DECODER, ENCODER

LENGTHS = {
    ENCODER: ("encoder_layers", "num_encoder_layers"),
    DECODER: ("decoder_layers", "num_decoder_layers"),
}
"""Names under which configurations of two stacks tell how many blocks each has."""


class Stack(NamedTuple):
    """A stack of blocks: of which kind of model it is, its name, its size."""

    kind: str
    name: str
    layers: int
    hidden: int


def kind_of(config: PreTrainedConfig) -> str:
    """The kind of model that a configuration describes."""
    known = ("model_type", "architectures", "is_decoder", "is_encoder_decoder")
    return told_kind({name: getattr(config, name, None) for name in known})


def stack_of(config: PreTrainedConfig, name: str) -> Stack:
    """The stack of this name of the model that a configuration describes."""
    kind = kind_of(config)
    text = text_config(config, name)
    layers = text.num_hidden_layers
    if kind == BOTH:
        for key in LENGTHS[name]:
            told = getattr(text, key, None)
            layers = told if isinstance(told, int) else layers
    return Stack(kind, name, layers, text.hidden_size)


def text_config(config: PreTrainedConfig, name: str) -> Any:
    """The configuration of one stack, or of both where they share one."""
    if kind_of(config) == BOTH:
        own = getattr(config, name, None)
        if isinstance(own, PreTrainedConfig):
            return own.get_text_config()
        return config
    return config.get_text_config()


def all_stacks(config: PreTrainedConfig) -> list[Stack]:
    """Every stack of the model that a configuration describes."""
    return [stack_of(config, name) for name in KINDS[kind_of(config)].reads]


def auto_class(config: PreTrainedConfig) -> Any:
    """The library's way to open a model of its kind.

    An encoder comes without a head: nothing is read off it.
    """
    kind = kind_of(config)
    if kind == BOTH:
        return AutoModelForSeq2SeqLM
    if kind == DECODER and wraps_text(config):
        return AutoModelForImageTextToText
    if kind == DECODER:
        return AutoModelForCausalLM
    is_half = config.model_type in ENCODER_DECODERS
    return AutoModelForTextEncoding if is_half else AutoModel


def wraps_text(config: PreTrainedConfig) -> bool:
    """Whether a model reads pictures too and has no class that reads text alone."""
    type_name = config.model_type
    if type_name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return False
    has_text = config.get_text_config() is not config
    return has_text and type_name in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def stack_module(model: PreTrainedModel, stack: Stack) -> nn.Module:
    """The module that runs one stack of several; else the whole model."""
    if stack.kind == DECODER and wraps_text(model.config):
        # What reads pictures may have as many blocks.
        return model.get_decoder()
    if stack.kind != BOTH:
        return model
    return model.get_encoder() if stack.name == ENCODER else model.get_decoder()


def stack_blocks(model: PreTrainedModel, stack: Stack) -> tuple[nn.Module, ...]:
    """The blocks of a stack; ModelError when they are not found."""
    return find_blocks(stack_module(model, stack), stack.layers)


def find_blocks(model: nn.Module, layers: int) -> tuple[nn.Module, ...]:
    """The shallowest ModuleList whose length is the number of layers.

    ModelError when there is none, or several beside one another: then a block is no
    module whose states could be read.
    """
    modules = model.named_modules()
    lists = {name: one for name, one in modules if isinstance(one, nn.ModuleList)}
    fitting = [name for name, blocks in lists.items() if len(blocks) == layers]
    if not fitting:
        found = [f"{name} ({len(blocks)})" for name, blocks in lists.items()]
        raise ModelError(
            f"No list of {layers} blocks was found in {type(model).__name__}; its lists "
            f"are: {', '.join(found) or 'none'}. Choose another model."
        )
    shallowest = min(fitting, key=lambda name: (name.count("."), name))
    check_alone(model, shallowest, fitting)
    return tuple(lists[shallowest])


def check_alone(model: nn.Module, chosen: str, fitting: Iterable[str]) -> None:
    """ModelError when the parts of blocks lie in several lists beside one another."""
    place = chosen.rpartition(".")[0]
    beside = [name for name in fitting if name.rpartition(".")[0] == place]
    if len(beside) > 1:
        raise ModelError(
            f"The blocks of {type(model).__name__} are no modules of their own: their "
            f"parts lie in {', '.join(beside)}, so what leaves a block cannot be read "
            "or pushed. Choose another model."
        )


def position_room(model: nn.Module, limit: int) -> int:
    """How many tokens of ``limit`` places have one of their own.

    Families such as RoBERTa keep the first ones for padding.
    """
    for module in model.modules():
        is_table = isinstance(module, nn.Embedding)
        if not is_table or module.padding_idx is None:
            continue
        if module.num_embeddings == limit:
            return limit - module.padding_idx - 1
    return limit


def start_of_answers(model: PreTrainedModel) -> list[int]:
    """What the decoder of an encoder-decoder begins every answer with.

    ModelError when its files do not say.
    """
    told = [model.generation_config, model.config]
    start = first_told(told, ("decoder_start_token_id",))
    if start is None:
        start = first_told(told, ("bos_token_id", "pad_token_id"))
    if start is None:
        raise ModelError(
            f"{model.config.name_or_path} does not say with which token its decoder "
            "begins (decoder_start_token_id), so it cannot write. Mend its config.json."
        )
    forced = first_told(told, ("forced_bos_token_id",))
    return [start] if forced is None else [start, forced]


def first_told(places: Iterable[Any], names: Iterable[str]) -> int | None:
    """The first token id that is told under one of the names."""
    for name in names:
        for place in places:
            found = getattr(place, name, None)
            if isinstance(found, list):
                found = found[0] if found else None
            if found is not None:
                return int(found)
    return None


def started(start: list[int], rows: int, device: torch.device) -> torch.Tensor:
    """The beginning of every answer, (row, token)."""
    return torch.tensor([start] * rows, dtype=torch.int64, device=device)
