"""What the command and the Python face are given wrongly ends in one sentence."""

import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import babelscope as bs
from analysis.core.errors import AnalysisError
from analysis.study import store
from babelscope import commands
from babelscope.inputs import listed
from tests.test_program import written

ROOT = Path(__file__).parent.parent
RUNS = {
    "[]": "must hold an object",
    "5": "must hold an object",
    '"text"': "must hold an object",
    '{"study":5}': "“study” in {file} must be text; found is 5",
    "[" * 100_000: "nested too deep",
    '{"extract":[]}': "must be an object with the options of that command",
    '{"extract":{"model":5}}': "“model” of “extract” must be text; found is 5",
    '{"extract":{"languages":5}}': "The languages must be texts; given is 5",
    '{"extract":{"languages":[["en"]]}}': "The languages must be texts",
    '{"extract":{"seed":"1"}}': "“seed” of “extract” must be a whole number",
    '{"extract":{"title":5}}': "“title” of “extract” must be text",
    '{"extract":{"dtype":5}}': "“dtype” of “extract” must be text",
    '{"ask":{"swept":5}}': "“ask” has swept",
    '{"ask":{},"sweep":5}': "must be an object with the options of that command",
    '{"study":"demo","sweep":{"layers":["3"]}}': "The layers must be whole numbers",
    '{"study":"demo","analyses":5}': "names, or an object of names",
    '{"study":"demo","analyses":[5]}': "“analyses” in {file} must be names",
    '{"study":"demo","analyses":{"transfer":5}}': "options of “transfer”",
    '{"study":"demo","analyses":["transfer"],"out":5}': "“out” in {file} must be text",
    '{"study":"demo","analyses":["transfer"],"convention":5}': "“convention”",
}


@pytest.fixture
def recipe(home):
    return written(home)


@pytest.mark.parametrize("text", RUNS, ids=[text[:50] for text in RUNS])
def test_a_file_of_steps_that_is_none_is_said(home, text, capsys):
    file = home / "run.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert commands.main(["run", str(file)]) == 2
    assert RUNS[text].format(file=file) in capsys.readouterr().err
    assert not list(store.root().iterdir())


def test_a_port_that_there_is_not_is_said(home, capsys):
    assert commands.main(["app", "--port", "99999"]) == 2
    assert "no port 99999; choose one up to 65535" in capsys.readouterr().err
    assert commands.main(["app", "--port", "-1"]) == 2


def test_a_port_that_is_taken_is_said_with_another_one(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "babelscope", "app", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"Port {port} is not available. Another program" in done.stderr
    assert "babelscope app --port" in done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["pack", "llama2-chat-7b"], "is a published study: it comes with every"),
        (["pack", "demo", "--venue", "NeurIPS"], "--venue is for figures"),
        (
            ["pack", "demo", "--titles", "--text", "8"],
            "--text, --titles is for figures",
        ),
        (["pack", "demo", "--out", "{gone}/demo.babelscope"], "there is no folder"),
        (["pack", "demo", "--out", "{here}"], "it is a folder. Name a file in it"),
        (["render", "{recipe}", "--out", "{gone}/x.pdf"], "there is no folder"),
        (
            ["render", "{recipe}", "--width", "5"],
            "A width is for the venue “own width”",
        ),
        (["render", "{recipe}", "--columns", "0"], "--columns must be above 0"),
        (["render", "{recipe}", "--text", "0"], "--text must be above 0"),
        (["render", "{recipe}", "--set", "a=1"], "--set is for figures of a study"),
        (["means", "{here}", "--model", "demo"], "its study “demo” is made here"),
    ],
)
def test_no_option_is_left_out_without_a_word(recipe, given, said, capsys):
    places = {"recipe": recipe, "here": recipe.parent, "gone": recipe.parent / "gone"}
    assert commands.main([part.format(**places) for part in given]) == 2
    told = capsys.readouterr().err
    assert said in told and "somebody else" not in told


def test_a_width_of_its_own_is_understood(recipe):
    out = recipe.parent / "own.svg"
    given = ["render", str(recipe), "--venue", "own width", "--width", "9"]
    assert commands.main([*given, "--out", str(out)]) == 0
    assert out.is_file()


def test_the_help_says_where_a_figure_goes(capsys):
    with pytest.raises(SystemExit):
        commands.main(["render", "--help"])
    assert "default: figure.pdf" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: bs.open(3), "A study is opened by its name, a text; given is 3"),
        (lambda: bs.open(None), "opened by its name, a text; given is None"),
        (lambda: bs.resume(3), "opened by its name"),
        (lambda: bs.plot(3, "transfer"), "opened by its name"),
        (lambda: bs.plot("demo", 3), "The name of a figure must be text"),
        (lambda: bs.sweep(3), "opened by its name"),
        (lambda: bs.control(3, "fairness"), "opened by its name"),
        (lambda: bs.resume_control(3), "The name of a control run must be text"),
        (lambda: bs.analyses(3), "opened by its name"),
        (lambda: bs.figures(3), "opened by its name"),
        (lambda: bs.extract("demo", 3), "A file, a name or a table"),
        (lambda: bs.extract("demo", title=5), "The title must be text"),
        (lambda: bs.extract("demo", languages=[5]), "The languages must be texts"),
        (lambda: bs.words("demo", layers=["6"]), "The layers must be whole numbers"),
        (lambda: bs.means("a/b", "/nowhere"), "There is no /nowhere"),
        (lambda: bs.generate("demo", 5), "A prompt must be text; given is '5'"),
        (lambda: bs.generate("demo", None), "A prompt must be text"),
        (lambda: bs.generate("demo", ["a", 5]), "A prompt must be text"),
        (lambda: bs.generate("demo", "a", tokens="5"), "tokens must be a number"),
        (lambda: bs.generate("demo", "a", temperature="x"), "temperature must be a"),
        (lambda: bs.open("demo").vector("fairness", "en", layer="6"), "A layer is a"),
    ],
)
def test_what_is_of_another_kind_is_said(home, make, said):
    with pytest.raises(AnalysisError, match=said):
        make()


@pytest.mark.parametrize("strength", ["2", ["2"] * 6, {1: "2"}])
def test_a_strength_is_a_number(home, strength):
    vector = bs.open("demo").vector("fairness", "en")
    with pytest.raises(
        AnalysisError, match="A strength is a number; given is the text"
    ):
        bs.generate("demo", "a", vector, strength=strength)


def test_numbers_of_numpy_are_numbers(home):
    assert listed("layers", np.arange(5, 7)) == (5, 6)
    assert bs.generate("demo", "Hello", tokens=np.int64(2), temperature=np.float32(0))


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ("--engine", "vLLM server, such as http"),
        ("--cluster", "local:4"),
        ("--shard", "such as 1/4"),
        ("--resume", "name of a study"),
    ],
)
def test_a_variable_of_the_shell_that_is_not_set_computes_nothing(
    home, option, allowed, capsys
):
    assert commands.main(["extract", option, ""]) == 2
    said = capsys.readouterr().err
    assert f"{option} was given without a value" in said and allowed in said
    assert f"leave {option} out" in said
    assert not list(store.root().iterdir())


def test_steering_by_an_engine_without_an_address_computes_nothing(home, capsys):
    assert commands.main(["steer", "A deed.", "--engine", " "]) == 2
    assert "--engine was given without a value (“ ”)" in capsys.readouterr().err


def test_none_from_python_is_told_what_to_give():
    study = bs.open("gemma-3-270m")
    with pytest.raises(AnalysisError, match="“None” names no direction") as told:
        study.measure("certificate", concept="morality", direction=None)
    assert "“language:fr/en”, or leave it out" in str(told.value)
    assert "For this study there " in str(told.value)
    with pytest.raises(AnalysisError, match="Unknown concept “None”.* morality"):
        study.measure("certificate", concept=None)
