"""What languages are called, in English and by themselves, and codes by names.

The names are Unicode's, through langcodes and language_data, which are loaded with the
first name that is asked for.
"""

import re

CONNECTED = re.compile(r"[_/]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
WITH_REGION = re.compile(r"(?P<name>.+?)\s*\((?P<region>[^()]+)\)")
EVERYWHERE = "und"
ALSO_CALLED = {
    "north macedonian": "mk",
    "yorùbá": "yo",
    "chinese simplified": "zh",
    "chinese traditional": "zh-Hant",
    "dari": "prs",
}
"""Names in public sets that the library does not have, or has under another code."""


def code_of_name(text: str) -> str | None:
    """The tag of a language by its whole name, English or in any language; None if none."""
    name = " ".join(CONNECTED.sub(" ", text).split())
    if name.casefold() in ALSO_CALLED:
        return ALSO_CALLED[name.casefold()]
    code = exact_code("language", name)
    if code is not None:
        return code
    found = WITH_REGION.fullmatch(name)
    if found is None:
        return None
    language = exact_code("language", found["name"])
    region = exact_code("territory", found["region"])
    if language is None or region is None:
        return None
    return f"{language}-{region}"


def exact_code(kind: str, name: str) -> str | None:
    """The code of a language or territory of exactly this name, English ones first.

    The library also takes a name that only begins like one; that would be a guess.
    """
    from language_data import names

    if CONTROL.search(name):
        # What looks names up fails on characters that no text has.
        return None
    plain = names.normalize_name(name)
    for speaker in ("en", EVERYWHERE):
        code = names.name_to_code(kind, name, speaker)
        if code is not None and plain in names.TRIES[f"{speaker}/name_to_{kind}"]:
            return code
    return None


def english_of(code: str) -> str:
    """What a language is called in English: “Spanish (Ecuador)”; its code if unknown."""
    from langcodes import Language

    return Language.get(code, normalize=False).display_name()


def own_of(code: str, language: str) -> str:
    """What a language calls itself; empty where that is unknown.

    ``language`` is the part of the code without script and region.
    """
    from langcodes import Language
    from language_data.name_data import CODE_TO_NAMES

    names = CODE_TO_NAMES.get(language, {})
    if language not in names:
        return ""
    own = Language.get(code, normalize=False).autonym()
    called_alike = names[language] == names.get("en", "")
    if own == english_of(code) and not called_alike:
        return ""
    return own
