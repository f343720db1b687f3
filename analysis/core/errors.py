"""Errors that are the user's to mend.

Each message says what was given, what is allowed and what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from analysis.core.keys import told_apart, visible_form

MOST_QUOTED = 120
"""Letters of what was given that a message repeats."""


class AnalysisError(Exception):
    """Something a user can mend; pages show its message and go on."""


class SpecError(AnalysisError):
    """A choice that does not exist or does not fit."""


class CorpusError(AnalysisError):
    """A file of users that cannot be used.

    ``faults`` lists what is wrong; of a kind with very many only the first, and how many
    more there are. ``count`` is how many there are in all.
    """

    def __init__(
        self, message: str, faults: Iterable[str] = (), count: int | None = None
    ) -> None:
        self.faults = tuple(faults)
        self.count = len(self.faults) if count is None else count
        super().__init__(message)


def untold(sentence: str, faults: Iterable[str]) -> tuple[str, ...]:
    """The faults to be listed under a sentence: none if it quotes them all."""
    listed = tuple(faults)
    if all(fault in sentence for fault in listed):
        return ()
    return listed


class ModelError(AnalysisError):
    """A model that cannot be found, fetched, trusted or loaded."""


class StudyError(AnalysisError):
    """A study that cannot be opened, written, packed or found."""


class DiskError(AnalysisError):
    """A file or folder that the disk does not let be kept, read or locked."""


class FigureError(AnalysisError):
    """A figure that cannot be drawn, printed, kept or read back."""


class Stopped(AnalysisError):
    """The user stopped a job; what was finished is kept."""


def nearest(given: str, allowed: Iterable[str]) -> str:
    """A clause naming the nearest allowed name, or an empty string."""
    names = {name.casefold(): name for name in allowed}
    close = get_close_matches(given.casefold(), names, n=1, cutoff=0.5)
    if not close:
        return ""
    name = names[close[0]]
    if name != given and visible_form(name) == visible_form(given):
        # Both would look the same in the sentence.
        written = f"where you wrote “{told_apart(given)}”"
        return f" Did you mean “{told_apart(name)}”, {written}?"
    return f" Did you mean “{name}”?"


def listed(names: Iterable[str]) -> str:
    """Names with commas between them, quoted where a name has a comma itself."""
    told = list(names)
    if any("," in name for name in told):
        told = [f"“{name}”" for name in told]
    return ", ".join(told)


def unknown(
    kind: str,
    given: str,
    allowed: Iterable[str],
) -> SpecError:
    """The error for a name that is not in a table, or that is no text at all."""
    allowed = tuple(allowed)
    # From Python anything may be given, such as None.
    given = str(given)
    hint = nearest(given, allowed)
    names = listed(allowed)
    return SpecError(f"Unknown {kind} “{given[:MOST_QUOTED]}”.{hint} Allowed: {names}.")
