# SPDX-License-Identifier: MIT
"""Fixtures of the image suite. It needs root and the engines of the end-to-end suite, whose harness it uses."""
import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "e2e")]

import packaged  # noqa: E402
from harness.engine import Engine  # noqa: E402


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the image tests need root", 1)


@pytest.fixture(scope="session")
def engine():
    """A Docker engine that has the image, and one more container, called web."""
    running = Engine()
    try:
        running.docker("load", "-i", packaged.archive())
        running.web = running.run("web")
        yield running
    finally:
        running.close()


@pytest.fixture
def deploy(engine):
    """Starts containers of the image that are removed when the test ends."""
    made = []

    def make(*words, **more):
        made.append(packaged.Packaged(engine, *words, **more))
        return made[-1]
    yield make
    for one in made:
        one.close()
