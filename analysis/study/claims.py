"""Who computes what of a study, where several processes compute it together.

A claim is a small file that is made only if it is not there, which every shared folder
can do. It names its owner; the owner's heart is another file whose count goes up while
the process lives. A claim whose owner's heart stands still for the lease, by the clock
of whoever waits, is taken over by a claim of the next generation: nothing is renamed and
no clocks are compared, so that two who wait cannot both win.
"""

import json
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from analysis.core import disk, files
from analysis.study import commits

FOLDER = f"{commits.FOLDER}/claims"
"""Beside the records, so that both end at once."""
LEASE = 60.0
"""Seconds for which a heart may stand still."""
BEATS = 6
"""Beats in a lease."""
TRIES = 3
"""Failures after which a group of cells is set aside."""
CLAIM = re.compile(r"(?P<group>.+)\.claim-(?P<generation>\d+)")


@dataclass(frozen=True)
class Claim:
    """A group of cells, who computes it and since when (seconds of the epoch there).

    ``released`` where the owner gave it back, ``error`` where it failed there;
    ``finished`` where all of it is computed.
    """

    group: str
    generation: int
    owner: str = ""
    host: str = ""
    since: float = 0.0
    released: bool = False
    error: str = ""
    finished: bool = False


@dataclass(frozen=True)
class Heard:
    """A heart's count, and when it was first heard by one's own clock."""

    count: int
    first: float


class Claims:
    """The claims of this process on one study.

    ``lease`` in seconds. Use it as a context: its heart beats inside, and what it still
    holds is released at the end.
    """

    def __init__(self, folder: Path, lease: float = LEASE) -> None:
        self.folder = folder / FOLDER
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.lease = lease
        self.held: dict[str, Claim] = {}
        self.heard: dict[str, Heard] = {}
        self.count = 0
        self.stopped = threading.Event()
        self.heart = threading.Thread(target=self.live, daemon=True)

    def __enter__(self) -> "Claims":
        # Where somebody has folded the study a moment ago, these claims are over.
        with disk.writing(self.folder), suppress(FileNotFoundError):
            self.folder.mkdir(exist_ok=True)
            self.heart_of(self.owner).write_text("0")
        self.heart.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self.heart.join()
        # The folder may be gone: somebody who came last has tidied up.
        for claim in list(self.held.values()):
            self.release(claim.group)
        files.discard(self.heart_of(self.owner))

    def live(self) -> None:
        """Beat until the context ends."""
        while not self.stopped.wait(self.lease / BEATS):
            # A full disk is told by the commit; a heart that stands still is taken over.
            with suppress(OSError):
                self.beat()

    def beat(self) -> None:
        """Count one more."""
        self.count += 1
        # Into the file that is there: who slept on has no heart in claims of later.
        with self.heart_of(self.owner).open("r+") as file:
            file.write(str(self.count))

    @property
    def are_over(self) -> bool:
        """Whether somebody has folded the study, and ended what was shared, since."""
        return not self.heart_of(self.owner).is_file()

    def heart_of(self, owner: str) -> Path:
        """The file of an owner's heart."""
        return self.folder / f"{owner}.heart"

    def take(self, group: str) -> bool:
        """Whether a group is this process's now: it was free, or its owner is dead."""
        last = self.last(group)
        if last is None:
            return self.make(group, 0)
        if last.owner == self.owner and not last.released:
            return True
        if last.released or self.is_dead(last):
            return self.make(group, last.generation + 1)
        return False

    def make(self, group: str, generation: int) -> bool:
        """Whether the claim of a generation could be made.

        Another may be first, or has ended all claims.
        """
        claim = Claim(group, generation, self.owner, socket.gethostname(), time.time())
        path = self.path(group, generation)
        with disk.writing(path):
            try:
                with path.open("x") as file:
                    file.write(json.dumps(asdict(claim)))
            except (FileExistsError, FileNotFoundError):
                return False
        self.held[group] = claim
        return True

    def release(self, group: str, error: str = "") -> None:
        """Give a group back, with what went wrong if anything did."""
        claim = self.held.pop(group)
        self.tell(replace(claim, released=True, error=error))

    def done(self, group: str) -> None:
        """A group is computed: nobody asks for it any more."""
        self.tell(replace(self.held.pop(group), finished=True))

    def tell(self, claim: Claim) -> None:
        """Write what became of a claim, unless all claims were taken away since."""
        path = self.path(claim.group, claim.generation)
        with suppress(OSError), path.open("r+") as file:
            file.write(json.dumps(asdict(claim)))
            file.truncate()

    def path(self, group: str, generation: int) -> Path:
        """The file of a claim."""
        return self.folder / f"{group}.claim-{generation}"

    def last(self, group: str) -> Claim | None:
        """The newest claim on a group; None where there was never one."""
        own = files_by_group(self.folder).get(group)
        return read_claim(own[-1]) if own else None

    def is_dead(self, claim: Claim) -> bool:
        """Whether an owner's heart has stood still for the lease, as heard from here."""
        count = heart_count(self.heart_of(claim.owner))
        # A claim without an owner was cut off while it was written.
        key = claim.owner or f"{claim.group} {claim.generation}"
        now = time.monotonic()
        before = self.heard.get(key)
        if before is None or before.count != count:
            self.heard[key] = Heard(count, now)
            return False
        return now - before.first > self.lease

    def lost(self, group: str) -> list[str]:
        """What ended each claim on a group that came to nothing: an error, or a death."""
        return self.lost_of([group])[group]

    def lost_of(self, groups: Iterable[str]) -> dict[str, list[str]]:
        """The same of several groups, for which the folder is listed once.

        Claims on other groups, which may be thousands that are done, are not read.
        """
        known = files_by_group(self.folder)
        found = {}
        for group in groups:
            own = [read_claim(file) for file in known.get(group, [])]
            found[group] = ends_of(own)
        return found


def hearts(folder: Path, lease: float) -> bool:
    """Whether any process beats on a study, listened to for as long as the lease."""
    begin = time.monotonic()
    first = counts(folder)
    while first and time.monotonic() - begin < lease:
        time.sleep(lease / BEATS)
        now = counts(folder)
        if any(first.get(path, now[path]) != now[path] for path in now):
            return True
        first = {path: first.get(path, now[path]) for path in now}
    return False


def counts(folder: Path) -> dict[Path, int]:
    """The counts of all hearts on a study."""
    there = disk.listed(folder / FOLDER)
    return {path: heart_count(path) for path in there if path.suffix == ".heart"}


def beat_lately(folder: Path, lease: float = LEASE) -> bool:
    """Whether a heart on a study beat within two leases, by the clock of its disk."""
    now = clock(folder)
    for path in counts(folder):
        # It may have ended since.
        with suppress(OSError):
            if now - path.stat().st_mtime < 2 * lease:
                return True
    return False


def clock(folder: Path) -> float:
    """Seconds of the epoch by the clock of a study's disk."""
    path = folder / FOLDER
    with suppress(OSError):
        os.utime(path)
        return path.stat().st_mtime
    return time.time()


def heart_count(path: Path) -> int:
    """The count of a heart; 0 where there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


class ClaimFile(NamedTuple):
    """The file of a claim, whose name tells the group and the generation."""

    path: Path
    group: str
    generation: int


def files_by_group(folder: Path) -> dict[str, list[ClaimFile]]:
    """The files of all claims in a folder, by group; the newest generation comes last."""
    found: dict[str, list[ClaimFile]] = {}
    for path in disk.listed(folder):
        name = CLAIM.fullmatch(path.name)
        if name is not None:
            file = ClaimFile(path, name["group"], int(name["generation"]))
            found.setdefault(file.group, []).append(file)
    for own in found.values():
        own.sort(key=lambda file: file.generation)
    return found


def newest_claims(folder: Path) -> list[Claim]:
    """The newest claim on each group of a study, whoever made it."""
    by_group = files_by_group(folder / FOLDER)
    return [read_claim(own[-1]) for own in by_group.values()]


def read_claim(file: ClaimFile) -> Claim:
    """A claim from its file; without an owner where that was cut off."""
    try:
        known = json.loads(file.path.read_text())
        return Claim(**known)
    except (OSError, ValueError, TypeError):
        return Claim(file.group, file.generation)


def ends_of(own: Sequence[Claim]) -> list[str]:
    """What ended each of a group's claims, the newest last, that came to nothing."""
    found = []
    for claim in own:
        if claim.error:
            found.append(claim.error)
        elif not claim.released and claim is not own[-1]:
            found.append(f"the process {claim.owner or 'that began it'} ended")
    return found
