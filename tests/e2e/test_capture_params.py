# SPDX-License-Identifier: MIT
"""Words become exactly one target and its interfaces, or a refusal in the words old clients know."""
import json
import os
import subprocess
import time

import pytest

from harness import service
from harness.netns import promiscuity
from harness.client import Raw, Viewer, check_close, path, refusal
from harness.engine import Engine
from harness.pcapng import Stream
from harness.wait import until

BOTH = "container and netns query parameters are mutually exclusive"
NEITHER = "either container or netns query parameter required"
BAD_JSON = "invalid container/target description: "
NOT_FOUND = "could not locate network namespace for container"
NOBODY = 4026500000    # below every real namespace inode


def target(**members):
    return json.dumps(members)


def refused(running, params=None, headers=None):
    """The reason of a refusal, which must carry the code for refused requests."""
    code, reason = refusal(running, params, headers)
    assert code == 1008, f"{code}: {reason}"
    return reason


# -- container, netns, both, neither ---------------------------------------------------------

@pytest.mark.parametrize("params,headers", [
    ([("container", target(netns=1)), ("netns", "1")], {}),
    ([("netns", "x"), ("container", "{")], {}),
    ([("container", ""), ("netns", "")], {}),
    ([("netns", "1")], {"Clustershark-Container": target(netns=1)}),
    ([("netns", "1")], {"Clustershark-Container": ""})])
def test_container_and_netns_together_are_refused(shared, params, headers):
    assert refused(shared, params, headers) == BOTH


@pytest.mark.parametrize("params", [{}, {"nif": "eth0"}, {"filter": "tcp"}, {"chaste": ""}, {"Container": "{}"}])
def test_neither_container_nor_netns_is_refused(shared, params):
    assert refused(shared, params) == NEITHER


@pytest.mark.parametrize("text", ["", " ", "{", "nul", "{]", "[]", '"x"', "1", "true", "{} x", "{'name':'x'}",
                                  '{"name":1}', '{"name":["x"]}', '{"type":{}}', '{"prefix":false}',
                                  '{"netns":"1"}', '{"netns":1.5}', '{"netns":-1}', '{"netns":true}',
                                  '{"netns":99999999999999999999999}', '{"netns":1e400}',
                                  '{"pid":"1"}', '{"pid":1.5}', '{"starttime":"1"}', '{"starttime":-1}',
                                  '{"network-interfaces":"eth0"}', '{"network-interfaces":[1]}',
                                  '{"network-interfaces":{"0":"eth0"}}', '{"node-name":1}', '{"cluster":"x"}',
                                  '{"cluster":{"uid":1}}', '{"name":"a'])
def test_broken_json_or_wrong_types_are_refused_with_the_parsers_words(shared, text):
    reason = refused(shared, {"container": text})
    assert reason.startswith(BAD_JSON) and len(reason) > len(BAD_JSON)


@pytest.mark.parametrize("depth", [100, 1000, 5000])
def test_deeply_nested_json_is_answered_in_words(shared, depth):
    text = '{"name":"nobody-has-this-name","x":' + "[" * depth + "]" * depth + "}"
    with Raw(shared) as raw:
        status, _ = raw.handshake("/capture", {"Clustershark-Container": text})
        if status != 101:
            assert status in (400, 414, 431)
            return
        code, reason = raw.until_close()
    check_close(code, reason.decode())
    assert reason.decode().startswith(BAD_JSON) or reason.decode() == NOT_FOUND
    assert shared.get("/healthz").status == 200


@pytest.mark.parametrize("size", [10_000, 100_000, 2_000_000])
def test_huge_json_is_refused_and_harms_nobody(shared, size):
    text = target(name="x" * size)
    with Raw(shared) as raw:
        try:
            status, _ = raw.handshake("/capture", {"Clustershark-Container": text})
        except (ConnectionResetError, BrokenPipeError, EOFError):
            status = 431    # cut off while still sending
        if status == 101:
            code, reason = raw.until_close()
            check_close(code, reason.decode())
            assert reason.decode().startswith((BAD_JSON, NOT_FOUND))
        else:
            assert status in (400, 413, 414, 431)
    assert shared.get("/healthz").status == 200


@pytest.mark.parametrize("make", [
    lambda n: {"NETNS": n, "Network-Interfaces": ["lo"]},
    lambda n: {"netns": n, "network-interfaces": ["lo"], "name": None, "type": None, "prefix": None, "pid": None,
               "starttime": None, "cluster": None, "node-name": None},
    lambda n: {"netns": n, "network-interfaces": ["lo"], "nonsense": {"deep": [1, {"a": None}]}, "": 1},
    lambda n: {"netns": n, "network-interfaces": ["lo"], "type": "bindmount of another kind"},
    lambda n: {"name": "x", "type": "proc", "netns": n, "network-interfaces": ["lo"], "prefix": "a/b",
               "node-name": "box", "cluster": {"context": "c", "uid": "u"}, "capture-service": "s",
               "captureport": 5001}])
def test_lenient_json_reaches_the_target(shared, plain_scene, make):
    viewer = Viewer(shared, container=json.dumps(make(plain_scene.inode))).wait_interfaces("lo")
    assert viewer.stream.names_of_interfaces() == ["lo"]


def test_null_as_network_interfaces_means_all(shared, plain_scene):
    viewer = Viewer(shared, container=target(netns=plain_scene.inode, **{"network-interfaces": None}))
    viewer.wait_interfaces("lo", "eth0")


def test_json_null_as_target_names_nothing(shared):
    assert refused(shared, {"container": "null"}) == NOT_FOUND


# -- netns -----------------------------------------------------------------------------------

@pytest.mark.parametrize("value", ["0", "-1", "", " ", "abc", "1.5", "0x10", "1e9", "NaN", "1 ", " 1", "1,2", "--1",
                                   "99999999999999999999999999", "18446744073709551616", "٣", "4026531840x"])
def test_a_bad_netns_is_refused_and_quoted(shared, value):
    reason = refused(shared, {"netns": value})
    assert reason.startswith('invalid netns "')
    if value.isascii() and value.isprintable():
        assert reason == f'invalid netns "{value}"'


@pytest.mark.parametrize("value", ["9" * 200, "ä" * 100, "a" + "ä" * 100, "€" * 60, "x€" * 50, "😀" * 40])
def test_a_long_reason_is_cut_at_a_border_of_utf8(shared, value):
    reason = refused(shared, {"netns": value})     # valid UTF-8 and at most 123 bytes: checked by the client
    common = os.path.commonprefix([reason, f'invalid netns "{value}"'])
    assert len(common) > 30 and "\ufffd" not in reason


def test_the_longest_reasons_are_cut_not_lost(shared, scene):
    """A refusal that lists what there is instead gets longer than a close can carry."""
    for number in range(12):
        scene.box.ip("link", "add", f"dev-ü-{number:08}", "type", "ifb")
        scene.box.ip("link", "set", f"dev-ü-{number:08}", "up")
    for length in range(4):
        reason = refused(shared, {"netns": scene.inode, "nif": "no" + "x" * length})
        assert 115 <= len(reason.encode()) <= 123 and "\ufffd" not in reason


@pytest.mark.parametrize("value", [NOBODY, 1, 2 ** 31, 2 ** 32 + 7, 2 ** 63 - 1])
def test_a_netns_that_does_not_exist_is_not_found(shared, value):
    assert refused(shared, {"netns": str(value)}) == NOT_FOUND
    assert refused(shared, {"container": target(netns=value)}) == NOT_FOUND


def test_another_kind_of_namespace_is_not_a_network_namespace(shared):
    assert refused(shared, {"netns": os.stat("/proc/self/ns/mnt").st_ino}) == NOT_FOUND


# -- pid, start time, staleness --------------------------------------------------------------

@pytest.fixture
def sleeper(new_netns):
    """A process alone in a namespace."""
    ns = new_netns("sleeper")
    child = ns.popen(["/usr/bin/sleep", "600"])
    until(lambda: service.role_of(child.pid) == "sleep", "sleep to run")
    child.ns = ns
    return child


def described(child, **changes):
    return target(**{"netns": child.ns.inode, "pid": child.pid, "starttime": service.starttime(child.pid),
                     "network-interfaces": ["lo"], **changes})


def test_a_fresh_pid_and_start_time_reach_the_namespace(shared, sleeper):
    Viewer(shared, container=described(sleeper)).wait_interfaces("lo")


@pytest.mark.parametrize("change", [{"starttime": 1}, {"pid": 1}, {"pid": 4194303}, {"pid": 2 ** 31 - 1}])
def test_a_stale_target_without_a_name_is_not_found(shared, sleeper, change):
    assert refused(shared, {"container": described(sleeper, **change)}) == NOT_FOUND


def test_a_stale_target_is_found_again_by_name_and_prefix(shared, sleeper):
    name = f"sleep({sleeper.pid})"
    stale = {"netns": NOBODY, "pid": 1, "starttime": 1, "name": name, "prefix": ""}
    viewer = Viewer(shared, container=target(**stale)).wait_interfaces("lo")
    assert viewer.stream.document["container-name"] == name


@pytest.mark.parametrize("members", [{"name": "no-such-name"}, {"name": ""}, {"type": "proc"}, {"netns": 0}, {},
                                     {"name": "{name}", "prefix": "elsewhere"},
                                     {"name": "{name}x"}])
def test_a_target_that_nothing_matches_is_not_found(shared, sleeper, members):
    members = {k: v.format(name=f"sleep({sleeper.pid})") if isinstance(v, str) else v for k, v in members.items()}
    assert refused(shared, {"container": target(**members)}) == NOT_FOUND


def test_a_name_alone_is_enough_and_the_type_is_not_compared(shared, sleeper):
    name = f"sleep({sleeper.pid})"
    Viewer(shared, container=target(name=name, type="pod")).wait_interfaces("lo")


def test_a_pid_without_a_start_time_is_checked_by_nothing_but_its_namespace(shared, sleeper):
    Viewer(shared, container=described(sleeper, starttime=0)).wait_interfaces("lo")


def test_a_target_that_vanished_since_the_list_was_read_is_not_found(shared, sleeper):
    listed = [t for t in shared.targets() if t["pid"] == sleeper.pid][0]
    sleeper.kill()
    sleeper.wait()
    sleeper.ns.close()
    assert refused(shared, {"container": json.dumps(listed)}) == NOT_FOUND


def test_a_container_started_anew_is_found_by_its_old_description(shared, engine, container):
    again = container("again")
    old = shared.target(name=again)
    engine.docker("restart", "-t", "0", again)
    assert engine.pid(again) != old["pid"]
    viewer = Viewer(shared, container=json.dumps(old)).wait_interfaces("eth0")
    pid = engine.pid(again)
    inode = os.stat(f"/proc/{pid}/ns/net").st_ino
    with Raw(shared) as raw:
        raw.open(netns=inode, nif="eth0")
    assert viewer.stream.document["container-name"] == again


@pytest.fixture
def outlived(plain_scene, new_netns):
    """A description whose name is found, but the number of its ended namespace is that of another one by now, which
    is the second value: it has nothing but "lo"."""
    child, ended = plain_scene.box.popen(["/usr/bin/sleep", "600"]), subprocess.Popen(["true"])
    ended.wait()
    until(lambda: service.role_of(child.pid) == "sleep", "sleep to run")
    heir = new_netns("heir")
    return {"name": f"sleep({child.pid})", "prefix": "", "netns": heir.inode, "pid": ended.pid, "starttime": 1}, heir


def test_what_the_heir_of_its_number_lacks_is_not_left_out(shared, outlived):
    listed = {"network-interfaces": ["eth0", "lo"]}
    Viewer(shared, container=target(**outlived[0], **listed)).wait_interfaces("eth0", "lo")


def test_a_capture_of_the_heir_of_its_number_is_not_joined(shared, plain_scene, outlived):
    old, heir = outlived
    other = Viewer(shared, netns=heir.inode).wait_interfaces("lo")
    mine = Viewer(shared, container=target(**old)).wait_interfaces("eth0")
    assert other.stream.names_of_interfaces() == ["lo"]


def test_a_process_with_parentheses_in_its_name_is_not_taken_for_stale(shared, new_netns):
    ns = new_netns()
    child = ns.popen(["/usr/bin/python3", "-c", "import ctypes,time; ctypes.CDLL(None).prctl(15, b'a) b ('); "
                      "print('named', flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    child.stdout.readline()
    listed = [t for t in shared.targets() if t["pid"] == child.pid][0]
    assert listed["name"] == f"a) b (({child.pid})" and listed["starttime"] == service.starttime(child.pid)
    Viewer(shared, container=target(netns=ns.inode, pid=child.pid, starttime=listed["starttime"],
                                    **{"network-interfaces": ["lo"]})).wait_interfaces("lo")


# -- headers ---------------------------------------------------------------------------------

def test_a_header_replaces_the_query_parameter_of_the_same_meaning(shared, plain_scene):
    good = target(netns=plain_scene.inode)
    viewer = Viewer(shared, {"container": "{", "nif": "nonsense", "filter": "((("},
                    {"Clustershark-Container": good, "Clustershark-Nif": "lo", "Clustershark-Filter": "udp port 4711"})
    viewer.wait_interfaces("lo")
    assert viewer.stream.names_of_interfaces() == ["lo"]
    assert viewer.stream.interfaces[0].filter == "udp port 4711"


def test_an_old_client_that_sends_query_and_headers_at_once_is_served(shared, plain_scene):
    text = target(name="box", type="bindmount", netns=plain_scene.inode, prefix="",
                  **{"network-interfaces": ["eth0", "lo"], "node-name": "box"})
    viewer = Viewer(shared, {"container": text, "nif": "eth0/lo"},
                    {"Clustershark-Container": text, "Clustershark-Nif": "eth0/lo"}).wait_interfaces("eth0", "lo")
    assert viewer.stream.names_of_interfaces() == ["eth0", "lo"]


def raw_viewer(running, where, headers):
    """Everything up to the first close or data of a raw request: (close, stream)."""
    stream = Stream()
    with Raw(running) as raw:
        status, _ = raw.handshake(where, headers)
        assert status == 101
        while not stream.interfaces:
            try:
                _, opcode, payload = raw.frame()
            except EOFError:
                return None, stream
            if opcode == 8:
                return payload[2:].decode(), stream
            stream.feed(payload)
    return None, stream


@pytest.mark.parametrize("empty", [{"Clustershark-Container": ""}])
def test_an_empty_container_header_replaces_a_good_query(shared, plain_scene, empty):
    close, _ = raw_viewer(shared, path(container=target(netns=plain_scene.inode)), empty)
    assert close.startswith(BAD_JSON)


def test_an_empty_filter_header_removes_a_bad_filter(shared, plain_scene):
    close, stream = raw_viewer(shared, path(netns=plain_scene.inode, nif="lo", filter="((("),
                               {"Clustershark-Filter": ""})
    assert close is None and stream.interfaces[0].filter is None


def test_an_empty_interface_header_means_all_interfaces(shared, plain_scene):
    viewer = Viewer(shared, {"netns": plain_scene.inode, "nif": "nonsense"}, {"Clustershark-Nif": ""})
    viewer.wait_interfaces("lo", "eth0")


def test_header_names_are_not_case_sensitive(shared, plain_scene):
    viewer = Viewer(shared, {}, {"CLUSTERSHARK-CONTAINER": target(netns=plain_scene.inode), "clustershark-nif": "lo"})
    viewer.wait_interfaces("lo")


def test_a_header_may_carry_raw_utf8(shared, plain_scene):
    text = json.dumps({"netns": plain_scene.inode, "name": "wébsërver-名", "network-interfaces": ["lo"]},
                      ensure_ascii=False)
    close, stream = raw_viewer(shared, "/capture", {"Clustershark-Container": text})
    assert close is None and "wébsërver-名" in stream.comment


def test_only_the_first_value_of_a_repeated_parameter_counts(shared, plain_scene):
    viewer = Viewer(shared, [("netns", plain_scene.inode), ("nif", "lo"), ("netns", "x"), ("nif", "nonsense")])
    viewer.wait_interfaces("lo")
    assert viewer.stream.names_of_interfaces() == ["lo"]
    assert refused(shared, [("netns", "x"), ("netns", plain_scene.inode)]) == 'invalid netns "x"'


def test_an_empty_element_of_the_query_string_is_ignored(shared, plain_scene):
    close, stream = raw_viewer(shared, f"/capture?&&netns={plain_scene.inode}&nif=lo&&=x&y", {})
    assert close is None and stream.names_of_interfaces() == ["lo"]


def test_plus_and_percent_are_decoded_in_the_query(shared, plain_scene):
    close, stream = raw_viewer(
        shared, f"/capture?netns={plain_scene.inode}&nif=%6c%6F&filter=udp+and%20port+4712", {})
    assert close is None and stream.names_of_interfaces() == ["lo"]
    assert stream.interfaces[0].filter == "udp and port 4712"


# -- chaste ----------------------------------------------------------------------------------

@pytest.mark.parametrize("params,headers,expected", [
    ({}, {}, 1), ({"chaste": ""}, {}, 0), ({"chaste": "false"}, {}, 0), ({}, {"Clustershark-Chaste": ""}, 0),
    ({}, {"Clustershark-Chaste": "no"}, 0)])
def test_promiscuous_mode_is_on_unless_the_capture_is_chaste(shared, scene, params, headers, expected):
    viewer = Viewer(shared, {"netns": scene.inode, "nif": "eth0", **params}, headers).wait_interfaces("eth0")
    until(lambda: promiscuity(scene.box, "eth0") == expected, "promiscuous mode")
    assert ("no-promiscuous-mode: true" in viewer.stream.comment) == (expected == 0)
    viewer.close()
    until(lambda: promiscuity(scene.box, "eth0") == 0, "the end of promiscuous mode")


# -- interfaces ------------------------------------------------------------------------------

@pytest.mark.parametrize("nif", [None, "any", "all", "", "/", "/lo", "/tmp/x", "//"])
def test_the_ways_to_ask_for_all_interfaces(shared, plain_scene, nif):
    params = {"netns": plain_scene.inode, **({} if nif is None else {"nif": nif})}
    viewer = Viewer(shared, params).wait_interfaces("lo", "eth0")
    assert sorted(viewer.stream.names_of_interfaces()) == ["eth0", "lo"]


@pytest.mark.parametrize("nif,expected", [("lo", ["lo"]), ("eth0", ["eth0"]), ("lo/eth0", ["lo", "eth0"]),
                                          ("eth0/lo", ["eth0", "lo"]), ("eth0/eth0", ["eth0"]),
                                          ("lo/eth0/lo", ["lo", "eth0"])])
def test_interfaces_are_described_once_in_the_order_asked_for(shared, plain_scene, nif, expected):
    viewer = Viewer(shared, netns=plain_scene.inode, nif=nif).wait_interfaces(*expected)
    assert viewer.stream.names_of_interfaces() == expected


def test_an_alternative_name_stands_for_its_interface(shared, scene):
    """Also one longer than any name, one given while the service runs, and both names of one interface."""
    names = ["uplink", "a-name-that-is-longer-than-names-of-interfaces-are-" + "x" * 76]
    for name in names:
        scene.box.ip("link", "property", "add", "dev", "eth0", "altname", name)
        for nif in (name, f"{name}/lo/eth0"):
            expected = ["eth0", "lo"] if "/" in nif else ["eth0"]
            viewer = Viewer(shared, netns=scene.inode, nif=nif).wait_interfaces(*expected)
            assert viewer.stream.names_of_interfaces() == expected
    listed = target(netns=scene.inode, **{"network-interfaces": ["uplink"]})
    assert Viewer(shared, container=listed).wait_interfaces("eth0").stream.names_of_interfaces() == ["eth0"]
    scene.box.ip("link", "property", "del", "dev", "eth0", "altname", "uplink")
    assert "uplink" in refused(shared, {"netns": scene.inode, "nif": "uplink"})


@pytest.mark.parametrize("listed,nif,expected", [
    (["lo"], None, ["lo"]), (["lo"], "any", ["lo"]), (["lo"], "eth0", ["eth0"]), (["lo"], "", ["eth0", "lo"]),
    (["eth0", "lo"], "any", ["eth0", "lo"]), (["", "lo"], None, ["eth0", "lo"]), ([], None, ["eth0", "lo"]),
    ([], "any", ["eth0", "lo"]), (["any"], None, ["eth0", "lo"]), (["all"], None, ["eth0", "lo"]),
    (["lo"], "all", ["lo"])])
def test_the_targets_own_list_and_the_parameter_play_together(shared, plain_scene, listed, nif, expected):
    params = {"container": target(netns=plain_scene.inode, **{"network-interfaces": listed})}
    if nif is not None:
        params["nif"] = nif
    viewer = Viewer(shared, params).wait_interfaces(*expected)
    assert sorted(viewer.stream.names_of_interfaces()) == expected


ODD_NAMES = ["-", "TCP@192.0.2.1:1", "rpcap://x", "/tmp/x", "x" * 4096, "eth0,lo", " eth0", "eth0 ", "eth0\x00", "ETH0",
             "eth1", "1", "0", "-i", "..", "\\\\.\\pipe\\x", "%65th0", "eth0\n", "ёth0", "lo:1", "x" * 15, "x" * 16]


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda n: repr(n[:20]))
def test_an_interface_that_does_not_exist_is_refused_in_words(shared, plain_scene, name):
    text = target(netns=plain_scene.inode, **{"network-interfaces": [name]})
    code, reason = refusal(shared, container=text)
    assert code == 1008 and "interface" in reason
    if not name.startswith("/") and name.isprintable():
        code, reason = refusal(shared, netns=plain_scene.inode, nif=name)
        assert code == 1008 and "interface" in reason


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda n: repr(n[:20]))
def test_interfaces_of_an_old_description_that_are_gone_are_left_out(shared, plain_scene, name):
    """A description may be a moment old; as long as one of its interfaces is there, that one is captured."""
    text = target(netns=plain_scene.inode, **{"network-interfaces": ["lo", name]})
    viewer = Viewer(shared, container=text).wait_interfaces("lo")
    assert viewer.stream.names_of_interfaces() == ["lo"]


@pytest.mark.parametrize("nif", ["eth0/", "eth0//lo", "lo/eth0/", "eth0/nonsense"])
def test_an_empty_or_unknown_later_interface_is_refused(shared, plain_scene, nif):
    code, reason = refusal(shared, netns=plain_scene.inode, nif=nif)
    assert code == 1008 and "interface" in reason


def test_odd_interface_names_open_nothing(shared, plain_scene, tmp_path):
    """What the original's capture tool would have opened as a pipe stays untouched."""
    fifo = tmp_path / "x"
    os.mkfifo(fifo)
    writer = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        refusal(shared, container=target(netns=plain_scene.inode, **{"network-interfaces": [str(fifo)]}))
        for role in service.ROLES:
            for pid in shared.pids(role):
                assert str(fifo) not in service.descriptors(pid)
    finally:
        os.close(writer)


def test_names_of_interfaces_of_another_namespace_are_refused(shared, plain_scene):
    assert refusal(shared, netns=plain_scene.inode, nif="peer0")[0] == 1008


def test_an_interface_that_has_just_been_made_is_accepted(shared, scene):
    Viewer(shared, netns=scene.inode, nif="eth0").wait_interfaces("eth0")
    scene.box.ip("link", "add", "fresh0", "type", "ifb")
    scene.box.ip("link", "set", "fresh0", "up")
    Viewer(shared, netns=scene.inode, nif="fresh0").wait_interfaces("fresh0")
    scene.box.ip("link", "del", "fresh0")
    assert refusal(shared, netns=scene.inode, nif="fresh0")[0] == 1008


@pytest.mark.parametrize("params", [{"target": "no-such-name"}, {"target": ""}, {"target": ":"},
                                    {"target": "no-such-prefix:init(1)"}])
def test_a_short_target_that_nothing_matches_is_refused(shared, params):
    code, reason = refusal(shared, params)
    assert code == 1008 and reason


def test_a_short_target_names_a_process(shared, sleeper):
    viewer = Viewer(shared, target=f"sleep({sleeper.pid})").wait_interfaces("lo")
    assert viewer.stream.document["container-name"] == f"sleep({sleeper.pid})"


@pytest.mark.parametrize("other", [{"netns": "1"}, {"container": "{}"}])
def test_a_short_target_excludes_the_other_ways_to_name_one(shared, other):
    code, reason = refusal(shared, {"target": "x", **other})
    assert code == 1008 and reason


def test_a_short_target_that_means_two_things_is_refused_with_both(shared, container, owned):
    other = owned.add(Engine())
    twice = container("twice")
    assert other.run("twice") == twice
    # A new engine has time to answer for the first time; until then there is one of this name.
    until(lambda: len([t for t in shared.targets() if t["name"] == twice]) == 2, "both containers")
    code, reason = refusal(shared, target=twice)
    assert code == 1008 and twice in reason and "ambiguous" in reason
    for pid in [t["pid"] for t in shared.targets() if t["name"] == twice]:
        inode = os.stat(f"/proc/{pid}/ns/net").st_ino
        Viewer(shared, netns=inode).wait_interfaces("eth0")


@pytest.mark.parametrize("snaplen", ["x", "-1", "1.5", "", "99999999999999999999"])
def test_a_bad_snap_length_is_refused(shared, plain_scene, snaplen):
    code, reason = refusal(shared, netns=plain_scene.inode, snaplen=snaplen)
    assert code == 1008 and "snaplen" in reason


def test_refusals_come_at_once_and_leave_no_reader(shared):
    began = time.monotonic()
    for _ in range(20):
        refusal(shared, netns="0")
    assert time.monotonic() - began < 20
    assert shared.readers() == []
