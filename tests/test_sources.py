"""Steering vectors from studies and files, against planted truth."""

import io
import json
from dataclasses import asdict

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize

from analysis.core.errors import AnalysisError, SpecError
from analysis.core.specs import digest, from_dict
from analysis.steering import resolve as steering
from analysis.steering import vector_files as files
from analysis.steering.resolve import (
    layers_at_depth,
    push_shares,
    resolve,
    slider_reach,
    state_norms,
    top_layers,
    vectors,
)
from analysis.steering.specs import Condition, SteeringSpec, SteeringTerm, VectorSource
from analysis.steering.vector_layouts import ModelSize
from tests.planted import Planting, planted_study, study_of

CONCEPTS, LANGUAGES, SIZES = (
    ("fairness", "truth", "toxicity", "harm", "care"),
    ("en", "fr"),
    (3, 20, 12),
)
STUDY = planted_study(CONCEPTS, LANGUAGES, SIZES, planting=Planting("shared", gap=3.0))
OWN = VectorSource("concept vector", "planted", "fairness", "en")


def opened(name: str):
    """The only study there is."""
    assert name == "planted"
    return STUDY


def turned_study(seed: int = 0):
    """French vectors are the English ones turned by a known rotation of a plane."""
    english = (
        np.random.default_rng(seed)
        .standard_normal((len(CONCEPTS), 3, 4))
        .astype(np.float32)
    )
    plane = np.array(
        [[0.6, 0.8, 0, 0], [-0.8, 0.6, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32
    )
    return study_of(
        {"concept_vector": np.stack([english, english @ plane], 1)},
        CONCEPTS,
        LANGUAGES,
        {},
    )


def test_a_concept_vector_is_that_of_the_study():
    expected = (
        STUDY.array("concept_vector").sel(concept="fairness", language="en").values
    )
    assert np.array_equal(vectors(OWN, opened), expected)
    assert np.array_equal(state_norms(OWN, opened), np.full(3, np.sqrt(12), np.float32))


def test_a_random_vector_has_the_length_of_the_real_one_and_another_direction():
    real, drawn = (
        vectors(OWN, opened),
        vectors(VectorSource("random", plus=(OWN,), seed=3), opened),
    )
    np.testing.assert_allclose(
        np.linalg.norm(drawn, axis=-1), np.linalg.norm(real, axis=-1), rtol=1e-5
    )
    assert np.abs((drawn * real).sum(-1) / (real * real).sum(-1)).max() < 0.9
    assert np.array_equal(
        drawn, vectors(VectorSource("random", plus=(OWN,), seed=3), opened)
    )
    assert not np.array_equal(
        drawn, vectors(VectorSource("random", plus=(OWN,), seed=4), opened)
    )


def test_sums_and_shuffled_labels():
    other = VectorSource("concept vector", "planted", "truth", "fr")
    difference = VectorSource("sum", plus=(OWN, OWN), minus=(other,))
    np.testing.assert_allclose(
        vectors(difference, opened),
        2 * vectors(OWN, opened) - vectors(other, opened),
        rtol=1e-5,
    )
    shuffled = VectorSource("shuffled labels", "planted", "fairness", "en")
    assert np.array_equal(
        vectors(shuffled, opened),
        STUDY.array("shuffled").sel(concept="fairness", language="en").values,
    )


def test_mapping_finds_a_planted_rotation_without_looking_at_the_answer():
    study = turned_study()
    source = VectorSource("mapped", "planted", "fairness", "en", target="fr")
    own = study.array("concept_vector").sel(concept="fairness", language="fr").values
    np.testing.assert_allclose(vectors(source, lambda name: study), own, atol=0.02)
    values = study.array("concept_vector").values.copy()
    values[0, 1] = 1e6
    blinded = study_of({"concept_vector": values}, CONCEPTS, LANGUAGES, {})
    assert np.array_equal(
        vectors(source, lambda name: blinded), vectors(source, lambda name: study)
    )


def test_mapping_leaves_alone_what_no_other_concept_spans():
    study = turned_study()
    wide = np.pad(study.array("concept_vector").values, [(0, 0)] * 3 + [(0, 3)])
    wide[0, 0, :, 4:] = 7.0
    source = VectorSource("mapped", "planted", "fairness", "en", target="fr")
    found = vectors(
        source, lambda name: study_of({"concept_vector": wide}, CONCEPTS, LANGUAGES, {})
    )
    np.testing.assert_allclose(found[:, 4:], 7.0, rtol=1e-4)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (VectorSource("conzept vector"), "Did you mean “concept vector”"),
        (
            VectorSource("concept vector", "planted", "fairnes", "en"),
            "Did you mean “fairness”",
        ),
        (
            VectorSource("concept vector", "planted", "fairness", "xx"),
            "Unknown language",
        ),
        (
            VectorSource(
                "concept vector",
                "planted",
                "fairness",
                "en",
                estimator="logistic probe",
            ),
            "by difference of means, not by",
        ),
        (VectorSource("random"), "one vector"),
        (VectorSource("sum", minus=(OWN,)), "at least one to add"),
        (VectorSource("import", file="nothing"), "No vector file"),
    ],
)
def test_what_cannot_be_had_is_said(home, source, words):
    with pytest.raises(AnalysisError, match=words):
        vectors(source, opened)


def test_mapping_needs_other_concepts():
    study = planted_study(("fairness", "truth"), LANGUAGES, SIZES)
    with pytest.raises(SpecError, match="two other concepts.*has 1"):
        vectors(
            VectorSource("mapped", "planted", "fairness", "en", target="fr"),
            lambda name: study,
        )


def test_a_spec_survives_json_and_resolves_layer_by_layer():
    condition = Condition(OWN, 1, 0.2, above=False)
    term = SteeringTerm(
        VectorSource("random", plus=(OWN,)),
        (1, 3),
        (2, -1.5),
        "angular",
        "generated",
        condition,
    )
    spec = SteeringSpec((term, SteeringTerm(OWN, (2,), (0.5,))))
    again = from_dict(SteeringSpec, json.loads(json.dumps(asdict(spec))))
    assert again == spec
    assert digest(again) == digest(spec)
    first, second = resolve(spec, opened)
    assert (first.strengths, first.operator, first.positions) == (
        {1: 2.0, 3: -1.5},
        "angular",
        "generated",
    )
    assert np.array_equal(first.vectors[3], vectors(term.source, opened)[2])
    assert np.array_equal(first.condition.vector, vectors(OWN, opened)[0])
    assert second.strengths == {2: 0.5}
    with pytest.raises(SpecError, match="layers 1 to 3; asked for was layer 4"):
        resolve(SteeringSpec((SteeringTerm(OWN, (4,)),)), opened)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"layers": ()}, "at least one layer"),
        ({"layers": (1, 1)}, "twice"),
        ({"layers": (1, 2, 3), "strengths": (1, 2)}, "2 strengths.*3 layers"),
    ],
)
def test_terms_that_make_no_sense_are_refused(given, words):
    with pytest.raises(SpecError, match=words):
        SteeringTerm(OWN, **given)


def test_shares_and_reach_speak_of_the_states_own_length():
    (term,) = resolve(SteeringSpec((SteeringTerm(OWN, (1, 2), (2.0, -1.0)),)), opened)
    norms = np.array([4.0, 8.0, 1.0])
    lengths = np.linalg.norm(vectors(OWN, opened), axis=-1)
    assert push_shares(term, norms) == pytest.approx(
        {1: 2 * lengths[0] / 4, 2: lengths[1] / 8}
    )
    plain = np.ones((3, 12), np.float32) / np.sqrt(12)
    assert slider_reach(plain, np.array([10.0, 10.0, 10.0]), (2,)) == 10
    assert slider_reach(plain, np.array([1.5, 3.0, 3.0]), (1, 2, 3)) == 1
    assert slider_reach(plain, np.array([1.7, 3.0, 3.0]), (1, 3)) == 2
    assert slider_reach(plain, None, (1,)) == 10


def test_layers_by_depth_and_by_recognition():
    assert layers_at_depth(0.5, 0.8, 6) == (3, 4)
    assert layers_at_depth(0.41, 0.42, 6) == (2,)
    peaked = planted_study(
        ("fairness",),
        LANGUAGES,
        (5, 200, 24),
        planting=Planting("shared", gap=2.0, peak=4),
    )
    assert top_layers(peaked, "fairness", "fr", 1) == (4,)
    assert set(top_layers(peaked, "fairness", "fr", 3)) == {3, 4, 5}


MADE = {
    layer: np.random.default_rng(layer).standard_normal(8).astype(np.float32)
    for layer in (2, 3, 5)
}


@pytest.mark.parametrize("form", files.WRITERS)
def test_every_format_reads_back_what_it_wrote(form):
    again = files.read_vectors(files.WRITERS[form](MADE, "made"), f"made.{form}")
    assert again.keys() == MADE.keys()
    assert all(np.array_equal(again[layer], MADE[layer]) for layer in MADE)


def test_a_control_vector_for_llama_cpp_leaves_the_first_block_out():
    again = files.read_vectors(
        files.to_gguf({1: MADE[2], 2: MADE[3]}, "made"), "made.gguf"
    )
    assert list(again) == [2]
    with pytest.raises(SpecError, match="first block"):
        files.to_gguf({1: MADE[2]}, "made")


def test_kept_vectors_become_a_source_with_gaps_where_layers_lack(home):
    name = files.keep_vectors(MADE, "my vector (1).gguf")
    assert files.kept_vectors() == [name]
    found = vectors(VectorSource("import", file=name), opened)
    assert found.shape == (5, 8)
    assert np.isnan(found[[0, 3]]).all()
    assert np.array_equal(found[4], MADE[5])
    with pytest.raises(SpecError, match="no vector at layer 1"):
        resolve(
            SteeringSpec((SteeringTerm(VectorSource("import", file=name), (1,)),)),
            opened,
        )


GAPPED = {1: np.full(8, np.nan, np.float32), **MADE, 4: np.full(8, np.nan, np.float32)}


@pytest.mark.parametrize("form", files.WRITERS)
def test_what_an_imported_file_lacks_is_lacking_in_every_format(home, form):
    name = files.keep_vectors(
        files.read_vectors(files.to_gguf(MADE, "made"), "made.gguf"), "made.gguf"
    )
    found = vectors(VectorSource("import", file=name), opened)
    assert np.isnan(found[0]).all()
    for given in (dict(enumerate(found, 1)), GAPPED):
        again = files.read_vectors(files.WRITERS[form](given, "again"), f"again.{form}")
        assert again.keys() == MADE.keys() and all(
            np.array_equal(again[layer], MADE[layer]) for layer in MADE
        )
    holed = {**MADE, 4: np.array([np.nan, *MADE[2][1:]], np.float32)}
    with pytest.raises(SpecError, match="layer 4 has numbers that are not finite"):
        files.WRITERS[form](holed, "holed")
    with pytest.raises(SpecError, match="no vector at any layer"):
        files.WRITERS[form]({1: GAPPED[1]}, "empty")


def packed(kind: str, data: bytes, width: int, key: str = "layer.2") -> bytes:
    """A safetensors file of one tensor, byte by byte."""
    head = json.dumps(
        {key: {"dtype": kind, "shape": [width], "data_offsets": [0, len(data)]}}
    ).encode()
    return len(head).to_bytes(8, "little") + head + data


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("F64", np.array([1, -2.5, 2**-10])),
        ("F32", np.array([1, -2.5, 2**-10], "<f4")),
        ("F16", np.array([1, -2.5, 2**-10], "<f2")),
        ("BF16", np.array([0x3F80, 0xC020, 0x3A80], "<u2")),
    ],
)
def test_every_floating_type_of_safetensors_is_read(kind, data):
    (found,) = files.read_vectors(
        packed(kind, data.tobytes(), 3), "x.safetensors"
    ).values()
    assert found.dtype == np.float32 and found.tolist() == [1, -2.5, 2**-10]


def direction(
    kind: GGMLQuantizationType, values: np.ndarray, tmp_path, name: str = "direction.1"
) -> bytes:
    """A GGUF file of one tensor in an encoding."""
    writer = GGUFWriter(tmp_path / "x.gguf", "controlvector")
    writer.add_tensor(name, values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return (tmp_path / "x.gguf").read_bytes()


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q4_0"])
def test_encoded_tensors_of_gguf_are_decoded(tmp_path, kind):
    encoding, values = (
        GGMLQuantizationType[kind],
        np.linspace(-1, 1, 64, dtype=np.float32),
    )
    found = files.read_vectors(
        direction(encoding, quantize(values, encoding), tmp_path), "x.gguf"
    )
    assert list(found) == [2]
    np.testing.assert_allclose(found[2], values, atol=0.15 if kind == "Q4_0" else 0.01)


def test_an_encoding_that_cannot_be_decoded_is_refused(tmp_path):
    with pytest.raises(SpecError, match="cannot be read as a vector file .*I8"):
        files.read_vectors(
            direction(GGMLQuantizationType.I8, np.ones(64, np.int8), tmp_path), "x.gguf"
        )
    with pytest.raises(SpecError, match="direction.-1.* of no block"):
        files.read_vectors(
            direction(
                GGMLQuantizationType.F32,
                np.ones(64, np.float32),
                tmp_path,
                "direction.-1",
            ),
            "x.gguf",
        )


def npz(**arrays: np.ndarray) -> bytes:
    """A NumPy archive."""
    np.savez(buffer := io.BytesIO(), **arrays)
    return buffer.getvalue()


def test_layers_are_read_from_keys_or_rows():
    one, two = np.ones(4), np.full(4, 2.0)
    size = ModelSize(2, 4)
    by_row = files.read_vectors(npz(all=np.stack([one, two])), "x.npz", size)
    assert [int(by_row[layer][0]) for layer in (1, 2)] == [1, 2]
    assert list(files.read_vectors(npz(**{"h.0": one, "h.1": two}), "x.npz")) == [1, 2]
    for names, numbers in ((["layer_7"], (7,)), (["layer-1000", "layer-7"], (7, 1000))):
        rows = files.read_rows(npz(**dict.fromkeys(names, one)), "x.npz")
        assert (rows.numbers, rows.shift) == (numbers, None)


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"not a file", "x.gguf", "cannot be read"),
        (b"\x93NUMPY", "x.npy", "cannot be read"),
        (b"\xff" * 64, "x.safetensors", "cannot be read"),
        (b"", "x.npz", "cannot be read"),
        (b"", "x.pickle", "“.pickle”"),
        (npz(a=np.ones(4)), "x.npz", "without a layer's number"),
        (npz(l1=np.ones(4), l2=np.ones(5)), "x.npz", r"widths \[4, 5\]"),
        (npz(l1=np.full(4, np.nan)), "x.npz", "not finite"),
        (packed("I8", b"12", 2), "x.safetensors", "of type I8"),
        (
            packed("F16", b"0000", 2, "layer.20000000"),
            "x.safetensors",
            "has a layer 20000000; .* to 1,000",
        ),
        (
            packed("F16", b"0000", 2, "layer." + "9" * 5000),
            "x.safetensors",
            "cannot be read",
        ),
        (npz(**{"layer.-1": np.ones(4)}), "x.npz", "has a layer -1"),
        (npz(**{"-1": np.ones(4), "0": np.ones(4)}), "x.npz", "has a layer -1"),
        (npz(all=np.ones((1001, 2))), "x.npz", "has a layer 1001"),
        (npz(l1=np.ones(2**16 + 1)), "x.npz", "65,537 numbers; at most 65,536"),
    ],
)
def test_files_that_are_no_vectors_are_refused_in_a_sentence(data, name, words):
    with pytest.raises(SpecError, match=words):
        files.read_vectors(data, name)


def test_every_source_says_what_it_is():
    assert all(source.__doc__ for source in steering.SOURCES.values())
