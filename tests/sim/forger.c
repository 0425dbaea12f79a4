/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/forger.h"

#include "policy/cookie.h"
#include "sim/server.h"
#include "sim/sim.h"

#define FORGED_MAX   1024
#define FLOOD_MOST   20
#define SOON_MOST_US 2000
#define DNS_PORT     53
#define PORT_FIRST   1024u
#define PORT_COUNT   (65536u - PORT_FIRST)

/* The one thing that a forger gets wrong. */
enum flaw {
	FLAW_ID,
	FLAW_CASE,
	FLAW_NAME,
	FLAW_TYPE,
	FLAW_SOURCE,
	FLAW_SOURCE_PORT,
	FLAW_PORT,
	FLAW_NOT_A_REPLY,
	FLAW_OPCODE,
	FLAW_COOKIE,
	FLAW_BROKEN,
	FLAW_COUNT,
};

static const char *const flaw_names[FLAW_COUNT] = {
    [FLAW_ID] = "another id",
    [FLAW_CASE] = "other letter case",
    [FLAW_NAME] = "another name",
    [FLAW_TYPE] = "another type",
    [FLAW_SOURCE] = "its own address",
    [FLAW_SOURCE_PORT] = "another source port",
    [FLAW_PORT] = "another destination port",
    [FLAW_NOT_A_REPLY] = "a query",
    [FLAW_OPCODE] = "another opcode",
    [FLAW_COOKIE] = "another cookie",
    [FLAW_BROKEN] = "half a message",
};

void
sim_forger_start(struct sim *sim)
{
	sim_draw_init(&sim->forger.random, sim->seed, SIM_STREAM_FORGER);
}

/* Turns the case of one letter of `name`; false when it has none. */
static bool
turn_letter(struct qn_random *random, struct qn_name *name)
{
	const uint32_t first = qn_random_below(random, name->len);

	for (unsigned i = 0; i < name->len; i++) {
		uint8_t *octet = &name->octets[(first + i) % name->len];
		const uint8_t lower = qn_octet_lower(*octet);

		/* Length octets are below any letter. */
		if (lower >= 'a' && lower <= 'z') {
			*octet ^= 0x20;
			return true;
		}
	}
	return false;
}

static bool
other_name(struct sim *sim, struct qn_name *name)
{
	const struct sim_world *world = &sim->world;
	const uint32_t set = qn_random_below(&sim->forger.random, world->set_count);

	if (qn_name_equal(name, &world->sets[set].rrset.owner))
		return false;
	qn_name_copy(name, &world->sets[set].rrset.owner);
	return true;
}

/* What a forger knows of a query, flawed in one way; false when that flaw makes no difference. */
static bool
forge(struct sim *sim, enum flaw flaw, struct qn_question *question, uint16_t *id,
    struct sim_datagram *datagram)
{
	struct qn_random *random = &sim->forger.random;

	switch (flaw) {
	case FLAW_ID:
		*id = (uint16_t)(*id + sim_between(random, 1, UINT16_MAX));
		return true;
	case FLAW_CASE:
		/* From a server known to fold case, any case is as good as any other. */
		return sim_world_server(&sim->world, &datagram->source.address)->manner !=
		           SIM_CASE_FOLDING &&
		       turn_letter(random, &question->name);
	case FLAW_NAME:
		return other_name(sim, &question->name);
	case FLAW_TYPE:
		question->type = question->type == QN_TYPE_A ? QN_TYPE_AAAA : QN_TYPE_A;
		return true;
	case FLAW_SOURCE:
		datagram->source.address = sim_poison_address(datagram->source.address.family, 3);
		return true;
	case FLAW_SOURCE_PORT:
		datagram->source.port = (uint16_t)sim_between(random, DNS_PORT + 1, UINT16_MAX);
		return true;
	case FLAW_PORT:
		datagram->destination.port =
		    (uint16_t)(PORT_FIRST + (datagram->destination.port - PORT_FIRST +
						sim_between(random, 1, PORT_COUNT - 1)) %
						PORT_COUNT);
		return true;
	case FLAW_NOT_A_REPLY:
	case FLAW_OPCODE:
	case FLAW_COOKIE:
	case FLAW_BROKEN:
	case FLAW_COUNT:
		break;
	}
	return true;
}

/* Flaws of the finished message. */
static size_t
spoil(struct qn_random *random, enum flaw flaw, uint8_t *bytes, size_t len)
{
	if (flaw == FLAW_NOT_A_REPLY)
		bytes[2] &= 0x7f;
	if (flaw == FLAW_OPCODE)
		bytes[2] = (uint8_t)(bytes[2] | QN_OPCODE_UPDATE << 3);
	if (flaw == FLAW_BROKEN)
		return sim_between(random, 0, (uint32_t)len - 1);
	return len;
}

/* A cookie that is not the query's: its client part is one bit off; none in plain DNS. */
static struct qn_view
forge_cookie(const struct qn_edns *edns, uint8_t cookie[QN_COOKIE_CLIENT_LEN])
{
	struct qn_view data;

	if (!edns->present || !qn_edns_option_find(edns, QN_EDNS_COOKIE, &data) ||
	    data.len < QN_COOKIE_CLIENT_LEN)
		return (struct qn_view){NULL, 0};
	memcpy(cookie, data.data, QN_COOKIE_CLIENT_LEN);
	cookie[0] ^= 1;
	return (struct qn_view){cookie, QN_COOKIE_CLIENT_LEN};
}

void
sim_forger_see(struct sim *sim, const struct qn_frame *frame, const struct qn_message *query)
{
	struct qn_random *random = &sim->forger.random;

	if (!sim_chance(random, sim->plan.forge_percent))
		return;
	const enum flaw flaw = (enum flaw)qn_random_below(random, FLAW_COUNT);

	sim_tell(sim, "  a forger answers, with %s", flaw_names[flaw]);
	for (uint32_t left = sim_between(random, 1, FLOOD_MOST); left > 0; left--) {
		uint8_t bytes[FORGED_MAX];
		uint8_t octets[QN_COOKIE_CLIENT_LEN];
		struct qn_view cookie = {NULL, 0};
		struct qn_question question = query->question;
		struct sim_datagram datagram = {
		    .source = frame->destination,
		    .destination = frame->source,
		    .delay_us = qn_random_below(random, SOON_MOST_US),
		};
		uint16_t id = query->id;

		if (!forge(sim, flaw, &question, &id, &datagram))
			return;
		if (flaw == FLAW_COOKIE) {
			cookie = forge_cookie(&query->edns, octets);
			if (cookie.len == 0)
				return;
		}
		const size_t len = sim_server_poison(
		    (struct qn_span){bytes, sizeof(bytes)}, id, &question, &query->edns, cookie);

		datagram.payload = (struct qn_view){bytes, spoil(random, flaw, bytes, len)};
		sim_network_send(sim, &datagram);
	}
}
