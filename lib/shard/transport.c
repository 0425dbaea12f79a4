/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/transport.h"

#include "base/broken.h"

#include <string.h>

void
qn_transport_init(struct qn_transport_table *transport, struct qn_arena *arena, uint32_t slot_count,
    uint16_t worker, struct qn_port_table *ports, const uint8_t seed[QN_RANDOM_SEED_LEN])
{
	struct qn_sent *slots = qn_arena_take(arena, slot_count * sizeof(*slots));

	if (slots == NULL)
		return;
	transport->slots = slots;
	transport->slot_count = slot_count;
	transport->worker = worker;
	transport->tcp = false;
	transport->ports = ports;
	transport->held_try = (struct qn_mono){0};
	qn_random_init(&transport->random, seed);
	qn_list_init(&transport->held);
	qn_list_init(&transport->streams);
	for (uint32_t i = 0; i < slot_count; i++)
		qn_list_init(&slots[i].link);
}

/* Sets the case of each letter by a coin. Length octets are below 64, so never letters. */
static void
name_randomize_case(struct qn_name *name, struct qn_random *random)
{
	uint32_t coins = 0;

	for (unsigned i = 0; i < name->len; i++) {
		const uint8_t lower = qn_octet_lower(name->octets[i]);

		if (i % 32 == 0)
			coins = qn_random_u32(random);
		if (lower >= 'a' && lower <= 'z')
			name->octets[i] = (uint8_t)(lower ^ (coins & 1) << 5);
		coins >>= 1;
	}
}

struct qn_sent *
qn_transport_open(struct qn_transport_table *transport, const struct qn_upstream_query *query)
{
	qn_assert(query->slot < transport->slot_count);
	struct qn_sent *sent = &transport->slots[query->slot];

	qn_assert(!sent->open);
	if (query->transport == QN_TRANSPORT_UDP) {
		sent->port = qn_port_claim(
		    transport->ports, &transport->random, transport->worker, query->slot);
		if (sent->port == 0)
			return NULL;
	}
	sent->open = true;
	sent->generation++;
	sent->query = *query;
	sent->id = (uint16_t)qn_random_u32(&transport->random);
	qn_name_copy(&sent->name, &query->question->name);
	if (query->mix_case)
		name_randomize_case(&sent->name, &transport->random);
	return sent;
}

void
qn_transport_release(struct qn_transport_table *transport, uint32_t slot)
{
	struct qn_sent *sent = &transport->slots[slot];

	qn_list_remove(&sent->link);
	if (sent->port != 0 && !QN_BREAK(port))
		qn_port_release(transport->ports, sent->port, transport->worker, slot);
	sent->port = 0;
	sent->open = false;
}

uint64_t
qn_transport_stream_token(const struct qn_sent *sent)
{
	return (uint64_t)sent->generation << 32 | sent->query.slot;
}

struct qn_sent *
qn_transport_stream(struct qn_transport_table *transport, uint64_t token)
{
	const uint32_t slot = (uint32_t)token;

	qn_assert(slot < transport->slot_count);
	struct qn_sent *sent = &transport->slots[slot];

	return sent->open && sent->generation == token >> 32 ? sent : NULL;
}

size_t
qn_transport_write(const struct qn_sent *sent, struct qn_span payload)
{
	struct qn_writer writer = qn_writer_of(payload);

	qn_write_header(&writer, sent->id, sent->query.recursion_desired ? QN_FLAG_RD : 0, 1);
	qn_write_name_full(&writer, &sent->name);
	qn_write_u16(&writer, sent->query.question->type);
	qn_write_u16(&writer, sent->query.question->class);
	if (sent->query.edns) {
		const size_t opt_at =
		    qn_write_edns_begin(&writer, QN_EDNS_UDP_BUFFER, QN_RCODE_NOERROR, false);

		qn_write_edns_option(&writer, QN_EDNS_COOKIE,
		    (struct qn_view){sent->query.cookie.octets, sent->query.cookie.len});
		qn_write_edns_end(&writer, opt_at);
		qn_write_section_count(&writer, QN_SECTION_ADDITIONAL, 1);
	}
	qn_assert(!writer.overflowed);
	return writer.at;
}

/* Some servers return errors without the question (RFC 1035 s4.1.1 does not forbid it). */
static bool
error_without_question(const struct qn_message *message)
{
	const uint16_t rcode = QN_FLAGS_RCODE(message->flags);

	return message->question_count == 0 &&
	       (rcode == QN_RCODE_FORMERR || rcode == QN_RCODE_NOTIMP);
}

/* A cookie in a reply has to bring our part back. */
static bool
cookie_matches(const struct qn_sent *sent, const struct qn_edns *edns)
{
	struct qn_cookie cookie;
	struct qn_view data;

	if (!sent->query.edns || !qn_edns_option_find(edns, QN_EDNS_COOKIE, &data))
		return true;
	return qn_cookie_read(&cookie, data) &&
	       memcmp(cookie.octets, sent->query.cookie.octets, QN_COOKIE_CLIENT_LEN) == 0;
}

/* Whether a server that has given us a cookie before sends none now (RFC 7873 s5.3). */
static bool
cookie_is_missing(const struct qn_sent *sent, const struct qn_edns *edns)
{
	struct qn_view data;

	return sent->query.edns && sent->query.cookie.len > QN_COOKIE_CLIENT_LEN &&
	       !qn_edns_option_find(edns, QN_EDNS_COOKIE, &data);
}

bool
qn_transport_case_kept(const struct qn_sent *sent, const struct qn_message *message)
{
	return QN_BREAK(letter_case) || !sent->query.mix_case || message->question_count == 0 ||
	       qn_name_equal_case(&message->question.name, &sent->name);
}

/*
 * Reads a datagram. One that says it was cut off may end inside a record, as some senders and
 * middleboxes have it: its header and question will do, since what else is left of it is not
 * used (RFC 2181 s9).
 */
static bool
datagram_read(struct qn_message *message, struct qn_view bytes)
{
	const enum qn_message_status status = qn_message_read(message, bytes);

	if (status != QN_MESSAGE_BROKEN || !(message->flags & QN_FLAG_TC))
		return status == QN_MESSAGE_OK;
	message->bytes.len = message->records_at;
	message->edns = (struct qn_edns){.present = false};
	memset(message->record_counts, 0, sizeof(message->record_counts));
	return true;
}

/* Compares a message that could be read with what was sent. */
static enum qn_transport_match
message_match(const struct qn_sent *sent, const struct qn_message *message)
{
	if (!(message->flags & QN_FLAG_QR) || QN_FLAGS_OPCODE(message->flags) != QN_OPCODE_QUERY)
		return QN_MATCH_BROKEN;
	if (message->id != sent->id && !QN_BREAK(id))
		return QN_MATCH_WRONG_ID;
	if (error_without_question(message))
		return QN_MATCH_REPLY;
	if (QN_BREAK(question))
		return QN_MATCH_REPLY;
	if (message->question_count != 1 || message->question.type != sent->query.question->type ||
	    message->question.class != sent->query.question->class ||
	    !qn_name_equal(&message->question.name, &sent->name))
		return QN_MATCH_WRONG_QUESTION;
	return cookie_matches(sent, &message->edns) ? QN_MATCH_REPLY : QN_MATCH_WRONG_COOKIE;
}

enum qn_transport_match
qn_transport_match_stream(
    const struct qn_sent *sent, struct qn_view bytes, struct qn_message *message)
{
	return qn_message_read(message, bytes) == QN_MESSAGE_OK ? message_match(sent, message)
	                                                        : QN_MATCH_BROKEN;
}

enum qn_transport_match
qn_transport_match(const struct qn_transport_table *transport, uint32_t slot,
    const struct qn_frame *frame, struct qn_view datagram, struct qn_message *message)
{
	if (slot >= transport->slot_count)
		return QN_MATCH_STRAY;
	const struct qn_sent *sent = &transport->slots[slot];

	if (sent->port == 0 || sent->port != frame->destination.port)
		return QN_MATCH_STRAY;
	if (QN_BREAK(peer))
		return qn_transport_match_stream(sent, datagram, message);
	if (frame->source.port != sent->query.server.port ||
	    !qn_address_equal(&frame->source.address, &sent->query.server.address) ||
	    !qn_address_equal(&frame->destination.address, &sent->local))
		return QN_MATCH_WRONG_PEER;
	if (!datagram_read(message, datagram))
		return QN_MATCH_BROKEN;
	const enum qn_transport_match match = message_match(sent, message);

	if (match != QN_MATCH_REPLY)
		return match;
	if (transport->tcp && cookie_is_missing(sent, &message->edns))
		return QN_MATCH_WRONG_COOKIE;
	return qn_transport_case_kept(sent, message) ? match : QN_MATCH_WRONG_CASE;
}
