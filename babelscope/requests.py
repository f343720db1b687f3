"""Everything that the Playground can ask of a model, as it is written in Python.

The page's “Copy as code” writes it; ``bs.generate`` is shorter where one vector is enough.

>>> from babelscope.requests import Ask, GenerationSpec, ModelSpec, Request, reply
>>> asks = (Ask("Baseline", "What is the capital of France?", "en"),)
>>> request = Request(ModelSpec("demo"), "chat", asks, GenerationSpec(tokens=12))
>>> print(reply(request)[0].answer.text)
The capital of France is Paris.
"""

from analysis.core.specs import ModelSpec
from analysis.steering.specs import (
    Condition,
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.worker.answers import Ask, Reply, Request, reply

__all__ = [
    "Ask",
    "Condition",
    "GenerationSpec",
    "ModelSpec",
    "Reply",
    "Request",
    "SteeringSpec",
    "SteeringTerm",
    "VectorSource",
    "reply",
]
