"""The plan of a study: cells that are computed, committed and resumed one by one.

A cell is a stage of one concept in one language. A *vector* cell reads the training
pairs; a *score* cell reads the held-out pairs of a target language and projects them on
the vectors of every source language. A cell's numbers depend on the spec alone, so a
killed run that is resumed gives the same bytes as one that was never interrupted.
"""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.concepts.cells import (
    Reader,
    Work,
    cell_seed,
    members,
    scattered,
    stateful_vector,
    training_weights,
    vector_arrays,
)
from analysis.concepts.estimators import ESTIMATORS, LINEAR
from analysis.concepts.folded import KeptLanguages
from analysis.concepts.folded_cells import folded_score_cell, folded_vector_cell
from analysis.concepts.pairs import (
    FOLDS,
    ContrastPair,
    Corpus,
    check_choice,
    clusters,
    folds_of,
    split_pairs,
    too_few_pairs,
)
from analysis.concepts.readable import notes_on, pairs_left_out, readable
from analysis.concepts.readouts import (
    LinearReadout,
    Projections,
    StateNorms,
    States,
)
from analysis.concepts.specs import StudySpec
from analysis.concepts.unrelated_vectors import (
    DRAWS,
    ShuffledVectors,
    Surplus,
    halves_of,
    random_directions,
    shuffling_weights,
)
from analysis.core.errors import StudyError
from analysis.core.specs import check, digest, written
from analysis.study import bounds, coverage, store, together
from analysis.study.coverage import PairCell
from analysis.study.manifest import Cell, Manifest, PairCounts, PairTable
from analysis.study.stored_arrays import read_array
from analysis.study.together import Group, Plan, Progress, Shard, without_progress

LIBRARIES = ("torch", "transformers", "numpy", "scikit-learn", "safetensors")


def check_wanted(spec: StudySpec, corpus: Corpus) -> None:
    """AnalysisError for a spec of which no study can be made, before a model is loaded.

    It names a concept or a language that the corpus lacks, or that no manifest may have.
    """
    check_choice(corpus, spec.concepts, spec.languages)
    if spec.split in FOLDS:
        for concept in spec.concepts:
            folds_of(corpus, spec.split, concept, spec.seed)
    bounds.check_names(spec.concepts, "The list of concepts")
    bounds.check_codes(spec.languages, "The list of languages")


def begin(
    spec: StudySpec,
    corpus: Corpus,
    reader: Reader,
    title: str,
    facts: Mapping[str, Any] | None = None,
) -> Path:
    """Create the study of a spec, or return the unfinished one of the same digest.

    ``facts`` are further entries of the manifest. StudyError when it is complete.
    """
    check("estimator", spec.estimator, tuple(ESTIMATORS))
    name = store.name_of(spec, title)
    folder = store.root() / name
    if not folder.exists():
        known = replace(manifest(spec, corpus, reader, title), **(facts or {}))
        try:
            return store.create(name, known)
        except StudyError:
            # Another process may have begun it since it was looked for.
            if not folder.exists():
                raise
    if not coverage.missing_pairs(store.read_manifest(folder)):
        raise StudyError(
            f"The study “{name}” of exactly this spec is complete already. Open it, or "
            "change spec or title."
        )
    return folder


def manifest(
    spec: StudySpec,
    corpus: Corpus,
    reader: Reader,
    title: str,
) -> Manifest:
    """What is known before anything is computed: spec, pairs, coverage, libraries.

    Pairs whose members are the same to the model are left out, and noted.
    """
    left_out = pairs_left_out(spec, corpus, reader.alike)
    corpus = readable(corpus, left_out)
    absent = []
    for c, concept in enumerate(spec.concepts):
        for a, language in enumerate(spec.languages):
            if not corpus.select(concept, language):
                absent.append(Cell(c, a))
    tables = {concept: pair_table(spec, corpus, concept) for concept in spec.concepts}
    return Manifest(
        title=title,
        spec=written(spec),
        digest=digest(spec),
        concepts=spec.concepts,
        languages=spec.languages,
        layers=reader.layers,
        hidden=reader.hidden,
        absent=tuple(absent),
        pairs=tables,
        left_out=left_out or None,
        token=last_tokens(spec, corpus, reader),
        notes=(*corpus.notes, *notes_on(left_out)),
        libraries=library_versions(),
    )


def last_tokens(
    spec: StudySpec,
    corpus: Corpus,
    reader: Reader,
) -> dict[str, tuple[str, ...]]:
    """The last tokens of the first pair of each language that has one."""
    first: dict[str, ContrastPair] = {}
    for pair in corpus.pairs:
        first.setdefault(pair.language, pair)
    tokens = {}
    for language in spec.languages:
        if language in first:
            tokens[language] = tuple(reader.tail(first[language].positive))
    return tokens


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that numbers may depend on."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        versions[name] = version(name)
    return versions


def pair_table(
    spec: StudySpec,
    corpus: Corpus,
    concept: str,
) -> PairTable:
    """What a manifest says of a concept's held-out pairs.

    Ids (union over languages, in order), their clusters, and counts per language.
    """
    held_out: set[str] = set()
    counts = {}
    for language in spec.languages:
        if not corpus.select(concept, language):
            continue
        parts = split_pairs(corpus, spec.split, concept, language, spec.seed)
        if len(parts.train) < 2:
            raise too_few_pairs(concept, language, parts, spec.split)
        counts[language] = PairCounts(train=len(parts.train), test=len(parts.test))
        held_out.update(parts.test)
    ids = tuple(sorted(held_out))
    groups = tuple(clusters(corpus, concept, ids))
    folds = None
    if spec.split in FOLDS:
        dealt = folds_of(corpus, spec.split, concept, spec.seed)
        folds = tuple(dealt[pair] for pair in ids)
    return PairTable(test=ids, clusters=groups, folds=folds, counts=counts)


def run(
    folder: Path,
    corpus: Corpus,
    reader: Reader,
    progress: Progress = without_progress,
) -> None:
    """Compute the cells that are missing, one commit each.

    ``progress`` may raise to stop. StudyError for another corpus than the study's.
    """
    with store.writing(folder), working(folder, corpus, reader) as work:
        cells = coverage.pair_cells(store.read_manifest(folder))
        compute_missing(work, cells, progress)
        store.seal(folder)


def run_together(
    folder: Path,
    corpus: Corpus,
    reader: Reader,
    shard: Shard,
    progress: Progress = without_progress,
) -> None:
    """The same by several processes at once, a concept at a time.

    StudyError as in ``run`` and in ``together.compute``.
    """
    manifest = store.read_manifest(folder)
    by_name = {f"concept-{c:03d}": c for c in range(len(manifest.concepts))}
    cells = coverage.pair_cells(manifest)
    with working(folder, corpus, reader) as work:

        def of_concept(group: Group) -> None:
            chosen = [cell for cell in cells if cell.concept == by_name[group.name]]
            compute_missing(work, chosen, progress)

        groups = []
        for name, c in by_name.items():
            groups.append(group_of(name, [cell for cell in cells if cell.concept == c]))
        whole = Plan(groups, of_concept, store.seal)
        together.compute(folder, whole, progress, shard)


def group_of(name: str, cells: Sequence[PairCell]) -> Group:
    """Cells of one concept: its scores need all its vectors."""
    keys = frozenset(cell.key for cell in cells)
    return Group(name, keys, tuple(file_of(cell) for cell in cells))


def file_of(cell: PairCell) -> str:
    """The file of a cell."""
    return f"{cell.stage}-{cell.concept:03d}-{cell.language:03d}.safetensors"


@contextmanager
def working(folder: Path, corpus: Corpus, reader: Reader) -> Iterator[Work]:
    """What every cell of a study is computed from, with room for what is kept between."""
    known = store.read_manifest(folder)
    spec = known.spec_as(StudySpec)
    check_corpus(folder, spec, corpus)
    pairs = readable(corpus, known.left_out)
    size = reader.layers, reader.hidden
    # Folds need no room for shuffled vectors: they keep differences instead.
    languages = 1 if spec.split in FOLDS else len(spec.languages)
    with ShuffledVectors(languages, *size) as shuffled, KeptLanguages() as kept:
        yield Work(folder, known, spec, pairs, reader, shuffled, kept)


def compute_missing(work: Work, cells: Sequence[PairCell], progress: Progress) -> None:
    """Compute and commit those of some cells that a study lacks."""
    spec = work.spec
    compute = FOLDED_CELLS if spec.split in FOLDS else CELLS
    missing = set(coverage.missing_pair_cells(store.read_manifest(work.folder)))
    for done, cell in enumerate(cells):
        if cell not in missing:
            continue
        stage, c, a = cell
        concept, language = spec.concepts[c], spec.languages[a]
        progress(done, len(cells), f"{stage} · {concept} · {language}")
        arrays = compute[stage](work, concept, language)
        tensors = {f"{name}/{c}/{a}": values for name, values in arrays.items()}
        store.add_file(work.folder, file_of(cell), tensors)
    progress(len(cells), len(cells), "done")


def check_corpus(
    folder: Path,
    spec: StudySpec,
    corpus: Corpus,
) -> None:
    """StudyError unless a study was begun with these contrast pairs."""
    if corpus.digest != spec.corpus_digest:
        raise StudyError(
            f"“{folder.name}” was begun with the contrast pairs {spec.corpus_digest}, "
            f"given are {corpus.digest}. Choose the same corpus to go on, or begin a "
            "new study."
        )


def vector_cell(
    work: Work,
    concept: str,
    language: str,
) -> dict[str, np.ndarray]:
    """What the training pairs of a concept in a language give.

    ``concept_vector``, its halves ``half_a`` and ``half_b`` and its twin ``shuffled``
    (layer, hidden), and ``state_norm`` (layer), the mean length of the states; float32.
    """
    spec, corpus, reader = work.spec, work.corpus, work.reader
    train = split_pairs(corpus, spec.split, concept, language, spec.seed).train
    texts = members(corpus, concept, language, train)
    seed = cell_seed(spec, concept, language)
    weights = training_weights(work, concept, train, seed)
    readout = LinearReadout(weights, reader.layers, reader.hidden)
    norms = StateNorms(reader.layers)
    shuffling = shuffling_readout(work, concept, train)
    consumers = [readout, norms, shuffling]
    if spec.estimator in LINEAR:
        reader.stream(texts, consumers)
        vector = readout.sums[0]
    else:
        with States(len(texts), reader.layers, reader.hidden) as states:
            reader.stream(texts, [*consumers, states])
            vector = stateful_vector(spec.estimator, states.values, seed)
    keep_shuffled(work, concept, language, shuffling)
    return vector_arrays(vector, readout, norms)


def shuffling_readout(
    work: Work,
    concept: str,
    train: Sequence[str],
) -> LinearReadout:
    """A readout of the vectors of shuffled labels; differences of means always.

    Those of an estimator that is not linear would each take as long as its vector.
    """
    groups = clusters(work.corpus, concept, train)
    weights = shuffling_weights(groups, work.spec.seed, concept)
    return LinearReadout(weights, work.reader.layers, work.reader.hidden)


def keep_shuffled(
    work: Work,
    concept: str,
    language: str,
    readout: LinearReadout,
) -> None:
    """Keep what was read of shuffled labels until the concept's pairs are scored."""
    place = work.spec.languages.index(language)
    work.shuffled.put(concept, place, readout.sums)


def read_shuffled_again(
    work: Work,
    concept: str,
    language: str,
) -> None:
    """Read the training pairs once more where an earlier run read them last."""
    place = work.spec.languages.index(language)
    if work.shuffled.has(concept, place):
        return
    spec = work.spec
    train = split_pairs(work.corpus, spec.split, concept, language, spec.seed).train
    readout = shuffling_readout(work, concept, train)
    work.reader.stream(members(work.corpus, concept, language, train), [readout])
    keep_shuffled(work, concept, language, readout)


def score_cell(
    work: Work,
    concept: str,
    language: str,
) -> dict[str, np.ndarray]:
    """Margins of a target language's held-out pairs under every source's vector.

    ``pair_score`` (source, layer, pair), float32; ``scored`` (source, pair) is 1 where
    there is a margin. ``random_surplus`` (half, layer, draw) and ``shuffled_surplus``
    (source, half, layer, draw) count what unrelated vectors rank right and wrong.
    """
    spec, corpus = work.spec, work.corpus
    known = store.read_manifest(work.folder)
    vectors = read_array(work.folder, known, "concept_vector")
    of_concept = vectors.values[spec.concepts.index(concept)]
    present = np.isfinite(of_concept[:, 0, 0])

    test = split_pairs(corpus, spec.split, concept, language, spec.seed).test
    texts = members(corpus, concept, language, test)
    for source in np.flatnonzero(present):
        read_shuffled_again(work, concept, spec.languages[source])

    table = known.pair_table(concept)
    ids = table.test
    place = {pair: number for number, pair in enumerate(ids)}
    places = [place[pair] for pair in test]
    projections = Projections(of_concept[present], len(texts))
    in_first = halves_of(table.clusters, places)
    unrelated = surplus_of_unrelated(work, concept, texts, in_first, projections)
    scores = scattered(margins_of(projections), present, places, len(ids))
    return {**scores, **unrelated}


def surplus_of_unrelated(
    work: Work,
    concept: str,
    texts: Sequence[str],
    in_first: np.ndarray,
    projections: Projections,
) -> dict[str, np.ndarray]:
    """Read held-out pairs into ``projections``, and count what unrelated vectors do."""
    reader, sources = work.reader, len(work.spec.languages)
    drawn = random_directions(work.spec.seed, concept, reader.hidden)
    at_every_layer = np.broadcast_to(drawn, (reader.layers, *drawn.shape))
    pairs = len(in_first)
    with (
        States(pairs, reader.layers, DRAWS) as of_random,
        States(pairs, reader.layers, sources * DRAWS) as of_shuffled,
    ):
        random = Surplus(at_every_layer, in_first, of_random)
        shuffled = Surplus(work.shuffled.directions, in_first, of_shuffled)
        reader.stream(texts, [projections, random, shuffled])
    by_source = shuffled.kept().reshape(*shuffled.sums.shape[:2], sources, DRAWS)
    return {
        "random_surplus": random.kept(),
        "shuffled_surplus": np.ascontiguousarray(by_source.transpose(2, 0, 1, 3)),
    }


def margins_of(projections: Projections) -> np.ndarray:
    """Margins (pair, vector, layer) of pairs, positives first, under some vectors."""
    positives, negatives = np.split(projections.products, 2)
    return positives - negatives


Compute = Callable[[Work, str, str], dict[str, np.ndarray]]
CELLS: dict[str, Compute] = {
    "vector": vector_cell,
    "score": score_cell,
}
FOLDED_CELLS: dict[str, Compute] = {
    "vector": folded_vector_cell,
    "score": folded_score_cell,
}
"""The same of studies whose pairs are all held out in turn."""
