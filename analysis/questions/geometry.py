"""Where do English and local steering live? Angles, lengths and agreement of the two
vectors, layer by layer.

Han et al. (arXiv 2510.26024) do not publish their formulas; the definitions here are ours.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.concepts.recognition import layer_coords, origin
from analysis.concepts.similarity import cosines, length
from analysis.core.errors import StudyError, unknown
from analysis.core.intervals import mean_interval
from analysis.core.statistics import (
    REPLICATES,
    bootstrap_weights,
    interval,
    mean_known,
    sign_flips,
)
from analysis.questions.questions import CULTURE, UNIVERSAL
from analysis.study.arrays import SIDES
from analysis.study.manifest import QuestionsPart
from analysis.study.study import Study

ENGLISH, FLIPPING = "en", "flipping items"
NO_FLIPS = (
    "no language has two training items with options whose answer becomes the "
    "local one when the country is named, or the "
    "questions were asked before answers were kept"
)
VERSIONS = {
    "own": "the language's own culture questions",
    FLIPPING: "only culture questions whose likeliest answer becomes the local one when the "
    "country is named",
    "held-out universal": "mean over the other languages' local vectors, so that "
    "nothing of the language itself is in it",
}
"""Which local vector stands for a language (Veselovsky et al., arXiv 2504.10191)."""
TWINS = {
    "English": ("english_vector", "english_shuffled"),
    "local": ("local_vector", "local_shuffled"),
}
FLIPPED = ("flipped_vector", "flipped_shuffled")


def versions(study: Study) -> tuple[str, ...]:
    """Those of VERSIONS that a study has."""
    return tuple(
        version for version in VERSIONS if version != FLIPPING or study.has(FLIPPED[0])
    )


def stack(study: Study, array: str) -> np.ndarray:
    """Vectors (language, layer, hidden) of an array, float32; NaN where a language has none."""
    return np.asarray(study.array(array).values, np.float32)


def local_vectors(
    study: Study, version: str = "own", shuffled: bool = False
) -> np.ndarray:
    """Local vectors (language, layer, hidden) in one of VERSIONS; SpecError for
    another, StudyError where there are none.
    """
    if version not in VERSIONS:
        raise unknown("version of the local vector", version, VERSIONS)
    if version not in versions(study):
        raise StudyError(
            f"“{study.title}” has no local vector of {version}: {NO_FLIPS}. Choose another version."
        )
    own = stack(
        study, (FLIPPED if version == FLIPPING else TWINS["local"])[int(shuffled)]
    )
    return own if version != "held-out universal" else others_mean(own)


def others_mean(values: np.ndarray) -> np.ndarray:
    """For each language the mean over the other languages that are known; NaN where
    there is no other.
    """
    return np.array(
        [
            mean_known(np.delete(values, a, 0))
            if len(values) > 1
            else np.full(values.shape[1:], np.nan)
            for a in range(len(values))
        ]
    )


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosines along the last axis (…, hidden); NaN where a vector has no length."""
    lengths = length(a) * length(b)
    return np.where(
        lengths > 0,
        np.einsum("...h,...h->...", a, b) / np.where(lengths > 0, lengths, 1),
        np.nan,
    )


class Prompts(NamedTuple):
    """Kind and item of every prompt."""

    kinds: np.ndarray
    items: np.ndarray


def prompts(study: Study) -> Prompts:
    """Kind and item of every prompt.

    StudyError for a study that was asked no questions, or keeps no states of them.
    """
    if study.manifest.questions is not None and not study.has("item_state"):
        raise StudyError(
            f"“{study.title}” keeps vectors of questions but no states of single ones, "
            "which this needs. Ask the questions into a study of your own."
        )
    if not study.has("item_state"):
        raise StudyError(
            f"“{study.title}” was asked no questions. Ask some on the Layers page."
        )
    listed = study.manifest.part(QuestionsPart).prompts
    kinds = np.array([kind for kind, _ in listed])
    items = np.array([item for _, item in listed])
    return Prompts(kinds, items)


def differences(
    study: Study, language: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the vectors of a language are means of, for "English" and the versions of
    the local vector.

    Each the items' places among the prompts (item) and the differences (item, layer,
    hidden). Training items only; none of those
    that flip where it is not known which do.
    """
    from analysis.questions.plan import EnglishRead, ItemsRead, compared, gaps

    states, parts = study.array("item_state").values, study.array("item_part").values
    listed = study.manifest.part(QuestionsPart).prompts
    local = (
        study.array("item_local").values
        if study.has("item_local")
        else np.zeros(parts.shape)
    )
    of_language = np.asarray(states[language], np.float32)
    own = ItemsRead(of_language, parts[language], local[language])
    english = None
    if ENGLISH in study.languages and study.languages[language] != ENGLISH:
        place = study.languages.index(ENGLISH)
        english = EnglishRead(np.asarray(states[place], np.float32), parts[place])
    part_of_english = None if english is None else english.part
    places = compared(listed, own.part, own.local, part_of_english)
    found = {
        name: (places[name][1], each)
        for name, each in gaps(listed, own, english).items()
    }
    nothing = np.empty(0, int), np.empty((0, *states.shape[2:]))
    return {
        "English": found.get("english", nothing),
        "own": found["local"],
        FLIPPING: found["flipped"],
    }


def angles(study: Study, version: str = "own") -> xr.Dataset:
    """Angle (language, layer) between English and local vector: ``cosine``, ``angle``
    in degrees, and bands of the cosine.

    ``low``/``high``: 95 % bootstrap over the training items of both.
    ``null_low``/``null_high``: 95 % of the cosines when every
    item's difference gets a random sign (shuffled labels): inside that band the vectors
    are no more aligned or opposed than chance.
    ``english_items``/``local_items`` count the differences. Bands are NaN for the
    held-out universal version, whose items are other
    languages'. English has no English vector: NaN. StudyError for a study without both
    vectors. Our definition of perpendicularity.
    """
    return shuffled_angles(study, version).drop_vars("null")


def shuffled_angles(study: Study, version: str) -> xr.Dataset:
    """The same with ``null`` (language, layer, replicate): cosines under random signs,
    one per item for all languages.
    """
    lacking(study)
    value = cosine(stack(study, "english_vector"), local_vectors(study, version))
    found = resampled_cosines(study, version, value.shape)
    low, high = interval(found.drawn)
    null_low, null_high = interval(found.null)
    cells = ("language", "layer")
    variables = {
        "low": (cells, low),
        "high": (cells, high),
        "null_low": (cells, null_low),
        "null_high": (cells, null_high),
        "null": ((*cells, "replicate"), found.null),
        "cosine": (cells, value),
        "angle": (cells, degrees(value)),
        "english_items": ("language", found.counts[0]),
        "local_items": ("language", found.counts[1]),
    }
    return labelled_set(study, variables).assign_attrs(version=version)


class ResampledCosines(NamedTuple):
    """Cosines (language, layer, replicate) of drawn items and under random signs.

    ``counts`` (side, language): items of the English and of the local vector.
    """

    drawn: np.ndarray
    null: np.ndarray
    counts: np.ndarray


def resampled_cosines(
    study: Study, version: str, shape: Sequence[int]
) -> ResampledCosines:
    """Cosines of items drawn anew; NaN where the study has not enough of them."""
    drawn, null = np.full((2, *shape, REPLICATES), np.nan)
    counts = np.zeros((2, shape[0]), int)
    if study.has("item_state"):
        signs = sign_flips(tuple(range(len(prompts(study)[0]))))
        for language in range(shape[0]):
            items = differences(study, language)
            pair = items["English"], items.get(version, items["own"])
            counts[:, language] = [len(places) for places, _ in pair]
            if version in items and counts[:, language].min() > 1:
                weights = drawn_and_flipped(pair, signs, 2 * language)
                both = resampled(pair[0][1], pair[1][1], weights)
                drawn[language], null[language] = np.split(both, 2, axis=-1)
    return ResampledCosines(drawn, null, counts)


def drawn_and_flipped(
    pair: Sequence[Sequence[np.ndarray]], signs: np.ndarray, seed: int
) -> list[np.ndarray]:
    """Per side weights (item, replicate): bootstrap draws, then the signs of its items."""
    weights = []
    for side, (places, _) in enumerate(pair):
        draws = bootstrap_weights(tuple(range(len(places))), seed=seed + side)
        weights.append(np.hstack([draws, signs[places]]))
    return weights


def lacking(study: Study) -> None:
    """StudyError for a study that has not both vectors."""
    if not (study.has("english_vector") and study.has("local_vector")):
        raise StudyError(
            f"“{study.title}” has no pair of English and local vectors. They need "
            "universal questions in English and another "
            "language, and culture questions with and without the country; ask some on this page."
        )


def degrees(cosines: np.ndarray) -> np.ndarray:
    """Angle in degrees."""
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def resampled(
    first: np.ndarray, second: np.ndarray, weights: list[np.ndarray]
) -> np.ndarray:
    """Cosine (layer, replicate) of two sums of (item, layer, hidden) under the weights
    (item, replicate) of either.

    Only inner products between items are needed, so the replicates cost nothing in the hidden size.
    """
    layers = zip(first.swapaxes(0, 1), second.swapaxes(0, 1))
    return np.array(
        [quotient((a @ b.T, a @ a.T, b @ b.T), *weights) for a, b in layers]
    )


def quotient(grams: tuple[np.ndarray, ...], s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Cosine of two weighted sums per replicate, from the inner products of their parts."""
    across, first, second = grams
    lengths = np.einsum("ir,ij,jr->r", s, first, s, optimize=True) * np.einsum(
        "ir,ij,jr->r", t, second, t, optimize=True
    )
    return np.where(
        lengths > 0,
        np.einsum("ir,ij,jr->r", s, across, t, optimize=True)
        / np.sqrt(np.maximum(lengths, 1e-30)),
        np.nan,
    )


def mean_angle(study: Study, version: str = "own") -> xr.Dataset:
    """Mean over languages of the cosine of English and local vector (layer), with the
    same mean under random signs as its band.

    Variables ``cosine``, ``angle`` (degrees of the mean cosine), ``low``/``high``
    (Student's t over languages, their items as
    they are; NaN below three), ``null_low``, ``null_high`` (NaN where a language of the
    mean has no items), ``languages`` in the
    mean. Errors as in ``angles``.
    """
    table = shuffled_angles(study, version)
    value = table["cosine"].values
    there = np.isfinite(value)
    known = there.any(1)
    n = int(known.sum())
    drawn = mean_interval(value[known])
    # Languages share items and the English states, so the mean is taken within each
    # replicate; √n would be far too narrow.
    total = np.where(there[..., None], table["null"].values, 0).sum(0)
    count = np.asarray(there.sum(0))[:, None]
    null = interval(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    mean = mean_known(value)
    values = {
        "cosine": mean,
        "angle": degrees(mean),
        "low": np.clip(drawn.low, -1, 1),
        "high": np.clip(drawn.high, -1, 1),
        "null_low": null[0],
        "null_high": null[1],
    }
    return labelled_set(
        study, {name: ("layer", each) for name, each in values.items()}
    ).assign_attrs(languages=n, version=version)


def lengths(study: Study) -> xr.Dataset:
    """Length of English and local vectors and of their shuffled twins (vector,
    language, layer), as a share of the states' length.

    The states are those of the language's questions. For imported means: mean(English)
    − mean(language) against the mean state.
    NaN where there is no vector. StudyError for a study with neither.
    """
    if study.has("mean_state"):
        means = stack(study, "mean_state")
        vectors, names, scale = means_english(study)[None], ["English"], length(means)
    else:
        known = twins(study)
        names, vectors, scale = (
            list(known),
            np.array(list(known.values())),
            state_lengths(study),
        )
    share = length(vectors) / np.where(scale > 0, scale, np.nan)
    return labelled_set(
        study, {"share": (("vector", "language", "layer"), share)}, vector=names
    )


def twins(study: Study) -> dict[str, np.ndarray]:
    """The vectors of TWINS that a study was asked for, and their shuffled twins;
    StudyError when there are none.
    """
    prompts(study)
    arrays = {
        name: array
        for side in TWINS
        for name, array in zip((side, f"{side}, shuffled"), TWINS[side])
    }
    if not (
        found := {
            name: stack(study, array)
            for name, array in arrays.items()
            if study.has(array)
        }
    ):
        raise StudyError(
            f"“{study.title}” has no English and no local vectors: too few "
            "training items in every language."
        )
    return found


def state_lengths(study: Study) -> np.ndarray:
    """Mean length (language, layer) of the states of a language's questions."""
    states, parts = study.array("item_state").values, study.array("item_part").values
    return np.array(
        [
            mean_known(length(np.asarray(s[p > 0], np.float32)))
            if (p > 0).any()
            else np.full(study.layers, np.nan)
            for s, p in zip(states, parts)
        ]
    )


def means_english(study: Study) -> np.ndarray:
    """Mean state of English minus that of each language (language, layer, hidden); NaN
    for English. StudyError without English.
    """
    means = stack(study, "mean_state")
    if ENGLISH not in study.languages:
        raise StudyError(
            f"“{study.title}” has no English vectors: none of its files holds the "
            "mean state of English. Import it with the others."
        )
    place = study.languages.index(ENGLISH)
    vectors = means[place] - means
    vectors[place] = np.nan
    return vectors


def agreement(study: Study) -> xr.Dataset:
    """Cosine between languages (vector, layer, source, target) of English vectors,
    local vectors and their shuffled twins.

    NaN where a vector is missing or has no length. StudyError for a study with neither.
    """
    arrays = (
        {"English": means_english(study)} if study.has("mean_state") else twins(study)
    )
    values = []
    for vectors in arrays.values():
        by_layer = vectors.transpose(1, 0, 2)
        values.append(cosines(by_layer, by_layer))
    names = {
        "vector": list(arrays),
        "source": list(study.languages),
        "target": list(study.languages),
    }
    return labelled_set(
        study,
        {"cosine": (("vector", "layer", "source", "target"), np.array(values))},
        **names,
    )


def lens(study: Study) -> xr.DataArray:
    """Logit-lens share (language, side, layer) of how the answer begins in the own
    language and in English.

    Mean over universal questions; see the engine's ``logit_lens``. An answer whose first
    token is a part of a character that others begin with too is followed to the token
    that tells it from them. ``told`` of ``answers``: the rest begin alike in both
    languages and are left out. StudyError for a study without it. Wendler et al. 2024.
    """
    if not study.has("lens_share"):
        raise StudyError(
            f"“{study.title}” has no logit lens: it needs universal questions with "
            "answers in English and another language, and a "
            "model whose final norm and blocks are as they were."
        )
    values = study.array("lens_share")
    told = answers_told(study)
    return values.assign_coords(side=list(SIDES), **layer_coords(study)).assign_attrs(  # pyright: ignore[reportArgumentType]
        origin(study) | told
    )


def answers_told(study: Study) -> dict[str, int]:
    """``told`` of ``answers`` over languages, and how many of them were ``followed``.

    Only what the study counted: older ones followed none, or counted nothing.
    """
    if not study.has("lens_answers"):
        return {}
    told, answers = np.nansum(study.array("lens_answers").values, 0)
    counts = {"told": int(told), "answers": int(answers)}
    if study.has("lens_followed"):
        counts["followed"] = int(np.nansum(study.array("lens_followed").values))
    return counts


def labelled_set(study: Study, variables: dict, **coords: list) -> xr.Dataset:
    """Variables with the study's languages and layers as labels."""
    used = {
        dim
        for dims, _ in variables.values()
        for dim in ([dims] if isinstance(dims, str) else dims)
    }
    known = {**layer_coords(study), **coords} | (
        {"language": list(study.languages)} if "language" in used else {}
    )
    return xr.Dataset(variables, known, origin(study))


KINDS_OF_ITEMS = (UNIVERSAL, CULTURE)
