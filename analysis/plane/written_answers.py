"""Which option a written answer says."""

import re
from collections.abc import Sequence
from unicodedata import category, name, normalize

UNSPACED = (
    "CJK",
    "IDEOGRAPHIC",
    "HIRAGANA",
    "KATAKANA",
    "HALFWIDTH KATAKANA",
    "BOPOMOFO",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "TIBETAN",
    "HANGUL",
)
"""Scripts, as names of their characters begin, that do not part words by spaces; Korean
parts them but hangs particles on them.
"""
INNER = "-.,/:*^"
"""What plain texts keep only as a minus, inside a number or between the sides of an operation."""
LOOSE = re.compile(r"-(?!\d|[a-z]\b)|(?<!\d)[.,/:]|[.,/:](?!\d)|(?<!\w)\*|\*(?!\w)|`")
"""The same characters where they are punctuation or mark-up.

A minus stands before a number or a single letter.
"""


def composed(text: str) -> str:
    """A text in Unicode's composed form, in which equal letters are equal characters,
    without spaces around it.
    """
    return normalize("NFC", text).strip()


def plain(text: str) -> str:
    """A text as it is compared: without case, punctuation and repeated spaces; vowel
    signs, operators and numbers stay.
    """
    folded = re.sub("[−‐‑–]", "-", composed(composed(text).casefold()))
    kept = (
        ""
        if (kind := category(c)) == "Cf"
        else " "
        if kind[0] in "PC" and c not in INNER
        else c
        for c in folded
    )
    return " ".join(LOOSE.sub(" ", "".join(kept)).split())


def one_word(left: str, right: str) -> bool:
    """Whether two neighbouring characters belong to one word or number; of scripts
    without spaces only a letter and its mark.
    """
    return category(right)[0] == "M" or all(
        (c in INNER or category(c)[0] in "LMN") and not name(c, "").startswith(UNSPACED)
        for c in (left, right)
    )


def holds(text: str, option: str) -> bool:
    """Whether a plain text says a plain option, as whole words where its script parts
    words by spaces.
    """
    starts = (
        [found.start() for found in re.finditer(f"(?={re.escape(option)})", text)]
        if option
        else []
    )
    return any(
        not (start and one_word(text[start - 1], option[0]))
        and not (text[end:] and one_word(option[-1], text[end]))
        for start in starts
        if (end := start + len(option))
    )


def matched(text: str, options: Sequence[str]) -> int:
    """Which option an answer says, from 1; 0 when none or more than one.

    The answer is the option to the letter, or but for case, punctuation and spaces, or
    its letter, or holds it as whole words. Of
    options that hold each other the longest counts.
    """
    for form in (composed, plain):
        said, known = form(text), [form(option) for option in options]
        if said and known.count(said) == 1:
            return known.index(said) + 1
    letters = "abcdefgh"[: len(options)]
    if len(said) == 1 and said in letters:
        return letters.index(said) + 1
    held = [option for option in known if holds(said, option)]
    longest = [
        option
        for option in held
        if not any(option != other and holds(other, option) for other in held)
    ]
    return known.index(longest[0]) + 1 if len(longest) == 1 else 0
