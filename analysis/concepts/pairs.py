"""Contrast pairs: a corpus of them, and how its pairs are split into training and held-out ones.

``pair`` numbers translations alike within a concept; ``source`` names the item that a pair was derived from, so pairs of
one source are neither split apart nor resampled apart.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
import scipy
import xarray as xr

from analysis.core.errors import CorpusError, unknown
from analysis.core.table_files import natural
from analysis.languages.languages import LANGUAGES

Parts = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class ContrastPair:
    """Two texts that differ in one concept; ``split`` is “train”, “test” or empty."""

    pair: str
    concept: str
    language: str
    positive: str
    negative: str
    source: str = ""
    split: str = ""


@dataclass(frozen=True)
class Corpus:
    """Contrast pairs, unique in (concept, language, pair); ``notes`` say what a reader left out or found lacking."""

    name: str
    pairs: tuple[ContrastPair, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def concepts(self) -> tuple[str, ...]:
        """Concepts in order of first appearance."""
        return tuple(dict.fromkeys(pair.concept for pair in self.pairs))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages in the order of LANGUAGES; those it does not know follow in order of first appearance."""
        found = dict.fromkeys(pair.language for pair in self.pairs)
        return (
            *(code for code in LANGUAGES if code in found),
            *(code for code in found if code not in LANGUAGES),
        )

    @cached_property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the pairs; neither their order nor the corpus's name changes it."""
        ordered = sorted(
            self.pairs, key=lambda pair: (pair.concept, pair.language, pair.pair)
        )
        text = json.dumps(
            [vars(pair) for pair in ordered],
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def cells(self) -> dict[tuple[str, str], tuple[ContrastPair, ...]]:
        """Pairs of every (concept, language) that has some, in the natural order of their ids."""
        ordered = sorted(
            self.pairs,
            key=lambda pair: (pair.concept, pair.language, natural(pair.pair)),
        )
        return {
            cell: tuple(pairs)
            for cell, pairs in groupby(
                ordered, key=lambda pair: (pair.concept, pair.language)
            )
        }

    @cached_property
    def groups(self) -> dict[str, dict[str, int]]:
        """Per concept, every pair id in any language → number of its group: pairs linked by a source in some language."""
        return {
            concept: grouped([p for p in self.pairs if p.concept == concept])
            for concept in self.concepts
        }

    def select(self, concept: str, language: str) -> tuple[ContrastPair, ...]:
        """Pairs of a concept in a language in the natural order of their ids; empty when there are none."""
        return self.cells.get((concept, language), ())

    def coverage(self) -> xr.DataArray:
        """Number of pairs (concept, language)."""
        counts = [
            [len(self.select(concept, language)) for language in self.languages]
            for concept in self.concepts
        ]
        coords = {"concept": list(self.concepts), "language": list(self.languages)}
        shape = len(self.concepts), len(self.languages)
        attributes = {"long_name": "contrast pairs", "units": "pairs"}
        values = np.array(counts, dtype=np.int64).reshape(shape)
        return xr.DataArray(
            values, coords, ("concept", "language"), name="coverage", attrs=attributes
        )

    def missing(self) -> dict[tuple[str, str], list[str]]:
        """(concept, language) → ids that other languages have and this one lacks; complete cells are left out."""
        result = {}
        for concept in self.concepts:
            for language in self.languages:
                present = {pair.pair for pair in self.select(concept, language)}
                if absent := [
                    pair for pair in self.groups[concept] if pair not in present
                ]:
                    result[concept, language] = absent
        return result


def grouped(pairs: Sequence[ContrastPair]) -> dict[str, int]:
    """Pair id → number of its group, in natural order of the ids; a pair without source is a group of its own."""
    ids = {
        pair: i for i, pair in enumerate(sorted({p.pair for p in pairs}, key=natural))
    }
    sources = {
        source: i
        for i, source in enumerate(
            dict.fromkeys(p.source for p in pairs if p.source), len(ids)
        )
    }
    links = [(ids[p.pair], sources[p.source]) for p in pairs if p.source]
    rows, columns = np.array(links, dtype=int).reshape(-1, 2).T
    nodes = len(ids) + len(sources)
    graph = scipy.sparse.coo_array(
        (np.ones(len(links), bool), (rows, columns)), shape=(nodes, nodes)
    )
    labels = scipy.sparse.csgraph.connected_components(graph, directed=False)[1][
        : len(ids)
    ].tolist()
    number = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    return {pair: number[label] for pair, label in zip(ids, labels)}


def clusters(corpus: Corpus, concept: str, pair_ids: Sequence[str]) -> tuple[int, ...]:
    """Cluster number of each pair, for resampling: pairs of one source have the same number. SpecError for an unknown pair."""
    groups = groups_of(corpus, concept)
    if strange := [pair for pair in pair_ids if pair not in groups]:
        raise unknown(f"pair of {concept}", strange[0], groups)
    return tuple(groups[pair] for pair in pair_ids)


def groups_of(corpus: Corpus, concept: str) -> dict[str, int]:
    """The groups of one concept; SpecError when the corpus does not have it."""
    if concept not in corpus.groups:
        raise unknown("concept", concept, corpus.concepts)
    return corpus.groups[concept]


def parts(corpus: Corpus, concept: str, language: str, held_out: set[str]) -> Parts:
    """Training and held-out ids among the pairs of a concept in a language."""
    ids = [pair.pair for pair in corpus.select(concept, language)]
    return tuple(i for i in ids if i not in held_out), tuple(
        i for i in ids if i in held_out
    )


def by_pair(corpus: Corpus, concept: str, language: str, seed: int) -> Parts:
    """A fifth of the pairs is held out, the same ones in every language; pairs of one source stay together.

    Decided on the ids of all languages, so no translation or sibling of a training pair is ever held out.
    """
    groups = corpus.groups[concept]
    sizes = Counter(groups.values())
    order = sorted(sizes)
    random.Random(f"{seed} {concept}").shuffle(order)
    wanted, taken, held_out = max(1, round(len(groups) / 5)), 0, set()
    for group in order:
        if taken + sizes[group] <= wanted:
            held_out.add(group)
            taken += sizes[group]
    if not held_out and len(sizes) > 1:
        # Every source has more pairs than a fifth: hold out the smallest.
        held_out.add(min(order, key=sizes.__getitem__))
    return parts(
        corpus,
        concept,
        language,
        {pair for pair, group in groups.items() if group in held_out},
    )


def the_papers(corpus: Corpus, concept: str, language: str, seed: int) -> Parts:
    """Each language is shuffled alone with the same seed and its last fifth held out (Xu et al., released code; seed 1).

    It can leak: where two languages have different pairs, a held-out pair's translation may be a training pair, and siblings
    of one source may be on both sides. Ids are shuffled in natural order, in the papers' layout the order of the file.
    """
    ids = [pair.pair for pair in corpus.select(concept, language)]
    random.Random(seed).shuffle(ids)
    return parts(corpus, concept, language, set(ids[len(ids) * 4 // 5 :]))


def as_given(corpus: Corpus, concept: str, language: str, seed: int) -> Parts:
    """The split that the corpus itself gives; ``seed`` is not used. CorpusError when a pair of the concept has none."""
    pairs = [pair for code in corpus.languages for pair in corpus.select(concept, code)]
    if without := [pair for pair in pairs if not pair.split]:
        raise CorpusError(
            f"“{corpus.name}” gives no split for {len(without)} of {len(pairs)} pairs of {concept}. "
            "Fill its “split” column with train or test, or choose the split “by pair”."
        )
    return parts(
        corpus, concept, language, {pair.pair for pair in pairs if pair.split == "test"}
    )


SPLITS: dict[str, Callable[[Corpus, str, str, int], Parts]] = {
    "by pair": by_pair,
    "the papers'": the_papers,
    "as given": as_given,
}


def split(corpus: Corpus, method: str, concept: str, language: str, seed: int) -> Parts:
    """Ids of the training and the held-out pairs of a concept in a language, by one of SPLITS, in natural order.

    SpecError for an unknown method, concept or language; CorpusError when either part would be empty.
    """
    checked(corpus, method, concept)
    if language not in corpus.languages:
        raise unknown("language of this corpus", language, corpus.languages)
    train, test = SPLITS[method](corpus, concept, language, seed)
    if not train or not test:
        raise CorpusError(
            f"{concept} in {language} has {len(train)} training and {len(test)} held-out pairs with the split “{method}”. "
            "Add pairs (of more than one source), choose another split, or leave this concept or language out."
        )
    return train, test


def checked(corpus: Corpus, method: str, concept: str) -> None:
    """SpecError for a method that is not in SPLITS or a concept that is not in the corpus."""
    if method not in SPLITS:
        raise unknown("split", method, SPLITS)
    groups_of(corpus, concept)


def leaks(corpus: Corpus, method: str, concept: str, seed: int) -> int:
    """How many pairs of a concept are training pairs in one language and held out in another; 0 when nothing leaks."""
    checked(corpus, method, concept)
    divided = [
        SPLITS[method](corpus, concept, language, seed) for language in corpus.languages
    ]
    train, test = ({pair for part in divided for pair in part[side]} for side in (0, 1))
    return len(train & test)
