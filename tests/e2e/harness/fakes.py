# SPDX-License-Identifier: MIT
"""Engines that are none, and containers of theirs."""
import itertools
import json
import subprocess
import sys
from pathlib import Path

from harness.cgroup import Cgroup
from harness.tenant import Tenant

HERE = Path(__file__).parent
PODMAN_VERSION = b"Server: Libpod/1.2.3 (linux)\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\n"
VERSION = b"Server: Docker/1.2.3 (linux)\r\nApi-Version: 1.41\r\n"
_serial = itertools.count(1)


class FakeDocker:
    """A process called COMM that answers as configured, in the given MANNERS (see fake_engine.py)."""

    def __init__(self, folder, wrapper=(), comm="dockerd", **manners):
        self.folder = Path(folder) / f"engine-{next(_serial)}"
        self.folder.mkdir()
        self.write("version", PODMAN_VERSION if comm == "podman" else VERSION)
        self.write("info", {"ID": "fake"})
        self.tell()
        self._process = subprocess.Popen(
            [*wrapper, sys.executable, str(HERE / "fake_engine.py"), str(self.folder), comm,
             *(f"{part}={manner}" for part, manner in manners.items())],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.pid = self._process.pid
        assert self._process.stdout.readline() == b"listening\n"

    def write(self, name, content):
        """Set a file of its world, bytes or what becomes JSON, at once."""
        new = self.folder / f"{name}.new"
        new.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        new.rename(self.folder / name)

    def tell(self, *containers, name="list"):
        """Answer requests for the list with these containers, each (id, name) or (id, name, labels)."""
        self.write(name, [{"Id": c[0], "Names": [f"/{c[1]}"], "State": "running", "Labels": c[2] if len(c) > 2 else {}}
                          for c in containers])

    def know(self, identity, name, pid):
        """Answer requests about one container."""
        self.write(f"container-{identity}", {"Id": identity, "Name": f"/{name}",
                                             "State": {"Status": "running", "Pid": pid}})

    def asked(self, running, what):
        """When RUNNING has asked for WHAT, each time: a part of what the engine says, or the "stream" of events about
        containers."""
        log, pid = self.folder / "requests.log", str(running.pid("packetflix-discover"))
        lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        return [float(at) for word, peer, at in lines if (word, peer) == (what, pid)]

    def shown(self, running):
        """What the metadata say about it, None if it is not there."""
        engines = running.get("/mobyshark").json["metadata"]["container-engines"]
        return next((e for e in engines if e["pid"] == self.pid), None)

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def identity():
    """An id that no other container has."""
    return f"{next(_serial):064x}"


class Box:
    """A process in a network namespace of its own, in the cgroup of a container of Docker with this IDENTITY."""

    def __init__(self, identity, *folders):
        self._cgroup = Cgroup(*(folders or ("docker", identity)))
        try:
            self._tenant = Tenant(wrapper=self._cgroup.wrapper)
        except BaseException:
            self._cgroup.close()
            raise
        self.pid = self._tenant.pid

    def close(self):
        self._tenant.close()
        self._cgroup.close()
