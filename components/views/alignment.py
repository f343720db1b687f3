"""Alignment: do the spaces match?"""

import numpy as np
import pandas as pd
import streamlit as st
import xarray as xr

from analysis.core.errors import AnalysisError
from analysis.core.turns import SMALL
from analysis.study.study import PUBLISHED, Study
from analysis.words import alignment as measures
from analysis.words import alignment_controls, maps, neighbours, retrieval
from analysis.words.matching import STAGES
from analysis.words.specs import IDENTICAL, POOLS, AlignmentSpec
from components.figures.spec import Bars, BarSeries, Figure, Lines, Matrix, Series
from components.figures.text import source_note
from components.forms import embedding
from components.frame import cache, controls, jobs, links, panel
from components.frame.text import escape
from components.views import alignment_controls as views
from components.views import neighbours as close
from components.views.words import counts, empty, long_table, span

MANY_WORDS = 2500
LAST = "last"


def page(study: Study) -> None:
    """The page's figures under its controls; the form to embed words comes first where there are none yet."""
    embedding.progress()
    if not study.embeddings:
        embedding.offer(study)
    answer(study)
    if study.embeddings:
        embedding.offer(study)
    panel.explain(
        measures.alignment,
        *maps.MAPS.values(),
        *retrieval.CRITERIA.values(),
        *STAGES.values(),
        alignment_controls.by_kind,
        alignment_controls.shuffled,
        neighbours.inspected,
    )


def answer(study: Study) -> None:
    """What the study says about words, or about its few concepts; or where there is something to see."""
    words = study.words
    try:
        if study.embeddings and (words is None or len(words.concepts) >= measures.FEW):
            figures(study)
        elif words is not None or study.has("concept_vector"):
            few(study, words is not None)
        else:
            nothing(study)
    except AnalysisError as error:
        st.info(escape(str(error)), icon=":material/hourglass_empty:")


def nothing(study: Study) -> None:
    """Where there is something to see."""
    st.info(
        empty(study.title, "word vectors or concept vectors"),
        icon=":material/hourglass_empty:",
    )
    for name in ("words-llama2-13b", "demo"):
        title = escape(cache.study(name).title)
        st.page_link(
            "pages/alignment.py",
            label=f"Look at {title}",
            icon=":material/join_inner:",
            query_params={"study": name},
        )


def figures(study: Study) -> None:
    """Everything about words; what takes long on a large study is computed on demand."""
    target, spec = choose(study)
    if wanted(
        study, "Look every language's test words up", ("alignment", spec, target)
    ):
        first(study, spec, target)
    if study.kind == PUBLISHED:
        panel.show(views.settings(study))
    else:
        more(study, spec, target)
    if wanted(
        study, "Try several numbers of seeds", ("alignment by seeds", spec, target)
    ):
        panel.show(
            curve(
                study,
                cache.measure("alignment by seeds", study, spec, target),
                spec,
                "seeds",
            )
        )
    controlled = (
        ("alignment by kind", spec, target),
        ("alignment", spec, target),
        ("alignment by chance", spec, target),
    )
    if wanted(study, "Compare kinds of words, and chance", *controlled):
        views.kinds(study, spec, target)
    if study.kind != PUBLISHED:
        source = close.choose(study, target)
        if wanted(
            study,
            "Look at this pair of languages",
            ("word ranks", spec, source, target),
        ):
            close.page(study, spec, source, target)


def first(study: Study, spec: AlignmentSpec, target: str) -> None:
    """P@1 by language, and the numbers."""
    found = cache.measure("alignment", study, spec, target)
    for sentence in found.attrs["warnings"]:
        st.warning(escape(sentence), icon=":material/warning:")
    codes = controls.arranged(study, found.language.values.tolist())
    panel.show(by_language(study, found, spec, (codes, target)))
    table(found, codes)


def more(study: Study, spec: AlignmentSpec, target: str) -> None:
    """Layers, pairs of languages and templates of a computed study."""
    if len(study.word_layers) > 1 and wanted(
        study, "Go through the layers", ("alignment by layer", spec, target)
    ):
        panel.show(
            curve(
                study,
                cache.measure("alignment by layer", study, spec, target),
                spec,
                "layer",
            )
        )
    if wanted(study, "Match every pair of languages", ("alignment by pair", spec)):
        stage = links.one("Stage of the matrix", ["after", "before"], "stage")
        data = cache.measure("alignment by pair", study, spec)
        picked = panel.show(matrix(study, data, spec, stage), click=True)
        if (
            picked
            and picked[0] != picked[1]
            and tuple(picked) != st.session_state.get("picked-words")
        ):
            st.session_state["picked-words"] = tuple(picked)
            st.query_params["from"], st.query_params["into"] = (
                picked  # the menus are drawn already; they follow the link
            )
            st.rerun()
    if len(study.embeddings) > 1 and wanted(
        study,
        "Compare the ways of reading a word",
        ("alignment by template", spec, target),
    ):
        panel.show(
            views.templates(
                study,
                cache.measure("alignment by template", study, spec, target),
                spec,
                target,
            )
        )


def wanted(study: Study, label: str, *wants: cache.Want) -> bool:
    """Whether measures can be shown: at once on small studies; on large ones, where they take minutes, by a job on demand."""
    words = study.words
    large = words is not None and (
        study.manifest["hidden"] > SMALL or len(words.concepts) > MANY_WORDS
    )
    return not large or jobs.awaited(label, study, *wants)


def choose(study: Study) -> tuple[str, AlignmentSpec]:
    """The language looked up in, and how words are matched; only what was printed for a published study."""
    columns = st.columns(4 if study.kind != PUBLISHED else 2)
    with columns[0]:
        embedding_name = links.one("Word vectors", study.embeddings, "embedding")
    if study.kind == PUBLISHED:
        return "en", AlignmentSpec(embedding_name)
    codes = controls.arranged(study, study.words.languages)
    label = dict(zip(codes, controls.labels(codes))).get
    with columns[1]:
        target = links.one(
            "Into",
            codes,
            "into",
            "en" if "en" in codes else codes[0],
            format_func=label,
        )
    with columns[2]:
        layers = [LAST, *map(str, study.word_layers)]
        layer = links.one(
            "Layer",
            layers,
            "layer",
            help="“last” is the last one whose word vectors were kept.",
        )
    with columns[3]:
        chosen = links.one("Map", list(maps.MAPS), "map")
    with st.expander(
        "Criterion, seeds, pool, identical spellings", icon=":material/tune:"
    ):
        more_choices = [
            links.one("Criterion", list(retrieval.CRITERIA), "criterion"),
            int(links.one("Neighbours for CSLS", ["10", "5", "20", "50"], "near")),
            int(
                links.one(
                    "Seed pairs",
                    ["0", *map(str, measures.SIZES)],
                    "seeds",
                    format_func=lambda size: "all" if size == "0" else size,
                )
            ),
            links.one("Candidates", POOLS, "pool"),
            links.one("Words spelled alike", IDENTICAL, "alike"),
            int(links.one("Seed of the split", [str(n) for n in range(1, 6)], "draw")),
        ]
    return target, AlignmentSpec(
        embedding_name, 0 if layer == LAST else int(layer), chosen, *more_choices
    )


def by_language(
    study: Study, found: xr.Dataset, spec: AlignmentSpec, where: tuple[list[str], str]
) -> Figure:
    """P@1 at every stage, what is spelled alike hatched."""
    codes, target = where
    stages = [stage for stage in found.stage.values.tolist() if stage in STAGES]
    cells = found.sel(language=codes, k=1)
    series = []
    for stage in stages:
        one = cells.sel(stage=stage)
        series.append(
            BarSeries(
                stage,
                *(
                    one[part].values
                    for part in ("precision", "low", "high", "identical")
                ),
            )
        )
    printed = study.kind == PUBLISHED
    alike = 100 * cells["alike"].values
    hatched = "at most" if printed else "exactly"
    name = controls.labels([target])[0]
    return Figure(
        name=f"alignment-{study.name}",
        title=f"Words found in {name} at the first try (P@1)",
        caption=f"n = {counts(cells['n'])} test words a language; bars are 95 % intervals ({found.attrs['interval']}). "
        f"{matched_by(study, spec)} "
        f"Hatched: {hatched} what words spelled as in {name} contribute ({span(alike, 1)} % of the words). “After” has seen no "
        "test word; “ceiling” is fitted on the test words too (leaky, as in the paper: room for overfitting, not quality)"
        + (
            "."
            if printed
            else "; the cross-validated ceiling fits as many pairs without leak."
        ),
        data=Bars(
            controls.labels(codes),
            tuple(series),
            chance=float(cells["chance"].mean()),
            limits=(0, 1),
        ),
        table=long_table(found.sel(language=codes), ("precision", "low", "high")),
        x="language looked up from",
        y="P@1",
        source=source_note(study, "alignment"),
    )


def matched_by(study: Study, spec: AlignmentSpec, axis: str = "") -> str:
    """How words were matched, in a sentence; without what the axis shows."""
    if study.kind == PUBLISHED:
        seeds = "" if axis == "seeds" else " of 3,000 seed pairs"
        return f"CSLS; orthogonal map{seeds}; whether the candidates were the test words or all 4,397 is not printed."
    near = f" ({spec.n_neighbors} neighbours)" if spec.criterion == "CSLS" else ""
    layer = "" if axis == "layer" else f", layer {spec.layer or study.word_layers[-1]}"
    seeds = (
        ""
        if axis == "seeds"
        else f" of {f'at most {spec.seeds}' if spec.seeds else 'all'} seed pairs"
    )
    pool = "the test words" if spec.pool == "test words" else "all words"
    return (
        f"{spec.embedding.capitalize()}{layer}; {spec.criterion}{near}; {spec.map} map{seeds}; candidates are {pool}, of which "
        f"guessing finds 1 in n (dotted); words spelled alike are {spec.identical}."
    )


def table(found: xr.Dataset, codes: list[str]) -> None:
    """P@k, mean rank, seeds and chance in numbers."""
    with st.expander(
        "P@1, P@5, P@10, P@30, mean reciprocal rank and mean rank",
        icon=":material/table_chart:",
    ):
        rows = []
        for code in codes:
            for stage in found.stage.values.tolist():
                one = found.sel(language=code, stage=stage)
                row = {
                    "language": code,
                    "stage": stage,
                    **{
                        f"P@{k}": float(one["precision"].sel(k=k))
                        for k in found.k.values
                    },
                }
                row |= {
                    f"chance P@{k}": float(found["chance"].sel(language=code, k=k))
                    for k in found.k.values
                }
                row |= {
                    name: float(one[part])
                    for name, part in (("MRR", "reciprocal"), ("mean rank", "rank"))
                    if part in one
                }
                row |= {
                    name: int(one[name])
                    for name in ("n", "seeds", "dropped", "pool")
                    if name in one
                }
                rows.append(row)
        st.dataframe(pd.DataFrame(rows).round(4), hide_index=True)
        st.caption(
            "Ties count by the share of their orders; a target word spelled like the right answer is right too. “dropped”: seeds "
            "spelled like a test word of either language, which would have shown it to the map."
        )


def curve(study: Study, data: xr.Dataset, spec: AlignmentSpec, axis: str) -> Figure:
    """P@1 over layers or seed sizes, mean over languages."""
    x = data[axis].values.astype(float)
    series = []
    for stage in data.stage.values.tolist():
        one = data.sel(stage=stage)
        ends = (
            (one["low"].values, one["high"].values)
            if np.isfinite(one["low"]).any()
            else (None, None)
        )
        series.append(
            Series(stage, x, one["precision"].values, *ends, dashed=stage == "before")
        )
    known = np.isfinite(data["low"]).any()
    bands = (
        f"bands are 95 % ({data.attrs['interval']}, the same in all languages)"
        if known
        else f"intervals: {data.attrs['interval']}"
    )
    words = {"layer": "over layers", "seeds": "by number of seed pairs"}[axis]
    return Figure(
        name=f"alignment-{axis}-{study.name}",
        title=f"P@1 {words}, mean over languages",
        caption=f"Mean over {data.sizes['language']} languages, n = {data.attrs['n']:,} test words, chance "
        f"{data.attrs['chance']:.3f}; {bands}. "
        f"{matched_by(study, spec, axis)}",
        data=Lines(tuple(series), chance=data.attrs["chance"]),
        table=data["each"].to_dataframe("P@1").reset_index(),
        x="layer" if axis == "layer" else "seed pairs",
        y="P@1",
        source=source_note(study, "alignment"),
    )


def matrix(study: Study, data: xr.Dataset, spec: AlignmentSpec, stage: str) -> Figure:
    """P@1 from every language to every other."""
    codes = controls.arranged(study, data.source.values.tolist())
    cells = data.sel(source=codes, target=codes)
    one = cells.sel(stage=stage)
    low, high, n = one["low"].values, one["high"].values, one["n"].values
    hover = np.vectorize(
        lambda a, b, c: (
            f"95 % {a:.3f} to {b:.3f}, n = {c:.0f}" if np.isfinite(c) else ""
        )
    )(low, high, n)
    values = one["precision"].values
    chance = one["chance"].values
    names = controls.labels(codes)
    return Figure(
        name=f"alignment-pairs-{study.name}",
        title=f"P@1 between every two languages, {stage}",
        caption=f"Row: looked up from; column: looked up in; {span(values)}, n = {counts(n)} test "
        f"words; chance {np.nanmean(chance):.3f}. Faded: the 95 % interval ({data.attrs['interval']}) reaches down to chance. "
        f"{matched_by(study, spec)} Click a cell to look at its words.",
        data=Matrix(
            values,
            names,
            names,
            "P@1",
            (0, float(np.nanmax(values)) or 1),
            digits=2,
            hover=hover,
            codes=(tuple(codes), tuple(codes)),
            faded=np.isfinite(values) & (low <= chance),
        ),
        table=long_table(cells, ("precision", "low", "high", "n", "chance")),
        x="into",
        y="from",
        source=source_note(study, "alignment"),
    )


def few(study: Study, words: bool) -> None:
    """Ranks among a few concepts: the study's words, or its own concept vectors where it has no words."""
    what = "words" if words else "concept vectors (no words were embedded)"
    st.info(
        f"Fewer than {measures.FEW} concepts: P@k among so few has no meaning, so ranks by cosine are shown.",
        icon=":material/info:",
    )
    layers = study.word_layers if words else range(1, study.layers + 1)
    layer = links.one("Layer", [LAST, *map(str, layers)], "layer")
    data = cache.measure("concept ranks", study, 0 if layer == LAST else int(layer))
    codes = controls.arranged(study, data.source.values.tolist())
    values, names, n = (
        data["rank"].sel(source=codes, target=codes).values,
        controls.labels(codes),
        data.attrs["n"],
    )
    panel.show(
        Figure(
            name=f"concept-ranks-{study.name}",
            title="Mean rank of the right concept among all, by cosine",
            caption=f"{n} {what}, layer {layer}; 1 is best, guessing gives {data.attrs['chance']:.1f}. No map, since there are too few "
            "to fit one, and no interval for so few.",
            data=Matrix(values, names, names, "mean rank", (1, n), digits=1),
            table=data.to_dataframe().reset_index(),
            x="into",
            y="from",
            source=source_note(study, "alignment"),
        )
    )
