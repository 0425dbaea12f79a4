#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the seeds in corpus/message, corpus/name and corpus/rdata anew.

Run by hand when a seed is added; what it writes is committed. Seeds are named after what they
show, so that a fuzzer starts from one of each form of valid input and a few broken ones.
"""

import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

TYPES = {
    "A": 1, "NS": 2, "MD": 3, "CNAME": 5, "SOA": 6, "MB": 7, "PTR": 12, "HINFO": 13, "MINFO": 14,
    "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18, "RT": 21, "SIG": 24, "PX": 26, "AAAA": 28,
    "NXT": 30, "SRV": 33, "NAPTR": 35, "KX": 36, "DNAME": 39, "OPT": 41, "DS": 43, "RRSIG": 46,
    "NSEC": 47, "DNSKEY": 48, "NSEC3": 50, "SVCB": 64, "HTTPS": 65, "TSIG": 250, "CAA": 257,
}  # fmt: skip
IN, CH, NONE, ANY = 1, 3, 254, 255
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080


def string(text):
    return bytes([len(text)]) + text


def name(text):
    """A name in full; octets beyond ASCII stand for themselves."""
    labels = text.rstrip(".").split(".") if text != "." else []
    return b"".join(string(label.encode("latin-1")) for label in labels) + b"\0"


def pointer(offset, *labels):
    return b"".join(map(string, labels)) + struct.pack(">H", 0xC000 | offset)


def question(owner, rtype="A", rclass=IN):
    return owner + struct.pack(">HH", TYPES.get(rtype, rtype), rclass)


def record(owner, rtype, rdata, ttl=300, rclass=IN):
    return owner + struct.pack(">HHIH", TYPES.get(rtype, rtype), rclass, ttl, len(rdata)) + rdata


def opt(size=1232, ttl=0x8000, options=()):
    rdata = b"".join(struct.pack(">HH", code, len(data)) + data for code, data in options)
    return record(b"\0", "OPT", rdata, ttl, size)


def message(flags, *sections, questions=(), ident=0x1234):
    """Header and sections: up to three lists of records."""
    counts = [len(questions)] + [len(section) for section in sections] + [0] * (3 - len(sections))
    return (
        struct.pack(">6H", ident, flags, *counts)
        + b"".join(questions)
        + b"".join(part for section in sections for part in section)
    )


QNAME = name("www.example.com")  # At offset 12; example.com at 16, com at 24.
Q = question(QNAME)
AT_QNAME, AT_EXAMPLE, AT_COM = pointer(12), pointer(16), pointer(24)
SOA_NUMBERS = struct.pack(">5I", 2026112100, 7200, 3600, 1209600, 300)
NAPTR_HEAD = struct.pack(">2H", 100, 50) + string(b"s") + string(b"SIP+D2U") + string(b"")
SIG_HEAD = struct.pack(">HBBIIIH", 1, 8, 3, 300, 0x6A000000, 0x69000000, 20326)

# One rdata of each form, with names in full.
FULL = {
    "A": b"\xc0\x00\x02\x01",
    "AAAA": bytes.fromhex("20010db8000000000000000000000001"),
    "NS": name("ns1.example.com"),
    "MD": name("md.example.com"),
    "CNAME": name("WWW.Example.ORG"),
    "SOA": name("ns1.example.com") + name("hostmaster.example.com") + SOA_NUMBERS,
    "MB": name("mb.example.com"),
    "PTR": name("host.example.com"),
    "HINFO": string(b"RFC8482") + string(b""),
    "MINFO": name("r.example.com") + name("e.example.com"),
    "MX": b"\x00\x0a" + name("mail.example.com"),
    "TXT": string(b"v=spf1 -all") + string(b"") + string(bytes(range(32))),
    "RP": name("admin.example.com") + name("."),
    "AFSDB": b"\x00\x01" + name("afs.example.com"),
    "RT": b"\x00\x01" + name("rt.example.com"),
    "SIG": SIG_HEAD + name("example.com") + b"sig",
    "PX": b"\x00\x0a" + name("a.example.com") + name("b.example.com"),
    "NXT": name("next.example.com") + b"\x60\x00\x00\x02",
    "SRV": struct.pack(">3H", 10, 60, 5060) + name("sip.example.com"),
    "NAPTR": NAPTR_HEAD + name("_sip._udp.example.com"),
    "KX": b"\x00\x01" + name("kx.example.com"),
    "DNAME": name("new.example.com"),
    "DS": struct.pack(">HBB", 20326, 8, 2) + bytes(32),
    "RRSIG": SIG_HEAD + name("example.com") + bytes(64),
    "NSEC": name("next.example.com") + b"\x00\x06\x40\x01\x00\x00\x00\x03",
    "DNSKEY": struct.pack(">HBB", 257, 3, 13) + bytes(64),
    "NSEC3": struct.pack(">BBHB", 1, 0, 0, 0) + string(bytes(20)) + b"\x00\x01\x40",
    "HTTPS": b"\x00\x01" + name(".") + b"\x00\x01\x00\x03\x02h2",
    "CAA": b"\x00" + string(b"issue") + b"ca.example.net",
}

# The same where a pointer may stand in for a name or its end.
COMPRESSED = {
    "NS": pointer(16, b"ns1"),
    "CNAME": AT_EXAMPLE,
    "SOA": pointer(16, b"ns1") + pointer(16, b"hostmaster") + SOA_NUMBERS,
    "PTR": AT_QNAME,
    "MINFO": AT_QNAME + AT_COM,
    "MX": b"\x00\x0a" + pointer(16, b"mail"),
    "RP": AT_QNAME + AT_COM,
    "PX": b"\x00\x0a" + AT_QNAME + AT_COM,
    "SRV": struct.pack(">3H", 10, 60, 5060) + AT_QNAME,
    "NAPTR": NAPTR_HEAD + AT_QNAME,
    "RRSIG": SIG_HEAD + AT_EXAMPLE + bytes(8),
    "NSEC": pointer(16, b"next") + b"\x00\x06\x40\x01\x00\x00\x00\x03",
}


def response(flags, *sections):
    return message(QR | flags, *sections, questions=[Q])


def query_seeds():
    yield "query", message(RD, questions=[Q])
    yield "query-edns", message(RD, [], [], [opt()], questions=[Q])
    options = [(3, b""), (10, bytes(8)), (8, b"\x00\x01\x18\x00\xc0\x00\x02"), (12, bytes(16))]
    yield "query-options", message(RD, [], [], [opt(options=options)], questions=[Q])
    version_1 = opt(ttl=0x00010000, options=[(3, b"")])
    yield "query-version-1", message(RD, [], [], [version_1], questions=[Q])
    yield "query-root", message(0, questions=[question(name("."), "NS")])
    yield "query-chaos", message(0, questions=[question(name("id.server"), "TXT", CH)])
    odd = b"\x05a.b\x00\xff\x02\x5c\x2e\x00"
    yield "query-odd-name", message(RD, questions=[question(odd, 65280)])
    labels = b"".join(string(b"x" * size) for size in (63, 63, 63, 61)) + b"\0"
    yield "query-255-octets", message(RD, questions=[question(labels)])
    yield "query-127-labels", message(RD, questions=[question(b"\x01y" * 127 + b"\0")])
    yield "query-two-questions", message(RD, questions=[Q, question(AT_EXAMPLE, "MX")])
    yield "no-question", message(QR | 5)

    update = [record(AT_QNAME, "A", b"", 0, ANY), record(AT_QNAME, "A", b"", 0, NONE)]
    zone = question(name("example.com"), "SOA")
    yield "update", message(5 << 11, update, update, questions=[zone])
    tsig = name("hmac-sha256") + bytes(6) + struct.pack(">HH", 300, 32) + bytes(32) + bytes(6)
    signed = [opt(), record(name("key"), "TSIG", tsig, 0, ANY)]
    yield "query-tsig", message(RD, [], [], signed, questions=[Q])


def response_seeds():
    answers = [record(AT_QNAME, "A", bytes([192, 0, 2, i])) for i in range(4)]
    yield "answer-a", response(RD | RA, answers)
    yield "answer-edns", response(RD | RA, answers, [], [opt(options=[(15, b"\x00\x03")])])
    chain = [
        record(AT_QNAME, "CNAME", pointer(16, b"alias")),
        record(pointer(45), "CNAME", name("host.example.org")),
        record(pointer(65), "A", FULL["A"]),
    ]
    yield "answer-chain", response(RD | RA, chain)
    yield "answer-truncated", response(TC | RD | RA)
    servers = [record(AT_COM, "NS", pointer(24, b"ns%d" % i)) for i in range(3)]
    glue = [record(pointer(24, b"ns%d" % i), "A", bytes([192, 0, 2, i])) for i in range(3)]
    glue += [record(pointer(24, b"ns%d" % i), "AAAA", FULL["AAAA"]) for i in range(3)]
    yield "referral", response(0, [], servers, [*glue, opt()])
    soa = record(AT_EXAMPLE, "SOA", COMPRESSED["SOA"])
    yield "nxdomain", response(AA | 3, [], [soa])
    yield "badcookie", response(7, [], [], [opt(ttl=0x01000000, options=[(10, bytes(24))])])
    every = [record(AT_QNAME, rtype, rdata) for rtype, rdata in FULL.items()]
    yield "every-type-full", response(0, every)
    every = [record(AT_QNAME, rtype, rdata) for rtype, rdata in COMPRESSED.items()]
    yield "every-type-compressed", response(0, every)
    unknown = [record(AT_QNAME, rtype, b"\xc0\x0c") for rtype in (65280, 10, 99)]
    yield "unknown-types", response(0, unknown)
    chaos = question(name("id.server"), "TXT", CH)
    identity = record(pointer(12), "TXT", string(b"edge1"), 0, CH)
    yield "answer-chaos", message(QR, [identity], questions=[chaos])


def broken_seeds():
    yield "trailing-octet", message(RD, questions=[Q]) + b"\0"
    yield "cut-question", message(RD, questions=[Q])[:-3]
    yield "header-only", struct.pack(">6H", 1, QR, 1, 0, 0, 0)
    yield "pointer-to-itself", response(0, [record(pointer(33), "A", FULL["A"])])
    yield "pointer-forward", response(0, [record(pointer(40), "A", FULL["A"])])
    # From offset 44 on: a root label, and pointers each to the one before.
    for count in (255, 256):
        chain = b"\0\0" + b"".join(pointer(44 + 2 * i) for i in range(count))
        records = [record(b"\0", 65280, chain), record(pointer(44 + 2 * count), "A", FULL["A"])]
        yield f"pointer-chain-{count + 1}", response(0, records)
    yield "two-opt", message(RD, [], [], [opt(), opt()], questions=[Q])
    yield "opt-in-answer", message(RD, [opt()], questions=[Q])
    yield "many-options", message(RD, [], [], [opt(options=[(65001, b"")] * 101)], questions=[Q])


def rdata_seeds():
    """Type, class, what stands before the rdata, and the rdata, as fuzz_rdata.c takes them."""
    before = bytes(12) + QNAME

    def seed(rtype, rdata, in_class=True):
        return struct.pack(">HBB", TYPES[rtype], in_class, len(before)) + before + rdata

    for rtype, rdata in FULL.items():
        yield f"{rtype.lower()}-full", seed(rtype, rdata)
    for rtype, rdata in COMPRESSED.items():
        yield f"{rtype.lower()}-compressed", seed(rtype, rdata)
    yield "a-chaos", seed("A", b"\x00", False)
    yield "a-short", seed("A", b"\xc0\x00\x02")
    yield "ns-two-names", seed("NS", name("a") + name("b"))
    yield "txt-empty", seed("TXT", b"")
    yield "soa-short", seed("SOA", AT_QNAME + AT_QNAME + SOA_NUMBERS[:19])


def name_seeds():
    """fuzz_name.c takes its input as text, as wire form, and as numbers to make names from."""
    texts = [".", "www.Example.COM.", "a\\.b.c", "\\000\\255\\032.x"]
    texts += ["..", "a..b", "\\", "\\25", "x" * 64]
    for number, text in enumerate(texts):
        yield f"text-{number}", text.encode()
    yield "wire", QNAME
    yield "wire-pointers", b"\x0e" + QNAME[1:] + pointer(4) + pointer(17, b"x")
    yield "wire-255-octets", b"".join(string(b"x" * size) for size in (63, 63, 63, 61)) + b"\0"
    yield "wire-reserved", b"\x41a\0"

    def numbers(*names):
        """Names of labels, as name_take() builds them with labels of up to 62 octets."""
        return b"".join(
            bytes([len(labels), 61]) + b"".join(bytes([len(label) - 1]) + label for label in labels)
            for labels in names
        )

    yield "three-related", numbers([b"www", b"example", b"com"], [b"Example", b"COM"], [b"net"])
    yield "three-equal", numbers(*[[b"a", b"b"]] * 3)
    yield "three-ordered", numbers([b"\x00"], [b"\x00\x00"], [b"A", b"\x00"])
    yield "three-long", numbers(*[[b"y" * 62] * 4] * 3)


def main():
    corpora = {
        "message": [*query_seeds(), *response_seeds(), *broken_seeds()],
        "name": name_seeds(),
        "rdata": rdata_seeds(),
    }
    for target, seeds in corpora.items():
        directory = CORPUS / target
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            old.unlink()
        for seed_name, data in seeds:
            (directory / seed_name).write_bytes(data)


if __name__ == "__main__":
    main()
