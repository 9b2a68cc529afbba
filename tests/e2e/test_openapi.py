# SPDX-License-Identifier: MIT
"""The interface as its OpenAPI document describes it, judged by schemathesis."""
import json
import subprocess
import sys

import pytest

from harness.service import REPO

sys.path.insert(0, str(REPO / "tests"))

import tools  # noqa: E402

# Streams without end, and WebSockets, which it cannot speak; their refusals are tested elsewhere.
ENDLESS = ("/events", "/capture", "/mobydig")


@pytest.fixture(scope="module")
def schemathesis():
    """./test installs it before the tests, which have no network."""
    return tools.schemathesis()


def test_the_document_is_served_without_a_token(shared):
    answer = shared.get("/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.json == json.loads((REPO / "src/service/page/web/openapi.json").read_text())


def judge(shared, schemathesis, folder, *words):
    done = subprocess.run([schemathesis, "run", f"http://{shared.host}:{shared.port}/openapi.json", "--checks", "all", "--max-examples", "25",
                           "--seed", "1", "--phases", "examples,coverage,fuzzing", "--request-timeout", "20", *words], cwd=folder, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_answers_are_those_of_the_document(shared, schemathesis, tmp_path):
    left_out = (*ENDLESS, "/capture.pcapng", "/filter")
    judge(shared, schemathesis, tmp_path, *[word for path in left_out for word in ("--exclude-path", path)])


def test_answers_about_filters_are_those_of_the_document(shared, schemathesis, tmp_path):
    """Whether a text is a filter is not a matter of the schema."""
    judge(shared, schemathesis, tmp_path, "--include-path", "/filter", "--exclude-checks", "positive_data_acceptance")
