"""Tags of languages in every common form, and the one form that is used inside.

People write: BCP 47 (“pt-BR”, “zh-Hans”), ISO 639-1 and 639-3
(“fr”, “fra”), FLORES (“fra_Latn”), English and own names (“French”, “français”). Inside, a
language is one code: the shortest of its language, with a script only where it is not the
usual one, with a region only where one was given: “sr-Latn”, “es-EC”, “zh-Hant”.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from analysis.languages.facts import is_language_code, usual_script
from analysis.languages.names import code_of_name

TAG = re.compile(
    r"(?P<language>[a-z]{2,3})"
    r"(?:-(?P<extended>[a-z]{3}))?"
    r"(?:-(?P<script>[a-z]{4}))?"
    r"(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?:-(?P<variant>[a-z0-9]{5,8}|\d[a-z0-9]{3}))?"
)
"""A language tag in small letters, with hyphens."""
REMEMBERED = 4096
"""Answers that are kept; a file may hold any number of codes."""
OURS = {"twi": "tw", "tw": "tw", "prs": "prs", "ajp": "ajp", "mo": "ro"}
"""Codes that libraries join with another language that public sets keep apart."""
NO_LANGUAGE = ("und", "mul", "mis", "zxx")
PRIVATE = re.compile(r"q[a-t][a-z]")
PRIVATE_REGION = re.compile(r"AA|Q[M-Z]|X[A-JL-Z]|ZZ")
"""Codes that mean nothing but what somebody agreed on."""
SCRIPT_BY_REGION = {"CN": "", "SG": "", "TW": "Hant", "HK": "Hant", "MO": "Hant"}
"""Script that Chinese is written in, by region; empty is the usual one."""
NO_VARIETY = ("CN", "TW")
"""Regions that only tell the script of Chinese."""
SAME_SCRIPT = {"Hang": "Kore", "Aran": "Arab", "Hrkt": "Jpan"}
GLOTTOLOG = re.compile(r"[a-z]{4}\d{4}")
VARIANTS = {"vale1252": "valencia", "aran1260": "aranes"}
"""Codes of Glottolog that FLORES+ uses → variants of BCP 47."""


@dataclass(frozen=True)
class Parts:
    """What a canonical code is made of; parts that it does not have are empty."""

    language: str
    script: str = ""
    region: str = ""
    variant: str = ""

    def code(self) -> str:
        """The parts as one code."""
        given = (self.language, self.script, self.region, self.variant)
        return "-".join(filter(None, given))


@lru_cache(maxsize=REMEMBERED)
def parts_of(code: str) -> Parts:
    """The parts of a canonical code."""
    found = TAG.fullmatch(code.lower())
    if found is None:
        return Parts(code)
    return Parts(
        found["language"],
        (found["script"] or "").title(),
        (found["region"] or "").upper(),
        found["variant"] or "",
    )


@lru_cache(maxsize=REMEMBERED)
def library_code(text: str) -> str | None:
    """The canonical code of a language in any common form; None if it is none."""
    plain = " ".join(text.split())
    return code_of_tag(plain) or code_of_named(plain)


def code_of_named(text: str) -> str | None:
    """The canonical code of a language that is called by a name."""
    named = code_of_name(text)
    return code_of_tag(named) if named is not None else None


def code_of_tag(text: str) -> str | None:
    """The canonical code of a language tag; None for what is no tag of a language."""
    found = TAG.fullmatch(text.lower().replace("_", "-"))
    if found is None or found["language"] in NO_LANGUAGE:
        return None
    language = shortest(found["extended"] or found["language"])
    script = (found["script"] or "").title()
    region = (found["region"] or "").upper()
    variant = found["variant"] or ""
    variant = VARIANTS.get(variant, variant)
    if language is None or not are_known(script, region, variant):
        return None
    if language == "zh" and region in SCRIPT_BY_REGION:
        script = script or SCRIPT_BY_REGION[region]
        region = "" if region in NO_VARIETY else region
    if "-" in language:
        language, script = language.split("-")
    if region.lower() == language:
        # “fr-FR” is what “fr” is.
        region = ""
    if same_script(script) == same_script(usual_script(language)):
        script = ""
    return Parts(language, script, region, variant).code()


def are_known(script: str, region: str, variant: str = "") -> bool:
    """Whether there is such a script, region and variant; empty ones are none."""
    if GLOTTOLOG.fullmatch(variant):
        variant = ""
    if not (script or region or variant):
        return True
    if PRIVATE_REGION.fullmatch(region):
        return False
    from langcodes import tag_is_valid

    return tag_is_valid("-".join(filter(None, ("und", script, region, variant))))


def valid_script(script: str) -> bool:
    """Whether this is a script's code of ISO 15924, as it is written there."""
    return script.istitle() and len(script) == 4 and are_known(script, "")


def same_script(script: str) -> str:
    """The code of a script, one for those that are written alike."""
    return SAME_SCRIPT.get(script, script)


@lru_cache(maxsize=REMEMBERED)
def shortest(given: str) -> str | None:
    """The shortest code of a language: “swh” → “sw”; None for what is no language.

    The most spoken member of a macro-language stands for it, as in Unicode's CLDR, where
    the macro-language has a code of two letters; other members stay themselves.
    """
    if given in OURS:
        return OURS[given]
    from langcodes.data_dicts import LANGUAGE_REPLACEMENTS, NORMALIZED_MACROLANGUAGES

    code = LANGUAGE_REPLACEMENTS.get(given, given)
    joined = NORMALIZED_MACROLANGUAGES.get(code, code)
    if len(joined) == 2:
        code = joined
    language = code.split("-")[0]
    if PRIVATE.fullmatch(language) or not is_language_code(language):
        return None
    return code
