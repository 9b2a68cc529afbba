# SPDX-License-Identifier: MIT
"""A containerd of our own with its Kubernetes interface: private sockets, roots, network namespace and addresses."""
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

from harness.cri import Cri
from harness.engine import BUSYBOX, Engine
from harness.wait import until

IMAGE = "pf.test/busybox:1"
PODS = "198.51.100.128/25"


class Containerd(Engine):
    """containerd with busybox as the only image, in its namespaces "lab" and "k8s.io"."""

    def start(self):
        config = self.root / "containerd.toml"
        config.write_text(self._config())
        self._write_network()
        self._containerd = self._spawn("containerd", "--config", config)
        self.socket = self.root / "c.sock"
        until(lambda: self._up(self._containerd, self.socket) and self._answers(), "containerd", 30)
        self.cri = Cri(self.socket)

    @property
    def pid_of_engine(self):
        return self._containerd.pid

    def _config(self):
        cri = '[plugins."io.containerd.grpc.v1.cri"'
        return (f'version = 2\nroot = "{self.root}/c-root"\nstate = "{self.root}/c-state"\n'
                f'[grpc]\n  address = "{self.root}/c.sock"\n[ttrpc]\n  address = "{self.root}/c.sock.ttrpc"\n'
                f'{cri}]\n  sandbox_image = "{IMAGE}"\n  disable_apparmor = true\n  restrict_oom_score_adj = true\n'
                '  netns_mounts_under_state_dir = true\n'
                f'{cri}.cni]\n  bin_dir = "/usr/lib/cni"\n  conf_dir = "{self.root}/cni"\n'
                f'{cri}.containerd]\n  snapshotter = "native"\n'
                f'[plugins."io.containerd.internal.v1.opt"]\n  path = "{self.root}/opt"\n')

    def _write_network(self):
        (self.root / "cni").mkdir(exist_ok=True)
        (self.root / "cni" / "10-pf.conflist").write_text(json.dumps({
            "cniVersion": "0.4.0", "name": "pf", "plugins": [{
                "type": "bridge", "bridge": "pf0", "isGateway": True,
                "ipam": {"type": "host-local", "dataDir": str(self.root / "ipam"), "ranges": [[{"subnet": PODS}]]}}]}))

    def _answers(self):
        return subprocess.run(self._ctr("version"), capture_output=True, timeout=30).returncode == 0

    def _ctr(self, *words, namespace="lab"):
        return ["ctr", "--address", str(self.root / "c.sock"), "--namespace", namespace, *map(str, words)]

    def ctr(self, *words, namespace="lab", check=True):
        done = subprocess.run(self._ctr(*words, namespace=namespace), capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, f"ctr {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def _import_image(self):
        archive = self.root / "image.tar"
        write_image(archive)
        for namespace in ("lab", "k8s.io", "default", "plugins.moby"):
            self.ctr("image", "import", "--snapshotter", "native", archive, namespace=namespace)

    def run(self, name, *command, namespace="lab", options=()):
        """Start a container of containerd's own and return its id, which is NAME made unique on the machine."""
        name = f"{name}-{os.getpid()}"
        command = command or (BUSYBOX, "sleep", "3600")
        self.ctr("run", "--detach", "--snapshotter", "native", *options, IMAGE, name, *command, namespace=namespace)
        return name

    def pid(self, name, namespace="lab"):
        tasks = [line.split() for line in self.ctr("task", "list", namespace=namespace).splitlines()[1:]]
        return next((int(task[1]) for task in tasks if task[0] == name), None)

    def remove(self, *names, namespace="lab"):
        for name in names:
            self.ctr("task", "kill", "--signal", "KILL", name, namespace=namespace, check=False)
            self.ctr("task", "delete", "--force", name, namespace=namespace, check=False)
            self.ctr("container", "delete", name, namespace=namespace, check=False)

    def stop(self):
        """End containerd; its containers live on."""
        self._end(self._containerd)
        self._containerd = None

    def close(self):
        if self._containerd is not None and self._containerd.poll() is None and getattr(self, "cri", None):
            for pod in self.cri.pods():
                self.cri.remove_pod(pod)
        super().close()


class HiddenContainerd(Containerd):
    """A containerd whose process has another name, so that nobody takes it for one."""

    def _spawn(self, name, *arguments):
        hidden = self.root / "hidden"
        if not hidden.exists():
            hidden.symlink_to(shutil.which(name))
        return super()._spawn(hidden, *arguments)


def write_image(path):
    """An image archive as "docker save" makes it: a layer with busybox, which also serves as the pause of pods."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(os.path.realpath(shutil.which("busybox")), "bin/busybox")
        for name in ("etc", "proc", "sys", "dev", "tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
                         "config": {"Entrypoint": [BUSYBOX, "sleep", "3600"], "StopSignal": "SIGKILL"}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, data in (("config.json", config), ("layer.tar", layer.getvalue()), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
