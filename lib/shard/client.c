/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/client.h"

#include "base/endian.h"

#include <string.h>

#define OPT_LEN        11
#define OPTION_LEN     4
#define EDE_LEN        2
#define KEEPALIVE_LEN  2
#define ANY_TTL_S      3600
#define CHAOS_TEXT_MAX 255

/* Parts of a record: type and class, TTL, and the length of the rdata. */
#define TYPE_CLASS_LEN 4
#define TTL_LEN        4
#define TTL_LENGTH_LEN 6

/* --- Reading ---------------------------------------------------------------------------- */

/* Whether a type can be asked for at all: not one that stands for a message or a transfer. */
static bool
type_is_meta(uint16_t type)
{
	return type == 0 || type == QN_TYPE_OPT || (type >= QN_TYPE_TKEY && type < QN_TYPE_ANY);
}

static void
query_read_edns(struct qn_client_query *query, const struct qn_edns *edns)
{
	struct qn_view data;

	query->has_edns = edns->present;
	query->size_max = qn_client_udp_size(edns->present ? edns->udp_size : 0);
	query->dnssec_ok = edns->present && edns->dnssec_ok;
	query->wants_nsid = edns->present && qn_edns_option_find(edns, QN_EDNS_NSID, &data);
	query->wants_keepalive =
	    edns->present && qn_edns_option_find(edns, QN_EDNS_KEEPALIVE, &data);
	query->wants_padding = edns->present && qn_edns_option_find(edns, QN_EDNS_PADDING, &data);
	query->idle_ds = 0;
	query->cookie.len = 0;
}

/* False when there is a cookie of a length that none has. */
static bool
query_read_cookie(struct qn_client_query *query, const struct qn_edns *edns)
{
	struct qn_view data;

	return !edns->present || !qn_edns_option_find(edns, QN_EDNS_COOKIE, &data) ||
	       qn_cookie_read(&query->cookie, data);
}

/* A message without a question may ask for a cookie (RFC 7873 s5.4). */
static enum qn_client_verdict
no_question_judge(struct qn_client_query *query, const struct qn_message *message)
{
	if (message->question_count == 0 && message->edns.version == 0 &&
	    query_read_cookie(query, &message->edns) && query->cookie.len != 0)
		return QN_CLIENT_COOKIE;
	return QN_CLIENT_FORMERR;
}

static enum qn_client_verdict
question_judge(uint16_t type, uint16_t class)
{
	if (class == QN_CLASS_CH)
		return QN_CLIENT_CHAOS;
	if (class != QN_CLASS_IN || type_is_meta(type))
		return QN_CLIENT_NOTIMP;
	return type == QN_TYPE_ANY ? QN_CLIENT_ANY : QN_CLIENT_RESOLVE;
}

bool
qn_client_resolves(uint16_t type, uint16_t class)
{
	return question_judge(type, class) == QN_CLIENT_RESOLVE;
}

enum qn_client_verdict
qn_client_read(struct qn_client_query *query, struct qn_view datagram)
{
	struct qn_message message;
	const enum qn_message_status status = qn_message_read(&message, datagram);

	if (status == QN_MESSAGE_NO_HEADER)
		return QN_CLIENT_RUNT;
	if (message.flags & QN_FLAG_QR)
		return QN_CLIENT_NOT_QUERY;
	query->id = message.id;
	query->flags = message.flags;
	query->has_question = status != QN_MESSAGE_NO_QUESTION && message.question_count == 1;
	query_read_edns(query, status == QN_MESSAGE_OK ? &message.edns : &(struct qn_edns){0});
	if (QN_FLAGS_OPCODE(message.flags) != QN_OPCODE_QUERY) {
		query->has_question = false;
		return QN_CLIENT_NOTIMP;
	}
	if (!query->has_question)
		return status == QN_MESSAGE_OK ? no_question_judge(query, &message)
		                               : QN_CLIENT_FORMERR;
	query->question.type = message.question.type;
	query->question.class = message.question.class;
	qn_name_copy(&query->question.name, &message.question.name);
	if (status != QN_MESSAGE_OK)
		return QN_CLIENT_FORMERR;
	if (message.edns.present && message.edns.version != 0)
		return QN_CLIENT_BADVERS;
	if (!query_read_cookie(query, &message.edns))
		return QN_CLIENT_FORMERR; /* RFC 7873 s5.2.2. */
	return question_judge(query->question.type, query->question.class);
}

/* --- Writing ---------------------------------------------------------------------------- */

static void
write_head(
    struct qn_writer *writer, const struct qn_client_query *query, const struct qn_answer *answer)
{
	const uint16_t kept = query->flags & (0x7800u | QN_FLAG_RD | QN_FLAG_CD);
	const uint16_t aa = answer->authoritative ? QN_FLAG_AA : 0;
	const uint16_t flags =
	    (uint16_t)(QN_FLAG_QR | QN_FLAG_RA | aa | kept | (answer->rcode & 0xf));

	qn_write_header(writer, query->id, flags, query->has_question);
	if (query->has_question)
		qn_write_question(writer, &query->question);
}

static size_t
edns_len(const struct qn_client_query *query, uint16_t ede, const char *node_id)
{
	if (!query->has_edns)
		return 0;
	return OPT_LEN + (query->wants_nsid ? OPTION_LEN + strlen(node_id) : 0) +
	       (query->cookie.len != 0 ? OPTION_LEN + (size_t)query->cookie.len : 0) +
	       (query->wants_keepalive ? OPTION_LEN + KEEPALIVE_LEN : 0) +
	       (ede != QN_EDE_NONE ? OPTION_LEN + EDE_LEN : 0) +
	       (query->wants_padding ? OPTION_LEN : 0);
}

/* Fills the message up to the next multiple of a block, or as far as there is room. */
static void
write_padding(struct qn_writer *writer)
{
	static const uint8_t zeros[QN_CLIENT_PADDING_BLOCK];
	const size_t len = writer->at + OPTION_LEN;
	const size_t over = len % QN_CLIENT_PADDING_BLOCK;
	const size_t wanted = over == 0 ? 0 : QN_CLIENT_PADDING_BLOCK - over;
	const size_t room = writer->cap - len;

	qn_write_edns_option(
	    writer, QN_EDNS_PADDING, (struct qn_view){zeros, wanted < room ? wanted : room});
}

static void
write_edns(struct qn_writer *writer, const struct qn_client_query *query, uint16_t rcode,
    uint16_t ede, const char *node_id)
{
	uint8_t code[EDE_LEN], idle[KEEPALIVE_LEN];

	if (!query->has_edns)
		return;
	const size_t opt_at =
	    qn_write_edns_begin(writer, QN_EDNS_UDP_BUFFER, rcode, query->dnssec_ok);

	if (query->wants_nsid)
		qn_write_edns_option(writer, QN_EDNS_NSID,
		    (struct qn_view){(const uint8_t *)node_id, strlen(node_id)});
	if (query->cookie.len != 0)
		qn_write_edns_option(writer, QN_EDNS_COOKIE,
		    (struct qn_view){query->cookie.octets, query->cookie.len});
	if (query->wants_keepalive) {
		qn_store_be16(idle, query->idle_ds);
		qn_write_edns_option(
		    writer, QN_EDNS_KEEPALIVE, (struct qn_view){idle, sizeof(idle)});
	}
	if (ede != QN_EDE_NONE) {
		qn_store_be16(code, ede);
		qn_write_edns_option(writer, QN_EDNS_ERROR, (struct qn_view){code, sizeof(code)});
	}
	if (query->wants_padding)
		write_padding(writer);
	qn_write_edns_end(writer, opt_at);
	qn_write_section_count(writer, QN_SECTION_ADDITIONAL, 1);
}

/* Whether the owners at two places of a message are one name. */
static bool
owners_equal(struct qn_view message, size_t a, size_t b)
{
	struct qn_reader reader = qn_reader_of(message);
	struct qn_name name_a, name_b;

	/* The records of an RRset mostly have the same pointer. */
	if (message.data[a] > QN_LABEL_MAX && memcmp(message.data + a, message.data + b, 2) == 0)
		return true;
	reader.at = a;
	qn_read_name(&reader, &name_a);
	reader.at = b;
	qn_read_name(&reader, &name_b);
	return qn_name_equal(&name_a, &name_b);
}

/*
 * The longest run of whole RRsets of the answer section that ends within `limit`. Of
 * `message`, the records stand at `records_at`; what is far behind `limit` may be missing.
 */
static struct qn_answer_part
find_cut(struct qn_view message, size_t records_at, const struct qn_answer *answer, size_t limit)
{
	const uint8_t *records = answer->records.data;
	struct qn_answer_part whole = {0, 0};
	struct qn_answer_part open = {0, 0};
	uint16_t last_type = 0;
	size_t last_at = 0;

	for (uint16_t i = 0; i < answer->answer_count; i++) {
		const size_t at = records_at + open.len;
		const size_t ttl_at = qn_load_be16(answer->ttl_places.data + 2 * (size_t)i);
		const uint16_t type = qn_load_be16(records + ttl_at - TYPE_CLASS_LEN);

		if (i == 0 || type != last_type || !owners_equal(message, last_at, at))
			whole = open;
		open.len = ttl_at + TTL_LENGTH_LEN + qn_load_be16(records + ttl_at + TTL_LEN);
		open.record_count++;
		if (records_at + open.len > limit)
			return whole;
		last_type = type;
		last_at = at;
	}
	return open;
}

/*
 * Writes as many whole RRsets as end within `limit`, with TC, behind the question that
 * `writer` ends with. Looks at no more of the answer than that: who asks for a large one in
 * small pieces must not cost more than others.
 */
static void
write_truncated(struct qn_writer *writer, const struct qn_answer *answer, uint32_t age_s,
    size_t limit, uint8_t *scratch)
{
	/* The first record that does not fit begins within the limit: its owner has to be read. */
	const size_t records_at = writer->at;
	const size_t most = limit - records_at + QN_NAME_MAX;
	const size_t len = answer->records.len < most ? answer->records.len : most;

	memcpy(scratch, writer->data, records_at);
	memcpy(scratch + records_at, answer->records.data, len);
	const struct qn_answer_part cut =
	    find_cut((struct qn_view){scratch, records_at + len}, records_at, answer, limit);

	qn_store_be16(writer->data + 2, (uint16_t)(qn_load_be16(writer->data + 2) | QN_FLAG_TC));
	qn_answer_write_part(writer, answer, cut, age_s);
	qn_write_section_count(writer, QN_SECTION_ANSWER, cut.record_count);
}

size_t
qn_client_reply(struct qn_span payload, const struct qn_client_query *query,
    const struct qn_answer *answer, uint32_t age_s, const char *node_id, uint8_t *scratch,
    bool *truncated)
{
	const size_t opt_len = edns_len(query, answer->ede, node_id);
	const size_t room = payload.len < query->size_max ? payload.len : query->size_max;
	struct qn_writer writer = qn_writer_of((struct qn_span){payload.data, room - opt_len});

	qn_assert(room >= QN_HEADER_LEN + QN_NAME_MAX + 4 + opt_len);
	write_head(&writer, query, answer);
	const struct qn_writer_mark mark = qn_writer_mark(&writer);

	qn_answer_write(&writer, answer, age_s);
	*truncated = writer.overflowed;
	if (*truncated) {
		qn_writer_rewind(&writer, mark);
		write_truncated(&writer, answer, age_s, room - opt_len, scratch);
	} else {
		qn_write_section_count(&writer, QN_SECTION_ANSWER, answer->answer_count);
		qn_write_section_count(&writer, QN_SECTION_AUTHORITY, answer->authority_count);
	}
	writer.cap = room;
	write_edns(&writer, query, answer->rcode, answer->ede, node_id);
	qn_assert(!writer.overflowed);
	return writer.at;
}

/* --- Answers made here ------------------------------------------------------------------ */

/* Makes an answer of one record for `question`. */
static size_t
answer_of_record(struct qn_span value, const struct qn_question *question, uint16_t type,
    uint32_t ttl_s, struct qn_view rdata)
{
	uint8_t buffer[QN_HEADER_LEN + 2 * QN_NAME_MAX + 4 + 10 + 1 + CHAOS_TEXT_MAX];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, question);
	qn_write_record(&writer, &question->name, type, question->class, ttl_s, rdata);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, 1);
	qn_assert(!writer.overflowed);
	return qn_answer_encode(
	    value, (struct qn_view){writer.data, writer.at}, QN_RCODE_NOERROR, QN_EDE_NONE);
}

static bool
question_is(const struct qn_question *question, const char *text)
{
	struct qn_name name;

	return qn_name_from_text(&name, text, strlen(text)) &&
	       qn_name_equal(&question->name, &name);
}

static size_t
answer_refused(struct qn_span value, const struct qn_question *question)
{
	uint8_t buffer[QN_HEADER_LEN + QN_NAME_MAX + 4];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, question);
	return qn_answer_encode(
	    value, (struct qn_view){writer.data, writer.at}, QN_RCODE_REFUSED, QN_EDE_NONE);
}

size_t
qn_client_chaos(struct qn_span value, const struct qn_question *question, const char *node_id,
    const char *version)
{
	const char *text = "";
	uint8_t rdata[1 + CHAOS_TEXT_MAX];

	if (question_is(question, "id.server") || question_is(question, "hostname.bind"))
		text = node_id;
	else if (question_is(question, "version.bind") || question_is(question, "version.server"))
		text = version;
	if (text[0] == 0 || (question->type != QN_TYPE_TXT && question->type != QN_TYPE_ANY))
		return answer_refused(value, question);
	const size_t len = strlen(text);

	qn_assert(len <= CHAOS_TEXT_MAX);
	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	return answer_of_record(value, question, QN_TYPE_TXT, 0, (struct qn_view){rdata, 1 + len});
}

size_t
qn_client_any(struct qn_span value, const struct qn_question *question)
{
	static const uint8_t rdata[] = {7, 'R', 'F', 'C', '8', '4', '8', '2', 0};

	return answer_of_record(
	    value, question, QN_TYPE_HINFO, ANY_TTL_S, (struct qn_view){rdata, sizeof(rdata)});
}
