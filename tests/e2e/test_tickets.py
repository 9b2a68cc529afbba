# SPDX-License-Identifier: MIT
"""GET /filter checks filters; POST /tickets permits one request without a token."""
import json
import subprocess
from urllib.parse import quote, urlencode

import pytest

from harness import pcapng
from harness.client import Viewer, path
from harness.service import REPO
from harness.traffic import Numbered

AUTHORIZATION = {"Authorization": "Bearer secret"}
PLUGIN = REPO / "out" / "cshargextcap"


# -- filters -----------------------------------------------------------------------------------

@pytest.mark.parametrize("expr,linktypes,checked", [("tcp port 80", None, [1]), ("", None, [1]), ("ip", "", [1]), ("vlan 5 and ip6", "1", [1]),
                                                    ("udp", "101,1,113,1", [101, 1, 113])])
def test_a_filter_that_captures_take_is_valid(shared, expr, linktypes, checked):
    query = {"expr": expr} | ({"linktypes": linktypes} if linktypes else {})
    answer = shared.get(f"/filter?{urlencode(query)}")
    assert answer.status == 200
    assert answer.json["expression"] == expr and answer.json["linktypes"] == checked
    assert answer.json["instructions"] >= len(checked)


@pytest.mark.parametrize("expr,linktypes", [("tcp prot 80", "1"), ("host", "1"), ("wlan addr1 00:00:5e:00:53:01", "1"),
                                            ("ether host 00:00:5e:00:53:01", "101")])
def test_a_filter_that_captures_refuse_has_the_words_of_a_capture(shared, plain_scene, expr, linktypes):
    answer = shared.get(f"/filter?{urlencode({'expr': expr, 'linktypes': linktypes})}")
    assert answer.status == 400 and "filter" in answer.json["error"]
    if linktypes == "1":
        captured = shared.get(path({"netns": plain_scene.inode, "filter": expr}, "/capture.pcapng"))
        assert captured.json["error"].endswith(answer.json["error"].removeprefix("invalid capture filter: "))


@pytest.mark.parametrize("query,words", [("", "expr"), ("?linktypes=1", "expr"), ("?expr=ip&linktypes=1,,1", "linktypes"), ("?expr=ip&linktypes=147", "linktypes"),
                                         ("?expr=ip&linktypes=x", "linktypes"), ("?expr=ip&linktypes=" + "1," * 40, "linktypes"),
                                         ("?expr=" + "a" * 65536, "expr")])
def test_malformed_requests_for_a_check_are_refused(shared, query, words):
    answer = shared.get(f"/filter{query}")
    assert answer.status == 400 and words in answer.json["error"]


def test_a_check_starts_no_capture(shared):
    before = shared.metrics()["packetflix_captures_total"] if "packetflix_captures_total" in shared.metrics() else None
    assert shared.get("/filter?expr=tcp").status == 200
    assert shared.readers() == []
    assert before is None or shared.metrics()["packetflix_captures_total"] == before


# -- tickets -----------------------------------------------------------------------------------

@pytest.fixture
def guarded(start, tmp_path):
    token = tmp_path / "token"
    token.write_text("secret\n")
    return start("--token-file", token)


def issue(service, query, headers=AUTHORIZATION):
    return service.request("POST", f"/tickets?{query}", headers)


def capture_query(scene, **more):
    return urlencode({"container": json.dumps({"netns": scene.inode, "name": "x", "type": "proc", "network-interfaces": ["lo"]}), **more})


def test_a_ticket_is_for_those_who_have_the_token(guarded, plain_scene):
    answer = issue(guarded, capture_query(plain_scene), {})
    assert answer.status == 401
    answer = issue(guarded, capture_query(plain_scene))
    assert answer.status == 201 and answer.json["path"] == f"ticket/{answer.json['ticket']}/" and answer.json["expires"] == 60
    assert guarded.request("GET", "/tickets?x", AUTHORIZATION).headers["Allow"] == "POST"


def test_a_page_elsewhere_gets_no_ticket(shared):
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert issue(shared, "netns=1", headers).status == 403


def test_a_query_that_is_too_long_gets_no_ticket(shared):
    answer = issue(shared, "filter=" + "a" * 17000, {})
    assert answer.status == 414 and answer.json["error"]


def test_a_ticket_permits_one_capture_with_its_own_parameters(guarded, scene):
    """The client's sequence for a packetflix: link: the list of targets, then the capture, with its own headers."""
    query = capture_query(scene, nif="eth0", filter="udp port 9").replace("%22lo%22", "%22eth0%22")
    place = issue(guarded, query).json["path"]
    listed = guarded.get(f"/{place}discover/mobyshark")
    assert (listed.status, listed.json) == (200, {"containers": []})
    wider = {"Clustershark-Filter": "", "Clustershark-Nif": "any"}
    wanted, other = Numbered(b"ticket-wanted"), Numbered(b"ticket-other", target_port=10)
    viewer = Viewer(guarded, {"netns": 1, "filter": "", "nif": "any"}, wider, where=f"/{place}capture").wait_interfaces("eth0")
    other.send(scene.sender, 10)
    wanted.send(scene.sender, 10)
    viewer.wait_carrying(wanted.marker, 10)
    viewer.close()
    saved = pcapng.parse(viewer.saved)
    assert len(saved.packets) == 10 and [i.name for i in saved.interfaces] == ["eth0"]
    assert guarded.get(f"/{place}capture.pcapng").status == 403


def test_a_head_request_does_not_use_a_ticket_and_other_paths_are_not_found(guarded, plain_scene):
    place = issue(guarded, capture_query(plain_scene, duration="1")).json["path"]
    assert guarded.request("HEAD", f"/{place}capture.pcapng").status == 200
    for other in ("json", "metrics", "readyz", "events", "", "tickets", "ticket/x/capture"):
        assert guarded.get(f"/{place}{other}").status == 404
    answer = guarded.get(f"/{place}capture.pcapng")
    assert answer.status == 200 and pcapng.parse(answer.body).interfaces
    assert guarded.get(f"/{place}capture.pcapng").status == 403


def test_a_wrong_ticket_is_refused_in_words(guarded):
    for ticket in ("0" * 32, "", "x", "0" * 31, "0" * 33):
        answer = guarded.get(f"/ticket/{ticket}/capture.pcapng")
        assert answer.status in (401, 403, 404)
    assert "ticket" in guarded.get(f"/ticket/{'0' * 32}/capture.pcapng").json["error"]


def test_a_ticket_does_not_show_in_the_log(start, plain_scene):
    running = start("--log-requests")
    place = issue(running, capture_query(plain_scene, duration="1"), {}).json["path"]
    assert running.get(f"/{place}capture.pcapng").status == 200
    assert running.get(f"/{place}capture.pcapng").status == 403
    assert place.split("/")[1] not in running.log


def test_the_wireshark_plugin_captures_with_a_link_that_has_a_ticket(guarded, scene, tmp_path):
    query = capture_query(scene, nif="lo", duration="2")
    place = issue(guarded, query).json["path"]
    link = f"packetflix:ws://{guarded.host}:{guarded.port}/{place}capture?{query}"
    out = tmp_path / "out"
    out.touch()
    done = subprocess.run([PLUGIN, "--capture", "--extcap-interface", "packetflix", "--fifo", out, "--url", link],
                          env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert [i.name for i in pcapng.parse(out.read_bytes()).interfaces] == ["lo"]
