"""Where languages stand by their share of pre-training, all of them within sight.

Shares span five powers of ten, of which English often has one for itself. Shares stand
on a logarithmic axis; where nobody stands for more than a power of ten, it is broken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.study.study import Study
from components.figures.languages import Languages, share_table, shares

IN_ORDER = "languages in order"
ORDER_NOTE = (
    " The shares are not public; the horizontal order is the authors' own, "
    "and distances on it mean nothing."
)
BROKEN_NOTE = " The axis is broken where there is no language over a power of ten."
NOT_KNOWN = "not known"
LONGEST_GAP, BREAK = 1.0, 0.5
"""Powers of ten that may be empty, and how wide a break is instead."""
STEPS = (1, 2, 5)
CLOSE = 0.1
"""Share of the axis below which two ticks would touch."""
STRIP = 0.06
"""Share of the axis between two languages whose share is not known."""


@dataclass(frozen=True)
class ShareAxis:
    """Where languages stand by their share of pre-training (percent, NaN unknown)."""

    shares: np.ndarray
    places: np.ndarray
    title: str
    note: str = ""
    ticks: tuple[float, ...] = ()
    tick_words: tuple[str, ...] = ()

    @property
    def is_order(self) -> bool:
        """Whether places are only an order."""
        return self.title == IN_ORDER


def share_axis(study: Study, languages: Languages) -> ShareAxis:
    """Shares where they are known; else the languages side by side."""
    table = share_table(study)
    percent = shares(study, languages.codes)
    side_by_side = np.arange(len(languages), dtype=float)
    if table.order_only:
        return ShareAxis(percent, side_by_side, IN_ORDER, ORDER_NOTE)
    if not np.isfinite(percent).any():
        return ShareAxis(percent, side_by_side, IN_ORDER)
    return placed(percent, languages.names, f"share of pre-training, % ({table.name})")


def placed(percent: np.ndarray, names: Sequence[str], title: str) -> ShareAxis:
    """Languages on an axis of shares, those without one at its left."""
    known = np.isfinite(percent)
    order = np.sort(np.log10(percent[known]))
    kept = folded(order, order)
    width = max(float(kept[-1] - kept[0]), 0.5)
    places = np.empty(len(percent))
    places[known] = folded(np.log10(percent[known]), order)
    said = shares_said(order, width)
    note = BROKEN_NOTE if (np.diff(order) > LONGEST_GAP).any() else ""
    missing = np.flatnonzero(~known)
    if missing.size:
        steps = np.arange(missing.size) + 2
        places[missing] = kept[0] - width * STRIP * steps
        said[float(places[missing].mean())] = NOT_KNOWN
        nameless = ", ".join(names[place] for place in missing.tolist())
        note += f" At the left, apart: no share is known for {nameless}."
    return ShareAxis(percent, places, title, note, tuple(said), tuple(said.values()))


def shares_said(order: np.ndarray, width: float) -> dict[float, str]:
    """Place on the axis → the share that is written there."""
    ticks = tick_places(order, width)
    places = folded(np.log10(np.array(ticks, dtype=float)), order)
    return {float(at): f"{share:g}" for at, share in zip(places, ticks)}


def folded(places: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Places (log share) on the axis from which long gaps of ``order`` are cut."""
    gaps = np.diff(order)
    cut = np.where(gaps > LONGEST_GAP, gaps - BREAK, 0.0)
    before = places[:, None] >= order[None, 1:] - 1e-9
    return places - (before * cut).sum(1)


def tick_places(order: np.ndarray, width: float) -> list[float]:
    """Round shares between languages, and the share of one that stands alone."""
    found = []
    ends = np.flatnonzero(np.diff(order) > LONGEST_GAP) + 1
    for part in np.split(order, ends):
        inside = round_shares(float(part[0]), float(part[-1]))
        if not inside:
            inside = [float(f"{10 ** part[-1]:.2g}")]
        apart: list[float] = []
        for each in inside:
            if not apart or np.log10(each / apart[-1]) >= CLOSE * width:
                apart.append(each)
        found += apart
    return found


def round_shares(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between two ends (log share)."""
    found = []
    for power in range(int(np.floor(low)), int(np.ceil(high)) + 1):
        for step in STEPS:
            share = float(f"{step}e{power}")
            if low - 1e-9 <= np.log10(share) <= high + 1e-9:
                found.append(share)
    return found
