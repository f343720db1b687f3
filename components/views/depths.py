"""Layers, its curves over depth: angles, lengths, separation, agreement, logit lens."""

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.errors import AnalysisError
from analysis.measures import geometry
from analysis.statistics import mean_known
from analysis.studies import library
from analysis.studies.study import Study
from components import cache, controls, links, panel
from components.figures import Figure, Lines, Matrix, Series
from components.shell import source_note, titles
from components.text import escape

NONE = "no other study"
VERSIONS = "\n\n".join(f"{name}: {what}" for name, what in geometry.VERSIONS.items())
MEANS = (
    "Mean states have no items: an English vector is the mean state of English minus that of the language; local vectors, bands of "
    "shuffled labels, separation and the logit lens need questions (below)."
)


def curves(study: Study, layer: int) -> None:
    """Every curve that the study has the arrays for; what it lacks is said."""
    if study.has("mean_state"):
        st.subheader("How long are English vectors, and do languages agree?", anchor=False)
        st.caption(MEANS)
        said(study, layer, length_figure)
        said(study, layer, agreement_map)
        return
    st.subheader("How far apart are English and local steering?", anchor=False)
    said(study, layer, angle_figures)
    st.subheader("How long are they, and do languages agree?", anchor=False)
    left, right = st.columns(2)
    with left:
        said(study, layer, length_figure)
    with right:
        said(study, layer, agreement_figure)
    said(study, layer, agreement_map)
    st.subheader("Do questions merge across languages?", anchor=False)
    centred = study.has("item_state") and links.switch("Take each language's mean away first", "centred")
    left, right = st.columns(2)
    with left:
        said(study, layer, lambda study, layer: separation_figure(study, layer, centred))
    with right:
        said(study, layer, parallel_figure)
    said(study, layer, lens_figure)


def said(study: Study, layer: int, draw: object) -> None:
    """Draw figures, or say what is missing for them."""
    try:
        for figure in draw(study, layer):
            panel.show(figure)
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/info:")


def depth(study: Study) -> np.ndarray:
    """Relative depth of every layer."""
    return np.array([study.depth(layer) for layer in range(1, study.layers + 1)])


def figure(study: Study, what: str, words: tuple[str, str, str], series: list[Series], layer: int, **more: object) -> Figure:
    """Curves over depth with the layer marked; ``words`` are title, caption and the name of the y axis."""
    title, caption, y = words
    return Figure(
        name=f"{what}-{study.name}",
        title=title,
        caption=caption,
        data=Lines(tuple(series), mark=study.depth(layer), **more),
        table=pd.concat([pd.DataFrame({"curve": s.label, "depth": s.x, y: s.y, "low": s.low, "high": s.high}) for s in series]),
        x="relative depth (1 = last block)",
        y=y,
        source=source_note(study, "english_vector"),
    )  # fmt: skip


def angle_figures(study: Study, layer: int) -> list[Figure]:
    """The mean angle over depth with its null band, and every language's."""
    geometry.lacking(study)
    version = links.one("Local vector", list(geometry.versions(study)), "version", help=VERSIONS)
    if geometry.FLIPPING not in geometry.versions(study):
        st.caption(escape(f"No version “{geometry.FLIPPING}”: {geometry.NO_FLIPS}."))
    mean = cache.measure("mean angle", study, version)
    series = [Series("mean over languages", depth(study), *(mean[part].values for part in ("cosine", "low", "high")))]
    if np.isfinite(mean["null_low"]).any():
        middle = (mean["null_low"] + mean["null_high"]).values / 2
        series.append(
            Series("shuffled labels", depth(study), middle, mean["null_low"].values, mean["null_high"].values, dashed=True)
        )
    series += compared(study, version)
    here = mean.sel(layer=layer)
    inside = bool(here["null_low"] <= here["cosine"] <= here["null_high"])
    verdict = "inside" if inside else "outside"
    known = np.isfinite(here["null_low"])
    band = f", {verdict} the band of shuffled labels ({here['null_low']:.2f} to {here['null_high']:.2f})" if known else ""
    caption = (
        f"At layer {layer} the mean cosine is {float(here['cosine']):.2f} ({float(here['angle']):.0f}°; 95 % {here['low']:.2f} to "
        f"{here['high']:.2f}, n = {mean.attrs['languages']} languages drawn with replacement){band}. 0 is perpendicular. "
        "Band of shuffled labels: every item's difference gets a random sign."
    )
    words = "English against local vector over depth", caption, "cosine"
    return [figure(study, "angle", words, series, layer, limits=(-1.02, 1.02)), angle_map(study, version)]


def compared(study: Study, version: str) -> list[Series]:
    """The same curve of another study, at relative depth."""
    others = [name for name in library.names() if name != study.name and has_both(name, version)]
    if not others:
        return []
    shown = {NONE: NONE, **titles(others)}
    name = links.one("Compare with", list(shown), "with", format_func=shown.get)
    if name == NONE:
        return []
    other = cache.study(name)
    return [Series(other.title, depth(other), cache.measure("mean angle", other, version)["cosine"].values, dashed=True)]


def has_both(name: str, version: str) -> bool:
    """Whether a study can be opened and has both vectors, the local one in this version."""
    try:
        study = cache.study(name)
    except AnalysisError:
        return False
    return study.has("english_vector") and study.has("local_vector") and version in geometry.versions(study)


def angle_map(study: Study, version: str) -> Figure:
    """Language × layer."""
    data = cache.measure("angles", study, version)
    known = np.isfinite(data["cosine"].values).any(1)
    codes = [code for code in controls.arranged(study, study.languages) if known[study.languages.index(code)]]
    left_out = [code for code in study.languages if code not in codes]
    cells = data.sel(language=codes)
    values = cells["cosine"].values
    inside = (values >= cells["null_low"].values) & (values <= cells["null_high"].values)
    hover = np.vectorize(lambda a, b, c: f"{a:.0f}°, shuffled {b:.2f} to {c:.2f}")(
        cells["angle"].values, cells["null_low"].values, cells["null_high"].values
    )
    counts = f"{spread(cells['english_items'])} universal and {spread(cells['local_items'])} culture items per language"
    without = f" Without both vectors: {', '.join(left_out)} (English has no English vector)." if left_out else ""
    return Figure(
        name=f"angles-{study.name}",
        title="English against local vector, by language and layer",
        caption=f"Cosine; n = {counts}. Faded: inside the 95 % band of shuffled labels, no different from perpendicular.{without}",
        data=Matrix(values, controls.labels(codes), tuple(map(str, data.layer.values)), "cosine", (-1.0, 1.0), diverging=True,
                    faded=inside, hover=hover),
        table=cells.to_dataframe().reset_index(),
        x="layer",
        y="language",
        source=source_note(study, "english_vector"),
    )  # fmt: skip


def spread(counts: xr.DataArray) -> str:
    """One count, or the smallest to the largest."""
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def length_figure(study: Study, layer: int) -> list[Figure]:
    """Length as a share of the states' own."""
    data = cache.measure("lengths", study)
    series = [over_languages(study, data["share"].sel(vector=name), name) for name in data.vector.values.tolist()]
    n = int(np.isfinite(data["share"].values).any(-1).any(0).sum())
    twins = " What is left of the shuffled twins is the noise of few items." if len(series) > 2 else ""
    caption = f"Mean over {n} languages; bands: all languages.{twins}"
    return [figure(study, "length", ("Length of the vectors, as a share of the states'", caption, "‖v‖ / ‖h‖"), series, layer)]


def over_languages(study: Study, values: xr.DataArray, name: str) -> Series:
    """Mean over languages (language, layer) with smallest and largest."""
    known = np.where(np.isfinite(values.values), values.values, np.nan)
    kept = known[np.isfinite(known).all(1)]
    ends = (kept.min(0), kept.max(0)) if len(kept) > 1 else (None, None)
    return Series(name, depth(study), mean_known(known), *ends, dashed="shuffled" in name)


def agreement_figure(study: Study, layer: int) -> list[Figure]:
    """Mean cosine between languages."""
    data = cache.measure("agreement", study)["cosine"]
    off = ~np.eye(data.sizes["source"], dtype=bool)
    series = [
        Series(name, depth(study), mean_known(data.sel(vector=name).values[:, off], 1), dashed="shuffled" in name)
        for name in data.vector.values.tolist()
    ]
    caption = (
        f"Mean cosine over pairs of {data.sizes['source']} languages. English vectors of two languages share the English "
        f"questions, "
        "so 0 is not their floor; the shuffled twins are drawn anew for every language."
    )
    words = "Do the languages' vectors agree?", caption, "cosine"
    return [figure(study, "agreement", words, series, layer)]


def agreement_map(study: Study, layer: int) -> list[Figure]:
    """Angles between the languages' vectors, every layer, scrubbed in the browser."""
    data = cache.measure("agreement", study)["cosine"]
    plain = [name for name in data.vector.values.tolist() if "shuffled" not in name]
    which = links.one("Vector", plain, "vector") if len(plain) > 1 else plain[0]
    known = [code for code in study.languages if np.isfinite(data.sel(vector=which, source=code, target=code)).any()]
    codes = controls.arranged(study, known)
    cells = data.sel(vector=which, source=codes, target=codes)
    names, here = controls.labels(codes), cells.sel(layer=layer).values[~np.eye(len(codes), dtype=bool)]
    nearest = f" At layer {layer}: {np.nanmin(here):.2f} to {np.nanmax(here):.2f}." if here.size else ""
    return [
        Figure(
            name=f"agreement-map-{study.name}",
            title=f"Cosine between the languages' {which} vectors",
            caption=f"{len(codes)} languages; drag the ruler for other layers.{nearest} The diagonal is 1 by definition.",
            data=Matrix(cells.values, names, names, "cosine", (-1.0, 1.0), diverging=True, start=layer - 1,
                        frames=tuple(map(str, data.layer.values))),
            table=cells.to_dataframe("cosine").reset_index()[["layer", "source", "target", "cosine"]],
            x="language",
            y="language",
            source=source_note(study, "english_vector"),
        )
    ]  # fmt: skip


def separation_figure(study: Study, layer: int, centred: bool) -> list[Figure]:
    """Separation index with its null band."""
    with st.spinner("Measuring distances …"):
        data = cache.measure("separation", study, centred)
    series = []
    for kind in data.kind.values.tolist():
        line = data.sel(kind=kind)
        series.append(Series(f"{kind} items", depth(study), line["separation"].values))
        middle = (line["null_low"] + line["null_high"]).values / 2
        series.append(
            Series(f"{kind}, shuffled", depth(study), middle, line["null_low"].values, line["null_high"].values, dashed=True)
        )
    counts = ", ".join(f"{int(n)} {kind}" for kind, n in zip(data.kind.values, data["items"].values))
    caption = (
        f"1 − distance of an item between languages / distance of items within a language; {counts} items in "
        f"{int(data['languages'].max())} languages. 1: an item is one point in all languages. Band: items numbered at random in "
        "each language, 95 %."
    )
    return [figure(study, "separation", ("Separation index", caption, "separation index"), series, layer)]


def parallel_figure(study: Study, layer: int) -> list[Figure]:
    """CKA and mutual neighbours with English."""
    data = cache.measure("parallel", study)
    names = {"cka": "linear CKA (unbiased)", "neighbours": "mutual nearest neighbours"}
    series = [over_languages(study, data[name], label) for name, label in names.items()]
    chance = float(np.nanmean(data["chance"]))
    caption = (
        f"Universal questions against their English versions, {spread(data['items'])} items; mean over languages, bands: all "
        f"languages. Chance: 0 for CKA, {chance:.2f} for neighbours (dotted)."
    )
    return [figure(study, "parallel", ("Parallel states", caption, "agreement with English"), series, layer, chance=chance)]


def lens_figure(study: Study, layer: int) -> list[Figure]:
    """Which language the middle of the model would answer in."""
    data = cache.measure("lens", study)
    series = [over_languages(study, data.sel(side=side), side) for side in data.side.values.tolist()]
    n = int(np.isfinite(data.values).all((1, 2)).sum())
    caption = (
        f"Probability that the output head gives, at each layer, to tokens with which the right answer begins in the question's "
        f"language or in English; tokens that begin both are left out. Mean over {n} languages other than English, bands: all."
    )
    return [figure(study, "lens", ("Logit lens: English or own language?", caption, "probability"), series, layer)]
