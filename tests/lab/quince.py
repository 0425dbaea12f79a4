# SPDX-License-Identifier: BSD-2-Clause
"""quinced and quincectl, run in a lab."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import yaml

from frames import ROUTER_V4, ROUTER_V6
from lab import NODE_V4, NODE_V6, ROOT, until

BUILD = ROOT / os.environ.get("QN_BUILD", "build")
QUINCED = BUILD / "app/quinced/quinced"
QUINCECTL = BUILD / "app/quincectl/quincectl"
# In a sanitized build: leaks in libraries that are not ours.
LSAN_OPTIONS = f"suppressions={ROOT}/tests/port/lsan.supp:print_suppressions=0"
START_S = 30.0  # Sanitized builds map a lot of memory first.
ACQUAINT_MAX = 64  # Names until each of a few workers is the home of one, by far.
CRASH_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error: ")
CRASH_SIGNALS = (signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV)


def check(path):
    """Runs `quinced -c PATH --check`."""
    return subprocess.run(
        [QUINCED, "-c", path, "--check"], text=True, capture_output=True, timeout=START_S
    )


def ports_of(device):
    """The section `ports` as the lab has it, with another device."""
    return [
        {
            "device": device,
            "addresses": [f"{NODE_V4}/24", f"{NODE_V6}/64"],
            "gateways": [ROUTER_V4, ROUTER_V6],
        }
    ]


class Node:
    """One quinced inside a lab's node namespace."""

    crashes = []  # What daemons of all nodes said that ended by a bug.

    def __init__(self, lab, changes=None, name=None):
        """
        `changes` maps a section to the keys it replaces in the lab's configuration. One of several
        has a `name`, and files and a control socket of that name.
        """
        self.lab = lab
        self.path = lab.directory / f"{name or 'quinced'}.yaml"
        self.log_path = self.path.with_suffix(".log")
        self.process = None
        self.prefix = ()  # Words before the daemon's own, of a command that becomes it.
        self.settings = yaml.safe_load(lab.script("config"))
        if name is not None:
            self.settings["control"]["socket"] = f"{lab.directory}/{name}.sock"
        for section, keys in (changes or {}).items():
            if not isinstance(keys, dict):
                self.settings[section] = keys
            else:
                self.settings.setdefault(section, {}).update(keys)
        self.socket_path = self.settings["control"]["socket"]

    def remove_files(self):
        """Has nothing left of one that does not run: not what its tests look at, either."""
        control = Path(self.socket_path)
        for path in (self.path, self.log_path, control, control.with_name(f"{control.name}.lock")):
            path.unlink(missing_ok=True)

    def write_settings(self):
        self.path.write_text(yaml.safe_dump(self.settings))

    @contextlib.contextmanager
    def reloaded(self, section, **keys):
        """Has the daemon read changed keys of a section, and the old ones after a with block."""
        before = dict(self.settings[section])
        self.settings[section].update(keys)
        try:
            self.reload()
            yield
        finally:
            self.settings[section] = before
            self.reload()

    def reload(self):
        self.write_settings()
        self.control("reload")

    def launch(self, environment=None):
        """Starts the process without waiting for anything."""
        self._note_crash()
        self.write_settings()
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                self.lab.node.command(*self.prefix, QUINCED, "-c", self.path),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(os.environ, LSAN_OPTIONS=LSAN_OPTIONS, **(environment or {})),
            )

    def start(self):
        """Starts the daemon and waits until it says that it is ready."""
        notify_path = self.lab.directory / "notify.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(notify_path))
            try:
                notify.settimeout(0.1)
                self.launch({"NOTIFY_SOCKET": str(notify_path)})
                ready = until(lambda: self._notified_ready(notify), START_S, step_s=0)
            finally:
                notify_path.unlink()
        if not ready:
            self.kill()
            raise RuntimeError(f"quinced did not become ready:\n{self.log()}")

    def _notified_ready(self, notify):
        """True once READY=1 has arrived; raises when the daemon ended instead."""
        if self.process.poll() is not None:
            raise RuntimeError(f"quinced exited with {self.process.returncode}:\n{self.log()}")
        try:
            return b"READY=1" in notify.recv(4096).splitlines()
        except socket.timeout:
            return False

    def stop(self):
        """Sends SIGTERM; returns (exit status, seconds it took)."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        seconds = time.monotonic() - begin
        self._note_crash()
        return status, seconds

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._note_crash()

    def _note_crash(self):
        """Keeps what a daemon that has ended by a bug has said: its log is written anew."""
        if self.process is None or self.process.poll() is None:
            return
        log = self.log()
        by_signal = -self.process.returncode in CRASH_SIGNALS
        if by_signal or any(word in log for word in CRASH_WORDS):
            Node.crashes.append(f"quinced ended with {self.process.returncode}:\n{log}")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def control_process(self, *words):
        """Runs quincectl; returns the finished process."""
        return subprocess.run(
            [QUINCECTL, "--socket", self.socket_path, *words],
            text=True,
            capture_output=True,
            timeout=15,
        )

    def control(self, *words):
        """Runs quincectl and returns what it printed, parsed."""
        process = self.control_process(*words)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    def request(self, command, **arguments):
        """The reply to one request on the control socket, without a process for it."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(self.socket_path)
            sock.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            return json.loads(sock.makefile().readline())

    def totals(self):
        """Every counter of the node: the sums over workers, and those that no worker has."""
        stats = self.control("stats")
        return stats["totals"] | stats.get("streams", {})

    def grown(self, before):
        """By how much each counter has grown since totals() were `before`."""
        return {name: value - before[name] for name, value in self.totals().items()}

    def queries(self):
        """Queries that questions have cost: hedges and those that only measure left out."""
        totals = self.totals()
        return totals["upstream_queries"] - totals["hedges"] - totals["probes"]

    def port(self):
        """The lab's only port, as `quincectl ports` shows it."""
        return self.control("ports")["ports"][0]

    def flush(self):
        """Forgets everything that was learned."""
        self.control("flush", ".")

    def acquaint(self, ask):
        """Calls ask(i) for i = 0, 1, … with new names until each worker has resolved one.

        Every worker learns delegations for itself (docs/decisions/0002).
        """
        def missed():
            return [w["cache_misses"] for w in self.control("stats")["workers"]]

        before = missed()
        for i in range(ACQUAINT_MAX):
            ask(i)
            if all(now > was for now, was in zip(missed(), before)):
                break
        else:
            raise AssertionError(f"a worker of {len(before)} is the home of no name at all")
        self.rest()

    def rest(self):
        """Waits until no question is on its way any more: background work is over, too."""
        assert until(lambda: self.waiting() == 0, 12.0), self.control("status")

    def waiting(self):
        """Questions that are on their way, client and upstream side together."""
        return sum(
            w["parked_clients"] + w["upstream_in_flight"] for w in self.control("status")["workers"]
        )

    def mbufs_in_use(self):
        return {pool["name"]: pool["in_use"] for pool in self.control("status")["mempools"]}
