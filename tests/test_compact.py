"""Records that are held as one piece of bytes each, and look like a tuple of them."""

import pickle

import pytest

from analysis.core.compact import Compact, compacted, texts_of
from analysis.questions.questions import Question, Questions, read_questions

TEXTS = [["a", "", "é"], ["", "", ""], ["\x1f\x00\n|", "𝄞", "ÿþ"]]
HELD = Compact([compacted(texts) for texts in TEXTS], tuple)
SAME = tuple(map(tuple, TEXTS))


def test_texts_come_out_as_they_went_in():
    assert [texts_of(compacted(texts)) for texts in TEXTS] == TEXTS
    with pytest.raises(UnicodeEncodeError):
        compacted(["\ud800"])


def test_packed_records_are_like_a_tuple_of_them():
    assert len(HELD) == 3 and HELD == SAME and tuple(HELD) == SAME
    assert HELD[1] == SAME[1] and HELD[-1] == SAME[-1] and HELD[1:] == SAME[1:]
    assert SAME[:2] != HELD and (*SAME[:2], 3) != HELD and HELD != "abc" and HELD != 3
    assert hash(HELD) == hash(SAME) and pickle.loads(pickle.dumps(HELD)) == HELD
    assert SAME[2] in HELD and HELD.index(SAME[2]) == 2


def test_questions_that_were_read_are_counted_as_those_that_were_made():
    asked = (
        Question(
            "1", "culture", "fr", "é?", "non", ("oui", "non"), "ici", "France", "test"
        ),
        Question("2", "culture", "fr", "où?", "là", ("là", "ici")),
        Question("1", "universal", "en", "what?", "this", ()),
    )
    made = Questions("mine", asked)
    text = "item,kind,language,question,answer,options,named,country,split\n"
    text += (
        "1,culture,fr,é?,non,oui|non,ici,France,test\n2,culture,fr,où?,là,là|ici,,,\n"
    )
    read = read_questions(f"{text}1,universal,en,what?,this,,,,\n".encode(), "mine.csv")
    assert read.questions == asked and read.digest == made.digest
    assert vars(read.tally) == vars(made.tally)
    assert read.languages == ("fr", "en") and read.divided and made.divided
    told = "named (no local vector from them): fr 1", "without options: en 1"
    assert all(any(each in note for note in read.notes) for each in told)
