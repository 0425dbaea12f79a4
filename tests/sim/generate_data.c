/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/generate_state.h"

#define RECORDS_MOST 150 /* Of a large set: up to 40 KiB. */
#define CHAIN_MOST   14

/* --- Data ------------------------------------------------------------------------------- */

/* Whether something may be put at `owner`: nothing is there, no cut or DNAME above it. */
static bool
owner_free(const struct sim_zone *zone, const struct qn_name *owner)
{
	for (uint16_t i = 0; i < zone->set_count; i++) {
		const struct qn_rrset *rrset = &zone->sets[i]->rrset;

		if (qn_name_equal(&rrset->owner, owner))
			return false;
		if ((rrset->type == QN_TYPE_NS || rrset->type == QN_TYPE_DNAME) &&
		    !qn_name_equal(&rrset->owner, &zone->origin) &&
		    qn_name_within(owner, &rrset->owner))
			return false;
	}
	return true;
}

/* A new owner name, one to three labels below the apex; false when none was found. */
static bool
draw_owner(struct sim_draw *draw, const struct sim_zone *zone, struct qn_name *owner)
{
	const uint32_t way = qn_random_below(draw->random, 100);
	const uint32_t labels = way < 65 ? 1 : way < 90 ? 2 : 3;

	qn_name_copy(owner, &zone->origin);
	for (uint32_t i = 0; i < labels; i++)
		if (!sim_draw_below(draw, owner, owner))
			return false;
	return owner_free(zone, owner);
}

/* Some name for an alias to lead to: mostly one that exists. */
static void
draw_target(struct sim_draw *draw, struct qn_name *target)
{
	const struct sim_world *world = draw->world;

	qn_name_copy(
	    target, &world->sets[qn_random_below(draw->random, world->set_count)].rrset.owner);
	if (sim_chance(draw->random, 20))
		(void)sim_draw_below(draw, target, target);
}

static void
add_address(struct sim_draw *draw, struct sim_set *set)
{
	uint8_t octets[16] = {198, 51};
	const size_t len = set->rrset.type == QN_TYPE_AAAA ? 16 : 4;

	for (size_t i = 2; i < len; i++)
		octets[i] = (uint8_t)qn_random_u32(draw->random);
	sim_set_add(draw->world, set, (struct qn_view){octets, len});
}

static void
add_text(struct sim_draw *draw, struct sim_set *set, bool large)
{
	uint8_t text[256];
	const uint8_t len = (uint8_t)(large ? 255 : sim_between(draw->random, 0, 60));

	text[0] = len;
	qn_random_fill(draw->random, (struct qn_span){text + 1, len});
	sim_set_add(draw->world, set, (struct qn_view){text, 1u + len});
}

/* MX or SRV: `fixed` octets and a name. */
static void
add_pointer(struct sim_draw *draw, struct sim_set *set, size_t fixed)
{
	uint8_t rdata[6 + QN_NAME_MAX];
	struct qn_name target;

	draw_target(draw, &target);
	qn_random_fill(draw->random, (struct qn_span){rdata, fixed});
	memcpy(rdata + fixed, target.octets, target.len);
	sim_set_add(draw->world, set, (struct qn_view){rdata, fixed + target.len});
}

static void
add_rdata(struct sim_draw *draw, struct sim_set *set)
{
	const bool large = sim_chance(draw->random, 4);
	const uint32_t most = sim_chance(draw->random, 20) ? RECORDS_MOST : 25;
	const uint32_t count =
	    large ? sim_between(draw->random, 5, most) : sim_between(draw->random, 1, 4);

	for (uint32_t i = 0; i < count; i++) {
		switch (set->rrset.type) {
		case QN_TYPE_A:
		case QN_TYPE_AAAA:
			add_address(draw, set);
			break;
		case QN_TYPE_MX:
			add_pointer(draw, set, 2);
			break;
		case QN_TYPE_SRV:
			add_pointer(draw, set, 6);
			break;
		default:
			add_text(draw, set, large);
			break;
		}
	}
}

static void
add_data_set(
    struct sim_draw *draw, struct sim_zone *zone, const struct qn_name *owner, uint16_t type)
{
	const bool changing = draw->world->change.us != UINT64_MAX;
	const uint32_t fate = changing ? qn_random_below(draw->random, 100) : 100;
	const uint32_t ttl_s = sim_draw_ttl_s(draw->random);

	if (sim_zone_set(zone, 0, owner, type) != NULL ||
	    sim_zone_set(zone, 1, owner, type) != NULL)
		return;

	if (fate >= 30) {
		add_rdata(
		    draw, sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_BOTH));
		return;
	}
	if (fate < 25)
		add_rdata(draw,
		    sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_FIRST));
	if (fate < 20 || fate >= 25)
		add_rdata(
		    draw, sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_LAST));
}

static void
add_data(struct sim_draw *draw, struct sim_zone *zone)
{
	static const uint16_t types[] = {
	    QN_TYPE_A, QN_TYPE_A, QN_TYPE_AAAA, QN_TYPE_TXT, QN_TYPE_MX, QN_TYPE_SRV, 65280};
	struct qn_name owner;

	for (uint32_t left = sim_between(draw->random, 2, 8); left > 0; left--) {
		if (!draw_owner(draw, zone, &owner))
			continue;
		for (uint32_t more = sim_between(draw->random, 1, 2); more > 0; more--)
			add_data_set(draw, zone, &owner, SIM_PICK(draw->random, types));
	}
}

static void
add_wildcard(struct sim_draw *draw, struct sim_zone *zone)
{
	static const uint16_t types[] = {QN_TYPE_A, QN_TYPE_TXT, QN_TYPE_MX};
	struct qn_name owner;

	qn_name_copy(&owner, &zone->origin);
	if (sim_chance(draw->random, 50) && !draw_owner(draw, zone, &owner))
		return;
	if (sim_name_prepend_text(&owner, "*") && owner_free(zone, &owner))
		add_data_set(draw, zone, &owner, SIM_PICK(draw->random, types));
}

static void
add_alias(struct sim_draw *draw, struct sim_zone *zone, const struct qn_name *owner, uint16_t type,
    const struct qn_name *target)
{
	const uint32_t ttl_s = sim_draw_ttl_s(draw->random);

	sim_set_add_name(draw->world,
	    sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_BOTH), target);
}

/* A chain of CNAMEs through zones; the last one leads anywhere, or back into the chain. */
static void
add_chain(struct sim_draw *draw)
{
	const uint32_t length = sim_chance(draw->random, 70)
	                            ? sim_between(draw->random, 1, 3)
	                            : sim_between(draw->random, 4, CHAIN_MOST);
	struct qn_name target, owner;

	draw_target(draw, &target);
	for (uint32_t i = 0; i < length; i++) {
		struct sim_zone *zone =
		    &draw->world->zones[qn_random_below(draw->random, draw->world->zone_count)];

		if (!draw_owner(draw, zone, &owner))
			return;
		if (i == 0 && sim_chance(draw->random, 8))
			qn_name_copy(&target, &owner); /* A loop of one. */
		add_alias(draw, zone, &owner, QN_TYPE_CNAME, &target);
		qn_name_copy(&target, &owner);
	}
}

/* Two aliases that lead to each other, perhaps from zone to zone. */
static void
add_loop(struct sim_draw *draw)
{
	struct sim_zone *zones[2];
	struct qn_name owners[2];

	for (unsigned i = 0; i < 2; i++) {
		zones[i] =
		    &draw->world->zones[qn_random_below(draw->random, draw->world->zone_count)];
		if (!draw_owner(draw, zones[i], &owners[i]))
			return;
	}
	add_alias(draw, zones[0], &owners[0], QN_TYPE_CNAME, &owners[1]);
	if (owner_free(zones[1], &owners[1]))
		add_alias(draw, zones[1], &owners[1], QN_TYPE_CNAME, &owners[0]);
}

static void
add_dname(struct sim_draw *draw, struct sim_zone *zone)
{
	const struct sim_zone *other =
	    &draw->world->zones[qn_random_below(draw->random, draw->world->zone_count)];
	struct qn_name owner;

	if (draw_owner(draw, zone, &owner))
		add_alias(draw, zone, &owner, QN_TYPE_DNAME, &other->origin);
}

void
sim_draw_data(struct sim_draw *draw)
{
	struct sim_world *world = draw->world;

	for (uint8_t i = 0; i < world->zone_count; i++) {
		add_data(draw, &world->zones[i]);
		if (i > 0 && sim_chance(draw->random, 40))
			add_wildcard(draw, &world->zones[i]);
		if (i > 0 && sim_chance(draw->random, 20))
			add_dname(draw, &world->zones[i]);
	}
	for (uint32_t left = sim_between(draw->random, 2, 12); left > 0; left--)
		add_chain(draw);
	if (sim_chance(draw->random, 50))
		add_loop(draw);
}
