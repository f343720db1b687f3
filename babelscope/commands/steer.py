"""Answers of a study's model, plain and pushed along one of its vectors.

The vector is a language's (--towards, with --away) or a concept's (--concept, with
--language). Strength 1 is one mean gap; 0 changes nothing.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace

import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec
from analysis.core.templates import TEMPLATES
from analysis.steering.operators import OPERATORS
from babelscope.commands import common
from babelscope.steering import generate
from babelscope.study import Study, open_study

EXAMPLE = (
    'babelscope steer demo "Yesterday Anna divided the work" --concept fairness '
    "--language en --layers 2-4 --strength 1"
)
RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("study", help="a study's name")
    parser.add_argument("prompts", nargs="+", metavar="PROMPT")
    parser.add_argument("--towards", default="", metavar="CODE", help="a language")
    parser.add_argument(
        "--away",
        default="",
        metavar="CODE",
        help="the language that it is pushed away from (default: all others)",
    )
    parser.add_argument("--concept", default="")
    parser.add_argument(
        "--language", default="en", help="whose vector of the concept (default: en)"
    )
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument(
        "--layers", required=True, help="such as 7-12 or 4,6,8 (block outputs, from 1)"
    )
    parser.add_argument("--operator", default="addition", choices=list(OPERATORS))
    parser.add_argument("--template", default="none", choices=list(TEMPLATES))
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    common.add_engine(parser, "writes the answers")


def execute(options: argparse.Namespace) -> int:
    """Answer each prompt twice, and print both."""
    study = open_study(options.study)
    vector = vector_of(study, options)
    model = model_of(study)
    writing = {
        "template": options.template,
        "tokens": options.tokens,
        "temperature": options.temperature,
        "seed": options.seed,
        "engine": options.engine,
    }
    plain = generate(model, options.prompts, **writing)
    pushed = generate(
        model,
        options.prompts,
        vector,
        options.strength,
        layers_of(options.layers),
        operator=options.operator,
        **writing,
    )
    print(both_answers(options.prompts, plain, pushed))
    return 0


def vector_of(study: Study, options: argparse.Namespace) -> xr.DataArray:
    """The vector that is asked for; SpecError unless it is exactly one."""
    if bool(options.towards) == bool(options.concept):
        raise SpecError(
            "Say what is pushed along: either --towards a language, or --concept."
        )
    if options.concept:
        return study.vector(options.concept, options.language)
    return study.language_vector(options.towards, options.away)


def model_of(study: Study) -> ModelSpec:
    """The model of a study; SpecError where it does not say."""
    model = study.manifest.model
    if model is None:
        raise SpecError(
            f"“{study.title}” does not say of which model it is, so there is none to "
            "steer. Choose another study."
        )
    if model.revision == "local":
        return replace(model, revision="main")
    return model


def layers_of(written: str) -> list[int]:
    """Layers from a list with ranges, such as 4,7-9; SpecError for anything else."""
    found: list[int] = []
    for part in written.split(","):
        span = RANGE.fullmatch(part.strip())
        if span:
            first, last = map(int, span.groups())
            found += range(first, last + 1)
        elif part.strip().isdecimal():
            found.append(int(part))
        else:
            found = []
            break
    if not found or len(found) > 10_000:
        raise SpecError(
            f"--layers is {written[:40]!r}; give layers and ranges, such as 7-12 or 4,6,8."
        )
    return found


def both_answers(
    prompts: Sequence[str], plain: Sequence[str], pushed: Sequence[str]
) -> str:
    """Both answers to every prompt."""
    lines = []
    for prompt, before, after in zip(prompts, plain, pushed):
        lines += [prompt, f"  plain:  {before.strip()}", f"  pushed: {after.strip()}"]
    return "\n".join(lines)
