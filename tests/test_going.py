"""Ways inside Babelscope: every link asks for what it says, and leaves the rest alone."""

import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from components.frame import links
from components.frame.shell import MENU
from tests.planted import planted_study
from tests.stored import stored
from tests.visits import APP, PAGES, alive, asked, visit, without_bodies, words

SIMILAR, PLAY = "pages/similarity.py", "pages/playground.py"
CONCEPTS, SPOKEN = ("fairness", "truth"), ("en", "fr", "zh")
DRAFT = {"prompt": "Say it kindly.", "strength": -0.5, "range": [2, 3]}
ONLY_THERE = ("links.py", "going.py")


@pytest.fixture
def studies(fresh):
    """Two small studies whose vectors can push."""
    for name in ("one", "two"):
        made = planted_study(CONCEPTS, SPOKEN, (4, 24, 16))
        stored(name, made, title=f"Study {name}")


def go(at: AppTest, page: str, **query: str) -> AppTest:
    """What a browser does when a link to a page is clicked."""
    at.switch_page(page)
    at.query_params.clear()
    for key, value in query.items():
        at.query_params[key] = value
    return alive(at.run())


def ways(at: AppTest) -> dict[str, dict[str, list[str]]]:
    """The links of a page: label → what each asks for."""
    found = {}
    for part in (at.sidebar, at.main):
        for node in part:
            if node.type == "page_link":
                label = node.proto.label.removeprefix(":gray[").removesuffix("]")
                found[label] = parse_qs(node.proto.query_string)
    return found


def follow(at: AppTest, page: str, label: str) -> AppTest:
    """Click a link to a page by its label."""
    query = {key: values[0] for key, values in ways(at)[label].items()}
    return go(at, page, **query)


def drafted(at: AppTest) -> dict[str, object]:
    """The Playground's draft as the address says it."""
    return json.loads(asked(at)["play"][0])


def test_only_one_place_knows_how_to_go_somewhere():
    for path in [*APP.parent.glob("components/*/*.py"), *APP.parent.glob("pages/*.py")]:
        if path.name in ONLY_THERE:
            continue
        text = path.read_text()
        for word in (".page_link(", "switch_page(", "query_params"):
            assert word not in text, f"{Path(path).name} has a {word} of its own"


def test_a_draft_outlives_a_tour_over_every_page(studies):
    at = visit(PLAY, study="one", play=json.dumps(DRAFT))
    before = asked(at)
    assert drafted(at) == DRAFT
    for page in PAGES:
        if page == PLAY:
            continue
        with pytest.MonkeyPatch.context() as patch:
            without_bodies(patch)
            go(at, page, study="one")
        follow(at, PLAY, "Playground")
        assert asked(at) == before, page
        assert at.text_area(key="play-prompt").value == DRAFT["prompt"], page


def test_a_link_from_any_page_to_any_page_says_what_is_then_shown(studies, monkeypatch):
    without_bodies(monkeypatch)
    shown = {"study": ["two"], "order": ["name"], "labels": ["own name"]}
    at = visit("app.py", study="two", order="name", labels="own name")
    titles = {entry.file: entry.title for entry in MENU}
    for page in PAGES:
        for other in PAGES:
            follow(at, page, titles[page])
            follow(at, other, titles[other])
            assert asked(at) == shown, f"from {page} to {other}"
            if other != "pages/figures.py":
                assert at.session_state["study"] == "two", f"from {page} to {other}"


def test_choices_of_a_page_wait_for_whoever_comes_back(studies):
    at = visit(SIMILAR, study="one", layer="2", concepts="truth")
    go(at, "app.py", study="one")
    assert "layer" not in asked(at)
    follow(at, SIMILAR, "Similarity")
    assert asked(at) == {"study": ["one"], "layer": ["2"], "concepts": ["truth"]}
    assert at.selectbox(key="layer").value == "2"


def test_what_a_link_says_counts_more_than_what_was_chosen(studies):
    at = visit(SIMILAR, study="one", layer="2", order="family")
    go(at, "app.py", study="one")
    go(at, SIMILAR, study="two", layer="3")
    assert at.selectbox(key="layer").value == "3"
    assert asked(at) == {"study": ["two"], "layer": ["3"], "order": ["family"]}


def test_a_page_links_to_itself_like_to_any_other(studies):
    at = visit(SIMILAR, study="one", layer="2")
    assert ways(at)["Similarity"][links.HERE] == ["1"]
    follow(at, SIMILAR, "Similarity")
    assert asked(at) == {"study": ["one"], "layer": ["2"]}
    go(at, SIMILAR, study="two", here="1")
    assert asked(at) == {"study": ["two"], "layer": ["2"]}
    assert at.session_state["study"] == "two"
    alive(at.run())
    assert at.session_state["study"] == "two", "the next touch leaves it"


def test_back_on_the_same_page_takes_a_choice_back(studies):
    at = visit(SIMILAR, study="one")
    alive(at.selectbox(key="layer").select("2").run())
    assert asked(at) == {"study": ["one"], "layer": ["2"]}
    del at.query_params["layer"]
    alive(at.run())
    assert at.selectbox(key="layer").value == "maximum over layers"


def test_links_know_a_choice_in_the_run_in_which_it_is_made(studies):
    at = visit(SIMILAR, study="one", order="name")
    alive(at.selectbox(key="order").select("family").run())
    assert ways(at)["Transfer"]["order"] == ["family"]
    alive(at.selectbox(key="order").select("share").run())
    assert "order" not in ways(at)["Transfer"]


def test_another_study_takes_its_own_choices_without_a_word_of_a_link(studies):
    other = planted_study(CONCEPTS, SPOKEN, (2, 24, 16))
    stored("three", other)
    at = visit(SIMILAR, study="one", layer="3")
    alive(at.selectbox(key="study").select("three").run())
    assert "The link asks" not in words(at)
    assert "layer" not in asked(at)


def test_a_new_session_restores_what_the_address_says_and_nothing_else(studies):
    at = visit(SIMILAR, study="one", layer="2")
    address = {key: values[0] for key, values in asked(at).items()}
    again = visit(SIMILAR, **address)
    assert asked(again) == asked(at)
    assert asked(visit(SIMILAR, study="one")) == {"study": ["one"]}
