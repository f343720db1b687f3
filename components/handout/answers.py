"""Recorded answers of a study as plain data for the file's script."""

from typing import Any

from analysis.core.specs import ModelSpec, from_dict
from analysis.languages.languages import is_known, label
from analysis.study.recordings import RecordedAnswer, RecordedPrompt, Recordings, Turn


def answers(recordings: Recordings | None) -> dict[str, Any]:
    """All turns with where they come from; nothing where none were recorded."""
    if recordings is None:
        return {}
    return {"origin": origin(recordings), "turns": list(map(turn, recordings.turns))}


def origin(recordings: Recordings) -> str:
    """Which model answered, and that nothing is computed here."""
    model = from_dict(ModelSpec, recordings.model)
    said = (
        f"Answered by {model.model} ({model.dtype}) when this study was made; nothing is "
        "computed in this file."
    )
    return " ".join([said, *recordings.notes])


def turn(recorded: Turn) -> dict[str, Any]:
    """One steering with its prompts at every strength."""
    return {
        "title": recorded.title,
        "works": recorded.works,
        "verdict": recorded.verdict,
        "strength": recorded.strength,
        "strengths": list(recorded.strengths),
        "prompts": list(map(prompt, recorded.prompts)),
    }


def prompt(recorded: RecordedPrompt) -> dict[str, Any]:
    """A prompt, its baseline, and the answers per strength."""
    return {
        "text": recorded.text,
        "baseline": answer(recorded.baseline),
        "steered": list(map(answer, recorded.steered)),
        "twins": list(map(answer, recorded.twins)),
    }


def answer(recorded: RecordedAnswer) -> dict[str, Any]:
    """An answer with its language and how much it repeats."""
    return {
        "text": recorded.text,
        "language": language_name(recorded.language),
        "repetition": recorded.repetition,
    }


def language_name(code: str) -> str:
    """A language's English name; its code where it has none, "" where none was found."""
    return label(code, "English name") if is_known(code) else code
