"""Words and numbers that several captions share; plain text, nothing is escaped."""

import re

import numpy as np
import pandas as pd
import xarray as xr

from analysis.concepts.specs import Convention
from analysis.core.counting import count
from analysis.core.intervals import FEW_SOURCES, ends, too_few
from analysis.study.same_engine import engine_in_words
from analysis.study.study import PUBLISHED, Study
from components.figures.spec import Figure

DEMO_NOTE = "Demo model: trained on a toy world, says nothing about real models."
PAPER_CONVENTION = (
    "The paper's convention: best layer chosen on the test pairs, ties count as right."
)
ALPHA = 0.05
UNRELATED = "unrelated vectors (random directions and shuffled labels)"
ONLY_RANDOM = "random directions (too few training sources to shuffle their labels)"
NO_UNRELATED = (
    " This study keeps no unrelated vectors to compare with: made again, it has them."
)
LAYER_WORDS = {
    "cross-fitted": (
        "Layer chosen on one half of the held-out pairs and reported on the other"
    ),
    "best on test": ("Best layer chosen on the held-out pairs themselves (optimistic)"),
}
"""A convention's choice of layer → its sentence."""
NESTED = (
    "Every pair held out once; the layer of its fold chosen on the other folds, by "
    "vectors that never saw it"
)
"""What “cross-fitted” is in a study whose pairs were held out in turn."""


SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z]|“)")
"""Behind a full stop with a capital after it: “0.5” and “et al. 2024” end nothing."""


def source_note(study: Study, array: str = "") -> str:
    """Where a study's numbers come from; of a published one, where ``array`` is."""
    if study.kind != PUBLISHED:
        return model_note(study)
    authors = study.manifest.by or "Xu et al. 2024"
    if not array:
        return f"Published, {authors}."
    return f"Published, {authors}, {study.manifest.printed(array)}."


def model_note(study: Study) -> str:
    """From which model a study's numbers come."""
    if study.toy:
        return DEMO_NOTE
    if study.manifest.imported is not None:
        return f"Imported mean states of {study.model}, not computed here."
    read = study.manifest.read
    how = f", read {read.words}" if read is not None and read.words else ""
    engine = study.manifest.engine
    where = f", by {engine_in_words(engine)}" if engine is not None else ""
    return f"Computed by Babelscope from {study.model}{how}{where}."


def convention_note(convention: Convention, study: Study) -> str:
    """How accuracies were read off pair scores."""
    if study.kind == PUBLISHED:
        return PAPER_CONVENTION
    layer = LAYER_WORDS.get(convention.layer, f"Layer {convention.index}")
    if convention.layer == "cross-fitted" and study.manifest.folded:
        layer = NESTED
    ties = "half right" if convention.ties == "half" else "right"
    return f"{layer}; ties count as {ties}."


def chance_words(data: xr.Dataset, chance: float, drawn: str = "dotted") -> str:
    """The chance level of accuracies, and why it may be above one half.

    ``drawn``: how the figure shows one half; empty where it does not.
    """
    largest_is_taken = data.attrs["layer_choice"] == "best on test"
    if not largest_is_taken or not chance >= 0.505:
        return f"chance 0.5 ({drawn})" if drawn else "chance 0.5"
    single = f", {drawn}" if drawn else ""
    return (
        f"chance {chance:.2f}, since the largest of several layers is taken (0.5 for a "
        f"single layer{single}): without any concept it would reach {chance:.2f}"
    )


def pairs_words(n: float, sources: float) -> str:
    """How many pairs there are, and from how many sources if those are fewer."""
    if sources < n:
        return f"n = {n:.0f} from {count(sources, 'source')}"
    return f"n = {n:.0f}"


def untested_note(sources: np.ndarray) -> str:
    """How many cells have pairs of too few sources to be tested; empty for none."""
    few = (sources > 0) & (sources < FEW_SOURCES)
    if not few.any():
        return ""
    return (
        f" Not tested, and so neither faded nor better than chance: {few.sum()} of "
        f"{(sources > 0).sum()} cells with {too_few(float(sources[few].max()))}."
    )


def within_unrelated(cells: xr.Dataset, faded: np.ndarray) -> np.ndarray | None:
    """Which cells are no better than unrelated vectors, but not faded already."""
    if "q_unrelated" not in cells:
        return None
    return (cells["q_unrelated"].values > ALPHA) & ~faded


def marks_words(faded: np.ndarray, within: np.ndarray | None) -> str:
    """What hatched cells and ° mean, where a figure has any, to go on a sentence."""
    words = ""
    if faded.any():
        words = "; hatched cells are no better than chance"
    if within is not None and within.any():
        words = f"{words}; ° marks those that unrelated vectors reach too"
    return words


def unrelated_note(study: Study, cells: xr.Dataset) -> str:
    """How many cells can be told from unrelated vectors, or that nobody knows."""
    if "q_unrelated" not in cells:
        return NO_UNRELATED if study.has("pair_score") else ""
    q = known_values(cells["q_unrelated"].values)
    if not q.size:
        return ""
    beside = UNRELATED
    if not np.isfinite(cells["shuffled_high"].values).any():
        beside = ONLY_RANDOM
    return (
        f" {(q <= ALPHA).sum()} of {count(q.size, 'cell')} can be told from {beside} on "
        "the same pairs (Benjamini-Hochberg at 5 %); ° marks those that cannot."
    )


def with_bands(hover: np.ndarray, cells: xr.Dataset) -> np.ndarray:
    """Words of cells, and what unrelated vectors reach in each of them."""
    if "q_unrelated" not in cells:
        return hover
    names = (
        "random_low",
        "random_high",
        "shuffled_low",
        "shuffled_high",
        "q_unrelated",
    )
    bands = (cells[name].values for name in names)
    return np.vectorize(with_band, otypes=[object])(hover, *bands)


def with_band(
    words: str,
    random_low: float,
    random_high: float,
    shuffled_low: float,
    shuffled_high: float,
    q: float,
) -> str:
    """Words of one cell, and what unrelated vectors reach there."""
    parts = [str(words)] if words else []
    if np.isfinite(random_low):
        parts.append(f"random directions reach {random_low:.2f} to {random_high:.2f}")
    if np.isfinite(shuffled_low):
        parts.append(f"shuffled labels {shuffled_low:.2f} to {shuffled_high:.2f}")
    if np.isfinite(q):
        parts.append(f"adjusted p beside these = {q:.3f}")
    return ", ".join(parts)


def mean_band_words(means: xr.Dataset) -> str:
    """What unrelated vectors reach in means, as a clause; empty where nobody knows."""
    if "mean_random_low" not in means:
        return ""
    low = float(means["mean_random_low"].mean())
    high = float(means["mean_random_high"].mean())
    words = f"; random directions reach {low:.2f} to {high:.2f}"
    if np.isfinite(means["mean_shuffled_low"].values).any():
        low = float(means["mean_shuffled_low"].mean())
        high = float(means["mean_shuffled_high"].mean())
        words += f", vectors of shuffled labels {low:.2f} to {high:.2f}"
    q = known_values(means["mean_q_unrelated"].values)
    told = f"{(q <= ALPHA).sum()} of {count(q.size, 'mean')}"
    return f"{words}, from which {told} can be told (Benjamini-Hochberg at 5 %)"


def known_values(values: xr.DataArray | pd.Series | np.ndarray) -> np.ndarray:
    """The finite ones."""
    return np.asarray(values)[np.isfinite(values)]


def span(values: xr.DataArray | pd.Series | np.ndarray, digits: int = 2) -> str:
    """Smallest to largest known value."""
    known = known_values(values)
    if not known.size:
        return "unknown"
    low, high = f"{known.min():z.{digits}f}", f"{known.max():z.{digits}f}"
    if low != high:
        return f"{low} to {high}"
    if known.size == 1:
        return low
    return f"always {low}" if known.min() == known.max() else f"always about {low}"


def counts(values: xr.DataArray | np.ndarray) -> str:
    """“68”, or “61 to 68” where known numbers differ."""
    known = known_values(values)
    if not known.size:
        return "0"
    low, high = int(known.min()), int(known.max())
    if low == high:
        return f"{low:,}"
    return f"{low:,} to {high:,}"


def percent_interval(low: float, high: float) -> str:
    """A 95 % interval with two decimals; empty where it is unknown."""
    if not np.isfinite(low):
        return ""
    return f"95 % {ends(low, high, '.2f')}"


def seen_sentence(figure: Figure) -> str:
    """What is seen, in one sentence: the first of the caption where no other is given."""
    return figure.seen or SENTENCE_ENDS.split(figure.caption, maxsplit=1)[0]
