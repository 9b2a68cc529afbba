# SPDX-License-Identifier: MIT
"""A viewer's own connection is never in what it views, wherever its packets pass."""
import os
import select
import socket
import struct
import threading

import pytest

from harness import netns, service
from harness.client import Download, Viewer
from harness.traffic import Numbered
from harness.wait import until


def tcp_ports(data):
    """(source, destination) of the TCP segment in an Ethernet frame, looking behind tags; None if it is none."""
    at = 12
    kind, = struct.unpack_from(">H", data, at)
    while kind in (0x8100, 0x88A8):
        at += 4
        kind, = struct.unpack_from(">H", data, at)
    at += 2
    if kind == 0x0800 and data[at + 9] == 6:
        return struct.unpack_from(">HH", data, at + (data[at] & 15) * 4)
    if kind == 0x86DD and data[at + 6] == 6:
        return struct.unpack_from(">HH", data, at + 40)
    return None


class Trunk:
    """A wire between a device in one namespace and one in another that carries frames tagged on its other side."""

    TAG = b"\x81\x00\x00\x07"

    def __init__(self, plain, plain_device, tagged, tagged_device):
        self._fds = [netns.tun(plain, plain_device, netns.IFF_TAP), netns.tun(tagged, tagged_device, netns.IFF_TAP)]
        self._stop = os.eventfd(0)
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _carry(self):
        plain, tagged = self._fds
        while True:
            ready, _, _ = select.select([plain, tagged, self._stop], [], [])
            if self._stop in ready:
                return
            for fd in ready:
                frame = os.read(fd, 70000)
                if fd == plain:
                    os.write(tagged, frame[:12] + self.TAG + frame[12:])
                elif frame[12:16] == self.TAG:
                    os.write(plain, frame[:12] + frame[16:])

    def close(self):
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        for fd in (*self._fds, self._stop):
            os.close(fd)


class Path:
    """service --wire-- bridge --wire-- viewer: three namespaces a viewer's packets pass, tagged in the middle or not."""

    def __init__(self, add, six, trunk):
        self.svc, self.mid, self.far = (add(netns.Netns(role, ipv6=six)) for role in ("svc", "mid", "far"))
        for end, port in ((self.svc, "port0"), (self.far, "port1")):
            if trunk:
                add(Trunk(end, "eth0", self.mid, port))
            else:
                netns.veth(end, "eth0", self.mid, port)
        self.mid.ip("link", "add", "br0", "type", "bridge")
        self.mid.ip("link", "set", "br0", "up")
        for port in ("port0", "port1"):
            self.mid.ip("link", "set", port, "master", "br0")
        self.address, far = ("2001:db8::1", "2001:db8::2") if six else ("198.51.100.1", "198.51.100.2")
        for ns, address in ((self.svc, self.address), (self.far, far)):
            ns.ip("addr", "add", f"{address}/{64 if six else 24}", "dev", "eth0", *(["nodad"] if six else []))


@pytest.fixture(params=["ipv4", "ipv6", "vlan"])
def passage(request, owned):
    return Path(owned.add, request.param == "ipv6", request.param == "vlan")


def other_traffic(ns, address, marker, port=4600):
    """TCP and UDP that is nobody's stream: it must be seen."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ns.socket(family, socket.SOCK_STREAM) as listener, ns.socket(family, socket.SOCK_STREAM) as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        client.connect((address, port))
        link, _ = listener.accept()
        with link:
            for _ in range(20):
                client.sendall(marker)
                link.recv(100)
    with ns.socket(family, socket.SOCK_DGRAM) as sender:
        sender.sendto(marker + b"-udp", (address, port))


def test_no_packet_of_any_viewer_is_in_any_capture_on_its_way(start, passage):
    """Viewers over loopback and over the wire capture the service's own namespace, the bridge and the viewer's own."""
    running = start("--listen", "[::]" if ":" in passage.address else "0.0.0.0", "--allow-host", passage.address,
                    netns=passage.svc, host="::1" if ":" in passage.address else "127.0.0.1")

    def over_wire():
        return passage.far.run(lambda: socket.create_connection((passage.address, running.port), 20))
    viewers = [Viewer(running, netns=passage.svc.inode),
               Viewer(running, netns=passage.svc.inode, sock=over_wire()),
               Viewer(running, netns=passage.mid.inode, sock=over_wire()),
               Viewer(running, netns=passage.far.inode, sock=over_wire()),
               Viewer(running, netns=passage.svc.inode, nif="eth0", sock=over_wire()),
               Viewer(running, netns=passage.svc.inode, filter="tcp or udp")]
    for viewer in viewers:
        viewer.wait(lambda s: s.interfaces, "the beginning")
    ports = {viewer.local_port() for viewer in viewers}
    marks = {viewer: len(viewer.stream.packets) for viewer in viewers}
    for round_number in range(5):
        marker = b"<other-%d>" % round_number
        other_traffic(passage.svc, running.host, marker)
        with passage.far.packet_socket("eth0") as wire:
            Numbered(marker).send(wire, 50)
        for index, viewer in enumerate(viewers):
            if index != 5:
                viewer.wait_carrying(marker, 50)
            viewer.ping(b"x" * 100)
    for viewer in viewers:
        own = [p for p in viewer.stream.packets[marks[viewer]:]
               if (found := tcp_ports(p.data)) and (ports & set(found)) and running.port in found]
        assert not own, f"{len(own)} packets of viewers in a capture"
    assert [p for p in viewers[0].stream.packets if (f := tcp_ports(p.data)) and 4600 in f], "other TCP is missing"


@pytest.mark.parametrize("kind", [Viewer, Download])
def test_two_viewers_of_the_services_namespace_see_none_of_their_own_packets_at_all(start, new_netns, kind):
    ns = new_netns("svc")
    running = start(netns=ns)
    viewers = [kind(running, netns=ns.inode).wait_interfaces("lo") for _ in range(2)]
    sockets = [v._socket if kind is Download else v.socket.transport.get_extra_info("socket") for v in viewers]
    ports = {sock.getsockname()[1] for sock in sockets}
    for round_number in range(20):
        marker = b"<round-%d>" % round_number
        other_traffic(ns, "127.0.0.1", marker)
        for viewer in viewers:
            viewer.wait_carrying(marker + b"-udp")
    for viewer in viewers:
        own = [p for p in viewer.stream.packets if (f := tcp_ports(p.data)) and ports & set(f)]
        assert len(own) == 0, f"{len(own)} packets of the viewers in the capture"
        assert viewer.stream.carrying(b"<round-19>")


def test_the_services_port_elsewhere_is_ordinary_traffic(start, new_netns, scene):
    """What is left out is the service's own end of a connection, not a port number that others use too."""
    ns = new_netns("svc")
    running = start(netns=ns)
    inside = Viewer(running, netns=ns.inode).wait_interfaces("lo")
    outside = Viewer(running, netns=scene.inode).wait_interfaces("lo", "eth0")
    other_traffic(ns, "127.0.0.2", b"<other-address>", running.port)
    assert [p for p in inside.wait_carrying(b"<other-address>") if tcp_ports(p.data)]
    for address, marker in (("127.0.0.1", b"<other-loopback>"), (scene.BOX_IP, b"<other-host>")):
        other_traffic(scene.box, address, marker, running.port)
        outside.wait_carrying(marker + b"-udp")
        assert [p for p in outside.stream.carrying(marker) if tcp_ports(p.data)], "TCP to the same port is missing"


def test_many_viewers_come_and_go_without_feeding_on_themselves(start, new_netns):
    """If a capture saw its own stream, it would grow without end; this one stays as small as its traffic."""
    ns = new_netns("svc")
    running = start(netns=ns)
    watcher = Viewer(running, netns=ns.inode).wait_interfaces("lo")
    lock = threading.Lock()
    joined = []

    def join():
        viewer = Viewer(running, netns=ns.inode).wait_interfaces("lo")
        with lock:
            joined.append(viewer)
    for _ in range(3):
        threads = [threading.Thread(target=join) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ports = {v.local_port() for v in joined}
        before = len(watcher.stream.packets)
        marker = b"<quiet-%d>" % len(joined)
        other_traffic(ns, "127.0.0.1", marker)
        watcher.wait_carrying(marker + b"-udp")
        fresh = watcher.stream.packets[before:]
        assert not [p for p in fresh if ports & set(tcp_ports(p.data) or ())]
        for viewer in joined:
            viewer.close()
        joined.clear()
    assert service.alive(running.process.pid)
