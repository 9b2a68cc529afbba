# SPDX-License-Identifier: MIT
"""Containers that no engine tells of, containers of Docker in all their states, and engines that misbehave."""
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from harness.fakes import FakeDocker
from harness.wait import until

BUSYBOX = os.path.realpath(shutil.which("busybox"))


@pytest.fixture
def rootfs(tmp_path):
    """A file system with nothing but busybox."""
    root = tmp_path / "rootfs"
    for name in ("bin", "dev", "proc", "sys", "etc", "usr", "tmp", "run"):
        (root / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin" / "busybox")
    (root / "bin" / "sleep").symlink_to("busybox")
    (root / "etc" / "os-release").write_text("ID=test\n")
    return root


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


def test_an_lxc_container_has_its_name(shared, rootfs, tmp_path):
    name = f"pf-lxc-{os.getpid()}"
    (tmp_path / "lxc" / name).mkdir(parents=True)
    (tmp_path / "lxc" / name / "config").write_text(
        f"lxc.rootfs.path = dir:{rootfs}\nlxc.uts.name = {name}\nlxc.net.0.type = empty\n"
        "lxc.init.cmd = /bin/sleep 3600\n")
    run("lxc-start", "-P", tmp_path / "lxc", "-n", name)
    try:
        target = until(lambda: shared.target(name=name, type="lxc"), "the container")
        assert target["pid"] == int(run("lxc-info", "-P", tmp_path / "lxc", "-n", name, "-p", "-H"))
    finally:
        run("lxc-stop", "-k", "-P", tmp_path / "lxc", "-n", name)


def test_a_systemd_nspawn_container_without_machined_has_its_name(shared, rootfs):
    name = f"pf-nspawn-{os.getpid()}"
    running = subprocess.Popen(
        ["systemd-nspawn", "--register=no", "--keep-unit", "-q", "--private-network", "-M", name, "-D", str(rootfs),
         "/bin/sleep", "3600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        target = until(lambda: shared.target(name=name, type="systemd-nspawn"), "the container")
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        assert str(target["pid"]) in children
    finally:
        running.terminate()
        running.wait()


def without_hybrid(*command):
    """COMMAND where control groups are of one version only: crun refuses a mixture."""
    return ["unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', "sh", *command]


@pytest.mark.parametrize("runtime", ["runc", "crun"])
def test_a_container_of_a_runtime_alone_is_known_by_its_account(shared, rootfs, tmp_path, runtime):
    name = f"pf-{runtime}-{os.getpid()}"
    run(runtime, "spec", cwd=tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["process"].update(terminal=False, args=["/bin/sleep", "3600"], rlimits=[])
    config["annotations"] = {"io.kubernetes.cri.container-name": f"{name}-\u0007shown"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with open(os.devnull, "w") as nowhere:
        subprocess.run(without_hybrid(runtime, "run", "-d", name), cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=nowhere,
                       stderr=nowhere, check=True, timeout=60)
    try:
        target = until(lambda: shared.target(name=f"{name}-?shown", type="oci"), "the container")
        assert target["pid"] == json.loads(run(runtime, "state", name))["pid"]
    finally:
        run(*without_hybrid(runtime, "delete", "-f", name))
    until(lambda: not shared.target(name=f"{name}-?shown"), "its end")


def detail(running, name):
    containers = [c for n in running.get("/json?fresh").json["network-namespaces"] for c in n["containers"]]
    return next(c for c in containers if c["name"] == name)


def test_dockers_containers_tell_what_they_are(shared, engine, container):
    plain = container("plain", options=("--label", "com.docker.compose.project=shop", "--label", "colour=blue"))
    joined = container("joined", options=("--network", f"container:{plain}"))
    alone = container("alone", options=("--network", "none"))
    engine.docker("pause", alone)
    try:
        targets = {name: until(lambda name=name: shared.target(name=name, type="docker"), name)
                   for name in (plain, joined, alone)}
        assert targets[plain]["netns"] == targets[joined]["netns"] != targets[alone]["netns"]
        assert targets[alone]["network-interfaces"] == ["lo"]
        until(lambda: detail(shared, alone)["status"] == "paused", "the pause")
        labels = detail(shared, plain)["labels"]
        assert labels["com.docker.compose.project"] == "shop" and labels["colour"] == "blue"
        assert labels["turtlefinder/container/prefix"] == "" and "gostwire/container/privileged" not in labels
        assert detail(shared, plain)["api-path"].endswith(f"/root{engine.socket}")
    finally:
        engine.docker("unpause", alone)


def test_an_engine_that_never_answers_is_said_to_be_unreachable(start, owned, tmp_path, container):
    name = container("beside")
    running = start()
    silent = owned.add(FakeDocker(tmp_path, version="silent"))
    until(lambda: (silent.shown(running) or {}).get("state") == "unreachable", "the word")
    until(lambda: running.metrics()['packetflix_container_engines{state="unreachable"}'] == 1, "the number")
    until(lambda: running.target(name=name, type="docker"), "the other engine's container")
    begin = time.monotonic()
    for _ in range(3):
        assert running.target(name=name, type="docker")
    assert time.monotonic() - begin < 10, "nobody waits for it any more"


def test_ten_thousand_containers_are_no_burden(start, owned, tmp_path, container):
    name = container("beside")
    running = start()
    many = owned.add(FakeDocker(tmp_path))
    many.tell(*((f"{n:064x}", f"many-{n}", {"number": str(n)}) for n in range(10000)))
    until(lambda: (many.shown(running) or {}).get("version") == "1.2.3", "the engine's version", 30)
    assert "state" not in many.shown(running)
    until(lambda: running.target(name=name, type="docker"), "the other engine's container")
    assert not [t for t in running.targets() if t["name"].startswith("many-")], "they have no processes"
