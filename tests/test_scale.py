"""What the benchmark of scale is made of: planted corpora, a stopwatch, a plan."""

import time
import types

from analysis.concepts.pair_readers import read_corpus
from benchmarks import planting
from benchmarks.planting import Design
from benchmarks.scale import Plan
from benchmarks.scale_watched import Stopwatch


def test_a_planted_corpus_is_read_as_it_was_designed(tmp_path):
    design = Design(2, 3, 600)
    path = tmp_path / "planted.csv"
    planting.plant_corpus(path, design)
    corpus = read_corpus(path.read_bytes(), path.name)
    assert len(corpus.pairs) == design.rows == 3600
    assert len(corpus.concepts) == 2 and len(corpus.languages) == 3
    assert design.cells == 12


def test_texts_of_many_pairs_differ_and_are_known_to_the_tokenizer():
    texts = set()
    for pair in range(50_000):
        texts.update(planting.members(6, 15, pair))
    assert len(texts) == 100_000
    words = set(" ".join(texts).split())
    assert words <= planting.tokenizer().get_vocab().keys()


def test_a_stopwatch_counts_what_is_within_once():
    slow = types.SimpleNamespace(
        inner=lambda: time.sleep(0.05), outer=lambda: slow.inner()
    )
    watch = Stopwatch()
    watch.watch(slow, "inner")
    watch.watch(slow, "outer")
    begun = time.perf_counter()
    slow.outer()
    assert 0.05 <= watch.seconds <= time.perf_counter() - begun
    slow.inner()
    assert watch.seconds >= 0.1 and not watch.inside


def test_a_plan_has_as_many_cells_as_its_studies():
    plan = Plan()
    assert plan.models * plan.cells == 1_400_000
