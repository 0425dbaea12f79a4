# SPDX-License-Identifier: BSD-2-Clause
"""Fitness: what a node says of itself, and when it announces the service addresses."""

import json
import os
import signal
import subprocess
import time

import pytest

from frames import ROUTER_V4, ROUTER_V6
from lab import NODE_V4, NODE_V6, until
from quince import Node

SERVICES = ["192.0.2.253", "2001:db8::53"]
CHANGES = {
    "service": {"addresses": [NODE_V4, *SERVICES]},
    "announce": {"after": 1, "drain": 3},
}


def announced(lab):
    """The addresses that table 53 has a route for; without any, the kernel has no such table."""
    lines = []
    for family in ("-4", "-6"):
        words = lab.node.command("ip", family, "route", "show", "table", "53")
        lines += subprocess.run(words, capture_output=True, text=True).stdout.splitlines()
    return sorted(line.split()[0] for line in lines)


@pytest.fixture
def fit(lab):
    """A node that has announced its addresses."""
    node = Node(lab, CHANGES)
    node.start()
    assert until(lambda: announced(lab) == SERVICES, 15.0), node.control("health")
    yield node
    if node.is_running():
        node.kill()


def health(node):
    process = node.control_process("health")
    return process.returncode, json.loads(process.stdout)


def test_fit_node_says_so(lab, fit):
    status, report = health(fit)
    assert status == 0
    assert report["fit"] and report["announced"] and report["reason"] is None


def test_drain_withdraws_at_once_and_answers_on(lab, fit):
    begin = time.monotonic()
    fit.control("drain")
    assert announced(lab) == []
    assert time.monotonic() - begin < 0.5
    assert lab.ask("www.example.com.", "A").answer
    status, report = health(fit)
    assert status == 1 and report["draining"] and report["reason"] == "draining"
    fit.control("undrain")
    assert until(lambda: announced(lab) == SERVICES, 5.0)
    assert health(fit)[0] == 0


def test_link_that_is_down_withdraws(lab, fit):
    lab.net.run("ip", "link", "set", "vnode", "down")
    try:
        assert until(lambda: announced(lab) == [], 2.0)
        status, report = health(fit)
        assert status == 1 and report["reason"] == "a link is down"
    finally:
        lab.net.run("ip", "link", "set", "vnode", "up")
        lab.net.run("ip", "address", "replace", "fd00:99::1/64", "dev", "vnode", "nodad")
    assert until(lambda: announced(lab) == SERVICES, 15.0), health(fit)


def test_interface_that_is_deleted_withdraws(lab, fit):
    lab.node.run("ip", "link", "delete", "quince0")
    assert until(lambda: not health(fit)[1]["fit"], 3.0)
    assert "kernel's side" in health(fit)[1]["reason"]
    assert lab.ask("www.example.com.", "A").answer


def test_stop_drains_first(lab, fit):
    fit.process.send_signal(signal.SIGTERM)
    assert until(lambda: announced(lab) == [], 1.0)
    assert lab.ask("www.example.org.", "A").answer
    assert fit.process.wait(timeout=6) == 0


def test_second_signal_does_not_wait(lab, fit):
    fit.process.send_signal(signal.SIGTERM)
    assert until(lambda: announced(lab) == [], 1.0)
    begin = time.monotonic()
    fit.process.send_signal(signal.SIGTERM)
    assert fit.process.wait(timeout=6) == 0
    assert time.monotonic() - begin < 1.0


def test_probes(lab):
    """All names failing withdraws; one of them does not, nor does a last resort."""
    node = Node(lab, CHANGES)
    node.settings["announce"]["probes"] = ["www.example.com", "x.alldead.net"]
    node.start()
    try:
        assert until(lambda: health(node)[1]["probes_failed"] == 1, 25.0), health(node)
        assert health(node)[0] == 0
    finally:
        node.kill()


def test_routes_that_somebody_takes_away_come_again(lab, fit):
    lab.node.run("ip", "-4", "route", "flush", "table", "53")
    assert until(lambda: announced(lab) == SERVICES, 3.0)
    lab.node.run("ip", "link", "set", "quince0", "down")
    assert announced(lab) == []
    lab.node.run("ip", "link", "set", "quince0", "up")
    assert until(lambda: announced(lab) == SERVICES, 3.0)


SILENT = "a question to itself had no answer"


@pytest.mark.skipif(os.cpu_count() < 2, reason="two workers need two cores")
def test_first_probe_that_fails_is_no_silence_of_two_workers(lab):
    """The node asks itself for the first probe, which only one worker is the home of."""
    port = {
        "device": "net_af_packet0,iface=vres",
        "addresses": [f"{NODE_V4}/24", f"{NODE_V6}/64"],
        "gateways": [ROUTER_V4, ROUTER_V6],
    }
    node = Node(lab, {**CHANGES, "node": {"workers": [0, 1]}, "ports": [port]})
    node.settings["announce"] = {"after": 1, "probes": ["x.alldead.net", "www.example.com"]}
    node.start()
    try:
        assert until(lambda: health(node)[1]["probes_failed"] == 1, 25.0), health(node)
        assert not until(lambda: health(node)[1]["reason"] == SILENT, 3.0)
    finally:
        node.kill()
