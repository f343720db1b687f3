"""Word vectors as cells of a study, from a stand-in for a model: begun, stopped, resumed, packed, and added to another study."""  # noqa: E501

import numpy as np
import pytest

from analysis.concepts import plan
from analysis.concepts.readouts import WordStates
from analysis.core.errors import CorpusError, SpecError, StudyError
from analysis.core.specs import ModelSpec
from analysis.study import library, store
from analysis.study.word_list import WordList
from analysis.words import plan as cells
from analysis.words.embeddings import EMBEDDINGS
from tests.reading import FakeReader, corpus
from tests.reading import spec as study_spec


def test_states_that_half_precision_cannot_hold_are_kept_in_single():
    kept = WordStates(3, [1], 2)
    kept.eat(np.array([2]), np.float32([[[0, 0], [1, 2]]]))
    assert kept.values.dtype == np.float16
    kept.eat(np.array([0, 1]), np.float32([[[0, 0], [1e5, 2]], [[0, 0], [3, 4]]]))
    np.testing.assert_array_equal(kept.values, np.float32([[[1e5, 2], [3, 4], [1, 2]]]))
    assert kept.values.dtype == np.float32


class WordReader(FakeReader):
    """States of words; one word becomes no token."""

    def state(self, text):
        """Noise of the word's own."""
        return super().state(f"truth {text}")

    def hollow(self, texts):
        """The word that becomes no token."""
        return [text for text in texts if text == "\u200b"]


WORDS = WordList(
    "few",
    ("en", "fr"),
    ("dog", "love", "image"),
    (("dog", "love", "image"), ("chien", "", "image")),
)
EMBEDDED = ("last token", "prompt: meaning")


def reader(position):
    """The fake model, read at any position."""
    return WordReader()


def spec(words=WORDS, **more):
    """A spec of these words."""
    return cells.word_spec(ModelSpec("fake"), words, EMBEDDED, **more)


def test_words_make_a_study_of_their_own_that_resumes_packs_and_opens(home):
    folder = cells.begin(spec(layers=(1, 3)), WORDS, reader, "My words")

    def stop(done, of, cell):
        if done == 2:
            raise StudyError("stopped")

    with pytest.raises(StudyError, match="stopped"):
        cells.run(folder, reader, stop)
    assert store.open_study(folder).missing == (
        "words prompt: meaning en",
        "words prompt: meaning fr",
    )
    assert np.isnan(store.open_study(folder).read_words("prompt: meaning", 3)).all()
    assert cells.begin(spec(layers=(1, 3)), WORDS, reader, "My words") == folder
    cells.run(folder, reader)
    study = library.open_by_name(
        library.unpack(library.pack(folder.name), "copy.babelscope")
    )
    assert (
        study.complete
        and study.words == WORDS
        and study.embeddings == EMBEDDED
        and study.word_layers == (1, 3)
    )
    want = WordReader().state("chien")[2].astype(np.float16)
    np.testing.assert_array_equal(study.read_words("last token", 3)[1, 0], want)
    assert np.isnan(study.read_words("last token", 3)[1, 1]).all(), (
        "a word that a language lacks"
    )
    assert study.array("word_vector").shape == (2, 2, 2, 3, 8) and not study.concepts
    with pytest.raises(StudyError, match="already"):
        cells.begin(spec(layers=(1, 3)), WORDS, reader, "My words")
    assert library.summary(study)["words"] == 3


def test_words_are_added_to_a_study_of_the_same_model_and_survive_its_seal(home):
    given = corpus()
    folder = plan.begin(study_spec(given), given, FakeReader(), "both")
    assert cells.begin(spec(), WORDS, reader, "", folder) == folder
    cells.run(folder, reader)
    assert len(store.open_study(folder).missing) == 12
    plan.run(folder, given, FakeReader())
    study = library.open_by_name(folder.name)
    assert study.complete and study.has("word_vector") and study.has("pair_score")
    np.testing.assert_array_equal(
        study.read_words("last token", 1)[0, 0],
        WordReader().state("dog")[0].astype(np.float16),
    )
    with pytest.raises(StudyError, match="has other words already"):
        cells.begin(spec(layers=(1,)), WORDS, reader, "", folder)
    with pytest.raises(StudyError, match="another model"):
        cells.begin(
            cells.word_spec(ModelSpec("other"), WORDS, EMBEDDED),
            WORDS,
            reader,
            "",
            folder,
        )


def test_words_and_layers_that_cannot_be_read_are_named(home):
    hollow = WordList(
        "bad", ("en", "fr"), ("dog", "nothing"), (("dog", "\u200b"), ("chien", "rien"))
    )
    with pytest.raises(CorpusError, match="en, nothing: '.u200b' becomes no token"):
        cells.begin(spec(hollow), hollow, reader, "x")
    with pytest.raises(SpecError, match="layers 1 to 3; asked for 9"):
        cells.begin(spec(layers=(9,)), WORDS, reader, "x")
    with pytest.raises(SpecError, match="given are"):
        cells.begin(
            spec(),
            WORDS.within(("fr", "en")).within(("en", "fr"), complete=True),
            reader,
            "x",
        )
    thai = WordList(
        "th", ("en", "th"), ("dog", "cat"), (("dog", "cat"), ("หมา", "แมว"))
    )
    with pytest.raises(SpecError, match="not written in th"):
        cells.begin(spec(thai), thai, reader, "x")
    with pytest.raises(SpecError, match="two languages"):
        cells.word_spec(ModelSpec("fake"), WORDS.within(("en",)), EMBEDDED)
    assert not list(store.root().iterdir()) and set(EMBEDDED) < set(EMBEDDINGS)
