"""What is asked of a tokenizer; nothing depends on who wrote it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Tokenizer(Protocol):
    """The part of the transformers library's tokenizers that Babelscope uses."""

    pad_token_id: int | None
    bos_token_id: int | None
    eos_token_id: int | None
    unk_token_id: int | None
    bos_token: str | None
    all_special_ids: Sequence[int]
    chat_template: Any

    def __call__(
        self, text: str | list[str], *, add_special_tokens: bool = True
    ) -> Mapping[str, Any]:
        """``input_ids``: the ids of a text, or a list of them for each of several."""
        ...

    def __len__(self) -> int: ...

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool = False) -> str:
        """Ids as text."""
        ...

    def batch_decode(self, sequences: list[list[int]]) -> list[str]:
        """Several rows of ids as texts."""
        ...

    def convert_ids_to_tokens(self, ids: list[int]) -> list[Any]:
        """How the vocabulary writes each id; None for an id that it lacks."""
        ...

    def apply_chat_template(
        self,
        conversation: list[dict[str, Any]],
        *,
        tokenize: bool = True,
        add_generation_prompt: bool = False,
        **given: Any,
    ) -> Any:
        """Turns of a conversation as the model was trained to read them."""
        ...

    def get_chat_template(self) -> str:
        """The chat template that is meant where several are there."""
        ...
