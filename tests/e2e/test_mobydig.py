# SPDX-License-Identifier: MIT
"""/mobydig: the names of a container's neighbours at Docker's own resolver, and who is there to answer."""
import asyncio
import json
import os
import signal
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import websockets

from harness import service
from harness.client import Raw, path
from harness.wait import until

ORDER = ("unverified", "verifying", "invalid", "verified")
LOST = "no replies or too many losses"
DIG = "packetflix-dig"
DIGS_MAX = 8


def link_to(running, target):
    return websockets.connect(f"ws://127.0.0.1:{running.port}{path({'target': target}, '/mobydig')}", open_timeout=20)


async def read(link):
    """All messages to the end, the close code and the reason."""
    told = []
    try:
        while True:
            message = await asyncio.wait_for(link.recv(), 30)
            assert isinstance(message, str), "a binary message"
            told.append(json.loads(message))
    except websockets.ConnectionClosed:
        return told, link.close_code, link.close_reason


def digs(running, *targets):
    """Digs from all TARGETS at the same time."""
    async def talk(target):
        async with link_to(running, target) as link:
            return await read(link)

    async def all_of_them():
        return await asyncio.gather(*map(talk, targets))
    return asyncio.run(all_of_them())


def dig(running, target):
    return digs(running, target)[0]


async def first_address(link):
    """Read until an address is told of: the dig is in the middle of its work then."""
    while "address" not in json.loads(await asyncio.wait_for(link.recv(), 30)):
        pass


def wait_no_dig(running):
    until(lambda: not running.pids(DIG), "digs to end")


class Neighbourhood:
    """web and db in one network, of which db does not answer to pings; far is in a second network with web."""

    def __init__(self, engine):
        self.engine, self.names = engine, []
        self.net, self.second = (f"pf-dig-{word}-{os.getpid()}" for word in ("net", "second"))
        try:
            for network in (self.net, self.second):
                six = ("--ipv6", "--subnet", "2001:db8:d16::/64") if network == self.second else ()
                engine.docker("network", "create", *six, network)
            self.web = self._run("web", self.net, "--network-alias", "web")
            self.db = self._run("db", self.net, "--network-alias", "db")
            # nobody answers for its service, and only raw sockets can ping from it
            self.far = self._run("far", self.second, "--sysctl", "net.ipv4.ping_group_range=1 0")
            self.plain = engine.run("dig-plain")
            self.names.append(self.plain)
            engine.docker("network", "connect", self.second, self.web)
            subprocess.run(["nsenter", "-t", str(engine.pid(self.db)), "-n", "sysctl", "-qw",
                            "net.ipv4.icmp_echo_ignore_all=1"], check=True)
        except BaseException:
            self.close()
            raise

    def _run(self, name, network, *options):
        options = ("--network", network, "--label", f"com.docker.compose.service={name}", *options)
        self.names.append(self.engine.run(f"dig-{name}", options=options))
        return self.names[-1]

    def address(self, name, network):
        return self.engine.docker("inspect", "-f", f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}', name)

    def address6(self, name):
        return self.engine.docker("inspect", "-f",
                                  f'{{{{(index .NetworkSettings.Networks "{self.second}").GlobalIPv6Address}}}}', name)

    def names_in(self, network, **containers):
        """The names that CONTAINERS (by their services) should have in NETWORK."""
        return [fqdn for compose, name in containers.items()
                for fqdn in (f"{compose}.", f"{name}.", f"{compose}.{network}.", f"{name}.{network}.")]

    def pings(self, name):
        """How many echo requests have reached it."""
        lines = [line.split() for line in Path(f"/proc/{self.engine.pid(name)}/net/snmp").read_text().splitlines()
                 if line.startswith("Icmp:")]
        return int(dict(zip(*lines))["InEchos"])

    def close(self):
        self.engine.docker("rm", "-f", *self.names, check=False)
        self.engine.docker("network", "rm", self.net, self.second, check=False)


@pytest.fixture(scope="module")
def neighbourhood(engine):
    made = Neighbourhood(engine)
    yield made
    made.close()


@pytest.fixture(scope="module")
def running():
    started = service.Service()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def told(neighbourhood, running):
    """One dig from db, which is in one network; how often web was pinged for it; one from web, which is in
    both, and one from far, which is in the other one."""
    before = neighbourhood.pings(neighbourhood.web)
    from_db = dig(running, neighbourhood.db)
    pings = neighbourhood.pings(neighbourhood.web) - before
    from_web, from_far = digs(running, neighbourhood.web, neighbourhood.far)
    return {"db": from_db, "web": from_web, "far": from_far, "pings": pings}


def qualities(messages):
    """What was told of each name and address, in order."""
    found = {}
    for message in messages:
        found.setdefault((message["fqdn"], message.get("address")), []).append(message["quality"])
    return found


def test_every_message_has_the_members_of_the_original(told):
    for messages, code, reason in (told["db"], told["web"]):
        assert (code, reason) == (1000, "")
        for m in messages:
            assert list(m) == [k for k in ("fqdn", "address", "quality", "error") if k in m]
            assert m["fqdn"].endswith(".") and m["quality"] in ORDER
            assert ("error" in m) == (m["quality"] == "invalid") and m.get("error") in (None, LOST)
            assert m["quality"] == "unverified" or "address" in m


def test_names_are_those_of_the_networks_that_the_container_is_in(told, neighbourhood):
    n = neighbourhood
    in_net = n.names_in(n.net, web=n.web, db=n.db)
    in_second = n.names_in(n.second, web=n.web, far=n.far)
    for key, names in (("db", in_net), ("web", in_net + in_second)):
        announced = [m["fqdn"] for m in told[key][0] if "address" not in m]
        assert sorted(announced) == sorted(set(names))
        assert [m for m in told[key][0][:len(announced)] if "address" in m] == [], "every name comes first without address"


def test_who_answers_is_verified_and_who_does_not_is_invalid(told, neighbourhood):
    n = neighbourhood
    web, db = n.address(n.web, n.net), n.address(n.db, n.net)
    found = qualities(told["db"][0])
    for name in n.names_in(n.net, web=n.web):
        assert found[name, web][-1] == "verified"
    for name in n.names_in(n.net, db=n.db):
        assert found[name, db][-1] == "invalid"
    assert {address for _, address in found} == {None, web, db}


def test_qualities_only_grow(told):
    for key in ("db", "web"):
        for (name, address), seen in qualities(told[key][0]).items():
            ranks = [ORDER.index(quality) for quality in seen]
            assert ranks == sorted(set(ranks)), f"{name} {address}: {seen}"
            assert address is None or seen[-1] in ("verified", "invalid")


def test_an_address_of_several_names_is_pinged_once(told):
    assert told["pings"] == 3


def test_a_name_that_nobody_answers_for_is_only_announced(told, neighbourhood):
    found = qualities(told["web"][0])
    assert [address for name, address in found if name == "far."] == [None]
    far = neighbourhood.address(neighbourhood.far, neighbourhood.second)
    assert found[f"{neighbourhood.far}.", far][-1] == "verified"


def test_both_families_are_verified_with_ping_sockets_and_raw_ones(told, neighbourhood):
    n = neighbourhood
    for key in ("web", "far"):
        found = qualities(told[key][0])
        for address in (n.address(n.far, n.second), n.address6(n.far)):
            assert found[f"{n.far}.", address][-1] == "verified"
    assert told["far"][1:] == (1000, "")


def test_an_unknown_container_is_told_by_the_close(running):
    assert dig(running, 'none "here"') == ([], 4400, 'Docker container "none "here"" not found')


def test_a_container_without_resolver_cannot_be_started_from(running, neighbourhood):
    reason = f'cannot start digging and address verification for "{neighbourhood.plain}"'
    assert dig(running, neighbourhood.plain) == ([], 4400, reason)
    wait_no_dig(running)


@pytest.mark.parametrize("pairs", [[], [("target", "a"), ("target", "b")], [("target", "a"), ("target", "a")]])
def test_exactly_one_target_is_needed(running, pairs):
    answer = running.get(path(pairs, "/mobydig"))
    assert (answer.status, answer.json["error"]) == (400, "missing or multiple target query parameters")
    with Raw(running) as raw:
        assert raw.handshake(path(pairs, "/mobydig"))[0] == 400


def test_without_websocket_there_is_no_answer(running):
    assert running.get("/mobydig?target=a").status == 400


def test_who_may_ask_is_decided_as_for_captures(running):
    with Raw(running) as raw:
        assert raw.handshake("/mobydig?target=a", {"Origin": "http://elsewhere.example"})[0] == 403


def test_digs_have_no_rights_are_bounded_and_end_with_their_clients(running, neighbourhood):
    async def crowd():
        async with AsyncExitStack() as stack:
            links = [await stack.enter_async_context(link_to(running, neighbourhood.db)) for _ in range(DIGS_MAX)]
            await asyncio.gather(*map(first_address, links))
            pids = running.pids(DIG)
            assert len(pids) == DIGS_MAX
            for pid in pids:
                status = service.status(pid)
                assert set(status["Uid"].split()) == {"65529"} and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
                assert all(int(status[f"Cap{kind}"], 16) == 0 for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"))
                assert os.listdir(f"/proc/{pid}/root/") == []
            async with link_to(running, neighbourhood.db) as surplus:
                refused = await read(surplus)
            assert refused[1:] == (4400, f'cannot start digging and address verification for "{neighbourhood.db}"')
            for link in links:
                link.transport.abort()
    asyncio.run(crowd())
    wait_no_dig(running)
    assert running.get("/readyz").status == 200


def test_digs_end_with_their_service(start, neighbourhood):
    mine = start()

    async def interrupted():
        async with link_to(mine, neighbourhood.db) as link:
            await first_address(link)
            mine.kill_process(mine.pid("packetflix-service"))
            assert (await read(link))[1] == 1006
    asyncio.run(interrupted())
    wait_no_dig(mine)
    until(lambda: mine.get("/readyz").status == 200, "the service to be back")


def test_a_shutdown_ends_digs_with_a_word(start, neighbourhood):
    mine = start()

    async def shut_down():
        async with link_to(mine, neighbourhood.db) as link:
            await first_address(link)
            mine.process.send_signal(signal.SIGTERM)
            return await read(link)
    assert asyncio.run(shut_down())[1] == 1001
