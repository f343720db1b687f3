"""What a GGUF file of a language model says of itself, before anything is unpacked."""

import mmap
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from analysis.core import disk
from analysis.core.errors import ModelError
from analysis.core.gguf_files import Declared, Head, encoding_of, read_head, stored

ENDING = ".gguf"
SPLIT = re.compile(r"-(?P<part>\d{5})-of-(?P<parts>\d{5})$")
"""How llama.cpp names the files of a model that it has cut into several."""
QUANTISATION = re.compile(
    r"(?<![A-Za-z0-9])(I?Q\d+(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4|NVFP4|BF16|F16|FP16|F32)"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
"""How the names of files tell the quantisation."""
OTHER_SPELLINGS = {"FP16": "F16"}
WHOLE = {"F32": 32, "F16": 16, "BF16": 16}
"""Encodings that are plain numbers, and their bits."""
TOKENS = "tokenizer.ggml.tokens"
PROJECTORS = ("clip", "mmproj")
"""Architectures of files that hold only what reads pictures."""


@dataclass(frozen=True)
class GgufModel:
    """A GGUF file of a language model as its header describes it."""

    path: Path
    bytes: int
    architecture: str
    title: str
    licence: str
    quantisation: str
    encodings: dict[str, int]
    """Encoding → number of tensors that are stored so."""
    parameters: int
    largest: int
    """How many numbers the largest tensor has."""
    pre_tokenizer: str
    """How texts are cut before pieces are looked up; “” where that is not told."""

    @property
    def bits(self) -> int:
        """Of a weight, as the name of the quantisation tells them."""
        return bits_of(self.quantisation)

    @property
    def words(self) -> str:
        """How the weights are stored, in words."""
        return f"{self.bits}-bit weights ({self.quantisation})"


def bits_of(quantisation: str) -> int:
    """Bits of a weight by the name of a quantisation: 4 for Q4_K_M."""
    if quantisation in WHOLE:
        return WHOLE[quantisation]
    digits = re.search(r"\d+", quantisation)
    return int(digits[0]) if digits else 0


def look_at(path: Path, name: str = "") -> GgufModel:
    """What a file's header says, held against the file's length.

    ``name`` is what the file is called where its path does not tell. ModelError for a
    file that is cut, is no GGUF, is only a part, or holds no language model.
    """
    called = name or path.name
    check_whole(called)
    with opened(path, called) as content:
        head = checked_head(content, called)
    check_language_model(head, called)
    if not head.tensors:
        raise unreadable(called, "it holds no weights")
    kinds = Counter(encoding_of(one).name for one in head.tensors)
    return GgufModel(
        path=path,
        bytes=path.stat().st_size,
        architecture=head.text("general.architecture"),
        title=head.text("general.name"),
        licence=head.text("general.license"),
        quantisation=quantisation_of(head, called),
        encodings=dict(kinds.most_common()),
        parameters=sum(one.count for one in head.tensors),
        largest=max(one.count for one in head.tensors),
        pre_tokenizer=pre_tokenizer_of(head),
    )


def check_whole(called: str) -> None:
    """ModelError for a file that is one of several."""
    split = SPLIT.search(Path(called).stem)
    if split and int(split["parts"]) > 1:
        raise ModelError(
            f"{called} is part {int(split['part'])} of {int(split['parts'])} of a model. "
            "Join them into one file with llama.cpp (llama-gguf-split --merge), or "
            "choose a quantisation that is one file."
        )


@contextmanager
def opened(path: Path, called: str) -> Iterator[mmap.mmap]:
    """The bytes of a file, mapped; ModelError where there are none."""
    with disk.reading(path), path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise unreadable(called, "it is empty") from error
        try:
            yield content
        finally:
            close(content)


def close(content: mmap.mmap) -> None:
    """Give a mapped file back; what somebody still looks at goes with the last look."""
    with suppress(BufferError):
        content.close()


def unreadable(called: str, why: object) -> ModelError:
    """The error for a file that cannot be read as GGUF."""
    return ModelError(
        f"{called} cannot be read as GGUF: {why}. Copy or download it again; nothing "
        "else was touched."
    )


def checked_head(content: mmap.mmap, called: str) -> Head:
    """The header, when every tensor that it names is wholly in the file."""
    try:
        head = read_head(content)
        data = memoryview(content)[head.begin :]
        for tensor in head.tensors:
            check_stored(tensor, data)
    except (ValueError, UnicodeDecodeError) as error:
        raise unreadable(called, error) from error
    return head


def check_stored(tensor: Declared, data: memoryview) -> None:
    """ValueError unless a tensor lies within the bytes of a file."""
    if tensor.count < 1:
        raise ValueError(f"“{tensor.name[:60]}” has no numbers")
    stored(tensor, data)


def check_language_model(head: Head, called: str) -> None:
    """ModelError for a file that holds something else than a language model."""
    architecture = head.text("general.architecture")
    if not architecture:
        raise unreadable(called, "it does not say of which architecture it is")
    kind = head.text("general.type") or "model"
    if kind != "model" or architecture in PROJECTORS:
        raise ModelError(
            f"{called} holds no language model but {what_else(kind, architecture)}. "
            "Choose the file of the model itself."
        )
    if TOKENS not in head.fields:
        raise ModelError(
            f"{called} has no tokenizer, so texts cannot be read with it. Choose a file "
            "that holds one; those of language models do."
        )


def what_else(kind: str, architecture: str) -> str:
    """What a file holds, in words."""
    if architecture in PROJECTORS:
        return "a part that reads pictures"
    if kind == "adapter":
        return "an adapter (LoRA) of one"
    return f"what calls itself “{kind[:60]}” ({architecture[:60]})"


def pre_tokenizer_of(head: Head) -> str:
    """How texts are cut; only byte-level vocabularies cut them by more than spaces."""
    if head.text("tokenizer.ggml.model") != "gpt2":
        return ""
    return head.text("tokenizer.ggml.pre")


def quantisation_of(head: Head, called: str) -> str:
    """The name of a file's quantisation, such as Q4_K_M.

    The header tells it; else the file's name, else the encoding of most numbers.
    """
    from gguf.constants import LlamaFileType

    number = head.number("general.file_type")
    known = {kind.value: kind.name for kind in LlamaFileType}
    if number is not None and number in known and number != LlamaFileType.GUESSED:
        return known[number].removeprefix("MOSTLY_").removeprefix("ALL_")
    return named_quantisation(called) or commonest_encoding(head)


def named_quantisation(called: str) -> str:
    """The quantisation that a file's name tells; “” where it tells none."""
    found = QUANTISATION.findall(called)
    if not found:
        return ""
    name = found[-1].upper()
    return OTHER_SPELLINGS.get(name) or name


def commonest_encoding(head: Head) -> str:
    """The encoding of most numbers of a file."""
    amounts: Counter[str] = Counter()
    for tensor in head.tensors:
        amounts[encoding_of(tensor).name] += tensor.count
    return amounts.most_common(1)[0][0]
