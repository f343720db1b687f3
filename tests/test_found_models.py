"""Models of other programs on this machine: found, offered, and never looked for outside."""

import hashlib
import json
import time
from pathlib import Path

import pytest

from analysis.core import found_models
from analysis.core.found_models import file_name, look
from components.forms.models_here import HERE
from tests.tiny import save
from tests.tiny_gguf import write
from tests.visits import plain, visit

COMMIT = "c" * 40


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """A machine on which nothing of ours is: its home is empty."""
    for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "user"))
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path / "babelscope"))
    (tmp_path / "user").mkdir()
    return tmp_path / "user"


def ollama(root: Path, name: str, tag: str, content: bytes, owner="library") -> Path:
    """Put a model into a folder of Ollama's; returns the list that names it."""
    digest = hashlib.sha256(content).hexdigest()
    (root / "blobs").mkdir(parents=True, exist_ok=True)
    (root / "blobs" / f"sha256-{digest}").write_bytes(content)
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:0"},
        {"mediaType": found_models.OF_MODEL, "digest": f"sha256:{digest}"},
    ]
    path = root / "manifests" / "registry.ollama.ai" / owner / name / tag
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"layers": layers}))
    return path


def cached(cache: Path, model: str, files: dict[str, bytes]) -> Path:
    """Put a repository into the hub's cache."""
    folder = cache / f"models--{model.replace('/', '--')}"
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    (folder / "blobs").mkdir()
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for name, content in files.items():
        blob = folder / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        (folder / "snapshots" / COMMIT / name).symlink_to(blob)
    return folder


def test_an_empty_machine_has_nothing(machine):
    assert look().files == look().models == ()


def test_ollama_names_its_models_and_tells_their_hash(machine):
    ollama(machine / ".ollama" / "models", "gemma3", "270m", b"GGUF1")
    ollama(machine / ".ollama" / "models", "tiny", "latest", b"GGUF2", owner="someone")
    first, second = look().files
    assert (first.called, second.called) == ("gemma3:270m", "someone/tiny:latest")
    assert first.sha256 == hashlib.sha256(b"GGUF1").hexdigest()
    assert file_name(first) == "gemma3-270m.gguf"
    assert "gemma3:270m · Ollama" in first.label


def test_ollama_may_be_elsewhere(machine, tmp_path, monkeypatch):
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "other"))
    ollama(tmp_path / "other", "gemma3", "270m", b"GGUF1")
    assert [one.called for one in look().files] == ["gemma3:270m"]


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"layers": 5}',
        b'{"layers": [5]}',
        b"[" * 200_000,
        b"x" * (2**20 + 1),
        json.dumps(
            {
                "layers": [
                    {
                        "mediaType": found_models.OF_MODEL,
                        "digest": "sha256:../../../etc/passwd",
                    }
                ]
            }
        ).encode(),
    ],
)
def test_a_list_of_ollama_that_is_none_is_passed_over(machine, content):
    path = ollama(machine / ".ollama" / "models", "gemma3", "270m", b"GGUF1")
    path.write_bytes(content)
    assert look().files == ()


@pytest.mark.parametrize("place", [".lmstudio/models", ".cache/lm-studio/models"])
def test_lm_studio_keeps_files_by_owner_and_repository(machine, place):
    folder = machine / place / "owner" / "repo"
    folder.mkdir(parents=True)
    (folder / "x-Q4_K_M.gguf").write_bytes(b"GGUF")
    (folder / "mmproj-x.gguf").write_bytes(b"GGUF")
    (folder / "x-00001-of-00002.gguf").write_bytes(b"GGUF")
    (folder / "notes.txt").write_bytes(b"x")
    assert [one.called for one in look().files] == ["x-Q4_K_M.gguf"]


def test_files_in_the_folder_of_models_are_found(machine, tmp_path):
    folder = tmp_path / "babelscope" / "models"
    folder.mkdir(parents=True)
    (folder / "x.gguf").write_bytes(b"GGUF")
    assert [one.where for one in look().files] == ["folder of models"]


def test_no_link_leads_out_of_a_folder(machine, tmp_path):
    folder = machine / ".lmstudio" / "models"
    folder.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.gguf").write_bytes(b"GGUF")
    (folder / "folder").symlink_to(outside)
    (folder / "file.gguf").symlink_to(outside / "secret.gguf")
    (folder / "around").symlink_to(folder)
    assert look().files == ()


def test_looking_ends_in_a_folder_without_end(machine, monkeypatch):
    monkeypatch.setattr(found_models, "MOST_ENTRIES", 100)
    folder = machine / ".lmstudio" / "models"
    folder.mkdir(parents=True)
    for number in range(300):
        (folder / f"{number:03}.gguf").write_bytes(b"GGUF")
    assert len(look().files) == 100


def test_the_hub_cache_offers_models_and_files(machine, tmp_path, monkeypatch):
    cache = machine / ".cache" / "huggingface" / "hub"
    cached(cache, "org/whole", {"config.json": b"{}", "model.safetensors": b"1234"})
    cached(cache, "org/half", {"config.json": b"{}"})
    cached(cache, "org/gguf", {"x-Q8_0.gguf": b"GGUF"})
    found = look()
    (model,) = found.models
    assert (model.called, model.revision, model.bytes) == ("org/whole", COMMIT, 4)
    (file,) = found.files
    assert file.called == "org/gguf/x-Q8_0.gguf"
    assert file.sha256 == hashlib.sha256(b"GGUF").hexdigest()
    assert file_name(file) == "x-Q8_0.gguf"


@pytest.mark.parametrize(
    "name, place",
    [("HF_HOME", "hub"), ("HF_HUB_CACHE", ""), ("XDG_CACHE_HOME", "huggingface/hub")],
)
def test_the_hub_cache_is_where_the_client_has_it(machine, monkeypatch, name, place):
    monkeypatch.setenv(name, str(machine / "elsewhere"))
    files = {"config.json": b"{}", "model.safetensors": b"1234"}
    cached(machine / "elsewhere" / place, "org/whole", files)
    assert [one.called for one in look().models] == ["org/whole"]


def test_the_page_looks_only_when_it_is_asked(fresh, machine, monkeypatch):
    monkeypatch.setattr(found_models, "look", lambda: pytest.fail("looked"))
    at = visit("pages/extract.py")
    assert not at.exception
    assert at.selectbox(key="draft-model").options[-1] == HERE


def test_a_found_file_is_unpacked_from_the_page(fresh, machine):
    write(machine / "x.gguf", "llama", "Q8_0")
    content = (machine / "x.gguf").read_bytes()
    ollama(machine / ".ollama" / "models", "tiny", "q8", content)
    at = visit("pages/extract.py")
    at.selectbox(key="draft-model").set_value(HERE).run()
    assert not at.exception
    assert "tiny:q8 · Ollama" in at.selectbox(key="draft-found").value
    said = " ".join(one.value for one in at.caption)
    assert "8-bit weights (Q8_0), licence mit" in said
    (button,) = [one for one in at.button if one.label == "Unpack"]
    button.click().run()
    begun = time.monotonic()
    while not at.success and time.monotonic() - begun < 60:
        time.sleep(0.3)
        at.run()
    said = plain(at.success[-1].value)
    assert "“tiny-q8” is ready: computed from 8-bit weights (Q8_0)" in said
    assert "tiny-q8" in at.selectbox(key="draft-model").options


def test_a_model_of_the_cache_is_taken_at_its_commit(fresh, machine):
    save(machine / "llama", "llama")
    names = ("config.json", "model.safetensors")
    files = {name: (machine / "llama" / name).read_bytes() for name in names}
    cached(machine / ".cache" / "huggingface" / "hub", "org/tiny", files)
    at = visit("pages/extract.py")
    at.selectbox(key="draft-model").set_value(HERE).run()
    assert f"--model org/tiny --revision {COMMIT}" in at.code[-1].value
