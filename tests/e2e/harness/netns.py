# SPDX-License-Identifier: MIT
"""Network namespaces, links in them, and sockets made inside them. Documentation addresses only."""
import ctypes
import fcntl
import itertools
import json
import os
import socket
import struct
import subprocess
import threading

from harness.wait import until

CLONE_NEWNET = 0x40000000
IFF_TUN, IFF_TAP, IFF_NO_PI, TUNSETIFF = 1, 2, 0x1000, 0x400454CA
PREFIX = "pfe2e"
_libc = ctypes.CDLL(None, use_errno=True)
_serial = itertools.count(1)


def ip(*words, netns=None):
    """Run iproute2's ip, failing with its own words."""
    command = ["ip"] + (["-n", netns] if netns else []) + [str(w) for w in words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout


def enter(path):
    """Move the calling thread into the network namespace at PATH."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns to {path}")
    finally:
        os.close(fd)


def inside(path, work):
    """Run WORK in a thread of its own inside the namespace at PATH and return what it returns."""
    result = {}

    def body():
        try:
            enter(path)
            result["value"] = work()
        except BaseException as error:  # handed to the caller below
            result["error"] = error

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["value"]


class Netns:
    """One named network namespace without IPv6 chatter."""

    def __init__(self, role="ns", ipv6=False):
        self.name = f"{PREFIX}-{os.getpid()}-{next(_serial)}-{role}"
        self._children = []
        ip("netns", "add", self.name)
        if not ipv6:
            self.sysctl("net/ipv6/conf/all/disable_ipv6", 1)
            self.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        ip("link", "set", "lo", "up", netns=self.name)

    @property
    def path(self):
        return f"/run/netns/{self.name}"

    @property
    def inode(self):
        return os.stat(self.path).st_ino

    def ip(self, *words):
        return ip(*words, netns=self.name)

    def sysctl(self, key, value):
        def write():
            with open(f"/proc/sys/{key}", "w") as knob:
                knob.write(str(value))
        inside(self.path, write)

    def run(self, work):
        return inside(self.path, work)

    def socket(self, *arguments):
        return self.run(lambda: socket.socket(*arguments))

    def packet_socket(self, device):
        """A raw AF_PACKET socket that sends (and hears nothing) on DEVICE."""
        def make():
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.bind((device, 0))
            return sock
        return self.run(make)

    def hold(self, opened_through="mount"):
        """A descriptor of the namespace, opened through its mount or through /proc: they look different to others."""
        if opened_through == "mount":
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        return self.run(lambda: os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    def popen(self, command, **options):
        """Start COMMAND inside; it is killed with the namespace at the latest."""
        options.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen(["nsenter", f"--net={self.path}"] + [str(c) for c in command], **options)
        self._children.append(child)
        until(lambda: child.poll() is not None or _netns_of(child.pid) == self.inode,
              f"{command[0]} to be inside {self.name}")
        return child

    def links(self):
        return [line.split(":")[1].strip().split("@")[0]
                for line in self.ip("-o", "link", "show").splitlines()]

    def close(self):
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()
        if os.path.exists(self.path):
            ip("netns", "del", self.name)


def _netns_of(pid):
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None


def mac(namespace, device):
    """The hardware address of DEVICE as six bytes."""
    def read():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        with sock:
            sock.bind((device, 0))
            return sock.getsockname()[4]
    return namespace.run(read)


def veth(left, left_dev, right, right_dev, left_ip=None, right_ip=None, mtu=None):
    """A veth pair between two namespaces, up, with static neighbours so that no ARP is ever sent."""
    left.ip("link", "add", left_dev, "type", "veth", "peer", "name", right_dev, "netns", right.name)
    for namespace, device, address in ((left, left_dev, left_ip), (right, right_dev, right_ip)):
        if mtu:
            namespace.ip("link", "set", device, "mtu", mtu)
        if address:
            namespace.ip("addr", "add", f"{address}/24", "dev", device)
        namespace.ip("link", "set", device, "up")
    if left_ip and right_ip:
        for near, device, far, other, address in ((left, left_dev, right, right_dev, right_ip),
                                                  (right, right_dev, left, left_dev, left_ip)):
            colons = mac(far, other).hex(":")
            near.ip("neigh", "replace", address, "lladdr", colons, "dev", device, "nud", "permanent")


def tun(namespace, name, kind=IFF_TUN):
    """A tun or tap device that is up; packets written to the returned descriptor arrive at it."""
    def make():
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), kind | IFF_NO_PI))
        return fd
    fd = namespace.run(make)
    namespace.ip("link", "set", name, "up")
    return fd


def promiscuity(namespace, device):
    """How many have put DEVICE into promiscuous mode."""
    return json.loads(namespace.ip("-d", "-j", "link", "show", device))[0]["promiscuity"]


def host_inode():
    return os.stat("/proc/self/ns/net").st_ino


def remove_stale():
    """Delete namespaces left by test runs that no longer exist."""
    try:
        names = os.listdir("/run/netns")
    except FileNotFoundError:
        return
    for name in names:
        parts = name.split("-")
        if parts[0] == PREFIX and len(parts) > 2 and parts[1].isdigit() and not os.path.exists(f"/proc/{parts[1]}"):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
