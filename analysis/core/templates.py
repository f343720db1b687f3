"""Prompt templates: what is put around a text, and which token is then the last one.

Nothing here loads a model.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analysis.core.chat_prompts import DATE, MARK, chat_form, thought_of
from analysis.core.errors import AnalysisError, CorpusError, unknown
from analysis.core.tokenizer import Tokenizer


def bare(tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """The texts as they are: BLOOMZ and the first Qwen in Xu et al., Section 3."""
    return list(texts)


def chat(tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """The model's own chat template: a text as the user's turn, and how an answer begins.

    A model that can think first does not.
    """
    form = chat_form(tokenizer)
    return [form.written(text) for text in texts]


def thinking_chat(tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """The same with the template's thinking switched on."""
    form = chat_form(tokenizer, thinking=True)
    return [form.written(text) for text in texts]


def llama2(tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """LLaMA2-chat as Xu et al. prompt it: between instruction tags, then one space.

    The space is what is read.
    """
    return [f"[INST] {text} [/INST] " for text in texts]


CHAT = "chat"
THINKING = "chat, thinking"
TEMPLATES: dict[str, Callable[[Tokenizer, Sequence[str]], list[str]]] = {
    "none": bare,
    CHAT: chat,
    THINKING: thinking_chat,
    "papers' LLaMA2": llama2,
}


def is_whole(name: str) -> bool:
    """Whether prompts of a template hold every special token already.

    A chat template writes its own; the tokenizer adds none, as in the library's own
    ``apply_chat_template(tokenize=True)``.
    """
    return name in (CHAT, THINKING)


class AddedTokens(NamedTuple):
    """Ids that a tokenizer puts before and after every text."""

    before: list[int]
    after: list[int]


def added_tokens(tokenizer: Tokenizer) -> AddedTokens:
    """What a tokenizer puts around a text; nothing where that is not to be told."""
    (plain,) = tokenizer(["a"], add_special_tokens=False)["input_ids"]
    (full,) = tokenizer(["a"], add_special_tokens=True)["input_ids"]
    for start in range(len(full) - len(plain) + 1):
        end = start + len(plain)
        if full[start:end] == plain:
            return AddedTokens(full[:start], full[end:])
    return AddedTokens([], [])


def prompt_ids(
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    whole: bool = False,
    ended: bool = False,
) -> list[list[int]]:
    """Token ids of prompts as a model reads them.

    ``whole`` prompts get no special token; others get what the tokenizer puts before a
    text, but no token that ends it: what follows a prompt would follow the end. Only
    ``ended`` ones, which nothing follows, get that too.
    """
    rows = tokenizer(list(prompts), add_special_tokens=not whole)["input_ids"]
    ending = [] if whole or ended else added_tokens(tokenizer).after
    if not ending:
        return rows
    return [row[: -len(ending)] for row in rows]


def as_read(tokenizer: Tokenizer, prompt: str, whole: bool = False) -> str:
    """A prompt for the eye, with the tokens that the tokenizer puts before it."""
    before = [] if whole else added_tokens(tokenizer).before
    names = tokenizer.convert_ids_to_tokens(before) if before else []
    return "".join(map(str, names)) + prompt


def apply_template(
    name: str,
    tokenizer: Tokenizer,
    texts: Sequence[str],
) -> list[str]:
    """Each text in one of TEMPLATES, ready for ``prompt_ids``.

    SpecError for an unknown template, or “chat” where the tokenizer has no chat template or
    it fails or drops the text.
    """
    if name not in TEMPLATES:
        raise unknown("template", name, TEMPLATES)
    return TEMPLATES[name](tokenizer, texts)


def text_ids(name: str, tokenizer: Tokenizer, text: str) -> list[int]:
    """Token ids of a text in one of TEMPLATES."""
    prompts = apply_template(name, tokenizer, [text])
    (ids,) = prompt_ids(tokenizer, prompts, is_whole(name))
    return ids


def prompt_ids_before(name: str, tokenizer: Tokenizer, text: str) -> list[int]:
    """The same as versions made them that kept no prompt in their manifests.

    To tell whether what they began can go on; none where the template would fail.
    """
    if not is_whole(name):
        prompts = apply_template(name, tokenizer, [text])
        return tokenizer(prompts, add_special_tokens=True)["input_ids"][0]
    turns = [{"role": "user", "content": text}]
    try:
        prompt = tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True
        )
    except AnalysisError:
        raise
    except Exception:
        # The template is a program that came with the model and may fail in any way.
        return []
    before = added_tokens(tokenizer).before
    if before[:1] == [tokenizer.bos_token_id]:
        prompt = prompt.removeprefix(tokenizer.bos_token or "")
    return tokenizer([prompt], add_special_tokens=True)["input_ids"][0]


def template_ending(name: str, tokenizer: Tokenizer) -> str:
    """What one of TEMPLATES puts after the text. Errors as in ``apply_template``."""
    (prompt,) = apply_template(name, tokenizer, [MARK])
    return prompt.rpartition(MARK)[2]


class PromptForm(NamedTuple):
    """What stands around a text: the whole prompt, the day it tells, and thinking.

    ``date`` and ``thinking`` are empty where the template has none.
    """

    written: str
    date: str
    thinking: str


def prompt_form(name: str, tokenizer: Tokenizer) -> PromptForm:
    """What one of TEMPLATES puts around “{text}”. Errors as in ``apply_template``."""
    (prompt,) = apply_template(name, tokenizer, [MARK])
    written = as_read(tokenizer, prompt, is_whole(name)).replace(MARK, "{text}")
    if not is_whole(name):
        return PromptForm(written, "", "")
    has_clock = chat_form(tokenizer).has_clock
    thinking = "on" if name == THINKING else thought_of(tokenizer)
    return PromptForm(written, DATE.isoformat() if has_clock else "", thinking)


def default_template(model: str, tokenizer: Tokenizer | None = None) -> str:
    """The template to suggest for a model type or name.

    None for Bloom and the first Qwen, else chat where there is one.
    """
    return suggested(model, bool(getattr(tokenizer, "chat_template", None)))


def suggested(model: str, has_chat: bool) -> str:
    """The same from whether the model has a chat template."""
    name = model.casefold().rsplit("/", 1)[-1]
    if "bloom" in name or re.match(r"qwen(?![\d])", name):
        return "none"
    return CHAT if has_chat else "none"


def read_token(tokenizer: Tokenizer, text: str, whole: bool = False) -> str:
    """The last token of an encoded prompt, readable: the one whose state is read.

    CorpusError when there is none.
    """
    last = last_tokens(tokenizer, text, 1, whole)
    if not last:
        raise CorpusError(
            f"The text {text[:60]!r} becomes no token at all, so there is nothing to read. "
            "Remove it."
        )
    return last[-1]


def last_tokens(
    tokenizer: Tokenizer,
    text: str,
    n: int = 6,
    whole: bool = False,
) -> list[str]:
    """The last ``n`` tokens of a prompt as the model reads it, each readable alone.

    Spaces and line ends are shown as ␣ and ⏎, bytes that are only part of a character as
    <0xE0>.
    """
    if n < 1:
        return []
    (ids,) = prompt_ids(tokenizer, [text], whole)
    shown = []
    for token_id in ids[-n:]:
        (token,) = tokenizer.convert_ids_to_tokens([token_id])
        shown.append(visible(tokenizer.decode([token_id]), token))
    return shown


def visible(decoded: str, token: str) -> str:
    """One token for the eye, from what it decodes to and how the vocabulary writes it."""
    if "▁" in token:  # SentencePiece's space, which decoding drops at the beginning
        decoded = token.replace("▁", " ")
    elif "\ufffd" in decoded:
        decoded = partial(token)
    return decoded.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def partial(token: str) -> str:
    """A token that is not whole characters: its bytes as <0x..>, whole ones as they are."""
    if any(character not in BYTES for character in token):
        return token
    data = bytes(BYTES[character] for character in token)
    # Bytes that are no character become surrogates, from U+DC80 on.
    text = data.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", byte_code, text)


def byte_code(surrogate: re.Match[str]) -> str:
    """The byte that a surrogate stands for, as <0x..>."""
    return f"<0x{ord(surrogate[0]) - 0xDC00:02X}>"


def byte_alphabet() -> dict[str, int]:
    """The letters by which byte-level vocabularies write bytes (GPT-2).

    Printable Latin-1 as it is, the rest from U+0100 on.
    """
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    alphabet = {chr(byte): byte for byte in sorted(plain)}
    rest = [byte for byte in range(256) if byte not in plain]
    for number, byte in enumerate(rest):
        alphabet[chr(256 + number)] = byte
    return alphabet


BYTES = byte_alphabet()
