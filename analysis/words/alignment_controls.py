"""What else could let the spaces match?

Kinds of words and their frequency, the template, chance, and the choice of test words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.core.errors import AnalysisError, StudyError
from analysis.core.statistics import correlations
from analysis.core.turns import map_each, steps
from analysis.study.study import Study
from analysis.study.word_list import ABSTRACT, PHYSICAL, WordList
from analysis.words.alignment import (
    BOTH,
    OVER_WORDS,
    curves,
    hits_at_both_stages,
    hits_by_concept,
    spread,
    width,
)
from analysis.words.maps import Fitted
from analysis.words.matching import Pair, before, fit, look_up, matched, words_of
from analysis.words.published import printed_kinds
from analysis.words.specs import AlignmentSpec
from analysis.words.word_lists import wordfreq_frequencies

KINDS = (ABSTRACT, PHYSICAL)
DRAWS = 10
SHUFFLES = 10
HALVINGS = 200
STRATA = 8
"""Classes of frequency.

From each of them as many abstract as physical words are drawn.
"""


@dataclass(frozen=True)
class Material:
    """What a control draws from.

    The words, their ``frequency`` (concept; NaN unknown), and the seed of the draw.
    """

    words: WordList
    frequency: np.ndarray
    seed: int


class KindPrecision(NamedTuple):
    """P@1 of one kind of words, its interval, words looked up, and P@1 of guessing."""

    precision: float
    low: float
    high: float
    n: int
    chance: float


class Reliability(NamedTuple):
    """A correlation, and over how many languages."""

    correlation: float
    languages: int


Draw = Callable[[Sequence[np.ndarray], Material], list[np.ndarray]]


def down_sampled(
    groups: Sequence[np.ndarray],
    material: Material,
) -> list[np.ndarray]:
    """The larger group drawn down to the size of the smaller.

    Each looks among equally many words, so chance is the same.
    """
    rng = np.random.default_rng(material.seed)
    size = min(map(len, groups))
    return [rng.permutation(group)[:size] for group in groups]


def frequency_matched(
    groups: Sequence[np.ndarray],
    material: Material,
) -> list[np.ndarray]:
    """Equally many words of both groups from every class of frequency.

    So that neither is the more frequent one.
    """
    rng = np.random.default_rng(material.seed)
    frequency = material.frequency
    known = [group[np.isfinite(frequency[group])] for group in groups]
    edges = strata_edges(frequency[np.concatenate(known)])
    strata = [np.digitize(frequency[group], edges) for group in known]
    drawn: list[list[np.ndarray]] = [[] for _ in groups]
    for stratum in range(STRATA):
        parts = []
        for group, place in zip(known, strata):
            parts.append(rng.permutation(group[place == stratum]))
        size = min(map(len, parts))
        for part, kept in zip(parts, drawn):
            kept.append(part[:size])
    return [np.concatenate(parts) for parts in drawn]


def strata_edges(frequencies: np.ndarray) -> np.ndarray:
    """Frequencies between the STRATA classes; none where there are no words."""
    if not frequencies.size:
        return np.zeros(0)
    shares = np.linspace(0, 1, STRATA + 1)
    return np.quantile(frequencies, shares[1:-1])


CONTROLS: dict[str, Draw | None] = {
    "plain": None,
    "down-sampled": down_sampled,
    "frequency-matched": frequency_matched,
}
"""Plain: every word looks among the whole pool.

The others draw two groups, each of which looks among its own words.
"""


def alignment_by_kind(
    study: Study,
    spec: AlignmentSpec,
    target: str,
    control: str,
) -> xr.Dataset:
    """P@1 of abstract and of physical test words after the map.

    ``precision``, ``low``, ``high``, ``n`` words looked up and ``chance`` (kind,
    language). Drawn groups are means over DRAWS draws; intervals are Wilson's over
    test words (of the first draw). The map is fitted on all seeds.

    StudyError when the list has no kinds or too few words of one; SpecError when
    frequencies are not to be had. Peng & Søgaard 2024, who leave the control for
    frequency open.
    """
    material = material_of(study, spec, target, control)
    pairs = matched(study, spec, target)
    found = precisions(pairs, spec, {control: material})
    return kinds_of_languages(found[control], list(pairs), control)


def material_of(
    study: Study, spec: AlignmentSpec, target: str, control: str
) -> Material:
    """What a control of CONTROLS draws from; errors as in ``alignment_by_kind``."""
    words = words_of(study)
    if not words.kind(ABSTRACT).any() or not words.kind(PHYSICAL).any():
        raise StudyError(
            f"The words of “{study.title}” are not marked abstract or physical; add a "
            "column “kind” to the list."
        )
    frequency = np.full(len(words.concepts), np.nan)
    if control == "frequency-matched":
        frequency = frequencies(words, target)
    return Material(words, frequency, spec.seed)


def precisions(
    pairs: Mapping[str, Pair],
    spec: AlignmentSpec,
    materials: Mapping[str, Material],
) -> dict[str, list[list[KindPrecision]]]:
    """Control → P@1 of each of KINDS for each pair; all from one map of a pair."""

    def of_pair(pair: Pair) -> list[list[KindPrecision]]:
        fitted = fit(pair, pair.seeds, spec)
        found = []
        for control, material in materials.items():
            draw = CONTROLS[control]
            found.append(precision_by_kind(pair, fitted, spec, material, draw))
        return found

    by_pair = map_each(of_pair, pairs.values(), width(pairs))
    return dict(zip(materials, map(list, zip(*by_pair))))


def kinds_of_languages(
    found: Sequence[Sequence[KindPrecision]],
    languages: Sequence[str],
    control: str,
) -> xr.Dataset:
    """P@1 (kind, language) of what was found for each language.

    StudyError where a kind has too few words.
    """
    # (language, kind, field) as (field, kind, language).
    by_field = np.array(found).transpose(2, 1, 0)
    values = dict(zip(KindPrecision._fields, by_field))
    if not (values["n"] > 1).all():
        raise StudyError(
            f"Too few test words of a kind are left ({control}). Use a longer list, or "
            "another control."
        )
    variables = {}
    for name, part in values.items():
        variables[name] = (("kind", "language"), part)
    coords = {"kind": list(KINDS), "language": list(languages)}
    attributes = {"interval": OVER_WORDS, "control": control}
    return xr.Dataset(variables, coords, attributes)


def precision_by_kind(
    pair: Pair,
    fitted: Fitted,
    spec: AlignmentSpec,
    material: Material,
    draw: Draw | None,
) -> list[KindPrecision]:
    """P@1 of each of KINDS for one pair of languages, in groups that ``draw`` makes."""
    groups = []
    for kind in KINDS:
        is_kind = material.words.kind(kind)
        groups.append(pair.test[is_kind[pair.test]])
    if draw is None:
        hits = hits_by_concept(pair, look_up(pair, fitted, spec))
        return [mean_over_draws([hits[group]]) for group in groups]
    turned = in_one_space(pair, fitted)
    hits_of_kind: list[list[np.ndarray]] = [[] for _ in KINDS]
    for number in range(DRAWS):
        drawn = draw(groups, replace(material, seed=material.seed + number))
        for group, hits in zip(drawn, hits_of_kind):
            hits.append(hits_within(turned, spec, group))
    return [mean_over_draws(hits) for hits in hits_of_kind]


def in_one_space(pair: Pair, fitted: Fitted) -> Pair:
    """The same pair with its test words after the map; all other words are zero."""
    x, y = np.zeros_like(pair.x), np.zeros_like(pair.y)
    x[pair.test] = fitted.source(pair.x[pair.test])
    y[pair.test] = fitted.target(pair.y[pair.test])
    return replace(pair, x=x, y=y)


def mean_over_draws(hits: Sequence[np.ndarray]) -> KindPrecision:
    """Mean over draws of hits (word), with the interval of the first draw.

    NaN for fewer than two words.
    """
    n = len(hits[0])
    if n < 2:
        return KindPrecision(np.nan, np.nan, np.nan, n, np.nan)
    low, high = spread(hits[0])
    means = [part.mean() for part in hits]
    return KindPrecision(
        precision=float(np.mean(means)),
        low=float(low),
        high=float(high),
        n=n,
        chance=1 / n,
    )


def hits_within(turned: Pair, spec: AlignmentSpec, group: np.ndarray) -> np.ndarray:
    """P@1 of each word of a group among the group's own words, all after the map."""
    if not len(group):
        return np.zeros(0)
    group = np.sort(group)
    alone = replace(turned, test=group, pool=group)
    return before(alone, spec).hits(1)


def frequencies(words: WordList, target: str) -> np.ndarray:
    """Frequency per concept, NaN unknown.

    The list's own, else that of the target language's words through ``wordfreq``.
    """
    given = words.frequencies
    if all(value is None for value in given):
        given = wordfreq_frequencies(words, target)
    return np.array([np.nan if value is None else value for value in given])


def alignment_by_template(
    study: Study,
    spec: AlignmentSpec,
    target: str,
) -> xr.Dataset:
    """P@1 before and after for every embedding of a study, mean over source languages.

    ``precision``, ``low``, ``high`` (stage, embedding); ``each`` (stage, embedding,
    language). How much depends on the template is a question that Peng & Søgaard (2024)
    leave open. StudyError while some languages were read in some of the ways only.
    """
    rows = []
    pairs = {}
    for embedding in steps(study.embeddings):
        before = pairs
        pairs = matched(study, replace(spec, embedding=embedding), target)
        if before and list(before) != list(pairs):
            odd = ", ".join(sorted(set(before) ^ set(pairs)))
            raise StudyError(
                f"The words of {odd} were not read in every way yet, so the ways cannot "
                "be compared. Let the study go on first."
            )
        rows.append(hits_at_both_stages(pairs, spec))
    coords = {
        "stage": list(BOTH),
        "embedding": list(study.embeddings),
        "language": list(pairs),
    }
    hits = np.array(rows).transpose(2, 0, 1, 3)
    return curves(hits, coords, pairs)


def alignment_by_chance(
    study: Study,
    spec: AlignmentSpec,
    target: str,
) -> xr.Dataset:
    """P@1 after maps fitted on seeds whose translations were shuffled.

    ``mean`` and ``high``, the 95th percentile, (language). A map fitted on wrong pairs
    knows only where the two clouds lie; what it reaches is not translation.
    """
    pairs = matched(study, spec, target)

    def mean_and_high(pair: Pair) -> np.ndarray:
        reached = shuffled_precisions(pair, spec)
        return np.array([np.mean(reached), np.quantile(reached, 0.95)])

    found = map_each(mean_and_high, pairs.values(), width(pairs))
    mean, high = np.array(found).T
    variables = {"mean": ("language", mean), "high": ("language", high)}
    return xr.Dataset(variables, {"language": list(pairs)}, {"shuffles": SHUFFLES})


def shuffled_precisions(pair: Pair, spec: AlignmentSpec) -> list[float]:
    """P@1 after each of SHUFFLES maps fitted on wrong pairs."""
    rng = np.random.default_rng(spec.seed)
    reached = []
    for _ in range(SHUFFLES):
        wrong = pair.y.copy()
        wrong[pair.seeds] = pair.y[rng.permutation(pair.seeds)]
        fitted = fit(replace(pair, y=wrong), pair.seeds, spec)
        hits = look_up(pair, fitted, spec).hits(1)
        reached.append(hits.mean())
    return reached


def reliability(found: xr.Dataset) -> Reliability:
    """How alike P@1 “after” ranks the languages on two halves of the test words.

    ``found`` is what ``alignment`` gives. Mean correlation over HALVINGS random
    halvings, stepped up to the whole length (Spearman–Brown); NaN with fewer than three
    languages or where all are alike.
    """
    hits = found["hit"].sel(stage="after").values
    hits = hits[:, np.isfinite(hits).all(0)]
    languages, words = hits.shape
    if languages < 3 or words < 4:
        return Reliability(float("nan"), languages)
    halved = halving_correlations(hits)
    if not halved:
        return Reliability(float("nan"), languages)
    mean = float(np.mean(halved))
    if mean <= -1:
        return Reliability(float("nan"), languages)
    stepped_up = 2 * mean / (1 + mean)
    return Reliability(stepped_up, languages)


def halving_correlations(hits: np.ndarray) -> list[float]:
    """Correlation over languages of the means of two halves of hits (language, word).

    One for each random halving; none where all languages of a half are alike.
    """
    words = hits.shape[1]
    middle = words // 2
    rng = np.random.default_rng(0)
    first, second = [], []
    for _ in range(HALVINGS):
        order = rng.permutation(words)
        first.append(hits[:, order[:middle]].mean(1))
        second.append(hits[:, order[middle:]].mean(1))
    found = correlations(np.array(first), np.array(second))
    return found[np.isfinite(found)].tolist()


def kind_controls(
    study: Study,
    spec: AlignmentSpec,
    target: str,
) -> dict[str, xr.Dataset | str]:
    """Every control of CONTROLS by name.

    A sentence instead of numbers where it cannot be computed.
    """
    if study.has("alignment_by_kind"):
        return {"down-sampled": printed_kinds(study, spec.embedding)}
    try:
        pairs = matched(study, spec, target)
    except AnalysisError as error:
        return dict.fromkeys(CONTROLS, str(error))
    materials: dict[str, Material] = {}
    found: dict[str, xr.Dataset | str] = dict.fromkeys(CONTROLS, "")
    for control in CONTROLS:
        try:
            materials[control] = material_of(study, spec, target, control)
        except AnalysisError as error:
            found[control] = str(error)
    if not materials:
        return found
    for control, measured in precisions(pairs, spec, materials).items():
        try:
            found[control] = kinds_of_languages(measured, list(pairs), control)
        except AnalysisError as error:
            found[control] = str(error)
    return found
