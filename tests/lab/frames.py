# SPDX-License-Identifier: BSD-2-Clause
"""Ethernet frames made by hand, and the sockets that put them on the wire to the node."""

import errno
import ipaddress
import socket
import struct
import time

from lab import NODE_V4, NODE_V6

ROUTER_V4 = "10.99.0.1"
ROUTER_V6 = "fd00:99::1"
ETHERNET_LEN = 14
ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_VLAN = 0x8100
ETHERTYPE_IPV6 = 0x86DD
PROTOCOL_ICMP = 1
PROTOCOL_UDP = 17
PROTOCOL_FRAGMENT = 44
PROTOCOL_ICMPV6 = 58
ETH_P_ALL = 3
FULL_S = 0.001


def packed(address):
    return ipaddress.ip_address(address).packed


def internet_checksum(data):
    """RFC 1071, as the two bytes to put into the packet."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def transport_checksum(source, destination, protocol, segment):
    """Over the pseudo header of either family (RFC 8200 s8.1; the IPv4 one sums to the same)."""
    pseudo = packed(source) + packed(destination) + struct.pack("!II", len(segment), protocol)
    return internet_checksum(pseudo + segment)


def ethernet(destination, source, ethertype, payload):
    return destination + source + struct.pack("!H", ethertype) + payload


def ipv4(source, destination, protocol, payload, fragment=0, options=b""):
    words = 5 + len(options) // 4
    header = bytearray(
        struct.pack(
            "!BBHHHBB", 0x40 | words, 0, words * 4 + len(payload), 1, fragment, 64, protocol
        )
        + bytes(2)
        + packed(source)
        + packed(destination)
        + options
    )
    header[10:12] = internet_checksum(bytes(header))
    return bytes(header) + payload


def ipv6(source, destination, next_header, payload):
    return (
        struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64)
        + packed(source)
        + packed(destination)
        + payload
    )


def udp(source, destination, payload, source_port=40000, destination_port=53):
    length = 8 + len(payload)
    head = struct.pack("!HHH", source_port, destination_port, length)
    checksum = transport_checksum(source, destination, PROTOCOL_UDP, head + bytes(2) + payload)
    return head + (checksum if checksum != bytes(2) else b"\xff\xff") + payload


def icmp_echo(payload):
    head = struct.pack("!BB", 8, 0)
    rest = struct.pack("!HH", 1, 1) + payload
    return head + internet_checksum(head + bytes(2) + rest) + rest


def icmpv6(source, destination, kind, rest):
    head = struct.pack("!BB", kind, 0)
    checksum = transport_checksum(source, destination, PROTOCOL_ICMPV6, head + bytes(2) + rest)
    return head + checksum + rest


def arp(operation, sender_mac, sender, target_mac, target):
    fixed = struct.pack("!HHBBH", 1, ETHERTYPE_IPV4, 6, 4, operation)
    return fixed + sender_mac + packed(sender) + target_mac + packed(target)


def query_v4(node_mac, mac, wire, source="10.98.0.2", **more):
    """A whole frame with a DNS question over IPv4; `more` goes to the IPv4 header."""
    segment = udp(source, NODE_V4, wire)
    return ethernet(
        node_mac, mac, ETHERTYPE_IPV4, ipv4(source, NODE_V4, PROTOCOL_UDP, segment, **more)
    )


def query_v6(node_mac, mac, wire, source="fd00:98::2"):
    segment = udp(source, NODE_V6, wire)
    return ethernet(node_mac, mac, ETHERTYPE_IPV6, ipv6(source, NODE_V6, PROTOCOL_UDP, segment))


def fragments(node_mac, mac, wire):
    """A question in the first, last and middle fragment of an IPv4 packet, and in one of IPv6."""
    for fragment in (0x2000, 0x0010, 0x2010):
        yield query_v4(node_mac, mac, wire, fragment=fragment)
    source = "fd00:98::2"
    header = struct.pack("!BBHI", PROTOCOL_UDP, 0, 1, 7)  # More fragments follow; packet 7.
    packet = ipv6(source, NODE_V6, PROTOCOL_FRAGMENT, header + udp(source, NODE_V6, wire))
    yield ethernet(node_mac, mac, ETHERTYPE_IPV6, packet)


class Wire:
    """The router's end of the wire to the node."""

    def __init__(self, lab):
        self.mac = lab.net.mac("vnode")
        self.node_mac = lab.node.mac("vres")
        self.socket = lab.net.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind(("vnode", 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, frame):
        """Waits while the node's end has no room, as it says under an XDP program."""
        while True:
            try:
                self.socket.send(frame)
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                time.sleep(FULL_S)
