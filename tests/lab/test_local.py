# SPDX-License-Identifier: BSD-2-Clause
"""Zones, hosts and special names that the node answers itself, with no authority being asked."""

import os
import subprocess

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

import pcap
from lab import CLIENT_V4, NODE_V4, NODE_V6, OTHER_CLIENT_V4, extended_errors, query
from quince import check

HOSTS = """\
# What the administrator keeps by hand.
10.20.30.40    printer.office.lan printer   # second floor
2001:db8::40   printer.office.lan
0.0.0.0        tracker.example.org
"""
HOSTS_PATH = f"/run/quince-lab-hosts-{os.getpid()}"

NODE_CHANGES = {
    "service": {"allow": [f"{CLIENT_V4}/32", "fd00:98::/64"]},
    "local": {
        "hosts": HOSTS_PATH,
        "zones": [
            {
                "zone": "corp.test",
                "type": "static",
                "records": [
                    "www 300 IN A 192.0.2.1",
                    "*.apps 60 A 192.0.2.2",
                    "a.deep.ent TXT here",
                    "near CNAME www",
                    "far CNAME www.example.com.",
                    "gone CNAME nothing.example.org.",
                    *(f"many A 192.0.2.{i}" for i in range(200)),
                ],
            },
            {"zone": "example.org", "type": "transparent", "records": ["www 9 A 192.0.2.9"]},
            {"zone": "block.example.com", "type": "always-nxdomain"},
            {"zone": "null.example.com", "type": "always-null"},
            {"zone": "refuse.example.com", "type": "refuse"},
            {"zone": "deny.example.com", "type": "deny"},
            {
                "zone": "safe.example.com",
                "type": "redirect",
                "records": ["@ CNAME www.example.com."],
            },
        ],
    },
}


@pytest.fixture(scope="module", autouse=True)
def hosts_file():
    """Before the node starts, which reads it."""
    with open(HOSTS_PATH, "w") as file:
        file.write(HOSTS)
    yield
    os.unlink(HOSTS_PATH)


@pytest.fixture
def nobody_asked(lab):
    """Fails the test when the node has asked an authority anything in its course."""
    with pcap.capture(lab) as found:
        yield
    ours = [d for d in found if d.source in (NODE_V4, NODE_V6) and d.source_port != 53]
    assert [d.destination for d in ours] == []


def lines(reply):
    return sorted(line for rrset in reply.answer for line in rrset.to_text().splitlines())


def types(rrsets):
    return [dns.rdatatype.to_text(rrset.rdtype) for rrset in rrsets]


@pytest.mark.parametrize(
    "name, rdtype, rcode, answer",
    [
        ("www.corp.test.", "A", "NOERROR", ["www.corp.test. 300 IN A 192.0.2.1"]),
        ("wWw.CORP.test.", "A", "NOERROR", ["wWw.CORP.test. 300 IN A 192.0.2.1"]),
        ("www.corp.test.", "AAAA", "NOERROR", []),
        ("a.b.apps.corp.test.", "A", "NOERROR", ["a.b.apps.corp.test. 60 IN A 192.0.2.2"]),
        ("ent.corp.test.", "A", "NOERROR", []),
        ("no.corp.test.", "A", "NXDOMAIN", []),
        (
            "near.corp.test.",
            "A",
            "NOERROR",
            [
                "near.corp.test. 300 IN CNAME www.corp.test.",
                "www.corp.test. 300 IN A 192.0.2.1",
            ],
        ),
        ("www.example.org.", "A", "NOERROR", ["www.example.org. 9 IN A 192.0.2.9"]),
        ("a.null.example.com.", "A", "NOERROR", ["a.null.example.com. 300 IN A 0.0.0.0"]),
        ("a.null.example.com.", "AAAA", "NOERROR", ["a.null.example.com. 300 IN AAAA ::"]),
        ("a.block.example.com.", "A", "NXDOMAIN", []),
        ("a.refuse.example.com.", "A", "REFUSED", []),
        ("printer.office.lan.", "A", "NOERROR", ["printer.office.lan. 300 IN A 10.20.30.40"]),
        (
            "printer.office.lan.",
            "AAAA",
            "NOERROR",
            ["printer.office.lan. 300 IN AAAA 2001:db8::40"],
        ),
        ("printer.", "A", "NOERROR", ["printer. 300 IN A 10.20.30.40"]),
        ("tracker.example.org.", "A", "NOERROR", ["tracker.example.org. 300 IN A 0.0.0.0"]),
        (
            "40.30.20.10.in-addr.arpa.",
            "PTR",
            "NOERROR",
            ["40.30.20.10.in-addr.arpa. 300 IN PTR printer.office.lan."],
        ),
        ("41.30.20.10.in-addr.arpa.", "PTR", "NXDOMAIN", []),
        ("host.localhost.", "A", "NOERROR", ["host.localhost. 10800 IN A 127.0.0.1"]),
        ("x.onion.", "A", "NXDOMAIN", []),
        ("x.test.", "A", "NXDOMAIN", []),
    ],
)
def test_answer_without_asking(lab, node, nobody_asked, server, name, rdtype, rcode, answer):
    reply = lab.ask(name, rdtype, server)
    assert dns.rcode.to_text(reply.rcode()) == rcode
    assert lines(reply) == answer
    assert reply.flags & dns.flags.AA and reply.flags & dns.flags.RA
    if rcode == "NXDOMAIN":
        assert types(reply.authority) == ["SOA"]


def test_recursion_need_not_be_desired(lab, node, nobody_asked):
    question = query("www.corp.test.", "A")
    question.flags &= ~dns.flags.RD
    reply = dns.message.from_wire(lab.exchange(question.to_wire()))
    assert lines(reply) == ["www.corp.test. 300 IN A 192.0.2.1"]


def test_blocked_names_say_why(lab, node, nobody_asked):
    assert extended_errors(lab.ask("block.example.com.", "A")) == [15]
    assert extended_errors(lab.ask("refuse.example.com.", "A")) == [15]
    assert extended_errors(lab.ask("null.example.com.", "A")) == [4]
    assert extended_errors(lab.ask("www.corp.test.", "A")) == []


def test_denied_zone_is_silent(lab, node, nobody_asked):
    before = node.totals()["client_local"]
    assert lab.exchange(query("a.deny.example.com.", "A").to_wire(), timeout_s=0.5) is None
    assert node.totals()["client_local"] == before + 1


def test_alias_that_leads_out_is_resolved(lab, node, server):
    node.flush()
    rcode, truth, _ = lab.truth("www.example.com.", "A")
    assert rcode == dns.rcode.NOERROR
    for _ in ("resolved", "from the cache"):
        reply = lab.ask("far.corp.test.", "A", server)
        assert types(reply.answer) == ["CNAME", "A"]
        assert reply.answer[0].name.to_text() == "far.corp.test."
        assert set(reply.answer[1]) == set(truth[0])
        assert not reply.flags & dns.flags.AA
    reply = lab.ask("any.thing.safe.example.com.", "A", server)
    assert reply.answer[0].to_text().endswith("CNAME www.example.com.")
    assert set(reply.answer[1]) == set(truth[0])


def test_alias_that_leads_nowhere(lab, node, server):
    reply = lab.ask("gone.corp.test.", "A", server)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert types(reply.answer) == ["CNAME"]


def test_names_around_a_transparent_zone_are_resolved(lab, node, server):
    reply = lab.ask("mail.example.org.", "A", server)
    rcode, truth, _ = lab.truth("mail.example.org.", "A")
    assert reply.rcode() == rcode and set(reply.answer[0]) == set(truth[0])
    # What has an address here has nothing else, whatever is out there.
    assert lab.ask("www.example.org.", "AAAA", server).rcode() == dns.rcode.NOERROR
    assert not lab.ask("www.example.org.", "AAAA", server).answer


def test_what_does_not_fit_is_truncated(lab, node, nobody_asked):
    reply = lab.ask("many.corp.test.", "A")
    assert reply.flags & dns.flags.TC and not reply.answer


def test_others_than_clients_get_nothing_local(lab, node, nobody_asked):
    reply = lab.ask("www.corp.test.", "A", source=OTHER_CLIENT_V4)
    assert reply.rcode() == dns.rcode.REFUSED and not reply.flags & dns.flags.AA


def test_dig_reads_it(lab, node):
    said = subprocess.run(
        lab.client.command("dig", f"@{NODE_V4}", "+noall", "+answer", "+comments", "www.corp.test"),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "flags: qr aa rd ra" in said
    assert said.split()[-5:] == ["www.corp.test.", "300", "IN", "A", "192.0.2.1"]


def test_local_data_go_before_the_cache(lab, node):
    assert lab.ask("mail.example.com.", "A").answer
    block = [{"zone": "mail.example.com", "type": "refuse"}]
    with node.reloaded("local", zones=block):
        assert lab.ask("mail.example.com.", "A").rcode() == dns.rcode.REFUSED
        assert lab.ask("www.corp.test.", "A").rcode() == dns.rcode.NXDOMAIN
    assert lab.ask("mail.example.com.", "A").answer
    assert lab.ask("www.corp.test.", "A").answer


def test_reload_reads_the_hosts_file_again(lab, node, hosts_file):
    with open(HOSTS_PATH, "a") as file:
        file.write("10.20.30.41 scanner.office.lan\n")
    assert lab.ask("41.30.20.10.in-addr.arpa.", "PTR").rcode() == dns.rcode.NXDOMAIN
    node.reload()
    assert lab.ask("scanner.office.lan.", "A").answer[0][0].address == "10.20.30.41"
    assert lab.ask("41.30.20.10.in-addr.arpa.", "PTR").answer


def test_special_names_can_be_asked_for(lab, node):
    with node.reloaded("local", **{"special-names": "off"}):
        with pcap.capture(lab) as found:
            # The lab's root knows no such name either, but it has to be asked.
            assert lab.ask("new.x.onion.", "A").rcode() == dns.rcode.NXDOMAIN
        assert any(d.source in (NODE_V4, NODE_V6) and d.source_port != 53 for d in found)


def test_many_reloads_while_clients_ask(lab, node):
    """Every answer is whole and out of one configuration or the other."""
    seen = set()
    for i in range(40):
        zones = [{"zone": "flip", "type": "static", "records": [f"x A 192.0.2.{i % 2}"]}]
        with node.reloaded("local", zones=zones):
            seen.add(lab.ask("x.flip.", "A").answer[0][0].address)
    assert seen == {"192.0.2.0", "192.0.2.1"}


def test_check_names_the_line_of_a_wrong_record(lab, node, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    text = node.path.read_text()
    assert "www 300 IN A 192.0.2.1" in text
    wrong.write_text(text.replace("www 300 IN A 192.0.2.1", "www 300 IN A 192.0.2.999"))
    (line,) = [n for n, t in enumerate(wrong.read_text().splitlines(), 1) if "192.0.2.999" in t]
    process = check(wrong)
    assert process.returncode == 1
    assert f"{wrong}:{line}: local.zones.records: " in process.stderr
