"""Answers to steered prompts, many rows at once, streamed token by token."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial

import torch
from transformers import GenerationConfig, LogitsProcessor, StoppingCriteria

from analysis.core.errors import AnalysisError, ModelError
from analysis.model.batches import batch, encode, token_name
from analysis.model.hooks import Geometry, Row, steered
from analysis.model.load import Loaded, out_of_memory, release
from analysis.steering.specs import GenerationSpec

MOST_ROWS = 128
"""Rows in one batch."""
EVERY = 0.1
"""Seconds between two reports of what was said so far."""
END, LENGTH, BROKEN, GOING = "end", "length", "not finite", "going on"
GREEDY = GenerationSpec()


@dataclass(frozen=True)
class Answer:
    """What one row said: ``pieces`` has one text per token (empty while a character is not whole) and joins to ``text``.

    ``ended``: by the model's own end ("end"), at the asked length ("length"), or because its states were no longer finite.
    ``top``: per token the likeliest next tokens with their probabilities, as many as were asked for. ``conditions``: the prompt's
    cosine for each condition of its steering, and whether it was met.
    """

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    ended: str
    top: tuple[tuple[tuple[str, float], ...], ...] = ()
    conditions: tuple[tuple[float, bool], ...] = ()


class Pieces:
    """Token ids in, text out: a character split over several tokens appears with its last one."""

    def __init__(self, tokenizer: object):
        self.tokenizer, self.ids, self.texts = tokenizer, [], []
        self.shown, self.base = 0, 0

    def add(self, token: int) -> None:
        """Take one more token."""
        self.ids.append(token)
        before = self.tokenizer.decode(
            self.ids[self.base : self.shown], skip_special_tokens=True
        )
        now = self.tokenizer.decode(self.ids[self.base :], skip_special_tokens=True)
        if now.endswith("\ufffd") and len(self.ids) - self.shown < 8:
            self.texts.append("")
            return
        self.texts.append(now[len(before) :])
        self.base, self.shown = self.shown, len(self.ids)

    @property
    def all(self) -> tuple[str, ...]:
        """One text per token; bytes that never became a character are shown as the replacement character."""
        rest = self.tokenizer.decode(self.ids[self.shown :], skip_special_tokens=True)
        return (
            (*self.texts[:-1], self.texts[-1] + rest)
            if self.texts and self.shown < len(self.ids)
            else tuple(self.texts)
        )


class Watch:
    """Listens to one batch while it is generated: draws tokens with each row's own seed, keeps alternatives, finds broken rows."""

    def __init__(
        self, loaded: Loaded, rows: int, spec: GenerationSpec, on_token: Callable | None
    ):
        self.loaded, self.spec, self.on_token = loaded, spec, on_token
        self.pieces = [Pieces(loaded.tokenizer) for _ in range(rows)]
        self.ended = [GOING] * rows
        self.top: list[list] = [[] for _ in range(rows)]
        self.ends = set(end_tokens(loaded))
        self.noise = torch.Generator(device="cpu").manual_seed(spec.seed)
        self.told = 0.0

    def process(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (row, token) from which the likeliest token is taken next."""
        low, high = scores.aminmax(dim=-1)
        broken = ~(
            torch.isfinite(high) & (low < high)
        )  # a norm that overflows leaves scores that are all the same
        if broken.any():
            for row in broken.nonzero()[:, 0].tolist():
                self.ended[row] = (
                    BROKEN if self.ended[row] == GOING else self.ended[row]
                )
            scores = torch.where(broken[:, None], torch.zeros_like(scores), scores)
        if self.spec.alternatives:
            self.keep(scores)
        if not self.spec.temperature:
            return scores
        # The Gumbel trick: the largest noisy score is a draw from the softmax. All rows share the noise, so that two rows with the
        # same scores say the same, and a row says the same alone or in any batch.
        uniform = torch.rand(
            scores.shape[-1], generator=self.noise, dtype=torch.float64
        ).clamp(1e-12, 1 - 1e-12)
        gumbel = -(-uniform.log()).log()
        return scores.double() / self.spec.temperature + gumbel.to(scores.device)

    def keep(self, scores: torch.Tensor) -> None:
        """Keep the likeliest next tokens of every row that goes on."""
        shares, tokens = scores.float().softmax(-1).topk(self.spec.alternatives)
        for row, (share, token) in enumerate(zip(shares.tolist(), tokens.tolist())):
            if self.ended[row] == GOING:
                self.top[row].append(tuple(zip(token, share)))

    def stop(self, input_ids: torch.Tensor) -> list[bool]:
        """Take the newest token of every row; which rows are done."""
        for row, token in enumerate(input_ids[:, -1].tolist()):
            if self.ended[row] == GOING:
                if token in self.ends:
                    self.ended[row] = END
                else:
                    self.pieces[row].add(token)
        if self.on_token is not None and time.monotonic() - self.told > EVERY:
            self.told = time.monotonic()
            self.on_token(self.answers())
        return [state != GOING for state in self.ended]

    def answers(self, over: bool = False) -> list[Answer]:
        """What was said so far, without alternatives; ``over``: no more will come, and alternatives are named."""
        name, found = cache(partial(token_name, self.loaded)), []
        for pieces, ended, top in zip(self.pieces, self.ended, self.top):
            texts = pieces.all
            kept = top[: len(pieces.ids)] if over else ()
            named = tuple(
                tuple((name(token), share) for token, share in likely)
                for likely in kept
            )
            ended = LENGTH if over and ended == GOING else ended
            found.append(Answer("".join(texts), tuple(pieces.ids), texts, ended, named))
        return found


class Scores(LogitsProcessor):
    """The listener as the library calls it before a token is chosen."""

    def __init__(self, watch: Watch):
        self.watch = watch

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return self.watch.process(input_ids, scores)


class Ends(StoppingCriteria):
    """The listener as the library calls it after a token was chosen."""

    def __init__(self, watch: Watch):
        self.watch = watch

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, **more: object
    ) -> torch.Tensor:
        return torch.tensor(self.watch.stop(input_ids), device=input_ids.device)


def end_tokens(loaded: Loaded) -> tuple[int, ...]:
    """Tokens that end an answer."""
    known = getattr(loaded.model.generation_config, "eos_token_id", None)
    known = loaded.tokenizer.eos_token_id if known is None else known
    return (
        ()
        if known is None
        else tuple(known)
        if isinstance(known, list | tuple)
        else (known,)
    )


@contextmanager
def plainly(loaded: Loaded) -> Iterator[None]:
    """Generate without the penalties and draws that a model's own settings ask for: they would add to what steering does."""
    own = loaded.model.generation_config
    loaded.model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        loaded.model.generation_config = own


def generate(
    loaded: Loaded,
    rows: Sequence[Row],
    spec: GenerationSpec = GREEDY,
    on_token: Callable[[list[Answer]], None] | None = None,
    check: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """One answer per row, all rows in as few batches as fit into memory; rows of any mix of terms, the baseline among them.

    ``on_token`` gets what every row has said so far, some times a second; ``check`` is called after every block and may raise.
    SpecError for prompts that are empty or too long and terms that do not fit the model; ModelError when one row does not fit
    into memory.
    """
    prompts = encode(loaded, rows, spec.tokens)
    waiting = [
        list(range(len(rows)))[i : i + MOST_ROWS]
        for i in range(0, len(rows), MOST_ROWS)
    ]
    said: dict[int, Answer] = {}
    blank = Answer("", (), (), GOING)
    while waiting:
        now, *waiting = waiting

        def tell(
            answers: list[Answer],
            now: list[int] = now,
            before: dict[int, Answer] = said,
        ) -> None:
            latest = before | dict(zip(now, answers))
            on_token([latest.get(i, blank) for i in range(len(rows))])

        given = [rows[i] for i in now], [prompts[i] for i in now]
        answers = attempt(loaded, given, (spec, tell if on_token else None), check)
        if answers is None:
            release()
            middle = len(now) // 2
            waiting = [now[:middle], now[middle:], *waiting]
            continue
        said.update(zip(now, answers))
        if on_token:
            tell(answers)
    return [said[i] for i in range(len(rows))]


def attempt(
    loaded: Loaded, given: tuple, how: tuple, check: Callable[[], None]
) -> list[Answer] | None:
    """The answers of one batch, or None when it does not fit into memory; ModelError when a single row was too much."""
    try:
        return answer_batch(loaded, given, how, check)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, AnalysisError) or not out_of_memory(error):
            raise
        if len(given[0]) == 1:
            raise ModelError(
                "A single answer does not fit into memory. Ask for fewer tokens or choose a smaller model."
            ) from error
    return None


@torch.inference_mode()
def answer_batch(
    loaded: Loaded, given: tuple, how: tuple, check: Callable[[], None]
) -> list[Answer]:
    """The answers of one batch."""
    (rows, prompts), (spec, on_token) = given, how
    asked = batch(loaded, rows, prompts)
    watch = Watch(loaded, len(rows), spec, on_token)
    ends = end_tokens(loaded)
    pad = loaded.tokenizer.pad_token_id
    with plainly(loaded), steered(loaded, rows, Geometry(asked.places), check) as plan:
        loaded.model.generate(
            input_ids=asked.tokens,
            attention_mask=asked.mask,
            max_new_tokens=spec.tokens,
            do_sample=False,
            use_cache=True,
            pad_token_id=pad if pad is not None else ends[0] if ends else 0,
            eos_token_id=list(ends) or None,
            logits_processor=[Scores(watch)],
            stopping_criteria=[Ends(watch)],
        )
    return [
        replace(answer, conditions=plan.conditions(i))
        for i, answer in enumerate(watch.answers(over=True))
    ]
