"""The certificate of invariance: is a concept one direction in every language?

Ours. A verdict per language and over all, from the rules of ``rules.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from analysis.certificates import behaviour, directions, of_direction, rules
from analysis.certificates.agreement import (
    Agreement,
    agreement,
    of_language,
    shares,
    without_mean,
)
from analysis.certificates.behaviour import TRIAL, Pushed
from analysis.certificates.directions import OWN
from analysis.certificates.kept import (
    halves_at,
    layer_of,
    margins_at,
    shuffled_at,
    unrelated_at,
)
from analysis.certificates.readings import (
    Margins,
    Readings,
    in_halves,
    kept_accuracy,
    nothing_left,
    readings,
    without_shared,
)
from analysis.certificates.rules import DIRECTION_RULES, NOT_KNOWN, RULES, Rule, Value
from analysis.certificates.verdicts import (
    Certificate,
    lowest,
    lowest_half,
    outcomes,
    over_languages,
    without_ratios,
)
from analysis.concepts.recognition import known_concepts, origin
from analysis.core.errors import SpecError, listed
from analysis.study import library
from analysis.study.study import Study

ENDS = ("estimate", "low", "high")


@dataclass(frozen=True)
class Evidence:
    """All that is known of one concept at one layer.

    ``lowest`` (other template, language): what others read there; empty where no other
    template was looked at. ``pushed``: None where pushing was not tried.
    """

    languages: tuple[str, ...]
    agreement: Agreement
    without_mean: Agreement | None
    readings: Readings
    margins: Margins
    halves: np.ndarray
    pushed: Pushed | None = None
    templates: tuple[Mapping[str, Value], ...] = ()

    @property
    def home(self) -> np.ndarray:
        """Which languages (language) read the concept with their own vector."""
        return self.readings.home


def evidence(
    study: Study, concept: str, layer: int, trial: xr.Dataset | None = None
) -> Evidence:
    """What a study knows of a concept at a layer (1…N); ``trial``: of pushing."""
    place = study.concepts.index(concept)
    halves = halves_at(study, layer)
    shuffled = shuffled_at(study, concept, layer)
    lifted = None
    if len(study.concepts) > 1:
        lifted = agreement(without_mean(halves, place), 0, None)
    margins = margins_at(study, concept, layer)
    pushed = None
    if trial is not None:
        pushed = behaviour.pushed(trial, concept, study.languages)
    return Evidence(
        study.languages,
        agreement(halves, place, shuffled),
        lifted,
        readings(margins, unrelated_at(study, concept, layer)),
        margins,
        halves[:, place],
        pushed,
    )


def of_languages(found: Evidence) -> list[dict[str, Value]]:
    """Every piece of evidence by its rule's name, for each language; absent: untested."""
    among = found.home
    share = shares(found.agreement, among)
    lifted = None
    if found.without_mean is not None:
        lifted = shares(found.without_mean, among)
    split = without_shared(found.margins, found.halves, among)
    left = nothing_left(found.margins, split)
    reading_halves = in_halves(found.margins, among)
    values = []
    for place, _ in enumerate(found.languages):
        known = {
            rules.AGREEMENT: of_language(share, place),
            rules.FROM: kept_accuracy(found.readings, from_others(among, place)),
            rules.TO: kept_accuracy(found.readings, from_others(among, place).T),
            rules.SHARED: left[place],
            rules.HALVES: lowest_half(share.values[:, place], reading_halves[:, place]),
        }
        if lifted is not None:
            known[rules.WITHOUT_MEAN] = of_language(lifted, place)
        if found.templates:
            known[rules.TEMPLATE] = lowest(
                [of[found.languages[place]] for of in found.templates]
            )
        if found.pushed is not None:
            known[rules.MOVED] = behaviour.moved_by_others(found.pushed, place, among)
            known[rules.MOVES] = behaviour.moves_others(found.pushed, place, among)
        values.append(known if among[place] else without_ratios(known))
    return values


def from_others(among: np.ndarray, place: int) -> np.ndarray:
    """Cells (source, target) of the others' vectors on one language's pairs."""
    cells = np.zeros((len(among), len(among)), bool)
    cells[among, place] = True
    cells[place, place] = False
    return cells


def of_all(found: Evidence, values: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Every piece of evidence over all languages that read the concept at home."""
    among = found.home
    cells = among[:, None] & among[None] & ~np.eye(len(among), dtype=bool)
    reading = kept_accuracy(found.readings, cells)
    known = {rules.FROM: reading, rules.TO: reading}
    if found.pushed is not None:
        moved = behaviour.over_targets(found.pushed, among)
        known[rules.MOVED] = moved
        known[rules.MOVES] = moved
    for rule in RULES:
        tested = [of[rule.name] for of in values if rule.name in of]
        if rule.name not in known and tested:
            estimates = np.array([value.estimate for value in tested])
            known[rule.name] = over_languages(estimates[among])
    return known


def certify(found: Evidence) -> Certificate:
    """Verdicts from all that is known of a concept at a layer."""
    values = of_languages(found)
    all_values = of_all(found, values)
    each = [outcomes(known) for known in values]
    verdicts = []
    for home, own in zip(found.home.tolist(), each):
        verdicts.append(rules.verdict(home, own))
    at_home = int(found.home.sum())
    pooled = rules.verdict(at_home > 1, outcomes(all_values))
    whole = rules.overall(pooled, verdicts, at_home)
    return Certificate(
        found.languages,
        (*values, all_values),
        (*each, outcomes(all_values)),
        (*verdicts, whole),
    )


def certificate(
    study: Study,
    concept: str,
    layer: int = 0,
    beside: Sequence[str] = (),
    direction: str = OWN,
) -> xr.Dataset:
    """Is a concept one direction in every language? A verdict per language and over all.

    By ``language`` (all of them together last, as “all”) and ``evidence`` (the names of
    ``rules.RULES``): ``kept`` with ``low`` and ``high`` (95 %; ratios, 1: all of what the
    own vector does; NaN where that cannot be told from 0), ``outcome``. By language:
    ``verdict``, ``home`` (whether the own vector reads it), ``accuracy`` of the own vector
    with ``accuracy_low`` and ``accuracy_high``, ``cosine`` to the others,
    ``floor_concepts``, ``floor_shuffled``, ``ceiling``.

    ``layer`` 1…N, or 0: where own vectors read best. ``beside``: names of studies of the
    same model and texts with other templates. Effects of pushing are taken where the
    study has the trial “pushing”. ``direction``: one direction for all languages instead
    of their own vectors, “file:NAME” of a kept vector file, “language:fr” or
    “language:fr/en”; ``evidence`` are then ``rules.DIRECTION_RULES``, and ``why_not``
    (evidence) says why a piece was not tested. SpecError for an unknown concept, layer or
    direction, for fewer than four languages and for a study beside that does not fit;
    StudyError for a study without halves or pair scores. Ours.
    """
    (concept,) = known_concepts(study, (concept,))
    if len(study.languages) < rules.FEWEST_LANGUAGES:
        raise SpecError(
            f"“{study.title}” has {len(study.languages)} languages; a certificate needs "
            f"at least {rules.FEWEST_LANGUAGES}. Compute more languages on the Extract "
            "page."
        )
    if direction != OWN:
        return of_one(study, concept, layer, beside, direction)
    at = layer_of(study, concept, layer)
    trial = study.trial(TRIAL) if study.has_trial(TRIAL) else None
    found = evidence(study, concept, at, trial)
    templates = tuple(readings_beside(study, name, concept, at) for name in beside)
    found = replace(found, templates=templates)
    made = certify(found)
    beside_ratios = context(found.readings, found.agreement)
    return labelled(study, made, RULES, beside_ratios).assign_attrs(
        concept=concept, layer=at, interval=INTERVAL
    )


def of_one(
    study: Study, concept: str, layer: int, beside: Sequence[str], text: str
) -> xr.Dataset:
    """The certificate of one direction for all languages."""
    if beside:
        raise SpecError(
            "Studies with other templates are compared for the study's own vectors only; "
            f"asked for was the direction “{text[:80]}” beside {listed(beside)}. Leave out "
            "either."
        )
    direction = directions.read(study, text)
    at = layer_of(study, concept, layer, direction.layers)
    found = of_direction.evidence_of(study, concept, at, direction.vectors[at])
    made = of_direction.certify_direction(found)
    beside_ratios = of_direction.context(found)
    data = labelled(study, made, DIRECTION_RULES, beside_ratios)
    why = of_direction.why_not(found)
    said = [why.get(name, "") for name in data["evidence"].values.tolist()]
    data["why_not"] = ("evidence", np.array(said, object))
    return data.assign_attrs(
        concept=concept,
        layer=at,
        interval=INTERVAL_OF_ONE,
        direction=text,
        direction_words=direction.words,
    )


def readings_beside(
    study: Study, name: str, concept: str, layer: int
) -> dict[str, Value]:
    """What others read in another study, by language; NOT_KNOWN where it lacks one.

    SpecError unless that study is of the same model and texts with another template.
    """
    if name not in fitting(study):
        raise SpecError(
            f"“{name}” is no study of the same model and texts with another template; "
            f"those are: {', '.join(fitting(study)) or 'none'}."
        )
    other = library.open_by_name(name)
    values = dict.fromkeys(study.languages, NOT_KNOWN)
    if concept not in other.concepts:
        return values
    found = evidence(other, concept, layer)
    for place, language in enumerate(other.languages):
        if language in values and found.home[place]:
            values[language] = kept_accuracy(
                found.readings, from_others(found.home, place)
            )
    return values


def fitting(study: Study) -> tuple[str, ...]:
    """Names of complete studies of the same model and texts with another template."""
    own = study.manifest.spec or {}
    found = []
    for name in library.names():
        if name == study.name:
            continue
        other = library.open_by_name(name)
        spec = other.manifest.spec or {}
        alike = all(spec.get(key) == own.get(key) for key in ("model", "corpus_digest"))
        differs = spec.get("template") != own.get("template")
        if spec and alike and differs and other.complete and other.has("half_a"):
            found.append(name)
    return tuple(found)


def shown_numbers(made: Certificate, names: Sequence[str]) -> np.ndarray:
    """Ends × languages × evidence: the numbers of a certificate, NaN where there is none."""
    numbers = np.full((len(ENDS), len(made.verdicts), len(names)), np.nan)
    for row, known in enumerate(made.values):
        for column, name in enumerate(names):
            value = known.get(name, NOT_KNOWN)
            # Where own vectors move nothing there is an outcome, but no ratio.
            shown = NOT_KNOWN if value is behaviour.STILL else value
            numbers[:, row, column] = shown
    return numbers


def labelled(
    study: Study,
    made: Certificate,
    asked: Sequence[Rule],
    beside_ratios: Mapping[str, np.ndarray],
) -> xr.Dataset:
    """A certificate with its labels and words; what stands beside ratios, by language."""
    names = [rule.name for rule in asked]
    numbers = shown_numbers(made, names)
    told = [[each[name] for name in names] for each in made.outcomes]
    dims = ("language", "evidence")
    words = {"long_name": "of what the own vector does", "units": "ratio"}
    variables = {
        "kept": (dims, numbers[0], words),
        "low": (dims, numbers[1], {**words, "long_name": "lower end, 95 %"}),
        "high": (dims, numbers[2], {**words, "long_name": "upper end, 95 %"}),
        "outcome": (dims, np.array(told, object), {"long_name": "outcome"}),
        "verdict": ("language", np.array(made.verdicts, object)),
    }
    for name, values in beside_ratios.items():
        numbers_of = values.astype(float)
        mean = behaviour.known_mean(numbers_of, 0)
        variables[name] = ("language", np.append(numbers_of, mean))
    coords = {"language": [*study.languages, ALL], "evidence": names}
    return xr.Dataset(variables, coords, origin(study))


ALL = "all"
"""What all languages together are called."""
INTERVAL = (
    "95 %: over the other languages (directions), over sources of held-out pairs "
    "(readings), over prompts or targets (pushing)"
)
INTERVAL_OF_ONE = (
    "95 %: from the noise of vectors (directions; over languages, for all of them), over "
    "sources of held-out pairs (readings)"
)


def context(known: Readings, found: Agreement) -> dict[str, np.ndarray]:
    """What stands beside the ratios, by language."""
    ceiling = found.ceiling.copy()
    np.fill_diagonal(ceiling, np.nan)
    return {
        "home": known.home,
        "accuracy": known.own,
        "accuracy_low": np.diagonal(known.low),
        "accuracy_high": np.diagonal(known.high),
        "cosine": behaviour.known_mean(found.cosine.mean(0), -1),
        "floor_concepts": found.other_concepts,
        "floor_shuffled": found.shuffled,
        "ceiling": behaviour.known_mean(ceiling, -1),
    }
