# SPDX-License-Identifier: MIT
"""The measurements. Each returns plain dictionaries, for the table and the JSON file."""

import contextlib
import socket
import statistics
import time

import machine
from network import TARGET_ADDRESS
from pipelines import Dumpcap, Floor, Product, Us, capture_target
from processes import Failed, Process

# A row's name for its size -> bytes of the frame (1500 is what IP may carry on Ethernet).
SIZES = {"64": 64, "1500": 1514}
RATES = {"100k": 100_000, "400k": 400_000, "max": 0}
PING = "ping"
PING_PPS = 200
SETTLE_S = 1.2  # a capture's buffers empty, and a last statistics block is due after a second
FURTHER_VIEWERS = 9
IDLE_CAPTURES = 100
CROWD = 10
IDLE_SETTLE_S = 5  # what ends with a hundred captures
PIPELINES = ("us", "dumpcap", "floor", "floor-tcp")


def make_capture(name, tools, network, product):
    if name == "us":
        return Us(tools, network, product)
    if name == "dumpcap":
        return Dumpcap(tools, network)
    return Floor(tools, network, *(["--tcp"] if name == "floor-tcp" else []))


def send(tools, network, size, rate, seconds):
    options = ["--ping", "--rate", PING_PPS] if rate == PING else ["--rate", RATES[rate]]
    command = [tools.send, "--to", TARGET_ADDRESS, "--size", SIZES[size],
               "--ms", round(seconds * 1000), *options]
    # One core is the sender's, as far as it needs it; order of packets is then certain, too.
    with Process(["taskset", "-c", "0", *command], tools.log, netns=network.sender_path) as sender:
        return sender.results(seconds + 10)


def _all_pids(roles):
    return [pid for pids in roles.values() for pid in pids]


def _accounted(counted):
    """Sums over interfaces of what the stream itself says: lost, and whether it adds up."""
    stats = [s for s in counted.get("stats", []) if s["accepted"] is not None]
    if not stats or any(s["ifdrop"] is None or s["delivered"] is None for s in stats):
        return {}
    lost = sum(s["ifdrop"] for s in stats)
    return {
        "reported_lost": lost,
        "accepted": sum(s["accepted"] for s in stats),
        "adds_up": all(s["accepted"] == s["delivered"] + s["ifdrop"] for s in stats),
    }


def measure(capture, tools, network, size, rate, seconds):
    """Send through a running capture, end it, and say what that cost and what was lost."""
    roles = capture.roles()
    before = machine.cpu_by_role(roles)
    arrived = network.arrived()
    sent = send(tools, network, size, rate, seconds)
    time.sleep(SETTLE_S)
    if not capture.alive():
        raise Failed(f"a capture ended by itself ({size} B, {rate}), see {tools.log}")
    cpu = {role: ns - before[role] for role, ns in machine.cpu_by_role(roles).items()}
    memory = machine.memory_kib(_all_pids(roles))
    arrived = network.arrived() - arrived
    counted = capture.finish()
    delivered = counted["distinct"]
    return {
        "size": size, "rate": rate, "sent": sent["sent"], "pps": round(sent["pps"]),
        "arrived": arrived, "delivered": delivered, "lost": sent["sent"] - delivered,
        "strays": counted["packets"] - delivered,
        "cpu_ns": cpu,
        "cpu_ns_per_packet": round(sum(cpu.values()) / max(delivered, 1), 1),
        "latency_p50_ms": counted["latency_p50_ns"] / 1e6,
        "latency_p99_ms": counted["latency_p99_ns"] / 1e6,
        "first_byte_ms": counted["first_byte_ns"] / 1e6 if "first_byte_ns" in counted else None,
        "stream_bytes": counted.get("bytes"),
        "osdrop": counted.get("drops"),
        **memory, **_accounted(counted),
    }


def rows(plan, tools, network, rounds, seconds, progress):
    """Every row of the plan once per round, the pipelines of a row in turn."""
    results = []
    needs_us = any("us" in row["pipelines"] for row in plan)
    with Product(tools) if needs_us else contextlib.nullcontext() as product:
        for number in range(1, rounds + 1):
            for row in plan:
                progress(f"round {number}/{rounds}: {row['size']} B, {row['rate']}")
                for name in row["pipelines"]:
                    with make_capture(name, tools, network, product) as capture:
                        result = measure(capture, tools, network, row["size"], row["rate"], seconds)
                    results.append({"pipeline": name, "round": number, **result})
    return results


def viewers(tools, network, rounds, seconds, progress):
    """One viewer and ten, of our capture and of the floor program."""
    size, rate = "64", "400k"
    results = []
    with Product(tools) as product:
        for number in range(1, rounds + 1):
            progress(f"round {number}/{rounds}: 1 and {1 + FURTHER_VIEWERS} viewers")
            for extra in (0, FURTHER_VIEWERS):
                floor = Floor(tools, network, "--tcp", "--viewers", str(1 + extra))
                for name, made in (("us", Us(tools, network, product, extra)), ("floor", floor)):
                    with made as capture:
                        result = measure(capture, tools, network, size, rate, seconds)
                    results.append(
                        {"pipeline": name, "viewers": 1 + extra, "round": number, **result})
    return {"size": size, "rate": rate, "runs": results, **_viewer_costs(results)}


def _median_of(results, pipeline, viewers_, value):
    return statistics.median(
        value(r) for r in results if r["pipeline"] == pipeline and r["viewers"] == viewers_)


def _viewer_costs(results):
    def per_packet(role):
        return lambda r: r["cpu_ns"].get(role, 0) / max(r["delivered"], 1)

    def per_kib(role):
        return lambda r: 1024 * r["cpu_ns"].get(role, 0) / r["stream_bytes"]

    def further(pipeline, value):
        many, one = (_median_of(results, pipeline, n, value) for n in (1 + FURTHER_VIEWERS, 1))
        return (many - one) / FURTHER_VIEWERS

    one, ten = (_median_of(results, "us", n, per_packet("readers")) for n in (1, 10))
    return {
        "reader_ns_per_packet": {"1": round(one, 1), "10": round(ten, 1)},
        "reader_ratio": round(ten / one, 3) if one else None,
        "further_viewer_ns_per_kib": round(further("us", per_kib("service")), 1),
        "further_send_ns_per_kib": round(further("floor", per_kib("floor")), 1),
    }


def _open_idle_capture(port, target):
    """A viewer without a process of its own, which could cost something while nothing happens."""
    viewer = socket.create_connection(("127.0.0.1", port), 10)
    viewer.sendall((f"GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Key: bnVtYmVyZWQgcGFja2V0cw==\r\n"
                    "Sec-WebSocket-Version: 13\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer or not answer.partition(b"\r\n\r\n")[2]:
        part = viewer.recv(4096)
        if not part:
            break
        answer += part
    head, _, stream = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101 ") or stream[:1] != b"\x82":
        raise Failed(f"idle capture refused: {head.splitlines()[:1]} {stream[2:127]}")
    return viewer


def _share(roles, seconds, slices):
    """CPU time of the processes and of the machine over a while, in percent of one core."""
    before = sum(machine.cpu_by_role(roles).values())
    start = time.monotonic()
    shares = machine.machine_shares(seconds, slices)
    elapsed_ns = (time.monotonic() - start) * 1e9
    shares["processes"] = round(
        100 * (sum(machine.cpu_by_role(roles).values()) - before) / elapsed_ns, 3)
    return shares


def _without_captures(product, seconds, progress):
    progress(f"no captures, {seconds} s")
    roles = product.roles()
    return {**_share(roles, seconds, 5), **machine.memory_kib(_all_pids(roles))}


def crowd(tools, network, seconds, progress):
    """Ten idle captures and the memory they take; then the last one gets 1500-byte packets at full rate, twice: its ring
    is small at first, and a larger one the second time."""
    with Product(tools, *tools.idle_options) as product, contextlib.ExitStack() as opened:
        alone = machine.memory_kib(_all_pids(product.roles()))
        for i in range(CROWD - 1):
            target = capture_target(network, filter=f"udp port {20000 + i}")
            opened.enter_context(_open_idle_capture(product.port, target))
        runs = []
        with Us(tools, network, product) as capture:
            time.sleep(1)
            memory = machine.memory_kib(_all_pids(product.roles()))
            for number in (1, 2):
                progress(f"the last of {CROWD} captures at full rate, {number} of 2")
                runs.append(send(tools, network, "1500", "max", seconds)["sent"])
                time.sleep(SETTLE_S)
            grown = machine.memory_kib(_all_pids(product.roles()))
            counted = capture.finish()
        return {"captures": CROWD, "alone": alone, "idle": memory, "grown": grown, "sent": sum(runs),
                "delivered": counted["packets"], **_accounted(counted)}


def idle(tools, network, seconds, progress):
    """A service without viewers, then one with a hundred captures on which nothing happens, then without again: what
    else the machine does changes, and is as much as what is looked for."""
    with Product(tools, *tools.idle_options) as product, contextlib.ExitStack() as viewers_:
        time.sleep(1)
        alone = machine.memory_kib(product.roles().get("service", []))
        before = _without_captures(product, seconds, progress)
        progress(f"opening {IDLE_CAPTURES} captures")
        start = time.monotonic()
        for i in range(IDLE_CAPTURES):
            # Different filters, so that none shares another's reader.
            target = capture_target(network, filter=f"udp port {20000 + i}")
            viewers_.enter_context(_open_idle_capture(product.port, target))
        opened_s = time.monotonic() - start
        progress(f"{IDLE_CAPTURES} idle captures, {seconds} s")
        time.sleep(1)
        roles = product.roles()
        with_captures = {**_share(roles, seconds, 5), **machine.memory_kib(_all_pids(roles))}
        viewers_.close()
        time.sleep(IDLE_SETTLE_S)
        after = _without_captures(product, seconds, progress)
        without = {key: round((before[key] + after[key]) / 2, 3) for key in before}
        return {
            "captures": IDLE_CAPTURES, "readers": len(roles.get("readers", [])),
            "opened_s": round(opened_s, 2), "seconds": seconds,
            "service_alone": alone, "without": without, "with": with_captures,
        }
