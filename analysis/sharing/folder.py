"""The files of a hub folder but its card: vectors, the study as it lies, the manifest."""

import functools
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.core import disk
from analysis.core.errors import AnalysisError, SpecError, StudyError, unknown
from analysis.core.model_kinds import read_in_words, usual_position
from analysis.core.specs import DECODER
from analysis.core.version import __version__
from analysis.sharing import manifest as telling
from analysis.sharing.manifest import HubManifest, SharedVector
from analysis.sharing.measured import Measured, measured
from analysis.steering.language_vectors import (
    has_language_vectors,
    languages_with_means,
)
from analysis.steering.resolve import QUESTION_VECTORS, vectors
from analysis.steering.specs import VectorSource
from analysis.steering.vector_files import present_vectors, to_safetensors
from analysis.study import library, store
from analysis.study.manifest import FileEntry
from analysis.study.recordings import RECORDED
from analysis.study.study import PUBLISHED, Study

MUTABLE = (store.MANIFEST, RECORDED)
"""Files of a study that may be replaced while it is sent: their bytes are taken."""
FROM_QUESTIONS = ("English", "local")


@dataclass(frozen=True)
class Wanted:
    """What of a study is handed on: all concepts and languages where none are named."""

    concepts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    vectors_only: bool = False
    licence: str = ""


@dataclass(frozen=True)
class Folder:
    """A hub folder: path in it → bytes, or the file that has them."""

    manifest: HubManifest
    files: Mapping[str, bytes | Path]


def folder_of(study: Study, wanted: Wanted = Wanted()) -> Folder:
    """Vectors and study as a hub folder without its card.

    SpecError for a concept or a language that there is none of, a licence that the hub
    does not spell so, and a choice without a vector; StudyError for a published study,
    or one that is not complete.
    """
    check(study, wanted)
    # Each vector is a slice of one array, which is read once.
    study = replace(study, load=functools.cache(study.load))
    known = measured(study)
    made: dict[str, bytes | Path] = {}
    told, lacking = [], []
    for source in sources(study, wanted, known):
        try:
            one = packed(study, source, known)
        except AnalysisError as error:
            lacking.append(f"{words_of(source)}: {error}")
            continue
        made[one.vector.file] = one.data
        told.append(one.vector)
    if not told:
        raise SpecError(
            f"“{study.title}” has no vector of this choice: {' '.join(lacking)} Choose "
            "other concepts or languages."
        )
    manifest = manifest_of(study, wanted, told, lacking)
    if not wanted.vectors_only:
        entries = {}
        for file, path in library.files_of(study.name).items():
            data = content(path) if file in MUTABLE else path
            made[f"{telling.STUDY}{file}"] = data
            entries[file] = entry(data)
        manifest = replace(manifest, study=entries)
    manifest.check()
    return Folder(manifest, {telling.MANIFEST: telling.as_bytes(manifest), **made})


def check(study: Study, wanted: Wanted) -> None:
    """Errors for a study or a choice that cannot be handed on."""
    telling.check_licence(wanted.licence)
    if study.kind == PUBLISHED:
        raise StudyError(
            f"“{study.name}” is a published study: it comes with every Babelscope and "
            "has no vectors, so there is nothing to push."
        )
    if study.missing and not wanted.vectors_only:
        raise StudyError(
            f"“{study.title}” is not complete ({len(study.missing):,} missing). Let it "
            "go on first, or push its vectors only."
        )
    for kind, given, known in (
        ("concept", wanted.concepts, study.concepts),
        ("language", wanted.languages, study.languages),
    ):
        for name in given:
            if name not in known:
                raise unknown(kind, name, known)


def sources(
    study: Study, wanted: Wanted, known: Sequence[Measured]
) -> list[VectorSource]:
    """All vectors of a study that are wanted, and those whose settings were measured."""
    found = [*of_concepts(study, wanted), *of_languages(study, wanted)]
    chosen = set(wanted.languages or study.languages)
    concepts = set(wanted.concepts or (*study.concepts, ""))
    for each in known:
        source = each.source
        inside = source.language in chosen and source.concept in concepts
        if inside and source not in found:
            found.append(source)
    return found


def of_concepts(study: Study, wanted: Wanted) -> Iterator[VectorSource]:
    """Concept vectors."""
    if not study.has("concept_vector"):
        return
    for concept in wanted.concepts or study.concepts:
        for language in wanted.languages or study.languages:
            yield VectorSource("concept vector", study.name, concept, language)


def of_languages(study: Study, wanted: Wanted) -> Iterator[VectorSource]:
    """Language vectors, and English and local vectors; none where concepts are named."""
    if wanted.concepts:
        return
    codes = wanted.languages or study.languages
    if has_language_vectors(study):
        for language in languages_with_means(study):
            if language in codes:
                yield VectorSource("language vector", study.name, "", language)
    for kind in FROM_QUESTIONS:
        if study.has(QUESTION_VECTORS[kind]):
            for language in codes:
                yield VectorSource("steering vector", study.name, kind, language)


def words_of(source: VectorSource) -> str:
    """What a vector is."""
    parts = [source.kind, source.concept, source.language, source.target]
    return " ".join(part for part in parts if part)


def file_name(source: VectorSource) -> str:
    """The path of a vector's file, such as vectors/concept-fairness-fr.safetensors."""
    kind = source.kind.removesuffix(" vector")
    target = f"against-{source.target}" if source.target else ""
    parts = [part for part in (kind, source.concept, source.language, target) if part]
    plain = [re.sub("[^A-Za-z0-9-]+", "-", part).strip("-") for part in parts]
    name = "-".join(part for part in plain if part)
    if plain != parts:
        # Concepts in other scripts would all have one name.
        name += f"-{hashlib.sha256(words_of(source).encode()).hexdigest()[:8]}"
    return f"{telling.VECTORS}{name}.safetensors"


@dataclass(frozen=True)
class Packed:
    """What is told of a vector, and its file."""

    vector: SharedVector
    data: bytes


def packed(study: Study, source: VectorSource, known: Sequence[Measured]) -> Packed:
    """A vector's file and what is told of it; AnalysisError where there is no vector."""
    values = vectors(source, lambda name: study)
    found = present_vectors(dict(enumerate(values, 1)))
    data = to_safetensors(found, f"{words_of(source)}, {study.model}")
    settings = [each.setting for each in known if each.source == source]
    facts = entry(data)
    vector = SharedVector(
        file=file_name(source),
        bytes=facts.bytes,
        sha256=facts.sha256,
        kind=source.kind,
        concept=source.concept,
        language=source.language,
        target=source.target,
        layers=tuple(found),
        settings=tuple(settings),
    )
    return Packed(vector, data)


def manifest_of(
    study: Study,
    wanted: Wanted,
    told: Sequence[SharedVector],
    lacking: Sequence[str],
) -> HubManifest:
    """All that is known of a study's vectors."""
    facts = study.manifest
    spec = facts.spec or {}
    stored = (facts.weights or {}).get("words", "")
    return HubManifest(
        format=telling.FORMAT,
        schema=telling.SCHEMA,
        babelscope=__version__,
        title=study.title,
        model=dict(spec.get("model", {})),
        model_files=facts.model_files,
        weights=stored if isinstance(stored, str) else "",
        layers=study.layers,
        hidden=facts.hidden or study.array("concept_vector").sizes["hidden"],
        hook=telling.HOOK,
        position=position_of(study),
        template=str(spec.get("template", "none")),
        estimator=facts.estimator,
        concepts=wanted.concepts or study.concepts,
        languages=wanted.languages or study.languages,
        corpus=str(spec.get("corpus", "")),
        corpus_digest=str(spec.get("corpus_digest", "")),
        digest=facts.digest or "",
        unit=telling.MEAN_GAP,
        vectors=tuple(told),
        lacking=tuple(lacking),
        licence=wanted.licence,
        notice=facts.notice or "",
    )


def position_of(study: Study) -> str:
    """Where states were read, in words."""
    read = study.manifest.read
    if read is not None:
        return read.words
    return read_in_words(DECODER, DECODER, usual_position(DECODER))


def content(path: Path) -> bytes:
    """A small file's bytes."""
    with disk.reading(path):
        return path.read_bytes()


def entry(data: bytes | Path) -> FileEntry:
    """Size and SHA-256 of a file."""
    held = content(data) if isinstance(data, Path) else data
    return FileEntry(bytes=len(held), sha256=hashlib.sha256(held).hexdigest(), keys=())
