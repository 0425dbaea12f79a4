# SPDX-License-Identifier: BSD-2-Clause
"""Answers near and past their end: kept fresh, served stale, or not kept at all."""

import time

import dns.rcode

import pcap
import world
from lab import NODE_V4, NODE_V6, extended_errors, until

EDE_STALE_ANSWER = 3
STALE_TTL_S = 30
STALE_WAIT_S = 1.8
LATE_S = 1.9  # RFC 8767 s5: a client may have given up 2 s after it asked.


def learn_servers(lab, node):
    """Has the node measure the servers of brief.net, so that it soon gives up on silent ones."""
    node.flush()
    for i in range(20):
        lab.ask(f"learn{i}.many.brief.net.", "A")
    node.rest()


def timed_ask(lab, name):
    begin = time.monotonic()
    reply = lab.ask(name, "A")
    return reply, time.monotonic() - begin


def assert_stale(reply):
    assert reply.rcode() == dns.rcode.NOERROR
    assert [r.ttl for r in reply.answer] == [STALE_TTL_S]
    assert extended_errors(reply) == [EDE_STALE_ANSWER]


def is_fresh(reply):
    return bool(reply.answer) and reply.answer[0].ttl <= 1 and extended_errors(reply) == []


def test_stale_answer_when_all_authorities_died(lab, node):
    learn_servers(lab, node)
    assert is_fresh(lab.ask("www.brief.net.", "A"))
    with lab.silenced(world.addresses_of("brief.net")):
        time.sleep(1.1)
        for _ in ("the search fails", "its failure is known"):
            reply, seconds = timed_ask(lab, "www.brief.net.")
            assert_stale(reply)
            assert seconds < LATE_S
            node.rest()
        never_known = lab.ask("other.many.brief.net.", "A", timeout_s=6.0)
        assert never_known.rcode() == dns.rcode.SERVFAIL
    assert until(lambda: is_fresh(lab.ask("www.brief.net.", "A")), 8.0)


def test_stale_answer_while_the_search_goes_on(lab, node):
    """Twenty-six silent addresses take longer than a client is made to wait."""
    node.flush()
    lab.ask("brief.thirteen.com.", "A")
    with lab.silenced(world.addresses_of("thirteen.com")):
        time.sleep(1.1)
        reply, seconds = timed_ask(lab, "brief.thirteen.com.")
        assert_stale(reply)
        assert STALE_WAIT_S <= seconds < LATE_S
        assert node.waiting() > 0
    assert until(lambda: is_fresh(lab.ask("brief.thirteen.com.", "A")), 8.0)


def test_stale_answer_at_once_if_configured(lab, node):
    with node.reloaded("resolver", **{"serve-stale": {"wait-ms": 0, "ttl": 7}}):
        node.flush()
        lab.ask("www.brief.net.", "A")
        time.sleep(1.1)
        reply, seconds = timed_ask(lab, "www.brief.net.")
        assert reply.answer[0].ttl == 7 and extended_errors(reply) == [EDE_STALE_ANSWER]
        assert seconds < 1.0
        # It was asked for again in the background: a client that comes within the second for which
        # the new answer is good has that.
        assert until(lambda: is_fresh(lab.ask("www.brief.net.", "A")), 5.0)


def test_no_stale_answer_if_switched_off(lab, node):
    with node.reloaded("resolver", **{"serve-stale": "off"}):
        learn_servers(lab, node)
        lab.ask("www.brief.net.", "A")
        with lab.silenced(world.addresses_of("brief.net")):
            time.sleep(1.1)
            reply = lab.ask("www.brief.net.", "A", timeout_s=6.0)
            assert reply.rcode() == dns.rcode.SERVFAIL and not reply.answer


def test_ttl_zero_is_given_on_and_not_kept(lab, node, server):
    node.acquaint(lambda i: lab.ask(f"host{i}.example.com.", "A", server))
    name = "zero-ttl.example.com."
    before = node.queries()
    for _ in range(3):
        assert [r.ttl for r in lab.ask(name, "A", server).answer] == [0]
    assert node.queries() - before == 3
    assert node.control("lookup", name, "A")["found"] is False


def test_popular_name_is_asked_for_before_its_end(lab, node):
    name = "popular.example.com."
    node.flush()
    assert lab.ask(name, "A").answer[0].ttl == 10
    learned = time.monotonic()
    misses = node.totals()["cache_misses"]
    queries = node.queries()
    ttls = []
    with pcap.capture(lab) as found:
        time.sleep(8.5)
        while time.monotonic() < learned + 11.0:
            ttls.append(lab.ask(name, "A").answer[0].ttl)
            time.sleep(0.1)
    assert node.queries() - queries == 1
    asked_s = next(
        d.time_s for d in found if d.source in (NODE_V4, NODE_V6) and d.destination_port == 53
    )
    assert asked_s - (time.time() - (time.monotonic() - learned)) < 10.0
    # Nobody waited, and nobody saw the end.
    assert node.totals()["cache_misses"] == misses
    assert min(ttls) >= 1 and ttls[-1] >= 7
