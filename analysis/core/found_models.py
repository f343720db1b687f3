"""Models that other programs have put on this machine: what there is, looked for in bounds.

Only the places where those programs keep models are looked into, no link leads out of
them, and no file is opened but Ollama's small lists.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analysis.core import settings
from analysis.core.gguf_models import ENDING, SPLIT
from analysis.core.model_names import HUB_ID

MOST_ENTRIES = 20_000
"""Files and folders that are looked at in one place."""
MOST_FOUND = 500
DEPTH = 5
MOST_BYTES = 2**20
"""Of a list of Ollama's; they have a few hundred."""
INDEX = "model.safetensors.index.json"
MOST_LISTED = 2**26
"""Bytes of a list of weights; that of a thousand experts has some megabytes."""
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
COMMIT = re.compile(r"[0-9a-f]{40}")
OF_MODEL = "application/vnd.ollama.image.model"
LIBRARY = "library"
"""Where Ollama keeps the models that have no owner."""
PROJECTOR = re.compile(r"mmproj", re.IGNORECASE)
OLLAMA = "Ollama"
LM_STUDIO = "LM Studio"
HUGGING_FACE = "Hugging Face cache"
FOLDERS = "folder of models"


@dataclass(frozen=True)
class FoundFile:
    """A GGUF file that another program keeps; ``called`` is what it goes by there.

    ``sha256`` is what its bytes must have, “” where that is not told.
    """

    where: str
    called: str
    path: Path
    bytes: int
    sha256: str = ""

    @property
    def label(self) -> str:
        """What a list shows of it."""
        return f"{self.called} · {self.where}, {self.bytes / 1e9:.2f} GB"


@dataclass(frozen=True)
class FoundModel:
    """A model of the hub with its weights in the cache, at a commit."""

    where: str
    called: str
    revision: str
    bytes: int

    @property
    def label(self) -> str:
        """What a list shows of it."""
        return f"{self.called} · {self.where}, {self.bytes / 1e9:.2f} GB"


@dataclass(frozen=True)
class Found:
    """What was found on this machine: files to unpack, and models to load by hub id."""

    files: tuple[FoundFile, ...]
    models: tuple[FoundModel, ...]


def look() -> Found:
    """What other programs have put on this machine."""
    files = [*in_ollama(), *in_lm_studio(), *in_listed_folders(), *gguf_of_hub()]
    files.sort(key=lambda one: one.label)
    return Found(tuple(files[:MOST_FOUND]), tuple(hub_models())[:MOST_FOUND])


def folder_of_variable(name: str) -> Path | None:
    """A folder that a variable of the environment names."""
    said = os.environ.get(name, "").strip()
    if not said:
        return None
    with suppress(RuntimeError):
        return Path(said).expanduser()
    return None


def home() -> Path | None:
    """The home of this account, where it has one."""
    with suppress(RuntimeError):
        return Path.home()
    return None


def under_home(*places: str) -> list[Path]:
    """Folders in the home of this account."""
    there = home()
    return [there / place for place in places] if there else []


def ollama_roots() -> list[Path]:
    """Where Ollama keeps models."""
    own = folder_of_variable("OLLAMA_MODELS")
    if own:
        return [own]
    return [*under_home(".ollama/models"), Path("/usr/share/ollama/.ollama/models")]


def lm_studio_roots() -> list[Path]:
    """Where LM Studio keeps models, in newer and in older versions."""
    return under_home(".lmstudio/models", ".cache/lm-studio/models")


def hub_cache() -> Path | None:
    """Where the hub's client keeps what it has fetched."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        own = folder_of_variable(name)
        if own:
            return own
    folder = folder_of_variable("HF_HOME")
    if folder is None:
        caches = folder_of_variable("XDG_CACHE_HOME") or next(
            iter(under_home(".cache")), None
        )
        folder = caches / "huggingface" if caches else None
    return folder / "hub" if folder else None


def walked(root: Path, depth: int = DEPTH) -> Iterator[Path]:
    """Files under a folder whose real place is under it too; at most MOST_ENTRIES."""
    real = Path(os.path.realpath(root))
    waiting = [(real, depth)]
    seen = 0
    while waiting:
        folder, left = waiting.pop()
        for entry in entries(folder):
            seen += 1
            if seen > MOST_ENTRIES:
                return
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if left:
                    waiting.append((path, left - 1))
            elif Path(os.path.realpath(path)).is_relative_to(real):
                yield path


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; nothing of one that may not be read."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []


def is_single(name: str) -> bool:
    """Whether a file, by its name, is a language model of one piece."""
    split = SPLIT.search(Path(name).stem)
    in_parts = split is not None and int(split["parts"]) > 1
    return name.lower().endswith(ENDING) and not PROJECTOR.search(name) and not in_parts


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def gguf_under(root: Path, where: str, depth: int = DEPTH) -> Iterator[FoundFile]:
    """The GGUF files under a folder."""
    for path in walked(root, depth):
        size = size_of(path)
        if is_single(path.name) and size:
            yield FoundFile(where, path.name, path, size)


def in_lm_studio() -> Iterator[FoundFile]:
    """The GGUF files of LM Studio."""
    for root in lm_studio_roots():
        yield from gguf_under(root, LM_STUDIO)


def in_listed_folders() -> Iterator[FoundFile]:
    """GGUF files in the folders of models of this server, and one level below."""
    for root in settings.model_folders():
        yield from gguf_under(root, FOLDERS, depth=1)


def in_ollama() -> Iterator[FoundFile]:
    """The models of Ollama, by the names that it gives them."""
    for root in ollama_roots():
        lists = root / "manifests"
        for path in walked(lists):
            parts = path.relative_to(os.path.realpath(lists)).parts
            if len(parts) >= 2:
                yield from ollama_model(root, path, parts)


def ollama_model(root: Path, path: Path, parts: tuple[str, ...]) -> Iterator[FoundFile]:
    """The file of a model that a list of Ollama's names, if it is there."""
    layer = model_layer(path)
    found = DIGEST.fullmatch(str(layer.get("digest", "")))
    if not found:
        return
    blob = root / "blobs" / f"sha256-{found[1]}"
    inside = Path(os.path.realpath(blob)).is_relative_to(os.path.realpath(root))
    size = size_of(blob)
    if size and inside:
        *owners, name, tag = parts
        owner = owners[-1] if owners and owners[-1] != LIBRARY else ""
        called = "/".join(filter(None, (owner, f"{name}:{tag}")))
        yield FoundFile(OLLAMA, called, blob, size, found[1])


def model_layer(path: Path) -> dict[str, object]:
    """What a list of Ollama's says of the weights; empty where it says nothing."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        said = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    layers = said.get("layers") if isinstance(said, dict) else None
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict) and layer.get("mediaType") == OF_MODEL:
            return layer
    return {}


@dataclass(frozen=True)
class Snapshot:
    """A repository of the hub in the cache, at a commit, with the files of it."""

    model: str
    commit: str
    files: tuple[Path, ...]


def snapshots() -> Iterator[Snapshot]:
    """The repositories in the hub's cache, each at the commit that was fetched last."""
    root = hub_cache()
    if root is None:
        return
    for entry in entries(root):
        kind, _, name = entry.name.partition("--")
        model = name.replace("--", "/")
        plain = kind == "models" and HUB_ID.fullmatch(model)
        if plain and entry.is_dir(follow_symlinks=False):
            commit = commit_of(Path(entry.path))
            if commit:
                yield snapshot(Path(entry.path), model, commit)


def commit_of(folder: Path) -> str:
    """The commit of “main” in a repository of the cache, or the only one; else “”."""
    kept = [one.name for one in entries(folder / "snapshots")]
    kept = [name for name in kept if COMMIT.fullmatch(name)]
    with suppress(OSError, ValueError):
        main = (folder / "refs" / "main").read_text().strip()
        if main in kept:
            return main
    return kept[0] if len(kept) == 1 else ""


def snapshot(folder: Path, model: str, commit: str) -> Snapshot:
    """The files of a repository at a commit; links lead to the repository's own blobs."""
    real = Path(os.path.realpath(folder))
    files = []
    for entry in entries(folder / "snapshots" / commit):
        place = Path(os.path.realpath(entry.path))
        if place.is_relative_to(real) and place.is_file():
            files.append(Path(entry.path))
    return Snapshot(model, commit, tuple(files))


def hub_models() -> Iterator[FoundModel]:
    """Models in the hub's cache whose weights are there in safetensors."""
    for one in snapshots():
        names = {path.name for path in one.files}
        weights = [path for path in one.files if path.suffix == ".safetensors"]
        if "config.json" in names and weights and is_whole(one):
            size = sum(map(size_of, weights))
            yield FoundModel(HUGGING_FACE, one.model, one.commit, size)


def is_whole(one: Snapshot) -> bool:
    """Whether all parts of the weights are there that their list names."""
    names = {path.name for path in one.files}
    for path in one.files:
        if path.name == INDEX:
            return listed_parts(path) <= names
    return True


def listed_parts(path: Path) -> set[str]:
    """The files that a list of weights names; one of none where it cannot be read."""
    try:
        if path.stat().st_size > MOST_LISTED:
            return {""}
        said = json.loads(path.read_bytes())
        return set(map(str, said["weight_map"].values()))
    except (
        OSError,
        ValueError,
        RecursionError,
        LookupError,
        TypeError,
        AttributeError,
    ):
        return {""}


def gguf_of_hub() -> Iterator[FoundFile]:
    """GGUF files in the hub's cache; a blob's name is the SHA-256 of a large file."""
    for one in snapshots():
        for path in one.files:
            if is_single(path.name):
                blob = Path(os.path.realpath(path)).name
                sha256 = blob if re.fullmatch(r"[0-9a-f]{64}", blob) else ""
                called = f"{one.model}/{path.name}"
                yield FoundFile(HUGGING_FACE, called, path, size_of(path), sha256)


def file_name(found: FoundFile) -> str:
    """What a found file is called when it is unpacked; names have no colons."""
    last = found.called.rpartition("/")[2]
    if last.lower().endswith(ENDING):
        return last
    return f"{last.replace(':', '-')}{ENDING}"
