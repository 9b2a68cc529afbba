# SPDX-License-Identifier: MIT
"""tcpdump on a live interface, as the reference for what a filter accepts."""
import struct
import subprocess
import tempfile

from harness.wait import until


class Tcpdump:
    """One tcpdump that writes what it accepts; the file is read by a few lines of our own."""

    def __init__(self, ns, device, expression):
        self._file = tempfile.NamedTemporaryFile(prefix="pf-e2e-", suffix=".pcap")
        self._err = tempfile.TemporaryFile(mode="w+")
        self.process = ns.popen(["tcpdump", "-Z", "root", "-i", device, "-s", "65535", "-B", "65536", "-U", "--immediate-mode", "-w",
                                 self._file.name, expression], stderr=self._err)

    def wait_ready(self):
        """The message comes when the filter is set and the interface bound."""
        def ready():
            self._err.seek(0)
            text = self._err.read()
            assert self.process.poll() is None, text
            return "listening on" in text
        until(ready, "tcpdump to listen")

    def packets(self):
        with open(self._file.name, "rb") as saved:
            return _packets(saved.read())

    def close(self):
        self.process.terminate()
        self.process.wait()
        self._file.close()
        self._err.close()


def _packets(data):
    """The packets of a pcap file, without a cut last one."""
    out, at = [], 24
    while at + 16 <= len(data):
        length, = struct.unpack_from("<I", data, at + 8)
        if at + 16 + length > len(data):
            break
        out.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return out


def complaint(expression, device="lo"):
    """libpcap's own words about a bad filter on DEVICE."""
    done = subprocess.run(["tcpdump", "-d", "-i", device, expression], capture_output=True, text=True, timeout=20)
    assert done.returncode != 0, f"libpcap accepts {expression!r}"
    return done.stderr.strip().splitlines()[-1].removeprefix("tcpdump: ")
