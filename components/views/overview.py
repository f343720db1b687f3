"""Overview: what is loaded, three findings, coverage."""

import numpy as np
import pandas as pd
import streamlit as st

from analysis.study import library
from analysis.study.study import PUBLISHED, Study
from components.figures.spec import Figure, Matrix
from components.frame import cache, controls, panel
from components.frame.shell import DEMO_NOTE, MENU, source_note
from components.frame.text import escape
from components.views.figures import drop


def page(study: Study) -> None:
    """The page under its title."""
    loaded(study)
    convention = controls.convention()
    st.subheader("What it says", anchor=False)
    for finding in cache.measure("findings", study, convention):
        text, link = st.columns([5, 1], vertical_alignment="center")
        text.markdown(escape(finding.sentence))
        entry = next(entry for entry in MENU if entry.title.lower() == finding.page)
        link.page_link(
            entry.file,
            label=entry.title,
            icon=entry.icon,
            query_params={"study": study.name},
        )
    if study.concepts:
        panel.show(coverage(study))
    else:
        st.info(
            "This study has no concepts. Layers and Plane show what it has.",
            icon=":material/layers:",
        )
    drop()
    with st.expander("Provenance", icon=":material/history_edu:"):
        st.code(library.provenance(study), language="json")


def loaded(study: Study) -> None:
    """The study in four numbers, and what kind of numbers they are."""
    st.subheader(escape(study.title), anchor=False)
    if study.kind == PUBLISHED:
        st.caption(
            f"Published numbers, not computed here. {study.manifest['citation']}"
        )
    elif study.toy:
        st.warning(DEMO_NOTE, icon=":material/toys:")
    else:
        st.caption(f"Computed by Babelscope from {escape(study.model)}.")
    if study.missing:
        st.warning(
            f"Unfinished: {len(study.missing)} cells are missing. The Studies page goes on with it.",
            icon=":material/pause_circle:",
        )
    sizes = {
        "Concepts": len(study.concepts),
        "Languages": len(study.languages),
        "Layers": study.layers,
    }
    for column, (label, value) in zip(
        st.columns(4), {**sizes, "Held-out pairs": held_out(study)}.items()
    ):
        column.metric(label, value)


def held_out(study: Study) -> str:
    """How many held-out pairs there are over all concepts and languages."""
    tables = study.manifest.get("pairs")
    if not tables:
        return "not printed"
    return f"{sum(counts['test'] for table in tables.values() for counts in table['counts'].values()):,}"


def coverage(study: Study) -> Figure:
    """Contrast pairs per concept and language, or what is printed about each language."""
    codes = controls.arranged(study, study.languages)
    rows, values, what, units = (
        counted(study, codes) if study.manifest.get("pairs") else printed(study, codes)
    )
    cells = [
        (row, code, values[i, j])
        for i, row in enumerate(rows)
        for j, code in enumerate(codes)
    ]
    return Figure(
        name=f"coverage-{study.name}",
        title="Coverage",
        caption=f"{what} {int((values == 0).sum())} of {values.size} cells are empty.",
        data=Matrix(
            values,
            rows,
            controls.labels(codes),
            units,
            (0, max(1, values.max())),
            digits=0,
        ),
        table=pd.DataFrame(cells, columns=["row", "language", units]),
        x="language",
        source=source_note(
            study, "alignment" if study.has("alignment") else "recognition"
        ),
    )


def counted(study: Study, codes: list[str]) -> tuple:
    """Rows, numbers of pairs, and their words."""
    tables = study.manifest["pairs"]
    values = np.array(
        [
            [sum(tables[c]["counts"].get(a, {}).values()) for a in codes]
            for c in study.concepts
        ],
        float,
    )
    return (
        study.concepts,
        values,
        "Contrast pairs, training and held-out, per concept and language.",
        "pairs",
    )


def printed(study: Study, codes: list[str]) -> tuple:
    """Rows, whether each language is printed, and their words."""
    rows = tuple(
        name
        for name in ("recognition", "similarity", "transfer", "alignment")
        if study.has(name)
    )
    known = [
        set(
            study.array(name)[
                "language" if name == "recognition" else "source"
            ].values.tolist()
        )
        for name in rows
    ]
    values = np.array(
        [[float(code in languages) for code in codes] for languages in known]
    )
    return rows, values, "1: printed for this language, 0: not.", "printed"
