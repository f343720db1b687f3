"""Names and texts that are the same to a reader, though their characters differ.

An accent may stand within its letter or after it, a space may be one that does not break,
and some characters cannot be seen at all.
"""

import re
import unicodedata

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Characters that are shown as nothing (Unicode's Default_Ignorable_Code_Point)."""
SPACES = re.compile(r"\s+")
WHOLE = re.compile(r"(-?)(\d{1,300})(?:\.0*)?")
"""A whole number, perhaps with zeros before it or a decimal point behind it."""


def seen(text: str) -> str:
    """A text as it is seen: for comparing, not for keeping.

    Accents within their letters (NFC), no invisible characters, plain single spaces, none
    at the ends.
    """
    if text.isascii():
        return SPACES.sub(" ", text).strip()
    visible = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return SPACES.sub(" ", visible).strip()


def same_name(text: str) -> str:
    """What names of one thing have in common: as seen, without regard to capitals.

    Whole numbers are numbers: “01”, “1” and the “1.0” of a table program are the same.
    """
    name = seen(text).casefold()
    number = WHOLE.fullmatch(name)
    if number is None:
        return name
    return f"{number[1]}{int(number[2])}"


def told_apart(text: str) -> str:
    """A text for a message, with names for the characters that cannot be told by looking.

    For texts that look like others: “10[no-break space]km”.
    """
    parts = []
    for character in text:
        plain = character.isalnum() or " " <= character <= "~"
        parts.append(character if plain else spelled_out(character))
    return "".join(parts)


def spelled_out(character: str) -> str:
    """A character's name in brackets where it cannot be seen or is put on another letter."""
    marks = unicodedata.combining(character)
    unseen = INVISIBLE.match(character) or not character.isprintable()
    if not marks and not unseen:
        return character
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    return f"[{name.casefold()}]"
