#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the seeds in corpus/packet anew: frames as fuzz_packet.c takes them.

Run by hand when a seed is added; what it writes is committed. Checksums are left zero, and the
flag asks the target to make them right, but for the seeds that are about checksums.
"""

import ipaddress
import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus" / "packet"

OUR_MAC, PEER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
BROADCAST = b"\xff" * 6
OUR_GROUP, ALL_NODES = bytes.fromhex("3333ff000002"), bytes.fromhex("333300000001")
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
ICMP, UDP, ICMPV6 = 1, 17, 58
VLAN = 7
US4, PEER4, US6, PEER6 = "10.0.0.2", "10.0.0.9", "fd00::2", "fd00::9"
QUERY = bytes.fromhex("123401000001000000000000") + b"\x07example\x03com\x00\x00\x01\x00\x01"


def packed(text):
    return ipaddress.ip_address(text).packed


def step(frame, repair=True, quarters=0):
    """One frame, after so many quarters of a second."""
    return struct.pack(">BH", quarters << 1 | repair, len(frame)) + frame


def arrival(*steps, tagged=False):
    return bytes([tagged]) + b"".join(steps)


def ethernet(ethertype, packet, destination=OUR_MAC, tag=None):
    tagged = b"" if tag is None else struct.pack(">HH", 0x8100, tag)
    return destination + PEER_MAC + tagged + struct.pack(">H", ethertype) + packet


def ipv4(protocol, payload, options=b"", source=PEER4, destination=US4, fragment=0):
    length = 20 + len(options) + len(payload)
    first = 0x40 | 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH", first, 0, length, 0x1234, fragment, 57, protocol, 0)
    return head + packed(source) + packed(destination) + options + payload


def ipv6(protocol, payload, extensions=b"", source=PEER6, destination=US6, hop_limit=57):
    head = struct.pack(">IHBB", 6 << 28, len(extensions + payload), protocol, hop_limit)
    return head + packed(source) + packed(destination) + extensions + payload


def udp(payload, source=4242, destination=53, checksum=0):
    return struct.pack(">HHHH", source, destination, 8 + len(payload), checksum) + payload


def arp(operation, sender=PEER4, target=US4, sender_mac=PEER_MAC):
    head = struct.pack(">HHBBH", 1, IPV4, 6, 4, operation)
    return head + sender_mac + packed(sender) + bytes(6) + packed(target)


def nd(kind, target, flags=0, options=b"", **addresses):
    message = struct.pack(">BBHB3x", kind, 0, 0, flags) + packed(target) + options
    return ipv6(ICMPV6, message, hop_limit=255, **addresses)


def echo(kind, size=56):
    return struct.pack(">BBHHH", kind, 0, 0, 0x1234, 1) + bytes(range(size))


SOURCE_STATION, TARGET_STATION = b"\x01\x01" + PEER_MAC, b"\x02\x01" + PEER_MAC
ASKS_US4 = ethernet(IPV4, ipv4(UDP, udp(QUERY)))
ASKS_US6 = ethernet(IPV6, ipv6(UDP, udp(QUERY)))


def datagrams():
    yield "udp4", arrival(step(ASKS_US4))
    yield "udp6", arrival(step(ASKS_US6))
    yield "udp4-no-checksum", arrival(step(ASKS_US4, repair=False))
    yield "udp6-no-checksum", arrival(step(ASKS_US6, repair=False))
    padded = ethernet(IPV4, ipv4(UDP, udp(b"")))
    yield "udp4-padded", arrival(step(padded + bytes(60 - len(padded))))
    options = bytes.fromhex("9404000001010100")
    yield "udp4-options", arrival(step(ethernet(IPV4, ipv4(UDP, udp(QUERY), options))))
    yield "udp4-fragment", arrival(step(ethernet(IPV4, ipv4(UDP, udp(QUERY), fragment=0x2000))))
    extensions = bytes.fromhex("3c00050200000100" "2b00010400000000" "1100000000000000")
    yield "udp6-extensions", arrival(step(ethernet(IPV6, ipv6(0, udp(QUERY), extensions))))
    fragment = bytes.fromhex("1100000000000001")
    yield "udp6-fragment", arrival(step(ethernet(IPV6, ipv6(44, udp(QUERY), fragment))))
    tagged4 = ethernet(IPV4, ipv4(UDP, udp(QUERY)), tag=0xA000 | VLAN)
    tagged6 = ethernet(IPV6, ipv6(UDP, udp(QUERY)), tag=VLAN)
    yield "udp-tagged", arrival(step(tagged4), step(tagged6), tagged=True)
    multicast = ipv4(UDP, udp(QUERY, 5353, 5353), destination="224.0.0.251")
    yield "udp4-multicast", arrival(step(ethernet(IPV4, multicast, BROADCAST)))
    yield "tcp", arrival(step(ethernet(IPV4, ipv4(6, bytes(20)))))
    yield "lldp", arrival(step(ethernet(0x88CC, bytes(46))))


def link_frames():
    request = ethernet(ARP, arp(1), BROADCAST)
    yield "arp-request", arrival(step(request))
    yield "arp-probe", arrival(step(ethernet(ARP, arp(1, sender="0.0.0.0"), BROADCAST)))
    answer = ethernet(ARP, arp(2))
    gratuitous = ethernet(ARP, arp(1, target=PEER4), BROADCAST)
    # The datagram makes the peer wanted, so that its answer is waited for.
    yield "arp-exchange", arrival(step(ASKS_US4), step(answer), step(gratuitous, quarters=8))
    gateway = ethernet(ARP, arp(2, sender="10.0.0.1"))
    yield "arp-gateway", arrival(step(request), step(gateway), step(ASKS_US4, quarters=64))

    group = {"destination": "ff02::1:ff00:2"}
    solicitation = nd(135, US6, options=SOURCE_STATION, **group)
    yield "nd-solicitation", arrival(step(ethernet(IPV6, solicitation, OUR_GROUP)))
    probe = ethernet(IPV6, nd(135, US6, source="::", **group), OUR_GROUP)
    yield "nd-probe", arrival(step(probe))
    service = nd(135, "2001:db8::53", options=SOURCE_STATION, destination="2001:db8::53")
    yield "nd-service", arrival(step(ethernet(IPV6, service)))
    answer = ethernet(IPV6, nd(136, PEER6, 0x60, TARGET_STATION))
    unsolicited = nd(136, PEER6, 0x20, TARGET_STATION, destination="ff02::1")
    news = ethernet(IPV6, unsolicited, ALL_NODES)
    yield "nd-exchange", arrival(step(ASKS_US6), step(answer), step(news, quarters=8))
    tagged = ethernet(IPV6, solicitation, OUR_GROUP, tag=VLAN)
    yield "nd-tagged", arrival(step(tagged), tagged=True)
    empty_option = nd(135, US6, options=b"\x01\x00" + PEER_MAC)
    yield "nd-empty-option", arrival(step(ethernet(IPV6, empty_option)))

    yield "echo4", arrival(step(ethernet(IPV4, ipv4(ICMP, echo(8)))))
    yield "echo6", arrival(step(ethernet(IPV6, ipv6(ICMPV6, echo(128)))))
    extension = bytes.fromhex("3a00010400000000")
    yield "echo6-extension", arrival(step(ethernet(IPV6, ipv6(60, echo(128), extension))))
    multicast = ipv6(ICMPV6, echo(128), destination="ff02::1")
    yield "echo6-multicast", arrival(step(ethernet(IPV6, multicast, ALL_NODES)))


def main():
    CORPUS.mkdir(parents=True, exist_ok=True)
    for old in CORPUS.iterdir():
        old.unlink()
    for name, data in [*datagrams(), *link_frames()]:
        (CORPUS / name).write_bytes(data)


if __name__ == "__main__":
    main()
