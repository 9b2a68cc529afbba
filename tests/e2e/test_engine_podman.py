# SPDX-License-Identifier: MIT
"""Podman's containers and pods, told by a real Podman."""
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness import service
from harness.podman import IMAGE, Podman
from harness.wait import until


@pytest.fixture(scope="module")
def podman():
    running = Podman()
    yield running
    running.close()


@pytest.fixture(scope="module")
def service_of_podman(podman):
    return podman.serve()


@pytest.fixture
def named(podman):
    """Makes a name that no other container has, and removes the container when the test ends."""
    names = []

    def make(name):
        names.append(f"{name}-{os.getpid()}")
        return names[-1]
    yield make
    podman.cli("rm", "-f", "-i", "-t", "0", *names, check=False)


def detail(running, name):
    """The element of /json about container NAME."""
    containers = [c for n in running.get("/json?fresh").json["network-namespaces"] for c in n["containers"]]
    return next(c for c in containers if c["name"] == name)


def engines(running, kind):
    return [e for e in running.get("/mobyshark").json["metadata"]["container-engines"] if e["type"] == kind]


def test_containers_have_their_name_type_and_labels(shared, podman, service_of_podman, named):
    name = named("one")
    podman.cli("run", "-d", "--name", name, "--network", "none", "--privileged", "--label", "colour=blue",
               "--label", "com.docker.compose.project=shop", IMAGE, "sleep", "3600")
    target = until(lambda: shared.target(name=name, type="podman"), "the container")
    assert target["pid"] == podman.pid(name) and target["prefix"] == ""
    found = detail(shared, name)
    assert found["type"] == "podman" and found["status"] == "running"
    assert found["container-id"] == target["id"] and IMAGE in found["image"]
    assert found["api-path"] == f"unix:///proc/{service_of_podman.pid}/root{podman.socket}"
    labels = found["labels"]
    assert labels["colour"] == "blue" and labels["com.docker.compose.project"] == "shop"
    assert labels["gostwire/container/privileged"] == ""
    assert labels["turtlefinder/container/prefix"] == ""
    engine, = [e for e in engines(shared, "podman.io") if e["pid"] == service_of_podman.pid]
    assert engine["version"] == podman.cli("version", "-f", "{{.Client.Version}}")
    assert set(engine) == {"id", "type", "version", "pid"} and engine["id"] == socket.gethostname()


def test_containers_of_a_pod_share_a_namespace_and_say_so(shared, podman, service_of_podman, named):
    name = named("inner")
    podman.cli("network", "create", "--subnet", "198.51.100.0/25", "--label", "floor=2", "upstairs")
    pod = podman.cli("pod", "create", "--name", f"pod-{os.getpid()}", "--network", "upstairs")
    podman.cli("run", "-d", "--pod", pod, "--name", name, IMAGE, "sleep", "3600")
    inner = until(lambda: shared.target(name=name, type="podman"), "the container")
    infra = shared.target(name=f"{pod[:12]}-infra", type="podman")
    assert infra["netns"] == inner["netns"] and infra["pid"] != inner["pid"]
    assert sorted(inner["network-interfaces"]) == ["eth0", "lo"]
    labels = detail(shared, name)["labels"]
    assert labels["io.podman.pod.name"] == f"pod-{os.getpid()}" and labels["io.podman.pod.id"] == pod
    assert "io.podman.pod.infra" not in labels
    assert detail(shared, infra["name"])["labels"]["io.podman.pod.infra"] == ""

    def named_bridge():
        """The interface that bears the name of the network, which a busy Podman may tell late."""
        return next((i for n in shared.get("/json?fresh").json["network-namespaces"] if n["netnsid"] == podman.net.inode
                     for i in n["network-interfaces"] if i.get("alias") == "upstairs"), None)
    bridge = until(named_bridge, "the name of the network")
    assert bridge["kind"] == "bridge"
    assert bridge["labels"] == {"gostwire/network/name": "upstairs", "floor": "2"}
    assert not [t for t in shared.targets() if t["name"] == pod[:12]], "a pod's cgroup is no container"


def test_a_container_that_ends_is_gone(shared, podman, service_of_podman, named):
    name = named("short")
    podman.cli("run", "-d", "--name", name, "--network", "none", IMAGE, "sleep", "3600")
    until(lambda: shared.target(name=name), "the container")
    podman.cli("kill", name)
    until(lambda: not shared.target(name=name), "its end")


def ppid(pid):
    """The parent of process PID; None when it has ended."""
    fields = service.stat_fields(pid)
    return int(fields[1]) if fields else None


def test_a_podman_that_systemd_would_start_is_woken(start, podman, named, tmp_path):
    name = named("woken")
    podman.cli("run", "-d", "--name", name, "--network", "none", IMAGE, "sleep", "3600")
    program = Path(__file__).parent / "harness" / "activator.py"
    systemd = subprocess.Popen(
        ["nsenter", f"--net={podman.net.path}", "--", sys.executable, str(program), str(tmp_path / "podman.sock"),
         *podman.command("system", "service", "--time", "0")],
        env=podman.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert systemd.stdout.readline() == b"listening\n"
        running = start()
        until(lambda: any(ppid(e["pid"]) == systemd.pid for e in engines(running, "podman.io")),
              "the Podman that systemd has started")
        until(lambda: running.target(name=name, type="podman"), "the name that only Podman knows")
    finally:
        systemd.terminate()
        systemd.wait()
        systemd.stdout.close()
