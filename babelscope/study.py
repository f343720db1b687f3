"""Studies as Python sees them: arrays, vectors, and every analysis as a method."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from analysis.core import files, netcdf
from analysis.core.errors import SpecError, unknown
from analysis.core.version import __version__
from analysis.languages.codes import code_in
from analysis.overview import registry
from analysis.steering import language_vectors
from analysis.study import library
from analysis.study.study import Study as Results


@dataclass(frozen=True)
class Study(Results):
    """One model's results: labelled arrays, with the analyses as methods.

    Every analysis that ``analyses`` lists is a method under its name, with an
    underscore for each space; ``measure`` takes the name itself.

    >>> import babelscope as bs
    >>> study = bs.open("demo")
    >>> study.measure("mean angle", version="own").identical(study.mean_angle())
    True
    """

    def measure(self, name: str, **options: Any) -> Any:
        """An analysis by its name; mostly an xarray Dataset with its intervals.

        SpecError for a name or an option that there is none of, and for a study that
        lacks what the analysis needs.

        >>> import babelscope as bs
        >>> found = bs.open("demo").measure("recognition curve", ties="right")
        >>> found["accuracy"].dims
        ('concept', 'language', 'layer')
        """
        return registry.run(name, self, **options)

    def recognition(self, **options: Any) -> xr.Dataset:
        """Accuracy (concept, language) of each language's own vector, as a share.

        >>> import babelscope as bs
        >>> found = bs.open("demo").recognition(convention="paper")
        >>> float(found["accuracy"].sel(concept="fairness", language="en"))
        1.0
        """
        return self.measure("recognition", **options)

    def similarity(self, **options: Any) -> xr.Dataset:
        """Cosine (source, target) of the languages' vectors at a ``layer``.

        >>> import babelscope as bs
        >>> found = bs.open("demo").similarity(layer=3)
        >>> bool(found["cosine"].sel(source="en", target="fr") > 0.5)
        True
        """
        return self.measure("similarity", **options)

    def transfer(self, **options: Any) -> xr.Dataset:
        """Transferability (source, target) in percentage points.

        >>> import babelscope as bs
        >>> found = bs.open("demo").transfer(concepts=["fairness"])
        >>> float(found["transfer"].sel(source="en", target="en"))
        0.0
        """
        return self.measure("transfer", **options)

    def alignment(self, **options: Any) -> xr.Dataset:
        """Words found in another language, before and after a map between spaces.

        Options are those of AlignmentSpec, such as ``embedding``, ``layer``, ``map``,
        ``seeds``, and the ``target`` language.

        >>> import babelscope as bs
        >>> found = bs.open("demo").alignment(target="en", layer=6)
        >>> found.attrs["target"], found["precision"].dims
        ('en', ('language', 'stage', 'k'))
        """
        return self.measure("alignment", **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """An analysis as a method; AttributeError where there is none of that name."""
        spelled = name.replace("_", " ")
        if spelled not in registry.names():
            raise AttributeError(f"A study has no {name!r}; see babelscope.analyses().")
        return functools.partial(self.measure, spelled)

    def __dir__(self) -> list[str]:
        """Attributes and analyses, for completion."""
        analyses = [name.replace(" ", "_") for name in registry.names()]
        return [*super().__dir__(), *analyses]

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
        if isinstance(layer, str):
            raise SpecError(f"A layer is a number; given is the text {layer!r}.")
        if language not in self.languages:
            language = code_in(language) or language
        for kind, value, allowed in (
            ("concept", concept, self.concepts),
            ("language", language, self.languages),
        ):
            if value not in allowed:
                raise unknown(kind, value, allowed)
        chosen = vectors.sel(concept=concept, language=language)
        return self.at_layer(chosen, layer)

    def language_vector(
        self, language: str, against: str = "", layer: int | None = None
    ) -> xr.DataArray:
        """The mean state of a language minus that of ``against``: (layer, hidden).

        Without ``against``, minus the mean over all other languages; (hidden,) at one
        ``layer`` (1…N). Strength 1 of it is the whole gap. StudyError for a study without
        mean states (``babelscope.sentences`` reads them), SpecError as in ``vector``.

        >>> import babelscope as bs, pandas as pd
        >>> texts = {"id": [1, 2], "en": ["Anna sings.", "Ben reads."]}
        >>> texts["fr"] = ["Anna chante.", "Ben lit."]
        >>> study = bs.sentences("demo", pd.DataFrame(texts), layers=[6])
        >>> study.language_vector("fr", against="en", layer=6).sizes["hidden"]
        128
        """
        values = language_vectors.language_vector(self, language, against)
        coords = {"layer": range(1, len(values) + 1)}
        words = {"long_name": "language vector", "units": "activation"}
        vector = xr.DataArray(values, coords, ("layer", "hidden"), attrs=words)
        return self.at_layer(vector, layer)

    def save(self, path: str | Path) -> Path:
        """Write all arrays as one netCDF file, which ``xarray.open_dataset`` reads.

        The same as ``dataset``, in types that all readers of netCDF know; its path comes
        back. SpecError for a name that does not end with .nc.

        >>> import babelscope as bs, tempfile, xarray
        >>> path = bs.open("llama2-chat-7b").save(tempfile.mkdtemp() + "/llama.nc")
        >>> sorted(xarray.load_dataset(path, engine="scipy").data_vars)
        ['recognition', 'similarity', 'transfer']
        """
        path = Path(path)
        if path.suffix != ".nc":
            raise SpecError(
                f"A netCDF file ends with .nc; given is “{path.name[:80]}”."
            )
        facts = {"title": self.title, "source": f"Babelscope {__version__}"}
        whole = self.dataset.assign_attrs(facts, provenance=library.provenance(self))
        files.write_output(path, netcdf.netcdf(whole))
        return path

    def at_layer(self, vector: xr.DataArray, layer: int | None) -> xr.DataArray:
        """A vector at one layer, or at all; SpecError for a layer that there is none of."""
        if isinstance(layer, str):
            raise SpecError(f"A layer is a number; given is the text {layer!r}.")
        if layer is None:
            return vector
        if not 1 <= layer <= self.layers:
            raise unknown("layer", str(layer), map(str, range(1, self.layers + 1)))
        return vector.sel(layer=layer)


def open_study(name: str) -> Study:
    """Open a study by its name; ``studies`` lists them.

    StudyError names the nearest one when there is none.

    >>> import babelscope as bs
    >>> bs.open("demo").model
    'demo'
    """
    if not isinstance(name, str):
        raise SpecError(
            f"A study is opened by its name, a text; given is {str(name)[:40]} "
            f"({type(name).__name__}). babelscope.studies() lists the names."
        )
    known = library.open_by_name(name)
    values: dict[str, Any] = {}
    for field in fields(known):
        values[field.name] = getattr(known, field.name)
    # An array is read from its file once, for all analyses that follow.
    values["load"] = functools.cache(known.load)
    return Study(**values)


def study_of(given: str | Results) -> Results:
    """A study, or the one of this name; SpecError for what is neither."""
    return given if isinstance(given, Results) else open_study(given)


def studies() -> tuple[str, ...]:
    """Names of all studies: this machine's own, the demo's, the published ones.

    >>> import babelscope as bs
    >>> "demo" in bs.studies()
    True
    """
    return tuple(library.names())


def analyses(study: str | Results | None = None) -> pd.DataFrame:
    """All analyses, or those of a study: what each says, needs and takes.

    >>> import babelscope as bs
    >>> bs.analyses().loc["transfer", "needs"]
    'transfer matrix'
    """
    known = study_of(study) if study is not None else None
    rows = {}
    for name in registry.names(known):
        analysis = registry.find(name)
        rows[name] = {
            "says": analysis.says,
            "options": ", ".join(option.name for option in analysis.options),
            "needs": analysis.need.words,
            "seconds": analysis.seconds,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def copies(name: str) -> list[str]:
    """Names of this machine's copies of a study that ships, newest first."""
    if name not in library.coming_along():
        return []
    return [each for each in library.names() if each.startswith(f"{name}-copy")]
