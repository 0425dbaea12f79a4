/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/authority.h"

/* One question on its way through the zones of one server. */
struct search {
	struct sim_reply *reply;
	const struct sim_world *world;
	const struct sim_server *server;
	uint16_t type;
	struct qn_mono now;
	const struct sim_zone *zone;
	unsigned epoch; /* Of `zone`, at this server. */
};

static void
add_part(struct search *search, enum qn_section section, const struct sim_set *set,
    const struct qn_name *owner)
{
	struct sim_reply *reply = search->reply;

	if (reply->part_count == SIM_REPLY_PART_MAX)
		return;
	struct sim_part *part = &reply->parts[reply->part_count++];

	part->section = section;
	part->set = set;
	part->synthesized = false;
	qn_name_copy(&part->owner, owner);
}

static unsigned
served_epoch(const struct search *search, int8_t epoch)
{
	return epoch == SIM_EPOCH_FOLLOWS ? sim_world_epoch(search->world, search->now)
	                                  : (unsigned)epoch;
}

/* Finds the deepest zone of the server that holds `name`; false when there is none. */
static bool
find_zone(struct search *search, const struct qn_name *name)
{
	unsigned best = 0;

	search->zone = NULL;
	for (uint8_t i = 0; i < search->server->zone_count; i++) {
		const struct sim_zone *zone = &search->world->zones[search->server->zones[i].zone];
		const unsigned epoch = served_epoch(search, search->server->zones[i].epoch);

		if (!(zone->epochs >> epoch & 1) || !qn_name_within(name, &zone->origin))
			continue;
		/* A DS is looked for above the cut, if this server knows what is there. */
		const bool above = search->type == QN_TYPE_DS && qn_name_equal(name, &zone->origin);
		const unsigned fit = above ? 1 : 1u + zone->origin.len;

		if (fit > best) {
			best = fit;
			search->zone = zone;
			search->epoch = epoch;
		}
	}
	return search->zone != NULL;
}

/* Adds what the zone has of the addresses of the nameservers in `cut`. */
static void
add_glue(struct search *search, const struct sim_set *cut)
{
	static const uint16_t types[] = {QN_TYPE_A, QN_TYPE_AAAA};
	struct qn_view rest = cut->rrset.rdatas;
	struct qn_view rdata;
	struct qn_name host;

	while (qn_rdatas_next(&rest, &rdata)) {
		if (!qn_rdata_name(&host, rdata))
			continue;
		for (unsigned i = 0; i < 2; i++) {
			const struct sim_set *glue =
			    sim_zone_set(search->zone, search->epoch, &host, types[i]);

			if (glue != NULL)
				add_part(search, QN_SECTION_ADDITIONAL, glue, &host);
		}
	}
}

static void
add_soa(struct search *search)
{
	const struct sim_set *soa =
	    sim_zone_set(search->zone, search->epoch, &search->zone->origin, QN_TYPE_SOA);

	if (soa != NULL && !search->server->forgets_soa)
		add_part(search, QN_SECTION_AUTHORITY, soa, &search->zone->origin);
}

/* Adds DNAME and the CNAME it stands for; false when the new name would be too long. */
static bool
follow_dname(struct search *search, const struct sim_set *dname, struct qn_name *name)
{
	struct qn_name target, renamed;
	struct qn_view rest = dname->rrset.rdatas;
	struct qn_view rdata;

	add_part(search, QN_SECTION_ANSWER, dname, &dname->rrset.owner);
	if (!qn_rdatas_next(&rest, &rdata) || !qn_rdata_name(&target, rdata) ||
	    !qn_name_replace_suffix(&renamed, name, &dname->rrset.owner, &target))
		return false;
	if (search->reply->part_count < SIM_REPLY_PART_MAX) {
		add_part(search, QN_SECTION_ANSWER, dname, name);
		struct sim_part *cname = &search->reply->parts[search->reply->part_count - 1];

		cname->synthesized = true;
		qn_name_copy(&cname->target, &renamed);
	}
	qn_name_copy(name, &renamed);
	return true;
}

static void
follow_cname(struct search *search, const struct sim_set *cname, struct qn_name *name)
{
	struct qn_view rest = cname->rrset.rdatas;
	struct qn_view rdata;

	add_part(search, QN_SECTION_ANSWER, cname, name);
	if (qn_rdatas_next(&rest, &rdata)) {
		const bool is_name = qn_rdata_name(name, rdata);

		qn_assert(is_name);
	}
}

/* Whether the server goes on with the target of an alias. */
static bool
follows_to(struct search *search, const struct qn_name *name)
{
	if (qn_name_within(name, &search->zone->origin))
		return true;
	return search->server->follows && find_zone(search, name);
}

static void
refer(struct search *search, const struct sim_set *cut, bool first)
{
	/* Behind an alias the referral is left out: what was asked for has been answered. */
	if (!first)
		return;
	const struct qn_name *name = &search->reply->name;
	const struct sim_set *glue = sim_zone_set(search->zone, search->epoch, name, search->type);

	search->reply->referral = true;
	search->reply->authoritative = false;
	if (search->server->answers_glue && glue != NULL && glue != cut)
		add_part(search, QN_SECTION_ANSWER, glue, name);
	add_part(search, QN_SECTION_AUTHORITY, cut, &cut->rrset.owner);
	add_glue(search, cut);
}

/* Takes one step with `name`; true when an alias leads on. */
static bool
search_step(struct search *search, struct qn_name *name, bool first)
{
	struct sim_reply *reply = search->reply;
	const struct sim_find find = sim_zone_find(search->zone, search->epoch, name, search->type);

	switch (find.found) {
	case SIM_FOUND_CUT:
		refer(search, find.set, first);
		return false;
	case SIM_FOUND_DNAME:
		if (!follow_dname(search, find.set, name)) {
			reply->rcode = QN_RCODE_YXDOMAIN;
			return false;
		}
		return follows_to(search, name);
	case SIM_FOUND_CNAME:
		follow_cname(search, find.set, name);
		return follows_to(search, name);
	case SIM_FOUND_DATA:
		reply->positive = true;
		add_part(search, QN_SECTION_ANSWER, find.set, name);
		if (search->type == QN_TYPE_NS && !search->server->minimal)
			add_glue(search, find.set);
		return false;
	case SIM_FOUND_NXDOMAIN:
		reply->rcode = QN_RCODE_NXDOMAIN;
		add_soa(search);
		return false;
	case SIM_FOUND_NODATA:
		if (find.empty_non_terminal && search->server->manner == SIM_CUT_DENYING)
			reply->rcode = QN_RCODE_NXDOMAIN;
		add_soa(search);
		return false;
	}
	return false;
}

void
sim_authority_answer(struct sim_reply *reply, const struct sim_world *world,
    const struct sim_server *server, const struct qn_question *question, struct qn_mono now)
{
	struct search search = {
	    .reply = reply,
	    .world = world,
	    .server = server,
	    .type = question->type,
	    .now = now,
	};
	unsigned links = 0;

	reply->rcode = QN_RCODE_NOERROR;
	reply->authoritative = true;
	reply->referral = false;
	reply->positive = false;
	reply->part_count = 0;
	qn_name_copy(&reply->name, &question->name);
	if (!find_zone(&search, &question->name)) {
		reply->rcode = QN_RCODE_REFUSED;
		reply->authoritative = false;
		reply->zone = NULL;
		return;
	}
	while (search_step(&search, &reply->name, links == 0) && links < SIM_REPLY_ALIAS_MAX)
		links++;
	reply->zone = search.zone;
	if (reply->positive && server->adds_own_ns) {
		const struct sim_set *apex =
		    sim_zone_set(search.zone, search.epoch, &search.zone->origin, QN_TYPE_NS);

		if (apex != NULL)
			add_part(&search, QN_SECTION_AUTHORITY, apex, &search.zone->origin);
	}
}
