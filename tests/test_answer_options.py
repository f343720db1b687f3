"""What the answer of a file's question means: a text, a letter, or a place that is asked about."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from analysis.core.errors import CorpusError, SpecError
from analysis.questions.answer_options import ANSWERS, AnswersUnclear, options_of
from analysis.questions.questions import read_questions
from babelscope.__main__ import main
from babelscope.inputs import questions_of

ROW = {"item": "1", "language": "en", "question": "What is one and one?"}
NUMBERS = ["1", "2", "3", "4"]
FRUITS = ["apple", "pear", "plum"]


def lines(**values) -> bytes:
    """A file of one question."""
    return json.dumps(ROW | values).encode()


def answer(meaning="", **values) -> str:
    """The answer of a file of one question."""
    return read_questions(lines(**values), "q.jsonl", meaning).questions[0].answer


@pytest.mark.parametrize(
    ("options", "given", "meant"),
    [
        (NUMBERS, 2, ("2", None, "3", "2")),
        ("1|2|3|4", "2", ("2", None, "3", "2")),
        ([1, 2, 3, 4], 2, ("2", None, "3", "2")),
        (["0", "1", "2", "3"], "3", ("3", None, "3", "2")),
        (FRUITS, 1, (None, None, "pear", "apple")),
        (FRUITS, "0", (None, None, "apple", None)),
        (FRUITS, 3, (None, None, None, "plum")),
        (["B", "A", "C"], "a", (None, "B", None, None)),
    ],
)
def test_an_answer_that_may_be_a_place_is_asked_about(options, given, meant):
    row = {"options": options, "answer": given}
    if given != "a":
        with pytest.raises(AnswersUnclear, match="say what the answers of this file"):
            answer(**row)
    for meaning, text in zip(ANSWERS, meant):
        if text is None:
            with pytest.raises(CorpusError, match=f"not among .* read as {meaning}"):
                answer(meaning, **row)
        else:
            assert answer(meaning, **row) == text


@pytest.mark.parametrize(
    ("options", "given", "meant"),
    [
        (FRUITS, "B", "pear"),
        (FRUITS, "ｂ", "pear"),
        (NUMBERS, "B", "2"),
        (["7", "8", "9"], "8", "8"),
        ({"text": FRUITS, "label": ["1", "2", "3"]}, "2", "pear"),
        ({"text": FRUITS, "label": ["A", "B", "C"]}, "C", "plum"),
        (["10\u00a0km", "5 km"], "10 km", "10\u00a0km"),
        (["cafe\u0301", "thé"], "café", "cafe\u0301"),
        (["pear\u200b", "plum"], "pear", "pear\u200b"),
    ],
)
def test_an_answer_that_can_only_be_one_option_is_that(options, given, meant):
    assert answer(options=options, answer=given) == meant


@pytest.mark.parametrize("given", ["C", "c", "Ｃ"])
def test_a_letter_without_options_is_asked_about(given):
    with pytest.raises(AnswersUnclear, match="there are no options"):
        answer(answer=given)
    assert answer("text", answer=given) == given
    with pytest.raises(CorpusError, match="to be a letter, and there are no options"):
        answer("letter", answer=given)
    assert answer(answer="CO") == "CO" and answer(answer="2") == "2"


def test_options_in_columns_called_by_their_letters():
    text = "item,language,Question,A,B,C,D,Answer,Subject\n0,fr,2+1 ?,1,2,3,4,C,maths\n"
    questions = read_questions(text.encode(), "mmlu.csv")
    (question,) = questions.questions
    assert (question.options, question.answer) == (("1", "2", "3", "4"), "3")
    assert "Columns that are not used: Subject." in questions.notes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"A": "x", "B": "", "C": "z"}, "option B is empty and option C is not"),
        ({"A": "x", "B": ["y"]}, "option B is no text"),
        (["x"] * 27, "there are 27 options; up to 26 texts are read"),
        ("['x', 'y']", 'not JSON .*; write ."one", "two"., or texts separated'),
        ({"text": ["x", "y"], "label": ["A"]}, "more options than letters"),
        (True, "must be texts in a list"),
    ],
)
def test_options_that_are_none_are_told(options, told):
    with pytest.raises(CorpusError, match=told):
        answer(options=options, answer="x")


@pytest.mark.parametrize("last", ["", None])
def test_empty_options_behind_all_others_are_left_out_and_told(last):
    row = {"option_a": "x", "option_b": "y", "option_c": last, "answer": "B"}
    questions = read_questions(lines(**row), "q.jsonl")
    assert questions.questions[0].options == ("x", "y")
    assert "Empty options that were left out: 1." in questions.notes
    with pytest.raises(CorpusError, match="“C” is the letter of an option that is"):
        answer(**row | {"answer": "C"})


def test_options_that_are_the_same_text_count_once_and_are_told():
    row = {"options": ["café", "thé", "cafe\u0301"], "answer": "C"}
    questions = read_questions(lines(**row), "q.jsonl")
    assert questions.questions[0].options == ("café", "thé")
    assert questions.questions[0].answer == "café"
    assert any("are the same text as another" in note for note in questions.notes)


def test_columns_that_mean_the_same_are_told():
    row = {"Prompt": "P?", "id": "7", "sample_id": "8", "Answer": "x", "answer ": "y"}
    columns = {"option_a": "x", "Option_A": "y", "option_b": "z", "choices": ["q"]}
    data = json.dumps({"language": "en", **row, **columns}).encode()
    questions = read_questions(data, "q.jsonl")
    assert questions.questions[0].item == "8"
    for told in (
        "“sample_id” is taken for item, not “id”.",
        "“Answer” is taken for answer, not “answer”.",
        "“option_a” is taken for option_a, not “Option_A”.",
        "“option_a …” is taken for options, not “choices”.",
    ):
        assert told in questions.notes


def test_the_command_line_says_what_answers_are(tmp_path, capsys):
    path = tmp_path / "okapi.jsonl"
    path.write_bytes(lines(options=NUMBERS, answer=2))
    assert main(["ask", str(path), "--model", "demo"]) == 2
    assert "text: “2”; place from 0: “3”; place from 1: “2”" in capsys.readouterr().err
    assert questions_of(path, "place from 0").questions[0].answer == "3"
    with pytest.raises(SpecError, match="Did you mean “place from 0”"):
        questions_of(path, "place frm 0")


def page_with_a_file():
    """Asks what the answers of a file are, as the Layers page does."""
    import json
    from types import SimpleNamespace

    import streamlit as st

    from components.forms.asking import questions_in

    row = {"item": "1", "language": "en", "question": "1+1?", "answer": 2}
    data = json.dumps(row | {"options": ["1", "2", "3", "4"]}).encode()
    file = SimpleNamespace(name="okapi.jsonl", file_id="1", size=len(data))
    file.getvalue = lambda: data
    questions = questions_in(file)
    if questions:
        st.text(questions.questions[0].answer)


def test_the_page_asks_what_answers_are():
    page = AppTest.from_function(page_with_a_file).run()
    assert "may mean several options" in page.info[0].value and not page.text
    page.segmented_control(key="questions-answers").set_value("place from 0").run()
    assert page.text[0].value == "3"


def test_numbers_of_other_scripts_are_places_too():
    assert answer("place from 1", options=FRUITS, answer="٢") == "pear"
    assert options_of("²").texts == {"A": "²"}
