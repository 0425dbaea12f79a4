# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's side of nodes with settings of their own: limits, tags, start, stop, two of them."""

import subprocess
import time

import pytest

from lab import NODE_V4, until
from quince import Node
from traffic import DATA, exchange_tcp, flood, interfaces, ping, tagged_peer


def test_flood_is_limited_and_leaves_the_routing_lane(lab):
    """What a BGP speaker sends and gets during a flood of another lane all arrives."""
    node = Node(lab, {"kernel": {"rate": 500}})
    node.start()
    try:
        begin = time.monotonic()
        before = node.totals()
        thread, count = flood(lab.client, NODE_V4, 123, 2.0)
        # Fewer packets than the lane's burst, however fast the machine sends them.
        exchange_tcp(lab.node, lab.net, NODE_V4, port=179, data=DATA[:300_000])
        thread.join()
        after = node.totals()
        passed = after["kernel_to_other"] - before["kernel_to_other"]
        limited = after["kernel_limited_other"] - before["kernel_limited_other"]
        assert count[0] > 4000, "the flood was none"
        # 500 a second, and a burst.
        assert passed <= 500 * (time.monotonic() - begin) + 512
        # How much of the flood a busy machine hands on to the node is its affair.
        assert limited > 0
        assert after["kernel_limited_routing"] == before["kernel_limited_routing"]
        assert after["kernel_to_routing"] > before["kernel_to_routing"]
    finally:
        node.stop()


def test_tagged_port(lab):
    """The interface carries untagged frames; the port adds and takes its tag."""
    addresses, peers = ["10.97.0.2", "fd00:97::2"], ["10.97.0.9", "fd00:97::9"]
    node = Node(lab)
    port = {"device": node.settings["ports"][0]["device"], "vlan": 7,
            "addresses": [f"{addresses[0]}/24", f"{addresses[1]}/64"]}
    node.settings["ports"] = [port]
    node.start()
    try:
        hosts = [f"{peers[0]}/24", f"{peers[1]}/64"]
        with tagged_peer(lab.net, "vnode", hosts, 7) as tags:
            for address, peer in zip(addresses, peers):
                assert ping(lab.node, "-c", "3", peer) == (3, 0)
                assert ping(lab.net, "-c", "3", address) == (3, 0)
                exchange_tcp(lab.node, lab.net, address, data=DATA[:300_000])
                exchange_tcp(lab.net, lab.node, peer, data=DATA[:300_000])
        assert set(tags) == {7}
    finally:
        node.stop()


def test_off_makes_no_interface(lab):
    node = Node(lab, {"kernel": "off"})
    node.start()
    try:
        assert interfaces(lab.node) == ["lo", "vres"]
        assert "kernel_from" not in node.totals()
    finally:
        node.stop()


def test_name_that_is_taken_is_said_and_the_node_answers(lab):
    lab.node.run("ip", "tuntap", "add", "dev", "quince0", "mode", "tap")
    try:
        node = Node(lab)
        node.start()
        try:
            assert "quince0 cannot be made" in node.log()
            assert lab.ask("www.example.com.", "A").answer
        finally:
            node.stop()
    finally:
        lab.node.run("ip", "link", "delete", "quince0")


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_nothing_is_left(lab, way):
    node = Node(lab, {"service": {"addresses": [NODE_V4, "192.0.2.253", "2001:db8::53"]},
                      "announce": {"after": 0, "drain": 1}})
    node.start()
    assert "quince0" in interfaces(lab.node)
    addresses = lab.node.run("ip", "address", "show", "dev", "quince0")
    assert "192.0.2.253/32" in addresses and "2001:db8::53/128" in addresses

    def announced():
        """How many routes of either family table 53 has."""
        return [lab.node.run("ip", family, "route", "show", "table", "all").count("table 53")
                for family in ("-4", "-6")]

    assert until(lambda: announced() == [1, 1], 30.0), node.log()
    getattr(node, way)()

    def state():
        return (
            interfaces(lab.node),
            lab.node.run("ip", "route", "show", "table", "all", "type", "unicast"),
            [line for line in lab.node.run("ip", "-6", "route", "show", "table", "all").splitlines()
             if "quince" in line],
            lab.node.processes(),
        )

    until(lambda: state() == (["lo", "vres"], "", [], []), 2.0)
    assert state() == (["lo", "vres"], "", [], [])


def start_as_a_unit(node):
    """Starts a node, and once more if it must be, as the unit's Restart=on-failure does.

    net_af_packet names its sockets' fanout group by 16 bits of process id and interface index, and
    the kernel keeps a group to one interface. Two nodes can draw the same name; not twice.
    """
    try:
        node.start()
    except RuntimeError as error:
        if "PACKET_FANOUT" not in str(error):
            raise
        node.start()


def test_two_nodes_on_one_machine(lab):
    """Names, memory and sockets of their own; the end of one is nothing to the other."""
    lab.net.run("ip", "link", "add", "vtwo", "type", "veth", "peer", "name", "vres2",
                "netns", lab.node.name)
    first, second = Node(lab), None
    try:
        lab.net.run("ip", "address", "add", "10.96.0.1/24", "dev", "vtwo")
        lab.net.run("ip", "link", "set", "vtwo", "up")
        lab.net.run("ethtool", "-K", "vtwo", "tx", "off", "gso", "off", "tso", "off")
        lab.node.run("sysctl", "-qw", "net.ipv6.conf.vres2.disable_ipv6=1")
        lab.node.run("ip", "link", "set", "vres2", "up")
        lab.node.run("nft", 'add chain netdev quince second { type filter hook ingress device '
                     '"vres2" priority 0; policy drop; }')
        device = first.settings["ports"][0]["device"].replace("iface=vres", "iface=vres2")
        second = Node(lab, {
            "ports": [{"device": device, "addresses": ["10.96.0.2/24"],
                       "gateways": ["10.96.0.1"]}],
            "kernel": {"interface": "second"},
        }, name="second")
        first.start()
        start_as_a_unit(second)
        for _ in range(2):
            assert lab.ask("www.example.com.", "A").answer
            assert lab.ask("www.example.com.", "A", server="10.96.0.2").answer
            exchange_tcp(lab.node, lab.client, NODE_V4)
            exchange_tcp(lab.node, lab.client, "10.96.0.2")
        first.kill()
        assert lab.ask("www.example.com.", "A", server="10.96.0.2").answer
        exchange_tcp(lab.node, lab.client, "10.96.0.2")
        start_as_a_unit(first)
        assert second.stop()[0] == 0
        assert lab.ask("www.example.org.", "A").answer
        exchange_tcp(lab.node, lab.client, NODE_V4)
    finally:
        for node in (first, second):
            if node is not None and node.is_running():
                node.kill()
        lab.net.run("ip", "link", "delete", "vtwo")
        subprocess.run(lab.node.command("nft", "delete", "chain", "netdev", "quince", "second"))
        if second is not None:
            second.remove_files()
