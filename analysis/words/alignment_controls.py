"""What else could let the spaces match: kinds of words and their frequency, the template, chance, and the choice of test words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy
import xarray as xr

from analysis.core.errors import AnalysisError, Stopped, StudyError
from analysis.core.turns import map_each, steps
from analysis.study.study import Study
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList
from analysis.words.alignment import OVER_WORDS, curves, spaced, spread, width
from analysis.words.maps import Fitted
from analysis.words.matching import Pair, after, before, fit, look_up, matched
from analysis.words.published import printed_kinds
from analysis.words.specs import AlignmentSpec
from analysis.words.word_lists import wordfreq_frequencies

KINDS = (ABSTRACT, PHYSICAL)
DRAWS = 10
SHUFFLES = 10
HALVINGS = 200
STRATA = 8
"""Classes of frequency within which abstract and physical words are drawn in equal number."""


@dataclass(frozen=True)
class Material:
    """What a control draws from: words, their frequency (NaN unknown), the number of the draw."""

    words: WordList
    frequency: np.ndarray
    seed: int


Draw = Callable[[list[np.ndarray], Material], list[np.ndarray]]


def down_sampled(groups: list[np.ndarray], material: Material) -> list[np.ndarray]:
    """The larger group drawn down to the size of the smaller: each looks among equally many words, so chance is the same."""
    rng, size = np.random.default_rng(material.seed), min(map(len, groups))
    return [rng.permutation(group)[:size] for group in groups]


def frequency_matched(groups: list[np.ndarray], material: Material) -> list[np.ndarray]:
    """Equally many words of both groups from every class of frequency, so that neither is the more frequent one."""
    rng, known = np.random.default_rng(material.seed), material.frequency
    groups = [group[np.isfinite(known[group])] for group in groups]
    both = known[np.concatenate(groups)]
    edges = (
        np.quantile(both, np.linspace(0, 1, STRATA + 1)[1:-1])
        if both.size
        else np.zeros(0)
    )
    strata = [np.digitize(known[group], edges) for group in groups]
    drawn: list[list[np.ndarray]] = [[], []]
    for stratum in range(STRATA):
        parts = [
            rng.permutation(group[place == stratum])
            for group, place in zip(groups, strata)
        ]
        for part, kept in zip(parts, drawn):
            kept.append(part[: min(map(len, parts))])
    return [np.concatenate(parts) for parts in drawn]


CONTROLS: dict[str, Draw | None] = {
    "plain": None,
    "down-sampled": down_sampled,
    "frequency-matched": frequency_matched,
}
"""Plain: every word looks among the whole pool. The others draw two groups, each of which looks among its own words."""


def by_kind(study: Study, spec: AlignmentSpec, target: str, control: str) -> xr.Dataset:
    """P@1 of abstract and of physical test words after the map: ``precision``, ``low``, ``high`` (kind, language).

    ``n`` (kind, language) words looked up. Drawn groups are means over DRAWS draws; intervals are bootstraps over test words (of
    the first draw). The map is fitted on all seeds. StudyError when the list has no kinds or too few words of one; SpecError when
    frequencies are not to be had. Peng & Søgaard 2024, who leave the control for frequency open.
    """
    pairs = matched(study, spec, target)
    words = study.words
    if not words.kind(ABSTRACT).any() or not words.kind(PHYSICAL).any():
        raise StudyError(
            f"The words of “{study.title}” are not marked abstract or physical; add a column “kind” to the list."
        )
    frequency = (
        frequencies(words, target)
        if control == "frequency-matched"
        else np.full(len(words.concepts), np.nan)
    )
    draw = CONTROLS[control]

    def told(pair: Pair) -> np.ndarray:
        groups = [pair.test[words.kind(kind)[pair.test]] for kind in KINDS]
        fitted = fit(pair, pair.seeds, spec)
        if draw is None:
            whole = spaced(pair, look_up(pair, fitted, spec))
            return np.array([summary([whole[group]]) for group in groups])
        drawn = [
            draw(groups, Material(words, frequency, spec.seed + i))
            for i in range(DRAWS)
        ]
        return np.array(
            [
                summary([within(pair, fitted, spec, one[side]) for one in drawn])
                for side in range(len(KINDS))
            ]
        )

    values = np.array(map_each(told, pairs.values(), width(pairs))).transpose(2, 1, 0)
    if not (values[3] > 1).all():
        raise StudyError(
            f"Too few test words of a kind are left ({control}). Use a longer list, or another control."
        )
    names = ("precision", "low", "high", "n", "chance")
    variables = {
        name: (("kind", "language"), part) for name, part in zip(names, values)
    }
    return xr.Dataset(
        variables,
        {"kind": list(KINDS), "language": list(pairs)},
        {"interval": OVER_WORDS, "control": control},
    )


def summary(hits: Sequence[np.ndarray]) -> list[float]:
    """Mean over draws, interval of the first, its number of words and chance among them."""
    n = len(hits[0])
    if n < 2:
        return [np.nan, np.nan, np.nan, n, np.nan]
    low, high = spread(hits[0])
    return [
        float(np.mean([part.mean() for part in hits])),
        float(low),
        float(high),
        n,
        1 / n,
    ]


def within(
    pair: Pair, fitted: Fitted, spec: AlignmentSpec, group: np.ndarray
) -> np.ndarray:
    """P@1 of each word of a group among the group's own words."""
    group = np.sort(group)
    return (
        look_up(replace(pair, test=group, pool=group), fitted, spec).hits(1)
        if len(group)
        else np.zeros(0)
    )


def frequencies(words: WordList, target: str) -> np.ndarray:
    """Frequency per concept: the list's own, else that of the target language's words through ``wordfreq``; NaN unknown."""
    given = (
        words.frequencies
        if any(value is not None for value in words.frequencies)
        else wordfreq_frequencies(words, target)
    )
    return np.array([np.nan if value is None else value for value in given])


def by_template(study: Study, spec: AlignmentSpec, target: str) -> xr.Dataset:
    """P@1 before and after for every embedding of a study, mean over source languages: ``precision``, ``low``, ``high``.

    Dimensions (stage, embedding); ``each`` (stage, embedding, language). How much depends on the template is a question that
    Peng & Søgaard (2024) leave open.
    """
    hits = []
    for embedding in steps(study.embeddings):
        pairs = matched(study, replace(spec, embedding=embedding), target)
        hits.append(
            map_each(
                lambda pair: [
                    spaced(pair, look(pair, spec)) for look in (before, after)
                ],
                pairs.values(),
                width(pairs),
            )
        )
    coords = {
        "stage": ["before", "after"],
        "embedding": list(study.embeddings),
        "language": list(pairs),
    }
    return curves(np.array(hits).transpose(2, 0, 1, 3), coords, pairs)


def shuffled(study: Study, spec: AlignmentSpec, target: str) -> xr.Dataset:
    """P@1 after maps fitted on seeds whose translations were shuffled: ``mean`` and ``high``, the 95th percentile, (language).

    A map fitted on wrong pairs knows only where the two clouds lie; what it reaches is not translation.
    """
    pairs = matched(study, spec, target)

    def told(pair: Pair) -> np.ndarray:
        rng = np.random.default_rng(spec.seed)
        reached = []
        for _ in range(SHUFFLES):
            wrong = pair.y.copy()
            wrong[pair.seeds] = pair.y[rng.permutation(pair.seeds)]
            fitted = fit(replace(pair, y=wrong), pair.seeds, spec)
            reached.append(look_up(pair, fitted, spec).hits(1).mean())
        return np.array([np.mean(reached), np.quantile(reached, 0.95)])

    values = np.array(map_each(told, pairs.values(), width(pairs))).T
    variables = {
        name: ("language", part) for name, part in zip(("mean", "high"), values)
    }
    return xr.Dataset(variables, {"language": list(pairs)}, {"shuffles": SHUFFLES})


def reliability(found: xr.Dataset) -> tuple[float, int]:
    """How alike P@1 “after” ranks the languages on one half of the test words and on the other, and over how many languages.

    ``found`` is what ``alignment`` gives. Mean correlation over HALVINGS random halvings, stepped up to the whole length
    (Spearman–Brown); NaN with fewer than three languages or where all are alike.
    """
    hits = found["hit"].sel(stage="after").values
    hits = hits[:, np.isfinite(hits).all(0)]
    languages, n = hits.shape
    rng = np.random.default_rng(0)
    together = []
    for _ in range(HALVINGS if languages > 2 and n > 3 else 0):
        order = rng.permutation(n)
        halves = [hits[:, part].mean(1) for part in (order[: n // 2], order[n // 2 :])]
        if all(np.ptp(half) > 0 for half in halves):
            together.append(scipy.stats.pearsonr(*halves).statistic)
    mean = float(np.mean(together)) if together else float("nan")
    return (2 * mean / (1 + mean) if mean > -1 else float("nan")), languages


def controls(
    study: Study, spec: AlignmentSpec, target: str
) -> dict[str, xr.Dataset | str]:
    """Every control of CONTROLS by name; a sentence instead of numbers where it cannot be computed."""
    found: dict[str, xr.Dataset | str] = {}
    if study.has("alignment_by_kind"):
        return {"down-sampled": printed_kinds(study, spec.embedding)}
    for control in steps(list(CONTROLS)):
        try:
            found[control] = by_kind(study, spec, target, control)
        except Stopped:
            raise
        except AnalysisError as error:
            found[control] = str(error)
    return found
