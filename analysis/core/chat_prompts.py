"""A model's own chat template: a user's turn as the model was trained to read it.

The template is a program that came with the model. Its clock is stopped and its switch
for thinking is set, so that a text is the same prompt on every day.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from analysis.core.errors import AnalysisError, SpecError
from analysis.core.tokenizer import Tokenizer

DATE = date(2024, 7, 26)
"""The day that every template is told: where Llama 3's own is without a clock."""
CLOCK = "strftime_now"
"""What templates call to ask for the day."""
DIRECTIVES = tuple("%" + letter for letter in "YymdeBbAajHIMSpZz")
MARK = "⁂"
"""A text that no template writes by itself."""
THOUGHTS = {
    "<think>": "</think>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "[THINK]": "[/THINK]",
}
"""What begins a thought, and what ends it."""


MOST_SETTINGS = 64 * 2**20
"""Bytes of a tokenizer's settings that are looked through for a template."""


@dataclass(frozen=True)
class ChatForm:
    """How a chat template writes a text, as the user's only turn.

    ``source`` is the template; ``parts``: it takes a turn as a list of parts, as those of
    models that also see do. ``closing`` ends a thought that the template begins.
    """

    tokenizer: Tokenizer
    source: str
    thinking: bool = False
    parts: bool = False
    closing: str = ""

    def written(self, text: str) -> str:
        """The prompt; SpecError when the template fails."""
        content = [{"type": "text", "text": text}] if self.parts else text
        given = {}
        if self.has_clock:
            given["chat_template"] = stopped_clock() + self.source
        try:
            prompt = self.tokenizer.apply_chat_template(
                [{"role": "user", "content": content}],
                tokenize=False,
                add_generation_prompt=True,
                enable_thinking=self.thinking,
                thinking=self.thinking,
                **given,
            )
        except AnalysisError:  # Stop was heard
            raise
        except Exception as error:
            # The template is a program that came with the model and may fail in any way.
            why = str(error)[:200]
            raise SpecError(
                f"This model's chat template failed ({why}). Choose the template “none”."
            ) from error
        return prompt + self.closing

    @property
    def has_clock(self) -> bool:
        """Whether the template asks for the day."""
        return CLOCK in self.source

    @property
    def ending(self) -> str:
        """What is put after a text."""
        return self.written(MARK).rpartition(MARK)[2]


def chat_form(tokenizer: Tokenizer, thinking: bool = False) -> ChatForm:
    """How a tokenizer's chat template is used, with ``thinking`` or without.

    Without, a thought that the template begins is closed again, empty. SpecError when
    there is no template, when it fails or drops the text, and for ``thinking`` where it
    knows none.
    """
    form = form_that_holds_the_text(tokenizer, thinking)
    if not thinking:
        return closed(form)
    if not thought_of(tokenizer):
        raise SpecError(
            "This model's chat template knows no thinking that could be switched on. "
            "Choose the template “chat”."
        )
    return form


def form_that_holds_the_text(tokenizer: Tokenizer, thinking: bool) -> ChatForm:
    """The form in which the template writes the text that it is given."""
    form = ChatForm(tokenizer, source_of(tokenizer), thinking)
    in_parts = ChatForm(tokenizer, form.source, thinking, parts=True)
    failure = None
    for each in (form, in_parts):
        try:
            prompt = each.written(MARK)
        except SpecError as error:
            failure = failure or error
            continue
        if MARK in prompt:
            return each
    if failure is not None:
        raise failure
    raise SpecError(
        "This model's chat template does not write the text that it is given, so every "
        "text would become the same prompt. Choose the template “none”."
    )


def source_of(tokenizer: Tokenizer) -> str:
    """The chat template itself; SpecError when there is none."""
    known = getattr(tokenizer, "chat_template", None)
    if not known:
        raise SpecError(
            "This model's tokenizer has no chat template. Choose the template “none”, or "
            "the chat version of the model."
        )
    if isinstance(known, str):
        return known
    # Some models have several templates by name, and one that is meant by default.
    try:
        source = tokenizer.get_chat_template()
    except Exception as error:  # the names came with the model
        raise SpecError(
            "This model has several chat templates and none by default. Choose the "
            "template “none”."
        ) from error
    if not isinstance(source, str):
        raise SpecError(
            "This model's chat template is no text. Choose the template “none”, or "
            "another version of the model."
        )
    return source


def closed(form: ChatForm) -> ChatForm:
    """The form with an empty thought where its ending has one that is still open."""
    ending = form.ending
    for opening, end in THOUGHTS.items():
        _, begun, thought = ending.rpartition(opening)
        if begun and end not in thought:
            line = "\n" if thought.endswith("\n") else "\n\n"
            closing = f"{line}{end}\n\n"
            return ChatForm(
                form.tokenizer, form.source, form.thinking, form.parts, closing
            )
    return form


def thought_of(tokenizer: Tokenizer) -> str:
    """How thinking is kept off: by the template's switch, or by us; “” where it has none."""
    without = form_that_holds_the_text(tokenizer, False)
    if closed(without).closing:
        return "off: the thought that the template begins is closed, empty"
    if without.written(MARK) == ChatForm(
        tokenizer, without.source, True, without.parts
    ).written(MARK):
        return ""
    return "off, by the template's switch"


def stopped_clock() -> str:
    """A macro that stands in for the clock of templates and always tells DATE.

    It goes before a template, whose first line end it leaves in place.
    """
    filled = "moment"
    for directive in DIRECTIVES:
        filled += f"|replace('{directive}', '{DATE.strftime(directive)}')"
    return f"{{%- macro {CLOCK}(moment) -%}}{{{{- {filled} -}}}}{{%- endmacro +%}}"


def folder_has_chat(folder: Path) -> bool:
    """Whether a model's folder has a chat template; no tokenizer is loaded."""
    for name in ("chat_template.jinja", "chat_template.json"):
        if (folder / name).is_file():
            return True
    settings = folder / "tokenizer_config.json"
    try:
        found = settings.stat()
    except OSError:
        return False
    if found.st_size > MOST_SETTINGS:
        return False
    return settings_have_chat(settings, found.st_mtime_ns)


@lru_cache(maxsize=64)
def settings_have_chat(settings: Path, written: int) -> bool:
    """Whether a tokenizer's settings, ``written`` at a time, hold a chat template."""
    try:
        known = json.loads(settings.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(known, dict) and bool(known.get("chat_template"))
