# SPDX-License-Identifier: BSD-2-Clause
"""Two workers: whatever queue a packet arrives on, the worker that it belongs to gets it.

The kernel spreads frames over the queues of net_af_packet by a hash of their addresses and ports,
which knows nothing of workers: about half of all questions and replies arrive at the wrong one.
net_af_xdp has one queue only on a veth.
"""

import os
import re

import dns.edns
import dns.rcode
import pytest

from lab import NODE_V4, differences, query, until
from quince import ports_of

NODE_CHANGES = {
    "node": {"workers": [0, 1]},
    "ports": ports_of("net_af_packet0,iface=vres"),
}
pytestmark = pytest.mark.skipif(os.cpu_count() < 2, reason="two workers need two cores")

NAMES = ["www.glueless.com.", "alias.example.com.", "nope.example.com.", "a.b.c.d.e.deep.org."]
QUESTION_COUNT = 400
COOKIE_COUNT = 30
CLIENT_COOKIE_LEN = 8
LOAD_S = 2


def workers(node):
    return node.control("stats")["workers"]


def grown(node, before):
    """What every counter of each worker has grown by since `before`."""
    return [{k: now[k] - was[k] for k in now} for now, was in zip(workers(node), before)]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_what_the_authorities_say(lab, node, server, name):
    node.flush()
    for _ in range(8):  # Each from a port of its own, so that both queues are met.
        assert differences(lab.ask(name, "A", server), lab.truth(name, "A")) == []


def test_replies_on_the_wrong_queue_reach_who_asked(lab, node):
    lab.ask("www.bulk.net.", "A")
    node.rest()
    before = workers(node)
    for i in range(QUESTION_COUNT):
        reply = lab.ask(f"w{i}.miss.bulk.net.", "A", timeout_s=2.0)
        assert reply.rcode() == dns.rcode.NOERROR and reply.answer
    node.rest()
    first, second = grown(node, before)
    # By the hash of the question each worker has about half of them to ask for.
    for worker in (first, second):
        assert worker["upstream_replies"] > QUESTION_COUNT / 4, worker
        # Half would be lost if replies did not; a busy machine is late with one now and then.
        assert worker["upstream_timeouts"] < worker["cache_misses"] / 10, worker
        assert worker["worker_handover_drop"] == 0, worker
    # Questions and replies cross, and nothing crosses twice.
    assert first["worker_handover_sent"] == second["worker_handover_received"]
    assert second["worker_handover_sent"] == first["worker_handover_received"]
    for worker in (first, second):
        assert worker["rx_packets"] > QUESTION_COUNT / 4, worker
        assert worker["worker_handover_sent"] > QUESTION_COUNT / 4, worker


def test_questions_that_cross_are_counted_once(lab, node):
    def ask(name, cookie):
        option = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, cookie)
        (got,) = lab.ask(name, "A", options=[option]).options
        return got.data

    cookie = ask("www.bulk.net.", os.urandom(CLIENT_COOKIE_LEN))
    before = node.totals()
    for i in range(COOKIE_COUNT):
        ask(f"c{i}.miss.bulk.net.", cookie)
    after = node.totals()
    assert after["worker_handover_sent"] > before["worker_handover_sent"]
    for counter in ("client_queries", "client_cookie", "cache_misses", "client_replies"):
        assert after[counter] - before[counter] == COOKIE_COUNT, counter


def test_load_loses_nothing_and_leaves_no_buffer_behind(lab, node, server):
    lab.ask("www.example.com.", "A", server)
    node.rest()
    before = node.mbufs_in_use()
    path = lab.directory / "two-workers"
    lines = (f"h{i % 1000}.bulk.net A\n" * 3 + f"t{i}.miss.bulk.net A\n" for i in range(50_000))
    path.write_text("".join(lines))
    output = lab.client.run(
        *("dnsperf", "-s", server, "-d", path, "-l", LOAD_S, "-c", 8, "-q", 64, "-t", 5)
    )
    path.unlink()
    print(output)
    assert re.search(r"Queries lost: +0 ", output), output
    assert re.search(r"Response codes: +NOERROR \d+ \(100\.00%\)\n", output), output
    node.rest()
    assert until(lambda: node.mbufs_in_use() == before, 2.0), (before, node.mbufs_in_use())


def test_unanswerable_frames_of_both_queues_are_freed(lab, node):
    before = node.mbufs_in_use()
    wire = query("www.example.com.", "A").to_wire()
    for _ in range(50):
        assert lab.exchange(wire[:11], NODE_V4, timeout_s=0.001) is None
    assert lab.ask("www.example.com.", "A").answer
    assert until(lambda: node.mbufs_in_use() == before, 2.0), (before, node.mbufs_in_use())
