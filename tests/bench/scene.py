# SPDX-License-Identifier: MIT
"""A container host of any size made by bench-scene, and what discovery costs and takes on it."""

import contextlib
import http.client
import os
import socket
import statistics
import threading
import time

import machine
from pipelines import Product
from processes import Failed, Process

SIZES = (10, 100, 1000)
PROCESSES = 5  # in each namespace
CLIENTS = 50
ROUNDS = 3  # of what has a limit
QUIET_TRIES = 5  # of each of these: a round in which the host changes measures discovery, too
CHANGES_PER_S = 20
CHANGE_LIMIT_S = 60
SETTLED_PERCENT = 60  # of a core; thousands of new links keep the kernel busy for a while
SETTLE_LIMIT_S = 30
ADDRESSES_S = 3  # until the kernel has made sure that nobody else has the addresses of new links
PARTS = ("scan", "rest", "change", "answers", "faults")
DOCUMENTS = {"mobyshark": "/mobyshark", "json": "/json"}


class Scene:
    """The program, which ends everything it made when it is told or killed."""

    def __init__(self, tools, namespaces):
        self._read, self._write = os.pipe()
        self._process = Process(
            [tools.scene, namespaces, namespaces * PROCESSES], tools.log, stdin=self._read)
        os.close(self._read)
        self._namespaces = namespaces

    def __enter__(self):
        self._process.wait_ready(30 + self._namespaces / 5)
        return self

    def __exit__(self, *_):
        os.close(self._write)
        self._process.kill()

    def settle(self):
        """Wait until the kernel has done what follows from so many new links."""
        time.sleep(ADDRESSES_S)
        deadline = time.monotonic() + SETTLE_LIMIT_S
        while machine.machine_shares(1, 1)["busy"] > SETTLED_PERCENT and time.monotonic() < deadline:
            pass

    def do(self, command):
        os.write(self._write, f"{command}\n".encode())
        done = self._process.next_json(120)
        if done is None:
            raise Failed("bench-scene ended")
        return done


def get(port, path, **headers):
    """Status and body of one request on a connection of its own."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, 60)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def metric(port, name):
    for line in get(port, "/metrics")[1].decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


class Events(threading.Thread):
    """Listens on /events and notes when each namespace is first mentioned."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(f"GET /events HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        self._seen = b""
        self._changed = threading.Condition()
        self.offered = self._socket.recv(12)[-3:] == b"200"
        self.start()

    def run(self):
        while part := self._socket.recv(1 << 20):
            with self._changed:
                self._seen += part
                self._changed.notify_all()

    def forget(self):
        with self._changed:
            self._seen = b""

    def wait_for(self, inode, deadline):
        """When it was mentioned, None if that did not happen in time."""
        word = f'"netns":{inode},'.encode()
        with self._changed:
            found = self._changed.wait_for(
                lambda: word in self._seen, max(0, deadline - time.monotonic()))
            return time.monotonic_ns() if found else None

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self._socket.close()


def wait_in_answer(port, inode, deadline):
    """Ask for the targets until the namespace is among them; when that was."""
    word = f'"netns":{inode},'.encode()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, 60)) as connection:
        while time.monotonic() < deadline:
            connection.request("GET", "/mobyshark")
            if word in connection.getresponse().read():
                return time.monotonic_ns()
    return None


def _summary(values_ns):
    if not values_ns or None in values_ns:
        return None
    return {"median_ms": round(statistics.median(values_ns) / 1e6, 2),
            "worst_ms": round(max(values_ns) / 1e6, 2)}


def changes(product, scene, rounds):
    """How long a new namespace takes to be seen: by one who asks, and by one who listens."""
    events = Events(product.port)
    asked, told = [], []
    try:
        for _ in range(rounds):
            added = scene.do("add")
            at = wait_in_answer(product.port, added["inode"], time.monotonic() + CHANGE_LIMIT_S)
            asked.append(at and at - added["done_ns"])
            scene.do("remove")
            if not events.offered:
                continue
            events.forget()
            added = scene.do("add")
            at = events.wait_for(added["inode"], time.monotonic() + CHANGE_LIMIT_S)
            told.append(at and at - added["done_ns"])
            scene.do("remove")
    finally:
        events.close()
    return {"asked": _summary(asked), "told": _summary(told)}


# How the clients ask, and what they get.
FORMS = {
    "rest": ["Accept-Encoding: gzip"],              # 200, as browsers and our clients ask at first
    "again": ["Accept-Encoding: gzip", "--again"],  # and later: 304 unless there is a new generation
    "plain": [],                                    # 200, not packed
}


def _typical(found):
    """Of several rounds the one with the median p99."""
    return sorted(found, key=lambda f: f["p99_ms"])[len(found) // 2]


def _undisturbed_answers(tools, port, path, seconds):
    """As answers(), if need be again until the host does not change meanwhile. "changes" of what is returned tells
    whether it did in the last try as well."""
    for _ in range(QUIET_TRIES):
        generation = metric(port, "packetflix_catalog_generation")
        found = answers(tools, port, path, seconds)
        if found is None:
            return None
        found["changes"] = round(metric(port, "packetflix_catalog_generation") - generation)
        if found["changes"] == 0:
            break
    return found


def pairs_with_floor(tools, port, path, seconds, rounds):
    """How long answers take, and as many bytes from a server that does nothing else, in turns: what a machine has
    to do for the clients takes its time, too. One pair a round, none when nobody answers."""
    pairs = []
    for _ in range(rounds):
        found = _undisturbed_answers(tools, port, path, seconds)
        if found is None:
            return []
        with Process([tools.answer, found["bytes"]], tools.log) as bare:
            pairs.append((found, _ask(tools, bare.wait_ready()["port"], path, seconds, "rest")))
    return pairs


def answers_and_floor(tools, port, path, seconds, rounds):
    """The typical one of each of pairs_with_floor()."""
    pairs = pairs_with_floor(tools, port, path, seconds, rounds)
    return (_typical([p[0] for p in pairs]), _typical([p[1] for p in pairs])) if pairs else (None, None)


def answers(tools, port, path, seconds, form="rest"):
    return _ask(tools, port, path, seconds, form) if get(port, path)[0] == 200 else None


def _ask(tools, port, path, seconds, form):
    with Process([tools.ask, port, path, CLIENTS, round(seconds * 1000), *FORMS[form]], tools.log) as asking:
        found = asking.results(seconds + 60)
    return {"answers": found["answers"], "known": found["known"],
            "bytes": round(found["bytes"] / max(1, found["answers"] - found["known"])),
            **{f"{key}_ms": round(found[f"{key}_ns"] / 1e6, 3) for key in ("p50", "p99", "max")}}


class Churn(threading.Thread):
    """Additions and removals in turn, at a steady rate as far as the kernel can."""

    def __init__(self, scene):
        super().__init__(daemon=True)
        self._scene = scene
        self._ended = threading.Event()
        self.done = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()
        if self.done % 2:
            self._scene.do("remove")

    def run(self):
        next_s = time.monotonic()
        while not self._ended.wait(max(0, next_s - time.monotonic())):
            self._scene.do("remove" if self.done % 2 else "add")
            self.done += 1
            next_s += 1 / CHANGES_PER_S


def _all_pids(product):
    return [pid for pids in product.roles().values() for pid in pids]


def rest(product, seconds):
    """CPU of the processes while nobody asks, in percent of a core, by role."""
    roles = product.roles()
    before, start = machine.cpu_by_role(roles), time.monotonic_ns()
    time.sleep(seconds)
    after, elapsed = machine.cpu_by_role(roles), time.monotonic_ns() - start
    shares = {role: round(100 * (after[role] - before[role]) / elapsed, 3) for role in roles}
    return {"percent": round(sum(shares.values()), 3), "by_role": shares, "seconds": seconds}


def scan_seconds(product, rounds):
    """What full looks at the host take, from the first to the last."""
    took = [metric(product.port, "packetflix_scan_seconds")]
    for _ in range(rounds):
        get(product.port, "/mobyshark?fresh")
        took.append(metric(product.port, "packetflix_scan_seconds"))
    return {"first_ms": round(took[0] * 1e3, 2),
            "median_ms": round(statistics.median(took[1:]) * 1e3, 2),
            "worst_ms": round(max(took) * 1e3, 2)}


def ask(tools, product, scene, seconds, progress):
    """How long answers take that many ask for at once, in each form, and while the host changes."""
    found = {}
    for name, path in DOCUMENTS.items():
        progress(f"{path}, {CLIENTS} clients at once")
        found[name] = {form: answers(tools, product.port, path, seconds, form) for form in FORMS if form != "rest"}
        found[name]["rest"], found[name]["floor"] = answers_and_floor(tools, product.port, path, seconds, ROUNDS)
        with Churn(scene) as churn:
            start = time.monotonic()
            found[name]["changing"] = answers(tools, product.port, path, seconds)
            found[name]["changes_per_s"] = round(churn.done / (time.monotonic() - start), 1)
    return found


def measure(tools, namespaces, seconds, progress, parts):
    """The numbers of PARTS of a host with so many namespaces."""
    progress(f"scene of {namespaces} namespaces")
    with contextlib.ExitStack() as stack:
        scene = stack.enter_context(Scene(tools, namespaces))
        scene.settle()
        product = stack.enter_context(Product(tools))
        found = {"namespaces": namespaces, "processes": namespaces * PROCESSES}
        if "scan" in parts:
            found["scan"] = scan_seconds(product, 5)
        if "rest" in parts:
            progress(f"{namespaces} namespaces: at rest, {seconds * 3} s")
            time.sleep(2)
            found["rest"] = rest(product, seconds * 3)
        if "change" in parts:
            progress(f"{namespaces} namespaces: changes")
            found["change"] = changes(product, scene, 10)
        if "answers" in parts:
            found |= ask(tools, product, scene, seconds, progress)
        found["memory"] = machine.memory_kib(_all_pids(product))
        if "faults" in parts:
            found["faults"] = faults(product, scene, progress)
    return found


def faults(product, scene, progress):
    """CPU of the product per second of a storm: of short processes, and of a process that renames
    itself all the time."""
    found = {}
    for name, command in (("forks", "fork 3000"), ("renames", "rename 300000")):
        progress(f"storm of {name}")
        roles = product.roles()
        before, start = machine.cpu_by_role(roles), time.monotonic_ns()
        scene.do(command)
        elapsed = time.monotonic_ns() - start
        after = machine.cpu_by_role(roles)
        found[name] = {
            "seconds": round(elapsed / 1e9, 2),
            "percent": round(100 * sum(after[r] - before[r] for r in roles) / elapsed, 2)}
    return found


def scenes(tools, sizes, seconds, progress, parts=PARTS):
    return [measure(tools, n, seconds, progress, parts) for n in sizes]
