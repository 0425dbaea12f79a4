/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/draft.h"

#include "wire/rdata.h"

#define VICTIM_TRIES 8

static bool
lies(const struct sim_draft *draft, enum sim_lie lie)
{
	return draft->server->lies & lie;
}

/* Whether the server has no say in `name`, whatever zone it was asked as a server of. */
static bool
is_stranger(const struct sim_draft *draft, const struct qn_name *name)
{
	for (uint8_t i = 0; i < draft->server->zone_count; i++)
		if (qn_name_within(name, &draft->world->zones[draft->server->zones[i].zone].origin))
			return false;
	return true;
}

/* Some name that exists and is none of the server's business; false when none was found. */
static bool
draw_victim(struct sim_draft *draft, struct qn_name *victim)
{
	for (unsigned i = 0; i < VICTIM_TRIES; i++) {
		const uint32_t set = qn_random_below(draft->random, draft->world->set_count);

		qn_name_copy(victim, &draft->world->sets[set].rrset.owner);
		if (is_stranger(draft, victim))
			return true;
	}
	return false;
}

static void
lie_address(struct sim_draft *draft, enum qn_section section, const struct qn_name *owner)
{
	const struct qn_address ipv4 = sim_poison_address(QN_FAMILY_IPV4, 1);
	const struct qn_address ipv6 = sim_poison_address(QN_FAMILY_IPV6, 1);

	sim_draft_record(draft, section, owner, QN_TYPE_A, SIM_POISON_TTL_S,
	    (struct qn_view){ipv4.octets, qn_family_octets(QN_FAMILY_IPV4)});
	sim_draft_record(draft, section, owner, QN_TYPE_AAAA, SIM_POISON_TTL_S,
	    (struct qn_view){ipv6.octets, qn_family_octets(QN_FAMILY_IPV6)});
}

/* Where the nameserver that only lies speak of is said to be. */
static void
poison_host(const struct sim_draft *draft, struct qn_name *host)
{
	const uint8_t zone = draft->server->zones[0].zone;

	sim_name_below(host, "poison", &draft->world->zones[zone].origin);
}

void
sim_lie_in_answer(struct sim_draft *draft)
{
	const struct sim_reply *reply = &draft->reply;
	struct qn_name victim;

	if (lies(draft, SIM_LIE_ALIAS) && reply->part_count > 0 && !reply->positive &&
	    draft->counts[QN_SECTION_ANSWER] > 0 && is_stranger(draft, &reply->name))
		lie_address(draft, QN_SECTION_ANSWER, &reply->name);
	if (lies(draft, SIM_LIE_ANSWER) && !reply->referral && draw_victim(draft, &victim))
		lie_address(draft, QN_SECTION_ANSWER, &victim);
}

static void
lie_nameserver(struct sim_draft *draft, const struct qn_name *owner)
{
	struct qn_name host;

	poison_host(draft, &host);
	sim_draft_record(
	    draft, QN_SECTION_AUTHORITY, owner, QN_TYPE_NS, SIM_POISON_TTL_S, qn_name_view(&host));
}

/* On negative answers without SOA an NS record would change what the reply means. */
void
sim_lie_in_authority(struct sim_draft *draft)
{
	const struct sim_reply *reply = &draft->reply;
	const bool settled = reply->positive || draft->counts[QN_SECTION_AUTHORITY] > 0;
	struct qn_name victim;

	if (!settled)
		return;
	if (lies(draft, SIM_LIE_OWN_NS) && !reply->referral && reply->zone != NULL)
		lie_nameserver(draft, &reply->zone->origin);
	if (lies(draft, SIM_LIE_PARENT_NS)) {
		if (is_stranger(draft, &qn_name_root))
			lie_nameserver(draft, &qn_name_root);
		if (draw_victim(draft, &victim))
			lie_nameserver(draft, &victim);
	}
}

static void
lie_about_glue(struct sim_draft *draft)
{
	const struct sim_reply *reply = &draft->reply;

	for (uint8_t i = 0; i < reply->part_count; i++) {
		struct qn_view rest = reply->parts[i].set->rrset.rdatas;
		struct qn_view rdata;
		struct qn_name host;

		if (reply->parts[i].set->rrset.type != QN_TYPE_NS)
			continue;
		while (qn_rdatas_next(&rest, &rdata))
			if (qn_rdata_name(&host, rdata) && is_stranger(draft, &host))
				lie_address(draft, QN_SECTION_ADDITIONAL, &host);
	}
}

void
sim_lie_in_additional(struct sim_draft *draft)
{
	struct qn_name name;

	if (lies(draft, SIM_LIE_GLUE) && draft->reply.referral)
		lie_about_glue(draft);
	if ((lies(draft, SIM_LIE_OWN_NS) && !draft->reply.referral) ||
	    lies(draft, SIM_LIE_PARENT_NS)) {
		poison_host(draft, &name);
		lie_address(draft, QN_SECTION_ADDITIONAL, &name);
	}
	if (lies(draft, SIM_LIE_ADDITIONAL) && draw_victim(draft, &name))
		lie_address(draft, QN_SECTION_ADDITIONAL, &name);
}

void
sim_lie_about_dnames(struct sim_draft *draft)
{
	struct sim_reply *reply = &draft->reply;
	struct qn_name victim;

	if (!lies(draft, SIM_LIE_DNAME) || !draw_victim(draft, &victim))
		return;
	for (uint8_t i = 0; i < reply->part_count; i++)
		if (reply->parts[i].synthesized)
			qn_name_copy(&reply->parts[i].target, &victim);
}
