# SPDX-License-Identifier: MIT
"""containerd's own containers, and the pods of its Kubernetes interface; engines of that name that mean no good."""
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness import service
from harness.client import Viewer
from harness.containerd import IMAGE, Containerd, HiddenContainerd
from harness.fakes import Box, identity
from harness.wait import until

FAKE = Path(__file__).parent / "harness" / "fake_grpc.py"
SOON_S = 5  # much less than the pause between scans nobody asked for


@pytest.fixture(scope="module")
def containerd():
    running = Containerd()
    yield running
    running.close()


@pytest.fixture
def lab(containerd):
    """Starts containers that are removed when the test ends."""
    made = []

    def make(name, *command, namespace="lab", options=()):
        made.append((containerd.run(name, *command, namespace=namespace, options=options), namespace))
        return made[-1][0]
    yield make
    for name, namespace in made:
        containerd.remove(name, namespace=namespace)


@pytest.fixture
def pod(containerd):
    """Starts pods, each with a container "main", that are removed when the test ends."""
    made = []

    def make(name, *command, **options):
        name = f"{name}-{os.getpid()}"
        made.append(containerd.cri.run_pod(name, "pf-e2e", **options))
        containerd.cri.run_container(made[-1], "main", *(command or ("/bin/busybox", "sleep", "3600")))
        return f"pf-e2e/{name}"
    make.made = made
    yield make
    left = containerd.cri.pods()
    for identity, _ in made:
        if identity in left:
            containerd.cri.remove_pod(identity)


def engines(running):
    return running.get("/mobyshark").json["metadata"]["container-engines"]



def unasked(running, what):
    """Wait for a catalog nobody asked for with another number of targets than BEFORE that."""
    before = running.metrics()["packetflix_targets"]
    return lambda: until(lambda: running.metrics()["packetflix_targets"] != before, what, SOON_S)


def test_one_containerd_is_two_engines(shared, containerd):
    def mine():
        return [e for e in engines(shared) if e["pid"] == containerd.pid_of_engine]
    until(lambda: len(mine()) == 2 and all(e["version"] for e in mine()), "both to have answered")
    assert [e["type"] for e in mine()] == ["containerd.io", "k8s.io/cri-api"]
    version = containerd.ctr("version").split("Server:")[1].split()
    native, cri = mine()
    assert native["version"] == f"{version[1]} {version[3]}"
    assert native["id"] == version[5]
    assert cri["version"] == f"containerd {version[1]} [API v1]"
    assert cri["id"] == os.uname().nodename


def test_a_container_is_named_after_its_namespace_unless_that_is_the_default(shared, lab, containerd):
    box, plain = lab("box"), lab("plain", namespace="default")
    pid = containerd.pid(box)
    target = shared.target(name=f"lab/{box}")
    assert target == {"name": f"lab/{box}", "type": "containerd", "netns": os.stat(f"/proc/{pid}/ns/net").st_ino,
                      "network-interfaces": ["lo"], "pid": pid, "starttime": service.starttime(pid), "prefix": ""}
    assert shared.target(name=plain, type="containerd")
    assert not shared.target(name=f"default/{plain}")


def test_nerdctls_name_goes_before_the_id(shared, lab):
    lab("known", options=("--label", f"nerdctl/name=shop-{os.getpid()}"))
    assert shared.target(name=f"lab/shop-{os.getpid()}", type="containerd")


@pytest.fixture
def plugin_socket():
    """The socket of a managed plugin, where dockerd would have put it."""
    folder = Path("/run/docker/plugins") / f"pf-e2e-{os.getpid()}"
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / f"wire-{os.getpid()}.sock"))
        yield folder / f"wire-{os.getpid()}.sock"
    (folder / f"wire-{os.getpid()}.sock").unlink()
    for path in made:
        path.rmdir()


def test_a_plugin_of_docker_goes_by_the_name_of_its_socket(shared, lab, plugin_socket):
    lab("deadbeef", namespace="plugins.moby", options=("--label", f"com.docker/engine.bundle.path=/x/{plugin_socket.parent.name}"))
    nameless = lab("cafe", namespace="plugins.moby")
    assert shared.target(name=plugin_socket.stem, type="containerd")
    assert shared.target(name=f"plugins.moby/{nameless}", type="containerd")
    labels = [c["labels"] for n in shared.get("/json?fresh").json["network-namespaces"] for c in n["containers"]
              if c["name"] == plugin_socket.stem]
    assert [found["plugin.docker.com/name"] for found in labels] == [plugin_socket.stem]


def test_containers_of_docker_and_kubernetes_are_not_listed_twice(shared, lab, pod, engine, container):
    name, of_docker = pod("once"), container("once")
    found = [t for t in shared.targets() if t["type"] in ("containerd", "CRI") or t["name"] == name]
    assert [t["name"] for t in found if "once" in t["name"]] == [name]
    assert shared.target(name=of_docker)["type"] == "docker"


def test_a_paused_container_stays_and_an_ended_one_goes(shared, lab, containerd):
    box = lab("pausing")
    containerd.ctr("task", "pause", box)
    assert shared.target(name=f"lab/{box}")
    containerd.ctr("task", "resume", box)
    containerd.remove(box)
    assert not shared.target(name=f"lab/{box}")


def test_starts_and_ends_are_seen_without_asking(start, lab, containerd):
    running = start()
    until(lambda: containerd.pid_of_engine in [e["pid"] for e in engines(running)], "the engine")
    seen = unasked(running, "the started container")
    box = lab("event")
    seen()
    seen = unasked(running, "the end of the container")
    containerd.remove(box)
    seen()


def test_a_pod_is_one_target(shared, pod):
    web = pod("web")
    target = shared.target(name=web)
    assert target["type"] == "pod" and target["prefix"] == ""
    assert sorted(target["network-interfaces"]) == ["eth0", "lo"]
    listed = [t for t in shared.targets() if t["netns"] == target["netns"]]
    assert listed == [target], "its containers are listed beside it"


def test_pods_come_and_go_without_asking(start, pod, containerd):
    running = start()
    until(lambda: containerd.pid_of_engine in [e["pid"] for e in engines(running)], "the engine")
    seen = unasked(running, "the started pod")
    name = pod("event")
    seen()
    until(lambda: running.target(name=name, type="pod"), "the pod by its name")
    seen = unasked(running, "the end of the pod")
    containerd.cri.remove_pod(pod.made[-1][0])
    seen()
    assert not running.target(name=name)


def test_the_packets_of_a_pod_are_captured_by_its_name(shared, pod, containerd):
    web = pod("talk", "/bin/busybox", "sh", "-c", "while true; do busybox ping -c 1 -W 1 198.51.100.129; done")
    viewer = Viewer(shared, container=json.dumps({"name": web})).wait_interfaces("eth0", "lo")
    viewer.wait(lambda s: sum(p.data[12:14] == b"\x08\x00" and p.data[23] == 1 for p in s.packets) >= 4, "pings and their answers")
    names = {i.index: i.name for i in viewer.stream.interfaces}
    assert {names[p.interface] for p in viewer.stream.packets} == {"eth0"}
    viewer.close()


def test_labels_of_pods_are_in_the_whole_document(shared, pod):
    name = pod("labelled", labels={"app": "shop", "io.kubernetes.pod.name": "liar"}, annotations={"note": "a\tb"})
    document = shared.get("/json?fresh").json
    found = [c for n in document["network-namespaces"] for c in n["containers"]
             if c["type"] == "CRI" and c["labels"].get("io.kubernetes.pod.name") == name.split("/")[1]]
    sandbox, main = sorted(found, key=lambda c: "io.kubernetes.sandbox" not in c["labels"])
    assert sandbox["labels"]["app"] == "shop" and sandbox["labels"]["io.kubernetes.annotation/note"] == "a?b"
    assert main["name"] == main["labels"]["io.kubernetes.container.name"] == "main"
    assert sandbox["labels"]["io.kubernetes.container.name"] == "POD"
    assert main["image"] == IMAGE and main["container-id"] != sandbox["container-id"]
    for tenant in found:
        assert tenant["labels"]["io.kubernetes.pod.namespace"] == "pf-e2e"
        assert tenant["labels"]["io.kubernetes.pod.uid"] == f"uid-{name.split('/')[1]}"


def test_containers_live_on_without_their_containerd(start, owned):
    engine = owned.add(Containerd())
    running = start()
    box = engine.run("survivor", options=("--label", "nerdctl/name=shop"))
    pid, former = engine.pid(box), engine.pid_of_engine
    assert running.target(name="lab/shop", pid=pid)
    engine.stop()
    until(lambda: former not in [e["pid"] for e in engines(running)], "the engine to be missed")
    assert running.target(pid=pid)["name"] != f"sleep({pid})"
    engine.start()
    until(lambda: engine.pid_of_engine in [e["pid"] for e in engines(running)], "the engine")
    assert running.target(name="lab/shop", pid=pid)
    assert running.target(name=f"lab/{engine.run('newcomer')}", type="containerd")


def fake(owned, tmp_path, comm, manner, upstream=""):
    """A process called COMM that listens at a socket and behaves in some MANNER."""
    process = subprocess.Popen([sys.executable, str(FAKE), comm, str(tmp_path / f"{manner}.sock"), manner, str(upstream)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    process.close = lambda: (process.kill(), process.wait(), process.stdout.close())
    owned.add(process)
    assert process.stdout.readline() == b"ready\n"
    return process


def test_engines_that_mean_no_good_delay_nobody(start, owned, tmp_path, new_netns):
    manners = ["silent", "noise", "http1", "endless", "gigabyte", "pings", "closes", "drips"]
    bad = [fake(owned, tmp_path, "containerd", manner) for manner in manners]
    child = new_netns().popen(["/usr/bin/sleep", "600"])
    until(lambda: service.role_of(child.pid) == "sleep", "sleep to run")
    running = start()
    for _ in range(3):
        assert running.target(name=f"sleep({child.pid})")
    listed = [e for e in engines(running) if e["pid"] in [process.pid for process in bad]]
    assert [(e["type"], e["id"], e["version"]) for e in listed] == [("containerd.io", "", "")] * len(bad)
    metrics = running.metrics()
    assert metrics['packetflix_process_restarts_total{process="discover"}'] == 0


@pytest.fixture
def crio(owned, tmp_path):
    """CRI-O is not to be had here: a process of its name passes on, in its words, what a containerd says that goes by
    another name."""
    hidden = owned.add(HiddenContainerd())
    return hidden, fake(owned, tmp_path, "crio", "crio", hidden.socket)


def test_pods_of_cri_o_are_told_by_it(start, crio):
    runtime, engine = crio
    running = start()
    name = f"told-{os.getpid()}"
    pod = runtime.cri.run_pod(name, "pf-e2e", {"colour": "BADLABEL"})
    bad = runtime.cri.run_pod(f"BADNAME!-{os.getpid()}", "pf-e2e")
    runtime.cri.run_container(pod, "main", "/bin/busybox", "sleep", "3600")
    target = until(lambda: running.target(name=f"pf-e2e/{name}", type="pod"), "the pod")
    assert sorted(target["network-interfaces"]) == ["eth0", "lo"]
    assert not [t for t in running.targets() if t["netns"] == target["netns"] and t != target], "its pause is listed"
    assert until(lambda: running.target(name=f"pf-e2e/?????(??-{os.getpid()}", type="pod"), "the badly named")
    listed, = [e for e in engines(running) if e["pid"] == engine.pid]
    assert (listed["type"], listed["version"].split()[0]) == ("k8s.io/cri-api", "cri-o")
    document = running.get("/json?fresh").json
    found = [c for n in document["network-namespaces"] for c in n["containers"] if c["pid"] == target["pid"]]
    assert found[0]["type"] == "CRI" and found[0]["labels"]["colour"].startswith("a?")
    runtime.cri.remove_pod(pod[0])
    until(lambda: not running.target(name=f"pf-e2e/{name}"), "its end")
    runtime.cri.remove_pod(bad[0])


def test_containers_of_cri_o_are_known_by_their_cgroup(shared, owned):
    number, other = identity(), identity()
    inside = owned.add(Box(number, "kubepods.slice", f"crio-{number}.scope"))
    monitor = owned.add(Box(other, "kubepods.slice", f"crio-conmon-{other}.scope"))
    assert until(lambda: shared.target(pid=inside.pid), "the container")["type"] == "CRI"
    assert shared.target(pid=inside.pid)["name"] == number[:12]
    assert shared.target(pid=monitor.pid)["type"] == "proc"
