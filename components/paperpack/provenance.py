"""What a recipe keeps of the studies that its figure shows, as plain values."""

from collections.abc import Mapping
from typing import Any

from analysis.study.records import WithSpec
from analysis.study.same_engine import engine_in_words
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
    read = study.manifest.read
    if read is not None:
        known["read_as"] = read.words
    if study.manifest.engine is not None:
        known["engine"] = engine_in_words(study.manifest.engine)
    return known | of_weights(study) | of_prompt(study)


def of_weights(study: Study) -> dict[str, str]:
    """From how many bits a model's weights were unpacked, where that is known."""
    weights = study.manifest.weights or {}
    words = weights.get("words")
    # What is told of an adapter has names in it.
    if isinstance(words, str) and "quantisation" in weights:
        return {"stored": words}
    return {}


def of_prompt(study: Study) -> dict[str, str]:
    """What a chat template tells a model beside the text, where it tells something."""
    prompt = study.manifest.prompt
    if prompt is None:
        return {}
    told = {"date_told": prompt.date, "thinking": prompt.thinking}
    return {name: value for name, value in told.items() if value}


USED = {
    "pages/alignment.py": ("words", "sentences"),
    "pages/layers.py": ("questions",),
    "pages/plane.py": ("questions", "plane"),
}
"""Page → the parts of a study's manifest that it draws."""


def parts_shown(study: Study, page: str) -> dict[str, dict[str, Any]]:
    """Settings of the parts of a study that a page draws, by the parts' names."""
    found = {}
    drawn = USED.get(page, ())
    for name, part in study.manifest.parts.items():
        if name not in drawn:
            continue
        if isinstance(part, WithSpec):
            found[name] = settings_of(part.spec)
    return found


def settings_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec without what the other facts of its study say already."""
    kept = dict(spec)
    for name in ("model", "study"):
        kept.pop(name, None)
    return kept
