# SPDX-License-Identifier: MIT
"""The builds that tests run on, beside the release build of ./build."""
import json
import os
import shutil
import subprocess
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PROGRAMS = ("packetflix", "packetflix-discover", "packetflix-service", "packetflix-reader", "packetflix-dig",
            "packetflix-compile")

KINDS = {
    # gcc: what is tested is close to what is shipped
    "tests": ({"CC": "gcc"}, ["-Dbuildtype=debugoptimized", "-Db_lto=false", "-Dunit=true"]),
    # clang: unit tests, fuzz targets and programs with sanitizers; any finding ends the program
    "sanitize": ({"CC": "clang"}, ["-Dbuildtype=debugoptimized", "-Db_lto=false", "-Db_lundef=false", "-Dunit=true",
                                   "-Dfuzz=true", "-Db_sanitize=address,undefined",
                                   "-Dc_args=-fno-sanitize-recover=undefined"]),
    # and SANITIZER_OPTIONS, linked into every program
}
SANITIZER_OPTIONS = REPO / "tests" / "support" / "sanitizer_options.c"
_built = set()


class Build:
    """Makes the build of KIND, unless that was done in this run. AssertionError with the compiler's words if it fails."""

    def __init__(self, kind):
        self.folder = REPO / f"build-{kind}"
        if kind in _built:
            return
        environment, options = KINDS[kind]
        if kind == "sanitize":
            options = [*options, f"-Dc_link_args={self._sanitizer_options()}"]
        if not (self.folder / "build.ninja").exists():
            self._run(["meson", "setup", str(self.folder), *options], environment)
        self._run(["ninja", "-C", str(self.folder)], environment)
        _built.add(kind)

    def _sanitizer_options(self):
        self.folder.mkdir(exist_ok=True)
        made = self.folder / "sanitizer_options.o"
        self._run(["clang", "-c", "-fPIC", str(SANITIZER_OPTIONS), "-o", str(made)], {})
        return made

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

    def install_programs(self):
        """Put the product's programs into one folder. Returns the one to start."""
        folder = self.folder / "programs"
        folder.mkdir(exist_ok=True)
        for name in PROGRAMS:
            (folder / name).unlink(missing_ok=True)
            shutil.copy2(self.program(name), folder / name)
        return folder / "packetflix"
