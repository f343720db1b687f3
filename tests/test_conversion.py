"""GGUF files become models: the same numbers, the same tokens, whole or not at all."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from analysis.core.errors import AnalysisError, ModelError, Stopped
from analysis.core.gguf_models import bits_of, named_quantisation
from analysis.core.interruption import heard_by
from analysis.core.leftovers import HOST, sweep
from analysis.core.model_names import offered_models
from analysis.core.model_records import RECORD, converted_root, read_record
from analysis.core.specs import ModelSpec
from analysis.model import conversion
from analysis.model.conversion import Wanted, convert
from analysis.model.gguf_tokenizer import PROBES
from analysis.model.load import load, preflight
from analysis.study import library
from analysis.worker.extraction import weights_of
from analysis.worker.models import Naming, unpack_file
from analysis.worker.service import Job, Pool
from babelscope import making
from tests.tiny_gguf import write

ERRORS = {"F32": 0.0, "F16": 5e-4, "BF16": 4e-3, "Q8_0": 6e-3, "Q4_0": 0.13}
"""Encoding → the largest error of a weight, of the largest weight of its tensor."""


def quiet(done: int, total: int, doing: str) -> None:
    """Nothing is shown."""


def unpack(path: Path, **wanted: object) -> Path:
    """The folder of a file's model."""
    return convert(path, Wanted(**wanted), quiet)


def spoil(path: Path, before: bytes, after: bytes) -> None:
    """Replace bytes of a file by as many others."""
    content = path.read_bytes()
    assert before in content and len(before) == len(after)
    path.write_bytes(content.replace(before, after))


def refusal(path: Path, **wanted: object) -> str:
    """The sentence with which a file is refused; nothing is left behind."""
    with pytest.raises(AnalysisError) as error:
        unpack(path, **wanted)
    left = path.parent / "models"
    assert not left.is_dir() or not list(left.iterdir())
    return str(error.value)


EVERY = [("llama", kind) for kind in ERRORS]
EVERY += [(family, kind) for family in ("qwen2", "gemma3") for kind in ("F32", "Q8_0")]


@pytest.mark.parametrize("family, kind", EVERY)
def test_a_file_gives_the_model_within_the_error_of_its_encoding(home, family, kind):
    way = "qwen2" if family == "qwen2" else ""
    original = write(home / f"tiny-{family}.{kind}.gguf", family, kind, way)
    folder = unpack(home / f"tiny-{family}.{kind}.gguf")
    loaded = load(ModelSpec(folder.name)).model
    mine, theirs = loaded.state_dict(), original.state_dict()
    assert mine.keys() == theirs.keys()
    for name, weights in theirs.items():
        largest = weights.abs().max().clamp_min(1e-6)
        error = (mine[name] - weights).abs().max() / largest
        assert error <= ERRORS[kind], name
    ids = torch.arange(3, 40)[None]
    with torch.inference_mode():
        cosine = torch.cosine_similarity(loaded(ids).logits, original(ids).logits, -1)
    assert cosine.mean() > (0.9 if kind == "Q4_0" else 0.999)


def test_what_is_not_quantised_comes_back_bit_for_bit(home):
    original = write(home / "tiny.gguf", "llama", "F32")
    loaded = load(ModelSpec(unpack(home / "tiny.gguf").name)).model
    ids = torch.arange(3, 40)[None]
    with torch.inference_mode():
        assert torch.equal(loaded(ids).logits, original(ids).logits)


def test_a_tokenizer_of_pieces_and_bytes_gives_texts_back(home):
    write(home / "tiny.gguf", "gemma3")
    tokenizer = load(ModelSpec(unpack(home / "tiny.gguf").name)).tokenizer
    for text in PROBES:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids) == text
    assert tokenizer("ab")["input_ids"][0] == tokenizer.bos_token_id == 1


@pytest.mark.parametrize(
    "way, pieces, told",
    [
        ("gpt-2", ["ab", "12"], 0),
        ("smollm", ["ab", "1", "2"], 0),
        ("something-else", ["ab", "12"], 1),
    ],
)
def test_a_tokenizer_of_bytes_cuts_as_the_file_asks_or_says_so(home, way, pieces, told):
    write(home / "tiny.gguf", "llama", way=way)
    engine = load(ModelSpec(unpack(home / "tiny.gguf").name))
    assert engine.tokenizer.tokenize("ab12") == pieces
    notes = [one for one in engine.notices if f"cut as “{way}” does" in one]
    assert len(notes) == told
    assert engine.tokenizer("ab")[
        "input_ids"
    ] == engine.tokenizer.convert_tokens_to_ids(["ab"])


def test_what_was_unpacked_is_recorded_offered_and_told(home):
    write(home / "Tiny (1) Q8_0.gguf", "llama", "Q8_0")
    folder = unpack(home / "Tiny (1) Q8_0.gguf", origin="a colleague")
    assert folder.name == "Tiny-1-Q8_0"
    assert offered_models()[folder.name] == folder
    record = read_record(folder)
    assert record.quantisation == "Q8_0" and record.bits == 8
    assert record.kept_as == "float32" and record.origin == "a colleague"
    assert record.licence == "mit" and record.libraries["transformers"]
    assert record.words == "computed from 8-bit weights (Q8_0)"
    engine = load(ModelSpec(folder.name))
    sentence = (
        "Tiny-1-Q8_0: computed from 8-bit weights (Q8_0), unpacked from Tiny (1) "
        "Q8_0.gguf."
    )
    assert engine.notices == (sentence,)
    assert preflight(ModelSpec(folder.name)).notices == (sentence,)
    assert weights_of(engine)["weights"]["sha256"] == record.sha256


def test_models_that_were_unpacked_are_offered_beside_the_listed_folders(
    home, tiny_models
):
    write(home / "tiny.gguf")
    unpack(home / "tiny.gguf")
    assert {"tiny", "llama", "demo"} <= offered_models().keys()


def test_a_file_is_unpacked_once(home, monkeypatch):
    write(home / "tiny.gguf")
    folder = unpack(home / "tiny.gguf")
    monkeypatch.setattr(conversion, "unpack", None)
    assert unpack(home / "tiny.gguf") == folder


def test_another_file_does_not_take_a_name(home):
    write(home / "tiny.gguf")
    unpack(home / "tiny.gguf")
    write(home / "tiny.gguf", initializer_range=0.2)
    with pytest.raises(ModelError, match="“tiny” is there already, and it is another"):
        unpack(home / "tiny.gguf")
    assert unpack(home / "tiny.gguf", name="tiny-2").name == "tiny-2"


def test_half_the_disk_is_taken_where_that_is_asked_for(home):
    write(home / "tiny.gguf")
    whole = unpack(home / "tiny.gguf") / "model.safetensors"
    half = unpack(home / "tiny.gguf", name="half", dtype="bfloat16") / whole.name
    assert half.stat().st_size < 0.6 * whole.stat().st_size


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4000])


def cut_head(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:500])


def other_kind(path: Path) -> None:
    path.write_bytes(b"{}" * 100)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def endless(path: Path) -> None:
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60))


SPOILED = {
    "cut": (cut, "x.gguf cannot be read as GGUF: it ends before the numbers of"),
    "cut head": (cut_head, "x.gguf cannot be read as GGUF: it ends before all that"),
    "no GGUF": (other_kind, "x.gguf cannot be read as GGUF: it is no GGUF file."),
    "empty": (emptied, "x.gguf cannot be read as GGUF: it is empty."),
    "endless": (endless, "x.gguf cannot be read as GGUF: it declares 0 tensors and"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_damaged_file_is_refused_in_a_sentence(home, case):
    write(home / "x.gguf")
    spoiling, sentence = SPOILED[case]
    spoiling(home / "x.gguf")
    assert refusal(home / "x.gguf").startswith(sentence)


def test_an_architecture_that_is_not_known_is_named(home):
    write(home / "x.gguf")
    spoil(home / "x.gguf", b"llama.", b"lxama.")
    spoil(
        home / "x.gguf",
        struct.pack("<Q", 5) + b"llama",
        struct.pack("<Q", 5) + b"lxama",
    )
    said = refusal(home / "x.gguf")
    assert "“lxama”, which transformers cannot unpack from GGUF" in said


def test_a_part_of_several_is_told_with_what_to_do(home):
    write(home / "x-00001-of-00003.gguf")
    said = refusal(home / "x-00001-of-00003.gguf")
    assert said.startswith("x-00001-of-00003.gguf is part 1 of 3 of a model.")
    assert "llama-gguf-split --merge" in said


def test_a_tensor_that_is_missing_is_named(home):
    write(home / "x.gguf", leave_out="blk.1.ffn_up.weight")
    said = refusal(home / "x.gguf")
    assert said.startswith(
        "x.gguf lacks 1 tensors of its model, such as model.layers.1."
    )


def test_other_bytes_than_were_told_are_refused(home):
    write(home / "x.gguf")
    assert "is damaged: its SHA-256 is" in refusal(home / "x.gguf", sha256="0" * 64)


@pytest.mark.parametrize(
    "kind, holds", [("mmproj", "“mmproj” (llama)"), ("adapter", "an adapter (LoRA)")]
)
def test_a_file_of_something_else_is_told(home, kind, holds):
    write(home / "x.gguf", kind_of_file=kind)
    said = refusal(home / "x.gguf")
    assert said.startswith("x.gguf holds no language model but ") and holds in said


def test_no_token_is_beyond_the_vocabulary(home):
    write(home / "x.gguf", "qwen2", way="qwen2")
    tokenizer = load(ModelSpec(unpack(home / "x.gguf").name)).tokenizer
    assert len(tokenizer) == 300
    assert max(tokenizer("<unk> <|endoftext|>")["input_ids"]) < 300


def test_what_is_needed_is_told_before(home, monkeypatch):
    write(home / "x.gguf")
    full = shutil.disk_usage(home)._replace(free=1000)
    monkeypatch.setattr(conversion.shutil, "disk_usage", lambda place: full)
    said = refusal(home / "x.gguf")
    assert "takes 0.00 GiB of the disk, and 0.00 GiB are free" in said
    monkeypatch.undo()


def test_too_little_memory_is_told_before(home, monkeypatch):
    monkeypatch.setenv("BABELSCOPE_HOME", str(home))
    write(home / "x.gguf")
    little = conversion.free_memory("cpu")._replace(available=1000)
    monkeypatch.setattr(conversion, "free_memory", lambda device: little)
    said = refusal(home / "x.gguf")
    assert said.startswith("Unpacking x.gguf as float32 takes about 0.0 GiB of memory")
    assert said.endswith("Or keep it as bfloat16, which takes half.")


@pytest.mark.parametrize("moment", ["checking", "building", "unpacking", "writing"])
def test_stop_leaves_nothing_and_the_same_goes_again(home, moment):
    write(home / "x.gguf")

    def stop(done: int, total: int, doing: str) -> None:
        if doing.startswith(moment):
            raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        convert(home / "x.gguf", Wanted(), stop)
    models = home / "models"
    assert not models.is_dir() or not list(models.iterdir())
    assert unpack(home / "x.gguf").name == "x"


def test_stop_is_heard_while_a_file_is_hashed(home):
    write(home / "x.gguf")

    def stop() -> None:
        raise Stopped("Stopped.")

    with pytest.raises(Stopped), heard_by(stop):
        unpack(home / "x.gguf")


def test_what_is_half_written_is_no_model(home):
    half = home / "models" / ".tmp-0a1b2c3d-1-0a1b2c3d"
    half.mkdir(parents=True)
    (half / "config.json").write_text("{}")
    assert list(offered_models()) == ["demo"]


def test_what_a_killed_process_left_is_swept(home):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    left = home / "models" / f".tmp-{HOST}-{killed.pid}-0a1b2c3d"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    assert sweep(home) == [left]


def test_a_job_unpacks_a_file_and_says_what_it_is_called(home):
    write(home / "x.gguf", "llama", "Q8_0")
    job = Job(1, "me", "", lambda job, pool: None)
    brought = unpack_file(home / "x.gguf", Naming("mine"))(job, Pool())
    assert brought.name == "mine"
    assert brought.record.bits == 8


def joined(path: Path) -> Path:
    """The folder of a model whose one part is given."""
    job = Job(1, "me", "", lambda job, pool: None)
    brought = unpack_file(path, Naming())(job, Pool())
    return converted_root() / brought.name


def test_a_model_in_several_files_is_that_of_one_file(home):
    """As the library that llama.cpp's converter writes with cuts it."""
    write(home / "x.gguf", "llama", "Q8_0", tensors_a_file=7)
    write(home / "one.gguf", "llama", "Q8_0")
    parts = sorted(home.glob("x-*-of-*.gguf"))
    assert len(parts) > 2
    folder = joined(parts[1])
    assert folder.name == "x" and read_record(folder).file == "x.gguf"
    whole = unpack(home / "one.gguf")
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    assert len(list(folder.parent.iterdir())) == 2, "the joined file is gone"


def test_parts_that_are_missing_cut_or_of_another_model_are_told(home):
    write(home / "x.gguf", "llama", "F32", tensors_a_file=9)
    first, second, *_, last = sorted(home.glob("x-*-of-*.gguf"))
    content = second.read_bytes()

    def said() -> str:
        with pytest.raises(ModelError) as error:
            joined(first)
        root = converted_root()
        assert not root.is_dir() or not list(root.iterdir())
        return str(error.value)

    second.write_bytes(content[:-64])
    assert f"{second.name} cannot be read as GGUF: it ends before" in said()
    second.write_bytes(last.read_bytes())
    assert f"{second.name} cannot be read as GGUF: it does not say that" in said()
    second.unlink()
    assert f"and {second.name} cannot be found beside it. Put all" in said()
    second.write_bytes(content)
    assert joined(first).name == "x"


def test_a_damaged_record_is_told(home):
    write(home / "x.gguf")
    folder = unpack(home / "x.gguf")
    (folder / RECORD).write_text(json.dumps({"file": 1}))
    with pytest.raises(ModelError, match="babelscope.json of “x” is damaged"):
        load(ModelSpec("x"))


@pytest.mark.parametrize(
    "called, quantisation, bits",
    [
        ("gemma-3-270m-q4_k_m.gguf", "Q4_K_M", 4),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1", 4),
        ("x-IQ2_XXS.gguf", "IQ2_XXS", 2),
        ("x.bf16.gguf", "BF16", 16),
        ("x-fp16.gguf", "F16", 16),
        ("UD-Q8_K_XL/x-UD-Q8_K_XL.gguf", "Q8_K_XL", 8),
        ("Qwen3-0.6B.gguf", "", 0),
    ],
)
def test_a_name_tells_the_quantisation(called, quantisation, bits):
    assert named_quantisation(called) == quantisation
    assert bits_of(quantisation) == bits


def test_the_command_unpacks_and_lists(home, capsys):
    from babelscope.commands import main

    write(home / "x.gguf", "llama", "Q8_0")
    assert main(["model", "unpack", str(home / "x.gguf")]) == 0
    said = capsys.readouterr().out
    assert "weights   Q8_0, 8-bit, kept as float32" in said
    assert main(["model", "list"]) == 0
    assert "x\tcomputed from 8-bit weights (Q8_0)" in capsys.readouterr().out
    assert main(["model", "unpack", str(home / "nowhere.gguf")]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_a_study_and_its_methods_say_of_which_weights_they_are(home):
    from components.paperpack.methods import weights
    from components.paperpack.provenance import facts

    write(home / "x.gguf", "llama", "Q8_0")
    unpack(home / "x.gguf")
    study = making.extract("x", concepts=["fairness"], languages=["en", "fr"])
    assert study.manifest.weights["words"] == "computed from 8-bit weights (Q8_0)"
    assert study.manifest.weights["file"] == "x.gguf"
    said = weights(facts(library.open_by_name(study.name)))
    assert said.endswith("float32, computed from 8-bit weights (Q8_0)")
