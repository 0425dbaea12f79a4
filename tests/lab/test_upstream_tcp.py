# SPDX-License-Identifier: BSD-2-Clause
"""TCP towards authorities: what is truncated or doubtful over UDP, and servers that fail at it."""

import time

import dns.rcode
import pytest

from lab import NODE_V4, query, until
from oddserver import ADDRESS, BIG_COUNT, PORT, ZONE, OddServer
from quince import ACQUAINT_MAX
from streams import Stream

SERVER_IDLE_S = 5

NODE_CHANGES = {
    "resolver": {
        "stub": [
            {"zone": ZONE, "servers": [f"{ADDRESS}@{PORT}"]},
        ],
    },
}


@pytest.fixture(scope="module")
def odd(lab):
    with OddServer(lab) as server:
        yield server


@pytest.fixture
def counts(node):
    """How much a counter has grown since the test began."""
    before = node.totals()
    return lambda name: node.totals()[name] - before[name]


def ask(lab, name):
    return lab.ask(f"{name}.{ZONE}.", "A", timeout_s=8.0)


def test_truncated_answer_is_asked_for_again(lab, node, odd, counts):
    assert ask(lab, "tc1").answer
    assert counts("reply_truncated") == 1
    assert counts("stream_server_queries") == counts("stream_server_replies") == 1
    assert odd.asked_over("udp", "tc1") == odd.asked_over("tcp", "tc1") == 1


def test_connection_serves_several_questions(lab, node, odd, counts):
    for i in range(5):
        assert ask(lab, f"reuse{i}").answer
    assert counts("stream_server_queries") == 5
    assert counts("stream_server_connects") <= 1
    assert len(set(odd.connections_of("reuse"))) == 1


def test_few_connections_serve_many_questions_at_once(lab, node, odd, counts):
    questions = [query(f"many{i}.{ZONE}.", "A") for i in range(32)]
    with Stream(lab) as stream:
        for question in questions:
            stream.send(question)
        assert all(stream.receive().answer for _ in questions)
    assert counts("stream_server_replies") == 32
    assert counts("stream_server_connects") <= 4


@pytest.mark.parametrize(
    "kind, counter", [("id", "upstream_wrong_id"), ("case", "upstream_wrong_case")]
)
def test_near_miss_finishes_over_tcp(lab, node, odd, counts, kind, counter):
    reply = ask(lab, f"{kind}1")
    assert reply.rcode() == dns.rcode.NOERROR and reply.answer[0][0].address == "192.0.2.99"
    assert counts(counter) == counts("upstream_suspect") == counts("stream_server_replies") == 1
    assert odd.asked_over("tcp", f"{kind}1") == 1


def test_server_that_forgets_its_cookie(lab, node, odd, counts):
    """RFC 7873 section 5.3: a reply without the cookie we know of may be anybody's."""
    def asked_over_tcp(i):
        assert ask(lab, f"cookie{i}").answer
        return odd.asked_over("tcp", f"cookie{i}") == 1

    assert not asked_over_tcp(0)
    # The worker that has the cookie is the home of one of these.
    assert any(asked_over_tcp(i) for i in range(1, ACQUAINT_MAX))
    assert counts("upstream_wrong_cookie") >= 1
    # The server has said so over TCP: there is nothing to miss any more.
    assert not any(asked_over_tcp(ACQUAINT_MAX + i) for i in range(8))


def test_64_kilobytes_reach_the_client(lab, node, odd):
    with Stream(lab, NODE_V4) as stream:
        reply = stream.ask(f"big1.{ZONE}.", "TXT")
    assert len(reply.answer[0]) == BIG_COUNT


def test_server_that_hangs_up_after_each_answer(lab, node, odd, counts):
    for i in range(4):
        assert ask(lab, f"once{i}").answer
    assert counts("stream_server_replies") == 4


def test_server_that_hangs_up_without_an_answer(lab, node, odd, counts):
    begin = time.monotonic()
    assert ask(lab, "hangup1").rcode() == dns.rcode.SERVFAIL
    assert time.monotonic() - begin < 5.5
    assert counts("stream_server_failed") >= 1 and counts("stream_server_replies") == 0


def test_server_that_never_answers(lab, node, odd, counts):
    begin = time.monotonic()
    assert ask(lab, "hang1").rcode() == dns.rcode.SERVFAIL
    assert time.monotonic() - begin < 5.5
    assert until(lambda: node.control("status")["streams"]["stream_servers"] == 0, 10.0)


def test_reply_that_nobody_asked_for_ends_the_connection(lab, node, odd, counts):
    assert ask(lab, "stray1").rcode() == dns.rcode.SERVFAIL
    assert counts("stream_server_stray") >= 1
    assert ask(lab, "tc9").answer


def test_idle_connections_are_closed(lab, node, odd):
    ask(lab, "tc8")
    assert node.control("status")["streams"]["stream_servers"] >= 1
    assert until(
        lambda: node.control("status")["streams"]["stream_servers"] == 0, SERVER_IDLE_S + 2
    )
