"""How a vector is applied to states, and at which tokens.

Every operator takes states (row, token, hidden) in float32, vectors (row, 1, hidden) and
strengths (row, 1, 1), and returns states of the same shape. Strength 0 switches a term off,
so an operator is never called with it. No torch is imported here: the operators use methods
of tensors only.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from analysis.core.errors import SpecError

GAPS = "mean gaps"
SHARE = "share of the state's length"
DOSE = "dose, 1 is all of it"
"""What strengths are measured in."""
Tensor = Any
"""A tensor of torch, which pages do without."""
Formula = Callable[[Tensor, Tensor, Tensor], Tensor]
"""States, vectors and strengths → steered states."""


@dataclass(frozen=True)
class Operator:
    """One way to apply a vector.

    ``unit`` is what strength is measured in; ``everywhere``: it acts after every block.
    """

    apply: Formula
    unit: str = GAPS
    everywhere: bool = False

    @property
    def says(self) -> str:
        """What it does, for menus."""
        return (self.apply.__doc__ or "").partition("\n")[0]


def along(states: Tensor, vectors: Tensor) -> Tensor:
    """Component of the states along the vectors' direction, (row, token, 1)."""
    return (states * unit(vectors)).sum(-1, keepdim=True)


def unit(vectors: Tensor) -> Tensor:
    """The vectors at length one; a vector of zeros stays one."""
    return vectors / length(vectors)


def length(states: Tensor) -> Tensor:
    """Euclidean lengths, (row, token, 1), never zero."""
    return states.norm(dim=-1, keepdim=True).clamp(min=1e-30)


def addition(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """h + s·v: the linear combination of Xu et al. and RepE."""
    return states + strengths * vectors


def norm_kept(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """h + s·v, brought back to the length of h."""
    moved = states + strengths * vectors
    return moved * (length(states) / length(moved))


def norm_relative(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """h + s·‖h‖·v/‖v‖: the push is a share of each state's own length."""
    return states + strengths * length(states) * unit(vectors)


def piecewise(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """h + s·sign⟨h, v⟩·v: away from the boundary on either side (RepE)."""
    return states + strengths * along(states, vectors).sign() * vectors


def projection_removal(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """h − s·⟨h, v̂⟩·v̂ at the chosen layers; strength 1 removes the component (RepE)."""
    return states - strengths * along(states, vectors) * unit(vectors)


def ablation(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """h − s·⟨h, v̂⟩·v̂ after every block, with the direction of one layer (Arditi et al.)."""
    return projection_removal(states, vectors, strengths)


def set_component(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """h − ⟨h, v̂⟩·v̂ + s·v: the component becomes s mean gaps, whatever it was."""
    return projection_removal(states, vectors, 1.0) + strengths * vectors


def angular(
    states: Tensor,
    vectors: Tensor,
    strengths: Tensor,
) -> Tensor:
    """Turn h towards v by s·atan(‖v‖/‖h‖) in the plane of both; its length is kept."""
    size = length(states)
    towards = unit(vectors)
    inner = along(states, vectors)
    across = states - inner * towards
    width = length(across)
    turned = strengths * (length(vectors) / size).atan()
    angle = width.atan2(inner) - turned
    return size * (angle.cos() * towards + angle.sin() * across / width)


OPERATORS: Mapping[str, Operator] = {
    "addition": Operator(addition),
    "addition, norm kept": Operator(norm_kept),
    "norm-relative addition": Operator(norm_relative, SHARE),
    "piece-wise": Operator(piecewise),
    "projection removal": Operator(projection_removal, DOSE),
    "directional ablation": Operator(ablation, DOSE, everywhere=True),
    "set the component": Operator(set_component),
    "angular": Operator(angular),
}


def first_changed_layer(operator: str, layers: Collection[int]) -> int:
    """The first layer (1…N) whose states change when the vectors are of these layers.

    SpecError when an operator that acts after every block is given several directions.
    """
    if not OPERATORS[operator].everywhere:
        return min(layers)
    if len(layers) != 1:
        raise SpecError(
            f"{operator.capitalize()} needs the direction of one layer; {len(layers)} "
            "layers were given. Choose one; it is removed after every block."
        )
    return 1


class Bounds(NamedTuple):
    """First place and the place after the last, (row,)."""

    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Places:
    """Where the prompts of a batch lie, (row,).

    First token, first token after the instruction, first token after the prompt.
    """

    first: np.ndarray
    after: np.ndarray
    end: np.ndarray

    @property
    def never(self) -> np.ndarray:
        """A place that no text reaches."""
        return np.full_like(self.end, np.iinfo(np.int64).max)


AFTER = "after the instruction"
POSITIONS: Mapping[str, Callable[[Places], Bounds]] = {
    "all": lambda places: Bounds(places.first, places.never),
    "prompt": lambda places: Bounds(places.first, places.end),
    "generated": lambda places: Bounds(places.end, places.never),
    "last prompt token": lambda places: Bounds(places.end - 1, places.end),
    AFTER: lambda places: Bounds(places.after, places.never),
}
"""Token positions → where they begin and end, per row."""
READS = ("mean of the prompt", "last prompt token")
"""What a condition looks at."""
