# SPDX-License-Identifier: BSD-2-Clause
"""The client side of the protocol: headers, EDNS, sizes, classes, opcodes, and broken packets."""

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from lab import NODE_V4, query

EDNS_SIZE = 1232
HEADER_LEN = 12


def send(lab, wire, server=NODE_V4):
    reply = lab.exchange(wire, server)
    assert reply is not None, "no reply"
    return dns.message.from_wire(reply)


def chaos(lab, name, server=NODE_V4):
    return send(lab, query(name, "TXT", rdclass=dns.rdataclass.CH).to_wire(), server)


def test_question_case_is_echoed(lab, node, server):
    for name in ("WwW.eXaMpLe.CoM.", "www.EXAMPLE.com."):
        wire = query(name, "A").to_wire()
        reply = lab.exchange(wire, server)
        question_len = HEADER_LEN + len(name) + 1 + 4
        assert reply[HEADER_LEN:question_len] == wire[HEADER_LEN:question_len]
        owner = dns.message.from_wire(reply).answer[0].name.to_text()
        assert owner.lower() == name.lower()


def test_id_is_echoed_and_rd_copied(lab, node, server):
    for recursion in (0, dns.flags.RD):
        question = query("www.example.com.", "A")
        question.id = 0xBEEF
        question.flags = recursion
        reply = send(lab, question.to_wire(), server)
        assert reply.id == 0xBEEF
        assert reply.flags & dns.flags.RD == recursion
        assert reply.flags & dns.flags.RA


def test_without_rd_nothing_is_fetched(lab, node):
    node.flush()
    lab.ask("www.example.org.", "A")
    before = node.totals()["upstream_queries"]
    question = query("h1.bulk.net.", "A")
    question.flags &= ~dns.flags.RD
    reply = send(lab, question.to_wire())
    assert not reply.answer
    question = query("www.example.org.", "A")
    question.flags &= ~dns.flags.RD
    assert send(lab, question.to_wire()).answer
    assert node.totals()["upstream_queries"] == before


def test_edns_is_answered_with_edns_and_only_then(lab, node, server):
    reply = lab.ask("www.example.com.", "A", server)
    assert reply.edns == 0 and reply.payload == EDNS_SIZE
    assert lab.ask("www.example.com.", "A", server, edns_size=None).edns == -1


def test_unknown_edns_option_is_ignored(lab, node, server):
    option = dns.edns.GenericOption(65001, b"whatever this means")
    reply = lab.ask("www.example.com.", "A", server, options=[option])
    assert reply.rcode() == dns.rcode.NOERROR and reply.answer
    assert 65001 not in [o.otype for o in reply.options]


def test_unknown_edns_flag_is_not_echoed(lab, node):
    reply = lab.ask("www.example.com.", "A", ednsflags=0x4001)
    assert reply.answer and reply.ednsflags & 0x4001 == 0


def test_edns_version_1_is_refused_with_ours(lab, node, server):
    question = query("www.example.com.", "A")
    question.use_edns(edns=1, payload=EDNS_SIZE)
    reply = send(lab, question.to_wire(), server)
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.edns == 0 and not reply.answer


def test_nsid_is_the_node_id(lab, node, server):
    option = dns.edns.GenericOption(dns.edns.NSID, b"")
    reply = lab.ask("www.example.com.", "A", server, options=[option])
    nsid = [o for o in reply.options if o.otype == dns.edns.NSID]
    assert [o.data for o in nsid] == [node.settings["node"]["id"].encode()]


@pytest.mark.parametrize(
    "edns_size, truncated", [(None, True), (512, True), (900, True), (1232, False), (65535, False)]
)
def test_reply_fits_the_client(lab, node, server, edns_size, truncated):
    """`middle` has about 950 octets."""
    reply = lab.ask("middle.example.com.", "TXT", server, edns_size=edns_size)
    assert bool(reply.flags & dns.flags.TC) == truncated
    assert bool(reply.answer) == (not truncated)


def test_size_below_512_counts_as_512(lab, node):
    reply = lab.ask("alias.example.com.", "A", edns_size=10)
    assert not reply.flags & dns.flags.TC and len(reply.answer) == 4


@pytest.mark.parametrize("name", ["id.server.", "hostname.bind."])
def test_chaos_identity(lab, node, server, name):
    reply = chaos(lab, name, server)
    assert reply.answer[0][0].strings == (node.settings["node"]["id"].encode(),)


@pytest.mark.parametrize("name", ["version.bind.", "version.server."])
def test_chaos_version(lab, node, server, name):
    reply = chaos(lab, name, server)
    assert reply.answer[0].rdtype == dns.rdatatype.TXT and reply.answer[0][0].strings[0]


def test_other_chaos_is_refused(lab, node):
    assert chaos(lab, "secrets.bind.").rcode() == dns.rcode.REFUSED


def test_other_class_is_turned_down(lab, node):
    reply = send(lab, query("www.example.com.", "A", rdclass=dns.rdataclass.HS).to_wire())
    assert reply.rcode() in (dns.rcode.REFUSED, dns.rcode.NOTIMP) and not reply.answer


def test_any_is_answered_with_less_than_everything(lab, node, server):
    """RFC 8482: something, and not a heap of records to amplify with."""
    reply = lab.ask("example.com.", "ANY", server)
    assert reply.rcode() == dns.rcode.NOERROR and len(reply.answer) == 1


@pytest.mark.parametrize("rdtype", ["AXFR", "IXFR"])
def test_zone_transfer_is_turned_down(lab, node, rdtype):
    question = query("example.com.", rdtype).to_wire()
    reply = send(lab, question)
    assert reply.rcode() != dns.rcode.NOERROR and not reply.answer


@pytest.mark.parametrize("opcode", [dns.opcode.IQUERY, dns.opcode.STATUS, dns.opcode.NOTIFY, 6, 15])
def test_other_opcodes_are_not_implemented(lab, node, server, opcode):
    wire = bytearray(query("www.example.com.", "A").to_wire())
    wire[2] = wire[2] & 0x87 | opcode << 3
    reply = lab.exchange(bytes(wire), server)
    assert reply is not None and reply[3] & 0x0F == dns.rcode.NOTIMP
    assert reply[:2] == wire[:2] and reply[2] & 0x80 and reply[2] >> 3 & 0x0F == opcode


def two_questions():
    wire = bytearray(query("www.example.com.", "A", edns_size=None).to_wire())
    wire[5] = 2
    return bytes(wire + wire[HEADER_LEN:])


def no_question():
    return header()[:4] + bytes(8)


def header():
    """A header that promises one question."""
    return query("www.example.com.", "A", edns_size=None).to_wire()[:HEADER_LEN]


def pointer_to_itself():
    return header() + b"\xc0\x0c\0\x01\0\x01"


def label_past_the_end():
    return header() + b"\x3fabc"


def question_without_type():
    return query("www.example.com.", "A", edns_size=None).to_wire()[:-4]


def two_opts():
    wire = bytearray(query("www.example.com.", "A").to_wire())
    opt = wire[-11:]
    wire[11] = 2
    return bytes(wire + opt)


def option_longer_than_opt():
    question = query("www.example.com.", "A", options=[dns.edns.GenericOption(65001, b"1234")])
    wire = bytearray(question.to_wire())
    wire[-5] = 200  # The option's length; OPT has four octets left.
    return bytes(wire)


def counts_without_records():
    wire = bytearray(query("www.example.com.", "A", edns_size=None).to_wire())
    wire[7] = 3
    return bytes(wire)


BROKEN = [
    two_questions,
    no_question,
    pointer_to_itself,
    label_past_the_end,
    question_without_type,
    two_opts,
    option_longer_than_opt,
    counts_without_records,
]


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
def test_broken_packet_gets_formerr(lab, node, server, make):
    wire = make()
    reply = lab.exchange(wire, server)
    assert reply is not None and len(reply) >= HEADER_LEN
    assert reply[:2] == wire[:2] and reply[2] & 0x80
    assert reply[3] & 0x0F == dns.rcode.FORMERR


def response_packet():
    wire = bytearray(query("www.example.com.", "A").to_wire())
    wire[2] |= 0x80
    return bytes(wire)


@pytest.mark.parametrize(
    "wire", [b"", b"\x12", bytes(HEADER_LEN - 1), response_packet()], ids=["empty", "1", "11", "qr"]
)
def test_hopeless_packet_gets_silence(lab, node, server, wire):
    assert lab.exchange(wire, server, timeout_s=0.3) is None
    lab.ask("www.example.com.", "A", server)
