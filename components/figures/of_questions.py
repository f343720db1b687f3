"""Figures of questions from a study: computed with defaults, then drawn."""

from collections.abc import Mapping

from analysis.core.errors import SpecError, unknown
from analysis.plane import localisation, naming, nested, reachable, several
from analysis.questions import geometry, items, projections
from analysis.study.study import Study
from components.figures import depths, layers, plane, plane_choices, plane_reach
from components.figures.languages import Arrangement
from components.figures.spec import Figure

PCA = "PCA"
PICTURES = (PCA, *projections.METHODS)
ITEMS: Mapping[str, int | None] = {"reported": 1, "all": None}
"""Items on which nothing was chosen, or all → the half of ``localisation``."""


def layer_of(study: Study, layer: int) -> int:
    """The layer that is marked; the middle one where none is given."""
    if not layer:
        return (study.layers - 1) // 2 + 1
    if not 1 <= layer <= study.layers:
        raise SpecError(f"There is no layer {layer}; choose 1 to {study.layers}.")
    return layer


def picture(
    study: Study,
    arrangement: Arrangement,
    *,
    show: str = "",
    way: str = PCA,
    basis: str = projections.BASES[0],
    dims: int = 2,
    layer: int = 0,
    grid: bool = False,
) -> Figure:
    """Vectors, questions or mean states as points in two or three dimensions."""
    if way not in PICTURES:
        raise unknown("picture", way, PICTURES)
    what = show or projections.what_can_be_shown(study)[0]
    marked = layer_of(study, layer)
    if way == PCA:
        data = projections.pca(study, what, basis, dims)
    else:
        data = projections.elsewhere(study, way, what, marked, dims)
    languages = arrangement.all_languages(study)
    return layers.picture(study, data, languages, what, marked, grid)


def angle(
    study: Study, arrangement: Arrangement, *, version: str = "own", layer: int = 0
) -> Figure:
    """The mean angle of English and local vector over depth."""
    geometry.lacking(study)
    mean = geometry.mean_angle(study, version)
    curves = depths.angle_curves(study, mean)
    return depths.mean_angle(study, mean, curves, layer_of(study, layer))


def angles(study: Study, arrangement: Arrangement, *, version: str = "own") -> Figure:
    """The angle of English and local vector by language and layer."""
    geometry.lacking(study)
    languages = arrangement.all_languages(study)
    return depths.angle_map(study, geometry.angles(study, version), languages)


def lengths(study: Study, arrangement: Arrangement, *, layer: int = 0) -> Figure:
    """Lengths of English and local vectors over depth."""
    data = geometry.lengths(study)
    return depths.lengths(study, data, layer_of(study, layer))


def agreement(study: Study, arrangement: Arrangement, *, layer: int = 0) -> Figure:
    """Mean cosine between the languages' English and local vectors over depth."""
    data = geometry.agreement(study)
    return depths.agreement(study, data, layer_of(study, layer))


def agreement_map(
    study: Study, arrangement: Arrangement, *, vector: str = "", layer: int = 0
) -> Figure:
    """Cosines between the languages' English or local vectors at a layer."""
    data = geometry.agreement(study)
    known = data.vector.values.tolist()
    which = vector or known[0]
    if which not in known:
        raise unknown("vector", which, known)
    languages = arrangement.all_languages(study)
    marked = layer_of(study, layer)
    return depths.agreement_map(study, data, which, marked, languages)


def separation(
    study: Study, arrangement: Arrangement, *, centred: bool = False, layer: int = 0
) -> Figure:
    """Whether questions merge across languages, over depth."""
    data = items.separation(study, centred)
    return depths.separation(study, data, layer_of(study, layer))


def parallel(study: Study, arrangement: Arrangement, *, layer: int = 0) -> Figure:
    """Agreement of questions with their English versions over depth."""
    return depths.parallel(study, items.parallel(study), layer_of(study, layer))


def lens(study: Study, arrangement: Arrangement, *, layer: int = 0) -> Figure:
    """English or own language in the logit lens over depth."""
    return depths.lens(study, geometry.lens(study), layer_of(study, layer))


def half_of(name: str) -> int | None:
    """The half of the items by its name in ITEMS; SpecError for another name."""
    if name not in ITEMS:
        raise unknown("choice of items", name, ITEMS)
    return ITEMS[name]


def best_setting(best: Mapping[str, int], mode: str) -> str:
    """The mode that was asked for, or the first one that was tried."""
    if not best:
        raise SpecError(
            "Only the unsteered answers are there yet. Go on with the sweep."
        )
    if mode and mode not in best:
        raise unknown("steering", mode, best)
    return mode or next(iter(best))


def arrows(
    study: Study, arrangement: Arrangement, *, mode: str = "", shown: str = "reported"
) -> Figure:
    """Every language from unsteered to steered on transfer and localisation."""
    half = half_of(shown)
    best = localisation.chosen_settings(study)
    place = best[best_setting(best, mode)]
    steered = plane.Steered(
        half,
        localisation.plane(study, place, half),
        localisation.effect(study, place, half),
        localisation.chance(study, half),
        plane.no_others(),
    )
    languages = arrangement.all_languages(study)
    return plane.arrows(study, steered, languages)


def plane_over_depth(
    study: Study,
    arrangement: Arrangement,
    *,
    mode: str = "English",
    shown: str = "reported",
) -> Figure:
    """Gains in transfer and localisation by the layer of one vector."""
    half = half_of(shown)
    best = localisation.chosen_settings(study)
    setting = localisation.settings(study)[best[best_setting(best, mode)]]
    layer = setting.english_layer if mode == "English" else setting.local_layer
    table = localisation.by_layer(study, mode, half)
    figure = plane.over_depth(study, plane.Swept(mode, half, table, layer))
    if figure is None:
        raise SpecError(
            f"“{study.title}” has no gain that is known at any layer: "
            "there are no items of either kind to report."
        )
    return figure


def pareto(
    study: Study, arrangement: Arrangement, *, shown: str = "reported"
) -> Figure:
    """Every setting of a sweep on transfer and localisation."""
    half = half_of(shown)
    missing = localisation.lacking(study, half)
    if missing:
        raise SpecError(f"On these items {'; '.join(missing.values())}.")
    table = localisation.sweep_table(study, half)
    return plane.pareto(study, table, localisation.chosen_settings(study), half)


def what_is_lost(study: Study, arrangement: Arrangement) -> Figure:
    """What became of local answers: at hand, out of reach, recoverable, lost."""
    found = plane_reach.Classified(
        reachable.class_table(study),
        reachable.reach(study),
        reachable.classes(study).attrs["spread"],
    )
    languages = arrangement.all_languages(study)
    return plane_reach.classes(study, found, languages)


def by_country(study: Study, arrangement: Arrangement) -> Figure:
    """Local answers by language and country, with the country named and without."""
    languages = arrangement.all_languages(study)
    return plane_reach.countries(study, reachable.by_country(study), languages)


def named(study: Study, arrangement: Arrangement, *, push: str = "unsteered") -> Figure:
    """Local answers with nothing, the language or the country named, by language."""
    if push not in naming.PUSHES:
        raise unknown("push", push, naming.PUSHES)
    languages = arrangement.all_languages(study)
    return plane_reach.named(study, naming.named_table(study), push, languages)


def chosen_anew(study: Study, arrangement: Arrangement) -> Figure:
    """Depths and strengths that were chosen on other items, beside fixed ones."""
    return plane_choices.choices(study, nested.nested_choice(study))


def several_models(
    study: Study, arrangement: Arrangement, *, others: str = "", mode: str = ""
) -> Figure:
    """Several studies on one plane (``others``: names between commas), one arrow each."""
    chosen = best_setting(localisation.chosen_settings(study), mode)
    table = several.beside(study, others, chosen)
    return plane_choices.models(study, table, chosen)
