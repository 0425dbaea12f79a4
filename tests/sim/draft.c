/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/draft.h"

#define UDP_SIZE_PLAIN 512

void
sim_write_opt(
    struct qn_writer *writer, uint16_t additional_count, uint16_t rcode, struct qn_view cookie)
{
	const size_t opt_at = qn_write_edns_begin(writer, QN_EDNS_UDP_BUFFER, rcode, false);

	if (cookie.len > 0)
		qn_write_edns_option(writer, QN_EDNS_COOKIE, cookie);
	qn_write_edns_end(writer, opt_at);
	qn_write_section_count(writer, QN_SECTION_ADDITIONAL, (uint16_t)(additional_count + 1));
}

void
sim_name_below(struct qn_name *name, const char *label, const struct qn_name *parent)
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

void
sim_draft_record(struct sim_draft *draft, enum qn_section section, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, struct qn_view rdata)
{
	if (!draft->server->compresses)
		qn_writer_keep_names(&draft->writer, 0);
	qn_write_record(&draft->writer, owner, type, QN_CLASS_IN, ttl_s, rdata);
	draft->counts[section]++;
}

static void
draft_part(struct sim_draft *draft, const struct sim_part *part)
{
	const struct qn_rrset *rrset = &part->set->rrset;
	struct qn_view rest = rrset->rdatas;
	struct qn_view rdata;

	if (part->synthesized) {
		sim_draft_record(draft, part->section, &part->owner, QN_TYPE_CNAME, rrset->ttl_s,
		    qn_name_view(&part->target));
		return;
	}
	while (qn_rdatas_next(&rest, &rdata))
		sim_draft_record(
		    draft, part->section, &part->owner, rrset->type, rrset->ttl_s, rdata);
}

static void
draft_section(struct sim_draft *draft, enum qn_section section)
{
	const struct sim_reply *reply = &draft->reply;

	for (uint8_t i = 0; i < reply->part_count; i++)
		if (reply->parts[i].section == section)
			draft_part(draft, &reply->parts[i]);
}

void
sim_draft_begin(struct sim_draft *draft, uint16_t rcode, uint16_t flags)
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

void
sim_draft_end(struct sim_draft *draft)
{
	for (unsigned i = 0; i < QN_SECTION_COUNT; i++)
		qn_write_section_count(&draft->writer, (enum qn_section)i, draft->counts[i]);
	if (draft->query.edns.present)
		sim_write_opt(&draft->writer, draft->counts[QN_SECTION_ADDITIONAL], draft->rcode,
		    (struct qn_view){draft->cookie, draft->cookie_len});
	draft->response->len = draft->writer.overflowed ? SIZE_MAX : draft->writer.at;
}

void
sim_draft_empty(struct sim_draft *draft, uint16_t rcode, uint16_t flags)
{
	sim_draft_begin(draft, rcode, flags);
	sim_draft_end(draft);
}

static void
draft_reply(struct sim_draft *draft)
{
	const struct sim_reply *reply = &draft->reply;
	struct sim_response *response = draft->response;

	sim_draft_begin(draft, reply->rcode, reply->authoritative ? QN_FLAG_AA : 0);
	draft_section(draft, QN_SECTION_ANSWER);
	sim_lie_in_answer(draft);
	draft_section(draft, QN_SECTION_AUTHORITY);
	sim_lie_in_authority(draft);
	draft_section(draft, QN_SECTION_ADDITIONAL);
	sim_lie_in_additional(draft);
	sim_draft_end(draft);
	for (uint8_t i = 0; i < reply->part_count; i++)
		response->sets[response->set_count++] =
		    (uint16_t)(reply->parts[i].set - draft->world->sets);
}

void
sim_draft_limit(struct sim_draft *draft, bool tcp)
{
	const struct qn_edns *edns = &draft->query.edns;
	const size_t offered =
	    edns->present && edns->udp_size > UDP_SIZE_PLAIN ? edns->udp_size : UDP_SIZE_PLAIN;
	const size_t limit = tcp ? SIM_RESPONSE_MAX : offered;

	if (draft->response->len > limit)
		sim_draft_empty(draft, QN_RCODE_NOERROR, QN_FLAG_AA | QN_FLAG_TC);
}

void
sim_draft_honest(struct sim_draft *draft)
{
	sim_authority_answer(
	    &draft->reply, draft->world, draft->server, &draft->query.question, draft->now);
	sim_lie_about_dnames(draft);
	draft_reply(draft);
}
