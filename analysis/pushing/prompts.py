"""Prompts of the second triangle, and the continuations whose likelihood is read."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analysis.concepts.pairs import Corpus
from analysis.core.errors import SpecError
from analysis.core.specs import check
from analysis.pushing.held_out import HeldOut
from analysis.pushing.specs import PAIRS
from analysis.world import corpus as texts

FACTS, REFUSALS = "right answers to facts", "openings of refusals"


class Prompt(NamedTuple):
    """A prompt with two kinds of continuations; ``pair`` is that of the corpus, or empty.

    Without a question the texts are whole, and what is read begins where they part.
    Without a second kind the likelihood of the first alone is read.
    """

    name: str
    question: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    pair: str = ""

    @property
    def letters(self) -> int:
        """Letters of all that is read for it once."""
        continuations = sum(map(len, (*self.first, *self.second)))
        rows = len(self.first) + len(self.second)
        return continuations + rows * len(self.question)


class Asked(NamedTuple):
    """Of what prompts are made: a corpus, a concept, what is held out, how many, a seed."""

    corpus: Corpus
    concept: str
    held: HeldOut
    targets: tuple[str, ...]
    prompts: int
    seed: int


class Readout(NamedTuple):
    """What is read off under a push.

    ``per_token``: a continuation counts by its mean, else by its sum over tokens.
    ``wanted``: what may be the likelier of two; empty where only one kind is read.
    """

    prompts: Callable[[Asked, str], list[Prompt]]
    words: str
    units: str
    per_token: bool
    wanted: str = ""


def of_pairs(asked: Asked, target: str) -> list[Prompt]:
    """Pairs of the concept: positive against negative text, from where they part."""
    by_id = {}
    for pair in asked.corpus.select(asked.concept, target):
        by_id[pair.pair] = pair
    found = []
    for name in chosen_pairs(asked, target):
        pair = by_id[name]
        found.append(Prompt(name, "", (pair.positive,), (pair.negative,), name))
    return found


def chosen_pairs(asked: Asked, target: str) -> list[str]:
    """Ids of pairs, the same in every target where enough are in all of them."""
    everywhere: set[str] | None = None
    for language in asked.targets:
        ids = ids_of(asked, language)
        everywhere = set(ids) if everywhere is None else everywhere & set(ids)
    own = ids_of(asked, target)
    common = asked.held.pairs([name for name in own if name in (everywhere or ())])
    if len(common) >= asked.prompts:
        return drawn(common, asked)
    return drawn(asked.held.pairs(own), asked)


def ids_of(asked: Asked, language: str) -> list[str]:
    """Ids of the concept's pairs in a language."""
    return [pair.pair for pair in asked.corpus.select(asked.concept, language)]


def drawn(names: Sequence[str], asked: Asked) -> list[str]:
    """As many as are wanted, drawn at random, in their own order."""
    places = list(range(len(names)))
    random.Random(f"{asked.seed} {asked.concept} prompts").shuffle(places)
    return [names[place] for place in sorted(places[: asked.prompts])]


def of_facts(asked: Asked, target: str) -> list[Prompt]:
    """Questions: the right answer against wrong ones."""
    check_has(texts.FACTS, target)
    found = []
    for fact in texts.facts(target):
        found.append(Prompt(fact.name, fact.question, (fact.right,), fact.wrong))
    names = [prompt.name for prompt in found]
    wanted = set(drawn(names, asked))
    return [prompt for prompt in found if prompt.name in wanted]


def of_refusals(asked: Asked, target: str) -> list[Prompt]:
    """Requests to decline: how likely an answer begins as a refusal does."""
    check_has(texts.REQUESTS, target)
    known = texts.requests(target)
    own = {pair.negative: pair.pair for pair in asked.corpus.pairs}
    found = []
    for request in known.requests:
        pair = own.get(request.declined, "")
        openings = known.refusals
        found.append(Prompt(request.name, request.declined, openings, (), pair))
    names = [prompt.name for prompt in found]
    wanted = set(drawn(names, asked))
    return [prompt for prompt in found if prompt.name in wanted]


def check_has(kind: str, language: str) -> None:
    """SpecError unless there are texts of a kind in a language."""
    known = texts.languages_of(kind)
    if language not in known:
        raise SpecError(
            f"There are no {kind} in “{language}”; they are in {', '.join(known)}. "
            f"Choose among these, or the readout “{PAIRS}”."
        )


READOUTS: dict[str, Readout] = {
    PAIRS: Readout(
        of_pairs,
        "log-odds of the positive against the negative member of a pair",
        "nats per token",
        per_token=True,
        wanted="the positive text",
    ),
    FACTS: Readout(
        of_facts,
        "log-odds of the right answer against wrong ones",
        "nats",
        per_token=False,
        wanted="the right answer",
    ),
    REFUSALS: Readout(
        of_refusals,
        "log-probability that an answer begins as a refusal does",
        "nats",
        per_token=False,
    ),
}
"""What is read off under a push, by its name."""


def of_cell(readout: str, asked: Asked, target: str) -> list[Prompt]:
    """The prompts of a target language, in the order of the trial's prompts."""
    check("readout", readout, READOUTS)
    return READOUTS[readout].prompts(asked, target)
