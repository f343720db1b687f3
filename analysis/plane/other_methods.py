"""Answers of another method, given as a file, placed on the plane of a study."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.core.errors import CorpusError, nearest
from analysis.core.faults import Faults
from analysis.core.garbage import seldom_searched
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


class Fitting(NamedTuple):
    """Answers that belong to items that are shown, and sentences on those left out."""

    answers: pd.DataFrame
    left_out: list[str]


class OtherMethods(NamedTuple):
    """Both axes per method and language, and sentences on all that was left out."""

    table: pd.DataFrame
    left_out: tuple[str, ...]


@seldom_searched
def read_answers(data: bytes, filename: str) -> pd.DataFrame:
    """Rows ``item, kind, language, answer, method`` of a .csv or .jsonl file.

    CorpusError lists every row that lacks something.
    """
    path = PurePosixPath(filename)
    ending = path.suffix.casefold()
    if ending not in FORMATS:
        raise CorpusError(
            f"“{path.name[:80]}” ends in “{ending}”.{nearest(ending, FORMATS)} "
            f"Allowed: {', '.join(FORMATS)}."
        )
    text, faults = decode_text(data, path.name)
    columns: dict[str, list[str]] = {column: [] for column in (*NEEDED, "method")}
    known: dict[str, str] = {}
    for line in FORMATS[ending](text, path.name, faults, False):
        named = named_values(line.values, line.place, faults)
        faults += faults_of_answer(named, line.place)
        named["method"] = named.get("method") or OTHER
        for column, texts in columns.items():
            text = named.get(column, "")
            # Languages and short answers are held once.
            texts.append(known.setdefault(text, text))
    if not columns["item"] and not faults:
        faults.append(f"{path.name}: holds no answers")
    if faults:
        raise refusal(path.name, faults)
    return pd.DataFrame(columns)


def named_values(
    values: Mapping[str, object], place: str, faults: Faults
) -> dict[str, str]:
    """A row's values by what their columns mean; two of one meaning are a fault."""
    named, columns = {}, {}
    for column, value in values.items():
        plain = column.strip().casefold()
        name = ALIASES.get(plain, plain)
        earlier = columns.setdefault(name, column)
        if earlier != column and name in (*NEEDED, "method"):
            both = f"“{earlier}” and “{column}” both mean “{name}”"
            faults.append(f"{place}: {both}; keep one of them")
        named[name] = plain_text(value)
    return named


def faults_of_answer(named: Mapping[str, str], place: str) -> list[str]:
    """What a row of a file lacks; an empty answer is one that takes no option."""
    faults = []
    for column in NEEDED:
        if column != "answer" and not named.get(column):
            faults.append(f"{place}: no “{column}”")
    if named.get("kind", "universal") not in QUESTION_KINDS:
        faults.append(f"{place}: unknown kind “{named['kind'][:40]}”")
    return faults


def fitting(
    study: Study, questions: Questions, answers: pd.DataFrame, half: int | None
) -> Fitting:
    """Answers to items that are shown, with their ``prompt``, the first to each item."""
    kinds, items, halves = prompts(study)
    place = {key: number for number, key in enumerate(zip(kinds, items))}
    keys = zip(answers["kind"], answers["item"])
    rows = answers.assign(prompt=[place.get(key, -1) for key in keys])
    strange = ~rows["language"].isin(study.languages).to_numpy()
    codes = ", ".join(rows.loc[strange, "language"].unique()[:8])
    repeated = rows.duplicated(["method", *NEEDED[:3]]).values
    hidden = np.zeros(len(halves), bool) if half is None else halves != half
    reasons = {
        f"are in languages that the study does not have ({codes})": strange,
        "belong to no held-out question of this plane": ~were_asked(
            study, questions, rows
        ),
        "repeat an item that was answered before; its first answer counts": repeated,
        "belong to items that settings were chosen on, which are not shown": hidden[
            rows["prompt"]
        ],
    }
    return leave_out(rows, reasons)  # pyright: ignore[reportArgumentType]


def leave_out(rows: pd.DataFrame, reasons: Mapping[str, np.ndarray]) -> Fitting:
    """Rows that no reason leaves out; each left out counts for its first reason."""
    left, said = np.zeros(len(rows), bool), []
    for why, out in reasons.items():
        count = int((out & ~left).sum())
        if count:
            said.append(f"{count:,} of {len(rows):,} answers {why}.")
        left |= out
    return Fitting(rows.loc[~left], said)


def were_asked(study: Study, questions: Questions, rows: pd.DataFrame) -> np.ndarray:
    """Which rows answer a question of the plane that is known in their language."""
    asked = study.array("plane_answer").values > 0
    found = []
    row: Any
    for row in rows.itertuples():
        if row.language not in study.languages or row.prompt < 0:
            found.append(False)
            continue
        language = study.languages.index(row.language)
        known = (row.kind, row.language, row.item) in questions.table
        found.append(bool(asked[language, row.prompt]) and known)
    return np.array(found, bool)


def place_answers(
    study: Study, questions: Questions, answers: pd.DataFrame, half: int | None = 1
) -> OtherMethods:
    """Both axes per method and language over the same items as the plane's.

    ``half`` 1: the reported items, None: all that are held out. Columns also count
    ``answers``, those that match ``no option``, and items ``unanswered``, which count as
    wrong; NaN for an axis of which a method has no answer in a language. CorpusError
    when nothing fits.
    """
    asked = study.array("plane_answer").values > 0
    kinds, _, halves = prompts(study)
    if half is not None:
        asked &= halves == half
    fit = fitting(study, questions, answers, half)
    said = list(fit.left_out)
    rows = []
    for (method, language), group in fit.answers.groupby(  # pyright: ignore[reportGeneralTypeIssues]
        ["method", "language"], sort=False
    ):
        there = asked[study.languages.index(language)]
        row = judged_row(group, questions, there, kinds)
        rows.append({"method": method, "language": language, **row})
        for axis, kind in AXES.items():
            if np.isnan(row[axis]):
                said.append(f"{method} has no answer to a {kind} item in {language}.")
    if not rows:
        raise CorpusError(
            "None of the answers belongs to a held-out question that is shown. Compare "
            "items, kinds and languages. " + " ".join(said)
        )
    return OtherMethods(pd.DataFrame(rows), tuple(said))


def judged_row(
    group: pd.DataFrame, questions: Questions, asked: np.ndarray, kinds: np.ndarray
) -> dict[str, Any]:
    """Axes and counts of one method's answers in one language (``asked``: per prompt)."""
    values = np.where(asked, 0.0, np.nan)
    answered = np.zeros(len(values), bool)
    unmatched = 0
    row: Any
    for row in group.itertuples():
        question = questions.table[row.kind, row.language, row.item]
        option = matched(row.answer, question.options)
        is_right = option > 0 and question.options[option - 1] == question.answer
        answered[row.prompt] = True
        values[row.prompt] = float(is_right)
        unmatched += not option
    values[~np.isin(kinds, kinds[answered])] = np.nan
    axes = {axis: float(shares(values[kinds == kind])) for axis, kind in AXES.items()}
    return {
        **axes,
        "answers": int(answered.sum()),
        "no option": unmatched,
        "unanswered": int((np.isfinite(values) & ~answered).sum()),
    }
