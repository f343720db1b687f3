"""Every estimator, with a planted direction.

Found, turned to the positives, the same at every call; baselines do not find it.
"""

import numpy as np
import pytest

from analysis.concepts.estimators import ESTIMATORS, LINEAR, STATEFUL, half_of_clusters

PAIRS, HIDDEN, GAP = 80, 24, 3.0
BASELINES = ("shuffled labels", "random direction")
FINDING = [name for name in ESTIMATORS if name not in BASELINES]


def planted(
    seed: int = 0, pairs: int = PAIRS, gap: float = GAP
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positives and negatives that share a text's own part.

    They differ by ``gap`` along a unit direction.
    """
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal(HIDDEN)
    direction /= np.linalg.norm(direction)
    shared = 2 * rng.standard_normal((pairs, HIDDEN)) + 10 * rng.standard_normal(HIDDEN)
    noise = rng.standard_normal((2, pairs, HIDDEN))
    return (
        direction,
        shared + noise[0] + gap * direction / 2,
        shared + noise[1] - gap * direction / 2,
    )


def estimate(
    name: str, positives: np.ndarray, negatives: np.ndarray, seed: int = 1
) -> np.ndarray:
    """The vector of any estimator of the table."""
    if name in LINEAR:
        return LINEAR[name](len(positives), seed) @ np.concatenate(
            [positives, negatives]
        )
    return STATEFUL[name](positives, negatives, seed)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_the_table_is_the_two_tables_together():
    assert set(ESTIMATORS) == set(LINEAR) | set(STATEFUL) and not set(LINEAR) & set(
        STATEFUL
    )
    assert all(text.endswith(".") for text in ESTIMATORS.values())


@pytest.mark.parametrize("name", FINDING)
def test_an_estimator_recovers_the_planted_direction_and_its_sign(name):
    for seed in range(5):
        direction, positives, negatives = planted(seed)
        assert cosine(estimate(name, positives, negatives), direction) > 0.9
        assert cosine(estimate(name, negatives, positives), direction) < -0.9


@pytest.mark.parametrize("name", FINDING)
def test_its_length_is_the_mean_gap_along_it(name):
    _, positives, negatives = planted()
    vector = estimate(name, positives, negatives)
    along = (positives - negatives) @ vector / np.linalg.norm(vector)
    assert np.linalg.norm(vector) == pytest.approx(along.mean(), rel=1e-6)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_does_not_recover_it(name):
    found = [
        cosine(estimate(name, p, n, 100 + seed), d)
        for seed in range(20)
        for d, p, n in [planted(seed)]
    ]
    assert np.abs(np.mean(found)) < 0.25 and np.abs(found).max() < 0.75


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimate_is_finite_repeatable_and_leaves_its_input_alone(name):
    for pairs in (2, 3, PAIRS):
        _, positives, negatives = planted(pairs=pairs)
        before = positives.copy(), negatives.copy()
        first, second = (estimate(name, positives, negatives) for _ in range(2))
        assert (
            first.shape == (HIDDEN,)
            and np.isfinite(first).all()
            and np.linalg.norm(first) > 0
        )
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal((positives, negatives), before)


# scikit-learn divides by the variance, which is zero here, for a ratio that nobody reads.
@pytest.mark.filterwarnings(
    "ignore:invalid value encountered in divide:RuntimeWarning:sklearn"
)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_pairs_without_any_difference_give_a_finite_vector(name):
    _, positives, _ = planted()
    assert np.isfinite(estimate(name, positives, positives.copy())).all()


@pytest.mark.parametrize(
    "name", ("PCA of differences", "shuffled labels", "random direction")
)
def test_what_is_random_depends_on_the_seed(name):
    _, positives, negatives = planted()
    assert not np.array_equal(
        estimate(name, positives, negatives, 1), estimate(name, positives, negatives, 2)
    )


@pytest.mark.parametrize("clusters", [range(7), (0, 0, 5, 5, 9, 9, 9)], ids=str)
def test_the_two_halves_are_differences_of_means_over_pairs_of_different_sources(
    clusters,
):
    _, positives, negatives = planted(pairs=7)
    texts = np.concatenate([positives, negatives])
    sources = sorted(set(clusters))
    for which in (0, 1):
        mine = [cluster in sources[which::2] for cluster in clusters]
        expected = positives[mine].mean(0) - negatives[mine].mean(0)
        np.testing.assert_allclose(
            half_of_clusters(clusters, which) @ texts, expected, atol=1e-12
        )
    assert not (half_of_clusters(clusters, 0) * half_of_clusters(clusters, 1)).any()


def test_a_single_source_has_no_halves():
    assert (
        not half_of_clusters([3, 3], 0).any() and not half_of_clusters([3, 3], 1).any()
    )
