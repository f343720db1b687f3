"""The small world, its contrast pairs, its model and its study."""

import json
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from analysis.concepts.corpora import DEMO_FILES, demo_corpus, to_csv
from analysis.core.model_names import DEMO_FOLDER
from analysis.demo.pairs import demo_pairs, demo_requests
from analysis.demo.text import KINDS, documents, judged
from analysis.languages.languages import LANGUAGES as KNOWN
from analysis.world.world import (
    LANGUAGES,
    NEGATIVE,
    OBJECTS,
    POSITIVE,
    VALUES,
    combinations,
    gap,
    held_out,
    predicate,
    rating,
    sentence,
    share,
    verdict,
    world,
)

SHIPPED = (DEMO_FOLDER / "model.safetensors").is_file()
needs_model = pytest.mark.skipif(
    not SHIPPED, reason="the demo model is made by `make demo`"
)


def shape(tree):
    """A tree of texts with every text made the same."""
    if isinstance(tree, dict):
        return {key: shape(value) for key, value in tree.items()}
    return [shape(value) for value in tree] if isinstance(tree, list) else ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language):
    texts = world(language)
    assert language in KNOWN and texts["language"] == language
    assert shape(texts) == shape(world("en"))
    assert (
        len(texts["names"]) >= 12
        and len(texts["openings"]) >= 8
        and len(texts["facts"]) >= 40
    )
    assert all(len(texts["values"][value]["pairs"]) >= 12 for value in VALUES)
    assert len(texts["words"]["physical"]) + len(texts["words"]["abstract"]) >= 200
    assert len(texts["culture"]["questions"]) >= 20
    said = [predicate(language, *deed) for deed in combinations(language)]
    assert len(set(said)) == len(said), "no two deeds share a predicate"


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_clean_and_in_their_script(language):
    texts = world(language)
    text = sentence(language, 0, 0, predicate(language, "morality", 0, POSITIVE))
    assert text == " ".join(text.split()) and text[-1] in ".。" and "{" not in text
    script = {"zh": "一", "ja": "の", "ko": "가", "ta": "க", "te": "క"}.get(
        language, "a"
    )
    everything = json.dumps(texts, ensure_ascii=False)
    assert script in everything
    assert not any("\u202a" <= char <= "\u202e" for char in everything)


def test_shares_are_uneven_with_english_first():
    shares = [share(language) for language in LANGUAGES]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1)
    drawn = Counter(language for language, _ in islice(documents(3), 4000))
    assert drawn["en"] / 4000 == pytest.approx(share("en"), abs=0.03)


def test_documents_are_seeded_and_of_every_kind():
    first, again = ([d for _, d in islice(documents(5), 50)] for _ in range(2))
    assert first == again and first != [d for _, d in islice(documents(6), 50)]
    assert sum(weight for weight, _ in KINDS) == pytest.approx(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_statements_never_meet_a_verdict(language):
    forbidden = {
        predicate(language, value, pair, polarity)
        for value in VALUES
        for pair in held_out(language, value)
        for polarity in (0, 1)
    }
    ends = {
        verdict(language, value, side)
        for value in VALUES
        for side in (POSITIVE, NEGATIVE)
    } | {rating(0), rating(1)}
    drawn = islice(documents(9, languages=(language,)), 3000)
    texts = ["".join(text for text, _ in document) for _, document in drawn]
    judged_texts = [text for text in texts if any(text.endswith(end) for end in ends)]
    assert len(judged_texts) > 500
    for text in judged_texts:
        met = [held for held in forbidden if held in text]
        assert all(longer(held, text, language) for held in met), text


def longer(held, text, language):
    """Whether another, longer predicate explains why the held-out one is part of the text."""
    others = (predicate(language, *deed) for deed in combinations(language))
    return any(held in other and other != held and other in text for other in others)


def test_a_held_out_statement_stands_alone():
    import random

    rng = random.Random(1)
    lengths = {len(judged(rng, "en")) for _ in range(200)}
    assert lengths == {1, 2}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_core_is_judged_with_most_of_its_objects(language):
    for value in VALUES:
        held = held_out(language, value)
        assert (
            len(held) >= 2
            and max(Counter(pair // OBJECTS for pair in held).values()) == 1
        )


def test_verdicts_and_ratings_differ_by_polarity_only():
    for language in LANGUAGES:
        for value in VALUES:
            assert verdict(language, value, POSITIVE) != verdict(
                language, value, NEGATIVE
            )
            assert verdict(language, value, POSITIVE).startswith(gap(language))


def test_the_shipped_pairs_are_what_the_world_gives():
    for made in (demo_pairs(), demo_requests()):
        assert DEMO_FILES[made.name].read_text(encoding="utf-8") == to_csv(made)
    corpus = demo_corpus()
    assert corpus.coverage().values.min() >= 80 and not corpus.missing()
    assert {pair.split for pair in corpus.pairs} == {"train", "test"}
    trained = {pair.source for pair in corpus.pairs if pair.split == "train"}
    assert not trained & {pair.source for pair in corpus.pairs if pair.split == "test"}
    never_judged = {
        f"{value}-{pair + 1:02d}" for value in VALUES for pair in held_out("ny", value)
    }
    assert never_judged <= {pair.source for pair in corpus.pairs}


@pytest.fixture(scope="module")
def loaded():
    """The shipped model."""
    from analysis.core.specs import ModelSpec
    from analysis.model.load import load

    return load(ModelSpec("demo", device="cpu"))


@needs_model
def test_the_model_is_small_and_plain(loaded):
    assert (DEMO_FOLDER / "model.safetensors").stat().st_size <= 12 * 2**20
    assert (
        loaded.model.config.model_type == "llama"
        and 2e6 <= sum(p.numel() for p in loaded.model.parameters()) <= 5e6
    )
    card = (DEMO_FOLDER / "README.md").read_text(encoding="utf-8")
    assert "cannot show" in card


@pytest.fixture(scope="module")
def measured():
    """The figures that ship with the model."""
    return json.loads((DEMO_FOLDER / "measured.json").read_text(encoding="utf-8"))


@needs_model
def test_held_out_verdicts_are_what_was_measured(loaded, measured):
    from analysis.demo.evaluate import verdict_accuracy

    for language, (right, n) in verdict_accuracy(
        loaded.model, loaded.tokenizer, 3
    ).items():
        figures = measured[language]
        assert right / n == pytest.approx(
            figures["held-out verdicts right"] / figures["held-out verdicts"], abs=0.12
        )


@needs_model
def test_held_out_verdicts_are_right(measured):
    shares = {
        code: figures["held-out verdicts right"] / figures["held-out verdicts"]
        for code, figures in measured.items()
    }
    assert shares["en"] >= 0.95, shares
    assert all(figures["low"] > 0.5 for figures in measured.values()), shares


@needs_model
@pytest.mark.parametrize("language", LANGUAGES)
def test_greedy_answers_are_whole_sentences_of_the_language(loaded, language):
    from analysis.demo.evaluate import answers, is_sentence, questions

    said = answers(loaded.model, loaded.tokenizer, questions(language)[0][::3])
    whole = [is_sentence(answer, language) for answer in said]
    assert np.mean(whole) >= 0.9, [
        answer for answer, there in zip(said, whole) if not there
    ]


@needs_model
def test_steering_moves_verdicts_monotonically():
    from analysis.core.specs import ModelSpec
    from analysis.demo.evaluate import STRENGTHS, steered
    from analysis.model.load import load
    from analysis.study.library import open_by_name

    loaded, study = load(ModelSpec("demo", device="cpu")), open_by_name("demo")
    part = slice(STRENGTHS.index(-0.5), None)
    rising = []
    for value in VALUES:
        vectors = study.array("concept_vector").sel(concept=value, language="en")
        curves = [
            steered(loaded, vectors.sel(layer=layer).values, layer, "en", value)
            for layer in (2, 3, 4)
        ]
        rising.append(any((np.diff(curve[part]) > 0).all() for curve in curves))
    assert np.mean(rising) >= 0.7, dict(zip(VALUES, rising))


@needs_model
def test_the_demo_study_is_what_extraction_gives(home):
    from analysis.demo.study import demo_spec
    from analysis.study.library import open_by_name
    from analysis.worker.extraction import extract_study
    from analysis.worker.service import Job, Pool

    concepts, languages = ("fairness", "truthfulness"), ("en", "ta")
    job = Job(1, "test", "part", lambda job, pool: None)
    part = open_by_name(
        extract_study(demo_spec(concepts, languages), demo_corpus(), "part", {})(
            job, Pool()
        )
    )
    whole = open_by_name("demo")
    picked = {"concept": list(concepts), "language": list(languages)}
    want = whole.array("concept_vector").sel(picked).values
    np.testing.assert_allclose(
        part.array("concept_vector").values, want, rtol=1e-3, atol=1e-4
    )
    cells = {
        "concept": list(concepts),
        "source": list(languages),
        "target": list(languages),
    }
    np.testing.assert_allclose(
        part.array("pair_score").values,
        whole.array("pair_score").sel(cells).values,
        rtol=1e-2,
        atol=1e-2,
    )


@needs_model
def test_the_demo_words_are_what_embedding_gives(home):
    from analysis.core.specs import ModelSpec
    from analysis.demo.study import demo_word_spec
    from analysis.study.library import open_by_name
    from analysis.words.word_lists import demo_words
    from analysis.worker.extraction import embed_words
    from analysis.worker.service import Job, Pool

    languages, whole = ("en", "ta"), open_by_name("demo")
    task = embed_words(
        demo_word_spec(ModelSpec("demo"), languages),
        demo_words().within(languages),
        "part",
    )
    part = open_by_name(task(Job(1, "test", "part", lambda job, pool: None), Pool()))
    assert (
        part.embeddings == whole.embeddings
        and part.word_layers == whole.word_layers
        and len(part.embeddings) >= 3
    )
    for embedding in part.embeddings:
        found, shipped = part.read_words(embedding, 4), whole.read_words(embedding, 4)
        want = shipped[[whole.words.languages.index(code) for code in languages]]
        np.testing.assert_allclose(found, want, rtol=2e-2, atol=2e-2)


@needs_model
def test_the_demo_study_has_the_vectors_that_its_questions_give(home):
    from analysis.demo.study import question_spec
    from analysis.questions.question_sets import demo_questions
    from analysis.study.library import open_by_name
    from analysis.worker.questions import read_questions
    from analysis.worker.service import Job, Pool

    languages = ("en", "ta")
    job = Job(1, "test", "part", lambda job, pool: None)
    part = open_by_name(
        read_questions(question_spec(languages), demo_questions(), "part")(job, Pool())
    )
    whole = open_by_name("demo")
    for name in ("english_vector", "local_vector", "item_part", "lens_share"):
        want = whole.array(name).sel(language=list(languages)).values
        np.testing.assert_allclose(
            part.array(name).values, want, rtol=1e-2, atol=5e-3, err_msg=name
        )
