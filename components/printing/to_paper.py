"""Figure spec → Matplotlib, for print: one function per kind of figure."""

from collections.abc import Callable

from analysis.core.errors import FigureError
from components.figures.spec import (
    Arrows,
    Bars,
    Cloud,
    Dumbbells,
    Figure,
    Lines,
    Matrix,
    Points,
    Tree,
)
from components.printing.arrows import arrows
from components.printing.bars import bars, dumbbells
from components.printing.clouds import cloud
from components.printing.curves import lines, points, tree
from components.printing.heat import matrix
from components.printing.places import INK, Panel, Place, dress


def draw(figure: Figure, place: Place) -> Panel:
    """One figure into its place; FigureError for a kind that has no printed form."""
    kind = DRAW.get(type(figure.data))
    if kind is None:
        raise FigureError(
            f"Figures of kind “{type(figure.data).__name__}” cannot be printed yet; "
            "use the quick image of the screen."
        )
    panel = kind(figure, figure.data, place)
    title = panel.axes.get_xlabel() or figure.x
    panel.axes.set_xlabel(title, **place.font(), color=INK)
    dress(panel.axes, place)
    return panel


DRAW: dict[type, Callable[..., Panel]] = {
    Matrix: matrix,
    Lines: lines,
    Points: points,
    Bars: bars,
    Dumbbells: dumbbells,
    Tree: tree,
    Cloud: cloud,
    Arrows: arrows,
}
"""Kind of figure → the function that draws it (figure, its data, place)."""
