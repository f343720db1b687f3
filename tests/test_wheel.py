"""The wheel: built, installed into an environment of its own, started."""

import os
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from pathlib import Path

import pytest

import babelscope
from tests.browsing import free_port, healthy

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow
CONFIG = """
from streamlit import config
from babelscope.commands.app import script
config._main_script_path = str(script())
for name in ("server.address", "browser.gatherUsageStats", "theme.light.primaryColor"):
    print(config.get_option(name))
"""
FIRST_PAGE = """
from streamlit.testing.v1 import AppTest
from babelscope.commands.app import script
page = AppTest.from_file(script(), default_timeout=60).run()
assert not page.exception, page.exception
page = page.switch_page("pages/studies.py").run()
assert not page.exception, page.exception
print(page.title[0].value)
"""


def shell(*command: object, **more: object) -> subprocess.CompletedProcess:
    """A program's output as text, whatever its end."""
    given = list(map(str, command))
    return subprocess.run(given, capture_output=True, text=True, timeout=120, **more)


def pip(*given: object, python: Path | str = sys.executable) -> None:
    """pip without the network."""
    offline = ("--no-index", "--no-deps", "--quiet", "--disable-pip-version-check")
    target = ("--python", python)
    done = shell(sys.executable, "-m", "pip", *target, *given[:1], *offline, *given[1:])
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The programs of an environment with the wheel; libraries are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    programs = folder / "bin"
    pip("install", wheel, python=programs / "python")
    own = shell(
        programs / "python", "-c", "import site; print(site.getsitepackages()[0])"
    )
    libraries = sysconfig.get_paths()["purelib"]
    (Path(own.stdout.strip()) / "libraries.pth").write_text(libraries)
    return programs


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """A folder of a user, with a package of theirs called ``analysis``."""
    monkeypatch.setenv("BABELSCOPE_HOME", str(tmp_path / "home"))
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "__init__.py").write_text("MINE = True\n")
    return tmp_path


def test_the_wheel_has_the_version_of_the_program(wheel):
    assert wheel.name.startswith(f"babelscope-{babelscope.__version__}-")


def test_the_wheel_holds_every_file_of_the_program(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    for room in ("analysis", "components", "babelscope"):
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                assert str(path.relative_to(ROOT)) in held
    pages = {f"babelscope/site/pages/{path.name}" for path in ROOT.glob("pages/*.py")}
    assert pages | {"babelscope/site/app.py"} <= held
    assert "babelscope/site/.streamlit/config.toml" in held
    assert not [name for name in held if name.startswith(("tests", "docs", "build"))]


def test_the_command_works_beside_a_package_of_the_same_name(installed, elsewhere):
    version = shell(installed / "babelscope", "--version", cwd=elsewhere)
    assert version.stdout.strip() == babelscope.__version__
    listed = shell(installed / "babelscope", "studies", cwd=elsewhere)
    assert listed.returncode == 0 and "demo\tdemo\t" in listed.stdout, listed.stderr
    taken = shell(installed / "python", "-c", "import babelscope", cwd=elsewhere)
    assert taken.returncode == 1
    assert f"Python finds {elsewhere / 'analysis'} where" in taken.stderr
    assert "Rename yours, or start Python in another folder." in taken.stderr
    drawing = ("render", "transfer", "--study", "demo", "--out", "paper.zip")
    drawn = shell(installed / "babelscope", *drawing, cwd=elsewhere)
    assert drawn.returncode == 0, drawn.stderr
    assert b"Apache License" in zipfile.ZipFile(elsewhere / "paper.zip").read("LICENSE")


def test_pages_and_settings_hold_where_it_is_installed(installed, elsewhere):
    (elsewhere / "analysis" / "__init__.py").unlink()
    (elsewhere / "analysis").rmdir()
    hostile = elsewhere / ".streamlit" / "config.toml"
    hostile.parent.mkdir()
    hostile.write_text('[server]\naddress = "0.0.0.0"\n')
    settings = shell(installed / "python", "-c", CONFIG, cwd=elsewhere)
    assert settings.stdout.split() == ["127.0.0.1", "False", "#0B6E75"], settings.stderr
    opened = shell(installed / "python", "-c", FIRST_PAGE, cwd=elsewhere)
    assert opened.stdout.strip() == "Studies", opened.stderr


def test_the_program_starts_where_it_is_installed(installed, elsewhere):
    port = free_port()
    command = [str(installed / "babelscope"), "app", "--port", str(port)]
    log = elsewhere / "server.log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            command, cwd=elsewhere, env=os.environ, stdout=file, stderr=file
        )
        try:
            for _ in range(2000):
                if healthy(port) or server.poll() is not None:
                    break
                time.sleep(0.1)
            assert healthy(port), log.read_text()
            assert f"http://127.0.0.1:{port}" in log.read_text()
        finally:
            server.kill()
            server.wait()
