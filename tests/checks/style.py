# SPDX-License-Identifier: MIT
"""clang-format and clang-tidy, with the settings at the top of the repository."""
import threading
import subprocess
from concurrent.futures import ThreadPoolExecutor

from builds import REPO, Build


def _files(*folders, suffixes=(".c", ".h")):
    return sorted(str(path.relative_to(REPO)) for folder in folders for path in (REPO / folder).rglob("*")
                  if path.suffix in suffixes)


def formatting():
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *_files("src", "tests", "examples")], cwd=REPO,
                          capture_output=True, text=True)
    wrong = sorted({line.partition(":")[0] for line in done.stderr.splitlines() if ": error:" in line})
    assert done.returncode == 0, "clang-format -i would change\n" + "\n".join(wrong)


class Analysis:
    """clang-tidy over all sources, in the background: it takes minutes of processor time, while other suites mostly wait.
    One file each, as in one process the analyzer carries state from file to file."""

    def __init__(self):
        self._found, self._stopped = [], threading.Event()
        self._folder = Build("sanitize").folder
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._done = [self._pool.submit(self._tidy, path) for path in _files("src", suffixes=(".c",))]

    def _tidy(self, path):
        if self._stopped.is_set():
            return
        command = ["nice", "-n", "19", "clang-tidy", "-p", self._folder, "--quiet", path]
        done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            self._found.append(done.stdout[-3000:])

    def check(self):
        """Wait for the end. Raises AssertionError with what was found."""
        for one in self._done:
            one.result()
        assert not self._found, "\n".join(self._found)

    def stop(self):
        self._stopped.set()
        self._pool.shutdown()


CHECKS = (
    ("clang-format has nothing to change", formatting),
)
