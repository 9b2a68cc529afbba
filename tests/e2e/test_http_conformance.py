# SPDX-License-Identifier: MIT
"""HTTP/1.1 and WebSocket as the RFCs say: every refusal, request smuggling, and curl, nginx and haproxy on the other side."""
import json
import re
import shutil
import socket
import struct
import subprocess

import pytest

from harness import service
from harness.client import BINARY, Raw, Viewer
from harness.traffic import Numbered
from harness.wait import until

GET = b"GET /healthz HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
NEXT = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"


def everything(sock):
    """What the service sends until it ends the connection."""
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


def statuses(data):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


REFUSALS = {
    "bare-lf": (400, b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n"),
    "bare-lf-in-fields": (400, GET + b"Host: localhost\nA: b\r\n\r\n"),
    "bare-cr": (400, GET + HOST + b"A: b\rC: d\r\n\r\n"),
    "nul": (400, GET + HOST + b"A: \0\r\n\r\n"),
    "escape": (400, GET + HOST + b"A: \x1b[0m\r\n\r\n"),
    "folded": (400, GET + HOST + b"A: b\r\n c\r\n\r\n"),
    "blank-before-colon": (400, GET + b"Host : localhost\r\n\r\n"),
    "leading-blank": (400, GET + b" Host: localhost\r\n\r\n"),
    "no-name": (400, GET + HOST + b": b\r\n\r\n"),
    "no-colon": (400, GET + HOST + b"A\r\n\r\n"),
    "no-host": (400, GET + b"\r\n"),
    "empty-host": (400, GET + b"Host:\r\n\r\n"),
    "two-hosts": (400, GET + HOST + HOST + b"\r\n"),
    "two-hosts-in-one": (400, GET + b"Host: localhost, evil.example\r\n\r\n"),
    "host-with-user": (400, GET + b"Host: a@localhost\r\n\r\n"),
    "host-with-path": (400, GET + b"Host: localhost/x\r\n\r\n"),
    "host-with-zone": (400, GET + b"Host: [fe80::1%25lo]\r\n\r\n"),
    "no-target": (400, b"GET  HTTP/1.1\r\n" + HOST + b"\r\n"),
    "two-blanks": (400, b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tab": (400, b"GET\t/healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "no-version": (400, b"GET /healthz\r\n" + HOST + b"\r\n"),
    "lower-case-version": (400, b"GET /healthz http/1.1\r\n" + HOST + b"\r\n"),
    "method-is-no-token": (400, b"GE(T /healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "authority-form": (400, b"GET localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "fragment": (400, b"GET /healthz#a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "bad-escape": (400, b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "escaped-line-end": (400, b"GET /healthz?%0d%0a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "escaped-nul": (400, b"GET /healthz%00 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "absolute-form-of-another-host": (400, b"GET http://evil.example/healthz HTTP/1.1\r\n" + HOST + b"\r\n"),
    "version-2": (505, b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n"),
    "version-0.9": (505, b"GET /healthz HTTP/0.9\r\n" + HOST + b"\r\n"),
    "version-1.2": (505, b"GET /healthz HTTP/1.2\r\n" + HOST + b"\r\n"),
    "http2-preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "tls": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "body": (400, GET + HOST + b"Content-Length: 5\r\n\r\nhello"),
    "chunked": (501, GET + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunked-in-capitals": (501, GET + HOST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n"),
    "identity": (501, GET + HOST + b"Transfer-Encoding: identity\r\n\r\n"),
    "two-codings": (501, GET + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "length-and-chunked": (400, GET + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "two-lengths": (400, GET + HOST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello"),
    "same-length-twice": (400, GET + HOST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
    "list-of-lengths": (400, GET + HOST + b"Content-Length: 0, 0\r\n\r\n"),
    "length-with-sign": (400, GET + HOST + b"Content-Length: +0\r\n\r\n"),
    "length-with-zero": (400, GET + HOST + b"Content-Length: 00\r\n\r\n"),
    "length-in-hex": (400, GET + HOST + b"Content-Length: 0x0\r\n\r\n"),
    "negative-length": (400, GET + HOST + b"Content-Length: -1\r\n\r\n"),
    "huge-length": (400, GET + HOST + b"Content-Length: 18446744073709551616\r\n\r\n"),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "byte-by-byte"])
def test_what_is_refused_is_answered_once_and_ends_the_connection(shared, name, is_cut):
    """Nothing behind it is read as another request."""
    status, request = REFUSALS[name]
    with shared.dial() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for part in [bytes([byte]) for byte in request] if is_cut else [request]:
                sock.sendall(part)
            sock.sendall(NEXT)
        except (BrokenPipeError, ConnectionResetError):
            pass
        data = everything(sock)
    assert statuses(data) in ([status], []) and (data or is_cut), data
    assert b"packetflix\",\"version" not in data
    assert shared.get("/healthz").status == 200


@pytest.mark.parametrize("request_head", [
    GET + HOST + b"\r\n", b"\r\n" + GET + HOST + b"\r\n", b"\r\n\r\n" + GET + HOST + b"\r\n", GET + b"hOsT:\t localhost \t\r\n\r\n",
    GET + b"Host: localhost:80\r\n\r\n", GET + b"Host: [::1]:5001\r\n\r\n", GET + b"Host: 127.0.0.1\r\n\r\n",
    b"GET http://localhost/healthz HTTP/1.1\r\n" + HOST + b"\r\n", b"GET HTTP://LOCALHOST/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /%68ealthz?a=%20+b HTTP/1.1\r\n" + HOST + b"\r\n", GET + HOST + b"Content-Length: 0\r\n\r\n",
    GET + HOST + b"Empty:\r\nOther: \xff\xfe\r\n\r\n", GET + HOST + b"Expect: 100-continue\r\n\r\n",
    GET + HOST + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n\r\n",
    b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"\r\n"])
@pytest.mark.parametrize("is_cut", [False, True], ids=["whole", "byte-by-byte"])
def test_legal_variants_are_served_and_the_connection_goes_on(shared, request_head, is_cut):
    with shared.dial() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in [bytes([byte]) for byte in request_head] if is_cut else [request_head]:
            sock.sendall(part)
        sock.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data = everything(sock)
    assert statuses(data) == [200, 200] and b"packetflix" in data


def test_http_1_0_gets_an_answer_and_the_end(shared):
    with shared.dial() as sock:
        sock.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" + NEXT)
        data = everything(sock)
    assert statuses(data) == [200] and data.endswith(b"\r\n\r\nok\n")


@pytest.mark.parametrize("request_head,status", [
    (b"GET /" + b"a" * 262143 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    (b"GET /" + b"a" * 262144 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (b"GET /" + b"a" * 300000, 414), (GET + HOST + b"A: b\r\n" * 127 + b"\r\n", 200), (GET + HOST + b"A: b\r\n" * 128 + b"\r\n", 431),
    (GET + HOST + b"A: " + b"b" * 327700 + b"\r\n\r\n", 431)],
    ids=["longest-target", "target", "line", "most-fields", "fields", "head"])
def test_limits_have_statuses(shared, request_head, status):
    with shared.dial() as sock:
        try:
            sock.sendall(request_head)
        except (BrokenPipeError, ConnectionResetError):
            pass
        data = sock.recv(65536)
    assert statuses(data)[:1] == [status]


# -- WebSockets ------------------------------------------------------------------------------

MASK = b"\1\2\3\4"


def frame(first, payload=b"", length=None):
    """A masked frame with the first byte FIRST; LENGTH replaces the encoding of the length."""
    masked = bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))
    return bytes([first]) + (length or bytes([0x80 | len(payload)])) + MASK + masked


@pytest.mark.parametrize("data,code", [
    (b"\x82\x01x", 1002), (frame(0xc2, b"x"), 1002), (frame(0x83, b"x"), 1002), (frame(0x8b), 1002), (frame(0x80, b"x"), 1002),
    (frame(0x02, b"x") + frame(0x82, b"x"), 1002), (frame(0x09), 1002), (frame(0x89, b"x" * 126, b"\xfe\0\x7e"), 1002),
    (frame(0x82, b"x", b"\xfe\0\1"), 1002), (frame(0x82, b"x", b"\xff" + bytes(7) + b"\1"), 1002),
    (frame(0x82, b"", b"\xff\x80" + bytes(7)), 1002), (frame(0x81, b"\xff"), 1007),
    (frame(0x01, b"\xe2\x82") + frame(0x80, b"\x28"), 1007), (frame(0x88, b"\3"), 1002), (frame(0x88, b"\3\xed"), 1002),
    (frame(0x88, b"\0\0"), 1002), (frame(0x88, b"\3\xe8\xff"), 1007)],
    ids=["no-mask", "reserved-bit", "opcode-3", "opcode-11", "continuation-of-nothing", "nested", "ping-in-pieces", "long-ping",
         "two-byte-length", "eight-byte-length", "length-over-63-bits", "text", "text-in-pieces", "half-a-code", "code-1005",
         "code-0", "reason"])
def test_frames_that_break_the_protocol_close_with_its_code(shared, plain_scene, data, code):
    with Raw(shared) as raw:
        raw.open(netns=plain_scene.inode)
        raw.sock.sendall(data)
        kind = payload = None
        while kind != 8:
            _, kind, payload = raw.frame()
    assert struct.unpack(">H", payload[:2])[0] == code


def test_whole_and_fragmented_messages_with_pings_between_are_legal(shared, plain_scene):
    with Raw(shared) as raw:
        raw.open(netns=plain_scene.inode)
        raw.sock.sendall(frame(0x01, "gr".encode()) + frame(0x89, b"one") + frame(0x00, b"\xc3") + frame(0x80, b"\xbc")
                         + frame(0x82, b"\xff" * 100) + frame(0x89, b"two") + frame(0x8a, b"nothing"))
        pongs = []
        while len(pongs) < 2:
            _, kind, payload = raw.frame()
            assert kind in (BINARY, 10), (kind, payload)
            if kind == 10:
                pongs.append(payload)
    assert pongs == [b"one", b"two"]


# -- other programs --------------------------------------------------------------------------

def test_curl_uses_one_connection_for_several_requests(shared):
    url = f"http://localhost:{shared.port}"
    done = subprocess.run(["curl", "-sv", "--http1.1", "-4", url + "/healthz", url + "/version", url + "/nonsense", url + "/json"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert len(re.findall(r"Re-using existing connection", done.stderr)) == 3, done.stderr
    assert done.stdout.startswith('ok\n{"name":"packetflix"')


def test_curl_takes_head_and_http_1_0(shared):
    url = f"http://localhost:{shared.port}/mobyshark"
    head = subprocess.run(["curl", "-sI", "-4", url], capture_output=True, text=True, timeout=30).stdout
    old = subprocess.run(["curl", "-s", "-4", "--http1.0", url], capture_output=True, text=True, timeout=30).stdout
    assert head.startswith("HTTP/1.1 200 ") and head.count("\n\n") == 1 and head.endswith("\n\n")
    assert json.loads(old)["containers"] is not None


class Front:
    """A reverse proxy in front of a service, which keeps its connections to it. To the harness it is a service."""

    tls = token = netns = None
    host = "127.0.0.1"

    def __init__(self, kind, behind, folder):
        self.port = service.free_port()
        config = folder / kind
        config.write_text(getattr(self, "_" + kind)(behind.port, folder))
        command = {"nginx": ["nginx", "-c", config, "-p", folder], "haproxy": ["haproxy", "-db", "-f", config]}[kind]
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        try:
            until(lambda: self.process.poll() is None and self._answers(), f"{kind} to answer", 20)
        except BaseException:
            self.stop()
            raise

    def _answers(self):
        with socket.socket() as sock:
            return sock.connect_ex((self.host, self.port)) == 0

    connection, dial, request, get = (getattr(service.Service, name) for name in ("connection", "dial", "request", "get"))

    def _nginx(self, port, folder):
        return f"""daemon off; pid {folder}/pid; error_log {folder}/error; worker_processes 1; master_process off;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
  upstream service {{ server 127.0.0.1:{port}; keepalive 1; }}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      proxy_pass http://service; proxy_http_version 1.1; proxy_buffering off; proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""

    def _haproxy(self, port, _):
        return f"""defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout tunnel 1h
  http-reuse always
listen front
  bind 127.0.0.1:{self.port}
  server service 127.0.0.1:{port}
"""

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def front(request, tmp_path_factory):
    assert shutil.which(request.param), f"{request.param} is not installed"
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    behind = service.Service()
    try:
        running = Front(request.param, behind, folder)
        yield running
        running.stop()
    finally:
        behind.stop()


def test_requests_through_a_reverse_proxy_get_their_own_answers(front):
    for _ in range(3):
        assert front.get("/healthz").body == b"ok\n"
        assert front.get("/version").json["name"] == "packetflix"
        assert front.get("/nonsense").status == 404
        assert front.request("HEAD", "/mobyshark").body == b""
        assert front.request("POST", "/version", body=b"").status in (400, 405)
        assert front.get("/mobyshark").json["containers"] is not None


@pytest.mark.parametrize("attack", [
    b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3c\r\nGET /version HTTP/1.1\r\nHost: localhost\r\n"
    b"X: 0123456789abcd\r\n\r\n\r\n0\r\n\r\n",
    b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 44\r\n\r\nGET /version HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ids=["chunked", "length", "empty"])
def test_bodies_through_a_reverse_proxy_do_not_shift_answers(front, attack):
    """A proxy reuses its connection: what is left of a body must not become the next client's request."""
    for _ in range(3):
        with front.dial() as sock:
            sock.sendall(attack)
            data = sock.recv(65536)
        # nginx makes no body of an empty one
        assert len(statuses(data)) == 1 and statuses(data)[0] in (200, 400, 405, 501, 502), data
        assert front.get("/healthz").body == b"ok\n"


def test_a_capture_through_a_reverse_proxy_is_exact(front, plain_scene):
    viewer = Viewer(front, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0")
    run = Numbered(b"<fronted>", 600)
    run.send(plain_scene.sender, 300)
    viewer.wait_carrying(b"<fronted>", 300)
    assert run.numbers(viewer.stream.packets) == list(range(300))
    viewer.close()
