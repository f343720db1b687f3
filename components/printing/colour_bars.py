"""Colour bars of a sheet, all vector: one for all panels of one scale, else one each."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure as Canvas

from components.figures.spec import Figure, Matrix
from components.printing.fonts import Typefaces
from components.printing.places import INK, Panel
from components.printing.venues import CM, Look

NARROWEST = 4.4 * CM
"""Points under which panels are put below each other."""
AT_THE_FOOT = {"location": "bottom", "fraction": 0.04, "aspect": 35}
BESIDE = {"fraction": 0.05, "aspect": 18}


class Scale(NamedTuple):
    """What panels under one colour bar share; ``panel`` where they share nothing."""

    units: str
    diverging: bool
    limits: tuple[float, float]
    panel: int = -1


def add_colour_bars(
    canvas: Canvas,
    panels: list[Panel],
    figures: Sequence[Figure],
    look: Look,
    typefaces: Typefaces,
) -> None:
    """A bar per scale; at the foot where the sheet is narrow."""
    narrow = look.size.width * CM < 2 * NARROWEST * look.size.text / 8
    where = AT_THE_FOOT if narrow else BESIDE
    for scale, members in panels_by_scale(panels, figures, look.shared).items():
        axes = [panel.axes for panel in members]
        bar = canvas.colorbar(members[0].colours, ax=axes, pad=0.01, **where)  # pyright: ignore[reportArgumentType]
        bar.solids.set(rasterized=False, edgecolor="face")  # pyright: ignore[reportOptionalMemberAccess]
        bar.outline.set_visible(False)
        font = {"fontfamily": typefaces.names, "fontsize": look.size.text}
        bar.set_label(scale.units, color=INK, **font)
        bar.ax.tick_params(
            labelfontfamily=typefaces.names,
            labelsize=look.small,
            width=0.5,
            length=2,
            labelcolor=INK,
        )


def panels_by_scale(
    panels: list[Panel], figures: Sequence[Figure], shared: bool
) -> dict[Scale, list[Panel]]:
    """Panels with colours, grouped by their scale, or each for itself."""
    groups: dict[Scale, list[Panel]] = {}
    for number, (panel, figure) in enumerate(zip(panels, figures)):
        data = figure.data
        if panel.colours is None or not isinstance(data, Matrix):
            continue
        place = -1 if shared else number
        scale = Scale(data.units, data.diverging, data.limits, place)
        groups.setdefault(scale, []).append(panel)
    return groups
