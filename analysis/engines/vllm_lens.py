"""A vLLM server with the plugin vllm-lens as an engine; its schema is in lens_requests."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from analysis.core.errors import ModelError, SpecError
from analysis.core.positions import LAST
from analysis.engines.contract import (
    Eat,
    Identity,
    Offers,
    Prompt,
    Said,
    Trace,
    check_fits,
    check_offered,
)
from analysis.engines.lens_requests import (
    NORM_MATCH,
    Completion,
    completion,
    listed,
    tokens_in,
    turn,
)
from analysis.engines.web import Refused, Server, server_at
from analysis.engines.wire import MOST_NUMBERS
from analysis.steering.operators import POSITIONS
from analysis.steering.specs import GenerationSpec

T = TypeVar("T")
R = TypeVar("R")
NAME = "vLLM with vllm-lens"
AT_ONCE = 8
"""Requests side by side, which the server makes one batch of."""
BYTES = 6
"""Bytes that a number takes in an answer at most: four, in base64."""
AROUND = 2**22
"""Bytes of all else in an answer."""
LONGEST_NAME = 300
INSTALL = (
    "Start it in an environment that has vllm-lens (pip install vllm-lens), as in "
    "docs/engines.md."
)


@dataclass(frozen=True)
class VllmEngine:
    """A vLLM server with vllm-lens that was looked at; see ``connect``."""

    server: Server = field(repr=False)
    served: str
    identity: Identity
    chat: bool

    @property
    def offers(self) -> Offers:
        """What the plugin can do without running code of ours on the server."""
        return Offers(
            operators=tuple(NORM_MATCH),
            positions=tuple(POSITIONS),
            readings=(LAST,),
            chat=self.chat,
        )

    def encode(self, texts: Sequence[str], whole: bool = False) -> list[list[int]]:
        """Token ids of texts, by the server's tokenizer."""

        def ids(text: str) -> list[int]:
            asked = {"prompt": text, "add_special_tokens": not whole}
            return tokens_in(self.server, {"model": self.served, **asked})

        return side_by_side(ids, texts)

    def encode_turn(self, text: str) -> list[int]:
        """Token ids of a user's turn, by the server's chat template."""
        return tokens_in(self.server, turn(self.served, text)) if self.chat else []

    def stream(self, prompts: Sequence[Prompt], eat: Eat) -> None:
        """Feed the state of each prompt's last token, a few prompts at a time."""

        def last(prompt: Prompt) -> np.ndarray:
            done = self.asked(prompt, 1, "true", self.identity.layers)
            states = self.checked(prompt, done)
            return states[:, len(prompt.tokens) - 1]

        for begin, here in self.batches(prompts):
            found = np.stack(side_by_side(last, here))
            if not np.isfinite(found).all():
                raise ModelError(
                    f"The states of {self.identity.model} are not finite numbers in "
                    f"{self.identity.precision}. Serve it in another precision."
                )
            eat(np.arange(begin, begin + len(here)), found)

    def batches(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, list[Prompt]]]:
        """Where each batch begins, and prompts whose states lie in memory together.

        The plugin sends the states of every token, however few are wanted.
        """
        begin = 0
        here: list[Prompt] = []
        for prompt in prompts:
            tokens = sum(len(one.tokens) for one in (*here, prompt))
            full = len(here) == AT_ONCE or self.numbers(tokens) > MOST_NUMBERS
            if here and full:
                yield begin, here
                begin += len(here)
                here = []
            here.append(prompt)
        if here:
            yield begin, here

    def numbers(self, tokens: int, layers: int = 0) -> int:
        """How many numbers the states of so many tokens have."""
        return tokens * (layers or self.identity.layers) * self.identity.hidden

    def asked(self, prompt: Prompt, tokens: int, layers: str, count: int) -> Completion:
        """The answer to a prompt with states of so many layers.

        SpecError for a text whose states are more than may come back.
        """
        length = len(prompt.tokens) + tokens
        numbers = self.numbers(length, count)
        if numbers > MOST_NUMBERS:
            raise SpecError(
                f"A text of {length:,} tokens would bring back {numbers:,} numbers, and "
                f"at most {MOST_NUMBERS:,} are taken. Shorten the longest texts."
            )
        most = numbers * BYTES + AROUND
        return completion(self.server, self.served, prompt, tokens, layers, most)

    def answers(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> list[Said]:
        """Greedy answers; SpecError for what the engine does not offer."""
        self.check(prompts, spec)

        def said(prompt: Prompt) -> Said:
            done = completion(self.server, self.served, prompt, spec.tokens)
            return Said(done.text, done.ids)

        return side_by_side(said, prompts)

    def traces(
        self, prompts: Sequence[Prompt], layers: Sequence[int], tokens: int
    ) -> list[Trace]:
        """Greedy answers with the states of some layers, each captured as it was."""
        self.check(prompts, GenerationSpec(tokens))
        wanted = sorted(set(layers))
        order = [wanted.index(layer) for layer in layers]
        asked = json.dumps([layer - 1 for layer in wanted])

        def traced(prompt: Prompt) -> Trace:
            done = self.asked(prompt, tokens, asked, len(wanted))
            states = self.checked(prompt, done, len(wanted))
            return Trace(done.ids, states[order])

        return side_by_side(traced, prompts)

    def check(self, prompts: Sequence[Prompt], spec: GenerationSpec) -> None:
        """SpecError for what does not fit, or is not offered."""
        check_offered(self, prompts, spec)
        check_fits(self.identity, prompts)
        for prompt in prompts:
            check_order(prompt)

    def checked(self, prompt: Prompt, done: Completion, layers: int = 0) -> np.ndarray:
        """The states of a completion; ModelError unless they are as many as asked for."""
        wanted = (layers or self.identity.layers, self.identity.hidden)
        states = done.states
        if states is None:
            raise ModelError(no_states(self.identity.address))
        found = (states.shape[0], states.shape[2])
        if found != wanted or states.shape[1] < len(prompt.tokens):
            raise ModelError(
                f"The engine gave states of {states.shape[0]} layers, "
                f"{states.shape[1]} tokens and {states.shape[2]} numbers in place of "
                f"{wanted[0]}, {len(prompt.tokens)} and {wanted[1]}."
            )
        return states


def connect(url: str) -> VllmEngine:
    """The engine at an address, after a look at its model and at the plugin.

    SpecError for what is no address; ModelError for a server that is not one of vLLM, or
    has no plugin.
    """
    server = server_at(url)
    served = model_of(server)
    tried = Prompt(tuple(tokens_in(server, {"model": served.id, "prompt": "Fair."})))
    done = completion(server, served.id, tried, 1, "true")
    if done.states is None:
        raise ModelError(no_states(server.address.url))
    identity = Identity(
        NAME,
        version_of(server),
        served.model,
        layers=done.states.shape[0],
        hidden=done.states.shape[2],
        precision=done.precision,
        address=server.address.url,
    )
    return VllmEngine(server, served.id, identity, has_chat(server, served.id))


def no_states(url: str) -> str:
    """The sentence for a server without the plugin."""
    return (
        f"The engine at {url} writes answers but gives no states: the plugin vllm-lens "
        f"is not at work there. {INSTALL}"
    )


class Served(NamedTuple):
    """A model under the name by which a server knows it, and where it is from."""

    id: str
    model: str


def model_of(server: Server) -> Served:
    """The one model of a server; ModelError where that is not told."""
    found = server.get("/v1/models").get("data")
    known = [one for one in found if isinstance(one, dict)] if listed(found) else []
    if not known:
        raise ModelError(
            f"The server at {server.address.url} names no model. Give the address of a "
            "vLLM server."
        )
    # Adapters are listed behind the model that they belong to.
    first = known[0]
    name = first.get("id")
    root = first.get("root") or name
    for each in (name, root):
        if not isinstance(each, str) or not 0 < len(each) <= LONGEST_NAME:
            raise ModelError(f"The server at {server.address.url} names no model.")
    return Served(str(name), str(root))


def version_of(server: Server) -> str:
    """The version of vLLM; empty where the server does not tell."""
    try:
        found = server.get("/version").get("version", "")
    except Refused:
        return ""
    return server.cleaned(found)[:60] if isinstance(found, str) else ""


def has_chat(server: Server, served: str) -> bool:
    """Whether the server's model has a chat template."""
    try:
        return bool(tokens_in(server, turn(served, "Fair.")))
    except Refused:
        return False


def check_order(prompt: Prompt) -> None:
    """SpecError for a push by the state's length behind another push of one layer.

    The plugin measures that length before the first push, the house after it.
    """
    pushed: set[int] = set()
    for term in prompt.terms:
        layers = {layer for layer, strength in term.strengths.items() if strength != 0}
        if NORM_MATCH[term.operator] and layers & pushed:
            raise SpecError(
                f"{NAME} does not offer “{term.operator}” at a layer that another term "
                "pushes before it. Put it first, or at other layers."
            )
        pushed |= layers


def side_by_side(work: Callable[[T], R], asked: Sequence[T]) -> list[R]:
    """What work makes of each, a few at a time, in their order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, asked))
