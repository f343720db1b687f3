"""Planted studies written into the store as an extraction would leave them: complete,
unfinished, or damaged.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from analysis.study import coverage, store
from analysis.study.manifest import Manifest
from analysis.study.records import read_record, to_json
from analysis.study.study import Study
from tests.planted import Planting, planted_study

CONCEPTS, LANGUAGES, LAYERS, PAIRS = (
    ("fairness", "toxicity", "truth"),
    ("zh", "en", "ta", "fr", "vi"),
    4,
    24,
)
HOSTILE = (
    "![x](http://evil.example/x.png) <img src=http://evil.example/y> "
    "[z](http://evil.example) **b**"
)


def stored(
    name: str, study: Study | None = None, cells: int | None = None, **facts: object
) -> Path:
    """Write a study (the planted one unless given) under a name; ``cells`` stops after
    so many, ``facts`` go into the manifest.
    """
    study = study or planted()
    known = read_record(Manifest, manifest(study) | facts, "")
    folder = store.create(name, known)
    plan = coverage.pair_cells(store.read_manifest(folder))
    # As earlier versions did: all vectors first, so that there may be nothing else.
    plan.sort(key=lambda cell: cell.stage != "vector")
    for stage, c, a in plan[:cells]:
        tensors = {
            f"{array}/{c}/{a}": values
            for array, values in CELLS[stage](study, c, a).items()
        }
        store.add_file(folder, f"{stage}-{c:03d}-{a:03d}.safetensors", tensors)
    if cells is None:
        store.seal(folder)
    return folder


def planted() -> Study:
    """The study that is written unless another is given: languages that turn away from
    one another, best at layer 3.
    """
    planting = Planting("rotated", peak=3)
    return planted_study(CONCEPTS, LANGUAGES, (LAYERS, PAIRS, 16), planting=planting)


def manifest(study: Study) -> dict:
    """What an extraction knows before it computes anything."""
    pairs = study.array("pair_score").sizes["pair"]
    counts = {language: {"train": 200, "test": pairs} for language in study.languages}
    tables = {
        concept: {
            **to_json(study.manifest.pair_table(concept)),
            "test": [str(i) for i in range(pairs)],
            "counts": counts,
        }
        for concept in study.concepts
    }
    return {
        "schema": 1,
        "title": "Planted study",
        "kind": "computed",
        "spec": {
            "model": {"model": "planted/model"},
            "estimator": "difference of means",
        },
        "concepts": list(study.concepts),
        "languages": list(study.languages),
        "layers": study.layers,
        "pairs": tables,
        "shares": "LLaMA2",
        "files": {},
    }


def vector_cell(study: Study, concept: int, language: int) -> Mapping[str, np.ndarray]:
    """All of a cell but its scores."""
    names = ("concept_vector", "half_a", "half_b", "shuffled", "state_norm")
    return {name: study.array(name).values[concept, language] for name in names}


def score_cell(study: Study, concept: int, language: int) -> Mapping[str, np.ndarray]:
    """A target's scores under every source; every pair is there."""
    scores = study.array("pair_score").values[concept, :, language]
    return {
        "pair_score": scores,
        "scored": np.ones((scores.shape[0], scores.shape[2]), np.uint8),
    }


CELLS = {"vector": vector_cell, "score": score_cell}


def cut(path: Path) -> None:
    """Damage a file: only its first half is left."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def every_kind() -> dict[str, Path]:
    """One study of each kind: complete, begun, stopped among the vectors or among the
    scores, damaged, with a hostile title.
    """
    plan = 2 * len(CONCEPTS) * len(LANGUAGES)
    made = {
        "complete": stored("complete"),
        "begun": stored("begun", cells=0),
        "vectors": stored("vectors", cells=plan // 3),
        "scores": stored("scores", cells=plan * 2 // 3),
        "hostile": stored("hostile", title=HOSTILE),
        "damaged": stored("damaged"),
        "headless": stored("headless"),
    }
    cut(made["damaged"] / "concept_vector.safetensors")
    cut(made["headless"] / store.MANIFEST)
    return made
