"""What stands around every page: menu, picker, band, and what a visit of them reads."""

import os
import tomllib
from collections import Counter
from itertools import groupby

import pytest

from analysis.languages.shares import SHARES
from analysis.study import library
from components.figures.languages import Arrangement
from components.frame import band, cache, controls, picker, style
from components.frame.shell import MENU
from components.screen import ink as ink_of
from tests.stored import stored
from tests.visits import APP, alive, visit, words

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
        ("words-aya101", "The study's own order", "By LLaMA2's share (stand-in)"),
        ("bloomz-560m", "By share", "By LLaMA2's share"),
        ("qwen-chat-7b", "By share (assumed)", "By LLaMA2's share"),
    ],
)
def test_an_order_is_called_what_it_is(home, name, first, stand_in):
    study = library.open_by_name(name)
    words = controls.order_words(study)
    assert words["share"] == first and words["LLaMA2 share"] == stand_in
    codes = study.languages
    if first == "The study's own order":
        assert Arrangement("share").languages(study, codes).codes == codes
    ranked = Arrangement("LLaMA2 share").languages(study, codes).codes
    percent = SHARES["LLaMA2"].percent
    known = [percent.get(code) for code in ranked if percent.get(code) is not None]
    assert known == sorted(known, reverse=True) and len(known) > 2
    assert all(percent.get(code) is None for code in ranked[len(known) :])


def test_the_button_names_an_order_of_the_study_as_such(home):
    at = visit("pages/control.py", study="words-aya101")
    assert view_of(at).startswith("View · study's own order, codes")
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


def luminance(colour: str) -> float:
    """Of a colour such as “#0B6E75”, as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: str, ground: str) -> float:
    """How far ink stands out from its ground: 1 to 21."""
    high, low = sorted([luminance(ink), luminance(ground)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def faded(ink: str, ground: str) -> str:
    """Ink at 60 %, in which Streamlit sets captions."""
    mixed = ""
    for place in (1, 3, 5):
        over, under = (
            int(ink[place : place + 2], 16),
            int(ground[place : place + 2], 16),
        )
        mixed += f"{round(0.6 * over + 0.4 * under):02x}"
    return f"#{mixed}"


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_text_and_brand_stand_out_from_every_ground(kind):
    text = (APP.parent / ".streamlit" / "config.toml").read_text()
    theme = tomllib.loads(text)["theme"][kind]
    ink, brand = theme["textColor"], theme["primaryColor"]
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(brand, ground) >= 4.5
        assert contrast(faded(ink, ground), ground) >= 4.5
    page = {"light": ink_of.LIGHT_PAGE, "dark": ink_of.DARK_PAGE}[kind]
    brands = {"light": style.LIGHT_BRAND, "dark": style.DARK_BRAND}
    assert page == theme["backgroundColor"], "figures paint what the page is"
    assert brand == brands[kind], "the mark has the brand's colour"
