"""Which language somebody may have meant who wrote what is none."""

from difflib import get_close_matches
from functools import cache

from analysis.languages.facts import known_facts
from analysis.languages.tags import code_of_tag

MISSPELLED = 0.8
"""How alike a misspelled name is, at least; Danish is less like Spanish."""
LONGEST_CODE = 3


def nearest_code(given: str) -> str | None:
    """The code of the language that a text is most like, by parts, place or name."""
    bare = given.strip().casefold().replace("_", "-")
    stem = bare.split("-")[0]
    if stem != bare:
        code = code_of_tag(stem)
        if code is not None:
            return code
    # A short text is another code, however like one that is known: fil and fi.
    if len(bare) <= LONGEST_CODE:
        return spoken_in(bare)
    names = known_names()
    close = get_close_matches(bare, names, n=1, cutoff=MISSPELLED)
    return names[close[0]] if close else None


def spoken_in(territory: str) -> str | None:
    """The language most spoken in a country, by its code: “cz” → “cs”."""
    from langcodes.data_dicts import LIKELY_SUBTAGS

    likely = LIKELY_SUBTAGS.get(f"und-{territory.upper()}")
    if likely is None:
        return None
    return code_of_tag(likely.split("-")[0])


@cache
def known_names() -> dict[str, str]:
    """Names, English and own, of all languages whose family we know → their codes."""
    from language_data.name_data import CODE_TO_NAMES

    found = {}
    for code in known_facts():
        names = CODE_TO_NAMES.get(code, {})
        for speaker in (code, "en"):
            if speaker in names:
                found[names[speaker].casefold()] = code
    return found
