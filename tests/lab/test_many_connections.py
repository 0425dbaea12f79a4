# SPDX-License-Identifier: BSD-2-Clause
"""Thousands of connections that idle or trickle: the worker does not see them.

How long hits over UDP take beside them is measured by perf/connections.py.
"""

import contextlib
import resource

import pytest

from lab import until
from streams import Stream, trickling

IDLE_COUNT, SLOW_COUNT = 10_000, 1_000
FILES_BESIDE = 1_100  # What the node wants for all else, and more than a test has open.
IDLE_TIMEOUT_S = 120
NAMES, ROUNDS = 100, 20
PATIENCE_S = 30.0

NODE_CHANGES = {
    "tcp": {
        "connections": IDLE_COUNT + SLOW_COUNT,
        "connections-per-network": IDLE_COUNT + SLOW_COUNT,
        "idle-timeout": IDLE_TIMEOUT_S,
    }
}


@pytest.fixture(scope="module", autouse=True)
def files():
    """Lets the node, which is started afterwards, and the test open as many as they need."""
    least = IDLE_COUNT + SLOW_COUNT + FILES_BESIDE
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, max(least, most)))
    except (OSError, ValueError):
        pytest.skip(f"{least} open files are needed, and no more than {most} are allowed here")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (now, most))


def open_clients(node):
    return node.control("status")["streams"]["stream_clients"]


def ask_for_hits(lab):
    for i in range(NAMES):
        assert lab.ask(f"h{i}.bulk.net.", "A").answer


def test_hits_beside_ten_thousand_connections(lab, node):
    """Every one is answered, and the worker hears of no octet that trickles."""
    ask_for_hits(lab)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(lab)) for _ in range(IDLE_COUNT + SLOW_COUNT)]
        assert until(lambda: open_clients(node) == len(streams), PATIENCE_S), open_clients(node)
        before = node.totals()
        with trickling(streams[:SLOW_COUNT], SLOW_COUNT):
            for _ in range(ROUNDS):
                ask_for_hits(lab)
        grown = node.grown(before)
        assert grown["cache_hits"] == NAMES * ROUNDS, grown
        assert grown["stream_questions"] == grown["cache_misses"] == 0, grown
        assert open_clients(node) == len(streams)
        assert streams[-1].ask("h1.bulk.net.", "A").answer
    assert until(lambda: open_clients(node) == 0, PATIENCE_S)
