/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/reply.h"

#include "base/broken.h"
#include "base/endian.h"

#include <string.h>

/* In front of each rdata of a set in memory (wire/rrset.h). */
#define LENGTH_LEN 2

/* RFC 2181 s8: a TTL with the top bit set counts as 0. Caps: semantics rule 13. */
#define TTL_POSITIVE_MAX_S 86400u
#define TTL_NEGATIVE_MAX_S 3600u

/* A zone above is not asked for glue more often than that, however short the glue lives. */
#define GLUE_TTL_LEAST_S 10u

static uint32_t
ttl_clamp(uint32_t ttl_s, uint32_t most_s)
{
	if (ttl_s & 0x80000000u)
		return 0;
	return ttl_s < most_s ? ttl_s : most_s;
}

/*
 * A search through one section for records of one type, class IN. It gives at most `left`:
 * of records that are not the answer itself the first hundred are far more than an honest
 * reply has, and so few that a hostile one costs little.
 */
struct search {
	struct qn_record_walk walk;
	enum qn_section section;
	uint16_t type;
	uint32_t left;
};

#define SEARCH_MAX 128

struct judge {
	struct qn_reply *reply;
	const struct qn_message *message;
	const struct qn_reply_context *context;
	bool overflowed; /* Something did not fit into `reply->bytes`. */
};

static bool
in_bailiwick(const struct judge *judge, const struct qn_name *name)
{
	return QN_BREAK(bailiwick) || qn_name_within(name, judge->context->zone);
}

static struct search
search_begin(
    const struct judge *judge, enum qn_section section, uint16_t type, uint32_t record_count_max)
{
	return (struct search){qn_message_walk(judge->message), section, type, record_count_max};
}

static bool
search_next(struct search *search, struct qn_record *record)
{
	enum qn_section section;

	while (search->left > 0 && qn_record_next_bare(&search->walk, record, &section) &&
	       section <= search->section) {
		if (section != search->section || record->type != search->type ||
		    record->class != QN_CLASS_IN)
			continue;
		qn_record_read_owner(record, search->walk.reader.bytes);
		record->ttl_s = ttl_clamp(record->ttl_s, TTL_POSITIVE_MAX_S);
		search->left--;
		return true;
	}
	return false;
}

/* --- RRsets ----------------------------------------------------------------------------- */

/* Makes `set` an empty one whose records will stand at the end of `bytes`. */
static void
set_begin(struct judge *judge, struct qn_rrset *set, const struct qn_name *owner, uint16_t type)
{
	*set = (struct qn_rrset){
	    .type = type,
	    .class = QN_CLASS_IN,
	    .ttl_s = UINT32_MAX,
	    .rdatas = {judge->reply->bytes + judge->reply->byte_count, 0},
	};
	qn_name_copy(&set->owner, owner);
}

/* Appends one record to the set that was begun last. */
static void
set_add(struct judge *judge, struct qn_rrset *set, const struct qn_record *record)
{
	struct qn_reply *reply = judge->reply;
	uint8_t *place = reply->bytes + reply->byte_count;
	const size_t room = sizeof(reply->bytes) - reply->byte_count;
	bool fits = room >= LENGTH_LEN;
	size_t len = 0;

	/* Expanded where it will stand, behind its length. */
	if (fits)
		len = qn_rdata_expand(judge->message->bytes, record,
		    (struct qn_span){place + LENGTH_LEN, room - LENGTH_LEN}, &fits);
	if (!fits) {
		judge->overflowed = true;
		return;
	}
	qn_store_be16(place, (uint16_t)len);
	reply->byte_count += LENGTH_LEN + len;
	set->rdatas.len += LENGTH_LEN + len;
	set->count++;
	if (record->ttl_s < set->ttl_s)
		set->ttl_s = record->ttl_s;
}

/* Remembers the rdata at offset `at` of `start`; false when the same has been there before. */
static bool
seen_add(const struct judge *judge, const uint8_t *start, uint32_t at, uint32_t mask)
{
	uint32_t *seen = judge->reply->seen;
	const size_t len = LENGTH_LEN + qn_load_be16(start + at);
	uint32_t place =
	    (uint32_t)qn_hash(judge->context->hash_key, (struct qn_view){start + at, len}) & mask;

	/* Offsets are kept plus one: zero is an empty place. Lengths are compared along. */
	for (; seen[place] != 0; place = (place + 1) & mask)
		if (memcmp(start + seen[place] - 1, start + at, len) == 0)
			return false;
	seen[place] = at + 1;
	return true;
}

/*
 * Drops the records of the last set that are there twice (RFC 2181 s5). They are found by
 * hash: a large set compared each with each would keep the worker for milliseconds.
 */
static void
set_drop_duplicates(struct judge *judge, struct qn_rrset *set)
{
	struct qn_reply *reply = judge->reply;
	uint8_t *start = reply->bytes + (reply->byte_count - set->rdatas.len);
	struct qn_view rest = set->rdatas;
	struct qn_view rdata;
	uint32_t mask = 1;
	uint32_t kept = 0;

	while (mask < 2u * set->count)
		mask = 2 * mask + 1;
	qn_assert(mask < QN_REPLY_SEEN_MAX);
	memset(reply->seen, 0, (mask + 1) * sizeof(*reply->seen));
	set->count = 0;
	while (qn_rdatas_next(&rest, &rdata)) {
		const size_t len = LENGTH_LEN + rdata.len;

		memmove(start + kept, rdata.data - LENGTH_LEN, len);
		if (!seen_add(judge, start, kept, mask))
			continue;
		kept += (uint32_t)len;
		set->count++;
	}
	reply->byte_count -= set->rdatas.len - kept;
	set->rdatas.len = kept;
}

/* Takes the RRset of the answer section that was asked for, at `owner`; false without one. */
static bool
keep_answer(struct judge *judge, const struct qn_name *owner)
{
	struct qn_reply *reply = judge->reply;
	const uint16_t type = judge->context->question->type;
	struct search search = search_begin(judge, QN_SECTION_ANSWER, type, UINT32_MAX);
	struct qn_rrset *set = &reply->sets[reply->set_count];
	struct qn_record record;

	qn_assert(reply->set_count < QN_REPLY_SET_MAX);
	set_begin(judge, set, owner, type);
	while (search_next(&search, &record))
		if (qn_name_equal(&record.owner, owner))
			set_add(judge, set, &record);
	if (set->count > 1)
		set_drop_duplicates(judge, set);
	reply->set_count += set->count > 0;
	return set->count > 0;
}

/* --- Aliases ---------------------------------------------------------------------------- */

/* The deepest DNAME above the name asked for: it hides all below (RFC 6672 s2.4). */
static bool
find_dname(const struct judge *judge, struct qn_record *found)
{
	const struct qn_name *name = &judge->context->question->name;
	struct search search = search_begin(judge, QN_SECTION_ANSWER, QN_TYPE_DNAME, SEARCH_MAX);
	struct qn_record record;
	bool any = false;

	while (search_next(&search, &record)) {
		if (!in_bailiwick(judge, &record.owner) || record.owner.len >= name->len ||
		    !qn_name_within(name, &record.owner) ||
		    (any && record.owner.len <= found->owner.len))
			continue;
		*found = record;
		any = true;
	}
	return any;
}

/* The CNAME at the name asked for: the first, since more than one breaks RFC 2181 s10.1. */
static bool
find_cname(const struct judge *judge, struct qn_record *found)
{
	struct search search = search_begin(judge, QN_SECTION_ANSWER, QN_TYPE_CNAME, SEARCH_MAX);

	while (search_next(&search, found))
		if (qn_name_equal(&found->owner, &judge->context->question->name))
			return true;
	return false;
}

/* Makes the CNAME that a DNAME stands for (RFC 6672 s3.1) the next of `sets`. */
static void
keep_synthesized(
    struct judge *judge, const struct qn_name *owner, uint32_t ttl_s, const struct qn_name *target)
{
	struct qn_reply *reply = judge->reply;
	struct qn_rrset *set = &reply->sets[reply->set_count++];
	const struct qn_span room = {
	    reply->bytes + reply->byte_count, sizeof(reply->bytes) - reply->byte_count};

	set_begin(judge, set, owner, QN_TYPE_CNAME);
	const bool fits = qn_rdatas_append(room, &set->rdatas.len, qn_name_view(target));

	qn_assert(fits); /* Only a few names stand before it. */
	reply->byte_count += set->rdatas.len;
	set->count = 1;
	set->ttl_s = ttl_s;
}

/* What became of the alias of a name. */
enum aliased {
	NO_ALIAS,
	ALIAS_FOLLOWED, /* `target` is what the name stands for. */
	ALIAS_TOO_LONG, /* The DNAME applies, but makes a name that is too long. */
};

/*
 * Takes the alias of the name asked for, and nothing behind it: its target is asked for
 * anew, wherever it is. Who gets one forged reply accepted, about a name that nobody uses,
 * could otherwise place records for every name of the zone at the end of an alias.
 */
static enum aliased
take_alias(struct judge *judge)
{
	const struct qn_question *question = judge->context->question;
	struct qn_reply *reply = judge->reply;
	struct qn_rrset *set = &reply->sets[0];
	struct qn_reader reader = qn_reader_of(judge->message->bytes);
	struct qn_record alias;
	struct qn_name target;

	if (question->type == QN_TYPE_CNAME ||
	    (!find_dname(judge, &alias) && !find_cname(judge, &alias)))
		return NO_ALIAS;
	set_begin(judge, set, &alias.owner, alias.type);
	set_add(judge, set, &alias);
	reply->set_count = 1;
	reader.at = alias.rdata_at;
	qn_read_name(&reader, &target);
	if (alias.type == QN_TYPE_DNAME &&
	    !qn_name_replace_suffix(&target, &question->name, &alias.owner, &target))
		return ALIAS_TOO_LONG;
	qn_name_copy(&reply->target, &target);
	if (alias.type == QN_TYPE_CNAME)
		return ALIAS_FOLLOWED;
	keep_synthesized(judge, &question->name, set->ttl_s, &reply->target);
	return ALIAS_FOLLOWED;
}

/* --- Absence ---------------------------------------------------------------------------- */

/* Finds the SOA that a negative answer about `target` rests on (RFC 2308 s2). */
static bool
find_soa(struct judge *judge)
{
	struct qn_negative *negative = &judge->reply->negative;
	struct search search = search_begin(judge, QN_SECTION_AUTHORITY, QN_TYPE_SOA, SEARCH_MAX);
	struct qn_record record;

	while (search_next(&search, &record)) {
		if (!in_bailiwick(judge, &record.owner) ||
		    !qn_name_within(&judge->reply->target, &record.owner))
			continue;
		const struct qn_view rdata = {
		    judge->message->bytes.data + record.rdata_at, record.rdata_len};
		const uint32_t minimum_s =
		    ttl_clamp(qn_rdata_soa_minimum(rdata), TTL_NEGATIVE_MAX_S);

		if (record.ttl_s > minimum_s && !QN_BREAK(negative_ttl))
			record.ttl_s = minimum_s;
		set_begin(judge, &negative->soa, &record.owner, QN_TYPE_SOA);
		set_add(judge, &negative->soa, &record);
		negative->has_soa = negative->soa.count > 0;
		negative->ttl_s = record.ttl_s;
		return negative->has_soa;
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

	while (qn_record_next_bare(&walk, &record, &section)) {
		if (section != QN_SECTION_AUTHORITY)
			continue;
		qn_record_read_owner(&record, judge->message->bytes);
		if (!qn_name_equal(&record.owner, judge->context->zone))
			return false;
	}
	return true;
}

/* --- Referrals -------------------------------------------------------------------------- */

/*
 * Has a delegation end with the glue for a server inside its own zone: when that one has moved,
 * nobody but the zone above can say where to. Other servers are looked up when they fail.
 */
static void
end_with_glue(struct qn_delegation *delegation, const struct qn_record *glue)
{
	const uint32_t ttl_s = glue->ttl_s > GLUE_TTL_LEAST_S ? glue->ttl_s : GLUE_TTL_LEAST_S;

	if (ttl_s < delegation->ttl_s && qn_name_within(&glue->owner, &delegation->zone))
		delegation->ttl_s = ttl_s;
}

static void
collect_glue(struct judge *judge, enum qn_section section, uint16_t type)
{
	struct qn_delegation *delegation = &judge->reply->delegation;
	struct search search = search_begin(judge, section, type, SEARCH_MAX);
	struct qn_record record;

	while (search_next(&search, &record)) {
		const uint8_t *octets = judge->message->bytes.data + record.rdata_at;
		const struct qn_address address =
		    type == QN_TYPE_A ? qn_address_ipv4(octets) : qn_address_ipv6(octets);

		if (!in_bailiwick(judge, &record.owner))
			continue;
		for (uint8_t i = 0; i < delegation->server_count; i++) {
			if (!qn_name_equal(&delegation->servers[i].name, &record.owner))
				continue;
			qn_delegation_add_address(delegation, i, &address);
			end_with_glue(delegation, &record);
		}
	}
}

/* Makes the NS set of `owner` in a section, with its glue, the delegation of the reply. */
static void
collect_servers(struct judge *judge, enum qn_section section, const struct qn_name *owner)
{
	struct qn_delegation *delegation = &judge->reply->delegation;
	struct search search = search_begin(judge, section, QN_TYPE_NS, SEARCH_MAX);
	struct qn_record record;
	struct qn_name name;

	qn_delegation_init(delegation, owner);
	delegation->ttl_s = TTL_POSITIVE_MAX_S;
	while (search_next(&search, &record)) {
		struct qn_reader reader = qn_reader_of(judge->message->bytes);

		if (!qn_name_equal(&record.owner, owner))
			continue;
		reader.at = record.rdata_at;
		qn_read_name(&reader, &name);
		qn_delegation_add_server(delegation, &name);
		if (record.ttl_s < delegation->ttl_s)
			delegation->ttl_s = record.ttl_s;
	}
	/* Asked for the address of a nameserver, the zone above gives its glue as the answer. */
	collect_glue(judge, QN_SECTION_ANSWER, QN_TYPE_A);
	collect_glue(judge, QN_SECTION_ANSWER, QN_TYPE_AAAA);
	collect_glue(judge, QN_SECTION_ADDITIONAL, QN_TYPE_A);
	collect_glue(judge, QN_SECTION_ADDITIONAL, QN_TYPE_AAAA);
}

/* A referral names a zone strictly below the one asked, at or above the name. */
static bool
find_referral(struct judge *judge)
{
	struct search search = search_begin(judge, QN_SECTION_AUTHORITY, QN_TYPE_NS, SEARCH_MAX);
	struct qn_record record;

	while (search_next(&search, &record)) {
		if (!in_bailiwick(judge, &record.owner) ||
		    qn_name_equal(&record.owner, judge->context->zone) ||
		    !qn_name_within(&judge->context->question->name, &record.owner))
			continue;
		collect_servers(judge, QN_SECTION_AUTHORITY, &record.owner);
		return true;
	}
	return false;
}

/* --- Judgement -------------------------------------------------------------------------- */

static enum qn_reply_kind
judge_negative(struct judge *judge, uint16_t rcode)
{
	struct qn_negative *negative = &judge->reply->negative;

	negative->rcode = rcode;
	if (!negative->has_soa)
		negative->ttl_s = QN_NEGATIVE_BARE_TTL_S;
	return QN_REPLY_NEGATIVE;
}

/* Judges a reply that is neither an alias nor has the RRset, and is no referral from above. */
static enum qn_reply_kind
judge_absence(struct judge *judge, uint16_t rcode, bool authoritative)
{
	const bool has_soa = find_soa(judge);

	if (has_soa || (authoritative && rcode == QN_RCODE_NXDOMAIN))
		return judge_negative(judge, rcode);
	if (rcode == QN_RCODE_NXDOMAIN)
		return QN_REPLY_LAME;
	/* Some set AA on what is none of theirs. */
	if (!judge->context->forwarded && find_referral(judge))
		return QN_REPLY_REFERRAL;
	if (authoritative)
		return names_own_zone(judge) ? judge_negative(judge, rcode) : QN_REPLY_LAME;
	/* Nothing at all, from one who does not say that it knows: taken only in need. */
	if (judge->message->record_counts[QN_SECTION_AUTHORITY] > 0)
		return QN_REPLY_LAME;
	return judge->context->last_resort ? judge_negative(judge, rcode) : QN_REPLY_DOUBTFUL;
}

/* Judges a reply with NOERROR, NXDOMAIN or YXDOMAIN by its content. */
static enum qn_reply_kind
judge_content(struct judge *judge, uint16_t rcode)
{
	const struct qn_reply_context *context = judge->context;
	const bool authoritative = context->forwarded || (judge->message->flags & QN_FLAG_AA);

	/* An answer may come along, which is glue then: a parent's word on its child's data. */
	if (!QN_BREAK(glue_answer) && !authoritative && rcode == QN_RCODE_NOERROR &&
	    find_referral(judge))
		return QN_REPLY_REFERRAL;
	/* A server that recurses for us though nobody asked it to, instead of serving its zone. */
	if (!authoritative && !context->last_resort && (judge->message->flags & QN_FLAG_RA))
		return QN_REPLY_DOUBTFUL;
	switch (take_alias(judge)) {
	case ALIAS_FOLLOWED:
		return QN_REPLY_ALIAS;
	case ALIAS_TOO_LONG:
		return judge_negative(judge, QN_RCODE_YXDOMAIN);
	case NO_ALIAS:
		break;
	}
	if (rcode == QN_RCODE_YXDOMAIN)
		return QN_REPLY_SERVFAIL; /* But for a DNAME, that is about updates. */
	if (keep_answer(judge, &context->question->name)) {
		/* Who serves a zone, in its own words: only the root is believed that far. */
		if (context->question->type == QN_TYPE_NS &&
		    (QN_BREAK(child_ns) || context->question->name.len == qn_name_root.len))
			collect_servers(judge, QN_SECTION_ANSWER, &context->question->name);
		if (QN_BREAK(promiscuous_ns))
			collect_servers(judge, QN_SECTION_AUTHORITY, context->zone);
		return QN_REPLY_ANSWER;
	}
	return judge_absence(judge, rcode, authoritative);
}

void
qn_reply_judge(struct qn_reply *reply, const struct qn_message *message,
    const struct qn_reply_context *context)
{
	const uint16_t rcode = qn_message_rcode(message);
	struct judge judge;

	judge.reply = reply;
	judge.message = message;
	judge.context = context;
	judge.overflowed = false;
	reply->set_count = 0;
	reply->byte_count = 0;
	reply->negative = (struct qn_negative){0};
	qn_name_copy(&reply->target, &context->question->name);
	reply->rank = message->flags & QN_FLAG_AA ? QN_RANK_AUTHORITATIVE : QN_RANK_ANSWER;

	if (message->flags & QN_FLAG_TC) {
		reply->kind = QN_REPLY_TRUNCATED;
		return;
	}
	switch (rcode) {
	case QN_RCODE_NOERROR:
	case QN_RCODE_NXDOMAIN:
	case QN_RCODE_YXDOMAIN:
		reply->kind = judge_content(&judge, rcode);
		if (judge.overflowed) {
			/* Half an RRset is worse than none. */
			reply->kind = QN_REPLY_SERVFAIL;
			reply->set_count = 0;
		}
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
