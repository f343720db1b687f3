"""A GGUF file, unpacked once into a folder of safetensors that loads like any model."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig

from analysis.core import disk, files, interruption, settings
from analysis.core.errors import AnalysisError, ModelError
from analysis.core.gguf_models import GgufModel, look_at, unreadable
from analysis.core.hidden_folders import reason
from analysis.core.model_kinds import with_article
from analysis.core.model_memory import BYTES
from analysis.core.model_records import (
    RECORD,
    WeightsRecord,
    as_json,
    converted_root,
    read_record,
)
from analysis.core.specs import DECODER
from analysis.core.version import __version__
from analysis.model.configuration import check_counts, check_kind
from analysis.model.gguf_reader import our_reader
from analysis.model.gguf_tokenizer import check_kept, read_tokenizer, settle_cutting
from analysis.model.hub import Source, sha256_of
from analysis.model.load import (
    free_memory,
    is_panic,
    out_of_memory,
    release,
    stoppable_filling,
)
from analysis.model.stacks import kind_of

Progress = Callable[[int, int, str], None]
KEPT_AS = ("float32", "bfloat16")
LIBRARIES = ("transformers", "gguf", "torch", "tokenizers", "safetensors")
MARGIN = 1.02
"""Of the disk: tokenizer and headers beside the weights."""
SHARD = "2GB"
UNSUPPORTED = "not supported yet"
"""How the library says that it does not know an architecture."""
STEPS = 20
"""How often progress is told while weights are unpacked."""
GIB = 2**30


@dataclass(frozen=True)
class Wanted:
    """How a GGUF file is to be kept.

    ``called`` is the file's own name where its path is another; ``origin`` says where it
    was found; ``sha256`` is what its bytes must have, “” where nobody told. ``papers``
    are laid beside the weights, such as a licence: name → bytes.
    """

    name: str = ""
    dtype: str = ""
    called: str = ""
    origin: str = ""
    sha256: str = ""
    papers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """What unpacking takes, in bytes, and what there is of it."""

    memory: int
    free_memory: int
    disk: int
    free_disk: int


def exact_dtype(model: GgufModel) -> str:
    """The precision in which nothing of a file's numbers is lost.

    Rounded to bfloat16, the 4-bit weights of Gemma 3 270M give states whose cosine to
    those of the unrounded ones is 0.99995 in the worst layer, and a divergence of 0.001
    nats of the next token: less than computing in bfloat16 (0.9998), yet a difference
    that would be in every study. float32 has none and is mapped, not copied.
    """
    return "bfloat16" if model.quantisation == "BF16" else "float32"


def needs_of(model: GgufModel, dtype: str) -> Needs:
    """What unpacking takes: all weights, one of them twice, and the file's own pages."""
    weights = model.parameters * BYTES[dtype]
    largest = model.largest * BYTES["float32"]
    there = disk.nearest_folder(converted_root())
    return Needs(
        memory=weights + largest + model.bytes,
        free_memory=free_memory("cpu").available,
        disk=int(weights * MARGIN),
        free_disk=shutil.disk_usage(there).free,
    )


def fits(path: Path, wanted: Wanted) -> bool:
    """Whether there is memory enough for unpacking a file now."""
    model = look_at(path, wanted.called)
    needs = needs_of(model, wanted.dtype or exact_dtype(model))
    return needs.memory <= needs.free_memory


def convert(path: Path, wanted: Wanted, progress: Progress) -> Path:
    """The folder of a GGUF file's model, unpacked unless that was done before.

    ``progress`` gets (done, of all, what is being done) and may raise to stop; then
    nothing is left behind. ModelError for a file that cannot be unpacked.
    """
    called = wanted.called or path.name
    model = look_at(path, called)
    dtype = wanted.dtype or exact_dtype(model)
    progress(0, 0, f"checking {called}")
    sha256 = checked_sha256(path, called, wanted.sha256)
    folder = settings.child(converted_root(), wanted.name or plain_name(called))
    if folder.exists():
        check_same(folder, sha256, dtype)
        return folder
    check_room(model, called, dtype)
    files.make_folder(folder.parent)
    try:
        with files.new_folder(folder) as temporary:
            notes = unpack(model, called, dtype, temporary, progress)
            record = WeightsRecord(
                file=called,
                sha256=sha256,
                bytes=model.bytes,
                quantisation=model.quantisation,
                bits=model.bits,
                kept_as=dtype,
                origin=wanted.origin,
                licence=model.licence,
                encodings=model.encodings,
                libraries={name: version(name) for name in LIBRARIES},
                notes=notes,
                babelscope=__version__,
            )
            files.write_file(temporary / RECORD, as_json(record))
            for paper, content in wanted.papers.items():
                files.write_file(temporary / paper, content)
            progress(0, 0, "writing to the disk")
            make_durable(temporary)
    except files.Taken as taken:
        raise name_taken(folder) from taken
    finally:
        release()
    return folder


def plain_name(called: str) -> str:
    """A folder's name from a file's."""
    stem = called.removesuffix(".gguf").removesuffix(".GGUF")
    return (
        re.sub(r"[^A-Za-z0-9._]+", "-", stem).strip("-._")[:64].strip("-._") or "model"
    )


def checked_sha256(path: Path, called: str, told: str) -> str:
    """The SHA-256 of a file; ModelError when it is not the one that was told."""
    found = sha256_of(path)
    if told and found != told:
        raise ModelError(
            f"{called} is damaged: its SHA-256 is {found[:12]}…, and should be "
            f"{told[:12]}…. Download it again; nothing else was touched."
        )
    return found


def check_same(folder: Path, sha256: str, dtype: str) -> None:
    """ModelError unless a folder holds this file, unpacked before in this precision."""
    record = read_record(folder)
    if record is None or (record.sha256, record.kept_as) != (sha256, dtype):
        raise name_taken(folder)


def name_taken(folder: Path) -> ModelError:
    """The error for a name that another model has."""
    return ModelError(
        f"A model of the name “{folder.name}” is there already, and it is another one. "
        "Choose another name, or delete that folder first."
    )


def check_room(model: GgufModel, called: str, dtype: str) -> None:
    """ModelError when memory or disk do not suffice, with what is needed."""
    needs = needs_of(model, dtype)
    smaller = " Or keep it as bfloat16, which takes half." if dtype == "float32" else ""
    if needs.disk > needs.free_disk:
        raise ModelError(
            f"{called}, unpacked as {dtype}, takes {needs.disk / GIB:.2f} GiB of the disk, "
            f"and {needs.free_disk / GIB:.2f} GiB are free in Babelscope's folder "
            f"(BABELSCOPE_HOME). Make room and do it again.{smaller}"
        )
    if needs.memory > needs.free_memory:
        raise ModelError(
            f"Unpacking {called} as {dtype} takes about {needs.memory / GIB:.1f} GiB of "
            f"memory, and {needs.free_memory / GIB:.1f} GiB are free. Close other "
            f"programs, or choose a smaller model.{smaller}"
        )


def unpack(
    model: GgufModel, called: str, dtype: str, folder: Path, progress: Progress
) -> tuple[str, ...]:
    """Write weights, configuration and tokenizer of a file; sentences on what is unsure."""

    def tensors(done: int, total: int) -> None:
        # In steps, for a log has a line for each.
        share = done * STEPS // total
        progress(share * 100 // STEPS, 100, f"unpacking {called}, %")

    place = str(model.path.parent)
    file = model.path.name
    try:
        with our_reader(model.path, tensors), stoppable_filling():
            config = AutoConfig.from_pretrained(
                place, gguf_file=file, trust_remote_code=False
            )
            check_decoder(config, called)
            progress(0, 0, f"building the tokenizer of {called}")
            vocabulary = config.get_text_config().vocab_size
            tokenizer = read_tokenizer(model.path, vocabulary)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                place,
                gguf_file=file,
                config=config,
                dtype=getattr(torch, dtype),
                output_loading_info=True,
                trust_remote_code=False,
            )
    except AnalysisError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        raise unpacking_error(error, model, called) from error
    built, info = loaded
    check_filled(info, called)
    notes = settle_cutting(tokenizer, model.pre_tokenizer)
    progress(0, 0, f"writing {called} as safetensors")
    save(built, folder)
    tokenizer.save_pretrained(folder)
    check_kept(tokenizer, folder, called)
    return (*notes, *left_out(built, model))


def check_decoder(config: PreTrainedConfig, called: str) -> None:
    """ModelError for a configuration that could not be read later."""
    source = Source(called, Path(called), "local")
    kind = kind_of(config)
    if kind != DECODER:
        raise ModelError(
            f"{called} is {with_article(kind)}: GGUF files are unpacked of decoders only. "
            "Choose its safetensors files."
        )
    check_kind(config, source)
    check_counts(config.get_text_config(), source)


def unpacking_error(error: BaseException, model: GgufModel, called: str) -> ModelError:
    """A sentence for what the library raised."""
    said = str(error)
    if UNSUPPORTED in said or "Unknown gguf model_type" in said:
        return ModelError(
            f"{called} is of the architecture “{model.architecture}”, which transformers "
            "cannot unpack from GGUF. Take the model's safetensors, or another model."
        )
    if isinstance(error, NotImplementedError):
        return ModelError(
            f"{called} holds weights in an encoding that cannot be unpacked "
            f"({', '.join(model.encodings)}). Choose another quantisation, such as "
            "Q4_K_M or Q8_0."
        )
    if out_of_memory(error):
        return ModelError(
            f"{called} does not fit into memory while it is unpacked. Close other "
            "programs, or choose a smaller model."
        )
    return unreadable(called, reason(error))


def check_filled(info: dict[str, Any], called: str) -> None:
    """ModelError when a model has weights that a file does not hold, or in other shapes."""
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(
            f"{called} lacks {len(missing)} tensors of its model, such as {missing[0]}. "
            "Take another file of the model."
        )


def left_out(built: Any, model: GgufModel) -> tuple[str, ...]:
    """A sentence on numbers of a file that found no place in the model; none if all did."""
    placed = sum(weights.numel() for weights in built.parameters())
    over = model.parameters - placed
    if over <= 0:
        return ()
    return (
        f"{over:,} of the {model.parameters:,} numbers of {model.path.name} have no place "
        "in the model of transformers and were left out, such as factors of positions; "
        "long texts may be read differently than by llama.cpp.",
    )


def save(built: Any, folder: Path) -> None:
    """Write a model as plain numbers."""
    # The library would keep saying that it is quantised, and refuse to write it.
    built.hf_quantizer = None
    if hasattr(built.config, "quantization_config"):
        del built.config.quantization_config
    built.save_pretrained(folder, max_shard_size=SHARD)


def make_durable(folder: Path) -> None:
    """Let everybody read the files of a folder, and have them on the disk for good."""
    for path in folder.iterdir():
        interruption.check()
        path.chmod(0o644)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    files.sync_folder(folder)
