# SPDX-License-Identifier: MIT
"""The first page: what can be captured, with a link for Wireshark and one for a download."""
import re
import subprocess


def test_the_page_is_html_with_links_for_wireshark_and_downloads(shared):
    answer = shared.get("/")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
    text = everything(shared)
    assert answer.text.lower().startswith("<!doctype html>")
    assert "packetflix:" in text and "capture.pcapng" in text
    assert "<title>" in answer.text and re.search(r'<input[^>]+type="?search', answer.text)


def everything(running):
    """The page and the parts of it that come from us."""
    text = running.get("/").text
    for part in re.findall(r'(?:src|href)="([^":#]+)"', text):
        answer = running.get("/" + part.lstrip("./"))
        assert answer.status == 200, f"{part} is missing"
        text += answer.text
    return text


def test_the_page_needs_nothing_from_anywhere_else(shared):
    outside = [url for url in re.findall(r"""(?:src|href|action|url\()\s*=?\s*["']?(https?:)?//[\w.]+""", everything(shared))]
    assert outside == []


def test_the_page_may_run_and_load_only_what_is_its_own(shared):
    headers = shared.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src" in policy and "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy or headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_names_of_processes_are_not_markup(shared, new_netns):
    ns = new_netns()
    child = ns.popen(["/usr/bin/python3", "-c", "import ctypes,time; ctypes.CDLL(None).prctl(15, b'<b>bold</b>'); "
                      "print('named', flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    child.stdout.readline()
    assert [t for t in shared.targets() if t["name"].startswith("<b>bold")]
    assert "<b>bold" not in shared.get("/").text


def test_the_page_is_not_kept_by_caches_across_versions(shared):
    assert "no-" in (shared.get("/").headers["Cache-Control"] or "")


def test_a_head_request_for_the_page_has_no_body(shared):
    answer = shared.request("HEAD", "/")
    assert answer.status == 200 and answer.body == b""


def test_the_page_listens_for_changes_and_may(shared):
    """What it does with them is looked at in a browser; here, that all it asks for is there for it."""
    script = shared.get("/page.js").text
    asked = set(re.findall(r'new URL\("(\w[\w.]*)", base\)', script))
    assert "new EventSource(url)" in script and {"events", "mobyshark"} <= asked
    assert "connect-src 'self'" in shared.get("/").headers["Content-Security-Policy"]
    told = set(re.findall(r'addEventListener\("(generation|reset)"', script))
    assert told == {"generation", "reset"}
