# SPDX-License-Identifier: MIT
"""Run as a program: something that calls itself "dockerd", listens at PATH and behaves as MANNER says: "silent" accepts
and never answers; "many COUNT" tells of COUNT containers, none of which has a process."""
import ctypes
import http.server
import json
import socketserver
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "engine"

    def do_GET(self):
        if sys.argv[2] == "silent" or "/events" in self.path:
            time.sleep(3600)
        count = int(sys.argv[3])
        if self.path.endswith("/version"):
            answer = {"Version": "0\u0007", "ApiVersion": "1.41"}
        elif self.path.endswith("/containers/json"):
            answer = [{"Id": f"{n:064x}", "Names": [f"/many-{n}"], "State": "running", "Labels": {"number": str(n)}}
                      for n in range(count)]
        else:
            answer = {"Id": self.path.split("/")[3] if "/containers/" in self.path else "", "State": {"Pid": 0}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def main():
    ctypes.CDLL(None).prctl(15, b"dockerd", 0, 0, 0)
    server = Server(sys.argv[1], Handler)
    print("listening", flush=True)
    server.serve_forever()


main()
