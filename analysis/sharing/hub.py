"""Hub folders sent to and fetched from the Hugging Face hub.

Nothing is read back but safetensors and JSON, each held against its SHA-256.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from analysis.core import disk, files, interruption
from analysis.core.errors import AnalysisError, SpecError, StudyError
from analysis.core.hidden_folders import reason
from analysis.core.model_names import HUB_ID
from analysis.sharing.manifest import (
    MANIFEST,
    STUDY,
    VECTORS,
    HubManifest,
    SharedVector,
    parsed,
)
from analysis.steering import vector_files
from analysis.study import library, store, tags

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Bytes done, bytes in all; may raise to stop."""
AT_ONCE = 8
"""Files that are sent between two looks whether to stop."""
FRESH = (".gitattributes", "README.md")
"""What a repository of the hub has that nobody has written into yet."""


@dataclass(frozen=True)
class Pushed:
    """Where a folder is on the hub."""

    name: str
    commit: str
    url: str


@dataclass(frozen=True)
class Pulled:
    """What a pull has left here: a study, or names of kept vectors.

    ``again``: the study was here before, with the same bytes.
    """

    name: str
    commit: str
    manifest: HubManifest
    study: str = ""
    vectors: tuple[str, ...] = ()
    again: bool = False


def tell_nobody(done: int, total: int) -> None:
    """Take progress for known."""


def check_id(name: str) -> str:
    """An id of the hub; SpecError for anything else."""
    if not HUB_ID.fullmatch(name) or ".." in name:
        raise SpecError(
            f"“{name[:80]}” is no id of a repository. Write owner/name, such as "
            "jane/fairness-vectors."
        )
    return name


def push(
    name: str,
    made: Mapping[str, bytes | Path],
    *,
    public: bool = False,
    token: str | None = None,
    told: Progress = tell_nobody,
) -> Pushed:
    """Send a folder as one commit to a repository of the hub, made where it is missing.

    A new one is private unless it is to be ``public``. Files that an earlier push left
    and this one does not have are removed; others stay. SpecError for a repository that
    holds something else; AnalysisError where the hub cannot be reached or refuses.
    """
    from huggingface_hub import CommitOperationDelete, HfApi

    disk.check_may(f"Sending to {name[:80]}")
    prepare()
    api = HfApi(token=token or None)
    check_id(name)
    options: dict[str, Any] = {"private": not public, "exist_ok": True}
    hub_answer(name, functools.partial(api.create_repo, name, **options), to_write=True)
    there = hub_answer(name, lambda: api.list_repo_files(name))
    check_ours(name, there)
    additions = send(api, name, made, told)
    stale = []
    for path in there:
        if path.startswith((VECTORS, STUDY)) and path not in made:
            stale.append(CommitOperationDelete(path))
    done = hub_answer(
        name,
        lambda: api.create_commit(
            name,
            [*additions, *stale],
            commit_message="Vectors and study from Babelscope",
        ),
        to_write=True,
    )
    return Pushed(name, done.oid, f"{api.endpoint}/{name}")


def prepare() -> None:
    """Turn off what does not hear Stop."""
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars

    # The other way of sending reports from a thread that swallows exceptions.
    constants.HF_HUB_DISABLE_XET = True
    disable_progress_bars()


def check_ours(name: str, there: Sequence[str]) -> None:
    """SpecError for a repository that holds something that is no hub folder."""
    strange = sorted(set(there) - set(FRESH))
    if strange and MANIFEST not in there:
        raise SpecError(
            f"{name} holds something else already ({strange[0][:60]}). Choose another "
            "name, so that nothing of it is replaced."
        )


def send(
    api: Any, name: str, made: Mapping[str, bytes | Path], told: Progress
) -> list[Any]:
    """The additions of a commit, their large files sent already."""
    from huggingface_hub import CommitOperationAdd

    additions = []
    for path, data in made.items():
        additions.append(CommitOperationAdd(path, data))
    total = sum(each.upload_info.size for each in additions)
    done = 0
    for some in batches(additions, AT_ONCE):
        told(done, total)
        hub_answer(
            name,
            lambda some=some: api.preupload_lfs_files(
                name, additions=some, num_threads=1, free_memory=False
            ),
            to_write=True,
        )
        done += sum(each.upload_info.size for each in some)
    told(done, total)
    return additions


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Items in lists of at most ``size``."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


def look(name: str, revision: str = "") -> "Found":
    """What a repository tells of itself, before anything large is fetched.

    SpecError for what is no id; StudyError for a repository that is no hub folder, or
    whose files are not those that it tells of.
    """
    from huggingface_hub import HfApi, hf_hub_download

    check_id(name)
    facts = hub_answer(
        name,
        lambda: HfApi().model_info(
            name, revision=revision or None, files_metadata=True
        ),
    )
    sizes = {}
    for file in facts.siblings or ():
        sizes[file.rfilename] = file.size or 0
    if MANIFEST not in sizes:
        raise StudyError(
            f"{name} has no {MANIFEST}, so it is no repository that Babelscope made. "
            "Single vector files are imported on the Playground."
        )
    if sizes[MANIFEST] > store.MAX_MANIFEST_BYTES:
        raise StudyError(f"The {MANIFEST} of {name} is too large and was not fetched.")
    commit = str(facts.sha)
    path = hub_answer(name, lambda: hf_hub_download(name, MANIFEST, revision=commit))
    manifest = parsed(Path(path).read_bytes(), name)
    check_there(name, manifest, sizes)
    return Found(name, commit, manifest)


@dataclass(frozen=True)
class Found:
    """A hub folder at a commit."""

    name: str
    commit: str
    manifest: HubManifest

    @property
    def called(self) -> str:
        """The name without its owner."""
        return self.name.partition("/")[2]


def check_there(name: str, manifest: HubManifest, sizes: Mapping[str, int]) -> None:
    """StudyError unless the files of a folder are there, as long as it tells."""
    for path, entry in manifest.wanted.items():
        if sizes.get(path) != entry.bytes:
            found = f"has {sizes[path]:,} bytes" if path in sizes else "is missing"
            raise StudyError(
                f"{name} is not whole: {path} {found}, and {entry.bytes:,} bytes are "
                "told of. Ask its author to push it again."
            )


def pull(name: str, revision: str = "", told: Progress = tell_nobody) -> Pulled:
    """Fetch a hub folder: its study is added here, or else its vectors are kept.

    One that is here already with the same bytes is not added again. StudyError for what
    is no hub folder or is damaged; AnalysisError where the hub cannot be reached.
    """
    disk.check_may(f"Fetching {name[:80]}")
    found = look(name, revision)
    folder = fetched(found, told)
    check_hashes(found, folder)
    if found.manifest.study is None:
        kept = [keep(found, folder, each) for each in found.manifest.vectors]
        return Pulled(name, found.commit, found.manifest, vectors=tuple(kept))
    known = here_already(found)
    study = known or add_study(found, folder)
    return Pulled(name, found.commit, found.manifest, study, again=bool(known))


def fetched(found: Found, told: Progress) -> Path:
    """The folder of the cache with the files that are wanted, and no others."""
    from huggingface_hub import snapshot_download

    from analysis.model.hub_parts import progress_bar_class

    prepare()
    total = found.manifest.bytes
    place = hub_answer(
        found.name,
        lambda: snapshot_download(
            found.name,
            revision=found.commit,
            allow_patterns=list(found.manifest.wanted),
            max_workers=1,
            tqdm_class=progress_bar_class(told, total),
        ),
    )
    return Path(place)


def check_hashes(found: Found, folder: Path) -> None:
    """StudyError for a file with other bytes than are told of; it is fetched anew then."""
    for path, entry in found.manifest.wanted.items():
        interruption.check()
        with disk.reading(folder / path):
            data = (folder / path).read_bytes()
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            files.discard((folder / path).resolve())
            files.discard(folder / path)
            raise StudyError(
                f"{path} of {found.name} does not match its SHA-256, so nothing was "
                "kept. Pull it again; if that does not help, ask its author."
            )


def here_already(found: Found) -> str:
    """The name of a study of this server with the same manifest; “” for none."""
    told = (found.manifest.study or {})[store.MANIFEST].sha256
    for name in library.names():
        if not library.is_own(name):
            continue
        path = store.root() / name / store.MANIFEST
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == told:
            return name
    return ""


def add_study(found: Found, folder: Path) -> str:
    """Add a study that was fetched; StudyError for what no study can be."""

    def fill(unpacked: Path) -> None:
        for name in found.manifest.study or ():
            data = (folder / STUDY / name).read_bytes()
            files.write_file(unpacked / name, data)

    try:
        name = library.put_in(fill, found.called)
    except StudyError as error:
        raise StudyError(f"{found.name} was not added: {error}") from error
    tags.write(name, (), f"Pulled from {found.name} at commit {found.commit[:12]}.")
    return name


def keep(found: Found, folder: Path, vector: SharedVector) -> str:
    """Keep a vector that was fetched; returns the name by which a spec knows it."""
    data = (folder / vector.file).read_bytes()
    file = Path(vector.file)
    vectors = vector_files.read_vectors(data, file.name)
    return vector_files.keep_vectors(vectors, f"{found.called} {file.name}")


def hub_answer(name: str, ask: Callable[[], T], to_write: bool = False) -> T:
    """What the hub answers; AnalysisError in words where it does not."""
    try:
        return ask()
    except AnalysisError:
        raise
    # Proxies, mirrors and caches filled by others make the client fail in any way.
    except Exception as error:
        raise AnalysisError(sentence(error, name, to_write)) from error


def sentence(error: Exception, name: str, to_write: bool) -> str:
    """What the hub client raised, in words."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    if to_write and status in (401, 403):
        return (
            f"The hub does not let this token write to {name}. Make a token that may "
            "write at huggingface.co/settings/tokens, give it (HF_TOKEN for the "
            "command), and choose a repository of your own."
        )
    if isinstance(error, GatedRepoError):
        return (
            f"{name} is gated: its owner must grant access. Ask for it on the hub and "
            "put your token into HF_TOKEN."
        )
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"The hub has no repository “{name}”, or it is private. Check the spelling "
            "of owner/name; for a private one put your token into HF_TOKEN."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{name} has no such revision. Give a branch, tag or commit."
    if isinstance(error, OSError) and disk.is_refusal(error):
        where = disk.Place(f"A file of {name} in the hub's cache", "HF_HOME")
        return disk.sentence(error, where, "kept")
    done = "sending to" if to_write else "asking"
    return (
        f"{done.capitalize()} {name} failed ({type(error).__name__}: {reason(error)}). "
        "Check the connection and try again; what arrived whole is kept."
    )
