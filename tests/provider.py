"""An OpenID provider on this machine: it lets in whoever is told to come next, at once."""

import json
import time
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

CLIENT, SECRET = "babelscope", "a secret of the provider's"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """Where it answers, who logs in next, and what each code was given for."""

    url: str = ""
    user: dict[str, Any] = field(default_factory=dict)
    given: dict[str, dict[str, Any]] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """What a client looks up first."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def code_for(self, asked: dict[str, str]) -> str:
        """A code for the person who logs in, to be exchanged once."""
        assert asked["client_id"] == CLIENT and "openid" in asked["scope"]
        assert asked["code_challenge_method"] == "S256"
        code = uuid4().hex
        self.given[code] = {**self.user, "nonce": asked.get("nonce", "")}
        return code

    def token(self, code: str) -> dict[str, Any]:
        """What a code is exchanged for: the person, signed."""
        now = int(time.time())
        person = self.given.pop(code)
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 600}
        return {
            "access_token": uuid4().hex,
            "token_type": "Bearer",
            "expires_in": 600,
            "id_token": signed({**claims, "sub": person["email"], **person}),
        }


def letters(data: bytes) -> str:
    """Bytes as a token has them."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    """A number of the public key."""
    return letters(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def keys() -> dict[str, Any]:
    """The public key, for whoever checks a signature."""
    public = KEY.public_key().public_numbers()
    key = {"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256"}
    return {"keys": [{**key, "n": number(public.n), "e": number(public.e)}]}


def signed(claims: dict[str, Any]) -> str:
    """Claims as a token that only this provider can have made."""
    head = {"alg": "RS256", "typ": "JWT", "kid": "one"}
    parts = [letters(json.dumps(part).encode()) for part in (head, claims)]
    text = ".".join(parts)
    signature = KEY.sign(text.encode(), padding.PKCS1v15(), SHA256())
    return f"{text}.{letters(signature)}"


class Answering(BaseHTTPRequestHandler):
    """The four addresses of a provider."""

    provider: Provider

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path == "/.well-known/openid-configuration":
            self.answer(self.provider.metadata())
        elif place.path == "/keys":
            self.answer(keys())
        elif place.path == "/authorize":
            back = {"code": self.provider.code_for(asked), "state": asked["state"]}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}")
            self.end_headers()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(self.provider.token(parse_qs(sent)["code"][0]))

    def answer(self, told: dict[str, Any]) -> None:
        """JSON."""
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""


@contextmanager
def providing():
    """A provider on a free port of this machine."""
    provider = Provider()
    handler = type("Handler", (Answering,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
