# SPDX-License-Identifier: MIT
"""Opening, closing and abusing the WebSocket: every way has one answer and a time limit."""
import socket
import struct
import time

import pytest

from harness import service
from harness.client import BINARY, CLOSE, PING, PONG, TEXT, Raw, Viewer, check_close, path
from harness.pcapng import Stream
from harness.traffic import Numbered
from harness.wait import until

NEITHER = b"either container or netns query parameter required"


@pytest.fixture
def where(plain_scene):
    """A capture request that is answered with a stream."""
    return path(netns=plain_scene.inode, nif="eth0")


# -- the upgrade -----------------------------------------------------------------------------

@pytest.mark.parametrize("headers,method,status", [
    ({"Connection": None, "Upgrade": None}, "GET", 400),
    ({"Upgrade": "h2c"}, "GET", 400),
    ({"Upgrade": None}, "GET", 400),
    ({"Connection": "keep-alive"}, "GET", 400),
    ({"Connection": None}, "GET", 400),
    ({"Connection": "upgraded, not-upgrade"}, "GET", 400),
    ({}, "POST", 405),
    ({}, "PUT", 405),
    ({"Sec-WebSocket-Version": "8"}, "GET", 400),
    ({"Sec-WebSocket-Version": None}, "GET", 400),
    ({"Sec-WebSocket-Version": "14"}, "GET", 400),
    ({"Sec-WebSocket-Key": None}, "GET", 400),
    ({"Sec-WebSocket-Key": ""}, "GET", 400),
    ({"Sec-WebSocket-Key": "AAAA"}, "GET", 400),
    ({"Sec-WebSocket-Key": "not base64, not 16 bytes"}, "GET", 400),
    ({"Origin": "http://evil.example"}, "GET", 403),
    ({"Origin": "null"}, "GET", 403),
    ({"Origin": "http://127.0.0.1:1"}, "GET", 403),
    ({"Origin": "http://127.0.0.1"}, "GET", 403),
    ({"Origin": "http://localhost:{port}"}, "GET", 403),
    ({"Origin": "http://127.0.0.1:{port}.evil.example"}, "GET", 403),
    ({"Origin": "http://127.0.0.1:{port}@evil.example"}, "GET", 403),
    ({"Origin": "\x80"}, "GET", 403)])
def test_a_bad_upgrade_gets_the_status_of_the_original(shared, headers, method, status):
    headers = {k: v and v.format(port=shared.port) for k, v in headers.items()}
    with Raw(shared) as raw:
        code, fields = raw.handshake("/capture", headers, method)
        assert code == status
        assert fields.get("sec-websocket-version") == "13"


@pytest.mark.parametrize("headers", [
    {}, {"Origin": "http://127.0.0.1:{port}"}, {"Origin": "https://127.0.0.1:{port}"},
    {"Host": "LOCALHOST:{port}", "Origin": "http://localHost:{port}"},
    {"Host": "localhost:{port}"}, {"Host": "localhost"}, {"Host": "[::1]:{port}"}, {"Host": "203.0.113.9:5001"},
    {"Upgrade": "WebSocket"}, {"Connection": "keep-alive, Upgrade"}, {"Connection": "UPGRADE,keep-alive"}, {"Connection": "upgrade"},
    {"Sec-WebSocket-Protocol": "a, b"}, {"Sec-WebSocket-Protocol": "packetflix"},
    {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}])
def test_a_good_upgrade_succeeds_and_negotiates_nothing(shared, headers):
    headers = {k: v.format(port=shared.port) for k, v in headers.items()}
    with Raw(shared) as raw:
        fields = raw.open({}, headers)
        assert "sec-websocket-extensions" not in fields and "sec-websocket-protocol" not in fields
        assert raw.until_close()[1] == NEITHER


def test_parameters_are_looked_at_only_after_the_upgrade(shared):
    with Raw(shared) as raw:
        assert raw.handshake("/capture?netns=nonsense")[0] == 101


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1.nip.example",
                                  "", "localhost@evil.example", "a" * 300, "203.0.113.9.example:{port}"], ids=lambda h: h[:24])
@pytest.mark.parametrize("route", ["/capture?netns=1", "/mobyshark", "/", "/capture.pcapng?netns=1", "/metrics"])
def test_a_host_we_do_not_answer_to_is_refused_against_rebinding(shared, route, host):
    headers = {"Host": host.format(port=shared.port)}
    if not route.startswith("/capture?"):
        headers.update({"Connection": None, "Upgrade": None, "Sec-WebSocket-Key": None, "Sec-WebSocket-Version": None})
    with Raw(shared) as raw:
        assert raw.handshake(route, headers)[0] in (400, 403, 421)


def test_a_request_without_host_is_refused(shared):
    with Raw(shared) as raw:
        assert raw.handshake("/mobyshark", {"Host": None})[0] in (400, 403, 421)


@pytest.mark.parametrize("host,status", [("box.example", 200), ("BOX.example:{port}", 200), ("other.example", 200),
                                         ("third.example", 403), ("localhost", 200), ("xbox.example", 403)])
def test_allowed_hosts_are_answered(module_service, host, status):
    answer = module_service.get("/mobyshark", headers={"Host": host.format(port=module_service.port)})
    assert answer.status == status or (status == 403 and answer.status in (400, 421))


@pytest.fixture(scope="module")
def module_service():
    running = service.Service("--allow-host", "box.example", "--allow-host=other.example")
    yield running
    running.stop()


def test_a_foreign_origin_gets_nothing_from_any_route(shared):
    for route in ("/mobyshark", "/capture.pcapng?netns=1"):
        assert shared.get(route, headers={"Origin": "http://evil.example"}).status == 403


# -- closing ---------------------------------------------------------------------------------

@pytest.mark.parametrize("code,reason", [(1000, b"ciao"), (1000, b""), (1001, b"away"), (1011, b""), (3000, b"x" * 123),
                                         (4999, "grüß".encode())])
def test_a_close_of_the_client_is_echoed_with_the_same_code_and_the_connection_ends(shared, where, code, reason):
    with Raw(shared) as raw:
        raw.open(where=where)
        raw.frame()
        raw.send_close(code, reason)
        assert raw.until_close()[0] == code
        assert raw.ended(10)
    shared.wait_readers(0)


def test_a_close_without_a_code_is_answered_with_a_close(shared, where):
    with Raw(shared) as raw:
        raw.open(where=where)
        raw.frame()
        raw.send(CLOSE)
        assert raw.until_close()[0] in (1005, 1000)
        assert raw.ended(10)
    shared.wait_readers(0)


@pytest.mark.parametrize("payload", [b"\x03", struct.pack(">H", 999), struct.pack(">H", 1005), struct.pack(">H", 1006),
                                     struct.pack(">H", 5000), struct.pack(">H", 1000) + b"\xff\xfe"])
def test_an_illegal_close_ends_the_connection_all_the_same(shared, where, payload):
    with Raw(shared) as raw:
        raw.open(where=where)
        raw.frame()
        raw.send(CLOSE, payload)
        close = raw.until_close()
        if close and close[0] != 1005:
            check_close(close[0], close[1].decode())
        raw.sock.shutdown(socket.SHUT_WR)
        assert raw.ended(10)
    shared.wait_readers(0)


def test_the_connection_ends_at_once_when_the_client_answers_the_servers_close(shared):
    with Raw(shared) as raw:
        raw.open({})
        code, reason = raw.until_close()
        assert (code, reason) == (1008, NEITHER)
        raw.send_close(code)
        assert raw.ended(5)


def test_the_server_does_not_wait_for_ever_for_the_answer_to_its_close(shared):
    with Raw(shared) as raw:
        raw.open({})
        assert raw.until_close()[0] == 1008
        assert raw.ended(25)


def test_a_client_that_hangs_up_without_a_close_is_noticed(shared, where):
    with Raw(shared) as raw:
        raw.open(where=where)
        raw.frame()
        assert len(shared.readers()) == 1
    shared.wait_readers(0)


def test_a_reset_connection_is_noticed(shared, where):
    with Raw(shared) as raw:
        raw.open(where=where)
        raw.frame()
        raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    shared.wait_readers(0)


def test_a_client_that_hangs_up_right_after_its_request_leaves_nothing(shared, where):
    for _ in range(10):
        with Raw(shared) as raw:
            raw.sock.sendall(raw.request(where))
    until(lambda: shared.get("/readyz").status == 200, "readiness")
    shared.wait_readers(0)


# -- what clients send -----------------------------------------------------------------------

@pytest.fixture
def streaming(shared, plain_scene, where):
    """A raw viewer whose stream has begun, with a way to see that it goes on."""
    raw = Raw(shared)
    raw.open(where=where)
    stream = Stream()
    while not stream.interfaces:
        stream.feed(raw.frame()[2])

    def goes_on(marker):
        plain_scene.send(Numbered(marker).frame(0))
        while not stream.carrying(marker):
            fin, opcode, payload = raw.frame()
            assert fin and opcode in (BINARY, PONG)
            if opcode == BINARY:
                stream.feed(payload)
    raw.goes_on = goes_on
    with raw:
        yield raw


@pytest.mark.parametrize("frames", [
    [(TEXT, b"hello", True)], [(TEXT, b"", True)], [(BINARY, bytes(1000), True)],
    [(TEXT, b"a", False), (0, b"b", False), (0, b"c", True)],
    [(BINARY, b"", False), (0, b"", True)],
    [(BINARY, bytes(1 << 20), True)],
    [(BINARY, bytes(300_000), False), (0, bytes(300_000), True)],
    [(PONG, b"unasked", True)],
    [(TEXT, "grüße".encode(), True)] * 50], ids=lambda f: f"{f[0][0]}-{len(f[0][1])}-{len(f)}")
def test_whatever_data_a_client_sends_is_read_and_discarded(streaming, frames):
    for opcode, payload, fin in frames:
        streaming.send(opcode, payload, fin)
    streaming.goes_on(b"<after-data>")


@pytest.mark.parametrize("payload", [b"", b"x", bytes(range(125))])
def test_a_ping_is_answered_with_its_own_payload(streaming, payload):
    streaming.send(PING, payload)
    assert streaming.until_opcode(PONG) == payload
    streaming.goes_on(b"<after-ping>")


def test_a_ping_between_fragments_is_answered(streaming):
    streaming.send(BINARY, b"a", fin=False)
    streaming.send(PING, b"between")
    assert streaming.until_opcode(PONG) == b"between"
    streaming.send(0, b"b")
    streaming.goes_on(b"<after-fragments>")


def test_a_frame_sent_byte_by_byte_is_understood(streaming):
    streaming.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in bytes([0x80 | PING, 0x80 | 4, 1, 2, 3, 4]) + bytes(a ^ b for a, b in zip(b"slow", (1, 2, 3, 4))):
        streaming.sock.sendall(bytes([byte]))
    assert streaming.until_opcode(PONG) == b"slow"


def test_a_ping_that_comes_with_the_request_is_answered(shared, where):
    with Raw(shared) as raw:
        raw.sock.sendall(raw.request(where) + bytes([0x80 | PING, 0x80 | 2, 0, 0, 0, 0]) + b"hi")
        assert raw.read_head()[0] == 101
        assert raw.until_opcode(PONG) == b"hi"


@pytest.mark.parametrize("send", [
    lambda raw: raw.send(BINARY, b"reserved", reserved=0x40),
    lambda raw: raw.send(3, b"opcode 3"),
    lambda raw: raw.send(11, b"opcode 11"),
    lambda raw: raw.send(PING, bytes(126)),
    lambda raw: raw.send(PING, b"fragmented", fin=False),
    lambda raw: raw.send(0, b"continues nothing"),
    lambda raw: raw.sock.sendall(bytes([0x82, 0xFF]) + b"\xff" * 8 + bytes(4))],
    ids=["reserved", "opcode3", "opcode11", "longping", "fragping", "lonecont", "hugelength"])
def test_a_breach_of_the_protocol_ends_that_connection_only(shared, plain_scene, streaming, send):
    other = Viewer(shared, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0")
    send(streaming)
    streaming.sock.settimeout(15)
    close = streaming.until_close()
    if close:       # else it was cut, which is an end as well
        check_close(close[0], close[1].decode())
        streaming.sock.shutdown(socket.SHUT_WR)
        assert streaming.ended(15)
    plain_scene.send(Numbered(b"<others-live>").frame(0))
    other.wait_carrying(b"<others-live>")


# -- slow and silent peers -------------------------------------------------------------------

def test_connections_that_never_finish_their_request_are_ended(shared):
    """All kinds at once, so that the limits run side by side."""
    began = time.monotonic()
    silent = {"nothing": b"", "half a line": b"GET /capt", "half a header": b"GET /capture HTTP/1.1\r\nHost: local",
              "no end": b"GET /capture HTTP/1.1\r\nHost: localhost\r\n"}
    open_ones = {}
    for name, start in silent.items():
        sock = shared.dial()
        sock.sendall(start)
        sock.setblocking(False)
        open_ones[name] = sock
    dripping = shared.dial()
    dripping.sendall(b"GET /mobyshark HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    dripping.setblocking(False)
    open_ones["dripping"] = dripping
    assert shared.get("/healthz").status == 200
    while open_ones and time.monotonic() - began < 45:
        for name, sock in list(open_ones.items()):
            try:
                if name == "dripping":
                    sock.send(b"x")
                over = not sock.recv(4096)
            except BlockingIOError:
                over = False
            except OSError:
                over = True
            if over:
                sock.close()
                del open_ones[name]
        time.sleep(0.25)
    left = list(open_ones)
    for sock in open_ones.values():
        sock.close()
    assert not left, f"still open after 45 s: {left}"


def test_a_client_that_never_reads_is_no_burden_to_others(shared, plain_scene, where):
    with Raw(shared, rcvbuf=4096) as stuck:
        stuck.sock.sendall(stuck.request(where))
        fast = Viewer(shared, netns=plain_scene.inode, nif="eth0", statistics="live", save=False, keep=0).wait_interfaces("eth0")
        run = Numbered(b"<never-reads>", 1400)
        sent = 0
        while sent < 8000:
            sent += run.send(plain_scene.local, 500, sent)
            fast.wait(lambda s: s.packet_count >= sent, f"{sent} packets")
        assert fast.stream.total("ifdrop") == 0
        assert shared.get("/healthz").status == 200
        fast.close()
    shared.wait_readers(0)


def test_the_connection_stays_open_while_nothing_happens(shared, plain_scene):
    viewer = Viewer(shared, netns=plain_scene.inode, nif="eth0", filter="udp port 4999").wait_interfaces("eth0")
    viewer.ping()
    time.sleep(3)     # silence is what is tested
    viewer.ping()
    assert not viewer.ended
