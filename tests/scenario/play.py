#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plays the scenario files of a folder with several seeds and writes TAP.

A file has to pass, unless a comment in it says "; expect: VERDICT text": then it has to get that
verdict, with the text somewhere in the reason. "; options: ..." are for quince-replay. The seed
decides which server is asked first, so that every order comes up sooner or later.
"""

import argparse
import collections
import re
import subprocess
from pathlib import Path

DIRECTIVE = re.compile(r"^; (expect|options): (.*)$", re.MULTILINE)
Expectation = collections.namedtuple("Expectation", "verdict text options")


def expectation(path):
    """What the comments of a file say about how to play it."""
    directives = dict(DIRECTIVE.findall(path.read_text(encoding="utf-8")))
    verdict, _, text = directives.get("expect", "PASS").partition(" ")
    return Expectation(verdict, text, tuple(directives.get("options", "").split()))


def play(replay, options, paths):
    """Plays files; gives (verdict, reason) of each, in order, ("nothing", why) of those not played."""
    command = [replay, *options, *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    verdicts = {}
    for line in result.stdout.splitlines():
        word, _, rest = line.partition(" ")
        path, separator, reason = rest.partition(": ")
        if separator and word in ("PASS", "FAIL", "UNDEF", "SKIP"):
            verdicts[path] = (word, reason)
    missing = [str(path) for path in paths if str(path) not in verdicts]
    if missing:
        # The first is where the player ended, the others it did not get to.
        ended = f"the player ended with status {result.returncode}: {result.stderr}"
        verdicts[missing[0]] = ("nothing", ended)
    return [verdicts.get(str(path), ("nothing", "not played")) for path in paths]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replay", required=True, help="the player")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()

    files = sorted(arguments.folder.glob("*.rpl"))
    expectations = {path: expectation(path) for path in files}
    problems = collections.defaultdict(list)
    for options in sorted({expected.options for expected in expectations.values()}):
        paths = [path for path in files if expectations[path].options == options]
        for seed in range(1, arguments.seeds + 1):
            outcome = play(arguments.replay, [*options, "--seed", str(seed)], paths)
            for path, (verdict, reason) in zip(paths, outcome):
                expected = expectations[path]
                if verdict != expected.verdict or expected.text not in reason:
                    problems[path].append(f"seed {seed}: {verdict} {reason}")

    print(f"1..{len(files)}")
    for number, path in enumerate(files, 1):
        print(f"{'not ok' if problems[path] else 'ok'} {number} - {path.parent.name}/{path.stem}")
        for problem in problems[path]:
            expected = " ".join(expectations[path][:2])
            print(f"# expected {expected}; {problem}".replace("\n", "\n# "))


if __name__ == "__main__":
    main()
