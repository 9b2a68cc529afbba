# SPDX-License-Identifier: MIT
"""The builds that tests run on, beside the release build of ./build."""
import json
import os
import shutil
import subprocess
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PROGRAMS = ("packetflix", "packetflix-discover", "packetflix-service", "packetflix-reader")

KINDS = {
    # gcc: what is tested is close to what is shipped
    "tests": ({"CC": "gcc"}, ["-Dbuildtype=debugoptimized", "-Db_lto=false", "-Dunit=true"]),
    # clang: unit tests, fuzz targets and programs with sanitizers; any finding ends the program
    "sanitize": ({"CC": "clang"}, ["-Dbuildtype=debugoptimized", "-Db_lto=false", "-Db_lundef=false", "-Dunit=true",
                                   "-Dfuzz=true", "-Db_sanitize=address,undefined",
                                   "-Dc_args=-fno-sanitize-recover=undefined"]),
}
_built = set()


class Build:
    """Makes the build of KIND, unless that was done in this run. AssertionError with the compiler's words if it fails."""

    def __init__(self, kind):
        self.folder = REPO / f"build-{kind}"
        if kind in _built:
            return
        environment, options = KINDS[kind]
        if not (self.folder / "build.ninja").exists():
            self._run(["meson", "setup", str(self.folder), *options], environment)
        self._run(["ninja", "-C", str(self.folder)], environment)
        _built.add(kind)

    @staticmethod
    def _run(command, environment):
        done = subprocess.run(command, cwd=REPO, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-6000:]}")

    def _targets(self):
        listing = subprocess.run(["meson", "introspect", "--targets", str(self.folder)], check=True, capture_output=True)
        return [Path(target["filename"][0]) for target in json.loads(listing.stdout) if target["type"] == "executable"]

    def programs(self, folder, prefix):
        """The executables of FOLDER that this build knows (others may be left over from before)."""
        found = sorted(path for path in self._targets()
                       if path.parent == self.folder / folder and path.name.startswith(prefix))
        assert found, f"there is nothing to run in {folder}"
        return found

    def program(self, name):
        return next(path for path in self._targets() if path.name == name)

    def install_programs(self, environment):
        """Put the product's programs into one folder, and a starter that sets ENVIRONMENT. Returns the starter."""
        folder = self.folder / "programs"
        folder.mkdir(exist_ok=True)
        for name in PROGRAMS:
            (folder / name).unlink(missing_ok=True)
            shutil.copy2(self.program(name), folder / name)
        starter = folder / "start"
        words = " ".join(f"{key}={value}" for key, value in environment.items())
        starter.write_text(f'#!/bin/sh\nexec env {words} {folder}/packetflix "$@"\n')
        starter.chmod(0o755)
        return starter
