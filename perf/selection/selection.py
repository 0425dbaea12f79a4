#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Which authority does a resolver ask? Four for one zone, at 8, 25, 70 and 180 ms.

A client asks for 100 new names a second, first with all authorities up, then the fastest dies,
comes back, and loses a fifth of its packets. Prints one table: what the client waited in each
phase (percentiles in ms, 5000 for no answer), how many questions had no answer, each authority's
share of the queries, and queries sent for a client's query. Appends to perf/history.ndjson.
"""

import argparse
import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import history  # noqa: E402
from client import Client  # noqa: E402
from rig import need, opened  # noqa: E402
from systems import PEER_COMMANDS, PEER_SYSTEMS, Quince  # noqa: E402
from authorities import DEAD, HINTS, LOSSY, ZONE, World  # noqa: E402

RATE = 100
WARM_S = 15


@dataclass(frozen=True)
class Phase:
    """`p50_ms`, `p99_ms`: what Quince must reach; `settle_s`: seconds before that do not count."""

    key: str
    title: str
    rule: str | None
    settle_s: int
    seconds: int
    p50_ms: float
    p99_ms: float


PHASES = [
    Phase("up", "all up", None, WARM_S, 20, 8.6, 10),
    Phase("died", "fastest just died, first 2 s", DEAD, 0, 2, 37, 60),
    Phase("dead", "fastest dead, next 10 s", DEAD, 0, 10, 25.5, 30),
    Phase("back", "fastest back, 10 to 40 s later", None, 10, 30, 8.6, 10),
    Phase("lossy", "fastest loses 20 %", LOSSY, 0, 20, 8.6, 50),
]


def percentile(values, share):
    """Of sorted values: the smallest that so large a share does not exceed."""
    return values[max(0, -(-len(values) * share // 100) - 1)]


class Shares:
    """Watches, twice a second, how the queries are shared out."""

    def __init__(self, world):
        self.world = world
        self.samples = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.stopped.is_set():
            self.samples.append((time.time(), self.world.sent()))
            self.stopped.wait(0.5)

    def stop(self):
        self.stopped.set()
        self.thread.join()

    def seconds_until_fastest(self, since):
        """Seconds after `since` from which on the fastest had 95 % for a second; None if never."""
        later = [s for s in self.samples if s[0] >= since]
        for (begin, before), (_, after) in zip(later, later[2:]):
            grown = [b - a for a, b in zip(before, after)]
            if sum(grown) > 0 and grown[0] >= 0.95 * sum(grown):
                return begin - since
        return None


def run_phases(world, client):
    """What happened in each phase: key -> result."""
    shares = Shares(world)
    results = {}
    for phase in PHASES:
        world.trouble(phase.rule)
        begin = time.time()
        client.run(phase.settle_s)
        before = world.sent()
        asked = client.run(phase.seconds)
        grown = [b - a for a, b in zip(before, world.sent())]
        results[phase.key] = {"asked": asked, "sent": grown, "begin": begin}
    client.finish()
    shares.stop()
    for result in results.values():
        waited = client.latencies_ms(*result.pop("asked"))
        total = sum(result["sent"]) or 1
        result["share"] = [round(100 * n / total) for n in result.pop("sent")]
        result["per_query"] = total / len(waited)
        result["failed"] = sum(ms >= 5000 for ms in waited)
        for name, share in (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)):
            result[name] = percentile(waited, share)
    results["back"]["return_s"] = shares.seconds_until_fastest(results["back"]["begin"])
    return results


def run_system(rig, system):
    """One run of all phases with one system in a rig of its own."""
    world = World(rig)
    if isinstance(system, Quince):
        system.changes = {
            "resolver": {"root-hints": str(rig.directory / HINTS)},
            "node": {"poll": "adaptive"},
        }
        running = system.running(rig, f"ready.{ZONE}.")
    else:
        running = system.running(rig, f"ready.{ZONE}.", HINTS)
    with running:
        return run_phases(world, Client(rig, ZONE, RATE))


def header():
    print("| phase | system | p50 | p90 | p99 | max | unanswered | share of each | sent per query |")
    print("|---|---|---|---|---|---|---|---|---|")


def show(phase, name, result):
    share = " ".join(f"{s}" for s in result["share"])
    note = ""
    if "return_s" in result:
        back = result["return_s"]
        note = " (never)" if back is None else f" (after {back:.1f} s)"
    cells = [f"{result[p]:.1f}" for p in ("p50", "p90", "p99", "max")]
    cells += [str(result["failed"]), share + note, f"{result['per_query']:.2f}"]
    print(f"| {phase.title} | {name} | " + " | ".join(cells) + " |", flush=True)


def reached(phase, result):
    """Whether a result is what Quince has to reach; tenths of a millisecond do not count."""
    in_time = result["p50"] < phase.p50_ms + 0.5 and result["p99"] < phase.p99_ms + 0.5
    if phase.key == "back":
        in_time = in_time and result["return_s"] is not None and result["return_s"] <= 2.0
    if phase.key == "up":
        in_time = in_time and result["per_query"] <= 1.1
    return in_time


def figures_of(results):
    """What is kept of one run: name -> (value, unit)."""
    figures = {}
    for name, of_system in results.items():
        for phase in PHASES:
            for key, unit in (("p50", "ms"), ("p99", "ms"), ("per_query", "1")):
                value = round(of_system[phase.key][key], 2)
                figures[f"selection.{name}.{phase.key}.{key}"] = (value, unit)
    return figures


def run_at_once(systems):
    """One run of each system at the same time, each in a lab of its own: name -> results."""
    results = {}

    def work(rig, system):
        results[system.name] = run_system(rig, system)

    with contextlib.ExitStack() as stack:
        threads = []
        for system in systems:
            rig = stack.enter_context(opened(f"selection-{system.name}"))
            threads.append(threading.Thread(target=work, args=(rig, system), daemon=True))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    missing = [system.name for system in systems if system.name not in results]
    if missing:
        sys.exit(f"selection: no result for {', '.join(missing)}; see above")
    return results


def options(names):
    parser = argparse.ArgumentParser(description="Nameserver selection, of Quince and of others.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--systems", default=",".join(names), help="some of %(default)s")
    parser.add_argument(
        "--at-once", action="store_true", help="run the systems side by side, not in turn"
    )
    return parser.parse_args()


def main():
    known = [Quince(), *PEER_SYSTEMS]
    asked = options([system.name for system in known])
    systems = [system for system in known if system.name in asked.systems.split(",")]
    need("dnsdist", "nsd", "nft", *PEER_COMMANDS)
    # Other work on the machine must not look like a slow network. What is started inherits this.
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    groups = [systems] if asked.at_once else [[system] for system in systems]
    runs = []
    header()
    for _ in range(asked.runs):
        results = {}
        for group in groups:
            results.update(run_at_once(group))
        for phase in PHASES:
            for system in systems:
                show(phase, system.name, results[system.name][phase.key])
        runs.append(results)
        # At once: a later run that fails must not lose what this one took minutes to find.
        history.record("selection", figures_of(results), {s.name: s.version() for s in systems})
    if "quince" in runs[0]:
        for phase in PHASES:
            count = sum(reached(phase, run["quince"][phase.key]) for run in runs)
            print(f"# {phase.title}: reached in {count} of {len(runs)} runs")


if __name__ == "__main__":
    main()
