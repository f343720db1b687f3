"""How far apart languages are: the distances of URIEL.

Littell et al. 2017, queried through lang2vec by Xu et al. (arXiv 2402.18120);
``data/README.md`` says how they were copied.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import unknown
from analysis.languages.languages import DATA, LANGUAGES, label

DISTANCES = ("genetic", "syntactic", "geographic", "phonological")


@dataclass(frozen=True)
class Missing:
    """Languages whose printed distances stand for missing data, and why they do."""

    codes: tuple[str, ...]
    reason: str


MISSING: Mapping[str, Missing] = {
    "geographic": Missing(
        ("zh",),
        "it was queried as a macro-language, which has no place on the map, and the file "
        "says 1 for every other language",
    ),
    "phonological": Missing(
        ("zh", "pt", "ta", "ny"),
        "URIEL has no phonological features of them, so the file says 0 among them and one "
        "constant profile to all others",
    ),
}
"""Kind of distance → what of it is missing."""


def distances(kind: str, masked: bool = True) -> xr.DataArray:
    """URIEL distances (source, target), 0 identical to 1 maximally distant.

    ``masked`` ones are NaN where they stand for missing data, which ``masked_note`` says;
    ``masked=False`` gives the numbers as printed. SpecError for a kind that is not in
    DISTANCES. Littell et al. 2017, through Xu et al. (arXiv 2402.18120), Section 4.3.2.
    """
    check_kind(kind)
    array = printed_distances(kind).copy()
    note = ""
    if masked:
        note = masked_note(kind)
        array = array.where(known_distances(kind))
    array.attrs = {
        "long_name": f"{kind} distance",
        "units": "URIEL distance, 0 to 1",
        "masked": note,
    }
    return array


def linguistic_similarity(kind: str, masked: bool = True) -> xr.DataArray:
    """Linguistic similarity (source, target), 1 identical to 0 maximally distant.

    It is one minus the distance (Xu et al.). SpecError for a kind that is not in DISTANCES.
    """
    distance = distances(kind, masked)
    attributes = {
        **distance.attrs,
        "long_name": f"{kind} similarity",
        "units": "1 − URIEL distance",
    }
    return (1 - distance).rename(f"{kind}_similarity").assign_attrs(attributes)


@cache
def printed_distances(kind: str) -> xr.DataArray:
    """Distances (source, target) as the file has them, over all of LANGUAGES.

    NaN for a language that the file does not have.
    """
    path = DATA / "distances" / f"{kind}.csv"
    # No code is taken for a missing value; only an empty cell is one.
    table = pd.read_csv(path, index_col=0, keep_default_na=False, na_values=[""])
    codes = list(LANGUAGES)
    values = table.reindex(index=codes, columns=codes).to_numpy(float)
    coords = {"source": codes, "target": codes}
    return xr.DataArray(values, coords, ("source", "target"), f"{kind}_distance")


def has_distances(code: str) -> bool:
    """Whether any distance to another language is known."""
    if code not in LANGUAGES:
        return False
    to_others = printed_distances(DISTANCES[0]).sel(source=code).drop_sel(target=code)
    return bool(to_others.notnull().any())


def known_distances(kind: str) -> np.ndarray:
    """Whether a printed distance (source, target) is one; each to itself always is."""
    lacking = np.zeros(len(LANGUAGES), bool)
    if kind in MISSING:
        lacking = np.isin(list(LANGUAGES), MISSING[kind].codes)
    either = lacking[:, None] | lacking[None]
    return ~either | np.eye(len(lacking), dtype=bool)


def masked_note(kind: str) -> str:
    """A sentence that says which cells of a kind of distance are masked and why."""
    check_kind(kind)
    if kind not in MISSING:
        return f"No {kind} distance is masked."
    missing = MISSING[kind]
    names = ", ".join(label(code) for code in missing.codes)
    return f"The {kind} distances of {names} are masked as missing: {missing.reason}."


def check_kind(kind: str) -> None:
    """SpecError for a kind of distance that is not in DISTANCES."""
    if kind not in DISTANCES:
        raise unknown("kind of distance", kind, DISTANCES)
