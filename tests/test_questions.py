"""Questions from files: our own format, those of others, every fault at once; and the demo's."""

import json

import pytest

from analysis.demo.questions import demo_questions as made
from analysis.demo.world import LANGUAGES, world
from analysis.errors import CorpusError
from analysis.sources.question_sets import (
    demo_questions,
    find_questions,
    keep_questions,
    load_questions,
    offered_questions,
    questions_csv,
)
from analysis.sources.questions import CULTURE, UNIVERSAL, Question, Questions, read_questions

OURS = """item,kind,language,question,answer,options,named,country,split
1,universal,en,What is two plus two?,four,four|five,,,train
1,universal,fr,Combien font deux et deux ?,quatre,cinq|quatre,,,train
b,culture,fr,Que mange-t-on ?,du pain,du pain|du riz,Que mange-t-on en France ?,France,test
"""


def test_our_format_is_read():
    questions = read_questions(OURS.encode(), "mine.csv")
    assert questions.name == "mine" and questions.languages == ("en", "fr")
    assert questions.items(UNIVERSAL) == ("1",) and questions.items(CULTURE) == ("b",)
    local = questions.table[CULTURE, "fr", "b"]
    assert local.options == ("du pain", "du riz") and local.named.endswith("France ?") and questions.held_out(local)
    assert not questions.held_out(questions.table[UNIVERSAL, "en", "1"])
    assert any("culture items some languages lack some: en 1" in note for note in questions.notes)


def test_round_trip_keeps_the_digest():
    questions = read_questions(OURS.encode(), "mine.csv")
    again = read_questions(questions_csv(questions.questions).encode(), "mine.csv")
    assert again.digest == questions.digest and again.questions == questions.questions


def test_columns_of_global_mmlu_are_understood():
    text = "sample_id,subject,question,option_a,option_b,option_c,option_d,answer,lang\nx/1,law,Q?,one,two,three,four,C,sw\n"
    (question,) = read_questions(text.encode(), "mmlu.csv").questions
    assert question == Question("x/1", UNIVERSAL, "sw", "Q?", "three", ("one", "two", "three", "four"))


def test_columns_of_blend_are_understood_and_a_country_makes_it_culture():
    row = {"MCQID": "Al-1", "country": "Spain", "prompt": "¿Qué?", "choices": '{"A": "pan", "B": "arroz"}', "answer_idx": "A",
           "language": "es", "topic": "food"}  # fmt: skip
    questions = read_questions(json.dumps(row, ensure_ascii=False).encode(), "blend.jsonl")
    (question,) = questions.questions
    assert (question.kind, question.answer, question.options, question.country) == (CULTURE, "pan", ("pan", "arroz"), "Spain")
    assert any("not used: topic" in note for note in questions.notes)
    assert any("country named" in note and "es 1" in note for note in questions.notes)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,universal,xx,Q?,a,a|b,,,", "xx"),
        ("1,univresal,en,Q?,a,a|b,,,", "Did you mean “universal”"),
        ("1,universal,en,,a,a|b,,,", "no “question”"),
        ("1,universal,en,Q?,c,a|b,,,", "not among the options"),
        ("1,universal,en,Q?,a,a,,,", "only one option"),
        ("1,universal,en,Q?,a,a|b,,,dev", "unknown split"),
        ("1,universal,en,Q?,a", "has 5 cells"),
    ],
)
def test_faults_are_told_with_their_line(row, told):
    with pytest.raises(CorpusError) as caught:
        read_questions((OURS.splitlines()[0] + "\n" + row).encode(), "bad.csv")
    assert any("line 2" in fault and told in fault for fault in caught.value.faults), caught.value.faults


def test_all_faults_are_listed_and_repeats_are_faults():
    text = OURS + OURS.splitlines()[1] + "\n9,universal,zz,Q?,a,a|b,,,\n"
    with pytest.raises(CorpusError) as caught:
        read_questions(text.encode(), "bad.csv")
    assert len(caught.value.faults) == 2 and "there already" in caught.value.faults[0]


@pytest.mark.parametrize("name", ["questions.xlsx", "questions.pickle"])
def test_other_endings_are_refused(name):
    with pytest.raises(CorpusError, match="Allowed: .csv"):
        read_questions(b"", name)


def test_without_a_split_every_item_is_on_the_same_side_in_all_languages():
    listed = [Question(str(i), UNIVERSAL, code, "Q?", "a", ("a", "b")) for i in range(40) for code in ("en", "fr")]
    questions = Questions("q", tuple(listed))
    sides = [questions.held_out(q) for q in listed]
    assert sides[::2] == sides[1::2] and 10 < sum(sides[::2]) < 30


def test_kept_questions_are_found_again(home):
    questions = read_questions(OURS.encode(), "mine.csv")
    name = keep_questions(questions)
    assert name in offered_questions() and load_questions(name).questions == questions.questions
    assert find_questions(questions.digest).digest == questions.digest
    with pytest.raises(CorpusError, match="Upload them again"):
        find_questions("0" * 16)
    with pytest.raises(CorpusError, match="Did you mean"):
        load_questions(name[:-1])


def test_the_demo_questions_are_those_of_the_world():
    shipped = demo_questions()
    assert tuple(made()) == shipped.questions and set(shipped.languages) == set(LANGUAGES)
    for q in shipped.questions:
        assert q.answer in q.options and len(q.options) >= 2 and len(set(q.options)) == len(q.options)
        assert q.kind == UNIVERSAL or (q.named and len(q.options) == 2)
    facts = {answer for _, answer in world("fi")["facts"]}
    assert {q.answer for q in shipped.questions if q.language == "fi" and q.kind == UNIVERSAL} == facts
