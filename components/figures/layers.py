"""Layers: where does it live? Pictures of points in two or three dimensions."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.questions.projections import BASES
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import Cloud, Figure
from components.figures.text import source_note

PICTURES = {
    "vectors": "English and local vectors",
    "items": "the questions themselves",
    "means": "mean states of the languages",
}
"""What is shown → what it is called."""
SHARED_MEAN = (
    "All English vectors hold the same mean of English, so even those of unrelated "
    "languages have a cosine near 0.5, not near 0."
)
NO_TEST = "Positions carry no test."
TESTED_BELOW = "Positions carry no test; the bands of the curves below do."


def picture(
    study: Study,
    data: xr.Dataset,
    languages: Languages,
    what: str,
    layer: int,
    grid: bool = False,
) -> Figure:
    """A projection as a cloud that begins at a layer; ``grid``: all layers at once."""
    frames = tuple(map(str, data["shown"].values))
    # A picture of one layer has no frame of another.
    here = frames.index(str(layer)) if str(layer) in frames else 0
    cloud = Cloud(
        data["place"].transpose("shown", "point", "axis").values,
        labels=names_of_points(data, languages),
        groups=names_of_points(data, languages),
        kinds=tuple(data["kind"].values.tolist()),
        frames=frames,
        start=here,
        explained=data["explained"].values,
        # Every question with its language's name would hide the points.
        named=what != "items",
        grid=grid,
    )
    method = data.attrs["method"]
    all_layers, spread = ("grid-", ", all layers") if grid else ("", "")
    return Figure(
        name=f"layers-{what}-{all_layers}{method.split()[0]}-{study.name}",
        analysis="pca" if method == "PCA" else "elsewhere",
        title=f"{method} of {PICTURES[what]}{spread}",
        seen=seen_in(what, method),
        caption=f"{points_shown(data, frames)}{variance(data, frames, here)}"
        f"{swap_note(data)}{flat_layers(data, frames)}{test_note(study, what)}",
        data=cloud,
        table=point_table(data),
        source=source_note(study, "english_vector"),
    )


def seen_in(what: str, method: str) -> str:
    """What a picture shows, in a sentence."""
    near = "Points that are near each other are alike"
    if method == "UMAP":
        near = "Groups count, distances do not"
    colours = "a colour is a language"
    if what == "vectors":
        colours = "filled points are English vectors, open ones local vectors"
    return f"{near}; {colours}. Names without room are on hover."


def names_of_points(data: xr.Dataset, languages: Languages) -> tuple[str, ...]:
    """What the language of every point is called."""
    return tuple(languages.name(code) for code in data["language"].values)


def points_shown(data: xr.Dataset, frames: tuple[str, ...]) -> str:
    """How many points of which kind, on which axes and in which shapes."""
    kinds = data["kind"].values.tolist()
    first, *others = dict.fromkeys(kinds)
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in (first, *others))
    where = f"layer {frames[0]}"
    if data.attrs["method"] == "PCA":
        basis = data.attrs.get("basis")
        where = f"every layer on the same scale, axes {basis}{turned(data)}"
    shapes = ""
    if others:
        shapes = f"Filled: {first}; open: {', '.join(others)}. "
    return f"{counts}; {where}. {shapes}"


def turned(data: xr.Dataset) -> str:
    """That axes per layer follow those of the layer before."""
    if data.attrs.get("basis") != BASES[0] or data.sizes["shown"] < 2:
        return ""
    return ", turned towards those of the layer before (orthogonal Procrustes on the points)"


def variance(data: xr.Dataset, frames: tuple[str, ...], here: int) -> str:
    """What the axes explain at a layer, where that is known."""
    shares = data["explained"].values[here]
    if not np.isfinite(shares).any():
        return ""
    percent = " and ".join(f"{100 * share:.0f} %" for share in shares)
    most = ""
    if data.attrs.get("basis") == BASES[0]:
        largest = 100 * float(data["largest"].values[here])
        most = f" (the largest components: {largest:.0f} % together)"
    return f"At layer {frames[here]} the axes explain {percent} of the variance{most}. "


def swap_note(data: xr.Dataset) -> str:
    """Where a component changed places with one that is not shown."""
    swaps = data.attrs.get("swaps", ())
    if not swaps:
        return ""
    named = ", ".join(map(str, swaps))
    return (
        f"At layer {named} a component changes places with one that is not shown: the "
        "picture jumps, the points hardly move; shared axes do not. "
    )


def flat_layers(data: xr.Dataset, frames: tuple[str, ...]) -> str:
    """Layers at which all points are one; UMAP does not tell."""
    if data.attrs["method"] == "UMAP":
        return ""
    flat = []
    for frame, shares in zip(frames, data["explained"].values):
        if not np.isfinite(shares).any():
            flat.append(frame)
    if not flat:
        return ""
    return f"Layers without any variance have all points at zero: {', '.join(flat)}. "


def test_note(study: Study, what: str) -> str:
    """That positions are not tested; imported means have no items to test with."""
    if not study.has("mean_state"):
        return TESTED_BELOW
    if what == "vectors":
        return f"{NO_TEST} {SHARED_MEAN}"
    return NO_TEST


def point_table(data: xr.Dataset) -> pd.DataFrame:
    """One row per point and layer."""
    place = data["place"].transpose("point", "shown", "axis").values
    points, layers, dims = place.shape
    axes = [f"axis {number}" for number in range(1, dims + 1)]
    labels = {
        "language": np.repeat(data["language"].values, layers),
        "kind": np.repeat(data["kind"].values, layers),
        "layer": np.tile(data["shown"].values, points),
    }
    places = pd.DataFrame(place.reshape(-1, dims).round(4), columns=axes)
    return pd.concat([pd.DataFrame(labels), places], axis=1)
