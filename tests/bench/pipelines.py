# SPDX-License-Identifier: MIT
"""The things compared. Each capture is a context manager: running and ready inside, with

    roles()    {role: [pid, ...]} of the processes whose CPU time counts
    alive()    whether it still runs, to the last of its receiving sides
    finish()   end it properly and return what its receiving side counted
"""

import contextlib
import http.client
import os
import signal
import socket
import time
from urllib.parse import urlencode

import machine
from processes import Failed, Process

PRODUCT_ROLES = {
    "packetflix": "broker",
    "packetflix-discover": "discover",
    "packetflix-service": "service",
    "packetflix-reader": "readers",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Product:
    """A running packetflix on a free loopback port."""

    def __init__(self, tools, *args):
        self.port = free_port()
        self._tools = tools
        self._args = args
        self._process = None

    def __enter__(self):
        self._process = Process(
            [self._tools.product, "--port", self.port, *self._args], self._tools.log)
        try:
            self._wait_until_ready(time.monotonic() + 15)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_ready(self, deadline):
        while self._readyz() != 200:
            if not self._process.running() or time.monotonic() > deadline:
                raise Failed(f"packetflix does not become ready, see {self._tools.log}")
            time.sleep(0.02)

    def _readyz(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, 2)) as http_:
            try:
                http_.request("GET", "/readyz")
                return http_.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0

    def __exit__(self, *_):
        family = machine.family(self._process.pid) if self._process.running() else []
        self._process.signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except Failed:
            for pid in family[1:]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._process.kill()

    def roles(self):
        roles = {}
        for pid in machine.family(self._process.pid):
            name = machine.program(pid)
            roles.setdefault(PRODUCT_ROLES.get(name, name or "gone"), []).append(pid)
        if "service" not in roles:
            raise Failed(f"packetflix has no service process, see {self._tools.log}")
        return roles


def capture_target(network, **more):
    """Path and query of a capture of the benchmark's interface."""
    query = {"netns": network.inode(), "nif": network.interface, **more}
    return "/capture?" + urlencode(query)


class Us:
    """One capture of the product, with one counting viewer and `extra` discarding ones."""

    def __init__(self, tools, network, product, extra=0):
        self._product = product
        self._tools = tools
        self._extra = extra
        self._target = capture_target(network)
        self._viewers = []

    def _view(self, *options):
        viewer = Process([self._tools.client, "--port", self._product.port,
                          "--target", self._target, *options], self._tools.log)
        self._viewers.append(viewer)
        viewer.wait_ready()

    def __enter__(self):
        try:
            self._view()
            for _ in range(self._extra):
                self._view("--discard")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for viewer in self._viewers:
            viewer.kill()

    def roles(self):
        return self._product.roles()

    def alive(self):
        return all(viewer.running() for viewer in self._viewers)

    def finish(self):
        for viewer in self._viewers:
            viewer.signal(signal.SIGTERM)
        return [viewer.results() for viewer in self._viewers][0]


class Dumpcap:
    """dumpcap as a relay starts it, writing to a pipe that a counting client reads."""

    def __init__(self, tools, network):
        self._tools = tools
        self._network = network
        self._dumpcap = self._client = None

    def __enter__(self):
        since = time.monotonic_ns()
        self._dumpcap = Process(["dumpcap", "-w", "-", "-n", "-q", "-i", self._network.interface],
                                self._tools.log, netns=self._network.captured_path)
        try:
            self._client = Process([self._tools.client, "--stdin", "--since", since],
                                   self._tools.log, stdin=self._dumpcap.stdout)
            self._client.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in (self._dumpcap, self._client):
            if process:
                process.kill()

    def roles(self):
        return {"dumpcap": [self._dumpcap.pid]}

    def alive(self):
        return self._dumpcap.running() and self._client.running()

    def finish(self):
        self._dumpcap.signal(signal.SIGINT)
        return self._client.results()


class Floor:
    """The least a capture can do, see floor.c."""

    def __init__(self, tools, network, *options):
        self._process = None
        self._log = tools.log
        self._command = [tools.floor, "--if", network.interface,
                         "--netns", network.captured_path, *options]

    def __enter__(self):
        self._process = Process(self._command, self._log)
        try:
            self._process.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.kill()

    def roles(self):
        return {"floor": [self._process.pid]}

    def alive(self):
        return self._process.running()

    def finish(self):
        self._process.signal(signal.SIGTERM)
        return self._process.results()
