# SPDX-License-Identifier: MIT
"""A stand-in for the original capture service, made from the wire contract (1.3 to 1.13, 2.5): what it answers, what it
puts on the wire when it ends or fails, and the things it does that no standard allows.

    with Original() as service:
        service.targets = [target("web", netns=4026532000, interfaces=["eth0", "lo"])]
        service.plays = [Play(packets=3, ending=Close(1006, "cannot start capture process"))]
        ... a client at service.url ...
        service.requests[0].query["nif"]

Each capture takes the next play; the last one is played again for all that follow.
"""
import base64
import ctypes
import hashlib
import json
import random
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

SHB, IDB, ISB, EPB = 0x0A0D0D0A, 1, 5, 6
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MARKER = "---\n# capture target information\n"
CHUNK = 32768


@dataclass
class Close:
    """A close frame with CODE, legal or not, and REASON; then the client's answer is waited for."""
    code: int = 1000
    reason: str = "capture process terminated"


@dataclass
class Eof:
    """The connection ends without a close frame, as with reasons that are too long for one."""


@dataclass
class Reset:
    """The connection is reset two seconds after its first packet, whatever was sent until then; HAPPENED is set then."""
    happened: threading.Event = field(default_factory=threading.Event)


@dataclass
class Stay:
    """The capture goes on until the client closes; HEARD are the opcodes it sent meanwhile."""


@dataclass
class Play:
    """What one capture does. INTERFACES: None = those asked for. CUT bytes are missing at the end of the stream."""
    packets: int = 0
    interfaces: list = None
    empty_messages: int = 2
    chunk: int = CHUNK
    cut: int = 0
    big_endian: bool = False
    raw: bytes = None               # sent as binary messages instead of a capture
    frames: list = None             # (opcode, payload, fin) sent before the ending, after the capture
    statistics: int = None          # isb_ifdrop of a final statistics block for each interface
    ending: object = field(default_factory=Stay)
    answer: bytes = None            # bytes sent instead of the upgrade; then the connection ends
    silent: bool = False            # never answers the upgrade


@dataclass
class Request:
    """What a client asked for; WORDS are its headers in lower case."""
    path: str
    query: dict
    raw_query: str
    words: dict
    heard: list = field(default_factory=list)       # (opcode, payload) of each frame of the client


def target(name, kind="docker", netns=4026532000, interfaces=("eth0",), pid=0, starttime=0, prefix=""):
    """An element of the list, members as the discovery service has them."""
    return {"name": name, "type": kind, "netns": netns, "network-interfaces": list(interfaces), "pid": pid,
            "starttime": starttime, "prefix": prefix}


def block(kind, body, big_endian=False):
    order = ">" if big_endian else "<"
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def option(code, value, big_endian=False):
    return struct.pack((">" if big_endian else "<") + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(comment, big_endian=False):
    """As the original's editor leaves it: comment first, length unknown, no end of options."""
    order = ">" if big_endian else "<"
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    return block(SHB, body + option(1, comment.encode(), big_endian) + option(4, b"Dumpcap", big_endian), big_endian)


def interface(name, big_endian=False):
    order = ">" if big_endian else "<"
    return block(IDB, struct.pack(order + "HHI", 1, 0, 262144) + option(2, name.encode(), big_endian) +
                 option(9, b"\x09", big_endian) + bytes(4), big_endian)


def packet(number, index, big_endian=False, size=60):
    order = ">" if big_endian else "<"
    data = struct.pack(">I", number).ljust(size, b"\xa5")
    ts = 1700000000 * 10**9 + number
    return block(EPB, struct.pack(order + "IIIII", index, ts >> 32, ts & 0xFFFFFFFF, len(data), len(data)) +
                 data, big_endian)


def statistics(index, dropped, big_endian=False):
    order = ">" if big_endian else "<"
    return block(ISB, struct.pack(order + "III", index, 0, 0) +
                 option(5, struct.pack(order + "Q", dropped), big_endian) + bytes(4), big_endian)


def capture(play, names, wanted):
    """The bytes of a whole capture."""
    big = play.big_endian
    document = MARKER + f"container-name: {wanted.get('name', '')}\ncontainer-type: {wanted.get('type', '')}\n" \
                        'node-name: ""\n'
    out = section(document, big) + b"".join(interface(name, big) for name in names)
    out += b"".join(packet(number, number % len(names), big) for number in range(play.packets))
    if play.statistics is not None:
        out += b"".join(statistics(index, play.statistics, big) for index in range(len(names)))
    return out[:len(out) - play.cut]


class Original:
    """The service. LISTING: what discovery answers, (status, content type, body), instead of the targets."""

    def __init__(self, tls=None, host="127.0.0.1"):
        self.targets, self.plays, self.requests, self.listing, self.version = [], [Play()], [], None, None
        self.errors, self.gets = [], []
        self.discovery_path = "/discover/mobyshark"
        self._tls = tls
        self._server = socket.create_server((host, 0))
        self.host, self.port = self._server.getsockname()[:2]
        self._open, self._lock, self._played = set(), threading.Lock(), 0
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def close(self):
        self._ended.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for sock in self._open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while not self._ended.is_set():
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with self._lock:
            self._open.add(sock)
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._answer(sock)
        except (OSError, ssl.SSLError, EOFError):
            pass
        except Exception as error:  # shown by the test
            self.errors.append(error)
        finally:
            sock.close()

    def _answer(self, sock):
        head = b""
        while b"\r\n\r\n" not in head:
            data = sock.recv(65536)
            if not data:
                return
            head += data
        head = head.partition(b"\r\n\r\n")[0]
        first, *lines = head.decode().split("\r\n")
        method, where, _ = first.split(" ")
        words = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
        parts = urlsplit(where)
        self.gets.append((method, where, words))
        if parts.path.endswith("/capture") and words.get("upgrade", "").lower() == "websocket":
            self._capture(sock, parts, words)
        else:
            sock.sendall(self._page(parts.path))

    def _page(self, path):
        status, kind, body = 404, "text/plain; charset=utf-8", "404 page not found\n"
        if path.endswith("/version"):
            status, kind, body = self.version or (200, kind, '{"name":"packetflix","version":"0.9.7"}')
        elif path.endswith(self.discovery_path):
            status, kind, body = self.listing or (200, "application/json", self._targets())
        body = body.encode()
        return (f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                "Location: http://192.0.2.1/elsewhere\r\nConnection: close\r\n\r\n").encode() + body

    def _targets(self):
        """In random order, as the original's."""
        listed = [dict(t) for t in self.targets]
        random.shuffle(listed)
        for one in listed:
            random.shuffle(one["network-interfaces"])
        return json.dumps({"metadata": {"creator-id": "gostwire"}, "containers": listed})

    def _capture(self, sock, parts, words):
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        request = Request(parts.path, query, parts.query, words)
        with self._lock:
            self.requests.append(request)
            play = self.plays[min(self._played, len(self.plays) - 1)]
            self._played += 1
        if play.silent:
            self._ended.wait()
            return
        if play.answer is not None:
            sock.sendall(play.answer)
            return
        accept = base64.b64encode(hashlib.sha1(words["sec-websocket-key"].encode() + GUID).digest()).decode()
        sock.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
        listener = threading.Thread(target=self._listen, args=(sock, request), daemon=True)
        listener.start()
        self._play(sock, play, request)
        if not isinstance(play.ending, Eof):
            listener.join(20)

    @staticmethod
    def _reset(sock, happened):
        # connect(2) with an address of no family dissolves the connection, whoever else uses it
        ctypes.CDLL(None).connect(sock.fileno(), struct.pack("H14x", socket.AF_UNSPEC), 16)
        happened.set()

    def _play(self, sock, play, request):
        if isinstance(play.ending, Close) and play.packets == 0 and play.raw is None and play.interfaces is None:
            data = b""
        elif play.raw is not None:
            data = play.raw
        else:
            wanted = json.loads(request.words.get("clustershark-container") or request.query.get("container") or "{}")
            names = play.interfaces or self._names(request)
            data = capture(play, names, wanted)
            for _ in range(play.empty_messages):
                self._send(sock, BINARY, b"")
        if isinstance(play.ending, Reset):
            threading.Timer(2, self._reset, (sock, play.ending.happened)).start()
        for at in range(0, len(data), play.chunk):
            self._send(sock, BINARY, data[at:at + play.chunk])
        for opcode, payload, fin in play.frames or ():
            self._send(sock, opcode, payload, fin)
        if isinstance(play.ending, Close):
            # the library's formatter writes any code but 1005, also the illegal 1006
            self._send(sock, CLOSE, struct.pack(">H", play.ending.code) + play.ending.reason.encode())
        elif isinstance(play.ending, Eof):
            sock.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _names(request):
        names = request.words.get("clustershark-nif", request.query.get("nif", "")).split("/")
        return names if names[0] else ["any"]

    @staticmethod
    def _send(sock, opcode, payload, fin=True):
        head = bytes([(0x80 if fin else 0) | opcode])
        if len(payload) < 126:
            head += bytes([len(payload)])
        elif len(payload) < 65536:
            head += bytes([126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([127]) + struct.pack(">Q", len(payload))
        sock.sendall(head + payload)

    def _listen(self, sock, request):
        """Data of the client is read and discarded; its close is echoed at once, its pings are answered."""
        closed = False
        try:
            while not closed:
                first, second = self._exactly(sock, 2)
                length = second & 0x7F
                if length == 126:
                    length, = struct.unpack(">H", self._exactly(sock, 2))
                elif length == 127:
                    length, = struct.unpack(">Q", self._exactly(sock, 8))
                assert second & 0x80, "the client does not mask its frames"
                mask = self._exactly(sock, 4)
                payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self._exactly(sock, length)))
                request.heard.append((first & 15, payload))
                if first & 15 == PING:
                    self._send(sock, PONG, payload)
                elif first & 15 == CLOSE:
                    self._send(sock, CLOSE, payload[:2])
                    closed = True
        except (OSError, EOFError):
            pass
        except AssertionError as error:
            self.errors.append(error)
        if closed:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:     # the client was faster
                pass

    @staticmethod
    def _exactly(sock, count):
        data = b""
        while len(data) < count:
            more = sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data
