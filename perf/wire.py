#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hits over the wire: Quince, a reflector of packets, and four other resolvers, in one run.

A thousand hot names are asked for over a veth, by kxdpgun at several rates, of which the best
counts, and by dnsperf; of one system after the other, and that as often as asked for; the figure is
the median of the rounds. Prints lines `name value unit` and appends them to perf/history.ndjson.

    wire.SYSTEM_qps, wire.5tswap_pps   replies a second to kxdpgun
    wire.SYSTEM_dnsperf_qps            to dnsperf
    wire.quince_of_5tswap              median over the rounds of the quotient
    wire.quince_of_best_peer           the same, of the best peer in that round
    start_ms                           from the start of the process to the first answer
    hit_p99_us.alone, .beside_misses   of Quince: how long hits take that come at HIT_RATE; beside
                                       misses, which dnsperf keeps coming as fast as they are
                                       answered, hits_qps and misses_qps of each were answered
    flood.hits_answered, .misses_qps   of Quince, flooded with queries of which half are hits: the
                                       share of these, and how many others, that are answered
"""

import argparse
import itertools
import re
import statistics
import time

import history
import hits
from rig import GENERATOR_CORE, NODE_V4, need, opened, stop
from systems import PEER_COMMANDS, PEER_SYSTEMS, Quince, Reflector

MISS_NAME_COUNT = 1_000_000
HIT_RATE = 100_000
FLOOD_RATE, FLOOD_S = 400_000, 5
RATES = (130_000, 200_000, 300_000, 2_000_000)  # The last is more than can be sent here.
CHANGES = {"resolver": hits.UNLIMITED}
ALL = [
    Quince(changes=CHANGES),
    Reflector(),
    Quince("quince_xdp", "net_af_xdp0", CHANGES),
    Reflector("5tswap_xdp", "net_af_xdp0"),
    *PEER_SYSTEMS,
]


def kxdpgun(rig, path, seconds, rate):
    """How many queries were sent and replies received a second, when so many are to be sent."""
    words = ("kxdpgun", "-t", seconds, "-Q", rate, "-F", GENERATOR_CORE, "-I", "vnode")
    for _ in range(20):
        output = rig.output(rig.lab.net, *words, "-R", rig.mac, "-i", path, NODE_V4)
        counts = re.findall(r"^total (?:queries|replies): +(\d+)", output, re.MULTILINE)
        if len(counts) == 2:
            return [int(count) / seconds for count in counts]
        # The kernel takes its time to give up the XDP socket of the run before.
        time.sleep(0.1)
    raise RuntimeError(f"kxdpgun sends nothing:\n{output}")


def flood(rig, path, seconds):
    """The most replies a second at any of RATES: a flood is not what every system does best at."""
    return max(kxdpgun(rig, path, seconds // len(RATES) or 1, rate)[1] for rate in RATES)


def ask(rig, path, *limits):
    """What dnsperf reports; `limits` are its arguments for how long it asks."""
    return rig.output(
        rig.lab.net,
        *("dnsperf", "-s", NODE_V4, "-d", path, "-c", 8, "-q", 400, "-T", 1, *limits),
        core=GENERATOR_CORE,
    )


def queries_a_second(report):
    return float(re.search(r"Queries per second: +([\d.]+)", report).group(1))


def measure(rig, system, path, seconds):
    """Figures of one system in one round: name -> value."""
    figures = {}
    reflects = isinstance(system, Reflector)
    with system.running(rig) as start_ms:
        if not reflects:
            hits.learn(rig, path)
        figures["pps" if reflects else "qps"] = flood(rig, path, seconds)
        if not reflects:
            figures["dnsperf_qps"] = queries_a_second(ask(rig, path, "-l", seconds))
            figures["start_ms"] = start_ms
    return figures


def misses():
    """Questions for names nobody asked for before, enough for the longest run."""
    return (f"m{i}.miss.bulk.net A\n" for i in range(MISS_NAME_COUNT))


def measure_latencies(rig, path, seconds):
    """Hits alone, then beside misses: name -> (value, unit)."""
    system = Quince(changes=CHANGES)
    unknown = rig.file("misses.txt", "".join(misses()))
    with system.running(rig):
        hits.learn(rig, path)
        figures = hits.latencies(rig, system, HIT_RATE, seconds, "alone")
        asking = rig.launch(
            rig.lab.net,
            *("dnsperf", "-s", NODE_V4, "-d", unknown, "-n", 1, "-c", 4, "-q", 500, "-T", 1),
            core=GENERATOR_CORE,
        )
        time.sleep(0.5)
        before = system.node.totals()["client_answered"]
        figures |= hits.latencies(rig, system, HIT_RATE, seconds, "beside_misses")
        missed = system.node.totals()["client_answered"] - before
        stop(asking)
    # latency waits a second for stragglers.
    return figures | {"misses_qps.beside_hits": (round(missed / (seconds + 1)), "1/s")}


def measure_flood(rig, path):
    """What is answered of hits and of misses when more come than can be: name -> (value, unit)."""
    system = Quince(changes=CHANGES)
    known = path.read_text().splitlines(keepends=True)
    mixed = rig.file("mixed.txt", "".join(map("".join, zip(itertools.cycle(known), misses()))))
    with system.running(rig):
        hits.learn(rig, path)
        before = system.node.totals()
        asked, _ = kxdpgun(rig, mixed, FLOOD_S, FLOOD_RATE)
        grown = system.node.grown(before)
    return {
        "flood.asked_qps": (round(asked), "1/s"),
        "flood.hits_answered": (round(grown["cache_hits"] / (asked / 2 * FLOOD_S) * 100, 1), "%"),
        "flood.misses_qps": (round(grown["client_answered"] / FLOOD_S), "1/s"),
    }


def summary(rounds):
    """Medians of all rounds, and of quotients within one: name -> (value, unit)."""
    figures = {}
    for name in rounds[0]:
        median = statistics.median(of_round[name] for of_round in rounds)
        unit = "ms" if name.endswith("start_ms") else "1/s"
        figures[f"wire.{name}"] = (round(median, 1 if unit == "ms" else 0), unit)
    if "wire.quince_start_ms" in figures:
        figures["start_ms"] = figures.pop("wire.quince_start_ms")

    def quotient(name, over):
        if all("quince_qps" in r and over(r) for r in rounds):
            values = [r["quince_qps"] / max(over(r)) for r in rounds]
            figures[f"wire.quince_of_{name}"] = (round(statistics.median(values), 3), "1")

    quotient("5tswap", lambda r: [r[k] for k in r if k == "5tswap_pps"])
    quotient("best_peer", lambda r: [r[f"{p.name}_qps"] for p in PEER_SYSTEMS if f"{p.name}_qps" in r])
    return figures


def options():
    parser = argparse.ArgumentParser(description="Hits over the wire, of Quince and of others.")
    parser.add_argument("--seconds", type=int, default=10, help="of each generator, each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--systems", default=",".join(s.name for s in ALL), help="some of %(default)s"
    )
    parser.add_argument("--latency-only", action="store_true", help="only hits beside misses")
    return parser.parse_args()


def run_rounds(rig, systems, path, asked):
    """Every system in turn, as often as asked for: a list of name -> value."""
    rounds = []
    for number in range(asked.rounds):
        of_round = {}
        for system in systems:
            for name, value in measure(rig, system, path, asked.seconds).items():
                of_round[f"{system.name}_{name}"] = value
                print(f"# round {number + 1}: {system.name}_{name} {value:.0f}", flush=True)
        rounds.append(of_round)
    return rounds


def main():
    asked = options()
    systems = [s for s in ALL if s.name in asked.systems.split(",")]
    need("kxdpgun", "dnsperf", "dpdk-testpmd", *PEER_COMMANDS)
    versions = {s.name: s.version() for s in systems}
    with opened("wire") as rig:
        path = hits.hot_names(rig)
        if not asked.latency_only:
            rounds = run_rounds(rig, systems, path, asked)
            history.record("wire", summary(rounds), versions)
        if "quince" in versions:
            history.record("latency", measure_latencies(rig, path, asked.seconds), versions)
            history.record("flood", measure_flood(rig, path), versions)


if __name__ == "__main__":
    main()
