"""A steering in words, for captions and lists."""

from analysis.steering.specs import SteeringSpec, SteeringTerm, VectorSource


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
