"""How much of a text reaches a model: unknown tokens, and texts that become the same."""

from collections.abc import Mapping, Sequence

from analysis.core.templates import apply_template, is_whole, prompt_ids
from analysis.core.tokenizer import Tokenizer


def same_tokens(
    tokenizer: Tokenizer,
    template: str,
    first: Sequence[str],
    second: Sequence[str],
) -> list[bool]:
    """Which texts of two lists become the same tokens in one of TEMPLATES.

    A model cannot tell them apart. SpecError as in ``apply_template``.
    """
    prompts = apply_template(template, tokenizer, [*first, *second])
    rows = prompt_ids(tokenizer, prompts, is_whole(template))
    return [one == other for one, other in zip(rows, rows[len(first) :])]


def unknown_share(tokenizer: Tokenizer, texts: Sequence[str]) -> float:
    """Share of the texts' own tokens that are the tokenizer's unknown one; 0 without any."""
    unknown = getattr(tokenizer, "unk_token_id", None)
    if unknown is None or not texts:
        return 0.0
    rows = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    total = sum(map(len, rows))
    found = sum(row.count(unknown) for row in rows)
    return found / total if total else 0.0


def unknown_note(shares: Mapping[str, float]) -> str:
    """Which languages have unknown tokens, in a sentence; “” when none has."""
    lacking = {code: share for code, share in shares.items() if share > 0}
    if not lacking:
        return ""
    said = [f"{code} {percent(share)}" for code, share in lacking.items()]
    return (
        f"The model's tokenizer does not know all letters: unknown tokens are "
        f"{', '.join(said)}. Of an unknown token the model reads nothing."
    )


def unknown_notes(
    tokenizer: Tokenizer, texts: Mapping[str, Sequence[str]]
) -> list[str]:
    """The same of the texts of each language, as a list of one sentence or none."""
    shares = {code: unknown_share(tokenizer, some) for code, some in texts.items()}
    note = unknown_note(shares)
    return [note] if note else []


def percent(share: float) -> str:
    """A share in whole percent, and “under 1 %” of a small one."""
    return f"{share:.0%}".replace("%", " %") if share >= 0.01 else "under 1 %"
