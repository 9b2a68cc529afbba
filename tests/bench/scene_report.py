# SPDX-License-Identifier: MIT
"""The measurements of scene.py as a table, and as verdicts."""

from report import MIB, verdict

LINEAR = 1.3  # ten times the namespaces may cost so much more than ten times as much
SMALL_MS = 5  # below this, what does not depend on the size is most of it


def _value(found, *path):
    for key in path:
        if found is None:
            return None
        found = found.get(key)
    return found


COLUMNS = (
    ("namespaces", ("namespaces",)), ("processes", ("processes",)),
    ("first scan ms", ("scan", "first_ms")), ("scan ms", ("scan", "median_ms")),
    ("asked ms", ("change", "asked", "worst_ms")), ("told ms", ("change", "told", "worst_ms")),
    ("rest %", ("rest", "percent")),
    *(column for name in ("mobyshark", "json") for column in (
        ("gzip kB", (name, "rest", "bytes")), ("gzip p50 ms", (name, "rest", "p50_ms")),
        ("gzip p99 ms", (name, "rest", "p99_ms")),
        ("floor p50 ms", (name, "floor", "p50_ms")), ("floor p99 ms", (name, "floor", "p99_ms")),
        ("again p99 ms", (name, "again", "p99_ms")),
        ("plain kB", (name, "plain", "bytes")), ("plain p99 ms", (name, "plain", "p99_ms")),
        ("changing p99 ms", (name, "changing", "p99_ms")))),
    ("PSS MiB", ("memory", "pss_kib")), ("RSS MiB", ("memory", "rss_kib")),
    ("forks %", ("faults", "forks", "percent")), ("renames %", ("faults", "renames", "percent")),
)


def _text(title, value):
    if value is None:
        return "-"
    if title.endswith(" kB"):
        value /= 1000
    if title.endswith("MiB"):
        value /= MIB
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def table(scenes):
    """One line per number, one column per size: there are more numbers than sizes."""
    width = max(len(title) for title, _ in COLUMNS)
    lines = []
    for title, path in COLUMNS:
        cells = (_text(title, _value(s, *path)).rjust(10) for s in scenes)
        lines.append(f"{path[0]:>10} {title:{width}}" + "".join(cells))
    return "\n".join(lines)


def _limits(found):
    text = f"{found['namespaces']} namespaces: "
    limits = (
        ("full scan", ("scan", "worst_ms"), 1000, "ms"),
        ("change seen by one who asks", ("change", "asked", "worst_ms"), 300, "ms"),
        ("change told on /events", ("change", "told", "worst_ms"), 300, "ms"),
        ("/mobyshark (200, gzip) p99, 50 clients at once", ("mobyshark", "rest", "p99_ms"), 5, "ms"),
        ("/json (200, gzip) p99, 50 clients at once", ("json", "rest", "p99_ms"), 5, "ms"),
        ("/mobyshark, as many bytes from the floor, p99", ("mobyshark", "floor", "p99_ms"), None, "ms"),
        ("/json, as many bytes from the floor, p99", ("json", "floor", "p99_ms"), None, "ms"),
        ("/mobyshark asked again (304) p99", ("mobyshark", "again", "p99_ms"), None, "ms"),
        ("/json asked again (304) p99", ("json", "again", "p99_ms"), None, "ms"),
        ("/mobyshark p99 with 20 changes a second", ("mobyshark", "changing", "p99_ms"), None, "ms"),
        ("/json p99 with 20 changes a second", ("json", "changing", "p99_ms"), None, "ms"),
        ("at rest, CPU of all processes", ("rest", "percent"), 1, "% of a core"),
    )
    out = []
    for what, path, limit, unit in limits:
        out += verdict(text + what, _value(found, *path), limit, unit)
    return out + verdict(text + "memory of all processes",
                         _value(found, "memory", "pss_kib") / MIB, 64, "MiB")


def _growth(small, large):
    out = []
    times = large["namespaces"] / small["namespaces"]
    for what, path in (("full scan", ("scan", "median_ms")),
                       ("/mobyshark p50", ("mobyshark", "rest", "p50_ms")),
                       ("/json p50", ("json", "rest", "p50_ms"))):
        a, b = _value(small, *path), _value(large, *path)
        if a and b:
            out += verdict(f"{what}, growth from {small['namespaces']} to {large['namespaces']} "
                           "namespaces / linear", b / max(a, SMALL_MS) / times, LINEAR)
    return out


def verdicts(scenes):
    out = []
    for found in scenes or []:
        out += _limits(found)
    for small, large in zip(scenes or [], (scenes or [])[1:]):
        out += _growth(small, large)
    return out
