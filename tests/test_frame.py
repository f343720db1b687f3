"""What stands around every page: menu, picker, band, and what a visit of them reads."""

import os
from collections import Counter
from itertools import groupby

import pytest

from analysis.languages.shares import SHARES
from analysis.study import library
from components.figures.languages import Arrangement
from components.frame import band, cache, controls, picker
from components.frame.shell import MENU
from tests.stored import stored
from tests.visits import alive, visit, words

STUDIES = "pages/studies.py"


def view_of(at) -> str:
    """The label of the button behind which the view is set."""
    labels = [node.proto.popover.label for node in at.main if node.type == "popover"]
    return next(label for label in labels if label.startswith("View"))


def test_the_menu_has_three_groups():
    groups = {
        group: [entry.title for entry in entries]
        for group, entries in groupby(MENU, key=lambda entry: entry.group)
    }
    assert groups == {
        "Explore": [
            "Overview",
            "Recognition",
            "Similarity",
            "Transfer",
            "Alignment",
            "Layers",
            "Plane",
        ],
        "Try": ["Playground", "Control"],
        "Make": ["Extract", "Studies", "Figures"],
    }
    shown = [node.value for node in visit("pages/figures.py").sidebar.caption]
    assert shown == list(groups)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("demo", "Demo model: says nothing about real models · 16 languages"),
        ("bloomz-560m", "BLOOMZ-560M · 16 languages · published"),
        ("begun", "planted/model · 5 languages · unfinished"),
        ("whole", "planted/model · 5 languages · computed"),
    ],
)
def test_the_badge_says_model_languages_and_kind(home, name, said):
    if name == "begun":
        stored(name, cells=2)
    if name == "whole":
        stored(name)
    assert band.badge_of(library.open_by_name(name)).words == said


def test_the_band_has_title_question_and_badge(home):
    at = visit(STUDIES, study="demo")
    assert [title.value for title in at.title] == ["Studies"]
    assert "Open, compare, share and delete studies" in words(at)
    assert words(at).count("Demo model: says nothing about real models") == 1
    empty = visit("pages/figures.py", study="demo")
    assert "Demo model" not in words(empty), "no study means anything there"


def test_the_view_button_says_how_the_view_is_set(home):
    at = visit(STUDIES, study="demo", labels="own name")
    assert view_of(at) == "View · by share, own names, honest"
    at.selectbox(key="order").select("family")
    alive(at.selectbox(key="convention").select("paper").run())
    assert view_of(at) == "View · by family, own names, paper's layer"
    at.query_params["order"] = "name"
    assert view_of(alive(at.run())) == "View · by name, own names, paper's layer"
    at = visit("pages/control.py", study="bloomz-560m")
    assert view_of(at) == "View · by share, codes, as printed"


@pytest.mark.parametrize(
    ("name", "first", "stand_in"),
    [
        ("words-aya101", "As the study lists them", "By LLaMA2's share (stand-in)"),
        ("bloomz-560m", "By share", "By LLaMA2's share"),
        ("qwen-chat-7b", "By share (assumed)", "By LLaMA2's share"),
    ],
)
def test_an_order_is_called_what_it_is(home, name, first, stand_in):
    study = library.open_by_name(name)
    words = controls.order_words(study)
    assert words["share"] == first and words["LLaMA2 share"] == stand_in
    codes = study.languages
    if first == "As the study lists them":
        assert Arrangement("share").languages(study, codes).codes == codes
    ranked = Arrangement("LLaMA2 share").languages(study, codes).codes
    percent = SHARES["LLaMA2"].percent
    known = [percent.get(code) for code in ranked if percent.get(code) is not None]
    assert known == sorted(known, reverse=True) and len(known) > 2
    assert all(percent.get(code) is None for code in ranked[len(known) :])


def test_the_button_names_an_order_of_the_study_as_such(home):
    at = visit("pages/control.py", study="words-aya101")
    assert view_of(at).startswith("View · as the study lists them, codes")
    alive(at.selectbox(key="order").select("LLaMA2 share").run())
    assert view_of(at).startswith("View · by LLaMA2's share (stand-in), codes")


def test_the_view_is_set_in_the_band_and_not_in_the_sidebar(home):
    at = visit(STUDIES)
    assert [box.key for box in at.sidebar.selectbox] == ["study"]
    assert {"order", "labels", "convention"} <= {box.key for box in at.main.selectbox}


def test_studies_are_listed_by_their_groups(home):
    stored("mine")
    options = visit("pages/control.py").selectbox(key="study").options
    groups = [option.split(" · ")[0] for option in options]
    assert list(dict.fromkeys(groups)) == list(picker.GROUPS)
    assert groups == sorted(groups, key=picker.GROUPS.index), "groups are not mixed"
    assert "Yours · Planted study" in options


def test_lists_read_a_manifest_when_it_is_new_or_has_changed(home, monkeypatch):
    names = ["first", "second", "third"]
    for name in names:
        stored(name)
    opened, hashed = Counter(), Counter()
    open_by_name, version = library.open_by_name, cache.version

    def counted(name: str):
        opened[name] += 1
        return open_by_name(name)

    def counted_version(name: str):
        hashed[name] += 1
        return version(name)

    monkeypatch.setattr(library, "open_by_name", counted)
    monkeypatch.setattr(cache, "version", counted_version)
    for _ in range(3):
        told = picker.titles(library.names())
    assert {told[name].split(" · ")[0] for name in names} == {"Planted study"}
    assert all(opened[name] == hashed[name] == 1 for name in names)
    library.rename(names[0], "another title")
    assert picker.titles(library.names())[names[0]] == "another title"
    assert opened[names[0]] == 2 and opened[names[1]] == 1


def test_a_list_says_what_cannot_be_opened_until_it_can(home):
    stored("mine")
    manifest = library.own_folder("mine") / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text("{")
    assert picker.titles(["mine"])["mine"] == "mine (cannot be opened)"
    manifest.write_text(whole)
    os.utime(manifest)
    assert picker.titles(["mine"])["mine"] == "Planted study"
