# SPDX-License-Identifier: BSD-2-Clause
"""A node of an anycast address asks from its own: replies to the other may go to another node."""

import contextlib

import pytest

from lab import NODE_V4, NODE_V6
from oddserver import PORT, OddServer

SERVICES = ["192.0.2.253", "2001:db8::53"]
# Each with a server behind the gateway, and the address that it is to be asked from.
ZONES = {"four.example": ("10.55.0.1", NODE_V4), "six.example": ("fd00:55::1", NODE_V6)}
QUESTIONS = 20

NODE_CHANGES = {
    "service": {"addresses": [NODE_V4, NODE_V6, *SERVICES]},
    "resolver": {
        "stub": [
            {"zone": zone, "servers": [f"{server}@{PORT}"]} for zone, (server, _) in ZONES.items()
        ],
    },
}


@contextlib.contextmanager
def reachable(lab, server):
    """The server has its address, and the anycast one leads to the node, for a with block."""
    address = ["address", "{}", server, "dev", "lo", *(["nodad"] if ":" in server else [])]
    route = ["route", "{}", SERVICES[0], "via", NODE_V4]
    for words in (address, route):
        lab.net.run("ip", *(word.format("add") for word in words))
    try:
        yield
    finally:
        for words in (route, address):
            lab.net.run("ip", *(word.format("delete") for word in words if word != "nodad"))


@pytest.mark.parametrize("zone", ZONES)
def test_servers_are_asked_from_the_nodes_own_address(lab, node, zone):
    """Over UDP, and over TCP with a connection for each question."""
    server, own = ZONES[zone]
    with reachable(lab, server), OddServer(lab, server) as odd:
        for i in range(QUESTIONS):
            assert lab.ask(f"once{i}.{zone}.", "A", server=SERVICES[0]).answer
        assert len(odd.connections_of("once")) >= QUESTIONS
        assert odd.sources() == {("udp", own), ("tcp", own)}
