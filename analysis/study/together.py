"""Several processes, on any machines that share a folder, compute one study together.

Cells that belong together are a group: what computes one of them has what the others
need. Each group is claimed before it is computed. Whoever comes last folds all into the
manifest, and the study is as one process would have left it, to the byte.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.core.counting import count_are
from analysis.core.errors import DiskError, SpecError, Stopped, StudyError
from analysis.study import claims, commits, store
from analysis.study.claims import LEASE, TRIES, Claims

Progress = Callable[[int, int, str], None]
"""Called with how many cells are done, of how many, and which one is next."""
SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")
FOLD = "fold"
"""The claim on folding; no group is called so."""


@dataclass(frozen=True)
class Shard:
    """Which of several processes this is, from 1; it begins at its own share.

    All go on with whatever is missing: a shard that never starts holds up nothing.
    """

    number: int = 1
    of: int = 1
    lease: float = LEASE


@dataclass(frozen=True)
class Group:
    """Cells that one process computes: ``keys`` are the tensors that are there then.

    ``files`` name what the cells write; ``after`` is a group that must be there before.
    """

    name: str
    keys: frozenset[str]
    files: tuple[str, ...]
    after: str = ""


def without_progress(done: int, of: int, doing: str) -> None:
    """Tell nobody."""


def leave_it(folder: Path) -> None:
    """Finish nothing."""


def read_shard(text: str) -> Shard:
    """A shard as k/n, k from 1 to n; SpecError for anything else.

    >>> read_shard("2/8")
    Shard(number=2, of=8, lease=60.0)
    """
    found = SHARD.fullmatch(text)
    if found is not None:
        number, of = map(int, found.groups())
        if 1 <= number <= of:
            return Shard(number, of)
    raise SpecError(
        f"A shard is written k/n with k from 1 to n, such as 1/8; given is “{text[:60]}”."
    )


def compute(
    folder: Path,
    groups: Sequence[Group],
    work: Callable[[Group], None],
    progress: Progress,
    shard: Shard,
    finish: Callable[[Path], None] = leave_it,
) -> None:
    """Compute what is missing of some groups with whoever else does, and fold it.

    ``work`` computes the cells of a group that are missing and commits each; ``finish``
    is done by whoever folds, once nothing is missing. ``progress`` gets (groups that are
    there, of how many, what is done) and may raise to stop. StudyError for groups that
    failed three times; all others are there then.
    """
    store.share(folder)
    if not missing(folder, groups):
        wait_for_others(folder, progress, len(groups), shard)
    if not commits.are_shared(folder):
        return
    with Claims(folder, shard.lease) as own:
        taking_turns(folder, groups, work, progress, shard, own)
        failed = set_aside(folder, groups, own)
        fold(folder, groups, own, finish)
    if failed:
        raise StudyError(
            f"{count_are(len(failed), 'part')} of {folder.name} set aside after failing "
            f"{TRIES} times, and everything else is computed. {'; '.join(failed)}"
        )


def wait_for_others(folder: Path, progress: Progress, of: int, shard: Shard) -> None:
    """Leave the folding to those who live, who may compute what comes next by now."""
    progress(of, of, "waiting for other processes")
    while commits.are_shared(folder) and claims.hearts(folder, shard.lease):
        progress(of, of, "waiting for other processes")


def settle(folder: Path, progress: Progress, shard: Shard) -> None:
    """Fold a study in which nothing is missing, where all who shared it were killed."""
    if commits.are_shared(folder):
        compute(folder, (), lambda group: None, progress, shard, store.seal)


def taking_turns(
    folder: Path,
    groups: Sequence[Group],
    work: Callable[[Group], None],
    progress: Progress,
    shard: Shard,
    own: Claims,
) -> None:
    """Take a group after the other, until none is missing that can still be had."""
    while True:
        waiting = missing(folder, groups)
        wanted = [group for group in waiting if len(own.lost(group.name)) < TRIES]
        done = len(groups) - len(waiting)
        if not any(can_begin(group, waiting) for group in wanted):
            return
        taken = first_taken(list(in_turn(wanted, groups, shard)), waiting, own)
        if taken is None:
            progress(done, len(groups), "waiting for other processes")
            own.stopped.wait(shard.lease / claims.BEATS)
            continue
        progress(done, len(groups), taken.name)
        attempt(taken, work, own)


def first_taken(
    wanted: Sequence[Group], waiting: Sequence[Group], own: Claims
) -> Group | None:
    """The first group that could be claimed; None where others have all."""
    for group in wanted:
        if can_begin(group, waiting) and own.take(group.name):
            deaths = own.lost(group.name)
            if len(deaths) < TRIES:
                return group
            # Whoever held it last has died as well, as this take has just found out.
            own.release(group.name, f"{group.name}: {deaths[-1]}")
    return None


def attempt(group: Group, work: Callable[[Group], None], own: Claims) -> None:
    """Compute a group; what fails is told in its claim, and others may try."""
    try:
        work(group)
    except (Stopped, DiskError):
        # Not the group's fault: another process may have room, or go on.
        own.release(group.name)
        raise
    except Exception as error:
        own.release(group.name, f"{group.name}: {error}"[:1000])
    else:
        own.done(group.name)


def missing(folder: Path, groups: Sequence[Group]) -> list[Group]:
    """Groups of which some cell is not there yet."""
    there = store.read_manifest(folder).keys
    return [group for group in groups if not group.keys <= there]


def can_begin(group: Group, waiting: Sequence[Group]) -> bool:
    """Whether what a group needs is there."""
    return all(group.after != other.name for other in waiting)


def in_turn(
    wanted: Sequence[Group], groups: Sequence[Group], shard: Shard
) -> Iterator[Group]:
    """Groups from a shard's own share on, so that processes begin at different ones."""
    begin = (shard.number - 1) * len(groups) // shard.of
    first = set(groups[begin:])
    yield from (group for group in wanted if group in first)
    yield from (group for group in wanted if group not in first)


def set_aside(folder: Path, groups: Sequence[Group], own: Claims) -> list[str]:
    """What became of the groups that nobody could compute, the last error of each."""
    found = []
    for group in missing(folder, groups):
        errors = own.lost(group.name)
        if errors:
            found.append(errors[-1])
    return found


def fold(
    folder: Path,
    groups: Sequence[Group],
    own: Claims,
    finish: Callable[[Path], None],
) -> None:
    """Fold what was added into the manifest, unless another process does."""
    order = [file for group in groups for file in group.files]
    while commits.are_shared(folder) and not own.are_over:
        if own.take(FOLD) and not own.are_over:
            store.fold(folder, order)
            if not missing(folder, groups):
                finish(folder)
            # Last, so that nobody begins anew while files are merged.
            commits.end(folder)
        own.stopped.wait(0.05)
