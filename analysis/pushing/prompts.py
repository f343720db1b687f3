"""Prompts of the second triangle, and the continuations whose likelihood is read."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.control.judging import FOLLOWING, REFUSING
from analysis.core.errors import SpecError
from analysis.core.specs import check
from analysis.pushing.held_out import HeldOut
from analysis.pushing.specs import PAIRS
from analysis.world import corpus as texts
from analysis.world import world

FACTS, REFUSALS = "right answers to facts", "openings of refusals"
VERDICTS = "verdicts on statements"
FOLLOWED, REFUSED = "following rate", "refusing rate"
SHARE = "share of answers"
"""Units of what counts answers that the model writes."""
ANSWER_TOKENS = 24
"""As many tokens an answer has at most, as in a control run."""
GOOD, BAD = "word-039", "word-040"
"""Verdicts in every language of our list of words, by their names in it."""
EXAMPLES = 2
"""Pairs that show what a verdict is, where it is a word."""


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
        """Letters of all that is given for it once."""
        continuations = sum(map(len, (*self.first, *self.second)))
        rows = max(1, len(self.first) + len(self.second))
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
    ``wanted``: what may be so at a prompt, in words; empty where only one kind is read.
    ``verdict``: what a written answer must be judged to count; empty where nothing is
    written.
    """

    prompts: Callable[[Asked, str], list[Prompt]]
    words: str
    units: str
    per_token: bool
    wanted: str = ""
    verdict: str = ""


def of_pairs(asked: Asked, target: str) -> list[Prompt]:
    """Pairs of the concept: positive against negative text, from where they part."""
    by_id = pairs_by_id(asked, target)
    found = []
    for name in chosen_pairs(asked, target):
        pair = by_id[name]
        found.append(Prompt(name, "", (pair.positive,), (pair.negative,), name))
    return found


def pairs_by_id(asked: Asked, target: str) -> dict[str, ContrastPair]:
    """The concept's pairs in a language, in the order of the corpus."""
    found = {}
    for pair in asked.corpus.select(asked.concept, target):
        found[pair.pair] = pair
    return found


def of_verdicts(asked: Asked, target: str) -> list[Prompt]:
    """Members of pairs, negative and positive in turn, and two verdicts on each."""
    by_id = pairs_by_id(asked, target)
    names = chosen_pairs(asked, target)
    ends = verdicts_of(asked, target)
    shown = ""
    if ends.words:
        others = [pair for name, pair in by_id.items() if name not in names]
        shown = examples_of(others[:EXAMPLES], ends)
    found = []
    for place, name in enumerate(names):
        pair = by_id[name]
        statement = pair.positive if place % 2 else pair.negative
        begun = f"{shown}{statement}"
        found.append(Prompt(name, "", (begun + ends.good,), (begun + ends.bad,), name))
    return found


class Verdicts(NamedTuple):
    """A good and a bad verdict as they follow a statement; ``words``: of one word each."""

    good: str
    bad: str
    words: bool


def verdicts_of(asked: Asked, target: str) -> Verdicts:
    """Sentences on the concept where every target has them, else “good” and “bad”.

    SpecError for a language without either.
    """
    known = set(asked.targets) <= set(world.LANGUAGES)
    if known and asked.concept in world.VALUES:
        good = world.verdict(target, asked.concept, world.POSITIVE)
        bad = world.verdict(target, asked.concept, world.NEGATIVE)
        return Verdicts(good, bad, words=False)
    check_has(texts.WORDS, target)
    spelled = {word.name: word.word for word in texts.words(target)}
    return Verdicts(f"\n{spelled[GOOD]}", f"\n{spelled[BAD]}", words=True)


def examples_of(pairs: Sequence[ContrastPair], ends: Verdicts) -> str:
    """Statements with their verdicts, good and bad in turn."""
    shown = ""
    for place, pair in enumerate(pairs):
        judged = (
            f"{pair.negative}{ends.bad}" if place % 2 else pair.positive + ends.good
        )
        shown += f"{judged}\n\n"
    return shown


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
    found = []
    for prompt in of_requests(asked, target):
        openings = texts.requests(target).refusals
        found.append(prompt._replace(first=openings))
    return found


def of_requests(asked: Asked, target: str) -> list[Prompt]:
    """Requests to decline, to be answered."""
    check_has(texts.REQUESTS, target)
    known = texts.requests(target)
    own = {pair.negative: pair.pair for pair in asked.corpus.pairs}
    found = []
    for request in known.requests:
        pair = own.get(request.declined, "")
        found.append(Prompt(request.name, request.declined, (), (), pair))
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
        wanted="the positive text is the likelier",
    ),
    FACTS: Readout(
        of_facts,
        "log-odds of the right answer against wrong ones",
        "nats",
        per_token=False,
        wanted="the right answer is the likelier",
    ),
    REFUSALS: Readout(
        of_refusals,
        "log-probability that an answer begins as a refusal does",
        "nats",
        per_token=False,
    ),
    VERDICTS: Readout(
        of_verdicts,
        "log-odds of a good verdict on a statement against a bad one",
        "nats",
        per_token=False,
        wanted="the good verdict is the likelier",
    ),
    FOLLOWED: Readout(
        of_requests,
        "share of requests to decline that the written answer follows",
        SHARE,
        per_token=False,
        wanted="the request is followed",
        verdict=FOLLOWING,
    ),
    REFUSED: Readout(
        of_requests,
        "share of requests to decline that the written answer refuses",
        SHARE,
        per_token=False,
        wanted="the request is refused",
        verdict=REFUSING,
    ),
}
"""What is read off under a push, by its name."""


def of_cell(readout: str, asked: Asked, target: str) -> list[Prompt]:
    """The prompts of a target language, in the order of the trial's prompts."""
    check("readout", readout, READOUTS)
    return READOUTS[readout].prompts(asked, target)
