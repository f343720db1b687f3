"""A fetching that ends in the middle of a file is gone on with, and never taken for whole."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from huggingface_hub import constants

from analysis.core.errors import ModelError, Stopped
from analysis.model import hub_parts
from analysis.model.hub import locate
from analysis.model.hub_gguf import choose, fetch, gguf_files
from tests.hub import sha256

MEBIBYTE = 2**20
CHUNK = 10 * MEBIBYTE
"""What the hub's client reads at a time."""
BIG = 2 * CHUNK + MEBIBYTE
WEIGHTS = "model.safetensors"
ROOT = Path(__file__).parent.parent
KILLED = """
import os, signal
from analysis.model.hub import locate

def progress(done, total):
    if done > 10 * 2**20:
        os.kill(os.getpid(), signal.SIGKILL)

locate("org/killed", progress=progress)
"""


def bytes_of(seed: int, size: int = BIG) -> bytes:
    """A large file of nothing in particular."""
    return bytes((seed + number) % 256 for number in range(256)) * (size // 256)


class Published(NamedTuple):
    """A model on the hub, and the bytes of its weights."""

    name: str
    weights: bytes

    @property
    def part(self) -> Path:
        """Where the weights arrive."""
        folder = f"models--{self.name.replace('/', '--')}"
        blobs = Path(constants.HF_HUB_CACHE) / folder / "blobs"
        return blobs / f"{sha256(self.weights)}.part"

    @property
    def blob(self) -> Path:
        """Where they are when they are whole."""
        return self.part.with_suffix("")


def publish(hub, name: str, seed: int) -> Published:
    """Put a model on the hub."""
    weights = bytes_of(seed)
    hub.publish(f"org/{name}", {"config.json": b"{}", WEIGHTS: weights})
    hub.sent.clear()
    return Published(f"org/{name}", weights)


def stopped_after_a_chunk(published: Published) -> None:
    """Stop a fetching when one chunk is on the disk."""

    def stop(done: int, total: int) -> None:
        if done > CHUNK:
            raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        locate(published.name, progress=stop)


def test_after_stop_only_the_rest_is_fetched_and_told(hub):
    model = publish(hub, "paused", 1)
    stopped_after_a_chunk(model)
    assert model.part.stat().st_size == CHUNK and not model.blob.exists()
    seen = []
    source = locate(model.name, progress=lambda *counts: seen.append(counts))
    assert (source.folder / WEIGHTS).read_bytes() == model.weights
    assert hub.sent[WEIGHTS] == [BIG, BIG - CHUNK]
    assert seen[0] == (2 * CHUNK, BIG) and seen[-1] == (BIG, BIG)
    assert not model.part.exists()


def test_a_file_that_is_kept_in_xet_is_asked_of_the_hub(hub, monkeypatch):
    model = publish(hub, "xet", 14)
    real = hub_parts.told_of

    def in_xet(*place):
        return replace(real(*place), location="http://[bad", xet_file_data=object())

    monkeypatch.setattr(hub_parts, "told_of", in_xet)
    source = locate(model.name)
    assert (source.folder / WEIGHTS).read_bytes() == model.weights


def test_fetching_leaves_no_thread_behind(hub):
    model = publish(hub, "threads", 13)
    before = set(threading.enumerate())
    locate(model.name)
    after = set(threading.enumerate()) - before
    assert [one.name for one in after if one.name == "tqdm_monitor"] == []


def test_a_killed_process_is_gone_on_with_by_another(hub, tmp_path):
    model = publish(hub, "killed", 2)
    named = {
        "HF_ENDPOINT": hub.url,
        "HF_HUB_CACHE": constants.HF_HUB_CACHE,
        "HF_HUB_DOWNLOAD_TIMEOUT": "200",
        "HF_HUB_ETAG_TIMEOUT": "200",
    }
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        env={**os.environ, **named, "BABELSCOPE_HOME": str(tmp_path)},
        cwd=ROOT,
        timeout=300,
    )
    assert done.returncode == -signal.SIGKILL
    assert model.part.stat().st_size == CHUNK and not model.blob.exists()
    hub.sent.clear()
    source = locate(model.name)
    assert (source.folder / WEIGHTS).read_bytes() == model.weights
    assert hub.sent[WEIGHTS] == [BIG - CHUNK]


@pytest.mark.parametrize("size", [5, BIG, BIG + 1])
def test_a_part_that_was_damaged_is_refused_and_the_file_fetched_anew(hub, size):
    model = publish(hub, f"damaged-{size}", 3)
    stopped_after_a_chunk(model)
    hub.sent.clear()
    model.part.write_bytes(b"x" * size)
    source = locate(model.name)
    assert (source.folder / WEIGHTS).read_bytes() == model.weights
    assert hub.sent[WEIGHTS][-1] == BIG and not model.part.exists()


def test_a_file_that_arrives_with_other_bytes_is_refused_and_nothing_of_it_kept(hub):
    model = publish(hub, "wrong", 4)
    hub.flipped.add(WEIGHTS)
    with pytest.raises(ModelError, match="org/wrong arrived corrupted"):
        locate(model.name)
    assert not model.part.exists() and not model.blob.exists()


def test_a_part_full_of_the_right_bytes_is_not_fetched_again(hub):
    model = publish(hub, "full", 5)
    stopped_after_a_chunk(model)
    hub.sent.clear()
    model.part.write_bytes(model.weights)
    locate(model.name)
    assert model.blob.read_bytes() == model.weights and WEIGHTS not in hub.sent


def test_a_disk_without_room_for_the_rest_is_told_before_anything_is_fetched(
    hub, monkeypatch
):
    model = publish(hub, "room", 6)
    stopped_after_a_chunk(model)
    hub.sent.clear()
    little = hub_parts.shutil.disk_usage(".")._replace(free=BIG - CHUNK - 1)
    monkeypatch.setattr(hub_parts.shutil, "disk_usage", lambda path: little)
    with pytest.raises(ModelError) as error:
        locate(model.name)
    said = str(error.value)
    assert said.startswith("Fetching org/room takes 0.01 GB more, and the disk of the")
    assert "HF_HOME" in said and "what has arrived is kept" in said
    assert hub.sent == {} and model.part.stat().st_size == CHUNK


def test_a_disk_that_fills_while_it_is_fetched_is_told_and_the_part_kept(
    hub, monkeypatch
):
    model = publish(hub, "fills", 7)

    def fill(place, file, **options):
        file.write(model.weights[:CHUNK])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hub_parts, "http_get", fill)
    with pytest.raises(ModelError, match="the disk is full"):
        locate(model.name)
    assert model.part.stat().st_size == CHUNK and not model.blob.exists()


def test_a_connection_that_fails_in_the_middle_keeps_what_has_arrived(hub, monkeypatch):
    model = publish(hub, "lost", 8)

    class ConnectError(Exception):
        pass

    def fail(place, file, **options):
        file.write(model.weights[:CHUNK])
        raise ConnectError("nobody listens")

    with monkeypatch.context() as patch:
        patch.setattr(hub_parts, "http_get", fail)
        with pytest.raises(ModelError, match=r"cannot be reached.*arrived is kept"):
            locate(model.name)
    locate(model.name)
    assert hub.sent[WEIGHTS] == [BIG - CHUNK]


def test_offline_what_is_half_there_is_not_taken_for_whole(hub, monkeypatch):
    model = publish(hub, "offline", 9)
    stopped_after_a_chunk(model)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="org/offline is not wholly in the cache"):
        locate(model.name)


@pytest.mark.parametrize("token", ["", "another"])
def test_a_gated_model_says_what_to_do_and_keeps_its_part(hub, monkeypatch, token):
    model = publish(hub, f"gated{token}", 10)
    stopped_after_a_chunk(model)
    hub.gated[model.name] = "granted"
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ModelError, match="is gated: .* HF_TOKEN"):
        locate(model.name)
    monkeypatch.setenv("HF_TOKEN", "granted")
    locate(model.name)
    assert hub.sent[WEIGHTS] == [BIG, BIG - CHUNK]


def test_a_gguf_file_is_gone_on_with_too(hub):
    data = bytes_of(11)
    hub.publish("org/parts-GGUF", {"x-Q8_0.gguf": data})
    file = choose(gguf_files("org/parts-GGUF", "main"), "Q8_0")

    def stop(done: int, total: int) -> None:
        if done > CHUNK:
            raise Stopped("Stopped.")

    hub.sent.clear()
    with pytest.raises(Stopped):
        fetch(file, stop)
    assert fetch(file, lambda done, total: None).read_bytes() == data
    assert hub.sent["x-Q8_0.gguf"] == [BIG, BIG - CHUNK]


def test_stop_is_heard_while_another_process_fetches_the_file(hub, monkeypatch):
    model = publish(hub, "waiting", 12)
    monkeypatch.setattr(hub_parts, "took", lambda lock, held: False)
    asked = []

    def stop() -> None:
        asked.append(1)
        if len(asked) > 30:
            raise Stopped("Stopped.")

    monkeypatch.setattr(hub_parts.interruption, "check", stop)
    with pytest.raises(Stopped):
        locate(model.name)
    assert WEIGHTS not in hub.sent
