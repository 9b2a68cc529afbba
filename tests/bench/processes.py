# SPDX-License-Identifier: MIT
"""Child processes that start in a chosen network namespace, die with us, and speak JSON lines."""

import ctypes
import json
import os
import select
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """A measurement cannot be made; the text says why."""


def _before_exec(netns):
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if netns:
        fd = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            os._exit(126)
        os.close(fd)


class Process:
    """A running program. Its standard error goes to the file `log`."""

    def __init__(self, command, log, netns=None, stdin=None):
        self.command = [str(c) for c in command]
        self.log = log
        self._pending = b""
        with open(log, "ab") as err:
            self._popen = subprocess.Popen(
                self.command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=err, preexec_fn=lambda: _before_exec(netns), bufsize=0)
        self.pid = self._popen.pid
        self.stdout = self._popen.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def _name(self):
        return os.path.basename(self.command[0])

    def next_json(self, timeout_s):
        """The next line the program prints, decoded; None at the end of its output."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.stdout], [], [], left)[0]:
                raise Failed(f"{self._name()} said nothing for {timeout_s} s, see {self.log}")
            part = os.read(self.stdout.fileno(), 1 << 16)
            if not part:
                return None
            self._pending += part
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line)

    def wait_ready(self, timeout_s=10):
        line = self.next_json(timeout_s)
        if not line or line.get("event") != "ready":
            raise Failed(f"{self._name()} did not become ready, see {self.log}")
        return line

    def results(self, timeout_s=10):
        """Everything the program prints until its end, merged into one object."""
        merged = {}
        while (line := self.next_json(timeout_s)) is not None:
            merged.update(line)
        self.wait(timeout_s)
        return merged

    def signal(self, number):
        if self._popen.poll() is None:
            self._popen.send_signal(number)

    def running(self):
        return self._popen.poll() is None

    def wait(self, timeout_s):
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self._name()} does not end, see {self.log}") from None

    def kill(self):
        if self.running():
            self._popen.kill()
            self._popen.wait()
        self.stdout.close()
