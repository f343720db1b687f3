"""Layers, its curves over depth: angles, lengths, separation, agreement, logit lens."""

import numpy as np
import streamlit as st
import xarray as xr

from analysis.core.errors import AnalysisError
from analysis.core.statistics import mean_known
from analysis.questions import geometry, items
from analysis.study import library
from analysis.study.study import Study
from components.figures.spec import Figure, Matrix, Series
from components.figures.text import source_note
from components.frame import cache, controls, links, panel
from components.frame.shell import titles
from components.frame.text import escape
from components.views.curves import depth, figure, needed, over_languages
from components.views.words import counts, languages, span

NONE = "no other study"
VERSIONS = "\n\n".join(f"{name}: {what}" for name, what in geometry.VERSIONS.items())
MEANS = (
    "Mean states have no items: an English vector is the mean state of English minus that of the language; local vectors, bands of "
    "shuffled labels, separation and the logit lens need questions (below)."
)
SHARED = "All English vectors hold the same mean of English, so even those of unrelated languages have a cosine near 0.5, not near 0."
NO_ANGLE = (
    "no language has two such vectors that are not zero. Questions that are the same in every language, or with and without the "
    "country, leave no difference; the held-out universal version needs a second language with a local vector"
)
SEPARABLE = "it needs the same questions in two languages, two of them or more, whose states are not all the same"
COMPARABLE = f"it needs {items.FEWEST} universal questions or more in English and another language, whose states are not all the same"
ALONE = "it needs two languages with the same kind of vector, at a layer where neither is zero"


def curves(study: Study, layer: int) -> None:
    """Every curve that the study has the arrays for; what it lacks is said."""
    if study.has("mean_state"):
        st.subheader(
            "How long are English vectors, and do languages agree?", anchor=False
        )
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
    centred = study.has("item_state") and links.switch(
        "Take each language's mean away first", "centred"
    )
    left, right = st.columns(2)
    with left:
        said(
            study, layer, lambda study, layer: separation_figure(study, layer, centred)
        )
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


def angle_figures(study: Study, layer: int) -> list[Figure]:
    """The mean angle over depth with its null band, and every language's."""
    geometry.lacking(study)
    version = links.one(
        "Local vector", list(geometry.versions(study)), "version", help=VERSIONS
    )
    if geometry.FLIPPING not in geometry.versions(study):
        st.caption(escape(f"No version “{geometry.FLIPPING}”: {geometry.NO_FLIPS}."))
    mean = cache.measure("mean angle", study, version)
    needed(
        study,
        mean["cosine"],
        f"angle of English and local vector ({version})",
        NO_ANGLE,
    )
    series = [
        Series(
            "mean over languages",
            depth(study),
            *(mean[part].values for part in ("cosine", "low", "high")),
        )
    ]
    if np.isfinite(mean["null_low"]).any():
        middle = (mean["null_low"] + mean["null_high"]).values / 2
        series.append(
            Series(
                "shuffled labels",
                depth(study),
                middle,
                mean["null_low"].values,
                mean["null_high"].values,
                dashed=True,
            )
        )
    series += compared(study, version)
    words = (
        "English against local vector over depth",
        angle_caption(mean, layer),
        "cosine",
    )
    return [
        figure(study, "angle", words, series, layer, limits=(-1.02, 1.02)),
        angle_map(study, version),
    ]


def angle_caption(mean: xr.Dataset, layer: int) -> str:
    """The mean angle at the layer, what its interval is over, and its band of shuffled labels; or why there is none."""
    here = mean.sel(layer=layer)
    shuffled = (
        "Band of shuffled labels: 95 % of the means when every item's difference gets a random sign, the same in all languages."
        if np.isfinite(mean["null_low"]).any()
        else "No band of shuffled labels: the items behind these vectors were not kept, are too few, or are other languages'."
    )
    if not np.isfinite(here["cosine"]):
        return f"At layer {layer} there is no angle: in every language one of the two vectors is zero. 0 is perpendicular. {shuffled}"
    n, band = mean.attrs["languages"], ""
    over = f"n = {languages(n)}, without an interval"
    if np.isfinite(here["low"]):
        drawn = f"n = {languages(n)} drawn with replacement, the questions, which they share, as they are"
        over = f"95 % {here['low']:.2f} to {here['high']:.2f}, {drawn}"
    if np.isfinite(here["null_low"]):
        inside = bool(here["null_low"] <= here["cosine"] <= here["null_high"])
        ends = f"{here['null_low']:.2f} to {here['null_high']:.2f}"
        band = f", {'inside' if inside else 'outside'} the band of shuffled labels ({ends})"
    return (
        f"At layer {layer} the mean cosine is {float(here['cosine']):.2f} ({float(here['angle']):.0f}°; {over}){band}. "
        f"0 is perpendicular. {shuffled}"
    )


def compared(study: Study, version: str) -> list[Series]:
    """The same curve of another study, at relative depth."""
    others = [
        name
        for name in library.names()
        if name != study.name and has_both(name, version)
    ]
    if not others:
        return []
    shown = {NONE: NONE, **titles(others)}
    name = links.one("Compare with", list(shown), "with", format_func=shown.get)
    if name == NONE:
        return []
    other = cache.study(name)
    return [
        Series(
            other.title,
            depth(other),
            cache.measure("mean angle", other, version)["cosine"].values,
            dashed=True,
        )
    ]


def has_both(name: str, version: str) -> bool:
    """Whether a study can be opened and has both vectors, the local one in this version."""
    try:
        study = cache.study(name)
    except AnalysisError:
        return False
    return (
        study.has("english_vector")
        and study.has("local_vector")
        and version in geometry.versions(study)
    )


def angle_map(study: Study, version: str) -> Figure:
    """Language × layer."""
    data = cache.measure("angles", study, version)
    known = np.isfinite(data["cosine"].values).any(1)
    codes = [
        code
        for code in controls.arranged(study, study.languages)
        if known[study.languages.index(code)]
    ]
    left_out = [code for code in study.languages if code not in codes]
    cells = data.sel(language=codes)
    values = cells["cosine"].values
    inside = (values >= cells["null_low"].values) & (
        values <= cells["null_high"].values
    )
    hover = np.vectorize(hovered)(
        cells["angle"].values, cells["null_low"].values, cells["null_high"].values
    )
    asked = f"{counts(cells['english_items'])} universal and {counts(cells['local_items'])} culture items per language"
    known = np.isfinite(cells["null_low"]).any()
    faded = (
        " Faded: inside the 95 % band of shuffled labels, no different from perpendicular."
        if known
        else ""
    )
    without = (
        f" Without both vectors: {', '.join(left_out)} (English has no English vector)."
        if left_out
        else ""
    )
    return Figure(
        name=f"angles-{study.name}",
        title="English against local vector, by language and layer",
        caption=f"Cosine; n = {asked}.{faded}{without}",
        data=Matrix(
            values,
            controls.labels(codes),
            tuple(map(str, data.layer.values)),
            "cosine",
            (-1.0, 1.0),
            diverging=True,
            faded=inside,
            hover=hover,
        ),
        table=cells.to_dataframe().reset_index(),
        x="layer",
        y="language",
        source=source_note(study, "english_vector"),
    )


def hovered(angle: float, low: float, high: float) -> str:
    """An angle and the cosines of shuffled labels, as far as they are known."""
    if not np.isfinite(angle):
        return "no angle: a vector is zero"
    return f"{angle:.0f}°" + (
        f", shuffled {low:.2f} to {high:.2f}" if np.isfinite(low) else ""
    )


def length_figure(study: Study, layer: int) -> list[Figure]:
    """Length as a share of the states' own."""
    data = cache.measure("lengths", study)
    needed(
        study,
        data["share"],
        "length of a vector",
        "English is compared with another language, and there is none"
        if study.has("mean_state")
        else "all states are zero",
    )
    series = [
        over_languages(study, data["share"].sel(vector=name), name)
        for name in data.vector.values.tolist()
    ]
    n = int(np.isfinite(data["share"].values).any(-1).any(0).sum())
    twins = (
        " What is left of the shuffled twins is the noise of few items."
        if len(series) > 2
        else ""
    )
    caption = f"Mean over {languages(n)}; bands: all languages.{twins}"
    return [
        figure(
            study,
            "length",
            ("Length of the vectors, as a share of the states'", caption, "‖v‖ / ‖h‖"),
            series,
            layer,
        )
    ]


def agreement_figure(study: Study, layer: int) -> list[Figure]:
    """Mean cosine between languages."""
    data = cache.measure("agreement", study)["cosine"]
    off = ~np.eye(data.sizes["source"], dtype=bool)
    needed(study, data.values[..., off], "agreement between languages", ALONE)
    n = (np.isfinite(data.values) & off).any((1, 3)).sum(1)
    series = [
        Series(
            name,
            depth(study),
            mean_known(data.sel(vector=name).values[:, off], 1),
            dashed="shuffled" in name,
        )
        for name in data.vector.values.tolist()
    ]
    caption = (
        f"Mean cosine over pairs of {counts(n[n > 0])} languages. English vectors of two languages share the English "
        "questions, so 0 is not their floor; the shuffled twins are drawn anew for every language."
    )
    words = "Do the languages' vectors agree?", caption, "cosine"
    return [figure(study, "agreement", words, series, layer)]


def agreement_map(study: Study, layer: int) -> list[Figure]:
    """Angles between the languages' vectors, every layer, scrubbed in the browser."""
    data = cache.measure("agreement", study)["cosine"]
    plain = [name for name in data.vector.values.tolist() if "shuffled" not in name]
    which = links.one("Vector", plain, "vector") if len(plain) > 1 else plain[0]
    needed(
        study,
        data.sel(vector=which).values[:, ~np.eye(len(study.languages), dtype=bool)],
        f"cosine matrix of {which} vectors",
        ALONE,
    )
    known = [
        code
        for code in study.languages
        if np.isfinite(data.sel(vector=which, source=code, target=code)).any()
    ]
    codes = controls.arranged(study, known)
    cells = data.sel(vector=which, source=codes, target=codes)
    names, here = (
        controls.labels(codes),
        cells.sel(layer=layer).values[~np.eye(len(codes), dtype=bool)],
    )
    floor = f" {SHARED}" if study.has("mean_state") else ""
    return [
        Figure(
            name=f"agreement-map-{study.name}",
            title=f"Cosine between the languages' {which} vectors",
            caption=f"{len(codes)} languages; drag the ruler for other layers. At layer {layer}: {span(here)}.{floor} "
            "The diagonal is 1 by definition.",
            data=Matrix(
                cells.values,
                names,
                names,
                "cosine",
                (-1.0, 1.0),
                diverging=True,
                start=layer - 1,
                frames=tuple(map(str, data.layer.values)),
            ),
            table=cells.to_dataframe("cosine").reset_index()[
                ["layer", "source", "target", "cosine"]
            ],
            x="language",
            y="language",
            source=source_note(study, "english_vector"),
        )
    ]


def separation_figure(study: Study, layer: int, centred: bool) -> list[Figure]:
    """Separation index with its null band."""
    with st.spinner("Measuring distances …"):
        data = cache.measure("separation", study, centred)
    needed(study, data["separation"], "separation index", SEPARABLE)
    series = []
    for kind in data.kind.values.tolist():
        line = data.sel(kind=kind)
        series.append(Series(f"{kind} items", depth(study), line["separation"].values))
        middle = (line["null_low"] + line["null_high"]).values / 2
        series.append(
            Series(
                f"{kind}, shuffled",
                depth(study),
                middle,
                line["null_low"].values,
                line["null_high"].values,
                dashed=True,
            )
        )
    kinds = ", ".join(
        f"{int(n)} {kind}" for kind, n in zip(data.kind.values, data["items"].values)
    )
    caption = (
        f"1 − distance of an item between languages / distance of items within a language; {kinds} items in "
        f"{int(data['languages'].max())} languages. 1: an item is one point in all languages. Band: items numbered at random in "
        "each language, 95 %."
    )
    return [
        figure(
            study,
            "separation",
            ("Separation index", caption, "separation index"),
            series,
            layer,
        )
    ]


def parallel_figure(study: Study, layer: int) -> list[Figure]:
    """CKA and mutual neighbours with English."""
    data = cache.measure("parallel", study)
    needed(
        study,
        data[["cka", "neighbours"]].to_array(),
        "comparison with English",
        COMPARABLE,
    )
    data = data.isel(
        language=(np.isfinite(data["cka"]) | np.isfinite(data["neighbours"]))
        .any("layer")
        .values
    )
    names = {"cka": "linear CKA (unbiased)", "neighbours": "mutual nearest neighbours"}
    series = [over_languages(study, data[name], label) for name, label in names.items()]
    chance = (
        float(data["chance"].mean()) if np.isfinite(data["neighbours"]).any() else None
    )
    floor = (
        "0 for CKA"
        if chance is None
        else f"0 for CKA, {chance:.2f} for neighbours (dotted)"
    )
    caption = (
        f"Universal questions against their English versions, {counts(data['items'])} items; mean over "
        f"{languages(data.sizes['language'])}, bands: all languages. Chance: {floor}."
    )
    return [
        figure(
            study,
            "parallel",
            ("Parallel states", caption, "agreement with English"),
            series,
            layer,
            chance=chance,
        )
    ]


def lens_figure(study: Study, layer: int) -> list[Figure]:
    """Which language the middle of the model would answer in."""
    data = cache.measure("lens", study)
    needed(
        study,
        data,
        "logit lens",
        "no answer begins with a token of its own language or of English alone",
    )
    series = [
        over_languages(study, data.sel(side=side), side)
        for side in data.side.values.tolist()
    ]
    n = int(np.isfinite(data.values).all((1, 2)).sum())
    caption = (
        f"Probability that the output head gives, at each layer, to tokens with which the right answer begins in the question's "
        f"language or in English; tokens that begin both are left out. Mean over {languages(n)} other than English, bands: all."
    )
    return [
        figure(
            study,
            "lens",
            ("Logit lens: English or own language?", caption, "probability"),
            series,
            layer,
        )
    ]
