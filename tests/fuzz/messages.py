#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads stored DNS messages: xz over messages that each follow their length in 2 octets.

As a program it unpacks them for libFuzzer: messages.py DIRECTORY FILE…
"""

import lzma
import sys
from pathlib import Path


def stored_messages(path):
    """The messages of one .lp16.xz file."""
    with lzma.open(path) as stream:
        while length := stream.read(2):
            message = stream.read(int.from_bytes(length, "big"))
            if len(length) != 2 or len(message) != int.from_bytes(length, "big"):
                raise ValueError(f"{path} ends in the middle of a message")
            yield message


def main():
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for path in map(Path, sys.argv[2:]):
        for number, message in enumerate(stored_messages(path)):
            (directory / f"{path.name.split('.')[0]}-{number}").write_bytes(message)


if __name__ == "__main__":
    main()
