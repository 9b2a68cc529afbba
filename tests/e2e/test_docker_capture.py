# SPDX-License-Identifier: MIT
"""The main job: real traffic of a real Docker container, counted packet by packet, judged by tshark."""
import http.client
import json
import socket
import subprocess
from types import SimpleNamespace

import pytest

from harness.client import Download, Viewer
from harness.pcapng import Stream, judge, parse, tshark
from harness.reference import Tcpdump
from harness.service import REPO
from harness.wait import until

PAGE = "packetflix" * 2000


@pytest.fixture
def web(engine, container):
    """A container 'web' that serves a page of 20 000 bytes."""
    name = container("web", "/bin/busybox", "sh", "-c",
                     f"mkdir /www; i=0; while [ $i -lt 2000 ]; do printf packetflix; i=$((i+1)); done > /www/index.html; "
                     "exec httpd -f -p 80 -h /www")
    address = engine.address(name)

    def get(count):
        def work():
            for number in range(count):
                link = http.client.HTTPConnection(address, 80, timeout=20)
                link.request("GET", f"/?request={number}")
                assert link.getresponse().read().decode() == PAGE
                link.close()
        engine.net.run(work)
    until(lambda: reachable(engine, address), "the web server")
    return SimpleNamespace(name=name, get=get, address=address, path=f"/proc/{engine.pid(name)}/ns/net")


def reachable(engine, address):
    def probe():
        try:
            socket.create_connection((address, 80), 2).close()
            return True
        except OSError:
            return False
    return engine.net.run(probe)


def in_namespace(path):
    """Something Tcpdump can start a process in."""
    def popen(command, **options):
        return subprocess.Popen(["nsenter", f"--net={path}", "--", *command], stdin=subprocess.DEVNULL, **options)
    return SimpleNamespace(popen=popen)


def finished(data):
    """How many connections have been closed from both sides, says tshark."""
    return len(tshark(data, "-Y", "tcp.flags.fin == 1"))


@pytest.mark.parametrize("client", ["websocket", "download"])
def test_every_packet_of_a_containers_web_traffic_is_there(shared, owned, web, client):
    reference = owned.add(Tcpdump(in_namespace(web.path), "eth0", "tcp port 80"))
    reference.wait_ready()
    kind = Viewer if client == "websocket" else Download
    viewer = kind(shared, target=web.name, filter="tcp port 80", statistics="live").wait_interfaces("eth0", "lo")
    web.get(50)
    viewer.wait(lambda s: sum(p.data[47] & 1 for p in s.packets) >= 100, "the end of 50 connections")
    # the last acknowledgements may still be on their way to one of the two; two sockets may see what two CPUs send in
    # a different order
    until(lambda: sorted(p.data for p in viewer.stream.packets) == sorted(reference.packets()), "all that tcpdump has")
    saved = viewer.saved
    assert judge(saved) == len(viewer.stream.packets)
    assert len(tshark(saved, "-Y", "http.request.method == GET")) == 50
    numbers = tshark(saved, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri.query.parameter")
    assert numbers == [f"request={n}" for n in range(50)]
    assert len(tshark(saved, "-Y", "http.response.code == 200")) == 50
    assert tshark(saved, "-Y", "tcp.analysis.flags && !tcp.analysis.window_update") == []
    assert {p.interface for p in viewer.stream.packets} == {i.index for i in viewer.stream.interfaces if i.name == "eth0"}
    directions = {(p.direction, p.data[26:30] == socket.inet_aton(web.address)) for p in viewer.stream.packets}
    assert directions == {("in", False), ("out", True)}
    viewer.wait(lambda s: s.total("ifrecv") == len(s.packets), "the account")
    assert viewer.stream.total("ifdrop") == 0


def test_a_container_is_captured_by_its_id_and_its_process(shared, engine, web):
    container_id = engine.docker("inspect", "-f", "{{.Id}}", web.name).strip()
    until(lambda: (shared.target(name=web.name) or {}).get("id") == container_id, "the id of the container")
    wanted = shared.target(name=web.name)
    for word in (container_id, container_id[:12], str(wanted["pid"])):
        viewer = Viewer(shared, target=word).wait_interfaces("eth0", "lo")
        assert viewer.stream.document["container-name"] == web.name
        viewer.close()
        done = subprocess.run([REPO / "out" / "csharg", "--host", f"127.0.0.1:{shared.port}", "capture", word, "-w/dev/null",
                               "--duration", "100ms"], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stderr


def test_the_host_is_a_target(shared):
    viewer = Viewer(shared, target="host").wait_interfaces("lo")
    assert viewer.stream.document["container-name"] == next(
        t["name"] for t in shared.targets() if t["pid"] == 1 and not t["prefix"])
    viewer.close()


def test_the_command_of_the_readme_works(shared, web, tmp_path):
    """curl -N 'localhost:5001/capture.pcapng?target=web' into a file that tshark follows."""
    saved = tmp_path / "web.pcapng"
    with open(saved, "wb") as out:
        curl = subprocess.Popen(["curl", "-sSN", "--noproxy", "*",
                                 f"http://localhost:{shared.port}/capture.pcapng?target={web.name}"], stdout=out)
        try:
            until(lambda: b"eth0" in saved.read_bytes(), "the beginning")
            web.get(10)
            until(lambda: saved.read_bytes().count(b"GET /?request=") >= 10, "the requests")
            until(lambda: finished(whole_blocks(saved.read_bytes())) >= 20, "the end of the connections")
        finally:
            curl.terminate()
            curl.wait()
    data = whole_blocks(saved.read_bytes())
    assert judge(data) == len(parse(data).packets) and len(tshark(data, "-Y", "http.request")) == 10


def whole_blocks(data):
    stream = Stream()
    stream.feed(data)
    return data[:len(data) - len(stream.pending)]


def test_tshark_reads_the_live_stream_from_a_pipe(shared, web):
    curl = subprocess.Popen(["curl", "-sSN", "--noproxy", "*",
                             f"http://localhost:{shared.port}/capture.pcapng?target={web.name}&nif=eth0"], stdout=subprocess.PIPE)
    live = subprocess.Popen(["tshark", "-n", "-l", "-i", "-", "-Y", "http.request", "-T", "fields", "-e",
                             "http.request.uri.query.parameter"], stdin=curl.stdout, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    curl.stdout.close()
    try:
        until(lambda: shared.readers(), "the capture")
        viewer = Viewer(shared, target=web.name, nif="eth0").wait_interfaces("eth0")
        web.get(5)
        viewer.wait(lambda s: sum(b"GET /?" in p.data for p in s.packets) >= 5, "the requests")
        assert [live.stdout.readline().strip() for _ in range(5)] == [f"request={n}" for n in range(5)]
    finally:
        curl.terminate()
        curl.wait()
        live.terminate()
        live.wait()
        live.stdout.close()


def test_an_old_clients_way_through_list_and_capture_works(shared, web):
    """csharg: take the target from /discover/mobyshark, send it in query and headers with explicit interfaces."""
    listed = until(lambda: next((t for t in shared.get("/discover/mobyshark").json["containers"]
                                 if t["name"] == web.name), None), "the container, which a busy dockerd may tell late")
    nifs = sorted(listed["network-interfaces"])
    text = json.dumps({**listed, "node-name": "box"})
    viewer = Viewer(shared, {"container": text, "nif": "/".join(nifs)},
                    {"Clustershark-Container": text, "Clustershark-Nif": "/".join(nifs)}).wait_interfaces(*nifs)
    assert viewer.stream.names_of_interfaces() == nifs
    web.get(3)
    viewer.wait(lambda s: sum(p.data[47] & 1 for p in s.packets if len(p.data) > 47) >= 6, "three connections")
    assert viewer.stream.document == {"container-name": web.name, "container-type": "docker", "node-name": "box"}
    viewer.close(1000, "ciao")
    assert viewer.close_code == 1000


def test_the_loopback_of_a_container_is_seen_once(shared, engine, web):
    viewer = Viewer(shared, target=web.name, nif="lo", filter="tcp port 80").wait_interfaces("lo")
    engine.docker("exec", web.name, "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/?inside")
    viewer.wait(lambda s: sum(p.data[47] & 1 for p in s.packets) >= 2, "the connection")
    assert sum(b"GET /?inside" in p.data for p in viewer.stream.packets) == 1
    assert sum(p.data[47] & 0x12 == 0x02 for p in viewer.stream.packets) == 1, "SYN"


def test_a_container_is_not_mixed_up_with_another(shared, engine, web, container):
    other = container("other")
    viewer = Viewer(shared, target=other, nif="eth0", filter="ip").wait_interfaces("eth0")
    web.get(5)
    engine.docker("exec", other, "ping", "-c", "3", "-W", "2", web.address)
    viewer.wait(lambda s: sum(p.data[23] == 1 for p in s.packets) >= 6, "three pings and their answers")
    assert all(p.data[23] == 1 for p in viewer.stream.packets)


def test_traffic_between_two_containers_is_the_same_from_both_sides(shared, engine, web, container):
    peer = container("peer")
    viewers = [Viewer(shared, target=name, nif="eth0", filter="icmp").wait_interfaces("eth0")
               for name in (web.name, peer)]
    engine.docker("exec", peer, "ping", "-c", "5", "-i", "0.2", "-W", "2", web.address)
    for viewer in viewers:
        viewer.wait(lambda s: s.packet_count >= 10, "five pings and their answers")
    web_side, peer_side = ([p.data[14:] for p in v.stream.packets] for v in viewers)
    assert web_side == peer_side
    assert [p.direction for p in viewers[0].stream.packets] == ["in", "out"] * 5
    assert [p.direction for p in viewers[1].stream.packets] == ["out", "in"] * 5


def test_the_engines_bridge_can_be_captured(shared, engine, web):
    viewer = Viewer(shared, netns=engine.net.inode, nif="docker0", filter="tcp port 80").wait_interfaces("docker0")
    web.get(3)
    viewer.wait(lambda s: sum(p.data[47] & 1 for p in s.packets) >= 6, "three connections")
    assert sum(b"GET /?request=" in p.data for p in viewer.stream.packets) == 3


def test_a_container_on_two_networks_shows_both_interfaces_one_joining_later(shared, engine, web):
    viewer = Viewer(shared, target=web.name).wait_interfaces("eth0", "lo")
    engine.docker("network", "create", "second")
    try:
        engine.docker("network", "connect", "second", web.name)
        address = engine.docker("inspect", "-f", "{{.NetworkSettings.Networks.second.IPAddress}}", web.name)
        until(lambda: reachable(engine, address), "the second network")
        viewer.wait_interfaces("eth1")
        viewer.wait(lambda s: s.of("eth1"), "packets of the second network")
    finally:
        engine.docker("network", "disconnect", "-f", "second", web.name, check=False)
        engine.docker("network", "rm", "second", check=False)
    web.get(1)
    viewer.wait(lambda s: sum(b"GET /?request=0" in p.data for p in s.packets) >= 1, "the first network still")


def test_a_bulk_transfer_is_complete(shared, engine, web):
    """20 MB through the container: with large segments every byte must be accounted for."""
    viewer = Viewer(shared, target=web.name, nif="eth0", filter="tcp port 80 and src host " + web.address, save=False)
    viewer.wait_interfaces("eth0")
    web.get(400)
    viewer.wait(lambda s: sum(p.data[47] & 1 for p in s.packets) >= 400, "the end of 400 connections", 40)
    payload = 0
    for packet in viewer.stream.packets:
        length = int.from_bytes(packet.data[16:18], "big")
        payload += length - 20 - (packet.data[46] >> 4) * 4
    answers = [p for p in viewer.stream.packets if b"HTTP/1.0 200" in p.data or b"HTTP/1.1 200" in p.data]
    assert len(answers) == 400
    assert payload > 400 * len(PAGE) and payload < 400 * (len(PAGE) + 1000)


def test_the_document_has_id_and_image_of_a_container(shared, engine, container):
    name = container("described")
    found, = [c for ns in shared.get("/json?fresh").json["network-namespaces"] for c in ns["containers"] if c["name"] == name]
    wanted = json.loads(engine.docker("inspect", name))[0]
    assert found["container-id"] == wanted["Id"]
    assert found["image"] == wanted["Config"]["Image"]
    assert found["argv"] == [wanted["Path"], *wanted["Args"]]
