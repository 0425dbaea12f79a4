# SPDX-License-Identifier: BSD-2-Clause
"""What the authorities see: unpredictable questions, and none that is needless."""

import collections
import struct

import dns.edns
import dns.flags
import dns.message
import pytest

import pcap
import world
from lab import NODE_V4, NODE_V6

NAME_COUNT = 2000
PORT_MIN = 1024
# Buckets whose expected share is 2000/32 = 62; a fair source leaves 20 to 125 to chance less
# often than once in a million captures.
BUCKET_COUNT = 32
BUCKET_MIN = 20
BUCKET_MAX = 125
# A reply on the wire may wait that long for a busy core before the node knows of it.
READING_S = 0.05
CLIENT_COOKIE_LEN = 8
SERVER_COOKIE_LEN = 16  # Of RFC 9018.
ZONE_AT = {address: zone for zone, address, _, state in world.authorities() if state == "live"}


@pytest.fixture(scope="module")
def seen(lab, node):
    """The datagrams of NAME_COUNT cold questions, known zone and unknown zones mixed."""
    node.flush()
    with pcap.capture(lab) as found:
        for name in ("www.glueless.com.", "alias.example.com.", "a.b.c.d.e.deep.org."):
            lab.ask(name, "A")
        for i in range(NAME_COUNT):
            lab.ask(f"n{i}.miss.bulk.net.", "A", (NODE_V4, NODE_V6)[i % 2])
    return found


@pytest.fixture(scope="module")
def upstream(seen):
    """Our questions to authorities."""
    ours = [d for d in seen if d.source in (NODE_V4, NODE_V6) and d.destination_port == 53]
    assert len(ours) >= NAME_COUNT
    return ours


def spread(values, low, high):
    """How often each of BUCKET_COUNT equal parts of [low, high) was hit, scaled to NAME_COUNT."""
    width = (high - low) / BUCKET_COUNT
    buckets = collections.Counter(int((v - low) / width) for v in values)
    return [buckets[i] * NAME_COUNT / len(values) for i in range(BUCKET_COUNT)]


def assert_evenly_spread(values, low, high):
    counts = spread(values, low, high)
    assert min(counts) >= BUCKET_MIN and max(counts) <= BUCKET_MAX, counts


def test_ports_use_the_whole_range(upstream):
    ports = [d.source_port for d in upstream]
    assert min(ports) >= PORT_MIN
    assert_evenly_spread(ports, PORT_MIN, 65536)
    # 2000 draws out of 64512 repeat about 30 times; a counter never would, a small pool often.
    assert len(set(ports)) > 0.95 * len(ports)
    assert not is_predictable(ports)


def test_ids_are_random(upstream):
    ids = [struct.unpack_from("!H", d.payload)[0] for d in upstream]
    assert_evenly_spread(ids, 0, 65536)
    assert not is_predictable(ids)


def is_predictable(values):
    """True if many steps from one value to the next are the same, as with a counter."""
    steps = collections.Counter((b - a) % 65536 for a, b in zip(values, values[1:]))
    return steps.most_common(1)[0][1] > 10


def question_bytes(datagram):
    """The question's name as it is on the wire."""
    end = datagram.payload.index(b"\0", 12)
    return datagram.payload[12:end]


def test_letter_case_is_random(upstream):
    letters = b"".join(question_bytes(d) for d in upstream)
    upper = sum(chr(c).isupper() for c in letters)
    total = sum(chr(c).isalpha() for c in letters if c < 128)
    assert 0.45 < upper / total < 0.55
    # Each bit by itself: "miss.bulk.net" ends every name, so its patterns must differ.
    patterns = {question_bytes(d)[-14:] for d in upstream if b"MISS" in question_bytes(d).upper()}
    assert len(patterns) > NAME_COUNT / 4


def test_questions_are_what_an_authority_expects(upstream):
    for datagram in upstream:
        message = dns.message.from_wire(datagram.payload)
        assert not message.flags & (dns.flags.RD | dns.flags.QR | dns.flags.TC)
        assert message.edns == 0 and message.payload == 1232
        assert len(message.question) == 1 and not message.answer and not message.authority


def test_no_query_is_repeated_needlessly(seen, upstream):
    """Nothing is asked again of a zone's servers once one has answered; all of them are well."""
    replies = {
        (d.source, d.source_port, d.destination_port, d.payload[:2]): d
        for d in seen
        if d.source_port == 53 and d.destination in (NODE_V4, NODE_V6)
    }
    answered = {}
    needless = []
    for datagram in upstream:
        question = dns.message.from_wire(datagram.payload).question[0]
        key = (question.name.canonicalize(), question.rdtype, ZONE_AT[datagram.destination])
        if key in answered and answered[key] + READING_S < datagram.time_s:
            needless.append(f"{question} to {datagram.destination}")
        reply = replies.get((datagram.destination, 53, datagram.source_port, datagram.payload[:2]))
        if reply is not None:
            answered[key] = min(reply.time_s, answered.get(key, reply.time_s))
    assert needless == []


def cookies(found, address):
    """The cookies in our questions to a server, in order."""
    messages = [dns.message.from_wire(d.payload) for d in found if d.destination == address]
    return [o.data for m in messages for o in m.options if o.otype == dns.edns.OptionType.COOKIE]


def test_cookies_towards_authorities(lab, node):
    """RFC 7873: ours from the first question on, and the server's with it once it gave one."""
    node.flush()
    with pcap.capture(lab) as found:
        for i in range(20):
            lab.ask(f"c{i}.many.brief.net.", "A")
            lab.ask(f"c{i}.miss.bulk.net.", "A")
    first_parts = []
    for address in world.addresses_of("brief.net"):
        by_worker = {}  # Each has a part of its own.
        for cookie in cookies(found, address):
            by_worker.setdefault(cookie[:CLIENT_COOKIE_LEN], []).append(cookie)
        assert len(by_worker) <= len(node.settings["node"]["workers"])
        for ours in by_worker.values():
            assert len(ours[0]) == CLIENT_COOKIE_LEN
            assert {len(c) for c in ours[1:]} <= {CLIENT_COOKIE_LEN + SERVER_COOKIE_LEN}
        first_parts += by_worker
    assert sum(len(cookies(found, a)) for a in world.addresses_of("brief.net")) >= 20
    # Every server sees another one, so that it means nothing elsewhere.
    assert len(set(first_parts)) == len(first_parts)
    for address in world.addresses_of("bulk.net"):
        assert {len(c) for c in cookies(found, address)} <= {CLIENT_COOKIE_LEN}


def test_known_zone_is_asked_directly(upstream):
    """After the first of its names, bulk.net costs neither the root nor net a query."""
    above = [d for d in upstream if ZONE_AT[d.destination] in (".", "com.", "net.", "org.")]
    assert len(above) < 30
    assert len(upstream) < NAME_COUNT * 1.05


def test_replies_reach_the_right_client_with_a_good_checksum(lab, node):
    """The kernel of the client verifies checksums: it must have dropped none."""
    for server in (NODE_V4, NODE_V6):
        lab.ask("www.example.com.", "A", server)
    counters = lab.client.run("cat", "/proc/net/snmp")
    header, values = [line.split() for line in counters.splitlines() if line.startswith("Udp:")]
    assert int(dict(zip(header[1:], values[1:]))["InCsumErrors"]) == 0
    for line in lab.client.run("cat", "/proc/net/snmp6").splitlines():
        if line.startswith("Udp6InCsumErrors"):
            assert int(line.split()[1]) == 0
