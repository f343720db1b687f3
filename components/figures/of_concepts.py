"""Figures of concept vectors from a study: computed with defaults, then drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from analysis.certificates import invariance as certificates
from analysis.concepts import recognition as accuracies
from analysis.concepts import relationship as relatedness_of
from analysis.concepts import similarity as cosines
from analysis.concepts import transfer as transferability
from analysis.concepts import triangle
from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.core.errors import SpecError, unknown
from analysis.overview import compare
from analysis.study import library
from analysis.study.study import Study
from components.figures import (
    certificate,
    comparison,
    overview,
    recognition,
    similarity,
    transfer,
)
from components.figures.cells import between
from components.figures.languages import Arrangement, Languages, share_table
from components.figures.spec import Figure

HONEST = next(iter(CONVENTIONS))


def convention_of(name: str) -> Convention:
    """A convention of CONVENTIONS; SpecError for another."""
    if name not in CONVENTIONS:
        raise unknown("convention", name, CONVENTIONS)
    return CONVENTIONS[name]


def concepts_of(study: Study, concepts: Sequence[str]) -> tuple[str, ...]:
    """The concepts that were asked for; all where none were."""
    return accuracies.known_concepts(study, concepts or None)


def language_of(languages: Languages, code: str, default: int) -> str:
    """A language of a figure by its code; the default's where no code is given."""
    if not code:
        return languages.codes[min(default, len(languages) - 1)]
    if code not in languages.codes:
        raise unknown("language", code, languages.codes)
    return code


def coverage(study: Study, arrangement: Arrangement) -> Figure:
    """Contrast pairs per concept and language."""
    return overview.coverage(study, arrangement.all_languages(study))


def recognition_by_share(
    study: Study, arrangement: Arrangement, *, convention: str = HONEST
) -> Figure:
    """Accuracy by language against its share of pre-training."""
    rule = convention_of(convention)
    languages = arrangement.all_languages(study)
    data = accuracies.recognition(study, rule)
    return recognition.by_share(study, data, languages, rule)


def recognition_in_order(
    study: Study, arrangement: Arrangement, *, convention: str = HONEST
) -> Figure:
    """Accuracy by language, the best first."""
    rule = convention_of(convention)
    languages = arrangement.all_languages(study)
    data = accuracies.recognition(study, rule)
    return recognition.in_order(study, data, languages, rule)


def recognition_over_depth(
    study: Study, arrangement: Arrangement, *, convention: str = HONEST
) -> Figure:
    """Accuracy at every layer."""
    curves = accuracies.recognition_curve(study, convention_of(convention).ties)
    languages = arrangement.all_languages(study)
    return recognition.over_depth(study, curves, languages)


def recognition_by_concept(
    study: Study, arrangement: Arrangement, *, convention: str = HONEST
) -> Figure:
    """Accuracy of every concept in every language."""
    rule = convention_of(convention)
    languages = arrangement.all_languages(study)
    data = accuracies.recognition(study, rule)
    return recognition.by_concept(study, data, languages, rule)


def similarity_matrix(
    study: Study,
    arrangement: Arrangement,
    *,
    layer: int = 0,
    concepts: tuple[str, ...] = (),
    clustered: bool = False,
) -> Figure:
    """Cosines between languages; layer 0 is the maximum over layers."""
    chosen = concepts_of(study, concepts)
    data = cosines.similarity(study, layer or cosines.MAXIMUM, chosen)
    by_layer = cosines.similarity_by_layer(study, chosen) if layer else None
    languages = arrangement.languages(study, data.source.values.tolist())
    if clustered:
        languages = alike_together(data["cosine"], languages)
    return similarity.heat_map(study, data, by_layer, languages)


def alike_together(cosine: xr.DataArray, languages: Languages) -> Languages:
    """Languages with the alike side by side; SpecError where that is impossible."""
    codes, _ = relatedness_of.cluster_order(between(cosine, languages.codes))
    return Languages(codes, tuple(map(languages.name, codes)))


def similarity_over_depth(
    study: Study, arrangement: Arrangement, *, concepts: tuple[str, ...] = ()
) -> Figure:
    """Cosines over depth with their floors and their ceiling."""
    chosen = concepts_of(study, concepts)
    agreement = similarity.Agreement(
        chosen,
        cosines.similarity_by_layer(study, chosen),
        cosines.similarity_floor(study, chosen),
        cosines.similarity_ceiling(study, chosen),
    )
    languages = arrangement.all_languages(study)
    return similarity.floor_and_ceiling(study, agreement, languages)


def invariance(
    study: Study,
    arrangement: Arrangement,
    *,
    concept: str = "",
    layer: int = 0,
    direction: str = "",
) -> Figure:
    """Whether a concept is one direction in every language; layer 0 is the best read.

    ``direction``: whether a kept vector file or a language vector is that direction.
    """
    chosen = concept or study.concepts[0]
    data = certificates.certificate(study, chosen, layer, (), direction)
    return certificate.certificate(study, data, arrangement.all_languages(study))


def cosines_at(study: Study, layer: int) -> xr.DataArray:
    """Cosines (source, target) of all concepts; layer 0 is the maximum over layers."""
    return cosines.similarity(study, layer or cosines.MAXIMUM)["cosine"]


def relatedness(
    study: Study, arrangement: Arrangement, *, kind: str = "genetic", layer: int = 0
) -> Figure:
    """Cosine against linguistic similarity of one kind."""
    cosine = cosines_at(study, layer)
    languages = arrangement.languages(study, cosine.source.values.tolist())
    cells = between(cosine, languages.codes)
    found = relatedness_of.relationship(cells, kind, share_table(study))
    return similarity.scatter(study, cosine, languages, found)


def clusters(study: Study, arrangement: Arrangement, *, layer: int = 0) -> Figure:
    """Languages clustered by their concept vectors."""
    cosine = cosines_at(study, layer)
    languages = arrangement.languages(study, cosine.source.values.tolist())
    _, linkage = relatedness_of.cluster_order(between(cosine, languages.codes))
    return similarity.dendrogram(study, linkage, languages)


def transfer_matrix(
    study: Study,
    arrangement: Arrangement,
    *,
    convention: str = HONEST,
    concepts: tuple[str, ...] = (),
) -> Figure:
    """Transfer from every source to every target."""
    rule = convention_of(convention)
    data = transferability.transfer(study, rule, concepts_of(study, concepts))
    languages = arrangement.languages(study, data.source.values.tolist())
    return transfer.matrix(study, data, languages, rule)


def transfer_over_layers(
    study: Study,
    arrangement: Arrangement,
    *,
    source: str = "",
    target: str = "",
    convention: str = HONEST,
    concepts: tuple[str, ...] = (),
) -> Figure:
    """One source and one target, layer by layer; the first two unless given."""
    languages = arrangement.all_languages(study)
    first = language_of(languages, source, 0)
    second = language_of(languages, target, 1)
    ties = convention_of(convention).ties
    chosen = concepts_of(study, concepts)
    curves = transferability.transfer_curve(study, first, second, chosen, ties)
    names = languages.name(first), languages.name(second)
    return transfer.over_layers(study, curves, *names)


@dataclass(frozen=True)
class Starts:
    """Transferability (source, target) with the accuracies that it starts from."""

    transfer: xr.DataArray
    accuracy: xr.DataArray
    languages: Languages


def starts(study: Study, arrangement: Arrangement, convention: str) -> Starts:
    """Transferability and starting accuracies of all concepts."""
    rule = convention_of(convention)
    values = transferability.transfer(study, rule)["transfer"]
    languages = arrangement.languages(study, values.source.values.tolist())
    accuracy = accuracies.recognition(study, rule)["accuracy"].mean("concept")
    return Starts(between(values, languages.codes), accuracy, languages)


def starting_gap(
    study: Study, arrangement: Arrangement, *, convention: str = HONEST
) -> Figure:
    """Transfer against Acc(source) − Acc(target)."""
    known = starts(study, arrangement, convention)
    found = triangle.starting_gap(known.transfer, known.accuracy)
    return transfer.gap_scatter(
        study, known.transfer, known.accuracy, found, known.languages
    )


def transfer_net(
    study: Study, arrangement: Arrangement, *, convention: str = HONEST
) -> Figure:
    """Transfer net of the starting gap."""
    known = starts(study, arrangement, convention)
    found = triangle.starting_gap(known.transfer, known.accuracy)
    return transfer.residuals(study, found, known.languages)


def two_studies(
    study: Study,
    arrangement: Arrangement,
    *,
    other: str = "",
    what: str = "similarity",
    convention: str = HONEST,
) -> Figure:
    """One measure of a study minus that of another one (``other``: its name)."""
    if what not in compare.COMPARED:
        raise unknown("measure", what, compare.COMPARED)
    known = [name for name in library.names() if name != study.name]
    if not other:
        raise SpecError(
            f"Say with “other” which study to compare with: {', '.join(known)}."
        )
    second = library.open_by_name(other)
    found = compare.compare(study, second, what, convention_of(convention))
    languages = arrangement.languages(study, found.columns)
    pair = comparison.Pair(study, second, what, found)
    return comparison.difference(pair, languages)
