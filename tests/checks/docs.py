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


def _names_every_flag(path):
    def check():
        file = REPO / path
        assert file.is_file(), f"there is no {path}"
        text = file.read_text().replace("Fl \\-", "--")     # mdoc(7) writes the first dash itself
        missing = sorted(flag for flag in _flags() if not re.search(re.escape(flag) + r"(?![a-z-])", text))
        assert not missing, f"{path} does not name {' '.join(missing)}"
    return check


CHECKS = (
    ("the man page names every flag", _names_every_flag("man/packetflix.8")),
    ("README names every flag", _names_every_flag("README.md")),
)
