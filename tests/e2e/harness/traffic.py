# SPDX-License-Identifier: MIT
"""Bounded, recognisable traffic: frames made by hand and the senders for them.

The default target address is nobody's, so that no stack answers with an ICMP error that quotes the frame.
"""
import errno
import socket
import struct
import time

BROADCAST = b"\xff" * 6
SENDER_MAC = bytes.fromhex("020000000002")
NUMBER = struct.Struct(">Q")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(payload, source="192.0.2.2", target="192.0.2.9", protocol=socket.IPPROTO_UDP):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(target))
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def udp(payload, source_port=40000, target_port=9):
    return struct.pack(">HHHH", source_port, target_port, 8 + len(payload), 0) + payload


def ethernet(payload, target=BROADCAST, source=SENDER_MAC, kind=0x0800):
    return target + source + struct.pack(">H", kind) + payload


def tag(frame, *tags):
    """Put 802.1Q/802.1ad TAGS, outermost first, each a (TPID, TCI) pair, into an Ethernet FRAME."""
    return frame[:12] + b"".join(struct.pack(">HH", *pair) for pair in tags) + frame[12:]


def udp_frame(payload, target=BROADCAST, source=SENDER_MAC, **ports):
    return ethernet(ipv4(udp(payload, **ports)), target, source)


def send(sock, frame):
    """Send one frame, waiting while the device's queue is full."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return sock.send(frame)
        except OSError as error:
            if error.errno != errno.ENOBUFS or time.monotonic() > deadline:
                raise


class Numbered:
    """A run of UDP frames that carry MARKER and a number, so that every one can be recognised."""

    def __init__(self, marker, size=64, target=BROADCAST, target_port=9):
        self.marker = marker
        room = size - 14 - 20 - 8
        payload = (marker + bytes(NUMBER.size)).ljust(room, b".")
        self._frame = bytearray(udp_frame(payload, target, target_port=target_port))
        self._at = 14 + 20 + 8 + len(marker)

    def frame(self, number):
        NUMBER.pack_into(self._frame, self._at, number)
        return bytes(self._frame)

    def send(self, sock, count, first=0, pause_every=0, pause_s=0.0):
        """Send COUNT frames over SOCK; the optional pause keeps a run below a reader's speed."""
        for number in range(first, first + count):
            NUMBER.pack_into(self._frame, self._at, number)
            send(sock, self._frame)
            if pause_every and number % pause_every == pause_every - 1:
                time.sleep(pause_s)
        return count

    def numbers(self, packets):
        """The numbers found in PACKETS, in order of capture."""
        found = []
        for packet in packets:
            at = packet.data.find(self.marker)
            if at >= 0:
                found.append(NUMBER.unpack_from(packet.data, at + len(self.marker))[0])
        return found
