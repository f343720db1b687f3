"""Contrast pairs: a corpus of them, and how its pairs are split.

``pair`` numbers translations alike within a concept; ``source`` names the item that a
pair was derived from, so pairs of one source are neither split apart nor resampled
apart.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import scipy
import xarray as xr

from analysis.core.counting import count
from analysis.core.digests import COMPACT, as_objects, digest_of_list
from analysis.core.errors import CorpusError, SpecError, unknown
from analysis.core.keys import visible_form
from analysis.core.table_files import natural_key
from analysis.languages.languages import in_order


@dataclass(frozen=True, slots=True)
class ContrastPair:
    """Two texts that differ in one concept; ``split`` is “train”, “test” or empty."""

    pair: str
    concept: str
    language: str
    positive: str
    negative: str
    source: str = ""
    split: str = ""


PARTS = tuple(field.name for field in fields(ContrastPair))


FEWEST_TRAINING = 2
"""Training pairs that a vector needs."""


class Sides(NamedTuple):
    """Ids of pairs that some language trains on, and that some language holds out."""

    train: set[str]
    test: set[str]


class Split(NamedTuple):
    """Ids of the training and of the held-out pairs, each in natural order."""

    train: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """Contrast pairs, unique in (concept, language, pair).

    ``notes`` say what a reader left out or found lacking; ``columns`` how the columns of
    the file were read, as TOML, where that was said or known of its layout.
    """

    name: str
    pairs: tuple[ContrastPair, ...]
    notes: tuple[str, ...] = ()
    columns: str = ""

    @cached_property
    def concepts(self) -> tuple[str, ...]:
        """Concepts in order of first appearance."""
        return tuple(dict.fromkeys(pair.concept for pair in self.pairs))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages in the order of LANGUAGES, then others by their codes."""
        return in_order(pair.language for pair in self.pairs)

    @cached_property
    def divided(self) -> bool:
        """Whether the corpus itself gives a split to any of its pairs."""
        return any(pair.split for pair in self.pairs)

    @cached_property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the pairs.

        Neither their order nor the corpus's name changes it.
        """
        ordered = list(self.pairs)
        # The last counts most; one key of three parts for each would take more memory.
        for part in ("pair", "language", "concept"):
            ordered.sort(key=attrgetter(part))
        return digest_of_list(as_objects(ordered, PARTS), COMPACT)

    @cached_property
    def cells(self) -> dict[tuple[str, str], tuple[ContrastPair, ...]]:
        """Pairs of every (concept, language) that has some.

        In the natural order of their ids.
        """
        found: dict[tuple[str, str], list[ContrastPair]] = defaultdict(list)
        places = natural_places(pair.pair for pair in self.pairs)
        for pair in sorted(self.pairs, key=lambda pair: places[pair.pair]):
            found[pair.concept, pair.language].append(pair)
        return {cell: tuple(found[cell]) for cell in sorted(found)}

    @cached_property
    def groups(self) -> dict[str, dict[str, int]]:
        """Per concept, every pair id in any language → number of its group.

        Pairs linked by a source in some language are one group.
        """
        of_concept: dict[str, list[ContrastPair]] = defaultdict(list)
        for pair in self.pairs:
            of_concept[pair.concept].append(pair)
        return {concept: grouped(pairs) for concept, pairs in of_concept.items()}

    @cached_property
    def alike(self) -> dict[str, tuple[frozenset[str], ...]]:
        """Per concept, sets of pairs that have a text in common."""
        return {concept: alike_texts(self, concept) for concept in self.concepts}

    def select(
        self,
        concept: str,
        language: str,
    ) -> tuple[ContrastPair, ...]:
        """Pairs of a concept in a language in the natural order of their ids.

        Empty when there are none.
        """
        return self.cells.get((concept, language), ())

    def coverage(self) -> xr.DataArray:
        """Number of pairs (concept, language)."""
        shape = (len(self.concepts), len(self.languages))
        counts = np.zeros(shape, np.int64)
        for row, concept in enumerate(self.concepts):
            for column, language in enumerate(self.languages):
                counts[row, column] = len(self.select(concept, language))
        return xr.DataArray(
            counts,
            {"concept": list(self.concepts), "language": list(self.languages)},
            ("concept", "language"),
            name="coverage",
            attrs={"long_name": "contrast pairs", "units": "pairs"},
        )

    def missing(self) -> dict[tuple[str, str], list[str]]:
        """(concept, language) → ids that other languages have and this one lacks.

        Complete cells are left out.
        """
        result = {}
        for concept in self.concepts:
            for language in self.languages:
                present = {pair.pair for pair in self.select(concept, language)}
                absent = [pair for pair in self.groups[concept] if pair not in present]
                if absent:
                    result[concept, language] = absent
        return result


def natural_places(texts: Iterable[str]) -> dict[str, int]:
    """Each of several texts → its place in natural order."""
    ordered = sorted(set(texts), key=natural_key)
    return {text: place for place, text in enumerate(ordered)}


def grouped(pairs: Sequence[ContrastPair]) -> dict[str, int]:
    """Pair id → number of its group, in natural order of the ids.

    A pair without source is a group of its own.
    """
    ids = sorted({pair.pair for pair in pairs}, key=natural_key)
    linked = [pair for pair in pairs if pair.source]
    sources = dict.fromkeys(pair.source for pair in linked)
    # A graph whose nodes are the ids and then the sources, linked by the pairs.
    node_of_id = {pair: node for node, pair in enumerate(ids)}
    node_of_source = {source: node for node, source in enumerate(sources, len(ids))}
    links = (
        np.array([node_of_id[pair.pair] for pair in linked], int),
        np.array([node_of_source[pair.source] for pair in linked], int),
    )
    nodes = len(ids) + len(sources)
    there = np.ones(len(linked), bool)
    graph = scipy.sparse.coo_array((there, links), shape=(nodes, nodes))
    _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    numbers: dict[int, int] = {}
    result = {}
    for pair, label in zip(ids, labels.tolist()):
        result[pair] = numbers.setdefault(label, len(numbers))
    return result


def clusters(
    corpus: Corpus,
    concept: str,
    pair_ids: Sequence[str],
) -> tuple[int, ...]:
    """Cluster number of each pair, for resampling.

    Pairs of one source have the same number. SpecError for an unknown pair.
    """
    groups = groups_of(corpus, concept)
    for pair in pair_ids:
        if pair not in groups:
            raise unknown(f"pair of {concept}", pair, groups)
    return tuple(groups[pair] for pair in pair_ids)


def groups_of(corpus: Corpus, concept: str) -> dict[str, int]:
    """The groups of one concept; SpecError when the corpus does not have it."""
    if concept not in corpus.groups:
        raise unknown("concept", concept, corpus.concepts)
    return corpus.groups[concept]


def check_choice(
    corpus: Corpus, concepts: Sequence[str], languages: Sequence[str]
) -> None:
    """SpecError for a concept or a language of which a corpus has no pair at all."""
    for concept in concepts:
        groups_of(corpus, concept)
    for language in languages:
        if language not in corpus.languages:
            raise unknown("language", language, corpus.languages)
    for concept in concepts:
        if not any(corpus.select(concept, language) for language in languages):
            raise SpecError(
                f"“{corpus.name}” has no pair of {concept} in {', '.join(languages)}. "
                "Choose another language for it, or leave the concept out."
            )


def held_out(
    corpus: Corpus,
    concept: str,
    language: str,
    chosen: Collection[str],
) -> Split:
    """The pairs of a concept in a language, split by which ids are held out."""
    train, test = [], []
    for pair in corpus.select(concept, language):
        part = test if pair.pair in chosen else train
        part.append(pair.pair)
    return Split(tuple(train), tuple(test))


def by_pair(
    corpus: Corpus,
    concept: str,
    language: str,
    seed: int,
) -> Split:
    """A fifth of the pairs is held out, the same ones in every language.

    Pairs of one source stay together. Decided on the ids of all languages, so no
    translation or sibling of a training pair is ever held out.
    """
    groups = corpus.groups[concept]
    sizes = Counter(groups.values())
    order = sorted(sizes)
    random.Random(f"{seed} {concept}").shuffle(order)
    wanted = max(1, round(len(groups) / 5))
    taken = 0
    chosen = set()
    for group in order:
        if taken + sizes[group] <= wanted:
            chosen.add(group)
            taken += sizes[group]
    if not chosen and len(sizes) > 1:
        # Every source has more pairs than a fifth: hold out the smallest.
        chosen.add(min(order, key=sizes.__getitem__))
    ids = {pair for pair, group in groups.items() if group in chosen}
    return held_out(corpus, concept, language, ids)


def the_papers(
    corpus: Corpus,
    concept: str,
    language: str,
    seed: int,
) -> Split:
    """Each language is shuffled alone with the same seed and its last fifth held out.

    As in the released code of Xu et al. (seed 1). It can leak: where two languages have
    different pairs, a held-out pair's translation may be a training pair, and siblings
    of one source may be on both sides. Ids are shuffled in natural order, in the
    papers' layout the order of the file.
    """
    ids = [pair.pair for pair in corpus.select(concept, language)]
    random.Random(seed).shuffle(ids)
    first = len(ids) * 4 // 5
    return held_out(corpus, concept, language, set(ids[first:]))


def as_given(
    corpus: Corpus,
    concept: str,
    language: str,
    seed: int,
) -> Split:
    """The split that the corpus itself gives; ``seed`` is not used.

    CorpusError when a pair of the concept has none.
    """
    pairs = [pair for pair in corpus.pairs if pair.concept == concept]
    without = sum(not pair.split for pair in pairs)
    if without:
        raise CorpusError(
            f"“{corpus.name}” gives no split for {without} of {len(pairs)} pairs of "
            f"{concept}. Fill its “split” column with train or test, or choose the "
            "split “by pair”."
        )
    ids = {pair.pair for pair in pairs if pair.split == "test"}
    return held_out(corpus, concept, language, ids)


def all_in_turn(
    corpus: Corpus,
    concept: str,
    language: str,
    seed: int,
) -> Split:
    """Every pair is held out once, fold by fold, from vectors of the other folds.

    Whole sources are in one fold, the same in every language. The concept vector itself
    is of all pairs; which fold a pair is in says ``folds_of``.
    """
    ids = tuple(pair.pair for pair in corpus.select(concept, language))
    return Split(ids, ids)


FOLDS = {"5 folds": 5, "3 folds": 3, "10 folds": 10}
"""Splits that hold out every pair once → their number of folds."""
SOURCES_A_FOLD = 2
"""Sources in a fold from which on folds are the usual split."""
SPLITS: dict[str, Callable[[Corpus, str, str, int], Split]] = {
    "by pair": by_pair,
    "the papers'": the_papers,
    "as given": as_given,
    **dict.fromkeys(FOLDS, all_in_turn),
}


def folds_of(
    corpus: Corpus,
    method: str,
    concept: str,
    seed: int,
) -> dict[str, int]:
    """Every pair of a concept in any language → its fold, from 0; a method of FOLDS.

    Whole sources, shuffled, the largest first, each into the fold with the fewest
    pairs. CorpusError for fewer sources than folds.
    """
    groups = groups_of(corpus, concept)
    sizes = Counter(groups.values())
    wanted = FOLDS[method]
    if len(sizes) < wanted:
        raise CorpusError(
            f"{concept} has {count(len(sizes), 'source')} of pairs, and the split "
            f"“{method}” needs {wanted}. Add pairs, choose another split, or leave "
            "this concept out."
        )
    order = sorted(sizes)
    random.Random(f"{seed} {concept}").shuffle(order)
    order.sort(key=sizes.__getitem__, reverse=True)
    filled = [0] * wanted
    fold_of_group = {}
    for group in order:
        fold = filled.index(min(filled))
        fold_of_group[group] = fold
        filled[fold] += sizes[group]
    return {pair: fold_of_group[group] for pair, group in groups.items()}


def usual_split(corpus: Corpus, concepts: Sequence[str] = ()) -> str:
    """The split of a new study for which none is chosen.

    That of the corpus where it gives one; else the first of FOLDS where all of some
    ``concepts`` (none: all) have SOURCES_A_FOLD sources for each fold in every
    language; else “by pair”.
    """
    if corpus.divided:
        return "as given"
    method, wanted = next(iter(FOLDS.items()))
    for (concept, _), pairs in corpus.cells.items():
        if concepts and concept not in concepts:
            continue
        groups = groups_of(corpus, concept)
        if len({groups[pair.pair] for pair in pairs}) < wanted * SOURCES_A_FOLD:
            return "by pair"
    return method


def split_pairs(
    corpus: Corpus,
    method: str,
    concept: str,
    language: str,
    seed: int,
) -> Split:
    """Training and held-out pairs of a concept in a language, by one of SPLITS.

    SpecError for an unknown method, concept or language; CorpusError when either part
    would be empty.
    """
    check_method(corpus, method, concept)
    if language not in corpus.languages:
        raise unknown("language of this corpus", language, corpus.languages)
    parts = SPLITS[method](corpus, concept, language, seed)
    if not parts.train or not parts.test:
        raise too_few_pairs(concept, language, parts, method)
    if method in FOLDS:
        check_folds(corpus, method, concept, language, seed)
    return parts


def check_folds(
    corpus: Corpus, method: str, concept: str, language: str, seed: int
) -> None:
    """CorpusError where the pairs outside some fold of a language are too few."""
    folds = folds_of(corpus, method, concept, seed)
    ids = [pair.pair for pair in corpus.select(concept, language)]
    sizes = Counter(folds[pair] for pair in ids)
    largest = max(sizes.values())
    if len(ids) - largest < FEWEST_TRAINING:
        fold = max(sizes, key=sizes.__getitem__)
        held = tuple(pair for pair in ids if folds[pair] == fold)
        rest = tuple(pair for pair in ids if folds[pair] != fold)
        raise too_few_pairs(concept, language, Split(rest, held), method)


def too_few_pairs(
    concept: str, language: str, parts: Split, method: str
) -> CorpusError:
    """The refusal of a concept with too few pairs in a language."""
    return CorpusError(
        f"{concept} in {language} has {len(parts.train)} training and "
        f"{count(len(parts.test), 'held-out pair')} with the split “{method}”; at least "
        "2 and 1 are needed, so 3 pairs of every concept in every language (of more "
        "than one source). Add pairs, choose another split, or leave this concept or "
        "language out."
    )


def alike_texts(corpus: Corpus, concept: str) -> tuple[frozenset[str], ...]:
    """Sets of pairs of a concept that have a text in common, in any languages.

    Texts are compared as they are seen: accents and spaces that look the same are.
    """
    pairs = [pair for pair in corpus.pairs if pair.concept == concept]
    count = 2 * len(pairs)
    texts = (text for pair in pairs for text in (pair.positive, pair.negative))
    # Numbers first: most texts are there once, and all of them would fill the memory.
    numbers = np.fromiter((hash(visible_form(text)) for text in texts), np.int64, count)
    values, counts = np.unique(numbers, return_counts=True)
    repeated = np.isin(numbers, values[counts > 1]).reshape(-1, 2).any(1)
    found: dict[str, set[str]] = defaultdict(set)
    for place in np.flatnonzero(repeated):
        pair = pairs[place]
        for text in (pair.positive, pair.negative):
            found[visible_form(text)].add(pair.pair)
    return tuple(frozenset(ids) for ids in found.values() if len(ids) > 1)


def leaked_texts(
    corpus: Corpus,
    method: str,
    concept: str,
    seed: int,
) -> int:
    """How many held-out pairs of a concept have a text that a training pair has too.

    In any language, under another number; 0 when nothing leaks.
    """
    check_method(corpus, method, concept)
    alike = corpus.alike[concept]
    if not alike:
        return 0
    if method in FOLDS:
        folds = folds_of(corpus, method, concept, seed)
        apart = [ids for ids in alike if len({folds[pair] for pair in ids}) > 1]
        return len(frozenset().union(*apart))
    sides = sides_of(corpus, method, concept, seed)
    leaked: set[str] = set()
    for ids in alike:
        if ids & sides.train:
            leaked |= (ids & sides.test) - sides.train
    return len(leaked)


def leaks(
    corpus: Corpus, method: str, concepts: Sequence[str], seed: int
) -> tuple[str, ...]:
    """Sentences on what a split puts on both sides; none when nothing leaks.

    CorpusError for fewer sources than folds.
    """
    pairs, texts = 0, 0
    for concept in concepts:
        pairs += leaked_pairs(corpus, method, concept, seed)
        texts += leaked_texts(corpus, method, concept, seed)
    told = []
    if pairs:
        told.append(
            f"This split puts {pairs} pairs into training whose translation is held out "
            "elsewhere."
        )
    if texts:
        told.append(
            f"This split holds out {texts} pairs that have a text in common with a "
            "training pair of another number."
        )
    return tuple(told)


def held_out_sources(
    corpus: Corpus,
    method: str,
    cells: Sequence[tuple[str, str]],
    seed: int,
) -> tuple[int, ...]:
    """How many independent sources the held-out pairs of each cell stem from.

    ``cells`` are (concept, language); errors as in ``check_method``.
    """
    found = []
    for concept, language in cells:
        check_method(corpus, method, concept)
        parts = SPLITS[method](corpus, concept, language, seed)
        found.append(len(set(clusters(corpus, concept, parts.test))))
    return tuple(found)


def held_out_pairs(
    corpus: Corpus,
    method: str,
    cells: Sequence[tuple[str, str]],
    seed: int,
) -> tuple[int, ...]:
    """How many pairs of each cell (concept, language) are held out.

    Errors as in ``check_method``.
    """
    found = []
    for concept, language in cells:
        check_method(corpus, method, concept)
        parts = SPLITS[method](corpus, concept, language, seed)
        found.append(len(parts.test))
    return tuple(found)


def sides_of(corpus: Corpus, method: str, concept: str, seed: int) -> Sides:
    """The pairs that are for training, and those held out, in any language."""
    sides = Sides(set(), set())
    for language in corpus.languages:
        parts = SPLITS[method](corpus, concept, language, seed)
        sides.train.update(parts.train)
        sides.test.update(parts.test)
    return sides


def check_method(
    corpus: Corpus,
    method: str,
    concept: str,
) -> None:
    """SpecError for a method not in SPLITS or a concept not in the corpus."""
    if method not in SPLITS:
        raise unknown("split", method, SPLITS)
    groups_of(corpus, concept)


def leaked_pairs(
    corpus: Corpus,
    method: str,
    concept: str,
    seed: int,
) -> int:
    """How many pairs of a concept are for training in one language, held out in another.

    0 when nothing leaks.
    """
    check_method(corpus, method, concept)
    if method in FOLDS:
        folds_of(corpus, method, concept, seed)
        return 0  # folds are the same in every language
    sides = sides_of(corpus, method, concept, seed)
    return len(sides.train & sides.test)
