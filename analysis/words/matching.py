"""Two languages' words: which are seeds, which are looked up, and at which stages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from analysis.core.counting import count
from analysis.core.errors import StudyError, unknown
from analysis.core.specs import check
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
    """Vectors of two languages, and which of their words take part how.

    ``x`` and ``y`` (word, hidden) are source and target; ``seeds``, ``test`` and
    ``pool``, the candidates, are indices of words. ``spelling`` (side, word) numbers
    the spellings of source and target; ``dropped`` seeds are spelled like a test word
    of either.
    """

    x: np.ndarray
    y: np.ndarray
    seeds: np.ndarray
    test: np.ndarray
    pool: np.ndarray
    spelling: np.ndarray
    dropped: int

    @property
    def hidden(self) -> int:
        """How wide the vectors are."""
        return self.x.shape[1]


class Division(NamedTuple):
    """Indices of test words and of possible seeds."""

    test: np.ndarray
    seeds: np.ndarray


class EmbeddedWords(NamedTuple):
    """Words and their vectors (language, word, hidden) in the languages computed."""

    words: WordList
    vectors: np.ndarray


def divided(concepts: int, seed: int) -> Division:
    """Test words and possible seeds, in random order.

    The same for all languages, so translations never leak.
    """
    order = np.random.default_rng(seed).permutation(concepts)
    tests = round(concepts * TEST_SHARE)
    return Division(order[:tests], order[tests:])


def pair_of(
    embedded: EmbeddedWords,
    spec: AlignmentSpec,
    source: str,
    target: str,
) -> Pair:
    """The words that two languages share under a spec.

    A seed that is spelled like a test word in either language would show the map that
    word, so it is dropped. StudyError when too few are left.
    """
    words, vectors = embedded
    x = vectors[words.languages.index(source)]
    y = vectors[words.languages.index(target)]
    there = np.isfinite(x[:, 0]) & np.isfinite(y[:, 0])
    if spec.identical == "removed":
        there &= ~words.identical(source, target)
    division = divided(len(words.concepts), spec.seed)
    tests = division.test[there[division.test]]
    seeds = division.seeds[there[division.seeds]]
    spelling = np.array([words.numbered[source], words.numbered[target]])
    given_away = like_any(spelling[:, seeds], spelling[:, tests])
    kept = seeds[~given_away][: spec.seeds or None]
    if len(kept) < LEAST_SEEDS or not len(tests):
        raise StudyError(
            f"{source} and {target} share {len(kept)} seed and {len(tests)} test "
            f"words; at least {LEAST_SEEDS} and 1 are needed. Choose a longer list of "
            "words, or keep identical spellings."
        )
    test = np.sort(tests)
    return Pair(
        x=x,
        y=y,
        seeds=kept,
        test=test,
        pool=test if spec.pool == "test words" else np.flatnonzero(there),
        spelling=spelling,
        dropped=int(given_away.sum()),
    )


def like_any(spelled: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which words (side, word) are spelled like any of the others: (word).

    In the source or in the target.
    """
    in_source = np.isin(spelled[0], others[0])
    in_target = np.isin(spelled[1], others[1])
    return in_source | in_target


def fit(
    pair: Pair,
    chosen: np.ndarray,
    spec: AlignmentSpec,
) -> Fitted:
    """A map of MAPS fitted on some of a pair's concepts.

    SpecError for a name that is not there.
    """
    # A map of a wide model takes half a minute; between two the work can be stopped.
    WATCHER.get()(None)
    if spec.map not in MAPS:
        raise unknown("map", spec.map, MAPS)
    return MAPS[spec.map](pair.x[chosen], pair.y[chosen])


def look_up(
    pair: Pair,
    fitted: Fitted,
    spec: AlignmentSpec,
) -> Ranks:
    """Ranks of the test words' right translations among the pool's target words."""
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
    """A map fitted on seeds and test words, as in the paper.

    It leaks, and shows room for overfitting rather than quality.
    """
    everything = np.concatenate([pair.seeds, pair.test])
    return look_up(pair, fit(pair, everything, spec), spec)


def crossed(pair: Pair, spec: AlignmentSpec) -> Ranks:
    """Each fifth of the test words under a map fitted on seeds and the other fifths.

    As many pairs as the ceiling has, no leak. Ours.
    """
    tests = len(pair.test)
    folds = min(FOLDS, tests)
    fold = np.random.default_rng(spec.seed).permutation(tests) % folds
    spelling = pair.spelling[:, pair.test]
    better = np.zeros(tests, np.int64)
    tied = np.zeros(tests, np.int64)
    for number in range(folds):
        mine = fold == number
        alike = like_any(spelling, spelling[:, mine])
        others = pair.test[~mine & ~alike]
        fitted = fit(pair, np.concatenate([pair.seeds, others]), spec)
        found = look_up(pair, fitted, spec)
        better[mine] = found.better[mine]
        tied[mine] = found.tied[mine]
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


def words_of(study: Study) -> WordList:
    """The words of a study; StudyError when it has none."""
    if study.words is None:
        raise StudyError(
            f"“{study.title}” has no word vectors. Embed words on the Alignment page."
        )
    return study.words


def vectors_of(study: Study, spec: AlignmentSpec) -> np.ndarray:
    """Word vectors (language, word, hidden) of a spec's embedding and layer.

    SpecError for an embedding and StudyError for a layer that the study has not.
    """
    if spec.embedding not in study.embeddings:
        raise unknown("embedding of this study", spec.embedding, study.embeddings)
    layer = spec.layer or study.word_layers[-1]
    if layer not in study.word_layers:
        kept = ", ".join(map(str, study.word_layers))
        raise StudyError(
            f"“{study.title}” kept word vectors of layers {kept}; asked for {layer}."
        )
    return study.read_words(spec.embedding, layer)


def embedded_words(study: Study, spec: AlignmentSpec) -> EmbeddedWords:
    """Words and vectors of the languages that were computed.

    StudyError when there are fewer than two; errors as in ``vectors_of``.
    """
    words = words_of(study)
    vectors = vectors_of(study, spec)
    computed = [a for a, states in enumerate(vectors) if np.isfinite(states).any()]
    if len(computed) < 2:
        raise StudyError(
            f"“{study.title}” has word vectors of "
            f"{count(len(computed), 'language')} so far; "
            "two are needed. Go on with it."
        )
    languages = [words.languages[a] for a in computed]
    return EmbeddedWords(words.within(languages), vectors[computed])


def matched(
    study: Study,
    spec: AlignmentSpec,
    target: str,
    languages: Sequence[str] = (),
) -> dict[str, Pair]:
    """Source language → its pair with the target; all languages unless some are given.

    StudyError when the study's words are not in the target language.
    """
    embedded = embedded_words(study, spec)
    words = embedded.words
    if target not in words.languages:
        raise StudyError(
            f"The words of “{study.title}” are not in {target}; they are in "
            f"{', '.join(words.languages)}."
        )
    for language in languages:
        check("language", language, words.languages)
    pairs = {}
    for source in languages or sources(words, target):
        pairs[source] = pair_of(embedded, spec, source, target)
    return pairs


def with_seeds(pair: Pair, count: int) -> Pair:
    """The same pair with its first seeds only."""
    return replace(pair, seeds=pair.seeds[:count])
