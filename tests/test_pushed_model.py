"""The second triangle on tiny models: numbers are those of one push at a time, a planted
direction moves what it should, and what was cut off goes on.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from analysis.concepts import corpora
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.specs import StudySpec
from analysis.control.refusals import EDITED
from analysis.control.specs import JudgingSpec
from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, written
from analysis.core.templates import prompt_ids
from analysis.model import speed
from analysis.model.generate import generate
from analysis.model.hooks import Row
from analysis.model.load import Loaded, preflight
from analysis.model.said import Answer
from analysis.pushing.held_out import PushedVectors, random_directions
from analysis.pushing.plan import asked_of, begin, settled, tokens
from analysis.pushing.prompts import (
    ANSWER_TOKENS,
    FACTS,
    REFUSALS,
    REFUSED,
    SHARE,
    Prompt,
    of_cell,
)
from analysis.pushing.specs import PAIRS, PushingSpec
from analysis.steering.resolve import ResolvedTerm
from analysis.steering.specs import GenerationSpec
from analysis.study.study import Study
from analysis.worker import pushed_answers
from analysis.worker.pushing import OPERATOR, POSITIONS, measurer, tokens_of
from analysis.worker.trials import TRIALS
from tests.planted import planted_study
from tests.test_steering import tiny
from tests.tiny import HIDDEN, LAYERS, VOCABULARY

CODES = ("en", "fr")
CELL = {"concept": "c", "target": "fr"}
GOOD, BAD = "a", "b"
"""The last letters of positive and of negative texts; a letter is a token."""


@pytest.fixture(scope="module")
def llama(tiny_folder) -> Loaded:
    """One tiny model."""
    return tiny("llama", tiny_folder)


@pytest.fixture
def study(tmp_path, monkeypatch) -> Study:
    """A study in memory of pairs that are kept in a home of its own."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    pairs = []
    for code in CODES:
        for number in range(8):
            text = f"{code} {number} is "
            pair = ContrastPair(f"p{number}", "c", code, text + GOOD, text + BAD)
            pairs.append(pair)
    corpus = Corpus("letters", tuple(pairs))
    corpora.keep(corpus)
    spec = StudySpec(
        ModelSpec("llama"), "letters", corpus.digest, ("c",), CODES, split="3 folds"
    )
    made = planted_study(("c",), CODES, (LAYERS, 8, HIDDEN))
    manifest = replace(made.manifest, spec=written(spec))
    return replace(made, manifest=manifest)


def spec_of(**changes: object) -> PushingSpec:
    """Two sources, one strength, few prompts."""
    options = {"strengths": (0.2, 0.6), "prompts": 4, "draws": 3} | changes
    return PushingSpec(ModelSpec("llama"), **options)  # pyright: ignore[reportArgumentType]


def measured(loaded: Loaded, study: Study, spec: PushingSpec) -> dict[str, np.ndarray]:
    """One cell of the trial."""
    part = begin(study, spec)
    known = part.spec_as(PushingSpec)
    return measurer(loaded, study, known, part, lambda: None)(CELL)


def pushed_alone(
    loaded: Loaded, ids: list[int], layer: int, vector: np.ndarray, share: float
) -> torch.Tensor:
    """Log-probabilities (token, vocabulary) of one text with one push, hooked by hand."""
    direction = torch.tensor(vector / np.linalg.norm(vector))

    def push(module: object, given: object, output: torch.Tensor) -> torch.Tensor:
        return output + share * output.norm(dim=-1, keepdim=True) * direction

    handle = loaded.blocks[layer - 1].register_forward_hook(push)
    try:
        with torch.inference_mode():
            logits = loaded.model(torch.tensor([ids])).logits[0]
    finally:
        handle.remove()
    return logits.log_softmax(-1)


def test_a_cell_is_what_one_push_at_a_time_gives(llama, study):
    """Source, strength, draw and prompt stand where they belong."""
    spec = settled(study, spec_of())
    found = measured(llama, study, spec)
    asked = asked_of(study, spec, corpora.load(corpora.offered()[-1]), "c")
    prompts = of_cell(PAIRS, asked, "fr")
    vectors = PushedVectors(study, "c", spec.layer)
    drawn = random_directions(spec.seed, "c", 3, HIDDEN)

    def odds(prompt, vector: np.ndarray, share: float) -> float:
        ends = []
        for text in tokens_of(llama, prompt, spec):
            logs = pushed_alone(
                llama, text.given + text.scored, spec.layer, vector, share
            )
            before = len(text.given) - 1
            at = logs[before : before + len(text.scored)]
            ends.append(at[range(len(text.scored)), text.scored].mean())
        return float(ends[0] - ends[1])

    for number, prompt in enumerate(prompts):
        array = asked.held.array_for("en", prompt.pair)
        vector = vectors.vector(array, "en")
        assert vector is not None
        base = odds(prompt, vector, 0.0)
        assert found["base"][number] == pytest.approx(base, abs=1e-4)
        change = odds(prompt, vector, 0.6) - base
        assert found["effect"][0, 1, number] == pytest.approx(change, abs=1e-4)
        change = odds(prompt, drawn[2], 0.2) - base
        assert found["random"][2, 0, number] == pytest.approx(change, abs=1e-4)
    assert {name: values.dtype for name, values in found.items()} == {
        name: np.dtype(np.float32) for name in begin(study, spec).arrays
    }


def test_a_direction_towards_the_answer_moves_and_one_away_moves_back(llama, study):
    """The output's own difference of the two letters, pushed in the last layer."""
    good, bad = (llama.tokenizer.convert_tokens_to_ids(each) for each in (GOOD, BAD))
    head = llama.model.get_output_embeddings().weight.detach().numpy()
    towards = head[good] - head[bad]
    towards = towards / np.linalg.norm(towards)
    signs = np.array([1.0, -1.0], np.float32)[None, :, None, None]
    shape = (1, 2, LAYERS, HIDDEN)
    planted = np.broadcast_to(towards, shape) * signs
    found = measured(llama, with_vectors(study, planted), spec_of(layer=LAYERS))
    english, french = found["effect"]
    assert (english[1] > english[0]).all() and (english[0] > 0).all()
    assert (french < 0).all()
    assert abs(found["random"]).mean() < english[1].mean()


def test_answers_are_written_and_judged_as_one_push_at_a_time_would_be(
    llama, study, monkeypatch
):
    """A direction towards a letter makes answers begin with it: here that is refusing."""
    listed = JudgingSpec(openings=EDITED, edited=("fr: a", "en: a"))
    monkeypatch.setattr(pushed_answers, "JUDGING", listed)
    spec = settled(study, spec_of(readout=REFUSED, layer=LAYERS, strengths=(0.2, 1.0)))
    towards = towards_letter(llama)
    found = measured(llama, with_vectors(study, towards), spec)
    base, pushed = found["base"], found["effect"]
    assert set(np.unique(base + pushed)) <= {0.0, 1.0}
    assert not base.any() and pushed[0, 1].all() and not pushed[1].any()
    corpus = corpora.load(corpora.offered()[-1])
    prompts = of_cell(REFUSED, asked_of(study, spec, corpus, "c"), "fr")
    row = Row(f"{prompts[2].question}\n", term_of(towards[0, 0, -1], spec))
    (answer,) = generate(llama, [row], GenerationSpec(ANSWER_TOKENS))
    assert answer.text.startswith("a")
    (plain,) = generate(llama, [Row(row.prompt)], GenerationSpec(ANSWER_TOKENS))
    dearer = surprise(llama, row.prompt, answer) - surprise(llama, row.prompt, plain)
    assert found["cost"][0, 1, 2] == pytest.approx(dearer, abs=1e-3)
    part = begin(study, spec)
    assert part.arrays["effect"].units == SHARE
    assert "to the model without a push" in part.arrays["cost"].long_name
    assert tokens(study, spec) > tokens(study, replace(spec, readout=REFUSALS)) / 10


def term_of(vector: np.ndarray, spec: PushingSpec) -> tuple[ResolvedTerm, ...]:
    """The strongest push of a spec."""
    layer = spec.layer
    strength = {layer: spec.strengths[-1]}
    return (ResolvedTerm({layer: vector}, strength, OPERATOR, POSITIONS),)


def surprise(loaded: Loaded, prompt: str, answer: Answer) -> float:
    """Nats per token of what was written, read by hand without a push."""
    (given,) = prompt_ids(loaded.tokenizer, [prompt])
    ids = list(answer.ids)
    with torch.inference_mode():
        logits = loaded.model(torch.tensor([given + ids])).logits[0]
    logs = logits.log_softmax(-1)[len(given) - 1 : -1]
    return -float(logs[range(len(ids)), ids].mean())


def towards_letter(loaded: Any) -> np.ndarray:
    """Vectors (1, language, layer, hidden) towards one letter, French ones away from it."""
    good = loaded.tokenizer.convert_tokens_to_ids(GOOD)
    head = loaded.model.get_output_embeddings().weight.detach().numpy()
    towards = head[good] - head.mean(0)
    signs = np.array([1.0, -1.0], np.float32)[None, :, None, None]
    return np.broadcast_to(towards, (1, 2, LAYERS, HIDDEN)) * signs


def with_vectors(study: Study, planted: np.ndarray) -> Study:
    """A study whose vectors and half vectors are planted."""

    def load(name: str):
        if name in ("concept_vector", "half_a", "half_b"):
            return study.load(name).copy(data=planted)
        return study.load(name)

    return replace(study, load=load)


def test_it_says_what_it_takes_and_what_is_missing(llama, study):
    """Cells, dimensions, tokens, and one sentence for each thing that cannot be."""
    part = begin(study, spec_of())
    assert part.number_of_cells == 2 and part.dims["prompt"] == ("1", "2", "3", "4")
    assert "other half" in part.notes[0]
    assert tokens(study, spec_of(draws=6)) > tokens(study, spec_of())
    assert TRIALS["pushing"].begin is begin
    with pytest.raises(SpecError, match="language"):
        begin(study, spec_of(targets=("xx",)))
    with pytest.raises(SpecError, match="layer 9"):
        begin(study, spec_of(layer=9))
    long = Prompt("long", "why? " * 40, ("so",), ("no",))
    with pytest.raises(SpecError, match="window"):
        tokens_of(llama, long, settled(study, spec_of()))
    answered = measured(llama, study, spec_of(readout=FACTS))
    assert np.isfinite(answered["effect"]).all() and answered["effect"].any()
    gap = np.where(np.array(CODES) == "en", np.nan, 1.0)[None, :, None, None]

    def load(name: str):
        if name in ("concept_vector", "half_a", "half_b"):
            return study.load(name) * gap
        return study.load(name)

    found = measured(llama, replace(study, load=load), spec_of())
    assert np.isnan(found["effect"][0]).all()
    assert np.isfinite(found["effect"][1]).all()


def test_the_time_told_counts_the_comparison_of_all_next_tokens(
    tiny_folder, monkeypatch
):
    """Which takes longer than the blocks where a vocabulary is large."""
    monkeypatch.setenv("BABELSCOPE_MODELS", str(tiny_folder))
    monkeypatch.setattr(speed, "processor_speed", lambda spec, width: 1.0)
    spec = ModelSpec("llama", device="cpu")
    seen = preflight(spec)
    told = speed.reading_seconds(spec, seen, 0, 10)
    assert told == speed.PER_WEIGHT * 10 * VOCABULARY * HIDDEN
    assert TRIALS["pushing"].scored is tokens
