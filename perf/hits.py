# SPDX-License-Identifier: BSD-2-Clause
"""Questions that benchmarks over the wire have hits for: a thousand names, and how long hits take."""

from rig import GENERATOR_CORE, NODE_V4
from systems import BUILD

# pylint: disable=wrong-import-order
from lab import until

NAME_COUNT = 1000
# For quinced: all names are in one zone with one server, which a node would spare.
UNLIMITED = {"zone-rate": 0, "server-rate": 0}
ALL_ANSWERED = f"NOERROR {NAME_COUNT} (100.00%)"


def hot_names(rig):
    """A file with the questions, as both generators read it."""
    return rig.file("hot.txt", "".join(f"h{i}.bulk.net A\n" for i in range(NAME_COUNT)))


def learn(rig, path):
    """Has all names of that file asked for, so that they are hits afterwards.

    Where others keep the authority from its core, some fail at first.
    """
    words = ("dnsperf", "-s", NODE_V4, "-d", path, "-n", 1, "-c", 8, "-q", 50, "-T", 1)

    def asked():
        return rig.output(rig.lab.net, *words, core=GENERATOR_CORE)

    if not until(lambda: ALL_ANSWERED in asked(), 30.0, step_s=1.0):
        raise RuntimeError(f"not every name was answered:\n{asked()}")


def latencies(rig, system, rate, seconds, suffix):
    """How long `rate` hits a second take with a quinced: name -> (value, unit).

    Where others have the worker's core for more than a hundredth of the time, the 99th percentile
    tells of them, not of the worker: so their share is a figure, too.
    """
    before_s = system.waited_s()
    words = (BUILD / "perf/latency", NODE_V4, rate, seconds, NAME_COUNT)
    output = rig.output(rig.lab.net, *words, core=GENERATOR_CORE, first=True)
    found = {line.split()[0]: int(line.split()[1]) for line in output.splitlines()}
    # latency waits a second for stragglers.
    others = (system.waited_s() - before_s) / (seconds + 1)
    return {
        f"core_had_by_others.{suffix}": (round(100 * others, 2), "%"),
        **{f"hit_{share}_us.{suffix}": (found[share], "us") for share in ("p50", "p99", "p99.9")},
        f"hits_qps.{suffix}": (found["sent"], "1/s"),
        f"hits_lost.{suffix}": (found["lost"], "1"),
    }
