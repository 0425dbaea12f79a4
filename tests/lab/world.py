#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The lab's internet, described once.

From this description come the zone files, one NSD configuration per authority, the root hints and
the address lists that scripts/lab uses; the tests import it to know who serves what. Run as
`world.py DIRECTORY` it writes them all; `world.py DIRECTORY undelegate ZONE` writes the zone file
above that zone anew without it, `delegate` with it again, and both print the role concerned:

    zones/NAME.zone   one file per zone that somebody serves
    nsd/ROLE.conf     one NSD each; role names are zone names, plus `lame` and `broken`
    root.hints        the root servers, for the resolver
    addresses         every authority's address, one a line
    silent            those whose packets must be dropped without a word
    authorities.tsv   zone, address, port, and what a SOA question there must bring: an answer
                      (live), a refusal or referral (lame), SERVFAIL (broken), or nothing (silent)

Server number N has the addresses 10.53.0.N and fd00:53::N (the same digits, so ::101 is 0x101).
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

BULK_HOST_COUNT = 20000
LONGEST_LABEL = "l" * 63
# 255 octets on the wire: three labels of 63, one of 49, and example.com.
LONGEST_NAME = ".".join(letter * size for letter, size in zip("abcd", (63, 63, 63, 49)))
HOP_COUNT = 20  # More links than the resolver may follow (11).


@dataclass(frozen=True)
class Server:
    """A name server name and its addresses. State: live, silent, lame or broken."""

    name: str
    number: int = 0  # 0: the name has no address anywhere.
    has_v4: bool = True
    has_v6: bool = True
    state: str = "live"
    port: int = 53

    def addresses(self):
        if self.number == 0:
            return []
        return [f"10.53.0.{self.number}"] * self.has_v4 + [f"fd00:53::{self.number}"] * self.has_v6

    def records(self):
        return [f"{self.name}. {'AAAA' if ':' in a else 'A'} {a}" for a in self.addresses()]


@dataclass(frozen=True)
class Zone:
    """A delegation and, unless `served` is false, the zone behind it."""

    name: str  # Without the final dot; the root is "".
    why: str
    servers: list
    body: str = ""
    served: bool = True
    delegated: bool = True  # If not, who wants to ask must have been told of the servers.
    cookies: bool = False  # Whether the servers answer DNS cookies (RFC 7873).
    soa_ttl_s: int = 3600
    soa_minimum_s: int = 300
    delegation_ttl_s: int = 3600  # In the parent; the zone's own NS records have 3600 s.
    file_name: str = field(default="")

    def role(self):
        return self.name.replace(".", "-") or "root"

    def contains(self, name):
        return self.name == "" or name == self.name or name.endswith("." + self.name)


def numbered(zone, first, count, **more):
    """The servers ns1.ZONE to nsCOUNT.ZONE, numbered from `first`."""
    return [Server(f"ns{i + 1}.{zone}", first + i, **more) for i in range(count)]


GTLD_A = Server("a.gtld.net", 11)

EXAMPLE_COM = rf"""
@ A 192.0.2.1
@ MX 10 mail
@ MX 20 mail.example.org.
@ TXT "v=spf1 -all"
@ CAA 0 issue "ca.example.org"
mail A 192.0.2.2
www A 192.0.2.3
www AAAA 2001:db8::3
_sip._udp SRV 10 60 5060 mail
_443._tcp.www TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
; A type that no software knows (RFC 3597).
unknown TYPE65280 \# 6 c0ffee00a5ff
; A record that must be used once and not kept.
zero-ttl 0 A 192.0.2.4
; Lives long enough to be watched ageing.
ageing 300 A 192.0.2.5
; Ends soon, but lives long enough to be asked again before that.
popular 10 A 192.0.2.8

; The name "ent" exists without records: NODATA, not NXDOMAIN.
below.ent A 192.0.2.6

; A wildcard, and a name below it that blocks it for the types it lacks.
*.wild A 192.0.2.7
*.wild TXT "from the wildcard"
exists.wild TXT "not from the wildcard"
*.wildcname CNAME www

; 900 octets: too large for a client without EDNS, not for 1232.
middle TXT {" ".join(f'"{chr(97 + i) * 220}"' for i in range(4))}
; 3000 octets in twelve records: truncated at 1232, whole over TCP only.
big TXT "{'0' * 250}"
{chr(10).join(f'big TXT "{chr(97 + i) * 250}"' for i in range(11))}

; Label bytes beyond letters: dot, space, NUL, high bytes, quotes, at, semicolon, backslash.
dot\.ted A 192.0.2.10
spa\032ce A 192.0.2.11
nul\000byte A 192.0.2.12
high\255\128 A 192.0.2.13
quo\"te A 192.0.2.14
at\@sign A 192.0.2.15
semi\;colon A 192.0.2.16
back\\slash A 192.0.2.17
{LONGEST_LABEL} A 192.0.2.18
{LONGEST_NAME} A 192.0.2.19

; Three links through three zones under three TLDs, then an address here.
alias CNAME alias.hosting.net.
; Loops: across two zones, and onto itself.
loop CNAME loop.example.org.
self CNAME self
; A link to a name that does not exist, and one to a name without that type.
dangling CNAME nothing.example.org.
to-nodata CNAME mail.example.org.
; More links than anybody should follow.
{chr(10).join(f'hop{i} CNAME hop{i + 1}' for i in range(HOP_COUNT))}
hop{HOP_COUNT} A 192.0.2.20

; What the DNAME old.example.org leads to.
www.new A 192.0.2.21
"""

BULK = "*.miss 300 A 192.0.2.90\n" + "\n".join(
    f"h{i} A 198.18.{i >> 8}.{i & 255}\nh{i} AAAA 2001:db8:b::{i:x}" for i in range(BULK_HOST_COUNT)
)

DEEP_CUTS = ["deep.org", "e.deep.org", "d.e.deep.org", "c.d.e.deep.org", "b.c.d.e.deep.org"]

ZONES = [
    Zone("", "The root.", [Server("a.root-servers.net", 1), Server("b.root-servers.net", 2)]),
    Zone("com", "A TLD with servers named in another TLD.", [GTLD_A, Server("b.gtld.net", 12)]),
    Zone("net", "A TLD with in-bailiwick servers.", [Server("c.gtld.net", 13)]),
    Zone("org", "A TLD with in-bailiwick servers.", [Server("d.registry.org", 14)]),
    Zone(
        "example.com",
        "The ordinary zone: in-bailiwick servers with A and AAAA glue, and every odd record.",
        numbered("example.com", 21, 2),
        EXAMPLE_COM,
        soa_minimum_s=120,  # The SOA minimum is the lower one here...
    ),
    Zone(
        "example.org",
        "On the CNAME chain, with a DNAME, and a negative TTL that the SOA's own TTL limits.",
        numbered("example.org", 24, 1),
        """
www A 192.0.2.30
www AAAA 2001:db8::30
mail A 192.0.2.31
alias CNAME www.example.com.
loop CNAME loop.example.com.
old DNAME new.example.com.
""",
        soa_ttl_s=60,  # ...and the SOA's TTL here.
        soa_minimum_s=900,
    ),
    Zone(
        "hosting.net",
        "A hosting company: its names serve other people's zones.",
        numbered("hosting.net", 23, 1),
        "www A 192.0.2.40\nalias CNAME alias.example.org.",
    ),
    Zone(
        "glueless.com",
        "Glueless: its server is named in another TLD, so that name must be resolved first.",
        [Server("far.hosting.net", 25)],
        "www A 192.0.2.41\nwww AAAA 2001:db8::41",
    ),
    Zone(
        "nested.org",
        "Glueless twice over: its server is named in a zone that is itself glueless.",
        [Server("ns.glueless.com", 26)],
        "www A 192.0.2.42",
    ),
    Zone(
        "v6only.net",
        "Reachable over IPv6 only.",
        numbered("v6only.net", 27, 1, has_v4=False),
        "www A 192.0.2.43\nwww AAAA 2001:db8::43",
    ),
    Zone(
        "v4only.org",
        "Reachable over IPv4 only.",
        numbered("v4only.org", 28, 1, has_v6=False),
        "www A 192.0.2.44\nwww AAAA 2001:db8::44",
    ),
    Zone(
        "mixedcase.net",
        "Written in mixed case by its owner; names compare without case all the same.",
        numbered("mixedcase.net", 29, 1),
        """
WwW A 192.0.2.45
MAIL.mixedCASE.Net. A 192.0.2.46
aLiAs CNAME wWw.MixedCase.NET.
@ MX 10 Mail
""",
        file_name="MixedCase.NET.zone",
    ),
    Zone(
        "thirteen.com",
        "Thirteen servers, as the largest delegations have.",
        numbered("thirteen.com", 101, 13),
        "www A 192.0.2.47\nbrief 1 A 192.0.2.52",
    ),
    Zone(
        "onedead.com",
        "One server of three takes packets and never answers.",
        [
            Server("ns1.onedead.com", 31),
            Server("ns2.onedead.com", 32, state="silent"),
            Server("ns3.onedead.com", 33),
        ],
        "www A 192.0.2.48\n*.many A 192.0.2.49",
    ),
    Zone(
        "alldead.net",
        "Both servers take packets and never answer.",
        numbered("alldead.net", 34, 2, state="silent"),
        served=False,
    ),
    Zone(
        "onelame.org",
        "The first server was never told of the zone and refuses.",
        [Server("ns1.onelame.org", 36, state="lame"), Server("ns2.onelame.org", 37)],
        "www A 192.0.2.50\n*.many A 192.0.2.51",
    ),
    Zone(
        "alllame.com",
        "No server was told of the zone: every one refuses.",
        numbered("alllame.com", 38, 2, state="lame"),
        served=False,
    ),
    Zone(
        "broken.org",
        "The server is meant to have the zone but lost its file: SERVFAIL.",
        numbered("broken.org", 40, 1, state="broken"),
        served=False,
    ),
    Zone(
        "sideways.com",
        "Lame the other way: delegated to a server of its parent, which refers to itself again.",
        [GTLD_A],
        served=False,
    ),
    Zone(
        "noglue.net",
        "Unresolvable: its only server's name is inside the zone, and nobody gives its address.",
        [Server("ns1.noglue.net")],
        served=False,
    ),
    Zone(
        "circle.com",
        "Unresolvable: its server is named in circle.net, whose server is named here.",
        [Server("ns.circle.net")],
        served=False,
    ),
    Zone("circle.net", "See circle.com.", [Server("ns.circle.com")], served=False),
    *(
        Zone(
            name,
            "One of five zone cuts in a row.",
            numbered(name, 41 + i, 1),
            "www A 192.0.2.60" if name != DEEP_CUTS[-1] else "a A 192.0.2.61",
        )
        for i, name in enumerate(DEEP_CUTS)
    ),
    Zone(
        "brief.net",
        "Whatever is known of it ends after a second; its servers answer cookies.",
        numbered("brief.net", 46, 2, has_v6=False),
        "www 1 A 192.0.2.62\n*.many 1 A 192.0.2.63",
        cookies=True,
        soa_minimum_s=1,
    ),
    Zone(
        "haunted.org",
        "Delegates a zone for two seconds at a time, and may cease to.",
        numbered("haunted.org", 48, 1),
        soa_minimum_s=1,
    ),
    Zone(
        "ghost.haunted.org",
        "Says that its own nameservers live long, whatever the parent says.",
        numbered("ghost.haunted.org", 49, 1),
        "*.many 1 A 192.0.2.64",
        delegation_ttl_s=2,
    ),
    Zone(
        "consul",
        "Service discovery: no delegation leads to it, and its port is not 53.",
        [Server("ns1.consul", 61, port=8600)],
        "web.service A 192.0.2.65",
        delegated=False,
    ),
    Zone(
        "corp.example",
        "A company's inner zone: no delegation leads to it, but it delegates another.",
        [Server("ns1.corp.example", 62, port=5353)],
        "www A 192.0.2.66",
        delegated=False,
    ),
    Zone(
        "lab.corp.example",
        "Delegated as usual, below a zone that is not.",
        numbered("lab.corp.example", 63, 1),
        "www A 192.0.2.67",
    ),
    Zone(
        "bulk.net",
        f"For load: hosts h0 to h{BULK_HOST_COUNT - 1}, and a wildcard for names not seen before.",
        numbered("bulk.net", 51, 2),
        BULK,
    ),
]

NSD_CONF = """\
# SPDX-License-Identifier: BSD-2-Clause
server:
    server-count: 1
    tcp-count: 8
    xfrd-tcp-max: 1
    xfrd-tcp-pipeline: 1
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{base}/zones"
    zonelistfile: "{base}/nsd/{role}.list"
    xfrdfile: ""
    xfrdir: "{base}/nsd"
    pidfile: "{base}/nsd/{role}.pid"
    logfile: "{base}/nsd/{role}.log"
    zonefiles-write: 0
    round-robin: no
    minimal-responses: no
    refuse-any: no
    rrl-size: 16
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    answer-cookie: {cookies}
{binds}
remote-control:
    control-enable: no
"""


def zone_of(name):
    """The deepest zone of the description that contains `name`."""
    return max((z for z in ZONES if z.contains(name)), key=lambda z: len(z.name))


def addresses_of(zone_name, state="live"):
    """The addresses of a zone's servers that are in one state."""
    zone = next(z for z in ZONES if z.name == zone_name)
    return [a for s in zone.servers if s.state == state for a in s.addresses()]


def parent_of(zone):
    """The zone that delegates `zone`; None for the root."""
    above = [z for z in ZONES if z is not zone and z.contains(zone.name)]
    return max(above, key=lambda z: len(z.name), default=None)


def delegation(parent, child):
    """NS records of `child` in `parent`, with the glue a registry would hold and no other."""
    lines = [f"\n; {child.why}"]
    for server in child.servers:
        lines.append(f"{child.name}. {child.delegation_ttl_s} NS {server.name}.")
        if parent.name == "" or child.contains(server.name):
            lines += server.records()
    return lines


def zone_text(zone, without=None):
    """The zone file of a served zone, `without` one of those that it delegates."""
    primary = zone.servers[0].name
    lines = [
        f"; {zone.why}",
        f"$ORIGIN {zone.name}.",
        "$TTL 3600",
        f"@ {zone.soa_ttl_s} SOA {primary}. hostmaster.example.com. "
        f"1 7200 900 1209600 {zone.soa_minimum_s}",
    ]
    lines += [f"@ NS {server.name}." for server in zone.servers]
    named_here = [s for z in ZONES for s in z.servers if zone_of(s.name) is zone]
    # The root holds its servers' addresses as the real one does, though they live under net.
    for server in dict.fromkeys(named_here + (zone.servers if zone.name == "" else [])):
        lines += server.records()
    lines.append(zone.body)
    for child in ZONES:
        if child.delegated and child is not without and parent_of(child) is zone:
            lines += delegation(zone, child)
    return "\n".join(lines) + "\n"


def zone_file_name(zone):
    return zone.file_name or f"{zone.role()}.zone"


def binds(servers):
    """What an NSD listens on to be all of these servers."""
    return [f"{address}@{s.port}" for s in servers for address in s.addresses()]


def roles():
    """Role name -> (addresses to bind, zone clauses) of every NSD to run."""
    found = {}
    for zone in ZONES:
        for server in zone.servers:
            if server.state in ("lame", "broken"):
                found.setdefault(server.state, ([], {}))[0].extend(binds([server]))
        if zone.served:
            live = [s for s in zone.servers if s.state == "live"]
            found[zone.role()] = (binds(live), {zone.name + ".": zone_file_name(zone)})
        elif zone.servers[0].state == "broken":
            found["broken"][1][zone.name + "."] = "missing.zone"
    return found


def authorities():
    """(zone name, address, port, state) of every server of every zone."""
    for zone in ZONES:
        for server in zone.servers:
            # A server of the parent that is listed for a zone it does not hold is lame, too.
            state = "lame" if server.state == "live" and not zone.served else server.state
            for address in server.addresses():
                yield zone.name + ".", address, server.port, state


def addresses(state=None):
    """Every authority's address, or those of the servers in one state, without repeats."""
    servers = [s for z in ZONES for s in z.servers if state in (None, s.state)]
    return list(dict.fromkeys(a for s in servers for a in s.addresses()))


def write(base):
    """Writes everything that the module's opening lists below the directory `base`."""
    (base / "zones").mkdir(parents=True)
    (base / "nsd").mkdir()
    for zone in ZONES:
        if zone.served:
            (base / "zones" / zone_file_name(zone)).write_text(zone_text(zone))
    with_cookies = {zone.role() for zone in ZONES if zone.cookies}
    for role, (listens, zones) in roles().items():
        text = NSD_CONF.format(
            base=base,
            role=role,
            cookies="yes" if role in with_cookies else "no",
            binds="\n".join(f"    ip-address: {a}" for a in listens),
        )
        for name, file_name in zones.items():
            text += f'zone:\n    name: "{name}"\n    zonefile: "{file_name}"\n'
        (base / "nsd" / f"{role}.conf").write_text(text)
    root = ZONES[0]
    hints = [f". 3600000 NS {s.name}." for s in root.servers]
    hints += [record.replace(" ", " 3600000 ", 1) for s in root.servers for record in s.records()]
    (base / "root.hints").write_text("\n".join(hints) + "\n")
    (base / "addresses").write_text("\n".join(addresses()) + "\n")
    (base / "silent").write_text("\n".join(addresses("silent")) + "\n")
    (base / "authorities.tsv").write_text(
        "".join("\t".join(map(str, a)) + "\n" for a in authorities())
    )


def write_delegation(base, name, delegated):
    """Writes the zone file above the zone `name` anew, with or without it; returns the role."""
    zone = next((z for z in ZONES if z.name == name and z.delegated), None)
    if zone is None:
        sys.exit(f"No zone of this lab delegates {name}.")
    parent = parent_of(zone)
    text = zone_text(parent, None if delegated else zone)
    (base / "zones" / zone_file_name(parent)).write_text(text)
    return parent.role()


def main(words):
    match words:
        case [directory]:
            write(Path(directory).resolve())
        case [directory, ("delegate" | "undelegate") as verb, zone]:
            print(write_delegation(Path(directory), zone, verb == "delegate"))
        case _:
            sys.exit("usage: world.py DIRECTORY [delegate|undelegate ZONE]")


if __name__ == "__main__":
    main(sys.argv[1:])
