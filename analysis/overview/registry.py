"""Every analysis: one record, which menu, cache, commands, methods and citations read.

To add one, write its function and append its record to ANALYSES.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd

from analysis.certificates import invariance, report_card
from analysis.concepts import recognition, similarity, transfer
from analysis.control import recognised
from analysis.core.errors import SpecError, unknown
from analysis.crossing import alignment as crossing_alignment
from analysis.crossing import forcing, latent, patching
from analysis.overview import (
    agreement,
    dose_response,
    findings,
    needs,
    of_runs,
    of_study,
    usual,
)
from analysis.overview.flat import as_table
from analysis.overview.record import (
    ADJUSTED,
    ALL_CELLS,
    BOOTSTRAP,
    EXACT,
    MANTEL,
    NEWCOMBE,
    PAIRED,
    PERMUTATION,
    PUSHES,
    SHARES,
    SHUFFLED,
    STUDENT,
    WILSON,
    Analysis,
)
from analysis.plane import finding, localisation, naming, nested, reachable, several
from analysis.pushing import beside_reading, doses, effects
from analysis.questions import geometry, items, projections
from analysis.sentences import retrieval
from analysis.study.study import Study
from analysis.words import alignment, alignment_controls, neighbours

__all__ = ["ANALYSES", "as_table", "find", "names", "record_of", "run", "table"]

XU, PENG, HAN = "xu2024multilingual", "peng2024concept", "han2025rethinking"
ZOU, URIEL = "zou2023representation", "littell2017uriel"
UMAP = "mcinnes2018umap"
REFUSAL = ("wang2025refusal", "arditi2024refusal", ZOU)
FIELLER = "fieller1954some"
NAMING, ANEW = "veselovsky2025localized", "varma2006bias"
CONCEPTS = (XU,)
WORDS = (PENG, "conneau2018word", "schonemann1966generalized")
QUESTIONS = (HAN,)
STEERING = (XU, ZOU)
MEXA = "kargaran2025mexa"
SENTENCES = (MEXA, "conneau2018word", "muennighoff2022sgpt")

CONVENTION = {"convention": usual.convention}
ROUTE = {"source": usual.source, "target": usual.target}
MATCHING = {"spec": usual.matching, "target": usual.words_target}
PAIR = {**MATCHING, "source": usual.words_source}
LOOKUP = {"spec": usual.sentence_lookup}
INTO = {**LOOKUP, "target": usual.sentences_target}
SETTING = {"place": usual.setting}
MODE = {"mode": usual.mode}

ANALYSES: list[Analysis] = [
    Analysis(
        "findings",
        findings.findings,
        needs.ANYTHING,
        seconds=30,
        works=CONCEPTS,
        tests=(
            SHARES,
            PERMUTATION,
            ADJUSTED,
        ),
        printed_tests=(
            STUDENT,
            PERMUTATION,
        ),
        usual=CONVENTION,
    ),
    Analysis(
        "finding",
        findings.finding,
        needs.ANYTHING,
        seconds=10,
        works=CONCEPTS,
        tests=(
            SHARES,
            PERMUTATION,
            ADJUSTED,
        ),
        printed_tests=(
            STUDENT,
            PERMUTATION,
        ),
        usual=CONVENTION,
    ),
    Analysis(
        "coverage",
        of_study.coverage,
        needs.PAIRS,
        seconds=1,
        works=CONCEPTS,
        figures=("overview",),
    ),
    Analysis(
        "recognition",
        recognition.recognition,
        needs.ACCURACIES,
        seconds=5,
        works=CONCEPTS,
        tests=(
            SHARES,
            PERMUTATION,
            ADJUSTED,
        ),
        printed_tests=(STUDENT,),
        figures=(
            "recognition",
            "recognition-concepts",
        ),
        usual=CONVENTION,
    ),
    Analysis(
        "recognition curve",
        recognition.recognition_curve,
        needs.SCORES,
        seconds=3,
        works=CONCEPTS,
        figures=("recognition-depth",),
    ),
    Analysis(
        "similarity",
        similarity.similarity,
        needs.COSINES,
        seconds=3,
        works=CONCEPTS,
        tests=(STUDENT,),
        figures=("similarity",),
    ),
    Analysis(
        "similarity by layer",
        similarity.similarity_by_layer,
        needs.VECTORS,
        seconds=2,
        works=CONCEPTS,
        figures=("similarity-depth",),
    ),
    Analysis(
        "floor",
        similarity.similarity_floor,
        needs.VECTORS,
        seconds=3,
        works=CONCEPTS,
    ),
    Analysis(
        "ceiling",
        similarity.similarity_ceiling,
        needs.VECTORS,
        seconds=3,
        works=CONCEPTS,
    ),
    Analysis(
        "certificate",
        invariance.certificate,
        needs.CERTIFICATE,
        seconds=5,
        works=CONCEPTS,
        tests=(
            STUDENT,
            PAIRED,
            ADJUSTED,
        ),
        figures=("certificate",),
        usual={"concept": usual.concept},
    ),
    Analysis(
        "relationship",
        of_study.relationship,
        needs.COSINES,
        seconds=5,
        works=(*CONCEPTS, URIEL),
        tests=(
            BOOTSTRAP,
            MANTEL,
        ),
        printed_tests=(
            BOOTSTRAP,
            MANTEL,
        ),
        figures=("relatedness",),
    ),
    Analysis(
        "clusters",
        of_study.clusters,
        needs.COSINES,
        seconds=3,
        works=CONCEPTS,
        figures=("clusters",),
    ),
    Analysis(
        "transfer",
        transfer.transfer,
        needs.TRANSFER,
        seconds=20,
        works=CONCEPTS,
        tests=(
            PAIRED,
            PERMUTATION,
            ADJUSTED,
        ),
        printed_tests=(PERMUTATION,),
        figures=("transfer",),
        usual=CONVENTION,
    ),
    Analysis(
        "pushing",
        effects.pushing,
        needs.PUSHED,
        seconds=2,
        works=(XU, ZOU, FIELLER),
        tests=(
            PUSHES,
            ADJUSTED,
        ),
        figures=("pushing",),
        usual={"strength": usual.push_strength},
    ),
    Analysis(
        "reading and pushing",
        beside_reading.beside_reading,
        needs.PUSHED,
        seconds=20,
        works=(XU, ZOU, FIELLER),
        tests=(
            PUSHES,
            PAIRED,
            ADJUSTED,
            MANTEL,
        ),
        figures=("reading-pushing",),
        usual={**CONVENTION, "strength": usual.push_strength},
    ),
    Analysis(
        "doses",
        doses.doses,
        needs.PUSHED,
        seconds=1,
        works=(XU, ZOU),
        tests=(STUDENT,),
        figures=("pushing-doses",),
        usual={"source": usual.pushed_source, "target": usual.pushed_target},
    ),
    Analysis(
        "transfer curve",
        transfer.transfer_curve,
        needs.SCORES,
        seconds=1,
        works=CONCEPTS,
        tests=(SHARES,),
        figures=("transfer-layers",),
        usual=ROUTE,
    ),
    Analysis(
        "triangle",
        of_study.triangle,
        needs.TRANSFER,
        seconds=20,
        works=CONCEPTS,
        tests=(PERMUTATION,),
        printed_tests=(PERMUTATION,),
        usual=CONVENTION,
    ),
    Analysis(
        "claims",
        agreement.agreement,
        needs.ACCURACIES,
        seconds=30,
        works=CONCEPTS,
        tests=(BOOTSTRAP, PERMUTATION),
        printed_tests=(BOOTSTRAP, PERMUTATION),
    ),
    Analysis(
        "starting gap",
        of_study.starting_gap,
        needs.TRANSFER,
        seconds=20,
        works=CONCEPTS,
        tests=(PERMUTATION,),
        printed_tests=(PERMUTATION,),
        figures=(
            "starting-gap",
            "transfer-net",
        ),
        usual=CONVENTION,
    ),
    Analysis(
        "alignment",
        alignment.alignment,
        needs.WORDS,
        seconds=120,
        works=WORDS,
        tests=(SHARES,),
        printed_tests=(WILSON,),
        figures=("alignment",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by layer",
        alignment.alignment_by_layer,
        needs.OWN_WORDS,
        seconds=600,
        works=WORDS,
        tests=(SHARES,),
        figures=("alignment-layers",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by seeds",
        alignment.alignment_by_seeds,
        needs.WORDS,
        seconds=600,
        works=WORDS,
        tests=(SHARES,),
        printed_tests=(WILSON,),
        figures=("alignment-seeds",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by pair",
        alignment.alignment_by_pair,
        needs.OWN_WORDS,
        seconds=900,
        works=WORDS,
        tests=(SHARES,),
        figures=("alignment-pairs",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by template",
        alignment_controls.alignment_by_template,
        needs.OWN_WORDS,
        seconds=300,
        works=WORDS,
        tests=(SHARES,),
        figures=("alignment-templates",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by kind",
        alignment_controls.kind_controls,
        needs.WORDS,
        seconds=300,
        works=WORDS,
        tests=(SHARES,),
        printed_tests=(WILSON,),
        figures=("alignment-kinds",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by chance",
        alignment_controls.alignment_by_chance,
        needs.OWN_WORDS,
        seconds=300,
        works=WORDS,
        usual=MATCHING,
    ),
    Analysis(
        "alignment of all settings",
        of_study.published_settings,
        needs.SETTINGS,
        seconds=1,
        works=WORDS,
        figures=("alignment-settings",),
    ),
    Analysis(
        "concept ranks",
        alignment.concept_ranks,
        needs.RANKS,
        seconds=1,
        works=(PENG,),
        figures=("concept-ranks",),
        usual={"layer": usual.last_layer},
    ),
    Analysis(
        "word ranks",
        neighbours.word_ranks,
        needs.OWN_WORDS,
        seconds=30,
        works=WORDS,
        prepare=neighbours.matched_pair,
        usual=PAIR,
    ),
    Analysis(
        "neighbours",
        neighbours.neighbours_and_hubs,
        needs.OWN_WORDS,
        seconds=30,
        works=WORDS,
        prepare=neighbours.matched_pair,
        usual=PAIR,
    ),
    Analysis(
        "clouds",
        neighbours.word_clouds,
        needs.OWN_WORDS,
        seconds=30,
        works=(*WORDS, UMAP),
        figures=("cloud",),
        prepare=neighbours.matched_pair,
        usual={**PAIR, "projection": usual.projection},
    ),
    Analysis(
        "sentence retrieval",
        retrieval.sentence_retrieval,
        needs.SENTENCES,
        seconds=5,
        works=SENTENCES,
        tests=(WILSON,),
        figures=("sentences",),
        usual=INTO,
    ),
    Analysis(
        "sentence retrieval by layer",
        retrieval.sentence_retrieval_by_layer,
        needs.SENTENCES,
        seconds=60,
        works=SENTENCES,
        tests=(STUDENT,),
        figures=(
            "sentences-layers",
            "sentences-map",
        ),
        usual=INTO,
    ),
    Analysis(
        "sentence retrieval by pair",
        retrieval.sentence_retrieval_by_pair,
        needs.SENTENCES,
        seconds=30,
        works=SENTENCES,
        tests=(WILSON,),
        figures=("sentences-pairs",),
        usual=LOOKUP,
    ),
    Analysis(
        "mexa",
        retrieval.mexa,
        needs.SENTENCES,
        seconds=60,
        works=(MEXA, "muennighoff2022sgpt"),
        tests=(STUDENT,),
        figures=("mexa",),
        usual=INTO,
    ),
    Analysis(
        "sentence alignment",
        crossing_alignment.alignment_by_layer,
        needs.ALIGNED,
        seconds=1,
        works=(
            MEXA,
            "muennighoff2022sgpt",
            "kornblith2019similarity",
            "huh2024platonic",
        ),
        tests=(STUDENT,),
        figures=(
            "sentence-alignment",
            "sentence-alignment-map",
        ),
    ),
    Analysis(
        "mexa pooled",
        crossing_alignment.pooled_mexa,
        needs.ALIGNED,
        seconds=1,
        works=(MEXA, "muennighoff2022sgpt"),
        tests=(EXACT,),
        figures=("sentence-alignment-pooled",),
    ),
    Analysis(
        "patching",
        patching.patched,
        needs.PATCHED,
        seconds=5,
        works=("dumas2025separating",),
        tests=(BOOTSTRAP,),
        figures=(
            "patching",
            "patching-map",
        ),
    ),
    Analysis(
        "crossing layers",
        patching.crossing_layers,
        needs.PATCHED,
        seconds=5,
        works=("dumas2025separating",),
        tests=(BOOTSTRAP,),
    ),
    Analysis(
        "latent language",
        latent.latent_language,
        needs.LATENT,
        seconds=2,
        works=("wendler2024llamas", "belrose2023eliciting"),
        tests=(STUDENT,),
        figures=(
            "latent-language",
            "latent-language-map",
        ),
    ),
    Analysis(
        "pca",
        projections.pca,
        needs.POINTS,
        seconds=3,
        works=QUESTIONS,
        figures=("layers",),
        usual={"what": usual.picture},
    ),
    Analysis(
        "elsewhere",
        projections.elsewhere,
        needs.POINTS,
        seconds=10,
        works=(*QUESTIONS, UMAP),
        usual={
            "method": usual.method,
            "what": usual.picture,
            "layer": usual.middle_layer,
        },
    ),
    Analysis(
        "angles",
        geometry.angles,
        needs.ANGLES,
        seconds=5,
        works=QUESTIONS,
        tests=(BOOTSTRAP,),
        figures=("angles",),
    ),
    Analysis(
        "mean angle",
        geometry.mean_angle,
        needs.ANGLES,
        seconds=5,
        works=QUESTIONS,
        tests=(STUDENT, SHUFFLED),
        figures=("angle",),
    ),
    Analysis(
        "lengths",
        geometry.lengths,
        needs.STEERING,
        seconds=2,
        works=QUESTIONS,
        figures=("length",),
    ),
    Analysis(
        "separation",
        items.separation,
        needs.ITEMS,
        seconds=20,
        works=QUESTIONS,
        tests=(SHUFFLED,),
        figures=("separation",),
    ),
    Analysis(
        "agreement",
        geometry.agreement,
        needs.STEERING,
        seconds=3,
        works=QUESTIONS,
        figures=(
            "agreement",
            "agreement-map",
        ),
    ),
    Analysis(
        "parallel",
        items.parallel,
        needs.ITEMS,
        seconds=10,
        works=QUESTIONS,
        figures=("parallel",),
    ),
    Analysis(
        "lens",
        geometry.lens,
        needs.LENS,
        seconds=1,
        works=QUESTIONS,
        figures=("lens",),
    ),
    Analysis(
        "plane finding",
        finding.finding,
        needs.PLANE,
        seconds=3,
        works=QUESTIONS,
        tests=(PAIRED,),
    ),
    Analysis(
        "plane",
        localisation.plane,
        needs.PLANE,
        seconds=2,
        works=QUESTIONS,
        tests=(SHARES,),
        figures=("plane",),
        usual=SETTING,
    ),
    Analysis(
        "plane effect",
        localisation.effect,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
        tests=(PAIRED,),
        usual=SETTING,
    ),
    Analysis(
        "plane by layer",
        localisation.by_layer,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
        figures=("plane-depth",),
        usual=MODE,
    ),
    Analysis(
        "plane table",
        localisation.sweep_table,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
        figures=("pareto",),
    ),
    Analysis(
        "plane settings",
        localisation.settings,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
    ),
    Analysis(
        "plane best",
        localisation.chosen_settings,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
    ),
    Analysis(
        "plane twins",
        localisation.twins_of,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
        usual=SETTING,
    ),
    Analysis(
        "plane chance",
        localisation.chance,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
    ),
    Analysis(
        "plane lacking",
        localisation.lacking,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
    ),
    Analysis(
        "plane scorings",
        localisation.agreement_of_scorings,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
    ),
    Analysis(
        "plane reach",
        reachable.reach,
        needs.LOCAL_ITEMS,
        seconds=1,
        works=(*QUESTIONS, NAMING),
        tests=(PAIRED, NEWCOMBE),
    ),
    Analysis(
        "plane classes",
        reachable.class_table,
        needs.LOCAL_ITEMS,
        seconds=1,
        works=(*QUESTIONS, NAMING),
        tests=(SHARES,),
        figures=("plane-reach",),
    ),
    Analysis(
        "plane class chances",
        reachable.classes,
        needs.LOCAL_ITEMS,
        seconds=1,
        works=QUESTIONS,
    ),
    Analysis(
        "plane answers",
        reachable.answer_table,
        needs.LOCAL_ITEMS,
        seconds=1,
        works=QUESTIONS,
    ),
    Analysis(
        "plane countries",
        reachable.by_country,
        needs.LOCAL_ITEMS,
        seconds=2,
        works=QUESTIONS,
        tests=(WILSON,),
        figures=("plane-countries",),
    ),
    Analysis(
        "language or country named",
        naming.named_table,
        needs.NAMED,
        seconds=1,
        works=(*QUESTIONS, NAMING),
        tests=(SHARES,),
        figures=("plane-named",),
    ),
    Analysis(
        "naming brings back",
        naming.named_changes,
        needs.NAMED,
        seconds=1,
        works=(*QUESTIONS, NAMING),
        tests=(PAIRED, NEWCOMBE),
    ),
    Analysis(
        "plane choice",
        nested.nested_choice,
        needs.BOTH_AXES,
        seconds=1,
        works=(*QUESTIONS, ANEW),
        tests=(PAIRED,),
        figures=("plane-choices",),
    ),
    Analysis(
        "plane models",
        several.beside,
        needs.PLANE,
        seconds=1,
        works=QUESTIONS,
        tests=(PAIRED,),
        figures=("plane-models",),
        kept=False,
    ),
    Analysis(
        "report card",
        report_card.report_card,
        needs.REPORT_CARD,
        seconds=2,
        works=STEERING,
        tests=(STUDENT,),
        figures=("report-card",),
    ),
    Analysis(
        "dose response",
        dose_response.dose_response,
        needs.MODEL,
        seconds=60,
        works=STEERING,
        figures=(
            "playground",
            "playground-cost",
        ),
        kept=False,
    ),
    Analysis(
        "control report",
        of_runs.report,
        needs.RATES,
        seconds=5,
        works=STEERING,
        tests=(
            SHARES,
            STUDENT,
        ),
        printed_tests=(WILSON,),
        figures=("control",),
        kept=False,
    ),
    Analysis(
        "control search",
        of_runs.search,
        needs.RUN,
        seconds=5,
        works=STEERING,
        figures=(
            "control-effect",
            "control-cost",
            "control-cells",
        ),
        kept=False,
    ),
    Analysis(
        "control verdicts",
        of_runs.verdicts,
        needs.RUN,
        seconds=3,
        works=STEERING,
        tests=(SHARES,),
        figures=("control-dose",),
        kept=False,
    ),
    Analysis(
        "recognised or acted on",
        recognised.outcomes,
        needs.REFUSING,
        seconds=1,
        works=REFUSAL,
        tests=(SHARES, PAIRED),
        figures=("recognised",),
    ),
    Analysis(
        "harm recognised across languages",
        recognised.recognition_across,
        needs.REFUSING,
        seconds=1,
        works=REFUSAL,
        tests=(SHARES, ALL_CELLS),
        figures=("recognised-across",),
    ),
    Analysis(
        "refusal pushed across languages",
        recognised.refusal_across,
        needs.REFUSING,
        seconds=1,
        works=REFUSAL,
        tests=(PAIRED, ALL_CELLS),
        figures=("refusal-across",),
    ),
    Analysis(
        "forcing",
        forcing.forcing,
        needs.FORCED,
        seconds=1,
        works=("gurgurov2026clas",),
        figures=("language-forcing-map",),
    ),
    Analysis(
        "best forcing",
        forcing.best_forcing,
        needs.FORCED,
        seconds=1,
        works=("gurgurov2026clas",),
        tests=(EXACT,),
        figures=("language-forcing",),
    ),
    Analysis(
        "comparison",
        of_study.comparison,
        needs.MEASURES,
        seconds=40,
        works=CONCEPTS,
        tests=(
            STUDENT,
            PAIRED,
        ),
        printed_tests=(STUDENT,),
        figures=("studies",),
        kept=False,
        usual=CONVENTION,
    ),
]
"""All analyses, in the order of the pages."""


def names(study: Study | None = None) -> tuple[str, ...]:
    """Names of all analyses, or of those that a study has what is needed for."""
    found = []
    for analysis in ANALYSES:
        if study is None or analysis.need.met(study):
            found.append(analysis.name)
    return tuple(found)


def find(name: str) -> Analysis:
    """The analysis of this name; SpecError with the nearest for another."""
    for analysis in ANALYSES:
        if analysis.name == name:
            return analysis
    raise unknown("analysis", name, names())


def record_of(function: Callable[..., Any]) -> Analysis:
    """The record of a function; LookupError for one that is in no record."""
    for analysis in ANALYSES:
        if analysis.function is function:
            return analysis
    raise LookupError(f"{function} is no function of ANALYSES")


def run(name: str, study: Study, **given: Any) -> Any:
    """An analysis of a study by its name, with options by keyword.

    Options may be text, as a command line has them; ``find(name).options`` lists them.
    What comes back is mostly an xarray Dataset or a pandas DataFrame; ``as_table``
    makes one table of anything. SpecError for a name or an option that there is none
    of, and for a study that lacks what the analysis needs; other errors are its own.
    """
    analysis = find(name)
    if not analysis.need.met(study):
        others = ", ".join(names(study)) or "nothing"
        raise SpecError(
            f"“{study.title}” has no {analysis.need.words}, which “{name}” needs. "
            f"It can be asked: {others}."
        )
    return analysis.compute(study, *analysis.arguments(study, given))


def table(name: str, study: Study, **given: Any) -> pd.DataFrame:
    """The same as one table."""
    return as_table(run(name, study, **given))
