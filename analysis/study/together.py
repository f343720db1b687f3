"""Several processes, on any machines that share a folder, compute one study together.

Cells that belong together are a group: what computes one of them has what the others
need. Each group is claimed before it is computed. Whoever comes last folds all into the
manifest, and the study is as one process would have left it, to the byte.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.core.counting import count_are
from analysis.core.errors import DiskError, SpecError, Stopped, StudyError
from analysis.study import claims, commits, store
from analysis.study.claims import LEASE, TRIES, Claims
from analysis.study.manifest import FolderManifest, Manifest

Progress = Callable[[int, int, str], None]
"""Called with how many cells are done, of how many, and which one is next."""
SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")
FOLD = "fold"
"""The claim on folding; no group is called so."""
WAITING = "waiting for other processes"
PAUSE = 0.2
"""Seconds between two attempts at what one process alone may do, and before the second
look whether others have left something to do; later looks are rarer."""


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


@dataclass(frozen=True)
class Plan:
    """What several processes compute together: groups of cells, and how one is computed.

    ``work`` computes the cells of a group that are missing and commits each; ``finish``
    is done by whoever folds, once nothing is missing; ``kind`` is the manifest's.
    """

    groups: Sequence[Group]
    work: Callable[[Group], None]
    finish: Callable[[Path], None] = leave_it
    kind: type[FolderManifest] = Manifest


def compute(folder: Path, plan: Plan, progress: Progress, shard: Shard) -> None:
    """Compute what is missing of a plan with whoever else does, and fold it.

    ``progress`` gets (groups that are there, of how many, what is done) and may raise to
    stop. StudyError for groups that failed three times; all others are there then, but
    for those that need one that failed.
    """
    store.share(folder)
    if not missing(folder, plan):
        wait_for_others(folder, progress, len(plan.groups), shard)
    if not commits.are_shared(folder):
        return
    with Claims(folder, shard.lease) as own:
        taking_turns(folder, plan, progress, shard, own)
        failed = set_aside(folder, plan, own)
        fold(folder, plan, own)
    if failed:
        raise StudyError(
            f"{count_are(len(failed), 'part')} of {folder.name} set aside after failing "
            f"{TRIES} times. Everything that does not need it is computed. "
            f"{'; '.join(failed)}"
        )


def wait_for_others(folder: Path, progress: Progress, of: int, shard: Shard) -> None:
    """Leave the folding to those who live, who may compute what comes next by now."""
    progress(of, of, WAITING)
    while commits.are_shared(folder) and claims.hearts(folder, shard.lease):
        progress(of, of, WAITING)


def settle(folder: Path, progress: Progress, shard: Shard) -> None:
    """Fold a study in which nothing is missing, where all who shared it were killed."""
    if commits.are_shared(folder):
        nothing = Plan((), lambda group: None, store.seal)
        compute(folder, nothing, progress, shard)


def once(
    is_due: Callable[[], bool], do: Callable[[], None], progress: Progress
) -> None:
    """Do what one process alone may do, unless another does: then that is waited for.

    ``do`` raises InUse where another holds the study; ``progress`` may raise to stop.
    """
    while is_due():
        try:
            do()
            return
        except store.InUse:
            progress(0, 0, WAITING)
            time.sleep(PAUSE)


def taking_turns(
    folder: Path, plan: Plan, progress: Progress, shard: Shard, own: Claims
) -> None:
    """Take a group after the other, until none is missing that can still be had.

    It is over too where somebody else has folded the study.
    """
    groups = plan.groups
    done, pause = 0, PAUSE
    while not own.are_over:
        if another_folds(own):
            # It lists what comes next before it ends what is shared: what one began and
            # told of until then would be lost, and computed again.
            progress(done, len(groups), WAITING)
            own.stopped.wait(PAUSE)
            continue
        waiting = missing(folder, plan)
        lost = own.lost_of(group.name for group in waiting)
        wanted = [group for group in waiting if len(lost[group.name]) < TRIES]
        done = len(groups) - len(waiting)
        if not any(can_begin(group, waiting) for group in wanted):
            return
        taken = first_taken(list(in_turn(wanted, groups, shard)), waiting, own)
        if taken is None:
            progress(done, len(groups), WAITING)
            own.stopped.wait(pause)
            pause = min(2 * pause, shard.lease / claims.BEATS)
            continue
        pause = PAUSE
        if taken not in missing(folder, plan):
            # Its owner was done, and gone, after this one had looked what is missing.
            own.done(taken.name)
            continue
        progress(done, len(groups), taken.name)
        attempt(taken, plan.work, own)


def another_folds(own: Claims) -> bool:
    """Whether another process, which lives, puts together what was added."""
    last = own.last(FOLD)
    if last is None or last.released or last.owner == own.owner:
        return False
    return not own.is_dead(last)


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


def missing(folder: Path, plan: Plan) -> list[Group]:
    """Groups of which some cell is not there yet."""
    there = store.read_as(plan.kind, folder).keys
    return [group for group in plan.groups if not group.keys <= there]


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


def set_aside(folder: Path, plan: Plan, own: Claims) -> list[str]:
    """What became of the groups that nobody could compute, the last error of each."""
    lost = own.lost_of(group.name for group in missing(folder, plan))
    return [errors[-1] for errors in lost.values() if errors]


def fold(folder: Path, plan: Plan, own: Claims) -> None:
    """Fold what was added into the manifest, unless another process does."""
    order = [file for group in plan.groups for file in group.files]
    while commits.are_shared(folder) and not own.are_over:
        if own.take(FOLD) and not own.are_over:
            store.fold(folder, order, plan.kind)
            if not missing(folder, plan):
                plan.finish(folder)
            # Last, so that nobody begins anew while files are merged.
            commits.end(folder)
        own.stopped.wait(0.05)
