"""Other systems than the one that the tests run on: what Unix has and Windows lacks, and
other encodings.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.control import judging
from analysis.study import library, store
from babelscope import running
from tests.stored import stored

ROOT = Path(__file__).parent.parent
WITHOUT_UNIX = """
import os, signal, sys, warnings
# Whatever these need of Unix they have for themselves, and look for another way on Windows.
import filelock, numpy, pandas, plotly, psutil, safetensors.numpy, streamlit, xarray
from streamlit.testing.v1 import AppTest
for name in ("fcntl", "grp", "pwd", "resource", "termios", "syslog"):
    sys.modules[name] = None
for name in (
    "fork", "forkpty", "getuid", "geteuid", "getgid", "getpgid", "killpg", "mkfifo",
    "posix_fallocate", "setsid", "statvfs", "sysconf", "uname",
    "O_DIRECTORY", "O_NOFOLLOW", "ST_RDONLY", "sched_getaffinity", "getloadavg", "chown",
):
    if hasattr(os, name):
        delattr(os, name)
# The standard library's own, which asks Windows in another way.
import shutil
shutil.disk_usage = lambda path: type("Usage", (), {"free": 2**40})
for name in ("SIGKILL", "SIGALRM", "SIGHUP", "SIGUSR1", "alarm", "setitimer"):
    delattr(signal, name)
"""
FIRST_PAGE = (
    WITHOUT_UNIX
    + """
# What a file is read as is said each time: Windows has another default.
ours = "analysis|babelscope|components|pages|app"
warnings.filterwarnings("error", category=EncodingWarning, module=ours)
from tests.visits import visit
shown = visit(study="demo")
assert shown.title[0].value == "Overview"
from analysis.concepts import plan
from analysis.core import disk, files
from analysis.study import leftovers, library
from tests.reading import FakeReader, corpus, spec
files.WINDOWS = True
given = corpus()
folder = plan.begin(spec(given), given, FakeReader(), "begun")
plan.run(folder, given, FakeReader())
library.restore(library.delete(folder.name))
leftovers.sweep()
assert disk.trouble() == "" and library.open_by_name(folder.name).complete
print("begun")
"""
)


def test_the_first_page_and_a_study_need_nothing_that_only_unix_has(home):
    command = [sys.executable, "-X", "warn_default_encoding", "-c", FIRST_PAGE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith("begun")


def test_rooms_are_imported_without_unix():
    names = []
    for room in ("steering", "overview", "languages"):
        for path in sorted((ROOT / "analysis" / room).glob("[a-z]*.py")):
            names.append(f"analysis.{room}.{path.stem}")
    code = WITHOUT_UNIX + f"import {', '.join(names)}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_judge_command_is_ended_where_there_are_no_groups(monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.2)
    monkeypatch.delattr(os, "killpg")
    with pytest.raises(judging.AnalysisError, match="did not run .TimeoutExpired"):
        judging.bounded(f"{sys.executable} -c 'import time; time.sleep(60)'", b"")


def test_a_study_is_moved_where_a_held_one_cannot_be(home, monkeypatch):
    folder = stored("kept", cells=1)
    monkeypatch.setattr(store.files, "WINDOWS", True)
    moved = []
    real = store.files.move

    def move(source, target):
        with store.writing(folder):
            moved.append(source)
        real(source, target)

    monkeypatch.setattr(library.files, "move", move)
    library.delete("kept")
    assert moved == [folder]


def command(*given, **options):
    """The command in a process of its own, and what it says."""
    return subprocess.run(
        [sys.executable, "-m", "babelscope", *given],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        **options,
    )


def test_an_output_without_letters_takes_every_title(home):
    stored("titled", cells=1, title="Gerechtigkeit – 公正")
    done = command("studies", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert rb"\u516c\u6b63" in done.stdout


def test_work_goes_on_when_nobody_reads_its_progress(home):
    shell = f"{sys.executable} -m babelscope extract --concepts fairness --languages "
    shell += "en fr 2>&1 >/dev/null | head -1"
    subprocess.run(["sh", "-c", shell], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    (name,) = [path.name for path in store.root().iterdir()]
    assert library.open_by_name(name).complete


def test_somebody_elses_package_is_one_sentence(tmp_path):
    theirs = tmp_path / "analysis"
    theirs.mkdir()
    (theirs / "__init__.py").write_text("")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    arguments = {"env": env, "capture_output": True, "text": True, "cwd": tmp_path}
    done = subprocess.run([sys.executable, "-m", "babelscope", "studies"], **arguments)
    assert done.returncode == 2 and done.stdout == ""
    (said,) = done.stderr.splitlines()
    assert said.startswith(f"Python finds {theirs}") and "Rename yours" in said
    done = subprocess.run([sys.executable, "-c", "import babelscope"], **arguments)
    assert done.returncode == 1 and "ImportError" in done.stderr


STOPPED = """
import os, signal, sys
sys.argv = ["babelscope", "{name}"]
import babelscope.commands as commands
def stop(name):
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("Ctrl+C was not heard")
{place}
sys.exit(commands.main())
"""


@pytest.mark.parametrize("name", ["app", "extract", "render", "studies"])
def test_ctrl_c_while_the_command_is_read_is_a_sentence(name):
    code = STOPPED.format(name=name, place="commands.command_of = stop")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr == (
        "Stopped before anything was computed; nothing is half done.\n"
    )


@pytest.mark.parametrize("name", ["measure", "render", "pack", "studies", "means"])
def test_ctrl_c_in_commands_without_steps_is_a_sentence(
    name, home, monkeypatch, capsys
):
    from babelscope import commands

    def stop(options):
        raise KeyboardInterrupt

    module = commands.command_of(name)
    monkeypatch.setattr(module, "execute", stop)
    given = {"measure": ["demo", "transfer"], "means": ["a", "--model", "a/b"]}
    words = given.get(name, [] if name == "studies" else ["demo"])
    assert commands.main([name, *words]) == 130
    assert capsys.readouterr().err == "Stopped. Files that were written are whole.\n"


def test_a_run_that_is_stopped_is_given_again(home):
    from babelscope import commands

    stop = running.Interrupted("Stopped.", "mine")
    assert commands.interruption(stop, "run") == "Stopped. The same command goes on."
    assert json.dumps(commands.interruption(stop, "ask")).endswith('--resume mine"')
