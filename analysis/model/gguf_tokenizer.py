"""The tokenizer of a GGUF file: how it cuts texts, and whether it was kept as it is."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.integrations.gguf.gguf_tokenizer_mapping import (
    GGUF_PRE_TOKENIZER_SPLITS,
    convert_gguf_tokenizer,
    get_gguf_tokenizer,
)

from analysis.core.errors import ModelError

LIKE_GPT2 = (
    "",
    "default",
    "gpt-2",
    "phi-2",
    "jina-es",
    "jina-de",
    "jina-v2-es",
    "jina-v2-de",
    "mpt",
    "olmo",
    "jais",
)
"""Ways of cutting texts that are that of GPT-2, which the library takes by itself."""
DIGITS = (
    "smollm",
    "starcoder",
    "refact",
    "command-r",
    "codeshell",
    "exaone",
    "minerva-7b",
)
"""Ways that are GPT-2's with every digit by itself, as llama.cpp cuts them."""
PROBES = (
    "Hello, world! 1234567 km",
    "Der Fluß läuft über.\n\n  Zwei  Leerzeichen\tund mehr",
    "الكتاب على الطاولة",
    "नदी पार करो",
    "ọmọ náà ń kọrin",
    "敏捷的棕色狐狸。",
    "👩‍👩‍👧 𒀀 ꙮ \u200b",
    " ",
)
"""Texts in several scripts, with what seldom stands in a vocabulary."""


def read_tokenizer(path: Path, vocabulary: int) -> PreTrainedTokenizerFast:
    """The tokenizer that a GGUF file describes, which takes a while for a large one.

    It is of no model's own class: some build another one from the same vocabulary.
    """
    architecture, described, options = get_gguf_tokenizer(str(path))
    core, _ = convert_gguf_tokenizer(architecture, described)
    known = without_foreign(core, vocabulary)
    return PreTrainedTokenizerFast(tokenizer_object=known, **options)


def without_foreign(core: Tokenizer, vocabulary: int) -> Tokenizer:
    """A tokenizer without tokens that its library added and the model does not have."""
    said = json.loads(core.to_str())
    added = said["added_tokens"]
    said["added_tokens"] = [token for token in added if token["id"] < vocabulary]
    if len(said["added_tokens"]) == len(added):
        return core
    return Tokenizer.from_str(json.dumps(said))


def cut_by_digits(tokenizer: Any) -> None:
    """Let every digit be a piece of its own."""
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )


def settle_cutting(tokenizer: Any, way: str) -> tuple[str, ...]:
    """Let texts be cut as the file asks; a sentence where it is not known how."""
    if way in DIGITS:
        cut_by_digits(tokenizer)
        return ()
    if way in LIKE_GPT2 or way in GGUF_PRE_TOKENIZER_SPLITS:
        return ()
    return (
        f"The file asks for texts to be cut as “{way[:60]}” does, which is not known "
        "here; they are cut as GPT-2 does. Tokens of numbers and spaces may differ from "
        "the original model's.",
    )


def check_kept(tokenizer: Any, folder: Path, called: str) -> None:
    """ModelError unless the tokenizer in a folder gives the same tokens, and the texts.

    That is tried on PROBES.
    """
    kept = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    for text in PROBES:
        if kept(text)["input_ids"] != tokenizer(text)["input_ids"]:
            raise ModelError(
                f"The tokenizer of {called} could not be kept: read again, it cuts "
                f"“{text}” in another way. Take the model's safetensors instead."
            )
