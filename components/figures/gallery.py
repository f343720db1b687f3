"""The table of figures: any figure of any page by its name, without a browser, as in
``draw(library.open_by_name("demo"), "transfer", convention="paper")``.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.core.errors import SpecError, unknown
from analysis.overview import needs
from analysis.overview.options import Option, parameters, read
from analysis.study.study import Study
from components.figures import (
    of_concepts,
    of_control,
    of_crossing,
    of_pushing,
    of_questions,
    of_sentences,
    of_steering,
    of_words,
)
from components.figures.languages import Arrangement
from components.figures.spec import Figure

Given = str | int | float | bool | Sequence[str]
"""An option as it is given: as its own kind, or as text."""
SHARED = (
    Option("order", str, Arrangement().order),
    Option("labels", str, Arrangement().labels),
)
"""Options of every figure: how languages are ordered, and what they are called."""


@dataclass(frozen=True)
class Entry:
    """A figure of a page: what computes and draws it, and what a study needs for it.

    ``draw`` takes a study, an arrangement of languages, and options by keyword.
    """

    page: str
    draw: Callable[..., Figure]
    need: needs.Need

    @property
    def says(self) -> str:
        """What the figure shows, in one line."""
        return (inspect.getdoc(self.draw) or "").partition("\n")[0]

    @property
    def options(self) -> dict[str, Option]:
        """Option by its name; every one has a default."""
        its_own = parameters(self.draw)[1:]
        return {option.name: option for option in (*SHARED, *its_own)}


FIGURES: Mapping[str, Entry] = {
    "overview": Entry("Overview", of_concepts.coverage, needs.CONCEPTS),
    "recognition": Entry(
        "Recognition", of_concepts.recognition_by_share, needs.ACCURACIES
    ),
    "recognition-order": Entry(
        "Recognition", of_concepts.recognition_in_order, needs.ACCURACIES
    ),
    "recognition-depth": Entry(
        "Recognition", of_concepts.recognition_over_depth, needs.SCORES
    ),
    "recognition-concepts": Entry(
        "Recognition", of_concepts.recognition_by_concept, needs.ACCURACIES
    ),
    "similarity": Entry("Similarity", of_concepts.similarity_matrix, needs.COSINES),
    "similarity-depth": Entry(
        "Similarity", of_concepts.similarity_over_depth, needs.VECTORS
    ),
    "certificate": Entry("Similarity", of_concepts.invariance, needs.CERTIFICATE),
    "relatedness": Entry("Similarity", of_concepts.relatedness, needs.COSINES),
    "clusters": Entry("Similarity", of_concepts.clusters, needs.COSINES),
    "transfer": Entry("Transfer", of_concepts.transfer_matrix, needs.TRANSFER),
    "transfer-layers": Entry(
        "Transfer", of_concepts.transfer_over_layers, needs.SCORES
    ),
    "starting-gap": Entry("Transfer", of_concepts.starting_gap, needs.TRANSFER),
    "transfer-net": Entry("Transfer", of_concepts.transfer_net, needs.TRANSFER),
    "pushing": Entry("Transfer", of_pushing.pushed_matrix, needs.PUSHED),
    "reading-pushing": Entry(
        "Transfer", of_pushing.reading_against_pushing, needs.PUSHED
    ),
    "pushing-doses": Entry("Transfer", of_pushing.pushed_doses, needs.PUSHED),
    "alignment": Entry("Alignment", of_words.by_language, needs.WORDS),
    "alignment-layers": Entry("Alignment", of_words.over_layers, needs.OWN_WORDS),
    "alignment-seeds": Entry("Alignment", of_words.over_seeds, needs.WORDS),
    "alignment-pairs": Entry("Alignment", of_words.between_languages, needs.OWN_WORDS),
    "alignment-templates": Entry("Alignment", of_words.by_template, needs.OWN_WORDS),
    "alignment-kinds": Entry("Alignment", of_words.by_kind, needs.WORDS),
    "alignment-settings": Entry(
        "Alignment", of_words.published_settings, needs.SETTINGS
    ),
    "concept-ranks": Entry("Alignment", of_words.concept_ranks, needs.RANKS),
    "cloud": Entry("Alignment", of_words.cloud, needs.OWN_WORDS),
    "sentences": Entry("Alignment", of_sentences.by_language, needs.SENTENCES),
    "sentences-layers": Entry("Alignment", of_sentences.over_layers, needs.SENTENCES),
    "sentences-map": Entry("Alignment", of_sentences.over_languages, needs.SENTENCES),
    "sentences-pairs": Entry("Alignment", of_sentences.pairs, needs.SENTENCES),
    "mexa": Entry("Alignment", of_sentences.mexa_by_share, needs.SENTENCES),
    "layers": Entry("Layers", of_questions.picture, needs.POINTS),
    "angle": Entry("Layers", of_questions.angle, needs.ANGLES),
    "angles": Entry("Layers", of_questions.angles, needs.ANGLES),
    "length": Entry("Layers", of_questions.lengths, needs.STEERING),
    "agreement": Entry("Layers", of_questions.agreement, needs.STEERING),
    "agreement-map": Entry("Layers", of_questions.agreement_map, needs.STEERING),
    "separation": Entry("Layers", of_questions.separation, needs.ITEMS),
    "parallel": Entry("Layers", of_questions.parallel, needs.ITEMS),
    "lens": Entry("Layers", of_questions.lens, needs.LENS),
    "sentence-alignment": Entry(
        "Layers", of_crossing.aligned_over_layers, needs.ALIGNED
    ),
    "sentence-alignment-map": Entry(
        "Layers", of_crossing.aligned_by_language, needs.ALIGNED
    ),
    "sentence-alignment-pooled": Entry(
        "Layers", of_crossing.mexa_pooled, needs.ALIGNED
    ),
    "patching": Entry("Layers", of_crossing.patched_over_layers, needs.PATCHED),
    "patching-map": Entry("Layers", of_crossing.patched_by_language, needs.PATCHED),
    "latent-language": Entry("Layers", of_crossing.latent_over_layers, needs.LATENT),
    "latent-language-map": Entry(
        "Layers", of_crossing.latent_by_language, needs.LATENT
    ),
    "plane": Entry("Plane", of_questions.arrows, needs.PLANE),
    "plane-depth": Entry("Plane", of_questions.plane_over_depth, needs.PLANE),
    "pareto": Entry("Plane", of_questions.pareto, needs.PLANE),
    "plane-reach": Entry("Plane", of_questions.what_is_lost, needs.LOCAL_ITEMS),
    "plane-countries": Entry("Plane", of_questions.by_country, needs.LOCAL_ITEMS),
    "plane-named": Entry("Plane", of_questions.named, needs.NAMED),
    "plane-choices": Entry("Plane", of_questions.chosen_anew, needs.BOTH_AXES),
    "plane-models": Entry("Plane", of_questions.several_models, needs.PLANE),
    "playground": Entry("Playground", of_steering.dose_effect, needs.MODEL),
    "playground-cost": Entry("Playground", of_steering.dose_cost, needs.MODEL),
    "control": Entry("Control", of_steering.own_against_shared, needs.RATES),
    "control-effect": Entry("Control", of_steering.effect, needs.RUN),
    "control-cost": Entry("Control", of_steering.cost, needs.RUN),
    "control-dose": Entry("Control", of_steering.verdicts, needs.RUN),
    "control-cells": Entry("Control", of_steering.cells, needs.RUN),
    "recognised": Entry("Control", of_control.outcomes, needs.REFUSING),
    "recognised-across": Entry("Control", of_control.recognition, needs.REFUSING),
    "refusal-across": Entry("Control", of_control.refusal, needs.REFUSING),
    "language-forcing": Entry("Control", of_crossing.forced_by_pair, needs.FORCED),
    "language-forcing-map": Entry(
        "Control", of_crossing.forced_by_setting, needs.FORCED
    ),
    "report-card": Entry("Control", of_steering.report_card, needs.REPORT_CARD),
    "studies": Entry("Studies", of_concepts.two_studies, needs.MEASURES),
}
"""Name → figure; the first one of a page is called like the page."""


def draw(study: Study, name: str, **options: Given) -> Figure:
    """A figure of FIGURES for a study, computed with these options.

    Options may be given as text, as a command line has them. SpecError for a name or an
    option that there is none of, and for a study that lacks what the figure needs;
    other errors are those of the analysis.
    """
    entry = entry_of(name)
    if not entry.need.met(study):
        others = ", ".join(names(study)) or "nothing"
        raise SpecError(
            f"“{study.title}” has no {entry.need.words}, which the figure “{name}” "
            f"needs. It can show: {others}."
        )
    chosen = fitted(entry, options)
    arrangement = Arrangement(str(chosen.pop("order")), str(chosen.pop("labels")))
    return entry.draw(study, arrangement, **chosen)


def names(study: Study) -> tuple[str, ...]:
    """Names of the figures that a study has what is needed for."""
    return tuple(name for name, entry in FIGURES.items() if entry.need.met(study))


def entry_of(name: str) -> Entry:
    """A figure of FIGURES; SpecError with the nearest for another name."""
    if name not in FIGURES:
        raise unknown("figure", name, FIGURES)
    return FIGURES[name]


def fitted(entry: Entry, given: Mapping[str, Given]) -> dict[str, Any]:
    """Every option of a figure as its own kind, given or by default."""
    known = entry.options
    chosen = {name: option.default for name, option in known.items()}
    for name, value in given.items():
        if name not in known:
            raise unknown("option", name, known)
        chosen[name] = read(known[name], value)
    return chosen
