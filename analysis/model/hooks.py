"""Steering per row of a batch: each row has its own vectors, layers, strengths and operators, and none feels its neighbours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from analysis.core.errors import SpecError, unknown
from analysis.core.specs import check as check_name
from analysis.model.load import Loaded
from analysis.steering.operators import OPERATORS, POSITIONS, READS, Places, begins
from analysis.steering.resolve import ResolvedCondition, ResolvedTerm


@dataclass(frozen=True)
class Row:
    """One row of a batch: a formatted prompt and the terms that steer it.

    ``instruction`` is the user's text inside the prompt, ``ending`` what the template puts after it.
    """

    prompt: str
    terms: tuple[ResolvedTerm, ...] = ()
    instruction: str = ""
    ending: str = ""


@dataclass
class Geometry:
    """Where each row's prompt lies and which tokens a forward pass brings; ``cached``: a pass brings only what is new."""

    places: Places
    cached: bool = True
    start: int = 0
    stop: int = 0

    def advance(self, tokens: int) -> None:
        """A forward pass over this many tokens begins."""
        self.start = self.stop if self.cached else 0
        self.stop = self.start + tokens


@dataclass
class Group:
    """Rows of one layer that share operator and positions, each with its vector and strength."""

    operator: str
    rows: torch.Tensor
    vectors: torch.Tensor
    strengths: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    gates: list[int]
    whole: bool
    bounds: tuple[int, int, int, int] = field(init=False)

    def __post_init__(self):
        ends = (self.low.min(), self.low.max(), self.high.min(), self.high.max())
        self.bounds = tuple(int(end) for end in ends)

    def apply(
        self, states: torch.Tensor, geometry: Geometry, open_gates: Mapping[int, bool]
    ) -> torch.Tensor:
        """States (row, token, hidden) with this group's rows steered; all others are the same bits."""
        first_low, last_low, first_high, last_high = self.bounds
        if geometry.stop <= first_low or geometry.start >= last_high:
            return states
        here = states if self.whole else states[self.rows]
        moved = (
            OPERATORS[self.operator]
            .apply(here.float(), self.vectors, self.strengths)
            .to(states.dtype)
        )
        if geometry.start < last_low or geometry.stop > first_high:
            place = torch.arange(geometry.start, geometry.stop, device=states.device)
            inside = (place >= self.low[:, None]) & (place < self.high[:, None])
            moved = torch.where(inside[..., None], moved, here)
        if self.gates:
            opened = torch.tensor(
                [open_gates[gate] for gate in self.gates], device=states.device
            )
            moved = torch.where(opened[:, None, None], moved, here)
        return moved if self.whole else states.index_copy(0, self.rows, moved)


@dataclass(frozen=True)
class Gate:
    """The condition of one row's term."""

    row: int
    condition: ResolvedCondition
    vector: torch.Tensor

    def cosine(self, states: torch.Tensor, places: Places) -> float:
        """The cosine of the row's prompt with the vector; states (row, token, hidden) begin with the batch's first token."""
        first, end = int(places.first[self.row]), int(places.end[self.row])
        prompt = states[self.row, first:end].float()
        read = prompt.mean(0) if self.condition.reads == READS[0] else prompt[-1]
        return float(
            torch.nn.functional.cosine_similarity(
                read, self.vector.to(read.device), dim=0
            )
        )

    def opens(self, cosine: float) -> bool:
        """Whether a prompt with this cosine meets the condition."""
        return (cosine > self.condition.threshold) == self.condition.above


class Plan:
    """What happens after each block of a model for one batch of rows."""

    def __init__(self, loaded: Loaded, rows: Sequence[Row], geometry: Geometry):
        self.geometry, self.count = geometry, len(rows)
        self.gates: list[Gate] = []
        self.cosines: dict[int, float] = {}
        self.open: dict[int, bool] = {}
        self.groups: dict[int, list[Group]] = {}
        members: dict[tuple, list[tuple]] = {}
        for row, given in enumerate(rows):
            spreads = [spread(loaded, term) for term in given.terms]
            first = min((layer for acting in spreads for layer in acting), default=0)
            for turn, (term, acting) in enumerate(zip(given.terms, spreads)):
                if term.condition is not None and acting:
                    check_condition(loaded, term.condition, first)
                gate = (
                    self.gate(row, term.condition)
                    if term.condition is not None and acting
                    else None
                )
                for layer, (vector, strength) in acting.items():
                    key = (layer, turn, term.operator, term.positions, gate is not None)
                    members.setdefault(key, []).append((row, vector, strength, gate))
        for (layer, _, operator, positions, _), found in sorted(
            members.items(), key=lambda item: item[0][:2]
        ):
            device = loaded.blocks[layer - 1].parameters().__next__().device
            self.groups.setdefault(layer, []).append(
                self.group(operator, positions, found, device)
            )

    def gate(self, row: int, condition: ResolvedCondition) -> int:
        """The number of a new gate."""
        self.gates.append(
            Gate(
                row,
                condition,
                torch.tensor(np.asarray(condition.vector), dtype=torch.float32),
            )
        )
        return len(self.gates) - 1

    def group(
        self,
        operator: str,
        positions: str,
        found: Sequence[tuple],
        device: torch.device,
    ) -> Group:
        """Rows that are steered alike at one layer."""
        rows = [row for row, *_ in found]
        low, high = (
            torch.tensor(bound[rows], device=device)
            for bound in POSITIONS[positions](self.geometry.places)
        )
        return Group(
            operator,
            torch.tensor(rows, device=device),
            torch.tensor(
                np.stack([vector for _, vector, *_ in found]),
                dtype=torch.float32,
                device=device,
            )[:, None],
            torch.tensor(
                [strength for _, _, strength, _ in found],
                dtype=torch.float32,
                device=device,
            )[:, None, None],
            low,
            high,
            [gate for *_, gate in found if gate is not None],
            rows == list(range(self.count)),
        )

    def after(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        """The states (row, token, hidden) that leave a block."""
        if layer == 1:
            self.geometry.advance(states.shape[1])
        if self.geometry.start == 0:
            for number, gate in enumerate(self.gates):
                if gate.condition.layer == layer:
                    self.cosines[number] = gate.cosine(states, self.geometry.places)
                    self.open[number] = gate.opens(self.cosines[number])
        for group in self.groups.get(layer, ()):
            states = group.apply(states, self.geometry, self.open)
        return states

    def conditions(self, row: int) -> tuple[tuple[float, bool], ...]:
        """Cosine of each condition of a row, and whether it was met."""
        return tuple(
            (self.cosines[i], self.open[i])
            for i, gate in enumerate(self.gates)
            if gate.row == row and i in self.open
        )


def spread(loaded: Loaded, term: ResolvedTerm) -> dict[int, tuple[np.ndarray, float]]:
    """Layer → (vector, strength) of a term where it acts; a strength of zero acts nowhere.

    SpecError for an unknown operator or position, a layer or width that the model does not have, an ablation with several layers.
    """
    if term.operator not in OPERATORS:
        raise unknown("operator", term.operator, OPERATORS)
    check_name("token positions", term.positions, tuple(POSITIONS))
    for layer, vector in term.vectors.items():
        fits(loaded, layer, vector)
    acting = {
        layer: (term.vectors[layer], s) for layer, s in term.strengths.items() if s != 0
    }
    if not all(np.isfinite(s) for s in term.strengths.values()):
        raise SpecError("A strength is not a finite number; give one.")
    if acting and OPERATORS[term.operator].everywhere:
        begins(term.operator, term.vectors)
        (one,) = acting.values()
        acting = {layer: one for layer in range(1, len(loaded.blocks) + 1)}
    return acting


def check_condition(loaded: Loaded, condition: ResolvedCondition, first: int) -> None:
    """SpecError for a condition that this model cannot have, or read after the first layer that any term of the row steers."""
    check_name("reading of a condition", condition.reads, READS)
    fits(loaded, condition.layer, condition.vector)
    if condition.layer > first:
        raise SpecError(
            f"The condition is read at layer {condition.layer}, after steering begins at layer {first}, so not on the prompt's own "
            "states; read it there or earlier."
        )


def fits(loaded: Loaded, layer: int, vector: np.ndarray) -> None:
    """SpecError for a layer or width that the model does not have, or a vector that is not finite."""
    if not 1 <= layer <= len(loaded.blocks):
        raise SpecError(
            f"The model has layers 1 to {len(loaded.blocks)}; asked for was layer {layer}."
        )
    if np.shape(vector) != (loaded.hidden,):
        raise SpecError(
            f"The vector has {np.size(vector)} numbers, the states of {loaded.spec.model} have {loaded.hidden}. "
            "Choose a study of this model, or the model of that study."
        )
    if not np.isfinite(vector).all():
        raise SpecError(
            f"The vector of layer {layer} has numbers that are not finite. Choose another language or concept."
        )


Change = Callable[[int, torch.Tensor], torch.Tensor]
"""From a layer and the states (row, token, hidden) that leave it to those that go on."""


def nothing() -> None:
    """Check nothing."""


@contextmanager
def steered(
    loaded: Loaded,
    rows: Sequence[Row],
    geometry: Geometry,
    check: Callable[[], None] = nothing,
) -> Iterator[Plan]:
    """Steer a batch of rows while the context lasts.

    States are changed where extraction reads them: at the output of each block.
    ``check`` is called after every block and may raise. SpecError for terms that do not
    fit the model. Linear combination of RepE (Zou et al. 2023) and Xu et al. 2024, and
    the other operators of ``OPERATORS``.
    """
    plan = Plan(loaded, rows, geometry)
    with hooked_blocks(loaded.blocks, plan.after, check):
        yield plan


@contextmanager
def hooked_blocks(
    blocks: Sequence[torch.nn.Module],
    change: Change,
    check: Callable[[], None] = nothing,
) -> Iterator[None]:
    """Let ``change`` see, and replace, what leaves each block while the context lasts.

    Hooks are gone when it ends, however it ends. States that ``change`` gives back
    themselves stay the same bits.
    """
    handles = []

    def hook_of(layer: int) -> Callable[..., Any]:
        def hook(module: torch.nn.Module, arguments: Any, output: Any) -> Any:
            check()
            # Blocks of Bloom and Falcon return tuples that begin with the states.
            states = output[0] if isinstance(output, tuple) else output
            changed = change(layer, states)
            if changed is states:
                return None
            if isinstance(output, tuple):
                return (changed, *output[1:])
            return changed

        return hook

    try:
        for layer, block in enumerate(blocks, 1):
            handles.append(block.register_forward_hook(hook_of(layer)))
        yield
    finally:
        for handle in handles:
            handle.remove()
