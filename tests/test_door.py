"""Who may come in: raw requests to a real server, under names of its own and of others."""

import socket

import pytest

from analysis.core import settings
from analysis.core.errors import SpecError
from components.frame.door import may_open
from tests.browsing import free_port, serving

SOCKET = "/_stcore/stream"
NAMED = "hub.example.org, https://lab.example.org:8443"


def asked(port, path, *headers):
    """The answer to a raw request, as text; a socket's first bytes."""
    lines = [f"GET {path} HTTP/1.1", *headers, "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall("\r\n".join(lines).encode())
        return wire.makefile("rb").read().decode("utf-8", "replace")


def handshake(port, host, *headers, at="127.0.0.1"):
    """The status of a socket's handshake."""
    wanted = (
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    )
    lines = [f"GET {SOCKET} HTTP/1.1", *wanted, "", ""]
    with socket.create_connection((at, port), timeout=20) as wire:
        wire.sendall("\r\n".join(lines).encode())
        return int(wire.recv(4096).split()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A server that was told two names; one that it would have to look up is no answer."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BABELSCOPE_HOSTS", NAMED)
        # Whatever is looked up goes to a machine that notes it.
        patch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
        with serving(home) as address:
            yield int(address.rpartition(":")[2])


def own(port):
    """Host and Origin of the server's own pages, and of tunnels to it."""
    return (
        (f"localhost:{port}", f"http://localhost:{port}"),
        (f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"),
        (f"[::1]:{port}", f"http://[::1]:{port}"),
        ("localhost:9000", "http://localhost:9000"),
        ("localhost", "http://localhost:80"),
        ("hub.example.org", "https://hub.example.org"),
        ("hub.example.org:8080", "http://hub.example.org:8080"),
        # A proxy that changes the Host, and one that drops the port.
        (f"127.0.0.1:{port}", "https://hub.example.org"),
        (f"127.0.0.1:{port}", "https://lab.example.org:8443"),
        ("lab.example.org", "https://lab.example.org:8443"),
    )


def foreign(port):
    """Host and Origin of pages that are somebody else's."""
    return (
        (f"localhost:{port}", f"http://localhost:{port + 1}"),
        (f"localhost:{port}", "http://localhost"),
        (f"localhost:{port}", f"http://127.0.0.1:{port}"),
        (f"127.0.0.1:{port}", "http://evil.example"),
        (f"127.0.0.1:{port}", f"http://0.0.0.0:{port}"),
        (f"127.0.0.1:{port}", "null"),
        (f"127.0.0.1:{port}", "file://"),
        (f"127.0.0.1:{port}", "https://lab.example.org"),
        (f"127.0.0.1:{port}", "https://hub.example.org:8443"),
        (f"127.0.0.1:{port}", "https://hub.example.org.evil.example"),
        ("evil.example", "http://evil.example"),
    )


@pytest.mark.slow
def test_only_the_servers_own_origins_open_its_socket(port):
    for host, origin in own(port):
        assert handshake(port, host, f"Origin: {origin}") == 101, (host, origin)
    for host, origin in foreign(port):
        assert handshake(port, host, f"Origin: {origin}") == 403, (host, origin)
    assert handshake(port, f"localhost:{port}") == 101, "no page: a program"
    twice = (f"Origin: http://localhost:{port}", "Origin: http://evil.example")
    assert handshake(port, f"localhost:{port}", *twice) in (400, 403)


@pytest.mark.slow
@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_both_versions_of_this_machines_address_are_listened_on(port):
    origin = f"Origin: http://[::1]:{port}"
    assert handshake(port, f"[::1]:{port}", origin, at="::1") == 101


@pytest.mark.slow
def test_nothing_is_looked_up_for_a_foreign_origin(tmp_path, monkeypatch):
    with socket.socket() as proxy:
        proxy.bind(("127.0.0.1", 0))
        proxy.listen()
        proxy.settimeout(0.5)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
        with serving(tmp_path) as served:
            here = int(served.rpartition(":")[2])
            status = handshake(here, f"localhost:{here}", "Origin: http://evil.example")
            with pytest.raises(TimeoutError):
                proxy.accept()
    assert status == 403


@pytest.mark.slow
def test_another_name_gets_a_page_that_says_what_is_wrong(port):
    answer = asked(port, "/recognition", "Host: <b>.example:80")
    assert answer.startswith("HTTP/1.1 403")
    assert "BABELSCOPE_HOSTS=&lt;b&gt;.example and" in answer
    assert "<b>" not in answer
    assert asked(port, "/_stcore/health", "Host: 10.0.0.7").startswith("HTTP/1.1 200")
    page = asked(port, "/", "Host: hub.example.org")
    assert page.startswith("HTTP/1.1 200") and "static/js/index." in page
    script = page.split('src="./static/js/', 1)[1].split('"', 1)[0]
    path = f"/static/js/{script}"
    # The proxy hides its name, but not from the address of the page.
    hidden = asked(
        port, path, f"Host: 127.0.0.1:{port}", "Referer: http://www.example.org/"
    )
    assert "BABELSCOPE_HOSTS=http://www.example.org" in hidden
    served = asked(
        port, path, f"Host: localhost:{port}", f"Referer: http://localhost:{port}/"
    )
    assert "BABELSCOPE_HOSTS" not in served and served.startswith("HTTP/1.1 200")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ()),
        ("Hub.Example.org.", ("hub.example.org",)),
        (" a.b , https://a.b:1/ [::1]", ("a.b", "https://a.b:1", "[::1]")),
        ("*.example.org", ("*.example.org",)),
    ],
)
def test_names_are_read_from_one_setting(monkeypatch, given, found):
    monkeypatch.setenv("BABELSCOPE_HOSTS", given)
    assert settings.hosts() == found


@pytest.mark.parametrize(
    "given", ["*", "a b/c", "http://a.b/path", "ftp://a", "u@b", "a:80"]
)
def test_what_is_no_name_is_refused(monkeypatch, given):
    monkeypatch.setenv("BABELSCOPE_HOSTS", given)
    with pytest.raises(SpecError, match="host names such as hub.example.org"):
        settings.hosts()


def test_a_wildcard_names_what_is_below_it(monkeypatch):
    monkeypatch.setenv("BABELSCOPE_HOSTS", "*.example.org")
    assert may_open("https://a.example.org", "127.0.0.1:1")
    assert not may_open("https://example.org.evil", "127.0.0.1:1")
    assert not may_open("https://evilexample.org", "127.0.0.1:1")


@pytest.mark.slow
def test_typefaces_are_sent_to_those_who_may_come_in(port):
    path = "/typefaces/NotoSansTamil.ttf"
    sent = asked(port, path, f"Host: localhost:{port}")
    assert sent.startswith("HTTP/1.1 200") and "content-type: font/ttf" in sent
    assert asked(port, path, "Host: evil.example").startswith("HTTP/1.1 403")


def test_health_is_told_to_whoever_asks_below_a_base_path_too(monkeypatch):
    """A load balancer comes by an address of its own."""
    from components.frame import door

    scope = {"headers": []}
    monkeypatch.setattr(door, "is_host_allowed", lambda host: False)
    for base, path in (("", ""), ("lab/babelscope", "/lab/babelscope"), ("/x/", "/x")):
        monkeypatch.setattr(door.config, "get_option", lambda name, base=base: base)
        asked_for = {**scope, "path": f"{path}/_stcore/health"}
        assert door.answer_to(asked_for, "10.0.0.7:8501") is None
        elsewhere = {**scope, "path": f"{path}/"}
        assert door.answer_to(elsewhere, "10.0.0.7:8501").status == 403
