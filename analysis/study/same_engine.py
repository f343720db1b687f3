"""A study is of one engine: numbers of two are never mixed in one array."""

from analysis.core.errors import StudyError
from analysis.study.manifest import EnginePart, Manifest

HERE = "transformers, on this machine"
"""The engine of studies that name none."""


def check_engine(manifest: Manifest, engine: EnginePart | None = None) -> None:
    """StudyError unless a study is of an engine; None: of this machine's.

    Another version or precision is another engine.
    """
    begun = manifest.engine
    if engine_in_words(begun) == engine_in_words(engine):
        return
    remedy = "Begin a new study, under another title, to compare both."
    if begun is not None:
        remedy = "Go on with that engine (--engine ADDRESS), or begin a new study."
    raise StudyError(
        f"“{manifest.title}” was read by {engine_in_words(begun)}, and now it would be "
        f"{engine_in_words(engine)}: numbers of two engines are never mixed in one study. {remedy}"
    )


def engine_in_words(engine: EnginePart | None) -> str:
    """An engine in words, in which two that differ never read alike."""
    if engine is None:
        return HERE
    version = f" {engine.version}" if engine.version else ""
    return f"{engine.name}{version} in {engine.precision}"
