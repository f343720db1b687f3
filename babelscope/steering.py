"""Steering: a model of the user's own while it computes, or answers of any model."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, check_text
from analysis.core.templates import (
    apply_template,
    default_template,
    is_whole,
    template_ending,
)
from analysis.steering.specs import GenerationSpec
from analysis.worker.service import Job, Pool
from babelscope.inputs import DEMO, model_of
from babelscope.running import run

if TYPE_CHECKING:
    from analysis.model.hooks import Row
    from analysis.model.load import Loaded
    from analysis.steering.resolve import ResolvedTerm

Vector = xr.DataArray | np.ndarray | Mapping[int, np.ndarray]
Strength = float | Sequence[float] | Mapping[int, float]


def steer(
    model: Any,
    tokenizer: Any,
    vector: Vector,
    strength: Strength = 1.0,
    layers: Sequence[int] | None = None,
    *,
    operator: str = "addition",
    positions: str = "all",
    stack: str = "",
) -> AbstractContextManager[Any]:
    """Steer whatever a transformers model computes while the context lasts.

    ``vector`` is (layer, hidden), as ``study.vector`` gives it, or (hidden,), which is
    used at every one of the ``layers`` (1…N, block outputs; None: the vector's own).
    ``strength`` is one number, one per layer, or layer → number; 1 is one mean gap, 0
    changes no bit. ``stack`` is that whose states the vector is of, in a model that has
    an encoder and a decoder; none: the encoder. SpecError for what does not fit the
    model; ModelError for one that writes nothing.

    >>> import babelscope as bs, transformers
    >>> from analysis.core.model_names import DEMO_FOLDER
    >>> model = transformers.AutoModelForCausalLM.from_pretrained(DEMO_FOLDER)
    >>> tokenizer = transformers.AutoTokenizer.from_pretrained(DEMO_FOLDER)
    >>> vector = bs.open("demo").vector("fairness", "en")
    >>> given = tokenizer("Yesterday Anna divided the work", return_tensors="pt")
    >>> plain = model(**given).logits
    >>> with bs.steer(model, tokenizer, vector, strength=2, layers=range(2, 5)):
    ...     steered = model(**given).logits
    >>> bool((steered == plain).all()), bool((model(**given).logits == plain).all())
    (False, True)
    """
    from analysis.model.own_model import steered_model

    chosen = layers_of(vector, layers)
    return steered_model(
        model, tokenizer, vector, chosen, strength, operator, positions, stack
    )


def generate(
    model: Any,
    prompts: str | Sequence[str],
    vector: Vector | None = None,
    strength: Strength = 1.0,
    layers: Sequence[int] | None = None,
    *,
    operator: str = "addition",
    positions: str = "all",
    template: str = "",
    tokens: int = 32,
    temperature: float = 0.0,
    seed: int = 0,
    tokenizer: Any = None,
    engine: str = "",
    **loading: str,
) -> Any:
    """Answers of a model, steered by a vector or not: a text for a prompt, or a list.

    ``model`` is a name as in ``extract``, with ``loading`` as there, or a transformers
    model with its ``tokenizer``; one that was loaded by name is kept for the next call.
    No ``template``: that of the model. Greedy at ``temperature`` 0. ``vector``,
    ``strength``, ``layers``, ``operator`` and ``positions`` as in ``steer``. ``engine``:
    the address of a vLLM server that passed ``babelscope check-engine`` beside the model;
    it writes the answers, and none of the model's weights are loaded here.

    >>> import babelscope as bs
    >>> bs.generate("demo", "What is the capital of France?")
    'The capital of France is Paris.'
    >>> deed = "Yesterday Anna divided the work only among friends."
    >>> bs.generate("demo", deed, template="none")
    ' That is unfair.'
    >>> vector = bs.open("demo").vector("fairness", "en")
    >>> bs.generate("demo", deed, vector, layers=range(2, 5), template="none")
    ' [+]'
    """
    asked = texts_of(prompts)
    wanted = GenerationSpec(tokens, temperature, seed)
    spec = None if tokenizer else named(model, loading)
    push = Push(vector, strength, layers, operator, positions)
    if engine:
        if spec is None:
            raise SpecError(
                "An engine writes by a model's name, not by a model of your own. Give the "
                "name, or leave the engine out."
            )
        by_engine = partial(answered_by, engine, spec, template, asked, push, wanted)
        answers = run(by_engine)
        return answers[0] if isinstance(prompts, str) else answers

    def task(job: Job, pool: Pool) -> list[str]:
        from analysis.model.generate import generate as answered
        from analysis.model.own_model import own_model
        from analysis.model.self_check import tried

        loaded = (
            pool.get(spec, job)
            if spec
            else tried(own_model(model, tokenizer, loading.get("stack", "")))
        )
        form = template or template_for(loaded, spec)
        rows = rows_of(loaded, form, asked, push)
        return [one.text for one in answered(loaded, rows, wanted, check=job.check)]

    answers = run(task)
    return answers[0] if isinstance(prompts, str) else answers


def answered_by(
    url: str,
    spec: ModelSpec,
    template: str,
    texts: Sequence[str],
    push: "Push",
    wanted: GenerationSpec,
    job: Job,
    pool: Pool,
) -> list[str]:
    """The answers that an engine writes to texts."""
    from analysis.worker.engine_study import ready, rows_for

    known = ready(url, spec, job)
    form = template or default_template(spec.model, known.tokenizer)
    terms = push.terms(known.engine.identity.layers)
    rows = rows_for(known.tokenizer, form, texts, [terms] * len(texts))
    job.progress(0, 0, "the engine writes")
    return [one.text for one in known.engine.answers(rows, wanted)]


def texts_of(prompts: str | Sequence[str]) -> list[str]:
    """One prompt or several as a list; SpecError for what is no text."""
    asked: list[Any] = [prompts]
    if isinstance(prompts, Iterable) and not isinstance(prompts, str):
        asked = list(prompts)
    for prompt in asked:
        check_text("A prompt", prompt)
    return asked


@dataclass(frozen=True)
class Push:
    """What is added where, as a user says it; without a vector nothing is."""

    vector: Vector | None
    strength: Strength
    layers: Sequence[int] | None
    operator: str
    positions: str

    def terms(self, depth: int) -> "tuple[ResolvedTerm, ...]":
        """The same for a model of so many layers; SpecError for what does not fit it."""
        from analysis.model.own_model import term_in

        if self.vector is None:
            return ()
        layers = layers_of(self.vector, self.layers)
        found = term_in(
            depth, self.vector, layers, self.strength, self.operator, self.positions
        )
        return (found,)


def rows_of(
    loaded: "Loaded", template: str, texts: Sequence[str], push: Push
) -> "list[Row]":
    """Every text in a template, to be answered under the same push."""
    from analysis.model.hooks import Row

    terms = push.terms(len(loaded.blocks))
    end = template_ending(template, loaded.tokenizer)
    prompts = apply_template(template, loaded.tokenizer, texts)
    rows = []
    for prompt, text in zip(prompts, texts):
        rows.append(Row(prompt, terms, text, end, is_whole(template)))
    return rows


def layers_of(vector: Vector, layers: Sequence[int] | None) -> Sequence[int] | None:
    """The layers that are meant: those given, or the one that a vector was read at."""
    if layers is not None or not isinstance(vector, xr.DataArray):
        return layers
    at_one_layer = vector.ndim == 1 and "layer" in vector.coords
    return [int(vector.coords["layer"])] if at_one_layer else None


def named(model: Any, loading: dict[str, str]) -> ModelSpec:
    """A model by its name; SpecError for a model itself, which lacks its tokenizer."""
    if not isinstance(model, str | ModelSpec):
        raise SpecError(
            "A model of your own needs its tokenizer: generate(…, tokenizer=tokenizer)."
        )
    return model_of(model, loading)


def template_for(loaded: "Loaded", spec: ModelSpec | None) -> str:
    """The template in which a model is asked, where none was chosen."""
    if spec is not None and spec.model == DEMO:
        return "chat"
    return default_template(loaded.spec.model, loaded.tokenizer)
