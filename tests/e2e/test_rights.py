# SPDX-License-Identifier: MIT
"""What each running process may do, read from the kernel and not from our own tables."""
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import netns, service
from harness.wait import until
from harness.client import Download, Viewer
from harness.traffic import Numbered

IDS = {"packetflix-service": 65530, "packetflix-reader": 65531}
UNPRIVILEGED = ("packetflix-service", "packetflix-reader")
SOME_UID = 54321
CAPABILITIES = ("cap_sys_admin,cap_sys_chroot,cap_sys_ptrace,cap_net_admin,cap_net_raw,cap_net_broadcast,cap_dac_read_search,"
                "cap_dac_override")


@pytest.fixture
def busy(shared, plain_scene):
    """A service with one capture, so that all roles run."""
    Viewer(shared, netns=plain_scene.inode).wait_interfaces("eth0", "lo")
    return shared


def ids(text):
    return {int(part) for part in text.split()}


@pytest.mark.parametrize("role", UNPRIVILEGED)
def test_it_runs_as_an_unprivileged_user_with_no_capability_left(busy, role):
    facts = service.status(busy.pid(role))
    assert ids(facts["Uid"]) == {IDS[role]} and ids(facts["Gid"]) == {IDS[role]}
    assert not facts["Groups"]
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(facts[name], 16) == 0, name


@pytest.mark.parametrize("role", UNPRIVILEGED + ("packetflix-discover",))
def test_it_has_a_seccomp_filter_and_cannot_gain_rights(busy, role):
    facts = service.status(busy.pid(role))
    assert facts["Seccomp"] == "2" and int(facts["Seccomp_filters"]) >= 1
    assert facts["NoNewPrivs"] == "1"


def test_every_thread_of_every_role_is_as_restricted_as_its_process(busy):
    for role in UNPRIVILEGED:
        pid = busy.pid(role)
        for thread in os.listdir(f"/proc/{pid}/task"):
            facts = service.status(f"{pid}/task/{thread}")
            assert facts["Seccomp"] == "2" and int(facts["CapEff"], 16) == 0 and int(facts["CapPrm"], 16) == 0


def test_discover_and_broker_have_only_what_they_need(busy):
    full = int(service.status(os.getpid())["CapEff"], 16)
    for role in ("packetflix", "packetflix-discover"):
        effective = int(service.status(busy.pid(role))["CapEff"], 16)
        assert effective != full, f"{role} has every capability"
        for forbidden in (16, 17, 22, 25):      # SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_TIME
            assert not effective >> forbidden & 1
    assert not int(service.status(busy.pid("packetflix-discover"))["CapEff"], 16) >> 13 & 1, "discover has NET_RAW"


@pytest.mark.parametrize("role", UNPRIVILEGED)
def test_its_root_is_empty(busy, role):
    root = f"/proc/{busy.pid(role)}/root"
    assert os.listdir(root) == []
    assert not os.access(f"{root}/proc", os.F_OK)
    assert os.stat(root).st_ino != os.stat("/").st_ino or os.stat(root).st_dev != os.stat("/").st_dev


def sockets(pid):
    return {d[8:-1] for d in service.descriptors(pid) if d.startswith("socket:[")}


def inodes_of(ns_path, table, column):
    def read():
        lines = Path(f"/proc/thread-self/net/{table}").read_text().splitlines()[1:]
        return {line.split()[column] for line in lines}
    return netns.inside(ns_path, read)


def test_only_the_reader_holds_packet_sockets(busy, plain_scene):
    packet = inodes_of(plain_scene.box.path, "packet", 8)
    # captures of tests before this one may still be ending
    until(lambda: len(packet & sockets(busy.pid("packetflix"))) == 2, "the spare sockets of one capture")
    mine = {role: packet & sockets(busy.pid(role)) for role in service.ROLES}
    readers, spare = mine.pop("packetflix-reader"), mine.pop("packetflix")
    assert len(readers) == 4, "one with a ring, one that only wakes the reader, two for other rings"
    assert len(spare) == 2 and spare < readers, "those on which the broker makes the other rings"
    assert not any(mine.values()), f"packet sockets in {mine}"


def test_the_service_holds_nothing_but_tcp_and_unix_sockets(busy):
    pid = busy.pid("packetflix-service")
    known = inodes_of("/proc/self/ns/net", "tcp", 9) | inodes_of("/proc/self/ns/net", "tcp6", 9) | inodes_of(
        "/proc/self/ns/net", "unix", 6)
    assert sockets(pid) <= known
    named = {line.split()[6]: line.split()[7] for line in Path("/proc/net/unix").read_text().splitlines()[1:]
             if len(line.split()) > 7}
    assert not [named[inode] for inode in sockets(pid) if "docker" in named.get(inode, "")]


def test_the_reader_holds_no_network_connection_and_no_namespace(busy):
    pid = busy.pid("packetflix-reader")
    tcp = inodes_of("/proc/self/ns/net", "tcp", 9) | inodes_of("/proc/self/ns/net", "tcp6", 9)
    assert not sockets(pid) & tcp
    assert not [d for d in service.descriptors(pid) if d.startswith(("net:", "mnt:", "/proc", "pidfd"))]


def test_no_role_keeps_a_directory_or_file_of_the_host_open(busy):
    """The one file of /proc that the service keeps open is about itself: it shows its memory in /metrics."""
    for role in UNPRIVILEGED:
        own = {f"/proc/{busy.pid(role)}/statm"} if role == "packetflix-service" else set()
        for link in os.listdir(f"/proc/{busy.pid(role)}/fd"):
            path = f"/proc/{busy.pid(role)}/fd/{link}"
            try:
                mode = os.stat(path).st_mode
                target = os.readlink(path)
            except FileNotFoundError:
                continue  # closed since it was listed
            assert not stat.S_ISDIR(mode), f"{role} has the directory {target} open"
            assert (not stat.S_ISREG(mode) or target.startswith("/memfd:") or target in own
                    or int(link) <= 2), f"{role} has {target} open"


def test_descriptors_are_not_inherited_from_whoever_starts_it(start, plain_scene, tmp_path):
    """A descriptor left open by the parent does not reach the unprivileged roles."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    running = start(wrapper=("/bin/sh", "-c", f'exec 9<{secret}; exec "$@"', "sh"))
    Viewer(running, netns=plain_scene.inode).wait_interfaces("lo")
    for role in service.ROLES[1:]:
        assert str(secret) not in service.descriptors(running.pid(role)), role


def test_the_environment_does_not_reach_the_unprivileged_roles(start, plain_scene):
    running = start(env={"SECRET_OF_THE_HOST": "x"})
    Viewer(running, netns=plain_scene.inode).wait_interfaces("lo")
    for role in UNPRIVILEGED:
        assert b"SECRET_OF_THE_HOST" not in Path(f"/proc/{running.pid(role)}/environ").read_bytes()


def test_unprivileged_roles_cannot_be_looked_into_by_their_own_user(busy):
    """Another process of the same user must not read their memory: they are not dumpable."""
    for role in UNPRIVILEGED:
        assert os.stat(f"/proc/{busy.pid(role)}/maps").st_uid == 0, role


@pytest.fixture
def copies():
    """The programs in a directory everyone can read, the broker with file capabilities."""
    folder = Path(tempfile.mkdtemp(prefix="pf-e2e-caps-"))
    folder.chmod(0o755)
    for role in service.PROGRAMS:
        shutil.copy(service.binary().parent / role, folder / role)
        (folder / role).chmod(0o755)
    subprocess.run(["setcap", f"{CAPABILITIES}+ep", str(folder / "packetflix")], check=True)
    yield folder / "packetflix"
    shutil.rmtree(folder)


def as_user(program):
    return {"program": program, "wrapper": ("setpriv", f"--reuid={SOME_UID}", f"--regid={SOME_UID}", "--clear-groups")}


def test_it_works_as_an_ordinary_user_with_file_capabilities(start, copies, scene):
    running = start(**as_user(copies))
    assert ids(service.status(running.process.pid)["Uid"]) == {SOME_UID}
    listed = [t for t in running.targets() if t["netns"] == scene.inode]
    assert listed and sorted(listed[0]["network-interfaces"]) == ["eth0", "lo"]
    viewer = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    download = Download(running, netns=scene.inode).wait_interfaces("eth0", "lo")
    Numbered(b"<ordinary>").send(scene.local, 100)
    viewer.wait_carrying(b"<ordinary>", 100)
    download.wait_carrying(b"<ordinary>", 100)
    for role in UNPRIVILEGED:
        for pid in running.pids(role):
            facts = service.status(pid)
            assert facts["Seccomp"] == "2" and facts["NoNewPrivs"] == "1" and 0 not in ids(facts["Uid"])
            for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
                assert int(facts[name], 16) == 0
    assert os.listdir(f"/proc/{running.pid('packetflix-service')}/root") == []


def test_without_any_right_it_says_so_and_ends(copies):
    subprocess.run(["setcap", "-r", str(copies)], check=True)
    done = subprocess.run(["setpriv", f"--reuid={SOME_UID}", f"--regid={SOME_UID}", "--clear-groups", str(copies),
                           "--port", str(service.free_port())], capture_output=True, text=True, timeout=20)
    assert done.returncode > 0 and done.stderr
    assert any(word in done.stderr.lower() for word in ("capabilit", "root", "right", "permi"))


@pytest.mark.parametrize("missing", service.PROGRAMS[1:])
def test_a_missing_helper_program_is_named_at_the_start(copies, missing):
    (copies.parent / missing).unlink()
    done = subprocess.Popen([str(copies), "--port", str(service.free_port())], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    try:
        assert done.wait(15) > 0
        assert missing in done.stdout.read()
    finally:
        if done.poll() is None:
            done.terminate()
            done.wait()
        done.stdout.close()


def test_helpers_started_by_hand_refuse_in_words():
    for role in service.PROGRAMS[1:]:
        done = subprocess.run([str(service.binary().parent / role)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=10)
        assert done.returncode > 0 and done.stderr.strip(), role
