"""What trying a model out has shown is kept, and found again where it may be otherwise."""

from dataclasses import replace

import pytest

from analysis.core import settings
from analysis.core.specs import ModelSpec
from analysis.model import known_habits, self_check
from analysis.model.load import Habits
from analysis.model.own_model import own_model
from tests.tiny import build, tokenizer


@pytest.fixture
def found(home, monkeypatch):
    """How often models were tried out; each start of the program is a cleared table."""
    monkeypatch.setattr(self_check, "KNOWN", {})
    real, times = self_check.found_habits, []

    def counted(loaded):
        times.append(loaded)
        return real(loaded)

    monkeypatch.setattr(self_check, "found_habits", counted)
    return times


def started_again(loaded):
    """The habits of a model in a process that knows none yet."""
    self_check.KNOWN.clear()
    return self_check.tried(loaded).habits


def kept():
    return list((settings.home() / known_habits.FOLDER).iterdir())


def test_a_model_is_tried_out_once_for_all_starts(found):
    loaded = own_model(build("llama"), tokenizer())
    first = started_again(loaded)
    assert started_again(loaded) == first and len(found) == 1


def test_another_precision_is_tried_out_by_itself(found):
    loaded = own_model(build("llama"), tokenizer())
    started_again(loaded)
    half = replace(loaded, spec=ModelSpec("half", dtype="bfloat16"))
    started_again(half)
    assert len(found) == 2 and len(kept()) == 2


def test_what_was_kept_is_what_is_found(found):
    loaded = own_model(build("llama"), tokenizer())
    started_again(loaded)
    known_habits.keep(kept()[0], Habits(reads_alone=True))
    assert started_again(loaded).reads_alone


@pytest.mark.parametrize("content", [b"", b"[]", b'{"reads_alone": 3}', b"[" * 5000])
def test_a_damaged_file_is_found_again(found, content):
    loaded = own_model(build("llama"), tokenizer())
    first = started_again(loaded)
    kept()[0].write_bytes(content)
    assert started_again(loaded) == first and len(found) == 2


def test_code_of_ones_own_is_tried_out_at_every_start(found):
    model = build("llama")

    class Changed(type(model)):
        """A user's own class, whose code may be another one next time."""

    model.__class__ = Changed
    loaded = own_model(model, tokenizer())
    started_again(loaded)
    started_again(loaded)
    assert len(found) == 2


def test_that_a_model_cannot_write_is_not_kept(found):
    loaded = own_model(build("llama"), tokenizer())
    place = known_habits.place_of(loaded, self_check.arithmetic(loaded))
    known_habits.keep(place, Habits(cannot_write="out of memory"))
    assert known_habits.known(place) is None


def test_without_a_place_to_keep_it_the_model_is_tried_out_all_the_same(
    found, monkeypatch, tmp_path
):
    (tmp_path / "habits").write_text("a file where the folder would be")
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    loaded = own_model(build("llama"), tokenizer())
    assert started_again(loaded) == started_again(loaded) and len(found) == 2
