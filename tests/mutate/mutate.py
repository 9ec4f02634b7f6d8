#!/usr/bin/env python3
"""How much of pure code the unit tests notice: small changes, one at a time, each of which
should make a test fail.

  tests/mutate/mutate.py BUILD [-n COUNT] [-s SEED] [-j JOBS] [-p PERCENT] [FILE]...

BUILD is a build with unit tests, such as build/release; what it has of them is brought up to
date. Nothing else of the tree or the build changes: a changed source is compiled in a temporary
folder and linked there before the libraries. `pure` names the files, and the tests that are to
notice; FILE, as written there, asks for those alone. `equivalent` has the changes that change
nothing, with the reason of each. COUNT (300) of all others are tried, as many of each file, chosen
by SEED (1); a change that is tried today is tried tomorrow, whatever else is written.

Prints each survivor as `equivalent` would have it, then a table. Exit code: 0 if PERCENT (95)
of the changes were noticed; 1 if not; 2 if it could not be found out.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
CHANGES = [
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" == ", " != "), (r" != ", " == "), (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ ", " - "), (r" - ", " + "), (r"(?<=[( ])!(?=[a-z(])", ""), (r"\+\+", "--"),
    (r" \+= ", " -= "), (r"\breturn 0;", "return -1;"), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
]
# Assertions are not in a release build, and static ones would not compile.
ASSERTION = re.compile(r"\b(_Static_assert|static_assert|[a-z_]*assert|ASSERT|WT_ASSERT)\s*\(")


def fail(text):
    print(f"mutate: {text}", file=sys.stderr)
    sys.exit(2)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def code(text):
    """The text with comments, literals and directives blanked, each character at its place."""
    noise = r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*"
    return re.sub(noise, blank, text, flags=re.DOTALL | re.MULTILINE)


class Mutant:
    def __init__(self, file, text, begin, end, change):
        self.file = file
        self.text = text[:begin] + change + text[end:]
        self.line = text.count("\n", 0, begin) + 1
        self.old = text.split("\n")[self.line - 1].strip()
        self.new = self.text.split("\n")[self.line - 1].strip()
        self.key = (file, self.old, self.new)


def mutants(file):
    """All that there are of a file, in an order that depends on nothing else."""
    text = (TREE / file).read_text()
    bare = code(text)
    found = []
    for pattern, change in CHANGES:
        for match in re.finditer(pattern, bare):
            line = bare[bare.rfind("\n", 0, match.start()) + 1:bare.find("\n", match.start())]
            # What stands at the margin is no statement.
            if line[:1] in " \t" and not ASSERTION.search(line):
                found.append((match.start(), match.end(), change))
    return [Mutant(file, text, *place) for place in sorted(found)]


def read_pure():
    """FILE PROGRAM:SUITE|SUITE... a line; {file: [(program, pattern)]}, and those to be named"""
    pure, to_name = {}, set()
    for line in (HERE / "pure").read_text().splitlines():
        if line and not line.startswith("#"):
            file, *tests = line.lstrip("~").split()
            if line.startswith("~"):
                to_name.add(file)
            pure[file] = [(name, f"@({suites})") for name, suites in (each.split(":") for each in tests)]
    return pure, to_name


def read_equivalent():
    """Keys. A file's name at the margin, then "- old", "+ new" and why, indented, for each."""
    keys, file, old = set(), None, None
    for line in (HERE / "equivalent").read_text().splitlines():
        if line.startswith("- "):
            old = line[2:]
        elif line.startswith("+ "):
            keys.add((file, old, line[2:]))
        elif line and line[0] not in "# ":
            file = line
    return keys


class Tests:
    """Compiles, links and runs, in folders of their own."""

    def __init__(self, build, pure, work):
        self.build, self.pure, self.work = build, pure, work
        self.compile = {}
        for each in json.loads((build / "compile_commands.json").read_text()):
            self.compile[os.path.relpath(each["file"], TREE)] = each
        self.link = {name: self.link_command(name) for tests in pure.values() for name, _ in tests}
        self.seconds = {}

    def make(self, jobs):
        """What all changes share: the objects and libraries of the build."""
        targets = [target for _, target in self.link.values()]
        done = subprocess.run(["ninja", "-C", self.build, "-j", str(jobs), *targets],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            fail(f"{self.build} cannot be built: {done.stdout.strip()}")

    def program(self, name, output, objects):
        """Link one with these objects, which are taken before those of the libraries."""
        text, target = self.link[name]
        more = " ".join(shlex.quote(str(each)) for each in objects)
        text = text.replace(f" -o {target} ", f" -o {shlex.quote(str(output))} {more} ")
        return subprocess.run(text, shell=True, cwd=self.build, capture_output=True,
                              check=False).returncode == 0

    def link_command(self, name):
        target = f"tests/test_{name}"
        out = subprocess.run(["ninja", "-C", self.build, "-t", "commands", "-s", target],
                             capture_output=True, text=True, check=False)
        if out.returncode:
            fail(f"{self.build} has no {target}: {out.stderr.strip()}")
        command = out.stdout.strip()
        # As CMake writes them: ": && cc ... && :".
        return command.removeprefix(": && ").removesuffix(" && :"), target

    def limits(self):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def run(self, command, folder, seconds):
        """The exit code; None if it took longer."""
        environment = dict(os.environ, TMPDIR=str(folder), LC_ALL="C")
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True, preexec_fn=self.limits)
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            # Tests that still run, too.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def test(self, program, wanted, folder, seconds):
        return self.run([program, "--fail-fast", "--filter", f"{wanted}/*"], folder, seconds)

    def check(self, files, pool):
        """That nothing fails as it is, and how long it takes."""
        wanted = sorted({test for file in files for test in self.pure[file]})
        for test, seconds in zip(wanted, pool.map(self.time_of, wanted)):
            self.seconds[test] = 10 + 5 * seconds

    def time_of(self, test):
        name, wanted = test
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            program = pathlib.Path(folder) / "test"
            if not self.program(name, program, []) or self.test(program, wanted, folder, 300) != 0:
                fail(f"test_{name} --filter '{wanted}/*' fails without a change, or does not run")
        return time.monotonic() - began

    def notice(self, mutant):
        """Whether a test fails; None if it does not compile."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            return self.notice_in(mutant, pathlib.Path(folder))

    def notice_in(self, mutant, folder):
        source = folder / pathlib.Path(mutant.file).name
        source.write_text(mutant.text)
        how = self.compile[mutant.file]
        command = [word for word in shlex.split(how["command"]) if not word.endswith("ccache")]
        command[command.index("-o") + 1] = str(folder / "mutant.o")
        command[command.index("-c") + 1] = str(source)
        # One past the end of a fixed array stops the test. GCC takes the last array of a structure
        # for one of any length, unless it is told otherwise.
        bounds = "bounds" if "clang" in command[0] else "bounds-strict"
        command += ["-w", "-g0", f"-fsanitize={bounds}", "-fsanitize-undefined-trap-on-error",
                    "-iquote", str((TREE / mutant.file).parent)]
        if subprocess.run(command, cwd=how["directory"], capture_output=True, check=False).returncode:
            return None
        for name, wanted in self.pure[mutant.file]:
            if not self.program(name, folder / "test", [folder / "mutant.o"]):
                return None
            if self.test(folder / "test", wanted, folder, self.seconds[name, wanted]) != 0:
                return True
        return False


def choose(files, count, seed, equivalent):
    """As many of each file, so that a long one does not hide a short one."""
    waiting = [[each for each in mutants(file) if each.key not in equivalent] for file in files]
    for of_file in waiting:
        of_file.sort(key=lambda each: hashlib.sha256(repr((seed, each.key)).encode()).digest())
    chosen = []
    while len(chosen) < count and any(waiting):
        for of_file in waiting:
            if of_file and len(chosen) < count:
                chosen.append(of_file.pop(0))
    return chosen


def report(files, chosen, results, equivalent):
    """The table; the share that was noticed, in percent."""
    print(f"{'source':36} {'built':>8} {'killed':>8} {'survived':>8} {'equivalent':>10}")
    rows = []
    for file in files:
        noticed = [result for mutant, result in zip(chosen, results)
                   if mutant.file == file and result is not None]
        same = len([key for key in equivalent if key[0] == file])
        rows.append((len(noticed), sum(noticed), len(noticed) - sum(noticed), same))
        print(row_text(file, rows[-1]))
    built, killed, survived, same = map(sum, zip(*rows))
    print(row_text("all", (built, killed, survived, same)))
    share = 100 * killed / max(1, built)
    print(f"{killed} of {built} changes noticed, {share:.1f} %; {len(results) - built} did not compile")
    return share if built else 0


def row_text(name, row):
    return "{:36} {:8} {:8} {:8} {:10}".format(name, *row)


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("-n", dest="count", type=int, default=300)
    parser.add_argument("-s", dest="seed", type=int, default=1)
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count())
    parser.add_argument("-p", dest="percent", type=float, default=95)
    parser.add_argument("files", nargs="*")
    return parser.parse_intermixed_args()


def main():
    asked = arguments()
    (pure, to_name), equivalent = read_pure(), read_equivalent()
    files = asked.files or [file for file in pure if file not in to_name]
    for file in files:
        if file not in pure:
            fail(f"{file} is not one of those that {HERE / 'pure'} names")
    stale = equivalent - {each.key for file in pure for each in mutants(file)}
    for file, old, new in sorted(stale):
        print(f"no longer a change of {file}, take it out of equivalent:\n- {old}\n+ {new}")
    if stale:
        sys.exit(2)

    work = pathlib.Path(tempfile.mkdtemp(prefix="mutate-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    try:
        tests = Tests(asked.build.resolve(), pure, work)
        tests.make(asked.jobs)
        chosen = choose(files, asked.count, asked.seed, equivalent)
        with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
            try:
                tests.check(files, pool)
                results = []
                for mutant, noticed in zip(chosen, pool.map(tests.notice, chosen)):
                    results.append(noticed)
                    if noticed is False:
                        print(f"survives, {mutant.file}:{mutant.line}\n- {mutant.old}\n+ {mutant.new}",
                              flush=True)
            except BaseException:
                # Killed: what has not begun does not begin.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)

    sys.exit(0 if report(files, chosen, results, equivalent) >= asked.percent else 1)


main()
