"""What Babelscope wrote beside the weights of a model that it has unpacked itself."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from analysis.core import settings
from analysis.core.errors import ModelError

RECORD = "babelscope.json"
SCHEMA = 1


@dataclass(frozen=True)
class WeightsRecord:
    """Where weights come from and how they were stored there.

    ``origin`` is where the file was found, ``kept_as`` the precision of the folder;
    ``notes`` are sentences for whoever uses the model.
    """

    file: str
    sha256: str
    bytes: int
    quantisation: str
    bits: int
    kept_as: str
    origin: str = ""
    licence: str = ""
    encodings: dict[str, int] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    babelscope: str = ""
    schema: int = SCHEMA

    @property
    def words(self) -> str:
        """How the weights were stored, for papers and pages."""
        if self.bits >= 16:
            return f"computed from {self.quantisation} weights of a GGUF file"
        return f"computed from {self.bits}-bit weights ({self.quantisation})"

    @property
    def known(self) -> dict[str, Any]:
        """What a study keeps of it."""
        return {
            "words": self.words,
            "file": self.file,
            "sha256": self.sha256,
            "quantisation": self.quantisation,
            "bits": self.bits,
            "kept as": self.kept_as,
            "origin": self.origin,
        }


def converted_root() -> Path:
    """Where models lie that were unpacked here."""
    return settings.home() / "models"


def as_json(record: WeightsRecord) -> bytes:
    """The record as it is kept."""
    text = json.dumps(asdict(record), ensure_ascii=False, indent=2)
    return f"{text}\n".encode()


def read_record(folder: Path) -> WeightsRecord | None:
    """The record of a model's folder; None where there is none.

    ModelError for one that is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_bytes())
        said["notes"] = tuple(said.get("notes", ()))
        return WeightsRecord(**said)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{RECORD} of “{folder.name}” is damaged. Delete that folder of models and "
            "unpack the GGUF file again."
        ) from error
