# SPDX-License-Identifier: BSD-2-Clause
"""An authority that does wrong over UDP, or over TCP, what the first label of a name says."""

import dns.edns
import dns.flags
import dns.message
import dns.rrset

from dnsserver import DnsServer, framed

ADDRESS = "10.99.0.1"  # The lab's router.
PORT = 5301
ZONE = "odd.example"
BIG_COUNT = 220  # TXT records of 250 octets: 57 000 in all.
COOKIE = bytes(8)


def _kind(name):
    """The first label without the number that makes a name unique."""
    return name.labels[0].lower().rstrip(b"0123456789")


def _honest_reply(query):
    """Of as many octets as it takes."""
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    name = query.question[0].name
    if _kind(name).startswith(b"big"):
        rdatas = [f'"{i:03d}{"x" * 247}"' for i in range(BIG_COUNT)]
        reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", rdatas))
    else:
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.99"))
    return reply


class OddServer(DnsServer):
    """Keeps what it was asked, and from where, as (transport, peer, name)."""

    def __init__(self, lab, address=ADDRESS):
        super().__init__(lab, address, PORT)
        self.asked = []
        self.cookie_given = False

    def asked_over(self, transport, name):
        """How often; names are compared without case."""
        wanted = f"{name}.{ZONE}."
        return sum(t == transport and n.lower() == wanted for t, _, n in self.asked)

    def connections_of(self, prefix):
        """The peers of the connections on which names with that prefix were asked."""
        return [p for t, p, n in self.asked if t == "tcp" and n.lower().startswith(prefix)]

    def sources(self):
        """The addresses that it was asked from, each with the transport."""
        return {(transport, peer[0]) for transport, peer, _ in self.asked}

    def answer_udp(self, query, peer):
        self.asked.append(("udp", peer, query.question[0].name.to_text()))
        self.udp.sendto(self._udp_reply(query), peer)

    def answer_tcp(self, query, peer):
        name = query.question[0].name
        self.asked.append(("tcp", peer, name.to_text()))
        kind = _kind(name)
        if kind in (b"hang", b"hangup"):
            return b"", kind == b"hang"
        reply = _honest_reply(query)
        if kind == b"stray":
            reply.id ^= 1
        return framed(reply.to_wire(max_size=65535)), kind != b"once"

    def _udp_reply(self, query):
        kind = _kind(query.question[0].name)
        if kind == b"case":
            query.question[0].name = query.question[0].name.canonicalize()
        reply = _honest_reply(query)
        if kind == b"id":
            reply.id ^= 1
        if kind == b"cookie":
            # It makes one cookie in its life.
            sent = [o.data for o in query.options if o.otype == 10][0]
            if not self.cookie_given:
                self.cookie_given = True
                reply.use_edns(0, options=[dns.edns.GenericOption(10, sent + COOKIE)])
        if kind not in (b"case", b"id", b"cookie", b"udp"):
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.TC
        return reply.to_wire(max_size=65535)
