# SPDX-License-Identifier: MIT
"""The command csharg: against packetflix on real traffic, and against a stand-in for the original service."""
import json
import os
import pty
import re
import signal
import ssl
import stat
import subprocess
import threading
import time
import unicodedata
from pathlib import Path

import pytest
import yaml

from harness import pcapng
from harness.original import Close, Eof, Original, Play, Reset, Stay, target
from harness.service import REPO
from harness.traffic import Numbered
from harness.tunnel import tunnel
from harness.wait import until

CSHARG = REPO / "out" / "csharg"
ENVIRONMENT = {"PATH": f"{REPO / 'out'}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
VALGRIND = ("valgrind", "--error-exitcode=77", "--leak-check=full", "-q")
MEMORY_KIB = 16 * 1024


class Run:
    """A running csharg; its errors, and its output if it has none of its own, can be a terminal."""

    def __init__(self, service, *words, wrapper=(), env=None, output=subprocess.PIPE, errors=subprocess.PIPE):
        command = [*wrapper, CSHARG, "--host", service.url if isinstance(service, Original) else
                   f"http://127.0.0.1:{service.port}", *map(str, words)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                        env={**ENVIRONMENT, **(env or {})})

    def end(self, timeout=20):
        """(status, stdout, stderr)"""
        try:
            out, err = self.process.communicate(timeout=timeout)
        finally:
            self.close()
        return self.process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)
        return self

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def run(service, *words, **options):
    return Run(service, *words, **options).end()


def good(service, *words, **options):
    status, out, err = run(service, *words, **options)
    assert status == 0, err
    return out


def refused(service, *words, **options):
    """The one line of an error."""
    status, out, err = run(service, *words, **options)
    assert status == 1 and out == ""
    lines = err.splitlines()
    assert lines[-1].startswith("Error: "), err
    return lines[-1].removeprefix("Error: ")


@pytest.fixture
def original():
    with Original() as service:
        service.targets = [target("web-10", interfaces=["eth0", "lo"], pid=7, starttime=9),
                           target("web-9", kind="containerd", netns=4026532001),
                           target("default/nginx", kind="pod", netns=4026532002),
                           target("systemd(1)", kind="proc", netns=4026531840),
                           target("twin", prefix="inner", netns=4026532003), target("twin", netns=4026532004)]
        yield service
        assert not service.errors, service.errors


# -- list --------------------------------------------------------------------------------------

TABLE = """\
TARGET          TYPE         NODE
default/nginx   pod          127.0.0.1
systemd(1)      proc         127.0.0.1
twin            docker       127.0.0.1
inner:twin      docker       127.0.0.1
web-9           containerd   127.0.0.1
web-10          docker       127.0.0.1
"""


def test_the_table_is_as_it_has_always_been(original):
    assert good(original, "list") == good(original, "ps") == TABLE
    assert good(original, "list", "--no-headers") == TABLE.partition("\n")[2]
    assert good(original, "list", "pods") == "POD\ndefault/nginx\n"
    assert good(original, "list", "pod", "-owide") == "POD             NODE\ndefault/nginx   127.0.0.1\n"
    assert good(original, "list", "network", "pods", "-o", "name") == "default/nginx\nsystemd(1)\n"
    assert good(original, "list", "containers", "--sort-by", "{.Type}/{.Name}", "-o=name").split() == [
        "web-9", "twin", "twin", "web-10"]


def in_order(listed):
    """The original service tells interfaces in any order."""
    for each in listed:
        each["network-interfaces"].sort()
    return listed


def test_names_of_a_server_cannot_change_the_terminal(original):
    hostile = "a\x1b[2J\u202eb\u009bc"
    original.targets = [target(hostile, netns=4026532000, interfaces=["e\x1b[31m"])]
    listed = good(original, "list")
    assert "a?[2J?b?c" in listed
    for text in (listed, refused(original, "capture", "none\x1b[2J\u202e", "-w", "/dev/null")):
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"], text


def test_json_and_yaml_are_what_the_service_says(original):
    text = good(original, "list", "-o", "json")
    listed = in_order(json.loads(text))
    assert text.startswith('[\n    {\n        "name": "default/nginx",\n        "type": "pod",\n') and text.endswith("}\n]\n")
    assert listed[-1] == {"name": "web-10", "type": "docker", "netns": 4026532000, "network-interfaces": ["eth0", "lo"],
                          "prefix": "", "starttime": 9, "pid": 7, "node-name": "127.0.0.1"}
    assert in_order(yaml.safe_load(good(original, "list", "-o", "yaml"))) == listed
    filtered = subprocess.run(["jq", "-r", '.[] | select(.type=="containerd") | .name'], input=text, check=True,
                              capture_output=True, text=True).stdout
    assert filtered == "web-9\n"


def test_expressions_and_columns(original, tmp_path):
    assert good(original, "list", "-o", 'jsonpath={range [?(@.type=="docker")]}{.Name}{"\\n"}{end}',
                "--sort-by", "Name") == "twin\ntwin\nweb-10\n"
    (tmp_path / "path").write_text("{[*].netns}")
    (tmp_path / "columns").write_text("A    B\n.name {.NetworkInterfaces[1]}\n")
    assert good(original, "list", "pods", "-o", f"jsonpath-file={tmp_path}/path") == "4026532002"
    assert good(original, "list", "pods", "-o", f"custom-columns-file={tmp_path}/columns") == (
        "A               B\ndefault/nginx   <none>\n")


def test_targets_are_selected(original):
    def names(*words):
        return good(original, "list", "-o", "name", *words).split()
    assert names("-n", "default") == names("pods", "-A") == ["default/nginx"]
    assert names("-n", "other") == [] and len(names("-n", "other", "-A")) == 6
    assert names("-l", "type=docker") == ["twin", "twin", "web-10"]
    assert names("-l", "type=docker,prefix!=inner,name!=web-10") == ["twin"]
    assert names("-lnamespace=default") == ["default/nginx"] and names("-l", "pid=7") == ["web-10"]


def test_templates_of_go(original, tmp_path):
    (tmp_path / "template").write_text('{{range .}}{{if .pid}}{{.Name}} {{join .NetworkInterfaces "+"}}{{end}}{{end}}\n')
    original.targets[0]["network-interfaces"] = ["lo"]
    assert good(original, "list", "-o", f"go-template-file={tmp_path}/template") == "web-10 lo\n"
    assert good(original, "list", "pods", "-ogo-template={{(index . 0).name | printf \"%q\"}}") == '"default/nginx"'


def test_a_reader_of_a_list_may_leave(original, tmp_path):
    original.targets = [target(f"web-{number}") for number in range(20000)]
    url = ("--host", original.url)
    done = subprocess.run(["bash", "-o", "pipefail", "-c", '"$@" | head -1', "bash", CSHARG, *url, "list"],
                          capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "TARGET", "")
    watch = Run(original, "watch")
    try:
        assert watch.process.stdout.readline().startswith(b"CHANGE")
        watch.process.stdout.close()
        assert watch.process.wait(10) == 0 and watch.process.stderr.read() == b""
    finally:
        watch.close()
        watch.process.stderr.close()


def test_what_is_wrong_with_a_list_is_an_error(original):
    assert refused(original, "list", "x") == 'invalid argument "x" for "csharg list"'
    assert refused(original, "list", "--sort-by", "{.Nope}") == 'invalid --sort-by "{.Nope}": Nope is not found'
    assert "supported formats are: wide, name, json, yaml, jsonpath" in refused(original, "list", "-o", "xml")
    assert refused(original, "list", "-o", "go-template={{.x}") == (
        'template:1:1: an action is not ended: "}}" is missing')
    assert 'no key "x"' in refused(original, "list", "-l", "x=1")
    with Original() as gone:
        url = gone.url
    assert url.rpartition(":")[2] in refused(original, "--host", url, "list", "--request-timeout", "5s")


def test_the_environment_names_the_service(original):
    def listed(**env):
        return subprocess.run([CSHARG, "list", "-oname"], capture_output=True, text=True, env={**ENVIRONMENT, **env})
    assert listed(CSHARG_HOST=f" {original.url}\n").stdout.startswith("default/nginx\n")
    done = listed()
    assert done.returncode == 1 and "localhost port 5001" in done.stderr


def test_version_options_and_help():
    def text(*words):
        return subprocess.run([CSHARG, *words], check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout
    assert re.fullmatch(r"csharg version \d+\.\d+\.\d+ \(capture service clients: host\)\n", text("version"))
    assert text("--version") == text("list", "--version") == text("version")
    assert "--request-timeout" in text("options") and "--filter" not in text("options")
    assert text() == text("help") == text("--help")
    assert text("capture", "pod", "--help") == text("help", "capture", "pod") and "--namespace" in text("help", "capture", "pod")


# -- tokens ------------------------------------------------------------------------------------

def sent_token(original, *words, **options):
    path = "/dev/null"
    original.plays = [Play(packets=1, ending=Close())]
    status, _, err = run(original, "capture", "web-9", "-w", path, *words, **options)
    assert status == 0, err
    return original.requests[-1].words.get("authorization"), err


def test_tokens_come_from_flags_files_and_the_environment(original, tmp_path):
    (tmp_path / "token").write_text("from-file\nmore\n")
    assert sent_token(original)[0] is None
    mine = {"CSHARG_TOKEN": "from-environment"}
    assert sent_token(original, env=mine)[0] is None
    assert sent_token(original, env={**mine, "CSHARG_HOST": "https://127.0.0.1"})[0] is None
    assert sent_token(original, env={**mine, "CSHARG_HOST": original.url})[0] == "Bearer from-environment"
    told, err = sent_token(original, "--token-file", tmp_path / "token", env={"CSHARG_TOKEN": "x"})
    assert told == "Bearer from-file" and "WARN" not in err
    told, err = sent_token(original, "--token", "plain")
    assert told == "Bearer plain" and re.search(r"^\[\d\d:\d\d:\d\d\]  WARN --token can be read", err, re.MULTILINE)
    assert "only one of" in refused(original, "list", "--token", "a", "--token-file", "b")
    assert "No such file" in refused(original, "list", "--token-file", tmp_path / "none")
    store = tmp_path / "packetflix" / "tokens"
    store.parent.mkdir()
    store.write_text(f"http://127.0.0.1:1 other\n{original.url} from-store\n")
    store.chmod(0o600)
    assert sent_token(original, env={"XDG_CONFIG_HOME": str(tmp_path)})[0] == "Bearer from-store"
    store.chmod(0o604)
    assert "other users have access to the tokens file" in refused(original, "list", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert "without a terminal" in refused(original, "list", "--ask-token", wrapper=("setsid", "-w"))


def test_a_service_that_wants_a_token_gets_the_flags_named(original):
    original.listing = (401, "text/plain", "a valid token is needed")
    assert refused(original, "list").endswith("(none was sent: use --token-file, --ask-token or the tokens file)")
    assert "comes from: the command line" in refused(original, "list", "--token", "x")
    assert "it belongs to localhost:5001, see CSHARG_HOST" in refused(original, "list", env={"CSHARG_TOKEN": "x"})
    told = refused(original, "--host", "http://capture.example.com", "list", "--token", "x")
    assert "not sent to capture.example.com without TLS" in told and "--allow-plain-token" in told


def test_headers_and_a_login_for_a_proxy_before_the_service(original):
    original.plays = [Play(packets=1, ending=Close())]
    good(original, "--host", f"http://me:pass@127.0.0.1:{original.port}", "capture", "web-9", "-w/dev/null",
         "--header", "X-Tenant: seven")
    assert original.requests[-1].words["authorization"] == "Basic bWU6cGFzcw=="
    assert original.requests[-1].words["x-tenant"] == "seven"
    assert "is not a header" in refused(original, "list", "--header", "nonsense")


def test_certificates_and_a_service_without_tls(certificate, shared):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with Original(tls=context) as service:
        service.targets = [target("web")]
        assert "certificate is not trusted" in refused(service, "--host", service.url, "list")
        assert good(service, "--host", service.url, "list", "-oname", "--ca-file", certificate[0]) == "web\n"
        assert good(service, "--host", service.url, "list", "-oname", env={"SSL_CERT_FILE": str(certificate[0])}) == "web\n"
        told = refused(service, "--host", service.url.replace("https", "http"), "list")
        assert "if the service uses TLS, use https://" in told
    assert refused(shared, "--host", f"https://127.0.0.1:{shared.port}", "list") == (
        "the service does not use TLS: use http://")


def test_a_token_is_asked_for_without_echo(original):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(CSHARG, ["csharg", "--host", original.url, "list", "-o", "name", "--ask-token"], ENVIRONMENT)
    shown = b""
    try:
        while b"Token: " not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, b"sesame\n")
        while b"web-10" not in shown:
            shown += os.read(terminal, 1000)
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert b"sesame" not in shown


# -- capture -----------------------------------------------------------------------------------

def test_a_capture_ends_with_its_stream_and_sends_what_was_asked(original, tmp_path):
    path = tmp_path / "out.pcapng"
    original.plays = [Play(packets=300, chunk=777, ending=Close())]
    before = os.umask(0)
    try:
        status, out, err = run(original, "-f", "udp port 9", "capture", "web-9", "-w", path, "-i=eth0", "-p")
    finally:
        os.umask(before)
    assert status == 0 and out == "", err
    assert re.search(r"^\[..:..:..\]  INFO captured 300 packets \(.* kB\) in .* s, 0 lost: ", err, re.MULTILINE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    stream = pcapng.parse(path.read_bytes())
    assert len(stream.packets) == 300 and stream.document["container-name"] == "web-9"
    asked = original.requests[0]
    assert asked.query["filter"] == "udp port 9" and asked.query["nif"] == "eth0" and "chaste" in asked.query


@pytest.mark.parametrize("ending, words", [(Close(1006, "cannot start capture process"), "cannot start capture process"),
                                           (Eof(), "")])
def test_a_capture_that_fails_says_why(original, tmp_path, ending, words):
    original.plays = [Play(packets=5, ending=ending)]
    assert words in refused(original, "capture", "web-9", "-w", tmp_path / "out")
    assert len(pcapng.parse((tmp_path / "out").read_bytes()).packets) == 5


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_lists_and_captures_go_through_the_proxy_of_the_environment(original, tmp_path, variable):
    heard, path = [], tmp_path / "proxied.pcapng"
    original.plays = [Play(packets=100, ending=Close())]
    good(original, "--host", f"http://capture.example.com:{original.port}", "capture", "web-10", "-w", path,
         env={variable: f"http://127.0.0.1:{tunnel(heard, connections=2)}"})
    assert [request.split(" ")[0] for request in heard] == ["GET", "CONNECT"]
    assert all(f"capture.example.com:{original.port}" in request for request in heard)
    assert len(pcapng.parse(path.read_bytes()).packets) == 100


def test_loopback_is_never_asked_for_through_a_proxy(original):
    heard = []
    good(original, "list", env={"http_proxy": f"http://127.0.0.1:{tunnel(heard)}"})
    assert not heard


def test_targets_are_chosen_by_class_prefix_and_node(original):
    original.plays = [Play(packets=1, ending=Close())]
    null = ("-w", "/dev/null")

    def captured(*words):
        good(original, "capture", *words, *null)
        return json.loads(original.requests[-1].query["container"])["netns"]
    assert captured("inner:twin") == 4026532003
    assert captured(":twin") == 4026532004
    assert captured("pod", "nginx") == captured("pod", "default/nginx") == captured("pod", "-ndefault", "nginx") == 4026532002
    assert captured("network", "systemd(1)", "127.0.0.1") == 4026531840
    assert captured("container", "web-9", "elsewhere") == 4026532001
    assert refused(original, "capture", "twin", *null) == (
        'ambiguous capture target "twin" matches 2 targets: twin (docker, netns 4026532004), '
        'inner:twin (docker, netns 4026532003)')
    assert refused(original, "capture", "web", *null) == 'capture target "web" not found; similar: web-10, web-9'
    assert captured("pod", "default/nginx", "-n", "default") == 4026532002
    assert "is not in the namespace of --namespace" in refused(original, "capture", "pod", "default/nginx", "-nx", *null)
    assert refused(original, "capture", "nope", *null) == 'capture target "nope" not found'
    assert refused(original, "capture", "nope", *null) == 'capture target "nope" not found'
    assert refused(original, "capture", "container", "systemd(1)", *null) == 'capture target "systemd(1)" not found'
    assert refused(original, "capture", "network", "systemd(1)", "n", *null) == (
        'capture target "systemd(1)" on node "n" not found')
    assert refused(original, "capture", "", *null) == "invalid empty capture target name"
    assert refused(original, "capture", "web-9", "-w", "/nonexistent/x").startswith("cannot create packet capture file: ")
    assert refused(original, "capture") == "accepts 1 arg(s), received 0"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_capture_in_the_normal_way(original, tmp_path, number):
    path = tmp_path / "out"
    original.plays = [Play(packets=50, ending=Stay())]
    capture = Run(original, "capture", "web-9", "-w", path)
    until(lambda: path.exists() and len(pcapng.parse(path.read_bytes()).packets) == 50, "packets in the file")
    status, _, err = capture.signal(number).end()
    assert status == 0 and "captured 50 packets" in err, err


def test_packets_are_not_written_to_a_terminal_but_progress_is(original, tmp_path):
    mine, terminal = pty.openpty()
    assert refused(original, "capture", "web-9", output=terminal).startswith("packets are not written to a terminal")
    original.plays = [Play(packets=50, ending=Stay())]
    capture = Run(original, "capture", "web-9", "-w", tmp_path / "out", errors=terminal)
    os.close(terminal)
    shown = b""
    try:
        while not re.search(rb"\r.*50 packets, [\d.]+ kB, \d+ packets/s, 0 lost", shown):
            shown += os.read(mine, 1000)
        capture.signal(signal.SIGINT)
        while b"captured 50 packets" not in shown:
            shown += os.read(mine, 1000)
        assert capture.process.wait(10) == 0
    finally:
        capture.close()
        os.close(mine)


def test_nothing_mixes_with_what_the_reader_of_the_packets_prints(original):
    """Progress lines are for files: a pipe leads to a program that may print on the same terminal."""
    mine, terminal = pty.openpty()
    original.plays = [Play(packets=50, ending=Stay())]
    capture = Run(original, "capture", "web-9", errors=terminal)
    os.close(terminal)
    try:
        assert capture.process.stdout.read(8)[:4] == b"\x0a\x0d\x0d\x0a"
        with pytest.raises(subprocess.TimeoutExpired):
            capture.process.wait(1.5)
        capture.signal(signal.SIGINT)
        capture.process.communicate(timeout=10)
        shown = os.read(mine, 1000)
        assert b"captured 50 packets" in shown and b"\x1b" not in shown and shown.count(b"\n") == 1
    finally:
        capture.close()
        os.close(mine)


def test_quiet_captures_say_nothing(original):
    original.plays = [Play(packets=5, ending=Close())]
    status, _, err = run(original, "capture", "web-9", "-w/dev/null", "-q", "--token", "x")
    assert (status, err) == (0, "")


def test_a_finished_target_is_waited_for_only_if_asked(original):
    original.plays = [Play(packets=1, ending=Close())]

    def asked(*words):
        good(original, "capture", "web-9", "-w/dev/null", *words)
        query = original.requests[-1].query
        return query.get("follow"), query.get("names")
    assert asked() == ("off", None)
    assert asked("--follow") == ("on", None)
    assert asked("--follow=300", "--names=off") == ("300", "off")


def test_a_full_disk_has_as_many_packets_as_are_counted(original, tmp_path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], check=True)
    try:
        original.plays = [Play(packets=100000, ending=Stay())]
        status, _, err = run(original, "capture", "web-9", "-w", tmp_path / "out")
        counted, said = re.search(r"captured (\d+) packets \(([\d.]+) kB\)", err).groups()
        stream = pcapng.parse((tmp_path / "out").read_bytes())
        assert status == 1 and "No space left" in err
        assert len(stream.packets) == int(counted) > 1000 and judged(tmp_path / "out") == int(counted)
        assert abs((tmp_path / "out").stat().st_size / 1000 - float(said)) < 1
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_reader_that_leaves_ends_the_capture(original):
    original.plays = [Play(packets=100000, ending=Stay())]
    capture = Run(original, "capture", "web-9")
    assert capture.process.stdout.read(8)[:4] == b"\x0a\x0d\x0d\x0a"
    capture.process.stdout.close()
    assert capture.process.wait(10) == 0
    (line,) = capture.process.stderr.read().splitlines()
    assert line.endswith(b"the reader of the output has left")
    capture.process.stderr.close()


def box_target(shared, box):
    child = box.popen(["sleep", "1000"])
    name = f"sleep({child.pid})"
    until(lambda: shared.target(name=name), f"{name} to be listed")
    return name


class Traffic:
    """Numbered frames into a scene until it is stopped."""

    def __init__(self, scene, frames):
        self._end, self.sent = threading.Event(), 0
        self._thread = threading.Thread(target=self._run, args=(scene, frames), daemon=True)

    def _run(self, scene, frames):
        while not self._end.is_set():
            self.sent += frames.send(scene.sender, 100, self.sent, pause_every=100, pause_s=0.01)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def judged(path):
    """Packets that capinfos counts in a file it takes for whole."""
    text = subprocess.run(["capinfos", "-Mctu", path], check=True, capture_output=True, text=True).stdout
    assert "pcapng" in text, text
    return int(re.search(r"Number of packets: +(\d+)", text)[1])


def test_rotated_files_are_complete_and_lose_nothing(shared, plain_scene, tmp_path):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"csharg-rotated", 200)
    with Traffic(plain_scene, frames):
        status, _, err = run(shared, "capture", name, "-f", "udp port 9", "-w", tmp_path / "web.pcapng",
                             "--rotate-size", "20k", "--count", 1000)
    assert status == 0 and "captured 1000 packets" in err, err
    files = sorted(tmp_path.iterdir())
    assert len(files) > 5 and f"in {len(files)} files" in err, err
    assert all(re.fullmatch(r"web_\d{5}_\d{14}\.pcapng", path.name) for path in files)
    assert sum(map(judged, files)) == 1000
    found = []
    for path in files:
        stream = pcapng.parse(path.read_bytes())
        assert stream.document["container-name"] == name
        found += frames.numbers(stream.packets)
    assert found == list(range(found[0], found[0] + 1000))


@pytest.mark.parametrize("way", ["signal", "duration"])
def test_a_capture_that_is_stopped_ends_with_one_statistics_block_per_interface(shared, plain_scene, tmp_path, way):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"csharg-stopped", 200)
    path = tmp_path / "out.pcapng"
    more = ("--duration", "2s") if way == "duration" else ()
    capture = Run(shared, "capture", name, "-f", "udp port 9", "-w", path, *more)
    with Traffic(plain_scene, frames):
        until(lambda: path.exists() and path.stat().st_size > 50_000, "packets in the file", 30)
        if way == "signal":
            capture.signal(signal.SIGINT)
        status, _, err = capture.end()
    assert status == 0, err
    stream = pcapng.parse(path.read_bytes())
    assert sorted(isb.interface for isb in stream.statistics) == sorted(range(len(stream.interfaces)))
    for isb in stream.statistics:
        of_it = sum(packet.interface == isb.interface for packet in stream.packets)
        assert isb.usrdeliv == of_it and isb.ifrecv == isb.filteraccept == of_it + isb.ifdrop
    assert stream.total("ifdrop") == stream.dropcount and stream.packet_count > 100


def test_files_are_rotated_by_the_clock(shared, plain_scene, tmp_path):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"csharg-clock", 200)
    with Traffic(plain_scene, frames):
        status, _, err = run(shared, "capture", name, "-f", "udp port 9", "-w", tmp_path / "web.pcapng",
                             "--rotate-seconds", 1, "--duration", "3.5s")
    assert status == 0, err
    files = sorted(tmp_path.iterdir())
    assert len(files) >= 3, err
    found = []
    for path in files:
        assert judged(path) > 0
        found += frames.numbers(pcapng.parse(path.read_bytes()).packets)
    assert found == list(range(found[0], found[0] + len(found)))


def test_a_ring_of_files_keeps_the_newest(shared, plain_scene, tmp_path):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"csharg-ring", 200)
    with Traffic(plain_scene, frames):
        status, _, err = run(shared, "capture", name, "-w", tmp_path / "web", "--rotate-size", "20k", "--files", 2,
                             "--count", 1000)
    assert status == 0, err
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2 and not any(path.name.startswith("web_00001") for path in files)
    assert all(judged(path) > 0 for path in files)


def test_limits_of_packets_bytes_and_snap_length(shared, plain_scene, tmp_path):
    name, frames = box_target(shared, plain_scene.box), Numbered(b"csharg-limits", 1000)
    path = tmp_path / "out"
    with Traffic(plain_scene, frames):
        good(shared, "capture", name, "-w", path, "-s", 60, "--count=20")
        packets = pcapng.parse(path.read_bytes()).packets
        assert len(packets) == 20 and all(len(p.data) <= 60 for p in packets)
        good(shared, "capture", name, "-w", path, "--bytes", "10k")
        assert 8000 < path.stat().st_size <= 10000
        _, _, err = run(shared, "capture", name, "-w", path, "--duration", "300ms")
        assert re.search(r"in 0\.[3-9] s|in [1-9]", err), err


def test_memory_stays_small_when_the_output_is_slow(original):
    original.plays = [Play(packets=400000, ending=Stay())]
    capture = Run(original, "capture", "web-9")

    def peak():
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{capture.process.pid}/status").read_text())[1])
    try:
        for _ in range(100):
            os.read(capture.process.stdout.fileno(), 65536)
        assert peak() < MEMORY_KIB, peak()
    finally:
        capture.close()


def test_a_reset_while_the_output_is_slow_costs_no_processor_time(original):
    reset = Reset()
    original.plays = [Play(packets=400000, ending=reset)]
    capture = Run(original, "capture", "web-9")

    def ticks():
        return sum(map(int, Path(f"/proc/{capture.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    try:
        os.read(capture.process.stdout.fileno(), 1)
        assert reset.happened.wait(20)
        time.sleep(0.5)  # what it was doing is done
        before = ticks()
        time.sleep(1)
        assert capture.process.poll() is None and ticks() - before < os.sysconf("SC_CLK_TCK") / 4
    finally:
        capture.close()


@pytest.mark.parametrize("words", [("list", "-o", "yaml"), ("list", "-o", "custom-columns=A:{.name}"),
                                   ("capture", "web-9", "--rotate-size", "5k", "--files", "2", "-w")])
def test_valgrind_finds_nothing(original, tmp_path, words):
    original.plays = [Play(packets=300, chunk=777, ending=Close())]
    more = (tmp_path / "out",) if words[-1] == "-w" else ()
    status, _, err = run(original, *words, *more, wrapper=VALGRIND)
    assert status == 0, err


# -- watch and completion ----------------------------------------------------------------------

def test_targets_are_watched_as_they_come_and_go(shared, plain_scene):
    watch = Run(shared, "watch", "-o", "json", "networks")
    try:
        def told(change, name):
            for line in watch.process.stdout:
                said = json.loads(line)
                if (said["change"], said["target"]["name"]) == (change, name):
                    return said["target"]
            raise AssertionError(watch.process.stderr.read())
        child = plain_scene.box.popen(["sleep", "1000"])
        assert told("added", f"sleep({child.pid})")["type"] == "proc"
        child.kill()
        child.wait()
        told("removed", f"sleep({child.pid})")
        assert watch.signal(signal.SIGTERM).process.wait(10) == 0
    finally:
        watch.close()
        watch.process.stdout.close()
        watch.process.stderr.close()


BASH = r"""
source <(csharg completion bash)
COMP_LINE=$1 COMP_POINT=${#1}
read -ra COMP_WORDS <<<"$1"
[[ $1 != *' ' ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_csharg
printf '%s\n' "${COMPREPLY[@]}"
complete -p csharg >/dev/null
"""
ZSH = r"""
autoload -U compinit; compinit -u -D
source <(csharg completion zsh)
[[ ${_comps[csharg]} == _csharg ]]
words=(${(z)1}); [[ $1 != *' ' ]] || words+=("")
CURRENT=$#words
compadd() { shift; print -l -- $@ }
_files() { }
_csharg
"""
FISH = "csharg completion fish | source; complete -C \"$argv[1]\""
SHELLS = {"bash": ["bash", "-ec", BASH, "bash"], "zsh": ["zsh", "-fec", ZSH, "zsh"],
          "fish": ["fish", "--no-config", "-c", FISH]}


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete_commands_flags_and_targets(original, shell, tmp_path):
    host = f"--host {original.url.removeprefix('http://').replace('127.0.0.1', 'localhost')}"

    def completed(line):
        done = subprocess.run([*SHELLS[shell], line], capture_output=True, text=True,
                              env={**ENVIRONMENT, "HOME": str(tmp_path)}, cwd=tmp_path, check=True)
        assert done.stderr == ""
        return set(done.stdout.split("\n")) - {""}
    assert completed("csharg ca") == {"capture"}
    assert completed(f"csharg {host} capture web-10 -i ") == {"eth0", "lo"}
    assert completed(f"csharg {host} capture nope -i ") == set()
    (tmp_path / "file.pcapng").touch()
    if shell == "fish":
        assert "file.pcapng" in completed("csharg capture web-10 -w fi")
    assert {"list", "watch", "capture", "version", "help", "options", "completion"} <= completed("csharg ")
    assert completed("csharg list p") == {"pod", "pods"}
    assert completed("csharg capture --rotate-s") == {"--rotate-size", "--rotate-seconds"}
    assert completed("csharg list -o custom-columns-") == {"custom-columns-file="}
    assert completed(f"csharg {host} capture web") == {"web-9", "web-10"}
    assert completed(f"csharg {host} capture pod ") == {"default/nginx"}
    (process,) = completed(f"csharg {host} capture network ")
    assert process.replace("\\", "") == "systemd(1)"
