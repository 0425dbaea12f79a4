# SPDX-License-Identifier: BSD-2-Clause
"""Captures on the wire to the node, and the DNS packets in them."""

import contextlib
import ipaddress
import signal
import struct
import subprocess
import time
from dataclasses import dataclass

from frames import ETHERTYPE_IPV4, ETHERTYPE_IPV6, PROTOCOL_UDP
from lab import until

GLOBAL_HEADER_LEN = 24
RECORD_HEADER = struct.Struct("<IIII")
MAGIC_MICROSECONDS = 0xA1B2C3D4
# Unbuffered and with room: a packet that the capture missed would look like one never sent.
TCPDUMP = "tcpdump --immediate-mode -i vnode -U -n -s 0 -B 16384 -Z root"
FILTER = "udp and (port 53 or port 5353 or port 8600)"  # Every port that something answers on.


@dataclass(frozen=True)
class Datagram:
    """One UDP packet of a capture."""

    time_s: float
    source: str
    destination: str
    source_port: int
    destination_port: int
    payload: bytes


def _datagram(time_s, frame):
    """The UDP packet in an Ethernet frame; None if there is none."""
    ethertype = struct.unpack_from("!H", frame, 12)[0]
    if ethertype == ETHERTYPE_IPV4 and frame[23] == PROTOCOL_UDP:
        start = 14 + (frame[14] & 0x0F) * 4
        source, destination = frame[26:30], frame[30:34]
    elif ethertype == ETHERTYPE_IPV6 and frame[20] == PROTOCOL_UDP:
        start = 14 + 40
        source, destination = frame[22:38], frame[38:54]
    else:
        return None
    source_port, destination_port, length = struct.unpack_from("!HHH", frame, start)
    return Datagram(
        time_s,
        str(ipaddress.ip_address(source)),
        str(ipaddress.ip_address(destination)),
        source_port,
        destination_port,
        frame[start + 8 : start + length],
    )


def datagrams(path):
    """Every UDP packet of a capture file, in order."""
    data = path.read_bytes()
    assert struct.unpack_from("<I", data)[0] == MAGIC_MICROSECONDS, "not a capture we can read"
    found = []
    offset = GLOBAL_HEADER_LEN
    while offset < len(data):
        seconds, microseconds, length, _ = RECORD_HEADER.unpack_from(data, offset)
        offset += RECORD_HEADER.size
        datagram = _datagram(seconds + microseconds / 1e6, data[offset : offset + length])
        if datagram is not None:
            found.append(datagram)
        offset += length
    return found


@contextlib.contextmanager
def capture(lab):
    """Records DNS on the wire to the node for a with block; yields a list filled at its end."""
    path = lab.directory / "capture.pcap"
    log_path = lab.directory / "tcpdump.log"
    found = []
    with open(log_path, "w") as log:
        process = subprocess.Popen(
            lab.net.command(*TCPDUMP.split(), "-w", path, FILTER), stderr=log
        )
    try:
        assert until(lambda: "listening" in log_path.read_text(), 5.0), log_path.read_text()
        yield found
        time.sleep(0.2)  # The last packets are on their way to tcpdump.
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=10)
        assert "\n0 packets dropped by kernel" in log_path.read_text(), log_path.read_text()
        found += datagrams(path)
        path.unlink()
        log_path.unlink()
