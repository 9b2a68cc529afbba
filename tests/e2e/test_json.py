# SPDX-License-Identifier: MIT
"""/json: its form, and what it says about interfaces, addresses, routes and containers, against iproute2 and docker."""
import json
import os
import subprocess

import jsonschema
import pytest

from harness import netns
from harness.json_schema import DOCUMENT
from harness.traffic import Numbered
from harness.netns import IFF_TAP, Netns, ip, tun
from harness.wait import until

OPERSTATES = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")


class Network:
    """Namespaces 'left', 'right' and 'third', tied to each other and to the host in every way the kernel knows."""

    def __init__(self):
        self.made = []
        self.left, self.right, self.third = (self._add(Netns(role, ipv6=True)) for role in ("left", "right", "third"))
        self.serial = os.getpid() % 100000
        self.host_end = f"pfj{self.serial}"
        self.tap = None
        try:
            self._fill()
        except BaseException:
            self.close()
            raise

    def _add(self, thing):
        self.made.append(thing)
        return thing

    def _fill(self):
        left, right, third = self.left, self.right, self.third
        # every end of these pairs has index 2 or 3, as in most containers
        left.ip("link", "add", "lr", "type", "veth", "peer", "name", "rl", "netns", right.name)
        right.ip("link", "add", "rt", "type", "veth", "peer", "name", "tr", "netns", third.name)
        ip("link", "add", self.host_end, "type", "veth", "peer", "name", "up", "netns", left.name)
        left.ip("link", "add", "br0", "type", "bridge")
        left.ip("link", "set", "lr", "master", "br0")
        left.ip("link", "set", "lr", "alias", "to the <right> & \"back\"")
        right.ip("link", "add", "link", "rl", "name", "mv0", "netns", third.name, "type", "macvlan", "mode", "bridge")
        right.ip("link", "add", "vx0", "type", "vxlan", "id", 7, "dev", "rl", "remote", "192.0.2.9", "local", "192.0.2.1",
                 "dstport", 4789, "srcport", 1000, 2000, "proxy")
        third.ip("link", "add", "ifb9", "type", "ifb")
        self.extra = [kind for kind in ("bond", "ipvlan", "vlan") if self._add_kind(kind)]
        self.tap = tun(third, "tap9", IFF_TAP)
        for namespace, device in ((left, "lr"), (left, "br0"), (right, "rl"), (right, "rt"), (third, "tr")):
            namespace.ip("link", "set", device, "up")
        right.ip("addr", "add", "192.0.2.1/24", "dev", "rl")
        right.ip("addr", "add", "192.0.2.33", "peer", "192.0.2.34/30", "dev", "rl")
        right.ip("addr", "add", "2001:db8::1/64", "dev", "rl", "nodad", "valid_lft", 5000, "preferred_lft", 4000)
        right.ip("route", "add", "default", "via", "192.0.2.254", "metric", 7)
        right.ip("route", "add", "blackhole", "198.51.100.0/24")
        right.ip("route", "add", "203.0.113.0/24", "nexthop", "via", "192.0.2.7", "nexthop", "via", "192.0.2.8")
        right.ip("route", "add", "203.0.113.9", "dev", "rl", "table", "100")
        right.ip("-6", "route", "add", "2001:db8:1::/48", "via", "2001:db8::2")
        until(self._is_settled, "addresses that no other host has")

    def _is_settled(self):
        """The kernel adds routes when it has seen that its own addresses are no one else's (RFC 4862, 5.4)."""
        ends = ((self.left, "lr"), (self.left, "br0"), (self.right, "rl"), (self.right, "rt"), (self.third, "tr"))
        return all(namespace.ip("-6", "addr", "show", "dev", device, "scope", "link")
                   and not namespace.ip("-6", "addr", "show", "dev", device, "tentative") for namespace, device in ends)

    def _add_kind(self, kind):
        """Kinds that a kernel need not have."""
        words = {"bond": ["bond0", "type", "bond"], "ipvlan": ["link", "rl", "name", "iv0", "type", "ipvlan"],
                 "vlan": ["link", "rl", "name", "vl0", "type", "vlan", "id", "42"]}[kind]
        done = subprocess.run(["ip", "-n", self.right.name, "link", "add", *words], capture_output=True, text=True)
        assert done.returncode == 0 or "Unknown device type" in done.stderr, done.stderr
        return done.returncode == 0

    def close(self):
        if self.tap is not None:
            os.close(self.tap)
        for thing in reversed(self.made):
            thing.close()


@pytest.fixture(scope="module")
def network():
    made = Network()
    yield made
    made.close()


class Host:
    """One answer, its namespaces by inode and its interfaces by id."""

    def __init__(self, document):
        self.document = document
        self.netns = {n["netnsid"]: n for n in document["network-namespaces"]}
        self.nifs = {nif["id"]: nif for n in document["network-namespaces"] for nif in n["network-interfaces"]}

    def nif(self, inode, name):
        found, = [nif for nif in self.netns[inode]["network-interfaces"] if nif["name"] == name]
        return found

    def tenants(self):
        return [c for n in self.document["network-namespaces"] for c in n["containers"]]


def ask(running, path="/json"):
    answer = running.get(path)
    assert answer.status == 200, answer.text
    return Host(answer.json)


@pytest.fixture(scope="module")
def host(network, _shared_service):
    return ask(_shared_service)


def ref(nif):
    return {"idref": nif["id"], "index": nif["index"], "name": nif["name"]}


def peer(nif):
    return {"peer-idref": nif["id"], "peer-index": nif["index"], "peer-name": nif["name"]}


def ip_json(namespace, *words):
    return json.loads(namespace.ip("-j", "-d", *words) or "[]")


def test_the_document_has_the_form_of_the_contract(shared, network, container):
    container("form")
    jsonschema.validate(ask(shared).document, DOCUMENT)
    jsonschema.validate(ask(shared, "/json?ieappicons").document, DOCUMENT)
    jsonschema.validate(ask(shared, "/json?ieappicons=off").document, DOCUMENT)


def test_every_reference_leads_to_something(shared, network, container):
    container("refs")
    document = ask(shared).document
    seen, ids = [], []

    def walk(value):
        if isinstance(value, dict):
            ids.extend([value["id"]] if "id" in value and "version" not in value else [])
            for key, member in value.items():
                if key.endswith("idref") and member or key == "group" and member:
                    seen.append(member)
                if key.endswith("idrefs"):
                    seen.extend(member)
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)
    walk(document["network-namespaces"])
    walk(document["pid-namespaces"])
    assert len(ids) == len(set(ids)) and seen
    assert not set(seen) - set(ids)


def test_the_answer_is_plain_json_with_html_escaped(shared, network):
    answer = shared.get("/json")
    assert answer.headers["Content-Type"].startswith("application/json") and answer.body.endswith(b"}\n")
    assert not set(answer.body) & set(b"<>&\n"[:3]) and answer.body.count(b"\n") == 1
    assert rb'"to the \u003cright\u003e \u0026 \"back\""' in answer.body


def test_head_tells_the_length_and_other_methods_are_refused(shared):
    answer = shared.request("HEAD", "/json")
    assert answer.status == 200 and answer.body == b"" and int(answer.headers["Content-Length"]) > 100
    assert shared.request("POST", "/json").status == 405


def test_interfaces_are_what_iproute_shows(host, network):
    for namespace in (network.left, network.right, network.third):
        shown = {nif["name"]: nif for nif in host.netns[namespace.inode]["network-interfaces"]}
        links = ip_json(namespace, "link", "show")
        assert list(shown) == [link["ifname"] for link in sorted(links, key=lambda link: link["ifindex"])]
        for link in links:
            nif, kind = shown[link["ifname"]], link.get("linkinfo", {}).get("info_kind", "")
            assert nif["index"] == link["ifindex"] and nif.get("alias") == link.get("ifalias")
            assert nif["kind"] == {"tun": "tuntap"}.get(kind, kind)
            assert nif["addresses"]["mac"] == link["address"]
            assert nif["operstate"] == link["operstate"] and nif["operstate"] in OPERSTATES
            assert nif["promisc"] == ("PROMISC" in link["flags"]) and nif["physical"] is False
            assert nif["mtu"] == link["mtu"]
            # iproute2 leaves one out and adds two of its own
            assert set(nif["flags"]) - {"RUNNING"} == set(link["flags"]) - {"LOWER_UP", "NO-CARRIER", "M-DOWN"}


def test_counters_are_those_of_the_kernel(shared, scene):
    def counters():
        nifs = shared.get("/json?fresh").json["network-namespaces"]
        nif, = [n for ns in nifs if ns["netnsid"] == scene.inode for n in ns["network-interfaces"] if n["name"] == "eth0"]
        return nif
    before = counters()
    Numbered(b"<counted>", size=200).send(scene.sender, 50)
    after = counters()
    assert after["counters"]["rx-packets"] == before["counters"]["rx-packets"] + 50
    assert after["counters"]["rx-bytes"] == before["counters"]["rx-bytes"] + 50 * len(Numbered(b"<counted>", size=200).frame(0))
    assert after["counters"]["rx-errors"] == after["counters"]["tx-errors"] == 0
    assert after["speed"] == 10_000_000_000  # what the driver of veth tells


def test_addresses_are_what_iproute_shows(host, network):
    for namespace in (network.left, network.right, network.third):
        for link in ip_json(namespace, "addr", "show"):
            nif = host.nif(namespace.inode, link["ifname"])
            shown = nif["addresses"]["ipv4"] + nif["addresses"]["ipv6"]
            # of an address with another end the prefix belongs to that
            wanted = {(a["local"], 32 if a.get("address") else a["prefixlen"]) for a in link["addr_info"]}
            assert {(a["address"], a["prefixlen"]) for a in shown} == wanted
            assert {a["index"] for a in shown} <= {link["ifindex"]}
    addresses = host.nif(network.right.inode, "rl")["addresses"]
    lasting = addresses["ipv4"][0]
    ending, = [a for a in addresses["ipv6"] if a["address"] == "2001:db8::1"]
    assert lasting["valid-lifetime"] == lasting["preferred-lifetime"] == 0xffffffff and lasting["scope"] == 0
    assert 4000 < ending["valid-lifetime"] <= 5000 and 3000 < ending["preferred-lifetime"] <= 4000


def shown_by_iproute(namespace, family, table):
    for route in ip_json(namespace, family, "route", "show", "table", table):
        prefix = 32 if family == "-4" else 128
        any_address = "0.0.0.0/0" if family == "-4" else "::/0"
        dst = any_address if route["dst"] == "default" else route["dst"]
        dst = dst if "/" in dst else f"{dst}/{prefix}"
        nowhere = route["type"] in ("blackhole", "unreachable", "prohibit", "throw")
        yield (route["type"], dst, None if nowhere else route.get("dev"), route.get("gateway"), route.get("metric", 0))


def test_routes_are_what_iproute_shows(host, network):
    for namespace in (network.left, network.right, network.third):
        for family, key in (("-4", "ipv4"), ("-6", "ipv6")):
            shown = {254: set(), 255: set()}
            for r in host.netns[namespace.inode]["routes"][key]:
                device = host.nifs[r["network-interface-idref"]]["name"] if "network-interface-idref" in r else None
                shown[r["table"]].add((r["type"], f"{r['destination']}/{r['destination-prefixlen']}", device,
                                       r.get("next-hop"), r["priority"]))
            assert shown[254] == set(shown_by_iproute(namespace, family, "main"))
            assert shown[255] == set(shown_by_iproute(namespace, family, "local"))


def test_both_ends_of_a_veth_name_each_other_wherever_they_are(host, network):
    left, right, third = network.left.inode, network.right.inode, network.third.inode
    pairs = [((left, "lr"), (right, "rl")), ((right, "rt"), (third, "tr")),
             ((left, "up"), (netns.host_inode(), network.host_end))]
    for here, there in pairs:
        one, other = host.nif(*here), host.nif(*there)
        assert one["peer"] == peer(other) and other["peer"] == peer(one)


def test_bridges_macvlans_and_vxlans_name_what_they_stand_on(host, network):
    left, right, third = network.left.inode, network.right.inode, network.third.inode
    bridge, port = host.nif(left, "br0"), host.nif(left, "lr")
    assert port["master"] == ref(bridge) and bridge["slaves"] == [ref(port)]
    lower, macvlan, vxlan = host.nif(right, "rl"), host.nif(third, "mv0"), host.nif(right, "vx0")
    assert macvlan["macvlan"] == ref(lower) and lower["macvlans"] == [ref(macvlan)]
    assert ref(vxlan) in lower["slaves"]
    assert vxlan["vxlan"] == {"idref": lower["id"], "vid": 7, "arp-proxy": True, "source": {"source_ipv4": "192.0.2.1"},
                              "remote": {"remote_ipv4": "192.0.2.9"}, "source-portrange": {"low": 1000, "high": 2000},
                              "remote-port": 4789}
    assert host.nif(third, "ifb9")["kind"] == "ifb"
    for kind, name in (("ipvlan", "iv0"), ("vlan", "vl0")):
        if kind in network.extra:
            upper = host.nif(right, name)
            assert upper["master"] == ref(lower) and ref(upper) in lower["slaves"]


def test_a_tap_names_who_holds_it_though_that_lives_elsewhere(host, network):
    tuntap = host.nif(network.third.inode, "tap9")["tuntap"]
    assert tuntap["mode"] == "tap"
    owner, = [p for p in tuntap["processors"] if p["pid"] == os.getpid()]
    assert owner["cmdline"] == " ".join(open(f"/proc/{os.getpid()}/cmdline").read().rstrip("\0").split("\0"))
    assert owner["container-idref"] in {t["id"] for t in host.tenants()}


def test_namespaces_without_processes_are_shown_by_their_place(host, network):
    place, = host.netns[network.left.inode]["containers"]
    assert place["type"] == "bindmount" and place["id"] == f"bmnt-{network.left.inode}"
    assert place["name"].endswith(f"/ns/mnt:{network.left.path}")


def test_a_container_its_link_and_its_network(shared, engine):
    engine.docker("network", "create", "--internal", "--label", "com.example=yes", "pf-json")
    name = engine.run("json", options=("--network", "pf-json", "--label", "a.label=<v>"))
    try:
        host = ask(shared)
        inode, pid = os.stat(f"/proc/{engine.pid(name)}/ns/net").st_ino, engine.pid(name)
        tenant, = [t for t in host.netns[inode]["containers"] if t["id"] == f"cont-{pid}"]
        assert (tenant["name"], tenant["type"], tenant["type-text"]) == (name, "docker", "Docker")
        assert tenant["labels"]["a.label"] == "<v>" and tenant["status"] == "running"
        assert tenant["api-path"].startswith("unix:///proc/") and tenant["api-path"].endswith("docker.sock")
        outside = host.nifs[host.nif(inode, "eth0")["peer"]["peer-idref"]]
        bridge = host.nifs[outside["master"]["idref"]]
        assert outside["id"].startswith(f"nif-{engine.net.inode}-") and bridge["kind"] == "bridge"
        assert bridge["alias"] == "pf-json" and bridge["labels"]["com.example"] == "yes"
        assert bridge["labels"]["gostwire/network/name"] == "pf-json"
        assert bridge["labels"]["gostwire/bridge/internal"].lower() == "true"
    finally:
        engine.remove(name)
        engine.docker("network", "rm", "pf-json")


def test_processes_and_containers_share_a_list_containers_first(shared, container):
    name = container("first")
    tenants, = [n["containers"] for n in ask(shared).document["network-namespaces"]
                if any(t["name"] == name for t in n["containers"])]
    assert [t["name"] for t in tenants if t["type"] != "proc"] == [name]
    assert tenants[0]["name"] == name
