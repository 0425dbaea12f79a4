# SPDX-License-Identifier: BSD-2-Clause
"""quincectl: what it prints can be parsed, and it is true."""

import json
import os
import socket
import subprocess

import pytest

from lab import query, until
from quince import QUINCECTL

MIB = 1 << 20


def test_status(lab, node):
    lab.ask("www.example.com.", "A")
    status = node.control("status")
    assert status["state"] == "running"
    assert status["version"]
    assert status["node_id"] == node.settings["node"]["id"]
    assert status["pid"] == node.process.pid
    assert status["uptime_s"] > 0
    assert 0 < status["memory"]["allocated_bytes"] <= status["memory"]["resident_bytes"]
    assert 0 < status["cache"]["entries"]
    assert 0 < status["cache"]["used_bytes"] <= status["cache"]["capacity_bytes"] <= 64 * MIB
    assert [w["core"] for w in status["workers"]] == node.settings["node"]["workers"]
    assert status["mempools"]
    for pool in status["mempools"]:
        assert 0 <= pool["in_use"] <= pool["size"]


def test_uptime_moves(node):
    first = node.control("status")["uptime_s"]
    assert until(lambda: node.control("status")["uptime_s"] > first, 2.0)


def test_parked_clients_are_seen_and_go(lab, node):
    """A question to silent servers waits, is counted while it does, and no longer after."""
    node.flush()
    reply = lab.exchange(query("www.alldead.net.", "A").to_wire(), timeout_s=0.3)
    assert reply is None
    status = node.control("status")
    assert sum(w["parked_clients"] for w in status["workers"]) == 1
    assert sum(w["upstream_in_flight"] for w in status["workers"]) >= 1
    assert until(lambda: node.waiting() == 0, 12.0)


def test_stats_count_this_very_question(lab, node):
    node.flush()
    before = node.totals()
    lab.ask("www.mixedcase.net.", "A")
    lab.ask("www.mixedcase.net.", "A")
    after = node.totals()
    grown = {key: after[key] - before[key] for key in before}
    assert grown["client_queries"] == 2 and grown["client_replies"] == 2
    assert grown["cache_hits"] == 1 and grown["cache_misses"] == 1
    # The root, net, and mixedcase.net at least; addresses of name servers may be asked for, too.
    assert grown["upstream_queries"] >= 3
    assert 3 <= grown["upstream_replies"] <= grown["upstream_queries"]
    assert grown["client_refused"] == 0


def test_totals_are_the_sum_over_workers(node):
    stats = node.control("stats")
    counters = set(stats["workers"][0]) - {"core"}
    assert counters == set(stats["totals"])
    for counter in counters:
        assert stats["totals"][counter] == sum(w[counter] for w in stats["workers"]), counter


def test_ports_say_what_was_configured(lab, node):
    before = node.port()
    lab.ask("www.example.com.", "A")
    after = node.control("ports")["ports"]
    assert len(after) == 1
    port, configured = after[0], node.settings["ports"][0]
    assert port["device"] == configured["device"]
    assert port["addresses"] == configured["addresses"]
    assert port["gateways"] == configured["gateways"]
    assert port["mac"] == lab.node.mac("vres").hex(":")
    assert port["link"] == "up"
    assert port["rx_packets"] > before["rx_packets"]
    assert port["tx_packets"] > before["tx_packets"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["lookup"],
        ["lookup", "www.example.com."],
        ["trace", "www.example.com."],
        ["flush"],
        ["status", "surplus"],
        ["--socket"],
        ["--frobnicate", "status"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(node, words):
    process = node.control_process(*words)
    assert process.returncode == 2
    assert process.stdout == "" and process.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["lookup", "a..b", "A"],
        ["lookup", "x" * 64 + ".com.", "A"],
        ["lookup", "www.example.com.", "NOSUCHTYPE"],
        ["trace", "a..b", "A"],
        ["trace", "www.example.com.", "NOSUCHTYPE"],
        ["flush", "a..b"],
    ],
    ids=lambda words: f"{words[0]} {words[-1][:12]}",
)
def test_refused_command_says_why(node, words):
    process = node.control_process(*words)
    assert process.returncode == 1
    assert process.stdout == "" and len(process.stderr.splitlines()) == 1


def test_no_daemon_is_one_sentence(lab):
    process = subprocess.run(
        [QUINCECTL, "--socket", lab.directory / "nobody.sock", "status"],
        text=True,
        capture_output=True,
    )
    assert process.returncode == 1
    assert process.stdout == ""
    assert len(process.stderr.splitlines()) == 1 and "nobody.sock" in process.stderr


def test_socket_is_for_its_owner_alone(node):
    assert os.stat(node.socket_path).st_mode & 0o007 == 0


def test_garbage_on_the_socket_hurts_nobody(node):
    for garbage in (b"", b"\n", b"{", b"\xff" * 100, b"x" * 100000, b'{"command":17}\n'):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(1)
            sock.connect(node.socket_path)
            try:
                sock.sendall(garbage)
                sock.shutdown(socket.SHUT_WR)
                sock.recv(65536)
            except (BrokenPipeError, ConnectionResetError):
                pass
    assert node.control("status")["state"] == "running"


def test_flushes_at_once_are_all_answered(node):
    """Each worker does one after the other; nobody is forgotten or gets another's count."""
    names = [f"zone{i}.example." for i in range(10)]
    socks = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in names]
    try:
        for sock, name in zip(socks, names):
            sock.settimeout(10)
            sock.connect(node.socket_path)
            sock.sendall(json.dumps({"command": "flush", "name": name}).encode() + b"\n")
        replies = [json.loads(sock.makefile().readline()) for sock in socks]
    finally:
        for sock in socks:
            sock.close()
    assert replies == [{"name": name, "flushed": 0} for name in names]
