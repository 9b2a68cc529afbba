# SPDX-License-Identifier: MIT
"""What the image consists of, and which tools read it."""
import json
import struct
import subprocess
import tarfile

import packaged
from harness.containerd import Containerd
from harness.podman import Podman
from harness.service import REPO

MAX_BYTES = 6_000_000


def read(name):
    with tarfile.open(packaged.archive()) as tar:
        return json.load(tar.extractfile(name))


def config():
    return read(read("manifest.json")[0]["Config"])


def test_it_holds_nothing_but_the_programs_and_their_papers():
    entries = packaged.files_of(packaged.archive())
    files = {name for name, (entry, _) in entries.items() if not entry.isdir()}
    programs = {name for name in files if name.startswith("usr/bin/")}
    assert programs == {f"usr/bin/packetflix{part}" for part in ("", "-compile", "-dig", "-discover", "-reader", "-service")}
    assert files - programs <= {"packetflix", "gostwire", "etc/passwd", "etc/group", "usr/share/doc/packetflix/sbom.spdx.json"} | {
        name for name in files if name.startswith("usr/share/doc/packetflix/licences/")}
    assert entries["packetflix"][0].linkname == "usr/bin/packetflix"
    assert all(entry.uid == 0 and entry.mode & 0o7022 == 0 for entry, _ in entries.values() if not entry.issym())


def test_the_broker_has_permitted_capabilities_that_are_not_effective():
    entry, _ = packaged.files_of(packaged.archive())["usr/bin/packetflix"]
    value = entry.pax_headers["SCHILY.xattr.security.capability"].encode("utf-8", "surrogateescape")
    magic, permitted, inheritable, high, _ = struct.unpack("<5I", value)
    assert (magic, inheritable, high) == (0x02000000, 0, 0) and permitted == 0x2C3806


def test_it_runs_as_nobody_and_listens_everywhere():
    settings = config()["config"]
    assert settings["User"] == "65534:65534" and settings["Entrypoint"] == ["/usr/bin/packetflix"]
    assert settings["Env"] == ["PACKETFLIX_LISTEN=[::]"] and "5001/tcp" in settings["ExposedPorts"]
    assert settings["Labels"]["org.opencontainers.image.title"] == "packetflix"


def test_its_bill_of_materials_names_what_is_linked_in():
    entries = packaged.files_of(packaged.archive())
    bill = json.loads(entries["usr/share/doc/packetflix/sbom.spdx.json"][1])
    assert bill["spdxVersion"] == "SPDX-2.3"
    inside = {package["name"]: package["versionInfo"] for package in bill["packages"]}
    assert {"packetflix", "glibc", "openssl", "libpcap", "sqlite3"} <= set(inside)
    assert "NOASSERTION" not in inside.values()
    for name in set(inside):
        assert len(entries[f"usr/share/doc/packetflix/licences/{name}"][1]) > 200


def test_it_is_small():
    with tarfile.open(packaged.archive()) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        assert tar.getmember(manifest[0]["Layers"][0]).size < MAX_BYTES


def test_the_same_input_gives_the_same_file(tmp_path):
    again = tmp_path / "again.tar"
    subprocess.run([REPO / "scripts" / "image.py", "--output", again, "amd64=" + str(REPO / "out-static")], check=True, capture_output=True)
    assert again.read_bytes() == packaged.archive().read_bytes()


def test_podman_loads_it(tmp_path):
    podman = Podman()
    try:
        def run(*words):
            return subprocess.run(podman.command(*words), env=podman.env, capture_output=True, text=True, timeout=60)
        loaded = run("load", "-i", packaged.archive())
        assert loaded.returncode == 0, loaded.stderr
        done = run("run", "--rm", "--network", "none", packaged.name(), "--version")
        assert done.returncode == 0 and "Version: " in done.stdout, done.stderr
    finally:
        podman.close()


def test_containerd_imports_it():
    containerd = Containerd()
    try:
        containerd.ctr("images", "import", packaged.archive())
        listed = containerd.ctr("images", "ls")
        assert f"docker.io/library/{packaged.name()}" in listed and "linux/amd64" in listed
    finally:
        containerd.close()
