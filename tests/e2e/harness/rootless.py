# SPDX-License-Identifier: MIT
"""A Podman of an ordinary user: a number without a name, its own user namespaces, storage, sockets and folder in /run/user."""
import os
import shutil
import signal
from pathlib import Path

from harness.netns import Netns
from harness.podman import Podman
from harness.service import alive
from harness.wait import until

UID = 64321
# Mounts only for this Podman: the device slirp4netns needs, for users as most systems have it, and the hierarchies of
# control groups without the second version's, where crun knows only either version.
MOUNTS = """
mount --make-rprivate /
umount /sys/fs/cgroup/unified 2>/dev/null
mount --bind "$0" /dev/net/tun
exec "$@"
"""


class RootlessPodman(Podman):
    """Podman with busybox as the only image, run by user UID with RUNTIME; its service listens once started."""

    runtime = "crun"

    def __init__(self):
        self.runtime_dir = Path(f"/run/user/{UID}")
        self._made = [path for path in (self.runtime_dir, self.runtime_dir.parent) if not path.exists()]
        self.runtime_dir.mkdir(parents=True, mode=0o700)
        os.chown(self.runtime_dir, UID, UID)
        super().__init__()

    def _prepare(self):
        for path in (self.root, *self.root.iterdir()):
            os.chown(path, UID, UID)
        self._tun = self.root / "tun"
        os.mknod(self._tun, 0o20666, os.makedev(10, 200))
        os.chmod(self._tun, 0o666)
        self.env["XDG_RUNTIME_DIR"] = str(self.runtime_dir)

    def command(self, *words):
        return ["nsenter", f"--net={self.net.path}", "--", "unshare", "--mount", "sh", "-c", MOUNTS, str(self._tun),
                "setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups",
                "podman", "--storage-driver", "vfs", *map(str, words)]

    @staticmethod
    def processes():
        """Everything that runs as this user."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat(f"/proc/{entry}").st_uid == UID and alive(entry):
                    found.append(int(entry))
            except FileNotFoundError:
                pass
        return found

    def _reap(self):
        """The process that keeps the user's namespaces, and whatever else is left."""
        def kill():
            left = self.processes()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not left
        until(kill, "the user's processes to end")

    def close(self):
        try:
            super().close()
        finally:
            self._reap()
            shutil.rmtree(self.runtime_dir, ignore_errors=True)
            for path in self._made:
                path.rmdir() if path.exists() else None
