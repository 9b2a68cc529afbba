# SPDX-License-Identifier: MIT
"""What the executables link, and that they are hardened (ARCHITECTURE.md, "Processes")."""
import re
import subprocess

from builds import REPO

OUT = REPO / "out"
SANDBOX = {"libc", "libcap", "libseccomp"}
MAY_LINK = {
    "packetflix": SANDBOX,
    "packetflix-discover": SANDBOX | {"libcurl", "libjansson", "libnghttp2", "libprotobuf-c", "libsqlite3"},
    "packetflix-service": SANDBOX | {"libcrypto", "libjansson", "libresolv", "libssl", "libz"},
    "packetflix-reader": SANDBOX,
    "packetflix-dig": SANDBOX,
    "packetflix-compile": SANDBOX | {"libpcap"},
    "cshargextcap": {"libc", "libjansson"},
    "csharg": {"libc", "libcurl", "libjansson", "libyaml-0"},
}


def _readelf(program, *options):
    return subprocess.run(["readelf", "-W", *options, OUT / program], check=True, capture_output=True, text=True).stdout


def _each(judge):
    """The check that JUDGE finds nothing to say about any program."""
    def check():
        wrong = [f"{program}: {words}" for program in MAY_LINK for words in judge(program)]
        assert not wrong, "\n".join(wrong)
    return check


def _links(program):
    linked = {name.partition(".so")[0] for name in re.findall(r"\(NEEDED\).*\[(.+)\]", _readelf(program, "-d"))}
    if linked != MAY_LINK[program]:
        yield f"links {sorted(linked)} instead of {sorted(MAY_LINK[program])}"


def _is_pie(program):
    if not re.search(r"Type:\s+DYN", _readelf(program, "-h")) or "PIE" not in _readelf(program, "-d"):
        yield "is not position-independent"


def _has_relro(program):
    dynamic = _readelf(program, "-d")
    if "GNU_RELRO" not in _readelf(program, "-l"):
        yield "has no RELRO segment"
    if "BIND_NOW" not in dynamic and not re.search(r"Flags:.*NOW", dynamic):
        yield "binds lazily, so its RELRO is not full"


def _has_no_executable_stack(program):
    stack = re.search(r"GNU_STACK\s.*?\s([RWE]+)\s+0x", _readelf(program, "-l"))
    if not stack or "E" in stack[1]:
        yield "has an executable stack"


def _has_no_writable_code(program):
    if re.search(r"^\s+LOAD\s.*\sRWE\s", _readelf(program, "-l"), re.MULTILINE):
        yield "has a segment both writable and executable"


def _imports(symbol):
    def judge(program):
        if not re.search(symbol, _readelf(program, "--dyn-syms")):
            yield f"imports no {symbol}"
    return judge


def _has_no_search_path(program):
    if re.search(r"RPATH|RUNPATH", _readelf(program, "-d")):
        yield "searches libraries in a path of its own"


LIBRARY = "libcsharg.so.1"
LIBRARY_LINKS = {"libc", "libcurl", "libjansson"}


def the_library_shows_only_its_interface():
    dynamic, symbols = _readelf(LIBRARY, "-d"), _readelf(LIBRARY, "--dyn-syms")
    assert f"soname: [{LIBRARY}]" in dynamic, "another soname"
    linked = {name.partition(".so")[0] for name in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)}
    assert linked == LIBRARY_LINKS, f"links {sorted(linked)}"
    assert not re.search(r"\(RPATH|RUNPATH|TEXTREL\)", dynamic), "has a search path or text relocations"
    shown = set(re.findall(r"(?:FUNC|OBJECT)\s+GLOBAL\s+\w+\s+\d+ (\S+)", symbols))
    header = (REPO / "src" / "csharg" / "csharg.h").read_text()
    declared = set(re.findall(r"CSHARG_API [^(]*?\b(csharg_\w+)\(", header))
    assert shown == {f"{name}@@CSHARG_1" for name in declared}, f"shows {sorted(shown)}"
    archive = subprocess.run(["nm", "-g", "--defined-only", OUT / "libcsharg.a"], check=True, capture_output=True,
                             text=True).stdout
    assert set(re.findall(r" T (\w+)", archive)) == declared, "the archive shows something else"


def programs_can_be_built_against_the_library():
    example = REPO / "examples" / "analyse_packets.c"
    for flags in (["-L", OUT, "-lcsharg"], [OUT / "libcsharg.a", "-lcurl", "-ljansson"]):
        done = subprocess.run(["gcc", "-Wall", "-Werror", "-I", OUT, "-o", "/dev/null", example, *flags],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


CHECKS = (
    ("the client library shows only its interface", the_library_shows_only_its_interface),
    ("programs can be built against the client library", programs_can_be_built_against_the_library),
    ("each program links only what its role needs", _each(_links)),
    ("programs are position-independent", _each(_is_pie)),
    ("programs have full RELRO", _each(_has_relro)),
    ("programs have no executable stack", _each(_has_no_executable_stack)),
    ("programs have no writable code", _each(_has_no_writable_code)),
    ("programs have stack protection", _each(_imports("__stack_chk_fail"))),
    ("programs are fortified", _each(_imports(r"__\w+_chk@"))),
    ("programs have no library search path", _each(_has_no_search_path)),
)
