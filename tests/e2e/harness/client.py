# SPDX-License-Identifier: MIT
"""Viewers: one on top of python3-websockets, one that speaks raw frames (and can misbehave), one HTTP."""
import asyncio
import base64
import hashlib
import os
import socket
import struct
import threading
import time
from urllib.parse import quote, urlencode

import websockets

from harness.pcapng import Stream

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LEGAL_CODES = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014} | set(range(3000, 5000))


def path(params=None, where="/capture", **more):
    """The request path for PARAMS (a dict or a list of pairs)."""
    pairs = list(params.items() if isinstance(params, dict) else params or []) + list(more.items())
    return where + ("?" + urlencode(pairs, quote_via=quote) if pairs else "")


class _Loop:
    """The one background event loop of the test process."""

    _loop = None

    @classmethod
    def get(cls):
        if cls._loop is None:
            cls._loop = asyncio.new_event_loop()
            threading.Thread(target=cls._loop.run_forever, daemon=True).start()
        return cls._loop


class _Watched:
    """A stream that is filled by another thread and waited for by the test."""

    opened = []

    def __init__(self, keep=None, save=True):
        self.stream = Stream(keep=keep)
        self.data = bytearray() if save else None
        self.error = None
        self.ended = False
        self._changed = threading.Condition()
        _Watched.opened.append(self)

    def _take(self, data):
        with self._changed:
            try:
                self.stream.feed(data)
            except Exception as error:  # shown to the test by wait()
                self.error = error
            if self.data is not None:
                self.data += data
            self._changed.notify_all()

    def _end(self):
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait(self, predicate, what, timeout=20.0):
        """Wait until PREDICATE(stream) holds; fail if the stream ends or breaks before."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                if self.error:
                    raise AssertionError(f"bad stream: {self.error}") from self.error
                value = predicate(self.stream)
                if value:
                    return value
                if self.ended:
                    raise AssertionError(f"the stream ended before {what}: {self.ending()}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {timeout:.0f} s in vain for {what}; "
                                         f"{self.stream.packet_count} packets, {self.stream.total('ifrecv')} accounted "
                                         f"for, {self.stream.total('ifdrop')} of them lost, "
                                         f"{self.stream.total('osdrop')} by the kernel; interfaces "
                                         f"{self.stream.names_of_interfaces()}")
                self._changed.wait(left)

    def wait_end(self, timeout=20.0):
        """Wait for the end of the stream, whatever it is; a broken stream is still an error."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.ended, timeout):
                raise AssertionError(f"the stream did not end within {timeout:.0f} s")
            if self.error:
                raise AssertionError(f"bad stream: {self.error}") from self.error
        return self

    def wait_interfaces(self, *names, timeout=20.0):
        """Wait until the stream describes all interfaces in NAMES: from then on the capture runs."""
        self.wait(lambda s: set(names) <= set(s.names_of_interfaces()), f"interfaces {names}", timeout)
        return self

    def wait_carrying(self, marker, count=1, timeout=20.0):
        """Wait for COUNT packets that carry MARKER and return them."""
        self.wait(lambda s: len(s.carrying(marker)) >= count, f"{count} packets with {marker!r}", timeout)
        return self.stream.carrying(marker)

    def ending(self):
        return "ended"

    @property
    def saved(self):
        """The bytes so far, cut to whole blocks."""
        with self._changed:
            return bytes(self.data[:len(self.data) - len(self.stream.pending)])


class Viewer(_Watched):
    """A WebSocket viewer on python3-websockets."""

    def __init__(self, service, params=None, headers=None, where="/capture", keep=None, save=True, sock=None, **more):
        super().__init__(keep, save)
        self.messages = 0
        self.close_code = self.close_reason = None
        self._service = service
        own = {"Authorization": f"Bearer {service.token}"} if service.token else {}
        self._ready = asyncio.run_coroutine_threadsafe(
            self._open(service, path(params, where, **more), {**own, **(headers or {})},
                       sock or service.dial(tls=False)), _Loop.get())
        try:
            self.socket = self._ready.result(20)
        except BaseException:
            _Watched.opened.remove(self)
            raise
        self._reading = asyncio.run_coroutine_threadsafe(self._read(), _Loop.get())

    async def _open(self, service, where, headers, sock):
        sock.setblocking(False)
        scheme = "wss" if service.tls else "ws"
        host = f"[{service.host}]" if ":" in service.host else service.host
        options = {"ssl": service.tls, "server_hostname": service.host} if service.tls else {}
        return await websockets.connect(f"{scheme}://{host}:{service.port}{where}", extra_headers=headers, sock=sock,
                                        max_size=None, max_queue=None, ping_interval=None, close_timeout=10,
                                        open_timeout=20, **options)

    async def _read(self):
        try:
            async for message in self.socket:
                self.messages += 1
                if isinstance(message, str):
                    self.error = self.error or AssertionError(f"a text message: {message!r}")
                else:
                    self._take(message)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.close_code, self.close_reason = self.socket.close_code, self.socket.close_reason
            self._end()

    def _call(self, coroutine, timeout=20):
        return asyncio.run_coroutine_threadsafe(coroutine, _Loop.get()).result(timeout)

    def send(self, message):
        self._call(self.socket.send(message))

    def ping(self, data=b"ping"):
        """Ping and wait for the pong."""
        async def round_trip():
            await (await self.socket.ping(data))
        self._call(round_trip())

    def close(self, code=1000, reason="ciao"):
        """Close the polite way and wait for the server's answer."""
        if self in _Watched.opened:
            _Watched.opened.remove(self)
        self._call(self.socket.close(code, reason), 30)
        self._reading.result(30)

    def drop(self):
        """Cut the connection without a word."""
        if self in _Watched.opened:
            _Watched.opened.remove(self)
        transport = self.socket.transport

        async def abort():
            transport.abort()
        self._call(abort())
        self._reading.result(30)

    def ending(self):
        return f"close {self.close_code} {self.close_reason!r}"

    def local_port(self):
        return self.socket.local_address[1]


def refusal(service, params=None, headers=None, **more):
    """Open a viewer that must be closed by the server before any data; returns (code, reason)."""
    viewer = Viewer(service, params, headers, **more)
    viewer.wait_end()
    _Watched.opened.remove(viewer)
    assert not viewer.messages, "data before the refusal"
    check_close(viewer.close_code, viewer.close_reason)
    return viewer.close_code, viewer.close_reason


def check_close(code, reason):
    """A close must carry a legal code and at most 123 bytes of text."""
    assert code in LEGAL_CODES, f"close code {code}"
    assert len(reason.encode()) <= 123, f"{len(reason.encode())} bytes of reason"


class Download(_Watched):
    """A plain HTTP viewer of /capture.pcapng."""

    def __init__(self, service, params=None, headers=None, keep=None, save=True, **more):
        super().__init__(keep, save)
        self._link = service.connection(timeout=60)
        self._socket = self._link.sock
        own = {"Authorization": f"Bearer {service.token}"} if service.token else {}
        self._link.request("GET", path(params, "/capture.pcapng", **more), headers={**own, **(headers or {})})
        self.response = self._link.getresponse()
        self.status, self.headers = self.response.status, self.response.headers
        self.complete = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while data := self.response.read1(65536):
                self._take(data)
            self.complete = True
        except Exception:  # a cut connection: complete stays False
            pass
        finally:
            self._end()

    def close(self):
        if self in _Watched.opened:
            _Watched.opened.remove(self)
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(10)
        self._link.close()

    drop = close

    def ending(self):
        return "complete" if self.complete else "cut"


class Raw:
    """A WebSocket client of bytes and frames, for everything a well-behaved library refuses to do."""

    def __init__(self, service, timeout=20, sock=None, rcvbuf=None, host=None):
        self.service = service
        self.sock = sock or service.dial(timeout, host)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def request(self, where, headers=None, method="GET", version="HTTP/1.1"):
        """The bytes of an upgrade request; a header with value None is left out."""
        host = f"[{self.service.host}]" if ":" in self.service.host else self.service.host
        fields = {"Host": f"{host}:{self.service.port}", "Connection": "Upgrade", "Upgrade": "websocket",
                  "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.b64encode(bytes(range(16))).decode()}
        if self.service.token:
            fields["Authorization"] = f"Bearer {self.service.token}"
        fields.update(headers or {})
        lines = [f"{method} {where} {version}"] + [f"{k}: {v}" for k, v in fields.items() if v is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def handshake(self, where, headers=None, method="GET"):
        """Send an upgrade request; returns (status, headers as lower-case dict)."""
        self.sock.sendall(self.request(where, headers, method))
        return self.read_head()

    def read_head(self):
        while b"\r\n\r\n" not in self.pending:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError(f"connection closed instead of an answer: {self.pending!r}")
            self.pending += data
        head, _, self.pending = self.pending.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        return int(first.split(" ")[1]), fields

    def open(self, params=None, headers=None, where="/capture", **more):
        """A complete handshake that must succeed, with the accept key checked."""
        code, fields = self.handshake(path(params, where, **more), headers)
        assert code == 101, f"status {code}"
        wanted = hashlib.sha1(base64.b64encode(bytes(range(16))) + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        assert fields["sec-websocket-accept"] == base64.b64encode(wanted).decode()
        return fields

    def _exactly(self, count):
        while len(self.pending) < count:
            data = self.sock.recv(1 << 18)
            if not data:
                raise EOFError
            self.pending += data
        out, self.pending = self.pending[:count], self.pending[count:]
        return out

    def frame(self):
        """The next frame as (fin, opcode, payload); EOFError at the end of the connection."""
        first, second = self._exactly(2)
        assert not first & 0x70, "reserved bits are set"
        assert not second & 0x80, "the server masks its frames"
        length = second & 0x7F
        if length == 126:
            length, = struct.unpack(">H", self._exactly(2))
            assert length > 125, "length is not minimal"
        elif length == 127:
            length, = struct.unpack(">Q", self._exactly(8))
            assert length > 65535, "length is not minimal"
        return bool(first & 0x80), first & 15, self._exactly(length)

    def until_close(self, stream=None):
        """Read frames up to the server's close; returns (code, reason bytes), or None at a bare end."""
        while True:
            try:
                _, opcode, payload = self.frame()
            except (EOFError, ConnectionResetError):
                return None
            if opcode == CLOSE:
                if not payload:
                    return 1005, b""
                return struct.unpack(">H", payload[:2])[0], payload[2:]
            assert opcode in (0, BINARY, PONG, PING), f"frame of opcode {opcode}"
            if stream is not None and opcode in (0, BINARY):
                stream.feed(payload)

    def until_opcode(self, wanted):
        while True:
            _, opcode, payload = self.frame()
            if opcode == wanted:
                return payload

    def ended(self, timeout=20):
        """True when the server ends the connection within TIMEOUT seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.sock.settimeout(max(0.05, deadline - time.monotonic()))
            try:
                if not self.sock.recv(1 << 18):
                    return True
            except socket.timeout:
                return False
            except OSError:
                return True
        return False

    def send(self, opcode, payload=b"", fin=True, masked=True, reserved=0):
        first = (0x80 if fin else 0) | reserved | opcode
        mask = os.urandom(4) if masked else b""
        bit = 0x80 if masked else 0
        if len(payload) < 126:
            head = bytes([first, bit | len(payload)])
        elif len(payload) < 65536:
            head = bytes([first, bit | 126]) + struct.pack(">H", len(payload))
        else:
            head = bytes([first, bit | 127]) + struct.pack(">Q", len(payload))
        if masked and payload:
            key = int.from_bytes((mask * (len(payload) // 4 + 1))[:len(payload)], "big")
            payload = (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")
        self.sock.sendall(head + mask + payload)

    def send_close(self, code=1000, reason=b""):
        self.send(CLOSE, struct.pack(">H", code) + reason)
