# SPDX-License-Identifier: MIT
"""Starting the product, looking at its processes, and making sure that nothing of it stays behind."""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

from harness.wait import until

REPO = Path(__file__).resolve().parents[3]
ROLES = ("packetflix", "packetflix-discover", "packetflix-service", "packetflix-reader")
PROGRAMS = (*ROLES, "packetflix-dig", "packetflix-compile")
RESTARTED = ("service", "discover", "reader")   # the values of {process} in packetflix_process_restarts_total
ENDING = "proc=broker msg=ending signal="  # the log line of the broker when it begins to shut down
STOP_S = 15


def binary():
    return Path(os.environ.get("PACKETFLIX_BIN", REPO / "out" / "packetflix")).resolve()


def free_port():
    """A port that is free on both loopback addresses at this moment."""
    for _ in range(50):
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as six:
            six.bind(("::1", 0))
            port = six.getsockname()[1]
            with socket.socket() as four:
                try:
                    four.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
    raise AssertionError("no free port on both loopback addresses")


def stat_fields(pid):
    """The fields of /proc/PID/stat after the command name (item 0 is the state), or None."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def parent_of(pid):
    fields = stat_fields(pid)
    return int(fields[1]) if fields else None


def starttime(pid):
    fields = stat_fields(pid)
    return int(fields[19]) if fields else None


def alive(pid, start=None):
    fields = stat_fields(pid)
    return fields is not None and fields[0] not in "ZX" and (start is None or int(fields[19]) == start)


def descendants(pid):
    """All live processes below PID, as a dict of pid to start time."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat_fields(entry)
            if fields and fields[0] not in "ZX":
                children.setdefault(int(fields[1]), []).append((int(entry), int(fields[19])))
    found, queue = {}, [pid]
    while queue:
        for child, start in children.get(queue.pop(), ()):
            found[child] = start
            queue.append(child)
    return found


def role_of(pid):
    """The name of the program PID runs."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)")
    except OSError:
        return None


def descriptors(pid):
    try:
        return sorted(os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return []


def status(pid):
    """/proc/PID/status as a dict."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _token_of(flags):
    """The token in the file that FLAGS name, or None."""
    if "--token-file" not in flags:
        return None
    try:
        return Path(flags[flags.index("--token-file") + 1]).read_text().strip()
    except OSError:
        return None


class Answer:
    """A finished HTTP answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Service:
    """One running packetflix with any FLAGS; the port is a free one of ours unless OWN_PORT is false."""

    started = []

    def __init__(self, *flags, env=None, netns=None, host="127.0.0.1", program=None, wrapper=(), tls=None, token=None,
                 ready=True, port=None, own_port=True):
        self.host, self.tls, self.token = host, tls, token
        self.port = (port or free_port()) if own_port else 5001
        self.netns = netns
        self.expected_ends = dict.fromkeys(RESTARTED, 0)
        self._must_answer = ready
        self._file_token = _token_of([str(flag) for flag in flags])
        self.command = [*wrapper, str(program or binary()), *(["--port", str(self.port)] if own_port else []),
                        *map(str, flags)]
        if netns:
            self.command[:0] = ["nsenter", f"--net={netns.path}", "--"]
        self._log, self._log_lock = bytearray(), threading.Lock()
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **(env or {})}
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=environment, cwd="/",
                                        start_new_session=True)
        Service.started.append(self)
        threading.Thread(target=self._keep_log, daemon=True).start()
        if ready:
            self.wait_ready()

    # -- life ----------------------------------------------------------------------------

    def wait_ready(self, timeout=20):
        def is_ready():
            assert self.process.poll() is None, f"packetflix ended at once:\n{self.log}"
            try:
                return self.get("/readyz", timeout=2).status in (200, 401)     # 401: up, and the token is asked for
            except OSError:
                return False
        until(is_ready, "packetflix to be ready", timeout)

    def kill_process(self, pid):
        """SIGKILL for PID, one of the processes below packetflix; stop() expects its end."""
        self.expect_end(role_of(pid).removeprefix("packetflix-"))
        os.kill(pid, signal.SIGKILL)

    def expect_end(self, process, count=1):
        """Declare that the test makes PROCESS, one of RESTARTED, end COUNT times more."""
        self.expected_ends[process] += count

    def _is_ending(self):
        return self.process.poll() is not None or ENDING in self.log

    def _ends_soon(self):
        """The signal of a test may be on its way."""
        try:
            return until(self._is_ending, "the end", 2)
        except AssertionError:
            return False

    def unexpected_ends(self):
        """The processes that ended more often than the test has declared, as a dict of name to count. Empty if this
        packetflix has ended, or is ending because its test sent a signal: it refuses new requests then. One that had
        to become ready must answer; any other may never have listened here."""
        if self._is_ending():
            return {}
        own = {"Authorization": f"Bearer {self._file_token}"} if self._file_token and not self.token else {}
        try:
            answer = self.get("/metrics", own)
        except OSError:
            if self._must_answer and not self._ends_soon():
                raise
            return {}
        if answer.status == 503 and self._ends_soon():
            return {}
        assert answer.status == 200, f"/metrics answers {answer.status} {answer.text}"
        counted = parse_metrics(answer.text)
        ends = {name: int(counted[f'packetflix_process_restarts_total{{process="{name}"}}']) for name in RESTARTED}
        return {name: ends[name] for name in RESTARTED if ends[name] > self.expected_ends[name]}

    def stop(self):
        """SIGTERM, and then nothing may be left: no process, and exit status 0. Before that, no process may have
        ended but those that the test has declared."""
        if self in Service.started:
            Service.started.remove(self)
        try:
            unexpected = self.unexpected_ends()
        finally:
            self._terminate()
        assert not unexpected, f"processes ended unexpectedly: {unexpected}\n{self.log}"

    def _terminate(self):
        family = {self.process.pid: starttime(self.process.pid), **descendants(self.process.pid)}
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
            until(lambda: not self._left(family), "all processes of packetflix to end", 5)
        except (subprocess.TimeoutExpired, AssertionError):
            left = {pid: role_of(pid) for pid in self._left(family)}
            self._kill(family)
            raise AssertionError(f"processes left after SIGTERM: {left}\n{self.log}") from None
        assert code == 0, f"packetflix ended with status {code} after SIGTERM:\n{self.log}"

    def kill(self):
        """End it and everything below it, for tests that have already failed."""
        if self in Service.started:
            Service.started.remove(self)
        self._kill({self.process.pid: starttime(self.process.pid), **descendants(self.process.pid)})

    @staticmethod
    def _left(family):
        return [pid for pid, start in family.items() if alive(pid, start)]

    def _kill(self, family):
        for pid in self._left(family):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    # -- what can be seen from outside -----------------------------------------------------

    def _keep_log(self):
        with self.process.stdout as pipe:
            while data := os.read(pipe.fileno(), 65536):
                with self._log_lock:
                    self._log += data

    @property
    def log(self):
        """What it has written to stdout and stderr so far."""
        with self._log_lock:
            return self._log.decode(errors="replace")

    def pids(self, role):
        """The pids of the processes that run the program ROLE."""
        if role == ROLES[0]:
            return [self.process.pid]
        # not the copies of itself that a program starts: they run what their parent runs
        return [pid for pid in descendants(self.process.pid) if role_of(pid) == role and role_of(parent_of(pid)) != role]

    def pid(self, role):
        pids = self.pids(role)
        assert len(pids) == 1, f"{len(pids)} processes run {role}"
        return pids[0]

    def readers(self):
        return self.pids("packetflix-reader")

    def wait_readers(self, count, timeout=15):
        until(lambda: len(self.readers()) == count, f"{count} readers", timeout)

    # -- HTTP ------------------------------------------------------------------------------

    def connection(self, timeout=20, host=None):
        """An http.client connection, made inside the service's own network namespace."""
        host = host or self.host
        if self.tls:
            link = http.client.HTTPSConnection(host, self.port, timeout=timeout, context=self.tls)
        else:
            link = http.client.HTTPConnection(host, self.port, timeout=timeout)
        link.sock = self.dial(timeout, host)
        return link

    def dial(self, timeout=20, host=None, tls=True):
        """A connected stream socket to the service, with TLS if the service talks TLS."""
        host = host or self.host

        def make():
            return socket.create_connection((host, self.port), timeout)
        sock = self.netns.run(make) if self.netns else make()
        return self.tls.wrap_socket(sock, server_hostname=host) if self.tls and tls else sock

    def request(self, method, path, headers=None, timeout=20, host=None, body=None):
        link = self.connection(timeout, host)
        try:
            own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            link.request(method, path, body=body, headers={**own, **(headers or {})})
            return Answer(link.getresponse())
        finally:
            link.close()

    def get(self, path, headers=None, timeout=20, host=None):
        return self.request("GET", path, headers, timeout, host)

    def targets(self):
        """As they are now: from a scan begun after the call."""
        answer = self.get("/mobyshark?fresh")
        assert answer.status == 200, answer.text
        return answer.json["containers"]

    def target(self, **wanted):
        """The one listed target whose members have the WANTED values, or None."""
        found = [t for t in self.targets() if all(t.get(k) == v for k, v in wanted.items())]
        assert len(found) <= 1, f"several targets match {wanted}"
        return found[0] if found else None

    def metrics(self):
        """/metrics as a dict of 'name{labels}' to value; fails if it is not Prometheus text."""
        return parse_metrics(self.get("/metrics").text)


_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^{}]*\})? (\S+)( \d+)?")
_LABEL = re.compile(r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"')


def parse_metrics(text):
    assert text.endswith("\n"), "the last line of /metrics has no end"
    values, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and kind in ("counter", "gauge", "histogram", "summary", "untyped"), line
            types[name] = kind
            continue
        if line.startswith("#") or not line:
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, f"not a Prometheus sample: {line!r}"
        name, labels, value, _ = match.groups()
        for label in filter(None, re.split(r",(?=[a-zA-Z_])", (labels or "{}")[1:-1])):
            assert _LABEL.fullmatch(label), f"not a label: {label!r}"
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        assert name in types or family in types, f"{name} has no TYPE line before it"
        key = name + (labels or "")
        assert key not in values, f"{key} twice"
        values[key] = float(value)
    return values


def tls_context(certificate=None):
    """A client context that trusts exactly CERTIFICATE."""
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    return context
