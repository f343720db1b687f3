"""The labelled arrays of a study: their dimensions, units and words.

Figures and captions take their words from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeVar

import numpy as np
import xarray as xr

T = TypeVar("T")


@dataclass(frozen=True)
class ArrayKind:
    """What one array of a study is."""

    dims: tuple[str, ...]
    long_name: str
    units: str
    chance: float | None = None


OF_CONCEPT = ("concept", "language", "layer", "hidden")
OF_LANGUAGE = ("language", "layer", "hidden")
OF_PROMPT = ("language", "prompt")
KINDS: Mapping[str, ArrayKind] = {
    "concept_vector": ArrayKind(OF_CONCEPT, "concept vector", "activation"),
    "half_a": ArrayKind(OF_CONCEPT, "concept vector of the odd pairs", "activation"),
    "half_b": ArrayKind(OF_CONCEPT, "concept vector of the even pairs", "activation"),
    "shuffled": ArrayKind(
        OF_CONCEPT, "vector with members swapped at random", "activation"
    ),
    "state_norm": ArrayKind(
        ("concept", "language", "layer"), "mean length of the states read", "activation"
    ),
    "pair_score": ArrayKind(
        ("concept", "source", "target", "layer", "pair"),
        "margin of a held-out pair",
        "activation",
        0.0,
    ),
    "random_surplus": ArrayKind(
        ("concept", "target", "half", "layer", "draw"),
        "held-out pairs that a random direction ranks right, less those ranked wrong",
        "pairs",
        0.0,
    ),
    "shuffled_surplus": ArrayKind(
        ("concept", "source", "target", "half", "layer", "draw"),
        "held-out pairs that a vector of shuffled labels ranks right, less those ranked "
        "wrong",
        "pairs",
        0.0,
    ),
    "fold_length": ArrayKind(
        ("concept", "language", "fold", "layer"),
        "length of the vector of all pairs outside a fold",
        "activation",
    ),
    "inner_surplus": ArrayKind(
        ("concept", "source", "target", "fold", "layer"),
        "pairs outside a fold that vectors without it rank right, less those ranked "
        "wrong",
        "pairs",
        0.0,
    ),
    "fold_spread": ArrayKind(
        ("concept", "source", "target", "layer"),
        "how much further accuracies spread by chance because folds share pairs",
        "ratio",
        1.0,
    ),
    "item_state": ArrayKind(
        ("language", "prompt", "layer", "hidden"),
        "state of a question, at its last token or, in an encoder, as a mean",
        "activation",
    ),
    "item_part": ArrayKind(
        OF_PROMPT, "part of a question: 0 not asked, 1 train, 2 test", "code"
    ),
    "lens_share": ArrayKind(
        ("language", "side", "layer"),
        "logit-lens probability of how the answer begins",
        "probability",
    ),
    "lens_answers": ArrayKind(
        ("language", "counted"),
        "answers that the logit lens can tell apart, and all of them",
        "answers",
    ),
    "lens_followed": ArrayKind(
        ("language", "followed"),
        "answers that the logit lens followed beyond a part of a character",
        "answers",
    ),
    "english_vector": ArrayKind(OF_LANGUAGE, "English vector", "activation"),
    "english_shuffled": ArrayKind(
        OF_LANGUAGE, "English vector, languages swapped at random", "activation"
    ),
    "local_vector": ArrayKind(OF_LANGUAGE, "local vector", "activation"),
    "local_shuffled": ArrayKind(
        OF_LANGUAGE, "local vector, country swapped at random", "activation"
    ),
    "flipped_vector": ArrayKind(
        OF_LANGUAGE, "local vector of items whose answer flips", "activation"
    ),
    "flipped_shuffled": ArrayKind(
        OF_LANGUAGE, "the same, country swapped at random", "activation"
    ),
    "item_local": ArrayKind(
        OF_PROMPT, "local answer taken: 0 not scored, 1 no, 2 yes", "code"
    ),
    "mean_state": ArrayKind(OF_LANGUAGE, "mean state of a language", "activation"),
    "plane_score": ArrayKind(
        ("setting", "language", "prompt", "option"),
        "log-probability of an answer",
        "nats",
    ),
    "plane_match": ArrayKind(
        ("setting", "language", "prompt"),
        "option that the answer said, from 1; 0 none",
        "code",
    ),
    "plane_there": ArrayKind(
        ("setting", "language"), "whether a language was steered in a setting", "code"
    ),
    "plane_tokens": ArrayKind(
        ("language", "prompt", "option"),
        "tokens of an option; 0: there is none",
        "count",
    ),
    "plane_answer": ArrayKind(
        OF_PROMPT, "which option is right or local, from 1; 0: not asked", "code"
    ),
    "word_vector": ArrayKind(
        ("embedding", "language", "layer", "word", "hidden"),
        "state that stands for a word",
        "activation",
    ),
    "sentence_state": ArrayKind(
        ("reading", "language", "layer", "sentence", "hidden"),
        "state that stands for a sentence",
        "activation",
    ),
    "sentence_mean": ArrayKind(
        OF_LANGUAGE,
        "mean state over the tokens of a language's sentences",
        "activation",
    ),
    "sentence_norm": ArrayKind(
        ("language", "layer"), "mean length of sentences' mean states", "activation"
    ),
    "recognition": ArrayKind(
        ("concept", "language"), "recognition accuracy", "share of held-out pairs", 0.5
    ),
    "transfer": ArrayKind(
        ("source", "target"), "transferability", "percentage points", 0.0
    ),
    "similarity": ArrayKind(
        ("source", "target"), "cosine similarity of concept vectors", "cosine", 0.0
    ),
    "alignment": ArrayKind(
        ("embedding", "stage", "source", "k"),
        "words found in the target language",
        "share of test words",
    ),
    "alignment_by_kind": ArrayKind(
        ("embedding", "kind", "source"), "words of a kind found", "share of test words"
    ),
}
"""Every array that a study can have, by its name."""

BY_FIRST = tuple(
    name for name, kind in KINDS.items() if kind.dims[0] in ("language", "setting")
)
"""Arrays without a concept, kept per language or, on the plane, per setting."""
SIDES = ("own language", "English")


def labelled(
    name: str,
    values: np.ndarray,
    coords: Mapping[str, Sequence[Any]],
    **attributes: Any,
) -> xr.DataArray:
    """A DataArray of one of KINDS.

    Dimensions without coordinates, such as ``hidden``, are left unlabelled.
    """
    kind = KINDS[name]
    known = {dim: list(coords[dim]) for dim in kind.dims if dim in coords}
    words: dict[str, Any] = {"long_name": kind.long_name, "units": kind.units}
    if kind.chance is not None:
        words["chance"] = kind.chance
    return xr.DataArray(values, known, kind.dims, name, {**words, **attributes})


def frozen(value: T) -> T:
    """The same value, whose arrays raise ValueError when they are written into.

    Sessions share what is kept in memory. Arrays in records, mappings and sequences are
    frozen too; tables (pandas) are not.
    """
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, xr.DataArray | xr.Dataset):
        freeze_labelled(value)
    elif is_dataclass(value):
        frozen(vars(value))
    elif isinstance(value, Mapping):
        for each in value.values():
            frozen(each)
    elif isinstance(value, list | tuple):
        for each in value:
            frozen(each)
    return value


def freeze_labelled(values: xr.DataArray | xr.Dataset) -> None:
    """Freeze a labelled array, or several, with what stands along their dimensions."""
    if isinstance(values, xr.DataArray):
        frozen(values.values)
    else:
        for name in values.data_vars:
            frozen(values[name].values)
    for name in values.coords:
        frozen(values.coords[name].values)
