"""Models fetched from a hub, end to end: pinned, verified, resumed, stopped, and
refused in a sentence.
"""

import json
import os
import socket
import time
from pathlib import Path

import pytest
import torch
from huggingface_hub import close_session, constants, snapshot_download
from transformers import dynamic_module_utils

from analysis.core.errors import ModelError, Stopped
from analysis.core.specs import ModelSpec
from analysis.model.extract import stream
from analysis.model.hub import ABANDONED, listed_files, locate
from analysis.model.load import load, preflight
from analysis.worker.reader import Collected
from tests.tiny import HIDDEN, LAYERS, save

REPO = "org/name"
MEBIBYTE = 2**20
BIG = 21 * MEBIBYTE


@pytest.fixture
def repo(hub, tiny_folder):
    """The hub with a tiny Llama on it, beside what nobody needs."""
    hub.commit = hub.publish(REPO, tiny_folder / "llama")
    return hub


def weights(size: int = BIG) -> dict[str, bytes]:
    """A configuration and a large file of nothing in particular."""
    return {
        "config.json": b"{}",
        "model.safetensors": bytes(range(256)) * (size // 256),
    }


def blobs(repo: str) -> list[Path]:
    """What the cache holds of a repository."""
    return sorted(
        (
            Path(constants.HF_HUB_CACHE)
            / f"models--{repo.replace('/', '--')}"
            / "blobs"
        ).iterdir()
    )


def test_a_model_is_fetched_pinned_and_readable(repo):
    engine = load(ModelSpec(REPO))
    assert engine.source.revision == repo.commit and len(repo.commit) == 40
    assert engine.source.folder.is_relative_to(constants.HF_HUB_CACHE)
    collected = Collected(2, LAYERS, HIDDEN)
    stream(engine, ["fair", "unfair"], [collected])
    assert collected.values.any()


def test_a_second_load_takes_everything_from_the_cache(repo):
    load(ModelSpec(REPO))
    assert repo.fetched(REPO).count("model.safetensors") == 1
    repo.log.clear()
    assert load(ModelSpec(REPO)).source.revision == repo.commit
    assert load(ModelSpec(REPO, repo.commit)).source.revision == repo.commit
    assert repo.fetched(REPO) == []


def test_a_moved_branch_is_noticed_and_a_commit_stays_what_it_is(repo, tmp_path):
    first = locate(REPO)
    save(tmp_path / "new", "llama", initializer_range=0.2)
    moved = repo.publish(REPO, tmp_path / "new")
    assert locate(REPO).revision == moved != first.revision
    assert locate(REPO, first.revision).folder == first.folder


def unreachable(monkeypatch):
    """No connection succeeds any more."""

    def refuse(*_):
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(
        time, "sleep", lambda seconds: None
    )  # the hub client waits between its tries


@pytest.mark.parametrize("revision", ["main", "commit"])
def test_without_a_connection_the_cache_serves(repo, monkeypatch, revision):
    load(ModelSpec(REPO))
    unreachable(monkeypatch)
    revision = repo.commit if revision == "commit" else revision
    assert load(ModelSpec(REPO, revision)).source.revision == repo.commit


def test_without_a_connection_what_is_not_in_the_cache_is_said_to_be_missing(
    repo, monkeypatch
):
    preflight(ModelSpec(REPO))
    unreachable(monkeypatch)
    for name in ("org/other", REPO):  # never seen, and seen without its weights
        with pytest.raises(
            ModelError, match=f"cannot be reached and {name} is not wholly in the cache"
        ):
            load(ModelSpec(name))


def test_a_look_before_loading_fetches_no_weights(repo, tiny_folder):
    seen = preflight(ModelSpec(REPO))
    assert seen.source.revision == repo.commit and seen.fits
    assert sorted(repo.fetched(REPO)) == sorted(
        path.name for path in (tiny_folder / "llama").glob("*.json")
    )


def test_pickles_sub_folders_and_original_checkpoints_are_left_on_the_hub(hub):
    needless = dict.fromkeys(
        (
            "pytorch_model.bin",
            "onnx/model.safetensors",
            "consolidated.safetensors",
            "run.py",
        ),
        b"x",
    )
    hub.publish("org/full", weights(256) | needless)
    locate("org/full")
    assert sorted(hub.fetched("org/full")) == ["config.json", "model.safetensors"]


def test_a_look_fetches_nothing_from_sub_folders_but_named_templates(hub, tiny_folder):
    files = {
        path.name: path.read_bytes() for path in (tiny_folder / "llama").glob("*.json")
    }
    hub.publish(
        "org/folders",
        files
        | {
            "checkpoint-1/trainer_state.json": b"{}",
            "data/train.json": b"[]",
            "onnx/chat_template.jinja": b"x",
            "original/params.json": b"{}",
            "additional_chat_templates/tools.jinja": b"{{ messages[0].content }}",
        },
    )
    source = locate("org/folders", small_only=True)
    wanted = {*files, "additional_chat_templates/tools.jinja"}
    assert set(hub.fetched("org/folders")) == wanted
    assert "data/train.json" in listed_files(source.folder)


@pytest.mark.parametrize("excluded", ["original/params.json", "notes.txt", "run.json"])
def test_without_a_connection_what_is_never_read_is_not_missed(
    hub, tiny_folder, monkeypatch, excluded
):
    files = {path.name: path.read_bytes() for path in (tiny_folder / "llama").glob("*")}
    commit = hub.publish("org/partly", files | {excluded: b"{}"})
    # As somebody else's download left the cache.
    snapshot_download("org/partly", ignore_patterns=[excluded])
    unreachable(monkeypatch)
    assert load(ModelSpec("org/partly")).source.revision == commit


def test_without_a_connection_the_files_that_are_missing_are_named(
    hub, tiny_folder, monkeypatch
):
    hub.publish("org/lacking", tiny_folder / "llama")
    snapshot_download("org/lacking", ignore_patterns=["tokenizer_config.json"])
    unreachable(monkeypatch)
    with pytest.raises(
        ModelError, match="wholly in the cache; it lacks tokenizer_conf"
    ):
        preflight(ModelSpec("org/lacking"))


def pickled(folder: Path, into: Path) -> dict[str, bytes]:
    """The files of a model with its weights pickled."""
    torch.save(load(ModelSpec(folder.name)).model.state_dict(), into / "weights")
    files = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    weights = (into / "weights").read_bytes()
    return files | {"pytorch_model.bin": weights, "training_args.bin": b"no weights"}


def test_pickled_weights_on_the_hub_are_named_and_read_only_if_allowed(
    hub, tiny_models, tmp_path, monkeypatch
):
    hub.publish("org/pickled", pickled(tiny_models / "llama", tmp_path))
    with pytest.raises(
        ModelError,
        match=r"org/pickled has only pickled weights \(pytorch_model.bin\), which can",
    ):
        load(ModelSpec("org/pickled"))
    assert "pytorch_model.bin" not in hub.fetched("org/pickled")
    monkeypatch.setenv("BABELSCOPE_ACCEPT_PICKLE", "1")
    monkeypatch.setenv("DISABLE_SAFETENSORS_CONVERSION", "1")
    assert load(ModelSpec("org/pickled")).blocks
    assert "training_args.bin" not in hub.fetched("org/pickled")


def test_pickles_are_not_fetched_where_there_are_safetensors(repo, monkeypatch):
    monkeypatch.setenv("BABELSCOPE_ACCEPT_PICKLE", "1")
    repo.publish("org/both", weights(256) | {"pytorch_model.bin": b"x"})
    locate("org/both")
    assert sorted(repo.fetched("org/both")) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize(
    "proxy, sentence",
    [
        ("socks5://127.0.0.1:9", "needs a package that is not .*socksio"),
        ("http://[bad", "cannot be reached"),
        ("nonsense://x", "Fetching org/name failed"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_in_a_sentence(
    repo, monkeypatch, proxy, sentence
):
    close_session()  # the client reads the environment when it is made
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy)
        monkeypatch.setenv(name.lower(), proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    try:
        with pytest.raises(ModelError, match=sentence):
            preflight(ModelSpec(REPO))
    finally:
        close_session()


CODE = """
import transformers


class OwnConfig(transformers.LlamaConfig):
    model_type = "own_kind"


class OwnModel(transformers.LlamaForCausalLM):
    config_class = OwnConfig
"""


def with_code(folder: Path) -> dict[str, bytes]:
    """The files of a model of a kind that transformers does not know."""
    files = {path.name: path.read_bytes() for path in folder.glob("*")}
    config = json.loads(files["config.json"]) | {
        "model_type": "own_kind",
        "architectures": ["OwnModel"],
        "auto_map": {
            "AutoConfig": "own.OwnConfig",
            "AutoModelForCausalLM": "own.OwnModel",
        },
    }
    files["config.json"] = json.dumps(config).encode()
    return files | {"own.py": CODE.encode()}


@pytest.mark.parametrize("place", ["hub", "folder"])
def test_code_of_a_model_runs_where_the_operator_allows_it_and_asks_nobody(
    hub, tiny_folder, home, monkeypatch, place
):
    files = with_code(tiny_folder / "llama")
    hub.publish("org/own", files)
    name = "org/own"
    if place == "folder":
        name = "own-model"
        folder = home / "models" / name
        folder.mkdir(parents=True)
        for file, data in files.items():
            (folder / file).write_bytes(data)
    monkeypatch.setattr(
        "builtins.input", lambda *_: pytest.fail("the server's terminal was asked")
    )
    with pytest.raises(ModelError, match="BABELSCOPE_TRUST_REMOTE_CODE=1"):
        preflight(ModelSpec(name))
    assert "own.py" not in hub.fetched("org/own")
    monkeypatch.setenv("BABELSCOPE_TRUST_REMOTE_CODE", "1")
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(home / "code"))
    monkeypatch.syspath_prepend(str(home / "code"))
    seen = preflight(ModelSpec(name))
    assert seen.family == "own_kind" and seen.layers == LAYERS
    assert type(load(ModelSpec(name)).model).__name__ == "OwnModel"


def test_a_connection_cut_in_mid_file_is_resumed(hub):
    files = weights()
    hub.publish("org/cut", files)
    hub.cuts["model.safetensors"] = [15 * MEBIBYTE]
    source = locate("org/cut")
    assert (source.folder / "model.safetensors").read_bytes() == files[
        "model.safetensors"
    ]
    ranges = [
        part
        for method, path, part in hub.log
        if method == "GET" and path.endswith("model.safetensors")
    ]
    assert ranges == [None, f"bytes={10 * MEBIBYTE}-"]
    assert not hub.cuts["model.safetensors"]


def test_a_corrupted_file_is_found_removed_and_fetched_anew(repo):
    repo.flipped.add("model.safetensors")
    with pytest.raises(
        ModelError,
        match="model.safetensors of org/name arrived corrupted: its SHA-256 is .* start again",
    ):
        load(ModelSpec(REPO))
    assert not any(len(path.name) == 64 for path in blobs(REPO))
    assert load(ModelSpec(REPO)).source.revision == repo.commit
    assert repo.fetched(REPO).count("model.safetensors") == 2


def test_a_verified_file_is_hashed_again_only_when_it_changed(repo, monkeypatch):
    load(ModelSpec(REPO))
    (blob,) = [path for path in blobs(REPO) if len(path.name) == 64]
    blob.write_bytes(b"rotten")
    os.utime(blob, ns=(time.time_ns() + 10**9,) * 2)
    with pytest.raises(ModelError, match="arrived corrupted"):
        locate(REPO)


REFUSALS = {
    "unknown": (
        "org/nobody",
        "main",
        "The hub has no model “org/nobody”, or it is private",
    ),
    "revision": (REPO, "v2", "org/name has no revision “v2”. Give a branch"),
    "commit": (REPO, "0" * 40, f"org/name has no revision “{'0' * 40}”"),
    "malformed": ("org/a--b", "main", "Fetching org/a--b failed"),
}


@pytest.mark.parametrize("token", ["", "mine"])
@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_hub_does_not_have_is_told_in_a_sentence(
    repo, monkeypatch, case, token
):
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    name, revision, sentence = REFUSALS[case]
    for look in (load, preflight):
        with pytest.raises(ModelError) as error:
            look(ModelSpec(name, revision))
        assert str(error.value).startswith(sentence)


def test_a_gated_model_needs_the_right_token(repo, monkeypatch):
    repo.gated[REPO] = "granted"
    for token in ("", "another"):
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(ModelError, match="org/name is gated: .* HF_TOKEN"):
            load(ModelSpec(REPO))
    monkeypatch.setenv("HF_TOKEN", "expired")
    with pytest.raises(ModelError, match="refused the token in HF_TOKEN"):
        load(ModelSpec(REPO))
    monkeypatch.setenv("HF_TOKEN", "granted")
    assert load(ModelSpec(REPO)).source.revision == repo.commit


def test_progress_counts_to_the_size_of_the_weights(hub):
    hub.publish("org/big", weights())
    seen = []
    locate("org/big", progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (BIG, BIG) and {total for _, total in seen} == {BIG}
    done = [n for n, _ in seen]
    assert done == sorted(done) and 0 < done[0] < BIG


def test_stop_in_mid_download_ends_it_and_leaves_nothing_that_is_taken_for_whole(hub):
    hub.publish("org/stop", weights() | {"model-2.safetensors": b"2" * MEBIBYTE})

    def stop(done: int, total: int) -> None:
        raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        locate("org/stop", progress=stop)
    assert [
        path.name
        for path in blobs("org/stop")
        if path.name.endswith("incomplete") or len(path.name) == 64
    ] == []
    assert (locate("org/stop").folder / "model.safetensors").stat().st_size == BIG


def test_parts_of_a_killed_download_are_swept_once_they_are_old(repo):
    locate(REPO, small_only=True)
    old, young = (
        blobs(REPO)[0].with_name(f"{'0' * 64}.{name}.incomplete")
        for name in ("old", "young")
    )
    for part in (old, young):
        part.write_bytes(b"part")
    os.utime(old, (time.time() - ABANDONED - 60,) * 2)
    locate(REPO)
    assert not old.exists() and young.exists()
