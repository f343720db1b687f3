"""Pairs that a model can tell apart, and what is said of the others.

Where both members become the same tokens their difference is nothing: such a pair takes
part in no vector and in no accuracy.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from analysis.concepts.pairs import (
    FEWEST_TRAINING,
    ContrastPair,
    Corpus,
    split_pairs,
)
from analysis.concepts.specs import StudySpec
from analysis.core.counting import count_are
from analysis.core.errors import CorpusError
from analysis.study.manifest import LeftOut

Alike = Callable[[Sequence[str], Sequence[str]], list[bool]]
"""Which texts of two lists are the same to a model."""


def pairs_left_out(
    spec: StudySpec, corpus: Corpus, alike: Alike
) -> tuple[LeftOut, ...]:
    """Pairs whose members a model reads alike, by concept and language.

    Where too few others are left for a vector, or to try it on, all of a concept in a
    language are left out. CorpusError when a concept has none left in any language.
    """
    found = []
    for concept in spec.concepts:
        of_concept = []
        total = 0
        for language in spec.languages:
            pairs = corpus.select(concept, language)
            total += len(pairs)
            same = read_alike(pairs, alike)
            if not same:
                continue
            gone = pairs if too_few(spec, corpus, same) else same
            of_concept.append(
                LeftOut(
                    concept=concept,
                    language=language,
                    pairs=ids(gone),
                    alike=len(same),
                )
            )
        if of_concept and sum(len(each.pairs) for each in of_concept) == total:
            raise nothing_to_read(concept, of_concept)
        found += of_concept
    return tuple(found)


def nothing_to_read(concept: str, left_out: Sequence[LeftOut]) -> CorpusError:
    """The error for a concept of which every pair was left out."""
    said = [f"{each.alike} in {each.language}" for each in left_out]
    return CorpusError(
        f"This model reads both members of the pairs of {concept} as the same tokens "
        f"({', '.join(said)}), so there is nothing to read. Choose another model or "
        "template, or leave this concept out."
    )


def read_alike(pairs: Sequence[ContrastPair], alike: Alike) -> list[ContrastPair]:
    """Those of some pairs whose members a model reads alike."""
    if not pairs:
        return []  # tokenizers fail on a list of no text
    positives = [pair.positive for pair in pairs]
    negatives = [pair.negative for pair in pairs]
    same = alike(positives, negatives)
    return [pair for pair, is_same in zip(pairs, same) if is_same]


def ids(pairs: Sequence[ContrastPair]) -> tuple[str, ...]:
    """The pairs' numbers."""
    return tuple(pair.pair for pair in pairs)


def too_few(spec: StudySpec, corpus: Corpus, same: Sequence[ContrastPair]) -> bool:
    """Whether without some pairs of a cell the rest makes no vector, or none to try."""
    concept, language = same[0].concept, same[0].language
    rest = without(corpus, {(concept, language): set(ids(same))})
    if not rest.select(concept, language):
        return True
    try:
        parts = split_pairs(rest, spec.split, concept, language, spec.seed)
    except CorpusError:
        return True
    return len(parts.train) < FEWEST_TRAINING


def readable(corpus: Corpus, left_out: Sequence[LeftOut] | None) -> Corpus:
    """A corpus without the pairs that were left out; itself where none were."""
    if not left_out:
        return corpus
    return without(
        corpus, {(each.concept, each.language): set(each.pairs) for each in left_out}
    )


def without(corpus: Corpus, gone: dict[tuple[str, str], set[str]]) -> Corpus:
    """A corpus without some pairs, given as (concept, language) → their numbers."""
    absent: dict[tuple[str, str], set[str]] = defaultdict(set, gone)
    kept = []
    for pair in corpus.pairs:
        if pair.pair not in absent[pair.concept, pair.language]:
            kept.append(pair)
    return replace(corpus, pairs=tuple(kept))


def notes_on(left_out: Sequence[LeftOut]) -> tuple[str, ...]:
    """A sentence for every concept and language in which pairs were left out."""
    said = []
    for each in left_out:
        rest = ""
        if each.alike < len(each.pairs):
            rest = (
                f" Too few are left, so all {len(each.pairs)} are: the cell is empty."
            )
        said.append(
            f"{each.concept} in {each.language}: "
            f"{count_are(each.alike, 'pair')} left out, "
            f"because the model reads both members as the same tokens.{rest}"
        )
    return tuple(said)
