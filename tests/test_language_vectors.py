"""Language vectors: planted means, what they are against, and steering by them."""

import json

import numpy as np
import pytest
import xarray as xr

from analysis.core.errors import SpecError, StudyError
from analysis.sentences import shelf
from analysis.steering.language_vectors import language_vector, languages_with_means
from analysis.steering.resolve import resolve, state_norms, vectors
from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource
from analysis.steering.vector_files import keep_vectors, load_vectors
from analysis.study.study import COMPUTED, Study
from components.figures.steering_words import steering_words
from tests.planted_sentences import parallel_text, stored_sentences
from tests.visits import alive, visit, words

LAYERS, HIDDEN = 3, 5
MEANS = np.arange(3 * LAYERS * HIDDEN, dtype=np.float32).reshape(3, LAYERS, HIDDEN) ** 2


def study_of(arrays: dict[str, np.ndarray], codes=("en", "es", "fr")) -> Study:
    """A study with arrays by language."""
    known = {}
    for name, values in arrays.items():
        dims = ("language", "layer", "hidden")[: values.ndim]
        coords = {"language": list(codes), "layer": range(1, LAYERS + 1)}
        known[name] = xr.DataArray(values, coords, dims)
    return Study(
        name="s",
        title="Means",
        kind=COMPUTED,
        model="m",
        concepts=(),
        languages=codes,
        layers=LAYERS,
        available=frozenset(known),
        load=known.__getitem__,
    )


@pytest.mark.parametrize("array", ["sentence_mean", "mean_state"])
def test_a_language_vector_is_the_gap_between_means(array):
    study = study_of({array: MEANS})
    np.testing.assert_array_equal(
        language_vector(study, "es", "en"), MEANS[1] - MEANS[0]
    )
    np.testing.assert_allclose(
        language_vector(study, "es"), MEANS[1] - (MEANS[0] + MEANS[2]) / 2
    )


def test_means_of_sentences_come_before_imported_ones():
    study = study_of({"mean_state": MEANS * 0, "sentence_mean": MEANS})
    assert language_vector(study, "es", "en").any()


def test_languages_without_a_mean_are_left_out_and_refused():
    lacking = MEANS.copy()
    lacking[2] = np.nan
    study = study_of({"sentence_mean": lacking})
    assert languages_with_means(study) == ("en", "es")
    np.testing.assert_array_equal(language_vector(study, "es"), MEANS[1] - MEANS[0])
    for bad in (("fr", ""), ("es", "fr"), ("xx", "en")):
        with pytest.raises(SpecError, match="language with a mean state"):
            language_vector(study, *bad)
    with pytest.raises(SpecError, match="against itself is nothing"):
        language_vector(study, "es", "es")
    with pytest.raises(StudyError, match="Read parallel sentences"):
        language_vector(study_of({}), "es")


def test_steering_takes_a_language_vector_and_knows_how_long_states_are():
    lengths = np.full((3, LAYERS), 2.0, np.float32)
    study = study_of({"sentence_mean": MEANS, "sentence_norm": lengths})
    source = VectorSource("language vector", "s", language="es", target="en")
    found = vectors(source, lambda name: study)
    np.testing.assert_array_equal(found, MEANS[1] - MEANS[0])
    np.testing.assert_array_equal(state_norms(source, lambda name: study), lengths[1])
    spec = SteeringSpec((SteeringTerm(source, (2,), (0.5,)),))
    (term,) = resolve(spec, lambda name: study)
    np.testing.assert_array_equal(term.vectors[2], found[1])
    assert term.strengths == {2: 0.5}
    twin = VectorSource("random", plus=(source,), seed=3)
    drawn = vectors(twin, lambda name: study)
    np.testing.assert_allclose(
        np.linalg.norm(drawn, axis=1), np.linalg.norm(found, axis=1), rtol=1e-5
    )


PLAYGROUND = "pages/playground.py"


def test_the_playground_takes_a_language_vector_of_a_study_of_sentences(home, fresh):
    stored_sentences("spoken")
    link = json.dumps({"spoken": "zh", "against": "en"})
    at = visit(PLAYGROUND, study="spoken", play=link)
    assert not at.error, [each.value for each in at.error]
    assert at.selectbox(key="play-kind").value == "language vector"
    assert at.selectbox(key="play-spoken").value == "zh"
    assert at.selectbox(key="play-against").value == "en"
    said = words(at)
    assert "Strength 1 adds the whole gap between the mean states." in said
    assert "Push beside the state" in said
    alive(at.selectbox(key="play-spoken").select("en").run())
    assert at.selectbox(key="play-against").value != "en"


def test_the_playground_says_where_means_come_from(home, fresh):
    at = visit(PLAYGROUND, study="demo")
    alive(at.selectbox(key="play-kind").select("language vector").run())
    assert "read parallel sentences with its model on the Alignment page" in words(at)


def test_a_language_vector_is_named_and_exported(home):
    stored_sentences("spoken")
    source = VectorSource("language vector", "spoken", language="zh", target="en")
    spec = SteeringSpec((SteeringTerm(source, (2,), (0.5,)),))
    assert steering_words(spec).startswith("language vector zh − en, layer 2, strength")
    found = dict(enumerate(vectors(source), 1))
    kept = load_vectors(keep_vectors(found, "zh.safetensors"))
    np.testing.assert_array_equal(kept[2], found[2])


def test_neutral_prompts_may_be_those_of_a_kept_text(home, fresh):
    name = shelf.keep(parallel_text(12))
    at = visit(PLAYGROUND, study="demo")
    before = at.text_area(key="neutral-en").value
    alive(at.selectbox(key="neutral-from").select(name).run())
    sentences = at.text_area(key=f"neutral-en-{name}").value.splitlines()
    assert sentences == [f"en {number}" for number in range(10)]
    alive(at.selectbox(key="play-language").select("ta").run())
    assert "has no sentences in this language" in words(at)
    alive(at.selectbox(key="play-language").select("en").run())
    alive(at.selectbox(key="neutral-from").select("this program").run())
    assert at.text_area(key="neutral-en").value == before
