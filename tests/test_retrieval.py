"""Maps and retrieval against planted rotations and against the published definitions
written out plainly.
"""

import numpy as np
import pytest
import scipy

from analysis.core.errors import SpecError
from analysis.words import retrieval
from analysis.words.maps import MAPS, warnings
from analysis.words.retrieval import CRITERIA, Criterion, Ranks, rank, scores

WORDS, HIDDEN = 60, 16


def rotated(
    seed: int = 0, noise: float = 0.0, offset: float = 0.0, hidden: int = HIDDEN
) -> tuple[np.ndarray, np.ndarray]:
    """Words of one language, and the same turned by a known rotation into the other."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((WORDS, hidden)) + offset
    turn = np.linalg.qr(rng.standard_normal((hidden, hidden)))[0]
    return x, x @ turn + noise * rng.standard_normal((WORDS, hidden))


def diagonal(n: int) -> np.ndarray:
    """Word i means word i."""
    return np.repeat(np.arange(n)[:, None], 2, 1)


def hubby(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Noisy translations, with one target word that is close to everything."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((WORDS, HIDDEN)) + 1
    y = x + 1.5 * rng.standard_normal((WORDS, HIDDEN))
    y[7] = x.mean(0)
    return x, y


@pytest.mark.parametrize("name", [name for name in MAPS if name != "none"])
def test_a_planted_rotation_is_recovered_from_seeds_alone(name):
    x, y = rotated(offset=0.5)
    fitted = MAPS[name](x[:30], y[:30])
    found = rank(fitted.source(x[30:]), fitted.target(y[30:]), diagonal(30))
    assert found.hits(1).mean() == 1 and fitted.seeds == 30
    if name in ("orthogonal", "centred"):
        np.testing.assert_allclose(fitted.source(x), fitted.target(y), atol=1e-9)
    assert rank(x[30:], y[30:], diagonal(30)).hits(1).mean() < 0.3, (
        "without a map they do not match"
    )


def test_the_orthogonal_map_is_the_printed_one():
    x, y = rotated(noise=0.5)
    u, _, vt = np.linalg.svd(y.T @ x)
    np.testing.assert_allclose(
        MAPS["orthogonal"](x, y).source(x), x @ (u @ vt).T, atol=1e-10
    )


@pytest.mark.parametrize("seeds", [2, 20, 39])
def test_few_seeds_give_the_printed_map_within_what_they_span(seeds):
    x, y = rotated(noise=0.5, hidden=40)
    x, y = x[:seeds], y[:seeds]
    u, _, vt = np.linalg.svd(x.T @ y)
    turned = MAPS["orthogonal"](x, y)
    spanned = np.random.default_rng(1).standard_normal((5, seeds)) @ x
    np.testing.assert_allclose(turned.source(spanned), spanned @ (u @ vt), atol=1e-8)
    assert turned.rank == seeds
    every = turned.source(np.eye(40))
    np.testing.assert_allclose(every @ every.T, np.eye(40), atol=1e-12)
    again = MAPS["orthogonal"](x, y).source(np.eye(40))
    np.testing.assert_array_equal(every, again)


def test_a_map_of_few_seeds_makes_nothing_as_wide_as_the_space_is(monkeypatch):
    x, y = rotated(hidden=40)
    given = []
    decompose = scipy.linalg.svd

    def seen(matrix, **options):
        given.append(matrix.shape)
        return decompose(matrix, **options)

    monkeypatch.setattr(scipy.linalg, "svd", seen)
    MAPS["orthogonal"](x[:8], y[:8])
    MAPS["centred"](x[:40], y[:40])
    assert given == [(8, 8), (40, 40)]


def test_what_few_seeds_leave_open_brings_no_more_words_than_a_full_decomposition():
    x, y = rotated(noise=0.5, hidden=40)
    u, _, vt = np.linalg.svd(x[:30].T @ y[:30])
    full = rank(x[30:] @ (u @ vt), y[30:], diagonal(30)).hits(1).mean()
    fitted = MAPS["orthogonal"](x[:30], y[:30])
    thin = rank(fitted.source(x[30:]), y[30:], diagonal(30)).hits(1).mean()
    assert full > 0.3 and abs(thin - full) <= 0.15


def test_the_ridge_map_is_the_same_by_either_form():
    x, y = rotated(noise=0.3, hidden=40)
    x, y = x[:40], y[:40]
    dual = MAPS["ridge"](x[:39], y[:39])
    given, wanted = x[:39] - x[:39].mean(0), y[:39] - y[:39].mean(0)
    penalty = 0.1 * (given**2).sum() / 40
    weights = np.linalg.inv(given.T @ given + penalty * np.eye(40)) @ given.T @ wanted
    np.testing.assert_allclose(
        dual.source(x), (x - x[:39].mean(0)) @ weights, atol=1e-9
    )


@pytest.mark.parametrize("name", MAPS)
def test_maps_change_nothing_that_they_are_given(name):
    x, y = rotated(offset=1.0)
    kept = x.copy(), y.copy()
    fitted = MAPS[name](x, y)
    fitted.source(x), fitted.target(y)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(y, kept[1])


def test_seeds_that_do_not_determine_the_map_are_told():
    x, y = rotated()
    few, flat = slice(10), np.repeat(x[:5], 6, 0)
    assert (
        "10 seed pairs for 16 dimensions"
        in warnings("orthogonal", MAPS["orthogonal"](x[few], y[few]), HIDDEN)[0]
    )
    assert (
        "rank-deficient"
        in warnings("orthogonal", MAPS["orthogonal"](flat, y[:30]), HIDDEN)[0]
    )
    assert not warnings("ridge", MAPS["ridge"](x[few], y[few]), HIDDEN)
    assert not warnings("orthogonal", MAPS["orthogonal"](x, y), HIDDEN)


def cosine(x, y):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (
        y / np.linalg.norm(y, axis=1, keepdims=True)
    ).T


def test_csls_is_the_published_formula():
    x, y = hubby()
    cos = cosine(x, y)
    near = [
        np.sort(cos, axis)[-10:].mean(0)
        if axis == 0
        else np.sort(cos, axis)[:, -10:].mean(1)
        for axis in (1, 0)
    ]
    want = 2 * cos - near[0][:, None] - near[1][None]
    np.testing.assert_allclose(scores(x, y), want, atol=1e-12)
    assert scores(x, y, Criterion("CSLS", 500)).shape == want.shape, (
        "more neighbours than words: all of them"
    )


def test_the_inverted_softmax_is_the_published_formula():
    x, y = hubby()
    weights = np.exp(30 * cosine(x, y))
    want = np.log(weights / weights.sum(0))
    np.testing.assert_allclose(
        scores(x, y, Criterion("inverted softmax")), want, atol=1e-10
    )


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("kept", [True, False])
def test_ranks_are_those_of_the_whole_score_matrix_however_it_is_cut(
    monkeypatch, name, kept
):
    x, y = hubby()
    want = scores(x, y, Criterion(name, 5))
    pairs = np.random.default_rng(0).permutation(diagonal(WORDS))[:50]
    monkeypatch.setattr(retrieval, "BLOCK", 7)
    monkeypatch.setattr(retrieval, "KEPT_BYTES", 2**20 if kept else 0)
    found = rank(x, y, pairs, Criterion(name, 5))
    right = want[pairs[:, 0], pairs[:, 1]]
    np.testing.assert_array_equal(
        found.better, (want[pairs[:, 0]] > right[:, None] + 1e-12).sum(1)
    )
    assert not found.tied.any() and found.pool == WORDS
    for k in (1, 5, 10, 30):
        best = np.argsort(-want[pairs[:, 0]], 1)[:, :k]
        assert found.hits(k).mean() == pytest.approx(
            (best == pairs[:, 1:]).any(1).mean(), abs=1e-12
        )


def test_csls_takes_hubs_down():
    x, y = hubby()
    plain = (scores(x, y, Criterion("cosine")).argmax(1) == 7).sum()
    assert plain > 10 and (scores(x, y).argmax(1) == 7).sum() < plain / 4


def test_ties_count_by_the_share_of_their_orders():
    found = Ranks(np.array([0, 0, 3]), np.array([0, 3, 1]), 40)
    np.testing.assert_allclose(found.hits(1), [1, 0.25, 0])
    np.testing.assert_allclose(found.hits(4), [1, 1, 0.5])
    np.testing.assert_allclose(found.rank, [1, 2.5, 4.5])
    assert found.chance(1) == 1 / 40 and found.chance(100) == 1


def test_words_with_one_vector_are_tied_and_words_with_one_spelling_are_one_answer():
    x, y = rotated()
    y = x.copy()
    y[1] = y[0]
    x[1] = x[0]
    found = rank(x, y, diagonal(WORDS), Criterion("cosine"))
    assert (
        found.tied[:2].tolist() == [1, 1]
        and found.hits(1)[:2].tolist() == [0.5, 0.5]
        and found.hits(1)[2:].all()
    )
    spelling = np.arange(WORDS)
    spelling[1] = 0
    assert rank(x, y, diagonal(WORDS), Criterion("cosine"), spelling).hits(1).all()


def test_words_without_a_direction_and_unknown_criteria():
    x, y = rotated()
    x[0] = 0
    found = rank(x, y, diagonal(WORDS))
    assert found.tied[0] < WORDS and np.isfinite(scores(x, y)).all()
    with pytest.raises(SpecError, match="Did you mean “cosine”"):
        rank(x, y, diagonal(WORDS), Criterion("cosines"))
