/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A made-up internet at rest: zones, the nameservers that serve them, and how these behave.
 *
 * The world knows two epochs: at `change` some of its records, delegations among them, are
 * replaced by others. A set of records says in which epochs it stands.
 *
 * Memory: one big value with room for the largest world; sim_world_init() empties it.
 * RFC:    1034 s4.3.2, 4592 (wildcards), 6672 (DNAME), 8020 (empty non-terminals).
 */
#include "base/address.h"
#include "base/time.h"
#include "resolve/config.h"
#include "sim/draw.h"
#include "wire/message.h"
#include "wire/rrset.h"

#define SIM_EPOCH_COUNT 2
#define SIM_EPOCH_FIRST 1u /* Bits of `epochs`. */
#define SIM_EPOCH_LAST  2u
#define SIM_EPOCH_BOTH  3u

#define SIM_DNS_PORT 53

#define SIM_ZONE_MAX        64
#define SIM_ZONE_SET_MAX    256
#define SIM_ZONE_HOST_MAX   13
#define SIM_HOST_MAX        320
#define SIM_HOST_SERVER_MAX 4
#define SIM_SERVER_MAX      768
#define SIM_SERVER_ZONE_MAX 32
#define SIM_SET_MAX         4096
#define SIM_BYTES_MAX       (1u << 20)

/** Serves whatever stands in the epoch of the day. */
#define SIM_EPOCH_FOLLOWS (-1)

/** Records of one owner and type. */
struct sim_set {
	struct qn_rrset rrset;
	uint8_t epochs;
	bool delivered_ever;
	struct qn_mono delivered; /* When an authority's reply with it last reached the node. */
};

/** Whether the operator says where a zone's servers are; then nobody else knows of it. */
enum sim_route {
	SIM_ROUTE_NONE,
	SIM_ROUTE_FORWARD,
	SIM_ROUTE_STUB,
};

struct sim_zone {
	struct qn_name origin;
	uint8_t parent; /* The root is its own. */
	uint8_t epochs;
	enum sim_route route;
	bool wild; /* Its servers make up what they say: no answer from there is judged. */
	struct sim_set *sets[SIM_ZONE_SET_MAX];
	uint16_t set_count;
	uint16_t hosts[SIM_EPOCH_COUNT][SIM_ZONE_HOST_MAX]; /* As the parent delegates it. */
	uint8_t host_count[SIM_EPOCH_COUNT];
};

/** A nameserver's name and its addresses; each address is a server of its own. */
struct sim_host {
	struct qn_name name;
	uint16_t servers[SIM_HOST_SERVER_MAX];
	uint8_t server_count;
};

/** What a server does with queries. */
enum sim_manner {
	SIM_HONEST,
	SIM_SILENT,
	SIM_SLOW,         /* Honest, but after seconds. */
	SIM_LOSSY,        /* Honest every other time. */
	SIM_LAME,         /* Does not know the zone: refers to the root. */
	SIM_RECURSING,    /* Does not know the zone: offers recursion and an empty answer. */
	SIM_REFUSING,     /* REFUSED. */
	SIM_FAILING,      /* SERVFAIL. */
	SIM_EDNS_FORMERR, /* FORMERR to EDNS, honest without. */
	SIM_EDNS_NOTIMP,  /* NOTIMP to EDNS, honest without. */
	SIM_CASE_FOLDING, /* Lower-cases the question. */
	SIM_TRUNCATING,   /* TC on everything over UDP. */
	SIM_GARBLING,     /* Broken packets. */
	SIM_MISNUMBERING, /* Another id. */
	SIM_MISQUOTING,   /* Another question. */
	SIM_DRIPPING,     /* TC on everything over UDP; over TCP honest, but after seconds. */
	SIM_CUT_DENYING,  /* NXDOMAIN for empty non-terminals. */
	SIM_BOMB,         /* Delegates everything to many names of a victim. */
	SIM_BOTTOMLESS,   /* Delegates each name to itself, one label further down every time. */
	SIM_ALIASING,     /* For every name an alias to a fresh one in a zone of this kind. */
	SIM_MANNER_COUNT,
};

/** Lies that an otherwise honest server adds to its replies, as bits. */
enum sim_lie {
	SIM_LIE_ADDITIONAL = 1 << 0, /* Addresses of strangers in the additional section. */
	SIM_LIE_GLUE = 1 << 1,       /* Addresses for out-of-bailiwick nameservers of a referral. */
	SIM_LIE_ANSWER = 1 << 2,     /* Records of strangers in the answer section. */
	SIM_LIE_OWN_NS = 1 << 3,     /* NS of its own zone, with glue, on positive answers. */
	SIM_LIE_PARENT_NS = 1 << 4,  /* NS of zones above or beside it, with glue. */
	SIM_LIE_ALIAS = 1 << 5,      /* What the alias in its answer leads to, elsewhere. */
	SIM_LIE_DNAME = 1 << 6,      /* A CNAME that its DNAME does not stand for. */
	SIM_LIE_COUNT = 7,
};

/** One address that answers on port 53. */
struct sim_server {
	struct qn_address address;
	uint16_t host;
	enum sim_manner manner;
	uint32_t lies;
	uint64_t delay_us; /* Of a whole round trip. */
	uint64_t jitter_us;
	uint8_t loss_percent;
	uint8_t duplicate_percent;
	bool compresses;
	bool forgets_soa;   /* Negative answers without SOA. */
	bool adds_own_ns;   /* The zone's NS in the authority section, as old servers do. */
	bool follows;       /* Follows aliases into other zones that it serves. */
	bool answers_glue;  /* A referral has the glue asked for in its answer section, too. */
	bool minimal;       /* No addresses beside the NS records of an answer. */
	bool terse;         /* Errors about EDNS come without the question. */
	bool without_tcp;   /* Refuses connections. */
	bool has_cookies;   /* Gives server cookies (RFC 7873). */
	bool wants_cookies; /* BADCOOKIE for whoever has none. */
	uint16_t port;
	struct qn_mono down_from; /* Silent from then until... */
	struct qn_mono down_until;
	struct qn_name last_cut; /* What a bottomless one has delegated last. */
	uint8_t zone_count;
	struct {
		uint8_t zone;
		int8_t epoch; /* SIM_EPOCH_FOLLOWS, or the one it stays in. */
	} zones[SIM_SERVER_ZONE_MAX];
};

struct sim_world {
	struct sim_zone zones[SIM_ZONE_MAX]; /* The root first, parents before children. */
	uint8_t zone_count;
	struct sim_host hosts[SIM_HOST_MAX];
	uint16_t host_count;
	struct sim_server servers[SIM_SERVER_MAX];
	uint16_t server_count;
	struct sim_set sets[SIM_SET_MAX];
	uint16_t set_count;
	uint8_t bytes[SIM_BYTES_MAX]; /* Of all rdata. */
	size_t byte_count;
	struct qn_mono change; /* When the second epoch begins. */
	bool use_ipv4;         /* Families with which the node reaches servers. */
	bool use_ipv6;
	bool use_tcp; /* Whether the node can ask over TCP. */
	bool forged;  /* Whether forgers answer queries, too. */
};

void sim_world_init(struct sim_world *world);

/** Adds a zone without records; its parent is there already (the root's is any). */
struct sim_zone *sim_world_add_zone(
    struct sim_world *world, const struct qn_name *origin, uint8_t parent, uint8_t epochs);

/** Adds a nameserver name without addresses; returns its number. */
uint16_t sim_world_add_host(struct sim_world *world, const struct qn_name *name);

/** Adds an honest server at a new address of `family` to `host`. */
struct sim_server *sim_world_add_server(struct sim_world *world, uint16_t host, uint8_t family);

/** Makes all servers of `host` serve `zone`, in its own time or in one epoch only. */
void sim_world_serve(struct sim_world *world, uint16_t host, uint8_t zone, int8_t epoch);

/** The set (owner, type) of a zone with exactly these epochs, made new if need be. */
struct sim_set *sim_world_add_set(struct sim_world *world, struct sim_zone *zone,
    const struct qn_name *owner, uint16_t type, uint32_t ttl_s, uint8_t epochs);

void sim_set_add(struct sim_world *world, struct sim_set *set, struct qn_view rdata);
void sim_set_add_name(struct sim_world *world, struct sim_set *set, const struct qn_name *name);
void sim_set_add_address(
    struct sim_world *world, struct sim_set *set, const struct qn_address *address);

static inline uint8_t
sim_zone_index(const struct sim_world *world, const struct sim_zone *zone)
{
	return (uint8_t)(zone - world->zones);
}

/** The epoch that servers are in at `now`. */
static inline unsigned
sim_world_epoch(const struct sim_world *world, struct qn_mono now)
{
	return qn_mono_reached(world->change, now);
}

/** Whether the server is in its outage. */
static inline bool
sim_server_is_down(const struct sim_server *server, struct qn_mono now)
{
	return qn_mono_reached(server->down_from, now) && !qn_mono_reached(server->down_until, now);
}

/** The server at `address`; NULL when there is none. */
struct sim_server *sim_world_server(struct sim_world *world, const struct qn_address *address);

/** Whether an address is one that only lies lead to; there is no server. */
bool sim_address_is_poison(const struct qn_address *address);

/** One of the addresses of sim_address_is_poison(). */
struct qn_address sim_poison_address(uint8_t family, uint8_t number);

/** What a zone has at a name. */
enum sim_found {
	SIM_FOUND_DATA,
	SIM_FOUND_CNAME,
	SIM_FOUND_DNAME, /* `set` is the DNAME above the name. */
	SIM_FOUND_NODATA,
	SIM_FOUND_NXDOMAIN,
	SIM_FOUND_CUT, /* `set` is the NS set of a zone below that holds the name. */
};

struct sim_find {
	enum sim_found found;
	struct sim_set *set;
	bool empty_non_terminal; /* With SIM_FOUND_NODATA. */
};

/** Looks `name`, which is within the zone, up as an authority does (RFC 1034 s4.3.2). */
struct sim_find sim_zone_find(
    const struct sim_zone *zone, unsigned epoch, const struct qn_name *name, uint16_t type);

/** The set (owner, type) that stands in `epoch`; NULL when there is none. */
struct sim_set *sim_zone_set(
    const struct sim_zone *zone, unsigned epoch, const struct qn_name *owner, uint16_t type);

/** The zone whose servers know about (name, type) in `epoch`. */
const struct sim_zone *sim_world_zone(
    const struct sim_world *world, unsigned epoch, const struct qn_name *name, uint16_t type);
