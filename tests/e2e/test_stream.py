# SPDX-License-Identifier: MIT
"""The stream itself: blocks, options, and every packet exactly as it was on the wire."""
import json
import os
import random
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from harness import netns, service
from harness.client import Raw, Viewer
from harness.pcapng import (LINKTYPE_ETHERNET, LINKTYPE_IPV4, LINKTYPE_RAW, MARKER, SHB, IDB, Stream, dissect, judge,
                            tshark)
from harness.netns import promiscuity
from harness.traffic import BROADCAST, Numbered, ethernet, ipv4, tag, udp, udp_frame
from harness.wait import until


def view(running, scene, **params):
    return Viewer(running, {"netns": scene.inode, **params})


# -- section header --------------------------------------------------------------------------

def test_the_first_message_begins_with_the_section_header(shared, plain_scene):
    with Raw(shared) as raw:
        raw.open(netns=plain_scene.inode)
        payload = b""
        while not payload:      # empty messages are allowed before
            fin, opcode, payload = raw.frame()
            assert fin and opcode == 2
        assert payload[:4] == b"\x0a\x0d\x0d\x0a"


def test_every_message_is_binary_and_unfragmented_and_of_bounded_size(shared, scene):
    run = Numbered(b"<framing>", 1000)
    stream = Stream()
    with Raw(shared) as raw:
        raw.open(netns=scene.inode, nif="eth0")
        while stream.packet_count < 2000:
            fin, opcode, payload = raw.frame()
            assert fin and opcode == 2 and len(payload) <= 262144 + 4096
            if not stream.interfaces:
                stream.feed(payload)
                if stream.interfaces:
                    run.send(scene.sender, 2000)
            else:
                stream.feed(payload)


def test_the_section_header_is_first_and_alone_and_of_unknown_length(shared, plain_scene):
    viewer = view(shared, plain_scene).wait_interfaces("eth0", "lo")
    assert viewer.stream.blocks[0] == SHB and viewer.stream.blocks.count(SHB) == 1
    assert viewer.stream.shb_section_length == -1


@pytest.mark.parametrize("target,params,expected", [
    ({}, {}, {"container-name": "", "container-type": "", "node-name": ""}),
    ({"name": "web", "type": "docker", "node-name": "box"}, {"filter": "tcp port 80"},
     {"container-name": "web", "container-type": "docker", "node-name": "box", "capture-filter": "tcp port 80"}),
    ({"name": "default/nginx", "type": "pod"}, {"chaste": ""},
     {"container-name": "default/nginx", "container-type": "pod", "node-name": "", "no-promiscuous-mode": True}),
    ({"name": "x", "cluster": {"context": "c", "uid": "0815"}}, {},
     {"container-name": "x", "container-type": "", "node-name": "", "cluster": {"uid": "0815"}}),
    ({"name": "x", "cluster": {}}, {}, {"container-name": "x", "container-type": "", "node-name": "", "cluster": {}}),
    ({"name": "yes", "type": "null", "node-name": "1.5"}, {},
     {"container-name": "yes", "container-type": "null", "node-name": "1.5"}),
    ({"name": "a: b # c\n---\nd\t\"'\\", "type": "- x", "node-name": "\u2028é\u0001"}, {},
     {"container-name": "a: b # c\n---\nd\t\"'\\", "container-type": "- x", "node-name": "\u2028é\u0001"}),
    ({"name": "systemd(1)"}, {"filter": "udp port 1 and (host 192.0.2.1 or host 192.0.2.2) and ether[0] & 1 = 0"},
     {"container-name": "systemd(1)", "container-type": "", "node-name": "",
      "capture-filter": "udp port 1 and (host 192.0.2.1 or host 192.0.2.2) and ether[0] & 1 = 0"})])
def test_the_comment_is_the_marker_and_one_yaml_document(shared, plain_scene, target, params, expected):
    viewer = Viewer(shared, {"container": json.dumps({"netns": plain_scene.inode, **target}), **params})
    viewer.wait_interfaces("eth0")
    comment = viewer.stream.comment
    assert comment.startswith(MARKER)
    assert comment.count(MARKER) == 1
    assert list(viewer.stream.shb_options)[0] == 1, "the comment is not the first option"
    document = viewer.stream.document
    assert document == expected
    assert list(document) == list(expected), "the order of the keys"
    assert comment.endswith("\n")


def test_the_section_header_names_hardware_system_and_application(shared, plain_scene):
    options = view(shared, plain_scene).wait_interfaces("eth0").stream.shb_options
    assert options[2][0].decode().strip()
    assert os.uname().release in options[3][0].decode()
    assert re.match(r"packetflix \d+\.\d+\.\d+", options[4][0].decode(), re.I)


def test_interfaces_are_described_with_all_their_options(shared, scene):
    scene.box.ip("link", "set", "eth0", "alias", "the wire")
    viewer = view(shared, scene, filter="udp port 9 or vlan", nif="eth0/lo").wait_interfaces("eth0", "lo")
    eth0, lo = viewer.stream.interfaces
    assert (eth0.name, eth0.linktype, eth0.mac, eth0.tsresol) == ("eth0", LINKTYPE_ETHERNET, scene.mac, 9)
    assert (lo.name, lo.linktype, lo.tsresol) == ("lo", LINKTYPE_ETHERNET, 9)
    for one in (eth0, lo):
        assert one.filter == "udp port 9 or vlan"
        assert one.snaplen == 0 or one.snaplen >= 65535 + 18
        assert os.uname().release in one.os
    assert eth0.description
    assert eth0.speed in (None, 10_000_000_000)     # what a veth claims


def test_an_unfiltered_interface_has_no_filter_option(shared, plain_scene):
    assert view(shared, plain_scene, nif="lo").wait_interfaces("lo").stream.interfaces[0].filter is None


# -- packets ---------------------------------------------------------------------------------

@pytest.mark.parametrize("snaplen,kept", [(100, 100), (64, 64), (1000, 1000), (1514, 1514), (0, 1514), (262144, 1514)])
def test_a_snap_length_cuts_packets_and_keeps_their_real_length(shared, scene, snaplen, kept):
    viewer = view(shared, scene, nif="eth0", snaplen=snaplen).wait_interfaces("eth0")
    frame, small = Numbered(b"<snap>", 1514).frame(1), Numbered(b"<snap>", 60).frame(2)
    tagged = tag(Numbered(b"<snap>", 1500).frame(3), (0x8100, 5))
    scene.send(frame, small, tagged)
    packets = viewer.wait_carrying(b"<snap>", 3)
    for packet, sent in zip(packets, (frame, small, tagged)):
        assert packet.data == sent[:kept] and packet.origlen == len(sent)
    if snaplen and snaplen < 65536:
        assert viewer.stream.interfaces[0].snaplen == snaplen
    assert judge(viewer.saved) == 3


SIZES = [14, 15, 16, 17, 42, 59, 60, 61, 63, 64, 65, 127, 128, 1000, 1499, 1500, 1513, 1514]


def test_packets_arrive_byte_exact_and_in_order(shared, scene):
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    frames = [bytes((i * 7 + size) & 0xFF for i in range(size)) for size in SIZES]
    frames = [BROADCAST + b"\x02\0\0\0\0\x02" + b"\x88\xb5" + f[14:] for f in frames]
    began = time.time_ns()
    scene.send(*frames)
    viewer.wait(lambda s: s.packet_count >= len(frames), "all packets")
    ended = time.time_ns()
    packets = viewer.stream.packets
    assert [p.data for p in packets] == frames
    assert all(p.origlen == p.caplen == len(p.data) for p in packets)
    stamps = [p.ts_ns for p in packets]
    assert stamps == sorted(stamps) and began <= stamps[0] and stamps[-1] <= ended
    assert any(stamp % 1000 for stamp in stamps), "time stamps are not nanoseconds"


def test_random_bytes_of_any_kind_arrive_as_they_are(shared, scene):
    dice = random.Random(4711)
    frames = [BROADCAST + dice.randbytes(6) + struct.pack(">H", dice.choice([0x0800, 0x86DD, 0x0806, 0x88B5, 0x0010,
                                                                            0x8847, 0xFFFF]))
              + dice.randbytes(dice.randrange(0, 1400)) for _ in range(500)]
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    scene.send(*frames)
    viewer.wait(lambda s: len([p for p in s.packets if p.direction == "in"]) >= len(frames), "all packets")
    assert [p.data for p in viewer.stream.packets if p.direction == "in"] == frames


def test_the_flags_say_direction_and_kind_of_reception(shared, scene):
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    cases = [(scene.mac, "in", "unicast"), (BROADCAST, "in", "broadcast"), (b"\x01\0\x5e\0\0\1", "in", "multicast"),
             (b"\x02\x99\x99\x99\x99\x99", "in", "promiscuous")]
    for number, (destination, _, _) in enumerate(cases):
        scene.send(Numbered(b"<flags>", target=destination).frame(number))
    with scene.box.packet_socket("eth0") as out:
        out.send(Numbered(b"<flags>", target=scene.far_mac).frame(len(cases)))
    packets = viewer.wait_carrying(b"<flags>", len(cases) + 1)
    assert [(p.direction, p.reception) for p in packets[:-1]] == [case[1:] for case in cases]
    assert packets[-1].direction == "out"


@pytest.mark.parametrize("tags", [
    [(0x8100, 5)], [(0x8100, 0)], [(0x8100, 0xFFFF)], [(0x8100, 0x3005)], [(0x88A8, 7)], [(0x88A8, 0xF007)],
    [(0x88A8, 7), (0x8100, 5)], [(0x8100, 6), (0x8100, 5)], [(0x88A8, 1), (0x88A8, 2), (0x8100, 3)],
    [(0x9100, 5)], [(0x8100, 4095), (0x88A8, 4094)]], ids=lambda t: "+".join(f"{k:x}.{v:x}" for k, v in t))
def test_vlan_tags_that_the_kernel_strips_are_put_back(shared, scene, tags):
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    frames = [tag(Numbered(b"<tagged>", size).frame(size), *tags) for size in (64, 65, 1500 - 4 * len(tags))]
    scene.send(*frames)
    with scene.box.packet_socket("eth0") as out:
        out.send(tag(Numbered(b"<tagged>").frame(1), *tags))
    packets = viewer.wait_carrying(b"<tagged>", len(frames) + 1)
    assert [p.data for p in packets] == frames + [tag(Numbered(b"<tagged>").frame(1), *tags)]
    assert all(p.origlen == len(p.data) for p in packets)


def test_loopback_packets_are_there_once(shared, scene):
    viewer = view(shared, scene).wait_interfaces("lo", "eth0")
    with scene.box.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, \
            scene.box.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 4800))
        for number in range(200):
            sender.sendto(b"<loop>%d;" % number, ("127.0.0.1", 4800))
        sender.sendto(b"<loop-end>", ("127.0.0.1", 4800))
        viewer.wait_carrying(b"<loop-end>")
        sender.sendto(b"<loop-after>", ("127.0.0.1", 4800))
        viewer.wait_carrying(b"<loop-after>")
    assert len(viewer.stream.carrying(b"<loop>")) == 200
    assert len(viewer.stream.carrying(b"<loop-end>")) == 1
    assert {p.interface for p in viewer.stream.carrying(b"<loop>")} == {i.index for i in viewer.stream.interfaces
                                                                       if i.name == "lo"}


def test_the_largest_loopback_packet_is_whole(shared, scene):
    viewer = view(shared, scene, nif="lo").wait_interfaces("lo")
    payload = b"<large>" + bytes(range(256)) * 255
    payload = payload.ljust(65507, b"!")
    with scene.box.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, \
            scene.box.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 4801))
        sender.sendto(payload, ("127.0.0.1", 4801))
    packet, = viewer.wait_carrying(b"<large>")
    assert packet.caplen == packet.origlen == 65507 + 8 + 20 + 14
    assert packet.data.endswith(payload)


def test_jumbo_frames_are_whole(shared, new_netns):
    box, far = new_netns("box"), new_netns("far")
    netns.veth(box, "eth0", far, "peer0", mtu=9000)
    viewer = Viewer(shared, netns=box.inode, nif="eth0").wait_interfaces("eth0")
    frame = Numbered(b"<jumbo>", 9014).frame(1)
    with far.packet_socket("peer0") as sender:
        sender.send(frame)
    assert [p.data for p in viewer.wait_carrying(b"<jumbo>")] == [frame]


def test_segments_the_kernel_merged_are_captured_whole(shared, scene):
    """With segmentation offload a 'packet' is far larger than the MTU; all payload bytes must be there."""
    total = 3_000_000
    viewer = view(shared, scene, nif="eth0", filter="tcp port 4802").wait_interfaces("eth0")
    with scene.box.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((scene.BOX_IP, 4802))
        listener.listen()
        content = os.urandom(total)

        def serve():
            link, _ = listener.accept()
            with link:
                link.sendall(content)
        thread = threading.Thread(target=serve)
        thread.start()
        with scene.far.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(20)
            client.connect((scene.BOX_IP, 4802))
            received = 0
            while data := client.recv(1 << 16):
                received += len(data)
        thread.join()
    assert received == total
    viewer.wait(lambda s: len([p for p in s.packets if p.data[47] & 1]) >= 2, "both ends of the connection")
    seen, first = bytearray(total), None
    covered = bytearray(total)
    for packet in viewer.stream.packets:
        assert packet.caplen == packet.origlen
        length = struct.unpack(">H", packet.data[16:18])[0]
        source, _, sequence, _, offset = struct.unpack(">HHIIB", packet.data[34:47])
        if source != 4802:
            continue
        if packet.data[47] & 2:
            first = sequence + 1
        payload = packet.data[34 + (offset >> 4) * 4:14 + length]
        at = (sequence - first) & 0xFFFFFFFF
        if payload:
            seen[at:at + len(payload)] = payload
            covered[at:at + len(payload)] = b"\1" * len(payload)
    assert covered.count(1) == total and bytes(seen) == content
    assert max(p.caplen for p in viewer.stream.packets) > 1514, "no segment was larger than the MTU"


# -- other link layers -----------------------------------------------------------------------

def test_a_raw_ip_tunnel_has_its_own_link_type_and_no_made_up_header(shared, scene):
    fd = netns.tun(scene.box, "tun0")
    try:
        viewer = view(shared, scene).wait_interfaces("tun0", "eth0", "lo")
        packets = [ipv4(udp(b"<raw>%d" % number)) for number in range(5)]
        for packet in packets:
            os.write(fd, packet)
        scene.send(Numbered(b"<raw>").frame(0))
        viewer.wait_carrying(b"<raw>", 6)
        link, = [i for i in viewer.stream.interfaces if i.name == "tun0"]
        assert link.linktype in (LINKTYPE_RAW, LINKTYPE_IPV4) and link.mac is None
        assert [p.data for p in viewer.stream.of("tun0") if p.direction == "in"] == packets
        assert judge(viewer.saved) >= 6
    finally:
        os.close(fd)


def test_a_tap_device_is_ethernet(shared, scene):
    fd = netns.tun(scene.box, "tap0", netns.IFF_TAP)
    try:
        viewer = view(shared, scene, nif="tap0").wait_interfaces("tap0")
        frame = Numbered(b"<tap>").frame(7)
        os.write(fd, frame)
        assert [p.data for p in viewer.wait_carrying(b"<tap>")] == [frame]
        assert viewer.stream.interfaces[0].linktype == LINKTYPE_ETHERNET
    finally:
        os.close(fd)


@pytest.mark.parametrize("kind,options", [("bridge", []), ("macvlan", ["link", "eth0"]), ("ifb", [])])
def test_packets_of_common_virtual_devices_are_ethernet(shared, scene, kind, options):
    scene.box.ip("link", "add", *options, "name", "dev0", "type", kind)
    scene.box.ip("link", "set", "dev0", "up")
    viewer = view(shared, scene, nif="dev0").wait_interfaces("dev0")
    frame = Numbered(b"<device>").frame(3)
    with scene.box.packet_socket("dev0") as out:
        out.send(frame)
    assert frame in [p.data for p in viewer.wait_carrying(b"<device>")]
    assert viewer.stream.interfaces[0].linktype == LINKTYPE_ETHERNET


# -- interfaces that come and go -------------------------------------------------------------

def test_an_interface_that_comes_up_in_a_quiet_capture_is_described_at_once(shared, scene):
    """The filter lets nothing through: no packet brings the description along."""
    viewer = view(shared, scene, filter="udp port 4242").wait_interfaces("eth0", "lo")
    netns.veth(scene.box, "late0", scene.far, "late-peer")
    viewer.wait_interfaces("eth0", "lo", "late0")
    assert not viewer.stream.packets


@pytest.mark.parametrize("chaste", [False, True])
def test_an_interface_that_appears_later_joins_the_stream(shared, scene, chaste):
    viewer = view(shared, scene, **({"chaste": ""} if chaste else {})).wait_interfaces("eth0", "lo")
    netns.veth(scene.box, "late0", scene.far, "late-peer")
    if chaste:
        until(lambda: promiscuity(scene.box, "late0") == 0, "no promiscuous mode")
    else:
        until(lambda: promiscuity(scene.box, "late0") == 1, "promiscuous mode")
    frame = Numbered(b"<late>").frame(1)
    with scene.far.packet_socket("late-peer") as sender:
        sender.send(frame)
        assert [p.data for p in viewer.wait_carrying(b"<late>")] == [frame]
    late, = [i for i in viewer.stream.interfaces if i.name == "late0"]
    assert late.mac == netns.mac(scene.box, "late0") and late.linktype == LINKTYPE_ETHERNET
    assert judge(viewer.saved) == viewer.stream.packet_count


def test_the_filter_holds_for_interfaces_that_appear_later(shared, scene):
    viewer = view(shared, scene, filter="udp port 4242").wait_interfaces("eth0", "lo")
    netns.veth(scene.box, "late0", scene.far, "late-peer")
    until(lambda: promiscuity(scene.box, "late0") == 1, "promiscuous mode")
    with scene.far.packet_socket("late-peer") as sender:
        sender.send(Numbered(b"<unwanted>").frame(1))
        sender.send(Numbered(b"<wanted>", target_port=4242).frame(2))
    viewer.wait_carrying(b"<wanted>")
    assert not viewer.stream.carrying(b"<unwanted>")
    assert [i.filter for i in viewer.stream.interfaces if i.name == "late0"] == ["udp port 4242"]


def test_new_interfaces_do_not_join_a_capture_of_chosen_ones(shared, scene):
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    netns.veth(scene.box, "late0", scene.far, "late-peer")
    with scene.far.packet_socket("late-peer") as sender:
        sender.send(Numbered(b"<outside>").frame(1))
    scene.send(Numbered(b"<inside>").frame(1))
    viewer.wait_carrying(b"<inside>")
    assert viewer.stream.names_of_interfaces() == ["eth0"] and not viewer.stream.carrying(b"<outside>")


def test_an_interface_that_goes_away_ends_nothing(shared, scene):
    netns.veth(scene.box, "gone0", scene.far, "gone-peer")
    everything = view(shared, scene).wait_interfaces("eth0", "lo", "gone0")
    chosen = view(shared, scene, nif="gone0/eth0").wait_interfaces("gone0", "eth0")
    scene.box.ip("link", "del", "gone0")
    scene.send(Numbered(b"<still-here>").frame(1))
    everything.wait_carrying(b"<still-here>")
    chosen.wait_carrying(b"<still-here>")
    assert not everything.ended and not chosen.ended


def test_an_interface_that_goes_down_and_up_again_delivers_again(shared, scene):
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    scene.box.ip("link", "set", "eth0", "down")
    scene.box.ip("link", "set", "eth0", "up")
    until(lambda: "LOWER_UP" in scene.box.ip("link", "show", "eth0"), "the link")
    scene.send(Numbered(b"<up-again>").frame(1))
    viewer.wait_carrying(b"<up-again>")


def test_an_interface_made_anew_under_the_same_name_gets_its_own_description(shared, scene):
    viewer = view(shared, scene).wait_interfaces("eth0", "lo")
    scene.close()
    scene.box.ip("link", "del", "eth0")
    netns.veth(scene.box, "eth0", scene.far, "peer0")
    until(lambda: promiscuity(scene.box, "eth0") == 1, "promiscuous mode")
    scene.send(Numbered(b"<anew>").frame(1))
    packet, = viewer.wait_carrying(b"<anew>")
    described = viewer.stream.interfaces[packet.interface]
    assert described.name == "eth0" and described.mac == netns.mac(scene.box, "eth0")
    assert viewer.stream.names_of_interfaces().count("eth0") == 2


def test_every_description_comes_before_its_first_packet(shared, scene):
    """The reader refuses a packet before its description; here many interfaces come while packets flow."""
    viewer = view(shared, scene).wait_interfaces("eth0", "lo")
    for number in range(12):
        scene.box.ip("link", "add", f"d{number}", "type", "ifb")
        scene.box.ip("link", "set", f"d{number}", "up")
        scene.send(*[Numbered(b"<meanwhile>").frame(i) for i in range(20)])
        with scene.box.packet_socket(f"d{number}") as out:
            out.send(Numbered(b"<first-of-it>").frame(number))
    viewer.wait(lambda s: len(s.names_of_interfaces()) >= 14, "all interfaces")
    viewer.wait_carrying(b"<meanwhile>", 240)


# -- where namespaces hide -------------------------------------------------------------------

def loop_packet(marker):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(marker, ("127.0.0.1", 4900))


def test_a_namespace_mounted_only_in_a_foreign_mount_namespace_is_captured(shared, foreign_mount):
    viewer = Viewer(shared, netns=foreign_mount.inode).wait_interfaces("lo")
    foreign_mount.run(lambda: loop_packet(b"<foreign>"))
    viewer.wait_carrying(b"<foreign>")


def test_a_bind_mounted_namespace_is_captured_by_its_listed_name(shared, plain_scene):
    listed, = [t for t in shared.targets() if t["netns"] == plain_scene.inode]
    viewer = Viewer(shared, target_json(listed)).wait_interfaces("lo", "eth0")
    assert viewer.stream.document["container-name"] == listed["name"]


def target_json(listed):
    return {"container": json.dumps(listed)}


@pytest.mark.parametrize("opened_through", ["mount", "proc"])
def test_a_namespace_held_only_by_a_descriptor_is_captured(shared, new_netns, opened_through):
    ns = new_netns()
    inode, held = ns.inode, ns.hold(opened_through)
    try:
        netns.ip("netns", "del", ns.name)
        viewer = Viewer(shared, netns=inode).wait_interfaces("lo")
        netns.inside(f"/proc/self/fd/{held}", lambda: loop_packet(b"<held>"))
        viewer.wait_carrying(b"<held>")
    finally:
        os.close(held)


def test_the_hosts_own_namespace_is_captured_like_any_other(shared):
    Viewer(shared, netns=netns.host_inode(), nif="lo", filter="udp port 4901").wait_interfaces("lo")


def test_a_process_target_is_captured_in_its_namespace(shared, scene):
    child = scene.box.popen(["/usr/bin/sleep", "600"])
    until(lambda: service.role_of(child.pid) == "sleep", "sleep to run")
    listed = shared.target(pid=child.pid)
    viewer = Viewer(shared, target_json(listed)).wait_interfaces("eth0")
    scene.send(Numbered(b"<process>").frame(1))
    viewer.wait_carrying(b"<process>")


# -- judges ----------------------------------------------------------------------------------

def test_tshark_and_capinfos_read_the_stream(shared, scene):
    viewer = view(shared, scene, filter="udp").wait_interfaces("eth0", "lo")
    Numbered(b"<judged>", 200).send(scene.sender, 300)
    viewer.wait_carrying(b"<judged>", 300)
    saved = viewer.saved
    assert judge(saved) == viewer.stream.packet_count == 300
    lines = tshark(saved, "-T", "fields", "-e", "frame.interface_name", "-e", "frame.packet_flags_direction", "-e",
                   "ip.src", "-e", "udp.dstport", "-e", "frame.len")
    assert set(lines) == {"eth0\t0x00000001\t192.0.2.2\t9\t200"}


def test_tshark_sees_the_vlan_tags(shared, scene):
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    scene.send(tag(udp_frame(b"<tags>"), (0x88A8, 7), (0x8100, 0x6005)))
    viewer.wait_carrying(b"<tags>")
    layers = dissect(viewer.saved)[0]["_source"]["layers"]
    assert layers["frame"]["frame.protocols"] in ("eth:ethertype:ieee8021ad:vlan:ethertype:ip:udp:data",
                                                  "eth:ethertype:vlan:ethertype:vlan:ethertype:ip:udp:data",
                                                  "eth:ethertype:ieee8021ad:ethertype:vlan:ethertype:ip:udp:data")


def test_capinfos_shows_the_comment_and_the_interfaces(shared, plain_scene):
    viewer = view(shared, plain_scene, filter="udp port 9").wait_interfaces("eth0", "lo")
    plain_scene.send(Numbered(b"<info>").frame(1))
    viewer.wait_carrying(b"<info>")
    with tempfile.NamedTemporaryFile(suffix=".pcapng") as saved:
        saved.write(viewer.saved)
        saved.flush()
        text = subprocess.run(["capinfos", saved.name], capture_output=True, text=True, timeout=30).stdout
    for words in ("# capture target information", "Name = eth0", "Name = lo", "Filter string = udp port 9",
                  "nanoseconds", "Capture application", "Capture oper-sys", "Capture hardware"):
        assert words in text, text


def test_a_frame_without_payload_and_an_empty_capture_are_readable(shared, plain_scene):
    viewer = view(shared, plain_scene, filter="udp port 4999").wait_interfaces("eth0", "lo")
    assert judge(viewer.saved) == 0
    assert viewer.stream.blocks[:3].count(IDB) == 2


def test_ethernet_frames_with_a_length_field_are_exact(shared, scene):
    viewer = view(shared, scene, nif="eth0").wait_interfaces("eth0")
    frame = ethernet(b"\x42\x42\x03<llc>" + bytes(30), kind=38)
    scene.send(frame)
    assert [p.data for p in viewer.wait_carrying(b"<llc>")] == [frame]
