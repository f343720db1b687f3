"""The house's rules, read off its source: who may import whom, how long things may be, and what may never be spelled."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = ("app.py", "pages", "components", "analysis")
NUMBERS = {"numpy", "pandas", "xarray"}
MATHEMATICS = NUMBERS | {
    "scipy",
    "sklearn",
    "threadpoolctl",
    "umap",
    "safetensors",
    "datasets",
    "wn",
    "wordfreq",
    "gguf",
    "py3langid",
}
MODELS = {"numpy", "torch", "transformers", "tokenizers", "accelerate", "bitsandbytes", "huggingface_hub", "safetensors"}
OUTSIDE = {
    "analysis": MATHEMATICS,
    "analysis.engine": MODELS | {"psutil", "tqdm"},
    "analysis.demo": MODELS,
    "components.figures": NUMBERS,
    "components.bars": NUMBERS | {"plotly"},
    "components.clouds": NUMBERS | {"plotly"},
    "components.venues": set(),
    "components.screen": NUMBERS | {"plotly", "scipy"},  # SciPy lays out dendrograms
    "components.paper": NUMBERS | {"matplotlib", "scipy"},
    "components.printing": NUMBERS | {"matplotlib", "fontTools"},
    "components": NUMBERS | {"streamlit"},
    "pages": {"streamlit"},
    "app": {"streamlit"},
}
"""Room → packages it may import besides the standard library; the longest name that fits a module is its room."""
INSIDE = {
    "analysis": ("analysis",),
    "analysis.engine": ("analysis",),
    "analysis.demo": ("analysis",),
    "components.figures": ("analysis",),
    "components.bars": ("analysis", "components.figures"),
    "components.clouds": ("analysis", "components.figures"),
    "components.venues": ("analysis",),
    "components.screen": ("analysis", "components.figures", "components.bars", "components.clouds"),
    "components.paper": ("analysis", "components.figures", "components.printing"),
    "components.printing": ("analysis", "components.figures", "components.venues", "components.paper", "components.printing"),
    "components": ("analysis", "components"),
    "pages": ("analysis", "components"),
    "app": ("analysis", "components"),
}
"""Room → what of this project it may import."""
NAMES = (
    "analysis.specs",
    "analysis.steering_specs",
    "analysis.errors",
    "analysis.arrays",
    "analysis.sources.languages",
    "analysis.studies.study",
)
"""All that drawing and pages may know of the analysis: types, names and constants."""
PLOTS = ("components.figures", "components.bars", "components.clouds", "components.screen")
"""Drawing with Plotly."""
PRINT = ("components.paper", "components.printing")
"""Drawing with Matplotlib, which others import only when something is printed."""
TORCHLESS = (
    "analysis.engine.answers",
    "analysis.engine.asking",
    "analysis.engine.operators",
    "analysis.engine.service",
    "analysis.engine.sweeping",
    "analysis.engine.work",
)
"""The only modules of the engine that others may import: they load no torch."""
FORBIDDEN = (
    "allow_pickle=True",
    "weights_only=False",
    "unsafe_allow_html",
    "unsafe_allow_javascript",
    "trust_remote_code=True",
    "read_pickle",
)


def python_files(*places: str) -> list[Path]:
    """Python files of some places."""
    found = [ROOT / place for place in places if place.endswith(".py")]
    return found + [path for place in places for path in sorted((ROOT / place).rglob("*.py"))]


def module_of(path: Path) -> str:
    """``analysis/engine/work.py`` → ``analysis.engine.work``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, frozenset[str]]:
    """Module of the product → everything it imports, at its head or inside functions."""
    known = {module_of(path): path for path in python_files(*PRODUCT)}
    return {name: frozenset(imports(ast.parse(path.read_text()), known)) for name, path in known.items()}


def imports(tree: ast.Module, known: dict[str, Path]) -> Iterator[str]:
    """Full names of imported modules; ``from package import module`` counts as the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports are absolute here"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in inner)


def room(module: str, table: dict) -> str:
    """The room of a module: the longest name of the table that it begins with."""
    return max((name for name in table if f"{module}.".startswith(f"{name}.")), key=len)


def ours(module: str) -> bool:
    """Whether a module is this project's."""
    return module.split(".")[0] in ("analysis", "components", "pages", "app", "tests", "benchmarks")


def inside(module: str, places: tuple[str, ...]) -> bool:
    """Whether a module lies in one of the places."""
    return any(f"{module}.".startswith(f"{place}.") for place in places)


def test_every_room_imports_only_the_packages_it_may():
    wrong = []
    for module, names in modules().items():
        packages = {name.split(".")[0] for name in names if not ours(name)} - set(sys.stdlib_module_names)
        wrong += [f"{module} → {package}" for package in sorted(packages - OUTSIDE[room(module, OUTSIDE)])]
    assert not wrong


def test_every_room_imports_only_the_rooms_it_may():
    wrong = [
        f"{module} → {name}"
        for module, names in modules().items()
        for name in sorted(filter(ours, names))
        if not inside(name, INSIDE[room(module, INSIDE)])
    ]
    assert not wrong


def test_drawing_and_pages_know_only_names_of_the_analysis():
    shown = (
        "components.figures",
        "components.bars",
        "components.clouds",
        "components.screen",
        *PRINT,
        "components.venues",
        "pages",
        "app",
    )
    wrong = [
        f"{module} → {name}"
        for module, names in modules().items()
        if inside(module, shown)
        for name in names
        if inside(name, ("analysis",)) and name not in NAMES
    ]
    assert not wrong


def test_nobody_reaches_into_the_engine_past_its_torchless_door():
    wrong = [
        f"{module} → {name}"
        for module, names in modules().items()
        if not inside(module, ("analysis.engine", "analysis.demo"))
        for name in names
        if inside(name, ("analysis.engine",)) and name not in TORCHLESS
    ]
    measures = [f"{m} → {n}" for m, names in modules().items() for n in names if engine_from_below(m, n)]
    assert not wrong + measures


def engine_from_below(module: str, name: str) -> bool:
    """Whether a library module of the analysis imports the engine; the command line and the demo stand above it."""
    above = ("analysis.engine", "analysis.demo", "analysis.studies.__main__")
    return inside(module, ("analysis",)) and not inside(module, above) and inside(name, ("analysis.engine",))


@pytest.mark.parametrize("place", ["components", "analysis"])
def test_no_import_cycles(place):
    arrows = {module: {n for n in names if n != module} for module, names in modules().items() if inside(module, (place,))}
    left = dict(arrows)
    while ready := [module for module, names in left.items() if not names & left.keys()]:
        for module in ready:
            del left[module]
    assert not left, f"in or behind a cycle: {sorted(left)}"


def test_pages_and_components_open_without_torch():
    opened = [name for name in modules() if inside(name, ("components", "analysis"))]
    opened = [n for n in opened if not inside(n, ("analysis.engine", "analysis.demo")) or n in TORCHLESS]
    opened = [n for n in opened if not inside(n, PRINT)]
    opened.remove("analysis.studies.__main__")
    heavy = "[n for n in ('torch', 'transformers', 'umap', 'matplotlib') if n in sys.modules]"
    code = f"import sys\nimport {', '.join(opened)}\nprint({heavy})"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


ALL = (*PRODUCT, "tests", "benchmarks")


@pytest.mark.parametrize("path", python_files(*ALL), ids=module_of)
def test_budgets(path):
    lines = path.read_text().count("\n")
    assert lines <= (45 if path.parent.name == "pages" else 300), f"{lines} lines"
    over = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.end_lineno - node.body[0].lineno + 1
            given = node.args
            names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs) if a.arg not in ("self", "cls")]
            over += [f"{node.name}: {body} lines"] if body > 40 else []
            over += [f"{node.name}: {len(names)} parameters"] if len(names) > 5 else []
    assert not over


@pytest.mark.parametrize("spelling", FORBIDDEN)
def test_what_is_never_spelled(spelling):
    files = [path for path in python_files(*ALL) if path != Path(__file__)]
    assert not [module_of(path) for path in files if spelling in path.read_text()]
