/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration file: what it may say, and what is said about what it may not. Every case
 * that fails is compared with the whole of what the operator gets to read.
 */
#include "config.h"
#include "support/message.h"
#include "zone/zones.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORTS                                                \
	"ports:\n"                                           \
	"  - device: net_af_packet0,iface=vres\n"            \
	"    addresses: [10.99.0.2/24, \"fd00:99::2/64\"]\n" \
	"    gateways: [10.99.0.1, \"fd00:99::1\"]\n"
#define HINTS "resolver: {root-hints: hints}\n"

static char directory[] = "/tmp/quince-config-XXXXXX";

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int
enter_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return -1;
	write_file("hints", ". NS a.root.\na.root. A 198.51.100.1\na.root. AAAA 2001:db8::1\n");
	write_file("hints4", ". NS a.root.\na.root. A 198.51.100.1\n");
	write_file("broken", "; comment\n. NS a.root.\na.root. A 198.51.100\n");
	write_file("hosts", "10.1.2.3 box.lan box # the box\n127.0.0.1 localhost me\n");
	write_file("badhosts", "10.0.0.1 a\n10.0.0.256 b\n10.0.0.3\n");
	return 0;
}

static int
leave_directory(void **state)
{
	static const char *const files[] = {
	    "hints", "hints4", "broken", "hosts", "badhosts", "file"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		unlink(files[i]);
	return chdir("/") != 0 || rmdir(directory) != 0;
}

/* A machine with the first `core_count` cores. */
static struct machine
machine_of(int core_count)
{
	struct machine machine = {.memory_bytes = 8ull << 30};

	for (int core = 0; core < core_count; core++)
		CPU_SET(core, &machine.cores);
	return machine;
}

/* Loads `text`; returns what was said about it, which the caller frees: empty when all is well. */
static char *
load_on(struct config *config, const char *text, int core_count)
{
	const struct machine machine = machine_of(core_count);
	struct diagnostics errors;
	char *said = NULL;
	size_t said_len;
	FILE *out = open_memstream(&said, &said_len);
	bool ok;

	assert_non_null(out);
	write_file("file", text);
	diagnostics_init(&errors, "file");
	ok = config_load(config, &machine, &errors);
	diagnostics_print(&errors, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(ok, said_len == 0);
	diagnostics_fini(&errors);
	return said;
}

static void
load_well(struct config *config, const char *text, int core_count)
{
	char *said = load_on(config, text, core_count);

	assert_string_equal(said, "");
	free(said);
}

/* What a file says, and all that is said about it. */
struct complaint {
	const char *what;
	const char *text;
	const char *said;
};

static const struct complaint complaints[] = {
    {"empty file", "", "file: is empty; it needs a list of ports at least.\n"},
    {"not YAML", "node:\n  id: [a\nports: x\n",
	"file:3: not valid YAML: did not find expected ',' or ']', while parsing a flow "
	"sequence.\n"},
    {"two documents", HINTS PORTS "---\nnode:\n",
	"file:6: a second YAML document begins here; leave only one in the file.\n"},
    {"no keys", "- a\n- b\n", "file:1: must hold keys with values, such as \"node: ...\".\n"},
    {"unknown keys", HINTS PORTS "nod: 1\nnode: {cahce: 1MiB, colour: red}\n[a]: b\n",
	"file:6: unknown key \"nod\" in the file; did you mean \"node\"?\n"
	"file:7: unknown key \"cahce\" in node; did you mean \"cache\"?\n"
	"file:7: unknown key \"colour\" in node, which takes id, version, cache, workers, poll, "
	"statistics.\n"
	"file:8: a key must be a single word.\n"},
    {"the kernel's side",
	HINTS PORTS "kernel:\n  interface: a.b\n  rate: 0\n"
		    "  udp-ports: [53, 70000, 2000-1999, 5000-, 6000-6001x, 3784]\n",
	"file:7: kernel.interface: must be at most 13 letters, digits, \"-\" and \"_\"; the "
	"port's number is put behind them.\n"
	"file:8: kernel.rate: \"0\" is not a whole number from 100 to 10000000.\n"
	"file:9: kernel.udp-ports: \"53\" is neither a port from 1024 to 65535 nor a range of "
	"them, such as 61000-61999.\n"
	"file:9: kernel.udp-ports: \"70000\" is neither a port from 1024 to 65535 nor a range of "
	"them, such as 61000-61999.\n"
	"file:9: kernel.udp-ports: \"2000-1999\" is neither a port from 1024 to 65535 nor a range "
	"of them, such as 61000-61999.\n"
	"file:9: kernel.udp-ports: \"5000-\" is neither a port from 1024 to 65535 nor a range of "
	"them, such as 61000-61999.\n"
	"file:9: kernel.udp-ports: \"6000-6001x\" is neither a port from 1024 to 65535 nor a range "
	"of them, such as 61000-61999.\n"},
    {"the kernel's share of ports", HINTS PORTS "kernel: {udp-ports: [1024-40000]}\n",
	"file:6: kernel.udp-ports: leaves too few ports to ask authorities from: half of them at "
	"least.\n"},
    {"the announcement",
	HINTS PORTS "announce:\n  table: 253\n  after: x\n  drain: 0\n  probes: [a.b, c..d]\n"
		    "  last-resort: maybe\n",
	"file:7: announce.table: \"253\" is not a whole number from 1 to 252.\n"
	"file:8: announce.after: \"x\" is not a whole number from 0 to 3600.\n"
	"file:9: announce.drain: \"0\" is not a whole number from 1 to 600.\n"
	"file:10: announce.probes: \"c..d\" is not a domain name.\n"
	"file:11: announce.last-resort: \"maybe\" is not known here; write off or on.\n"},
    {"one domain to decide", HINTS PORTS "announce: {probes: [example.com]}\n",
	"file:6: announce.probes: needs names of two domains or more, so that none of them alone "
	"decides.\n"},
    {"neither a kernel's side nor none", HINTS PORTS "kernel: on\n",
	"file:6: kernel: \"on\" is neither off nor keys with values, such as \"rate: 50000\".\n"},
    {"a key twice", HINTS PORTS "node:\n  id: a\n  poll: busy\n  id: b\n",
	"file:9: node.id: this key is on line 7 already; leave only one.\n"},
    {"wrong types",
	HINTS PORTS "node:\n  - a\nservice:\n  allow: 10.0.0.0/8\ncontrol:\n"
		    "  socket: [a]\n",
	"file:6: node: must hold keys with values, such as \"id: ...\".\n"
	"file:9: service.allow: must be a list, even of one: [ITEM, ...].\n"
	"file:11: control.socket: must be a single value, not a list or keys with values.\n"},
    {"no value", HINTS PORTS "node:\n  id:\n  poll: \"\"\n",
	"file:7: node.id: has no value; give one or leave the key out.\n"
	"file:8: node.poll: has no value; give one or leave the key out.\n"},
    {"node",
	HINTS PORTS "node:\n  id: caf\xc3\xa9\n  cache: lots\n  poll: lazy\n"
		    "  workers: [9, 1, x, 1, -1]\n",
	"file:7: node.id: must be at most 127 printable ASCII characters.\n"
	"file:8: node.cache: \"lots\" is not a size; write a number with KiB, MiB or GiB, as in "
	"512MiB.\n"
	"file:9: node.poll: \"lazy\" is not known here; write adaptive or busy.\n"
	"file:10: node.workers: there is no core 9 for this process; it has 0-3.\n"
	"file:10: node.workers: \"x\" is not a whole number from 0 to 1023.\n"
	"file:10: node.workers: core 1 has a worker already.\n"
	"file:10: node.workers: \"-1\" is not a whole number from 0 to 1023.\n"},
    {"version", HINTS PORTS "node:\n  version: caf\xc3\xa9\n",
	"file:7: node.version: must be at most 127 printable ASCII characters.\n"},
    {"no version", HINTS PORTS "node:\n  version:\n",
	"file:7: node.version: has no value; give one or leave the key out.\n"},
    {"cookie secret too short",
	HINTS PORTS "service: {cookie-secret: e5e973e5a6b2a43f48e7dc849e37bfc}\n",
	"file:6: service.cookie-secret: must be 32 hexadecimal digits.\n"},
    {"cookie secret too long",
	HINTS PORTS "service: {cookie-secret: e5e973e5a6b2a43f48e7dc849e37bfcf0}\n",
	"file:6: service.cookie-secret: must be 32 hexadecimal digits.\n"},
    {"cookie secret not in hexadecimal",
	HINTS PORTS "service: {cookie-secret: e5e973e5a6b2a43f48e7dc849e37bfcg}\n",
	"file:6: service.cookie-secret: must be 32 hexadecimal digits.\n"},
    {"no workers", HINTS PORTS "node: {workers: []}\n",
	"file:6: node.workers: is empty; list cores or leave the key out.\n"},
    {"small cache", HINTS PORTS "node:\n  workers: [1, 2]\n  cache: 1023KiB\n",
	"file:8: node.cache: too small; each of the 2 workers needs at least 1MiB.\n"},
    {"large cache", HINTS PORTS "node:\n  workers: [1, 2]\n  cache: 511GiB\n",
	"file:8: node.cache: too large; each of the 2 workers can use 255GiB of memory.\n"},
    {"sizes", HINTS PORTS "node:\n  cache: 18446744073709551615GiB\n",
	"file:7: node.cache: \"18446744073709551615GiB\" is not a size; write a number with KiB, "
	"MiB or GiB, as in 512MiB.\n"},
    {"no ports", HINTS, "file:1: ports: this key is missing; list the devices to answer on.\n"},
    {"empty ports", HINTS "ports: []\n",
	"file:2: ports: is empty; the node needs a port to answer on.\n"},
    {"bare port", HINTS "ports:\n  - vlan: 7\n",
	"file:3: ports: this port has no device.\n"
	"file:3: ports: this port has no addresses.\n"},
    {"devices",
	HINTS "ports:\n  - device: eth0\n    addresses: [10.0.0.2/24]\n"
	      "  - device: 3b:00.9\n    addresses: [10.0.1.2/24]\n"
	      "  - device: net_tap0\n    addresses: [10.0.2.2/24]\n"
	      "  - device: net_tap0\n    addresses: [10.0.3.2/24]\n",
	"file:3: ports.device: \"eth0\" is neither a PCI address, such as 0000:3b:00.0, nor a "
	"virtual device, such as net_af_packet0,iface=eth1.\n"
	"file:5: ports.device: \"3b:00.9\" is neither a PCI address, such as 0000:3b:00.0, nor a "
	"virtual device, such as net_af_packet0,iface=eth1.\n"
	"file:9: ports.device: another port has the device net_tap0 already.\n"},
    {"port addresses",
	HINTS "ports:\n  - device: net_tap0\n    addresses:\n      - 10.0.0.256/24\n"
	      "      - 10.0.0.2\n      - 10.0.0.0/24\n      - 10.0.0.255/24\n      - 127.0.0.1/8\n"
	      "      - 10.0.0.9/33\n      - 10.0.0.3/24\n      - 10.0.0.3/25\n",
	"file:5: ports.addresses: \"10.0.0.256/24\" is not an address with the length of its "
	"network, such as 10.0.0.2/24.\n"
	"file:6: ports.addresses: 10.0.0.2 needs the length of its network, as in 10.0.0.2/24.\n"
	"file:7: ports.addresses: 10.0.0.0/24 is not an address that one host can have.\n"
	"file:8: ports.addresses: 10.0.0.255/24 is not an address that one host can have.\n"
	"file:9: ports.addresses: 127.0.0.1/8 is not an address that one host can have.\n"
	"file:10: ports.addresses: \"10.0.0.9/33\" is not an address with the length of its "
	"network, such as 10.0.0.2/24.\n"
	"file:12: ports.addresses: 10.0.0.3/25 is given to a port twice.\n"},
    {"gateways off the link",
	HINTS "ports:\n  - device: net_tap0\n    gateways:\n      - 10.0.1.1\n      - 10.0.0.2\n"
	      "      - fe80::1\n    addresses: [10.0.0.2/24]\n",
	"file:5: ports.gateways: 10.0.1.1 is in none of the networks of this port's addresses.\n"
	"file:6: ports.gateways: 10.0.0.2 is the port's own address; give the router's.\n"
	"file:7: ports.gateways: fe80::1 is in none of the networks of this port's addresses.\n"},
    {"gateways",
	HINTS
	"ports:\n  - device: net_tap0\n    gateways:\n      - 10.0.1\n      - 224.0.0.1\n"
	"      - 10.0.0.1\n      - 10.0.0.3\n      - 10.0.0.4\n    addresses: [10.0.0.2/24]\n",
	"file:5: ports.gateways: \"10.0.1\" is not an IPv4 or IPv6 address.\n"
	"file:6: ports.gateways: a router cannot have this address.\n"
	"file:9: ports.gateways: a port takes at most 2 IPv4 gateways.\n"},
    {"vlan and mtu",
	HINTS "ports:\n  - device: net_tap0\n    addresses: [10.0.0.2/24]\n    vlan: 4095\n"
	      "    mtu: 9000\n",
	"file:5: ports.vlan: \"4095\" is not a whole number from 1 to 4094.\n"
	"file:6: ports.mtu: \"9000\" is not a whole number from 1280 to 1500.\n"},
    {"service addresses",
	HINTS "ports:\n  - device: net_tap0\n    addresses: [10.0.0.2/24]\n"
	      "service:\n  addresses:\n    - 10.0.0.2\n    - 10.0.0.9\n    - 192.0.2.1\n"
	      "    - 2001:db8::53\n    - 10.0.0.2\n    - 127.0.0.1\n    - 1.2.3.4/32\n",
	"file:8: service.addresses: no port carries 10.0.0.9: it is in the network of a port, so "
	"give it to that port's addresses.\n"
	"file:9: service.addresses: no port carries 192.0.2.1: it is in no port's network, and no "
	"port has a gateway of its family to route it here.\n"
	"file:10: service.addresses: no port carries 2001:db8::53: it is in no port's network, and "
	"no port has a gateway of its family to route it here.\n"
	"file:11: service.addresses: this address is on line 7 already.\n"
	"file:12: service.addresses: clients cannot ask at this address.\n"
	"file:13: service.addresses: \"1.2.3.4/32\" is not an IPv4 or IPv6 address.\n"},
    {"access list",
	HINTS PORTS "service:\n  allow:\n    - 10.0.0.1/8\n    - \"2001:db8::1/32\"\n"
		    "    - all\n",
	"file:8: service.allow: 10.0.0.1/8 has bits set behind its length; write 10.0.0.0/8.\n"
	"file:9: service.allow: 2001:db8::1/32 has bits set behind its length; write "
	"2001:db8::/32.\n"
	"file:10: service.allow: \"all\" is not a prefix, such as 10.0.0.0/8, or an address.\n"},
    {"prefixes that repeat",
	HINTS PORTS "service:\n  allow:\n    - 10.0.0.0/8\n  drop:\n    - 10.1.0.0/16\n"
		    "    - 10.0.0.0/8\n  refuse:\n    - 10.1.0.0/16\n    - here\n",
	"file:11: service.drop: this prefix is on line 8 already.\n"
	"file:13: service.refuse: this prefix is on line 10 already.\n"
	"file:14: service.refuse: \"here\" is not a prefix, such as 10.0.0.0/8, or an "
	"address.\n"},
    {"empty access list", HINTS PORTS "service: {allow: []}\n",
	"file:6: service.allow: is empty, so nobody could ask; list prefixes or leave the key "
	"out.\n"},
    {"minimization", PORTS "resolver: {root-hints: hints, qname-minimization: yes}\n",
	"file:5: resolver.qname-minimization: \"yes\" is not known here; write relaxed or strict "
	"or off.\n"},
    {"stale answers",
	PORTS "resolver:\n  root-hints: hints\n  serve-stale:\n    max-age: 0\n"
	      "    ttl: 3601\n    wait-ms: 5001\n    max-ttl: 3\n",
	"file:8: resolver.serve-stale.max-age: \"0\" is not a whole number from 1 to 604800.\n"
	"file:9: resolver.serve-stale.ttl: \"3601\" is not a whole number from 1 to 3600.\n"
	"file:10: resolver.serve-stale.wait-ms: \"5001\" is not a whole number from 0 to 5000.\n"
	"file:11: unknown key \"max-ttl\" in resolver.serve-stale; did you mean \"max-age\"?\n"},
    {"rates", PORTS "resolver:\n  root-hints: hints\n  zone-rate: 1000001\n  server-rate: all\n",
	"file:7: resolver.zone-rate: \"1000001\" is not a whole number from 0 to 1000000.\n"
	"file:8: resolver.server-rate: \"all\" is not a whole number from 0 to 1000000.\n"},
    {"stale answers, perhaps", PORTS "resolver: {root-hints: hints, serve-stale: no}\n",
	"file:5: resolver.serve-stale: \"no\" is neither off nor keys with values, such as "
	"\"max-age: 86400\".\n"},
    {"stale answers, empty", PORTS "resolver: {root-hints: hints, serve-stale: \"\"}\n",
	"file:5: resolver.serve-stale: has no value; give one or leave the key out.\n"},
    {"stale answers in a list", PORTS "resolver: {root-hints: hints, serve-stale: [off]}\n",
	"file:5: resolver.serve-stale: must hold keys with values, such as \"max-age: ...\".\n"},
    {"routes",
	PORTS "resolver:\n  root-hints: hints\n  forward:\n    - zone: a..b\n"
	      "      servers: [10.0.0.1@0, 10.0.0, 127.0.0.1, 10.0.0.1@53x]\n"
	      "    - servers: [10.0.0.1]\n    - zone: x.\n    - zone: ok.\n"
	      "      servers: [10.0.0.1]\n  stub:\n    - zone: OK\n      servers: [10.0.0.2]\n",
	"file:8: resolver.forward.zone: \"a..b\" is not a domain name.\n"
	"file:9: resolver.forward.servers: \"10.0.0.1@0\" is not an address, such as 10.0.0.1, or "
	"one with a port, such as 10.0.0.1@5353.\n"
	"file:9: resolver.forward.servers: \"10.0.0\" is not an address, such as 10.0.0.1, or "
	"one with a port, such as 10.0.0.1@5353.\n"
	"file:9: resolver.forward.servers: no query can be sent to 127.0.0.1.\n"
	"file:9: resolver.forward.servers: \"10.0.0.1@53x\" is not an address, such as 10.0.0.1, "
	"or one with a port, such as 10.0.0.1@5353.\n"
	"file:10: resolver.forward: the zone is missing.\n"
	"file:11: resolver.forward: the zone has no servers.\n"
	"file:15: resolver.stub.zone: the servers of OK are given already.\n"},
    {"routes out of reach",
	"ports:\n  - device: net_tap0\n    addresses: [10.0.0.2/24]\n"
	"resolver:\n  root-hints: hints\n  stub:\n"
	"    - {zone: example, servers: [\"2001:db8::1\"]}\n",
	"file:7: resolver.stub: no server of example. has an address of a family that the ports "
	"can reach.\n"},
    {"no hints", PORTS "resolver:\n  root-hints: nowhere\n",
	"file:6: resolver.root-hints: nowhere: cannot be opened: No such file or directory.\n"},
    {"broken hints", PORTS "resolver:\n  root-hints: broken\n",
	"file:6: resolver.root-hints: broken:3: Syntax error, could not parse the RR's rdata.\n"},
    {"hints out of reach",
	"ports:\n  - device: net_tap0\n    addresses: [\"2001:db8::2/64\"]\n"
	"    gateways: [\"fe80::1\"]\nresolver:\n  root-hints: hints4\n",
	"file:6: resolver.root-hints: hints4 has no address of a family that the ports can "
	"reach.\n"},
    {"local zones",
	HINTS PORTS "local:\n  zones:\n    - zone: a..b\n      type: statik\n    - type: static\n"
		    "    - zone: a\n    - {zone: b, type: always-null, records: [x A 192.0.2.1]}\n"
		    "    - zone: twice\n      type: static\n    - zone: Twice.\n      type: deny\n",
	"file:8: local.zones.zone: \"a..b\" is not a domain name.\n"
	"file:9: local.zones.type: \"statik\" is not known here; write transparent or "
	"type-transparent or static or redirect or refuse or deny or block-a or "
	"block-aaaa or always-transparent or always-nxdomain or always-nodata or "
	"always-null.\n"
	"file:10: local.zones: the zone is missing.\n"
	"file:11: local.zones: the type is missing.\n"
	"file:12: local.zones.records: a zone of type always-null has no records.\n"
	"file:15: local.zones: the zone twice. is on line 13 already.\n"},
    {"local records",
	HINTS PORTS "local:\n  zones:\n    - type: static\n      records:\n"
		    "        - www A 192.0.2\n        - www.example. A 192.0.2.1\n"
		    "        - x DNAME y\n        - www SOA a b 1 2 3 4 5\n"
		    "        - \" A 192.0.2.1\"\n        - [a]\n        - a CNAME b\n"
		    "        - a TXT x\n        - b CNAME c\n        - b CNAME d\n"
		    "      zone: corp\n",
	"file:10: local.zones.records: \"www A 192.0.2\": Syntax error, could not parse the RR's "
	"rdata.\n"
	"file:11: local.zones.records: \"www.example. A 192.0.2.1\": it is not in the zone.\n"
	"file:12: local.zones.records: \"x DNAME y\": a DNAME is not followed in local data; "
	"list the names.\n"
	"file:13: local.zones.records: \"www SOA a b 1 2 3 4 5\": a SOA record belongs to the "
	"zone's own name.\n"
	"file:14: local.zones.records: \" A 192.0.2.1\": the owner is missing; \"@\" stands for "
	"the zone's own name.\n"
	"file:15: local.zones.records: must be a single value, not a list or keys with values.\n"
	"file:16: local: a.corp. is an alias, so it can have no other records than its CNAME.\n"
	"file:19: local: b.corp. has more than one CNAME record.\n"},
    {"local redirect",
	HINTS PORTS "local:\n  zones:\n    - {zone: a, type: redirect, records: [x A 192.0.2.1]}\n",
	"file:8: local.zones.records: \"x A 192.0.2.1\": in a zone of type redirect only its own "
	"name has records.\n"},
    {"local hosts", HINTS PORTS "local: {hosts: badhosts, special-names: maybe}\n",
	"file:6: local.special-names: \"maybe\" is not known here; write off or on.\n"
	"file:6: local.hosts: badhosts:2: \"10.0.0.256\" is not an IPv4 or IPv6 address.\n"
	"file:6: local.hosts: badhosts:3: there is no name behind the address.\n"},
    {"local hosts, nowhere", HINTS PORTS "local:\n  hosts: nowhere\n",
	"file:7: local.hosts: nowhere: cannot be opened: No such file or directory.\n"},
    {"views",
	HINTS PORTS "views:\n  - {name: a}\n  - {clients: [10.0.0.0/8]}\n"
		    "  - {name: a, clients: [10.0.0.0/8, nobody]}\n"
		    "  - {name: b, clients: [], common: perhaps}\n"
		    "  - name: c\n    clients: [10.1.0.0/16]\n    local:\n      zones:\n"
		    "        - {zone: x, type: static, records: [a CNAME b, a TXT c]}\n"
		    "        - {zone: x, type: deny}\n      hosts: badhosts\n",
	"file:7: views: the clients are missing.\n"
	"file:8: views: the name is missing.\n"
	"file:9: views.name: the view a is on line 7 already.\n"
	"file:9: views.clients: this prefix is on line 8 already.\n"
	"file:9: views.clients: \"nobody\" is not a prefix, such as 10.0.0.0/8, or an address.\n"
	"file:10: views.common: \"perhaps\" is not known here; write off or on.\n"
	"file:17: views.local.hosts: badhosts:2: \"10.0.0.256\" is not an IPv4 or IPv6 "
	"address.\n"
	"file:17: views.local.hosts: badhosts:3: there is no name behind the address.\n"},
    {"local data of a view",
	HINTS PORTS "views:\n  - name: c\n    clients: [10.1.0.0/16]\n    local:\n"
		    "      zones:\n"
		    "        - {zone: x, type: static, records: [a CNAME b, a TXT c]}\n"
		    "        - {zone: x, type: deny}\n",
	"file:11: views.local: a.x. is an alias, so it can have no other records than its "
	"CNAME.\n"
	"file:12: views.local.zones: the zone x. is on line 11 already.\n"},
    {"streams",
	HINTS PORTS "tcp: {listen: maybe, connections: 0, connections-per-network: 1000001,\n"
		    "  idle-timeout: 601}\ntls: {certificate: cert}\n",
	"file:6: tcp.listen: \"maybe\" is not known here; write off or on.\n"
	"file:6: tcp.connections: \"0\" is not a whole number from 1 to 1000000.\n"
	"file:6: tcp.connections-per-network: \"1000001\" is not a whole number from 1 to "
	"1000000.\n"
	"file:7: tcp.idle-timeout: \"601\" is not a whole number from 1 to 600.\n"
	"file:8: tls: needs both a certificate and its key.\n"},
    {"no certificate", HINTS PORTS "tls: {certificate: nowhere, key: nowhere}\n",
	"file:6: tls: nowhere is no certificate that can be used: No such file or directory.\n"},
    {"a certificate that is none", HINTS PORTS "tls: {certificate: hints, key: hints}\n",
	"file:6: tls: hints is no certificate that can be used: no start line.\n"},
    {"statistics", HINTS PORTS "node:\n  statistics: here\n",
	"file:7: node.statistics: must be the full path of a file, or off.\n"},
    {"socket", HINTS PORTS "control:\n  socket: here\n",
	"file:7: control.socket: must be the full path of a socket, of at most 107 characters.\n"},
};

static void
complains(void **state)
{
	const struct complaint *complaint = *state;
	struct config config;
	char *said = load_on(&config, complaint->text, 4);

	assert_string_equal(said, complaint->said);
	free(said);
}

TEST(unreadable_file)
{
	const struct machine machine = machine_of(1);
	struct diagnostics errors;
	struct config config;

	diagnostics_init(&errors, "nowhere");
	assert_false(config_load(&config, &machine, &errors));
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.items[0].line, 0);
	assert_string_equal(
	    errors.items[0].sentence, "cannot be opened: No such file or directory.");
	diagnostics_fini(&errors);

	diagnostics_init(&errors, "/");
	assert_false(config_load(&config, &machine, &errors));
	assert_int_equal(errors.count, 1);
	assert_string_equal(
	    errors.items[0].sentence, "is a directory; give the configuration file in it.");
	diagnostics_fini(&errors);
}

static enum qn_access
access_of(const struct config *config, const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return (enum qn_access)qn_prefix_map_find(&config->live.access, &address);
}

static void
assert_address(const struct qn_address *address, const char *expected)
{
	char text[QN_ADDRESS_TEXT_MAX];

	qn_address_to_text(address, text);
	assert_string_equal(text, expected);
}

static void
assert_stale(const struct config *config, uint32_t age_max_s, uint32_t ttl_s, uint32_t wait_ms)
{
	assert_int_equal(config->live.stale.age_max_s, age_max_s);
	assert_int_equal(config->live.stale.ttl_s, ttl_s);
	assert_int_equal(config->live.stale.wait_ms, wait_ms);
}

TEST(defaults)
{
	static const char *const in[] = {"127.0.0.1", "::1", "10.1.2.3", "172.31.0.1",
	    "192.168.255.1", "169.254.9.9", "fe80::5", "fd00::1", "fc00::1"};
	static const char *const out[] = {"8.8.8.8", "172.32.0.1", "192.169.0.1", "2001:db8::1",
	    "11.0.0.1", "fec0::1", "100.64.0.1"};
	struct config config;
	char host[QN_SHARD_ID_MAX] = "";

	load_well(&config, HINTS PORTS, 4);
	assert_int_equal(config.fixed.cache_bytes, 512ull << 20);
	assert_int_equal(config.fixed.poll, CONFIG_POLL_ADAPTIVE);
	assert_int_equal(config.fixed.worker_count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(config.fixed.workers[i], i + 1);
	assert_string_equal(config.fixed.socket, "/run/quince/control.sock");
	assert_string_equal(config.fixed.statistics, "/var/lib/quince/statistics");
	assert_false(config.fixed.kernel.off);
	assert_string_equal(config.fixed.kernel.prefix, "quince");
	assert_int_equal(config.fixed.kernel.rate, 50000);
	assert_true(config.fixed.streams.listen && config.fixed.streams.upstream);
	assert_int_equal(config.fixed.streams.connection_max, 10000);
	assert_int_equal(config.fixed.streams.network_max, 1000);
	assert_int_equal(config.fixed.streams.idle_s, 10);
	assert_int_equal(config.live.stream_idle_ds, 100);
	assert_string_equal(config.fixed.streams.certificate, "");
	assert_int_equal(config.fixed.kernel.udp_port_count, 2);
	assert_int_equal(config.fixed.kernel.udp_ports[0].first, 3784);
	assert_int_equal(config.fixed.kernel.udp_ports[1].last, 4784);
	assert_int_equal(config.live.resolve.minimization, QN_MINIMIZATION_RELAXED);
	assert_int_equal(config.live.resolve.zone_rate, 10000);
	assert_int_equal(config.live.resolve.server_rate, 10000);
	assert_false(config.cookie_secret_given);
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(config.live.node_id, host);
	assert_string_equal(config.live.version, "quince " QN_VERSION);
	assert_stale(&config, 86400, 30, 1800);
	assert_int_equal(config.live.service_count, 2);
	assert_address(&config.live.service[0], "10.99.0.2");
	assert_address(&config.live.service[1], "fd00:99::2");
	for (size_t i = 0; i < COUNT_OF(in); i++)
		assert_int_equal(access_of(&config, in[i]), QN_ACCESS_ALLOW);
	for (size_t i = 0; i < COUNT_OF(out); i++)
		assert_int_equal(access_of(&config, out[i]), QN_ACCESS_REFUSE);
	config_fini(&config);
}

TEST(one_core_is_the_workers)
{
	struct config config;

	load_well(&config, HINTS PORTS, 1);
	assert_int_equal(config.fixed.worker_count, 1);
	assert_int_equal(config.fixed.workers[0], 0);
	config_fini(&config);
}

TEST(everything_given)
{
	struct config config;
	const struct config_port *port;
	const struct qn_route *route;

	load_well(&config,
	    "node:\n  id: edge1.example\n  version: ours 7\n  cache: 3GiB\n  workers: [3, 0]\n  "
	    "poll: busy\n  statistics: /srv/q/stats\n"
	    "ports:\n  - device: 0000:3b:00.0\n    addresses: [10.0.0.2/31]\n"
	    "    gateways: [10.0.0.3]\n    vlan: 4094\n    mtu: 1280\n"
	    "  - device: net_af_xdp0,iface=eth1\n    addresses: [\"2001:db8::2/64\"]\n"
	    "    gateways: [\"fe80::1\"]\n"
	    "service:\n  addresses: [192.0.2.53, \"2001:db8:53::53\"]\n"
	    "  allow: [0.0.0.0/0, 192.0.2.7]\n"
	    "  refuse: [192.0.2.0/24, 192.0.2.192/26]\n"
	    "  drop: [192.0.2.128/25, \"2001:db8::/32\"]\n"
	    "  cookie-secret: e5e973E5a6b2a43f48e7dc849e37bfcf\n"
	    "resolver:\n  root-hints: hints\n  qname-minimization: strict\n"
	    "  zone-rate: 0\n  server-rate: 1000000\n"
	    "  forward:\n    - {zone: consul, servers: [10.0.0.9@8600, \"2001:db8::9\"]}\n"
	    "  stub:\n    - {zone: corp.example, servers: [10.0.0.8]}\n"
	    "  serve-stale: {max-age: 604800, ttl: 1, wait-ms: 0}\n"
	    "kernel: {interface: edge, rate: 1000, udp-ports: [3784, 61000-61999]}\n"
	    "announce: {table: 7, after: 0, drain: 600, probes: [a.example, b.test],\n"
	    "  last-resort: on}\n"
	    "control: {socket: /run/a.sock}\n",
	    4);
	assert_string_equal(config.live.node_id, "edge1.example");
	assert_string_equal(config.live.version, "ours 7");
	assert_stale(&config, 604800, 1, 0);
	assert_int_equal(config.fixed.cache_bytes, 3ull << 30);
	assert_int_equal(config.fixed.worker_count, 2);
	assert_int_equal(config.fixed.workers[0], 3);
	assert_int_equal(config.fixed.workers[1], 0);
	assert_int_equal(config.fixed.poll, CONFIG_POLL_BUSY);
	assert_int_equal(config.fixed.port_count, 2);
	port = &config.fixed.ports[0];
	assert_string_equal(port->device, "0000:3b:00.0");
	assert_int_equal(port->address_count, 1);
	assert_address(&port->addresses[0].address, "10.0.0.2");
	assert_int_equal(port->addresses[0].len_bits, 31);
	assert_int_equal(port->gateway_count, 1);
	assert_address(&port->gateways[0], "10.0.0.3");
	assert_int_equal(port->vlan, 4094);
	assert_int_equal(port->mtu, 1280);
	assert_address(&config.fixed.ports[1].gateways[0], "fe80::1");
	assert_int_equal(config.live.service_count, 2);
	assert_address(&config.live.service[0], "192.0.2.53");
	assert_int_equal(access_of(&config, "8.8.8.8"), QN_ACCESS_ALLOW);
	assert_int_equal(access_of(&config, "192.0.2.6"), QN_ACCESS_REFUSE);
	assert_int_equal(access_of(&config, "192.0.2.7"), QN_ACCESS_ALLOW);
	assert_int_equal(access_of(&config, "192.0.2.129"), QN_ACCESS_DROP);
	assert_int_equal(access_of(&config, "192.0.2.193"), QN_ACCESS_REFUSE);
	assert_int_equal(access_of(&config, "2001:db8::1"), QN_ACCESS_DROP);
	assert_int_equal(access_of(&config, "fd00::1"), QN_ACCESS_REFUSE);
	assert_true(config.cookie_secret_given);
	/* Octets in the order they stand, as the other servers of RFC 9018 appendix A do. */
	assert_int_equal(config.live.cookie_secret.k0, 0x3fa4b2a6e573e9e5u);
	assert_int_equal(config.live.cookie_secret.k1, 0xcfbf379e84dce748u);
	assert_int_equal(config.live.resolve.minimization, QN_MINIMIZATION_STRICT);
	assert_int_equal(config.live.resolve.zone_rate, 0);
	assert_int_equal(config.live.resolve.server_rate, 1000000);
	assert_int_equal(config.live.resolve.hint_count, 1);
	assert_true(config.live.resolve.use_ipv4);
	assert_true(config.live.resolve.use_ipv6);
	assert_int_equal(config.live.resolve.route_count, 2);
	route = &config.live.resolve.routes[0];
	assert_string_equal(test_name_text(&route->zone), "consul.");
	assert_int_equal(route->kind, QN_ROUTE_FORWARD);
	assert_int_equal(route->server_count, 2);
	assert_address(&route->servers[0].address, "10.0.0.9");
	assert_int_equal(route->servers[0].port, 8600);
	assert_address(&route->servers[1].address, "2001:db8::9");
	assert_int_equal(route->servers[1].port, 53);
	assert_int_equal(config.live.resolve.routes[1].kind, QN_ROUTE_STUB);
	assert_string_equal(config.fixed.kernel.prefix, "edge");
	assert_int_equal(config.fixed.kernel.rate, 1000);
	assert_int_equal(config.fixed.kernel.udp_port_count, 2);
	assert_int_equal(config.fixed.kernel.udp_ports[1].first, 61000);
	assert_int_equal(config.fixed.kernel.udp_ports[1].last, 61999);
	assert_int_equal(config.fixed.announce.table, 7);
	assert_int_equal(config.fixed.announce.after_s, 0);
	assert_int_equal(config.fixed.announce.drain_s, 600);
	assert_int_equal(config.fixed.announce.probe_count, 2);
	assert_string_equal(test_name_text(&config.fixed.announce.probes[1]), "b.test.");
	assert_true(config.fixed.announce.last_resort);
	assert_string_equal(config.fixed.socket, "/run/a.sock");
	assert_string_equal(config.fixed.statistics, "/srv/q/stats");
	config_fini(&config);
}

TEST(main_table_has_a_name)
{
	struct config config;

	load_well(&config, HINTS PORTS "announce: {table: main}\n", 4);
	assert_int_equal(config.fixed.announce.table, CONFIG_TABLE_MAIN);
	config_fini(&config);
}

TEST(exceptions_to_the_default)
{
	struct config config;

	load_well(
	    &config, HINTS PORTS "service: {drop: [10.6.6.0/24], refuse: [172.16.0.0/12]}\n", 4);
	assert_int_equal(access_of(&config, "10.6.7.1"), QN_ACCESS_ALLOW);
	assert_int_equal(access_of(&config, "10.6.6.1"), QN_ACCESS_DROP);
	assert_int_equal(access_of(&config, "172.16.1.1"), QN_ACCESS_REFUSE);
	config_fini(&config);
}

TEST(too_many_prefixes)
{
	static char text[32 << 10] = HINTS PORTS "service:\n  allow:\n";
	size_t len = strlen(text);
	struct config config;
	char *said;

	for (unsigned i = 0; i <= 1000; i++)
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "    - 10.%u.%u.0/24\n", i / 256, i % 256);
	said = load_on(&config, text, 4);
	assert_string_equal(
	    said, "file:1008: service.allow: there are more than 1000 prefixes with this one.\n");
	free(said);
}

TEST(sections_left_empty)
{
	struct config config;

	load_well(&config,
	    "resolver:\n  root-hints: hints\n  serve-stale:\n    # ttl: 1\n" PORTS
	    "node:\n  # id: a\nservice: {addresses: []}\ncontrol: ~\n",
	    2);
	assert_int_equal(config.live.service_count, 2);
	assert_stale(&config, 86400, 30, 1800);
	config_fini(&config);
}

TEST(version_is_not_told_when_hidden_or_empty)
{
	struct config config;

	load_well(&config, HINTS PORTS "node: {version: hidden}\n", 2);
	assert_string_equal(config.live.version, "");
	config_fini(&config);
	load_well(&config, HINTS PORTS "node: {version: \"\"}\n", 2);
	assert_string_equal(config.live.version, "");
	config_fini(&config);
}

TEST(stale_answers_in_part_or_not_at_all)
{
	struct config config;

	load_well(&config, PORTS "resolver: {root-hints: hints, serve-stale: {ttl: 3600}}\n", 2);
	assert_stale(&config, 86400, 3600, 1800);
	config_fini(&config);
	load_well(&config, PORTS "resolver: {root-hints: hints, serve-stale: off}\n", 2);
	assert_int_equal(config.live.stale.age_max_s, 0);
	config_fini(&config);
}

TEST(families_follow_the_gateways)
{
	struct config config;

	load_well(&config,
	    HINTS "ports:\n  - device: net_tap0\n    addresses: [10.0.0.2/24, \"2001:db8::2/64\"]\n"
		  "    gateways: [\"2001:db8::1\"]\n",
	    2);
	assert_false(config.live.resolve.use_ipv4);
	assert_true(config.live.resolve.use_ipv6);
	config_fini(&config);
	load_well(&config, HINTS "ports:\n  - device: net_tap0\n    addresses: [10.0.0.2/24]\n", 2);
	assert_true(config.live.resolve.use_ipv4);
	assert_false(config.live.resolve.use_ipv6);
	config_fini(&config);
}

/* What local data say about "NAME TYPE": "resolve", "refuse", "no name", "no data", or a count. */
static const char *
local_says(const struct config *config, const char *text)
{
	static char count[16];
	const struct qn_question question = test_question(text);
	struct qn_zone_match match;

	switch (qn_zones_find(config->live.local, &question.name, question.type, &match)) {
	case QN_ZONE_OUTSIDE:
		return "resolve";
	case QN_ZONE_REFUSED:
		return "refuse";
	case QN_ZONE_NEGATIVE:
		assert_int_equal(match.has_soa, true);
		return match.rcode == QN_RCODE_NXDOMAIN ? "no name" : "no data";
	case QN_ZONE_DATA:
	case QN_ZONE_ALIAS:
	case QN_ZONE_DENIED:
		break;
	}
	snprintf(count, sizeof(count), "%u", match.rrset.count);
	return count;
}

TEST(local_data)
{
	static const struct {
		const char *question;
		const char *said;
	} cases[] = {
	    /* A zone with records, one without, each with a SOA made for it. */
	    {"www.corp.example A", "2"},
	    {"corp.example SOA", "1"},
	    {"no.corp.example A", "no name"},
	    {"corp.example TXT", "no data"},
	    {"ads.example A", "no name"},
	    {"x.bad.example A", "refuse"},
	    {"x.alias.example A", "1"},
	    {"alias.example SOA", "1"}, /* An alias has no SOA beside it. */
	    /* The hosts file; its PTR is in a zone that is special. */
	    {"box.lan A", "1"},
	    {"box A", "1"},
	    {"lan A", "resolve"},
	    {"3.2.1.10.in-addr.arpa PTR", "1"},
	    {"4.2.1.10.in-addr.arpa PTR", "no name"},
	    {"localhost A", "1"}, /* Said twice, there once. */
	    {"1.0.0.127.in-addr.arpa PTR", "1"},
	    /* Special names: a zone, a forward zone and a stub zone of the same name win ... */
	    {"x.invalid A", "no name"},
	    {"x.onion A", "resolve"},
	    {"x.test A", "resolve"},
	    {"1.1.168.192.in-addr.arpa PTR", "resolve"},
	    /* ... and what is forwarded from below one goes there, as from below any zone. */
	    {"a.cluster.local A", "resolve"},
	    {"a.local A", "no name"},
	    {"a.fwd.corp.example A", "resolve"},
	};
	struct config config;

	load_well(&config,
	    PORTS
	    "resolver:\n  root-hints: hints\n"
	    "  forward:\n    - {zone: cluster.local, servers: [10.0.0.10]}\n"
	    "    - {zone: fwd.corp.example, servers: [10.0.0.10]}\n"
	    "    - {zone: test, servers: [10.0.0.10]}\n"
	    "    - {zone: ., servers: [10.0.0.10]}\n"
	    "  stub:\n    - {zone: 168.192.in-addr.arpa, servers: [10.0.0.10]}\n"
	    "local:\n  hosts: hosts\n  zones:\n"
	    "    - zone: corp.example\n      type: static\n"
	    "      records: [www 300 IN A 192.0.2.1, www A 192.0.2.2]\n"
	    "    - {zone: ads.example, type: always-nxdomain}\n"
	    "    - {zone: bad.example, type: refuse}\n"
	    "    - {zone: alias.example, type: redirect, records: [\"@ CNAME www.example.\"]}\n"
	    "    - {zone: onion, type: transparent}\n",
	    4);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(local_says(&config, cases[i].question), cases[i].said);
	config_fini(&config);
}

TEST(special_names_can_be_left_to_others)
{
	struct config config;

	load_well(&config, HINTS PORTS "local: {special-names: on}\n", 2);
	assert_string_equal(local_says(&config, "localhost A"), "1");
	config_fini(&config);
	load_well(&config, HINTS PORTS "local: {special-names: off, zones: []}\n", 2);
	assert_null(config.live.local);
}

static const struct qn_shard_view *
view_of(const struct config *config, const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return qn_shard_view_of(&config->live, &address);
}

static enum qn_zone_found
find_in(const struct qn_zones *zones, const char *name)
{
	const struct qn_name wanted = test_name(name);
	struct qn_zone_match match;

	return qn_zones_find(zones, &wanted, QN_TYPE_A, &match);
}

TEST(views)
{
	struct config config;
	const struct qn_shard_view *office, *alone;

	load_well(&config,
	    HINTS PORTS
	    "local:\n  zones: [{zone: corp, type: static, records: [www A 192.0.2.1]}]\n"
	    "views:\n  - name: office\n    clients: [10.1.0.0/16, \"2001:db8::/32\"]\n"
	    "    local:\n      zones: [{zone: in.corp, type: static, records: [db A 192.0.2.2]}]\n"
	    "  - name: alone\n    local: {hosts: hosts}\n    common: off\n"
	    "    clients: [10.1.2.0/24]\n"
	    "  - {name: bare, clients: [10.3.0.0/16], common: off, local: {special-names: off}}\n",
	    4);
	assert_int_equal(config.live.view_count, 3);
	assert_null(view_of(&config, "10.2.0.1"));
	office = view_of(&config, "10.1.0.1");
	alone = view_of(&config, "10.1.2.1");
	assert_string_equal(office->name, "office");
	assert_ptr_equal(view_of(&config, "2001:db8::1"), office);
	assert_string_equal(alone->name, "alone");
	assert_int_equal(find_in(config.live.local, "www.corp"), QN_ZONE_DATA);
	assert_int_equal(find_in(config.live.local, "db.in.corp"), QN_ZONE_NEGATIVE);
	assert_int_equal(find_in(office->local, "www.corp"), QN_ZONE_DATA);
	assert_int_equal(find_in(office->local, "db.in.corp"), QN_ZONE_DATA);
	assert_int_equal(find_in(office->local, "no.test"), QN_ZONE_NEGATIVE);
	assert_int_equal(find_in(office->local, "box.lan"), QN_ZONE_OUTSIDE);
	assert_int_equal(find_in(alone->local, "www.corp"), QN_ZONE_OUTSIDE);
	assert_int_equal(find_in(alone->local, "box.lan"), QN_ZONE_DATA);
	assert_int_equal(find_in(alone->local, "no.test"), QN_ZONE_NEGATIVE);
	assert_int_equal(find_in(view_of(&config, "10.3.0.1")->local, "no.test"), QN_ZONE_OUTSIDE);
	config_fini(&config);
}

TEST(reload_keeps_what_is_fixed)
{
	struct config config, next, before;
	char restart[CONFIG_RESTART_MAX];

	load_well(&config, HINTS PORTS "node: {id: a, cache: 64MiB}\n", 4);
	before = config;
	load_well(&next,
	    PORTS "    mtu: 1400\n"
		  "node: {id: b, version: v, cache: 32MiB, workers: [1], poll: busy,\n"
		  "  statistics: off}\n"
		  "service: {allow: [192.0.2.0/24], addresses: [192.0.2.53],\n"
		  "  cookie-secret: 445536bcd2513298075a5d379663c962}\n"
		  "resolver: {root-hints: hints4, qname-minimization: off, serve-stale: {ttl: 9}}\n"
		  "kernel: off\n"
		  "tcp: {upstream: off}\n"
		  "announce: {after: 1}\n"
		  "control: {socket: /run/b.sock}\n",
	    4);
	config_reload(&config, &next, restart);
	assert_string_equal(restart,
	    "node.cache, node.workers, node.poll, node.statistics, ports, service.addresses, "
	    "tcp, kernel, announce, control.socket");
	assert_string_equal(config.live.node_id, "b");
	assert_string_equal(config.live.version, "v");
	assert_stale(&config, 86400, 9, 1800);
	assert_int_equal(access_of(&config, "192.0.2.1"), QN_ACCESS_ALLOW);
	assert_int_equal(access_of(&config, "10.1.2.3"), QN_ACCESS_REFUSE);
	assert_true(config.cookie_secret_given);
	assert_int_equal(config.live.cookie_secret.k0, 0x983251d2bc365544u);
	assert_int_equal(config.live.resolve.minimization, QN_MINIMIZATION_OFF);
	assert_int_equal(config.live.resolve.hints[0].address_count, 1);
	assert_int_equal(config.live.service_count, 2);
	assert_address(&config.live.service[0], "10.99.0.2");
	assert_int_equal(config.fixed.cache_bytes, 64ull << 20);
	assert_ptr_equal(config.live.local, next.live.local);

	const struct config same = config;

	config_reload(&config, &same, restart);
	assert_string_equal(restart, "");
	config_fini(&before);
	config_fini(&next);
}

#define COMPLAINT_COUNT (COUNT_OF(complaints))

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(unreadable_file),
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(one_core_is_the_workers),
	    cmocka_unit_test(everything_given),
	    cmocka_unit_test(main_table_has_a_name),
	    cmocka_unit_test(exceptions_to_the_default),
	    cmocka_unit_test(too_many_prefixes),
	    cmocka_unit_test(sections_left_empty),
	    cmocka_unit_test(version_is_not_told_when_hidden_or_empty),
	    cmocka_unit_test(stale_answers_in_part_or_not_at_all),
	    cmocka_unit_test(families_follow_the_gateways),
	    cmocka_unit_test(local_data),
	    cmocka_unit_test(special_names_can_be_left_to_others),
	    cmocka_unit_test(views),
	    cmocka_unit_test(reload_keeps_what_is_fixed),
	};
	struct CMUnitTest tests[COMPLAINT_COUNT + COUNT_OF(others)];

	for (size_t i = 0; i < COMPLAINT_COUNT; i++)
		tests[i] = (struct CMUnitTest){.name = complaints[i].what,
		    .test_func = complains,
		    .initial_state = (void *)(uintptr_t)&complaints[i]};
	memcpy(tests + COMPLAINT_COUNT, others, sizeof(others));
	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
