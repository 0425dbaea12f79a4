# SPDX-License-Identifier: BSD-2-Clause
"""Zones whose servers the operator names: on ports of their own, and invisible from the root."""

import dns.flags
import dns.message
import dns.rcode
import pytest

import pcap
import world
from lab import NODE_V4, NODE_V6, extended_errors

FORWARD_PORT = 8600
STUB_PORT = 5353


def route(zone, port):
    return {"zone": zone, "servers": [f"{a}@{port}" for a in world.addresses_of(zone)]}


NODE_CHANGES = {
    "resolver": {
        "forward": [route("consul", FORWARD_PORT)],
        "stub": [route("corp.example", STUB_PORT)],
    }
}


def addresses(reply):
    return [rdata.address for rrset in reply.answer for rdata in rrset]


def upstream(found):
    """The node's questions to authorities in a capture: (server, port, name, flags) each."""
    ours = [d for d in found if d.source in (NODE_V4, NODE_V6) and d.source_port != 53]
    messages = [(d, dns.message.from_wire(d.payload)) for d in ours]
    return [
        (d.destination, d.destination_port, m.question[0].name.to_text().lower(), m.flags)
        for d, m in messages
    ]


def test_forwarded_zone_is_asked_on_its_port(lab, node, server):
    node.flush()
    with pcap.capture(lab) as found:
        reply = lab.ask("web.service.consul.", "A", server)
    assert addresses(reply) == ["192.0.2.65"]
    # Once, but for a hedge or a probe, which ask another server the same.
    ((port, name, flags),) = {asked[1:] for asked in upstream(found)}
    # The whole name at once, with RD: the server is to find the answer.
    assert (port, name) == (FORWARD_PORT, "web.service.consul.")
    assert flags & dns.flags.RD


def test_forwarded_name_that_does_not_exist(lab, node, server):
    reply = lab.ask("nothing.service.consul.", "A", server)
    assert reply.rcode() == dns.rcode.NXDOMAIN and reply.authority


def test_stub_zone_and_what_it_delegates(lab, node, server):
    node.flush()
    with pcap.capture(lab) as found:
        assert addresses(lab.ask("www.corp.example.", "A", server)) == ["192.0.2.66"]
        assert addresses(lab.ask("www.lab.corp.example.", "A", server)) == ["192.0.2.67"]
    asked = upstream(found)
    # Only the servers of the two zones, nobody on the way from the root.
    assert {(server, port) for server, port, *_ in asked} <= {
        *((address, STUB_PORT) for address in world.addresses_of("corp.example")),
        *((address, 53) for address in world.addresses_of("lab.corp.example")),
    }
    assert {port for _, port, *_ in asked} == {STUB_PORT, 53}
    assert not any(flags & dns.flags.RD for *_, flags in asked)


def test_dead_servers_of_a_forwarded_zone(lab, node):
    """There is nobody else to ask: not the root, which would deny the zone."""
    node.flush()
    with lab.silenced(world.addresses_of("consul")):
        reply = lab.ask("web.service.consul.", "A", timeout_s=6.5)
        assert reply.rcode() == dns.rcode.SERVFAIL
        assert len(extended_errors(reply)) == 1
        node.rest()


@pytest.mark.parametrize("name", ["web.service.consul.", "www.corp.example."])
def test_nobody_else_leads_there(lab, node, name):
    """The same questions without the routes come to nothing, and with them to an answer again."""
    with node.reloaded("resolver", forward=[], stub=[]):
        node.flush()
        assert lab.ask(name, "A").rcode() == dns.rcode.NXDOMAIN
    node.flush()
    assert lab.ask(name, "A").answer
