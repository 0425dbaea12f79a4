/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/draft.h"

#define BOMB_SERVER_MAX 40
#define WILD_TTL_S      60

/* A name of one random label below `parent`. */
static void
draw_name_below(struct sim_draft *draft, struct qn_name *name, const struct qn_name *parent)
{
	static const char digits[] = "0123456789abcdef";
	const uint32_t number = qn_random_u32(draft->random);
	char label[9];

	for (unsigned i = 0; i < 8; i++)
		label[i] = digits[number >> 4 * i & 0xf];
	label[8] = '\0';
	sim_name_below(name, label, parent);
}

/* Delegates `cut` to many names, none with an address (NXNSAttack). */
static void
answer_bomb(struct sim_draft *draft, const struct qn_name *cut)
{
	const uint32_t count = sim_between(draft->random, 1, BOMB_SERVER_MAX);
	const uint32_t zone = qn_random_below(draft->random, draft->world->zone_count);

	sim_draft_begin(draft, QN_RCODE_NOERROR, 0);
	for (uint32_t i = 0; i < count; i++) {
		struct qn_name host;

		draw_name_below(draft, &host, &draft->world->zones[zone].origin);
		sim_draft_record(
		    draft, QN_SECTION_AUTHORITY, cut, QN_TYPE_NS, WILD_TTL_S, qn_name_view(&host));
	}
	sim_draft_end(draft);
}

/* Delegates one label more of the name than last time, to this very server. */
static void
answer_bottomless(struct sim_draft *draft, const struct qn_name *origin, const struct qn_name *name)
{
	const struct qn_address *address = &draft->server->address;
	struct qn_name *cut = &draft->server->last_cut;
	struct qn_name host;

	if (!qn_name_within(name, cut) || qn_name_equal(name, cut) || !qn_name_within(cut, origin))
		qn_name_copy(cut, origin);
	qn_name_suffix(cut, name, qn_name_label_count(cut) + 1);
	sim_name_below(&host, "ns", cut);
	sim_draft_begin(draft, QN_RCODE_NOERROR, 0);
	sim_draft_record(
	    draft, QN_SECTION_AUTHORITY, cut, QN_TYPE_NS, WILD_TTL_S, qn_name_view(&host));
	sim_draft_record(draft, QN_SECTION_ADDITIONAL, &host,
	    address->family == QN_FAMILY_IPV6 ? QN_TYPE_AAAA : QN_TYPE_A, WILD_TTL_S,
	    (struct qn_view){address->octets, qn_family_octets(address->family)});
	sim_draft_end(draft);
}

/* The origin of some wild zone, perhaps this one. */
static const struct qn_name *
draw_wild_origin(const struct sim_draft *draft, const struct qn_name *own)
{
	const struct sim_world *world = draft->world;
	const struct sim_zone *zone =
	    &world->zones[qn_random_below(draft->random, world->zone_count)];

	return zone->wild ? &zone->origin : own;
}

static void
answer_aliasing(struct sim_draft *draft, const struct qn_name *origin)
{
	struct qn_name target;

	draw_name_below(draft, &target, draw_wild_origin(draft, origin));
	sim_draft_begin(draft, QN_RCODE_NOERROR, QN_FLAG_AA);
	sim_draft_record(draft, QN_SECTION_ANSWER, &draft->query.question.name, QN_TYPE_CNAME,
	    WILD_TTL_S, qn_name_view(&target));
	sim_draft_end(draft);
}

void
sim_answer_wild(struct sim_draft *draft)
{
	const struct qn_name *origin = &draft->world->zones[draft->server->zones[0].zone].origin;
	const struct qn_name *name = &draft->query.question.name;

	if (!qn_name_within(name, origin) || qn_name_equal(name, origin)) {
		sim_draft_honest(draft);
		return;
	}
	if (draft->server->manner == SIM_BOTTOMLESS) {
		answer_bottomless(draft, origin, name);
	} else if (draft->server->manner == SIM_ALIASING) {
		answer_aliasing(draft, origin);
	} else {
		struct qn_name cut;

		qn_name_suffix(&cut, name, qn_name_label_count(origin) + 1);
		answer_bomb(draft, &cut);
	}
}
