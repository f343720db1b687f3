"""Figure specs as Matplotlib prints them: numbers, order, labels, range and colours of
the screen, in sound files.
"""

import io
from dataclasses import dataclass, replace

import numpy as np
import plotly.colors
import pypdf
import pypdfium2
import pytest
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.image import imread
from matplotlib.text import Text

from analysis.core.errors import AnalysisError, FigureError
from analysis.languages.languages import LABELS, LANGUAGES
from components.figures.spec import (
    DIVERGING,
    SEQUENTIAL,
    Cloud,
    Figure,
    Lines,
    Matrix,
    Series,
)
from components.printing import fonts, sheet, sight, to_paper
from components.printing.collisions import overlaps
from components.printing.hatching import across
from components.printing.layout import covered_words
from components.printing.places import Size
from components.printing.venues import (
    CM,
    NO_ROOM,
    OWN,
    READABLE,
    SIGHTS,
    SMALLEST,
    VENUES,
    Look,
)
from components.screen import to_plotly
from tests.test_screen import DATA, FADED, LIMITS, VALUES, spec

OWN_NAMES = tuple(LABELS["own name"](language) for language in LANGUAGES.values())[:16]
WIDE = Look("ACL, full width")


def composed(*names: str, look: Look = WIDE) -> sheet.Sheet:
    """A sheet of some of the kinds."""
    return sheet.compose([spec(name) for name in names], look)


def square(size: int, names: tuple[str, ...] = ()) -> object:
    """A diverging matrix of some languages."""
    labels = names or tuple(f"l{i}" for i in range(size))
    values = np.random.default_rng(0).uniform(-1, 1, (size, size))
    return replace(
        spec("matrix"),
        data=Matrix(values, labels, labels, "points", LIMITS, diverging=True, digits=1),
    )


def meshes(drawn: sheet.Sheet) -> list[QuadMesh]:
    """The cells of the first panel: full, then pale ones."""
    return [
        found
        for found in drawn.canvas.axes[0].collections
        if isinstance(found, QuadMesh)
    ]


def spoken(data: bytes) -> str:
    """The text of a PDF's only page as a reader copies it."""
    document = pypdfium2.PdfDocument(data)
    page = document[0]
    lines = page.get_textpage()
    text = lines.get_text_range()
    for part in (lines, page, document):
        part.close()
    return text


def test_every_kind_of_the_screen_has_a_printed_form():
    assert to_paper.DRAW.keys() == to_plotly.DRAW.keys()


def test_a_kind_without_one_is_a_sentence():
    @dataclass(frozen=True)
    class Globe:
        radius: float = 1.0

    with pytest.raises(FigureError, match="kind “Globe” cannot be printed yet"):
        sheet.compose([replace(spec("matrix"), data=Globe())], Look())


@pytest.mark.parametrize("name", DATA)
def test_pdf_is_vector_and_truetype(name):
    page = pypdf.PdfReader(io.BytesIO(sheet.pdf(composed(name), {}))).pages[0]
    assert not list(page.images)
    found = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert found
    for font in found:
        inner = font["/DescendantFonts"][0].get_object()
        assert font["/Subtype"] == "/Type0" and inner["/Subtype"] == "/CIDFontType2"
        assert "/FontFile2" in inner["/FontDescriptor"].get_object(), (
            "embedded as TrueType"
        )


@pytest.mark.parametrize("name", DATA)
def test_svg_is_vector_and_its_text_is_text(name):
    drawn = sheet.svg(composed(name), {}).decode()
    across, up = (
        ("axis 1", "axis 2") if isinstance(DATA[name], Cloud) else ("across<", "up<")
    )
    assert "<image" not in drawn
    assert (f">{across}" in drawn and f">{up}" in drawn) or getattr(
        DATA[name], "grid", False
    )


@pytest.mark.parametrize("venue", VENUES)
def test_a_page_is_as_wide_as_its_venue(venue):
    drawn = composed("diverging matrix", look=Look(venue))
    box = pypdf.PdfReader(io.BytesIO(sheet.pdf(drawn, {}))).pages[0].mediabox
    assert abs(float(box.width) / CM - VENUES[venue].width) < 0.01
    assert (
        VENUES[venue].height is None
        or abs(float(box.height) / CM - VENUES[venue].height) < 0.01
    )


def test_a_png_has_the_dots_of_its_resolution():
    drawn = composed("matrix")
    for dpi in (300, 600):
        data = sheet.png(drawn, {}, dpi)
        assert abs(imread(io.BytesIO(data)).shape[1] - 16 / 2.54 * dpi) <= 1


@pytest.mark.parametrize(
    "name", [name for name in DATA if isinstance(DATA[name], Matrix)]
)
def test_cells_are_those_of_the_screen(name):
    on_screen = [
        trace for trace in to_plotly.draw(spec(name)).data if trace.type == "heatmap"
    ]
    drawn = composed(name)
    panel = next(
        axes
        for axes in drawn.canvas.axes
        if any(isinstance(c, QuadMesh) for c in axes.collections)
    )
    printed = [c for c in panel.collections if isinstance(c, QuadMesh)]
    shape = (len(DATA[name].rows), len(DATA[name].columns))
    for trace, mesh in zip(on_screen, printed):
        np.testing.assert_allclose(
            mesh.get_array().filled(np.nan).reshape(shape),
            np.array(trace.z, float),
            atol=1e-4,
        )
        assert (mesh.norm.vmin, mesh.norm.vmax) == (trace.zmin, trace.zmax)
    assert len(on_screen) == len(printed) or not np.any(DATA[name].faded)
    assert (
        tuple(label.get_text() for label in panel.get_xticklabels())
        == DATA[name].columns
    )
    named = panel.child_axes[0] if DATA[name].shares else panel
    assert (
        tuple(label.get_text() for label in named.get_yticklabels()) == DATA[name].rows
    )
    assert panel.get_ylim()[0] > panel.get_ylim()[1], "the first row is on top"


@pytest.mark.parametrize(
    ("name", "scale"), [("matrix", SEQUENTIAL), ("diverging matrix", DIVERGING)]
)
def test_colours_are_those_of_the_screen(name, scale):
    mesh = meshes(composed(name))[0]
    for place in np.linspace(0, 1, 11):
        wanted = plotly.colors.unlabel_rgb(
            plotly.colors.sample_colorscale(scale, place)[0]
        )
        np.testing.assert_allclose(
            mesh.cmap(place)[:3], np.array(wanted) / 255, atol=0.035
        )


def test_curves_are_those_of_the_screen():
    traces = [trace for trace in to_plotly.draw(spec("lines")).data if trace.name]
    curves = [
        line
        for line in composed("lines").canvas.axes[0].lines
        if not line.get_label().startswith("_")
    ]
    assert len(traces) == len(curves) == 16
    for trace, curve in zip(traces, curves):
        np.testing.assert_array_equal(
            curve.get_xydata(), np.stack([trace.x, trace.y], 1)
        )
        assert (
            to_hex(curve.get_color()).upper() == trace.line.color
            and curve.get_label() == trace.name
        )
        assert (curve.get_linestyle() == "--") == (trace.line.dash == "dash")
    assert (
        len({(c.get_color(), c.get_linestyle(), c.get_marker()) for c in curves}) == 16
    )


def test_points_are_those_of_the_screen_and_every_one_is_named():
    drawn = composed("points").canvas.axes[0]
    traces = [
        trace
        for trace in to_plotly.draw(spec("points")).data
        if trace.mode == "markers+text"
    ]
    clouds = [found for found in drawn.collections if isinstance(found, PathCollection)]
    for trace, cloud in zip(traces, clouds):
        kept = np.isfinite(np.array(trace.x, float))
        np.testing.assert_array_equal(
            cloud.get_offsets(), np.stack([trace.x, trace.y], 1)[kept]
        )
        assert to_hex(cloud.get_facecolor()[0]).upper() == trace.marker.color
    assert drawn.get_xscale() == "log" and len(clouds) == len(traces) == 2
    assert set(DATA["points"].labels) <= {text.get_text() for text in drawn.texts}


def test_a_tree_is_that_of_the_screen():
    traces = to_plotly.draw(spec("tree"))
    drawn = composed("tree").canvas.axes[0]
    branches = next(
        found for found in drawn.collections if isinstance(found, LineCollection)
    ).get_segments()
    for trace, branch in zip(traces.data, branches):
        np.testing.assert_array_equal(branch, np.stack([trace.x, trace.y], 1))
    assert tuple(label.get_text() for label in drawn.get_xticklabels()) == tuple(
        traces.layout.xaxis.ticktext
    )


def test_a_layer_can_be_chosen():
    for look, sign in ((Look(), -1), (Look(frame=0), 1), (Look(frame=1), -1)):
        np.testing.assert_allclose(
            meshes(composed("frames", look=look))[0].get_array(), sign * VALUES
        )


def test_sixteen_own_names_can_be_read_out_of_the_pdf_and_fit_one_column():
    drawn = sheet.compose([square(16, OWN_NAMES)], Look("ACL, column"))
    text = spoken(sheet.pdf(drawn, {}))
    assert all(name in text for name in OWN_NAMES) and drawn.notes == (NO_ROOM,)
    assert (
        min(
            found.get_fontsize()
            for found in drawn.canvas.findobj(Text)
            if found.get_text()
        )
        >= READABLE
    )


def test_numbers_give_way_to_signs_where_cells_are_small():
    wide, narrow = (
        sheet.compose([square(12)], Look(venue))
        for venue in ("ACL, full width", "ACL, column")
    )
    values = square(12).data.values
    assert [text.get_text() for text in wide.canvas.axes[0].texts][:1] == [
        f"{values[0, 0]:.1f}".replace("-", "−")
    ]
    assert len(wide.canvas.axes[0].texts) == 144 and not narrow.canvas.axes[0].texts
    signs = narrow.canvas.axes[0].collections[-1].get_segments()
    assert len(signs) == 144 + (values > 0).sum(), "a minus has one stroke, a plus two"
    quiet = sheet.compose([square(12)], Look("ACL, full width", values=False))
    assert not quiet.canvas.axes[0].texts


def test_cells_no_better_than_chance_are_pale_and_struck_and_unknown_ones_hatched():
    drawn = composed("diverging matrix").canvas.axes[0]
    marks = next(
        found for found in drawn.collections if isinstance(found, LineCollection)
    ).get_segments()
    struck = {tuple(np.rint(mark.mean(0)).astype(int)) for mark in marks}
    assert struck == {(j, i) for i, j in np.argwhere(FADED)}
    assert len(marks) > 2 * len(struck), "hatched, not only struck in a corner"
    assert composed("matrix with a hole").canvas.axes[0].patch.get_hatch() == "xxxx"


@pytest.mark.parametrize("cell", [Size(5, 5), Size(16, 9), Size(110, 14)])
@pytest.mark.parametrize("room", [Size(0, 0), Size(4, 4), Size(14, 8)])
def test_hatching_has_one_slope_in_any_cell_and_leaves_room_for_what_it_says(
    cell, room
):
    if room.width > cell.width:
        assert not list(across(cell, room)), "what it says takes all of the cell"
        return
    strokes = np.array(list(across(cell, room)))
    assert len(strokes)
    first, last = strokes[:, 0], strokes[:, 1]
    assert np.allclose(first.sum(1), last.sum(1)), "rising at 45 degrees"
    assert (strokes >= 0).all() and (strokes <= np.array(cell) + 1e-9).all()
    along = np.linspace(0.01, 0.99, 50)[:, None, None]
    points = first + along * (last - first)
    away = np.abs(points - np.array(cell) / 2)
    inside = (away < np.array(room) / 2 - 1e-9).all(-1)
    assert not inside.any()


def test_several_panels_are_lettered_and_share_one_scale_and_bar():
    both = [
        square(6),
        replace(square(6), data=replace(square(6).data, limits=(-4.0, 4.0))),
    ]
    shared, own = (
        sheet.compose(both, replace(WIDE, shared=shared)).canvas
        for shared in (True, False)
    )
    assert [axes.get_title(loc="left") for axes in shared.axes[:2]] == ["(a)", "(b)"]
    assert len(shared.axes) == 3 and len(own.axes) == 4
    limits = [
        [
            (m.norm.vmin, m.norm.vmax)
            for a in c.axes[:2]
            for m in a.collections
            if isinstance(m, QuadMesh)
        ]
        for c in (shared, own)
    ]
    assert limits == [[(-4, 4), (-4, 4)], [(-1, 1), (-4, 4)]]


def test_what_cannot_be_read_is_said_and_nothing_is_lost():
    drawn = sheet.compose([square(60)], Look("ACL, column"))
    assert any("cannot be read in print" in note for note in drawn.notes)
    assert any("greyscale" in note for note in drawn.notes)
    said = spoken(sheet.pdf(drawn, {}))
    assert all(f"l{i}" in said for i in range(60))
    fine = sheet.compose([square(12)], WIDE)
    assert not fine.notes


def test_a_title_in_several_scripts_is_set_and_wrapped():
    figure = replace(square(6), title="தமிழ் and 中文 " * 12)
    drawn = sheet.compose([figure], Look(titles=True))
    assert "\n" in drawn.canvas.axes[0].get_title(loc="left") and not drawn.notes
    assert "தமிழ்" in spoken(sheet.pdf(drawn, {}))


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("🙂", "signs and emoji"),
        ("ᰀᰁᰂ", "Noto Sans Lepcha"),
        ("龘", "Noto Sans SC"),
        ("\U0001f1eb", "emoji"),
    ],
)
def test_a_missing_glyph_stops_the_export_and_names_the_font(label, said):
    for figure, look in (
        (square(3, (label, "b", "c")), Look()),
        (replace(square(3), title=label), Look(titles=True)),
    ):
        with pytest.raises(AnalysisError, match="nothing was written") as error:
            sheet.compose([figure], look)
        assert said in str(error.value) and f"U+{ord(label[0]):04X}" in str(error.value)
    assert sheet.compose([replace(square(3), title=label)], Look()), (
        "a title that is not printed stops nothing"
    )


def test_a_font_of_the_users_own_is_taken(tmp_path):
    from fontTools.ttLib import TTFont

    font = TTFont(fonts.FOLDER / "NotoSansTamil.ttf")
    for table in font["cmap"].tables:
        table.cmap = {0x1C03: next(iter(table.cmap.values()))}
    for record in font["name"].names:
        record.string = "Own Letters"
    font.save(tmp_path / "own.ttf")
    drawn = sheet.compose([square(3, ("ᰃ", "b", "c"))], Look(), tmp_path)
    assert (
        drawn.typefaces.names[-1] == "Own Letters"
        and drawn.typefaces.files[-1] == tmp_path / "own.ttf"
    )


def test_nothing_to_draw_and_impossible_looks_are_sentences():
    with pytest.raises(FigureError, match="Add to figures"):
        sheet.compose([], Look())
    with pytest.raises(AnalysisError, match="Did you mean “ACL, column”"):
        Look("ACL column")
    with pytest.raises(FigureError, match="3 to 60 cm"):
        Look(OWN, width=0.5)
    with pytest.raises(FigureError, match="3 to 40"):
        Look(text=200)


def test_the_same_figure_is_the_same_file():
    for write in sheet.FORMATS.values():
        assert write(composed("points"), {"Title": "t"}) == write(
            composed("points"), {"Title": "t"}
        )


def test_metadata_is_what_was_given_and_no_date():
    about = pypdf.PdfReader(
        io.BytesIO(
            sheet.pdf(composed("matrix"), {"Title": "One", "Subject": "study 1234"})
        )
    ).metadata
    assert dict(about) == {
        "/Title": "One",
        "/Subject": "study 1234",
        "/Creator": "Babelscope",
    }


def test_previews_show_what_others_see():
    seen = {
        name: imread(io.BytesIO(sight.preview(composed("diverging matrix"), name)))[
            ..., :3
        ]
        for name in SIGHTS
    }
    assert sight.MIXING.keys() == set(SIGHTS)
    assert (
        np.ptp(seen["greyscale"], axis=-1).max()
        < 0.01
        < np.ptp(seen["colour"], axis=-1).max()
    )
    assert np.abs(seen["deuteranopia"] - seen["colour"]).max() > 0.05
    light, dark = seen["greyscale"].max(), seen["greyscale"].min()
    assert light == 1 and dark < 0.3, "white stays white"


def test_every_typeface_is_truetype_and_has_its_licence():
    assert "SIL OPEN FONT LICENSE Version 1.1" in (fonts.FOLDER / "OFL.txt").read_text()
    for path in fonts.FOLDER.glob("*.ttf"):
        assert path.read_bytes()[:4] == b"\0\1\0\0", path.name
    assert fonts.typefaces(["aé ḻ ế ж Ω → − ≥ ‖", *OWN_NAMES]).names[0] == "Noto Sans"


def with_shares(percent: tuple[float, ...]) -> Figure:
    """A matrix with a bar of shares beside every row."""
    return replace(square(16), data=replace(square(16).data, shares=percent))


@pytest.mark.parametrize("largest", [89.7, 0.7])
def test_a_share_axis_has_ticks_and_leaves_the_axis_title_alone(largest):
    """Its title ends with it, so that it reaches under no other; no range is without a tick."""
    percent = tuple(np.linspace(largest / 2, largest, 16))
    figure = replace(with_shares(percent), x="target language of the vectors, in order")
    look = Look(OWN, width=6.5, text=8)
    drawn = sheet.compose([figure], look)
    assert not [pair for pair in overlaps(drawn.canvas) if "share, %" in pair]
    bars = next(axes for axes in drawn.canvas.axes[0].child_axes)
    low, high = sorted(bars.get_xlim())
    assert [tick for tick in bars.get_xticks() if low <= tick <= high]


def test_panels_stand_side_by_side_only_while_all_of_them_can_be_read():
    """By default no label is under six points where fewer panels in a row help."""
    figures = [square(20, tuple(f"language {i}" for i in range(20)))] * 3
    drawn = sheet.compose(figures, Look("ACL, full width"))
    assert drawn.smallest >= SMALLEST and drawn.readable
    forced = sheet.compose(figures, Look("ACL, full width", columns=3))
    assert forced.smallest < SMALLEST, "as many as are asked for"


def test_texts_that_lie_over_one_another_are_told():
    """The two texts are named, and what helps."""
    drawn = composed("points")
    axes = drawn.canvas.axes[0]
    assert not overlaps(drawn.canvas)
    axes.text(0.5, 0.5, "one over", transform=axes.transAxes)
    axes.text(0.5, 0.5, "the other", transform=axes.transAxes)
    found = overlaps(drawn.canvas)
    assert ("one over", "the other") in found
    assert "“one over” and “the other” lie over one another" in covered_words(found)


def test_names_of_points_leave_the_word_for_chance_alone():
    """A point at the chance level has its name beside it, not over “chance”."""
    names = tuple(f"name {number}" for number in range(6))
    across, up = np.linspace(0.7, 1, 6), np.full(6, 0.52)
    data = replace(spec("points").data, x=across, y=up, labels=names, groups=("a",) * 6)
    data = replace(data, low=None, high=None, line=None, named=True, chance=0.5)
    drawn = sheet.compose([replace(spec("points"), data=data)], Look("ACL, column"))
    assert not overlaps(drawn.canvas)


def test_strengths_stand_on_a_log_axis_with_a_place_for_none():
    """0 stands left of the weakest strength; on screen and on paper at one place."""
    x = np.array([0.0, 0.25, 1.0, 4.0])
    data = Lines((Series("following", x, x / 4),), logarithmic=True)
    figure = replace(spec("lines"), data=data)
    axes = sheet.compose([figure], WIDE).canvas.axes[0]
    assert axes.get_xscale() == "log"
    printed = axes.lines[0].get_xdata()
    shown = to_plotly.draw(figure, False)
    assert printed.tolist() == list(shown.data[0].x) == [0.125, 0.25, 1.0, 4.0]
    assert axes.get_xticklabels()[0].get_text() == "0" == shown.layout.xaxis.ticktext[0]
    assert shown.data[0].hovertext[0] == "0"


def test_costs_have_colours_of_their_own():
    """Nobody takes a cost for an effect, on screen or on paper."""
    effect = spec("matrix")
    effect = replace(effect, data=replace(effect.data, diverging=False, limits=(0, 1)))
    cost = replace(effect, data=replace(effect.data, costs=True))
    drawn = [meshes(sheet.compose([each], WIDE))[0] for each in (effect, cost)]
    assert drawn[0].cmap(0.9) != drawn[1].cmap(0.9)
    shown = [to_plotly.draw(each, False).data[0].colorscale for each in (effect, cost)]
    assert shown[0] != shown[1]
