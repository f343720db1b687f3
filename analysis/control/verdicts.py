"""Verdicts on the answers of a control run: by rules at once, by a judge command in the
job and kept beside the answers.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from analysis.control.judging import judge
from analysis.control.specs import JudgingSpec
from analysis.core import files
from analysis.core.errors import StudyError

AT_ONCE = 200
"""Answers that a judge command gets at once."""
UNJUDGED = ""


def judged(answers: pd.DataFrame, judging: JudgingSpec, folder: Path) -> pd.DataFrame:
    """The answers with a column ``verdict``; UNJUDGED where a judge command has not told yet."""
    asked = list(zip(answers["language"], answers["request"], answers["text"]))
    if not judging.command:
        return answers.assign(verdict=judge(asked, judging))
    known = kept_verdicts(folder, judging)
    return answers.assign(verdict=[known.get(key(each), UNJUDGED) for each in asked])


def told_by_judge(
    answers: pd.DataFrame,
    judging: JudgingSpec,
    folder: Path,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """The same once a judge command has told what it had not; each part is kept as soon
    as it is told.
    """
    asked = list(zip(answers["language"], answers["request"], answers["text"]))
    if not judging.command:
        return judged(answers, judging, folder)
    known = kept_verdicts(folder, judging)
    left = [each for each in dict.fromkeys(asked) if key(each) not in known]
    for start in range(0, len(left), AT_ONCE):
        progress(f"judging {start:,} of {len(left):,} answers")
        part = left[start : start + AT_ONCE]
        known |= {
            key(each): verdict for each, verdict in zip(part, judge(part, judging))
        }
        files.write_file(file_of(folder, judging), json.dumps(known).encode())
    return judged(answers, judging, folder)


def key(asked: tuple[str, str, str]) -> str:
    """Names an answer to a prompt."""
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[
        :16
    ]


def kept_verdicts(folder: Path, judging: JudgingSpec) -> dict[str, str]:
    """What the command has told; StudyError when the file is damaged."""
    path = file_of(folder, judging)
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise StudyError(
            f"{path.name} of {folder.name} is damaged. Remove the file; the "
            "command then judges again."
        ) from error


def file_of(folder: Path, judging: JudgingSpec) -> Path:
    """Where the verdicts of a command are kept."""
    return (
        folder
        / f"verdicts-{hashlib.sha256(judging.command.encode()).hexdigest()[:8]}.json"
    )
