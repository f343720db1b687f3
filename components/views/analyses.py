"""Everything that the open study can be asked: each analysis of the registry."""

import streamlit as st

from analysis.core.errors import FigureError
from analysis.overview import registry
from analysis.overview.options import REQUIRED
from analysis.overview.record import Analysis
from analysis.study.study import COMPUTED, Study
from components.figures.analyses import of_analysis
from components.frame import cache, controls, jobs, links, panel
from components.frame.polite import INFO, polite
from components.frame.text import escape

NONE = "none"
LONG = 60
"""Seconds from which an analysis of a real study is left to a job."""


def everything(study: Study) -> None:
    """Choose an analysis, and see what it finds with its usual options."""
    st.subheader("All analyses", anchor=False)
    offered = [NONE]
    for name in registry.names(study):
        if can_be_asked(registry.find(name)):
            offered.append(name)
    chosen = links.one(
        "Analysis",
        offered,
        "analysis",
        format_func=str.capitalize,
        help="With its usual options; Python and the command line take all of them.",
    )
    if chosen != NONE:
        one(study, registry.find(chosen))


def can_be_asked(analysis: Analysis) -> bool:
    """Whether an analysis needs nothing but a study, and its result can be kept."""
    if not analysis.kept:
        return False
    for option in (*analysis.shared, *analysis.own):
        if option.default is REQUIRED and option.name not in analysis.usual:
            return False
    return True


def one(study: Study, analysis: Analysis) -> None:
    """What an analysis finds, as a figure where it can be drawn, else as a table."""
    st.caption(escape(analysis.says))
    st.code(f'babelscope measure {study.name} "{analysis.name}"', language=None)
    with polite(INFO):
        arguments = analysis.arguments(study, {})
        want = cache.Want(analysis.name, arguments)
        if takes_long(study, analysis) and not jobs.awaited("Compute", study, want):
            return
        with st.spinner(f"{analysis.name.capitalize()} …"):
            result = cache.measure(analysis.function, study, *arguments)
        try:
            figure = of_analysis(study, analysis, result, controls.arrangement())
        except FigureError:
            st.dataframe(registry.as_table(result), hide_index=True)
            return
        panel.show(figure)


def takes_long(study: Study, analysis: Analysis) -> bool:
    """Whether a page should not wait for it."""
    return analysis.seconds >= LONG and study.kind == COMPUTED and not study.toy
