"""The README's tree is the tree: ``python -m tests.test_readme`` writes it anew."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"## The tree\n\n(.*?)\n(?=## )", re.DOTALL)
REMARKS = {
    ".ci/run": "what continuous integration runs",
    ".streamlit/config.toml": "localhost, no telemetry, light and dark theme",
    "LICENSE": "Apache-2.0",
    "Makefile": "make app, make test, make demo",
    "analysis/demo/model": "the demo model: card, weights, tokenizer, measured figures",
    "analysis/demo/pairs.csv": "the demo's contrast pairs",
    "analysis/demo/requests": "the demo study of requests",
    "analysis/demo/requests.csv": "contrast pairs of requests",
    "analysis/demo/questions.csv": "the demo's facts and culture questions",
    "analysis/demo/study": "the demo study, as extraction, questions and sweep leave it",
    "analysis/demo/world": "the texts, one file per language",
    "analysis/sources/data": "languages, linguistic distances, published numbers; README.md says where from",
    "components/printing/typefaces": "subsets of Noto Sans for print; README.md says where from, OFL.txt is their licence",
    "docs/overview.png": "the picture above",
    "pyproject.toml": "settings of ruff and pytest",
    "requirements-dev.txt": "what the tests need, pinned",
    "requirements.txt": "what the program needs, pinned",
    "tests/browser.sh": "finds or installs a browser for the tests",
}
HIDDEN = {"README.md", ".gitignore"}


def tracked() -> list[str]:
    """Files of the repository, those of data folders as the folder."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    folders = tuple(name for name in REMARKS if (ROOT / name).is_dir())
    named = (next((folder for folder in folders if file.startswith(f"{folder}/")), file) for file in files.stdout.split("\n"))
    return sorted({name for name in named if name and (ROOT / name).exists()} - HIDDEN)


def remark(name: str) -> str:
    """What a file is, in one line: its docstring's first clause, or REMARKS."""
    if name in REMARKS:
        return REMARKS[name]
    first = (ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8"))) or "").split("\n")[0]
    return re.sub(r" \([^)]*$|[.:]( .*)?$", "", re.split(r": ``| \(Xu", first)[0].rstrip("."))


def tree() -> str:
    """The tree as the README has it."""
    lines, seen = ["```"], set()
    for name in tracked():
        *folders, last = name.split("/")
        for depth in range(len(folders)):
            folder = "/".join(folders[: depth + 1])
            if folder not in seen:
                seen.add(folder)
                lines.append(f"{'  ' * depth}{folders[depth]}/")
        if last != "__init__.py":
            label = f"{'  ' * len(folders)}{last}{'/' if (ROOT / name).is_dir() else ''}"
            lines.append(f"{label:<30} {remark(name)}".rstrip())
    return "\n".join([*lines, "```", ""])


def test_the_tree_of_the_readme_is_the_tree():
    assert BLOCK.search(README.read_text(encoding="utf-8"))[1] == tree(), "run: python -m tests.test_readme"


def test_every_file_has_a_remark():
    assert not [name for name in tracked() if not name.endswith("__init__.py") and not remark(name)]


def test_commands_and_links_of_the_readme_exist():
    text, makefile = README.read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z]+)", text):
        assert f"\n{target}:" in makefile, target
    for path in re.findall(r"`([a-z_/.]+/[A-Za-z_.]+\.(?:csv|md|py))`", text) + re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / path).exists(), path
    settings = (ROOT / "analysis/settings.py").read_text(encoding="utf-8")
    for name in re.findall(r"BABELSCOPE_[A-Z_]+", text):
        assert name in settings, name


if __name__ == "__main__":
    README.write_text(BLOCK.sub(lambda _: f"## The tree\n\n{tree()}\n", README.read_text(encoding="utf-8")), encoding="utf-8")
