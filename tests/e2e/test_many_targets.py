# SPDX-License-Identifier: MIT
"""Several targets in one stream: labels, one order of time, exact counts, limits."""
import json
import subprocess

import pytest

from harness import netns
from harness.client import Download, Viewer
from harness.pcapng import judge, parse
from harness.traffic import Numbered
from harness.wait import until


def ends(scene):
    """The two namespaces of SCENE as target arguments."""
    return [("target", scene.box.name), ("target", scene.far.name)]


def labelled(stream, end):
    """The interfaces of STREAM whose names end with END."""
    return [i for i in stream.interfaces if i.name.endswith(end)]


def in_order(stream):
    times = [packet.ts_ns for packet in stream.packets]
    return times == sorted(times)


def test_packets_of_two_targets_are_in_one_stream_in_order_with_the_names_of_both(shared, scene):
    viewer = Download(shared, [*ends(scene), ("filter", "udp")])
    viewer.wait(lambda s: len(s.interfaces) == 4, "the interfaces of both")
    run = Numbered(b"<both-ends>")
    run.send(scene.sender, 500)
    # each packet is seen where it leaves and where it arrives
    viewer.wait_carrying(b"<both-ends>", 1000)
    box, = labelled(viewer.stream, ":eth0")
    far, = labelled(viewer.stream, ":peer0")
    assert box.name != far.name
    for interface in (box, far):
        packets = [p for p in viewer.stream.carrying(b"<both-ends>") if p.interface == interface.index]
        assert run.numbers(packets) == list(range(500))
    assert in_order(viewer.stream)
    assert len(shared.readers()) == 2
    assert judge(viewer.saved) == viewer.stream.packet_count
    assert shared.metrics()["packetflix_late_packets_total"] == 0


def test_the_labels_name_the_targets(shared, scene):
    listed = [{"netns": scene.box.inode, "name": "web", "type": "docker", "prefix": ""},
              {"netns": scene.far.inode, "name": "db", "type": "docker", "prefix": "inner"}]
    viewer = Viewer(shared, container=json.dumps(listed)).wait_interfaces("web:eth0", "db:peer0", "web:lo", "db:lo")
    assert viewer.stream.document["container-name"] == "web, db"
    assert "docker" in labelled(viewer.stream, "web:eth0")[0].description
    viewer.close()


def test_targets_of_the_same_name_have_different_labels(shared, scene):
    listed = [{"netns": scene.box.inode, "name": "web", "type": "docker", "prefix": "one"},
              {"netns": scene.far.inode, "name": "web", "type": "docker", "prefix": "two"}]
    Viewer(shared, container=json.dumps(listed)).wait_interfaces("web:eth0", "two:web:peer0")


def test_targets_in_one_namespace_are_captured_once_and_labelled_with_all_names(shared, scene):
    listed = [{"netns": scene.box.inode, "name": name, "type": "docker", "prefix": ""} for name in ("a", "b")]
    viewer = Viewer(shared, container=json.dumps([*listed, {"netns": scene.far.inode, "name": "c", "type": "docker", "prefix": ""}]))
    viewer.wait_interfaces("a,b:eth0", "c:peer0")
    scene.send(Numbered(b"<once>").frame(0))
    viewer.wait_carrying(b"<once>", 2)
    assert len(shared.readers()) == 2


def test_an_array_of_one_is_a_single_target_with_plain_names(shared, scene):
    viewer = Viewer(shared, container=json.dumps([{"netns": scene.inode, "name": "web"}]))
    viewer.wait_interfaces("lo", "eth0")


def test_viewers_of_one_and_of_many_targets_share_readers(shared, scene):
    one = Viewer(shared, netns=scene.inode).wait_interfaces("lo", "eth0")
    many = Viewer(shared, [*ends(scene)])
    many.wait(lambda s: len(s.interfaces) == 4, "the interfaces of both")
    assert len(shared.readers()) == 2
    scene.send(Numbered(b"<shared>").frame(0))
    one.wait_carrying(b"<shared>")
    many.wait_carrying(b"<shared>", 2)


def test_a_target_that_ends_leaves_with_its_statistics_and_the_others_go_on(shared, scene, new_netns):
    short = new_netns("short")
    process = short.popen(["sleep", "600"])
    netns.ip("netns", "del", short.name)
    viewer = Viewer(shared, [("target", str(process.pid)), ("target", scene.box.name)])
    viewer.wait(lambda s: len(s.interfaces) >= 3, "the interfaces of both")
    process.kill()
    process.wait()
    viewer.wait(lambda s: s.statistics, "the statistics of the one that left", 30)
    assert viewer.stream.statistics[0].options[1][0].decode().startswith("left: the target has ended")
    scene.send(Numbered(b"<goes-on>").frame(0))
    viewer.wait_carrying(b"<goes-on>")


def test_a_named_namespace_goes_by_its_name_when_processes_are_in_it(shared, scene):
    process = scene.box.popen(["sleep", "600"])
    listed = until(lambda: shared.target(pid=process.pid), "the process")
    assert listed["netns-name"] == scene.box.name
    one = Download(shared, target=scene.box.name).wait_interfaces("eth0")
    assert one.stream.document["container-name"] == f"sleep({process.pid})"
    many = Viewer(shared, ends(scene))
    many.wait(lambda s: len(s.interfaces) == 4, "the interfaces of both")


@pytest.mark.parametrize("missing", ["no-such-target", "no:such"])
def test_one_name_that_does_not_exist_refuses_the_stream(shared, scene, missing):
    answer = shared.get(f"/capture.pcapng?target={scene.box.name}&target={missing}")
    assert answer.status == 404 and f'there is no target "{missing}"' in answer.json["error"]
    until(lambda: not shared.readers(), "no reader is left")


@pytest.mark.parametrize("query, words", [
    ("container=[]", "container"),
    ("container=[1]", "container"),
    ("container=[{},[]]", "container"),
    ("container=[{}", "container"),
    ("target=a&max-packets=0", "invalid max-packets"),
    ("target=a&max-packets=x", "invalid max-packets"),
    ("target=a&max-bytes=-1", "invalid max-bytes"),
    ("target=a&duration=1.5", "invalid duration"),
    ("target=a&netns=1&target=b", "mutually exclusive"),
])
def test_malformed_words_are_refused(shared, query, words):
    answer = shared.get(f"/capture.pcapng?{query}")
    assert answer.status == 400 and words in answer.text


def test_more_targets_than_allowed_are_refused(start):
    running = start("--max-targets", "2")
    answer = running.get("/capture.pcapng?target=a&target=b&target=c")
    assert answer.status == 400 and "--max-targets" in answer.text


@pytest.mark.parametrize("targets", [1, 2])
def test_a_packet_limit_is_exact_and_ends_the_stream_with_statistics(shared, scene, targets):
    viewer = Download(shared, [*ends(scene)[:targets], ("filter", "udp"), ("max-packets", "7")])
    viewer.wait(lambda s: len(s.interfaces) == 2 * targets, "the interfaces")
    Numbered(b"<limit>").send(scene.sender, 100)
    viewer.wait_end()
    stream = parse(bytes(viewer.data))
    assert stream.packet_count == 7 and in_order(stream)
    assert stream.total("usrdeliv") == 7
    assert stream.total("ifrecv") == 7 + stream.total("ifdrop")
    assert judge(viewer.saved) == 7


def test_a_byte_limit_bounds_the_packets_of_a_file(shared, scene):
    viewer = Download(shared, [("target", scene.box.name), ("filter", "udp"), ("max-bytes", "4000")])
    viewer.wait(lambda s: len(s.interfaces) == 2, "the interfaces")
    Numbered(b"<bytes>").send(scene.sender, 200)
    viewer.wait_end()
    stream = parse(bytes(viewer.data))
    statistics = 2 * 128
    assert 3800 - statistics < len(viewer.data) <= 4000 + statistics
    assert stream.total("usrdeliv") == stream.packet_count > 0


@pytest.mark.parametrize("targets", [1, 2])
def test_a_duration_ends_the_stream_in_the_ordinary_way(shared, scene, targets):
    viewer = Viewer(shared, [*ends(scene)[:targets], ("duration", "1"), ("filter", "udp")])
    viewer.wait(lambda s: len(s.interfaces) == 2 * targets, "the interfaces")
    viewer.wait_end()
    assert viewer.close_code == 1000 and "1 s have passed" in viewer.close_reason
    assert len(viewer.stream.statistics) == 2 * targets


def test_a_viewer_that_closes_gets_the_final_statistics_of_all(shared, scene):
    viewer = Viewer(shared, [*ends(scene), ("filter", "udp")])
    viewer.wait(lambda s: len(s.interfaces) == 4, "the interfaces of both")
    Numbered(b"<closes>").send(scene.sender, 20)
    viewer.wait_carrying(b"<closes>", 40)
    viewer.close()
    assert viewer.stream.total("usrdeliv") == viewer.stream.packet_count == 40
    assert len(viewer.stream.statistics) == 4


def test_other_programs_find_nothing_to_reorder(shared, scene, tmp_path):
    viewer = Download(shared, [*ends(scene), ("filter", "udp")])
    viewer.wait(lambda s: len(s.interfaces) == 4, "the interfaces of both")
    Numbered(b"<order>").send(scene.sender, 2000, pause_every=50, pause_s=0.002)
    viewer.wait_carrying(b"<order>", 4000)
    saved = tmp_path / "many.pcapng"
    saved.write_bytes(viewer.saved)
    found = subprocess.run(["reordercap", "-n", str(saved), str(tmp_path / "ordered.pcapng")], capture_output=True, text=True,
                           check=True)
    assert "0 out of order" in found.stdout + found.stderr
