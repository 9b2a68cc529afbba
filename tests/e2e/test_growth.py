# SPDX-License-Identifier: MIT
"""A capture beside others begins with a small kernel ring and gets a larger one when that was tight: exactly, in order."""
import json
import os
import signal
import threading

import pytest

from harness import netns
from harness.client import Viewer
from harness.traffic import Numbered
from harness.wait import until

FILTER = "udp port 9 and src host 192.0.2.2"
MIB = 1 << 20
FIRST_RING = 2 * MIB
OVERFLOW = 30_000  # packets of 64 bytes; more than a ring of 2 MiB holds, less than one of 16 MiB


def memory(running):
    return running.metrics()["packetflix_capture_memory_bytes"]


def rings_replaced(running):
    return running.metrics()["packetflix_rings_replaced_total"]


@pytest.fixture
def third(start, scene):
    """Starts a packetflix with two captures and returns it with a viewer of a third one and that one's reader."""
    def make(*flags, **params):
        running = start(*flags)
        for port in (1, 2):
            Viewer(running, netns=scene.inode, filter=f"udp port {port}", save=False).wait_interfaces("eth0")
        before, held = set(running.readers()), memory(running)
        viewer = Viewer(running, {"netns": scene.inode, "filter": FILTER, "statistics": "live", **params}, save=False)
        viewer.wait_interfaces("eth0")
        reader, = set(running.readers()) - before
        return running, viewer, reader, memory(running) - held
    return make


def wait_account(viewer, total):
    viewer.wait(lambda s: s.packet_count + s.total("ifdrop") == total, f"an account of {total} packets")
    return viewer.stream


def send_to_stopped(reader, run, sock, count, first):
    os.kill(reader, signal.SIGSTOP)
    try:
        return run.send(sock, count, first)
    finally:
        os.kill(reader, signal.SIGCONT)


class Probe:
    """Sends packets of its own until one is in the stream."""

    def __init__(self, scene, viewer):
        self._scene, self._viewer = scene, viewer
        self._run = Numbered(b"<probe>" + os.urandom(6).hex().encode())

    def arrives(self):
        def once():
            self._run.send(self._scene.sender, 1)
            return self._run.numbers(self._viewer.stream.packets)
        until(once, "a packet through the new interface")


def wait_account_of(viewer, run, total):
    """As wait_account(), of the packets of RUN alone."""
    viewer.wait(lambda s: len(run.numbers(s.packets)) + s.total("ifdrop") == total, f"an account of {total} packets")


def check_order(stream, run):
    numbers = run.numbers(stream.packets)
    assert numbers == sorted(set(numbers))


def test_a_ring_that_overflowed_is_replaced_by_a_larger_one(third, scene):
    running, viewer, reader, small = third()
    run, total = Numbered(b"<grow>"), 0
    total += send_to_stopped(reader, run, scene.local, OVERFLOW, total)
    lost = wait_account(viewer, total).total("ifdrop")
    assert lost > 1000
    until(lambda: rings_replaced(running) == 1, "a larger ring")
    # what waits in the former ring is not forgotten, and the larger one has room
    total += run.send(scene.local, 100, total)
    wait_account(viewer, total)
    total += send_to_stopped(reader, run, scene.local, OVERFLOW, total)
    assert wait_account(viewer, total).total("ifdrop") == lost
    assert memory(running) > 3 * small - FIRST_RING
    check_order(viewer.stream, run)


def test_no_packet_is_lost_doubled_or_late_while_rings_change(third, scene):
    """Packets arrive without a pause from before the ring is tight until long after the change."""
    running, viewer, _, _ = third(nif="eth0/lo")
    run, total, is_over = Numbered(b"<change>", 1400), [0], threading.Event()

    def flood():
        while not is_over.is_set():
            total[0] += run.send(scene.local, 500, total[0])
    sender = threading.Thread(target=flood)
    sender.start()
    try:
        reader = running.readers()[-1]
        until(lambda: viewer.stream.packet_count > 1000, "packets")
        for pid in running.readers():
            os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda sent=total[0]: total[0] > sent + 4000, "a ring that overflows")
        finally:
            for pid in running.readers():
                os.kill(pid, signal.SIGCONT)
        until(lambda: rings_replaced(running) == 1, "a larger ring")
        until(lambda sent=total[0]: total[0] > sent + 4000, "packets after the change")
    finally:
        is_over.set()
        sender.join()
    assert reader in running.readers()
    wait_account(viewer, total[0])
    check_order(viewer.stream, run)


def test_a_larger_ring_keeps_filter_and_promiscuous_mode(third, scene):
    running, viewer, reader, _ = third()
    run = Numbered(b"<kept>")
    total = send_to_stopped(reader, run, scene.local, OVERFLOW, 0)
    until(lambda: rings_replaced(running) == 1, "a larger ring")
    Numbered(b"<other>", target_port=10).send(scene.local, 50)
    total += run.send(scene.local, 50, total)
    wait_account(viewer, total)
    assert not any(b"<other>" in p.data for p in viewer.stream.packets)
    # one for each capture
    assert json.loads(scene.box.ip("-d", "-j", "link", "show", "eth0"))[0]["promiscuity"] == 3
    viewer.close()
    until(lambda: json.loads(scene.box.ip("-d", "-j", "link", "show", "eth0"))[0]["promiscuity"] == 2, "two captures")


def test_without_memory_for_a_larger_ring_the_capture_goes_on(third, scene):
    # two captures of 8 + 4 MiB, the third with 2 + 2 MiB leaves less than a larger ring takes beside the first
    running, viewer, reader, _ = third("--memory", "27M", "--ring-size", "8M", "--stream-size", "4M")
    run = Numbered(b"<full>")
    total = send_to_stopped(reader, run, scene.local, OVERFLOW, 0)
    assert wait_account(viewer, total).total("ifdrop") > 1000
    total += run.send(scene.local, 100, total)
    wait_account(viewer, total)
    assert rings_replaced(running) == 0


@pytest.mark.parametrize("nif", ["eth0", "eth0/lo"])
def test_a_capture_of_chosen_interfaces_gets_a_larger_ring(third, scene, nif):
    running, viewer, reader, _ = third(nif=nif)
    run = Numbered(b"<chosen>")
    total = send_to_stopped(reader, run, scene.local, OVERFLOW, 0)
    until(lambda: rings_replaced(running) == 1, "a larger ring")
    lost = wait_account(viewer, total).total("ifdrop")
    total += send_to_stopped(reader, run, scene.local, OVERFLOW, total)
    assert wait_account(viewer, total).total("ifdrop") == lost
    check_order(viewer.stream, run)


@pytest.mark.parametrize("has_grown", [False, True], ids=["small", "grown"])
def test_an_interface_that_is_made_anew_is_captured_however_often(third, scene, has_grown):
    running, viewer, reader, _ = third(nif="eth0")
    run, total = Numbered(b"<anew>"), 0
    if has_grown:
        total = send_to_stopped(reader, run, scene.local, OVERFLOW, 0)
        until(lambda: rings_replaced(running) == 1, "a larger ring")
        wait_account(viewer, total)
    for _ in range(4):
        scene.close()
        scene.box.ip("link", "del", "eth0")
        netns.veth(scene.box, "eth0", scene.far, "peer0")
        # a capture that is bound to the new interface gets this packet
        Probe(scene, viewer).arrives()
        total += run.send(scene.sender, 20, total)
        wait_account_of(viewer, run, total)
    assert rings_replaced(running) == (2 if has_grown else 1)
    check_order(viewer.stream, run)
