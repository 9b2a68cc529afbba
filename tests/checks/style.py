# SPDX-License-Identifier: MIT
"""clang-format and clang-tidy, with the settings at the top of the repository."""
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from builds import REPO, Build


def _files(*folders, suffixes=(".c", ".h")):
    return sorted(str(path.relative_to(REPO)) for folder in folders for path in (REPO / folder).rglob("*")
                  if path.suffix in suffixes)


def formatting():
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *_files("src", "tests")], cwd=REPO,
                          capture_output=True, text=True)
    wrong = sorted({line.partition(":")[0] for line in done.stderr.splitlines() if ": error:" in line})
    assert done.returncode == 0, "clang-format -i would change\n" + "\n".join(wrong)


def _tidy(path):
    command = ["nice", "clang-tidy", "-p", Build("sanitize").folder, "--quiet", path]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, errors="replace")
    return "" if done.returncode == 0 else done.stdout[-3000:]


def static_analysis():
    Build("sanitize")
    # one file each: in one process the analyzer carries state from file to file
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = [words for words in pool.map(_tidy, _files("src", suffixes=(".c",))) if words]
    assert not found, "\n".join(found)


CHECKS = (
    ("clang-format has nothing to change", formatting),
    ("clang-tidy finds nothing", static_analysis),
)
