"""Texts that share one row, so that nothing is computed for padding.

All but attention looks at each token by itself. So the tokens of a batch pass through the
blocks one behind the other, and only attention lays them out text by text, where each
sees itself alone. Positions start anew with each text.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from analysis.core.errors import ModelError
from analysis.core.specs import PACKED
from analysis.model.load import Loaded

OWN, SHARED = "sdpa", "babelscope_texts_that_share_a_row"
"""Attention as the library computes it, and the same for texts in one row."""
FAMILIES = (
    *("llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen3_moe"),
    *("gemma", "gemma3_text", "gemma4_text", "llama4_text", "phi", "phi3", "olmo2"),
    *(
        "cohere",
        "granite",
        "stablelm",
        "starcoder2",
        "gpt2",
        "gpt_neox",
        "opt",
        "smollm3",
    ),
)
"""Families in which nothing but attention looks from one token at another.

Convolutions and recurrences do too (LFM2, Mamba), and a family that places tokens by a
bias of its own does not use the library's attention (Bloom, MPT, Falcon).
"""
WINDOWS = ("sliding_window", "attention_chunk_size")
"""Names under which configurations tell how far back a token sees."""
NOT_PACKED = (
    "Short texts of {model} cannot share a row, {why}. So they are padded, as without this "
    "choice; nothing else changes."
)

NOT_SEEN = (
    "The blocks of {model} do not look at each text of a row by itself, so what they gave "
    "was thrown away. Let short texts be padded (--batches padded)."
)


@dataclass(frozen=True)
class Packing:
    """Texts one behind the other in a row.

    ``tokens`` and ``positions`` are (1, token). ``places`` (text, place) says where in
    the row each place of the padded texts lies, ``real`` (token,) where among all places
    of the padded texts each token lies. Padding is the text's last token again.
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    places: torch.Tensor
    real: torch.Tensor

    def apart(self, row: torch.Tensor) -> torch.Tensor:
        """What lies in the row (token, …), laid out by text (text, place, …)."""
        return row[self.places.to(row.device)]

    def together(self, texts: torch.Tensor) -> torch.Tensor:
        """The reverse."""
        return texts.flatten(0, 1)[self.real.to(texts.device)]

    def at(self, read: torch.Tensor) -> torch.Tensor:
        """Where in the row a place (text,) of each text lies."""
        texts = torch.arange(len(read), device=read.device)
        return self.places[texts, read]


@dataclass
class Shared:
    """A pass over texts in one row; ``seen`` counts how often attention laid them out."""

    packing: Packing
    seen: int = 0


NOW: ContextVar[Shared] = ContextVar("the pass over texts that share a row")


def packed(tokens: torch.Tensor, real: torch.Tensor) -> Packing:
    """Texts (text, place) that are padded on the right, without their padding."""
    lengths = real.sum(1, keepdim=True)
    begins = lengths.cumsum(0) - lengths
    place = torch.arange(tokens.shape[1], device=tokens.device)[None]
    return Packing(
        tokens=tokens[real][None],
        positions=place.expand_as(tokens)[real][None],
        places=begins + torch.minimum(place, lengths - 1),
        real=real.flatten().nonzero()[:, 0],
    )


def pays(loaded: Loaded, ids: Sequence[list[int]]) -> bool:
    """Whether texts are to share a row: it was chosen, they may, and there is padding."""
    if loaded.spec.batches != PACKED or why_not(loaded):
        return False
    lengths = [len(row) for row in ids]
    longest = max(lengths)
    return min(lengths) < longest <= narrowest(loaded)


def why_not(loaded: Loaded) -> str:
    """Why texts of this model cannot share a row; empty when they can."""
    config = text_config(loaded)
    if not loaded.causal or config.model_type not in FAMILIES:
        return f"as “{config.model_type}” is no family that is known to allow it"
    if not type(loaded.model).__module__.startswith("transformers."):
        return "as its code is its own"
    if getattr(loaded.model.config, "quantization_config", None):
        return "as its weights are quantised"
    if config._attn_implementation != OWN:
        return "as it does not use the attention that allows it"
    return ""


def notice(loaded: Loaded) -> tuple[str, ...]:
    """What to tell where texts were to share rows and cannot; else nothing."""
    why = why_not(loaded) if loaded.spec.batches == PACKED else ""
    if not why:
        return ()
    return (NOT_PACKED.format(model=loaded.spec.model, why=why),)


def text_config(loaded: Loaded) -> Any:
    """The configuration of the stack that reads."""
    return loaded.model.config.get_text_config()


def narrowest(loaded: Loaded) -> int:
    """Texts up to this many tokens are seen whole by each of their tokens.

    Longer ones are padded: their masks differ from layer to layer.
    """
    config = text_config(loaded)
    told = [getattr(config, name, None) for name in WINDOWS]
    return min([loaded.window, *(window for window in told if window)])


@contextmanager
def sharing(loaded: Loaded, packing: Packing) -> Iterator[None]:
    """Let attention look at each text of a row by itself, for one pass.

    ModelError when a block did not do so: its texts would have felt each other.
    """
    configs = attending(loaded.decoder)
    shared = Shared(packing)
    token = NOW.set(shared)
    for config in configs:
        config._attn_implementation = SHARED
    try:
        yield
    finally:
        for config in configs:
            config._attn_implementation = OWN
        NOW.reset(token)
    if shared.seen != len(loaded.blocks):
        raise ModelError(NOT_SEEN.format(model=loaded.spec.model))


def attending(stack: nn.Module) -> list[Any]:
    """The configurations by which parts of a stack choose their attention."""
    found: dict[int, Any] = {}
    for module in stack.modules():
        config = getattr(module, "config", None)
        if getattr(config, "_attn_implementation", "") == OWN:
            found[id(config)] = config
    return list(found.values())


def attention_by_text(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Attention over a row (1, head, token, width) of texts that see themselves only.

    No mask is needed: what pads a text stands behind it.
    """
    shared = NOW.get()
    shared.seen += 1
    packing = shared.packing
    queries = heads_apart(packing, query)
    keys = heads_apart(packing, key)
    values = heads_apart(packing, value)
    seen, nothing = sdpa_attention_forward(module, queries, keys, values, None, **rest)
    return packing.together(seen)[None], nothing


def heads_apart(packing: Packing, row: torch.Tensor) -> torch.Tensor:
    """A row (1, head, token, width) laid out by text (text, head, place, width)."""
    by_token = row[0].transpose(0, 1)
    return packing.apart(by_token).transpose(1, 2)


# It has no mask of its own by this name, so the library makes none.
AttentionInterface.register(SHARED, attention_by_text)
