/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain hits: what most packets of a busy node are, a burst at a time and with no detour.
 *
 * A plain query asks one question in class IN, its name not compressed, and brings at most an
 * OPT record without options. A plain hit is the fresh answer to one, without an extended
 * error, not about to end, and short enough for the client. Everything else is left to
 * qn_shard_input(), which would have made the very same packets: this is the same work without
 * copies of names, and in steps over the burst, each of which starts the memory loads of the
 * next. Hits that are not plain are told apart on the way, so that they need not wait with the
 * misses. The last step comes back to a reply when its stores have long been through, because a
 * checksum over what was just written would wait for them.
 */
#include "base/endian.h"
#include "policy/access.h"
#include "shard/shard_state.h"

#define FLAGS_AT          2
#define COUNTS_AT         4
#define NAME_AT           QN_HEADER_LEN
#define QUESTION_TAIL_LEN 4 /* Type and class. */

/* The counts of a plain query, as one number: one question, and an additional record or none. */
#define COUNTS_BARE 0x0001000000000000ull
#define COUNTS_EDNS 0x0001000000000001ull

/* An OPT record without options: root, type, size, upper rcode, version, flags, length. */
#define OPT_LEN        11
#define OPT_TYPE_AT    1
#define OPT_SIZE_AT    3
#define OPT_RCODE_AT   5 /* With version and flags behind it. */
#define OPT_VERSION_AT 6
#define OPT_FLAGS_AT   7
#define OPT_LENGTH_AT  9
#define OPT_FLAG_DO    0x8000u

/* The flags of a query that come back in the reply to a plain one. */
#define FLAGS_KEPT (QN_FLAG_RD | QN_FLAG_CD)

/* A query that may be a plain hit. */
struct plain {
	struct qn_frame frame;
	const struct qn_cache *cache; /* Of the question's home worker. */
	uint32_t place;               /* In the cache. */
	uint16_t index;               /* In the burst. */
	uint16_t records_at;          /* Behind the question, from the DNS header on. */
	uint16_t udp_size;
	uint16_t reply_len; /* 0: no plain hit. */
	bool is_known;      /* The cache has a fresh answer, be it plain or not. */
	bool has_edns;
	bool has_options;
	bool dnssec_ok;
	struct qn_cache_key key;
};

/* --- Reading ---------------------------------------------------------------------------- */

/* A question where it stands in its message. */
struct question {
	struct qn_view name;
	const uint8_t *top; /* The label in front of the root's; with the root, that. */
	uint16_t type;
	uint16_t class;
};

/* Reads a name that is not compressed, and ends within `message` with 4 octets behind it. */
static bool
name_read(struct question *question, struct qn_view message)
{
	const uint8_t *start = message.data + NAME_AT;
	const size_t room = message.len - NAME_AT - QUESTION_TAIL_LEN;
	const size_t most = room < QN_NAME_MAX ? room : QN_NAME_MAX;
	size_t at = 0;

	question->top = start;
	while (at < most && start[at] != 0) {
		if (start[at] > QN_LABEL_MAX)
			return false;
		question->top = start + at;
		at += start[at] + 1u;
	}
	question->name = (struct qn_view){start, at + 1};
	return at < most;
}

/* Takes what stands behind the question: nothing, or an OPT record. */
static bool
edns_read(struct plain *plain, struct qn_view rest)
{
	const uint8_t *opt = rest.data;

	plain->udp_size = QN_CLIENT_UDP_MIN;
	plain->dnssec_ok = false;
	plain->has_options = rest.len > OPT_LEN;
	if (!plain->has_edns)
		return rest.len == 0;
	if (rest.len < OPT_LEN || opt[0] != 0 || qn_load_be16(opt + OPT_TYPE_AT) != QN_TYPE_OPT ||
	    opt[OPT_VERSION_AT] != 0 || qn_load_be16(opt + OPT_LENGTH_AT) != rest.len - OPT_LEN)
		return false;
	plain->udp_size = qn_client_udp_size(qn_load_be16(opt + OPT_SIZE_AT));
	plain->dnssec_ok = (qn_load_be16(opt + OPT_FLAGS_AT) & OPT_FLAG_DO) != 0;
	return true;
}

/* Reads a query that is plain but for its options; false when it is none. */
static bool
query_read(struct plain *plain, struct question *question, struct qn_view message)
{
	if (message.len < NAME_AT + 1 + QUESTION_TAIL_LEN ||
	    (qn_load_be16(message.data + FLAGS_AT) & (QN_FLAG_QR | QN_FLAGS_OPCODE_MASK)) != 0)
		return false;
	const uint64_t counts = qn_load_be64(message.data + COUNTS_AT);

	plain->has_edns = counts == COUNTS_EDNS;
	if ((counts != COUNTS_BARE && counts != COUNTS_EDNS) || !name_read(question, message))
		return false;
	const uint8_t *tail = question->name.data + question->name.len;

	question->type = qn_load_be16(tail);
	question->class = qn_load_be16(tail + 2);
	plain->records_at = (uint16_t)(NAME_AT + question->name.len + QUESTION_TAIL_LEN);
	return edns_read(
	    plain, (struct qn_view){tail + QUESTION_TAIL_LEN, message.len - plain->records_at});
}

/* Whether the local data that the client sees have something to say, and with it the first word. */
static bool
is_local(
    const struct qn_shard *shard, const struct qn_address *client, const struct question *question)
{
	const struct qn_zones *local = qn_shard_local_of(shard->config, client);
	struct qn_zone_match match;
	struct qn_name name;

	if (local == NULL || !qn_zones_know_top(local, question->top))
		return false;
	name.len = (uint8_t)question->name.len;
	memcpy(name.octets, question->name.data, name.len);
	return qn_zones_find(local, &name, question->type, &match) != QN_ZONE_OUTSIDE;
}

/* First step: reads the frame, and finds out whether an answer in the cache would do. */
static enum qn_shard_hit
plain_read(struct qn_shard *shard, const struct qn_link *link, const struct qn_packet *packet,
    struct plain *plain)
{
	const struct qn_frame *frame = &plain->frame;
	struct question question;

	if (qn_frame_read(&plain->frame, qn_packet_view(packet)) != QN_FRAME_UDP ||
	    !qn_link_accepts(link, frame) || !qn_shard_is_service(shard, &frame->destination))
		return QN_SHARD_NO_QUERY;
	if (!query_read(plain, &question,
		(struct qn_view){packet->data + frame->payload_at, frame->payload_len}) ||
	    !qn_client_resolves(question.type, question.class) ||
	    qn_prefix_map_find(&shard->config->access, &frame->source.address) != QN_ACCESS_ALLOW ||
	    is_local(shard, &frame->source.address, &question))
		return QN_SHARD_NO_HIT;
	qn_cache_key_init_wire(
	    &plain->key, &shard->shared.hash_key, QN_CACHE_ANSWER, question.name, question.type);
	plain->cache = shard->shared.caches[qn_shard_home(shard, plain->key.hash)];
	plain->is_known = false;
	qn_cache_prefetch(plain->cache, &plain->key);
	return QN_SHARD_HIT;
}

/* --- Replying --------------------------------------------------------------------------- */

/* The OPT record of a reply with nothing more to say. */
static void
edns_write(uint8_t *opt, bool dnssec_ok)
{
	opt[0] = 0;
	qn_store_be16(opt + OPT_TYPE_AT, QN_TYPE_OPT);
	qn_store_be16(opt + OPT_SIZE_AT, QN_EDNS_UDP_BUFFER);
	qn_store_be32(opt + OPT_RCODE_AT, dnssec_ok ? OPT_FLAG_DO : 0);
	qn_store_be16(opt + OPT_LENGTH_AT, 0);
}

/* Writes `answer` round the question, which stays where it is; returns the length. */
static uint16_t
message_write(struct qn_span message, const struct plain *plain, const struct qn_answer *answer,
    uint32_t age_s)
{
	const uint16_t kept = qn_load_be16(message.data + FLAGS_AT) & FLAGS_KEPT;
	struct qn_writer writer = qn_writer_of(message);

	writer.at = plain->records_at;
	qn_answer_write(&writer, answer, age_s);
	if (plain->has_edns)
		edns_write(message.data + writer.at, plain->dnssec_ok);
	qn_store_be16(
	    message.data + FLAGS_AT, (uint16_t)(QN_FLAG_QR | QN_FLAG_RA | kept | answer->rcode));
	qn_store_be64(message.data + COUNTS_AT, COUNTS_BARE | (uint64_t)answer->answer_count << 32 |
						    (uint64_t)answer->authority_count << 16 |
						    plain->has_edns);
	return (uint16_t)(writer.at + (plain->has_edns ? OPT_LEN : 0));
}

/* Whether the answer goes out as it is, and with nothing else to be done. */
static bool
answer_is_plain(const struct plain *plain, const struct qn_answer *answer,
    const struct qn_cache_item *item, size_t room)
{
	const size_t len =
	    plain->records_at + answer->records.len + (plain->has_edns ? OPT_LEN : 0);

	return !plain->has_options && answer->ede == QN_EDE_NONE && answer->rcode <= 0xf &&
	       len <= plain->udp_size && len <= room && !qn_shard_ends_soon(item);
}

/* Last step but one: puts the answer into the packet; what is no plain hit stays untouched. */
static uint16_t
plain_reply(
    struct qn_shard *shard, struct plain *plain, const struct qn_packet *packet, struct qn_now now)
{
	const struct qn_span message = {
	    packet->data + plain->frame.payload_at, packet->capacity - plain->frame.payload_at};
	struct qn_cache_item item;
	struct qn_answer answer;

	if (!qn_cache_get_at(plain->cache, plain->place, &plain->key, now, shard->value, &item) ||
	    !qn_answer_open(&answer, (struct qn_view){shard->value, item.value_len}))
		return 0;
	plain->is_known = true;
	if (!answer_is_plain(plain, &answer, &item, message.len))
		return 0;
	qn_shard_count_reply(shard, answer.rcode);
	return message_write(message, plain, &answer, item.age_s);
}

static void
count_hits(struct qn_shard *shard, uint32_t count)
{
	qn_counter_add(&shard->counters.frames, count);
	qn_counter_add(&shard->counters.client_queries, count);
	qn_counter_add(&shard->counters.cache_hits, count);
}

/* --- A burst ---------------------------------------------------------------------------- */

/* Reads all packets; `plains` are those that may be hits: returns how many. */
static uint32_t
burst_read(struct qn_shard *shard, uint16_t link, const struct qn_packet *packets, uint32_t count,
    enum qn_shard_hit *outcomes, struct plain *plains)
{
	uint32_t plain_count = 0;

	for (uint32_t i = 0; i < count; i++)
		qn_shard_prefetch(&packets[i]);
	for (uint32_t i = 0; i < count; i++) {
		outcomes[i] =
		    plain_read(shard, shard->shared.links[link], &packets[i], &plains[plain_count]);
		if (outcomes[i] == QN_SHARD_HIT)
			plains[plain_count++].index = (uint16_t)i;
	}
	return plain_count;
}

/* Looks for all of them in the cache, in three steps of memory loads. */
static void
burst_reply(struct qn_shard *shard, const struct qn_packet *packets, struct plain *plains,
    uint32_t plain_count, struct qn_now now)
{
	for (uint32_t i = 0; i < plain_count; i++)
		plains[i].place = qn_cache_probe(plains[i].cache, &plains[i].key);
	for (uint32_t i = 0; i < plain_count; i++)
		if (plains[i].place != QN_CACHE_NOWHERE)
			qn_cache_prefetch_rest(plains[i].cache, plains[i].place);
	for (uint32_t i = 0; i < plain_count; i++)
		plains[i].reply_len =
		    plains[i].place == QN_CACHE_NOWHERE
			? 0
			: plain_reply(shard, &plains[i], &packets[plains[i].index], now);
}

/* Puts the headers in front of the replies; returns how many there are. */
static uint32_t
burst_finish(struct qn_packet *packets, enum qn_shard_hit *outcomes, const struct plain *plains,
    uint32_t plain_count)
{
	uint32_t hit_count = 0;

	for (uint32_t i = 0; i < plain_count; i++) {
		struct qn_packet *packet = &packets[plains[i].index];

		if (plains[i].reply_len == 0) {
			outcomes[plains[i].index] =
			    plains[i].is_known ? QN_SHARD_KNOWN : QN_SHARD_NO_HIT;
			continue;
		}
		packet->len = qn_frame_reply_udp(
		    qn_packet_span(packet), &plains[i].frame, plains[i].reply_len);
		hit_count++;
	}
	return hit_count;
}

void
qn_shard_answer_hits(struct qn_shard *shard, uint16_t link, struct qn_packet *packets,
    uint32_t count, enum qn_shard_hit *outcomes, struct qn_now now)
{
	struct plain plains[QN_SHARD_BURST_MAX];

	qn_assert(count <= QN_SHARD_BURST_MAX);
	const uint32_t plain_count = burst_read(shard, link, packets, count, outcomes, plains);

	burst_reply(shard, packets, plains, plain_count, now);
	count_hits(shard, burst_finish(packets, outcomes, plains, plain_count));
}
