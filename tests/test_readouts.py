"""What is kept of the stream equals what the whole matrix of states would give, however
it is cut into batches.
"""

import numpy as np
import pytest

from analysis.concepts.readouts import LinearReadout, Projections, StateNorms, States

TEXTS, LAYERS, HIDDEN = 40, 3, 7
RNG = np.random.default_rng(0)
ALL = RNG.standard_normal((TEXTS, LAYERS, HIDDEN)).astype(np.float32)
CUTS = [[TEXTS], [1] * TEXTS, [3, 20, 17]]


def feed(consumer, sizes: list[int]):
    """Eat all states in batches of these sizes, in random order."""
    order, start = np.random.default_rng(len(sizes)).permutation(TEXTS), 0
    for size in sizes:
        indices = order[start : start + size]
        consumer.eat(indices, ALL[indices])
        start += size
    return consumer


@pytest.mark.parametrize("sizes", CUTS, ids=str)
def test_linear_readout_is_the_weighted_sum(sizes):
    weights = np.random.default_rng(1).standard_normal((4, TEXTS))
    sums = feed(LinearReadout(weights, LAYERS, HIDDEN), sizes).sums
    assert sums.dtype == np.float64
    np.testing.assert_allclose(
        sums,
        np.einsum("et,tlh->elh", weights, ALL.astype(np.float64)),
        rtol=1e-9,
        atol=1e-12,
    )


@pytest.mark.parametrize("sizes", CUTS, ids=str)
def test_projections_are_inner_products_layer_by_layer(sizes):
    directions = np.random.default_rng(2).standard_normal((5, LAYERS, HIDDEN))
    products = feed(Projections(directions, TEXTS), sizes).products
    assert products.dtype == np.float32
    np.testing.assert_allclose(
        products, np.einsum("tlh,dlh->tdl", ALL, directions), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("sizes", CUTS, ids=str)
def test_norms_and_stored_states(sizes):
    np.testing.assert_allclose(
        feed(StateNorms(LAYERS), sizes).mean,
        np.linalg.norm(ALL, axis=-1).mean(0),
        rtol=1e-5,
    )
    with States(TEXTS, LAYERS, HIDDEN) as states:
        np.testing.assert_array_equal(
            feed(states, sizes).values, ALL.transpose(1, 0, 2)
        )
    assert states.file.closed
    assert (StateNorms(LAYERS).mean == 0).all()


def test_a_large_common_part_does_not_drown_a_small_difference():
    states = np.float32(1000) + ALL
    weights = np.where(np.arange(TEXTS) < TEXTS // 2, 1, -1)[None] / (TEXTS // 2)
    readout = LinearReadout(weights, LAYERS, HIDDEN)
    for i in range(TEXTS):
        readout.eat(np.array([i]), states[i : i + 1])
    half = states.astype(np.float64)
    np.testing.assert_allclose(
        readout.sums[0],
        half[: TEXTS // 2].mean(0) - half[TEXTS // 2 :].mean(0),
        atol=1e-9,
    )
