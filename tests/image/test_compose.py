# SPDX-License-Identifier: MIT
"""The compose files of deploy/compose, and deployments of the original services with this image in place of theirs."""
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from urllib.parse import quote

import pytest
import yaml

import packaged
from harness import pcapng
from harness.service import REPO
from harness.wait import until

FOLDER = REPO / "deploy" / "compose"

# Both services as existing deployments start them: their commands, rights and limits.
ORIGINAL = """
version: '2.4'
services:
  gostwire:
    image: IMAGE
    entrypoint: ["/gostwire", "--http=[::]:5000", "--brand=Edgeshark", "--brandicon=PHN2Zy8+", "--initialcgroup"]
    user: "65534"
    read_only: true
    restart: unless-stopped
    pid: host
    mem_limit: 48mb
    cap_drop: [ALL]
    cap_add: [SYS_ADMIN, SYS_CHROOT, SYS_PTRACE, NET_ADMIN, NET_RAW, DAC_READ_SEARCH, DAC_OVERRIDE]
    security_opt: ["apparmor:unconfined"]
    networks: {99-ghost-in-da-edge: {priority: 100}}
  edgeshark:
    image: IMAGE
    entrypoint: ["/packetflix", "--port=5001", "--discovery-service=gostwire.ghost-in-da-edge", "--gw-port=5000", "--proxy-discovery",
                 "--debug"]
    user: "65534"
    read_only: true
    restart: unless-stopped
    pid: host
    mem_limit: 32mb
    cap_drop: [ALL]
    cap_add: [SYS_ADMIN, SYS_CHROOT, SYS_PTRACE, NET_ADMIN, NET_RAW]
    security_opt: ["apparmor:unconfined"]
    networks: {99-ghost-in-da-edge: {priority: 100}}
    ports: ["5001:5001"]
networks:
  99-ghost-in-da-edge:
    name: ghost-in-da-edge
    internal: false
"""


class Project:
    """A compose project in the engine's namespace, down at the end."""

    def __init__(self, engine, text, folder, **env):
        self.engine, self.folder = engine, folder
        self.file = folder / "compose.yaml"
        self.file.write_text(text)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DOCKER_HOST": f"unix://{engine.socket}", "COMPOSE_PROJECT_NAME": "edgeshark",
                    "PACKETFLIX_IMAGE": packaged.name(), **env}

    def compose(self, *words, stdin=None):
        done = subprocess.run(["docker-compose", *words], env=self.env, cwd=self.folder, input=stdin, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def down(self):
        self.compose("-f", str(self.file), "down", "--volumes", "--timeout", "2")

    def curl(self, url, *words):
        """From the Docker host: status and body."""
        done = subprocess.run(["nsenter", f"--net={self.engine.net.path}", "--", "curl", "-sk", "--max-time", "20", "-w", "\n%{http_code}", *words, url],
                              capture_output=True, timeout=30)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status or 0), body

    def wait_ready(self, url, *words):
        until(lambda: self.curl(url, *words)[0] == 200, f"{url} to answer", 40)


@pytest.fixture
def project(engine, tmp_path):
    made = []

    def make(text, **env):
        made.append(Project(engine, text, tmp_path, **env))
        return made[-1]
    yield make
    for one in made:
        one.down()


def text_of(name):
    """Debian's compose is of version 1 and takes the project's name from the environment alone."""
    text = (FOLDER / name).read_text()
    if name.endswith(".yaml"):
        assert yaml.safe_load(text)["name"] == "edgeshark"
        text = text.replace("name: edgeshark\n", "version: '3.8'\n", 1)
    return text


def names(project, url, *words):
    return {target["name"] for target in json.loads(project.curl(f"{url}/mobyshark?fresh", *words)[1])["containers"]}


def test_the_file_starts_from_a_pipe_and_is_for_this_host_alone(engine, project):
    one = project(text_of("compose.yaml"))
    one.compose("-f", "-", "up", "-d", stdin=text_of("compose.yaml"))
    one.wait_ready("http://localhost:5001/readyz")
    assert engine.web in names(one, "http://localhost:5001")
    assert one.curl("http://198.51.100.1:5001/readyz")[0] == 0
    container = one.compose("-f", "-", "ps", "-q", stdin=text_of("compose.yaml")).strip()
    shown = json.loads(engine.docker("inspect", container))[0]
    labels = shown["Config"]["Labels"]
    assert (labels["com.docker.compose.project"], labels["com.docker.compose.service"]) == ("edgeshark", "edgeshark")
    assert shown["HostConfig"]["ReadonlyRootfs"] and not shown["HostConfig"]["Privileged"] and not shown["HostConfig"]["Binds"]
    status, body = one.curl("http://localhost:5001/readyz?verbose")
    assert status == 200 and json.loads(body)["warnings"] == []


def test_the_other_file_is_for_all_addresses_and_says_the_same_otherwise(project):
    one = project(text_of("compose-all-addresses.yaml"))
    one.compose("-f", "-", "up", "-d", stdin=text_of("compose-all-addresses.yaml"))
    one.wait_ready("http://198.51.100.1:5001/readyz")
    strip = lambda name: [line.replace("127.0.0.1:", "") for line in text_of(name).splitlines() if not line.startswith("#")]  # noqa: E731
    assert strip("compose.yaml") == strip("compose-all-addresses.yaml")


@pytest.fixture(scope="session")
def caddy(engine):
    """An image of Debian's Caddy; the compose file names the public one."""
    archive = engine.root / "caddy.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(os.path.realpath(shutil.which("caddy")), "usr/bin/caddy")
        needed = subprocess.run(["ldd", shutil.which("caddy")], capture_output=True, text=True, check=True).stdout
        for library in re.findall(r"(/\S+) \(0x", needed):
            tar.add(os.path.realpath(library), library[1:])
    engine.docker("import", "--change", "ENV PATH=/usr/bin HOME=/data XDG_DATA_HOME=/data XDG_CONFIG_HOME=/tmp", archive, "pf-e2e-caddy", timeout=120)
    return "pf-e2e-caddy"


def test_behind_caddy_there_are_tls_and_a_login_and_tickets_pass(engine, project, caddy, tmp_path):
    hashed = subprocess.run(["caddy", "hash-password", "--plaintext", "a password"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "Caddyfile").write_text(text_of("Caddyfile"))
    one = project(text_of("compose-login.yaml"), CADDY_IMAGE=caddy, PACKETFLIX_HOST="localhost", PACKETFLIX_PORT="8443",
                  PACKETFLIX_PASSWORD_HASH=hashed)
    one.compose("-f", str(one.file), "up", "-d")
    url, login = "https://localhost:8443", ("-u", "admin:a password")
    one.wait_ready(f"{url}/readyz", *login)
    assert one.curl(f"{url}/mobyshark")[0] == 401 and one.curl(f"{url}/mobyshark", "-u", "admin:wrong")[0] == 401
    assert engine.web in names(one, url, *login)
    assert one.curl(f"{url}/tickets?target={engine.web}", "-X", "POST")[0] == 401
    status, body = one.curl(f"{url}/tickets?target={engine.web}&duration=1", "-X", "POST", *login)
    assert status == 201
    place = json.loads(body)["path"]
    status, body = one.curl(f"{url}/{place}capture.pcapng")
    assert status == 200 and pcapng.parse(body).interfaces
    assert one.curl(f"{url}/{place}capture.pcapng")[0] == 403


def test_packets_pass_caddy_as_they_come(engine, project, caddy, tmp_path):
    hashed = subprocess.run(["caddy", "hash-password", "--plaintext", "p"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "Caddyfile").write_text(text_of("Caddyfile"))
    one = project(text_of("compose-login.yaml"), CADDY_IMAGE=caddy, PACKETFLIX_HOST="localhost", PACKETFLIX_PORT="8443",
                  PACKETFLIX_PASSWORD_HASH=hashed)
    one.compose("-f", str(one.file), "up", "-d")
    one.wait_ready("https://localhost:8443/readyz", "-u", "admin:p")
    stream = subprocess.Popen(["nsenter", f"--net={engine.net.path}", "--", "curl", "-skN", "--max-time", "30", "-u", "admin:p",
                               f"https://localhost:8443/capture.pcapng?target={engine.web}&nif=lo"], stdout=subprocess.PIPE)
    try:
        started = time.monotonic()
        assert stream.stdout.read(4) == b"\x0a\x0d\x0d\x0a" and time.monotonic() - started < 20
    finally:
        stream.kill()
        stream.communicate()


def test_both_services_of_an_existing_deployment_can_be_this_image(engine, project):
    one = project(ORIGINAL.replace("IMAGE", packaged.name()))
    one.compose("-f", str(one.file), "up", "-d")
    url = "http://localhost:5001"
    one.wait_ready(f"{url}/readyz")
    until(lambda: one.curl(f"{url}/discover/mobyshark")[0] == 200, "the list to be passed on", 10)
    assert engine.web in names(one, url)
    status, body = one.curl(f"{url}/json")
    assert status == 200 and json.loads(body)["network-namespaces"]
    assert one.curl(f"{url}/")[0] == 200
    listed = json.loads(one.curl(f"{url}/mobyshark")[1])["containers"]
    target = quote(json.dumps(next(target for target in listed if target["name"] == engine.web)))
    status, body = one.curl(f"{url}/capture.pcapng?duration=1&container={target}")
    assert status == 200 and pcapng.parse(body).interfaces
