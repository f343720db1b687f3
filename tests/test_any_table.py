"""Files of any form are opened; what is in them that is no plain text is told."""

import bz2
import gzip
import io
import lzma
import math
import zipfile
from datetime import date, datetime

import pytest

from analysis.concepts.pair_readers import read_corpus
from analysis.control import prompts
from analysis.core import settings
from analysis.core.errors import CorpusError
from analysis.core.faults import Faults
from analysis.questions.questions import read_questions
from analysis.tables.bringing import ColumnsUnknown
from analysis.tables.column_maps import ColumnMap
from analysis.tables.names_of_files import language_in
from analysis.tables.opening import Manner, open_any
from analysis.tables.parts import as_text, value_at
from analysis.words.readers import read_words
from babelscope.inputs import pairs_of
from tests import tables_of as made

ROWS = made.PAIRS
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
BY_LANGUAGE = {
    f"set/{language}.csv": made.csv_of(
        [
            {name: row[name] for name in row if name != "language"}
            for row in ROWS
            if row["language"] == language
        ]
    )
    for language in ("en", "de")
}
FORMS = {
    "a.csv": made.csv_of(ROWS),
    "b.csv": made.csv_of(ROWS, ";"),
    "a.tsv": made.csv_of(ROWS, "\t"),
    "a.jsonl": made.jsonl_of(ROWS),
    "a.json": made.json_of(ROWS),
    "b.json": made.json_of(COLUMNS),
    "c.json": made.json_of({"version": 1, "data": ROWS}),
    "d.json": made.json_of({"train": ROWS[:3], "test": ROWS[3:]}),
    "e.json": made.jsonl_of(ROWS),
    "a.ndjson": made.json_of(ROWS),
    "a.parquet": made.parquet_of(ROWS),
    "a.xlsx": made.workbook_of({"Tabelle1": made.cells_of(ROWS)}),
    "a.csv.gz": gzip.compress(made.csv_of(ROWS)),
    "a.jsonl.bz2": bz2.compress(made.jsonl_of(ROWS)),
    "a.tsv.xz": lzma.compress(made.csv_of(ROWS, "\t")),
    "a.zip": made.zip_of({"a.csv": made.csv_of(ROWS), "README.md": b"x"}),
    "languages.zip": made.zip_of(BY_LANGUAGE),
    "bom.csv": b"\xef\xbb\xbf" + made.csv_of(ROWS),
    "utf-16.csv": made.csv_of(ROWS).decode().encode("utf-16"),
    "utf-32.csv": made.csv_of(ROWS).decode().encode("utf-32"),
    "crlf.csv": made.csv_of(ROWS).replace(b"\n", b"\r\n"),
    "blank.csv": made.csv_of(ROWS).replace(b"\n", b"\n\n"),
    "nbsp.csv": made.csv_of(ROWS).replace(b"concept", "concept\u00a0".encode()),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_same_pairs_in_every_form(name):
    corpus = read_corpus(FORMS[name], name)
    expected = read_corpus(made.csv_of(ROWS), "plain.csv")
    assert sorted(map(str, corpus.pairs)) == sorted(map(str, expected.pairs))


def test_a_folder_is_opened_like_a_zip(tmp_path):
    for name, data in BY_LANGUAGE.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "set" / "LICENSE").write_text("free")
    corpus = pairs_of(tmp_path / "set")
    assert corpus.name == "set" and corpus.languages == ("en", "de")
    assert "set/LICENSE" in " ".join(corpus.notes)


def refused(data, name, read=read_corpus, **options):
    """The sentence by which a file is refused."""
    with pytest.raises(CorpusError) as caught:
        read(data, name, **options)
    return str(caught.value)


def test_an_encoding_that_is_guessed_is_shown():
    rows = [{**row, "positive": f"Größe übt Fügung {row['pair']}"} for row in ROWS]
    data = made.csv_of(rows).decode().encode("cp1252")
    corpus = read_corpus(data, "a.csv")
    assert corpus.pairs[0].positive == "Größe übt Fügung 1"
    (note,) = [note for note in corpus.notes if "guess" in note]
    assert "Größe übt Fügung" in note


def test_several_encodings_in_one_file_are_refused():
    text = made.csv_of(ROWS).decode()
    data = (text + "9,a,en,é,b\n").encode() + "8,a,en,é,b\n".encode("latin-1")
    sentence = refused(data, "a.csv")
    assert "line 9" in sentence and "several encodings" in sentence


def test_an_encoding_may_be_said():
    rows = [{"nr": 1, "gut": "łódź", "schlecht": "b"}]
    data = made.csv_of(rows).decode().encode("cp1250")
    columns = ColumnMap(
        "contrast pairs",
        {"pair": "nr", "positive": "gut", "negative": "schlecht"},
        constants={"concept": "x", "language": "pl"},
        encoding="cp1250",
    )
    assert read_corpus(data, "a.csv", columns=columns).pairs[0].positive == "łódź"


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"x", "a.parquet", "no Parquet file that can be read"),
        (b"PAR1xxxxPAR1", "a.parquet", "no Parquet file that can be read"),
        (b"x", "a.xlsx", "no Excel workbook that can be read"),
        (b"\xd0\xcf\x11\xe0old", "a.xls", "Save it as .xlsx"),
        (b"\x1f\x8bxx", "a.csv.gz", "is cut short, damaged or no gzip"),
        (gzip.compress(FORMS["a.csv"])[:-9], "a.csv.gz", "damaged"),
        (b"x", "a.docx", "which is not read"),
        (made.zip_of({"a.pdf": b"x"}), "a.zip", "has no file"),
        (b"{", "a.json", "not JSON"),
        (b"3", "a.json", "shape that is not read"),
        (b'[["a"], ["b"]]', "a.json", "shape that is not read"),
    ],
)
def test_what_cannot_be_opened_is_told_in_a_sentence(data, name, words):
    assert words in refused(data, name)


def test_what_would_unpack_to_too_much_is_refused(monkeypatch):
    bomb = gzip.compress(b"a,b\n" * 10**6)
    assert "unpacks to more than" in refused(bomb, "a.csv.gz")
    monkeypatch.setattr(settings, "MAX_CORPUS_BYTES", 20_000)
    # The same text in every row takes no room in the file.
    rows = [{**ROWS[0], "pair": str(n), "positive": "x" * 1000} for n in range(100)]
    assert "bytes unpacked; 20,000 are allowed" in refused(
        made.parquet_of(rows), "a.parquet"
    )
    book = made.workbook_of({"a": [["x" * 30_000]]})
    assert "bytes; 20,000 are allowed" in refused(book, "a.xlsx")


def test_a_workbook_tells_what_is_no_text():
    def prepare(book):
        """Two cells as one, below the table."""
        book["Texte"].merge_cells("A9:B9")

    cells = made.cells_of(ROWS)
    cells[1][4] = date(2024, 7, 26)
    cells[2][4] = 3.0
    cells[3][4] = True
    book = made.workbook_of(
        {"Texte": cells, "leer": [], "Notizen": [["a"], ["b"]]}, prepare
    )
    corpus = read_corpus(book, "a.xlsx")
    assert [pair.negative for pair in corpus.pairs[:3]] == ["2024-07-26", "3", "true"]
    told = " ".join(corpus.notes)
    for words in ("dates and times (1)", "numbers (1)", "truth values (1)"):
        assert words in told
    assert "merged cells" in told and "sheets without rows: leer" in told
    assert "not read: a.xlsx/Notizen" in told


def test_sheets_of_a_workbook_are_languages_by_their_names():
    sheets = {}
    for name, code in (("English", "en"), ("Yoruba", "de")):
        rows = [row for row in ROWS if row["language"] == code]
        sheets[name] = [[*row[:2], *row[3:]] for row in made.cells_of(rows)]
    corpus = read_corpus(made.workbook_of(sheets), "a.xlsx")
    assert corpus.languages == ("en", "yo") and len(corpus.pairs) == 6
    assert "a.xlsx/Yoruba: the language, yo, is from its name" in " ".join(corpus.notes)


def test_formulas_and_errors_of_a_workbook_are_refused_by_place():
    cells = made.cells_of(ROWS)
    cells[1][3] = "=A1"
    cells[2][3] = "#REF!"
    sentence = refused(made.workbook_of({"a": cells}), "a.xlsx")
    assert "row 2: the formula in column 4 has no stored value" in sentence
    assert "row 3: column 4 holds the error #REF!" in sentence


def test_a_workbook_that_lies_about_its_size_is_read():
    book = made.workbook_of({"a": made.cells_of(ROWS)})
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(b'ref="A1:E7"', b'ref="A1:XFD1048576"')
            new.writestr(name, data)
    assert len(read_corpus(buffer.getvalue(), "a.xlsx").pairs) == 6


def test_values_of_json_that_are_no_text_are_told():
    rows = [{**ROWS[0], "pair": 7, "extra": [1]}, {**ROWS[1], "positive": None}]
    columns = ColumnMap("contrast pairs", {name: name for name in ROWS[0]})
    sentence = refused(made.json_of(rows), "a.json", columns=columns)
    assert "a.json, row 2: “positive” is empty" in sentence
    rows[1]["positive"] = 2.5
    corpus = read_corpus(made.json_of(rows), "a.json", columns=columns)
    assert corpus.pairs[0].pair == "7" and corpus.pairs[1].positive == "2.5"
    assert "numbers in “pair”" in " ".join(corpus.notes)


def test_a_value_is_found_in_lists_and_objects():
    values = {"a": [{"b": "c"}], "x.y": 1, "n": 2**60 + 1}
    assert value_at(values, "a.0.b") == "c" and value_at(values, "x.y") == 1
    assert value_at(values, "a.1.b") is None and value_at(values, "q") is None
    assert as_text(values["n"]) == str(2**60 + 1) and as_text(2.0) == "2"
    assert as_text({"a": [1]}) == '{"a": [1]}' and as_text(None) == ""
    assert as_text(math.nan) == "" and as_text(True) == "true"
    assert as_text(datetime(2024, 7, 26)) == "2024-07-26" and as_text(0.5) == "0.5"


def test_a_table_without_a_header_has_numbered_columns():
    opened = open_any(b"1,en,hello\n2,en,bye\n", "a.csv", Manner(header=False))
    (part,) = opened.parts
    assert part.columns == ("column 1", "column 2", "column 3")
    rows = list(part.read(Faults()))
    assert rows[0].values["column 3"] == "hello" and rows[1].place == "a.csv, line 2"


WIDE = ColumnMap(
    "prompts", {"prompt": "nr", "text": "text_{language}"}, constants={"role": ""}
)


def test_one_column_for_each_language():
    rows = [{"nr": 1, "text_en": "a", "text_zh-Hant": "b", "text_kikuyu": ""}]
    asked = prompts.read(made.csv_of(rows), "a.csv", columns=WIDE)
    assert [(p.language, p.text) for p in asked.prompts] == [
        ("en", "a"),
        ("zh-Hant", "b"),
    ]


def test_a_map_that_fits_no_row_is_told():
    sentence = refused(made.csv_of(ROWS), "a.csv", prompts.read, columns=WIDE)
    assert "the layout fits no row of it; it has the columns “pair”" in sentence
    only = ColumnMap(
        "contrast pairs", {name: name for name in ROWS[0]}, only={"language": ("fr",)}
    )
    assert "the layout fits no row" in refused(made.csv_of(ROWS), "a.csv", columns=only)
    lacks = ColumnMap("contrast pairs", {"pair": "pair"})
    assert "nothing says concept, positive, negative" in refused(
        made.csv_of(ROWS), "a.csv", columns=lacks
    )


def test_a_column_that_contradicts_the_name_of_the_file_is_told():
    rows = [{**row, "language": "de", "good": row["positive"]} for row in ROWS[:3]]
    columns = ColumnMap(
        "contrast pairs", {name: name for name in ROWS[0]} | {"positive": "good"}
    )
    corpus = read_corpus(made.csv_of(rows), "pairs.fr.csv", columns=columns)
    assert {pair.language for pair in corpus.pairs} == {"de"}
    told = " ".join(corpus.notes)
    assert "says French (fr)" in told and "says German (de) in every row" in told
    files = {"pairs.fr.csv": made.csv_of(rows), "pairs.en.csv": made.csv_of(rows[:0])}
    files["pairs.en.csv"] = made.csv_of(
        [{**row, "language": "en", "good": row["positive"]} for row in ROWS[:3]]
    )
    corpus = read_corpus(made.zip_of(files), "pairs.zip", columns=columns)
    assert "pairs.fr.csv: the name says fr and the rows say de" in " ".join(
        corpus.notes
    )


def test_numbers_that_are_there_twice_and_languages_that_are_none_are_told():
    rows = [
        {"nr": 1, "lang": "English", "good": "a", "bad": "b"},
        {"nr": 1, "lang": "eng_Latn", "good": "c", "bad": "d"},
        {"nr": 2, "lang": "Elvish", "good": "c", "bad": "d"},
    ]
    columns = ColumnMap(
        "contrast pairs",
        {"pair": "nr", "language": "lang", "positive": "good", "negative": "bad"},
        constants={"concept": "x"},
    )
    sentence = refused(made.csv_of(rows), "a.csv", columns=columns)
    assert "is there already (a.csv, line 2)" in sentence
    assert "unknown language “Elvish”" in sentence


def test_a_language_that_nothing_tells_is_asked_for():
    data = made.sib("de", [(1, "a"), (2, "b")])
    sentence = refused(data, "test.tsv")
    assert "Nothing tells the language of test.tsv" in sentence
    assert "such as test.fr.tsv" in sentence
    assert read_corpus(data, "test.fr.tsv").languages == ("fr",)


def test_indonesian_is_no_identifier():
    assert language_in("annotated/ind_Latn/dev.tsv") == "id"
    assert language_in("Indonesian.csv") == "id" and language_in("mmlu_id_5.csv") == ""


def test_codes_that_are_one_language_here_do_not_stop_a_list_of_many():
    lists = {"eng": "dog\ncat", "fra": "chien\nchat", "kau": "kri\n", "knc": "kri\n"}
    files = {f"s/swadesh207/{code}-000.txt": lists[code] for code in lists}
    files = {name: (text + "\n" * 205).encode() for name, text in files.items()}
    with pytest.raises(CorpusError, match="kr has 1"):
        read_words(made.zip_of(files), "panlex.zip")
    files["s/swadesh207/kau-000.txt"] = b"kri\nfato\n" + b"\n" * 205
    words = read_words(made.zip_of(files), "panlex.zip")
    assert words.words("kr")[:2] == ("kri", "fato")
    assert "knc-000 (kr)" in " ".join(words.notes)


def test_damaged_bytes_are_refused_in_a_sentence():
    damaged = made.csv_of(ROWS).replace(b"de,", b"\x00,")
    assert "a character that no text has" in refused(damaged, "a.csv")
    rows = [{**row, "language": "d\x00e"} for row in ROWS]
    assert "unknown language" in refused(made.jsonl_of(rows), "a.jsonl")
    book = made.workbook_of({"a": made.cells_of(ROWS)})
    renamed = book.replace(
        b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet1.\x7fml", 1
    )
    assert "no Excel workbook that can be read" in refused(renamed, "a.xlsx")


def test_columns_that_are_not_known_are_named():
    with pytest.raises(ColumnsUnknown, match="“nr”, “lang”.*by --layout"):
        read_questions(made.parquet_of([{"nr": 1, "lang": "en"}]), "a.parquet")
