"""Alignment, its controls: abstract against physical words, and what chance does."""

import numpy as np
import pandas as pd
import streamlit as st

from analysis.core.counting import count
from analysis.study.study import Study
from analysis.words import alignment, alignment_controls
from analysis.words.alignment_controls import CONTROLS, reliability
from analysis.words.specs import AlignmentSpec
from components.figures import alignment_controls as figures
from components.figures.languages import Languages
from components.frame import cache, controls, links, panel
from components.frame.controls import WIDE
from components.frame.text import escape


def kinds(study: Study, spec: AlignmentSpec, target: str) -> None:
    """Abstract against physical words under one control."""
    languages = matched_languages(study, spec, target)
    found = cache.measure(alignment_controls.kind_controls, study, spec, target)
    offered = [name for name in CONTROLS if name in found]
    with controls.row():
        control = links.one(
            "Compared", offered, "control", format_func=str.capitalize, width=WIDE
        )
    data = found[control]
    if isinstance(data, str):
        st.info(escape(data), icon=":material/info:")
    else:
        panel.show(figures.kinds(study, data, control, languages))


def matched_languages(study: Study, spec: AlignmentSpec, target: str) -> Languages:
    """The languages whose words were looked up, in the view's order."""
    matched = cache.measure(alignment.alignment, study, spec, target)
    return controls.languages(study, matched.language.values.tolist())


def chance(study: Study, spec: AlignmentSpec, target: str) -> None:
    """Shuffled dictionaries, and split halves of the test words."""
    languages = matched_languages(study, spec, target)
    codes = list(languages.codes)
    shuffled = cache.measure(
        alignment_controls.alignment_by_chance, study, spec, target
    )
    found = cache.measure(alignment.alignment, study, spec, target)
    value, n = reliability(found)
    halves = "unknown (fewer than three languages, or all alike)"
    if np.isfinite(value):
        halves = f"{value:z.2f} over {count(n, 'language')}"
    st.caption(
        "P@1 after maps fitted on seed pairs whose translations were shuffled "
        f"({shuffled.attrs['shuffles']} times): mean and 95th percentile, beside the "
        "map of the right pairs. Split-half reliability of P@1 “after” "
        f"(Spearman-Brown): {halves}."
    )
    null = shuffled.sel(language=codes)
    after = found["precision"].sel(language=codes, stage="after", k=1)
    columns = {
        "language": codes,
        "after": after.values,
        "shuffled, mean": null["mean"].values,
        "shuffled, 95th percentile": null["high"].values,
        "chance": found["chance"].sel(language=codes, k=1).values,
    }
    st.dataframe(pd.DataFrame(columns).round(4), hide_index=True)
