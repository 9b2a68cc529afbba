# SPDX-License-Identifier: MIT
"""A pytest plugin for programs built with sanitizers: a finding in the log of any packetflix fails the test that ends it,
also when the broker has started the process anew. A reader that has something to report is killed when it tries, as it
may not write: that death is a finding, too."""
import re

import pytest

FINDING = re.compile(r"ERROR: AddressSanitizer|runtime error:|AddressSanitizer:DEADLYSIGNAL|reader crashed id=\d+ signal=31")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    from harness.service import Service

    stop = Service.stop

    def stop_and_look(self):
        stop(self)
        found = FINDING.search(self.log)
        assert not found, f"a sanitizer found something:\n{self.log[found.start():][:6000]}"

    Service.stop = stop_and_look
