"""What all tests share: one thread, quiet libraries, no network beyond this machine, a
home and a hub of their own.
"""

import gc
import ipaddress
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from tests.hub import Hub

# A shell that runs the tests in the background hands down a Ctrl+C that is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

HUB = Hub()
HF_HOME = tempfile.mkdtemp(prefix="babelscope-hf-")
# Read by the libraries when they are imported, which is after this file.
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "HF_ENDPOINT": HUB.url,
    "HF_HOME": HF_HOME,
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "TRANSFORMERS_OFFLINE"):
    os.environ.pop(name, None)
# Whoever sets it looks at the pages with workers in processes of their own.
WORKERS = os.environ.get("BABELSCOPE_WORKERS", "")
for name in [name for name in os.environ if name.startswith("BABELSCOPE_")]:
    del os.environ[name]
if WORKERS:
    os.environ["BABELSCOPE_WORKERS"] = WORKERS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys through a real browser come last: what is quick to fail fails first.

    Shared out among workers they come first, and then files of which a test is marked as
    slow: a few long ones would else be left for one worker at the end.
    """
    for item in items:
        if is_journey(item):
            # A loaded machine can be slower than a browser waits; the second attempt is
            # told of in the summary, and what fails twice is a fault.
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: (not is_journey(item), item.path not in slow))
    else:
        items.sort(key=is_journey)


def pytest_collection_finish() -> None:
    """Hold what was imported to be no garbage: Streamlit looks for garbage after every
    run of a page, which took 0.4 s through some 700,000 objects.
    """
    gc.collect()
    gc.freeze()


def is_journey(item: pytest.Item) -> bool:
    """Whether a test goes through a real browser."""
    return item.get_closest_marker("browser") is not None


def pytest_unconfigure() -> None:
    """Remove what was downloaded from the hub."""
    shutil.rmtree(HF_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_main():
    """The main module as it was: a page that was shown leaves its script there, which
    processes that are started later would run.
    """
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Connections leave this machine in no test; a test that tried fails even when the
    attempt was swallowed.
    """
    tried = []

    def guard(name):
        real = getattr(socket.socket, name)

        def connect(self, address):
            if self.family in (socket.AF_INET, socket.AF_INET6) and not loopback(
                address[0]
            ):
                tried.append(address)
                raise OSError(f"a test tried to reach {address}")
            return real(self, address)

        monkeypatch.setattr(socket.socket, name, connect)

    for name in ("connect", "connect_ex"):
        guard(name)
    yield
    assert not tried, f"connections beyond this machine: {tried}"


def loopback(host: str) -> bool:
    """Whether an address is this machine's own; names other than localhost are not."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def nobodys_home(tmp_path_factory):
    """A home for tests that name none: never that of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_disks():
    """What tests write need not outlive this machine; that files are synced, and when,
    is held by tests that watch it themselves.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty home of Babelscope."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def fresh(home):
    """A server that has seen nothing: neither studies nor caches of another test; no
    job is left behind.
    """
    import streamlit as st

    from analysis.worker.own_process import WorkerProcess
    from components.frame import cache

    st.cache_data.clear()
    st.cache_resource.clear()
    yield home
    for job in list(cache.service().jobs.values()):
        cache.service().stop(job)
        job.finished.wait(20)
    for performer in cache.service().performers:
        if isinstance(performer, WorkerProcess):
            performer.child.end()


@pytest.fixture
def in_this_process(monkeypatch):
    """The server does all jobs itself: what stands in for one is known nowhere else."""
    monkeypatch.setenv("BABELSCOPE_WORKERS", "0")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """Tiny random models of all families, one sub-folder each."""
    from tests.tiny import FAMILIES, save

    folder = tmp_path_factory.mktemp("models")
    for family in FAMILIES:
        save(folder / family, family)
    return folder


@pytest.fixture
def tiny_models(home, tiny_folder, monkeypatch) -> Path:
    """The same, offered by the server."""
    monkeypatch.setenv("BABELSCOPE_MODELS", str(tiny_folder))
    return tiny_folder


@pytest.fixture
def hub(home, monkeypatch) -> Hub:
    """The hub of this machine with an empty log and cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    HUB.log.clear()
    yield HUB
    HUB.cuts.clear()
    HUB.flipped.clear()
    HUB.gated.clear()
    HUB.cards.clear()
