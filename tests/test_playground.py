"""The Playground without a browser, on a tiny model and a planted study of its width."""

import json
import re
import threading

import numpy as np
import pytest

from analysis.core.specs import ModelSpec
from analysis.steering.presets import presets
from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource
from analysis.study import library, notes
from analysis.worker import answers
from analysis.worker.answers import Ask, Request, reply
from analysis.worker.service import QUEUED, Job, Pool
from components.frame import cache
from components.views import answer_table, comparing, dose
from components.views.keeping import code
from tests.planted import planted_study
from tests.stored import stored
from tests.tiny import HIDDEN, LAYERS
from tests.visits import after_jobs, alive, asked, button, figures, visit, words

PAGE = "pages/playground.py"
CONCEPTS, SPOKEN = ("fairness", "truth", "care"), ("en", "fr", "zh")
LLAMA = {"spec": {"model": {"model": "llama", "device": "cpu"}}}


@pytest.fixture(autouse=True)
def studies(fresh, tiny_models):
    """A home with two studies: one of the tiny model's width and one of another."""
    stored(
        "tiny",
        planted_study(CONCEPTS, SPOKEN, (LAYERS, 24, HIDDEN)),
        title="Tiny",
        **LLAMA,
    )
    stored(
        "wide",
        planted_study(CONCEPTS, SPOKEN, (LAYERS, 24, 2 * HIDDEN)),
        title="Wide",
        **LLAMA,
    )


def play(study: str = "tiny", tab: str = "dose", **values: object):
    """The page with these settings in its link, and one of its tabs open."""
    return visit(
        PAGE,
        study=study,
        tab=tab,
        play=json.dumps(
            {"template": "none", "tokens": 6, **values}, ensure_ascii=False
        ),
    )


def pressed(at, label: str = "Run"):
    """The page after a button's job has ended."""
    button(at, label).click().run()
    return after_jobs(at)


def said(at) -> dict[str, tuple[int, ...]]:
    """Label → tokens of the answer, of the last run."""
    return {
        one.ask.label: one.answer.ids for one in at.session_state["play-got-answers"][2]
    }


def test_a_study_without_vectors_says_so():
    assert "when it is steered" in words(visit(PAGE, study="llama2-chat-7b"))


def test_answers_stand_side_by_side_and_strength_zero_is_the_baseline():
    at = pressed(play(prompt="the judge", strength=40.0, twin=True, strip=True))
    answers = said(at)
    assert list(answers)[:4] == ["Baseline", "Strength 0", "Steered", "Random twin"]
    assert len(answers) == 9
    assert (
        answers["Baseline"]
        == answers["Strength 0"]
        != answers["Steered"]
        != answers["Random twin"]
    )
    assert "Strength 0 equals the baseline" in words(at)
    assert not at.error


def test_the_formatted_prompt_is_seen_before_a_run_without_loading_the_model():
    at = pressed(play(prompt="the judge", template="papers' LLaMA2"), "Show it")
    assert [code.value for code in at.code] == ["<s>[INST] the judge [/INST] "]
    assert not [spec for spec in cache.service().pool.loaded if spec.model == "llama"]
    at.text_area(key="play-prompt").set_value("the cook").run()
    assert not at.code and button(at, "Show it")
    codes = [code.value for code in pressed(at).code]
    assert "<s>[INST] the cook [/INST] " in codes
    assert any(
        "no chat template" in error.value
        for error in pressed(play(template="chat"), "Show it").error
    )


def test_moving_a_widget_starts_nothing():
    at = play()
    at.number_input(key="play-strength").set_value(3.0).run()
    at.selectbox(key="play-operator").select("angular").run()
    assert {job.title for job in cache.service().jobs.values()} == {"Getting ready"}
    assert json.loads(asked(at)["play"][0])["operator"] == "angular"


def test_the_link_restores_everything_it_says():
    wanted = {
        "prompt": "நீதிபதி",
        "language": "zh",
        "kind": "mapped",
        "concept": "care",
        "vector": "fr",
        "target": "zh",
        "way": "set",
        "set": [1, 3],
        "strength": -2.5,
        "operator": "piece-wise",
        "positions": "generated",
        "temperature": 0.5,
        "seed": 7,
        "twin": True,
        "gated": True,
        "threshold": 0.25,
        "side": "below",
        "second": True,
        "second-layer": 2,
        "second-strength": 0.5,
    }
    at = play(**wanted)
    assert not at.warning
    kept = json.loads(asked(at)["play"][0])
    assert {key: kept.get(key) for key in wanted} == wanted
    again = pressed(at)
    request = again.session_state["play-got-answers"][1]
    first, second = next(
        one for one in request.asks if one.label == "Steered"
    ).steering.terms
    assert first.source == VectorSource("mapped", "tiny", "care", "fr", target="zh")
    assert (first.layers, first.strengths) == ((1, 3), (-2.5,))
    assert (first.condition.threshold, first.condition.above, second.layers) == (
        0.25,
        False,
        (2,),
    )


@pytest.mark.parametrize(
    ("link", "words_said"),
    [
        ("{", "damaged"),
        ("[1]", "damaged"),
        ('{"operator":"shove"}', "operator"),
        ('{"range":[1,99]}', "range"),
        ('{"who":1}', "who"),
        ('{"strength":"much"}', "strength"),
        (f'{{"strength":1{"0" * 400}}}', "strength"),
        ('{"strength":1e999}', "strength"),
    ],
)
def test_what_a_link_cannot_restore_is_said(link, words_said):
    at = visit(PAGE, study="tiny", play=link)
    assert any(words_said in warning.value for warning in at.warning)


def test_english_and_local_vectors_steer_where_questions_were_asked():
    at = pressed(
        play("demo", kind="steering vector", asked="local", vector="fr", strength=2.0)
    )
    (term,) = next(
        one
        for one in at.session_state["play-got-answers"][1].asks
        if one.label == "Steered"
    ).steering.terms
    assert (
        term.source == VectorSource("steering vector", "demo", "local", "fr")
        and not at.error
    )
    assert "ask its model questions" in words(play(kind="steering vector"))


@pytest.mark.parametrize("way", ["range", "set", "depth", "best", "profile"])
def test_layers_can_be_chosen_in_every_way(way):
    at = pressed(play(way=way, prompt="the judge", strength=30.0))
    assert said(at)["Steered"] != said(at)["Baseline"]


@pytest.mark.parametrize("ends", [None, 20_000.0])
def test_a_strength_beyond_the_slider_stays_valid(ends, monkeypatch):
    if ends:
        monkeypatch.setattr(
            "components.forms.steering_term.slider_reach", lambda *known: ends
        )
    at = play(prompt="the judge", strength=5000.0)
    slider = at.slider(key="play-slide")
    assert at.number_input(key="play-strength").value == 5000 and not at.warning
    assert slider.value == min(5000, slider.max)
    at.slider(key="play-range").set_value((1, LAYERS)).run()
    assert at.number_input(key="play-strength").value == 5000, (
        "another range of the slider leaves the strength alone"
    )
    alive(at.number_input(key="play-strength").set_value(-70_000.0).run())
    assert json.loads(asked(at)["play"][0])["strength"] == -70_000
    slider = at.slider(key="play-slide")
    alive(slider.set_value(slider.max).run())
    assert at.number_input(key="play-strength").value == slider.max


def test_no_layer_is_said_and_nothing_can_be_run():
    at = play(way="set", set=[])
    assert "at least one layer" in words(at)
    assert button(at, "Run").disabled


@pytest.mark.parametrize(
    ("study", "values", "sentence"),
    [
        ("wide", {"prompt": "the judge"}, f"{2 * HIDDEN} numbers.*have {HIDDEN}"),
        ("tiny", {"prompt": " "}, "prompt is empty"),
        ("tiny", {"prompt": "a" * 300}, "window is 128"),
        ("tiny", {"prompt": "the judge", "template": "chat"}, "no chat template"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(study, values, sentence):
    at = pressed(play(study, **values))
    assert any(re.search(sentence, error.value.replace("\\", "")) for error in at.error)


def test_ten_thousand_tokens_are_refused_at_once():
    at = play()
    at.number_input(key="play-tokens").set_value(10_000).run()
    assert any(
        "10,000 new tokens" in error.value.replace("\\", "") for error in at.error
    )
    assert button(at, "Run").disabled


def test_a_strength_beyond_numbers_is_said_beside_the_answer():
    at = pressed(play(prompt="the judge", strength=1000.0))
    assert not at.error
    term = SteeringTerm(
        VectorSource("concept vector", "tiny", "fairness", "en"), (2,), (1e30,)
    )
    request = Request(
        ModelSpec("llama", device="cpu"),
        "none",
        (Ask("x", "the judge", "en", SteeringSpec((term,))),),
    )
    assert reply(request)[0].answer.ended == "not finite"


def test_every_language_answers_the_presets_question():
    at = pressed(
        play(
            grid=True,
            preset="open question",
            prompt=presets("llama")["open question"].texts["en"],
        )
    )
    assert {
        f"{kind} · {code}" for kind in ("Baseline", "Steered") for code in ("fr", "zh")
    } <= set(said(at))


def test_dose_and_response_are_drawn_with_their_words():
    at = pressed(play(prompt="the judge"), "Measure the curve")
    assert {"Effect", "Cost"} <= set(figures(at))
    cost = figures(at)["Cost"]
    assert "n = 3" in cost["caption"]
    (response,) = at.session_state["play-got-dose"].answer
    assert response.kl[len(response.kl) // 2] == 0
    assert np.isnan(response.log_odds).all()


def test_nothing_can_be_asked_while_another_pages_job_runs_which_is_no_fault(
    monkeypatch,
):
    at = play(prompt="the judge")
    assert not button(at, "Measure the curve").disabled
    job = Job(1, "owner", "Extraction", lambda job, pool: None)
    monkeypatch.setitem(cache.service().jobs, job.number, job)
    monkeypatch.setattr("components.frame.jobs.mine", lambda: job)
    at.session_state["job-pages"] = {job.number: "pages/extract.py"}
    at = alive(at.run())
    assert button(at, "Measure the curve").disabled


def test_a_new_click_on_the_curve_reads_that_text_and_the_slider_goes_on_from_there():
    at = pressed(play(prompt="the judge"), "Measure the curve")
    (response,) = at.session_state["play-got-dose"].answer
    strengths = [f"{s:.3g}" for s in response.dose.doses]
    assert (
        list(at.select_slider(key="dose-at").options) == strengths
        and at.select_slider(key="dose-at").value == "0"
    )
    clicks = {"effect": (strengths[3],)}

    def run(**now: tuple[str, ...]) -> str:
        with pytest.MonkeyPatch.context() as patch:
            show = dose.panel.show
            patch.setattr(
                dose.panel,
                "show",
                lambda figure, click=False: (
                    show(figure) or now.get(figure.title.lower())
                ),
            )
            return alive(at.run()).select_slider(key="dose-at").value

    assert run(**clicks) == strengths[3]
    at.select_slider(key="dose-at").set_value(strengths[5])
    assert run(**clicks) == strengths[5], "the old click does not hold the slider"
    assert run(**clicks, cost=(strengths[-1],)) == strengths[-1]


def test_answers_are_saved_and_found_again():
    at = pressed(play(tab="saved", prompt="the judge"))
    alive(button(at, "Save answers to the study").click().run())
    kept = notes.read_notes(library.open_by_name("tiny"), "answers")
    assert [note["label"] for note in kept] == ["Baseline", "Steered"]
    at = alive(at.run())
    assert at.dataframe[-1].value["steering"].str.contains(
        "concept vector fairness en, layer"
    ).tolist() == [False, True]
    at.text_input(key="search").set_value("STEERED").run()
    assert len(at.dataframe[-1].value) == 1


def test_a_comparison_in_english_offers_an_example_in_another_language():
    at = play(tab="compare")
    assert at.session_state["play-language"] == "en"
    offered = next(each for each in at.button if each.key == "compare-elsewhere")
    assert offered.label.startswith("Ask an example in ")
    alive(offered.click().run())
    assert at.session_state["play-language"] != "en"
    assert at.session_state["play-prompt"]
    assert any(each.label == "Compare" for each in at.button)


def test_a_blind_vote_is_kept_with_its_origin():
    at = pressed(play(tab="compare", prompt="le juge", language="fr"), "Compare")
    shown = "\n".join(markdown.value for markdown in at.markdown)
    assert "**A**" in shown and "**A · " not in shown
    replies = at.session_state["play-got-compare"][2]
    vote = next(
        control
        for control in at.get("button_group")
        if str(control.key or "").startswith("vote-")
    )
    vote.set_value("B").run()
    alive(button(at, "Cast the vote").click().run())
    (kept,) = notes.read_notes(library.open_by_name("tiny"), "votes")
    assert (kept["chosen"], kept["blind"]) == (replies[1].ask.label, True)
    assert f"{replies[1].ask.label} 1" in words(
        at
    ) and "fairness in fr: n = 1" in words(at)
    assert (
        kept["concept"] == "fairness"
        and set(kept["steering"]) == {"English", "local", "mapped"}
        and kept["model"] == "llama"
    )
    assert "fairness in zh: n = 0. 1 blind votes" in words(
        play(tab="compare", prompt="le juge", language="zh")
    )


def test_a_blind_comparison_shows_nothing_while_it_runs(in_this_process, monkeypatch):
    replies = pressed(
        play(tab="compare", prompt="le juge", language="fr"), "Compare"
    ).session_state["play-got-compare"][2]

    def work(job: Job, pool: Pool) -> None:
        job.partial = replies
        while True:
            job.check()

    monkeypatch.setattr(comparing.answers, "answer_request", lambda request: work)
    at = play(tab="compare", prompt="le juge", language="fr")
    button(at, "Compare").click().run()
    at.run()
    assert button(at, "Stop") and not {"**English**", "**local**"} & {
        markdown.value for markdown in at.markdown
    }


def test_answers_that_have_not_begun_are_looked_at_and_say_what_they_wait_for(
    in_this_process, monkeypatch
):
    """A look keeps them, however long a worker takes to begin."""
    let_go = threading.Event()
    monkeypatch.setattr(answers, "warm_up", lambda job, pool: let_go.wait(60))
    at = play(prompt="the judge")
    button(at, "Run").click().run()
    job = list(cache.service().jobs.values())[-1]
    assert job.title == "Answers" and job.state == QUEUED
    job.seen = 0.0
    alive(at.run())
    assert job.seen > 0
    (bar,) = at.get("progress")
    assert bar.proto.text == "Waiting until the server is ready: beginning …"
    let_go.set()
    assert "Steered" in said(after_jobs(at))


def test_a_vector_that_is_not_to_be_had_does_not_end_the_comparison():
    stored(
        "two",
        planted_study(CONCEPTS[:2], SPOKEN, (LAYERS, 24, HIDDEN)),
        title="Two",
        **LLAMA,
    )
    at = play("two", "compare", prompt="le juge", language="fr")
    assert (
        "mapped vector is left out: Mapping needs at least two other concepts"
        in words(at)
    )
    at = pressed(at, "Compare")
    assert {one.ask.label for one in at.session_state["play-got-compare"][2]} == {
        "English",
        "local",
    } and not at.error


@pytest.mark.parametrize(
    ("tab", "label", "again"),
    [
        ("dose", "Measure the curve", "measure again"),
        ("compare", "Compare", "compare again"),
    ],
)
def test_results_of_earlier_settings_say_so(tab, label, again):
    at = pressed(play(tab=tab, prompt="le juge", language="fr"), label)
    assert "earlier settings" not in words(at)
    at.number_input(key="play-tokens").set_value(7).run()
    assert again in words(at)
    at.number_input(key="play-tokens").set_value(6).run()
    at.number_input(key="play-strength").set_value(3.0).run()
    # A curve goes over all strengths.
    assert (again in words(at)) == (tab == "compare")
    at.text_area(key="play-prompt").set_value("la reine").run()
    assert again in words(at)


def test_the_twin_of_a_random_vector_is_another_one():
    at = pressed(play(prompt="the judge", kind="random", twin=True, strength=5.0))
    assert said(at)["Random twin"] != said(at)["Steered"]


def test_copied_code_reproduces_the_answers(capsys):
    at = pressed(play(prompt='the "judge"\n', strength=5.0, twin=True))
    copied = code(at.session_state["play-got-answers"][1])
    assert "from babelscope" in copied and "analysis" not in copied
    assert max(map(len, copied.splitlines())) <= 88
    exec(copied, {})
    printed = capsys.readouterr().out
    assert all(
        f"{one.ask.label}: {one.answer.text}" in printed
        for one in at.session_state["play-got-answers"][2]
    )


def test_strength_zero_is_the_baseline_with_two_terms_too():
    at = pressed(
        play(
            prompt="the judge",
            second=True,
            **{"second-layer": 2, "second-strength": 30.0},
        )
    )
    assert said(at)["Strength 0"] == said(at)["Baseline"] != said(at)["Steered"]


def test_an_import_without_a_file_asks_for_one():
    at = play(kind="import")
    assert any("Choose a file" in info.value for info in at.info) and not at.error


def test_of_a_model_that_was_never_here_the_studys_own_template_is_taken():
    absent = {"model": {"model": "nobody/never-here"}, "template": "none"}
    stored(
        "absent",
        planted_study(CONCEPTS, SPOKEN, (LAYERS, 24, HIDDEN)),
        spec=absent,
    )
    assert visit(PAGE, study="absent").session_state["play-template"] == "none"


def test_the_slider_reaches_two_mean_gaps_and_beyond_what_was_typed(monkeypatch):
    near = "components.forms.steering_term.slider_reach"
    monkeypatch.setattr(near, lambda *known: 0.25)
    at = play(prompt="the judge", strength=0.2)
    slider = at.slider(key="play-slide")
    assert (slider.min, slider.max) == (-2.0, 2.0)
    at.number_input(key="play-strength").set_value(-7.0).run()
    assert at.slider(key="play-slide").max > 7.0
    assert "away from the positive texts of fairness" in words(at)


def test_strengths_and_languages_are_one_table_of_which_a_cell_is_read_whole():
    text = presets("llama")["open question"].texts["en"]
    at = pressed(play(grid=True, strip=True, prompt=text, strength=40.0))
    replies = at.session_state["play-got-answers"].answer
    table = at.dataframe[0].value
    assert list(table.columns) == ["-40", "-20", "0", "20", "40", "60", "80"]
    shown = json.loads(at.dataframe[0].proto.columns)
    assert shown["-40"] == {
        "label": "−40",
        "width": answer_table.NARROW,
        "type_config": {"type": "text"},
    }
    assert len(table) == 3
    # Three languages of seven strengths, and strength 0 of the batch.
    assert len(replies) == 3 * 7 + 1
    cards = [one.value for one in at.markdown if one.value.startswith("**Strength")]
    assert not cards
    steered = {one.ask.label: one for one in replies}["Strength -20 · fr"]
    assert steered.repetition is not None and steered.language is not None


def test_more_than_two_vectors_act_together():
    rows = ['["care", "fr", 3, 20.0]', '["truth", "en", 1, -5]']
    at = pressed(play(prompt="the judge", second=True, terms=rows))
    left = at.session_state["play-got-answers"]
    terms = {one.ask.label: one for one in left.answer}["Steered"].ask.steering.terms
    told = [(t.source.concept, t.layers, t.strengths) for t in terms[2:]]
    assert told == [("care", (3,), (20.0,)), ("truth", (1,), (-5.0,))]
    assert "earlier settings" not in words(at) and not at.warning


def test_a_profile_by_a_shape_is_what_editing_by_hand_goes_on_with():
    shape = {"shape": "step", "shape-first": 2.0, "shape-second": 3.0}
    at = pressed(play(way="profile", prompt="the judge", strength=30.0, **shape))
    assert said(at)["Steered"] != said(at)["Baseline"]
    kept = json.loads(asked(at)["play"][0])
    assert kept["profile"] == [0.0, 1.0, 1.0, 0.0][:LAYERS]


def test_curves_of_several_prompts_have_a_band_and_languages_stand_side_by_side():
    text = presets("llama")["open question"].texts["en"]
    at = play(prompt=text, tokens=3)
    key = "more-prompts-tiny-An open question"
    at.text_area(key=key).set_value("the cook\nthe queen").run()
    at.multiselect(key="dose-languages-tiny-en").set_value(["en", "fr"]).run()
    at = pressed(at, "Measure the curve")
    english, french = at.session_state["play-got-dose"].answer
    assert english.repetition_each.shape == (17, 3) and french.prompts == ()
    shown = figures(at)
    assert {"Effect · en", "Cost · en", "Effect · fr", "Cost · fr"} <= set(shown)
    assert "and 2 more" in shown["Cost · en"]["caption"]
