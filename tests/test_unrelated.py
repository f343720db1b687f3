"""What vectors reach that have nothing to do with a concept, and tests against them."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from analysis.concepts import plan, unrelated
from analysis.concepts.accuracy import in_first_half, significance
from analysis.concepts.pairs import ContrastPair, Corpus, clusters, split_pairs
from analysis.concepts.readouts import Projections, States
from analysis.concepts.recognition import recognition
from analysis.concepts.specs import CONVENTIONS, Convention, StudySpec
from analysis.concepts.transfer import cross_accuracy, transfer
from analysis.concepts.unrelated_vectors import (
    FEW_TRAINING,
    Surplus,
    random_directions,
    shuffling_weights,
)
from analysis.core.errors import StudyError
from analysis.core.specs import ModelSpec, digest
from analysis.overview.findings import findings
from analysis.study import store
from benchmarks import coverage
from components.figures import recognition as drawn
from components.figures import transfer as triangles
from components.figures.languages import Languages
from components.paperpack import cited, manuscript, recipes, tables
from components.paperpack.recipes import Recipe
from components.printing.sheet import compose
from components.printing.venues import Look
from components.screen.to_plotly import draw
from tests.planted import Planting, planted_study, replaced
from tests.stored import stored

LANGUAGES, PAIRS, LAYERS, HIDDEN = ("en", "fr"), 40, 2, 8
CONCEPTS = ("fairness", "truth")
HONEST = CONVENTIONS["honest"]
ALL = (HONEST, CONVENTIONS["paper"], Convention("fixed", "half", 1))


class PlantedReader:
    """Texts whose states are drawn from their own words; batches of any size."""

    layers, hidden = LAYERS, HIDDEN

    def __init__(self, batch: int = 7) -> None:
        self.batch = batch

    def state(self, text: str) -> np.ndarray:
        """State (layer, hidden) of a text: positives have more of the first axis."""
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        drawn = np.random.default_rng(seed).standard_normal((LAYERS, HIDDEN))
        drawn[:, 0] += 3.0 * ("good" in text)
        return drawn.astype(np.float32)

    def stream(self, texts, consumers) -> None:
        """Feed all texts, the longest first."""
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for start in range(0, len(order), self.batch):
            some = np.array(order[start : start + self.batch])
            states = np.stack([self.state(texts[place]) for place in some])
            for consumer in consumers:
                consumer.eat(some, states)

    def tail(self, text: str) -> list[str]:
        """The last word."""
        return [text.split()[-1]]

    def alike(self, first, second) -> list[bool]:
        """No pair has two members that read alike."""
        return [one == other for one, other in zip(first, second)]


def corpus(pairs: int = PAIRS) -> Corpus:
    """Contrast pairs of two languages, each of a source of its own."""
    made = []
    for concept in CONCEPTS:
        for language in LANGUAGES:
            for place in range(pairs):
                words = f"{language} {concept} {place} " + "so " * (place % 5)
                pair = ContrastPair(
                    pair=f"{place:03d}",
                    concept=concept,
                    language=language,
                    positive=f"{words}good",
                    negative=f"{words}bad",
                )
                made.append(pair)
    return Corpus("planted", tuple(made))


def spec_of(chosen: Corpus, **more: object) -> StudySpec:
    """A study of the whole corpus."""
    known = ("planted", chosen.digest, CONCEPTS, LANGUAGES)
    return StudySpec(ModelSpec("none"), *known, **more)


def extracted(home, chosen: Corpus, stop: int | None = None, **more: object):
    """The folder of a study, stopped when a cell begins if asked for."""
    reader = PlantedReader()
    spec = spec_of(chosen, **more)
    folder = store.root() / store.name_of(spec, "Unrelated")
    if not folder.exists():
        plan.begin(spec, chosen, reader, "Unrelated")

    def progress(done: int, of: int, cell: str) -> None:
        if done == stop:
            raise KeyboardInterrupt

    plan.run(folder, chosen, reader, progress)
    return folder


def contents(folder) -> dict[str, str]:
    """SHA-256 of every file of arrays."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def gaps(chosen: Corpus, concept: str, language: str, ids) -> np.ndarray:
    """Positive less negative state (pair, layer, hidden)."""
    reader = PlantedReader()
    by_id = {pair.pair: pair for pair in chosen.select(concept, language)}
    found = []
    for pair in ids:
        one = by_id[pair]
        found.append(reader.state(one.positive) - reader.state(one.negative))
    return np.stack(found).astype(np.float64)


def surplus_of(differences, directions, first) -> np.ndarray:
    """Counts (half, layer, direction) of differences (pair, layer, hidden)."""
    sign = np.sign(np.einsum("plh,klh->plk", differences, directions))
    return np.stack([sign[first].sum(0), sign[~first].sum(0)])


def test_counts_are_those_of_the_plain_computation(home):
    chosen = corpus()
    study = store.open_study(extracted(home, chosen))
    concept, source, target = "truth", "en", "fr"
    first = in_first_half(study.manifest.pair_table(concept).clusters)
    test = split_pairs(chosen, "by pair", concept, target, 1).test
    held_out = gaps(chosen, concept, target, test)
    drawn = random_directions(1, concept, HIDDEN)
    directions = np.repeat(drawn[:, None], LAYERS, 1)
    place = {"concept": 1, "target": 1}
    counts = study.array("random_surplus").isel(place)
    assert counts.dtype == np.int8
    np.testing.assert_array_equal(counts, surplus_of(held_out, directions, first))

    train = split_pairs(chosen, "by pair", concept, source, 1).train
    groups = clusters(chosen, concept, train)
    signs = shuffling_weights(groups, 1, concept)[:, : len(train)]
    np.testing.assert_allclose(signs.sum(1), 0, atol=1e-12)
    shuffled = np.einsum("kp,plh->klh", signs, gaps(chosen, concept, source, train))
    kept = study.array("shuffled_surplus").isel(place | {"source": 0})
    np.testing.assert_array_equal(kept, surplus_of(held_out, shuffled, first))


def test_scores_are_the_same_bits_as_without_them(home):
    chosen = corpus()
    study = store.open_study(extracted(home, chosen))
    assert digest(spec_of(chosen)) == study.manifest.digest
    test = split_pairs(chosen, "by pair", "truth", "fr", 1).test
    texts = plan.members(chosen, "truth", "fr", test)
    vectors = study.array("concept_vector").sel(concept="truth").values
    alone = Projections(vectors, len(texts))
    PlantedReader().stream(texts, [alone])
    scores = study.array("pair_score").sel(concept="truth", target="fr").values
    expected = plan.margins_of(alone).transpose(1, 2, 0)
    np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 7])
def test_a_killed_study_goes_on_and_ends_with_the_same_bytes(home, stop):
    chosen = corpus()
    whole = contents(extracted(home, chosen))
    folder = store.root() / store.name_of(spec_of(chosen), "Unrelated")
    folder.rename(home / "elsewhere")
    with pytest.raises(KeyboardInterrupt):
        extracted(home, chosen, stop)
    assert contents(extracted(home, chosen)) == whole


def test_translations_of_a_source_are_swapped_together():
    many, few = range(20), range(4, 20)
    of_many = shuffling_weights(many, 3, "truth")[:, :20]
    of_few = shuffling_weights(few, 3, "truth")[:, :16]
    np.testing.assert_array_equal(of_many[:, 4:] > of_many.mean(), of_few > 0)
    other = shuffling_weights(many, 3, "fairness")[:, :20]
    assert (other != of_many).any()


def test_few_training_sources_are_not_shuffled(home):
    groups = [place % (FEW_TRAINING - 1) for place in range(40)]
    assert not shuffling_weights(groups, 1, "truth").any()
    study = store.open_study(extracted(home, corpus(FEW_TRAINING)))
    assert not study.array("shuffled_surplus").values.any()
    table = recognition(study, Convention("fixed", "half", 1))
    assert np.isnan(table.shuffled_high).all()
    assert np.isfinite(table.random_high).all()
    assert np.isfinite(table.p_unrelated).all()


@pytest.mark.parametrize("batch", [1, 5, 80])
def test_memory_does_not_grow_with_pairs_whose_members_wait(batch):
    rng = np.random.default_rng(0)
    states = rng.standard_normal((80, LAYERS, HIDDEN)).astype(np.float32)
    directions = rng.standard_normal((LAYERS, 3, HIDDEN)).astype(np.float32)
    first = np.arange(40) % 2 == 0
    with States(40, LAYERS, 3) as waiting:
        counted = Surplus(directions, first, waiting)
        for some in np.array_split(rng.permutation(80), 80 // batch):
            counted.eat(some, states[some])
        assert isinstance(waiting.values, np.memmap)
    differences = states[:40] - states[40:]
    expected = surplus_of(differences, directions.transpose(1, 0, 2), first)
    np.testing.assert_array_equal(counted.sums, expected)
    assert counted.kept().dtype == np.int8


def test_counts_of_many_pairs_keep_their_size():
    with States(128, 1, 1) as waiting:
        counted = Surplus(np.ones((1, 1, 1)), np.ones(128, bool), waiting)
    counted.sums[:] = 128
    assert counted.kept()[0, 0, 0] == 128


@pytest.mark.parametrize("convention", ALL, ids=str)
def test_bands_are_those_of_the_same_convention(convention):
    study = planted_study(planting=Planting(gap=0.0, unrelated=True))
    plain = planted_study(planting=Planting(gap=0.0))
    for measure in (recognition, cross_accuracy, transfer):
        table, before = measure(study, convention), measure(plain, convention)
        for name in before.data_vars:
            np.testing.assert_array_equal(table[name], before[name])
        assert "q_unrelated" not in before
        for kind in ("random", "shuffled"):
            low, high = table[f"{kind}_low"], table[f"{kind}_high"]
            assert (low < high).all() and (low > 0).all() and (high < 1).all()
    # Where nothing is planted, vectors are unrelated too.
    outside = (table.accuracy < table.random_low) | (table.accuracy > table.random_high)
    assert outside.mean() < 0.5


def test_a_shared_direction_is_better_than_unrelated_vectors():
    planting = Planting(gap=2.0, unrelated=True)
    study = planted_study(sizes=(3, 60, 64), planting=planting)
    assert (recognition(study, HONEST).q_unrelated < 0.05).all()
    assert (transfer(study, HONEST).q_unrelated < 0.05).all()


def test_a_random_direction_passes_chance_and_not_unrelated_vectors():
    case = coverage.Beside("random", 16, gap=8.0)
    passed, better = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        tried = coverage.tried_beside(rng, case, "truth")
        p = unrelated.unrelated_p(tried.measured.accuracy, tried.reached)
        passed.append(significance(tried.measured).p <= 0.05)
        better.append(p <= 0.05)
    # Of the half that happens to point to the positives, most.
    assert np.mean(passed) > 0.2
    assert np.mean(better) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize("hidden, power", [(16, 0.9), (64, 0.9), (512, 0.8)])
def test_a_planted_concept_is_found_beside_unrelated_vectors(hidden, power):
    simulate = coverage.beside_unrelated(coverage.Beside("shared", hidden))
    assert simulate(np.random.default_rng(0), 60).mean() >= power


def test_ties_keep_their_credit():
    study = planted_study(planting=Planting(unrelated=True))
    scores = np.array(study.array("pair_score").values)
    scores[..., :30] = 0
    counts = {
        name: np.zeros_like(study.array(name).values)
        for name in ("random_surplus", "shuffled_surplus")
    }
    counts["random_surplus"][..., 0] = counts["shuffled_surplus"][..., 0] = 1
    tied = replaced(study, pair_score=scores, **counts)
    right = recognition(tied, Convention("fixed", "right", 1))
    half = recognition(tied, Convention("fixed", "half", 1))
    np.testing.assert_allclose(right.random_high - half.random_high, 0.25, atol=1e-6)


def test_a_cell_without_pairs_has_no_band():
    study = planted_study(planting=Planting(unrelated=True))
    scores = np.array(study.array("pair_score").values)
    scores[0, :, 1] = np.nan
    table = recognition(replaced(study, pair_score=scores), HONEST)
    assert np.isnan(table.random_low[0, 1]) and np.isnan(table.p_unrelated[0, 1])
    assert np.isfinite(table.random_low).sum() == table.random_low.size - 1
    assert np.isfinite(table.mean_random_low).all()


def test_a_study_that_declares_too_many_draws_is_refused(home):
    folder = stored("many", planted_study(planting=Planting(unrelated=True)))
    manifest = store.read_manifest(folder)
    wide = {
        f"random_surplus/{c}/{a}": np.zeros((2, 4, 5000), np.int8)
        for c in range(2)
        for a in range(3)
    }
    store.add_file(folder, "wide.safetensors", wide)
    assert "random_surplus" not in {key.split("/")[0] for key in manifest.keys}
    with pytest.raises(StudyError, match="at most"):
        store.open_study(folder)


def figures_of(study):
    """The two heat maps of a study."""
    languages = Languages(study.languages, study.languages)
    told = recognition(study, HONEST)
    carried = transfer(study, HONEST)
    return (
        drawn.by_concept(study, told, languages, HONEST),
        triangles.matrix(study, carried, languages, HONEST),
    )


def test_the_pages_say_what_unrelated_vectors_reach():
    planting = Planting(gap=0.55, unrelated=True, train=20)
    study = planted_study(sizes=(3, 60, 64), planting=planting)
    marked = 0
    for figure in figures_of(study):
        data = figure.data
        assert "can be told from unrelated vectors" in figure.caption
        assert not (data.within & data.faded).any()
        assert {"random_high", "shuffled_low", "q_unrelated"} <= set(figure.table)
        on_screen = draw(figure).data[0].text
        assert (np.char.endswith(on_screen.astype(str), "°") == data.within)[
            ~data.faded
        ].all()
        said = "cannot be told from" in " ".join(manuscript.marks(figure))
        assert said == data.within.any()
        marked += data.within.sum()
    assert marked > 0
    words = figures_of(study)[0].data.hover[0, 1]
    assert "random directions reach 0." in words
    assert "adjusted p beside these" in words
    by_share = drawn.by_share(
        study,
        recognition(study, HONEST),
        Languages(study.languages, study.languages),
        HONEST,
    )
    assert "vectors of shuffled labels 0." in by_share.caption
    assert "of 3 means can be told" in by_share.caption
    assert "random_high" in by_share.table


def test_a_study_without_them_says_so_and_draws_as_before():
    for figure in figures_of(planted_study()):
        assert "keeps no unrelated vectors" in figure.caption
        assert figure.data.within is None and "q_unrelated" not in figure.table


def test_a_dagger_needs_both_tests():
    study = planted_study(planting=Planting(unrelated=True))
    figure, _ = figures_of(study)
    assert "0.05 (Benjamini-Hochberg), beside chance and beside" in tables.latex(figure)
    assert tables.passes(figure).all()
    figure.table["q_unrelated"] = 0.5
    assert not tables.passes(figure).any()
    assert "beside chance" not in tables.latex(figure)


def test_findings_tell_how_many_can_be_told_from_them():
    study = planted_study(planting=Planting(unrelated=True))
    said = {each.page: each.statistics for each in findings(study, HONEST)}
    assert "3 of 3 means can be told from what vectors reach" in said["recognition"]
    assert "6 of 6 cells can be told from what vectors reach" in said["transfer"]
    before = findings(planted_study(), HONEST)
    assert "nothing to do with" not in " ".join(each.text for each in before)


def test_methods_name_the_comparison_where_there_is_one():
    for kept in (True, False):
        study = planted_study(planting=Planting(unrelated=kept))
        for figure in figures_of(study):
            recipe = Recipe(figure, {}, ())
            said = [each.sentence for each in cited.statistics(recipe)]
            assert any("random directions" in each for each in said) == kept


def test_print_marks_what_unrelated_vectors_reach_as_the_screen_does():
    marked, _ = figures_of(planted_study(planting=Planting(unrelated=True)))
    reached = np.zeros(marked.data.values.shape, bool)
    reached[0, 1] = True
    data = replace(marked.data, within=reached, faded=np.zeros_like(reached))
    figure = replace(marked, data=data)
    written = compose([figure], Look("ACL, full width")).canvas.axes[0]
    told = [each.get_text() for each in written.texts if "°" in each.get_text()]
    assert len(told) == 1
    quiet = compose([figure], Look("ACL, full width", values=False)).canvas.axes[0]
    circles = [each for each in quiet.collections if isinstance(each, PathCollection)]
    ((x, y),) = circles[0].get_offsets().tolist()
    assert (round(x), round(y)) == (1, 0)


def test_recipes_keep_the_marks_and_older_ones_their_digest():
    marked, _ = figures_of(planted_study(planting=Planting(unrelated=True)))
    plain, _ = figures_of(planted_study())
    assert "within" not in recipes.plain(plain)["data"]
    kept = Recipe(marked)
    again = recipes.read(recipes.write(kept), "marked")
    np.testing.assert_array_equal(again.figure.data.within, marked.data.within)
    assert again.digest == kept.digest
