# SPDX-License-Identifier: BSD-2-Clause
"""`poll: adaptive` is a good neighbour, and loses nothing by it."""

import os
import socket
import time
from pathlib import Path

import dns.message

from lab import NODE_V4, query

SILENCE_S = 0.02  # After which the worker sleeps for as long as it ever does.
ROUND_COUNT = 50
BURST = 100  # At once; the socket has room for as many replies.

NODE_CHANGES = {"node": {"poll": "adaptive"}}


def processor_s(node):
    """Processor seconds that the process has used."""
    fields = Path(f"/proc/{node.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_idle_daemon_rests(lab, node):
    lab.ask("www.example.com.", "A")
    time.sleep(1)
    begin = processor_s(node)
    time.sleep(2)
    assert (processor_s(node) - begin) / 2 < 0.10


def test_burst_finds_it_awake_enough(lab, node):
    """What comes while a worker sleeps waits in the ring, all of it."""
    wire = query("www.example.com.", "A").to_wire()
    lab.ask("www.example.com.", "A")
    before = node.totals()
    with lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5.0)
        sock.connect((NODE_V4, 53))
        for _ in range(ROUND_COUNT):
            time.sleep(SILENCE_S)
            for i in range(BURST):
                sock.send(i.to_bytes(2) + wire[2:])
            replies = [dns.message.from_wire(sock.recv(4096)) for _ in range(BURST)]
            assert {reply.id for reply in replies} == set(range(BURST))
    # It slept before each, and in the silence more than once.
    assert node.totals()["worker_rest"] - before["worker_rest"] > ROUND_COUNT
