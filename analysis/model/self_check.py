"""A model tried out when it is loaded: two short texts, alone and side by side.

Only the first block of each kind runs, and no output head: what one row feels of another,
it feels in the first block of a kind as in the last.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import LogitsProcessor

from analysis.core.errors import AnalysisError, ModelError
from analysis.core.hidden_folders import reason
from analysis.core.specs import PACKED
from analysis.model import known_habits, packing
from analysis.model.batches import EncodedRow, generation_input, padded_batch
from analysis.model.extract import read_batch
from analysis.model.generate import own_settings_set_aside
from analysis.model.hooks import Row
from analysis.model.load import Habits, Loaded, holder, out_of_memory
from analysis.model.stacks import text_config
from analysis.model.threads import in_threads

TEXTS = ("Fair.", "The judge heard both sides.")
FEW = 4
"""Tokens of the shorter text; the longer has twice as many."""
STEPS = 2
"""Tokens that are written: the first behind the prompt, the second behind the cache."""
TOLERANCE = {"float32": 1e-3}
ROUGH_TOLERANCE = 0.05
"""Of the length of what is compared, in any shorter precision."""
ALONE = (
    "{model} gives other {what} for a text beside others than for the same text alone, "
    "so texts are {done} one at a time. That is slower; nothing else changes."
)
OUTLIERS = (
    "In 8-bit, {model} would answer a text a little differently beside others than alone, "
    "because what is kept in higher precision is chosen over all texts of a batch. So "
    "texts are answered and scored one at a time. That is slower; nothing else changes."
)


KNOWN: dict[tuple[str, ...], Habits] = {}
"""What was found in this process, by configuration and precision: weights do not matter."""


def tried(loaded: Loaded) -> Loaded:
    """The same model with what trying it out has shown, and sentences that say so.

    ModelError when it cannot be read at all: its blocks are not what reading and
    steering need, or its own code fails.
    """
    habits = habits_of(loaded)
    notices = [*loaded.notices, *packing.notice(loaded)]
    if habits.reads_alone:
        notices.append(alone_notice(loaded, "states", "read"))
    if picks_outliers(loaded):
        notices.append(OUTLIERS.format(model=loaded.spec.model))
    elif habits.writes_alone:
        notices.append(alone_notice(loaded, "answers", "answered and scored"))
    return replace(loaded, habits=habits, notices=tuple(notices))


def habits_of(loaded: Loaded) -> Habits:
    """What was found of this arithmetic before, or is found now and kept."""
    key = arithmetic(loaded)
    if key in KNOWN:
        return KNOWN[key]
    place = known_habits.place_of(loaded, key)
    habits = known_habits.known(place)
    if habits is None:
        habits = found_habits(loaded)
        known_habits.keep(place, habits)
    KNOWN[key] = habits
    return habits


def arithmetic(loaded: Loaded) -> tuple[str, ...]:
    """What decides how a model computes."""
    known = loaded.model.config.to_dict()
    known.pop("_name_or_path", None)
    spec = loaded.spec
    device = f"{loaded.device.type} {loaded.stack}"
    parts = {type(module).__name__ for module in loaded.model.modules()}
    told = json.dumps(known, sort_keys=True, default=str)
    # What was found of padded texts before there was a choice is still found.
    shared = (PACKED,) if spec.batches == PACKED else ()
    return (told, spec.dtype, spec.quantisation, device, *shared, *sorted(parts))


def found_habits(loaded: Loaded) -> Habits:
    """What trying a model out shows."""
    ids = tried_tokens(loaded)
    outliers = picks_outliers(loaded)
    if ids is None:
        return Habits(writes_alone=outliers)
    found = None
    # For a few tokens several threads wait for each other longer than they compute.
    with (
        suppress(AnalysisError),
        in_threads(1),
        first_blocks(loaded) as short,
        without_head(loaded),
    ):
        found = shown_by(short, ids)
    if found is None or found.cannot_write:
        # A model cut short may fail where the whole one does not.
        found = shown_by(loaded, ids)
    return replace(found, writes_alone=outliers or found.writes_alone)


def shown_by(loaded: Loaded, ids: Sequence[list[int]]) -> Habits:
    """What two texts show; ModelError where they cannot be read."""
    reads_alone = not same_states(loaded, ids)
    if not loaded.abilities.writes:
        return Habits(reads_alone=reads_alone)
    written = same_scores(loaded, ids)
    return Habits(
        reads_alone=reads_alone,
        writes_alone=not written.same,
        cannot_write=written.fault,
    )


def picks_outliers(loaded: Loaded) -> bool:
    """Whether layers choose over a whole batch what they compute in higher precision.

    One row that is pushed far then moves all others, which two texts need not show.
    LLM.int8(), Dettmers et al. 2022.
    """
    for module in loaded.model.modules():
        if type(module).__name__ == "Linear8bitLt":
            state: Any = module.state
            if state.threshold > 0:
                return True
    return False


def alone_notice(loaded: Loaded, what: str, done: str) -> str:
    """The sentence that says what is done one text at a time."""
    return ALONE.format(model=loaded.spec.model, what=what, done=done)


def tried_tokens(loaded: Loaded) -> list[list[int]] | None:
    """Token ids of two texts of different length.

    None for a tokenizer that gives no such two, which reading will say of itself.
    """
    rows = loaded.tokenizer(list(TEXTS), add_special_tokens=True)["input_ids"]
    shorter, longer = rows[0][:FEW], rows[1][: 2 * FEW]
    if not shorter or max(map(max, rows)) >= loaded.vocabulary:
        return None
    if len(longer) <= len(shorter):
        longer = longer + longer[-1:] * (len(shorter) + 2 - len(longer))
    return [shorter, longer]


@contextmanager
def first_blocks(loaded: Loaded) -> Iterator[Loaded]:
    """The model with no more of its blocks than the first of each kind."""
    kept = first_of_kinds(loaded)
    owner = holder(loaded.model, loaded.blocks)
    name = list_name(owner, loaded.blocks)
    if not name or len(kept) == len(loaded.blocks):
        yield loaded
        return
    whole = getattr(owner, name)
    shorter = blocks_between(loaded.blocks, kept)
    setattr(owner, name, nn.ModuleList(shorter))
    try:
        yield replace(loaded, blocks=tuple(loaded.blocks[place] for place in kept))
    finally:
        setattr(owner, name, whole)
        for block in shorter:
            if isinstance(block, LeftOut):
                block.forget()


def blocks_between(blocks: Sequence[nn.Module], kept: Sequence[int]) -> list[nn.Module]:
    """Blocks up to the last kept one; those between stand there and compute nothing."""
    shorter: list[nn.Module] = []
    for place, block in enumerate(blocks[: kept[-1] + 1]):
        if place not in kept:
            block = LeftOut(block, shorter[-1])
        shorter.append(block)
    return shorter


class LeftOut(nn.Module):
    """Stands for a block and gives again what the block before it gave.

    Whatever else a family's code asks of the block, the block answers.
    """

    def __init__(self, block: nn.Module, before: nn.Module) -> None:
        super().__init__()
        # In a tuple, so that neither is a part of this one.
        self.stands_for = (block,)
        self.given: Any = None
        self.hook = before.register_forward_hook(self.hear)

    def hear(self, module: nn.Module, given: object, output: object) -> None:
        """Keep what the block before gave."""
        self.given = output

    def forward(self, *given: object, **more: object) -> object:
        """The same as the block before."""
        return self.given

    def forget(self) -> None:
        """Let go of the block before."""
        self.hook.remove()
        self.given = None

    def __getattr__(self, name: str) -> Any:
        """What this one does not have, the block has."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.__dict__["stands_for"][0], name)


@contextmanager
def without_head(loaded: Loaded) -> Iterator[None]:
    """Let states pass where the output head would turn them into scores."""
    head = loaded.model.get_output_embeddings()
    place = place_of(loaded.model, head)
    if place is None:
        yield
        return
    setattr(place.owner, place.name, PassingThrough(loaded.model.dtype))
    try:
        yield
    finally:
        setattr(place.owner, place.name, head)


class HeldAs(NamedTuple):
    """The module that holds another one, and under which name."""

    owner: nn.Module
    name: str


def place_of(model: nn.Module, wanted: nn.Module | None) -> HeldAs | None:
    """Where a module lies in a model; None where it does not."""
    for owner in model.modules():
        for name, child in owner.named_children():
            if child is wanted:
                return HeldAs(owner, name)
    return None


class PassingThrough(nn.Module):
    """Gives back what it gets; some families ask a head for its precision."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = torch.zeros(1, dtype=dtype)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """The same states."""
        return states


def list_name(owner: nn.Module, blocks: Sequence[nn.Module]) -> str:
    """Under which name a module holds the list of blocks; empty when it does not."""
    for name, child in owner.named_children():
        if isinstance(child, nn.ModuleList) and tuple(child) == tuple(blocks):
            return name
    return ""


def first_of_kinds(loaded: Loaded) -> list[int]:
    """Places, from 0, of the first block of each kind."""
    config = text_config(loaded.model.config, loaded.stack)
    told = getattr(config, "layer_types", None) or [""] * len(loaded.blocks)
    first: dict[object, int] = {}
    for place, (block, kind) in enumerate(zip(loaded.blocks, told)):
        parts = tuple(type(module) for module in block.modules())
        first.setdefault((kind, parts), place)
    return list(first.values()) or list(range(len(loaded.blocks)))


def same_states(loaded: Loaded, ids: Sequence[list[int]]) -> bool:
    """Whether the shorter text has the same states alone as beside the longer one."""
    try:
        alone = read_batch(loaded, ids[:1])[0]
        beside = read_batch(loaded, ids)[0]
    except AnalysisError:
        raise
    except Exception as error:  # the library's code for a family fails in any way
        if out_of_memory(error):
            raise
        raise ModelError(
            f"{loaded.spec.model} was loaded but cannot be run: {reason(error)}. Choose "
            "another precision, or another model."
        ) from error
    return alike(loaded, torch.tensor(alone), torch.tensor(beside))


class Written(NamedTuple):
    """Whether a row is written the same alone; why it could not be written at all."""

    same: bool
    fault: str = ""


def same_scores(loaded: Loaded, ids: Sequence[list[int]]) -> Written:
    """Whether what the model would say next is the same alone as beside a longer text."""
    try:
        alone = next_scores(loaded, ids[:1])
    except Exception as error:  # as above
        fault = f"{loaded.spec.model} cannot write: {reason(error)}"
        return Written(True, fault)
    try:
        beside = next_scores(loaded, ids)
    except Exception:  # as above; alone it can
        return Written(False)
    return Written(alike(loaded, alone[:, 0], beside[:, 0]))


def alike(loaded: Loaded, one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two arrays (…, number) are the same but for rounding."""
    tolerance = ROUGH_TOLERANCE
    if loaded.spec.quantisation == "none":
        tolerance = TOLERANCE.get(loaded.spec.dtype, ROUGH_TOLERANCE)
    # What all numbers have in common says nothing of what the model would say.
    centred = one - one.mean(-1, keepdim=True)
    apart = (one - other).norm(dim=-1)
    return bool((apart <= tolerance * centred.norm(dim=-1)).all())


@torch.inference_mode()
def next_scores(loaded: Loaded, ids: Sequence[list[int]]) -> torch.Tensor:
    """Scores (step, row, token) of the tokens that follow; the same ones are taken."""
    batch = padded_batch(loaded, [EncodedRow(Row(""), row) for row in ids])
    heard = Heard()
    # The library gives this method to models that have a head.
    model: Any = loaded.model
    with own_settings_set_aside(loaded):
        model.generate(
            **generation_input(loaded, batch),
            max_new_tokens=STEPS,
            do_sample=False,
            use_cache=True,
            pad_token_id=0,
            logits_processor=[heard],
        )
    return torch.stack(heard.scores)


class Heard(LogitsProcessor):
    """Keeps the scores of every step and has one token follow, whatever they are."""

    def __init__(self) -> None:
        self.scores: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (row, token) from which the same token is taken always."""
        self.scores.append(scores.float().cpu())
        forced = torch.full_like(scores, -torch.inf)
        forced[:, input_ids[0, -1] % scores.shape[-1]] = 0
        return forced
