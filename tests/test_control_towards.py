"""Control runs towards a language: the setting is found that changes the language and
keeps the answer, and told on other prompts.
"""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.control import store
from analysis.control import surfaces as measures
from analysis.control.plan import Push, compute
from analysis.control.prompts import OWN_FACTS, SETS, Prompt, PromptSet, answered_in
from analysis.control.settings_tried import RANKED, SEARCHES, Grid
from analysis.control.specs import CHANGED_AND_KEPT, ControlSpec, JudgingSpec
from analysis.core.errors import CorpusError, SpecError
from analysis.core.scores import Written
from analysis.core.specs import ModelSpec, written
from analysis.core.statistics import harmonic
from analysis.steering.specs import VectorSource
from analysis.study.study import Study
from components.paperpack import methods
from tests.planted import planted_study

CODES, TOWARDS = ("en", "fr"), "es"
JUDGING = JudgingSpec(objective=CHANGED_AND_KEPT)
BEGINNINGS = {
    "en": "The right answer to the question of the teacher is",
    "fr": "La bonne réponse à la question que vous posez est",
    "es": "La respuesta correcta a la pregunta del maestro es",
}
NUMBERS = {
    "en": ("bread", "water", "winter", "mother", "seven", "green"),
    "fr": ("pain", "eau", "hiver", "mère", "sept", "vert"),
    "es": ("pan", "agua", "invierno", "madre", "siete", "verde"),
}
STRENGTHS = (0.5, 1.0, 2.0, 4.0)
PROMPTS = 24
EVERYTHING = 4
"""Every so many prompts lose their answer at the planted setting."""


def prompts() -> PromptSet:
    """Numbered prompts with their answer in each language."""
    made = []
    for code, answers in NUMBERS.items():
        for number in range(PROMPTS):
            answer = answers[number % len(answers)]
            text = f"{code} {number}"
            made.append(Prompt(f"{number:02d}", code, text, target=answer))
    return PromptSet("planted questions", tuple(made))


@pytest.fixture
def study(home) -> Study:
    """A planted study with mean states of languages."""
    made = planted_study(("c",), (*CODES, TOWARDS), (4, 8, 16))
    means = xr.DataArray(
        np.random.default_rng(0).standard_normal((3, 4, 16)),
        {"language": [*CODES, TOWARDS], "layer": range(1, 5)},
        ("language", "layer", "hidden"),
    )

    def load(name: str):
        return means if name == "sentence_mean" else made.load(name)

    return replace(made, load=load, available=made.available | {"sentence_mean"})


def spec_of(study: Study, **changes: object) -> ControlSpec:
    """A run from two languages towards a third."""
    given = prompts()
    options = {
        "concept": "",
        "languages": CODES,
        "strengths": STRENGTHS,
        "layer_sets": 3,
        "search_prompts": 12,
        "reported_prompts": 12,
        "template": "none",
        "towards": TOWARDS,
    } | changes
    return ControlSpec(
        model=ModelSpec("planted"),
        study=study.name,
        vectors_digest=store.vectors_digest(study, "", TOWARDS),
        prompts=given.name,
        prompts_digest=given.digest,
        **options,  # pyright: ignore[reportArgumentType]
    )


class Planted:
    """Weak pushes change nothing; those of 1 change the language, and most answers stay;
    stronger ones lose the answer, the strongest falls into a third language.
    """

    layers = 4

    def answers(self, texts, pushes):
        """One answer for each prompt."""
        return [Written(self.say(*each), 9) for each in zip(texts, pushes)]

    def say(self, text: str, push: Push | None) -> str:
        """What is said to one prompt."""
        code, number = text.split()
        place = int(number) % len(NUMBERS[code])
        strength = push.strength if push else 0.0
        if strength < 1:
            return f"{BEGINNINGS[code]} {NUMBERS[code][place]}."
        if strength == 1 and int(number) % EVERYTHING:
            return f"{BEGINNINGS[TOWARDS]} {NUMBERS[TOWARDS][place]}."
        if strength < 4:
            return f"{BEGINNINGS[TOWARDS]} una casa muy grande."
        return "En tiedä sitä, koska talo on hyvin suuri ja vanha."

    def surprise(self, texts, answers):
        """All alike."""
        return [1.0] * len(answers)

    def log_odds(self, texts, ends, pushes):
        """The answer in the wanted language comes first."""
        assert all(first in NUMBERS[TOWARDS] for first, _ in ends)
        return [0.0] * len(texts)

    def divergence(self, texts, pushes):
        """None."""
        return [0.0] * len(texts)


def test_the_setting_that_changes_the_language_and_keeps_the_answer_wins(study):
    name = store.begin(spec_of(study), study, prompts(), "planted", JUDGING)
    run = compute(name, Planted())
    answers = store.frame(run, JUDGING)
    found = measures.surfaces(answers, run.grid, JUDGING)
    picked = measures.chosen(found, run.grid, JUDGING)
    assert {each.strength for each in picked.values()} == {1.0}
    assert all(each.within for each in picked.values()), (
        "the wanted language is no drift"
    )
    drift = found["drift"].values
    assert (drift[:, :3] == 0).all() and (drift[:, 3] == 1).all()
    report = measures.report(answers, run.spec, picked, JUDGING)
    rows = report.set_index(["language", "vector"])
    own = rows.loc[("fr", "own")]
    asked = answers[(answers["role"] == "report") & (answers["language"] == "fr")]
    kept = np.mean([int(number) % EVERYTHING > 0 for number in set(asked["prompt"])])
    assert own["changed"] == 1 and own["kept"] == pytest.approx(kept)
    assert own["effect"] == pytest.approx(2 * kept / (1 + kept)) and own["n"] == 12
    assert own["low"] < own["effect"] < own["high"] <= 1
    plain = rows.loc[("en", "none")]
    assert plain["changed"] == 0 and plain["kept"] == 1 and plain["effect"] == 0
    by_role = {role: set(those["prompt"]) for role, those in answers.groupby("role")}
    assert not by_role["search"] & by_role["report"]
    assert measures.objectives_of(run.spec)[0] == CHANGED_AND_KEPT
    assert run.manifest.prompts["search"]["fr"][0].other in NUMBERS["fr"]


def noise(rng: np.random.Generator, changed: float, kept: float) -> list[dict]:
    """Cells of a run in which no setting is better than another."""
    cells = []
    for stage, strengths in (("search", STRENGTHS), ("report", STRENGTHS)):
        for strength in strengths:
            heard = np.where(rng.random(PROMPTS) < changed, TOWARDS, "en").tolist()
            holds = rng.random(PROMPTS) < kept
            cell = {
                "stage": stage,
                "language": "en",
                "source": "en",
                "layers": [1],
                "prompt": [f"{number:02d}" for number in range(PROMPTS)],
                "strength": [strength] * PROMPTS,
                "text": np.where(holds, "pan", "nada").tolist(),
                "tokens": [1] * PROMPTS,
                "surprise": [1.0] * PROMPTS,
                "heard": heard,
                "log_odds": [None] * PROMPTS,
                "kl": [0.0] * PROMPTS,
            }
            cells.append(cell)
    return cells


@pytest.mark.parametrize(("changed", "kept"), [(0.5, 0.5), (0.9, 0.3), (0.1, 0.95)])
def test_what_was_chosen_by_chance_is_not_flattered_on_other_prompts(changed, kept):
    """Where all settings are alike the search finds a better one; the report does not."""
    rng = np.random.default_rng(7)
    truth = float(harmonic(np.array(changed), np.array(kept)))
    asked = {}
    for number in range(PROMPTS):
        name = f"{number:02d}"
        asked[name] = Prompt(name, "en", f"en {number}", target="pan", other="bread")
    roles = {"en": {"search": asked, "report": asked}}
    grid = Grid(STRENGTHS, {"en": ((1,),)})
    spec = ControlSpec(ModelSpec("m"), "s", "v", "", ("en",), "p", "q", towards=TOWARDS)
    searched, told, inside = [], [], []
    for _ in range(60):
        answers = measures.table(noise(rng, changed, kept), roles, TOWARDS)
        answers = answers.assign(verdict="following")
        found = measures.surfaces(answers, grid, JUDGING)
        picked = measures.chosen(found, grid, JUDGING)
        report = measures.report(answers, spec, picked, JUDGING)
        own = report.set_index("vector").loc["own"]
        searched.append(float(found["effect"].max()))
        told.append(own["effect"])
        inside.append(own["low"] <= truth <= own["high"])
    assert np.mean(searched) > truth + 0.05
    assert np.mean(told) == pytest.approx(truth, abs=0.03)
    assert np.mean(inside) >= 0.95


def test_an_answer_is_held_as_a_word_and_a_number_whole():
    assert measures.holds("Es el PAN, claro.", "pan", "es")
    assert not measures.holds("Es una campana.", "pan", "es")
    assert measures.holds("Es 12.", "12", "es") and not measures.holds(
        "112", "12", "es"
    )
    assert not measures.holds("Es 120.", "12", "es")
    assert measures.holds("答案是面包。", "面包", "zh")
    assert not measures.holds("Es", "", "es")


def test_what_cannot_be_pushed_towards_is_said_and_old_digests_stay(study):
    with pytest.raises(SpecError, match="leave the language out"):
        spec_of(study, towards="fr")
    with pytest.raises(SpecError, match="the one or the other"):
        spec_of(study, concept="c")
    with pytest.raises(SpecError, match="the one or the other"):
        spec_of(study, towards="")
    with pytest.raises(SpecError, match="mean state"):
        store.begin(spec_of(study, towards="de"), study, prompts(), "x", JUDGING)
    (ranked,) = [name for name in SEARCHES if name.endswith(RANKED)]
    with pytest.raises(SpecError, match="no recognition"):
        store.begin(spec_of(study, search=ranked), study, prompts(), "x", JUDGING)
    with pytest.raises(CorpusError, match="no answers in “es”"):
        answered_in(PromptSet("none", prompts().prompts[:PROMPTS]), TOWARDS)
    spec = spec_of(study, towards="", concept="c")
    assert "towards" not in written(spec)
    assert CHANGED_AND_KEPT not in measures.objectives_of(spec)
    with pytest.raises(SpecError, match="objective"):
        measures.objective(JudgingSpec(objective="x"))


def test_the_vector_goes_from_the_prompts_language_to_the_wanted_one(study):
    spec = spec_of(study)
    wanted = VectorSource(
        "language vector", study=study.name, language=TOWARDS, target="fr"
    )
    assert spec.vector_of("fr") == wanted and spec.pushed_along == "language es"
    facts = SETS[OWN_FACTS](None, "")  # pyright: ignore[reportArgumentType]
    known = answered_in(facts, TOWARDS).of("de", "")
    assert len(known) >= 40 and all(
        each.target and each.other for each in known.values()
    )
    said = methods.run(
        {**written(spec), "towards": TOWARDS, "judging": written(JUDGING)}
    )
    assert "the language vector towards es was pushed" in said
    assert "harmonic mean of both shares" in said
