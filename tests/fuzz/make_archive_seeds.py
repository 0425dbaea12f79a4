#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the seeds in corpus/archive anew: saved statistics as fuzz_archive.c takes them.

Run by hand when a seed is added; what it writes is committed. Length and checksum of the header are
left zero, and the first octet asks the target to make them right, but for the seeds without.
"""

import ipaddress
import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus" / "archive"
NOW = 2_000_000_000
MEASURED, DEPRIORITIZED = 1, 2


def header(written=NOW - 60, version=1, count=0):
    return b"\x89QNS\r\n\x1a\n" + struct.pack(">QIIq", 0, version, count, written)


def entry(address, flags=MEASURED, srtt=8000, age_ms=1000, silent_ms=0, timeouts=0):
    packed = ipaddress.ip_address(address)
    family = packed.version
    times = (srtt, srtt // 8, srtt + srtt // 4)
    return struct.pack(
        ">BBHIIIHBB16sII",
        family, flags, 77, *times, timeouts, 0, 200, packed.packed.ljust(16, b"\0"), age_ms, silent_ms,
    )  # fmt: skip


SEEDS = {
    "empty": b"\x01" + header(),
    "one": b"\x01" + header() + entry("192.0.2.1"),
    "both-families": b"\x01" + header() + entry("192.0.2.1") + entry("2001:db8::1", srtt=180000),
    "twice-the-same": b"\x01" + header() + entry("192.0.2.1") + entry("192.0.2.1", srtt=9000),
    "deprioritized": b"\x01"
    + header()
    + entry("192.0.2.1", MEASURED | DEPRIORITIZED, silent_ms=100000, timeouts=9),
    "never-measured": b"\x01" + header() + entry("192.0.2.1", 0, srtt=0, timeouts=1),
    "old": b"\x01" + header() + entry("192.0.2.1", age_ms=86_400_000) + entry("192.0.2.2"),
    "very-old": b"\x01" + header(written=1) + entry("192.0.2.1"),
    "ahead": b"\x01" + header(written=NOW + 301) + entry("192.0.2.1"),
    "before-time": b"\x01" + header(written=-1) + entry("192.0.2.1"),
    "too-slow": b"\x01" + header() + entry("192.0.2.1", srtt=11_000_000),
    "multicast": b"\x01" + header() + entry("ff02::1"),
    "odd-length": b"\x01" + header() + entry("192.0.2.1") + b"x",
    "more-than-room": b"\x01" + header() + b"".join(entry(f"10.0.0.{i}") for i in range(1, 180)),
    "foreign": b"\x00GIF89a",
    "other-version": b"\x00" + header(version=2),
    "short": b"\x00" + header()[:20],
    "wrong-sum": b"\x00" + header(count=1) + entry("192.0.2.1"),
}


def main():
    CORPUS.mkdir(parents=True, exist_ok=True)
    for name, seed in SEEDS.items():
        (CORPUS / name).write_bytes(seed)


if __name__ == "__main__":
    main()
