/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/reach.h"

#include "resolve/resolver.h"
#include "sim/authority.h"

/* What trying one server in vain may cost. */
#define SILENT_US (600 * QN_US_PER_MS)
#define LOSSY_US  (1600 * QN_US_PER_MS)

/* A server slower than that may be given up before it answers. */
#define WELL_MOST_US (300 * QN_US_PER_MS)

/* After an outage the node may keep from asking for as long as a failure is remembered. */
#define OUTAGE_FELT_US (75 * QN_US_PER_S)

/* How far inside the node's limits the worst case has to stay for success to be sure. */
#define TCP_TRIPS    2u
#define SURE_QUERIES 45u
#define SURE_DEPTH   4u
#define SURE_LINKS   10u

/* A task that began before a delegation lapsed may go on with it. */
#define TASK_SLACK_US (QN_RESOLVE_TASK_US + QN_US_PER_S)

#define UDP_SIZE_PLAIN 512
#define OPT_LEN        11
#define RECORD_LEN     10 /* Beside owner and rdata. */

/* What a server of each manner is good for. */
enum service {
	MUTE, /* Its replies, if any, come too late or are worth nothing: time is lost. */
	USELESS,
	SERVES,
	SERVES_PLAIN, /* Without EDNS only. */
	SERVES_TCP,   /* Over TCP only. */
};

static const enum service services[SIM_MANNER_COUNT] = {
    [SIM_HONEST] = SERVES,
    [SIM_CUT_DENYING] = SERVES,
    [SIM_EDNS_FORMERR] = SERVES_PLAIN,
    [SIM_EDNS_NOTIMP] = SERVES_PLAIN,
    [SIM_TRUNCATING] = SERVES_TCP,
    [SIM_CASE_FOLDING] = SERVES_TCP,
    [SIM_MISNUMBERING] = SERVES_TCP,
    [SIM_LAME] = USELESS,
    [SIM_RECURSING] = USELESS,
    [SIM_REFUSING] = USELESS,
    [SIM_FAILING] = USELESS,
};

/* The walk of one question, as bad as it can get. */
struct walk {
	const struct sim_world *world;
	unsigned epoch;
	struct qn_mono now;
	uint64_t us;
	unsigned queries;
};

static bool walk_name(
    struct walk *walk, const struct qn_name *start, uint16_t type, unsigned depth);

/* --- One server ------------------------------------------------------------------------- */

static bool
serves(const struct walk *walk, const struct sim_server *server, const struct sim_zone *zone)
{
	for (uint8_t i = 0; i < server->zone_count; i++)
		if (server->zones[i].zone == sim_zone_index(walk->world, zone))
			return server->zones[i].epoch == SIM_EPOCH_FOLLOWS ||
			       (unsigned)server->zones[i].epoch == walk->epoch;
	return false;
}

/* Octets of an honest reply, no name compressed. */
static size_t
reply_len(const struct sim_reply *reply, const struct qn_name *name)
{
	size_t len = QN_HEADER_LEN + name->len + 4u + OPT_LEN;

	for (uint8_t i = 0; i < reply->part_count; i++) {
		const struct sim_part *part = &reply->parts[i];
		struct qn_view rest = part->set->rrset.rdatas;
		struct qn_view rdata;

		while (qn_rdatas_next(&rest, &rdata))
			len += part->owner.len + RECORD_LEN +
			       (part->synthesized ? part->target.len : rdata.len);
	}
	return len;
}

/* A moment in an epoch. */
static struct qn_mono
moment_in(const struct sim_world *world, unsigned epoch)
{
	return epoch == 0 ? (struct qn_mono){0} : world->change;
}

/* Whether the server's honest answer about (name, type) fits a datagram of `limit` octets. */
static bool
answer_fits(const struct walk *walk, const struct sim_server *server, const struct qn_name *name,
    uint16_t type, size_t limit)
{
	struct qn_question question = {.type = type, .class = QN_CLASS_IN};
	struct sim_reply reply;

	qn_name_copy(&question.name, name);
	sim_authority_answer(
	    &reply, walk->world, server, &question, moment_in(walk->world, walk->epoch));
	return reply_len(&reply, name) <= limit;
}

/* The same for the shortened names that the node may ask the servers of `zone` for before. */
static bool
fits(const struct walk *walk, const struct sim_server *server, const struct sim_zone *zone,
    const struct qn_name *name, uint16_t type, size_t limit)
{
	struct qn_name above;

	if (!answer_fits(walk, server, name, type, limit))
		return false;
	qn_name_copy(&above, name);
	while (qn_name_parent(&above, &above) && qn_name_within(&above, &zone->origin))
		if (!answer_fits(walk, server, &above, QN_TYPE_A, limit))
			return false;
	return true;
}

/* Whether an outage, or what the node has learned from one, can still be felt. */
static bool
outage_felt(const struct walk *walk, const struct sim_server *server)
{
	return qn_mono_reached(server->down_from, walk->now) &&
	       !qn_mono_reached(qn_mono_after_us(server->down_until, OUTAGE_FELT_US), walk->now);
}

/*
 * Round trips that the server takes to answer (name, type), at worst: one over UDP, and two
 * more over TCP if need be; 0 when it is no good. A forger who gets close makes the node turn
 * to TCP.
 */
static unsigned
trips(const struct walk *walk, const struct sim_server *server, const struct sim_zone *zone,
    const struct qn_name *name, uint16_t type)
{
	const bool tcp = walk->world->use_tcp && !server->without_tcp;
	bool udp = false;

	if (!serves(walk, server, zone) || server->loss_percent > 0 || outage_felt(walk, server) ||
	    server->delay_us + server->jitter_us > WELL_MOST_US)
		return 0;
	switch (services[server->manner]) {
	case SERVES:
		udp = fits(walk, server, zone, name, type, QN_EDNS_UDP_BUFFER);
		break;
	case SERVES_PLAIN:
		udp = fits(walk, server, zone, name, type, UDP_SIZE_PLAIN);
		break;
	case SERVES_TCP:
		break;
	case USELESS:
	case MUTE:
		return 0;
	}
	if (udp && (!walk->world->forged || !walk->world->use_tcp))
		return 1;
	return tcp ? 1 + TCP_TRIPS : 0;
}

static uint64_t
vain_us(const struct sim_server *server)
{
	if (server->manner == SIM_SILENT)
		return SILENT_US;
	if (services[server->manner] == USELESS && server->loss_percent == 0 &&
	    server->down_from.us == server->down_until.us)
		return server->delay_us + server->jitter_us;
	return LOSSY_US;
}

/* --- One zone --------------------------------------------------------------------------- */

static bool
family_used(const struct walk *walk, uint8_t family)
{
	return family == QN_FAMILY_IPV6 ? walk->world->use_ipv6 : walk->world->use_ipv4;
}

/* Whether the host's addresses come along with the delegation, or out of the configuration. */
static bool
has_glue(const struct walk *walk, const struct sim_zone *zone, const struct sim_host *host)
{
	const struct sim_zone *parent = &walk->world->zones[zone->parent];

	if (zone == parent || zone->route != SIM_ROUTE_NONE)
		return true;
	return qn_name_within(&host->name, &parent->origin) &&
	       ((walk->world->use_ipv4 &&
		    sim_zone_set(parent, walk->epoch, &host->name, QN_TYPE_A) != NULL) ||
		   (walk->world->use_ipv6 &&
		       sim_zone_set(parent, walk->epoch, &host->name, QN_TYPE_AAAA) != NULL));
}

/* Looks the host's addresses up, for both families; false when that may fail. */
static bool
walk_host(struct walk *walk, const struct sim_host *host, unsigned depth)
{
	if (depth == SURE_DEPTH)
		return false;
	return (!walk->world->use_ipv4 || walk_name(walk, &host->name, QN_TYPE_A, depth + 1)) &&
	       (!walk->world->use_ipv6 || walk_name(walk, &host->name, QN_TYPE_AAAA, depth + 1));
}

/*
 * Adds what asking the zone's servers for (name, type) costs at worst, in `steps` names of
 * growing length; false when it may fail.
 */
static bool
walk_zone(struct walk *walk, const struct sim_zone *zone, const struct qn_name *name, uint16_t type,
    unsigned steps, unsigned depth)
{
	uint64_t slowest_us = 0;

	if (zone->wild)
		return false;
	for (uint8_t i = 0; i < zone->host_count[walk->epoch]; i++) {
		const struct sim_host *host = &walk->world->hosts[zone->hosts[walk->epoch][i]];

		if (!has_glue(walk, zone, host) && !walk_host(walk, host, depth))
			return false;
		for (uint8_t k = 0; k < host->server_count; k++) {
			const struct sim_server *server = &walk->world->servers[host->servers[k]];
			const uint64_t us = trips(walk, server, zone, name, type) *
			                    (server->delay_us + server->jitter_us);

			if (!family_used(walk, server->address.family))
				continue;
			if (us > slowest_us)
				slowest_us = us;
			if (us > 0)
				continue;
			walk->us += vain_us(server);
			walk->queries += 2;
		}
	}
	/* The first time without EDNS, or with a cookie. */
	walk->us += (steps + 1) * slowest_us;
	walk->queries += 2 * steps + 2;
	return slowest_us > 0;
}

/* --- One question ----------------------------------------------------------------------- */

/* Goes from the root, or from the servers that the operator has named, down to `zone`. */
static bool
walk_path(struct walk *walk, const struct sim_zone *zone, const struct qn_name *name, uint16_t type,
    unsigned depth)
{
	const struct sim_zone *at = zone;
	unsigned labels = qn_name_label_count(name) + 1;

	for (;;) {
		const unsigned own = qn_name_label_count(&at->origin);

		/* Each label down to the next zone may be asked for on its own. */
		if (!walk_zone(walk, at, name, type, labels - own, depth))
			return false;
		if (at == &walk->world->zones[0] || at->route != SIM_ROUTE_NONE)
			return true;
		labels = own;
		at = &walk->world->zones[at->parent];
	}
}

/* Where the alias in `set` takes `name`; false when nowhere. */
static bool
follow(const struct sim_set *set, struct qn_name *name)
{
	struct qn_view rest = set->rrset.rdatas;
	struct qn_view rdata;
	struct qn_name target, renamed;

	if (!qn_rdatas_next(&rest, &rdata) || !qn_rdata_name(&target, rdata))
		return false;
	if (set->rrset.type == QN_TYPE_DNAME) {
		if (!qn_name_replace_suffix(&renamed, name, &set->rrset.owner, &target))
			return false;
		qn_name_copy(&target, &renamed);
	}
	qn_name_copy(name, &target);
	return true;
}

static bool
walk_name(struct walk *walk, const struct qn_name *start, uint16_t type, unsigned depth)
{
	struct qn_name name;

	qn_name_copy(&name, start);
	for (unsigned links = 0; links <= SURE_LINKS; links++) {
		const struct sim_zone *zone = sim_world_zone(walk->world, walk->epoch, &name, type);

		if (!walk_path(walk, zone, &name, type, depth) || walk->queries > SURE_QUERIES)
			return false;
		const struct sim_find find = sim_zone_find(zone, walk->epoch, &name, type);

		switch (find.found) {
		case SIM_FOUND_DATA:
		case SIM_FOUND_NODATA:
		case SIM_FOUND_NXDOMAIN:
			return true;
		case SIM_FOUND_CUT:
			return false;
		case SIM_FOUND_CNAME:
		case SIM_FOUND_DNAME:
			if (!follow(find.set, &name))
				return false;
		}
	}
	return false;
}

bool
sim_reach_sure(const struct sim_world *world, const struct qn_question *question,
    uint64_t within_us, struct qn_mono now)
{
	for (unsigned epoch = 0; epoch < SIM_EPOCH_COUNT; epoch++) {
		struct walk walk = {.world = world, .epoch = epoch, .now = now};

		if (!walk_name(&walk, &question->name, question->type, 0) || walk.us > within_us)
			return false;
	}
	return true;
}

/* --- Delegations ------------------------------------------------------------------------ */

bool
sim_reach_is_wild(const struct sim_world *world, const struct qn_name *name)
{
	for (uint8_t i = 0; i < world->zone_count; i++)
		if (world->zones[i].wild && qn_name_within(name, &world->zones[i].origin))
			return true;
	return false;
}

bool
sim_reach_moves(const struct sim_world *world, const struct sim_zone *zone)
{
	for (;; zone = &world->zones[zone->parent]) {
		if (zone->host_count[0] != zone->host_count[1] ||
		    memcmp(zone->hosts[0], zone->hosts[1],
			zone->host_count[0] * sizeof(zone->hosts[0][0])) != 0)
			return true;
		if (zone == &world->zones[0])
			return false;
	}
}

static bool
delegated_to(const struct sim_zone *zone, unsigned epoch, uint16_t host)
{
	for (uint8_t i = 0; i < zone->host_count[epoch]; i++)
		if (zone->hosts[epoch][i] == host)
			return true;
	return false;
}

/* Whether the node can still hold the delegation as the parent gave it in `epoch`. */
static bool
delegation_fresh(
    const struct sim_world *world, const struct sim_zone *zone, unsigned epoch, struct qn_mono now)
{
	const struct sim_zone *parent = &world->zones[zone->parent];
	const struct sim_set *cut = sim_zone_set(parent, epoch, &zone->origin, QN_TYPE_NS);

	if (zone == parent || zone->route != SIM_ROUTE_NONE)
		return true; /* What is configured does not age. */
	return cut != NULL && cut->delivered_ever &&
	       qn_mono_since_us(cut->delivered, now) <=
	           cut->rrset.ttl_s * QN_US_PER_S + TASK_SLACK_US;
}

const struct sim_zone *
sim_reach_route(const struct sim_world *world, const struct qn_name *name)
{
	for (uint8_t i = 0; i < world->zone_count; i++)
		if (world->zones[i].route != SIM_ROUTE_NONE &&
		    qn_name_within(name, &world->zones[i].origin))
			return &world->zones[i];
	return NULL;
}

bool
sim_reach_may_ask(const struct sim_world *world, const struct qn_name *name,
    const struct sim_server *server, struct qn_mono now)
{
	const struct sim_zone *route = sim_reach_route(world, name);

	if (sim_reach_is_wild(world, name))
		return true; /* It may delegate what is below it to anybody. */
	for (uint8_t i = 0; i < world->zone_count; i++) {
		const struct sim_zone *zone = &world->zones[i];

		if (!qn_name_within(name, &zone->origin))
			continue;
		/* Nobody above a routed zone hears of names in it. */
		if (route != NULL && zone != route)
			continue;
		for (unsigned epoch = 0; epoch < SIM_EPOCH_COUNT; epoch++)
			if (delegated_to(zone, epoch, server->host) &&
			    delegation_fresh(world, zone, epoch, now))
				return true;
	}
	return false;
}
