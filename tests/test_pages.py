"""Every page without a browser: with every kind of study, restored from links, and
saying what it shows.
"""

import re
import shutil
from itertools import cycle

import pytest

from analysis.languages.languages import LABELS, LANGUAGES
from analysis.languages.shares import ORDERS, order
from analysis.study import library, store
from analysis.study.published_values import SHARES
from components.figures.text import DEMO_NOTE
from components.frame.shell import MENU
from tests.stored import CONCEPTS, HOSTILE, LAYERS, every_kind, stored
from tests.stored import LANGUAGES as CODES
from tests.visits import (
    APP,
    PAGES,
    alive,
    asked,
    everything,
    figures,
    heat_map,
    plain,
    ticks,
    visit,
    words,
)

pytestmark = pytest.mark.usefixtures("fresh")

VIEWS = ("app.py", "pages/recognition.py", "pages/similarity.py", "pages/transfer.py")
DEMO = [
    name
    for name in ("demo",)
    if (library.DEMO_FOLDERS[name] / "manifest.json").is_file()
]
PUBLISHED = ("llama2-chat-7b", "llama2-chat-13b", "qwen-chat-7b", "bloomz-7.1b")
WHOLE = {
    "app.py": 1,
    "pages/recognition.py": 2,
    "pages/similarity.py": 2,
    "pages/transfer.py": 2,
}
PRINTED = {
    "app.py": 0,
    "pages/recognition.py": 2,
    "pages/similarity.py": 2,
    "pages/transfer.py": 2,
}
"""Figures of a page for a computed and for a published study: the first, and that of the
open tab."""
TABS = {"app.py": {"tab": "data"}}
"""Page → the tab in which its figures are."""


def look(page, **query):
    """A page with the tab open in which its figures are."""
    return visit(page, **TABS.get(page, {}), **query)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A home with one study of each kind, made once: every file of a study is written
    through to the disk.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("kinds")))
        every_kind()
        yield store.root()


@pytest.fixture
def kinds(home, kept):
    """A copy of the home with one study of each kind."""
    shutil.copytree(kept, home / "studies")


@pytest.fixture
def complete(home, kept):
    """A copy of the complete one."""
    shutil.copytree(kept / "complete", home / "studies" / "complete")


def test_every_page_is_in_the_menu_and_every_entry_is_a_page():
    assert sorted(entry.file for entry in MENU) == sorted(PAGES)
    assert len({entry.title for entry in MENU}) == len(MENU)
    for entry in MENU:
        assert f'"{entry.title}"' in (APP.parent / entry.file).read_text(), (
            "a page begins under its own title"
        )


@pytest.mark.parametrize("page", PAGES)
def test_a_fresh_install_is_not_empty(page):
    at = visit(page)
    entry = next(entry for entry in MENU if entry.file == page)
    assert at.title[0].value == entry.title and entry.question in words(at)
    assert [link.proto.label for link in at.sidebar if link.type == "page_link"] == [
        entry.title for entry in MENU
    ]
    first = library.opened_first()
    opened = [box.value for box in at.selectbox if box.key == "study"]
    assert opened == ([first] if entry.study else []) and not at.error
    if first == library.PRINTED:
        assert not at.warning
        assert len(figures(at)) == PRINTED.get(page, len(figures(at)))


def test_the_real_study_is_opened_where_it_comes_along(monkeypatch):
    folder = library.DEMO_FOLDERS["demo"]
    monkeypatch.setitem(library.DEMO_FOLDERS, library.REAL, folder)
    at = visit()
    assert at.selectbox(key="study").value == library.REAL
    assert not at.error and "study" not in asked(at)


@pytest.mark.parametrize("name", [*PUBLISHED, *DEMO])
@pytest.mark.parametrize("page", VIEWS)
def test_shipped_studies(page, name):
    at = look(page, study=name)
    has_squares = name != "llama2-chat-13b" or page in VIEWS[:2]
    expected = (WHOLE if name in DEMO else PRINTED)[page] if has_squares else 0
    shown = figures(at)
    assert len(shown) == expected
    assert shown or page == "app.py" or "has no" in at.info[0].value
    note = DEMO_NOTE if name in DEMO else "Published, Xu et al. 2024"
    assert all(note in figure["caption"] for figure in shown.values())
    if page == "app.py":
        assert (
            DEMO_NOTE if name in DEMO else "Published numbers, not computed here"
        ) in words(at)
        absent = 2 if name == "llama2-chat-13b" else 0
        assert len(
            re.findall("Table 9 of the paper|Figure . of the paper", words(at))
        ) == (0 if name in DEMO else 3 - absent)


@pytest.mark.parametrize("page", VIEWS)
def test_computed_studies_of_every_kind(kinds, page):
    has = {
        "complete": VIEWS,
        "vectors": ("app.py", "pages/similarity.py"),
        "scores": VIEWS,
        "begun": ("app.py",),
    }
    for name, pages in has.items():
        at = look(page, study=name)
        shown = figures(at)
        assert len(shown) == (WHOLE[page] if page in pages else 0)
        assert page in pages or "has no" in at.info[0].value
        assert all(
            "Computed by Babelscope from planted/model." in figure["caption"]
            for figure in shown.values()
        )
        unfinished = [
            warning.value for warning in at.warning if "Unfinished" in warning.value
        ]
        assert bool(unfinished) == (page == "app.py" and name != "complete")


def test_a_study_of_ones_own_from_the_demo_model_carries_its_label(home):
    stored("mine", spec={"model": {"model": "demo"}})
    at = visit(study="mine")
    assert "Demo model: says nothing about real models" in words(at)
    assert all(
        DEMO_NOTE in figure["caption"]
        for page in VIEWS[:2]
        for figure in figures(look(page, study="mine")).values()
    )


@pytest.mark.parametrize("cells", [1, 6, 16, 20])
def test_a_run_that_was_stopped_early_shows_what_there_is(cells):
    stored("early", cells=cells)
    for page in VIEWS:
        at = look(page, study="early")
        assert not at.error and (figures(at) or "has no" in at.info[0].value)


@pytest.mark.parametrize("name", ["damaged", "headless"])
@pytest.mark.parametrize("page", [entry.file for entry in MENU if entry.study])
def test_a_damaged_study_is_a_sentence_and_the_picker_still_works(kinds, page, name):
    at = visit(page, study=name)
    assert any(
        "is damaged" in plain(error.value) and name in plain(error.value)
        for error in at.error
    )
    assert at.title and not figures(at)
    alive(at.selectbox(key="study").select("complete").run())
    assert asked(at)["study"] == ["complete"]
    assert len(figures(at)) >= (1 if page in VIEWS[1:] else 0)
    assert not at.error or page == "pages/studies.py"


LINKS = [
    (
        "pages/recognition.py",
        {
            "study": "complete",
            "order": "name",
            "labels": "own name",
            "convention": "paper",
        },
    ),
    (
        "pages/similarity.py",
        {"concepts": ["fairness", "truth"], "layer": "2", "kind": "syntactic"},
    ),
    ("pages/transfer.py", {"concepts": ["toxicity"], "source": "ta", "target": "zh"}),
    (
        "pages/studies.py",
        {
            "study": "llama2-chat-7b",
            "tab": "compare",
            "with": ["bloomz-7.1b"],
            "compared": "transfer",
        },
    ),
    (
        "pages/studies.py",
        {"tab": "compare", "study": "bloomz-7.1b", "with": ["complete"]},
    ),
    ("app.py", {"study": "vectors", "order": "script"}),
]


@pytest.mark.parametrize(("page", "query"), LINKS)
def test_a_link_restores_the_view(kinds, page, query):
    at = visit(page, **{"study": "complete"} | query)
    for key, value in query.items():
        assert at.session_state[key] == value
        assert asked(at)[key] == (value if isinstance(value, list) else [value])
    assert not any("The link asks" in warning.value for warning in at.warning)


def test_the_cluster_switch_is_in_the_link_too(kinds):
    given = ticks(
        figures(visit("pages/similarity.py", study="complete"))[
            "Cosine similarity of the languages' concept vectors"
        ]
    )
    at = visit("pages/similarity.py", study="complete", cluster="1")
    assert at.toggle(key="cluster").value
    clustered = ticks(
        figures(at)["Cosine similarity of the languages' concept vectors"]
    )
    assert clustered != given and sorted(clustered[0]) == sorted(given[0])
    at.toggle(key="cluster").set_value(False).run()
    assert "cluster" not in asked(at)


@pytest.mark.parametrize(("page", "query"), LINKS)
def test_what_a_link_asks_for_in_vain_is_said(kinds, page, query):
    for key in query:
        # What is compared is chosen once there is something to compare.
        needed = query if key == "compared" else {"study": "complete"}
        at = visit(page, **(needed | {key: "![no](http://evil.example)"}))
        said = [
            warning.value
            for warning in at.warning
            if "The link asks for" in warning.value
        ]
        assert (
            len(said) == 1
            and "![no](http://evil.example)" in plain(said[0])
            and "![" not in said[0]
        )
        mended = " ".join(asked(at).get(key, []))
        assert "http" not in mended, "the link is mended"


def test_a_concept_that_is_not_there_leaves_the_ones_that_are(kinds):
    at = visit("pages/similarity.py", study="complete", concepts=["truth", "courage"])
    assert (
        at.session_state["concepts"] == ["truth"] and "courage" in at.warning[0].value
    )


def test_a_choice_changes_the_link_and_the_link_changes_the_choice(kinds):
    at = visit("pages/transfer.py", study="complete")
    assert asked(at) == {"study": ["complete"]}
    at = visit("pages/transfer.py", study="complete", source="zh")
    for key, value in {
        "order": "name",
        "labels": "English name",
        "convention": "paper",
        "source": "ta",
    }.items():
        alive(at.selectbox(key=key).select(value).run())
        assert asked(at)[key] == [value]
    alive(at.selectbox(key="order").select("share").run())
    assert "order" not in asked(at), "a default is not written"
    at.query_params["order"] = "family"
    del at.query_params["convention"]
    alive(at.run())
    assert (
        at.selectbox(key="order").value == "family"
        and at.selectbox(key="convention").value == "honest"
    )
    assert at.selectbox(key="source").value == "ta"


def test_menu_links_carry_the_choices_along(kinds):
    at = visit(
        "app.py", study="complete", order="name", labels="own name", convention="paper"
    )
    links = [link.proto.query_string for link in at.sidebar if link.type == "page_link"]
    assert len(links) == len(MENU)
    assert all(
        "study=complete" in link and "order=name" in link and "convention=paper" in link
        for link in links
    )


BY_ACCURACY = "Recognition accuracy by language"
"""The one figure that has an order of its own."""


@pytest.mark.parametrize(("by", "style"), list(zip(ORDERS, cycle(LABELS))))
def test_order_and_labels_reach_every_figure(complete, by, style):
    codes = order(CODES, by, SHARES["LLaMA2-chat"])
    names = tuple(LABELS[style](LANGUAGES[code]) for code in codes)
    others = {
        LABELS[other](LANGUAGES[code]) for other in LABELS for code in CODES
    } - set(names)
    for page in VIEWS:
        for title, figure in figures(
            visit(page, study="complete", order=by, labels=style)
        ).items():
            axes = ticks(figure)
            assert not others & {label for axis in axes for label in axis}, title
            lines = [
                trace["name"] for trace in figure["data"] if trace.get("name") in names
            ]
            for axis in (*axes, lines):
                labels = [label for label in axis if label in names]
                assert sorted(labels) == sorted(names) or not labels
                assert (
                    labels == [name for name in names if name in labels]
                    or "clustered" in title
                    or title == BY_ACCURACY
                ), title
            if "own name" in style and "source" in title:
                assert set(axes) == {names}, "source and target are both in the order"


CAPTIONS = {
    "Recognition by share of pre-training": r"95 % intervals.*chance 0\.5",
    "zh and zh over layers": r"Mean over 3 concepts.*floors",
    "Coverage": r"pairs.*0 of 15 cells",
    "Recognition accuracy by language": rf"95 % intervals.*n = {24 * 3} .*chance 0\.5",
    "Where in the model the concepts are recognised": rf"each of {LAYERS} layers.*chance 0\.5",
    "Recognition by concept and language": r"chance 0\.5.*Benjamini-Hochberg.*cross-fitted|one half of the held-out pairs",  # noqa: E501
    "Cosine similarity of the languages' concept vectors": r"3 concepts.*95 % over concepts",
    "How much of the agreement is remarkable": r"20 ordered pairs.*floors.*ceiling",
    "Similarity against genetic relatedness": r"95 % −?\d\.\d\d to −?\d\.\d\d.*Mantel p = .*n = 10 pairs of 5 languages",  # noqa: E501
    "Is fairness one direction in every language?": r"chance 0\.5.*floor of.*ceiling of.*Intervals are",  # noqa: E501
    "Languages clustered by their concept vectors": r"5 languages.*no uncertainty",
    "Transfer from a source language (row) to a target language (column)": r"of 6 cells from languages.*of 5 languages.*no better than chance.*Layer",  # noqa: E501
    "zh → zh over layers": r"95 % intervals over the sources of pairs; chance 0\.5",
    "Transfer against the starting gap": r"n = 20 ordered pairs.*p = ",
    "Transfer net of the starting gap": r"n = 20",
}


def test_captions_say_number_interval_and_chance(complete):
    found = {}
    for page in VIEWS:
        at = look(page, study="complete", source="zh", target="zh")
        found |= figures(at) if page in TABS else everything(at)[1]
    assert found.keys() == CAPTIONS.keys()
    for title, pattern in CAPTIONS.items():
        assert re.search(pattern, found[title]["caption"]), (
            title,
            found[title]["caption"],
        )


def test_the_convention_changes_numbers_and_words(complete):
    shown = {}
    for name in ("honest", "paper"):
        at = visit("pages/recognition.py", study="complete", convention=name)
        shown[name] = figures(at)["Recognition by concept and language"]
    assert (
        "optimistic" in shown["paper"]["caption"]
        and "optimistic" not in shown["honest"]["caption"]
    )
    assert heat_map(shown["paper"])["z"] != heat_map(shown["honest"])["z"]


def test_concepts_change_figures_and_none_chosen_is_said(complete):
    at = visit("pages/similarity.py", study="complete")
    cells = heat_map(
        figures(at)["Cosine similarity of the languages' concept vectors"]
    )["z"]
    alive(at.button_group(key="concepts").set_value([CONCEPTS[0]]).run())
    figure = figures(at)["Cosine similarity of the languages' concept vectors"]
    assert heat_map(figure)["z"] != cells and "Mean over 1 concept" in figure["caption"]
    alive(at.button_group(key="concepts").set_value([]).run())
    assert "No concept is chosen" in at.info[0].value


MARKDOWN = {
    "markdown",
    "caption",
    "title",
    "subheader",
    "alert",
    "button",
    "page_link",
    "metric",
    "expander",
    "button_group",
}


@pytest.mark.parametrize("page", PAGES)
def test_hostile_titles_and_names_stay_text(page):
    stored(
        "hostile",
        title=HOSTILE,
        concepts=[HOSTILE, *CONCEPTS[1:]],
        pairs=tables(HOSTILE),
        spec={"model": {"model": HOSTILE}},
    )
    at = visit(page, study="hostile")
    listed = [box.options for box in at.selectbox if box.key == "study"]
    assert all(f"Yours · {HOSTILE}" in options for options in listed), (
        "lists show plain text and need no escape"
    )
    for part in (at.main, at.sidebar):
        for node in part:
            if node.type in MARKDOWN:
                text = str(node.proto).replace("\\\\", "\\")
                assert not re.search(
                    r"(?<!\\)!\\?\[x|(?<!\\)\]\(http|(?<!\\)<img|(?<!\\)\*\*b\*\*", text
                ), (node.type, text)


def tables(first: str) -> dict:
    """A manifest's tables of pairs with the first concept renamed."""
    counts = {code: {"train": 200, "test": 24} for code in CODES}
    return {
        c: {
            "test": [str(pair) for pair in range(24)],
            "clusters": list(range(24)),
            "counts": counts,
        }
        for c in (first, *CONCEPTS[1:])
    }
