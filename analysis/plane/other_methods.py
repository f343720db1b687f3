"""Answers of another method, given as a file, placed on the plane of a study."""

from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from analysis.core.errors import CorpusError, nearest
from analysis.core.table_files import decode_text, refusal
from analysis.plane.localisation import AXES, prompts, shares
from analysis.plane.written_answers import matched
from analysis.questions.questions import (
    ALIASES,
    FORMATS,
    QUESTION_KINDS,
    Questions,
    plain_text,
)
from analysis.study.study import Study

NEEDED = ("item", "kind", "language", "answer")
OTHER = "answers from a file"


def read_answers(data: bytes, filename: str) -> pd.DataFrame:
    """Rows ``item, kind, language, answer, method`` of a .csv or .jsonl file; CorpusError lists every row that lacks something."""
    path = PurePosixPath(filename)
    ending = path.suffix.casefold()
    if ending not in FORMATS:
        raise CorpusError(
            f"“{path.name[:80]}” ends in “{ending}”.{nearest(ending, FORMATS)} Allowed: {', '.join(FORMATS)}."
        )
    text, faults = decode_text(data, path.name)
    lines, more = FORMATS[ending](text, path.name)
    faults, rows = faults + more, []
    for line in lines:
        named = {
            ALIASES.get(c.strip().casefold(), c.strip().casefold()): plain_text(v)
            for c, v in line.values.items()
        }
        faults += [
            f"{line.place}: no “{column}”"
            for column in NEEDED
            if column != "answer" and not named.get(column)
        ]
        faults += (
            [f"{line.place}: unknown kind “{named['kind'][:40]}”"]
            if named.get("kind", "universal") not in QUESTION_KINDS
            else []
        )
        rows.append(
            {column: named.get(column, "") for column in NEEDED}
            | {"method": named.get("method") or OTHER}
        )
    if not rows and not faults:
        faults.append(f"{path.name}: holds no answers")
    if faults:
        raise refusal(path.name, faults)
    return pd.DataFrame(rows)


def fitting(
    study: Study, questions: Questions, answers: pd.DataFrame, half: int | None
) -> tuple[pd.DataFrame, list[str]]:
    """Answers to items that are shown, with their ``prompt``, the first to each item; and sentences on those left out."""
    asked = study.array("plane_answer").values > 0
    kinds, items, halves = prompts(study)
    hidden = halves != half if half is not None else np.zeros(len(halves), bool)
    place = {key: p for p, key in enumerate(zip(kinds, items))}
    rows = answers.assign(
        prompt=[place.get(key, -1) for key in zip(answers["kind"], answers["item"])]
    )
    strange = ~rows["language"].isin(study.languages).values
    codes = ", ".join(rows["language"][strange].unique()[:8])
    there = [
        row.language in study.languages
        and row.prompt >= 0
        and asked[study.languages.index(row.language), row.prompt]
        and (row.kind, row.language, row.item) in questions.table
        for row in rows.itertuples()
    ]
    reasons = {
        f"are in languages that the study does not have ({codes})": strange,
        "belong to no held-out question of this plane": ~np.array(there, bool),
        "repeat an item that was answered before; its first answer counts": rows.duplicated(
            ["method", *NEEDED[:3]]
        ).values,
        "belong to items that settings were chosen on, which are not shown": hidden[
            rows["prompt"]
        ],
    }
    left, told = np.zeros(len(rows), bool), []
    for why, out in reasons.items():
        if n := int((out & ~left).sum()):
            told.append(f"{n:,} of {len(rows):,} answers {why}.")
        left |= out
    return rows[~left], told


def place_answers(
    study: Study, questions: Questions, answers: pd.DataFrame, half: int | None = 1
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Both axes per method and language over the same items as the plane's (``half`` 1: reported, None: all held out).

    Columns also count ``answers``, those that match ``no option``, and items ``unanswered``, which count as wrong; NaN for an axis
    of which a method has no answer in a language. With it, sentences on all that was left out. CorpusError when nothing fits.
    """
    asked = study.array("plane_answer").values > 0
    kinds, _, halves = prompts(study)
    asked &= (halves == half) if half is not None else True
    fit, told = fitting(study, questions, answers, half)
    rows = []
    for (method, language), group in fit.groupby(["method", "language"], sort=False):
        values = np.where(asked[study.languages.index(language)], 0.0, np.nan)
        given, unmatched = np.zeros(len(values), bool), 0
        for row in group.itertuples():
            q = questions.table[row.kind, language, row.item]
            option = matched(row.answer, q.options)
            given[row.prompt], values[row.prompt] = (
                True,
                float(option > 0 and q.options[option - 1] == q.answer),
            )
            unmatched += not option
        values[~np.isin(kinds, kinds[given])] = np.nan
        axes = {
            axis: float(shares(values[kinds == kind])) for axis, kind in AXES.items()
        }
        told += [
            f"{method} has no answer to a {AXES[axis]} item in {language}."
            for axis in AXES
            if np.isnan(axes[axis])
        ]
        rows.append(
            {
                "method": method,
                "language": language,
                **axes,
                "answers": int(given.sum()),
                "no option": unmatched,
                "unanswered": int((np.isfinite(values) & ~given).sum()),
            }
        )
    if not rows:
        raise CorpusError(
            "None of the answers belongs to a held-out question that is shown. Compare items, kinds and languages. "
            + " ".join(told)
        )
    return pd.DataFrame(rows), tuple(told)
