"""Several sources of one thing: nothing is replaced without a word; damaged zips are sentences."""

import io
import json
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from analysis.concepts.pair_readers import read_corpus
from analysis.concepts.paper_layout import papers_zip
from analysis.core.errors import CorpusError
from analysis.plane.other_methods import read_answers
from analysis.questions.questions import read_questions
from analysis.words.readers import read_words


def zipped(*files: tuple[str, str], packing=zipfile.ZIP_STORED) -> bytes:
    """A zip of files, each a name and a text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as packed:
        for name, text in files:
            packed.writestr(name, text)
    return buffer.getvalue()


WHOLE = ("en-fr.txt", "cat chat\ndog chien\n")
FIRST = ("muse/en-fr.0-5000.txt", "cat chat\ncat minou\nsun soleil\n")
SECOND = ("muse/en-fr.5000-6500.txt", "moon lune\n")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_a_muse_dictionary_in_several_files_is_read_whole(order):
    parts = [WHOLE, FIRST, SECOND]
    words = read_words(zipped(*(parts[number] for number in order)), "muse.zip")
    assert words.concepts == ("cat", "dog", "sun", "moon")
    assert words.words("fr") == ("chat", "chien", "soleil", "lune")
    assert words.notes == (
        "en-fr is in 3 files, which were read one after the other: en-fr.txt, "
        "muse/en-fr.0-5000.txt, muse/en-fr.5000-6500.txt.",
        "1 further translations of a word were left out; the first counts.",
    )


def test_a_muse_dictionary_with_tabs_has_words_of_several_words():
    text = "the\tcái\nice cream\tkem\ncat\tcon  mèo\n"
    words = read_words(text.encode(), "en-vi.txt")
    assert words.concepts == ("the", "ice cream", "cat")
    assert words.words("vi") == ("cái", "kem", "con mèo")


def test_a_muse_dictionary_of_one_language_is_none():
    with pytest.raises(CorpusError, match="is from en to en"):
        read_words(b"a b\nc d\n", "en-eng.txt")


def tab(*words: str) -> str:
    """A wordnet's tab file."""
    lines = [f"0000000{number}-n\tlemma\t{word}" for number, word in enumerate(words)]
    return "\n".join(lines)


ENGLISH = ("eng/wn-data-eng.tab", tab("cat", "dog"))


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("fra/wn-data-fra.tab", "wikt/wn-wikt-fra.tab"),
        ("z/wn-wikt-fra.tab", "a/wn-cldr-fra.tab"),
        ("fra/wn-data-fra.tab", "abc/wn-data-fra.tab"),
        ("a/wn-data-fra.tab", "b/wn-data-fra.tab"),
    ],
)
def test_of_several_tab_files_of_a_language_it_is_said_which_counts(first, other):
    for files in ([first, other], [other, first]):
        texts = {first: tab("chat", "chien"), other: tab("minou", "toutou")}
        packed = zipped(ENGLISH, *((file, texts[file]) for file in files))
        words = read_words(packed, "omw.zip")
        assert words.words("fr") == ("chat", "chien")
        (note,) = [note for note in words.notes if "was not read" in note]
        assert note.startswith(f"{other} was not read: {first} is of fr too. Wordnets")


def test_wordnet_twice_is_refused():
    nouns = [(f"{folder}/data.noun", "") for folder in "ab"]
    french = ("wn-data-fra.tab", tab("chat", "chien"))
    with pytest.raises(CorpusError, match="data.noun several times .a/data.noun, b/"):
        read_words(zipped(ENGLISH, french, *nouns), "omw.zip")


def test_a_swadesh_list_twice_is_refused_and_a_shorter_one_told():
    english = ("a/swadesh207/eng-000.txt", "I\nyou\nwe")
    french = ("a/swadesh207/fra-000.txt", "je\ntu\nnous")
    short = ("a/swadesh110/eng-000.txt", "I\nyou")
    words = read_words(zipped(english, french, short), "panlex.zip")
    assert any("of 207 concepts, was read, not that of 110" in n for n in words.notes)
    again = ("b/swadesh207/eng-000.txt", "me\nyou\nus")
    with pytest.raises(CorpusError, match="list of en again, as a/swadesh207/eng-000"):
        read_words(zipped(english, french, again), "panlex.zip")


TABLE = "concept,en,fr\ncat,cat,chat\ndog,dog,chien\n"


def test_several_tables_in_a_zip_are_refused():
    with pytest.raises(
        CorpusError, match="b.CSV, line 2: the concept “cat” is there tw"
    ):
        read_words(zipped(("a.csv", TABLE), ("b.CSV", TABLE)), "tables.zip")
    left = ("__MACOSX/._a.csv", "\x00"), (".hidden.csv", TABLE)
    assert read_words(zipped(("a.csv", TABLE), *left), "t.zip").notes == ()
    words = read_words(zipped(("a.csv", TABLE), ("readme.txt", "x")), "t.zip")
    assert words.notes == ("Files of the zip that were not read (1): readme.txt",)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_a_zip_is_refused():
    packed = zipped(("en-fr.txt", "a b"), ("en-fr.txt", "c d"))
    with pytest.raises(CorpusError, match="en-fr.txt: is there 2 times"):
        read_words(packed, "muse.zip")
    leaf = json.dumps([{"pos": "a", "neg": "b"}])
    packed = zipped(("fair/fair_en.json", leaf), ("fair/fair_en.json", leaf))
    with pytest.raises(CorpusError, match="is there 2 times"):
        papers_zip(packed)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("concept,en,eng", "the columns “en” and “eng” are one language"),
        ("concept,EN,en", "column “en” is there twice"),
        ("concept,pt-BR,PT_br", "the columns “pt-BR” and “PT_br” are one language"),
        ("Concept,concept,en", "column “concept” is there twice"),
    ],
)
def test_columns_that_become_one_are_refused(header, told):
    with pytest.raises(CorpusError) as caught:
        read_words(f"{header}\na,b,c\nd,e,f\n".encode(), "w.csv")
    assert any(told in fault for fault in caught.value.faults), caught.value.faults


def test_concepts_that_look_the_same_are_refused_with_what_differs():
    text = "concept,en,fr\ncafé,a,b\ncafe\u0301,c,d\n"
    with pytest.raises(CorpusError, match="written “café”") as caught:
        read_words(text.encode(), "w.csv")
    assert "e[combining acute accent]" in str(caught.value)
    assert read_words(b"concept,en,fr\nPolish,a,b\npolish,c,d\n", "w.csv").concepts


def test_a_column_twice_is_refused_for_every_subject():
    pairs = "pair,concept,language,positive,negative,Pair\n1,a,en,x,y,2\n"
    questions = "item,language,question,answer,question\n1,en,Q?,x,R?\n"
    answers = "item,kind,language,answer,method,answer\n1,universal,en,x,m,y\n"
    for read, text in (
        (read_corpus, pairs),
        (read_questions, questions),
        (read_answers, answers),
    ):
        with pytest.raises(CorpusError, match="is there twice; keep one of them"):
            read(text.encode(), "t.csv")
    meaning = "id,sample_id,kind,language,answer\n1,2,universal,en,x\n"
    with pytest.raises(CorpusError, match="“id” and “sample_id” both mean “item”"):
        read_answers(meaning.encode(), "t.csv")


TEXT = "".join(f"word{number} mot{number}\n" for number in range(300))
READ = (
    (read_words, "en-fr.txt", TEXT),
    (papers_zip, "fair/fair_en.json", json.dumps([TEXT])),
)
PACKINGS = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@pytest.mark.parametrize(("read", "name", "text"), READ)
@pytest.mark.parametrize("packing", PACKINGS)
def test_a_zip_with_a_broken_stream_is_a_sentence(read, name, text, packing):
    whole = zipped((name, text), packing=packing)
    for place in range(30, len(whole) - 120, 97):
        data = bytearray(whole)
        data[place : place + 40] = b"\xff" * 40
        with pytest.raises(CorpusError):
            read(bytes(data), "a.zip")


def test_keys_of_the_papers_layout_are_compared_as_they_are_seen():
    leaf = {"pos": "a", "neg": "b"}
    english = json.dumps({"équité": leaf, "02": leaf})
    french = json.dumps({"e\u0301quite\u0301": leaf, "2": leaf})
    corpus = papers_zip(
        zipped(("fair/fair_en.json", english), ("fair/fair_fr.json", french))
    )
    assert not corpus.missing() and set(corpus.groups["fair"]) == {"équité", "02"}
    assert not any("matched by position" in note for note in corpus.notes)
    assert any("were joined" in note for note in corpus.notes)


def test_members_of_the_papers_layout_that_look_the_same_are_left_out():
    leaves = [{"pos": "café", "neg": "cafe\u0301"}, {"pos": "a", "neg": "b"}]
    corpus = papers_zip(zipped(("fair/fair_en.json", json.dumps(leaves))))
    assert len(corpus.pairs) == 1 and any("left out" in note for note in corpus.notes)


def test_words_that_look_the_same_are_spelled_alike():
    text = (
        "concept,en,fr\nice,ice cream,ice\u00a0cream\u200b\ncat,cat,chat\nx,\u200b,y\n"
    )
    words = read_words(text.encode(), "w.csv")
    assert words.identical("en", "fr").tolist() == [True, False, False]
    assert words.words("en")[2] == "" and words.present("en").sum() == 2


def choose_layers():
    """The field for layers of the Alignment page."""
    import streamlit as st

    from analysis.words.word_lists import demo_words
    from components.forms.embedding import choose_reading

    st.text(str(choose_reading(demo_words(), "decoder")[1]))


@pytest.mark.parametrize(
    ("given", "kept"), [("3²", "()"), ("²", "()"), ("٣ 4", "(3, 4)")]
)
def test_layers_are_digits(given, kept):
    page = AppTest.from_function(choose_layers).run()
    page.text_input(key="words-layers").set_value(given).run()
    assert not page.exception and page.text[0].value == kept


def test_synsets_with_fewer_digits_are_the_same():
    short = tab("chat", "chien").replace("0000000", "000000")
    words = read_words(zipped(ENGLISH, ("wn-data-fra.tab", short)), "omw.zip")
    assert words.words("fr") == ("chat", "chien")


def test_a_file_of_a_zip_without_a_name_is_not_read():
    packed = zipped(("a.csv", TABLE), ("x", "y"))
    at = packed.rindex(b"x", 0, packed.rindex(b"PK\x05\x06"))
    entry = packed.rindex(b"PK\x01\x02", 0, at)
    nameless = (
        packed[: entry + 28] + b"\0\0" + packed[entry + 30 : at] + packed[at + 1 :]
    )
    size = int.from_bytes(packed[-10:-6], "little") - 1
    nameless = nameless[:-10] + size.to_bytes(4, "little") + nameless[-6:]
    words = read_words(nameless, "t.zip")
    assert words.concepts == ("cat", "dog")
    assert words.notes == ("Files of the zip that were not read (1): ",)
