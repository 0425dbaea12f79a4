#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plays the scenarios that were written for other resolvers, where they lie beside the project.

Writes TAP: a case for how many of each group have to pass, and one for README.md, which has to name
every file that does not, and no other. Skips, saying so, when the scenarios are not there.
"""

import argparse
import csv
import re
from pathlib import Path

from play import play

# Which files that need no DNSSEC belong to a group, and how many of it pass: it only ever grows.
GROUPS = {
    "core": (lambda row: row["tier"] == "core", 75),
    "features": (lambda row: row["tier"] == "feature"
                 and row["category"] in ("serve-stale", "local-data/acl/views/chaos"), 17),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replay", required=True, help="the player")
    parser.add_argument("--scenarios", required=True, type=Path, help="where they may lie")
    arguments = parser.parse_args()

    if not (arguments.scenarios / "index.tsv").is_file():
        print(f"1..0 # SKIP there is no {arguments.scenarios}")
        return
    with (arguments.scenarios / "index.tsv").open(encoding="utf-8", newline="") as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t") if row["kind"] == "plain"]
    readme = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(\w+/[\w.-]+\.c?rpl)`", readme))

    print(f"1..{len(GROUPS) + 1}")
    failed = set()
    for number, (group, (belongs, least)) in enumerate(GROUPS.items(), 1):
        files = [row["file"] for row in rows if belongs(row)]
        outcome = play(arguments.replay, [], [arguments.scenarios / file for file in files])
        others = [(file, *what) for file, what in zip(files, outcome) if what[0] != "PASS"]
        failed.update(file for file, *_ in others)
        passed = len(files) - len(others)
        print(f"{'ok' if passed >= least else 'not ok'} {number} - {group}: "
              f"{passed} of {len(files)} pass, {least} have to")
        for file, verdict, reason in others:
            print(f"# {verdict} {file}: {reason}")
    print(f"{'ok' if failed == explained else 'not ok'} {len(GROUPS) + 1} - "
          "README.md explains those that do not pass")
    for file in sorted(failed - explained):
        print(f"# {file} does not pass and is not explained")
    for file in sorted(explained - failed):
        print(f"# {file} is explained, but passes")


if __name__ == "__main__":
    main()
