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


CHECKS = (
    ("the man page names every flag", _names_every_flag("man/packetflix.8")),
    ("the man page of csharg names every flag", _names_every_flag("man/csharg.1", _client_flags)),
    ("README names every flag", _names_every_flag("README.md")),
)
