"""Questions to a server, and its answers as JSON, all within bounds.

No redirect is followed and no proxy is asked; nothing that a server sends is more than
JSON to us; a key is sent and never told.
"""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from analysis.core import settings
from analysis.core.errors import ModelError, SpecError
from analysis.core.json_text import parse_json

SCHEMES = {"http": 80, "https": 443}
"""Scheme → its usual port."""
LONGEST_ADDRESS = 500
PATIENCE = 600.0
"""Seconds for which one answer may take, from first to last byte."""
SILENCE = 120.0
"""Seconds for which a server may say nothing at all."""
MOST_BYTES = 2**24
"""Bytes of an answer that brings no states."""
PIECE = 2**20
MOST_TOLD = 200
"""Letters of a server's own words that a message repeats."""
OK = 200
MOVED = range(300, 400)


@dataclass(frozen=True)
class Address:
    """Where a server is: scheme, host, port, and what its paths begin with."""

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def url(self) -> str:
        """The same, written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def address_of(url: str) -> Address:
    """A server's address; SpecError for one that is none, or that holds a password."""
    given = url.strip()
    told = given[:MOST_TOLD]
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise no_address(told) from None
    if "@" in parts.netloc:
        raise SpecError(
            "The engine's address holds a user or a password. Leave them out, and give "
            f"the key of a server in the environment variable {settings.ENGINE_KEY}."
        )
    odd = not given.isascii() or not given.isprintable() or " " in given
    if parts.scheme not in SCHEMES or not parts.hostname or odd:
        raise no_address(told)
    if parts.query or parts.fragment or len(given) > LONGEST_ADDRESS:
        raise no_address(told)
    path = parts.path.rstrip("/").removesuffix("/v1")
    return Address(parts.scheme, parts.hostname, port, path)


def no_address(told: str) -> SpecError:
    """The error for what is no address of a server."""
    return SpecError(
        f"“{told}” is no address of an engine. Give one such as http://localhost:8000, "
        "with http or https and without anything behind a question mark."
    )


@dataclass(frozen=True)
class Server:
    """A server that is asked for JSON; ``key`` is never printed."""

    address: Address
    key: str = field(default="", repr=False)
    patience: float = PATIENCE
    silence: float = SILENCE
    most: int = MOST_BYTES

    def get(self, path: str) -> Any:
        """What the server says at a path. Errors as in ``ask``."""
        return self.ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the server answers to a body. Errors as in ``ask``."""
        return self.ask("POST", path, json.dumps(body).encode())

    def bounded(self, most: int) -> "Server":
        """The same server, with another bound on the bytes of an answer."""
        return replace(self, most=most)

    def ask(self, method: str, path: str, body: bytes | None) -> Any:
        """The JSON that a server answers.

        Refused for an answer that is no success; ModelError for a server that cannot be
        reached, sends elsewhere, is too slow, says too much, or gives no JSON.
        """
        end = time.monotonic() + self.patience
        connection = self.connection()
        try:
            connection.request(method, self.address.path + path, body, self.headers())
            response = connection.getresponse()
            data = self.read(response, end)
        except TimeoutError:
            raise self.slow() from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ModelError(
                f"The engine at {self.address.url} cannot be reached "
                f"({self.cleaned(str(error)) or type(error).__name__}). Look whether it "
                "runs, and at its address."
            ) from error
        finally:
            connection.close()
        return self.understood(response.status, data)

    def connection(self) -> http.client.HTTPConnection:
        """A connection of its own: questions are asked side by side."""
        where = self.address
        # Without a port a host of the sixth version would be cut at its last colon.
        port = where.port or SCHEMES[where.scheme]
        if where.scheme == "http":
            return http.client.HTTPConnection(where.host, port, timeout=self.silence)
        secure = ssl.create_default_context()
        return http.client.HTTPSConnection(
            where.host, port, timeout=self.silence, context=secure
        )

    def headers(self) -> dict[str, str]:
        """What goes before a question."""
        found = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            found["Authorization"] = f"Bearer {self.key}"
        return found

    def read(self, response: http.client.HTTPResponse, end: float) -> bytes:
        """The whole answer; ModelError when it is too long or comes too slowly."""
        pieces = []
        size = 0
        while piece := response.read1(PIECE):
            size += len(piece)
            if size > self.most:
                raise ModelError(
                    f"The engine at {self.address.url} gave an answer of more than "
                    f"{self.most // 2**20:,} MiB. Ask for fewer texts, layers or tokens."
                )
            if time.monotonic() > end:
                raise self.slow()
            pieces.append(piece)
        return b"".join(pieces)

    def slow(self) -> ModelError:
        """The error for a server that does not answer in time."""
        return ModelError(
            f"The engine at {self.address.url} did not answer in time. Look whether it "
            "is busy or still loading its model, and try again."
        )

    def understood(self, status: int, data: bytes) -> Any:
        """The JSON of an answer; errors as in ``ask``."""
        if status in MOVED:
            raise ModelError(
                f"The engine at {self.address.url} sends elsewhere, which is not "
                "followed. Give the address of the server itself."
            )
        try:
            found = parse_json(data)
        except (ValueError, RecursionError):
            found = None
        if status != OK:
            raise Refused(status, self.address.url, self.cleaned(told_by(found)))
        if not isinstance(found, dict):
            raise ModelError(
                f"The engine at {self.address.url} does not answer in JSON; it is "
                "another kind of server. Give the address of a vLLM server."
            )
        return found

    def cleaned(self, words: str) -> str:
        """A server's own words, fit to be printed: short, on one line, without key."""
        hidden = words.replace(self.key, "…") if self.key else words
        one_line = " ".join(hidden.split())
        printable = "".join(letter for letter in one_line if letter.isprintable())
        return printable[:MOST_TOLD]


class Refused(ModelError):
    """A server's answer that is no success."""

    def __init__(self, status: int, url: str, words: str) -> None:
        self.status = status
        said = f": {words}" if words else ""
        remedy = "Look at the server's log."
        if status in (401, 403):
            remedy = f"Give its key in the environment variable {settings.ENGINE_KEY}."
        if status == 404:
            remedy = "It is another kind of server, or serves another model."
        super().__init__(
            f"The engine at {url} refused with status {status}{said}. {remedy}"
        )


def told_by(found: Any) -> str:
    """What a server says of an error, in the form that vLLM has."""
    if not isinstance(found, dict):
        return ""
    error = found.get("error", found)
    if isinstance(error, dict):
        error = error.get("message", "")
    return error if isinstance(error, str) else ""


def server_at(url: str) -> Server:
    """The server at an address, with the key of the environment."""
    return Server(address_of(url), settings.engine_key())
