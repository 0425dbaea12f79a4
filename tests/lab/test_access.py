# SPDX-License-Identifier: BSD-2-Clause
"""The access list: who is not on it gets REFUSED, and costs nothing upstream."""

import dns.rcode
import pytest

from lab import CLIENT_V4, NODE_V4, NODE_V6, OTHER_CLIENT_V4

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
