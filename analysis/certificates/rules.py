"""Rules of the certificate of invariance: what counts as evidence, and what follows.

Every piece of evidence is a ratio: what others do of what a language's own vector does
(1: all of it, 0: nothing), with its 95 % interval. Lines were chosen on planted studies
other than those that ``benchmarks/certificates.py`` counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MOST, LITTLE = 0.6, 0.4
"""An interval wholly above MOST is “most of it”, one wholly below LITTLE “little”."""
ALL, NOTHING = 0.9, 0.1
"""An interval wholly between these is “a part”: surely not all, surely not nothing."""
HOLDS, PART, FAILS, OPEN, UNTESTED = (
    "most of it",
    "a part",
    "little",
    "cannot be told",
    "not tested",
)
"""What a piece of evidence comes to."""
INVARIANT, PARTLY, SPECIFIC, UNDECIDED = (
    "invariant",
    "partly",
    "specific",
    "undecided",
)
VERDICTS = {
    INVARIANT: "One direction: what others' vectors do is most of what its own does, in "
    "everything that was tested.",
    PARTLY: "Partly shared: something that was tested carries over only in part, or not.",
    SPECIFIC: "A direction of its own: neither the directions agree nor do readings carry "
    "over.",
    UNDECIDED: "Too few data: the concept is not read at home in enough languages, or intervals "
    "are too wide to tell languages one by one.",
}
"""Verdict → what it says."""
OUTSIDE = 0.02
"""Share of a direction's length that own vectors may leave out: rounding of files."""
FEWEST_LANGUAGES = 4
"""Fewer languages have no interval over the others."""
OTHERWISE = 1 / 3
"""Share of languages decided otherwise from which the whole is not invariant."""


class Value(NamedTuple):
    """A ratio with its 95 % interval; NaN where it is not known."""

    estimate: float
    low: float
    high: float


NOT_KNOWN = Value(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Rule:
    """A piece of evidence: what it compares, and what the verdict asks of it.

    ``needed``: invariance takes “most of it”; else it only must not come to “little”.
    ``optional``: what was not tested does not stand in the way, and is told.
    """

    name: str
    title: str
    words: str
    needed: bool
    optional: bool = False


HOME, AGREEMENT, FROM, TO = "home", "agreement", "from_others", "to_others"
WITHOUT_MEAN, SHARED, HALVES = "without_mean", "shared_part", "halves"
TEMPLATE, MOVED, MOVES = "templates", "moved_by_others", "moves_others"
OF_OWN_READING = (FROM, SHARED, HALVES, TEMPLATE)
"""Ratios to what the own vector reads above chance."""
RULES = (
    Rule(
        AGREEMENT,
        "Same direction",
        "Cosine to the other languages' vectors, between the floor (other concepts, "
        "shuffled labels) and the ceiling (two halves of one language's pairs). Vectors "
        "that are compared share no source of pairs.",
        needed=True,
    ),
    Rule(
        FROM,
        "Others read it",
        "Accuracy above chance of the other languages' vectors on its pairs, of that of "
        "its own vector.",
        needed=True,
    ),
    Rule(
        TO,
        "It reads others",
        "Accuracy above chance of its vector on the other languages' pairs, of that of "
        "their own vectors.",
        needed=True,
    ),
    Rule(
        SHARED,
        "Nothing left over",
        "Its vector without the part that the other languages share: 1 less the accuracy "
        "above chance that is left, of that of the whole vector.",
        needed=False,
    ),
    Rule(
        WITHOUT_MEAN,
        "Without its mean",
        "Cosine of the ceiling after the mean of the language's other concept vectors is "
        "taken off on both sides.",
        needed=False,
        optional=True,
    ),
    Rule(
        HALVES,
        "In both halves",
        "The lowest of four: the cosine in either pairing of halves, and the reading by "
        "others on either half of the held-out pairs.",
        needed=False,
    ),
    Rule(
        TEMPLATE,
        "In every template",
        "The lowest reading by others in studies of the same model and texts with other "
        "templates.",
        needed=True,
        optional=True,
    ),
    Rule(
        MOVED,
        "Others push it",
        "Effect of the other languages' vectors on its prompts, less that of random "
        "directions, of that of its own vector; mean over the strengths that were tried. "
        "Its own must be surely above 0, and above 97.5 of 100 random directions that were "
        "tried. Where it is neither: little, without a ratio; where it is one of the two: "
        "cannot be told. The Transfer page asks for more: each strength by itself, and "
        "more than any further random direction would do.",
        needed=True,
        optional=True,
    ),
    Rule(
        MOVES,
        "It pushes others",
        "Effect of its vector on the other languages' prompts, less that of random "
        "directions, of that of their own vectors. Where none of those is shown to move, "
        "and most are neither: little, without a ratio.",
        needed=True,
        optional=True,
    ),
)
"""All pieces of evidence, in the order of the page."""
DIRECTION_RULES = (
    Rule(
        AGREEMENT,
        "Same direction",
        "Its cosine to the language's own vector, between the floor (its cosines to other "
        "concepts and to shuffled labels) and the ceiling (two halves of the language's "
        "pairs). A direction made up of own vectors is made anew of each half.",
        needed=True,
    ),
    Rule(
        FROM,
        "It reads them",
        "Its accuracy above chance on the language's pairs, of that of the language's own "
        "vector.",
        needed=True,
    ),
    Rule(
        SHARED,
        "Nothing left over",
        "The language's vector without its part along the direction: 1 less the accuracy "
        "above chance that is left, of that of the whole vector.",
        needed=False,
    ),
    Rule(
        HALVES,
        "In both halves",
        "The lowest of the cosines to either half of the pairs and, where readings are "
        "tested, the readings on either half of the held-out pairs.",
        needed=False,
    ),
    Rule(
        TEMPLATE,
        "In every template",
        "The lowest reading in studies of the same model and texts with other templates.",
        needed=True,
        optional=True,
    ),
    Rule(
        MOVED,
        "It pushes them",
        "Its effect on the language's prompts, less that of random directions, of that of "
        "the language's own vector.",
        needed=True,
        optional=True,
    ),
)
"""The same of one direction from elsewhere, which has no pairs of its own."""
DIRECTION_VERDICTS = {
    INVARIANT: "One direction for all: it does most of what each language's own vector "
    "does, in everything that was tested.",
    PARTLY: "Partly the concept's direction: something that was tested holds only in part, "
    "or not.",
    SPECIFIC: "Not the concept's direction: it neither agrees with the languages' own "
    "vectors nor reads their pairs.",
    UNDECIDED: "Too little could be tested: the verdict takes the reading of pairs as well "
    "as cosines, a concept that is read at home, and narrow intervals.",
}
"""Verdict → what it says of a direction from elsewhere."""
BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}
VERDICT_RULES = (
    (
        "Read at home",
        "Before all: the language's own vector reads its own held-out pairs better than "
        "chance (p adjusted over languages), and better than unrelated vectors where the "
        "study keeps them. Else the language is undecided, is no “other” to anyone, and "
        "nothing is said as a ratio to what its vector reads.",
    ),
    (
        "Outcome of each",
        f"Most of it: the whole 95 % interval is above {MOST}. Little: all of it is below "
        f"{LITTLE}. A part: all of it is between {NOTHING} and {ALL}. Else it cannot be "
        "told.",
    ),
    (
        INVARIANT,
        "Same direction and both readings are most of it, so are pushing and templates "
        "where tested, and nothing else comes to little.",
    ),
    (
        SPECIFIC,
        "Same direction comes to little, and so does one reading at least, the other no "
        "better than a part.",
    ),
    (
        PARTLY,
        "Any needed piece comes to a part or to little, or another one to little, and it "
        "is not specific.",
    ),
    (UNDECIDED, "All the rest: too few data."),
    (
        "All languages",
        "The same rules on the means over languages. Invariant only where half of the "
        "languages that are read at home are, none is specific, and fewer than a third "
        "(or one alone) are partly. Specific only where no language is invariant. "
        "Undecided where fewer than half are read at home.",
    ),
)
"""How outcomes become verdicts, in words, for the page and for print."""
OF_ONE: Mapping[str, str] = {
    INVARIANT: "Same direction and reading are most of it, so are pushing and templates "
    "where tested, and nothing else comes to little.",
    SPECIFIC: "Same direction and reading come to little.",
    UNDECIDED: "All the rest: too few data, or the reading could not be tested. A study "
    "keeps no states of single pairs, only how its own vectors rank them. Where own vectors "
    f"add up to the direction (but for {OUTSIDE:.0%} of its length), it reads what their "
    "sum reads. Any other direction stays undecided.",
}
DIRECTION_VERDICT_RULES = tuple(
    (name, OF_ONE.get(name, words)) for name, words in VERDICT_RULES
)
"""The same of one direction from elsewhere."""


def outcome(value: Value) -> str:
    """What a ratio comes to: HOLDS, FAILS, PART or OPEN."""
    if not np.isfinite([value.low, value.high]).all():
        return OPEN
    if value.low > MOST:
        return HOLDS
    if value.high < LITTLE:
        return FAILS
    if value.low > NOTHING and value.high < ALL:
        return PART
    return OPEN


def verdict(
    home: bool, outcomes: Mapping[str, str], asked: Sequence[Rule] = RULES
) -> str:
    """The verdict of a language, or of all together, from the outcome of every rule.

    Undecided where something was not tested that every verdict takes.
    """
    if not home:
        return UNDECIDED
    for rule in asked:
        if rule.needed and not rule.optional and outcomes[rule.name] == UNTESTED:
            return UNDECIDED
    if is_specific(outcomes):
        return SPECIFIC
    for rule in asked:
        found = outcomes[rule.name]
        if found == FAILS or (rule.needed and found == PART):
            return PARTLY
    for rule in asked:
        if rule.needed and not is_met(rule, outcomes[rule.name]):
            return UNDECIDED
    return INVARIANT


def is_specific(outcomes: Mapping[str, str]) -> bool:
    """Whether directions do not agree, and readings do not carry over."""
    # A direction from elsewhere has no pairs of its own to be read.
    readings = {outcomes[FROM], outcomes.get(TO, outcomes[FROM])}
    no_better = readings <= {FAILS, PART}
    return outcomes[AGREEMENT] == FAILS and FAILS in readings and no_better


def is_met(rule: Rule, found: str) -> bool:
    """Whether a piece of evidence that invariance needs is there."""
    return found == HOLDS or (rule.optional and found == UNTESTED)


def overall(pooled: str, languages: Sequence[str], at_home: int) -> str:
    """The verdict over all languages from that of the means and those of each."""
    if len(languages) < FEWEST_LANGUAGES or 2 * at_home < len(languages):
        return UNDECIDED
    if pooled == INVARIANT:
        return if_means_are_invariant(languages, at_home)
    if pooled == SPECIFIC and INVARIANT in languages:
        return PARTLY
    return pooled


def if_means_are_invariant(languages: Sequence[str], at_home: int) -> str:
    """The verdict over all languages where that of the means is “invariant”."""
    partly = languages.count(PARTLY)
    if SPECIFIC in languages or (partly > 1 and partly >= OTHERWISE * at_home):
        return PARTLY
    if 2 * languages.count(INVARIANT) < at_home:
        return UNDECIDED
    return INVARIANT
