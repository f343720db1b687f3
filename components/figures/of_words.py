"""Figures of words from a study: matched with defaults, then drawn."""

from analysis.core.errors import SpecError, unknown
from analysis.study.study import PUBLISHED, Study
from analysis.words import alignment as matches
from analysis.words import alignment_controls as controlled
from analysis.words import neighbours, published
from analysis.words.specs import AlignmentSpec
from components.figures import alignment, alignment_controls
from components.figures.languages import Arrangement
from components.figures.spec import Figure

PUBLISHED_STAGES = ("after", "before", "ceiling")
STAGES = ("after", "before")


def spec_of(study: Study, embedding: str, layer: int = 0) -> AlignmentSpec:
    """How words are matched: by default in the first embedding, at the last layer."""
    name = embedding or study.embeddings[0]
    if name not in study.embeddings:
        raise unknown("embedding", name, study.embeddings)
    return AlignmentSpec(name, layer)


def target_of(study: Study, target: str) -> str:
    """The language that words are looked up in: English unless another is given."""
    if study.kind == PUBLISHED or study.words is None:
        return "en"
    known = study.words.languages
    if target and target not in known:
        raise unknown("language", target, known)
    if target:
        return target
    return "en" if "en" in known else known[0]


def stage_of(stage: str, allowed: tuple[str, ...]) -> str:
    """A stage of matching; SpecError for another."""
    if stage not in allowed:
        raise unknown("stage", stage, allowed)
    return stage


def by_language(
    study: Study,
    arrangement: Arrangement,
    *,
    embedding: str = "",
    layer: int = 0,
    target: str = "",
) -> Figure:
    """Words found at the first try (P@1) from every language."""
    spec, into = spec_of(study, embedding, layer), target_of(study, target)
    found = matches.alignment(study, spec, into)
    matching = alignment.Matching(spec, arrangement.in_words(into))
    languages = arrangement.languages(study, found.language.values.tolist())
    return alignment.by_language(study, found, matching, languages)


def over_layers(
    study: Study, arrangement: Arrangement, *, embedding: str = "", target: str = ""
) -> Figure:
    """P@1 over layers, mean over languages."""
    spec = spec_of(study, embedding)
    data = matches.alignment_by_layer(study, spec, target_of(study, target))
    return alignment.curve(study, data, spec, "layer")


def over_seeds(
    study: Study,
    arrangement: Arrangement,
    *,
    embedding: str = "",
    layer: int = 0,
    target: str = "",
) -> Figure:
    """P@1 by the number of seed pairs, mean over languages."""
    spec = spec_of(study, embedding, layer)
    data = matches.alignment_by_seeds(study, spec, target_of(study, target))
    return alignment.curve(study, data, spec, "seeds")


def between_languages(
    study: Study,
    arrangement: Arrangement,
    *,
    embedding: str = "",
    layer: int = 0,
    stage: str = "after",
) -> Figure:
    """P@1 between every two languages."""
    chosen = stage_of(stage, STAGES)
    spec = spec_of(study, embedding, layer)
    data = matches.alignment_by_pair(study, spec)
    languages = arrangement.languages(study, data.source.values.tolist())
    return alignment.matrix(study, data, spec, chosen, languages)


def by_template(
    study: Study, arrangement: Arrangement, *, layer: int = 0, target: str = ""
) -> Figure:
    """P@1 after the map by how words are read."""
    spec = spec_of(study, "", layer)
    data = controlled.alignment_by_template(study, spec, target_of(study, target))
    languages = arrangement.languages(study, data.language.values.tolist())
    return alignment_controls.templates(study, data, spec, languages)


def by_kind(
    study: Study,
    arrangement: Arrangement,
    *,
    embedding: str = "",
    layer: int = 0,
    target: str = "",
    control: str = "",
) -> Figure:
    """P@1 of abstract and of physical words per language."""
    spec, into = spec_of(study, embedding, layer), target_of(study, target)
    found = controlled.kind_controls(study, spec, into)
    chosen = control or next(iter(found))
    if chosen not in found:
        raise unknown("control", chosen, found)
    data = found[chosen]
    # Where a control cannot be had, a sentence stands in its place.
    if isinstance(data, str):
        raise SpecError(data)
    languages = arrangement.languages(study, data.language.values.tolist())
    return alignment_controls.kinds(study, data, chosen, languages)


def published_settings(
    study: Study, arrangement: Arrangement, *, stage: str = "after"
) -> Figure:
    """P@1 of all published settings."""
    data = published.printed_settings(stage_of(stage, PUBLISHED_STAGES))
    languages = arrangement.languages(study, data.source.values.tolist())
    return alignment_controls.published_settings(study, data, stage, languages)


def concept_ranks(study: Study, arrangement: Arrangement, *, layer: int = 0) -> Figure:
    """Ranks by cosine of the right concept among all of a study's."""
    data = matches.concept_ranks(study, layer)
    languages = arrangement.languages(study, data.source.values.tolist())
    shown = str(layer) if layer else "last"
    return alignment.concept_ranks(study, data, shown, languages)


def cloud(
    study: Study,
    arrangement: Arrangement,
    *,
    embedding: str = "",
    layer: int = 0,
    source: str = "",
    target: str = "",
    stage: str = "after",
    projection: str = neighbours.PROJECTIONS[0],
) -> Figure:
    """The words of two languages in two dimensions, before or after the map."""
    chosen, into = stage_of(stage, STAGES), target_of(study, target)
    known = study.words.languages if study.words is not None else ()
    others = [code for code in known if code != into]
    origin = source or others[0]
    if origin not in others:
        raise unknown("language", origin, others)
    matched = neighbours.matched_pair(
        study, spec_of(study, embedding, layer), origin, into
    )
    data = neighbours.word_clouds(matched, projection)
    route = alignment_controls.Route(
        arrangement.name(origin), arrangement.in_words(into)
    )
    return alignment_controls.cloud(study, data, chosen, route)
