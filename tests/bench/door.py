# SPDX-License-Identifier: MIT
"""The service's connections: next to the build before its own server core, and in crowds that want nothing."""

import contextlib
import socket
import statistics
import time
from types import SimpleNamespace

import experiments
import machine
from pipelines import Product, Us, capture_target
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
            "crowds": crowds(tools, progress)}


def lines(found):
    out = [f"{c['size']} B at {c['rate']}: {c['now_ns']} ns/packet, before {c['before_ns']}" for c in found["compared"]]
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
    for name in ("idle", "half"):
        for path in ("healthz", "mobyshark"):
            out += verdict(f"/{path} p99 beside {CROWD} connections: {name}", found["crowds"][name][f"{path}_p99_ms"], 50, "ms")
    v = found["viewers"]
    out += verdict(f"/healthz p99 with {v['viewers']} viewers at {v['pps']} pps", v["healthz_p99_ms"], 50, "ms")
    out += verdict(f"packets that {v['viewers']} viewers of one capture lose", v["lost"], 0)
    return out + verdict("memory of an idle connection", found["crowds"]["idle_connection_kib"], 4, "KiB")
