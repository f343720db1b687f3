"""Which pre-training shares hold for a study's model, and the order that they give."""

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.languages.shares import SHARES, ShareTable, order
from analysis.study.study import Study

STAND_IN = "LLaMA2"
"""Whose shares put languages in order where those of a study's model are not known.

The paper's model whose corpus is mostly English, as that of most open models is.
"""
FEWEST = 3
"""Fewer languages than this have no order to speak of."""


@dataclass(frozen=True)
class ShareOrder:
    """Languages whose share is known, the largest first, and those without one."""

    codes: tuple[str, ...]
    left_out: tuple[str, ...]
    table: ShareTable
    stand_in: bool = False
    """Whether the shares are another model's."""

    @property
    def tells(self) -> bool:
        """Whether there are languages enough to speak of a direction."""
        return len(self.codes) >= FEWEST

    @property
    def text(self) -> str:
        """Of what the first languages have more, in a sentence."""
        return (
            f"text in {self.table.name}'s corpus" if self.stand_in else "training text"
        )

    @property
    def words(self) -> str:
        """What the order is, with how many languages have a place in it."""
        text, details = "pre-training share", []
        if self.stand_in:
            text = f"{self.table.name}'s pre-training shares, as this model's are not known"
        elif self.table.order_only:
            text = f"assumed pre-training share of {self.table.name.partition(' ')[0]}"
        elif self.table.name in SHARES:
            details.append(self.table.name)
        if self.left_out:
            every = len(self.codes) + len(self.left_out)
            details.append(f"{len(self.codes)} of {every} languages have one")
        return f"{text} ({'; '.join(details)})" if details else text


def share_table(study: Study) -> ShareTable:
    """The shares of a study's model: given by its maker, known, or of no language."""
    given = study.manifest.share_percent
    if given:
        name, note = "given with the study", "Given with the study."
        return ShareTable(name, note, study.title, given)
    name = study.manifest.shares
    if name:
        return SHARES[name]
    return ShareTable("unknown", "No shares are known for this model.", "", {})


def in_order_of_share(study: Study, codes: Iterable[str]) -> ShareOrder:
    """The one order of languages that statements on direction are made in.

    By the shares of the study's model; where none is known, by STAND_IN's, which is
    said. Languages without a share in that table have no place in the order: to put
    them last, or where the study happens to list them, would mean nothing.
    """
    table = share_table(study)
    stand_in = not table.percent
    if stand_in:
        table = SHARES[STAND_IN]
    known, left_out = [], []
    for code in codes:
        there = table.percent.get(code) is not None
        (known if there else left_out).append(code)
    ranked = order(known, "share", table)
    return ShareOrder(ranked, tuple(left_out), table, stand_in)
