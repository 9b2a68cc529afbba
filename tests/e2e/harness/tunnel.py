# SPDX-License-Identifier: MIT
"""An HTTP proxy that passes connections through; whatever the name, it leads to this machine."""
import socket
import threading
from urllib.parse import urlsplit


def _carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:     # one side has left
        pass


def _serve_one(client, heard):
    request = client.recv(65536)
    heard.append(request.decode())
    method, where, _ = request.split(b" ", 2)
    place = urlsplit(where if b"://" in where else b"//" + where)
    with socket.create_connection(("127.0.0.1", place.port)) as service:
        if method == b"CONNECT":
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            service.sendall(request.replace(where, place.path + b"?" + place.query if place.query else place.path, 1))
        back = threading.Thread(target=_carry, args=(service, client))
        back.start()
        _carry(client, service)
        back.join()


def tunnel(heard, connections=1):
    """A proxy that serves so many CONNECTIONS, one after the other; their requests are added to HEARD. Returns its
    port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with server:
            for _ in range(connections):
                with server.accept()[0] as client:
                    _serve_one(client, heard)
    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]
