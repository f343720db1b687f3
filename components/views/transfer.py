"""Transfer: does it carry over?"""

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import transfer, triangle
from analysis.concepts.specs import Convention
from analysis.core.errors import AnalysisError
from analysis.study.study import PUBLISHED, Study
from components.figures.spec import Figure, Lines, Matrix, Points, Series
from components.frame import cache, controls, links, panel
from components.frame.shell import source_note
from components.frame.text import escape
from components.views.words import (
    convention_note,
    empty,
    long_table,
    off_diagonal,
    reach,
    span,
)


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if not (study.has("pair_score") or study.has("transfer")):
        st.info(
            empty(study.title, "transfer matrix"), icon=":material/hourglass_empty:"
        )
        return
    convention = controls.convention()
    chosen = controls.concepts(study) if study.has("pair_score") else study.concepts
    data = cache.measure("transfer", study, convention, chosen)
    codes = controls.arranged(study, data.source.values.tolist())
    names = controls.labels(codes)
    picked = panel.show(
        matrix(study, data, codes, names, convention), click=study.has("pair_score")
    )
    if study.has("pair_score"):
        inspect(study, data, codes, names, (picked, chosen, convention))
    starts = (
        cache.measure("recognition", study, convention)["accuracy"]
        .sel(concept=list(chosen))
        .mean("concept")
    )
    start(study, data["transfer"], starts, names, codes)
    panel.explain(
        transfer.transfer,
        triangle.triangle,
        triangle.asymmetry,
        triangle.starting_gap,
        triangle.reached,
    )


def matrix(
    study: Study,
    data: xr.Dataset,
    codes: list[str],
    names: tuple[str, ...],
    convention: Convention,
) -> Figure:
    """The triangle."""
    cells = data.sel(source=codes, target=codes)
    values, q = cells["transfer"].values, cells["q"].values
    sides, skew = (
        triangle.triangle(cells["transfer"], codes),
        triangle.asymmetry(cells["transfer"], codes),
    )
    tested = np.isfinite(q)
    hover = np.vectorize(describe)(
        cells["low"].values,
        cells["high"].values,
        cells["accuracy"].values,
        cells["n"].values,
        q,
    )
    note = (
        "Faded: the source's vector is no better than chance in the target (Benjamini-Hochberg at 5 %). "
        if tested.any()
        else ""
    )
    largest = reach(off_diagonal(cells["transfer"]))
    shares = controls.shares(study, codes)
    known = np.isfinite(shares).any() and not controls.order_only(study)
    return Figure(
        name=f"transfer-{study.name}",
        title="Transfer from a source language (row) to a target language (column)",
        caption=f"T = accuracy of the source's vector on the target's pairs minus that of the target's own, percentage points, "
        f"{span(off_diagonal(cells['transfer']))}. T ≥ 0 in {sides.above} of {sides.above_cells} cells above the diagonal "
        f"(mean {sides.mean_above:+.2f}) and {sides.below} of {sides.below_cells} below (mean {sides.mean_below:+.2f}); asymmetry "
        f"{skew.index:+.2f} points, permutation p = {skew.p:.3f}. {note}{convention_note(convention, study.kind == PUBLISHED)}",
        data=Matrix(
            values,
            names,
            names,
            "T, points",
            (-largest, largest),
            diverging=True,
            faded=tested & (q > 0.05),
            diagonal=True,
            digits=2 if study.kind == PUBLISHED else 1,
            shares=tuple(shares) if known else (),
            hover=hover,
            codes=(tuple(codes), tuple(codes)) if study.has("pair_score") else ((), ()),
        ),
        table=long_table(cells, ("transfer", "low", "high", "accuracy", "p", "q", "n")),
        x="target language",
        y="source language",
        source=source_note(study, "transfer"),
    )


def describe(low: float, high: float, accuracy: float, n: float, q: float) -> str:
    """Interval, accuracy, n and test of one cell, as far as they are known."""
    parts = [f"95 % {low:+.2f} to {high:+.2f}"] if np.isfinite(low) else []
    parts += [f"accuracy {accuracy:.3f}, n = {n:.0f}"] if np.isfinite(accuracy) else []
    return ", ".join(parts + ([f"adjusted p = {q:.3f}"] if np.isfinite(q) else []))


def inspect(
    study: Study,
    data: xr.Dataset,
    codes: list[str],
    names: tuple[str, ...],
    choice: tuple,
) -> None:
    """One cell: its numbers and its curve over layers. A click on the figure chooses it, and so do two menus."""
    picked, concepts, convention = choice
    if picked and tuple(picked) != st.session_state.get("picked"):
        st.session_state["picked"] = tuple(picked)
        st.session_state["source"], st.session_state["target"] = picked
    st.subheader("One cell", anchor=False)
    st.caption("Click a cell above, or choose here.")
    label = dict(zip(codes, names)).get
    left, right = st.columns(2)
    with left:
        source = links.one("Source", codes, "source", format_func=label)
    with right:
        target = links.one(
            "Target", codes, "target", codes[min(1, len(codes) - 1)], format_func=label
        )
    cell = data.sel(source=source, target=target)
    one, two, three = st.columns(3)
    one.metric(
        "T, points",
        f"{float(cell['transfer']):+.2f}",
        interval(cell),
        delta_color="off",
        delta_arrow="off",
    )
    two.metric(
        "Accuracy source → target",
        f"{float(cell['accuracy']):.3f}",
        f"chance {float(cell['chance']):.2f}",
        delta_color="off",
        delta_arrow="off",
    )
    three.metric(
        "Held-out pairs",
        f"{int(cell['n']):,}",
        f"{int(cell['concepts'])} concepts",
        delta_color="off",
        delta_arrow="off",
    )
    curves = cache.measure(
        "transfer curve", study, source, target, concepts, convention.ties
    )
    panel.show(over_layers(study, curves, (label(source), label(target))))


def interval(cell: xr.Dataset) -> str:
    """The cell's interval in words."""
    return (
        f"95 % {float(cell['low']):+.2f} to {float(cell['high']):+.2f}"
        if np.isfinite(cell["low"])
        else "no interval"
    )


def over_layers(study: Study, curves: xr.Dataset, names: tuple[str, str]) -> Figure:
    """The source's and the target's vector on the target's pairs, layer by layer."""
    source, target = names
    labels = (f"vector of {source}", f"own vector of {target}")
    depth = curves["depth"].values
    series = tuple(
        Series(
            label,
            depth,
            *(
                curves[part].isel(vector=i).values
                for part in ("accuracy", "low", "high")
            ),
            dashed=i == 1,
        )
        for i, label in enumerate(labels[: curves.sizes["vector"]])
    )
    return Figure(
        name=f"transfer-layers-{study.name}",
        title=f"{source} → {target} over layers",
        caption=f"Accuracy on the held-out pairs of {target}; bands are 95 % bootstraps over pairs; chance 0.5 (dotted).",
        data=Lines(series, chance=0.5),
        table=curves.to_dataframe().reset_index(),
        x="relative depth (1 = last block)",
        y="accuracy",
        source=source_note(study, "transfer"),
    )


def start(
    study: Study,
    values: xr.DataArray,
    starts: xr.DataArray,
    names: tuple[str, ...],
    codes: list[str],
) -> None:
    """Transfer against the starting gap, with the paper's two control tables."""
    st.subheader("Is it only the better start?", anchor=False)
    values = values.sel(source=codes, target=codes)
    try:
        found = triangle.starting_gap(values, starts)
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/info:")
        return
    panel.show(gap_scatter(study, values, starts, found, dict(zip(codes, names))))
    panel.show(residuals(study, found, codes, names))
    with st.expander(
        "The paper's control tables, recomputed", icon=":material/table_chart:"
    ):
        st.caption(
            "Ordered pairs of languages by starting accuracy and success (T ≥ 0), percent (Table 7):"
        )
        st.dataframe(
            pd.DataFrame([triangle.success_by_start(values, starts)]).round(1),
            hide_index=True,
        )
        try:
            reached = triangle.reached(values)
        except AnalysisError as error:
            st.caption(escape(str(error)))
            return
        st.caption(
            f"Percent of the {reached.others} other shared languages from which each is reached, cut to whole percents (Table 8):"
        )
        st.dataframe(
            pd.DataFrame([{**reached.percent, "mean": reached.mean}]), hide_index=True
        )


def gap_scatter(
    study: Study, values: xr.DataArray, starts: xr.DataArray, found: object, label: dict
) -> Figure:
    """T against Acc(source) − Acc(target)."""
    table = triangle.gaps(values, starts)
    pairs = tuple(
        f"{label[a]} → {label[b]}" for a, b in zip(table["source"], table["target"])
    )
    return Figure(
        name=f"starting-gap-{study.name}",
        title="Transfer against the starting gap",
        caption=f"Pearson {found.r:.2f} over n = {found.n} ordered pairs (languages permuted, p = {found.p:.3f}); "
        f"slope {found.slope:.2f}. T contains the target's own accuracy, so part of this is arithmetic.",
        data=Points(
            table["gap"].values,
            table["transfer"].values,
            pairs,
            ("pairs",) * len(pairs),
            line=(found.slope, found.intercept),
            named=False,
        ),
        table=table,
        x="Acc(source) − Acc(target), points",
        y="T, points",
        source=source_note(study, "transfer"),
    )


def residuals(
    study: Study, found: object, codes: list[str], names: tuple[str, ...]
) -> Figure:
    """Transfer net of the starting gap."""
    values = found.residual.sel(source=codes, target=codes)
    largest = reach(values)
    return Figure(
        name=f"transfer-net-{study.name}",
        title="Transfer net of the starting gap",
        caption=f"Residual of T after the straight line above, percentage points, {span(values)}; n = {found.n}.",
        data=Matrix(
            values.values,
            names,
            names,
            "residual, points",
            (-largest, largest),
            diverging=True,
            diagonal=True,
            digits=1,
        ),
        table=values.to_dataframe("residual").reset_index(),
        x="target language",
        y="source language",
        source=source_note(study, "transfer"),
    )
