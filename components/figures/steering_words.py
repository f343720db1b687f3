"""A steering in words, for captions and lists."""

from typing import NamedTuple

from analysis.languages.languages import is_known, language
from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource


class Poles(NamedTuple):
    """What a vector points away from, and towards."""

    away: str
    towards: str


def pole_words(source: VectorSource) -> Poles:
    """The two ends of a push along a vector, in words."""
    if source.kind == "language vector":
        against = name_of(source.target) if source.target else "all other languages"
        towards = name_of(source.language)
        return Poles(f"towards {against}", f"towards {towards}")
    what = vector_name(source)
    if source.kind in (
        "concept vector",
        "mapped",
        "steering vector",
        "shuffled labels",
    ):
        # A vector leads from a pair's negative text to its positive one, whatever the
        # concept is called: “toxicity” may lead to kinder words.
        what = f"the positive texts of {what}"
    return Poles(f"away from {what}", f"towards {what}")


def vector_name(source: VectorSource) -> str:
    """What a push along a vector is about, as short as can be."""
    if source.kind == "sum" and source.plus and source.minus:
        return f"{source.plus[0].concept} without {source.minus[0].concept}"
    if source.kind == "random":
        return "a random direction"
    if source.kind == "steering vector":
        return f"the {source.concept} questions"
    return source.concept or source.file or source.kind


def name_of(code: str) -> str:
    """A language's English name, or its code where none is known."""
    return language(code).english if is_known(code) else code


def steering_words(
    spec: SteeringSpec, source: bool = True, strength: bool = True
) -> str:
    """Each term's vector, layers, strengths, operator and positions.

    Without ``source`` no vector is named, without ``strength`` the first one's is not.
    """
    parts = []
    for place, term in enumerate(spec.terms):
        parts.append(term_words(term, source, strength or place > 0))
    return "; then ".join(parts) or "no steering"


def term_words(term: SteeringTerm, source: bool, strength: bool) -> str:
    """One term of a steering."""
    layers = ", ".join(map(str, term.layers))
    parts = [f"layers {layers}" if len(term.layers) > 1 else f"layer {layers}"]
    if source:
        parts.insert(0, source_words(term.source))
    if strength:
        strengths = ", ".join(f"{one:.4g}" for one in dict.fromkeys(term.strengths))
        parts.append(f"strength {strengths}")
    parts.append(term.operator)
    if term.positions != "all":
        parts.append(f"{term.positions} tokens")
    if term.condition:
        parts.append("conditional")
    return ", ".join(parts)


def source_words(source: VectorSource) -> str:
    """Where a vector comes from."""
    if source.kind == "language vector":
        return f"language vector {source.language} − {source.target or 'all others'}"
    known = (source.kind, source.concept, source.language, source.file)
    return " ".join(part for part in known if part)
