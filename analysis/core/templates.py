"""Prompt templates: what is put around a text before it is read, and which token is then the last one.

Tokenizers are whatever has the methods of the library's tokenizers; nothing here loads a model.
"""

import re
from collections.abc import Callable, Sequence

from analysis.core.errors import CorpusError, SpecError, unknown


def bare(tokenizer: object, text: str) -> str:
    """The text as it is: BLOOMZ and the first Qwen in Xu et al., Section 3."""
    return text


def chat(tokenizer: object, text: str) -> str:
    """The model's own chat template: the text as the user's turn, and the beginning of the answer."""
    if not getattr(tokenizer, "chat_template", None):
        raise SpecError(
            "This model's tokenizer has no chat template. Choose the template “none”, or the chat version of the model."
        )
    turns = [{"role": "user", "content": text}]
    try:
        prompt = tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True
        )
    except Exception as error:  # the template is a program that came with the model and may fail in any way
        raise SpecError(
            f"This model's chat template failed ({str(error)[:200]}). Choose the template “none”."
        ) from error
    begin = getattr(tokenizer, "bos_token", None)
    # Encoding adds the token that begins a text; a template that writes it too would give it twice.
    if begin and prompt.startswith(begin) and adds_begin(tokenizer):
        return prompt[len(begin) :]
    return prompt


def llama2(tokenizer: object, text: str) -> str:
    """LLaMA2-chat as Xu et al. prompt it: the text between instruction tags, then one space, which is what is read."""
    return f"[INST] {text} [/INST] "


TEMPLATES: dict[str, Callable[[object, str], str]] = {
    "none": bare,
    "chat": chat,
    "papers' LLaMA2": llama2,
}

MARK = "⁂"
"""A text that no template writes by itself."""


def adds_begin(tokenizer: object) -> bool:
    """Whether encoding a text puts the beginning token before it."""
    return tokenizer("a", add_special_tokens=True)["input_ids"][:1] == [
        tokenizer.bos_token_id
    ]


def apply(name: str, tokenizer: object, texts: Sequence[str]) -> list[str]:
    """Each text in one of TEMPLATES, ready to be encoded with special tokens.

    SpecError for an unknown template, or “chat” where the tokenizer has no chat template or it fails.
    """
    if name not in TEMPLATES:
        raise unknown("template", name, TEMPLATES)
    return [TEMPLATES[name](tokenizer, text) for text in texts]


def ending(name: str, tokenizer: object) -> str:
    """What one of TEMPLATES puts after the text. Errors as in ``apply``."""
    (prompt,) = apply(name, tokenizer, [MARK])
    return prompt.rpartition(MARK)[2]


def default_template(model: str, tokenizer: object | None = None) -> str:
    """The template to suggest for a model type or name: none for Bloom and the first Qwen, else chat where there is one."""
    name = model.casefold().rsplit("/", 1)[-1]
    if "bloom" in name or re.match(r"qwen(?![\d])", name):
        return "none"
    return "chat" if getattr(tokenizer, "chat_template", None) else "none"


def read_token(tokenizer: object, text: str) -> str:
    """The last token of an encoded text, readable: the one whose state is read. CorpusError when there is none."""
    shown = tail(tokenizer, text, 1)
    if not shown:
        raise CorpusError(
            f"The text {text[:60]!r} becomes no token at all, so there is nothing to read. Remove it."
        )
    return shown[-1]


def tail(tokenizer: object, text: str, n: int = 6) -> list[str]:
    """The last ``n`` tokens of a text encoded with special tokens, each readable on its own.

    Spaces and line ends are shown as ␣ and ⏎, bytes that are only part of a character as <0xE0>.
    """
    ids = (
        list(tokenizer(text, add_special_tokens=True)["input_ids"])[-n:]
        if n > 0
        else []
    )
    return [
        visible(tokenizer.decode([i]), tokenizer.convert_ids_to_tokens([i])[0])
        for i in ids
    ]


def visible(decoded: str, token: str) -> str:
    """One token for the eye, from what it decodes to and how the vocabulary writes it."""
    if "▁" in token:  # SentencePiece's space, which decoding drops at the beginning
        decoded = token.replace("▁", " ")
    elif "\ufffd" in decoded:
        decoded = partial(token)
    return decoded.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def partial(token: str) -> str:
    """A token that is not whole characters: its bytes as <0x..>, whole characters among them as they are."""
    if any(character not in BYTES for character in token):
        return token
    text = bytes(BYTES[character] for character in token).decode(
        "utf-8", "surrogateescape"
    )
    return re.sub(
        "[\udc80-\udcff]", lambda found: f"<0x{ord(found[0]) - 0xDC00:02X}>", text
    )


def byte_alphabet() -> dict[str, int]:
    """The letters by which byte-level vocabularies write bytes (GPT-2): printable Latin-1 as it is, the rest from U+0100 on."""
    plain = [
        byte
        for byte in range(256)
        if 33 <= byte <= 126 or 161 <= byte <= 255 and byte != 173
    ]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {
        chr(256 + i): byte for i, byte in enumerate(rest)
    }


BYTES = byte_alphabet()
