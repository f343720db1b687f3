"""Shelves: folders of the server's home where what users bring is kept by name."""

from dataclasses import dataclass
from pathlib import Path

from analysis.core import disk, files, settings
from analysis.core.errors import AnalysisError


@dataclass(frozen=True)
class Shelf:
    """Files of one kind, ``$BABELSCOPE_HOME/<folder>/<name><suffix>``.

    Any number of sessions and processes may keep, load and delete at once: a reader gets
    a whole file or none. Names that would leave the folder raise AnalysisError.
    """

    folder: str
    suffix: str

    @property
    def place(self) -> Path:
        """The folder, which may not be there yet."""
        return settings.home() / self.folder

    def names(self) -> list[str]:
        """Names of all kept files, sorted."""
        found = []
        for path in disk.listed(self.place):
            named = path.suffix == self.suffix and not path.name.startswith(".")
            if named and path.is_file():
                found.append(path.name.removesuffix(self.suffix))
        return sorted(found)

    def path(self, name: str) -> Path:
        """Where the file of this name is, or would be."""
        return settings.child(self.place, f"{name}{self.suffix}")

    def load(self, name: str) -> bytes | None:
        """The content of a file; None when there is none of that name."""
        path = self.path(name)
        with disk.reading(path):
            try:
                return path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None

    def size(self, name: str) -> int:
        """Bytes of a file; 0 when there is none of that name."""
        try:
            return self.path(name).stat().st_size
        except (OSError, AnalysisError):
            return 0

    def keep(self, name: str, data: bytes) -> None:
        """Put a file on the shelf, in place of another of its name unless that is the same."""
        files.make_folder(self.place)
        if self.load(name) != data:
            files.write_file(self.path(name), data)

    def beside(self, suffix: str) -> "Shelf":
        """The shelf of files of the same names in the same folder with another ending."""
        return Shelf(self.folder, suffix)

    def delete(self, name: str) -> None:
        """Remove a file; nothing happens when it is gone already."""
        files.remove(self.path(name))


def plain_name(
    text: str,
    most: int,
    otherwise: str,
    also: str = "",
) -> str:
    """A text as part of a file's name: letters and digits of ASCII, the rest as hyphens.

    At most ``most`` characters, those of ``also`` as they are; ``otherwise`` if none is left.
    """
    plain = ""
    for character in text:
        known = character.isascii() and character.isalnum()
        plain += character if known or character in also else "-"
    return plain.strip("-" + also)[:most] or otherwise
