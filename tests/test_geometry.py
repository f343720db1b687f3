"""Angles, separation and pictures against planted truth."""

import re
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.core import manifold
from analysis.core.errors import AnalysisError, StudyError
from analysis.questions import geometry, items, projections
from analysis.questions.answers import NAMED
from analysis.questions.plan import TRAIN
from analysis.questions.questions import CULTURE, UNIVERSAL
from analysis.study.arrays import labelled
from analysis.study.manifest import AskedItem, Manifest, QuestionsPart
from analysis.study.study import COMPUTED, Study
from components.figures import layers
from components.figures.languages import Arrangement
from tests.asking import ITEMS, LANGUAGES, LAYERS, PlantedReader, questions
from tests.planted import planted_study
from tests.test_asked import ask


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Studies whose two vectors are orthogonal, or the same but for noise; languages
    merge at layer 3.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("geometry")))
        yield {
            "orthogonal": ask(PlantedReader(noise=0.02), title="orthogonal"),
            "parallel": ask(PlantedReader(parallel=True, noise=0.02), title="parallel"),
            "one language": ask(asked_questions=questions(("en",)), title="one"),
            "without culture": ask(asked_questions=only("universal"), title="without"),
        }


def only(kind):
    """The planted questions of one kind."""
    given = questions()
    return type(given)("only", tuple(q for q in given.questions if q.kind == kind))


@pytest.fixture
def orthogonal(kept):
    """Vectors that are perpendicular where languages merge."""
    return kept["orthogonal"]


def test_orthogonal_and_parallel_vectors_are_told_apart(kept):
    for name, angle in (("orthogonal", 90), ("parallel", 0)):
        data = geometry.angles(kept[name]).sel(language=["fr", "sw"], layer=3)
        np.testing.assert_allclose(data["angle"], angle, atol=8)
        assert (data["low"] <= data["cosine"] + 1e-3).all() and (
            data["cosine"] <= data["high"] + 1e-3
        ).all()
        inside = (data["null_low"] <= data["cosine"]) & (
            data["cosine"] <= data["null_high"]
        )
        assert bool(inside.all()) == (name == "orthogonal")


def chance_study(languages=8, layers=400, each=12, hidden=12):
    """Differences without a direction, nearly the same in all languages; every layer is
    a draw of its own.
    """
    rng = np.random.default_rng(0)
    codes, shape = ("en", *"abcdefgh"[:languages]), (each, layers, hidden)
    states = np.tile(
        rng.standard_normal((3 * each, layers, hidden)), (languages + 1, 1, 1, 1)
    )
    for kind in (0, 2):
        noise = 0.1 * rng.standard_normal((languages, *shape))
        states[1:, kind * each : (kind + 1) * each] += (
            rng.standard_normal(shape) + noise
        )
    states[1:, 2 * each :] += states[1:, each : 2 * each] - states[:1, 2 * each :]
    arrays = {"item_state": states, "item_part": np.full(states.shape[:2], TRAIN)}
    arrays["english_vector"] = (states[:1] - states)[:, :each].mean(1)
    arrays["local_vector"] = (states[:, 2 * each :] - states[:, each : 2 * each]).mean(
        1
    )
    arrays["english_vector"][0] = np.nan
    listed = [
        AskedItem(kind, f"{i}")
        for kind in (UNIVERSAL, CULTURE, NAMED)
        for i in range(each)
    ]
    coords = {"language": codes, "layer": range(1, layers + 1)}
    return Study(
        "chance",
        "chance",
        COMPUTED,
        "fake",
        (),
        codes,
        layers,
        frozenset(arrays),
        lambda name: labelled(name, arrays[name], coords),
        manifest=Manifest(questions=QuestionsPart(spec={}, prompts=listed)),
    )


def test_the_band_of_the_mean_angle_holds_when_languages_share_their_items():
    study = chance_study()
    english = (
        geometry.agreement(study)["cosine"].sel(vector="English").values[:, 1:, 1:]
    )
    assert english[:, 0, 1].mean() > 0.9, "strongly parallel languages"
    mean = geometry.mean_angle(study)
    outside = (
        (mean["cosine"] < mean["null_low"]) | (mean["cosine"] > mean["null_high"])
    ).values
    # 400 independent layers: the standard deviation of their share is √(.05 · .95 /
    # 400) = .011; three of them are allowed.
    assert outside.mean() == pytest.approx(0.05, abs=0.033)


def test_english_has_no_english_vector_and_counts_are_told(orthogonal):
    data = geometry.angles(orthogonal)
    assert np.isnan(data["cosine"].sel(language="en")).all()
    assert (
        data["english_items"].values.tolist() == [0, ITEMS // 2, ITEMS // 2]
        and (data["local_items"] == ITEMS // 2).all()
    )
    assert geometry.mean_angle(orthogonal).attrs["languages"] == 2


def test_the_universal_version_has_nothing_of_the_language_itself(orthogonal):
    own = geometry.local_vectors(orthogonal)
    others = geometry.local_vectors(orthogonal, "held-out universal")
    np.testing.assert_allclose(others[0], (own[1] + own[2]) / 2, rtol=1e-5)
    with pytest.raises(AnalysisError, match="Did you mean"):
        geometry.local_vectors(orthogonal, "held-out universals")


def test_lengths_are_a_share_of_the_states(orthogonal):
    data = geometry.lengths(orthogonal)["share"].sel(language="fr", layer=3)
    state = geometry.state_lengths(orthogonal)[1, 2]
    assert float(data.sel(vector="English")) == pytest.approx(1 / state, rel=0.05)
    assert (
        float(data.sel(vector="English, shuffled"))
        < float(data.sel(vector="English")) / 2
    )


def test_separation_is_highest_where_languages_merge(orthogonal):
    data = items.separation(orthogonal)
    for kind in ("universal", "culture"):
        line = data["separation"].sel(kind=kind).values
        assert line.argmax() == 2 and line[2] > 0.7 and line[0] < 0.6
        assert (line > data["null_high"].sel(kind=kind).values).all()
    assert items.separation(orthogonal, True)["separation"].values.min() > 0.7, (
        "languages' means are all that keeps items apart"
    )


def test_index_by_hand():
    states = np.array([[[0.0, 0.0], [4.0, 0.0]], [[0.0, 1.0], [4.0, 1.0]]])
    assert items.index(items.distances(states)) == pytest.approx(1 - 1 / 4)
    assert np.isnan(items.index(items.distances(np.zeros((2, 3, 4))))), "no variance"
    assert np.isnan(items.index(items.distances(states[:1]))), "one language"


def test_cka_and_neighbours_know_rotations_and_noise():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 8))
    turn = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    assert (
        items.cka(x, 3 * x @ turn) == pytest.approx(1)
        and items.mutual_neighbours(x, x @ turn) == 1
    )
    y = rng.standard_normal((60, 8))
    assert abs(items.cka(x, y)) < 0.15 and items.mutual_neighbours(
        x, y
    ) == pytest.approx(5 / 59, abs=0.06)
    assert np.isnan(items.cka(x[:3], x[:3])) and np.isnan(
        items.mutual_neighbours(x[:6], x[:6])
    )


def neighbours_by_orders(x, y, k):
    """The definition, written out: the mean overlap over orders in which tied items can stand."""
    rng = np.random.default_rng(0)

    def near(z, i):
        order = rng.permutation([j for j in range(len(z)) if j != i])
        return set(
            sorted(
                order,
                key=lambda j: (
                    -round(float(z[i] @ z[j] / np.sqrt(z[i] @ z[i] * (z[j] @ z[j]))), 9)
                ),
            )[:k]
        )

    return np.mean(
        [[len(near(x, i) & near(y, i)) / k for i in range(len(x))] for _ in range(300)]
    )


def test_items_that_tie_are_no_neighbours_by_their_place_in_the_list():
    rng = np.random.default_rng(0)
    few, other = (
        np.repeat(rng.standard_normal((4, 6)), 5, 0),
        rng.standard_normal((20, 6)),
    )
    for x, y in (
        (few, np.roll(few, 2, 0)),
        (few, other),
        (few.astype(np.float32), 3 * few),
    ):
        # 300 orders of 20 items with an overlap that varies by .2 at most: a standard
        # error below .003.
        assert items.mutual_neighbours(x, y) == pytest.approx(
            neighbours_by_orders(x, y, 5), abs=0.01
        )
    same = np.full((20, 6), 0.1, np.float32)
    for pair in ((same, 2 * same), (same, other), (other, same)):
        assert np.isnan(items.mutual_neighbours(*pair)) and np.isnan(
            items.cka(*pair)
        ), "no variance, nothing to compare"


def test_parallel_states_agree_best_where_languages_merge(orthogonal):
    data = items.parallel(orthogonal)
    assert (data["neighbours"].sel(language="fr", layer=3) > 0.9) and np.isnan(
        data["cka"].sel(language="en")
    ).all()
    assert data["items"].sel(language="fr") == ITEMS and float(
        data["chance"].sel(language="fr")
    ) == pytest.approx(5 / (ITEMS - 1))


def test_agreement_is_symmetric_and_one_on_the_diagonal(orthogonal):
    data = geometry.agreement(orthogonal)["cosine"].sel(vector="local").values
    np.testing.assert_allclose(data, data.swapaxes(1, 2), atol=1e-5)
    np.testing.assert_allclose(data[:, range(3), range(3)], 1, atol=1e-5)


@pytest.mark.parametrize("what", ["vectors", "items"])
@pytest.mark.parametrize("basis", projections.BASES)
@pytest.mark.parametrize("dims", [2, 3])
def test_pictures_keep_distances_as_far_as_the_variance_goes(
    orthogonal, what, basis, dims
):
    data = projections.pca(orthogonal, what, basis, dims)
    assert (
        data["place"].shape[1:] == (LAYERS, dims) and np.isfinite(data["place"]).all()
    )
    shares = data["explained"].values
    assert (shares >= -1e-6).all() and (shares.sum(1) <= 1 + 1e-5).all()
    assert shares[:, 0].sum() >= shares[:, -1].sum() - 1e-6


def test_pca_is_that_of_scikit_learn(orthogonal):
    from sklearn.decomposition import PCA

    data = projections.pca(orthogonal, "items", "per layer", 2)
    values = projections.cloud(orthogonal, "items").values[:, 2]
    fit = PCA(2, svd_solver="full").fit(values)
    # The plane is nearly the same, and in it the axes are turned, towards the layer
    # before.
    most = fit.explained_variance_ratio_.sum()
    np.testing.assert_allclose(data["largest"].sel(shown=3), most, rtol=1e-3)
    assert most - 0.02 < data["explained"].sel(shown=3).sum() <= most + 1e-4
    values = projections.cloud(orthogonal, "items").values[:, 0]
    fit = PCA(2, svd_solver="full").fit(values)
    want = fit.transform(values) / np.sqrt(
        ((values - values.mean(0)) ** 2).sum(1).mean()
    )
    found = data["place"].sel(shown=1).values
    np.testing.assert_allclose(found @ found.T, want @ want.T, atol=5e-3)


def turning(layers, points=40):
    """A cloud (point, layer, 4) whose two largest variances cross, and later a third."""
    rng = np.random.default_rng(0)
    scores, _ = np.linalg.qr(rng.standard_normal((points, 4)))
    sizes = np.ones((layers, 4))
    sizes[:, 0] = np.linspace(2.0, 1.4, layers)
    sizes[:, 1] = np.linspace(1.6, 1.8, layers)
    sizes[:, 2] = 0.4
    sizes[:, 3] = 0.2
    return (scores[:, None] * sizes).astype(np.float32)


def test_the_first_axis_explains_most_though_another_did_at_the_first_layer():
    values = turning(12)
    values[:, :, 0] *= np.linspace(1, 0.1, 12)
    scores, explained, _ = projections.axes_per_layer(values, 2)
    assert explained[0, 0] < explained[0, 1], "the second component begins larger"
    assert (explained[6:, 0] > explained[6:, 1]).all()
    assert explained[:, 0].sum() > explained[:, 1].sum()
    np.testing.assert_allclose(
        (scores**2).sum(0), explained * (values**2).sum((0, 2))[:, None], rtol=1e-3
    )


def test_axes_do_not_jump_where_variances_cross():
    values = turning(12)
    scores, explained, _ = projections.axes_per_layer(values, 2)
    steps = np.sqrt((np.diff(scores, axis=1) ** 2).sum(2)).max()
    assert steps < 0.1
    assert projections.layers_with_swaps(values, scores) == ()
    assert (explained.sum(1) > 0.9).all()


def crossing(layers=12):
    """A cloud in which a component that was hidden becomes larger than one shown.

    As in means of languages of a large model: shares of .174 against .154 in one layer
    and .171 against .164 in the next, while the cloud hardly moves.
    """
    rng = np.random.default_rng(1)
    patterns, _ = np.linalg.qr(rng.standard_normal((10, 4)))
    shares = np.tile([0.25, 0.0, 0.0, 0.12], (layers, 1))
    shares[:, 1] = np.linspace(0.18, 0.16, layers)
    shares[:, 2] = np.linspace(0.16, 0.18, layers)
    values = patterns[:, None] * np.sqrt(shares / shares.sum(1, keepdims=True))
    return (values * np.sqrt(10)).astype(np.float32)


def own_planes(values):
    """Each layer's largest two components, turned towards those of the layer before."""
    scores = np.zeros((*values.shape[:2], 2), np.float32)
    for layer in range(values.shape[1]):
        found, _ = projections.principal_components(values[:, layer], 2)
        if layer:
            before = scores[:, layer - 1]
            found = found @ projections.nearest_rotation(found, before)
        scores[:, layer] = found
    return scores


def steps_of(scores):
    """How far each layer's picture is from that of the layer before."""
    return np.sqrt((np.diff(scores, axis=1) ** 2).sum((0, 2)) / len(scores))


def test_the_picture_does_not_jump_where_a_hidden_component_becomes_larger():
    values = crossing()
    before = own_planes(values)
    assert steps_of(before).max() > 0.5, "the planes of largest variance jump"
    assert len(projections.layers_with_swaps(values, before)) == 1, "and that is told"
    found = projections.axes_per_layer(values, 2)
    assert steps_of(found.scores).max() < 0.25
    assert projections.layers_with_swaps(values, found.scores) == ()
    missed = found.largest - found.explained.sum(1)
    assert missed.max() < 0.04 and missed.min() > -1e-6
    assert abs(missed[0]) < 1e-6, "nothing is before the first layer"


def test_a_picture_of_one_direction_holds_no_other():
    """What has no length in the layer before must not pull at this one."""
    values = crossing(3)
    values[:, 0, 1:] = 0
    found = projections.axes_per_layer(values, 2)
    np.testing.assert_allclose(found.explained[1].sum(), found.largest[1], rtol=1e-3)


def test_the_turn_is_said_on_the_page(orthogonal):
    languages = Arrangement().languages(orthogonal, orthogonal.languages)
    data = projections.pca(orthogonal, "vectors", "per layer", 2)
    said = layers.picture(orthogonal, data, languages, "vectors", 2).caption
    assert "turned towards those of the layer before (orthogonal Procrustes" in said
    assert re.search(
        r"of the variance \(the largest components: \d+ % together\)", said
    )
    data = projections.pca(orthogonal, "vectors", "shared over layers", 2)
    said = layers.picture(orthogonal, data, languages, "vectors", 2).caption
    assert "Procrustes" not in said and "together" not in said


def test_a_layer_without_variance_keeps_the_turn_of_the_one_before():
    values = turning(3)
    values[:, 1] = 0
    scores, explained, _ = projections.axes_per_layer(values, 2)
    assert (scores[:, 1] == 0).all() and np.isnan(explained[1]).all()
    assert ((scores[:, 0] * scores[:, 2]).sum(0) > 0).all()


def test_a_layer_without_variance_has_no_axes():
    scores, explained = projections.principal_components(np.zeros((5, 8)), 2)
    assert (scores == 0).all() and np.isnan(explained).all()


def test_mds_shows_directions_only(orthogonal):
    data = projections.elsewhere(orthogonal, "classical MDS", "vectors", 3)
    assert data["place"].shape == (2 * len(LANGUAGES) - 1, 1, 2)
    with pytest.raises(AnalysisError, match="no layer 9"):
        projections.elsewhere(orthogonal, "classical MDS", "vectors", 9)
    with pytest.raises(AnalysisError, match="t-SNE"):
        projections.elsewhere(orthogonal, "t-SNE", "vectors", 3)


def test_two_umaps_never_fit_at_once(monkeypatch):
    running, most = [], []

    class Projection:
        def __init__(self, **settings):
            self.dims = settings["n_components"]

        def fit_transform(self, values):
            running.append(1)
            time.sleep(0.01)
            most.append(len(running))
            running.pop()
            warnings.warn(
                "what it says about its own setting is not an error",
                UserWarning,
                stacklevel=2,
            )
            return np.zeros((len(values), self.dims))

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Projection))
    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(
                lambda seed: manifold.umap_places(np.zeros((8, 3)), 2, seed), range(8)
            )
        )
    assert most == [1] * 8 and made[0].shape == (8, 2)


@pytest.mark.slow
@pytest.mark.parametrize("points", [4, 80])
def test_a_real_umap_keeps_clusters_apart(points):
    groups = np.arange(points) % 2
    values = (
        np.random.default_rng(0).standard_normal((points, 6)) + 50 * groups[:, None]
    )
    placed = manifold.umap_places(values, 2, 3)
    np.testing.assert_array_equal(placed, manifold.umap_places(values, 2, 3))
    assert placed.shape == (points, 2) and np.isfinite(placed).all()
    if points > manifold.FEW:
        middles = [placed[groups == group].mean(0) for group in (0, 1)]
        spread = max(
            np.linalg.norm(placed[groups == group] - middles[group], axis=1).max()
            for group in (0, 1)
        )
        assert np.linalg.norm(middles[0] - middles[1]) > spread


@pytest.mark.slow
def test_umap_is_seeded(orthogonal):
    first, again = (
        projections.elsewhere(orthogonal, "UMAP", "items", 2)["place"].values
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.isfinite(first).all()


def test_what_is_missing_is_said(kept):
    with pytest.raises(StudyError, match="no pair of English and local vectors"):
        geometry.angles(kept["without culture"])
    assert items.separation(kept["without culture"]).kind.values.tolist() == [
        "universal"
    ]
    assert not kept["one language"].has("english_vector")
    assert np.isnan(items.separation(kept["one language"])["separation"]).all(), (
        "one language has nothing to be compared with"
    )
    for measure in (
        geometry.angles,
        geometry.lengths,
        items.separation,
        items.parallel,
        geometry.agreement,
    ):
        with pytest.raises(AnalysisError):
            measure(planted_study())
