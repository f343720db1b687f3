"""A study: one model's results as labelled arrays, wherever they come from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr

from analysis.core.errors import StudyError
from analysis.core.model_names import DEMO as DEMO_MODEL
from analysis.study.arrays import KINDS, frozen
from analysis.study.manifest import Manifest
from analysis.study.word_list import WordList

PUBLISHED, DEMO, COMPUTED = "published", "demo", "computed"


@dataclass(frozen=True)
class Study:
    """One model's results.

    ``load`` returns one array of ``analysis.study.arrays.KINDS`` by name; ``available`` names those it has. Published studies
    have the printed matrices (``recognition``, ``similarity``, ``transfer``); computed ones vectors and pair scores.
    """

    name: str
    title: str
    kind: str
    model: str
    concepts: tuple[str, ...]
    languages: tuple[str, ...]
    layers: int
    available: frozenset[str]
    load: Callable[[str], xr.DataArray] = field(repr=False, compare=False)
    read_words: Callable[[str, int], np.ndarray] = field(
        default=lambda embedding, layer: np.zeros(0), repr=False, compare=False
    )
    """Word vectors of an embedding at a layer: (language, word, hidden). Read anew each time, since they may be large."""
    manifest: Manifest = field(default_factory=Manifest, repr=False, compare=False)
    missing: tuple[str, ...] = ()
    """Cells that were not computed yet, in words."""

    def has(self, array: str) -> bool:
        """Whether this study has the array."""
        return array in self.available

    def array(self, name: str) -> xr.DataArray:
        """One array; StudyError, in the arrays' words, when the study has none of that name."""
        if name not in self.available:
            lacking, *has = (
                KINDS[each].long_name if each in KINDS else each
                for each in (name, *sorted(self.available))
            )
            raise StudyError(
                f"The study “{self.title}” has no {lacking}; it has: {', '.join(has) or 'nothing yet'}."
            )
        return frozen(self.load(name))

    @cached_property
    def dataset(self) -> xr.Dataset:
        """All arrays as one labelled dataset; what one of them lacks is NaN.

        The plane's prompts are ``plane_prompt``: others than those of ``item_state``.
        """
        found = {}
        for name in sorted(self.available):
            array = self.array(name)
            if name.startswith("plane_"):
                array = with_own_dimensions(array)
            found[name] = array
        return frozen(xr.Dataset(found))

    @property
    def toy(self) -> bool:
        """Whether its numbers are the demo model's, shipped or computed here."""
        return self.kind == DEMO or (self.kind == COMPUTED and self.model == DEMO_MODEL)

    @property
    def complete(self) -> bool:
        """Whether every cell was computed."""
        return not self.missing

    @cached_property
    def words(self) -> WordList | None:
        """The words that have vectors, in the languages that have them; None when there are none."""
        known = self.manifest.words
        return None if known is None else known.list.within(known.languages)

    @property
    def embeddings(self) -> tuple[str, ...]:
        """How words were read."""
        known = self.manifest.words
        return (self.manifest.embeddings or ()) if known is None else known.embeddings

    @property
    def word_layers(self) -> tuple[int, ...]:
        """Layers whose word vectors were kept."""
        known = self.manifest.words
        return () if known is None else known.layers

    def clusters(self, concept: str) -> tuple[int, ...]:
        """Which held-out pairs of a concept stem from one source; aligned with ``pair``, padded with fresh numbers."""
        known = self.manifest.pair_table(concept).clusters
        width = self.array("pair_score").sizes["pair"]
        return known + tuple(range(10**6, 10**6 + width - len(known)))

    def depth(self, layer: int) -> float:
        """Relative depth of a layer: 1 is the last block."""
        return layer / self.layers if self.layers else float("nan")


def with_own_dimensions(array: xr.DataArray) -> xr.DataArray:
    """An array of the plane as it can stand beside all others."""
    if "setting" in array.dims:
        array = array.assign_coords(setting=range(array.sizes["setting"]))
    if "prompt" in array.dims:
        array = array.rename(prompt="plane_prompt")
    return array


def margins(study: Study) -> np.ndarray:
    """Pair scores as a float32 array (concept, source, target, layer, pair); NaN where a pair is missing."""
    return (
        study.array("pair_score")
        .transpose("concept", "source", "target", "layer", "pair")
        .values
    )
