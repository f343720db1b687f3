"""Figure spec → Matplotlib, for print. One function per kind of figure."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import Bbox, ScaledTranslation
from scipy.cluster.hierarchy import dendrogram

from analysis.errors import FigureError
from components.figures import MARKERS, OKABE_ITO, Figure, Lines, Matrix, Points, Tree
from components.printing.heat import matrix
from components.printing.places import FAINT, GREY, INK, LINE, Panel, Place, dress, fit_labels, plain_number

SIDES = ((0, 1), (1, 0), (-1, 0), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
SPOTS = [(far * across, far * up) for far in (3, 9, 16, 24, 33, 43, 54) for across, up in SIDES]
"""Where a label may be, in points from its point."""
ALIGN = {-1: ("right", "top"), 0: ("center", "center"), 1: ("left", "bottom")}
LEADER = {"arrowstyle": "-", "linewidth": LINE, "color": GREY, "shrinkA": 0, "shrinkB": 2}
SYMBOLS = dict(zip(MARKERS, ("o", "s", "D", "^", "X", "P", "*", "v")))


def draw(figure: Figure, place: Place) -> Panel:
    """One figure into its place; FigureError for a kind that has no printed form."""
    kind = DRAW.get(type(figure.data))
    if kind is None:
        raise FigureError(
            f"Figures of kind “{type(figure.data).__name__}” cannot be printed yet; use the quick image of the screen."
        )
    panel = kind(figure, place)
    panel.axes.set_xlabel(figure.x, **place.font(), color=INK)
    dress(panel.axes, place)
    return panel


def lines(figure: Figure, place: Place) -> Panel:
    """Curves with bands."""
    data: Lines = figure.data
    axes = place.canvas.add_subplot(place.spot)
    for i, series in enumerate(data.series):
        colour, marker = OKABE_ITO[i % len(OKABE_ITO)], SYMBOLS[MARKERS[i % len(MARKERS)]]
        if series.low is not None:
            axes.fill_between(series.x, series.low, series.high, color=pale(colour), linewidth=0, zorder=1)
        axes.plot(
            series.x, series.y, label=series.label, color=colour, marker=marker, linewidth=1, markersize=3,
            linestyle="--" if series.dashed or i >= len(OKABE_ITO) else "-", markevery=max(1, len(series.x) // 8), zorder=2,
        )  # fmt: skip
    reference(axes, data.chance, place)
    if data.mark is not None:
        axes.axvline(data.mark, color=GREY, linewidth=LINE, linestyle=":")
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.set_ylim(data.limits)
    frame(axes)
    legend(axes, place)
    return Panel(axes, lambda width: 0.6 * width)


def points(figure: Figure, place: Place) -> Panel:
    """A scatter plot, one colour and marker per group."""
    data: Points = figure.data
    axes = place.canvas.add_subplot(place.spot)
    groups = np.array(data.groups)
    for i, group in enumerate(dict.fromkeys(data.groups)):
        here = (groups == group) & np.isfinite(data.x) & np.isfinite(data.y)
        low, high = (data.y, data.y) if data.low is None else (data.low, data.high)
        if data.low is not None:
            axes.vlines(data.x[here], low[here], high[here], color=OKABE_ITO[i % 8], linewidth=LINE)
        axes.scatter(
            data.x[here], data.y[here], s=12, color=OKABE_ITO[i % 8], marker=SYMBOLS[MARKERS[i % 8]], label=group, linewidth=0
        )
    if data.line and len(data.x):
        ends = np.array([np.nanmin(data.x), np.nanmax(data.x)])
        axes.plot(ends, data.line[0] * ends + data.line[1], color=GREY, linewidth=1, linestyle="--", label="least squares")
    if data.log_x:
        axes.set_xscale("log")
        axes.xaxis.set(major_formatter=FuncFormatter(plain_number), minor_formatter=NullFormatter())
    reference(axes, data.chance, place)
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    axes.margins(0.08)
    frame(axes)
    legend(axes, place)
    return Panel(axes, lambda width: 0.75 * width, finish=lambda *_: name_points(axes, data, place) if data.named else None)


def name_points(axes: Axes, data: Points, place: Place) -> None:
    """A label beside every point, at the nearest spot where it covers neither label nor point; a line leads to far ones."""
    dot, inside = place.canvas.dpi / 72, axes.get_window_extent()
    known = [i for i in range(len(data.x)) if np.isfinite([data.x[i], data.y[i]]).all()]
    spots = axes.transData.transform([(data.x[i], data.y[i]) for i in known]) if known else []
    taken = [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in spots]
    for i, (x, y) in zip(known, spots):
        size = np.array([place.measure((data.labels[i],)), 1.1 * place.look.small]) * dot
        boxes = [(offset, around(x + offset[0] * dot, y + offset[1] * dot, offset, size)) for offset in SPOTS]
        free = [found for found in boxes if not any(found[1].overlaps(other) for other in taken) and within(inside, found[1])]
        (across, up), box = (free or boxes)[0]
        axes.annotate(
            data.labels[i], (data.x[i], data.y[i]), (across, up), textcoords="offset points", in_layout=False, color=INK,
            ha=ALIGN[np.sign(across)][0], va=ALIGN[np.sign(up)][1], **place.font(True),
            arrowprops=LEADER if max(abs(across), abs(up)) > 4 else None,
        )  # fmt: skip
        taken.append(box)


def around(x: float, y: float, offset: tuple[int, int], size: np.ndarray) -> Bbox:
    """The box of a text that lies on this side of its point."""
    return Bbox.from_bounds(*((x, y) + size * (np.sign(offset) - 1) / 2), *size)


def within(outer: Bbox, inner: Bbox) -> bool:
    """Whether a box lies inside another."""
    return outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1


def tree(figure: Figure, place: Place) -> Panel:
    """A dendrogram."""
    data: Tree = figure.data
    drawn = dendrogram(data.linkage, labels=list(data.labels), no_plot=True)
    axes = place.canvas.add_subplot(place.spot)
    branches = [list(zip(x, y)) for x, y in zip(drawn["icoord"], drawn["dcoord"])]
    axes.add_collection(LineCollection(branches, colors=OKABE_ITO[0], linewidths=1))
    leaves = len(drawn["ivl"])
    axes.set(xlim=(0, 10 * leaves), ylim=(0, 1.05 * data.linkage[:, 2].max()), xticks=[5 + 10 * i for i in range(leaves)])
    axes.set_xticklabels(drawn["ivl"])
    axes.set_ylabel(figure.y, **place.font(), color=INK)
    frame(axes)
    panel = Panel(axes, lambda width: 0.5 * width)
    panel.fit = lambda width, height: fit_labels(panel, axes, place, (width / leaves, place.look.small * 2))
    return panel


def reference(axes: Axes, chance: float | None, place: Place) -> None:
    """The chance level as a dotted line with its name."""
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=LINE, linestyle=":")
        axes.annotate(
            "chance", (1, chance), (-2, 1.5), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
            va="bottom", in_layout=False, color=GREY, **place.font(True),
        )  # fmt: skip


def frame(axes: Axes) -> None:
    """Two open sides and a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=FAINT, linewidth=LINE)
    axes.set_axisbelow(True)


def legend(axes: Axes, place: Place) -> None:
    """Names of several curves or groups under the axes' title, in as many columns as fit."""
    names = axes.get_legend_handles_labels()[1]
    if len(names) < 2:
        return
    below = ScaledTranslation(0, -(place.look.small + place.look.size.text + 15) / 72, place.canvas.dpi_scale_trans)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=axes.transAxes + below, frameon=False, handlelength=2,
        ncols=max(1, min(len(names), int(place.width // (place.measure(tuple(names)) + 26)))), columnspacing=1, borderaxespad=0,
        prop={"family": place.typefaces.names, "size": place.look.small}, labelcolor=INK,
    )  # fmt: skip


def pale(colour: str) -> tuple[float, ...]:
    """A colour mixed with white, as the bands of the screen look on white."""
    return tuple(1 - 0.18 * (1 - int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))


DRAW: dict[type, Callable[[Figure, Place], Panel]] = {Matrix: matrix, Lines: lines, Points: points, Tree: tree}
