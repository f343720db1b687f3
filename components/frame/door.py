"""Who may come in: the server's own names, and pages of its own origin.

Streamlit lets pages of ``localhost`` on every port open the socket, so another user's
notebook too, and asks a web page for the server's public address at each foreign origin.
Everything passes here first.
"""

import errno
import html
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from streamlit import config
from streamlit.logger import get_logger
from streamlit.web.server.starlette import starlette_server
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from analysis.core import settings
from analysis.core.errors import AnalysisError
from components.frame import typefaces

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[..., Awaitable[None]]
LOG = get_logger(__name__)
MOST_LOGGED = 100
"""Refused names of which the log is told; visitors choose them."""
HEALTH = "/_stcore/health"
"""What a load balancer asks, by an address of its own."""
FIRST_SCRIPT = "/static/js/index."
"""How the path of the script begins with which a page starts."""
DEFAULT_PORTS = {"http": 80, "https": 443}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Babelscope</title>
<body style="font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>Not under this name</h1><p>{said}</p></body></html>
"""
SCRIPT = """const said = document.createElement("p");
said.setAttribute("role", "alert");
said.style = "font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 4rem auto";
said.textContent = {said};
document.body.replaceChildren(said);
"""


@dataclass(frozen=True)
class Answer:
    """What is sent instead of the program."""

    status: int
    kind: str
    text: str


def install() -> None:
    """Let every server that Streamlit starts in this process have its door."""
    build = starlette_server.create_starlette_app  # pyright: ignore[reportPrivateImportUsage]

    def with_door(runtime: Any) -> Application:
        names = map(name_of, settings.hosts())
        known = config.get_option("server.allowedHosts")
        if known:
            every = list(dict.fromkeys([*known, *names]))
            config.set_option("server.allowedHosts", every, settings.HOSTS)
        return Door(build(runtime))

    starlette_server.create_starlette_app = with_door  # pyright: ignore[reportPrivateImportUsage, reportAttributeAccessIssue]
    listen_on_both_versions()


def listen_on_both_versions() -> None:
    """Let a server of 127.0.0.1 listen on ``[::1]`` too, where this machine has it."""
    bind = starlette_server._bind_server_socket
    begin = uvicorn.Server.startup
    twins: list[socket.socket] = []

    def with_twin(asked: str, address: str, port: int, backlog: int) -> Any:
        try:
            bound = bind(asked, address, port, backlog)
        except OSError as error:
            raise not_free(port, error) from error
        if address == "127.0.0.1":
            with suppress(OSError):
                twins.append(starlette_server._bind_socket("::1", port, backlog))
        return bound

    async def with_twins(server: uvicorn.Server, sockets: Any = None) -> None:
        await begin(server, sockets=[*(sockets or []), *twins])

    starlette_server._bind_server_socket = with_twin
    uvicorn.Server.startup = with_twins  # pyright: ignore[reportAttributeAccessIssue]


def not_free(port: int, error: OSError) -> AnalysisError:
    """The error for a port that this server cannot have."""
    why = "Another program, perhaps Babelscope itself, is on it"
    if error.errno != errno.EADDRINUSE:
        why = f"The system says: {error.strerror}"
    other = port + 1 if 1024 <= port < 65_535 else 8600
    return AnalysisError(
        f"Port {port} is not available. {why}. Stop what is there, or choose another "
        f"port: babelscope app --port {other}"
    )


def name_of(host: str) -> str:
    """The name in a setting that may be an origin; Streamlit knows no ports and brackets."""
    return (urlsplit(host).hostname or "") if "://" in host else host.strip("[]")


class Door:
    """An application behind a look at Host and Origin."""

    def __init__(self, inside: Application) -> None:
        self.inside = inside
        self.logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Pass on what comes from the server's own pages, answer anything else."""
        if scope["type"] not in ("http", "websocket"):
            await self.inside(scope, receive, send)
            return
        host = header(scope, b"host")
        if scope["type"] == "websocket":
            origin = header(scope, b"origin")
            if not is_host_allowed(host) or not may_open(origin, host):
                self.log(origin or host)
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.inside(as_same_origin(scope, host), receive, send)
            return
        answer = answer_to(scope, host)
        if answer is None:
            base = config.get_option("server.baseUrlPath") or ""
            typeface = typefaces.file_at(scope["path"], base)
            if typeface is not None:
                await send_file(typeface, send)
                return
            await self.inside(scope, receive, send)
            return
        self.log(host)
        await reply(answer, send)

    def log(self, name: str | None) -> None:
        """Say once in the server's log what was refused."""
        said = shown(name)
        if said not in self.logged and len(self.logged) < MOST_LOGGED:
            self.logged.add(said)
            LOG.warning("Refused: %s. %s adds names.", said, settings.HOSTS)


def answer_to(scope: Scope, host: str | None) -> Answer | None:
    """What a request gets instead of the program; None where it may come in.

    A proxy that does not pass its name on is seen by the address of the page that asks.
    """
    if not is_host_allowed(host) and scope["path"] != health():
        return Answer(403, "text/html", page(host))
    if FIRST_SCRIPT not in scope["path"]:
        return None
    origin = origin_of(header(scope, b"referer"))
    if origin is None or may_open(origin, host):
        return None
    said = json.dumps(refusal(origin))
    return Answer(200, "text/javascript", SCRIPT.format(said=said))


def health() -> str:
    """The path of the health check, below the base path that the server may have."""
    base = (config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}{HEALTH}" if base else HEALTH


def page(host: str | None) -> str:
    """What a visitor sees who came under another name; its port says nothing."""
    name, colon, port = (host or "").rpartition(":")
    known = name if colon and port.isdecimal() else host
    return PAGE.format(said=html.escape(refusal(known)))


def refusal(name: str | None) -> str:
    """What is wrong, and what who runs the server does about it."""
    return (
        f"This Babelscope is not told that it is reached as “{shown(name)}”, so it does "
        f"not answer there. Who runs it sets {settings.HOSTS}={shown(name)} and starts "
        "it again."
    )


def shown(name: str | None) -> str:
    """A name that a visitor sent, short and printable."""
    plain = "".join(char for char in name or "" if char.isprintable())
    return plain[:100] or "no name"


async def reply(answer: Answer, send: Send) -> None:
    """Send an answer that nobody keeps."""
    headers = [
        (b"content-type", f"{answer.kind}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    start = {"type": "http.response.start", "status": answer.status}
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": answer.text.encode()})


async def send_file(file: Path, send: Send) -> None:
    """Send a typeface, which a browser may keep for a day."""
    headers = [
        (b"content-type", typefaces.KINDS[file.suffix].encode()),
        (b"cache-control", b"public, max-age=86400"),
        (b"x-content-type-options", b"nosniff"),
    ]
    start = {"type": "http.response.start", "status": 200}
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": file.read_bytes()})


def header(scope: Scope, name: bytes) -> str | None:
    """A header; an empty text, which nothing allows, where it is there twice."""
    found = [value for key, value in scope["headers"] if key.lower() == name]
    if not found:
        return None
    return found[0].decode("latin-1") if len(found) == 1 else ""


def may_open(origin: str | None, host: str | None) -> bool:
    """Whether a page may open the socket: one of this server, or no page at all."""
    if origin is None:
        return True
    asking = origin_of(origin)
    if asking is None:
        return False
    scheme, _, name = asking.partition("://")
    own = origin_of(f"{scheme}://{host}")
    if asking == own:
        return True
    for named in settings.hosts():
        if "://" in named:
            if asking == origin_of(named):
                return True
        elif name == named or (named.startswith("*.") and name.endswith(named[1:])):
            return True
    return False


def origin_of(address: str | None) -> str | None:
    """``scheme://name`` of an address, without the port that its scheme has anyway."""
    if not address:
        return None
    try:
        parts = urlsplit(address.lower())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    name = name.rstrip(".")
    if port is None or port == DEFAULT_PORTS[parts.scheme]:
        return f"{parts.scheme}://{name}"
    return f"{parts.scheme}://{name}:{port}"


def as_same_origin(scope: Scope, host: str | None) -> Scope:
    """A request whose Origin is its Host's, so that Streamlit asks nobody."""
    headers = [pair for pair in scope["headers"] if pair[0].lower() != b"origin"]
    if len(headers) < len(scope["headers"]):
        origin = f"http://{host}".encode("latin-1")
        headers.append((b"origin", origin))
    return {**scope, "headers": headers}
