"""A hub of this machine: answers what the hub client asks for when it fetches a model,
takes what it sends, and misbehaves on demand.
"""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

SENDING = re.compile(
    r"(?:/api/models)?/(?P<repo>[^/]+/[^/]+?)(?:\.git)?/"
    r"(?P<step>preupload/main|info/lfs/objects/batch|commit/main)"
)
API = re.compile(
    r"/api/(?:models|datasets)/(?P<repo>[^/]+/[^/]+)(/(?P<kind>revision|tree)/(?P<revision>[^/]+)/?)?"
)
FILE = re.compile(
    r"/(?:datasets/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)"
)
LARGE = (".safetensors", ".bin", ".gguf")


class Hub(ThreadingHTTPServer):
    """Repositories in memory: ``commits[repo][commit][path]`` is a file's bytes;
    ``main`` is the last one published.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.commits: dict[str, dict[str, dict[str, bytes]]] = {}
        self.main: dict[str, str] = {}
        self.cards: dict[str, dict] = {}
        """Repository → what the head of its card says."""
        self.gated: dict[str, str] = {}
        """Repository → the token that opens it."""
        self.cuts: dict[str, list[int]] = {}
        """Path → after how many bytes its next answers break off."""
        self.flipped: set[str] = set()
        """Paths whose next answer has a wrong bit."""
        self.sent: dict[str, list[int]] = {}
        """Path → how many bytes each answer with the file had."""
        self.stored: dict[str, bytes] = {}
        """SHA-256 → a large file that was sent and may be part of a commit."""
        self.writer = "writer"
        """The token that may write."""
        self.private: dict[str, bool] = {}
        """Repository that was made by a client → whether it is private."""
        self.messages: list[str] = []
        """What commits of clients say."""
        self.log: list[tuple[str, str, str | None]] = []
        """Method, path, and range of every request."""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What HF_ENDPOINT must be."""
        return f"http://127.0.0.1:{self.server_port}"

    def publish(self, repo: str, files: dict[str, bytes] | Path) -> str:
        """Add a commit with these files, or with those of a folder; returns its name."""
        if isinstance(files, Path):
            files = {
                str(path.relative_to(files)): path.read_bytes()
                for path in files.rglob("*")
                if path.is_file()
            }
        commit = hashlib.sha1(
            repr(sorted((p, sha256(data)) for p, data in files.items())).encode()
        ).hexdigest()
        self.commits.setdefault(repo, {})[commit] = files
        self.main[repo] = commit
        return commit

    def fetched(self, repo: str) -> list[str]:
        """Files of a repository that were sent since the log was cleared."""
        found = [
            FILE.fullmatch(path) for method, path, _ in self.log if method == "GET"
        ]
        return [match["path"] for match in found if match and match["repo"] == repo]


class Handler(BaseHTTPRequestHandler):
    """One request; HTTP/1.0, so that no connection outlives it."""

    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:  # noqa: RET503
        """One step of sending; only who may write is heard."""
        path = unquote(urlsplit(self.path).path)
        self.server.log.append((self.command, path, None))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if token != self.server.writer:
            return self.refuse(403 if token else 401, "", "No right to write")
        if path == "/api/repos/create":
            return self.make(json.loads(body))
        match = SENDING.fullmatch(path)
        step = {
            "preupload/main": self.sort,
            "info/lfs/objects/batch": self.take,
            "commit/main": self.commit,
        }[match["step"]]
        step(match["repo"], body)

    def do_PUT(self) -> None:
        """A large file."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.log.append((self.command, self.path, None))
        self.server.stored[sha256(data)] = data
        self.send(200, b"", {})

    def make(self, asked: dict) -> None:
        """A repository, unless it is there."""
        repo = f"{asked['organization'] or 'me'}/{asked['name']}"
        known = repo in self.server.commits
        if not known:
            self.server.private[repo] = asked.get("visibility") == "private"
            self.server.publish(repo, {".gitattributes": b"*.safetensors lfs"})
        told = {"url": f"{self.server.url}/{repo}", "id": repo}
        self.answer(told, 409 if known else 200)

    def sort(self, repo: str, body: bytes) -> None:
        """Which files are large."""
        told = []
        for file in json.loads(body)["files"]:
            mode = "lfs" if file["path"].endswith((*LARGE, ".png")) else "regular"
            told.append(
                {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
            )
        self.answer({"files": told})

    def take(self, repo: str, body: bytes) -> None:
        """Where large files go that are not here yet."""
        told = []
        for each in json.loads(body)["objects"]:
            action = {"upload": {"href": f"{self.server.url}/put/{each['oid']}"}}
            new = each["oid"] not in self.server.stored
            told.append(each | ({"actions": action} if new else {}))
        self.answer({"transfer": "basic", "objects": told})

    def commit(self, repo: str, body: bytes) -> None:
        """Files added and removed, all at once."""
        files = dict(self.server.commits[repo][self.server.main[repo]])
        for line in body.splitlines():
            step = json.loads(line)
            value = step["value"]
            if step["key"] == "header":
                self.server.messages.append(value["summary"])
            elif step["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif step["key"] == "lfsFile":
                files[value["path"]] = self.server.stored[value["oid"]]
            elif step["key"] == "deletedFile":
                del files[value["path"]]
        commit = self.server.publish(repo, files)
        url = f"{self.server.url}/{repo}/commit/{commit}"
        self.answer({"commitUrl": url, "commitOid": commit, "success": True})

    def answer(self, told: dict, status: int = 200) -> None:
        """JSON."""
        body = json.dumps(told).encode()
        self.send(status, body, {"Content-Type": "application/json"})

    def do_GET(self) -> None:  # noqa: RET503
        path = unquote(urlsplit(self.path).path)
        self.server.log.append((self.command, path, self.headers.get("Range")))
        match = API.fullmatch(path) or FILE.fullmatch(path)
        repo = match["repo"] if match else ""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token == "expired":
            return self.refuse(401, "", "Invalid credentials in Authorization header")
        if repo not in self.server.commits:
            return self.refuse(
                401 if not token else 404, "RepoNotFound", "Repository not found"
            )
        asked = match["revision"] or "main"
        commit = self.server.main[repo] if asked == "main" else asked
        if commit not in self.server.commits[repo]:
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {asked}")
        files = self.server.commits[repo][commit]
        if "path" not in match.groupdict():
            return self.tell(repo, commit, files, match["kind"] == "tree")
        if self.server.gated.get(repo, token) != token:
            return self.refuse(
                403 if token else 401, "GatedRepo", "Access to this model is restricted"
            )
        if match["path"] not in files:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        self.give(match["path"], files[match["path"]], commit)

    def tell(self, repo: str, commit: str, files: dict[str, bytes], tree: bool) -> None:
        """The files of a commit, or the repository's card."""
        card = {
            "id": repo,
            "sha": commit,
            "cardData": self.server.cards.get(repo, {}),
            "siblings": [
                {"rfilename": path, "size": len(data)} for path, data in files.items()
            ],
        }
        body = json.dumps(
            [entry(path, data) for path, data in files.items()] if tree else card
        ).encode()
        self.send(200, body, {"Content-Type": "application/json"})

    def give(self, path: str, data: bytes, commit: str) -> None:
        """A file or the part of it that is asked for."""
        headers = {
            "ETag": f'"{identity(path, data)}"',
            "X-Repo-Commit": commit,
            "Accept-Ranges": "bytes",
        }
        status, start = 200, 0
        if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
            status, start = 206, int(wanted[1])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if self.command == "GET" and path in self.server.flipped:
            self.server.flipped.remove(path)
            data = data[:-1] + bytes([data[-1] ^ 1])
        if self.command == "GET":
            self.server.sent.setdefault(path, []).append(len(data) - start)
        self.send(
            status,
            data[start:],
            headers,
            self.server.cuts.get(path) if self.command == "GET" else None,
        )

    def send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        cuts: list[int] | None = None,
    ) -> None:
        """An answer, broken off when the next cut says so."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: cuts.pop(0)] if cuts else body)

    def refuse(self, status: int, code: str, message: str) -> None:
        """An error as the hub tells it."""
        self.send(
            status,
            b"{}",
            {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {}),
        )

    def log_message(self, *_: object) -> None:
        """Nothing: the log is kept by the server."""


def sha256(data: bytes) -> str:
    """What names a large file."""
    return hashlib.sha256(data).hexdigest()


def identity(path: str, data: bytes) -> str:
    """The ETag: SHA-256 of large files, git's object name of the others."""
    return (
        sha256(data)
        if path.endswith(LARGE)
        else hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    )


def entry(path: str, data: bytes) -> dict:
    """A file in the listing of a commit."""
    large = (
        {"lfs": {"oid": sha256(data), "size": len(data), "pointerSize": 134}}
        if path.endswith(LARGE)
        else {}
    )
    return {
        "type": "file",
        "path": path,
        "size": len(data),
        "oid": identity("", data),
        **large,
    }
