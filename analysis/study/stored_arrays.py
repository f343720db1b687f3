"""Reading the arrays of a study from its safetensors files, cell by cell.

A tensor's key is its array's name and its place: ``array/concept/language`` by indices, or
``array/index`` for arrays without a concept. Nothing is ever unpickled.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from safetensors import SafetensorError, safe_open

from analysis.core.errors import StudyError
from analysis.study.arrays import BY_FIRST, KINDS, SIDES, labelled
from analysis.study.coverage import SENTENCES, WORDS
from analysis.study.manifest import (
    FolderManifest,
    Manifest,
    SentencesPart,
    WordsPart,
)
from analysis.study.whole_numbers import tensor_at

COUNTED = ("random_surplus", "shuffled_surplus", "inner_surplus")
"""Arrays of counts per concept and language; 0 where nothing was counted."""
BY_CELL = (
    *("concept_vector", "half_a", "half_b", "shuffled", "state_norm", "pair_score"),
    *COUNTED,
    *("fold_length", "fold_spread"),
)
"""Arrays kept per concept and language."""
UNDER_TARGET = ("pair_score", "shuffled_surplus", "inner_surplus", "fold_spread")
"""Those kept under the target; in the array the source comes first."""
MASK = "scored"
"""Which (source, pair) of a score cell exist; the others are missing and read as NaN."""
SCALE = "item_scale"
"""What the states of questions were divided by, per layer, so that half precision
holds them; a power of two, mostly 1."""
MEASURED_WHOLE = ("plane_tokens", "plane_answer")
"""Arrays of the plane that are the same in every setting, kept once."""

OF_SENTENCES = ("sentence_mean", "sentence_norm")
"""Arrays per language of the parallel sentences, which have languages of their own."""

Place = tuple[int, ...]
"""Indices of a tensor: concept and language, or one index."""


def read_array(
    folder: Path,
    manifest: Manifest,
    name: str,
) -> xr.DataArray:
    """One array of a study with its labels.

    Cells that were not computed and pairs that a language lacks are NaN. StudyError when a
    file cannot be read.
    """
    if name == WORDS:
        return read_all_words(folder, manifest)
    if name == SENTENCES:
        return read_all_sentences(folder, manifest)
    if name in MEASURED_WHOLE:
        values = read_parts(folder, manifest, name)[0,]
    elif name in BY_FIRST:
        values = values_by_first(folder, manifest, name)
    else:
        values = values_by_cell(folder, manifest, name)
    coords = coordinates(manifest)
    if name in OF_SENTENCES:
        coords["language"] = manifest.part(SentencesPart).languages
    if name == "pair_score":
        coords["pair"] = range(values.shape[-1])
    return labelled(name, values, coords, study=folder.name)


def coordinates(manifest: Manifest) -> dict[str, Any]:
    """What stands along the dimensions of arrays, but for pairs."""
    return {
        "concept": manifest.concepts,
        "language": manifest.languages,
        "source": manifest.languages,
        "target": manifest.languages,
        "layer": range(1, manifest.layers + 1),
        "side": SIDES,
    }


def values_by_cell(
    folder: Path,
    manifest: Manifest,
    name: str,
) -> np.ndarray:
    """The values of an array that is kept per concept and language.

    float32, but for counts.
    """
    parts = read_parts(folder, manifest, name)
    if name in COUNTED:
        return counts_by_cell(manifest, name, parts)
    if name == "pair_score":
        there = read_parts(folder, manifest, MASK)
        for place, part in parts.items():
            parts[place] = np.where(there[place][:, None] > 0, part, np.nan)
    sizes = np.max([part.shape for part in parts.values()], axis=0)
    cells = (len(manifest.concepts), len(manifest.languages))
    values = np.full((*cells, *sizes), np.nan, np.float32)
    for place, part in parts.items():
        filled = tuple(slice(0, size) for size in part.shape)
        values[(*place, *filled)] = part
    if name in UNDER_TARGET:
        return np.moveaxis(values, 2, 1)
    return values


def counts_by_cell(
    manifest: Manifest,
    name: str,
    parts: dict[Place, np.ndarray],
) -> np.ndarray:
    """Counts of every cell, in the smallest type that holds all."""
    cells = (len(manifest.concepts), len(manifest.languages))
    first = next(iter(parts.values()))
    kind = np.result_type(*(part.dtype for part in parts.values()))
    values = np.zeros((*cells, *first.shape), kind)
    for place, part in parts.items():
        values[place] = part
    if name in UNDER_TARGET:
        return np.moveaxis(values, 2, 1)
    return values


def values_by_first(
    folder: Path,
    manifest: Manifest,
    name: str,
) -> np.ndarray:
    """The values of an array that is kept per language, or per setting of the plane.

    States of questions stay in half precision.
    """
    parts = read_parts(folder, manifest, name)
    if name == "item_state":
        scales = read_parts(folder, manifest, SCALE)
        for place, part in parts.items():
            if (scales[place] != 1).any():
                parts[place] = part * scales[place][:, None]
    size = len(manifest.languages)
    if name in OF_SENTENCES:
        size = len(manifest.part(SentencesPart).languages)
    if KINDS[name].dims[0] != "language":
        size = max(place for (place,) in parts) + 1
    first = next(iter(parts.values()))
    types = [part.dtype for part in parts.values()]
    values = np.full((size, *first.shape), np.nan, np.result_type(*types, np.float16))
    for (place,), part in parts.items():
        values[place] = part
    return values


def read_parts(
    folder: Path,
    manifest: FolderManifest,
    name: str,
) -> dict[Place, np.ndarray]:
    """The tensors of one array by their places; StudyError for a file that is damaged."""
    parts = {}
    for file, entry in manifest.files.items():
        wanted = [key for key in entry.keys if key.startswith(f"{name}/")]
        if not wanted:
            continue
        with opened_file(folder, file) as tensors:
            for key in wanted:
                parts[place_of(key)] = tensor_at(tensors, key)
    return parts


def place_of(key: str) -> Place:
    """``array/2/0`` → (2, 0)."""
    return tuple(map(int, key.split("/")[1:]))


@contextmanager
def opened_file(folder: Path, file: str) -> Iterator[Any]:
    """A safetensors file; StudyError for whatever is wrong with it."""
    try:
        with safe_open(folder / file, "numpy") as tensors:
            yield tensors
    except (SafetensorError, OSError, ValueError) as error:
        raise StudyError(
            f"{file} of {folder.name} cannot be read ({error}). "
            "Restore it or compute it again."
        ) from error


def read_words(
    folder: Path,
    manifest: Manifest,
    embedding: str,
    layer: int,
) -> np.ndarray:
    """Vectors of one embedding at one layer: (language, word, hidden), float32.

    NaN for words and cells that are not there.
    """
    known = manifest.part(WordsPart)
    shape = len(known.languages), len(known.list.concepts), manifest.hidden or 0
    values = np.full(shape, np.nan, np.float32)
    files = files_by_key(manifest)
    place = known.layers.index(layer)
    for number, language in enumerate(known.languages):
        key = f"{WORDS}/{known.embeddings.index(embedding)}/{number}"
        if key not in files:
            continue
        there = known.list.present(language)
        with opened_file(folder, files[key]) as tensors:
            values[number, there] = tensor_at(tensors, key, place)
    return values


def read_all_words(folder: Path, manifest: Manifest) -> xr.DataArray:
    """The word vectors of all embeddings and layers; for small studies."""
    known = manifest.part(WordsPart)
    values = []
    for embedding in known.embeddings:
        by_layer = []
        for layer in known.layers:
            by_layer.append(read_words(folder, manifest, embedding, layer))
        values.append(by_layer)
    coords = {
        "embedding": known.embeddings,
        "language": known.languages,
        "layer": known.layers,
        "word": known.list.concepts,
    }
    by_language = np.array(values).transpose(0, 2, 1, 3, 4)
    return labelled(WORDS, by_language, coords, study=folder.name)


class SentencePlace(NamedTuple):
    """Sentences of one language, read in one way, at one layer (1…N)."""

    reading: str
    language: str
    layer: int


def read_sentences(
    folder: Path, manifest: Manifest, place: SentencePlace
) -> np.ndarray:
    """States of a language's sentences at a layer: (sentence, hidden), float32.

    NaN for sentences that the language lacks, and where nothing was read yet.
    """
    known = manifest.part(SentencesPart)
    shape = len(known.ids), manifest.hidden or 0
    values = np.full(shape, np.nan, np.float32)
    reading = known.readings.index(place.reading)
    language = known.languages.index(place.language)
    key = f"{SENTENCES}/{reading}/{language}"
    files = files_by_key(manifest)
    if key in files:
        there = known.present(place.language)
        with opened_file(folder, files[key]) as tensors:
            layer = known.layers.index(place.layer)
            values[there] = tensor_at(tensors, key, layer)
    return values


def read_all_sentences(folder: Path, manifest: Manifest) -> xr.DataArray:
    """The states of sentences in all readings and layers; for small studies."""
    known = manifest.part(SentencesPart)
    shape = (len(known.readings), len(known.languages), len(known.layers))
    values = np.empty((*shape, len(known.ids), manifest.hidden or 0), np.float32)
    for r, reading in enumerate(known.readings):
        for a, language in enumerate(known.languages):
            for number, layer in enumerate(known.layers):
                place = SentencePlace(reading, language, layer)
                values[r, a, number] = read_sentences(folder, manifest, place)
    coords = {
        "reading": known.readings,
        "language": known.languages,
        "layer": known.layers,
        "sentence": known.ids,
    }
    return labelled(SENTENCES, values, coords, study=folder.name)


def files_by_key(manifest: FolderManifest) -> Mapping[str, str]:
    """Key of a tensor → the file that has it."""
    found = {}
    for file, entry in manifest.files.items():
        for key in entry.keys:
            found[key] = file
    return found
