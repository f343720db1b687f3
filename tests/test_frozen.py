"""Arrays that sessions share cannot be written into."""

from contextlib import suppress
from dataclasses import dataclass, is_dataclass

import numpy as np
import pytest
import xarray as xr

from analysis.concepts.similarity import similarity
from analysis.study import library
from analysis.study.arrays import frozen
from analysis.words import neighbours
from analysis.words.specs import AlignmentSpec
from components.frame import cache

ROUTE = ("en", "fr")
SHIPPED = ("demo", library.REQUESTS, "llama2-chat-7b", "words-llama2-7b")


@dataclass(frozen=True)
class Pair:
    """A record that holds arrays."""

    first: np.ndarray
    more: dict
    name: str = "pair"


@pytest.mark.parametrize("name", SHIPPED)
def test_no_array_of_a_study_can_be_written_into(name):
    for study in (library.open_by_name(name), cache.study(name)):
        for array in study.available:
            found = study.array(array)
            with pytest.raises(ValueError, match="read-only"):
                found.values[...] = 0
            with pytest.raises(ValueError, match="read-only"):
                found.data[...] = 0
            with pytest.raises(ValueError, match="read-only|a view"):
                found.loc[{}] = 0
            copied = found.copy(deep=True)
            copied.values[...] = 0


@pytest.mark.parametrize("name", SHIPPED)
def test_a_study_is_one_dataset(name):
    study = library.open_by_name(name)
    assert set(study.dataset.data_vars) == study.available
    for values in study.dataset.data_vars.values():
        assert not values.values.flags.writeable


def test_word_vectors_cannot_be_written_into():
    study = library.open_by_name("demo")
    if not study.has("word_vector"):
        pytest.skip("the demo study has no words")
    vectors = study.read_words(study.embeddings[0], study.word_layers[-1])
    with pytest.raises(ValueError, match="read-only"):
        vectors[0] = 0


def test_arrays_are_frozen_wherever_they_stand():
    arrays = [np.zeros(2) for _ in range(5)]
    inner = xr.DataArray(arrays[1], {"x": ("here", arrays[2])}, "here", "y")
    pair = Pair(arrays[0], {"a": [inner], "b": (xr.Dataset({"z": arrays[3]}), None)})
    assert frozen(pair) is pair
    for array in (pair.first, inner.values, inner.x.values, pair.more["b"][0].z.values):
        assert not array.flags.writeable
    assert arrays[4].flags.writeable


def test_a_measure_that_is_kept_for_all_sessions_is_a_copy_or_frozen():
    for name in (library.REQUESTS, "llama2-chat-7b"):
        study = cache.study(name)
        first = cache.measure(similarity, study)
        with suppress(ValueError):
            first.cosine.values[...] = 9
        assert float(cache.measure(similarity, study).cosine.max()) < 1.001


def test_what_analyses_share_is_frozen():
    study = cache.study("demo")
    want = cache.Want.of(neighbours.word_ranks, AlignmentSpec("last token"), *ROUTE)
    key = cache.key_of(study, want)
    cache.calculated(key)
    shared = cache.prepared_values().get(cache.key_of_prepared(key))
    arrays = list(arrays_in(shared))
    assert arrays and not any(array.flags.writeable for array in arrays)


def arrays_in(value):
    """All arrays of a record and of those in it."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value):
        for each in vars(value).values():
            yield from arrays_in(each)
