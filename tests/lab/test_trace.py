# SPDX-License-Identifier: BSD-2-Clause
"""quincectl trace: the walk of a question is shown as it was, and a trace hurts nobody."""

import json
import os
import socket
import time

import pytest

import world
from lab import until


def queries(trace):
    return [step for step in trace["steps"] if step["step"] == "query"]


def own_queries(trace):
    """Those about the question itself, not about addresses of nameservers."""
    return [query for query in queries(trace) if query["depth"] == 0]


def servers_of(zone_name):
    """The addresses that the delegation of a zone, named with its final dot, leads to."""
    zone = next(z for z in world.ZONES if z.name + "." == zone_name)
    return [a for s in zone.servers for a in s.addresses()]


def begin(node, name):
    """Asks for a trace over a connection of its own, which is returned."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(12)
    sock.connect(node.socket_path)
    sock.sendall(json.dumps({"command": "trace", "name": name, "type": "A"}).encode() + b"\n")
    return sock


def is_free(node):
    """Whether a question could be traced now."""
    return node.control_process("trace", "www.example.com.", "A").returncode == 0


def test_walk_through_a_glueless_zone(lab, node):
    node.flush()
    before = node.totals()["upstream_queries"]
    trace = node.control("trace", "www.glueless.com.", "A")
    assert trace["name"] == "www.glueless.com." and trace["type"] == "A"
    assert trace["rcode"] == "NOERROR" and "ede" not in trace and trace["lost_steps"] == 0
    assert trace["steps"][0]["step"] == "question" and trace["steps"][-1]["step"] == "end"

    asked = queries(trace)
    assert 4 <= len(asked) <= node.totals()["upstream_queries"] - before
    # First down to the delegation, then to the address of its server, then that server.
    own = own_queries(trace)
    assert [q["zone"] for q in own] == [".", "com.", "glueless.com."]
    assert [q["name"] for q in own] == ["com.", "glueless.com.", "www.glueless.com."]
    assert [q["minimized"] for q in own] == [True, True, False]
    assert [q["verdict"] for q in own] == ["referral", "referral", "answer"]
    assert [q.get("target") for q in own] == ["com.", "glueless.com.", None]
    deep = [q for q in asked if q["depth"] == 1]
    assert {q["zone"] for q in deep} <= {".", "net.", "hosting.net."}
    assert {"net.", "hosting.net."} <= {q["zone"] for q in deep}
    assert all("far.hosting.net.".endswith(q["name"]) for q in deep)
    for query in asked:
        assert query["server"] in servers_of(query["zone"]) and query["port"] == 53
        assert query["transport"] == "udp" and query["edns"] is True
        # A lookup that the walk did not need in the end may still be waiting.
        assert query["outcome"] in ("reply", "pending")
        assert ("took_ms" in query) == (query["outcome"] == "reply")
    times = [step["at_ms"] for step in trace["steps"]]
    assert times == sorted(times)


def test_known_zone_is_asked_directly(lab, node):
    """A trace asks although the cache has the answer, but where the cache says."""
    lab.ask("www.glueless.com.", "A")
    trace = node.control("trace", "www.glueless.com.", "A")
    assert [q["zone"] for q in queries(trace)] == ["glueless.com."]


def test_aliases_and_absence(node):
    trace = node.control("trace", "alias.example.com.", "A")
    aliases = [q["target"] for q in own_queries(trace) if q.get("verdict") == "alias"]
    assert aliases == ["alias.hosting.net.", "alias.example.org.", "www.example.com."]
    trace = node.control("trace", "nope.example.com.", "A")
    assert trace["rcode"] == "NXDOMAIN"
    # A hedge may be behind it, which nobody needs any more.
    last = [q for q in own_queries(trace) if q["outcome"] == "reply"][-1]
    assert (last["verdict"], last["rcode"]) == ("negative", "NXDOMAIN")


def test_servers_that_refuse_are_shown(node):
    trace = node.control("trace", "www.alllame.com.", "A")
    assert trace["rcode"] == "REFUSED" and trace["ede"] == 22
    refused = [q for q in queries(trace) if q.get("verdict") == "refused"]
    assert {q["server"] for q in refused} == set(servers_of("alllame.com."))
    assert {q["rcode"] for q in refused} == {"REFUSED"}


@pytest.fixture(scope="module")
def dead_trace(node):
    """A question that nobody answers: the trace, how long it took, and what else went meanwhile."""
    start = time.monotonic()
    with begin(node, "www.alldead.net.") as sock:
        refused = node.control_process("trace", "www.example.com.", "A")
        node.control("flush", "example.com.")
        reply = b""
        while not reply.endswith(b"\n"):
            reply += sock.recv(65536)
    return json.loads(reply), time.monotonic() - start, refused


def test_silent_servers_time_out(dead_trace):
    trace, seconds, _ = dead_trace
    assert trace["rcode"] == "SERVFAIL" and trace["ede"] == 22
    # Asked on until the clients' deadline, and a last timeout.
    assert 4.5 < seconds < 11.5
    silent = [q for q in queries(trace) if q["zone"] == "alldead.net."]
    assert {q["server"] for q in silent} == set(servers_of("alldead.net."))
    assert {q["outcome"] for q in silent} <= {"timeout", "pending"}


def test_one_trace_at_a_time(dead_trace):
    _, _, refused = dead_trace
    assert refused.returncode == 1 and refused.stdout == ""
    assert "another question is being traced" in refused.stderr.lower()


def control_seconds(node):
    """Processor time that the control thread, which is the first, has used."""
    fields = open(f"/proc/{node.process.pid}/task/{node.process.pid}/stat").read()
    user, system = fields.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_client_that_hangs_up_leaves_nothing_behind(node):
    begin(node, "www.alldead.net.").close()
    used = control_seconds(node)
    time.sleep(1)
    assert control_seconds(node) - used < 0.15
    assert node.control("status")["state"] == "running"
    assert not is_free(node)
    assert until(lambda: is_free(node), 11, step_s=0.5)


def test_node_stops_under_a_trace(node):
    with begin(node, "www.alldead.net."):
        assert until(lambda: node.waiting() > 0, 2)
        assert node.stop()[0] == 0
    node.start()


@pytest.mark.parametrize("rdtype", ["ANY", "AXFR", "OPT"])
def test_what_is_not_resolved_is_refused(node, rdtype):
    process = node.control_process("trace", "www.example.com.", rdtype)
    assert process.returncode == 1
    assert process.stdout == "" and len(process.stderr.splitlines()) == 1
