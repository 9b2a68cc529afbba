# SPDX-License-Identifier: MIT
"""Who may connect, with what proof, and how much one can ask for."""
import os
import re
import socket
import ssl
import subprocess
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import netns, service
from harness.client import Download, Raw, Viewer, check_close, path, refusal
from harness.traffic import Numbered
from harness.wait import until

TOKEN = "correct-horse-battery-staple-0815"


# -- listening -------------------------------------------------------------------------------

def listening(ns):
    """The (address, port) pairs of all listening TCP sockets of a namespace."""
    out = subprocess.run(["nsenter", f"--net={ns.path}", "ss", "-Hltn"], capture_output=True, text=True, check=True)
    return sorted(tuple(line.split()[3].rsplit(":", 1)) for line in out.stdout.splitlines())


@pytest.fixture
def host(new_netns):
    """A 'host' with an outside address and a neighbour."""
    ns, far = new_netns("host", ipv6=True), new_netns("far", ipv6=True)
    netns.veth(ns, "eth0", far, "peer0", "198.51.100.1", "198.51.100.2")
    ns.ip("addr", "add", "2001:db8::1/64", "dev", "eth0", "nodad")
    ns.far = far
    return ns


def test_by_default_only_loopback_is_listened_on(start, host):
    running = start(netns=host)
    port = str(running.port)
    assert listening(host) == [("127.0.0.1", port), ("[::1]", port)]
    with pytest.raises(OSError):
        host.far.run(lambda: socket.create_connection(("198.51.100.1", running.port), 3))


@pytest.mark.parametrize("flags,env,expected", [
    (["--listen", "127.0.0.1"], None, [("127.0.0.1", "{p}")]),
    (["--listen=::1"], None, [("[::1]", "{p}")]),
    (["--listen", "[::1]"], None, [("[::1]", "{p}")]),
    (["--listen", "127.0.0.1", "--listen", "198.51.100.1"], None, [("127.0.0.1", "{p}"), ("198.51.100.1", "{p}")]),
    (["--listen", "127.0.0.1:5999", "--listen", "[2001:db8::1]:5998"], None,
     [("127.0.0.1", "5999"), ("[2001:db8::1]", "5998")]),
    (["--listen", "[::]"], None, [("*", "{p}")]),
    (["--listen", "0.0.0.0"], None, [("0.0.0.0", "{p}")]),
    ([], "127.0.0.1,[2001:db8::1]:5997", [("127.0.0.1", "{p}"), ("[2001:db8::1]", "5997")]),
    ([], "[::]", [("*", "{p}")]),
    (["--listen", "127.0.0.1"], "[::]", [("127.0.0.1", "{p}")]),
    ([], "", [("127.0.0.1", "{p}"), ("[::1]", "{p}")])])
def test_flags_and_environment_choose_the_addresses(start, host, flags, env, expected):
    running = start(*flags, netns=host, env={} if env is None else {"PACKETFLIX_LISTEN": env}, ready=False)
    wanted = sorted((address, port.format(p=running.port)) for address, port in expected)
    until(lambda: listening(host) == wanted or running.process.poll() is not None, f"{wanted}, not {listening(host)}")
    assert listening(host) == wanted, running.log


def test_all_addresses_means_both_families(start, host):
    running = start("--listen", "[::]", "--allow-host", "198.51.100.1", "--allow-host", "2001:db8::1", netns=host)
    for address in ("198.51.100.1", "127.0.0.1", "::1"):
        where = host.far if address.startswith("198") else host
        sock = where.run(lambda address=address: socket.create_connection((address, running.port), 10))
        with sock:
            sock.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("text", ["localhost:x", "127.0.0.1:0", "127.0.0.1:99999", "300.0.0.1", "[::1", "::1]:5", "a b",
                                  "127.0.0.1:"])
@pytest.mark.parametrize("how", ["flag", "environment"])
def test_a_bad_listen_address_ends_the_start_in_words(text, how):
    env = {"PATH": os.environ["PATH"], **({"PACKETFLIX_LISTEN": text} if how == "environment" else {})}
    flags = ["--listen", text] if how == "flag" else []
    done = subprocess.run([str(service.binary()), "--port", str(service.free_port()), *flags], env=env,
                          capture_output=True, text=True, timeout=20)
    assert done.returncode > 0 and ("listen" in done.stderr.lower())


@pytest.mark.parametrize("flags,warned", [
    ([], False), (["--listen", "127.0.0.1"], False), (["--listen", "[::]"], True), (["--listen", "198.51.100.1"], True),
    (["--listen", "0.0.0.0", "--token-file", "{token}"], True),
    (["--listen", "0.0.0.0", "--tls-cert", "{cert}", "--tls-key", "{key}"], True),
    (["--listen", "0.0.0.0", "--tls-cert", "{cert}", "--tls-key", "{key}", "--token-file", "{token}"], False)])
def test_listening_beyond_loopback_without_tls_and_token_is_warned_of(start, host, secrets, flags, warned):
    flags = [flag.format(**secrets) for flag in flags]
    running = start(*flags, netns=host, ready=False)
    until(lambda: "://localhost" in running.log or listening(host), "the start")
    until(lambda: running.pids("packetflix-service"), "the service")
    if warned:
        until(lambda: re.search("listening beyond loopback", running.log), "the warning")
    assert bool(re.search("listening beyond loopback", running.log)) == warned, running.log


# -- TLS -------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """A self-made certificate and a token, readable by root alone."""
    folder = tmp_path_factory.mktemp("secrets")
    names = {name: str(folder / name) for name in ("cert", "key", "token")}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", names["key"],
                    "-out", names["cert"], "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    with open(names["token"], "w") as token:
        token.write(TOKEN + "\n")
    for name in ("key", "token"):
        os.chmod(names[name], 0o600)
    return names


@pytest.fixture(scope="module")
def encrypted(secrets):
    running = service.Service("--tls-cert", secrets["cert"], "--tls-key", secrets["key"], "--token-file", secrets["token"],
                              tls=service.tls_context(secrets["cert"]), token=TOKEN)
    yield running
    running.stop()


def test_everything_works_over_tls(encrypted, plain_scene):
    assert encrypted.get("/version").status == 200
    assert encrypted.targets()
    viewer = Viewer(encrypted, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0")
    download = Download(encrypted, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0")
    run = Numbered(b"<secret>", 1400)
    run.send(plain_scene.local, 500)
    for one in (viewer, download):
        one.wait_carrying(b"<secret>", 500)
        assert run.numbers(one.stream.packets) == list(range(500))
    viewer.close()


def test_the_start_line_says_https(encrypted):
    assert f"https://localhost:{encrypted.port}" in encrypted.log


def test_plain_http_is_not_answered_on_a_tls_port(encrypted):
    with encrypted.dial(tls=False) as sock:
        sock.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            answer = sock.recv(1000)
        except ConnectionResetError:
            answer = b""
        assert b"packetflix" not in answer


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_versions_are_refused(encrypted, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = context.maximum_version = version
    with encrypted.dial(tls=False) as sock, pytest.raises((ssl.SSLError, ConnectionResetError)):
        context.wrap_socket(sock)


def test_the_service_process_does_not_keep_the_key_file_readable(encrypted, secrets):
    pid = encrypted.pid("packetflix-service")
    assert not [d for d in service.descriptors(pid) if d in secrets.values()]


@pytest.mark.parametrize("cert,key", [("token", "key"), ("cert", "token"), ("cert", "cert")])
def test_an_unusable_certificate_or_key_ends_the_start(secrets, cert, key):
    done = subprocess.run([str(service.binary()), "--port", str(service.free_port()), "--tls-cert", secrets[cert],
                           "--tls-key", secrets[key]], capture_output=True, text=True, timeout=20)
    assert done.returncode > 0 and done.stderr


# -- token -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def guarded(secrets):
    running = service.Service("--token-file", secrets["token"])
    yield running
    running.stop()


GUARDED = ["/mobyshark", "/filter?expr=ip", "/discover/mobyshark", "/metrics", "/readyz", "/capture.pcapng?netns=1", "/capture?netns=1",
           "/nonsense"]
WRONG = [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}6",
         f"Bearer X{TOKEN[1:]}", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN} {TOKEN}",
         "Bearer " + "x" * 3000]


@pytest.mark.parametrize("route", GUARDED)
@pytest.mark.parametrize("header", WRONG, ids=lambda h: repr(h)[:24])
def test_without_the_exact_token_every_route_is_refused(guarded, route, header):
    answer = guarded.get(route, headers={} if header is None else {"Authorization": header})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize("query", ["token=", f"token={TOKEN[:-1]}", f"token={TOKEN}x", f"Token={TOKEN}", f"atoken={TOKEN}",
                                   f"token=x&token={TOKEN}"])
def test_a_wrong_token_in_the_query_is_refused(guarded, query):
    assert guarded.get(f"/mobyshark?{query}").status == 401
    with Raw(guarded) as raw:
        assert raw.handshake(f"/capture?netns=1&{query}")[0] == 401


@pytest.mark.parametrize("route", ["/healthz", "/version"])
def test_health_and_version_are_open(guarded, route):
    assert guarded.get(route).status == 200
    assert guarded.get(route, headers={"Authorization": "Bearer wrong"}).status == 200


@pytest.mark.parametrize("how", ["header", "query", "lower"])
def test_the_right_token_opens_everything(guarded, plain_scene, how):
    headers = {"header": {"Authorization": f"Bearer {TOKEN}"}, "lower": {"authorization": f"bearer {TOKEN}"}}.get(how, {})
    extra = {"token": TOKEN} if how == "query" else {}
    assert guarded.get(path(extra, "/mobyshark"), headers=headers).status == 200
    viewer = Viewer(guarded, {"netns": plain_scene.inode, "nif": "lo", **extra}, headers).wait_interfaces("lo")
    download = Download(guarded, {"netns": plain_scene.inode, "nif": "lo", **extra}, headers).wait_interfaces("lo")
    assert len(guarded.readers()) == 1
    viewer.drop()
    download.drop()


def test_the_token_is_not_written_to_the_log(start, secrets, plain_scene):
    running = start("--debug", "--log-requests", "--log-headers", "--token-file", secrets["token"])
    running.get(f"/mobyshark?token={TOKEN}")
    running.get("/mobyshark", headers={"Authorization": f"Bearer {TOKEN}"})
    Viewer(running, netns=plain_scene.inode, nif="lo", token=TOKEN).wait_interfaces("lo").close()
    until(lambda: running.log.count("/mobyshark") >= 2, "the requests in the log")
    assert TOKEN not in running.log


@pytest.mark.parametrize("content", ["", "\n", "  \n", "x" * 100_000, "nul\0l"],
                         ids=["empty", "newline", "blank", "long", "nul"])
def test_an_unusable_token_file_ends_the_start(tmp_path, content):
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(0o600)
    done = subprocess.run([str(service.binary()), "--port", str(service.free_port()), "--token-file", str(file)],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode > 0 and "token" in done.stderr


# -- limits ----------------------------------------------------------------------------------

def words_of_limit(code, reason):
    check_close(code, reason)
    assert reason and re.search(r"already|memory", reason), reason


def test_the_number_of_viewers_is_limited_in_words_and_counted(start, plain_scene):
    running = start("--max-viewers", "3")
    viewers = [Viewer(running, netns=plain_scene.inode).wait_interfaces("lo") for _ in range(3)]
    words_of_limit(*refusal(running, netns=plain_scene.inode))
    download = running.get(f"/capture.pcapng?netns={plain_scene.inode}")
    assert download.status in (429, 503) and download.json["error"]
    viewers.pop().close()
    until_accepted(running, netns=plain_scene.inode)


def until_accepted(running, **params):
    """A place becomes free as soon as the service has noticed who left."""
    def accepted():
        viewer = Viewer(running, params)
        try:
            viewer.wait(lambda s: s.interfaces, "the beginning")
            return True
        except AssertionError:
            viewer.drop()
            return False
    until(accepted, "a free place")


def test_the_number_of_captures_is_limited_in_words_but_sharing_is_not(start, scene):
    running = start("--max-captures", "2")
    Viewer(running, netns=scene.inode, nif="lo").wait_interfaces("lo")
    second = Viewer(running, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    words_of_limit(*refusal(running, netns=scene.far.inode))
    Viewer(running, netns=scene.inode, nif="lo").wait_interfaces("lo")
    second.close()
    until_accepted(running, netns=scene.far.inode)


def test_connections_beyond_the_limit_are_refused_and_the_others_live(start, plain_scene):
    running = start("--max-connections", "16")
    viewer = Viewer(running, netns=plain_scene.inode, nif="eth0").wait_interfaces("eth0")
    held = []
    try:
        for _ in range(60):
            try:
                held.append(running.dial(5))
            except OSError:
                break
        plain_scene.send(Numbered(b"<in-a-crowd>").frame(0))
        viewer.wait_carrying(b"<in-a-crowd>")
        served = 0
        for sock in held:
            try:
                sock.settimeout(0.5)
                sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                served += sock.recv(100).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        assert served <= 16
    finally:
        for sock in held:
            sock.close()
    until(lambda: answers(running), "the service to answer again")


def answers(running):
    try:
        return running.get("/healthz", timeout=3).status == 200
    except OSError:
        return False


def test_a_capture_that_does_not_fit_the_memory_is_refused_in_words(start, scene):
    budget = 24
    running = start("--memory", f"{budget}M", "--ring-size", "4M", "--stream-size", "4M")
    places, refused = [], None
    for number in range(1, 40):
        viewer = Viewer(running, netns=scene.inode, filter=f"udp port {number}")
        try:
            viewer.wait(lambda s: s.interfaces, "the beginning")
            places.append(viewer)
        except AssertionError:
            viewer.wait_end()
            refused = viewer.close_code, viewer.close_reason
            break
        assert running.metrics()["packetflix_capture_memory_bytes"] <= budget << 20
    assert places and refused, f"{len(places)} captures fit into {budget} MiB"
    words_of_limit(*refused)
    assert "memory" in refused[1]
    places[0].close()
    until_accepted(running, netns=scene.inode, nif="lo")


@pytest.mark.parametrize("size", [300_000, 1_000_000])
def test_a_url_that_is_too_long_is_refused(shared, size):
    with Raw(shared) as raw:
        try:
            status, _ = raw.handshake("/version?" + "x" * size, {"Upgrade": None, "Connection": None})
            assert status in (400, 414, 431)
        except (ConnectionResetError, BrokenPipeError, EOFError):
            pass    # cut off while still sending
    assert shared.get("/healthz").status == 200


@pytest.mark.parametrize("headers", [{"X-Long": "x" * 400_000}, {f"X-{i}": "y" * 200 for i in range(2000)},
                                     {"Cookie": "a=b; " * 80_000}], ids=["long", "many", "cookie"])
def test_headers_that_are_too_large_are_refused(shared, headers):
    with Raw(shared) as raw:
        try:
            status, _ = raw.handshake("/version", {**headers, "Upgrade": None, "Connection": None})
            assert status in (400, 431)
        except (ConnectionResetError, BrokenPipeError, EOFError):
            pass    # cut off while still sending
    assert shared.get("/healthz").status == 200


@pytest.mark.parametrize("data", [b"\0" * 4096, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(500),
                                  b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n", b"G" * 10_000 + b"\r\n\r\n",
                                  b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                  b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                  b"GET /version HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                                  b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=range(10))
def test_nonsense_on_the_port_harms_nobody(shared, data):
    with shared.dial(5) as sock:
        sock.sendall(data)
        sock.settimeout(0.3)
        try:
            answer = sock.recv(65536)
        except OSError:
            answer = b""
        assert b"root:" not in answer
    assert shared.get("/healthz").status == 200


def test_200_clients_at_once_are_all_served(start, scene):
    running = start()
    with ThreadPoolExecutor(40) as pool:
        viewers = list(pool.map(lambda _: Viewer(running, netns=scene.inode, nif="eth0"), range(200)))
    for viewer in viewers:
        viewer.wait_interfaces("eth0", timeout=40)
    assert len(running.readers()) == 1
    run = Numbered(b"<crowd>", 200)
    run.send(scene.local, 100)
    for viewer in viewers:
        viewer.wait(lambda s: s.packet_count >= 100, "100 packets", 40)
        assert run.numbers(viewer.stream.packets) == list(range(100))
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda viewer: viewer.close(), viewers))
    running.wait_readers(0)


def test_100_idle_captures_take_no_gigabytes(start, scene):
    running = start()
    viewers = [Viewer(running, netns=scene.inode, nif="lo", filter=f"udp port {number}") for number in range(1, 101)]
    began = 0
    for viewer in viewers:
        try:
            viewer.wait(lambda s: s.interfaces, "the beginning")
            began += 1
        except AssertionError:
            words_of_limit(viewer.close_code, viewer.close_reason)
    assert began == 100, f"{began} of 100 captures fit the default budget"
    family = [running.process.pid, *service.descendants(running.process.pid)]
    used = sum(proportional(pid) for pid in family)
    assert used < 1024 * 1024, f"{used} KiB for 100 idle captures"


def proportional(pid):
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def test_the_host_names_of_this_machine_are_its_own(start):
    """Also that of PID 1, which a container has beside its own."""
    own = "own-name-of-a-container"
    running = start(wrapper=["unshare", "--uts", "sh", "-c", f'hostname {own}; exec "$0" "$@"'])
    known = (own, own.upper(), f"{own}.local", socket.gethostname(), f"{socket.gethostname()}.local")
    unknown = (f"{own}.example", f"x.{own}", "example", "local")
    for name in known:
        assert running.get("/mobyshark", headers={"Host": f"{name}:{running.port}"}).status == 200, name
    for name in unknown:
        assert running.get("/mobyshark", headers={"Host": f"{name}:{running.port}"}).status == 421, name
