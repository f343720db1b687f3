"""Steering per row of a batch, and the hooks on the blocks by which it is done.

Each row has its own vectors, layers, strengths and operators; none feels its neighbours.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

from analysis.core.errors import ModelError, SpecError, unknown
from analysis.core.specs import check as check_name
from analysis.model.load import Check, Loaded, no_check
from analysis.model.said import ConditionSeen
from analysis.steering.operators import (
    OPERATORS,
    POSITIONS,
    READS,
    Places,
    first_changed_layer,
)
from analysis.steering.resolve import ResolvedCondition, ResolvedTerm

OF_PROMPTS = ("all", "prompt", "last prompt token")
"""Token positions that an encoder has."""
Change = Callable[[int, torch.Tensor], torch.Tensor]
"""From a layer and the states (row, token, hidden) that leave it to those that go on."""


@dataclass(frozen=True)
class Row:
    """One row of a batch: a formatted prompt and the terms that steer it.

    ``instruction`` is the user's text inside the prompt, ``ending`` what the template
    puts after it. A ``whole`` prompt holds every special token already.
    """

    prompt: str
    terms: tuple[ResolvedTerm, ...] = ()
    instruction: str = ""
    ending: str = ""
    whole: bool = False


@dataclass
class Geometry:
    """Where each row's prompt lies, and which tokens [start, stop) a pass brings.

    ``cached``: a pass brings only what is new. ``width``: tokens of the first pass;
    0 where that is not known.
    """

    places: Places
    cached: bool = True
    start: int = 0
    stop: int = 0
    width: int = 0
    passes: int = 0

    def advance(self, tokens: int) -> None:
        """A forward pass over this many tokens begins; ModelError for an odd one."""
        self.passes += 1
        if self.width:
            self.check_tokens(tokens)
        self.move(tokens)

    def check_tokens(self, tokens: int) -> None:
        """ModelError unless there is one pass, over as many tokens as were given."""
        if self.passes > 1:
            raise odd_pass("its blocks ran more than once in a forward pass")
        if tokens != self.width:
            raise odd_pass(f"its blocks saw {tokens} tokens of {self.width}")

    def move(self, tokens: int) -> None:
        """Go on to the tokens of the next pass."""
        self.start = self.stop if self.cached else 0
        self.stop = self.start + tokens


@dataclass
class AnswerGeometry(Geometry):
    """Where passes lie while answers are written: first the prompts, then token by token.

    A family that keeps no cache reads its whole text again for every token.
    """

    def check_tokens(self, tokens: int) -> None:
        """ModelError unless a pass brings the prompts, one token or the whole text."""
        allowed = {self.width}
        if self.passes > 1:
            allowed = {1, self.stop + 1}
        if tokens not in allowed:
            wanted = " or ".join(map(str, sorted(allowed)))
            raise odd_pass(f"its blocks saw {tokens} tokens in place of {wanted}")

    def move(self, tokens: int) -> None:
        """Go on to the tokens of the next pass."""
        again = self.passes > 1 and tokens == self.stop + 1
        self.start = 0 if again else self.stop
        self.stop = self.start + tokens


def odd_pass(seen: str) -> ModelError:
    """The error for blocks that do not do what reading and steering need."""
    return ModelError(
        f"This model cannot be read or steered: {seen}. Babelscope needs models whose "
        "blocks each run once in a pass, in order, and pass on states (text, token, "
        "hidden). Choose another model."
    )


class Passes:
    """Holds the blocks of a model to what reading and steering take for granted.

    In every pass each block runs once, in order, and what leaves it are states (row,
    token, hidden), as many as leave the first. ``rows`` and ``tokens`` None: however
    many there are.
    """

    def __init__(
        self, loaded: Loaded, rows: int | None, tokens: int | None = None
    ) -> None:
        self.layers = len(loaded.blocks)
        self.hidden = loaded.hidden
        self.rows = rows
        self.tokens = tokens
        self.latest = 0
        self.shape: tuple[int, ...] = ()
        self.begun = 0

    def expect(self, rows: int, tokens: int) -> None:
        """A pass over so many rows and tokens begins."""
        self.rows = rows
        self.tokens = tokens
        self.latest = 0
        self.begun = 0

    def see(self, layer: int, states: torch.Tensor) -> None:
        """A block has run; ModelError unless it was its turn and its states fit."""
        if layer == 1 and self.latest == 0:
            self.begun += 1
            self.shape = self.expected(layer, states)
        elif layer != self.latest + 1:
            raise self.out_of_turn(layer)
        if states.shape != self.shape:
            raise self.misshapen(layer, states)
        self.latest = layer % self.layers

    def expected(self, layer: int, states: torch.Tensor) -> tuple[int, ...]:
        """The shape that every block's states must have in a pass that begins."""
        if states.ndim != 3:
            raise self.misshapen(layer, states)
        rows = states.shape[0] if self.rows is None else self.rows
        tokens = states.shape[1] if self.tokens is None else self.tokens
        return (rows, tokens, self.hidden)

    def out_of_turn(self, layer: int) -> ModelError:
        """The error for a block that ran when another should have."""
        return odd_pass(
            f"block {layer} ran when block {self.latest + 1} of {self.layers} should have"
        )

    def misshapen(self, layer: int, states: torch.Tensor) -> ModelError:
        """The error for states that are not (row, token, hidden)."""
        found = " × ".join(map(str, states.shape))
        wanted = f"texts × tokens × {self.hidden}"
        if self.shape:
            wanted = " × ".join(map(str, self.shape))
        return odd_pass(
            f"what leaves block {layer} has the shape {found}, not {wanted}"
        )

    def check_whole(self) -> None:
        """ModelError when blocks were left out of the latest pass."""
        if self.latest:
            raise odd_pass(
                f"blocks after block {self.latest} of {self.layers} did not run"
            )

    def check_any(self) -> None:
        """ModelError when not one whole pass was seen."""
        self.check_whole()
        if not self.begun:
            raise odd_pass("none of its blocks ran")

    def check_once(self) -> None:
        """ModelError unless one whole pass was seen."""
        self.check_any()
        if self.begun > 1:
            raise odd_pass("its blocks ran more than once in a forward pass")


class Push(NamedTuple):
    """What a term does at one layer."""

    vector: np.ndarray
    strength: float


class Member(NamedTuple):
    """One row of a group; ``gate`` is the number of its condition's gate."""

    row: int
    push: Push
    gate: int | None


class GroupKey(NamedTuple):
    """What rows must have in common to be steered together."""

    layer: int
    turn: int
    operator: str
    positions: str
    gated: bool


@dataclass
class Group:
    """Rows of one layer that share operator and positions.

    Each row has its vector (row, 1, hidden), its strength (row, 1, 1) and the tokens
    [low, high) at which it is steered (row,). ``whole``: these are all rows of the batch.
    """

    operator: str
    rows: torch.Tensor
    vectors: torch.Tensor
    strengths: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    gates: list[int]
    whole: bool
    reached: bool = False
    first_low: int = field(init=False)
    last_low: int = field(init=False)
    first_high: int = field(init=False)
    last_high: int = field(init=False)

    def __post_init__(self) -> None:
        # Read off once: on a GPU every look at a tensor waits for all that is queued.
        self.first_low = int(self.low.min())
        self.last_low = int(self.low.max())
        self.first_high = int(self.high.min())
        self.last_high = int(self.high.max())

    def apply(
        self, states: torch.Tensor, geometry: Geometry, open_gates: Mapping[int, bool]
    ) -> torch.Tensor:
        """States (row, token, hidden) with this group's rows steered.

        All other rows are the same bits.
        """
        if geometry.stop <= self.first_low or geometry.start >= self.last_high:
            return states
        self.reached = True
        here = states if self.whole else states[self.rows]
        operator = OPERATORS[self.operator]
        moved = operator.apply(here.float(), self.vectors, self.strengths)
        moved = moved.to(states.dtype)
        if geometry.start < self.last_low or geometry.stop > self.first_high:
            inside = self.inside(geometry)
            moved = torch.where(inside[..., None], moved, here)
        if self.gates:
            opened = [open_gates[gate] for gate in self.gates]
            mask = torch.tensor(opened, device=states.device)
            moved = torch.where(mask[:, None, None], moved, here)
        if self.whole:
            return moved
        return states.index_copy(0, self.rows, moved)

    def inside(self, geometry: Geometry) -> torch.Tensor:
        """Which tokens (row, token) of a pass are steered."""
        device = self.low.device
        place = torch.arange(geometry.start, geometry.stop, device=device)
        after_low = place >= self.low[:, None]
        before_high = place < self.high[:, None]
        return after_low & before_high


@dataclass(frozen=True)
class Gate:
    """The condition of one row's term."""

    row: int
    condition: ResolvedCondition
    vector: torch.Tensor

    def cosine(self, states: torch.Tensor, places: Places) -> float:
        """The cosine of the row's prompt with the vector.

        The states (row, token, hidden) begin with the batch's first token.
        """
        first = int(places.first[self.row])
        end = int(places.end[self.row])
        prompt = states[self.row, first:end].float()
        if self.condition.reads == READS[0]:
            read = prompt.mean(0)
        else:
            read = prompt[-1]
        vector = self.vector.to(read.device)
        return float(torch.nn.functional.cosine_similarity(read, vector, dim=0))

    def opens(self, cosine: float) -> bool:
        """Whether a prompt with this cosine meets the condition."""
        return (cosine > self.condition.threshold) == self.condition.above


class Plan:
    """What happens after each block of a model for one batch of rows."""

    def __init__(self, loaded: Loaded, rows: Sequence[Row], geometry: Geometry) -> None:
        self.loaded = loaded
        self.geometry = geometry
        self.begin = geometry.stop
        self.count = len(rows)
        self.gates: list[Gate] = []
        self.cosines: dict[int, float] = {}
        self.open: dict[int, bool] = {}
        self.groups: dict[int, list[Group]] = {}
        for key, members in self.members(rows).items():
            self.groups.setdefault(key.layer, []).append(self.group(key, members))

    def members(self, rows: Sequence[Row]) -> dict[GroupKey, list[Member]]:
        """What is steered together, in the order in which it is done."""
        found: dict[GroupKey, list[Member]] = {}
        # Many rows may share a term, and looking it through takes a while.
        known: dict[int, dict[int, Push]] = {}
        for number, row in enumerate(rows):
            for term in row.terms:
                if id(term) not in known:
                    known[id(term)] = pushes_by_layer(self.loaded, term)
            acting = [known[id(term)] for term in row.terms]
            first = min((min(each) for each in acting if each), default=0)
            for turn, (term, by_layer) in enumerate(zip(row.terms, acting)):
                gate = None
                if term.condition is not None and by_layer:
                    check_condition(self.loaded, term.condition, first)
                    gate = self.add_gate(number, term.condition)
                gated = gate is not None
                for layer, push in by_layer.items():
                    key = GroupKey(layer, turn, term.operator, term.positions, gated)
                    found.setdefault(key, []).append(Member(number, push, gate))
        # The sort is stable: groups of one layer and turn stay in the order of rows.
        ordered = sorted(found, key=lambda key: (key.layer, key.turn))
        return {key: found[key] for key in ordered}

    def add_gate(self, row: int, condition: ResolvedCondition) -> int:
        """The number of a new gate."""
        vector = torch.tensor(np.asarray(condition.vector), dtype=torch.float32)
        self.gates.append(Gate(row, condition, vector))
        return len(self.gates) - 1

    def group(self, key: GroupKey, members: Sequence[Member]) -> Group:
        """Rows that are steered alike at one layer, on that layer's device."""
        # Blocks of one model may lie on several devices.
        device = next(self.loaded.blocks[key.layer - 1].parameters()).device
        rows = [member.row for member in members]
        vectors = np.stack([member.push.vector for member in members])
        strengths = [member.push.strength for member in members]
        low, high = POSITIONS[key.positions](self.geometry.places)
        gates = [member.gate for member in members if member.gate is not None]
        real = {"dtype": torch.float32, "device": device}
        return Group(
            operator=key.operator,
            rows=torch.tensor(rows, device=device),
            vectors=torch.tensor(vectors, **real)[:, None],
            strengths=torch.tensor(strengths, **real)[:, None, None],
            low=torch.tensor(low[rows], device=device),
            high=torch.tensor(high[rows], device=device),
            gates=gates,
            whole=rows == list(range(self.count)),
        )

    def after(self, layer: int, states: torch.Tensor) -> torch.Tensor:
        """The states (row, token, hidden) that leave a block."""
        if layer == 1:
            self.geometry.advance(states.shape[1])
        if self.geometry.start == 0:
            self.read_gates(layer, states)
        for group in self.groups.get(layer, ()):
            states = group.apply(states, self.geometry, self.open)
        return states

    def check_reached(self) -> None:
        """ModelError when tokens that were to be steered went by without being so."""
        for layer, groups in self.groups.items():
            for group in groups:
                begun = group.first_low < self.geometry.stop
                # What ends before the first pass was steered when a cache was filled.
                due = begun and group.last_high > self.begin
                if due and not group.reached:
                    raise odd_pass(f"steering at layer {layer} touched nothing")

    def read_gates(self, layer: int, states: torch.Tensor) -> None:
        """Open and shut the gates of a layer by the states of the prompts."""
        for number, gate in enumerate(self.gates):
            if gate.condition.layer != layer:
                continue
            cosine = gate.cosine(states, self.geometry.places)
            self.cosines[number] = cosine
            self.open[number] = gate.opens(cosine)

    def conditions(self, row: int) -> tuple[ConditionSeen, ...]:
        """What became of each condition of a row."""
        seen = []
        for number, gate in enumerate(self.gates):
            if gate.row == row and number in self.open:
                seen.append(ConditionSeen(self.cosines[number], self.open[number]))
        return tuple(seen)


def pushes_by_layer(loaded: Loaded, term: ResolvedTerm) -> dict[int, Push]:
    """Layer → what a term does there; a strength of zero acts nowhere.

    SpecError for an unknown operator or position, a layer or width that the model does
    not have, an ablation with several layers.
    """
    if term.operator not in OPERATORS:
        raise unknown("operator", term.operator, OPERATORS)
    check_name("token positions", term.positions, tuple(POSITIONS))
    check_read_at(loaded, term.positions)
    for layer, vector in term.vectors.items():
        check_fit(loaded, layer, vector)
    if not all(np.isfinite(strength) for strength in term.strengths.values()):
        raise SpecError("A strength is not a finite number; give one.")
    acting: dict[int, Push] = {}
    for layer, strength in term.strengths.items():
        if strength != 0:
            check_not_null(layer, term.vectors[layer])
            acting[layer] = Push(term.vectors[layer], strength)
    if acting and OPERATORS[term.operator].everywhere:
        first_changed_layer(term.operator, term.vectors)
        (push,) = acting.values()
        return dict.fromkeys(range(1, len(loaded.blocks) + 1), push)
    return acting


def check_read_at(loaded: Loaded, positions: str) -> None:
    """SpecError for tokens that an encoder never sees: those of an answer."""
    if not loaded.writes_here and positions not in OF_PROMPTS:
        raise SpecError(
            f"The vector is pushed in the encoder of {loaded.spec.model}, which reads the "
            f"prompt and no answer: there are no token positions “{positions}”. Choose "
            f"{', '.join(f'“{name}”' for name in OF_PROMPTS)}, or a study of the "
            "decoder's states."
        )


def check_condition(loaded: Loaded, condition: ResolvedCondition, first: int) -> None:
    """SpecError for a condition that this model cannot have.

    That is also one that is read after the ``first`` layer that any term of the row
    steers.
    """
    check_name("reading of a condition", condition.reads, READS)
    check_fit(loaded, condition.layer, condition.vector)
    if condition.layer > first:
        raise SpecError(
            f"The condition is read at layer {condition.layer}, after steering begins "
            f"at layer {first}, so not on the prompt's own states; read it there or "
            "earlier."
        )


def check_fit(loaded: Loaded, layer: int, vector: np.ndarray) -> None:
    """SpecError for a layer or width of another model, or numbers that are not finite."""
    if not 1 <= layer <= len(loaded.blocks):
        raise SpecError(
            f"The model has layers 1 to {len(loaded.blocks)}; asked for was layer "
            f"{layer}."
        )
    if np.shape(vector) != (loaded.hidden,):
        raise SpecError(
            f"The vector has {np.size(vector)} numbers, the states of "
            f"{loaded.spec.model} have {loaded.hidden}. Choose a study of this model, "
            "or the model of that study."
        )
    if not np.isfinite(vector).all():
        raise SpecError(
            f"The vector of layer {layer} has numbers that are not finite. Choose "
            "another language or concept."
        )


def check_not_null(layer: int, vector: np.ndarray) -> None:
    """SpecError for a vector that steers nowhere."""
    if not np.any(vector):
        raise SpecError(
            f"The vector of layer {layer} is zero, so that steering with it would change "
            "nothing. Choose another language, concept or layer, or strength 0."
        )


@contextmanager
def steered(
    loaded: Loaded, rows: Sequence[Row], geometry: Geometry, check: Check = no_check
) -> Iterator[Plan]:
    """Steer a batch of rows while the context lasts.

    States are changed where extraction reads them: at the output of each block.
    SpecError for terms that do not fit the model. Linear combination of RepE (Zou et
    al. 2023) and Xu et al. 2024, and the other operators of ``OPERATORS``.
    """
    plan = Plan(loaded, rows, geometry)
    passes = Passes(loaded, len(rows))
    with hooked_blocks(loaded, passes, plan.after, check):
        yield plan
    passes.check_any()
    plan.check_reached()


@contextmanager
def hooked_blocks(
    loaded: Loaded, passes: Passes, change: Change, check: Check = no_check
) -> Iterator[None]:
    """Let ``change`` see, and replace, what leaves each block while the context lasts.

    ``passes`` sees it first. Hooks are gone when it ends, however it ends. States that
    ``change`` gives back themselves stay the same bits.
    """
    handles = []
    decoder = loaded.decoder
    try:
        if "logits_to_keep" in inspect.signature(decoder.forward).parameters:
            keep = decoder.register_forward_pre_hook(keep_all_tokens, with_kwargs=True)
            handles.append(keep)
        for layer, block in enumerate(loaded.blocks, 1):
            hook = hook_of(layer, passes, change, check)
            handles.append(block.register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


def keep_all_tokens(
    module: torch.nn.Module, arguments: Any, named: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Arguments by which a stack takes every token through every block.

    Gemma 4 leaves out tokens whose logits nobody asks for, in blocks that use the keys
    and values of others. The head still gives only the logits that were asked for.
    """
    return arguments, {**named, "logits_to_keep": 0}


def hook_of(
    layer: int, passes: Passes, change: Change, check: Check
) -> Callable[..., Any]:
    """A forward hook that gives the output of a block to ``change``."""

    def hook(module: torch.nn.Module, arguments: Any, output: Any) -> Any:
        check()
        states = states_of(layer, output)
        passes.see(layer, states)
        changed = change(layer, states)
        if changed is states:
            return None
        return with_states(output, changed)

    return hook


def states_of(layer: int, output: Any) -> torch.Tensor:
    """The states in what a block gives; ModelError when there are none.

    Blocks of Bloom and Falcon give tuples, those of GPT-1 lists, that begin with them.
    """
    states = output
    if isinstance(output, tuple | list) and output:
        states = output[0]
    if not isinstance(states, torch.Tensor):
        raise odd_pass(f"block {layer} passes on no states but {type(output).__name__}")
    return states


def with_states(output: Any, states: torch.Tensor) -> Any:
    """What a block gives, with other states in it."""
    if isinstance(output, tuple):
        return (states, *output[1:])
    if isinstance(output, list):
        return [states, *output[1:]]
    return states
