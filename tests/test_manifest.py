"""The manifest: what is written back is what was read; damage is a sentence."""

import json
from dataclasses import replace

import pytest

from analysis.core.errors import SpecError, StudyError
from analysis.core.version import __version__
from analysis.questions.specs import QuestionSpec
from analysis.study import library, store
from analysis.study.manifest import Manifest, PlanePart, QuestionsPart, WordsPart
from analysis.study.published_words import shipped
from analysis.study.records import read_record, to_json
from tests.planted_words import planted_vectors, stored_words, word_list
from tests.stored import stored

WORD = {"name": "w", "languages": ["en"], "concepts": ["a"], "spellings": [["x"]]}
SPOKEN = {"languages": ["en"]}
PARTS = {
    "words": {"spec": SPOKEN | {"embeddings": ["mean"]}, "list": WORD, "layers": [1]},
    "questions": {"spec": SPOKEN, "digest": "", "prompts": [["a", "b"]]},
    "plane": {"spec": {}, "prompts": [], "settings": [{"mode": "local"}]},
    "imported": {"files": ["a.pt"], "notes": []},
}
BARE = {"schema": 1, "concepts": ["c"], "languages": ["en"], "layers": 2, "files": {}}


def written(folder):
    """What lies in a manifest."""
    return json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", library.coming_along())
def test_a_shipped_manifest_is_written_back_as_it_was(name):
    folder = library.DEMO_FOLDERS[name]
    manifest = store.read_manifest(folder)
    assert to_json(manifest) == written(folder) and not manifest.more


def test_a_published_study_has_no_more_than_what_is_printed():
    for study in shipped().values():
        again = read_record(Manifest, to_json(study.manifest), "")
        assert again == study.manifest
        assert set(study.manifest.figures) == study.available
        assert "files" not in json.loads(library.provenance(study))
        with pytest.raises(StudyError, match="no plane"):
            study.manifest.part(PlanePart)
        with pytest.raises(SpecError):
            study.manifest.spec_as(QuestionSpec)


def test_a_word_study_is_written_back_as_it_was(home):
    words = word_list(8)
    folder = stored_words("words", words, planted_vectors(words))
    before = (folder / store.MANIFEST).read_bytes()
    manifest = store.read_manifest(folder)
    store.write_manifest(folder, manifest)
    assert (folder / store.MANIFEST).read_bytes() == before
    assert manifest.part(WordsPart).list == words


def test_keys_of_other_versions_are_kept_wherever_they_stand(home):
    folder = stored("other")
    known = written(folder) | {"later": {"a": [1]}, "hidden": None}
    known["pairs"]["truth"]["fresh"] = 1
    known["files"]["pair_score.safetensors"]["codec"] = "plain"
    known |= {name: part | {"new": name} for name, part in PARTS.items()}
    known["words"]["list"] = WORD | dict.fromkeys(("kinds", "frequencies", "notes"), [])
    known["words"]["digest"], known["plane"]["digest"] = "", ""
    known["questions"]["notes"], known["plane"]["complete"] = [], True
    (folder / store.MANIFEST).write_text(json.dumps(known))
    library.rename("other", "Other")
    assert written(folder) == known | {"title": "Other"}
    manifest = store.read_manifest(folder)
    assert manifest.more["later"] == {"a": [1]} and manifest.more["hidden"] is None
    assert manifest.pairs["truth"].more == {"fresh": 1}
    assert manifest.part(QuestionsPart).prompts[0].item == "b"
    assert set(manifest.parts) == set(PARTS)


DAMAGE = {
    "no object": ([], "an object"),
    "no languages": ({k: v for k, v in BARE.items() if k != "languages"}, "languages"),
    "a text for numbers": (BARE | {"layers": "two"}, "layers must be a whole number"),
    "truth for numbers": (BARE | {"layers": True}, "layers must be a whole number"),
    "no layers": (BARE | {"layers": 0}, "at least 1"),
    "a text for a list": (BARE | {"concepts": "c"}, "concepts must be a list"),
    "a language twice": (BARE | {"languages": ["en", "en"]}, "languages must differ"),
    "a cell too far": (BARE | {"absent": [[0, 1]]}, "absent names the cell"),
    "half a cell": (BARE | {"absent": [[0]]}, "a list of concept and language"),
    "half a file": (BARE | {"files": {"a": {"bytes": 1}}}, "files.a lacks"),
    "a file below nothing": (
        BARE | {"files": {"a": {"bytes": -1, "sha256": "", "keys": []}}},
        "below 0",
    ),
    "no clusters": (BARE | {"pairs": {"c": {"test": []}}}, "pairs.c lacks clusters"),
    "shares in words": (
        BARE | {"share_percent": {"en": "most"}},
        "share_percent.en must be a number",
    ),
    "a model of no name": (BARE | {"spec": {"model": 3}}, "spec.model"),
    "a layer too far": (BARE | {"words": PARTS["words"] | {"layers": [3]}}, "1 to 2"),
    "a spelling too many": (
        BARE | {"words": PARTS["words"] | {"list": WORD | {"spellings": [["x", "y"]]}}},
        "spellings",
    ),
    "a list with more": (
        BARE | {"words": PARTS["words"] | {"list": WORD | {"colour": 1}}},
        "colour",
    ),
    "a strange language": (
        BARE | {"questions": PARTS["questions"] | {"spec": {"languages": ["xx"]}}},
        "xx",
    ),
    "languages in a word": (
        BARE | {"questions": PARTS["questions"] | {"spec": {"languages": "en"}}},
        "must list names",
    ),
    "settings of no kind": (
        BARE | {"plane": PARTS["plane"] | {"settings": [1]}},
        "settings must be an object",
    ),
}


@pytest.mark.parametrize("harm", DAMAGE)
def test_a_damaged_manifest_is_a_sentence_and_stays(harm, home):
    values, words = DAMAGE[harm]
    folder = store.root() / "harmed"
    folder.mkdir()
    (folder / store.MANIFEST).write_text(json.dumps(values))
    before = (folder / store.MANIFEST).read_bytes()
    with pytest.raises(StudyError, match="harmed is damaged") as error:
        library.open_by_name("harmed")
    assert words in str(error.value) and "Nothing was changed" in str(error.value)
    with pytest.raises(StudyError):
        library.rename("harmed", "new")
    assert (folder / store.MANIFEST).read_bytes() == before


def test_any_single_wrong_value_is_a_sentence_or_opens(home):
    """Every value of a whole manifest is replaced, one by one, by one of another kind."""
    folder = stored("whole")
    known = written(folder) | PARTS
    found = 0
    for place in places(known):
        for wrong in (None, -1, "", [], {}, [[[]]], True):
            (folder / store.MANIFEST).write_text(
                json.dumps(changed(known, place, wrong))
            )
            try:
                study = library.open_by_name("whole")
                library.summary(study)
                library.provenance(study)
            except (StudyError, SpecError):
                found += 1
    assert found > 100


def places(values, depth=3):
    """Where the values of an object are, as lists of keys; of a list only its first."""
    items = list(values.items()) if isinstance(values, dict) else []
    if isinstance(values, list) and values:
        items = [(0, values[0])]
    for key, value in items:
        yield [key]
        if depth:
            yield from ([key, *rest] for rest in places(value, depth - 1))


def changed(values, place, value):
    """The same values but for one."""
    copied = json.loads(json.dumps(values))
    inner = copied
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copied


def test_a_part_that_is_not_there_is_a_sentence():
    manifest = Manifest(title="Bare")
    assert manifest.words is None and manifest.parts == {}
    with pytest.raises(StudyError, match="“Bare” has no questions"):
        manifest.part(QuestionsPart)
    with pytest.raises(StudyError, match="no contrast pairs of truth"):
        manifest.pair_table("truth")
    with pytest.raises(StudyError, match="no printed transfer"):
        manifest.printed("transfer")
    assert replace(manifest, layers=1) != manifest


def test_a_new_manifest_says_which_version_began_it(home):
    folder = stored("new", cells=1)
    assert written(folder)["babelscope"] == __version__
    known = written(folder) | {"babelscope": "0.0.1"}
    (folder / store.MANIFEST).write_text(json.dumps(known))
    library.rename("new", "Newer")
    assert written(folder)["babelscope"] == "0.0.1"
    assert "0.0.1" in library.provenance(library.open_by_name("new"))
