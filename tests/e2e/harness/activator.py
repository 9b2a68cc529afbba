# SPDX-License-Identifier: MIT
"""Run as a program: what systemd does for Podman. Calls itself "systemd", listens at PATH, and starts COMMAND with
that socket when somebody connects (sd_listen_fds(3))."""
import ctypes
import os
import select
import signal
import socket
import sys


def main():
    path, command = sys.argv[1], sys.argv[2:]
    ctypes.CDLL(None).prctl(15, b"systemd", 0, 0, 0)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    print("listening", flush=True)
    select.select([listener], [], [])
    child = os.fork()
    if child == 0:
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.execvpe(command[0], command, {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    os.waitpid(child, 0)


main()
