"""What each page needs of a study, what it then shows, and how that is come by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from analysis.core.model_kinds import no_writing
from analysis.overview import needs
from analysis.overview.needs import Need
from analysis.steering.language_vectors import has_language_vectors
from analysis.study.study import PUBLISHED, Study


def always(study: Study) -> bool:
    """Whatever the study."""
    return True


def has_questions(study: Study) -> bool:
    """Whether questions were asked of the study's model."""
    return study.manifest.questions is not None


def has_something_to_align(study: Study) -> bool:
    """Whether the Alignment page has something to match in a study."""
    return any(need.met(study) for need in (needs.WORDS, needs.RANKS, needs.SENTENCES))


def can_push(study: Study) -> bool:
    """Whether a study has vectors that can be added to the states of its model."""
    if study.kind == PUBLISHED:
        return False
    return study.has("concept_vector") or has_language_vectors(study)


def has_control(study: Study) -> bool:
    """Whether settings can be searched with a study's vectors, or rates are printed."""
    return study.has("concept_vector") or needs.has_rates(study)


@dataclass(frozen=True)
class Way:
    """How what a page needs is computed: on which page, in words, where it fits."""

    page: str
    words: str
    fits: Callable[[Study], bool] = always


@dataclass(frozen=True)
class PageNeed:
    """What a page needs of a study, what it shows of one that has it, and the way."""

    need: Need
    shows: str
    ways: tuple[Way, ...]
    example: Need = field(kw_only=True)
    """What a study must have to show what the page is for."""
    writes: bool = False
    """Whether the study's model must be one that writes."""


def page_need(
    need: Need,
    shows: str,
    *ways: Way,
    example: Need | None = None,
    writes: bool = False,
) -> PageNeed:
    """What a page needs; a study that has it is an example unless more is asked."""
    return PageNeed(need, shows, ways, writes=writes, example=example or need)


PAIRS = Way("Extract", "Contrast pairs that a model reads give them.")
DECODER = Way("Extract", "Contrast pairs that a model with a decoder reads give them.")
QUESTIONS = Way("Layers", "Questions asked of its model below give them.")
ASK_FIRST = Way("Layers", "First questions are asked of its model on the Layers page.")
SWEEP = Way("Plane", "A sweep below makes one.", has_questions)
EMBED = Way("Alignment", "Words that a model reads below give them.")
READ = Way(
    "Alignment",
    "Give the same sentences in several languages below, such as SIB-200 as a zip.",
)
SENTENCES = "Sentences"
"""The part of the Alignment page that has a form and a need of its own."""

NEEDS: Mapping[str, PageNeed] = {
    "Recognition": page_need(
        needs.ACCURACIES,
        "how surely a concept is recognised in each language, layer by layer",
        PAIRS,
    ),
    "Similarity": page_need(
        needs.COSINES, "how alike the vectors of two languages are", PAIRS
    ),
    "Transfer": page_need(
        needs.TRANSFER, "what a vector of one language is worth in another", PAIRS
    ),
    "Alignment": page_need(
        Need("words, sentences or concept vectors", has_something_to_align),
        "whether words of two languages meet at the same place",
        EMBED,
    ),
    SENTENCES: page_need(
        needs.SENTENCES,
        "whether sentences find their translations, layer by layer",
        READ,
    ),
    "Layers": page_need(
        needs.POINTS,
        "at which layers languages part and what is local shows",
        QUESTIONS,
    ),
    "Plane": page_need(
        Need("sweep of settings", needs.PLANE.met),
        "what steering brings on universal questions and costs in local culture",
        SWEEP,
        ASK_FIRST,
        writes=True,
    ),
    "Playground": page_need(
        Need("vectors that can steer", can_push),
        "what the model answers when it is steered",
        DECODER,
        writes=True,
    ),
    "Control": page_need(
        Need(
            "concept vectors to search settings for, and no printed rates", has_control
        ),
        "how strongly and at which layers to steer, and what that costs",
        DECODER,
        example=needs.RATES,
        writes=True,
    ),
}
"""Title of a page → its need; pages that are not here show something of any study."""


def reason(page: str, study: Study) -> str:
    """Why a page has nothing to show of a study, in a sentence; empty where it has."""
    known = NEEDS.get(page)
    if known is None or is_filled(known, study):
        return ""
    if known.writes and not study.manifest.abilities.writes:
        return no_writing(study.model, "be steered")
    return f"“{study.title}” has no {known.need.words}."


def is_filled(known: PageNeed, study: Study) -> bool:
    """Whether a study has what a page needs."""
    writes = study.manifest.abilities.writes or not known.writes
    return writes and known.need.met(study)


def is_example(page: str, study: Study) -> bool:
    """Whether a study can show what a page is for."""
    known = NEEDS[page]
    return is_filled(known, study) and known.example.met(study)


def way(page: str, study: Study) -> Way:
    """The shortest way to what a page needs; LookupError for a page that needs nothing."""
    for each in NEEDS[page].ways:
        if each.fits(study):
            return each
    raise LookupError(f"no way leads to what {page} needs")
