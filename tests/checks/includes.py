# SPDX-License-Identifier: MIT
"""Who may include whom (ARCHITECTURE.md, "Source tree"): rights and stages are folders, so a wrong include is a wrong dependency."""
import re
import subprocess
from pathlib import PurePosixPath

from builds import REPO, Build

SRC = REPO / "src"
SHARED = {"base", "bpf", "http", "loop", "netlink", "pcapng", "proto", "sandbox", "stream"}
SERVICE = {"service", "service/admit", "service/hub", "service/serve"}
DISCOVER = SHARED - {"bpf", "http", "pcapng", "stream"}

# Folder -> folders whose headers it may include, itself not mentioned.
MAY_INCLUDE = {
    "base": set(),
    "bpf": {"base"},
    "http": {"base"},
    "loop": {"base"},
    "netlink": {"base"},
    "pcapng": {"base"},
    "proto": {"base"},
    "sandbox": {"base"},
    "stream": {"base"},
    "broker": SHARED - {"bpf", "http", "loop", "netlink", "pcapng"},
    "discover": DISCOVER | {"discover/engine", "discover/host", "discover/container", "discover/detail",
                             "discover/edge"},
    "discover/host": DISCOVER | {"discover"},
    "discover/engine": DISCOVER | {"discover", "discover/host", "discover/engine/proto"},
    "discover/container": DISCOVER | {"discover", "discover/engine", "discover/host"},
    "discover/edge": DISCOVER | {"discover", "discover/engine", "discover/host", "discover/container"},
    "discover/detail": DISCOVER | {"discover", "discover/engine", "discover/host", "discover/container", "discover/edge"},
    "reader": SHARED - {"http", "loop"},
    "dig": {"base", "proto", "sandbox"},
    "csharg": set(),
    "csharg/lib": {"base", "csharg", "http", "pcapng"},
    "extcap": {"base", "csharg"},
    "csharg/cli": {"base", "csharg"},
    "service": SHARED | SERVICE,
    "service/admit": SHARED - {"http", "loop", "sandbox", "stream"},
    "service/hub": SHARED - {"http", "loop", "sandbox"} | {"service/admit"},
    "service/http": {"base", "http", "loop"},
    "service/serve": SHARED - {"sandbox"} | SERVICE,
}
# Headers made by the build, by the name they are included with.
GENERATED = {"base/version.h", "broker/config.h", "discover/detail/services_table.h",
             "discover/engine/proto/containerd.pb-c.h", "discover/engine/proto/cri.pb-c.h", "extcap/config.h",
             "service/serve/web_files.h"}


def _sources():
    return sorted(path for path in SRC.rglob("*") if path.suffix in (".c", ".h"))


def _included(path):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.MULTILINE)


def includes_follow_the_table():
    wrong = []
    for path in _sources():
        folder = str(path.parent.relative_to(SRC))
        if folder not in MAY_INCLUDE:
            wrong.append(f"{path.relative_to(REPO)}: folder {folder} is not in the table")
            continue
        for name in _included(path):
            target = str(PurePosixPath(name).parent)
            if name not in GENERATED and not (SRC / name).is_file():
                wrong.append(f"{path.relative_to(REPO)}: no such file: {name}")
            elif target != folder and target not in MAY_INCLUDE[folder]:
                wrong.append(f"{path.relative_to(REPO)}: {folder} may not include {name}")
    assert not wrong, "\n".join(wrong)


def headers_have_no_cycles():
    graph = {str(path.relative_to(SRC)): _included(path) for path in _sources() if path.suffix == ".h"}
    state, cycles = {}, []

    def visit(name, trail):
        if state.get(name) == "done" or name not in graph:
            return
        if name in trail:
            cycles.append(" -> ".join([*trail[trail.index(name):], name]))
            return
        for other in graph[name]:
            visit(other, [*trail, name])
        state[name] = "done"

    for name in graph:
        visit(name, [])
    assert not cycles, "\n".join(cycles)


def no_source_file_is_included():
    wrong = [f"{path.relative_to(REPO)}: {name}" for path in _sources() for name in _included(path)
             if name.endswith(".c")]
    assert not wrong, "\n".join(wrong)


def each_header_compiles_alone():
    generated = Build("tests").folder / "src"
    wrong = []
    for path in _sources():
        if path.suffix != ".h":
            continue
        command = ["gcc", "-std=gnu17", "-D_GNU_SOURCE", f"-I{SRC}", f"-I{generated}", "-Wall", "-Wextra", "-Werror",
                   "-fsyntax-only", "-x", "c", "-"]
        done = subprocess.run(command, input=f'#include "{path.relative_to(SRC)}"\n', capture_output=True, text=True)
        if done.returncode != 0:
            wrong.append(f"{path.relative_to(REPO)}:\n{done.stderr[:1000]}")
    assert not wrong, "\n".join(wrong)


CHECKS = (
    ("includes follow the table", includes_follow_the_table),
    ("headers have no include cycles", headers_have_no_cycles),
    ("no source file is included", no_source_file_is_included),
    ("each header compiles alone", each_header_compiles_alone),
)
