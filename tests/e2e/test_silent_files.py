# SPDX-License-Identifier: MIT
"""A container with a file system that does not answer: discovery, captures and the end of the service go on."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.client import Viewer
from harness.wait import until

PROGRAM = Path(__file__).parent / "harness" / "silent_fuse.py"


class SilentFuse:
    """A process with such a file system, in it a mounted network namespace and the socket of a process "dockerd"."""

    def __init__(self, folder):
        self.process = subprocess.Popen([sys.executable, str(PROGRAM), str(folder)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        assert line, "no FUSE file system"
        self.inode = int(line)

    def fall_silent(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"silent\n"

    def close(self):
        """The end of the server ends all operations that wait for it."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def silent(owned, tmp_path):
    return owned.add(SilentFuse(tmp_path))


def blocked(path):
    """Does looking PATH up block? Asked by a process of its own."""
    probe = subprocess.Popen(["stat", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        probe.wait(1)
        return False
    except subprocess.TimeoutExpired:
        return True
    finally:
        probe.kill()



def captures(running, namespace):
    viewer = Viewer(running, {"netns": namespace.inode, "nif": "lo"})
    viewer.wait_interfaces("lo")
    viewer.close()


def test_the_file_system_blocks_an_ordinary_process(silent, tmp_path):
    """Without this the other tests prove nothing."""
    silent.fall_silent()
    assert blocked(f"/proc/{silent.pid}/root{tmp_path}/fuse/inner")


def test_discovery_and_captures_go_on_beside_a_file_system_that_does_not_answer(start, silent, new_netns):
    running = start()
    roles = {role: running.pid(role) for role in ("packetflix-discover", "packetflix-service")}
    until(lambda: running.target(netns=silent.inode), "the mounted namespace")
    silent.fall_silent()
    # a process that is called like an engine has its sockets looked up
    until(lambda: any(e["pid"] == silent.pid for e in
                      running.get("/mobyshark?fresh").json["metadata"]["container-engines"]), "the engine")
    box = new_netns("box")
    until(lambda: running.target(netns=box.inode), "a namespace that came afterwards")
    assert running.get("/json?fresh").status == 200
    captures(running, box)
    assert running.get("/readyz").status == 200
    assert {role: running.pid(role) for role in roles} == roles, running.log


def test_a_capture_of_a_namespace_out_of_reach_is_refused_and_others_go_on(start, silent, new_netns):
    running = start()
    until(lambda: running.target(netns=silent.inode), "the mounted namespace")
    box = new_netns("box")
    until(lambda: running.target(netns=box.inode), "the other namespace")
    silent.fall_silent()
    answer = running.get(f"/capture.pcapng?netns={silent.inode}", timeout=30)
    assert answer.status >= 400, answer.text
    captures(running, box)
    assert running.get("/readyz").status == 200


def test_sigterm_ends_the_service_while_the_file_system_is_silent(start, silent):
    running = start()
    until(lambda: running.target(netns=silent.inode), "the mounted namespace")
    silent.fall_silent()
    running.get("/mobyshark?fresh")
    running.get(f"/capture.pcapng?netns={silent.inode}", timeout=30)
    running.process.send_signal(signal.SIGTERM)
    before = time.monotonic()
    assert running.process.wait(20) == 0
    assert silent.process.poll() is None and time.monotonic() - before < 20
    silent.close()
    running.stop()
