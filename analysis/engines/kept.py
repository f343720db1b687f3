"""Certificates that were passed, kept in $BABELSCOPE_HOME/engines until one is not."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from analysis.core import files, settings
from analysis.core.errors import ModelError
from analysis.core.json_text import parse_json
from analysis.engines.certificate import Certificate, as_json
from analysis.engines.contract import Identity

MOST_BYTES = 2**20


class Kept(NamedTuple):
    """What is known of a certificate.

    Its digest, when it was made, beside which model, of which engine, and what that one
    does not offer.
    """

    digest: str
    made: str
    model: str
    engine: Identity
    lacks: tuple[str, ...] = ()


def folder() -> Path:
    """Where certificates are kept."""
    return settings.home() / "engines"


def place_of(identity: Identity) -> Path:
    """The file of an engine's certificate: address, version, model and precision tell."""
    text = json.dumps(asdict(identity), sort_keys=True)
    return folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


def keep(certificate: Certificate) -> None:
    """Keep a certificate that was passed; forget an older one where it was not."""
    place = place_of(certificate.engine)
    if certificate.passed:
        files.make_folder(place.parent)
        files.write_file(place, as_json(certificate).encode())
    else:
        files.discard(place)


def certificate_of(identity: Identity) -> Kept:
    """The certificate of an engine; ModelError where there is none that was passed."""
    place = place_of(identity)
    known = read(place)
    if known is None:
        raise ModelError(
            f"{identity.engine} at {identity.address} with {identity.model} has not passed "
            "the suite on this machine, so its numbers are not used. Put it to that with "
            f"babelscope check-engine {identity.address}, and try again."
        )
    return known


def latest_of(address: str, model: str) -> Kept | None:
    """The latest certificate of the engine at an address beside a model; None without.

    The engine itself is not asked: what runs there now may be another one.
    """
    found: list[Kept] = []
    with suppress(OSError):
        for place in folder().glob("*.json"):
            known = read(place)
            if known is not None and known.model == model:
                found.append(known)
    here = [known for known in found if known.engine.address == address]
    return max(here, key=lambda known: known.made, default=None)


def read(place: Path) -> Kept | None:
    """A kept certificate; None where there is none that can be read and was passed."""
    try:
        if place.stat().st_size > MOST_BYTES:
            return None
        data = place.read_bytes()
        told = parse_json(data)
        if told["passed"] is not True:
            return None
        digest = hashlib.sha256(data).hexdigest()[:16]
        return Kept(
            digest,
            str(told["made"]),
            str(told["reference"]["model"]),
            Identity(**told["engine"]),
            tuple(map(str, told["lacks"])),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
