"""Names and texts that are the same to a reader, though their characters differ.

An accent may stand within its letter or after it, a space may be one that does not
break, and some characters cannot be seen at all.
"""

import re
import unicodedata

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Characters that are shown as nothing (Unicode's Default_Ignorable_Code_Point)."""
WHOLE = re.compile(r"(-?)(\d{1,300})(?:\.0*)?")
"""A whole number, perhaps with zeros before it or a decimal point behind it."""

SHOWN = 3
"""Names that were joined and are shown."""


def visible_form(text: str) -> str:
    """A text as it is seen: for comparing, not for keeping.

    Accents within their letters (NFC), no invisible characters, plain single spaces, none
    at the ends.
    """
    if text.isascii():
        if text.isalnum():
            return text
    else:
        text = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def look_the_same(text: str, other: str) -> bool:
    """Whether two texts have the same visible form."""
    if plainly_differ(text, other):
        return False
    return visible_form(text) == visible_form(other)


def plainly_differ(text: str, other: str) -> bool:
    """Whether texts of ASCII look different, as nearly all do; of others that is open."""
    return text.isascii() and other.isascii() and text.split() != other.split()


def same_name(text: str) -> str:
    """What names of one thing have in common: as seen, without regard to capitals.

    Whole numbers are numbers: “01”, “1” and the “1.0” of a table program are the same.
    """
    name = visible_form(text).casefold()
    number = WHOLE.fullmatch(name)
    if number is None:
        return name
    return f"{number[1]}{int(number[2])}"


class Names:
    """Names of one thing, each by the first way in which it was written.

    ``exact``: none are joined. Which were is told by a note.
    """

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.first: dict[str, str] = {}
        """A name, and what it has in common with others → its first way."""
        self.joined: dict[str, str] = {}
        """Some of the names that were written otherwise → their first way."""
        self.rows = 0

    def add(self, name: str) -> str:
        """The first way in which a name was written."""
        first = self.first.get(name)
        if first is None:
            common = name if self.exact else same_name(name)
            first = self.first.setdefault(common, name)
            self.first[name] = first
        if first != name:
            self.rows += 1
            if len(self.joined) < SHOWN:
                self.joined[name] = first
        return first

    def notes(self, what: str) -> list[str]:
        """A sentence on the names that were joined, if any were."""
        if not self.rows:
            return []
        ways = []
        for name, first in self.joined.items():
            ways.append(f"“{told_apart(name)[:60]}” is “{told_apart(first)[:60]}”")
        more = " and others" if len(self.joined) == SHOWN else ""
        return [
            f"{what} are written in several ways and were joined: {', '.join(ways)}"
            f"{more} ({self.rows:,} rows)."
        ]


def told_apart(text: str) -> str:
    """A text for a message, with names for characters that cannot be told by looking.

    For texts that look like others: “10[no-break space]km”.
    """
    parts = []
    for character in text:
        plain = character.isalnum() or " " <= character <= "~"
        parts.append(character if plain else spelled_out(character))
    return "".join(parts)


def spelled_out(character: str) -> str:
    """A character's name in brackets where it is not seen or is put on another letter."""
    marks = unicodedata.combining(character)
    unseen = INVISIBLE.match(character) or not character.isprintable()
    if not marks and not unseen:
        return character
    name = unicodedata.name(character, "").casefold()
    return f"[{name or f'U+{ord(character):04X}'}]"
