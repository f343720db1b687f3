"""A report card: a planted good vector passes, a random one fails, costs are told."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from analysis.certificates import report_card
from analysis.certificates.card_plan import arrays_of as arrays_of_trial
from analysis.certificates.card_plan import begin, dims_of, paper, settled, tokens
from analysis.certificates.report_card import (
    BAD,
    COSTS,
    FAILS,
    GOOD,
    PASSES,
    UNKNOWN,
    examined,
    verdict,
)
from analysis.certificates.specs import NAME, PARAPHRASES, ReportCardSpec
from analysis.concepts import corpora
from analysis.concepts.pairs import ContrastPair, Corpus
from analysis.concepts.specs import StudySpec
from analysis.core.errors import SpecError
from analysis.core.specs import ModelSpec, digest, from_dict, written
from analysis.model.load import Loaded
from analysis.overview import registry
from analysis.pushing.held_out import random_directions
from analysis.study import store, trials
from analysis.study.study import Study
from analysis.worker.pushing import Tokens
from analysis.worker.report_card import from_the_parting, measurer
from analysis.worker.trials import TRIALS
from analysis.worker.trials import spec_of as spec_of_trial
from components.figures.gallery import draw
from components.figures.spec import Matrix
from components.printing.sheet import compose
from components.printing.venues import Look
from components.screen import to_plotly
from tests.planted import planted_study
from tests.planted_card import arrays_of, plant_card
from tests.stored import stored
from tests.test_pushed_model import BAD as BAD_LETTER
from tests.test_pushed_model import GOOD as GOOD_LETTER
from tests.test_steering import tiny
from tests.tiny import HIDDEN, LAYERS
from tests.visits import visit, words

CODES = ("en", "fr")
CONCEPTS = ("c", "d")
EARLIER_DIGEST = "e6ad8ce52f9dc1e1"
"""Of a card before paraphrases were asked."""


def lights(arrays: dict) -> dict[str, str]:
    """Light by check."""
    return {name: sheet.light for name, sheet in examined(arrays).items()}


def test_a_good_vector_passes_and_a_random_one_fails():
    """In 100 languages each; of random ones 2.5 of 100 pass by the twins' bound.

    More than 8 of 100 would come in 7 of 10,000 such tests.
    """
    rng = np.random.default_rng(0)
    good = [verdict(lights(arrays_of(rng, 1.0))) for _ in range(100)]
    assert good.count(PASSES) >= 95
    random = [verdict(lights(arrays_of(rng, 0.0))) for _ in range(100)]
    assert 100 - random.count(FAILS) <= 8


@pytest.mark.parametrize(
    ("check", "costs"),
    [
        ("perplexity", {"surprise": 0.4}),
        ("drift", {"drifted": 0.5}),
        ("repetition", {"repeated": 0.5}),
        ("positions", {"placed": 0.05}),
        ("rewordings", {"reworded": 0.05}),
        ("collateral", {"others": 1.0}),
        ("answers", {"right": -0.6}),
    ],
)
def test_each_cost_turns_its_own_light(check, costs):
    found = lights(arrays_of(np.random.default_rng(1), 1.0, **costs))
    assert found[check] == BAD
    assert verdict(found) == COSTS
    spared = {name for name, light in found.items() if light == GOOD}
    assert {"control", "monotony"} <= spared
    fine = lights(arrays_of(np.random.default_rng(1), 1.0))
    assert set(fine.values()) == {GOOD}


def test_what_was_not_measured_is_told():
    arrays = arrays_of(np.random.default_rng(2), 1.0)
    arrays["drifted"] = np.full_like(arrays["drifted"], np.nan)
    found = lights(arrays)
    assert found["drift"] == UNKNOWN and found["sampling"] == GOOD
    assert verdict(found) == PASSES
    weak = lights(arrays_of(np.random.default_rng(2), 0.0))
    assert weak["framings"] == weak["collateral"] == UNKNOWN


def test_what_changes_only_some_ways_is_told_by_the_worst():
    arrays = arrays_of(np.random.default_rng(3), 1.0)
    for name, place in (("retold", 2), ("answered", 1)):
        arrays[name][:, place] = arrays[name][:1, place]
    found = lights(arrays)
    assert found["retellings"] == found["templates"] == BAD
    assert verdict(found) == COSTS


def test_a_template_that_a_model_lacks_is_no_fault():
    arrays = arrays_of(np.random.default_rng(4), 1.0)
    arrays["answered"][:, 1] = np.nan
    assert lights(arrays)["templates"] == GOOD
    arrays["answered"][:] = np.nan
    assert lights(arrays)["templates"] == UNKNOWN


def test_what_differs_between_pairs_is_no_fault_of_other_words():
    """Pairs that move by very different amounts, and as much in other words."""
    arrays = arrays_of(np.random.default_rng(5), 1.0)
    apart = np.linspace(-3, 3, arrays["reworded"].shape[-1])
    arrays["reworded"][1] += apart
    sheet = examined(arrays)["rewordings"]
    assert sheet.light == GOOD and sheet.value.high - sheet.value.low < 0.5


@pytest.fixture(scope="module")
def llama(tiny_folder) -> Loaded:
    """One tiny model."""
    return tiny("llama", tiny_folder)


@pytest.fixture
def study(tmp_path, monkeypatch, llama) -> Study:
    """A study whose vector of “c” is what the output tells the two letters apart by."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    pairs = []
    for concept in CONCEPTS:
        for code in CODES:
            for number in range(8):
                text = f"{concept} {code} {number} is "
                last = (GOOD_LETTER, BAD_LETTER) if concept == "c" else ("x", "y")
                one = ContrastPair(
                    f"{concept}{number}", concept, code, text + last[0], text + last[1]
                )
                pairs.append(one)
    corpus = Corpus("letters", tuple(pairs))
    corpora.keep(corpus)
    spec = StudySpec(
        ModelSpec("llama"), "letters", corpus.digest, CONCEPTS, CODES, split="3 folds"
    )
    made = planted_study(CONCEPTS, CODES, (LAYERS, 8, HIDDEN))
    ids = llama.tokenizer.convert_tokens_to_ids([GOOD_LETTER, BAD_LETTER])
    head = llama.model.get_output_embeddings().weight.detach().numpy()
    towards = head[ids[0]] - head[ids[1]]
    random = random_directions(7, "no twin", 1, HIDDEN)[0]
    planted = np.stack([towards, random])[:, None, None]
    planted = np.broadcast_to(planted, (2, 2, LAYERS, HIDDEN)).astype(np.float32)

    def load(name: str) -> xr.DataArray:
        if name in ("concept_vector", "half_a", "half_b"):
            return made.load(name).copy(data=planted)
        return made.load(name)

    manifest = replace(made.manifest, spec=written(spec))
    return replace(made, manifest=manifest, load=load)


def spec_of(**changes: object) -> ReportCardSpec:
    """Few prompts, pushed in the last layer."""
    options = {
        "layer": LAYERS,
        "strength": 0.6,
        "prompts": 6,
        "facts": 4,
        "sentences": 4,
        "tokens": 4,
        "answers": 4,
        "others": 1,
        "twins": 4,
        "paraphrases": 4,
    }
    return ReportCardSpec(ModelSpec("llama"), **options | changes)  # pyright: ignore[reportArgumentType]


def card_of(
    loaded: Loaded, study: Study, spec: ReportCardSpec
) -> dict[str, np.ndarray]:
    """The arrays of the trial in French."""
    part = begin(study, spec)
    known = part.spec_as(ReportCardSpec)
    found = measurer(loaded, study, known, part, lambda: None)({"language": "fr"})
    for name, values in found.items():
        assert values.shape == part.shape(name) and values.dtype == np.float32
    return found


def test_on_a_model_the_planted_vector_works_and_a_random_one_does_not(llama, study):
    found = card_of(llama, study, spec_of(concept="c"))
    sheets = examined(found)
    assert sheets["control"].light == GOOD and sheets["monotony"].light == GOOD
    assert np.isfinite(found["right"]).all() and np.isfinite(found["surprise"]).all()
    assert np.isfinite(found["repeated"]).all()
    again = card_of(llama, study, spec_of(concept="c"))
    np.testing.assert_array_equal(found["effect"], again["effect"])
    random = examined(card_of(llama, study, spec_of(concept="d")))
    assert random["control"].light == BAD


def test_it_says_what_it_takes_and_what_cannot_be(llama, study):
    part = begin(study, spec_of())
    assert part.cells == ("language",) and part.dims["other"] == ("d",)
    assert settled(study, spec_of()).concept == "c"
    assert tokens(study, spec_of(twins=6)) > tokens(study, spec_of())
    assert TRIALS[NAME].begin is begin
    with pytest.raises(SpecError, match="concept"):
        begin(study, spec_of(concept="beauty"))
    with pytest.raises(SpecError, match="language"):
        begin(study, spec_of(source="xx"))
    with pytest.raises(SpecError, match="above 0 and at most 1"):
        spec_of(strength=2.0)
    with pytest.raises(SpecError, match="last dose"):
        spec_of(doses=(0.1, 0.2, 0.5))
    with pytest.raises(SpecError, match="weak to strong"):
        spec_of(doses=(1.0, 0.5, 0.2))
    with pytest.raises(SpecError, match="twins is 1"):
        spec_of(twins=1)
    with pytest.raises(SpecError, match="no report card yet"):
        report_card.report_card(study)


@pytest.fixture
def examined_study(tmp_path, monkeypatch) -> Study:
    """A kept study whose card is good in one language, and random in another."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    folder = stored("examined")
    plant_card(folder)
    return store.open_study(folder)


def test_a_card_is_asked_drawn_and_printed(examined_study):
    found = registry.run("report card", examined_study)
    assert found["verdict"].values.tolist() == [PASSES, FAILS]
    assert found.attrs["concept"] == "fairness" and found.attrs["layer"] == 2
    figure = draw(examined_study, "report-card")
    assert "passes in 1; fails in 1" in figure.seen
    assert isinstance(figure.data, Matrix)
    assert figure.data.says[0][0].startswith("ok")
    assert figure.data.says[0][1].startswith("×")
    sheet = compose([figure], Look("ACL, full width"))
    printed = {text.get_text() for text in sheet.canvas.findobj(Text)}
    assert figure.data.says[0][0] in printed
    screen = to_plotly.draw(figure)
    assert figure.data.says[0][1] in str(screen.to_dict()["data"][0]["text"])


def test_control_shows_the_card_before_any_run(examined_study):
    at = visit("pages/control.py", study="examined", tab="card")
    said = words(at)
    labels = [each.label for each in at.expander]
    assert "passes in 1; fails in 1" in said and "By which limits?" in labels


def test_a_card_of_an_earlier_version_opens_and_says_what_it_did_not_test(
    examined_study,
):
    assert digest(ReportCardSpec(ModelSpec("gemma"))) == EARLIER_DIGEST
    part = (examined_study.manifest.trials or {})[NAME]
    told = {key: value for key, value in part.spec.items() if key != "paraphrases"}
    before = from_dict(ReportCardSpec, told)
    assert before.paraphrases == 0 and "paraphrases" not in written(before)
    assert not {"retold", "answered", "reworded"} & set(arrays_of_trial(before))
    folder = store.root() / "examined"
    dims = dims_of(examined_study, before)
    earlier = replace(
        part,
        spec=written(before),
        digest=digest(before),
        dims=dims,
        arrays=arrays_of_trial(before),
    )
    with store.writing(folder):
        trials.take_away(folder, NAME)
    trials.begin(folder, NAME, earlier)
    rng = np.random.default_rng(3)

    def compute(cell: Mapping[str, str]) -> dict[str, np.ndarray]:
        found = arrays_of(rng, 1.0)
        return {name: found[name].astype(np.float32) for name in earlier.arrays}

    trials.run(folder, NAME, compute)
    opened = store.open_study(folder)
    data = report_card.report_card(opened)
    assert data.sizes["check"] == 10
    assert data.attrs["not_tested"] == "“Retold”, “Other words”, “As an answer”"
    assert "Not tested: “Retold”" in draw(opened, "report-card").seen


def test_a_new_card_asks_paraphrases_unless_told_otherwise(examined_study):
    manifest = examined_study.manifest
    assert spec_of_trial(manifest, NAME, {}).paraphrases == PARAPHRASES
    assert spec_of_trial(manifest, NAME, {"paraphrases": 0}).paraphrases == 0


def own_values_study(split: str = "3 folds") -> Study:
    """A study of our own contrast pairs."""
    corpus = corpora.own_values()
    spec = StudySpec(
        ModelSpec("llama"),
        corpora.VALUES,
        corpus.digest,
        ("fairness", "toxicity"),
        ("en", "es"),
        split=split,
    )
    planted = planted_study(
        ("fairness", "toxicity"), ("en", "es"), (LAYERS, 64, HIDDEN)
    )
    return replace(planted, manifest=replace(planted.manifest, spec=written(spec)))


def test_our_own_pairs_are_asked_in_other_words_and_surroundings(llama, home):
    own = own_values_study()
    spec = spec_of(concept="fairness", layer=1, facts=4, answers=4)
    part = begin(own, spec)
    assert not part.notes and part.dims["template"] == ("none", "chat")
    known = part.spec_as(ReportCardSpec)
    asked = paper(own, known, corpora.own_values(), "es")
    assert len(asked.reworded) == 4
    for pair in asked.reworded:
        assert pair.written.name == pair.other.name != ""
        assert pair.written.first != pair.other.first
    found = measurer(llama, own, known, part, lambda: None)({"language": "es"})
    assert np.isfinite(found["retold"]).all() and np.isfinite(found["reworded"]).all()
    # The tiny model has no chat template.
    assert np.isfinite(found["answered"][:, 0]).all()
    assert np.isnan(found["answered"][:, 1]).all()
    assert (found["retold"][:, 0] != found["retold"][:, 1]).any()


@pytest.mark.parametrize("split", ["3 folds", "by pair"])
def test_pairs_are_asked_in_other_words_however_few_were_held_out(home, split):
    own = own_values_study(split)
    spec = settled(own, spec_of(concept="fairness", layer=1))
    asked = paper(own, spec, corpora.own_values(), "es")
    assert len(asked.reworded) == 4
    for pair in asked.reworded:
        array = asked.held.array_for("es", pair.written.name)
        halves = asked.held.made_from["es"]
        group = asked.held.groups[pair.written.name]
        assert (array == "concept_vector") == (group not in halves.trained)


def test_what_is_scored_of_an_answer_begins_where_both_part():
    both = from_the_parting([Tokens([1], [5, 6, 7]), Tokens([1], [5, 8])])
    assert both == [Tokens([1, 5], [6, 7]), Tokens([1, 5], [8])]
    same = from_the_parting([Tokens([1], [5, 6]), Tokens([1], [5])])
    assert [text.scored for text in same] == [[5, 6], [5]]
