# SPDX-License-Identifier: MIT
"""The Wireshark plugin: tshark and Wireshark capture with it, and what it says when something is wrong."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import pytest

from harness import pcapng
from harness.client import Viewer
from harness.original import Close, Eof, Original, Play, target
from harness.service import REPO, free_port
from harness.traffic import Numbered
from harness.wait import until

PLUGIN = REPO / "out" / "cshargextcap"
DESKTOP = "com.github.siemens.packetflix.desktop"
COUNT = 400


@pytest.fixture
def home(tmp_path):
    """Environment of a user whose Wireshark finds the plugin, and who has nothing else."""
    place = tmp_path / "home"
    for folder in (".config/wireshark/extcap", ".local/lib/wireshark/extcap"):     # up to 4.0, and since
        (place / folder).mkdir(parents=True)
        (place / folder / PLUGIN.name).symlink_to(PLUGIN)
    (place / "tmp").mkdir()
    return SimpleNamespace(path=place, env={
        "HOME": str(place), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": str(place / "tmp"),
        "XDG_RUNTIME_DIR": str(place / "tmp"), "XDG_DATA_HOME": str(place / "share"), "XDG_DATA_DIRS": "/usr/share"})


@pytest.fixture
def original():
    with Original() as service:
        service.targets = [target("web", interfaces=["lo", "eth0"]), target("default/nginx", "pod"),
                           target("init(1)", "proc"), target("/run/netns/x", "bindmount"),
                           target("web", prefix="kind", netns=4026532001)]
        yield service
        assert not service.errors, service.errors


def link(service, wanted, **more):
    query = "&".join(f"{key}={quote(value)}" for key, value in
                     {"container": json.dumps(wanted), "nif": "eth0", **more}.items())
    return f"packetflix:ws://{service.host}:{service.port}/capture?{query}"


def ask(*words, **env):
    done = subprocess.run([PLUGIN, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", **env}, timeout=30)
    return done.returncode, done.stdout, done.stderr


class Running:
    """A process whose output is kept in files, and which does not outlive the test."""

    def __init__(self, owned, folder, *command, env=None):
        owned.add(self)
        self._out, self._err = folder / f"out-{id(self)}", folder / f"err-{id(self)}"
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            env=env or {"PATH": "/usr/bin:/bin"}, start_new_session=True)

    @property
    def out(self):
        return self._out.read_text()

    @property
    def err(self):
        return self._err.read_text()

    def end(self, timeout=20):
        self.process.wait(timeout)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Fifo:
    """The pipe that Wireshark makes; PACKETS is what came through it until now."""

    def __init__(self, owned, folder):
        self.path, self.data, self.ended = folder / f"fifo-{id(self)}", b"", threading.Event()
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        owned.add(self)

    def read(self):
        try:
            while data := os.read(self._fd, 65536):
                self.data += data
        except BlockingIOError:
            pass
        return self.data

    @property
    def packets(self):
        return pcapng.parse(self.read()).packets

    def close(self):
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


@pytest.fixture
def capture(owned, tmp_path):
    """Starts the plugin as Wireshark does; returns it and the pipe."""
    def make(interface, *words, env=None):
        fifo = Fifo(owned, tmp_path)
        return Running(owned, tmp_path, PLUGIN, "--capture", "--extcap-interface", interface, "--fifo", fifo.path,
                       *words, env=env), fifo
    return make


@pytest.fixture
def box(engine, container, shared):
    """A real container, as its target, and a function that sends datagrams to it."""
    name = container("extcap", "/bin/busybox", "sleep", "1000")
    address = engine.address(name)
    wanted = until(lambda: shared.target(name=name), f"{name} to be listed")

    def send(count):
        def work():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                for number in range(count):
                    sock.sendto(b"extcap %d" % number, (address, 9))
        engine.net.run(work)
    return SimpleNamespace(name=name, wanted=wanted, send=send)


def numbers_in(path):
    """Of the datagrams in a file that tshark is writing."""
    data = path.read_bytes() if path.exists() else b""
    stream = pcapng.Stream()
    stream.feed(data)
    return [int(p.data.rpartition(b"extcap ")[2]) for p in stream.packets if b"extcap " in p.data]


def counted(box, running, path):
    """Send COUNT datagrams, each of which must be in the file once, in order."""
    until(lambda: path.exists() and b"eth0" in path.read_bytes(), "the interface in the file")
    box.send(COUNT)
    until(lambda: len(numbers_in(path)) >= COUNT, "all packets in the file")
    os.kill(running.process.pid, signal.SIGINT)
    assert running.end() == 0, running.err
    assert numbers_in(path) == list(range(COUNT))


# -- tshark and Wireshark ----------------------------------------------------------------------

def test_tshark_lists_both_interfaces(home):
    done = subprocess.run(["tshark", "-D"], capture_output=True, text=True, env=home.env)
    assert "mobyshark (Docker host capture (" in done.stdout
    assert "packetflix (packetflix:// remote cluster and container host capture (" in done.stdout


def test_tshark_captures_a_container_by_mobyshark(shared, home, owned, tmp_path, box):
    saved = tmp_path / "mobyshark.pcapng"
    url = f"http://127.0.0.1:{shared.port}"
    _, values, _ = ask("--extcap-config", "--extcap-interface", "mobyshark", "--extcap-reload-option", "container",
                       "--dockerhosturl", url, "--showcontainers", "true")
    value, = (line.split("{value=")[1].split("}")[0] for line in values.splitlines()
              if f"{{display={box.name}}}" in line)
    tshark = Running(owned, tmp_path, "tshark", "-q", "-i", "mobyshark", "-f", "udp port 9", "-w", saved,
                     "-o", f"extcap.mobyshark.dockerhosturl:{url}", "-o", f"extcap.mobyshark.container:{value}",
                     "-o", "extcap.mobyshark.nif:eth0", env=home.env)
    counted(box, tshark, saved)


def test_tshark_captures_a_container_by_a_link(shared, home, owned, tmp_path, box):
    saved = tmp_path / "packetflix.pcapng"
    service = SimpleNamespace(host="127.0.0.1", port=shared.port)
    wanted = {"name": box.name, "type": box.wanted["type"], "netns": box.wanted["netns"]}
    tshark = Running(owned, tmp_path, "tshark", "-q", "-i", "packetflix", "-f", "port 9", "-w", saved, "-o",
                     f"extcap.packetflix.url:{link(service, wanted, filter='udp')}", env=home.env)
    counted(box, tshark, saved)


def test_tshark_shows_why_a_capture_failed(home, owned, tmp_path, original):
    original.plays = [Play(ending=Close(1006, "cannot lock target network stack"))]
    for url, words in ((link(original, {"name": "web"}), "cannot lock target network stack"),
                       ("packetflix:ws://127.0.0.1:1/capture?container={}", "connect")):
        tshark = Running(owned, tmp_path, "tshark", "-i", "packetflix", "-o", f"extcap.packetflix.url:{url}", env=home.env)
        tshark.end()
        assert words in tshark.err


def screen(owned, tmp_path):
    """An X server of our own; returns the name of its display."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1200x800x24", "-nolisten", "tcp"]
    server = SimpleNamespace(process=subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL))
    server.close = lambda: (server.process.terminate(), server.process.wait())
    owned.add(server)
    os.close(writing)
    with os.fdopen(reading) as told:
        return f":{told.readline().strip()}"


OPEN = REPO / "out" / "packetflix-open"


def write_desktop_file(folder):
    text = (REPO / "src" / "extcap" / f"{DESKTOP}.in").read_text()
    (folder / DESKTOP).write_text(text.replace("@open@", str(OPEN)))


def test_wireshark_captures_as_the_desktop_file_starts_it(shared, home, owned, tmp_path, box):
    """With a screenshot in out/wireshark.png."""
    env = {**home.env, "DISPLAY": screen(owned, tmp_path), "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
    (home.path / ".config/wireshark/recent_common").write_text("privs.warn_if_elevated: FALSE\n")
    (home.path / ".config/wireshark/preferences").write_text("gui.update.enabled: FALSE\n")
    service = SimpleNamespace(host="127.0.0.1", port=shared.port)
    Running(owned, tmp_path, OPEN, link(service, {"name": box.name}, filter="udp port 9"), env=env)

    def its_file():
        return next(iter((home.path / "tmp").glob("wireshark_*.pcapng")), tmp_path / "none")

    def in_its_file():
        return numbers_in(its_file())
    until(lambda: its_file().exists() and b"eth0" in its_file().read_bytes(), "the capture", 30)
    box.send(COUNT)
    until(lambda: len(in_its_file()) >= COUNT, "all packets in Wireshark's file")
    assert in_its_file() == list(range(COUNT))
    shots = [b""]

    def is_drawn():
        """It shows something, and the same as before."""
        subprocess.run(["scrot", "-o", REPO / "out" / "wireshark.png"], env=env, check=True)
        shots.append((REPO / "out" / "wireshark.png").read_bytes())
        return len(shots[-1]) > 50000 and shots[-1] == shots[-2]
    until(is_drawn, "the packets on the screen")
    # "Stop" waits for the plugin, which goes on until the service has answered its close
    subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "Capturing from", "windowfocus", "--sync", "key",
                    "ctrl+e"], env=env, check=True, timeout=30)
    statistics, = until(lambda: pcapng.parse(its_file().read_bytes()).statistics, "the final statistics in the file")
    assert (statistics.usrdeliv, statistics.ifdrop) == (COUNT, 0)


def properties_of(saved, home, owned, tmp_path):
    """The text of Wireshark's dialog "Capture File Properties" for the file SAVED, by way of the clipboard."""
    env = {**home.env, "DISPLAY": screen(owned, tmp_path), "QT_QPA_PLATFORM": "xcb", "LIBGL_ALWAYS_SOFTWARE": "1"}
    (home.path / ".config/wireshark/recent_common").write_text("privs.warn_if_elevated: FALSE\n")
    (home.path / ".config/wireshark/preferences").write_text("gui.update.enabled: FALSE\n")
    Running(owned, tmp_path, "wireshark", "-r", saved, env=env)

    def x(*words):
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=30).stdout

    def window(title):
        return next(iter(x("xdotool", "search", "--onlyvisible", "--name", title).split()), None)

    def press(title, *keys):
        x("xdotool", "windowfocus", "--sync", window(title))
        for key in keys:
            x("xdotool", "key", "--clearmodifiers", key)

    def is_open():
        """A second press too early would open a second dialog, which gets the keys of the first."""
        press(saved.name, "ctrl+alt+shift+c")
        return x("timeout", "10", "xdotool", "search", "--sync", "--onlyvisible", "--name", "Capture File Properties")

    def text():
        press("Capture File Properties", "ctrl+a", "ctrl+c")
        copied = x("timeout", "5", "xclip", "-selection", "clipboard", "-o", "-t", "UTF8_STRING")
        return "Dropped packets" in copied and "Statistics" in copied and copied
    until(lambda: window(saved.name), "the file on the screen", 60)
    until(is_open, "the dialog", 60)
    return until(text, "the text of the dialog", 60)


@pytest.mark.parametrize("lossy", [False, True], ids=["all", "losses"])
def test_wireshark_shows_the_dropped_packets_of_a_capture(start, scene, home, owned, tmp_path, lossy):
    """A viewer that stops its capture gets the counts in which Wireshark believes."""
    running = start("--ring-size", "2M", "--stream-size", "2M")
    viewer = Viewer(running, netns=scene.inode, nif="lo/eth0", filter="udp port 9").wait_interfaces("lo", "eth0")
    reader, = running.readers()
    run = Numbered(b"<dialog>", 1400)
    if lossy:
        os.kill(reader, signal.SIGSTOP)
    run.send(scene.local, 10_000 if lossy else 10)
    if lossy:
        os.kill(reader, signal.SIGCONT)
        # the packet behind a loss reports it
        until(lambda: run.send(scene.local, 1, 10_000) and viewer.stream.dropcount > 0, "the loss")
    viewer.wait(lambda s: s.packet_count > 0, "packets")
    viewer.close()
    saved = tmp_path / "saved.pcapng"
    saved.write_bytes(viewer.data)
    lost = [viewer.stream.last_statistics()[number].ifdrop for number in (0, 1)]
    assert lost[0] == 0 and (lost[1] > 0) == lossy
    # rows of the table: description, dropped packets, filter, link type, snap length
    lines = properties_of(saved, home, owned, tmp_path).splitlines()
    shown = [lines[at + 1].split(" ")[0] for at, line in enumerate(lines) if re.search(r", index \d+$", line)]
    assert shown == [str(number) for number in lost], lines


@pytest.mark.parametrize("desktop", ["GNOME", ""], ids=["gnome", "generic"])
def test_a_link_starts_wireshark_through_the_desktop_file(home, tmp_path, original, desktop):
    """The generic way of xdg-open replaces %u only where it is a word of its own."""
    applications, heard = home.path / "share" / "applications", tmp_path / "heard"
    applications.mkdir(parents=True)
    write_desktop_file(applications)
    subprocess.run(["desktop-file-validate", applications / DESKTOP], check=True)
    subprocess.run(["update-desktop-database", applications], check=True)
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "wireshark"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{heard}.new && mv {heard}.new {heard}\n')
    fake.chmod(0o755)
    env = {**home.env, "PATH": f"{tmp_path}/bin:/usr/bin:/bin", "DISPLAY": ":0", "XDG_CURRENT_DESKTOP": desktop}
    if not desktop:
        subprocess.run(["xdg-mime", "default", DESKTOP, "x-scheme-handler/packetflix"], env=env, check=True)
    url = link(original, {"name": "a b%P\u202e"})
    subprocess.run(["xdg-open", url], env=env, check=True, timeout=20, stdin=subprocess.DEVNULL)
    until(heard.exists, "the start of Wireshark")
    assert heard.read_text().splitlines() == [
        "-k", "-i", "packetflix", "-o", f"extcap.packetflix.url:{url}", "-o", "nameres.network_name:TRUE", "-o",
        "nameres.use_external_name_resolver:FALSE", "-o", "gui.prepend_window_title:a b_P?"]


def test_the_starter_says_what_is_wrong(home):
    def start(*words, path="/nowhere"):
        done = subprocess.run([OPEN, *words], env={**home.env, "PATH": path}, capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout, done.stderr
    assert start() == start("http://localhost/") == start("packetflix:", "x")
    assert start()[0] == 2 and start()[2].startswith("usage: packetflix-open")
    assert start("--help")[:2] == (0, start()[2])
    assert start("packetflix:nonsense") == (127, "", "packetflix-open: wireshark: No such file or directory\n")


def test_an_installation_puts_everything_in_its_place(tmp_path):
    subprocess.run(["meson", "install", "-C", REPO / "build-release", "--no-rebuild", "--destdir", tmp_path],
                   check=True, capture_output=True)
    folders = {path.parent.name for path in tmp_path.rglob("cshargextcap") if os.access(path, os.X_OK)}
    assert folders == {"extcap"}
    assert [path.parent.name for path in tmp_path.rglob(DESKTOP)] == ["applications"]
    manuals = {path.name.removesuffix(".gz") for path in tmp_path.rglob("man?/*")}
    assert manuals == {path.name for path in (REPO / "man").glob("*.?")}


def test_one_user_can_install_it_for_oneself(tmp_path):
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run([REPO / "scripts" / "install-extcap", "--user"], env=env, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    places = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob(PLUGIN.name)}
    assert places in ({".config/wireshark/extcap"}, {".local/lib/wireshark/extcap"})
    assert (tmp_path / ".local/share/applications" / DESKTOP).exists()
    listed = subprocess.run(["tshark", "-D"], env=env, capture_output=True, text=True, timeout=60).stdout
    assert "packetflix" in listed and "mobyshark" in listed
    (plugin,) = tmp_path.rglob(PLUGIN.name)
    told = subprocess.run([plugin, "--extcap-interfaces"], env=env, check=True, capture_output=True, text=True).stdout
    help_file = re.match(r"extcap \{version=[^}]*\}\{help=file://(/[^}]*)\}\n", told)[1]
    assert Path(help_file).is_relative_to(tmp_path) and Path(help_file).read_text().startswith("# ")


# -- the conversation --------------------------------------------------------------------------

def test_a_reload_lists_containers_and_interfaces(original):
    reload = ("--extcap-config", "--extcap-interface", "mobyshark", "--extcap-reload-option")
    status, out, err = ask(*reload, "container", "--dockerhosturl", original.url, "--showpods", "true",
                           "--showcontainers", "true", "--showprocs", "false", "--proxyoff", "true")
    assert (status, err) == (0, "")
    shown = [line.split("{display=")[1] for line in out.splitlines()]
    assert shown == ["default/nginx}{default=false}", "kind:web}{default=false}", "web}{default=false}"]
    first = json.dumps({"name": "default/nginx", "type": "pod", "netns": 4026532000, "network-interfaces": ["eth0"],
                        "prefix": "", "node-name": "127.0.0.1"}, separators=(",", ":"))
    assert out.splitlines()[0] == f"value {{arg=10}}{{value={quote_plus(first)}}}{{display=default/nginx}}{{default=false}}"
    value = out.splitlines()[2].split("{value=")[1].split("}")[0]
    assert ask(*reload, "nif", "--container", value) == (
        0, "value {arg=20}{value=any}{display=all}{default=true}\nvalue {arg=20}{value=eth0}{display=eth0}{default=false}\n"
           "value {arg=20}{value=lo}{display=lo}{default=false}\n", "")


def test_a_reload_that_fails_is_no_error_of_the_dialog():
    reload = ("--extcap-config", "--extcap-reload-option")
    for words, told in ((("container", "--extcap-interface", "mobyshark", "--dockerhosturl", "127.0.0.1:1"), "connect"),
                        (("nonsense", "--extcap-interface", "mobyshark"), "nonsense"),
                        (("container", "--extcap-interface", "packetflix"), "packetflix")):
        status, out, err = ask(*reload, *words)
        assert status == 0 and told in err and err.count("\n") == 1
        shown = f"value {{arg=10}}{{value=none}}{{display=\u26a0 {err[:-1]}}}{{default=true}}\n"
        assert out == ("" if words[0] == "nonsense" or "packetflix" in words else shown)


def test_the_dialog_shows_why_there_is_no_list(shared, original, certificate):
    reload = ("--extcap-config", "--extcap-interface", "mobyshark", "--extcap-reload-option", "container",
              "--dockerhosturl")
    original.listing = (401, "text/plain", "a valid token is needed")
    for words, told in (((original.url,), "status 401"), ((original.url, "--token", "wrong"), 'the field "Token"'),
                        (("http://192.0.2.1", "--token", "x"), "without TLS")):
        status, out, _ = ask(*reload, *words)
        assert status == 0 and out.startswith("value {arg=10}{value=none}{display=\u26a0 ") and told in out, out
        assert out.count("\n") == 1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with Original(tls=context) as service:
        assert "certificate is not trusted" in ask(*reload, service.url)[1]
        assert "if the service uses TLS, use https://" in ask(*reload, service.url.replace("https", "http"))[1]
    assert "does not use TLS: use http://" in ask(*reload, f"https://127.0.0.1:{shared.port}")[1]
    assert ask("--capture", "--extcap-interface", "mobyshark", "--dockerhosturl", original.url, "--container", "none",
               "--fifo", "/nonexistent/x")[2] == "no container is chosen\n"


def test_what_is_wrong_is_told_in_one_sentence(tmp_path, original):
    capture = ("--capture", "--fifo", tmp_path / "none", "--extcap-interface")
    for words, told in (
            ((*capture, "mobyshark"), "no Docker host URL is given"),
            ((*capture, "mobyshark", "--dockerhosturl", "h"), "no container is chosen"),
            ((*capture, "mobyshark", "--dockerhosturl", "h", "--container", "%7B"), "invalid target description"),
            ((*capture, "packetflix"), "no capture URL is given"),
            ((*capture, "packetflix", "--url", "http://h"), "the capture URL is not of the form packetflix:ws://"),
            ((*capture, "packetflix", "--url", "packetflix:ws://h/capture"), "the capture URL names no container"),
            ((*capture, "packetflix", "--url", "packetflix:ws://u@h/capture?container={}"), "the token or password is not sent to h"),
            ((*capture, "packetflix", "--url", link(original, {"name": "web"})), "cannot open the pipe"),
            ((*capture, "other"), 'unknown interface "other"'), (("--extcap-dlts",), "no interface is given"),
            (("--capture", "--extcap-config"), "only one of"), (("--nonsense",), "unknown flag: --nonsense"),
            (("--debug-file", "/none/x"), 'cannot open log file "/none/x", reason: No such file')):
        status, out, err = ask(*words)
        assert (status, out) == (1, "") and err.startswith(told) and err.count("\n") == 1, (words, err)


# -- captures ----------------------------------------------------------------------------------

def test_both_filters_reach_the_service_and_the_link_is_decoded_once(original, capture):
    original.targets.append(target("a+b%20", "docker", netns=4026532005, pid=7, starttime=8))
    original.plays = [Play(packets=5, ending=Close())]
    plugin, fifo = capture("packetflix", "--url", link(original, {"name": "a+b%20", "type": "docker"}, filter="tcp or udp"),
                           "--extcap-capture-filter", "port 80", "--noprom", "true")
    assert plugin.end() == 0, plugin.err
    query = original.requests[0].query
    assert query["filter"] == "(tcp or udp) and (port 80)" and "chaste" in query and query["nif"] == "eth0"
    described = json.loads(query["container"])
    assert described["name"] == "a+b%20" and described["pid"] == 7 and described["starttime"] == 8
    assert len(fifo.packets) == 5 and plugin.err == ""


def test_the_reason_of_the_service_is_told(original, capture):
    original.plays = [Play(ending=Close(1006, "cannot start capture process"))]
    plugin, _ = capture("mobyshark", "--dockerhosturl", original.url, "--container", quote_plus('{"name":"web"}'))
    assert plugin.end() == 1
    assert "cannot start capture process" in plugin.err and plugin.err.count("\n") == 1


def test_a_service_that_vanishes_is_an_error(original, capture):
    original.plays = [Play(packets=20, ending=Eof())]
    plugin, fifo = capture("mobyshark", "--dockerhosturl", original.url, "--container", '{"name":"web"}', "--nif", "any")
    assert plugin.end() == 1 and plugin.err.count("\n") == 1
    assert len(fifo.packets) == 20 and original.requests[0].query["nif"] == "any"


def test_the_end_of_the_service_is_told(original, capture):
    original.plays = [Play(packets=20, ending=Close(1001, "the service is ending"))]
    plugin, fifo = capture("mobyshark", "--dockerhosturl", original.url, "--container", '{"name":"web"}')
    assert plugin.end() == 1 and len(fifo.packets) == 20
    assert plugin.err.startswith("the capture service was shut down: ") and "the service is ending" in plugin.err
    original.plays = [Play(packets=1, ending=Close(1000, "the target has ended"))]
    plugin, _ = capture("mobyshark", "--dockerhosturl", original.url, "--container", '{"name":"web"}')
    assert plugin.end() == 0 and plugin.err == ""


def idle(original, capture, *words):
    """A capture of which nothing more comes."""
    original.plays = [Play(packets=1)]
    plugin, fifo = capture("mobyshark", "--dockerhosturl", original.url, "--container", '{"name":"web"}', *words)
    until(lambda: fifo.packets, "the packet")
    return plugin, fifo


def test_a_pipe_that_breaks_ends_an_idle_capture(original, capture):
    plugin, fifo = idle(original, capture)
    fifo.close()
    assert plugin.end(10) == 0 and plugin.err == ""
    until(lambda: (8, b"\x03\xe8ciao") in original.requests[0].heard, "a close with its reason")


def test_a_signal_ends_a_capture_gracefully(original, capture):
    plugin, _ = idle(original, capture)
    plugin.process.send_signal(signal.SIGTERM)
    assert plugin.end(10) == 0 and plugin.err == ""
    until(lambda: (8, b"\x03\xe8ciao") in original.requests[0].heard, "a close with its reason")


def test_a_signal_brings_the_final_statistics_into_the_pipe(shared, scene, capture):
    service = SimpleNamespace(host="127.0.0.1", port=shared.port)
    plugin, fifo = capture("packetflix", "--url", link(service, {"netns": scene.inode}, filter="udp port 9"))
    until(lambda: b"eth0" in fifo.read(), "the interface")
    Numbered(b"<pipe>").send(scene.local, 10)
    until(lambda: len(fifo.packets) == 10, "the packets")
    plugin.process.send_signal(signal.SIGTERM)
    assert plugin.end(10) == 0 and plugin.err == ""
    statistics, = pcapng.parse(fifo.read()).statistics
    assert (statistics.ifrecv, statistics.usrdeliv, statistics.ifdrop) == (10, 10, 0)


class Deaf(Original):
    """A service that does not listen to its clients."""

    def _listen(self, sock, request):
        self._ended.wait()


def test_a_second_signal_does_not_wait_for_the_service(capture, tmp_path):
    log = tmp_path / "log"
    with Deaf() as deaf:
        plugin, _ = idle(deaf, capture, "--debug-file", log)
        for number in range(1, 3):
            plugin.process.send_signal(signal.SIGTERM)
            until(lambda: f" signal {number}\n" in log.read_text(), "the signal")
        assert plugin.end(4) == 1 and plugin.err == "the capture was aborted\n"


def test_the_debug_file_tells_how_it_went(original, capture, tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    status, _, _ = ask("--extcap-interfaces", CSHARK_LOG=str(log), http_proxy="http://u:secret@proxy:1")
    assert status == 0
    text = log.read_text()
    assert text.startswith("before\n") and " cshargextcap version " in text and '"--extcap-interfaces"' in text
    assert [f" debug {name} " in text for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy",
                                                   "NO_PROXY")] == [True] * 6
    assert "secret" not in text
    previous = os.umask(0)
    try:
        assert ask("--debug-file", tmp_path / "new", "--extcap-dlts")[0] == 1
    finally:
        os.umask(previous)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o660
    assert "error no interface is given" in (tmp_path / "new").read_text()


def sent_token(original, capture, words, **env):
    original.plays = [Play(packets=1, ending=Close())]
    plugin, _ = capture(*words, env={"PATH": "/usr/bin:/bin", **env})
    assert plugin.end() == 0, plugin.err
    told = {request.words.get("authorization") for request in original.requests}
    original.requests.clear()
    return told


def test_a_token_is_sent_to_its_own_service_only(original, capture, tmp_path):
    url = ("packetflix", "--url", link(original, {"name": "web"}))
    assert sent_token(original, capture, ("packetflix", "--url", link(original, {"name": "web"}, token="s3cret") + "\n")) \
        == {"Bearer s3cret"}
    assert sent_token(original, capture, (*url, "--token", "typed")) == {"Bearer typed"}
    assert sent_token(original, capture, url, CSHARG_TOKEN="mine") == {None}
    assert sent_token(original, capture, url, CSHARG_TOKEN="mine", CSHARG_HOST=f"https://127.0.0.1:{original.port}") == {None}
    assert sent_token(original, capture, url, CSHARG_TOKEN="mine", CSHARG_HOST=original.url) == {"Bearer mine"}
    tokens = tmp_path / ".config" / "packetflix" / "tokens"
    tokens.parent.mkdir(parents=True)
    tokens.write_text(f"https://capture.example.com other\n{original.url} from-file\n")
    tokens.chmod(0o600)
    assert sent_token(original, capture, url, HOME=str(tmp_path)) == {"Bearer from-file"}
    tokens.write_text(f"http://127.0.0.1:{original.port + 1} other\n")
    assert sent_token(original, capture, url, HOME=str(tmp_path)) == {None}


# -- the check ---------------------------------------------------------------------------------

def test_the_check_tells_what_is_missing_and_what_is_well(home, original):
    status, out, _ = ask("--check", "--dockerhosturl", f"127.0.0.1:{free_port()}",
                         **{**home.env, "HOME": str(home.path / "tmp")})
    assert status == 1 and out.count("MISSING ") == 3, out
    assert "ln -s " in out and f"have no {DESKTOP}" in out
    applications = home.path / "share" / "applications"
    applications.mkdir(parents=True)
    write_desktop_file(applications)
    subprocess.run(["update-desktop-database", applications], check=True)
    status, out, _ = ask("--check", "--dockerhosturl", original.url, **home.env)
    assert status == 0 and "MISSING" not in out, out
    assert f"{original.url} is packetflix 0.9.7 with 5 targets" in out
    assert "extcap/cshargextcap: cshargextcap version " in out


def test_valgrind_finds_nothing(original, capture, owned, tmp_path):
    valgrind = ("valgrind", "--error-exitcode=77", "--leak-check=full", "-q", PLUGIN)
    original.plays = [Play(packets=50, ending=Close())]
    fifo = Fifo(owned, tmp_path)
    plugin = Running(owned, tmp_path, *valgrind, "--capture", "--extcap-interface", "packetflix", "--fifo", fifo.path,
                     "--url", link(original, {"name": "web"}))
    assert plugin.end(60) == 0, plugin.err
    listing = Running(owned, tmp_path, *valgrind, "--extcap-config", "--extcap-interface", "mobyshark",
                      "--extcap-reload-option", "container", "--dockerhosturl", original.url, "--showpods")
    assert listing.end(60) == 0 and listing.out.count("\n") == 1, listing.err
