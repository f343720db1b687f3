"""Plane: which depths and strengths, and what do several models do?"""

import numpy as np
import pandas as pd

from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from analysis.plane import finding, nested
from analysis.study.study import Study
from components.figures.plane import CORNERS, NAMES, answering, rounded
from components.figures.spec import Arrows, BarSeries, Dumbbells, Figure
from components.figures.text import source_note


def choice_answer(table: pd.DataFrame) -> str:
    """What the nested choice gains on both axes, in a sentence."""
    row = table[table["choice"] == nested.TWO_DEPTHS].iloc[0]
    gain = finding.change(row["gain"], (row["gain low"], row["gain high"]))
    local = finding.change(row["local"], (row["local low"], row["local high"]))
    known = np.isfinite([row["pareto low"], row["pareto high"]]).all()
    if not known:
        head = "There are too few items to tell whether any setting gains on both axes"
    elif row["pareto low"] > 0:
        head = "Settings chosen on some questions gain on both axes on others"
    elif row["pareto high"] < 0:
        head = "Settings chosen on some questions lose on at least one axis on others"
    else:
        head = "No gain on both axes holds up on questions that nothing was chosen on"
    return minus_signs(
        f"{head}: transfer {gain}; local answers {local}. n = {row['n']} questions; "
        f"chosen most often, in {row['of']} parts: {row['setting']}."
    )


def choices(study: Study, table: pd.DataFrame) -> Figure:
    """Gains of each way to choose depths and strengths, on items it did not look at."""
    series = []
    for column, words in (("gain", "transfer"), ("local", "local answers")):
        values = 100 * table[column].to_numpy(float)
        low = 100 * table[f"{column} low"].to_numpy(float)
        high = 100 * table[f"{column} high"].to_numpy(float)
        series.append(BarSeries(words, values, low, high))
    return Figure(
        name=f"plane-choices-{study.name}",
        analysis="plane choice",
        estimate="gain",
        interval=("gain low", "gain high"),
        title="Depths and strengths, chosen and reported on different questions",
        seen="Each row is a way to choose, and its change from unsteered answers; right "
        "of zero is better. The last row was chosen on the questions that it shows.",
        caption=minus_signs(choices_caption(study, table)),
        data=Dumbbells(tuple(table["choice"]), tuple(series)),
        table=rounded(table),
        x="change, points",
        source=source_note(study, "plane_score"),
    )


def choices_caption(study: Study, table: pd.DataFrame) -> str:
    """What was chosen on what, and how the others compare."""
    told = []
    for row in table.to_dict("records"):
        told.append(f"{row['choice']}: {row['setting']} ({row['of']})")
    return (
        f"Reported items in {nested.FOLDS} parts; for each the setting with the largest "
        "Pareto gain (the smaller of both gains) on all other held-out items; candidates "
        "of both vectors were picked on items that are never reported. Lines: 95 % "
        f"intervals over items, n = {table['n'].iloc[0]}. Chosen most often: "
        f"{'; '.join(told)}. {answering(study)}"
    )


def models_answer(table: pd.DataFrame, mode: str) -> str:
    """In how many models steering gains, and in how many it costs local answers."""
    gains = int(np.count_nonzero(table["gain low"] > 0))
    costs = int(np.count_nonzero(table["local high"] < 0))
    same = "the same questions" if all(table["shared"]) else "questions of its own"
    return (
        f"Steering ({NAMES[mode]}) brings transfer in {gains} of {count(len(table), 'model')} "
        f"and costs local answers in {costs}, each on {same}; only what holds up with "
        "its whole 95 % interval counts."
    )


def models(study: Study, table: pd.DataFrame, mode: str) -> Figure:
    """One arrow per model from unsteered to steered, each with its own best setting."""
    before = table[["transfer before", "localisation before"]].to_numpy(float)
    after = table[["transfer", "localisation"]].to_numpy(float)
    ends = []
    for axis, name in enumerate(("gain", "local")):
        change = table[[f"{name} low", f"{name} high"]].to_numpy(float)
        # A change's interval may reach beyond the ends of a share.
        ends.append(np.clip(before[:, [axis]] + change, 0, 1))
    centre = (float(before[:, 0].mean()), float(before[:, 1].mean()))
    return Figure(
        name=f"plane-models-{study.name}",
        analysis="plane models",
        estimate="gain",
        interval=("gain low", "gain high"),
        title=f"Several models under the {NAMES[mode]}",
        seen="Each arrow is a model: from its unsteered answers (open) to its steered "
        "ones (filled). Pale lines are 95 % intervals of the change, as far as shares go, "
        "from 0 to 1.",
        caption=minus_signs(models_caption(study, table, mode)),
        data=Arrows(
            before, after, tuple(table["model"]), np.stack(ends, 1), CORNERS, centre
        ),
        table=rounded(table),
        x="transfer (share of universal items right)",
        y="localisation (share of local answers)",
        source=source_note(study, "plane_score"),
    )


def models_caption(study: Study, table: pd.DataFrame, mode: str) -> str:
    """Each model's setting and gains, and whether they answered the same questions."""
    told = []
    for row in table.to_dict("records"):
        gain = finding.change(row["gain"], (row["gain low"], row["gain high"]))
        local = finding.change(row["local"], (row["local low"], row["local high"]))
        told.append(
            f"{row['model']}: {row['setting']}, transfer {gain}, local answers {local}, "
            f"{row['universal']} universal and {row['culture']} culture items, "
            f"{count(row['languages'], 'language')}"
        )
    same = ""
    if len(table) > 1:
        same = (
            " All are of the same languages and items."
            if all(table["shared"])
            else " They have no questions in common, so where the arrows stand cannot "
            "be compared, only where they point."
        )
    return (
        f"{NAMES[mode].capitalize()} at each model's own best setting, chosen on the "
        f"other half of its items. {'; '.join(told)}.{same} {answering(study)}"
    )
