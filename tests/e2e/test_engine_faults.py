# SPDX-License-Identifier: MIT
"""Engines that break off, lie, never end or speak nonsense: what they do not harm, and what is shown of them."""
import itertools
import json
import subprocess
import sys
import time

import pytest

from harness import netns, service
from harness.events import Events
from harness.fakes import VERSION, Box, FakeDocker, identity
from harness.wait import until

SOON_S = 5  # much less than the pause between scans nobody asked for
SLOW = "container engines are slow"  # what is logged when a scan has waited for one in vain
# Processes called dockerd, each listening at many sockets without ever answering: FOLDER COUNT SOCKETS
CROWD = """
import ctypes, os, signal, socket, sys
folder, count, sockets = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for n in range(count):
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(1, 9)
        kept = [socket.socket(socket.AF_UNIX) for _ in range(sockets)]
        for i, s in enumerate(kept):
            s.bind(f"{folder}/{n}-{i}")
            s.listen(1)
        ctypes.CDLL(None).prctl(15, b"dockerd")
        os.write(1, b"x")
        signal.pause()
signal.pause()
"""


@pytest.fixture
def fake(owned, tmp_path):
    """Starts engines with a MANNER for each part of what they say."""
    return lambda **options: owned.add(FakeDocker(tmp_path, **options))


@pytest.fixture
def box(owned):
    """Starts processes in the cgroup of a container of Docker."""
    return lambda *words: owned.add(Box(*words))


def engine_is_known(running, engine):
    until(lambda: (engine.shown(running) or {}).get("version") == "1.2.3", "the engine")


def test_an_engine_that_is_just_starting_is_asked_again_soon(start, fake):
    engine = fake()
    (engine.folder / "version").unlink()
    running = start()
    until(lambda: (engine.shown(running) or {}).get("state") == "unreachable", "the engine, of which nothing is known")
    engine.write("version", VERSION)
    before = time.monotonic()
    engine_is_known(running, engine)
    assert time.monotonic() - before < SOON_S


@pytest.mark.parametrize("comm", ["dockerd", "podman"])
def test_an_engine_that_ends_leaves_discovery_alive(start, fake, comm):
    running = start()
    pid = running.pid("packetflix-discover")
    engine = fake(comm=comm)
    engine_is_known(running, engine)
    engine.close()
    until(lambda: not engine.shown(running), "the engine to disappear")
    assert running.pid("packetflix-discover") == pid, running.log
    assert running.metrics()['packetflix_process_restarts_total{process="discover"}'] == 0


@pytest.mark.process_events
@pytest.mark.parametrize("manner", ["mute", "half", "ends", "unknown", "silent", "floods", "heads"])
def test_containers_come_and_go_whatever_becomes_of_the_events(shared, fake, owned, manner):
    engine = fake(events=manner)
    engine_is_known(shared, engine)
    with Events(shared) as events:
        assert events.next()[0] == "snapshot"
        number = identity()
        engine.tell((number, f"here-{manner}"))
        tenant = Box(number)
        try:
            came = events.wait(["added", "changed"], lambda t: t["name"] == f"here-{manner}", SOON_S)
            assert (came["type"], came["pid"]) == ("docker", tenant.pid)
        finally:
            tenant.close()
        events.wait(["removed"], lambda t: t["name"] == f"here-{manner}", SOON_S)


@pytest.mark.process_events
def test_an_engine_whose_events_end_is_asked_for_them_ever_less_often(shared, fake):
    engine = fake(events="ends")
    times = until(lambda: len(engine.asked(shared, "stream")) > 3 and engine.asked(shared, "stream"), "three more streams")
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert [gap > 0.45 * 2 ** n for n, gap in enumerate(gaps[:3])] == [True] * 3, gaps


@pytest.mark.process_events
def test_what_happened_while_nobody_listened_is_seen_afterwards(shared, fake, box):
    number = identity()
    engine = fake(events="renames")
    engine.tell((number, "later"), name="list.next")
    engine.tell((number, "before"))
    box(number)
    with Events(shared) as events:
        event, _, data = events.next()
        if "later" not in [t["name"] for t in data["targets"]]:
            events.wait(["added", "changed"], lambda t: t["name"] == "later", SOON_S)


@pytest.mark.process_events
def test_what_one_engine_announces_is_no_reason_to_ask_another(start, fake):
    quiet, speaks = fake(), fake(events="ticks")
    running = start()
    for engine in (quiet, speaks):
        engine_is_known(running, engine)
    before = [len(engine.asked(running, "list")) for engine in (quiet, speaks)]
    until(lambda: len(speaks.asked(running, "list")) >= before[1] + 20, "that it is asked when it announces something")
    # new containers of others on this machine are a reason, too
    assert len(quiet.asked(running, "list")) <= before[0] + 10


def test_a_flood_of_events_keeps_nobody_busy(start, fake):
    running = start()
    engine = fake(events="floods")
    engine_is_known(running, engine)
    pid = running.pid("packetflix-discover")

    def cpu_s():
        return int(open(f"/proc/{pid}/schedstat", encoding="ascii").read().split()[0]) / 1e9
    before, began = cpu_s(), time.monotonic()
    until(lambda: time.monotonic() - began > 2, "two seconds")
    assert cpu_s() - before < 0.5 * (time.monotonic() - began)


def test_bad_answers_delay_nobody(start, fake, box, new_netns):
    bad = [fake(**{part: manner}) for part, manner in (
        *(("version", manner) for manner in ("silent", "endless", "drips", "heads")),
        *(("list", manner) for manner in ("silent", "endless", "gigabytes", "drips", "breaks", "longer", "shorter",
                                          "negative", "chunks", "late")),
        ("container", "silent"))]
    number = identity()
    good = fake()
    good.tell((number, "the good one"))
    for engine in bad:
        engine.tell((identity(), "nobody"))
    tenant = box(number)
    child = new_netns().popen(["/usr/bin/sleep", "600"])
    until(lambda: service.role_of(child.pid) == "sleep", "sleep to run")
    running = start()
    for _ in range(10):
        names = {t["pid"]: t["name"] for t in running.targets()}
        assert names[tenant.pid] == "the good one" and names[child.pid] == f"sleep({child.pid})"
    assert running.log.count(SLOW) <= 3, "who was late once is not waited for every time"
    assert running.metrics()['packetflix_process_restarts_total{process="discover"}'] == 0


@pytest.mark.parametrize("since_s", [0, 0.2, 0.4])
def test_an_engine_that_answers_slowly_is_waited_for_by_who_asks(start, fake, box, since_s):
    """The engine announces nothing, and a look at the host that nobody waits for goes on without it."""
    engine = fake(list="slow")
    running = start()
    engine_is_known(running, engine)
    for n in range(3):
        number = identity()
        engine.tell((number, f"new-{n}"))
        tenant = box(number)
        time.sleep(since_s)
        targets = running.get("/mobyshark").json["containers"]
        assert [t["name"] for t in targets if t["pid"] == tenant.pid] == [f"new-{n}"]
    assert SLOW not in running.log


class Crowd:
    """COUNT engines that never answer, in a PID namespace of their own."""

    def __init__(self, folder, count, sockets):
        self._process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", CROWD,
                                          str(folder), str(count), str(sockets)],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert len(self._process.stdout.read(count)) == count

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def test_a_crowd_of_silent_engines_delays_one_scan_and_hides_no_other(start, fake, owned, box, tmp_path):
    number = identity()
    owned.add(Crowd(tmp_path, 40, 16))
    tenant = box(number)
    running = start()
    good = fake()
    good.tell((number, "a late comer"))
    until(lambda: running.target(name="a late comer", pid=tenant.pid), "the younger engine's container")
    before = running.log.count(SLOW)
    assert before <= 3
    for _ in range(5):
        assert running.target(name="a late comer", pid=tenant.pid)
    assert running.log.count(SLOW) == before, "they are waited for again"
    assert "error=" not in running.log
    assert running.metrics()['packetflix_process_restarts_total{process="discover"}'] == 0


HOSTILE = [  # as JSON has it, as it is shown
    (b'bad \xff\xfe utf-8', "bad ?? utf-8"),
    (b'half \xe2\x82', "half ??"),
    (b'surrogate \xed\xa0\x80', "surrogate ???"),
    (b'\\u001b[31mred\\u0007', "?[31mred?"),
    (b'raw \x01\x1f\x7f', "raw ???"),
    (b'two\\nlines\\r\\n', "two?lines??"),
    (b'<script>\\"&\\u2028', '<script>"&\u2028'),
    (b'zero\\u0000after', "zero?after"),
    (b'lone \\ud800', "lone ?"),
    (b'n' * (1 << 20), "n" * 1023),
    ('grüße 日本 🦈'.encode(), "grüße 日本 🦈"),
    ('right‮⁦to left31m'.encode(), "right??to left?31m"),
]


def test_hostile_names_and_labels_stay_names_and_labels(start, fake, box):
    entries, boxes = [], {}
    engine = fake()
    for raw, _ in HOSTILE:
        number = identity()
        boxes[raw] = box(number)
        entries.append(b'{"Id":"%s","Names":["/%s"],"State":"running","Labels":{"%s":"%s"}}' % (
            number.encode(), raw, raw[:1000], raw))
    engine.write("info", b'{"ID":"\xff\x00\\u0000"}')
    engine.write("list", b"[" + b",".join(entries) + b"]")
    running = start()
    engine_is_known(running, engine)
    shown = {raw: until(lambda raw=raw: running.target(pid=boxes[raw].pid, type="docker"), "its name")["name"]
             for raw in boxes}
    assert shown == dict(HOSTILE)
    for path in ("/mobyshark?fresh", "/json?fresh"):
        text = running.get(path).body.decode("utf-8", "strict")
        assert not [c for c in text[:-1] if ord(c) < 0x20 or ord(c) == 0x7f]
        json.loads(text)
    found = {c["pid"]: c["labels"] for n in json.loads(text)["network-namespaces"] for c in n["containers"] if "labels" in c}
    for raw, clean in HOSTILE:
        if len(raw) < 1000:
            assert found[boxes[raw].pid][clean] == clean


def test_one_broken_list_takes_the_former_away_from_nobody(start, fake, box):
    number, engine = identity(), fake()
    engine.tell((number, "known"))
    tenant = box(number)
    running = start()
    until(lambda: running.target(name="known", pid=tenant.pid), "the container")
    for nonsense in (b"", b"null", b"{}", b'[{"Id":', b"[" * 100000, b"\xff" * 100):
        engine.write("list", nonsense)
        assert running.target(name="known", pid=tenant.pid), nonsense[:20]
    assert running.metrics()['packetflix_process_restarts_total{process="discover"}'] == 0


def test_two_engines_of_one_id_are_both_kept(start, fake, box):
    engines, boxes = [], []
    for name in ("first", "second"):
        number = identity()
        engines.append(fake())
        engines[-1].write("info", {"ID": "the same"})
        engines[-1].tell((number, name))
        boxes.append(box(number))
    running = start()
    for name, tenant in zip(("first", "second"), boxes):
        until(lambda name=name, tenant=tenant: running.target(name=name, pid=tenant.pid, type="docker"), name)
    shown = until(lambda: all(e.shown(running).get("id") for e in engines) and [e.shown(running) for e in engines], "ids")
    assert [e["id"] for e in shown] == ["the same"] * 2
    found = {c["name"]: c["api-path"] for n in running.get("/json?fresh").json["network-namespaces"]
             for c in n["containers"] if c["type"] == "docker"}
    assert [found[name] for name in ("first", "second")] == [
        f"unix:///proc/{e.pid}/root{e.folder}/docker.sock" for e in engines]


def test_two_engines_that_tell_of_one_container_show_it_once(start, fake, box):
    number = identity()
    tenant = box(number)
    for name in ("of the elder", "of the younger"):
        engine = fake()
        engine.tell((number, name))
        engine.know(number, name, tenant.pid)
    running = start()
    target = until(lambda: running.target(pid=tenant.pid, type="docker"), "the container")
    assert target["name"] == "of the elder"


def test_links_that_come_during_a_scan_are_not_taken_for_those_of_an_ended_namespace(start, fake, owned, new_netns):
    """An engine that is slow makes each scan last; meanwhile the id of a namespace that has ended goes to a new
    one, and then the new one gets links."""
    fake(events="ticks", list="slow")
    running = start()

    def listed(**wanted):
        targets = running.get("/mobyshark").json["containers"]
        return [t for t in targets if all(t[k] == v for k, v in wanted.items())]
    old = [new_netns("ended") for _ in range(4)]
    for ns in old:
        until(lambda ns=ns: listed(netns=ns.inode), "the namespace that will end")
    for ns in old:
        ns.close()
    process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    try:
        until(lambda: service.role_of(process.pid) == "sleep", "sleep to run")
        names = [f"ifb{n}" for n in range(100, 112)]
        for name in names:
            for words in (("add", name, "type", "ifb"), ("set", name, "up")):
                subprocess.run(["nsenter", f"--target={process.pid}", "--net", "ip", "link", *words], check=True)
            time.sleep(0.2)
        until(lambda: [t for t in listed(pid=process.pid) if set(names) <= set(t["network-interfaces"])],
              "all of its links", SOON_S)
    finally:
        process.kill()
        process.wait()
