# SPDX-License-Identifier: MIT
"""A Podman of our own: private storage, sockets, network namespace, networks and addresses."""
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
from pathlib import Path

from harness.netns import Netns
from harness.wait import until

IMAGE = "pf-e2e-busybox"

CONFIG = """
[network]
network_backend = "cni"
network_config_dir = "{root}/networks"
default_subnet = "203.0.113.0/26"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "{runtime}"
lock_type = "file"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""


class Podman:
    """Podman with busybox as the only image; its service listens once started."""

    runtime = "runc"

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="pf-e2e-podman-"))
        self.net = Netns("podman")
        self.socket = self.root / "podman.sock"
        self._service = None
        (self.root / "networks").mkdir()
        (self.root / "containers.conf").write_text(CONFIG.format(root=self.root, runtime=self.runtime))
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.root),
                    "CONTAINERS_CONF": str(self.root / "containers.conf")}
        try:
            self._prepare()
            self._import_image()
        except BaseException:
            self.close()
            raise

    def _prepare(self):
        """For those who need more than root does."""

    def command(self, *words):
        return ["nsenter", f"--net={self.net.path}", "--", "podman", "--root", str(self.root / "root"),
                "--runroot", str(self.root / "runroot"), "--tmpdir", str(self.root / "tmp"), "--storage-driver", "vfs",
                "--cgroup-manager", "cgroupfs", *map(str, words)]

    def cli(self, *words, check=True):
        done = subprocess.run(self.command(*words), env=self.env, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, f"podman {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout.strip()

    def inspect(self, name):
        return json.loads(self.cli("container", "inspect", name))[0]

    def pid(self, name):
        return self.inspect(name)["State"]["Pid"]

    def serve(self):
        """Start the service and return its process."""
        log = open(self.root / "service.log", "ab")
        self._service = subprocess.Popen(self.command("system", "service", "--time", "0", f"unix://{self.socket}"),
                                         env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        until(self.socket.exists, "podman's socket")
        return self._service

    def _import_image(self):
        archive = self.root / "image.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(os.path.realpath(shutil.which("busybox")), "bin/busybox")
            link = tarfile.TarInfo("bin/sleep")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        self.cli("import", archive, IMAGE)

    def close(self):
        self.cli("pod", "rm", "-af", "-t", "0", check=False)
        self.cli("rm", "-af", "-t", "0", check=False)
        if self._service and self._service.poll() is None:
            self._service.send_signal(signal.SIGTERM)
            try:
                self._service.wait(10)
            except subprocess.TimeoutExpired:
                self._service.kill()
                self._service.wait()
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        for place in reversed([line.split()[4] for line in lines if line.split()[4].startswith(str(self.root))]):
            subprocess.run(["umount", "-l", place], capture_output=True)
        self.net.close()
        shutil.rmtree(self.root, ignore_errors=True)
