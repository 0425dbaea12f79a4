/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/records.h"

#include "base/endian.h"
#include "cache/answer.h"

/* How long a failure is cached, and how long after that it still counts for a row. */
#define FAILURE_FIRST_S 1u
#define FAILURE_MOST_S  60u
#define FAILURE_ROW_S   120u

/* A record of a ready-made answer whose owner is the question's name: pointer, type and class, TTL. */
#define RECORD_HEAD_LEN 10
#define OWNER_POINTER   (0xc000u | QN_HEADER_LEN)

/* More addresses than this are put as an RRset: packed, they may be kept where an answer is too long. */
#define ANSWER_ADDRESS_MAX 64

static enum qn_cache_found
store_get(struct qn_store *store, enum qn_cache_kind kind, const struct qn_name *name,
    uint16_t type, struct qn_now now, struct qn_cache_item *item)
{
	struct qn_cache_key key;

	qn_cache_key_init(&key, store->hash_key, kind, name, type);
	return qn_cache_get(store->cache, &key, now, store->scratch, item);
}

static void
store_put(struct qn_store *store, enum qn_cache_kind kind, const struct qn_name *name,
    uint16_t type, uint32_t ttl_s, struct qn_view value, struct qn_now now)
{
	struct qn_cache_key key;

	qn_cache_key_init(&key, store->hash_key, kind, name, type);
	qn_cache_put(store->cache, &key, ttl_s, value, now);
}

static void
store_remove(
    struct qn_store *store, enum qn_cache_kind kind, const struct qn_name *name, uint16_t type)
{
	struct qn_cache_key key;

	qn_cache_key_init(&key, store->hash_key, kind, name, type);
	qn_cache_remove(store->cache, &key);
}

static struct qn_writer
store_writer(struct qn_store *store)
{
	return qn_writer_of((struct qn_span){store->scratch, QN_CACHE_VALUE_MAX});
}

static struct qn_view
writer_view(const struct qn_writer *writer)
{
	return (struct qn_view){writer->data, writer->at};
}

static bool
type_is_address(uint16_t type)
{
	return type == QN_TYPE_A || type == QN_TYPE_AAAA;
}

bool
qn_store_rrset_is_in_answer(const struct qn_rrset *rrset, enum qn_rank rank)
{
	return rank == QN_RANK_AUTHORITATIVE && rrset->ttl_s > 0 &&
	       rrset->count <= ANSWER_ADDRESS_MAX && type_is_address(rrset->type);
}

void
qn_store_remove_rrset(struct qn_store *store, const struct qn_rrset *rrset)
{
	store_remove(store, QN_CACHE_RRSET, &rrset->owner, rrset->type);
}

/*
 * Packs the rdata of the records of an answer at the front of the scratch that the answer itself
 * stands in: what is written never overtakes what is read. False when a record is not one of
 * `type` for the name of the question.
 */
static bool
answer_pack(
    struct qn_store *store, const struct qn_answer *answer, uint16_t type, struct qn_view *rdatas)
{
	struct qn_reader reader = qn_reader_of(answer->records);
	size_t len = 0;

	for (uint16_t i = 0; i < answer->answer_count; i++) {
		const uint8_t *head = qn_read_bytes(&reader, RECORD_HEAD_LEN).data;

		if (head == NULL || qn_load_be16(head) != OWNER_POINTER ||
		    qn_load_be16(head + 2) != type)
			return false;
		const size_t rdata_len = qn_read_u16(&reader);
		const uint8_t *rdata = qn_read_bytes(&reader, rdata_len).data;

		if (rdata == NULL)
			return false;
		qn_store_be16(store->scratch + len, (uint16_t)rdata_len);
		memmove(store->scratch + len + 2, rdata, rdata_len);
		len += 2 + rdata_len;
	}
	*rdatas = (struct qn_view){store->scratch, len};
	return answer->answer_count > 0;
}

/* Finds the RRset in the ready-made answer to the question for it. */
static bool
rrset_from_answer(struct qn_store *store, const struct qn_name *owner, uint16_t type,
    struct qn_now now, struct qn_rrset *rrset)
{
	struct qn_cache_item item;
	struct qn_answer answer;

	if (!type_is_address(type) ||
	    store_get(store, QN_CACHE_ANSWER, owner, type, now, &item) != QN_CACHE_FRESH ||
	    !qn_answer_open(&answer, (struct qn_view){store->scratch, item.value_len}) ||
	    answer.rcode != QN_RCODE_NOERROR || !answer_pack(store, &answer, type, &rrset->rdatas))
		return false;
	qn_name_copy(&rrset->owner, owner);
	rrset->type = type;
	rrset->class = QN_CLASS_IN;
	rrset->ttl_s = item.ttl_s - item.age_s;
	rrset->count = answer.answer_count;
	return true;
}

/* The rank of what there is for owner and type; 0 when there is nothing. */
static uint8_t
rank_held(struct qn_store *store, const struct qn_name *owner, uint16_t type, struct qn_now now)
{
	struct qn_cache_item item;
	struct qn_rrset found;

	if (store_get(store, QN_CACHE_RRSET, owner, type, now, &item) == QN_CACHE_FRESH)
		return store->scratch[0];
	return rrset_from_answer(store, owner, type, now, &found) ? QN_RANK_AUTHORITATIVE : 0;
}

/* RRset value: rank, count, packed rdatas; false when it is longer than a value may be. */
static bool
rrset_write(struct qn_writer *writer, const struct qn_rrset *rrset, enum qn_rank rank)
{
	qn_write_u8(writer, (uint8_t)rank);
	qn_write_u16(writer, rrset->count);
	qn_write_bytes(writer, rrset->rdatas);
	return !writer->overflowed;
}

/* Nothing is kept of a set that is good for once only; nor of what it replaces. */
static void
rrset_forget(struct qn_store *store, const struct qn_rrset *rrset)
{
	store_remove(store, QN_CACHE_RRSET, &rrset->owner, rrset->type);
	if (type_is_address(rrset->type))
		store_remove(store, QN_CACHE_ANSWER, &rrset->owner, rrset->type);
}

void
qn_store_put_rrset(
    struct qn_store *store, const struct qn_rrset *rrset, enum qn_rank rank, struct qn_now now)
{
	struct qn_writer writer = store_writer(store);

	if (rank_held(store, &rrset->owner, rrset->type, now) > rank)
		return;
	if (rrset->ttl_s == 0 || rrset->count > QN_STORE_RECORD_MAX ||
	    !rrset_write(&writer, rrset, rank))
		rrset_forget(store, rrset);
	else
		store_put(store, QN_CACHE_RRSET, &rrset->owner, rrset->type, rrset->ttl_s,
		    writer_view(&writer), now);
}

bool
qn_store_get_rrset(struct qn_store *store, const struct qn_name *owner, uint16_t type,
    struct qn_now now, struct qn_rrset *rrset)
{
	struct qn_cache_item item;

	if (store_get(store, QN_CACHE_RRSET, owner, type, now, &item) != QN_CACHE_FRESH)
		return rrset_from_answer(store, owner, type, now, rrset);
	struct qn_reader reader = qn_reader_of((struct qn_view){store->scratch, item.value_len});

	qn_name_copy(&rrset->owner, owner);
	rrset->type = type;
	rrset->class = QN_CLASS_IN;
	rrset->ttl_s = item.ttl_s - item.age_s;
	qn_read_u8(&reader);
	rrset->count = qn_read_u16(&reader);
	rrset->rdatas = qn_read_bytes(&reader, qn_reader_left(&reader));
	return !reader.failed;
}

bool
qn_store_get_better_rrset(struct qn_store *store, const struct qn_name *owner, uint16_t type,
    enum qn_rank rank, struct qn_now now, struct qn_rrset *rrset)
{
	return rank < QN_RANK_AUTHORITATIVE && rank_held(store, owner, type, now) > rank &&
	       qn_store_get_rrset(store, owner, type, now, rrset);
}

/* Negative value: rcode, then nothing or the SOA's owner and rdata. */
void
qn_store_put_negative(struct qn_store *store, const struct qn_name *name, uint16_t type,
    const struct qn_negative *negative, struct qn_now now)
{
	struct qn_writer writer = store_writer(store);

	if (negative->ttl_s == 0 ||
	    (negative->rcode != QN_RCODE_NOERROR && negative->rcode != QN_RCODE_NXDOMAIN))
		return;
	qn_write_u16(&writer, negative->rcode);
	if (negative->has_soa) {
		qn_write_bytes(&writer, qn_name_view(&negative->soa.owner));
		qn_write_bytes(&writer, negative->soa.rdatas);
	}
	if (!writer.overflowed)
		store_put(store, QN_CACHE_NEGATIVE, name,
		    negative->rcode == QN_RCODE_NXDOMAIN ? 0 : type, negative->ttl_s,
		    writer_view(&writer), now);
}

static bool
negative_read(struct qn_view value, uint32_t ttl_s, struct qn_negative *negative)
{
	struct qn_reader reader = qn_reader_of(value);

	negative->rcode = qn_read_u16(&reader);
	negative->ttl_s = ttl_s;
	negative->has_soa = qn_reader_left(&reader) > 0;
	if (!negative->has_soa)
		return !reader.failed;
	qn_read_name(&reader, &negative->soa.owner);
	negative->soa.type = QN_TYPE_SOA;
	negative->soa.class = QN_CLASS_IN;
	negative->soa.ttl_s = ttl_s;
	negative->soa.count = 1;
	negative->soa.rdatas = qn_read_bytes(&reader, qn_reader_left(&reader));
	return !reader.failed;
}

bool
qn_store_get_negative(struct qn_store *store, const struct qn_name *name, uint16_t type,
    struct qn_now now, struct qn_negative *negative)
{
	struct qn_cache_item item;

	if (store_get(store, QN_CACHE_NEGATIVE, name, 0, now, &item) != QN_CACHE_FRESH &&
	    store_get(store, QN_CACHE_NEGATIVE, name, type, now, &item) != QN_CACHE_FRESH)
		return false;
	return negative_read(
	    (struct qn_view){store->scratch, item.value_len}, item.ttl_s - item.age_s, negative);
}

void
qn_store_walk_from(struct qn_name *start, const struct qn_name *name)
{
	if (qn_name_label_count(name) > QN_STORE_LABEL_MAX)
		qn_name_suffix(start, name, QN_STORE_LABEL_MAX);
	else
		qn_name_copy(start, name);
}

bool
qn_store_get_nxdomain_above(struct qn_store *store, const struct qn_name *name,
    const struct qn_name *top, struct qn_now now, struct qn_negative *negative)
{
	struct qn_cache_item item;
	struct qn_name above;

	qn_store_walk_from(&above, name);
	while (above.len > top->len && qn_name_parent(&above, &above))
		if (store_get(store, QN_CACHE_NEGATIVE, &above, 0, now, &item) == QN_CACHE_FRESH)
			return negative_read((struct qn_view){store->scratch, item.value_len},
			    item.ttl_s - item.age_s, negative);
	return false;
}

bool
qn_store_has_name(struct qn_store *store, const struct qn_name *name, struct qn_now now)
{
	struct qn_cache_item item;

	return store_get(store, QN_CACHE_NEGATIVE, name, QN_TYPE_A, now, &item) == QN_CACHE_FRESH ||
	       store_get(store, QN_CACHE_RRSET, name, QN_TYPE_A, now, &item) == QN_CACHE_FRESH ||
	       store_get(store, QN_CACHE_RRSET, name, QN_TYPE_CNAME, now, &item) == QN_CACHE_FRESH;
}

/* Failure value: rcode, extended error, failures in a row. */
static bool
failure_read(struct qn_view value, struct qn_failure *failure)
{
	struct qn_reader reader = qn_reader_of(value);

	failure->rcode = qn_read_u16(&reader);
	failure->ede = qn_read_u16(&reader);
	failure->row_count = qn_read_u32(&reader);
	failure->until.us = (uint64_t)qn_read_u32(&reader) << 32;
	failure->until.us |= qn_read_u32(&reader);
	return !reader.failed;
}

void
qn_store_put_failure(struct qn_store *store, const struct qn_name *name, uint16_t type,
    uint16_t rcode, uint16_t ede, struct qn_now now)
{
	struct qn_failure last = {.row_count = 0};
	struct qn_cache_item item;
	uint32_t ttl_s = FAILURE_FIRST_S;

	if (store_get(store, QN_CACHE_FAILURE, name, type, now, &item) == QN_CACHE_MISS ||
	    item.age_s > item.ttl_s + FAILURE_ROW_S ||
	    !failure_read((struct qn_view){store->scratch, item.value_len}, &last))
		last.row_count = 0;
	for (uint32_t i = 0; i < last.row_count && ttl_s < FAILURE_MOST_S; i++)
		ttl_s *= 2;
	if (ttl_s > FAILURE_MOST_S)
		ttl_s = FAILURE_MOST_S;

	/*
	 * The cache ages in whole seconds, as TTLs do, and may drop the first up to a second
	 * early. A failure has to count for a full second (RFC 9520 s3.2), so it notes its end.
	 */
	const struct qn_mono until = qn_mono_after_us(now.mono, ttl_s * QN_US_PER_S);
	struct qn_writer writer = store_writer(store);

	qn_write_u16(&writer, rcode);
	qn_write_u16(&writer, ede);
	qn_write_u32(&writer, last.row_count < UINT32_MAX ? last.row_count + 1 : UINT32_MAX);
	qn_write_u32(&writer, (uint32_t)(until.us >> 32));
	qn_write_u32(&writer, (uint32_t)until.us);
	store_put(store, QN_CACHE_FAILURE, name, type, ttl_s + 1, writer_view(&writer), now);
}

bool
qn_store_get_failure(struct qn_store *store, const struct qn_name *name, uint16_t type,
    struct qn_now now, struct qn_failure *failure)
{
	struct qn_cache_item item;

	return store_get(store, QN_CACHE_FAILURE, name, type, now, &item) == QN_CACHE_FRESH &&
	       failure_read((struct qn_view){store->scratch, item.value_len}, failure) &&
	       !qn_mono_reached(failure->until, now.mono);
}

void
qn_store_clear_failure(struct qn_store *store, const struct qn_name *name, uint16_t type)
{
	store_remove(store, QN_CACHE_FAILURE, name, type);
}
