"""Playground: what a push does to the answers as it grows, and what it costs."""

import numpy as np

from analysis.overview.dose_response import table_of
from analysis.steering.fluency import knee, recognisable
from analysis.steering.operators import OPERATORS
from analysis.study.study import Study
from analysis.worker.answers import Dose, Response
from components.figures.spec import Figure, Lines, Series
from components.figures.steering_words import steering_words
from components.figures.text import source_note


def effect(study: Study, response: Response) -> Figure:
    """Log-odds of one continuation against another, and the change of the next token."""
    dose, strengths = response.dose, np.array(response.dose.doses)
    series = []
    if np.isfinite(response.log_odds).any():
        series.append(Series("log-odds", strengths, response.log_odds))
    if np.isfinite(response.kl).any():
        series.append(Series("KL to the baseline", strengths, response.kl, dashed=True))
    first, second = dose.sides
    return Figure(
        name=f"dose-effect-{study.name}",
        analysis="dose response",
        title="Effect",
        caption=f"{asked(dose)} Log-odds in nats of “{first}” against “{second}” after "
        "this prompt (n = 1, no interval; 0 is even odds); mean KL(baseline ‖ steered) "
        f"of the next token over {len(dose.neutral)} neutral prompts.",
        data=Lines(tuple(series), mark=mark(response), codes=strength_names(dose)),
        table=table_of(response),
        x=axis(dose),
        y="nats",
        source=source_note(study, "concept_vector"),
    )


def cost(study: Study, response: Response) -> Figure:
    """Repetition and language drift."""
    dose, strengths = response.dose, np.array(response.dose.doses)
    series = [Series("repetition", strengths, response.repetition)]
    if np.isfinite(response.drift).any():
        series.append(Series("language drift", strengths, response.drift, dashed=True))
    language = dose.ask.language
    unknown = ""
    if not recognisable(language):
        unknown = f" Drift is not known: the identifier does not know {language}."
    lines = Lines(
        tuple(series),
        mark=mark(response),
        limits=(-0.03, 1.03),
        codes=strength_names(dose),
    )
    return Figure(
        name=f"dose-cost-{study.name}",
        analysis="dose response",
        title="Cost",
        caption=f"{asked(dose)} Means over the answers to this prompt and the neutral "
        f"ones (n = {1 + len(dose.neutral)}, no interval): repetition, the share of "
        "three-word sequences said before, and drift, the share of answers not in the "
        f"prompt's language.{unknown}",
        data=lines,
        table=table_of(response),
        x=axis(dose),
        y="share",
        source=source_note(study, "concept_vector"),
    )


def asked(dose: Dose) -> str:
    """The prompt and the steering, in a sentence."""
    words = steering_words(dose.ask.steering, strength=False)
    return f"“{dose.ask.question[:80]}” under {words}."


def axis(dose: Dose) -> str:
    """What the strength is counted in."""
    return f"strength, {OPERATORS[dose.ask.steering.terms[0].operator].unit}"


def mark(response: Response) -> float | None:
    """The strength from which answers repeat themselves; None where they never do."""
    turn = knee(np.array(response.dose.doses), response.repetition)
    return turn if np.isfinite(turn) else None


def strength_names(dose: Dose) -> tuple[str, ...]:
    """The strengths as they are written."""
    return tuple(f"{strength:.3g}" for strength in dose.doses)
