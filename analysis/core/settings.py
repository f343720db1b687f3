"""What the operator of the server decides, read from the environment."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from analysis.core.errors import AnalysisError, SpecError, nearest

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]|[A-Za-z0-9]")
DEVICE_NAMES = {"con", "prn", "aux", "nul"}
DEVICE_NAMES |= {f"com{number}" for number in range(1, 10)}
DEVICE_NAMES |= {f"lpt{number}" for number in range(1, 10)}
"""Names that Windows keeps for devices."""
ON = ("1", "true", "yes", "on")
OFF = ("", "0", "false", "no", "off")
SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>[a-z]*)", re.ASCII)
UNITS = {
    "": 2**30,
    "m": 2**20,
    "mib": 2**20,
    "mb": 10**6,
    "g": 2**30,
    "gib": 2**30,
    "gb": 10**9,
    "t": 2**40,
    "tib": 2**40,
    "tb": 10**12,
}
"""Bytes of a unit of memory; a bare number counts GiB."""
HOSTS = "BABELSCOPE_HOSTS"
READ_ONLY = "BABELSCOPE_READ_ONLY"
LOGIN = "BABELSCOPE_LOGIN"
EVERYONE = "everyone"
ENGINE_KEY = "BABELSCOPE_ENGINE_KEY"
WORKERS = "BABELSCOPE_WORKERS"
MOST_WORKERS = 64
MODEL_MEMORY = "BABELSCOPE_MODEL_MEMORY"
PERSON = re.compile(
    rf"(?:[^\s@,;<>*]{{1,64}})?@[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}})+|{EVERYONE}"
)
"""An address, the domain of addresses, or all whom a provider knows."""
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(
    rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*|\[[0-9a-f:.]+\]|"
    rf"https?://(?:{LABEL}(?:\.{LABEL})*|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?"
)
"""A host's name, an address of the sixth version in brackets, or an origin."""
MAX_CORPUS_BYTES = 200 * 2**20
MAX_STUDY_BYTES = 4 * 2**30


def home() -> Path:
    """Where studies, corpora and models of this server live (BABELSCOPE_HOME)."""
    name = "BABELSCOPE_HOME"
    place = written_setting(name) or "~/.babelscope"
    return folder(name, place)


def model_folders() -> list[Path]:
    """Folders whose sub-folders are offered as models (BABELSCOPE_MODELS, as PATH)."""
    name = "BABELSCOPE_MODELS"
    listed = written_setting(name) or str(home() / "models")
    places = filter(None, listed.split(os.pathsep))
    return [folder(name, place) for place in places]


def trusts_remote_code() -> bool:
    """Whether code that comes with a model may run (BABELSCOPE_TRUST_REMOTE_CODE=1).

    Off by default.
    """
    return switch("BABELSCOPE_TRUST_REMOTE_CODE")


def accepts_pickle() -> bool:
    """Whether weights that are not safetensors may be read (BABELSCOPE_ACCEPT_PICKLE=1).

    Off by default.
    """
    return switch("BABELSCOPE_ACCEPT_PICKLE")


def allows_judge_command() -> bool:
    """Whether users may name a program that judges answers (BABELSCOPE_JUDGE_COMMAND=1).

    Off by default.
    """
    return switch("BABELSCOPE_JUDGE_COMMAND")


def read_only() -> bool:
    """Whether visitors may look and nothing is kept, fetched or sent (BABELSCOPE_READ_ONLY=1).

    Off by default.
    """
    return switch(READ_ONLY)


def judge_environment() -> dict[str, str]:
    """What a judge command sees of the environment: no tokens, no settings."""
    # Windows starts nothing without the last one.
    names = {"PATH", "LANG", "LC_ALL", "SYSTEMROOT"} & os.environ.keys()
    return {name: os.environ[name] for name in names}


def memory_budget() -> int | None:
    """Bytes that loaded models may take together (BABELSCOPE_MODEL_MEMORY, in GiB).

    None: what the machine has.
    """
    return size(MODEL_MEMORY)


def hosts() -> tuple[str, ...]:
    """Further names and origins under which visitors come (BABELSCOPE_HOSTS).

    Apart by commas or spaces, in small letters; SpecError for what is neither.
    """
    names = []
    for said in re.split(r"[\s,]+", written_setting(HOSTS)):
        name = said.casefold().rstrip("./")
        if name and not HOST.fullmatch(name):
            raise SpecError(
                f"{HOSTS} has “{said[:80]}”. It takes host names such as "
                "hub.example.org or *.example.org, and origins such as "
                "https://hub.example.org:8443, apart by commas. Set it and start again."
            )
        if name:
            names.append(name)
    return tuple(dict.fromkeys(names))


def login() -> tuple[str, ...]:
    """Who may come in after a login (BABELSCOPE_LOGIN), apart by commas or spaces.

    Addresses, “@example.org” for all of a domain, or “everyone” whom the provider knows.
    Nobody has to log in where it is not set; SpecError for anything else.
    """
    people = []
    for said in re.split(r"[\s,]+", written_setting(LOGIN)):
        person = said.casefold()
        if person and not PERSON.fullmatch(person):
            raise SpecError(
                f"{LOGIN} has “{said[:80]}”. It takes addresses such as "
                f"jane@example.org, domains such as @example.org, or {EVERYONE}, apart "
                "by commas. Set it and start again."
            )
        if person:
            people.append(person)
    return tuple(dict.fromkeys(people))


def workers() -> int | Literal["gpus"] | None:
    """Processes beside the server that own models (BABELSCOPE_WORKERS).

    A number of them, or “gpus”: one for each. None, by 0: a thread of the server itself.
    """
    said = written_setting(WORKERS).casefold()
    if said in ("", "0"):
        return None
    if said == "gpus":
        return "gpus"
    if re.fullmatch("[0-9]{1,2}", said) and 1 <= int(said) <= MOST_WORKERS:
        return int(said)
    raise SpecError(
        f"{WORKERS} is “{said[:80]}”. It takes a number from 1 to {MOST_WORKERS}, gpus for "
        "one worker on each GPU, or 0 for none. Set it and start again."
    )


def engine_key() -> str:
    """The key of an engine that is reached over a network (BABELSCOPE_ENGINE_KEY).

    SpecError for one that no header can hold; what it is is not said.
    """
    key = written_setting(ENGINE_KEY)
    if not key.isascii() or not key.isprintable():
        raise SpecError(
            f"{ENGINE_KEY} holds letters that no header can. Set it to the key that the "
            "server was started with."
        )
    return key


SETTINGS: dict[str, Callable[[], Any]] = {
    "BABELSCOPE_HOME": home,
    "BABELSCOPE_MODELS": model_folders,
    MODEL_MEMORY: memory_budget,
    WORKERS: workers,
    "BABELSCOPE_TRUST_REMOTE_CODE": trusts_remote_code,
    "BABELSCOPE_ACCEPT_PICKLE": accepts_pickle,
    "BABELSCOPE_JUDGE_COMMAND": allows_judge_command,
    HOSTS: hosts,
    READ_ONLY: read_only,
    LOGIN: login,
    ENGINE_KEY: engine_key,
}
"""What each setting is read by."""


def check() -> None:
    """SpecError with a sentence for every setting that cannot be understood."""
    faults = []
    for read in SETTINGS.values():
        try:
            read()
        except SpecError as error:
            faults.append(str(error))
    if faults:
        # What cannot be read of one setting may stop another: once is enough.
        raise SpecError(" ".join(dict.fromkeys(faults)))


def unheeded() -> list[str]:
    """A sentence for every variable that looks like a setting and is none."""
    sentences = []
    for name in sorted(os.environ):
        if name.startswith("BABELSCOPE_") and name not in SETTINGS:
            hint = nearest(name, SETTINGS) or f" Settings: {', '.join(SETTINGS)}."
            sentences.append(f"{name} is no setting and changes nothing.{hint}")
    return sentences


def written_setting(name: str) -> str:
    """A setting as it was written; “” where it is empty or not set."""
    return os.environ.get(name, "").strip()


def folder(name: str, place: str) -> Path:
    """A folder that a setting names; SpecError for one in the home of nobody."""
    try:
        return Path(place).expanduser()
    except RuntimeError as error:
        raise SpecError(
            f"{name} is “{place}”, and this machine does not say where that is. Set "
            f"{name} to a folder by its whole path and start again."
        ) from error


def switch(name: str) -> bool:
    """A setting that is on or off; SpecError for anything else."""
    said = written_setting(name)
    if said.casefold() in (*ON, *OFF):
        return said.casefold() in ON
    raise SpecError(
        f"{name} is “{said[:80]}”. It takes 1 or 0. Set it and start again."
    )


def size(name: str) -> int | None:
    """A setting in bytes, None where it is not set; SpecError for what is no size."""
    said = written_setting(name)
    if not said:
        return None
    found = SIZE.fullmatch(said.casefold())
    if found and found["unit"] in UNITS and len(said) < 40:
        bytes_ = int(float(found["number"]) * UNITS[found["unit"]])
        if bytes_:
            return bytes_
    raise SpecError(
        f"{name} is “{said[:80]}”. It takes a number of GiB above 0, such as 16 or 1.5, "
        "or one with its unit, such as 16GB. Set it and start again."
    )


def child(root: Path, name: str) -> Path:
    """``root / name`` for a name that stays inside ``root``; AnalysisError for any other."""
    # Unlike Path.resolve it also takes a link that leads to itself.
    root = Path(os.path.realpath(root))
    plain = (
        NAME.fullmatch(name)
        and ".." not in name
        and name.split(".")[0].lower() not in DEVICE_NAMES
    )
    if plain:
        path = root / name
        if not path.is_symlink() and Path(os.path.realpath(path)).parent == root:
            return path
    raise AnalysisError(
        f"“{name[:80]}” cannot be a name here. Use up to 64 letters, digits, dots, "
        "hyphens and underscores, beginning and ending with a letter or digit."
    )
