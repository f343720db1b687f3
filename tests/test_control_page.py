"""The Control page without a browser: printed rates, a plan, a run's results, judging
anew, and what is damaged or missing.
"""

import json
import re
import shutil
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.concepts.corpora import REQUESTS, demo_corpus
from analysis.control import standing, store
from analysis.control.plan import compute
from analysis.control.prompts import DECLINED, OWN_FACTS
from analysis.control.specs import JudgingSpec
from analysis.study import library
from analysis.study.claims import Claim
from analysis.study.standing import Standing
from analysis.worker.service import DONE, Job
from components.figures import control as control_figures
from components.figures.control import cells
from components.figures.text import DEMO_NOTE
from components.forms import control_run
from components.frame import cache
from components.paperpack import basket, manuscript
from components.views import control
from tests.planted import planted_study
from tests.speaking import REFUSAL, FakeSpeaker, begun, finished
from tests.stored import stored
from tests.visits import (
    alive,
    asked,
    button,
    figures,
    heat_map,
    plain,
    ticks,
    visit,
    words,
)

PAGE = "pages/control.py"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A home with a study, its finished run and an unfinished study, made once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("control")
        patch.setenv("BABELSCOPE_HOME", str(folder))
        stored("complete")
        stored("begun", cells=0)
        finished(library.open_by_name("complete"))
        yield folder


@pytest.fixture(autouse=True)
def shelved(fresh, shelf, monkeypatch):
    """The home with those runs."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(shelf))


def run_name():
    return store.names("complete")[0]


@pytest.mark.parametrize(
    "name", ["llama2-chat-7b", "llama2-chat-13b", "llama2-chat-70b"]
)
def test_printed_rates_are_shown_with_their_intervals(name):
    at = visit(PAGE, study=name)
    (figure,) = figures(at).values()
    assert (
        "n = 103 a language" in figure["caption"]
        and "Table 2" in figure["caption"]
        and not at.error
    )
    line, own, english = figure["data"]
    assert (
        own["name"] == "own vector"
        and len(own["text"]) == 12
        and english["error_x"]["array"]
    )
    assert own["x"] != english["x"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("bloomz-7.1b", "and no printed rates"), ("begun", "has no concept vectors")],
)
def test_a_study_without_control_says_so(name, why):
    at = visit(PAGE, study=name)
    assert not figures(at) and why in words(at) and not at.error


def test_a_new_run_is_planned_and_its_size_told():
    at = visit(PAGE, study="demo")
    assert (
        "6 languages" in words(at)
        and "4,984 answers" in words(at)
        and DEMO_NOTE not in words(at)
    )
    at.multiselect(
        key=next(box.key for box in at.multiselect if box.label == "Languages")
    ).set_value(["en", "fi"])
    alive(
        at.selectbox(key="run-search")
        .select("strengths 1 to 10 × top K by recognition (paper)")
        .run()
    )
    assert "too few layers for more different sets" in words(
        at
    ) and "2 languages" in words(at)
    alive(at.selectbox(key="run-prompts").select("demo statements and verdicts").run())
    assert (
        next(box.value for box in at.selectbox if box.label == "Prompt template")
        == "none"
    )
    alive(at.radio(key="run-on").set_value("the reported prompts (paper)").run())
    assert not at.error


def test_a_run_towards_a_language_is_planned_with_questions_that_have_answers():
    at = visit(PAGE, study="gemma-3-270m", tab="plan")
    box = at.selectbox(key="run-concept-gemma-3-270m")
    (spanish,) = [
        each for each in box.options if each in ("towards es", "towards Spanish")
    ]
    alive(box.select(spanish).run())
    assert at.selectbox(key="run-prompts-towards").value == OWN_FACTS
    (languages,) = [each for each in at.multiselect if each.label == "Languages"]
    assert languages.value and spanish.removeprefix("towards ") not in languages.options
    assert "reported and" in words(at) and not at.error
    told = {"effect": 0.5, "low": 0.25, "high": 0.75, "n": 8}
    said = control.effect_words({**told, "changed": 1.0, "kept": 1 / 3})
    assert said.endswith("language changed 1.00, content kept 0.33")
    assert control.effect_words(told) == "0.50 (0.25 to 0.75)"


def test_the_demos_requests_are_steered_with_vectors_that_were_read_in_requests(
    monkeypatch,
):
    planted = planted_study(("harmfulness", "truth"), ("en", "fr"), (6, 24, 16))
    spec = {
        **library.open_by_name("demo").manifest.spec,
        "corpus": REQUESTS,
        "corpus_digest": demo_corpus(REQUESTS).digest,
    }
    folder = stored("requests", planted, spec=spec)
    said = "read in statements"
    monkeypatch.setitem(
        library.DEMO_FOLDERS, library.REQUESTS, folder.with_name("absent")
    )
    assert said not in words(visit(PAGE, study="demo")), "nothing to point to"
    monkeypatch.setitem(library.DEMO_FOLDERS, library.REQUESTS, folder)
    at = visit(PAGE, study="demo")
    assert said in words(at) and "study=demo-requests" in next(
        link.proto.query_string for link in at.main if link.type == "page_link"
    )
    alive(at.selectbox(key="run-prompts").select("held-out negative members").run())
    assert said not in words(at)
    at = visit(PAGE, study=library.REQUESTS)
    assert (
        at.selectbox(key="run-prompts").value == DECLINED
        and said not in words(at)
        and not at.error
    )
    shutil.rmtree(folder)


def test_a_run_of_a_model_that_is_not_here_cannot_begin_and_says_how_it_could():
    at = visit(PAGE, study="gemma-3-270m", tab="plan")
    assert button(at, "Start").disabled and button(at, "Time one cell").disabled
    assert "babelscope model fetch gemma-3-270m" in [code.value for code in at.code]
    at = visit(PAGE, study="demo")
    assert not button(at, "Start").disabled


def test_what_was_tried_on_the_model_comes_before_the_form_of_a_first_run():
    at = visit(PAGE, study="gemma-3-270m")
    labels = [tab.label for tab in at.tabs]
    assert labels.index("Is this vector any good?") == 0
    assert labels.index("Plan a run") < labels.index("Not recognised, or not acted on?")
    assert "The vector of toxicity" in words(at) and not at.info
    at = visit(PAGE, study="demo")
    assert [tab.label for tab in at.tabs][0] == "Plan a run"


def test_a_plan_that_does_not_fit_is_a_sentence():
    at = visit(PAGE, study="demo")
    field = next(
        box for box in at.number_input if box.label == "Search prompts a language"
    )
    alive(field.set_value(16).run())
    alive(button(at, "Start").click().run())
    assert any(
        "too few prompts" in plain(error.value) for error in at.error
    ) and not store.names("demo")


def test_a_run_begins_and_goes_on_where_it_is_told_to(shelf, monkeypatch):
    asked_of = []

    def elsewhere(where, name):
        asked_of.append((where, name))
        return lambda job, pool: store.open_run(name)

    monkeypatch.setattr(control_run, "control_on_cluster", elsewhere)
    named = shelf / "clusters.toml"
    named.write_text('[gpus]\nkind = "local"\n')
    at = visit(PAGE, study="demo")
    alive(at.selectbox(key="where-run").select("gpus").run())
    alive(button(at, "Start").click().run())
    (name,) = store.names("demo")
    at = visit(PAGE, study="demo", run=name)
    alive(at.selectbox(key=f"where-go-on-{name}").select("gpus").run())
    alive(button(at, "Go on").click().run())
    assert asked_of == [("gpus", name)] * 2
    named.unlink()
    store.delete(name)


def test_who_computes_a_run_is_said(monkeypatch):
    name = begun(library.open_by_name("complete"), seed=3)
    running = Claim("search-0003", 0, host="node7", since=time.time() - 600)
    found = Standing(9, 30, (running,), (), None)
    monkeypatch.setattr(standing, "standing", lambda run: found)
    said = plain(words(visit(PAGE, study="complete", run=name)))
    assert "search-0003 is being computed on node7, for 10 min so far." in said
    store.delete(name)


def test_start_begins_a_run_and_queues_it(monkeypatch):
    queued = []

    def queue(owner: str, title: str, work) -> Job:
        queued.append(title)
        return Job(1, owner, title, work)

    monkeypatch.setattr(cache.service(), "submit", queue)
    at = visit(PAGE, study="demo")
    alive(button(at, "Start").click().run())
    (name,) = store.names("demo")
    assert (
        queued == ["harmfulness on demo requests that are declined"]
        and at.selectbox(key="run").value == name
    )
    assert store.open_run(
        name
    ).spec.search_prompts == 8 and "66 cells are missing" in words(at)
    store.delete(name)


def test_results_of_a_run():
    at = visit(PAGE, study="complete")
    shown = figures(at)
    assert list(shown)[0].startswith("Own vector against") and len(shown) == 1, (
        "what was found comes first, the rest in tabs"
    )
    assert "The en vector falls behind the own vector in" in words(at)
    table = next(frame.value for frame in at.dataframe if "own vector" in frame.value)
    fr = table[table["language"] == "fr"].iloc[0]
    assert (
        fr["own vector"].startswith("1.00 (0.6")
        and fr["en vector"].startswith("0.00 (0.00")
        and fr["none"].startswith("0.00")
    )
    assert (
        fr["own vector: strength, layers"] == "2 × 1–2"
        and fr[control.PUBLISHED_COLUMN] == "0.02 / 0.99 / 0.94"
    )
    assert control.PUBLISHED_COLUMN.endswith("no vector / own / English")
    at = visit(PAGE, study="complete", tab="search")
    shown = figures(at)
    cost = next(each for title, each in shown.items() if title.startswith("Cost"))
    effect = shown["Effect: following rate"]
    assert [shape["type"] for shape in effect["layout"]["shapes"]] == [
        "rect"
    ] and "Framed" in effect["caption"]
    assert ("0.5", "1", "2", "4") in ticks(effect) and "1–2" in ticks(effect)[
        0
    ] + ticks(effect)[1]
    assert "Computed by Babelscope" in effect["caption"] and not at.error
    assert effect["data"][0]["colorscale"] != cost["data"][0]["colorscale"]
    (dose,) = [each for title, each in shown.items() if "as the push grows" in title]
    assert dose["layout"]["xaxis"]["type"] == "log"
    assert dose["layout"]["xaxis"]["ticktext"][0] == "0"


def test_nothing_on_the_page_is_called_nan():
    for tab in ("report", "search", "texts", "new", "run"):
        at = visit(PAGE, study="complete", tab=tab)
        captions = [each["caption"] for each in figures(at).values()]
        said = " ".join([words(at), *captions])
        assert not re.search(r"\bnan\b", said, re.IGNORECASE), tab


def test_a_search_that_says_nothing_yet_is_told_without_nan():
    run = store.open_run(run_name())
    found = cache.judged(run, JudgingSpec(objective="target-continuation rate"))
    search = control_figures.Search(run, found.surfaces.sel(language="en"), None)
    made = [
        control_figures.effect(
            search, JudgingSpec(objective="target-continuation rate")
        )
    ]
    made += [control_figures.cost(search, name) for name in control_figures.COSTS]
    for figure in made:
        assert not re.search(r"\bnan\b", figure.caption), figure.title
    assert "unknown" in made[0].caption
    gaps = pd.DataFrame({"language": ["en"], "gap": [np.nan], "low": [np.nan]})
    gaps["high"] = np.nan
    said = control_figures.answer(run, gaps, JudgingSpec(), "en")
    assert said.startswith("No other language has been asked")


def test_how_long_the_rest_takes_is_told_after_one_cell():
    run = store.open_run(run_name())
    few = dict(list(run.manifest.files.items())[:4])
    begun_run = replace(run, manifest=replace(run.manifest, files=few))

    job = Job(1, "me", "run", print, state=DONE, started=10.0, ended=14.0)

    def page(asked_for, job):
        import streamlit as st

        from components.forms.control_run import TIMED
        from components.views import filling

        st.session_state[TIMED] = asked_for.name
        filling.tell_time(job, asked_for)

    at = AppTest.from_function(page, args=(begun_run, job), default_timeout=60).run()
    assert not at.exception
    (told,) = at.info
    assert "took 4 s" in told.value and "take about" in told.value


def test_a_link_restores_the_view():
    link = {
        "study": "complete",
        "searched": "fr",
        "cost": "kl",
        "choice": "best effect",
        "printed": "llama2-chat-70b",
        "tab": "search",
    }
    link["run"] = run_name()
    at = visit(PAGE, **link)
    assert asked(at) == {key: [value] for key, value in link.items()}, (
        "the newest run too, which may not be that tomorrow"
    )
    assert "Cost: change of the next token" in figures(at) and not at.warning
    values = heat_map(figures(at)["Effect: following rate"])["text"]
    assert "1.00" in values[2] and "1.00" not in values[1], "French needs strength 2"
    gone = visit(PAGE, study="complete", run="another-run", objective="beauty")
    assert len(gone.warning) == 2 and len(figures(gone)) == 1


def test_another_objective_that_nothing_measures_shows_no_choice():
    at = visit(
        PAGE, study="complete", objective="target-continuation rate", tab="search"
    )
    captions = [figure["caption"] for figure in figures(at).values()]
    assert "Nothing is chosen yet" in " ".join(captions) and not at.error


def test_an_edited_list_judges_the_kept_texts_anew():
    at = visit(PAGE, study="complete", tab="search")
    alive(at.selectbox(key=f"judge-list-{run_name()}").select("edited").run())
    box = at.text_area(key=f"judge-lines-{run_name()}")
    assert "fi: En voi" in box.value
    alive(box.set_value("en: Nope").run())
    assert "reports are missing" in words(at)
    assert heat_map(figures(at)["Effect: following rate"])["text"][0][0] == "1.00", (
        "what declined follows now"
    )
    alive(at.text_area(key=f"judge-lines-{run_name()}").set_value("Nope\nxx: No").run())
    assert "has 2 faults" in plain(at.error[0].value)


def test_the_judge_command_is_offered_only_where_it_is_allowed(monkeypatch):
    key = f"judge-command-{run_name()}"
    assert visit(PAGE, study="complete").text_input(key=key).disabled
    monkeypatch.setenv("BABELSCOPE_JUDGE_COMMAND", "1")
    at = visit(PAGE, study="complete")
    assert not at.text_input(key=key).disabled
    alive(at.text_input(key=key).set_value("judge --well").run())
    assert "answers wait for the judge command" in words(at)


def test_texts_can_be_read_and_filtered():
    at = visit(PAGE, study="complete", tab="texts")
    texts = at.dataframe[-1].value
    assert {"prompt", "answer", "verdict", "strength"} <= set(
        texts.columns
    ) and REFUSAL["en"] in set(texts["answer"])
    alive(
        at.text_input(key=f"texts-words-{run_name()}")
        .set_value(texts["prompt"].iloc[0])
        .run()
    )
    found = at.dataframe[-1].value
    assert 0 < len(found) < len(texts) and set(found["prompt"]) == {
        texts["prompt"].iloc[0]
    }
    alive(
        at.text_input(key=f"texts-words-{run_name()}")
        .set_value("nobody says this")
        .run()
    )
    assert "0 of" in words(at) and at.dataframe[-1].value.empty


def test_a_damaged_run_is_a_sentence_and_a_run_can_be_deleted():
    study = library.open_by_name("complete")
    other = finished(study, search_prompts=2, reported_prompts=2, layer_sets=1)
    path = other.folder / next(iter(other.manifest.files))
    path.write_text("{}")
    at = visit(PAGE, study="complete", run=other.name)
    assert "is damaged" in plain(at.error[0].value) and not figures(at)
    path.unlink()
    store.delete(other.name)
    another = finished(study, search_prompts=2, reported_prompts=2, layer_sets=1)
    at = visit(PAGE, study="complete", run=another.name, tab="run")
    alive(button(at, "Delete for good").click().run())
    assert another.name not in store.names("complete") and run_name() in store.names(
        "complete"
    )


def test_hostile_titles_and_texts_stay_text():
    study = library.open_by_name("complete")
    run = finished(
        study, JudgingSpec(), search_prompts=1, reported_prompts=1, layer_sets=1
    )
    manifest = json.loads((run.folder / "manifest.json").read_text())
    manifest["title"] = "![x](http://evil.example/x.png) **b**"
    (run.folder / "manifest.json").write_text(json.dumps(manifest))
    at = visit(PAGE, study="complete", run=run.name)
    assert any("\\!\\[x\\]" in header.value for header in at.subheader)
    store.delete(run.name)


def test_a_filling_run_shows_which_cells_are_kept_and_what_is_to_go():
    study = library.open_by_name("complete")
    run = compute(begun(study, seed=5), FakeSpeaker(), most=2)
    names = run.spec.languages
    figure = cells(run, names)
    assert figure.data.values.sum() == 2 and figure.data.values[0, 1:3].tolist() == [
        1,
        1,
    ]
    assert figure.caption.startswith(
        "2 of 20 cells, 40 of 311 answers. About"
    ) and figure.data.columns[-2:] == ("own", "shared")
    assert cells(store.open_run(run_name()), names).data.values.min() >= 0
    store.delete(run.name)


def test_a_kept_figure_takes_the_run_along():
    at = visit(PAGE, study="complete")
    key = next(found.key for found in at.button if found.label == "Add to figures")
    alive(at.button(key=key).click().run())
    made = basket.items()[-1].recipe
    used = store.open_run(run_name()).spec
    text = manuscript.methods(made)
    for said in (used.concept, used.prompts_digest, f"seed {used.seed}", used.operator):
        assert said in text, said
