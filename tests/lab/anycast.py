#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The anycast lab: a router with BIRD that spreads traffic over two nodes, which leave it in turn.

Runs the cases with dnsperf going on, half of it towards each family's address, and prints a table,
by family: how long until the router's route to the node was gone, the node's part of the queries,
and how many were sent and lost, run by run. The node under test is built with
-Dtest_verbs=true. Uses docs/anycast/*.conf as they stand; the second node's copy has its own
addresses. BIRD goes before all else on its core, as docs/anycast.md advises: others, dnsperf above
all, would keep BFD from its 25 ms.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from lab import ROOT, Lab, until  # noqa: E402
from netns import Namespace  # noqa: E402
from quince import START_S, Node  # noqa: E402
from speakers import Bird  # noqa: E402

SERVICES = {4: "192.0.2.253", 6: "2001:db8::53"}  # By family.
LINKS = ("vnode", "vnode2")  # Of the router, to each node.
WATCHDOG_S = 2.0
LOAD_S = 6.0
EVENT_S = 2.0
STALL_S = 3.0
NAMES = 500
MARGIN_S = 0.05  # For what is in flight when a route goes.
CALM_S = 2.0  # Without a change of a route, before a case begins.
# BIRD sleeps most of the time; a worker that stands still does not, and must leave room for others.
BIRD_FIRST, NODE_FIRST = ("chrt", "--rr", "10"), ("nice", "-n", "-10")

# What must be gone when, in milliseconds, and whether anything may be lost at all.
CASES = {
    "drain": (100, False),
    "restart": (100, False),
    "kill": (100, True),
    "stall": (1500, True),
    "freeze": (3000, True),
    "port down": (1000, True),
}


class Watchdog:
    """Stands in for systemd: kills a node that gives no sign of life for WATCHDOG_S."""

    def __init__(self, path):
        self.path = path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        self.sock.settimeout(0.05)
        self.process, self.ready, self.killed = None, False, False
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def watch(self, process):
        """From its READY=1 on, as systemd does."""
        self.ready, self.process = False, process

    def _run(self):
        heard = time.monotonic()
        while not self.stop.is_set():
            with contextlib.suppress(socket.timeout):
                lines = self.sock.recv(4096).splitlines()
                self.ready = self.ready or b"READY=1" in lines
                if b"WATCHDOG=1" in lines:
                    heard = time.monotonic()
            if not self.ready or self.process.poll() is not None:
                heard = time.monotonic()
            elif time.monotonic() - heard > WATCHDOG_S:
                self.process.kill()
                self.killed = True

    def close(self):
        self.stop.set()
        self.thread.join()
        self.sock.close()
        self.path.unlink()


class Member:
    """One node behind the service addresses: its namespace, quinced, BIRD."""

    def __init__(self, lab, number, namespace, core, address4, address6, router4, router6):
        self.lab, self.number, self.namespace = lab, number, namespace
        self.addresses = {4: address4, 6: address6}
        device = "vres" if number == 1 else "vres2"
        self.node = Node(lab, {
            "node": {"workers": [core], "id": f"node{number}.example"},
            "ports": [{"device": f"net_af_packet0,iface={device}",
                       "addresses": [f"{address4}/24", f"{address6}/64"],
                       "gateways": [router4, router6]}],
            "service": {"addresses": [address4, address6, *SERVICES.values()]},
            "announce": {"after": 1, "drain": 5},
        }, name=f"quinced{number}")
        self.node.prefix = NODE_FIRST
        # Node.launch() starts in the lab's node namespace; this one may have another.
        self.node.lab = type("Place", (), {"node": namespace, "directory": lab.directory})()
        self.watchdog = Watchdog(lab.directory / f"notify{number}.sock")
        text = (ROOT / "docs/anycast/bird.conf").read_text()
        if number != 1:
            for old, new in (("10.99.0.2", address4), ("fd00:99::2", address6),
                             ("10.99.0.1", router4), ("fd00:99::1", router6)):
                text = text.replace(old, new)
        self.bird_conf = lab.directory / f"bird{number}.conf"
        self.bird_conf.write_text(text)
        self.bird = None

    def start(self):
        self.node.launch({
            "NOTIFY_SOCKET": str(self.watchdog.path),
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
        })
        self.watchdog.watch(self.node.process)

    def start_bird(self):
        self.bird = Bird(self.namespace, self.lab.directory, f"bird{self.number}",
                         self.bird_conf, BIRD_FIRST)

    def warm(self):
        """Has every name in the cache; asks again as a client would."""
        with self.lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            sock.connect((self.addresses[4], 53))
            for name in names():
                question = b"\0\1\1\0\0\1\0\0\0\0\0\0" + wire_name(name) + b"\0\1\0\1"
                assert any(self._answers(sock, question) for _ in range(5)), name

    @staticmethod
    def _answers(sock, question):
        sock.send(question)
        with contextlib.suppress(socket.timeout):
            return bool(sock.recv(4096))
        return False


def names():
    return ["www.example.com", "www.example.org"] + [
        f"h{i}.bulk.net" for i in range(NAMES)]


def wire_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


class Routes:
    """Follows the router's routes to the service addresses."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.process = subprocess.Popen(
            namespace.command("ip", "-oneline", "monitor", "route"),
            text=True, stdout=subprocess.PIPE)
        self.changes, self.hops = [], dict.fromkeys(SERVICES.values(), frozenset())
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for line in self.process.stdout:
            at = time.monotonic()
            for service in self.hops:
                if re.search(rf"\b{re.escape(service)}(/\d+)? ", line):
                    self.hops[service] = self._read(service)
                    self.changes.append((at, service, self.hops[service]))

    def _read(self, service):
        """Where the kernel sends what goes to the address: whatever the change was called."""
        family = "-6" if ":" in service else "-4"
        return frozenset(re.findall(
            r"via (\S+)", self.namespace.run("ip", family, "route", "show", service)))

    def gone(self, since, service, address):
        """Seconds from `since` until `address` was no way to the service; None: never."""
        for at, changed, hops in self.changes:
            if at >= since and changed == service and address not in hops:
                return at - since
        return None

    def close(self):
        self.process.terminate()
        self.process.wait()


class Anycast:
    def __init__(self, lab, rate, clients):
        self.lab, self.rate, self.clients = lab, rate, clients
        self.second = Namespace(f"{lab.name}-node2")
        self.members = []

    def up(self):
        lab = self.lab
        subprocess.run(["ip", "netns", "add", self.second.name], check=True)
        run = lab.net.run
        run("ip", "link", "add", "vnode2", "type", "veth", "peer", "name", "vres2",
            "netns", self.second.name)
        self.second.run("ip", "link", "set", "lo", "up")
        self.second.run("sysctl", "-qw", "net.ipv6.conf.vres2.disable_ipv6=1")
        self.second.run("ip", "link", "set", "vres2", "up")
        self.second.run("nft", 'add table netdev quince; add chain netdev quince ingress '
                        '{ type filter hook ingress device "vres2" priority 0; policy drop; }')
        run("ip", "address", "add", "10.96.0.1/24", "dev", "vnode2")
        run("ip", "address", "add", "fd00:96::1/64", "dev", "vnode2", "nodad")
        run("ip", "link", "set", "vnode2", "up")
        run("ethtool", "-K", "vnode2", "tx", "off", "gso", "off", "gro", "off", "tso", "off")
        for family in ("ipv4", "ipv6"):
            run("sysctl", "-qw", f"net.{family}.fib_multipath_hash_policy=1")
        self.members = [
            Member(lab, 1, lab.node, 0, "10.99.0.2", "fd00:99::2", "10.99.0.1", "fd00:99::1"),
            Member(lab, 2, self.second, 1, "10.96.0.2", "fd00:96::2", "10.96.0.1", "fd00:96::1"),
        ]
        self.count_forwarded()
        self.routes = Routes(lab.net)
        self.router = Bird(lab.net, lab.directory, "router",
                           ROOT / "docs/anycast/bird-router.conf", BIRD_FIRST)
        self.questions = lab.directory / "questions"
        self.questions.write_text("".join(f"{name} A\n" for name in names()))
        for member in self.members:
            member.start()
            member.start_bird()
        for member in self.members:
            if not until(lambda m=member: m.watchdog.ready, START_S):
                raise RuntimeError(f"a node does not start:\n{member.node.log()}")
        self.wait_announced()

    def down(self):
        for member in self.members:
            if member.node.is_running():
                member.node.kill()
            member.watchdog.close()
            if member.bird:
                member.bird.stop()
        self.router.stop()
        self.routes.close()
        subprocess.run(["ip", "netns", "delete", self.second.name], check=True)

    def wait_announced(self):
        """Waits until both nodes stay ways to both addresses, and have warm caches."""
        def both():
            return all(len(hops) == 2 for hops in self.routes.hops.values()) and (
                time.monotonic() - self.routes.changes[-1][0] > CALM_S)

        if not until(both, 60):
            raise RuntimeError(f"not all is announced: {self.routes.hops}\n" + "\n".join(
                m.node.log() for m in self.members))
        for member in self.members:
            member.warm()

    def dnsperf(self, service, seconds):
        """One family's part of the load."""
        return subprocess.Popen(
            self.lab.client.command(
                "dnsperf", "-s", service, "-d", self.questions, "-l", seconds, "-t", 1,
                "-Q", self.rate // len(SERVICES), "-c", self.clients // len(SERVICES),
                "-T", 1, "-q", 5000),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def case(self, name):
        """Returns by family {"sent", "lost", "share", "gone"}, the last in seconds."""
        member = self.members[0]
        loads = {family: self.dnsperf(service, LOAD_S) for family, service in SERVICES.items()}
        time.sleep(EVENT_S)
        shares = self.shares()
        begin = time.monotonic()
        getattr(self, "do_" + name.replace(" ", "_"))(member)
        texts = {family: load.communicate()[0] for family, load in loads.items()}
        result = {
            family: {
                "sent": int(re.search(r"Queries sent: +(\d+)", text).group(1)),
                "lost": int(re.search(r"Queries lost: +(\d+)", text).group(1)),
                "share": shares[family],
                "gone": self.routes.gone(begin, SERVICES[family], member.addresses[family]),
            } for family, text in texts.items()
        }
        getattr(self, "undo_" + name.replace(" ", "_"), lambda m: None)(member)
        self.wait_announced()
        return result

    def shares(self):
        """The first node's part of the queries of each family, of a moment."""
        before = self.forwarded()
        time.sleep(0.3)
        after = self.forwarded()
        grown = {key: after[key] - before[key] for key in after}
        return {family: grown[LINKS[0], family] / max(1, sum(grown[link, family] for link in LINKS))
                for family in SERVICES}

    def count_forwarded(self):
        """Has the router count what it sends to the service addresses, by node and family."""
        lines = ["table inet anycast {"]
        lines += [f"counter {link}-{family} {{}}" for link in LINKS for family in SERVICES]
        lines += ["chain forward {", "type filter hook forward priority 0;"]
        for link in LINKS:
            lines += [f'oifname "{link}" ip daddr {SERVICES[4]} counter name "{link}-4"',
                      f'oifname "{link}" ip6 daddr {SERVICES[6]} counter name "{link}-6"']
        self.lab.net.run("nft", "-f", "-", input="\n".join([*lines, "}", "}"]) + "\n")

    def forwarded(self):
        """Packets that the router has sent so far, by link and family."""
        text = self.lab.net.run("nft", "-j", "list", "counters", "table", "inet", "anycast")
        packets = {item["counter"]["name"]: item["counter"]["packets"]
                   for item in json.loads(text)["nftables"] if "counter" in item}
        return {(link, family): packets[f"{link}-{family}"]
                for link in LINKS for family in SERVICES}

    # What happens to a node, and how it gets back.

    def do_drain(self, member):
        member.node.request("drain")

    def undo_drain(self, member):
        member.node.request("undrain")

    def do_restart(self, member):
        member.node.process.send_signal(signal.SIGTERM)
        member.node.process.wait(timeout=10)
        member.start()

    def do_kill(self, member):
        member.node.process.kill()

    def undo_kill(self, member):
        member.node.process.wait()
        member.start()

    def do_stall(self, member):
        member.node.request("stall", milliseconds=int(STALL_S * 1000))

    def undo_stall(self, member):
        """A worker that stands still for longer than the watchdog waits ends the node."""
        until(lambda: member.node.process.poll() is not None, STALL_S)
        if not member.node.is_running():
            member.start()

    def do_freeze(self, member):
        member.watchdog.killed = False
        member.node.process.send_signal(signal.SIGSTOP)

    def undo_freeze(self, member):
        member.node.process.wait(timeout=5)
        assert member.watchdog.killed, "the frozen node died of something else"
        member.start()

    def do_port_down(self, member):
        self.lab.net.run("ip", "link", "set", "vnode", "down")

    def undo_port_down(self, member):
        self.lab.net.run("ip", "link", "set", "vnode", "up")
        self.lab.net.run("ip", "address", "replace", "fd00:99::1/64", "dev", "vnode", "nodad")


def ms(seconds):
    return "never" if seconds is None else f"{seconds * 1000:.0f}"


def judge(name, result, rate):
    """What is wrong with a result, in words; empty when nothing is."""
    limit_ms, may_lose = CASES[name]
    wrong = []
    for family, figures in result.items():
        if figures["gone"] is None:
            wrong.append(f"IPv{family} still routed")
            continue
        if figures["gone"] * 1000 > limit_ms:
            wrong.append(f"IPv{family} over {limit_ms} ms")
        routed_s = figures["gone"] + MARGIN_S
        allowed = routed_s * rate / len(SERVICES) * figures["share"] if may_lose else 0
        if figures["lost"] > allowed:
            wrong.append(f"IPv{family} more than {allowed:.0f} lost")
    return ", ".join(wrong)


def in_words(figures):
    """The figures of one family, each as it is printed."""
    return [ms(figures["gone"]), f"{figures['share']:.2f}", str(figures["sent"]),
            str(figures["lost"])]


def table(results):
    """The results of all runs, a case a line, as docs/anycast.md has them."""
    names = ("route gone, ms", "share", "sent", "lost")
    heads = [f"IPv{family} {name}" for family in SERVICES for name in names]
    lines = [f"| case | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for name, runs in results.items():
        cells = [", ".join(column) for family in SERVICES
                 for column in zip(*(in_words(run[family]) for run in runs))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=20000, help="queries a second, in all")
    parser.add_argument("--clients", type=int, default=100, help="sockets of dnsperf, in all")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--case", action="append", choices=CASES, help="only this one")
    options = parser.parse_args()
    lab = Lab(f"anycast{os.getpid()}")
    lab.script("up")
    anycast, failed = Anycast(lab, options.rate, options.clients), 0
    results = {name: [] for name in options.case or CASES}
    try:
        anycast.up()
        print(f"{options.rate} queries a second from {options.clients} sockets, {LOAD_S:.0f} s each")
        print("run  case       family  gone ms   share    sent    lost")
        for run in range(1, options.runs + 1):
            for name in results:
                result = anycast.case(name)
                results[name].append(result)
                wrong = judge(name, result, options.rate)
                failed += wrong != ""
                for family, figures in result.items():
                    gone, share, sent, lost = in_words(figures)
                    print(f"{run:3}  {name:10} {family:6} {gone:>8}  {share:>6}  {sent:>6}"
                          f"  {lost:>6}", flush=True)
                if wrong:
                    print(f"     {wrong}", flush=True)
        print(f"\n{table(results)}\n")
        print(f"{failed} of {options.runs * len(results)} cases failed")
    finally:
        try:
            anycast.down()
        finally:
            lab.script("down")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
