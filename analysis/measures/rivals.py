"""Answers of another method, given as a file, placed on the plane of a study."""

from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from analysis.errors import CorpusError, nearest
from analysis.measures.localisation import AXES, prompts, shares
from analysis.measures.written import matched
from analysis.sources.questions import ALIASES, FORMATS, QUESTION_KINDS, Questions, plain_text
from analysis.sources.tables import decode, refusal
from analysis.studies.study import Study

NEEDED = ("item", "kind", "language", "answer")
OTHER = "answers from a file"


def read_answers(data: bytes, filename: str) -> pd.DataFrame:
    """Rows ``item, kind, language, answer, method`` of a .csv or .jsonl file; CorpusError lists every row that lacks something."""
    path = PurePosixPath(filename)
    ending = path.suffix.casefold()
    if ending not in FORMATS:
        raise CorpusError(f"“{path.name[:80]}” ends in “{ending}”.{nearest(ending, FORMATS)} Allowed: {', '.join(FORMATS)}.")
    text, faults = decode(data, path.name)
    lines, more = FORMATS[ending](text, path.name)
    faults, rows = faults + more, []
    for line in lines:
        named = {ALIASES.get(c.strip().casefold(), c.strip().casefold()): plain_text(v) for c, v in line.values.items()}
        faults += [f"{line.place}: no “{column}”" for column in NEEDED if column != "answer" and not named.get(column)]
        faults += (
            [f"{line.place}: unknown kind “{named['kind'][:40]}”"] if named.get("kind", "universal") not in QUESTION_KINDS else []
        )
        rows.append({column: named.get(column, "") for column in NEEDED} | {"method": named.get("method") or OTHER})
    if not rows and not faults:
        faults.append(f"{path.name}: holds no answers")
    if faults:
        raise refusal(path.name, faults)
    return pd.DataFrame(rows)


def place_answers(study: Study, questions: Questions, answers: pd.DataFrame) -> pd.DataFrame:
    """Both axes per method and language over the study's held-out items, with how many answers matched no option.

    Only items that the plane has count; an item without an answer counts as wrong and is told in ``unanswered``. CorpusError when
    nothing fits.
    """
    asked = study.array("plane_answer").values > 0
    kinds, items, _ = prompts(study)
    place = {(kind, item): p for p, (kind, item) in enumerate(zip(kinds, items))}
    rows = []
    for (method, language), group in answers.groupby(["method", "language"], sort=False):
        if language not in study.languages:
            continue
        a = study.languages.index(language)
        values = np.where(asked[a] & np.isin(kinds, list(AXES.values())), 0.0, np.nan)
        given, unmatched = np.zeros(len(values), bool), 0
        for row in group.itertuples():
            p, q = place.get((row.kind, row.item)), questions.table.get((row.kind, language, row.item))
            if p is None or q is None or not asked[a, p]:
                continue
            option = matched(row.answer, q.options)
            given[p], values[p] = True, float(option > 0 and q.options[option - 1] == q.answer)
            unmatched += not option
        if given.any():
            axes = {axis: float(shares(values[kinds == kind])) for axis, kind in AXES.items()}
            missing = int((np.isfinite(values) & ~given).sum())
            rows.append({"method": method, "language": language, **axes, "answers": int(given.sum()), "no option": unmatched,
                         "unanswered": missing})  # fmt: skip
    if not rows:
        raise CorpusError("None of the answers belongs to a held-out question of this plane. Compare items, kinds and languages.")
    return pd.DataFrame(rows)
