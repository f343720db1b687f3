"""Typefaces of printed figures: the minus among the Latin letters, glyphs cut once and
the same as Matplotlib's own.
"""

import io
import re
import tomllib

import numpy as np
import pandas as pd
import pypdf
import pypdfium2
import pytest
from fontTools import subset
from fontTools.ttLib import TTFont

from components.figures.spec import Figure, Matrix
from components.frame import typefaces
from components.printing import fonts, sheet
from components.printing.venues import Look
from components.screen import to_plotly
from tests.visits import APP

NAMES = ("Tiếng Việt", "தமிழ்", "简体中文", "తెలుగు")


def printed(names=NAMES, sign=-1.0):
    """A small heat map as a file."""
    values = sign * np.linspace(0, 0.9, len(names) ** 2).reshape(len(names), -1)
    data = Matrix(values, names, names, "cosine", (-1.0, 1.0), diverging=True)
    return sheet.pdf(
        sheet.compose(
            [Figure("f", "f", "", data, pd.DataFrame())], Look("ACL, full width")
        ),
        {},
    )


def typefaces_of(file):
    """Names of the fonts that a PDF embeds."""
    page = pypdf.PdfReader(io.BytesIO(file)).pages[0]
    return {
        font.get_object()["/BaseFont"].split("+")[-1].lstrip("/")
        for font in page["/Resources"]["/Font"].values()
    }


def test_a_figure_of_negative_numbers_needs_one_typeface():
    file = printed(("a", "b", "c"))
    assert typefaces_of(file) == {"NotoSans-Regular"}
    assert "−" in pypdf.PdfReader(io.BytesIO(file)).pages[0].extract_text()


def test_the_minus_is_as_wide_as_the_plus():
    font = TTFont(fonts.FOLDER / "NotoSans.ttf")
    names, widths = font.getBestCmap(), font["hmtx"]
    assert widths[names[0x2212]][0] == widths[names[ord("+")]][0]


@pytest.mark.parametrize(
    "name", ["NotoSans", "NotoSansTamil", "NotoSansTelugu", "NotoSansCJKsc"]
)
def test_cut_glyphs_have_their_outlines_and_widths(name):
    path = fonts.FOLDER / f"{name}.ttf"
    whole = TTFont(path)
    glyphs = frozenset(
        map(whole.getGlyphID, list(whole.getBestCmap().values())[5:40:3])
    )
    found = fonts.cut(str(path), 0, glyphs)
    data, places = found.font, found.places
    small = TTFont(io.BytesIO(data))
    assert glyphs <= places.keys() and not set(fonts.LAYOUT) & set(small.keys())
    for glyph in glyphs:
        before, after = whole.getGlyphName(glyph), small.getGlyphName(places[glyph])
        assert whole["hmtx"][before][0] == small["hmtx"][after][0]
        assert drawing(whole, before) == drawing(small, after)


def drawing(font, name):
    """The outline of a glyph, composites drawn out."""
    coordinates, ends, _ = font["glyf"][name].getCoordinates(font["glyf"])
    return list(coordinates), list(ends)


def test_a_second_figure_cuts_nothing_and_looks_the_same(monkeypatch):
    fonts.cut.cache_clear()
    first = printed()
    monkeypatch.setattr(
        subset, "load_font", lambda *given: pytest.fail("a typeface was cut again")
    )
    assert printed() == first and fonts.cut.cache_info().hits >= len(
        typefaces_of(first)
    )
    picture = pypdfium2.PdfDocument(first)[0].render(scale=2).to_numpy()
    assert (picture[..., :3].min(-1) < 60).mean() > 0.005, "letters are there"


SHARED = {0x20, 0x25CC, *range(0x200B, 0x2010)}
"""Characters that many of the files have beside those of their script."""


def test_pages_are_sent_every_character_that_a_typeface_has():
    sheet_of_faces = (typefaces.FOLDER / typefaces.FACES).read_text()
    faces = re.findall(r"src: url\((.+?)\); unicode-range: (.+?); }", sheet_of_faces)
    has = {
        typeface.file.name: typeface.characters
        for typeface in fonts.fonts_in().values()
    }
    assert sorted(name for name, _ in faces) == sorted(has)
    for name, ranges in faces:
        sent = set()
        for low, _, high in (text[2:].partition("-") for text in ranges.split(", ")):
            sent.update(range(int(low, 16), int(high or low, 16) + 1))
        assert has[name] - SHARED <= sent, name


def test_pages_and_charts_have_one_typeface():
    config = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text())
    named = config["theme"]["font"].replace("'", "")
    assert named == to_plotly.FONT
    families = (typefaces.FOLDER / typefaces.FACES).read_text()
    own = [name for name in named.split(", ") if f"font-family: '{name}'" in families]
    assert own == ["Babelscope Noto", "Babelscope Noto TC"]


@pytest.mark.parametrize(
    ("path", "base", "found"),
    [
        ("/typefaces/NotoSansTamil.ttf", "", "NotoSansTamil.ttf"),
        ("/lab/typefaces/faces.css", "lab", "faces.css"),
        ("/typefaces/faces.css", "lab", None),
        ("/lab/typefaces/faces.css", "", None),
        ("/typefaces/OFL.txt", "", None),
        ("/typefaces/../fonts.py", "", None),
        ("/typefaces/..", "", None),
        ("/typefaces/", "", None),
        ("/typefaces/no.ttf", "", None),
    ],
)
def test_nothing_but_typefaces_is_sent(path, base, found):
    file = typefaces.file_at(path, base)
    assert (file.name if file else None) == found
