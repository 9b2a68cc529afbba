# SPDX-License-Identifier: MIT
"""The forms in which answers about the host go out: as they are, and packed for those who take that."""
import contextlib
import gzip
import http.client
import json
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.wait import until

PACKED = {"Accept-Encoding": "gzip"}
WAIT_S = 30


@pytest.fixture
def large(start):
    """A service with more to tell than fits into a packet, and that need not ask again for a while."""
    others = [subprocess.Popen(["unshare", "-n", "sleep", "600"]) for _ in range(24)]
    try:
        running = start("--max-age", "20000")
        until(lambda: len(running.get("/mobyshark?fresh").body) > 2048, "enough to tell")
        yield running
    finally:
        for other in others:
            other.kill()
            other.wait()


def same_generation(running, path, *headers):
    """The answers to PATH with each of HEADERS, all of one generation: the host may change in between."""
    deadline = time.monotonic() + WAIT_S
    while True:
        answers = [running.get(path, headers=h) for h in headers]
        if len({re.sub(r"-gzip", "", a.headers["ETag"]) for a in answers}) == 1:
            return answers
        assert time.monotonic() < deadline, "no two answers of one generation"


@pytest.mark.parametrize("path", ["/mobyshark", "/json"])
def test_who_takes_gzip_gets_the_same_document_packed(large, path):
    plain, packed = same_generation(large, path, {}, PACKED)
    assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 2
    assert int(packed.headers["Content-Length"]) == len(packed.body)
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert json.loads(plain.body)["containers" if path == "/mobyshark" else "network-namespaces"]


@pytest.mark.parametrize("words, is_packed", [
    ("gzip, deflate, br", True), ("br;q=1, *;q=0.1", True), ("GZIP;q=0.5", True),
    ("gzip;q=0", False), ("identity", False), ("br, zstd", False), ("*, gzip;q=0.0", False), ("", False)])
def test_gzip_comes_only_to_those_who_allow_it(large, words, is_packed):
    answer = large.get("/mobyshark", headers={"Accept-Encoding": words})
    assert answer.status == 200 and (answer.headers["Content-Encoding"] == "gzip") == is_packed
    body = gzip.decompress(answer.body) if is_packed else answer.body
    assert json.loads(body)["containers"]


@pytest.mark.parametrize("path", ["/mobyshark", "/json"])
def test_each_form_has_a_tag_that_is_known_again(large, path):
    plain, packed = same_generation(large, path, {}, PACKED)
    for mine, form in ((plain, {}), (packed, PACKED)):
        for other in (plain, packed):
            again = large.get(path, headers={**form, "If-None-Match": other.headers["ETag"]})
            if again.headers["ETag"] != mine.headers["ETag"]:
                continue  # the host has changed meanwhile
            assert again.status == (304 if mine is other else 200)
            assert again.headers["Vary"] == "Accept-Encoding"
            assert again.body == (b"" if mine is other else mine.body)


def test_head_tells_of_the_packed_form_without_sending_it(large):
    packed = large.get("/mobyshark", headers=PACKED)
    head = large.request("HEAD", "/mobyshark", headers=PACKED)
    assert head.status == 200 and head.body == b"" and head.headers["Content-Encoding"] == "gzip"
    if head.headers["ETag"] == packed.headers["ETag"]:
        assert head.headers["Content-Length"] == packed.headers["Content-Length"]


def test_a_fresh_answer_is_packed_as_well(large):
    before = large.get("/json", headers=PACKED)
    answer = large.get("/json?fresh", headers=PACKED)
    assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["ETag"] != before.headers["ETag"]
    assert json.loads(gzip.decompress(answer.body))["network-namespaces"]


def test_curl_unpacks_what_it_asked_for(large):
    out = subprocess.run(["curl", "-sS", "--compressed", f"http://localhost:{large.port}/mobyshark"],
                         check=True, capture_output=True, timeout=WAIT_S).stdout
    assert json.loads(out)["containers"]


def test_many_who_ask_at_once_for_packed_answers_get_them(large):
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: large.get("/json?fresh", headers=PACKED), range(64)))
    for answer in answers:
        assert answer.status == 200 and json.loads(gzip.decompress(answer.body))["network-namespaces"]


def test_requests_sent_without_waiting_are_answered_in_turn(large):
    paths = ["/json?fresh", "/version", "/mobyshark", "/mobyshark?fresh", "/healthz"]
    with contextlib.closing(socket.create_connection(("127.0.0.1", large.port), WAIT_S)) as s:
        s.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
                          for path in paths).encode())
        file = s.makefile("rb")
        for path in paths:
            answer = http.client.HTTPResponse(_Once(file))
            answer.begin()
            body = answer.read()
            assert answer.status == 200, path
            if answer.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            assert path == "/healthz" or json.loads(body), path


class _Once:
    """What HTTPResponse wants of a socket: one file, which several answers come from."""

    def __init__(self, file):
        self._file = file

    def makefile(self, _mode):
        return _Kept(self._file)


class _Kept:
    """That file, which stays open when an answer is done with it."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def close(self):
        pass


def test_those_who_wait_leave_room_for_requests(large):
    """Seventy clients ask for a fresh answer and do not read it; a stopped discover makes them wait."""
    discover = large.pid("packetflix-discover")
    subprocess.run(["kill", "-STOP", str(discover)], check=True)
    waiting = []
    try:
        for _ in range(70):
            s = socket.create_connection(("127.0.0.1", large.port), WAIT_S)
            s.sendall(b"GET /mobyshark?fresh HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
            waiting.append(s)
        assert large.get("/healthz").status == 200
    finally:
        subprocess.run(["kill", "-CONT", str(discover)], check=True)
    for s in waiting:
        assert s.recv(15) == b"HTTP/1.1 200 OK"
        s.close()
