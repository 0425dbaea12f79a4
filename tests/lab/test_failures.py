# SPDX-License-Identifier: BSD-2-Clause
"""What clients get, and authorities are asked, when servers or delegations are no good."""

import socket
import statistics
import time
from collections import Counter

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

import world
from lab import LINKS_MAX, NODE_V4, extended_errors, query, until

EDE_OTHER = 0
EDE_NO_REACHABLE_AUTHORITY = 22
# An address that was never asked is given 400 ms; the dead server has two of them.
DEAD_SERVER_S = 0.9
QUICK_S = 0.1
PAUSE_S = 0.4  # Several timeouts, where round trips take less than a millisecond.
PAUSED_COUNT = 50


class Cost:
    """What questions have cost since the counters were read last."""

    def __init__(self, node):
        self.node = node
        self.before = node.totals()
        self.queries_before = node.queries()

    def of(self, counter):
        return self.node.totals()[counter] - self.before[counter]

    def queries(self):
        """Queries that questions have cost since then."""
        return self.node.queries() - self.queries_before


def timed(ask):
    """The reply of a question, and how long it took."""
    begin = time.monotonic()
    return ask(), time.monotonic() - begin


def learn_servers(lab, node, zone):
    """Has the node measure every server of a zone, so that it knows when to give up on one."""
    node.flush()
    for i in range(20):
        lab.ask(f"learn{i}.many.{zone}.", "A")
    node.rest()


def test_dead_server_among_three_is_soon_left_alone(lab, node):
    """The first to meet it wait for one timeout each; who comes after them does not."""
    node.flush()
    took_s = []
    for i in range(30):
        reply, seconds = timed(lambda name=f"d{i}.many.onedead.com.": lab.ask(name, "A"))
        assert reply.rcode() == dns.rcode.NOERROR and reply.answer
        took_s.append(seconds)
    assert max(took_s) < DEAD_SERVER_S, took_s
    assert statistics.median(took_s) < QUICK_S, took_s


def test_lame_server_costs_a_query_and_no_answer(lab, node):
    """It refuses at once, so the other server is asked at once."""
    learn_servers(lab, node, "onelame.org")
    cost = Cost(node)
    with lab.silenced(world.addresses_of("onelame.org")):
        # Nobody else is left. Later the lame server may look like the better one, for seconds.
        lab.ask("first.many.onelame.org.", "A", timeout_s=6.5)
        node.rest()
    assert cost.of("reply_refused") >= len(world.addresses_of("onelame.org", "lame"))
    cost = Cost(node)
    for i in range(20):
        reply, seconds = timed(lambda name=f"l{i}.many.onelame.org.": lab.ask(name, "A"))
        assert reply.rcode() == dns.rcode.NOERROR and reply.answer
        assert seconds < QUICK_S
    # It has two addresses, and each question meets them at most once.
    refused = cost.of("reply_refused")
    assert refused <= 40
    assert cost.queries() == 20 + refused


def test_refused_by_all_is_refused_with_the_reason(lab, node, server):
    node.flush()
    cost = Cost(node)
    reply, seconds = timed(lambda: lab.ask("www.alllame.com.", "A", server))
    assert reply.rcode() == dns.rcode.REFUSED and not reply.answer
    assert extended_errors(reply) == [EDE_NO_REACHABLE_AUTHORITY]
    assert seconds < 1.0
    node.rest()
    refusing = len(world.addresses_of("alllame.com", "lame"))
    # Every address once with the shortened name, and once with the full one at most.
    assert refusing <= cost.of("reply_refused") <= 2 * refusing
    # Later askers are told the same, from the cache.
    assert extended_errors(lab.ask("www.alllame.com.", "A", server)) == [EDE_NO_REACHABLE_AUTHORITY]


@pytest.mark.parametrize("name", ["loop.example.com.", "self.example.com."])
def test_alias_loop_ends_within_the_limit(lab, node, server, name):
    node.flush()
    for zone in ("example.com.", "example.org."):
        node.acquaint(lambda i, zone=zone: lab.ask(f"host{i}.{zone}", "A", server))
    cost = Cost(node)
    reply, seconds = timed(lambda: lab.ask(name, "A", server))
    assert reply.rcode() == dns.rcode.SERVFAIL and not reply.answer
    assert extended_errors(reply) == [EDE_OTHER]
    assert seconds < 1.0
    assert cost.of("task_alias_limit") == 1
    # Links are kept once they are known: a loop costs a query for each of its names.
    assert cost.queries() <= 2 < LINKS_MAX


def test_failure_is_remembered_for_longer_each_time(lab, node):
    """RFC 9520: 1 s, then 2 s, without a query to the servers that failed."""
    node.flush()
    cost = Cost(node)

    def asks_upstream():
        before = cost.of("upstream_queries")
        assert lab.ask("www.broken.org.", "A").rcode() == dns.rcode.SERVFAIL
        node.rest()
        return cost.of("upstream_queries") > before

    assert asks_upstream()
    assert not asks_upstream()
    time.sleep(1.1)
    assert asks_upstream()
    assert not asks_upstream()
    time.sleep(1.1)
    assert not asks_upstream()
    time.sleep(1.0)
    assert asks_upstream()


def test_pause_of_all_servers_is_waited_for(lab, node):
    """All that was asked in that moment goes unanswered: many silences, but no long one."""
    node.flush()
    for i in range(20):
        lab.ask(f"h{i}.bulk.net.", "A")
    node.rest()
    with lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(8.0)
        sock.connect((NODE_V4, 53))
        with lab.authorities_stopped():
            for i in range(PAUSED_COUNT):
                sock.send(query(f"h{100 + i}.bulk.net.", "A").to_wire())
            time.sleep(PAUSE_S)
        replies = [dns.message.from_wire(sock.recv(4096)) for _ in range(PAUSED_COUNT)]
    assert all(reply.answer for reply in replies), Counter(reply.rcode() for reply in replies)


def test_ghost_domain_ends_with_its_delegation(lab, node):
    """Asking the child over and over, even for its long-lived NS records, does not extend it."""
    node.flush()
    node.acquaint(lambda i: lab.ask(f"a{i}.many.ghost.haunted.org.", "A"))
    ttl_s = world.zone_of("ghost.haunted.org").delegation_ttl_s
    lab.script("undelegate", "ghost.haunted.org")
    taken_out = time.monotonic()
    try:
        names = iter(range(10000))

        def is_gone():
            assert time.monotonic() - taken_out < ttl_s + 1.0, "the ghost lives on"
            lab.ask("ghost.haunted.org.", "NS")
            return not lab.ask(f"g{next(names)}.many.ghost.haunted.org.", "A").answer

        assert until(is_gone, ttl_s + 2.0, step_s=0.02)
        # It was asked again while it was still known, however slow the machine, and is gone since.
        assert next(names) >= 3
        assert lab.ask("new.many.ghost.haunted.org.", "A").rcode() == dns.rcode.NXDOMAIN
    finally:
        lab.script("delegate", "ghost.haunted.org")
    assert until(lambda: lab.ask("back.many.ghost.haunted.org.", "A").answer, 3.0)
