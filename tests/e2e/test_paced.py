# SPDX-License-Identifier: MIT
"""Captures whose reader paces itself: they sleep without a timer, and yet every packet comes once, in order, unlost."""
import json
import os
import signal
from pathlib import Path

import pytest

from harness import netns, service
from harness.client import Viewer
from harness.traffic import Numbered
from harness.wait import until

FILTER = "udp port 9 and src host 192.0.2.2"
PACED = ("--latency", "20")


def paced(start, scene, *flags, **params):
    running = start(*PACED, *flags)
    viewer = Viewer(running, {"netns": scene.inode, "filter": FILTER, "nif": "eth0", "statistics": "live", **params},
                    save=False)
    viewer.wait_interfaces("eth0")
    reader, = running.readers()
    return running, viewer, reader


def promiscuity(namespace, device):
    return json.loads(namespace.ip("-d", "-j", "link", "show", device))[0]["promiscuity"]


def asleep(pid):
    """A predicate: process PID has used no processor time since it was last asked."""
    last = [None]

    def is_asleep():
        spent = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
        before, last[0] = last[0], spent
        return spent == before and service.stat_fields(pid)[0] == "S"
    return is_asleep


def wait_account(viewer, total):
    viewer.wait(lambda s: s.packet_count + s.total("ifdrop") == total, f"an account of {total} packets")
    return viewer.stream


def check_exact(stream, run, total):
    assert run.numbers(stream.packets) == list(range(total))
    assert stream.total("ifdrop") == 0 and stream.dropcount == 0


def test_every_packet_comes_once_and_in_order_through_all_changes_of_pace(start, scene):
    """Single packets, trickles and floods, each after a silence and each in the middle of the other."""
    _, viewer, reader = paced(start, scene)
    run = Numbered(b"<pace>")
    total = 0
    for count, every in ((1, 0), (300, 10), (40_000, 0), (1, 0), (2000, 100), (1, 0), (40_000, 0), (3, 1)):
        total += run.send(scene.local, count, total, pause_every=every, pause_s=0.001)
        wait_account(viewer, total)
        until(asleep(reader), "the reader to sleep again")
    for _ in range(40):
        total += run.send(scene.local, 700, total)
        total += run.send(scene.local, 20, total, pause_every=1, pause_s=0.001)
    check_exact(wait_account(viewer, total), run, total)


def test_a_flood_out_of_silence_loses_nothing(start, scene):
    _, viewer, reader = paced(start, scene)
    run = Numbered(b"<flood>", 1400)
    total = 0
    for _ in range(3):
        until(asleep(reader), "the reader to sleep")
        total += run.send(scene.local, 10_000, total)
        wait_account(viewer, total)
    check_exact(viewer.stream, run, total)


def test_what_the_kernel_drops_is_reported_exactly(start, scene):
    """The reader is stopped while it sleeps, and while it has read a part of an unfinished block."""
    _, viewer, reader = paced(start, scene, "--ring-size", "2M", "--stream-size", "2M")
    run = Numbered(b"<drop>")
    total = 0
    for first in (0, 50):
        total += run.send(scene.local, first, total)
        wait_account(viewer, total)
        os.kill(reader, signal.SIGSTOP)
        try:
            total += run.send(scene.local, 30_000, total)
        finally:
            os.kill(reader, signal.SIGCONT)
        until(asleep(reader), "the reader to have emptied its ring")
        total += run.send(scene.local, 10, total)
        stream = wait_account(viewer, total)
    viewer.wait(lambda s: s.total("ifrecv") == total, "the last statistics")
    assert stream.total("osdrop") == stream.total("ifdrop") == stream.dropcount > 1000
    numbers = run.numbers(stream.packets)
    assert numbers == sorted(set(numbers)) and numbers[-1] == total - 1


def test_the_end_delivers_what_is_in_the_unfinished_block(start, scene):
    running, viewer, _ = paced(start, scene)
    run = Numbered(b"<end>")
    run.send(scene.local, 500)
    viewer.wait_carrying(b"<end>", 1)
    run.send(scene.local, 277, 500)
    running.process.send_signal(signal.SIGTERM)
    viewer.wait_end()
    check_exact(viewer.stream, run, 777)


@pytest.mark.parametrize("flags", [(), PACED], ids=["timed", "paced"])
def test_a_chosen_interface_that_is_renamed_stays_in_the_capture(start, scene, flags):
    running = start(*flags)
    viewer = Viewer(running, netns=scene.inode, nif="eth0", filter=FILTER, save=False).wait_interfaces("eth0")
    reader, = running.readers()
    run = Numbered(b"<renamed>")
    run.send(scene.local, 10)
    viewer.wait_carrying(b"<renamed>", 10)
    until(asleep(reader), "the reader to sleep")
    scene.box.ip("link", "set", "eth0", "down")
    scene.box.ip("link", "set", "eth0", "name", "other0")
    scene.box.ip("link", "set", "other0", "up")
    viewer.wait_interfaces("eth0", "other0")
    other = viewer.stream.interfaces[1]
    assert other.text(1) == "renamed: this interface was called eth0 before"
    for number in range(10, 40, 10):
        until(asleep(reader), "the reader to sleep")
        run.send(scene.sender, 10, number)
        viewer.wait_carrying(b"<renamed>", number + 10)
    assert {p.interface for p in viewer.stream.packets[10:]} == {other.index}
    running.process.send_signal(signal.SIGTERM)
    viewer.wait_end()
    assert viewer.stream.total("ifrecv") == 40 and viewer.stream.total("ifdrop") == 0


def test_the_bell_follows_an_interface_that_is_made_anew(start, scene):
    _, viewer, reader = paced(start, scene)
    scene.close()
    scene.box.ip("link", "del", "eth0")
    netns.veth(scene.box, "eth0", scene.far, "peer0")
    until(lambda: promiscuity(scene.box, "eth0") == 1, "promiscuous mode")
    run = Numbered(b"<anew>")
    for number in range(3):
        until(asleep(reader), "the reader to sleep")
        run.send(scene.sender, 1, number)
        viewer.wait_carrying(b"<anew>", number + 1)
    check_exact(viewer.stream, run, 3)


def test_the_first_captures_are_timed_and_further_ones_pace_themselves(start, scene):
    running = start()
    latencies = []
    for port in range(4):
        viewer = Viewer(running, netns=scene.inode, nif="eth0", filter=f"udp port {9 + port}", save=False)
        viewer.wait_interfaces("eth0")
        latencies = sorted(int(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[2]) for pid in running.readers())
    assert latencies == [5, 5, 20, 20]
