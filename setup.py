"""What pyproject.toml cannot say: the pages go into the wheel, beside the package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
PAGES = ("app.py", "pages", ".streamlit")
"""What Streamlit runs and reads; in the wheel it lies in ``babelscope/site``."""


class WithPages(build_py):
    """The packages, and the pages in ``babelscope/site``."""

    def run(self) -> None:
        """Build from nothing, so that no file stays that was moved; copy the pages."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if self.editable_mode:
            return
        site = Path(self.build_lib) / "babelscope" / "site"
        site.mkdir(parents=True)
        for name in PAGES:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, site / name, ignore=ignored)
            else:
                shutil.copy(source, site / name)


setup(cmdclass={"build_py": WithPages})
