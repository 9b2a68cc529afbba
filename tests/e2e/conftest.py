# SPDX-License-Identifier: MIT
"""Fixtures of the end-to-end suite. It needs root, real namespaces and a real Docker engine; nothing is skipped."""
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import client, netns, service  # noqa: E402
from harness.engine import Engine  # noqa: E402
from harness.foreign import ForeignMount  # noqa: E402

TOOLS = ("ip", "nsenter", "tshark", "capinfos", "tcpdump", "dockerd", "containerd", "docker", "busybox", "openssl",
         "gdb", "jq", "zsh", "fish", "setpriv", "prlimit", "setcap", "unshare", "mount", "podman", "lxc-start", "systemd-nspawn", "runc",
         "crun", "slirp4netns",
         "wireshark", "Xvfb", "scrot", "xdg-open", "gio", "update-desktop-database", "desktop-file-validate")


def pytest_configure(config):
    def interrupt(*_):
        raise KeyboardInterrupt
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def pytest_sessionstart(session):
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if os.geteuid() != 0:
        pytest.exit("the end-to-end tests need root", 1)
    if missing:
        pytest.exit(f"the end-to-end tests need {', '.join(missing)}", 1)
    if session.config.option.collectonly:
        return
    if not os.access(service.binary(), os.X_OK):
        pytest.exit(f"{service.binary()} is not built", 1)
    netns.remove_stale()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for number, running in enumerate(service.Service.started):
            report.sections.append((f"packetflix {number}: {' '.join(running.command)}", running.log[-8000:]))


class _Owner:
    """Makes things for one scope and closes them in reverse order."""

    def __init__(self):
        self._made = []

    def add(self, thing):
        self._made.append(thing)
        return thing

    def close(self):
        errors = []
        for thing in reversed(self._made):
            try:
                thing.stop() if isinstance(thing, service.Service) else thing.close()
            except Exception as error:  # everything is closed, then the first error is raised
                errors.append(error)
        if errors:
            raise errors[0]


def _close_viewers():
    for viewer in list(client._Watched.opened):
        viewer.drop()


@pytest.fixture
def owned(request):
    """Closes whatever is added to it when the test ends."""
    owner = _Owner()
    yield owner
    _close_viewers()
    owner.close()


@pytest.fixture
def start(owned):
    """Starts a packetflix with the given flags for this test only."""
    def make(*flags, **options):
        return owned.add(service.Service(*flags, **options))
    return make


@pytest.fixture
def new_netns(owned):
    """Makes a network namespace for this test only."""
    def make(role="ns", **options):
        return owned.add(netns.Netns(role, **options))
    return make


@pytest.fixture(scope="session")
def _shared_service():
    running = service.Service()
    yield running
    running.stop()


@pytest.fixture
def shared(_shared_service, request):
    """One packetflix with default flags, used by all tests that do not harm it."""
    assert _shared_service.process.poll() is None, "the shared packetflix has died"
    yield _shared_service
    _close_viewers()
    if _shared_service.process.poll() is None:
        _shared_service.wait_readers(0)


class Scene:
    """A target namespace 'box' with eth0, and a peer namespace 'far' with peer0 that sends to it."""

    BOX_IP, FAR_IP = "192.0.2.1", "192.0.2.2"

    def __init__(self, add):
        self.box = add(netns.Netns("box"))
        self.far = add(netns.Netns("far"))
        netns.veth(self.box, "eth0", self.far, "peer0", self.BOX_IP, self.FAR_IP)
        self.mac = netns.mac(self.box, "eth0")
        self.far_mac = netns.mac(self.far, "peer0")
        self._sender = self._local = None

    @property
    def inode(self):
        return self.box.inode

    @property
    def sender(self):
        """A raw socket on peer0; what it sends arrives at eth0."""
        if self._sender is None:
            self._sender = self.far.packet_socket("peer0")
        return self._sender

    @property
    def local(self):
        """A raw socket on eth0; what it sends is seen there as outgoing, with no queue before that could drop it."""
        if self._local is None:
            self._local = self.box.packet_socket("eth0")
        return self._local

    def send(self, *frames):
        for frame in frames:
            self.sender.send(frame)

    def close(self):
        for sock in filter(None, (self._sender, self._local)):
            sock.close()
        self._sender = self._local = None


@pytest.fixture
def scene(owned):
    """A fresh pair of namespaces."""
    return owned.add(Scene(owned.add))


@pytest.fixture(scope="module")
def plain_scene():
    """A pair of namespaces shared by the tests of a module that only send through it."""
    owner = _Owner()
    try:
        yield owner.add(Scene(owner.add))
    finally:
        owner.close()


@pytest.fixture
def foreign_mount(owned, tmp_path):
    """A namespace known only by a bind mount in a foreign mount namespace."""
    return owned.add(ForeignMount(tmp_path))


@pytest.fixture(scope="session")
def engine():
    """The Docker engine of the session."""
    running = Engine()
    yield running
    running.close()


@pytest.fixture
def container(engine):
    """Starts containers that are removed when the test ends."""
    names = []

    def make(name, *command, options=()):
        names.append(engine.run(name, *command, options=options))
        return names[-1]
    yield make
    if names:
        engine.docker("rm", "-f", *names, check=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Paths of a self-made certificate for 127.0.0.1 and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return cert, key
