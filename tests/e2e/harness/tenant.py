# SPDX-License-Identifier: MIT
"""Processes that live in namespaces and root directories of their own, as containers do, without an engine."""
import os
import shutil
import subprocess
from pathlib import Path

from harness.wait import until

BUSYBOX = "/bin/busybox"


class Tenant:
    """A busybox that sleeps in its own network, mount and UTS namespace. ROOT (a new folder) becomes its root directory;
    it shares the host's without. WRAPPER is a command that starts it."""

    def __init__(self, root=None, hostname="tenant", wrapper=()):
        self.root = root
        script = f"{BUSYBOX} hostname {hostname} && exec {BUSYBOX} sleep 3600"
        options = ["--net", "--mount", "--uts"]
        if root:
            (root / "bin").mkdir(parents=True, exist_ok=True)
            (root / "etc").mkdir(exist_ok=True)
            if not (root / BUSYBOX[1:]).exists():
                shutil.copy2(shutil.which("busybox"), root / BUSYBOX[1:])
            options.append(f"--root={root}")
        self.process = subprocess.Popen([*wrapper, "unshare", *options, BUSYBOX, "sh", "-c", script],
                                        stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        until(self._sleeps, "the tenant to sleep")

    def _sleeps(self):
        assert self.process.poll() is None, "the tenant could not be started"
        return Path(f"/proc/{self.pid}/cmdline").read_bytes() == f"{BUSYBOX}\0sleep\0".encode() + b"3600\0"

    def file(self, name, content=""):
        """Put CONTENT into a file of its root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def namespace(self, kind):
        return os.stat(f"/proc/{self.pid}/ns/{kind}").st_ino

    def close(self):
        self.process.kill()
        self.process.wait()


def container_of(service, pid, path="/json?fresh"):
    """What /json says about the tenant with this PID; None if it names none. Asks for a fresh answer: another may be
    max-age old, and from before the tenant."""
    answer = service.get(path)
    assert answer.status == 200, answer.text
    found = [c for ns in answer.json["network-namespaces"] for c in ns["containers"] if c["pid"] == pid]
    assert len(found) <= 1, f"several tenants with pid {pid}"
    return found[0] if found else None
