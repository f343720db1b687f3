"""GGUF files of a repository on the hub: which there are, and fetching one."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import get_cached_repo_tree, snapshot_download
from huggingface_hub.errors import CachedRepoTreeNotFoundError

from analysis.core.errors import AnalysisError, ModelError, nearest
from analysis.core.gguf_models import ENDING, SPLIT, named_quantisation
from analysis.core.model_names import HUB_ID
from analysis.model.hub import (
    fetch_small_files,
    fetching_error,
    remove_abandoned,
    verify,
)
from analysis.model.hub_parts import Progress, fetch_large, progress_bar_class

PROJECTOR = re.compile(r"mmproj", re.IGNORECASE)


@dataclass(frozen=True)
class HubFile:
    """A GGUF file of a repository at a commit; ``bytes`` is its size."""

    model: str
    folder: Path
    path: str
    bytes: int

    @property
    def quantisation(self) -> str:
        """What the file's name tells of its quantisation; its name where it tells none."""
        return named_quantisation(self.path) or PurePosixPath(self.path).stem

    @property
    def origin(self) -> str:
        """Where it is from, to the commit."""
        return f"{self.model}@{self.folder.name}"


def gguf_files(model: str, revision: str = "main") -> list[HubFile]:
    """The GGUF files of a repository, the smallest first; ModelError when there are none.

    Files that are cut into several, and those that only read pictures, are left out.
    """
    if not HUB_ID.fullmatch(model):
        raise ModelError(
            f"“{model[:120]}” is no hub id; it takes owner/name, such as "
            "unsloth/Qwen3-0.6B-GGUF."
        )
    try:
        folder = fetch_small_files(model, revision, None)
        listed = get_cached_repo_tree(model, revision=folder.name)
    except AnalysisError:
        raise
    except CachedRepoTreeNotFoundError as error:
        raise ModelError(
            f"Which files {model} has is not known without the hub. Check the "
            "connection and try again."
        ) from error
    except Exception as error:  # the client fails in any way
        raise fetching_error(error, model, revision) from error
    named = [one for one in listed if one.path.lower().endswith(ENDING)]
    found = []
    for one in named:
        if is_whole(one.path):
            found.append(HubFile(model, folder, one.path, one.size))
    if not found:
        raise ModelError(none_whole(model, len(named)))
    return sorted(found, key=lambda one: one.bytes)


def is_whole(path: str) -> bool:
    """Whether a file, by its name, is a language model of one piece."""
    split = SPLIT.search(PurePosixPath(path).stem)
    return not PROJECTOR.search(path) and not (split and int(split["parts"]) > 1)


def none_whole(model: str, named: int) -> str:
    """The sentence for a repository without a GGUF file that can be unpacked."""
    if not named:
        return f"{model} holds no GGUF files. If it holds safetensors, give its id as it is."
    return (
        f"All GGUF files of {model} are parts of larger ones or read pictures. Join them "
        "with llama.cpp (llama-gguf-split --merge) and unpack the file, or choose "
        "another repository."
    )


def choose(files: list[HubFile], quantisation: str) -> HubFile:
    """The file of a quantisation, or of a name; ModelError with what there is."""
    fitting = [one for one in files if is_called(one, quantisation)]
    if len(fitting) == 1:
        return fitting[0]
    if not quantisation and len(files) == 1:
        return files[0]
    model = files[0].model
    names = [one.quantisation for one in files]
    if len(fitting) > 1:
        raise ModelError(
            f"{model} has several files of {quantisation}: "
            f"{', '.join(one.path for one in fitting)}. Name one of these files."
        )
    asked = f"has no file of “{quantisation[:80]}”" if quantisation else "has several"
    raise ModelError(
        f"{model} {asked}: there are {', '.join(names)}. Name one, such as "
        f"{model}:{names[0]}.{nearest(quantisation, names) if quantisation else ''}"
    )


def is_called(file: HubFile, asked: str) -> bool:
    """Whether a file is meant by the name of its quantisation, or by its own."""
    name = PurePosixPath(file.path).name
    return asked.casefold() in (file.quantisation.casefold(), name.casefold())


def fetch(file: HubFile, progress: Progress) -> Path:
    """Fetch a file, or take it from the cache; its SHA-256 is checked."""
    try:
        remove_abandoned(file.folder)
        if not (file.folder / file.path).exists():
            fetch_large(file.model, file.folder, [file.path], progress)
        snapshot_download(
            file.model,
            revision=file.folder.name,
            allow_patterns=[file.path],
            max_workers=1,
            tqdm_class=progress_bar_class(progress, file.bytes),
        )
    except AnalysisError:
        raise
    except Exception as error:  # the client fails in any way
        raise fetching_error(error, file.model, file.folder.name) from error
    verify(file.folder, file.model)
    return file.folder / file.path
