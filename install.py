"""Install packages, and say what and how far; needs nothing but Python and pip.

``python install.py "PyTorch" torch==2.13.0``: a terminal sees one line that moves, a file
or a log sees a line at each stage. When pip fails, all that it said is shown.
"""

import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

TICK = 0.5
"""Seconds between two looks at how far it is."""
WIDEST = 78
"""Characters of the line that moves."""
COLLECTING = re.compile(r"Collecting ([^\s<>=!~;\[]+)")
FETCHING = re.compile(
    r"\s*(?:Downloading|Using cached) (\S+?)(?:\.metadata)? \(([\d.]+ [kMG]?B)\)"
)
INSTALLING = re.compile(r"Installing collected packages: (.+)")


@dataclass
class Progress:
    """How far pip is: packages found, what it fetches, and how many it installs."""

    what: str
    found: int = 0
    doing: str = "asking what is needed"
    installing: int = 0
    there: int = 0
    said: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take in a line of pip."""
        self.said.append(line)
        package = COLLECTING.match(line)
        if package:
            self.found += 1
            self.doing = f"looking at {package[1]}"
        file = FETCHING.match(line)
        if file:
            name = "-".join(file[1].split("-")[:2])
            self.doing = f"fetching {name} ({file[2]})"
        chosen = INSTALLING.match(line)
        if chosen:
            self.installing = len(chosen[1].split(","))
            self.there = len(installed())

    def words(self) -> str:
        """How far it is, in a line."""
        if self.installing:
            done = min(self.installing, max(0, len(installed()) - self.there))
            return f"{self.what}: installing, {done} of {self.installing} packages"
        if not self.found:
            return f"{self.what}: {self.doing}"
        return f"{self.what}: package {self.found}, {self.doing}"


def installed() -> list[Path]:
    """What says of a package that it is installed."""
    return list(Path(sysconfig.get_path("purelib")).glob("*.dist-info"))


def follow(command: Sequence[str], what: str, out: TextIO) -> int:
    """Run pip and say how far it is; its exit code."""
    began = time.monotonic()
    progress = Progress(what)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        listener = threading.Thread(target=listen, args=(pip, progress))
        listener.start()
        if out.isatty():
            move(listener, progress, out)
        else:
            print(f"{what} …", file=out, flush=True)
        listener.join()
    code = pip.returncode
    seconds = time.monotonic() - began
    tell_end(code, progress, seconds, out)
    return code


def listen(pip: subprocess.Popen[str], progress: Progress) -> None:
    """Hear all that pip says."""
    assert pip.stdout is not None
    for line in pip.stdout:
        progress.hear(line.rstrip("\n"))


def move(listener: threading.Thread, progress: Progress, out: TextIO) -> None:
    """The line that moves, as long as pip talks."""
    began = time.monotonic()
    while listener.is_alive():
        line = f"{progress.words()} · {time.monotonic() - began:.0f} s"
        out.write(f"\r{line[:WIDEST]:<{WIDEST}}")
        out.flush()
        listener.join(TICK)
    out.write("\r" + " " * WIDEST + "\r")


def tell_end(code: int, progress: Progress, seconds: float, out: TextIO) -> None:
    """That it is done, or all that pip said."""
    if code:
        print("\n".join(progress.said), file=out)
        print(f"{progress.what}: pip failed; its own words are above.", file=out)
        return
    many = f"{progress.installing} packages" if progress.installing else "nothing new"
    if progress.installing == 1:
        many = "1 package"
    print(f"{progress.what}: {many} installed in {seconds:.0f} s.", file=out)


def main(arguments: Sequence[str]) -> int:
    """Install what the arguments after the first say, under the first as its name."""
    what, *wanted = arguments
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    return follow([*pip, "--progress-bar", "off", *wanted], what, sys.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
