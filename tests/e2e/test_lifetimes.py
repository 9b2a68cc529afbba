# SPDX-License-Identifier: MIT
"""Processes that cannot start, hang or outlive each other: what becomes of them and of the rest."""
import os
import shutil
import signal
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from harness import service
from harness.client import Viewer
from harness.traffic import Numbered
from harness.wait import until

RESTARTS = 'packetflix_process_restarts_total{process="%s"}'


def restarts(running, role):
    return running.metrics()[RESTARTS % role]


def spent_s(pid):
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@pytest.fixture
def stopped():
    """Stops processes; lets them go on at the end, if they are still there."""
    pids = []

    def stop(pid):
        pids.append((pid, service.starttime(pid)))
        os.kill(pid, signal.SIGSTOP)
        until(lambda: service.stat_fields(pid)[0] == "T", "it to stop")
    yield stop
    for pid, start in pids:
        if service.alive(pid, start):
            os.kill(pid, signal.SIGCONT)


# -- the start -------------------------------------------------------------------------------

@pytest.fixture
def programs(tmp_path):
    """A copy of the programs, and a function that replaces one by a script."""
    for name in service.PROGRAMS:
        shutil.copy2(service.binary().parent / name, tmp_path / name)

    def replace(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
        return tmp_path / "packetflix"
    return replace


@pytest.mark.parametrize("role", ["discover", "service"])
@pytest.mark.parametrize("script, words", [("exit 3", "exit status 3"), ("exit 7", "exit status 7"),
                                           ("kill -SEGV $$", "killed by signal 11")])
def test_a_program_that_cannot_start_is_named_at_once(programs, start, role, script, words):
    running = start(program=programs(f"packetflix-{role}", script), ready=False)
    assert running.process.wait(20) == 1
    until(lambda: f"packetflix-{role} cannot start: {words}" in running.log, "the reason")
    assert "http://" not in running.log, "the URL of a service that does not work"
    service.Service.started.remove(running)
    running.stop = running.kill


# -- hanging ---------------------------------------------------------------------------------

def test_a_discover_that_hangs_is_not_ready_and_is_replaced(start, stopped):
    running = start()
    victim = running.pid("packetflix-discover")
    running.expect_end("discover")
    stopped(victim)
    until(lambda: running.get("/readyz").status == 503, "not to be ready", 20)
    assert running.get("/healthz").status == 200
    until(lambda: restarts(running, "discover") == 1, "another discover", 30)
    assert running.pid("packetflix-discover") != victim
    until(lambda: running.get("/readyz").status == 200, "to be ready again")
    assert f"discover has not answered for 10 s, ending it pid={victim}" in running.log


def test_a_service_that_hangs_is_replaced(start, stopped):
    running = start()
    victim = running.pid("packetflix-service")
    running.expect_end("service")
    stopped(victim)
    until(lambda: [p for p in running.pids("packetflix-service") if p != victim], "another service", 40)
    running.wait_ready()
    assert restarts(running, "service") == 1


def test_a_service_that_stands_still_misses_no_new_catalog_channel(start, stopped, new_netns):
    """discover is started again twice meanwhile; only the newest channel leads anywhere."""
    running = start()
    victim = running.pid("packetflix-service")
    stopped(victim)
    for _ in range(2):
        discover = running.pid("packetflix-discover")
        running.kill_process(discover)
        until(lambda: [p for p in running.pids("packetflix-discover") if p != discover], "another discover")
    os.kill(victim, signal.SIGCONT)
    ns = new_netns()
    until(lambda: [t for t in running.targets() if t["netns"] == ns.inode], "the namespace")
    assert running.pid("packetflix-service") == victim


def test_a_reader_that_hangs_when_its_viewer_leaves_is_ended(start, scene, stopped):
    running = start()
    viewer = Viewer(running, netns=scene.inode).wait_interfaces("eth0")
    reader, = running.readers()
    running.expect_end("reader")
    stopped(reader)
    viewer.drop()
    until(lambda: not service.alive(reader), "the reader to end", 20)
    until(lambda: running.metrics()["packetflix_capture_memory_bytes"] == 0, "its memory")


def test_readers_of_a_former_service_end_and_cost_nothing(start, new_netns, stopped):
    """The target exits while its reader hangs and nobody is left to hear of it."""
    ns = new_netns()
    target = ns.popen(["sleep", "600"])
    running = start()
    viewer = Viewer(running, target=f"sleep({target.pid})").wait_interfaces("lo")
    reader, = running.readers()
    stopped(reader)
    running.kill_process(running.pid("packetflix-service"))
    target.kill()
    target.wait()
    until(lambda: not service.alive(reader), "the reader to end")
    viewer.wait_end()
    running.wait_ready()
    broker = running.process.pid
    before = spent_s(broker)
    time.sleep(1)
    assert spent_s(broker) - before < 0.5, "the broker spins"


# -- ends ------------------------------------------------------------------------------------

@pytest.mark.parametrize("role", ["packetflix-discover", "packetflix-service", "packetflix-reader"])
@pytest.mark.parametrize("how", ["stopped", "spinning"])
def test_nothing_that_hangs_outlives_the_broker(start, scene, stopped, role, how):
    running = start()
    Viewer(running, netns=scene.inode).wait_interfaces("eth0")
    victim, port = running.pid(role), running.port
    if how == "stopped":
        stopped(victim)
    else:
        # an endless loop where it stands
        subprocess.run(["gdb", "-q", "-batch", "-p", str(victim), "-ex", "set var *(short*)$pc=(short)0xfeeb",
                        "-ex", "detach"], check=True, capture_output=True, timeout=50)
        before = spent_s(victim)
        # what it waits for may have to happen first
        until(lambda: Numbered(b"<wake>").send(scene.local, 1) and spent_s(victim) > before + 0.05, "it to spin")
    family = service.descendants(running.process.pid)
    assert len(family) >= 3
    running.process.kill()
    running.process.wait()
    until(lambda: not [pid for pid, since in family.items() if service.alive(pid, since)], "all of them to end")
    service.Service.started.remove(running)
    running.stop = running.kill
    assert start(port=port).get("/version").status == 200


def test_a_child_that_was_there_before_does_not_hold_up_the_end(start):
    """A shell that becomes packetflix leaves it its own children."""
    running = start(wrapper=["bash", "-c", 'sleep 600 & exec "$0" "$@"'])
    inherited, = (pid for pid in service.descendants(running.process.pid) if service.role_of(pid) == "sleep")
    try:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 0
    finally:
        os.kill(inherited, signal.SIGKILL)


def make_certificate(folder, name):
    """Paths of a self-signed certificate for localhost and of its key."""
    files = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", files[0], "-keyout",
                    files[1]], check=True, capture_output=True)
    return files


def test_a_hangup_reads_certificate_key_and_token_again(start, scene, tmp_path):
    token, cert, key = tmp_path / "token", tmp_path / "cert", tmp_path / "key"
    first, second = make_certificate(tmp_path, "first"), make_certificate(tmp_path, "second")

    def use(pair, secret):
        for source, target in zip(pair, (cert, key)):
            shutil.copy(source, target)
        token.write_text(f"{secret}\n")
    use(first, "one")
    running = start("--token-file", str(token), "--tls-cert", str(cert), "--tls-key", str(key), token="one",
                    tls=service.tls_context(first[0]))
    viewer = Viewer(running, netns=scene.inode).wait_interfaces("eth0")
    use(second, "two")
    running.process.send_signal(signal.SIGHUP)
    until(lambda: "msg=reloaded certificate=1 token=1" in running.log, "the reload")
    with pytest.raises(ssl.SSLError):
        running.get("/mobyshark")
    running.tls = service.tls_context(second[0])
    assert running.get("/mobyshark").status == 401
    running.token = "two"
    assert running.get("/mobyshark").status == 200
    Numbered(b"<on>").send(scene.local, 1)
    viewer.wait_carrying(b"<on>", 1)
    viewer.close()


@pytest.mark.parametrize("break_it, words", [
    (lambda token, cert: token.unlink(), "nothing is reloaded: cannot open the token file"),
    (lambda token, cert: token.write_text(" "), "nothing is reloaded: the token file is empty"),
    (lambda token, cert: cert.write_text("nonsense"), "nothing is reloaded: the TLS certificate and key are not usable"),
], ids=["gone", "empty", "nonsense"])
def test_files_that_cannot_be_used_change_nothing(start, tmp_path, break_it, words):
    token = tmp_path / "token"
    token.write_text("one\n")
    cert, key = make_certificate(tmp_path, "own")
    running = start("--token-file", str(token), "--tls-cert", str(cert), "--tls-key", str(key), token="one",
                    tls=service.tls_context(shutil.copy(cert, tmp_path / "kept")))
    break_it(token, cert)
    running.process.send_signal(signal.SIGHUP)
    until(lambda: words in running.log, "the failure")
    assert running.get("/mobyshark").status == 200


def test_targets_that_exit_while_captures_start_cost_no_process(start, new_netns):
    """A pidfd that is closed while a child has a copy of it would be reported for ever."""
    running = start("--max-captures", "4096")
    namespaces = [new_netns() for _ in range(4)]
    for _ in range(6):
        targets = [ns.popen(["sleep", "600"]) for ns in namespaces]
        viewers = []
        try:
            for ns, target in zip(namespaces, targets):
                viewers += [Viewer(running, target=f"sleep({target.pid})", filter=f"udp port {n}") for n in (1, 2, 3)]
                target.kill()
            for viewer in viewers:
                viewer.wait(lambda s: s.packets or True, "an answer")
        finally:
            for target in targets:
                target.kill()
                target.wait()
        for viewer in viewers:
            viewer.drop()
    running.wait_readers(0, 30)
    assert running.get("/readyz").status == 200
    assert restarts(running, "service") == restarts(running, "discover") == 0
