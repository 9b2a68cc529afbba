# SPDX-License-Identifier: MIT
"""The Python package csharg: on real traffic, and against a stand-in for the original service."""
import errno
import inspect
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest

from harness.original import Close, Eof, Original, Play, Stay, target
from harness.service import REPO, free_port
from harness.traffic import Numbered
from harness.wait import until

PACKAGE = REPO / "bindings" / "python"
os.environ["CSHARG_LIBRARY"] = str(REPO / "out" / "libcsharg.so.1")
sys.path.insert(0, str(PACKAGE))

import csharg  # noqa: E402
from csharg import _library  # noqa: E402


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("CSHARG_HOST", "CSHARG_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def original():
    with Original() as service:
        service.targets = [target("web", interfaces=["eth0", "eth1"])]
        yield service
        assert not service.errors, service.errors


@pytest.fixture
def client(original):
    with csharg.Client(original.url) as made:
        yield made


@pytest.fixture
def real(shared):
    with csharg.Client(f"http://127.0.0.1:{shared.port}") as made:
        yield made


@pytest.fixture
def name(shared, scene):
    """A listed process in the namespace 'box'."""
    child = scene.box.popen(["sleep", "1000"])
    until(lambda: shared.target(name=f"sleep({child.pid})"), "the process to be listed")
    return f"sleep({child.pid})"


# -- against packetflix ------------------------------------------------------------------------

def test_targets_are_those_of_the_service(shared, real, scene, name):
    found = real.find(name)
    assert (found.name, found.type, found.prefix, found.netns) == (name, "proc", "", scene.inode)
    assert "eth0" in found.interfaces and found.pid > 0 and found.netns_name == scene.box.name
    assert found in real.targets() and real.service().name == "packetflix"
    assert real.url == f"http://127.0.0.1:{shared.port}" and real.token_source == ""


class Sending:
    """Sends numbered frames while its block runs, so that a capture has some whenever it begins to see them."""

    def __init__(self, scene, marker):
        self.frames, self.sent = Numbered(marker, 100), 0
        self._sender, self._ends = scene.sender, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._ends.wait(0.005):
            self.sent += self.frames.send(self._sender, 10, self.sent)

    def __enter__(self):
        self._thread.start()
        return self

    def end(self):
        self._ends.set()
        self._thread.join()

    def __exit__(self, *_):
        self.end()


def number_of(packet, marker):
    at = packet.data.index(marker) + len(marker)
    return int.from_bytes(packet.data[at:at + 8], "big")


def drain(capture, sending, marker):
    """All packets of CAPTURE from the first that it sees to the last of SENDING, which is ended."""
    packets = [next(capture)]
    sending.end()
    while number_of(packets[-1], marker) != sending.sent - 1:
        packets.append(next(capture))
    return packets


def test_packets_are_exact(real, scene, name):
    with real.capture(name, interfaces=["eth0"], filter="udp port 9", max_packets=300, snaplen=80) as capture:
        with Sending(scene, b"python-exact") as sending:
            packets = list(capture)
        assert capture.end.reason is csharg.EndReason.PACKETS and "limit of packets" in capture.end.text
        assert (capture.counters.packets, capture.counters.lost, capture.counters.interfaces) == (300, 0, 1)
        assert "192.0.2.1" in capture.names
    first = number_of(packets[0], b"python-exact")
    assert [p.data for p in packets] == [sending.frames.frame(number)[:80] for number in range(first, first + 300)]
    assert {(p.interface, p.interface_id, p.linktype, p.original_length, p.lost_before, p.direction) for p in packets} == {
        ("eth0", 0, 1, 100, 0, "in")}
    times = [p.time_ns for p in packets]
    assert times == sorted(times) and abs(packets[0].time.timestamp() - times[0] / 1e9) < 1e-5


def test_another_thread_stops_a_silent_capture(real, scene, name):
    with real.capture(name, interfaces=["eth0"], filter="udp port 9") as capture:
        with Sending(scene, b"python-stop") as sending:
            packets = drain(capture, sending, b"python-stop")
        stopper = threading.Timer(0.2, capture.stop)
        stopper.start()
        assert list(capture) == []
        stopper.join()
        assert capture.end.reason is csharg.EndReason.STOPPED
    assert capture.counters.packets == len(packets), "the totals are kept after close()"


def test_statistics_add_up_when_the_service_ends(start, scene):
    service, child = start(), scene.box.popen(["sleep", "1000"])
    until(lambda: service.target(name=f"sleep({child.pid})"), "the process to be listed")
    with csharg.Client(f"http://127.0.0.1:{service.port}") as client, \
            client.capture(f"sleep({child.pid})", interfaces=["eth0"], filter="udp port 9") as capture:
        with Sending(scene, b"python-end") as sending:
            packets = drain(capture, sending, b"python-end")
        stopper = threading.Thread(target=service.stop)
        stopper.start()
        assert list(capture) == []
        stopper.join()
        assert capture.end.reason is csharg.EndReason.CLOSED and capture.end.close_code == 1001
        (shown,) = capture.statistics
    assert (shown.interface, shown.received, shown.delivered, shown.lost) == ("eth0", len(packets), len(packets), 0)


def test_a_duration_ends_a_silent_capture(real, name):
    with real.capture(name, filter="udp port 9", duration=0.3) as capture:
        assert list(capture) == []
    assert capture.end.reason is csharg.EndReason.DURATION


def test_a_filter_that_is_none_is_refused_in_words(real, name):
    with pytest.raises(csharg.Error) as caught, real.capture(name, filter="no such filter") as capture:
        list(capture)
    assert "filter" in str(caught.value)


def test_a_target_that_does_not_exist(real):
    with pytest.raises(csharg.TargetNotFoundError, match='capture target "no-such" not found') as caught:
        real.capture("no-such")
    assert caught.value.code == errno.ENOENT


def test_leaving_the_block_ends_the_capture(shared, real, name):
    with real.capture(name):
        shared.wait_readers(1)
    shared.wait_readers(0)


# -- against the original service --------------------------------------------------------------

def test_a_normal_end_with_losses(original, client):
    original.plays = [Play(packets=10, statistics=7, ending=Close())]
    with client.capture("web") as capture:
        packets = list(capture)
        assert list(capture) == [], "an ended capture has no more packets"
        statistics, order = capture.statistics, original.requests[0].query["nif"].split("/")
        assert sorted(order) == ["eth0", "eth1"]
        assert [(s.interface, s.interface_id, s.lost, s.received) for s in statistics] == [
            (order[0], 0, 7, None), (order[1], 1, 7, None)]
        assert capture.counters.lost == 14
        assert capture.end.reason is csharg.EndReason.CLOSED and capture.end.close_code == 1000
    assert [int.from_bytes(p.data[:4], "big") for p in packets] == list(range(10))
    assert [p.interface for p in packets] == order * 5
    assert [p.time_ns for p in packets] == [1700000000 * 10**9 + number for number in range(10)]


@pytest.mark.parametrize("ending, reason, words", [
    (Close(1006, "could not locate it"), csharg.EndReason.REFUSED, "could not locate it"),
    (Eof(), csharg.EndReason.LOST, "ended without a reason"),
], ids=["refused", "lost"])
def test_a_bad_end_is_raised_after_the_last_packet(original, client, ending, reason, words):
    original.plays = [Play(packets=3, ending=ending)]
    found = []
    with client.capture("web") as capture, pytest.raises(csharg.CaptureError, match=words) as caught:
        for packet in capture:
            found.append(packet)
    assert len(found) == 3
    assert caught.value.end.reason is reason and caught.value.code > 0


def test_several_targets_of_one_name(original, client):
    original.targets = [target("web", netns=1), target("web", netns=2)]
    with pytest.raises(csharg.AmbiguousTargetError, match="matches 2 targets"):
        client.find("web")


def test_a_target_is_usable_after_the_client_and_a_capture_after_both(original):
    original.plays = [Play(packets=3, ending=Close())]
    with csharg.Client(original.url) as client:
        capture = client.capture(client.targets()[0])
    with capture:
        assert len(list(capture)) == 3
    with pytest.raises(ValueError, match="closed"):
        client.targets()


def test_options_arrive(original, client):
    original.plays = [Play(packets=1, ending=Close())]
    with client.capture("web", interfaces=["eth1"], filter="tcp port 80", promiscuous=False, follow=5, names=False) as capture:
        list(capture)
    asked = original.requests[0].query
    assert (asked["nif"], asked["filter"], asked["follow"], asked["names"]) == ("eth1", "tcp port 80", "5", "off")
    assert "chaste" in asked


@pytest.mark.parametrize("limit", [{"duration": 0}, {"duration": -1}, {"duration": float("nan")}, {"max_packets": 0},
                                   {"max_bytes": -1}, {"snaplen": 2**32}, {"duration": float("inf")}])
def test_a_limit_never_becomes_no_limit(original, client, limit):
    with pytest.raises(ValueError, match=next(iter(limit))):
        client.capture("web", **limit)
    assert not original.requests


def test_the_smallest_duration_is_a_limit(original, client):
    original.plays = [Play(ending=Stay())]
    with client.capture("web", duration=0.00001) as capture:
        assert list(capture) == []
    assert capture.end.reason is csharg.EndReason.DURATION


def test_errors_of_clients():
    with pytest.raises(csharg.UnreachableError) as caught, csharg.Client(f"http://127.0.0.1:{free_port()}") as client:
        client.targets()
    assert caught.value.code == errno.ECONNREFUSED
    with pytest.raises(csharg.InvalidError):
        csharg.Client("http://")
    with pytest.raises(csharg.AccessError):
        csharg.Client("http://192.0.2.1:5001", token="secret")
    with pytest.raises(ValueError, match="NUL"):
        csharg.Client("http://a\0b")
    with pytest.raises(ValueError, match="timeout"):
        csharg.Client(timeout=0)


def test_a_cancelled_client_raises(original):
    with csharg.Client(original.url) as client:
        client.cancel()
        with pytest.raises(csharg.Error) as caught:
            client.targets()
    assert caught.value.code == errno.ECANCELED


def test_an_exception_in_a_callback_ends_the_capture(original, client, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt
    original.plays = [Play(packets=3, ending=Close())]
    monkeypatch.setattr(csharg.pcapng, "Packet", fail)
    with client.capture("web") as capture, pytest.raises(KeyboardInterrupt):
        next(capture)


# -- files -------------------------------------------------------------------------------------

@pytest.fixture
def saved(original, tmp_path):
    original.plays = [Play(packets=4, statistics=1, ending=Close())]
    path = tmp_path / "saved.pcapng"
    subprocess.run([REPO / "out" / "csharg", "--host", original.url, "capture", "web", "-w", path], check=True,
                   capture_output=True, timeout=30)
    return path


def test_a_file_has_the_same_packets(saved):
    with csharg.File(saved) as file:
        assert [int.from_bytes(p.data[:4], "big") for p in file] == list(range(4))
        assert [s.lost for s in file.statistics] == [1, 1]


def test_a_damaged_file_is_refused(saved, tmp_path):
    short, other = tmp_path / "short.pcapng", tmp_path / "other"
    short.write_bytes(saved.read_bytes()[:-1])
    other.write_bytes(b"this is not a capture")
    with csharg.File(short) as file, pytest.raises(csharg.FormatError, match="within a block"):
        list(file)
    with csharg.File(other) as file, pytest.raises(csharg.FormatError):
        list(file)
    with pytest.raises(FileNotFoundError):
        csharg.File(tmp_path / "none")


# -- the package -------------------------------------------------------------------------------

def test_the_declarations_are_those_of_the_header(tmp_path):
    ffi, lines = _library.ffi, ['#include <stddef.h>', f'#include "{REPO}/src/csharg/csharg.h"', _library.FUNCTIONS]
    for name in re.findall(r"^struct (\w+) \{", _library.STRUCTS, re.MULTILINE):
        kind = ffi.typeof(f"struct {name}")
        lines.append(f'_Static_assert(sizeof(struct {name}) == {ffi.sizeof(kind)}, "{name}");')
        lines += [f'_Static_assert(offsetof(struct {name}, {member}) == {place.offset}, "{name}.{member}");'
                  for member, place in kind.fields]
    for name in re.findall(r"^enum (\w+) \{", _library.STRUCTS, re.MULTILINE):
        lines += [f'_Static_assert({word} == {value}, "{word}");' for value, word in ffi.typeof(f"enum {name}").elements.items()]
    assert len(lines) > 80
    source = tmp_path / "declarations.c"
    source.write_text("\n".join(lines) + "\n")
    done = subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reasons = ffi.typeof("enum csharg_end_reason").elements
    assert {e.value: f"CSHARG_END_{e.name}" for e in csharg.EndReason} == reasons
    assert {e.value: f"CSHARG_{e.name}" for e in csharg.TargetClass} == ffi.typeof("enum csharg_class").elements


def test_types_are_strict(tmp_path):
    program = tmp_path / "program.py"
    blocks = re.findall(r"^```python\n(.*?)^```", (PACKAGE / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    program.write_text("\n".join(blocks))
    done = subprocess.run(["mypy", "--strict", "--config-file", PACKAGE / "pyproject.toml", "--cache-dir", tmp_path / "cache",
                           PACKAGE / "csharg", program], env={**os.environ, "MYPYPATH": str(PACKAGE)}, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_public_has_a_docstring():
    for name in csharg.__all__:
        thing = getattr(csharg, name)
        assert thing.__doc__, name
        if inspect.isclass(thing):
            assert all(member.__doc__ for key, member in vars(thing).items()
                       if not key.startswith("_") and isinstance(member, (property, type(test_types_are_strict)))), name


def test_pip_installs_a_typed_package(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", tmp_path / "venv"], check=True, timeout=50)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", tmp_path / "source"],
                   check=True, timeout=50)
    script = ("import csharg, importlib.metadata, os; print(csharg.library_version(), importlib.metadata.version('csharg'), "
              "os.path.exists(os.path.join(os.path.dirname(csharg.__file__), 'py.typed')), csharg.__file__)")
    done = subprocess.run([python, "-B", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=20)
    library, package, typed, path = done.stdout.split()
    assert library == package and typed == "True" and path.startswith(str(tmp_path / "venv"))
