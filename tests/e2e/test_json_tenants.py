# SPDX-License-Identifier: MIT
"""What /json says about tenants: names from their files, capabilities, scheduling, freezers, PID namespaces, Industrial Edge."""
import base64
import datetime
import json
import os
import re
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from harness.cgroup import Cgroup
from harness.tenant import Tenant, container_of
from harness.wait import until

NOTHING = {"etc-hostname": "", "domainname": "", "nameservers": [], "searchlist": [], "etc-hosts": []}


@pytest.fixture
def tenant(owned, tmp_path):
    """Starts tenants; with a root of their own unless told otherwise."""
    def make(root="root", **options):
        return owned.add(Tenant(tmp_path / root if root else None, **options))
    return make


def dns_of(service, pid):
    return container_of(service, pid)["dns"]


def without_uts(dns):
    return {key: value for key, value in dns.items() if key != "uts-hostname"}


# -- names ---------------------------------------------------------------------------------


def test_names_are_what_the_files_of_the_tenant_say(shared, tenant):
    box = tenant(hostname="uts-name")
    box.file("etc/hostname", "file-name\nmore\n")
    box.file("etc/domainname", "example.org\n")
    box.file("etc/resolv.conf", "# from a test\nsearch a.example\ndomain b.example\nnameserver 192.0.2.53 2001:db8::53\n"
             "nameserver ::ffff:198.51.100.53\noptions ndots:0\n")
    box.file("etc/hosts", "127.0.0.1\tlocalhost\n192.0.2.7 web web.example # the web\n192.0.2.8 web\nnonsense\n")
    assert dns_of(shared, box.pid) == {
        "uts-hostname": "uts-name", "etc-hostname": "file-name", "domainname": "example.org",
        "nameservers": ["192.0.2.53", "2001:db8::53", "198.51.100.53"], "searchlist": ["b.example"],
        "etc-hosts": [{"name": "localhost", "address": "127.0.0.1"}, {"name": "web", "address": "192.0.2.8"},
                      {"name": "web.example", "address": "192.0.2.7"}]}


def test_members_of_names_keep_their_order(shared, tenant):
    assert list(dns_of(shared, tenant().pid)) == ["uts-hostname", "etc-hostname", "domainname", "nameservers",
                                                  "searchlist", "etc-hosts"]


def test_links_are_followed_inside_the_tenants_root_and_never_out_of_it(shared, tenant, tmp_path):
    (tmp_path / "outside").write_text("secret\n")
    box = tenant()
    box.file("inside/resolv", "nameserver 192.0.2.99\n")
    (box.root / "etc/hostname").symlink_to(tmp_path / "outside")
    (box.root / "etc/domainname").symlink_to("../../outside")
    (box.root / "etc/resolv.conf").symlink_to("../../../inside/./up/../resolv")
    (box.root / "inside/up").mkdir()
    (box.root / "etc/hosts").symlink_to(f"/proc/{os.getpid()}/root/etc/hosts")
    assert without_uts(dns_of(shared, box.pid)) == {**NOTHING, "nameservers": ["192.0.2.99"]}


def test_a_link_to_itself_ends(shared, tenant):
    box = tenant()
    (box.root / "etc/hosts").symlink_to("hosts")
    (box.root / "etc/resolv.conf").symlink_to("/etc/resolv.conf/x")
    assert without_uts(dns_of(shared, box.pid)) == NOTHING


def _fifo(path):
    os.mkfifo(path)


def _device(path):
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def _socket(path):
    here = os.getcwd()
    os.chdir(path.parent)                       # the name of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def _folder(path):
    path.mkdir()


def _sparse(path):
    path.touch()
    os.truncate(path, 1 << 30)


def _long(path):
    path.write_text("192.0.2.1 a\nnameserver 192.0.2.1\n" + "#" * 65536)


@pytest.mark.parametrize("kind", (_fifo, _device, _socket, _folder, _sparse, _long))
def test_what_is_no_small_regular_file_counts_as_none(shared, tenant, kind):
    box = tenant()
    for name in ("hostname", "domainname", "resolv.conf", "hosts"):
        kind(box.root / "etc" / name)
    assert without_uts(dns_of(shared, box.pid)) == NOTHING


def test_hostile_content_stays_content(shared, tenant):
    box = tenant()
    box.file("etc/hostname", b"a\xff\x1b[31m\"\\\n")
    box.file("etc/domainname", "x" * 257)
    box.file("etc/resolv.conf", b"search \xc3\x28 \x01b <c>\n" + b"nameserver 192.0.2.1\n" * 100)
    box.file("etc/hosts", "".join(f"192.0.2.1 name{i}\n" for i in range(2000)))
    dns = dns_of(shared, box.pid)
    assert dns["etc-hostname"] == 'a??[31m"\\' and dns["domainname"] == ""
    assert dns["searchlist"] == ["?(", "?b", "<c>"] and dns["nameservers"] == ["192.0.2.1"] * 16
    assert [h["name"] for h in dns["etc-hosts"]] == [f"name{i}" for i in range(256)]


def test_tenants_with_one_root_are_told_the_same_and_others_are_not(shared, tenant):
    left, right, other = tenant(hostname="left"), tenant(hostname="right"), tenant(root="other")
    left.file("etc/hosts", "192.0.2.1 both\n")
    other.file("etc/hosts", "192.0.2.2 alone\n")
    names = [dns_of(shared, box.pid) for box in (left, right, other)]
    assert [d["uts-hostname"] for d in names] == ["left", "right", "tenant"]
    assert names[0]["etc-hosts"] == names[1]["etc-hosts"] == [{"name": "both", "address": "192.0.2.1"}]
    assert names[2]["etc-hosts"] == [{"name": "alone", "address": "192.0.2.2"}]


def test_the_hosts_own_files_are_read_for_who_shares_them(shared, tenant):
    box = tenant(root=None)
    expected = [line.split()[1] for line in Path("/etc/resolv.conf").read_text().splitlines()
                if re.match(r"nameserver\s+[0-9.]+\s*$", line)]
    assert set(expected[:16]) <= set(dns_of(shared, box.pid)["nameservers"])


def test_a_changed_host_name_is_in_the_next_answer(shared, tenant):
    box = tenant(hostname="before")
    assert dns_of(shared, box.pid)["uts-hostname"] == "before"
    subprocess.run(["nsenter", f"--uts=/proc/{box.pid}/ns/uts", "hostname", "after"], check=True)
    until(lambda: dns_of(shared, box.pid)["uts-hostname"] == "after", "the new host name")
    assert socket.gethostname() not in ("before", "after")


def test_many_host_names_are_all_told(shared, owned):
    boxes = [owned.add(Tenant(hostname=f"many-{i}")) for i in range(20)]
    document = shared.get("/json?fresh").json
    told = {c["pid"]: c["dns"].get("uts-hostname") for ns in document["network-namespaces"] for c in ns["containers"]}
    assert [told[box.pid] for box in boxes] == [f"many-{i}" for i in range(20)]


# -- processes -----------------------------------------------------------------------------


def test_the_command_line_is_joined_by_blanks(shared, tenant):
    assert container_of(shared, tenant().pid)["cmdline"] == "/bin/busybox sleep 3600"


def test_arguments_with_blanks_stay_apart(shared):
    words = ["busybox", "sh", "-c", "read x", "two words", "last"]
    with subprocess.Popen(["unshare", "--net", "--", *words], stdin=subprocess.PIPE) as process:
        until(lambda: Path(f"/proc/{process.pid}/cmdline").read_bytes().startswith(b"busybox"), "the program")
        assert container_of(shared, process.pid)["argv"] == words
        process.stdin.close()


def test_a_program_that_starts_itself_anew_has_its_own_name(shared):
    """As the program around a rootless Docker does, by /proc/self/exe."""
    words = ["unshare", "--net", "--", sys.executable, "-c", "import os, sys; os.execv('/proc/self/exe', ['x', '-c', 'input()'])"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "exe\n", "the program to start itself anew")
        program = Path(os.readlink(f"/proc/{process.pid}/exe")).name[:15]
        name = f"{program}({process.pid})"
        assert shared.target(name=name, type="proc")
        assert container_of(shared, process.pid)["name"] == name
        process.stdin.close()


def test_start_times_are_those_of_the_kernel(shared, tenant):
    box = tenant()
    ticks = int(Path(f"/proc/{box.pid}/stat").read_text().rpartition(")")[2].split()[19])
    found = container_of(shared, box.pid)
    assert found["starttime"] == ticks
    started = datetime.datetime.strptime(found["start-time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    assert abs(time.time() - age - started.timestamp()) < 1


def _capbnd(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return "0x" + re.search(r"^CapBnd:\s*([0-9a-f]{16})$", text, re.MULTILINE)[1]


def test_capabilities_are_the_bounding_set(shared, tenant):
    full, few = tenant(), tenant(root="few", wrapper=("setpriv", "--bounding-set", "-sys_time,-sys_module"))
    assert container_of(shared, full.pid)["capbnd"] == _capbnd(full.pid)
    assert container_of(shared, few.pid)["capbnd"] == _capbnd(few.pid) != _capbnd(full.pid)


def _ranges(text):
    """The list of CPUs that TEXT spells, neighbours joined."""
    ranges = []
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        if ranges and ranges[-1][1] + 1 == int(first):
            ranges[-1][1] = int(last or first)
        else:
            ranges.append([int(first), int(last or first)])
    return ranges


def _affinity(pid):
    told = subprocess.run(["taskset", "-cp", str(pid)], check=True, capture_output=True, text=True).stdout
    return _ranges(told.rsplit(":", 1)[1])


def test_affinity_is_what_taskset_says(shared, tenant):
    allowed = sorted(os.sched_getaffinity(0))
    free, bound = tenant(), tenant(root="bound", wrapper=("taskset", "-c", str(allowed[-1])))
    assert container_of(shared, free.pid)["affinity"] == _affinity(free.pid)
    assert container_of(shared, bound.pid)["affinity"] == _affinity(bound.pid) == [[allowed[-1], allowed[-1]]]


def _policy(pid):
    told = subprocess.run(["chrt", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
    name = re.search(r"policy: (\S+)", told)[1]
    return getattr(os, name.split("|")[0])


@pytest.mark.parametrize("wrapper", (("chrt", "-b", "0"), ("chrt", "-i", "0")))
def test_the_policy_is_what_chrt_says_and_stands_in_both_members(shared, tenant, wrapper):
    box = container_of(shared, tenant(wrapper=wrapper).pid)
    assert box["policy"] == box["priority"] == _policy(box["pid"]) != os.SCHED_OTHER


def test_nice_values_have_their_sign_and_zeros_are_left_out(shared, tenant):
    plain = container_of(shared, tenant(wrapper=("nice", "-n", str(-os.nice(0)))).pid)
    assert not {"policy", "priority", "nice"} & set(plain)
    box = tenant(root="low", wrapper=("nice", "-n", str(-5 - os.nice(0))))
    assert container_of(shared, box.pid)["nice"] == os.getpriority(os.PRIO_PROCESS, box.pid) == -5


# -- PID namespaces ------------------------------------------------------------------------


def _tree(document):
    """PID namespace -> parent, and -> its containers."""
    parents, containers = {}, {}

    def walk(spaces, parent):
        for space in spaces:
            assert space["id"] == f"pidns-{space['pidnsid']}" and space["pidnsid"] not in parents
            parents[space["pidnsid"]] = parent
            containers[space["pidnsid"]] = space["container-idrefs"]
            walk(space["children"], space["pidnsid"])
    walk(document["pid-namespaces"], 0)
    return parents, containers


def test_pid_namespaces_lie_in_each_other_as_lsns_says(shared, owned):
    script = "unshare --pid --fork --kill-child unshare --net --mount /bin/busybox sleep 3600"
    outer = owned.add(_Group(["unshare", "--pid", "--fork", "--kill-child", "sh", "-c", f"{script}; true"]))
    inner = until(lambda: outer.find(b"/bin/busybox\0sleep"), "the inner process")
    document = shared.get("/json?fresh").json
    parents, _ = _tree(document)
    listed = json.loads(subprocess.run(["lsns", "-J", "-t", "pid", "-o", "NS,PNS"], check=True, capture_output=True,
                                       text=True).stdout)["namespaces"]
    expected = {int(ns["ns"]): int(ns["pns"] or 0) for ns in listed}
    chain, at = [], os.stat(f"/proc/{inner}/ns/pid").st_ino
    while at:
        chain.append(at)
        assert parents[at] == expected[at]
        at = parents[at]
    assert len(chain) == 3 and chain[-1] == os.stat("/proc/self/ns/pid").st_ino
    box = container_of(shared, inner)
    assert box["pidns"] == chain[0] and box["pidns-idref"] == f"pidns-{chain[0]}"


class _Group:
    """A command and what it starts, ended together."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def find(self, words):
        """The descendant whose command line begins with WORDS."""
        todo = [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(words):
                    return pid
                todo += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
        return None

    def close(self):
        self.process.kill()
        self.process.wait()


def test_containers_stand_at_the_pid_namespace_they_lead(shared, engine, container):
    name = container("leader")
    guest = container("guest", options=("--pid", f"container:{name}"))
    document = shared.get("/json?fresh").json
    pid, guest_pid = engine.pid(name), engine.pid(guest)
    parents, containers = _tree(document)
    space = os.stat(f"/proc/{pid}/ns/pid").st_ino
    assert parents[space] == os.stat("/proc/self/ns/pid").st_ino
    # a process that joined has its parent outside, too
    assert containers[space] == sorted([f"cont-{pid}", f"cont-{guest_pid}"], key=lambda i: int(i[5:]))


# -- paused --------------------------------------------------------------------------------


def test_a_frozen_container_without_an_engine_is_paused(shared, owned, tenant):
    box = tenant()
    group = owned.add(Cgroup("docker", "ab" * 32))
    group.add(box.pid)
    found = container_of(shared, box.pid)
    assert (found["type"], found["status"]) == ("docker", "running")
    group.freeze(True)
    until(lambda: container_of(shared, box.pid)["status"] == "paused", "the container to be paused")
    group.freeze(False)
    until(lambda: container_of(shared, box.pid)["status"] == "running", "the container to run")


def test_an_engine_tells_who_is_paused(shared, engine, container):
    name = container("pausing", options=("--label", "some.label=value"))
    pid = engine.pid(name)
    found = container_of(shared, pid)
    assert (found["name"], found["status"], found["type-text"]) == (name, "running", "Docker")
    assert found["labels"]["some.label"] == "value" and found["labels"]["turtlefinder/container/prefix"] == ""
    engine.docker("pause", name)
    assert container_of(shared, pid)["status"] == "paused"
    engine.docker("unpause", name)
    assert container_of(shared, pid)["status"] == "running"


# -- Industrial Edge -----------------------------------------------------------------------


def _png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


class _Device:
    """The folder /data of a runtime, and its container."""

    NAME = "edge-iot-core"

    def __init__(self, engine, folder):
        self.engine, self.data = engine, folder / "data"
        self.db = self.data / "app_engine/db/platformbox.db"
        self.icons = self.data / "BoxCache/app/icons"
        self.db.parent.mkdir(parents=True)
        self.icons.mkdir(parents=True)
        self.release = folder / "release"
        self.release.write_text('NAME="Some OS"\n-e VERSION_ID="1.8.2"\n')
        self.make_db("tester's edge")

    def make_db(self, name, journal="delete"):
        self.db.unlink(missing_ok=True)
        with sqlite3.connect(self.db) as db:
            db.execute(f"PRAGMA journal_mode = {journal}")
            db.execute("CREATE TABLE device (id INTEGER PRIMARY KEY, deviceKey TEXT, deviceValue TEXT)")
            db.executemany("INSERT INTO device (deviceKey, deviceValue) VALUES (?, ?)",
                           (("deviceName", name), ("developerMode", "true"), ("secret", "x")))
            db.execute("CREATE TABLE application (appId TEXT, title TEXT, repositoryName TEXT, icon TEXT, "
                       "isDebuggingEnabled INTEGER, description TEXT)")
            db.executemany("INSERT INTO application VALUES (?, ?, ?, ?, ?, '')",
                           (("1", "Alpha & Co", "alpha", "https://192.0.2.1/x/icons/alpha.png", 1),
                            ("2", "Beta", "beta", "https://192.0.2.1/x/icons/beta.png", 0)))
            db.execute("CREATE TABLE applicationversions (appVersionId TEXT, appId TEXT)")
            db.executemany("INSERT INTO applicationversions VALUES (?, ?)", (("v", "1"), ("w", "2")))
        db.close()

    def run(self):
        self.engine.docker("run", "-d", "--name", self.NAME, "--stop-signal", "KILL", "-v", f"{self.data}:/data",
                           "-v", f"{self.release}:/etc/os-release-container", "pf-e2e-busybox", "/bin/busybox", "sleep", "3600")
        return self

    def restart(self):
        self.engine.docker("restart", "-t", "0", self.NAME)

    def close(self):
        self.engine.docker("rm", "-f", self.NAME, check=False)


@pytest.fixture
def device(engine, owned, tmp_path):
    return owned.add(_Device(engine, tmp_path))


def test_there_is_no_industrial_edge_without_its_runtime(shared):
    assert "industrial-edge" not in shared.get("/json").json["metadata"]


@pytest.mark.parametrize("journal", ("delete", "wal"))
def test_a_device_tells_its_name_mode_and_version(shared, device, journal):
    device.make_db("tester's edge", journal)
    device.run()
    expected = {"device-name": "tester's edge", "developer-mode": "true", "semversion": "1.8.2"}
    for path in ("/json", "/mobyshark"):
        metadata = shared.get(path).json["metadata"]
        assert metadata["industrial-edge"] == expected and metadata["creator-id"] == "gostwire"
        assert list(metadata) == sorted(metadata)


def test_apps_have_icons_and_titles_when_asked_for(shared, engine, device, container):
    (device.icons / "alpha.png").write_bytes(_png())
    (device.icons / "beta.png").write_text("<svg/>")
    device.run()
    pids = {}
    for project in ("alpha", "beta", "none"):
        pids[project] = engine.pid(container(project, options=(
            "--label", "com_mwp_conf_nginx=x", "--label", f"com.docker.compose.project={project}",
            "--label", "gostwire/icon=own")))
    other = engine.pid(container("other", options=("--label", "com.docker.compose.project=alpha")))
    icon = "data:image/png;base64," + base64.b64encode(_png()).decode()
    alpha = container_of(shared, pids["alpha"], "/json?ieappicons")["labels"]
    beta = container_of(shared, pids["beta"], "/json?ieappicons=yes")["labels"]
    assert (alpha["gostwire/icon"], alpha["gostwire/ieapp/title"], alpha["gostwire/ieapp/debuggable"]) == (
        icon, "Alpha & Co", "1")
    assert beta["gostwire/ieapp/title"] == "Beta" and not {"gostwire/icon", "gostwire/ieapp/debuggable"} & set(beta)
    assert container_of(shared, pids["none"], "/json?ieappicons")["labels"]["gostwire/icon"] == "own"
    assert "gostwire/ieapp/title" not in container_of(shared, other, "/json?ieappicons")["labels"]
    for path in ("/json", "/json?ieappicons=off"):
        labels = container_of(shared, pids["alpha"], path)["labels"]
        assert labels["gostwire/icon"] == "own" and "gostwire/ieapp/title" not in labels


def _garbage(device):
    device.db.write_bytes(b"SQLite format 3\0" + b"\xff" * 100000)


def _pipe(device):
    device.db.unlink()
    os.mkfifo(device.db)


def _outside(device):
    outside = device.data.parent / "outside.db"
    device.db.rename(outside)
    device.db.symlink_to(outside)


def _huge(device):
    os.truncate(device.db, 1 << 30)


def _gone(device):
    device.db.unlink()


def _endless(device):
    device.db.unlink()
    with sqlite3.connect(device.db) as db:
        db.execute("CREATE VIEW device AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                   "SELECT 'deviceName' AS deviceKey, i AS deviceValue FROM n")
    db.close()


def test_a_hostile_database_leaves_the_version_and_the_rest_of_the_document(shared, device):
    device.run()
    for number, harm in enumerate((_garbage, _pipe, _outside, _huge, _gone, _endless)):
        device.make_db("harmed")
        harm(device)
        device.restart()
        document = shared.get("/json?ieappicons").json
        assert document["metadata"]["industrial-edge"] == {"semversion": "1.8.2"}, harm.__name__
        assert document["network-namespaces"] and document["pid-namespaces"]
    device.close()
    until(lambda: "industrial-edge" not in shared.get("/json").json["metadata"], "the device to be forgotten")
