# SPDX-License-Identifier: MIT
"""Filters accept exactly what libpcap accepts on the live interface, on every interface, or are refused in its words."""
import os
import signal
import socket
import struct
import threading

import pytest

from harness import netns
from harness.client import Raw, Viewer, check_close, path, refusal
from harness.reference import Tcpdump, complaint
from harness.service import alive, descendants, role_of
from harness.traffic import Numbered, ethernet, ipv4, tag, udp, udp_frame
from harness.wait import until

END_MAC = bytes.fromhex("0200000000ee")
SIX = bytes.fromhex("20010db8000000000000000000000001")


def ipv6_udp(payload, port):
    body = udp(payload, target_port=port)
    return struct.pack(">IHBB", 6 << 28, len(body), 17, 64) + SIX + SIX[:-1] + b"\x02" + body


def tcp(port, flags):
    return struct.pack(">HHIIBBHHH", 40000, port, 1, 2, 5 << 4, flags, 100, 0, 0)


BASE = [
    udp_frame(b"plain-9"), udp_frame(b"plain-53", target_port=53),
    udp_frame(b"unicast", target=b"\x02\0\0\0\0\x42"), udp_frame(b"multicast", target=b"\x01\0\x5e\0\0\1"),
    ethernet(ipv4(tcp(80, 0x02), protocol=6)), ethernet(ipv4(tcp(443, 0x10), protocol=6)),
    ethernet(ipv4(b"\x08\0" + bytes(30), protocol=1)), ethernet(ipv4(udp(b"x"), source="198.51.100.7")),
    ethernet(ipv6_udp(b"six", 53), kind=0x86DD), ethernet(bytes(28), kind=0x0806), ethernet(bytes(60), kind=0x88B5),
    ethernet(b"\x42\x42\x03" + bytes(40), kind=43), udp_frame(bytes(1000)),
]
TAGGED = [tag(frame, *tags) for tags in (
    [(0x8100, 5)], [(0x8100, 6)], [(0x8100, 0xE005)], [(0x8100, 0)], [(0x88A8, 5)], [(0x88A8, 5), (0x8100, 6)],
    [(0x8100, 5), (0x8100, 6)], [(0x8100, 6), (0x8100, 5)], [(0x9100, 5)]) for frame in BASE[:2] + BASE[8:10]]
FRAMES = BASE + TAGGED

EXPRESSIONS = [
    "udp", "tcp", "udp port 53", "port 53", "tcp port 80 or tcp port 443", "icmp", "arp", "ip", "ip6", "ip6 and udp port 53",
    "not ip", "host 198.51.100.7", "net 192.0.2.0/24", "src 192.0.2.2", "broadcast", "ether multicast",
    "ether host 02:00:00:00:00:42", "ether proto 0x88b5", "ether[12:2] = 0x0800", "ether[0] & 1 = 1", "greater 500",
    "less 60", "len > 1000", "tcp[tcpflags] & tcp-syn != 0", "ip[8] = 64", "llc",
    "portrange 50-60", "ip proto 1", "ether src 02:00:00:00:00:02",
]
VLAN_EXPRESSIONS = [
    "vlan", "not vlan", "vlan 5", "vlan 0", "vlan 4095", "vlan and udp", "vlan 5 and udp", "vlan 5 and udp port 53",
    "vlan and vlan", "vlan 5 and vlan 6", "vlan 6 and vlan", "not (vlan 5)", "udp or vlan", "vlan or udp",
    "vlan 5 or (vlan 6 and arp)", "udp port 53 or (vlan and udp port 53)", "ether proto 0x8100", "ether proto 0x88a8",
    "ether[12:2] = 0x8100", "ether[14:2] & 0x0fff = 5", "vlan and ether[12:2] = 0x0800",
    "vlan and ip6",
]


class Comparison:
    """Each of several filters in a viewer and in tcpdump, and all FRAMES sent past them."""

    def __init__(self, running, owned, scene, expressions):
        self.references, self.viewers = {}, {}
        for expression in expressions:
            full = f"ether dst 02:00:00:00:00:ee or ({expression})"
            self.references[expression] = owned.add(Tcpdump(scene.box, "eth0", full))
            self.viewers[expression] = Viewer(running, netns=scene.inode, nif="eth0", filter=full)
        for expression in expressions:
            self.references[expression].wait_ready()
            self.viewers[expression].wait_interfaces("eth0")
        scene.send(*FRAMES)
        with scene.box.packet_socket("eth0") as out:
            for frame in BASE[:3]:
                out.send(frame)
        scene.send(udp_frame(b"the-end", target=END_MAC))
        for viewer in self.viewers.values():
            viewer.wait_carrying(b"the-end")
        for reference in self.references.values():
            until(lambda reference=reference: b"the-end" in (reference.packets() or [b""])[-1], "tcpdump's packets")

    def check(self):
        wrong = []
        for expression, viewer in self.viewers.items():
            ours = [self.name(p.data) for p in viewer.stream.packets]
            theirs = [self.name(frame) for frame in self.references[expression].packets()]
            if ours != theirs:
                wrong.append((expression, "missing", sorted(set(theirs) - set(ours)),
                              "surplus", sorted(set(ours) - set(theirs)), len(ours), len(theirs)))
        assert not wrong, wrong

    @staticmethod
    def name(frame):
        return f"{FRAMES.index(frame):02}:{frame[12:22].hex()}" if frame in FRAMES else "end"


@pytest.mark.parametrize("expressions", [EXPRESSIONS[:15], EXPRESSIONS[15:], VLAN_EXPRESSIONS[:11], VLAN_EXPRESSIONS[11:]],
                         ids=["plain-1", "plain-2", "vlan-1", "vlan-2"])
def test_a_filter_accepts_what_tcpdump_accepts_on_the_live_interface(shared, owned, scene, expressions):
    Comparison(shared, owned, scene, expressions).check()


def test_what_follows_vlan_is_looked_for_behind_that_tag(shared, scene):
    """Also after an alternative without a tag, where libpcap's own code for live interfaces looks at a wrong offset."""
    viewer = Viewer(shared, netns=scene.inode, nif="eth0", filter="arp or (vlan 5 and arp)").wait_interfaces("eth0")
    everything = Viewer(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    arp = ethernet(bytes(28), kind=0x0806)
    wanted = [arp, tag(arp, (0x8100, 5)), tag(arp, (0x88A8, 5))]
    scene.send(*wanted, tag(arp, (0x8100, 5), (0x8100, 6)), tag(arp, (0x88A8, 5), (0x8100, 5)), udp_frame(b"<no-arp>"))
    everything.wait_carrying(b"<no-arp>")
    scene.send(arp)
    viewer.wait(lambda s: s.packet_count >= 4, "the last frame")
    assert [p.data for p in viewer.stream.packets] == wanted + [arp]


@pytest.mark.parametrize("expression,direction", [("inbound", "in"), ("outbound", "out")])
def test_a_filter_can_choose_the_direction(shared, scene, expression, direction):
    viewer = Viewer(shared, netns=scene.inode, nif="eth0", filter=expression).wait_interfaces("eth0")
    everything = Viewer(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    with scene.box.packet_socket("eth0") as out:
        for number in range(10):
            scene.send(Numbered(b"<incoming>").frame(number))
            out.send(Numbered(b"<outgoing>").frame(number))
    everything.wait_carrying(b"<outgoing>", 10)
    viewer.wait(lambda s: s.packet_count >= 10, "one direction")
    assert {p.direction for p in viewer.stream.packets} == {direction} and viewer.stream.packet_count == 10


def test_a_filter_holds_on_every_interface_not_only_the_last(shared, scene):
    netns.veth(scene.box, "eth1", scene.far, "peer1")
    order = ["eth0", "eth1", "lo"]
    viewer = Viewer(shared, netns=scene.inode, nif="/".join(order), filter="udp port 4242").wait_interfaces(*order)
    assert [i.filter for i in viewer.stream.interfaces] == ["udp port 4242"] * 3
    with scene.far.packet_socket("peer1") as second, scene.box.packet_socket("lo") as loop:
        for sock in (scene.sender, second, loop):
            sock.send(Numbered(b"<reject>").frame(0))
            sock.send(Numbered(b"<accept>", target_port=4242).frame(0))
    viewer.wait_carrying(b"<accept>", 3)
    assert {viewer.stream.interfaces[p.interface].name for p in viewer.stream.packets} == set(order)
    assert len(viewer.stream.packets) == 3


@pytest.mark.parametrize("nif", ["any", "tun0", "tun0/eth0", "eth0/tun0"])
def test_a_filter_is_right_for_each_link_type(shared, scene, nif):
    fd = netns.tun(scene.box, "tun0")
    try:
        names = ["tun0", "eth0"] if nif == "any" else nif.split("/")
        viewer = Viewer(shared, netns=scene.inode, nif=nif, filter="udp port 4242 and src host 192.0.2.2")
        viewer.wait_interfaces(*names)
        for port in (4241, 4242):
            os.write(fd, ipv4(udp(b"<tunnel>", target_port=port)))
            scene.send(udp_frame(b"<wire>", target_port=port))
        scene.send(udp_frame(b"<last>", target_port=4242))
        os.write(fd, ipv4(udp(b"<last>", target_port=4242)))
        viewer.wait_carrying(b"<last>", len(names))
        expected = sorted([b"<tunnel>"] * ("tun0" in names) + [b"<wire>"] * ("eth0" in names))
        found = [p.data for p in viewer.stream.packets if b"<last>" not in p.data]
        assert sorted(m for d in found for m in (b"<tunnel>", b"<wire>") if m in d) == expected
        assert len(found) == len(expected)
    finally:
        os.close(fd)


@pytest.mark.parametrize("expression", ["foo bar", "tcp port", "port 99999999", "and", "(((", "udp port 53)", "host",
                                        "host 192.0.2.999", "net 192.0.2.1/99", "ether host xx", "tcp[", "len >",
                                        "vlan 99999", "udp port nosuchservice", "icmp port 5", "proto nosuchproto",
                                        "1 = ", "wlan type mgt", "ip[0:3] = 1"])
def test_a_bad_filter_is_refused_with_libpcaps_words(shared, plain_scene, expression):
    code, reason = refusal(shared, netns=plain_scene.inode, filter=expression)
    assert code == 1008 and "filter" in reason
    words = complaint(expression)
    assert words[:60] in reason, f"{reason!r} does not say {words!r}"


def test_a_bad_filter_starts_nothing(shared, plain_scene):
    before = shared.metrics()
    refusal(shared, netns=plain_scene.inode, filter="udp port")
    assert shared.readers() == []
    started = [key for key in before if "capture" in key and key.endswith("_total")]
    after = shared.metrics()
    assert all(after[key] == before[key] for key in started if "start" in key)


@pytest.mark.parametrize("expression", ["udp port domain", "ip proto \\udp and port 53", "ether proto \\ip and port 53"])
def test_well_known_names_of_ports_and_protocols_are_understood(shared, scene, expression):
    viewer = Viewer(shared, netns=scene.inode, nif="eth0", filter=expression).wait_interfaces("eth0")
    scene.send(udp_frame(b"<named-no>", target_port=54), udp_frame(b"<named-yes>", target_port=53))
    viewer.wait_carrying(b"<named-yes>")
    assert viewer.stream.packet_count == 1


def test_names_are_not_looked_up_on_the_network(shared, plain_scene):
    """A host name in a filter needs a resolver, which the process that compiles filters does not have."""
    code, reason = refusal(shared, netns=plain_scene.inode, filter="host www.example")
    assert code == 1008 and "filter" in reason


@pytest.mark.parametrize("expression", ["", " ", "  \t "])
def test_an_empty_filter_accepts_everything(shared, scene, expression):
    viewer = Viewer(shared, netns=scene.inode, nif="eth0", filter=expression).wait_interfaces("eth0")
    scene.send(*FRAMES)
    viewer.wait(lambda s: s.packet_count >= len(FRAMES), "all frames")
    assert [p.data for p in viewer.stream.packets] == FRAMES


def test_a_filter_that_accepts_nothing_gives_a_stream_without_packets(shared, scene):
    viewer = Viewer(shared, netns=scene.inode, nif="eth0", filter="less 10").wait_interfaces("eth0")
    other = Viewer(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    scene.send(*FRAMES)
    other.wait(lambda s: s.packet_count >= len(FRAMES), "all frames")
    viewer.ping()
    assert viewer.stream.packet_count == 0


def long_filter(size):
    parts, port = "udp port 4242", 10000
    while len(parts) < size:
        parts += f" or udp port {port}"
        port += 1
    return parts


def test_a_long_filter_of_3000_characters_works(shared, scene):
    expression = long_filter(3000)
    viewer = Viewer(shared, {"netns": scene.inode, "nif": "eth0"}, {"Clustershark-Filter": expression})
    viewer.wait_interfaces("eth0")
    scene.send(udp_frame(b"<no>", target_port=4241), udp_frame(b"<yes>", target_port=4242))
    viewer.wait_carrying(b"<yes>")
    assert viewer.stream.packet_count == 1
    assert viewer.stream.interfaces[0].filter == expression


@pytest.mark.parametrize("where", ["query", "header"])
def test_a_filter_of_64_kib_is_answered_in_words_and_harms_nobody(shared, plain_scene, where):
    expression = long_filter(65536)
    query = f"/capture?netns={plain_scene.inode}&nif=eth0"
    with Raw(shared) as raw:
        try:
            if where == "query":
                status, _ = raw.handshake(query + "&filter=" + expression.replace(" ", "+"))
            else:
                status, _ = raw.handshake(query, {"Clustershark-Filter": expression})
        except (ConnectionResetError, BrokenPipeError, EOFError):
            status = 431
        if status == 101:
            code, reason = raw.until_close()
            check_close(code, reason.decode())
            assert code == 1008 and b"filter" in reason
        else:
            assert status in (400, 414, 431)
    assert shared.get("/healthz").status == 200


def test_the_filter_is_in_the_comment_as_it_was_given(shared, plain_scene):
    text = 'udp  port 9 and ( host 192.0.2.1 )'
    viewer = Viewer(shared, netns=plain_scene.inode, nif="eth0", filter=text).wait_interfaces("eth0")
    assert viewer.stream.document["capture-filter"] == text


def test_two_filters_on_the_same_target_do_not_mix(shared, scene):
    first = Viewer(shared, netns=scene.inode, nif="eth0", filter="udp port 1111").wait_interfaces("eth0")
    second = Viewer(shared, netns=scene.inode, nif="eth0", filter="udp port 2222").wait_interfaces("eth0")
    for number in range(20):
        scene.send(udp_frame(b"<one>", target_port=1111), udp_frame(b"<two>", target_port=2222))
    first.wait_carrying(b"<one>", 20)
    second.wait_carrying(b"<two>", 20)
    assert first.stream.packet_count == second.stream.packet_count == 20


def test_loopback_traffic_is_filtered_too(shared, scene):
    viewer = Viewer(shared, netns=scene.inode, nif="lo", filter="udp port 4243").wait_interfaces("lo")
    with scene.box.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for port in (4242, 4243, 4244):
            sender.sendto(b"<lo-%d>" % port, ("127.0.0.1", port))
        sender.sendto(b"<lo-end>", ("127.0.0.1", 4243))
    viewer.wait_carrying(b"<lo-end>")
    assert [p.data[42:] for p in viewer.stream.packets if p.data[23] == 17] == [b"<lo-4243>", b"<lo-end>"]


def compilers(service):
    return [pid for pid in descendants(service.process.pid) if role_of(pid) == "packetflix-compile"]


SLOW = " or ".join(f"port {number}" for number in range(1000, 2000))  # half a minute in libpcap


class SlowRequest:
    """A request for a capture with the slow filter, by a thread, which is being compiled now."""

    def __init__(self, service, scene):
        self.answer = None
        self._service = service
        self._path = path({"netns": scene.inode, "filter": SLOW}, where="/capture.pcapng")
        before = set(compilers(service))
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        until(lambda: set(compilers(service)) - before, "the filter is being compiled")
        self.compiler = (set(compilers(service)) - before).pop()

    def _ask(self):
        self.answer = self._service.request("GET", self._path, timeout=60)

    def wait(self):
        self._thread.join(60)
        return self.answer


def test_a_long_list_of_hosts_is_compiled(shared, scene):
    hosts = " or ".join(f"host 198.51.100.{number}" for number in range(1, 180))
    viewer = Viewer(shared, netns=scene.inode, nif="eth0", filter=f"host 192.0.2.9 or {hosts}").wait_interfaces("eth0")
    scene.send(Numbered(b"<long-list>").frame(0))
    viewer.wait_carrying(b"<long-list>")


def test_a_filter_that_takes_too_long_is_refused_while_everything_else_goes_on(start, scene):
    running = start()
    slow = SlowRequest(running, scene)
    for _ in range(100):
        assert running.get("/healthz").status == 200
    viewer = Viewer(running, netns=scene.inode, nif="eth0", filter="udp port 9").wait_interfaces("eth0")
    scene.send(Numbered(b"<meanwhile>").frame(0))
    viewer.wait_carrying(b"<meanwhile>")
    assert not slow.answer, "the others had to wait for the slow filter"
    assert slow.wait().status == 400
    assert "cannot be compiled within 5 s" in slow.answer.text
    assert running.metrics()["packetflix_filter_timeouts_total"] == 1
    # and the next long filter has a process again
    test_a_long_list_of_hosts_is_compiled(running, scene)


def test_a_connection_that_breaks_stops_the_compilation(start, scene):
    running = start()
    client = running.dial()
    client.sendall(f"GET {path({'netns': scene.inode, 'filter': SLOW}, where='/capture.pcapng')} HTTP/1.1\r\n"
                   "Host: localhost\r\n\r\n".encode())
    until(lambda: compilers(running), "the filter is being compiled")
    pid, = compilers(running)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    until(lambda: not alive(pid), "the compilation is stopped", 4)


def test_a_compiler_that_dies_refuses_its_filter_and_no_other(start, scene):
    running = start()
    slow = SlowRequest(running, scene)
    os.kill(slow.compiler, signal.SIGKILL)
    assert slow.wait().status == 503
    Viewer(running, netns=scene.inode, nif="eth0", filter="udp").wait_interfaces("eth0")
