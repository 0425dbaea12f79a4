# SPDX-License-Identifier: BSD-2-Clause
"""Reading the configuration again while the node runs: what may change does, at once and whole."""

import signal

import dns.rcode
import dns.rdataclass
import pytest

from lab import CLIENT_V4, OTHER_CLIENT_V4, until

NODE_CHANGES = {"service": {"allow": [f"{CLIENT_V4}/32"]}}


def other_client_is_answered(lab):
    return lab.ask("www.example.com.", "A", source=OTHER_CLIENT_V4).rcode() == dns.rcode.NOERROR


@pytest.fixture
def allow(node):
    """Writes another access list into the configuration file; puts the first one back after."""
    before = node.settings["service"]["allow"]

    def write(prefixes):
        node.settings["service"]["allow"] = prefixes
        node.write_settings()

    yield write
    write(before)
    node.control("reload")


def test_reload_changes_the_access_list(lab, node, allow):
    assert not other_client_is_answered(lab)
    allow([f"{CLIENT_V4}/32", f"{OTHER_CLIENT_V4}/32"])
    assert not other_client_is_answered(lab)
    assert node.control("reload")["waiting_for_restart"] == ""
    assert other_client_is_answered(lab)


def test_reload_changes_the_version(lab, node):
    def told():
        return lab.ask("version.bind.", "TXT", rdclass=dns.rdataclass.CH)

    with node.reloaded("node", version="one of many"):
        assert told().answer[0][0].strings == (b"one of many",)
        with node.reloaded("node", version="hidden"):
            assert told().rcode() == dns.rcode.REFUSED
    assert told().answer[0][0].strings[0].startswith(b"quince ")


def test_sighup_does_the_same(lab, node, allow):
    allow(["10.98.0.0/24"])
    node.process.send_signal(signal.SIGHUP)
    assert until(lambda: other_client_is_answered(lab), 2.0)


def test_broken_file_changes_nothing(lab, node, allow):
    allow(["10.98.0.0/24", "everybody"])
    process = node.control_process("reload")
    assert process.returncode == 1
    assert process.stdout == "" and len(process.stderr.splitlines()) == 1
    assert "everybody" in node.log()
    assert not other_client_is_answered(lab)


def test_reload_says_what_waits_for_a_restart(node, allow):
    cache = node.settings["node"]["cache"]
    node.settings["node"]["cache"] = "32MiB"
    node.write_settings()
    try:
        assert node.control("reload")["waiting_for_restart"] == "node.cache"
    finally:
        node.settings["node"]["cache"] = cache


def test_every_answer_follows_the_configuration_of_the_moment(lab, node, allow):
    """Fifty reloads, each between two questions."""
    for i in range(50):
        allow([f"{CLIENT_V4}/32"] + [f"{OTHER_CLIENT_V4}/32"] * (i % 2))
        node.control("reload")
        assert lab.ask(f"h{i}.bulk.net.", "A", source=CLIENT_V4).answer
        assert other_client_is_answered(lab) == bool(i % 2)
