# SPDX-License-Identifier: MIT
"""How long Wireshark waits for the plugin when it starts: the plugin's answers to its two longest questions."""
import statistics
import subprocess
import time

from report import verdict

STARTS = 50
LIMIT_MS = 20
QUESTIONS = {"--extcap-interfaces": ("--extcap-interfaces",),
             "--extcap-config": ("--extcap-config", "--extcap-interface", "mobyshark")}


def _start_ms(command):
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000


def answers(program, progress):
    """Median milliseconds of each question, and of a program that does nothing."""
    progress("answers of the Wireshark plugin")
    commands = {name: [str(program), *words] for name, words in QUESTIONS.items()} | {"nothing": ["/bin/true"]}
    times = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            times[name].append(_start_ms(command))
    return {name: statistics.median(of_one) for name, of_one in times.items()}


def verdicts(found):
    out = []
    for name in QUESTIONS if found else ():
        out += verdict(f"plugin: answer to {name}", found[name], LIMIT_MS, "ms")
    if found:
        out += verdict("plugin: /bin/true for comparison", found["nothing"], None, "ms")
    return out
