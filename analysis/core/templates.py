"""Prompt templates: what is put around a text, and which token is then the last one.

Nothing here loads a model.
"""

import re
from collections.abc import Callable, Sequence

from analysis.core.errors import CorpusError, SpecError, unknown
from analysis.core.tokenizer import Tokenizer


def bare(tokenizer: Tokenizer, text: str) -> str:
    """The text as it is: BLOOMZ and the first Qwen in Xu et al., Section 3."""
    return text


def chat(tokenizer: Tokenizer, text: str) -> str:
    """The model's own chat template: the text as the user's turn, and how an answer begins."""
    if not getattr(tokenizer, "chat_template", None):
        raise SpecError(
            "This model's tokenizer has no chat template. Choose the template “none”, or "
            "the chat version of the model."
        )
    turns = [{"role": "user", "content": text}]
    try:
        prompt = tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True
        )
    except Exception as error:
        # The template is a program that came with the model and may fail in any way.
        why = str(error)[:200]
        raise SpecError(
            f"This model's chat template failed ({why}). Choose the template “none”."
        ) from error
    begin = getattr(tokenizer, "bos_token", None)
    # Encoding adds the token that begins a text; a template that writes it too would
    # give it twice.
    if begin and prompt.startswith(begin) and adds_begin(tokenizer):
        return prompt[len(begin) :]
    return prompt


def llama2(tokenizer: Tokenizer, text: str) -> str:
    """LLaMA2-chat as Xu et al. prompt it: between instruction tags, then one space.

    The space is what is read.
    """
    return f"[INST] {text} [/INST] "


TEMPLATES: dict[str, Callable[[Tokenizer, str], str]] = {
    "none": bare,
    "chat": chat,
    "papers' LLaMA2": llama2,
}

MARK = "⁂"
"""A text that no template writes by itself."""


def adds_begin(tokenizer: Tokenizer) -> bool:
    """Whether encoding a text puts the beginning token before it."""
    ids = tokenizer("a", add_special_tokens=True)["input_ids"]
    return ids[:1] == [tokenizer.bos_token_id]


def apply_template(
    name: str,
    tokenizer: Tokenizer,
    texts: Sequence[str],
) -> list[str]:
    """Each text in one of TEMPLATES, ready to be encoded with special tokens.

    SpecError for an unknown template, or “chat” where the tokenizer has no chat template or
    it fails.
    """
    if name not in TEMPLATES:
        raise unknown("template", name, TEMPLATES)
    return [TEMPLATES[name](tokenizer, text) for text in texts]


def template_ending(name: str, tokenizer: Tokenizer) -> str:
    """What one of TEMPLATES puts after the text. Errors as in ``apply_template``."""
    (prompt,) = apply_template(name, tokenizer, [MARK])
    return prompt.rpartition(MARK)[2]


def default_template(model: str, tokenizer: Tokenizer | None = None) -> str:
    """The template to suggest for a model type or name.

    None for Bloom and the first Qwen, else chat where there is one.
    """
    name = model.casefold().rsplit("/", 1)[-1]
    if "bloom" in name or re.match(r"qwen(?![\d])", name):
        return "none"
    return "chat" if getattr(tokenizer, "chat_template", None) else "none"


def read_token(tokenizer: Tokenizer, text: str) -> str:
    """The last token of an encoded text, readable: the one whose state is read.

    CorpusError when there is none.
    """
    last = last_tokens(tokenizer, text, 1)
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
) -> list[str]:
    """The last ``n`` tokens of a text encoded with special tokens, each readable alone.

    Spaces and line ends are shown as ␣ and ⏎, bytes that are only part of a character as
    <0xE0>.
    """
    if n < 1:
        return []
    ids = list(tokenizer(text, add_special_tokens=True)["input_ids"])
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
