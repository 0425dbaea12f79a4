# SPDX-License-Identifier: BSD-2-Clause
"""The port on its link: neighbours, echo, checksums, fragments, and frames it must not take."""

import socket

import pytest

import frames
from frames import Wire
from lab import CLIENT_V4, NODE_V4, query, until


PATIENCE_S = 20.0  # For what takes milliseconds on a machine that is not busy.


@pytest.fixture
def wire(lab, node):
    with Wire(lab) as made:
        yield made


def counted(node, counter, before, at_least=1):
    """Waits until a counter has grown by that much."""
    return until(lambda: node.totals()[counter] - before[counter] >= at_least, PATIENCE_S)


def question():
    return query("www.example.com.", "A").to_wire()


def test_node_answers_for_its_addresses(lab, node, server):
    """The router forgets the node's hardware address and gets it back by ARP or discovery."""
    lab.net.run("ip", "neighbour", "flush", "dev", "vnode")
    lab.ask("www.example.com.", "A", server)
    entry = lab.net.run("ip", "neighbour", "show", server, "dev", "vnode")
    assert lab.node.mac("vres").hex(":") in entry


def test_node_answers_for_no_other_address(lab, node):
    for address in ("10.99.0.77", "fd00:99::77"):
        with pytest.raises(Exception):
            lab.net.run("ping", "-c", "1", "-W", "1", address)
        assert "lladdr" not in lab.net.run("ip", "neighbour", "show", address, "dev", "vnode")


@pytest.mark.parametrize("size", [0, 56, 1400])
def test_echo(lab, node, server, size):
    output = lab.client.run("ping", "-c", "2", "-i", "0.2", "-W", "10", "-s", size, server)
    assert "2 received" in output


def test_ipv4_options_are_skipped(lab, node, wire):
    before = node.totals()
    for options in (b"\x01" * 4, b"\x94\x04\0\0", b"\x07\x27\x04" + bytes(36) + b"\0"):
        wire.send(frames.query_v4(wire.node_mac, wire.mac, question(), options=options))
    assert counted(node, "client_queries", before, 3)


def test_fragments_are_not_taken_for_questions(lab, node, wire):
    """Dropped and counted if of IPv6; the kernel keeps those of IPv4 from a packet socket whose
    driver asked it to reassemble them, as DPDK's does. test_xdp.py sees both."""
    before = node.totals()
    for frame in frames.fragments(wire.node_mac, wire.mac, question()):
        wire.send(frame)
    assert counted(node, "frame_drop_fragment", before)
    assert node.totals()["client_queries"] == before["client_queries"]


@pytest.mark.parametrize("make", [frames.query_v4, frames.query_v6])
def test_wrong_udp_checksum_is_dropped_and_counted(lab, node, wire, make):
    before = node.totals()
    frame = bytearray(make(wire.node_mac, wire.mac, question()))
    frame[-1] ^= 0xFF
    wire.send(bytes(frame))
    assert counted(node, "frame_drop_udp_checksum", before)
    assert node.totals()["client_queries"] == before["client_queries"]


def without_checksum(frame, header_len):
    at = frames.ETHERNET_LEN + header_len + 6
    return frame[:at] + bytes(2) + frame[at + 2 :]


def test_missing_udp_checksum_is_fine_over_ipv4_only(lab, node, wire):
    """RFC 768 allows none; RFC 8200 s8.1 does not."""
    before = node.totals()
    wire.send(without_checksum(frames.query_v6(wire.node_mac, wire.mac, question()), 40))
    assert counted(node, "frame_drop_udp_checksum_none", before)
    assert node.totals()["client_queries"] == before["client_queries"]
    wire.send(without_checksum(frames.query_v4(wire.node_mac, wire.mac, question()), 20))
    assert counted(node, "client_queries", before)


def test_wrong_ipv4_checksum_is_dropped_and_counted(lab, node, wire):
    before = node.totals()
    frame = bytearray(frames.query_v4(wire.node_mac, wire.mac, question()))
    frame[
        frames.ETHERNET_LEN + 8
    ] -= 1  # A router that lowers the hop limit and forgets the checksum.
    wire.send(bytes(frame))
    assert counted(node, "frame_drop_ip_checksum", before)


def test_own_frames_are_dropped_and_counted(lab, node, wire):
    """The packet socket hands up what the kernel sends on the interface as well."""
    before, port_before = node.totals(), node.port()
    wire.send(frames.query_v4(wire.node_mac, wire.node_mac, question()))
    assert until(
        lambda: node.port()["rx_drop_own_mac"] > port_before["rx_drop_own_mac"], PATIENCE_S
    )
    assert node.totals()["client_queries"] == before["client_queries"]


def test_frames_for_others_are_not_taken(lab, node, wire):
    before = node.totals()
    other_mac = bytes.fromhex("020000000001")
    wire.send(frames.query_v4(other_mac, wire.mac, question()))
    segment = frames.udp(CLIENT_V4, "10.99.0.77", question())
    packet = frames.ipv4(CLIENT_V4, "10.99.0.77", frames.PROTOCOL_UDP, segment)
    wire.send(frames.ethernet(wire.node_mac, wire.mac, frames.ETHERTYPE_IPV4, packet))
    lab.ask("www.example.com.", "A")
    assert node.totals()["client_queries"] == before["client_queries"] + 1


def test_oversized_frames_are_dropped_whole(lab, node, wire):
    """Longer than the port's buffers: a cut-off frame must not be taken for a whole one."""
    if node.port()["driver"] == "net_af_xdp":
        pytest.skip("under an XDP program a veth takes no frames that long")
    lab.net.run("ip", "link", "set", "vnode", "mtu", "9000")
    lab.node.run("ip", "link", "set", "vres", "mtu", "9000")
    try:
        before, port_before = node.totals(), node.port()
        for make in (frames.query_v4, frames.query_v6):
            wire.send(make(wire.node_mac, wire.mac, question() + bytes(5000)))
        lab.ask("www.example.com.", "A")
        assert node.port()["rx_drop_oversized"] - port_before["rx_drop_oversized"] == 2
        assert node.totals()["client_queries"] == before["client_queries"] + 1
    finally:
        lab.node.run("ip", "link", "set", "vres", "mtu", "1500")
        lab.net.run("ip", "link", "set", "vnode", "mtu", "1500")


def test_partial_checksums_are_completed(lab, node, server):
    """A local sender leaves the checksum to hardware that a veth does not have.

    Such packets were never on a wire that could have damaged them: the port completes them.
    """
    source = frames.ROUTER_V4 if server == NODE_V4 else frames.ROUTER_V6
    lab.script("checksums", "partial")
    try:
        before = node.port()["rx_checksum_filled"]
        assert exchange_from_router(lab, question(), server, source) is not None
        assert node.port()["rx_checksum_filled"] > before
        # The authorities are such senders, too.
        node.flush()
        assert lab.ask("www.glueless.com.", "A", server).answer
    finally:
        lab.script("checksums", "full")
    before = node.port()["rx_checksum_filled"]
    assert exchange_from_router(lab, question(), server, source) is not None
    assert node.port()["rx_checksum_filled"] == before


def exchange_from_router(lab, wire, server, source):
    """As Lab.exchange, from the machine next to the node: forwarding would complete checksums."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with lab.net.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.bind((source, 0))
        sock.connect((server, 53))
        sock.send(wire)
        try:
            return sock.recv(65535)
        except socket.timeout:
            return None


def test_gateway_may_change_its_hardware_address(lab, node, server):
    """A standby router takes over and announces it.

    The node may have proof of the old address that is too fresh to be contradicted; then it
    finds out when it renews the proof, 15 s later, with three requests a second apart.
    """
    lab.ask("www.example.com.", "A", server)
    old = lab.net.mac("vnode").hex(":")
    try:
        for address in ("02:00:00:00:00:99", old):
            lab.net.run("ip", "link", "set", "vnode", "address", address)
            lab.net.run("ip", "neighbour", "flush", "dev", "vnode")
            assert until(lambda: lab.exchange(question(), server, timeout_s=0.5), 60.0)
    finally:
        lab.net.run("ip", "link", "set", "vnode", "address", old)
