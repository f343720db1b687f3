"""What README, docs and ARCHITECTURE say is there, is there; what they tell to type, runs."""

import ast
import json
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

import analysis
import babelscope as bs
import components
from analysis.concepts.corpora import DEMO_FILES
from analysis.core.model_names import DEMO_FOLDER
from babelscope import commands

ROOT = Path(__file__).parent.parent
PAGES = (
    *(ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING")),
    *sorted((ROOT / "docs").glob("*.md")),
)
SETTINGS = (ROOT / "analysis/core/settings.py").read_text(encoding="utf-8")
ELSEWHERE = re.compile(r'from_pretrained\("Qwen/Qwen3-0.6B"\)')
TOUR = ROOT / "docs" / "tour.ipynb"


def read(path: Path) -> str:
    """A page's text."""
    return path.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page that are in a language."""
    return re.findall(rf"```{language}\n(.*?)```", read(page), re.DOTALL)


def named(page: Path) -> str:
    """A page's name for a test."""
    return page.name


def on_the_demo(code: str) -> str:
    """The same code with the demo's model, which is small and needs no network."""
    code = ELSEWHERE.sub(f"from_pretrained({str(DEMO_FOLDER)!r})", code)
    return code.replace("Qwen/Qwen3-0.6B", "demo").replace(
        "range(8, 14)", "range(2, 4)"
    )


def run(code: str, names: dict[str, object]) -> None:
    """Run a cell or a block; what stands last is shown as a notebook shows it."""
    tree = ast.parse(code)
    last = None
    if isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, "code", "exec"), names)
    if last is not None:
        shown = eval(compile(last, "code", "eval"), names)
        if hasattr(shown, "_repr_png_"):
            assert shown._repr_png_()[0].startswith(b"\x89PNG")
        repr(shown)


@pytest.fixture
def elsewhere(home, monkeypatch) -> Path:
    """A folder with the file of pairs that the pages tell of, where code is run."""
    folder = home / "work"
    folder.mkdir()
    pairs = pd.read_csv(DEMO_FILES["demo world"], dtype=str, keep_default_na=False)
    kept = pairs.query("concept == 'fairness' and language in ('en', 'fr')")
    kept.to_csv(folder / "pairs.csv", index=False)
    monkeypatch.chdir(folder)
    return folder


def test_the_readme_is_short_and_begins_with_a_picture_and_two_commands():
    lines = read(ROOT / "README.md").splitlines()
    assert len(lines) <= 150
    first = "\n".join(lines[:12])
    assert "](docs/first.png)" in first
    assert "pip install ." in first and "babelscope app" in first


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_links_and_settings_that_a_page_names_exist(page):
    text = read(page)
    for target in re.findall(r"\bmake ([a-z]+)\b(?!\w)", text):
        if f"`make {target}`" in text or f"\nmake {target}" in text:
            assert f"\n{target}:" in read(ROOT / "Makefile"), target
    for path in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / path).exists(), path
    for path in re.findall(r"`([\w./-]+/[\w.-]*)`", text):
        if path.startswith(("analysis/", "components/", "babelscope/", "tests/")):
            assert (ROOT / path).exists(), path
    for name in re.findall(r"BABELSCOPE_[A-Z_]+", text):
        assert name in SETTINGS, name


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_that_a_page_shows_are_understood(page):
    for block in blocks(page, "(?:sh|make)"):
        for line in block.splitlines():
            (program, *given) = shlex.split(line, comments=True) or [""]
            if program == "babelscope":
                assert commands.parser().parse_args(given), line


def test_every_command_is_on_its_page():
    text = read(ROOT / "docs" / "command.md")
    for name in commands.COMMANDS:
        assert f"| `babelscope {name}` |" in text


@pytest.mark.slow
def test_files_of_steps_that_a_page_shows_run(elsewhere):
    for page in ("command.md", "figures.md"):
        for block in blocks(ROOT / "docs" / page, "json"):
            (elsewhere / "run.json").write_text(block)
            assert commands.main(["run", "run.json"]) == 0
    assert list((elsewhere / "tables").glob("transfer-demo-*.csv"))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/figures.md"])
def test_python_that_a_page_shows_runs(elsewhere, page):
    names: dict[str, object] = {}
    for block in blocks(ROOT / page, "python"):
        for statement in ast.parse(on_the_demo(block)).body:
            run(ast.unparse(statement), names)


def test_the_readme_shows_five_lines_of_python():
    (block,) = blocks(ROOT / "README.md", "python")
    lines = [line for line in block.splitlines() if line]
    assert lines[0] == "import babelscope as bs" and len(lines) == 6


@pytest.mark.slow
def test_the_tour_runs_on_the_demo_and_carries_no_outputs(elsewhere):
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in json.loads(read(TOUR))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            run("".join(cell["source"]), names)
    assert (elsewhere / "transfer.pdf").stat().st_size > 1000


def test_architecture_has_every_room_in_its_own_words():
    text = " ".join(read(ROOT / "ARCHITECTURE.md").split())
    for parent in (analysis, components):
        place = Path(parent.__file__).parent
        for room in parent.ROOMS:
            init = ast.parse(read(place / room / "__init__.py"))
            sentence = " ".join((ast.get_docstring(init) or "").split())
            assert f"| `{room}/` | {sentence} |" in text


def test_architecture_names_tables_that_are_where_it_says():
    rows = read(ROOT / "ARCHITECTURE.md").partition("## To add")[2].splitlines()
    found = 0
    for row in rows:
        files = re.findall(r"`(\w+/[\w/]+\.py)`", row)
        text = "\n".join(read(ROOT / name) for name in files)
        for table in re.findall(r"`([A-Z]+)`", row):
            assert re.search(rf"^{table}\b.* = ", text, re.MULTILINE), (table, row)
            found += 1
    assert found >= 12


def test_the_works_to_cite_are_those_of_the_readme():
    cited = set(re.findall(r"\d{4}\.\d{5}", read(ROOT / "CITATION.cff")))
    assert cited == set(re.findall(r"\d{4}\.\d{5}", read(ROOT / "README.md")))


def test_the_python_page_tells_of_the_whole_face():
    text = read(ROOT / "docs" / "python.md")
    used = set(re.findall(r"\bbs\.(\w+)", text))
    functions = {name for name in bs.__all__ if callable(getattr(bs, name))}
    classes = {name for name in functions if isinstance(getattr(bs, name), type)}
    assert used <= functions and functions - classes - used == {"means"}
