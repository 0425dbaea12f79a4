# SPDX-License-Identifier: BSD-2-Clause
"""What a worker that has more to do than it can still takes.

A node that was stopped for a moment finds thousands of frames at its port, which is more than its
worker lets wait: some of the flood is dropped, whatever the machine.
"""

import contextlib
import signal
import socket

import dns.edns
import dns.message
import pytest

import frames
from lab import CLIENT_V4, NODE_V4, query, until
from quince import ports_of

PORT_DNS = 53
PORT_BFD = 3784
PORT_DISCARD = 9
# A turn takes 64 frames and works on 16: after 1400, the 1024 places to wait in are taken.
FLOOD_COUNT = 3000
HIT_COUNT = 100
FRAMES_MAX = 8192
COOKIE = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"overload")

NODE_CHANGES = {
    "node": {"workers": [0]},
    "ports": ports_of(f"net_af_packet0,iface=vres,framecnt={FRAMES_MAX}"),
}


@pytest.fixture
def wire(lab):
    with frames.Wire(lab) as wire:
        yield wire


@contextlib.contextmanager
def stopped(node):
    """The process stands still in a with block, and finds afterwards what came meanwhile."""
    node.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        node.process.send_signal(signal.SIGCONT)


def flood(wire, port, payload_of):
    for i in range(FLOOD_COUNT):
        segment = frames.udp(CLIENT_V4, NODE_V4, payload_of(i), destination_port=port)
        packet = frames.ipv4(CLIENT_V4, NODE_V4, frames.PROTOCOL_UDP, segment)
        wire.send(frames.ethernet(wire.node_mac, wire.mac, frames.ETHERTYPE_IPV4, packet))


def clients(lab, stack):
    """Sockets of as many clients, connected to the node."""
    for _ in range(HIT_COUNT):
        client = stack.enter_context(lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM))
        client.settimeout(10.0)
        client.connect((NODE_V4, PORT_DNS))
        yield client


@pytest.mark.parametrize("options", [[], [COOKIE]], ids=["plain", "cookie"])
def test_hits_are_not_shed_with_misses(lab, node, wire, options):
    assert lab.ask("www.example.com.", "A").answer
    before = node.totals()
    with contextlib.ExitStack() as stack:
        asking = list(clients(lab, stack))
        with stopped(node):
            flood(wire, PORT_DNS, lambda i: query(f"{options and 'c'}{i}.bulk.net.", "A").to_wire())
            for client in asking:
                client.send(query("www.example.com.", "A", options=options).to_wire())
        replies = [dns.message.from_wire(client.recv(4096)) for client in asking]
    assert all(reply.answer for reply in replies)
    assert node.totals()["worker_backlog_drop"] > before["worker_backlog_drop"]
    node.rest()


def test_routing_is_not_shed_with_other_packets(node, wire):
    before = node.totals()
    beat = frames.udp(frames.ROUTER_V4, NODE_V4, bytes(24), destination_port=PORT_BFD)
    packet = frames.ipv4(frames.ROUTER_V4, NODE_V4, frames.PROTOCOL_UDP, beat)
    with stopped(node):
        flood(wire, PORT_DISCARD, lambda _: b"anybody?")
        for _ in range(HIT_COUNT):
            wire.send(frames.ethernet(wire.node_mac, wire.mac, frames.ETHERTYPE_IPV4, packet))

    def grown(name):
        return node.totals()[name] - before[name]

    assert until(lambda: grown("kernel_to_routing") >= HIT_COUNT, 5.0), node.totals()
    assert grown("worker_backlog_drop") > 0
