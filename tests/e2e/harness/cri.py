# SPDX-License-Identifier: MIT
"""A small client of the Kubernetes runtime interface: gRPC over a unix socket with nothing but sockets, one call per
connection. Header fields are written without compression and those of answers are not looked at: a call without a
message in its answer has failed."""
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
SERVICE = "/runtime.v1.RuntimeService/"
IMAGE = "pf.test/busybox:1"


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def message(**fields):
    """Encode f1="text", f2=number, f3=b"message", f4=[...], f5={"key": "value"} as fields 1 to 5."""
    out = b""
    for name, value in fields.items():
        number = int(name[1:])
        if isinstance(value, dict):
            value = [message(f1=key, f2=word) for key, word in value.items()]
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                out += varint(number << 3) + varint(item)
            else:
                item = item.encode() if isinstance(item, str) else item
                out += varint(number << 3 | 2) + varint(len(item)) + item
    return out


def fields(data):
    """Decode into a list of (field, value); values are numbers or bytes."""
    at, found = 0, []

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        key = number()
        if key & 7 == 0:
            found.append((key >> 3, number()))
        else:
            assert key & 7 == 2, f"wire type {key & 7}"
            size = number()
            found.append((key >> 3, data[at:at + size]))
            at += size
    return found


def first(data, number):
    return next(value for field, value in fields(data) if field == number)


def _frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _header(name, value):
    assert len(name) < 127 and len(value) < 127
    return b"\x10" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def call(path, method, request):
    """One call; the message it is answered with."""
    head = b"".join(_header(*pair) for pair in (
        (":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers")))
    body = b"\0" + struct.pack(">I", len(request)) + request
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        link.connect(str(path))
        link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(SETTINGS, 0, 0) + _frame(HEADERS, END_HEADERS, 1, head)
                     + _frame(DATA, END_STREAM, 1, body))
        answer, words = _answer(link)
    assert len(answer) >= 5, f"{method}: {words!r}"
    return answer[5:5 + struct.unpack(">I", answer[1:5])[0]]


def _answer(link):
    stream = link.makefile("rb")
    answer, words = b"", b""
    while True:
        head = stream.read(9)
        if len(head) < 9:
            return answer, words
        kind, flags = head[3], head[4]
        payload = stream.read(int.from_bytes(head[:3], "big"))
        if kind == SETTINGS and not flags & ACK:
            link.sendall(_frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            link.sendall(_frame(PING, ACK, 0, payload))
        elif kind == DATA:
            answer += payload
        elif kind in (HEADERS, RST_STREAM, GOAWAY):
            words += payload
        if kind in (RST_STREAM, GOAWAY) or (kind in (DATA, HEADERS) and flags & END_STREAM):
            return answer, words


class Cri:
    """Pods, and containers in them."""

    def __init__(self, path):
        self.path = path

    def _call(self, method, request=b""):
        return call(self.path, SERVICE + method, request)

    @staticmethod
    def _config(name, namespace, labels, annotations):
        return message(f1=message(f1=name, f2=f"uid-{name}", f3=namespace), f6=labels, f7=annotations, f8=b"")

    def run_pod(self, name, namespace="pf", labels=(), annotations=()):
        """Start a pod and return (id, configuration)."""
        config = self._config(name, namespace, dict(labels), dict(annotations))
        return first(self._call("RunPodSandbox", message(f1=config)), 1).decode(), config

    def run_container(self, pod, name, *command):
        """Start a container in POD, as run_pod() returned it, and return its id."""
        identity, config = pod
        container = message(f1=message(f1=name), f2=message(f1=IMAGE), f3=list(command), f15=b"")
        made = first(self._call("CreateContainer", message(f1=identity, f2=container, f3=config)), 1).decode()
        self._call("StartContainer", message(f1=made))
        return made

    def remove_pod(self, identity):
        self._call("StopPodSandbox", message(f1=identity))
        self._call("RemovePodSandbox", message(f1=identity))

    def pods(self):
        return [first(pod, 1).decode() for field, pod in fields(self._call("ListPodSandbox")) if field == 1]
