#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A daemon whose build breaks a rule does not serve: it says so and ends, before all else."""

import subprocess
import sys

REFUSAL = "this build breaks a rule on purpose (id)"
CASES = [
    ("it does not start", ["-c", "/nonexistent"], 1, REFUSAL, "cannot be opened"),
    ("it does not even check", ["-c", "/nonexistent", "--check"], 1, REFUSAL, "cannot be opened"),
    ("a test may have it", ["-c", "/nonexistent", "--broken"], 1,
     "THIS BUILD BREAKS A RULE ON PURPOSE (id)", REFUSAL),
]


def main():
    print(f"1..{len(CASES)}")
    for number, (name, options, status, said, unsaid) in enumerate(CASES, 1):
        run = subprocess.run([sys.argv[1], *options], capture_output=True, text=True, check=False)
        good = run.returncode == status and said in run.stderr and unsaid not in run.stderr
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            print(f"# status {run.returncode}: {run.stderr!r}")


if __name__ == "__main__":
    main()
