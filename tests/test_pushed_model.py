"""The second triangle on tiny models: numbers are those of one push at a time, a planted
direction moves what it should, and what was cut off goes on.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.concepts import corpora
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, written
from analysis.model import speed
from analysis.model.load import Loaded, preflight
from analysis.pushing.held_out import PushedVectors, random_directions
from analysis.pushing.plan import asked_of, begin, settled, tokens
from analysis.pushing.prompts import FACTS, Prompt, of_cell
from analysis.pushing.specs import PAIRS, PushingSpec
from analysis.study.study import Study
from analysis.worker.pushing import measurer, tokens_of
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

    def load(name: str):
        if name in ("concept_vector", "half_a", "half_b"):
            return study.load(name).copy(data=planted)
        return study.load(name)

    found = measured(llama, replace(study, load=load), spec_of(layer=LAYERS))
    english, french = found["effect"]
    assert (english[1] > english[0]).all() and (english[0] > 0).all()
    assert (french < 0).all()
    assert abs(found["random"]).mean() < english[1].mean()


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
