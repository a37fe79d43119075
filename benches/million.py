#!/usr/bin/env python3
"""Measures talkform with a million users, and the bare work beside it.

    python3 benches/million.py                      everything; takes some minutes, 16 GB of memory, 6 GB of disk
    python3 benches/million.py --scale 0.01         everything, a hundred times smaller
    python3 benches/million.py --only cold --only no-op
    python3 benches/million.py FOLDER --keep         projects are created in FOLDER and kept

Needs bash, findutils, coreutils, cargo, and Python's standard library. Builds talkform and the bench `million`,
creates projects, runs each command once to warm the caches, then measures: the commands of one case take turns,
and the table has the median of each number. It uses loopback only.
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNIT = 1 if sys.platform == "darwin" else 1024


def environment():
    """This process's environment without the variables that configure talkform or make it report to a CI."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TALKFORM_", "GITHUB_"))
    }
    return kept | {"TALKFORM_ACCESS_KEY": "measure", "TALKFORM_ACCESS_SECRET": "measure"}


def build():
    """Builds talkform and the bench `million`; returns their paths."""
    found = {}
    for what in (["build", "--release", "--bin", "talkform"], ["bench", "--no-run", "--bench", "million"]):
        command = ["cargo", *what, "--locked", "--message-format=json-render-diagnostics"]
        lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
        for message in map(json.loads, lines.splitlines()):
            if message.get("executable"):
                found[message["target"]["name"]] = message["executable"]
    return found["talkform"], found["million"]


class Run:
    """One finished process: its wall and processor time, its peak memory in bytes, and the time it reports itself."""

    def __init__(self, command, expect=None, statuses=(0,)):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as talk:
            begin = time.perf_counter()
            child = subprocess.Popen(command, stdout=out, stderr=talk, stdin=subprocess.DEVNULL, env=environment())
            _, status, usage = os.wait4(child.pid, 0)
            self.wall = time.perf_counter() - begin
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            talk.seek(0)
            self.text = out.read().decode()
            if child.returncode not in statuses or (expect and expect not in self.text):
                sys.exit(f"{command}: status {child.returncode}, {self.text[-2000:]} {talk.read().decode()[-2000:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        # A child's peak is never below the memory of this program when it started the child.
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
        self.memory = usage.ru_maxrss * UNIT
        self.memory_is_bound = self.memory <= own * 1.05
        self.elapsed = None
        if self.text.startswith("{"):
            self.elapsed = json.loads(self.text)["elapsedSeconds"]
        elif self.text.endswith(" seconds\n"):
            self.elapsed = float(self.text.split()[0])


class Command:
    """A command that is measured in turn with the other commands of its case."""

    def __init__(self, command, prepare=None, expect=None, statuses=(0,)):
        self.command, self.prepare = [str(part) for part in command], prepare
        self.expect, self.statuses = expect, statuses
        self.runs = []

    def run(self, counts=True):
        if self.prepare:
            self.prepare()
        run = Run(self.command, self.expect, self.statuses)
        if counts:
            self.runs.append(run)

    def median(self, name):
        return statistics.median(getattr(run, name) for run in self.runs)

    def peak(self):
        bound = "≤ " if any(run.memory_is_bound for run in self.runs) else ""
        return f"{bound}{self.median('memory') / 1e6:,.0f} MB"


def seconds(number):
    return f"{number * 1000:.1f} ms" if number < 1 else f"{number:.2f} s"


class Bench:
    """Creates projects, measures cases, and collects the rows of the table."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.talkform, self.million = build()
        self.rows, self.sandboxes = [], {}

    # Projects

    def count(self, number, least=1):
        return max(least, round(number * self.options.scale))

    def project(self, name, users, files, form="yaml", recorded=True):
        """Creates a project; if `recorded`, every user in it is applied already."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.say(f"creating {name}: {users:,} users in {files:,} files")
        shape = ["--users", users, "--files", files, "--format", form]
        self.tool("generate", folder, *shape)
        if recorded:
            self.tool("record", folder)
        return folder

    def tool(self, *arguments):
        subprocess.run([self.million, *map(str, arguments)], stdout=subprocess.DEVNULL, check=True)

    def drop(self, folder):
        if not self.options.keep:
            shutil.rmtree(folder)

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    # Cases

    def wants(self, *names):
        return not self.options.only or any(name in self.options.only for name in names)

    def measure(self, name, *commands):
        self.say(f"measuring {name}")
        for command in commands:
            command.run(counts=False)
        for _ in range(self.options.runs):
            for command in commands:
                command.run()

    def row(self, case, measured, floor=None, word="", by="wall"):
        """Adds a line to the table; `by` names the time that is compared with the floor."""
        cells = [case, seconds(measured.median(by)), seconds(measured.median("cpu")), measured.peak()]
        if floor:
            other = floor.median(by)
            cells += [f"{word} {seconds(other)}", f"{measured.median(by) / other:.2f}"]
        else:
            cells += ["", ""]
        self.rows.append(cells)

    def plan(self, folder, *flags, expect="No changes."):
        return Command([self.talkform, "-C", folder, "plan", *flags], expect=expect)

    def sums(self, folder):
        line = 'find "$0/users" -type f -print0 | xargs -0 -P2 -n 64 sha256sum > /dev/null'
        return Command(["bash", "-c", line, folder])

    def floor(self, kind, folder):
        return Command([self.million, f"floor-{kind}", folder], expect=" users")

    def no_op(self, name, folder, what):
        if self.wants(name):
            plan, sums = self.plan(folder), self.sums(folder)
            self.measure(name, plan, sums)
            self.row(f"no-op plan, {what}", plan, sums, "sha256sum")

    def cold(self, name, folder, what):
        if self.wants(name):
            plan, floor = self.plan(folder, "--no-shortcut"), self.floor("yaml", folder)
            self.measure(name, plan, floor)
            self.row(f"cold plan, {what}", plan, floor, "serde_yaml")

    # The sandbox

    def url(self, milliseconds=0):
        """The address of a sandbox in another process. It has no rate limit, and takes this long for each response."""
        if milliseconds not in self.sandboxes:
            command = [self.talkform, "sandbox", "--listen", "127.0.0.1:0", "--per-second", "1000000", "--burst", "1000000"]
            if milliseconds:
                command += ["--fault", f"slow={milliseconds}ms"]
            sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment())
            self.sandboxes[milliseconds] = sandbox, sandbox.stdout.readline().strip()
        return self.sandboxes[milliseconds][1]

    def apply(self, folder, changes, kind, recorded=None, parallelism=8, milliseconds=0):
        """An apply from the recorded state, or from none."""
        file = folder / "talkform.yaml"
        lines = file.read_text().splitlines()
        lines = [f"  baseUrl: {self.url(milliseconds)}" if "baseUrl" in line else line for line in lines]
        file.write_text("\n".join(lines) + "\n")
        state = folder / "talkform.state.json"
        if recorded:
            # The state was recorded before the sandbox had its address.
            shutil.copyfile(recorded, state)
            retarget = [self.talkform, "-C", folder, "state", "retarget"]
            subprocess.run(retarget, stdout=subprocess.DEVNULL, env=environment(), check=True)
            state.replace(recorded)

        def prepare():
            state.unlink(missing_ok=True)
            if recorded:
                shutil.copyfile(recorded, state)
                os.sync()

        command = [self.talkform, "-C", folder, "apply", "--auto-approve", "--format", "json", "--parallelism", parallelism]
        # 3: the sandbox does not have the recorded users, so it shows no opt-out of those that are sent.
        return Command(command, prepare, f'"{kind}": {changes},', (0, 3) if recorded else (0,))

    # Everything

    def all(self):
        users, files = self.count(1_000_000), self.count(10_000, least=2)
        many = f"{users:,} users, {files:,} files"
        names = ["no-op", "cold", "validate", "first", "first-apply", "changed", "json-lines", "apply-state"]
        if self.wants(*names):
            self.ten_thousand_files(users, files, many)
        self.other_shapes()
        if self.wants("apply-requests"):
            self.requests()
        if self.wants("version"):
            version = Command([self.talkform, "--version"], expect="talkform")
            self.measure("version", version)
            self.row("`talkform --version`", version)

    def ten_thousand_files(self, users, files, many):
        folder = self.project("ten-thousand-files", users, files)
        self.no_op("no-op", folder, many)
        self.cold("cold", folder, many)
        if self.wants("json-lines"):
            lines = self.project("json-lines", users, self.count(10, least=2), "jsonl")
            plan, yaml = (self.plan(where, "--no-shortcut") for where in (lines, folder))
            floor = self.floor("json", lines)
            self.measure("json-lines", plan, yaml, floor)
            what = f"{users:,} users, {self.count(10, least=2)} JSON Lines files"
            self.row(f"cold plan, {what}", plan, floor, "serde_json")
            self.row(f"cold plan, {what}", plan, yaml, "the same users as YAML")
            self.drop(lines)
        state = folder / "talkform.state.json"
        recorded = folder / "recorded.state.json"
        if self.wants("validate"):
            validate, floor = Command([self.talkform, "-C", folder, "validate"]), self.floor("yaml", folder)
            self.measure("validate", validate, floor)
            self.row(f"validate, {many}", validate, floor, "serde_yaml")
        if self.wants("first"):
            state.rename(recorded)
            plan, floor = self.plan(folder, expect=f"Plan: {users} to create"), self.floor("yaml", folder)
            self.measure("first", plan, floor)
            self.row(f"first plan, no state, {many}", plan, floor, "serde_yaml")
            recorded.rename(state)
        if self.wants("changed"):
            changed = min(files, self.count(100))
            self.tool("touch", folder, "--files", changed)
            plan, sums = self.plan(folder, expect=f"Plan: {changed} to update"), self.sums(folder)
            self.measure("changed", plan, sums)
            self.row(f"plan, {changed} files changed, {many}", plan, sums, "sha256sum")
        if self.wants("apply-state"):
            self.apply_state(folder, users, files)
        if self.wants("first-apply"):
            apply = self.apply(folder, users, "created", parallelism=64)
            self.say("measuring first-apply, once")
            apply.run()
            self.row(f"first apply, 64 at once, {many}", apply)
        self.drop(folder)

    def apply_state(self, large, users, files):
        # The seed is that of `changed`: the same files come first, and the same users in them.
        changes = min(files, self.count(1000))
        small = self.project("as-many-as-change", changes, changes)
        commands = []
        for folder in (large, small):
            self.tool("touch", folder, "--files", changes)
            recorded = folder / "recorded.state.json"
            (folder / "talkform.state.json").rename(recorded)
            commands.append(self.apply(folder, changes, "updated", recorded))
        self.measure("apply-state", *commands)
        case = f"apply of {changes:,} changes, {users:,} recorded"
        word = f"{changes:,} recorded"
        self.row(f"{case}, as it reports", *commands, word, by="elapsed")
        self.row(f"{case}, wall", *commands, word)
        self.drop(small)

    def other_shapes(self):
        part, whole = self.count(100_000), self.count(1_000_000)
        shapes = [
            ("one-file", part, 1, "one file"),
            ("single-users", part, part, "a file each"),
            ("thousand-files", whole, self.count(1000, least=2), f"{self.count(1000, least=2):,} files"),
        ]
        for name, users, files, word in shapes:
            if self.wants(name, f"{name}-cold"):
                folder = self.project(name, users, files)
                self.no_op(name, folder, f"{users:,} users, {word}")
                self.cold(f"{name}-cold", folder, f"{users:,} users, {word}")
                self.drop(folder)

    def requests(self):
        users = self.count(10_000)
        folder = self.project("requests", users, min(users, 100), recorded=False)
        for parallelism, milliseconds in ((8, 0), (64, 0), (8, 10), (64, 10)):
            apply = self.apply(folder, users, "created", parallelism=parallelism, milliseconds=milliseconds)
            floor = [self.million, "floor-requests", self.url(milliseconds), users, parallelism]
            floor = Command(floor, expect=" seconds")
            case = f"apply of {users:,} users, {parallelism} at once"
            if milliseconds:
                case += f", {milliseconds} ms a response"
            self.measure(case, apply, floor)
            self.row(f"{case}, as it reports", apply, floor, "bare requests", by="elapsed")
            self.row(f"{case}, wall", apply, floor, "bare requests")
        self.drop(folder)

    def close(self):
        for sandbox, _ in self.sandboxes.values():
            sandbox.terminate()
            sandbox.wait()


def machine():
    """Describes the machine without naming it."""
    model = "unknown processor"
    total = "unknown"
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
        kilobytes = pathlib.Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0]
        total = f"{int(kilobytes) * 1024 / 1e9:.0f} GB"
    except (OSError, IndexError):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {model}, {total} of memory, {platform.system()} {platform.release()}"


def table(rows):
    head = ["case", "wall", "cpu", "peak memory", "floor", "ratio"]
    print("| " + " | ".join(head) + " |")
    print("|---|---:|---:|---:|---|---:|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, help="the folder for the projects; a temporary one by default")
    parser.add_argument("--runs", type=int, default=5, help="the number of runs of which the median is taken")
    parser.add_argument("--scale", type=float, default=1.0, help="the share of a million users; 0.01 for a quick try")
    parser.add_argument("--only", action="append", metavar="CASE", help=(
        "no-op, cold, validate, first, changed, json-lines, apply-state, first-apply, one-file, one-file-cold, single-users, "
        "single-users-cold, thousand-files, thousand-files-cold, apply-requests or version; may be repeated"))
    parser.add_argument("--keep", action="store_true", help="keep the projects in the folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="talkform-million-") as temporary:
        bench = Bench(options, options.folder or pathlib.Path(temporary))
        try:
            bench.all()
        finally:
            bench.close()
    print(f"Medians of {options.runs} runs; {machine()}.\n")
    table(bench.rows)


if __name__ == "__main__":
    main()
