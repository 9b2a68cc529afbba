# SPDX-License-Identifier: MIT
"""Test tools that Debian does not have, from PyPI, each in a folder of its own below out/."""
import subprocess

from builds import REPO

SCHEMATHESIS = "schemathesis==4.32.5"


def schemathesis():
    """The path of schemathesis, which is installed if it is not there: that needs PyPI. AssertionError with pip's words if
    it cannot be had."""
    folder = REPO / "out" / "schemathesis"
    program = folder / "bin" / "schemathesis"
    if program.exists():
        return program
    folder.parent.mkdir(exist_ok=True)
    for command in (["/usr/bin/python3", "-m", "venv", "--clear", folder],
                    [folder / "bin" / "pip", "install", "-q", "--retries", "2", SCHEMATHESIS]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, f"{SCHEMATHESIS} cannot be installed: {(done.stdout + done.stderr)[-800:]}"
    return program
