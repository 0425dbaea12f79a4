# SPDX-License-Identifier: BSD-2-Clause
"""The systems that are measured: Quince, four other resolvers, and a mere reflector of packets.

Each has a name, version() and running(rig), a context in which it answers at 10.99.0.2. All of
them have one thread, on the same core. The others are Debian's packages with the configuration in
perf/peers, where {address}, {hints} and {directory} are filled in.
"""

import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from rig import NODE_V4, stop

from quince import BUILD, QUINCED, Node

CORE = 1 if os.cpu_count() > 1 else 0  # The generator has core 0.
PEERS = Path(__file__).resolve().parent / "peers"
ASKED_FIRST = "www.example.com."


def _version(*words):
    """The first thing that looks like a version in what a command prints."""
    text = subprocess.run(words, text=True, capture_output=True)
    found = re.search(r"\d+\.\d+(\.\d+)*[\w.-]*", text.stdout + text.stderr)
    return found.group(0) if found else "unknown"


class Quince:
    """quinced with one worker that never sleeps; `changes` as for tests/lab's Node."""

    def __init__(self, name="quince", device="net_af_packet0", changes=None):
        self.name = name
        self.device = f"{device},iface=vres"
        self.changes = changes or {}
        self.node = None

    def version(self):
        return _version(QUINCED, "--version")

    def make_node(self, rig):
        """A Node that is not started yet."""
        node = Node(rig.lab, {"node": {"cache": "256MiB", "poll": "busy", "workers": [CORE]}})
        node.settings["ports"][0]["device"] = self.device
        for section, keys in self.changes.items():
            node.settings.setdefault(section, {}).update(keys)
        return node

    def waited_s(self):
        """Seconds that the first worker has waited for its core, which others had."""
        for task in Path(f"/proc/{self.node.process.pid}/task").iterdir():
            if (task / "comm").read_text().startswith("rte-worker"):
                return int((task / "schedstat").read_text().split()[1]) / 1e9
        raise RuntimeError("quinced has no worker")

    @contextlib.contextmanager
    def running(self, rig, asked=ASKED_FIRST):
        """Starts it; stops it at the end of a with block. Gives the milliseconds it took."""
        self.node = self.make_node(rig)
        begin = time.monotonic()
        self.node.launch()
        try:
            answered = rig.wait_for_reply(asked, self.node.process)
            yield (answered - begin) * 1000
        except RuntimeError:
            sys.stderr.write(self.node.log())
            raise
        finally:
            stop(self.node.process)


class Reflector:
    """DPDK's testpmd, which swaps addresses and ports and sends every packet back."""

    def __init__(self, name="5tswap", device="net_af_packet0"):
        self.name = name
        self.device = f"{device},iface=vres"
        if "af_packet" in device:
            self.device += ",framecnt=2048"  # As quinced has it.

    def version(self):
        return _version("dpkg-query", "-W", "-f", "${Version}", "dpdk")

    @contextlib.contextmanager
    def running(self, rig, asked=ASKED_FIRST):
        begin = time.monotonic()
        process = rig.launch(
            rig.lab.node,
            *("dpdk-testpmd", "-l", f"0,{CORE}", "--main-lcore", 0, "--in-memory", "--no-pci"),
            *("--no-telemetry", "-d", f"librte_{self.device.split('0,')[0]}.so"),
            *("--vdev", self.device, "--", "--forward-mode=5tswap", "--nb-cores=1"),
            *("--auto-start", "--no-lsc-interrupt", "--total-num-mbufs=16384"),
            stdin=subprocess.PIPE,  # Its end would be testpmd's.
            log="5tswap.log",
        )
        try:
            yield (rig.wait_for_reply(asked, process) - begin) * 1000
        except RuntimeError:
            sys.stderr.write((rig.directory / "5tswap.log").read_text())
            raise
        finally:
            stop(process)


class Peer:
    """A resolver on kernel sockets. `command` has its words, {config} and {directory} filled in."""

    def __init__(self, name, config, version_command, *command):
        self.name = name
        self.config = config
        self.version_command = version_command
        self.command = command

    def version(self):
        return _version(*self.version_command)

    @contextlib.contextmanager
    def running(self, rig, asked=ASKED_FIRST, hints="root.hints"):
        """As above. `hints`: file below the rig's directory with the root servers."""
        directory = rig.directory / self.name
        directory.mkdir(exist_ok=True)
        filled = {
            "address": NODE_V4,
            "directory": directory,
            "hints": rig.directory / hints,
            "config": directory / self.config,
        }
        text = (PEERS / self.config).read_text().format(**filled)
        (directory / self.config).write_text(text)
        log = f"{self.name}.log"
        with rig.kernel_address():
            begin = time.monotonic()
            words = [word.format(**filled) for word in self.command]
            process = rig.launch(rig.lab.node, *words, log=log, core=CORE)
            try:
                yield (rig.wait_for_reply(asked, process) - begin) * 1000
            except RuntimeError:
                sys.stderr.write((rig.directory / log).read_text())
                raise
            finally:
                stop(process)


PEER_SYSTEMS = [
    Peer("unbound", "unbound.conf", ("unbound", "-V"), "unbound", "-d", "-p", "-c", "{config}"),
    Peer(
        "kresd",
        "kresd.conf",
        ("kresd", "--version"),
        *("kresd", "--noninteractive", "--config={config}", "{directory}"),
    ),
    Peer(
        "pdns",
        "recursor.conf",
        ("pdns_recursor", "--version"),
        *("pdns_recursor", "--config-dir={directory}", "--daemon=no"),
    ),
    Peer(
        "bind",
        "named.conf",
        ("named", "-v"),
        *("named", "-g", "-4", "-n", "1", "-c", "{config}"),
    ),
]
PEER_COMMANDS = ("unbound", "kresd", "pdns_recursor", "named")

__all__ = ["BUILD", "PEER_COMMANDS", "PEER_SYSTEMS", "Peer", "Quince", "Reflector"]
