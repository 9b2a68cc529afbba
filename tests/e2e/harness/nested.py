# SPDX-License-Identifier: MIT
"""Engines inside a container of another engine: dockerd and containerd from the machine's own programs, with everything
they write in memory of that container."""
import os
import subprocess
from pathlib import Path

from harness.cri import Cri
from harness.containerd import IMAGE, write_image
from harness.wait import until

RIGHTS = ("SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_CHROOT", "SYS_PTRACE", "MKNOD", "DAC_READ_SEARCH", "SETFCAP", "SETPCAP")
PROGRAMS = [f"/{name}" for name in ("usr", "bin", "sbin", "lib", "lib64") if Path(f"/{name}").exists()]
CRI = '[plugins."io.containerd.grpc.v1.cri"'
CONFIG = f"""version = 2
[grpc]
  address = "/run/c.sock"
[ttrpc]
  address = "/run/c.sock.ttrpc"
{CRI}]
  sandbox_image = "{IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
{CRI}.cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/host/nested"
{CRI}.containerd]
  snapshotter = "native"
"""
NETWORK = """{"cniVersion": "0.4.0", "name": "pf", "plugins": [{"type": "bridge", "bridge": "pf0", "isGateway": true,
"ipam": {"type": "host-local", "ranges": [[{"subnet": "198.51.100.192/26"}]]}}]}"""
# what the container has in its control group is below that of the container, as where nobody shares the file system
PROGRAM = """set -e
mount --make-rshared /
containerd --config /host/nested/containerd.toml >/var/log/containerd 2>&1 &
while ! [ -S /run/c.sock ]; do sleep 0.05; done
exec dockerd --containerd /run/c.sock --host unix:///run/docker.sock --exec-root /run/docker --pidfile /run/docker.pid \
  --config-file /host/daemon.json --storage-driver vfs --iptables=false --ip6tables=false \
  --userland-proxy=false --bip 198.51.100.129/26 --default-address-pool base=192.0.2.0/24,size=27 \
  --cgroup-parent "$(sed -n '1s/^[^/]*//p' /proc/self/cgroup)/docker" >/var/log/dockerd 2>&1
"""


class Nested:
    """A container NAME of ENGINE with engines of its own; busybox is their only image."""

    def __init__(self, engine, name):
        self._engine = engine
        (engine.root / "nested").mkdir(exist_ok=True)
        (engine.root / "nested" / "containerd.toml").write_text(CONFIG)
        (engine.root / "nested" / "10-pf.conflist").write_text(NETWORK)
        write_image(engine.root / "nested" / "image.tar")
        self.name = engine.run(name, "/bin/sh", "-c", PROGRAM, options=self._options())
        try:
            self.pid = engine.pid(self.name)
            until(lambda: self._is_up(), "the inner engines", 30)
            self.cri = Cri(f"/proc/{self.pid}/root/run/c.sock")
            self.docker("load", "-i", "/host/nested/image.tar")
            for namespace in ("k8s.io", "lab"):
                self.ctr("image", "import", "--snapshotter", "native", "/host/nested/image.tar", namespace=namespace)
        except BaseException:
            self.close()
            raise

    def _options(self):
        options = ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
                   "--security-opt", "systempaths=unconfined", "--cgroupns", "host", "--device-cgroup-rule", "a *:* rwm",
                   "-v", "/sys/fs/cgroup:/sys/fs/cgroup", "-v", f"{self._engine.root}:/host:ro",
                   "-e", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "-e", "DOCKER_RAMDISK=true",
                   "--tmpfs", "/run:exec", "--tmpfs", "/var/lib:exec",
                   "--tmpfs", "/var/log", "--tmpfs", "/opt", "--tmpfs", "/tmp:exec"]
        for right in RIGHTS:
            options += ["--cap-add", right]
        for folder in PROGRAMS:
            options += ["-v", f"{folder}:{folder}:ro"]
        return options

    def _is_up(self):
        running = Path(f"/proc/{self.pid}/root")
        assert running.exists(), f"the container has ended: {self._engine.docker('logs', self.name, check=False)}"
        return (running / "run/docker.sock").exists() and self.docker("info", check=False)

    def command(self, *words):
        """As run in the container, but not in its control group."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--", *map(str, words)]

    def _run(self, words, check):
        done = subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip() if done.returncode == 0 else ""

    def docker(self, *words, check=True):
        return self._run(["docker", "-H", "unix:///run/docker.sock", *words], check)

    def ctr(self, *words, namespace="lab", check=True):
        return self._run(["ctr", "--address", "/run/c.sock", "--namespace", namespace, *words], check)

    def run(self, name, *options):
        """Start a container of the inner dockerd."""
        self.docker("run", "-d", "--name", name, *options, IMAGE)
        return name

    def pid_inside(self, name):
        """The first process of a container of the inner dockerd, as that numbers processes."""
        return int(self.docker("inspect", "-f", "{{.State.Pid}}", name))

    def address(self, name):
        return self.docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", name)

    def close(self):
        """All containers inside, then the one around them: so no control group stays behind."""
        if os.path.exists(f"/proc/{self.pid}/root/run/docker.sock"):
            self._close_inside()
        self._engine.docker("rm", "-f", self.name, check=False)

    def _close_inside(self):
        names = self.docker("ps", "-aq", check=False).split()
        if names:
            self.docker("rm", "-f", *names, check=False)
        for name in self.ctr("task", "list", "-q", check=False).split():
            self.ctr("task", "delete", "--force", name, check=False)
        for pod in self.cri.pods():
            self.cri.remove_pod(pod)
