"""Tables as people save them: what separates columns, names of columns, names that are the same."""

import json

import pytest

from analysis.concepts import corpora
from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.pairs import Corpus, leaked_pairs, leaked_texts, leaks
from analysis.control import prompts
from analysis.core.errors import CorpusError, SpecError, nearest, unknown
from analysis.core.keys import same_name, told_apart, visible_form
from analysis.languages.shares import read_shares
from analysis.plane.other_methods import read_answers
from analysis.questions.questions import read_questions
from analysis.words.readers import read_words
from babelscope.inputs import pairs_of

SAVED = {
    "pairs": [
        ["pair", "concept", "language", "positive", "negative"],
        ["1", "fair", "en", "She, he; shared.", "She kept."],
        ["1", "fair", "fr", "Elle a\tpartagé.", "Elle a gardé."],
    ],
    "words": [
        ["concept", "en", "fr", "zh-Hant"],
        ["cat", "cat, tom", "chat; matou", "貓"],
        ["dog", "dog", "chien", "狗"],
    ],
    "questions": [
        ["item", "language", "question", "answer", "options"],
        ["1", "en", "Red, or; blue?", "red", "red|blue"],
        ["2", "en", "A\tB?", "no", "yes|no"],
    ],
    "prompts": [
        ["prompt", "language", "text"],
        ["1", "en", "Say, please; hello."],
        ["2", "en", "Say\tbye."],
    ],
}


def shares(data: bytes, name: str):
    """A table of shares from bytes."""
    return read_shares(data.decode("utf-8"), name)


READ = {
    "pairs": lambda data, name: read_corpus(data, name).pairs,
    "words": lambda data, name: read_words(data, name).digest,
    "questions": lambda data, name: read_questions(data, name).questions,
    "prompts": lambda data, name: prompts.read(data, name).prompts,
}


def written(rows, separator=",", end="\n") -> str:
    """Rows with every cell in quotes."""
    lines = [separator.join(f'"{cell}"' for cell in row) for row in rows]
    return end.join(lines) + end


def capital(text: str) -> str:
    """A table whose header is in capitals."""
    header, rest = text.split("\n", 1)
    return f"{header.upper()}\n{rest}"


WAYS = {
    "commas": written,
    "quoted semicolons": lambda rows: written(rows, ";"),
    "quoted tabs": lambda rows: written(rows, "\t"),
    "told comma": lambda rows: "sep=,\r\n" + written(rows, ",", "\r\n"),
    "told semicolon": lambda rows: "sep=;\n" + written(rows, ";"),
    "carriage returns": lambda rows: written(rows, ",", "\r"),
    "trailing commas": lambda rows: written(rows).replace('"\n', '",,\n'),
    "capital header": lambda rows: capital(written(rows)),
    "no-break space in header": lambda rows: written(rows).replace('"', '"\u00a0', 1),
    "blank rows": lambda rows: "\n,,\n" + written(rows) + ",,,,\n\n",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", SAVED)
def test_a_table_is_read_however_it_was_saved(kind, way):
    wanted = READ[kind](written(SAVED[kind]).encode(), "t.csv")
    text = WAYS[way](SAVED[kind])
    assert READ[kind](text.encode(), "t.csv") == wanted
    assert READ[kind](text.encode("utf-16"), "t.csv") == wanted, "with its mark"
    assert READ[kind](b"\xef\xbb\xbf" + text.encode(), "t.csv") == wanted


@pytest.mark.parametrize("kind", ["pairs", "words", "questions"])
def test_tab_separated_values_may_be_quoted(kind):
    wanted = READ[kind](written(SAVED[kind]).encode(), "t.csv")
    assert READ[kind](written(SAVED[kind], "\t").encode(), "t.tsv") == wanted


def test_without_quotes_any_delimiter_is_seen_by_the_header():
    for separator in ",;\t":
        rows = [row.replace(",", separator) for row in ("concept,en,fr", "a,b,c")]
        found = read_words(
            "\n".join([*rows, rows[1].replace("a", "d")]).encode(), "w.csv"
        )
        assert found.languages == ("en", "fr") and found.concepts == ("a", "d")


@pytest.mark.parametrize("kind", SAVED)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda rows: [
                [rows[0][0], *row[1:]] if row is rows[0] else row for row in rows
            ],
            "",
        ),
        (
            lambda rows: [["", *rows[0]], *(["0", *row] for row in rows[1:])],
            "column 1 has",
        ),
        (lambda rows: [[*row, row[1]] for row in rows], "is there twice"),
        (lambda rows: [rows[0], [*rows[1], "more"]], "cells, the header has"),
        (lambda rows: [rows[0], rows[1][:-1]], "cells, the header has"),
    ],
)
def test_a_damaged_header_or_row_is_one_true_sentence(kind, change, told):
    data = written(change(SAVED[kind])).encode()
    if not told:
        assert READ[kind](data, "t.csv")
        return
    with pytest.raises(CorpusError) as caught:
        READ[kind](data, "t.csv")
    assert any(told in fault for fault in caught.value.faults), caught.value.faults


def test_a_table_of_shares_is_opened_like_any_other():
    table = read_shares("sep=;\nPercent;Code;\n80;en;\n3;fr;\n", "shares.csv")
    assert dict(table.percent) == {"en": 80.0, "fr": 3.0}
    with pytest.raises(CorpusError, match="“1e400” is not a percentage"):
        read_shares("code,percent\nen,1e400\n", "shares.csv")


def test_json_in_other_shapes_is_read_or_told():
    row = {"pair": 1, "concept": "fair", "language": "en"}
    row |= {"positive": "a", "negative": "b"}
    line = json.dumps(row)
    wanted = read_corpus(line.encode(), "p.jsonl").pairs
    both = f"{line}\r{line.replace('en', 'fr')}\r"
    assert read_corpus(both.encode(), "p.jsonl").pairs[:1] == wanted
    pretty = json.dumps(row, indent=1)
    with pytest.raises(CorpusError, match="1 fault.* goes over several lines"):
        read_corpus(f"{pretty}\n{pretty}".encode(), "p.jsonl")


def pairs(*rows) -> bytes:
    """A file of pairs from (pair, concept, language, positive, negative)."""
    return written([SAVED["pairs"][0], *rows]).encode()


def translated(one: str, other: str, concept="fair", other_concept="") -> bytes:
    """Ten pairs in two languages, numbered and called in two ways."""
    rows = []
    for number in range(10):
        texts = (f"good {number}", f"bad {number}")
        rows.append((one % number, concept, "en", *texts))
        rows.append((other % number, other_concept or concept, "fr", *texts))
    return pairs(*rows)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("%d", "%02d"),
        ("%d", "%d.0"),
        ("%d", "%d\u200b"),
        ("p%d", "P%d"),
        ("é%d", "e\u0301%d"),
        ("a %d", "a\u00a0%d"),
        ("%d", " %d "),
    ],
)
def test_translations_of_a_pair_are_one_however_it_is_numbered(one, other):
    corpus = read_corpus(translated(one, other), "p.csv")
    assert not corpus.missing() and len(corpus.cells["fair", "en"]) == 10
    assert {pair.pair for pair in corpus.pairs} == {one % n for n in range(10)}
    assert leaked_pairs(corpus, "by pair", "fair", 1) == 0
    if other.strip() != one:
        (note,) = corpus.notes
        assert note.startswith(
            "Pairs of fair are written in several ways and were joined"
        )
        assert "(10 rows)" in note or "(9 rows)" in note


@pytest.mark.parametrize(
    ("one", "other"), [("équité", "e\u0301quite\u0301"), ("Fair", "fair")]
)
def test_concepts_of_one_name_are_one(one, other):
    corpus = read_corpus(translated("%d", "%d", one, other), "p.csv")
    assert corpus.concepts == (one,) and corpus.languages == ("en", "fr")
    assert any(
        note.startswith("Concepts are written in several") for note in corpus.notes
    )


def test_numbers_that_are_not_whole_are_names():
    rows = [
        (number, "fair", "en", f"a{number}", "b") for number in ("1.1", "1.10", "1")
    ]
    assert len(read_corpus(pairs(*rows), "p.csv").pairs) == 3


def test_a_pair_that_is_there_already_is_shown_as_it_is_written():
    rows = [("1", "fair", "en", "a", "b"), ("1\u200b", "fair", "en", "c", "d")]
    with pytest.raises(CorpusError) as caught:
        read_corpus(pairs(*rows), "p.csv")
    (fault,) = caught.value.faults
    assert "pair “1[zero width space]” of fair in en is there already" in fault
    assert "line 2, written “1”" in fault


def test_numbers_of_two_concepts_are_not_joined():
    rows = [("1", "a", "en", "x", "y"), ("01", "b", "en", "x", "y")]
    corpus = read_corpus(pairs(*rows), "p.csv")
    assert [pair.pair for pair in corpus.pairs] == ["1", "01"] and not corpus.notes


def test_what_is_kept_is_read_again_as_it_is(home):
    old = read_corpus(translated("%d", "%02d"), "p.csv", exact=True)
    assert len(old.cells["fair", "fr"]) == 10 and old.missing()
    name = corpora.keep(old)
    assert corpora.load(name).digest == old.digest == corpora.find(old.digest).digest


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("café", "cafe\u0301"),
        ("yes", "yes\u200b"),
        ("ice cream", "ice\u00a0cream"),
        ("so  so", "so so"),
        ("\ufeffyes", "yes"),
    ],
)
def test_members_that_look_the_same_are_no_contrast(positive, negative):
    with pytest.raises(CorpusError, match="look the same; they differ only in"):
        read_corpus(pairs(("1", "fair", "en", positive, negative)), "p.csv")
    assert read_corpus(pairs(("1", "fair", "en", "Polish", "polish")), "p.csv").pairs


def test_a_member_of_which_nothing_is_seen_is_empty():
    with pytest.raises(CorpusError, match="“positive” has only characters that cannot"):
        read_corpus(pairs(("1", "fair", "en", "\u200b\ufeff", "no")), "p.csv")


def test_texts_on_both_sides_of_a_split_are_counted():
    rows = [(str(n), "fair", "en", f"good {n}", f"bad {n}") for n in range(20)]
    clean = read_corpus(pairs(*rows), "p.csv")
    assert leaked_texts(clean, "by pair", "fair", 1) == 0
    twins = [
        (str(n + 20), "fair", "en", f"good\u00a0{n}", f"worse {n}") for n in range(20)
    ]
    doubled = read_corpus(pairs(*rows, *twins), "p.csv")
    assert leaked_pairs(doubled, "by pair", "fair", 1) == 0
    assert 4 <= leaked_texts(doubled, "by pair", "fair", 1) <= 8
    apart = Corpus("given", tuple(p for p in doubled.pairs if int(p.pair) < 20))
    assert leaked_texts(apart, "by pair", "fair", 1) == 0


def test_prompts_of_one_number_are_one_in_all_languages():
    rows = [("prompt", "language", "text", "source")]
    rows += [(str(n), "en", f"do {n}", "deed") for n in range(4)]
    rows += [(f"0{n}", "fr", f"fais {n}", "Deed") for n in range(4)]
    found = prompts.read(written(rows).encode(), "p.csv")
    assert found.of("en", "").keys() == found.of("fr", "").keys()
    assert {prompt.source for prompt in found.prompts} == {"deed"}
    assert found.notes[0].startswith("Prompts are written in several ways")
    kept = prompts.read(written(rows).encode(), "p.csv", exact=True)
    assert "01" in kept.of("fr", "")


def test_prompts_keep_every_line_end(home):
    given = prompts.PromptSet("ends", (prompts.Prompt("1", "en", "one\rtwo\r\nthree"),))
    kept = prompts.SHELF.load(prompts.keep(given))
    assert prompts.read(kept, "ends.csv", exact=True).prompts == given.prompts


def test_items_of_one_number_are_one_question():
    rows = ["item,language,question,answer", "1,en,Who?,me", "01,en,Who?,me"]
    with pytest.raises(CorpusError, match="item “01” .* is there already"):
        read_questions("\n".join(rows).encode(), "q.csv")
    rows[2] = "01,fr,Qui ?,moi"
    questions = read_questions("\n".join(rows).encode(), "q.csv")
    assert questions.items("universal") == ("1",)
    assert any(note.startswith("Items are written in") for note in questions.notes)
    kept = read_questions("\n".join(rows).encode(), "q.csv", exact=True)
    assert kept.items("universal") == ("1", "01")


def test_what_is_the_same_to_a_reader():
    assert visible_form(" e\u0301\u200b\u00a0 x ") == "é x"
    for name, common in [
        ("007", "7"),
        ("7.00", "7"),
        ("-07", "-7"),
        ("٧", "7"),
        ("1e3", "1e3"),
        ("9" * 400, "9" * 400),
        ("Ab", "ab"),
    ]:
        assert same_name(name) == common and same_name(common) == common
    assert told_apart("é\u0301\u00a0中\x00") == (
        "é[combining acute accent][no-break space]中[U+0000]"
    )


def test_what_was_joined_and_what_leaks_is_told_without_a_page(tmp_path, capsys):
    path = tmp_path / "p.csv"
    path.write_bytes(translated("%d", "%02d"))
    read = pairs_of(path)
    assert "note: Pairs of fair are written in several ways" in capsys.readouterr().err
    rows = [(str(n), "fair", "en", "the same good", f"bad {n}") for n in range(10)]
    corpus = read_corpus(pairs(*rows), "p.csv")
    (told,) = leaks(corpus, "by pair", corpus.concepts, 1)
    assert told.startswith("This split holds out 2 pairs that have a text in common")
    assert leaks(read, "by pair", read.concepts, 1) == ()


HALF = "\\ud83d"


@pytest.mark.parametrize(
    ("read", "row"),
    [
        (read_corpus, {"pair": 1, "concept": "a", "language": "en", "positive": "x"}),
        (
            read_questions,
            {"item": 1, "language": "en", "question": "Q?", "answer": "xy"},
        ),
        (
            read_answers,
            {"item": 1, "kind": "universal", "language": "en", "answer": "x"},
        ),
    ],
)
@pytest.mark.parametrize("damage", ["name", "value", "unused", "deep", "whole"])
def test_half_a_character_anywhere_in_json_is_a_sentence(read, row, damage):
    line = json.dumps(row | {"extra": "HERE", "negative": "y", "method": "m"})
    line = {
        "name": line.replace("extra", HALF),
        "value": line.replace("x", HALF),
        "unused": line.replace("HERE", HALF),
        "deep": line.replace('"HERE"', f'[{{"{HALF}": 1}}]'),
        "whole": line.replace("x", HALF + "\\ude00"),
    }[damage]
    if damage == "whole" and read is not read_corpus:
        assert read(line.encode(), "q.jsonl") is not None
        return
    with pytest.raises(CorpusError) as caught:
        read(line.encode(), "q.jsonl")
    for sentence in (str(caught.value), *caught.value.faults):
        assert sentence.encode(), "can be shown"
    if damage != "whole":
        assert any("half a character" in fault for fault in caught.value.faults)


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "1e400", "9" * 5000])
def test_a_very_large_number_is_a_name_or_a_sentence(number):
    row = '{"pair": %s, "concept": "a", "language": "en", "positive": "x", "negative": "y"}'
    try:
        read_corpus((row % number).encode(), "p.jsonl")
    except CorpusError as error:
        assert "line 1" in error.faults[0]
    with pytest.raises(CorpusError, match="no number of zero or more"):
        read_words(b"concept,en,fr,frequency\na,b,c,1e400\nd,e,f,1\n", "w.csv")


def test_digits_of_other_scripts_are_digits_and_raised_ones_are_none():
    words = read_words("concept,en,fr,frequency\na,b,c,٣\nd,e,f,1\n".encode(), "w.csv")
    assert words.frequencies == (3.0, 1.0)
    with pytest.raises(CorpusError, match="no number of zero or more"):
        read_words("concept,en,fr,frequency\na,b,c,²\nd,e,f,1\n".encode(), "w.csv")


def test_a_tab_file_of_another_name_is_a_sentence():
    with pytest.raises(CorpusError, match="not named like a wordnet's tab file"):
        read_words(b"0-n\tlemma\tx\n", "french.tab")


@pytest.mark.parametrize("kind", SAVED)
def test_a_character_that_no_text_has_is_told_with_its_line(kind):
    text = written(SAVED[kind])
    last = SAVED[kind][2][0]
    data = text.replace(f'"{last}"', f'"{last}\0"').encode()
    with pytest.raises(CorpusError, match="line 3: has a character that no text has"):
        READ[kind](data if data != text.encode() else b"", "t.csv")


def test_texts_with_characters_that_cannot_be_seen_are_noted():
    rows = [("1", "fair", "en", "a\u200bb", "c"), ("1", "fair", "fr", "é", "d")]
    (note,) = read_corpus(pairs(*rows), "p.csv").notes
    assert note.startswith("Texts hold characters that cannot be seen (en 1)")


def test_odd_words_are_noted_and_kept():
    text = "concept,kind,en,fr\na,Physical,cat/kitty,nan\nb,abstract,ice\u00a0cream,x\n"
    words = read_words(text.encode(), "w.csv")
    assert words.kinds == ("physical", "abstract") and words.words("fr")[0] == "nan"
    assert words.notes == (
        "Words with a sign such as a comma or a slash, read as they stand (1): "
        "en “cat/kitty”",
        "Words with a space that does not break or characters that cannot be seen, read "
        "as they stand (1): en “ice[no-break space]cream”",
        "Words that may stand for none, read as they stand (1): fr “nan”",
    )


def test_a_name_that_only_looks_like_another_is_told_apart():
    with pytest.raises(SpecError) as caught:
        raise unknown("concept", "e\u0301quite\u0301", ["équité", "fairness"])
    assert "Did you mean “équité”, where you wrote “e[combining acute" in str(
        caught.value
    )
    assert nearest("fairnes", ["fairness"]) == " Did you mean “fairness”?"
    assert nearest("Fairness", ["fairness"]) == " Did you mean “fairness”?"
