"""Studies of encoders and encoder-decoders: made, opened, said of in words, and refused
where they ask for what such a model cannot do.
"""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import babelscope as bs
from analysis.core.errors import FigureError, ModelError, SpecError, StudyError
from analysis.core.model_kinds import BOTH
from analysis.core.specs import DECODER, ENCODER, ModelSpec
from analysis.model.load import load
from analysis.steering.specs import (
    Condition,
    GenerationSpec,
    SteeringSpec,
    SteeringTerm,
    VectorSource,
)
from analysis.study import store
from analysis.worker.answers import Ask, Dose, Request, measure_response, reply
from analysis.worker.extraction import check_model
from analysis.worker.inline import run_inline
from analysis.worker.prompts import known_kind
from analysis.worker.reader import ModelReader
from components.figures import text
from components.forms.extraction import read_per_language, read_where
from components.paperpack import methods
from components.paperpack.provenance import facts
from components.paperpack.recipe_checks import check_facts
from tests.families import ENCODERS, TWO_STACKS, save_read
from tests.tiny import HIDDEN
from tests.visits import alive, plain, visit

MODELS = {"encoder": ENCODERS["xlm-roberta"], "two": TWO_STACKS["mt5"]}
LANGUAGES = ("en", "fr", "de")


def pairs() -> pd.DataFrame:
    """Contrast pairs of one concept in three languages."""
    rows = []
    for language in LANGUAGES:
        for number in range(12):
            row = {
                "pair": str(number),
                "concept": "fairness",
                "language": language,
                "positive": f"{language} {number} fair and square",
                "negative": f"{language} {number} tilted",
            }
            rows.append(row)
    return pd.DataFrame(rows)


def words() -> pd.DataFrame:
    """Parallel words."""
    rows = []
    for number in range(24):
        row = {code: f"{code}{number} w" for code in LANGUAGES}
        rows.append({"concept": str(number), **row})
    return pd.DataFrame(rows)


def questions() -> pd.DataFrame:
    """Universal questions and questions of culture with options."""
    rows = []
    for language in LANGUAGES[:2]:
        for number in range(8):
            row = {
                "kind": "universal" if number < 4 else "culture",
                "item": str(number),
                "language": language,
                "question": f"{language} question {number}?",
                "answer": f"{language} yes {number}",
                "options": json.dumps([f"{language} yes {number}", "no", "never"]),
                "named": f"In Ghana, {language} question {number}?",
                "country": "Ghana",
                "split": "train" if number % 4 < 3 else "test",
            }
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture
def models(home):
    """An encoder and a model of two stacks among the models of this machine."""
    for name, (family, options) in MODELS.items():
        save_read(home / "models" / name, family, options)
    return home


@pytest.mark.parametrize("name", MODELS)
def test_concept_vectors_are_read_and_kept_with_how_they_were(models, name):
    study = bs.extract(name, pairs())
    kind = ENCODER if name == "encoder" else BOTH
    assert study.complete and study.layers == 4
    assert study.vector("fairness", "en").shape == (4, HIDDEN)
    kept = study.manifest.read
    assert (kept.kind, kept.stack, kept.position) == (kind, ENCODER, "mean")
    again = bs.extract(name, pairs())
    assert again.name == study.name
    engine = load(study.manifest.model)
    texts = ["en 0 fair and square", "en 0 tilted"]
    np.testing.assert_array_equal(
        ModelReader(engine, "none").states(texts),
        ModelReader(engine, "none", position="mean").states(texts),
    )


def test_the_last_token_is_read_where_that_is_chosen(models):
    mean, last = (
        bs.extract("encoder", pairs()),
        bs.extract("encoder", pairs(), position="last"),
    )
    assert mean.name != last.name and last.manifest.read.position == "last"
    assert not np.allclose(mean.vector("fairness", "en"), last.vector("fairness", "en"))


def test_the_states_of_a_decoder_make_a_study_of_their_own(models):
    encoder = bs.extract("two", pairs())
    decoder = bs.extract("two", pairs(), stack=DECODER)
    assert (encoder.layers, decoder.layers) == (4, 3)
    assert encoder.name != decoder.name
    assert decoder.manifest.model.stack == DECODER
    assert decoder.manifest.read.stack == DECODER
    with pytest.raises(StudyError, match="of another model"):
        bs.words("two", words(), into=decoder.name)
    assert bs.words("two", words(), stack=DECODER, into=decoder.name).word_layers


def test_a_decoder_is_read_as_before_and_its_manifest_says_no_more(home):
    study = bs.extract("demo", concepts=["fairness"], languages=["en"])
    kept = json.loads((store.root() / study.name / "manifest.json").read_text())
    assert "read" not in kept and "stack" not in kept["spec"]["model"]
    assert "position" not in kept["spec"]
    mean = bs.extract("demo", concepts=["fairness"], languages=["en"], position="mean")
    assert mean.manifest.read.position == "mean" and mean.name != study.name


@pytest.mark.parametrize("name", MODELS)
def test_words_are_read_as_means_over_tokens(models, name):
    study = bs.words(name, words())
    assert study.embeddings == ("mean over tokens",)
    assert study.manifest.read.stack == ENCODER
    last = bs.words(name, words(), embeddings=["last token"])
    assert last.embeddings == ("last token",)


@pytest.mark.parametrize("name", MODELS)
def test_questions_are_asked_of_what_reads(models, name, capsys):
    study = bs.ask(name, questions(), template="none")
    assert study.complete and study.has("english_vector")
    assert study.has("local_vector")
    said = capsys.readouterr().err
    assert ("is an encoder and weighs no answers" in said) == (name == "encoder")
    assert study.manifest.read.stack == ENCODER


def test_an_encoder_cannot_be_swept_or_controlled_and_says_so(models):
    told = "is an encoder: it reads texts and writes none"
    with pytest.raises(ModelError, match=f"{told}, so it cannot be steered in a sweep"):
        bs.ask("encoder", questions(), template="none", swept={})
    with pytest.raises(ModelError, match=told):
        bs.generate("encoder", "Fair?")
    study = bs.extract("encoder", pairs(), split="by pair")
    with pytest.raises(ModelError, match=told):
        bs.control(study, "fairness")
    asked = bs.ask("encoder", questions(), template="none")
    with pytest.raises(ModelError, match=told):
        bs.sweep(asked)


@pytest.mark.parametrize("stack", ["", DECODER])
def test_a_vector_is_pushed_in_the_stack_that_it_was_read_from(models, stack):
    study = bs.extract("two", pairs(), stack=stack)
    vector = study.vector("fairness", "en") * 50
    plain = bs.generate("two", ["Fair?", "A longer prompt"], stack=stack, tokens=4)
    pushed = bs.generate(
        "two", ["Fair?", "A longer prompt"], vector, stack=stack, tokens=4
    )
    none = bs.generate(
        "two", ["Fair?", "A longer prompt"], vector, 0.0, stack=stack, tokens=4
    )
    assert none == plain != pushed


def test_a_stack_that_there_is_not_is_refused(models):
    with pytest.raises(SpecError, match="demo is a decoder: it has no encoder"):
        bs.extract("demo", stack=ENCODER)
    with pytest.raises(SpecError, match="Unknown stack “both”"):
        bs.extract("two", pairs(), stack="both")


def test_a_sweep_of_two_stacks_runs(models):
    study = bs.ask("two", questions(), template="none")
    swept = bs.sweep(study, layers=[2], strengths=[1.0], most=4)
    assert swept.has("plane_answer")


@pytest.mark.parametrize("page", ["playground", "plane", "control"])
def test_pages_that_push_say_what_an_encoder_can_do(models, page):
    study = bs.extract("encoder", pairs())
    at = visit(f"pages/{page}.py", study=study.name)
    said = plain(" ".join(each.value for each in at.info))
    assert "encoder is an encoder: it reads texts and writes none" in said
    assert "Its words, concept vectors, layers and alignment can be studied" in said
    assert not [each.label for each in at.button if each.label in ("Run", "Start")]


def test_captions_and_methods_say_where_states_were_read(models):
    told = {}
    for stack in ("", DECODER):
        study = bs.extract("two", pairs(), stack=stack)
        told[stack] = text.model_note(study), " ".join(methods.about(facts(study)))
    note, method = told[""]
    where = "from its encoder as means over the tokens of a text"
    assert note == f"Computed by Babelscope from two, read {where}."
    assert f"the template “none”, {where} after each of 4 blocks." in method
    note, method = told[DECODER]
    where = "from its decoder at the token with which an answer begins"
    assert where in note and where in method
    demo = bs.open("demo")
    assert "at the last prompt token after each" in " ".join(methods.about(facts(demo)))
    checked = facts(study)
    check_facts(checked, "provenance.0")
    with pytest.raises(FigureError, match="provenance.0.read_as"):
        check_facts(checked | {"read_as": 3}, "provenance.0")


@pytest.mark.parametrize(
    ("name", "stack", "position", "says", "last"),
    [
        ("encoder", "", "", "An encoder: its states can be read. It has no", False),
        ("encoder", "", "last", "from its encoder at the last token", True),
        ("two", "", "", "An encoder-decoder: the states of its encoder", False),
        ("two", DECODER, "", "with which an answer begins", False),
        ("demo", "", "", "the state at the last token of the formatted prompt", True),
    ],
)
def test_the_check_says_what_would_be_read(models, name, stack, position, says, last):
    corpus = bs.inputs.pairs_of(pairs())
    task = check_model(ModelSpec(name, stack=stack), "none", corpus.pairs, position)
    seen = run_inline(task)
    assert says in f"{seen.abilities.says} {read_where(seen)}"
    read = {row["read"] for row in read_per_language(seen)}
    assert ("see above" not in read) == last
    assert seen.needed > 4 * seen.parameters


def test_the_extract_page_offers_the_stack_and_the_position(models):
    at = visit("pages/extract.py")
    stack, position = at.selectbox("draft-stack"), at.selectbox("draft-position")
    assert (stack.value, position.value) == ("", "")
    at.selectbox("draft-model").set_value("two")
    stack.set_value(DECODER)
    position.set_value("mean")
    alive(at.run())
    told = "--stack decoder --position mean"
    assert any(line.endswith(told) for line in (each.value for each in at.code))
    at.selectbox("draft-batches").set_value("packed")
    alive(at.run())
    assert any(f"{told} --batches packed" in each.value for each in at.code)


def test_words_of_an_encoder_begin_as_means_on_the_page(models):
    assert known_kind(ModelSpec("encoder")) == ENCODER
    assert known_kind(ModelSpec("two")) == BOTH
    assert known_kind(ModelSpec("owner/never-here")) == DECODER
    study = bs.extract("encoder", pairs())
    at = visit("pages/alignment.py", study=study.name)
    chosen = [each for each in at.multiselect if each.label == "Read words as"]
    assert chosen[0].value == ["mean over tokens"]


@pytest.mark.parametrize("stack", ["", DECODER])
def test_control_runs_answers_and_doses_work_in_either_stack(models, stack):
    study = bs.extract("two", pairs(), split="by pair", stack=stack)
    few = {"strengths": [1.0], "layer_sets": 1, "search_prompts": 1}
    run = bs.control(
        study, "fairness", languages=["en"], tokens=3, reported_prompts=1, **few
    )
    assert set(run.report["vector"]) == {"none", "own", "shared"}
    source = VectorSource(study=study.name, concept="fairness", language="en")
    condition = Condition(source, 1, -1.0)
    term = SteeringTerm(source, (2,), (5.0,), condition=condition)
    ask = Ask("steered", "Fair?", "en", SteeringSpec((term,)))
    plain = Ask("plain", "Fair?", "en")
    request = Request(study.manifest.model, "none", (plain, ask), GenerationSpec(4))
    unsteered, steered = reply(request)
    assert steered.answer.ids != unsteered.answer.ids
    (seen,) = steered.answer.conditions
    assert seen.met and len(steered.baseline) == len(steered.answer.ids)
    open_term = replace(term, condition=None)
    dose = Dose(
        study.manifest.model,
        "none",
        replace(ask, steering=SteeringSpec((open_term,))),
        (0.0, 1.0),
        ("yes", "no"),
        ("Hello.",),
        GenerationSpec(3),
    )
    found = run_inline(measure_response(dose))
    assert found.kl[0] == 0 and found.kl[1] > 0.01
    assert found.log_odds[0] != found.log_odds[1]
