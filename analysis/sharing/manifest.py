"""What a hub folder tells of itself: ``manifest.json`` beside its vectors and its study."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.core import settings
from analysis.core.errors import SpecError, StudyError
from analysis.core.json_text import parse_json
from analysis.study import bounds, store
from analysis.study.manifest import FileEntry
from analysis.study.recordings import RECORDED
from analysis.study.records import Record, read_record, to_json

FORMAT = "babelscope hub folder"
SCHEMA = 1
"""Of the folders that this version writes and reads."""
MANIFEST = "manifest.json"
CARD = "README.md"
FIGURE = "figure.png"
VECTORS, STUDY = "vectors/", "study/"
VECTOR_FILE = re.compile(r"vectors/[A-Za-z0-9][A-Za-z0-9_-]*\.safetensors")
STUDY_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.safetensors")
MOST_VECTORS = 5_000
LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,59}")
"""How the hub spells licences, such as cc-by-4.0."""
HOOK = (
    "layer.N is added to the output of block N of the model, counted from 1: the "
    "residual stream behind that block"
)
MEAN_GAP = (
    "1 is one mean gap: the vector as it is in its file, what separates average "
    "negatives from average positives"
)


@dataclass(frozen=True, kw_only=True)
class Setting(Record):
    """Layers and a strength of a vector that were tried, and what was measured.

    ``low`` and ``high`` are the 95 % interval of the effect, None where none can be
    given; ``baseline`` is the effect without a push, ``twin`` under a random vector
    as long. ``costs`` are means by name. ``works`` is by the rule of ``chosen_on``.
    """

    title: str
    strength: float
    layers: tuple[int, ...]
    strengths: tuple[float, ...] = (1.0,)
    operator: str = "addition"
    positions: str = "all"
    language: str
    measure: str
    effect: float
    low: float | None = None
    high: float | None = None
    n: int
    baseline: float | None = None
    twin: float | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    chosen_on: str
    works: bool

    def check(self, layers: int) -> None:
        """StudyError for layers that the model does not have."""
        for layer in self.layers:
            if not 1 <= layer <= layers:
                raise StudyError(
                    f"a setting has layer {layer}; the model has {layers}."
                )
        for text in (self.title, self.measure, self.chosen_on):
            bounds.check_length(text, "What is said of a setting", 20_000)


@dataclass(frozen=True, kw_only=True)
class SharedVector(Record):
    """A file with one vector at its layers; ``kind`` as steering knows sources.

    ``settings``: those that were measured, the recommended ones first.
    """

    file: str
    bytes: int
    sha256: str
    kind: str
    concept: str = ""
    language: str = ""
    target: str = ""
    layers: tuple[int, ...]
    settings: tuple[Setting, ...] = ()

    @property
    def words(self) -> str:
        """What it is, such as “concept vector fairness fr”."""
        parts = [self.kind, self.concept, self.language]
        if self.target:
            parts.append(f"against {self.target}")
        return " ".join(part for part in parts if part)

    def check(self, layers: int) -> None:
        """StudyError for a file name or a layer that cannot be."""
        if VECTOR_FILE.fullmatch(self.file) is None:
            raise StudyError(f"“{self.file[:60]}” is no name of a vector's file.")
        if self.bytes < 0:
            raise StudyError(f"{self.file} has {self.bytes} bytes, below 0.")
        for setting in self.settings:
            setting.check(layers)


@dataclass(frozen=True, kw_only=True)
class HubManifest(Record):
    """All that a hub folder tells.

    ``study`` has the files of the study, by their names in its folder; None where only
    vectors are there. ``lacking`` says which vectors are not there, and why.
    """

    format: str
    schema: int
    babelscope: str
    title: str
    model: Mapping[str, Any]
    model_files: str | None = None
    weights: str = ""
    layers: int
    hidden: int
    hook: str
    position: str
    template: str
    estimator: str
    concepts: tuple[str, ...]
    languages: tuple[str, ...]
    corpus: str
    corpus_digest: str
    digest: str = ""
    unit: str
    vectors: tuple[SharedVector, ...]
    lacking: tuple[str, ...] = ()
    licence: str = ""
    notice: str = ""
    study: Mapping[str, FileEntry] | None = None

    @property
    def model_name(self) -> str:
        """What the model is called."""
        return str(self.model.get("model", "unknown"))

    @property
    def bytes(self) -> int:
        """What there is to fetch: the study, or else the vectors."""
        return sum(entry.bytes for entry in self.wanted.values())

    @property
    def wanted(self) -> dict[str, FileEntry]:
        """Path in the repository → file to fetch: the study's, or else the vectors."""
        found = {}
        if self.study is not None:
            for name, entry in self.study.items():
                found[f"{STUDY}{name}"] = entry
            return found
        for vector in self.vectors:
            entry = FileEntry(bytes=vector.bytes, sha256=vector.sha256, keys=())
            found[vector.file] = entry
        return found

    def check(self) -> None:
        """StudyError for what no such folder has, or for more than is read."""
        bounds.check_size(self.layers, "layers", bounds.MOST_LAYERS)
        bounds.check_size(self.hidden, "hidden", bounds.MOST_HIDDEN)
        bounds.check_length(self.title, "title", bounds.LONGEST_TITLE)
        if len(self.vectors) > MOST_VECTORS:
            raise StudyError(
                f"it names {len(self.vectors):,} vectors; read are {MOST_VECTORS:,}."
            )
        bounds.check_differ([each.file for each in self.vectors], "Files of vectors")
        for vector in self.vectors:
            vector.check(self.layers)
        self.check_study()
        if self.bytes > settings.MAX_STUDY_BYTES:
            most = settings.MAX_STUDY_BYTES // 2**30
            raise StudyError(f"its files are larger than {most} GiB.")

    def check_study(self) -> None:
        """StudyError for a file of the study that no study has."""
        if self.study is None:
            return
        if store.MANIFEST not in self.study:
            raise StudyError(f"its study has no {store.MANIFEST}.")
        for name, entry in self.study.items():
            known = name in (store.MANIFEST, RECORDED) or STUDY_FILE.fullmatch(name)
            if not known or entry.bytes < 0:
                raise StudyError(f"“{name[:60]}” does not belong into a study.")


def check_licence(licence: str) -> str:
    """A licence as the hub spells it; SpecError for anything else but none."""
    if licence and LICENCE.fullmatch(licence) is None:
        raise SpecError(
            f"“{licence[:60]}” is no licence as the hub spells them: small letters, "
            "digits, dots and hyphens, such as cc-by-4.0 or apache-2.0."
        )
    return licence


def as_bytes(manifest: HubManifest) -> bytes:
    """What is written of a folder."""
    values = to_json(manifest)
    return json.dumps(values, ensure_ascii=False, indent=1, allow_nan=False).encode()


def parsed(data: bytes, name: str) -> HubManifest:
    """The manifest of a repository from JSON; StudyError for what cannot be one."""
    if len(data) > store.MAX_MANIFEST_BYTES:
        most = store.MAX_MANIFEST_BYTES // 2**20
        raise refused(name, f"it is larger than {most} MiB.")
    try:
        values = parse_json(data)
    except ValueError as error:
        raise refused(name, f"it is no JSON ({error}).") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise StudyError(
            f"{name} is no repository that Babelscope made: its {MANIFEST} does not say "
            f"“{FORMAT}”. Single vector files are imported on the Playground."
        )
    schema = values.get("schema")
    if schema != SCHEMA:
        raise StudyError(
            f"{name} has schema {str(schema)[:20]}; this version reads {SCHEMA}. Update "
            "Babelscope to pull it."
        )
    try:
        found = read_record(HubManifest, values, "")
        found.check()
    except StudyError as error:
        raise refused(name, str(error)) from error
    return found


def refused(name: str, found: str) -> StudyError:
    """The error for a manifest that cannot be what this program wrote."""
    return StudyError(
        f"The {MANIFEST} of {name} is damaged: {found} Nothing was kept. Ask its "
        "author to push it again."
    )
