"""The house's rules, read off its source: who may import whom, which packages a room
may use, and what may never be spelled."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import analysis
import components

ROOT = Path(__file__).parent.parent
PRODUCT = ("app.py", "babelscope", "pages", "components", "analysis")
ROOMS = (
    *(f"analysis.{name}" for name in analysis.ROOMS),
    *(f"components.{name}" for name in components.ROOMS),
    "babelscope",
    "pages",
    "app",
)
"""From the ground up: an arrow only ever points down."""
NUMBERS = {"numpy", "pandas", "xarray", "filelock", "safetensors"}
MATHEMATICS = NUMBERS | {"scipy", "sklearn", "threadpoolctl", "umap"}
READERS = {"datasets", "wn", "wordfreq", "gguf", "py3langid"}
CODES = {"langcodes", "language_data"}
TABLES = {"charset_normalizer", "huggingface_hub", "openpyxl", "pyarrow"}
MODELS = {
    "accelerate",
    "bitsandbytes",
    "huggingface_hub",
    "jinja2",
    "psutil",
    "tokenizers",
    "torch",
    "tqdm",
    "transformers",
}
LIBRARY = MATHEMATICS | READERS
PACKAGES = {
    "analysis": LIBRARY,
    "analysis.languages": LIBRARY | CODES,
    "analysis.core": LIBRARY | {"psutil"},
    "analysis.tables": LIBRARY | TABLES,
    "analysis.engines": NUMBERS | {"pyarrow"},
    "analysis.model": LIBRARY | MODELS,
    "analysis.worker": LIBRARY | MODELS,
    "analysis.sharing": LIBRARY | {"huggingface_hub"},
    "analysis.worker.cluster": LIBRARY | MODELS | {"distributed"},
    "analysis.worker.local_cluster": LIBRARY | {"distributed"},
    "analysis.demo": LIBRARY | MODELS,
    "components": NUMBERS,
    "components.figures": NUMBERS,
    "components.screen": NUMBERS | {"plotly", "scipy"},
    "components.printing": NUMBERS | {"matplotlib", "fontTools", "scipy"},
    "components.paperpack": NUMBERS,
    "components.handout": NUMBERS | {"plotly"},
    "components.frame": NUMBERS | {"streamlit", "uvicorn"},
    "components.forms": NUMBERS | {"streamlit"},
    "components.views": NUMBERS | {"streamlit"},
    "babelscope": NUMBERS | MODELS,
    "pages": {"streamlit"},
    "app": {"streamlit"},
}
"""Packages beside the standard library; the longest name that fits a module counts."""
HEAVY = (
    "torch",
    "transformers",
    "umap",
    "matplotlib",
    "sklearn",
    "datasets",
    "scipy.linalg",
    "scipy.special",
    "scipy.stats",
    "langcodes",
    "language_data",
    "openpyxl",
    "pyarrow.parquet",
)
"""What a page never loads by being opened."""
TORCH = (
    "analysis.model",
    "analysis.demo",
    "analysis.worker.reader",
    "analysis.worker.speaker",
)
"""The models' own room, what makes the demo, and the worker's two hands."""
FORBIDDEN = (
    "allow_pickle=True",
    "weights_only=False",
    "unsafe_allow_html",
    "unsafe_allow_javascript",
    "trust_remote_code=True",
    "read_pickle",
)
ALL = (*PRODUCT, "tests", "benchmarks")


def python_files(*places: str) -> list[Path]:
    """Python files of some places."""
    found = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def module_of(path: Path) -> str:
    """``analysis/core/specs.py`` → ``analysis.core.specs``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, frozenset[str]]:
    """Module of the product → everything it imports, at its head or in functions."""
    known = {module_of(path): path for path in python_files(*PRODUCT)}
    return {
        name: frozenset(imports(ast.parse(path.read_text()), known))
        for name, path in known.items()
    }


def imports(tree: ast.Module, known: dict[str, Path]) -> Iterator[str]:
    """Full names of imported modules; ``from room import module`` is the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports are absolute here"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else str(node.module)


def inside(module: str, place: str) -> bool:
    """Whether a module lies in a place."""
    return f"{module}.".startswith(f"{place}.")


def room_of(module: str) -> str | None:
    """The room of a module; None for other people's, for tests and for the roots."""
    return next((room for room in ROOMS if inside(module, room)), None)


def ours(module: str) -> bool:
    """Whether a module is this project's."""
    first = module.split(".")[0]
    return first in ("analysis", "components", "babelscope", "pages", "app", "tests")


def test_every_folder_of_code_is_a_listed_room():
    for parent in (analysis, components):
        place = Path(parent.__file__).parent
        found = {path.parent.name for path in place.glob("*/__init__.py")}
        assert found == set(parent.ROOMS)
        loose = {path.stem for path in place.glob("*.py")}
        assert loose == {"__init__"}


def test_every_room_says_what_lives_there():
    for room in ROOMS:
        init = ROOT / room.replace(".", "/") / "__init__.py"
        if init.exists():
            assert ast.get_docstring(ast.parse(init.read_text())), init


def test_no_arrow_climbs():
    climbing = []
    for module, names in modules().items():
        room = room_of(module)
        if room is None:
            continue
        for name in sorted(names):
            other = room_of(name)
            if other and ROOMS.index(other) > ROOMS.index(room):
                climbing.append(f"{module} → {name}")
    assert not climbing


def test_every_room_imports_only_the_packages_it_may():
    wrong = []
    for module, names in modules().items():
        fitting = [place for place in PACKAGES if inside(module, place)]
        allowed = PACKAGES[max(fitting, key=len)] if fitting else set()
        packages = {name.split(".")[0] for name in names if not ours(name)}
        packages -= set(sys.stdlib_module_names)
        wrong += [f"{module} → {package}" for package in sorted(packages - allowed)]
    assert not wrong


@pytest.mark.parametrize("place", ["components", "analysis"])
def test_no_import_cycles(place):
    left = {}
    for module, names in modules().items():
        if inside(module, place):
            left[module] = names - {module}
    while True:
        ready = [module for module, names in left.items() if not names & left.keys()]
        if not ready:
            break
        for module in ready:
            del left[module]
    assert not left, f"in or behind a cycle: {sorted(left)}"


def test_pages_and_components_open_without_anything_heavy():
    """Importing all that a page imports loads nothing that takes a second."""
    names = sorted(name for name in modules() if inside(name, "components.views"))
    code = f"import sys\nimport {', '.join(names)}\n"
    code += f"print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_analysis_loads_no_torch():
    """A page, a table and a test of numbers start without it."""
    torchless = []
    for name in modules():
        if inside(name, "analysis") and not any(inside(name, place) for place in TORCH):
            torchless.append(name)
    code = f"import sys\nimport {', '.join(sorted(torchless))}\n"
    code += "print([n for n in ('torch', 'transformers', 'umap') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", python_files("pages"), ids=module_of)
def test_a_page_only_names_its_view(path):
    assert path.read_text().count("\n") <= 45


@pytest.mark.parametrize("spelling", FORBIDDEN)
def test_what_is_never_spelled(spelling):
    files = [path for path in python_files(*ALL) if path != Path(__file__)]
    assert not [module_of(path) for path in files if spelling in path.read_text()]
