"""A study: one model's results as labelled arrays, wherever they come from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr

from analysis.core.errors import StudyError
from analysis.core.model_names import DEMO as DEMO_MODEL
from analysis.study.arrays import KINDS, frozen
from analysis.study.coverage import missing_of_trial
from analysis.study.manifest import Manifest, SentencesPart
from analysis.study.recordings import Recordings, has_recordings
from analysis.study.word_list import WordList

PUBLISHED, DEMO, COMPUTED = "published", "demo", "computed"
NO_CLUSTER = 10**6
"""Padding up to the longest concept is numbered from here; a cluster never is."""


def no_words(embedding: str, layer: int) -> np.ndarray:
    """The word vectors of a study without words."""
    return np.zeros(0)


def no_sentences(reading: str, language: str, layer: int) -> np.ndarray:
    """The states of a study without sentences."""
    return np.zeros((0, 0))


def no_trial(name: str) -> xr.Dataset:
    """The trial of a study without any."""
    raise StudyError(f"This study has no trial “{name}”.")


def no_recordings() -> Recordings:
    """The recorded answers of a study without any."""
    raise StudyError("This study carries no recorded answers.")


@dataclass(frozen=True)
class Study:
    """One model's results.

    ``load`` returns one array of ``analysis.study.arrays.KINDS`` by name; ``available``
    names those it has. Published studies have the printed matrices (``recognition``,
    ``similarity``, ``transfer``, ``alignment``); computed ones vectors and scores.
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
        default=no_words, repr=False, compare=False
    )
    """Word vectors of an embedding at a layer: (language, word, hidden).

    They are read anew each time, since they may be large.
    """
    read_sentences: Callable[[str, str, int], np.ndarray] = field(
        default=no_sentences, repr=False, compare=False
    )
    """States of a reading, a language's sentences, at a layer: (sentence, hidden)."""
    read_recorded: Callable[[], Recordings] = field(
        default=no_recordings, repr=False, compare=False
    )
    read_trial: Callable[[str], xr.Dataset] = field(
        default=no_trial, repr=False, compare=False
    )
    manifest: Manifest = field(default_factory=Manifest, repr=False, compare=False)
    missing: tuple[str, ...] = ()
    """Cells that were not computed yet, in words."""

    def has(self, array: str) -> bool:
        """Whether this study has the array."""
        return array in self.available

    def array(self, name: str) -> xr.DataArray:
        """One array, which cannot be written into, since sessions share it.

        StudyError, in the arrays' words, when the study has none of that name.
        """
        if name not in self.available:
            has = ", ".join(map(long_name, sorted(self.available)))
            raise StudyError(
                f"The study “{self.title}” has no {long_name(name)}; "
                f"it has: {has or 'nothing yet'}."
            )
        return frozen(self.load(name))

    @cached_property
    def known_lengths(self) -> dict[str, np.ndarray]:
        """Lengths of vectors by array, once they were asked for."""
        return {}

    def vector_lengths(self, array: str) -> np.ndarray:
        """Euclidean lengths (concept, language, layer) of vectors; looked up once."""
        if array not in self.known_lengths:
            dims = ("concept", "language", "layer", "hidden")
            vectors = self.array(array).transpose(*dims).values
            lengths = np.sqrt(np.einsum("...h,...h->...", vectors, vectors))
            self.known_lengths[array] = frozen(lengths)
        return self.known_lengths[array]

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
        if self.kind == COMPUTED:
            return self.model == DEMO_MODEL
        return self.kind == DEMO

    @property
    def complete(self) -> bool:
        """Whether every cell was computed."""
        return not self.missing

    @cached_property
    def words(self) -> WordList | None:
        """The words that have vectors, in the languages that have them, if there are any."""
        known = self.manifest.words
        if known is None:
            return None
        return known.list.within(known.languages)

    @property
    def embeddings(self) -> tuple[str, ...]:
        """How words were read."""
        known = self.manifest.words
        if known is None:
            return self.manifest.embeddings or ()
        return known.embeddings

    @property
    def word_layers(self) -> tuple[int, ...]:
        """Layers whose word vectors were kept."""
        known = self.manifest.words
        if known is None:
            return ()
        return known.layers

    @property
    def sentences(self) -> SentencesPart | None:
        """The parallel sentences that have states, if there are any."""
        return self.manifest.sentences

    @cached_property
    def recordings(self) -> Recordings | None:
        """Answers that were recorded when the study was made; None where there are none.

        StudyError when their file is damaged.
        """
        if not has_recordings(self.manifest):
            return None
        return self.read_recorded()

    def has_trial(self, name: str) -> bool:
        """Whether something was tried on the model, and all of it is computed."""
        begun = name in (self.manifest.trials or {})
        return begun and not missing_of_trial(self.manifest, name)

    def trial(self, name: str) -> xr.Dataset:
        """What was tried on the model under a name: the cells' dimensions come first.

        What was not computed yet is NaN. It cannot be written into, since sessions share
        it. StudyError when the study has no such trial.
        """
        return frozen(self.read_trial(name))

    def clusters(self, concept: str) -> tuple[int, ...]:
        """Which held-out pairs of a concept stem from one source.

        Aligned with ``pair``, padded with numbers of their own.
        """
        known = self.manifest.pair_table(concept).clusters
        lacking = self.array("pair_score").sizes["pair"] - len(known)
        return (*known, *range(NO_CLUSTER, NO_CLUSTER + lacking))

    def depth(self, layer: int) -> float:
        """Relative depth of a layer: 1 is the last block."""
        if not self.layers:
            return float("nan")
        return layer / self.layers


def long_name(array: str) -> str:
    """What an array is called in sentences."""
    return KINDS[array].long_name if array in KINDS else array


def with_own_dimensions(array: xr.DataArray) -> xr.DataArray:
    """An array of the plane as it can stand beside all others."""
    if "setting" in array.dims:
        array = array.assign_coords(setting=range(array.sizes["setting"]))
    if "prompt" in array.dims:
        array = array.rename(prompt="plane_prompt")
    return array


def margins(study: Study) -> np.ndarray:
    """Pair scores as a float32 array (concept, source, target, layer, pair).

    NaN where a pair is missing.
    """
    scores = study.array("pair_score")
    return scores.transpose("concept", "source", "target", "layer", "pair").values
