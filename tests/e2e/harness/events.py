# SPDX-License-Identifier: MIT
"""A listener on /events."""
import json
import socket
import time

SOON_S = 30  # for anything that takes milliseconds on a machine with nothing else to do, and for a whole scan else


class Events:
    """Reads when it is asked to, and not before."""

    def __init__(self, running, path="/events", headers="", receive_bytes=None):
        self._socket = socket.socket()
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.settimeout(SOON_S)
        self._socket.connect(("127.0.0.1", running.port))
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{running.port}\r\n{headers}\r\n".encode())
        self._bytes = b""
        self.head = self._until(b"\r\n\r\n").decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _until(self, end):
        while end not in self._bytes:
            part = self._socket.recv(1 << 20)
            assert part, "the stream ended"
            self._bytes += part
        found, _, self._bytes = self._bytes.partition(end)
        return found

    def next(self):
        """Type, id and data of the next event; comments are passed over."""
        while True:
            fields = dict(line.split(": ", 1) for line in self._until(b"\n\n").decode().split("\n") if ": " in line)
            if "event" in fields:
                return fields["event"], fields["id"], json.loads(fields["data"])

    def wait(self, kinds, matches, timeout_s=SOON_S):
        """The first target among those added, removed or changed (KINDS) for which MATCHES is true."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            event, _, data = self.next()
            for target in (t for kind in kinds for t in data.get(kind, ()) if event == "generation"):
                if matches(target):
                    return target
        raise AssertionError(f"nothing {' or '.join(kinds)}")
