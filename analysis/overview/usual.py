"""What an analysis is asked where nothing else is said."""

from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.core.errors import SpecError
from analysis.plane import localisation
from analysis.pushing.specs import NAME as PUSHING
from analysis.questions import projections
from analysis.sentences.retrieval import part_of
from analysis.sentences.specs import RetrievalSpec
from analysis.study.study import PUBLISHED, Study
from analysis.words import neighbours
from analysis.words.specs import AlignmentSpec

ENGLISH = "en"


def convention(study: Study) -> Convention:
    """The convention that does not flatter."""
    return next(iter(CONVENTIONS.values()))


def matching(study: Study) -> AlignmentSpec:
    """How words are matched: in the study's first embedding, at the last layer."""
    return AlignmentSpec(study.embeddings[0])


def words_target(study: Study) -> str:
    """The language that words are looked up in: English where the study has it."""
    if study.kind == PUBLISHED or study.words is None:
        return ENGLISH
    codes = study.words.languages
    return ENGLISH if ENGLISH in codes else codes[0]


def words_source(study: Study) -> str:
    """The first other language with words."""
    target = words_target(study)
    return first_besides(target, study.words.languages if study.words else ())


def sentences_target(study: Study) -> str:
    """The language that sentences are looked up in: English where the study has it."""
    codes = part_of(study).languages
    return ENGLISH if ENGLISH in codes else codes[0]


def sentence_lookup(study: Study) -> RetrievalSpec:
    """How sentences are looked up: in the first reading, at the middle layer kept."""
    known = part_of(study)
    middle = known.layers[(len(known.layers) - 1) // 2]
    return RetrievalSpec(known.readings[0], middle)


def concept(study: Study) -> str:
    """The study's first concept."""
    return study.concepts[0]


def source(study: Study) -> str:
    """The study's first language."""
    return study.languages[0]


def target(study: Study) -> str:
    """The study's second language."""
    return first_besides(source(study), study.languages)


def first_besides(code: str, languages: tuple[str, ...]) -> str:
    """The first language that is not this one; SpecError where there is none."""
    for other in languages:
        if other != code:
            return other
    raise SpecError(f"This takes two languages; there is only {code}.")


def picture(study: Study) -> str:
    """The first of what can be shown as points."""
    return projections.what_can_be_shown(study)[0]


def projection(study: Study) -> str:
    """The first way to draw words on a plane."""
    return neighbours.PROJECTIONS[0]


def method(study: Study) -> str:
    """The first way to draw points besides PCA."""
    return next(iter(projections.METHODS))


def last_layer(study: Study) -> int:
    """The last layer that words were read at, which is written 0."""
    return 0


def middle_layer(study: Study) -> int:
    """The layer half way up."""
    return (study.layers + 1) // 2


def setting(study: Study) -> int:
    """The best setting of a sweep: of both vectors where both were tried."""
    best = localisation.chosen_settings(study)
    if not best:
        raise SpecError(
            "Only the unsteered answers are there yet. Go on with the sweep."
        )
    return list(best.values())[-1]


def mode(study: Study) -> str:
    """The first way of steering that was tried."""
    best = localisation.chosen_settings(study)
    return next(iter(best), localisation.MODES[0])


def push_strength(study: Study) -> float:
    """The middle one of the strengths that were tried, rounded down."""
    tried = study.trial(PUSHING)["strength"].values
    return float(tried[(len(tried) - 1) // 2])


def pushed_source(study: Study) -> str:
    """The first language whose vector was pushed."""
    return str(study.trial(PUSHING)["source"].values[0])


def pushed_target(study: Study) -> str:
    """The first other language that was pushed in."""
    targets = study.trial(PUSHING)["target"].values.tolist()
    return first_besides(pushed_source(study), targets)
