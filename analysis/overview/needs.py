"""What analyses and figures need of a study: in words, and whether it has it."""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.certificates.rules import FEWEST_LANGUAGES
from analysis.certificates.specs import NAME as REPORT_CARD_NAME
from analysis.control import refusing, store
from analysis.crossing import alignment as crossing_alignment
from analysis.crossing import forcing, latent, patching
from analysis.plane import localisation, naming
from analysis.pushing.specs import NAME as PUSHING
from analysis.questions.questions import CULTURE, UNIVERSAL
from analysis.study.manifest import PlanePart
from analysis.study.published_values import printed_rates
from analysis.study.study import PUBLISHED, Study
from analysis.words.alignment import FEW


@dataclass(frozen=True)
class Need:
    """What is needed of a study, in words, and whether a study has it."""

    words: str
    met: Callable[[Study], bool]


def one_of(*arrays: str) -> Callable[[Study], bool]:
    """Whether a study has one of these arrays."""

    def met(study: Study) -> bool:
        return any(study.has(array) for array in arrays)

    return met


def trial(name: str, words: str) -> Need:
    """What is tried on the model under a name, all of it computed."""

    def met(study: Study) -> bool:
        return study.has_trial(name)

    return Need(words, met)


def has_words(study: Study) -> bool:
    """Whether a study has words that can be matched, or matches that are printed."""
    if not study.embeddings:
        return False
    return study.words is None or not has_few_words(study)


def has_own_words(study: Study) -> bool:
    """Whether a study has word vectors, and words enough to match."""
    return study.words is not None and has_words(study)


def has_few_words(study: Study) -> bool:
    """Whether a study's words are too few to be matched."""
    return study.words is not None and len(study.words.concepts) < FEW


def has_ranks(study: Study) -> bool:
    """Whether concepts can be ranked by cosine: by their words, or by their vectors."""
    return study.words is not None or study.has("concept_vector")


def has_both_vectors(study: Study) -> bool:
    """Whether a study has English and local vectors, between which there are angles."""
    return study.has("english_vector") and study.has("local_vector")


def has_pairs(study: Study) -> bool:
    """Whether a study says how many contrast pairs it was made from."""
    return bool(study.manifest.pairs)


def has_findings(study: Study) -> bool:
    """Whether there is anything that a study could say."""
    return bool(study.concepts or study.embeddings)


def has_run(study: Study) -> bool:
    """Whether control runs are kept for a study."""
    return bool(store.names(study.name))


def has_rates(study: Study) -> bool:
    """Whether a study has control runs, or its rates are printed."""
    printed = study.kind == PUBLISHED and len(printed_rates(study.name)) > 0
    return printed or has_run(study)


def has_local_items(study: Study) -> bool:
    """Whether a study has a plane with culture items."""
    if not study.has("plane_answer"):
        return False
    listed = study.manifest.part(PlanePart).prompts
    return any(kind == CULTURE for kind, _ in listed)


def has_both_axes(study: Study) -> bool:
    """Whether both vectors at once were swept, with items of both kinds to report."""
    if not study.has("plane_answer"):
        return False
    kinds, _, halves = localisation.prompts(study)
    reported = set(kinds[halves == 1].tolist())
    modes = {each.mode for each in localisation.settings(study)}
    return {UNIVERSAL, CULTURE} <= reported and "both" in modes


def has_model(study: Study) -> bool:
    """Whether a study has vectors of a model that can be asked."""
    return study.kind != PUBLISHED and study.has("concept_vector")


def has_measures(study: Study) -> bool:
    """Whether a study has something that can be compared."""
    return has_words(study) or ACCURACIES.met(study) or COSINES.met(study)


def has_certificate(study: Study) -> bool:
    """Whether a study has what a certificate of invariance takes."""
    arrays = ("concept_vector", "half_a", "half_b", "pair_score")
    enough = len(study.languages) >= FEWEST_LANGUAGES
    return enough and all(study.has(array) for array in arrays)


CERTIFICATE = Need(
    "vectors of halves and pair scores in at least four languages", has_certificate
)
CONCEPTS = Need("concepts", one_of("concept_vector", "recognition", "similarity"))
PAIRS = Need("contrast pairs", has_pairs)
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
ANGLES = Need("English and local vectors", has_both_vectors)
ITEMS = Need("states of questions", one_of("item_state"))
LENS = Need("logit lens", one_of("lens_share"))
WORDS = Need("words to match", has_words)
OWN_WORDS = Need("word vectors of its own", has_own_words)
SENTENCES = Need("parallel sentences", one_of("sentence_state"))
SETTINGS = Need("printed settings", one_of("alignment"))
RANKS = Need("concept vectors or words", has_ranks)
PUSHED = trial(PUSHING, "pushes from language to language")
REPORT_CARD = trial(REPORT_CARD_NAME, "report card of a vector")
ALIGNED = trial(crossing_alignment.NAME, "sentences compared at every layer")
NAMED = trial(naming.NAME, "culture questions with the language or the country named")
REFUSING = trial(refusing.NAME, "requests tried in every language")
PATCHED = trial(patching.NAME, "states put into other languages' prompts")
LATENT = trial(latent.NAME, "prompts for words read by the lens")
FORCED = trial(forcing.NAME, "pushes along language vectors")
PLANE = Need("plane", one_of("plane_answer"))
LOCAL_ITEMS = Need("plane with culture items", has_local_items)
BOTH_AXES = Need("sweep of both vectors with items of both kinds", has_both_axes)
ANYTHING = Need("concepts or words", has_findings)
RUN = Need("control run", has_run)
RATES = Need("control run and no printed rates", has_rates)
MODEL = Need("concept vectors of a model that can be asked", has_model)
MEASURES = Need("measures to compare", has_measures)
