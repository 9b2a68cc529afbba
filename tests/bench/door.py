# SPDX-License-Identifier: MIT
"""The service's connections: next to the build before its own server core, and in crowds that want nothing."""

import contextlib
import socket
import statistics
import time
from types import SimpleNamespace

import experiments
import machine
import scene
import secure
from pipelines import Floor, Product, Us, capture_target
from processes import Failed, Process
from report import verdict
from scene import metric

CROWD = 1000
ASKS = 200
VIEWERS = 512
VIEWER_PPS = 50_000
VIEWER_MS = 4000
VIEWER_ASKS = 60
IDLE_SETTLE_S = 1
COMPARED = (("64", "400k"), ("1500", "400k"))
NAMESPACES = 100  # of the host whose /json is asked for
DOCUMENT_ROUNDS = 5
DOCUMENT_S = 1


def compared(tools, network, rounds, seconds, progress):
    """CPU per delivered packet of both builds, in turns, for each of COMPARED: of all processes, and of the service."""
    before = SimpleNamespace(**{**vars(tools), "product": tools.before})
    found = []
    for size, rate in COMPARED:
        pairs = []
        for number in range(rounds):
            progress(f"door: {size} B at {rate}, now and before, round {number + 1}")
            pair = []
            for build in (tools, before):
                with Product(build) as product, Us(build, network, product) as capture:
                    run = experiments.measure(capture, build, network, size, rate, seconds)
                    pair.append((run["cpu_ns_per_packet"], run["cpu_ns"]["service"] / max(run["delivered"], 1)))
            pairs.append(pair)
        now, then = (round(statistics.median(p[i][0] for p in pairs), 1) for i in (0, 1))
        found.append({"size": size, "rate": rate, "now_ns": now, "before_ns": then,
                      "ratio": round(statistics.median(a[0] / b[0] for a, b in pairs), 3),
                      "service_ratio": round(statistics.median(a[1] / b[1] for a, b in pairs), 3)})
    return found


def beside_floor(tools, network, rounds, seconds, progress):
    """CPU per delivered packet at full rate, next to the floor over TCP, in turns."""
    found = []
    for size in experiments.SIZES:
        pairs = []
        for number in range(rounds):
            progress(f"door: {size} B at full rate, now and the floor, round {number + 1}")
            with Product(tools) as product, Us(tools, network, product) as capture:
                now = experiments.measure(capture, tools, network, size, "max", seconds)
            with Floor(tools, network, "--tcp") as capture:
                floor = experiments.measure(capture, tools, network, size, "max", seconds)
            pairs.append((now["cpu_ns_per_packet"], floor["cpu_ns_per_packet"]))
        now_ns, floor_ns = (round(statistics.median(p[i] for p in pairs), 1) for i in (0, 1))
        found.append({"size": size, "now_ns": now_ns, "floor_ns": floor_ns,
                      "ratio": round(statistics.median(a / b for a, b in pairs), 3)})
    return found


def documents(tools, progress):
    """How long /json takes when many ask at once, next to as many bytes from a bare server, in turns."""
    with scene.Scene(tools, NAMESPACES) as host:
        host.settle()
        with Product(tools) as product:
            progress(f"door: /json of {NAMESPACES} namespaces, {scene.CLIENTS} clients at once, and a bare server")
            pairs = scene.pairs_with_floor(tools, product.port, "/json", DOCUMENT_S, DOCUMENT_ROUNDS)
    undisturbed = [p for p in pairs if p[0]["changes"] == 0]
    pairs = undisturbed or pairs
    now_ms, floor_ms = (round(statistics.median(p[i]["p99_ms"] for p in pairs), 3) for i in (0, 1))
    return {"p99_ms": now_ms, "floor_p99_ms": floor_ms, "rounds": len(pairs), "is_undisturbed": bool(undisturbed),
            "ratio": round(statistics.median(a["p99_ms"] / b["p99_ms"] for a, b in pairs), 3)}


def ask(port, path, count):
    """p99 of COUNT requests, each on a connection of its own, in milliseconds."""
    took = []
    for _ in range(count):
        began = time.monotonic_ns()
        with socket.create_connection(("127.0.0.1", port), 60) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while part := sock.recv(1 << 20):
                data += part
        if not data.startswith(b"HTTP/1.1 200 "):
            raise Failed(f"{path} is answered with {data[:40]!r}")
        took.append((time.monotonic_ns() - began) / 1e6)
    return round(statistics.quantiles(took, n=100)[98], 3)


@contextlib.contextmanager
def crowd(port, data, is_answered):
    """CROWD connections that have sent DATA and then say nothing."""
    held = []
    try:
        for _ in range(CROWD):
            held.append(socket.create_connection(("127.0.0.1", port), 60))
            held[-1].sendall(data)
            if is_answered:
                held[-1].recv(4096)
        yield
    finally:
        for sock in held:
            sock.close()


def _private_kib(product):
    return machine.memory_kib(product.roles()["service"])["pss_kib"]


def crowds(tools, progress):
    """What others wait for while a crowd holds connections, and what such a connection takes."""
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    found = {}
    with Product(tools, "--max-connections", 4 * CROWD) as product:
        for name, data, is_answered in (("none", None, False), ("idle", whole, True), ("half", whole[:-4], False)):
            progress(f"door: {CROWD} connections: {name}")
            with crowd(product.port, data, is_answered) if data else contextlib.nullcontext():
                time.sleep(IDLE_SETTLE_S)
                found[name] = {"kib": _private_kib(product), "healthz_p99_ms": ask(product.port, "/healthz", ASKS),
                               "mobyshark_p99_ms": ask(product.port, "/mobyshark", ASKS)}
    found["idle_connection_kib"] = round((found["idle"]["kib"] - found["none"]["kib"]) / CROWD, 3)
    return found


def many_viewers(tools, network, progress):
    """What /healthz takes while VIEWERS share one capture, and what they lose."""
    progress(f"door: {VIEWERS} viewers")
    with contextlib.ExitStack() as stack:
        product = stack.enter_context(Product(tools, "--max-connections", 2 * VIEWERS, "--memory", "1G"))
        for _ in range(VIEWERS):
            viewer = stack.enter_context(Process(
                [tools.client, "--port", product.port, "--target", capture_target(network), "--discard"], tools.log))
            viewer.wait_ready()
        command = ["taskset", "-c", "0", tools.send, "--to", experiments.TARGET_ADDRESS, "--size", 64, "--ms", VIEWER_MS,
                   "--rate", VIEWER_PPS]
        with Process(command, tools.log, netns=network.sender_path) as sender:
            time.sleep(IDLE_SETTLE_S)
            p99 = ask(product.port, "/healthz", VIEWER_ASKS)
            sent = sender.results(VIEWER_MS / 1000 + 20)
        time.sleep(IDLE_SETTLE_S)
        lost = sum(metric(product.port, f'packetflix_lost_packets_total{{cause="{cause}"}}') for cause in ("ring", "viewer"))
    return {"viewers": VIEWERS, "pps": round(sent["pps"]), "healthz_p99_ms": p99, "lost": lost}


def rows(tools, network, rounds, seconds, progress):
    return {"viewers": many_viewers(tools, network, progress),
            "compared": compared(tools, network, rounds, seconds, progress) if tools.before.is_file() else [],
            "floor": beside_floor(tools, network, rounds, seconds, progress),
            "documents": documents(tools, progress),
            "secure": secure.measure(tools, network, rounds, seconds, progress),
            "crowds": crowds(tools, progress)}


def lines(found):
    out = [f"{c['size']} B at {c['rate']}: {c['now_ns']} ns/packet, before {c['before_ns']}" for c in found["compared"]]
    out += [f"{c['size']} B at full rate: {c['now_ns']} ns/packet, floor {c['floor_ns']}" for c in found["floor"]]
    d = found["documents"]
    out.append(f"/json, {scene.CLIENTS} clients at once: p99 {d['p99_ms']} ms, bare server {d['floor_p99_ms']} ms, "
               f"{d['rounds']} rounds in which the host " + ("did not change" if d["is_undisturbed"] else "changed"))
    out.append(f"service, over TLS: {found['secure']['ns_per_kib']} ns/KiB, openssl s_server "
               f"{found['secure']['plain_ns_per_kib']}")
    for name in ("none", "idle", "half"):
        c = found["crowds"][name]
        out.append(f"{CROWD} connections that are {name}: p99 /healthz {c['healthz_p99_ms']} ms, /mobyshark "
                   f"{c['mobyshark_p99_ms']} ms" if name != "none" else
                   f"no other connections: p99 /healthz {c['healthz_p99_ms']} ms, /mobyshark {c['mobyshark_p99_ms']} ms")
    return "\n".join(out)


def verdicts(found):
    if not found:
        return []
    out = []
    for c in found["compared"]:
        out += verdict(f"CPU per packet / before the own server core, {c['size']} B at {c['rate']}", c["ratio"], 0.85)
        out += verdict(f"the same, of the service alone, {c['size']} B at {c['rate']}", c["service_ratio"], None)
    for c in found["floor"]:
        out += verdict(f"CPU per packet / floor over TCP, {c['size']} B at full rate", c["ratio"], 1.25)
    d = found["documents"]
    changed = "" if d["is_undisturbed"] else " (while the host changed)"
    out += verdict(f"/json p99, {scene.CLIENTS} clients / a bare server{changed}", d["ratio"], 1.3)
    # 0.8 of the throughput of a core
    out += verdict("service's CPU per byte of a capture over TLS / openssl s_server", found["secure"]["ratio"], 1 / 0.8)
    for name in ("idle", "half"):
        for path in ("healthz", "mobyshark"):
            out += verdict(f"/{path} p99 beside {CROWD} connections: {name}", found["crowds"][name][f"{path}_p99_ms"], 50, "ms")
    v = found["viewers"]
    out += verdict(f"/healthz p99 with {v['viewers']} viewers at {v['pps']} pps", v["healthz_p99_ms"], 50, "ms")
    out += verdict(f"packets that {v['viewers']} viewers of one capture lose", v["lost"], 0)
    return out + verdict("memory of an idle connection", found["crowds"]["idle_connection_kib"], 4, "KiB")
