# SPDX-License-Identifier: MIT
"""The scripts that users start, seen as a user of a new machine sees them."""
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from builds import REPO


def _help_needs_nothing():
    """Without Python and without rights: neither is there on a new machine."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("test", "bench"):
            text = (REPO / name).read_text().replace("python=/usr/bin/python3", f"python={folder}/none")
            script = Path(folder) / name
            script.write_text(text)
            script.chmod(0o755)
            done = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=20)
            assert done.returncode == 0 and not done.stderr and done.stdout.startswith(f"usage: ./{name}"), \
                f"./{name} --help: {done.stdout}{done.stderr}"
            if name == "test":
                from run import SUITES
                missing = [suite for suite in SUITES if not re.search(rf"\b{suite}\b", done.stdout)]
                assert not missing, f"./test --help does not name {missing}"


def _root_leaves_nothing_of_its_own():
    """A build as root in another user's checkout, and one as a user on files of root."""
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        copy.mkdir()
        shutil.copy(REPO / "build", copy / "build")
        (copy / "scripts").mkdir()
        # everything that takes time is left out: what is looked at is who owns the result
        (copy / "scripts" / "packages.sh").write_text(
            'build_packages=\nneed_packages() { mkdir -p "$dir" "$out"; touch "$dir/made" "$out/made"; exit 0; }\n')
        os.chmod(folder, 0o755)
        os.chown(copy, nobody.pw_uid, nobody.pw_gid)
        subprocess.run([copy / "build"], check=True, capture_output=True, timeout=60)
        owners = {path: path.stat().st_uid for path in copy.rglob("made")}
        assert len(owners) == 2 and set(owners.values()) == {nobody.pw_uid}, owners
        shutil.rmtree(copy / "out")
        (copy / "out").mkdir()
        done = subprocess.run([copy / "build"], capture_output=True, text=True, timeout=60, user=nobody.pw_uid, group=nobody.pw_gid,
                              extra_groups=[])
        assert done.returncode == 1 and "belongs to another user; remove it: sudo rm -r" in done.stderr, done.stderr


CHECKS = (
    ("--help of the scripts installs nothing", _help_needs_nothing),
    ("a build as root does not stand in the way of a user's", _root_leaves_nothing_of_its_own),
)
