# SPDX-License-Identifier: MIT
"""What can be captured: the list old clients read, true at the moment it is asked for."""
import json
import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import netns, service
from harness.engine import Engine
from harness.wait import until

MEMBERS = ["name", "type", "netns", "network-interfaces", "pid", "starttime", "prefix"]


def children_of(pid):
    return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def with_inode(running, inode):
    return [t for t in running.targets() if t["netns"] == inode]


@pytest.mark.parametrize("route", ["/mobyshark", "/discover/mobyshark"])
def test_the_list_has_the_members_of_the_original_in_their_order_then_ids_of_containers(shared, container, route):
    container("web")
    answer = shared.get(route)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/json")
    assert answer.body.endswith(b"\n")
    document = json.loads(answer.body, object_pairs_hook=lambda pairs: pairs)
    assert [key for key, _ in document] == ["metadata", "containers"]
    metadata, targets = dict(document[0][1]), document[1][1]
    assert metadata["hostname"] == os.uname().nodename
    assert metadata["creator-id"] == "gostwire" and isinstance(metadata["creator-version"], str)
    assert len(targets) > 2
    for target in targets:
        keys = [key for key, _ in target]
        assert keys[:len(MEMBERS)] == MEMBERS and keys[len(MEMBERS):] in ([], ["id"], ["netns-name"], ["id", "netns-name"])
        values = dict(target)
        for key in ("name", "type", "prefix"):
            assert type(values[key]) is str
        for key in ("netns", "pid", "starttime"):
            assert type(values[key]) is int and values[key] >= 0
        assert type(values["network-interfaces"]) is list
        assert all(type(nif) is str and nif for nif in values["network-interfaces"])


def test_the_numbers_are_plain_integers(shared):
    assert re.search(rb'"netns":\s*402653\d{4}\s*,', shared.get("/mobyshark").body)


def test_both_routes_give_the_same_list(shared):
    def same():
        return shared.get("/mobyshark").json["containers"] == shared.get("/discover/mobyshark").json["containers"]
    until(same, "a moment in which nothing changes on the machine")


def test_the_order_is_the_same_every_time(shared, container):
    container("one")
    container("two")
    first = shared.get("/mobyshark").json["containers"]

    def identities(targets):
        return [(t["type"], t["name"], t["pid"]) for t in targets]
    before = identities(first)
    for _ in range(5):
        after = identities(shared.get("/mobyshark").json["containers"])
        # others come and go on the machine meanwhile
        assert [one for one in before if one in after] == [one for one in after if one in before]
    assert all(t["network-interfaces"].count("lo") <= 1 for t in first)


def test_a_docker_container_is_listed_as_the_original_lists_it(shared, engine, container):
    web = container("web", "/bin/busybox", "httpd", "-f", "-p", "80")
    pid = engine.pid(web)
    target = shared.target(name=web)
    assert target == {"name": web, "type": "docker", "netns": os.stat(f"/proc/{pid}/ns/net").st_ino,
                      "network-interfaces": target["network-interfaces"], "pid": pid,
                      "starttime": service.starttime(pid), "prefix": "",
                      "id": engine.docker("inspect", "-f", "{{.Id}}", web).strip()}
    assert sorted(target["network-interfaces"]) == ["eth0", "lo"]


def test_a_container_is_in_the_first_answer_after_its_start_and_gone_after_its_end(shared, engine, container):
    shared.targets()
    for round_number in range(3):
        name = container(f"quick{round_number}")
        assert shared.target(name=name, type="docker"), "started a moment ago, not listed"
        engine.remove(name)
        assert not shared.target(name=name), "removed, still listed"


def test_a_renamed_container_is_listed_by_its_new_name(shared, engine, container):
    before = container("before")
    assert shared.target(name=before)
    after = before.replace("before", "after")
    engine.docker("rename", before, after)
    try:
        until(lambda: shared.target(name=after), "the new name")
        assert not shared.target(name=before)
    finally:
        engine.docker("rename", after, before)


def test_a_paused_container_stays_listed_and_a_stopped_one_does_not(shared, engine, container):
    name = container("pausing")
    engine.docker("pause", name)
    assert shared.target(name=name, type="docker")
    engine.docker("unpause", name)
    engine.docker("stop", "-t", "0", name)
    assert not shared.target(name=name)


def test_containers_that_share_a_namespace_are_both_listed(shared, engine, container):
    owner = container("owner")
    guest = container("guest", options=("--network", f"container:{owner}"))
    owner, guest = shared.target(name=owner), shared.target(name=guest)
    assert owner["netns"] == guest["netns"] and owner["pid"] != guest["pid"]


def test_a_container_in_the_engines_own_network_is_listed_with_that_namespace(shared, engine, container):
    hosted = container("hosted", options=("--network", "host"))
    assert shared.target(name=hosted, type="docker")["netns"] == engine.net.inode


def test_the_processes_of_a_container_are_not_listed_beside_it(shared, engine, container):
    web = container("web", "/bin/busybox", "sh", "-c", "sleep 3600; true")
    until(lambda: children_of(engine.pid(web)), "the child process")
    target = shared.target(name=web)
    assert [t["name"] for t in with_inode(shared, target["netns"])] == [web]


def test_a_process_by_itself_is_listed_by_its_name_and_pid(shared, new_netns):
    ns = new_netns()
    child = ns.popen(["/usr/bin/sleep", "600"])
    until(lambda: service.role_of(child.pid) == "sleep", "sleep to run")
    assert with_inode(shared, ns.inode) == [
        {"name": f"sleep({child.pid})", "type": "proc", "netns": ns.inode, "network-interfaces": ["lo"],
         "pid": child.pid, "starttime": service.starttime(child.pid), "prefix": "", "netns-name": ns.name}]


def test_only_the_topmost_process_of_a_namespace_is_listed(shared, new_netns):
    ns = new_netns()
    child = ns.popen(["/bin/sh", "-c", "sleep 600; true"])
    until(lambda: service.role_of(child.pid) != "nsenter" and children_of(child.pid), "the child process")
    inner = children_of(child.pid)[0]
    try:
        assert [t["pid"] for t in with_inode(shared, ns.inode)] == [child.pid]
    finally:
        os.kill(inner, signal.SIGKILL)


def test_the_host_is_listed_by_its_first_process_and_without_kernel_threads(shared):
    host = with_inode(shared, netns.host_inode())
    assert host and all(t["type"] != "bindmount" for t in host)
    if os.access("/proc/1/ns/net", os.R_OK):      # a hardened first process cannot be looked into
        comm = open("/proc/1/comm").read().strip()
        assert [t["name"] for t in host if t["pid"] == 1] == [f"{comm}(1)"]
    assert not [t for t in host if t["name"] == "kthreadd(2)"]


def test_a_namespace_without_processes_is_listed_by_its_mount(shared, new_netns):
    ns = new_netns()
    targets = with_inode(shared, ns.inode)
    assert len(targets) == 1
    name = targets[0].pop("name")
    assert targets[0] == {"type": "bindmount", "netns": ns.inode, "network-interfaces": ["lo"], "pid": 0,
                          "starttime": 0, "prefix": "", "netns-name": ns.name}
    reference = re.fullmatch(rf"/proc/(\d+)/ns/mnt:{re.escape(ns.path)}", name)
    assert reference, name
    assert os.readlink(f"/proc/{reference[1]}/ns/mnt") == os.readlink("/proc/self/ns/mnt")
    if os.access("/proc/1/ns/mnt", os.R_OK) and os.readlink("/proc/1/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
        assert reference[1] == "1"


def test_a_namespace_mounted_only_in_a_foreign_mount_namespace_is_listed(shared, foreign_mount):
    targets = with_inode(shared, foreign_mount.inode)
    assert [(t["type"], t["pid"], t["starttime"]) for t in targets] == [("bindmount", 0, 0)]
    assert targets[0]["name"] == f"/proc/{foreign_mount.pid}/ns/mnt:{foreign_mount.path}"
    assert targets[0]["network-interfaces"] == ["lo"]


@pytest.mark.parametrize("opened_through", ["mount", "proc"])
def test_a_namespace_held_only_by_a_descriptor_is_listed(shared, new_netns, opened_through):
    ns = new_netns()
    inode = ns.inode
    held = ns.hold(opened_through)
    try:
        netns.ip("netns", "del", ns.name)
        targets = with_inode(shared, inode)
        assert len(targets) == 1 and targets[0]["network-interfaces"] == ["lo"]
    finally:
        os.close(held)
    until(lambda: not with_inode(shared, inode), "the namespace to be gone from the list")


def test_interfaces_that_are_down_are_left_out_and_all_others_are_listed(shared, new_netns):
    ns, peer = new_netns(), new_netns("peer")
    ns.ip("link", "add", "down0", "type", "ifb")
    ns.ip("link", "add", "unknown0", "type", "ifb")
    ns.ip("link", "set", "unknown0", "up")
    netns.veth(ns, "up0", peer, "peer0")
    netns.veth(ns, "lower0", ns, "lower1")
    ns.ip("link", "set", "lower1", "down")

    def names():
        return sorted(with_inode(shared, ns.inode)[0]["network-interfaces"])
    assert names() == ["lo", "lower0", "unknown0", "up0"]
    ns.ip("link", "set", "down0", "up")
    assert names() == ["down0", "lo", "lower0", "unknown0", "up0"]
    ns.ip("link", "set", "unknown0", "down")
    ns.ip("link", "del", "up0")
    assert names() == ["down0", "lo", "lower0"]


def test_a_namespace_with_nothing_up_has_an_empty_list_of_interfaces(shared, new_netns):
    ns = new_netns()
    ns.ip("link", "set", "lo", "down")
    assert with_inode(shared, ns.inode)[0]["network-interfaces"] == []


def test_odd_names_are_listed_as_valid_json(shared, new_netns):
    ns = new_netns()
    child = ns.popen(["/usr/bin/python3", "-c",
                      "import ctypes,time; ctypes.CDLL(None).prctl(15, b'a\"\\\\<\\xff\\x01) ('); "
                      "print('named', flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    child.stdout.readline()
    target = with_inode(shared, ns.inode)[0]
    assert target["name"].startswith('a"\\<') and target["name"].endswith(f") (({child.pid})")
    assert target["pid"] == child.pid and target["starttime"] == service.starttime(child.pid)


def test_many_requests_at_once_all_get_the_whole_list(shared):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shared.get("/mobyshark"), range(48)))
    assert {a.status for a in answers} == {200}
    assert all(any(t["netns"] == netns.host_inode() for t in a.json["containers"]) for a in answers)


def test_containers_of_a_killed_engine_stay_listed_and_get_their_names_back(start, owned):
    own = owned.add(Engine(live_restore=True))
    survivor = own.run("survivor")
    pid = own.pid(survivor)
    running = start()
    assert running.target(name=survivor, type="docker", pid=pid)
    own.kill()
    until(lambda: running.target(pid=pid, type="docker"), "the container without its engine")
    own.start()
    until(lambda: running.target(pid=pid, type="docker", name=survivor), "the container's name again")
    newcomer = own.run("newcomer")
    assert running.target(name=newcomer, type="docker")


def test_containers_without_a_reachable_engine_are_found_by_their_cgroup(start, owned):
    own = owned.add(Engine(live_restore=True))
    orphan = own.run("orphan")
    pid, identity = own.pid(orphan), own.identity(orphan)
    own.kill()
    target = start().target(pid=pid)
    assert target["type"] == "docker" and target["name"] and identity.startswith(target["name"])
    own.start()


def test_containers_of_a_stopped_engine_are_gone_and_others_stay(start, owned, container):
    own = owned.add(Engine())
    leaving, staying = own.run("leaving"), container("staying")
    running = start()
    assert running.target(name=leaving) and running.target(name=staying)
    own.stop()
    until(lambda: not running.target(name=leaving), "the containers to be gone")
    assert running.target(name=staying, type="docker")


def test_an_engine_started_after_the_service_is_found(start, owned):
    running = start()
    running.targets()
    own = owned.add(Engine())
    late = own.run("late")
    until(lambda: running.target(name=late, type="docker"), "the new engine's container")
