# SPDX-License-Identifier: MIT
"""From measurements to medians, a table, and verdicts."""

import statistics

from experiments import FURTHER_VIEWERS, PING

MIB = 1024


def medians(results):
    """One line per row and pipeline over all rounds. Losses are not averaged: the worst counts."""
    groups = {}
    for r in results:
        groups.setdefault((r["size"], r["rate"], r["pipeline"]), []).append(r)
    return [_median_row(group) for group in groups.values()]


def _median_row(group):
    row = {k: group[0][k] for k in ("pipeline", "size", "rate")}
    row["rounds"] = len(group)
    for key in ("pps", "sent", "delivered", "cpu_ns_per_packet", "rss_kib", "pss_kib", "shm_kib",
                "latency_p50_ms", "latency_p99_ms", "first_byte_ms"):
        values = [r[key] for r in group if r[key] is not None]
        row[key] = round(statistics.median(values), 3) if values else None
    row["lost_worst"] = max(r["lost"] for r in group)
    row["lost_percent_worst"] = round(max(100 * r["lost"] / max(r["sent"], 1) for r in group), 3)
    row["cpu_ns_by_role"] = {
        role: round(statistics.median(r["cpu_ns"].get(role, 0) / max(r["delivered"], 1)
                                      for r in group), 1) for role in group[0]["cpu_ns"]}
    return row


COLUMNS = (
    ("size", 5, lambda r: r["size"]),
    ("rate", 5, lambda r: r["rate"]),
    ("capture", 9, lambda r: r["pipeline"]),
    ("pps sent", 9, lambda r: f"{r['pps']:.0f}"),
    ("CPU ns/pkt", 10, lambda r: "-" if r["rate"] == PING else f"{r['cpu_ns_per_packet']:.0f}"),
    ("sent", 9, lambda r: f"{r['sent']:.0f}"),
    ("delivered", 9, lambda r: f"{r['delivered']:.0f}"),
    ("lost", 9, lambda r: str(r["lost_worst"])),
    ("lost %", 7, lambda r: f"{r['lost_percent_worst']:.2f}"),
    ("RSS MiB", 7, lambda r: f"{r['rss_kib'] / MIB:.1f}"),
    ("shm MiB", 7, lambda r: f"{r['shm_kib'] / MIB:.1f}"),
    ("p50 ms", 7, lambda r: f"{r['latency_p50_ms']:.2f}"),
    ("p99 ms", 7, lambda r: f"{r['latency_p99_ms']:.2f}"),
    ("1st byte", 8, lambda r: "-" if r["first_byte_ms"] is None else f"{r['first_byte_ms']:.1f}"),
)


def table(rows):
    lines = ["  ".join(title.rjust(width) for title, width, _ in COLUMNS)]
    last = None
    for r in rows:
        if last and last != (r["size"], r["rate"]):
            lines.append("")
        last = (r["size"], r["rate"])
        lines.append("  ".join(value(r).rjust(width) for _, width, value in COLUMNS))
    return "\n".join(lines)


class Ratios:
    """Ratios of two pipelines in the same round: the median over the rounds."""

    def __init__(self, results):
        self._by_key = {(r["pipeline"], r["size"], r["rate"], r["round"]): r for r in results}

    def values(self, pipeline, size, rate, key):
        return [r[key] for (p, s, a, _), r in sorted(self._by_key.items())
                if (p, s, a) == (pipeline, size, rate)]

    def ratio(self, other, size, rate, key):
        pairs = zip(self.values("us", size, rate, key), self.values(other, size, rate, key))
        values = [ours / theirs for ours, theirs in pairs if theirs]
        return statistics.median(values) if values else None


def verdict(text, measured, limit, unit=""):
    """`measured` at most `limit` is ok; a limit of None only informs. A measured value of None
    means it was not measured and gives no verdict."""
    if measured is None:
        return []
    word = "info" if limit is None else "ok" if measured <= limit else "MISS"
    return [{"what": text, "measured": round(measured, 4), "limit": limit, "unit": unit,
             "verdict": word}]


def _loss_verdicts(ratios, size):
    lost = ratios.values("us", size, "max", "lost")
    return verdict(f"packets lost at full rate, {size} B", sum(lost) if lost else None, 0)


def _cpu_verdicts(ratios, size, tenth):
    cpu = "cpu_ns_per_packet"
    out = verdict(f"CPU per packet / dumpcap's, {size} B at 100 kpps",
                   ratios.ratio("dumpcap", size, "100k", cpu), 1 / 3)
    out += verdict(f"CPU per packet / dumpcap's, {size} B at full rate",
                    ratios.ratio("dumpcap", size, "400k", cpu), tenth)
    out += verdict(f"CPU per packet / floor over TCP, {size} B at full rate",
                    ratios.ratio("floor-tcp", size, "max", cpu), 1.25)
    # no viewer comes over a Unix socket: this one tells what TCP costs, and has no limit
    out += verdict(f"CPU per packet / floor over a Unix socket, {size} B at full rate",
                    ratios.ratio("floor", size, "max", cpu), None)
    return out


def _accounting_verdicts(results):
    ours = [r for r in results if r["pipeline"] == "us"]
    wrong = [r for r in ours if not r.get("adds_up") or r["accepted"] != r["arrived"]
             or r["reported_lost"] != r["lost"]]
    return verdict("runs in which sent = delivered + reported lost does not hold",
                    len(wrong) if ours else None, 0)


def _viewer_verdicts(v):
    if not v:
        return []
    sends = v["further_send_ns_per_kib"]
    ratio = v["further_viewer_ns_per_kib"] / sends if sends > 0 else None
    return (verdict(f"reader's CPU, {1 + FURTHER_VIEWERS} viewers / 1", v["reader_ratio"], 1.2)
            + verdict("service's CPU for a further viewer / its sends alone", ratio, 1.25))


def _idle_verdicts(i):
    if not i:
        return []
    text = f"{i['captures']} idle captures"
    return (verdict(f"{text}: CPU of all our processes", i["with"]["processes"], 1, "% of a core")
            + verdict(f"{text}: the same, and the kernel's timers for them",
                       i["with"]["processes"] + i["with"]["kernel"] - i["without"]["kernel"], 1,
                       "% of a core")
            + verdict("service's resident memory without viewers",
                       i["service_alone"]["rss_kib"] / MIB, 16, "MiB"))


def _crowd_verdicts(c):
    if not c:
        return []
    # what the original service takes, measured beside ours, is 52 MiB
    return (verdict(f"{c['captures']} idle captures: memory (PSS)", c["idle"]["pss_kib"] / MIB, 104, "MiB")
            + verdict("a capture whose ring grows: sent - delivered - reported lost",
                      c["sent"] - c["delivered"] - c.get("reported_lost", 0), 0))


def crowd_lines(c):
    return (f"{c['captures']} idle captures: PSS {c['idle']['pss_kib'] / MIB:.1f} MiB (without captures "
            f"{c['alone']['pss_kib'] / MIB:.1f}); the last one at full rate, 1500 B: {c['sent']} sent, "
            f"{c.get('reported_lost', '?')} lost until its ring was larger; then PSS {c['grown']['pss_kib'] / MIB:.1f} MiB")


def verdicts(results, viewers, idle, crowd):
    ratios = Ratios(results)
    out = []
    for size in ("64", "1500"):
        out += _loss_verdicts(ratios, size)
    for size, tenth in (("64", 1 / 10), ("1500", 1 / 5)):
        out += _cpu_verdicts(ratios, size, tenth)
    out += verdict("latency p99 / dumpcap's", ratios.ratio("dumpcap", "64", PING,
                                                            "latency_p99_ms"), 1 / 10)
    return out + _accounting_verdicts(results) + (_viewer_verdicts(viewers)
            + _idle_verdicts(idle) + _crowd_verdicts(crowd))


def _limit_text(v):
    if v["limit"] is None:
        return ""
    unit = f" {v['unit']}" if v["unit"] else ""
    return f"(at most {v['limit']:.3f}{unit})"


def verdict_table(found):
    width = max(len(v["what"]) for v in found)
    return "\n".join(f"{v['verdict']:4}  {v['what']:{width}}  {v['measured']:>9.3f}  {_limit_text(v)}".rstrip()
                     for v in found)


def viewer_lines(v):
    reader = v["reader_ns_per_packet"]
    return (f"viewers ({v['size']} B at {v['rate']}): reader {reader['1']} ns/packet with 1, "
            f"{reader['10']} with 10; each further viewer costs the service "
            f"{v['further_viewer_ns_per_kib']} ns/KiB, sends alone "
            f"{v['further_send_ns_per_kib']} ns/KiB")


def idle_lines(i):
    def shares(s):
        return (f"our processes {s['processes']} % of a core, kernel outside of processes "
                f"{s['kernel']} %, machine busy {s['busy']} %, PSS {s['pss_kib'] / MIB:.1f} MiB")
    return (f"no capture: {shares(i['without'])}\n"
            f"{i['captures']} idle captures ({i['readers']} readers, opened in {i['opened_s']} s): "
            f"{shares(i['with'])}\n"
            f"service alone: RSS {i['service_alone']['rss_kib'] / MIB:.1f} MiB")
