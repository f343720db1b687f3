"""Steering a transformers model of the user's own, in the user's own calls of it."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from transformers import PreTrainedModel

from analysis.core.errors import SpecError
from analysis.core.model_kinds import check_writes, chosen_stack
from analysis.core.specs import ModelSpec
from analysis.core.templates import added_tokens
from analysis.core.tokenizer import Tokenizer
from analysis.model.hooks import (
    Geometry,
    Passes,
    Plan,
    Row,
    hooked_blocks,
    pushes_by_layer,
)
from analysis.model.hub import Source
from analysis.model.load import Loaded
from analysis.model.stacks import kind_of, stack_blocks, stack_of
from analysis.steering.operators import AFTER, Places
from analysis.steering.resolve import ResolvedTerm

Vectors = Mapping[int, np.ndarray] | np.ndarray | xr.DataArray
Strengths = Mapping[int, float] | Sequence[float] | float


@contextmanager
def steered_model(
    model: PreTrainedModel,
    tokenizer: Tokenizer,
    vectors: Vectors,
    layers: Sequence[int] | None = None,
    strength: Strengths = 1.0,
    operator: str = "addition",
    positions: str = "all",
    stack: str = "",
) -> Iterator[PreTrainedModel]:
    """Steer whatever a model computes while the context lasts, every row alike.

    ``vectors`` are layer → (hidden,), an array (layer, hidden) that begins with layer 1,
    or one (hidden,) for every layer. Layers are block outputs, 1…N; None: all that have
    a vector. ``strength`` is one number, one per layer, or layer → number, in the unit
    of the ``operator``; 0 changes no bit. ``positions`` are tokens of POSITIONS; padding
    is left alone. ``stack`` is that which is pushed, as in ModelSpec. SpecError for what
    does not fit the model; ModelError for one that writes nothing.
    """
    loaded = own_model(model, tokenizer, stack)
    check_writes(loaded.kind, loaded.spec.model, "be steered")
    term = term_of(loaded, vectors, layers, strength, operator, positions)
    if positions == AFTER:
        raise SpecError(
            f"Where the instruction ends in a model's own input is not known, so it "
            f"cannot be steered “{AFTER}”. Choose other token positions."
        )
    # What does not fit is said now, not when the model is called.
    pushes_by_layer(loaded, term)
    steering = PassSteering(loaded, term)
    decoder = loaded.decoder
    begin = decoder.register_forward_pre_hook(steering.begin, with_kwargs=True)
    end = decoder.register_forward_hook(steering.end)
    try:
        with hooked_blocks(loaded, steering.passes, steering.after):
            yield model
    finally:
        begin.remove()
        end.remove()


def own_model(model: PreTrainedModel, tokenizer: Tokenizer, stack: str = "") -> Loaded:
    """A model that somebody else has loaded, as the engine sees it: for ``generate``.

    ``stack`` as in ModelSpec. ModelError when its blocks are not found; SpecError for a
    stack that it does not have.
    """
    name = model.config.name_or_path or type(model).__name__
    shape = stack_of(model.config, chosen_stack(kind_of(model.config), stack, name))
    return Loaded(
        spec=ModelSpec(name, stack=stack),
        source=Source(name, Path(name), "own"),
        model=model,
        tokenizer=tokenizer,
        blocks=stack_blocks(model, shape),
        hidden=shape.hidden,
        kind=shape.kind,
        stack=shape.name,
    )


def term_of(
    loaded: Loaded,
    vectors: Vectors,
    layers: Sequence[int] | None,
    strength: Strengths,
    operator: str,
    positions: str,
) -> ResolvedTerm:
    """One term of vectors and strengths by layer, for a model."""
    depth = len(loaded.blocks)
    return term_in(depth, vectors, layers, strength, operator, positions)


def term_in(
    depth: int,
    vectors: Vectors,
    layers: Sequence[int] | None,
    strength: Strengths,
    operator: str,
    positions: str,
) -> ResolvedTerm:
    """The same for any model of so many layers."""
    known = vectors_by_layer(vectors, depth)
    wanted = list(known) if layers is None else list(layers)
    missing = [str(layer) for layer in wanted if layer not in known]
    if not wanted:
        raise SpecError("Steering needs at least one layer; choose some.")
    if missing:
        raise SpecError(
            f"There is no vector for layer {', '.join(missing)}; there are some for "
            f"layers {', '.join(map(str, known))}."
        )
    return ResolvedTerm(
        {layer: known[layer] for layer in wanted},
        strengths_by_layer(strength, wanted),
        operator,
        positions,
    )


def vectors_by_layer(vectors: Vectors, layers: int) -> dict[int, np.ndarray]:
    """Layer → (hidden,) from any form in which vectors are given."""
    if isinstance(vectors, Mapping):
        return {int(layer): np.asarray(one) for layer, one in vectors.items()}
    values = np.asarray(vectors)
    if values.ndim == 1:
        return dict.fromkeys(range(1, layers + 1), values)
    if values.ndim != 2:
        raise SpecError(
            f"Vectors have the dimensions (layer, hidden) or (hidden,); given were "
            f"{values.ndim} dimensions. Choose one concept and one language."
        )
    numbers = range(1, len(values) + 1)
    if isinstance(vectors, xr.DataArray) and "layer" in vectors.coords:
        numbers = vectors.coords["layer"].values.tolist()
    return dict(zip(numbers, values))


def strengths_by_layer(strength: Strengths, layers: Sequence[int]) -> dict[int, float]:
    """Layer → strength from any form in which strengths are given.

    SpecError for texts, and for another number of them than of layers.
    """
    if isinstance(strength, Mapping):
        given = [strength.get(layer, 0.0) for layer in layers]
    elif isinstance(strength, Sequence) and not isinstance(strength, str):
        given = list(strength)
    else:
        given = [strength] * len(layers)
    if len(given) != len(layers):
        raise SpecError(
            f"{len(given)} strengths were given for {len(layers)} layers; give one, or "
            "one per layer."
        )
    for value in given:
        if isinstance(value, str):
            raise SpecError(f"A strength is a number; given is the text {value!r}.")
    return dict(zip(layers, map(float, given)))


class PassSteering:
    """Steers each forward pass of a model by where that pass lies in its text."""

    def __init__(self, loaded: Loaded, term: ResolvedTerm) -> None:
        self.loaded = loaded
        self.term = term
        self.plan: Plan | None = None
        self.passes = Passes(loaded, None)
        self.signature = inspect.signature(loaded.decoder.forward)

    def begin(self, module: torch.nn.Module, arguments: Any, named: Any) -> None:
        """A pass begins: with a prompt of its own, or behind what is cached."""
        given = self.signature.bind_partial(*arguments, **named).arguments
        # What a forward method takes beside its named parameters lies one level deeper.
        given = {**given.pop("kwargs", {}), **given}
        name = "input_ids" if given.get("input_ids") is not None else "inputs_embeds"
        rows, width = given[name].shape[:2]
        self.passes.expect(rows, width)
        cached = cached_tokens(self.loaded, given, width)
        if cached is None and self.term.positions != "all":
            raise SpecError(
                f"This model does not show how much of its text it has read before, "
                f"which the token positions “{self.term.positions}” need. Leave "
                "use_cache on, or, where it is on, choose “all”."
            )
        behind = cached or 0
        if self.plan is None or not behind or self.plan.count != rows:
            mask = real_tokens(self.loaded, given, behind + width)
            ending = 0 if self.loaded.writes_here else self.ending(given, mask)
            self.plan = self.plan_of(rows, behind + width, mask, ending)
        self.plan.geometry.stop = behind

    def end(self, module: torch.nn.Module, arguments: Any, output: Any) -> None:
        """A pass has ended; ModelError unless every block ran once in it."""
        self.passes.check_once()
        if self.plan is not None:
            self.plan.check_reached()

    def ending(self, given: Mapping[str, Any], mask: np.ndarray | None) -> int:
        """How many tokens the tokenizer has put behind every text that is given."""
        after = added_tokens(self.loaded.tokenizer).after
        tokens = given.get("input_ids")
        if tokens is None or not after:
            return 0
        for row, ids in enumerate(tokens.tolist()):
            own = [token for i, token in enumerate(ids) if mask is None or mask[row, i]]
            if own[-len(after) :] != after:
                return 0
        return len(after)

    def plan_of(
        self, rows: int, width: int, mask: np.ndarray | None, ending: int = 0
    ) -> Plan:
        """The steering of a prompt of this many rows and tokens."""
        first = np.zeros(rows, np.int64)
        end = np.full(rows, width)
        if mask is not None:
            backwards = mask[:, ::-1]
            first = mask.argmax(1)
            end = width - backwards.argmax(1)
        places = Places(first, after=first, end=end - ending)
        row = Row("", (self.term,))
        return Plan(self.loaded, [row] * rows, Geometry(places))

    def after(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        """The states (row, token, hidden) that leave a block."""
        if self.plan is None:
            return states
        return self.plan.after(layer, states)


def cached_tokens(loaded: Loaded, given: Mapping[str, Any], width: int) -> int | None:
    """How many tokens lie before those of a pass; None where that is not known.

    It is not where no cache is kept, nor of families that keep one state of all tokens.
    """
    if not loaded.writes_here:  # an encoder reads its whole text at once
        return 0
    named = inspect.signature(loaded.decoder.forward).parameters
    if "past_key_values" not in named:
        return None
    cache = given.get("past_key_values")
    if cache is not None:
        return length_of(cache)
    mask = given.get("attention_mask")
    if isinstance(mask, torch.Tensor) and mask.ndim == 2 and mask.shape[1] > width:
        return mask.shape[1] - width
    keeps = given.get("use_cache")
    if keeps is None:
        keeps = getattr(loaded.model.config.get_text_config(), "use_cache", True)
    return 0 if keeps else None


def length_of(cache: Any) -> int | None:
    """How many tokens a cache holds; None for one that does not count them."""
    cache = getattr(cache, "self_attention_cache", cache)  # of two stacks the decoder's
    try:
        told = int(cache.get_seq_length())
    except ValueError:  # it has no layer of attention
        return None
    # MiniMax asks its first layer, which keeps a state and counts nothing.
    held = [layer for layer in cache.layers if getattr(layer, "keys", None) is not None]
    if told == 0 and held:
        return max(int(layer.get_seq_length()) for layer in held)
    return told


def real_tokens(
    loaded: Loaded, given: Mapping[str, Any], width: int
) -> np.ndarray | None:
    """Which tokens (row, token) of a prompt are no padding; None: all of them."""
    mask = given.get("attention_mask")
    if mask is None:
        return None
    if isinstance(mask, torch.Tensor) and mask.shape[1:] == (width,):
        return mask.bool().cpu().numpy()
    # A static cache makes the library spread the mask out beforehand.
    tokens = given.get("input_ids")
    pad = loaded.tokenizer.pad_token_id
    if tokens is None or pad is None or tokens.shape[1] != width:
        return None
    return (tokens != pad).cpu().numpy()
