"""Every analysis: one record, which menu, cache, commands, methods and citations read.

To add one, write its function and append its record to ANALYSES.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import xarray as xr

from analysis.concepts import recognition, similarity, transfer
from analysis.core.errors import SpecError, unknown
from analysis.overview import findings, needs, options, usual
from analysis.overview.flat import as_table
from analysis.overview.needs import Need
from analysis.overview.options import Option
from analysis.plane import finding, localisation
from analysis.questions import geometry, items, projections
from analysis.study.study import PUBLISHED, Study
from analysis.words import alignment, alignment_controls, neighbours, published

__all__ = ["ANALYSES", "Analysis", "as_table", "find", "names", "record_of", "run"]

XU, PENG, HAN = "xu2024multilingual", "peng2024concept", "han2025rethinking"
ZOU = "zou2023representation"
CONCEPTS = (XU,)
WORDS = (PENG, "conneau2018word", "schonemann1966generalized")
QUESTIONS = (HAN,)


@dataclass(frozen=True)
class Statistic:
    """How uncertainty is told: a sentence of a methods section, and its works."""

    sentence: str
    works: tuple[str, ...] = ()


BOOTSTRAP = Statistic(
    "Intervals are 95 % percentile bootstraps.", ("efron1979bootstrap",)
)
ADJUSTED = Statistic(
    "P values are adjusted over all cells shown with the procedure of Benjamini and "
    "Hochberg.",
    ("benjamini1995controlling",),
)
PERMUTATION = Statistic("P values come from permutation.")
WILSON = Statistic(
    "Intervals of single shares are Wilson intervals.", ("wilson1927probable",)
)
MANTEL = Statistic(
    "Correlations of matrices are tested by the Mantel test.", ("mantel1967detection",)
)


@dataclass(frozen=True)
class Analysis:
    """One analysis of a study.

    ``function`` takes a study, or what ``prepare`` makes of one, and annotated options.
    """

    name: str
    function: Callable[..., Any]
    need: Need
    seconds: float = 1
    """How long it takes, roughly, on a study of sixteen languages and 32 layers."""
    works: tuple[str, ...] = ()
    """Keys of the published works that it rests on."""
    tests: tuple[Statistic, ...] = ()
    """How the uncertainty of its numbers is told."""
    printed_tests: tuple[Statistic, ...] = ()
    """The same for the printed numbers of a published study."""
    figures: tuple[str, ...] = ()
    """Names of the figures that show it."""
    prepare: Callable[..., Any] | None = None
    """What takes long of it and is shared with others; its options come first."""
    usual: Mapping[str, Callable[[Study], Any]] = field(default_factory=dict)
    """Option → what a study is asked where the option is not given."""

    @property
    def says(self) -> str:
        """What it computes, in one line."""
        return (inspect.getdoc(self.function) or self.name).partition("\n")[0]

    @property
    def shared(self) -> tuple[Option, ...]:
        """Options of ``prepare``."""
        return options.parameters(self.prepare) if self.prepare else ()

    @property
    def own(self) -> tuple[Option, ...]:
        """Options of the function itself."""
        return options.parameters(self.function)

    @property
    def options(self) -> tuple[Option, ...]:
        """Options that can be given by keyword, a spec's fields one by one."""
        return options.written_out((*self.shared, *self.own))

    def arguments(self, study: Study, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """All arguments after the study, in order; SpecError as in ``run``."""
        found = {name: usual_value(study) for name, usual_value in self.usual.items()}
        chosen = options.arguments((*self.shared, *self.own), found, given)
        return tuple(chosen.values())

    def compute(self, study: Study, *arguments: Any) -> Any:
        """What it finds in a study, with its arguments in order."""
        if self.prepare is None:
            return self.function(study, *arguments)
        shared = len(self.shared)
        prepared = self.prepare(study, *arguments[:shared])
        return self.function(prepared, *arguments[shared:])

    def tests_of(self, kind: str) -> tuple[Statistic, ...]:
        """How uncertainty is told of a study of this kind."""
        return self.printed_tests if kind == PUBLISHED else self.tests


def published_settings(study: Study, stage: str = "after") -> xr.DataArray:
    """P@1 of all twenty published settings at a stage: (setting, source)."""
    return published.settings(stage)


MATCHING = {"spec": usual.matching, "target": usual.words_target}
ROUTE = {**MATCHING, "source": usual.words_source}
SETTING = {"place": usual.setting}
CONVENTION = {"convention": usual.convention}

ANALYSES: list[Analysis] = [
    Analysis(
        "recognition",
        recognition.recognition,
        needs.ACCURACIES,
        5,
        CONCEPTS,
        (BOOTSTRAP, PERMUTATION, ADJUSTED),
        (BOOTSTRAP,),
        ("recognition", "recognition-concepts"),
        usual=CONVENTION,
    ),
    Analysis(
        "recognition curve",
        recognition.recognition_curve,
        needs.SCORES,
        3,
        CONCEPTS,
        (BOOTSTRAP,),
        figures=("recognition-depth",),
    ),
    Analysis(
        "transfer",
        transfer.transfer,
        needs.TRANSFER,
        20,
        CONCEPTS,
        (BOOTSTRAP, PERMUTATION, ADJUSTED),
        (PERMUTATION,),
        ("transfer",),
        usual=CONVENTION,
    ),
    Analysis(
        "transfer curve",
        transfer.transfer_curve,
        needs.SCORES,
        1,
        CONCEPTS,
        (BOOTSTRAP,),
        figures=("transfer-layers",),
        usual={"source": usual.source, "target": usual.target},
    ),
    Analysis(
        "similarity",
        similarity.similarity,
        needs.COSINES,
        3,
        CONCEPTS,
        (BOOTSTRAP,),
        figures=("similarity",),
    ),
    Analysis(
        "similarity by layer",
        similarity.similarity_by_layer,
        needs.VECTORS,
        2,
        CONCEPTS,
        figures=("similarity-depth",),
    ),
    Analysis("floor", similarity.similarity_floor, needs.VECTORS, 3, CONCEPTS),
    Analysis("ceiling", similarity.similarity_ceiling, needs.VECTORS, 3, CONCEPTS),
    Analysis(
        "alignment",
        alignment.alignment,
        needs.WORDS,
        120,
        WORDS,
        (BOOTSTRAP,),
        (WILSON,),
        ("alignment",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by layer",
        alignment.by_layer,
        needs.OWN_WORDS,
        600,
        WORDS,
        (BOOTSTRAP,),
        figures=("alignment-layers",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by seeds",
        alignment.by_seeds,
        needs.WORDS,
        600,
        WORDS,
        (BOOTSTRAP,),
        (WILSON,),
        ("alignment-seeds",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by pair",
        alignment.by_pair,
        needs.OWN_WORDS,
        900,
        WORDS,
        (BOOTSTRAP,),
        figures=("alignment-pairs",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by template",
        alignment_controls.by_template,
        needs.OWN_WORDS,
        300,
        WORDS,
        (BOOTSTRAP,),
        figures=("alignment-templates",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by kind",
        alignment_controls.controls,
        needs.WORDS,
        300,
        WORDS,
        (BOOTSTRAP,),
        (WILSON,),
        ("alignment-kinds",),
        usual=MATCHING,
    ),
    Analysis(
        "alignment by chance",
        alignment_controls.shuffled,
        needs.OWN_WORDS,
        300,
        WORDS,
        usual=MATCHING,
    ),
    Analysis(
        "alignment of all settings",
        published_settings,
        needs.SETTINGS,
        1,
        WORDS,
        figures=("alignment-settings",),
    ),
    Analysis(
        "concept ranks",
        alignment.concept_ranks,
        needs.RANKS,
        1,
        (PENG,),
        figures=("concept-ranks",),
        usual={"layer": lambda study: 0},
    ),
    Analysis(
        "word ranks",
        neighbours.word_ranks,
        needs.OWN_WORDS,
        30,
        WORDS,
        prepare=neighbours.one_pair,
        usual=ROUTE,
    ),
    Analysis(
        "neighbours",
        neighbours.inspected,
        needs.OWN_WORDS,
        30,
        WORDS,
        prepare=neighbours.one_pair,
        usual=ROUTE,
    ),
    Analysis(
        "clouds",
        neighbours.clouds,
        needs.OWN_WORDS,
        30,
        (*WORDS, "mcinnes2018umap"),
        figures=("cloud",),
        prepare=neighbours.one_pair,
        usual={**ROUTE, "projection": lambda study: neighbours.PROJECTIONS[0]},
    ),
    Analysis(
        "findings",
        findings.findings,
        needs.ANYTHING,
        30,
        CONCEPTS,
        (BOOTSTRAP, PERMUTATION, ADJUSTED),
        (BOOTSTRAP, PERMUTATION),
        usual=CONVENTION,
    ),
    Analysis(
        "angles",
        geometry.angles,
        needs.ANGLES,
        5,
        QUESTIONS,
        (BOOTSTRAP,),
        figures=("angles",),
    ),
    Analysis(
        "mean angle",
        geometry.mean_angle,
        needs.ANGLES,
        5,
        QUESTIONS,
        figures=("angle",),
    ),
    Analysis(
        "lengths", geometry.lengths, needs.STEERING, 2, QUESTIONS, figures=("length",)
    ),
    Analysis(
        "agreement",
        geometry.agreement,
        needs.STEERING,
        3,
        QUESTIONS,
        figures=("agreement", "agreement-map"),
    ),
    Analysis("lens", geometry.lens, needs.LENS, 1, QUESTIONS, figures=("lens",)),
    Analysis(
        "separation",
        items.separation,
        needs.ITEMS,
        20,
        QUESTIONS,
        (PERMUTATION,),
        figures=("separation",),
    ),
    Analysis(
        "parallel", items.parallel, needs.ITEMS, 10, QUESTIONS, figures=("parallel",)
    ),
    Analysis(
        "pca",
        projections.pca,
        needs.POINTS,
        3,
        QUESTIONS,
        figures=("layers",),
        usual={"what": usual.picture},
    ),
    Analysis(
        "elsewhere",
        projections.elsewhere,
        needs.POINTS,
        10,
        (*QUESTIONS, "mcinnes2018umap"),
        usual={
            "method": lambda study: next(iter(projections.METHODS)),
            "what": usual.picture,
            "layer": usual.middle_layer,
        },
    ),
    Analysis(
        "plane",
        localisation.plane,
        needs.PLANE,
        2,
        QUESTIONS,
        (BOOTSTRAP,),
        figures=("plane",),
        usual=SETTING,
    ),
    Analysis("plane settings", localisation.settings, needs.PLANE, 1, QUESTIONS),
    Analysis("plane best", localisation.chosen_settings, needs.PLANE, 1, QUESTIONS),
    Analysis(
        "plane table",
        localisation.sweep_table,
        needs.PLANE,
        1,
        QUESTIONS,
        figures=("pareto",),
    ),
    Analysis(
        "plane effect",
        localisation.effect,
        needs.PLANE,
        1,
        QUESTIONS,
        (BOOTSTRAP,),
        usual=SETTING,
    ),
    Analysis(
        "plane by layer",
        localisation.by_layer,
        needs.PLANE,
        1,
        QUESTIONS,
        figures=("plane-depth",),
        usual={"mode": usual.mode},
    ),
    Analysis(
        "plane twins",
        localisation.twins_of,
        needs.PLANE,
        1,
        QUESTIONS,
        usual=SETTING,
    ),
    Analysis("plane chance", localisation.chance, needs.PLANE, 1, QUESTIONS),
    Analysis("plane lacking", localisation.lacking, needs.PLANE, 1, QUESTIONS),
    Analysis(
        "plane scorings",
        localisation.agreement_of_scorings,
        needs.PLANE,
        1,
        QUESTIONS,
    ),
    Analysis("plane finding", finding.finding, needs.PLANE, 3, QUESTIONS, (BOOTSTRAP,)),
]
"""All analyses in the order of the pages."""


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
