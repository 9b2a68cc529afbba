# SPDX-License-Identifier: MIT
"""Documents name what the program knows."""
import re
import subprocess

from builds import REPO


def _flags():
    text = subprocess.run([REPO / "out" / "packetflix", "--help"], check=True, capture_output=True, text=True).stdout
    flags = set(re.findall(r"^ +(?:-\w, +)?(--[a-z-]+)", text, re.MULTILINE))
    assert len(flags) > 10, f"--help names only {sorted(flags)}"
    return flags


def _client_flags():
    def text(*words):
        return subprocess.run([REPO / "out" / "csharg", "help", *words], check=True, capture_output=True, text=True).stdout
    all_text = text() + text("list") + text("watch") + text("capture", "pod")
    return set(re.findall(r"^ +(?:-\w, +)?(--[a-z-]+)", all_text, re.MULTILINE))


def _names_every_flag(path, flags=_flags):
    def check():
        file = REPO / path
        assert file.is_file(), f"there is no {path}"
        text = file.read_text().replace("Fl \\-", "--")     # mdoc(7) writes the first dash itself
        missing = sorted(flag for flag in flags() if not re.search(re.escape(flag) + r"(?![a-z-])", text))
        assert not missing, f"{path} does not name {' '.join(missing)}"
    return check


def _library_page():
    return (REPO / "man" / "libcsharg.3").read_text()


def the_page_of_the_library_has_the_whole_interface():
    header = re.sub(r"/\*.*?\*/", "", (REPO / "src" / "csharg" / "csharg.h").read_text(), flags=re.DOTALL)
    wanted = set(re.findall(r"\b(csharg_\w+)\(", header)) | set(re.findall(r"\b(CSHARG_\w+),", header))
    for body in re.findall(r"^struct csharg_\w+ \{\n(.*?)^\};", header, re.MULTILINE | re.DOTALL):
        for member, callback in re.findall(r"(\w+)(?:\[\d+\])?[,;]|\(\*(\w+)\)", body):
            wanted.add(member or callback)
    assert len(wanted) > 100, f"the header has only {len(wanted)} words"
    missing = sorted(word for word in wanted if not re.search(rf"\b{word}\b", _library_page()))
    assert not missing, f"man/libcsharg.3 lacks {' '.join(missing)}"


def the_example_of_the_library_compiles():
    section = _library_page().partition(".Sh EXAMPLES")[2]
    example = re.search(r"^\.Bd -literal\n(.*?)^\.Ed", section, re.MULTILINE | re.DOTALL)
    assert example and "main(" in example[1], "man/libcsharg.3 has no example"
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-I", REPO / "out", "-x", "c", "-", "-o", "/dev/null", "-L", REPO / "out",
               "-lcsharg"]
    done = subprocess.run(command, input=example[1].replace("\\e", "\\"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _decisions_have_their_numbers():
    wrong = [path.name for path in sorted((REPO / "docs" / "decisions").glob("*.md"))
             if not path.read_text().startswith(f"# {path.name[:4]}: ")]
    assert not wrong, f"the first line has not the number: {wrong}"
    numbers = [path.name[:4] for path in (REPO / "docs" / "decisions").glob("*.md")]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    assert not twice, f"decisions that share a number: {twice}"


def _spellings(name, value):
    """How a page may write a bound."""
    forms = {str(value)}
    if name.endswith("_BYTES"):
        for unit, size in (("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)):
            if value % size == 0:
                forms.add(f"{value // size} {unit}")
    return forms


def _bounds_are_in_the_page_of_limits():
    header = (REPO / "src" / "proto" / "bounds.h").read_text()
    page = (REPO / "docs" / "limits.md").read_text()
    bounds = re.findall(r"^#define BOUND_(\w+) +(\d+)", header, re.MULTILINE)
    assert len(bounds) >= 10
    missing = [name for name, value in bounds
               if not any(re.search(rf"(?<![\d]){re.escape(form)}(?![\d])", page) for form in _spellings(name, int(value)))]
    assert not missing, f"docs/limits.md does not have the value of {missing}"


CHECKS = (
    ("each decision has its number, and no two the same", _decisions_have_their_numbers),
    ("the page of limits has the common bounds", _bounds_are_in_the_page_of_limits),
    ("the man page of the library has the whole interface", the_page_of_the_library_has_the_whole_interface),
    ("the example in the man page of the library compiles", the_example_of_the_library_compiles),
    ("the man page names every flag", _names_every_flag("man/packetflix.8")),
    ("the man page of csharg names every flag", _names_every_flag("man/csharg.1", _client_flags)),
    ("README names every flag", _names_every_flag("README.md")),
)
