# SPDX-License-Identifier: BSD-2-Clause
"""Fitness: what a node says of itself, and when it announces the service addresses."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from frames import ROUTER_V4
from lab import CLIENT_V6, NODE_V4, until
from quince import Node, ports_of
from traffic import ping

PATIENCE_S = 30.0  # For what takes a second or two on a machine that is not busy.
QUESTION_S = 10.0  # Until a question that nobody answers is given up (lib/resolve/resolver.h).
SERVICES = ["192.0.2.253", "2001:db8::53"]
# Requests of ptrace(2), and that waitpid(2) is to hear of threads.
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000
two_cores = pytest.mark.skipif(os.cpu_count() < 2, reason="two workers need two cores")
CHANGES = {
    "service": {"addresses": [NODE_V4, *SERVICES]},
    # At once: a busy machine may be long without a whole second in which every worker turns.
    "announce": {"after": 0, "drain": 60},
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
    try:
        assert until(lambda: announced(lab) == SERVICES, PATIENCE_S), (health(node), node.log())
        yield node
    finally:
        if node.is_running():
            node.kill()


@contextlib.contextmanager
def asked(lab, node):
    """Somebody keeps asking for the length of a with block: a drain waits for that to end."""
    questions = lab.directory / "questions"
    questions.write_text("www.example.org A\n")
    process = subprocess.Popen(
        lab.client.command("dnsperf", "-s", NODE_V4, "-d", questions, "-l", 300, "-Q", 1000),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: node.totals()["client_queries"] > 100, PATIENCE_S), node.log()
        yield
    finally:
        process.kill()
        process.wait()
        questions.unlink()


def health(node):
    process = node.control_process("health")
    return process.returncode, json.loads(process.stdout)


def test_fit_node_says_so(lab, fit):
    assert until(lambda: health(fit)[0] == 0, PATIENCE_S), health(fit)
    report = health(fit)[1]
    assert report["announced"] and report["families"]["ipv6"]["announced"]


def test_drain_withdraws_at_once_and_answers_on(lab, fit):
    fit.control("drain")
    assert announced(lab) == []
    assert lab.ask("www.example.com.", "A").answer
    status, report = health(fit)
    assert status == 1 and report["draining"] and report["reason"] == "draining"
    fit.control("undrain")
    assert until(lambda: announced(lab) == SERVICES, PATIENCE_S)
    assert until(lambda: health(fit)[0] == 0, PATIENCE_S)


def test_link_that_is_down_withdraws(lab, fit):
    lab.net.run("ip", "link", "set", "vnode", "down")
    try:
        assert until(lambda: announced(lab) == [], PATIENCE_S)
        status, report = health(fit)
        assert status == 1 and report["reason"] == "a link is down"
    finally:
        lab.net.run("ip", "link", "set", "vnode", "up")
        lab.net.run("ip", "address", "replace", "fd00:99::1/64", "dev", "vnode", "nodad")
    assert until(lambda: announced(lab) == SERVICES, PATIENCE_S), health(fit)


def test_interface_that_is_deleted_withdraws(lab, fit):
    lab.node.run("ip", "link", "delete", "quince0")
    assert until(lambda: "kernel's side" in (health(fit)[1]["reason"] or ""), PATIENCE_S)
    assert lab.ask("www.example.com.", "A").answer


def kernel_side(lab):
    """The addresses and routes of quince0 in all tables but what the kernel makes of them."""
    words = [("-oneline", "address", "show", "dev", "quince0")]
    words += [(family, "route", "show", "table", "all", "dev", "quince0", "proto", "static")
              for family in ("-4", "-6")]
    return [sorted(lab.node.run("ip", *each).splitlines()) for each in words]


def test_interface_that_is_down_withdraws_and_comes_back_whole(lab, fit):
    before = kernel_side(lab)
    lab.node.run("ip", "link", "set", "quince0", "down")
    assert until(lambda: "kernel's side" in (health(fit)[1]["reason"] or ""), PATIENCE_S)
    assert announced(lab) == []
    lab.node.run("ip", "link", "set", "quince0", "up")
    assert until(lambda: kernel_side(lab) == before, PATIENCE_S), (before, kernel_side(lab))
    assert ping(lab.node, "-c", "1", CLIENT_V6) == (1, 0)
    assert until(lambda: health(fit)[0] == 0, PATIENCE_S), health(fit)


def test_gateway_of_one_family_that_is_away_withdraws_that_family(lab):
    node = Node(lab, CHANGES)
    node.settings["ports"][0]["gateways"] = [ROUTER_V4, "fd00:99::77"]
    node.start()
    try:
        assert until(lambda: announced(lab) == SERVICES[:1], PATIENCE_S), node.log()
        status, report = health(node)
        assert status == 1 and report["reason"] == "no gateway answers"
        assert report["families"]["ipv4"] == {"fit": True, "announced": True, "reason": None}
        assert not report["families"]["ipv6"]["announced"]
    finally:
        node.kill()


def test_gateway_that_falls_silent_withdraws_its_family(lab, fit):
    """It is asked 15 s after it has answered, and not answering six times is the end of it."""
    silence = "net.ipv4.conf.vnode.arp_ignore"
    lab.net.run("sysctl", "-qw", f"{silence}=8")
    try:
        assert until(lambda: announced(lab) == SERVICES[1:], 2 * PATIENCE_S), health(fit)
        status, report = health(fit)
        assert status == 1 and report["families"]["ipv4"]["reason"] == "no gateway answers"
    finally:
        lab.net.run("sysctl", "-qw", f"{silence}=0")
    assert until(lambda: announced(lab) == SERVICES, PATIENCE_S), health(fit)


def test_stop_drains_first(lab, fit):
    with asked(lab, fit):
        fit.process.send_signal(signal.SIGTERM)
        assert until(lambda: announced(lab) == [], PATIENCE_S)
        assert lab.ask("www.example.com.", "A").answer
        # There is no way back: not into service, nor to a stop at once.
        process = fit.control_process("undrain")
        assert process.returncode != 0 and "stopping" in process.stderr, process
        assert health(fit)[1]["draining"]
        assert lab.ask("www.example.com.", "A").answer
    assert fit.process.wait(timeout=PATIENCE_S) == 0


def test_time_of_a_stop_begins_with_the_stop(lab):
    """A drain that has taken all of its time before does not shorten it."""
    node = Node(lab, CHANGES)
    node.settings["announce"] = {"after": 0, "drain": 1}
    node.start()
    try:
        assert until(lambda: announced(lab) == SERVICES, PATIENCE_S), node.log()
        node.control("drain")
        time.sleep(1.2)
        status, seconds = node.stop()
        assert status == 0 and seconds >= 1.0
    finally:
        if node.is_running():
            node.kill()


def test_second_signal_does_not_wait(lab, fit):
    with asked(lab, fit):
        fit.process.send_signal(signal.SIGTERM)
        assert until(lambda: announced(lab) == [], PATIENCE_S)
        fit.process.send_signal(signal.SIGTERM)
        # It would be 60 s.
        assert fit.process.wait(timeout=PATIENCE_S) == 0


def assert_one_failed_probe_is_no_fault(node):
    # One that was not asked yet is one more that has not failed.
    assert health(node)[1]["probes"] == 2
    assert until(lambda: health(node)[1]["probes_failed"] == 1, PATIENCE_S), health(node)
    assert until(lambda: health(node)[0] == 0, PATIENCE_S), health(node)


def test_probes(lab):
    """One name that fails does not withdraw."""
    node = Node(lab, CHANGES)
    node.settings["announce"]["probes"] = ["www.example.com", "x.alldead.net"]
    node.start()
    try:
        assert_one_failed_probe_is_no_fault(node)
    finally:
        node.kill()


def test_all_probes_failing_withdraws(lab):
    """Nobody answers for either, which takes a client's patience each, not a question's time."""
    node = Node(lab, CHANGES)
    node.settings["announce"]["probes"] = ["x.alldead.net", "y.alldead.net"]
    node.start()
    try:
        begin = time.monotonic()
        assert until(lambda: health(node)[1]["probes_failed"] == 2, PATIENCE_S), health(node)
        assert time.monotonic() - begin < QUESTION_S
        assert until(lambda: health(node)[0] != 0, PATIENCE_S), health(node)
        assert until(lambda: announced(lab) == [], PATIENCE_S), node.log()
    finally:
        node.kill()


def test_last_resort_stays_when_all_probes_fail(lab):
    node = Node(lab, CHANGES)
    node.settings["announce"] |= {"probes": ["x.alldead.net", "y.alldead.net"], "last-resort": "on"}
    node.start()

    def stays():
        report = health(node)[1]
        return report["probes_failed"] == 2 and report["fit"] and report["announced"]

    try:
        assert until(stays, PATIENCE_S), health(node)
        assert announced(lab) == SERVICES
        # For other faults there is no last resort.
        lab.net.run("ip", "link", "set", "vnode", "down")
        try:
            assert until(lambda: announced(lab) == [], PATIENCE_S), health(node)
        finally:
            lab.net.run("ip", "link", "set", "vnode", "up")
            lab.net.run("ip", "address", "replace", "fd00:99::1/64", "dev", "vnode", "nodad")
    finally:
        node.kill()


def test_routes_that_somebody_takes_away_come_again(lab, fit):
    lab.node.run("ip", "-4", "route", "flush", "table", "53")
    assert until(lambda: announced(lab) == SERVICES, PATIENCE_S)


def worker_threads(node):
    """Ids of the node's threads that are workers, by number."""
    threads = Path(f"/proc/{node.process.pid}/task").iterdir()
    names = {(thread / "comm").read_text().strip(): int(thread.name) for thread in threads}
    return [names[name] for name in sorted(names) if "worker" in name]


@contextlib.contextmanager
def thread_stopped(thread):
    """Has one thread of another process stand still for the length of a with block."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(PTRACE_SEIZE, thread, None, None) != 0:
        pytest.skip(f"threads cannot be stopped here: {os.strerror(ctypes.get_errno())}")
    assert libc.ptrace(PTRACE_INTERRUPT, thread, None, None) == 0
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        assert libc.ptrace(PTRACE_DETACH, thread, None, None) == 0


@pytest.fixture
def make_pair(lab):
    """Starts a node with two workers, and this under `announce`."""
    nodes = []

    def make(**announce):
        ports = ports_of("net_af_packet0,iface=vres")
        node = Node(lab, {**CHANGES, "node": {"workers": [0, 1]}, "ports": ports,
                          "announce": {"after": 0, **announce}})
        nodes.append(node)
        node.start()
        return node

    yield make
    for node in nodes:
        if node.is_running():
            node.kill()


@two_cores
def test_worker_of_two_that_stands_still_withdraws(lab, make_pair):
    """Here is no BFD that could miss its packets: it is the node itself that sees it."""
    node = make_pair()
    assert until(lambda: announced(lab) == SERVICES, PATIENCE_S), node.log()
    threads = worker_threads(node)
    assert len(threads) == 2
    for thread in threads:
        with thread_stopped(thread):
            assert until(lambda: announced(lab) == [], PATIENCE_S), node.log()
            status, report = health(node)
            assert status == 1 and report["reason"] == "a worker does not turn its loop"
        assert until(lambda: announced(lab) == SERVICES, PATIENCE_S), (health(node), node.log())


@two_cores
def test_first_probe_that_fails_is_no_silence_of_two_workers(make_pair):
    """The node asks itself for the first probe, which only one worker is the home of."""
    # It would be said to be a question to itself without an answer, ever again.
    assert_one_failed_probe_is_no_fault(make_pair(probes=["x.alldead.net", "www.example.com"]))
