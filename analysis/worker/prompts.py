"""What stands around a text: kept when work begins, and the same when it goes on.

Which template fits a model is told from its files, without loading a tokenizer.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.core.chat_prompts import folder_has_chat
from analysis.core.errors import StudyError
from analysis.core.model_kinds import CONFIG, folder_kind
from analysis.core.model_names import DEMO, HUB_ID, offered_models
from analysis.core.specs import DECODER, ModelSpec
from analysis.core.templates import (
    CHAT,
    MARK,
    THINKING,
    default_template,
    prompt_form,
    prompt_ids_before,
    suggested,
    text_ids,
)
from analysis.core.tokenizer import Tokenizer
from analysis.study.manifest import PromptPart

if TYPE_CHECKING:
    from analysis.model.load import Loaded

CHAT_FILES = ("chat_template.jinja", "tokenizer_config.json")
"""Files of a hub repository that say whether it has a chat template."""


def prompt_of(template: str, tokenizer: Tokenizer) -> PromptPart:
    """What one of TEMPLATES puts around a text, as a manifest keeps it."""
    form = prompt_form(template, tokenizer)
    return PromptPart(written=form.written, date=form.date, thinking=form.thinking)


def check_prompt(
    kept: PromptPart | None, template: str, tokenizer: Tokenizer, name: str
) -> None:
    """StudyError when what is begun cannot go on with the prompt it was begun with."""
    now = prompt_of(template, tokenizer)
    if kept is None:
        check_as_before(now, template, tokenizer, name)
        return
    was = (kept.written, kept.date, kept.thinking)
    if was != (now.written, now.date, now.thinking):
        raise StudyError(
            f"“{name}” was begun with the prompt {kept.written[:300]!r}; the model's "
            f"tokenizer now writes {now.written[:300]!r}. Restore the model's files, or "
            "begin anew: two prompts in one study cannot be compared."
        )


def check_as_before(
    now: PromptPart, template: str, tokenizer: Tokenizer, name: str
) -> None:
    """StudyError unless a text is the same prompt as before prompts were kept."""
    same = text_ids(template, tokenizer, MARK) == prompt_ids_before(
        template, tokenizer, MARK
    )
    if now.date or not same:
        raise StudyError(
            f"“{name}” was begun by an earlier version, which put other tokens, or "
            "another date, around a text. Going on would mix two prompts: begin anew. "
            "What is there stays as it is and can be read."
        )


def template_notes(template: str, loaded: "Loaded") -> list[str]:
    """A sentence where a template does not fit what is done, or none.

    That is a chat model read without its own, and thinking that is switched on.
    """
    model = loaded.spec.model
    if template == THINKING:
        return [
            "Thinking is switched on: what is read, scored, or said in few tokens is "
            "the beginning of a thought, not of an answer."
        ]
    if model == DEMO or template != "none":
        return []
    if default_template(model, loaded.tokenizer) != CHAT:
        return []
    return [
        f"{model} is a chat model: it was trained on its own template “chat”; here it "
        "is read without one."
    ]


def suggested_template(model: ModelSpec, demo: str = CHAT) -> str:
    """The template that fits a model, as far as this machine knows; ``demo`` the demo's.

    Nothing is fetched: of a model that was never here its name alone is known.
    """
    if model.model == DEMO:
        return demo
    return suggested(model.model, bool(has_chat(model)))


def known_kind(model: ModelSpec) -> str:
    """The kind of a model; a decoder's for one that was never here."""
    folder = offered_models().get(model.model)
    if folder is None:
        found = cached_file(model, CONFIG)
        folder = found.parent if found is not None else None
    return folder_kind(folder) if folder is not None else DECODER


def has_chat(model: ModelSpec) -> bool | None:
    """Whether a model has a chat template; None for one that was never here."""
    folder = offered_models().get(model.model)
    if folder is not None:
        return folder_has_chat(folder)
    found = [cached_file(model, name) for name in CHAT_FILES]
    folders = [path.parent for path in found if path is not None]
    return folder_has_chat(folders[0]) if folders else None


def cached_file(model: ModelSpec, name: str) -> Path | None:
    """A file of a hub model where it is in the cache already."""
    from huggingface_hub import try_to_load_from_cache

    if not HUB_ID.fullmatch(model.model):
        return None
    found = try_to_load_from_cache(model.model, name, revision=model.revision)
    return Path(found) if isinstance(found, str) else None
