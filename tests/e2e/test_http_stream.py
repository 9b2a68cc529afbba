# SPDX-License-Identifier: MIT
"""The same stream over plain HTTP: chunked, with a useful file name, and with real statuses for errors."""
import json
import re
import signal
import subprocess
import time
from urllib.parse import quote, unquote

import pytest

from harness.client import Download, Viewer
from harness.pcapng import judge, parse
from harness.service import parse_metrics
from harness.traffic import Numbered
from harness.wait import until


def test_the_answer_is_chunked_pcapng_that_starts_at_once(shared, plain_scene):
    download = Download(shared, netns=plain_scene.inode, nif="eth0")
    assert download.status == 200
    assert download.headers["Transfer-Encoding"] == "chunked" and download.headers["Content-Length"] is None
    assert download.headers["Content-Type"] == "application/x-pcapng"
    assert "no-store" in (download.headers["Cache-Control"] or "")
    download.wait_interfaces("eth0")
    plain_scene.send(Numbered(b"<http>").frame(1))
    download.wait_carrying(b"<http>")


@pytest.mark.parametrize("name,allowed", [
    ("web", r"web"), ("default/nginx", r"default[-_.]nginx"), ("a\"b\\c;d\r\nX-Evil: 1", r"[\w.-]+"),
    ("../../etc/passwd", r"[\w.-]*etc[-_.]passwd"), ("", r"[\w.-]+"), ("ü" * 300, r"[^\"/\\]+"), ("x" * 2000, r"x+")],
    ids=["plain", "pod", "evil", "path", "none", "umlauts", "long"])
def test_the_file_name_is_made_of_target_and_time_and_is_harmless(shared, plain_scene, name, allowed):
    text = json.dumps({"netns": plain_scene.inode, "name": name, "network-interfaces": ["lo"]})
    download = Download(shared, container=text)
    assert download.status == 200
    disposition = download.headers["Content-Disposition"]
    assert download.headers["X-Evil"] is None
    match = re.match(r'attachment; filename="([^"\\/\r\n]+)\.pcapng"', disposition)
    assert match and len(match[1]) <= 200, disposition
    time = re.search(r"\d{4}-?\d\d-?\d\d[-_T.]?\d\d[-:]?\d\d[-:]?\d\d", match[1])
    assert time, f"no time in {match[1]!r}"
    if name and name.isascii():
        assert re.match(allowed, match[1]), match[1]


@pytest.mark.parametrize("params,headers,statuses,words", [
    ([], {}, {400}, "either container or netns query parameter required"),
    ([("container", "{}"), ("netns", "1")], {}, {400}, "container and netns query parameters are mutually exclusive"),
    ([("container", "{")], {}, {400}, "invalid container/target description: "),
    ([("netns", "abc")], {}, {400}, 'invalid netns "abc"'),
    ([("netns", "0")], {}, {400}, 'invalid netns "0"'),
    ([], {"Clustershark-Container": ""}, {400}, "invalid container/target description: "),
    ([("netns", "4026500000")], {}, {404}, "could not locate network namespace for container"),
    ([("container", '{"name":"no-such-name"}')], {}, {404}, "could not locate network namespace for container"),
    ([("target", "no-such-name")], {}, {404}, "")])
def test_errors_are_statuses_with_the_words_in_json(shared, params, headers, statuses, words):
    download = Download(shared, params, headers)
    download.wait_end()
    assert download.status in statuses
    assert download.headers["Content-Type"].startswith("application/json")
    answer = json.loads(bytes(download.data)) if download.data else None
    assert list(answer) == ["error"] and answer["error"].startswith(words) and answer["error"]


@pytest.fixture(autouse=True)
def errors_are_not_streams(monkeypatch):
    """An error body is not parsed as a stream: the data is kept, the parser is left alone."""
    original = Download._take

    def take(self, data):
        if self.status == 200:
            original(self, data)
        else:
            self.data += data
    monkeypatch.setattr(Download, "_take", take)


@pytest.mark.parametrize("extra,words", [({"filter": "tcp port"}, "filter"), ({"nif": "nonsense"}, "interface"),
                                         ({"nif": "lo/"}, "interface"), ({"nif": "-"}, "interface")])
def test_a_bad_filter_or_interface_is_refused_before_the_stream(shared, plain_scene, extra, words):
    download = Download(shared, {"netns": plain_scene.inode, **extra}).wait_end()
    assert 400 <= download.status < 500 and words in json.loads(bytes(download.data))["error"]
    assert shared.readers() == []


def test_an_error_longer_than_a_websocket_close_is_not_cut_here(shared, scene):
    for number in range(8):
        scene.box.ip("link", "add", f"device-{number:06}", "type", "ifb")
        scene.box.ip("link", "set", f"device-{number:06}", "up")
    download = Download(shared, netns=scene.inode, nif="nonsense").wait_end()
    error = json.loads(bytes(download.data))["error"]
    assert len(error) > 123 and "device-000007" in error


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused(shared, plain_scene, method):
    assert shared.request(method, f"/capture.pcapng?netns={plain_scene.inode}").status == 405


def test_the_clustershark_headers_count_here_too(shared, plain_scene):
    text = json.dumps({"netns": plain_scene.inode})
    download = Download(shared, {"container": "{", "nif": "nonsense"},
                        {"Clustershark-Container": text, "Clustershark-Nif": "lo"}).wait_interfaces("lo")
    assert download.stream.names_of_interfaces() == ["lo"]


def test_a_websocket_and_a_download_get_the_same_packets(shared, scene):
    viewer = Viewer(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    download = Download(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    assert len(shared.readers()) == 1
    Numbered(b"<same>").send(scene.local, 500)
    for one in (viewer, download):
        one.wait_carrying(b"<same>", 500)
    assert [(p.ts_ns, p.data) for p in viewer.stream.packets] == [(p.ts_ns, p.data) for p in download.stream.packets]


def test_a_download_that_is_cut_ends_its_reader(shared, plain_scene):
    download = Download(shared, netns=plain_scene.inode).wait_interfaces("eth0")
    download.close()
    shared.wait_readers(0)


def test_curl_saves_a_capture_that_tshark_reads(shared, scene, tmp_path):
    saved = tmp_path / "saved.pcapng"
    url = f"http://127.0.0.1:{shared.port}/capture.pcapng?netns={scene.inode}&nif=eth0&filter=udp+port+9"
    with open(saved, "wb") as out:
        curl = subprocess.Popen(["curl", "-sSN", "--noproxy", "*", url], stdout=out)
        try:
            until(lambda: b"eth0" in saved.read_bytes(), "the beginning of the stream")
            Numbered(b"<curl>", 300).send(scene.local, 200)
            until(lambda: saved.read_bytes().count(b"<curl>") == 200, "all packets in the file")
        finally:
            curl.terminate()
            curl.wait()
    data = saved.read_bytes()
    assert judge(data) == 200 and len(parse(data).packets) == 200


def test_the_end_of_the_service_ends_the_download_completely(start, scene):
    running = start()
    download = Download(running, netns=scene.inode, nif="eth0", filter="udp port 9").wait_interfaces("eth0")
    Numbered(b"<end>").send(scene.local, 50)
    download.wait_carrying(b"<end>", 50)
    running.process.send_signal(signal.SIGTERM)
    download.wait_end()
    assert download.complete, "the last chunk is missing"
    assert download.stream.total("ifrecv") == 50 and not download.stream.pending
    assert download.stream.blocks[-1] == 5


@pytest.mark.parametrize("name", ["flter", "Filter", "filter%20", "%22", "f" * 500, "gr\u00fcn", "filter[]"])
def test_an_unknown_parameter_is_refused_by_its_name(shared, plain_scene, name):
    """A filter that is misspelt would capture everything."""
    answer = shared.get(f"/capture.pcapng?netns={plain_scene.inode}&{quote(name, safe='%')}=tcp")
    assert answer.status == 400
    assert f'unknown parameter "{unquote(name)[:40]}' in answer.json["error"] and "filter" in answer.json["error"]
    assert shared.readers() == []


def test_an_unknown_parameter_of_a_websocket_is_logged(start, plain_scene):
    running = start()
    Viewer(running, [("netns", str(plain_scene.inode)), ("flter", "tcp")]).wait_interfaces("eth0")
    until(lambda: 'unknown parameter ignored name="flter"' in running.log, "the warning to be logged")


def test_refusals_and_the_process_are_counted(start, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token\n")
    running = start("--token-file", token)
    own = {"Authorization": "Bearer a-token"}
    before = parse_metrics(running.get("/metrics", own).text)
    assert running.get("/mobyshark").status == 401
    assert running.get("/capture.pcapng?netns=1", own).status == 404
    after = parse_metrics(running.get("/metrics", own).text)
    for name in ("packetflix_unauthorized_requests_total", "packetflix_captures_refused_total"):
        assert after[name] == before[name] + 1, name
    assert after["process_cpu_seconds_total"] > 0
    assert 0 <= time.time() - after["process_start_time_seconds"] < 60
