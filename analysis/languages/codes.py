"""The code of a language in any form, among those of libraries and the server's own."""

from analysis.languages.own_rows import own_rows
from analysis.languages.tags import library_code


def code_in(text: str) -> str | None:
    """The canonical code of a language in any common form; None if it is none."""
    plain = " ".join(text.split())
    own = own_rows().codes.get(plain.casefold())
    return own or library_code(plain)
