/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/reach.h"

#include "resolve/resolver.h"
#include "sim/authority.h"

/* What trying one server in vain may cost. */
#define SILENT_US (600 * QN_US_PER_MS)
#define LOSSY_US  (1600 * QN_US_PER_MS)

/* A server slower than that may be given up before it answers. */
#define WELL_MOST_US (300 * QN_US_PER_MS)

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

/* The worst that a walk may take. */
struct cost {
	uint64_t us;
	unsigned queries;
};

static bool cost_name(const struct sim_world *world, unsigned epoch, const struct qn_name *name,
    uint16_t type, unsigned depth, struct cost *cost);

/* --- One server ------------------------------------------------------------------------- */

static bool
serves(const struct sim_world *world, const struct sim_server *server, const struct sim_zone *zone,
    unsigned epoch)
{
	for (uint8_t i = 0; i < server->zone_count; i++)
		if (server->zones[i].zone == sim_zone_index(world, zone))
			return server->zones[i].epoch == SIM_EPOCH_FOLLOWS ||
			       (unsigned)server->zones[i].epoch == epoch;
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
fits(const struct sim_world *world, const struct sim_server *server, unsigned epoch,
    const struct qn_name *name, uint16_t type, size_t limit)
{
	struct qn_question question = {.type = type, .class = QN_CLASS_IN};
	struct sim_reply reply;

	qn_name_copy(&question.name, name);
	sim_authority_answer(&reply, world, server, &question, moment_in(world, epoch));
	return reply_len(&reply, name) <= limit;
}

/*
 * Round trips that the server takes to answer (name, type), at worst: one over UDP, and two
 * more over TCP if need be; 0 when it is no good. A forger who gets close makes the node turn
 * to TCP.
 */
static unsigned
trips(const struct sim_world *world, const struct sim_server *server, const struct sim_zone *zone,
    unsigned epoch, const struct qn_name *name, uint16_t type)
{
	const bool tcp = world->use_tcp && !server->without_tcp;
	bool udp = false;

	if (!serves(world, server, zone, epoch) || server->loss_percent > 0 ||
	    server->delay_us + server->jitter_us > WELL_MOST_US)
		return 0;
	switch (services[server->manner]) {
	case SERVES:
		udp = fits(world, server, epoch, name, type, QN_EDNS_UDP_BUFFER);
		break;
	case SERVES_PLAIN:
		udp = fits(world, server, epoch, name, type, UDP_SIZE_PLAIN);
		break;
	case SERVES_TCP:
		break;
	case USELESS:
	case MUTE:
		return 0;
	}
	if (udp && (!world->forged || !world->use_tcp))
		return 1;
	return tcp ? 1 + TCP_TRIPS : 0;
}

static uint64_t
vain_us(const struct sim_server *server)
{
	if (server->manner == SIM_SILENT)
		return SILENT_US;
	if (services[server->manner] == USELESS && server->loss_percent == 0)
		return server->delay_us + server->jitter_us;
	return LOSSY_US;
}

/* --- One zone --------------------------------------------------------------------------- */

static bool
family_used(const struct sim_world *world, uint8_t family)
{
	return family == QN_FAMILY_IPV6 ? world->use_ipv6 : world->use_ipv4;
}

/* Whether the parent hands out the host's addresses along with the delegation. */
static bool
has_glue(const struct sim_world *world, const struct sim_zone *zone, unsigned epoch,
    const struct sim_host *host)
{
	const struct sim_zone *parent = &world->zones[zone->parent];

	if (zone == parent)
		return true;
	return qn_name_within(&host->name, &parent->origin) &&
	       ((world->use_ipv4 && sim_zone_set(parent, epoch, &host->name, QN_TYPE_A) != NULL) ||
		   (world->use_ipv6 &&
		       sim_zone_set(parent, epoch, &host->name, QN_TYPE_AAAA) != NULL));
}

/* Looks the host's addresses up, for both families; false when that may fail. */
static bool
cost_host(const struct sim_world *world, unsigned epoch, const struct sim_host *host,
    unsigned depth, struct cost *cost)
{
	if (depth == SURE_DEPTH)
		return false;
	return (!world->use_ipv4 ||
		   cost_name(world, epoch, &host->name, QN_TYPE_A, depth + 1, cost)) &&
	       (!world->use_ipv6 ||
		   cost_name(world, epoch, &host->name, QN_TYPE_AAAA, depth + 1, cost));
}

/*
 * Adds what asking the zone's servers for (name, type) costs at worst, in `steps` names of
 * growing length; false when it may fail.
 */
static bool
cost_zone(const struct sim_world *world, unsigned epoch, const struct sim_zone *zone,
    const struct qn_name *name, uint16_t type, unsigned steps, unsigned depth, struct cost *cost)
{
	uint64_t slowest_us = 0;

	if (zone->wild)
		return false;
	for (uint8_t i = 0; i < zone->host_count[epoch]; i++) {
		const struct sim_host *host = &world->hosts[zone->hosts[epoch][i]];

		if (!has_glue(world, zone, epoch, host) &&
		    !cost_host(world, epoch, host, depth, cost))
			return false;
		for (uint8_t k = 0; k < host->server_count; k++) {
			const struct sim_server *server = &world->servers[host->servers[k]];
			const uint64_t us = trips(world, server, zone, epoch, name, type) *
			                    (server->delay_us + server->jitter_us);

			if (!family_used(world, server->address.family))
				continue;
			if (us > slowest_us)
				slowest_us = us;
			if (us > 0)
				continue;
			cost->us += vain_us(server);
			cost->queries += 2;
		}
	}
	/* The first time without EDNS, or with a cookie. */
	cost->us += (steps + 1) * slowest_us;
	cost->queries += 2 * steps + 2;
	return slowest_us > 0;
}

/* --- One question ----------------------------------------------------------------------- */

static bool
cost_path(const struct sim_world *world, unsigned epoch, const struct sim_zone *zone,
    const struct qn_name *name, uint16_t type, unsigned depth, struct cost *cost)
{
	const struct sim_zone *at = zone;
	unsigned labels = qn_name_label_count(name) + 1;

	for (;;) {
		const unsigned own = qn_name_label_count(&at->origin);

		/* Each label down to the next zone may be asked for on its own. */
		if (!cost_zone(world, epoch, at, name, type, labels - own, depth, cost))
			return false;
		if (at == &world->zones[0])
			return true;
		labels = own;
		at = &world->zones[at->parent];
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
cost_name(const struct sim_world *world, unsigned epoch, const struct qn_name *start, uint16_t type,
    unsigned depth, struct cost *cost)
{
	struct qn_name name;

	qn_name_copy(&name, start);
	for (unsigned links = 0; links <= SURE_LINKS; links++) {
		const struct sim_zone *zone = sim_world_zone(world, epoch, &name, type);

		if (!cost_path(world, epoch, zone, &name, type, depth, cost) ||
		    cost->queries > SURE_QUERIES)
			return false;
		const struct sim_find find = sim_zone_find(zone, epoch, &name, type);

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
sim_reach_sure(
    const struct sim_world *world, const struct qn_question *question, uint64_t within_us)
{
	for (unsigned epoch = 0; epoch < SIM_EPOCH_COUNT; epoch++) {
		struct cost cost = {0};

		if (!cost_name(world, epoch, &question->name, question->type, 0, &cost) ||
		    cost.us > within_us)
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

	if (zone == parent)
		return true; /* The hints do not age. */
	return cut != NULL && cut->delivered_ever &&
	       qn_mono_since_us(cut->delivered, now) <=
	           cut->rrset.ttl_s * QN_US_PER_S + TASK_SLACK_US;
}

bool
sim_reach_may_ask(const struct sim_world *world, const struct qn_name *name,
    const struct sim_server *server, struct qn_mono now)
{
	if (sim_reach_is_wild(world, name))
		return true; /* It may delegate what is below it to anybody. */
	for (uint8_t i = 0; i < world->zone_count; i++) {
		const struct sim_zone *zone = &world->zones[i];

		if (!qn_name_within(name, &zone->origin))
			continue;
		for (unsigned epoch = 0; epoch < SIM_EPOCH_COUNT; epoch++)
			if (delegated_to(zone, epoch, server->host) &&
			    delegation_fresh(world, zone, epoch, now))
				return true;
	}
	return false;
}
