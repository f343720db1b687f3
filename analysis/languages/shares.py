"""How much of a model's pre-training corpus is in each language, and orders of languages."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.core.errors import unknown
from analysis.core.faults import Faults
from analysis.core.table_files import refusal
from analysis.core.tables import open_table
from analysis.languages.codes import code_in
from analysis.languages.facts import UNKNOWN
from analysis.languages.languages import (
    ROWS,
    Language,
    is_known,
    language,
    unknown_language,
)

HIGH_PERCENT = 1.0
"""A language with at least this share is high-resource.

Ours; it gives exactly the paper's three sets.
"""
COLUMNS = ("code", "percent")
"""Of a table of shares that a user gives."""
MOST_IN_ALL = 100.5
"""Percent that shares may add up to, since they are rounded."""


@dataclass(frozen=True)
class ShareTable:
    """How much of a pre-training corpus is in each language, in percent; None is unknown.

    ``order_only`` marks numbers that are no shares and may only be used to put languages
    in order.
    """

    name: str
    note: str
    source: str
    percent: Mapping[str, float | None]
    order_only: bool = False


def percent_of(text: str) -> float | None:
    """The number that a text is; None for an empty one, NaN for any other."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return math.nan


def percent_column(name: str) -> dict[str, float | None]:
    """A column of percentages of the languages file, by code."""
    found: dict[str, float | None] = {}
    for row in ROWS:
        found[row["code"]] = percent_of(row[name])
    return found


SHARES: dict[str, ShareTable] = {
    "LLaMA2": ShareTable(
        "LLaMA2",
        "Share of the pre-training corpus.",
        "Xu et al. (arXiv 2402.18120), Table 4",
        percent_column("share_llama2"),
    ),
    "BLOOM": ShareTable(
        "BLOOM",
        "Share of ROOTS, the pre-training corpus.",
        "Xu et al. (arXiv 2402.18120), Table 4",
        percent_column("share_bloom"),
    ),
    "Qwen (order only)": ShareTable(
        "Qwen (order only)",
        "Qwen's shares are not public. These numbers were made up to put languages in "
        "order and mean nothing else.",
        "code of Xu et al. (arXiv 2402.18120)",
        percent_column("order_qwen"),
        order_only=True,
    ),
}


def shares(table: str | ShareTable) -> ShareTable:
    """A table of SHARES by name, or the table itself; SpecError for an unknown name."""
    if isinstance(table, ShareTable):
        return table
    if table not in SHARES:
        raise unknown("table of shares", table, SHARES)
    return SHARES[table]


def resource_class(code: str, table: str | ShareTable) -> str:
    """“high”, “low” or “unknown”: whether a language has HIGH_PERCENT of the corpus.

    For LLaMA2 this gives {en}, for Qwen {zh, en}, for BLOOM {en zh fr es pt vi id ca}: the
    sets of Xu et al., Appendix F.
    """
    percent = shares(table).percent.get(language(code).code)
    if percent is None:
        return "unknown"
    return "high" if percent >= HIGH_PERCENT else "low"


def by_share(lang: Language, table: ShareTable) -> tuple[float, ...]:
    """Largest share first, unknown shares last."""
    percent = table.percent.get(lang.code)
    if percent is None:
        return (1, 0.0)
    return (0, -percent)


def by_llama2(lang: Language, table: ShareTable) -> tuple[float, ...]:
    """LLaMA2's largest share first, whatever the model's: a stand-in for unknown ones."""
    return by_share(lang, SHARES["LLaMA2"])


def by_family(lang: Language, table: ShareTable) -> tuple[bool, str]:
    """Families in the order of their names, unknown ones last."""
    return lang.family == UNKNOWN, lang.family


def by_script(lang: Language, table: ShareTable) -> tuple[bool, str]:
    """Scripts in the order of their names, unknown ones last."""
    return lang.script == UNKNOWN, lang.script


def by_name(lang: Language, table: ShareTable) -> str:
    """English names in their order."""
    return lang.english.casefold()


ORDERS: dict[str, Callable[[Language, ShareTable], Any]] = {
    "share": by_share,
    "family": by_family,
    "script": by_script,
    "name": by_name,
    "LLaMA2 share": by_llama2,
}


def order(
    codes: Iterable[str],
    by: str = "share",
    share: str | ShareTable = "LLaMA2",
) -> tuple[str, ...]:
    """Codes in one of ORDERS; ties keep the order given.

    ``share`` is the table that “share” goes by. SpecError for an unknown order or code.
    """
    if by not in ORDERS:
        raise unknown("order of languages", by, ORDERS)
    place = ORDERS[by]
    table = shares(share)
    return tuple(sorted(codes, key=lambda code: place(language(code), table)))


def read_shares(text: str, name: str) -> ShareTable:
    """A table of shares from CSV text with the columns ``code,percent``.

    An empty percent is unknown. CorpusError lists every fault with its line: columns,
    codes, repeated codes, percentages that are no numbers from 0 to 100.
    """
    faults = Faults()
    table = open_table(text, name, faults, COLUMNS)
    if sorted(table.columns) != list(COLUMNS):
        given = ", ".join(table.columns)[:80] or "nothing"
        fault = f"{table.place}: the columns must be code,percent; given: {given}"
        raise refusal(name, [*faults, fault])
    percent: dict[str, float | None] = {}
    for row in table.rows:
        values = {key: cell.strip() for key, cell in zip(table.columns, row.cells)}
        values["code"] = code_in(values["code"]) or values["code"]
        found = row_faults(values, percent)
        faults += [f"{name}, line {row.line}: {fault}" for fault in found]
        if not found:
            percent[values["code"]] = percent_of(values["percent"])
    total = total_fault(percent)
    if total:
        faults.append(f"{name}: {total}")
    if not percent and not faults:
        faults.append(f"{name}: holds no language")
    if faults:
        raise refusal(name, faults)
    note = f"Given by the user; high-resource from {HIGH_PERCENT:g} percent."
    return ShareTable(name, note, name, percent)


def total_fault(percent: Mapping[str, float | None]) -> str:
    """That shares add up to more than there is; empty if they do not."""
    total = sum(value or 0.0 for value in percent.values())
    if total > MOST_IN_ALL:
        return f"the shares add up to {total:.1f} percent"
    return ""


def row_faults(
    values: Mapping[str, str],
    known: Mapping[str, float | None],
) -> list[str]:
    """What is wrong with one row of a table of shares."""
    code, given = values["code"], values["percent"]
    faults = []
    if not is_known(code):
        faults.append(unknown_language(code))
    if code in known:
        faults.append(f"“{code}” is there twice")
    if not 0 <= (percent_of(given) or 0) <= 100:
        faults.append(f"“{given[:40]}” is not a percentage from 0 to 100")
    return faults
