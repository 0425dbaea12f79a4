/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/question.h"

#define WILD_LABELS  120
#define NAME_LEN_MAX 240

static const uint16_t common_types[] = {
    QN_TYPE_A, QN_TYPE_A, QN_TYPE_A, QN_TYPE_AAAA, QN_TYPE_AAAA, QN_TYPE_TXT, QN_TYPE_MX};
static const uint16_t all_types[] = {QN_TYPE_A, QN_TYPE_AAAA, QN_TYPE_NS, QN_TYPE_CNAME,
    QN_TYPE_SOA, QN_TYPE_PTR, QN_TYPE_MX, QN_TYPE_TXT, QN_TYPE_SRV, QN_TYPE_DNAME, QN_TYPE_DS,
    QN_TYPE_HTTPS, QN_TYPE_DNSKEY, QN_TYPE_HINFO, 65280, 1234};

/* Puts a random label of 1 to `most` letters in front of `name` if there is room. */
static void
name_extend_up_to(struct qn_random *random, struct qn_name *name, uint8_t most)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint8_t len = (uint8_t)sim_between(random, 1, most);

	if (name->len + 1 + len > NAME_LEN_MAX)
		return;
	memmove(name->octets + 1 + len, name->octets, name->len);
	name->octets[0] = len;
	for (uint8_t i = 1; i <= len; i++)
		name->octets[i] = (uint8_t)letters[qn_random_below(random, sizeof(letters) - 1)];
	name->len = (uint8_t)(name->len + 1 + len);
}

static void
name_extend(struct qn_random *random, struct qn_name *name)
{
	name_extend_up_to(random, name, 6);
}

static void
draw_wild_question(
    struct qn_random *random, const struct sim_zone *zone, struct qn_question *question)
{
	const bool deep = sim_chance(random, 30);

	qn_name_copy(&question->name, &zone->origin);
	for (uint32_t left = sim_between(random, 1, deep ? WILD_LABELS : 3); left > 0; left--)
		name_extend_up_to(random, &question->name, deep ? 1 : 6);
}

void
sim_question_draw(
    struct qn_question *question, const struct sim_world *world, struct qn_random *random)
{
	const struct sim_zone *zone = &world->zones[qn_random_below(random, world->zone_count)];
	const struct sim_set *set = zone->sets[qn_random_below(random, zone->set_count)];
	struct qn_name *name = &question->name;
	const uint32_t way = qn_random_below(random, 100);

	question->class = QN_CLASS_IN;
	question->type = SIM_PICK(random, common_types);
	qn_name_copy(name, &set->rrset.owner);
	if (zone->wild && sim_chance(random, 80)) {
		draw_wild_question(random, zone, question);
	} else if (way < 40) {
		question->type = set->rrset.type;
	} else if (way < 52) {
		question->type = SIM_PICK(random, all_types);
	} else if (way < 66) {
		name_extend(random, name);
	} else if (way < 80) {
		(void)qn_name_parent(name, name); /* A sibling; often one of a wildcard. */
		name_extend(random, name);
		if (sim_chance(random, 25))
			name_extend(random, name);
	} else if (way < 86) {
		(void)qn_name_parent(name, name);
	} else if (way < 94) {
		qn_name_copy(name, &world->hosts[qn_random_below(random, world->host_count)].name);
		question->type = sim_chance(random, 70) ? QN_TYPE_A : QN_TYPE_AAAA;
	} else {
		static const uint16_t apex_types[] = {
		    QN_TYPE_NS, QN_TYPE_NS, QN_TYPE_SOA, QN_TYPE_DS};

		qn_name_copy(name, &zone->origin);
		question->type = SIM_PICK(random, apex_types);
	}
}
