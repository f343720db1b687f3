"""What the suite found of an engine, as a record that can be printed and kept."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from analysis.core.version import __version__
from analysis.engines.contract import Engine, Identity
from analysis.engines.suite import FAILED, NOT_TRIED, Result, results

HINDERS = (FAILED, NOT_TRIED)
"""Verdicts with which no number of an engine may enter a study."""


@dataclass(frozen=True)
class Certificate:
    """Which checks an engine was put to, and what each found.

    ``reference`` is None where the model was not here; ``lacks`` is what the engine does
    not offer, and so cannot be used for; ``made`` is a moment in UTC.
    """

    engine: Identity
    reference: Identity | None
    results: tuple[Result, ...]
    lacks: tuple[str, ...]
    made: str
    babelscope: str = __version__

    @property
    def passed(self) -> bool:
        """Whether numbers of the engine may enter a study."""
        return not any(one.verdict in HINDERS for one in self.results)

    def found(self, *verdicts: str) -> list[str]:
        """Checks that ended with one of these verdicts, by name."""
        return [one.name for one in self.results if one.verdict in verdicts]

    def told(self) -> dict[str, Any]:
        """The same for JSON."""
        return {"passed": self.passed, **asdict(self)}

    @property
    def digest(self) -> str:
        """What tells this certificate from others."""
        text = as_json(self)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def certify(
    engine: Engine,
    reference: Engine | None = None,
    heard: Callable[[str], None] = lambda name: None,
) -> Certificate:
    """Put an engine to all checks. Errors as in ``results``."""
    found = results(engine, reference, heard=heard)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Certificate(
        engine=engine.identity,
        reference=None if reference is None else reference.identity,
        results=tuple(found),
        lacks=tuple(engine.offers.lacks()),
        made=now,
    )


def lines(certificate: Certificate) -> list[str]:
    """The certificate in lines: the verdict first, then each check."""
    said = [verdict(certificate), described("engine", certificate.engine)]
    if certificate.reference is not None:
        said.append(described("beside", certificate.reference))
    said.append(f"made       {certificate.made}, Babelscope {certificate.babelscope}")
    said.append("")
    for one in certificate.results:
        said.append(result_line(one))
        if one.note and one.verdict == FAILED:
            said.append(f"           {one.note}")
    said.append("")
    said.append(f"Not offered: {'; '.join(certificate.lacks) or 'nothing is missing'}.")
    return said


def verdict(certificate: Certificate) -> str:
    """Whether the engine may be used, and why not."""
    name = f"{certificate.engine.engine} with {certificate.engine.model}"
    if certificate.passed:
        return f"Passed: {name} may be used for all that it offers."
    failed = certificate.found(FAILED)
    if failed:
        which = ", ".join(failed)
        return f"Not passed: {name} may not be used for a study; see {which}."
    return (
        f"Not passed yet: {name} fails nothing, but its model is not here to be "
        "compared with. Name a copy of the model with --model, to try what is left."
    )


def described(word: str, identity: Identity) -> str:
    """An engine in one line."""
    version = f" {identity.version}" if identity.version else ""
    place = f" at {identity.address}" if identity.address else ""
    return (
        f"{word:<10} {identity.engine}{version}{place}: {identity.model}, "
        f"{identity.layers} layers, {identity.hidden} numbers, {identity.precision}"
    )


def result_line(one: Result) -> str:
    """One check in one line: verdict, question, and what was measured."""
    measured = ""
    if one.deviation is not None and one.allowed is not None:
        measured = f" ({one.deviation:.1g} apart; {one.allowed:g} allowed)"
    return f"{one.verdict:<11} {one.name}: {one.question}{measured}"


def as_json(certificate: Certificate) -> str:
    """The certificate as JSON; what is no number is null."""
    told = certificate.told()
    for one in told["results"]:
        # JSON has no NaN.
        if one["deviation"] is not None and not one["deviation"] < float("inf"):
            one["deviation"] = None
    return json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False)
