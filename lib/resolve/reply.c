/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/reply.h"

/* RFC 2181 s8: a TTL with the top bit set counts as 0. Caps: semantics rule 13. */
#define TTL_POSITIVE_MAX_S 86400u
#define TTL_NEGATIVE_MAX_S 3600u

static uint32_t
ttl_clamp(uint32_t ttl_s, uint32_t most_s)
{
	if (ttl_s & 0x80000000u)
		return 0;
	return ttl_s < most_s ? ttl_s : most_s;
}

struct judge {
	struct qn_reply *reply;
	const struct qn_message *message;
	const struct qn_reply_context *context;
};

/* Appends one record to the RRset being collected at the end of `bytes`. */
static void
set_add_record(struct judge *judge, struct qn_rrset *set, const struct qn_record *record)
{
	struct qn_reply *reply = judge->reply;
	const size_t start = (size_t)(set->rdatas.data - reply->bytes);
	const struct qn_span room = {
	    reply->bytes + reply->byte_count, sizeof(reply->bytes) - reply->byte_count};
	size_t len = 0;
	bool fits;

	if (room.len < 2)
		return;
	/* Expanded where it will stand, behind its length. */
	const size_t rdata_len = qn_rdata_expand(
	    judge->message->bytes, record, (struct qn_span){room.data + 2, room.len - 2}, &fits);
	const struct qn_view rdata = {room.data + 2, rdata_len};

	if (!fits || qn_rdatas_contain(set->rdatas, rdata) || !qn_rdatas_append(room, &len, rdata))
		return;
	reply->byte_count += len;
	set->rdatas.len = reply->byte_count - start;
	set->count++;
	if (record->ttl_s < set->ttl_s)
		set->ttl_s = record->ttl_s;
}

/*
 * Collects the RRset (owner, type) of a section into the next free place of `sets` without
 * taking that place; NULL when the section has none.
 */
static struct qn_rrset *
collect_set(struct judge *judge, enum qn_section wanted, const struct qn_name *owner, uint16_t type)
{
	struct qn_reply *reply = judge->reply;
	struct qn_record_walk walk = qn_message_walk(judge->message);
	struct qn_rrset *set = &reply->sets[reply->set_count];
	enum qn_section section;
	struct qn_record record;

	qn_assert(reply->set_count < QN_REPLY_SET_MAX);
	*set = (struct qn_rrset){
	    .type = type,
	    .class = QN_CLASS_IN,
	    .ttl_s = UINT32_MAX,
	    .rdatas = {reply->bytes + reply->byte_count, 0},
	};
	qn_name_copy(&set->owner, owner);
	while (qn_record_next(&walk, &record, &section)) {
		if (section != wanted || record.type != type || record.class != QN_CLASS_IN ||
		    !qn_name_equal(&record.owner, owner))
			continue;
		record.ttl_s = ttl_clamp(record.ttl_s, TTL_POSITIVE_MAX_S);
		set_add_record(judge, set, &record);
	}
	return set->count > 0 ? set : NULL;
}

/* Takes the place that collect_set() filled, leaving `count` records of the set in it. */
static void
keep_set(struct judge *judge)
{
	judge->reply->set_count++;
}

/* An alias has one target: further records of the set break RFC 2181 s10.1 and are dropped. */
static bool
alias_target(struct judge *judge, struct qn_rrset *set, struct qn_name *target)
{
	struct qn_view rest = set->rdatas;
	struct qn_view rdata;

	if (!qn_rdatas_next(&rest, &rdata) || !qn_rdata_name(target, rdata))
		return false;
	set->rdatas.len -= rest.len;
	set->count = 1;
	judge->reply->byte_count =
	    (size_t)(set->rdatas.data + set->rdatas.len - judge->reply->bytes);
	return true;
}

/* Makes the CNAME that a DNAME stands for (RFC 6672 s3.1) the next of `sets`. */
static bool
keep_synthesized(
    struct judge *judge, const struct qn_name *owner, uint32_t ttl_s, const struct qn_name *target)
{
	struct qn_reply *reply = judge->reply;
	struct qn_rrset *set = &reply->sets[reply->set_count];
	uint8_t *start = reply->bytes + reply->byte_count;
	size_t len = 0;

	if (!qn_rdatas_append((struct qn_span){start, sizeof(reply->bytes) - reply->byte_count},
		&len, qn_name_view(target)))
		return false;
	reply->byte_count += len;
	*set = (struct qn_rrset){
	    .type = QN_TYPE_CNAME,
	    .class = QN_CLASS_IN,
	    .ttl_s = ttl_s,
	    .count = 1,
	    .rdatas = {start, len},
	};
	qn_name_copy(&set->owner, owner);
	keep_set(judge);
	return true;
}

/* Follows a DNAME above `name`, inside the zone; false when there is none that applies. */
static bool
follow_dname(struct judge *judge, struct qn_name *name)
{
	struct qn_name owner;

	if (!qn_name_parent(&owner, name))
		return false;
	do {
		struct qn_rrset *set;
		struct qn_name target, renamed;

		if (!qn_name_within(&owner, judge->context->zone))
			return false;
		set = collect_set(judge, QN_SECTION_ANSWER, &owner, QN_TYPE_DNAME);
		if (set == NULL || !alias_target(judge, set, &target) ||
		    !qn_name_replace_suffix(&renamed, name, &owner, &target))
			continue;
		const uint32_t ttl_s = set->ttl_s;

		keep_set(judge);
		if (!keep_synthesized(judge, name, ttl_s, &renamed))
			return false;
		qn_name_copy(name, &renamed);
		return true;
	} while (qn_name_parent(&owner, &owner));
	return false;
}

static bool
follow_cname(struct judge *judge, struct qn_name *name)
{
	struct qn_rrset *set = collect_set(judge, QN_SECTION_ANSWER, name, QN_TYPE_CNAME);
	struct qn_name target;

	if (set == NULL || !alias_target(judge, set, &target))
		return false;
	keep_set(judge);
	qn_name_copy(name, &target);
	return true;
}

/* Walking the answer section is worth it only if it has a record of the type at all. */
static bool
answer_has_type(const struct qn_message *message, uint16_t type)
{
	struct qn_record_walk walk = qn_message_walk(message);
	enum qn_section section;
	struct qn_record record;

	while (qn_record_next(&walk, &record, &section))
		if (section == QN_SECTION_ANSWER && record.type == type)
			return true;
	return false;
}

/*
 * Follows aliases from the question as far as they stay in the zone and in this message.
 * True when the RRset asked for is at the end; else `reply->target` is where it stopped.
 */
static bool
follow_answer(struct judge *judge)
{
	const struct qn_question *question = judge->context->question;
	struct qn_name *name = &judge->reply->target;
	const bool has_dname = answer_has_type(judge->message, QN_TYPE_DNAME);

	qn_name_copy(name, &question->name);
	for (unsigned links = 0; qn_name_within(name, judge->context->zone); links++) {
		if (collect_set(judge, QN_SECTION_ANSWER, name, question->type) != NULL) {
			keep_set(judge);
			return true;
		}
		if (links == QN_ALIAS_MAX || question->type == QN_TYPE_CNAME)
			return false;
		if (!(has_dname && follow_dname(judge, name)) && !follow_cname(judge, name))
			return false;
	}
	return false;
}

/* Finds the SOA that a negative answer about `target` rests on (RFC 2308 s2). */
static bool
find_soa(struct judge *judge)
{
	struct qn_reply *reply = judge->reply;
	struct qn_record_walk walk = qn_message_walk(judge->message);
	enum qn_section section;
	struct qn_record record;
	struct qn_view rest, rdata;

	while (qn_record_next(&walk, &record, &section)) {
		if (section != QN_SECTION_AUTHORITY || record.type != QN_TYPE_SOA ||
		    record.class != QN_CLASS_IN ||
		    !qn_name_within(&record.owner, judge->context->zone) ||
		    !qn_name_within(&reply->target, &record.owner))
			continue;
		struct qn_rrset *set =
		    collect_set(judge, QN_SECTION_AUTHORITY, &record.owner, QN_TYPE_SOA);

		if (set == NULL)
			return false;
		rest = set->rdatas;
		if (!qn_rdatas_next(&rest, &rdata))
			return false;
		const uint32_t minimum_s =
		    ttl_clamp(qn_rdata_soa_minimum(rdata), TTL_NEGATIVE_MAX_S);

		set->rdatas.len -= rest.len;
		set->count = 1;
		if (set->ttl_s > minimum_s)
			set->ttl_s = minimum_s;
		reply->negative.has_soa = true;
		reply->negative.soa = *set;
		reply->negative.ttl_s = set->ttl_s;
		return true;
	}
	return false;
}

static void
collect_glue(struct judge *judge)
{
	struct qn_delegation *delegation = &judge->reply->delegation;
	struct qn_record_walk walk = qn_message_walk(judge->message);
	enum qn_section section;
	struct qn_record record;

	while (qn_record_next(&walk, &record, &section)) {
		const uint8_t *octets = judge->message->bytes.data + record.rdata_at;

		if (section != QN_SECTION_ADDITIONAL || record.class != QN_CLASS_IN ||
		    (record.type != QN_TYPE_A && record.type != QN_TYPE_AAAA) ||
		    !qn_name_within(&record.owner, judge->context->zone))
			continue;
		for (uint8_t i = 0; i < delegation->server_count; i++) {
			if (!qn_name_equal(&delegation->servers[i].name, &record.owner))
				continue;
			const struct qn_address address = record.type == QN_TYPE_A
			                                      ? qn_address_ipv4(octets)
			                                      : qn_address_ipv6(octets);

			qn_delegation_add_address(delegation, i, &address);
		}
	}
}

/* Makes the NS set of `owner` in a section, with its glue, the delegation of the reply. */
static void
collect_servers(struct judge *judge, enum qn_section wanted, const struct qn_name *owner)
{
	struct qn_delegation *delegation = &judge->reply->delegation;
	struct qn_record_walk walk = qn_message_walk(judge->message);
	enum qn_section section;
	struct qn_record record;
	struct qn_name name;

	qn_delegation_init(delegation, owner);
	delegation->ttl_s = TTL_POSITIVE_MAX_S;
	while (qn_record_next(&walk, &record, &section)) {
		struct qn_reader reader = qn_reader_of(judge->message->bytes);

		if (section != wanted || record.type != QN_TYPE_NS || record.class != QN_CLASS_IN ||
		    !qn_name_equal(&record.owner, owner))
			continue;
		const uint32_t ttl_s = ttl_clamp(record.ttl_s, TTL_POSITIVE_MAX_S);

		reader.at = record.rdata_at;
		qn_read_name(&reader, &name);
		qn_delegation_add_server(delegation, &name);
		if (ttl_s < delegation->ttl_s)
			delegation->ttl_s = ttl_s;
	}
	collect_glue(judge);
}

/* A referral names a zone strictly below the one asked, at or above the name. */
static bool
find_referral(struct judge *judge)
{
	const struct qn_name *zone = judge->context->zone;
	struct qn_record_walk walk = qn_message_walk(judge->message);
	enum qn_section section;
	struct qn_record record;

	while (qn_record_next(&walk, &record, &section)) {
		if (section != QN_SECTION_AUTHORITY || record.type != QN_TYPE_NS ||
		    record.class != QN_CLASS_IN || !qn_name_within(&record.owner, zone) ||
		    qn_name_equal(&record.owner, zone) ||
		    !qn_name_within(&judge->context->question->name, &record.owner))
			continue;
		collect_servers(judge, QN_SECTION_AUTHORITY, &record.owner);
		return true;
	}
	return false;
}

/* Whether the reply names the zone's own servers: a NODATA without its SOA. */
static bool
names_own_zone(const struct judge *judge)
{
	struct qn_record_walk walk = qn_message_walk(judge->message);
	enum qn_section section;
	struct qn_record record;

	while (qn_record_next(&walk, &record, &section))
		if (section == QN_SECTION_AUTHORITY &&
		    !qn_name_equal(&record.owner, judge->context->zone))
			return false;
	return true;
}

static enum qn_reply_kind
judge_negative(struct judge *judge, uint16_t rcode)
{
	judge->reply->negative.rcode = rcode;
	return QN_REPLY_NEGATIVE;
}

/* Judges a reply with NOERROR or NXDOMAIN by its content. */
static enum qn_reply_kind
judge_content(struct judge *judge, uint16_t rcode)
{
	struct qn_reply *reply = judge->reply;
	const bool authoritative =
	    judge->context->forwarded || (judge->message->flags & QN_FLAG_AA);

	/* A server that recurses for us though nobody asked it to, instead of serving its zone. */
	if (!authoritative && (judge->message->flags & QN_FLAG_RA))
		return QN_REPLY_LAME;
	if (follow_answer(judge)) {
		/* Who serves a zone, in its own words: only the root is believed that far. */
		if (judge->context->question->type == QN_TYPE_NS &&
		    judge->context->question->name.len == qn_name_root.len)
			collect_servers(judge, QN_SECTION_ANSWER, &qn_name_root);
		return QN_REPLY_ANSWER;
	}
	if (reply->set_count > 0 && !qn_name_within(&reply->target, judge->context->zone))
		return QN_REPLY_ALIAS;
	if (rcode == QN_RCODE_NXDOMAIN) {
		find_soa(judge);
		return authoritative || reply->negative.has_soa ? judge_negative(judge, rcode)
		                                                : QN_REPLY_LAME;
	}
	if (find_soa(judge))
		return judge_negative(judge, rcode);
	if (reply->set_count > 0)
		return QN_REPLY_ALIAS;
	if (!judge->context->forwarded && find_referral(judge))
		return QN_REPLY_REFERRAL;
	if (authoritative && (judge->context->forwarded || names_own_zone(judge)))
		return judge_negative(judge, rcode);
	return QN_REPLY_LAME;
}

void
qn_reply_judge(struct qn_reply *reply, const struct qn_message *message,
    const struct qn_reply_context *context)
{
	struct judge judge = {reply, message, context};
	const uint16_t rcode = qn_message_rcode(message);

	reply->set_count = 0;
	reply->byte_count = 0;
	reply->negative = (struct qn_negative){0};
	reply->rank = message->flags & QN_FLAG_AA ? QN_RANK_AUTHORITATIVE : QN_RANK_ANSWER;

	if (message->flags & QN_FLAG_TC) {
		reply->kind = QN_REPLY_TRUNCATED;
		return;
	}
	switch (rcode) {
	case QN_RCODE_NOERROR:
	case QN_RCODE_NXDOMAIN:
		reply->kind = judge_content(&judge, rcode);
		return;
	case QN_RCODE_FORMERR:
	case QN_RCODE_NOTIMP:
	case QN_RCODE_BADVERS:
		reply->kind = context->edns_sent ? QN_REPLY_NO_EDNS : QN_REPLY_SERVFAIL;
		return;
	case QN_RCODE_BADCOOKIE:
		reply->kind = QN_REPLY_BAD_COOKIE;
		return;
	case QN_RCODE_REFUSED:
		reply->kind = QN_REPLY_REFUSED;
		return;
	default:
		reply->kind = QN_REPLY_SERVFAIL;
		return;
	}
}
