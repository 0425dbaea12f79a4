#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What connections of clients cost: memory, and others' time.

Prints lines `name value unit` and appends them to perf/history.ndjson:

    memory.tcp_idle, .tls_idle     what a connection that asks nothing adds to the daemon's memory
    memory.tls_begun               the same of a handshake whose client announces the longest first
                                   message there is and says no more,
    memory.tls_answered            and of one whose client has had the node's part and says no more
    begun.kept, begun.memory       of BEGUN_COUNT that begin like that: how many handshakes are
                                   under way then, and what they add together
    hit_SHARE_us.alone, .beside_connections
                                   how long hits over UDP take, beside IDLE_COUNT connections that
                                   idle and SLOW_COUNT that send an octet a second
    core_had_by_others.*           of the time, the worker's core was another process's
    tcp_SHARE_ms.alone, .beside_handshakes, .beside_hellos
                                   how long a hit takes on a plain connection, beside clients that
                                   make TLS handshakes with a key of RSA as fast as they can, and
                                   beside some that leave when the node has done its part of one,
                                   which costs them next to nothing
    handshakes.whole, .hellos      so many of these there were a second
"""

import argparse
import contextlib
import multiprocessing
import os
import re
import resource
import socket
import ssl
import statistics
import struct
import time
from pathlib import Path

import history
import hits
from rig import GENERATOR_CORE, NODE_V4, affinity, need, opened
from systems import Quince

# pylint: disable=wrong-import-order
from lab import query, until
from streams import RSA, TLS_PORT, Stream, make_certificate, tls_context, trickling

MEMORY_COUNT = 1_000
BEGUN_COUNT = 8_000
IDLE_COUNT, SLOW_COUNT = 10_000, 1_000
TRICKLE_COUNT = 5  # Of the slow ones, how many send at once.
CONNECTION_MAX = 12_000
HIT_RATE = 20_000
ASK_INTERVAL_S = 0.005
FLOOD_COUNT = 8  # Clients that make handshakes at a time.
IDLE_TIMEOUT_S = 300
SETTLE_S = 1.0
# The head of a ClientHello of 128 KiB, the longest that OpenSSL takes, in a record that ends with it.
BEGIN = bytes((22, 3, 1, 0, 4, 1)) + (131_000).to_bytes(3, "big")


def changes(directory, poll):
    certificate, key = make_certificate(directory, "node", RSA)
    return {
        "node": {"poll": poll},
        "resolver": hits.UNLIMITED,
        "tcp": {
            "connections": CONNECTION_MAX,
            "connections-per-network": CONNECTION_MAX,
            "idle-timeout": IDLE_TIMEOUT_S,
        },
        "tls": {"certificate": str(certificate), "key": str(key)},
    }


def resident_bytes(node):
    """Memory of the daemon that is not shared, hugepages aside."""
    text = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", text).group(1)) * 1024


def open_clients(node):
    return node.control("status")["streams"]["stream_clients"]


def await_clients(node, count):
    if not until(lambda: open_clients(node) == count, 30.0):
        raise RuntimeError(f"{open_clients(node)} connections are open, not {count}")


@contextlib.contextmanager
def connected(rig, node, count, opened_by):
    """So many connections for the length of a with block, in which nobody else may have one."""
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(opened_by(rig)) for _ in range(count)]
        yield streams
    await_clients(node, 0)


# Memory.


def tcp_idle(rig):
    return Stream(rig.lab)


def tls_idle(rig):
    stream = Stream(rig.lab, NODE_V4, TLS_PORT, tls_context())
    stream.ask("h0.bulk.net.", "A")
    return stream


def tls_begun(rig):
    stream = Stream(rig.lab, NODE_V4, TLS_PORT)
    stream.socket.sendall(BEGIN)
    return stream


def client_hello():
    """The first octets that a client of TLS sends."""
    sent = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        tls_context().wrap_bio(ssl.MemoryBIO(), sent).do_handshake()
    return sent.read()


def tls_answered(rig):
    """A client's first message, and nothing after what comes back."""
    stream = Stream(rig.lab, NODE_V4, TLS_PORT)
    stream.socket.sendall(client_hello())
    stream.receive_octets(1)
    return stream


def added_bytes(rig, node, count, opened_by):
    """By how much the daemon grows, and how many of these connections it keeps."""
    before = resident_bytes(node)
    with connected(rig, node, count, opened_by):
        time.sleep(SETTLE_S)
        return resident_bytes(node) - before, open_clients(node)


def measure_memory(rig, system):
    """Each kind with a daemon of its own: memory that was used before is used again."""
    figures = {}
    for opened_by in (tcp_idle, tls_idle, tls_begun, tls_answered):
        with system.running(rig):
            added, kept = added_bytes(rig, system.node, MEMORY_COUNT, opened_by)
        figures[f"memory.{opened_by.__name__}"] = (round(added / kept / 1024, 1), "KiB")
    with system.running(rig):
        added, kept = added_bytes(rig, system.node, BEGUN_COUNT, tls_begun)
    return figures | {
        "begun.kept": (kept, "1"),
        "begun.memory": (round(added / 2**20, 1), "MiB"),
    }


# Hits over UDP.


def measure_hits(rig, system, seconds):
    with system.running(rig), affinity({GENERATOR_CORE}):
        hits.learn(rig, hits.hot_names(rig))
        figures = hits.latencies(rig, system, HIT_RATE, seconds, "alone")
        with connected(rig, system.node, IDLE_COUNT + SLOW_COUNT, tcp_idle) as streams:
            await_clients(system.node, len(streams))
            with trickling(streams[:SLOW_COUNT], TRICKLE_COUNT):
                figures |= hits.latencies(rig, system, HIT_RATE, seconds, "beside_connections")
            await_clients(system.node, len(streams))
    return figures


# Plain TCP beside handshakes.


@contextlib.contextmanager
def first():
    """Goes before everything else on its core for the length of a with block."""
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    try:
        with affinity({GENERATOR_CORE}):
            yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def ask_steadily(rig, seconds):
    """Milliseconds that each answer took: of questions one after the other, on one connection."""
    wire = query("h1.bulk.net.", "A").to_wire()
    waited = []
    with Stream(rig.lab) as stream, first():
        end = time.monotonic() + seconds
        while (begin := time.monotonic()) < end:
            stream.socket.sendall(struct.pack("!H", len(wire)) + wire)
            stream.receive_wire()
            waited.append((time.monotonic() - begin) * 1000)
            time.sleep(ASK_INTERVAL_S)
    return waited


def tcp_latencies(rig, seconds, suffix):
    shares = statistics.quantiles(ask_steadily(rig, seconds), n=1000, method="inclusive")
    return {
        f"tcp_{share}_ms.{suffix}": (round(shares[at - 1], 3), "ms")
        for share, at in (("p50", 500), ("p99", 990), ("p99.9", 999))
    }


def make_handshakes():
    """One after the other, without end."""
    context = tls_context()
    while True:
        with contextlib.suppress(OSError), socket.socket() as plain:
            plain.connect((NODE_V4, TLS_PORT))
            context.wrap_socket(plain).close()


def say_hello():
    """Has the node do its part of a handshake and leaves, over and over."""
    hello = client_hello()
    while True:
        with contextlib.suppress(OSError), socket.socket() as plain:
            # The end is a reset, so that no port waits for anything.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            plain.connect((NODE_V4, TLS_PORT))
            plain.sendall(hello)
            plain.recv(1)


def run_beside(rig, client):
    """In a process of its own, where the clients are; others on its core go first."""
    os.nice(10)
    os.sched_setaffinity(0, {GENERATOR_CORE})
    with rig.lab.client.entered():
        client()


@contextlib.contextmanager
def flood(rig, client):
    """So many clients at a time for the length of a with block."""
    processes = [
        multiprocessing.Process(target=run_beside, args=(rig, client), daemon=True)
        for _ in range(FLOOD_COUNT)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def measure_handshakes(rig, system, seconds):
    figures = {}
    with system.running(rig):
        hits.learn(rig, hits.hot_names(rig))
        figures |= tcp_latencies(rig, seconds, "alone")
        for client, kind, suffix in (
            (make_handshakes, "whole", "beside_handshakes"),
            (say_hello, "hellos", "beside_hellos"),
        ):
            with flood(rig, client):
                time.sleep(SETTLE_S)
                before = system.node.totals()["stream_accepted_tls"]
                figures |= tcp_latencies(rig, seconds, suffix)
                made = system.node.totals()["stream_accepted_tls"] - before
            figures[f"handshakes.{kind}"] = (round(made / seconds), "1/s")
    return figures


def options():
    parser = argparse.ArgumentParser(description="What connections of clients cost.")
    parser.add_argument("--seconds", type=int, default=10, help="of each latency")
    parser.add_argument("--only", choices=("memory", "hits", "handshakes"))
    return parser.parse_args()


def main():
    given = options()
    need("dnsperf")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures = {}
    with opened("connections") as rig:
        # As in the other figures of hits, and as a node has it where its threads share cores.
        busy = Quince(changes=changes(rig.directory, "busy"))
        system = Quince(changes=changes(rig.directory, "adaptive"))
        if given.only in (None, "memory"):
            figures |= measure_memory(rig, system)
        if given.only in (None, "hits"):
            figures |= measure_hits(rig, busy, given.seconds)
        if given.only in (None, "handshakes"):
            figures |= measure_handshakes(rig, system, given.seconds)
    history.record("connections", figures, {"openssl": ssl.OPENSSL_VERSION})


if __name__ == "__main__":
    main()
