"""The plan of a control run: cells of answers that are generated, committed and resumed one by one.

A killed run that goes on gives the same files as one that was never interrupted.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import pandas as pd

from analysis.control import verdicts
from analysis.control.prompts import Prompt
from analysis.control.settings_tried import Layers
from analysis.control.store import (
    NONE,
    REPORT,
    SEARCH,
    AnswerFile,
    Cell,
    Run,
    RunManifest,
    frame,
    open_run,
    reports,
)
from analysis.core.scores import Written
from analysis.steering.fluency import (
    identified_language,
    is_neutral,
    recognisable,
)
from analysis.study import commits, store, together
from analysis.study.together import Group, Plan, Shard

LONGEST = 59
"""Letters of a name that leave room for “.json”."""
DIGITS = 16

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Push:
    """A language's vector of the run's concept, added at these layers with this strength."""

    source: str
    strength: float
    layers: Layers


class Speaker(Protocol):
    """A model that answers prompts, pushed or not (None), greedily; every list is as
    long as ``texts``.
    """

    layers: int

    def answers(
        self, texts: Sequence[str], pushes: Sequence[Push | None]
    ) -> list[Written]:
        """What the model writes to each prompt."""
        ...

    def surprise(self, texts: Sequence[str], answers: Sequence[str]) -> list[float]:
        """Nats per token of each answer under the model that is not pushed; NaN for an
        empty one.
        """
        ...

    def log_odds(
        self,
        texts: Sequence[str],
        ends: Sequence[tuple[str, str]],
        pushes: Sequence[Push | None],
    ) -> list[float]:
        """Log-odds (nats) of the first against the second continuation."""
        ...

    def divergence(self, texts: Sequence[str], pushes: Sequence[Push]) -> list[float]:
        """KL divergence (nats) of the next token's distribution without the push from
        that under it.
        """
        ...


def compute(
    name: str,
    speaker: Speaker,
    progress: Progress = lambda done, of, what: None,
    most: int = 0,
) -> Run:
    """Generate what is missing, one commit per cell; ``progress`` may raise to stop.

    ``most`` computes that many cells of the search only (0: everything), which tells
    how long the whole will take.
    """
    folder = open_run(name).folder
    with store.writing(folder):
        run = open_run(name)
        total = cells_in_all(run)
        left = left_of(run, run.planned())
        if most:
            left = [cell for cell in left if cell.stage == SEARCH][:most]
        for number, cell in enumerate(left):
            progress(len(run.done) + number, total, cell.words)
            answer(run, cell, speaker)
        if most:
            return open_run(name)
        run = open_run(name)
        after = 2 * len(run.spec.languages) - 1
        answers = told(run, partial(progress, total - after, total))
        left = left_of(run, reports(run, answers, run.judging))
        for number, cell in enumerate(left):
            progress(total - len(left) + number, total, cell.words)
            answer(run, cell, speaker)
        run = open_run(name)
        told(run, partial(progress, total, total))
        progress(total, total, "done")
    return run


def compute_together(
    name: str, speaker: Speaker, progress: Progress, shard: Shard
) -> Run:
    """The same by several processes at once; reports wait for the whole search.

    StudyError as in ``together.compute``.
    """
    run = open_run(name)
    searched = run.planned()
    left_shared = commits.are_shared(run.folder) and is_unjudged(name)
    if left_of(run, searched) or left_shared:
        answer_together(run, searched, speaker, progress, shard)
    judge_once(name, progress)
    run = open_run(name)
    reported = reports(run, frame(run, run.judging), run.judging)
    if left_of(run, reported) or commits.are_shared(run.folder):
        answer_together(run, (*searched, *reported), speaker, progress, shard)
        judge_once(name, progress)
    total = cells_in_all(run)
    progress(total, total, "done")
    return open_run(name)


def answer_together(
    run: Run,
    cells: Sequence[Cell],
    speaker: Speaker,
    progress: Progress,
    shard: Shard,
) -> None:
    """Generate what is missing of some cells with other processes."""
    by_name = {}
    groups = []
    for number, cell in enumerate(cells):
        # Names of files are too long for a claim where there are many layers.
        name = f"{cell.stage}-{number:04d}"
        by_name[name] = cell
        groups.append(Group(name, frozenset({cell.key}), (file_of(cell),)))
    total = cells_in_all(run)

    def tell(done: int, of: int, doing: str) -> None:
        words = by_name[doing].words if doing in by_name else doing
        progress(done, total, words)

    def of_cell(group: Group) -> None:
        answer(run, by_name[group.name], speaker)

    plan = Plan(groups, of_cell, kind=RunManifest)
    together.compute(run.folder, plan, tell, shard)


def is_unjudged(name: str) -> bool:
    """Whether a judge command has not told of every answer that there is."""
    run = open_run(name)
    if not run.judging.command:
        return False
    verdict = frame(run, run.judging)["verdict"]
    return bool((verdict == verdicts.UNJUDGED).any())


def judge_once(name: str, progress: Progress) -> None:
    """Let a judge command tell what it has not, by one of several processes."""
    run = open_run(name)
    total = cells_in_all(run)

    def judge() -> None:
        with store.writing(run.folder):
            told(open_run(name), partial(progress, len(run.done), total))

    together.once(partial(is_unjudged, name), judge, progress)


def told(run: Run, progress: Callable[[str], None]) -> pd.DataFrame:
    """All answers with their verdicts, once a judge command has told what it had not."""
    answers = frame(run, run.judging)
    return verdicts.told_by_judge(answers, run.judging, run.folder, progress)


def left_of(run: Run, cells: Sequence[Cell]) -> list[Cell]:
    """Cells that are not kept yet."""
    return [cell for cell in cells if cell.key not in run.done]


def cells_in_all(run: Run) -> int:
    """Cells of the whole run: no push, search, own and shared report."""
    return len(run.planned()) + 2 * len(run.spec.languages) - 1


def answer(run: Run, cell: Cell, speaker: Speaker) -> None:
    """Generate one cell and keep it."""
    began = time.monotonic()
    content = generated(run, cell, speaker)
    commit(run.folder, cell, content, time.monotonic() - began)


def commit(folder: Path, cell: Cell, content: dict, seconds: float) -> None:
    """Keep a cell: first its file, then what names it."""
    file = file_of(cell)
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    entry = store.write_entry(folder / file, text.encode(), [cell.key])
    answers = AnswerFile(**vars(entry), seconds=round(seconds, 3))
    store.count_file(folder, file, answers, RunManifest)


def file_of(cell: Cell) -> str:
    """The file of a cell: its key, or where that is too long for a name, a digest of it."""
    plain = cell.key.replace("/", "_").replace(".", "p")
    if len(plain) > LONGEST:
        # Every layer of a set is named, of which large models have many.
        told = hashlib.sha256(cell.key.encode()).hexdigest()[:DIGITS]
        plain = f"{cell.stage}_{told}"
    return f"{plain}.json"


def generated(run: Run, cell: Cell, speaker: Speaker) -> dict:
    """Answers of a cell with their costs, by column."""
    language = cell.language
    prompts = prompts_of(run, cell)
    pushes = [Push(cell.source, s, cell.layers) for s in cell.strengths] or [None]
    rows = [(prompt, push) for push in pushes for prompt in prompts]
    texts, given = [prompt.text for prompt, _ in rows], [push for _, push in rows]
    answers = speaker.answers(texts, given)
    said = [text for text, _ in answers]
    odds = [float("nan")] * len(rows)
    if all(prompt.target and prompt.other for prompt in prompts):
        odds = speaker.log_odds(
            texts, [(prompt.target, prompt.other) for prompt, _ in rows], given
        )
    return {
        "stage": cell.stage,
        "language": language,
        "source": cell.source,
        "layers": list(cell.layers),
        "prompt": [prompt.prompt for prompt, _ in rows],
        "strength": [push.strength if push else 0.0 for push in given],
        "text": said,
        "tokens": [tokens for _, tokens in answers],
        "surprise": rounded(speaker.surprise(texts, said)),
        "heard": heard(said, language, run.spec.towards),
        "log_odds": rounded(odds),
        "kl": rounded(divergences(run, language, pushes, speaker)),
    }


def prompts_of(run: Run, cell: Cell) -> list[Prompt]:
    """The prompts of a cell, each once; without a push those of both stages."""
    roles = (SEARCH, REPORT) if cell.stage == NONE else (cell.stage,)
    prompts = []
    for role in roles:
        prompts += run.prompts(role, cell.language)
    return list(dict.fromkeys(prompts))


def divergences(
    run: Run, language: str, pushes: Sequence[Push | None], speaker: Speaker
) -> list[float]:
    """Mean KL (nats) on the neutral prompts per push; NaN without neutral prompts, 0
    without a push.
    """
    neutral = [prompt.text for prompt in run.prompts("neutral", language)]
    if pushes == [None] or not neutral:
        return [0.0 if pushes == [None] else float("nan")] * len(pushes)
    values = speaker.divergence(
        neutral * len(pushes),
        [push for push in pushes for _ in neutral],  # pyright: ignore[reportArgumentType]
    )
    return [
        sum(values[i : i + len(neutral)]) / len(neutral)
        for i in range(0, len(values), len(neutral))
    ]


def heard(answers: Sequence[str], language: str, towards: str = "") -> list[str]:
    """The language of each answer, “none” for one that says nothing; empty where the
    language that is wanted, ``towards`` or the prompt's, cannot be identified.

    A neutral answer, such as “[+]”, is in no other language, so it counts as the prompt's.
    """
    wanted = towards or language
    if not recognisable(wanted):
        return [""] * len(answers)
    found = []
    for answer in answers:
        known = language if is_neutral(answer) else ""
        found.append(known or identified_language(answer, wanted) or "none")
    return found


def rounded(values: Sequence[float]) -> list[float | None]:
    """Numbers for a file: four digits, None for what is not a number."""
    return [
        round(float(value), 4) if abs(value) < float("inf") else None
        for value in values
    ]
