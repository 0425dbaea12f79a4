# SPDX-License-Identifier: BSD-2-Clause
"""An authority that does wrong over UDP, or over TCP, what the first label of a name says."""

import contextlib
import socket
import struct
import threading

import dns.edns
import dns.flags
import dns.message
import dns.rrset

ADDRESS = "10.99.0.1"  # The lab's router.
PORT = 5301
ZONE = "odd.example"
BIG_COUNT = 220  # TXT records of 250 octets: 57 000 in all.
COOKIE = bytes(8)


class OddServer:
    """Serves ADDRESS, UDP and TCP, and keeps what it was asked as (transport, connection, name)."""

    def __init__(self, lab):
        self.asked = []
        self.connection_count = 0
        self.cookie_given = False
        self.udp = lab.net.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = lab.net.socket(socket.AF_INET, socket.SOCK_STREAM)
        for sock in (self.udp, self.tcp):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((ADDRESS, PORT))
        self.tcp.listen(64)
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self):
        for sock in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def asked_over(self, transport, name):
        """How often; names are compared without case."""
        wanted = f"{name}.{ZONE}."
        return sum(t == transport and n.lower() == wanted for t, _, n in self.asked)

    def connections_of(self, prefix):
        """The numbers of the connections on which names with that prefix were asked."""
        return [c for t, c, n in self.asked if t == "tcp" and n.lower().startswith(prefix)]

    def answer(self, question):
        """An honest answer, of as many octets as it takes."""
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.AA
        name = question.question[0].name
        if name.labels[0].lower().startswith(b"big"):
            rdatas = [f'"{i:03d}{"x" * 247}"' for i in range(BIG_COUNT)]
            reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", rdatas))
        else:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.99"))
        return reply

    def serve_udp(self):
        while True:
            try:
                wire, peer = self.udp.recvfrom(65535)
            except OSError:
                return
            if not wire:  # Closed.
                return
            question = dns.message.from_wire(wire)
            self.asked.append(("udp", 0, question.question[0].name.to_text()))
            self.udp.sendto(self.udp_reply(question), peer)

    def udp_reply(self, question):
        kind = question.question[0].name.labels[0].lower().rstrip(b"0123456789")
        if kind == b"case":
            question.question[0].name = question.question[0].name.canonicalize()
        reply = self.answer(question)
        if kind == b"id":
            reply.id ^= 1
        if kind == b"cookie":
            # It makes one cookie in its life.
            sent = [o.data for o in question.options if o.otype == 10][0]
            if not self.cookie_given:
                self.cookie_given = True
                reply.use_edns(0, options=[dns.edns.GenericOption(10, sent + COOKIE)])
        if kind not in (b"case", b"id", b"cookie", b"udp"):
            reply = dns.message.make_response(question)
            reply.flags |= dns.flags.TC
        return reply.to_wire(max_size=65535)

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            self.connection_count += 1
            threading.Thread(
                target=self.serve_connection, args=(connection, self.connection_count), daemon=True
            ).start()

    def serve_connection(self, connection, number):
        with connection, contextlib.suppress(OSError, EOFError):
            stream = connection.makefile("rb")
            while True:
                head = stream.read(2)
                if len(head) < 2:
                    return
                question = dns.message.from_wire(stream.read(struct.unpack("!H", head)[0]))
                name = question.question[0].name
                self.asked.append(("tcp", number, name.to_text()))
                kind = name.labels[0].lower().rstrip(b"0123456789")
                if kind == b"hang":
                    continue
                if kind == b"hangup":
                    return
                reply = self.answer(question)
                if kind == b"stray":
                    reply.id ^= 1
                wire = reply.to_wire(max_size=65535)
                connection.sendall(struct.pack("!H", len(wire)) + wire)
                if kind == b"once":
                    return
