"""Studies of any languages on every page: ordered, named, drawn on screen and in print."""

import io

import pypdf
import pytest

from analysis.languages.facts import UNKNOWN
from analysis.languages.languages import LABELS, canonical, label, language
from analysis.languages.shares import ORDERS
from analysis.study import library
from components.figures import gallery
from components.figures.languages import Arrangement
from components.paperpack.labelling import relabelled
from components.printing import sheet
from components.printing.venues import Look
from tests.flores import FLORES
from tests.planted import Planting, planted_study
from tests.stored import stored
from tests.visits import PAGES, figures, visit

SPREAD = (
    *("en", "de", "ar", "hi", "sw", "yo", "he", "zh-Hant", "my", "am", "th", "bo"),
    *("sat", "tzm-Tfng", "es-EC", "the"),
)
"""Languages of many scripts and families, one of a region, one of unknown family."""
ALL = tuple(map(canonical, FLORES))


@pytest.fixture
def spread(fresh):
    """A study of SPREAD in the home, and its name."""
    planting = Planting("shared", peak=2)
    stored("spread", planted_study(("fair",), SPREAD, (2, 6, 16), planting=planting))
    return "spread"


def test_every_page_shows_any_languages_by_their_own_names(spread):
    shown = {}
    for page in PAGES:
        at = visit(page, study=spread, labels="own name", order="script")
        assert not at.error, (page, at.error)
        shown |= figures(at)
    heat = str(shown["Cosine similarity of the languages' concept vectors"])
    for code in SPREAD:
        own = language(code).own or language(code).english
        assert own in heat or own.encode("ascii", "backslashreplace").decode() in heat


@pytest.mark.parametrize("by", ORDERS)
@pytest.mark.parametrize("style", LABELS)
def test_all_of_flores_are_put_in_order_and_named(by, style):
    study = planted_study(("fair",), ("en", "fr"), (2, 6, 16))
    arranged = Arrangement(by, style).languages(study, (*ALL, "the"))
    assert sorted(arranged.codes) == sorted((*ALL, "the"))
    assert all(arranged.names)
    if by == "family":
        assert arranged.codes[-1] == "the" and language("the").family == UNKNOWN


def test_names_tell_all_of_flores_apart():
    for style in LABELS:
        names = [label(code, style) for code in ALL]
        assert len(set(names)) == len(names)


def test_a_kept_figure_calls_any_languages_otherwise(spread):
    study = library.open_by_name(spread)
    figure = gallery.draw(study, "similarity", labels="code")
    data = relabelled(figure, "own name").data
    assert set(data.rows) == {label(code, "own name") for code in SPREAD}
    assert (
        relabelled(relabelled(figure, "own name"), "code").data.rows == figure.data.rows
    )


def test_own_names_from_right_to_left_are_printed(spread):
    study = library.open_by_name(spread)
    figure = gallery.draw(study, "similarity", labels="own name")
    file = sheet.pdf(sheet.compose([figure], Look("ACL, full width")), {})
    fonts = pypdf.PdfReader(io.BytesIO(file)).pages[0]["/Resources"]["/Font"]
    used = str([font.get_object()["/BaseFont"] for font in fonts.values()])
    for script in ("Arabic", "Hebrew", "Devanagari", "Myanmar", "Tibetan", "OlChiki"):
        assert script in used
