"""Playground: what a push does to the answers as it grows, and what it costs."""

import numpy as np
import pandas as pd

from analysis.overview.dose_response import table_of
from analysis.steering.fluency import knee, recognisable
from analysis.steering.operators import OPERATORS
from analysis.study.recordings import Outcome, Turn
from analysis.study.study import Study
from analysis.worker.answers import Dose, Response
from components.figures.spec import Figure, Lines, Series
from components.figures.steering_words import steering_words
from components.figures.text import source_note


def effect(study: Study, response: Response, place: str = "") -> Figure:
    """Log-odds of one continuation against another, and the change of the next token.

    ``place`` tells curves of several languages apart.
    """
    dose, strengths = response.dose, np.array(response.dose.doses)
    series = []
    if np.isfinite(response.log_odds).any():
        series.append(
            banded("log-odds", strengths, response.log_odds, response.odds_each)
        )
    if np.isfinite(response.kl).any():
        series.append(Series("KL to the baseline", strengths, response.kl, dashed=True))
    first, second = dose.sides
    return Figure(
        name=named(f"dose-effect-{study.name}", place),
        analysis="dose response",
        title=f"Effect · {place}" if place else "Effect",
        caption=f"{asked_sentence(response)} Log-odds in nats of “{first}” against “{second}” "
        f"after {over_prompts(response)} 0 is even odds; mean KL(baseline ‖ steered) "
        f"of the next token over {len(dose.neutral)} neutral prompts.",
        data=Lines(tuple(series), mark=mark(response), codes=strength_names(dose)),
        table=table_of(response),
        x=axis(dose),
        y="nats",
        source=source_note(study, "concept_vector"),
        seen=effect_seen(response),
    )


def effect_seen(response: Response) -> str:
    """What the curve of effects shows, in a sentence."""
    strengths, odds = np.array(response.dose.doses), response.log_odds
    if np.isfinite(odds).any():
        best = int(np.nanargmax(odds))
        plain = odds[int(np.argmin(np.abs(strengths)))]
        return (
            f"The first continuation is likeliest at strength {strengths[best]:.3g}: "
            f"log-odds {odds[best]:+.1f}, against {plain:+.1f} without a push."
        )
    if np.isfinite(response.kl).any():
        far = int(np.nanargmax(response.kl))
        return (
            f"The next word changes most at strength {strengths[far]:.3g}: "
            f"{response.kl[far]:.1f} nats from the baseline."
        )
    return "Nothing was weighed: give two continuations, or neutral prompts."


def over_prompts(response: Response) -> str:
    """How many prompts there are, and what a band is."""
    many = 1 + len(response.prompts)
    if many == 1:
        return "this prompt (n = 1, no interval)."
    return f"{many} prompts (mean; the band reaches from the lowest to the highest)."


def named(name: str, place: str) -> str:
    """A figure's name, with the language that it is of where there are several."""
    return f"{name}-{place}" if place else name


def banded(
    label: str, strengths: np.ndarray, means: np.ndarray, each: np.ndarray | None
) -> Series:
    """A line with a band from the lowest to the highest prompt, where there are several."""
    if each is None or each.shape[1] < 2:
        return Series(label, strengths, means)
    return Series(label, strengths, means, each.min(axis=1), each.max(axis=1))


def cost(study: Study, response: Response, place: str = "") -> Figure:
    """Repetition and language drift; ``place`` as in ``effect``."""
    dose, strengths = response.dose, np.array(response.dose.doses)
    repeated = banded(
        "repetition", strengths, response.repetition, response.repetition_each
    )
    series = [repeated]
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
    answers = 1 + len(response.prompts) + len(dose.neutral)
    band = "a band over prompts" if response.prompts else "no interval"
    return Figure(
        name=named(f"dose-cost-{study.name}", place),
        analysis="dose response",
        title=f"Cost · {place}" if place else "Cost",
        caption=f"{asked_sentence(response)} Means over the answers to this prompt and the neutral "
        f"ones (n = {answers}, {band}): repetition, the share of three-word sequences "
        "said before, and drift, the share of answers not in the prompt's "
        f"language.{unknown}",
        data=lines,
        table=table_of(response),
        x=axis(dose),
        y="share",
        source=source_note(study, "concept_vector"),
        seen=cost_seen(response),
    )


def cost_seen(response: Response) -> str:
    """What the curve of costs shows, in a sentence."""
    turn = mark(response)
    most = 100 * float(np.nanmax(response.repetition))
    if turn is not None:
        return f"From strength {turn:.3g} on, answers repeat themselves."
    return f"At most {most:.0f} % of three-word sequences are said twice."


def asked_sentence(response: Response) -> str:
    """The prompts and the steering, in a sentence."""
    dose = response.dose
    words = steering_words(dose.ask.steering, strength=False)
    more = f" and {len(response.prompts)} more" if response.prompts else ""
    return f"“{dose.ask.question[:80]}”{more} under {words}."


def recorded_effect(study: Study, turn: Turn) -> Figure:
    """What was recorded of a push as it grows, beside that of its random twin."""
    return Figure(
        name=f"recorded-effect-{study.name}",
        title="Effect, recorded",
        caption=f"{turn.title}. Effect: {turn.counted}; means over "
        f"{len(turn.prompts)} prompts (no interval). The vertical line is the strength "
        "that was chosen on other prompts.",
        data=recorded_lines(turn, "effect"),
        table=recorded_table(turn),
        x="strength",
        y="effect",
        source=source_note(study, "concept_vector"),
        seen=recorded_seen(turn, "effect"),
    )


def recorded_cost(study: Study, turn: Turn) -> Figure:
    """What it cost: the share of three-word sequences said before."""
    return Figure(
        name=f"recorded-cost-{study.name}",
        title="Cost, recorded",
        caption=f"{turn.title}. Repetition: the share of three-word sequences said "
        f"before; means over {len(turn.prompts)} prompts (no interval).",
        data=recorded_lines(turn, "repetition"),
        table=recorded_table(turn),
        x="strength",
        y="share",
        source=source_note(study, "concept_vector"),
        seen=recorded_seen(turn, "repetition"),
    )


def recorded_seen(turn: Turn, what: str) -> str:
    """What a recorded curve shows at the chosen strength, in a sentence."""
    place = turn.strengths.index(turn.strength)
    steered = getattr(turn.steered[place], what)
    twin = getattr(turn.twins[place], what)
    plain = getattr(turn.baseline, what)
    return (
        f"At strength {turn.strength:g} the {what} is {steered:.2f}; {plain:.2f} without "
        f"a push, {twin:.2f} under a random one."
    )


def recorded_lines(turn: Turn, what: str) -> Lines:
    """One number of every recorded strength, steered and random, from the baseline on."""
    strengths = np.array([0.0, *turn.strengths])
    series = []
    for label, outcomes in (("steered", turn.steered), ("random twin", turn.twins)):
        values = [getattr(one, what) for one in (turn.baseline, *outcomes)]
        is_twin = label != "steered"
        series.append(Series(label, strengths, np.array(values), dashed=is_twin))
    return Lines(tuple(series), mark=turn.strength)


def recorded_table(turn: Turn) -> pd.DataFrame:
    """One row per kind of answer and strength."""
    rows = [recorded_row("baseline", turn.baseline)]
    for steered, twin in zip(turn.steered, turn.twins):
        rows.append(recorded_row("steered", steered))
        rows.append(recorded_row("random twin", twin))
    return pd.DataFrame(rows)


def recorded_row(kind: str, outcome: Outcome) -> dict[str, object]:
    """One line of the table."""
    return {
        "answers": kind,
        "strength": outcome.strength,
        "effect": outcome.effect,
        "repetition": outcome.repetition,
    }


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
