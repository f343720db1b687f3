"""One registry of analyses: each is asked by name with options as text, and cached."""

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import babelscope as bs
from analysis.concepts.specs import CONVENTIONS
from analysis.core.errors import AnalysisError, SpecError
from analysis.overview import needs, options, registry
from analysis.overview.record import Analysis, Statistic
from analysis.study import library
from analysis.study.study import Study
from analysis.words import alignment, neighbours
from analysis.words.specs import AlignmentSpec
from analysis.worker.service import Job, Pool
from babelscope import commands
from components.frame import cache
from components.frame.recent import Recent
from components.paperpack import basket, pack
from tests.planted_words import planted_vectors, stored_words, word_list
from tests.visits import alive, figures, visit


@pytest.fixture(scope="module")
def demo():
    """The demo's study of a trained toy model."""
    return library.open_by_name("demo")


@pytest.fixture
def planted(home):
    """Languages that are rotations of one another, in the store."""
    given = word_list()
    return stored_words("planted", given, planted_vectors(given))


def test_names_and_functions_are_each_in_one_record():
    functions = [analysis.function for analysis in registry.ANALYSES]
    assert len(set(registry.names())) == len(registry.names())
    assert len(set(functions)) == len(functions)
    for analysis in registry.ANALYSES:
        assert registry.find(analysis.name) is registry.record_of(analysis.function)
        assert analysis.says and analysis.seconds > 0


# These ask the model, take longer than all others together, or need an option.
APART = ("dose response", "elsewhere", "neighbours", "comparison")
QUICK = [name for name in registry.names() if name not in APART]


@pytest.mark.parametrize("name", QUICK)
def test_every_analysis_of_the_demo_is_a_table(demo, name):
    if name not in registry.names(demo):
        with pytest.raises(SpecError, match="needs"):
            registry.run(name, demo)
        return
    table = registry.as_table(registry.run(name, demo))
    assert len(table.columns) > 0
    assert len(table) > 0 or name == "plane lacking"


def test_options_as_text_are_those_of_the_function(demo):
    by_hand = registry.find("recognition").function(demo, CONVENTIONS["paper"])
    given = registry.run("recognition", demo, convention="paper")
    xr.testing.assert_identical(given, by_hand)
    spec = AlignmentSpec(demo.embeddings[0], layer=2, map="ridge")
    found = registry.run("alignment", demo, map="ridge", layer="2", target="fr")
    xr.testing.assert_identical(found, alignment.alignment(demo, spec, "fr"))
    shared = neighbours.matched_pair(
        demo, AlignmentSpec(demo.embeddings[0]), "fr", "en"
    )
    ranks = registry.run("word ranks", demo, source="fr")
    assert ranks.equals(neighbours.word_ranks(shared))


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("recogniton", {}, "Did you mean “recognition”"),
        ("recognition", {"conventions": "paper"}, "Did you mean “convention”"),
        ("recognition", {"convention": "papr"}, "Did you mean “paper”"),
        ("separation", {"centred": "perhaps"}, "Allowed: yes, true, 1, no"),
        ("plane", {"place": "best"}, "place is a number"),
        ("neighbours", {}, "“concept” has to be given"),
        ("comparison", {}, "“other” has to be given"),
    ],
)
def test_wrong_options_are_told_politely(demo, name, options, said):
    with pytest.raises(SpecError, match=said):
        registry.run(name, demo, **options)


def unfit(option):
    """A text that fits no option of this kind."""
    kinds = options.kinds_of(option.kind)
    return "-1" if int in kinds or float in kinds else "nope"


@pytest.mark.parametrize("name", QUICK)
def test_a_value_that_fits_nothing_is_told_politely(demo, name):
    for option in options.written_out(registry.find(name).options):
        # What is used all the same is no fault; what fails must say so in a sentence.
        with suppress(AnalysisError):
            registry.run(name, demo, **{option.name: unfit(option)})


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        (
            "concept ranks",
            {"layer": "999"},
            "There is no layer 999; choose one of 2, 4, 6",
        ),
        ("word ranks", {"source": "nope"}, "Unknown language “nope”"),
        ("clouds", {"seed": "-1"}, "seed of the shuffling is -1; choose a number from"),
        ("pca", {"dims": "0"}, "number of axes is 0; choose a number from 1 on"),
        ("plane", {"place": "999"}, "There is no setting 999; choose one of 0"),
        ("plane by layer", {"mode": "nope"}, "Unknown mode “nope”"),
    ],
)
def test_choices_that_are_not_there_are_named(demo, name, given, said):
    with pytest.raises(SpecError, match=said):
        registry.run(name, demo, **given)


def test_a_table_of_an_analysis_has_its_main_numbers(demo):
    table = registry.table("alignment", demo)
    assert {"language", "stage", "k", "precision", "low", "high"} <= set(table.columns)
    kinds = registry.table("alignment by kind", demo)
    assert "plain" in set(kinds["part"])


def test_pages_take_a_result_from_the_cache(fresh, planted, monkeypatch):
    study = cache.study("planted")
    spec = AlignmentSpec("last token")
    first = cache.measure(alignment.alignment, study, spec, "en")
    monkeypatch.setattr(cache, "calculated", None)
    again = cache.measure(alignment.alignment, study, spec, "en")
    xr.testing.assert_identical(first, again)


def test_a_jobs_result_outlives_what_pages_compute(fresh, planted, monkeypatch):
    study = cache.study("planted")
    spec = AlignmentSpec("last token")
    want = cache.Want.of(alignment.alignment, spec, "en")
    assert not cache.ready(study, want)
    task = cache.work(study, want)
    task(Job(1, "me", "", task), Pool())
    assert cache.ready(study, want)
    cache.computed.clear()  # as much as any number of pages could drive out
    monkeypatch.setattr(cache, "calculated", None)
    found = cache.measure(alignment.alignment, study, spec, "en")
    found["precision"][:] = np.nan
    again = cache.measure(alignment.alignment, study, spec, "en")
    assert np.isfinite(again["precision"]).any()


def test_what_is_no_longer_at_hand_is_offered_as_a_job_again(fresh, planted):
    study = cache.study("planted")
    want = cache.Want.of(neighbours.word_ranks, AlignmentSpec("last token"), "fr", "en")
    task = cache.work(study, want)
    task(Job(1, "me", "", task), Pool())
    assert cache.ready(study, want)
    for number in range(cache.MOST_PREPARED):
        key = cache.Key("other", str(number), want)
        cache.prepared_values().put(key, object())
    assert not cache.ready(study, want)


def test_kept_values_leave_when_longest_unused_and_are_made_once():
    kept: Recent[str, int] = Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert "a" in kept
    kept.put("c", 3)
    assert kept.get("a") == 1 and kept.get("b") is None and kept.get("c") == 3
    assert kept.get_or_make("a", lambda: 0) == 1
    assert kept.get_or_make("d", lambda: 4) == 4 and not kept.making


def share_of_chance(study: Study, factor: float = 2.0) -> xr.Dataset:
    """A planted analysis: a number of every language, with its interval."""
    values = factor * np.arange(len(study.languages), dtype=float)
    parts = {"planted": values, "low": values - 1, "high": values + 1}
    variables = {name: ("language", part) for name, part in parts.items()}
    return xr.Dataset(variables, {"language": list(study.languages)})


@pytest.fixture
def one_more(monkeypatch):
    """One record more in the registry, and nothing else."""
    record = Analysis(
        "planted analysis",
        share_of_chance,
        needs.CONCEPTS,
        works=("wilson1927probable",),
        tests=(Statistic("Planted sentences are true."),),
    )
    monkeypatch.setattr(registry, "ANALYSES", [*registry.ANALYSES, record])


def test_a_new_analysis_is_everywhere_by_its_record_alone(fresh, one_more):
    """In Python, in the command, in the menu and in a pack."""
    found = bs.open("demo").planted_analysis(factor=3.0)
    assert found["planted"].values[1] == 3
    given = ["measure", "demo", "planted analysis", "--set", "factor=3"]
    assert commands.main([*given, "--out", str(fresh)]) == 0
    table = pd.read_csv(fresh / "planted-analysis-demo.csv")
    assert table["planted"].tolist() == found["planted"].values.tolist()
    at = visit("app.py", study="demo", analysis="planted analysis")
    assert "Planted analysis" in at.selectbox(key="analysis").options
    shown = figures(at)["Planted analysis"]
    assert "A planted analysis: a number of every language" in shown["caption"]
    keep = next(each for each in at.button if each.key.startswith("add-analysis"))
    alive(keep.click().run())
    (item,) = basket.items()
    files = pack.texts(item.recipe)
    assert "Planted sentences are true." in files["methods.txt"]
    assert "\\citep{wilson1927probable}" in files["methods.txt"]
    assert files["works.bib"].startswith("@article{wilson1927probable,")
    assert "+-" in files["table.tex"], "the interval of its estimate"


@pytest.mark.parametrize(
    ("study", "name"),
    [
        ("demo", "triangle"),
        ("demo", "similarity by layer"),
        ("demo", "coverage"),
        ("llama2-chat-7b", "transfer"),
        ("words-aya101", "alignment of all settings"),
    ],
)
def test_the_overview_draws_or_lists_what_an_analysis_finds(fresh, study, name):
    at = visit("app.py", study=study, analysis=name)
    assert not at.error
    assert figures(at).get(name.capitalize()) or len(at.dataframe)
