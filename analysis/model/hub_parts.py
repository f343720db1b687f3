"""Large files of the hub, fetched so that what has arrived is kept and gone on with.

The hub's client fetches into a file of a name that no other process can know, and removes
it when it is interrupted. Here a file arrives beside its blob as ``<sha256>.part``, under
the client's own lock; it takes its place only when its SHA-256 is the published one.
"""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import Timeout
from huggingface_hub import (
    HfFileMetadata,
    constants,
    get_hf_file_metadata,
    hf_hub_url,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers
from tqdm.auto import tqdm

from analysis.core import disk, files, interruption
from analysis.core.errors import ModelError

Progress = Callable[[int, int], None]
BLOCK = 2**23
PART = ".part"
SHA256 = re.compile(r"[0-9a-f]{64}")
GB = 1e9
HUB = "huggingface.co"


@dataclass(frozen=True)
class LargeFile:
    """A file of a model on the hub, at a commit; ``folder`` is the snapshot's."""

    model: str
    folder: Path
    path: str
    bytes: int
    sha256: str

    @property
    def blob(self) -> Path:
        """Where it is in the cache when it is whole."""
        return self.folder.parent.parent / "blobs" / self.sha256

    @property
    def part(self) -> Path:
        """Where it arrives."""
        return self.blob.with_suffix(PART)

    @property
    def lock(self) -> Path:
        """The lock under which the hub's client fetches it."""
        cache = self.folder.parent.parent
        return cache.parent / ".locks" / cache.name / f"{self.sha256}.lock"

    @property
    def arrived(self) -> int:
        """Bytes that are here; 0 where there are more than there can be."""
        for path in (self.blob, self.part):
            with suppress(OSError):
                size = path.stat().st_size
                return size if size <= self.bytes else 0
        return 0


def fetch_large(
    model: str, folder: Path, paths: Sequence[str], progress: Progress | None
) -> None:
    """Fetch files of a snapshot into the cache, each from where that ended the last time.

    Small files are left to the hub's client. ``progress`` gets (bytes here, bytes in
    all). ModelError where the disk has no room for the rest, and for a file that arrives
    with other bytes than published.
    """
    if constants.is_offline_mode():
        return
    told = [looked_up(model, folder, path) for path in paths]
    wanted = [one for one in told if SHA256.fullmatch(one.sha256)]
    check_room(wanted)
    total = sum(one.bytes for one in told)
    before = 0
    for one in wanted:
        with locked(one):
            if not one.blob.exists():
                fetch_one(one, progress_bar_class(progress, total, before))
        before += one.bytes


def looked_up(model: str, folder: Path, path: str) -> LargeFile:
    """A file as the hub tells it now."""
    told = told_of(model, folder, path)
    return LargeFile(model, folder, path, told.size or 0, told.etag or "")


def told_of(model: str, folder: Path, path: str) -> HfFileMetadata:
    """Size, hash and present place of a file on the hub."""
    address = hf_hub_url(model, path, revision=folder.name)
    return get_hf_file_metadata(address, retry_on_errors=True)


def check_room(wanted: Sequence[LargeFile]) -> None:
    """ModelError where the disk of the cache is too full for what is still to come."""
    rest = sum(one.bytes - one.arrived for one in wanted)
    if not rest:
        return
    cache = wanted[0].folder.parent.parent
    free = shutil.disk_usage(cache).free
    if rest <= free:
        return
    raise ModelError(
        f"Fetching {wanted[0].model} takes {rest / GB:.2f} GB more, and the disk of the "
        f"hub's cache has {free / GB:.2f} GB free. Make room on it, or have HF_HOME name "
        "a folder of another disk and start again; what has arrived is kept."
    )


@contextmanager
def locked(one: LargeFile) -> Iterator[None]:
    """Hold the lock of a file; Stop is heard while another process fetches it."""
    for path in (one.lock, one.blob):
        files.make_folder(path.parent)
    with ExitStack() as held:
        while not took(one.lock, held):
            interruption.check()
        yield


def took(lock: Path, held: ExitStack) -> bool:
    """Whether a lock was got within a second."""
    with suppress(Timeout):
        held.enter_context(WeakFileLock(lock, timeout=1))
        return True
    return False


def fetch_one(one: LargeFile, bar: type[tqdm]) -> None:
    """Fetch what is lacking of a file; anew where the rest does not fit what was there."""
    if one.part.exists() and not one.arrived:
        files.discard(one.part)
    resumed = one.arrived
    fetch_rest(one, bar)
    found = sha256_of(one.part)
    if found != one.sha256 and resumed:
        files.discard(one.part)
        fetch_rest(one, bar)
        found = sha256_of(one.part)
    if found != one.sha256:
        files.discard(one.part)
        raise corrupted(one.path, one.model, found, one.sha256)
    with disk.writing(one.blob):
        one.part.replace(one.blob)
    with suppress(OSError):  # it would only be hashed once more
        one.blob.with_suffix(".verified").touch()


def fetch_rest(one: LargeFile, bar: type[tqdm]) -> None:
    """Fetch the bytes of a file that have not arrived, to the end of its part."""
    # Places of files are told for an hour or so.
    place = place_of(one, told_of(one.model, one.folder, one.path))
    headers = build_hf_headers()
    if urlsplit(place).netloc not in (urlsplit(constants.ENDPOINT).netloc, HUB):
        headers.pop("authorization", None)
    with one.part.open("ab") as file:
        http_get(
            place,
            file,
            resume_size=one.arrived,
            headers=headers,
            expected_size=one.bytes,
            displayed_filename=one.path,
            tqdm_class=bar,
        )


def place_of(one: LargeFile, told: HfFileMetadata) -> str:
    """Where a file is to be had: of one that is kept in Xet it is the hub that leads on.

    That is what the hub's own client asks when it fetches without Xet.
    """
    if told.xet_file_data is None:
        return told.location
    return hf_hub_url(one.model, one.path, revision=one.folder.name)


def corrupted(path: str, model: str, found: str, published: str) -> ModelError:
    """The sentence for a file whose bytes are not those that were published."""
    return ModelError(
        f"{path} of {model} arrived corrupted: its SHA-256 is {found[:12]}…, published "
        f"is {published[:12]}…. The bad file was removed; start again to fetch it anew."
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, during which Stop is heard."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            interruption.check()
            found.update(block)
    return found.hexdigest()


def progress_bar_class(
    progress: Progress | None, total: int = 0, before: int = 0
) -> type[tqdm]:
    """A progress bar class that draws nothing, hears Stop and passes byte counts on.

    Its own total counts only files begun; ``before`` are bytes of files that are done.
    """

    class Reporter(tqdm):
        # A bar that draws nothing needs no thread that sees to its being drawn; those
        # of several bars at once trip over one another.
        monitor_interval = 0

        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            options |= {"disable": False, "file": Silent()}
            super().__init__(*args, **options)

        def update(self, n: float | None = 1) -> bool | None:
            interruption.check()
            shown = super().update(n)
            if progress and self.unit == "B":
                done = before + int(self.n)
                progress(done, max(total, done))
            return shown

    return Reporter


class Silent:
    """A stream that swallows what is written."""

    def write(self, text: str) -> int:
        """Take the text for written."""
        return len(text)

    def flush(self) -> None:
        """Nothing waits to be written."""
