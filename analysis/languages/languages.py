"""Languages: what they are called, how they are written, how much of them models have seen and how far apart they are.

A language is a row of ``data/languages.csv``; ``data/README.md`` says where each column comes from. Distances are those of
URIEL (Littell et al. 2017), queried through lang2vec by Xu et al. (arXiv 2402.18120).
"""

import csv
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.core.errors import SpecError, unknown
from analysis.core.table_files import csv_rows, refusal

DATA = Path(__file__).parent / "data"
HIGH_PERCENT = 1.0
"""A language with at least this share is high-resource. Ours; it gives exactly the paper's three sets."""


@dataclass(frozen=True)
class Language:
    """One language; ``transliteration`` is empty when the own name is in Latin letters."""

    code: str
    english: str
    own: str
    transliteration: str
    script: str
    iso15924: str
    direction: str
    family: str
    iso639_3: str


@dataclass(frozen=True)
class ShareTable:
    """How much of a pre-training corpus is in each language, in percent; None is unknown.

    ``order_only`` marks numbers that are no shares and may only be used to put languages in order.
    """

    name: str
    note: str
    source: str
    percent: Mapping[str, float | None]
    order_only: bool = False


ROWS = tuple(csv.DictReader((DATA / "languages.csv").read_text("utf-8").splitlines()))
LANGUAGES: dict[str, Language] = {
    row["code"]: Language(*(row[f.name] for f in fields(Language))) for row in ROWS
}


def column(name: str) -> dict[str, float | None]:
    """A column of percentages of the languages file, by code."""
    return {row["code"]: float(row[name]) if row[name] else None for row in ROWS}


SHARES: dict[str, ShareTable] = {
    "LLaMA2": ShareTable(
        "LLaMA2",
        "Share of the pre-training corpus.",
        "Xu et al. (arXiv 2402.18120), Table 4",
        column("share_llama2"),
    ),
    "BLOOM": ShareTable(
        "BLOOM",
        "Share of ROOTS, the pre-training corpus.",
        "Xu et al. (arXiv 2402.18120), Table 4",
        column("share_bloom"),
    ),
    "Qwen (order only)": ShareTable(
        "Qwen (order only)",
        "Qwen's shares are not public. These numbers were made up to put languages in order and mean nothing else.",
        "code of Xu et al. (arXiv 2402.18120)",
        column("order_qwen"),
        order_only=True,
    ),
}

LABELS: dict[str, Callable[[Language], str]] = {
    "code": lambda lang: lang.code,
    "English name": lambda lang: lang.english,
    "own name": lambda lang: (
        f"{lang.own} ({lang.transliteration})" if lang.transliteration else lang.own
    ),
}


def percent_key(lang: Language, table: ShareTable) -> tuple[bool, float]:
    """Largest share first, unknown shares last."""
    percent = table.percent.get(lang.code)
    return percent is None, -(percent or 0.0)


ORDERS: dict[str, Callable[[Language, ShareTable], object]] = {
    "share": percent_key,
    "family": lambda lang, table: lang.family,
    "script": lambda lang, table: lang.script,
    "name": lambda lang, table: lang.english.casefold(),
}

DISTANCES = ("genetic", "syntactic", "geographic", "phonological")

MISSING: dict[str, tuple[tuple[str, ...], str]] = {
    "geographic": (
        ("zh",),
        "it was queried as a macro-language, which has no place on the map, and the file says 1 for every other language",
    ),
    "phonological": (
        ("zh", "pt", "ta", "ny"),
        "URIEL has no phonological features of them, so the file says 0 among them and one constant profile to all others",
    ),
}
"""Languages whose printed distances stand for missing data, and why."""


def unknown_language(given: str) -> str:
    """The sentence about a code that is not in LANGUAGES, with the nearest by code or name."""
    names = {
        n.casefold(): lang
        for lang in LANGUAGES.values()
        for n in (lang.own, lang.english, lang.iso639_3, lang.code)
    }
    bare = given.casefold().strip()
    stem = bare.replace("_", "-").split("-")[0]
    close = [stem] if stem in names else get_close_matches(bare, names, n=1, cutoff=0.6)
    hint = (
        f" Did you mean “{names[close[0]].code}” ({names[close[0]].english})?"
        if close
        else ""
    )
    return f"unknown language “{given[:40]}”.{hint} Allowed: {', '.join(LANGUAGES)}"


def codes_in(name: str) -> tuple[str, ...]:
    """Codes of languages among the parts of a file's name, which lie between dots, hyphens, underscores or digits."""
    return tuple(
        sorted(
            {
                part
                for part in re.split(r"[\W\d_]+", name.casefold())
                if part in LANGUAGES
            }
        )
    )


def language(code: str) -> Language:
    """The language with this code; SpecError with the nearest one when there is none."""
    if code not in LANGUAGES:
        sentence = unknown_language(code)
        raise SpecError(
            f"{sentence[0].upper()}{sentence[1:]}. A new language is a row of languages.csv."
        )
    return LANGUAGES[code]


def label(code: str, style: str = "English name") -> str:
    """What a language is called in one of the styles of LABELS; SpecError for an unknown code or style."""
    if style not in LABELS:
        raise unknown("label style", style, LABELS)
    return LABELS[style](language(code))


def shares(table: str | ShareTable) -> ShareTable:
    """A table of SHARES by name, or the table itself; SpecError for an unknown name."""
    if isinstance(table, ShareTable):
        return table
    if table not in SHARES:
        raise unknown("table of shares", table, SHARES)
    return SHARES[table]


def resource_class(code: str, table: str | ShareTable) -> str:
    """“high”, “low” or “unknown”: whether a language has at least HIGH_PERCENT of the corpus.

    For LLaMA2 this gives {en}, for Qwen {zh, en}, for BLOOM {en zh fr es pt vi id ca}: the sets of Xu et al., Appendix F.
    """
    percent = shares(table).percent.get(language(code).code)
    if percent is None:
        return "unknown"
    return "high" if percent >= HIGH_PERCENT else "low"


def order(
    codes: Iterable[str], by: str = "share", share: str | ShareTable = "LLaMA2"
) -> tuple[str, ...]:
    """Codes in one of ORDERS; ties keep the order given. ``share`` is the table that “share” goes by."""
    if by not in ORDERS:
        raise unknown("order of languages", by, ORDERS)
    table = shares(share)
    return tuple(sorted(codes, key=lambda code: ORDERS[by](language(code), table)))


def read_shares(text: str, name: str) -> ShareTable:
    """A table of shares from CSV text with the columns ``code,percent``; an empty percent is unknown.

    CorpusError lists every fault with its line: columns, codes, repeated codes, percentages that are no numbers from 0 to 100.
    """
    rows, faults = csv_rows(text, name)
    header = [cell.strip().casefold() for cell in rows[0][1]] if rows else []
    if sorted(header) != ["code", "percent"]:
        given = ", ".join(header)[:80] or "nothing"
        raise refusal(
            name,
            [
                *faults,
                f"{name}, line 1: the columns must be code,percent; given: {given}",
            ],
        )
    percent: dict[str, float | None] = {}
    for line, cells in rows[1:]:
        values = dict(zip(header, (cell.strip() for cell in cells)))
        found = (
            share_faults(values, percent)
            if len(cells) == 2
            else [f"has {len(cells)} cells instead of 2"]
        )
        faults += [f"{name}, line {line}: {fault}" for fault in found]
        if not found:
            percent[values["code"]] = (
                float(values["percent"]) if values["percent"] else None
            )
    total = sum(value or 0.0 for value in percent.values())
    if total > 100.5:
        faults.append(f"{name}: the shares add up to {total:.1f} percent")
    if not percent and not faults:
        faults.append(f"{name}: holds no language")
    if faults:
        raise refusal(name, faults)
    return ShareTable(
        name,
        f"Given by the user; high-resource from {HIGH_PERCENT:g} percent.",
        name,
        percent,
    )


def share_faults(
    values: Mapping[str, str], known: Mapping[str, float | None]
) -> list[str]:
    """What is wrong with one row of a table of shares."""
    code, given = values["code"], values["percent"]
    faults = [] if code in LANGUAGES else [unknown_language(code)]
    if code in known:
        faults.append(f"“{code}” is there twice")
    try:
        number = float(given or 0)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 100:
        faults.append(f"“{given[:40]}” is not a percentage from 0 to 100")
    return faults


@cache
def printed(kind: str) -> xr.DataArray:
    """Distances as the file has them, over all of LANGUAGES; NaN for a language the file does not have."""
    table = pd.read_csv(
        DATA / "distances" / f"{kind}.csv",
        index_col=0,
        keep_default_na=False,
        na_values=[""],
    )
    codes = list(LANGUAGES)
    values = table.reindex(index=codes, columns=codes).to_numpy(float)
    return xr.DataArray(
        values,
        {"source": codes, "target": codes},
        ("source", "target"),
        name=f"{kind}_distance",
    )


def distances(kind: str, masked: bool = True) -> xr.DataArray:
    """URIEL distances (source, target), 0 identical to 1 maximally distant; see ``masked_note`` for the masked cells.

    ``masked=False`` gives the numbers as printed. SpecError for a kind that is not in DISTANCES. Littell et al. 2017, through
    Xu et al. (arXiv 2402.18120), Section 4.3.2.
    """
    if kind not in DISTANCES:
        raise unknown("kind of distance", kind, DISTANCES)
    array = printed(kind).copy()
    if masked:
        lacking = np.isin(array.source, MISSING.get(kind, ((), ""))[0])
        array = array.where(
            ~(lacking[:, None] | lacking[None]) | np.eye(len(lacking), dtype=bool)
        )
    array.attrs = {
        "long_name": f"{kind} distance",
        "units": "URIEL distance, 0 to 1",
        "masked": masked_note(kind) if masked else "",
    }
    return array


def similarity(kind: str, masked: bool = True) -> xr.DataArray:
    """Linguistic similarity (source, target), 1 identical to 0 maximally distant: one minus the distance (Xu et al.)."""
    distance = distances(kind, masked)
    attributes = {
        **distance.attrs,
        "long_name": f"{kind} similarity",
        "units": "1 − URIEL distance",
    }
    return (1 - distance).rename(f"{kind}_similarity").assign_attrs(attributes)


def masked_note(kind: str) -> str:
    """A sentence that says which cells of a kind of distance are masked and why."""
    if kind not in DISTANCES:
        raise unknown("kind of distance", kind, DISTANCES)
    if kind not in MISSING:
        return f"No {kind} distance is masked."
    codes, why = MISSING[kind]
    names = ", ".join(label(code) for code in codes)
    return f"The {kind} distances of {names} are masked as missing: {why}."
