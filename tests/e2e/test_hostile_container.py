# SPDX-License-Identifier: MIT
"""Captures survive everything that a container can do inside its network namespace."""
import fcntl
import itertools
import os
import subprocess

import pytest

from harness import netns
from harness.client import Viewer
from harness.traffic import udp_frame
from harness.wait import until

ARPHRD_ETHER, ARPHRD_NONE, ARPHRD_PPP, ARPHRD_IEEE80211 = 1, 0xFFFE, 512, 801
TUNSETLINK = 0x400454CD
KNOB = "net/core/optmem_max"


def batch(namespace, lines):
    """Run many commands of ip in one process."""
    done = subprocess.run(["ip", "-n", namespace.name, "-batch", "-"], input="\n".join(lines), text=True,
                          capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


def storm(box):
    """Links that appear and come up, are renamed and vanish, faster than their events can be read."""
    names = [f"storm{number}" for number in range(200)]
    batch(box, [line for name in names for line in (f"link add {name} type bridge", f"link set {name} up")])
    batch(box, [line for name in names for line in (f"link set {name} down", f"link set {name} name x{name}",
                                                    f"link set x{name} up")])
    batch(box, [f"link del x{name}" for name in names])


def optmem(box):
    for value in (1, 131072, 4096, 1, 20480):
        box.sysctl(KNOB, value)
        flap(box)


def flap(box):
    batch(box, ["link add other type bridge", "link set other up",
                *["link set other down", "link set other up"] * 50, "link del other"])


def rename(box):
    """Another interface has the name of the captured one for a moment."""
    batch(box, ["link set eth0 down", "link set eth0 name away", "link add eth0 type bridge", "link set eth0 up",
                "link del eth0", "link set away name eth0", "link set eth0 up"])


def types(box):
    """The same name again and again, with one link type after another."""
    for arphrd in (ARPHRD_ETHER, ARPHRD_NONE, ARPHRD_PPP, ARPHRD_IEEE80211) * 5:
        fd = netns.tun(box, "many")
        try:
            box.ip("link", "set", "many", "down")
            fcntl.ioctl(fd, TUNSETLINK, arphrd)
            box.ip("link", "set", "many", "up")
        finally:
            os.close(fd)


def check_new_link(viewer, scene, number):
    """A link that is made now is told with its name, and its packets come."""
    name, mark = f"probe{number}", b"<probe-%d>" % number
    netns.veth(scene.box, name, scene.far, name)
    with scene.far.packet_socket(name) as out:
        out.send(udp_frame(mark))
    viewer.wait_carrying(mark)
    packet, = viewer.stream.carrying(mark)
    assert viewer.stream.interfaces[packet.interface].name == name


@pytest.mark.parametrize("flags", [("--latency", "5"), ("--latency", "20")], ids=["plain", "paced"])
@pytest.mark.parametrize("params", [{"nif": "any"}, {"nif": "any", "filter": "udp port 9"},
                                    {"nif": "eth0", "filter": "udp port 9"}], ids=["any", "any-filter", "eth0-filter"])
def test_nothing_a_container_does_ends_its_capture(start, scene, flags, params):
    running = start(*flags)
    viewer = Viewer(running, netns=scene.inode, statistics="live", **params).wait_interfaces("eth0")
    reader, = running.readers()
    for number, action in enumerate(itertools.chain((storm, optmem, rename, types, flap), (rename, optmem))):
        action(scene.box)
        mark = b"<after-%d>" % number
        until(lambda: scene.send(udp_frame(mark)) or viewer.stream.carrying(mark), f"packets after {action.__name__}")
        if params["nif"] == "any":
            check_new_link(viewer, scene, number)
    assert running.readers() == [reader]
    assert viewer.stream.total("ifdrop") == 0


def test_many_links_under_a_long_filter_do_not_end_the_capture(start, scene):
    """The descriptions of 600 interfaces would be 38 MB if each had the whole filter."""
    names = [f"many{number}" for number in range(600)]
    batch(scene.box, [f"link add {name} type bridge" for name in names])
    running = start()
    viewer = Viewer(running, netns=scene.inode, filter="udp" + " " * 65000)
    viewer.wait(lambda s: set(names) <= set(s.names_of_interfaces()), "all interfaces", 60)
    mark = b"<under-a-long-filter>"
    until(lambda: scene.send(udp_frame(mark)) or viewer.stream.carrying(mark), "packets")
    check_new_link(viewer, scene, 0)
    with_filter = [i for i in viewer.stream.interfaces if i.filter]
    assert len(with_filter) == 64 and all(len(i.filter) == 65003 for i in with_filter)
