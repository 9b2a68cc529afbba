# SPDX-License-Identifier: MIT
"""Containers of an ordinary user's Podman, in user namespaces and without cgroups of their own."""
import os
from pathlib import Path

import pytest

from harness.podman import IMAGE
from harness.rootless import UID, RootlessPodman
from harness.tenant import container_of
from harness.wait import until


@pytest.fixture(scope="module")
def podman():
    running = RootlessPodman()
    yield running
    running.close()


@pytest.fixture
def run(podman):
    """Starts containers that are removed when the test ends."""
    names = []

    def make(name, *options):
        names.append(f"{name}-{os.getpid()}")
        podman.cli("run", "-d", "--name", names[-1], *options, IMAGE, "sleep", "3600")
        return names[-1]
    yield make
    podman.cli("rm", "-f", "-i", "-t", "0", *names, check=False)


def user_namespace(pid):
    return os.readlink(f"/proc/{pid}/ns/user")


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_a_container_is_found_without_its_engine_by_its_account(shared, podman, run, runtime):
    """In the folder of its user in /run/user: what made it is not known there."""
    name = run(f"alone-{runtime}", "--network", "none", "--runtime", runtime)
    pid = podman.pid(name)
    assert user_namespace(pid) != user_namespace("self") and os.stat(f"/proc/{pid}").st_uid == UID
    target = until(lambda: shared.target(pid=pid), "the container")
    assert target["type"] == "oci" and target["name"] == podman.inspect(name)["Id"][:12]


@pytest.fixture(scope="module")
def serving(podman, _shared_service):
    """The same with its service, once that is known: it asks several programs what it is."""
    podman.serve()

    def known():
        engines = _shared_service.get("/mobyshark?fresh").json["metadata"]["container-engines"]
        return [e for e in engines if e["version"] and os.stat(f"/proc/{e['pid']}").st_uid == UID]
    until(known, "the engine", 50)
    return podman


def test_a_container_has_the_name_and_labels_its_engine_tells(shared, serving, run):
    name = run("user", "--network", "none", "--label", "colour=blue")
    pid = serving.pid(name)
    target = until(lambda: shared.target(name=name, type="podman"), "the container")
    assert (target["pid"], target["prefix"], target["network-interfaces"]) == (pid, "", ["lo"])
    found = container_of(shared, pid)
    assert found["labels"]["colour"] == "blue" and found["status"] == "running"
    assert found["api-path"].endswith(f"/root{serving.socket}")
    engine = int(found["api-path"].split("/")[4])
    assert os.stat(f"/proc/{engine}").st_uid == UID and user_namespace(engine) == user_namespace(pid)
    listed, = [e for e in shared.get("/mobyshark").json["metadata"]["container-engines"] if e["pid"] == engine]
    assert listed["type"] == "podman.io" and "state" not in listed


def test_the_device_of_a_users_network_is_held_by_slirp4netns(shared, serving, run):
    name = run("slirp", "--network", "slirp4netns")
    target = until(lambda: shared.target(name=name, type="podman"), "the container")
    assert sorted(target["network-interfaces"]) == ["lo", "tap0"]
    nifs = {i["name"]: i for n in shared.get("/json?fresh").json["network-namespaces"] if n["netnsid"] == target["netns"]
            for i in n["network-interfaces"]}
    owner, = nifs["tap0"]["tuntap"]["processors"]
    assert Path(f"/proc/{owner['pid']}/comm").read_text().strip() == "slirp4netns"


def test_a_container_that_ends_is_gone(shared, serving, run):
    name = run("short", "--network", "none")
    until(lambda: shared.target(name=name), "the container")
    serving.cli("kill", name)
    until(lambda: not shared.target(name=name), "its end")
