"""Alignment: abstract against physical, shuffled dictionaries, split halves, templates, and all published settings."""

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.study.study import PUBLISHED, Study
from analysis.words.alignment_controls import CONTROLS, reliability
from analysis.words.specs import AlignmentSpec
from components.figures.spec import BarSeries, Dumbbells, Figure, Matrix
from components.figures.text import source_note
from components.frame import cache, controls, links, panel
from components.frame.text import escape
from components.views.words import counts, long_table, span

HOW = {
    "plain": "each word looks among the whole pool",
    "down-sampled": "the larger kind is drawn down to the smaller, each word looking among its own kind, so chance is equal",
    "frequency-matched": "as many words of each kind from every class of frequency, each word looking among its own kind",
}


def kinds(study: Study, spec: AlignmentSpec, target: str) -> None:
    """Abstract against physical words under one control, then what chance and the choice of words do."""
    codes = controls.arranged(
        study, cache.measure("alignment", study, spec, target).language.values.tolist()
    )
    found = cache.measure("alignment by kind", study, spec, target)
    control = links.one(
        "Control",
        [name for name in CONTROLS if name in found],
        "control",
        format_func=str.capitalize,
    )
    if isinstance(found[control], str):
        st.info(escape(found[control]), icon=":material/info:")
    else:
        panel.show(dumbbells(study, found[control].sel(language=codes), control))
    if study.kind != PUBLISHED:
        chance(study, spec, target, codes)


def dumbbells(study: Study, data: xr.Dataset, control: str) -> Figure:
    """P@1 of abstract and of physical words per language."""
    ends = [
        BarSeries(
            kind,
            *(
                data.sel(kind=kind)[part].values
                for part in ("precision", "low", "high")
            ),
        )
        for kind in data.kind.values
    ]
    sizes = ", ".join(
        f"{counts(row)} {kind}" for kind, row in zip(data.kind.values, data["n"].values)
    )
    won = int((ends[0].values > ends[1].values).sum())
    same = control != "plain" and "chance" in data
    return Figure(
        name=f"alignment-kinds-{study.name}",
        title=f"P@1 of abstract and physical words, after the map: {control}",
        caption=f"Test words: {sizes}; 95 % intervals ({data.attrs['interval']}). {control.capitalize()}: {HOW[control]}. Abstract "
        f"words are found more often in {won} of {data.sizes['language']} languages"
        + (
            f"; chance is {float(data['chance'].mean()):.3f} for both." if same else "."
        ),
        data=Dumbbells(
            controls.labels(data.language.values.tolist()),
            (ends[0], ends[1]),
            float(data["chance"].mean()) if same else None,
        ),
        table=long_table(data, ("precision", "low", "high", "n")),
        x="P@1",
        y="language looked up from",
        source=source_note(study, "alignment_by_kind"),
    )


def chance(study: Study, spec: AlignmentSpec, target: str, codes: list[str]) -> None:
    """Shuffled dictionaries, and split halves of the test words."""
    null = cache.measure("alignment by chance", study, spec, target)
    found = cache.measure("alignment", study, spec, target)
    value, languages = reliability(found)
    halves = (
        f"{value:.2f} over {languages} languages"
        if np.isfinite(value)
        else "not to be had (fewer than three languages, or all alike)"
    )
    with st.expander("Shuffled dictionary and split halves", icon=":material/shuffle:"):
        st.caption(
            f"P@1 after maps fitted on seed pairs whose translations were shuffled ({null.attrs['shuffles']} times): mean and 95th "
            f"percentile, beside the map of the right pairs. Split-half reliability of P@1 “after” (Spearman-Brown): {halves}."
        )
        st.dataframe(
            pd.DataFrame(
                {
                    "language": codes,
                    "after": found["precision"]
                    .sel(language=codes, stage="after", k=1)
                    .values,
                    "shuffled, mean": null["mean"].sel(language=codes).values,
                    "shuffled, 95th percentile": null["high"]
                    .sel(language=codes)
                    .values,
                    "chance": found["chance"].sel(language=codes, k=1).values,
                }
            ).round(4),
            hide_index=True,
        )


def templates(
    study: Study, data: xr.Dataset, spec: AlignmentSpec, target: str
) -> Figure:
    """P@1 after the map for every way of reading a word."""
    codes = controls.arranged(study, data.language.values.tolist())
    cells = data["each"].sel(stage="after", language=codes)
    means = data.sel(stage="after")
    ends = zip(
        data.embedding.values,
        means["precision"].values,
        means["low"].values,
        means["high"].values,
    )
    told = "; ".join(
        f"{name} {value:.3f} ({low:.3f} to {high:.3f})"
        for name, value, low, high in ends
    )
    return Figure(
        name=f"alignment-templates-{study.name}",
        title="P@1 after the map, by how words are read",
        caption=f"Mean over languages with 95 % intervals ({data.attrs['interval']}): {told}. n = {data.attrs['n']:,} test words, "
        f"chance {data.attrs['chance']:.3f}; {spec.map} map, {spec.criterion}.",
        data=Matrix(
            cells.values,
            tuple(data.embedding.values.tolist()),
            controls.labels(codes),
            "P@1",
            (0, float(cells.max()) or 1),
            digits=2,
        ),
        table=cells.to_dataframe("P@1").reset_index(),
        x="language looked up from",
        y="read as",
        source=source_note(study, "alignment"),
    )


def settings(study: Study) -> Figure:
    """All twenty published settings at one stage."""
    stage = links.one("Stage of the matrix", ["after", "before", "ceiling"], "stage")
    data = cache.measure("alignment of all settings", study, stage)
    codes = controls.arranged(study, data.source.values.tolist())
    values = data.sel(source=codes)
    return Figure(
        name="alignment-settings",
        title=f"P@1 of all twenty published settings, {stage}",
        caption=f"{values.size} cells, {span(values)}; n = 1,397 test words each; no intervals are printed (under 0.03). "
        "“After” is the map of 3,000 seed pairs, “ceiling” is fitted on the test words too.",
        data=Matrix(
            values.values,
            tuple(data.setting.values.tolist()),
            controls.labels(codes),
            "P@1",
            (0, 1),
            digits=2,
        ),
        table=values.to_dataframe("P@1").reset_index(),
        x="language looked up from",
        y="setting",
        source=source_note(study, "alignment"),
    )
