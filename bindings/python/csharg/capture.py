# SPDX-License-Identifier: MIT
"""A running capture."""
from __future__ import annotations

import enum
import errno
import math
import select
from typing import Any, Iterator, NamedTuple, Sequence

from . import errors
from ._library import Arguments, ffi, lib, text
from .pcapng import Collector, Packet, Statistics


class EndReason(enum.Enum):
    """Why a capture has ended."""

    RUNNING = 0
    STOPPED = 1
    DURATION = 2
    PACKETS = 3
    BYTES = 4
    CLOSED = 5
    """The service ended the capture in the normal way."""
    REFUSED = 6
    """The service ended the capture with an error."""
    LOST = 7
    """The connection to the service was lost."""
    PROTOCOL = 8
    OUTPUT_GONE = 9
    OUTPUT = 10
    MEMORY = 11


_WANTED = frozenset((EndReason.STOPPED, EndReason.DURATION, EndReason.PACKETS, EndReason.BYTES, EndReason.CLOSED))


class End(NamedTuple):
    """How a capture has ended."""

    reason: EndReason
    error: int
    """Positive errno value for reasons that have one, else 0."""
    close_code: int
    """WebSocket close code of the service, 0 = none."""
    truncated: bool
    """The last block was incomplete and was left out."""
    text: str
    """One sentence; "" while the capture runs."""


class Counters(NamedTuple):
    """Totals of a capture so far."""

    packets: int
    bytes: int
    """Bytes of pcapng."""
    lost: int
    """Packets that the service reports as lost."""
    received: int
    """`packets`, and packets that a limit left out."""
    interfaces: int


def _limit(name: str, value: float | None, scale: int = 1, bits: int = 64) -> int:
    """0 is no limit in the library, so that only None may become 0."""
    if value is None:
        return 0
    if not 0 < value * scale < 2**bits:
        raise ValueError(f"{name}={value!r}: not a number greater than 0, or too large")
    return math.ceil(value * scale)


def make_options(arguments: Arguments, *, interfaces: Sequence[str], filter: str | None, promiscuous: bool,
                 snaplen: int | None, duration: float | None, max_packets: int | None, max_bytes: int | None,
                 follow: str | int | None, names: bool | None) -> Any:
    """struct csharg_capture_options, which points to strings of ARGUMENTS."""
    if isinstance(interfaces, str):
        raise TypeError("interfaces is a sequence of names")
    options = ffi.new("struct csharg_capture_options *")
    options.size = ffi.sizeof("struct csharg_capture_options")
    options.stop_wait_ms, options.ping_ms = 5000, 30000
    options.interfaces, options.n_interfaces = arguments.strings(list(interfaces)), len(interfaces)
    options.filter = arguments.string(filter)
    options.avoid_promiscuous = not promiscuous
    options.snaplen_bytes = _limit("snaplen", snaplen, bits=32)
    options.max_duration_ms = _limit("duration", duration, 1000)
    options.max_packets = _limit("max_packets", max_packets)
    options.max_bytes = _limit("max_bytes", max_bytes)
    options.follow = arguments.string(None if follow is None else str(follow))
    options.names = arguments.string(None if names is None else "on" if names else "off")
    return options


class Capture:
    """An iterator over the packets of a running capture, and a context manager. Client.capture() makes it.

    Iteration waits for packets. It ends after stop(), at a limit, or when the service ends the capture in the normal way;
    it raises CaptureError, after the last packet, when the capture ends in any other way. Packets are received only while
    the capture is iterated.
    """

    def __init__(self, client: Any, target: Any, arguments: Arguments, options: Any):
        self._collector = Collector()
        self._has_ended = False
        new, error = ffi.new("struct csharg_stream **"), errors.new_error()
        errors.check(lib.csharg_capture_packets(client, target, options, self._collector.functions, ffi.NULL, new, error), error)
        self._stream = ffi.gc(new[0], lib.csharg_stream_free)
        self._last: tuple[End, Counters] | None = None
        self._poll = select.poll()
        self._poll.register(lib.csharg_stream_fd(self._stream), select.POLLIN)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Address to names (containers, pods, interfaces), of what was received so far; the preferred name first."""
        return dict(self._collector.names)

    @property
    def statistics(self) -> list[Statistics]:
        """The newest statistics of each interface."""
        return [s for _, s in sorted(self._collector.statistics.items())]

    @property
    def counters(self) -> Counters:
        """Totals so far, with packets that were received but not yet iterated."""
        if self._last:
            return self._last[1]
        c = ffi.new("struct csharg_counters *")
        lib.csharg_stream_counters(self._stream, c)
        return Counters(c.packets, c.bytes, c.lost, c.received, c.interfaces)

    @property
    def end(self) -> End:
        """How the capture has ended; its reason is EndReason.RUNNING before."""
        if self._last:
            return self._last[0]
        e = ffi.new("struct csharg_end *")
        lib.csharg_stream_end(self._stream, e)
        return End(EndReason(e.reason), -e.error, e.close_code, e.truncated, text(e.text))

    def stop(self) -> None:
        """Ask for the end: iteration goes on with the packets that are on their way, and ends. Other threads may call it,
        but not at the same time as close()."""
        if not self._last:
            lib.csharg_stream_stop(self._stream)

    def close(self) -> None:
        """Cut the connection if the capture has not ended, and free the memory. Packets that were received can still be
        iterated. Repeated calls have no effect."""
        if not self._last:
            self._last = self.end, self.counters
            self._has_ended = True
            ffi.release(self._stream)

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Packet]:
        return self

    def __next__(self) -> Packet:
        packets = self._collector.packets
        while not packets:
            if self._has_ended:
                self._finish()
            if not lib.csharg_stream_step(self._stream):
                self._has_ended = True
            elif not packets:
                self._poll.poll(lib.csharg_stream_timeout_ms(self._stream))
        return packets.popleft()

    def _finish(self) -> None:
        self._collector.raise_failure()
        end = self.end
        if end.reason is not EndReason.RUNNING and end.reason not in _WANTED:
            raise errors.CaptureError(end.error or errno.ECONNABORTED, end)
        raise StopIteration
