# SPDX-License-Identifier: MIT
"""Containers of the image with more and fewer rights: what works, and what is said of what does not."""
import socket
import threading
import time

import pytest

import packaged
from harness import pcapng
from harness.wait import until

EDGESHARK_PACKETFLIX = ("SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE", "NET_ADMIN", "NET_RAW")
EDGESHARK_GOSTWIRE = (*EDGESHARK_PACKETFLIX, "DAC_READ_SEARCH", "DAC_OVERRIDE")
HOST_PID = ("--pid", "host")


def names(container):
    return {target["name"] for target in container.targets()}


class Traffic:
    """Datagrams over the loopback interface of a container, until the end of the block."""

    def __init__(self, engine, container, size=100, pause_s=0.005):
        self._pid, self._size, self._pause_s = engine.pid(container), size, pause_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def _send(self):
        from harness import netns
        sock = netns.inside(f"/proc/{self._pid}/ns/net", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with sock:
            while not self._over.wait(self._pause_s):
                for _ in range(10):
                    sock.sendto(bytes(self._size), ("127.0.0.1", 9))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(10)


def captured(container, engine, seconds=2, **query):
    """Packets of a capture of the container web while there is traffic in it."""
    with Traffic(engine, engine.web):
        process = container.start_capture(seconds, target=engine.web, nif="lo", **query)
        data, _ = process.communicate(timeout=60)
    return pcapng.parse(data).packets


def test_it_sees_the_host_and_captures_as_an_ordinary_user(engine, deploy):
    container = deploy().wait_ready()
    assert {engine.web, container.name} <= names(container)
    assert container.warnings() == {}
    packets = captured(container, engine, filter="udp%20port%209")
    assert len(packets) > 20
    status = open(f"/proc/{engine.pid(container.name)}/status").read()
    assert "Uid:\t65534\t65534" in status and "NoNewPrivs:\t1" in status


@pytest.mark.parametrize("missing", packaged.NEEDED)
def test_a_needed_capability_that_is_missing_is_named(deploy, missing):
    container = deploy(caps=[cap for cap in packaged.ALL if cap != missing])
    assert container.wait_end() == 1
    assert f"CAP_{missing} (" in container.log and f"cap_add: [{missing}]" in container.log


@pytest.mark.parametrize("missing,kinds", [("NET_ADMIN", {"capability"}), ("NET_BROADCAST", {"capability"}), ("DAC_READ_SEARCH", set()),
                                           ("DAC_OVERRIDE", {"engine"})])
def test_it_starts_without_a_wanted_capability_and_shows_what_is_lost(engine, deploy, missing, kinds):
    container = deploy(caps=[cap for cap in packaged.ALL if cap != missing]).wait_ready()
    assert set(container.warnings()) == kinds
    metrics = container.curl("/metrics")[1].decode()
    assert {kind for kind in ("capability", "engine") if f'packetflix_warning{{kind="{kind}"}} 1' in metrics} == kinds
    if missing != "DAC_OVERRIDE":
        assert f"CAP_{missing} is missing" in container.log or not kinds
        assert engine.web in names(container)
    else:
        assert engine.identity(engine.web)[:12] in names(container)
        until(lambda: "a container engine does not answer" in container.log, "the engine to be reported", 40)


@pytest.mark.parametrize("caps,is_whole", [(EDGESHARK_PACKETFLIX, False), (EDGESHARK_GOSTWIRE, True)])
def test_the_capabilities_of_existing_deployments_suffice(engine, deploy, caps, is_whole):
    container = deploy("--port=5001", "--discovery-service=gostwire.ghost-in-da-edge", "--gw-port=5000", "--debug", caps=caps,
                       entrypoint="/packetflix").wait_ready()
    assert (engine.web in names(container)) == is_whole
    assert "capability" in container.warnings()


def test_rights_that_the_engine_takes_away_are_explained(deploy):
    for more in ({"options": (*HOST_PID, "--security-opt", "no-new-privileges")}, {"caps": ()}):
        container = deploy(**more)
        assert container.wait_end() == 1
        assert "packetflix needs rights" in container.log and "no-new-privileges" in container.log


def test_without_the_hosts_pid_namespace_it_says_that_it_sees_nothing(engine, deploy):
    container = deploy(options=()).wait_ready()
    assert "hostPID: true" in container.warnings()["pid-namespace"] and engine.web not in names(container)
    assert "PID namespace of its own" in container.log


def test_root_without_the_rights_to_change_users_is_told_which(deploy):
    container = deploy(user="0")
    assert container.wait_end() == 1
    assert "CAP_SETUID (" in container.log and "CAP_SETGID (" in container.log and "user: 65534" in container.log


def test_root_with_these_rights_works(engine, deploy):
    container = deploy(user="0", caps=(*packaged.ALL, "SETUID", "SETGID")).wait_ready()
    assert container.warnings() == {} and len(captured(container, engine)) > 20


def test_the_name_of_the_docker_host_is_one_of_its_names(deploy):
    container = deploy().wait_ready()
    assert container.curl("/mobyshark", "-H", f"Host: {socket.gethostname()}:5001")[0] == 200
    assert container.curl("/mobyshark", "-H", "Host: elsewhere.example")[0] == 421


def test_a_memory_limit_bounds_captures_that_nobody_reads(engine, deploy):
    """Five viewers that read nothing, and more traffic than fits into 64 MiB."""
    container = deploy(options=(*HOST_PID, "-m", "64m", "--memory-swap", "64m")).wait_ready()
    viewers = []
    try:
        with Traffic(engine, engine.web, 1400, 0.0005):
            for length in range(1, 6):
                viewers.append(container.start_capture(60, target=engine.web, nif="lo", filter=f"greater%20{length}"))
            time.sleep(6)
            assert container.curl("/readyz")[0] == 200
    finally:
        for viewer in viewers:
            viewer.kill()
            viewer.communicate()
    metrics = container.curl("/metrics")[1].decode()
    assert 'packetflix_process_restarts_total{process="service"} 0' in metrics
    assert 'packetflix_process_restarts_total{process="discover"} 0' in metrics
    assert 'packetflix_process_restarts_total{process="reader"} 0' in metrics
    assert "signal=9" not in container.log and container.is_running


def test_32_mib_serve_a_capture(engine, deploy):
    container = deploy(options=(*HOST_PID, "-m", "32m", "--memory-swap", "32m")).wait_ready()
    assert len(captured(container, engine)) > 20
    assert "signal=9" not in container.log


def test_memory_that_was_asked_for_is_cut_with_a_warning(deploy):
    container = deploy("--memory", "1G", options=(*HOST_PID, "-m", "64m", "--memory-swap", "64m")).wait_ready()
    assert "memory limit of the control group" in container.log


@pytest.mark.process_events
def test_it_gets_process_and_link_events_in_a_network_namespace_of_its_own(engine, deploy):
    container = deploy("--debug").wait_ready()
    for _ in range(3):
        container.targets()
    assert "no events" not in container.log, container.log
