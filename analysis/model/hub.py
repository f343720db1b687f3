"""From a hub id or a folder's name to a folder of verified files on this machine."""

import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub import (
    RepoFile,
    constants,
    get_cached_repo_tree,
    snapshot_download,
)
from huggingface_hub.errors import (
    CachedRepoTreeNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    IncompleteSnapshotError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import filter_repo_objects

from analysis.core import disk, files, settings
from analysis.core.errors import AnalysisError, ModelError, nearest
from analysis.core.hidden_folders import reason
from analysis.core.model_files import fingerprint
from analysis.core.model_names import ADAPTER, HUB_ID, offered_models
from analysis.core.specs import ModelSpec
from analysis.model.hub_parts import (
    PART,
    SHA256,
    Progress,
    corrupted,
    fetch_large,
    progress_bar_class,
    sha256_of,
)

# The other way of fetching, Xet, reports from a thread of its own that swallows
# exceptions: Stop would not be heard.
constants.HF_HUB_DISABLE_XET = True

UNREACHED = (
    "ConnectError",
    "ConnectTimeout",
    "OfflineModeIsEnabled",
    "PoolTimeout",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
)
"""Names of what the client raises where a connection fails, in its versions."""
SMALL = ["*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja"]
CODE = ["*.py"]
READ = [
    "config.json",
    "generation_config.json",
    "*token*.json",
    "tekken.json",
    "vocab*",
    "merges.txt",
    "*.model",
    "*.tiktoken",
    "*.jinja",
    "chat_template.json",
    "*.index.json",
    "adapter_config.json",
]
"""What transformers reads of the small files; the others are taken where they are."""
FOLDERS = ["*/*"]
NAMED_TEMPLATES = "additional_chat_templates/"
"""The only sub-folder that transformers reads."""
SAFE = ["*.safetensors"]
PICKLED = ["pytorch_model*.bin"]
NEEDLESS = [*FOLDERS, "consolidated*", "adapter_model*"]
"""Sub-folders and original checkpoints hold the same weights once more."""
MISSING = re.compile(r"file\(s\) are missing \((.*?)\)\.? ", re.DOTALL)
ABANDONED = 3600
"""Seconds after which a part of a file that nobody writes to is a killed process's."""


@dataclass(frozen=True)
class Source:
    """Where a model's files are: ``revision`` is the pinned commit, or "local".

    ``files`` tells those of a local folder from others that lie there later.
    """

    name: str
    folder: Path
    revision: str
    files: str = ""

    @property
    def is_unchanged(self) -> bool:
        """Whether a local folder has the same files as before; a commit always has."""
        return not self.files or fingerprint(self.folder) == self.files


def at_commit(spec: ModelSpec) -> ModelSpec:
    """The same model at its commit, or as “local”; fetches its small files only.

    Errors as in ``locate``.
    """
    source = locate(spec.model, spec.revision, small_only=True)
    return replace(spec, revision=source.revision)


def locate(
    model: str,
    revision: str = "main",
    progress: Progress | None = None,
    small_only: bool = False,
) -> Source:
    """Where a model is, by its listed name or its hub id.

    A hub model is fetched, pinned to its commit and verified; ``small_only`` fetches
    configuration and tokenizer, no weights. ``progress`` gets (bytes done, bytes in all)
    and may raise to stop. ModelError with what to do.
    """
    local = offered_models()
    if model in local:
        return Source(model, local[model], "local", fingerprint(local[model]))
    if model.lower().endswith(".gguf"):
        raise ModelError(
            f"“{model[-120:]}” is a GGUF file, which becomes a model once: say "
            "babelscope model unpack with its path, and choose the model by its name."
        )
    if not HUB_ID.fullmatch(model) or ".." in model or Path(model).exists():
        raise ModelError(
            f"“{model[:120]}” is neither a hub id (owner/name) nor a model of this "
            f"server ({', '.join(local)}).{nearest(model, local)} Put a model folder "
            "into the server's folder of models (BABELSCOPE_MODELS) to have it listed."
        )
    return download(model, revision, progress, small_only)


def download(
    model: str, revision: str, progress: Progress | None, small_only: bool
) -> Source:
    """A hub snapshot, fetched or taken from the cache, with its large files verified."""
    if settings.read_only():
        constants.HF_HUB_OFFLINE = True
    try:
        folder = fetch_small_files(model, revision, progress if small_only else None)
        if not small_only:
            fetch_weights(model, folder, progress)
    except AnalysisError:
        raise
    except Exception as error:
        # Proxies, mirrors and caches filled by others make the client fail in any way.
        raise fetching_error(error, model, revision) from error
    verify(folder, model)
    return Source(model, folder, folder.name)


def fetch_small_files(model: str, revision: str, progress: Progress | None) -> Path:
    """The snapshot's folder, named by its commit, with configuration and tokenizer.

    They come before the weights: that pins the commit and lists all files, so that the
    size of the weights is known. Where the hub cannot be reached, what transformers
    reads is enough.
    """
    code = CODE if settings.trusts_remote_code() else []
    options = {
        "ignore_patterns": FOLDERS,
        "max_workers": 1,
        "tqdm_class": progress_bar_class(progress),
    }
    try:
        found = snapshot_download(
            model, revision=revision, allow_patterns=[*SMALL, *code], **options
        )
    except LocalEntryNotFoundError:
        options["local_files_only"] = True
        found = snapshot_download(
            model, revision=revision, allow_patterns=[*READ, *code], **options
        )
    folder = Path(found)
    fetch_named_templates(model, folder)
    return folder


def fetch_named_templates(model: str, folder: Path) -> None:
    """Fetch the chat templates that a model has beside its default one."""
    names = listed_files(folder)
    named = [name for name in names if name.startswith(NAMED_TEMPLATES)]
    if named:
        snapshot_download(
            model,
            revision=folder.name,
            allow_patterns=named,
            max_workers=1,
            tqdm_class=progress_bar_class(None),
        )


def fetch_weights(model: str, folder: Path, progress: Progress | None) -> None:
    """Fetch what a snapshot lacks of its weights, from where that ended the last time."""
    remove_abandoned(folder)
    wanted = wanted_weights(folder)
    outstanding = outstanding_files(model, folder, wanted)
    total = sum(file.size for file in outstanding)
    fetch_large(model, folder, [file.path for file in outstanding], progress)
    snapshot_download(
        model,
        revision=folder.name,
        allow_patterns=wanted,
        ignore_patterns=needless(folder),
        max_workers=1,
        tqdm_class=progress_bar_class(progress, total),
    )


def needless(folder: Path) -> list[str]:
    """Patterns of weights that are not fetched; an adapter alone is all there is."""
    alone = (folder / ADAPTER).is_file() and not (folder / "config.json").is_file()
    return [one for one in NEEDLESS if not alone or not one.startswith("adapter")]


def wanted_weights(folder: Path) -> list[str]:
    """Patterns of the weights to fetch: pickled ones only where there are no others."""
    if not settings.accepts_pickle():
        return SAFE
    names = listed_files(folder)
    if not names:
        return [*SAFE, *PICKLED]
    safe = filter_repo_objects(names, allow_patterns=SAFE, ignore_patterns=NEEDLESS)
    return SAFE if any(True for _ in safe) else PICKLED


def listed_files(folder: Path) -> list[str]:
    """Paths of all files of a model: as the hub lists them, or as they lie in a folder.

    Empty where a snapshot has no list.
    """
    cache = folder.parent.parent
    if not cache.name.startswith("models--"):
        return [path.name for path in folder.iterdir()]
    model = cache.name.removeprefix("models--").replace("--", "/")
    try:
        files = get_cached_repo_tree(
            model, revision=folder.name, cache_dir=cache.parent
        )
    except (CachedRepoTreeNotFoundError, HFValidationError):
        return [path.name for path in folder.iterdir()]
    return [file.path for file in files]


def outstanding_files(model: str, folder: Path, wanted: list[str]) -> list[RepoFile]:
    """The wanted files that are not in the snapshot yet.

    None when their list is not known.
    """
    try:
        tree = get_cached_repo_tree(model, revision=folder.name)
    except CachedRepoTreeNotFoundError:
        return []
    chosen = filter_repo_objects(
        tree,
        allow_patterns=wanted,
        ignore_patterns=needless(folder),
        key=lambda file: file.path,
    )
    return [file for file in chosen if not (folder / file.path).exists()]


def remove_abandoned(folder: Path) -> None:
    """Remove the parts of files that nobody goes on with.

    Those that a killed client of the hub left are neither resumed nor removed by it;
    those of ours are spent once their file is there.
    """
    blobs = folder.parent.parent / "blobs"
    for part in blobs.glob("*.incomplete"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > ABANDONED:
                part.unlink()
    for part in blobs.glob(f"*{PART}"):
        with suppress(OSError):
            if part.with_suffix("").exists():
                part.unlink()


def fetching_error(error: Exception, model: str, revision: str) -> ModelError:
    """A sentence for what the hub client raised."""
    if settings.read_only():
        return ModelError(f"{model} is not wholly on this machine, and {disk.LOOKING}.")
    if isinstance(error, GatedRepoError):
        return ModelError(
            f"{model} is gated: its owner must grant access. Ask for it on the hub, put "
            "your token into the environment variable HF_TOKEN and start the server "
            "again."
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelError(
            f"The hub has no model “{model}”, or it is private. Check the spelling of "
            "owner/name; for a private model put your token into the environment "
            "variable HF_TOKEN."
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(
            f"{model} has no revision “{revision}”. Give a branch, a tag or a commit of "
            "the repository."
        )
    unreached = type(error).__name__ in UNREACHED
    if unreached or isinstance(error, LocalEntryNotFoundError):
        return ModelError(
            f"The hub cannot be reached and {model} is not wholly in the cache"
            f"{lacking(error)}. Check the connection and try again; what has arrived "
            "is kept."
        )
    if isinstance(error, HfHubHTTPError) and error.response.status_code == 401:
        return ModelError(
            f"The hub refused the token in HF_TOKEN while {model} was asked for. Put a "
            "valid one there, or none."
        )
    if isinstance(error, OSError) and disk.is_refusal(error):
        where = disk.Place(f"A file of {model} in the hub's cache", "HF_HOME")
        return ModelError(disk.sentence(error, where, "kept"))
    if isinstance(error, ImportError):
        return ModelError(
            f"Fetching {model} needs a package that is not installed "
            f"({reason(error)}). Have it installed, such as with “pip install "
            "socksio” for a SOCKS proxy, or set another proxy; then start again."
        )
    return ModelError(
        f"Fetching {model} failed ({type(error).__name__}: {reason(error)}). What "
        "was fetched whole is kept; try again."
    )


def lacking(error: Exception) -> str:
    """The names of files that a snapshot lacks, where the hub client tells them."""
    if not isinstance(error, IncompleteSnapshotError):
        return ""
    told = MISSING.search(str(error))
    return f"; it lacks {told[1]}" if told else ""


def verify(folder: Path, model: str) -> None:
    """Compare each large file with its SHA-256, which names its blob in the cache.

    A corrupt one is removed, and a ModelError says so.
    """
    for path in sorted(folder.rglob("*")):
        blob = path.resolve()
        if not path.is_file() or not SHA256.fullmatch(blob.name):
            continue
        marker = blob.with_suffix(".verified")
        if is_newer(marker, blob):
            continue
        found = sha256_of(blob)
        if found != blob.name:
            files.discard(path)
            files.discard(blob)
            raise corrupted(path.name, model, found, blob.name)
        with suppress(OSError):  # a cache shared read-only is hashed every time
            marker.touch()


def is_newer(marker: Path, blob: Path) -> bool:
    """Whether a file was verified since it was last written."""
    if not marker.exists():
        return False
    return marker.stat().st_mtime_ns >= blob.stat().st_mtime_ns
