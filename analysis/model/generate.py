"""Answers to steered prompts, many rows at once, streamed token by token."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, StoppingCriteria

from analysis.core.errors import AnalysisError, ModelError
from analysis.core.model_kinds import check_writes
from analysis.model.batches import (
    EncodedRow,
    encoded_rows,
    generation_input,
    padded_batch,
)
from analysis.model.hooks import (
    AnswerGeometry,
    Check,
    Row,
    no_check,
    steered,
)
from analysis.model.load import Loaded, out_of_memory, release
from analysis.model.said import Answer
from analysis.model.threads import in_threads, threads_for
from analysis.model.tokens import LikelyToken, Pieces, TokenNames
from analysis.steering.specs import GenerationSpec

MOST_ROWS = 128
"""Rows in one batch."""
EVERY = 0.1
"""Seconds between two reports of what was said so far."""
END = "end"
LENGTH = "length"
BROKEN = "not finite"
GOING = "going on"
GREEDY = GenerationSpec()


OnAnswers = Callable[[list[Answer]], None]
"""Hears what was said so far."""
BLANK = Answer("", (), (), GOING)


def generate(
    loaded: Loaded,
    rows: Sequence[Row],
    spec: GenerationSpec = GREEDY,
    on_token: OnAnswers | None = None,
    check: Check = no_check,
) -> list[Answer]:
    """One answer per row, in as few batches as fit into memory.

    Rows may have any mix of terms, the baseline among them. ``on_token`` gets what every
    row has said so far, some times a second. SpecError for prompts that are empty or too
    long and terms that do not fit the model; ModelError when one row does not fit into
    memory, or the model cannot write.
    """
    check_writes(loaded.kind, loaded.spec.model)
    if loaded.habits.cannot_write:
        raise ModelError(f"{loaded.habits.cannot_write}. Choose another model.")
    encoded = encoded_rows(loaded, rows, spec.tokens)
    said = [BLANK] * len(rows)
    order = list(range(len(rows)))
    most = 1 if loaded.habits.writes_alone else MOST_ROWS
    waiting = [order[i : i + most] for i in range(0, len(rows), most)]
    while waiting:
        now, *waiting = waiting
        report = None
        if on_token is not None:
            report = partial(report_batch, on_token, said, now)
        batch = [encoded[i] for i in now]
        answers = answers_if_they_fit(loaded, batch, spec, report, check)
        if answers is None:
            release()
            middle = len(now) // 2
            waiting = [now[:middle], now[middle:], *waiting]
            continue
        for i, answer in zip(now, answers):
            said[i] = answer
        if on_token is not None:
            on_token(list(said))
    return said


def report_batch(
    on_token: OnAnswers, said: list[Answer], now: list[int], answers: list[Answer]
) -> None:
    """Report what all rows have said when those of one batch have said a little more."""
    latest = list(said)
    for i, answer in zip(now, answers):
        latest[i] = answer
    on_token(latest)


def answers_if_they_fit(
    loaded: Loaded,
    rows: Sequence[EncodedRow],
    spec: GenerationSpec,
    on_token: OnAnswers | None,
    check: Check,
) -> list[Answer] | None:
    """The answers of one batch, or None when it does not fit into memory.

    ModelError when a single row was too much.
    """
    try:
        return answer_batch(loaded, rows, spec, on_token, check)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, AnalysisError) or not out_of_memory(error):
            raise
        if len(rows) == 1:
            raise ModelError(
                "A single answer does not fit into memory. Ask for fewer tokens or "
                "choose a smaller model."
            ) from error
    return None


@torch.inference_mode()
def answer_batch(
    loaded: Loaded,
    rows: Sequence[EncodedRow],
    spec: GenerationSpec,
    on_token: OnAnswers | None,
    check: Check,
) -> list[Answer]:
    """The answers of one batch."""
    batch = padded_batch(loaded, rows)
    watch = Watch(loaded, len(rows), spec, on_token)
    ends = end_tokens(loaded)
    geometry = AnswerGeometry(batch.places, width=batch.width)
    steering = steered(loaded, [row.row for row in rows], geometry, check)
    # The library gives this method to models that have a head.
    model: Any = loaded.model
    threads = in_threads(threads_for(len(rows)))
    with threads, own_settings_set_aside(loaded), steering as plan:
        model.generate(
            **generation_input(loaded, batch),
            max_new_tokens=spec.tokens,
            do_sample=False,
            use_cache=True,
            pad_token_id=padding_token(loaded, ends),
            eos_token_id=list(ends) or None,
            logits_processor=[Scores(watch)],
            stopping_criteria=[Ends(watch)],
        )
    answers = []
    for number, answer in enumerate(watch.final_answers()):
        answers.append(replace(answer, conditions=plan.conditions(number)))
    return answers


class Watch:
    """Listens to one batch while it is generated.

    It draws tokens with each row's own seed, keeps alternatives, finds broken rows.
    """

    def __init__(
        self,
        loaded: Loaded,
        rows: int,
        spec: GenerationSpec,
        on_token: OnAnswers | None,
    ) -> None:
        self.tokenizer = loaded.tokenizer
        self.spec = spec
        self.on_token = on_token
        self.pieces = [Pieces(loaded.tokenizer) for _ in range(rows)]
        self.ended = [GOING] * rows
        self.top: list[list[list[LikelyToken]]] = [[] for _ in range(rows)]
        self.ends = set(end_tokens(loaded))
        self.noise = torch.Generator(device="cpu").manual_seed(spec.seed)
        self.reported = 0.0

    def process(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores (row, token) from which the likeliest token is taken next."""
        scores = self.mended(scores)
        if self.spec.alternatives:
            self.keep_alternatives(scores)
        if self.spec.temperature:
            return self.with_noise(scores)
        return scores

    def mended(self, scores: torch.Tensor) -> torch.Tensor:
        """The scores with those of broken rows at zero; such rows end."""
        low, high = scores.aminmax(dim=-1)
        # A norm that overflows leaves scores that are all the same.
        broken = ~(torch.isfinite(high) & (low < high))
        if not broken.any():
            return scores
        for row in broken.nonzero()[:, 0].tolist():
            if self.ended[row] == GOING:
                self.ended[row] = BROKEN
        return torch.where(broken[:, None], torch.zeros_like(scores), scores)

    def with_noise(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores whose largest is a draw from their softmax (the Gumbel trick)."""
        # All rows share the noise, so that two rows with the same scores say the same,
        # and a row says the same alone or in any batch.
        uniform = torch.rand(
            scores.shape[-1], generator=self.noise, dtype=torch.float64
        )
        inside = uniform.clamp(1e-12, 1 - 1e-12)
        gumbel = -(-inside.log()).log()
        return scores.double() / self.spec.temperature + gumbel.to(scores.device)

    def keep_alternatives(self, scores: torch.Tensor) -> None:
        """Keep the likeliest next tokens of every row that goes on."""
        shares, tokens = scores.float().softmax(-1).topk(self.spec.alternatives)
        likely = zip(tokens.tolist(), shares.tolist())
        for row, (row_tokens, row_shares) in enumerate(likely):
            if self.ended[row] == GOING:
                kept = [LikelyToken(*one) for one in zip(row_tokens, row_shares)]
                self.top[row].append(kept)

    def take_newest(self, input_ids: torch.Tensor) -> list[bool]:
        """Take the newest token of every row; which rows are done."""
        for row, token in enumerate(input_ids[:, -1].tolist()):
            if self.ended[row] != GOING:
                continue
            if token in self.ends:
                self.ended[row] = END
            else:
                self.pieces[row].add(token)
        now = time.monotonic()
        if self.on_token is not None and now - self.reported > EVERY:
            self.reported = now
            self.on_token(self.answers_so_far())
        return [state != GOING for state in self.ended]

    def answers_so_far(self) -> list[Answer]:
        """What was said so far, without alternatives."""
        found = []
        for pieces, ended in zip(self.pieces, self.ended):
            texts = pieces.all
            answer = Answer(
                text="".join(texts),
                ids=tuple(pieces.ids),
                pieces=texts,
                ended=ended,
            )
            found.append(answer)
        return found

    def final_answers(self) -> list[Answer]:
        """What was said when no more will come; alternatives are named."""
        names = TokenNames(self.tokenizer)
        found = []
        for answer, top in zip(self.answers_so_far(), self.top):
            ended = LENGTH if answer.ended == GOING else answer.ended
            # The token that ends an answer is none of it.
            kept = top[: len(answer.ids)]
            named = tuple(names.named(likely) for likely in kept)
            found.append(replace(answer, ended=ended, top=named))
        return found


class Scores(LogitsProcessor):
    """The listener as the library calls it before a token is chosen."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (row, token) from which the likeliest token is taken."""
        return self.watch.process(scores)


class Ends(StoppingCriteria):
    """The listener as the library calls it after a token was chosen."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, **more: Any
    ) -> torch.Tensor:
        """Which rows are done (row,)."""
        return torch.tensor(self.watch.take_newest(input_ids), device=input_ids.device)


def end_tokens(loaded: Loaded) -> tuple[int, ...]:
    """Tokens that end an answer: those of the model's settings, and the tokenizer's.

    Files of one model often name different ones, and each does end an answer.
    """
    settings = getattr(loaded.model.generation_config, "eos_token_id", None)
    ends = list(settings) if isinstance(settings, list | tuple) else [settings]
    ends.append(loaded.tokenizer.eos_token_id)
    return tuple(dict.fromkeys(end for end in ends if end is not None))


def padding_token(loaded: Loaded, ends: Sequence[int]) -> int:
    """What is written behind an answer that has ended."""
    known = loaded.tokenizer.pad_token_id
    if known is not None:
        return known
    return ends[0] if ends else 0


@contextmanager
def own_settings_set_aside(loaded: Loaded) -> Iterator[None]:
    """Generate without the penalties and draws that a model's own settings ask for.

    They would add to what steering does.
    """
    own = loaded.model.generation_config
    loaded.model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        loaded.model.generation_config = own
