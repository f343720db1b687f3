"""The plan of a study: cells (stage × concept × language) that are computed, committed and resumed one by one.

A *vector* cell reads the training pairs of a concept in a language; a *score* cell reads the held-out pairs of a target
language and projects them on the vectors of every source language. A cell's numbers depend on the spec alone, so a killed
run that is resumed gives the same bytes as one that was never interrupted.
"""

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np

from analysis.concepts.estimators import (
    ESTIMATORS,
    LINEAR,
    STATEFUL,
    difference_of_means,
    half_of_clusters,
    shuffled_labels,
)
from analysis.concepts.pairs import Corpus, clusters, split
from analysis.concepts.readouts import LinearReadout, Projections, StateNorms, States
from analysis.concepts.specs import StudySpec
from analysis.core.errors import CorpusError, StudyError
from analysis.core.specs import check, digest, from_dict
from analysis.study import coverage, store

Progress = Callable[[int, int, str], None]


class Reader(Protocol):
    """A model that streams the last token's state of texts into consumers."""

    layers: int
    hidden: int

    def stream(self, texts: Sequence[str], consumers: Sequence) -> None:
        """Feed every consumer with (indices, states)."""

    def tail(self, text: str) -> list[str]:
        """The last tokens of a text as the model reads it; the last one is where the state is read."""


def begin(
    spec: StudySpec,
    corpus: Corpus,
    reader: Reader,
    title: str,
    facts: dict | None = None,
) -> Path:
    """Create the study of a spec, or return the unfinished one of the same digest; StudyError when it is complete."""
    check("estimator", spec.estimator, tuple(ESTIMATORS))
    name = store.name_of(spec, title)
    folder = store.root() / name
    if folder.exists():
        if not coverage.missing_pairs(store.read_manifest(folder)):
            raise StudyError(
                f"The study “{name}” of exactly this spec is complete already. Open it, or change spec or title."
            )
        return folder
    return store.create(name, manifest(spec, corpus, reader, title) | (facts or {}))


def manifest(spec: StudySpec, corpus: Corpus, reader: Reader, title: str) -> dict:
    """What is known before anything is computed: spec, pairs, coverage, libraries."""
    empty = [
        (c, a)
        for c, concept in enumerate(spec.concepts)
        for a, language in enumerate(spec.languages)
        if not corpus.select(concept, language)
    ]
    first = {
        language: next((p for p in corpus.pairs if p.language == language), None)
        for language in spec.languages
    }
    libraries = {
        name: version(name)
        for name in ("torch", "transformers", "numpy", "scikit-learn", "safetensors")
    }
    return {
        "title": title,
        "spec": asdict(spec),
        "digest": digest(spec),
        "concepts": list(spec.concepts),
        "languages": list(spec.languages),
        "layers": reader.layers,
        "hidden": reader.hidden,
        "absent": empty,
        "pairs": {
            concept: pair_table(spec, corpus, concept) for concept in spec.concepts
        },
        "token": {
            language: reader.tail(pair.positive)
            for language, pair in first.items()
            if pair
        },
        "notes": list(corpus.notes),
        "libraries": {"python": platform.python_version(), **libraries},
        "files": {},
    }


def pair_table(spec: StudySpec, corpus: Corpus, concept: str) -> dict:
    """Held-out pair ids (union over languages, in order), their clusters, and counts per language."""
    held: dict[str, None] = {}
    counts = {}
    for language in spec.languages:
        if not corpus.select(concept, language):
            continue
        train, test = split(corpus, spec.split, concept, language, spec.seed)
        if len(train) < 2 or not test:
            raise CorpusError(
                f"{concept} in {language} has {len(train)} training and {len(test)} held-out pairs; at least 2 and 1 are needed. "
                "Add pairs, choose another split, or leave this concept or language out."
            )
        counts[language] = {"train": len(train), "test": len(test)}
        held |= dict.fromkeys(test)
    ids = sorted(held)
    return {
        "test": ids,
        "clusters": list(clusters(corpus, concept, tuple(ids))),
        "counts": counts,
    }


def run(
    folder: Path,
    corpus: Corpus,
    reader: Reader,
    progress: Progress = lambda done, of, cell: None,
) -> None:
    """Compute the cells that are missing, one commit each; ``progress`` gets (done, of, cell) and may raise to stop."""
    with store.writing(folder):
        known = store.read_manifest(folder)
        spec = from_dict(StudySpec, known["spec"])
        if corpus.digest != spec.corpus_digest:
            raise StudyError(
                f"“{folder.name}” was begun with the contrast pairs {spec.corpus_digest}, given are {corpus.digest}. "
                "Choose the same corpus to go on, or begin a new study."
            )
        plan = coverage.cells(known)
        keys = {key for entry in known["files"].values() for key in entry["keys"]}
        array = {"vector": "concept_vector", "score": "pair_score"}
        for done, (stage, c, a) in enumerate(plan):
            if f"{array[stage]}/{c}/{a}" in keys:
                continue
            progress(
                done, len(plan), f"{stage} · {spec.concepts[c]} · {spec.languages[a]}"
            )
            tensors = CELLS[stage](folder, spec, corpus, reader, (c, a))
            file = f"{stage}-{c:03d}-{a:03d}.safetensors"
            store.add(
                folder,
                file,
                {f"{name}/{c}/{a}": values for name, values in tensors.items()},
            )
        progress(len(plan), len(plan), "done")
        store.seal(folder)


def members(
    corpus: Corpus, concept: str, language: str, ids: Sequence[str]
) -> list[str]:
    """Positives of the pairs, then their negatives."""
    by_id = {pair.pair: pair for pair in corpus.select(concept, language)}
    chosen = [by_id[i] for i in ids]
    return [pair.positive for pair in chosen] + [pair.negative for pair in chosen]


def cell_seed(spec: StudySpec, concept: str, language: str) -> int:
    """A seed of each cell's own: with one for all, random baselines of different languages would be the same vector."""
    return int.from_bytes(
        hashlib.sha256(f"{spec.seed} {concept} {language}".encode()).digest()[:4], "big"
    )


def vector_cell(
    folder: Path, spec: StudySpec, corpus: Corpus, reader: Reader, cell: tuple[int, int]
) -> dict:
    """Concept vector, its two halves and its shuffled twin, and the mean state length, of one concept and language."""
    concept, language = spec.concepts[cell[0]], spec.languages[cell[1]]
    train, _ = split(corpus, spec.split, concept, language, spec.seed)
    texts, n = members(corpus, concept, language, train), len(train)
    seed = cell_seed(spec, concept, language)
    chosen = LINEAR.get(spec.estimator, difference_of_means)(n, seed)
    groups = clusters(corpus, concept, train)
    weights = np.stack(
        [
            chosen,
            half_of_clusters(groups, 0),
            half_of_clusters(groups, 1),
            shuffled_labels(n, seed),
        ]
    )
    readout, norms = (
        LinearReadout(weights, reader.layers, reader.hidden),
        StateNorms(reader.layers),
    )
    if spec.estimator in LINEAR:
        reader.stream(texts, [readout, norms])
        vector = readout.sums[0]
    else:
        with States(len(texts), reader.layers, reader.hidden) as states:
            reader.stream(texts, [readout, norms, states])
            estimate = STATEFUL[spec.estimator]
            vector = np.stack(
                [estimate(layer[:n], layer[n:], seed) for layer in states.values]
            )
    kept = {
        "concept_vector": vector,
        "half_a": readout.sums[1],
        "half_b": readout.sums[2],
        "shuffled": readout.sums[3],
    }
    return {
        name: values.astype(np.float32)
        for name, values in (kept | {"state_norm": norms.mean}).items()
    }


def score_cell(
    folder: Path, spec: StudySpec, corpus: Corpus, reader: Reader, cell: tuple[int, int]
) -> dict:
    """Margins of a target language's held-out pairs under every source language's vector: (source, layer, pair)."""
    known = store.read_manifest(folder)
    concept, language = spec.concepts[cell[0]], spec.languages[cell[1]]
    vectors = store.read_array(folder, known, "concept_vector").values[cell[0]]
    _, test = split(corpus, spec.split, concept, language, spec.seed)
    texts = members(corpus, concept, language, test)
    present = np.isfinite(vectors[:, 0, 0])
    projections = Projections(vectors[present], len(texts))
    reader.stream(texts, [projections])
    gaps = projections.products[: len(test)] - projections.products[len(test) :]
    order = {pair: i for i, pair in enumerate(known["pairs"][concept]["test"])}
    scores = np.zeros((len(vectors), reader.layers, len(order)), np.float32)
    mask = np.zeros_like(scores, dtype=np.uint8)
    where = [order[pair] for pair in test]
    scores[np.ix_(present, range(reader.layers), where)] = gaps.transpose(1, 2, 0)
    mask[np.ix_(present, range(reader.layers), where)] = 1
    return {"pair_score": scores, "scored": mask[:, 0]}


CELLS = {"vector": vector_cell, "score": score_cell}
