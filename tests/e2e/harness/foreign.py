# SPDX-License-Identifier: MIT
"""A network namespace that is bind-mounted only in another mount namespace, without any process in it."""
import os
import subprocess

from harness.netns import inside
from harness.wait import until

SCRIPT = """set -e
touch {0}/blue
unshare --net={0}/blue ip link set lo up
echo ready
exec sleep 600"""


class ForeignMount:
    def __init__(self, directory):
        self.path = f"{directory}/blue"
        self.child = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c",
                                       SCRIPT.format(directory)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self.child.stdout.readline() == b"ready\n", "no foreign mount namespace"
        self.pid = self.child.pid
        self.reach = f"/proc/{self.pid}/root{self.path}"
        until(lambda: os.path.basename(os.readlink(f"/proc/{self.pid}/exe")) == "sleep", "the holder to settle")
        self.inode = os.stat(self.reach).st_ino

    def run(self, work):
        return inside(self.reach, work)

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
