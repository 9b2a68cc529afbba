# SPDX-License-Identifier: MIT
"""Running it: health, numbers, orderly ends, and surviving what dies or runs out."""
import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from harness import service
from harness.client import Download, Raw, Viewer, check_close
from harness.pcapng import judge
from harness.traffic import Numbered
from harness.wait import until


def sum_of(metrics, words):
    """The sum of all samples whose name has all WORDS in it; there must be one."""
    found = {key: value for key, value in metrics.items() if all(word in key for word in words.split())}
    assert found, f"no metric about {words!r} in {sorted(metrics)}"
    return sum(found.values())


# -- health and numbers ----------------------------------------------------------------------

def test_health_and_readiness_answer_200(shared):
    for route in ("/healthz", "/readyz"):
        answer = shared.get(route)
        assert answer.status == 200 and answer.body


def test_metrics_are_prometheus_text_about_everything_promised(shared):
    answer = shared.get("/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    metrics = service.parse_metrics(answer.text)
    assert all(key.startswith(("packetflix_", "process_")) for key in metrics)
    for words in ("captures", "viewers", "packets", "bytes", "lost", "restarts"):
        sum_of(metrics, words)
    causes = set(re.findall(r'packetflix_\w*lost\w*\{[^}]*cause="(\w+)"', answer.text))
    assert len(causes) >= 2, "losses are not told apart by cause"


def test_every_metric_has_a_help_line(shared):
    text = shared.get("/metrics").text
    for name in re.findall(r"^# TYPE (\S+)", text, re.M):
        assert f"# HELP {name} " in text


def test_the_numbers_follow_what_happens(start, scene):
    running = start()
    one = Viewer(running, netns=scene.inode, nif="eth0", filter="udp port 9").wait_interfaces("eth0")
    two = Viewer(running, netns=scene.inode, nif="eth0", filter="udp port 9").wait_interfaces("eth0")
    Numbered(b"<numbers>", 100).send(scene.local, 40)
    for viewer in (one, two):
        viewer.wait_carrying(b"<numbers>", 40)
    metrics = running.metrics()
    gauges = {key: value for key, value in metrics.items() if not key.partition("{")[0].endswith("_total")}
    assert sum_of(gauges, "packetflix_viewers") == 2
    assert sum_of(gauges, "packetflix_captures") == 1
    assert 80 in [v for k, v in metrics.items() if "packets" in k] or 40 in [v for k, v in metrics.items() if "packets" in k]
    one.close()
    two.close()
    until(lambda: sum_of({k: v for k, v in running.metrics().items() if not k.partition("{")[0].endswith("_total")},
                         "packetflix_viewers") == 0, "no viewer in the numbers")


# -- orderly end -----------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_capture_with_a_last_account_and_a_proper_close(start, scene, number):
    running = start()
    viewers = [Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0"),
               Viewer(running, netns=scene.inode).wait_interfaces("eth0"),
               Viewer(running, netns=scene.far.inode).wait_interfaces("peer0")]
    Numbered(b"<last>").send(scene.local, 25)
    for viewer in viewers:
        viewer.wait_carrying(b"<last>", 25)
    family = service.descendants(running.process.pid)
    running.process.send_signal(number)
    for viewer in viewers:
        viewer.wait_end()
        assert viewer.close_code == 1001 and viewer.close_reason
        assert viewer.stream.blocks[-1] == 5, "the stream does not end with statistics"
        assert viewer.stream.total("ifrecv") == viewer.stream.packet_count
        judge(viewer.saved)
    assert running.process.wait(15) == 0
    until(lambda: not [pid for pid, began in family.items() if service.alive(pid, began)], "all processes to end")


def test_viewers_that_do_not_answer_cannot_hold_up_the_end(start, plain_scene):
    running = start()
    with Raw(running, rcvbuf=4096) as stuck, Raw(running) as silent:
        stuck.sock.sendall(stuck.request(f"/capture?netns={plain_scene.inode}"))
        silent.open(netns=plain_scene.inode)
        silent.frame()
        Numbered(b"<stuck>", 1400).send(plain_scene.local, 5000)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0


def test_no_new_client_is_taken_once_the_end_has_begun(start, plain_scene):
    running = start()
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(15)
    with pytest.raises(OSError):
        running.dial(2)


def test_the_port_can_be_taken_again_at_once(start, plain_scene):
    first = start()
    Viewer(first, netns=plain_scene.inode, nif="lo").wait_interfaces("lo")
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(15) == 0
    assert start(port=first.port).get("/version").status == 200


# -- deaths ----------------------------------------------------------------------------------

def test_a_killed_reader_ends_its_capture_with_a_reason_and_nothing_else(start, scene):
    running = start()
    victim = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    victim_download = Download(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    reader, = running.readers()
    other = Viewer(running, netns=scene.inode, nif="lo").wait_interfaces("lo")
    before = running.metrics()
    running.kill_process(reader)
    victim.wait_end()
    victim_download.wait_end()
    check_close(victim.close_code, victim.close_reason)
    assert victim.close_code == 1011 and victim.close_reason
    assert len(running.readers()) == 1 and not other.ended
    other.ping()
    again = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    scene.send(Numbered(b"<after-death>").frame(0))
    again.wait_carrying(b"<after-death>")
    after = running.metrics()
    risen = [key for key in after if "reader" in key and after[key] == before.get(key, 0) + 1]
    assert risen, "the death of a reader is not in the metrics"
    until(lambda: re.search(r"reader.*(killed|signal|died|crash)", running.log, re.I), "the death in the log")


def test_a_killed_discover_comes_back_and_captures_go_on(start, scene):
    running = start()
    viewer = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    before = running.metrics()
    for round_number in range(3):
        victim = running.pid("packetflix-discover")
        running.kill_process(victim)
        until(lambda: [p for p in running.pids("packetflix-discover") if p != victim], "a new discover")
        until(lambda: listed(running, scene.inode), "the list")
        marker = b"<discover-%d>" % round_number
        scene.send(Numbered(marker).frame(0))
        viewer.wait_carrying(marker)
    after = running.metrics()
    assert [key for key in after if "discover" in key and after[key] == before.get(key, 0) + 3], "restarts are not counted"
    assert running.get("/readyz").status == 200


def test_an_end_that_no_test_declared_is_found_when_its_packetflix_is_stopped(start):
    running = start()
    os.kill(running.pid("packetflix-discover"), signal.SIGKILL)
    until(lambda: running.unexpected_ends() == {"discover": 1}, "the end of discover in the metrics")
    with pytest.raises(AssertionError, match="ended unexpectedly: {'discover': 1}"):
        running.stop()
    assert running.process.returncode == 0


def listed(running, inode):
    answer = running.get("/mobyshark")
    return answer.status == 200 and any(t["netns"] == inode for t in answer.json["containers"])


def test_a_stopped_discover_does_not_stop_captures(start, scene):
    running = start()
    viewer = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    stopped = running.pid("packetflix-discover")
    os.kill(stopped, signal.SIGSTOP)
    try:
        scene.send(Numbered(b"<no-discover>").frame(0))
        viewer.wait_carrying(b"<no-discover>")
        assert running.get("/healthz").status == 200
    finally:
        os.kill(stopped, signal.SIGCONT)
    until(lambda: listed(running, scene.inode), "the list")


def test_a_killed_service_is_started_again_and_its_readers_end(start, scene):
    running = start()
    viewer = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    readers = running.readers()
    victim = running.pid("packetflix-service")
    running.kill_process(victim)
    viewer.wait_end()
    until(lambda: [p for p in running.pids("packetflix-service") if p != victim], "a new service")
    until(lambda: not [r for r in readers if service.alive(r)], "the old readers to end")
    running.wait_ready()
    again = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    scene.send(Numbered(b"<new-service>").frame(0))
    again.wait_carrying(b"<new-service>")


def test_nothing_outlives_a_killed_broker(start, scene):
    running = start()
    Viewer(running, netns=scene.inode).wait_interfaces("lo")
    family = service.descendants(running.process.pid)
    assert len(family) >= 3
    running.process.kill()
    running.process.wait()
    until(lambda: not [pid for pid, began in family.items() if service.alive(pid, began)], "all processes to end")
    service.Service.started.remove(running)
    running.stop = lambda: None


@pytest.mark.parametrize("how", ["process", "mount"])
def test_a_target_that_vanishes_ends_its_stream_with_a_reason(start, new_netns, how):
    running, ns = start(), new_netns("vanishing")
    child = None
    if how == "process":
        child = ns.popen(["/usr/bin/sleep", "600"])
        until(lambda: service.role_of(child.pid) == "sleep", "sleep to run")
        listed_target = running.target(pid=child.pid)
        viewer = Viewer(running, container=json.dumps(listed_target)).wait_interfaces("lo")
    else:
        viewer = Viewer(running, netns=ns.inode).wait_interfaces("lo")
    ns.close()
    viewer.wait_end(30)
    check_close(viewer.close_code, viewer.close_reason)
    assert viewer.close_reason, "no reason given"
    assert viewer.stream.blocks[-1] == 5, "no final account"
    running.wait_readers(0)


def test_a_container_that_is_removed_ends_its_stream_with_a_reason(shared, engine, container):
    name = container("leaving")
    viewer = Viewer(shared, target=name, follow="off").wait_interfaces("eth0")
    engine.remove(name)
    viewer.wait_end(30)
    check_close(viewer.close_code, viewer.close_reason)
    assert viewer.close_reason
    shared.wait_readers(0)


# -- running out -----------------------------------------------------------------------------

def test_captures_leave_no_descriptors_and_no_processes(start, scene):
    running = start()

    def inventory():
        roles = service.ROLES[:3]
        return [len(running.readers())] + [len(service.descriptors(running.pid(role))) for role in roles]

    def use():
        viewer = Viewer(running, netns=scene.inode).wait_interfaces("lo")
        running.targets()
        viewer.close()
        Viewer(running, netns=scene.inode, nif="lo").wait_interfaces("lo").drop()
        Download(running, netns=scene.inode, filter="udp").wait_interfaces("lo").close()
        running.wait_readers(0)
    use()
    until(lambda: inventory() == inventory(), "quiet")
    baseline = inventory()
    for _ in range(10):
        use()
    until(lambda: all(now <= then for now, then in zip(inventory(), baseline)), f"no more than {baseline} descriptors")


def test_running_out_of_descriptors_is_survived(start, scene):
    running = start(wrapper=("prlimit", "--nofile=96:96"))
    viewer = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    held = []
    try:
        for _ in range(160):
            try:
                sock = running.dial(2)
                sock.sendall(f"GET /capture?netns={scene.inode}&filter=udp+port+{len(held) + 1} HTTP/1.1\r\nHost: localhost"
                             "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n".encode())
                held.append(sock)
            except OSError:
                break
        scene.send(Numbered(b"<exhausted>").frame(0))
        viewer.wait_carrying(b"<exhausted>")
    finally:
        for sock in held:
            sock.close()

    def recovered():
        try:
            again = Viewer(running, netns=scene.inode, nif="lo")
        except Exception:
            return False
        try:
            again.wait_interfaces("lo", timeout=3)
            return True
        except AssertionError:
            return False
        finally:
            again.drop()
    until(recovered, "captures to work again", 30)
    assert running.process.poll() is None


def test_it_does_nothing_while_nothing_happens(shared, plain_scene):
    """An idle capture costs next to no processor time."""
    viewer = Viewer(shared, netns=plain_scene.inode, filter="udp port 4999").wait_interfaces("eth0")
    family = [shared.process.pid, *service.descendants(shared.process.pid)]
    viewer.ping()

    def spent():
        return sum(int(f[11]) + int(f[12]) for f in map(service.stat_fields, family) if f)
    before = spent()
    time.sleep(3)      # idling is what is measured
    ticks = os.sysconf("SC_CLK_TCK")
    assert (spent() - before) / ticks < 0.3, "more than a tenth of a core while idle"


def test_the_log_may_go_to_a_regular_file(start, scene, tmp_path):
    saved = tmp_path / "log"
    running = start("--log-requests", wrapper=("/bin/sh", "-c", f'exec "$@" >{saved} 2>&1', "sh"))
    Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0").close()
    running.get("/in-the-log")
    until(lambda: "in-the-log" in saved.read_text(), "the request in the log")
    assert running.get("/readyz").status == 200
    metrics = running.metrics()
    assert sum_of(metrics, "restarts") == 0, saved.read_text()


def test_log_lines_are_single_structured_lines_without_control_characters(start, scene):
    running = start("--debug", "--log-requests")
    Viewer(running, netns=scene.inode, nif="lo").wait_interfaces("lo").close()
    Viewer(running, {"container": '{"name":"a\\nb\\u001b[31m"}'}).wait_end()
    running.wait_readers(0)
    for line in running.log.splitlines():
        assert line.isprintable(), repr(line)


def test_metrics_tell_memory_and_descriptors_of_the_service(start):
    running = start()
    before = running.metrics()
    service = running.pid("packetflix-service")
    pages = int(Path(f"/proc/{service}/statm").read_text().split()[1])
    assert 0.5 < before["process_resident_memory_bytes"] / (pages * os.sysconf("SC_PAGE_SIZE")) < 2
    held = [running.dial() for _ in range(20)]
    try:
        until(lambda: running.metrics()["process_open_fds"] >= before["process_open_fds"] + 20, "the connections")
    finally:
        for one in held:
            one.close()
    assert before["process_max_fds"] > before["process_open_fds"] > 5
