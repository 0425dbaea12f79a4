# SPDX-License-Identifier: BSD-2-Clause
"""What the node knows of nameservers: it is shown, kept across a restart, and never trusted blindly."""

from pathlib import Path

import pytest

import world
from lab import until
from quince import START_S, Node

ZONE = "onedead.com."  # Of its two servers the second is silent.


def servers_of(zone_name, state):
    return set(world.addresses_of(zone_name.rstrip("."), state))


def lock_of(path):
    """What keeps other nodes from the file."""
    return path.with_suffix(".lock")


def known(node, zone_name):
    """What is known of the servers of a zone, by address."""
    report = node.control("ns", zone_name)
    assert report["found"] and report["zone"] == zone_name
    return {server["address"]: server for server in report["servers"]}


@pytest.fixture
def path(lab):
    path = lab.directory / "statistics"
    path.unlink(missing_ok=True)
    yield path
    for left in (path, lock_of(path)):
        left.unlink(missing_ok=True)


@pytest.fixture
def make_node(lab, path):
    """Starts nodes that keep their statistics in `path`; ends the last one that still runs."""
    made = []

    def make():
        node = Node(lab, {"node": {"statistics": str(path)}})
        made.append(node)
        node.start()
        return node

    yield make
    for node in made:
        if node.is_running():
            node.stop()


def learn_of_the_dead(lab, node):
    """Asks until the node has found out which servers of ZONE are silent."""
    dead = servers_of(ZONE, "silent")

    def avoided():
        lab.ask(f"n{avoided.count}.many.{ZONE}", "A")
        avoided.count += 1
        servers = known(node, ZONE)
        return all(servers[address]["avoided"] for address in dead)

    avoided.count = 0
    assert until(avoided, 60.0, step_s=0.01), known(node, ZONE)


def test_the_silent_are_avoided_and_the_others_measured(lab, make_node):
    node = make_node()
    learn_of_the_dead(lab, node)
    servers = known(node, ZONE)
    assert set(servers) == servers_of(ZONE, "silent") | servers_of(ZONE, "live")
    for address in servers_of(ZONE, "silent"):
        assert servers[address]["why"].startswith("avoided: silent for")
        assert "rtt_ms" not in servers[address]
    live = [servers[address] for address in servers_of(ZONE, "live")]
    assert any(server.get("rtt_ms", 1000) < 100 for server in live)
    assert not any(server["avoided"] for server in live)
    # The best comes first, the avoided last.
    report = node.control("ns", ZONE)["servers"]
    assert report[0]["address"] in servers_of(ZONE, "live") and report[-1]["avoided"]


def test_one_address_and_all_of_them(lab, make_node):
    node = make_node()
    lab.ask("www.example.com.", "A")
    assert until(lambda: node.control("ns")["addresses"] > 0, 2.0)
    everything = node.control("ns")
    assert everything["samples_folded"] > 0 and everything["samples_dropped"] == 0
    assert everything["rows"] >= everything["addresses"] >= len(everything["servers"]) > 0
    address = everything["servers"][0]["address"]
    one = node.control("ns", address)
    assert one["found"] and [s["address"] for s in one["servers"]] == [address]
    assert not node.control("ns", "192.0.2.77")["found"]
    assert node.control("ns", "www.example.com.")["zone"] == "example.com."
    assert node.control_process("ns", "a..b").returncode == 1


def test_a_restarted_node_asks_the_best_at_once(lab, make_node, path):
    node = make_node()
    learn_of_the_dead(lab, node)
    assert node.stop()[0] == 0
    assert path.stat().st_size > 32
    again = make_node()
    assert "addresses are known from" in again.log()
    for i in range(20):
        assert lab.ask(f"again{i}.many.{ZONE}", "A").answer
    # Nobody had to wait for a silent server first: whatever asked it was a probe.
    again.rest()
    totals = again.totals()
    assert totals["upstream_timeouts"] <= totals["probes"]
    servers = known(again, ZONE)
    assert all(servers[address]["avoided"] for address in servers_of(ZONE, "silent"))


@pytest.mark.parametrize(
    "damage, complaint",
    [
        (lambda whole: whole[:-1], "is damaged"),
        (lambda whole: whole[:40] + b"\xff" + whole[41:], "is damaged"),
        (lambda whole: b"something else entirely, and of some length", "was not written by"),
        (lambda whole: b"", "was not written by"),
        (lambda whole: whole * 100000, "is too large"),
    ],
    ids=["cut", "changed", "foreign", "empty", "large"],
)
def test_a_bad_file_is_reported_and_does_no_harm(lab, make_node, path, damage, complaint):
    node = make_node()
    lab.ask("www.example.com.", "A")
    assert node.stop()[0] == 0
    path.write_bytes(damage(path.read_bytes()))
    again = make_node()
    assert complaint in again.log() and "it is not used" in again.log()
    assert lab.ask("www.example.com.", "A").answer
    assert again.stop()[0] == 0
    # It has been replaced by a good one.
    third = make_node()
    assert "it is not used" not in third.log()


def test_two_nodes_never_keep_one_file(lab, make_node, path):
    """The second says so and ends, as long as the first runs: not when that was killed."""
    node = make_node()
    second = Node(lab, {"node": {"statistics": str(path)}}, name="second")
    try:
        second.launch()
        assert second.process.wait(timeout=START_S) == 1
        assert f"another node keeps {path}; give this one" in second.log()
        assert not Path(second.socket_path).exists()
        assert lab.ask("www.example.com.", "A").answer
        node.kill()
        again = make_node()
        assert again.stop()[0] == 0
        assert path.exists() and not lock_of(path).exists()
    finally:
        if second.is_running():
            second.kill()
        second.remove_files()


def test_no_place_for_the_lock_is_said(lab, make_node, path):
    lock_of(path).mkdir()
    try:
        node = make_node()
        assert f"another node that keeps {path}, too, would not be noticed" in node.log()
        assert lab.ask("www.example.com.", "A").answer
        assert node.stop()[0] == 0
        assert path.exists()
    finally:
        lock_of(path).rmdir()


def test_no_place_for_the_file_is_no_reason_not_to_run(lab, make_node, path):
    path.mkdir()
    try:
        node = make_node()
        assert lab.ask("www.example.com.", "A").answer
        assert node.stop()[0] == 0
        assert "cannot be written" in node.log()
    finally:
        path.rmdir()
