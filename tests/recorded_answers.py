"""Recorded answers made by hand, as a recording would leave them."""

from analysis.core.specs import ModelSpec, written
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.study.recordings import (
    Outcome,
    RecordedAnswer,
    RecordedPrompt,
    Recordings,
    TriedSetting,
    Tuning,
    Turn,
)

STRENGTHS = (1.0, 2.0)
SHOWN, TUNED_ON = ("the judge", "the cook"), ("the clerk",)


def answer(text: str, strength: float) -> RecordedAnswer:
    """One answer."""
    return RecordedAnswer(strength=strength, text=text, ended="length", language="en")


def prompt(text: str) -> RecordedPrompt:
    """A prompt with its answers."""
    return RecordedPrompt(
        text=text,
        baseline=answer(f"{text} rests", 0.0),
        steered=tuple(answer(f"{text} is kind {s:g}", s) for s in STRENGTHS),
        twins=tuple(answer(f"{text} is odd {s:g}", s) for s in STRENGTHS),
    )


def outcome(strength: float, effect: float) -> Outcome:
    """What came out at a strength."""
    return Outcome(strength=strength, effect=effect, repetition=0.25)


def turn(title: str = "Kinder words", works: bool = True) -> Turn:
    """One turn with two prompts."""
    source = VectorSource("concept vector", "", "care", "en")
    unit = SteeringSpec((SteeringTerm(source, (1, 2)),))
    twin = VectorSource("random", plus=(source,), seed=1)
    return Turn(
        title=title,
        language="en",
        steering=written(unit),
        twin=written(SteeringSpec((SteeringTerm(twin, (1, 2)),))),
        strength=1.0,
        counted="log-odds of “kind”",
        works=works,
        verdict="It turns." if works else "Does not work: it repeats itself.",
        prompts=tuple(map(prompt, SHOWN)),
        baseline=outcome(0.0, 0.0),
        steered=tuple(outcome(s, s) for s in STRENGTHS),
        twins=tuple(outcome(s, -s) for s in STRENGTHS),
        tuning=Tuning(
            prompts=TUNED_ON,
            tried=(TriedSetting(layers=(1, 2), outcome=outcome(1.0, 1.5)),),
            rule="the largest effect",
        ),
    )


def recordings(*turns: Turn) -> Recordings:
    """A file of them."""
    return Recordings(
        model=written(ModelSpec("llama", device="cpu")),
        template="none",
        generation=written(GenerationSpec(6)),
        babelscope="1.0",
        libraries={"torch": "2.0"},
        turns=turns or (turn(),),
    )
