"""What steering costs, on texts whose language and repetitions are known."""

import numpy as np
import pytest

from analysis.core.errors import SpecError
from analysis.languages.languages import LANGUAGES
from analysis.steering.fluency import (
    RECOGNISED,
    UNRECOGNISED,
    drift,
    identified_language,
    recognisable,
    repetition,
)

SENTENCES = {
    "en": "The old woman gave the money back to its owner.",
    "zh": "老太太把钱还给了它的主人。",
    "fr": "La vieille femme a rendu l'argent à son propriétaire.",
    "es": "La anciana le devolvió el dinero a su dueño.",
    "pt": "A velhinha devolveu o dinheiro ao seu dono, não é verdade?",
    "vi": "Bà cụ đã trả lại tiền cho chủ của nó.",
    "ca": "La dona gran va tornar els diners al seu propietari.",
    "id": "Perempuan tua itu mengembalikan uang tersebut kepada pemiliknya.",
    "ja": "おばあさんはお金を持ち主に返しました。",
    "ko": "할머니는 돈을 주인에게 돌려주었다.",
    "fi": "Vanha nainen antoi rahat takaisin niiden omistajalle.",
    "hu": "Az idős asszony visszaadta a pénzt a tulajdonosának.",
    "ta": "வயதான பெண் பணத்தை அதன் உரிமையாளரிடம் திருப்பிக் கொடுத்தார்.",
    "te": "ముసలి స్త్రీ డబ్బును దాని యజమానికి తిరిగి ఇచ్చింది.",
    "sw": "Mwanamke mzee alirudisha pesa kwa mwenyewe.",
}


def test_every_language_of_the_project_is_told_but_those_that_are_named():
    assert {*SENTENCES, *UNRECOGNISED} == set(LANGUAGES)
    assert {language for language in LANGUAGES if not recognisable(language)} == set(
        UNRECOGNISED
    )
    assert {
        language: identified_language(text) for language, text in SENTENCES.items()
    } == {language: language for language in SENTENCES}


def test_drift_is_the_share_of_texts_in_another_language():
    assert drift([SENTENCES["fr"], SENTENCES["en"], SENTENCES["ja"], ""], "fr") == 0.75
    assert np.isnan(drift([], "fr"))


BEYOND = {
    "de": "Die alte Frau gab das Geld seinem Besitzer zurück.",
    "ar": "أعادت المرأة العجوز المال إلى صاحبه.",
    "hi": "बूढ़ी औरत ने पैसे उसके मालिक को लौटा दिए।",
    "nb": "Den gamle kvinnen ga pengene tilbake til eieren, ikke sant?",
    "zh-Hant": "老太太把錢還給了它的主人。",
    "es-EC": "La anciana le devolvió el dinero a su dueño.",
}


@pytest.mark.parametrize("language", BEYOND)
def test_a_language_beyond_the_sixteen_is_told_among_them(language):
    assert recognisable(language)
    assert identified_language(BEYOND[language], language) == language
    assert drift([BEYOND[language], SENTENCES["fr"]], language) == 0.5


def test_codes_of_the_library_are_those_that_it_has():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    known = {*LanguageIdentifier.from_model_file(MODEL_FILE).nb_classes}
    assert known >= RECOGNISED


def test_words_run_on_in_scripts_without_spaces():
    assert repetition("ดีดีดีดีดี", "th") > 0.5
    assert repetition("好好好好好", "zh-Hant") == pytest.approx(2 / 3)


def test_drift_in_a_language_that_cannot_be_told_is_an_error():
    with pytest.raises(SpecError, match="ny"):
        drift(["Mayi wachikulire anabweza ndalama."], "ny")


@pytest.mark.parametrize(
    ("text", "language", "share"),
    [
        ("", "en", 0),
        ("one two", "en", 0),
        ("a b c d e", "en", 0),
        ("a b c a b c", "en", 0.25),
        ("na na na na na", "en", 2 / 3),
        ("好好好好好", "zh", 2 / 3),
        ("ha" * 12, "en", 20 / 22),
        ("老太太把钱还给了", "zh", 0),
    ],
)
def test_repetition_counts_sequences_said_before(text, language, share):
    assert repetition(text, language) == pytest.approx(share)
