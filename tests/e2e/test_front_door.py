# SPDX-License-Identifier: MIT
"""The connections of the service: the order of answers, methods, browsers, crowds, and the end in the middle of everything."""
import contextlib
import re
import signal
import socket
import subprocess
import time

import pytest

from harness import service
from harness.client import Raw, Viewer, path
from harness.traffic import Numbered
from harness.wait import until

ROUTES = ["/", "/page.js", "/page.css", "/favicon.ico", "/openapi.json", "/version", "/healthz", "/readyz", "/metrics", "/mobyshark",
          "/discover/mobyshark", "/json", "/events", "/capture.pcapng?netns=1"]


def ask(target="/healthz", fields=""):
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode()


def answers_of(sock, count):
    """The statuses and bodies of COUNT answers with a Content-Length."""
    data, found = b"", []
    while len(found) < count:
        head, end, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if end and len(rest) >= int(length[1]):
            found.append((int(head.split(b" ")[1]), rest[:int(length[1])]))
            data = rest[int(length[1]):]
            continue
        part = sock.recv(65536)
        assert part, f"the connection ended after {found}"
        data += part
    assert data == b""
    return found


# -- requests and answers --------------------------------------------------------------------

@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pipelined_requests_are_answered_one_after_the_other(shared, size):
    """/mobyshark?fresh takes a scan, and what comes behind it waits."""
    requests = ask("/version") + ask("/mobyshark?fresh") + ask("/healthz") + ask("/nonsense") + ask("/version")
    with shared.dial() as sock:
        for at in range(0, len(requests), size):
            sock.sendall(requests[at:at + size])
        found = answers_of(sock, 5)
    assert [status for status, _ in found] == [200, 200, 200, 404, 200]
    assert b"packetflix" in found[0][1] and b"containers" in found[1][1] and found[2][1] == b"ok\n"


def test_a_body_nobody_asked_for_is_refused_and_the_service_lives(shared):
    with shared.dial() as sock:
        sock.sendall(ask() + ask(fields="Content-Length: 5\r\n") + b"hello" + ask())
        found = answers_of(sock, 2)
        assert [status for status, _ in found] == [200, 400]
        assert sock.recv(1000) == b""
    assert shared.get("/healthz").status == 200


@pytest.mark.parametrize("target,host", [("/mobyshark?x=%0AHost:[::1]", "evil.example"), ("/mobyshark%0d%0a", "localhost"),
                                         ("/mobyshark", "[::1]x.evil.example"), ("/mobyshark", "localhost:a,evil.example"),
                                         ("/mobyshark", "127.0.0.1:evil"), ("http://localhost/mobyshark", "127.0.0.1"),
                                         ("/%zz", "localhost"), ("/mobyshark#x", "localhost")])
def test_addresses_that_two_programs_could_understand_differently_are_refused(shared, target, host):
    with shared.dial() as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert answers_of(sock, 1)[0][0] == 400
        assert sock.recv(1000) == b""


@pytest.mark.parametrize("target", ROUTES)
def test_head_is_as_get_without_the_body_and_starts_nothing(shared, target):
    with shared.dial() as sock:
        sock.sendall(ask(target).replace(b"GET", b"HEAD", 1))
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(4096)
        assert head.startswith(b"HTTP/1.1 200 ") and head.endswith(b"\r\n\r\n")
        if b"\r\nConnection: close\r\n" not in head:
            sock.sendall(ask())
            assert answers_of(sock, 1) == [(200, b"ok\n")]
    assert shared.readers() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get", "X"])
@pytest.mark.parametrize("target", ["/version", "/mobyshark", "/capture.pcapng?netns=1", "/"])
def test_other_methods_are_answered_with_those_that_are_allowed(shared, method, target):
    answer = shared.request(method, target)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.json["error"]


def test_a_question_about_the_server_as_a_whole_is_answered_in_our_words(shared):
    with shared.dial() as sock:
        sock.sendall(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status, body = answers_of(sock, 1)[0]
    assert status == 405 and body.startswith(b'{"error":')


# -- browsers --------------------------------------------------------------------------------

PAGE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
IMAGE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("target", [t for t in ROUTES if t != "/"])
@pytest.mark.parametrize("how", [PAGE, IMAGE], ids=["page", "image"])
def test_pages_elsewhere_cannot_make_a_browser_ask(shared, site, target, how):
    answer = shared.get(target, headers={"Sec-Fetch-Site": site, **how})
    assert answer.status == 403 and answer.json["error"]
    assert shared.readers() == []


def test_pages_elsewhere_may_link_to_the_page_but_not_hold_it(shared):
    assert shared.get("/", headers={"Sec-Fetch-Site": "cross-site", **PAGE}).status == 200
    for how in (IMAGE, {**PAGE, "Sec-Fetch-Dest": "iframe"}):
        assert shared.get("/", headers={"Sec-Fetch-Site": "cross-site", **how}).status == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_page_and_its_user_get_everything(shared, site):
    for target in ("/", "/page.js", "/mobyshark"):
        assert shared.get(target, headers={"Sec-Fetch-Site": site}).status == 200


@pytest.mark.parametrize("target", [*ROUTES, "/nonsense"])
def test_every_answer_says_what_browsers_must_not_do_with_it(shared, target):
    with shared.dial() as sock:
        sock.sendall(ask(target).replace(b"GET", b"HEAD", 1))
        fields = sock.recv(8192).decode().lower()
    for field in ("x-content-type-options: nosniff", "x-frame-options: deny", "referrer-policy: no-referrer",
                  "cross-origin-resource-policy: same-origin", "frame-ancestors 'none'"):
        assert field in fields


def test_the_parts_of_the_page_need_no_token(start, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token\n")
    running = start("--token-file", token)
    for target in ("/", "/page.js", "/page.css", "/favicon.ico"):
        assert running.get(target).status == 200
    assert running.get("/mobyshark").status == 401
    assert running.get("/mobyshark?token=a-token").status == 200


def test_a_refused_host_is_logged_with_what_would_help_but_not_for_ever(start):
    running = start()
    for _ in range(50):
        assert running.get("/mobyshark", headers={"Host": "capture.example"}).status == 421
    until(lambda: "--allow-host capture.example" in running.log, "the hint")
    assert running.log.count("--allow-host") < 5


# -- crowds ----------------------------------------------------------------------------------

@contextlib.contextmanager
def crowd(running, count, data):
    """COUNT connections that have sent DATA and then say nothing."""
    held = []
    try:
        for _ in range(count):
            held.append(running.dial())
            held[-1].sendall(data)
        yield held
    finally:
        for sock in held:
            sock.close()


def left(held):
    """How many of them are still open."""
    count = 0
    for sock in held:
        sock.setblocking(False)
        try:
            count += sock.recv(65536) != b""
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


@pytest.mark.parametrize("data", [b"", b"GET /heal", ask()[:-2]], ids=["silent", "line", "head"])
def test_half_sent_requests_keep_nobody_out(start, data):
    running = start()
    with crowd(running, 600, data) as held:
        assert running.get("/healthz").status == 200
        assert running.get("/mobyshark").status == 200
        assert left(held) <= 128


def test_half_done_tls_handshakes_keep_nobody_out(start, tmp_path):
    key, cert = tmp_path / "key", tmp_path / "cert"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert,
                    "-subj", "/CN=localhost"], check=True, capture_output=True)
    running = start("--tls-cert", cert, "--tls-key", key, tls=service.tls_context(cert))
    held = []
    try:
        for _ in range(300):
            held.append(running.dial(tls=False))
            held[-1].sendall(b"\x16\x03\x01\x02\x00\x01")
        assert running.get("/healthz").status == 200
        assert running.get("/mobyshark").status == 200
    finally:
        for sock in held:
            sock.close()


def test_idle_connections_make_room_for_others(start):
    running = start("--max-connections", "32")
    with crowd(running, 24, ask()) as held:
        for sock in held:
            assert answers_of(sock, 1) == [(200, b"ok\n")]
        with crowd(running, 24, ask()) as more:
            for sock in more:
                assert answers_of(sock, 1) == [(200, b"ok\n")]
            assert running.get("/mobyshark").status == 200
    assert running.metrics()["packetflix_evicted_connections_total"] > 0


def test_when_all_are_at_work_health_is_still_told_and_others_are_refused_in_words(start, plain_scene):
    running = start("--max-connections", "4")
    viewers = [Viewer(running, netns=plain_scene.inode, nif="lo").wait_interfaces("lo") for _ in range(4)]
    for target in ("/healthz", "/readyz", "/metrics"):
        assert running.get(target).status == 200
    answer = running.get("/mobyshark")
    assert (answer.status, answer.json["error"]) == (503, "too many connections")
    for viewer in viewers:
        viewer.close()
    until(lambda: running.get("/mobyshark").status == 200, "a free place")


def test_descriptors_are_kept_for_the_service_itself(start, plain_scene):
    """Clients that hold all they can get do not keep discovery or captures from working."""
    running = start("--max-connections", "1000", wrapper=("prlimit", "--nofile=256:256"))
    with crowd(running, 300, ask()):
        assert running.get("/mobyshark?fresh").status == 200
        Viewer(running, netns=plain_scene.inode, nif="lo").wait_interfaces("lo").close()


def test_the_send_buffers_of_viewers_are_bounded_and_counted(start, plain_scene):
    """All viewers share one capture; what the kernel may keep for each comes on top."""
    budget = 16 << 20
    running = start("--memory", "16M", "--ring-size", "2M", "--stream-size", "2M")
    viewers, reason = [], None
    while reason is None and len(viewers) < 200:
        viewer = Viewer(running, netns=plain_scene.inode, nif="lo")
        try:
            viewers.append(viewer.wait_interfaces("lo"))
        except AssertionError:
            viewer.wait_end()
            reason = viewer.close_reason
    assert reason and "memory" in reason and viewers
    assert len(running.readers()) == 1
    used = running.metrics()["packetflix_capture_memory_bytes"]
    sizes = subprocess.run(["ss", "-tmnH", "sport", "=", f":{running.port}"], capture_output=True, text=True, check=True).stdout
    kept = sum(map(int, re.findall(r",tb(\d+),", sizes)))
    assert kept / 2 < used <= budget
    viewers.pop().close()
    until(lambda: running.metrics()["packetflix_capture_memory_bytes"] < used, "room for a viewer")


# -- the end ---------------------------------------------------------------------------------

def test_while_it_ends_health_is_told_and_nothing_new_begins(start, plain_scene):
    """A viewer that does not read keeps it from ending for a while."""
    running = start()
    where = path({"netns": plain_scene.inode, "nif": "eth0"}, "/capture")
    with Raw(running, rcvbuf=4096) as stuck:
        stuck.sock.sendall(stuck.request(where))
        watching = Viewer(running, netns=plain_scene.inode, nif="eth0", save=False, keep=0).wait_interfaces("eth0")
        run = Numbered(b"<stuck>", 1400)
        run.send(plain_scene.local, 4000)
        watching.wait(lambda s: s.packet_count >= 4000, "the packets")
        running.process.send_signal(signal.SIGTERM)

        def refuses():
            try:
                return running.get("/readyz").status == 503
            except ConnectionResetError:  # when the end began, the request was not there yet
                return False
        until(refuses, "the end to begin")
        assert running.get("/healthz").status == 200 and running.get("/metrics").status == 200
        assert running.get("/readyz").json["error"] == "shutting down"
        answer = running.get("/mobyshark")
        assert (answer.status, answer.json["error"]) == (503, "the service is shutting down")


def test_it_ends_in_the_middle_of_every_kind_of_request(start, plain_scene, new_netns):
    """Three times, as what is under way differs: AddressSanitizer looks on in the sanitized build."""
    for _ in range(20):
        new_netns()
    for pause in (0, 0.01, 0.05):
        running = start("--log-requests")
        held = []
        kinds = [b"", b"GET /ver", ask(), ask("/json?fresh", "Accept-Encoding: gzip\r\n"),
                 ask("/json?ieappicons&fresh", "Accept-Encoding: gzip\r\n"), ask("/mobyshark?fresh"), ask("/json") * 20,
                 ask("/events"), ask(path({"netns": plain_scene.inode}, "/capture.pcapng")),
                 ask(path({"container": '{"name":"nobody"}'}, "/capture.pcapng"))]
        with contextlib.ExitStack() as stack:
            for data in kinds * 3:
                sock = stack.enter_context(contextlib.closing(running.dial()))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.sendall(data)
                held.append(sock)
            for where in ("/capture", "/mobydig"):
                raw = stack.enter_context(Raw(running))
                raw.sock.sendall(raw.request(path({"netns": plain_scene.inode, "target": "x"}, where)))
            time.sleep(pause)     # whatever is under way then
            running.stop()
        assert "AddressSanitizer" not in running.log and "runtime error" not in running.log
