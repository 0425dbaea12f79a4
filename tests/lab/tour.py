#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asks the node of a lab a few questions over the wire and says whether the answers are right.

Right means: what the authorities say when asked themselves. Exits 0 if every answer is.
QN_LAB names the lab, as for scripts/lab.
"""

import os
import sys
import time

import dns.rcode

from lab import NODE_V4, NODE_V6, Lab, differences

QUESTIONS = [
    ("An A through a glueless delegation", "www.glueless.com.", "A", NODE_V4),
    ("An AAAA", "www.example.com.", "AAAA", NODE_V4),
    ("A chain of three CNAMEs through three zones", "alias.example.com.", "A", NODE_V4),
    ("A name that does not exist", "nope.example.com.", "A", NODE_V4),
    ("A name that only a wildcard answers", "anything.wild.example.com.", "A", NODE_V4),
    ("Asked over IPv6, from a zone served over IPv6 only", "www.v6only.net.", "AAAA", NODE_V6),
]


def ask(lab, title, name, rdtype, server):
    """Asks one question, prints what came of it, and returns whether the answer is right."""
    print(f"\n{title}\n  asked     {name} {rdtype} at {server}")
    begin = time.monotonic()
    try:
        reply = lab.ask(name, rdtype, server)
    except AssertionError as error:
        print(f"  WRONG     {error}")
        return False
    took_ms = (time.monotonic() - begin) * 1e3
    print(f"  answered  {dns.rcode.to_text(reply.rcode())} in {took_ms:.1f} ms")
    for rrset in reply.answer or reply.authority:
        for line in rrset.to_text().splitlines():
            print(f"            {line}")
    wrong = differences(reply, lab.truth(name, rdtype))
    for sentence in wrong:
        print(f"  WRONG     {sentence}")
    if not wrong:
        print("  right     the authorities say the same")
    return not wrong


def main():
    lab = Lab(os.environ.get("QN_LAB", ""))
    right = [ask(lab, *question) for question in QUESTIONS]
    print(f"\n{sum(right)} of {len(right)} answers are right.")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
