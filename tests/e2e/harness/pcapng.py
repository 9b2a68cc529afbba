# SPDX-License-Identifier: MIT
"""An independent, strict pcapng reader. Every length is checked; what is odd is an error.

Feed bytes as they come; whole blocks are parsed, a truncated last one stays pending.
"""
import json
import os
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field

import yaml

SHB, IDB, NRB, ISB, EPB = 0x0A0D0D0A, 1, 4, 5, 6
MAX_BLOCK = 16 * 1024 * 1024
MARKER = "---\n# capture target information\n"

LINKTYPE_ETHERNET, LINKTYPE_RAW, LINKTYPE_LINUX_SLL, LINKTYPE_IPV4, LINKTYPE_IPV6 = 1, 101, 113, 228, 229


class Malformed(Exception):
    """The stream breaks the pcapng format."""


@dataclass
class Interface:
    index: int
    linktype: int
    snaplen: int
    options: dict
    packets: int = 0
    dropcount: int = 0

    def text(self, code):
        values = self.options.get(code)
        return values[0].decode() if values else None

    @property
    def name(self):
        return self.text(2)

    @property
    def description(self):
        return self.text(3)

    @property
    def mac(self):
        values = self.options.get(6)
        return values[0] if values else None

    @property
    def speed(self):
        values = self.options.get(8)
        return struct.unpack("<Q", values[0])[0] if values else None

    @property
    def tsresol(self):
        values = self.options.get(9)
        return values[0][0] if values else 6

    @property
    def filter(self):
        values = self.options.get(11)
        if not values:
            return None
        if values[0][0] != 0:
            raise Malformed("if_filter is not of the text kind")
        return values[0][1:].decode()

    @property
    def os(self):
        return self.text(12)

    @property
    def hardware(self):
        return self.text(15)


@dataclass
class Packet:
    interface: int
    ts_ns: int
    caplen: int
    origlen: int
    data: bytes
    options: dict
    position: int

    @property
    def flags(self):
        values = self.options.get(2)
        return struct.unpack("<I", values[0])[0] if values else None

    @property
    def direction(self):
        return {0: "unknown", 1: "in", 2: "out"}.get((self.flags or 0) & 3)

    @property
    def reception(self):
        return {0: "unspecified", 1: "unicast", 2: "multicast", 3: "broadcast", 4: "promiscuous"}.get(
            ((self.flags or 0) >> 2) & 7)

    @property
    def dropcount(self):
        values = self.options.get(4)
        return struct.unpack("<Q", values[0])[0] if values else 0


@dataclass
class Statistics:
    interface: int
    ts_ns: int
    options: dict
    position: int

    def _u64(self, code):
        values = self.options.get(code)
        return struct.unpack("<Q", values[0])[0] if values else None

    def _time(self, code):
        values = self.options.get(code)
        if not values:
            return None
        high, low = struct.unpack("<II", values[0])
        return high << 32 | low

    starttime = property(lambda self: self._time(2))
    endtime = property(lambda self: self._time(3))
    ifrecv = property(lambda self: self._u64(4))
    ifdrop = property(lambda self: self._u64(5))
    filteraccept = property(lambda self: self._u64(6))
    osdrop = property(lambda self: self._u64(7))
    usrdeliv = property(lambda self: self._u64(8))


def _options(body, what, fixed=None):
    """Parse an option list; FIXED maps option codes to the one length they may have."""
    out, at = {}, 0
    while at < len(body):
        if at + 4 > len(body):
            raise Malformed(f"{what}: option header cut off")
        code, length = struct.unpack_from("<HH", body, at)
        at += 4
        if code == 0:
            if length:
                raise Malformed(f"{what}: end of options with a length")
            if at != len(body):
                raise Malformed(f"{what}: bytes after the end of options")
            return out
        padded = (length + 3) & ~3
        if at + padded > len(body):
            raise Malformed(f"{what}: option {code} of {length} bytes does not fit")
        if any(body[at + length:at + padded]):
            raise Malformed(f"{what}: option {code} is not padded with zeros")
        if fixed and code in fixed and fixed[code] != length:
            raise Malformed(f"{what}: option {code} has {length} bytes, not {fixed[code]}")
        out.setdefault(code, []).append(bytes(body[at:at + length]))
        at += padded
    return out


@dataclass
class Stream:
    """Everything read so far. `keep` limits how many packets are kept whole (None: all)."""
    keep: int = None
    shb_options: dict = None
    shb_section_length: int = None
    interfaces: list = field(default_factory=list)
    packets: list = field(default_factory=list)
    statistics: list = field(default_factory=list)
    names: list = field(default_factory=list)
    blocks: list = field(default_factory=list)
    packet_count: int = 0
    bytes_seen: int = 0
    pending: bytearray = field(default_factory=bytearray)
    on_packet: object = None

    def feed(self, data):
        self.bytes_seen += len(data)
        self.pending += data
        view, at = memoryview(self.pending), 0
        try:
            while len(view) - at >= 12:
                if not self.blocks and bytes(view[0:4]) != b"\x0a\x0d\x0d\x0a":
                    raise Malformed("the stream does not start with a section header")
                kind, total = struct.unpack_from("<II", view, at)
                if total < 12 or total % 4 or total > MAX_BLOCK:
                    raise Malformed(f"block of type {kind:#x} says it has {total} bytes")
                if len(view) - at < total:
                    break
                if struct.unpack_from("<I", view, at + total - 4)[0] != total:
                    raise Malformed(f"block of type {kind:#x}: leading and trailing length differ")
                self._block(kind, view[at + 8:at + total - 4])
                at += total
        finally:
            view.release()
            del self.pending[:at]

    def _block(self, kind, body):
        position = len(self.blocks)
        self.blocks.append(kind)
        if kind == SHB:
            self._section(body)
        elif kind == IDB:
            self._interface(body)
        elif kind == EPB:
            self._packet(body, position)
        elif kind == ISB:
            self._statistics(body, position)
        elif kind == NRB:
            self.names.append(bytes(body))
        elif not kind & 0x80000000:
            raise Malformed(f"block of type {kind:#x} is not in the profile")

    def _section(self, body):
        if self.shb_options is not None:
            raise Malformed("a second section")
        if len(body) < 16:
            raise Malformed("section header too short")
        magic, major, minor, length = struct.unpack_from("<IHHq", body)
        if (magic, major, minor) != (0x1A2B3C4D, 1, 0):
            raise Malformed("section header: wrong magic or version")
        self.shb_section_length = length
        self.shb_options = _options(body[16:], "SHB")

    def _interface(self, body):
        if len(body) < 8:
            raise Malformed("IDB too short")
        linktype, reserved, snaplen = struct.unpack_from("<HHI", body)
        if reserved:
            raise Malformed("IDB: reserved field is not zero")
        options = _options(body[8:], "IDB", {4: 8, 5: 17, 6: 6, 7: 8, 8: 8, 9: 1, 13: 1, 14: 8})
        for code, values in options.items():
            if len(values) > 1 and code not in (1, 4, 5):
                raise Malformed(f"IDB: option {code} given twice")
        self.interfaces.append(Interface(len(self.interfaces), linktype, snaplen, options))

    def _packet(self, body, position):
        if len(body) < 20:
            raise Malformed("EPB too short")
        interface, high, low, caplen, origlen = struct.unpack_from("<IIIII", body)
        if interface >= len(self.interfaces):
            raise Malformed(f"EPB of interface {interface} before its IDB")
        padded = (caplen + 3) & ~3
        if 20 + padded > len(body) or caplen > origlen:
            raise Malformed(f"EPB: {caplen} captured of {origlen} bytes do not fit")
        if any(body[20 + caplen:20 + padded]):
            raise Malformed("EPB: packet is not padded with zeros")
        source = self.interfaces[interface]
        if source.snaplen and caplen > source.snaplen:
            raise Malformed("EPB: more bytes than the snap length")
        options = _options(body[20 + padded:], "EPB", {2: 4, 4: 8, 5: 8, 6: 4})
        packet = Packet(interface, (high << 32 | low) * 10 ** (9 - source.tsresol), caplen, origlen,
                        bytes(body[20:20 + caplen]), options, position)
        self.packet_count += 1
        source.packets += 1
        source.dropcount += packet.dropcount
        if self.on_packet:
            self.on_packet(packet)
        if self.keep is None or len(self.packets) < self.keep:
            self.packets.append(packet)

    def _statistics(self, body, position):
        if len(body) < 12:
            raise Malformed("ISB too short")
        interface, high, low = struct.unpack_from("<III", body)
        if interface >= len(self.interfaces):
            raise Malformed(f"ISB of interface {interface} before its IDB")
        fixed = dict.fromkeys((2, 3, 4, 5, 6, 7, 8), 8)
        scale = 10 ** (9 - self.interfaces[interface].tsresol)
        self.statistics.append(Statistics(interface, (high << 32 | low) * scale,
                                          _options(body[12:], "ISB", fixed), position))

    # -- questions tests ask ---------------------------------------------------------------

    @property
    def comment(self):
        values = (self.shb_options or {}).get(1)
        return values[0].decode() if values else None

    @property
    def document(self):
        """The YAML document in the comment, after the marker."""
        return yaml.safe_load(self.comment.partition(MARKER)[2])

    def names_of_interfaces(self):
        return [interface.name for interface in self.interfaces]

    def of(self, name):
        """The packets of the interface called NAME."""
        ids = {i.index for i in self.interfaces if i.name == name}
        return [p for p in self.packets if p.interface in ids]

    def carrying(self, marker):
        """The packets with MARKER somewhere in them, in order."""
        return [p for p in self.packets if marker in p.data]

    def last_statistics(self):
        """The newest ISB of each interface, by interface index."""
        newest = {}
        for isb in self.statistics:
            newest[isb.interface] = isb
        return newest

    def total(self, member):
        """The sum of a counter over the newest ISBs."""
        return sum(getattr(isb, member) or 0 for isb in self.last_statistics().values())

    @property
    def dropcount(self):
        return sum(interface.dropcount for interface in self.interfaces)


def parse(data):
    """Read a whole stream; a cut last block is an error here."""
    stream = Stream()
    stream.feed(data)
    if stream.pending:
        raise Malformed(f"{len(stream.pending)} bytes of an incomplete block at the end")
    return stream


def judge(data):
    """Let tshark and capinfos read DATA and fail unless both accept it; returns capinfos' packet count."""
    with tempfile.NamedTemporaryFile(prefix="pf-e2e-", suffix=".pcapng") as saved:
        saved.write(data)
        saved.flush()
        info = _run(["capinfos", "-c", "-M", "-T", "-r", saved.name])
        read = _run(["tshark", "-n", "-r", saved.name, "-T", "fields", "-e", "frame.number"])
        count = int(info.split()[-1])
        assert count == len(read.split()), "tshark and capinfos disagree on the number of packets"
        return count


def tshark(data, *arguments, resolve=""):
    """The lines tshark prints for the stream DATA with ARGUMENTS; addresses are numbers unless RESOLVE says what tshark
    is to resolve (its option -N)."""
    with tempfile.NamedTemporaryFile(prefix="pf-e2e-", suffix=".pcapng") as saved:
        saved.write(data)
        saved.flush()
        return _run(["tshark", *(["-N", resolve] if resolve else ["-n"]), "-r", saved.name, *arguments]).splitlines()


def dissect(data, *arguments):
    """The packets of DATA as tshark's JSON."""
    return json.loads("\n".join(tshark(data, "-T", "json", *arguments)))


def _run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    complaints = [line for line in done.stderr.splitlines()
                  if line and not line.startswith("Running as user")]
    assert done.returncode == 0 and not complaints, f"{command[0]} refuses the stream: {done.stderr}"
    return done.stdout
