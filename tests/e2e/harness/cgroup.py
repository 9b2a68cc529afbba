# SPDX-License-Identifier: MIT
"""Cgroups named as engines name those of their containers."""
import itertools
import os
from pathlib import Path

_serial = itertools.count(1)


class Cgroup:
    """The cgroup FOLDERS/... below one of our own, in the hierarchy that can freeze."""

    def __init__(self, *folders):
        self.old = Path("/sys/fs/cgroup/freezer").is_dir()
        self._top = Path("/sys/fs/cgroup/freezer" if self.old else "/sys/fs/cgroup")
        self._made = [self._top / f"pf-e2e-{os.getpid()}-{next(_serial)}"]
        for folder in folders:
            self._made.append(self._made[-1] / folder)
        self.path = self._made[-1]
        self.path.mkdir(parents=True)

    @property
    def wrapper(self):
        """A command that starts another one inside."""
        return ("sh", "-c", f"echo $$ > {self.path}/cgroup.procs && exec \"$@\"", "sh")

    def add(self, pid):
        (self.path / "cgroup.procs").write_text(str(pid))

    def freeze(self, frozen):
        if self.old:
            (self.path / "freezer.state").write_text("FROZEN" if frozen else "THAWED")
        else:
            (self.path / "cgroup.freeze").write_text("1" if frozen else "0")

    def close(self):
        self.freeze(False)
        for pid in (self.path / "cgroup.procs").read_text().split():
            (self._top / "cgroup.procs").write_text(pid)
        for path in reversed(self._made):
            path.rmdir()
