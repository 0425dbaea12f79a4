#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replays stored inputs through one fuzz target, in the Test Anything Protocol.

The corpus that is committed has to be there; the messages of --shared are skipped when absent.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from messages import stored_messages


def replay(program, inputs):
    """Runs the inputs; gives the remarks to print when that did not go well."""
    if not inputs:
        return ["there are no inputs"]
    stream = b"".join(len(data).to_bytes(4, "big") + data for data in inputs)
    done = subprocess.run([program], input=stream, capture_output=True)
    if done.returncode == 0 and done.stdout.decode().strip() == str(len(inputs)):
        return []
    return [f"status {done.returncode}", *done.stderr.decode(errors="replace").splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, help="a folder with .lp16.xz files")
    parser.add_argument("program")
    parser.add_argument("corpus", type=Path)
    given = parser.parse_args()

    cases = [("corpus", [path.read_bytes() for path in sorted(given.corpus.iterdir())])]
    shared = sorted(given.shared.glob("*.lp16.xz")) if given.shared else []
    cases += [(path.name, list(stored_messages(path))) for path in shared]
    failed = 0
    for number, (name, inputs) in enumerate(cases, 1):
        remarks = replay(given.program, inputs)
        failed += bool(remarks)
        print(f"{'not ok' if remarks else 'ok'} {number} - {len(inputs)} inputs of {name}")
        for remark in remarks:
            print(f"# {remark}")
    if given.shared and not shared:
        cases.append(("shared", []))
        print(f"ok {len(cases)} - shared messages # SKIP {given.shared} is not there")
    print(f"1..{len(cases)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
