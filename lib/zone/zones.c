/* SPDX-License-Identifier: BSD-2-Clause */
#include "zone/zones.h"

#include "zone/table.h"

/* For how long a forged address may be kept. */
#define NULL_TTL_S 300

/* The wildcard as a label. */
static const uint8_t asterisk[] = {1, '*'};

/* --- Names ------------------------------------------------------------------------------ */

/* The top-level label of a name, its length in front; that of the root for the root itself. */
static const uint8_t *
top_of(const struct qn_name *name, const struct qn_labels *labels)
{
	return name->octets + (labels->count == 0 ? 0 : labels->starts[labels->count - 1]);
}

/* Whether these, without what lies below them, have names below a top-level label. */
static inline bool
layer_knows_top(const struct qn_zones *layer, const uint8_t *top)
{
	const unsigned bit = qn_zone_top_bit(top[0], top[1]);

	return top[0] == 0 || (layer->tops[bit / 64] >> bit % 64 & 1) != 0;
}

bool
qn_zones_know_top(const struct qn_zones *zones, const uint8_t *top)
{
	for (; zones != NULL; zones = zones->below)
		if (layer_knows_top(zones, top))
			return true;
	return false;
}

/* Whether a node is that of a label below `parent`. */
static bool
is_child(const struct qn_zones *zones, uint32_t node, uint32_t parent, const uint8_t *label)
{
	const uint8_t *have = zones->octets + zones->nodes[node].label_at;

	if (zones->nodes[node].parent != parent || *have != *label)
		return false;
	for (unsigned i = 1; i <= *label; i++)
		if (have[i] != qn_octet_lower(label[i]))
			return false;
	return true;
}

/* The node of a label, its length in front; 0 when there is none. */
static uint32_t
child_find(const struct qn_zones *zones, uint32_t parent, const uint8_t *label)
{
	const uint32_t hash = qn_zone_hash(parent, label);
	uint32_t at = hash & zones->slot_mask;

	for (; zones->slots[at].node != 0; at = (at + 1) & zones->slot_mask)
		if (zones->slots[at].hash == hash &&
		    is_child(zones, zones->slots[at].node, parent, label))
			return zones->slots[at].node;
	return 0;
}

/* As far down as the tree knows a name. */
struct walk {
	uint32_t node;
	unsigned depth; /* Labels from the root to `node`. */
	bool in_zone;
	uint32_t apex; /* Of the deepest zone, with in_zone. */
	unsigned apex_depth;
};

static void
walk_enter(const struct qn_zones *zones, struct walk *walk, uint32_t node, unsigned depth)
{
	walk->node = node;
	walk->depth = depth;
	if (!zones->nodes[node].is_apex)
		return;
	walk->in_zone = true;
	walk->apex = node;
	walk->apex_depth = depth;
}

static void
walk_down(const struct qn_zones *zones, const struct qn_name *name, const struct qn_labels *labels,
    struct walk *walk)
{
	*walk = (struct walk){0};
	walk_enter(zones, walk, 0, 0);
	while (walk->depth < labels->count) {
		const uint8_t start = labels->starts[labels->count - 1 - walk->depth];
		const uint32_t child = child_find(zones, walk->node, name->octets + start);

		if (child == 0)
			return;
		walk_enter(zones, walk, child, walk->depth + 1);
	}
}

/* --- What a node has -------------------------------------------------------------------- */

static const struct qn_zone_set *
set_find(const struct qn_zones *zones, uint32_t node, uint16_t type)
{
	const struct qn_zone_set *sets = zones->sets + zones->nodes[node].set_at;

	for (uint16_t i = 0; i < zones->nodes[node].set_count; i++)
		if (sets[i].type == type)
			return &sets[i];
	return NULL;
}

static void
match_set(const struct qn_zones *zones, const struct qn_zone_set *set, const struct qn_name *owner,
    struct qn_zone_match *match)
{
	struct qn_rrset *rrset = &match->rrset;

	qn_name_copy(&rrset->owner, owner);
	rrset->type = set->type;
	rrset->class = QN_CLASS_IN;
	rrset->ttl_s = set->ttl_s;
	rrset->count = set->count;
	rrset->rdatas = (struct qn_view){zones->octets + set->rdatas_at, set->rdatas_len};
}

/* A question on its way through find(). */
struct ask {
	const struct qn_zones *zones;
	const struct qn_name *name;
	uint16_t type;
	unsigned label_count;
	struct walk walk;
};

/* The type asked for, or the alias in its place, of `node`. */
static enum qn_zone_found
find_at(const struct ask *ask, uint32_t node, struct qn_zone_match *match)
{
	const struct qn_zone_set *set = set_find(ask->zones, node, ask->type);
	enum qn_zone_found found = QN_ZONE_DATA;

	if (set == NULL && ask->type != QN_TYPE_CNAME) {
		set = set_find(ask->zones, node, QN_TYPE_CNAME);
		found = QN_ZONE_ALIAS;
	}
	if (set == NULL)
		return QN_ZONE_OUTSIDE;
	match_set(ask->zones, set, ask->name, match);
	return found;
}

/* A negative answer may be kept for the lower of the SOA's TTL and MINIMUM (RFC 2308 s3). */
static enum qn_zone_found
negative(const struct ask *ask, uint16_t rcode, uint16_t ede, struct qn_zone_match *match)
{
	const struct qn_zone_set *soa =
	    ask->walk.in_zone ? set_find(ask->zones, ask->walk.apex, QN_TYPE_SOA) : NULL;
	struct qn_name apex;

	match->rcode = rcode;
	match->ede = ede;
	match->has_soa = soa != NULL;
	if (soa == NULL)
		return QN_ZONE_NEGATIVE;
	qn_name_suffix(&apex, ask->name, ask->walk.apex_depth);
	match_set(ask->zones, soa, &apex, match);
	const uint32_t minimum = qn_rdata_soa_minimum(match->rrset.rdatas);

	if (match->rrset.ttl_s > minimum)
		match->rrset.ttl_s = minimum;
	return QN_ZONE_NEGATIVE;
}

/* The node that answers for the name: its own, or a wildcard beside which there is nothing. */
static bool
node_of(const struct ask *ask, uint32_t *node)
{
	*node = ask->walk.node;
	if (ask->walk.depth == ask->label_count)
		return true;
	*node = child_find(ask->zones, ask->walk.node, asterisk);
	return *node != 0 && !ask->zones->nodes[*node].is_apex;
}

static enum qn_zone_found
find_static(const struct ask *ask, struct qn_zone_match *match)
{
	uint32_t node;

	if (!node_of(ask, &node))
		return negative(ask, QN_RCODE_NXDOMAIN, QN_EDE_NONE, match);
	const enum qn_zone_found found = find_at(ask, node, match);

	return found != QN_ZONE_OUTSIDE ? found
	                                : negative(ask, QN_RCODE_NOERROR, QN_EDE_NONE, match);
}

/* A name with records has no others; one that only has names below it is not spoken for. */
static enum qn_zone_found
find_transparent(const struct ask *ask, struct qn_zone_match *match)
{
	uint32_t node;

	if (!node_of(ask, &node))
		return QN_ZONE_OUTSIDE;
	const enum qn_zone_found found = find_at(ask, node, match);

	return found != QN_ZONE_OUTSIDE || ask->zones->nodes[node].set_count == 0
	           ? found
	           : negative(ask, QN_RCODE_NOERROR, QN_EDE_NONE, match);
}

static enum qn_zone_found
find_type_transparent(const struct ask *ask, struct qn_zone_match *match)
{
	uint32_t node;

	return node_of(ask, &node) ? find_at(ask, node, match) : QN_ZONE_OUTSIDE;
}

/* SOA and NS are the zone's alone: below it they would tell of zones that are not there. */
static enum qn_zone_found
find_redirect(const struct ask *ask, struct qn_zone_match *match)
{
	const bool below = ask->label_count > ask->walk.apex_depth;
	const bool of_zone = ask->type == QN_TYPE_SOA || ask->type == QN_TYPE_NS;
	const enum qn_zone_found found =
	    below && of_zone ? QN_ZONE_OUTSIDE : find_at(ask, ask->walk.apex, match);

	return found != QN_ZONE_OUTSIDE ? found
	                                : negative(ask, QN_RCODE_NOERROR, QN_EDE_NONE, match);
}

/* The unspecified address: nothing answers there, and a client knows at once. */
static enum qn_zone_found
find_null(const struct ask *ask, struct qn_zone_match *match)
{
	static const uint8_t ipv4[2 + 4] = {0, 4};
	static const uint8_t ipv6[2 + 16] = {0, 16};
	struct qn_rrset *rrset = &match->rrset;

	match->ede = QN_EDE_FORGED_ANSWER;
	if (ask->type == QN_TYPE_A)
		rrset->rdatas = (struct qn_view){ipv4, sizeof(ipv4)};
	else if (ask->type == QN_TYPE_AAAA)
		rrset->rdatas = (struct qn_view){ipv6, sizeof(ipv6)};
	else
		return negative(ask, QN_RCODE_NOERROR, QN_EDE_FORGED_ANSWER, match);
	qn_name_copy(&rrset->owner, ask->name);
	rrset->type = ask->type;
	rrset->class = QN_CLASS_IN;
	rrset->ttl_s = NULL_TTL_S;
	rrset->count = 1;
	return QN_ZONE_DATA;
}

static enum qn_zone_found
find_refused(struct qn_zone_match *match)
{
	match->rcode = QN_RCODE_REFUSED;
	match->ede = QN_EDE_BLOCKED;
	return QN_ZONE_REFUSED;
}

/* What is left of a name in a zone that blocks when there is no record of the type. */
static enum qn_zone_found
find_blocked(const struct ask *ask, enum qn_zone_kind kind, struct qn_zone_match *match)
{
	if (kind == QN_ZONE_REFUSE)
		return find_refused(match);
	if (kind == QN_ZONE_DENY)
		return QN_ZONE_DENIED;
	return ask->type == (kind == QN_ZONE_BLOCK_A ? QN_TYPE_A : QN_TYPE_AAAA)
	           ? negative(ask, QN_RCODE_NOERROR, QN_EDE_BLOCKED, match)
	           : QN_ZONE_OUTSIDE;
}

static enum qn_zone_found
find_or_block(const struct ask *ask, enum qn_zone_kind kind, struct qn_zone_match *match)
{
	const enum qn_zone_found found = find_type_transparent(ask, match);

	return found != QN_ZONE_OUTSIDE ? found : find_blocked(ask, kind, match);
}

static enum qn_zone_found
find_by_kind(const struct ask *ask, enum qn_zone_kind kind, struct qn_zone_match *match)
{
	switch (kind) {
	case QN_ZONE_TRANSPARENT:
		return find_transparent(ask, match);
	case QN_ZONE_TYPE_TRANSPARENT:
		return find_type_transparent(ask, match);
	case QN_ZONE_STATIC:
		return find_static(ask, match);
	case QN_ZONE_REDIRECT:
		return find_redirect(ask, match);
	case QN_ZONE_REFUSE:
	case QN_ZONE_DENY:
	case QN_ZONE_BLOCK_A:
	case QN_ZONE_BLOCK_AAAA:
		return find_or_block(ask, kind, match);
	case QN_ZONE_ALWAYS_TRANSPARENT:
		break;
	case QN_ZONE_ALWAYS_NXDOMAIN:
		return negative(ask, QN_RCODE_NXDOMAIN, QN_EDE_BLOCKED, match);
	case QN_ZONE_ALWAYS_NODATA:
		return negative(ask, QN_RCODE_NOERROR, QN_EDE_BLOCKED, match);
	case QN_ZONE_ALWAYS_NULL:
		return find_null(ask, match);
	}
	return QN_ZONE_OUTSIDE;
}

/* The kind of the zone that the name is in. */
static enum qn_zone_kind
kind_of(const struct ask *ask)
{
	return ask->walk.in_zone ? ask->zones->nodes[ask->walk.apex].kind : QN_ZONE_TRANSPARENT;
}

enum qn_zone_found
qn_zones_find(const struct qn_zones *zones, const struct qn_name *name, uint16_t type,
    struct qn_zone_match *match)
{
	struct ask ask = {.name = name, .type = type};
	struct qn_labels labels;

	qn_name_labels(&labels, name);
	ask.label_count = labels.count;
	match->rcode = QN_RCODE_NOERROR;
	match->ede = QN_EDE_NONE;
	for (ask.zones = zones; ask.zones != NULL; ask.zones = ask.zones->below) {
		if (!layer_knows_top(ask.zones, top_of(name, &labels)))
			continue;
		walk_down(ask.zones, name, &labels, &ask.walk);
		const enum qn_zone_kind kind = kind_of(&ask);
		const enum qn_zone_found found = find_by_kind(&ask, kind, match);

		/* The one kind that keeps what lies below from being asked. */
		if (found != QN_ZONE_OUTSIDE || kind == QN_ZONE_ALWAYS_TRANSPARENT)
			return found;
	}
	return QN_ZONE_OUTSIDE;
}

/* --- Answers ---------------------------------------------------------------------------- */

/* An answer being put together: a message with the question in front. */
struct page {
	struct qn_writer writer;
	uint16_t counts[2]; /* Answer, authority. */
};

static void
page_add(struct page *page, const struct qn_rrset *rrset, enum qn_section section)
{
	page->counts[section] += qn_write_rrset(&page->writer, rrset, rrset->ttl_s, 0);
}

static enum qn_zone_verdict
answer_bare(uint16_t rcode, uint16_t ede, struct qn_answer *answer)
{
	*answer = (struct qn_answer){.authoritative = true, .rcode = rcode, .ede = ede};
	return QN_ZONE_REPLY;
}

/*
 * Never too long for a value: eleven aliases to names of 255 octets and the largest RRset take
 * less than 8 KiB, since owners are compressed.
 */
static enum qn_zone_verdict
page_finish(struct page *page, const struct qn_zone_match *match, struct qn_span value,
    struct qn_answer *answer)
{
	size_t len;
	bool whole;

	qn_write_section_count(&page->writer, QN_SECTION_ANSWER, page->counts[0]);
	qn_write_section_count(&page->writer, QN_SECTION_AUTHORITY, page->counts[1]);
	qn_assert(!page->writer.overflowed);
	len = qn_answer_encode(
	    value, (struct qn_view){page->writer.data, page->writer.at}, match->rcode, match->ede);
	whole = qn_answer_open(answer, (struct qn_view){value.data, len});
	qn_assert(whole);
	answer->authoritative = true;
	return QN_ZONE_REPLY;
}

static void
page_begin(struct page *page, const struct qn_question *question, struct qn_span scratch)
{
	*page = (struct page){.writer = qn_writer_of(scratch)};
	qn_write_header(&page->writer, 0, 0, 1);
	qn_write_question(&page->writer, question);
}

/* The name that an alias stands for. */
static void
alias_target(const struct qn_rrset *alias, struct qn_name *target)
{
	struct qn_view rest = alias->rdatas;
	struct qn_view rdata;
	const bool ok = qn_rdatas_next(&rest, &rdata) && qn_rdata_name(target, rdata);

	qn_assert(ok);
}

/* Goes on with a question of which one step was found. */
static enum qn_zone_verdict
answer_from(const struct qn_zones *zones, const struct qn_question *question,
    enum qn_zone_found found, struct qn_zone_match *match, struct page *page, struct qn_span value,
    struct qn_answer *answer, struct qn_name *target)
{
	for (unsigned aliases = 0; aliases <= QN_ZONE_ALIAS_MAX; aliases++) {
		switch (found) {
		case QN_ZONE_OUTSIDE:
			(void)page_finish(page, match, value, answer);
			return QN_ZONE_LEAD;
		case QN_ZONE_REFUSED:
			return answer_bare(match->rcode, match->ede, answer);
		case QN_ZONE_DENIED:
			return QN_ZONE_DROP;
		case QN_ZONE_DATA:
			page_add(page, &match->rrset, QN_SECTION_ANSWER);
			return page_finish(page, match, value, answer);
		case QN_ZONE_NEGATIVE:
			if (match->has_soa)
				page_add(page, &match->rrset, QN_SECTION_AUTHORITY);
			return page_finish(page, match, value, answer);
		case QN_ZONE_ALIAS:
			break;
		}
		page_add(page, &match->rrset, QN_SECTION_ANSWER);
		alias_target(&match->rrset, target);
		found = qn_zones_find(zones, target, question->type, match);
	}
	return answer_bare(QN_RCODE_SERVFAIL, QN_EDE_OTHER, answer);
}

enum qn_zone_verdict
qn_zones_answer(const struct qn_zones *zones, const struct qn_question *question,
    struct qn_span value, struct qn_span scratch, struct qn_answer *answer, struct qn_name *target)
{
	struct qn_zone_match match;
	struct page page;
	const enum qn_zone_found found =
	    qn_zones_find(zones, &question->name, question->type, &match);

	if (found == QN_ZONE_OUTSIDE)
		return QN_ZONE_RESOLVE;
	page_begin(&page, question, scratch);
	return answer_from(zones, question, found, &match, &page, value, answer, target);
}
