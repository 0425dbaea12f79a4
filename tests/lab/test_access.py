# SPDX-License-Identifier: BSD-2-Clause
"""Who may ask: others get REFUSED or nothing, and cost nothing upstream."""

import dns.rcode
import pytest

from lab import CLIENT_V4, NODE_V4, NODE_V6, OTHER_CLIENT_V4, extended_errors, query

NODE_CHANGES = {"service": {"allow": [f"{CLIENT_V4}/32"]}}


def test_listed_client_is_answered(lab, node):
    reply = lab.ask("www.example.com.", "A", NODE_V4, source=CLIENT_V4)
    assert reply.rcode() == dns.rcode.NOERROR and reply.answer


@pytest.mark.parametrize("server, source", [(NODE_V4, OTHER_CLIENT_V4), (NODE_V6, None)])
@pytest.mark.parametrize("name", ["www.example.com.", "h7.bulk.net."], ids=["cached", "not cached"])
def test_other_client_is_refused(lab, node, server, source, name):
    lab.ask("www.example.com.", "A", NODE_V4, source=CLIENT_V4)
    before = node.totals()
    reply = lab.ask(name, "A", server, source=source)
    after = node.totals()
    assert reply.rcode() == dns.rcode.REFUSED and not reply.answer
    assert after["client_refused"] == before["client_refused"] + 1
    assert after["upstream_queries"] == before["upstream_queries"]


def test_the_longest_prefix_decides(lab, node):
    """Exceptions, read while the node runs: refused inside of allowed, dropped inside of that."""
    question = query("www.example.com.", "A").to_wire()
    lists = {"allow": ["10.98.0.0/16"], "refuse": ["10.98.0.0/24"], "drop": [OTHER_CLIENT_V4]}
    with node.reloaded("service", **lists):
        reply = lab.ask("www.example.com.", "A", NODE_V4, source=CLIENT_V4)
        assert reply.rcode() == dns.rcode.REFUSED and 18 in extended_errors(reply)
        before = node.totals()
        assert lab.exchange(question, NODE_V4, timeout_s=0.5, source=OTHER_CLIENT_V4) is None
        after = node.totals()
        assert after["client_dropped"] == before["client_dropped"] + 1
        assert after["client_queries"] == before["client_queries"]
    with node.reloaded("service", allow=["10.98.0.2/31"], refuse=["10.98.0.0/16"], drop=[]):
        reply = lab.ask("www.example.com.", "A", NODE_V4, source=OTHER_CLIENT_V4)
        assert reply.rcode() == dns.rcode.NOERROR and reply.answer
