# SPDX-License-Identifier: MIT
"""csharg with the service of this repository at the sender's full rate: what arrived, what csharg wrote, what it said
was lost."""
import json
import re
import signal
import subprocess
import time

import experiments
import report
from network import CAPTURED_IF
from pipelines import Product
from processes import Failed

START_S = 10


def _name(program, host, inode):
    listed = subprocess.run([program, "--host", host, "list", "-o", "json"], capture_output=True, text=True, timeout=30)
    names = [target["name"] for target in json.loads(listed.stdout or "[]") if target["netns"] == inode]
    if not names:
        raise Failed(f"csharg does not list the captured namespace: {listed.stderr.strip()}")
    return names[0]


def _wait_for_reader(product):
    end = time.monotonic() + START_S
    while "readers" not in product.roles():
        if time.monotonic() > end:
            raise Failed("csharg did not start a capture")
        time.sleep(0.02)
    time.sleep(0.5)  # its interfaces are told


def _row(tools, network, program, size, seconds):
    with Product(tools) as product:
        host = f"127.0.0.1:{product.port}"
        process = subprocess.Popen([program, "--host", host, "capture", _name(program, host, network.inode()), "-i", CAPTURED_IF,
                                    "-w", "/dev/null"], stderr=subprocess.PIPE, text=True)
        try:
            _wait_for_reader(product)
            before = network.arrived()
            experiments.send(tools, network, size, "max", seconds)
            time.sleep(experiments.SETTLE_S)
            arrived = network.arrived() - before
            process.send_signal(signal.SIGTERM)
            words = process.communicate(timeout=20)[1]
        finally:
            process.kill()
            process.wait()
    found = re.search(r"captured (\d+) packets .* (\d+) lost", words)
    if not found:
        raise Failed(f"csharg: {words.strip()}")
    captured, lost = int(found[1]), int(found[2])
    return {"size": size, "per_second": round(arrived / seconds), "arrived": arrived, "captured": captured,
            "reported_lost": lost, "unaccounted": arrived - captured - lost}


def rows(tools, network, program, seconds, progress):
    results = []
    for size in experiments.SIZES:
        progress(f"csharg and packetflix at full rate, {size} B")
        results.append(_row(tools, network, program, size, seconds))
    return results


def verdicts(results):
    if not results:
        return []
    return [verdict for text, key in (("packets lost between packetflix and csharg at full rate", "reported_lost"),
                                      ("packets nobody accounts for", "unaccounted"))
            for verdict in report.verdict(text, max(row[key] for row in results), 0, "")]


def table(results):
    return "\n".join(["csharg with packetflix: size  packets/s  arrived  captured  reported lost"] + [
        f"{r['size']:>28s}  {r['per_second']:9d}  {r['arrived']:7d}  {r['captured']:8d}  {r['reported_lost']:13d}" for r in results])
