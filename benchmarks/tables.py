"""Time every reader of tables on a million rows: ``python -m benchmarks.tables [rows
[name …]]``.

Each file is read in a process of its own, which tells its processor time, its wall time,
and by how much its memory grew at most beyond the file itself. At most 20 s of processor
time and 500 MiB are allowed for a million rows.
"""

import gc
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.large import FILES, write

ROWS = 1_000_000
MOST_SECONDS, MOST_MIB = 20, 500
STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")
"""Where Linux tells a process's memory, and forgets how much that was at most."""


def resident(what: str) -> int:
    """Bytes of this process's memory: VmRSS now, or VmHWM at most."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def read_one(name: str, path: Path) -> None:
    """Read a file, print what that takes, and say how its digest is had."""
    data = path.read_bytes()
    gc.collect()
    FORGET.write_text("5")
    before = resident("VmRSS")
    processor, wall = time.process_time(), time.perf_counter()
    found = FILES[name][0](data, path.name)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    most = (resident("VmHWM") - before) / 2**20
    kept = (resident("VmRSS") - before) / 2**20
    begun = time.process_time()
    known = getattr(found, "digest", "")
    digest = time.process_time() - begun
    after = (resident("VmHWM") - before) / 2**20
    told = "" if processor <= MOST_SECONDS and most <= MOST_MIB else "  TOO MUCH"
    print(
        f"{name:<24} {len(data) / 2**20:5.0f} MiB: {processor:5.1f} s of processor, "
        f"{wall:5.1f} s, {most:5.0f} MiB at most, {kept:5.0f} kept; digest {known} "
        f"{digest:4.1f} s, {after:5.0f} MiB at most{told}",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Make the files and read each in a process of its own."""
    if arguments[:1] == ["--one"]:
        read_one(arguments[1], Path(arguments[2]))
        return
    rows = int(arguments[0]) if arguments else ROWS
    for name in arguments[1:] or FILES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            write(path, FILES[name][1], rows)
            command = [sys.executable, "-m", "benchmarks.tables", "--one", name]
            subprocess.run([*command, str(path)], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
