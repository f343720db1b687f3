"""Arrays by name as files hold them, and how much of a file is read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

MOST_NUMBERS = 2**27
"""Numbers in all arrays of a file together: half a GiB as float32."""
MOST_ARRAYS = 10_000


@dataclass
class TensorFile:
    """What a file holds by name.

    ``arrays`` are numbers, those with a fraction as float32; ``rest`` says of whatever else
    is in the file what it is, such as “sparse” or “of type I8”.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    rest: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, found: np.ndarray | str) -> None:
        """Put in an array, or the words for something else; ValueError for a name twice."""
        if name in self.arrays or name in self.rest:
            raise ValueError(f"“{name[:60]}” is there twice")
        if isinstance(found, str):
            self.rest[name] = found
        else:
            self.arrays[name] = found


def check_amount(counts: Iterable[int]) -> None:
    """ValueError when the arrays of a file have more numbers than are read."""
    counts = list(counts)
    if len(counts) > MOST_ARRAYS:
        raise ValueError(f"it holds {len(counts):,} arrays; read are {MOST_ARRAYS:,}")
    total = sum(counts)
    if total > MOST_NUMBERS:
        raise ValueError(f"it declares {total:,} numbers; read are {MOST_NUMBERS:,}")


def as_float32(values: np.ndarray) -> np.ndarray:
    """Numbers with a fraction as float32, others as they are, in a new array."""
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    return values.copy()


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """float32 from the bits of bfloat16, which NumPy lacks: the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
