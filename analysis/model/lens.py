"""The logit lens: what the output head would say of a state inside the model.

Wendler et al. 2024, A1.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from analysis.core.tokenizer import Tokenizer
from analysis.model.extract import begun_answers, kept_states, padded_texts
from analysis.model.load import Loaded
from analysis.model.self_check import tried_tokens
from analysis.model.tokens import REPLACEMENT

FINAL_NORMS = (
    "norm",
    "ln_f",
    "final_layer_norm",
    "final_layernorm",
    "ln_out",
    "norm_f",
    "final_norm",
    "embedding_norm",
    "layer_norm",
    "layernorm",
)
TOLERANCE = {"float32": 1e-3}
ROUGH_TOLERANCE = 0.05
"""Share of all probability that may lie elsewhere than the model puts it."""
AHEAD = 24
"""Characters of an answer with which a token is compared."""


Path = tuple[int, ...]
"""Tokens one after another."""


Behind = Callable[[Sequence[int], Sequence[Path]], np.ndarray]
"""Reads on: states (row, layer, hidden) of the last token of paths behind texts, which
are given by their places."""


class Beginning(NamedTuple):
    """How an answer may begin: with any of some tokens, or along one of some paths.

    Where a tokenizer knows no letter of a script, all its words begin with the same part
    of a character. A path goes on to the first token that tells an answer from others.
    """

    tokens: frozenset[int]
    paths: frozenset[Path]

    def without(self, other: "Beginning") -> "Beginning":
        """What does not begin the other answer too."""
        return Beginning(self.tokens - other.tokens, self.paths - other.paths)

    def __bool__(self) -> bool:
        """Whether there is any way to begin."""
        return bool(self.tokens or self.paths)


class Sides(NamedTuple):
    """How an answer begins in its own language and not in English, and the other way."""

    own: Beginning
    english: Beginning

    @property
    def told(self) -> bool:
        """Whether either answer has a beginning of its own."""
        return bool(self.own) and bool(self.english)


class LogitLens:
    """Reads states through the model's final norm and output head."""

    def __init__(self, loaded: Loaded, norm: torch.nn.Module, head: Any) -> None:
        config = loaded.model.config.get_text_config()
        self.norm = norm
        self.head = head
        self.cap = getattr(config, "final_logit_softcapping", None)
        self.scale = 1.0
        self.tokenizer = loaded.tokenizer
        self.texts = tokens_by_text(loaded.tokenizer, head.weight.shape[0])

    @torch.inference_mode()
    def __call__(
        self,
        states: np.ndarray,
        answers: Sequence[tuple[str, str]],
        behind: Behind | None = None,
    ) -> np.ndarray:
        """Mean shares (side, layer) of (own, English) answers in states.

        The states are (text, layer, hidden). A share is the probability of all tokens
        that begin the answer, with or without a space before it; tokens that begin both
        are left out of both. An answer that begins with a part of a character that other
        answers begin with too is followed ``behind`` its text to the first token that
        tells it from them. Answers that cannot be told apart so are left out of the
        mean, which is NaN without any that can.
        """
        sides = self.beginnings(answers, follow=behind is not None)
        told = [place for place, each in enumerate(sides) if each.told]
        further = self.read_on(sides, told, behind)
        layers = states.shape[1]
        total = np.full((2, layers), np.nan)
        for layer in range(layers):
            shares = dict(zip(told, self.token_shares(states[told, layer])))
            onward = further.shares(self, layer)
            for side in range(2):
                kept = [
                    begun(sides[place][side], place, shares[place], onward)
                    for place in told
                ]
                total[side, layer] = np.mean(kept) if kept else np.nan
        return total

    def told(self, answers: Sequence[tuple[str, str]]) -> int:
        """How many of the answers can be told apart by how they begin."""
        return sum(each.told for each in self.beginnings(answers))

    def followed(self, answers: Sequence[tuple[str, str]]) -> int:
        """How many of those are followed beyond a part of a character."""
        told = [each for each in self.beginnings(answers) if each.told]
        return sum(bool(each.own.paths or each.english.paths) for each in told)

    def beginnings(
        self, answers: Sequence[tuple[str, str]], follow: bool = True
    ) -> list[Sides]:
        """How each of (own, English) answers begins but the other of its pair does not.

        ``follow`` parts of characters to where answers differ; else the first token of
        an answer stands for it.
        """
        different = dict.fromkeys(each for pair in answers for each in pair)
        written = {answer: self.written(answer) for answer in different}
        found = []
        for own, english in answers:
            of_own = self.that_begin(own, written, follow)
            of_english = self.that_begin(english, written, follow)
            found.append(Sides(of_own.without(of_english), of_english.without(of_own)))
        return found

    def that_begin(
        self, answer: str, written: Mapping[str, Sequence[Path]], follow: bool
    ) -> Beginning:
        """How an answer begins: tokens by their text, and what the tokenizer would write.

        In scripts of which it knows few letters that is a part of a character, without
        any text.
        """
        tokens = tokens_that_begin(self.texts, answer)
        paths = set()
        for path in written[answer]:
            length = 1
            if follow and self.is_part(path[0]):
                length = told_from(path, answer, written)
            if length == 1:
                tokens.add(path[0])
            else:
                paths.add(path[:length])
        size = self.head.weight.shape[0]
        return Beginning(
            frozenset(token for token in tokens if token < size),
            frozenset(path for path in paths if max(path) < size),
        )

    def written(self, answer: str) -> list[Path]:
        """The tokens that the tokenizer writes for an answer, blank ones before it away."""
        paths = {}
        for text in (answer, f" {answer}"):
            ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
            while ids and not self.tokenizer.decode([ids[0]]).strip():
                ids = ids[1:]
            if ids:
                paths[tuple(ids)] = None
        return list(paths)

    def is_part(self, token: int) -> bool:
        """Whether a token is a part of a character."""
        return REPLACEMENT in self.tokenizer.decode([token])

    def read_on(
        self, sides: Sequence[Sides], told: Sequence[int], behind: Behind | None
    ) -> "Further":
        """States behind the texts of answers that are told by more than one token."""
        rows = {}
        for place in told:
            for side in sides[place]:
                for path in sorted(side.paths):
                    for length in range(1, len(path)):
                        rows[place, path[:length]] = None
        if not rows or behind is None:
            return Further({}, np.empty((0, 0, 0), np.float32))
        states = behind([place for place, _ in rows], [path for _, path in rows])
        return Further({row: number for number, row in enumerate(rows)}, states)

    def token_shares(self, states: np.ndarray) -> torch.Tensor:
        """Probabilities (text, token) that the head gives of states (text, hidden)."""
        logits = self.scores(states)
        if self.scale != 1:
            logits = logits * self.scale
        if self.cap:
            logits = torch.tanh(logits / self.cap) * self.cap
        return logits.softmax(-1)

    def scores(self, states: np.ndarray) -> torch.Tensor:
        """What the head gives of states (text, hidden): (text, token)."""
        weight = self.head.weight
        rows = torch.tensor(states).to(weight.device, weight.dtype)
        return self.head(self.norm(rows)).float()


Onward = Mapping[tuple[int, Path], torch.Tensor]
"""Text and path behind it → probabilities (token,) of what comes next."""


class Further(NamedTuple):
    """States (row, layer, hidden) behind texts: (text, path) → its row."""

    rows: dict[tuple[int, Path], int]
    states: np.ndarray

    def shares(self, lens: LogitLens, layer: int) -> Onward:
        """What the lens says at a layer of every row."""
        if not self.rows:
            return {}
        said = lens.token_shares(self.states[:, layer])
        return {row: said[number] for row, number in self.rows.items()}


def begun(
    beginning: Beginning, place: int, shares: torch.Tensor, onward: Onward
) -> float:
    """The probability of a beginning: of its tokens, and of every step of its paths."""
    total = shares[sorted(beginning.tokens)].sum().item()
    for path in sorted(beginning.paths):
        along = shares[path[0]].item()
        for length in range(1, len(path)):
            along *= onward[place, path[:length]][path[length]].item()
        total += along
    return total


def told_from(path: Path, answer: str, written: Mapping[str, Sequence[Path]]) -> int:
    """How many tokens of a path tell an answer from every other one."""
    others = []
    for other, paths in written.items():
        if other != answer:
            others += paths
    for length in range(1, len(path)):
        if not any(other[:length] == path[:length] for other in others):
            return length
    return len(path)


@torch.inference_mode()
def logit_lens(loaded: Loaded) -> LogitLens | None:
    """The lens of a model.

    None when its final norm or head is not found, or when what they make of the last
    block's state is not what the model itself says.
    """
    if not loaded.writes_here:  # no head stands on an encoder's states
        return None
    norm = final_norm(loaded)
    head: Any = loaded.model.get_output_embeddings()
    if norm is None or head is None or head.weight.shape[-1] != loaded.hidden:
        return None
    lens = LogitLens(loaded, norm, head)
    ids = tried_tokens(loaded)
    if ids is None:
        return lens
    said = last_saying(loaded, ids[-1])
    if not lens.cap:
        lens.scale = scale_between(lens.scores(said.states), said.logits)
    apart = lens.token_shares(said.states) - said.logits.softmax(-1)
    tolerance = TOLERANCE.get(loaded.spec.dtype, ROUGH_TOLERANCE)
    return lens if apart.abs().sum() / 2 <= tolerance else None


class Saying(NamedTuple):
    """A text's state after the last block (1, hidden), and its logits (1, token)."""

    states: np.ndarray
    logits: torch.Tensor


def last_saying(loaded: Loaded, ids: list[int]) -> Saying:
    """What the model itself makes of the last state of a text."""
    padded = padded_texts(loaded, [ids], "right")
    given = {"input_ids": padded.tokens}
    if loaded.in_two_stacks:
        padded = begun_answers(loaded, 1)
        given["decoder_input_ids"] = padded.tokens
    with kept_states(loaded, padded, padded.last) as kept:
        out = loaded.model(**given, use_cache=False)
    return Saying(kept[:, -1].cpu().numpy(), out.logits[:, -1].float())


def scale_between(scores: torch.Tensor, logits: torch.Tensor) -> float:
    """By what a model multiplies what its head gives, as Cohere and Granite do."""
    measured = float((scores * logits).sum() / (scores * scores).sum())
    if abs(measured - 1) < 1e-2:
        return 1.0
    # Rounding differs from run to run; six digits do not.
    return float(f"{measured:.6g}")


def final_norm(loaded: Loaded) -> torch.nn.Module | None:
    """The norm between the last block and the head, by its usual names."""
    for holder in norm_holders(loaded):
        for name in FINAL_NORMS:
            if hasattr(holder, name):
                return getattr(holder, name)
    return None


def norm_holders(loaded: Loaded) -> list[torch.nn.Module]:
    """Modules that may hold the final norm: what holds the blocks' list, and the stack."""
    first = loaded.blocks[0]
    modules = list(loaded.decoder.modules())
    lists = [module for module in modules if first in list(module.children())]
    holders = []
    for module in modules:
        children = list(module.children())
        if any(child in lists for child in children):
            holders.append(module)
    return [*holders, loaded.decoder]


def tokens_by_text(tokenizer: Tokenizer, size: int) -> dict[str, list[int]]:
    """Text of a token → its ids, of the first ``size`` tokens."""
    count = min(size, len(tokenizer))
    texts = tokenizer.batch_decode([[i] for i in range(count)])
    found: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        if text.strip():
            found[text].append(i)
    return found


def tokens_that_begin(tokens: dict[str, list[int]], text: str) -> set[int]:
    """Ids of tokens that begin a text, with or without a space before it."""
    found = set()
    for length in range(1, min(len(text), AHEAD) + 1):
        start = text[:length]
        found.update(tokens.get(start, ()), tokens.get(" " + start, ()))
    return found
