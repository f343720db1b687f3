"""Questions asked of a model: states and vectors kept in a study, resumed to the same
bytes; mean states from files.
"""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.core.errors import CorpusError, StudyError
from analysis.questions import geometry
from analysis.questions import plan as asked
from analysis.questions.mean_states import language_of, read_mean_states
from analysis.steering.resolve import vectors
from analysis.steering.specs import VectorSource
from analysis.study import library, store
from analysis.study.study import Study
from tests.asking import HIDDEN, LAYERS, PlantedReader, axis, question_spec, questions
from tests.stored import stored


def ask(
    reader=None,
    asked_questions=None,
    title="asked",
    progress=lambda done, of, what: None,
) -> Study:
    """A study without concepts that was asked the planted questions."""
    reader, given = reader or PlantedReader(), asked_questions or questions()
    folder = asked.begin_asking(question_spec(given), given, reader, title)
    asked.run_asking(folder, given, reader, None, progress)
    return store.open_study(folder)


def test_vectors_are_the_planted_ones(home):
    study = ask(PlantedReader(noise=0.01, merged=1))
    english, local = (study.array(f"{name}_vector") for name in ("english", "local"))
    assert np.isnan(english.sel(language="en")).all() and np.isfinite(local).all()
    away = np.isclose(english.sel(language="fr", layer=1), axis(0), atol=0.05)
    assert away.all(), (
        "at the layer where languages merge only the planted direction is left"
    )
    np.testing.assert_allclose(
        local.sel(language="sw").values, np.tile(axis(1), (LAYERS, 1)), atol=0.05
    )
    parts = study.array("item_part").values
    assert set(np.unique(parts)) == {asked.TRAIN, asked.TEST}, "all questions are there"


def test_held_out_items_make_no_vector(home):
    given = questions()
    whole = ask(asked_questions=given, title="whole")
    kept = [q for q in given.questions if q.split == "train"]
    half = ask(asked_questions=type(given)("half", tuple(kept)), title="half")
    np.testing.assert_allclose(
        whole.array("local_vector"), half.array("local_vector"), atol=1e-6
    )


class FlippingReader(PlantedReader):
    """Named countries push along axis 1; where they do not change the answer, along
    axis 2 as well. In Swahili none does.
    """

    def state(self, text):
        kind, item, *_, last = text.split()
        easy = int(item) // 2 % 3 == 0
        return super().state(text) + (
            kind == "culture" and last == "named" and easy
        ) * axis(2)

    def score(self, texts, options):
        """Swahili never takes the local answer; one French item has a tie where the
        country is named.
        """
        found = super().score(texts, options)
        found = [
            (-nats if " sw" in text else nats, tokens)
            for text, (nats, tokens) in zip(texts, found)
        ]
        return [
            (0 * n if text == "culture 2 fr named" else n, t)
            for text, (n, t) in zip(texts, found)
        ]


def test_the_flipped_version_takes_only_items_whose_answer_the_country_changes(home):
    study = ask(FlippingReader(noise=0.0, merged=1))
    own, flipped = (
        geometry.local_vectors(study, version) for version in ("own", "flipping items")
    )
    np.testing.assert_allclose(
        own[0], np.tile(axis(1) + axis(2) / 3, (LAYERS, 1)), atol=1e-5
    )
    np.testing.assert_allclose(flipped[:2], np.tile(axis(1), (2, LAYERS, 1)), atol=1e-5)
    assert np.isnan(flipped[2]).all(), "no answer flips in Swahili"
    data = geometry.angles(study, "flipping items")
    assert (
        data["local_items"].values.tolist() == [8, 7, 0]
        and geometry.angles(study)["local_items"].values.tolist() == [12] * 3
    )
    assert (
        np.isfinite(data["low"].sel(language="fr")).all()
        and np.isnan(data["cosine"].sel(language="sw")).all()
    )
    kinds, parts = (
        np.array(study.manifest.questions.prompts)[:, 0],
        study.array("item_part").values,
    )
    taken = study.array("item_local").values
    assert ((taken > 0) == ((kinds != "universal") & (parts == asked.TRAIN))).all(), (
        "held-out answers are not looked at"
    )
    found = vectors(
        VectorSource("steering vector", study.name, "local, flipping items", "fr")
    )
    np.testing.assert_array_equal(found, flipped[1])


def test_without_options_no_answer_flips_and_that_is_said(home):
    given = questions()
    bare = type(given)("bare", tuple(replace(q, options=()) for q in given.questions))
    study = ask(asked_questions=bare)
    assert (
        "flipping items" not in geometry.versions(study)
        and geometry.angles(study)["local_items"].values.tolist() == [12] * 3
    )
    with pytest.raises(
        StudyError, match="no language has two training items with options"
    ):
        geometry.local_vectors(study, "flipping items")


def test_a_stopped_run_goes_on_to_the_same_bytes(home):
    whole = ask(title="whole")

    def stop(done, of, what):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(title="cut", progress=stop)
    name = next(name for name in library.names() if name.startswith("cut"))
    cut = library.open_by_name(name)
    assert cut.missing == ("questions sw",) and not cut.complete
    asked.run_asking(
        store.root() / name, questions(), PlantedReader(), None, lambda *_: None
    )
    files = [
        store.read_manifest(store.root() / each).files for each in (whole.name, name)
    ]
    assert files[0] == files[1] and library.open_by_name(name).complete


def test_questions_go_into_a_study_with_concepts_and_survive_seal_pack_and_unpack(home):
    folder = stored("mine")
    manifest = store.read_manifest(folder)
    given = questions(("en", "fr"))
    reader = PlantedReader()
    reader.layers, reader.state = 4, lambda text, state=reader.state: state(text)[:4]
    spec = question_spec(given)
    about = {"model": {"model": "fake", "revision": "main"}}
    store.write_manifest(
        folder, replace(manifest, spec={**manifest.spec, **about}, hidden=HIDDEN)
    )
    asked.begin_asking(spec, given, reader, "ignored", folder)
    asked.run_asking(folder, given, reader, None, lambda *_: None)
    store.seal(folder)
    again = library.open_by_name(
        library.unpack(library.pack("mine"), "theirs.babelscope")
    )
    assert again.has("local_vector") and again.has("pair_score") and again.complete
    assert np.isnan(again.array("local_vector").sel(language="ta")).all(), (
        "a language that was not asked"
    )
    with pytest.raises(StudyError, match="already"):
        asked.begin_asking(spec, given, reader, "ignored", folder)
    with pytest.raises(StudyError, match="other questions"):
        asked.begin_asking(
            question_spec(given, most=4), given, reader, "ignored", folder
        )


def test_a_study_of_another_model_is_refused(home):
    study = ask()
    given = questions()
    other = question_spec(given)
    other = type(other)(type(other.model)("other"), *list(vars(other).values())[1:])
    with pytest.raises(StudyError, match="Choose the same model"):
        asked.begin_asking(
            other, given, PlantedReader(), "t", store.root() / study.name
        )


def test_many_items_are_thinned_evenly(home):
    listed = asked.prompts(question_spec(questions(), most=4), questions())
    assert [item for kind, item in listed if kind == "universal"] == [
        "u0",
        "u8",
        "u15",
        "u23",
    ]
    with pytest.raises(CorpusError, match="no question"):
        asked.prompts(question_spec(questions(("hu",))), questions())


def test_large_states_keep_their_size(home):
    reader = PlantedReader()
    reader.state = lambda text, state=reader.state: state(text) * np.float32(3e6)
    study = ask(reader)
    states = study.array("item_state").values
    want = reader.state("universal 0 fr")
    np.testing.assert_allclose(states[1, 0], want, rtol=2e-3, atol=2e4)


def test_vectors_can_be_steered_with(home):
    study = ask()
    for which in ("English", "local", "local, shuffled"):
        found = vectors(VectorSource("steering vector", study.name, which, "fr"))
        assert found.shape == (LAYERS, HIDDEN) and np.isfinite(found).all()
    with pytest.raises(Exception, match="too few questions, or not asked yet"):
        vectors(VectorSource("steering vector", study.name, "English", "en"))


def torch_file(matrix: torch.Tensor, **more: object) -> bytes:
    """A file as others write it."""
    buffer = io.BytesIO()
    torch.save(
        {"means": matrix, "counts": torch.ones(4, dtype=torch.int64), **more}, buffer
    )
    return buffer.getvalue()


def test_mean_states_are_read_in_any_precision():
    matrix = torch.randn(4, 8)
    files = {
        "vector.en.pt": torch_file(matrix),
        "vector.sw.pt": torch_file(matrix.to(torch.bfloat16), tokens=12),
    }
    found = read_mean_states(files)
    states, notes = found.states, found.notes
    assert list(states) == ["en", "sw"] and all(
        v.dtype == np.float32 for v in states.values()
    )
    np.testing.assert_allclose(states["sw"], matrix, rtol=1e-2)
    assert "4 layers × 8" in notes[0] and ": English, " in notes[0]


def test_the_ending_pt_is_not_portuguese():
    assert language_of("vector.en.pt") == "en"
    assert language_of("vector.pt.llama") == "pt"
    with pytest.raises(ValueError, match="found: es, fr"):
        language_of("fr-es.pt")


class Evil:
    """Something that would run when unpickled."""

    def __reduce__(self):
        return (print, ("ran",))


def test_every_fault_of_files_is_told_and_nothing_runs(capsys):
    good = torch.randn(4, 8)
    files = {
        "nobody.pt": torch_file(good),
        "a.fr.pt": b"not a file",
        "a.hu.pt": torch_file(good, other=good),
        "a.ta.pt": torch_file(torch.full((4, 8), torch.nan)),
        "a.sw.pt": torch_file(good, evil=Evil()),
    }
    with pytest.raises(CorpusError) as caught:
        read_mean_states(files)
    faults = {fault.split(":")[0]: fault for fault in caught.value.faults}
    assert set(faults) == set(files) and "ran" not in capsys.readouterr().out
    assert (
        "not finite" in faults["a.ta.pt"]
        and "one matrix" in faults["a.hu.pt"]
        and "language code" in faults["nobody.pt"]
    )


class Odd:
    """Matrices that are no plain matrix."""

    sparse = torch.eye(4).to_sparse()
    without_numbers = torch.empty(4, 8, device="meta")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "damaged (EOFError)"),
        (b"junk", "damaged"),
        (b"\x80\x02U", "damaged"),
        (b"0", "damaged"),
        (torch_file(Odd.sparse), "it is sparse"),
        (torch_file(Odd.without_numbers), "it is empty"),
    ],
)
def test_damaged_and_odd_files_are_named(data, words):
    with pytest.raises(CorpusError) as caught:
        read_mean_states({"m.en.pt": data})
    assert (
        caught.value.faults[0].startswith("m.en.pt: ")
        and words in caught.value.faults[0]
    )


def test_a_parameter_is_as_good_as_a_matrix():
    matrix = torch.randn(4, 8)
    found = read_mean_states({"m.en.pt": torch_file(torch.nn.Parameter(matrix))})
    np.testing.assert_array_equal(found.states["en"], matrix)


def test_matrices_of_different_sizes_are_refused():
    with pytest.raises(CorpusError, match="different sizes"):
        read_mean_states(
            {
                "a.en.pt": torch_file(torch.randn(4, 8)),
                "a.fr.pt": torch_file(torch.randn(3, 8)),
            }
        )
