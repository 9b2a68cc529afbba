# SPDX-License-Identifier: MIT
"""With --proxy-discovery everything not handled here goes to Ghostwire, in the way the web UI depends on."""
import base64
import contextlib
import hashlib
import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import service
from harness.client import TEXT, Raw, Viewer, refusal
from harness.wait import until


class Ghostwire(ThreadingHTTPServer):
    """A stand-in that remembers every request and answers as it is told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.document = {"metadata": {}, "containers": []}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def last(self):
        return self.seen[-1]

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionResetError, BrokenPipeError, ValueError):
            self.close_connection = True

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, self.headers, body))
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self.websocket()
        if self.path.startswith("/chunked"):
            return self.chunked()
        if self.path.startswith("/status/"):
            return self.plain(int(self.path[8:11]), b"told so", "text/plain")
        if self.path.startswith("/large"):
            return self.plain(200, b"L" * 5_000_000, "application/octet-stream")
        if self.path.startswith("/broken-json"):
            return self.plain(200, b"<html>", "text/html")
        document = self.server.document
        return self.plain(200, document if isinstance(document, bytes) else json.dumps(document).encode(),
                          "application/json")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def plain(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Backend", "ghostwire")
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)

    def chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (b"first,", b"second,", b"third"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def websocket(self):
        """Accept, greet with one text frame, then send every byte back that comes."""
        key = self.headers["Sec-WebSocket-Key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key).digest()).decode())
        self.end_headers()
        self.wfile.write(b"\x81\x05hello")
        while data := self.connection.recv(65536):
            self.server.echoed = getattr(self.server, "echoed", b"") + data
            self.wfile.write(data)
        self.close_connection = True


@pytest.fixture(scope="module")
def pair():
    """A stand-in and a packetflix that proxies to it."""
    ghostwire = Ghostwire()
    running = service.Service("--proxy-discovery", "--discovery-service", "127.0.0.1", "--gw-port", ghostwire.port)
    running.ghostwire = ghostwire
    yield running
    running.stop()
    ghostwire.close()


@pytest.mark.parametrize("asked,forwarded", [
    ("/discover/mobyshark", "/mobyshark"), ("/mobyshark", "/mobyshark"), ("/json", "/json"), ("/", "/"),
    ("/discover/json", "/discover/json"), ("/static/js/main.js", "/static/js/main.js"),
    ("/json?ieappicons", "/json?ieappicons"), ("/x?a=1&b=%20+%2F&&c", "/x?a=1&b=%20+%2F&&c"),
    ("/discover/mobyshark?x=y", "/mobyshark?x=y"), ("/with/end/", "/with/end"), ("/a%20b", "/a%20b"),
    ("/discover/mobyshark/more", "/discover/mobyshark/more"), ("/capture/", "/capture"), ("/capture/x", "/capture/x"),
    ("/versions", "/versions")])
def test_paths_are_rewritten_exactly_as_the_original_does(pair, asked, forwarded):
    answer = pair.get(asked)
    assert answer.status == 200 and answer.headers["X-Backend"] == "ghostwire"
    assert pair.ghostwire.last()[1] == forwarded


@pytest.mark.parametrize("asked", ["/version", "/capture", "/capture?netns=1", "/version?x", "/healthz", "/metrics",
                                   "/capture.pcapng?netns=x"])
def test_what_is_handled_here_is_never_proxied(pair, asked):
    before = len(pair.ghostwire.seen)
    answer = pair.get(asked)
    assert answer.headers["X-Backend"] is None
    assert len(pair.ghostwire.seen) == before


def test_the_original_headers_are_set(pair):
    pair.get("/json", headers={"Enable-Monolith": "no", "User-Agent": "me/1", "X-Forwarded-Prefix": "/edge",
                               "X-Forwarded-Uri": "/edge/json", "X-Custom": "kept"})
    headers = pair.ghostwire.last()[2]
    assert headers.get_all("Enable-Monolith") == ["Affirmative, Dave"]
    assert headers["Host"] == f"127.0.0.1:{pair.ghostwire.port}"
    assert headers["User-Agent"] == "me/1"
    assert (headers["X-Forwarded-Prefix"], headers["X-Forwarded-Uri"], headers["X-Custom"]) == (
        "/edge", "/edge/json", "kept")
    assert headers.get_all("X-Forwarded-For") == ["127.0.0.1"]


def test_the_clients_address_is_appended_to_the_forwarded_ones(pair):
    pair.get("/json", headers={"X-Forwarded-For": "203.0.113.1, 203.0.113.2"})
    assert pair.ghostwire.last()[2].get_all("X-Forwarded-For") == ["203.0.113.1, 203.0.113.2, 127.0.0.1"]


def test_a_missing_user_agent_is_not_invented(pair):
    with pair.dial() as sock:
        sock.sendall(b"GET /json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while sock.recv(65536):
            pass
    assert not pair.ghostwire.last()[2]["User-Agent"]


def test_hop_by_hop_headers_stay_here(pair):
    pair.get("/json", headers={"Connection": "X-Drop, keep-alive", "X-Drop": "1", "Keep-Alive": "timeout=5", "TE": "gzip",
                               "Proxy-Authorization": "Basic eA==", "Proxy-Connection": "keep-alive"})
    headers = pair.ghostwire.last()[2]
    for name in ("X-Drop", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection"):
        assert headers[name] is None, name
    assert (headers["TE"] or "trailers") == "trailers"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_bodies_are_passed_on(pair, method, size):
    body = bytes(range(256)) * (size // 256 + 1)
    answer = pair.request(method, "/submit", body=body[:size], headers={"Content-Type": "application/x-test"})
    assert answer.status == 200
    seen_method, _, headers, seen = pair.ghostwire.last()
    assert seen_method == method and seen == body[:size] and headers["Content-Type"] == "application/x-test"


@pytest.mark.parametrize("status", [200, 204, 301, 404, 500, 503])
def test_statuses_and_bodies_come_back(pair, status):
    answer = pair.get(f"/status/{status}")
    assert answer.status == status
    assert answer.body == (b"" if status == 204 else b"told so") and answer.headers["X-Backend"] == "ghostwire"


@pytest.mark.parametrize("status", [200, 204, 404, 503])
def test_the_log_has_the_status_and_size_of_a_relayed_answer(start, status):
    ghostwire = Ghostwire()
    try:
        running = start("--proxy-discovery", "--discovery-service", "127.0.0.1", "--gw-port", ghostwire.port,
                        "--log-requests")
        running.get(f"/status/{status}")
        line = until(lambda: next((l for l in running.log.splitlines() if "msg=answer" in l and "/status/" in l), None),
                     "the answer to be logged")
    finally:
        ghostwire.close()
    assert f"status={status} " in line and int(re.search(r" bytes=(\d+)", line)[1]) > 0


def test_a_head_request_has_no_body(pair):
    answer = pair.request("HEAD", "/json")
    assert answer.status == 200 and answer.body == b"" and pair.ghostwire.last()[0] == "HEAD"


def test_chunked_and_large_answers_come_back_whole(pair):
    assert pair.get("/chunked").body == b"first,second,third"
    assert pair.get("/large").body == b"L" * 5_000_000


def test_nothing_behind_a_chunked_body_is_passed_on(pair):
    before = len(pair.ghostwire.seen)
    with pair.dial() as sock:
        sock.sendall(b"POST /first HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"3\r\nabc\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert b" 200 " in sock.recv(65536)
        while sock.recv(65536):
            pass
    assert [(where, body) for _, where, _, body in pair.ghostwire.seen[before:]] == [("/first", b"abc")]


@pytest.mark.parametrize("body", [b"3\nabc\r\n0\r\n\r\n", b"x\r\n", b"3\r\nabcd\r\n"], ids=["bare-lf", "no-size", "long"])
def test_a_malformed_chunked_body_ends_the_connection(pair, body):
    with pair.dial() as sock:
        sock.sendall(b"POST /broken HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(65536) == b""


def test_several_requests_over_one_connection(pair):
    link = pair.connection()
    for number in range(5):
        link.request("GET", f"/json?{number}")
        answer = link.getresponse()
        assert answer.read() and answer.status == 200
        assert pair.ghostwire.last()[1] == f"/json?{number}"
    link.close()


@pytest.mark.parametrize("size", [1, 125, 1000, 100_000])
def test_websocket_upgrades_pass_both_ways(pair, size):
    with Raw(pair) as raw:
        status, fields = raw.handshake("/mobydig?target=web%20one", {"X-Custom": "1"})
        assert status == 101
        assert raw.frame() == (True, TEXT, b"hello")
        method, where, headers, _ = pair.ghostwire.last()
        assert where == "/mobydig?target=web%20one" and headers["Enable-Monolith"] == "Affirmative, Dave"
        assert fields["sec-websocket-accept"]
        raw.sock.settimeout(20)
        payload = bytes(i & 0xFF for i in range(size))
        raw.sock.sendall(payload)
        assert raw._exactly(size) == payload


def test_a_foreign_origin_does_not_reach_ghostwire(pair):
    before = len(pair.ghostwire.seen)
    assert pair.get("/json", headers={"Origin": "http://evil.example"}).status == 403
    assert pair.get("/json", headers={"Host": "evil.example"}).status in (400, 403, 421)
    assert len(pair.ghostwire.seen) == before


def test_a_backend_that_is_down_gives_502_with_an_empty_body(start):
    running = start("--proxy-discovery", "--gw-port", service.free_port())
    answer = running.get("/json")
    assert (answer.status, answer.body) == (502, b"")
    with Raw(running) as raw:
        assert raw.handshake("/mobydig?target=x")[0] == 502
    assert running.get("/version").status == 200


def test_a_backend_that_says_nonsense_gives_502(start):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        running = start("--proxy-discovery", "--gw-port", server.getsockname()[1])

        def serve():
            while True:
                try:
                    link, _ = server.accept()
                except OSError:
                    return
                with link:
                    link.recv(1000)
                    link.sendall(b"\0\1\2 nonsense\r\n\r\n")
        threading.Thread(target=serve, daemon=True).start()
        assert running.get("/json").status == 502


def test_without_the_flag_nothing_is_proxied(start):
    ghostwire = Ghostwire()
    try:
        running = start("--discovery-service", "127.0.0.1", "--gw-port", ghostwire.port)
        assert running.get("/json").json["network-namespaces"]
        assert running.get("/static/js/main.js").status == 404
        assert running.get("/discover/mobyshark").json["containers"]
        assert ghostwire.seen == []
    finally:
        ghostwire.close()


# -- resolution by name ----------------------------------------------------------------------

NOT_FOUND = "could not locate network namespace for container"
UNUSABLE = "cannot update container/target meta data: "
UNREACHABLE = "cannot update container meta data: "


def listed(ns, **changes):
    return {"name": "shop", "type": "docker", "netns": ns.inode, "network-interfaces": ["lo"], "pid": 0, "starttime": 0,
            "prefix": "", **changes}


@pytest.fixture
def listing(pair):
    """Sets what Ghostwire lists, for one test."""
    before = pair.ghostwire.document

    def set_to(*containers, document=None):
        pair.ghostwire.document = document if document is not None else {"metadata": {}, "containers": containers}
        pair.ghostwire.seen.clear()
    yield set_to
    pair.ghostwire.document = before


@pytest.mark.parametrize("asked", [{"name": "shop"}, {"name": "shop", "prefix": "", "type": "pod"},
                                   {"name": "shop", "pid": 1, "starttime": 1, "netns": 4026531840}])
def test_names_are_resolved_by_ghostwires_list(pair, listing, plain_scene, new_netns, asked):
    other = new_netns()
    listing(listed(other, prefix="nested"), listed(plain_scene), listed(other))
    viewer = Viewer(pair, container=json.dumps(asked)).wait_interfaces("eth0")  # the other one has none
    assert viewer.stream.document["container-name"] == "shop"
    assert viewer.stream.document["container-type"] == "docker"
    assert [seen[:2] for seen in pair.ghostwire.seen] == [("GET", "/mobyshark")]


def test_a_prefix_must_match_too(pair, listing, new_netns):
    listing(listed(new_netns(), prefix="nested"))
    assert refusal(pair, container=json.dumps({"name": "shop"})) == (1008, NOT_FOUND)


def test_a_namespace_that_is_known_needs_no_list(pair, listing, new_netns):
    listing()
    Viewer(pair, netns=new_netns().inode).wait_interfaces("lo")
    assert pair.ghostwire.seen == []


def test_a_process_that_ended_since_ghostwire_listed_it_is_not_found(pair, listing, new_netns):
    ns = new_netns()
    listing(listed(ns, pid=2**30, starttime=7))
    assert refusal(pair, container=json.dumps({"name": "shop"})) == (1008, NOT_FOUND)


@pytest.mark.parametrize("document", [b"<html>", b"", b'{"containers": 5}', b'{"containers": [{"name": "shop", "prefix": "", '
                                      b'"netns": "x"}]}', b"[" * 100000])
def test_a_list_that_cannot_be_used_is_named_as_the_reason(pair, listing, document):
    listing(document=document)
    code, reason = refusal(pair, container=json.dumps({"name": "shop"}))
    assert code == 1011 and reason.startswith(UNUSABLE) and len(reason) > len(UNUSABLE)


def test_an_unreachable_ghostwire_is_named_as_the_reason(start):
    running = start("--proxy-discovery", "--gw-port", service.free_port())
    code, reason = refusal(running, container=json.dumps({"name": "shop"}))
    assert code == 1011 and reason.startswith(UNREACHABLE) and "refused" in reason
    assert running.get("/capture.pcapng?container=" + json.dumps({"name": "shop"}).replace(" ", "%20")).status == 502


@pytest.mark.parametrize("answer", [b"nonsense", b"HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n{}",
                                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b""])
def test_an_answer_that_is_cut_short_or_no_http_is_named_as_the_reason(start, answer):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve():
            link, _ = server.accept()
            with link:
                link.recv(1000)
                link.sendall(answer)
        threading.Thread(target=serve, daemon=True).start()
        running = start("--proxy-discovery", "--gw-port", server.getsockname()[1])
        code, reason = refusal(running, container=json.dumps({"name": "shop"}))
    assert code == 1011 and reason.startswith(UNREACHABLE)


def test_a_client_that_leaves_while_ghostwire_is_silent_leaves_nothing(start):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        running = start("--proxy-discovery", "--gw-port", server.getsockname()[1])
        viewer = Viewer(running, container=json.dumps({"name": "shop"}))
        link, _ = server.accept()
        viewer.drop()
        with link:
            link.settimeout(20)
            while link.recv(1000):
                pass
    assert running.get("/healthz").status == 200
