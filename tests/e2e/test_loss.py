# SPDX-License-Identifier: MIT
"""Every packet is delivered or reported lost: nothing is lost in silence, and nothing is reported that was delivered."""
import os
import signal
import socket
import time

import pytest

from harness import service
from harness.client import Raw, Viewer
from harness.pcapng import Stream
from harness.traffic import Numbered
from harness.wait import until

FILTER = "udp port 9 and src host 192.0.2.2"
SMALL = ("--ring-size", "2M", "--stream-size", "2M")


def settle(viewer, total):
    """Wait until delivered plus reported lost is TOTAL in the newest statistics."""
    viewer.wait(lambda s: s.total("ifrecv") == total and s.packet_count + s.total("ifdrop") == total,
                f"an account of {total} packets")
    return viewer.stream


def quiet(pid, _last={}):
    """True when process PID has used no processor time since the last call."""
    spent = open(f"/proc/{pid}/schedstat").read().split()[0]
    before, _last[pid] = _last.get(pid), spent
    return spent == before and service.stat_fields(pid)[0] == "S"


def check_account(stream, total):
    """The law of the stream: accepted = received = delivered + dropped, and the gaps add up to the drops."""
    assert stream.total("ifrecv") == stream.total("filteraccept") == total
    assert stream.total("usrdeliv") == stream.packet_count
    assert stream.packet_count + stream.total("ifdrop") == total
    assert stream.total("osdrop") <= stream.total("ifdrop")
    assert stream.dropcount == stream.total("ifdrop"), "the gaps do not add up"


def check_numbers(stream, run, total):
    numbers = run.numbers(stream.packets)
    assert numbers == sorted(set(numbers)), "packets out of order or twice"
    assert not numbers or numbers[-1] < total


def test_without_loss_the_statistics_count_every_packet(shared, scene):
    viewer = Viewer(shared, netns=scene.inode, nif="eth0/lo", filter=FILTER, statistics="live").wait_interfaces("eth0", "lo")
    run = Numbered(b"<count>", 100)
    run.send(scene.local, 1000)
    stream = settle(viewer, 1000)
    assert run.numbers(stream.packets) == list(range(1000))
    check_account(stream, 1000)
    eth0 = stream.last_statistics()[0]
    assert (eth0.ifrecv, eth0.usrdeliv, eth0.ifdrop, eth0.osdrop) == (1000, 1000, 0, 0)
    first, last = stream.packets[0].ts_ns, stream.packets[-1].ts_ns
    assert eth0.starttime <= first <= last <= eth0.endtime <= eth0.ts_ns + 1_000_000_000


def test_statistics_come_live_while_something_changes_and_are_monotonic(shared, scene):
    viewer = Viewer(shared, netns=scene.inode, nif="eth0", filter=FILTER, statistics="live").wait_interfaces("eth0")
    run = Numbered(b"<live>")
    for total in (10, 20, 30):
        run.send(scene.local, 10, total - 10)
        settle(viewer, total)
    seen = [isb.ifrecv for isb in viewer.stream.statistics]
    assert seen == sorted(seen) and set(seen) >= {10, 20, 30}
    times = [isb.ts_ns for isb in viewer.stream.statistics]
    assert times == sorted(times)


def test_a_latecomers_account_begins_when_it_joins(shared, scene):
    first = Viewer(shared, netns=scene.inode, nif="eth0", filter=FILTER, statistics="live").wait_interfaces("eth0")
    run = Numbered(b"<join>")
    run.send(scene.local, 500)
    settle(first, 500)
    second = Viewer(shared, netns=scene.inode, nif="eth0", filter=FILTER, statistics="live").wait_interfaces("eth0")
    run.send(scene.local, 100, 500)
    settle(first, 600)
    stream = settle(second, 100)
    check_account(stream, 100)
    assert run.numbers(stream.packets) == list(range(500, 600))


class Stuck:
    """A viewer that stops reading and reads again when told to."""

    def __init__(self, running, **params):
        self.raw = Raw(running, rcvbuf=65536)
        self.raw.open(**params)
        self.stream = Stream()
        while not self.stream.interfaces:
            self.read_one()

    def read_one(self):
        _, opcode, payload = self.raw.frame()
        assert opcode == 2, f"opcode {opcode}: {payload!r}"
        self.stream.feed(payload)

    def read_until(self, predicate, what, limit=200_000):
        for _ in range(limit):
            if predicate(self.stream):
                return self.stream
            self.read_one()
        raise AssertionError(f"never saw {what}")

    def catch_up(self, run, scene, total):
        """Read all there is, one more packet (it carries the count of the last gap) and an account of all TOTAL + 1."""
        self.raw.sock.settimeout(1)
        try:
            while True:
                self.read_one()
        except socket.timeout:
            self.raw.sock.settimeout(20)
        run.send(scene.local, 1, total)
        self.read_until(lambda s: s.total("ifrecv") == total + 1 and s.packet_count + s.total("ifdrop") == total + 1,
                        f"an account of {total + 1} packets")
        return total + 1

    def close(self):
        self.raw.sock.close()


def feed(run, scene, fast, first, count, step=500):
    """Send COUNT packets no faster than FAST reads them."""
    for at in range(first, first + count, step):
        number = min(step, first + count - at)
        run.send(scene.local, number, at)
        fast.wait(lambda s: s.packet_count >= at + number, f"{at + number} packets")


def test_a_slow_viewer_loses_is_told_exactly_and_slows_nobody(start, owned, scene):
    running = start(*SMALL)
    params = {"netns": scene.inode, "nif": "eth0", "filter": FILTER, "statistics": "live"}
    slow = owned.add(Stuck(running, **params))
    fast = Viewer(running, params, save=False).wait_interfaces("eth0")
    run = Numbered(b"<slow>", 1400)
    total = 30_000      # 42 MB: more than the stream buffer and all socket buffers hold
    feed(run, scene, fast, 0, total)
    total = slow.catch_up(run, scene, total)
    assert slow.stream.total("ifdrop") > 1000, "the slow viewer should have lost"
    assert slow.stream.total("osdrop") == 0
    check_account(slow.stream, total)
    check_numbers(slow.stream, run, total)
    gaps_are_where_the_numbers_jump(slow.stream, run)
    stream = settle(fast, total)
    check_account(stream, total)
    assert stream.total("ifdrop") == 0 and stream.dropcount == 0
    assert run.numbers(stream.packets) == list(range(total))


def gaps_are_where_the_numbers_jump(stream, run):
    expected = 0
    for packet in stream.packets:
        number, = run.numbers([packet])
        assert packet.dropcount == number - expected, f"packet {number} after {expected - 1}: {packet.dropcount}"
        expected = number + 1


def test_a_viewer_that_is_always_slow_keeps_an_exact_account(start, owned, scene):
    running = start(*SMALL)
    params = {"netns": scene.inode, "nif": "eth0", "filter": FILTER, "statistics": "live"}
    slow = owned.add(Stuck(running, **params))
    fast = Viewer(running, params, save=False, keep=0).wait_interfaces("eth0")
    run = Numbered(b"<crawl>", 1400)
    total = 0
    for _ in range(6):
        feed(run, scene, fast, total, 4000)
        total += 4000
        for _ in range(5):
            slow.read_one()
    total = slow.catch_up(run, scene, total)
    check_account(slow.stream, total)
    gaps_are_where_the_numbers_jump(slow.stream, run)


@pytest.mark.parametrize("size", [64, 1400])
def test_packets_the_kernel_drops_are_reported_exactly(start, scene, size):
    """The reader is stopped, so that the ring overflows for sure."""
    running = start(*SMALL)
    viewer = Viewer(running, netns=scene.inode, nif="eth0", filter=FILTER, statistics="live").wait_interfaces("eth0")
    run = Numbered(b"<ring>", size)
    run.send(scene.local, 100)
    settle(viewer, 100)
    reader, = running.readers()
    os.kill(reader, signal.SIGSTOP)
    try:
        run.send(scene.local, 30_000, 100)
    finally:
        os.kill(reader, signal.SIGCONT)
    until(lambda: quiet(reader), "the reader to have emptied its ring")
    run.send(scene.local, 10, 30_100)
    stream = settle(viewer, 30_110)
    assert stream.total("osdrop") > 1000, "the ring should have overflowed"
    assert stream.total("osdrop") == stream.total("ifdrop")
    check_account(stream, 30_110)
    check_numbers(stream, run, 30_110)


@pytest.mark.parametrize("cause", ["kernel", "viewer"])
def test_losses_are_told_live_even_if_no_packet_follows(start, owned, scene, cause):
    """The last packets may be the lost ones; the statistics say so within moments all the same."""
    running = start(*SMALL)
    params = {"netns": scene.inode, "nif": "eth0", "filter": FILTER, "statistics": "live"}
    fast = Viewer(running, params, save=False).wait_interfaces("eth0")
    run = Numbered(b"<tail>", 1400)
    if cause == "kernel":
        reader, = running.readers()
        os.kill(reader, signal.SIGSTOP)
        run.send(scene.local, 10_000)
        os.kill(reader, signal.SIGCONT)
        assert settle(fast, 10_000).total("osdrop") > 0
        return
    slow = owned.add(Stuck(running, **params))
    feed(run, scene, fast, 0, 20_000)
    slow.raw.sock.settimeout(20)
    slow.read_until(lambda s: s.total("ifrecv") == 20_000 and s.packet_count + s.total("ifdrop") == 20_000, "the account")
    assert slow.stream.total("ifdrop") > 0


def test_kernel_and_viewer_losses_together_add_up(start, owned, scene):
    running = start(*SMALL)
    params = {"netns": scene.inode, "nif": "eth0", "filter": FILTER, "statistics": "live"}
    slow = owned.add(Stuck(running, **params))
    fast = Viewer(running, params, save=False).wait_interfaces("eth0")
    run = Numbered(b"<both>", 1400)
    feed(run, scene, fast, 0, 15_000)
    reader, = running.readers()
    os.kill(reader, signal.SIGSTOP)
    run.send(scene.local, 10_000, 15_000)
    os.kill(reader, signal.SIGCONT)
    until(lambda: quiet(reader), "the reader to have emptied its ring")
    total = slow.catch_up(run, scene, 25_000)
    stream = settle(fast, total)
    check_account(stream, total)
    check_account(slow.stream, total)
    assert slow.stream.total("osdrop") == stream.total("osdrop") == stream.total("ifdrop")
    assert slow.stream.total("ifdrop") > stream.total("ifdrop")


@pytest.mark.parametrize("size", [64, 1400])
def test_a_burst_at_full_speed_is_accounted_for_to_the_last_packet(start, scene, size):
    running = start(*SMALL)
    viewer = Viewer(running, {"netns": scene.inode, "nif": "eth0", "filter": FILTER, "statistics": "live"}, save=False)
    viewer.wait_interfaces("eth0")
    run = Numbered(b"<burst>", size)
    run.send(scene.local, 60_000)
    reader, = running.readers()
    until(lambda: quiet(reader), "the reader to have emptied its ring")
    run.send(scene.local, 1, 60_000)
    stream = settle(viewer, 60_001)
    check_account(stream, 60_001)
    check_numbers(stream, run, 60_001)


def test_the_end_of_the_service_brings_a_last_exact_account(start, scene):
    running = start()
    viewer = Viewer(running, netns=scene.inode, nif="eth0", filter=FILTER, statistics="live").wait_interfaces("eth0")
    run = Numbered(b"<final>")
    run.send(scene.local, 777)
    viewer.wait_carrying(b"<final>", 777)
    running.process.send_signal(signal.SIGTERM)
    viewer.wait_end()
    assert viewer.close_code == 1001
    assert viewer.stream.blocks[-1] == 5 and not viewer.stream.pending
    check_account(viewer.stream, 777)


def test_each_interface_has_one_statistics_block_at_the_end_even_after_losses(start, scene):
    """Wireshark shows the dropped packets of an interface only if it has exactly one."""
    running = start(*SMALL)
    viewer = Viewer(running, netns=scene.inode, nif="lo/eth0", filter=FILTER).wait_interfaces("eth0", "lo")
    reader, = running.readers()
    run = Numbered(b"<once>", 1400)
    os.kill(reader, signal.SIGSTOP)
    run.send(scene.local, 10_000)
    os.kill(reader, signal.SIGCONT)
    until(lambda: quiet(reader), "the reader to have emptied its ring")
    # more than two of the service's seconds in which something changes
    began = time.monotonic()
    total = 10_000
    while time.monotonic() < began + 2.5:
        total += run.send(scene.local, 1, total)
        viewer.wait(lambda s: s.packet_count + s.dropcount == total, f"{total} packets or drop counts")
    assert viewer.stream.dropcount > 0 and viewer.stream.statistics == []
    running.process.send_signal(signal.SIGTERM)
    viewer.wait_end()
    assert sorted(isb.interface for isb in viewer.stream.statistics) == [0, 1]
    check_account(viewer.stream, total)
    lo, eth0 = (viewer.stream.last_statistics()[i] for i in (0, 1))
    assert (lo.ifrecv, lo.ifdrop) == (0, 0), "losses of another interface are counted at lo"
    assert eth0.ifdrop == eth0.osdrop == viewer.stream.dropcount


@pytest.mark.parametrize("lossy", [False, True], ids=["all", "losses"])
def test_a_viewer_that_closes_gets_the_final_statistics_before_the_answer(start, scene, lossy):
    """One block for each interface, with what this viewer got and lost, though others go on."""
    running = start(*SMALL)
    params = {"netns": scene.inode, "nif": "lo/eth0", "filter": FILTER}
    other = Viewer(running, params).wait_interfaces("eth0", "lo")
    viewer = Viewer(running, params).wait_interfaces("eth0", "lo")
    reader, = running.readers()
    run = Numbered(b"<leave>", 1400)
    if lossy:
        os.kill(reader, signal.SIGSTOP)
    run.send(scene.local, 10_000 if lossy else 100)
    if lossy:
        os.kill(reader, signal.SIGCONT)
        until(lambda: quiet(reader), "the reader to have emptied its ring")
    total = (10_000 if lossy else 100) + run.send(scene.local, 1, 10_000)
    for stream in (viewer, other):
        stream.wait(lambda s: s.packet_count + s.dropcount == total, f"{total} packets or drop counts")
    assert viewer.stream.statistics == []
    viewer.close(1000, "ciao")
    assert (viewer.close_code, viewer.close_reason) == (1000, "ciao")
    assert sorted(isb.interface for isb in viewer.stream.statistics) == [0, 1]
    assert viewer.stream.blocks[-2:] == [5, 5] and not viewer.stream.pending
    check_account(viewer.stream, total)
    assert (viewer.stream.total("ifdrop") > 0) == lossy
    assert other.stream.statistics == [] and not other.ended


def test_losses_by_cause_are_in_the_metrics(start, scene):
    running = start(*SMALL)
    viewer = Viewer(running, netns=scene.inode, nif="eth0", filter=FILTER, statistics="live").wait_interfaces("eth0")
    reader, = running.readers()
    os.kill(reader, signal.SIGSTOP)
    run = Numbered(b"<metric>", 1400)
    run.send(scene.local, 10_000)
    os.kill(reader, signal.SIGCONT)
    until(lambda: quiet(reader), "the reader to have emptied its ring")
    run.send(scene.local, 1, 10_000)
    lost = settle(viewer, 10_001).total("osdrop")
    assert lost > 0

    def counted():
        metrics = running.metrics()
        return [key for key, value in metrics.items() if value == lost and ("lost" in key or "drop" in key or "loss" in key)]
    until(counted, "the losses in /metrics")
