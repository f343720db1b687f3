"""Control runs: how hard, and where, a model is to be pushed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.concepts.specs import StudySpec
from analysis.control import prompts as prompt_sets
from analysis.control import store as runs
from analysis.control import surfaces
from analysis.control.prompts import PromptSet
from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.errors import StudyError
from analysis.core.specs import check, check_text, from_dict
from analysis.study.study import Study as Results
from analysis.tables.kinds import PROMPTS
from analysis.worker.cluster_sweeps import control_on_cluster
from analysis.worker.extraction import control_run
from babelscope.inputs import (
    Table,
    columns_of,
    file_of,
    listed,
    print_notes,
    template_of,
)
from babelscope.making import check_one_way, shard_of
from babelscope.running import run
from babelscope.study import study_of

HELD_OUT = "held-out negative members"


@dataclass(frozen=True)
class Control:
    """A control run: every text that was said, and what the search found."""

    run: runs.Run

    @property
    def name(self) -> str:
        """The name under which it is kept."""
        return self.run.name

    @cached_property
    def judging(self) -> JudgingSpec:
        """How answers are judged and a setting is chosen."""
        return self.run.judging

    @cached_property
    def answers(self) -> pd.DataFrame:
        """Every answer with its verdict, one per row."""
        return runs.frame(self.run, self.judging)

    @cached_property
    def report(self) -> pd.DataFrame:
        """Effect and costs on the reported prompts, per language and vector."""
        found = surfaces.surfaces(self.answers, self.run.grid, self.judging)
        chosen = surfaces.chosen(found, self.run.grid, self.judging)
        return surfaces.report(self.answers, self.run.spec, chosen, self.judging)


def control(
    study: str | Results,
    concept: str = "",
    prompts: Table | PromptSet = HELD_OUT,
    *,
    languages: Sequence[str] = (),
    template: str = "",
    title: str = "",
    layout: str | Path = "",
    **settings: Any,
) -> Control:
    """Search over strengths and layers, then compare own and shared vectors.

    ``prompts`` are a file, a table, or a set of this machine; no ``languages`` are all
    that have vectors and prompts. ``layout`` as in ``extract``. ``settings`` are those of
    ControlSpec: ``source``, ``search``, ``strengths``, ``layer_sets``, ``searched_on``,
    ``search_prompts``, ``reported_prompts``, ``operator``, ``tokens``, ``seed``,
    ``towards``. That is a language: its vector pushes in place of a concept's, and a
    setting is the better the more answers change to it and keep their content; prompts
    then need answers (``target``) and are “Babelscope questions for facts” unless given.
    Repeated, it goes on.

    >>> import babelscope as bs
    >>> few = dict(strengths=[1.0], layer_sets=1, search_prompts=2, reported_prompts=2)
    >>> found = bs.control("demo", "fairness", languages=["en"], tokens=4, **few)
    >>> sorted(set(found.report["vector"]))
    ['none', 'own', 'shared']
    """
    known = study_of(study)
    spec = spec_of(known)
    towards = settings.get("towards", "")
    check_text("The language to push towards", towards)
    if not towards:
        check("concept", concept, known.concepts)
    elif isinstance(prompts, str) and prompts == HELD_OUT:
        prompts = prompt_sets.OWN_FACTS
    asked = prompts_of(prompts, spec, concept, layout)
    shared = [code for code in known.languages if code in asked.languages]
    if towards in shared:
        shared.remove(towards)
    values = {
        "model": spec.model,
        "study": known.name,
        "vectors_digest": runs.vectors_digest(known, concept, towards),
        "concept": concept,
        "languages": listed("languages", languages, shared),
        "prompts": asked.name,
        "prompts_digest": asked.digest,
        "template": template or prompt_sets.template_of(asked, template_of(spec.model)),
    }
    wanted = from_dict(ControlSpec, {**settings, **values})
    judging = JudgingSpec(objective=prompt_sets.objective_of(asked, towards))
    title = title or f"{wanted.pushed_along} on {asked.name}"
    return resume_control(runs.begin(wanted, known, asked, title, judging))


def resume_control(name: str, shard: str = "", cluster: str = "") -> Control:
    """Go on with a control run, or open it when nothing is missing.

    ``shard`` and ``cluster`` as in ``resume``.

    >>> import babelscope as bs
    >>> few = dict(strengths=[1.0], layer_sets=1, search_prompts=1, reported_prompts=1)
    >>> made = bs.control("demo", "fairness", languages=["en"], tokens=1, **few)
    >>> bs.resume_control(made.name).name == made.name
    True
    """
    check_text("The name of a control run", name)
    runs.open_run(name)
    work = control_run(name, shard=shard_of(shard))
    if cluster:
        check_one_way(shard)
        work = control_on_cluster(cluster, name)
    return Control(run(work, name))


def spec_of(study: Results) -> StudySpec:
    """What a study was made from; StudyError for one that does not say."""
    if "corpus_digest" not in (study.manifest.spec or {}):
        raise StudyError(f"“{study.title}” was not extracted from contrast pairs here.")
    return study.manifest.spec_as(StudySpec)


def prompts_of(
    given: Table | PromptSet, spec: StudySpec, concept: str, layout: str | Path = ""
) -> PromptSet:
    """A prompt set, kept so that a run can go on with it."""
    if isinstance(given, PromptSet):
        return prompt_sets.load(prompt_sets.keep(given), spec, concept)
    file = file_of(given)
    if file is None:
        return prompt_sets.load(str(given), spec, concept)
    columns = columns_of(layout, PROMPTS)
    read = prompt_sets.read(file.data, file.name, columns=columns)
    print_notes(read.notes)
    return prompt_sets.load(prompt_sets.keep(read), spec, concept)
