# SPDX-License-Identifier: MIT
"""usage: fake_grpc.py COMM SOCKET MANNER [UPSTREAM]
A process called COMM that listens at SOCKET and treats each connection in one MANNER."""
import os
import socket
import struct
import sys
import threading
import time


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header(name, value):
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


SETTINGS = frame(4, 0, 0)
HEAD = frame(1, 4, 1, header(b":status", b"200") + header(b"content-type", b"application/grpc"))


def forever(link, data):
    while True:
        link.sendall(data)


def silent(link):
    while link.recv(4096):
        pass


def noise(link):
    forever(link, os.urandom(4096))


def http1(link):
    link.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    silent(link)


def endless(link):
    """A message that never ends."""
    link.sendall(SETTINGS + HEAD + frame(0, 0, 1, b"\0\0\0\xff\xff"))
    forever(link, frame(0, 0, 1, b"x" * 16384))


def gigabyte(link):
    link.sendall(SETTINGS + HEAD + frame(0, 0, 1, b"\0\x40\0\0\0" + b"x" * 1000))
    silent(link)


def pings(link):
    link.sendall(SETTINGS)
    forever(link, frame(6, 0, 0, b"12345678") * 100)


def closes(link):
    link.recv(4096)


def drips(link):
    for byte in SETTINGS + HEAD * 1000:
        link.sendall(bytes([byte]))
        time.sleep(0.05)


def crio(link):
    """What UPSTREAM, a containerd, says, as CRI-O would say it, and some words as nobody should."""
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(sys.argv[4])
        back = threading.Thread(target=change, args=(other, link), daemon=True)
        back.start()
        copy(link, other)
        back.join()


WORDS = {b"\x12\x0acontainerd": b"\x12\x05cri-o",  # the second field of VersionResponse
         b"BADNAME!": b"\xff\x01\x1b\x7f\xc3(\xe2\x82", b"BADLABEL": b"a\xff\x00\x07\n<b\xed"}


def change(source, sink):
    """Copy frames; those that hold one whole message get other words."""
    stream = source.makefile("rb")
    try:
        while len(head := stream.read(9)) == 9:
            payload = stream.read(int.from_bytes(head[:3], "big"))
            if head[3] == 0 and len(payload) >= 5 and len(payload) - 5 == int.from_bytes(payload[1:5], "big"):
                message = payload[5:]
                for word, other in WORDS.items():
                    message = message.replace(word, other)
                payload = b"\0" + struct.pack(">I", len(message)) + message
            sink.sendall(struct.pack(">I", len(payload))[1:] + head[3:] + payload)
    except OSError:
        pass
    finally:
        sink.close()


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(link, manner):
    with link:
        try:
            manner(link)
        except OSError:
            pass


def main():
    _, comm, path, manner = sys.argv[:4]
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(comm)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while True:
        link, _ = listener.accept()
        threading.Thread(target=serve, args=(link, globals()[manner]), daemon=True).start()


main()
