"""Similarity: do the languages agree?"""

from functools import partial

import pandas as pd
import streamlit as st
import xarray as xr

from analysis.concepts import relationship, similarity
from analysis.languages.distances import DISTANCES, MISSING, masked_note
from analysis.study.published_values import linguistic_correlation
from analysis.study.study import PUBLISHED, Study
from components.figures import similarity as figures
from components.figures.cells import between
from components.figures.languages import Languages, share_table
from components.frame import cache, controls, links, panel, questions
from components.frame.controls import NARROW
from components.frame.polite import INFO, polite
from components.frame.questions import Question
from components.frame.text import escape
from components.views import cell, certificate, unfilled
from components.views.words import answer, tell_null

BY_CLUSTER = "Order by similarity (cluster)"


def page(study: Study) -> None:
    """The page's figures under its controls."""
    if unfilled.tell_lacking(study, "Similarity"):
        return
    tell_null(study)
    concepts, layer = study.concepts, similarity.MAXIMUM
    if study.has("concept_vector"):
        concepts = controls.concepts(study)
    row = controls.row()
    with row:
        if study.has("concept_vector"):
            layer = controls.layer(study)
        cluster = links.switch(BY_CLUSTER, "cluster")
    data = cache.measure(similarity.similarity, study, layer, concepts)
    languages = controls.languages(study, data.source.values.tolist())
    if cluster:
        languages = clustered(data["cosine"], languages)
    by_layer = None
    if isinstance(layer, int):
        by_layer = cache.measure(similarity.similarity_by_layer, study, concepts)
    answer(study, "similarity")
    drawn = figures.heat_map(study, data, by_layer, languages)
    picked = cell.chosen(languages.codes)
    beside = cell.matrix(drawn, picked, languages)
    if picked is not None:
        with beside:
            inspect(study, data, languages, concepts)
    questions.show(more(study, data["cosine"], languages, concepts))
    panel.explain(
        similarity.similarity,
        similarity.similarity_floor,
        similarity.similarity_ceiling,
        relationship.relationship,
        relationship.printed_way,
    )


def inspect(
    study: Study, data: xr.Dataset, languages: Languages, concepts: tuple[str, ...]
) -> None:
    """Two languages: their cosine, and the same over layers."""
    here = cell.menus(languages)
    st.markdown(
        escape(figures.sentence_of_cell(data, languages, here.source, here.target))
    )
    if not study.has("concept_vector"):
        st.caption("Only these cosines are printed, so there is no curve over layers.")
        return
    agreement = bounded(study, concepts)
    pair = (here.source, here.target)
    panel.show(figures.pair_over_layers(study, agreement, languages, pair))
    cell.try_it(study, concepts[0], here)


def more(
    study: Study, cosine: xr.DataArray, languages: Languages, concepts: tuple[str, ...]
) -> list[Question]:
    """What is asked beside the heat map; the numbers are found when a tab is open."""
    relatives = partial(related, study, cosine, languages)
    asked = [Question("related", "Are related languages more alike?", relatives)]
    if study.has("concept_vector"):
        noise = partial(remarkable, study, languages, concepts)
        asked.append(Question("noise", "Is it more than noise?", noise))
    one = partial(certificate.tab, study, concepts)
    asked.append(Question("certificate", "Is it one direction in every language?", one))
    tree = partial(clusters, study, cosine, languages)
    asked.append(Question("clusters", "Which languages cluster?", tree))
    if study.kind == PUBLISHED:
        printed = partial(misprint, study, cosine)
        asked.append(
            Question("printed", "Why do the printed correlations differ?", printed)
        )
    return asked


def remarkable(study: Study, languages: Languages, concepts: tuple[str, ...]) -> None:
    """The agreement between what unrelated vectors reach and what noise allows."""
    agreement = bounded(study, concepts)
    panel.show(figures.floor_and_ceiling(study, agreement, languages))


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
    """Similarity against linguistic relatedness."""
    kind = links.one(
        "Linguistic similarity",
        DISTANCES,
        "kind",
        format_func=str.capitalize,
        width=NARROW,
    )
    cells = between(cosine, languages.codes)
    with polite(INFO):
        found = relationship.relationship(cells, kind, share_table(study))
        panel.show(figures.scatter(study, cosine, languages, found))
        if kind in MISSING:
            st.caption(masked_note(kind))


def clusters(study: Study, cosine: xr.DataArray, languages: Languages) -> None:
    """Which languages' vectors are alike, as a tree."""
    with polite(INFO):
        _, linkage = relationship.cluster_order(between(cosine, languages.codes))
        panel.show(figures.dendrogram(study, linkage, languages))


def misprint(study: Study, cosine: xr.DataArray) -> None:
    """The printed Direct column next to the right one, with the fault explained."""
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
