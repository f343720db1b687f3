"""Does the certificate of invariance say what was planted?

Counts verdicts over planted studies of which the truth is known. Run with
``python -m benchmarks.certificates`` (about half a minute); ``--write`` puts the table
into docs/statistics.md. Lines of the rules were chosen on seeds from CHOSEN_ON on, and
are counted on others.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from analysis.certificates import invariance, kept, of_direction
from analysis.certificates.rules import INVARIANT, PARTLY, SPECIFIC, UNDECIDED
from analysis.study.study import Study
from tests.planted import basis, study_of

CHOSEN_ON, COUNTED_FROM = 10_000, 0
STUDIES = 200
DOCUMENT = Path(__file__).parents[1] / "docs" / "statistics.md"


class Marks(NamedTuple):
    """What stands around a table of the document."""

    begin: str
    end: str


OWN_MARKS = Marks("<!-- certificates -->", "<!-- end of certificates -->")
ONE_MARKS = Marks("<!-- directions -->", "<!-- end of directions -->")
LANGUAGES = ("en", "fr", "zh", "sw", "hi", "fi", "ar", "ta")
CONCEPTS = ("fairness", "toxicity", "truth")
HIDDEN, LAYERS, PAIRS, TRAINING = 48, 2, 64, 120
PROMPTS, DRAWS, STRENGTHS = 12, 8, 2
GAP = 1.2
"""What separates the members of a pair along the direction, in units of the noise."""
WEAK = 0.5
OUTLIERS, LARGER = 3, 5.0
"""Dimensions whose noise is so many times larger."""
COMMON = 0.5
"""Share of the noise's variance that translations of one pair have in common."""
HALF_TURN = np.sqrt(0.5)
FAN = 0.4
"""Radians by which each further language's direction is turned in a fan."""

Generator = np.random.Generator


def shared(rng: Generator) -> np.ndarray:
    """One direction in all languages."""
    return np.repeat(basis(rng, 1, HIDDEN), len(LANGUAGES), 0)


def rotated(rng: Generator) -> np.ndarray:
    """Each language turned its own way off one direction: cosines of one half."""
    rows = basis(rng, 1 + len(LANGUAGES), HIDDEN)
    return HALF_TURN * (rows[:1] + rows[1:])


def fanned(rng: Generator) -> np.ndarray:
    """Each language turned further the same way: neighbours agree, the ends do not."""
    first, second = basis(rng, 2, HIDDEN)
    angles = FAN * np.arange(len(LANGUAGES))[:, None]
    return np.cos(angles) * first + np.sin(angles) * second


def specific(rng: Generator) -> np.ndarray:
    """A direction of its own in every language."""
    return basis(rng, len(LANGUAGES), HIDDEN)


def two_apart(rng: Generator) -> np.ndarray:
    """One direction, but for the last two languages."""
    rows = basis(rng, 3, HIDDEN)
    alike = np.repeat(rows[:1], len(LANGUAGES) - 2, 0)
    return np.concatenate([alike, rows[1:]])


@dataclass(frozen=True)
class Kind:
    """A planted truth, and the verdicts over all languages that are right.

    ``used``: whether pushing along the direction does something. ``one``: whether all
    concepts are one and the same direction. ``outliers``: whether a few dimensions have
    much larger noise, as in large models.
    """

    words: str
    directions: Callable[[Generator], np.ndarray]
    right: tuple[str, ...]
    gap: float = GAP
    used: bool = True
    one: bool = False
    outliers: bool = False


NOT_INVARIANT = (PARTLY, SPECIFIC, UNDECIDED)
KINDS: dict[str, Kind] = {
    "shared": Kind("one direction, which the output uses", shared, (INVARIANT,)),
    "rotated": Kind("turned in every language, cosines 0.5", rotated, (PARTLY,)),
    "fanned": Kind("turned further language by language", fanned, (PARTLY,)),
    "specific": Kind("a direction of its own everywhere", specific, (SPECIFIC,)),
    "unused": Kind(
        "one direction, not used by the output", shared, (PARTLY,), used=False
    ),
    "two apart": Kind("one direction but in two of eight", two_apart, (PARTLY,)),
    "noise": Kind("nothing there", shared, (UNDECIDED,), gap=0.0, used=False),
    "all concepts alike": Kind(
        "one direction for every concept", shared, NOT_INVARIANT, one=True
    ),
    "shared, outliers": Kind(
        "one direction, few dimensions of large noise",
        shared,
        (INVARIANT, UNDECIDED),
        outliers=True,
    ),
    "rotated, outliers": Kind(
        "turned, few dimensions of large noise",
        rotated,
        (PARTLY, UNDECIDED),
        outliers=True,
    ),
    "rotated, weak": Kind("turned, hardly read", rotated, NOT_INVARIANT, gap=WEAK),
    "specific, weak": Kind(
        "a direction of its own, hardly read", specific, NOT_INVARIANT, gap=WEAK
    ),
}


def noise(rng: Generator, count: int, kind: Kind) -> np.ndarray:
    """Noise (language, layer, pair, hidden) of which translations share a part."""
    shape = (len(LANGUAGES), LAYERS, count, HIDDEN)
    common = rng.standard_normal(shape[1:])
    own = rng.standard_normal(shape)
    scale = np.ones(HIDDEN)
    if kind.outliers:
        scale[:OUTLIERS] = LARGER
    return scale * (np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * own)


def planted(kind: Kind, seed: int) -> Study:
    """A study of a kind, without pushing."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, list[np.ndarray]] = {
        "half_a": [],
        "half_b": [],
        "shuffled": [],
        "pair_score": [],
    }
    one = kind.directions(rng)
    for place, _ in enumerate(CONCEPTS):
        directions = one if place == 0 or kind.one else kind.directions(rng)
        signal = kind.gap * directions[:, None]
        # Means over half of the training pairs.
        means = noise(rng, 3, kind) / np.sqrt(TRAINING / 2)
        halves = signal[None] + means[:, :, :2].transpose(2, 0, 1, 3)
        differences = signal[:, :, None] + noise(rng, PAIRS, kind)
        arrays["half_a"].append(halves[0])
        arrays["half_b"].append(halves[1])
        arrays["shuffled"].append(means[:, :, 2])
        scores = np.einsum("slh,tlph->stlp", halves.mean(0), differences)
        arrays["pair_score"].append(scores)
    known = {name: np.array(values, np.float32) for name, values in arrays.items()}
    known["concept_vector"] = np.mean([known["half_a"], known["half_b"]], 0)
    clusters = {"clusters": list(range(PAIRS))}
    return study_of(known, CONCEPTS, LANGUAGES, dict.fromkeys(CONCEPTS, clusters))


def pushing(kind: Kind, seed: int) -> xr.Dataset:
    """Effects of pushing in a study of a kind, as the trial keeps them."""
    rng = np.random.default_rng(seed)
    directions = kind.directions(rng)
    use = kind.gap if kind.used else 0.0
    effect = use * (directions @ directions.T)
    languages = len(LANGUAGES)
    by_prompt = effect[:, :, None, None] + rng.normal(
        0, 0.5, (languages, languages, STRENGTHS, PROMPTS)
    )
    random = rng.normal(0, 0.5, (languages, DRAWS, STRENGTHS, PROMPTS))
    return xr.Dataset(
        {
            "effect": (
                ("concept", "target", "source", "strength", "prompt"),
                by_prompt.swapaxes(0, 1)[None],
            ),
            "random": (
                ("concept", "target", "draw", "strength", "prompt"),
                random[None],
            ),
        },
        {
            "concept": [CONCEPTS[0]],
            "target": list(LANGUAGES),
            "source": list(LANGUAGES),
        },
    )


def certified(kind: Kind, seed: int, pushed: bool = True) -> invariance.Certificate:
    """The certificate of a planted study."""
    study = planted(kind, seed)
    concept = CONCEPTS[0]
    layer = kept.layer_of(study, concept)
    trial = pushing(kind, seed) if pushed else None
    return invariance.certify(invariance.evidence(study, concept, layer, trial))


def counted(studies: int, first: int) -> pd.DataFrame:
    """Verdicts over planted studies of every kind, a row each."""
    rows = []
    for kind in KINDS.values():
        overall: Counter[str] = Counter()
        languages: Counter[str] = Counter()
        for seed in range(first, first + studies):
            made = certified(kind, seed)
            overall[made.overall] += 1
            languages.update(made.verdicts[:-1])
        right = sum(overall[verdict] for verdict in kind.right)
        row: dict[str, object] = {
            "planted": kind.words,
            "right": " or ".join(kind.right),
            "of 100": f"{100 * right / studies:.1f}",
        }
        for verdict in (INVARIANT, PARTLY, SPECIFIC, UNDECIDED):
            row[verdict] = overall[verdict]
        for verdict in (INVARIANT, PARTLY, SPECIFIC, UNDECIDED):
            share = languages[verdict] / languages.total()
            row[f"languages {verdict}"] = f"{100 * share:.0f} %"
        rows.append(row)
    return pd.DataFrame(rows)


def mean_of_own(study: Study, _: Generator) -> np.ndarray:
    """The mean of the languages' own vectors of the first concept, at the first layer."""
    return study.array("concept_vector").values[0, :, 0].mean(0)


def opposite(study: Study, rng: Generator) -> np.ndarray:
    """The same, turned round."""
    return -mean_of_own(study, rng)


def one_of_own(study: Study, _: Generator) -> np.ndarray:
    """The first language's own vector."""
    return study.array("concept_vector").values[0, 0, 0]


def sum_of_own(study: Study, rng: Generator) -> np.ndarray:
    """A random sum of own vectors."""
    own = study.array("concept_vector").values[0, :, 0]
    return rng.standard_normal(len(own)) @ own


def of_another(study: Study, _: Generator) -> np.ndarray:
    """The mean of own vectors of another concept."""
    return study.array("concept_vector").values[1, :, 0].mean(0)


def drawn(study: Study, rng: Generator) -> np.ndarray:
    """A random vector; the gap between two languages' means is one here."""
    return rng.standard_normal(HIDDEN)


@dataclass(frozen=True)
class OneDirection:
    """A direction that is asked of studies of a kind, and the verdicts that are right."""

    words: str
    kind: str
    vector: Callable[[Study, Generator], np.ndarray]
    right: tuple[str, ...]


OF_ONE: dict[str, OneDirection] = {
    "mean, shared": OneDirection(
        "mean of own vectors; one direction", "shared", mean_of_own, (INVARIANT,)
    ),
    "own, shared": OneDirection(
        "one language's own vector; one direction",
        "shared",
        one_of_own,
        (INVARIANT, UNDECIDED),
    ),
    "opposite": OneDirection(
        "the opposite of the mean; one direction", "shared", opposite, (SPECIFIC,)
    ),
    "mean, rotated": OneDirection(
        "mean of own vectors; turned in every language",
        "rotated",
        mean_of_own,
        (PARTLY, UNDECIDED),
    ),
    "mean, specific": OneDirection(
        "mean of own vectors; a direction of its own everywhere",
        "specific",
        mean_of_own,
        NOT_INVARIANT,
    ),
    "sum, specific": OneDirection(
        "random sum of own vectors; a direction of its own everywhere",
        "specific",
        sum_of_own,
        NOT_INVARIANT,
    ),
    "mean, noise": OneDirection(
        "mean of own vectors; nothing there", "noise", mean_of_own, (UNDECIDED,)
    ),
    "another concept": OneDirection(
        "mean of another concept's vectors; one direction",
        "shared",
        of_another,
        (UNDECIDED,),
    ),
    "random": OneDirection(
        "random vector, or a language vector; one direction",
        "shared",
        drawn,
        (UNDECIDED,),
    ),
}


def certified_direction(asked: OneDirection, seed: int) -> invariance.Certificate:
    """The certificate of one direction in a planted study."""
    study = planted(KINDS[asked.kind], seed)
    vector = asked.vector(study, np.random.default_rng([seed, 1])).astype(float)
    found = of_direction.evidence_of(study, CONCEPTS[0], 1, vector)
    return of_direction.certify_direction(found)


def counted_directions(studies: int, first: int) -> pd.DataFrame:
    """Verdicts over planted studies of every direction from elsewhere, a row each."""
    rows = []
    for asked in OF_ONE.values():
        overall: Counter[str] = Counter()
        for seed in range(first, first + studies):
            overall[certified_direction(asked, seed).overall] += 1
        right = sum(overall[verdict] for verdict in asked.right)
        row: dict[str, object] = {
            "direction; planted": asked.words,
            "right": " or ".join(asked.right),
            "of 100": f"{100 * right / studies:.1f}",
        }
        for verdict in (INVARIANT, PARTLY, SPECIFIC, UNDECIDED):
            row[verdict] = overall[verdict]
        rows.append(row)
    return pd.DataFrame(rows)


def as_markdown(table: pd.DataFrame) -> str:
    """A table as Markdown."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * table.shape[1]]
    for row in table.itertuples(index=False):
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)


def write(table: pd.DataFrame, marks: Marks) -> None:
    """Put a table into the document, between its marks."""
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(marks.begin)
    _, _, after = rest.partition(marks.end)
    body = as_markdown(table)
    DOCUMENT.write_text(f"{before}{marks.begin}\n{body}\n{marks.end}{after}")


def main() -> None:
    """Count, print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=STUDIES)
    parser.add_argument("--first", type=int, default=COUNTED_FROM, help="first seed")
    parser.add_argument("--write", action="store_true")
    parser.add_argument(
        "--directions", action="store_true", help="only directions from elsewhere"
    )
    options = parser.parse_args()
    directions = counted_directions(options.studies, options.first)
    print(directions.to_string(index=False))
    if options.write:
        write(directions, ONE_MARKS)
    if options.directions:
        return
    table = counted(options.studies, options.first)
    print(table.to_string(index=False))
    if options.write:
        write(table, OWN_MARKS)


if __name__ == "__main__":
    main()
