# SPDX-License-Identifier: BSD-2-Clause
"""A client that asks for names nobody asked for before, at a steady rate, and times the answers."""

import os
import select
import socket
import struct
import time

from rig import NODE_V4, query

SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
PATIENCE_S = 5.0


class Client:
    """Questions of one run. `asked` has for each (second of sending, ms or None, rcode or None)."""

    def __init__(self, rig, zone, rate):
        self.zone = zone
        self.gap_s = 1 / rate
        self.sock = rig.lab.net.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.connect((NODE_V4, 53))
        self.sock.setblocking(False)
        self.prefix = os.urandom(4).hex()
        self.asked = []
        self.waiting = {}  # id -> index in asked

    def _send(self):
        number = len(self.asked)
        message = query(f"u{self.prefix}{number}.{self.zone}.", "A", id=number & 0xFFFF)
        wire = message.to_wire()
        self.waiting[number & 0xFFFF] = number
        # The wall clock, because the kernel stamps arrivals with it.
        self.asked.append((time.time(), None, None))
        self.sock.send(wire)

    def _receive(self):
        reply, control, _, _ = self.sock.recvmsg(4096, 64)
        seconds, nanoseconds = struct.unpack("qq", control[0][2])
        number = self.waiting.pop(struct.unpack_from("!H", reply)[0], None)
        if number is not None:
            sent = self.asked[number][0]
            waited_ms = (seconds + nanoseconds / 1e9 - sent) * 1000
            self.asked[number] = (sent, waited_ms, reply[3] & 15)

    def _wait(self, end):
        """Takes replies until that time."""
        while (left := end - time.time()) > 0:
            if select.select([self.sock], [], [], left)[0]:
                self._receive()

    def run(self, seconds):
        """Asks for so long; gives the range of what was asked: (first, behind the last)."""
        first = len(self.asked)
        begin = time.time()
        for i in range(round(seconds / self.gap_s)):
            self._wait(begin + i * self.gap_s)
            self._send()
        self._wait(begin + seconds)
        return first, len(self.asked)

    def finish(self):
        """Waits for what is still on its way."""
        self._wait(time.time() + PATIENCE_S)
        self.sock.close()

    def latencies_ms(self, first, end):
        """Sorted; what was never answered, or not with NOERROR, waited as long as a client does."""
        patience_ms = PATIENCE_S * 1000
        return sorted(
            waited if rcode == 0 and waited < patience_ms else patience_ms
            for _, waited, rcode in self.asked[first:end]
        )
