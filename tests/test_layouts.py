"""Public data sets are read by the names of their columns; users' own layouts too."""

from pathlib import Path

import pytest

from analysis.concepts import corpora
from analysis.concepts.pair_checks import COLUMNS as PAIR_COLUMNS
from analysis.concepts.pair_checks import REQUIRED as PAIR_NEEDED
from analysis.concepts.pair_readers import read_corpus
from analysis.control import prompts
from analysis.core.errors import AnalysisError, SpecError
from analysis.languages.languages import canonical
from analysis.questions import question_sets, questions
from analysis.questions.answer_options import ANSWERS
from analysis.questions.questions import read_questions
from analysis.tables import layouts
from analysis.tables.bringing import ColumnsUnknown, bring
from analysis.tables.column_maps import ColumnMap
from analysis.tables.guessing import guess
from analysis.tables.kinds import KINDS, PARALLEL
from analysis.tables.opening import open_any
from analysis.words.readers import read_words
from babelscope.commands import main
from babelscope.inputs import pairs_of
from tests import tables_of as made

QUESTIONS = {
    "global-mmlu": ("de/test.csv", made.csv_of([made.MMLU]), "de", "x/1"),
    "mmmlu": ("mmlu_FR-FR.csv", made.csv_of([made.MMMLU]), "fr", "1"),
    "include": ("test.parquet", made.parquet_of([made.INCLUDE]), "fr", "French 1"),
    "belebele": (
        "test.jsonl",
        made.jsonl_of([made.BELEBELE]),
        "fr",
        "https://example.org/a 2",
    ),
    "blend-choices": ("blend.csv", made.csv_of([made.CHOICES]), "en", "q-1"),
    "blend-annotations": (
        "Mexico_data.json",
        made.json_of(made.ANNOTATIONS),
        "es",
        "Mexico Q1",
    ),
    "semeval-2026-7": (
        "trial.tsv",
        made.csv_of([made.SEMEVAL], "\t"),
        "es-EC",
        "es-EC 1",
    ),
    "xcopa": ("test.it.jsonl", made.jsonl_of([made.XCOPA]), "it", "7"),
    "xstorycloze": ("ru/eval.parquet", made.parquet_of([made.STORY]), "ru", "s-1"),
    "mgsm": ("sw/test.jsonl", made.jsonl_of([made.MGSM]), "sw", "1"),
}
"""Layout → the file of one, the language and the item of its first question."""


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("by_name", [False, True])
def test_a_layout_of_questions(name, by_name):
    filename, data, language, item = QUESTIONS[name]
    columns = layouts.find(name, "questions") if by_name else None
    if "/" in filename:
        data, filename = made.zip_of({filename: data}), "set.zip"
    read = read_questions(data, filename, columns=columns)
    first = read.questions[0]
    assert (first.language, first.item) == (language, item)
    assert first.answer in ("two", "deux", "2")
    if not by_name and name != "global-mmlu":
        title = layouts.shipped()[name].title
        assert f"Read as {title} (recognised by its columns)." in " ".join(read.notes)


def test_answers_that_are_words_of_the_layout():
    read = read_questions(made.csv_of([made.NORMAD]), "normad.csv").questions[0]
    assert (read.answer, read.options) == ("yes", ("yes", "no", "neutral"))
    assert read.question.endswith("acceptable?") and read.named.endswith("in iran?")
    read = read_questions(made.jsonl_of([made.XNLI]), "xnli.de.jsonl").questions[0]
    assert read.answer == "entailment" and read.question == "It rains.\nIt is wet."


def test_topics_are_contrasts_of_a_topic_against_the_rest():
    rows = [(n, ("sports", "travel", "health")[n % 3]) for n in range(12)]
    files = {}
    for language in ("eng_Latn", "deu_Latn"):
        files[f"annotated/{language}/train.tsv"] = made.sib(language, rows[:9])
        files[f"annotated/{language}/test.tsv"] = made.sib(language, rows[9:])
    files["annotated/deu_Latn/test.tsv"] = made.sib("deu_Latn", rows[9:11])
    corpus = read_corpus(made.zip_of(files), "sib.zip")
    assert set(corpus.concepts) == {"sports", "travel", "health"}
    assert corpus.languages[0] == "en" and "de" in corpus.languages
    english = {
        (p.concept, p.pair): p.negative for p in corpus.pairs if p.language == "en"
    }
    german = {
        (p.concept, p.pair): p.negative for p in corpus.pairs if p.language == "de"
    }
    assert len(english) == 12 and german.keys() < english.keys()
    for key, text in german.items():
        assert text.split()[1] == english[key].split()[1]
    for pair in corpus.pairs:
        number = int(pair.positive.split()[1])
        assert dict(rows)[number] == pair.concept
        assert dict(rows)[int(pair.negative.split()[1])] != pair.concept
        assert pair.split == ("train" if number < 9 else "test")


def test_harmful_against_harmless():
    files = {}
    for language in ("en", "th"):
        for label, count in (("harmful", 3), ("harmless", 2)):
            for split in ("train", "val"):
                name = f"PolyRefuse/{label}_{split}_translated_{language}.json"
                files[name] = made.label_file(label, language, count)
    data = made.zip_of(files)
    corpus = read_corpus(data, "polyrefuse.zip")
    assert corpus.concepts == ("harmfulness",) and len(corpus.pairs) == 8
    assert all(p.positive.startswith("harmful ") for p in corpus.pairs)
    assert all(p.negative.startswith("harmless ") for p in corpus.pairs)
    assert {p.split for p in corpus.pairs} == {"train"}
    assert any("2 have no counterpart" in note for note in corpus.notes)
    asked = prompts.read(data, "polyrefuse.zip")
    assert len(asked.prompts) == 20
    assert {p.role for p in asked.prompts} == {"", "neutral"}


def test_prompts_with_a_column_for_each_language():
    asked = prompts.read(made.csv_of([made.MULTIJAIL]), "multijail.csv")
    assert len(asked.prompts) == 10 and asked.of("jv", "")["0"].text == "request in jv"


def test_prompts_whose_language_is_told_by_a_country():
    rows = [{"ID": "K-1", "Topic": "food", "Source": "-", "Question": "?"}]
    files = {f"{name}_questions.csv": made.csv_of(rows) for name in ("Assam", "Iran")}
    asked = prompts.read(made.zip_of(files), "questions.zip")
    assert set(asked.languages) == {"as", "fa"}


def test_one_text_a_line_in_a_file_of_each_language():
    files = {
        "XSafety/en/Crimes.csv": b'\xef\xbb\xbfDo this, please\n\nAnd "that"\n',
        "XSafety/fr/Crimes.csv": b"Fais ceci, merci\n\nEt cela\n",
    }
    columns = layouts.find("xsafety", "prompts")
    asked = prompts.read(made.zip_of(files), "xsafety.zip", columns=columns)
    assert asked.of("en", "")["Crimes 3"].text == 'And "that"'
    assert asked.of("fr", "")["Crimes 1"].text == "Fais ceci, merci"


def test_minimal_pairs():
    corpus = read_corpus(made.csv_of([made.BLIMP], "\t"), "fra.tsv")
    (pair,) = corpus.pairs
    assert (pair.positive, pair.language, pair.pair) == ("She walks.", "fr", "fr 1")
    corpus = read_corpus(made.csv_of([made.CROWS]), "crows_pairs.en.csv")
    assert corpus.pairs[0].concept == "age" and corpus.pairs[0].positive.endswith(
        "good."
    )


PARALLEL_FILES = {
    "sib-200": ("de/dev.tsv", made.sib("de", [(4, "travel")]), "4", "de", "de 4"),
    "flores-plus": (
        "dev.parquet",
        made.parquet_of([made.FLORES]),
        "5",
        "fr",
        "Une phrase.",
    ),
    "flores-200": (
        "dev/yor_Latn.dev",
        "Ẹ káàárọ̀\n".encode(),
        "dev 1",
        "yo",
        "Ẹ káàárọ̀",
    ),
    "ntrex-128": (
        "newstest2019-ref.pt-BR.txt",
        b"\nOi\n",
        "2",
        "pt-BR",
        "Oi",
    ),
    "tatoeba": ("Tatoeba.en-fr.fr", b"Salut\n", "1", "fr", "Salut"),
}


@pytest.mark.parametrize("name", PARALLEL_FILES)
def test_parallel_text(name):
    filename, data, item, language, text = PARALLEL_FILES[name]
    brought = bring(
        made.zip_of({filename: data}), "set.zip", PARALLEL, lambda names, name: False
    )
    (row,) = list(brought.rows)
    assert not brought.faults
    values = row.values
    assert (values["item"], values["text"]) == (item, text)
    assert canonical(str(values["language"])) == language


def test_words_one_a_row():
    rows = [
        {"concept": c, "language": language, "word": f"{c} {language}"}
        for c in ("dog", "cat")
        for language in ("English", "yor_Latn")
    ]
    words = read_words(made.jsonl_of(rows), "words.jsonl")
    assert words.languages == ("en", "yo") and words.concepts == ("dog", "cat")
    assert words.words("yo") == ("dog yor_Latn", "cat yor_Latn")


def test_kinds_have_the_columns_of_their_readers():
    extra = {"contrast pairs": {"text", "label"}, "questions": set(), "prompts": set()}
    known = {
        "contrast pairs": (PAIR_COLUMNS, PAIR_NEEDED),
        "questions": (questions.COLUMNS, questions.NEEDED),
        "prompts": (prompts.COLUMNS, prompts.REQUIRED),
    }
    for kind, (columns, needed) in known.items():
        assert set(KINDS[kind].columns) == {*columns} | extra[kind]
        assert set(KINDS[kind].needed) == {*needed}


@pytest.mark.parametrize(
    "layout", layouts.shipped().values(), ids=lambda each: each.name
)
def test_a_shipped_layout_is_whole(layout):
    again = layouts.layout_of(layouts.layout_text(layout), layout.name)
    assert again == layout and layout.use and layout.title
    assert layout.citation or layout.name == "long-words"
    for columns in layout.read_as:
        assert columns.answers in ("", *ANSWERS)


def test_a_layout_that_is_saved_is_recognised(tmp_path, monkeypatch):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    rows = [{"nr": n, "gut": f"good {n}", "schlecht": f"bad {n}"} for n in range(3)]
    data = made.csv_of(rows, ";")
    with pytest.raises(ColumnsUnknown, match="say what each column is"):
        read_corpus(data, "mine.de.csv")
    columns = ColumnMap(
        "contrast pairs",
        {"pair": "nr", "positive": "gut", "negative": "schlecht"},
        constants={"concept": "Güte", "language": "de"},
    )
    assert len(read_corpus(data, "mine.csv", columns=columns).pairs) == 3
    name = layouts.save("my layout", columns, ["nr", "gut", "schlecht"])
    assert layouts.find(name, "contrast pairs") == columns
    corpus = read_corpus(data, "mine.csv")
    assert corpus.concepts == ("Güte",) and "my-layout" in " ".join(corpus.notes)
    layouts.save("other", columns, ["nr", "gut", "schlecht"])
    with pytest.raises(ColumnsUnknown, match="one of several layouts"):
        read_corpus(data, "mine.csv")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind = ", "is not TOML"),
        ("kind = 'recipes'", "Unknown kind of table"),
        ("kind = 'words'\nwide = true", "Unknown key"),
        ("kind = 'words'\n[columns]\npair = 'a'", "Unknown column of words"),
        ("kind = 'words'\nheader = 'no'", "must be true or false"),
        ("kind = 'words'\ncolumns = 'a'", "must be a table"),
        ("kind = 'words'\n[values]\nkind = 'a'", "must be a table of tables"),
        ("name = 'a'", "does not say how it is read"),
        ("[[read_as]]\nlines = true", "does not say its kind"),
    ],
)
def test_what_is_no_layout_is_told_in_a_sentence(text, words):
    with pytest.raises(SpecError, match=words):
        layouts.layout_of(text, "mine")


def test_a_layout_is_found_by_its_name_or_its_file(tmp_path):
    with pytest.raises(AnalysisError, match="Did you mean “sib-200”"):
        layouts.find("sib200", "contrast pairs")
    with pytest.raises(AnalysisError, match="cannot be read as words"):
        layouts.find("mmmlu", "words")
    with pytest.raises(AnalysisError, match="There is no file"):
        layouts.find(tmp_path / "none.toml", "words")
    path = tmp_path / "own.toml"
    path.write_text('kind = "words"\n[columns]\nconcept = "c"\nword = "{language}"\n')
    found = layouts.find(path, "words")
    assert found.wide and found.columns["concept"] == "c"
    assert layouts.find("muse", "words") is None


GUESSES = [
    (
        [{"id": "1", "lang": "en", "good": "a", "bad": "b", "category": "x"}],
        "contrast pairs",
        {
            "pair": "id",
            "language": "lang",
            "positive": "good",
            "negative": "bad",
            "concept": "category",
        },
        {},
    ),
    (
        [{"text": "a", "topic": "sport"}, {"text": "b", "topic": "art"}],
        "contrast pairs",
        {"text": "text", "label": "topic"},
        {"row_number": "pair"},
    ),
    (
        [
            {"qid": 1, "query": "?", "choice1": "a", "choice2": "b", "label": 0},
            {"qid": 2, "query": "?", "choice1": "a", "choice2": "b", "label": 1},
        ],
        "questions",
        {"item": "qid", "question": "query", "answer": "label"},
        {"options": ("choice1", "choice2"), "answers": "place from 0"},
    ),
    (
        [{"stem": "?", "A": "a", "B": "b", "gold": "B"}],
        "questions",
        {"question": "stem", "answer": "gold"},
        {"options": ("A", "B"), "answers": "letter", "row_number": "item"},
    ),
    (
        [{"id": 1, "en": "a", "yor_Latn": "b", "source": "c"}],
        "prompts",
        {"prompt": "id", "text": "{language}", "source": "source"},
        {"languages": ("en", "yor_Latn")},
    ),
    (
        [{"gloss": "dog", "form_en": "dog", "form_ha": "kare"}],
        "words",
        {"concept": "gloss", "word": "form_{language}"},
        {"languages": ("en", "ha")},
    ),
]


@pytest.mark.parametrize(("rows", "kind", "columns", "rest"), GUESSES)
def test_a_guess_at_what_columns_are(rows, kind, columns, rest):
    opened = open_any(made.json_of(rows), "a.json")
    found = guess(opened.parts[0].columns, opened.first_rows(20), kind)
    assert dict(found.columns) == columns
    for name, value in rest.items():
        assert getattr(found, name) == value


def test_a_layout_is_given_to_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    path = tmp_path / "mine.toml"
    path.write_text(
        'kind = "contrast pairs"\nrow_number = "pair"\n[columns]\npositive = "gut"\n'
        'negative = "schlecht"\n[constants]\nconcept = "x"\nlanguage = "de"\n'
    )
    table = tmp_path / "t.csv"
    table.write_bytes(
        made.csv_of([{"gut": f"a{n}", "schlecht": "b"} for n in range(4)])
    )
    corpus = pairs_of(table, path)
    assert [pair.pair for pair in corpus.pairs] == ["1", "2", "3", "4"]
    given = ["extract", "--model", "demo", "--corpus", str(table)]
    assert main([*given, "--layout", "nowhere"]) == 2
    assert "Unknown layout “nowhere”" in capsys.readouterr().err
    assert main(["layouts"]) == 0
    assert "sib-200\tcontrast pairs, parallel text\tSIB-200" in capsys.readouterr().out
    assert main(["layouts", "sib-200"]) == 0
    assert 'label = "category"' in capsys.readouterr().out


def test_the_documentation_lists_every_layout():
    path = Path(__file__).parent.parent / "docs" / "bring-your-own.md"
    text = path.read_text("utf-8")
    for layout in layouts.shipped().values():
        kinds = ", ".join(layout.kinds)
        row = f"{kinds} | {layout.use} | {layout.licence or '–'} |"
        assert f"| `{layout.name}`: " in text and row in text, layout.name


def test_how_a_file_was_read_is_kept_with_what_it_held(tmp_path, monkeypatch):
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    rows = [made.CROWS | {"": n, "sent_more": f"Bad {n}."} for n in range(3)]
    corpus = read_corpus(made.csv_of(rows), "crows.en.csv")
    again = corpora.load(corpora.keep(corpus))
    assert again.pairs == corpus.pairs and again.digest == corpus.digest
    assert "its columns were read so: positive from “sent_less”" in again.notes[0]
    asked = read_questions(made.csv_of([made.MMMLU]), "mmlu_FR-FR.csv")
    again = question_sets.load_questions(question_sets.keep_questions(asked))
    assert "question from “Question”" in again.notes[0]
    asked = prompts.read(made.csv_of([made.MULTIJAIL]), "multijail.csv")
    again = prompts.load(prompts.keep(asked), None, "")
    assert "text from “{language}”" in again.notes[0]
