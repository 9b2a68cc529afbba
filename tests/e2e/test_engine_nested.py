# SPDX-License-Identifier: MIT
"""Engines in containers of another engine: Docker in Docker, and a node of Kubernetes as a container."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.client import Viewer
from harness.containerd import IMAGE
from harness.nested import Nested
from harness.wait import until


@pytest.fixture(scope="module")
def outer(engine):
    running = Nested(engine, "outer")
    yield running
    running.close()


@pytest.fixture
def inner(outer):
    """Starts containers of the inner dockerd, removed when the test ends."""
    names = []

    def make(name, *options):
        names.append(outer.run(name, *options))
        return names[-1]
    yield make
    if names:
        outer.docker("rm", "-f", *names, check=False)


def element(running, **wanted):
    """The element of /json about one container."""
    containers = [c for n in running.get("/json?fresh").json["network-namespaces"] for c in n["containers"]]
    found, = [c for c in containers if all(c.get(key) == value for key, value in wanted.items())]
    return found


def numbers(pid):
    """A process' numbers in all its PID namespaces, ours first."""
    line, = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("NSpid:")]
    return [int(number) for number in line.split()[1:]]


def test_a_container_in_a_container_has_the_outer_ones_name_as_prefix(shared, outer, inner):
    name = inner("inside", "--label", "colour=green")
    target = until(lambda: shared.target(name=name, prefix=outer.name, type="docker"), "the inner container")
    assert numbers(target["pid"])[:2] == [target["pid"], outer.pid_inside(name)]
    assert target["netns"] == os.stat(f"/proc/{target['pid']}/ns/net").st_ino
    assert sorted(target["network-interfaces"]) == ["eth0", "lo"]
    around = shared.target(name=outer.name)
    assert (around["type"], around["prefix"], around["pid"]) == ("docker", "", outer.pid)
    assert around["netns"] != target["netns"]


def test_json_tells_of_the_prefix_the_engine_inside_and_its_networks(shared, outer, inner):
    name = inner("told", "--label", "colour=green")
    target = until(lambda: shared.target(name=name, prefix=outer.name, type="docker"), "the inner container")
    found = element(shared, name=name, prefix=outer.name)
    assert found["pid"] == target["pid"] and found["pidns"] == os.stat(f"/proc/{target['pid']}/ns/pid").st_ino
    assert found["labels"]["colour"] == "green" and found["labels"]["turtlefinder/container/prefix"] == outer.name
    assert found["api-path"] == f"unix:///proc/{outer.pid}/root/run/docker.sock"
    engines = shared.get("/json?fresh").json["metadata"]["container-engines"]
    dockerd, = [e for e in engines if e["pid"] == outer.pid]
    assert dockerd["type"] == "docker.com" and "state" not in dockerd
    assert dockerd["id"] == outer.docker("info", "-f", "{{.ID}}")
    around, = [n for n in shared.get("/json?fresh").json["network-namespaces"]
               if n["netnsid"] == os.stat(f"/proc/{outer.pid}/ns/net").st_ino]
    bridge, = [i for i in around["network-interfaces"] if i["name"] == "docker0"]
    assert bridge["labels"]["gostwire/network/name"] == "bridge"


@pytest.mark.parametrize("way", ["word", "document"])
def test_a_container_in_a_container_is_captured_by_prefix_and_name(shared, outer, inner, container, way):
    name = inner(f"twice-{os.getpid()}")
    assert container("twice") == name, "a container outside has the same name"
    until(lambda: shared.target(name=name, prefix=outer.name, type="docker"), "the inner container")
    until(lambda: shared.target(name=name, prefix="", type="docker"), "the outer container")
    if way == "word":
        viewer = Viewer(shared, target=f"{outer.name}:{name}", nif="eth0", filter="icmp")
    else:
        viewer = Viewer(shared, container=json.dumps({"name": name, "prefix": outer.name}), nif="eth0", filter="icmp")
    viewer.wait_interfaces("eth0")
    subprocess.run(outer.command("/bin/busybox", "ping", "-c", "2", "-i", "0.1", outer.address(name)), check=True,
                   stdout=subprocess.DEVNULL, timeout=20)
    viewer.wait(lambda s: len(s.packets) == 4, "two requests and their answers")
    assert [p.direction for p in viewer.stream.packets] == ["in", "out"] * 2


def test_a_node_in_a_container_has_pods_and_containers(shared, outer):
    name = f"pod-{os.getpid()}"
    pod = outer.cri.run_pod(name, "pf-e2e", {"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": "pf-e2e"})
    try:
        outer.cri.run_container(pod, "main", "/bin/busybox", "sleep", "3600")
        outer.ctr("run", "--detach", "--snapshotter", "native", IMAGE, "plain", "/bin/busybox", "sleep", "3600")
        target = until(lambda: shared.target(name=f"pf-e2e/{name}", type="pod"), "the pod")
        assert target["prefix"] == "" and len(numbers(target["pid"])) == 3
        assert sorted(target["network-interfaces"]) == ["eth0", "lo"]
        plain = until(lambda: shared.target(name="lab/plain", prefix=outer.name, type="containerd"), "the container")
        assert numbers(plain["pid"])[1] == int(outer.ctr("task", "list").split()[-2])
        assert element(shared, name="main", type="CRI")["prefix"] == outer.name
    finally:
        outer.cri.remove_pod(pod[0])
        outer.ctr("task", "delete", "--force", "plain", check=False)
        outer.ctr("container", "delete", "plain", check=False)


def test_what_is_inside_ends_with_what_is_around_it(start, engine):
    running = start()
    outer = Nested(engine, "shortlived")
    try:
        outer.run("inside")
        until(lambda: running.target(name="inside", prefix=outer.name, type="docker"), "the inner container")
        pid = outer.pid
    finally:
        outer.close()
    until(lambda: not [t for t in running.targets() if outer.name in (t["name"], t["prefix"])], "their end")
    assert pid not in [e["pid"] for e in running.get("/mobyshark").json["metadata"]["container-engines"]]
