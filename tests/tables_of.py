"""Small made-up files in many forms, and in the layouts of public data sets."""

import io
import json
import zipfile

import pandas as pd


def csv_of(rows, separator=",", header=True):
    """Rows as separated values."""
    text = pd.DataFrame(rows).to_csv(
        index=False, sep=separator, header=header, lineterminator="\n"
    )
    return text.encode()


def jsonl_of(rows):
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def json_of(value):
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False).encode()


def parquet_of(rows):
    """Rows as Parquet."""
    buffer = io.BytesIO()
    pd.DataFrame(rows).to_parquet(buffer, index=False)
    return buffer.getvalue()


def workbook_of(sheets, prepare=lambda book: None):
    """Sheets, name → rows of cells, as an Excel workbook."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    prepare(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def cells_of(rows):
    """Rows as cells below their names."""
    names = list(rows[0])
    return [names, *([row[name] for name in names] for row in rows)]


def zip_of(files):
    """Files by name, bytes each, as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


PAIRS = [
    {
        "pair": str(number),
        "concept": "kindness",
        "language": language,
        "positive": f"{language} good {number}",
        "negative": f"{language} bad {number}",
    }
    for language in ("en", "de")
    for number in range(1, 4)
]


def label_file(label, language, count):
    """Requests of one label in one language, as PolyRefuse keeps them."""
    rows = [
        {"instruction": f"{label} {language} {number}", "category": None}
        for number in range(count)
    ]
    return json_of(rows)


def sib(language, rows):
    """Sentences with topics, as SIB-200 keeps them."""
    listed = [
        {"index_id": number, "category": topic, "text": f"{language} {number}"}
        for number, topic in rows
    ]
    return csv_of(listed, "\t")


OPTIONS = {
    "option_a": "one",
    "option_b": "two",
    "option_c": "three",
    "option_d": "four",
}
MMLU = {
    "sample_id": "x/1",
    "subject": "art",
    "subject_category": "Humanities",
    "question": "How many?",
    **OPTIONS,
    "answer": "B",
    "required_knowledge": "none",
    "time_sensitive": "-",
    "reference": "-",
    "culture": "-",
    "region": "-",
    "country": "-",
    "cultural_sensitivity_label": "CA",
    "is_annotated": False,
}
MMMLU = {
    "Question": "Combien ?",
    "A": "un",
    "B": "deux",
    "C": "trois",
    "D": "quatre",
    "Answer": "B",
    "Subject": "art",
}
INCLUDE = {
    "language": "French",
    "country": "France",
    "domain": "Arts",
    "subject": "Art",
    "regional_feature": "culture",
    "level": "Academic",
    "question": "Combien ?",
    **OPTIONS,
    "answer": 1,
}
BELEBELE = {
    "link": "https://example.org/a",
    "question_number": 2,
    "flores_passage": "They were two.",
    "question": "How many?",
    "mc_answer1": "one",
    "mc_answer2": "two",
    "mc_answer3": "three",
    "mc_answer4": "four",
    "correct_answer_num": "2",
    "dialect": "fra_Latn",
}
CHOICES = {
    "MCQID": "q-1",
    "ID": "q",
    "country": "Iran",
    "prompt": "How many?",
    "choices": '{"A": "one", "B": "two"}',
    "choice_countries": '{"A": "Iran", "B": "US"}',
    "answer_idx": "B",
}
ANNOTATIONS = {
    f"Q{number}": {
        "question": "¿Cuántos?",
        "en_question": "How many?",
        "annotations": [
            {"answers": ["two"], "en_answers": ["two"], "count": 3},
            {"answers": ["tres"], "en_answers": ["three"], "count": 1},
        ],
        "idks": {"idk": 0},
    }
    for number in (1, 2)
}
SEMEVAL = {
    "index": 1,
    "lang_reg": "es-EC",
    "question": "¿Cuántos?",
    "multiple_choice_options": "one\ntwo\nthree",
    "correct_answer": "two",
}
XCOPA = {
    "premise": "It rained.",
    "choice1": "one",
    "choice2": "two",
    "question": "effect",
    "label": 1,
    "idx": 7,
    "changed": False,
}
STORY = {
    "story_id": "s-1",
    **{f"input_sentence_{n}": f"Sentence {n}." for n in (1, 2, 3, 4)},
    "sentence_quiz1": "one",
    "sentence_quiz2": "two",
    "answer_right_ending": 2,
}
MGSM = {
    "question": "How many?",
    "answer": None,
    "answer_number": 2,
    "equation_solution": None,
}
XNLI = {"premise": "It rains.", "hypothesis": "It is wet.", "label": 0}
NORMAD = {
    "ID": 3,
    "Country": "iran",
    "Background": "-",
    "Axis": "Visiting",
    "Subaxis": "-",
    "Value": "-",
    "Rule-of-Thumb": "-",
    "Story": "Ann comes at two.",
    "Explanation": "-",
    "Gold Label": "yes",
}
MULTIJAIL = {
    "id": 0,
    "source": "made up",
    **{
        code: f"request in {code}"
        for code in ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
    },
    "tags": "['none']",
}
CROWS = {
    "": 0,
    "sent_more": "They are bad.",
    "sent_less": "They are good.",
    "stereo_antistereo": "stereo",
    "bias_type": "age",
}
BLIMP = {"sen": "She walks.", "wrong_sen": "She walk.", "phenomenon": "SV-P"}
FLORES = {
    "id": 5,
    "iso_639_3": "fra",
    "iso_15924": "Latn",
    "glottocode": "stan1290",
    "text": "Une phrase.",
    "topic": "travel",
}
