# SPDX-License-Identifier: MIT
"""The command line keeps every flag of the original, and what goes wrong is said in one clear line."""
import os
import re
import socket
import subprocess

import pytest

from harness import service
from harness.client import Download, Viewer
from harness.wait import until

SEMVER = r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
ORIGINAL_FLAGS = ("--debug", "--log-requests", "--log-headers", "--port", "--discovery-service", "--gw-port",
                  "--proxy-discovery", "--version", "--help")
NEW_FLAGS = ("--listen", "--tls-cert", "--tls-key", "--token-file", "--allow-host", "--memory", "--ring-size",
             "--stream-size", "--latency", "--max-age", "--max-captures", "--max-viewers", "--max-connections")


def run(*arguments, timeout=20, env=None):
    return subprocess.run([str(service.binary()), *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})


@pytest.mark.parametrize("flag", ["--version", "-version"])
def test_the_version_flag_prints_one_line_and_exits_with_0(flag):
    done = run(flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"Version: {SEMVER}\n", done.stdout)


@pytest.mark.parametrize("flag", ["--help", "-h", "-help"])
def test_help_names_every_flag_and_the_defaults(flag):
    done = run(flag)
    text = done.stdout + done.stderr
    assert done.returncode == 0
    for name in ORIGINAL_FLAGS + NEW_FLAGS:
        assert re.search(rf"{name}\b", text), f"{name} is not in the help"
    for default in ("5001", "5000", "127.0.0.1"):
        assert default in text


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["--port", "5001", "stray"], ["-x"], ["--debugx"],
                                       ["--"]])
def test_an_unknown_argument_is_one_error_and_where_to_find_help(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("packetflix: ") and arguments[-1].lstrip("-")[:5] in first
    assert second == 'Try "packetflix --help".'


@pytest.mark.parametrize("address", ["foo", "192.0.2.1:", "192.0.2.1:99999", "[::1", "localhost:80", "::1:x"])
@pytest.mark.parametrize("environment", [False, True])
def test_an_address_that_is_none_is_a_wrong_command_line(address, environment):
    done = run(env={"PACKETFLIX_LISTEN": address}) if environment else run("--listen", address)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f'packetflix: "{address}" is no address to listen on: IP, IP:PORT or [IPv6]:PORT'


@pytest.mark.parametrize("arguments", [
    ["--port"], ["--port", "0"], ["--port=70000"], ["--port=-1"], ["--port=x"], ["--port="], ["--port=5001x"],
    ["--gw-port=70000"], ["--gw-port="], ["--debug=maybe"], ["--proxy-discovery=2x"], ["--max-viewers=-1"],
    ["--max-captures=x"], ["--memory=lots"], ["--memory=-1"], ["--ring-size=1"], ["--stream-size=0"],
    ["--latency=x"], ["--listen=nowhere.example:99999"], ["--listen=[::1"], ["--listen="],
    ["--token-file=/nonexistent/token"], ["--allow-host=" + "h" * 256], ["--tls-cert=/nonexistent/cert", "--tls-key=/nonexistent/key"]])
def test_a_bad_value_ends_the_start_with_words_about_that_flag(arguments):
    done = run(*arguments)
    assert done.returncode not in (0, None) and done.returncode > 0
    name, _, value = arguments[0].partition("=")
    assert name.lstrip("-") in done.stderr or (value.startswith("/") and value in done.stderr)


@pytest.mark.parametrize("lone", ["--tls-cert", "--tls-key"])
def test_certificate_and_key_are_only_taken_together(lone, tmp_path):
    done = run(lone, tmp_path / "file")
    assert done.returncode > 0 and "--tls" in done.stderr


@pytest.mark.parametrize("form", [["--port", "{}"], ["--port={}"], ["-port", "{}"], ["-port={}"], ["-p", "{}"],
                                  ["-p={}"]])
def test_the_port_may_be_given_in_every_form(owned, form):
    port = service.free_port()
    running = owned.add(service.Service(*[part.format(port) for part in form], own_port=False, ready=False))
    running.port = port
    running.wait_ready()
    assert running.get("/version").status == 200


@pytest.mark.parametrize("flags", [
    ["--debug"], ["-debug=false"], ["--log-requests=true", "--log-headers=false"],
    ["--discovery-service", "localhost", "--gw-port=5000"], ["--discovery-service=127.0.0.1", "-gw-port", "1234"],
    ["--proxy-discovery=false"], ["--latency=20", "--max-captures=3", "--max-viewers=4", "--max-connections=64"],
    ["--memory=512M", "--ring-size=2M", "--stream-size=4M"]])
def test_original_and_new_flags_are_accepted_in_every_form(start, flags):
    assert start(*flags).get("/version").status == 200


def test_without_flags_it_listens_on_port_5001_and_says_so_on_stdout(start, new_netns):
    running = start(netns=new_netns("svc", ipv6=True), own_port=False)
    assert running.get("/version").status == 200
    assert running.get("/version", host="::1").status == 200
    assert len(re.findall(r"^http://localhost:5001$", running.log, re.M)) == 1


def test_it_starts_on_a_host_without_ipv6(start, new_netns):
    assert start(netns=new_netns("svc")).get("/version").status == 200


def test_version_is_the_exact_compact_object(shared):
    answer = shared.get("/version")
    version = run("--version").stdout.removeprefix("Version: ").strip()
    assert answer.body.decode() == (f'{{"name":"packetflix","version":"{version}",'
                                    '"features":["filter-every-interface"]}')
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/json")


def test_version_ignores_a_query_string(shared):
    assert shared.get("/version?x=1&y").json["name"] == "packetflix"


@pytest.mark.parametrize("route", ["/nonsense", "/capture/", "/versions", "/discover/json", "/capture.pcapng/x"])
def test_unknown_paths_are_not_found_and_say_so_in_json(shared, route):
    answer = shared.get(route)
    assert answer.status == 404
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_taken_port_ends_the_start_with_status_1_and_one_line(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as taken:
        taken.bind((address, 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--port", port, "--listen", f"[{address}]" if ":" in address else address)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1 and str(port) in lines[0] and "in use" in lines[0].lower()
    assert "http://" not in done.stdout


def test_an_address_that_is_not_ours_ends_the_start_with_status_1():
    done = run("--port", service.free_port(), "--listen", "203.0.113.77")
    assert done.returncode == 1 and "203.0.113.77" in done.stderr


@pytest.mark.parametrize("flag,lines", [("--log-requests", 1), ("--log-headers", 1), (None, 0)])
def test_requests_are_logged_only_when_asked_for(start, flag, lines):
    running = start(*([flag] if flag else []))
    before = len(running.log)
    running.get("/find-me", headers={"User-Agent": "e2e-agent/1", "Referer": "http://ref.example/"})
    running.get("/readyz")
    if lines:
        until(lambda: "find-me" in running.log[before:], "the request to be logged")
    found = [line for line in running.log[before:].splitlines() if "msg=request" in line and "find-me" in line]
    assert len(found) == lines and all("127.0.0.1" in line for line in found)
    for words in ("e2e-agent/1", "http://ref.example/"):
        assert (words in running.log[before:]) == (lines == 1)


def test_a_capture_request_is_logged_once_and_without_its_parameters(start, plain_scene):
    running = start("--log-requests")
    Viewer(running, netns=plain_scene.inode, nif="lo", token="secret").wait_interfaces("lo").close()
    until(lambda: "/capture" in running.log, "the request to be logged")
    assert len([line for line in running.log.splitlines() if "request" in line and "/capture" in line]) == 1
    assert "secret" not in running.log


def test_a_logged_request_cannot_forge_another_log_line(start):
    running = start("--log-requests")
    with running.dial() as sock:
        sock.sendall(b"GET /a%0aforged%1b[31m HTTP/1.1\r\nHost: localhost\r\n"
                     b"User-Agent: x\x1b[31m\x07\"y\r\nConnection: close\r\n\r\n")
        sock.recv(1000)
    running.get("/after-it")
    until(lambda: "/after-it" in running.log, "the next request to be logged")
    assert "\x1b" not in running.log and not re.search(r"^forged", running.log, re.M)


def test_debug_says_more(start, plain_scene):
    logs = []
    for flags in ([], ["--debug"]):
        running = start(*flags)
        Viewer(running, netns=plain_scene.inode, nif="lo").wait_interfaces("lo").close()
        running.wait_readers(0)
        logs.append(len(running.log.splitlines()))
    assert logs[1] > logs[0]


def test_the_end_of_a_stream_is_logged_once(start, plain_scene):
    running = start()
    viewers = [Viewer(running, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0") for _ in range(3)]
    downloads = [Download(running, netns=plain_scene.inode, nif="eth0") for _ in range(3)]
    running.stop()
    for viewer in viewers + downloads:
        viewer.wait_end()
    assert running.log.count("stream ends") == len(viewers + downloads)


def test_a_capture_is_logged_with_its_own_id_from_start_to_end(shared, plain_scene):
    before = len(shared.log)
    Viewer(shared, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0").close()
    shared.wait_readers(0)
    until(lambda: "capture ends" in shared.log[before:], "the end in the log")
    lines = shared.log[before:].splitlines()
    started, ended = ([re.search(r"\bid=(\w+)", line)[1] for line in lines if words in line]
                      for words in ("capture starts", "capture ends"))
    assert started == ended and len(started) == 1
