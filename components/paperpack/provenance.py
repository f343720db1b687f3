"""What a recipe keeps of the studies that its figure shows, as plain values."""

from typing import Any

from analysis.study.study import PUBLISHED, Study

OF_MODEL = ("revision", "dtype", "quantisation")
OF_SPEC = (
    "corpus",
    "corpus_digest",
    "estimator",
    "template",
    "split",
    "last_state",
    "seed",
)


def facts(study: Study) -> dict[str, Any]:
    """What a paper says about a study."""
    spec = study.manifest.spec or {}
    known = {
        "name": study.name,
        "title": study.title,
        "kind": study.kind,
        "model": study.model,
        "layers": study.layers,
    }
    if study.kind == PUBLISHED:
        return known | {"digest": study.name, "citation": study.manifest.citation}
    known["digest"] = study.manifest.digest
    for key in OF_MODEL:
        known[key] = spec.get("model", {}).get(key)
    for key in OF_SPEC:
        known[key] = spec.get(key)
    return known
