# SPDX-License-Identifier: BSD-2-Clause
"""When the machine had no time for anybody: how late perf/lateness wakes on each core.

It goes before everything else, so it is late for one of two reasons: the host of a virtual machine
had the core, or the kernel did something there that nothing interrupts. What is measured at such a
moment is the machine, and benchmarks that last long ask here whether it was one.
"""

import bisect
import math
import os
from typing import NamedTuple

from rig import stop
from systems import BUILD

LATENESS = BUILD / "perf/lateness"
LATE_MS = 0.5  # What is less is of no interest.


class Absence(NamedTuple):
    """A core did nothing for so long."""

    end: float  # By the monotonic clock.
    ms: float


class Lateness:
    """Watches all cores for the length of a with block."""

    def __init__(self, rig):
        self.rig = rig
        self.processes = []

    @staticmethod
    def _log(core):
        return f"lateness{core}.log"

    def __enter__(self):
        for core in range(os.cpu_count()):
            words = (LATENESS, core, round(LATE_MS * 1000))
            self.processes.append(self.rig.launch(self.rig.lab.net, *words, log=self._log(core)))
        return self

    def __exit__(self, *_):
        for process in self.processes:
            stop(process)

    def absences(self):
        """All until now, oldest first: core -> [Absence]."""
        return {core: self._absences(core) for core in range(len(self.processes))}

    def _absences(self, core):
        text = (self.rig.directory / self._log(core)).read_text()
        if self.processes[core].poll() is not None:
            raise RuntimeError(f"lateness has ended:\n{text}")
        # Of the last line, half may not have been written yet.
        words = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [Absence(float(end), int(late_us) / 1000) for end, late_us in words]


def _between(absences, begin, end):
    """Those that ended between these times."""
    first = bisect.bisect_left(absences, (begin, 0))
    last = bisect.bisect_right(absences, (end, math.inf))
    return absences[first:last]


def away_ms(absences, begin, end):
    """For how long a core was away in all absences that ended between these times."""
    return sum(absence.ms for absence in _between(absences, begin, end))


def most_away_ms(absences, begin, end, window_s):
    """The most that a core was away in any such window that ended between these times."""
    windows = [away_ms(absences, max(begin, absence.end - window_s), absence.end)
               for absence in _between(absences, begin, end)]
    return min(max(windows, default=0), window_s * 1000)
