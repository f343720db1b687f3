"""The first moments of the command, before any package is read, and its last ones.

Ctrl+C meanwhile would end in a traceback of whatever is just read.
"""

import os
import signal
import sys
from types import FrameType

STOPPED = 130
"""The exit status after Ctrl+C, as shells have it."""
FAULTY = 2
STDERR = 2
SENTENCE = b"Stopped before anything was computed; nothing is half done.\n"


def is_the_command() -> bool:
    """Whether this process is the command, and not a script that uses the package."""
    _, _, name = sys.argv[0].replace("\\", "/").rpartition("/")
    pairs = zip(sys.orig_argv, sys.orig_argv[1:])
    return name in ("babelscope", "babelscope.exe") or ("-m", "babelscope") in pairs


def begin() -> None:
    """Check where the rooms are found, and end the command at once when it is stopped.

    ImportError for somebody else's rooms; for the command its sentence, without more.
    """
    if not is_the_command():
        check()
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end_at_once)
    try:
        check()
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(FAULTY)


def check() -> None:
    """Raise ImportError when Python finds somebody else's package of a room's name."""
    from babelscope.house import check

    check()


def end_at_once(number: int, frame: FrameType | None) -> None:
    """Say that nothing was done, and end."""
    os.write(STDERR, SENTENCE)
    os._exit(STOPPED)


def work_begins() -> None:
    """From now on Ctrl+C is heard by whoever works."""
    if signal.getsignal(signal.SIGINT) is end_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def work_is_done() -> None:
    """Nothing is left to stop; the end of Python itself is not to be disturbed."""
    if is_the_command():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
