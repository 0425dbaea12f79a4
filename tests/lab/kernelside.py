# SPDX-License-Identifier: BSD-2-Clause
"""A kernel that has the node's addresses, so that its sockets can be reached through the port.

The lab's interface `vres` shows every frame to the kernel, too; with addresses and routes the
kernel of the node's namespace serves TCP. UDP stays the node's alone.
"""

import contextlib

from lab import NODE_V4, NODE_V6

TABLE = """
table inet kernelside {
    chain input {
        type filter hook input priority filter;
        iif vres meta l4proto udp drop
    }
}
"""
UP = f"""
echo 0 >/proc/sys/net/ipv6/conf/vres/disable_ipv6
echo 8 >/proc/sys/net/ipv4/conf/vres/arp_ignore
ethtool -K vres tx off gso off gro off tso off >/dev/null
ip address add {NODE_V4}/32 dev lo
ip address add {NODE_V6}/128 dev lo nodad
ip route add 10.99.0.0/24 dev vres
ip route add default via 10.99.0.1 dev vres
ip route add fd00:99::/64 dev vres
ip route add default via fd00:99::1 dev vres
"""
DOWN = f"""
ip route flush dev vres
ip -6 route flush dev vres
ip address del {NODE_V4}/32 dev lo
ip address del {NODE_V6}/128 dev lo
echo 1 >/proc/sys/net/ipv6/conf/vres/disable_ipv6
echo 0 >/proc/sys/net/ipv4/conf/vres/arp_ignore
nft delete table inet kernelside
"""


@contextlib.contextmanager
def addresses(lab):
    """Gives the node's addresses to its kernel for the length of a with block."""
    lab.node.run("nft", "-f", "-", input=TABLE)
    lab.node.run("sh", "-ec", UP)
    try:
        yield
    finally:
        lab.node.run("sh", "-c", DOWN)
