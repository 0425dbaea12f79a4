# SPDX-License-Identifier: BSD-2-Clause
"""The sockets and threads of an authority made up by a test, which says what is answered."""

import contextlib
import socket
import struct
import threading

import dns.message

from traffic import family_of

BACKLOG = 64


class DnsServer:
    """Serves UDP and TCP at an address of the lab's network until it is left."""

    def __init__(self, lab, address, port):
        self.udp = lab.net.socket(family_of(address), socket.SOCK_DGRAM)
        self.tcp = lab.net.socket(family_of(address), socket.SOCK_STREAM)
        for sock in (self.udp, self.tcp):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
        self.tcp.listen(BACKLOG)

    def answer_udp(self, query, peer):
        """Sends whatever is to be sent for a query to `peer`."""
        raise NotImplementedError

    def answer_tcp(self, query, peer):
        """
        What to write for a query on the connection from `peer`: octets, perhaps none, and
        whether the connection stays.
        """
        raise NotImplementedError

    def __enter__(self):
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        for sock in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _serve_udp(self):
        with contextlib.suppress(OSError):
            while True:
                wire, peer = self.udp.recvfrom(65535)
                if not wire:  # Closed.
                    return
                self.answer_udp(dns.message.from_wire(wire), peer)

    def _serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self.tcp.accept()
                threading.Thread(
                    target=self._serve_connection, args=(connection, peer), daemon=True
                ).start()

    def _serve_connection(self, connection, peer):
        with connection, contextlib.suppress(OSError):
            stream = connection.makefile("rb")
            stays = True
            while stays and len(head := stream.read(2)) == 2:
                query = dns.message.from_wire(stream.read(struct.unpack("!H", head)[0]))
                wire, stays = self.answer_tcp(query, peer)
                connection.sendall(wire)


def framed(wire):
    """A message as TCP carries it, behind its length (RFC 1035, section 4.2.2)."""
    return struct.pack("!H", len(wire)) + wire
