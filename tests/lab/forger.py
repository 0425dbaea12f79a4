# SPDX-License-Identifier: BSD-2-Clause
"""An authority that answers late over UDP, and a forger that is told of each question meanwhile.

The forger is better off than anybody beside the path: it knows the port, the id and the letter
case of every query, and gets just one of the things wrong that a reply has to have.
"""

import contextlib
import random
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

import frames
from dnsserver import DnsServer, framed
from lab import NODE_V4

PORT = 53
DELAY_S = 0.1  # Of a round trip: far more than a busy machine adds to it.
GENUINE, FORGED = "192.0.2.99", "203.0.113.66"
FORGED_COUNT = 400  # A query; the node's ring has room for several times as many.
TEMPLATE_COUNT = 10  # All rcodes, with an answer or without.
RCODES = [
    dns.rcode.NOERROR,
    dns.rcode.SERVFAIL,
    dns.rcode.REFUSED,
    dns.rcode.NXDOMAIN,
    dns.rcode.NOTAUTH,
]


def _address_reply(query, address):
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    if address is not None:
        reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", address))
    return reply


def _forged_reply(query, number):
    """As the server would send it, with an answer, a failure, or nothing in it."""
    rcode = RCODES[number % len(RCODES)]
    has_answer = rcode == dns.rcode.NOERROR and number % 2 == 0
    reply = _address_reply(query, FORGED if has_answer else None)
    reply.set_rcode(rcode)
    return reply


# Each takes a forged reply and its ports (source, destination), and returns payload and ports.


def _wrong_id(reply, ports, chance):
    reply.id ^= 1 + chance.randrange(65535)
    return reply.to_wire(), ports


def _wrong_port(reply, ports, chance):
    other = (ports[1] - 1024 + 1 + chance.randrange(64511)) % 64512 + 1024
    return reply.to_wire(), (ports[0], other)


def _wrong_source_port(reply, ports, chance):
    return reply.to_wire(), (1024 + chance.randrange(64512), ports[1])


def _wrong_question(reply, ports, chance):
    # Without the records that dnspython would write with the name they have.
    reply.answer.clear()
    labels = reply.question[0].name.labels
    reply.question[0].name = dns.name.Name((b"x%x" % chance.randrange(1 << 32),) + labels[1:])
    return reply.to_wire(), ports


def _wrong_case(reply, ports, _):
    reply.question[0].name = dns.name.Name(
        label.swapcase() for label in reply.question[0].name.labels
    )
    return reply.to_wire(), ports


def _broken(reply, ports, chance):
    wire = bytearray(reply.to_wire())
    match chance.randrange(3):
        case 0:
            wire[2] &= 0x7F  # A query.
        case 1:
            wire = wire[: chance.randrange(len(wire))]
        case 2:
            wire[4:6] = b"\xff\xff"  # Questions that are not there.
    return bytes(wire), ports


# What is wrong, and the counter that it is found in.
KINDS = {
    _wrong_id: "upstream_wrong_id",
    _wrong_port: "upstream_stray",
    _wrong_source_port: "upstream_wrong_peer",
    _wrong_question: "upstream_wrong_question",
    _wrong_case: "upstream_wrong_case",
    _broken: "upstream_broken",
}


class SlowServer(DnsServer):
    """Serves `address`; in front of each answer, forged ones come from `forged_source`."""

    def __init__(self, lab, wire, address, forged_source, seed):
        super().__init__(lab, address, PORT)
        self.wire = wire
        self.forged_source = forged_source
        self.chance = random.Random(seed)
        self.asked = []  # Names, as they came over UDP.
        self.forged_count = 0

    def answer_udp(self, query, peer):
        reply = _address_reply(query, GENUINE).to_wire()
        # Behind the forged ones also where these take long.
        timer = threading.Timer(DELAY_S, self._reply, (reply, peer))
        self._forge(query, peer[1])
        self.asked.append(query.question[0].name.canonicalize())
        timer.start()

    def answer_tcp(self, query, _):
        return framed(_address_reply(query, GENUINE).to_wire()), True

    def _reply(self, wire, peer):
        with contextlib.suppress(OSError):  # Closed.
            self.udp.sendto(wire, peer)

    def _forge(self, query, port):
        """All of one kind: the first near miss has the node go on over TCP."""
        kind = list(KINDS)[len(self.asked) % len(KINDS)]
        templates = [self._forged_frame(query, port, kind, i) for i in range(TEMPLATE_COUNT)]
        for i in range(FORGED_COUNT):
            self.wire.send(templates[i % TEMPLATE_COUNT])
        self.forged_count += FORGED_COUNT

    def _forged_frame(self, query, port, kind, number):
        payload, (source_port, destination_port) = kind(
            _forged_reply(query, number), (PORT, port), self.chance
        )
        datagram = frames.udp(
            self.forged_source, NODE_V4, payload, source_port, destination_port
        )
        packet = frames.ipv4(self.forged_source, NODE_V4, frames.PROTOCOL_UDP, datagram)
        return frames.ethernet(self.wire.node_mac, self.wire.mac, frames.ETHERTYPE_IPV4, packet)
