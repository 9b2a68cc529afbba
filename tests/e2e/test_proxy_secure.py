# SPDX-License-Identifier: MIT
"""Proxying with TLS and a token: what is handled here works as ever, and secrets of ours stay here."""
import socket
import struct
import time

import pytest

from harness import service
from harness.client import TEXT, Raw, Viewer
from harness.traffic import Numbered
from harness.wait import until
from test_proxy import Ghostwire
from test_safety import TOKEN, secrets  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def pair(secrets):  # noqa: F811
    """A stand-in for the other service and a packetflix with TLS and a token that proxies to it."""
    ghostwire = Ghostwire()
    running = service.Service("--proxy-discovery", "--gw-port", ghostwire.port, "--tls-cert", secrets["cert"],
                              "--tls-key", secrets["key"], "--token-file", secrets["token"],
                              tls=service.tls_context(secrets["cert"]), token=TOKEN)
    running.ghostwire = ghostwire
    yield running
    running.stop()
    ghostwire.close()


@pytest.mark.parametrize("where", ["/version", "/readyz", "/metrics", "/healthz"])
def test_what_is_handled_here_is_handled_over_tls_too(pair, where):
    answer = pair.get(where)
    assert answer.status == 200 and answer.body and answer.headers["X-Backend"] is None


def test_a_capture_over_tls_is_exact(pair, plain_scene):
    viewer = Viewer(pair, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0")
    run = Numbered(b"<proxied>", 1400)
    run.send(plain_scene.sender, 500)
    viewer.wait_carrying(b"<proxied>", 500)
    assert run.numbers(viewer.stream.packets) == list(range(500))
    viewer.close()


def test_bodies_pass_both_ways_over_tls(pair):
    assert pair.get("/large").body == b"L" * 5_000_000
    assert pair.get("/chunked").body == b"first,second,third"
    body = bytes(range(256)) * 1000
    assert pair.request("POST", "/submit", body=body).status == 200
    assert pair.ghostwire.last()[3] == body


def test_websockets_pass_over_tls(pair):
    with Raw(pair) as raw:
        assert raw.handshake("/mobydig?target=web")[0] == 101
        assert raw.frame() == (True, TEXT, b"hello")


@pytest.mark.parametrize("headers,query", [
    ({"Authorization": f"Bearer {TOKEN}"}, "?a=1&b"), ({"Authorization": f"bearer {TOKEN}"}, f"?a=1&token={TOKEN}&b"),
    ({"Authorization": ""}, f"?token={TOKEN}&a=1&b"), ({"Authorization": ""}, f"?a=1&b&tok%65n={TOKEN}")])
def test_our_token_does_not_reach_the_other_service(pair, headers, query):
    assert pair.get("/json" + query, headers=headers).status == 200
    _, where, seen, _ = pair.ghostwire.last()
    assert where == "/json?a=1&b" and seen["Authorization"] is None and TOKEN not in str(seen)


@pytest.mark.parametrize("headers,query", [
    ({"Authorization": ""}, ""), ({"Authorization": f"Bearer {TOKEN}x"}, ""), ({"Authorization": ""}, "?token=x"),
    ({"Authorization": f"Bearer {TOKEN[:-1]}"}, f"?token={TOKEN}")])
def test_without_the_token_nothing_passes(pair, headers, query):
    before = len(pair.ghostwire.seen)
    answer = pair.get("/json" + query, headers=headers)
    assert answer.status == 401 and answer.json["error"]
    assert len(pair.ghostwire.seen) == before


def test_without_a_token_of_ours_theirs_passes(start):
    ghostwire = Ghostwire()
    try:
        running = start("--proxy-discovery", "--gw-port", ghostwire.port)
        assert running.get("/json?token=theirs", headers={"Authorization": "Basic eA=="}).status == 200
        assert ghostwire.last()[1] == "/json?token=theirs"
        assert ghostwire.last()[2]["Authorization"] == "Basic eA=="
    finally:
        ghostwire.close()


@pytest.mark.parametrize("head", [
    b"GET /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    b"GET /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
    b"GET /x HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", b"GET /x HTTP/1.1\r\nHost: localhost\r\n A: b\r\n",
    b"GET http://other.example/x HTTP/1.1\r\nHost: localhost\r\n"])
def test_requests_that_can_be_misunderstood_are_refused(pair, head):
    before = len(pair.ghostwire.seen)
    with pair.dial() as sock:
        sock.sendall(head + f"Authorization: Bearer {TOKEN}\r\n\r\n".encode())
        assert sock.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert len(pair.ghostwire.seen) == before


@pytest.mark.parametrize("size,status", [(60_000, b"200"), (70_000, b"431")])
def test_heads_have_a_limit(pair, size, status):
    with pair.dial() as sock:
        sock.sendall(b"GET /json HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * size +
                     f"\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        assert sock.recv(65536).split(b" ")[1] == status


def test_clients_that_leave_leave_nothing_behind(start):
    ghostwire = Ghostwire()
    try:
        running = start("--proxy-discovery", "--gw-port", ghostwire.port)
        pid = running.pid("packetflix-service")
        before = len(service.descriptors(pid))
        for number in range(40):
            sock = running.dial()
            sock.sendall([b"GET /lar", b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"][number % 2])
            if number % 4 > 1:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        until(lambda: len(service.descriptors(pid)) <= before, "all descriptors to be closed", 10)
    finally:
        ghostwire.close()


def test_a_client_that_does_not_read_holds_no_memory(start):
    ghostwire = Ghostwire()
    held = []
    try:
        running = start("--proxy-discovery", "--gw-port", ghostwire.port)
        pid = running.pid("packetflix-service")
        before = int(service.status(pid)["VmRSS"].split()[0])
        for _ in range(20):
            held.append(running.dial())
            held[-1].sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: len(ghostwire.seen) >= 20, "all requests to arrive", 10)
        time.sleep(1)    # for what would be kept to pile up
        assert int(service.status(pid)["VmRSS"].split()[0]) - before < 20 * 400
    finally:
        for sock in held:
            sock.close()
        ghostwire.close()
