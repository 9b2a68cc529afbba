# SPDX-License-Identifier: MIT
"""What /proc says about processes and the machine: CPU time, memory, children, idleness."""

import os
import statistics
import time
from pathlib import Path

PROC = Path("/proc")
PF_KTHREAD = 0x00200000


def cpu_ns(pid):
    """Scheduler time of all threads of a process, exact while it sleeps; 0 if it is gone."""
    total = 0
    try:
        for task in (PROC / str(pid) / "task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def cpu_by_role(roles):
    """{role: [pid, ...]} -> {role: ns}."""
    return {role: sum(cpu_ns(pid) for pid in pids) for role, pids in roles.items()}


def _kib_fields(path):
    try:
        lines = path.read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    fields = (line.split() for line in lines)
    return {f[0].rstrip(":"): int(f[1]) for f in fields if len(f) == 3 and f[2] == "kB"}


def memory_kib(pids):
    """Sums over processes: resident (shared pages once per process), proportional, and shared
    memory of the largest holder (the same pages are mapped by reader and service)."""
    rss = pss = shm = 0
    for pid in pids:
        status = _kib_fields(PROC / str(pid) / "status")
        rollup = _kib_fields(PROC / str(pid) / "smaps_rollup")
        rss += status.get("VmRSS", 0)
        pss += rollup.get("Pss", 0)
        shm = max(shm, status.get("RssShmem", 0))
    return {"rss_kib": rss, "pss_kib": pss, "shm_kib": shm}


def _stat_fields(pid):
    """Fields of /proc/PID/stat from the third (state) on; none if the process is gone."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return stat[stat.rindex(")") + 2:].split()


def _all_processes():
    """(pid, stat fields) of each."""
    pids = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    return ((pid, fields) for pid in pids if (fields := _stat_fields(pid)))


def family(root):
    """The process and all its descendants, the root first."""
    children = {}
    for pid, fields in _all_processes():
        children.setdefault(int(fields[1]), []).append(pid)
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def program(pid):
    """Base name of a process's executable, empty if it is gone."""
    try:
        return os.path.basename(os.readlink(PROC / str(pid) / "exe")).removesuffix(" (deleted)")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _idle_ticks():
    """The kernel counts idle time by the clock, not by ticks: what interrupts an idle core, a
    timer for example, is missing from it. Time stolen by a hypervisor is nobody's here."""
    ticks = (PROC / "stat").read_text().splitlines()[0].split()[1:]
    return sum(int(ticks[i]) for i in (3, 4, 7))  # idle, iowait, steal


def _process_cpu_ns():
    """Scheduler time of each process, without the kernel's own threads."""
    return {pid: cpu_ns(pid) for pid, fields in _all_processes()
            if not int(fields[6]) & PF_KTHREAD}


def machine_shares(seconds, slices):
    """Watch the whole machine; shares in percent of one core, the median of the slices:
    `busy`, all that is not idle, and `kernel`, the part of it that belongs to no process."""
    busy, kernel = [], []
    cores, hz = os.cpu_count(), os.sysconf("SC_CLK_TCK")
    for _ in range(slices):
        start, idle, cpu = time.monotonic(), _idle_ticks(), _process_cpu_ns()
        time.sleep(seconds / slices)
        elapsed_s = time.monotonic() - start
        busy_s = cores * elapsed_s - (_idle_ticks() - idle) / hz
        processes_ns = sum(ns - cpu.get(pid, 0) for pid, ns in _process_cpu_ns().items())
        busy.append(100 * busy_s / elapsed_s)
        kernel.append(100 * (busy_s - processes_ns / 1e9) / elapsed_s)
    return {"busy": round(statistics.median(busy), 2),
            "kernel": round(statistics.median(kernel), 2)}
