"""The Overview: what was found first, in few words; the rest when it is asked for."""

import numpy as np
import pytest
import xarray as xr
from streamlit.testing.v1 import AppTest

from analysis.overview import findings
from analysis.overview.finding import small_picture
from analysis.study import library
from components.figures.languages import Languages
from components.figures.spec import Figure, Matrix
from components.frame import small as on_page
from components.screen import small
from components.views import overview
from tests.stored import stored
from tests.visits import alive, figures, visit, words

MOST_WORDS = 90
KINDS = ("markdown", "caption", "page_link")


def seen(block) -> list[str]:
    """What is read on a page before anything is opened, but for its band."""
    found = []
    for child in block.children.values():
        if child.type in ("popover", "expander") or "band" in key_of(child):
            continue
        if child.type == "tab":
            found.append(child.label)
        if hasattr(child, "children"):
            found += seen(child)
        elif child.type in KINDS:
            label = getattr(child.proto, "label", "")
            found.append(label or str(child.value))
    return found


def key_of(block) -> str:
    """The key of a container, where it has one."""
    return str(getattr(getattr(block, "proto", None), "id", ""))


def pictures(at) -> list:
    """The small pictures of a page."""
    charts = [node for node in at.main if node.type == "plotly_chart"]
    return [chart for chart in charts if on_page.KEY in chart.proto.id]


@pytest.mark.parametrize("study", ["llama2-chat-7b", "words-llama2-7b", "mine"])
def test_the_overview_says_its_findings_in_few_words(home, study):
    if study == "mine":
        stored("mine")
    at = visit(study=study)
    read = " ".join(seen(at.main)).split()
    assert 15 < len(read) <= MOST_WORDS, read
    assert not figures(at), "nothing is drawn but small pictures"
    assert len(pictures(at)) == (1 if study.startswith("words") else 3)
    for picture in pictures(at):
        assert picture.proto.alt


def test_numbers_and_what_is_behind_them_are_one_step_away(home):
    stored("mine")
    at = visit(study="mine")
    assert "permutation p" in words(at)
    assert "Coverage" in figures(visit(study="mine", tab="data"))
    at = visit(study="mine", tab="data")
    assert not at.code, "what may be megabytes waits until it is opened"
    at.session_state["provenance"] = True
    assert "planted/model" in at.run().code[0].value
    asked = visit(study="mine", analysis="triangle")
    assert asked.query_params["tab"] == "analyses" and len(asked.dataframe)


def test_a_slow_finding_holds_up_no_other(home, monkeypatch):
    monkeypatch.setattr(overview, "SLOW", ("similarity",))
    stored("mine")
    order = []

    def finding(study, about):
        order.append(about)
        return findings.finding_of(study, overview.controls.convention(), about)

    monkeypatch.setattr(overview, "finding", finding)
    monkeypatch.setattr(
        overview.questions, "show", lambda asked: order.append("what is behind them")
    )
    visit(study="mine")
    assert order == ["transfer", "recognition", "what is behind them", "similarity"]


def test_it_says_what_a_study_has_and_where_to_get_the_rest(home):
    at = visit(study="llama2-chat-7b")
    links = {}
    for node in at.main:
        if node.type == "page_link":
            links[node.proto.icon, node.proto.label] = node.proto
    assert (":material/check:", "Recognition") in links
    lacked = links[":material/add:", "Plane"]
    assert "has no sweep of settings" in lacked.help.replace("\\", "")


def test_a_study_that_has_everything_leads_to_every_page(home, monkeypatch):
    monkeypatch.setattr(overview.page_needs, "reason", lambda title, study: "")
    stored("mine")
    read = seen(visit(study="mine").main)
    assert set(overview.page_needs.NEEDS) <= set(read) and "Everything." not in read


def test_languages_without_a_place_in_the_triangle_are_counted(monkeypatch):
    said = []
    monkeypatch.setattr(overview.st, "caption", said.append)
    overview.left_out(Languages(("en", "fr"), ("en", "fr")), ["en", "fr"])
    assert not said
    overview.left_out(Languages(("en", "fr"), ("en", "fr")), ["en", "fr", "ru"])
    assert said == [
        "2 of 3 languages: those with a known share of text, the largest first."
    ]


def test_what_the_terms_of_a_model_ask_to_be_shown_is_in_view(home):
    stored("mine", notice="Provided under the Planted Terms of Use")
    assert "Planted Terms of Use" in " ".join(seen(visit(study="mine").main))


def drawn(plot) -> dict:
    """The first trace of a picture."""
    return plot.to_dict()["data"][0]


def layout(plot) -> dict:
    """How a picture is laid out."""
    return plot.to_dict()["layout"]


def test_few_numbers_lie_with_their_names_and_many_stand():
    few = small_picture({"a <b>": 1.0, "c": 3.0}, "cosine")
    plot = small.bars(few.values, tuple(few.label.values), "cosine")
    assert drawn(plot)["orientation"] == "h" and "<b>" not in drawn(plot)["y"][0]
    assert list(drawn(plot)["text"]) == ["1.00", "3.00"]
    below = small.bars(np.array([-1.79]), ("a",), "cosine")
    assert list(drawn(below)["text"]) == ["−1.79"]
    assert layout(below)["xaxis"]["range"][0] < -2.2, "its number has room"
    hair = small.bars(np.array([-0.003, 1.0]), ("a", "b"), "cosine")
    assert list(hair.data[0]["x"]) == [0, 1] and drawn(hair)["text"][0] == "0.00"
    assert layout(hair)["xaxis"]["range"][0] == 0
    none = small.bars(np.zeros(2), ("a", "b"), "%")
    assert list(drawn(none)["text"]) == ["0.0 %", "0.0 %"]
    assert layout(none)["xaxis"]["range"] == [0.0, 1.0], "no axis without an extent"
    many = np.arange(9.0)
    plot = small.bars(many, tuple("abcdefghi"), "%", chance=5.0)
    assert "orientation" not in drawn(plot)
    assert len(layout(plot)["shapes"]) == 1
    assert layout(plot)["height"] < 120


def test_a_small_heat_map_has_no_numbers_in_its_cells():
    values = xr.DataArray(np.eye(3))
    names = ("a", "b", "c")
    cells = Matrix(values.values, names, names, "points", (-1, 1), diverging=True)
    figure = Figure("name", "Title", "Caption.", cells, values.to_dataframe("v"))
    plot = small.heat(figure)
    assert drawn(plot)["texttemplate"] == "" and layout(plot)["xaxis"]["fixedrange"]
    lines = small.bars(np.ones(2), ("a", "b"), "%")
    assert not layout(lines)["dragmode"]


def test_cards_beyond_three_lie_below_both_columns_and_leave_no_gap():
    def script() -> None:
        from components.views import overview

        abouts = ("transfer", "recognition", "similarity", "words", "pushing")
        for about, place in overview.places(abouts).findings.items():
            place.markdown(about)

    at = alive(AppTest.from_function(script, default_timeout=30).run())
    left, right = ([each.value for each in column.markdown] for column in at.columns)
    assert left == ["transfer"] and right == ["recognition", "similarity", "words"]
    assert "pushing" in [each.value for each in at.main.markdown]
    study = library.open_by_name("gemma-3-270m")
    assert overview.in_order(study)[-1] == "pushing"
