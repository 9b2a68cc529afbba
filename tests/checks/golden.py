# SPDX-License-Identifier: MIT
"""Other programs read what our pcapng writer made (tests/unit/test_pcapng_write.c makes the same bytes again)."""
import subprocess

from builds import REPO

GOLDEN = REPO / "tests" / "golden" / "all.pcapng"


def _run(*command):
    done = subprocess.run([*command, GOLDEN], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def capinfos_reads_it():
    text = _run("capinfos", "-M")
    for words in ("Number of packets:   3", "Number of interfaces in file: 2", "Capture hardware:    some hardware",
                  "Capture oper-sys:    Linux 6.1", "Capture application: Packetflix", "Name = eth0", "Name = tun0",
                  "Time precision = nanoseconds (9)", "Filter string = tcp port 80", "Encapsulation = Raw IP"):
        assert words in text, f"capinfos does not say '{words}':\n{text}"


def tshark_reads_it():
    fields = ("frame.interface_name", "frame.time_epoch", "frame.cap_len", "frame.len", "frame.packet_flags_direction",
              "frame.drop_count")
    text = _run("tshark", "-n", "-T", "fields", *(word for field in fields for word in ("-e", field)), "-r")
    expected = [["eth0", "1700000000.123456789", "60", "60", "0x00000001", ""],
                ["tun0", "1700000000.123456790", "21", "21", "0x00000002", "3"],
                ["eth0", "1700000001.000000000", "14", "1514", "0x00000001", ""]]
    found = [line.split("\t") for line in text.splitlines()]
    assert found == expected, f"tshark read {found}"


CHECKS = (
    ("capinfos reads the golden file", capinfos_reads_it),
    ("tshark reads the golden file", tshark_reads_it),
)
