"""Parallel text from files of every layout, what is wrong with them, and the shelf."""

import gzip
import io
import json
import zipfile

import pytest

from analysis.core.errors import CorpusError, SpecError
from analysis.sentences import shelf
from analysis.sentences.codes import language_code, split_of_file
from analysis.sentences.parallel import ParallelText, text_coverage
from analysis.sentences.readers import read_parallel
from analysis.tables.bringing import ColumnsUnknown
from analysis.tables.column_maps import ColumnMap
from analysis.tables.kinds import PARALLEL

EN = ("One dog sleeps.", "Two cats play.", "It rains.")
FR = ("Un chien dort.", "Deux chats jouent.", "Il pleut.")
TEXTS = {"en": EN, "fr": FR}


def zipped(files: dict[str, str]) -> bytes:
    """A zip of these texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def lines(rows) -> str:
    return "".join(f"{row}\n" for row in rows)


WIDE = lines(["id,en,fr", *(f"{n},{a},{b}" for n, (a, b) in enumerate(zip(EN, FR), 1))])
LONG = lines(
    ["index_id\tlang\tsentence"]
    + [
        f"{n}\t{code}\t{text}"
        for code, texts in (("eng_Latn", EN), ("fra_Latn", FR))
        for n, text in enumerate(texts, 1)
    ]
)
OBJECTS = [{"id": n, "en": a, "fr": b} for n, (a, b) in enumerate(zip(EN, FR), 1)]
PER_LANGUAGE = {
    f"sib/{folder}/{split}.tsv": lines(
        ["index_id\tcategory\ttext"]
        + [
            f"{n}\t{'animals' if n < 3 else 'weather'}\t{texts[n - 1]}"
            for n in ((1, 2) if split == "train" else (3,))
        ]
    )
    for folder, texts in (("eng_Latn", EN), ("fra_Latn", FR))
    for split in ("train", "test")
}
FILES = {
    "wide.csv": WIDE.encode(),
    "wide.tsv": WIDE.replace(",", "\t").encode("utf-16"),
    "semicolons.csv": WIDE.replace(",", ";").replace("\n", "\r\n").encode("utf-8-sig"),
    "long.tsv": LONG.encode(),
    "list.json": json.dumps(OBJECTS).encode(),
    "lists.json": json.dumps({"en": EN, "fr": FR}).encode(),
    "lines.jsonl": lines(map(json.dumps, OBJECTS)).encode(),
    "ntrex.zip": zipped(
        {"n/newstest-src.eng.txt": lines(EN), "n/newstest-ref.fra.txt": lines(FR)}
    ),
    "flores.zip": zipped(
        {"dev/eng_Latn.dev": lines(EN), "dev/fra_Latn.dev": lines(FR)}
    ),
    "sib.zip": zipped(PER_LANGUAGE),
}


@pytest.mark.parametrize("name", FILES)
def test_every_layout_gives_the_same_sentences(name):
    text = read_parallel(FILES[name], name)
    assert set(text.languages) == {"en", "fr"} and len(text.ids) == 3
    for code, texts in TEXTS.items():
        assert set(text.sentences(code)) == set(texts)
    english, french = text.sentences("en"), text.sentences("fr")
    assert dict(zip(english, french)) == dict(zip(EN, FR))


def test_topics_and_splits_come_along():
    text = read_parallel(FILES["sib.zip"], "sib.zip")
    told = {
        name: (topic, split)
        for name, topic, split in zip(text.ids, text.topics, text.splits)
    }
    assert told == {
        "1": ("animals", "train"),
        "2": ("animals", "train"),
        "3": ("weather", "test"),
    }


def test_an_empty_line_or_cell_is_a_sentence_that_the_language_lacks():
    files = {"eng.txt": lines(EN), "fra.txt": "Un chien dort.\n\nIl pleut.\n"}
    text = read_parallel(zipped(files), "two.zip")
    assert text.present("fr").tolist() == [True, False, True]
    assert any("fr 1" in note for note in text.notes)
    assert text.within(("en", "fr"), complete=True).ids == ("1", "3")
    assert text.within(("en", "fr"), complete=True, most=1).ids == ("1",)


def test_what_was_not_read_or_was_guessed_is_told():
    others = {"README.md": "# Sentences\n", "metadata.tsv": "URL\ta\n1\t2\n"}
    notes = " ".join(read_parallel(zipped({**others, **PER_LANGUAGE}), "s.zip").notes)
    assert "README.md" in notes and "metadata.tsv" in notes
    assert "sib/eng_Latn/train.tsv is en" in notes
    assert "call it ind" in " ".join(read_parallel(FILES["wide.csv"], "w.csv").notes)
    more = WIDE.replace("id,en,fr", "id,en,fr,url").replace(".\n", ".,x\n")
    assert "“url”" in " ".join(read_parallel(more.encode(), "w.csv").notes)


def test_twins_and_untranslated_sentences_are_noted():
    rows = "id,en,fr\n1,Yes.,Oui.\n2,Yes.,Non.\n3,OK.,OK.\n"
    text = read_parallel(rows.encode(), "t.csv")
    notes = " ".join(text.notes)
    assert "same text under several ids: en 2" in notes
    assert "perhaps not translated: fr 1" in notes
    assert text_coverage(text)["twins"].tolist() == [2, 0]


BAD = {
    "a sentence twice": (
        "id,language,text\n1,en,A.\n1,en,B.\n1,fr,C.\n",
        "line 3: sentence “1” in en is there already (bad.csv, line 2)",
    ),
    "an id in two ways": (
        "id,language,text\n01,en,A.\n1,en,B.\n",
        "sentence “01” in en is there already",
    ),
    "an unknown language, once": (
        "id,language,text\n1,en,A.\n1,xq,B.\n2,xq,C.\n2,en,D.\n",
        "1 fault. bad.csv, line 3: unknown language “xq”",
    ),
    "no id": ("language,text\nen,A.\nfr,B.\n", "no column “id”"),
    "no language": ("id,text\n1,A.\n2,B.\n", "no column “language”"),
    "an empty id": ("id,language,text\n,en,A.\n1,fr,B.\n", "no “sentence id”"),
    "neither layout": ("a,b\n1,2\n", "neither a column “text” nor columns of two"),
    "one language": ("id,language,text\n1,en,A.\n2,en,B.\n", "in 1 language; parallel"),
    "too few sentences": ("id,en,fr\n1,A.,B.\n", "en has 1, fr has 1; at least 2"),
    "a language twice": ("id,en,eng_Latn\n1,A.,B.\n2,C.,D.\n", "are both en; keep one"),
    "a topic that differs": (
        "id,language,topic,text\n1,en,war,A.\n1,fr,peace,B.\n",
        "the topic of sentence “1” is “peace” here, “war” in bad.csv, line 2",
    ),
    "a text that is no sentence": (
        f"id,language,text\n1,en,{'long ' * 2000}\n1,fr,B.\n",
        "the sentence has 9,999 letters; at most 5,000 are read",
    ),
    "no row": ("id,language,text\n", "holds no sentences"),
    "nothing": ("", "the file is empty"),
}


@pytest.mark.parametrize("given, said", BAD.values(), ids=BAD)
def test_bad_tables_are_told_in_a_sentence(given, said):
    with pytest.raises(CorpusError) as error:
        read_parallel(given.encode(), "bad.csv")
    assert said in str(error.value)


def test_bad_files_are_told_in_a_sentence():
    uneven = zipped({"eng.txt": "A.\nB.\n", "fra.txt": "A.\nB.\nC.\n"})
    with pytest.raises(
        CorpusError, match="fra.txt, line 3: is the last one, that of eng"
    ):
        read_parallel(uneven, "texts.zip")
    with pytest.raises(CorpusError, match="its name tells no language; name the file"):
        read_parallel(b"One.\nTwo.\n", "sentences.txt")
    with pytest.raises(
        CorpusError, match="“paper.pdf” ends in “.pdf”, which is not read"
    ):
        read_parallel(b"%PDF-1.7", "paper.pdf")
    with pytest.raises(CorpusError, match="must be text, not 7"):
        read_parallel(b'[{"id": 1, "en": 7, "fr": "B."}]', "a.json")
    with pytest.raises(SpecError, match="are not in de; they are in en, fr"):
        ParallelText("x", ("en", "fr"), ("1",), (("a",), ("b",))).within(("de",))


def test_a_kept_text_is_read_again_as_it_is(home):
    text = read_parallel(FILES["sib.zip"], "sib.zip")
    odd = ParallelText(
        "odd, name",
        ("en", "id"),
        ("01", "1", " "),
        (("a\rb", '"quoted"', ""), ("\tx", "", "“z”\n")),
    )
    for each in (text, odd):
        name = shelf.keep(each)
        assert shelf.keep(shelf.load(name)) == name
        assert shelf.find(each.digest).digest == each.digest
    with pytest.raises(CorpusError, match="There is no parallel text “sob”"):
        shelf.load("sob")


@pytest.mark.parametrize(
    "given, code",
    [
        ("en", "en"),
        ("eng", "en"),
        ("eng_Latn", "en"),
        ("English", "en"),
        ("français", "fr"),
        ("zho_Hans", "zh"),
        ("es-MX", "es-MX"),
        ("text", ""),
        ("qqq", ""),
    ],
)
def test_codes_and_names_of_languages_are_understood(given, code):
    assert language_code(given) == code


def test_the_split_of_a_file_is_told_by_its_name_or_folder():
    assert split_of_file("a/spa_Latn/test.tsv") == "test"
    assert split_of_file("dev/spa_Latn.dev") == "dev" and split_of_file("x.csv") == ""


def test_a_layout_that_is_known_by_name_or_said_is_read():
    rows = ["id,iso_639_3,iso_15924,text"]
    rows += [
        f"{n},{code},{script},{code} {script} {n}."
        for n in (1, 2)
        for code, script in (("zho", "Hans"), ("zho", "Hant"), ("eng", "Latn"))
    ]
    text = read_parallel(lines(rows).encode(), "plus.csv")
    assert set(text.languages) == {"zh", "zh-Hant", "en"} and text.ids == ("1", "2")
    said = ColumnMap(PARALLEL, columns={"item": "nr", "language": "l", "text": "t"})
    odd = "nr,l,t\n1,en,A.\n2,en,B.\n1,fr,C.\n2,fr,D.\n"
    assert read_parallel(odd.encode(), "odd.csv", said).languages == ("en", "fr")
    with pytest.raises(ColumnsUnknown, match="Or say what each column is"):
        read_parallel(odd.encode(), "odd.csv")


def test_a_workbook_and_a_packed_file_are_read():
    from openpyxl import Workbook

    book = Workbook()
    for row in (
        ("id", "en", "fr"),
        *((n, *pair) for n, pair in enumerate(zip(EN, FR), 1)),
    ):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    packed = gzip.compress(FILES["wide.csv"])
    for data, name in ((buffer.getvalue(), "book.xlsx"), (packed, "wide.csv.gz")):
        text = read_parallel(data, name)
        assert dict(zip(text.sentences("en"), text.sentences("fr"))) == dict(
            zip(EN, FR)
        )
