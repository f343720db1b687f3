"""Studies as Python sees them: arrays, vectors, and every analysis as a method."""

import functools
from dataclasses import dataclass, fields
from typing import Any

import xarray as xr

from analysis.core.errors import unknown
from analysis.study import library
from analysis.study.study import Study as Results


@dataclass(frozen=True)
class Study(Results):
    """One model's results: labelled arrays, with the analyses as methods."""

    def vector(
        self, concept: str, language: str, layer: int | None = None
    ) -> xr.DataArray:
        """The concept vector (layer, hidden), or (hidden,) at one ``layer`` (1…N).

        SpecError for a concept, a language or a layer that the study does not have;
        StudyError where it has no vectors.

        >>> import babelscope as bs
        >>> bs.open("demo").vector("fairness", "fr", layer=6).sizes["hidden"]
        128
        """
        vectors = self.array("concept_vector")
        for kind, value, allowed in (
            ("concept", concept, self.concepts),
            ("language", language, self.languages),
        ):
            if value not in allowed:
                raise unknown(kind, value, allowed)
        chosen = vectors.sel(concept=concept, language=language)
        if layer is None:
            return chosen
        if not 1 <= layer <= self.layers:
            raise unknown("layer", str(layer), map(str, range(1, self.layers + 1)))
        return chosen.sel(layer=layer)


def open_study(name: str) -> Study:
    """Open a study by its name; ``studies`` lists them.

    StudyError names the nearest one when there is none.

    >>> import babelscope as bs
    >>> bs.open("demo").model
    'demo'
    """
    known = library.open_by_name(name)
    values: dict[str, Any] = {}
    for field in fields(known):
        values[field.name] = getattr(known, field.name)
    # An array is read from its file once, for all analyses that follow.
    values["load"] = functools.cache(known.load)
    return Study(**values)


def studies() -> tuple[str, ...]:
    """Names of all studies: this machine's own, the demo's, the published ones.

    >>> import babelscope as bs
    >>> "demo" in bs.studies()
    True
    """
    return tuple(library.names())


def copies(name: str) -> list[str]:
    """Names of this machine's copies of a study that ships, newest first."""
    if name not in library.DEMO_FOLDERS:
        return []
    return [each for each in library.names() if each.startswith(f"{name}-copy")]
