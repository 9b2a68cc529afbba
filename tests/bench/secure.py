# SPDX-License-Identifier: MIT
"""What a byte of one capture costs the service over TLS, next to a byte that `openssl s_server` sends of a file."""

import contextlib
import http.client
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import experiments
import machine
from pipelines import Product, capture_target, free_port
from processes import Failed, Process

FILE_BYTES = 256 << 20
READ_BYTES = 1 << 20
LIMIT_S = 60


def _context():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class SecureProduct(Product):
    """The product, with a certificate."""

    def _readyz(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=2, context=_context())
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0


class Reading(threading.Thread):
    """Reads what a server sends to one request, until it ends or rests for `idle_s`."""

    def __init__(self, port, path, idle_s):
        super().__init__(daemon=True)
        plain = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self._socket = _context().wrap_socket(plain)
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self._socket.settimeout(LIMIT_S)
        if not self._socket.recv(4096):
            raise Failed(f"no answer to {path} over TLS")
        self._idle_s = idle_s
        self.bytes = 0
        self.start()

    def run(self):
        buffer = bytearray(READ_BYTES)
        self._socket.settimeout(self._idle_s)
        with self._socket, contextlib.suppress(OSError):
            while n := self._socket.recv_into(buffer):
                self.bytes += n


def _of_capture(tools, network, product, seconds):
    service = product.roles()["service"][0]
    reading = Reading(product.port, capture_target(network).replace("/capture", "/capture.pcapng", 1),
                      seconds + 3 * experiments.SETTLE_S)
    before = machine.cpu_ns(service)
    experiments.send(tools, network, "1500", "max", seconds)
    time.sleep(experiments.SETTLE_S)
    cpu = machine.cpu_ns(service) - before
    return cpu / reading.bytes


def _of_file(tools, folder, pair):
    port = free_port()
    command = ["openssl", "s_server", "-quiet", "-WWW", "-accept", port, "-cert", pair[0], "-key", pair[1]]
    with Process(["env", "-C", folder, *command], tools.log) as server:
        deadline = time.monotonic() + 10
        while True:
            try:
                reading = Reading(port, "/blob", LIMIT_S)
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise Failed("openssl s_server does not listen") from None
                time.sleep(0.02)
        before = machine.cpu_ns(server.pid)
        begun = reading.bytes
        reading.join(LIMIT_S)
        return (machine.cpu_ns(server.pid) - before) / (reading.bytes - begun)


def measure(tools, network, rounds, seconds, progress):
    pairs = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        pair = folder / "cert.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-out", pair[0], "-keyout", pair[1]], check=True, stderr=subprocess.DEVNULL)
        (folder / "blob").write_bytes(bytes(FILE_BYTES))
        for number in range(rounds):
            progress(f"door: TLS, a capture and openssl s_server, round {number + 1}")
            with SecureProduct(tools, "--tls-cert", pair[0], "--tls-key", pair[1]) as product:
                ours = _of_capture(tools, network, product, seconds)
            pairs.append((ours, _of_file(tools, folder, pair)))
    now, plain = (round(1024 * statistics.median(p[i] for p in pairs), 1) for i in (0, 1))
    return {"ns_per_kib": now, "plain_ns_per_kib": plain, "ratio": round(statistics.median(a / b for a, b in pairs), 3)}
