"""What a disk refuses, in one sentence: what was to be kept, where, why, what to do."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from analysis.core import settings
from analysis.core.errors import DiskError

TEMPORARY = ".tmp-"
"""How names of what is not whole yet begin."""
HOME = "BABELSCOPE_HOME"
FULL = 2**20
"""Free bytes below which nothing more can be kept."""


LOOKING = (
    f"this Babelscope is for reading only ({settings.READ_ONLY}), so nothing is kept, "
    "changed, fetched or sent. Ask who runs it, or install your own"
)
"""Why nothing is done where visitors may only look."""
BROUGHT = ("models", "fonts")
"""Folders of Babelscope's own to which only its operator writes."""


class Reason(NamedTuple):
    """Why a disk refuses something, and what to do about it."""

    why: str
    remedy: str


ELSEWHERE = "Choose another folder{setting}, or mend this one, and do it again"
REASONS = {
    "ENOSPC": Reason("the disk is full", "Make room on it and do it again"),
    "EDQUOT": Reason(
        "the quota of this account is used up",
        "Remove files of it or ask for more, and do it again",
    ),
    "EFBIG": Reason("the file is too large for this disk", ELSEWHERE),
    "EROFS": Reason("the disk is read-only", ELSEWHERE),
    "EACCES": Reason("this account has no right to it", ELSEWHERE),
    "EPERM": Reason("this account has no right to it", ELSEWHERE),
    "ENOTDIR": Reason("a file is where a folder is needed", ELSEWHERE),
    "EEXIST": Reason("something else is in its place", ELSEWHERE),
    "ENOENT": Reason(
        "it or its folder is gone; somebody else may have deleted it",
        "Look what is there, and do it again",
    ),
    "ENAMETOOLONG": Reason("its path is too long for this disk", ELSEWHERE),
    "ELOOP": Reason("its folder is a link that leads to itself", ELSEWHERE),
    "EXDEV": Reason(
        "it would have to go to another disk",
        "Put all folders{setting} on one disk, and do it again",
    ),
    "EIO": Reason("the disk reports a fault", "Check the disk, and do it again"),
    "ESTALE": Reason(
        "the disk of another machine went away", "Wait until it is back, do it again"
    ),
    "EMFILE": Reason("too many files are open", "Wait a moment and do it again"),
    "ENFILE": Reason("too many files are open", "Wait a moment and do it again"),
    "ENOLCK": Reason(
        "the disk has no locks, and without them two jobs could spoil one file",
        "Mount it with locks, or choose a folder of another disk{setting}",
    ),
}
"""Errors of the system, by their names in ``errno``, which not every system has all of."""
UNLOCKED = ("ENOSYS", "ENOTSUP", "EOPNOTSUPP")
"""Further names of a disk without locks, where a lock is what was asked for."""


class Place(NamedTuple):
    """A file or folder in words, and the setting that says where it is."""

    words: str
    setting: str = ""


SCRATCH = Place("A file in the system's folder for temporary files", "TMPDIR")


def place(path: Path) -> Place:
    """Where something is; inside Babelscope's own folder without the folders above it."""
    home = Path(os.path.realpath(settings.home()))
    real = Path(os.path.realpath(path.parent)) / path.name
    if path == settings.home() or real == home:
        return Place("Babelscope's folder", HOME)
    if not real.is_relative_to(home):
        return Place(f"“{path}”")
    inside = real.relative_to(home).as_posix()
    return Place(f"“{inside}” in Babelscope's folder", HOME)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let DiskError say what the disk refuses while a file or folder is written."""
    with disk_errors(path, "kept"):
        yield


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Let DiskError say what the disk refuses while a file or folder is read."""
    with disk_errors(path, "read"):
        yield


@contextmanager
def removing(path: Path) -> Iterator[None]:
    """Let DiskError say what the disk refuses while a file or folder is removed."""
    with disk_errors(path, "removed"):
        yield


@contextmanager
def locking(path: Path) -> Iterator[None]:
    """Let DiskError say what the disk refuses while a file or folder is locked."""
    with disk_errors(path, "locked"):
        yield


@contextmanager
def scratch() -> Iterator[None]:
    """Let DiskError say that there is no room for what is kept for a moment only."""
    try:
        yield
    except OSError as error:
        raise DiskError(sentence(error, SCRATCH, "kept")) from error


@contextmanager
def disk_errors(path: Path, done: str) -> Iterator[None]:
    """Turn what the system raises into a DiskError.

    Inside a folder that is being made the fault is told of the whole folder, by whoever
    makes it. In Babelscope's own folder nothing is done at all where visitors may only
    look.
    """
    if done != "read":
        check_may_change(path, done)
    try:
        yield
    except OSError as error:
        if any(part.startswith(TEMPORARY) for part in path.parts):
            raise
        raise DiskError(sentence(error, place(path), done)) from error


def check_may_change(path: Path, done: str) -> None:
    """DiskError for something in Babelscope's folder where visitors may only look."""
    if not settings.read_only():
        return
    where = place(path)
    if where.setting == HOME:
        raise DiskError(f"{where.words} was not {done}: {LOOKING}.")


def check_may(what: str) -> None:
    """DiskError for what leaves Babelscope's folder, such as a fetch, in the same case."""
    if settings.read_only():
        raise DiskError(f"{what} was not begun: {LOOKING}.")


def sentence(error: OSError, where: Place, done: str) -> str:
    """What could not be kept, read, removed or locked, where, why, and what to do."""
    reason = reason_of(error, done)
    kept = " What was kept before is whole." if done == "kept" else ""
    remedy = remedy_of(reason, where)
    return f"{where.words} could not be {done}: {reason.why}.{kept} {remedy}"


def remedy_of(reason: Reason, where: Place) -> str:
    """What to do, with the setting that says where the folder is."""
    setting = f" ({where.setting})" if where.setting else ""
    return reason.remedy.format(setting=setting) + "."


def reason_of(error: OSError, done: str) -> Reason:
    """Why the system refused something."""
    name = errno.errorcode.get(error.errno or 0, "")
    if done == "locked" and name in UNLOCKED:
        name = "ENOLCK"
    said = error.strerror or str(error) or type(error).__name__
    unknown = Reason(f"the system says “{said}”", ELSEWHERE)
    return REASONS.get(name, unknown)


def is_refusal(error: Exception) -> bool:
    """Whether an error is of a disk, and not of what was looked for on it."""
    if not isinstance(error, OSError):
        return False
    name = errno.errorcode.get(error.errno or 0, "")
    return name in REASONS and name not in ("ENOENT", "EEXIST")


def listed(folder: Path) -> list[Path]:
    """What is in a folder, by name.

    Nothing where it is missing or may not be read, of which ``trouble`` tells.
    """
    try:
        # Paths of one folder differ in their names alone, which are compared far faster.
        return sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError:
        return []


def trouble() -> str:
    """What hinders keeping anything or reading models, in a sentence; “” if nothing.

    Babelscope's folder may be missing as long as it can be made.
    """
    if settings.read_only():
        return f"Look around: {LOOKING}."
    home = settings.home()
    for folder in (home, *folders_in(home)):
        number = refusal(folder)
        if number:
            where = place(folder)
            reason = reason_of(OSError(number, os.strerror(number)), "kept")
            return (
                f"Nothing can be kept in {where.words}: {reason.why}. What can be read "
                f"is shown. {remedy_of(reason, where)}"
            )
    hidden = [folder.name for folder in settings.model_folders() if is_shut(folder)]
    if hidden:
        return (
            f"The models in “{hidden[0]}” (BABELSCOPE_MODELS) cannot be read, so they "
            "are not offered: this account has no right to that folder."
        )
    return ""


def is_shut(folder: Path) -> bool:
    """Whether a folder is there and may not be looked into."""
    try:
        return folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK)
    except OSError:
        return True


def folders_in(home: Path) -> list[Path]:
    """The folders right in Babelscope's own that it writes to."""
    found = []
    for folder in listed(home):
        if folder.name not in BROUGHT and folder.is_dir():
            found.append(folder)
    return found


def refusal(folder: Path) -> int:
    """The number of the error with which a folder would refuse a new file; 0 if none.

    For one that is missing it is that of the lowest folder above it.
    """
    try:
        there = nearest_folder(folder)
        if not there.is_dir():
            return errno.ENOTDIR
        if is_read_only(there):
            return errno.EROFS
        if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
            return errno.EACCES
        if shutil.disk_usage(there).free < FULL:
            return errno.ENOSPC
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def nearest_folder(wanted: Path) -> Path:
    """What is there of a path: itself, or the lowest one above it that is."""
    for path in (wanted, *wanted.absolute().parents):
        try:
            path.stat()
        except FileNotFoundError:
            # A link that leads nowhere is in the way all the same.
            if not path.is_symlink():
                continue
        return path
    return wanted


def is_read_only(folder: Path) -> bool:
    """Whether the whole disk of a folder is; False where the system does not say."""
    if not hasattr(os, "statvfs"):
        return False
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
