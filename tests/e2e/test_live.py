# SPDX-License-Identifier: MIT
"""The catalog follows the host: events, freshness, and what a change must not cost."""
import contextlib
import http.client
import json
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import netns, service
from harness.client import Download, Viewer
from harness.events import SOON_S, Events
from harness.wait import until

HEADER_SLOTS = 64  # requests whose headers the service keeps at a time


@pytest.fixture
def events(shared):
    with Events(shared) as listener:
        assert listener.head.startswith("HTTP/1.1 200 ") and "text/event-stream" in listener.head
        assert listener.next()[0] == "snapshot"
        yield listener


def in_netns(inode):
    return lambda target: target["netns"] == inode


def test_the_first_event_is_the_list_of_targets(shared, new_netns):
    ns = new_netns()
    until(lambda: [t for t in shared.targets() if t["netns"] == ns.inode], "the namespace")
    with Events(shared) as listener:
        event, _, data = listener.next()
    assert event == "snapshot" and data["generation"] > 0
    mine = [t for t in data["targets"] if t["netns"] == ns.inode]
    assert mine == [t for t in shared.targets() if t["netns"] == ns.inode]


def test_a_process_in_a_namespace_of_its_own_comes_and_goes(events):
    process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    try:
        # it may be seen before it has become sleep
        came = events.wait(["added", "changed"], lambda t: t["pid"] == process.pid and t["name"].startswith("sleep"))
        assert came["type"] == "proc"
    finally:
        process.kill()
        process.wait()
    assert events.wait(["removed"], lambda t: t["pid"] == process.pid)["netns"] == came["netns"]


def test_a_mounted_namespace_and_its_links_come_and_go(events, new_netns):
    ns = new_netns()
    inode = ns.inode
    assert events.wait(["added"], in_netns(inode))["type"] == "bindmount"
    ns.ip("link", "add", "ifb7", "type", "ifb")
    ns.ip("link", "set", "ifb7", "up")
    assert events.wait(["added", "changed"], lambda t: t["netns"] == inode and "ifb7" in t["network-interfaces"])
    ns.ip("link", "set", "ifb7", "down")
    assert events.wait(["added", "changed"], lambda t: t["netns"] == inode and "ifb7" not in t["network-interfaces"])
    netns.ip("netns", "del", ns.name)
    assert events.wait(["removed"], in_netns(inode))


def test_the_first_namespace_that_is_mounted_where_the_service_runs_is_seen(start, tmp_path):
    place, script = tmp_path / "mounted", "umount --all --types nsfs; exec sleep 600"
    place.touch()
    # an older process of its mount namespace, by which its mounts are read
    holder = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
    process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    into = ["nsenter", f"--mount=/proc/{holder.pid}/ns/mnt"]
    try:
        until(lambda: service.role_of(holder.pid) == service.role_of(process.pid) == "sleep", "both to run")
        with Events(start(wrapper=into)) as listener:
            assert listener.next()[0] == "snapshot"
            subprocess.run([*into, "mount", "--bind", f"/proc/{process.pid}/ns/net", place], check=True)
            process.kill()
            # less than the pause between scans nobody asked for
            came = listener.wait(["added"], lambda t: t["name"].endswith(str(place)), 5)
            assert came["type"] == "bindmount"
    finally:
        for child in (process, holder):
            child.kill()
            child.wait()


def test_a_container_comes_and_goes(events, engine, container):
    name = container("announced")
    # perhaps first by what its cgroup tells
    assert events.wait(["added", "changed"], lambda t: t["name"] == name)["type"] == "docker"
    engine.remove(name)
    assert events.wait(["removed"], lambda t: t["name"] == name)


def test_a_client_that_comes_back_with_the_newest_id_gets_no_snapshot(start):
    running = start()
    with Events(running) as first, Events(running) as witness:
        newest = first.next()[1]
        while witness.next()[1] != newest:
            pass
    with Events(running, headers=f"Last-Event-ID: {newest}\r\n") as again:
        process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        try:
            event, _, _ = again.next()
        finally:
            process.kill()
            process.wait()
    # where others changed something in between, the id was not the newest any more
    assert event in ("generation", "snapshot")


@pytest.fixture
def long_place(tmp_path, new_netns):
    """A namespace, mounted at a path of thousands of bytes: so long are the events about it."""
    folder = tmp_path.joinpath(*["d" * 200] * 14)
    folder.mkdir(parents=True)
    place = folder / "mounted"
    place.touch()
    ns = new_netns()
    subprocess.run(["mount", "--bind", ns.path, place], check=True)
    ns.ip("link", "add", "ifb7", "type", "ifb")
    netns.ip("netns", "del", ns.name)
    yield str(place)
    subprocess.run(["umount", "--quiet", "--lazy", place], check=False)


@pytest.mark.process_events
def test_a_client_that_does_not_read_is_told_to_fetch_the_list(start, long_place):
    running = start()

    def is_mine(target):
        return target["name"].endswith("/mounted")
    until(lambda: any(map(is_mine, running.targets())), "the mounted namespace")
    with Events(running, receive_bytes=4096) as slow, Events(running) as witness:
        for turn in range(80):
            up = turn % 2 == 0
            subprocess.run(["nsenter", f"--net={long_place}", "ip", "link", "set", "ifb7", "up" if up else "down"], check=True)
            # while "ip" is in it, the namespace may be seen as that process's
            witness.wait(["added", "changed"], lambda t, up=up: is_mine(t) and ("ifb7" in t["network-interfaces"]) == up)
        while slow.next()[0] != "reset":
            pass


def test_listeners_are_limited(start):
    running = start()
    held = [Events(running) for _ in range(64)]
    try:
        with Events(running) as one_more:
            assert one_more.head.startswith("HTTP/1.1 503 ")
    finally:
        for listener in held:
            listener.__exit__()
    def again():
        with Events(running) as listener:
            return listener.head.startswith("HTTP/1.1 200 ")
    until(again, "room for listeners")


def test_events_need_the_token_like_everything_else(start, tmp_path):
    token = tmp_path / "token"
    token.write_text("secret\n")
    running = start("--token-file", str(token))
    with Events(running) as stranger:
        assert stranger.head.startswith("HTTP/1.1 401 ")
    with Events(running, headers="Authorization: Bearer secret\r\n") as friend:
        assert friend.head.startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("headers, path", [({}, "/mobyshark?fresh"), ({"Cache-Control": "no-cache"}, "/mobyshark")])
def test_a_fresh_answer_comes_of_a_scan_begun_after_the_question(start, headers, path):
    running = start("--max-age", "60000")
    scans = running.metrics()["packetflix_scans_total"]
    assert running.get(path, headers=headers).status == 200
    assert running.metrics()["packetflix_scans_total"] > scans


def test_an_answer_at_rest_makes_no_scan(start):
    """Others may change something on this machine at any time, but not every time."""
    running = start("--max-age", "60000")

    def rests():
        before = running.metrics()["packetflix_scans_total"]
        for _ in range(20):
            running.get("/mobyshark")
        return running.metrics()["packetflix_scans_total"] == before
    until(rests, "twenty answers of one scan")


@pytest.mark.process_events
def test_a_scan_that_finds_nothing_new_makes_no_generation_and_leaves_documents(start):
    """Others may change something on this machine at any time, but not every time."""
    running = start()

    def rests():
        document, before = running.get("/json").headers["ETag"], running.metrics()
        running.get("/mobyshark?fresh")
        after, again = running.metrics(), running.get("/json").headers["ETag"]
        assert after["packetflix_scans_total"] > before["packetflix_scans_total"]
        is_same = after["packetflix_catalog_generation"] == before["packetflix_catalog_generation"]
        return is_same and document == again
    until(rests, "a document that outlives a scan")


def test_a_scan_that_finds_something_new_makes_a_generation_and_a_document(start):
    running = start()
    document, before = running.get("/json").headers["ETag"], running.metrics()
    process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    try:
        until(lambda: f"({process.pid})" in running.get("/mobyshark?fresh").text, "the process")
        assert running.metrics()["packetflix_catalog_generation"] > before["packetflix_catalog_generation"]
        answer = running.get("/json")
        assert answer.headers["ETag"] != document and f':{process.pid},' in answer.text
    finally:
        process.kill()
        process.wait()


def test_with_an_age_of_nothing_every_change_is_in_the_next_answer(start):
    running = start("--max-age", "0")
    for _ in range(5):
        process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        try:
            until(lambda pid=process.pid: f"sleep({pid})" in running.get("/mobyshark").text, "the process")
        finally:
            process.kill()
            process.wait()
        assert f"({process.pid})" not in running.get("/mobyshark").text


def test_a_capture_of_a_target_nobody_has_seen_looks_first(start, new_netns):
    running = start("--max-age", "60000")
    running.get("/mobyshark")
    ns = new_netns()
    Viewer(running, netns=ns.inode).wait_interfaces("lo").close()


def test_a_storm_of_names_does_not_keep_discovery_busy(start):
    running = start()
    pid = running.pid("packetflix-discover")

    def cpu_s():
        return int(open(f"/proc/{pid}/schedstat", encoding="ascii").read().split()[0]) / 1e9
    storm = subprocess.Popen(["unshare", "--net", "/usr/bin/python3", "-c",
                              "import ctypes,time\n"
                              "c=ctypes.CDLL(None)\nend=time.monotonic()+2\ni=0\n"
                              "while time.monotonic()<end:\n c.prctl(15,b'n%d'%(i%1000));i+=1"])
    before, began = cpu_s(), time.monotonic()
    storm.wait()
    assert cpu_s() - before < 0.7 * (time.monotonic() - began)
    assert running.get("/mobyshark").status == 200


@pytest.mark.parametrize("path", ["/mobyshark", "/json"])
def test_who_knows_an_answer_does_not_get_it_again(start, path):
    running = start("--max-age", "5000")
    first = running.get(path)
    tag = first.headers["ETag"]
    assert first.status == 200 and re.fullmatch(r'"[\w.]+"', tag)
    assert first.headers["Cache-Control"] == "private, no-cache"
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, SOON_S)) as connection:
        # one after the other on one connection: nothing of a body may follow
        for known, status in ((tag, 304), (f'"x", W/{tag}', 304), ("*", 304), ('"x"', 200), (tag.strip('"'), 200)):
            connection.request("GET", path, headers={"If-None-Match": known})
            answer = connection.getresponse()
            body = answer.read()
            if answer.headers["ETag"] != tag:
                break  # the host has changed meanwhile
            assert (answer.status, body) == (status, b"" if status == 304 else first.body), known
    anew = running.get(f"{path}?fresh", headers={"If-None-Match": tag})
    assert anew.status == 200 and anew.headers["ETag"] != tag


@pytest.mark.process_events
def test_a_document_of_a_moment_ago_only_has_to_be_confirmed(start):
    running = start("--max-age", "0")

    def tag():
        return running.get("/json").headers["ETag"]

    until(lambda: tag() == tag(), "the same document for two who ask one after the other", SOON_S)


def test_downloads_under_way_leave_room_for_requests(start, plain_scene):
    running = start()
    downloads = []
    try:
        for _ in range(HEADER_SLOTS + 6):
            downloads.append(Download(running, netns=plain_scene.inode, nif="eth0"))
            assert downloads[-1].status == 200
        assert running.get("/healthz").status == 200
        assert running.get("/mobyshark").status == 200
    finally:
        for download in downloads:
            download.close()


def test_requests_for_a_fresh_answer_share_scans(start):
    running = start()
    before = running.metrics()["packetflix_scans_total"]
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: running.get("/mobyshark?fresh").status, range(64)))
    assert answers == [200] * 64
    assert 0 < running.metrics()["packetflix_scans_total"] - before < 32


RENAMING = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
print("ready", flush=True)
for line in sys.stdin:
    libc.prctl(15, line.strip().encode())
    print("done", flush=True)
"""


def test_a_process_that_gives_itself_another_name_is_shown_by_it_and_stays_captured(shared, events, new_netns):
    ns = new_netns()
    child = ns.popen(["/usr/bin/python3", "-c", RENAMING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    events.wait(["added", "changed"], lambda t: t["pid"] == child.pid and t["name"].startswith("python3"))
    # its namespace may have been looked at while the process that led there ended
    until(lambda: shared.target(pid=child.pid)["network-interfaces"] == ["lo"], "its interface")
    before = shared.target(pid=child.pid)
    viewer = Viewer(shared, container=json.dumps(before)).wait_interfaces("lo")
    for name in ("first", "a) b (", "second"):
        child.stdin.write(f"{name}\n")
        child.stdin.flush()
        assert child.stdout.readline() == "done\n"
        assert events.wait(["added", "changed"], lambda t, name=name: t["name"] == f"{name}({child.pid})")["type"] == "proc"
    after = shared.target(pid=child.pid)
    assert {**before, "name": after["name"]} == after, "only the name has changed"
    Viewer(shared, container=json.dumps(before)).wait_interfaces("lo").close()
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as talker:
        talker.sendto(b"still here", ("127.0.0.1", 9))
    viewer.wait(lambda s: any(b"still here" in p.data for p in s.packets), "a packet in the first capture")
    viewer.close()


def test_namespaces_that_vanish_while_they_are_looked_at_leave_nothing(start):
    """Hundreds of them, each for the time that unshare(1) takes, under requests for everything."""
    running = start()
    storm = subprocess.Popen(["sh", "-c", "for i in $(seq 300); do unshare --net --mount true; done"])
    try:
        while storm.poll() is None:
            for path in ("/mobyshark?fresh", "/json?fresh"):
                answer = running.get(path)
                assert answer.status == 200 and answer.json["metadata"]
    finally:
        storm.kill()
        storm.wait()
    until(lambda: not [t for t in running.targets() if t["pid"] and not service.alive(t["pid"])], "only what is alive")
    assert running.metrics()['packetflix_process_restarts_total{process="discover"}'] == 0
    assert "level=error" not in running.log
