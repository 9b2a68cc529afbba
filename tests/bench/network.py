# SPDX-License-Identifier: MIT
"""Two network namespaces joined by a veth pair: a sender's and the one that is captured."""

import json
import os
import subprocess
from pathlib import Path

from processes import Process

NAMES = "pfbench"
SENDER_ADDRESS = "198.51.100.1/24"
TARGET_ADDRESS = "198.51.100.2"
# Nobody's: the receiving stack drops the frames at once, after they have been captured.
TARGET_MAC = "02:00:00:00:00:99"
CAPTURED_IF = "capture0"


def _ip(*args):
    return subprocess.run(["ip", *args], check=True, capture_output=True, text=True).stdout


def _quiet(netns):
    """No packets but ours: no router solicitations, no multicast reports."""
    path = "/proc/sys/net/ipv6/conf"
    subprocess.run(["ip", "netns", "exec", netns, "sh", "-c",
                    f"for f in {path}/*/disable_ipv6; do echo 1 > $f; done"], check=True)


def remove_leftovers():
    """Remove namespaces of runs that were killed before they could do it."""
    for entry in Path("/run/netns").glob(f"{NAMES}-*"):
        owner = entry.name.split("-")[1]
        if not Path("/proc", owner).exists():
            subprocess.run(["ip", "netns", "del", entry.name], check=False)


class Network:
    """As a context manager: made on entry, removed on exit whatever happened."""

    def __init__(self, log):
        self._sender = f"{NAMES}-{os.getpid()}-tx"
        self._captured = f"{NAMES}-{os.getpid()}-rx"
        self._log = log
        self._dweller = None
        self.interface = CAPTURED_IF
        self.sender_path = f"/run/netns/{self._sender}"
        self.captured_path = f"/run/netns/{self._captured}"

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        for netns in (self._sender, self._captured):
            _ip("netns", "add", netns)
            _quiet(netns)
        _ip("-n", self._sender, "link", "add", "send0", "gso_max_segs", "1", "type", "veth",
            "peer", "name", CAPTURED_IF, "netns", self._captured)
        for netns, link in ((self._sender, "send0"), (self._captured, CAPTURED_IF)):
            _quiet(netns)
            _ip("-n", netns, "link", "set", link, "up")
        _ip("-n", self._sender, "addr", "add", SENDER_ADDRESS, "dev", "send0")
        _ip("-n", self._sender, "neigh", "add", TARGET_ADDRESS, "lladdr", TARGET_MAC,
            "dev", "send0", "nud", "permanent")
        # A capture service finds namespaces by their processes.
        self._dweller = Process(["sleep", "3600"], self._log, netns=self.captured_path)

    def __exit__(self, *_):
        if self._dweller:
            self._dweller.kill()
        for netns in (self._sender, self._captured):
            if Path("/run/netns", netns).exists():
                subprocess.run(["ip", "netns", "del", netns], check=False)

    def inode(self):
        return os.stat(self.captured_path).st_ino

    def arrived(self):
        """Packets that reached the captured interface so far."""
        links = json.loads(_ip("-n", self._captured, "-s", "-j", "link", "show", CAPTURED_IF))
        return links[0]["stats64"]["rx"]["packets"]
