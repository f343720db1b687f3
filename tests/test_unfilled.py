"""Pages that a study cannot fill: they say why, what they would show, and lead on."""

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from analysis.overview import page_needs
from analysis.study import library
from analysis.study.study import Study
from components.frame.shell import MENU
from tests.planted import planted_study
from tests.stored import stored
from tests.visits import asked, button, plain, visit, without_bodies, words

PRINTED = "bloomz-7.1b"
FILE_OF = {entry.title: entry.file for entry in MENU}
FILE_OF[page_needs.SENTENCES] = FILE_OF["Alignment"]
pytestmark = pytest.mark.usefixtures("fresh")


def unfilled(study) -> list[str]:
    """Pages that a study cannot fill."""
    return [page for page in page_needs.NEEDS if page_needs.reason(page, study)]


def link_to(page: str, name: str) -> dict[str, str]:
    """What a link to a page for a study asks for."""
    state = {"study": name}
    if page == page_needs.SENTENCES:
        state["align"] = "sentences"
    return state


def labels(at) -> list[str]:
    """Labels of the links in the page itself."""
    return [node.proto.label for node in at.main if node.type == "page_link"]


def test_every_page_of_the_menu_says_what_it_needs_or_needs_nothing():
    needing = set(page_needs.NEEDS) - {page_needs.SENTENCES}
    titles = {entry.title for entry in MENU}
    assert titles - needing == {"Overview", "Extract", "Figures", "Studies"}
    assert needing < titles


def test_a_fresh_install_has_something_to_say_on_every_page():
    first = library.open_by_name(library.opened_first())
    assert not unfilled(first)


@pytest.mark.parametrize("page", page_needs.NEEDS)
def test_a_page_without_numbers_leads_to_them(page, monkeypatch):
    study = next(found for found in every_study() if page_needs.reason(page, found))
    at = visit(FILE_OF[page], **link_to(page, study.name))
    said = words(at)
    assert page_needs.reason(page, study) in said
    assert page_needs.NEEDS[page].shows in said
    way = page_needs.way(page, study)
    assert way.words in said
    assert f"Go to {way.page}" in labels(at) or FILE_OF[way.page] == FILE_OF[page]
    (opens,) = [each for each in at.button if each.label.startswith("Open with")]
    without_bodies(monkeypatch)
    opens.click().run()
    shown = library.open_by_name(at.session_state["study"])
    assert page_needs.is_example(page, shown)
    assert asked(at).get("study", [library.opened_first()]) == [shown.name]


def every_study() -> Iterator[Study]:
    """The studies that come along."""
    for name in reversed(library.names()):
        yield library.open_by_name(name)


@pytest.mark.parametrize(
    ("model", "chosen"),
    [("demo", "demo"), ("someone/tiny", "another, by hub id")],
)
def test_the_way_to_extract_begins_with_the_model_of_the_study(model, chosen):
    spec = {"model": {"model": model}}
    stored("begun", cells=0, spec=spec)
    at = visit("pages/recognition.py", study="begun")
    query = parse_qs(link_of(at, "Go to Extract").proto.query_string)
    assert query == {"study": ["begun"], "model": [model]}
    at = visit("pages/extract.py", study="begun", model=model)
    assert asked(at) == {"study": ["begun"]}
    assert at.selectbox(key="draft-model").value == chosen
    if chosen != model:
        assert at.text_input(key="draft-hub").value == model


def link_of(at, label):
    """The link of this label in the page itself."""
    nodes = [node for node in at.main if node.type == "page_link"]
    return next(node for node in nodes if node.proto.label == label)


def test_own_studies_are_examples_before_those_of_the_demo(monkeypatch):
    stored("own", planted_study(("truth",), ("en", "fr"), (4, 24, 16)), title="Mine")
    without = {
        name: folder
        for name, folder in library.DEMO_FOLDERS.items()
        if name != library.REAL
    }
    monkeypatch.setattr(library, "DEMO_FOLDERS", without)
    at = visit("pages/playground.py", study=PRINTED)
    without_bodies(monkeypatch)
    button(at, "Open with Mine").click().run()
    assert asked(at) == {"study": ["own"]}


def test_entries_that_the_study_cannot_fill_are_grey_and_say_why():
    at = visit("pages/studies.py", study=PRINTED)
    study = library.open_by_name(PRINTED)
    links = {node.proto.label: node for node in at.sidebar if node.type == "page_link"}
    for page in set(page_needs.NEEDS) - {page_needs.SENTENCES}:
        why = page_needs.reason(page, study)
        link = links[f":gray[{page}]" if why else page]
        assert plain(link.proto.help).startswith(why)
        assert not link.proto.disabled


def test_a_menu_entry_says_why_it_has_nothing_to_show():
    study = library.open_by_name(PRINTED)
    assert page_needs.reason("Playground", study) == (
        "“BLOOMZ-7.1B” has no vectors that can steer."
    )
    assert page_needs.reason("Studies", study) == ""
