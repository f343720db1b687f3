"""Arrays from files that others made: the libraries' own values, or one sentence, in bounds."""

import io
import json
import pickle
import random
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save as save_safetensors

from analysis.core.errors import AnalysisError, Stopped
from analysis.core.tensor_files import READERS, read_tensors
from analysis.core.turns import watched
from analysis.questions.mean_states import read_mean_states
from analysis.steering.vector_files import read_vectors, to_gguf
from tests.damaged import damaged_tensors

ROOT = Path(__file__).parent.parent
torch.manual_seed(0)
MATRIX = torch.randn(4, 8)
VECTORS = {layer: MATRIX[layer].numpy() for layer in range(1, 4)}


def torch_file(value: object, **options: object) -> bytes:
    torch.save(value, buffer := io.BytesIO(), **options)
    return buffer.getvalue()


def npy(values: np.ndarray) -> bytes:
    np.save(buffer := io.BytesIO(), values)
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    np.savez_compressed(buffer := io.BytesIO(), **arrays)
    return buffer.getvalue()


LEGACY = {"_use_new_zipfile_serialization": False}
HELD = (
    MATRIX,
    {"a": MATRIX, "b": MATRIX.bfloat16(), "c": MATRIX.half(), "d": MATRIX.double()},
    {"a": torch.arange(4), "b": MATRIX > 0, "c": torch.tensor(3.0), "d": MATRIX.char()},
    {"turned": MATRIX.T, "cut": MATRIX[1:3, ::2], "none": torch.zeros(0, 5)},
    {
        "a": torch.nn.Parameter(MATRIX),
        7: MATRIX[0],
        "rest": ["text", 3, None, {"a": 1}],
    },
    {"device": torch.device("cpu"), "dtype": torch.float32, "shape": MATRIX.shape},
    torch.nn.Linear(3, 4).state_dict(),
    OrderedDict(a=MATRIX),
    list(MATRIX),
    (MATRIX, MATRIX[0]),
)


@pytest.mark.parametrize("options", [{}, LEGACY], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("place", range(len(HELD)))
def test_torch_files_hold_what_torch_reads(place, options):
    data = torch_file(HELD[place], **options)
    held = torch.load(io.BytesIO(data), weights_only=True)
    if isinstance(held, list | tuple):
        held = dict(enumerate(held))
    elif isinstance(held, torch.Tensor):
        held = {"tensor": held}
    found = read_tensors(data, "x.pt")
    assert {*map(str, held)} == {*found.arrays, *found.rest}
    for key, value in held.items():
        if isinstance(value, torch.Tensor):
            value = value.detach()
            value = value.float() if value.is_floating_point() else value
            assert found.arrays[str(key)].dtype == value.numpy().dtype
            np.testing.assert_array_equal(found.arrays[str(key)], value.numpy())


def test_reading_a_torch_file_loads_no_torch():
    code = (
        "import sys\n"
        "from analysis.core.tensor_files import read_tensors\n"
        "found = read_tensors(sys.stdin.buffer.read(), 'x.pt')\n"
        "print(list(found.arrays), 'torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code]
    data = torch_file({"a": MATRIX})
    done = subprocess.run(
        command, cwd=ROOT, input=data, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == "['a'] False"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (MATRIX.to_sparse(), "sparse"),
        (torch.empty(3, 4, device="meta"), "empty"),
        (torch.complex(MATRIX, MATRIX), "of type torch.ComplexFloatStorage"),
        (MATRIX.to(torch.float8_e4m3fn), "no plain tensor"),
        ("text", "no tensor"),
    ],
)
def test_what_is_no_plain_tensor_is_said(value, words):
    assert read_tensors(torch_file(value), "x.pt").rest == {"tensor": words}


class Evil:
    """Something that would run when unpickled."""

    def __reduce__(self):
        return (print, ("ran",))


@pytest.mark.parametrize("options", [{}, LEGACY, {"pickle_protocol": 4}])
def test_nothing_in_a_torch_file_runs(options, capsys):
    for harm in ({"a": MATRIX, "b": Evil()}, Evil(), print, {"a": np.ones(3)}):
        with pytest.raises(ValueError, match="it names"):
            read_tensors(torch_file(harm, **options), "x.pt")
    with pytest.raises(ValueError, match="no torch file"):
        read_tensors(pickle.dumps({"a": 1}, 2), "x.pt")
    assert "ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((3, 0)),
        np.float64(3),
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.ones(3, ">f4"),
        np.ones(2, np.float16),
        np.ones(2, bool),
    ],
)
def test_numpy_files_hold_what_numpy_reads(values):
    found = read_tensors(npy(values), "x.npy").arrays["array"]
    assert found.shape == np.shape(values)
    np.testing.assert_array_equal(found, values)
    found = read_tensors(npz(a=values, b=np.ones(3)), "x.npz").arrays
    assert list(found) == ["a", "b"] and found["a"].shape == np.shape(values)


def rezipped(data: bytes, change) -> bytes:
    """A zip file with its parts changed by ``change(name, content)``."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return made.getvalue()


def safetensors_head(shape: list[int], kind: str = "F32", end: int = 0) -> bytes:
    about = {"layer.1": {"dtype": kind, "shape": shape, "data_offsets": [0, end]}}
    head = json.dumps(about).encode()
    return len(head).to_bytes(8, "little") + head + bytes(end)


def npy_head(shape: str, kind: str = "<f4") -> bytes:
    head = (
        f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    )
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head


def gguf_head(tensors: int, fields: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, fields) + rest


def gguf_text(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def gguf_tensor(*sizes: int, encoding: int = 0) -> bytes:
    """A GGUF file that declares one direction and has 64 bytes for it."""
    name = gguf_text(b"direction.1") + struct.pack("<I", len(sizes))
    head = name + struct.pack(f"<{len(sizes)}QIQ", *sizes, encoding, 0)
    return gguf_head(1, 0, head) + bytes(96)


def npz_bomb(size: int) -> bytes:
    """An archive whose array is a thousandth of its size."""
    made = io.BytesIO()
    archive = zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("layer.1.npy", "w") as part:
        part.write(npy_head(f"({size // 4},)"))
        for _ in range(size // 2**20):
            part.write(bytes(2**20))
    return made.getvalue()


def endless_npz(size: int, declared: int) -> bytes:
    """An archive of a thousandth of what its array unpacks to, which it declares or not."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = pack.compress(npy_head(f"({size // 4},)")) + pack.flush(zlib.Z_FULL_FLUSH)
    zeros = pack.compress(bytes(2**20)) + pack.flush(zlib.Z_FULL_FLUSH)
    stream = head + zeros * (size // 2**20) + pack.flush()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("layer.1.npy", stream)
    data = bytearray(made.getvalue())
    for signature, kind, sizes in ((b"PK\x03\x04", 8, 22), (b"PK\x01\x02", 10, 24)):
        place = data.index(signature)
        struct.pack_into("<H", data, place + kind, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", data, place + sizes, declared)
    return bytes(data)


def lying(data: bytes) -> bytes:
    """An archive whose parts declare fewer bytes than they unpack to."""
    parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    for part in parts:
        data = data.replace(struct.pack("<I", part.file_size), struct.pack("<I", 100))
    return data


def pickled(steps: bytes) -> bytes:
    """A torch file with a pickle of one's own."""
    data = torch_file(MATRIX)
    return rezipped(data, lambda name, old: steps if "data.pkl" in name else old)


def stretched(shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    tensor = torch.as_strided(torch.ones(8), (2, 2), (2, 1))
    data = torch_file({"layer.1": tensor})
    old = b"K\x02K\x02\x86q"
    made = b"(" + b"".join(b"J" + struct.pack("<i", size) for size in shape) + b"tq"
    data = rezipped(data, lambda name, content: content.replace(old, made))
    steps = b"(" + b"".join(b"J" + struct.pack("<i", step) for step in strides) + b"tq"
    return rezipped(
        data, lambda name, content: content.replace(b"K\x02K\x01\x86q", steps)
    )


DEEP = b"\x80\x02}(" + b")" + b"\x85" * 200_000 + b"K\x01u."
DOUBLED = b"\x80\x02]q\x00" + b"".join(
    b"]q%c(h%ch%ce" % (i, i - 1, i - 1) for i in range(1, 60)
)
BOMBS = {
    "stride 0": ("x.pt", torch_file(torch.ones(1).expand(10**6, 10**6))),
    "stretched": ("x.pt", stretched((10**9, 10**9), (0, 0))),
    "beyond the storage": ("x.pt", stretched((2, 2), (7, 1))),
    "minus": ("x.pt", stretched((-2, -2), (2, 1))),
    "without columns": ("x.pt", torch_file(torch.zeros(10**9, 0))),
    "storage": (
        "x.pt",
        torch_file(MATRIX, **LEGACY).replace(b"K N", b"J\xff\xff\xff\x7fN"),
    ),
    "compressed": ("x.pt", npz_bomb(2**20)),
    "deep key": ("x.pt", pickled(DEEP)),
    "deep name": ("x.pt", pickled(DEEP[:-4] + b"\x8c\x01a\x93.")),
    "doubled name": ("x.pt", pickled(DOUBLED + b"\x8c\x01a\x93.")),
    "endless memo": ("x.pt", pickled(b"\x80\x02}r\xff\xff\xff\xffj\xff\xff\xff\xff.")),
    "many steps": ("x.pt", pickled(b"\x80\x02" + b"}" * 2**20 + b".")),
    "bytearray": (
        "x.pt",
        pickled(b"\x80\x02c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R."),
    ),
    "torch.Tensor": (
        "x.pt",
        pickled(b"\x80\x02ctorch\nTensor\nJ\xff\xff\xff\x7f\x85R."),
    ),
    "rows": ("x.safetensors", safetensors_head([10**9, 0])),
    "sizes": ("x.safetensors", safetensors_head([2**40, 2**40])),
    "many sizes": ("x.safetensors", safetensors_head([1] * 100_000, end=4)),
    "header": ("x.safetensors", (2**40).to_bytes(8, "little") + b"{}"),
    "npy rows": ("x.npy", npy_head("(1000000000, 0)")),
    "npy size": ("x.npy", npy_head("(1000000000000,)")),
    "npy sizes": ("x.npy", npy_head(f"({'9,' * 3000})")),
    "npy digits": ("x.npy", npy_head(f"({'9' * 5000},)")),
    "npy text": ("x.npy", npy_head("(10,)", "|S0")),
    "npy objects": ("x.npy", npy(np.array([{}, 1], object))),
    "npy header": ("x.npy", b"\x93NUMPY\x02\x00" + b"\xff" * 4 + bytes(99)),
    "npz bomb": ("x.npz", npz_bomb(2**29)),
    "npz of 4 GB": ("x.npz", endless_npz(2**32, 2**32 - 1)),
    "npz of 10 GB that says 100 bytes": ("x.npz", endless_npz(10 * 2**30, 100)),
    "npz of 1 GB that says 200 MB": ("x.npz", endless_npz(2**30, 200 * 2**20)),
    "npz lies": ("x.npz", lying(npz_bomb(2**27))),
    "gguf fields": ("x.gguf", gguf_head(0, 2**60)),
    "gguf fields in 49 bytes": (
        "x.gguf",
        gguf_head(0, 2**60, gguf_text(b"a") + struct.pack("<I", 0) + bytes(12)),
    ),
    "gguf tensors": ("x.gguf", gguf_head(2**60, 0)),
    "gguf list": (
        "x.gguf",
        gguf_head(0, 1, gguf_text(b"a") + struct.pack("<IIQ", 9, 0, 2**60)),
    ),
    "gguf texts": (
        "x.gguf",
        gguf_head(0, 1, gguf_text(b"a") + struct.pack("<IIQ", 9, 8, 2**60)),
    ),
    "gguf size": ("x.gguf", gguf_tensor(2**40)),
    "gguf sizes": ("x.gguf", gguf_tensor(2**40, 2**40)),
    "gguf rows": ("x.gguf", gguf_tensor(0, 10**9)),
    "gguf dimensions": ("x.gguf", gguf_head(1, 0, gguf_text(b"a") + b"\xff" * 64)),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_asks_for_no_large_memory(bomb):
    name, data = BOMBS[bomb]
    begun = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(AnalysisError):
            read_vectors(data, name)
        with pytest.raises(AnalysisError):
            read_mean_states({f"means.en.{name}": data})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**28 + 20 * len(data)
    assert time.process_time() - begun < 30


VALID = {
    "x.pt": torch_file({f"layer.{layer}": MATRIX[layer] for layer in range(1, 4)}),
    "y.pt": torch_file({"a": torch.nn.Parameter(MATRIX.half())}),
    "legacy.pt": torch_file({"a": MATRIX}, **LEGACY),
    "x.safetensors": save_safetensors(
        {"layer.1": MATRIX[0], "layer.2": MATRIX[1].half()}
    ),
    "x.npy": npy(MATRIX.numpy()),
    "x.npz": npz(**{"layer.1": MATRIX[0].numpy(), "layer.2": MATRIX[1].numpy()}),
    "x.gguf": to_gguf(VECTORS, "made"),
}
MUTATIONS = 200


@pytest.mark.parametrize("name", VALID)
def test_damage_is_a_value_or_a_sentence(name):
    """36 of 1,200 damaged torch files were told as a fault of Babelscope."""
    chance = random.Random(name)
    values = sentences = 0
    for _ in range(MUTATIONS):
        data = damaged_tensors(VALID[name], chance)
        for read in (
            read_vectors,
            lambda data, name: read_mean_states({f"en.{name}": data}),
        ):
            try:
                read(data, name)
                values += 1
            except AnalysisError as error:
                sentences += 1
                assert str(error) and "\n" not in str(error)
    assert values and sentences


def test_every_ending_has_a_valid_file_here():
    assert {Path(name).suffix for name in VALID} >= READERS.keys() - {".pth"}
    for name, data in VALID.items():
        assert read_tensors(data, name).arrays


@pytest.mark.parametrize("name", VALID)
def test_stop_is_heard_in_every_reader(name):
    def stop(share: float | None) -> None:
        raise Stopped("Stopped.")

    for read in (
        read_vectors,
        lambda data, name: read_mean_states({f"en.{name}": data}),
    ):
        with watched(stop), pytest.raises(Stopped):
            read(VALID[name], name)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "texts.gguf",
            gguf_head(
                0,
                1,
                gguf_text(b"a") + struct.pack("<IIQ", 9, 8, 2**18) + bytes(2**21),
            ),
        ),
        ("steps.pt", pickled(b"\x80\x02" + b"N" * 2**18 + b".")),
        ("large.npz", npz_bomb(2**26)),
    ],
)
def test_long_loops_look_often_whether_to_stop(name, data):
    """A second of work and more went by between two looks."""
    told = []
    with watched(told.append), pytest.raises(AnalysisError):
        read_vectors(data, name)
    assert len(told) >= 4


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1001, 2), "1,001 layers × 2"),
        ((2, 2**16 + 1), "2 layers × 65,537"),
    ],
)
def test_mean_states_have_sizes_that_models_have(shape, words):
    """A file of a kilobyte was accepted as 20,000 × 60,000."""
    data = npy(np.ones(shape, np.float16))
    with pytest.raises(AnalysisError, match=words):
        read_mean_states({"m.en.npy": data, "m.fr.npy": npy(np.ones((2, 3)))})


def test_all_files_of_mean_states_together_are_bounded(monkeypatch):
    monkeypatch.setattr("analysis.core.tensors.MOST_NUMBERS", 100)
    files = {f"m.{code}.npy": npy(np.ones((5, 9))) for code in ("en", "fr", "zh")}
    with pytest.raises(AnalysisError, match="135 numbers; read are 100"):
        read_mean_states(files)
    assert len(read_mean_states(dict(list(files.items())[:2])).states) == 2
