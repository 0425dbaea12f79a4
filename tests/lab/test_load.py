# SPDX-License-Identifier: BSD-2-Clause
"""Load and abuse: nothing is lost, nothing leaks, and the node goes on answering.

QN_LOAD_S sets how many seconds dnsperf runs (default 5; 30 before a release).
"""

import os
import random
import re
import struct
import subprocess
import time

import dns.rcode
import pytest

import frames
import world
from frames import Wire
from lab import CLIENT_V4, NODE_V4, NODE_V6, query, until

LOAD_S = int(os.environ.get("QN_LOAD_S", "5"))
FRAME_COUNT = 100_000
BURST_COUNT = 100
BURST_MAX = 64  # Frames that a worker sends at once.
SEED = 53
CLIENT_V6 = "fd00:98::2"
AUTHORITY_V4 = "10.53.0.1"
SOLICITED_NODE = "ff02::1:ff00:2"
OPT_LEN = 11
ETHERNET_ADDRESSES_LEN = 12
FRAME_LEN_MIN = 15  # The kernel sends no frame without a payload.
FRAME_LEN_MAX = 1514
# All misses are of one zone with one server, which may otherwise be asked 10 000 times a second.
NODE_CHANGES = {"resolver": {"zone-rate": 0, "server-rate": 0}}


@pytest.fixture
def resting(lab, node):
    """A node at rest: (node, mbufs in use). Checks after the test that it rests again."""
    lab.ask("www.example.com.", "A")
    assert until(lambda: node.waiting() == 0, 12.0)
    before = node.mbufs_in_use()
    yield node
    assert until(lambda: node.waiting() == 0, 12.0), node.control("status")
    assert until(lambda: is_at_rest(node, before), 2.0), (before, node.mbufs_in_use())


def is_at_rest(node, before):
    """Whether no more buffers are in use than before.

    net_af_xdp takes those that it has sent back when it sends again: it may keep the last burst.
    """
    kept = BURST_MAX if node.port()["driver"] == "net_af_xdp" else 0
    now = node.mbufs_in_use()
    return all(before[pool] - kept <= now[pool] <= before[pool] + kept for pool in before)


def write_questions(path, seed):
    """Three hits of a thousand hot names to one name that nobody asked for before."""
    pick = random.Random(seed)
    with open(path, "w") as file:
        for i in range(20_000 * LOAD_S):
            hot = pick.randrange(1000)
            rdtype = pick.choice(("A", "AAAA"))
            file.write(f"h{hot}.bulk.net {rdtype}\n" * 3 + f"s{seed}n{i}.miss.bulk.net A\n")


def start_dnsperf(lab, server, path):
    return subprocess.Popen(
        lab.client.command(
            *("dnsperf", "-s", server, "-d", path, "-l", LOAD_S, "-c", 4, "-q", 64, "-t", 5)
        ),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def figures(output):
    """dnsperf's report: queries (sent, completed, lost), and the share of each reply code."""
    words = ("sent", "completed", "lost")
    counts = [int(re.search(rf"Queries {word}: +(\d+)", output).group(1)) for word in words]
    return counts, re.search(r"Response codes: +(.*)", output).group(1)


def test_mixed_load_over_both_families_loses_nothing(lab, resting):
    processes = []
    paths = []
    before = resting.totals()
    for seed, server in enumerate((NODE_V4, NODE_V6)):
        path = lab.directory / f"questions{seed}"
        write_questions(path, seed)
        paths.append(path)
        processes.append(start_dnsperf(lab, server, path))
    sent_total = 0
    for process in processes:
        output, _ = process.communicate(timeout=LOAD_S + 30)
        assert process.returncode == 0, output
        print(output)
        (sent, completed, lost), codes = figures(output)
        assert lost == 0 and completed == sent and sent > 1000 * LOAD_S, output
        assert re.fullmatch(r"NOERROR \d+ \(100\.00%\)", codes), output
        sent_total += sent
    for path in paths:
        path.unlink()
    after = resting.totals()
    for name in ("client_queries", "client_replies"):
        assert after[name] - before[name] == sent_total
    # Both kinds of work took place.
    assert after["cache_hits"] - before["cache_hits"] > sent_total / 2
    assert after["cache_misses"] - before["cache_misses"] > sent_total / 10
    status = resting.control("status")["cache"]
    assert status["used_bytes"] <= status["capacity_bytes"]


def answer_to(question):
    """A question with EDNS turned into a reply with two records and compressed names."""
    header = question[:2] + b"\x84\0\0\1\0\2\0\0\0\0"
    record = b"\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04\xc0\0\x02\x03"
    return header + question[12:-OPT_LEN] + record * 2


class Fuzz:
    """An endless supply of frames for the node, each a few mutations away from a valid one.

    Half are mutated as frames, so that every layer is met; most of those die by a checksum. The
    other half are DNS messages mutated before they are packed, and so reach the message reader.
    """

    def __init__(self, wire, seed):
        self.pick = random.Random(seed)
        self.macs = (wire.node_mac, wire.mac)
        question = query("www.example.com.", "A").to_wire()
        self.messages = [question, answer_to(question), query("id.server.", "TXT", 512).to_wire()]
        self.frames = self._valid_frames(question)

    def _ipv4(self, protocol, payload):
        packet = frames.ipv4(CLIENT_V4, NODE_V4, protocol, payload)
        return frames.ethernet(*self.macs, frames.ETHERTYPE_IPV4, packet)

    def _ipv6(self, source, target, next_header, payload):
        packet = frames.ipv6(source, target, next_header, payload)
        return frames.ethernet(*self.macs, frames.ETHERTYPE_IPV6, packet)

    def _icmpv6(self, source, target, kind, rest):
        message = frames.icmpv6(source, target, kind, rest)
        return self._ipv6(source, target, frames.PROTOCOL_ICMPV6, message)

    def _arp(self, operation, target_mac):
        router = (self.macs[1], frames.ROUTER_V4)
        packet = frames.arp(operation, *router, target_mac, NODE_V4)
        return frames.ethernet(*self.macs, frames.ETHERTYPE_ARP, packet)

    def _valid_frames(self, question):
        """One of every kind that the node reads."""
        plain = frames.query_v4(*self.macs, question)
        router = frames.packed(frames.ROUTER_V6)
        solicitation = bytes(4) + frames.packed(NODE_V6) + b"\x01\x01" + self.macs[1]
        advertisement = b"\x60\0\0\0" + router + b"\x02\x01" + self.macs[1]
        reply = frames.udp(AUTHORITY_V4, NODE_V4, answer_to(question), 53, 40000)
        hop_by_hop = bytes([frames.PROTOCOL_UDP, 0, 1, 4, 0, 0, 0, 0])
        return [
            plain,
            plain[:12] + struct.pack("!HH", frames.ETHERTYPE_VLAN, 5) + plain[12:],
            frames.query_v4(*self.macs, question, options=b"\x94\x04\0\0"),
            frames.query_v6(*self.macs, question),
            self._ipv6(
                CLIENT_V6, NODE_V6, 0, hop_by_hop + frames.udp(CLIENT_V6, NODE_V6, question)
            ),
            self._ipv4(frames.PROTOCOL_UDP, reply),
            self._ipv4(frames.PROTOCOL_ICMP, frames.icmp_echo(b"quince" * 8)),
            self._icmpv6(CLIENT_V6, NODE_V6, 128, bytes(40)),
            self._icmpv6(frames.ROUTER_V6, SOLICITED_NODE, 135, solicitation),
            self._icmpv6(frames.ROUTER_V6, NODE_V6, 136, advertisement),
            self._arp(1, bytes(6)),
            self._arp(2, self.macs[0]),
        ]

    def _mutated(self, data, first):
        """Bytes from `first` on are flipped, set, cut off, inserted, repeated or overwritten."""
        data = bytearray(data)
        for _ in range(self.pick.choice((1, 1, 2, 4, 8))):
            at = self.pick.randrange(first, len(data) + 1)
            match self.pick.randrange(6):
                case 0:
                    data[at : at + 1] = bytes([self.pick.randrange(256)])
                case 1:
                    data[at : at + 1] = self.pick.choice(
                        (b"\0", b"\x3f", b"\x40", b"\xc0", b"\xff")
                    )
                case 2:
                    del data[at:]
                case 3:
                    data[at:at] = self.pick.randbytes(self.pick.randrange(1, 32))
                case 4:
                    data[at:at] = data[at : at + self.pick.randrange(1, 64)]
                case 5:
                    data[at : at + 2] = self.pick.randbytes(2)
        return bytes(data)

    def frame(self):
        if self.pick.random() < 0.5:
            # Most keep their Ethernet addresses: others never get past the first check.
            first = 0 if self.pick.random() < 0.02 else ETHERNET_ADDRESSES_LEN
            frame = self._mutated(self.pick.choice(self.frames), first)
        else:
            make = self.pick.choice((frames.query_v4, frames.query_v6))
            frame = make(*self.macs, self._mutated(self.pick.choice(self.messages), 0)[:1400])
        return frame[:FRAME_LEN_MAX].ljust(FRAME_LEN_MIN, b"\0")


def send_paced(wire, fuzz, node):
    """Sends FRAME_COUNT frames in bursts that the node's ring can hold; returns how many it got."""
    start = node.port()["rx_packets"]
    for _ in range(FRAME_COUNT // BURST_COUNT):
        for _ in range(BURST_COUNT):
            wire.send(fuzz.frame())
        time.sleep(0.001)
    time.sleep(0.3)  # The last bursts are being read.
    return node.port()["rx_packets"] - start


def test_answers_after_100000_fuzzed_frames(lab, resting):
    with Wire(lab) as wire:
        received = send_paced(wire, Fuzz(wire, SEED), resting)
    # Frames that a full ring dropped have tested nothing.
    assert received >= 0.95 * FRAME_COUNT
    # Forged ARP and discovery frames may have named another router; the real one asks again.
    lab.net.run("ip", "neighbour", "flush", "dev", "vnode")
    for server in (NODE_V4, NODE_V6):
        wire_question = query("www.example.org.", "A").to_wire()
        assert until(lambda: lab.exchange(wire_question, server, timeout_s=0.5), 5.0)
        reply = lab.ask(f"h{world.BULK_HOST_COUNT - 1}.bulk.net.", "A", server)
        assert reply.rcode() == dns.rcode.NOERROR and reply.answer
