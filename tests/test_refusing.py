"""Not recognised, or not acted on: planted models in which one of the two fails."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import babelscope as bs
from analysis.control import recognised, refusing
from analysis.control.refusals import PAPER
from analysis.control.refusing import RefusingSpec, Try
from analysis.core.errors import AnalysisError
from analysis.core.specs import ModelSpec
from analysis.demo import chat_study
from analysis.overview import needs
from analysis.study import library
from analysis.study.study import COMPUTED
from components.frame import picker
from tests.planted import planted_study
from tests.stored import stored
from tests.visits import figures, visit, words

CODES = ("en", "fr", "sw")
PAIRS = 40
LAYERS, HIDDEN = 3, 8
HARM_LAYER = 3
SEEDS = 100


class PlantedEngine:
    """Requests lie along a harm direction at one layer; what lies far along it is refused.

    ``sees``: language → whether its requests lie there. ``acts``: whether they are
    refused for it; ``blindly``: they are refused though nothing is to be seen. ``turned``:
    every language has a direction of its own.
    """

    def __init__(self, seed, sees=True, acts=True, blindly=False, turned=False):
        self.rng = np.random.default_rng(seed)
        self.sees, self.acts, self.blindly = sees, acts, blindly
        axes = np.eye(HIDDEN)
        self.axis = {}
        for place, code in enumerate(CODES):
            self.axis[code] = axes[place if turned else 0]
        self.known = {}

    def remember(self, trying):
        """Learn which text is of which language and side."""
        for code, texts in trying.texts.items():
            for text in texts.requests:
                self.known[text] = (code, 1.0)
            for text in texts.twins:
                self.known[text] = (code, 0.0)

    def states(self, texts):
        """Noise, with harm at one layer."""
        found = self.rng.standard_normal((len(texts), LAYERS, HIDDEN))
        if self.sees:
            axes = np.stack([self.axis[self.known[text][0]] for text in texts])
            harm = np.array([self.known[text][1] for text in texts])
            found[:, HARM_LAYER - 1] += 4 * harm[:, None] * axes
        return found

    def refusal(self, language, texts, pushes):
        """Refused where the state lies beyond the middle along the language's direction."""
        harm = np.array([self.known[text][1] for text in texts])
        along = 4 * harm if (self.sees or self.blindly) else 0 * harm
        if pushes[0] is not None:
            vectors = np.stack([push.vector for push in pushes])
            removes = np.array([push.removes for push in pushes])
            onto = vectors @ self.axis[language]
            shares = onto**2 / (vectors**2).sum(1)
            along = np.where(removes, along * (1 - shares), along + onto)
        noise = 0.5 * self.rng.standard_normal(len(texts))
        rate = 1 / (1 + np.exp(-3 * (along + noise - 2)))
        return 0.02 + 0.9 * rate if self.acts else np.full(len(texts), 0.03)


def planted_texts(codes, pairs):
    """Requests and twins that are told apart by their words."""
    found = {}
    for code in codes:
        found[code] = refusing.Texts(
            tuple(f"{code} bad {pair}" for pair in pairs),
            tuple(f"{code} good {pair}" for pair in pairs),
        )
    return found


def cell_of(source, target):
    """The coordinates of a cell."""
    return {"source": source, "target": target}


def tried(engine, codes=CODES, pairs=PAIRS):
    """A stand-in for a study on whose model the trial was made."""
    names = tuple(f"p{number}" for number in range(pairs))
    spec = RefusingSpec(ModelSpec("fake"), languages=codes, layers=(1, 2, 3))
    trying = Try(engine, spec, planted_texts(codes, names))
    engine.remember(trying)
    data = {}
    cells = [[trying.cell(cell_of(a, b)) for b in codes] for a in codes]
    for name, declared in refusing.ARRAYS.items():
        dims = ("source", "target", *declared.dims)
        data[name] = (dims, np.array([[each[name] for each in row] for row in cells]))
    names_of = {
        "source": list(codes),
        "target": list(codes),
        "pair": list(names),
        "fold": ["1", "2"],
    }
    found = xr.Dataset(data, names_of)
    return SimpleNamespace(trial=lambda name: found)


PLANTED = {
    "recognised and refused": {},
    "recognised, not refused": {"acts": False},
    "refused, not recognised": {"sees": False, "blindly": True},
    "neither": {"sees": False, "acts": False},
}


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_models_are_told_apart(planted):
    right, wrong = 0, 0
    for seed in range(SEEDS):
        study = tried(PlantedEngine(seed, **PLANTED[planted]))
        found = recognised.outcomes(study)["outcome"]
        right += int((found == planted).sum())
        wrong += int((~found.isin([planted, recognised.UNDECIDED])).sum())
    assert wrong <= 0.05 * SEEDS * len(CODES), wrong
    assert right >= 0.75 * SEEDS * len(CODES), right


def test_noise_gives_no_finding_more_often_than_it_should():
    known, acted, cells, sure = 0, 0, 0, 0
    for seed in range(SEEDS):
        study = tried(PlantedEngine(seed, sees=False, acts=False))
        table = recognised.outcomes(study)
        known += int((table["recognised"] == "yes").sum())
        acted += int((table["acted"] == "yes").sum())
        matrix = recognised.recognition_across(study)
        outside = (matrix["low"] > 0.5) | (matrix["high"] < 0.5)
        cells += int(outside.sum())
        sure += bool(matrix["sure"].any())
        assert not recognised.refusal_across(study)["sure"].any()
    n = SEEDS * len(CODES)
    assert known <= 0.05 * n and acted <= 0.05 * n
    assert cells <= 0.08 * n * len(CODES)
    assert sure <= 0.05 * SEEDS


def test_one_direction_for_all_moves_refusal_everywhere():
    study = tried(PlantedEngine(1))
    for push in recognised.PUSHES:
        found = recognised.refusal_across(study, push)
        assert found["sure"].all() and (found["change"] > 0.4).all(), push
    layers = study.trial("")["layer"].values
    assert (layers == HARM_LAYER).all()


def test_directions_of_their_own_move_their_own_language_alone():
    found = recognised.refusal_across(tried(PlantedEngine(2, turned=True)))
    own = np.eye(len(CODES), dtype=bool)
    assert found["sure"].values[own].all() and not found["sure"].values[~own].any()
    matrix = recognised.recognition_across(tried(PlantedEngine(2, turned=True)))
    assert matrix["accuracy"].values[own].min() > 0.85
    assert not matrix["sure"].values[~own].any()


def test_over_refusal_is_told_and_is_no_acting_on_harm():
    class Timid(PlantedEngine):
        def refusal(self, language, texts, pushes):
            return np.full(len(texts), 0.9)

    table = recognised.outcomes(tried(Timid(3)))
    assert (table["over"] > 0.8).all() and (table["acted"] == "no").all()
    assert (table["outcome"] == "recognised, not refused").all()


def test_no_direction_meets_what_made_it():
    """Turning a fold's own gaps leaves the direction that it is read with."""
    engine = PlantedEngine(4)
    names = tuple(f"p{number}" for number in range(PAIRS))
    spec = RefusingSpec(ModelSpec("fake"), languages=CODES, layers=(1, 2, 3))
    trying = Try(engine, spec, planted_texts(CODES, names))
    engine.remember(trying)
    before = trying.directions("fr")
    fold = refusing.folds(PAIRS)
    for number in range(refusing.FOLDS):
        kept = trying.gaps["fr"].copy()
        trying.gaps["fr"][fold == number] *= -7
        after = trying.directions("fr")[number]
        np.testing.assert_array_equal(after.vector, before[number].vector)
        other = trying.directions("fr")[1 - number]
        assert not np.allclose(other.vector, before[1 - number].vector)
        trying.gaps["fr"] = kept


def test_one_language_is_read_along_its_own_direction():
    table = recognised.outcomes(tried(PlantedEngine(5), codes=("en",)))
    assert table["recognised"].tolist() == ["yes"]


def test_few_requests_are_undecided():
    engine = PlantedEngine(6, sees=False, acts=False)
    table = recognised.outcomes(tried(engine, pairs=12))
    assert set(table["outcome"]) <= {recognised.UNDECIDED, "neither"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requests": 3}, "give 12 to 400"),
        ({"strength": float("nan")}, "mean gaps above 0"),
        ({"openings": 0}, "give 1 to 64"),
        ({"declined": "first"}, "declined"),
    ],
)
def test_a_spec_that_does_not_fit_is_one_sentence(changes, said):
    with pytest.raises(AnalysisError, match=said):
        RefusingSpec(ModelSpec("fake"), **changes)


def test_our_requests_and_wrong_choices():
    demo = library.open_by_name("demo")
    spec = RefusingSpec(demo.manifest.model, languages=("en", "sw"))
    part = refusing.begin(demo, spec)
    assert part.dims["target"] == ("en", "sw") and len(part.dims["pair"]) == 32
    assert part.spec["corpus_digest"] and part.number_of_cells == 4
    for changes, said in (
        ({"languages": ("en", "xx")}, "language of the requests"),
        ({"languages": ("en",), "layers": (99,)}, "There is no layer 99"),
        ({"corpus": "Babelscope requests", "concept": "tea"}, "concept"),
    ):
        with pytest.raises(AnalysisError, match=said):
            refusing.begin(demo, RefusingSpec(demo.manifest.model, **changes))


def test_no_opening_counts_twice():
    spec = RefusingSpec(ModelSpec("fake"))
    begun = refusing.begun_by(spec, "fr")
    assert "Sorry" in begun
    for first in begun:
        others = [each for each in begun if each != first]
        assert not any(each.startswith(first) for each in others)


def test_a_model_is_tried_and_the_tab_tells_of_it(home):
    demo = library.open_by_name("demo")
    at = visit("pages/control.py", study="demo", tab="recognised")
    assert "Harmless twins show what is refused" in words(at) and not at.error
    study = bs.trial(
        demo,
        refusing.NAME,
        languages=["en", "fr"],
        requests=12,
        openings=2,
        refusals=PAPER,
        layers=[2, 3],
    )
    found = study.trial(refusing.NAME)
    rates = found.drop_vars(("reading", "layer"))
    for name in rates.data_vars:
        values = rates[name].values
        assert ((values >= 0) & (values <= 1)).all(), name
    assert np.isfinite(found["reading"].values).all()
    assert set(np.unique(found["layer"])) <= {2, 3}
    assert not np.array_equal(found["added"], found["random-added"])
    assert not np.array_equal(found["unsteered"][0], found["removed"][0])
    first = found["unsteered"].values
    np.testing.assert_array_equal(first[0], first[1])
    at = visit("pages/control.py", study=study.name, tab="recognised")
    assert not at.error and not at.exception
    shown = figures(at)
    assert "Not recognised, or not acted on?" in shown and len(shown) == 3
    assert "n = 12 requests a language" in words(at)


def test_a_study_of_printed_numbers_says_why_not():
    assert not needs.REFUSING.met(library.open_by_name("llama2-chat-7b"))


def test_the_study_of_a_chat_model_is_of_a_real_one(home, monkeypatch):
    whole = planted_study(("fairness",), ("en", "es"), (30, 12, 16))
    monkeypatch.setitem(library.DEMO_FOLDERS, library.CHAT, stored("chat", whole))
    study = library.open_by_name(library.CHAT)
    assert study.kind == COMPUTED and picker.grouped([library.CHAT]) == {
        library.CHAT: picker.REAL
    }
    part = refusing.begin(study, chat_study.refusing_spec())
    assert part.number_of_cells == 4 and len(part.dims["pair"]) == chat_study.REQUESTS
    assert "Apache License" in chat_study.NOTICE
    assert chat_study.study_spec().languages == chat_study.LANGUAGES
