"""Whether the tensors of a study are those that its manifest implies.

Names, places, types and shapes are checked whenever a study is opened, from the headers
of its files; numbers when they are read, and all of them when a study is added.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import safe_open

from analysis.core import settings
from analysis.core.errors import StudyError
from analysis.study.arrays import SIDES
from analysis.study.manifest import FileEntry, Manifest
from analysis.study.recordings import RECORDED
from analysis.study.stored_arrays import (
    BY_CELL,
    COUNTED,
    MASK,
    MEASURED_WHOLE,
    OF_SENTENCES,
    SCALE,
    SENTENCES,
    WORDS,
    opened_file,
)
from analysis.study.trial_part import TRIAL, TrialPart
from analysis.study.whole_numbers import WHOLE, scale_key

FLOATS = ("F16", "F32", "F64")
KINDS_OF_WHOLE = {"int8": "I8", "int16": "I16"}
"""Of floats that are kept as whole numbers, with scales beside them."""
CODES = ("U8", "U16", "U32", "I8", "I16", "I32", "I64")
"""Types of tensors in words of safetensors."""
LARGEST_CODE = {"item_part": 2, "item_local": 2, "plane_there": 1, MASK: 1}
OF_CODES = (
    *LARGEST_CODE,
    *COUNTED,
    "lens_answers",
    "lens_followed",
    "plane_match",
    "plane_tokens",
    "plane_answer",
)
"""Arrays of whole numbers; all others are of floats."""
DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("concept_vector", "half_a", "half_b"), ("layer", "hidden")),
    "shuffled": ("layer", "hidden"),
    "state_norm": ("layer",),
    "pair_score": ("language", "layer", "pair"),
    MASK: ("language", "pair"),
    "random_surplus": ("half", "layer", "draw"),
    "shuffled_surplus": ("language", "half", "layer", "draw"),
    "inner_surplus": ("language", "fold", "layer"),
    "fold_length": ("fold", "layer"),
    "fold_spread": ("language", "layer"),
    "item_state": ("prompt", "layer", "hidden"),
    SCALE: ("layer",),
    "item_part": ("prompt",),
    "item_local": ("prompt",),
    "lens_share": ("side", "layer"),
    "lens_answers": ("counted",),
    "lens_followed": ("followed",),
    **{f"{of}_vector": ("layer", "hidden") for of in ("english", "local", "flipped")},
    **{f"{of}_shuffled": ("layer", "hidden") for of in ("english", "local", "flipped")},
    "mean_state": ("layer", "hidden"),
    "plane_score": ("language", "asked", "option"),
    "plane_match": ("language", "asked"),
    "plane_there": ("language",),
    "plane_tokens": ("language", "asked", "option"),
    "plane_answer": ("language", "asked"),
    WORDS: ("word layer", "word", "hidden"),
    SENTENCES: ("sentence layer", "sentence", "hidden"),
    "sentence_mean": ("layer", "hidden"),
    "sentence_norm": ("layer",),
}
"""Tensor of an array at one place → what stands along its dimensions."""
MOST_DRAWS = 1000
"""Unrelated vectors of a kind that a study may count."""
TOGETHER = {"item_state": SCALE, "pair_score": MASK}
"""Arrays that can be read only beside another one at the same place."""


class Stored(NamedTuple):
    """A tensor as the header of its file tells of it."""

    kind: str
    shape: tuple[int, ...]


@dataclass
class Sizes:
    """How many there are of what stands along dimensions.

    What the manifest does not say is said by the first tensor, and must then be the same
    in all others.
    """

    known: dict[str, int] = field(default_factory=dict)

    def fit(self, dims: tuple[str, ...], shape: tuple[int, ...]) -> bool:
        """Whether a shape has these dimensions."""
        if len(dims) != len(shape):
            return False
        return all(
            size == self.known.setdefault(dim, size) for dim, size in zip(dims, shape)
        )

    def words(self, dims: tuple[str, ...]) -> str:
        """The shape that dimensions have."""
        return " × ".join(f"{self.known.get(dim, 'any')} ({dim})" for dim in dims)


def check_arrays(folder: Path, manifest: Manifest) -> None:
    """StudyError for tensors that do not fit to the manifest; only headers are read."""
    sizes = sizes_of(manifest)
    places = places_of(manifest)
    seen: set[str] = set()
    for file, entry in manifest.files.items():
        if file == RECORDED:
            check_holds_none(folder, entry)
            continue
        for key, stored in headers(folder, file, entry.keys).items():
            if key in seen:
                raise misfit(folder, f"{key} is in two files, {file} is one of them")
            seen.add(key)
            check_tensor(folder, key, stored, Context(manifest, sizes, places))
            check_scales(folder, key, stored, entry.keys)
    check_together(folder, seen)
    check_draws(folder, sizes)


def check_holds_none(folder: Path, entry: FileEntry) -> None:
    """StudyError where the recorded answers, a text, are listed to hold tensors."""
    if entry.keys:
        raise misfit(folder, f"{RECORDED} holds no arrays, but the manifest lists some")


def check_scales(
    folder: Path, key: str, stored: Stored, together: Collection[str]
) -> None:
    """StudyError for floats kept as whole numbers without their scales in the same file."""
    whole = stored.kind not in FLOATS and key.partition("/")[0] in WHOLE
    if whole and scale_key(key) not in together:
        raise misfit(folder, f"{key} has no {scale_key(key)} beside it")


def check_draws(folder: Path, sizes: Sizes) -> None:
    """StudyError for more unrelated vectors than any study has: they fill the memory."""
    draws = sizes.known.get("draw", 0)
    if draws > MOST_DRAWS:
        raise misfit(
            folder,
            f"it counts {draws:,} unrelated vectors a cell; allowed are at most "
            f"{MOST_DRAWS:,}",
        )


@dataclass(frozen=True)
class Context:
    """What a manifest implies of its tensors."""

    manifest: Manifest
    sizes: Sizes
    places: Mapping[str, tuple[int, ...]]


def headers(
    folder: Path,
    file: str,
    keys: Iterable[str],
) -> dict[str, Stored]:
    """Types and shapes of the tensors of a file; StudyError unless they are the listed."""
    found = {}
    with opened_file(folder, file) as tensors:
        listed = set(keys)
        held = set(tensors.keys())
        if listed != held:
            odd = ", ".join(key[:60] for key in sorted(listed ^ held)[:3])
            raise misfit(
                folder, f"{file} does not hold what the manifest lists ({odd})"
            )
        for key in sorted(held):
            tensor = tensors.get_slice(key)
            found[key] = Stored(tensor.get_dtype(), tuple(tensor.get_shape()))
    return found


def sizes_of(manifest: Manifest) -> Sizes:
    """Sizes that the manifest says."""
    known = {
        "language": len(manifest.languages),
        "layer": manifest.layers,
        "side": len(SIDES),
        "half": 2,
    }
    if manifest.hidden is not None:
        known["hidden"] = manifest.hidden
    folds = manifest.number_of_folds
    if folds:
        known["fold"] = folds
    if manifest.questions is not None:
        known["prompt"] = len(manifest.questions.prompts)
    if manifest.plane is not None:
        known["asked"] = len(manifest.plane.prompts)
    if manifest.words is not None:
        known["word layer"] = len(manifest.words.layers)
    if manifest.sentences is not None:
        known["sentence layer"] = len(manifest.sentences.layers)
    return Sizes(known)


def places_of(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """Array → how many places it has along each index of its keys."""
    cells = (len(manifest.concepts), len(manifest.languages))
    found: dict[str, tuple[int, ...]] = dict.fromkeys((*BY_CELL, MASK), cells)
    settings_listed = 0
    if manifest.plane is not None:
        settings_listed = len(manifest.plane.settings)
    words = manifest.words
    found[WORDS] = (0, 0)
    if words is not None:
        found[WORDS] = (len(words.embeddings), len(words.languages))
    sentences = manifest.sentences
    counts = (0, 0)
    if sentences is not None:
        counts = (len(sentences.readings), len(sentences.languages))
    found[SENTENCES] = counts
    for name in OF_SENTENCES:
        found[name] = counts[1:]
    for name in DIMENSIONS.keys() - found.keys():
        found[name] = (len(manifest.languages),)
        if name in MEASURED_WHOLE:
            found[name] = (min(1, settings_listed),)
        elif name.startswith("plane_"):
            found[name] = (settings_listed,)
    return found


def check_tensor(
    folder: Path,
    key: str,
    stored: Stored,
    implied: Context,
) -> None:
    """StudyError for one tensor whose place, type or shape is not that of its array."""
    name, *indices = key.split("/")
    if name == TRIAL:
        check_trial_tensor(folder, key, stored, implied.manifest)
        return
    if name not in DIMENSIONS:
        # Of a version that knows more arrays; it is left alone.
        return
    place = tuple(int(each) if each.isdecimal() else -1 for each in indices)
    written = "/".join([name, *map(str, place)])
    counts = implied.places[name]
    inside = [0 <= index < count for index, count in zip(place, counts)]
    if written != key or len(place) != len(counts) or not all(inside):
        raise misfit(folder, f"{key} is no place that this study has")
    check_kind(folder, key, stored)
    if name in (WORDS, SENTENCES) and implied.manifest.hidden is None:
        raise misfit(folder, "the manifest does not say how many numbers a vector has")
    sizes = sizes_at(implied, name, place)
    if not sizes.fit(DIMENSIONS[name], stored.shape):
        found = " × ".join(map(str, stored.shape))
        wanted = sizes.words(DIMENSIONS[name])
        raise misfit(folder, f"{key} is {found or 'one number'}, but must be {wanted}")


def check_trial_tensor(
    folder: Path, key: str, stored: Stored, manifest: Manifest
) -> None:
    """StudyError for a tensor of a trial that is none of its cells', or of another shape."""
    _, trial, array, cell = (*key.split("/"), "", "", "")[:4]
    part = (manifest.trials or {}).get(trial)
    if part is None or array not in part.arrays or not is_cell(part, cell):
        raise misfit(folder, f"{key} is no place that this study has")
    if stored.shape != part.shape(array):
        found = " × ".join(map(str, stored.shape))
        wanted = " × ".join(map(str, part.shape(array)))
        raise misfit(
            folder, f"{key} is {found or 'one number'}, but must be {wanted or 'one'}"
        )
    if stored.kind not in (*FLOATS, *CODES, "BOOL"):
        raise misfit(folder, f"{key} is {stored.kind}, which holds no numbers")


def is_cell(part: TrialPart, text: str) -> bool:
    """Whether a text is the number of a cell of a trial."""
    number = int(text) if text.isdecimal() and len(text) < 10 else -1
    return str(number) == text and number < part.number_of_cells


def check_kind(folder: Path, key: str, stored: Stored) -> None:
    """StudyError for a tensor of numbers that its array is not kept in."""
    name = key.partition("/")[0]
    allowed = CODES if name in OF_CODES else FLOATS
    if name in WHOLE:
        allowed = (*FLOATS, KINDS_OF_WHOLE[WHOLE[name].name])
    if stored.kind not in allowed:
        raise misfit(
            folder, f"{key} is {stored.kind}, allowed are {', '.join(allowed)}"
        )


def sizes_at(
    implied: Context,
    name: str,
    place: tuple[int, ...],
) -> Sizes:
    """Sizes at one place: pairs are those of its concept, words those of its language."""
    manifest, known = implied.manifest, implied.sizes.known
    if name in ("pair_score", MASK):
        concept = manifest.concepts[place[0]]
        if manifest.pairs is not None:
            pairs = len(manifest.pair_table(concept).test)
            return Sizes({**known, "pair": pairs})
    if name == WORDS and manifest.words is not None:
        language = manifest.words.languages[place[1]]
        words = int(manifest.words.list.present(language).sum())
        return Sizes({**known, "word": words})
    if name == SENTENCES and manifest.sentences is not None:
        language = manifest.sentences.languages[place[1]]
        there = int(manifest.sentences.present(language).sum())
        return Sizes({**known, "sentence": there})
    return implied.sizes


def check_together(folder: Path, keys: set[str]) -> None:
    """StudyError for tensors without the ones that are needed to read them."""
    for key in keys:
        name, _, place = key.partition("/")
        beside = TOGETHER.get(name)
        if beside is not None and f"{beside}/{place}" not in keys:
            raise misfit(folder, f"{key} has no {beside}/{place} beside it")
    measured = {f"{name}/0" for name in (*MEASURED_WHOLE, "plane_there")}
    swept = any(key.startswith("plane_") for key in keys)
    if swept and not measured <= keys:
        raise misfit(folder, f"the plane lacks {', '.join(sorted(measured - keys))}")


def check_numbers(folder: Path, manifest: Manifest) -> None:
    """StudyError for numbers that are not finite, or that are no code of their array."""
    for file in manifest.files.keys() - {RECORDED}:
        with safe_open(folder / file, "numpy") as tensors:
            for key in manifest.files[file].keys:
                name = key.split("/")[0]
                if name in DIMENSIONS:
                    check_values(folder, key, tensors.get_tensor(key), manifest)
                if name == TRIAL and np.isinf(tensors.get_tensor(key)).any():
                    raise misfit(folder, f"{key} has numbers that are not finite")


def check_values(
    folder: Path,
    key: str,
    values: np.ndarray,
    manifest: Manifest,
) -> None:
    """The same for one tensor."""
    name = key.split("/")[0]
    if not np.isfinite(values).all():
        raise misfit(folder, f"{key} has numbers that are not finite")
    if name in LARGEST_CODE and values.size:
        most = LARGEST_CODE[name]
        if values.min() < 0 or values.max() > most:
            raise misfit(folder, f"{key} has codes beyond 0 to {most}")


def check_memory(manifest: Manifest) -> None:
    """StudyError for a study of which one array, with its gaps, is larger than a pack."""
    cells = len(manifest.concepts) * len(manifest.languages)
    pairs = 0
    for table in (manifest.pairs or {}).values():
        pairs = max(pairs, len(table.test))
    of_vectors = cells * (manifest.hidden or 1)
    of_scores = cells * len(manifest.languages) * pairs
    most = max(of_vectors, of_scores) * manifest.layers * np.float32().itemsize
    if most > settings.MAX_STUDY_BYTES:
        limit = settings.MAX_STUDY_BYTES // 2**30
        raise StudyError(
            f"One array of it would take {most / 2**30:,.0f} GiB; allowed are {limit}."
        )


def misfit(folder: Path, found: str) -> StudyError:
    """The error for files that cannot be those of their manifest."""
    return StudyError(
        f"{folder.name} is damaged: {found}. Nothing was changed. Restore the file, or "
        "compute the study again."
    )
