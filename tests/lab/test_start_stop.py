# SPDX-License-Identifier: BSD-2-Clause
"""Starting, refusing to start, and stopping without leaving anything."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from lab import NODE_V4, NODE_V6, query, until
from quince import START_S, Node, check
from streams import TLS_PORT, Stream, make_certificate, tls_context

NODE_MIB = 230  # What a node takes beside its cache, about.
CLAIM_FILE = Path("/proc/sys/vm/nr_hugepages")  # What who counts the hugepages has locked.
# Less than a question's budget, which a stop does not wait for. Sanitizers look for leaks at exit.
STOP_S = float(os.environ.get("QN_STOP_S", "3.0"))


def traces(lab):
    """What a daemon could leave behind on this machine."""
    meminfo = Path("/proc/meminfo").read_text()
    return {
        "node processes": lab.node.processes(),
        "XDP program": "xdp" in lab.node.run("ip", "-d", "link", "show", "vres"),
        "free hugepages": re.search(r"HugePages_Free: +(\d+)", meminfo).group(1),
        "interfaces": lab.node.run("ip", "-brief", "address"),
        "routes": lab.node.run("ip", "route", "show", "table", "all")
        + lab.node.run("ip", "-6", "route", "show", "table", "all"),
        "rules": lab.node.run("ip", "rule") + lab.node.run("ip", "-6", "rule"),
        "lab files": sorted(p.name for p in lab.directory.iterdir()),
        "DPDK run-time files": sorted(map(str, Path("/run/dpdk").glob("**/*"))),
    }


def assert_no_traces(lab, before):
    """The kernel frees the memory of packet sockets a moment after their process."""
    until(lambda: traces(lab) == before, 2.0)
    assert traces(lab) == before


@pytest.fixture
def before(lab):
    """The traces before; the files of the test's own node are none."""
    node = Node(lab)
    node.remove_files()
    for path in (node.path, node.log_path):
        path.touch()
    return traces(lab)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_at_once_and_leaves_nothing(lab, before, number):
    node = Node(lab)
    node.start()
    lab.ask("www.example.com.", "A")
    begin = time.monotonic()
    node.process.send_signal(number)
    status = node.process.wait(timeout=10)
    assert time.monotonic() - begin < STOP_S
    assert status == 0, node.log()
    assert_no_traces(lab, before)


def test_stops_with_questions_on_their_way(lab, before):
    node = Node(lab)
    node.start()
    with lab.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((NODE_V4, 53))
        for i in range(50):
            sock.send(query(f"n{i}.alldead.net.", "A").to_wire())
        assert until(lambda: node.waiting() >= 50, 2.0)
        status, seconds = node.stop()
    assert status == 0, node.log()
    assert seconds < STOP_S
    assert_no_traces(lab, before)


def streams_of(node):
    """Open connections: (of clients, to servers)."""
    streams = node.control("status")["streams"]
    return streams["stream_clients"], streams["stream_servers"]


def test_stops_with_connections_open(lab, before, tmp_path):
    """Idle ones, a message that has begun, a question on its way, a handshake, and a server's."""
    certificate, key = make_certificate(tmp_path, "stop")
    node = Node(lab, {"tls": {"certificate": str(certificate), "key": str(key)}})
    node.start()
    with contextlib.ExitStack() as stack:
        def connect(*where):
            return stack.enter_context(Stream(lab, *where))

        idle = [connect(server) for server in (NODE_V4, NODE_V6)]
        idle += [connect(server, TLS_PORT, tls_context()) for server in (NODE_V4, NODE_V6)]
        for stream in idle:
            assert stream.ask("big.example.com.", "TXT").answer
        connect().socket.sendall(b"\0\x20abc")
        connect().send(query("n1.alldead.net.", "A"))
        connect(NODE_V4, TLS_PORT).socket.sendall(b"\x16\x03\x01")
        assert until(lambda: node.waiting() >= 1, 5.0)
        clients, servers = streams_of(node)
        assert clients == 7 and servers >= 1
        status, seconds = node.stop()
        assert status == 0, node.log()
        assert seconds < STOP_S
        assert_no_traces(lab, before)
        assert all(stream.closed_after(5.0) is not None for stream in idle)
        # Nor is there anything that keeps the next one from the addresses.
        again = Node(lab)
        again.start()
        assert connect().ask("www.example.com.", "A").answer
        assert again.stop()[0] == 0


def test_starts_again_after_being_killed(lab):
    """The control socket of the dead is no obstacle; that of the living is."""
    node = Node(lab)
    node.start()
    node.kill()
    again = Node(lab)
    again.start()
    try:
        assert lab.ask("www.example.com.", "A").answer
        second = Node(lab, {"control": {"socket": again.socket_path}}, name="second")
        second.launch()
        assert second.process.wait(timeout=10) == 1
        assert second.socket_path in second.log()
        assert again.control("status")["pid"] == again.process.pid
    finally:
        again.stop()


def hugepages(what):
    """Pages of the machine: `what` is Total or Free."""
    return int(re.search(rf"HugePages_{what}: +(\d+)", Path("/proc/meminfo").read_text()).group(1))


def test_waits_while_another_counts_hugepages(lab):
    """What is locked is the same in all network namespaces, or two nodes would never meet."""
    if not CLAIM_FILE.exists():
        pytest.skip("this kernel has no hugepages")
    node = Node(lab)
    with open(CLAIM_FILE) as claim:
        fcntl.flock(claim, fcntl.LOCK_EX)
        node.launch()
        assert not until(lambda: "memory:" in node.log(), 1.0), node.log()
    try:
        assert until(lambda: "cache of" in node.log(), START_S), node.log()
    finally:
        node.stop()


@pytest.fixture
def twins(lab):
    """Two nodes of which only one can have what hugepages there are, unless these are many."""
    free_mib = min(hugepages("Free") * 2, 1024)
    nodes = [Node(lab, name=f"twin{i}") for i in range(2)]
    for i, node in enumerate(nodes):
        node.settings["node"]["cache"] = f"{max(64, free_mib * 4 // 5 - NODE_MIB)}MiB"
        node.settings["ports"][0]["device"] = f"net_ring{i}"
        node.settings["kernel"] = "off"
    yield nodes
    for node in nodes:
        if node.is_running():
            node.kill()
        node.remove_files()


def test_two_start_at_the_same_moment(twins):
    """One has the hugepages; the other counts what is left, and goes without."""
    total = hugepages("Total")
    for node in twins:
        node.launch()
    for node in twins:
        assert until(lambda n=node: not n.is_running() or "cache of" in n.log(), START_S)
    if hugepages("Total") != total:
        pytest.skip("somebody else has changed the number of hugepages meanwhile")
    for node in twins:
        assert node.is_running(), node.log()


def test_xdp_port_answers_and_leaves_no_program(lab, before):
    ports = Node(lab).settings["ports"]
    ports[0]["device"] = "net_af_xdp0,iface=vres"
    changes = {"ports": ports, "node": {"workers": [0]}}  # A veth has one queue for them.
    node = Node(lab, changes)
    node.start()
    assert lab.ask("www.glueless.com.", "A").answer
    node.kill()  # Leaves its program attached; the next start must cope.
    node = Node(lab, changes)
    node.start()
    assert lab.ask("www.glueless.com.", "A").answer
    status, _ = node.stop()
    assert status == 0, node.log()
    assert_no_traces(lab, before)


def test_stop_asks_for_the_time_of_a_drain(lab):
    """systemd kills what takes longer than the unit says, unless it asks for more."""
    node = Node(lab, {"announce": {"drain": 120}})
    path = lab.directory / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(START_S)
        try:
            node.launch({"NOTIFY_SOCKET": str(path)})
            words = []
            while b"READY=1" not in words:
                words = notify.recv(4096).splitlines()
            node.process.terminate()
            while b"STOPPING=1" not in words:
                words = notify.recv(4096).splitlines()
        finally:
            path.unlink()
            node.stop()
    asked = [int(word.split(b"=")[1]) for word in words if word.startswith(b"EXTEND_TIMEOUT_USEC=")]
    assert asked and asked[0] > 120_000_000, words


def test_turns_that_others_made_long_are_told_apart(lab):
    """A frozen process is the plainest of those to whom the machine gives nothing for a while."""
    node = Node(lab, {"node": {"poll": "busy"}})
    node.start()

    def frozen():
        node.process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        node.process.send_signal(signal.SIGCONT)
        return node.totals()["worker_turn_taken"] > 0

    try:
        assert until(frozen, 10.0), node.totals()
        totals = node.totals()
        long = sum(totals[f"worker_turn_{us}us"] for us in (8192, 16384, 32768))
        assert totals["worker_turn_taken"] <= long, totals
    finally:
        node.stop()


# --- configurations that must be refused -----------------------------------------------------

# What is replaced in the lab's configuration, and by what. The first line that differs is the one
# that the message must name.
BROKEN = {
    "unknown section": ("control:", "kontrol:\n  x: 1\ncontrol:"),
    "unknown key": ("  poll: adaptive", "  pol: adaptive"),
    "duplicate key": ("  poll: adaptive", "  poll: adaptive\n  poll: busy"),
    "poll word": ("poll: adaptive", "poll: sometimes"),
    "minimization word": ("resolver:\n", "resolver:\n  qname-minimization: mostly\n"),
    "cache unreadable": ("cache: 64MiB", "cache: lots"),
    "cache too small": ("cache: 64MiB", "cache: 4KiB"),
    "cache negative": ("cache: 64MiB", "cache: -64MiB"),
    "cache overflow": ("cache: 64MiB", "cache: 99999999999999999999MiB"),
    "core missing": ("workers: [", "workers: [4096, "),
    "core not a number": ("workers: [", "workers: [one, "),
    "device empty": ("device: ", 'device: "" # '),
    "address": ("10.99.0.2/24", "10.99.0.256/24"),
    "address without a prefix": ("10.99.0.2/24", "10.99.0.2"),
    "prefix length": ("fd00:99::2/64", "fd00:99::2/129"),
    "gateway": ("gateways: [10.99.0.1", "gateways: [10.99.0"),
    "gateway off the link": ("gateways: [10.99.0.1", "gateways: [10.77.0.1"),
    "service address nobody carries": ("service:\n", "service:\n  addresses: [10.99.0.77]\n"),
    "allow": ("0.0.0.0/0", "0.0.0.0/33"),
    "root hints missing": ("root.hints", "no-such.hints"),
    "list for a scalar": ("poll: adaptive", "poll: [adaptive]"),
    "scalar for a list": ('allow: [0.0.0.0/0, "::/0"]', "allow: everybody"),
    "tab": ("  poll: adaptive", "\tpoll: adaptive"),
}


def broken_configuration(lab, old, new):
    """The lab's configuration with one thing wrong: (path, number of the first line changed)."""
    good = lab.script("config")
    assert old in good
    bad = good.replace(old, new, 1)
    path = lab.directory / "broken.yaml"
    path.write_text(bad)
    lines = zip(good.splitlines(), bad.splitlines())
    return path, next(i for i, (a, b) in enumerate(lines, start=1) if a != b)


@pytest.fixture
def scratch(lab):
    """Removes what the configuration tests write."""
    yield
    for name in ("broken.yaml", "good.yaml"):
        (lab.directory / name).unlink(missing_ok=True)


def test_good_configuration_passes(lab, scratch):
    path = lab.directory / "good.yaml"
    path.write_text(lab.script("config"))
    process = check(path)
    assert (process.returncode, process.stdout, process.stderr) == (0, "configuration ok\n", "")


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_configuration_is_one_sentence_with_its_line(lab, scratch, fault):
    path, line = broken_configuration(lab, *BROKEN[fault])
    process = check(path)
    assert process.returncode == 1
    assert process.stdout == ""
    messages = process.stderr.splitlines()
    assert len(messages) == 1, process.stderr
    assert re.fullmatch(rf"{re.escape(str(path))}:{line}: .+[.?]", messages[0]), messages[0]


def test_every_error_is_reported(lab, scratch):
    path = lab.directory / "broken.yaml"
    text = lab.script("config").replace("cache: 64MiB", "cache: lots")
    path.write_text(text.replace("poll: adaptive", "poll: sometimes").replace("  id:", "  idd:"))
    process = check(path)
    assert process.returncode == 1
    numbers = [int(message.split(":")[1]) for message in process.stderr.splitlines()]
    assert numbers == [2, 3, 5]


def test_missing_file_is_named(lab):
    process = check("/nonexistent/quince.yaml")
    assert process.returncode == 1
    assert len(process.stderr.splitlines()) == 1
    assert "/nonexistent/quince.yaml" in process.stderr


@pytest.mark.parametrize("text", ["", "just a word\n", "- a\n- list\n", "node: {id: x}\n"])
def test_configuration_without_ports_is_refused(lab, scratch, text):
    path = lab.directory / "broken.yaml"
    path.write_text(text)
    process = check(path)
    assert process.returncode == 1
    assert len(process.stderr.splitlines()) == 1 and str(path) in process.stderr


# How the settings are spoiled, and a word of the sentence that must say so.
REFUSED_AT_START = {
    "device that does not come up": (
        lambda settings: settings["ports"][0].update(device="net_af_packet0,iface=nosuch0"),
        "nosuch0",
    ),
    "too little memory": (lambda settings: settings["node"].update(cache="900GiB"), "memory"),
    "broken configuration": (lambda settings: settings["node"].update(poll="never"), "never"),
}


@pytest.mark.parametrize("fault", REFUSED_AT_START)
def test_refused_start_says_one_sentence_and_leaves_nothing(lab, before, fault):
    spoil, word = REFUSED_AT_START[fault]
    node = Node(lab)
    spoil(node.settings)
    node.launch()
    assert node.process.wait(timeout=20) == 1
    assert len([line for line in node.log().splitlines() if word in line]) == 1, node.log()
    assert_no_traces(lab, before)
