# SPDX-License-Identifier: BSD-2-Clause
"""The same node on an AF_XDP port, which hands up frames as they were on the wire."""

import dns.rcode
import pytest

import frames
from lab import differences, query, until
from quince import ports_of

NODE_CHANGES = {
    "node": {"workers": [0]},  # A veth has one queue for them.
    "ports": ports_of("net_af_xdp0,iface=vres"),
}


@pytest.mark.parametrize("name", ["www.glueless.com.", "alias.example.com.", "nope.example.com."])
def test_answers_are_what_the_authorities_say(lab, node, server, name):
    node.flush()
    assert differences(lab.ask(name, "A", server), lab.truth(name, "A")) == []


def test_answers_fill_a_large_packet(lab, node, server):
    reply = lab.ask("middle.example.com.", "TXT", server)
    assert differences(reply, lab.truth("middle.example.com.", "TXT")) == []


def test_fragments_of_both_families_are_dropped_and_counted(lab, node):
    before = node.totals()
    question = query("www.example.com.", "A").to_wire()
    with frames.Wire(lab) as wire:
        for frame in frames.fragments(wire.node_mac, wire.mac, question):
            wire.send(frame)
    grown = lambda: node.totals()["frame_drop_fragment"] - before["frame_drop_fragment"]
    assert until(lambda: grown() == 4, 2.0), grown()
    assert node.totals()["client_queries"] == before["client_queries"]


def test_many_questions_leave_no_buffer_behind(lab, node, server):
    lab.ask("www.example.com.", "A", server)
    before = node.mbufs_in_use()
    for i in range(500):
        assert lab.ask(f"h{i}.bulk.net.", "A", server).rcode() == dns.rcode.NOERROR
    assert until(lambda: node.mbufs_in_use() == before, 2.0), (before, node.mbufs_in_use())
