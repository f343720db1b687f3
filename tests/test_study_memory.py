"""What a study takes beside its model: what is foretold against what its arrays take."""

import numpy as np
import pytest

from analysis.concepts import study_memory
from analysis.concepts.folded import Differences, column_weights, sums_by_fold
from analysis.concepts.folded_cells import Dealt
from analysis.concepts.pairs import ContrastPair
from analysis.concepts.study_memory import Counts, Taken, counts_of, taken
from analysis.core.model_memory import Batch, Size, needed_bytes, read_bytes
from analysis.core.specs import ModelSpec
from analysis.worker.extraction import check_model, needed_to_read
from analysis.worker.inline import run_inline

MEBIBYTE = 2**20
SHALLOW = Size(7_375_360, hidden=512, inner=1376, layers=2, vocabulary=1024)
"""The model of ``benchmarks.scale``, part memory."""


def pairs_of(concepts: int, languages: int, pairs: int) -> list[ContrastPair]:
    """Pairs of every concept in every language, with texts of one word to three."""
    found = []
    for concept in range(concepts):
        for language in range(languages):
            for pair in range(pairs):
                text = " ".join(["word"] * (1 + pair % 3))
                found.append(
                    ContrastPair(
                        str(pair), f"c{concept}", f"l{language}", text, f"{text}s"
                    )
                )
    return found


def test_pairs_are_counted_where_there_are_most():
    given = [*pairs_of(2, 3, 4), *pairs_of(1, 1, 6)[4:]]
    counts = counts_of(given)
    assert counts == Counts(pairs=26, ids=6, of_concept=14, of_cell=6, languages=3)
    assert counts_of([]) == Counts(0, 0, 0, 0, 0)


def test_what_is_foretold_of_folds_is_what_their_arrays_take():
    """The arrays of one cell of 60 pairs, as the program makes them."""
    pairs, folds, layers, hidden = 60, 5, 2, 16
    dealt = Dealt(np.arange(pairs) % folds, np.arange(pairs), folds)
    weights = column_weights(np.ones(pairs), dealt.clusters.tolist(), 0, "truth")
    with Differences(pairs, layers, hidden) as differences:
        of_layer = np.asarray(differences.values[0])
        sums = sums_by_fold(of_layer, of_layer, dealt, weights)
        disk = differences.values.nbytes
    counts = Counts(pairs=240, ids=60, of_concept=240, of_cell=pairs, languages=4)
    found = taken(counts, "5 folds", layers, hidden)
    assert found.disk == 4 * disk
    known = 330 * 240 + 2900 * 60
    assert found.memory > known + 4 * weights.nbytes + sums.nbytes
    # All that comes beside it for a moment is less than twice as much.
    assert found.memory < known + 4 * weights.nbytes + 3 * sums.nbytes
    more = taken(counts, "10 folds", layers, hidden)
    assert more.memory > found.memory and more.disk == found.disk


def test_pairs_that_are_parted_once_keep_shuffled_vectors_instead():
    counts = Counts(pairs=240, ids=60, of_concept=240, of_cell=60, languages=4)
    found = taken(counts, "by pair", 2, 16)
    weights = 8 * 54 * 2 * 60
    sums = 2 * 8 * 54 * 2 * 16
    assert found == Taken(330 * 240 + 2900 * 60 + weights + sums, 4 * 50 * 4 * 2 * 16)


def test_a_batch_is_no_larger_than_the_texts_there_are():
    given = pairs_of(1, 2, 40)
    counts = counts_of(given)

    def tokens_of(text: str) -> int:
        return len(text.split())

    few = study_memory.largest_batch(given, counts, tokens_of, "cpu")
    assert few == Batch(tokens=80 * 3, texts=80)
    many = counts_of(pairs_of(1, 2, 400))
    full = study_memory.largest_batch(given, many, tokens_of, "cpu")
    assert full == Batch(tokens=768, texts=256)
    long = study_memory.largest_batch(given, many, lambda text: 5000, "cpu")
    assert long == Batch(tokens=5000, texts=256)
    assert study_memory.largest_batch([], counts_of([]), tokens_of, "cpu").texts == 0


@pytest.mark.parametrize(
    "counts, tokens, measured",
    [
        # MiB that loading and computing added, weights that were not read among them.
        (Counts(2000, 500, 2000, 500, 4), 768, 97),
        (Counts(100_000, 25_000, 100_000, 25_000, 4), 768, 970),
        (Counts(2400, 40, 2400, 40, 60), 240, 92),
    ],
)
def test_what_is_foretold_is_what_was_measured(counts, tokens, measured):
    """Of the model and the corpora of ``benchmarks.scale``, part memory."""
    batch = Batch(tokens, min(256, 2 * counts.of_cell))
    own = read_bytes(SHALLOW, "float32", batch=batch)
    model = needed_bytes(SHALLOW, "float32") - read_bytes(SHALLOW, "float32") + own
    study = taken(counts, "5 folds", SHALLOW.layers, SHALLOW.hidden)
    foretold = (model + study.memory + study.disk) / MEBIBYTE
    assert foretold == pytest.approx(measured, rel=0.15)


def test_the_check_counts_the_pairs(tiny_models):
    few, many = pairs_of(1, 1, 6), pairs_of(1, 1, 6000)
    seen = [
        run_inline(check_model(ModelSpec("llama"), "none", given))
        for given in (few, many)
    ]
    known = (330 + 2900) * 6000
    assert seen[1].needed > seen[0].needed + known
    assert all(each.fits for each in seen)


def test_what_a_study_takes_of_main_memory_is_not_what_a_gpu_lacks(tiny_models):
    from dataclasses import replace

    from analysis.model.load import preflight

    given = pairs_of(1, 1, 600)
    seen = preflight(ModelSpec("llama"))
    there = replace(seen, place="1 × NVIDIA H200")
    here = needed_to_read(seen, given, "5 folds", len)
    beside = needed_to_read(there, given, "5 folds", len)
    own = taken(counts_of(given), "5 folds", seen.layers, seen.hidden)
    full = Batch(1024, 256)
    assert here.memory == seen.needed_with(full) + own.memory
    assert here.disk == beside.disk == own.disk
    assert beside.memory == there.needed_with(Batch(3840, 256))
