"""Tables whose columns are not known are asked about on the page where they are uploaded."""

import pytest

from analysis.concepts import corpora
from analysis.tables import layouts
from tests import tables_of as made
from tests.uploading import EXTRACT, LAYERS
from tests.visits import alive, button, plain, unfolded, visit, words

ROWS = [
    {"nr": str(n), "gut": f"gut {n} {code}", "schlecht": f"böse {n}", "Sprache": code}
    for code in ("German", "fra_Latn")
    for n in range(4)
]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))


def uploaded(data, name):
    """The Extract page with a file of contrast pairs."""
    at = visit(EXTRACT)
    alive(at.button_group(key="draft-origin").set_value("a file").run())
    return alive(at.file_uploader(key="draft-file").upload(name, data).run())


def role_of(at, column):
    """The widget that says what a column is."""
    (found,) = [each for each in at.selectbox if plain(each.label) == column]
    return found


def test_columns_that_are_not_known_are_said_on_the_page():
    at = uploaded(made.csv_of(ROWS, ";"), "meine.csv")
    said = words(at)
    assert "correct that where it is wrong, and press “Read it so”" in said
    assert "Still to be said" in said
    assert (
        role_of(at, "nr").value == "pair" and role_of(at, "Sprache").value == "language"
    )
    alive(role_of(at, "gut").set_value("positive").run())
    alive(role_of(at, "schlecht").set_value("negative").run())
    assert "Still to be said: concept" in words(at)
    (concept,) = [each for each in at.text_input if each.label == "Concept of all rows"]
    alive(concept.set_value("Güte").run())
    assert "Still to be said" not in words(at) and "The rows that come of it" in words(
        at
    )
    (name,) = [each for each in at.text_input if each.label == "Name of the layout"]
    alive(name.set_value("güte csv").run())
    alive(button(at, "Keep").click().run())
    alive(button(at, "Read it so").click().run())
    assert "8 contrast pairs chosen" in words(at)
    (kept,) = layouts.saved().values()
    assert kept.recognised_by == ("nr", "gut", "schlecht", "Sprache")
    again = uploaded(made.csv_of(ROWS), "andere.csv")
    assert "8 contrast pairs chosen" in words(again)
    assert corpora.DEMO in corpora.offered()


def test_columns_are_asked_about_in_the_order_of_the_table():
    at = uploaded(made.csv_of(ROWS, ";"), "meine.csv")
    asked = [plain(each.label) for each in at.selectbox]
    names = list(ROWS[0])
    assert [label for label in asked if label in names] == names


def test_a_public_layout_needs_no_word():
    rows = [(n, ("sports", "travel")[n % 2]) for n in range(8)]
    files = {"eng_Latn/train.tsv": made.sib("en", rows)}
    at = uploaded(made.zip_of(files), "sib.zip")
    said = words(at)
    assert "8 contrast pairs chosen" in said
    assert "Read as SIB-200 (recognised by its columns)." in said


def test_only_the_language_is_asked_for_where_all_else_is_known():
    rows = [(n, ("sports", "travel")[n % 2]) for n in range(8)]
    at = uploaded(made.sib("ha", rows), "train.tsv")
    assert "Nothing tells the language of train.tsv" in words(at)
    (language,) = [
        each for each in at.text_input if each.label == "Language of all rows"
    ]
    alive(language.set_value("Hausa").run())
    assert "8 contrast pairs chosen" in words(at)


def test_a_layout_is_chosen_by_its_name():
    at = uploaded(made.csv_of([made.BLIMP] * 3, "\t"), "some.tsv")
    alive(at.selectbox(key="draft-file-layout").set_value("multiblimp").run())
    assert "Contrast pairs of grammatical agreement" in words(at)


def test_questions_with_columns_of_their_own():
    rows = [
        {"frage": f"? {n}", "wahl a": "x", "wahl b": "y", "richtig": n % 2}
        for n in range(4)
    ]
    at = unfolded(visit(LAYERS, study="demo"), "ask")
    alive(at.button_group(key="questions-origin").set_value("a file").run())
    book = made.workbook_of({"Fragen": made.cells_of(rows)})
    alive(at.file_uploader(key="questions-file").upload("quiz.xlsx", book).run())
    for column, role in (
        ("frage", "question"),
        ("wahl a", "one of the options"),
        ("wahl b", "one of the options"),
        ("richtig", "answer"),
    ):
        alive(role_of(at, column).set_value(role).run())
    (language,) = [
        each for each in at.text_input if each.label == "Language of all rows"
    ]
    alive(language.set_value("German").run())
    alive(button(at, "Read it so").click().run())
    assert "may mean several options" in words(at)
    alive(at.segmented_control(key="questions-answers").set_value("place from 0").run())
    assert "4 universal items" in words(at)
