"""Stop for all who compute a study together, on whichever machine: a mark beside records.

Every process that takes part looks for it. It stays until somebody asks to go on, so that
one which begins later, such as a task that waits in a queue, does not go on by itself.
"""

from pathlib import Path

from analysis.core import files
from analysis.core.errors import StudyError
from analysis.study import commits

MARK = f"{commits.FOLDER}/stop"
"""It ends with what is shared."""


def put(folder: Path) -> None:
    """Ask all who compute a study together to stop; nothing where nobody does."""
    if commits.are_shared(folder):
        files.write_file(folder / MARK, b"")


def is_there(folder: Path) -> bool:
    """Whether all who compute a study together are to stop."""
    return (folder / MARK).is_file()


def take_away(folder: Path) -> None:
    """Let a study be computed again."""
    files.discard(folder / MARK)


def check(folder: Path) -> None:
    """StudyError for a study that was stopped for all, and was not gone on with since."""
    if is_there(folder):
        raise StudyError(
            f"{folder.name} was stopped on its page for all who compute it. Go on "
            f"there, or with --resume {folder.name} and no --shard; others can take part "
            "then."
        )
