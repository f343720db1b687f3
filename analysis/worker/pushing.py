"""The second triangle on a loaded model: all sources, strengths and random directions of
a cell are rows of the same batches.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.concepts import corpora
from analysis.core.errors import SpecError
from analysis.core.templates import is_whole, prompt_ids
from analysis.pushing.held_out import HeldOut, PushedVectors, random_directions
from analysis.pushing.plan import asked_of, study_spec
from analysis.pushing.prompts import READOUTS, Prompt, Readout, of_cell
from analysis.pushing.specs import PushingSpec
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart
from analysis.worker.pushed_answers import Asking, as_asked, said_of

if TYPE_CHECKING:
    from analysis.model.load import Loaded
    from analysis.model.option_scoring import Asked
    from analysis.steering.resolve import ResolvedTerm

Compute = Callable[[Mapping[str, str]], dict[str, np.ndarray]]
OPERATOR, POSITIONS = "norm-relative addition", "all"


class Tokens(NamedTuple):
    """A text as it is read: what is given of it, and what is scored.

    All texts of a prompt are given the same.
    """

    given: list[int]
    scored: list[int]


class Push(NamedTuple):
    """One push at one prompt: its array in the trial, its places there, its vector."""

    array: str
    place: int
    strength: int
    vector: np.ndarray


class Read(NamedTuple):
    """What is read of one prompt under one push: the readout, and surprise per token."""

    value: float
    surprise: float


@dataclass(frozen=True)
class Pusher:
    """A model, and all that pushes at the prompts of one concept."""

    loaded: "Loaded"
    spec: PushingSpec
    vectors: PushedVectors
    held: HeldOut
    drawn: np.ndarray
    check: Callable[[], None]

    def pushes(self, prompt: Prompt) -> Iterator[Push]:
        """Every push at a prompt: sources that have a vector, then random directions."""
        for place, source in enumerate(self.spec.sources):
            array = self.held.array_for(source, prompt.pair)
            vector = self.vectors.vector(array, source)
            if vector is not None:
                yield from self.at_every_strength("effect", place, vector)
        for place, vector in enumerate(self.drawn):
            yield from self.at_every_strength("random", place, vector)

    def at_every_strength(
        self, array: str, place: int, vector: np.ndarray
    ) -> Iterator[Push]:
        """A vector at all strengths."""
        for strength in range(len(self.spec.strengths)):
            yield Push(array, place, strength, vector)

    def terms(self, push: Push | None) -> "tuple[ResolvedTerm, ...]":
        """One push as it is added to the states; nothing without one."""
        from analysis.steering.resolve import ResolvedTerm

        if push is None:
            return ()
        layer = self.spec.layer
        strength = {layer: self.spec.strengths[push.strength]}
        return (ResolvedTerm({layer: push.vector}, strength, OPERATOR, POSITIONS),)

    def asked(self, texts: Sequence[Tokens], push: Push | None) -> "Asked":
        """The texts of a prompt under one push."""
        from analysis.model.batches import EncodedRow
        from analysis.model.hooks import Row
        from analysis.model.option_scoring import Asked

        row = EncodedRow(Row("", self.terms(push)), texts[0].given)
        return Asked(row, [text.scored for text in texts])

    def nats(self, asked: "Sequence[Asked]") -> list[np.ndarray]:
        """Log-probabilities (text,) of what is scored of each text, push by push."""
        from analysis.model.pushed_scoring import pushed_nats

        return pushed_nats(self.loaded, asked, self.check)


def measurer(
    loaded: "Loaded",
    study: Study,
    spec: PushingSpec,
    part: TrialPart,
    check: Callable[[], None],
) -> Compute:
    """The function that computes a cell of the trial: a concept in a target language."""
    corpus = corpora.find(study_spec(study).corpus_digest)

    def compute(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        concept = cell["concept"]
        asked = asked_of(study, spec, corpus, concept)
        pusher = Pusher(
            loaded,
            spec,
            PushedVectors(study, concept, spec.layer),
            asked.held,
            random_directions(spec.seed, concept, spec.draws, loaded.hidden),
            check,
        )
        target = cell["target"]
        prompts = of_cell(spec.readout, asked, target)
        if READOUTS[spec.readout].verdict:
            return answered(pusher, prompts, target, part)
        return measured(pusher, prompts, part)

    return compute


def measured(
    pusher: Pusher, prompts: Sequence[Prompt], part: TrialPart
) -> dict[str, np.ndarray]:
    """The arrays of a cell; NaN where there is no prompt or no vector."""
    readout = READOUTS[pusher.spec.readout]
    texts = [tokens_of(pusher.loaded, prompt, pusher.spec) for prompt in prompts]
    pushes: list[list[Push | None]] = []
    asked = []
    for prompt, of_prompt in zip(prompts, texts):
        own = [None, *pusher.pushes(prompt)]
        pushes.append(own)
        asked += [pusher.asked(of_prompt, push) for push in own]
    nats = iter(pusher.nats(asked))
    arrays = unknown(part)
    for number, prompt in enumerate(prompts):
        lengths = np.array([len(text.scored) for text in texts[number]])
        found = []
        for _ in pushes[number]:
            found.append(read(prompt, readout, next(nats), lengths))
        write_prompt(arrays, number, pushes[number], found)
    return arrays


def unknown(part: TrialPart) -> dict[str, np.ndarray]:
    """The arrays of a cell before anything is known."""
    arrays = {}
    for name in part.arrays:
        arrays[name] = np.full(part.shape(name), np.nan, np.float32)
    return arrays


def answered(
    pusher: Pusher, prompts: Sequence[Prompt], target: str, part: TrialPart
) -> dict[str, np.ndarray]:
    """The arrays of a cell whose prompts are answered, and the answers judged."""
    asking = Asking(pusher.loaded, pusher.spec.template, target, pusher.check)
    verdict = READOUTS[pusher.spec.readout].verdict
    pushes: list[list[Push | None]] = []
    for prompt in prompts:
        pushes.append([None, *pusher.pushes(prompt)])
    questions, terms = [], []
    for prompt, own in zip(prompts, pushes):
        for push in own:
            questions.append(prompt.question)
            terms.append(pusher.terms(push))
    said = iter(said_of(asking, questions, terms))
    arrays = unknown(part)
    for number, own in enumerate(pushes):
        found = []
        for _ in own:
            answer = next(said)
            found.append(Read(float(answer.verdict == verdict), answer.surprise))
        write_prompt(arrays, number, own, found)
    return arrays


def write_prompt(
    arrays: Mapping[str, np.ndarray],
    prompt: int,
    pushes: Sequence[Push | None],
    found: Sequence[Read],
) -> None:
    """Write what was read of a prompt into the arrays of its cell."""
    base = found[0]
    arrays["base"][prompt] = base.value
    for push, under in zip(pushes[1:], found[1:]):
        assert push is not None
        at = (push.place, push.strength, prompt)
        costs = "cost" if push.array == "effect" else "random-cost"
        arrays[push.array][at] = under.value - base.value
        arrays[costs][at] = under.surprise - base.surprise


def read(
    prompt: Prompt, readout: Readout, nats: np.ndarray, lengths: np.ndarray
) -> Read:
    """What is read of a prompt from log-probabilities (text,) and lengths (text,)."""
    per_token = nats / lengths
    counted = per_token if readout.per_token else nats
    split = len(prompt.first)
    value = log_sum(counted[:split])
    if prompt.second:
        value -= log_sum(counted[split:])
    return Read(float(value), -float(per_token.mean()))


def log_sum(values: np.ndarray) -> float:
    """The logarithm of the sum of what values are logarithms of; NaN stays."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))


def tokens_of(loaded: "Loaded", prompt: Prompt, spec: PushingSpec) -> list[Tokens]:
    """The texts of a prompt, its first kind before its second.

    SpecError for one that does not fit into the model's window.
    """
    from analysis.model.batches import too_long

    texts = (*prompt.first, *prompt.second)
    if prompt.question:
        found = behind_question(loaded, prompt.question, texts, spec.template)
    else:
        found = from_where_they_part(loaded, texts)
    longest = max(len(text.given) + len(text.scored) for text in found)
    if longest > loaded.window:
        raise too_long(longest, 0, loaded.window)
    return found


def behind_question(
    loaded: "Loaded", question: str, texts: Sequence[str], template: str
) -> list[Tokens]:
    """Texts that answer a question in a template."""
    asked = as_asked(loaded, question, template)
    (given,) = prompt_ids(loaded.tokenizer, [asked], is_whole(template))
    answers = loaded.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return [Tokens(given, answer) for answer in answers]


def from_where_they_part(loaded: "Loaded", texts: Sequence[str]) -> list[Tokens]:
    """Whole texts; what they begin with alike is given."""
    rows = prompt_ids(loaded.tokenizer, texts)
    shared = 0
    # Of each text at least one token is scored.
    while shared < min(map(len, rows)) - 1 and alike_at(rows, shared):
        shared += 1
    given = rows[0][:shared] or beginning(loaded)
    return [Tokens(given, row[shared:]) for row in rows]


def alike_at(rows: Sequence[Sequence[int]], place: int) -> bool:
    """Whether all rows have the same token at a place."""
    return len({row[place] for row in rows}) == 1


def beginning(loaded: "Loaded") -> list[int]:
    """What stands before a text where its tokenizer puts nothing there."""
    tokenizer = loaded.tokenizer
    for token in (tokenizer.bos_token_id, tokenizer.eos_token_id):
        if token is not None:
            return [token]
    raise SpecError(
        f"{loaded.spec.model} has no token that begins a text, and the members of a "
        "pair begin differently. Choose a readout with questions, or another model."
    )
