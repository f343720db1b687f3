"""The table of figures: any figure of any page by its name, without a browser.

draw(library.open_by_name("demo"), "transfer", convention="paper")
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analysis.core.errors import SpecError, unknown
from analysis.study.study import Study
from analysis.words.alignment import FEW
from components.figures import of_concepts, of_questions, of_words
from components.figures.languages import Arrangement
from components.figures.spec import Figure

Option = str | int | float | bool | tuple[str, ...]
SHARED: Mapping[str, Option] = {
    "order": Arrangement().order,
    "labels": Arrangement().labels,
}
"""Options of every figure: how languages are ordered, and what they are called."""
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True)
class Need:
    """What a figure needs of a study, in words, and whether a study has it."""

    words: str
    met: Callable[[Study], bool]


def one_of(*arrays: str) -> Callable[[Study], bool]:
    """Whether a study has one of these arrays."""

    def met(study: Study) -> bool:
        return any(study.has(array) for array in arrays)

    return met


def has_words(study: Study) -> bool:
    """Whether a study has words that can be matched, or matches that are printed."""
    return bool(study.embeddings) and (study.words is None or not has_few_words(study))


def has_own_words(study: Study) -> bool:
    """Whether a study has word vectors, and words enough to match."""
    return study.words is not None and has_words(study)


def has_few_words(study: Study) -> bool:
    """Whether a study's words are too few to be matched."""
    return study.words is not None and len(study.words.concepts) < FEW


def has_ranks(study: Study) -> bool:
    """Whether concepts can be ranked by cosine: by their words, or by their vectors."""
    return study.words is not None or study.has("concept_vector")


@dataclass(frozen=True)
class Entry:
    """A figure of a page: what computes and draws it, and what a study needs for it.

    ``draw`` takes a study, an arrangement of languages, and options by keyword.
    """

    page: str
    draw: Callable[..., Figure]
    need: Need

    @property
    def says(self) -> str:
        """What the figure shows, in one line."""
        return (inspect.getdoc(self.draw) or "").partition("\n")[0]

    @property
    def options(self) -> dict[str, Option]:
        """Option → its default."""
        found = dict(SHARED)
        for parameter in inspect.signature(self.draw).parameters.values():
            if parameter.kind == parameter.KEYWORD_ONLY:
                found[parameter.name] = parameter.default
        return found


CONCEPTS = Need("concepts", one_of("concept_vector", "recognition", "similarity"))
ACCURACIES = Need("recognition accuracies", one_of("pair_score", "recognition"))
SCORES = Need("pair scores", one_of("pair_score"))
COSINES = Need("similarity matrix", one_of("concept_vector", "similarity"))
VECTORS = Need("concept vectors", one_of("concept_vector"))
TRANSFER = Need("transfer matrix", one_of("pair_score", "transfer"))
POINTS = Need(
    "English or local vectors",
    one_of("english_vector", "local_vector", "mean_state", "item_state"),
)
STEERING = Need(
    "English or local vectors", one_of("english_vector", "local_vector", "mean_state")
)
ANGLES = Need("English and local vectors", one_of("local_vector"))
ITEMS = Need("states of questions", one_of("item_state"))
LENS = Need("logit lens", one_of("lens_share"))
WORDS = Need("words to match", has_words)
OWN_WORDS = Need("word vectors of its own", has_own_words)
SETTINGS = Need("printed settings", one_of("alignment"))
RANKS = Need("concept vectors or words", has_ranks)
PLANE = Need("plane", one_of("plane_answer"))

FIGURES: Mapping[str, Entry] = {
    "overview": Entry("Overview", of_concepts.coverage, CONCEPTS),
    "recognition": Entry("Recognition", of_concepts.recognition_by_share, ACCURACIES),
    "recognition-depth": Entry(
        "Recognition", of_concepts.recognition_over_depth, SCORES
    ),
    "recognition-concepts": Entry(
        "Recognition", of_concepts.recognition_by_concept, ACCURACIES
    ),
    "similarity": Entry("Similarity", of_concepts.similarity_matrix, COSINES),
    "similarity-depth": Entry("Similarity", of_concepts.similarity_over_depth, VECTORS),
    "relatedness": Entry("Similarity", of_concepts.relatedness, COSINES),
    "clusters": Entry("Similarity", of_concepts.clusters, COSINES),
    "transfer": Entry("Transfer", of_concepts.transfer_matrix, TRANSFER),
    "transfer-layers": Entry("Transfer", of_concepts.transfer_over_layers, SCORES),
    "starting-gap": Entry("Transfer", of_concepts.starting_gap, TRANSFER),
    "transfer-net": Entry("Transfer", of_concepts.transfer_net, TRANSFER),
    "alignment": Entry("Alignment", of_words.by_language, WORDS),
    "alignment-layers": Entry("Alignment", of_words.over_layers, OWN_WORDS),
    "alignment-seeds": Entry("Alignment", of_words.over_seeds, WORDS),
    "alignment-pairs": Entry("Alignment", of_words.between_languages, OWN_WORDS),
    "alignment-templates": Entry("Alignment", of_words.by_template, OWN_WORDS),
    "alignment-kinds": Entry("Alignment", of_words.by_kind, WORDS),
    "alignment-settings": Entry("Alignment", of_words.published_settings, SETTINGS),
    "concept-ranks": Entry("Alignment", of_words.concept_ranks, RANKS),
    "cloud": Entry("Alignment", of_words.cloud, OWN_WORDS),
    "layers": Entry("Layers", of_questions.picture, POINTS),
    "angle": Entry("Layers", of_questions.angle, ANGLES),
    "angles": Entry("Layers", of_questions.angles, ANGLES),
    "length": Entry("Layers", of_questions.lengths, STEERING),
    "agreement": Entry("Layers", of_questions.agreement, STEERING),
    "agreement-map": Entry("Layers", of_questions.agreement_map, STEERING),
    "separation": Entry("Layers", of_questions.separation, ITEMS),
    "parallel": Entry("Layers", of_questions.parallel, ITEMS),
    "lens": Entry("Layers", of_questions.lens, LENS),
    "plane": Entry("Plane", of_questions.arrows, PLANE),
    "plane-depth": Entry("Plane", of_questions.plane_over_depth, PLANE),
    "pareto": Entry("Plane", of_questions.pareto, PLANE),
}
"""Name → figure; the first one of a page is called like the page."""


def draw(study: Study, name: str, **options: object) -> Figure:
    """A figure of FIGURES for a study, computed with these options.

    Options may be given as text, as a command line has them. SpecError for a name or an
    option that there is none of, and for a study that lacks what the figure needs;
    other errors are those of the analysis.
    """
    entry = entry_of(name)
    if not entry.need.met(study):
        others = ", ".join(names(study)) or "nothing"
        raise SpecError(
            f"“{study.title}” has no {entry.need.words}, which the figure “{name}” "
            f"needs. It can show: {others}."
        )
    chosen = fitted(entry, options)
    arrangement = Arrangement(chosen.pop("order"), chosen.pop("labels"))
    return entry.draw(study, arrangement, **chosen)


def names(study: Study) -> tuple[str, ...]:
    """Names of the figures that a study has what is needed for."""
    return tuple(name for name, entry in FIGURES.items() if entry.need.met(study))


def entry_of(name: str) -> Entry:
    """A figure of FIGURES; SpecError with the nearest for another name."""
    if name not in FIGURES:
        raise unknown("figure", name, FIGURES)
    return FIGURES[name]


def fitted(entry: Entry, given: Mapping[str, object]) -> dict[str, object]:
    """Every option of a figure as its default's kind, given or by default."""
    chosen: dict[str, object] = dict(entry.options)
    for name, value in given.items():
        if name not in chosen:
            raise unknown("option", name, chosen)
        chosen[name] = read_option(name, value, entry.options[name])
    return chosen


def read_option(name: str, value: object, default: Option) -> object:
    """A value as the default's kind; text is read. SpecError where that fails."""
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(parts)
    if not isinstance(value, str) or isinstance(default, str):
        return value
    if isinstance(default, bool):
        if value not in (*YES, *NO):
            raise unknown(f"value of {name}", value, (*YES, *NO))
        return value in YES
    try:
        return type(default)(value)
    except ValueError as error:
        raise SpecError(f"{name} is a number; given: “{value[:40]}”.") from error
