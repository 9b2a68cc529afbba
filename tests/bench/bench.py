# SPDX-License-Identifier: MIT
"""Measures packetflix next to dumpcap and next to the least a capture can cost. See README.md."""

import argparse
import json
import os
import platform
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import client_live
import clients
import door
import experiments
import extcap
import machine
import report
import scene
import scene_report
from network import Network, remove_leftovers
from processes import Failed

ROOT = Path(__file__).resolve().parents[2]
BUSY_LIMIT = 15  # percent of a core, while the benchmark itself does nothing


def choice_list(choices):
    def parse(text):
        chosen = text.split(",")
        for word in chosen:
            if word not in choices:
                raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(choices)}")
        return chosen
    return parse


def parse_args():
    p = argparse.ArgumentParser(prog="bench", description=__doc__)
    parts = ("rows", "latency", "viewers", "idle", "crowd", "door", "scene", "extcap", "client")
    p.add_argument("--only", type=choice_list(experiments.PIPELINES), metavar="NAME,...",
                   default=list(experiments.PIPELINES),
                   help="pipelines to run, of " + ", ".join(experiments.PIPELINES))
    p.add_argument("--parts", type=choice_list(parts), metavar="NAME,...", default=list(parts),
                   help="measurements to make, of " + ", ".join(parts))
    p.add_argument("--sizes", type=choice_list(experiments.SIZES), metavar="B,...",
                   default=list(experiments.SIZES), help="64, 1500")
    p.add_argument("--rates", type=choice_list(experiments.RATES), metavar="PPS,...",
                   default=list(experiments.RATES), help="100k, 400k, max")
    p.add_argument("--scene", action="store_true",
                   help="only the discovery of large hosts, as --parts scene")
    p.add_argument("--namespaces", type=choice_list([str(n) for n in scene.SIZES]),
                   metavar="N,...", default=[str(n) for n in scene.SIZES],
                   help="sizes of these hosts, of " + ", ".join(str(n) for n in scene.SIZES))
    p.add_argument("--scene-parts", type=choice_list(scene.PARTS), metavar="NAME,...",
                   default=list(scene.PARTS),
                   help="what is measured on these hosts, of " + ", ".join(scene.PARTS))
    p.add_argument("--rounds", type=int, default=3, help="times each row is measured (3)")
    p.add_argument("--seconds", type=float, default=1.5, help="sending time of a measurement (1.5)")
    p.add_argument("--quick", action="store_true", help="one round")
    p.add_argument("--strict", action="store_true", help="exit 1 if a required ratio is missed")
    p.add_argument("--programs", type=Path, default=ROOT / "build-release/tests/bench",
                   help="directory of bench-send, bench-floor, bench-client")
    p.add_argument("--product", type=Path, default=ROOT / "out/packetflix")
    p.add_argument("--before", type=Path, default=ROOT / "out-before/packetflix",
                   help="an earlier build to compare with, see scripts/build-before.sh")
    p.add_argument("--json", type=Path, default=ROOT / "out/bench.json", help="result file")
    args = p.parse_args()
    if args.quick:
        args.rounds = 1
    if args.scene:
        args.parts = ["scene"]
    return args


def plan(args):
    """The rows, each with the pipelines it compares."""
    rows = []
    if "rows" in args.parts:
        for size in args.sizes:
            for rate in args.rates:
                # The floor over TCP is there for the comparison at full rate.
                chosen = [p for p in args.only if p != "floor-tcp" or rate == "max"]
                rows.append({"size": size, "rate": rate, "pipelines": chosen})
    if "latency" in args.parts:
        rows.append({"size": "64", "rate": experiments.PING, "pipelines": args.only})
    return rows


def run(args, network, tools):
    started = time.monotonic()

    def progress(text):
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    busy = [machine.machine_shares(2, 1)["busy"]]
    us = "us" in args.only
    results = experiments.rows(plan(args), tools, network, args.rounds, args.seconds, progress)
    viewers = idle = crowd = doors = scenes = plugin = found_clients = live = None
    if us and "viewers" in args.parts:
        viewers = experiments.viewers(tools, network, args.rounds, args.seconds, progress)
    if us and "idle" in args.parts:
        idle = experiments.idle(tools, network, 15, progress)
    if us and "crowd" in args.parts:
        crowd = experiments.crowd(tools, network, args.seconds, progress)
    if us and "door" in args.parts:
        doors = door.rows(tools, network, args.rounds, args.seconds, progress)
    if us and "scene" in args.parts:
        scenes = scene.scenes(tools, [int(n) for n in args.namespaces], 5, progress, args.scene_parts)
    if us and "extcap" in args.parts:
        plugin = extcap.answers(args.product.parent / "cshargextcap", progress)
    if us and "client" in args.parts:
        found_clients = clients.rows(args.product.with_name("csharg"), args.rounds, progress)
        live = client_live.rows(tools, network, args.product.with_name("csharg"), args.seconds, progress)
    busy.append(machine.machine_shares(2, 1)["busy"])
    progress("done")
    return {
        "machine": {"kernel": platform.release(), "cores": os.cpu_count(),
                    "busy_percent_before_and_after": busy},
        "rounds": args.rounds, "seconds": args.seconds,
        "rows": report.medians(results), "viewers": viewers, "idle": idle, "crowd": crowd, "door": doors,
        "scenes": scenes, "plugin": plugin, "clients": found_clients, "client_live": live,
        "verdicts": report.verdicts(results, viewers, idle, crowd) + door.verdicts(doors) + scene_report.verdicts(scenes) +
        extcap.verdicts(plugin) + clients.verdicts(found_clients) + client_live.verdicts(live),
        "runs": results,
    }


def show(found):
    busy = max(found["machine"]["busy_percent_before_and_after"])
    if busy > BUSY_LIMIT:
        print(f"Something else ran on this machine ({busy:.0f} % of a core, before or after): "
              "losses and times below are not only the captures' own.\n")
    if found["rows"]:
        print(report.table(found["rows"]))
    if found["viewers"]:
        print("\n" + report.viewer_lines(found["viewers"]))
    if found["idle"]:
        print("\n" + report.idle_lines(found["idle"]))
    if found["crowd"]:
        print("\n" + report.crowd_lines(found["crowd"]))
    if found["door"]:
        print("\n" + door.lines(found["door"]))
    if found["scenes"]:
        print("\n" + scene_report.table(found["scenes"]))
    if found["clients"]:
        print("\n" + clients.table(found["clients"]))
    if found["client_live"]:
        print("\n" + client_live.table(found["client_live"]))
    if found["verdicts"]:
        print("\n" + report.verdict_table(found["verdicts"]))


def end_by_exception(number, _frame):
    """So that every context manager on the way out cleans up."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    args = parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root, for namespaces and packet sockets")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_exception)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    log = args.json.with_suffix(".log")
    log.write_bytes(b"")
    tools = SimpleNamespace(
        send=args.programs / "bench-send", floor=args.programs / "bench-floor",
        client=args.programs / "bench-client", scene=args.programs / "bench-scene",
        ask=args.programs / "bench-ask", answer=args.programs / "bench-answer",
        product=args.product, before=args.before, log=log, idle_options=[])
    remove_leftovers()
    try:
        with Network(log) as network:
            found = run(args, network, tools)
    except Failed as e:
        sys.exit(f"bench: {e}")
    args.json.write_text(json.dumps(found, indent=1) + "\n")
    show(found)
    missed = any(v["verdict"] == "MISS" for v in found["verdicts"])
    return 1 if args.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
