# SPDX-License-Identifier: BSD-2-Clause
"""A node of an anycast address asks from its own: replies to the other may go to another node."""

import pytest

from frames import ROUTER_V4, ROUTER_V6
from lab import NODE_V4, NODE_V6
from oddserver import PORT, OddServer

SERVICES = ["192.0.2.253", "2001:db8::53"]
ZONES = {"four.example": (ROUTER_V4, NODE_V4), "six.example": (ROUTER_V6, NODE_V6)}
QUESTIONS = 20

NODE_CHANGES = {
    "service": {"addresses": [NODE_V4, NODE_V6, *SERVICES]},
    "resolver": {
        "stub": [
            {"zone": zone, "servers": [f"{server}@{PORT}"]} for zone, (server, _) in ZONES.items()
        ],
    },
}


@pytest.mark.parametrize("zone", ZONES)
def test_servers_are_asked_from_the_nodes_own_address(lab, node, zone):
    """Over UDP, and over TCP with a connection for each question."""
    server, own = ZONES[zone]
    lab.net.run("ip", "route", "replace", SERVICES[0], "via", NODE_V4)
    try:
        with OddServer(lab, server) as odd:
            for i in range(QUESTIONS):
                assert lab.ask(f"once{i}.{zone}.", "A", server=SERVICES[0]).answer
            assert len(odd.connections_of("once")) >= QUESTIONS
            assert odd.sources() == {("udp", own), ("tcp", own)}
    finally:
        lab.net.run("ip", "route", "delete", SERVICES[0])
