"""What the README says is there is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def test_commands_and_links_of_the_readme_exist():
    text, makefile = (
        README.read_text(encoding="utf-8"),
        (ROOT / "Makefile").read_text(encoding="utf-8"),
    )
    for target in re.findall(r"make ([a-z]+)", text):
        assert f"\n{target}:" in makefile, target
    for path in re.findall(
        r"`([a-z_/.]+/[A-Za-z_.]+\.(?:csv|md|py))`", text
    ) + re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / path).exists(), path
    settings = (ROOT / "analysis/core/settings.py").read_text(encoding="utf-8")
    for name in re.findall(r"BABELSCOPE_[A-Z_]+", text):
        assert name in settings, name
