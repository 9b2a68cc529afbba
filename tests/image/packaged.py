# SPDX-License-Identifier: MIT
"""The container image of this checkout, and containers of it."""
import json
import subprocess
import tarfile
import time

from harness.service import REPO
from harness.wait import until

NEEDED = ("SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE", "NET_RAW")
WANTED = ("NET_ADMIN", "NET_BROADCAST", "DAC_READ_SEARCH", "DAC_OVERRIDE")
ALL = NEEDED + WANTED
PORT = 5001


def archive():
    """The file that ./build --image has made."""
    found = sorted((REPO / "dist").glob("packetflix-*-image.tar"))
    assert found, "there is no image: ./build --image makes it"
    return found[-1]


def name():
    """Name and tag of the image."""
    with tarfile.open(archive()) as tar:
        return json.load(tar.extractfile("manifest.json"))[0]["RepoTags"][0]


def files_of(layer_file):
    """The entries of the only layer, by name, with their contents."""
    with tarfile.open(layer_file) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        layer = tar.extractfile(manifest[0]["Layers"][0])
        with tarfile.open(fileobj=layer, mode="r:gz") as inner:
            return {entry.name: (entry, inner.extractfile(entry).read() if entry.isfile() else b"") for entry in inner}


class Packaged:
    """One container of the image in ENGINE, started as a deployment does it."""

    def __init__(self, engine, *words, caps=ALL, options=("--pid", "host"), user=None, entrypoint=None):
        self.engine = engine
        self.name = f"packetflix-{time.monotonic_ns()}"
        rights = [word for cap in caps for word in ("--cap-add", cap)]
        engine.docker("run", "-d", "--name", self.name, "--read-only", "--cap-drop", "ALL", *rights, *options,
                      *(("-u", user) if user else ()), *(("--entrypoint", entrypoint) if entrypoint else ()), name(), *words)

    def close(self):
        self.engine.docker("rm", "-f", self.name, check=False)

    @property
    def log(self):
        done = subprocess.run(["docker", "-H", f"unix://{self.engine.socket}", "logs", self.name], capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    @property
    def is_running(self):
        return self.engine.docker("inspect", "-f", "{{.State.Running}}", self.name) == "true"

    def wait_end(self):
        """Wait until it has ended; returns its exit status."""
        until(lambda: not self.is_running, "the container to end", 30)
        return int(self.engine.docker("inspect", "-f", "{{.State.ExitCode}}", self.name))

    @property
    def address(self):
        return self.engine.address(self.name) or "127.0.0.1"

    def curl(self, path, *words, timeout=20):
        """Returns status and body; status 0 without an answer."""
        done = subprocess.run(["nsenter", f"--net={self.engine.net.path}", "--", "curl", "-s", "--max-time", str(timeout), "-w", "\n%{http_code}",
                               *words, f"http://{self.address}:{PORT}{path}"], capture_output=True, timeout=timeout + 10)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status or 0), body

    def wait_ready(self):
        def is_ready():
            assert self.is_running, f"it has ended:\n{self.log}"
            return self.curl("/readyz", timeout=2)[0] == 200
        until(is_ready, "the container to be ready", 30)
        return self

    def warnings(self):
        """Kinds and texts of /readyz?verbose."""
        status, body = self.curl("/readyz?verbose")
        answer = json.loads(body)
        assert answer["ready"] == (status == 200)
        return {warning["kind"]: warning["text"] for warning in answer["warnings"]}

    def targets(self):
        return json.loads(self.curl("/mobyshark?fresh")[1])["containers"] or []

    def start_capture(self, seconds, **query):
        """Start curl with a capture; it ends after so many seconds."""
        words = "&".join(f"{key}={value}" for key, value in query.items())
        return subprocess.Popen(["nsenter", f"--net={self.engine.net.path}", "--", "curl", "-sN", "--max-time", str(seconds + 20),
                                 f"http://{self.address}:{PORT}/capture.pcapng?duration={seconds}&{words}"], stdout=subprocess.PIPE)
