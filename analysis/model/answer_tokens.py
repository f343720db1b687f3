"""Tokens with which answers begin: what a share of probability is summed over."""

from collections.abc import Sequence

import torch

from analysis.model.lens import tokens_by_text, tokens_that_begin
from analysis.model.load import Loaded


class Beginnings:
    """Finds the tokens that begin an answer, with or without a space before it.

    Wendler et al. 2024: every token that is a prefix of the answer counts.
    """

    def __init__(self, loaded: Loaded, size: int) -> None:
        self.tokenizer = loaded.tokenizer
        self.size = size
        self.texts = tokens_by_text(loaded.tokenizer, size)

    def of(self, answer: str) -> set[int]:
        """Tokens that begin an answer; in scripts that a tokenizer knows few letters of
        also the part of a character that it writes first.
        """
        found = tokens_that_begin(self.texts, answer)
        for text in (answer, f" {answer}"):
            ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
            while ids and not self.tokenizer.decode([ids[0]]).strip():
                ids = ids[1:]
            found.update(ids[:1])
        return {token for token in found if token < self.size}

    def apart(self, answers: Sequence[str]) -> list[list[int]]:
        """For each answer the tokens that begin it and none of the others."""
        begun = [self.of(answer) for answer in answers]
        found = []
        for place, own in enumerate(begun):
            others = [each for i, each in enumerate(begun) if i != place]
            found.append(sorted(own.difference(*others)))
        return found


def summed(shares: torch.Tensor, tokens: Sequence[Sequence[int]]) -> torch.Tensor:
    """Probability (row, answer) of each answer's tokens, from shares (row, token)."""
    columns = []
    for each in tokens:
        chosen = torch.tensor(list(each), dtype=torch.int64, device=shares.device)
        columns.append(shares[:, chosen].sum(-1))
    return torch.stack(columns, -1)
