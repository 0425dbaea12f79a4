# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's side: everything that is not DNS over UDP crosses to quince0 and back."""

import socket

import pytest

from lab import CLIENT_V4, CLIENT_V6, NODE_V4, NODE_V6
from traffic import exchange_tcp, ping

GATEWAYS = ["10.99.0.1", "fd00:99::1"]


@pytest.mark.parametrize("address", [*GATEWAYS, CLIENT_V4, CLIENT_V6])
def test_ping_from_the_node(lab, node, address):
    assert ping(lab.node, "-c", "5", address) == (5, 0)


@pytest.mark.parametrize("address", [NODE_V4, NODE_V6])
def test_ping_to_the_node_is_answered_once(lab, node, address):
    assert ping(lab.client, "-c", "5", address) == (5, 0)


@pytest.mark.parametrize("address", [NODE_V4, NODE_V6])
def test_tcp_to_the_node(lab, node, address):
    exchange_tcp(lab.node, lab.client, address)


@pytest.mark.parametrize("address", [CLIENT_V4, CLIENT_V6])
def test_tcp_from_the_node(lab, node, address):
    exchange_tcp(lab.client, lab.node, address)


def test_tcp_with_checksums_left_to_hardware(lab, node):
    lab.script("checksums", "partial")
    try:
        exchange_tcp(lab.node, lab.net, NODE_V4, port=2223)
    finally:
        lab.script("checksums", "full")


def test_traffic_from_the_port_goes_by_its_gateway(lab, node):
    """Bound to the interface, even where the machine has a better default route."""
    lab.node.run("ip", "link", "add", "other0", "type", "veth", "peer", "name", "other1")
    try:
        lab.node.run("ip", "link", "set", "other0", "up")
        lab.node.run("ip", "link", "set", "other1", "up")
        lab.node.run("ip", "address", "add", "172.16.9.2/24", "dev", "other0")
        lab.node.run("ip", "route", "add", "default", "via", "172.16.9.1")
        route = lab.node.run("ip", "route", "get", CLIENT_V4)
        assert "172.16.9.1" in route
        assert ping(lab.node, "-c", "3", "-I", "quince0", CLIENT_V4) == (3, 0)
    finally:
        lab.node.run("ip", "link", "delete", "other0")


def test_udp_below_1024_crosses_and_what_is_kept_does(lab, node):
    for port in (123, 3784):
        with lab.node.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.settimeout(10)
            server.bind((NODE_V4, port))
            with lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(10)
                client.sendto(b"to the kernel", (NODE_V4, port))
                data, peer = server.recvfrom(100)
                assert data == b"to the kernel" and peer[0] == CLIENT_V4
                server.sendto(b"and back", peer)
                assert client.recv(100) == b"and back"


def test_closed_udp_ports_say_nothing(lab, node):
    """An ICMP error for a port that no query waits on would tell which ones have a query."""
    with lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.3)
        client.connect((NODE_V4, 40000))
        client.send(b"anybody?")
        with pytest.raises(socket.timeout):
            client.recv(100)
