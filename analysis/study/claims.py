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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from analysis.core import disk, files

FOLDER = "claims"
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

    ``released`` where the owner gave it back, ``error`` where it failed there.
    """

    group: str
    generation: int
    owner: str = ""
    host: str = ""
    since: float = 0.0
    released: bool = False
    error: str = ""


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
        files.make_folder(self.folder)
        self.beat()
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
        path = self.heart_of(self.owner)
        fresh = path.with_suffix(".new")
        fresh.write_text(str(self.count))
        fresh.replace(path)

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
        """Whether the claim of a generation could be made; another may be first."""
        claim = Claim(group, generation, self.owner, socket.gethostname(), time.time())
        path = self.path(group, generation)
        with disk.writing(path):
            try:
                with path.open("x") as file:
                    file.write(json.dumps(asdict(claim)))
            except FileExistsError:
                return False
        self.held[group] = claim
        return True

    def release(self, group: str, error: str = "") -> None:
        """Give a group back, with what went wrong if anything did."""
        claim = self.held.pop(group)
        known = {**asdict(claim), "released": True, "error": error}
        with suppress(OSError):
            self.path(group, claim.generation).write_text(json.dumps(known))

    def done(self, group: str) -> None:
        """A group is computed: nobody asks for it any more."""
        self.held.pop(group)

    def path(self, group: str, generation: int) -> Path:
        """The file of a claim."""
        return self.folder / f"{group}.claim-{generation}"

    def last(self, group: str) -> Claim | None:
        """The newest claim on a group; None where there was never one."""
        own = [claim for claim in claims_in(self.folder) if claim.group == group]
        return max(own, key=lambda claim: claim.generation, default=None)

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
        own = [claim for claim in claims_in(self.folder) if claim.group == group]
        newest = max((claim.generation for claim in own), default=0)
        found = []
        for claim in own:
            if claim.error:
                found.append(claim.error)
            elif not claim.released and claim.generation < newest:
                found.append(f"the process {claim.owner or 'that began it'} ended")
        return found


def heart_count(path: Path) -> int:
    """The count of a heart; 0 where there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def claims_in(folder: Path) -> Iterator[Claim]:
    """All claims of a study, whoever made them."""
    for path in disk.listed(folder):
        name = CLAIM.fullmatch(path.name)
        if name is not None:
            yield read_claim(path, name["group"], int(name["generation"]))


def read_claim(path: Path, group: str, generation: int) -> Claim:
    """A claim from its file; without an owner where that was cut off."""
    try:
        known = json.loads(path.read_text())
        return Claim(**known)
    except (OSError, ValueError, TypeError):
        return Claim(group, generation)


def clear(folder: Path) -> None:
    """Take all claims on a study away, when it is computed together no more."""
    files.discard(folder / FOLDER)
