#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plays files that are cut off and garbled: each gets a verdict, none ends the player.

Writes TAP: a case for each file that is taken apart. The seed is fixed, so that what fails fails
again; the damaged files of a failing case are kept in the directory that it names.
"""

import argparse
import random
import shutil
import tempfile
from pathlib import Path

from play import play

# The files that are taken apart: between them they have every keyword of the format.
FILES = [
    "rules/joined.rpl", "rules/local-data.rpl", "rules/malformed.rpl", "verdicts/bad-octets.rpl",
    "verdicts/checked-and-answered.rpl", "verdicts/time.rpl", "verdicts/timeout-step.rpl",
]

# Pieces that mean something to the player, put where nobody expects them.
PIECES = [
    b"STEP", b"STEP 3 TIMEOUT\n", b"STEP 3 ERROR\n", b"STEP 4 TIME_PASSES EVAL ${", b"ENTRY_BEGIN\n",
    b"ENTRY_END\n", b"RANGE_BEGIN 0 9\n", b"RANGE_END\n", b"SECTION ANSWER\n", b"MATCH all TCP\n",
    b"ADJUST sleep=4000\n", b"EXTRA_PACKET\n", b"RAW\n00", b"HEX_ANSWER_BEGIN\n", b"4294967296",
    b"-1", b"\0", b"\xff", b'"', b"$TTL", b"$ORIGIN .", b". IN NS .\n", b"TEMPFILE_CONTENTS\n",
    b"forward-zone:\n\tname: .\n\tforward-addr: 192.0.2.1@1\n", b"REPLY QR TC AA NXDOMAIN\n",
]


def garble(text, rng):
    """A copy of `text` with something wrong at up to eight places."""
    text = bytearray(text)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.randint(1, 80))
        what = rng.randrange(4)
        if what == 0:
            text[at:end] = b""
        elif what == 1:
            text[at:at] = text[at:end]
        elif what == 2:
            text[at:at] = rng.choice(PIECES)
        elif at < len(text):
            text[at] = rng.randrange(256)
    return bytes(text)


def damaged_copies(path, count, rng):
    """The file cut off at every line, and as many garbled ones as asked for."""
    text = path.read_bytes()
    lines = text.splitlines(keepends=True)
    yield from (b"".join(lines[:length]) for length in range(len(lines)))
    yield from (garble(text, rng) for _ in range(count))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replay", required=True, help="the player")
    parser.add_argument("--count", type=int, default=100, help="garbled copies of each file")
    parser.add_argument("folder", type=Path, help="where FILES are")
    arguments = parser.parse_args()

    print(f"1..{len(FILES)}")
    for number, path in enumerate((arguments.folder / name for name in FILES), 1):
        rng = random.Random(path.name)
        directory = Path(tempfile.mkdtemp(prefix="quince-damaged-"))
        copies = []
        for index, text in enumerate(damaged_copies(path, arguments.count, rng)):
            copies.append(directory / f"{index}.rpl")
            copies[-1].write_bytes(text)
        ended = [(copy, reason) for copy, (verdict, reason)
                 in zip(copies, play(arguments.replay, [], copies)) if verdict == "nothing"]
        print(f"{'not ok' if ended else 'ok'} {number} - {path.parent.name}/{path.stem}, "
              f"{len(copies)} damaged copies")
        if ended:
            print(f"# {ended[0][0]}: {ended[0][1]}".replace("\n", "\n# "))
        else:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
