# SPDX-License-Identifier: BSD-2-Clause
"""TCP and ping between two namespaces of a lab, a flood, and a peer behind a tag."""

import contextlib
import fcntl
import hashlib
import json
import os
import random
import re
import select
import socket
import struct
import threading

DATA = random.Random(1).randbytes(3_000_000)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve_once(listener, data):
    """Sends `data` to the first that connects; what it sent is returned through the list."""
    got = []

    def run():
        connection, _ = listener.accept()
        with connection:
            sender = threading.Thread(target=lambda: connection.sendall(data))
            sender.start()
            got.append(read_all(connection, len(data)))
            sender.join()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, got


def read_all(connection, size):
    parts = []
    while size > 0:
        part = connection.recv(min(size, 1 << 16))
        assert part, f"{size} octets are missing"
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def exchange_tcp(server, client, address, port=2222, data=DATA):
    """Sends `data` both ways between two namespaces at the same time."""
    with server.socket(family_of(address), socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.settimeout(10)
        listener.bind((address, port))
        listener.listen()
        thread, got = serve_once(listener, data)
        with client.socket(family_of(address), socket.SOCK_STREAM) as connection:
            connection.settimeout(20)
            connection.connect((address, port))
            sender = threading.Thread(target=lambda: connection.sendall(data))
            sender.start()
            back = read_all(connection, len(data))
            sender.join()
        thread.join()
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
    assert [hashlib.sha256(part).digest() for part in got] == [hashlib.sha256(data).digest()]


def ping(namespace, *words):
    """Runs ping; returns (received, duplicates)."""
    text = namespace.run("ping", "-n", "-i", "0.05", "-W", "10", *words)
    received = int(re.search(r"(\d+) received", text).group(1))
    duplicates = re.search(r"\+(\d+) duplicates", text)
    return received, int(duplicates.group(1)) if duplicates else 0


def interfaces(namespace):
    return [link["ifname"] for link in json.loads(namespace.run("ip", "-json", "link"))]


def flood(namespace, address, port, seconds):
    """A thread that sends datagrams as fast as it can; returns it and the count it will have."""
    count = []

    def run():
        with namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((address, port))
            stop = threading.Event()
            timer = threading.Timer(seconds, stop.set)
            timer.start()
            sent = 0
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    sock.send(b"x" * 64)
                    sent += 1
            count.append(sent)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, count


SOL_PACKET, PACKET_AUXDATA = 263, 8
ETH_P_ALL = 0x0003
VLAN_VALID = 1 << 4
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME_MAX = 2048


def _tag_of(control):
    for level, kind, data in control:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, tci = struct.unpack("IIIHHHH", data)[0], struct.unpack("IIIHHHH", data)[5]
            return tci & 0xFFF if status & VLAN_VALID else 0
    return 0


class _Tagger:
    """Carries frames between a TAP interface and another, where they have a tag."""

    def __init__(self, namespace, interface, tap_name, vlan):
        self.tag = b"\x81\0" + struct.pack("!H", vlan)
        self.tags = []  # Of what came from the other interface.
        with namespace.entered():
            self.tap = os.open("/dev/net/tun", os.O_RDWR)
            request = struct.pack("16sH22x", tap_name.encode(), IFF_TAP | IFF_NO_PI)
            fcntl.ioctl(self.tap, TUNSETIFF, request)
        # Nothing comes before it is bound, lest it come from another interface.
        self.sock = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.sock.bind((interface, ETH_P_ALL))
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.stop.is_set():
            ready, _, _ = select.select([self.tap, self.sock], [], [], 0.1)
            if self.tap in ready:
                self._tagged(os.read(self.tap, FRAME_MAX))
            if self.sock in ready:
                self._untagged(*self.sock.recvmsg(FRAME_MAX, 256))

    def _tagged(self, frame):
        self.sock.send(frame[:12] + self.tag + frame[12:])

    def _untagged(self, frame, control, _, source):
        """The kernel has taken the tag out of the frame already."""
        if source[2] != socket.PACKET_OUTGOING:
            self.tags.append(_tag_of(control))
            os.write(self.tap, frame)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.sock.close()
        os.close(self.tap)


@contextlib.contextmanager
def tagged_peer(namespace, interface, addresses, vlan):
    """A host behind a tag, for kernels without interfaces for that; yields the tags that it got."""
    tagger = _Tagger(namespace, interface, "tagged", vlan)
    for address in addresses:
        words = ["nodad"] if ":" in address else []
        namespace.run("ip", "address", "add", address, "dev", "tagged", *words)
    namespace.run("ip", "link", "set", "tagged", "up")
    with tagger:
        yield tagger.tags
