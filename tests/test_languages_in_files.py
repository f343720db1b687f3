"""Languages in the files that users bring: every form is read, faults are told once."""

import io
import json
import zipfile

import pytest

from analysis.concepts.pair_readers import read_corpus
from analysis.control import prompts, refusals
from analysis.core.errors import CorpusError
from analysis.languages.in_names import codes_in
from analysis.questions.mean_states import language_of
from analysis.questions.questions import read_questions
from analysis.words.readers import read_words

PAIRS = "pair,concept,language,positive,negative\n"


def pairs(*rows: str, name: str = "mine.csv"):
    """A corpus of rows “pair,language”, all of one concept."""
    lines = [f"{row.split(',')[0]},fair,{row.split(',')[1]},yes,no\n" for row in rows]
    return read_corpus((PAIRS + "".join(lines)).encode(), name)


def test_pairs_in_any_form_of_their_languages():
    given = ("eng_Latn", "de", "arb_Arab", "Hindi", "Kiswahili", "yor", "spa-EC")
    corpus = pairs(*(f"1,{form}" for form in given))
    assert corpus.languages == ("en", "sw", "ar", "de", "es-EC", "hi", "yo")
    [note] = [note for note in corpus.notes if "by their codes" in note]
    assert "“eng_Latn” as en (English)" in note and "“Hindi” as hi (Hindi)" in note
    assert "“de”" not in note


def test_the_digest_is_that_of_the_codes():
    assert pairs("1,eng_Latn", "1,French").digest == pairs("1,en", "1,fr").digest


def test_two_forms_of_one_language_are_one_and_told():
    with pytest.raises(CorpusError) as caught:
        pairs("1,zh", "1,cmn")
    assert "“zh” and “cmn” are one language here" in caught.value.faults[0]


def test_an_unknown_language_is_told_once_with_how_often_and_the_nearest():
    rows = [f"{number},Germna" for number in range(212)]
    with pytest.raises(CorpusError) as caught:
        pairs(*rows, "1,fr", "1,zz")
    first, second = caught.value.faults
    assert first.startswith(
        "mine.csv, line 2, 212 times: unknown language “Germna”. "
        "Did you mean “de” (German)?"
    )
    assert second.startswith("mine.csv, line 215: unknown language “zz”. Allowed")


def test_a_column_that_contradicts_the_name_is_told_in_a_sentence():
    corpus = pairs("1,German", "2,de", name="mine.fr.csv")
    [note] = [note for note in corpus.notes if note.startswith("The name of")]
    assert "says French (fr)" in note and "says German (de)" in note
    for name in ("mine.de.csv", "mine.csv", "mine.deu_Latn.csv"):
        notes = pairs("1,de", name=name).notes
        assert not [note for note in notes if note.startswith("The name of")]
    assert not pairs("1,de", "1,en", name="mine.fr.csv").notes


def questions(language: str, name: str = "mine.jsonl"):
    """Questions of one language; without one, that of the file's name."""
    row = {"item": "1", "question": "How many?", "answer": "two"}
    if language:
        row["language"] = language
    return read_questions(json.dumps(row).encode(), name)


def test_questions_in_any_form_of_their_languages():
    found = questions("French")
    assert found.languages == ("fr",)
    assert any("“French” as fr" in note for note in found.notes)
    assert questions("", "set.yor.jsonl").languages == ("yo",)
    assert questions("", "sib_deu_Latn.jsonl").languages == ("de",)
    with pytest.raises(CorpusError, match="Did you mean “fr”"):
        questions("Frensh")


def test_questions_whose_column_contradicts_the_name():
    notes = questions("de", "mine.fr.jsonl").notes
    assert any("says French (fr)" in note for note in notes)


def test_prompts_in_any_form_of_their_languages():
    text = "prompt,language,text\n1,eng_Latn,Hello\n1,Yoruba,Bawo\n"
    found = prompts.read(text.encode(), "mine.csv")
    assert found.languages == ("en", "yo")
    assert any("“Yoruba” as yo" in note for note in found.notes)
    text += "2,Germna,x\n3,Germna,y\n"
    with pytest.raises(CorpusError) as caught:
        prompts.read(text.encode(), "mine.csv")
    [fault] = caught.value.faults
    assert "line 4, 2 times" in fault and "“de” (German)" in fault


def test_refusals_in_any_form_of_their_languages():
    found = refusals.parse(["German: ich kann nicht", "deu: leider"])
    assert found == {"de": ("ich kann nicht", "leider")}
    with pytest.raises(CorpusError, match="Did you mean “de”"):
        refusals.parse(["Germna: ich kann nicht"])


def test_words_in_any_form_of_their_languages():
    text = "concept,eng_Latn,German,arb\ndog,dog,Hund,كلب\nsun,sun,Sonne,شمس\n"
    words = read_words(text.encode(), "mine.csv")
    assert words.languages == ("en", "de", "ar")
    assert any("“German” as de" in note for note in words.notes)
    with pytest.raises(CorpusError) as caught:
        read_words(text.replace("German", "Germna").encode(), "mine.csv")
    [fault] = caught.value.faults
    assert "neither a language nor one of" in fault and "“de” (German)" in fault
    with pytest.raises(CorpusError, match="are one language"):
        read_words(text.replace("German", "English").encode(), "mine.csv")


def test_swadesh_lists_of_languages_beyond_the_sixteen():
    swadesh = {"eng": "dog\nsun", "deu": "Hund\nSonne", "arb": "كلب\nشمس"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for code, word in swadesh.items():
            archive.writestr(f"swadesh207/{code}-000.txt", f"{word}\n")
    words = read_words(buffer.getvalue(), "swadesh.zip")
    assert words.languages == ("en", "ar", "de")


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("questions.de", ("de",)),
        ("questions.fr", ("fr",)),
        ("sib_deu_Latn", ("de",)),
        ("mmlu_PT_BR", ("pt-BR",)),
        ("mmlu_FR-FR", ("fr",)),
        ("harmful_test_translated_yo", ("yo",)),
        ("words.French", ("fr",)),
        ("french", ("fr",)),
        ("zho_Hant", ("zh-Hant",)),
        ("questions.dev.yo", ("yo",)),
        ("my_questions_to_ask_in_english", ()),
        ("dev", ()),
        ("how_to", ()),
        ("harmful_test", ()),
        ("test-00000-of-00001", ()),
    ],
)
def test_languages_in_names_of_files(name, codes):
    assert codes_in(name) == codes


def test_mean_states_of_a_language_beyond_the_sixteen():
    assert language_of("mean_deu_Latn.pt") == "de"
    assert language_of("Llama-3.1-8B_fr.PT") == "fr"
