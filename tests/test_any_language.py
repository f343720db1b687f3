"""Any language: codes in every form, one form inside, and what is known of each."""

import subprocess
import sys

import pytest

from analysis.core.errors import AnalysisError, FigureError
from analysis.languages.facts import UNKNOWN, known_facts
from analysis.languages.languages import (
    LABELS,
    LANGUAGES,
    base_of,
    canonical,
    in_order,
    is_known,
    label,
    language,
    understood,
)
from analysis.languages.shares import order, resource_class
from components.printing.fonts import typefaces
from tests.flores import FLORES


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("eng", "en"),
        ("eng_Latn", "en"),
        (" fra_Latn ", "fr"),
        ("French", "fr"),
        ("FRENCH", "fr"),
        ("français", "fr"),
        ("العربية", "ar"),
        ("中文", "zh"),
        ("iw", "he"),
        ("cmn", "zh"),
        ("zh-Hans", "zh"),
        ("zh_CN", "zh"),
        ("zho_Hant", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("Chinese (Traditional)", "zh-Hant"),
        ("pt_br", "pt-BR"),
        ("pt-BR", "pt-BR"),
        ("por-BR", "pt-BR"),
        ("Brazilian Portuguese", "pt-BR"),
        ("spa-EC", "es-EC"),
        ("Spanish (Mexico)", "es-MX"),
        ("es-419", "es-419"),
        ("srp_Cyrl", "sr"),
        ("srp_Latn", "sr-Latn"),
        ("arb_Arab", "ar"),
        ("arb_Latn", "ar-Latn"),
        ("acm_Arab", "acm"),
        ("azj_Latn", "az"),
        ("lvs_Latn", "lv"),
        ("als_Latn", "sq"),
        ("ory_Orya", "or"),
        ("swh_Latn", "sw"),
        ("nya_Latn", "ny"),
        ("pes_Arab", "fa"),
        ("npi_Deva", "ne"),
        ("khk_Cyrl", "mn"),
        ("plt_Latn", "mg"),
        ("uzn_Latn", "uz"),
        ("ydd_Hebr", "yi"),
        ("zsm_Latn", "ms"),
        ("quy_Latn", "quy"),
        ("ayr_Latn", "ay"),
        ("fil", "fil"),
        ("Filipino", "fil"),
        ("kor_Hang", "ko"),
        ("cat_Latn_vale1252", "ca-valencia"),
    ],
)
def test_a_code_in_any_form_is_one_code_inside(given, code):
    assert canonical(given) == code == understood(given).code
    assert canonical(code) == code and is_known(code)


def test_the_sixteen_stay_what_they_are():
    for code, row in LANGUAGES.items():
        assert canonical(code) == code
        assert language(code) is row
        assert understood(row.english) is row
        assert understood(row.iso639_3) is row
        assert understood(row.own) is row


def test_all_of_flores_are_different_languages():
    assert len(FLORES) == 204
    found = {canonical(code): code for code in FLORES}
    assert len(found) == 204
    for code, given in found.items():
        assert canonical(code) == code
        lang = language(code)
        script = given.split("_")[1].replace("Hang", "Kore")
        assert lang.iso15924.replace("Hang", "Kore") == script
        assert lang.english and lang.english != code
        assert lang.direction in ("ltr", "rtl")
        assert lang.family != UNKNOWN
        assert label(code, "own name")


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("Englsh", "“en” (English)"),
        ("Spanich", "“es” (Spanish)"),
        ("cz", "“cs” (Czech)"),
        ("eng_Lant", "“en” (English)"),
        ("ar-XY", "“ar” (Arabic)"),
    ],
)
def test_what_is_no_language_is_told_with_the_nearest(given, nearest):
    with pytest.raises(AnalysisError) as caught:
        understood(given)
    told = str(caught.value)
    assert f"“{given}”. Did you mean {nearest}?" in told and "\n" not in told


@pytest.mark.parametrize("given", ["", "zz", "und", "mul", "qaa", "question", "1"])
def test_what_is_near_no_language_is_not_guessed(given):
    with pytest.raises(AnalysisError) as caught:
        understood(given)
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize("given", ["Frenchy", "spanish or so", "English text"])
def test_a_name_that_only_begins_like_one_is_not_taken(given):
    with pytest.raises(AnalysisError):
        understood(given)


def test_what_is_known_of_a_language_that_is_no_row():
    hebrew = language("he")
    assert (hebrew.english, hebrew.own, hebrew.direction) == ("Hebrew", "עברית", "rtl")
    assert (hebrew.script, hebrew.family) == ("Hebrew", "Afro-Asiatic")
    assert label("he", "own name") == "עברית (Hebrew)"
    assert label("sq", "own name") == "shqip"
    assert language("en-GB").own == "English (United Kingdom)"


def test_what_is_not_known_is_unknown():
    tharu = language("the")
    assert tharu.family == UNKNOWN and tharu.own == ""
    assert label("the", "own name") == tharu.english
    assert resource_class("the", "LLaMA2") == "unknown"
    assert resource_class("es-EC", "LLaMA2") == "unknown"


def test_a_variety_is_a_language_of_its_own_in_the_family_of_its_base():
    assert base_of("es-EC") == "es" and base_of("zh-Hant") == "zh"
    assert language("es-EC").family == language("es").family
    assert language("es-EC") != language("es")
    assert language("zh-Hant").script == "Han (traditional)"


def test_others_stand_behind_those_of_the_file():
    assert in_order(["yo", "de", "fr", "en", "de"]) == ("en", "fr", "de", "yo")


def test_unknown_families_and_scripts_stand_last():
    codes = ["the", "en", "zu"]
    assert order(codes, "family")[-1] == "the"
    assert order(codes, "share")[0] == "en"


def test_families_cover_the_large_languages():
    assert len(known_facts()) > 600
    for fact in known_facts().values():
        assert fact.family and is_known(fact.code), fact


def test_every_label_of_flores_is_drawn_in_print():
    names = []
    for code in FLORES:
        lang = language(canonical(code))
        names += [style(lang) for style in LABELS.values()]
    drawn = typefaces(names)
    assert {"Noto Sans Myanmar", "Noto Sans Sinhala", "Noto Serif Tibetan"} <= set(
        drawn.names
    )


def test_every_other_own_name_is_drawn_or_refused_with_a_font_named():
    refused = []
    for code in known_facts():
        try:
            typefaces([label(code, "own name")])
        except FigureError as error:
            refused.append(code)
            assert "Put Noto Sans Nyiakeng as TrueType" in str(error)
    assert refused == ["hnj"]


def test_names_are_read_only_when_they_are_asked_for():
    script = (
        "import sys; from analysis.languages.languages import language, canonical\n"
        "language('fr'); canonical('sw')\n"
        "assert not {'langcodes', 'language_data'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
