"""Recognition: is the concept there?"""

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import recognition as measures
from analysis.concepts.specs import Convention
from analysis.languages.languages import LANGUAGES
from analysis.study.study import PUBLISHED, Study
from components.figures.spec import Figure, Lines, Matrix, Points, Series
from components.frame import cache, controls, panel
from components.frame.shell import source_note
from components.views.words import convention_note, empty, span


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if not (study.has("pair_score") or study.has("recognition")):
        st.info(
            empty(study.title, "recognition accuracies yet"),
            icon=":material/hourglass_empty:",
        )
        return
    convention = controls.convention()
    data = cache.measure("recognition", study, convention)
    codes = controls.arranged(study, study.languages)
    names = controls.labels(codes)
    panel.show(by_share(study, data, codes, names, convention))
    if study.has("pair_score"):
        curves = cache.measure("recognition curve", study, convention.ties)
        panel.show(over_depth(study, curves, codes, names))
    panel.show(by_concept(study, data, codes, names, convention))
    panel.explain(measures.recognition, measures.curve)


def by_share(
    study: Study,
    data: xr.Dataset,
    codes: list[str],
    names: tuple[str, ...],
    convention: Convention,
) -> Figure:
    """Mean accuracy per language against its share of pre-training."""
    means = data.sel(language=codes)
    shares = controls.shares(study, codes)
    known = np.isfinite(shares)
    order_only = controls.order_only(study)
    place = (
        np.arange(len(codes), dtype=float)
        if order_only or not known.any()
        else np.where(known, shares, np.nan)
    )
    unknown = [name for name, there in zip(names, known) if not there]
    note = (
        f" No share is known for {', '.join(unknown)}; not drawn."
        if unknown and known.any() and not order_only
        else ""
    )
    if order_only:
        note = " The shares are not public; the horizontal order is the authors' own, and distances on it mean nothing."
    families = tuple(
        LANGUAGES[code].family if code in LANGUAGES else "other" for code in codes
    )
    pairs = means["n"].sum("concept")
    count = (
        f"{int(pairs.min()):,} to {int(pairs.max()):,} held-out pairs a language"
        if pairs.max() > 0
        else "pairs not printed"
    )
    return Figure(
        name=f"recognition-{study.name}",
        title="Recognition accuracy by language",
        caption=f"Mean over {len(study.concepts)} concepts of the share of held-out pairs ranked right, {span(means['mean'])}; "
        f"bars are 95 % intervals ({means['mean'].attrs.get('interval', 'bootstrap')}); n = {count}; chance 0.5 (dotted). "
        f"{convention_note(convention, study.kind == PUBLISHED)}{note}",
        data=Points(
            place,
            means["mean"].values,
            names,
            families,
            means["mean_low"].values,
            means["mean_high"].values,
            chance=0.5,
            log_x=bool(known.any()) and not order_only,
        ),
        table=pd.DataFrame(
            {
                "language": codes,
                "name": names,
                "share, %": shares,
                "accuracy": means["mean"].values,
                "low": means["mean_low"].values,
                "high": means["mean_high"].values,
                "pairs": pairs.values,
            }
        ),
        x="languages in order"
        if order_only or not known.any()
        else f"share of pre-training, % ({controls.share_name(study)})",
        y="accuracy",
        source=source_note(study, "recognition"),
    )


def over_depth(
    study: Study, curves: xr.Dataset, codes: list[str], names: tuple[str, ...]
) -> Figure:
    """Accuracy at every layer, mean over concepts, one line per language."""
    means = curves["accuracy"].mean("concept", skipna=True)
    depth = curves["depth"].values
    return Figure(
        name=f"recognition-depth-{study.name}",
        title="Where in the model the concepts are recognised",
        caption=f"Share of held-out pairs ranked right at each of {study.layers} layers, mean over {len(study.concepts)} concepts; "
        "chance 0.5 (dotted). Single layers, so no choice of layer flatters the curve.",
        data=Lines(
            tuple(
                Series(n, depth, means.sel(language=c).values)
                for c, n in zip(codes, names)
            ),
            chance=0.5,
        ),
        table=means.to_dataframe("accuracy").reset_index(),
        x="relative depth (1 = last block)",
        y="accuracy",
        source=source_note(study, "recognition"),
    )


def by_concept(
    study: Study,
    data: xr.Dataset,
    codes: list[str],
    names: tuple[str, ...],
    convention: Convention,
) -> Figure:
    """Concept × language."""
    cells = data.sel(language=codes)
    accuracy, q = cells["accuracy"].values, cells["q"].values
    hover = np.vectorize(describe)(
        cells["low"].values, cells["high"].values, cells["n"].values, q
    )
    tested = np.isfinite(q)
    caption = (
        "Faded cells are no better than chance (permutation test, Benjamini-Hochberg at 5 %)."
        if tested.any()
        else ("The paper prints no intervals; it counts 0.65 as encoded.")
    )
    return Figure(
        name=f"recognition-concepts-{study.name}",
        title="Recognition by concept and language",
        caption=f"Share of held-out pairs ranked right, {span(accuracy)}; chance 0.5. {caption} "
        f"{convention_note(convention, study.kind == PUBLISHED)}",
        data=Matrix(
            accuracy,
            study.concepts,
            names,
            "accuracy",
            (0.5, 1.0),
            faded=tested & (q > 0.05),
            hover=hover,
        ),
        table=cells.drop_vars(
            [v for v in cells.data_vars if "concept" not in cells[v].dims]
        )
        .to_dataframe()
        .reset_index(),
        x="language",
        y="concept",
        source=source_note(study, "recognition"),
    )


def describe(low: float, high: float, n: float, q: float) -> str:
    """Interval, n and test of one cell, as far as they are known."""
    parts = [f"95 % {low:.3f} to {high:.3f}"] if np.isfinite(low) else []
    parts += [f"n = {n:.0f}"] if np.isfinite(n) else []
    parts += [f"adjusted p = {q:.3f}"] if np.isfinite(q) else []
    return ", ".join(parts)
