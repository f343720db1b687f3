"""Word lists, their readers, and the prompts in which words are read."""

import io
import sys
import unicodedata
import zipfile
from types import SimpleNamespace

import pytest

from analysis.core.errors import CorpusError, SpecError
from analysis.languages.languages import LANGUAGES
from analysis.study.records import read_record, to_json
from analysis.study.word_list import WordList
from analysis.words import word_lists as lists
from analysis.words.embeddings import PROMPTS, texts_to_read
from analysis.words.readers import read_words
from analysis.words.word_lists import (
    checked_words,
    demo_words,
    shared_spellings,
    word_coverage,
)
from analysis.words.wordnet import from_tabs, from_wn

TABLE = "concept,kind,frequency,en,fr,zh\ndog,physical,12.5,dog,chien,狗\nlove,abstract,,love,amour,\nimage,,3,Image,image,图\n"  # noqa: E501


def zipped(files: dict[str, str]) -> bytes:
    """A zip of texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("tabs", [False, True])
def test_our_own_table(tabs):
    text = TABLE.replace(",", "\t") if tabs else TABLE
    found = read_words(text.encode("utf-8-sig"), "mine.tsv" if tabs else "mine.csv")
    assert found.languages == ("en", "fr", "zh") and found.concepts == (
        "dog",
        "love",
        "image",
    )
    assert found.words("zh") == ("狗", "", "图") and found.kinds == (
        "physical",
        "abstract",
        "",
    )
    assert found.frequencies == (12.5, None, 3.0)
    assert found.present("zh").tolist() == [True, False, True]
    assert found.identical("en", "fr").tolist() == [False, False, True], (
        "capitals and small letters are alike"
    )
    assert (
        read_record(WordList, to_json(found), "") == found
        and read_record(WordList, to_json(found), "").digest == found.digest
    )
    assert found.within(("zh", "en"), complete=True).concepts == ("dog", "image")


def test_coverage_and_shared_spellings_are_told_before_anything_runs():
    found = WordList(
        "x",
        ("en", "fr"),
        ("left", "remaining", "cat"),
        (("left", "left", "cat"), ("gauche", "", "CAT")),
    )
    rows = word_coverage(found, "en").set_index("language")
    assert rows.loc[
        "fr", ["words", "missing", "spelled as in en", "concepts sharing a spelling"]
    ].tolist() == [2, 1, 1, 0]
    assert rows.loc["en", "concepts sharing a spelling"] == 2
    assert shared_spellings(found, "en") == ("left, remaining: left",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("concept,en,fr\ndog,dog\n", "line 2: has 2 cells, the header has 3"),
        (
            "concept,en,frequencies,fr\na,b,1,c\n",
            "“frequencies” is neither a language nor one of",
        ),
        ("word,en,fr\na,b,c\n", "no column “concept”"),
        ("concept,en,en\na,b,c\n", "column “en” is there twice"),
        ("concept,en,fr\na,b,c\na,d,e\n", "line 3: the concept “a” is there twice"),
        (
            "concept,kind,en,fr\na,solid,b,c\n",
            "the kind “solid” is neither abstract nor physical",
        ),
        (
            "concept,frequency,en,fr\na,often,b,c\n",
            "the frequency “often” is no number",
        ),
        ("", "the file is empty"),
        ("concept,en\na,b\nc,d\n", "it has 1 language"),
        ("concept,en,fr\na,b,\nc,d,\n", "fr has 0"),
    ],
)
def test_faults_of_a_table_are_sentences(text, fault):
    with pytest.raises(CorpusError) as error:
        read_words(text.encode(), "bad.csv")
    assert fault in str(error.value) or any(fault in one for one in error.value.faults)


@pytest.mark.parametrize(
    ("data", "name", "fault"),
    [
        (b"x", "a.pdf", "which is not read"),
        (b"x", "a.zip", "cut short, damaged or no zip"),
        (zipped({"readme.txt": "x"}), "a.zip", "holds no word list"),
        ("dog chien".encode("utf-16-le"), "en-fr.txt", "UTF-16 without a byte"),
        (b"dog\n", "en-fr.txt", "has 1 word instead of 2"),
        (b"dog chien\n", "dictionary.txt", "not named like a MUSE dictionary"),
        (
            zipped({"en-fr.txt": "a b", "de-fr.txt": "a b"}),
            "a.zip",
            "begin with several languages: de, en",
        ),
    ],
)
def test_files_that_are_no_word_list(data, name, fault):
    with pytest.raises(CorpusError) as error:
        read_words(data, name)
    assert fault in str(error.value)


def test_panlex_swadesh_takes_the_first_plain_synonym_of_the_longer_list():
    files = {
        "panlex/swadesh207/eng-000.txt": "1 sg.\tI\nthou\tyou\nwater",
        "panlex/swadesh207/fra-000.txt": "je\tmoi\n\neau",
        "panlex/swadesh207/tam-000.txt": "நான்\nநீ\nதண்ணீர்",
        "panlex/swadesh207/fra-001.txt": "x\ny\nz",
        "panlex/swadesh207/abc-000.txt": "x\ny\nz",
        "panlex/swadesh110/eng-000.txt": "other",
    }
    found = read_words(zipped(files), "panlex.zip")
    assert found.languages == ("en", "fr", "ta") and found.name == "PanLex Swadesh 207"
    assert found.words("en") == ("I", "thou", "water") and found.words("fr") == (
        "je",
        "",
        "eau",
    )
    assert found.words("ta")[0] == "நான்" and "1 further languages" in found.notes[0]


def test_muse_dictionaries_join_by_their_first_language():
    files = {
        "dictionaries/en-fr.0-5000.txt": "dog chien\ncat chat\ncat chatte\n",
        "dictionaries/en-es.txt": "dog\tperro\nsun sol\n",
    }
    found = read_words(zipped(files), "muse.zip")
    assert found.languages == ("en", "fr", "es") and found.concepts == (
        "dog",
        "cat",
        "sun",
    )
    assert found.words("fr") == ("chien", "chat", "") and found.words("es") == (
        "perro",
        "",
        "sol",
    )
    assert "1 further translations" in found.notes[0]


CHAIN = ("entity", "physical_entity", "object", "whole", "thing", "animal", "dog")


def noun(number: int, word: str, parents: tuple[int, ...]) -> str:
    """A line of data.noun."""
    pointers = " ".join(f"@ {parent:08d} n 0000" for parent in parents)
    return f"{number:08d} 03 n 01 {word} 0 {len(parents):03d} {pointers} | a gloss; with @ 00000001 n 0000 in it"  # noqa: E501


def wordnets() -> dict[str, str]:
    """A hierarchy of seven levels below the physical and of seven below the abstract, and one noun below both."""  # noqa: E501
    lines = ["  1 a licence", noun(1, "entity", ())]
    lines += [noun(i + 1, word, (i,)) for i, word in enumerate(CHAIN) if i]
    lines += [noun(20, "abstraction", (1,))] + [
        noun(20 + i, f"idea_{i}", (19 + i,)) for i in range(1, 6)
    ]
    lines += [noun(30, "both", (7, 25)), noun(31, "dog", (6,))]
    words = {
        1: "entité",
        5: "chose",
        6: "animal",
        7: "chien",
        25: "idée",
        30: "les deux",
        31: "toutou",
    }
    tab = "# French\tfra\n" + "".join(
        f"{n:08d}-n\tfra:lemma\t{word}\n{n:08d}-n\tfra:lemma\tx\n"
        for n, word in words.items()
    )
    return {
        "wn-data-fra.tab": tab + "00000007-v\tlemma\tchasser\n",
        "dict/data.noun": "\n".join(lines),
    }


def test_wordnets_are_joined_by_synset_with_the_papers_filters():
    found = read_words(zipped(wordnets()), "omw.zip")
    assert found.languages == ("en", "fr")
    assert found.words("en") == ("animal", "dog", "idea 5", "both"), (
        "five top levels gone, first lemma, no noun twice"
    )
    assert found.words("fr") == ("animal", "chien", "idée", "les deux")
    assert found.kinds == ("physical", "physical", "abstract", "")
    assert (
        "2 of the five top levels" in found.notes[1]
        and "1 whose en word occurs already" in found.notes[2]
    )
    flat = from_tabs(
        "flat",
        {
            "wn-data-fra.tab": wordnets()["wn-data-fra.tab"],
            "wn-data-eng.tab": "00000007-n\tlemma\tdog\n",
        },
    )
    assert (
        flat.words("fr") == ("chien",)
        and not flat.kinds
        and "No hierarchy is known" in flat.notes[1]
    )


def synset(number: int, lemma: str, above: tuple = ()) -> SimpleNamespace:
    """A synset as the library gives it."""
    return SimpleNamespace(
        ili=f"i{number}",
        lemmas=lambda: [lemma],
        hypernyms=lambda: above,
        get_related=lambda name: (),
    )


def test_the_wordnet_library_is_asked_only_when_it_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "wn", None)
    with pytest.raises(CorpusError, match="pip install wn"):
        from_wn(["en", "fr"])
    chain = [synset(0, "entity")]
    for i, lemma in enumerate(("physical entity", "a", "b", "c", "d", "e"), 1):
        chain.append(synset(i, lemma, (chain[-1],)))
    french = [synset(5, "dé"), synset(6, "eu"), synset(99, "hors")]
    nets = {"omw-en:1.4": chain, "omw-fr:1.4": french, "oewn:2024": []}
    found = SimpleNamespace(
        lexicons=lambda: [
            SimpleNamespace(
                id=name.split(":")[0],
                language="en" if "en" in name or "oe" in name else "fr",
                specifier=lambda n=name: n,
            )
            for name in nets
        ],
        Wordnet=lambda lexicon, expand: SimpleNamespace(
            synsets=lambda pos: nets[lexicon]
        ),
    )
    monkeypatch.setitem(sys.modules, "wn", found)
    words = from_wn(["en", "fr"])
    assert words.words("fr") == ("dé", "eu") and words.kinds == ("physical", "physical")
    with pytest.raises(CorpusError, match="no wordnet of fi"):
        from_wn(["en", "fi"])


def test_frequencies_come_from_the_library_only_when_it_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(SpecError, match="pip install wordfreq"):
        lists.wordfreq_frequencies(demo_words(), "en")
    known = SimpleNamespace(
        available_languages=lambda: {"en": ""},
        zipf_frequency=lambda word, language: len(word) * (word != "water"),
    )
    monkeypatch.setitem(sys.modules, "wordfreq", known)
    found = lists.wordfreq_frequencies(demo_words(), "en")
    assert (
        found[demo_words().words("en").index("fire")] == 4
        and found[demo_words().words("en").index("water")] is None
    )
    with pytest.raises(SpecError, match="no frequencies of ny"):
        lists.wordfreq_frequencies(demo_words(), "ny")

    def cut(word: str, language: str) -> float:
        raise ModuleNotFoundError("No module named 'jieba'", name="jieba")

    known = SimpleNamespace(available_languages=lambda: {"zh": ""}, zipf_frequency=cut)
    monkeypatch.setitem(sys.modules, "wordfreq", known)
    with pytest.raises(SpecError, match="needs “jieba”.*cjk"):
        lists.wordfreq_frequencies(demo_words(), "zh")


def test_the_form_of_an_accent_makes_no_other_spelling():
    composed, apart = "café", unicodedata.normalize("NFD", "Café")
    found = WordList(
        "x", ("fr", "en"), ("coffee", "place"), ((composed, apart), (apart, "cafe"))
    )
    assert composed != apart and found.identical("fr", "en").tolist() == [True, False]
    assert word_coverage(found, "en").set_index("language").loc[
        "fr", ["spelled as in en", "concepts sharing a spelling"]
    ].tolist() == [
        1,
        2,
    ]
    assert (
        shared_spellings(found, "fr") == (f"coffee, place: {composed}",)
        and found.words("en")[0] == apart
    )


@pytest.mark.parametrize(
    "kept",
    [
        "00000002 03 n",
        "00000002 03 n 01 x 0 001 @ 000",
        "00000002 03 n 01 x 0 00",
        "00000002 03 n 0z x 0 000 | y",
    ],
)
def test_a_hierarchy_that_is_cut_short_is_told_with_its_line(kept):
    files = wordnets() | {
        "dict/data.noun": f"  1 a licence\n{noun(1, 'entity', ())}\n{kept}"
    }
    with pytest.raises(
        CorpusError, match="data.noun, line 3: no whole synset .* cut short or damaged"
    ):
        read_words(zipped(files), "omw.zip")


@pytest.mark.parametrize("circle", [(40,), (40, 41), (40, 41, 42)])
def test_a_noun_above_itself_is_told(circle):
    lines = [
        noun(n, f"word{n}", (above,))
        for n, above in zip(circle, (*circle[1:], circle[0]))
    ]
    files = wordnets()
    files["dict/data.noun"] += "\n" + "\n".join(lines)
    with pytest.raises(CorpusError, match="runs in a circle .*00000040-n"):
        read_words(zipped(files), "omw.zip")


def test_a_hierarchy_may_be_deep():
    files = wordnets()
    files["dict/data.noun"] += "\n" + "\n".join(
        noun(100 + i, f"deep{i}", (99 + i if i else 7,)) for i in range(2000)
    )
    assert read_words(zipped(files), "omw.zip").words("en") == (
        "animal",
        "dog",
        "idea 5",
        "both",
    )


def test_the_demo_words_are_parallel_in_all_languages():
    found = demo_words()
    assert found.languages == tuple(LANGUAGES) and len(found.concepts) == 204 == len(
        set(found.concepts)
    )
    assert all(found.present(code).all() for code in found.languages)
    assert (
        found.kind("abstract").sum() + found.kind("physical").sum() == 204
        and checked_words(found) is found
    )


@pytest.mark.parametrize("name", PROMPTS)
def test_prompts_are_written_in_all_sixteen_languages_each_in_its_own_words(name):
    assert tuple(PROMPTS[name]) == tuple(LANGUAGES)
    assert all(text.count("{word}") == 1 for text in PROMPTS[name].values()) and len(
        set(PROMPTS[name].values())
    ) == len(LANGUAGES)


def test_what_the_model_reads():
    assert len(PROMPTS) >= 2 and texts_to_read("last token", "en", ["dog"]) == [
        "dog"
    ] == texts_to_read("mean over tokens", "xx", ["dog"])
    assert texts_to_read("prompt: one word", "en", ["{dog}"]) == [
        'Summarize the concept "{dog}" in one English word:'
    ]
    with pytest.raises(SpecError, match="not written in th"):
        texts_to_read("prompt: one word", "th", ["หมา"])
    with pytest.raises(SpecError, match="Did you mean “last token”"):
        texts_to_read("last tokens", "en", ["dog"])
