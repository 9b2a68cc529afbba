# SPDX-License-Identifier: MIT
"""libcsharg through its examples: against packetflix on real traffic, and against a stand-in for the original service."""
import ctypes
import errno
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading

import pytest

from harness import pcapng
from harness.original import BINARY, PING, TEXT, Close, Eof, Original, Play, Stay, target
from harness.service import REPO
from harness.traffic import Numbered
from harness.tunnel import tunnel
from harness.wait import until

EXAMPLES = REPO / "build-release" / "examples"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
VALGRIND = ("valgrind", "--error-exitcode=77", "--leak-check=full", "-q")


class Run:
    """A running example."""

    def __init__(self, name, *words, wrapper=(), env=None, output=None):
        command = [*wrapper, EXAMPLES / f"example-{name}", *map(str, words)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output or subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**ENVIRONMENT, **(env or {})}, text=True)

    def end(self, timeout=20):
        """(status, stdout, stderr)"""
        try:
            out, err = self.process.communicate(timeout=timeout)
        finally:
            self.close()
        return self.process.returncode, out, err

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def run(name, *words, **options):
    return Run(name, *words, **options).end()


@pytest.fixture
def original():
    with Original() as service:
        service.targets = [target("web", interfaces=["eth0"])]
        yield service
        assert not service.errors, service.errors


def to_file(service, tmp_path, *more, name="web", **options):
    """Capture the target NAME of SERVICE; returns (status, words, bytes of the file)."""
    path = tmp_path / "out.pcapng"
    status, _, words = run("capture_to_file", service.url, name, path, *more, **options)
    return status, words, path.read_bytes() if path.exists() else b""


def numbers(stream):
    return sorted(int.from_bytes(p.data[:4], "big") for p in stream.packets)


# -- against packetflix ------------------------------------------------------------------------

def box_target(shared, box):
    """The name of a process in the namespace BOX."""
    child = box.popen(["sleep", "1000"])
    name = f"sleep({child.pid})"
    until(lambda: shared.target(name=name), f"{name} to be listed")
    return name


def test_packets_of_real_traffic_reach_the_callback(shared, plain_scene):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"library-callback", 100)
    example = Run("analyse_packets", f"http://127.0.0.1:{shared.port}", name, 500, "udp port 9")
    shared.wait_readers(1)
    sent = 0
    while example.process.poll() is None and sent < 200000:
        sent += frames.send(plain_scene.sender, 100, sent, pause_every=100, pause_s=0.01)
    status, out, words = example.end()
    assert status == 0 and "limit of packets" in words, words
    lines = out.splitlines()
    assert len(lines) == 500 and all(line.startswith("eth0 ") for line in lines), lines[:3]
    assert all(line.split(" ")[2] == "100" for line in lines)


def test_a_capture_to_a_file_ends_by_a_signal_and_names_its_target(shared, plain_scene, tmp_path):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"library-file")
    path = tmp_path / "out.pcapng"
    example = Run("capture_to_file", f"127.0.0.1:{shared.port}", name, path)
    until(lambda: path.exists() and path.stat().st_size > 0, "the header in the file")
    frames.send(plain_scene.sender, 1000, pause_every=100, pause_s=0.005)

    def there():
        return len(pcapng.parse(path.read_bytes()).carrying(b"library-file")) == 1000
    until(there, "all packets in the file")
    example.process.send_signal(signal.SIGTERM)
    status, _, words = example.end()
    assert status == 0 and words.startswith("stopped:"), words
    stream = pcapng.parse(path.read_bytes())
    assert stream.document["container-name"] == name
    assert stream.document["node-name"] == "127.0.0.1"
    assert stream.comment.count(pcapng.MARKER) == 1


def test_packets_per_second_runs_in_an_event_loop(shared, plain_scene):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"library-rate")
    example = Run("packets_per_second", f"http://127.0.0.1:{shared.port}", name, 2)
    shared.wait_readers(1)
    sent = 0
    while example.process.poll() is None:
        sent += frames.send(plain_scene.sender, 100, sent, pause_every=50, pause_s=0.01)
    status, out, words = example.end()
    assert status == 0, words
    assert sum(map(int, out.split())) > 0, out


@pytest.mark.parametrize("text", ["abc", "", "5m", "-1", " 5", "99999999999999999999"])
@pytest.mark.parametrize("name", ["analyse_packets", "capture_to_file", "packets_per_second"])
def test_a_limit_that_is_no_number_is_refused(tmp_path, name, text):
    path = tmp_path / "out.pcapng"
    status, out, words = run(name, "http://192.0.2.1:1", "web", *([path] if name == "capture_to_file" else []), text)
    assert status == 2 and f"'{text}' is not a number" in words, words
    assert not out and not path.exists()


# -- against the original service --------------------------------------------------------------

def test_a_normal_end_of_the_original_service(original, tmp_path):
    original.plays = [Play(packets=300, empty_messages=3, chunk=777, ending=Close())]
    status, words, data = to_file(original, tmp_path)
    assert status == 0 and "capture process terminated: 300 packets" in words, words
    stream = pcapng.parse(data)
    assert numbers(stream) == list(range(300))
    assert stream.document == {"container-name": "web", "container-type": "docker", "node-name": "127.0.0.1"}


def test_query_and_headers_say_the_same_in_order(original, tmp_path):
    original.targets = [target("web", interfaces=["eth0"], pid=5)]
    original.plays = [Play(packets=1, ending=Close())]
    status, out, words = run("analyse_packets", original.url, "web", 1, "tcp port 80 or host 192.0.2.1")
    assert status == 0, words
    asked = original.requests[0]
    assert list(asked.query) == ["container", "filter", "nif"]
    assert asked.query["nif"] == asked.words["clustershark-nif"] == "eth0"
    assert asked.query["filter"] == asked.words["clustershark-filter"] == "tcp port 80 or host 192.0.2.1"
    assert asked.query["container"] == asked.words["clustershark-container"]
    assert "filter=tcp+port+80+or+host+192.0.2.1" in asked.raw_query
    assert asked.query["container"].startswith('{"name":"web","type":"docker","netns":4026532000,'
                                               '"network-interfaces":["eth0"],"prefix":""')
    assert '"pid"' not in asked.query["container"] and "origin" not in asked.words


def test_a_target_without_interfaces_is_captured_with_any(original, tmp_path):
    original.targets = [target("web", interfaces=[])]
    original.plays = [Play(packets=1, ending=Close())]
    assert to_file(original, tmp_path)[0] == 0
    assert original.requests[0].query["nif"] == "any"


@pytest.mark.parametrize("ending, status, expected", [
    (Close(1006, "could not locate network namespace for container"), 1,
     "could not locate network namespace for container"),
    (Close(1011, ""), 1, "close code 1011"),
    (Close(4000, "grün"), 1, "grün"),
    (Close(999, "what"), 1, "impossible code 999"),
    (Eof(), 1, "the connection to the service ended without a reason"),
    (Close(1000, ""), 0, "the service ended the capture"),
], ids=["1006", "no-words", "own", "impossible", "eof", "normal"])
def test_ends_of_the_original_service(original, tmp_path, ending, status, expected):
    original.plays = [Play(packets=3, ending=ending)]
    found, words, data = to_file(original, tmp_path)
    assert found == status and expected in words, words
    assert len(pcapng.parse(data).packets) == 3


def test_a_failure_before_any_data_leaves_an_empty_file_and_words(original, tmp_path):
    original.plays = [Play(ending=Close(1006, "cannot start capture process"))]
    status, words, data = to_file(original, tmp_path)
    assert status == 1 and "cannot start capture process" in words and data == b""


def test_a_truncated_last_block_is_left_out(original, tmp_path):
    original.plays = [Play(packets=10, cut=17, ending=Eof())]
    status, words, data = to_file(original, tmp_path)
    assert status == 1 and len(pcapng.parse(data).packets) == 9, words


def test_big_endian_streams_stay_so(original, tmp_path):
    original.plays = [Play(packets=4, big_endian=True, ending=Close())]
    status, words, data = to_file(original, tmp_path)
    assert status == 0 and data[8:12] == b"\x1a\x2b\x3c\x4d", words
    assert "Number of packets:   4" in subprocess.run(["capinfos", "-M", tmp_path / "out.pcapng"], check=True,
                                                      capture_output=True, text=True).stdout


def test_losses_that_statistics_tell_are_counted(original, tmp_path):
    original.plays = [Play(packets=4, statistics=7, ending=Close())]
    status, words, _ = to_file(original, tmp_path)
    assert status == 0 and "4 packets, 7 lost" in words


def test_stopping_says_ciao_and_waits_for_the_answer(original, tmp_path):
    original.plays = [Play(packets=5, ending=Stay())]
    status, words, data = to_file(original, tmp_path, 1)
    assert status == 0 and "the time is over: 5 packets" in words
    until(lambda: original.requests[0].heard, "the close")
    assert original.requests[0].heard[-1] == (8, b"\x03\xe8ciao")


@pytest.mark.parametrize("frames, expected", [
    ([(TEXT, b"hello", True)], "text message"),
    ([(0, b"x", True)], "wrong order"),
    ([(BINARY, b"", False), (BINARY, b"", True)], "wrong order"),
    ([(3, b"", True)], "unknown kind"),
    ([(PING, b"", False)], "control frame"),
    ([(BINARY, b"\x01\0\0\0\xff\xff\xff\x7f\0\0\0\0", True)], "impossible length"),
    ([(BINARY, b"\x06\0\0\0\x20\0\0\0\x09\0\0\0" + bytes(16) + b"\x20\0\0\0", True)], "not described"),
], ids=["text", "continuation", "nested", "kind", "fragmented-ping", "block-length", "interface"])
def test_what_no_service_may_send_ends_the_capture(original, tmp_path, frames, expected):
    original.plays = [Play(packets=2, frames=frames)]
    status, words, data = to_file(original, tmp_path)
    assert status == 1 and expected in words, words
    assert len(pcapng.parse(data).packets) == 2


def test_pings_are_answered_and_pieces_are_put_together(original, tmp_path):
    original.plays = [Play(packets=2, frames=[(PING, b"abc", True), (BINARY, b"", False), (PING, b"d", True),
                                              (0, b"", True)], ending=Stay())]
    status, words, _ = to_file(original, tmp_path, 1)
    assert status == 0, words
    assert [payload for opcode, payload in original.requests[0].heard if opcode == 10] == [b"abc", b"d"]


def test_something_else_than_pcapng_is_refused(original, tmp_path):
    original.plays = [Play(raw=b"<html>" * 100)]
    status, words, data = to_file(original, tmp_path)
    assert status == 1 and "not pcapng" in words and data == b""


@pytest.mark.parametrize("answer, expected", [
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nouch\n", "status 502"),
    (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", "not followed"),
    (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 22\r\n\r\n{\"error\":\"say please\"}", "say please"),
    (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
     "does not belong"),
    (b"SSH-2.0-x\r\n", "does not speak HTTP"), (b"", "without an answer"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000, "no end or is too long"),
], ids=["502", "redirect", "401", "accept", "ssh", "nothing", "endless"])
def test_answers_that_are_no_upgrade(original, tmp_path, answer, expected):
    original.plays = [Play(answer=answer)]
    status, words, _ = to_file(original, tmp_path)
    assert status == 1 and expected in words, words


@pytest.mark.parametrize("listing, expected", [
    ((404, "text/plain", "404 page not found\n"), "404"), ((200, "text/html", "<html>hello</html>"), "a web page"),
    ((502, "text/plain", ""), "502"), ((200, "application/json", "[1]"), "not an object"),
    ((200, "application/json", '{"containers":[{"name":1}]}'), 'member "name"'),
    ((200, "application/json", '{"containers":' + "[" * 1000 + "]" * 1000 + "}"), "deeply nested"),
    ((302, "text/plain", ""), "not followed"),
], ids=["404", "html", "502", "array", "type", "deep", "redirect"])
def test_lists_that_are_none(original, tmp_path, listing, expected):
    original.listing = listing
    status, words, _ = to_file(original, tmp_path)
    assert status == 1 and expected in words, words


def test_a_discovery_service_itself_is_asked_at_its_own_path(original, tmp_path):
    original.discovery_path = "/mobyshark"
    original.plays = [Play(packets=1, ending=Close())]
    original.targets = [target("web")]
    assert to_file(original, tmp_path)[0] == 0


def test_names_that_are_ambiguous_need_their_prefix(original, tmp_path):
    original.targets = [target("web"), target("web", prefix="kind", netns=4026532001)]
    original.plays = [Play(packets=1, ending=Close())]
    assert 'ambiguous capture target "web" matches 2 targets' in to_file(original, tmp_path)[1]
    assert 'capture target "nope" not found' in to_file(original, tmp_path, name="nope")[1]
    assert to_file(original, tmp_path, name="kind:web")[0] == 0
    assert '"netns":4026532001' in original.requests[0].query["container"]


def test_filters_over_several_interfaces_are_captured_one_by_one_and_merged(original, tmp_path):
    original.targets = [target("web", interfaces=["eth0", "eth1", "lo"])]
    original.plays = [Play(packets=20, ending=Close())]
    status, out, words = run("analyse_packets", original.url, "web", 0, "tcp")
    assert status == 0, words
    assert sorted(request.query["nif"] for request in original.requests) == ["eth0", "eth1", "lo"]
    names = [line.split(" ")[0] for line in out.splitlines()]
    assert {name: names.count(name) for name in names} == {"eth0": 20, "eth1": 20, "lo": 20}


def test_without_a_filter_one_connection_is_enough(original):
    original.targets = [target("web", interfaces=["eth0", "lo"])]
    original.plays = [Play(packets=20, ending=Close())]
    status, out, words = run("analyse_packets", original.url, "web")
    assert status == 0 and len(original.requests) == 1, words
    assert sorted(original.requests[0].query["nif"].split("/")) == ["eth0", "lo"]


def test_the_reader_of_a_pipe_may_leave(original):
    original.plays = [Play(packets=100, ending=Stay())]
    with tempfile.TemporaryDirectory() as folder:
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        example = Run("capture_to_file", original.url, "web", fifo)
        with open(fifo, "rb") as pipe:
            assert pipe.read(4) == b"\n\r\r\n"
        status, _, words = example.end()
    assert status == 1 and "the reader of the output has left" in words, words


def test_a_slow_reader_of_a_pipe_gets_everything(original):
    original.plays = [Play(packets=20000, ending=Close())]
    with tempfile.TemporaryDirectory() as folder:
        fifo = os.path.join(folder, "fifo")
        os.mkfifo(fifo)
        example = Run("capture_to_file", original.url, "web", fifo)
        with open(fifo, "rb") as pipe:
            data = b"".join(iter(lambda: pipe.read(1000), b""))
        assert example.end()[0] == 0
    assert len(pcapng.parse(data).packets) == 20000


class Options(ctypes.Structure):
    """struct csharg_client_options of version 1."""
    _fields_ = [("size", ctypes.c_size_t), ("token", ctypes.c_char_p), ("insecure", ctypes.c_bool),
                ("ca_file", ctypes.c_char_p), ("timeout_ms", ctypes.c_uint32), ("proxy", ctypes.c_char_p),
                ("no_proxy", ctypes.c_char_p), ("user_agent", ctypes.c_char_p)]


class OptionsNow(Options):
    """The same with what was appended since."""
    _fields_ = [("tokens_file", ctypes.c_char_p), ("plain_token", ctypes.c_bool),
                ("headers", ctypes.POINTER(ctypes.c_char_p)), ("n_headers", ctypes.c_size_t)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("text", ctypes.c_char * 512)]


def capture_by_ctypes(url, path, kind=Options, **options):
    """Capture the target {"name":"web"} through the shared object; returns (status, words)."""
    library, error = ctypes.CDLL(str(REPO / "out" / "libcsharg.so.1")), Error()
    client, web, stream = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    wanted = kind(ctypes.sizeof(kind), **{"timeout_ms": 10000, **options})
    for name in ("csharg_client_free", "csharg_target_free", "csharg_stream_free", "csharg_stream_run"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    rc = library.csharg_client_new(url.encode(), ctypes.byref(wanted), ctypes.byref(client), ctypes.byref(error))
    if rc == 0:
        rc = library.csharg_target_from_json(b'{"name":"web"}', ctypes.byref(web), ctypes.byref(error))
    if rc == 0:
        with open(path, "wb") as out:
            rc = library.csharg_capture_fd(client, web, None, out.fileno(), ctypes.byref(stream), ctypes.byref(error))
            if rc == 0:
                rc = library.csharg_stream_run(stream)
                library.csharg_stream_free(stream)
    library.csharg_target_free(web)
    library.csharg_client_free(client)
    return rc, error.text.decode()


def test_tls_is_verified_unless_told_otherwise(certificate, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    path = tmp_path / "tls.pcapng"
    with Original(tls=context) as service:
        service.plays = [Play(packets=5000, ending=Close())]
        rc, words = capture_by_ctypes(service.url, path)
        assert rc == -errno.ECONNREFUSED and "certificate" in words, words
        for options in ({"ca_file": str(certificate[0]).encode()}, {"insecure": True}):
            rc, words = capture_by_ctypes(service.url, path, **options)
            assert rc == 0, words
            assert len(pcapng.parse(path.read_bytes()).packets) == 5000


def test_a_token_is_sent_and_a_time_limit_kept(original, tmp_path):
    original.plays = [Play(silent=True)]
    rc, words = capture_by_ctypes(original.url, tmp_path / "x", token=b"secret", timeout_ms=300)
    assert rc == -errno.ETIMEDOUT and "did not answer" in words
    assert original.requests[0].words["authorization"] == "Bearer secret"


def test_captures_pass_through_a_proxy(original, tmp_path):
    heard, path = [], tmp_path / "proxied.pcapng"
    original.plays = [Play(packets=100, ending=Close())]
    through = {"token": b"secret", "proxy": f"http://127.0.0.1:{tunnel(heard)}".encode()}
    rc, words = capture_by_ctypes(original.url, path, **through)
    assert rc == -errno.EPERM and "without TLS" in words and not heard
    rc, words = capture_by_ctypes(original.url, path, kind=OptionsNow, plain_token=True, **through)
    assert rc == 0, words
    assert heard[0].startswith(f"CONNECT 127.0.0.1:{original.port} HTTP/1.1")
    assert "secret" not in heard[0] and original.requests[0].words["authorization"] == "Bearer secret"
    assert len(pcapng.parse(path.read_bytes()).packets) == 100


class Watch:
    """csharg_watch_run() in a thread; CHANGES are (what, name)."""

    class Target(ctypes.Structure):
        _fields_ = [("name", ctypes.c_char_p)]      # the first member is all we look at

    def __init__(self, url):
        self.library, self.client, self.changes, self.result = ctypes.CDLL(str(REPO / "out" / "libcsharg.so.1")), \
            ctypes.c_void_p(), [], None
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(self.Target))
        self._fn = kind(self._note)
        self.library.csharg_client_cancel.argtypes = self.library.csharg_client_free.argtypes = [ctypes.c_void_p]
        assert self.library.csharg_client_new(url.encode(), None, ctypes.byref(self.client), None) == 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _note(self, _, what, found):
        self.changes.append((("added", "removed", "changed", "current")[what],
                             found.contents.name.decode() if found else None))
        return 0

    def _run(self):
        self.result = self.library.csharg_watch_run(self.client, 50, self._fn, None, None)

    def end(self):
        self.library.csharg_client_cancel(self.client)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the watch does not end"
        self.library.csharg_client_free(self.client)
        return self.result


def test_changes_of_targets_are_told(original):
    original.targets = [target("one"), target("two")]
    watch = Watch(original.url)
    try:
        until(lambda: ("current", None) in watch.changes, "the first list")
        assert watch.changes[:3] == [("added", "one"), ("added", "two"), ("current", None)]
        original.targets = [target("two", interfaces=["eth0", "lo"]), target("three")]
        until(lambda: {("removed", "one"), ("changed", "two"), ("added", "three")} <= set(watch.changes), "changes")
        asked = len(original.gets)
        until(lambda: len(original.gets) > asked + 20, "more lists, each in another order")
        assert [what for what, _ in watch.changes].count("changed") == 1
    finally:
        assert watch.end() == 0


def test_a_process_that_comes_and_goes_is_told(shared, new_netns):
    watch, box = Watch(f"http://127.0.0.1:{shared.port}"), new_netns("watch")
    try:
        until(lambda: ("current", None) in watch.changes, "the first list")
        child = box.popen(["sleep", "1000"])
        until(lambda: ("added", f"sleep({child.pid})") in watch.changes, "the process")
        child.kill()
        child.wait()
        until(lambda: ("removed", f"sleep({child.pid})") in watch.changes, "its end")
    finally:
        assert watch.end() == 0


def test_valgrind_finds_nothing_in_the_examples(original, tmp_path):
    original.targets = [target("web", interfaces=["eth0", "lo"])]
    original.plays = [Play(packets=300, chunk=500, ending=Close())]
    for name, more in (("capture_to_file", [tmp_path / "v.pcapng"]), ("packets_per_second", [1]),
                       ("analyse_packets", [50, "tcp"])):
        status, _, words = Run(name, original.url, "web", *more, wrapper=VALGRIND).end(50)
        assert status == 0, words
