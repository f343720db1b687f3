"""GGUF repositories of the hub: a choice of quantisations, fetched, checked, unpacked."""

import pytest

from analysis.core.errors import ModelError, Stopped
from analysis.core.specs import ModelSpec
from analysis.model.hub_gguf import choose, fetch, gguf_files
from analysis.model.load import load
from analysis.worker.models import Naming, unpack_from_hub
from analysis.worker.service import Job, Pool
from babelscope.commands import main
from tests.tiny_gguf import write

REPO = "org/tiny-GGUF"


@pytest.fixture
def repo(hub, tmp_path):
    """The hub with a tiny model in two quantisations, beside what is none."""
    files = {"README.md": b"x", "mmproj-F16.gguf": b"x", "x-00001-of-00002.gguf": b"x"}
    for kind in ("Q8_0", "F16"):
        path = tmp_path / f"tiny-{kind}.gguf"
        write(path, "llama", kind)
        files[path.name] = path.read_bytes()
        path.unlink()
    hub.commit = hub.publish(REPO, files)
    return hub


def quiet(done: int, total: int) -> None:
    """Nothing is shown."""


def brought(quantisation: str, name: str = ""):
    """The model of a quantisation, by a job."""
    job = Job(1, "me", "", lambda job, pool: None)
    return unpack_from_hub(REPO, "main", quantisation, Naming(name))(job, Pool())


def test_quantisations_are_listed_the_smallest_first_and_nothing_is_fetched(repo):
    found = gguf_files(REPO)
    assert [one.quantisation for one in found] == ["Q8_0", "F16"]
    assert found[0].bytes < found[1].bytes
    assert [path for path in repo.fetched(REPO) if path.endswith(".gguf")] == []


def test_a_quantisation_is_fetched_unpacked_and_recorded_with_its_commit(repo):
    found = brought("q8_0")
    assert found.name == "tiny-Q8_0"
    assert found.record.origin == f"{REPO}@{repo.commit}"
    assert load(ModelSpec("tiny-Q8_0")).stored["bits"] == 8
    fetched = [path for path in repo.fetched(REPO) if path.endswith(".gguf")]
    assert fetched == ["tiny-Q8_0.gguf"]


@pytest.mark.parametrize("asked", ["", "Q5_K_M"])
def test_without_a_choice_it_is_said_what_there_is(repo, asked):
    with pytest.raises(ModelError) as error:
        brought(asked)
    assert "there are Q8_0, F16. Name one, such as org/tiny-GGUF:Q8_0." in str(
        error.value
    )


def test_a_file_may_be_named_as_it_is(repo):
    assert choose(gguf_files(REPO), "tiny-F16.gguf").quantisation == "F16"


def test_a_repository_without_such_files_says_what_to_do(repo, tiny_folder):
    repo.publish("org/safe", tiny_folder / "llama")
    with pytest.raises(ModelError, match="org/safe holds no GGUF files"):
        gguf_files("org/safe")
    repo.publish("org/parts", {"x-00001-of-00002.gguf": b"x"})
    with pytest.raises(ModelError, match="All GGUF files of org/parts are parts"):
        gguf_files("org/parts")
    with pytest.raises(ModelError, match="“tiny” is no hub id"):
        gguf_files("tiny")


def test_a_file_that_arrives_corrupted_is_refused_and_removed(repo):
    repo.flipped.add("tiny-Q8_0.gguf")
    with pytest.raises(ModelError, match="tiny-Q8_0.gguf of .* arrived corrupted"):
        brought("Q8_0", "corrupted")
    assert brought("Q8_0").name == "tiny-Q8_0"


def test_stop_is_heard_while_a_file_is_fetched(repo):
    def stop(done: int, total: int) -> None:
        raise Stopped("Stopped.")

    file = choose(gguf_files(REPO), "Q8_0")
    with pytest.raises(Stopped):
        fetch(file, stop)


def test_a_repository_of_gguf_given_as_a_model_says_how_to_have_it(repo):
    with pytest.raises(ModelError) as error:
        load(ModelSpec(REPO))
    said = str(error.value)
    assert "holds GGUF files" in said and f"babelscope model unpack {REPO}:F16" in said


def test_the_command_takes_a_repository(repo, capsys):
    assert main(["model", "unpack", f"{REPO}:Q8_0", "--name", "mine"]) == 0
    assert f"origin    {REPO}@{repo.commit}" in capsys.readouterr().out
    assert main(["model", "unpack", REPO]) == 2
    assert "has several: there are Q8_0, F16" in capsys.readouterr().err


def test_a_gguf_file_given_as_a_model_says_how_to_have_it(home):
    with pytest.raises(ModelError, match="babelscope model unpack"):
        load(ModelSpec("x/tiny.gguf"))
    write(home / "tiny.gguf")
    with pytest.raises(ModelError, match="babelscope model unpack"):
        load(ModelSpec(str(home / "tiny.gguf")))
