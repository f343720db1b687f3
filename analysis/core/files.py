"""Writing files whole or not at all, safe for any number of processes at once."""

import os
import uuid
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, fsync it and rename it into place.

    Whoever reads meanwhile sees the old file or the new one; of two writers the last wins.
    """
    temporary = temporary_beside(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def temporary_beside(path: Path) -> Path:
    """A hidden name in the same folder that no other process, thread or call uses."""
    unique = uuid.uuid4().hex[:8]
    return path.with_name(f".tmp-{os.getpid()}-{unique}")


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    if os.name == "nt":  # Windows opens no folders, and keeps renames by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
