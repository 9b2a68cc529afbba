# SPDX-License-Identifier: MIT
"""usage: fake_engine.py FOLDER COMM [PART=MANNER]...
Run as a program: something that calls itself "dockerd" and listens at FOLDER/docker.sock. What it says is in files of
FOLDER, byte by byte: "info", "list", and "container-ID" for each it knows in detail; headers that tell its "version".
The parts "version", "list", "container" and "events" may have a manner. Requests are noted in FOLDER/requests.log, with
who makes them: others may test on this machine, too."""
import ctypes
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

BLOCK = b" " * 65536
CONTAINERS = "%22type%22%3A%5B%22container%22"  # in the filter of a request for events


def forever(link, data):
    while True:
        link.sendall(data)


def silent(link, _body=b""):
    while link.recv(4096):
        pass


def good(link, body, length=None):
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body)


def pong(link, headers):
    link.sendall(b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 2\r\n\r\nOK")


def unknown(link, _body=b""):
    link.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def endless(link, _body):
    link.sendall(b"HTTP/1.1 200 OK\r\n\r\n[")
    forever(link, BLOCK)


def gigabytes(link, _body):
    good(link, b"[", 8 << 30)
    forever(link, BLOCK)


def drips(link, body):
    good(link, b"", len(body))
    for byte in body:
        link.sendall(bytes([byte]))
        time.sleep(1)


def breaks(link, body):
    good(link, body[:len(body) // 2], len(body))
    link.close()


def longer(link, body):
    good(link, body, len(body) + 1000)
    silent(link)


def shorter(link, body):
    good(link, body + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]", len(body) - 1)


def negative(link, body):
    good(link, body, -1)


def chunks(link, _body):
    link.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffe\r\n")
    forever(link, BLOCK)


def heads(link, _body):
    link.sendall(b"HTTP/1.1 200 OK\r\n")
    forever(link, b"X-Y: z\r\n" * 1000)


def slow(link, body):
    """Too late to be called prompt, and in time for a scan that waits for it."""
    time.sleep(0.7)
    good(link, body)


def late(link, body):
    time.sleep(2.2)
    good(link, body)


def mute(link, _body=b""):
    """The stream of events of an engine in which nothing happens."""
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    silent(link)


def half(link, _body):
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    link.shutdown(socket.SHUT_WR)
    silent(link)


def ends(link, body):
    good(link, body)
    link.close()


def floods(link, _body):
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    forever(link, b'{"Action":"start"}\n' * 1000)


def ticks(link, _body):
    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        link.sendall(b'{"Action":"start"}\n')
        time.sleep(0.1)


class Engine:
    def __init__(self, folder, manners):
        self.folder = Path(folder)
        self.manners = {"version": pong, "info": good, "list": good, "container": good, "events": mute}
        self.manners.update({part: globals()[manner] for part, manner in manners if manner != "renames"})
        self.renames = ("events", "renames") in manners
        self.ended = set()  # peers of which a stream has

    def part(self, path):
        """What is asked for, and the answer to it."""
        if path.endswith("/events"):
            return "events", b""
        if path.endswith("/containers/json"):
            return "list", self.file("list")
        if "/containers/" in path:
            return "container", self.file(f"container-{path.split('/')[-2]}")
        return ("info", self.file("info")) if path.endswith("/info") else ("version", self.file("version"))

    def file(self, name):
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def note(self, what, peer):
        with open(self.folder / "requests.log", "a", encoding="ascii") as log:
            log.write(f"{what} {peer} {time.monotonic()}\n")

    def rename(self, link, peer):
        """Once for each peer."""
        if not self.renames or peer in self.ended:
            return
        # its first stream ends, and then something happens
        self.ended.add(peer)
        good(link, b"")
        link.close()
        time.sleep(0.1)
        os.replace(self.folder / "list.next", self.folder / "list")

    def serve(self, link):
        peer, _, _ = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        with link:
            try:
                while head := self.head(link):
                    path = head.split()[1].partition("?")[0]
                    part, body = self.part(path)
                    is_stream = part == "events" and CONTAINERS in head
                    self.note("stream" if is_stream else part, peer)
                    if is_stream:
                        self.rename(link, peer)
                    (unknown if body is None else self.manners[part])(link, body)
            except OSError:
                pass

    @staticmethod
    def head(link):
        head = b""
        while b"\r\n\r\n" not in head:
            data = link.recv(4096)
            if not data:
                return ""
            head += data
        return head.decode()


def main():
    folder, comm, *manners = sys.argv[1:]
    engine = Engine(folder, [tuple(word.split("=")) for word in manners])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{folder}/docker.sock")
    listener.listen(64)
    ctypes.CDLL(None).prctl(15, comm.encode(), 0, 0, 0)
    print("listening", flush=True)
    while True:
        link, _ = listener.accept()
        threading.Thread(target=engine.serve, args=(link,), daemon=True).start()


if __name__ == "__main__":
    main()
