# SPDX-License-Identifier: MIT
"""Viewers that ask for the same thing share one reader, and each has a complete stream."""
import json

import pytest

from harness import netns
from harness.client import Download, Viewer
from harness.traffic import Numbered
from harness.pcapng import judge
from harness.wait import until


def test_viewers_of_the_same_thing_share_one_reader(shared, scene):
    viewers = [Viewer(shared, netns=scene.inode, nif="eth0", filter="udp").wait_interfaces("eth0") for _ in range(5)]
    viewers.append(Download(shared, netns=scene.inode, nif="eth0", filter="udp").wait_interfaces("eth0"))
    assert len(shared.readers()) == 1
    run = Numbered(b"<shared>")
    run.send(scene.local, 100)
    for viewer in viewers:
        viewer.wait_carrying(b"<shared>", 100)
        assert run.numbers(viewer.stream.packets) == list(range(100))
        assert judge(viewer.saved) == 100


@pytest.mark.parametrize("change", [{"filter": "tcp"}, {"nif": "lo"}, {"nif": "eth0/lo"}, {"chaste": ""}, {"filter": ""}])
def test_viewers_of_different_things_have_their_own_readers(shared, scene, change):
    base = {"netns": scene.inode, "nif": "eth0", "filter": "udp"}
    Viewer(shared, base).wait(lambda s: s.interfaces, "the beginning")
    Viewer(shared, {**base, **change}).wait(lambda s: s.interfaces, "the beginning")
    assert len(shared.readers()) == 2


def test_viewers_of_different_namespaces_have_their_own_readers(shared, scene):
    Viewer(shared, netns=scene.inode).wait_interfaces("lo")
    Viewer(shared, netns=scene.far.inode).wait_interfaces("lo")
    assert len(shared.readers()) == 2


def test_a_latecomer_gets_the_header_all_interfaces_so_far_and_only_what_follows(shared, scene):
    first = Viewer(shared, netns=scene.inode).wait_interfaces("lo", "eth0")
    netns.veth(scene.box, "late0", scene.far, "late-peer")
    scene.send(Numbered(b"<early>").frame(0))
    first.wait_carrying(b"<early>")
    with scene.far.packet_socket("late-peer") as sender:
        sender.send(Numbered(b"<early-2>").frame(0))
        first.wait_carrying(b"<early-2>")
        second = Viewer(shared, netns=scene.inode).wait_interfaces("lo", "eth0", "late0")
        assert len(shared.readers()) == 1
        sender.send(Numbered(b"<both>").frame(0))
        scene.send(Numbered(b"<both>").frame(1))
        for viewer in (first, second):
            viewer.wait_carrying(b"<both>", 2)
    assert second.stream.names_of_interfaces() == first.stream.names_of_interfaces()
    assert not second.stream.carrying(b"<early")
    assert second.stream.comment == first.stream.comment
    assert judge(second.saved) == 2


def test_each_viewer_has_its_own_description_of_the_target_in_the_comment(shared, scene):
    names = ["first", "second"]
    viewers = [Viewer(shared, container=json.dumps({"netns": scene.inode, "name": name})).wait_interfaces("lo")
               for name in names]
    for name, viewer in zip(names, viewers):
        assert viewer.stream.document["container-name"] == name


def test_one_viewer_leaving_disturbs_no_other_and_the_last_ends_the_reader(shared, scene):
    viewers = [Viewer(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0") for _ in range(3)]
    viewers.pop().close()
    viewers.pop().drop()
    scene.send(Numbered(b"<remaining>").frame(0))
    viewers[0].wait_carrying(b"<remaining>")
    assert len(shared.readers()) == 1
    viewers[0].close()
    shared.wait_readers(0)


def test_a_capture_asked_for_again_right_after_its_end_works(shared, scene):
    for number in range(10):
        viewer = Viewer(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
        marker = b"<again-%d>" % number
        scene.send(Numbered(marker).frame(0))
        viewer.wait_carrying(marker)
        viewer.close()
    until(lambda: not shared.readers(), "no reader")
