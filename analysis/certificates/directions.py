"""Directions that a certificate can be asked of: kept vector files, language vectors.

A direction is named by text: ``file:NAME``, ``language:fr``, or ``language:fr/en`` for the
mean state of French less that of English.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.core.errors import SpecError, listed
from analysis.languages.languages import is_known, language
from analysis.steering.language_vectors import (
    OTHERS,
    has_language_vectors,
    language_vector,
    languages_with_means,
)
from analysis.steering.vector_files import kept_vectors, load_vectors
from analysis.study.study import Study

OWN = ""
"""Stands for the study's own vectors, each language beside the others."""
FILE, LANGUAGE = "file", "language"
AGAINST = "/"


@dataclass(frozen=True)
class Direction:
    """One vector (hidden,) for all languages, by layer (1…N); ``words`` say what it is."""

    words: str
    vectors: Mapping[int, np.ndarray]

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers at which it points anywhere."""
        return tuple(sorted(self.vectors))


def named(kind: str, name: str, against: str = OTHERS) -> str:
    """The text that names a direction."""
    end = f"{AGAINST}{against}" if against else ""
    return f"{kind}:{name}{end}"


def offered(study: Study) -> tuple[str, ...]:
    """Directions that can be chosen: kept files, then languages against all others."""
    found = [named(FILE, name) for name in kept_vectors()]
    if has_language_vectors(study):
        codes = languages_with_means(study)
        if len(codes) > 1:
            found += [named(LANGUAGE, code) for code in codes]
    return tuple(found)


def offered_words(study: Study) -> str:
    """Which directions there are for a study, in a sentence."""
    there = offered(study)
    if not there:
        return "For this study there is no kept vector file and no language vector yet."
    return f"For this study there are: {listed(there)}."


def words_of(text: str) -> str:
    """What a direction is, in words: “the language vector of French”."""
    kind, _, name = text.partition(":")
    if kind == FILE:
        return f"the imported vector “{name}”"
    own, _, against = name.partition(AGAINST)
    less = language_name(against) if against else "all other languages"
    return f"the language vector of {language_name(own)} against {less}"


def language_name(code: str) -> str:
    """A language's English name, or its code where none is known."""
    return language(code).english if is_known(code) else code


def read(study: Study, text: str) -> Direction:
    """The direction that a text names, at the layers that it has.

    SpecError for a text that names none, for a file or a language that there is none of,
    and for vectors of another width; StudyError for a study without mean states.
    """
    kind, _, name = str(text).partition(":")
    if kind not in (FILE, LANGUAGE) or not name:
        raise SpecError(
            f"“{str(text)[:80]}” names no direction; write “file:” and the name of a kept "
            "vector file, or “language:” and a code, as in “language:fr” or "
            "“language:fr/en”, or leave it out for the study's own vectors. "
            f"{offered_words(study)}"
        )
    if kind == FILE:
        vectors = of_file(study, name)
    else:
        vectors = of_language(study, name)
    found = {}
    for layer, vector in vectors.items():
        if np.isfinite(vector).all() and np.any(vector):
            found[layer] = np.asarray(vector, float)
    if not found:
        raise SpecError(
            f"In “{text[:80]}” every vector has length zero or is missing, so it points "
            "nowhere. Choose another direction."
        )
    return Direction(words_of(text), found)


def of_file(study: Study, name: str) -> dict[int, np.ndarray]:
    """Vectors of a kept file; SpecError where they are not of this study's states."""
    found = load_vectors(name)
    hidden = study.array("concept_vector").sizes["hidden"]
    widths = sorted({vector.size for vector in found.values()})
    if widths != [hidden] or max(found) > study.layers:
        sizes = " and ".join(map(str, widths))
        raise SpecError(
            f"“{name[:80]}” has vectors of {sizes} numbers up to layer {max(found)}; "
            f"“{study.title}” has {study.layers} layers of {hidden}. Choose a file "
            "made with the same model."
        )
    return found


def of_language(study: Study, name: str) -> dict[int, np.ndarray]:
    """The language vector of ``fr``, or of ``fr/en``."""
    own, _, against = name.partition(AGAINST)
    found = language_vector(study, own, against)
    return {place + 1: vector for place, vector in enumerate(found)}
