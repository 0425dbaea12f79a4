#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""BGP sessions over quince0 for a long time, beside a flood of questions at the same port.

A node announces its service addresses with BIRD, then with FRR, each with its example of
docs/anycast as it stands, BFD included, to a router with BIRD at the other end of the port's veth.
`--bfd-ms` gives BFD another interval, for machines whose cores others share. kxdpgun asks for a
thousand hot names all the while. Prints lines `name value unit`, appends them to
perf/history.ndjson, and fails if the flood was none, or if a session was lost while the machine was
there: at a moment when no core was away (perf/lateness.c) for half of the time after which BFD ends
a session. DAEMON is bird or frr, SESSION the router's name for it, or what the node's daemon calls it:

    bgp.DAEMON.bfd_ms                 between two packets of BFD, of which three may be missed
    bgp.DAEMON.flood_qps              questions a second that the workers got, and
    bgp.DAEMON.answers_qps            answers that kxdpgun got
    bgp.DAEMON.SESSION.uptime_s       at the end
    bgp.DAEMON.away_by_chance         share of the seconds in which a core was away for so long
    bgp.DAEMON.SESSION.flaps          how often the session has ended, as either side has seen it
    bgp.DAEMON.SESSION.flaps_away     at moments when a core was away
    bgp.DAEMON.SESSION.hold_timer_least_s
                                      how near it came to that: seconds left of the hold time
    bgp.DAEMON.SESSION.hold_timer_expired
                                      ends for that reason
    bgp.DAEMON.kernel_COUNTER         what the kernel's side has counted meanwhile
"""

import argparse
import contextlib
import itertools
import re
import subprocess
import sys
import time

import history
import hits
from lateness import Lateness, most_away_ms
from rig import GENERATOR_CORE, NODE_V4, need, opened
from systems import Quince

# pylint: disable=wrong-import-order
from lab import until
from speakers import EXAMPLES, Bird, Frr

# What docs/anycast.md advises for a busy machine. A worker never sleeps: it must leave room for others.
DAEMON_FIRST, NODE_FIRST = ("chrt", "--rr", "10"), ("nice", "-n", "-10")
# 80 ms of the flood: a virtual machine's host may take a core for 10 or 20, and what the ring cannot
# hold then is lost for BFD, too. A processor of one's own does not need this.
DEVICE = "net_af_packet0,framecnt=16384"
START_S = 60.0
LEAST_OF_RATE = 0.9
GUN_ADDRESS = "10.99.0.9"
BFD_MS = 25  # In the examples,
BFD_MISSED = 3  # as is that.
AWAY_SHARE = 0.5  # Of the time after which BFD ends a session.
SEEN_LATE_S = 0.5  # After its end, at most.
SPEAKERS = {"bird": (Bird, "bird.conf", 53), "frr": (Frr, "frr.conf", "main")}


class Gun:
    """kxdpgun on a veth of its own, joined to the node's in the kernel's ingress hooks.

    On the node's veth itself it would take BFD's packets for its answers.
    """

    def __init__(self, rig):
        self.rig = rig
        net = rig.lab.net
        net.run("ip", "link", "add", "vgun", "type", "veth", "peer", "name", "vbarrel")
        for interface in ("vgun", "vbarrel"):
            net.run("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")
            net.run("ip", "link", "set", interface, "up")
        net.run("ip", "address", "add", f"{GUN_ADDRESS}/32", "dev", "vgun")
        hook = "type filter hook ingress device"
        net.run("nft", f"""table netdev gun {{
            chain there {{ {hook} "vbarrel" priority 0; fwd to "vnode"; }}
            chain back {{ {hook} "vnode" priority 0;
                ip daddr {GUN_ADDRESS} udp sport 53 fwd to "vbarrel"; }}
        }}""")

    def fire(self, path, seconds, rate):
        """Starts it; the process ends by itself."""
        return subprocess.Popen(
            self.rig.lab.net.command(
                "nice", "-n", "10", "kxdpgun", "-t", seconds, "-Q", rate, "-F", GENERATOR_CORE,
                "-I", "vgun", "-l", GUN_ADDRESS, "-R", self.rig.mac, "-i", path, NODE_V4),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Watch:
    """Looks at one side's sessions now and then."""

    def __init__(self, speaker):
        self.speaker = speaker
        self.sessions = {}
        self.looks = []  # When; between the last two is what a look has found.
        self.flaps = {}  # name -> [(after, before)], by looks.
        self.expired = {}
        self.least_s = {}

    def all_up(self, count):
        with contextlib.suppress(subprocess.CalledProcessError):
            sessions = self.speaker.sessions()
            return sum(s.up for s in sessions.values()) == count
        return False

    def begin(self):
        """From now on no session may be lost; those that are not up are of no interest."""
        self.sessions = {n: s for n, s in self.speaker.sessions().items() if s.up}
        self.looks = [time.monotonic()]
        self.flaps = {name: [] for name in self.sessions}
        self.expired = dict.fromkeys(self.sessions, 0)
        self.least_s = {n: s.hold_left_s for n, s in self.sessions.items()}

    def look(self):
        now = self.speaker.sessions()
        self.looks.append(time.monotonic())
        for name, before in self.sessions.items():
            session = now[name]
            if abs(session.mark - before.mark) > 0.5 and before.up:
                self.flaps[name].append(tuple(self.looks[-2:]))
                self.expired[name] += "hold" in session.error.lower()
            if session.up:
                self.least_s[name] = min(self.least_s[name], session.hold_left_s)
            self.sessions[name] = session

    def figures(self, begun, away):
        """name -> (value, unit); away(begin, end): whether a core was."""
        found = {}
        for name, session in self.sessions.items():
            flaps = self.flaps[name]
            up_s = time.monotonic() - begun if not flaps and session.up else 0
            found |= {
                f"{name}.uptime_s": (round(up_s), "s"),
                f"{name}.flaps": (len(flaps), "1"),
                f"{name}.flaps_away": (sum(away(*flap) for flap in flaps), "1"),
                f"{name}.hold_timer_least_s": (round(self.least_s[name], 1), "s"),
                f"{name}.hold_timer_expired": (self.expired[name], "1"),
            }
        return found

    def lost(self, away):
        """The sessions that were lost while no core was away, or are not up."""
        return [name for name, flaps in self.flaps.items()
                if not all(away(*flap) for flap in flaps) or not self.sessions[name].up]


def answers(output):
    """What kxdpgun says it got."""
    for line in output.splitlines():
        if line.startswith("total replies:"):
            return int(line.split()[2])
    raise RuntimeError(f"kxdpgun sends nothing:\n{output}")


def make_node(rig, table):
    node = Quince(device=DEVICE, changes={
        "service": {"addresses": [NODE_V4, "192.0.2.253", "2001:db8::53"]},
        "announce": {"after": 0, "table": table},
        "resolver": hits.UNLIMITED,
    }).make_node(rig)
    node.prefix = NODE_FIRST
    return node


def example(rig, name, bfd_ms):
    """The path of an example with that interval of BFD."""
    text, count = re.subn(rf"interval {BFD_MS}\b", f"interval {bfd_ms}", (EXAMPLES / name).read_text())
    assert count > 0, f"{name} has another interval"
    return rig.file(name, text)


def away_in(absences, bfd_ms):
    """away(begin, end): whether any core was away for much of what BFD waits, between these times."""
    window_s = BFD_MISSED * bfd_ms / 1000

    def away(begin, end):
        return any(most_away_ms(mine, begin - SEEN_LATE_S, end, window_s) >= AWAY_SHARE * window_s * 1000
                   for mine in absences.values())

    return away


def soak(rig, gun, name, path, given):
    """One daemon's run; returns (figures, sentences that say what did not hold)."""
    speaker_of, conf, table = SPEAKERS[name]
    lab = rig.lab
    seconds = round(given.minutes * 60)
    router_conf, conf = (example(rig, c, given.bfd_ms) for c in ("bird-router.conf", conf))
    node = make_node(rig, table)
    node.start()
    with contextlib.ExitStack() as stack:
        stack.callback(node.kill)
        lateness = stack.enter_context(Lateness(rig))
        router = Bird(lab.net, lab.directory, "router", router_conf, DAEMON_FIRST)
        stack.callback(router.stop)
        speaker = speaker_of(lab.node, lab.directory, name, conf, DAEMON_FIRST)
        stack.callback(speaker.stop)
        hits.learn(rig, path)
        sides = [Watch(router), Watch(speaker)]
        if not until(lambda: all(side.all_up(2) for side in sides), START_S):
            raise RuntimeError(f"no sessions:\n{speaker.log_path.read_text()}\n{node.log()}")
        for side in sides:
            side.begin()
        before, begun = node.totals(), time.monotonic()
        firing = gun.fire(path, seconds, given.rate)
        while firing.poll() is None:
            time.sleep(1)
            for side in sides:
                side.look()
        replies = answers(firing.communicate()[0])
        after = node.totals()
        asked = after["client_queries"] - before["client_queries"]
        figures = {
            "bfd_ms": (given.bfd_ms, "ms"),
            "flood_qps": (round(asked / seconds), "1/s"),
            "answers_qps": (round(replies / seconds), "1/s"),
        }
        away = away_in(lateness.absences(), given.bfd_ms)
        seconds_away = [away(*look) for look in itertools.pairwise(sides[0].looks)]
        figures["away_by_chance"] = (round(sum(seconds_away) / len(seconds_away), 3), "1")
        for side in sides:
            figures |= side.figures(begun, away)
        figures |= {counter: (after[counter] - before[counter], "1")
                    for counter in after if counter.startswith("kernel_")}
        wrong = [f"{name}: the session {lost} was lost" for side in sides for lost in side.lost(away)]
    if figures["flood_qps"][0] < given.rate * LEAST_OF_RATE:
        wrong.append(f"{name}: the flood was {figures['flood_qps'][0]} a second, not {given.rate}")
    return {f"bgp.{name}.{key}": value for key, value in figures.items()}, wrong


def options():
    parser = argparse.ArgumentParser(description="BGP sessions beside a flood.")
    parser.add_argument("--minutes", type=float, default=10, help="with each daemon")
    parser.add_argument("--rate", type=int, default=200_000, help="questions a second")
    parser.add_argument("--bfd-ms", type=int, default=BFD_MS, help="between two packets of BFD")
    parser.add_argument("--daemon", action="append", choices=SPEAKERS, help="only this one")
    return parser.parse_args()


def main():
    given = options()
    need("kxdpgun", "dnsperf", "bird", "vtysh", "chrt")
    figures, wrong = {}, []
    with opened("soak-bgp") as rig:
        gun = Gun(rig)
        path = hits.hot_names(rig)
        for name in given.daemon or SPEAKERS:
            found, sentences = soak(rig, gun, name, path, given)
            figures |= found
            wrong += sentences
    history.record("soak-bgp", figures)
    for sentence in wrong:
        print(f"# {sentence}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
