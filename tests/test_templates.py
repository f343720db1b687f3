"""Templates and the token that is read, on stand-ins and on small real tokenizers."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from analysis.core.byte_tokens import Piece, joined
from analysis.core.errors import CorpusError, SpecError
from analysis.core.templates import (
    BYTES,
    TEMPLATES,
    apply_template,
    default_template,
    last_tokens,
    prompt_ids,
    read_token,
)

TEMPLATE = (
    "<s>{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% endfor "
    "%}<|assistant|>"
)


def byte_level(begin=True, template=TEMPLATE) -> PreTrainedTokenizerFast:
    """One token per byte, as GPT-2, Bloom and Qwen write them."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {
        token: i
        for i, token in enumerate(
            ["<s>", "<|user|>", "<|assistant|>", *letters, "Ġb", "à®"]
        )
    }
    inner = Tokenizer(models.BPE(vocabulary, [("Ġ", "b"), ("à", "®")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(["<s>", "<|user|>", "<|assistant|>"])
    if begin:
        inner.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 0)]
        )
    fast = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>")
    fast.chat_template = template
    return fast


def sentence_piece() -> PreTrainedTokenizerFast:
    """Pieces with ▁ for spaces and bytes for what it does not know, as LLaMA2 writes them."""
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "a", "é", "▁a"]
    inner = Tokenizer(
        models.BPE(
            {p: i for i, p in enumerate(pieces)},
            [("▁", "a")],
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    inner.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>")


class Broken:
    """A tokenizer whose chat template is a program that fails."""

    chat_template = "{{ nothing }}"

    def apply_chat_template(self, *given, **named):
        raise KeyError("system turn")


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_keep_the_text_and_their_number(name):
    texts = ["One.", "二", "One."]
    thinking = TEMPLATE + "{% if enable_thinking %}Hm.{% endif %}"
    prompts = apply_template(name, byte_level(template=thinking), texts)
    assert (
        len(prompts) == 3
        and all(text in prompt for text, prompt in zip(texts, prompts))
        and prompts[0] == prompts[2]
    )


def test_none_and_the_papers_template():
    assert apply_template("none", None, [" x "]) == [" x "]
    assert apply_template("papers' LLaMA2", None, ["x"]) == ["[INST] x [/INST] "]


@pytest.mark.parametrize("begin", [True, False])
def test_a_chat_prompt_is_encoded_with_one_beginning(begin):
    tokenizer = byte_level(begin)
    (prompt,) = apply_template("chat", tokenizer, ["hi"])
    (ids,) = prompt_ids(tokenizer, [prompt], whole=True)
    assert ids.count(tokenizer.bos_token_id) == 1
    assert prompt == "<s><|user|>hi<|assistant|>"
    assert read_token(tokenizer, prompt, whole=True) == "<|assistant|>"


def test_templates_that_cannot_be():
    with pytest.raises(SpecError, match="no chat template"):
        apply_template("chat", byte_level(template=None), ["x"])
    with pytest.raises(SpecError, match="system turn"):
        apply_template("chat", Broken(), ["x"])
    with pytest.raises(SpecError, match="Did you mean “chat”"):
        apply_template("cat", None, [])


def test_tail_of_a_byte_level_tokenizer():
    tokenizer = byte_level()
    assert last_tokens(tokenizer, "a b", 3) == ["<s>", "a", "␣b"]
    assert last_tokens(tokenizer, "a\n ", 2) == ["⏎", "␣"]
    # Tamil KA is the bytes E0 AE 95; the first two are one token here.
    assert last_tokens(tokenizer, "x\u0b95", 3) == ["x", "<0xE0><0xAE>", "<0x95>"]
    assert last_tokens(tokenizer, "\u00e9", 2) == ["<0xC3>", "<0xA9>"]
    assert set(BYTES) == set(pre_tokenizers.ByteLevel.alphabet()) and sorted(
        BYTES.values()
    ) == list(range(256))
    assert last_tokens(tokenizer, "\u00ad", 2) == ["<0xC2>", "<0xAD>"]
    assert (
        last_tokens(tokenizer, "abc", 99) == ["<s>", "a", "b", "c"]
        and last_tokens(tokenizer, "abc", 0) == []
    )


def test_bytes_of_one_character_are_joined_for_the_eye():
    tokenizer = byte_level()
    assert joined(last_tokens(tokenizer, "x\u0b95\u00e9", 9)[1:]) == [
        Piece("x", 1),
        Piece("\u0b95", 2),
        Piece("\u00e9", 2),
    ]
    # Where the tail begins in the middle of a character, its bytes stay.
    assert joined(["<0x95>", "<0xC3>", "<0xA9>"]) == [
        Piece("<0x95>", 1),
        Piece("\u00e9", 2),
    ]
    assert joined([]) == []


def test_tail_of_a_sentence_piece_tokenizer():
    tokenizer = sentence_piece()
    assert last_tokens(tokenizer, "a aé ") == ["a", "␣a", "é", "␣"]
    assert last_tokens(tokenizer, "\u0b95") == ["<0xE0>", "<0xAE>", "<0x95>"]


def test_a_text_without_tokens_has_none_to_read():
    with pytest.raises(CorpusError, match="no token"):
        read_token(byte_level(begin=False), "")
    assert read_token(byte_level(), "ab") == "b"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("bigscience/bloomz-560m", "none"),
        ("bloom", "none"),
        ("Qwen/Qwen-7B-Chat", "none"),
        ("qwen", "none"),
        ("qwen2", "chat"),
        ("Qwen/Qwen2.5-7B-Instruct", "chat"),
        ("Qwen/Qwen1.5-7B-Chat", "chat"),
        ("meta-llama/Llama-2-7b-chat-hf", "chat"),
    ],
)
def test_suggested_templates(model, expected):
    assert default_template(model, byte_level()) == expected
    assert (
        default_template(model, byte_level(template=None))
        == default_template(model)
        == "none"
    )
