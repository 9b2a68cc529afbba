# SPDX-License-Identifier: MIT
"""Who may include whom (ARCHITECTURE.md, "Source tree"): rights and stages are folders, so a wrong include is a wrong dependency."""
import re
import subprocess
from pathlib import PurePosixPath

from builds import REPO, Build

SRC = REPO / "src"
SHARED = {"base", "bpf", "http", "loop", "netlink", "pcapng", "proto", "sandbox", "stream"}
SERVICE = {"service/admit", "service/answer", "service/capture", "service/catalog", "service/compile", "service/dig", "service/http", "service/hub",
           "service/live", "service/merge", "service/page", "service/proxy"}
DISCOVER = SHARED - {"bpf", "http", "pcapng", "stream"} | {"files"}

# Folder -> folders whose headers it may include, itself not mentioned.
MAY_INCLUDE = {
    "base": set(),
    "bpf": {"base"},
    "files": {"base", "proto"},
    "http": {"base"},
    "loop": {"base"},
    "netlink": {"base"},
    "pcapng": {"base"},
    "proto": {"base"},
    "sandbox": {"base"},
    "stream": {"base"},
    "broker": SHARED - {"bpf", "http", "loop", "netlink", "pcapng"} | {"files"},
    "discover": DISCOVER | {"discover/engine", "discover/host", "discover/container", "discover/detail",
                             "discover/edge"},
    "discover/host": DISCOVER | {"discover"},
    "discover/engine": DISCOVER | {"discover", "discover/host", "discover/engine/proto"},
    "discover/container": DISCOVER | {"discover", "discover/engine", "discover/host"},
    "discover/edge": DISCOVER | {"discover", "discover/engine", "discover/host", "discover/container"},
    "discover/detail": DISCOVER | {"discover", "discover/engine", "discover/host", "discover/container", "discover/edge"},
    "reader": SHARED - {"http", "loop"},
    "dig": {"base", "proto", "sandbox"},
    "compile": {"base", "bpf", "netlink", "proto", "sandbox"},
    "csharg": set(),
    "csharg/lib": {"base", "csharg", "http", "pcapng"},
    "extcap": {"base", "csharg", "http"},
    "csharg/cli": {"base", "csharg"},
    "service": SHARED | SERVICE,
    "service/catalog": {"base", "proto"},
    "service/admit": SHARED - {"bpf", "http", "loop", "sandbox", "stream"},
    "service/compile": {"base", "loop", "netlink", "proto"},
    "service/hub": SHARED - {"http", "loop", "sandbox"} | {"service/admit"},
    "service/merge": {"base", "pcapng", "stream"},
    "service/http": {"base", "http", "loop"},
    "service/answer": {"base", "http", "loop", "service/catalog", "service/http"},
    "service/live": {"base", "http", "proto", "service/catalog", "service/http"},
    "service/dig": {"base", "http", "loop", "proto", "service/admit", "service/catalog", "service/http"},
    "service/page": {"base", "service/http"},
    "service/proxy": {"base", "http", "loop", "service/http"},
    "service/capture": SHARED - {"sandbox"} | {"service/admit", "service/catalog", "service/compile", "service/http",
                                               "service/hub", "service/merge", "service/proxy"},
}
# Headers made by the build, by the name they are included with.
GENERATED = {"base/version.h", "broker/config.h", "discover/detail/services_table.h",
             "discover/engine/proto/containerd.pb-c.h", "discover/engine/proto/cri.pb-c.h", "extcap/config.h",
             "service/page/web_files.h"}


# Modules that still know each other; none is to be added.
KNOWN_CYCLES = {"discover/detail/document", "discover/detail/put_container", "discover/discover", "discover/generation", "discover/host/held",
                "discover/host/held_read", "discover/host/netns_set", "discover/live", "discover/live_look", "discover/round",
                "netlink/nft_rule", "netlink/nft_xt", "reader/capture", "reader/chunking", "reader/growth", "reader/links", "service/admit/request",
                "service/admit/target_json", "service/hub/capture", "service/hub/viewer"}


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


def _strongly_connected(graph):
    """The sets of two and more nodes that all reach each other (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            group = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def _graph(name_of):
    """What includes what, as nodes that NAME_OF makes of paths below src/."""
    graph = {}
    for path in _sources():
        node = name_of(PurePosixPath(path.relative_to(SRC)))
        for name in _included(path):
            other = name_of(PurePosixPath(name))
            if name not in GENERATED and other != node:
                graph.setdefault(node, set()).add(other)
                graph.setdefault(other, set())
    return graph


def modules_have_no_cycles():
    """A module is its .c and .h together, and the header NAME_state.h, if there is one, of its inner parts."""
    graph = _graph(lambda path: str(path.with_suffix("")).removesuffix("_state"))
    wrong = [group for group in _strongly_connected(graph) if not set(group) <= KNOWN_CYCLES]
    assert not wrong, "\n".join(map(str, wrong))


def folders_of_the_service_have_no_cycles():
    graph = {node: {other for other in others if other.startswith("service/")}
             for node, others in _graph(lambda path: str(path.parent)).items() if node.startswith("service/")}
    assert not _strongly_connected(graph), _strongly_connected(graph)


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
    ("modules have no include cycles", modules_have_no_cycles),
    ("folders of the service have no include cycles", folders_of_the_service_have_no_cycles),
    ("no source file is included", no_source_file_is_included),
    ("each header compiles alone", each_header_compiles_alone),
)
