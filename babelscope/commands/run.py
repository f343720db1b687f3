"""Make a study and analyse it, as a spec file says; a step of a Makefile.

The file is JSON with some of: study (a name), extract, words, sentences, ask, sweep (each an object
with the options of that command), analyses (names, or names with their options),
convention, out (a folder beside the file). Repeated, it goes on with what is unfinished.
"""

import argparse
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from analysis.core.errors import SpecError
from analysis.core.json_text import parse_json
from analysis.core.model_names import DEMO
from analysis.core.specs import ModelSpec
from analysis.overview import registry
from babelscope import making
from babelscope.commands import measure
from babelscope.study import Study, open_study

EXAMPLE = "babelscope run study.json"
NEW: Mapping[str, Callable[..., Study]] = {
    "extract": making.extract,
    "words": making.words,
    "sentences": making.sentences,
    "ask": making.ask,
    "sweep": making.sweep,
}
"""Steps that make a study or add to it, in their order."""


class Kind(NamedTuple):
    """What the value of a key is: types of Python, and words."""

    types: tuple[type, ...]
    words: str


NAME = Kind((str,), "text")
STEP = Kind((dict,), "an object with the options of that command")
KEYS = {
    "study": NAME,
    **dict.fromkeys(NEW, STEP),
    "analyses": Kind((list, dict), "names, or an object of names and their options"),
    "convention": NAME,
    "out": NAME,
}
PLAIN = {str: "text", int: "a whole number", tuple: "a list"}
OTHER_NAMES = {"corpus": "pairs"}
"""What the command calls an argument of the Python face."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("spec", type=Path, help="a JSON file")


def execute(options: argparse.Namespace) -> int:
    """Do all steps of the file."""
    wanted = read(options.spec)
    check(options.spec, wanted)
    name = wanted.get("study", "")
    for step in NEW:
        if step in wanted:
            name = made_step(step, given_for(step, wanted), name).name
            print(f"study {name}")
    if wanted.get("analyses"):
        analyse(name, wanted, options.spec.parent / wanted.get("out", "."))
    return 0


def read(path: Path) -> dict[str, Any]:
    """The file's content; SpecError for what it cannot be."""
    try:
        wanted = parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SpecError(f"{path} is not a JSON file of a run ({error}).") from error
    if not isinstance(wanted, dict):
        raise SpecError(
            f"{path} must hold an object with some of {', '.join(sorted(KEYS))}; it "
            f"holds {found(wanted)}."
        )
    extra = set(wanted) - KEYS.keys()
    if extra:
        raise SpecError(
            f"{path} has {', '.join(sorted(extra))}; "
            f"a run knows {', '.join(sorted(KEYS))}."
        )
    return wanted


def check(path: Path, wanted: Mapping[str, Any]) -> None:
    """SpecError where what a file gives is of another type than a run needs."""
    for key, value in wanted.items():
        kind = KEYS[key]
        if not isinstance(value, kind.types):
            raise SpecError(
                f"“{key}” in {path} must be {kind.words}; found is {found(value)}."
            )
    analyses = wanted.get("analyses", [])
    for name in analyses:
        if not isinstance(name, str):
            raise SpecError(
                f"“analyses” in {path} must be names; found is {found(name)}."
            )
        chosen = analyses[name] if isinstance(analyses, dict) else {}
        if not isinstance(chosen, dict):
            raise SpecError(
                f"The options of “{name}” in {path} must be an object, such as "
                f'{{"layer": 4}}; found is {found(chosen)}.'
            )


def found(value: Any) -> str:
    """A value of JSON in a sentence."""
    return json.dumps(value, ensure_ascii=False)[:60]


def given_for(step: str, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a step; a sweep that follows questions is told to those too."""
    make = older(wanted[step]) if step == "extract" else NEW[step]
    given = arguments_of(make, step, wanted[step])
    follows = wanted.get("sweep")
    if step == "ask" and follows is not None and "study" not in follows:
        given["swept"] = arguments_of(making.sweep, "sweep", follows)
    return given


def made_step(step: str, given: Mapping[str, Any], study: str) -> Study:
    """A step, which goes into the ``study`` of the steps before it where there is one."""
    make = NEW[step]
    given = dict(given)
    if step == "extract":
        make = older(given)
    if study and step == "sweep":
        given.setdefault("study", study)
    if study and step in ("words", "sentences", "ask"):
        given.setdefault("into", study)
        given.setdefault("model", open_study(study).model)
    if step != "sweep":
        given.setdefault("model", DEMO)
    return make(**given)


def older(given: Mapping[str, Any]) -> Callable[..., Study]:
    """What makes the study of an ``extract`` object, which may name words or questions."""
    if "words" in given:
        return making.words
    if "questions" in given:
        return making.ask
    return making.extract


def arguments_of(
    make: Callable[..., Study], step: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of a step as arguments; SpecError for one that it does not know."""
    known = dict(inspect.signature(make).parameters)
    known.pop("swept", None)  # it is the step after this one
    loading = [field.name for field in fields(ModelSpec)] if "loading" in known else []
    taken = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        name = OTHER_NAMES.get(name, name)
        if name not in known and name not in loading:
            allowed = sorted({*known, *loading} - {"loading"})
            raise SpecError(f"“{step}” has {key}; it knows {', '.join(allowed)}.")
        kind = type(known[name].default) if name in known else str
        if kind is tuple and not isinstance(value, list):
            value = [value]
        taken[name] = of_kind(f"“{key}” of “{step}”", value, kind)
    return taken


def of_kind(place: str, value: Any, kind: type) -> Any:
    """A value that an option can take; SpecError for one of another type."""
    if kind is tuple:
        fits = isinstance(value, list)
    elif kind is int:
        fits = isinstance(value, int) and not isinstance(value, bool)
    else:
        # Options without a default are names: a model, or a study.
        kind, fits = str, isinstance(value, str)
    if not fits:
        raise SpecError(f"{place} must be {PLAIN[kind]}; found is {found(value)}.")
    return value


def analyse(name: str, wanted: Mapping[str, Any], folder: Path) -> None:
    """Each analysis of a study as a CSV file."""
    if not name:
        raise SpecError(
            "A run needs “extract” or the name of a “study”; "
            "`babelscope studies` lists them."
        )
    study = open_study(name)
    analyses = wanted["analyses"]
    if not isinstance(analyses, dict):
        analyses = dict.fromkeys(analyses, {})
    for analysis, settings in analyses.items():
        given = {**shared_settings(analysis, wanted), **settings}
        print(measure.written(study, analysis, given, folder))


def shared_settings(analysis: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The convention of all analyses, where this one has such an option."""
    known = [option.name for option in registry.find(analysis).options]
    if "convention" in known and "convention" in wanted:
        return {"convention": wanted["convention"]}
    return {}
