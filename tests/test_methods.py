"""Methods sentences of the newer pages: what a figure rests on besides concept vectors."""

from dataclasses import asdict

import pytest
import streamlit as st

from analysis.control.specs import ControlSpec, JudgingSpec
from analysis.core.specs import ModelSpec
from analysis.plane.specs import SweepSpec
from analysis.questions.specs import QuestionSpec
from analysis.sentences.specs import SentenceSpec
from analysis.steering.specs import (
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.words.specs import WordSpec
from analysis.worker.answers import Ask, Dose
from components.paperpack import basket, manuscript, methods, recipes
from tests.test_pack import FACTS, recipe
from tests.visits import alive, visit

MODEL = ModelSpec("secret-model")
TERM = SteeringTerm(
    VectorSource(concept="truth", language="ta"), (3, 4), (1.5,), "projection"
)
SPECS = {
    "words": (
        WordSpec(MODEL, "nouns", "aa11", ("en", "fr"), ("last token", "mean"), (2, 4)),
        "nouns aa11 last token, mean 2, 4",
    ),
    "sentences": (
        SentenceSpec(MODEL, "topics", "dd44", ("en", "fr"), ("last token",), (2, 4)),
        "topics dd44 last token 2, 4",
    ),
    "questions": (
        QuestionSpec(MODEL, "facts", "bb22", ("en",), "plain", most=37, seed=5),
        "facts bb22 plain 37 seed 5",
    ),
    "plane": (
        SweepSpec(
            MODEL, "facts", "bb22", ("en",), (3, 9), (0.5, 4.0), local="net", seed=8
        ),
        "layers 3, 9 strengths 0.5, 4 net per token seed 8",
    ),
    "run": (
        ControlSpec(
            MODEL,
            "s",
            "d",
            "harm",
            ("en", "fr"),
            "requests",
            "cc33",
            operator="angle",
            search_prompts=11,
            seed=6,
        ),
        "“harm” angle requests cc33 11 seed 6 following rate 5 times “sixteen languages”",
    ),
    "dose": (
        Dose(
            MODEL,
            "chat",
            Ask("a", "Is it so?", "fr", SteeringSpec((TERM,))),
            (-2.0, 2.0),
            ("", ""),
            (),
            GenerationSpec(40),
        ),
        "projection (truth, ta) layers 3, 4 strength 1.5 Is it so? fr 40 greedy -2 to 2",
    ),
}


def plain(part):
    """The spec as a recipe carries it."""
    return asdict(SPECS[part][0]) | (
        {"judging": asdict(JudgingSpec())} if part == "run" else {}
    )


@pytest.mark.parametrize("part", methods.PARTS)
def test_what_a_page_used_is_told_and_survives_the_recipe(part):
    made = recipe()
    made = recipes.read(
        recipes.write(
            type(made)(
                made.figure, made.look, made.view, (FACTS | {part: plain(part)},)
            )
        ),
        "x",
    )
    text = manuscript.methods(made)
    assert methods.PARTS[part](plain(part)) in text
    for said in SPECS[part][1].split():
        assert said in text, said


def test_a_study_without_concept_vectors_claims_none():
    facts = {
        key: FACTS[key]
        for key in ("kind", "model", "layers", "digest", "revision", "dtype")
    } | {"words": plain("words")}
    text = " ".join(methods.about(facts))
    assert (
        "Concept vectors" not in text
        and "None" not in text
        and "nouns (digest aa11)" in text
        and FACTS["model"] in text
    )


def test_choices_of_the_newer_pages_are_in_words():
    made = recipe()
    query = {
        "near": ["20"],
        "map": ["linear"],
        "at": ["5"],
        "mode": ["local"],
        "with": ["other"],
    }
    text = manuscript.methods(
        type(made)(made.figure, made.look, {"page": "", "query": query}, ())
    )
    for said in ("map linear", "neighbours for CSLS 20", "layer 5", "steering local"):
        assert said in text, said
    assert "other" not in text.split("Choices")[1].split(".")[0]


@pytest.mark.parametrize(
    ("page", "parts"),
    [
        ("alignment", {"words"}),
        ("layers", {"questions"}),
        ("plane", {"questions", "plane"}),
        ("transfer", set()),
    ],
)
def test_a_kept_figure_takes_along_what_its_page_used(home, page, parts):
    st.cache_data.clear()
    at = visit(f"pages/{page}.py", study="demo")
    key = next(found.key for found in at.button if found.label == "Add to figures")
    alive(at.button(key=key).click().run())
    (facts,) = basket.items()[-1].recipe.provenance
    assert parts == set(methods.PARTS) & set(facts) and all(
        "model" not in facts[part] for part in parts
    )
    text = manuscript.methods(basket.items()[-1].recipe)
    assert all(methods.PARTS[part](facts[part]) in text for part in parts)
