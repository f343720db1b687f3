"""How texts on screen read: none like a translation, none with a hole, none too long."""

import re

import pytest

from tests import words
from tests.words import LONG_PLACES, Text

TEXTS = list(words.every())
LONGEST = 220
"""Characters of a sentence on screen: two lines."""
TWO_BLANKS = r"\S  +\S"
BETTER = {
    r"\bto be had\b": "is there, is available",
    r"\(s\)(?=[ .,;:]|$)": "the right number, by analysis.core.counting",
    r"\blately\b": "recently",
    r"\bin vain\b": "without success, or say what was not found",
    r"\bWho (?:takes|wants|needs|has)\b": "who does what, as a plain sentence",
    r"\bnot any more\b": "no longer",
    r"\ballows to\b": "lets you, makes it possible to",
    TWO_BLANKS: "one blank",
    r" [,;.](?: |$)": "no blank before a comma or a full stop",
    r"(?<![\w{…\-“/.])-\d+(?:\.\d+)? ": "a minus sign (−)",
}
"""What reads like a translation, or was mistyped → what to write instead."""


def faults(text: Text) -> list[str]:
    """What is wrong with a text, each fault with where it stands."""
    found = []
    for pattern, better in BETTER.items():
        if pattern == TWO_BLANKS and text.file.startswith("babelscope"):
            continue  # columns in a terminal
        if re.search(pattern, text.words):
            found.append(f"{text.file}:{text.line}: “{text.words}”: {better}")
    if any(place in text.place for place in LONG_PLACES):
        return found
    for sentence in text.sentences:
        if len(sentence) > LONGEST:
            found.append(f"{text.file}:{text.line}: too long: “{sentence}”")
    return found


def test_no_text_reads_like_a_translation_or_runs_on():
    found = [fault for text in TEXTS for fault in faults(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "bad",
    [
        "a layer that is not to be had here",
        "3 cell(s) missing",
        "was lately computed",
        "asked for it in vain",
        "Who takes the best layer chooses on test words.",
        "two  blanks",
        "a blank , before it",
        "from -1.5 to 2 points",
        f"{'word ' * 50}.",
    ],
)
def test_each_fault_is_found(bad):
    assert faults(Text("a.py", 1, bad))


def test_long_captions_names_and_ranges_are_no_faults():
    long = f"{'word ' * 50}end."
    assert not faults(Text("a.py", 1, long, "figure caption"))
    for good in ("4-bit weights of gemma-3-270m", "pages 1-2 of it", "{…}-{…} of all"):
        assert not faults(Text("a.py", 1, good))


def test_the_catalogue_has_the_texts_of_every_page_and_no_code(tmp_path, capsys):
    assert len(TEXTS) > 1500
    files = {text.file for text in TEXTS}
    assert "components/views/overview.py" in files and "app.py" not in files
    source = tmp_path / "app.py"
    source.write_text(
        '"""A docstring that nobody sees."""\n'
        'shown = f"{n} cells are missing."\nkey = "one-key"\n'
        'def caption(): return "under a figure"\n'
    )
    (found, under) = words.texts(source, tmp_path)
    assert found == Text("app.py", 2, "{…} cells are missing.", "shown")
    assert under.place == "caption"
    words.main(["views/overview"])
    assert "Published numbers, not computed here." in capsys.readouterr().out
