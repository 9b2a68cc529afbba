# SPDX-License-Identifier: MIT
"""Sockets and forwarded ports in /json, against what ss, nft and docker say about the same things."""
import json
import os
import re
import socket
import struct
import subprocess
import sys

import pytest

from harness import netns
from harness.engine import BUSYBOX, Engine
from harness.wait import until

STATES = {"LISTEN": "listening", "SYN-RECV": "SYN received", "ESTAB": "connected", "UNCONN": "closed", "TIME-WAIT": "time wait",
          "CLOSE-WAIT": "close wait", "FIN-WAIT-1": "FIN WAIT1", "FIN-WAIT-2": "FIN WAIT2", "LAST-ACK": "last ACK",
          "CLOSING": "closing", "SYN-SENT": "SYN sent"}
MACRO = {"listening": "listening", "connected": "connected", "FIN WAIT1": "connected", "FIN WAIT2": "connected"}

# Every kind of socket, held by a process and one of its children.
SOCKETS = r"""
import os, signal, socket, sys
kept = []
def make(family, kind, bind=None, connect=None, v6only=None):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if v6only is not None:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    if bind:
        s.bind(bind)
    if connect:
        s.connect(connect)
    kept.append(s)
    return s
T, U, F4, F6 = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_INET, socket.AF_INET6
def pair(family, listen, connect):
    server = make(family, T, listen)
    server.listen()
    client = make(connect[0], T, None, connect[1])
    there = server.accept()[0]
    kept.append(there)
    return client, there
pair(F4, ("198.51.100.7", 80), (F4, ("198.51.100.7", 80)))
pair(F6, ("::", 8080), (F4, ("127.0.0.1", 8080)))
pair(F6, ("2001:db8::7", 443), (F6, ("2001:db8::7", 443)))
make(F6, T, ("::1", 8443), v6only=1).listen()
make(F4, T, ("0.0.0.0", 9000)).listen()
make(F6, T, ("::", 9000), v6only=1).listen()
client, there = pair(F4, ("127.0.0.1", 9001), (F4, ("127.0.0.1", 9001)))
client.shutdown(socket.SHUT_WR)
client, there = pair(F4, ("127.0.0.1", 9002), (F4, ("127.0.0.1", 9002)))
client.close()
there.recv(1)
there.close()
make(F4, U, ("127.0.0.1", 53))
make(F6, U, ("::", 123))
make(F4, U, ("198.51.100.7", 5000), ("198.51.100.7", 5001))
make(F6, U, ("2001:db8::7", 5000), ("2001:db8::7", 5001))
if os.fork() == 0:
    signal.pause()
print("ready", flush=True)
signal.pause()
"""


def document(running):
    return running.get("/json?fresh").json


def namespace(running, inode):
    return next(n for n in document(running)["network-namespaces"] if n["netnsid"] == inode)


def agrees(say, expect):
    """On a busy machine a scan may end before everything is read: some later one says what is expected."""
    try:
        until(lambda: say() == expect, "the document to agree", 20)
    except AssertionError:
        assert say() == expect


def spawn(space, code, *arguments):
    """A Python program inside; it has said that it is ready."""
    child = space.popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout.readline() == b"ready\n"
    return child


def end_group(child):
    try:
        os.killpg(child.pid, 9)
    except ProcessLookupError:
        pass
    child.wait()


class Group:
    def __init__(self, child):
        self.child = child

    def close(self):
        end_group(self.child)


def split(text):
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port) if port != "*" else 0


def plain(address):
    """An address without the form in which IPv6 sockets show IPv4."""
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def what_ss_says(space):
    """(protocol, family, local, port, remote, port, state, pids) of every socket."""
    done = subprocess.run(["nsenter", f"--net={space.path}", "ss", "-tuanpHO"], capture_output=True, text=True, check=True)
    found = []
    for line in done.stdout.splitlines():
        protocol, state, _, _, local, remote, *processes = line.split(None, 6)
        pids = sorted({int(p) for p in re.findall(r"pid=(\d+)", " ".join(processes))})
        (here, port), (there, far) = split(local), split(remote)
        six = ":" in here or here == "*"
        here, there = (a if a != "*" else "::" if six else "0.0.0.0" for a in (here, there))
        found.append((protocol, 10 if six else 2, plain(here), port, plain(there), far, STATES[state], pids))
    return sorted(found)


def what_we_say(ports):
    entries = [e for family in ("ipv4", "ipv6") for e in ports[family] if not e.get("v4mapped")]
    return sorted((e["protocol"], e["family"], e["local-address"], e["local-port"], e["remote-address"],
                   e["remote-port"], e["state"], sorted(o["pid"] for o in e["owners"])) for e in entries)


@pytest.fixture(scope="module")
def sockets():
    """A namespace with every kind of socket, and its process."""
    space = netns.Netns("sockets", ipv6=True)
    group = None
    try:
        for address in ("198.51.100.7/32", "2001:db8::7/128"):
            space.ip("addr", "add", address, "dev", "lo", "nodad" if ":" in address else "noprefixroute")
        group = Group(spawn(space, SOCKETS))
        yield space, group.child.pid
    finally:
        if group:
            group.close()
        space.close()


def test_sockets_are_what_ss_lists(shared, sockets):
    space, _ = sockets
    assert len(what_ss_says(space)) > 20
    agrees(lambda: what_we_say(namespace(shared, space.inode)["transport-ports"]), what_ss_says(space))


def with_sockets(running, space):
    """The transport ports of SPACE, of a scan that has read them."""
    return until(lambda: next((p for p in [namespace(running, space.inode)["transport-ports"]]
                               if what_we_say(p) == what_ss_says(space)), None), "the sockets", 20)


def test_sockets_say_what_they_do_and_where(shared, sockets):
    space, pid = sockets
    ports = with_sockets(shared, space)
    entries = ports["ipv4"] + ports["ipv6"]
    for e in entries:
        macro = MACRO.get(e["state"], "unconnected")
        if e["protocol"] == "udp" and e["state"] == "closed":
            macro = "listening"
        assert e["macrostate"] == macro, e
        assert e["family"] == (2 if e in ports["ipv4"] else 10)
        for owner in e["owners"]:
            assert owner["container-idref"] == f"cont-{pid}" and "import os, signal, socket" in owner["cmdline"]
    loopback = f"nif-{space.inode}-1"
    assert all(e["network-interface-idrefs"] == [loopback] for e in entries), "there is no other interface"
    names = {(e["protocol"], e["local-port"]): e["local-servicename"] for e in entries}
    assert names["tcp", 80] == "http" and names["tcp", 8080] == "http-alt" and names["udp", 123] == "ntp"
    assert names["tcp", 9001] == ""


def test_ipv6_sockets_that_ipv4_reaches_are_shown_in_both(shared, sockets):
    space, _ = sockets
    ports = with_sockets(shared, space)
    made = {(e["protocol"], e["local-address"], e["local-port"], e["state"]) for e in ports["ipv4"] if e.get("v4mapped")}
    # not port 9000: there is an IPv4 socket as well
    assert made == {("tcp", "0.0.0.0", 8080, "listening"), ("tcp", "127.0.0.1", 8080, "connected"),
                    ("udp", "0.0.0.0", 123, "closed")}
    assert not any(e.get("v4mapped") for e in ports["ipv6"])


def syn(source_mac, target_mac):
    """A SYN from 198.51.100.9, who does not exist, to port 7000 of 192.0.2.1."""
    def checksum(data):
        total = sum(struct.unpack(f">{len(data) // 2}H", data))
        total = (total & 0xffff) + (total >> 16)
        return ~((total & 0xffff) + (total >> 16)) & 0xffff
    ends = socket.inet_aton("198.51.100.9") + socket.inet_aton("192.0.2.1")
    tcp = struct.pack(">HHIIBBHHH", 4321, 7000, 1, 0, 5 << 4, 2, 1024, 0, 0)
    tcp = tcp[:16] + struct.pack(">H", checksum(ends + struct.pack(">BBH", 0, 6, 20) + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + ends
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return target_mac + source_mac + b"\x08\x00" + ip + tcp


def test_connections_that_are_about_to_be_made_are_shown(shared, owned, scene):
    scene.box.ip("route", "add", "default", "dev", "eth0")
    scene.box.ip("neigh", "add", "198.51.100.9", "lladdr", scene.far_mac.hex(":"), "dev", "eth0")
    owned.add(Group(spawn(scene.box, LISTEN, "192.0.2.1", "7000")))
    scene.send(syn(scene.far_mac, scene.mac))
    until(lambda: [s for s in what_ss_says(scene.box) if s[6] == "SYN received"], "the kernel's half")
    found = until(lambda: [s for s in what_we_say(namespace(shared, scene.inode)["transport-ports"])
                           if s[6] == "SYN received"], "our half")
    assert [s[:6] for s in found] == [("tcp", 2, "192.0.2.1", 7000, "198.51.100.9", 4321)]


def test_namespaces_without_sockets_or_processes_show_none(shared, new_netns):
    empty, lived_in = new_netns("empty"), new_netns("lived-in")
    lived_in.popen(["sleep", "60"])
    spaces = {n["netnsid"]: n for n in document(shared)["network-namespaces"]}
    for space in (empty, lived_in):
        for member in ("transport-ports", "forwarded-ports"):
            assert spaces[space.inode][member] == {"ipv4": [], "ipv6": []}


LISTEN = r"""
import socket, signal, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
signal.pause()
"""


class Routed:
    """A host with a bridge to two containers, the second one a router to a third behind it."""

    def __init__(self):
        self.made = []
        try:
            self.host, self.web, self.router, self.behind = (self._netns(n) for n in ("host", "web", "router", "behind"))
            self.host.ip("link", "add", "br0", "type", "bridge")
            self.host.ip("addr", "add", "198.51.100.1/24", "dev", "br0")
            self.host.ip("link", "set", "br0", "up")
            for number, space in ((2, self.web), (3, self.router)):
                port = f"port{number}"
                netns.veth(self.host, port, space, "eth0", right_ip=f"198.51.100.{number}")
                self.host.ip("link", "set", port, "master", "br0")
            netns.veth(self.router, "eth1", self.behind, "eth0", "203.0.113.1", "203.0.113.2")
            self.host.ip("route", "add", "203.0.113.0/24", "via", "198.51.100.3")
            self.server = spawn(self.web, LISTEN, "0.0.0.0", "80")
        except BaseException:
            self.close()
            raise

    def _netns(self, name):
        self.made.append(netns.Netns(name))
        return self.made[-1]

    def rules(self, program, text):
        subprocess.run(["nsenter", f"--net={self.host.path}", *program], input=text, text=True, check=True)

    def close(self):
        for space in reversed(self.made):
            space.close()


@pytest.fixture(scope="module")
def routed():
    scene = Routed()
    yield scene
    scene.close()


@pytest.fixture
def host(routed):
    """Its rules are gone afterwards."""
    yield routed
    routed.rules(["nft", "-f", "-"], "flush ruleset\n")


def forwards(running, space):
    """(protocol, ip, port, forward ip, forward port, netnsid) of all forwarded ports."""
    ports = namespace(running, space.inode)["forwarded-ports"]
    return sorted((e["protocol"], e["ip"], e["port"], e["forward-ip"], e["forward-port"], e["netnsid"])
                  for family in ("ipv4", "ipv6") for e in ports[family])


def test_rules_made_with_nft(shared, host):
    host.rules(["nft", "-f", "-"], """
        table ip nat {
            chain pre {
                type nat hook prerouting priority -100
                tcp dport 8080 dnat to 198.51.100.2:80
                ip daddr 192.0.2.9 udp dport 5000-5010 dnat to 203.0.113.2:6000
                tcp dport 99 dnat to 192.0.2.77:99
                tcp dport 1 accept
                sctp dport 36412 dnat to 198.51.100.1:36412
            }
        }
        table ip other {
            chain pre {
                type nat hook prerouting priority -90
                tcp dport 7 dnat to 198.51.100.2:7
            }
        }
        table ip6 nat {
            chain pre {
                type nat hook prerouting priority -100
                tcp dport 8080 dnat to [2001:db8::2]:80
            }
        }
    """)
    agrees(lambda: forwards(shared, host.host), sorted([
        ("tcp", "0.0.0.0", 8080, "198.51.100.2", 80, host.web.inode),
        ("udp", "192.0.2.9", 5000, "203.0.113.2", 6000, host.behind.inode),
        ("tcp", "0.0.0.0", 99, "192.0.2.77", 99, 0),
        ("sctp", "0.0.0.0", 36412, "198.51.100.1", 36412, host.host.inode),
        ("tcp", "::", 8080, "2001:db8::2", 80, 0)]))


def takers(running, space):
    """The forwarded ports of SPACE by their number, once one of them has an owner."""
    found = {e["port"]: e for e in namespace(running, space.inode)["forwarded-ports"]["ipv4"]}
    return found if any(e["owners"] for e in found.values()) else {}


def test_a_forwarded_port_knows_who_takes_it(shared, host):
    host.rules(["nft", "-f", "-"], """
        table ip nat {
            chain DOCKER {
                tcp dport 8080 dnat to 198.51.100.2:80
            }
            chain other {
                ip daddr 198.51.100.1 tcp dport 443 dnat to 198.51.100.2:81
            }
        }
    """)
    found = until(lambda: takers(shared, host.host) or None, "somebody who takes a forwarded port", 20)
    assert [o["pid"] for o in found[8080]["owners"]] == [host.server.pid]
    assert found[8080]["owners"][0]["container-idref"] == f"cont-{host.server.pid}"
    assert (found[8080]["servicename"], found[8080]["forward-servicename"], found[8080]["family"]) == ("http-alt", "http", 2)
    assert found[443]["owners"] == [] and found[443]["netnsid"] == host.web.inode


def reference(space, device):
    """The id of interface DEVICE of namespace SPACE."""
    return f"nif-{space.inode}-{json.loads(space.ip('-j', 'link', 'show', device))[0]['ifindex']}"


def test_a_forwarded_port_refers_to_the_interface_of_its_destination(shared, host):
    host.rules(["nft", "-f", "-"], """
        table ip nat {
            chain pre {
                tcp dport 8080 dnat to 198.51.100.2:80
                ip daddr 198.51.100.1 tcp dport 443 dnat to 203.0.113.2:81
                tcp dport 53 dnat to 127.0.0.11:5353
                tcp dport 99 dnat to 198.51.100.77:99
                tcp dport 98 dnat to 192.0.2.77:98
            }
        }
    """)

    def found():
        return {e["port"]: e["network-interface-refs"]
                for e in namespace(shared, host.host.inode)["forwarded-ports"]["ipv4"]}
    agrees(found, {
        8080: [reference(host.web, "eth0")],
        443: [reference(host.behind, "eth0")],
        53: [reference(host.host, "lo")],
        99: [reference(host.host, "br0")],  # no namespace has the address: the way that packets to it leave
        98: []})


def test_rules_made_with_iptables_as_kube_proxy_does(shared, host):
    host.rules(["iptables-nft-restore"], """*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-AAAAAAAAAAAAAAAA - [0:0]
:KUBE-SEP-BBBBBBBBBBBBBBBB - [0:0]
:KUBE-SEP-CCCCCCCCCCCCCCCC - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 192.0.2.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 443 -j KUBE-SVC-AAAAAAAAAAAAAAAA
-A KUBE-SVC-AAAAAAAAAAAAAAAA ! -s 198.51.100.0/24 -d 192.0.2.10/32 -p tcp -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-AAAAAAAAAAAAAAAA -m comment --comment "default/web:http -> 1" -m statistic --mode random --probability 0.5 -j KUBE-SEP-BBBBBBBBBBBBBBBB
-A KUBE-SVC-AAAAAAAAAAAAAAAA -m comment --comment "default/web:http -> 2" -j KUBE-SEP-CCCCCCCCCCCCCCCC
-A KUBE-SEP-BBBBBBBBBBBBBBBB -s 198.51.100.2/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-BBBBBBBBBBBBBBBB -p tcp -m tcp -j DNAT --to-destination 198.51.100.2:80
-A KUBE-SEP-CCCCCCCCCCCCCCCC -p tcp -m tcp -j DNAT --to-destination 203.0.113.2:8443
-A PREROUTING -p udp -m udp --dport 69 -j DNAT --to-destination 198.51.100.2:6969
-A PREROUTING -p tcp -m tcp --dport 7000:7010 -j DNAT --to-destination 198.51.100.2:7000
-A PREROUTING -p tcp -m tcp ! --dport 7 -j DNAT --to-destination 198.51.100.2:7
COMMIT
""")
    agrees(lambda: forwards(shared, host.host), sorted([
        ("tcp", "192.0.2.10", 443, "198.51.100.2", 80, host.web.inode),
        ("tcp", "192.0.2.10", 443, "203.0.113.2", 8443, host.behind.inode),
        ("udp", "0.0.0.0", 69, "198.51.100.2", 6969, host.web.inode),
        ("tcp", "0.0.0.0", 7000, "198.51.100.2", 7000, host.web.inode)]))


@pytest.fixture(scope="module")
def proxied():
    """An engine that publishes ports with rules and with proxies."""
    engine = Engine(userland_proxy=True)
    yield engine
    engine.close()


def test_published_ports_of_docker(shared, proxied):
    engine = proxied
    name = engine.run("published", BUSYBOX, "httpd", "-f", "-p", "80", options=("-p", "8080:80", "-p", "5353:53/udp"))
    inspected = json.loads(engine.docker("inspect", name))[0]
    pid, address = inspected["State"]["Pid"], inspected["NetworkSettings"]["IPAddress"]
    inode = os.stat(f"/proc/{pid}/ns/net").st_ino
    published = [("tcp", "0.0.0.0", 8080, address, 80, inode), ("udp", "0.0.0.0", 5353, address, 53, inode)]
    agrees(lambda: forwards(shared, engine.net), published)
    web = until(lambda: takers(shared, engine.net).get(8080), "the server to take the port", 20)
    assert [owner["pid"] for owner in web["owners"]] == [pid]
    # the proxies alone
    subprocess.run(["nsenter", f"--net={engine.net.path}", "iptables", "-t", "nat", "-F", "DOCKER"], check=True)
    agrees(lambda: forwards(shared, engine.net), published)
    engine.remove(name)
    agrees(lambda: forwards(shared, engine.net), [])


def test_dockers_name_server_is_forwarded_inside_the_container(shared, proxied):
    engine = proxied
    engine.docker("network", "create", "named")
    name = engine.run("named", options=("--network", "named"))
    inode = os.stat(f"/proc/{engine.pid(name)}/ns/net").st_ino

    def name_servers():
        return [e for e in namespace(shared, inode)["forwarded-ports"]["ipv4"] if e["owners"]]

    agrees(lambda: sorted((e["protocol"], e["ip"], e["port"], e["forward-ip"], e["netnsid"]) for e in name_servers()), [
        ("tcp", "127.0.0.11", 53, "127.0.0.11", inode), ("udp", "127.0.0.11", 53, "127.0.0.11", inode)])
    assert all("dockerd" in e["owners"][0]["cmdline"] for e in name_servers())
    engine.remove(name)
    engine.docker("network", "rm", "named")
