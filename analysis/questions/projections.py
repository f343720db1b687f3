"""Pictures of vectors and items in two or three dimensions: PCA over layers, and UMAP
or classical MDS of one layer on demand.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.similarity import length
from analysis.core.errors import SpecError, StudyError, unknown
from analysis.core.manifold import umap_places
from analysis.core.projection import axes_by_gram, leading_axes, principal_components
from analysis.core.specs import check, check_at_least, check_layer
from analysis.questions.geometry import (
    KINDS_OF_ITEMS,
    labelled_set,
    means_english,
    prompts,
    stack,
)
from analysis.study.study import Study

BASES = ("per layer", "shared over layers")
JUMP = 0.5
"""A step of the picture, in sizes of the cloud, that a reader would see as a jump."""
HOLD = 0.1
"""Weight of the picture before, as a share of a layer's variance.

For states of ten languages in a model of 32 layers the largest step of the picture falls
from 0.56 sizes of the cloud to 0.24, where the cloud itself moves 0.22; the axes miss at
most 2 % of the variance that the largest components explain.
"""
FLAT = 1e-6
"""An axis that is shorter than this share of the longest is no direction."""
SHOWN = ("means", "vectors", "items")
BEFORE_UMAP = 50


@dataclass(frozen=True)
class Cloud:
    """Points (point, layer, hidden) with their language and kind; a point that a layer
    lacks is NaN.
    """

    values: np.ndarray
    languages: tuple[str, ...]
    kinds: tuple[str, ...]


def what_can_be_shown(study: Study) -> tuple[str, ...]:
    """Those of SHOWN that a study has."""
    has = {
        "vectors": study.has("english_vector")
        or study.has("local_vector")
        or study.has("mean_state"),
        "items": study.has("item_state"),
        "means": study.has("mean_state"),
    }
    return tuple(name for name in SHOWN if has[name])


def cloud(study: Study, what: str) -> Cloud:
    """Points of one of SHOWN; missing ones are left out.

    SpecError for another, StudyError where the study has none.
    """
    check("picture", what, SHOWN)
    if what not in what_can_be_shown(study):
        raise StudyError(
            f"“{study.title}” has no {what} to show; it has "
            f"{', '.join(what_can_be_shown(study)) or 'none'}."
        )
    if what == "items":
        return cloud_of_items(study)
    points, codes, kinds = [], [], []
    for kind, vectors in parts_of_cloud(study, what).items():
        for code, vector in zip(study.languages, vectors):
            if np.isfinite(vector).all():
                points.append(vector)
                codes.append(code)
                kinds.append(kind)
    return Cloud(np.array(points), tuple(codes), tuple(kinds))


def cloud_of_items(study: Study) -> Cloud:
    """The states of universal and culture questions that were asked."""
    kinds, _ = prompts(study)
    chosen = np.isin(kinds, KINDS_OF_ITEMS)
    values = np.asarray(study.array("item_state").values[:, chosen], np.float32)
    there = study.array("item_part").values[:, chosen] > 0
    names = np.broadcast_to(kinds[chosen], there.shape)[there]
    codes = np.repeat(study.languages, there.sum(1))
    return Cloud(values[there], tuple(codes.tolist()), tuple(names.tolist()))


def parts_of_cloud(study: Study, what: str) -> dict[str, np.ndarray]:
    """Kind → one point a language (language, layer, hidden), NaN where there is none."""
    if what == "means":
        return {"mean state": stack(study, "mean_state")}
    if study.has("mean_state"):
        return {"English": means_english(study)}
    arrays = {"English": "english_vector", "local": "local_vector"}
    parts = {}
    for name, array in arrays.items():
        if study.has(array):
            parts[name] = stack(study, array)
    return parts


def pca(
    study: Study, what: str = "vectors", basis: str = "per layer", dims: int = 2
) -> xr.Dataset:
    """Principal components (point, layer, axis) of one of SHOWN and the share of
    variance (layer, axis) that each explains.

    ``per layer``: the plane of each layer's own points, turned towards the layer before
    (orthogonal Procrustes), since neither signs nor the order of axes of like variance
    mean anything; the axis that explains most, as a mean over layers, is the first at
    all of them. Where a component that is shown and one that is not are about as
    large, the plane nearer to that of the layer before is taken. ``largest`` (layer) is
    the share of variance of the largest components, which the axes may miss a little.
    ``swaps`` lists layers whose plane is another one than that of the layer before
    although the points hardly moved.
    ``shared over layers``: one set of axes for all layers, each layer centred and
    scaled to the same mean length, because states
    grow with depth. A layer whose points are all the same has no axes: zero and NaN.
    SpecError for an unknown choice or fewer
    points than three.
    """
    check("basis", basis, BASES)
    check_at_least("The number of axes", dims, 1)
    points = cloud(study, what)
    if len(points.values) < 3:
        raise SpecError(
            "A picture needs at least three points; there are "
            f"{len(points.values)}. Choose another, or more languages."
        )
    values = points.values - points.values.mean(0)
    scale = np.sqrt((length(values) ** 2).mean(0))
    values = values / np.where(scale > 0, scale, 1)[:, None]
    axes = axes_per_layer if basis == BASES[0] else shared_axes
    scores, explained, largest = axes(values, dims)
    swaps = layers_with_swaps(values, scores) if basis == BASES[0] else ()
    found = projected(study, points, scores, explained).assign_attrs(
        what=what, basis=basis, method="PCA", swaps=swaps
    )
    return found.assign(largest=("shown", largest))


class Projection(NamedTuple):
    """Scores (point, layer, axis) and shares of variance (layer, axis).

    ``largest`` (layer) is what the largest components of a layer explain together; NaN
    where they were not looked for.
    """

    scores: np.ndarray
    explained: np.ndarray
    largest: np.ndarray


def axes_per_layer(values: np.ndarray, dims: int) -> Projection:
    """Each layer's own plane, turned towards that of the last layer with variance."""
    layers = values.shape[1]
    scores = np.zeros((len(values), layers, dims), np.float32)
    explained = np.full((layers, dims), np.nan)
    largest = np.full(layers, np.nan)
    before = None
    for layer in range(layers):
        points = values[:, layer]
        found, shares = principal_components(points, dims)
        largest[layer] = shares.sum()
        if not np.isfinite(shares).all():
            continue
        if before is not None:
            near = on_plane_near(points, before, dims)
            found = near @ nearest_rotation(near, before)
        explained[layer] = (found**2).sum(0) / (points**2).sum()
        scores[:, layer] = found
        before = found
    order = by_share(explained)
    return Projection(scores[..., order], explained[:, order], largest)


def by_share(explained: np.ndarray) -> np.ndarray:
    """The order of axes (layer, axis) in which the first explains most.

    Turning keeps axes over layers, whatever each explains at which; their order is that
    of the sum over layers, and one for all.
    """
    known = np.isfinite(explained).all(1)
    means = explained[known].sum(0)
    return np.argsort(-means, kind="stable")


def on_plane_near(points: np.ndarray, before: np.ndarray, dims: int) -> np.ndarray:
    """Points (point, hidden) on a plane of much variance near the picture before.

    That of the largest components of the points beside their places in that picture,
    which weigh HOLD as much as the points.
    """
    size = np.sqrt((points**2).sum())
    patterns, sizes, _ = np.linalg.svd(before, full_matrices=False)
    picture = patterns[:, sizes > FLAT * sizes[0]]
    both = np.hstack([points / size, np.sqrt(HOLD) * picture])
    held, _ = principal_components(both, dims)
    plane, _ = np.linalg.qr(points.T @ held)
    return points @ plane


def nearest_rotation(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The orthogonal (axis, axis) that brings points (point, axis) nearest to others.

    Orthogonal Procrustes, Schönemann 1966.
    """
    left, _, right = np.linalg.svd(points.T @ target)
    return left @ right


def layers_with_swaps(values: np.ndarray, scores: np.ndarray) -> tuple[int, ...]:
    """Layers (from 1) at which the picture jumps although the cloud does not.

    Both steps are root mean squares over points in units of the cloud's size; that of
    the cloud is taken after its own best rotation, since a picture shows none.
    """
    found = []
    for layer in range(1, values.shape[1]):
        shown = scores[:, layer] - scores[:, layer - 1]
        seen = np.sqrt((shown**2).sum() / len(values))
        if seen > JUMP and seen > 2 * step_of_cloud(values, layer):
            found.append(layer + 1)
    return tuple(found)


def step_of_cloud(values: np.ndarray, layer: int) -> float:
    """How far points move from the layer before to this one after the best rotation."""
    here = gram_roots(values[:, layer])
    before = gram_roots(values[:, layer - 1])
    moved = here @ nearest_rotation(here, before) - before
    return float(np.sqrt((moved**2).sum() / len(values)))


def gram_roots(points: np.ndarray) -> np.ndarray:
    """The same points on at most as many axes as there are points."""
    found, _ = principal_components(points, min(points.shape))
    return found


def shared_axes(values: np.ndarray, dims: int) -> Projection:
    """One set of axes for all layers."""
    flat = values.reshape(-1, values.shape[-1])
    if flat.shape[1] <= flat.shape[0]:
        axes, _ = leading_axes(flat.T @ flat, dims)
    else:
        axes, _ = axes_by_gram(flat, dims)
    scores = (flat @ axes).reshape(*values.shape[:2], dims).astype(np.float32)
    total = (values**2).sum((0, 2))
    explained = (scores**2).sum(0) / np.where(total > 0, total, np.nan)[:, None]
    return Projection(scores, explained, np.full(len(explained), np.nan))


def mds(study: Study, what: str, layer: int, dims: int = 2) -> xr.Dataset:
    """Classical MDS (point, axis) of 1 − cosine at one layer, with the share of its
    inertia that each axis shows.

    Unlike PCA it looks at directions only, not at lengths (Torgerson 1952). Errors as
    in ``pca``; SpecError for an unknown layer.
    """
    points, values = at_layer(study, what, layer)
    unit = values / np.maximum(length(values), 1e-12)[:, None]
    squared = 2 * (1 - unit @ unit.T)
    middle = squared - squared.mean(0) - squared.mean(1)[:, None] + squared.mean()
    vectors, spread = leading_axes(-middle / 2, dims)
    total = np.trace(-middle / 2)
    explained = spread / total if total > 1e-12 else np.full(dims, np.nan)
    return projected(
        study, points, (vectors * np.sqrt(spread))[:, None], explained[None], layer
    ).assign_attrs(what=what, method="classical MDS of 1 − cosine")


def umap(
    study: Study, what: str, layer: int, dims: int = 2, seed: int = 0
) -> xr.Dataset:
    """UMAP (point, axis) at one layer, seeded, after PCA to 50 dimensions; axes and
    distances between groups mean nothing.

    Errors as in ``mds``. The first one in a process takes about ten seconds longer.
    McInnes et al. 2018.
    """
    points, values = at_layer(study, what, layer)
    reduced, _ = principal_components(
        values - values.mean(0), min(BEFORE_UMAP, *values.shape)
    )
    placed = umap_places(reduced, dims, seed)
    return projected(
        study, points, placed[:, None], np.full((1, dims), np.nan), layer
    ).assign_attrs(what=what, method="UMAP")


class AtLayer(NamedTuple):
    """Points, and their values at one layer."""

    points: Cloud
    values: np.ndarray


def at_layer(study: Study, what: str, layer: int) -> AtLayer:
    """Points of one layer; SpecError for an unknown layer or too few points."""
    points = cloud(study, what)
    check_layer(layer, range(1, study.layers + 1))
    if len(points.values) < 4:
        raise SpecError(
            f"This picture needs at least four points; there are {len(points.values)}."
        )
    return AtLayer(points, points.values[:, layer - 1])


METHODS = {"UMAP": umap, "classical MDS": mds}
"""What can be asked for besides PCA, for one layer."""


def elsewhere(
    study: Study, method: str, what: str, layer: int, dims: int = 2
) -> xr.Dataset:
    """One of METHODS; SpecError for another."""
    if method not in METHODS:
        raise unknown("picture", method, METHODS)
    check_at_least("The number of axes", dims, 1)
    return METHODS[method](study, what, layer, dims)


def projected(
    study: Study,
    points: Cloud,
    scores: np.ndarray,
    explained: np.ndarray,
    layer: int | None = None,
) -> xr.Dataset:
    """Coordinates with their labels."""
    made = labelled_set(
        study,
        {
            "place": (("point", "shown", "axis"), np.asarray(scores, np.float32)),
            "explained": (("shown", "axis"), explained),
        },
    )
    layers = range(1, study.layers + 1) if layer is None else [layer]
    return made.assign_coords(
        shown=list(layers),
        language=("point", list(points.languages)),
        kind=("point", list(points.kinds)),
    )
