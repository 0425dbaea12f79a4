# SPDX-License-Identifier: BSD-2-Clause
"""TCP and TLS with clients: answers, pipelining, time and space that one may take."""

import re
import shutil
import ssl
import struct
import tempfile
import time
import warnings
from pathlib import Path

import dns.edns
import dns.flags
import dns.rcode
import pytest

from lab import CLIENT_V4, NODE_V4, NODE_V6, comparable, differences, query, until
from streams import TLS_PORT, Stream, make_certificate, tls_context

IDLE_S = 2
NETWORK_MAX = 110
CONNECTION_MAX = 140
PADDING_BLOCK = 468
QUERY_COUNT = 10_000

CERTIFICATES = Path(tempfile.mkdtemp(prefix="quince-lab-"))
CERTIFICATE, KEY = CERTIFICATES / "first.pem", CERTIFICATES / "first.key"

NODE_CHANGES = {
    "tcp": {
        "idle-timeout": IDLE_S,
        "connections": CONNECTION_MAX,
        "connections-per-network": NETWORK_MAX,
    },
    "tls": {"certificate": str(CERTIFICATE), "key": str(KEY)},
}


@pytest.fixture(scope="module", autouse=True)
def surroundings():
    """What has to be there before the node starts."""
    make_certificate(CERTIFICATES, "first")
    yield
    shutil.rmtree(CERTIFICATES)


@pytest.fixture(autouse=True)
def all_closed(node):
    """Every test begins with no connection open, and none may leave one."""
    yield
    assert until(lambda: open_clients(node) == 0, 2 * IDLE_S + 1), node.control("status")["streams"]
    assert node.control("status")["streams"]["stream_client_octets"] == 0


def open_clients(node):
    return node.control("status")["streams"]["stream_clients"]


def counted(node, name):
    return node.totals()[name]


# Answers.


@pytest.mark.parametrize("name", ["www.example.com.", "alias.example.com.", "no.example.com."])
def test_answers_are_those_of_udp(lab, node, server, name):
    with Stream(lab, server) as stream:
        for _ in range(2):
            reply = stream.ask(name, "A")
            assert differences(reply, lab.truth(name, "A")) == []
    assert comparable(lab.ask(name, "A", server).answer) == comparable(reply.answer)


def test_large_answer_is_whole_where_udp_truncates_it(lab, node, server):
    """The node has had to ask for it over TCP, too."""
    node.flush()
    before = node.totals()
    assert lab.ask("big.example.com.", "TXT", server).flags & dns.flags.TC
    with Stream(lab, server) as stream:
        reply = stream.ask("big.example.com.", "TXT", edns_size=None)
    assert not reply.flags & dns.flags.TC
    assert len(reply.answer[0]) == 12
    assert differences(reply, lab.truth("big.example.com.", "TXT")) == []
    after = node.totals()
    assert after["upstream_streams"] == before["upstream_streams"] + 1
    assert after["reply_truncated"] == before["reply_truncated"] + 1


def test_dig_falls_back_to_tcp(lab, node, server):
    text = lab.client.run("dig", f"@{server}", "big.example.com.", "TXT")
    assert "(TCP)" in text and "ANSWER: 12" in text


def test_refused_client_is_refused(lab, node):
    with node.reloaded("service", allow=["192.0.2.0/24"]):
        with Stream(lab) as stream:
            assert stream.ask("www.example.com.", "A").rcode() == dns.rcode.REFUSED


def test_broken_message_gets_formerr_and_a_reply_nothing(lab, node):
    with Stream(lab) as stream:
        stream.send(query("www.example.com.", "A").to_wire()[:20])
        assert stream.receive_wire()[3] & 0x0F == dns.rcode.FORMERR
        response = bytearray(query("www.example.com.", "A").to_wire())
        response[2] |= 0x80
        stream.send(bytes(response))
        assert stream.ask("www.example.com.", "A").answer


def test_keepalive_tells_the_idle_time(lab, node, server):
    option = dns.edns.GenericOption(11, b"")
    with Stream(lab, server) as stream:
        reply = stream.ask("www.example.com.", "A", options=[option])
        assert [o.to_wire() for o in reply.options if o.otype == 11] == [
            struct.pack("!H", IDLE_S * 10)
        ]
        assert not stream.ask("www.example.com.", "A").options
    assert 11 not in [o.otype for o in lab.ask("www.example.com.", "A", server).options]


# Pipelining.


def test_answers_come_as_they_are_ready(lab, node, server):
    """The first question takes 5 s to fail; those behind it do not wait."""
    lab.ask("www.example.com.", "A", server)
    slow = query("slow.alldead.net.", "A")
    with Stream(lab, server) as stream:
        begin = time.monotonic()
        stream.send(slow)
        for name in ("www.example.com.", "h1.bulk.net.", "h2.bulk.net."):
            assert stream.ask(name, "A").answer
        assert time.monotonic() - begin < 1.0
        reply = stream.receive()
        assert reply.id == slow.id and reply.rcode() == dns.rcode.SERVFAIL


def test_hundreds_in_one_segment_are_all_answered(lab, node):
    """More than a client may have on their way at once: the others wait their turn."""
    questions = [query(f"h{i}.bulk.net.", "A") for i in range(500)]
    with Stream(lab) as stream:
        wires = [q.to_wire() for q in questions]
        stream.socket.sendall(b"".join(struct.pack("!H", len(w)) + w for w in wires))
        replies = {}
        for _ in questions:
            reply = stream.receive()
            replies[reply.question[0].name] = reply
    for question in questions:
        assert question.is_response(replies[question.question[0].name])


def test_octet_by_octet(lab, node):
    wire = query("www.example.com.", "A").to_wire()
    with Stream(lab) as stream:
        for octet in struct.pack("!H", len(wire)) + wire:
            stream.socket.sendall(bytes([octet]))
            time.sleep(0.002)
        assert stream.receive().answer


def test_client_that_has_said_all_gets_its_answers(lab, node):
    node.flush()
    with Stream(lab) as stream:
        for i in range(5):
            stream.send(query(f"h{i}.bulk.net.", "A"))
        stream.socket.shutdown(1)
        assert all(stream.receive().answer for _ in range(5))
        assert stream.closed_after(1.0) is not None


# Time.


def test_idle_connection_is_closed(lab, node, server):
    before = counted(node, "stream_closed_idle")
    with Stream(lab, server) as fresh, Stream(lab, server) as used:
        used.ask("www.example.com.", "A")
        assert IDLE_S - 0.2 < fresh.closed_after(2 * IDLE_S) < IDLE_S + 0.5
        assert used.closed_after(0.5) is not None
    assert counted(node, "stream_closed_idle") == before + 2


def test_question_keeps_a_connection_open(lab, node):
    with Stream(lab) as stream:
        for _ in range(3):
            time.sleep(IDLE_S * 0.6)
            stream.ask("www.example.com.", "A")


@pytest.mark.parametrize("begin", [b"\0", b"\0\x20abc"], ids=["length", "message"])
def test_slow_writer_is_closed_however_it_trickles(lab, node, begin):
    before = counted(node, "stream_closed_slow")
    with Stream(lab) as stream:
        stream.socket.sendall(begin)
        started = time.monotonic()
        closed = None
        while closed is None and time.monotonic() < started + 3 * IDLE_S:
            closed = stream.closed_after(0.4)
            if closed is None and len(begin) > 1:
                stream.socket.send(b"x")
        assert closed is not None and time.monotonic() - started < IDLE_S + 1
    assert counted(node, "stream_closed_slow") == before + 1


def test_slow_reader_is_closed(lab, node):
    """It asks for megabytes and takes nothing: some wait, the rest is not even made."""
    lab.ask("big.example.com.", "TXT")
    before = node.totals()
    wire = query("big.example.com.", "TXT").to_wire()
    with Stream(lab) as stream:
        stream.socket.settimeout(0.5)
        try:
            for _ in range(20_000):
                stream.send(wire)
        except (TimeoutError, ConnectionError):
            pass  # The node no longer reads, or has lost its patience.
        closed = until(lambda: open_clients(node) == 0, IDLE_S + 2)
        assert closed
    after = node.totals()
    assert after["stream_answers"] < before["stream_answers"] + 5000
    assert after["stream_closed_slow"] + after["stream_closed_memory"] == (
        before["stream_closed_slow"] + before["stream_closed_memory"] + 1
    )


# Space.


def test_longer_message_than_any_question_ends_the_connection(lab, node):
    before = counted(node, "stream_closed_broken")
    with Stream(lab) as stream:
        stream.socket.sendall(struct.pack("!H", 4097))
        assert stream.closed_after(1.0) is not None
    assert counted(node, "stream_closed_broken") == before + 1


def test_network_has_its_share(lab, node):
    """One network's connections are all open; another network is served all the same."""
    before = counted(node, "stream_refused_network")
    streams = [Stream(lab, source=CLIENT_V4) for _ in range(NETWORK_MAX)]
    try:
        assert until(lambda: open_clients(node) == NETWORK_MAX, 1.0)
        with Stream(lab) as stream:
            assert stream.closed_after(1.0) is not None
        assert counted(node, "stream_refused_network") == before + 1
        with Stream(lab, NODE_V6) as stream:
            assert stream.ask("www.example.com.", "A").answer
        assert streams[0].ask("www.example.com.", "A").answer
    finally:
        for stream in streams:
            stream.socket.close()


def test_longest_idle_one_makes_place(lab, node):
    before = counted(node, "stream_evicted")
    streams = [Stream(lab) for _ in range(NETWORK_MAX)]
    streams += [Stream(lab, NODE_V6) for _ in range(CONNECTION_MAX - NETWORK_MAX)]
    try:
        assert until(lambda: open_clients(node) == CONNECTION_MAX, 1.0)
        streams[0].ask("www.example.com.", "A")
        with Stream(lab, NODE_V6) as stream:
            assert stream.ask("www.example.com.", "A").answer
        assert streams[1].closed_after(0.5) is not None
        assert streams[0].ask("www.example.com.", "A").answer
        assert counted(node, "stream_evicted") == before + 1
    finally:
        for stream in streams:
            stream.socket.close()


# TLS.


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_answers(lab, node, server, version):
    with Stream(lab, server, TLS_PORT, tls_context(version)) as stream:
        reply = stream.ask("www.example.com.", "A")
        assert differences(reply, lab.truth("www.example.com.", "A")) == []
        assert len(stream.ask("big.example.com.", "TXT").answer[0]) == 12


def open_handshakes(node):
    return node.control("status")["streams"]["stream_handshakes"]


def test_handshake_under_way_is_counted(lab, node, server):
    with Stream(lab, server, TLS_PORT) as stream:
        assert until(lambda: open_handshakes(node) == 1, 5.0)
        stream.socket = tls_context().wrap_socket(stream.socket)
        assert stream.ask("www.example.com.", "A").answer
        assert (open_handshakes(node), open_clients(node)) == (0, 1)


def test_old_tls_is_turned_down(lab, node):
    before = counted(node, "stream_tls_failed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # That it is old is the point.
        context = tls_context(ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Stream(lab, NODE_V4, TLS_PORT, context)
    assert until(lambda: counted(node, "stream_tls_failed") == before + 1, 1.0)


def test_what_is_no_tls_is_turned_down(lab, node):
    before = counted(node, "stream_tls_failed")
    with Stream(lab, NODE_V4, TLS_PORT) as stream:
        stream.send(query("www.example.com.", "A"))
        assert stream.closed_after(1.0) is not None
    assert counted(node, "stream_tls_failed") == before + 1


def test_handshake_that_does_not_go_on_is_closed(lab, node):
    with Stream(lab, NODE_V4, TLS_PORT) as stream:
        stream.socket.sendall(b"\x16\x03\x01")
        assert IDLE_S - 0.2 < stream.closed_after(2 * IDLE_S) < IDLE_S + 0.5


def test_padding_where_it_hides_something(lab, node):
    option = dns.edns.GenericOption(12, bytes(20))
    with Stream(lab, NODE_V4, TLS_PORT, tls_context()) as stream:
        stream.send(query("www.example.com.", "A", options=[option]))
        assert len(stream.receive_wire()) == PADDING_BLOCK
    with Stream(lab) as stream:
        stream.send(query("www.example.com.", "A", options=[option]))
        assert len(stream.receive_wire()) < PADDING_BLOCK


def test_session_is_resumed(lab, node):
    text = lab.client.run(
        *("openssl", "s_client", "-connect", f"{NODE_V4}:{TLS_PORT}", "-reconnect", "-tls1_2"),
        input="",
    )
    assert text.count("\nReused, ") == 5


def certificate_of(lab):
    with Stream(lab, NODE_V4, TLS_PORT, tls_context()) as stream:
        return stream.socket.getpeercert(binary_form=True)


def der_of(path):
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def test_certificate_is_replaced_without_a_restart(lab, node):
    second, second_key = make_certificate(CERTIFICATES, "second")
    first_text, first_key_text = CERTIFICATE.read_text(), KEY.read_text()
    assert certificate_of(lab) == der_of(CERTIFICATE)
    with Stream(lab, NODE_V4, TLS_PORT, tls_context()) as before:
        CERTIFICATE.write_text(second.read_text())
        KEY.write_text(second_key.read_text())
        node.control("reload")
        assert certificate_of(lab) == der_of(second)
        assert before.ask("www.example.com.", "A").answer
    # A key that does not belong to it: said, and not taken over.
    KEY.write_text(first_key_text)
    assert node.control_process("reload").returncode == 1
    assert "tls: " in node.log() and "is no key that can be used with" in node.log()
    assert certificate_of(lab) == der_of(second)
    CERTIFICATE.write_text(first_text)
    node.control("reload")
    assert certificate_of(lab) == der_of(CERTIFICATE)


# Load.


@pytest.mark.parametrize("mode, port", [("tcp", 53), ("dot", 853)])
def test_load_over_a_hundred_connections_loses_nothing(lab, node, server, mode, port):
    path = lab.directory / "questions"
    path.write_text("".join(f"h{i % 3000}.bulk.net A\n" for i in range(QUERY_COUNT)))
    text = lab.client.run(
        *("dnsperf", "-m", mode, "-s", server, "-p", port, "-d", path, "-c", 100, "-q", 100)
    )
    words = ("sent", "completed", "lost")
    counts = [int(re.search(rf"Queries {word}: +(\d+)", text).group(1)) for word in words]
    assert counts == [QUERY_COUNT, QUERY_COUNT, 0], text
    assert re.search(r"Response codes: +NOERROR 10000 \(100.00%\)", text), text
