"""The one place that writes: whole or not at all, for any number of processes at once.

What the disk refuses is a DiskError, which says what could not be kept, where and why.
"""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.core import disk
from analysis.core.errors import DiskError
from analysis.core.leftovers import temporary_beside

WINDOWS = os.name == "nt"
PATIENCE = 2.0
"""Seconds for which Windows may refuse to replace a file that somebody reads."""
UNSYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)
"""Errors of disks and folders that do not let a folder be synced."""


class Taken(Exception):
    """Something of that name is there already."""


class Held(Exception):
    """Another process or thread holds the lock."""


def write_file(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, fsync it and rename it into place.

    Whoever reads meanwhile sees the old file or the new one; of two writers the last wins.
    """
    with disk.writing(path):
        temporary = temporary_beside(path)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            put_in_place(temporary, path)
        except BaseException:
            discard(temporary)
            raise
        sync_folder(path.parent)


def write_output(path: Path, data: bytes) -> None:
    """Write a file that a user named; a link, a pipe or a device is written through.

    DiskError where its folder does not exist, or it is a folder itself.
    """
    if path.is_dir():
        raise DiskError(
            f"“{path}” could not be kept: it is a folder. Name a file in it."
        )
    if not path.parent.is_dir():
        raise DiskError(
            f"“{path}” could not be kept: there is no folder “{path.parent}”. Make it, or "
            "choose another one."
        )
    if path.is_symlink() or (path.exists() and not path.is_file()):
        with disk.writing(path):
            path.write_bytes(data)
    else:
        write_file(path, data)


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename a file over another one, which Windows refuses while that is read."""
    begun = time.monotonic()
    while True:
        try:
            temporary.replace(path)
            return
        except PermissionError:
            if not WINDOWS or time.monotonic() - begun > PATIENCE:
                raise
        time.sleep(0.01)


def make_folder(folder: Path) -> Path:
    """The folder, made with those above it where it is missing."""
    with disk.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def wanted_folder(folder: Path) -> Path:
    """The same where readers can do without it: who writes is told what hinders it."""
    with suppress(DiskError):
        make_folder(folder)
    return folder


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder under a temporary name, which gets its own when the context ends.

    After an error there is none. Taken when the name is.
    """
    with temporary_folder(folder) as temporary:
        yield temporary
        name_folder(temporary, folder)


@contextmanager
def temporary_folder(wanted: Path) -> Iterator[Path]:
    """A folder beside the one that is wanted, gone in the end unless it was renamed."""
    temporary = temporary_beside(wanted)
    with disk.writing(wanted):
        temporary.mkdir(parents=True)
        try:
            yield temporary
        finally:
            discard(temporary)


def name_folder(temporary: Path, folder: Path) -> None:
    """Rename a folder to a name that is free; Taken when it is not."""
    # An empty folder would be replaced without a word.
    if folder.exists():
        raise Taken(folder)
    try:
        temporary.rename(folder)
    except OSError as error:
        # Another process may have made it since it was looked for.
        if folder.exists():
            raise Taken(folder) from error
        raise
    sync_folder(folder.parent)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder."""
    with disk.writing(target):
        source.rename(target)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all in it; nothing happens when it is gone."""
    with disk.removing(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Remove a file or folder, if that can be done."""
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold a lock, the system's own, which it takes back from a process that is killed.

    Held when another has it, unless that is to be waited for.
    """
    lock = FileLock(path, blocking=wait)
    with disk.locking(path):
        try:
            lock.acquire()
        except Timeout as error:
            raise Held(path) from error
    try:
        yield
    finally:
        lock.release()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the disk has a way to do that."""
    if WINDOWS:  # opens no folders, and keeps renames by itself
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in UNSYNCED:
            raise
