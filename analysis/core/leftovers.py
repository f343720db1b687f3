"""What killed processes left behind: names of what is not whole yet, and their sweeping."""

import hashlib
import os
import re
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from analysis.core.disk import TEMPORARY

NUMBERED = Path("/proc/self/ns/pid")
"""Where Linux says which processes are numbered together."""


def host() -> str:
    """Tells apart what shares a folder and numbers its processes by itself.

    Machines do, and so do containers, even of one name.
    """
    name = socket.gethostname()
    with suppress(OSError):
        name += str(NUMBERED.readlink())
    return hashlib.sha256(name.encode()).hexdigest()[:8]


HOST = host()
OURS = re.compile(re.escape(TEMPORARY) + r"([0-9a-f]{8})-(\d+)-[0-9a-f]{8}")
OLD = re.compile(re.escape(TEMPORARY) + r"(\d+-[0-9a-f]{8}|upload-\d+)")
"""How earlier versions named them."""
ABANDONED = 86_400
"""Seconds after which nobody writes to it any more, on whatever machine."""
DEPTH = 2
"""Folders in folders in which anything is written."""


def temporary_beside(path: Path) -> Path:
    """A hidden name in the same folder that no other process, thread or call uses."""
    unique = uuid.uuid4().hex[:8]
    return path.with_name(f"{TEMPORARY}{HOST}-{os.getpid()}-{unique}")


def sweep(home: Path) -> list[Path]:
    """Remove what killed processes left in Babelscope's folder; returns what that was.

    What a live process may still write to stays, and so does what cannot be removed.
    """
    swept = []
    for path in list(temporary_in(home, DEPTH)):
        with suppress(OSError):
            if is_left_over(path):
                remove(path)
                swept.append(path)
    return swept


def temporary_in(folder: Path, depth: int) -> Iterator[Path]:
    """Everything under a temporary name in a folder and in those below it."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        if OURS.fullmatch(entry.name) or OLD.fullmatch(entry.name):
            yield path
        elif depth and entry.is_dir(follow_symlinks=False):
            yield from temporary_in(path, depth - 1)


def is_left_over(path: Path) -> bool:
    """Whether the process that wrote under a temporary name is gone."""
    written = path.lstat().st_mtime
    if time.time() - written > ABANDONED:
        return True
    named = OURS.fullmatch(path.name)
    if named is None or named[1] != HOST:
        return False
    try:
        begun = psutil.Process(int(named[2])).create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
    # A later process may have been given the same number.
    return begun > written + 1


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
