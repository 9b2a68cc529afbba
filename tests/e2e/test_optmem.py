# SPDX-License-Identifier: MIT
"""Filters hold whatever memory the captured namespace grants to kernel programs (net.core.optmem_max)."""
import os
import signal
import socket
import threading

import pytest

from harness import netns
from harness.client import Viewer
from harness.traffic import ethernet, ipv4, tag, udp_frame
from harness.wait import until
from test_filters import tcp

KNOB = "net/core/optmem_max"
ORDINARY = "host 198.51.100.7 and (port 80 or port 443 or port 8080)"
PACED = ("--latency", "20")
PLAIN = ("--latency", "5")
REFUSED = "packetflix_filters_refused_total"
WORDS = "net.core.optmem_max"


def segment(port, payload, source="198.51.100.7"):
    return ethernet(ipv4(tcp(port, 0x02) + payload, protocol=6, source=source))


def mixture(rounds):
    """Frames, and those of them that ORDINARY accepts; each accepted one is unique."""
    frames, wanted = [], []
    for number in range(rounds):
        for port in (80, 81, 443, 8080, 8443):
            frame = segment(port, b"<%d-%d>" % (port, number))
            frames += [frame, segment(port, b"<other>", source="198.51.100.8")]
            if port in (80, 443, 8080):
                wanted.append(frame)
    return frames, wanted


def check_exact(viewer, wanted):
    """What was wanted came, once and in order, and counts as passed; nothing else does."""
    total = len(wanted)
    viewer.wait(lambda s: s.packet_count >= total and s.total("ifrecv") >= total, f"{total} packets and their count")
    assert [p.data for p in viewer.stream.packets] == wanted
    assert viewer.stream.total("ifrecv") == viewer.stream.total("usrdeliv") == total
    assert viewer.stream.total("ifdrop") == 0


@pytest.mark.parametrize("nif", ["eth0", "any"])
@pytest.mark.parametrize("flags", [PLAIN, PACED], ids=["plain", "paced"])
@pytest.mark.parametrize("optmem,in_kernel", [(20480, True), (4096, None), (1, False)])
def test_an_ordinary_filter_is_exact_with_little_kernel_memory(start, scene, optmem, in_kernel, flags, nif):
    scene.box.sysctl(KNOB, optmem)
    running = start(*flags)
    viewer = Viewer(running, netns=scene.inode, nif=nif, filter=ORDINARY, statistics="live").wait_interfaces("eth0")
    frames, wanted = mixture(100)
    scene.send(*frames)
    check_exact(viewer, wanted)
    refused = running.metrics()[REFUSED]
    if in_kernel is None:       # depends on what the kernel makes of an instruction
        in_kernel = refused == 0
    assert refused == (0 if in_kernel else 1)
    comments = [i.text(1) for i in viewer.stream.interfaces]
    assert [WORDS in (comment or "") for comment in comments] == [not in_kernel] * len(comments)


@pytest.mark.parametrize("flags", [PLAIN, PACED], ids=["plain", "paced"])
def test_a_running_capture_goes_on_when_the_memory_is_taken_away(start, scene, flags):
    """Its next filter, for a link that comes back, has no room any more."""
    netns.veth(scene.box, "eth1", scene.far, "peer1")
    running = start(*flags)
    viewer = Viewer(running, netns=scene.inode, nif="eth0/eth1", filter=ORDINARY, statistics="live")
    viewer.wait_interfaces("eth0", "eth1")
    frames, wanted = mixture(20)
    scene.send(*frames[:100])
    scene.box.sysctl(KNOB, 1)
    scene.box.ip("link", "del", "eth1")
    netns.veth(scene.box, "eth1", scene.far, "peer1")
    with scene.far.packet_socket("peer1") as second:
        def is_back():
            second.send(segment(80, b"<back>"))
            return len(viewer.stream.interfaces) == 3
        until(is_back, "the interface that came back")
        scene.send(*frames[100:])
        second.send(segment(81, b"<no>"))
        second.send(segment(80, b"<end>"))
    viewer.wait_carrying(b"<end>")
    assert [p.data for p in viewer.stream.packets if b"<back>" not in p.data] == wanted + [segment(80, b"<end>")]
    viewer.wait(lambda s: s.total("ifrecv") == s.packet_count, "the count of all packets")
    assert running.metrics()[REFUSED] == 1
    assert WORDS in viewer.stream.interfaces[2].text(1)


@pytest.mark.parametrize("flags", [PLAIN, PACED], ids=["plain", "paced"])
def test_packets_are_cut_as_by_the_kernel(start, scene, flags):
    """Also those in the ring that the kernel cut before it had no room for the next program."""
    netns.veth(scene.box, "eth1", scene.far, "peer1")
    running = start(*flags)
    options = {"netns": scene.inode, "nif": "eth0/eth1", "snaplen": 40, "filter": "udp[8:4] = 0x3c6b6565"}
    viewer = Viewer(running, options).wait_interfaces("eth0", "eth1")
    frames = [udp_frame(b"<keep-%d>" % n + bytes(60)) for n in range(40)]
    frames += [tag(udp_frame(b"<keep-%d>" % n + bytes(60)), (0x8100, 5)) for n in range(40)]
    for half in (frames[:40], frames[40:]):
        for frame in half:
            scene.send(frame, frame.replace(b"<keep", b"<lose"))
        scene.box.sysctl(KNOB, 1)
        scene.box.ip("link", "del", "eth1")
        netns.veth(scene.box, "eth1", scene.far, "peer1")
    viewer.wait(lambda s: s.packet_count >= 80, "80 packets")
    assert [p.data for p in viewer.stream.packets] == [f[:40] for f in frames]
    assert [p.origlen for p in viewer.stream.packets] == [len(f) for f in frames]
    assert running.metrics()[REFUSED] == 1


@pytest.mark.parametrize("flags", [PLAIN, PACED], ids=["plain", "paced"])
def test_a_capture_without_kernel_filter_ends_in_order_amid_traffic(start, scene, flags):
    scene.box.sysctl(KNOB, 1)
    running = start(*flags)
    viewer = Viewer(running, netns=scene.inode, nif="eth0", filter=ORDINARY, statistics="live").wait_interfaces("eth0")
    stop = threading.Event()

    def flood():
        while not stop.is_set():
            scene.send(segment(80, b"<yes>"), segment(81, b"<no>"))

    sender = threading.Thread(target=flood)
    sender.start()
    try:
        viewer.wait_carrying(b"<yes>", 100)
        running.process.send_signal(signal.SIGTERM)
        viewer.wait_end()
    finally:
        stop.set()
        sender.join()
    stream = viewer.stream
    assert stream.blocks[-1] == 5, "the stream does not end with statistics"
    assert stream.total("ifrecv") == stream.packet_count + stream.total("ifdrop")
    assert not stream.carrying(b"<no>")


def test_a_link_type_that_appears_later_is_filtered_from_its_first_packet(shared, scene):
    """The kernel holds programs only for link types that exist; packets are faster than news of a link."""
    viewer = Viewer(shared, netns=scene.inode, nif="any", filter="udp port 4242").wait_interfaces("eth0")
    assert viewer.stream.names_of_interfaces() == ["lo", "eth0"]
    fd = netns.tun(scene.box, "tun0")
    try:
        for number in range(200):
            os.write(fd, udp_frame(b"<no-%d>" % number, target_port=4241)[14:])
            os.write(fd, udp_frame(b"<yes-%d>" % number, target_port=4242)[14:])
        viewer.wait_carrying(b"<yes-199>")
    finally:
        os.close(fd)
    assert [p.data[28:] for p in viewer.stream.packets] == [b"<yes-%d>" % n for n in range(200)]


@pytest.mark.parametrize("optmem", [20480, 1])
def test_own_connections_that_come_later_stay_out(start, new_netns, optmem):
    """The service is captured in its own namespace. It learns its later addresses from connections to them."""
    own = new_netns("own", ipv6=True)
    addresses = [f"198.51.100.{number}" for number in range(2, 12)] + [f"2001:db8::{number:x}" for number in range(2, 22)]
    own.sysctl(KNOB, optmem)
    running = start("--listen", "[::]", netns=own)
    viewer = Viewer(running, netns=own.inode, nif="lo", filter=ORDINARY + " or udp port 4242").wait_interfaces("lo")
    for address in addresses:
        own.ip("addr", "add", address + ("/128" if ":" in address else "/32"), "dev", "lo")
    for address in addresses:
        Viewer(running, netns=own.inode, nif="lo", sock=running.dial(host=address)).wait_interfaces("lo").close()
    late = Viewer(running, netns=own.inode, nif="lo", filter="tcp", sock=running.dial(host=addresses[-1]))
    late.wait_interfaces("lo").ping()
    assert not late.stream.packets
    with own.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<datagram>", ("127.0.0.1", 4242))
    viewer.wait_carrying(b"<datagram>")
    assert [p.data[42:] for p in viewer.stream.packets] == [b"<datagram>"]
