#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the seeds in corpus/stream anew: what clients send, as fuzz_stream.c takes it.

Run by hand when a seed is added; what it writes is committed.
"""

import struct
from pathlib import Path

import dns.edns
import dns.message

CORPUS = Path(__file__).parent / "corpus" / "stream"
WHOLE, OCTETWISE, ENCRYPTED = 0xFE, 0x00, 0xFF
KEEPALIVE, PADDING, COOKIE = 11, 12, 10


def query(name, rdtype="A", options=(), **more):
    made = dns.message.make_query(name, rdtype, use_edns=0, payload=1232, **more)
    made.id = 0x1234
    made.use_edns(0, payload=1232, options=[dns.edns.GenericOption(*o) for o in options])
    return made.to_wire()


def stream(*messages, how=WHOLE):
    return bytes([how]) + b"".join(struct.pack("!H", len(m)) + m for m in messages)


PLAIN = query("www.example.com.")
SEEDS = {
    "one": stream(PLAIN),
    "octetwise": stream(PLAIN, PLAIN, how=OCTETWISE),
    "any": stream(query("www.example.com.", "ANY")),
    "chaos": stream(query("id.server.", "TXT", rdclass="CH")),
    "transfer": stream(query("example.com.", "AXFR")),
    "keepalive": stream(query("www.example.com.", "ANY", [(KEEPALIVE, b"")])),
    "padding": stream(query("example.com.", "ANY", [(PADDING, bytes(70))]), how=ENCRYPTED),
    "cookie": stream(query("example.com.", "ANY", [(COOKIE, bytes(range(8)))])),
    "many": stream(*[query(f"h{i}.example.com.") for i in range(12)]),
    "empty": stream(b"", PLAIN),
    "runt": stream(PLAIN[:11], PLAIN),
    "cut": stream(PLAIN)[:-5],
    "too-long": stream(PLAIN) + b"\xff\xff" + PLAIN,
    "response": stream(PLAIN[:2] + b"\x81" + PLAIN[3:], PLAIN),
}

CORPUS.mkdir(exist_ok=True)
for name, octets in SEEDS.items():
    (CORPUS / name).write_bytes(octets)
