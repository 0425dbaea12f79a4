# SPDX-License-Identifier: BSD-2-Clause
"""The examples of docs/anycast as they stand: a node, a routing daemon, and a router with BIRD."""

import re
import subprocess

import pytest

from lab import NODE_V4, NODE_V6, until
from quince import Node
from speakers import EXAMPLES, Bird, Frr

SERVICES = ["192.0.2.253", "2001:db8::53"]
# A session that BFD ends on a busy machine is back after some seconds.
PATIENCE_S = 90.0

# Each daemon, its example, and the table it takes the routes from (docs/anycast.md).
SPEAKERS = {"bird": (Bird, "bird.conf", 53), "frr": (Frr, "frr.conf", "main")}


def first():
    """Words that have a command go before all else on its core, where that is allowed."""
    words = ("chrt", "--rr", "10")
    return words if subprocess.run([*words, "true"], capture_output=True).returncode == 0 else ()


def hops(lab):
    """Where the router sends what goes to the service addresses."""
    text = lab.net.run("ip", "-oneline", "route", "show", SERVICES[0])
    text += lab.net.run("ip", "-oneline", "-6", "route", "show", SERVICES[1])
    return set(re.findall(r"via (\S+)", text))


def hold_times(router):
    """By session with the node, the seconds that both sides have agreed on."""
    found = set()
    for session in ("first4", "first6"):
        text = router.show("protocols", "all", session)
        found |= {(session, int(s)) for s in re.findall(r"Hold timer: +[\d.]+/(\d+)", text)}
    return found


def watched(router):
    """The neighbours that the router watches with BFD, and that answer."""
    return {line.split()[0] for line in router.show("bfd", "sessions").splitlines()
            if " Up " in line}


def seen(look, wanted):
    """Whether all that is wanted was there once: where the processor is scarce, sessions flap."""
    found = set()
    until(lambda: found.update(look()) or found >= wanted, PATIENCE_S)
    return found == wanted


@pytest.mark.parametrize("name", SPEAKERS)
def test_example(lab, name):
    """Announces both families, withdraws and announces again as told, and leaves when killed."""
    speaker_of, example, table = SPEAKERS[name]
    nodes = {NODE_V4, NODE_V6}
    prefix = first()
    node = Node(lab, {
        "service": {"addresses": [NODE_V4, *SERVICES]},
        "announce": {"after": 0, "table": table},
    })
    node.prefix = prefix
    node.start()
    router = Bird(lab.net, lab.directory, "router", EXAMPLES / "bird-router.conf", prefix)
    speaker = None
    try:
        speaker = speaker_of(lab.node, lab.directory, name, EXAMPLES / example, prefix)

        def why():
            return f"{router.show('protocols')}\n{speaker.log_path.read_text()}\n{node.log()}"

        assert seen(lambda: hops(lab), nodes), why()
        assert seen(lambda: watched(router), nodes), why()
        assert seen(lambda: hold_times(router), {("first4", 9), ("first6", 9)}), why()
        node.control("drain")
        assert until(lambda: not hops(lab), PATIENCE_S), why()
        assert not until(lambda: hops(lab), 2.0), why()
        assert lab.ask("www.example.com.", "A").answer
        node.control("undrain")
        assert seen(lambda: hops(lab), nodes), why()
        node.kill()
        assert until(lambda: not hops(lab), PATIENCE_S), why()
    finally:
        for process in (speaker, router):
            if process is not None:
                process.stop()
        if node.is_running():
            node.kill()
