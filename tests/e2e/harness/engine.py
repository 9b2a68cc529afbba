# SPDX-License-Identifier: MIT
"""A Docker engine of our own: private sockets, roots, network namespace and addresses, so that it
neither meets another engine on the machine nor leaves anything behind."""
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
BUSYBOX = "/bin/busybox"


class Engine:
    """containerd and dockerd with busybox as the only image."""

    def __init__(self, live_restore=False, userland_proxy=False):
        self.live_restore, self.userland_proxy = live_restore, userland_proxy
        self.root = Path(tempfile.mkdtemp(prefix="pf-e2e-engine-"))
        self.net = Netns("engine")
        self.socket = self.root / "docker.sock"
        self._logs = []
        self._containerd = self._dockerd = None
        try:
            self.start()
            self._import_image()
        except BaseException:
            self.close()
            raise

    def _spawn(self, name, *arguments):
        log = open(self.root / f"{Path(name).name}.log", "ab")
        self._logs.append(log)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.root), "TMPDIR": str(self.root),
               "DOCKER_RAMDISK": "true"}
        return subprocess.Popen(["nsenter", f"--net={self.net.path}", "--", str(name), *map(str, arguments)],
                                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True)

    def start(self):
        """Start both daemons; also used to start again after stop()."""
        address = self.root / "containerd.sock"
        if self._containerd is None:
            config = self.root / "containerd.toml"
            config.write_text(f'version = 2\nroot = "{self.root}/c-root"\nstate = "{self.root}/c-state"\n'
                              'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                              f'[grpc]\n  address = "{address}"\n'
                              f'[ttrpc]\n  address = "{address}.ttrpc"\n')
            self._containerd = self._spawn("containerd", "--config", config)
            until(lambda: self._up(self._containerd, address), "containerd", 30)
        self._dockerd = self._spawn(
            "dockerd", "--containerd", address, "--host", f"unix://{self.socket}",
            "--data-root", self.root / "d-root", "--exec-root", self.root / "d-exec",
            "--pidfile", self.root / "dockerd.pid", "--config-file", self._settings(),
            "--storage-driver", "vfs", "--bip", "198.51.100.1/25",
            "--default-address-pool", "base=203.0.113.0/24,size=27", f"--userland-proxy={str(self.userland_proxy).lower()}")
        until(lambda: self._up(self._dockerd, self.socket) and self._answers(), "dockerd", 60)

    def _settings(self):
        """A configuration of our own, so that the machine's one is not read."""
        path = self.root / "daemon.json"
        path.write_text('{"live-restore": %s}\n' % str(self.live_restore).lower())
        return path

    def _up(self, process, path):
        if process.poll() is not None:
            for log in self._logs:
                log.flush()
            tail = "".join(p.read_text(errors="replace")[-3000:] for p in self.root.glob("*.log"))
            raise AssertionError(f"the container engine ended with status {process.returncode}:\n{tail}")
        return path.exists()

    def _answers(self):
        done = subprocess.run(["docker", "-H", f"unix://{self.socket}", "info"], capture_output=True, timeout=30)
        return done.returncode == 0

    def docker(self, *arguments, check=True, timeout=60):
        done = subprocess.run(["docker", "-H", f"unix://{self.socket}", *map(str, arguments)],
                              capture_output=True, text=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"docker {' '.join(map(str, arguments))}: {done.stderr}"
        return done.stdout.strip()

    def _import_image(self):
        archive = self.root / "image.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(os.path.realpath(shutil.which("busybox")), "bin/busybox")
            for name in ("sh", "httpd", "wget", "sleep", "nc", "ping"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        self.docker("import", archive, IMAGE)

    def run(self, name, *command, options=()):
        """Start a container and return its name, which is NAME made unique on the machine."""
        name = f"{name}-{os.getpid()}"
        command = command or (BUSYBOX, "sleep", "3600")
        self.docker("run", "-d", "--name", name, "--stop-signal", "KILL", *options, IMAGE, *command)
        return name

    def identity(self, name):
        return self.docker("inspect", "-f", "{{.Id}}", name)

    def pid(self, name):
        return int(self.docker("inspect", "-f", "{{.State.Pid}}", name))

    def address(self, name):
        return self.docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", name)

    def remove(self, *names):
        self.docker("rm", "-f", *names)

    def stop(self):
        """End dockerd; without live restore its containers end too. containerd stays."""
        self._end(self._dockerd)
        self._dockerd = None

    def kill(self):
        """SIGKILL dockerd: its containers live on without an engine."""
        self._dockerd.kill()
        self._dockerd.wait()
        self._dockerd = None

    @staticmethod
    def _end(process):
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self):
        """Containers, daemons, shims, mounts, namespace and files: all gone."""
        if self._dockerd is not None and self._dockerd.poll() is None:
            names = self.docker("ps", "-aq", check=False).split()
            if names:
                self.docker("rm", "-f", *names, check=False)
        self._end(self._dockerd)
        self._end(self._containerd)
        self._kill_strays()
        self._remove_accounts()
        for mount in reversed(self._mounts()):
            subprocess.run(["umount", "-l", mount], capture_output=True)
        for log in self._logs:
            log.close()
        self.net.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _mounts(self):
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line.split()[4] for line in lines if line.split()[4].startswith(str(self.root))]

    def _kill_strays(self):
        """Shims and container processes that outlived their daemons, known by our private paths."""
        needle = str(self.root).encode()
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                command = Path(f"/proc/{entry}/cmdline").read_bytes()
                if needle in command and int(entry) != os.getpid():
                    for pid in self._children(int(entry)):
                        os.kill(pid, signal.SIGKILL)
                    os.kill(int(entry), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                continue

    def _remove_accounts(self):
        """What runc wrote down about containers of ours that were killed, outside of our own folder."""
        for state in Path("/run/containerd/runc").glob("*/*/state.json"):
            if str(self.root) in state.read_text():
                shutil.rmtree(state.parent, ignore_errors=True)

    @staticmethod
    def _children(pid):
        try:
            return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except FileNotFoundError:
            return []
