"""Languages, shares and distances: the file's promises, the paper's sets, and what is masked."""

import numpy as np
import pytest

from analysis.core.errors import CorpusError, SpecError
from analysis.languages.distances import (
    DISTANCES,
    distances,
    linguistic_similarity,
    masked_note,
    printed_distances,
)
from analysis.languages.in_names import may_be_identifier
from analysis.languages.languages import LABELS, LANGUAGES, label, language
from analysis.languages.shares import ORDERS, SHARES, order, read_shares, resource_class

HIGH = {
    "LLaMA2": {"en"},
    "Qwen (order only)": {"zh", "en"},
    "BLOOM": {"en", "zh", "fr", "es", "pt", "vi", "id", "ca"},
}


def test_sixteen_languages_are_complete():
    assert " ".join(LANGUAGES) == "en zh fr es pt vi ca id ja ko fi hu ta te sw ny"
    for code, one in LANGUAGES.items():
        assert one.code == code and len(one.iso639_3) == 3 and len(one.iso15924) == 4
        assert (
            one.direction in ("ltr", "rtl") and one.english and one.own and one.family
        )
        assert bool(one.transliteration) == (one.script != "Latin")
    assert language("zh").iso639_3 == "cmn" and language("id").family == "Austronesian"


@pytest.mark.parametrize("given", ["english", "EN", "eng", "en-XX", "en_XX", "Englsh"])
def test_an_unknown_language_names_the_nearest(given):
    with pytest.raises(SpecError, match="Did you mean “en”"):
        language(given)


def test_a_language_near_nothing_says_what_is_allowed():
    with pytest.raises(SpecError, match="Unknown language “Qwxyz”. Allowed: a code"):
        language("Qwxyz")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("Danish", "da"), ("Javanese", "jv"), ("iw", "he"), ("Filipino", "fil")],
)
def test_another_language_is_not_taken_for_a_misspelled_one(given, meant):
    with pytest.raises(SpecError, match=f"Did you mean “{meant}”"):
        language(given)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("mmlu_id_5", True),
        ("item_id", True),
        ("questions.id", False),
        ("id", False),
        ("mmlu_ID-ID", False),
        ("mmlu_fr_5", False),
    ],
)
def test_id_in_a_name_may_be_an_identifier(name, identifier):
    assert may_be_identifier(name) == identifier


def test_labels():
    assert [label("zh", style) for style in LABELS] == [
        "zh",
        "Chinese",
        "中文 (Zhōngwén)",
    ]
    assert label("fi", "own name") == "suomi"
    with pytest.raises(SpecError, match="Did you mean “own name”"):
        label("fi", "own nmae")


@pytest.mark.parametrize("table", HIGH)
def test_resource_classes_are_the_papers(table):
    assert {
        code for code in LANGUAGES if resource_class(code, table) == "high"
    } == HIGH[table]
    unknown = {code for code in LANGUAGES if resource_class(code, table) == "unknown"}
    assert unknown == (
        {"ja", "ko", "fi", "hu"} if table == "BLOOM" else {"ta", "te", "sw", "ny"}
    )


def test_only_the_invented_numbers_are_marked_so():
    assert [name for name, table in SHARES.items() if table.order_only] == [
        "Qwen (order only)"
    ]
    assert all(
        table.source and table.note and set(table.percent) == set(LANGUAGES)
        for table in SHARES.values()
    )


@pytest.mark.parametrize("by", ORDERS)
def test_orders_are_stable_permutations(by):
    codes = tuple(reversed(LANGUAGES))
    ordered = order(codes, by)
    assert sorted(ordered) == sorted(codes)
    assert order(ordered, by) == ordered


def test_order_by_share_keeps_ties_and_puts_unknown_last():
    assert order(["ta", "es", "zh", "en", "fr", "ny"]) == (
        "en",
        "fr",
        "es",
        "zh",
        "ta",
        "ny",
    )
    assert order(["en", "ja", "zh", "sw"], "share", "BLOOM") == ("en", "zh", "sw", "ja")
    assert order(["en", "zh"], "share", "Qwen (order only)") == ("zh", "en")
    with pytest.raises(SpecError, match="Did you mean “share”"):
        order(["en"], "shar")
    with pytest.raises(SpecError, match="Did you mean “BLOOM”"):
        order(["en"], "share", "Blooom")


def test_order_by_family_and_name():
    assert order(["te", "en", "hu", "ta", "fr", "fi"], "family") == (
        "te",
        "ta",
        "en",
        "fr",
        "hu",
        "fi",
    )
    assert order(["zh", "sw", "ca"], "name") == ("ca", "zh", "sw")


def test_shares_of_the_user():
    table = read_shares("\ufeffcode,percent\nen, 60\n\nsw,0.5\nte,\n", "my corpus")
    assert (
        dict(table.percent) == {"en": 60.0, "sw": 0.5, "te": None}
        and not table.order_only
    )
    assert [resource_class(code, table) for code in ("en", "sw", "te", "fi")] == [
        "high",
        "low",
        "unknown",
        "unknown",
    ]
    assert order(["fi", "te", "sw", "en"], "share", table) == ("en", "sw", "fi", "te")


def test_codes_of_shares_in_any_form():
    table = read_shares("code,percent\neng_Latn,60\nGerman,2\n", "mine.csv")
    assert dict(table.percent) == {"en": 60.0, "de": 2.0}
    with pytest.raises(CorpusError, match="“en” is there twice"):
        read_shares("code,percent\neng_Latn,60\nen,2\n", "mine.csv")


def test_all_faults_of_a_table_of_shares_are_listed():
    text = "percent,code\n70,en\nmuch,fr\n40,frensh\n-1,es\n5,en\n5\nnan,ca\n"
    with pytest.raises(CorpusError) as caught:
        read_shares(text, "mine.csv")
    faults = caught.value.faults
    for line, words in {
        3: "much",
        4: "Did you mean “fr”",
        5: "-1",
        6: "there twice",
        7: "has 1 cell,",
        8: "nan",
    }.items():
        assert any(
            fault.startswith(f"mine.csv, line {line}: ") and words in fault
            for fault in faults
        ), line
    assert len(faults) == 6 and "6 faults" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "language,percent\nen,1\n", "code,percent\n", "code,percent\nen,80\nfr,80\n"],
)
def test_tables_of_shares_that_make_no_sense(text):
    with pytest.raises(CorpusError):
        read_shares(text, "mine.csv")


@pytest.mark.parametrize("kind", DISTANCES)
@pytest.mark.parametrize("masked", [True, False])
def test_distances_are_symmetric_with_zero_diagonal(kind, masked):
    array = distances(kind, masked)
    assert array.dims == ("source", "target") and list(array.source.values) == list(
        LANGUAGES
    ) == list(array.target.values)
    np.testing.assert_array_equal(array, array.T)
    np.testing.assert_array_equal(np.diag(array), 0)
    np.testing.assert_array_equal(linguistic_similarity(kind, masked), 1 - array)
    known = array.values[np.isfinite(array.values)]
    assert ((known >= 0) & (known <= 1)).all()


def test_known_distances():
    assert distances("genetic").sel(source="es", target="ca") == 0.23
    assert distances("syntactic").sel(source="ta", target="te") == 0.32
    assert linguistic_similarity("genetic").sel(source="fi", target="hu") == 0.25


def test_exactly_the_cells_without_data_are_masked():
    for kind, codes in {
        "genetic": "",
        "syntactic": "",
        "geographic": "zh",
        "phonological": "zh pt ta ny",
    }.items():
        hidden = np.isnan(distances(kind).values)
        lacking = np.isin(list(LANGUAGES), codes.split())
        expected = (lacking[:, None] | lacking) & ~np.eye(len(lacking), dtype=bool)
        np.testing.assert_array_equal(hidden, expected)
        assert not np.isnan(distances(kind, masked=False)).any()
        assert all(label(code) in masked_note(kind) for code in codes.split())
    assert distances("geographic", masked=False).sel(source="zh", target="ko") == 1.0


def test_changing_an_array_changes_no_other():
    distances("genetic", masked=False)[:] = 7
    assert distances("genetic", masked=False).max() == 1


def test_unknown_kinds_of_distance():
    for function in (distances, linguistic_similarity, masked_note):
        with pytest.raises(SpecError, match="Did you mean “genetic”"):
            function("gentic")


def test_a_new_language_needs_no_distances(monkeypatch):
    monkeypatch.setitem(LANGUAGES, "he", language("en"))
    printed_distances.cache_clear()
    try:
        array = distances("genetic")
        assert array.sizes["source"] == 17 and np.isnan(array.sel(source="he")).all()
        assert array.sel(source="es", target="ca") == 0.23
    finally:
        printed_distances.cache_clear()
