"""Open models for many languages: what is known of each, and whether this machine has room.

The facts are rows of ``data/open_models.csv``, looked up at the source and the date that
each row names. What was not found there is None and shown as unknown, never guessed.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.core import model_memory
from analysis.core.model_memory import BYTES, Memory, Size

TABLE = Path(__file__).parent / "data" / "open_models.csv"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Precision:
    """In which precision a model is computed, and how its weights are quantised."""

    dtype: str
    quantisation: str = "none"

    @property
    def label(self) -> str:
        """What it is called in a table."""
        return self.dtype if self.quantisation == "none" else self.quantisation


PRECISIONS = (
    Precision("float32"),
    Precision("bfloat16"),
    Precision("bfloat16", "8-bit"),
    Precision("bfloat16", "4-bit"),
)
"""From the most exact down."""


@dataclass(frozen=True)
class OpenModel:
    """A model of the hub; None and “” are facts that were not found.

    ``layers`` of two stacks are those of each. ``languages`` is how many there are as
    ``languages_by`` counts them. ``stored`` is the precision of the files, whose
    ``stored_parameters`` may be more than are loaded. ``window`` is in tokens.
    """

    id: str
    revision: str
    name: str
    parameters: int | None
    layers: int | None
    hidden: int | None
    inner: int | None
    vocabulary: int | None
    licence: str
    licence_link: str
    gated: bool | None
    languages: int | None
    languages_by: str
    kind: str
    window: int | None
    stored: str
    stored_parameters: int | None
    good_for: str
    source: str
    date: str

    @property
    def page(self) -> str:
        """Its page on the hub, where access is asked for too."""
        return f"https://huggingface.co/{self.id}"

    @property
    def fetched_bytes(self) -> int | None:
        """About how many bytes there are to fetch."""
        numbers = self.stored_parameters or self.parameters
        if numbers is None or self.stored not in BYTES:
            return None
        return numbers * BYTES[self.stored]

    @property
    def size(self) -> Size | None:
        """What its memory depends on; None where some of it is not known."""
        found = (
            self.parameters,
            self.hidden,
            self.inner,
            self.layers,
            self.vocabulary,
        )
        known = [number for number in found if number is not None]
        return Size(*known) if len(known) == len(found) else None

    def needed(self, precision: Precision, device: str = "cpu") -> int | None:
        """About how many bytes it takes on a device, by the arithmetic of the Check."""
        if self.size is None:
            return None
        return model_memory.needed_bytes(
            self.size, precision.dtype, precision.quantisation, device
        )

    def fitting(self, memory: Memory) -> Precision | None:
        """The most exact precision for which there is room; None where there is none."""
        for precision in PRECISIONS:
            needed = self.needed(precision, memory.device)
            if needed is not None and needed <= memory.available:
                return precision
        return None


@cache
def table() -> dict[str, OpenModel]:
    """Hub id → what is known of that model, in the order of the file."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        models = [read_row(row) for row in csv.DictReader(file)]
    return {model.id: model for model in models}


def read_row(row: dict[str, str]) -> OpenModel:
    """A model as its row tells it."""
    return OpenModel(
        id=row["id"],
        revision=row["revision"],
        name=row["name"],
        parameters=number(row["parameters"]),
        layers=number(row["layers"]),
        hidden=number(row["hidden"]),
        inner=number(row["inner"]),
        vocabulary=number(row["vocabulary"]),
        licence=row["licence"],
        licence_link=row["licence_link"],
        gated=YES_OR_NO.get(row["gated"]),
        languages=number(row["languages"]),
        languages_by=row["languages_by"],
        kind=row["kind"],
        window=number(row["window"]),
        stored=row["stored"],
        stored_parameters=number(row["stored_parameters"]),
        good_for=row["good_for"],
        source=row["source"],
        date=row["date"],
    )


YES_OR_NO = {"yes": True, "no": False}


def number(text: str) -> int | None:
    """A whole number of the table; None where there is none."""
    return int(text) if text else None
