"""What the operator of the server decides, read from the environment."""

import os
import re
from pathlib import Path

from analysis.core.errors import AnalysisError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]|[A-Za-z0-9]")
DEVICE_NAMES = {"con", "prn", "aux", "nul"}
DEVICE_NAMES |= {f"com{number}" for number in range(1, 10)}
DEVICE_NAMES |= {f"lpt{number}" for number in range(1, 10)}
"""Names that Windows keeps for devices."""
MAX_CORPUS_BYTES = 200 * 2**20
MAX_STUDY_BYTES = 4 * 2**30


def home() -> Path:
    """Where studies, corpora and models of this server live (BABELSCOPE_HOME)."""
    place = os.environ.get("BABELSCOPE_HOME", Path.home() / ".babelscope")
    return Path(place).expanduser()


def model_folders() -> list[Path]:
    """Folders whose sub-folders are offered as models (BABELSCOPE_MODELS, as PATH)."""
    listed = os.environ.get("BABELSCOPE_MODELS", str(home() / "models"))
    folders = filter(None, listed.split(os.pathsep))
    return [Path(folder).expanduser() for folder in folders]


def trusts_remote_code() -> bool:
    """Whether code that comes with a model may run (BABELSCOPE_TRUST_REMOTE_CODE=1).

    Off by default.
    """
    return os.environ.get("BABELSCOPE_TRUST_REMOTE_CODE") == "1"


def accepts_pickle() -> bool:
    """Whether weights that are not safetensors may be read (BABELSCOPE_ACCEPT_PICKLE=1).

    Off by default.
    """
    return os.environ.get("BABELSCOPE_ACCEPT_PICKLE") == "1"


def allows_judge_command() -> bool:
    """Whether users may name a program that judges answers (BABELSCOPE_JUDGE_COMMAND=1).

    Off by default.
    """
    return os.environ.get("BABELSCOPE_JUDGE_COMMAND") == "1"


def judge_environment() -> dict[str, str]:
    """What a judge command sees of the environment: no tokens, no settings."""
    names = {"PATH", "LANG", "LC_ALL"} & os.environ.keys()
    return {name: os.environ[name] for name in names}


def memory_budget() -> int | None:
    """Bytes that loaded models may take together (BABELSCOPE_MODEL_MEMORY, in GiB).

    None: what the machine has.
    """
    gigabytes = os.environ.get("BABELSCOPE_MODEL_MEMORY")
    if not gigabytes:
        return None
    return int(float(gigabytes) * 2**30)


def child(root: Path, name: str) -> Path:
    """``root / name`` for a name that stays inside ``root``; AnalysisError for any other."""
    root = root.resolve()
    plain = (
        NAME.fullmatch(name)
        and ".." not in name
        and name.split(".")[0].lower() not in DEVICE_NAMES
    )
    if plain:
        path = root / name
        if not path.is_symlink() and path.resolve().parent == root:
            return path
    raise AnalysisError(
        f"“{name[:80]}” cannot be a name here. Use up to 64 letters, digits, dots, "
        "hyphens and underscores, beginning and ending with a letter or digit."
    )
