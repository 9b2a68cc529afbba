# SPDX-License-Identifier: MIT
"""Streams tell who has which address, and Wireshark's own engine shows it."""
import os
import socket
import struct

import pytest

from harness import netns
from harness.client import Download, Viewer, refusal
from harness.pcapng import EPB, NRB, judge, tshark


def names(stream):
    """Address to names, of all Name Resolution Blocks so far."""
    told = {}
    for body in stream.names:
        at = 0
        while True:
            kind, length = struct.unpack_from("<HH", body, at)
            value = body[at + 4:at + 4 + length]
            at += 4 + (length + 3) // 4 * 4
            if kind == 0:
                assert length == 0 and at == len(body)
                break
            assert kind in (1, 2) and value.endswith(b"\0")
            width = 4 if kind == 1 else 16
            address = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, value[:width])
            told[address] = [text.decode() for text in value[width:-1].split(b"\0")]
    return told


@pytest.mark.parametrize("kind", [Viewer, Download], ids=["websocket", "download"])
def test_containers_are_shown_by_name(shared, engine, container, kind):
    options = ("--label", "com.docker.compose.service=front", "--label", "com.docker.compose.project=shop")
    name = container("named", "/bin/busybox", "sh", "-c", "while :; do /bin/busybox ping -c 1 -W 1 198.51.100.1; "
                     "/bin/busybox usleep 20000; done", options=options)
    address = engine.address(name)
    viewer = kind(shared, target=name).wait_interfaces("eth0")
    viewer.wait(lambda s: names(s).get(address) == ["front.shop", name], "the container's name")
    assert EPB not in viewer.stream.blocks[:viewer.stream.blocks.index(NRB)]
    viewer.wait(lambda s: s.packets, "packets")
    assert judge(viewer.saved)
    hosts = tshark(viewer.saved, "-T", "fields", "-e", "ip.src_host", "-Y", f"ip.src == {address}", resolve="n")
    assert set(hosts) == {name}


def test_a_name_that_comes_later_is_told_in_mid_stream_and_nothing_twice(shared, engine, container):
    first = container("first")
    viewer = Viewer(shared, target=first).wait_interfaces("eth0")
    viewer.wait(lambda s: names(s).get(engine.address(first)) == [first], "the first name")
    blocks = len(viewer.stream.names)
    second = container("second")
    viewer.wait(lambda s: names(s).get(engine.address(second)) == [second], "the second name")
    later = type("Later", (), {"names": viewer.stream.names[blocks:]})
    assert engine.address(first) not in names(later)


def test_names_can_be_turned_off(shared, container):
    name = container("silent")
    off = Viewer(shared, target=name, names="off").wait_interfaces("eth0")
    on = Viewer(shared, target=name, names="on").wait_interfaces("eth0")
    on.wait(lambda s: s.names, "names")
    container("other")
    on.wait(lambda s: len(s.names) > 1, "more names")
    assert off.stream.names == [] and len(shared.readers()) == 1


@pytest.fixture
def host_address():
    """The name of a link of the host and its address, which the test gives it."""
    link, address = f"pfhost{os.getpid()}"[:15], "203.0.113.77"
    netns.ip("link", "add", link, "type", "ifb")
    try:
        netns.ip("address", "add", f"{address}/32", "dev", link)
        netns.ip("link", "set", link, "up")
        yield link, address
    finally:
        netns.ip("link", "del", link)


def test_the_hosts_own_addresses_are_named_by_interface(shared, plain_scene, host_address):
    link, address = host_address
    name = f"{link}.{socket.gethostname()}"
    viewer = Viewer(shared, netns=plain_scene.inode).wait_interfaces("eth0")
    viewer.wait(lambda s: name in names(s).get(address, []), "the name of the host's address")
    assert "127.0.0.1" not in names(viewer.stream)


def test_a_wrong_word_for_names_is_refused(shared, plain_scene):
    assert refusal(shared, netns=plain_scene.inode, names="maybe") == (1008, 'invalid names "maybe": on or off')
