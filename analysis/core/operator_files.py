"""Files of the operator in Babelscope's home: TOML, read anew whenever it is asked for."""

import tomllib
from typing import Any

from analysis.core import disk, settings
from analysis.core.errors import SpecError


def operator_file(name: str) -> dict[str, Any]:
    """What a file says; nothing where there is none, SpecError where it is no TOML."""
    path = settings.home() / name
    if not path.exists():
        return {}
    with disk.reading(path):
        data = path.read_bytes()
    try:
        return tomllib.loads(data.decode())
    except ValueError as error:
        raise SpecError(f"{name} is no TOML: {error}.") from error
