"""Every pair held out once: folds of whole sources, vectors that never saw them."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.concepts import plan
from analysis.concepts.accuracy import in_first_half
from analysis.concepts.can_show import (
    by_language,
    can_show,
    sources_of_study,
    sources_words,
)
from analysis.concepts.corpora import keep
from analysis.concepts.null_vectors import null_in_folds, null_vectors
from analysis.concepts.pairs import (
    FOLDS,
    Corpus,
    folds_of,
    leaks,
    split_pairs,
    usual_split,
)
from analysis.concepts.recognition import pair_scores, recognition
from analysis.concepts.specs import CONVENTIONS, Convention
from analysis.concepts.transfer import transfer
from analysis.concepts.unrelated_vectors import DRAWS, signs_of
from analysis.core.errors import CorpusError, StudyError
from analysis.core.specs import digest
from analysis.overview.findings import findings
from analysis.overview.of_study import coverage
from analysis.study import library, store
from components.figures.languages import Languages
from components.figures.overview import coverage as coverage_figure
from components.figures.text import convention_note
from components.paperpack.methods import about
from tests.planted import replaced
from tests.reading import CONCEPTS, LANGUAGES, FakeReader, corpus, spec
from tests.visits import alive, visit, words

HONEST = CONVENTIONS["honest"]


@pytest.fixture(autouse=True)
def own_home(home):
    """Every test has its own studies."""


def sourced(pairs=20, per_source=2, **more) -> Corpus:
    """The corpus of the fake reader; several pairs stem from one source."""
    given = corpus(pairs, **more)
    made = []
    for pair in given.pairs:
        made.append(replace(pair, source=f"s{int(pair.pair) // per_source}"))
    return replace(given, pairs=tuple(made))


def made(given, reader=None, split="5 folds", stop=None, **more):
    """The folder of a study; computing stops where a cell begins, if asked for."""
    reader = reader or FakeReader()
    wanted = spec(given, split=split, **more)
    folder = store.root() / store.name_of(wanted, "folded")
    if not folder.exists():
        plan.begin(wanted, given, reader, "folded")

    def progress(done, of, cell):
        if done == stop:
            raise KeyboardInterrupt

    plan.run(folder, given, reader, progress)
    return folder


def hashes(folder):
    """SHA-256 of every array file."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.mark.parametrize("method", FOLDS)
def test_every_pair_is_in_one_fold_with_its_source_in_every_language(method):
    given = sourced(pairs=40, per_source=2)
    folds = folds_of(given, method, "truth", 1)
    assert set(folds.values()) == set(range(FOLDS[method]))
    groups = given.groups["truth"]
    for pair, fold in folds.items():
        siblings = [other for other in folds if groups[other] == groups[pair]]
        assert {folds[other] for other in siblings} == {fold}
    sizes = np.bincount(list(folds.values()))
    assert sizes.max() - sizes.min() <= 2 and len(folds) == 40
    for language in LANGUAGES:
        train, test = split_pairs(given, method, "truth", language, 1)
        assert train == test == tuple(sorted(folds))
    assert folds_of(given, method, "truth", 2) != folds
    assert leaks(given, method, CONCEPTS, 1) == ()


def differences(given, concept, language):
    """Pair id → positive less negative state (layer, hidden)."""
    reader = FakeReader()
    found = {}
    for pair in given.select(concept, language):
        found[pair.pair] = reader.state(pair.positive) - reader.state(pair.negative)
    return found


def test_margins_come_from_vectors_without_the_pair_its_source_and_translations():
    given = sourced()
    folder = made(given)
    study = store.open_study(folder)
    assert study.complete
    table = study.manifest.pair_table("truth")
    assert len(table.test) == 20 and len(table.folds) == 20
    counts = table.counts["fr"]
    assert (counts.train, counts.test) == (20, 20)
    source, target = (
        differences(given, "truth", "zh"),
        differences(given, "truth", "fr"),
    )
    fold = dict(zip(table.test, table.folds))
    scores = study.array("pair_score").sel(concept="truth", source="zh", target="fr")
    for place, pair in enumerate(table.test):
        seen = [gap for other, gap in source.items() if fold[other] != fold[pair]]
        margin = (target[pair] * np.mean(seen, 0)).sum(-1)
        np.testing.assert_allclose(scores.values[:, place], margin, rtol=1e-4)
    whole = np.mean(list(source.values()), 0)
    vector = study.array("concept_vector").sel(concept="truth", language="zh")
    np.testing.assert_allclose(vector.values, whole, rtol=1e-4, atol=1e-5)


def test_layers_are_chosen_by_vectors_that_saw_neither_fold():
    given = sourced()
    study = store.open_study(made(given))
    table = study.manifest.pair_table("truth")
    source, target = (
        differences(given, "truth", "zh"),
        differences(given, "truth", "fr"),
    )
    fold = dict(zip(table.test, table.folds))
    kept = study.array("inner_surplus").sel(concept="truth", source="zh", target="fr")
    for outer in range(5):
        surplus = 0
        for pair, gap in target.items():
            if fold[pair] == outer:
                continue
            without = (outer, fold[pair])
            seen = [d for other, d in source.items() if fold[other] not in without]
            surplus += np.sign((gap * np.mean(seen, 0)).sum(-1))
        np.testing.assert_array_equal(kept.values[outer], surplus)


def test_every_text_is_read_once():
    given = sourced()
    reader = FakeReader()
    made(given, reader)
    texts = [text for pair in given.pairs for text in (pair.positive, pair.negative)]
    assert sorted(reader.read) == sorted(texts)


@pytest.mark.parametrize("estimator", ["difference of means", "logistic probe"])
@pytest.mark.parametrize("stop", [1, 4, 8])
def test_a_stopped_study_ends_with_the_same_bytes(estimator, stop):
    given = sourced()
    folder = made(given, estimator=estimator)
    first = hashes(folder)
    library.delete(folder.name)
    with pytest.raises(KeyboardInterrupt):
        made(given, estimator=estimator, stop=stop)
    assert not store.open_study(folder).complete
    made(given, estimator=estimator)
    assert hashes(folder) == first


class NoiseReader(FakeReader):
    """States in which there is no concept, only noise of the seed."""

    layers = 6

    def __init__(self, seed):
        super().__init__(batch=200)
        self.seed = seed

    def state(self, text):
        """(layer, hidden) of one text; layers have most in common."""
        drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        rng = np.random.default_rng([self.seed, drawn])
        shared = rng.standard_normal((1, self.hidden))
        own = rng.standard_normal((self.layers, self.hidden))
        return (shared + own).astype(np.float32)


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Tables of recognition of 60 studies without any concept, layers chosen anew."""
    given = corpus(24, ("en", "fr"), CONCEPTS)
    tables = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("noise")))
        for seed in range(60):
            folder = made(given, NoiseReader(seed), seed=seed)
            study = store.open_study(folder)
            tables.append(recognition(study, HONEST))
            library.delete(folder.name)
    return tables


def test_what_is_noise_is_right_half_of_the_time(noise):
    accuracy = np.array([table.accuracy.values for table in noise])
    error = accuracy.mean((1, 2)).std() / np.sqrt(len(noise))
    assert abs(accuracy.mean() - 0.5) < 3 * error < 0.06


def test_chance_passes_the_test_no_more_often_than_it_says(noise):
    p = np.array([table.p.values for table in noise])
    low = np.array([table.low.values for table in noise])
    high = np.array([table.high.values for table in noise])
    # 240 cells, of which languages and concepts are independent here.
    assert np.mean(p <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / p.size)
    assert np.mean((low <= 0.5) & (high >= 0.5)) >= 0.9


def test_the_usual_split_depends_on_the_corpus():
    assert usual_split(corpus(20)) == "5 folds"
    assert usual_split(sourced(20, per_source=2)) == "5 folds"
    assert usual_split(sourced(20, per_source=4)) == "by pair"
    assert usual_split(corpus(9)) == "by pair"
    few = corpus(20)
    kept = [p for p in few.pairs if p.concept == "truth" or int(p.pair) < 5]
    uneven = replace(few, pairs=tuple(kept))
    assert usual_split(uneven) == "by pair"
    assert usual_split(uneven, ["truth"]) == "5 folds"
    divided = [replace(pair, split="train") for pair in few.pairs]
    assert usual_split(replace(few, pairs=tuple(divided))) == "as given"


def test_too_few_sources_for_folds_are_told_before_a_model_is_read():
    given = sourced(20, per_source=5)
    with pytest.raises(CorpusError, match="4 sources of pairs, and .* needs 5"):
        plan.check_wanted(spec(given, split="5 folds"), given)


def test_folds_change_no_older_digest():
    given = corpus()
    assert digest(spec(given)) == digest(spec(given, split="by pair"))
    assert digest(spec(given)) == "af35bd65601ece22"
    assert digest(spec(given)) != digest(spec(given, split="5 folds"))


@pytest.fixture(scope="module")
def folded(tmp_path_factory):
    """A study with folds, opened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("folded")))
        yield store.open_study(made(corpus(40)))


def test_what_is_read_off_folds_says_so(folded):
    assert folded.manifest.folded
    said = {each.page: each.statistics for each in findings(folded, HONEST)}
    assert (
        "the layer of each fold of pairs was chosen on the other"
        in (said["recognition"])
    )
    assert convention_note(HONEST, folded).startswith("Every pair held out once")
    assert "Layer 2" in convention_note(Convention("fixed", "half", 2), folded)
    facts = {"split": "5 folds", "estimator": "difference of means", "layers": 3}
    assert "Every pair was held out once, in 5 folds of" in " ".join(about(facts))
    facts["split"] = "by pair"
    assert "Every pair was held out once" not in " ".join(about(facts))


def test_every_pair_counts_in_accuracies_and_transfer(folded):
    for convention in (*CONVENTIONS.values(), Convention("fixed", "half", 2)):
        table = recognition(folded, convention)
        assert (table.n == 40).all() and (table.clusters == 40).all()
        assert (table.accuracy > 0.95).all() and (table.low > 0.8).all()
        carried = transfer(folded, convention)
        assert (carried.n == 80).all() and (carried.p < 0.05).all()


def test_pairs_that_train_and_are_held_out_are_counted_once(folded):
    assert (coverage(folded) == 40).all()
    drawn = coverage_figure(folded, Languages(folded.languages, folded.languages))
    assert "each held out once" in drawn.caption
    assert "training and" not in drawn.caption


def test_a_vector_of_a_fold_that_is_null_has_no_margin(folded):
    lengths = folded.array("fold_length")
    assert lengths.dims == ("concept", "language", "fold", "layer")
    assert not null_in_folds(folded).any()
    short = np.array(lengths.values)
    short[0, 1, 3, 2] = 0
    changed = replaced(folded, fold_length=short)
    (scores, _) = pair_scores(changed, changed.concepts)
    assert np.isnan(scores.margins[1, :, 2]).all()
    assert np.isfinite(scores.margins[1, :, :2]).all()
    # The concept vector is there and can steer.
    assert not null_vectors(changed).any()
    table = recognition(changed, HONEST)
    assert np.isfinite(table.accuracy).all() and table.layer[0, 1] != 3


def test_bands_of_unrelated_vectors_are_those_of_plain_sums():
    given = sourced(pairs=40, per_source=2)
    study = store.open_study(made(given))
    table = study.manifest.pair_table("truth")
    folds, groups = np.array(table.folds), table.clusters
    first = in_first_half(groups)
    by_pair = differences(given, "truth", "zh")
    source = np.stack([by_pair[pair] for pair in table.test]).astype(float)
    by_pair = differences(given, "truth", "fr")
    target = np.stack([by_pair[pair] for pair in table.test]).astype(float)
    signs = np.stack([signs_of(1, "truth", group) for group in groups])
    margins = np.zeros((len(folds), 3, DRAWS))
    for fold in range(5):
        out = folds != fold
        weights = signs[out] - signs[out].mean(0)
        vectors = np.einsum("pd,plh->dlh", weights, source[out])
        margins[~out] = np.einsum("plh,dlh->pld", target[~out], vectors)
    sign = np.sign(margins)
    expected = np.stack([sign[first].sum(0), sign[~first].sum(0)])
    kept = study.array("shuffled_surplus").sel(
        concept="truth", source="zh", target="fr"
    )
    np.testing.assert_array_equal(kept.values, expected)


def test_the_spread_of_folds_is_seen_and_kept():
    given = corpus(40, ("en", "fr"))
    study = store.open_study(made(given, NoiseReader(3)))
    spread = study.array("fold_spread")
    assert spread.dims == ("concept", "source", "target", "layer")
    own = np.diagonal(spread.values, axis1=1, axis2=2)
    assert (spread >= 1).all() and 1.1 < own.mean() < 1.5
    # Nothing is shared between languages that have nothing in common.
    assert spread.values[:, 0, 1].mean() < own.mean() - 0.1
    table = recognition(study, Convention("fixed", "half", 1))
    plain = recognition(
        replaced(study, fold_spread=np.ones_like(spread.values)),
        Convention("fixed", "half", 1),
    )
    assert (table.high - table.low > plain.high - plain.low).all()


def test_languages_may_lack_pairs():
    given = sourced(pairs=40, per_source=2)
    kept = [
        pair
        for pair in given.pairs
        if not (pair.language == "zh" and pair.concept == "truth")
        and not (pair.language == "fr" and int(pair.pair) % 3)
    ]
    study = store.open_study(made(replace(given, pairs=tuple(kept))))
    assert study.complete
    table = recognition(study, HONEST)
    assert np.isnan(table.accuracy.sel(concept="truth", language="zh"))
    assert table.n.sel(concept="truth", language="fr") == 14
    counted = np.array(sources_of_study(study)).reshape(2, 3)
    assert counted.tolist() == [[20, 20, 14], [20, 0, 14]]


@pytest.mark.parametrize(
    ("sources", "split", "p"),
    [(3, "by pair", 0.125), (6, "by pair", 1 / 64), (64, "by pair", 0.001),
     (3, "5 folds", 0.125), (10, "5 folds", 11 / 1024), (64, "5 folds", 0.001)],
)  # fmt: skip
def test_the_smallest_p_is_that_of_swaps(sources, split, p):
    assert can_show(sources, split).p == pytest.approx(p)


def test_what_sources_can_show_is_told_by_language():
    table = by_language((13, 4, 20, 0), ("en", "fr"), "by pair")
    values = dict(zip(table, table.values()))
    assert values["Language"] == ["en", "fr"]
    assert values["Independent sources (fewest of a concept)"] == [13, 4]
    assert values["95 % interval at 70 % right"] == ["43 % to 88 %", "too few sources"]
    said = sources_words((64, 64), "5 folds")
    assert "With 64 the smallest p that a test could give is about 0.001" in said
    assert "a 95 % interval of about 28 points (54 % to 82 %)" in said


def test_the_overview_tells_what_a_study_can_show(fresh):
    folder = made(corpus(40))
    at = visit(study=folder.name, tab="data")
    assert not at.exception
    said = words(at)
    assert "Held-out pairs of a concept in a language stem from 40 independent" in said
    assert "With 40 the smallest p that a test could give is about" in said


def test_the_extract_page_offers_folds_first(fresh):
    at = visit("pages/extract.py")
    (split,) = [each for each in at.selectbox if each.label == "Split"]
    # The demo's pairs come with a split of their own.
    assert split.value == "as given" and set(FOLDS) < set(split.options)
    assert "every pair is held out once" in split.help
    alive(split.select("10 folds").run())
    assert not at.error
    (split,) = [each for each in at.selectbox if each.label == "Split"]
    split.select("3 folds").run()
    assert not at.exception
    assert "the smallest p that a test could give" in words(at)


@pytest.mark.parametrize(
    ("folds", "said"),
    [((0,) * 39, "must be one per held-out pair"), ((0,) * 39 + (7,), "is 2 × 5 × 3")],
)
def test_folds_that_do_not_fit_are_refused(folds, said):
    folder = made(corpus(40, ("en", "fr")))
    path = folder / store.MANIFEST
    values = json.loads(path.read_text(encoding="utf-8"))
    values["pairs"]["truth"]["folds"] = list(folds)
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(StudyError, match=said):
        store.open_study(folder)


def test_a_common_text_is_told_where_folds_part_it_and_too_few_sources_before():
    given = corpus(20, ("en", "fr"))
    one, *rest = given.pairs
    doubled = replace(one, pair="99", negative="another")
    twice = replace(given, pairs=(one, *rest, doubled))
    told = [leaks(twice, "5 folds", ("fairness",), seed) for seed in range(8)]
    parted = [said for said in told if said]
    # Two pairs of five folds are apart four times of five.
    assert 3 <= len(parted) <= 8 and "holds out 2 pairs that have a" in parted[0][0]
    few = replace(sourced(20, 5), pairs=(*sourced(20, 5).pairs, doubled))
    with pytest.raises(CorpusError, match="needs 10"):
        plan.check_wanted(spec(few, split="10 folds"), few)
    with pytest.raises(CorpusError, match="needs 10"):
        leaks(few, "10 folds", ("fairness",), 1)


def test_the_extract_page_says_where_sources_are_too_few_for_folds(fresh):
    name = keep(sourced(20, 5))
    at = visit("pages/extract.py")
    alive(at.selectbox(key="draft-corpus").select(name).run())
    (split,) = [each for each in at.selectbox if each.label == "Split"]
    assert split.value == "by pair" and not at.error
    alive(split.select("5 folds").run())
    (error,) = [each.value for each in at.error]
    assert "4 sources of pairs, and the split “5 folds” needs 5" in error
