"""Chat prompts are what the library makes of them, on every day, and told."""

import datetime
import re

import pytest
import torch

from analysis.core.chat_prompts import DATE
from analysis.core.errors import SpecError
from analysis.core.templates import (
    added_tokens,
    apply_template,
    as_read,
    default_template,
    is_whole,
    last_tokens,
    prompt_form,
    prompt_ids,
)
from analysis.model.batches import encoded_rows
from analysis.model.extract import encoded_texts, read_batch
from analysis.model.generate import end_tokens, generate
from analysis.model.hooks import Row
from analysis.model.own_model import own_model
from analysis.steering.specs import GenerationSpec
from analysis.worker.reader import ModelReader
from tests.chat_models import CHAT_MODELS, chat_tokenizer
from tests.tiny import build

TEXTS = ("The judge was fair.", "Le juge était équitable.", "  二 \n")
THINKING = {"Qwen 3", "DeepSeek R1", "DeepSeek V3.1"}
DATED = {"Llama 3.2, with a date", "a date after a line end"}
CLOCK = re.compile(r"strftime_now\('([^']*)'\)")


def by_the_library(name, text, **given):
    """What the library's own path gives, on the day that we tell."""
    tokenizer = chat_tokenizer(name)
    tokenizer.chat_template = CLOCK.sub(
        lambda found: repr(DATE.strftime(found[1])), CHAT_MODELS[name].template
    )
    content = text
    if name.endswith("with parts"):
        content = [{"type": "text", "text": text}]
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        return_dict=False,
        **given,
    )


@pytest.mark.parametrize("name", CHAT_MODELS)
def test_a_prompt_has_the_tokens_that_the_library_gives(name):
    tokenizer = chat_tokenizer(name)
    loaded = own_model(build(), tokenizer)
    for text in TEXTS:
        expected = by_the_library(name, text, enable_thinking=False)
        if name == "DeepSeek R1":
            expected += tokenizer("\n</think>\n\n", add_special_tokens=False).input_ids
        (prompt,) = apply_template("chat", tokenizer, [text])
        assert prompt_ids(tokenizer, [prompt], whole=True) == [expected]
        # The same ids are read, and answered.
        reader = ModelReader(loaded, "chat")
        (formatted,) = reader.formatted([text])
        assert encoded_texts(loaded, [formatted], reader.reading.whole) == [expected]
        (row,) = encoded_rows(loaded, [Row(prompt, whole=is_whole("chat"))], 1)
        assert row.prompt == expected
        assert as_read(tokenizer, prompt, whole=True) == prompt
        decoded = tokenizer.decode(expected[-3:])
        assert "".join(last_tokens(tokenizer, prompt, 3, whole=True)) == (
            decoded.replace(" ", "␣").replace("\n", "⏎")
        )


@pytest.mark.parametrize("name", sorted(THINKING))
def test_thinking_is_off_until_it_is_switched_on(name):
    tokenizer = chat_tokenizer(name)
    (on,) = apply_template("chat, thinking", tokenizer, ["Why?"])
    expected = by_the_library(name, "Why?", enable_thinking=True, thinking=True)
    assert prompt_ids(tokenizer, [on], whole=True) == [expected]
    (off,) = apply_template("chat", tokenizer, ["Why?"])
    assert off.rpartition("</think>")[2].strip() == "" and "</think>" in off
    assert prompt_form("chat, thinking", tokenizer).thinking == "on"
    assert prompt_form("chat", tokenizer).thinking.startswith("off")


@pytest.mark.parametrize("name", sorted(set(CHAT_MODELS) - THINKING))
def test_a_template_without_thinking_says_so(name):
    assert prompt_form("chat", chat_tokenizer(name)).thinking == ""
    with pytest.raises(SpecError, match="knows no thinking"):
        apply_template("chat, thinking", chat_tokenizer(name), ["Why?"])


@pytest.mark.parametrize("name", CHAT_MODELS)
def test_a_prompt_is_the_same_on_every_day(name, monkeypatch):
    tokenizer = chat_tokenizer(name)
    before = apply_template("chat", tokenizer, TEXTS)

    class Tomorrow(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime(2031, 12, 31, 23, 59)

    monkeypatch.setattr(
        "transformers.utils.chat_template_utils.datetime", Tomorrow, raising=True
    )
    assert apply_template("chat", tokenizer, TEXTS) == before
    told = prompt_form("chat", tokenizer)
    assert told.date == (DATE.isoformat() if name in DATED else "")
    assert "{text}" in told.written
    assert ("2024" in told.written) == (name in DATED)


def test_a_template_that_drops_the_text_is_refused():
    tokenizer = chat_tokenizer("ChatML")
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m.content is not string and m.content is mapping "
        "%}{{ m.content.text }}{% endif %}{% endfor %}<|im_start|>"
    )
    with pytest.raises(SpecError, match="does not write the text"):
        apply_template("chat", tokenizer, ["hello"])


def test_a_tokenizer_that_ends_every_text_ends_no_prompt():
    tokenizer = chat_tokenizer("Mistral, ending every text")
    end = tokenizer.eos_token_id
    assert added_tokens(tokenizer).after == [end]
    assert tokenizer("abc").input_ids[-1] == end, "the tokenizer itself does"
    loaded = own_model(build(), tokenizer)
    (row,) = encoded_rows(loaded, [Row("abc")], 1)
    assert row.prompt == tokenizer("abc").input_ids[:-1]
    assert encoded_texts(loaded, ["abc"]) == [row.prompt]
    assert last_tokens(tokenizer, "abc", 1) == ["c"]
    assert as_read(tokenizer, "abc") == "<s>abc"
    assert read_batch(loaded, [row.prompt]).shape == (1, 3, 32)


@pytest.mark.parametrize(
    ("settings", "tokenizers", "expected"),
    [
        (2, "<|im_end|>", (2, 3)),
        ([2, 5], "<|im_end|>", (2, 5, 3)),
        (None, "<|im_end|>", (3,)),
        (3, "<|im_end|>", (3,)),
        ([2], None, (2,)),
        (None, None, ()),
    ],
)
def test_every_end_that_a_file_names_ends_an_answer(settings, tokenizers, expected):
    tokenizer = chat_tokenizer("ChatML")
    tokenizer.eos_token = tokenizers
    model = build()
    model.generation_config.eos_token_id = settings
    loaded = own_model(model, tokenizer)
    assert end_tokens(loaded) == expected
    if tokenizers is None:
        return
    # A head that always says the tokenizer's end.
    with torch.no_grad():
        model.lm_head.weight.zero_()
    bias = torch.zeros(300)
    bias[tokenizer.eos_token_id] = 9.0
    model.lm_head.register_forward_hook(lambda module, given, out: out + bias)
    (answer,) = generate(loaded, [Row("hi")], GenerationSpec(8))
    assert (answer.ids, answer.ended) == ((), "end")


def test_the_prompt_as_read_shows_what_the_tokenizer_adds():
    tokenizer = chat_tokenizer("ChatML that begins every text")
    assert as_read(tokenizer, "hi") == "<s>hi"
    (prompt,) = apply_template("chat", tokenizer, ["hi"])
    assert as_read(tokenizer, prompt, is_whole("chat")) == prompt
    assert not prompt.startswith("<s>")
    assert prompt_form("none", tokenizer) == ("<s>{text}", "", "")


@pytest.mark.parametrize("name", CHAT_MODELS)
def test_a_chat_model_is_asked_in_its_own_template(name):
    assert default_template("owner/name", chat_tokenizer(name)) == "chat"
