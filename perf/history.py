# SPDX-License-Identifier: BSD-2-Clause
"""Results of benchmarks: printed as lines `name value unit`, and kept in perf/history.ndjson.

A line of that file is one run: {"benchmark", "time", "commit", "processor", "kernel", "versions",
"figures": {name: [value, unit]}}. Run as `history.py BENCHMARK` this reads lines `name value unit`
from standard input, prints them and keeps them.
"""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HISTORY = ROOT / "perf/history.ndjson"


def commit():
    """The commit of the tree, with `-dirty` behind it when files differ from it."""
    command = ["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(command, text=True, capture_output=True)
    return found.stdout.strip() or "unknown"


def processor():
    """Name and number of the processors, as the kernel has them."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{line.split(':', 1)[1].strip()}, {os.cpu_count()} cores"
    return platform.machine()


def record(benchmark, figures, versions=None):
    """Prints `figures` (name -> (value, unit)) and appends them to the history."""
    for name, (value, unit) in figures.items():
        print(name, value, unit, flush=True)
    run = {
        "benchmark": benchmark,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit(),
        "processor": processor(),
        "kernel": platform.release(),
        "versions": versions or {},
        "figures": {name: list(figure) for name, figure in figures.items()},
    }
    with open(HISTORY, "a") as file:
        file.write(json.dumps(run) + "\n")


def runs(benchmark):
    """The runs of one benchmark that the history has, oldest first."""
    if not HISTORY.exists():
        return []
    parsed = map(json.loads, HISTORY.read_text().splitlines())
    return [run for run in parsed if run["benchmark"] == benchmark]


def _number(text):
    return float(text) if "." in text or "e" in text else int(text)


def main(benchmark):
    figures = {}
    for line in sys.stdin:
        words = line.split()
        if len(words) != 3:
            sys.exit(f"history: not a line of name, value and unit: {line.rstrip()}")
        figures[words[0]] = (_number(words[1]), words[2])
    if not figures:
        sys.exit(f"history: {benchmark} gave no figures")
    record(benchmark, figures)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: history.py BENCHMARK <LINES")
    main(sys.argv[1])
