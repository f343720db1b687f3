"""What a link keeps of a steering: each widget's default and what it can hold."""

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from analysis.steering import vector_files
from analysis.steering.language_vectors import (
    OTHERS,
    has_language_vectors,
    languages_with_means,
)
from analysis.steering.operators import OPERATORS, POSITIONS
from analysis.steering.profiles import SHAPES
from analysis.steering.resolve import QUESTION_VECTORS
from analysis.study.study import Study
from components.forms.steering_rows import rows_of_terms
from components.frame.links import Kept

KEY = "play"
MOST = 1e9
"""Strength that number boxes and links take.

Far beyond any slider, whose reach grows with ‖h‖/‖v‖.
"""
KINDS = {
    "concept vector": "Concept vector",
    "mapped": "Another language's vector, mapped",
    "sum": "Difference of two concepts",
    "shuffled labels": "Shuffled labels (control)",
    "random": "Random, same length (control)",
    "steering vector": "English or local vector, from questions",
    "language vector": "Language vector, from parallel sentences",
    "import": "Imported file",
}
BY_HAND = "by hand"
"""The profile over layers that is no shape."""
MOST_TERMS = 20
"""Vectors that can act together beside the first one."""
WAYS_BY_NAME = ("range", "set", "depth", "best", "profile")
"""How layers are chosen."""
Check = Callable[[Any], bool]


def widget_value(key: str) -> Any:
    """A widget's value."""
    return st.session_state[f"{KEY}-{key}"]


def one_of(allowed: Collection[object]) -> Check:
    """A check that a value is one of these."""
    return lambda value: value in allowed


def anything(value: object) -> bool:
    """A switch is on or off, whatever was kept."""
    return True


def is_strength(value: float) -> bool:
    """Whether a strength is one that the widgets can hold."""
    return abs(value) <= MOST


def is_depth_range(value: tuple[float, ...]) -> bool:
    """Whether these are two relative depths in order."""
    if len(value) != 2:
        return False
    low, high = value
    return 0 <= low <= high <= 1


def is_cosine(value: float) -> bool:
    """Whether a value can be a cosine."""
    return -1 <= value <= 1


def is_kept_file(value: str) -> bool:
    """Whether a file of vectors is kept here; none is fine."""
    return value == "" or value in vector_files.kept_vectors()


def are_terms(texts: list[str], study: Study) -> bool:
    """Whether texts of a link are rows of further vectors that a study has."""
    return len(texts) <= MOST_TERMS and rows_of_terms(texts, study) is not None


def checks_of_layers(layers: int) -> dict[str, Check]:
    """Checks of one layer, of several, of a range, of a profile and of a place in it."""

    def is_layer(value: int) -> bool:
        return 1 <= value <= layers

    def are_layers(values: list[int]) -> bool:
        return all(map(is_layer, values)) and len(set(values)) == len(values)

    def is_range(values: tuple[int, ...]) -> bool:
        if len(values) != 2:
            return False
        low, high = values
        return 1 <= low <= high <= layers

    def is_profile(values: list[float]) -> bool:
        return len(values) in (0, layers) and all(map(is_strength, values))

    def is_depth(value: float) -> bool:
        return 0 <= value <= layers

    return {
        "depth": is_depth,
        "layer": is_layer,
        "layers": are_layers,
        "range": is_range,
        "profile": is_profile,
    }


def steering_fields(study: Study, first: str) -> dict[str, Kept]:
    """Every field of a steering; ``first`` is the language that is looked at."""
    others = [code for code in study.languages if code != first]
    other = others[0] if others else first
    return {
        **source_fields(study, first, other),
        **layer_fields(study.layers),
        **operator_fields(study.layers),
        **second_term_fields(study, other),
    }


def source_fields(study: Study, first: str, other: str) -> dict[str, Kept]:
    """Where the vector comes from."""
    # A study of sentences alone has no concept.
    concepts, languages = study.concepts or ("",), study.languages
    begin = "concept vector" if study.concepts else "language vector"
    return {
        **language_fields(study),
        "kind": Kept(begin, one_of(KINDS)),
        "concept": Kept(concepts[0], one_of(concepts)),
        "minus": Kept(concepts[-1], one_of(concepts)),
        "vector": Kept(first, one_of(languages)),
        "target": Kept(other, one_of(languages)),
        "asked": Kept("English", one_of(QUESTION_VECTORS)),
        "file": Kept("", is_kept_file),
    }


def language_fields(study: Study) -> dict[str, Kept]:
    """The language of a language vector, and what it is against."""
    codes: tuple[str, ...] = ("",)
    if has_language_vectors(study):
        codes = languages_with_means(study) or codes
    others = [code for code in codes if code != "en"]
    first = others[0] if others else codes[0]
    return {
        "spoken": Kept(first, one_of(codes)),
        "against": Kept(OTHERS, one_of((OTHERS, *codes))),
    }


def layer_fields(layers: int) -> dict[str, Kept]:
    """At which layers it is applied."""
    checks = checks_of_layers(layers)
    middle = max(1, round(layers / 2))
    return {
        "way": Kept("range", one_of(WAYS_BY_NAME)),
        "range": Kept((middle, middle), checks["range"], int),
        "set": Kept([middle], checks["layers"], int),
        "depth": Kept((0.4, 0.7), is_depth_range, float),
        "top": Kept(1, checks["layer"]),
        "profile": Kept([], checks["profile"], float),
        "shape": Kept(BY_HAND, one_of((BY_HAND, *SHAPES))),
        "shape-first": Kept(float(middle), checks["depth"]),
        "shape-second": Kept(2.0, checks["depth"]),
    }


def operator_fields(layers: int) -> dict[str, Kept]:
    """How strongly, how, and under which condition."""
    is_layer = checks_of_layers(layers)["layer"]
    return {
        "strength": Kept(1.0, is_strength),
        "operator": Kept("addition", one_of(OPERATORS)),
        "positions": Kept("all", one_of(POSITIONS)),
        "gated": Kept(False, anything),
        "threshold": Kept(0.0, is_cosine),
        "read-layer": Kept(layers, is_layer),
        "side": Kept("above", one_of(("above", "below"))),
    }


def second_term_fields(study: Study, other: str) -> dict[str, Kept]:
    """A second vector at a depth of its own, and further ones as rows of a table."""
    is_layer = checks_of_layers(study.layers)["layer"]
    concepts = study.concepts or ("",)
    return {
        "second": Kept(False, anything),
        "second-concept": Kept(concepts[-1], one_of(concepts)),
        "second-vector": Kept(other, one_of(study.languages)),
        "second-layer": Kept(study.layers, is_layer),
        "second-strength": Kept(1.0, is_strength),
        "terms": Kept([], lambda rows: are_terms(rows, study), str),
    }
