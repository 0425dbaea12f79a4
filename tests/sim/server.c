/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/cookie.h"
#include "sim/draft.h"

#define SLOW_LEAST_US  (2 * QN_US_PER_S)
#define SLOW_SPREAD_US (6 * QN_US_PER_S)

/* --- Manners ---------------------------------------------------------------------------- */

static void
answer_lame(struct sim_draft *draft)
{
	const struct sim_set *apex =
	    sim_zone_set(&draft->world->zones[0], 0, &qn_name_root, QN_TYPE_NS);

	sim_draft_begin(draft, QN_RCODE_NOERROR, 0);
	draft->counts[QN_SECTION_AUTHORITY] =
	    qn_write_rrset(&draft->writer, &apex->rrset, apex->rrset.ttl_s, 0);
	sim_draft_end(draft);
}

/* Breaks a finished message in one of several ways, none of which leaves it well formed. */
static void
garble(struct sim_draft *draft)
{
	struct sim_response *response = draft->response;

	response->set_count = 0;
	switch (qn_random_below(draft->random, 4)) {
	case 0: /* Ends inside its question or records. */
		response->len =
		    sim_between(draft->random, QN_HEADER_LEN + 1, (uint32_t)draft->writer.at - 1);
		break;
	case 1: /* A byte behind the end. */
		if (response->len < SIM_RESPONSE_MAX)
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
answer_beside(struct sim_draft *draft, bool other_id)
{
	struct qn_message *query = &draft->query;

	if (other_id)
		query->id = (uint16_t)(query->id + sim_between(draft->random, 1, UINT16_MAX));
	else
		query->question.type = (uint16_t)(query->question.type + 1);
	sim_draft_honest(draft);
	draft->response->set_count = 0;
}

/* What is not understood is not given back either. */
static void
answer_edns_error(struct sim_draft *draft, uint16_t rcode)
{
	if (!draft->query.edns.present) {
		sim_draft_honest(draft);
		return;
	}
	draft->query.edns.present = false;
	sim_draft_empty(draft, rcode, 0);
	if (draft->server->terse) {
		draft->response->len = QN_HEADER_LEN;
		qn_store_be16(draft->response->bytes + 4, 0);
	}
}

static void
delay_by_seconds(struct sim_draft *draft)
{
	draft->response->delay_us += SLOW_LEAST_US + qn_random_below(draft->random, SLOW_SPREAD_US);
}

/* Makes the cookie for the reply; false when the query's lacks what the server wants. */
static bool
take_cookie(struct sim_draft *draft)
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
	draft->cookie[SIM_COOKIE_MAX - 1] = (uint8_t)sim_world_epoch(draft->world, draft->now);
	draft->cookie_len = SIM_COOKIE_MAX;
	return !draft->server->wants_cookies ||
	       (data.len == SIM_COOKIE_MAX &&
		   memcmp(data.data, draft->cookie, SIM_COOKIE_MAX) == 0);
}

/* Writes what the server's manner has it say; false when that is nothing. */
static bool
answer_by_manner(struct sim_draft *draft, bool tcp)
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
		sim_draft_empty(draft, QN_RCODE_NOERROR, QN_FLAG_RA);
		return true;
	case SIM_REFUSING:
		sim_draft_empty(draft, QN_RCODE_REFUSED, 0);
		return true;
	case SIM_FAILING:
		sim_draft_empty(draft, QN_RCODE_SERVFAIL, 0);
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
			sim_draft_empty(draft, QN_RCODE_NOERROR, QN_FLAG_AA | QN_FLAG_TC);
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
		sim_answer_wild(draft);
		return true;
	case SIM_HONEST:
	case SIM_LOSSY:
	case SIM_CASE_FOLDING:
	case SIM_GARBLING:
	case SIM_CUT_DENYING:
	case SIM_MANNER_COUNT:
		break;
	}
	sim_draft_honest(draft);
	return true;
}

bool
sim_server_respond(struct sim_response *response, const struct sim_world *world,
    struct sim_server *server, const struct qn_message *query, bool tcp, struct qn_random *random,
    struct qn_mono now)
{
	struct sim_draft draft;

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
		sim_draft_empty(&draft, QN_RCODE_BADCOOKIE, 0);
	else if (!answer_by_manner(&draft, tcp))
		return false;
	sim_draft_limit(&draft, tcp);
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
		sim_name_below(&elsewhere, "poison", &qn_name_root);
		rdata = qn_name_view(&elsewhere);
	}
	qn_write_header(&writer, id, QN_FLAG_QR | QN_FLAG_AA, 1);
	qn_write_question(&writer, question);
	qn_write_record(&writer, &question->name, type, QN_CLASS_IN, SIM_POISON_TTL_S, rdata);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, 1);
	if (edns->present)
		sim_write_opt(&writer, 0, QN_RCODE_NOERROR, cookie);
	qn_assert(!writer.overflowed);
	return writer.at;
}
