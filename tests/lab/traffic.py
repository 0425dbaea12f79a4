# SPDX-License-Identifier: BSD-2-Clause
"""TCP and ping between two namespaces of a lab, a flood, and a peer behind a tag."""

import contextlib
import hashlib
import json
import random
import re
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


def _answer(frame, address, mac):
    """The reply of `address` to an ARP or echo request in an untagged frame; None to others."""
    kind, rest = frame[12:14], frame[14:]
    if kind == b"\x08\x06" and rest[6:8] == b"\0\x01" and rest[24:28] == address:
        arp = rest[:6] + b"\0\x02" + mac + address + rest[8:18]
        return frame[6:12] + mac, kind + arp
    if kind == b"\x08\0" and rest[9] == 1 and rest[16:20] == address and rest[20] == 8:
        # Without its type the message's checksum grows by 8 in the upper half.
        checksum = struct.unpack("!H", rest[22:24])[0] + 0x0800
        checksum = (checksum & 0xFFFF) + (checksum >> 16)
        icmp = b"\0\0" + struct.pack("!H", checksum) + rest[24:]
        return frame[6:12] + mac, kind + rest[:12] + rest[16:20] + rest[12:16] + icmp
    return None


def _tag_of(control):
    for level, kind, data in control:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, tci = struct.unpack("IIIHHHH", data)[0], struct.unpack("IIIHHHH", data)[5]
            return tci & 0xFFF if status & VLAN_VALID else 0
    return 0


@contextlib.contextmanager
def tagged_peer(namespace, interface, address, vlan):
    """A host that answers ARP and pings with a tag; yields the tags of what it answered."""
    octets, mac = socket.inet_aton(address), namespace.mac(interface)
    sock = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.bind((interface, ETH_P_ALL))
    sock.settimeout(0.1)
    stop, tags = threading.Event(), []

    def run():
        while not stop.is_set():
            try:
                frame, control, _, _ = sock.recvmsg(2048, 256)
            except socket.timeout:
                continue
            answer = _answer(frame, octets, mac)
            if answer is not None:
                tags.append(_tag_of(control))
                stations, rest = answer
                sock.send(stations + b"\x81\0" + struct.pack("!H", vlan) + rest)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield tags
    finally:
        stop.set()
        thread.join()
        sock.close()
