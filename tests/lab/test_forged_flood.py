# SPDX-License-Identifier: BSD-2-Clause
"""Forged replies by the ten thousand change nothing of what is known of a server.

Two servers are asked the same in the same moment. The forged replies for the one bear its address,
those for the other an address that nobody asks, so that the node has the same work with both.
"""

import time

import dns.rcode
import pytest

import frames
from forger import DELAY_S, FORGED_COUNT, GENUINE, KINDS, PORT, SlowServer
from lab import query
from streams import Stream

QUESTION_COUNT = 60
ATTEMPT_COUNT = 5
BYSTANDER = "10.53.1.255"
PUBLISHED_S = 0.2  # The control thread folds what workers have seen every 50 ms.
# Both servers are asked at the same time by the same machine, and a forged reply comes at once.
NOISE = 1.5


def address_of(name, attempt):
    return f"10.53.1.{2 * attempt + (name == 'control') + 1}"


def zone_of(name, attempt):
    return f"{name}{attempt}.example"


ZONES = {
    zone_of(name, attempt): address_of(name, attempt)
    for attempt in range(ATTEMPT_COUNT)
    for name in ("flooded", "control")
}
NODE_CHANGES = {
    "resolver": {
        "stub": [{"zone": z, "servers": [f"{a}@{PORT}"]} for z, a in ZONES.items()],
    },
}


@pytest.fixture(scope="module")
def wire(lab):
    for address in ZONES.values():
        lab.net.run("ip", "address", "add", f"{address}/32", "dev", "lo")
    with frames.Wire(lab) as wire:
        yield wire
    for address in ZONES.values():
        lab.net.run("ip", "address", "delete", f"{address}/32", "dev", "lo")


def ask_both(lab, attempt):
    """
    Unique names of both zones, two at a time; every address has to be the server's. Returns
    whether none was missing.
    """
    answered = True
    with Stream(lab) as stream:
        for i in range(QUESTION_COUNT):
            for name in ("flooded", "control"):
                stream.send(query(f"question{i}.{zone_of(name, attempt)}.", "A"))
            for _ in range(2):
                reply = stream.receive()
                found = [a.address for rrset in reply.answer for a in rrset]
                answered &= bool(found)
                assert found in ([], [GENUINE]), f"{i}: {reply}"
                assert reply.rcode() == (dns.rcode.NOERROR if found else dns.rcode.SERVFAIL)
    return answered


def is_undisturbed(server):
    """Whether no reply came so late, for a busy machine, that it was given up or asked again."""
    return len(server.asked) == len(set(server.asked)) == QUESTION_COUNT


def flood(lab, wire, attempt):
    """Asks both servers; returns them, and whether the machine let each question be sent once."""
    flooded, control = (address_of(name, attempt) for name in ("flooded", "control"))
    with SlowServer(lab, wire, flooded, flooded, attempt) as first:
        with SlowServer(lab, wire, control, BYSTANDER, attempt) as second:
            answered = ask_both(lab, attempt)
    return first, second, answered and is_undisturbed(first) and is_undisturbed(second)


def standing(node, name, attempt):
    report = node.control("ns", address_of(name, attempt))
    (server,) = report.pop("servers")
    return report, server


def test_flood_leaves_the_standing_alone(lab, node, wire):
    for attempt in range(ATTEMPT_COUNT):
        before = node.totals()
        flooded, control, undisturbed = flood(lab, wire, attempt)
        if undisturbed:
            break
    else:
        pytest.fail(f"asked again, or never: {flooded.asked} or {control.asked}")
    node.rest()
    grown = node.grown(before)
    # The flood came as far as the comparison of replies with queries, and each kind did.
    assert flooded.forged_count == QUESTION_COUNT * FORGED_COUNT
    for counter in KINDS.values():
        assert grown[counter] > 0, counter
    refused = sum(grown[counter] for counter in KINDS.values())
    assert refused > 1.8 * flooded.forged_count, refused
    assert grown["servers_deprioritized"] == grown["upstream_timeouts"] == 0

    time.sleep(PUBLISHED_S)
    first, second = (standing(node, name, attempt) for name in ("flooded", "control"))
    assert first[0] == second[0] == {"found": True, "zones_avoided": 0}
    for _, server in (first, second):
        assert server["loss_percent"] == server["useless_percent"] == server["timeouts"] == 0
        assert not server["avoided"] and server["why"] == "good"
        assert server["rtt_ms"] >= DELAY_S * 1e3
    low, high = sorted(server["rtt_ms"] for _, server in (first, second))
    assert high < low * NOISE, (low, high)
