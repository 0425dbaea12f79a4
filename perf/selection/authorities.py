# SPDX-License-Identifier: BSD-2-Clause
"""Four authorities for one zone, at different distances: NSD with the zone, dnsdist for the delays.

They live in the net namespace of a rig, beside the lab's own authorities. nftables counts the
queries that arrive for each, and drops them for one that is dead or loses some.
"""

import json
import time

AUTHORITIES = {"10.54.0.11": 8, "10.54.0.12": 25, "10.54.0.13": 70, "10.54.0.14": 180}  # ms
FASTEST = next(iter(AUTHORITIES))
ROOT_ADDRESS = "10.54.0.1"
BACKEND_PORT = 5300
ZONE = "latency"
HINTS = "selection.hints"

HINTS_TEXT = f". 3600000 NS a.root-servers.net.\na.root-servers.net. 3600000 A {ROOT_ADDRESS}\n"

ROOT_TEXT = f"""\
$ORIGIN .
$TTL 86400
@ SOA a.root-servers.net. hostmaster.{ZONE}. 1 7200 900 1209600 300
@ NS a.root-servers.net.
a.root-servers.net. A {ROOT_ADDRESS}
"""

ZONE_TEXT = f"""\
$ORIGIN {ZONE}.
$TTL 86400
@ SOA ns1 hostmaster 1 7200 900 1209600 3600
* 300 A 192.0.2.1
"""

NSD_CONF = """\
server:
    server-count: 1
    ip-address: {address}
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{directory}"
    zonelistfile: "{directory}/{role}.list"
    xfrdfile: ""
    xfrdir: "{directory}"
    pidfile: ""
    logfile: "{directory}/{role}.log"
    minimal-responses: yes
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "{zone}"
    zonefile: "{role}.zone"
"""


def _delegation():
    """The NS records of the zone with the addresses, for the root and for the zone itself."""
    lines = []
    for i, address in enumerate(AUTHORITIES):
        lines += [f"{ZONE}. NS ns{i + 1}.{ZONE}.", f"ns{i + 1}.{ZONE}. A {address}"]
    return "\n".join(lines) + "\n"


def _dnsdist_conf():
    lines = [
        'setACL("0.0.0.0/0")',
        "setSecurityPollSuffix('')",
        "setMaxUDPOutstanding(65535)",
        f'newServer({{address="127.0.0.1:{BACKEND_PORT}", sockets=4}}):setUp()',
    ]
    for i, (address, delay_ms) in enumerate(AUTHORITIES.items()):
        lines += [
            f'{"setLocal" if i == 0 else "addLocal"}("{address}:53")',
            f"to{i} = newNMG()",
            f'to{i}:addMask("{address}/32")',
            f"addAction(NetmaskGroupRule(to{i}, false), DelayAction({delay_ms}))",
        ]
    return "\n".join(lines) + "\n"


def _nft_rules():
    """Counts first, drops then: what is lost on the way was sent all the same."""
    counters = [f"counter to_{i} {{}}" for i in range(len(AUTHORITIES))]
    counting = [
        f"ip daddr {address} udp dport 53 counter name to_{i}"
        for i, address in enumerate(AUTHORITIES)
    ]
    lines = "\n".join(counters + ["chain input { type filter hook input priority -10;"] + counting)
    return f"table inet selection {{\n{lines}\njump trouble\n}}\nchain trouble {{}}\n}}\n"


class World:
    """The authorities of one rig; all of them are up at first."""

    def __init__(self, rig):
        self.rig = rig
        self.net = rig.lab.net
        rig.file(HINTS, HINTS_TEXT)
        self._start_nsd("selection-root", ".", ROOT_ADDRESS, ROOT_TEXT + _delegation())
        backend = f"127.0.0.1@{BACKEND_PORT}"
        self._start_nsd("selection", ZONE, backend, ZONE_TEXT + _delegation())
        for address in AUTHORITIES:
            self._add(address)
        conf = rig.file("dnsdist.conf", _dnsdist_conf())
        rig.launch(
            self.net, "dnsdist", "--supervised", "--disable-syslog", "-C", conf, log="dnsdist.log"
        )
        self.net.run("nft", "-f", "-", input=_nft_rules())
        self._wait()

    def _add(self, address):
        self.net.run("ip", "address", "add", f"{address}/32", "dev", "lo")

    def _start_nsd(self, role, zone, address, text):
        if "@" not in address:
            self._add(address)
        self.rig.file(f"{role}.zone", text)
        filled = NSD_CONF.format(
            address=address, directory=self.rig.directory, role=role, zone=zone
        )
        conf = self.rig.file(f"{role}.conf", filled)
        self.rig.launch(self.net, "nsd", "-d", "-c", conf, log=f"{role}-start.log")

    def _wait(self):
        """Waits until every authority answers; asks from where they are."""
        for address in (ROOT_ADDRESS, *AUTHORITIES):
            for _ in range(100):
                words = ("dig", f"@{address}", f"ready.{ZONE}", "A", "+norec", "+tries=1", "+time=1")
                if "status: NOERROR" in self.rig.output(self.net, "sh", "-c", " ".join(words) + "; true"):
                    break
                time.sleep(0.05)
            else:
                raise RuntimeError(f"the authority {address} does not answer")

    def trouble(self, rule=None):
        """Has one rule of nftables decide on packets to authorities; None: all arrive."""
        commands = "flush chain inet selection trouble\n"
        if rule is not None:
            commands += f"add rule inet selection trouble {rule}\n"
        self.net.run("nft", "-f", "-", input=commands)

    def sent(self):
        """Queries sent to each authority so far, in the order of AUTHORITIES."""
        listed = json.loads(self.net.run("nft", "-j", "list", "counters", "table", "inet", "selection"))
        counters = [item["counter"] for item in listed["nftables"] if "counter" in item]
        by_name = {counter["name"]: counter["packets"] for counter in counters}
        return [by_name[f"to_{i}"] for i in range(len(AUTHORITIES))]


DEAD = f"ip daddr {FASTEST} drop"
LOSSY = f"ip daddr {FASTEST} numgen random mod 100 < 20 drop"
