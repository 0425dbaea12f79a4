# SPDX-License-Identifier: BSD-2-Clause
"""DNS messages over TCP and TLS, from the lab's client."""

import contextlib
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

import dns.message

from lab import NODE_V4, query

TCP_PORT = 53
TLS_PORT = 853
PATIENCE_S = 6.0
# Kinds of keys, as openssl's req wants them.
EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("rsa:2048",)


def make_certificate(directory, name, kind=EC):
    """A certificate of its own for `name`; returns the paths of it and of its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "30"]
        + ["-subj", f"/CN={name}", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


class Stream:
    """One connection to the node; messages without and with their length."""

    def __init__(self, lab, server=NODE_V4, port=TCP_PORT, tls=None, source=None):
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.socket = lab.client.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_S)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect((server, port))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, message):
        wire = message.to_wire() if isinstance(message, dns.message.Message) else message
        self.socket.sendall(struct.pack("!H", len(wire)) + wire)

    def receive_octets(self, count):
        octets = b""
        while len(octets) < count:
            piece = self.socket.recv(count - len(octets))
            if not piece:
                raise EOFError(f"closed after {len(octets)} of {count} octets")
            octets += piece
        return octets

    def receive_wire(self):
        (length,) = struct.unpack("!H", self.receive_octets(2))
        return self.receive_octets(length)

    def receive(self):
        return dns.message.from_wire(self.receive_wire())

    def ask(self, name, rdtype, **more):
        question = query(name, rdtype, **more)
        self.send(question)
        reply = self.receive()
        assert question.is_response(reply), f"the reply is not to the question:\n{reply}"
        return reply

    def closed_after(self, seconds):
        """How long it takes until the node closes, at most `seconds`; None when it does not."""
        begin = time.monotonic()
        while (left := begin + seconds - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                break
            try:
                if not self.socket.recv(65536):
                    return time.monotonic() - begin
            except ConnectionResetError:
                return time.monotonic() - begin
        return None


def tls_context(version=None):
    """Believes any certificate; `version` is the only one that is spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


@contextlib.contextmanager
def trickling(streams, at_once):
    """
    Each sends an octet of a long message every second, so many at once, for the length of a with
    block.
    """
    over = threading.Event()

    def send():
        while True:
            for i in range(0, len(streams), at_once):
                for stream in streams[i : i + at_once]:
                    stream.socket.send(b"\x0f")
                if over.wait(at_once / len(streams)):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
