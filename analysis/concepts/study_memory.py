"""What computing a study of contrast pairs takes beside its model, told from its pairs.

The parts are those of ``folded_cells`` and of ``plan``; what Python's objects take of a pair
was measured.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.concepts.folded import SWAPS
from analysis.concepts.pairs import FOLDS, ContrastPair
from analysis.concepts.unrelated_vectors import DRAWS
from analysis.core.model_memory import BATCH_TEXTS, BATCH_TOKENS, Batch

SINGLE, DOUBLE = 4, 8
"""Bytes of a number."""
PAIR_BYTES = 330
"""The copy of a corpus that is kept, and where its pairs are found: 300 to 360 measured."""
ID_BYTES = 2900
"""Finding out which pairs of a concept share a text or a source, for each of their ids.

70 to 90 MiB were measured of 25,000 ids, 52 of 12,500.
"""
ESTIMATES = 4
"""The vector, its halves and its shuffled twin."""
COLUMNS = 2 + DRAWS + SWAPS
"""Weights of a pair that is held out in turn."""
USUAL_FOLDS = "5 folds"


@dataclass(frozen=True)
class Counts:
    """Pairs of a study, and how they are spread.

    ``ids`` and ``of_concept`` (in all languages) are those of the concept that has most,
    ``of_cell`` those of a concept in the language that has most.
    """

    pairs: int
    ids: int
    of_concept: int
    of_cell: int
    languages: int


@dataclass(frozen=True)
class Taken:
    """Bytes of memory, and bytes of a file on disk that is gone at the end.

    The system keeps the file's pages in memory for as long as there is room.
    """

    memory: int
    disk: int


def counts_of(pairs: Sequence[ContrastPair]) -> Counts:
    """How the pairs of a study are spread."""
    cells = Counter((pair.concept, pair.language) for pair in pairs)
    concepts = Counter(pair.concept for pair in pairs)
    names = {(pair.concept, pair.pair) for pair in pairs}
    ids = Counter(concept for concept, _ in names)
    return Counts(
        pairs=len(pairs),
        ids=max(ids.values(), default=0),
        of_concept=max(concepts.values(), default=0),
        of_cell=max(cells.values(), default=0),
        languages=len({pair.language for pair in pairs}),
    )


def taken(counts: Counts, split: str, layers: int, hidden: int) -> Taken:
    """What the cells of a study take, of an estimator that is linear."""
    known = PAIR_BYTES * counts.pairs + ID_BYTES * counts.ids
    if split in FOLDS:
        kept = SINGLE * COLUMNS * counts.of_concept
        cell = folded_bytes(counts, FOLDS[split], hidden)
        # The differences of its pairs, until a concept is done.
        disk = SINGLE * counts.of_concept * layers * hidden
        return Taken(known + kept + cell, disk)
    disk = SINGLE * DRAWS * counts.languages * layers * hidden
    return Taken(known + parted_bytes(counts, layers, hidden), disk)


def folded_bytes(counts: Counts, folds: int, hidden: int) -> int:
    """What a cell takes for a moment whose pairs are held out fold by fold."""
    pairs = counts.of_cell
    weights = SINGLE * COLUMNS * pairs
    # Differences of a layer in double precision; the draws of all pairs, one by one, put
    # together, and beside the other columns.
    reading = max(DOUBLE * hidden * pairs, 3 * DOUBLE * COLUMNS * pairs)
    sums = (folds + 1) * weights + SINGLE * hidden * pairs // folds
    # Signs of all swaps; their sums by source, and these squared.
    spread = 2 * SINGLE * SWAPS * pairs + 2 * DOUBLE * SWAPS * pairs
    return max(reading, sums + spread)


def parted_bytes(counts: Counts, layers: int, hidden: int) -> int:
    """What a cell takes for a moment of pairs that are parted once."""
    estimates = ESTIMATES + DRAWS
    weights = DOUBLE * estimates * 2 * counts.of_cell
    # Beside the sums of all batches those of one.
    sums = 2 * DOUBLE * estimates * layers * hidden
    products = SINGLE * 2 * counts.of_cell * counts.languages * layers
    return max(weights + sums, products)


def largest_batch(
    pairs: Sequence[ContrastPair],
    counts: Counts,
    tokens_of: Callable[[str], int],
    device: str,
) -> Batch:
    """The largest batch in which pairs are read; ``tokens_of`` counts those of a text.

    As wide as the text that is longest by its letters.
    """
    texts = min(BATCH_TEXTS, 2 * counts.of_cell)
    widest = max(map(tokens_of, longest_texts(pairs)), default=0)
    return Batch(max(widest, min(BATCH_TOKENS[device], texts * widest)), texts)


def longest_texts(pairs: Sequence[ContrastPair]) -> list[str]:
    """The text of most letters in each language."""
    found: dict[str, str] = {}
    for pair in pairs:
        known = found.get(pair.language, "")
        found[pair.language] = max(known, pair.positive, pair.negative, key=len)
    return list(found.values())
