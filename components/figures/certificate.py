"""Is it one direction in every language? The certificate as one figure."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from analysis.certificates.invariance import ALL
from analysis.certificates.rules import (
    AGREEMENT,
    DIRECTION_RULES,
    DIRECTION_VERDICT_RULES,
    DIRECTION_VERDICTS,
    FAILS,
    FROM,
    INVARIANT,
    OF_OWN_READING,
    OPEN,
    PARTLY,
    RULES,
    SPECIFIC,
    UNDECIDED,
    UNTESTED,
    VERDICT_RULES,
    VERDICTS,
    Rule,
)
from analysis.core.counting import count
from analysis.core.typeset import minus_signs
from analysis.study.study import Study
from components.figures.languages import Languages
from components.figures.spec import Figure, Matrix
from components.figures.text import percent_interval, source_note

WHOLE = "all languages"
MARKS = {INVARIANT: "=", PARTLY: "≈", SPECIFIC: "≠", UNDECIDED: "?"}
"""A sign for every verdict, so that none is told by colour alone."""
LEAD = {
    INVARIANT: "{concept} is one direction in all languages, as far as was tested",
    PARTLY: "{concept} is partly one direction: something that was tested carries over "
    "only in part",
    SPECIFIC: "{concept} is a direction of its own in each language",
    UNDECIDED: "whether {concept} is one direction cannot be told from so few data",
}
"""Verdict over all languages → how the answer begins."""
LEAD_OF_ONE = {
    INVARIANT: "{direction} is the direction of {concept} in all languages, as far as was "
    "tested",
    PARTLY: "{direction} is only partly the direction of {concept}: something that was "
    "tested holds in part, or not",
    SPECIFIC: "{direction} is not the direction of {concept} in these languages",
    UNDECIDED: "whether {direction} is the direction of {concept} in all languages cannot "
    "be told from what could be tested",
}
"""The same of one direction from elsewhere."""

EMPTY = "Empty: too few data, or what the own vector does cannot be told from 0."


def is_of_one(data: xr.Dataset) -> bool:
    """Whether a certificate is of one direction, not of each language's own vector."""
    return "direction" in data.attrs


def rules_of(data: xr.Dataset) -> dict[str, Rule]:
    """The rules of a certificate by name."""
    asked = DIRECTION_RULES if is_of_one(data) else RULES
    return {rule.name: rule for rule in asked}


def verdict_words(data: xr.Dataset) -> str:
    """What the verdict over all languages says."""
    whole = data["verdict"].values.tolist()[-1]
    if not is_of_one(data):
        return VERDICTS[whole]
    if is_tested(data, FROM):
        return DIRECTION_VERDICTS[whole]
    return f"{DIRECTION_VERDICTS[whole]} {by_cosines(data)}"


def by_cosines(data: xr.Dataset) -> str:
    """What the cosines alone say, where nothing else does."""
    found = data.sel(language=ALL, evidence=AGREEMENT)
    outcome = found["outcome"].item()
    kept = float(found["kept"])
    if not np.isfinite(kept):
        return f"By cosines alone: {outcome}."
    return minus_signs(
        f"By cosines alone: {outcome} ({kept:z.2f}; 1 is as close as the halves of one "
        "language's pairs, 0 as far as other concepts)."
    )


def sentence(data: xr.Dataset) -> str:
    """The answer in a sentence: the verdict, then how many languages have which."""
    verdicts = data["verdict"].values.tolist()
    leads = LEAD_OF_ONE if is_of_one(data) else LEAD
    lead = leads[verdicts[-1]].format(
        concept=data.attrs["concept"], direction=data.attrs.get("direction_words", "")
    )
    counted = Counter(verdicts[:-1])
    each = []
    for verdict in (INVARIANT, PARTLY, SPECIFIC, UNDECIDED):
        if counted[verdict]:
            each.append(f"{verdict} in {counted[verdict]}")
    languages = count(len(verdicts) - 1, "language")
    return f"{lead[0].upper()}{lead[1:]} ({languages}: {', '.join(each)})."


def untested(data: xr.Dataset) -> list[str]:
    """Titles of the evidence that no language was tested for, with why, where known."""
    known = rules_of(data)
    found = []
    for name in data["evidence"].values.tolist():
        if is_tested(data, name):
            continue
        title = known[name].title.lower()
        why = ""
        if is_of_one(data):
            why = data["why_not"].sel(evidence=name).item()
        found.append(f"{title} ({why})" if why else title)
    return found


def untested_words(data: xr.Dataset) -> str:
    """What was not tested, in a sentence; empty where everything was."""
    missing = untested(data)
    between = "; " if is_of_one(data) else ", "
    return f"Not tested: {between.join(missing)}." if missing else ""


def certificate(study: Study, data: xr.Dataset, languages: Languages) -> Figure:
    """Evidence by language: what others' vectors do of what its own does."""
    rows = [*languages.codes, ALL]
    known = rules_of(data)
    chosen = data.sel(language=rows)
    tested = [
        name for name in data["evidence"].values.tolist() if is_tested(data, name)
    ]
    chosen = chosen.sel(evidence=tested)
    values = chosen["kept"].values
    words = words_of(data)
    seen = words.seen
    if not np.isfinite(values).all():
        seen = f"{seen} {EMPTY}"
    return Figure(
        name=words.name(study),
        analysis="certificate",
        estimate="of what the own vector does",
        interval=("low", "high"),
        title=words.title,
        seen=seen,
        caption=caption(data),
        data=Matrix(
            values,
            tuple(row_names(chosen, languages)),
            tuple(known[name].title for name in tested),
            units="of what the own vector does",
            limits=(0.0, 1.0),
            faded=chosen["outcome"].values == OPEN,
            hover=hover(chosen),
        ),
        table=table(chosen, languages),
        x="evidence",
        y="language",
        source=source_note(study),
    )


def hover(chosen: xr.Dataset) -> np.ndarray:
    """Of every cell (language, evidence) its interval, or why it has no ratio."""
    said = np.empty(chosen["kept"].shape, object)
    evidence = chosen["evidence"].values.tolist()
    for row, home in enumerate(chosen["home"].values):
        for column, name in enumerate(evidence):
            cell = chosen.isel(language=row, evidence=column)
            known = np.isfinite(float(cell["kept"]))
            said[row, column] = percent_interval(
                float(cell["low"]), float(cell["high"])
            )
            if not known:
                said[row, column] = why_empty(name, cell["outcome"].item(), bool(home))
    return said


def why_empty(name: str, outcome: str, home: bool) -> str:
    """Why a cell has no ratio: what it would be of may be nothing."""
    if outcome == UNTESTED:
        return "not tested"
    if outcome == FAILS:
        return "own vectors push no further than random directions"
    if name in OF_OWN_READING and not home:
        return "what the own vector reads cannot be told from chance"
    return "too few data"


class Words(NamedTuple):
    """What a figure is called, asks, and shows."""

    end: str
    title: str
    seen: str

    def name(self, study: Study) -> str:
        """The name of the figure."""
        return f"certificate-{study.name}-{self.end}"


def words_of(data: xr.Dataset) -> Words:
    """The words of a certificate's figure."""
    concept = data.attrs["concept"]
    if not is_of_one(data):
        return Words(
            concept,
            f"Is {concept} one direction in every language?",
            "Each cell: how much of what a language's own vector does is done between "
            "languages, 1 all of it; hatched: cannot be told from these data.",
        )
    text = re.sub("[^A-Za-z0-9]+", "-", data.attrs["direction"])
    direction = data.attrs["direction_words"]
    return Words(
        f"{concept}-{text}",
        f"Is {direction} the direction of {concept} in every language?",
        "Each cell: how much of what a language's own vector does is done by the one "
        "direction, 1 all of it; hatched: cannot be told from these data.",
    )


def is_tested(data: xr.Dataset, name: str) -> bool:
    """Whether any language was tested for a piece of evidence."""
    return bool((data["outcome"].sel(evidence=name).values != UNTESTED).any())


def row_names(data: xr.Dataset, languages: Languages) -> list[str]:
    """Every language with its verdict; all of them together last."""
    names = [*languages.names, WHOLE]
    found = []
    for name, verdict in zip(names, data["verdict"].values.tolist()):
        found.append(f"{name} {MARKS[verdict]} {verdict}")
    return found


def caption(data: xr.Dataset) -> str:
    """What the numbers are, on what they rest, what was not tested."""
    whole = data.sel(language=ALL)
    at_home = int(np.nansum(data["home"].values[:-1]))
    cosine_to = "Cosine to the others"
    if is_of_one(data):
        cosine_to = "Cosine to the languages' own vectors"
    said = [
        sentence(data),
        "1: all of what a language's own vector does; 0: nothing. Pale: cannot be told.",
        f"Layer {data.attrs['layer']}; the own vector reads the concept in "
        f"{at_home} of {len(data['language']) - 1} languages (mean accuracy "
        f"{float(whole['accuracy']):.2f}, chance 0.5).",
        f"{cosine_to} {float(whole['cosine']):z.2f}, between a floor of "
        f"{float(whole['floor_concepts']):z.2f} (other concepts) and a ceiling of "
        f"{float(whole['ceiling']):z.2f} (halves of one language's pairs).",
        f"Intervals are {data.attrs['interval']}.",
        untested_words(data),
    ]
    if not np.isfinite(data["kept"].values).all():
        said.insert(2, EMPTY)
    return minus_signs(" ".join(part for part in said if part))


def table(data: xr.Dataset, languages: Languages) -> pd.DataFrame:
    """One row for each language and piece of evidence."""
    frame = data[["kept", "low", "high", "outcome"]].to_dataframe().reset_index()
    verdicts = dict(zip(data["language"].values, data["verdict"].values))
    names = dict(zip(languages.codes, languages.names)) | {ALL: WHOLE}
    codes = frame["language"].tolist()
    frame.insert(1, "verdict", [verdicts[code] for code in codes])
    frame["language"] = [names[code] for code in codes]
    known = rules_of(data)
    frame["evidence"] = [known[name].title for name in frame["evidence"]]
    return frame.rename(columns={"kept": "of what the own vector does"})


def numbers(data: xr.Dataset, languages: Languages) -> pd.DataFrame:
    """What stands behind the ratios, a row each language."""
    chosen = data.sel(language=[*languages.codes, ALL])
    cosine_to = "cosine to the others"
    if is_of_one(data):
        cosine_to = "cosine of the direction to it"
    rows = []
    for name, code in zip(
        (*languages.names, WHOLE), chosen["language"].values.tolist()
    ):
        own = chosen.sel(language=code)
        row = {
            "language": name,
            "verdict": own["verdict"].item(),
            "accuracy of its own vector": float(own["accuracy"]),
            "from": float(own["accuracy_low"]),
            "to": float(own["accuracy_high"]),
        }
        if is_of_one(data):
            row["accuracy of the direction"] = float(own["reads"])
        row |= {
            cosine_to: float(own["cosine"]),
            "floor: other concepts": float(own["floor_concepts"]),
            "floor: shuffled labels": float(own["floor_shuffled"]),
            "ceiling: halves": float(own["ceiling"]),
        }
        rows.append(row)
    return pd.DataFrame(rows).round(2)


def rule_table(of_one: bool = False) -> pd.DataFrame:
    """All rules in one table: what is compared, and how verdicts follow.

    ``of_one``: those of one direction from elsewhere.
    """
    rows = []
    for rule in DIRECTION_RULES if of_one else RULES:
        role = "needed" if rule.needed else "must not be little"
        if rule.optional:
            role += ", where tested"
        rows.append({"rule": rule.title, "what it says": rule.words, "role": role})
    for name, words in DIRECTION_VERDICT_RULES if of_one else VERDICT_RULES:
        rows.append({"rule": name, "what it says": words, "role": "verdict"})
    return pd.DataFrame(rows)
