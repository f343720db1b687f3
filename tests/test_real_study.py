"""The study of a real model that comes along: made, shipped in fewer bytes, set beside the
papers; and, where its weights are, the same numbers again."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from analysis.core.errors import SpecError, StudyError
from analysis.core.specs import ModelSpec
from analysis.demo import papers_table, real_study, shipping
from analysis.overview.of_study import relationship
from analysis.questions import geometry
from analysis.study import library, notes, store
from analysis.study.array_checks import check_arrays
from analysis.study.manifest import QuestionsPart
from analysis.worker.service import Pool
from analysis.world import corpus as texts
from tests.planted import Planting, planted_study
from tests.planted_pushing import Planted, stored_trial
from tests.stored import stored

HERE = library.REAL in library.coming_along()
NO_STUDY = "the study of a real model is not here yet"
MODELS = Path(os.environ.get("GEMMA_MODELS", Path.home() / ".babelscope" / "models"))
WEIGHTS = MODELS / library.REAL
NO_WEIGHTS = (
    f"the weights of Gemma 3 270M are not in {MODELS} (name it in GEMMA_MODELS)"
)
LARGEST = 25 * 2**20
TEXTS = texts.languages_of(texts.VALUES)


def test_a_shipped_study_says_nearly_the_same_in_fewer_bytes(home, tmp_path):
    whole = planted_study(("fairness",), ("en", "fr"), (3, 20, 64))
    folder = stored("whole", whole, notice="Say this.")
    target = tmp_path / "kept"
    size = shipping.ship(folder, target)
    before = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    kept = store.open_study(target)
    assert kept.complete and size < 0.75 * before + 4000
    check_arrays(target, kept.manifest)
    store.check_files(target, kept.manifest, hashes=True)
    for name in ("concept_vector", "half_a", "pair_score"):
        found, wanted = kept.array(name).values, whole.array(name).values
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=0.01 * np.abs(wanted).max())
        cosine = (found * wanted).sum() / np.sqrt((found**2).sum() * (wanted**2).sum())
        assert cosine > 0.9999
    assert (target / "NOTICE.txt").read_text() == "Say this.\n"
    shipping.ship(folder, target)  # once more, in its place
    assert store.open_study(target).complete


def test_what_was_tried_on_the_model_ships_in_half_precision(home, tmp_path):
    codes = ("en", "fr")
    folder = stored("tried", planted_study(("fairness",), codes, (3, 20, 64)))
    assert not real_study.has_part(store.read_manifest(folder), "pushing")
    stored_trial(folder, Planted(np.ones((2, 2)), languages=codes))
    assert real_study.has_part(store.read_manifest(folder), "pushing")
    shipping.ship(folder, tmp_path / "kept")
    kept, whole = store.open_study(tmp_path / "kept"), store.open_study(folder)
    assert kept.has_trial("pushing") and "pushing" in real_study.PARTS
    half = {"rtol": 2**-10, "atol": 2.0**-24}
    xr.testing.assert_allclose(kept.trial("pushing"), whole.trial("pushing"), **half)
    kinds = {str(values.dtype) for values in kept.trial("pushing").values()}
    assert "float16" not in kinds, "reckoned with in single precision"


def test_what_is_left_out_and_what_stays_as_it_is():
    counts = np.ones((2, 3), np.uint8)
    states = np.ones((3, 2, 64), np.float32)
    drawn = np.zeros((2, 3, 50), np.int8)
    given = {"scored/0/0": counts, "item_state/0": states, "random_surplus/0/0": drawn}
    made = shipping.compact(given, 20)
    assert list(made) == ["scored/0/0", "random_surplus/0/0"]
    assert made["scored/0/0"] is counts
    assert made["random_surplus/0/0"].shape == (2, 3, 20)


@pytest.mark.skipif("es" not in TEXTS, reason="no texts of our own are here yet")
def test_the_command_makes_a_study_and_goes_on_with_it(home, monkeypatch):
    monkeypatch.setattr(real_study, "MODEL", ModelSpec("demo"))
    monkeypatch.setattr(real_study, "WORD_LAYERS", (3,))
    monkeypatch.setattr(real_study, "SENTENCE_LAYERS", (3,))
    whole = real_study.study_spec
    monkeypatch.setattr(
        real_study, "study_spec", lambda languages: whole(languages, ("morality",))
    )
    making = real_study.Making(("en", "es"), Pool())
    parts = ("words", "sentences")
    name = real_study.make(making, parts)
    folder = store.root() / name
    manifest = (folder / store.MANIFEST).read_bytes()
    study = store.open_study(folder)
    assert study.complete and study.languages == ("en", "es")
    assert study.manifest.notice == real_study.NOTICE
    files = sorted(study.manifest.files)
    last = [file for file in files if "score" in file]
    known = store.read_manifest(folder)
    kept = {file: entry for file, entry in known.files.items() if file not in last}
    store.write_manifest(folder, replace(known, files=kept))
    assert real_study.make(making, parts) == name
    assert json.loads((folder / store.MANIFEST).read_bytes()) == json.loads(manifest)


def test_what_users_keep_with_a_study_that_comes_along_is_in_their_home(ours, home):
    study = library.open_by_name(library.REAL)
    assert study.kind == "computed"
    assert notes.file_of(study, "answers").parent == home / "notes"
    assert notes.read_notes(study, "answers") == []


def test_languages_without_any_distance_are_left_out_of_relations():
    codes = ("en", "fr", "zh", "de", "hi")
    study = planted_study(("fairness",), codes, (3, 20, 16))
    known = planted_study(("fairness",), codes[:3], (3, 20, 16))
    assert relationship(study).languages == relationship(known).languages == 3
    strange = planted_study(("fairness",), ("de", "hi", "ar"), (3, 20, 16))
    with pytest.raises(SpecError, match="No linguistic similarity is known for ar"):
        relationship(strange)


def test_vectors_of_questions_without_states_say_what_is_lacking(ours):
    study = library.open_by_name(library.REAL)
    asked = QuestionsPart(spec={}, prompts=())
    with_questions = replace(study, manifest=replace(study.manifest, questions=asked))
    with pytest.raises(StudyError, match="keeps vectors of questions but no states"):
        geometry.prompts(with_questions)
    with pytest.raises(StudyError, match="was asked no questions"):
        geometry.prompts(study)


@pytest.fixture
def ours(home, monkeypatch) -> Path:
    """A planted study in the place of the one that ships."""
    planting = Planting(peak=2, unrelated=True)
    whole = planted_study(("fairness",), ("en", "fr", "zh"), (3, 40, 16), 0, planting)
    folder = stored("whole", whole)
    monkeypatch.setitem(library.DEMO_FOLDERS, library.REAL, folder)
    return folder


def test_the_table_sets_ours_beside_the_papers(ours, monkeypatch):
    monkeypatch.setattr(papers_table, "VALUES", ("llama2-chat-7b",))
    monkeypatch.setattr(papers_table, "WORDS", ())
    lines = list(papers_table.page(library.open_by_name(library.REAL)))
    page = "\n".join(lines)
    assert page.count("| **ours** |") == len(papers_table.SECTIONS) + 4
    assert page.count("| LLaMA2-chat-7B |") == len(papers_table.SECTIONS)
    assert "Mean accuracy over" in page and "95 % interval" in page
    assert "permutation p = 0.002 over 12 languages" in page
    assert "not in this study" in page, "no words, questions or sentences are planted"


@pytest.mark.skipif(not HERE, reason=NO_STUDY)
def test_the_real_study_is_whole_small_and_says_what_its_terms_ask():
    folder = library.coming_along()[library.REAL]
    study = library.open_by_name(library.REAL)
    assert study.complete and not study.toy
    assert study.title.startswith("Gemma 3 270M (base, 4-bit weights)")
    assert "4-bit" in study.manifest.weights["words"]
    assert study.manifest.notice == real_study.NOTICE
    assert real_study.NOTICE in (folder / "NOTICE.txt").read_text()
    store.check_files(folder, study.manifest, hashes=True)
    assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST
    assert not list(folder.glob("*.lock"))


@pytest.mark.skipif(not HERE, reason=NO_STUDY)
@pytest.mark.skipif(not WEIGHTS.is_dir(), reason=NO_WEIGHTS)
def test_the_weights_give_the_same_numbers_again(home, monkeypatch):
    from analysis.concepts.corpora import own_values
    from analysis.worker.extraction import extract_study

    monkeypatch.setenv("BABELSCOPE_MODELS", str(MODELS))
    whole = library.open_by_name(library.REAL)
    concepts, languages = whole.concepts[:1], whole.languages[:2]
    spec = real_study.study_spec(languages, concepts)
    making = real_study.Making(languages, Pool())
    began = time.monotonic()
    name = making.done(extract_study(spec, own_values(), "part", {}))
    print(f"{time.monotonic() - began:.0f} s")
    part = store.open_study(store.root() / name)
    cells = {"concept": list(concepts)}
    spoken = {**cells, "language": list(languages)}
    wanted = whole.array("concept_vector").sel(spoken).values
    found = part.array("concept_vector").values
    lengths = np.linalg.norm(found, axis=-1) * np.linalg.norm(wanted, axis=-1)
    cosines = (found * wanted).sum(-1) / lengths
    # Eight bits turn a vector by less than a degree.
    assert cosines.min() > np.cos(np.deg2rad(1))
    both = {"source": list(languages), "target": list(languages)}
    wanted = whole.array("pair_score").sel({**cells, **both}).values
    found = part.array("pair_score").values
    np.testing.assert_allclose(found, wanted, rtol=1e-2, atol=1e-2 * wanted.std())
