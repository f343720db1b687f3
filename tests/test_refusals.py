"""What cannot be done is refused in a sentence, before anything is loaded or written."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

import babelscope as bs
from analysis.concepts.corpora import demo_corpus
from analysis.concepts.specs import StudySpec
from analysis.core.errors import AnalysisError, SpecError, StudyError
from analysis.core.specs import ModelSpec
from analysis.questions.specs import QuestionSpec
from analysis.study import store
from analysis.study.manifest import Manifest
from analysis.worker.extraction import extract_study
from analysis.worker.service import Job, Pool
from babelscope import commands
from babelscope.making import sweep_spec

ASKED = QuestionSpec(ModelSpec("demo"), "q", "d", ("en",))
CELLS = (("kindness", "en"), ("kindness", "fr"), ("courage", "en"))


def pairs(cells=CELLS, **changes):
    """A table of six pairs a cell; courage has none in French."""
    rows = []
    for concept, language in cells:
        for number in range(6):
            rows.append(
                {
                    "concept": concept,
                    "language": language,
                    "pair": str(number),
                    "positive": f"{concept} in {language}: yes, {number}",
                    "negative": f"{concept} in {language}: no, {number}",
                }
            )
    return pd.DataFrame(rows).assign(**changes)


@pytest.fixture
def unloaded(home, monkeypatch):
    """A home in which no model may be loaded."""

    def load(*given):
        raise AssertionError("a model was asked for")

    monkeypatch.setattr("analysis.worker.service.Pool.get", load)
    return home


def nothing_written():
    return not list(store.root().iterdir())


def means_in(folder, value):
    folder.mkdir(exist_ok=True)
    for code in ("en", "fr"):
        states = {"mean": np.full((3, 4), value, np.float32)}
        save_file(states, folder / f"{code}.safetensors")
    return folder


def test_means_of_other_files_of_the_same_names_are_another_study(home, capsys):
    first = bs.means("owner/name", [means_in(home / "a", 1)])
    again = bs.means("owner/name", [home / "a"])
    assert again.name == first.name and "is complete" in capsys.readouterr().err
    other = bs.means("owner/name", [means_in(home / "b", 2)])
    assert other.name != first.name
    assert float(other.array("mean_state").max()) == 2
    assert "A new study is made of these" in capsys.readouterr().err
    third = bs.means("owner/name", [home / "b"])
    assert third.name == other.name


def test_a_study_that_tells_no_content_of_its_files_is_not_taken_for_another(home):
    first = bs.means("owner/name", [means_in(home / "a", 1)])
    folder = store.root() / first.name
    text = (folder / store.MANIFEST).read_text()
    older = text.replace('"digests"', '"unknown"')
    assert older != text
    (folder / store.MANIFEST).write_text(older)
    assert bs.means("owner/name", [home / "a"]).name != first.name


def test_a_concept_that_lacks_one_language_is_extracted_all_the_same(home):
    study = bs.extract("demo", pairs())
    vectors = study.array("concept_vector").sel(layer=6, hidden=0)
    lacking = np.isnan(vectors.sel(concept="courage", language="fr"))
    assert study.complete and bool(lacking) and int(np.isnan(vectors).sum()) == 1


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"languages": ["xx"]}, "Unknown language “xx”"),
        ({"languages": ["en", "sw"]}, "Unknown language “sw”.* Allowed: en, fr"),
        ({"languages": "en"}, "The languages must be a list"),
        ({"languages": 5}, "The languages must be a list"),
        ({"languages": ["en", "en"]}, "The languages have 'en' twice"),
        ({"concepts": ["kindness", "kindness"]}, "have 'kindness' twice"),
        ({"concepts": ["courage"], "languages": ["fr"]}, "no pair of courage in fr"),
        ({"seed": 10**22}, "A seed is a whole number of at most 18 digits"),
        ({"seed": "1"}, "A seed is a whole number of at most 18 digits"),
        ({"title": "t" * 600}, "The title has 600 characters; at most 500"),
    ],
)
def test_a_study_that_cannot_be_made_is_refused_before_loading(unloaded, chosen, said):
    with pytest.raises(AnalysisError, match=said):
        bs.extract("demo", pairs(), **chosen)
    assert nothing_written()


def test_a_name_of_a_concept_that_is_too_long_is_refused_before_loading(unloaded):
    with pytest.raises(StudyError, match="has 300 characters; at most 200"):
        bs.extract("demo", pairs(CELLS[:1], concept="c" * 300))
    assert nothing_written()


def test_a_page_too_is_told_before_loading(unloaded):
    corpus = demo_corpus()
    given = (corpus.name, corpus.digest, ("fairness",), ("xx",))
    spec = StudySpec(ModelSpec("demo"), *given)
    with pytest.raises(SpecError, match="Unknown language “xx”"):
        extract_study(spec, corpus, "t", {})(Job(1, "me", "", work=int), Pool())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: bs.words("demo", languages=["en", "en"]), "have 'en' twice"),
        (lambda: bs.words("demo", layers=[6, 6]), "The layers have '6' twice"),
        (lambda: bs.ask("demo", languages=["fr", "fr"]), "have 'fr' twice"),
        (lambda: bs.ask("demo", seed=10**22), "at most 18 digits"),
        (lambda: sweep_spec(ASKED, 6, layers=[3, 3]), "The layers have '3' twice"),
        (lambda: bs.control("demo", "fairness", seed=10**22), "at most 18 digits"),
        (lambda: bs.control("demo", "fairness", languages=["en", "en"]), "twice"),
        (lambda: bs.control("demo", "nope"), "Unknown concept “nope”.*Allowed"),
    ],
)
def test_so_it_is_with_words_questions_sweeps_and_control(unloaded, make, said):
    with pytest.raises(AnalysisError, match=said):
        make()
    assert nothing_written()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"languages": ("en", "en")}, "languages must differ"),
        ({"concepts": ("c" * 300,)}, "has 300 characters"),
        ({"spec": {"seed": 10**22}}, "more than 18 digits"),
        ({"title": "t" * 600}, "title has 600 characters"),
        ({"layers": 0}, "layers must be at least 1"),
        ({"notes": ("n" * (33 * 2**20),)}, "larger than 32 MiB"),
    ],
)
def test_no_manifest_is_written_that_could_not_be_opened(home, changes, said):
    values = {"languages": ("en",), "layers": 2, "title": "t"}
    with pytest.raises(StudyError, match=said) as caught:
        store.create("new", Manifest(**{**values, **changes}))
    assert "damaged" not in str(caught.value) and nothing_written()
    folder = store.create("fine", Manifest(**values))
    before = (folder / store.MANIFEST).read_bytes()
    with pytest.raises(StudyError, match=said):
        store.write_manifest(folder, Manifest(**{**values, **changes}))
    assert (folder / store.MANIFEST).read_bytes() == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["extract", "--languages", "xx"], "Unknown language “xx”"),
        (["extract", "--seed", "9" * 22], "at most 18 digits"),
        (["control", "demo", "nope"], "Unknown concept “nope”"),
        (["means", ".", "--model", "demo"], "its study “demo” is made here"),
    ],
)
def test_the_command_says_it_and_ends_in_two(unloaded, capsys, given, said):
    assert commands.main(given) == 2
    assert said in capsys.readouterr().err and nothing_written()
