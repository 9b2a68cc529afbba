# SPDX-License-Identifier: MIT
"""`sudo meson install` on a machine: afterwards everything is found where this machine's programs look.

/usr, /etc and /var are covered by an overlay in a mount namespace of the test, so that the machine stays as it is."""
import shlex
import subprocess

import pytest

from harness import service

REPO = service.REPO


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs a shell script on a machine on which packetflix was installed, as root with an ordinary environment."""
    base = tmp_path_factory.mktemp("machine")
    # the upper folders of an overlay cannot be on another overlay
    cover = ["mount -t tmpfs tmpfs " + shlex.quote(str(base))]
    for folder in ("usr", "etc", "var"):
        cover += [f"mkdir -p {base}/{folder}/upper {base}/{folder}/work",
                  f"mount -t overlay overlay -o lowerdir=/{folder},upperdir={base}/{folder}/upper,"
                  f"workdir={base}/{folder}/work /{folder}"]
    install = f"meson install -C {shlex.quote(str(REPO / 'build-release'))} --no-rebuild --quiet"

    def run(script, **options):
        text = "\n".join(["set -eu", *cover, install + " >&2", "cd /", script])
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "bash", "-c", text], env=env, text=True,
                              capture_output=True, timeout=55, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


def test_wireshark_finds_the_plugin(installed):
    listed = installed("tshark -D 2>/dev/null")
    assert "packetflix" in listed and "mobyshark" in listed


def test_a_program_is_built_and_runs_with_the_library(installed):
    example = REPO / "examples" / "capture_to_file.c"
    said = installed(f"cc -o /var/tmp/example {example} $(pkg-config --cflags --libs csharg)\n"
                     "ldd /var/tmp/example | grep libcsharg.so.1\n/var/tmp/example 2>&1 || true")
    assert "libcsharg.so.1 => /usr/local/lib/" in said and "not found" not in said and "usage" in said.lower()


@pytest.mark.parametrize("page", ["packetflix.8", "csharg.1", "cshargextcap.1", "packetflix-open.1", "libcsharg.3"])
def test_man_finds_the_pages(installed, page):
    name, _, section = page.rpartition(".")
    found = installed(f"man -w {section} {name}").strip()
    assert found.startswith("/usr/local/") and found.endswith(f"/man{section}/{page}")


def test_bash_completes_csharg(installed):
    said = installed("bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader csharg; complete -p csharg'")
    assert said.startswith("complete ") and said.split()[-1] == "csharg"


def test_zsh_and_fish_look_where_their_completions_are(installed):
    assert "_csharg" in installed("zsh -c 'autoload -Uz compinit && compinit -u -d /var/tmp/dump && print $_comps[csharg]'")
    assert installed("fish -c 'complete -C \"csharg \"'").count("\n") > 3


def test_the_desktop_opens_links_with_the_installed_starter(installed):
    said = installed("grep x-scheme-handler/packetflix /usr/local/share/applications/mimeinfo.cache\n"
                     "sed -n 's/^Exec=//p' /usr/local/share/applications/com.github.siemens.packetflix.desktop\n"
                     "/usr/local/bin/packetflix-open --version")
    handler, command, version = said.splitlines()
    assert "com.github.siemens.packetflix.desktop" in handler
    assert command == "/usr/local/bin/packetflix-open %u" and version.startswith("packetflix-open version ")


def test_packetflix_starts_from_where_it_was_installed(installed):
    said = installed("packetflix --port 0 2>&1 || true\npacketflix --version\n"
                     "packetflix --port 5999 >/var/tmp/log 2>&1 & pid=$!\n"
                     "for i in $(seq 100); do grep -q http:// /var/tmp/log && break; sleep 0.1; done\n"
                     "kill $pid; wait $pid; cat /var/tmp/log")
    assert "http://localhost:5999" in said


def test_documents_are_there(installed):
    said = installed("ls /usr/local/share/doc/packetflix /usr/local/share/doc/packetflix/docs")
    assert {"README.md", "SECURITY.md", "limits.md", "decisions"} <= set(said.split())
