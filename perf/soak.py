#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two workers under mixed load for a long time, with a cache far smaller than what is asked for.

dnsperf asks for drawn names, most of them often, some of them once, over IPv4 and over IPv6. Beside
it a client draws from the same names and compares every answer with the zone's data, and now and
then asks for an odd name (aliases, wildcards, names that do not exist) and compares the answer with
what the authorities say at that moment. Prints lines `name value unit`, appends them to
perf/history.ndjson, and fails if any of the following did not hold:

    soak.wrong_answers         0
    soak.cache_bytes_most      at most soak.cache_bytes_max, looked at every second
    soak.turns_over_8192us     turns of a worker that took longer: none but
    soak.turns_taken           those that did because others had the core, as the kernel says, which
                               a virtual machine's host or, for a moment in each second, the
                               scheduler gives to them, and
    soak.turns_away            those at whose time nothing ran on the core, a watch that goes before
                               everything else included (perf/lateness.c): the kernel is not told of
                               all that the host takes. soak.away_by_chance is the share of all moments
                               at which the same could have been said
    soak.buffers_left          0 packet buffers in use when nothing is on its way any more
    soak.allocated_growth      of the control side, less than 1 MiB after the first tenth
"""

import argparse
import contextlib
import ipaddress
import random
import select
import socket
import struct
import sys
import time

import history
from lateness import Lateness, away_ms
from rig import NODE_V4, need, opened

# pylint: disable=wrong-import-order
import world
from lab import NODE_V6, differences, until
from quince import Node

CACHE = "2MiB"
NAME_COUNT = 160_000  # Below a wildcard; with the hosts, ten times what the cache holds.
DRAWN_COUNT = 400_000
RATE = 8_000  # Of each dnsperf, a second, unless said otherwise.
CHECKED = 0.25  # Of that, what each checking client asks beside it.
WINDOW = 64  # Questions of the checking client that are on their way.
PATIENCE_S = 5.0
ODD_NAMES = [
    ("www.glueless.com.", "AAAA"),
    ("alias.example.com.", "A"),
    ("nope.example.com.", "A"),
    ("ent.example.com.", "A"),
    ("a.wild.example.com.", "TXT"),
    ("www.old.example.org.", "A"),
    ("a.b.c.d.e.deep.org.", "A"),
    ("www.thirteen.com.", "A"),
    ("middle.example.com.", "TXT"),
]
TYPES = {"A": 1, "AAAA": 28}
LONG_TURNS = ("worker_turn_8192us", "worker_turn_16384us", "worker_turn_32768us")
LONG_MS = 8.192
LOOK_S = 0.05  # Between two looks at the turns.
WATCH_MS = 1.0  # How often the watch wakes: by so much can it miss the begin of an absence.
GROWTH_MAX = 1 << 20


def draw(pick):
    """A name and type, most often one of the first: (name, type, rdata, TTL at most)."""
    number = int(pick.paretovariate(0.5)) - 1
    if pick.random() < 0.5:
        number = pick.randrange(world.BULK_HOST_COUNT + NAME_COUNT)
    number %= world.BULK_HOST_COUNT + NAME_COUNT
    if number >= world.BULK_HOST_COUNT:
        return f"s{number}.miss.bulk.net.", "A", bytes((192, 0, 2, 90)), 300
    name = f"h{number}.bulk.net."
    if pick.random() < 0.5:
        return name, "A", bytes((198, 18, number >> 8, number & 255)), 3600
    return name, "AAAA", ipaddress.ip_address(f"2001:db8:b::{number:x}").packed, 3600


def write_questions(rig, seed):
    """A file for dnsperf: drawn names, and one in ten that comes only once."""
    pick = random.Random(seed)
    lines = []
    for i in range(DRAWN_COUNT):
        name, rdtype, _, _ = draw(pick)
        lines.append(f"{name} {rdtype}\n" if i % 10 else f"once{seed}n{i}.miss.bulk.net. A\n")
    return rig.file(f"soak{seed}.txt", "".join(lines))


def why_wrong(reply, question, rdtype, rdata, ttl_max):
    """What is wrong with a reply to a question without EDNS; None if nothing is."""
    if reply[2:4] != b"\x81\x80" or reply[4:8] != b"\0\1\0\1":
        return f"header {reply[:12].hex()}"
    if reply[12 : len(question)] != question[12:]:
        return "another question"
    head = struct.unpack_from("!HHHIH", reply, len(question))
    if head[:3] != (0xC00C, TYPES[rdtype], 1) or head[3] > ttl_max:
        return f"record {head}"
    if reply[len(question) + 12 :] != rdata:
        return f"data {reply[len(question) + 12:].hex()}, not {rdata.hex()}"
    return None


class Checker:
    """A client that asks `rate` questions a second and compares every answer."""

    def __init__(self, lab, server, seed, rate):
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.sock = lab.client.socket(family, socket.SOCK_DGRAM)
        self.sock.connect((server, 53))
        self.sock.setblocking(False)
        self.pick = random.Random(seed)
        self.waiting = {}  # id -> (when sent, question, what to expect)
        self.begin = time.monotonic()
        self.rate = rate
        self.asked = 0
        self.answered = 0
        self.unanswered = 0
        self.wrong = []

    def _send(self):
        name, rdtype, *expected = draw(self.pick)
        self.asked += 1
        number = self.asked & 0xFFFF
        labels = b"".join(bytes((len(x),)) + x.encode() for x in name.split(".")[:-1])
        question = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels
        question += struct.pack("!BHH", 0, TYPES[rdtype], 1)
        self.waiting[number] = (time.monotonic(), question, (rdtype, *expected), name)
        self.sock.send(question)

    def _receive(self):
        reply = self.sock.recv(4096)
        found = self.waiting.pop(struct.unpack_from("!H", reply)[0], None)
        if found is None:
            return
        _, question, expected, name = found
        self.answered += 1
        wrong = why_wrong(reply, question, *expected)
        if wrong is not None:
            self.wrong.append(f"{name} {expected[0]}: {wrong}")

    def _give_up(self):
        end = time.monotonic() - PATIENCE_S
        for number in [n for n, found in self.waiting.items() if found[0] < end]:
            del self.waiting[number]
            self.unanswered += 1

    def turn(self, wait_s):
        """Asks what is due, WINDOW at a time; takes what has arrived."""
        due = self.rate * (time.monotonic() - self.begin)
        while len(self.waiting) < WINDOW and self.asked < due:
            self._send()
        if select.select([self.sock], [], [], wait_s)[0]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    self._receive()

    def finish(self):
        end = time.monotonic() + PATIENCE_S
        while self.waiting and time.monotonic() < end:
            if select.select([self.sock], [], [], 0.1)[0]:
                self._receive()
        self.unanswered += len(self.waiting)


class Watch:
    """Looks at the node every second."""

    def __init__(self, lab, node):
        self.lab = lab
        self.node = node
        self.cache_bytes_most = 0
        self.entry_bytes = 0
        self.allocated = []
        self.odd_count = 0
        self.wrong = []

    def look(self, number):
        status = self.node.control("status")
        cache = status["cache"]
        self.cache_bytes_most = max(self.cache_bytes_most, cache["used_bytes"])
        self.entry_bytes = cache["used_bytes"] / max(1, cache["entries"])
        self.allocated.append(status["memory"]["allocated_bytes"])
        name, rdtype = ODD_NAMES[number % len(ODD_NAMES)]
        server = (NODE_V4, NODE_V6)[number & 1]
        try:
            found = differences(self.lab.ask(name, rdtype, server), self.lab.truth(name, rdtype))
        except (AssertionError, OSError) as error:
            found = [str(error)]
        self.odd_count += 1
        self.wrong += [f"{name} {rdtype}: {sentence}" for sentence in found]


def long_turns(counters):
    return sum(counters[name] for name in LONG_TURNS)


class Turns:
    """Looks often at how many turns were long without the kernel's knowing why, and notes when."""

    def __init__(self, node, started):
        self.node = node
        self.looks = [(started, started)]  # Begin and end of the time between two looks.
        self.found = {}  # core -> the look that each of its turns was found in.

    def look_if_due(self):
        if time.monotonic() - self.looks[-1][1] >= LOOK_S:
            self.look()

    def look(self):
        stats = self.node.request("stats")
        self.looks.append((self.looks[-1][1], time.monotonic()))
        for worker in stats["workers"]:
            found = self.found.setdefault(worker["core"], [])
            count = long_turns(worker) - worker["worker_turn_taken"]
            # Fewer than before: the last one had been counted, but not yet as one that was taken.
            del found[count:]
            found += [self.looks[-1]] * (count - len(found))

    def away(self, absences):
        """How many of those found the watch has an absence for, and the share of all looks that do."""
        def explained(core, begin, end):
            # A turn may have begun before the look before.
            return away_ms(absences[core], begin - LOOK_S, end) >= LONG_MS - WATCH_MS

        chances = [explained(core, *look) for core in self.found for look in self.looks[1:]]
        turns = [explained(core, *look) for core, found in self.found.items() for look in found]
        return sum(turns), sum(chances) / len(chances)


def run(rig, node, turns, seconds, rate):
    """Load for so long; returns (checkers, watch)."""
    lab = rig.lab
    watch = Watch(lab, node)
    checkers = [
        Checker(lab, server, seed, CHECKED * rate)
        for seed, server in enumerate((NODE_V4, NODE_V6))
    ]
    for seed, server in enumerate((NODE_V4, NODE_V6)):
        path = write_questions(rig, seed)
        words = ("dnsperf", "-s", server, "-d", path, "-l", seconds, "-Q", rate, "-c", 4, "-q", 500)
        rig.launch(lab.client, *words, log=f"dnsperf{seed}.log")
    begin = time.monotonic()
    number = 0
    while (passed := time.monotonic() - begin) < seconds:
        for checker in checkers:
            checker.turn(0.005)
        turns.look_if_due()
        if passed >= number:
            watch.look(number)
            number += 1
    for checker in checkers:
        checker.finish()
    return checkers, watch


def figures_of(node, checkers, watch, away, buffers_left, seconds):
    """name -> (value, unit); `away` as Turns.away() gives it."""
    totals = node.totals()
    cache = node.control("status")["cache"]
    asked = world.BULK_HOST_COUNT * 2 + NAME_COUNT
    tenth = watch.allocated[len(watch.allocated) // 10]
    figures = {
        "seconds": (seconds, "s"),
        "queries": (totals["client_queries"], "1"),
        "hits": (totals["cache_hits"], "1"),
        "upstream_queries": (totals["upstream_queries"], "1"),
        "checked_answers": (sum(c.answered for c in checkers) + watch.odd_count, "1"),
        "wrong_answers": (sum(len(c.wrong) for c in checkers) + len(watch.wrong), "1"),
        "unanswered": (sum(c.unanswered for c in checkers), "1"),
        "cache_bytes_max": (cache["capacity_bytes"], "bytes"),
        "cache_bytes_most": (watch.cache_bytes_most, "bytes"),
        "cache_evicted": (cache["evicted"], "1"),
        "working_set_of_cache": (round(asked * watch.entry_bytes / cache["capacity_bytes"], 1), "1"),
        "buffers_left": (buffers_left, "1"),
        "allocated_growth": (max(watch.allocated) - tenth, "bytes"),
        "transmit_drops": (totals["worker_transmit_drop"], "1"),
        "handover_drops": (totals["worker_handover_drop"], "1"),
        "turns_over_8192us": (long_turns(totals), "1"),
        "turns_taken": (totals["worker_turn_taken"], "1"),
        "turns_away": (away[0], "1"),
        "away_by_chance": (round(away[1], 4), "1"),
    }
    for name, value in totals.items():
        if name.startswith("worker_turn_") and name.endswith("us"):
            figures[name.replace("worker_", "")] = (value, "1")
    return {f"soak.{name}": figure for name, figure in figures.items()}


def failures(figures):
    """What did not hold, in sentences."""
    value = {name.removeprefix("soak."): figure[0] for name, figure in figures.items()}
    checks = {
        "there were wrong answers": value["wrong_answers"] == 0,
        "there were questions without an answer": value["unanswered"] == 0,
        "the cache outgrew its bound": value["cache_bytes_most"] <= value["cache_bytes_max"],
        "the cache was never full": value["cache_evicted"] > 0,
        "the working set was less than ten caches": value["working_set_of_cache"] >= 10,
        "packet buffers leaked": value["buffers_left"] == 0,
        "the control side's memory grew": value["allocated_growth"] < GROWTH_MAX,
        "a worker took more than 8.192 ms for a turn": (
            value["turns_over_8192us"] == value["turns_taken"] + value["turns_away"]
        ),
    }
    return [sentence for sentence, held in checks.items() if not held]


def options():
    parser = argparse.ArgumentParser(description="Mixed load for a long time.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=RATE, help="queries/s of each family")
    return parser.parse_args()


def main():
    chosen = options()
    seconds = round(chosen.minutes * 60)
    need("dnsperf", "chrt")
    changes = {
        "node": {"cache": CACHE, "workers": [0, 1]},
        "resolver": {"zone-rate": 0, "server-rate": 0},
    }
    with opened("soak") as rig, Lateness(rig) as lateness:
        node = Node(rig.lab, changes)
        # The cores are shared with the load here, and with what else the machine does: neither an
        # authority nor a worker must wait for its turn on one. Authorities sleep between queries.
        for pid in rig.lab.net.processes():
            rig.lab.net.run("chrt", "--all-tasks", "--rr", "--pid", "11", pid)
        node.prefix = ("chrt", "--rr", "10")
        started = time.monotonic()
        node.start()
        turns = Turns(node, started)
        rig.lab.ask("www.example.com.", "A")
        checkers, watch = run(rig, node, turns, seconds, chosen.rate)
        node.rest()
        until(lambda: not any(node.mbufs_in_use().values()), 10.0)
        left = sum(node.mbufs_in_use().values())
        turns.look()
        away = turns.away(lateness.absences())
        figures = figures_of(node, checkers, watch, away, left, seconds)
        status, _ = node.stop()
        log = node.log()
    history.record("soak", figures)
    wrong = [w for checker in checkers for w in checker.wrong] + watch.wrong
    for sentence in wrong[:20] + failures(figures):
        print(f"# {sentence}")
    if status != 0:
        print(f"# quinced exited with {status}:\n{log}")
    sys.exit(1 if failures(figures) or status != 0 else 0)


if __name__ == "__main__":
    main()
