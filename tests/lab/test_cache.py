# SPDX-License-Identifier: BSD-2-Clause
"""What the cache does to answers: they age, are joined, can be looked up and flushed."""

import socket
import time

import dns.message
import dns.rcode
import pytest

from lab import NODE_V4, query


def test_hit_shows_a_lower_ttl_and_asks_nobody(lab, node, server):
    node.flush()
    first = lab.ask("ageing.example.com.", "A", server)
    before = node.totals()
    time.sleep(2.1)
    second = lab.ask("ageing.example.com.", "A", server)
    after = node.totals()
    assert first.answer[0].ttl in (299, 300)
    assert 2 <= first.answer[0].ttl - second.answer[0].ttl <= 4
    assert after["upstream_queries"] == before["upstream_queries"]
    assert after["cache_hits"] == before["cache_hits"] + 1
    assert after["cache_misses"] == before["cache_misses"]


def test_negative_answer_ages_too(lab, node):
    node.flush()
    first = lab.ask("nope.example.com.", "A")
    before = node.totals()["upstream_queries"]
    time.sleep(2.1)
    second = lab.ask("nope.example.com.", "A")
    assert second.rcode() == dns.rcode.NXDOMAIN
    assert 2 <= first.authority[0].ttl - second.authority[0].ttl <= 4
    assert node.totals()["upstream_queries"] == before


def test_ttl_zero_is_asked_for_again(lab, node):
    lab.ask("zero-ttl.example.com.", "A")
    time.sleep(0.1)
    before = node.totals()["upstream_queries"]
    assert lab.ask("zero-ttl.example.com.", "A").answer[0].ttl == 0
    assert node.totals()["upstream_queries"] > before


def test_names_are_one_entry_whatever_their_case(lab, node):
    node.flush()
    lab.ask("www.example.com.", "A")
    before = node.totals()["upstream_queries"]
    assert lab.ask("WWW.Example.COM.", "A").answer
    assert node.totals()["upstream_queries"] == before


def test_known_zone_costs_one_query_a_name(lab, node):
    """The delegation is cached: only the zone's own server is asked, once."""
    node.flush()
    node.acquaint(lambda i: lab.ask(f"h{i}.bulk.net.", "A"))
    before = node.queries()
    for i in range(101, 121):
        lab.ask(f"h{i}.bulk.net.", "A")
    assert node.queries() - before == 20


@pytest.mark.parametrize("name, rcode", [("www.glueless.com.", 0), ("never.example.com.", 3)])
def test_identical_questions_are_joined(lab, node, name, rcode):
    """Fifty clients, one resolution: as many upstream queries as for a single client."""
    node.flush()
    lab.ask(name, "A")
    node.rest()
    before = node.totals()["upstream_queries"]
    node.flush()
    lab.ask(name, "A")
    node.rest()
    alone = node.totals()["upstream_queries"] - before
    node.flush()

    with lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((NODE_V4, 53))
        questions = {q.id: q for q in (query(name, "A") for _ in range(50))}
        for question in questions.values():
            sock.send(question.to_wire())
        replies = [dns.message.from_wire(sock.recv(4096)) for _ in questions]
    assert {r.id for r in replies} == set(questions)
    assert {r.rcode() for r in replies} == {rcode}
    node.rest()
    together = node.totals()["upstream_queries"] - before - alone
    # Not exactly equal: which server of a pair comes first, and so what is needed, is by chance.
    assert together <= 2 * alone


def test_lookup_tells_what_is_held(lab, node):
    node.flush()
    assert node.control("lookup", "www.example.com.", "A")["found"] is False
    before = node.totals()["upstream_queries"]
    assert node.control("lookup", "www.example.com", "A")["found"] is False
    assert node.totals()["upstream_queries"] == before
    lab.ask("www.example.com.", "A")
    held = node.control("lookup", "www.example.com.", "A")
    assert held["found"] is True
    assert held["name"] == "www.example.com." and held["type"] == "A"
    assert held["rcode"] == "NOERROR" and 3590 <= held["ttl_s"] <= 3600
    assert node.control("lookup", "WWW.example.com.", "a")["found"] is True
    assert node.control("lookup", "www.example.com.", "AAAA")["found"] is False
    lab.ask("nope.example.com.", "A")
    assert node.control("lookup", "nope.example.com.", "A")["rcode"] == "NXDOMAIN"


def test_flush_forgets_a_name_and_what_is_below(lab, node):
    for name in ("www.example.com.", "mail.example.com.", "www.example.org."):
        lab.ask(name, "A")
    assert node.control("flush", "www.example.com.")["flushed"] >= 1
    assert node.control("lookup", "www.example.com.", "A")["found"] is False
    assert node.control("lookup", "mail.example.com.", "A")["found"] is True
    assert node.control("flush", "example.com.")["flushed"] >= 1
    assert node.control("lookup", "mail.example.com.", "A")["found"] is False
    assert node.control("lookup", "www.example.org.", "A")["found"] is True


def test_dead_authority_does_not_empty_the_cache(lab, node):
    """What is held is answered while its only server is silent."""
    lab.ask("www.mixedcase.net.", "A")
    for address in ("10.53.0.29", "fd00:53::29"):
        lab.script("silence", address)
    try:
        assert lab.ask("www.mixedcase.net.", "A", timeout_s=0.5).answer
    finally:
        for address in ("10.53.0.29", "fd00:53::29"):
            lab.script("revive", address)
