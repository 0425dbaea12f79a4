# SPDX-License-Identifier: BSD-2-Clause
"""The lab itself, asked directly: every trap that world.py describes is really there."""

import socket
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

import world
from lab import NODE_V4, NODE_V6, query

AUTHORITIES = list(world.authorities())


def udp_reply(lab, address, name, rdtype, edns_size=1232, timeout_s=5.0, port=53):
    question = query(name, rdtype, edns_size)
    question.flags &= ~dns.flags.RD
    wire = lab.exchange(question.to_wire(), address, timeout_s, port=port)
    return None if wire is None else dns.message.from_wire(wire)


@pytest.mark.parametrize("zone, address, port, state", AUTHORITIES, ids=str)
def test_authority_is_what_it_is_meant_to_be(lab, zone, address, port, state):
    timeout_s = 0.3 if state == "silent" else 5.0
    reply = udp_reply(lab, address, zone, "SOA", timeout_s=timeout_s, port=port)
    if state == "silent":
        assert reply is None
        return
    if state == "live":
        assert reply.rcode() == dns.rcode.NOERROR
        assert reply.flags & dns.flags.AA
        assert [r.rdtype for r in reply.answer] == [dns.rdatatype.SOA]
    elif state == "broken":
        assert reply.rcode() == dns.rcode.SERVFAIL
    else:
        assert not reply.answer and not reply.flags & dns.flags.AA


@pytest.mark.parametrize(
    "zone, glue_count",
    [("example.com", 4), ("glueless.com", 0), ("thirteen.com", 26), ("noglue.net", 0)],
)
def test_referral_carries_the_glue_of_the_delegation(lab, zone, glue_count):
    parent = world.parent_of(next(z for z in world.ZONES if z.name == zone))
    reply = lab.ask_authority(world.addresses_of(parent.name)[0], f"www.{zone}.", "A")
    assert [r.rdtype for r in reply.authority] == [dns.rdatatype.NS]
    assert reply.authority[0].name.to_text() == zone + "."
    assert sum(len(rrset) for rrset in reply.additional) == glue_count


def test_v6only_has_no_v4_and_v4only_no_v6(lab):
    assert [":" in a for a in world.addresses_of("v6only.net")] == [True]
    assert [":" in a for a in world.addresses_of("v4only.org")] == [False]
    assert lab.truth("www.v6only.net.", "A")[0] == dns.rcode.NOERROR
    assert lab.truth("www.v4only.org.", "AAAA")[0] == dns.rcode.NOERROR


def test_alias_takes_three_links_through_three_tlds(lab):
    rcode, rrsets, _ = lab.truth("alias.example.com.", "A")
    assert rcode == dns.rcode.NOERROR
    assert [r.rdtype for r in rrsets] == [dns.rdatatype.CNAME] * 3 + [dns.rdatatype.A]
    tlds = [r.name.labels[-2] for r in rrsets]
    assert tlds == [b"com", b"net", b"org", b"com"]


def test_loop_never_ends(lab):
    with pytest.raises(AssertionError, match="more links"):
        lab.truth("loop.example.com.", "A")


def test_dname_brings_a_synthesized_cname(lab):
    _, rrsets, _ = lab.truth("www.old.example.org.", "A")
    types = [dns.rdatatype.to_text(r.rdtype) for r in rrsets]
    assert types == ["DNAME", "CNAME", "A"]


@pytest.mark.parametrize(
    "name, rdtype, edns_size, truncated",
    [
        ("middle.example.com.", "TXT", None, True),
        ("middle.example.com.", "TXT", 1232, False),
        ("big.example.com.", "TXT", 1232, True),
    ],
)
def test_large_sets_are_truncated_where_meant(lab, name, rdtype, edns_size, truncated):
    reply = udp_reply(lab, world.addresses_of("example.com")[0], name, rdtype, edns_size)
    assert bool(reply.flags & dns.flags.TC) == truncated


def test_empty_nonterminal_and_missing_name_differ(lab):
    assert lab.truth("ent.example.com.", "A")[0] == dns.rcode.NOERROR
    assert lab.truth("nope.example.com.", "A")[0] == dns.rcode.NXDOMAIN


def test_deep_names_pass_five_cuts(lab):
    name = "a.b.c.d.e.deep.org."
    address = world.addresses_of("org")[0]
    cuts = []
    for _ in world.DEEP_CUTS:
        reply = lab.ask_authority(address, name, "A")
        assert not reply.answer
        cuts.append(reply.authority[0].name.to_text(omit_final_dot=True))
        glue = next(r for r in reply.additional if r.rdtype == dns.rdatatype.A)
        address = glue[0].address
    assert cuts == world.DEEP_CUTS
    assert lab.ask_authority(address, name, "A").answer


def test_longest_name_has_255_octets(lab):
    name = dns.name.from_text(f"{world.LONGEST_NAME}.example.com.")
    assert len(name.to_wire()) == 255
    assert lab.truth(name.to_text(), "A")[0] == dns.rcode.NOERROR


def test_bulk_zone_is_whole(lab):
    last = world.BULK_HOST_COUNT - 1
    for rdtype in ("A", "AAAA"):
        assert len(lab.truth(f"h{last}.bulk.net.", rdtype)[1]) == 1
    assert lab.truth("never-seen.miss.bulk.net.", "A")[0] == dns.rcode.NOERROR


def test_delegation_can_be_switched(lab):
    """The parent forgets the zone, and the zone itself does not."""
    address = world.addresses_of("haunted.org")[0]
    name = "www.ghost.haunted.org."
    delegated = lab.ask_authority(address, name, "A")
    assert delegated.rcode() == dns.rcode.NOERROR and delegated.authority[0].ttl == 2
    lab.script("undelegate", "ghost.haunted.org")
    try:
        assert lab.ask_authority(address, name, "A").rcode() == dns.rcode.NXDOMAIN
        child = world.addresses_of("ghost.haunted.org")[0]
        assert lab.ask_authority(child, "ghost.haunted.org.", "NS").answer[0].ttl == 3600
    finally:
        lab.script("delegate", "ghost.haunted.org")
    assert lab.ask_authority(address, name, "A").authority[0].ttl == 2


def test_cookie_is_answered_where_meant(lab):
    client_cookie = b"12345678"
    for zone, length in (("brief.net", 24), ("bulk.net", 0)):
        question = query(f"{zone}.", "SOA", options=[dns.edns.GenericOption(10, client_cookie)])
        wire = lab.exchange(question.to_wire(), world.addresses_of(zone)[0])
        options = [o.data for o in dns.message.from_wire(wire).options if o.otype == 10]
        assert [len(data) for data in options] == [length] * bool(length)
        assert all(data.startswith(client_cookie) for data in options)


def test_silence_can_be_switched(lab):
    address = world.addresses_of("mixedcase.net")[0]
    lab.script("silence", address)
    try:
        assert udp_reply(lab, address, "mixedcase.net.", "SOA", timeout_s=0.3) is None
    finally:
        lab.script("revive", address)
    assert udp_reply(lab, address, "mixedcase.net.", "SOA") is not None


def test_node_side_of_the_wire_is_mute(lab):
    """The kernel must not answer for the node: no ARP, no neighbour advertisement, no echo."""
    lab.net.run("ip", "neighbour", "flush", "dev", "vnode")
    for address in (NODE_V4, NODE_V6):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with lab.net.socket(family, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"anybody there?", (address, 9))
    time.sleep(0.2)
    neighbours = lab.net.run("ip", "neighbour", "show", "dev", "vnode")
    assert "lladdr" not in neighbours
    assert lab.node.run("ip", "-o", "address", "show", "dev", "vres") == ""
