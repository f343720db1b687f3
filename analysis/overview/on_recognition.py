"""Is the concept there? What a study says about recognition."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from analysis.concepts.null_vectors import null_note
from analysis.concepts.recognition import recognition
from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.core.intervals import ends
from analysis.overview.finding import (
    CONTRADICTORY,
    MISSING,
    NONE,
    RATE,
    STRONG,
    UNTOLD,
    WEAK,
    Finding,
    Measure,
    Verdict,
    beside_unrelated,
    cells_not_tested,
    directly,
    lacking,
    name,
    numbered,
    printed_prefix,
    sentence_of,
    small_picture,
)
from analysis.overview.on_layers import chosen
from analysis.study.study import Study

PAGE = "recognition"


@dataclass(frozen=True)
class Recognised:
    """In how many languages the concepts are found, and where best.

    ``above``: of ``tested`` languages whose mean accuracy is above chance with its
    whole interval; ``told``: of ``compared`` that can be told from unrelated vectors.
    Accuracies in percent.
    """

    concepts: int
    best: str
    highest: float
    chance: float
    above: int
    tested: int
    told: int = 0
    compared: int = 0

    @property
    def found(self) -> int:
        """Languages in which the concepts are found, by the stricter of the tests."""
        return self.told if self.compared else self.above

    @property
    def judged(self) -> int:
        """Languages that could be judged at all."""
        return self.compared or self.tested


def recognised(
    study: Study, convention: Convention, measure: Measure = directly
) -> Finding:
    """In how many languages the concepts are found, and where best."""
    table = measure(recognition, study, convention)
    if not np.isfinite(table["mean"].values).any():
        if null_note(study):
            words = "No vector has an accuracy: not one is longer than rounding noise."
            return Finding(PAGE, words, "", MISSING)
        return lacking(study, PAGE)
    verdict = judge(read(study, table))
    return numbered(PAGE, verdict, statistics(study, table, convention), picture(table))


def picture(table: xr.Dataset) -> xr.DataArray:
    """Mean accuracy by language, the best first, percent."""
    means = 100 * table["mean"].values
    codes = table.language.values
    values = {}
    for place in np.argsort(-means, kind="stable"):
        if np.isfinite(means[place]):
            values[name(str(codes[place]))] = float(means[place])
    return small_picture(values, "%", 100 * float(table.mean_chance.mean()))


def read(study: Study, table: xr.Dataset) -> Recognised:
    """What the verdict is given on."""
    means, low = table["mean"].values, table["mean_low"].values
    best = int(np.nanargmax(means))
    codes = table.language.values.tolist()
    q = table.get("mean_q_unrelated")
    known = q.values[np.isfinite(q.values)] if q is not None else np.zeros(0)
    return Recognised(
        concepts=len(study.concepts),
        best=name(codes[best]),
        highest=100 * float(means[best]),
        chance=100 * float(table.mean_chance.mean()),
        above=int((low > table.mean_chance.values).sum()),
        tested=int(np.isfinite(low).sum()),
        told=int((known < RATE).sum()),
        compared=len(known),
    )


def judge(found: Recognised) -> Verdict:
    """The sentence, by how many languages pass the stricter test that there is."""
    what = "The concept is" if found.concepts == 1 else "The concepts are"
    best = f"{found.best} ({found.highest:.1f} %)"
    chance = f"chance is {found.chance:.0f} %"
    if not found.judged:
        text = f"Accuracy is highest in {best}; too few numbers to test it ({chance})."
        return Verdict(text, UNTOLD)
    languages = count(found.judged, "language")
    if found.compared and 2 * found.told < found.above:
        where = f"all but {found.told}" if found.told else "every one"
        text = (
            f"Accuracy beats chance in {count(found.above, 'language')}, but unrelated "
            f"vectors do as well in {where} of them."
        )
        return Verdict(text, CONTRADICTORY)
    if not found.found:
        text = f"{what} found in none of {languages}: {best} is the best, {chance}."
        return Verdict(text, NONE)
    where = f"in {found.found} of {languages}"
    if found.found == found.judged:
        where = f"in all {languages}" if found.judged > 1 else f"in {found.best}"
    if 2 * found.found < found.judged:
        text = f"{what} found {where} only, best in {best}."
        return Verdict(text, WEAK)
    return Verdict(f"{what} found {where}, best in {best}.", STRONG)


def statistics(study: Study, table: xr.Dataset, convention: Convention) -> str:
    """Best and worst language with their intervals, chance, and how many cells beat it."""
    means = table["mean"].values
    best = accuracy(table, int(np.nanargmax(means)))
    worst = accuracy(table, int(np.nanargmin(means)))
    chance = 100 * float(table.mean_chance.mean())
    text = (
        f"mean accuracy over {count(len(study.concepts), 'concept')} is highest in "
        f"{best} and lowest in {worst}"
    )
    prefix = printed_prefix(table)
    if prefix:
        return (
            f"{prefix}{text}; the intervals are over concepts and chance is "
            f"{chance:.0f} %."
        )
    clauses = [
        f"{text}; chance is {chance:z.1f} %",
        *cells_that_beat(table),
        chosen(study, convention),
    ]
    return sentence_of(clauses)


def cells_that_beat(table: xr.Dataset) -> list[str]:
    """How many cells are better than chance, and how many pairs each has."""
    q = table.q.values[np.isfinite(table.q.values)]
    pairs = table.n.values[table.n.values > 0]
    sizes = f"{pairs.min()} to {pairs.max()}"
    if pairs.min() == pairs.max():
        sizes = f"{pairs.min()}"
    clauses = []
    if len(q):
        clauses.append(
            f"{(q < RATE).sum()} of {count(len(q), 'cell')} with {sizes} held-out pairs "
            f"each are better than chance (q < {RATE})"
        )
    clauses.append(cells_not_tested(table))
    clauses.append(beside_unrelated(table.get("mean_q_unrelated"), "mean"))
    return clauses


def accuracy(table: xr.Dataset, place: int) -> str:
    """“English (90.6 %, 95 % interval 88.1 to 92.3)”."""
    row = table.isel(language=place)
    mean, low, high = (
        100 * float(row[part]) for part in ("mean", "mean_low", "mean_high")
    )
    language = name(row.language.item())
    if not np.isfinite(low):
        return f"{language} ({mean:z.1f} %, without an interval)"
    return f"{language} ({mean:z.1f} %, 95 % interval {ends(low, high, '.1f')})"
