"""Several models on one plane: what the same steering does in each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.core.errors import StudyError
from analysis.plane import localisation
from analysis.plane.localisation import AXES, change_bounds, rates
from analysis.plane.specs import SweepSpec
from analysis.study import library
from analysis.study.manifest import PlanePart
from analysis.study.study import Study


class Common(NamedTuple):
    """What several planes have in common: languages, and prompts (kind, item)."""

    languages: tuple[str, ...]
    prompts: frozenset[tuple[str, str]]


def with_plane() -> list[str]:
    """Names of the studies that have a plane, own ones first."""
    found = []
    for name in library.names():
        study = library.open_by_name(name)
        if study.has("plane_answer"):
            found.append(name)
    return found


def common(studies: Sequence[Study], mode: str) -> Common:
    """Languages that the chosen setting of every study steers, and items that all ask.

    Items of different question sets have nothing in common, whatever they are called.
    """
    languages = None
    items = None
    sets = set()
    for study in studies:
        plane = study.manifest.part(PlanePart)
        sets.add(plane.spec_as(SweepSpec).questions_digest)
        mine = set(steered_languages(study, mode))
        asked = {(kind, item) for kind, item in plane.prompts}
        languages = mine if languages is None else languages & mine
        items = asked if items is None else items & asked
    if len(sets) > 1 or items is None or languages is None:
        return Common((), frozenset())
    order = studies[0].languages
    kept = tuple(code for code in order if code in languages)
    return Common(kept, frozenset(items))


def steered_languages(study: Study, mode: str) -> list[str]:
    """Languages that the chosen setting of a mode steers; StudyError without one."""
    values = localisation.right(study)[setting_of(study, mode)]
    there = np.isfinite(values).any(-1)
    return [code for code, here in zip(study.languages, there) if here]


def setting_of(study: Study, mode: str) -> int:
    """The chosen setting of a mode; StudyError where it was not tried."""
    best = localisation.chosen_settings(study)
    if mode not in best:
        tried = ", ".join(best) or "nothing yet"
        raise StudyError(
            f"“{study.title}” has not tried {mode} steering; it has tried: {tried}. "
            "Choose a way of steering that all studies have tried."
        )
    return best[mode]


def together(
    studies: Sequence[Study], mode: str = "English", half: int | None = 1
) -> pd.DataFrame:
    """One row per study: both axes before and after its own best setting of a mode.

    Columns ``study``, ``model``, ``setting``; ``transfer``/``localisation`` and
    ``… before``, ``gain`` and ``local`` with 95 % ``… low`` and ``… high`` over items;
    ``languages``, ``universal``, ``culture`` (how many); ``shared``: whether all rows
    are of the same languages and items. Each setting was chosen on the other half of
    that study's items. StudyError as in ``setting_of``.
    """
    shared = common(studies, mode)
    is_shared = len(studies) > 1 and bool(shared.languages and shared.prompts)
    rows = []
    for study in studies:
        limits = shared if is_shared else None
        row = row_of(study, mode, half, limits)
        rows.append({**row, "shared": is_shared})
    return pd.DataFrame(rows)


def row_of(
    study: Study, mode: str, half: int | None, limits: Common | None
) -> dict[str, object]:
    """Both axes of a study before and after, on its own or on common items."""
    place = setting_of(study, mode)
    values = localisation.right(study)[[0, place]]
    # The same languages before and after.
    values = np.where(np.isfinite(values[1]), values, np.nan)
    values = limited(study, values, limits)
    row: dict[str, object] = {
        "study": study.name,
        "model": study.title,
        "setting": localisation.settings(study)[place].title,
        "languages": int(np.isfinite(values[1]).any(-1).sum()),
    }
    for axis, kind in AXES.items():
        here = values[:, :, localisation.part(study, axis, half)]
        change = here[1] - here[0]
        low, high = change_bounds(change)
        name = "gain" if axis == "transfer" else "local"
        row[f"{axis} before"], row[axis] = (float(rates(each)) for each in here)
        row |= {name: float(rates(change)), f"{name} low": float(low)}
        row[f"{name} high"] = float(high)
        row[kind] = int(np.isfinite(change).any(0).sum())
    return row


def limited(study: Study, values: np.ndarray, limits: Common | None) -> np.ndarray:
    """Values (…, language, prompt) with NaN outside of what is common."""
    if limits is None:
        return values
    listed = study.manifest.part(PlanePart).prompts
    prompts = np.array([(kind, item) in limits.prompts for kind, item in listed])
    languages = np.array([code in limits.languages for code in study.languages])
    return np.where(languages[:, None] & prompts, values, np.nan)


def beside(study: Study, others: str = "", mode: str = "English") -> pd.DataFrame:
    """A study and others with a plane (names between commas), as in ``together``."""
    studies = [study]
    for name in others.split(","):
        if name.strip():
            studies.append(library.open_by_name(name.strip()))
    return together(studies, mode)
