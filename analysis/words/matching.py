"""Two languages' words, which of them are seeds and which are looked up, and the stages at which they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.core.errors import StudyError, unknown
from analysis.core.turns import WATCHER
from analysis.study.study import Study
from analysis.study.word_list import WordList
from analysis.words.maps import MAPS, Fitted, none
from analysis.words.retrieval import Criterion, Ranks, rank
from analysis.words.specs import AlignmentSpec

TEST_SHARE = 1 / 3
"""Share of the concepts that is held out from every map."""
FOLDS = 5
LEAST_SEEDS = 2


@dataclass(frozen=True)
class Pair:
    """Vectors of two languages (word, hidden) and indices of seeds, of test words and of the candidates among them.

    ``spelling`` (side, word) numbers the spellings of source and target; ``dropped`` seeds are spelled like a test word of either.
    """

    x: np.ndarray
    y: np.ndarray
    seeds: np.ndarray
    test: np.ndarray
    pool: np.ndarray
    spelling: np.ndarray
    dropped: int


def divided(concepts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of test words and of possible seeds, in random order; the same for all languages, so translations never leak."""
    order = np.random.default_rng(seed).permutation(concepts)
    tests = round(concepts * TEST_SHARE)
    return order[:tests], order[tests:]


def pair_of(
    words: WordList, vectors: np.ndarray, spec: AlignmentSpec, source: str, target: str
) -> Pair:
    """The words that two languages share under a spec; ``vectors`` (language, word, hidden) in the order of the list.

    A seed that is spelled like a test word in either language would show the map that word, so it is dropped. StudyError when too
    few are left.
    """
    a, b = words.languages.index(source), words.languages.index(target)
    there = np.isfinite(vectors[[a, b], :, 0]).all(0)
    if spec.identical == "removed":
        there &= ~words.identical(source, target)
    tests, seeds = (
        part[there[part]] for part in divided(len(words.concepts), spec.seed)
    )
    spelled = np.array([words.numbered[language] for language in (source, target)])
    clean = ~like_any(spelled[:, seeds], spelled[:, tests])
    kept = seeds[clean][: spec.seeds or None]
    if len(kept) < LEAST_SEEDS or not len(tests):
        raise StudyError(
            f"{source} and {target} share {len(kept)} seed and {len(tests)} test words; at least {LEAST_SEEDS} and 1 are needed. "
            "Choose a longer list of words, or keep identical spellings."
        )
    pool = np.sort(tests) if spec.pool == "test words" else np.flatnonzero(there)
    return Pair(
        vectors[a], vectors[b], kept, np.sort(tests), pool, spelled, int((~clean).sum())
    )


def like_any(spelled: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which words (side, word) are spelled like any of the others in the source or in the target: (word)."""
    return np.any(
        [np.isin(mine, theirs) for mine, theirs in zip(spelled, others)], axis=0
    )


def fit(pair: Pair, chosen: np.ndarray, spec: AlignmentSpec) -> Fitted:
    """A map of MAPS fitted on some of a pair's concepts; SpecError for a name that is not there."""
    WATCHER.get()(
        None
    )  # a map of a wide model takes half a minute; between two of them the work can be stopped
    if spec.map not in MAPS:
        raise unknown("map", spec.map, MAPS)
    return MAPS[spec.map](pair.x[chosen], pair.y[chosen])


def look_up(pair: Pair, fitted: Fitted, spec: AlignmentSpec) -> Ranks:
    """Ranks of the right translations of the test words among the pool's target words."""
    places = np.searchsorted(pair.pool, pair.test)
    return rank(
        fitted.source(pair.x[pair.pool]),
        fitted.target(pair.y[pair.pool]),
        np.stack([places, places], 1),
        Criterion(spec.criterion, spec.n_neighbors),
        pair.spelling[1, pair.pool],
    )


def before(pair: Pair, spec: AlignmentSpec) -> Ranks:
    """The raw vectors, without a map."""
    return look_up(pair, none(pair.x, pair.y), spec)


def after(pair: Pair, spec: AlignmentSpec) -> Ranks:
    """A map fitted on the seed pairs alone; it has not seen a test word."""
    return look_up(pair, fit(pair, pair.seeds, spec), spec)


def ceiling(pair: Pair, spec: AlignmentSpec) -> Ranks:
    """A map fitted on seeds and test words, as in the paper: it leaks, and shows room for overfitting rather than quality."""
    return look_up(pair, fit(pair, np.concatenate([pair.seeds, pair.test]), spec), spec)


def crossed(pair: Pair, spec: AlignmentSpec) -> Ranks:
    """Each fifth of the test words under a map fitted on the seeds and the other four fifths: as many pairs, no leak. Ours."""
    fold = np.random.default_rng(spec.seed).permutation(len(pair.test)) % min(
        FOLDS, len(pair.test)
    )
    better, tied = np.zeros(len(fold), np.int64), np.zeros(len(fold), np.int64)
    for number in range(fold.max() + 1):
        mine = fold == number
        alike = like_any(pair.spelling[:, pair.test], pair.spelling[:, pair.test[mine]])
        found = look_up(
            pair,
            fit(pair, np.concatenate([pair.seeds, pair.test[~mine & ~alike]]), spec),
            spec,
        )
        better[mine], tied[mine] = found.better[mine], found.tied[mine]
    return Ranks(better, tied, len(pair.pool))


STAGES: dict[str, Callable[[Pair, AlignmentSpec], Ranks]] = {
    "before": before,
    "after": after,
    "ceiling": ceiling,
    "cross-validated ceiling": crossed,
}


def sources(words: WordList, target: str) -> list[str]:
    """The languages looked up from."""
    return [language for language in words.languages if language != target]


def vectors_of(study: Study, spec: AlignmentSpec) -> np.ndarray:
    """Word vectors (language, word, hidden) of a spec's embedding and layer; StudyError when the study has none."""
    if study.words is None:
        raise StudyError(
            f"“{study.title}” has no word vectors. Embed words on the Alignment page."
        )
    if spec.embedding not in study.embeddings:
        raise unknown("embedding of this study", spec.embedding, study.embeddings)
    layer = spec.layer or study.word_layers[-1]
    if layer not in study.word_layers:
        kept = ", ".join(map(str, study.word_layers))
        raise StudyError(
            f"“{study.title}” kept word vectors of layers {kept}; asked for {layer}."
        )
    return study.read_words(spec.embedding, layer)


def usable(study: Study, spec: AlignmentSpec) -> tuple[WordList, np.ndarray]:
    """Words and vectors of the languages that were computed."""
    vectors = vectors_of(study, spec)
    there = [a for a in range(len(vectors)) if np.isfinite(vectors[a]).any()]
    if len(there) < 2:
        raise StudyError(
            f"“{study.title}” has word vectors of {len(there)} languages so far; two are needed. Go on with it."
        )
    return study.words.within([study.words.languages[a] for a in there]), vectors[there]


def matched(
    study: Study, spec: AlignmentSpec, target: str, languages: Sequence[str] = ()
) -> dict[str, Pair]:
    """Source language → its pair with the target."""
    words, vectors = usable(study, spec)
    if target not in words.languages:
        raise StudyError(
            f"The words of “{study.title}” are not in {target}; they are in {', '.join(words.languages)}."
        )
    return {
        a: pair_of(words, vectors, spec, a, target)
        for a in languages or sources(words, target)
    }


def with_seeds(pair: Pair, count: int) -> Pair:
    """The same pair with its first seeds only."""
    return replace(pair, seeds=pair.seeds[:count])
