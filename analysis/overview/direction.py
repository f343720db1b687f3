"""Which way vectors carry over by pre-training share: from more text to less, or back."""

from dataclasses import dataclass

import xarray as xr

from analysis.concepts.triangle import Asymmetry, Triangle, asymmetry, triangle
from analysis.overview.shares import ShareOrder, in_order_of_share
from analysis.study.study import Study


@dataclass(frozen=True)
class Direction:
    """Transfer down an order of shares (above the diagonal) and up it (below)."""

    order: ShareOrder
    sides: Triangle
    tilt: Asymmetry

    @property
    def told(self) -> bool:
        """Whether there are languages and cells enough to speak of a direction."""
        cells = self.sides.above_cells and self.sides.below_cells
        return self.order.tells and bool(cells)


def direction(study: Study, matrix: xr.DataArray) -> Direction:
    """The two sides of a matrix of transfer (source, target; percentage points).

    Over the languages that ``in_order_of_share`` puts in order, which the order names.
    """
    ranked = in_order_of_share(study, matrix.source.values.tolist())
    sides = triangle(matrix, ranked.codes)
    return Direction(ranked, sides, asymmetry(matrix, ranked.codes))


def sides_words(found: Direction) -> str:
    """Both sides and their difference, as a clause."""
    sides, tilt = found.sides, found.tilt
    return (
        f"{sides.above} of {sides.above_cells} transfers down the order and "
        f"{sides.below} of {sides.below_cells} up it lose nothing; the means are "
        f"{sides.mean_above:+z.2f} and {sides.mean_below:+z.2f} percentage points "
        f"(difference {tilt.index:+z.2f}, permutation p = {tilt.p:z.3f} over "
        f"{tilt.languages} languages)"
    )
