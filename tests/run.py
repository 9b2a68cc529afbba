#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the test suites one after the other, goes on after failures, and counts single tests."""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import tools  # noqa: E402
from builds import REPO, Build  # noqa: E402
from checks import checks  # noqa: E402
from checks.style import Analysis  # noqa: E402

PROGRAM_TIMEOUT_S = 180
IMAGE_TIMEOUT_S = 1800
FUZZ_FRESH_S = 6
# These start a sandboxed program, in which the leak detector cannot work.
WITHOUT_LEAK_DETECTOR = ("test_discover_run",)
ALONE = REPO / "tests" / "support" / "alone"
PROCESS_EVENTS = "process_events"  # the pytest marker of tests that need the initial PID namespace
# What of the end-to-end suite runs on programs with sanitizers: what brings bytes of others into them.
SANITIZED_E2E = ("test_capture_params.py", "test_filters.py", "test_front_door.py", "test_handshake.py", "test_http_conformance.py",
                 "test_http_stream.py", "test_many_targets.py",
                 "test_proxy.py", "test_proxy_secure.py", "test_safety.py", "test_stream.py", "test_targets.py")


class Tally:
    """What was counted, and the words of what failed."""

    def __init__(self):
        self.passed, self.failed, self.skipped = [], [], []

    def add(self, outcome, name, words=""):
        getattr(self, outcome).append(name)
        if outcome != "passed":
            print(f"{outcome.upper()}: {name}")
            if words:
                print("    " + words.rstrip().replace("\n", "\n    "))
        sys.stdout.flush()

    def merge(self, other):
        for outcome in ("passed", "failed", "skipped"):
            getattr(self, outcome).extend(getattr(other, outcome))

    def line(self):
        return f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


def run(command, timeout, **options):
    """Run to the end in a process group of its own, which is killed after TIMEOUT seconds or when we are interrupted.
    Returns the exit status (negative: a signal, None: too slow) and the output."""
    environment = {**os.environ, **options.pop("env", {})}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True, env=environment, text=True, errors="replace", **options)
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0] + f"\nstopped after {timeout} s"
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


def run_cmocka(tally, suite, program, env):
    """A test that began and has no result, and a program that fails without a failed test, count as failures."""
    status, output = run([str(program)], PROGRAM_TIMEOUT_S, cwd=REPO, env={"CMOCKA_MESSAGE_OUTPUT": "STDOUT", **env})
    name = f"{suite}/{program.name.removeprefix('test_')}"
    running, since, failures, count = None, 0, 0, 0
    lines = output.splitlines()
    for number, line in enumerate(lines):
        match = re.match(r"\[ +(RUN|OK|FAILED|SKIPPED) +\] (\w+)$", line)
        if not match:
            continue
        what, test = match.groups()
        if what == "RUN":
            running, since = test, number + 1
        elif test == running:
            outcome = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[what]
            failures += outcome == "failed"
            count += 1
            tally.add(outcome, f"{name}: {test}", "\n".join(lines[since:number][-60:]) if outcome == "failed" else "")
            running = None
    if running or count == 0 or (status != 0 and failures == 0):
        words = "\n".join(lines[since:][-60:]) + f"\nexit status {status}"
        tally.add("failed", f"{name}: {running or 'the program'}", words)


def run_cmocka_folder(tally, suite, build, folder):
    programs = build.programs(folder, "test_")
    environment = {"PACKETFLIX_DISCOVER": str(build.program("packetflix-discover"))}
    for program in programs:
        leaks = {} if program.name in WITHOUT_LEAK_DETECTOR else {"ASAN_OPTIONS": "detect_leaks=1"}
        run_cmocka(tally, suite, program, {**environment, **leaks})


def needs_engine(path):
    """Does a test file start containers? Its tests say so in what they take."""
    return bool(re.search(r"^ *def .*\b(engine|container|podman|containerd)\b", path.read_text(), re.MULTILINE))


def start_pytest(report, arguments, env, is_alone):
    report.unlink(missing_ok=True)
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments]
    if is_alone:
        command.insert(0, str(ALONE))
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=open(report.with_suffix(".log"), "wb"), start_new_session=True,
                            stderr=subprocess.STDOUT, cwd=REPO, env={**os.environ, **(env or {})})


def count_pytest(tally, suite, report, status):
    print(report.with_suffix(".log").read_text(errors="replace").rstrip(), flush=True)
    if not report.exists():
        tally.add("failed", f"{suite}: pytest ended with status {status}")
        return
    failures = 0
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        failures += outcome == "failed"
        tally.add(outcome, f"{suite}/{case.get('classname', '').rpartition('.')[2]}: {case.get('name')}")
    if status != 0 and failures == 0:
        tally.add("failed", f"{suite}: pytest ended with status {status}")


def run_pytest(tally, suite, files, arguments=(), env=None):
    """Two at a time: tests with container engines mostly wait for them, the others mostly compute. Both run in
    namespaces of their own. Tests of process events follow, because the kernel sends these events only to the
    initial PID namespace."""
    (REPO / "out").mkdir(exist_ok=True)
    lanes = [[f for f in files if needs_engine(f)], [f for f in files if not needs_engine(f)]]
    of_events = [f for f in files if PROCESS_EVENTS in f.read_text()]
    rounds = [[(lane, f"not {PROCESS_EVENTS}", True) for lane in lanes if lane]]
    if of_events:
        rounds.append([(of_events, PROCESS_EVENTS, False)])
    number = 0
    for lanes in rounds:
        running = []
        try:
            for lane, marker, is_alone in lanes:
                report, number = REPO / "out" / f"{suite}-{number}.xml", number + 1
                words = [*map(str, lane), "-m", marker, *arguments]
                running.append((report, start_pytest(report, words, env, is_alone)))
            for report, process in running:
                count_pytest(tally, suite, report, process.wait())
        except BaseException:
            for _, process in running:
                os.killpg(process.pid, signal.SIGINT)
            for _, process in running:
                process.wait()
            raise


def run_fuzz_target(program):
    """Replay the corpus, then look for new inputs for a few seconds."""
    tally, name = Tally(), program.name.removeprefix("fuzz_")
    corpus = REPO / "tests" / "fuzz" / "corpus" / name
    fresh = program.parent / f"fresh-{name}"
    fresh.mkdir(exist_ok=True)
    common = ["nice", str(program), "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={fresh.parent}/crash-{name}-"]
    if not corpus.is_dir() or not any(corpus.iterdir()):
        tally.add("failed", f"fuzz: {name}", f"{corpus} holds no inputs")
        return tally
    environment = {"ASAN_OPTIONS": "detect_leaks=1"}
    status, output = run([*common, "-runs=0", str(corpus)], PROGRAM_TIMEOUT_S, env=environment)
    if status == 0:
        status, output = run([*common, f"-max_total_time={FUZZ_FRESH_S}", str(fresh), str(corpus)], PROGRAM_TIMEOUT_S,
                             env=environment)
    words = f"{output[-4000:]}\nexit status {status}"
    tally.add("passed" if status == 0 else "failed", f"fuzz: {name}", "" if status == 0 else words)
    return tally


def suite_checks(tally):
    for name, check in checks():
        try:
            check()
            tally.add("passed", f"checks: {name}")
        except AssertionError as found:
            tally.add("failed", f"checks: {name}", str(found))


def suite_unit(tally):
    run_cmocka_folder(tally, "unit", Build("tests"), "tests/unit")


def suite_sandbox(tally):
    run_cmocka_folder(tally, "sandbox", Build("tests"), "tests/sandbox")


def suite_netns(tally):
    run_cmocka_folder(tally, "netns", Build("tests"), "tests/netns")


def suite_fuzz(tally):
    programs = Build("sanitize").programs("tests/fuzz", "fuzz_")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for result in pool.map(run_fuzz_target, programs):
            tally.merge(result)


def suite_sanitizers(tally):
    build = Build("sanitize")
    run_cmocka_folder(tally, "sanitizers", build, "tests/unit")
    program = build.install_programs()
    files = [REPO / "tests" / "e2e" / name for name in SANITIZED_E2E]
    run_pytest(tally, "sanitizers", files, ["-p", "sanitized"],
               {"PACKETFLIX_BIN": str(program), "PYTHONPATH": str(REPO / "tests" / "support")})


def suite_e2e(tally):
    try:
        tools.schemathesis()
    except AssertionError as missing:
        tally.add("failed", "e2e: test tools from PyPI", str(missing))
    run_pytest(tally, "e2e", sorted((REPO / "tests" / "e2e").glob("test_*.py")))


def suite_image(tally):
    """The image is made first; that takes minutes where its libraries are not there yet."""
    status, output = run([str(REPO / "build"), "--image"], IMAGE_TIMEOUT_S, cwd=REPO)
    if status != 0:
        tally.add("failed", "image: ./build --image", output[-4000:])
        return
    run_pytest(tally, "image", sorted((REPO / "tests" / "image").glob("test_*.py")))


SUITES = {
    "checks": (suite_checks, "the source tree and the executables against our rules"),
    "unit": (suite_unit, "one module each (cmocka)"),
    "sandbox": (suite_sandbox, "each role tries, from inside, what it must not be able to do"),
    "netns": (suite_netns, "against the running kernel, in namespaces made for it"),
    "fuzz": (suite_fuzz, f"every corpus, then {FUZZ_FRESH_S} fresh seconds of each target"),
    "sanitizers": (suite_sanitizers, "unit tests and part of e2e with AddressSanitizer and UBSan"),
    "e2e": (suite_e2e, "the real programs, judged from outside"),
    "image": (suite_image, "the container image, in container engines and with compose"),
    "analysis": (None, "clang-tidy, in the background of the others behind checks"),
}


def run_suite(name, tally, analysis):
    if name != "analysis":
        SUITES[name][0](tally)
        return
    try:
        analysis.check()
        tally.add("passed", "analysis: clang-tidy finds nothing")
    except AssertionError as found:
        tally.add("failed", "analysis: clang-tidy finds nothing", str(found))


def parse(argv):
    lines = "\n".join(f"  {name:<11} {words}" for name, (_, words) in SUITES.items())
    parser = argparse.ArgumentParser(prog="./test", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Run test suites and count the tests.", epilog=f"suites:\n{lines}")
    parser.add_argument("suite", nargs="*", help="names of suites to run (all)")
    chosen = parser.parse_args(argv).suite
    unknown = [name for name in chosen if name not in SUITES]
    if unknown:
        parser.error(f"no such suite: {', '.join(unknown)}")
    return [name for name in SUITES if name in chosen or not chosen]


def interrupted(*_):
    raise KeyboardInterrupt


def main(argv):
    names = parse(argv)
    signal.signal(signal.SIGTERM, interrupted)
    total, lines, analysis = Tally(), [], None
    for name in names:
        started, tally = time.monotonic(), Tally()
        print(f"== {name}", flush=True)
        try:
            if "analysis" in names and not analysis and name != "checks":
                analysis = Analysis()
            run_suite(name, tally, analysis)
        except KeyboardInterrupt:
            tally.add("failed", f"{name}: interrupted")
        except Exception as error:  # the other suites still run
            tally.add("failed", f"{name}: {type(error).__name__}: {error}")
        total.merge(tally)
        lines.append(f"{name:<11} {tally.line()} ({time.monotonic() - started:.0f} s)")
        print(lines[-1], flush=True)
        if tally.failed and tally.failed[-1].endswith(": interrupted"):
            break
    if analysis:
        analysis.stop()
    print("\n== summary", *lines, *(f"failed: {name}" for name in total.failed),
          *(f"skipped: {name}" for name in total.skipped), sep="\n")
    print(total.line(), flush=True)
    nothing_may_be_skipped = bool(os.environ.get("CI")) and total.skipped
    return 1 if total.failed or not total.passed or nothing_may_be_skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
