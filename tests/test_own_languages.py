"""Languages that a server adds or corrects: its file, the form, and what they change."""

import pytest

from analysis.core.errors import CorpusError
from analysis.languages.languages import canonical, is_known, label, language
from analysis.languages.own_rows import keep_row, own_rows, read_rows
from babelscope.inputs import listed
from tests.stored import stored
from tests.visits import alive, visit, words

OWN = (
    "code,english,own,iso15924,direction,family\n"
    "hill-dialect,Hill Dialect,Hildi,Adlm,,Hill\n"
    "yor,,Yorùbá,,,\n"
)


def test_a_server_adds_and_corrects_languages(home):
    (home / "languages.csv").write_text(OWN, encoding="utf-8")
    added = language("hill-dialect")
    assert (added.english, added.family, added.direction) == (
        "Hill Dialect",
        "Hill",
        "rtl",
    )
    assert added.script == "Adlam" and is_known("hill-dialect")
    assert canonical("Hill dialect") == canonical("hildi") == "hill-dialect"
    assert label("yo", "own name") == "Yorùbá"
    assert language("yo").english == "Yoruba" and language("yo").family == "Niger-Congo"


def test_a_file_that_changes_is_read_again(home):
    assert not is_known("hill-dialect")
    (home / "languages.csv").write_text(OWN, encoding="utf-8")
    assert is_known("hill-dialect")
    (home / "languages.csv").unlink()
    assert not is_known("hill-dialect")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,english\nnew dialect,New\n", "“new dialect” is no code"),
        ("code,english\nnew-dialect,\n", "needs a name under “english”"),
        ("code,english\nyo,A\nyor,B\n", "“yo” is there twice"),
        ("code,direction\nyo,up\n", "“up” is neither ltr nor rtl"),
        ("code,iso15924\nyo,Latin\n", "“Latin” is no script"),
        ("code,engish\nyo,A\n", "Did you mean “english”?"),
        ("english\nA\n", "no column “code”"),
        (f"code,own\nyo,{'x' * 81}\n", "longer than 80 letters"),
    ],
)
def test_a_fault_of_the_file_is_a_sentence(home, text, said):
    with pytest.raises(CorpusError) as caught:
        read_rows(text.encode())
    assert said in str(caught.value) and "languages.csv, line" in str(caught.value)
    (home / "languages.csv").write_text(text, encoding="utf-8")
    assert said in own_rows().refused and language("yo").english == "Yoruba"


def test_a_row_that_is_kept_goes_beside_the_others(home):
    keep_row({"code": "hill-dialect", "english": "Hill Dialect"})
    keep_row({"code": "yor", "own": "Yorùbá"})
    keep_row({"code": "hill-dialect", "english": "Hills"})
    assert language("hill-dialect").english == "Hills"
    assert language("yo").own == "Yorùbá"
    with pytest.raises(CorpusError, match="neither ltr nor rtl"):
        keep_row({"code": "yo", "direction": "up"})
    assert language("yo").own == "Yorùbá"


@pytest.mark.usefixtures("fresh")
def test_the_form_on_the_studies_page():
    at = visit("pages/studies.py", tab="languages")
    at.text_input(key="own-language-code").set_value("yoruba")
    at.text_input(key="own-language-own").set_value("Yorùbá")
    [button] = [each for each in at.button if each.label == "Keep language"]
    at = alive(button.click().run())
    assert "Yoruba (yo) is kept" in words(at)
    assert language("yo").own == "Yorùbá"
    at = alive(at.button(key="drop-language-yo").click().run())
    assert not own_rows().rows


@pytest.mark.usefixtures("fresh")
def test_a_file_with_faults_is_told_on_every_page(home):
    (home / "languages.csv").write_text("code,direction\nyo,up\n", encoding="utf-8")
    stored("mine")
    at = visit("pages/studies.py", study="mine")
    assert "neither ltr nor rtl" in words(at)


@pytest.mark.usefixtures("fresh")
def test_what_is_known_of_a_studys_languages_is_on_the_studies_page():
    stored("mine")
    at = visit("pages/studies.py", study="mine", tab="languages")
    [shown] = [each.value for each in at.dataframe if "own name" in each.value]
    french = shown[shown["code"] == "fr"].iloc[0]
    assert french["share of pre-training"] == "0.16 %"
    assert french["distances"] == "known" and french["own name"] == "français"


def test_languages_are_asked_for_in_any_form():
    assert listed("languages", ["eng_Latn", "German"], ("en", "de")) == ("en", "de")
    assert listed("languages", ["nowhere"], ("en",)) == ("nowhere",)
