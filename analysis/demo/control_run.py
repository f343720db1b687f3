"""The control run that comes along: ``python -m analysis.demo.control_run``.

SmolLM2 135M Instruct, the chat model whose study comes along, asked requests to decline
while it is pushed with vectors of that study. It needs the weights in ``models/`` of
Babelscope's folder, goes on where it was stopped, and puts a copy where the run ships.
"""

import shutil
from pathlib import Path

from analysis.concepts.specs import StudySpec
from analysis.control import prompts, store
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.demo.chat_study import MODEL, job
from analysis.study import library
from analysis.study.study import Study
from analysis.worker.extraction import control_run
from analysis.worker.service import Pool

TITLE = "SmolLM2 135M Instruct, requests to decline"
LANGUAGES = ("en", "es")
STRENGTHS = (0.5, 1.0, 2.0)
LAYER_SETS = 4
SEARCHED, REPORTED = 8, 12
"""Prompts of each kind: about ten minutes on two processors."""
TOKENS = 24


def main() -> None:
    """Make the run, or go on with it, and put a copy in place."""
    name = begun(library.open_by_name(library.CHAT))
    run = control_run(name)(job(), Pool())
    size = shipped(run.folder, store.SHIPPED / name)
    print(f"“{name}”: {size / 1e3:.0f} kB in {store.SHIPPED}")


def begun(study: Study) -> str:
    """The name of the run, which is begun unless it is there."""
    (concept,) = study.concepts
    asked = prompts.load(prompts.OWN, study.manifest.spec_as(StudySpec), concept)
    spec = ControlSpec(
        MODEL,
        study.name,
        store.vectors_digest(study, concept),
        concept,
        LANGUAGES,
        asked.name,
        asked.digest,
        strengths=STRENGTHS,
        layer_sets=LAYER_SETS,
        search_prompts=SEARCHED,
        reported_prompts=REPORTED,
        tokens=TOKENS,
    )
    judging = JudgingSpec(objective=prompts.objective_of(asked))
    return store.begin(spec, study, asked, TITLE, judging)


def shipped(folder: Path, target: Path) -> int:
    """Put a copy of a run where runs ship, in place of an earlier one; its bytes."""
    if target.parent.is_dir():
        shutil.rmtree(target.parent)
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(".*"))
    return sum(path.stat().st_size for path in target.iterdir())


if __name__ == "__main__":
    main()
