# SPDX-License-Identifier: MIT
"""A capture of a named container goes on when that container is restarted or recreated."""
import json
import re

import pytest

from harness.client import Download, Viewer, refusal
from harness.pcapng import judge
from harness.wait import until

COMMENT = re.compile(r"(\S+) was restarted: it is in network namespace (\d+) now, before in (\d+); "
                     r"between the two captures (\d+) ms passed")


ICMP = b"\x08\x00\x45\x00"  # of an Ethernet type: what follows the addresses of an IPv4 packet


@pytest.fixture
def talker(shared, container):
    """A container that sends pings to its bridge from its first moment on. A busy engine may tell its name late."""
    def make(name="talker", options=()):
        name = container(name, "/bin/busybox", "sh", "-c", "while :; do /bin/busybox ping -c 1 -W 1 198.51.100.1; "
                         "/bin/busybox usleep 20000; done", options=options)
        until(lambda: shared.target(name=name), "the name of the container")
        return name
    return make


def told(stream):
    """What the comments of the interfaces say, one match each, None without a comment."""
    comments = [interface.text(1) for interface in stream.interfaces]
    return [COMMENT.fullmatch(comment) if comment else None for comment in comments]


def pings(stream, interface):
    return sum(p.interface == interface and ICMP in p.data[:18] for p in stream.packets)


def goes_on(viewer, times=1):
    """Wait for the TIMES-th continuation and for packets in it."""
    def news(stream):
        fresh = {m.group(2) for m in told(stream) if m}
        return len(fresh) >= times
    viewer.wait(news, f"continuation {times}", 40)
    newest = max(i.index for i, m in zip(viewer.stream.interfaces, told(viewer.stream)) if m and i.name == "eth0")
    viewer.wait(lambda s: pings(s, newest), "packets of the new incarnation", 40)


@pytest.mark.parametrize("kind", [Viewer, Download], ids=["websocket", "download"])
def test_a_restarted_container_is_followed_in_one_stream(shared, engine, talker, kind):
    name = talker()
    viewer = kind(shared, target=name, statistics="live").wait_interfaces("eth0", "lo")
    viewer.wait(lambda s: s.packets, "packets")
    first = len(viewer.stream.interfaces)
    before = engine.pid(name)
    engine.docker("restart", "-t", "0", name)
    assert engine.pid(name) != before
    goes_on(viewer)
    matches = told(viewer.stream)
    assert all(m is None for m in matches[:first]) and all(matches[first:first + 2])
    assert matches[first].group(1) == name and matches[first].group(2) != matches[first].group(3)
    assert [i.name for i in viewer.stream.interfaces].count("eth0") == 2
    viewer.wait(lambda s: s.total("ifrecv") == len(s.packets) + s.total("ifdrop"), "the account over both")
    assert judge(viewer.saved)


def test_a_recreated_container_is_followed_again_and_again_by_all_its_viewers(shared, engine, talker):
    name = talker("again")
    viewers = [Viewer(shared, target=name, nif="eth0").wait_interfaces("eth0") for _ in range(2)]
    for times in (1, 2):
        engine.remove(name)
        assert talker("again") == name
        for viewer in viewers:
            goes_on(viewer, times)
        shared.wait_readers(1)
    late = Viewer(shared, target=name, nif="eth0").wait_interfaces("eth0")
    late.wait(lambda s: pings(s, 2), "packets")
    assert [i.name for i in late.stream.interfaces] == ["eth0"] * 3, "all interfaces so far"
    shared.wait_readers(1)


def test_a_described_target_with_a_name_is_followed(shared, engine, talker):
    name = talker("described")
    listed = until(lambda: shared.target(name=name), "the container")
    viewer = Viewer(shared, container=json.dumps(listed), nif="eth0").wait_interfaces("eth0")
    engine.docker("restart", "-t", "0", name)
    goes_on(viewer)


def test_with_follow_off_the_stream_ends_with_its_container(shared, engine, talker):
    name = talker("alone")
    viewer = Viewer(shared, target=name, follow="off").wait_interfaces("eth0")
    engine.remove(name)
    viewer.wait_end(30)
    assert viewer.close_code == 1000 and viewer.close_reason.startswith("the target has ended")


def test_a_container_that_stays_away_ends_the_stream_after_the_given_time(shared, engine, talker):
    name = talker("gone")
    viewer = Viewer(shared, target=name, follow="2").wait_interfaces("eth0")
    off = Viewer(shared, target=name, follow="off").wait_interfaces("eth0")
    assert len(shared.readers()) == 1, "who follows and who does not share a capture"
    engine.remove(name)
    off.wait_end(30)
    viewer.wait_end(30)
    assert viewer.close_code == 1000 and viewer.close_reason.startswith("the target has ended")
    shared.wait_readers(0)


def test_nobody_is_led_into_the_network_of_the_host(shared, engine, talker):
    name = talker("roamer")
    viewer = Viewer(shared, target=name, follow="3").wait_interfaces("eth0")
    engine.remove(name)
    assert talker("roamer", options=("--network", "host")) == name
    viewer.wait_end(40)
    assert not any(told(viewer.stream))


@pytest.mark.parametrize("value", ["maybe", "-1", "86401", "1s"])
def test_a_wrong_follow_is_refused(shared, plain_scene, value):
    code, reason = refusal(shared, netns=plain_scene.inode, follow=value)
    assert code == 1008 and reason.startswith(f'invalid follow "{value}"')


@pytest.mark.parametrize("value", ["", "on", "0", "86400"])
def test_a_right_follow_is_taken(shared, plain_scene, value):
    Viewer(shared, netns=plain_scene.inode, follow=value).wait_interfaces("eth0")
