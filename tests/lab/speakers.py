# SPDX-License-Identifier: BSD-2-Clause
"""BIRD and FRR in a namespace, with the examples of docs/anycast, and what their sessions say."""

import json
import re
import shutil
import subprocess
from typing import NamedTuple

from lab import ROOT, until

EXAMPLES = ROOT / "docs/anycast"
FRR = "/usr/lib/frr"
START_S = 20.0


class Session(NamedTuple):
    """A BGP session, as one side sees it."""

    up: bool
    mark: float  # Moves by 1 or more whenever the session has been lost or come back.
    hold_left_s: float  # Until it would be lost for want of a message.
    error: str  # Why it was lost the last time; empty when it never was.


def seconds_of(clock):
    """Seconds since midnight of "03:15:29.083"."""
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


class Bird:
    """BIRD with a configuration, in a namespace. Its files are in `directory`."""

    def __init__(self, namespace, directory, name, conf, prefix=()):
        self.namespace = namespace
        self.control = directory / f"{name}.ctl"
        self.log_path = directory / f"{name}.log"
        words = (*prefix, "bird", "-f", "-c", conf, "-s", self.control)
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                namespace.command(*words),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def show(self, *words):
        """What birdc prints."""
        return self.namespace.run("birdc", "-s", self.control, "show", *words)

    def sessions(self):
        """The BGP sessions by name."""
        found = {}
        for part in re.split(r"\n(?=\S)", self.show("protocols", "all")):
            words = part.split()
            if len(words) < 5 or words[1] != "BGP":
                continue
            hold = re.search(r"Hold timer: +([\d.]+)/", part)
            error = re.search(r"Last error: +(.*)", part)
            found[words[0]] = Session(
                up="BGP state:          Established" in part,
                mark=seconds_of(words[4]),  # It is worked out anew, and some milliseconds off.
                hold_left_s=float(hold.group(1)) if hold else 0.0,
                error=error.group(1) if error else "")
        return found

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Frr:
    """zebra, bfdd and bgpd with one configuration, as the service of the package starts them.

    Sockets and pid files are in a directory of their own, so that nothing of the machine's own FRR
    is touched.
    """

    def __init__(self, namespace, directory, name, conf, prefix=()):
        self.namespace = namespace
        self.directory = directory / name
        self.directory.mkdir()
        shutil.copy(conf, self.directory / "frr.conf")
        (self.directory / "vtysh.conf").write_text("service integrated-vtysh-config\n")
        shutil.chown(self.directory, "frr", "frr")
        self.log_path = directory / f"{name}.log"
        self.processes = []
        with open(self.log_path, "w") as self.log:
            self._start(prefix, "zebra")
            assert until((self.directory / "zserv.api").exists, START_S), self.log_path.read_text()
            self._start(prefix, "bfdd", "--bfdctl", self.directory / "bfdd.sock")
            self._start(prefix, "bgpd")
            self._configure()

    def _start(self, prefix, daemon, *words):
        run = self.directory
        self.processes.append(subprocess.Popen(
            self.namespace.command(
                *prefix, f"{FRR}/{daemon}", "-f", "/dev/null", "-i", run / f"{daemon}.pid",
                "-z", run / "zserv.api", "--vty_socket", run, "-P", 0, *words),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT))
        assert until((run / f"{daemon}.vty").exists, START_S), self.log_path.read_text()

    def _vtysh(self, *words):
        return self.namespace.run(
            "vtysh", "--vty_socket", self.directory, "--config_dir", self.directory, *words)

    def _configure(self):
        self._vtysh("-b")

    def sessions(self):
        """The BGP sessions by the neighbour's address."""
        found = json.loads(self._vtysh("-c", "show bgp neighbors json"))
        return {
            address: Session(
                up=neighbour["bgpState"] == "Established",
                mark=neighbour["connectionsDropped"],
                hold_left_s=(neighbour.get("bgpTimerHoldTimeMsecs", 0)
                             - neighbour.get("bgpTimerLastRead", 0)) / 1000,
                error=neighbour.get("lastResetDueTo", ""))
            for address, neighbour in found.items() if isinstance(neighbour, dict)
        }

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.directory)
