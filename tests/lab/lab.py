# SPDX-License-Identifier: BSD-2-Clause
"""One lab (scripts/lab) as the tests see it: namespaces, clients, and what is true in it."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

import world
from netns import Namespace

ROOT = Path(__file__).resolve().parents[2]
NODE_V4 = "10.99.0.2"
NODE_V6 = "fd00:99::2"
CLIENT_V4 = "10.98.0.2"
CLIENT_V6 = "fd00:98::2"
OTHER_CLIENT_V4 = "10.98.0.3"
LINKS_MAX = 11  # CNAME and DNAME links that the resolver follows.


def until(condition, seconds, step_s=0.05):
    """Waits for a true value of `condition()`; returns the last value, true or not."""
    end = time.monotonic() + seconds
    value = condition()
    while not value and time.monotonic() < end:
        time.sleep(step_s)
        value = condition()
    return value


def query(name, rdtype, edns_size=1232, **more):
    """A recursive question. `edns_size` None leaves EDNS out."""
    if edns_size is None:
        return dns.message.make_query(name, rdtype, use_edns=False, **more)
    return dns.message.make_query(name, rdtype, use_edns=0, payload=edns_size, **more)


class Lab:
    def __init__(self, suffix):
        self.name = f"qnlab-{suffix}" if suffix else "qnlab"
        self.environment = dict(os.environ, QN_LAB=suffix)
        self.directory = Path("/run") / self.name
        self.node = Namespace(f"{self.name}-node")
        self.net = Namespace(f"{self.name}-net")
        self.client = Namespace(f"{self.name}-client")

    def script(self, *words):
        """Runs scripts/lab; returns what it printed."""
        return subprocess.run(
            [ROOT / "scripts/lab", *words],
            env=self.environment,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        ).stdout

    def exchange(self, wire, server=NODE_V4, timeout_s=5.0, source=None, port=53):
        """Sends one UDP payload from the client; returns the first reply's bytes, None if none."""
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with self.client.socket(family, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout_s)
            if source is not None:
                sock.bind((source, 0))
            sock.connect((server, port))
            sock.send(wire)
            try:
                return sock.recv(65535)
            except socket.timeout:
                return None

    def ask(self, name, rdtype, server=NODE_V4, timeout_s=5.0, source=None, **more):
        """Asks over UDP and returns the parsed reply; no reply is a test failure."""
        question = query(name, rdtype, **more)
        wire = self.exchange(question.to_wire(), server, timeout_s, source)
        assert wire is not None, f"no reply from {server} to {name} {rdtype} in {timeout_s} s"
        reply = dns.message.from_wire(wire)
        assert question.is_response(reply), f"the reply is not to the question:\n{reply}"
        return reply

    def ask_authority(self, address, name, rdtype):
        """Asks an authority over TCP, so that nothing is truncated."""
        question = query(name, rdtype)
        question.flags &= ~dns.flags.RD
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.client.socket(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            sock.connect((address, 53))
            sock.setblocking(False)
            return dns.query.tcp(question, address, timeout=5, sock=sock)

    @contextlib.contextmanager
    def silenced(self, addresses):
        """Has authorities swallow packets for the length of a with block."""
        for address in addresses:
            self.script("silence", address)
        try:
            yield
        finally:
            for address in addresses:
                self.script("revive", address)

    @contextlib.contextmanager
    def authorities_stopped(self):
        """Has all authorities stand still for the length of a with block."""
        pids = [int(pid) for pid in self.net.processes()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def truth(self, name, rdtype):
        """What the authorities say themselves: (rcode, answer RRsets in order, authority RRsets).

        Asks the right server of each zone on the way along CNAMEs, as a resolver with the
        whole plan in its head would. Only for names whose every zone somebody serves.
        """
        rrsets = []
        target = dns.name.from_text(name)
        while True:
            zone = world.zone_of(target.to_text(omit_final_dot=True).lower())
            assert zone.served, f"{name} leads to {zone.name}, which nobody serves"
            live = next(s for s in zone.servers if s.state == "live")
            reply = self.ask_authority(live.addresses()[0], target.to_text(), rdtype)
            rrsets += reply.answer
            last = reply.answer[-1] if reply.answer else None
            wanted = dns.rdatatype.from_text(rdtype)
            if last is None or last.rdtype != dns.rdatatype.CNAME or wanted == last.rdtype:
                return reply.rcode(), rrsets, reply.authority
            assert len(rrsets) <= LINKS_MAX, f"{name} has more links than a resolver follows"
            target = last[0].target


def extended_errors(reply):
    """The codes of RFC 8914 in a reply."""
    return [int(o.code) for o in reply.options if o.otype == dns.edns.OptionType.EDE]


def comparable(rrsets):
    """RRsets as (owner, type, set of canonical rdata): case and record order do not count."""
    return [
        (
            r.name.canonicalize().to_text(),
            dns.rdatatype.to_text(r.rdtype),
            frozenset(rdata.to_digestable(dns.name.root) for rdata in r),
        )
        for r in rrsets
    ]


def differences(reply, truth):
    """What is wrong with a reply, in sentences; an empty list if it says what the authorities say.

    RRset order counts (a CNAME chain comes first and in order), TTLs may only have fallen.
    """
    rcode, rrsets, _ = truth
    wrong = []
    if reply.rcode() != rcode:
        wrong.append(
            f"the code is {dns.rcode.to_text(reply.rcode())}, not {dns.rcode.to_text(rcode)}"
        )
    if comparable(reply.answer) != comparable(rrsets):
        wrong.append(f"the answer is {reply.answer}, not {rrsets}")
    for ours, theirs in zip(reply.answer, rrsets):
        if ours.ttl > theirs.ttl:
            wrong.append(f"the TTL of {ours.name} is {ours.ttl}, above {theirs.ttl}")
    return wrong
