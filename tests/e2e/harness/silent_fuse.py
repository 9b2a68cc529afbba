# SPDX-License-Identifier: MIT
"""usage: silent_fuse.py FOLDER
Run as a program: mounts, in a mount namespace of its own, a FUSE file system at FOLDER/fuse with one directory, and in
that a tmpfs with a network namespace and the socket of an "engine". After a line on standard input the server of the file
system reads requests and answers none, which not even SIGKILL of the process that waits ends; then the process calls
itself "dockerd". Speaks the protocol of /dev/fuse (fuse(4), linux/fuse.h) itself."""
import ctypes
import os
import signal
import socket
import struct
import sys
import threading

LOOKUP, GETATTR, INIT, OPENDIR = 1, 3, 26, 27
NO_ANSWER = (2, 36, 42)  # FORGET, INTERRUPT, BATCH_FORGET
ROOT, DIRECTORY = 1, 2   # node numbers
ENOENT, ENOSYS = 2, 38
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_REC, MS_PRIVATE, MS_BIND = 0x4000, 0x40000, 0x1000
PR_SET_NAME, PR_SET_PDEATHSIG = 15, 1
LIBC = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    if getattr(LIBC, function)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), function)


def mount(source, target, kind, flags=0, data=None):
    call("mount", source.encode(), target.encode(), kind and kind.encode(), flags, data and data.encode())


def attributes(node):
    """struct fuse_attr of a directory."""
    return struct.pack("<6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, 0o040755, 2, 0, 0, 0, 4096, 0)


def reply(opcode, node, body):
    """The error and the body of the answer. No time for which the kernel may keep anything."""
    if opcode == INIT:
        return 0, struct.pack("<4I2H2I2H8I", 7, 31, 65536, 0, 16, 12, 65536, 1, 0, 0, *[0] * 8)
    if opcode == LOOKUP:
        return (0, struct.pack("<4Q2I", DIRECTORY, 0, 0, 0, 0, 0) + attributes(DIRECTORY)) \
            if body == b"inner\0" else (ENOENT, b"")
    if opcode == GETATTR:
        return 0, struct.pack("<Q2I", 0, 0, 0) + attributes(node)
    if opcode == OPENDIR:
        return 0, struct.pack("<Q2I", 0, 0, 0)
    return ENOSYS, b""


def serve(device, silent):
    while True:
        request = os.read(device, 135168)
        _, opcode, unique, node = struct.unpack_from("<2I2Q", request)
        if opcode in NO_ANSWER or silent.is_set():
            continue
        error, body = reply(opcode, node, request[40:])
        os.write(device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)


def mount_namespace(target):
    """A new network namespace, mounted at TARGET, without a process in it."""
    open(target, "wb").close()
    pid = os.fork()
    if pid == 0:
        call("unshare", CLONE_NEWNET)
        mount("/proc/self/ns/net", target, None, MS_BIND)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def main():
    folder = f"{sys.argv[1]}/fuse"
    os.mkdir(folder)
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    call("unshare", CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    device, silent = os.open("/dev/fuse", os.O_RDWR), threading.Event()
    mount("silent", folder, "fuse.silent", 0, f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other")
    threading.Thread(target=serve, args=(device, silent), daemon=True).start()
    inner = f"{folder}/inner"
    mount("none", inner, "tmpfs")
    mount_namespace(f"{inner}/netns")
    listener = socket.socket(socket.AF_UNIX)
    os.chdir(inner)  # the path of a socket is at most 107 bytes long
    listener.bind(f"{inner}/docker.sock" if len(inner) < 90 else "docker.sock")
    listener.listen(1)
    print(os.stat("netns").st_ino, flush=True)
    os.chdir("/")
    sys.stdin.readline()
    silent.set()
    call("prctl", PR_SET_NAME, b"dockerd")
    print("silent", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
