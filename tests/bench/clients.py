# SPDX-License-Identifier: MIT
"""What csharg costs next to cat on the same socket: CPU time for each packet, loss, and memory.

The stream comes as fast as it is taken, from a process that sends prepared WebSocket messages; cat gets the
connection after the upgrade, so it does nothing but copy. Both run alone on one core, and the sender and the reader of
the pipe on another: who meets whom on a core would else decide what a packet costs, by a factor of five."""
import base64
import contextlib
import hashlib
import json
import multiprocessing
import os
import re
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import report
from processes import Failed

MESSAGE_BYTES = 65000
STREAM_BYTES = 1 << 29
ROUNDS_LEAST = 5
CORES = os.sched_getaffinity(0)
OUTPUTS = ("file", "pipe")
TARGET = {"containers": [{"name": "web", "type": "docker", "netns": 4026532000, "network-interfaces": ["eth0"],
                          "prefix": ""}]}


def _block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


def _message(payload):
    return struct.pack("!BBQ", 0x82, 127, len(payload)) + payload


HEAD = _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + _block(
    1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HH", 2, 4) + b"eth0" + bytes(4))


def _packets(size):
    """A message full of packets, and how many there are."""
    one = _block(6, struct.pack("<IIIII", 0, 0, 0, size, size) + bytes(size))
    n = MESSAGE_BYTES // len(one)
    return _message(one * n), n


def _plan(size):
    message, n = _packets(size)
    times = STREAM_BYTES // len(message)
    return message, times, n * times


def _request(sock):
    got = b""
    while b"\r\n\r\n" not in got:
        more = sock.recv(65536)
        if not more:
            return ""
        got += more
    return got.decode("latin-1")


def _answer(sock, body):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                 b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def _stream(sock, key, size):
    accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept)
    message, times, _ = _plan(size)
    sock.sendall(_message(HEAD))
    for _ in range(times):
        sock.sendall(message)
    sock.sendall(b"\x88\x02\x03\xe8")
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536):
        pass


def _serve(listening, size):
    while True:
        sock, _ = listening.accept()
        with sock:
            head = _request(sock)
            key = re.search(r"^sec-websocket-key: *(\S+)", head, re.MULTILINE | re.IGNORECASE)
            if key:
                _stream(sock, key[1], size)
            elif head.startswith("GET /version"):
                _answer(sock, b"{}")
            else:
                _answer(sock, json.dumps(TARGET).encode())


def _upgraded(port):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(b"GET /capture HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: eA==\r\n\r\n")
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        got += sock.recv(1)
    return sock


class _Drain:
    """Takes what a pipe gives, and throws it away."""

    def __init__(self):
        self._read, self.write = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while os.read(self._read, 1 << 16):
            pass

    def close(self):
        os.close(self.write)
        self._thread.join()
        os.close(self._read)


@contextlib.contextmanager
def _helpers_on_one_core():
    """This process (which reads pipes) and the servers it starts stay off the core of what is measured."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _be_measured():
    os.sched_setaffinity(0, {max(CORES)})


def _waited(process):
    """CPU seconds and peak KiB of a process that ends by itself. Its own peak is not in its resource usage, which begins
    with that of the program before exec; so it is looked at as long as it runs."""
    peak_kib = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime, peak_kib
        seen = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
        peak_kib = max(peak_kib, int(seen[1])) if seen else peak_kib
        time.sleep(0.02)


def _run_cat(port, output):
    with _upgraded(port) as sock:
        process = subprocess.Popen(["cat"], stdin=sock, stdout=output, preexec_fn=_be_measured)
    cpu_s, _ = _waited(process)
    return cpu_s, None, None


def _run_csharg(port, output, program):
    process = subprocess.Popen([program, "--host", f"127.0.0.1:{port}", "capture", "web"], stdout=output,
                               stderr=subprocess.PIPE, preexec_fn=_be_measured)
    cpu_s, peak_kib = _waited(process)
    words = process.stderr.read().decode()
    process.stderr.close()
    counted = re.search(r"captured (\d+) packets", words)
    if process.returncode != 0 or not counted:
        raise Failed(f"csharg: {words.strip()}")
    return cpu_s, peak_kib, int(counted[1])


def _measure(run, output):
    if output == "pipe":
        drain = _Drain()
        try:
            return run(drain.write)
        finally:
            drain.close()
    with tempfile.TemporaryFile(dir="/dev/shm") as file:
        return run(file)


def rows(program, rounds, progress):
    """One row for each size and output: nanoseconds for each packet of both and their ratio, medians of the rounds."""
    results = []
    for size in (64, 1500):
        with _helpers_on_one_core(), socket.create_server(("127.0.0.1", 0)) as listening:
            server = multiprocessing.Process(target=_serve, args=(listening, size), daemon=True)
            server.start()
            try:
                results += [_row(listening.getsockname()[1], size, output, program, max(rounds, ROUNDS_LEAST), progress)
                            for output in OUTPUTS]
            finally:
                server.terminate()
                server.join()
    return results


def _row(port, size, output, program, rounds, progress):
    progress(f"csharg and cat, packets of {size} bytes into a {output}")
    packets = _plan(size)[2]
    pairs = []
    for _ in range(rounds):
        cat_s, _, _ = _measure(lambda out: _run_cat(port, out), output)
        pairs.append((cat_s, *_measure(lambda out: _run_csharg(port, out, program), output)))
    return {"size": size, "output": output, "packets": packets,
            "cat_ns": statistics.median(cat for cat, *_ in pairs) / packets * 1e9,
            "csharg_ns": statistics.median(ours for _, ours, *_ in pairs) / packets * 1e9,
            "ratios": [round(ours / cat, 2) for cat, ours, *_ in pairs],
            "ratio": statistics.median(ours / cat for cat, ours, *_ in pairs),
            "peak_kib": max(peak for _, _, peak, _ in pairs),
            "lost": sum(packets - counted for *_, counted in pairs)}


def verdicts(results):
    if not results:
        return []
    limits = (("csharg's CPU for each packet, times that of cat", "ratio", 2, ""),
              ("packets that csharg lost", "lost", 0, ""), ("memory of csharg", "peak_kib", 16 * 1024, "KiB"))
    return [verdict for text, key, limit, unit in limits
            for verdict in report.verdict(text, max(row[key] for row in results), limit, unit)]


def table(results):
    return "\n".join(["size  output  cat ns/pkt  csharg ns/pkt  ratio  lost  peak KiB  ratios of the rounds"] + [
        f"{r['size']:4d}  {r['output']:6s}  {r['cat_ns']:10.0f}  {r['csharg_ns']:13.0f}  {r['ratio']:5.2f}  "
        f"{r['lost']:4d}  {r['peak_kib']:8d}  {' '.join(f'{ratio:.2f}' for ratio in r['ratios'])}" for r in results])
