/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/server.h"

#include "policy/cookie.h"
#include "wire/rdata.h"

#define UDP_SIZE_PLAIN  512
#define POISON_TTL_S    86400
#define BOMB_SERVER_MAX 40
#define WILD_TTL_S      60
#define VICTIM_TRIES    8
#define COOKIE_LEN      24
#define SLOW_LEAST_US   (2 * QN_US_PER_S)
#define SLOW_SPREAD_US  (6 * QN_US_PER_S)

/* A reply being written. */
struct draft {
	struct sim_response *response;
	const struct sim_world *world;
	struct sim_server *server;
	struct qn_message query; /* As the server takes it. */
	struct sim_reply reply;
	struct qn_random *random;
	struct qn_writer writer;
	uint16_t rcode;
	uint16_t counts[QN_SECTION_COUNT];
	struct qn_mono now;
	uint8_t cookie[COOKIE_LEN]; /* The client's part, and the server's behind it. */
	size_t cookie_len;
};

/* Ends a message with an OPT record behind `additional_count` others. */
static void
write_opt(
    struct qn_writer *writer, uint16_t additional_count, uint16_t rcode, struct qn_view cookie)
{
	const size_t opt_at = qn_write_edns_begin(writer, QN_EDNS_UDP_BUFFER, rcode, false);

	if (cookie.len > 0)
		qn_write_edns_option(writer, QN_EDNS_COOKIE, cookie);
	qn_write_edns_end(writer, opt_at);
	qn_write_section_count(writer, QN_SECTION_ADDITIONAL, (uint16_t)(additional_count + 1));
}

/* --- Records ---------------------------------------------------------------------------- */

static void
draft_record(struct draft *draft, enum qn_section section, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, struct qn_view rdata)
{
	if (!draft->server->compresses)
		draft->writer.name_count = 0; /* Forgets what names could point to. */
	qn_write_record(&draft->writer, owner, type, QN_CLASS_IN, ttl_s, rdata);
	draft->counts[section]++;
}

static void
draft_part(struct draft *draft, const struct sim_part *part)
{
	const struct qn_rrset *rrset = &part->set->rrset;
	struct qn_view rest = rrset->rdatas;
	struct qn_view rdata;

	if (part->synthesized) {
		draft_record(draft, part->section, &part->owner, QN_TYPE_CNAME, rrset->ttl_s,
		    qn_name_view(&part->target));
		return;
	}
	while (qn_rdatas_next(&rest, &rdata))
		draft_record(draft, part->section, &part->owner, rrset->type, rrset->ttl_s, rdata);
}

static void
draft_section(struct draft *draft, enum qn_section section)
{
	const struct sim_reply *reply = &draft->reply;

	for (uint8_t i = 0; i < reply->part_count; i++)
		if (reply->parts[i].section == section)
			draft_part(draft, &reply->parts[i]);
}

/* --- Lies ------------------------------------------------------------------------------- */

static bool
lies(const struct draft *draft, enum sim_lie lie)
{
	return draft->server->lies & lie;
}

/* Whether the server has no say in `name`, whatever zone it was asked as a server of. */
static bool
is_stranger(const struct draft *draft, const struct qn_name *name)
{
	for (uint8_t i = 0; i < draft->server->zone_count; i++)
		if (qn_name_within(name, &draft->world->zones[draft->server->zones[i].zone].origin))
			return false;
	return true;
}

/* Some name that exists and is none of the server's business; false when none was found. */
static bool
draw_victim(struct draft *draft, struct qn_name *victim)
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
lie_address(struct draft *draft, enum qn_section section, const struct qn_name *owner)
{
	const struct qn_address ipv4 = sim_poison_address(QN_FAMILY_IPV4, 1);
	const struct qn_address ipv6 = sim_poison_address(QN_FAMILY_IPV6, 1);

	draft_record(draft, section, owner, QN_TYPE_A, POISON_TTL_S,
	    (struct qn_view){ipv4.octets, qn_family_octets(QN_FAMILY_IPV4)});
	draft_record(draft, section, owner, QN_TYPE_AAAA, POISON_TTL_S,
	    (struct qn_view){ipv6.octets, qn_family_octets(QN_FAMILY_IPV6)});
}

/* The name `label`.`parent`; the parent itself when that is too long. */
static void
name_below(struct qn_name *name, const char *label, const struct qn_name *parent)
{
	const size_t label_len = strlen(label);

	if (1 + label_len + parent->len > QN_NAME_MAX) {
		qn_name_copy(name, parent);
		return;
	}
	name->octets[0] = (uint8_t)label_len;
	memcpy(name->octets + 1, label, label_len);
	memcpy(name->octets + 1 + label_len, parent->octets, parent->len);
	name->len = (uint8_t)(1 + label_len + parent->len);
}

/* Where the nameserver that only lies speak of is said to be. */
static void
poison_host(const struct draft *draft, struct qn_name *host)
{
	const uint8_t zone = draft->server->zones[0].zone;

	name_below(host, "poison", &draft->world->zones[zone].origin);
}

static void
lie_in_answer(struct draft *draft)
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
lie_nameserver(struct draft *draft, const struct qn_name *owner)
{
	struct qn_name host;

	poison_host(draft, &host);
	draft_record(
	    draft, QN_SECTION_AUTHORITY, owner, QN_TYPE_NS, POISON_TTL_S, qn_name_view(&host));
}

/* On negative answers without SOA an NS record would change what the reply means. */
static void
lie_in_authority(struct draft *draft)
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
lie_about_glue(struct draft *draft)
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

static void
lie_in_additional(struct draft *draft)
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

/* Turns the CNAMEs that DNAMEs stand for into others. */
static void
lie_about_dnames(struct draft *draft)
{
	struct sim_reply *reply = &draft->reply;
	struct qn_name victim;

	if (!lies(draft, SIM_LIE_DNAME) || !draw_victim(draft, &victim))
		return;
	for (uint8_t i = 0; i < reply->part_count; i++)
		if (reply->parts[i].synthesized)
			qn_name_copy(&reply->parts[i].target, &victim);
}

/* --- Whole messages --------------------------------------------------------------------- */

/* Starts over: the header, and the question as the query has it. */
static void
draft_begin(struct draft *draft, uint16_t rcode, uint16_t flags)
{
	struct sim_response *response = draft->response;
	const struct qn_message *query = &draft->query;

	draft->writer = qn_writer_of((struct qn_span){response->bytes, sizeof(response->bytes)});
	draft->rcode = rcode;
	memset(draft->counts, 0, sizeof(draft->counts));
	qn_write_header(&draft->writer, query->id,
	    (uint16_t)(QN_FLAG_QR | flags | (query->flags & QN_FLAG_RD) | (rcode & 0xf)), 1);
	qn_write_question(&draft->writer, &query->question);
	response->set_count = 0;
}

static void
draft_end(struct draft *draft)
{
	for (unsigned i = 0; i < QN_SECTION_COUNT; i++)
		qn_write_section_count(&draft->writer, (enum qn_section)i, draft->counts[i]);
	if (draft->query.edns.present)
		write_opt(&draft->writer, draft->counts[QN_SECTION_ADDITIONAL], draft->rcode,
		    (struct qn_view){draft->cookie, draft->cookie_len});
	draft->response->len = draft->writer.overflowed ? SIZE_MAX : draft->writer.at;
}

static void
draft_empty(struct draft *draft, uint16_t rcode, uint16_t flags)
{
	draft_begin(draft, rcode, flags);
	draft_end(draft);
}

static void
draft_reply(struct draft *draft)
{
	const struct sim_reply *reply = &draft->reply;
	struct sim_response *response = draft->response;

	draft_begin(draft, reply->rcode, reply->authoritative ? QN_FLAG_AA : 0);
	draft_section(draft, QN_SECTION_ANSWER);
	lie_in_answer(draft);
	draft_section(draft, QN_SECTION_AUTHORITY);
	lie_in_authority(draft);
	draft_section(draft, QN_SECTION_ADDITIONAL);
	lie_in_additional(draft);
	draft_end(draft);
	for (uint8_t i = 0; i < reply->part_count; i++)
		response->sets[response->set_count++] =
		    (uint16_t)(reply->parts[i].set - draft->world->sets);
}

/* Cuts everything off what is longer than the query allows. */
static void
draft_limit(struct draft *draft, bool tcp)
{
	const struct qn_edns *edns = &draft->query.edns;
	const size_t offered =
	    edns->present && edns->udp_size > UDP_SIZE_PLAIN ? edns->udp_size : UDP_SIZE_PLAIN;
	const size_t limit = tcp ? SIM_RESPONSE_MAX : offered;

	if (draft->response->len > limit)
		draft_empty(draft, QN_RCODE_NOERROR, QN_FLAG_AA | QN_FLAG_TC);
}

static void
answer_honestly(struct draft *draft)
{
	sim_authority_answer(
	    &draft->reply, draft->world, draft->server, &draft->query.question, draft->now);
	lie_about_dnames(draft);
	draft_reply(draft);
}

/* --- Wild zones ------------------------------------------------------------------------- */

/* A name of one random label below `parent`. */
static void
draw_name_below(struct draft *draft, struct qn_name *name, const struct qn_name *parent)
{
	static const char digits[] = "0123456789abcdef";
	const uint32_t number = qn_random_u32(draft->random);
	char label[9];

	for (unsigned i = 0; i < 8; i++)
		label[i] = digits[number >> 4 * i & 0xf];
	label[8] = '\0';
	name_below(name, label, parent);
}

/* Delegates `cut` to many names, none with an address (NXNSAttack). */
static void
answer_bomb(struct draft *draft, const struct qn_name *cut)
{
	const uint32_t count = sim_between(draft->random, 1, BOMB_SERVER_MAX);
	const uint32_t zone = qn_random_below(draft->random, draft->world->zone_count);

	draft_begin(draft, QN_RCODE_NOERROR, 0);
	for (uint32_t i = 0; i < count; i++) {
		struct qn_name host;

		draw_name_below(draft, &host, &draft->world->zones[zone].origin);
		draft_record(
		    draft, QN_SECTION_AUTHORITY, cut, QN_TYPE_NS, WILD_TTL_S, qn_name_view(&host));
	}
	draft_end(draft);
}

/* Delegates one label more of the name than last time, to this very server. */
static void
answer_bottomless(struct draft *draft, const struct qn_name *origin, const struct qn_name *name)
{
	const struct qn_address *address = &draft->server->address;
	struct qn_name *cut = &draft->server->last_cut;
	struct qn_name host;

	if (!qn_name_within(name, cut) || qn_name_equal(name, cut) || !qn_name_within(cut, origin))
		qn_name_copy(cut, origin);
	qn_name_suffix(cut, name, qn_name_label_count(cut) + 1);
	name_below(&host, "ns", cut);
	draft_begin(draft, QN_RCODE_NOERROR, 0);
	draft_record(draft, QN_SECTION_AUTHORITY, cut, QN_TYPE_NS, WILD_TTL_S, qn_name_view(&host));
	draft_record(draft, QN_SECTION_ADDITIONAL, &host,
	    address->family == QN_FAMILY_IPV6 ? QN_TYPE_AAAA : QN_TYPE_A, WILD_TTL_S,
	    (struct qn_view){address->octets, qn_family_octets(address->family)});
	draft_end(draft);
}

/* The origin of some wild zone, perhaps this one. */
static const struct qn_name *
draw_wild_origin(const struct draft *draft, const struct qn_name *own)
{
	const struct sim_world *world = draft->world;
	const struct sim_zone *zone =
	    &world->zones[qn_random_below(draft->random, world->zone_count)];

	return zone->wild ? &zone->origin : own;
}

static void
answer_aliasing(struct draft *draft, const struct qn_name *origin)
{
	struct qn_name target;

	draw_name_below(draft, &target, draw_wild_origin(draft, origin));
	draft_begin(draft, QN_RCODE_NOERROR, QN_FLAG_AA);
	draft_record(draft, QN_SECTION_ANSWER, &draft->query.question.name, QN_TYPE_CNAME,
	    WILD_TTL_S, qn_name_view(&target));
	draft_end(draft);
}

/* A wild zone's servers are honest about its apex, and make up everything below it. */
static void
answer_wild(struct draft *draft)
{
	const struct qn_name *origin = &draft->world->zones[draft->server->zones[0].zone].origin;
	const struct qn_name *name = &draft->query.question.name;

	if (!qn_name_within(name, origin) || qn_name_equal(name, origin)) {
		answer_honestly(draft);
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

/* --- Manners ---------------------------------------------------------------------------- */

static void
answer_lame(struct draft *draft)
{
	const struct sim_set *apex =
	    sim_zone_set(&draft->world->zones[0], 0, &qn_name_root, QN_TYPE_NS);

	draft_begin(draft, QN_RCODE_NOERROR, 0);
	draft->counts[QN_SECTION_AUTHORITY] =
	    qn_write_rrset(&draft->writer, &apex->rrset, apex->rrset.ttl_s, 0);
	draft_end(draft);
}

/* Breaks a finished message in one of several ways, none of which leaves it well formed. */
static void
garble(struct draft *draft)
{
	struct sim_response *response = draft->response;

	response->set_count = 0;
	switch (qn_random_below(draft->random, 4)) {
	case 0: /* Ends inside its question or records. */
		response->len =
		    sim_between(draft->random, QN_HEADER_LEN + 1, (uint32_t)draft->writer.at - 1);
		break;
	case 1: /* A byte behind the end. */
		response->bytes[response->len++] = 0;
		break;
	case 2: /* One record more than there is. */
		qn_store_be16(response->bytes + 6, (uint16_t)(draft->counts[0] + 1));
		break;
	default: /* A question name that points at itself. */
		qn_store_be16(response->bytes + QN_HEADER_LEN, 0xc000 | QN_HEADER_LEN);
		break;
	}
}

static void
fold_case(struct sim_response *response)
{
	/* The name of the question stands uncompressed behind the header. */
	for (uint8_t *at = response->bytes + QN_HEADER_LEN; *at != 0;)
		for (unsigned left = *at++; left > 0; left--, at++)
			*at = qn_octet_lower(*at);
}

/* Another id, or another type in the question: the message is not the reply to the query. */
static void
answer_beside(struct draft *draft, bool other_id)
{
	struct qn_message *query = &draft->query;

	if (other_id)
		query->id = (uint16_t)(query->id + sim_between(draft->random, 1, UINT16_MAX));
	else
		query->question.type = (uint16_t)(query->question.type + 1);
	answer_honestly(draft);
	draft->response->set_count = 0;
}

/* What is not understood is not given back either. */
static void
answer_edns_error(struct draft *draft, uint16_t rcode)
{
	if (!draft->query.edns.present) {
		answer_honestly(draft);
		return;
	}
	draft->query.edns.present = false;
	draft_empty(draft, rcode, 0);
}

static void
delay_by_seconds(struct draft *draft)
{
	draft->response->delay_us += SLOW_LEAST_US + qn_random_below(draft->random, SLOW_SPREAD_US);
}

/* Makes the cookie for the reply; false when the query's lacks what the server wants. */
static bool
take_cookie(struct draft *draft)
{
	struct qn_view data;

	draft->cookie_len = 0;
	if (!draft->server->has_cookies || !draft->query.edns.present)
		return true;
	if (!qn_edns_option_find(&draft->query.edns, QN_EDNS_COOKIE, &data) ||
	    data.len < QN_COOKIE_CLIENT_LEN)
		return true;
	/* A secret that changes: cookies of the first epoch are worthless in the second. */
	memset(draft->cookie, 0xc0, sizeof(draft->cookie));
	memcpy(draft->cookie, data.data, QN_COOKIE_CLIENT_LEN);
	qn_store_be16(draft->cookie + QN_COOKIE_CLIENT_LEN, draft->server->host);
	draft->cookie[COOKIE_LEN - 1] = (uint8_t)sim_world_epoch(draft->world, draft->now);
	draft->cookie_len = COOKIE_LEN;
	return !draft->server->wants_cookies ||
	       (data.len == COOKIE_LEN && memcmp(data.data, draft->cookie, COOKIE_LEN) == 0);
}

/* Writes what the server's manner has it say; false when that is nothing. */
static bool
answer_by_manner(struct draft *draft, bool tcp)
{
	switch (draft->server->manner) {
	case SIM_SILENT:
		return false;
	case SIM_SLOW:
		delay_by_seconds(draft);
		break;
	case SIM_LAME:
		answer_lame(draft);
		return true;
	case SIM_RECURSING:
		draft_empty(draft, QN_RCODE_NOERROR, QN_FLAG_RA);
		return true;
	case SIM_REFUSING:
		draft_empty(draft, QN_RCODE_REFUSED, 0);
		return true;
	case SIM_FAILING:
		draft_empty(draft, QN_RCODE_SERVFAIL, 0);
		return true;
	case SIM_EDNS_FORMERR:
		answer_edns_error(draft, QN_RCODE_FORMERR);
		return true;
	case SIM_EDNS_NOTIMP:
		answer_edns_error(draft, QN_RCODE_NOTIMP);
		return true;
	case SIM_DRIPPING:
	case SIM_TRUNCATING:
		if (!tcp) {
			draft_empty(draft, QN_RCODE_NOERROR, QN_FLAG_AA | QN_FLAG_TC);
			return true;
		}
		if (draft->server->manner == SIM_DRIPPING)
			delay_by_seconds(draft);
		break;
	case SIM_MISNUMBERING:
		if (tcp)
			break;
		answer_beside(draft, true);
		return true;
	case SIM_MISQUOTING:
		answer_beside(draft, false);
		return true;
	case SIM_BOMB:
	case SIM_BOTTOMLESS:
	case SIM_ALIASING:
		answer_wild(draft);
		return true;
	case SIM_HONEST:
	case SIM_LOSSY:
	case SIM_CASE_FOLDING:
	case SIM_GARBLING:
	case SIM_CUT_DENYING:
	case SIM_MANNER_COUNT:
		break;
	}
	answer_honestly(draft);
	return true;
}

bool
sim_server_respond(struct sim_response *response, const struct sim_world *world,
    struct sim_server *server, const struct qn_message *query, bool tcp, struct qn_random *random,
    struct qn_mono now)
{
	struct draft draft;

	draft.response = response;
	draft.world = world;
	draft.server = server;
	draft.query = *query;
	draft.random = random;
	draft.now = now;
	response->delay_us = server->delay_us;
	if (server->jitter_us > 0)
		response->delay_us += qn_random_below(random, (uint32_t)server->jitter_us);
	if (sim_server_is_down(server, now) || (sim_chance(random, server->loss_percent) && !tcp))
		return false;
	if (!take_cookie(&draft) && !tcp)
		draft_empty(&draft, QN_RCODE_BADCOOKIE, 0);
	else if (!answer_by_manner(&draft, tcp))
		return false;
	draft_limit(&draft, tcp);
	if (server->manner == SIM_GARBLING)
		garble(&draft);
	if (server->manner == SIM_CASE_FOLDING)
		fold_case(response);
	return true;
}

/* --- Forgery ---------------------------------------------------------------------------- */

size_t
sim_server_poison(struct qn_span bytes, uint16_t id, const struct qn_question *question,
    const struct qn_edns *edns, struct qn_view cookie)
{
	const struct qn_address ipv4 = sim_poison_address(QN_FAMILY_IPV4, 2);
	const struct qn_address ipv6 = sim_poison_address(QN_FAMILY_IPV6, 2);
	struct qn_writer writer = qn_writer_of(bytes);
	struct qn_view rdata;
	struct qn_name elsewhere;
	uint16_t type = question->type;

	if (type == QN_TYPE_A) {
		rdata = (struct qn_view){ipv4.octets, qn_family_octets(QN_FAMILY_IPV4)};
	} else if (type == QN_TYPE_AAAA) {
		rdata = (struct qn_view){ipv6.octets, qn_family_octets(QN_FAMILY_IPV6)};
	} else {
		type = QN_TYPE_CNAME;
		name_below(&elsewhere, "poison", &qn_name_root);
		rdata = qn_name_view(&elsewhere);
	}
	qn_write_header(&writer, id, QN_FLAG_QR | QN_FLAG_AA, 1);
	qn_write_question(&writer, question);
	qn_write_record(&writer, &question->name, type, QN_CLASS_IN, POISON_TTL_S, rdata);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, 1);
	if (edns->present)
		write_opt(&writer, 0, QN_RCODE_NOERROR, cookie);
	qn_assert(!writer.overflowed);
	return writer.at;
}
