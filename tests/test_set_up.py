"""Setting up says what it installs, how far it is, and what went wrong."""

import io
import sys
from pathlib import Path

import install

ROOT = Path(__file__).parent.parent
PIP = """Looking in links: /somewhere
Collecting torch==2.13.0 (from -r requirements.txt (line 3))
  Downloading torch-2.13.0-cp311-cp311-linux_x86_64.whl (188.4 MB)
Collecting filelock>=3 (from torch)
  Using cached filelock-4.3.1-py3-none-any.whl.metadata (2.1 kB)
Installing collected packages: filelock, torch
"""


class Terminal(io.StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def talking(text: str, code: int = 0) -> list[str]:
    """A command that says a text and ends with a code."""
    program = (
        f"import sys, time; print({text!r}, end='', flush=True); time.sleep(0.2); "
    )
    return [sys.executable, "-c", f"{program}sys.exit({code})"]


def test_progress_names_packages_sizes_and_counts() -> None:
    """Each line of pip changes what is said of how far it is."""
    progress = install.Progress("1 of 2: PyTorch")
    seen = []
    for line in PIP.splitlines():
        progress.hear(line)
        seen.append(progress.words())
    assert seen[0] == "1 of 2: PyTorch: asking what is needed"
    assert "package 1, fetching torch-2.13.0 (188.4 MB)" in seen[2]
    assert "package 2, looking at filelock" in seen[3]
    assert seen[-1] == "1 of 2: PyTorch: installing, 0 of 2 packages"


def test_a_terminal_sees_a_line_that_moves_and_the_end() -> None:
    """In a terminal one line moves; nothing of pip's own is left."""
    out = Terminal()
    assert install.follow(talking(PIP), "PyTorch", out) == 0
    assert "\r" in out.getvalue()
    last = out.getvalue().rsplit("\r", 1)[-1]
    assert last.startswith("PyTorch: 2 packages installed in ")
    assert "Looking in" not in out.getvalue()


def test_a_log_stays_short() -> None:
    """A log has two lines of each stage."""
    out = io.StringIO()
    assert install.follow(talking(PIP), "PyTorch", out) == 0
    assert len(out.getvalue().splitlines()) == 2


def test_what_pip_said_is_shown_when_it_fails() -> None:
    """A failure shows all that pip said, and its code."""
    out = io.StringIO()
    assert install.follow(talking("ERROR: no disk\n", 3), "PyTorch", out) == 3
    assert "ERROR: no disk" in out.getvalue()
    assert "pip failed" in out.getvalue()


def test_make_says_each_stage_and_where_the_address_is() -> None:
    """No stage of the set-up is silent."""
    rules = (ROOT / "Makefile").read_text("utf-8")
    assert "--quiet" not in rules
    assert rules.count("install.py") == 3
    assert "address to open" in rules
