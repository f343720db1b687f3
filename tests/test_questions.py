"""Questions from files: our own format, those of others, every fault at once; and the demo's."""

import json

import pytest

from analysis.core.errors import CorpusError
from analysis.demo.questions import demo_questions as made
from analysis.questions.answer_options import AnswersUnclear
from analysis.questions.question_sets import (
    demo_questions,
    find_questions,
    keep_questions,
    load_questions,
    offered_questions,
    questions_csv,
)
from analysis.questions.questions import (
    CULTURE,
    UNIVERSAL,
    Question,
    Questions,
    read_questions,
)
from analysis.world.world import LANGUAGES, world

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
    assert (
        local.options == ("du pain", "du riz")
        and local.named.endswith("France ?")
        and questions.held_out(local)
    )
    assert not questions.held_out(questions.table[UNIVERSAL, "en", "1"])
    assert any(
        "culture items some languages lack some: en 1" in note
        for note in questions.notes
    )


def test_round_trip_keeps_the_digest():
    questions = read_questions(OURS.encode(), "mine.csv")
    again = read_questions(questions_csv(questions.questions).encode(), "mine.csv")
    assert again.digest == questions.digest and again.questions == questions.questions


HOSTILE = (
    "P(A|B)",
    "[1, 2]",
    '{"A": 1}',
    'she said "no"',
    "one\ntwo",
    "one\r\ntwo\rthree",
    "שלום|عليكم",
    "B",
    "a",
    "\u202edone\u202c",
    ",;\t'",
)


@pytest.mark.parametrize("answer", HOSTILE)
def test_every_text_survives_being_kept(home, answer):
    """Among options that look like letters, lists and ends of cells; twice, since what
    is kept may be kept again.
    """
    listed = [
        Question("1", UNIVERSAL, "en", f"{answer}?", answer, HOSTILE),
        Question("2", UNIVERSAL, "fr", "Q|", answer, ()),
    ]
    questions = Questions("hostile", tuple(listed))
    again = load_questions(keep_questions(questions))
    assert again.questions == questions.questions and again.digest == questions.digest
    assert find_questions(questions.digest).questions == questions.questions
    assert keep_questions(again) == keep_questions(questions)


def test_as_many_options_as_letters_survive_being_kept(home):
    letters = {chr(ord("A") + i): f"option {i}" for i in range(26)}
    row = {
        "item": "1",
        "language": "en",
        "question": "Q?",
        "answer": "Z",
        "options": letters,
    }
    questions = read_questions(json.dumps(row).encode(), "many.jsonl")
    assert (
        questions.questions[0].answer == "option 25"
        and load_questions(keep_questions(questions)).digest == questions.digest
    )
    with pytest.raises(CorpusError, match="up to 26 texts"):
        read_questions(
            json.dumps(row | {"options": letters | {"AA": "one more"}}).encode(),
            "many.jsonl",
        )


def test_a_set_that_was_kept_unreadably_is_written_again(home):
    questions = Questions(
        "q", (Question("1", UNIVERSAL, "en", "Q?", "P(A|B)", ("P(A|B)", "P(B|A)")),)
    )
    name = keep_questions(questions)
    (home / "questions" / f"{name}.csv").write_text(
        f"{OURS.splitlines()[0]}\n1,universal,en,Q?,P(A|B),P(A|B)|P(B|A),,,\n"
    )
    assert load_questions(keep_questions(questions)).questions == questions.questions


BLOOD = {"item": "1", "language": "en", "question": "Which blood group?"}


@pytest.mark.parametrize(
    ("options", "answer", "meant"),
    [
        (["O", "A", "B", "AB"], "AB", "AB"),
        (["O", "A", "B", "AB"], "D", "AB"),
        (["A", "B"], "B", "B"),
        ({"A": "O", "B": "A", "C": "B", "D": "AB"}, "B", "A"),
        ({"A": "O", "B": "A", "C": "B", "D": "AB"}, "AB", "AB"),
    ],
)
def test_an_answer_is_a_text_or_a_letter(home, options, answer, meant):
    questions = read_questions(
        json.dumps(BLOOD | {"options": options, "answer": answer}).encode(),
        "blood.jsonl",
    )
    assert questions.questions[0].answer == meant
    assert load_questions(keep_questions(questions)).digest == questions.digest


@pytest.mark.parametrize("options", [["O", "A", "B", "AB"], "O|A|B|AB"])
def test_an_answer_that_may_be_a_text_or_a_letter_is_asked_about(options):
    data = json.dumps(BLOOD | {"options": options, "answer": "B"}).encode()
    with pytest.raises(
        AnswersUnclear,
        match="“B” may mean several options .text: “B”; letter: “A”.; say",
    ):
        read_questions(data, "blood.jsonl")
    for answers, meant in (("text", "B"), ("letter", "A")):
        read = read_questions(data, "blood.jsonl", answers)
        assert read.questions[0].answer == meant


MMLU = {
    "sample_id": "law/test/1",
    "subject": "law",
    "subject_category": "Social Sciences",
    "question": "Q?",
    "option_a": "one",
    "option_b": "two",
    "option_c": "three",
    "option_d": "four",
    "answer": "C",
    "required_knowledge": "[]",
    "time_sensitive": "[]",
    "reference": "[]",
    "culture": "[]",
    "region": "[]",
    "country": "[]",
    "cultural_sensitivity_label": "CA",
    "is_annotated": True,
}


@pytest.mark.parametrize(
    "name", ["global_mmlu.fr.jsonl", "fr_test.jsonl", "Global-MMLU-FR.jsonl"]
)
def test_a_file_of_global_mmlu_is_universal_and_in_the_language_of_its_name(name):
    american = {
        "sample_id": "law/test/2",
        "country": "['United States of America (USA)']",
        "cultural_sensitivity_label": "CS",
    }
    questions = read_questions(
        "\n".join(json.dumps(row) for row in (MMLU, MMLU | american)).encode(), name
    )
    options = ("one", "two", "three", "four")
    assert questions.questions == tuple(
        Question(f"law/test/{i}", UNIVERSAL, "fr", "Q?", "three", options)
        for i in (1, 2)
    )
    assert any(
        "1 universal questions are labelled culturally sensitive" in note
        for note in questions.notes
    )
    assert any(
        "language, fr, was taken from the file's name" in note
        for note in questions.notes
    )
    assert any("not used: country, culture" in note for note in questions.notes)


def test_what_the_file_itself_says_counts_more():
    row = MMLU | {"kind": "culture", "country": "Kenya", "language": "sw"}
    (question,) = read_questions(json.dumps(row).encode(), "mmlu.fr.jsonl").questions
    assert (question.kind, question.country, question.language) == (
        CULTURE,
        "Kenya",
        "sw",
    )


@pytest.mark.parametrize(
    "name",
    ["test.jsonl", "mmlu.xx.jsonl", "en-fr.jsonl", "frame.jsonl", "mmlu_id_5.jsonl"],
)
def test_without_a_language_it_is_said_how_to_give_one(name):
    with pytest.raises(
        CorpusError,
        match="no “language”; add a column “language”, or .* name, such as questions.fr.csv",
    ):
        read_questions(json.dumps(MMLU).encode(), name)
    with pytest.raises(CorpusError, match="2 faults") as caught:
        read_questions(
            "\n".join(map(json.dumps, (MMLU, MMLU, MMLU | {"question": ""}))).encode(),
            name,
        )
    assert (
        "line 1: no “language”" in caught.value.faults[0]
        and "line 3: no “question”" in caught.value.faults[1]
    ), "said once"


def test_a_row_without_language_among_others_is_a_fault_whatever_the_name():
    rows = [MMLU | {"language": "sw"}, MMLU]
    with pytest.raises(CorpusError, match="line 2: no “language”"):
        read_questions("\n".join(map(json.dumps, rows)).encode(), "mmlu.fr.jsonl")


def test_one_question_of_blend_is_asked_about_several_countries():
    rows = [
        {
            "ID": "Al-en-06",
            "MCQID": f"Al-en-06_{i}",
            "country": place,
            "prompt": "Q?",
            "choices": '{"A": "tea", "B": "milk"}',
            "choice_countries": '{"A": "UK", "B": "US"}',
            "answer_idx": letter,
        }
        for i, (place, letter) in enumerate((("UK", "A"), ("US", "B")))
    ]
    questions = read_questions(
        "\n".join(map(json.dumps, rows)).encode(), "blend_en.jsonl"
    )
    assert questions.items(CULTURE) == ("Al-en-06_0", "Al-en-06_1") and [
        q.answer for q in questions.questions
    ] == ["tea", "milk"]
    assert any("not used: ID, choice_countries" in note for note in questions.notes)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
@pytest.mark.parametrize("column", ["item", "answer", "extra"])
def test_numbers_that_are_not_finite_are_faults(number, column):
    row = {"item": "1", "language": "en", "question": "Q?", "answer": "a"} | {
        column: "HERE"
    }
    with pytest.raises(CorpusError, match="x.jsonl, line 1: .* is not a finite number"):
        read_questions(json.dumps(row).replace('"HERE"', number).encode(), "x.jsonl")


@pytest.mark.parametrize("column", ["question", "options"])
def test_half_a_character_is_a_fault(column):
    row = {
        "item": "1",
        "language": "en",
        "question": "Q?",
        "answer": "a",
        "options": ["a", "b"],
    }
    row[column] = ["a", "\ud800"] if column == "options" else "\ud800"
    with pytest.raises(CorpusError, match=f"“{column}” has half a character"):
        read_questions(json.dumps(row).encode(), "x.jsonl")


def test_columns_of_global_mmlu_are_understood():
    text = "sample_id,subject,question,option_a,option_b,option_c,option_d,answer,lang\nx/1,law,Q?,one,two,three,four,C,sw\n"  # noqa: E501
    (question,) = read_questions(text.encode(), "mmlu.csv").questions
    assert question == Question(
        "x/1", UNIVERSAL, "sw", "Q?", "three", ("one", "two", "three", "four")
    )


def test_columns_of_blend_are_understood_and_a_country_makes_it_culture():
    row = {
        "MCQID": "Al-1",
        "country": "Spain",
        "prompt": "¿Qué?",
        "choices": '{"A": "pan", "B": "arroz"}',
        "answer_idx": "A",
        "language": "es",
        "topic": "food",
    }
    questions = read_questions(
        json.dumps(row, ensure_ascii=False).encode(), "blend.jsonl"
    )
    (question,) = questions.questions
    assert (question.kind, question.answer, question.options, question.country) == (
        CULTURE,
        "pan",
        ("pan", "arroz"),
        "Spain",
    )
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
    assert any("line 2" in fault and told in fault for fault in caught.value.faults), (
        caught.value.faults
    )


def test_all_faults_are_listed_and_repeats_are_faults():
    text = OURS + OURS.splitlines()[1] + "\n9,universal,zz,Q?,a,a|b,,,\n"
    with pytest.raises(CorpusError) as caught:
        read_questions(text.encode(), "bad.csv")
    assert len(caught.value.faults) == 2 and "there already" in caught.value.faults[0]


@pytest.mark.parametrize("name", ["questions.doc", "questions.pickle"])
def test_other_endings_are_refused(name):
    with pytest.raises(CorpusError, match="Allowed: .csv"):
        read_questions(b"", name)


def test_without_a_split_every_item_is_on_the_same_side_in_all_languages():
    listed = [
        Question(str(i), UNIVERSAL, code, "Q?", "a", ("a", "b"))
        for i in range(40)
        for code in ("en", "fr")
    ]
    questions = Questions("q", tuple(listed))
    sides = [questions.held_out(q) for q in listed]
    assert sides[::2] == sides[1::2] and 10 < sum(sides[::2]) < 30


def test_kept_questions_are_found_again(home):
    questions = read_questions(OURS.encode(), "mine.csv")
    name = keep_questions(questions)
    assert (
        name in offered_questions()
        and load_questions(name).questions == questions.questions
    )
    assert find_questions(questions.digest).digest == questions.digest
    with pytest.raises(CorpusError, match="Upload them again"):
        find_questions("0" * 16)
    with pytest.raises(CorpusError, match="Did you mean"):
        load_questions(name[:-1])


def test_the_demo_questions_are_those_of_the_world():
    shipped = demo_questions()
    assert tuple(made()) == shipped.questions and set(shipped.languages) == set(
        LANGUAGES
    )
    for q in shipped.questions:
        assert (
            q.answer in q.options
            and len(q.options) >= 2
            and len(set(q.options)) == len(q.options)
        )
        assert q.kind == UNIVERSAL or (q.named and len(q.options) == 2)
    facts = {answer for _, answer in world("fi")["facts"]}
    assert {
        q.answer
        for q in shipped.questions
        if q.language == "fi" and q.kind == UNIVERSAL
    } == facts
