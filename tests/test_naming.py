"""Language named, or country named: planted answers, and the demo model."""

from dataclasses import replace

import numpy as np
import pytest

import babelscope as bs
from analysis.core.errors import AnalysisError
from analysis.core.scores import Scored
from analysis.plane import naming, reachable
from analysis.plane.naming import NamingSpec
from analysis.questions.question_sets import DEMO
from analysis.study import library
from tests.asking import MODEL, questions
from tests.planted_trials import study_of, with_trial
from tests.visits import figures, visit, words

LANGUAGES = ("fr", "sw")
SEEDS = 100


class PlantedAnswerer:
    """Half of the answers are known unnamed; the English vector takes most of these, and
    naming the country brings them back, or does not (``erased``). Noise: coins.
    """

    def __init__(self, seed, erased=False, noise=False):
        self.rng = np.random.default_rng(seed)
        self.erased, self.noise = erased, noise

    def score(self, asked, pushes, options):
        """Two options; the local one is the second."""
        return [self.one(text, push) for text, push in zip(asked, pushes)]

    def one(self, text, push):
        """One answer."""
        named = text.endswith("named")
        known = int(text.split(" ")[-2 - named]) // 2 % 3 > 0
        local = known
        if push and push[0][1][0] > 0.5:
            back = named and not self.erased
            stays = not self.erased and self.rng.random() < 0.2
            local = known and (back or stays)
        if self.noise:
            local = self.rng.random() < 0.5
        nats = np.array([-1.0, 0.0 if local else -2.0])
        return Scored(nats, np.ones(2, int))


def tried(answerer, monkeypatch, items=72):
    """A study with the trial of planted answers."""
    asked = questions(LANGUAGES, items)
    monkeypatch.setattr(naming, "questions_of", lambda spec: asked)
    english = np.zeros(8)
    english[0] = 1
    random = np.zeros(8)
    random[1] = 1
    both = [(), [(2, english)], [(2, random)]]
    monkeypatch.setattr(naming, "pushes", lambda study, spec, code: both)
    study = study_of(LANGUAGES, 4)
    part = naming.begin(study, NamingSpec(MODEL, most=0))
    part = replace(part, spec={**part.spec, "layer": 2})
    spec = part.spec_as(NamingSpec)
    cell = naming.measure(answerer, study, spec, part, lambda: None)
    return with_trial(study, naming.NAME, part, cell)


def test_what_naming_brings_back_is_out_of_reach_and_else_erased(monkeypatch):
    for erased, verdict in ((False, reachable.REACHABLE), (True, reachable.ERASED)):
        study = tried(PlantedAnswerer(1, erased), monkeypatch)
        found = naming.named_changes(study)
        assert found.reach.verdict == verdict
        assert found.reach.lost.low > 0.3 and found.language.change == 0
        assert found.reach.against == reachable.NEVER


def test_naming_noise_is_seldom_a_finding(monkeypatch):
    wrong, verdicts = 0, 0
    for seed in range(SEEDS):
        study = tried(PlantedAnswerer(seed, noise=True), monkeypatch)
        found = naming.named_changes(study)
        told = (found.language, found.country, found.between)
        wrong += sum(each.low > 0 or each.high < 0 for each in told)
        sure = (reachable.REACHABLE, reachable.ERASED)
        verdicts += found.reach.verdict in sure
    assert wrong <= 0.08 * 3 * SEEDS and verdicts <= 0.05 * SEEDS


def test_countries_take_turns_and_the_language_is_named_by_its_own_name():
    asked = naming.load_questions(DEMO)
    spec = NamingSpec(MODEL, most=3)
    (first, *_) = naming.asked_in(asked, spec, "fr")
    assert len(naming.asked_in(asked, spec, "fr")) == 3
    assert naming.worded(first, "nothing") == first.question
    assert naming.worded(first, "country") == first.named
    assert naming.worded(first, "language") == f"Français: {first.question}" or (
        naming.worded(first, "language").casefold().startswith("français: ")
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"most": -1}, "give 0"),
        ({"strength": float("inf")}, "mean gaps above 0"),
    ],
)
def test_a_spec_that_does_not_fit_is_one_sentence(changes, said):
    with pytest.raises(AnalysisError, match=said):
        NamingSpec(MODEL, **changes)


def test_choices_that_the_study_lacks_are_told():
    demo = library.open_by_name("demo")
    spec = NamingSpec(demo.manifest.model, questions=DEMO)
    for changes, said in (
        ({"languages": ("de",)}, "language of the culture questions"),
        ({"layer": 99}, "There is no layer 99"),
    ):
        with pytest.raises(AnalysisError, match=said):
            naming.begin(demo, replace(spec, **changes))
    part = naming.begin(demo, spec)
    assert part.spec["layer"] == 4 and part.spec["strength"] == 2.0


def test_a_model_is_asked_and_the_tab_tells_of_it(home):
    demo = library.open_by_name("demo")
    at = visit("pages/plane.py", study="demo", tab="reach")
    assert "Language named, or country named?" in words(at) and not at.error
    study = bs.trial(demo, naming.NAME, questions=DEMO, languages=["en", "fr"], most=8)
    lead = study.trial(naming.NAME)["lead"]
    assert lead.sel(language="en", push="english").isnull().all(), "no vector to itself"
    assert lead.sel(language="fr").notnull().any("item").all()
    at = visit("pages/plane.py", study=study.name, tab="reach")
    assert not at.error and not at.exception
    assert any("country named?" in name for name in figures(at))
