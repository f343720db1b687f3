"""How far a study is: cells that are there and missing, and who computes what."""

import re
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.core import disk
from analysis.study import claims, commits, coverage, store
from analysis.study.claims import Claim
from analysis.study.manifest import Manifest

CONCEPT = re.compile(r"concept-(\d+)")
"""How the plan of a study calls the cells of a concept."""
FEW = 2
"""Cells from whose times no end is estimated."""


@dataclass(frozen=True)
class Standing:
    """Cells done, of how many; parts that run, that failed, and that ended early.

    ``seconds`` until the end at the pace of the cells that were added last; None where
    that is not known.
    """

    done: int
    of: int
    running: tuple[Claim, ...]
    failed: tuple[Claim, ...]
    seconds: float | None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.done == self.of


def standing(folder: Path) -> Standing:
    """How far a study is; StudyError where there is none."""
    manifest = store.read_manifest(folder)
    every = cells(manifest)
    missing = len(coverage.missing_cells(manifest))
    missing += len(coverage.missing_settings(manifest))
    found = standing_of(folder, every - missing, every)
    return replace(
        found,
        running=tuple(named(claim, manifest) for claim in found.running),
        failed=tuple(named(claim, manifest) for claim in found.failed),
    )


def named(claim: Claim, manifest: Manifest) -> Claim:
    """A claim that names its concept, which its file tells by a number."""
    number = CONCEPT.fullmatch(claim.group)
    if number is None or int(number[1]) >= len(manifest.concepts):
        return claim
    name = manifest.concepts[int(number[1])]
    error = claim.error.replace(claim.group, name, 1)
    return replace(claim, group=name, error=error)


def standing_of(folder: Path, done: int, of: int) -> Standing:
    """How far it is, with who computes it, of whatever has so many cells."""
    known = claims.newest_claims(folder)
    return Standing(
        done=done,
        of=of,
        running=tuple(claim for claim in known if lives(folder, claim)),
        failed=tuple(claim for claim in known if claim.error),
        seconds=left(added(folder), of - done),
    )


def cells(manifest: Manifest) -> int:
    """How many cells a complete study has."""
    bare = len(coverage.pair_cells(manifest)) + len(coverage.word_cells(manifest))
    questions = manifest.questions
    asked = len(questions.languages) if questions is not None else 0
    plane = manifest.plane
    swept = len(plane.settings) if plane is not None else 0
    others = set(coverage.missing_cells(manifest)) & {
        "the plane",
        "the rest of the plane",
        "the imported means",
    }
    tried = sum(part.number_of_cells for part in (manifest.trials or {}).values())
    return (
        bare
        + len(coverage.sentence_cells(manifest))
        + asked
        + swept
        + len(others)
        + tried
    )


def lives(folder: Path, claim: Claim) -> bool:
    """Whether whoever made a claim has a heart there; it may have just stopped."""
    heart = folder / claims.FOLDER / f"{claim.owner}.heart"
    return not claim.released and not claim.finished and heart.is_file()


def added(folder: Path) -> list[float]:
    """When files were added by several processes, in seconds of the disk's clock."""
    found = []
    for path in disk.listed(folder / commits.FOLDER):
        # They may be folded into the manifest meanwhile.
        with suppress(FileNotFoundError):
            if path.name.endswith(commits.ENDING):
                found.append(path.stat().st_mtime)
    return sorted(found)


def left(moments: Sequence[float], missing: int) -> float | None:
    """Seconds that the missing cells take at the usual pace between those added."""
    if len(moments) <= FEW or not missing:
        return None
    gaps = [later - earlier for earlier, later in zip(moments, moments[1:])]
    return statistics.fmean(gaps) * missing


def since(claim: Claim) -> float:
    """Seconds for which a claim has been held, by the clocks here and there."""
    return max(0.0, time.time() - claim.since)
