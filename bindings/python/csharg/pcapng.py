# SPDX-License-Identifier: MIT
"""Packets, statistics and names of a pcapng stream, as callbacks of the library collect them."""
from __future__ import annotations

import errno
from collections import deque
from datetime import datetime, timedelta, timezone
from os import PathLike
from types import TracebackType
from typing import Any, Iterator, NamedTuple

from . import errors
from ._library import ffi, lib, text

_UNTOLD = 2**64 - 1
_READ_BYTES = 1 << 18
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Packet(NamedTuple):
    """A captured packet."""

    interface: str
    """Name of the network interface, "" if it has none."""
    interface_id: int
    """Number of the interface in the stream, from 0."""
    linktype: int
    """LINKTYPE_ value of the link layer; 1 = Ethernet."""
    time_ns: int
    """Nanoseconds since 1970 UTC."""
    original_length: int
    """Bytes on the link, also if fewer were kept."""
    data: bytes
    """The bytes that were kept, from the link layer on."""
    flags: int
    """Flags of the pcapng block; bits 0 and 1: 1 = received, 2 = sent."""
    lost_before: int
    """Packets that were lost between the previous packet of the interface and this one."""

    @property
    def time(self) -> datetime:
        """Time in UTC, cut to microseconds."""
        return _EPOCH + timedelta(microseconds=self.time_ns // 1000)

    @property
    def direction(self) -> str:
        """"in", "out", or "" if unknown."""
        return {1: "in", 2: "out"}.get(self.flags & 3, "")


class Statistics(NamedTuple):
    """Packets of an interface since the start of the capture. None = the stream does not say."""

    interface: str
    interface_id: int
    received: int | None
    """Packets that passed the filter."""
    lost: int | None
    lost_kernel: int | None
    """Those of `lost` that the kernel dropped."""
    delivered: int | None


def _told(value: int) -> int | None:
    return None if value == _UNTOLD else int(value)


class Collector:
    """The callbacks of a stream, and what they were called with. It must live as long as the stream."""

    def __init__(self) -> None:
        self.packets: deque[Packet] = deque()
        self.statistics: dict[int, Statistics] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        self.failure: BaseException | None = None
        self.functions: Any = ffi.new("struct csharg_packet_fns *")
        self._kept = (self._callback("struct csharg_packet", self._packet),
                      self._callback("struct csharg_statistics", self._statistics),
                      self._callback("struct csharg_name", self._name))
        self.functions.size = ffi.sizeof("struct csharg_packet_fns")
        self.functions.packet_fn, self.functions.statistics_fn, self.functions.name_fn = self._kept

    def _callback(self, struct: str, function: Any) -> Any:
        """An exception in FUNCTION ends the stream and is raised again by raise_failure()."""
        return ffi.callback(f"int(void *, const {struct} *)", function, error=-errno.ECANCELED, onerror=self._failed)

    def _failed(self, _kind: type[BaseException], value: BaseException, _where: TracebackType) -> None:
        self.failure = value

    def raise_failure(self) -> None:
        """Raise the exception of a callback, if there was one."""
        if self.failure is not None:
            raise self.failure

    def _packet(self, _ctx: Any, p: Any) -> int:
        self.packets.append(Packet(text(p.interface), p.interface_id, p.linktype, p.ts_ns, p.original_len_bytes,
                                   bytes(ffi.buffer(p.bytes, p.len_bytes)), p.flags, p.lost_before))
        return 0

    def _statistics(self, _ctx: Any, s: Any) -> int:
        self.statistics[s.interface_id] = Statistics(text(s.interface), s.interface_id, _told(s.received), _told(s.lost),
                                                     _told(s.lost_kernel), _told(s.delivered))
        return 0

    def _name(self, _ctx: Any, n: Any) -> int:
        address, name = text(n.address), text(n.name)
        known = self.names.get(address, ())
        if name not in known:
            self.names[address] = (*known, name)
        return 0


class File:
    """An iterator over the packets of a pcapng file, and a context manager.

    with csharg.File("web.pcapng") as file:
        for packet in file:
            print(packet.interface, packet.time, packet.original_length)
    """

    def __init__(self, path: str | PathLike[str]):
        self._collector = Collector()
        new = ffi.new("struct csharg_reader **")
        errors.check(lib.csharg_reader_new(self._collector.functions, ffi.NULL, new))
        self._reader = ffi.gc(new[0], lib.csharg_reader_free)
        self._file = open(path, "rb")

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Address to names, of what was read so far."""
        return dict(self._collector.names)

    @property
    def statistics(self) -> list[Statistics]:
        """The newest statistics of each interface, of what was read so far."""
        return [s for _, s in sorted(self._collector.statistics.items())]

    def close(self) -> None:
        """Close the file. Repeated calls have no effect."""
        self._file.close()

    def __enter__(self) -> File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Packet]:
        return self

    def __next__(self) -> Packet:
        while not self._collector.packets:
            data = self._file.read(_READ_BYTES)
            if not data:
                if lib.csharg_reader_pending(self._reader):
                    raise errors.FormatError(errno.EBADMSG, "the file ends within a block")
                raise StopIteration
            error = errors.new_error()
            result = lib.csharg_reader_feed(self._reader, data, len(data), error)
            self._collector.raise_failure()
            errors.check(result, error)
        return self._collector.packets.popleft()
