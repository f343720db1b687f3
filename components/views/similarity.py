"""Similarity: do the languages agree?"""

import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import relationship, similarity
from analysis.languages.distances import DISTANCES, masked_note
from analysis.study.published_values import linguistic_correlation
from analysis.study.study import PUBLISHED, Study
from components.figures import similarity as figures
from components.figures.cells import between
from components.figures.languages import Languages, share_table
from components.frame import cache, controls, links, panel
from components.frame.polite import INFO, polite
from components.views import unfilled
from components.views.words import tell_null

BY_CLUSTER = "Order by similarity (cluster)"


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if unfilled.tell(study, "Similarity"):
        return
    tell_null(study)
    concepts, layer = study.concepts, similarity.MAXIMUM
    if study.has("concept_vector"):
        concepts = controls.concepts(study)
        layer = controls.layer(study)
    data = cache.measure(similarity.similarity, study, layer, concepts)
    languages = controls.languages(study, data.source.values.tolist())
    if links.switch(BY_CLUSTER, "cluster"):
        languages = clustered(data["cosine"], languages)
    by_layer = None
    if isinstance(layer, int):
        by_layer = cache.measure(similarity.similarity_by_layer, study, concepts)
    panel.show(figures.heat_map(study, data, by_layer, languages))
    if study.has("concept_vector"):
        agreement = bounded(study, concepts)
        panel.show(figures.floor_and_ceiling(study, agreement, languages))
    related(study, data["cosine"], languages)
    panel.explain(
        similarity.similarity,
        similarity.similarity_floor,
        similarity.similarity_ceiling,
        relationship.relationship,
        relationship.printed_way,
    )


def bounded(study: Study, concepts: tuple[str, ...]) -> figures.Agreement:
    """Cosines over depth, with what unrelated vectors reach and noise allows."""
    return figures.Agreement(
        concepts,
        cache.measure(similarity.similarity_by_layer, study, concepts),
        cache.measure(similarity.similarity_floor, study, concepts),
        cache.measure(similarity.similarity_ceiling, study, concepts),
    )


def clustered(cosine: xr.DataArray, languages: Languages) -> Languages:
    """The alike side by side; as given, said so, where clustering is impossible."""
    with polite(INFO):
        codes, _ = relationship.cluster_order(between(cosine, languages.codes))
        return Languages(codes, tuple(map(languages.name, codes)))
    return languages


def related(study: Study, cosine: xr.DataArray, languages: Languages) -> None:
    """Dendrogram, and similarity against linguistic relatedness."""
    st.subheader("Are related languages more alike?", anchor=False)
    kind = links.one(
        "Linguistic similarity", DISTANCES, "kind", format_func=str.capitalize
    )
    cells = between(cosine, languages.codes)
    with polite(INFO):
        found = relationship.relationship(cells, kind, share_table(study))
        _, linkage = relationship.cluster_order(cells)
        left, right = st.columns(2)
        with left:
            panel.show(figures.scatter(study, cosine, languages, found))
        with right:
            panel.show(figures.dendrogram(study, linkage, languages))
        note = masked_note(kind)
        if note:
            st.caption(note)
        if study.kind == PUBLISHED:
            misprint(study, cosine)


def misprint(study: Study, cosine: xr.DataArray) -> None:
    """The printed Direct column next to the right one, with the fault explained."""
    with st.expander(
        "The printed correlations, and why they differ from these",
        icon=":material/rule:",
    ):
        st.markdown(relationship.OFF_BY_ONE)
        rows = [correlations(study, cosine, kind) for kind in DISTANCES]
        st.dataframe(pd.DataFrame(rows).round(2), hide_index=True)


def correlations(study: Study, cosine: xr.DataArray, kind: str) -> dict[str, object]:
    """One row: printed, the fault reproduced, done right, and by class."""
    direct, by_class = linguistic_correlation(study.name)[kind]
    table = share_table(study)
    right = relationship.relationship(cosine, kind, table, masked=False)
    return {
        "linguistic similarity": kind,
        "direct, printed": direct,
        "direct, fault reproduced": relationship.printed_way(cosine, kind),
        "direct, right": right.pearson,
        "by class, printed": by_class,
        "by class, right": right.category,
        "pairs": right.n,
    }
