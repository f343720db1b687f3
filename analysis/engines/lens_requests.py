"""What a vLLM server with vllm-lens is asked, and what it answers, by its public schema.

A request to /v1/completions carries token ids and, under “vllm_xargs”, the vectors
(“apply_steering_vectors”: activations, layer_indices from 0, scale, norm_match,
position_indices) and the layers whose states come back (“output_residual_stream”). The
plugin also takes pickled functions; none is ever sent.
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from analysis.core.chat_prompts import DATE
from analysis.core.errors import ModelError, SpecError
from analysis.engines.contract import Prompt
from analysis.engines.web import Server
from analysis.engines.wire import MOST_NUMBERS, packed, unpacked
from analysis.steering.operators import POSITIONS, Places
from analysis.steering.resolve import ResolvedTerm

NORM_MATCH = {"addition": False, "norm-relative addition": True}
"""Operator → whether the plugin measures the push by the state's length."""
WHOLE = "all"
ENDS = ("stop", "length")
"""Why an answer may end."""
LOOK = 2**27
"""Bytes of the states of a few tokens, of the largest models."""
PLAIN = {
    "n": 1,
    "temperature": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "return_token_ids": True,
}
"""Greedy, without the penalties that a model's own settings would add on a server."""


class Completion(NamedTuple):
    """One answer of the server: ids without what ends them, and states where asked."""

    text: str
    ids: tuple[int, ...]
    states: np.ndarray | None
    precision: str


def turn(served: str, text: str) -> dict[str, Any]:
    """A user's turn as a server's tokenizer is asked for it, on the house's own day."""
    return {
        "model": served,
        "messages": [{"role": "user", "content": text}],
        "add_generation_prompt": True,
        "chat_template_kwargs": {
            "enable_thinking": False,
            "thinking": False,
            "date_string": f"{DATE:%d %b %Y}",
        },
    }


def listed(found: Any) -> bool:
    """Whether something is a list."""
    return isinstance(found, list)


def tokens_in(server: Server, asked: dict[str, Any]) -> list[int]:
    """Token ids that a server's tokenizer makes."""
    found = server.post("/tokenize", asked).get("tokens")
    if not are_ids(found):
        raise ModelError(f"The server at {server.address.url} gives no token ids.")
    return found


def are_ids(found: Any) -> bool:
    """Whether something is a list of token ids."""
    return listed(found) and all(type(one) is int and one >= 0 for one in found)


def completion(
    server: Server,
    served: str,
    prompt: Prompt,
    tokens: int,
    layers: str = "",
    most: int = 0,
) -> Completion:
    """The answer to one prompt; ``layers``: those whose states come back, as JSON.

    ``most`` bytes may come back with states; 0: as many as a few tokens ever have.
    ModelError for an answer to another prompt, or one that ended in any other way.
    """
    if layers:
        server = server.bounded(most or LOOK)
    # Blocks that were computed under steering must be found by nobody, and this request
    # must find nobody's.
    extra: dict[str, Any] = {"skip_reading_prefix_cache": 1}
    vectors = list(vectors_of(prompt, tokens))
    if vectors:
        extra["apply_steering_vectors"] = json.dumps(vectors)
    if layers:
        extra["output_residual_stream"] = layers
    body = {
        "model": served,
        "prompt": list(prompt.tokens),
        "max_tokens": tokens,
        "cache_salt": secrets.token_hex(16),
        "vllm_xargs": extra,
        **PLAIN,
    }
    return read_completion(server, prompt, server.post("/v1/completions", body))


def read_completion(server: Server, prompt: Prompt, found: Any) -> Completion:
    """An answer of the server; errors as in ``completion``."""
    choice = choice_of(server, found)
    if choice.get("prompt_token_ids") != list(prompt.tokens):
        raise ModelError(
            f"The server at {server.address.url} answered to other tokens than those "
            "that it was given."
        )
    ended = choice.get("finish_reason")
    if ended not in ENDS:
        raise ModelError(
            f"An answer at {server.address.url} ended with {str(ended)[:40]!r}. Look at "
            "the server's log."
        )
    ids = choice["token_ids"]
    # The token that ends an answer is none of it.
    own = ids[:-1] if ended == "stop" else ids
    text = str(choice.get("text"))
    activations = found.get("activations")
    if activations is None:
        return Completion(text, tuple(own), None, "")
    if not isinstance(activations, dict):
        raise ModelError(f"The server at {server.address.url} gives no states.")
    states = unpacked(activations.get("residual_stream"))
    return Completion(text, tuple(own), states.values, states.precision)


def choice_of(server: Server, found: Any) -> dict[str, Any]:
    """The one answer that is in an answer; ModelError where its tokens are not told."""
    choices = found.get("choices")
    choice = choices[0] if listed(choices) and len(choices) == 1 else None
    if isinstance(choice, dict) and are_ids(choice.get("token_ids")):
        return choice
    raise ModelError(
        f"The server at {server.address.url} gives no token ids of its answers. It "
        "needs a vLLM that knows “return_token_ids”."
    )


def vectors_of(prompt: Prompt, tokens: int) -> Iterator[dict[str, Any]]:
    """What steers a prompt and its answer, as the plugin takes it: one vector a layer."""
    for term in prompt.terms:
        places = places_of(prompt, term, tokens)
        for layer, strength in term.strengths.items():
            if strength != 0 and places != []:
                yield vector_at(term, layer, strength, places)


def places_of(prompt: Prompt, term: ResolvedTerm, tokens: int) -> list[int] | None:
    """Which tokens of prompt and answer a term pushes; None for all of them."""
    if term.positions == WHOLE:
        return None
    length = len(prompt.tokens)
    places = Places(np.array([0]), np.array([prompt.instructed]), np.array([length]))
    low, high = POSITIONS[term.positions](places)
    return list(range(int(low[0]), min(int(high[0]), length + tokens)))


def vector_at(
    term: ResolvedTerm, layer: int, strength: float, places: list[int] | None
) -> dict[str, Any]:
    """One vector at one layer; the plugin counts layers from 0."""
    vector = np.asarray(term.vectors[layer], np.float32)
    if not vector.any():
        raise SpecError(
            f"The vector of layer {layer} is zero, so that steering with it would change "
            "nothing. Choose another language, concept or layer, or strength 0."
        )
    values = vector[None]
    if places is not None:
        if len(places) * vector.size > MOST_NUMBERS:
            raise SpecError(
                f"{len(places):,} tokens with vectors of {vector.size:,} numbers are "
                "too many for one request. Push all tokens, or ask for fewer."
            )
        values = np.broadcast_to(vector, (1, len(places), vector.size))
    return {
        "activations": packed(values),
        "layer_indices": [layer - 1],
        "scale": float(strength),
        "norm_match": NORM_MATCH[term.operator],
        "position_indices": places,
    }
