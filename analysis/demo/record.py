"""Recorded answers of a study: ``python -m analysis.demo.record STUDY``.

STUDY is a study's name, or its folder. Layers and strengths are chosen on tuning prompts;
others are shown. A stopped run goes on at the first turn that is missing.
"""

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from analysis.core import files
from analysis.core.errors import AnalysisError, StudyError
from analysis.core.specs import ModelSpec, digest, written
from analysis.core.templates import apply_template, is_whole, template_ending
from analysis.core.version import __version__
from analysis.demo.recorded_turns import OF_GAP, OF_STATE, TurnSpec, name, turns_for
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.load import Loaded
from analysis.model.said import Answer
from analysis.model.scoring import continuations
from analysis.steering.fluency import identified_language, repetition
from analysis.steering.resolve import layers_at_depth, resolve, state_norms, vectors
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.study import library, store
from analysis.study.recordings import (
    RECORDED,
    Outcome,
    RecordedAnswer,
    RecordedPrompt,
    Recordings,
    TriedSetting,
    Tuning,
    Turn,
    parsed,
    with_turn,
)
from analysis.study.recordings import as_bytes as recordings_as_bytes
from analysis.study.study import Study
from analysis.worker.inline import run_inline
from analysis.worker.same_files import check_files
from analysis.worker.service import Job, Pool

PART = "recorded.part.json"
"""What was recorded so far, beside the study's files; no manifest names it."""
TOKENS = 28
MOST_REPEATED = 0.3
"""Share of repeated three-word sequences up to which a text counts as readable."""
LEAST_VARIED = 0.6
"""Share of different words among all of a readable answer; fluent ones have about 0.85."""
LEAST_KEPT = 0.75
"""Share of answers that still read as the prompt's language, where it is not to change."""
LEAST_SHARE = 0.5
"""Share of answers in the wanted language from which on a push works."""
LEAST_NATS = 1.0
"""Gain in log-odds from which on a push works."""
TWIN_SEED = 1


@dataclass(frozen=True)
class Setting:
    """Layers and a strength."""

    layers: tuple[int, ...]
    strength: float


@dataclass(frozen=True)
class Said:
    """Answers to some prompts under one setting, and what they come to."""

    answers: tuple[RecordedAnswer, ...]
    outcome: Outcome


class Recorder:
    """One turn of a study, answered by its model."""

    def __init__(self, loaded: Loaded, study: Study, spec: TurnSpec, job: Job) -> None:
        self.loaded = loaded
        self.study = study
        self.spec = spec
        self.job = job

    def turn(self) -> Turn:
        """Settings chosen on the tuning prompts, and the answers to those shown."""
        spec = self.spec
        settings = self.candidates()
        plain, *tried = self.said_under(
            spec.beginnings.tuning,
            [SteeringSpec(), *(self.steering(one) for one in settings)],
            [0.0, *(one.strength for one in settings)],
        )
        best = self.best(plain, tried)
        chosen = settings[best]
        shown = self.shown(chosen)
        return self.kept_turn(chosen, shown, self.kept_tuning(settings, tried))

    def candidates(self) -> list[Setting]:
        """Settings that are tried."""
        found = []
        for low, high in self.spec.depths:
            layers = layers_at_depth(low, high, self.study.layers)
            for strength in self.strengths(layers):
                found.append(Setting(layers, strength))
        return found

    def strengths(self, layers: tuple[int, ...]) -> list[float]:
        """Strengths that are tried at some layers."""
        if self.spec.of_language:
            return list(OF_GAP)
        source = self.source()
        norms = state_norms(source, self.opened)
        if norms is None:
            raise StudyError(
                f"“{self.study.title}” does not keep how long its states are, so no "
                "strength can be chosen. Extract it again."
            )
        lengths = np.linalg.norm(vectors(source, self.opened), axis=-1)
        places = [layer - 1 for layer in layers]
        one = float(np.sum(lengths[places] / norms[places]))
        return [float(f"{share / one:.2g}") for share in OF_STATE]

    def opened(self, study: str) -> Study:
        """The study itself, whatever it is called."""
        return self.study

    def source(self) -> VectorSource:
        """Where the vector comes from."""
        return replace(self.spec.source, study=self.study.name)

    def twin_source(self) -> VectorSource:
        """A random vector as long, layer by layer."""
        return VectorSource("random", plus=(self.source(),), seed=TWIN_SEED)

    def steering(
        self, setting: Setting, source: VectorSource | None = None
    ) -> SteeringSpec:
        """A setting with the turn's vector, or another."""
        term = SteeringTerm(
            source or self.source(), setting.layers, (setting.strength,)
        )
        return SteeringSpec((term,))

    def said_under(
        self,
        prompts: Sequence[str],
        steerings: Sequence[SteeringSpec],
        strengths: Sequence[float],
    ) -> list[Said]:
        """What is said to prompts under each steering, all in one batch."""
        rows = []
        for steering in steerings:
            rows += self.rows(prompts, steering)
        answers = generate(
            self.loaded, rows, self.spec.generation, check=self.job.check
        )
        effects = self.effects(rows, answers)
        found = []
        for place, strength in enumerate(strengths):
            part = slice(place * len(prompts), (place + 1) * len(prompts))
            found.append(self.measured_answers(answers[part], effects[part], strength))
        return found

    def rows(self, prompts: Sequence[str], steering: SteeringSpec) -> list[Row]:
        """Prompts in their template under a steering."""
        template, tokenizer = self.spec.template, self.loaded.tokenizer
        terms = resolve(steering, self.opened)
        ending = template_ending(template, tokenizer)
        found = []
        for text, prompt in zip(prompts, apply_template(template, tokenizer, prompts)):
            found.append(Row(prompt, terms, text, ending, is_whole(template)))
        return found

    def effects(self, rows: Sequence[Row], answers: Sequence[Answer]) -> np.ndarray:
        """What the turn counts, (row,)."""
        spec = self.spec
        if spec.of_language:
            heard = [self.heard(answer.text) == spec.wanted for answer in answers]
            return np.array(heard, float)
        sides = [[spec.favoured, spec.against]] * len(rows)
        scored = continuations(self.loaded, rows, sides, self.job.check)
        return np.array([side.nats[0] - side.nats[1] for side in scored])

    def heard(self, text: str) -> str:
        """The language that an answer reads as."""
        return identified_language(text, self.spec.wanted or self.spec.language)

    def measured_answers(
        self, answers: Sequence[Answer], effects: np.ndarray, strength: float
    ) -> Said:
        """Answers with what was measured of them."""
        kept = []
        for answer in answers:
            heard = self.heard(answer.text)
            kept.append(
                RecordedAnswer(
                    strength=strength,
                    text=answer.text,
                    ended=answer.ended,
                    language=heard,
                    repetition=round(repetition(answer.text, heard), 4),
                )
            )
        repeated = float(np.mean([answer.repetition for answer in kept]))
        effect = float(np.mean(effects))
        outcome = Outcome(
            strength=strength,
            effect=round(effect, 4),
            repetition=round(repeated, 4),
        )
        return Said(tuple(kept), outcome)

    def best(self, plain: Said, tried: Sequence[Said]) -> int:
        """Which setting the rule chooses: readable first, then the largest effect, then
        the weakest push.
        """
        merits = []
        for said in tried:
            outcome = said.outcome
            readable = self.readable(said, plain)
            merit = (readable, outcome.effect, -outcome.strength, -outcome.repetition)
            merits.append(merit)
        return max(range(len(tried)), key=merits.__getitem__)

    def readable(self, said: Said, plain: Said) -> bool:
        """Whether answers do not repeat themselves, nor fall apart.

        A language may change only where that is what is wanted.
        """
        repeats = said.outcome.repetition > self.most_repeated(plain)
        if repeats or self.spec.of_language:
            return not repeats
        varied = np.mean([distinct(answer.text) for answer in said.answers])
        own = [answer.language == self.spec.language for answer in said.answers]
        return bool(varied >= LEAST_VARIED and np.mean(own) >= LEAST_KEPT)

    def most_repeated(self, plain: Said) -> float:
        """How much a readable answer may repeat: as the baseline does, if that is more."""
        return max(MOST_REPEATED, plain.outcome.repetition)

    def kept_tuning(
        self, settings: Sequence[Setting], tried: Sequence[Said]
    ) -> tuple[TriedSetting, ...]:
        """What was tried, and what came out."""
        found = []
        for setting, said in zip(settings, tried):
            found.append(TriedSetting(layers=setting.layers, outcome=said.outcome))
        return tuple(found)

    def shown(self, chosen: Setting) -> "Shown":
        """The answers that are shown: baseline, doses of the steering and of its twin."""
        doses = [float(f"{chosen.strength * dose:.4g}") for dose in self.spec.doses]
        settings = [Setting(chosen.layers, strength) for strength in doses]
        twin = self.twin_source()
        steerings = [
            SteeringSpec(),
            *(self.steering(one) for one in settings),
            *(self.steering(one, twin) for one in settings),
        ]
        prompts = self.spec.beginnings.shown
        found = self.said_under(prompts, steerings, [0.0, *doses, *doses])
        middle = 1 + len(doses)
        return Shown(found[0], found[1:middle], found[middle:])

    def kept_turn(
        self, chosen: Setting, shown: "Shown", tried: tuple[TriedSetting, ...]
    ) -> Turn:
        """The turn as it is kept."""
        spec = self.spec
        unit = Setting(chosen.layers, 1.0)
        judged = self.judged(chosen, shown)
        return Turn(
            title=spec.title,
            language=spec.language,
            wanted=spec.wanted,
            steering=written(self.steering(unit, spec.source)),
            twin=written(
                self.steering(
                    unit, VectorSource("random", plus=(spec.source,), seed=TWIN_SEED)
                )
            ),
            strength=chosen.strength,
            counted=self.counted(),
            works=judged.works,
            verdict=judged.words,
            prompts=shown.by_prompt(spec.beginnings.shown),
            baseline=shown.plain.outcome,
            steered=tuple(said.outcome for said in shown.steered),
            twins=tuple(said.outcome for said in shown.twins),
            tuning=Tuning(
                prompts=spec.beginnings.tuning,
                tried=tried,
                rule=self.rule(),
            ),
            more={"digest": digest(spec)},
        )

    def counted(self) -> str:
        """What effects are."""
        spec = self.spec
        if spec.of_language:
            return f"share of answers that read as {name(spec.wanted)}"
        return (
            f"log-odds in nats of “{spec.favoured.strip()}” against "
            f"“{spec.against.strip()}” right after the prompt"
        )

    def rule(self) -> str:
        """How a setting is chosen."""
        further = ""
        if not self.spec.of_language:
            further = (
                f", have at least {100 * LEAST_VARIED:.0f} % different words and read as "
                f"the prompt's language in {100 * LEAST_KEPT:.0f} % of cases"
            )
        return (
            "of the settings whose answers to the tuning prompts repeat at most "
            f"{100 * MOST_REPEATED:.0f} % of their three-word sequences (or as many as the "
            f"baseline){further}, the one with the largest effect, among equals the "
            "weakest and then the least repetitive; where none is so readable, the same of all."
        )

    def judged(self, chosen: Setting, shown: "Shown") -> "Judged":
        """Whether the push works on the prompts shown, and the numbers, in words."""
        plain = shown.plain.outcome
        chosen_one = at(shown.steered, chosen.strength)
        steered = chosen_one.outcome
        twin = at(shown.twins, chosen.strength).outcome
        readable = self.readable(chosen_one, shown.plain)
        turns = self.turned(steered, plain)
        alone = not self.turned(twin, plain)
        said = (
            f"At strength {chosen.strength:g}: {self.counted()}: "
            f"{self.in_words(steered)}, baseline {self.in_words(plain)}, random twin "
            f"{self.in_words(twin)}; three-word sequences said before: "
            f"{100 * steered.repetition:.0f} %, baseline {100 * plain.repetition:.0f} %."
        )
        works = turns and alone and readable
        return Judged(works, f"{reason(turns, alone, readable)} {said}")

    def turned(self, outcome: Outcome, plain: Outcome) -> bool:
        """Whether answers are turned, compared with the baseline's."""
        if self.spec.of_language:
            return outcome.effect >= LEAST_SHARE
        return outcome.effect - plain.effect >= LEAST_NATS

    def in_words(self, outcome: Outcome) -> str:
        """An effect as it is told."""
        if self.spec.of_language:
            return f"{100 * outcome.effect:.0f} %"
        return f"{outcome.effect:+.2f}"


def at(said: Sequence[Said], strength: float) -> Said:
    """What was said at a strength."""
    return next(one for one in said if one.outcome.strength == strength)


def distinct(text: str) -> float:
    """The share of different words among all of a text; 0 of a text without words."""
    words = re.findall(r"\w+", text.casefold())
    return len(set(words)) / len(words) if words else 0.0


def reason(turns: bool, alone: bool, readable: bool) -> str:
    """The verdict in words; ``alone``: the random twin does not turn it as well."""
    if not turns:
        return "Does not work: the answers do not turn."
    if not readable:
        return "Does not work: the answers turn, but repeat themselves or fall apart."
    if not alone:
        return "Does not work: the random twin turns the answers, too."
    return "Turns, and the random twin does not."


@dataclass(frozen=True)
class Judged:
    """Whether a push works, and why."""

    works: bool
    words: str


@dataclass(frozen=True)
class Shown:
    """Answers to the prompts shown."""

    plain: Said
    steered: list[Said]
    twins: list[Said]

    def by_prompt(self, prompts: Sequence[str]) -> tuple[RecordedPrompt, ...]:
        """The same, prompt by prompt."""
        found = []
        for place, text in enumerate(prompts):
            found.append(
                RecordedPrompt(
                    text=text,
                    baseline=self.plain.answers[place],
                    steered=tuple(said.answers[place] for said in self.steered),
                    twins=tuple(said.answers[place] for said in self.twins),
                )
            )
        return tuple(found)


def folder_of(study: str) -> Path:
    """The folder of a study that is given by its folder or its name."""
    path = Path(study)
    if (path / store.MANIFEST).is_file():
        return path
    return library.DEMO_FOLDERS.get(study) or library.own_folder(study)


def before(folder: Path, empty: Recordings) -> Recordings:
    """What an earlier run has recorded with the same model and settings."""
    kept = empty
    for file in (RECORDED, PART):
        path = folder / file
        if not path.is_file():
            continue
        found = parsed(path.read_bytes(), folder)
        if replace(found, turns=()) != empty:
            continue
        for turn in found.turns:
            kept = with_turn(kept, turn)
    return kept


def record(folder: Path, spec: GenerationSpec, model: str, job: Job, pool: Pool) -> int:
    """Record the answers of a study into its folder; how many turns there are.

    ``model`` is what the study's model is called here, where that is another name.
    StudyError for a study without vectors, or of other files of its model.
    """
    study = store.open_study(folder)
    own = study.manifest.model
    if own is None:
        raise StudyError(f"“{study.title}” does not say of which model it is.")
    wanted = turns_for(study, own, spec)
    if not wanted:
        raise nothing_to_record(study)
    named = ModelSpec(model, stack=own.stack) if model else local(own)
    loaded = pool.get(named, job)
    check_files(study.manifest, loaded)
    kept = before(folder, beginning(own, spec))
    done = []
    for each in wanted:
        job.progress(len(done), len(wanted), each.title)
        turn = known_turn(kept, each)
        if turn is None:
            turn = Recorder(loaded, study, each, job).turn()
            kept = with_turn(kept, turn)
            files.write_file(folder / PART, recordings_as_bytes(kept))
        done.append(turn)
    job.progress(len(done), len(wanted), "done")
    store.put_recordings(folder, replace(kept, turns=tuple(done)))
    files.discard(folder / PART)
    if folder.resolve().parent != store.root().resolve():
        files.discard(folder / store.LOCK)  # a folder that is shipped has none
    return len(done)


def nothing_to_record(study: Study) -> StudyError:
    """The error for a study without any of the vectors that are pushed along."""
    return StudyError(
        f"“{study.title}” has neither language vectors of English and another language "
        "nor vectors of toxicity or utilitarianism: there is nothing to record."
    )


def known_turn(kept: Recordings, spec: TurnSpec) -> Turn | None:
    """The turn that was recorded by exactly this spec before, if any was."""
    for turn in kept.turns:
        if turn.title == spec.title and turn.more.get("digest") == digest(spec):
            return turn
    return None


def local(model: ModelSpec) -> ModelSpec:
    """A model as it is asked for; folders have no revisions."""
    return replace(model, revision="main") if model.revision == "local" else model


def beginning(model: ModelSpec, spec: GenerationSpec) -> Recordings:
    """Recordings without a turn."""
    libraries = {each: version(each) for each in ("torch", "transformers")}
    return Recordings(
        model=written(model),
        template="none",
        generation=written(spec),
        babelscope=__version__,
        libraries=libraries,
        turns=(),
    )


def main() -> None:
    """Record, and say how it goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", help="name or folder of the study")
    parser.add_argument("--model", default="", help="the model's name here")
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begun = time.monotonic()

    def tell(done: int, total: int, doing: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {done}/{total}  {doing}", flush=True)

    try:
        spec = GenerationSpec(asked.tokens, asked.temperature, asked.seed)
        folder = folder_of(asked.study)

        def task(job: Job, pool: Pool) -> int:
            return record(folder, spec, asked.model, job, pool)

        turns = run_inline(task, tell)
    except AnalysisError as error:
        parser.exit(1, f"{error}\n")
    print(f"{turns} turns in {folder / RECORDED}")


if __name__ == "__main__":
    main()
