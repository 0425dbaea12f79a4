# SPDX-License-Identifier: BSD-2-Clause
"""Split horizon on the wire: two clients of one node see different local data, and one cache."""

import dns.flags
import dns.rcode
import pytest

from lab import CLIENT_V4, NODE_V4, NODE_V6, OTHER_CLIENT_V4

NODE_CHANGES = {
    "service": {"allow": ["10.98.0.0/24", "fd00:98::/64"]},
    "local": {
        "zones": [
            {
                "zone": "corp.test",
                "type": "static",
                "records": ["db A 192.0.2.1", "all A 192.0.2.2"],
            },
            {"zone": "www.example.org", "type": "always-nxdomain"},
        ],
    },
    "views": [
        {
            "name": "office",
            "clients": [f"{CLIENT_V4}/32"],
            "local": {
                "zones": [
                    {
                        "zone": "corp.test",
                        "type": "type-transparent",
                        "records": ["db A 192.0.2.9", "far 60 CNAME www.example.com."],
                    },
                    {"zone": "www.example.org", "type": "always-transparent"},
                ],
            },
        },
        {
            "name": "lab",
            "clients": ["fd00:98::/64"],
            "common": "off",
            "local": {
                "zones": [
                    {
                        "zone": "corp.test",
                        "type": "static",
                        "records": ["far 60 CNAME www.example.net."],
                    },
                ],
            },
        },
    ],
}

CLIENTS = {
    "office": {"server": NODE_V4, "source": CLIENT_V4},
    "lab": {"server": NODE_V6},
    "none": {"server": NODE_V4, "source": OTHER_CLIENT_V4},
}


def ask(lab, view, name):
    return lab.ask(name, "A", **CLIENTS[view])


def answer_of(reply):
    """All records of the answer section, each "OWNER TYPE RDATA"."""
    return [
        f"{rrset.name} {rdata.rdtype.name} {rdata}" for rrset in reply.answer for rdata in rrset
    ]


@pytest.mark.parametrize(
    "view, name, rcode, answer",
    [
        ("office", "db.corp.test.", "NOERROR", ["db.corp.test. A 192.0.2.9"]),
        ("none", "db.corp.test.", "NOERROR", ["db.corp.test. A 192.0.2.1"]),
        ("lab", "db.corp.test.", "NXDOMAIN", []),
        ("office", "all.corp.test.", "NOERROR", ["all.corp.test. A 192.0.2.2"]),
        ("none", "all.corp.test.", "NOERROR", ["all.corp.test. A 192.0.2.2"]),
        ("lab", "all.corp.test.", "NXDOMAIN", []),
        ("office", "far.test.", "NXDOMAIN", []),
        ("none", "far.corp.test.", "NXDOMAIN", []),
    ],
)
def test_each_client_has_its_own(lab, node, view, name, rcode, answer):
    reply = ask(lab, view, name)
    assert dns.rcode.to_text(reply.rcode()) == rcode and reply.flags & dns.flags.AA
    assert answer_of(reply) == answer


def test_an_alias_is_nobody_elses(lab, node):
    """Out of local data, resolved, and cached: the target, not the alias."""
    node.flush()
    for _ in range(2):  # The second time out of the cache.
        office, other, none = (ask(lab, view, "far.corp.test.") for view in CLIENTS)
        assert answer_of(office)[0] == "far.corp.test. CNAME www.example.com."
        assert answer_of(other)[0] == "far.corp.test. CNAME www.example.net."
        assert answer_of(office)[1:] == answer_of(ask(lab, "none", "www.example.com."))
        assert answer_of(other)[1:] == answer_of(ask(lab, "none", "www.example.net."))
        assert office.answer[0].ttl == other.answer[0].ttl == 60
        assert none.rcode() == dns.rcode.NXDOMAIN and not none.answer
    before = node.totals()
    assert answer_of(ask(lab, "office", "far.corp.test."))[1:]
    after = node.totals()
    assert after["cache_hits"] == before["cache_hits"] + 1
    assert after["upstream_queries"] == before["upstream_queries"]


def test_what_one_may_have_is_not_given_to_another(lab, node):
    assert ask(lab, "office", "www.example.org.").rcode() == dns.rcode.NOERROR
    assert ask(lab, "none", "www.example.org.").rcode() == dns.rcode.NXDOMAIN
    assert ask(lab, "lab", "www.example.org.").rcode() == dns.rcode.NOERROR


def test_lookup_and_trace_tell_the_view(lab, node):
    ask(lab, "office", "far.corp.test.")
    found = node.control("lookup", "db.corp.test.", "A", CLIENT_V4)
    assert found["view"] == "office" and found["access"] == "allow"
    assert found["held"] == "local data" and found["answer"][0].endswith("192.0.2.9")
    found = node.control("lookup", "db.corp.test.", "A")
    assert "view" not in found and found["answer"][0].endswith("192.0.2.1")
    found = node.control("lookup", "far.corp.test.", "A", CLIENT_V4)
    assert found["alias_to"] == "www.example.com." and found["held"] == "answer"
    assert node.control("lookup", "db.corp.test.", "A", "203.0.113.1")["access"] == "refuse"

    trace = node.control("trace", "far.corp.test.", "A", CLIENT_V4)
    assert trace["view"] == "office" and trace["rcode"] == "NOERROR"
    assert trace["steps"][0]["step"] == "local"
    assert trace["steps"][0]["target"] == "www.example.com."
    assert any(s["step"] == "query" and s["name"] == "www.example.com." for s in trace["steps"])
    trace = node.control("trace", "far.corp.test.", "A")
    assert "view" not in trace and trace["rcode"] == "NXDOMAIN"
    assert "not an IPv4 or IPv6 address" in node.control_process(
        "lookup", "db.corp.test.", "A", "office"
    ).stderr


def test_views_are_reloaded(lab, node):
    views = node.settings["views"]
    node.settings["views"] = [dict(views[0], clients=[f"{OTHER_CLIENT_V4}/32"])]
    try:
        node.reload()
        assert answer_of(ask(lab, "none", "db.corp.test.")) == ["db.corp.test. A 192.0.2.9"]
        assert answer_of(ask(lab, "office", "db.corp.test.")) == ["db.corp.test. A 192.0.2.1"]
        assert answer_of(ask(lab, "lab", "db.corp.test.")) == ["db.corp.test. A 192.0.2.1"]
    finally:
        node.settings["views"] = views
        node.reload()
    assert answer_of(ask(lab, "office", "db.corp.test.")) == ["db.corp.test. A 192.0.2.9"]
