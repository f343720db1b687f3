"""A report card on a loaded model: the vector and its random twins are rows of the same
batches, in every language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.certificates.card_plan import Paper, check_file, paper
from analysis.certificates.specs import (
    ANSWERS,
    FRAMES,
    GREEDY,
    PLACES,
    REQUESTED,
    SURROUNDINGS,
    ReportCardSpec,
)
from analysis.concepts import corpora
from analysis.core.templates import CHAT
from analysis.pushing.held_out import WHOLE, PushedVectors, random_directions
from analysis.pushing.plan import study_spec
from analysis.pushing.prompts import Prompt
from analysis.pushing.specs import PushingSpec
from analysis.steering.fluency import has_drifted, recognisable, repetition
from analysis.steering.vector_files import load_vectors
from analysis.study.study import Study
from analysis.study.trial_part import TrialPart
from analysis.worker.pushing import OPERATOR, POSITIONS, Tokens, alike_at, tokens_of

if TYPE_CHECKING:
    from analysis.model.batches import EncodedRow
    from analysis.model.load import Loaded
    from analysis.steering.resolve import ResolvedTerm

Compute = Callable[[Mapping[str, str]], dict[str, np.ndarray]]
TEMPERATURE = 0.8
"""At which answers are drawn."""


@dataclass(frozen=True)
class Pushed:
    """A text under one push: ``vector`` is its place in the trial, 0 none, 1 the vector."""

    tokens: Tokens
    vector: int
    array: str = WHOLE
    dose: float = 1.0
    positions: str = POSITIONS


@dataclass(frozen=True)
class Examiner:
    """A model, and all that pushes in one language."""

    loaded: "Loaded"
    spec: ReportCardSpec
    language: str
    vectors: Mapping[str, np.ndarray | None]
    twins: np.ndarray
    check: Callable[[], None]

    @property
    def known(self) -> list[int]:
        """Places of the pushes that there is a vector for."""
        places = [0, *range(2, 2 + len(self.twins))]
        if self.vectors[WHOLE] is not None:
            places.insert(1, 1)
        return places

    def terms(self, pushed: Pushed) -> "tuple[ResolvedTerm, ...]":
        """The push of a row; none for a place without."""
        from analysis.steering.resolve import ResolvedTerm

        if pushed.vector == 0:
            return ()
        vector = self.vectors.get(pushed.array)
        if pushed.vector > 1:
            vector = self.twins[pushed.vector - 2]
        if vector is None:
            return ()
        layer = self.spec.layer
        strength = {layer: self.spec.strength * pushed.dose}
        term = ResolvedTerm({layer: vector}, strength, OPERATOR, pushed.positions)
        return (term,)

    def row(self, pushed: Pushed) -> "EncodedRow":
        """A text under its push."""
        from analysis.model.batches import EncodedRow
        from analysis.model.hooks import Row

        row = Row("", self.terms(pushed))
        return EncodedRow(row, pushed.tokens.given, pushed.tokens.scored)

    def nats_per_token(self, pushed: Sequence[Pushed]) -> np.ndarray:
        """Log-probability per token (text,) of what is scored; NaN without its vector."""
        from analysis.model.scoring import read_following, summed_nats

        rows = [self.row(each) for each in pushed]
        nats = np.array(read_following(self.loaded, rows, summed_nats, self.check))
        lengths = np.array([len(each.tokens.scored) for each in pushed])
        return nats / lengths


def measurer(
    loaded: "Loaded",
    study: Study,
    spec: ReportCardSpec,
    part: TrialPart,
    check: Callable[[], None],
) -> Compute:
    """The function that computes a language of the report card."""
    corpus = corpora.find(study_spec(study).corpus_digest)
    twins = random_directions(spec.seed, "report card", spec.twins, loaded.hidden)

    def compute(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        language = cell["language"]
        asked = paper(study, spec, corpus, language)
        vectors = vectors_of(study, spec, language)
        examiner = Examiner(loaded, spec, language, vectors, twins, check)
        arrays = {}
        for name in part.arrays:
            arrays[name] = np.full(part.shape(name), np.nan, np.float32)
        put_pairs(examiner, asked, arrays)
        if spec.paraphrases:
            put_retold(examiner, asked, arrays["retold"])
            put_answered(examiner, asked, arrays["answered"])
            put_reworded(examiner, asked, arrays["reworded"])
        put_others(examiner, asked, arrays["others"])
        put_facts(examiner, asked, arrays["right"])
        put_sentences(examiner, asked, arrays["surprise"])
        put_answers(examiner, asked, arrays)
        return arrays

    return compute


def vectors_of(
    study: Study, spec: ReportCardSpec, language: str
) -> dict[str, np.ndarray | None]:
    """Vectors by the array that they stand in; all the same where a file is tried.

    SpecError for a file that does not fit the study.
    """
    arrays = (WHOLE, "half_a", "half_b")
    if spec.file:
        kept = load_vectors(spec.file)
        check_file(study, tuple(kept), spec.layer, next(iter(kept.values())).size)
        vector = np.asarray(kept[spec.layer], np.float32)
        return dict.fromkeys(arrays, vector)
    known = PushedVectors(study, spec.concept, spec.layer)
    source = spec.source or language
    found: dict[str, np.ndarray | None] = {}
    for array in arrays:
        found[array] = known.vector(array, source) if study.has(array) else None
    return found


def pair_tokens(examiner: Examiner, prompt: Prompt, before: str = "") -> list[Tokens]:
    """The two texts of a pair, with something before both."""
    framed = prompt._replace(
        first=tuple(before + text for text in prompt.first),
        second=tuple(before + text for text in prompt.second),
    )
    spec = PushingSpec(examiner.spec.model, template=examiner.spec.template)
    return tokens_of(examiner.loaded, framed, spec)


def log_odds(
    examiner: Examiner, texts: Sequence[Sequence[Tokens]], like: Sequence[Pushed]
) -> np.ndarray:
    """Log-odds (row,) per token of the first text against the second, as ``like`` is pushed."""
    rows = []
    for both, pushed in zip(texts, like):
        for tokens in both:
            rows.append(
                Pushed(
                    tokens, pushed.vector, pushed.array, pushed.dose, pushed.positions
                )
            )
    nats = examiner.nats_per_token(rows)
    return nats[0::2] - nats[1::2]


def put_pairs(
    examiner: Examiner, asked: Paper, arrays: Mapping[str, np.ndarray]
) -> None:
    """Write doses, other surroundings and other tokens of the concept's own pairs."""
    source = examiner.spec.source or examiner.language
    texts, pushes, places = [], [], []
    for number, prompt in enumerate(asked.pairs):
        array = asked.held.array_for(source, prompt.pair)
        plain = pair_tokens(examiner, prompt)
        for vector in examiner.known:
            for place, dose in enumerate(examiner.spec.doses):
                texts.append(plain)
                pushes.append(Pushed(plain[0], vector, array, dose))
                places.append(("effect", vector, place, number))
            for place, before in enumerate(FRAMES.values()):
                texts.append(pair_tokens(examiner, prompt, before))
                pushes.append(Pushed(plain[0], vector, array))
                places.append(("framed", vector, place, number))
            for place, positions in enumerate(PLACES):
                texts.append(plain)
                pushes.append(Pushed(plain[0], vector, array, 1.0, positions))
                places.append(("placed", vector, place, number))
    for (name, *at), value in zip(places, log_odds(examiner, texts, pushes)):
        arrays[name][tuple(at)] = value


def put_retold(examiner: Examiner, asked: Paper, values: np.ndarray) -> None:
    """Write log-odds of pairs in words of their language (vector, surrounding, prompt)."""
    found = PairRows(examiner, asked)
    for place, name in enumerate(SURROUNDINGS):
        before = asked.surroundings.before.get(name)
        if before is None:
            continue
        for number, prompt in enumerate(asked.pairs):
            found.add(prompt, pair_tokens(examiner, prompt, before), (place, number))
    found.write(values)


def put_answered(examiner: Examiner, asked: Paper, values: np.ndarray) -> None:
    """Write log-odds of pairs as answers to a request (vector, template, prompt)."""
    request = asked.surroundings.request
    if not request:
        return
    found = PairRows(examiner, asked)
    for place, template in enumerate(REQUESTED):
        if template == CHAT and not examiner.loaded.tokenizer.chat_template:
            continue
        spec = PushingSpec(examiner.spec.model, template=template)
        for number, prompt in enumerate(asked.pairs):
            answers = prompt._replace(question=request)
            both = tokens_of(examiner.loaded, answers, spec)
            found.add(prompt, from_the_parting(both), (place, number))
    found.write(values)


def put_reworded(examiner: Examiner, asked: Paper, values: np.ndarray) -> None:
    """Write log-odds of pairs in both wordings (vector, wording, paraphrase)."""
    found = PairRows(examiner, asked)
    for number, pair in enumerate(asked.reworded):
        for place, prompt in enumerate(pair):
            found.add(prompt, pair_tokens(examiner, prompt), (place, number))
    found.write(values)


def from_the_parting(texts: Sequence[Tokens]) -> list[Tokens]:
    """Texts whose common beginning is given too; at least one token of each is scored."""
    rows = [text.scored for text in texts]
    shared = 0
    while shared < min(map(len, rows)) - 1 and alike_at(rows, shared):
        shared += 1
    found = []
    for text in texts:
        given = [*text.given, *text.scored[:shared]]
        found.append(Tokens(given, text.scored[shared:]))
    return found


class PairRows:
    """Pairs under every push at full strength, with where their log-odds are written."""

    def __init__(self, examiner: Examiner, asked: Paper) -> None:
        self.examiner = examiner
        self.held = asked.held
        self.source = examiner.spec.source or examiner.language
        self.texts: list[Sequence[Tokens]] = []
        self.pushes: list[Pushed] = []
        self.places: list[tuple[int, ...]] = []

    def add(
        self, prompt: Prompt, both: Sequence[Tokens], place: tuple[int, ...]
    ) -> None:
        """The two texts of a pair, pushed by what it did not make; ``place`` behind the push."""
        array = self.held.array_for(self.source, prompt.pair)
        for vector in self.examiner.known:
            self.texts.append(both)
            self.pushes.append(Pushed(both[0], vector, array))
            self.places.append((vector, *place))

    def write(self, values: np.ndarray) -> None:
        """Write the log-odds of all at their places."""
        if not self.texts:
            return
        found = log_odds(self.examiner, self.texts, self.pushes)
        for at, value in zip(self.places, found):
            values[at] = value


def put_others(examiner: Examiner, asked: Paper, values: np.ndarray) -> None:
    """Write log-odds of other concepts' pairs (vector, other, prompt)."""
    texts, pushes, places = [], [], []
    for place, prompts in enumerate(asked.others.values()):
        for number, prompt in enumerate(prompts):
            both = pair_tokens(examiner, prompt)
            for vector in examiner.known:
                texts.append(both)
                pushes.append(Pushed(both[0], vector))
                places.append((vector, place, number))
    if not texts:
        return
    for at, value in zip(places, log_odds(examiner, texts, pushes)):
        values[at] = value


def put_facts(examiner: Examiner, asked: Paper, values: np.ndarray) -> None:
    """Write whether the right answer is likeliest (vector, fact)."""
    spec = PushingSpec(examiner.spec.model, template=examiner.spec.template)
    for number, fact in enumerate(asked.facts):
        prompt = Prompt(fact.name, fact.question, (fact.right,), fact.wrong)
        options = tokens_of(examiner.loaded, prompt, spec)
        rows = []
        for vector in examiner.known:
            rows += [Pushed(option, vector) for option in options]
        nats = examiner.nats_per_token(rows).reshape(-1, len(options))
        for vector, of_options in zip(examiner.known, nats):
            # Behind numbers that are none nothing is right.
            values[vector, number] = of_options[0] == np.nanmax(of_options)


def put_sentences(examiner: Examiner, asked: Paper, values: np.ndarray) -> None:
    """Write the surprise at neutral sentences (vector, sentence)."""
    rows, places = [], []
    for number, sentence in enumerate(asked.sentences):
        tokens = whole_text(examiner, sentence)
        for vector in examiner.known:
            rows.append(Pushed(tokens, vector))
            places.append((vector, number))
    if not rows:
        return
    for at, value in zip(places, examiner.nats_per_token(rows)):
        values[at] = -value


def whole_text(examiner: Examiner, text: str) -> Tokens:
    """A text of which everything is scored that has something before it."""
    from analysis.worker.pushing import from_where_they_part

    (tokens,) = from_where_they_part(examiner.loaded, (text,))
    everything = [*tokens.given, *tokens.scored]
    return Tokens(everything[:1], everything[1:])


def put_answers(
    examiner: Examiner, asked: Paper, arrays: Mapping[str, np.ndarray]
) -> None:
    """Write drift and repetition of answers to neutral openings (vector, draw, answer)."""
    from analysis.core.templates import apply_template, is_whole
    from analysis.model.generate import generate
    from analysis.model.hooks import Row
    from analysis.steering.specs import GenerationSpec

    if not asked.openings:
        return
    spec = examiner.spec
    prompts = apply_template(spec.template, examiner.loaded.tokenizer, asked.openings)
    whole = is_whole(spec.template)
    rows, places = [], []
    for number, prompt in enumerate(prompts):
        for vector in examiner.known:
            terms = examiner.terms(Pushed(Tokens([], []), vector))
            rows.append(Row(prompt, terms, whole=whole))
            places.append((vector, number))
    for draw, how in enumerate(ANSWERS):
        temperature = 0.0 if how == GREEDY else TEMPERATURE
        asking = GenerationSpec(spec.tokens, temperature, spec.seed)
        said = generate(examiner.loaded, rows, asking, check=examiner.check)
        for (vector, number), answer in zip(places, said):
            at = (vector, draw, number)
            arrays["repeated"][at] = repetition(answer.text, examiner.language)
            if recognisable(examiner.language):
                arrays["drifted"][at] = has_drifted(answer.text, examiner.language)
