"""The pages of the demo and of published studies, read again by rules.

No interval without width, nothing said twice, no perfect cell called chance, nothing
that cannot be read, and no convention offered that changes nothing.
"""

import re

import numpy as np
import pytest
import xarray as xr

from analysis.concepts.can_show import sources_words
from analysis.core.intervals import ends
from components.figures.text import span
from components.frame import style
from components.frame.controls import PRINTED
from components.views.control import effect_words
from tests.visits import everything, visit, words

READ = {
    "demo": (
        "app.py",
        "pages/recognition.py",
        "pages/similarity.py",
        "pages/transfer.py",
        "pages/alignment.py",
        "pages/layers.py",
        "pages/plane.py",
    ),
    "demo-requests": ("pages/recognition.py", "pages/transfer.py", "pages/studies.py"),
    "llama2-chat-7b": (
        "app.py",
        "pages/recognition.py",
        "pages/similarity.py",
        "pages/transfer.py",
        "pages/control.py",
    ),
    "words-llama2-13b": ("app.py", "pages/alignment.py"),
}
NUMBER = r"[+−-]?\d+(?:\.\d+)?"
TWICE_THE_SAME = re.compile(rf"(?<![\d.+−-])({NUMBER}) (?:to|and) \1(?![.,]?\d)")
"""“0.70 to 0.70”, which has no width."""
SAID_TWICE = re.compile(r"95 % (?:interval|band)s?[^.;]*?95 %")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """(study, page) → its words and its figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("home")))
        found = {}
        for study, names in READ.items():
            for page in names:
                found[study, page] = everything(visit(page, study=study))
        return found


def texts_within(value) -> list[str]:
    """Every text of a figure: labels, hover, numbers in cells."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_within(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_within(each)]
    return []


def every_text(pages) -> dict[str, list[str]]:
    """Where → all that is said there, on hover too."""
    found = {}
    for (study, page), (said, shown) in pages.items():
        found[f"{study} {page}"] = said.splitlines()
        for title, figure in shown.items():
            found[f"{study} {page} {title}"] = texts_within(figure)
    return found


def matches(pages, pattern) -> list[str]:
    """Where a pattern is found, and in what."""
    found = []
    for where, texts in every_text(pages).items():
        for text in texts:
            if hit := pattern.search(text):
                found.append(f"{where}: {hit[0]}")
    return found


def test_no_interval_reads_as_one_number(pages):
    assert not matches(pages, TWICE_THE_SAME)
    assert TWICE_THE_SAME.search("from −0.70 to −0.70")
    assert not TWICE_THE_SAME.search("−0.10 to 0.10")
    assert TWICE_THE_SAME.search("from 0.70 to 0.70.") and not TWICE_THE_SAME.search(
        "0.70 to 0.701, 5 to 50"
    )


def test_nothing_says_95_percent_twice(pages):
    assert not matches(pages, SAID_TWICE)
    assert SAID_TWICE.search("95 % intervals (95 % over pairs)")


def test_no_perfect_cell_is_called_chance(pages):
    faded = 0
    for (study, page), (_, shown) in pages.items():
        for title, figure in shown.items():
            maps = [each for each in figure["data"] if each["type"] == "heatmap"]
            for pale in maps[1:]:
                said = [text.strip() for row in pale["text"] for text in row]
                faded += sum(map(bool, said))
                if "ecognition" in title:
                    assert "1.00" not in said, (study, page, title)
    assert faded > 10, "the demo has cells that are no better than chance"


def test_no_number_is_written_as_not_a_number(pages):
    assert not matches(pages, re.compile(r"\bnan\b|(?<!\w)inf\b"))


def test_what_was_printed_is_said_of_printed_numbers_alone(pages):
    demo = pages["demo", "pages/recognition.py"][0]
    assert "The paper prints no intervals" not in demo
    printed = pages["llama2-chat-7b", "pages/recognition.py"][0]
    assert "The paper prints no intervals" in printed


def test_the_mean_angle_says_how_its_interval_is_made(pages):
    said = pages["demo", "pages/layers.py"][0]
    assert "Student's t over n = 15 languages" in said
    assert "with replacement" not in said


def test_two_angles_that_are_the_same_are_told_once(pages):
    assert re.search(
        r"the two vectors are \d+° apart there", pages["demo", "pages/plane.py"][0]
    )


CHOICES = {
    "layer of a cell": (
        "pages/recognition.py",
        "Layer chosen on one half of the held-out pairs and reported on the other",
    ),
    "layer of a transfer": (
        "pages/transfer.py",
        "Layer chosen on one half of the held-out pairs and reported on the other",
    ),
    "curves over layers": (
        "pages/recognition.py",
        "Single layers, so no choice of layer flatters the curve",
    ),
    "layer of a cosine": (
        "pages/similarity.py",
        "maximum over layers, taken per pair and concept (the paper's way, which favours "
        "high values)",
    ),
    "layer of words": (
        "pages/alignment.py",
        "Taking the best layer from this curve is choosing on the very test words",
    ),
    "way of reading words": (
        "pages/alignment.py",
        "Taking the best way of reading from here is choosing on the very test words",
    ),
    "number of seeds": (
        "pages/alignment.py",
        "Taking the best number of seeds from this curve is choosing on the very test",
    ),
    "layers of the findings": (
        "app.py",
        "each layer was chosen on one half of the held-out pairs",
    ),
    "best of words on the rest": (
        "pages/alignment.py",
        "on the other half, on which nothing was chosen, that reaches",
    ),
    "layer and strength of the plane's sentence": (
        "pages/plane.py",
        "the numbers of this sentence are those of the other half",
    ),
    "layer and strength of the plane's arrows": (
        "pages/plane.py",
        "Items: the half on which nothing was chosen",
    ),
    "strength at each layer of the plane": (
        "pages/plane.py",
        "on the other half of the items",
    ),
}
"""A choice made on the data → the demo's page, and what it says of it."""


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_made_on_the_data_says_on_what(pages, choice):
    page, said = CHOICES[choice]
    assert said in pages["demo", page][0]


@pytest.mark.parametrize(
    ("counted", "said"),
    [
        ((24, 24), "stem from 24 independent sources."),
        ((4, 24), "stem from 4 to 24 independent sources. With 4 the smallest p that a "
         "test could give is 0.062: 1 of 2 cells"),
        ((1,), "stem from 1 independent source. With 1"),
        ((0,), ""),
    ],
)  # fmt: skip
def test_what_so_many_sources_can_show(counted, said):
    assert said in sources_words(counted)
    assert bool(said) == bool(sources_words(counted))


def test_extract_tells_the_sources_before_the_run(fresh):
    at = visit("pages/extract.py")
    assert "Held-out pairs of a concept in a language stem from 4 independent" in words(
        at
    )


@pytest.mark.parametrize(
    ("study", "page", "offered"),
    [
        ("demo", "pages/recognition.py", "convention"),
        ("llama2-chat-7b", "pages/recognition.py", "convention-printed"),
        ("llama2-chat-7b", "pages/studies.py", "convention"),
        ("words-llama2-13b", "pages/alignment.py", None),
    ],
)
def test_a_convention_is_offered_where_it_changes_something(
    fresh, study, page, offered
):
    at = visit(page, study=study)
    shown = [box for box in at.selectbox if str(box.key).startswith("convention")]
    assert [box.key for box in shown] == ([offered] if offered else [])
    if offered == "convention-printed":
        assert shown[0].disabled and shown[0].value == PRINTED
    assert "ross-fitted" not in "".join(
        box.value for box in shown if box.key != "convention"
    )


def test_a_chosen_convention_outlives_a_published_study(fresh):
    at = visit("pages/recognition.py", study="demo", convention="paper")
    at.query_params["study"] = "llama2-chat-7b"
    at.run()
    at.query_params["study"] = "demo"
    assert at.run().selectbox(key="convention").value == "paper"


def test_numbers_too_small_to_read_are_hidden_and_that_is_said(fresh):
    at = visit("pages/recognition.py", study="demo")
    (sheet,) = [node.proto.body for node in at.get("html")]
    assert sheet.split() == style.stylesheet().split()
    assert "font-size: 7px" in style.small_numbers()
    assert "font-size: 8px" not in style.small_numbers()
    assert style.NO_ROOM in style.stylesheet()


@pytest.mark.parametrize(
    ("low", "high", "form", "said"),
    [
        (0.123, 0.456, ".2f", "0.12 to 0.46"),
        (0.7012, 0.7034, ".2f", "0.701 to 0.703"),
        (-0.5, 0.5, "+.2f", "-0.50 to +0.50"),
        (1.0, 1.0, ".3f", "1.000, without any width"),
        (0.5, 0.5 + 1e-9, ".2f", "0.50000 to 0.50000, narrower than can be shown"),
        (-0.0001, 0.4, ".1f", "0.0 to 0.4"),
    ],
)
def test_ends_of_an_interval_differ_in_words(low, high, form, said):
    assert ends(low, high, form) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.1, 0.9], "0.10 to 0.90"),
        ([1.0, 1.0], "always 1.00"),
        ([0.701, 0.702], "always about 0.70"),
        ([0.5], "0.50"),
        ([np.nan], "unknown"),
    ],
)
def test_a_span_of_one_number_is_that_number(values, said):
    assert span(xr.DataArray(values)) == said


def test_an_effect_of_too_few_has_no_interval_in_words():
    row = {"effect": 0.5, "low": np.nan, "high": np.nan, "n": 2}
    assert "nan" not in effect_words(row)
