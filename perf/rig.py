# SPDX-License-Identifier: BSD-2-Clause
"""Where benchmarks over the wire happen: a lab of its own (scripts/lab), with hugepages.

The system measured sits at vres in the lab's node namespace and has the address 10.99.0.2; the
generator and the authorities are in the net namespace, at the other end of that veth. Whatever is
started in them ends with the rig, however that ends: an error, Ctrl-C or SIGTERM included.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lab"))

# pylint: disable=wrong-import-position
from lab import NODE_V4, Lab, query  # noqa: E402

HUGEPAGES = Path("/proc/sys/vm/nr_hugepages")
HUGEPAGE_COUNT = 320  # Of 2 MiB: what quinced takes with 256 MiB of cache.
GENERATOR_CORE = 0
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _end(number, _frame):
    """Leaves by the way of all errors, so that everything is undone; a second signal is too late."""
    for ending in ENDING_SIGNALS:
        signal.signal(ending, signal.SIG_IGN)
    sys.exit(128 + number)


@contextlib.contextmanager
def hugepages(count):
    """Has `count` more hugepages for the length of a with block, or as many as there are."""
    before = int(HUGEPAGES.read_text())
    HUGEPAGES.write_text(str(before + count))
    added = int(HUGEPAGES.read_text()) - before
    if added < count:
        print(f"only {added} of {count} hugepages could be reserved", file=sys.stderr)
    try:
        yield
    finally:
        HUGEPAGES.write_text(str(max(0, int(HUGEPAGES.read_text()) - added)))


@contextlib.contextmanager
def affinity(cores):
    """Has what is started in a with block run on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def opened(name):
    """A rig for the length of a with block; `name` keeps it apart from other labs.

    The authorities are on the generator's core: the other is for the system that is measured. All
    of the calling session is preferred to other work from then on.
    """
    if os.geteuid() != 0:
        sys.exit("network namespaces need root; run it as root.")
    for ending in ENDING_SIGNALS:
        signal.signal(ending, _end)
    prefer(os.getpid())
    lab = Lab(name)
    with contextlib.ExitStack() as stack:
        stack.enter_context(hugepages(HUGEPAGE_COUNT))
        with affinity({GENERATOR_CORE}):
            lab.script("up")
        # Also ends what still runs in the namespaces.
        stack.callback(lab.script, "down")
        yield Rig(lab)


def need(*commands):
    """Ends with a sentence when one of the programs is not installed."""
    missing = [command for command in commands if shutil.which(command) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}; scripts/setup perf installs them")


def prefer(pid):
    """Has the scheduler give the session of a process most of the time that others want, too.

    Others' work on the machine must not look like a slow system. A real-time priority would be
    worse: the kernel takes the processor away from what never sleeps, for 50 ms a second.
    """
    with contextlib.suppress(OSError):  # A kernel without autogroups, or a process that is gone.
        Path(f"/proc/{pid}/autogroup").write_text("-20")


class Rig:
    def __init__(self, lab):
        self.lab = lab
        self.directory = lab.directory
        # A reflector answers no ARP.
        mac = lab.node.mac("vres").hex(":")
        self.mac = mac
        self._ip(lab.net, "neighbour", "replace", NODE_V4, "lladdr", mac, "dev", "vnode")

    @staticmethod
    def _ip(namespace, *words):
        namespace.run("ip", *words)

    def file(self, name, text):
        """Writes a file that lives as long as the rig; returns its path."""
        path = self.directory / name
        path.write_text(text)
        return path

    def launch(self, namespace, *words, log="processes.log", core=None, **more):
        """Starts a command in a namespace, in a session of its own so that Ctrl-C is only ours."""
        pinned = () if core is None else ("taskset", "--cpu-list", core)
        with open(self.directory / log, "a") as file:
            process = subprocess.Popen(
                namespace.command(*pinned, *words),
                start_new_session=True,
                stderr=subprocess.STDOUT,
                **{"stdin": subprocess.DEVNULL, "stdout": file, **more},
            )
        prefer(process.pid)
        return process

    def output(self, namespace, *words, first=False, timeout_s=60, **more):
        """What a command in a namespace prints; its failure is an error that shows it.

        `first`: goes before everything else on its core. `more` is for launch().
        """
        before = ("chrt", "--rr", "10") if first else ()
        process = self.launch(
            namespace, *before, *words, stdout=subprocess.PIPE, text=True, **more
        )
        try:
            text, _ = process.communicate(timeout=timeout_s)
        finally:
            process.kill()
        if process.returncode != 0:
            raise RuntimeError(f"{words[0]} failed with {process.returncode}:\n{text}")
        return text

    def _kernel_hears(self, hears):
        """The lab keeps the kernel from hearing vres, which is Quince's; others need it to."""
        policy = "accept" if hears else "drop"
        self.lab.node.run("nft", f"chain netdev quince ingress {{ policy {policy}; }}")

    @contextlib.contextmanager
    def kernel_address(self):
        """Gives the node's address to the kernel, for systems that use its sockets."""
        node = self.lab.node
        self._kernel_hears(True)
        try:
            self._ip(node, "address", "add", f"{NODE_V4}/24", "dev", "vres")
            self._ip(node, "route", "add", "default", "via", "10.99.0.1")
            yield
        finally:
            self._ip(node, "address", "flush", "dev", "vres")
            self._kernel_hears(False)

    def wait_for_reply(self, name, process, seconds=20.0):
        """Asks until something comes back; returns the monotonic time when it did."""
        wire = query(name, "A").to_wire()
        end = time.monotonic() + seconds
        with self.lab.net.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.005)
            sock.connect((NODE_V4, 53))
            while time.monotonic() < end:
                with contextlib.suppress(OSError):
                    sock.send(wire)
                    sock.recv(4096)
                    return time.monotonic()
                if process is not None and process.poll() is not None:
                    break
        raise RuntimeError("no reply from the system; see its log")


def stop(process, seconds=5.0):
    """Ends a process that launch() started, by force if it does not by itself."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

