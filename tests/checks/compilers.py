# SPDX-License-Identifier: MIT
"""Both compilers build everything without a warning."""
import json
import subprocess

from builds import Build


def _builds_without_warnings(kind):
    def check():
        options = subprocess.run(["meson", "introspect", "--buildoptions", str(Build(kind).folder)], check=True,
                                 capture_output=True)
        value = {option["name"]: option["value"] for option in json.loads(options.stdout)}
        assert value["werror"] is True and value["warning_level"] in ("2", "3"), "warnings are not errors"
    return check


CHECKS = (
    ("gcc builds without a warning", _builds_without_warnings("tests")),
    ("clang builds without a warning", _builds_without_warnings("sanitize")),
)
