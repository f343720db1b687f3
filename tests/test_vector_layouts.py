"""Which layer each vector of a file is of, for files of other programs; nothing is guessed."""

import io

import numpy as np
import pytest
import torch

from analysis.core.errors import SpecError
from analysis.steering import vector_files as files
from analysis.steering.vector_layouts import (
    ModelSize,
    fits_of,
    mapping_words,
    placed,
    rows_of,
)
from analysis.study import library
from tests.planted import planted_study, replaced
from tests.stored import stored
from tests.visits import alive, plain, visit, words

SIZE = ModelSize(4, 6)
OWN = np.random.default_rng(1).standard_normal((3, 4, 6)).astype(np.float32)
"""Vectors (name, layer, hidden) of a study."""


def named(template: str, numbers) -> dict[str, np.ndarray]:
    """A vector for every number, full of that number."""
    return {
        template.format(number): np.full(6, number, np.float32) for number in numbers
    }


def npy(values: np.ndarray) -> bytes:
    """An array as a file."""
    np.save(buffer := io.BytesIO(), values)
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    """Arrays as a file."""
    np.savez(buffer := io.BytesIO(), **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("template", "numbers", "layers"),
    [
        ("layer.{}", (2, 3), (2, 3)),
        ("direction.{}", (1, 2), (2, 3)),
        ("blocks.{}.hook_resid_post", (1, 2), (2, 3)),
        ("blocks.{}.hook_resid_pre", (0, 1, 2), (1, 2)),
        ("model.layers.{}", (2, 3), (3, 4)),
        ("model.layers.{}.output", (2, 3), (3, 4)),
        ("layers.{}", (3,), (4,)),
        ("transformer.h.{}", (0, 1), (1, 2)),
        ("gpt_neox.layers.{}", (1,), (2,)),
        ("encoder.layer.{}", (1,), (2,)),
        ("hidden_states.{}", (0, 1, 2, 3, 4), (1, 2, 3, 4)),
    ],
)
def test_known_names_count_as_their_programs_do(template, numbers, layers):
    rows = rows_of(named(template, numbers), "x.npz", SIZE)
    found = placed(rows, rows.shift, "x.npz")
    assert tuple(found) == layers
    kept = numbers[len(numbers) - len(layers) :]
    assert [int(vector[0]) for vector in found.values()] == list(kept)


@pytest.mark.parametrize(
    ("template", "numbers"),
    [
        ("{}", (1, 2)),
        ("{}", (0, 1)),
        ("layer.{}", (0, 1)),
        ("layer_{}", (3,)),
        ("vector-at-{}", (2, 4)),
    ],
)
def test_other_names_are_asked_about(template, numbers):
    rows = rows_of(named(template, numbers), "x.npz", SIZE)
    assert rows.shift is None
    with pytest.raises(SpecError, match="does not tell how its layers are counted"):
        placed(rows, rows.shift, "x.npz")


@pytest.mark.parametrize(
    ("shape", "layers", "first"),
    [
        ((4, 6), (1, 2, 3, 4), 0),
        ((5, 6), (1, 2, 3, 4), 6),
        ((4, 1, 6), (1, 2, 3, 4), 0),
    ],
)
def test_a_matrix_is_known_beside_its_model(shape, layers, first):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    found = files.read_vectors(npy(values), "x.npy", SIZE)
    assert tuple(found) == layers
    assert found[1][0] == first, "persona vectors begin with the embedding"


@pytest.mark.parametrize("layers", [4, 5])
def test_hidden_by_layers_is_turned_and_told(layers):
    values = np.arange(layers * 6, dtype=np.float32).reshape(layers, 6)
    rows = files.read_rows(npy(values.T), "x.npy", SIZE)
    assert "was turned" in rows.said
    np.testing.assert_array_equal(rows.values, values)


def test_a_matrix_of_a_few_rows_or_of_no_model_is_asked_about():
    for shape, size in (((1, 6), SIZE), ((3, 6), SIZE), ((4, 6), None)):
        assert files.read_rows(npy(np.ones(shape)), "x.npy", size).shift is None
    (row,) = files.read_vectors(npz(**{"layer.3": np.ones((1, 6))}), "x.npz")
    assert row == 3, "a name counts for more than the row of a matrix"


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (npy(np.ones((2, 3, 4))), "x.npy", "of shape 2 × 3 × 4; one vector a layer"),
        (npz(**{"layer.1": np.ones((3, 6)), "layer.2": np.ones(6)}), "x.npz", "3 × 6"),
        (npy(np.ones((4, 6), bool)), "x.npy", "of type bool; vectors are real"),
        (npy(np.ones((4, 6), complex)), "x.npy", "no array of plain numbers"),
        (npy(np.array([["1", "2"]])), "x.npy", "no array of plain numbers"),
        (npy(np.ones((4, 6), "M8[D]")), "x.npy", "no array of plain numbers"),
        (npz(**named("blocks.{}.hook_mlp_out", (1,))), "x.npz", "lies inside a block"),
        (npz(**named("model.layers.{}.mlp", (1,))), "x.npz", "lies inside a block"),
        (npz(**named("hidden_states.{}", (0,))), "x.npz", "only a vector of the embed"),
    ],
)
def test_what_is_no_vector_of_a_layer_is_refused(data, name, said):
    with pytest.raises(SpecError, match=said):
        files.read_vectors(data, name, SIZE)


def test_complex_numbers_of_torch_are_refused():
    torch.save(
        {"layer.1": torch.ones(6, dtype=torch.complex64)}, buffer := io.BytesIO()
    )
    with pytest.raises(SpecError, match="cannot be read as a vector file"):
        files.read_vectors(buffer.getvalue(), "x.pt", SIZE)


def test_every_vector_is_told_with_its_layer():
    rows = files.read_rows(npy(np.ones((5, 6))), "x.npy", SIZE)
    assert mapping_words(rows, rows.shift, 4) == [
        "row 1 → the embedding, left out",
        "row 2 → layer 1 of 4",
        "row 3 → layer 2 of 4",
        "row 4 → layer 3 of 4",
        "row 5 → layer 4 of 4",
    ]


def test_the_right_count_fits_the_studys_own_vectors():
    rows = rows_of({"7": OWN[1, 2] * 3, "8": OWN[1, 3]}, "x.npz", SIZE)
    assert rows.first_layers(4) == [0, 1, 2, 3]
    fits = fits_of(rows, OWN, ["a", "b", "c"])
    best = max(fits, key=lambda fit: fit.cosine)
    assert (best.first, best.like) == (3, "b")
    assert best.cosine == pytest.approx(1, abs=1e-6)
    assert all(fit.cosine < 0.95 for fit in fits if fit is not best)
    holed = OWN.copy()
    holed[:, 3] = np.nan
    assert fits_of(rows, holed, ["a", "b", "c"])[3].cosine == pytest.approx(1, abs=1e-6)
    assert np.isnan(fits_of(rows, OWN * np.nan, ["a", "b", "c"])[0].cosine)


@pytest.fixture
def page(fresh, tiny_models):
    """The Playground with a study whose vectors are another direction at every layer."""
    values = np.repeat(OWN[:, None], 2, axis=1)
    names = ("fairness", "truth", "care")
    llama = {"spec": {"model": {"model": "llama", "device": "cpu"}}}
    plain_study = planted_study(names, ("en", "fr"), (4, 24, 6))
    own = replaced(plain_study, half_a=values, half_b=values, concept_vector=values)
    stored("own", own, **llama)
    assert library.open_by_name("own").layers == 4
    return visit("pages/playground.py", study="own", tab="saved")


def brought(at, name: str, data: bytes):
    """The page after a file of vectors was given."""
    return alive(at.file_uploader(key="vector-file").upload(name, data).run())


def test_a_known_file_is_kept_and_its_layers_are_shown(page):
    data = npz(**{f"model.layers.{n}": OWN[0, n] for n in (1, 2)})
    at = brought(page, "hf.npz", data)
    assert list(files.load_vectors(files.kept_vectors()[0])) == [2, 3]
    told = [frame.value for frame in at.dataframe]
    layers = next(table for table in told if "vector → layer" in table)
    assert layers["vector → layer"].tolist() == [
        "model.layers.1 → layer 2 of 4",
        "model.layers.2 → layer 3 of 4",
    ]
    fits = next(table for table in told if "mean cosine" in table)
    assert fits["mean cosine"].idxmax() == 2
    said = plain(words(at))
    assert "best where model.layers.1 is of layer 2 of 4: mean cosine 1.00 with" in said


def test_a_file_that_does_not_tell_is_asked_about_and_kept_as_answered(page):
    at = brought(page, "own.npz", npz(**{"10": OWN[0, 1], "11": OWN[0, 2]}))
    assert not files.kept_vectors()
    assert "does not tell how its layers are counted" in plain(at.info[-1].value)
    at = alive(at.selectbox(key="vector-first").select(2).run())
    assert not files.kept_vectors()
    at = alive(at.button(key="vector-keep").click().run())
    assert list(files.load_vectors(files.kept_vectors()[0])) == [2, 3]


def test_more_layers_than_the_model_has_are_refused(page):
    at = brought(page, "big.npz", npz(**named("model.layers.{}", (3, 4))))
    assert "layer 5; the model of this study has 4 layers" in plain(at.error[0].value)
    at = brought(page, "rows.npy", npy(np.ones((9, 6))))
    assert "more layers than the 4 of this" in plain(at.error[0].value)
    assert not files.kept_vectors()
