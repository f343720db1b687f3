"""The Dockerfile, which no test builds: what it names is there, and its commands run."""

import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from babelscope import commands
from tests.browsing import free_port
from tests.visits import APP

HOUSE = APP.parent
TEXT = (HOUSE / "Dockerfile").read_text()
STEPS = [
    " ".join(step.split())
    for step in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", TEXT)).splitlines()
    if step
]
"""Its instructions, each on one line."""
PORT = "8501"


def arguments(kind: str) -> list[str]:
    """The words of the instruction that ends with a command."""
    (found,) = [step for step in STEPS if step.startswith(f"{kind} ")]
    return json.loads(found[found.index("[") :])


def test_the_image_has_the_torch_and_python_that_the_program_asks_for():
    needed = (HOUSE / "requirements.txt").read_text()
    (pinned,) = re.findall(r"(?m)^torch==\S+$", needed)
    assert f" {pinned} --index-url " in " ".join(STEPS)
    least = re.search(r'requires-python = ">=3\.(\d+)"', pyproject())
    used = re.match(r"FROM python:3\.(\d+)-slim", STEPS[0])
    assert least and used and int(used[1]) >= int(least[1])


def pyproject() -> str:
    """What the package says of itself."""
    return (HOUSE / "pyproject.toml").read_text()


def test_nothing_runs_as_root_and_what_is_copied_is_there():
    kinds = [step.split()[0] for step in STEPS]
    user = kinds.index("USER")
    assert STEPS[user] == "USER 1000" and "--uid 1000" in " ".join(STEPS)
    assert kinds.count("USER") == 1 and user < kinds.index("CMD")
    assert "RUN" not in kinds[user:], "what is installed is root's, and stays so"
    for step in STEPS:
        if step.startswith("COPY "):
            assert (HOUSE / step.split()[1]).exists()
    left_out = (HOUSE / ".dockerignore").read_text().split()
    for name in ("babelscope", "README.md", "LICENSE", "requirements.txt", "setup.py"):
        assert name not in left_out


def test_the_container_starts_the_program_on_the_port_that_it_tells():
    program, *given = arguments("CMD")
    assert program == "babelscope" and f"EXPOSE {PORT}" in STEPS
    asked = commands.parser().parse_args(given)
    assert asked.command == "app" and str(asked.port) == PORT


class Healthy(BaseHTTPRequestHandler):
    """A server that is well below one path."""

    path_of_health: str

    def do_GET(self):
        self.send_response(200 if self.path == self.path_of_health else 404)
        self.end_headers()

    def log_message(self, *args):
        """Say nothing."""


@pytest.mark.parametrize(
    ("given", "path"),
    [(None, ""), ("", ""), ("lab/babelscope", "/lab/babelscope"), ("/lab/", "/lab")],
)
def test_health_is_asked_for_where_the_server_tells_it(given, path):
    handler = type("Handler", (Healthy,), {"path_of_health": f"{path}/_stcore/health"})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        assert is_healthy(server.server_port, given)
        assert not is_healthy(server.server_port, "elsewhere")
        server.shutdown()


def test_a_server_that_is_not_there_is_not_healthy():
    assert not is_healthy(free_port(), None)


def is_healthy(port: int, base: str | None) -> bool:
    """What the container's own check says of a server on another port."""
    _, *check = arguments("HEALTHCHECK")
    code = [part.replace(PORT, str(port)) for part in check]
    # Docker hands its own proxies in, which do not lead to the container itself.
    settings = {**os.environ, "http_proxy": f"http://127.0.0.1:{free_port()}"}
    if base is not None:
        settings["STREAMLIT_SERVER_BASE_URL_PATH"] = base
    told = subprocess.run([sys.executable, *code], env=settings, capture_output=True)
    return told.returncode == 0
