"""Babelscope from Python and from the command line: the same studies, repeated safely."""

import doctest
import json
import shlex
import signal
import subprocess
import sys
import zipfile
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import babelscope as bs
from analysis.concepts.corpora import demo_corpus
from analysis.core.errors import CorpusError, SpecError, StudyError
from analysis.overview import needs, registry
from analysis.study import library, store
from analysis.study.study import Study
from babelscope import commands, house, plots
from components.paperpack import of_gallery, recipes
from components.paperpack.recipes import Recipe

ROOT = Path(__file__).parent.parent
MODULES = sorted(path.stem for path in (ROOT / "babelscope").glob("*.py"))
FEW = {"concepts": ["fairness"], "languages": ["en", "fr"]}


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__main__"])
def test_the_examples_say_what_happens(home, name):
    module = import_module("babelscope" if name == "__init__" else f"babelscope.{name}")
    assert doctest.testmod(module).failed == 0


def test_every_function_of_the_face_has_an_example():
    for name in bs.__all__:
        face = getattr(bs, name)
        if callable(face) and not isinstance(face, type):
            assert ">>> " in (face.__doc__ or ""), name


def test_the_version_is_the_same_everywhere(capsys):
    with pytest.raises(SystemExit):
        commands.main(["--version"])
    assert capsys.readouterr().out.strip() == bs.__version__
    assert f"\nversion: {bs.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {bs.__version__}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_importing_it_loads_nothing_heavy():
    code = "import sys, babelscope\nheavy = 'torch', 'transformers', 'streamlit'\n"
    code += "print([name for name in (*heavy, 'matplotlib') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_pairs_may_be_a_file_a_table_or_a_corpus(home, tmp_path):
    corpus = demo_corpus()
    rows = [asdict(pair) for pair in corpus.pairs if pair.language in ("en", "fr")]
    table = pd.DataFrame(rows).query("concept == 'fairness'")
    file = tmp_path / "mine.csv"
    table.to_csv(file, index=False)
    made = [
        bs.extract("demo", given, title="Same") for given in (table, file, str(file))
    ]
    made.append(bs.extract("demo", corpus, **FEW))
    vectors = [study.array("concept_vector") for study in made]
    assert all(each.equals(vectors[0]) for each in vectors)
    with pytest.raises(CorpusError, match="no column “positive”") as caught:
        bs.extract("demo", table.drop(columns="positive"))
    assert caught.value.faults


def test_a_repeated_call_opens_what_is_complete(home, capsys):
    first = bs.extract("demo", **FEW)
    before = (store.root() / first.name / store.MANIFEST).stat().st_mtime_ns
    again = bs.extract("demo", **FEW)
    assert again.name == first.name and "is complete" in capsys.readouterr().err
    assert (store.root() / first.name / store.MANIFEST).stat().st_mtime_ns == before
    assert [path.name for path in store.root().iterdir()] == [first.name]


def test_a_study_that_ships_is_copied_once(home):
    asked = {"languages": ["en", "fr"], "most": 4, "into": "demo-requests"}
    names = {bs.ask("demo", **asked).name for _ in range(2)}
    assert (
        names
        == {"demo-requests-copy"}
        == {path.name for path in store.root().iterdir()}
    )
    tried = {"layers": [3], "strengths": [1.0], "most": 4}
    assert {bs.sweep("demo-requests-copy", **tried).name for _ in range(2)} == names


def test_ctrl_c_keeps_what_is_finished_and_the_command_goes_on(home):
    command = [sys.executable, "-m", "babelscope", "extract", "--concepts", "fairness"]
    running = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said = []
    for line in running.stderr:
        said.append(line)
        if line.startswith("3/"):
            running.send_signal(signal.SIGINT)
            break
    out, rest = running.communicate(timeout=60)
    assert running.returncode == 130 and "Traceback" not in rest
    (name,) = [path.name for path in store.root().iterdir()]
    missing = len(library.open_by_name(name).missing)
    assert 20 < missing < 30
    last = rest.strip().splitlines()[-1]
    assert last == (
        f"Stopped. What was finished is kept in “{name}”; {missing} cells are missing. "
        f"To go on: babelscope extract --resume {name}"
    )
    assert commands.main(["extract", "--resume", name]) == 0
    assert library.open_by_name(name).complete
    assert commands.main(command[3:]) == 0


def test_a_run_is_a_step_of_a_makefile(home, tmp_path, capsys):
    steps = {"extract": {"model": "demo", **FEW}, "words": {"languages": ["en", "fr"]}}
    spec = {**steps, "analyses": {"transfer": {}, "similarity": {"layer": 3}}}
    file = tmp_path / "run.json"
    file.write_text(json.dumps({**spec, "convention": "paper", "out": "tables"}))
    said = []
    for _ in range(2):
        assert commands.main(["run", str(file)]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] and said[0].startswith("study demo-on-demo-world")
    (name,) = [path.name for path in store.root().iterdir()]
    assert bs.open(name).words.languages == ("en", "fr")
    assert (tmp_path / "tables" / f"similarity-{name}.csv").is_file()
    file.write_text(json.dumps({"extract": {"modell": "demo"}}))
    assert commands.main(["run", str(file)]) == 2
    assert "“extract” has modell; it knows" in capsys.readouterr().err


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_every_command_has_help_with_an_example_that_parses(name, capsys):
    module = commands.command_of(name)
    with pytest.raises(SystemExit) as ended:
        commands.main([name, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  {module.EXAMPLE}" in capsys.readouterr().out
    (program, *given) = shlex.split(module.EXAMPLE)
    assert program == "babelscope"
    assert commands.parser().parse_args(given).command == name


def planted_measure(study: Study, factor: int = 2) -> xr.DataArray:
    """How far down the list each language stands, times a factor."""
    places = factor * np.arange(len(study.languages))
    coords = {"language": list(study.languages)}
    return xr.DataArray(places, coords, ("language",), "place")


@pytest.fixture
def planted(monkeypatch):
    """One more record in the registry."""
    record = registry.Analysis("planted measure", planted_measure, needs.ANYTHING)
    monkeypatch.setattr(registry, "ANALYSES", [*registry.ANALYSES, record])


def test_a_new_analysis_is_one_record_for_python_and_command(home, planted, capsys):
    assert bs.analyses().loc["planted measure", "says"].startswith("How far down")
    study = bs.open("demo")
    assert study.measure("planted measure", factor=3).max() == 45
    assert study.planted_measure().max() == 30 and "planted_measure" in dir(study)
    given = ["measure", "demo", "planted measure", "--set", "factor=1"]
    assert commands.main([*given, "--out", str(home)]) == 0
    table = pd.read_csv(home / "planted-measure-demo.csv")
    assert table["place"].tolist() == list(range(16))
    out = str(home / "paper.zip")
    packing = ["pack", "planted measure", "--study", "demo", "--set", "factor=1"]
    assert commands.main([*packing, "--out", out]) == 0
    with zipfile.ZipFile(out) as pack:
        (name,) = [each for each in pack.namelist() if each.endswith("numbers.csv")]
        assert len(pd.read_csv(pack.open(name))) == 16
    with pytest.raises(SystemExit):
        commands.main(["measure", "--help"])
    assert "planted measure" in " ".join(capsys.readouterr().out.split())
    spec = {"study": "demo", "analyses": ["planted measure"], "convention": "paper"}
    (home / "run.json").write_text(json.dumps(spec))
    assert commands.main(["run", str(home / "run.json")]) == 0


def test_a_package_of_somebody_else_is_named(tmp_path, monkeypatch):
    house.check()
    with pytest.raises(ImportError, match="Rename yours, or start Python in another"):
        house.check(tmp_path)
    monkeypatch.setattr(house, "place_of", lambda name: None)
    with pytest.raises(ImportError, match="is not at .*Install it again"):
        house.check()


def test_what_a_study_lacks_is_said():
    study = bs.open("demo")
    with pytest.raises(SpecError, match="Unknown language “frr”. Did you mean “fr”"):
        study.vector("fairness", "frr")
    with pytest.raises(SpecError, match="Unknown layer “99”"):
        study.vector("fairness", "fr", layer=99)
    with pytest.raises(StudyError, match="has no"):
        bs.open("bloomz-7.1b").vector("fairness", "fr")
    with pytest.raises(StudyError, match="Did you mean “demo”"):
        bs.open("demos")


def test_a_figure_from_a_script_is_the_pages_own(home):
    made = bs.plot("demo", "alignment")
    (recipe,) = made.panels
    assert recipe.view == {"page": "pages/alignment.py", "query": {"study": ["demo"]}}
    assert recipe.provenance[0]["words"]["embeddings"]
    made.save(home / "a.zip")
    with zipfile.ZipFile(home / "a.zip") as pack:
        (name,) = [each for each in pack.namelist() if each.endswith("methods.txt")]
        assert "conneau2018word" in pack.read(name).decode()
    again = plots.from_recipes([written(recipe, home / "recipe.json")])
    assert again.panels[0].digest == recipe.digest
    for page in {of_gallery.page_file(name) for name in bs.figures().index}:
        assert (ROOT / page).is_file()


def written(recipe: Recipe, path: Path) -> Path:
    """A recipe as a file."""
    path.write_text(recipes.write(recipe))
    return path


def test_the_face_is_read_at_first_use_and_no_name_is_a_module():
    """Whatever was used before, a name of the face is what it says."""
    code = """
import sys
import babelscope as bs
assert "numpy" not in sys.modules and "pandas" not in sys.modules
bs.plot
for name in bs.__all__:
    assert not isinstance(getattr(bs, name), type(sys)), name
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
