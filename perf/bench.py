# SPDX-License-Identifier: BSD-2-Clause
"""Runs the benchmarks of one process and keeps their figures: bench.py BUILD (`make bench`).

Instructions are counted by callgrind inside the worker's burst alone, so they are the same in
every run; cycles and times depend on what else the machine does.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import history

PROGRAMS = ["bench_hit", "bench_scale", "bench_miss"]
COUNTED = ["valgrind", "--tool=callgrind", "--toggle-collect=worker_burst*"]


def figures_of(output):
    """The lines `name value unit` of a program."""
    words = (line.split() for line in output.splitlines())
    return {name: (float(value), unit) for name, value, unit in words}


def run(program):
    """Figures of a benchmark, which says on standard error why it has none."""
    done = subprocess.run([program], text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"bench: {program} ended with status {done.returncode}")
    return figures_of(done.stdout)


def instructions(program):
    """Instructions of a hit; nothing without valgrind."""
    with tempfile.TemporaryDirectory() as directory:
        command = [*COUNTED, f"--callgrind-out-file={directory}/out", program, "--count"]
        try:
            done = subprocess.run(command, text=True, capture_output=True)
        except FileNotFoundError:
            return {}
    if done.returncode != 0:
        sys.exit(f"bench: callgrind: {done.stderr}")
    queries, _ = figures_of(done.stdout)["hit.queries"]
    collected = int(re.search(r"Collected : (\d+)", done.stderr)[1])
    return {"hit.instructions_per_query.hot1k": (round(collected / queries), "instructions")}


def main(build):
    figures = {}
    for name in PROGRAMS:
        figures |= run(Path(build) / "perf" / name)
    figures |= instructions(Path(build) / "perf/bench_hit")
    history.record("in-process", figures)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: bench.py BUILD")
    main(sys.argv[1])
