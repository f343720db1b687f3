"""The hub's usual settings work in a fresh process: places, tokens, proxies, offline."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HUB

REPO = "org/environment"
GATED = "org/environment-gated"
ROOT = Path(__file__).parent.parent
LOOK = """
import sys
from analysis.core.errors import ModelError
from analysis.model.hub import locate
try:
    source = locate(sys.argv[1])
    print(source.revision, source.folder)
except ModelError as error:
    print("REFUSED", error)
"""


@pytest.fixture(scope="module")
def commit() -> str:
    """Two small repositories on the hub, one of them gated; the first one's commit."""
    files = {"config.json": b"{}", "model.safetensors": b"x" * 2000}
    HUB.publish(GATED, files)
    return HUB.publish(REPO, files)


def look(home: Path, model: str = REPO, **settings: str) -> str:
    """What a fresh process says of a model under some settings."""
    named = ("PROXY", "HF_", "HUGGING", "BABELSCOPE_", "XDG_")
    kept = {}
    for name, value in os.environ.items():
        if not any(part in name.upper() for part in named):
            kept[name] = value
    kept |= {"HF_ENDPOINT": HUB.url, "HF_HOME": str(home / "hf"), "HOME": str(home)}
    kept |= {"BABELSCOPE_HOME": str(home / "own"), **settings}
    done = subprocess.run(
        [sys.executable, "-c", LOOK, model],
        env=kept,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_places_of_the_cache_and_the_endpoint_are_heeded(tmp_path, commit):
    assert look(tmp_path).startswith(f"{commit} {tmp_path / 'hf' / 'hub'}")
    cache = tmp_path / "cache"
    assert look(tmp_path, HF_HUB_CACHE=str(cache)).startswith(f"{commit} {cache}")


def test_offline_a_cached_snapshot_serves_and_another_is_refused(tmp_path, commit):
    look(tmp_path)
    HUB.log.clear()
    assert look(tmp_path, HF_HUB_OFFLINE="1").startswith(commit)
    said = look(tmp_path, "org/other", HF_HUB_OFFLINE="1")
    assert said.startswith("REFUSED") and "org/other" in said
    assert HUB.log == []


@pytest.mark.parametrize("place", ["HF_TOKEN", "file", "HF_TOKEN_PATH"])
def test_a_token_is_found_in_its_usual_places(tmp_path, commit, place, monkeypatch):
    monkeypatch.setitem(HUB.gated, GATED, "secret")
    assert "is gated" in look(tmp_path, GATED)
    settings = {}
    if place == "HF_TOKEN":
        settings[place] = "secret"
    else:
        token = tmp_path / ("hf" if place == "file" else ".") / "token"
        token.parent.mkdir(exist_ok=True)
        token.write_text("secret\n")
        if place != "file":
            settings[place] = str(token)
    assert str(tmp_path) in look(tmp_path, GATED, **settings)


def test_a_proxy_is_asked_for_what_lies_elsewhere(tmp_path, commit):
    elsewhere = "http://hub.invalid"
    settings = {"HF_ENDPOINT": elsewhere, "HTTP_PROXY": HUB.url, "http_proxy": HUB.url}
    assert look(tmp_path, **settings).startswith(commit)
