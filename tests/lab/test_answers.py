# SPDX-License-Identifier: BSD-2-Clause
"""What the node answers about every feature of the lab, compared with what the authorities say.

Each question is asked over both families from an empty cache, then again from a full one.
"""

import time

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

import world
from lab import NODE_V4, differences, until

# Over the whole answer; what the authorities say is the expected answer.
RESOLVABLE = [
    ("www.example.com.", "A"),
    ("www.example.com.", "AAAA"),
    ("example.com.", "MX"),
    ("example.com.", "TXT"),
    ("example.com.", "CAA"),
    ("example.com.", "SOA"),
    ("example.com.", "NS"),
    ("_sip._udp.example.com.", "SRV"),
    ("_443._tcp.www.example.com.", "TLSA"),
    ("unknown.example.com.", "TYPE65280"),
    ("zero-ttl.example.com.", "A"),
    ("middle.example.com.", "TXT"),
    # Delegations of every kind.
    ("www.glueless.com.", "A"),
    ("www.glueless.com.", "AAAA"),
    ("www.nested.org.", "A"),
    ("www.v6only.net.", "A"),
    ("www.v4only.org.", "AAAA"),
    ("www.thirteen.com.", "A"),
    ("www.onedead.com.", "A"),
    ("www.onelame.org.", "A"),
    ("www.deep.org.", "A"),
    ("www.c.d.e.deep.org.", "A"),
    ("a.b.c.d.e.deep.org.", "A"),
    ("h12345.bulk.net.", "AAAA"),
    ("com.", "NS"),
    (".", "NS"),
    # Aliases.
    ("alias.example.com.", "A"),
    ("alias.example.com.", "AAAA"),
    ("alias.example.com.", "CNAME"),
    ("hop15.example.com.", "A"),
    ("dangling.example.com.", "A"),
    ("to-nodata.example.com.", "AAAA"),
    ("www.old.example.org.", "A"),
    ("old.example.org.", "DNAME"),
    # Wildcards.
    ("anything.wild.example.com.", "A"),
    ("two.labels.wild.example.com.", "TXT"),
    ("exists.wild.example.com.", "TXT"),
    ("any.wildcname.example.com.", "A"),
    # Case and bytes.
    ("www.mixedcase.net.", "A"),
    ("WWW.MixedCase.NET.", "A"),
    ("alias.mixedcase.net.", "A"),
    ("mixedcase.net.", "MX"),
    (r"dot\.ted.example.com.", "A"),
    (r"spa\032ce.example.com.", "A"),
    (r"nul\000byte.example.com.", "A"),
    (r"high\255\128.example.com.", "A"),
    (r"quo\"te.example.com.", "A"),
    (r"at\@sign.example.com.", "A"),
    (r"semi\;colon.example.com.", "A"),
    (r"back\\slash.example.com.", "A"),
    (f"{world.LONGEST_LABEL}.example.com.", "A"),
    (f"{world.LONGEST_NAME}.example.com.", "A"),
]

# name, type, code, the SOA owner, and the TTL that RFC 2308 s5 allows at most.
NEGATIVE = [
    ("nope.example.com.", "A", dns.rcode.NXDOMAIN, "example.com.", 120),
    ("www.example.com.", "MX", dns.rcode.NOERROR, "example.com.", 120),
    ("ent.example.com.", "A", dns.rcode.NOERROR, "example.com.", 120),
    ("exists.wild.example.com.", "A", dns.rcode.NOERROR, "example.com.", 120),
    ("anything.wild.example.com.", "MX", dns.rcode.NOERROR, "example.com.", 120),
    ("nope.example.org.", "A", dns.rcode.NXDOMAIN, "example.org.", 60),
    ("nope.", "A", dns.rcode.NXDOMAIN, ".", 300),
    ("nope.com.", "A", dns.rcode.NXDOMAIN, "com.", 300),
    ("dangling.example.com.", "A", dns.rcode.NXDOMAIN, "example.org.", 60),
]

# What nobody can answer, and the code that says so.
UNRESOLVABLE = [
    ("www.alldead.net.", dns.rcode.SERVFAIL),
    ("www.alllame.com.", dns.rcode.REFUSED),
    ("www.broken.org.", dns.rcode.SERVFAIL),
    ("www.sideways.com.", dns.rcode.SERVFAIL),
    ("www.noglue.net.", dns.rcode.SERVFAIL),
    ("www.circle.com.", dns.rcode.SERVFAIL),
    ("loop.example.com.", dns.rcode.SERVFAIL),
    ("self.example.com.", dns.rcode.SERVFAIL),
    ("hop0.example.com.", dns.rcode.SERVFAIL),
]


def identify(value):
    """Test ids that a person can read and select."""
    text = str(value)
    return text if len(text) < 40 else f"{text[:20]}~{len(text)}"


def assert_reply_header(reply):
    assert reply.flags & dns.flags.QR and reply.flags & dns.flags.RA and reply.flags & dns.flags.RD
    assert not reply.flags & (dns.flags.AA | dns.flags.TC)


@pytest.mark.parametrize("name, rdtype", RESOLVABLE, ids=identify)
def test_answer_is_what_the_authorities_say(lab, node, server, name, rdtype):
    truth = lab.truth(name, rdtype)
    node.flush()
    for _ in ("cold", "from the cache"):
        reply = lab.ask(name, rdtype, server)
        assert_reply_header(reply)
        assert differences(reply, truth) == []


@pytest.mark.parametrize("name, rdtype, rcode, soa_owner, ttl_max_s", NEGATIVE, ids=identify)
def test_negative_answer_has_the_soa(lab, node, server, name, rdtype, rcode, soa_owner, ttl_max_s):
    truth = lab.truth(name, rdtype)
    assert truth[0] == rcode
    node.flush()
    for _ in ("cold", "from the cache"):
        reply = lab.ask(name, rdtype, server)
        assert_reply_header(reply)
        assert differences(reply, truth) == []
        assert [(r.name.to_text(), r.rdtype) for r in reply.authority] == [
            (soa_owner, dns.rdatatype.SOA)
        ]
        assert ttl_max_s - 2 <= reply.authority[0].ttl <= ttl_max_s


@pytest.mark.parametrize("name, rcode", UNRESOLVABLE, ids=identify)
def test_unresolvable_name_fails_in_bounded_time(lab, node, server, name, rcode):
    node.flush()
    begin = time.monotonic()
    reply = lab.ask(name, "A", server, timeout_s=6.5)
    assert time.monotonic() - begin < 6.0
    assert reply.rcode() == rcode
    # Once the search is over its failure is remembered (RFC 9520): the next asker does not wait.
    assert until(lambda: node.waiting() == 0, 6.0, step_s=0.02)
    begin = time.monotonic()
    assert lab.ask(name, "A", server).rcode() == rcode
    assert time.monotonic() - begin < 0.5


def test_truncated_upstream_reply_is_not_passed_off_as_whole(lab, node, server):
    """`big` comes truncated over UDP. Without all of it the node may not say that it has it."""
    truth = lab.truth("big.example.com.", "TXT")
    node.flush()
    reply = lab.ask("big.example.com.", "TXT", server, edns_size=4096)
    honest = reply.rcode() == dns.rcode.SERVFAIL or reply.flags & dns.flags.TC
    assert honest or differences(reply, truth) == []


@pytest.mark.parametrize("zone", ["onedead.com", "onelame.org"])
def test_one_bad_server_costs_no_client_an_answer(lab, node, zone):
    """Twenty names that are each asked once: some of them meet the bad server first."""
    node.flush()
    for i in range(20):
        begin = time.monotonic()
        reply = lab.ask(f"n{i}.many.{zone}.", "A", NODE_V4)
        assert reply.rcode() == dns.rcode.NOERROR and reply.answer
        assert time.monotonic() - begin < 2.0


def test_thirteen_servers_may_lose_ten(lab, node):
    """Six addresses of 26 answer. The first question may meet dead ones only, the sixth not."""
    addresses = [a for s in world.zone_of("thirteen.com").servers for a in s.addresses()]
    lost = addresses[6:]
    node.flush()
    for address in lost:
        lab.script("silence", address)
    try:
        codes = [lab.ask(f"absent{i}.thirteen.com.", "A", timeout_s=6.5).rcode() for i in range(6)]
        assert codes[-1] == dns.rcode.NXDOMAIN, codes
    finally:
        for address in lost:
            lab.script("revive", address)
