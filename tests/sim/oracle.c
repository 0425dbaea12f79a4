/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/oracle.h"

#include "resolve/reply.h"
#include "resolve/resolver.h"
#include "sim/reach.h"
#include "sim/sim.h"
#include "wire/rdata.h"

#include <stdarg.h>
#include <stdio.h>

/* What the node keeps at most, whatever a TTL says (semantics rule 13). */
#define TTL_POSITIVE_MAX_S 86400u
#define TTL_NEGATIVE_MAX_S 3600u

/* The cache counts whole seconds, and the reply travels. */
#define AGE_SLACK_US (2 * QN_US_PER_S)

/* What a task that began with a record may still do with it. */
#define TASK_SLACK_US (QN_RESOLVE_TASK_US + QN_US_PER_S)

/* A question that must succeed in that time may not fail, or not be answered with stale data. */
#define SURE_US  (3500 * QN_US_PER_MS)
#define FRESH_US (1500 * QN_US_PER_MS)

#define RECORD_MAX      256
#define RDATA_BYTES_MAX 65536

static struct sim_verdict
wrong(const char *format, ...)
{
	struct sim_verdict verdict = {.right = false};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(verdict.reason, sizeof(verdict.reason), format, arguments);
	va_end(arguments);
	return verdict;
}

static struct sim_verdict
right(void)
{
	return (struct sim_verdict){.right = true};
}

/* --- Reading the reply ------------------------------------------------------------------ */

/* A record of the reply with its names in full. */
struct record {
	struct qn_name owner;
	enum qn_section section;
	uint16_t type;
	uint32_t ttl_s;
	struct qn_view rdata;
};

/* One reply on trial. */
struct trial {
	const struct sim_world *world;
	const struct sim_plan *plan;
	const struct sim_query *query;
	const struct qn_message *message;
	struct qn_mono now;
	bool stale; /* Judged as stale data. */
	struct record records[RECORD_MAX];
	uint32_t record_count;
	uint32_t at;                        /* The first record not yet accounted for. */
	const char *fault[SIM_EPOCH_COUNT]; /* What was wrong about the last step in each epoch. */
	uint8_t bytes[RDATA_BYTES_MAX];
};

static bool
read_records(struct trial *trial)
{
	struct qn_record_walk walk = qn_message_walk(trial->message);
	enum qn_section section;
	struct qn_record read;
	size_t used = 0;

	trial->record_count = 0;
	trial->at = 0;
	while (qn_record_next(&walk, &read, &section)) {
		struct record *record = &trial->records[trial->record_count];
		bool fits;

		if (trial->record_count == RECORD_MAX || read.class != QN_CLASS_IN)
			return false;
		record->section = section;
		record->type = read.type;
		record->ttl_s = read.ttl_s;
		qn_name_copy(&record->owner, &read.owner);
		const size_t len = qn_rdata_expand(trial->message->bytes, &read,
		    (struct qn_span){trial->bytes + used, sizeof(trial->bytes) - used}, &fits);

		if (!fits)
			return false;
		record->rdata = (struct qn_view){trial->bytes + used, len};
		used += len;
		trial->record_count++;
	}
	return true;
}

/* The next record if it has this owner and type; NULL otherwise. */
static const struct record *
next_record(
    const struct trial *trial, enum qn_section section, const struct qn_name *owner, uint16_t type)
{
	const struct record *record = &trial->records[trial->at];

	if (trial->at == trial->record_count || record->section != section ||
	    record->type != type || !qn_name_equal(&record->owner, owner))
		return NULL;
	return record;
}

/* --- Comparing with the zones ----------------------------------------------------------- */

static bool
has_names(uint16_t type)
{
	return type == QN_TYPE_NS || type == QN_TYPE_CNAME || type == QN_TYPE_SOA ||
	       type == QN_TYPE_PTR || type == QN_TYPE_MX || type == QN_TYPE_SRV ||
	       type == QN_TYPE_DNAME;
}

/* Whether rdata are the same; names in them may come back in other letter case. */
static bool
rdata_equal(uint16_t type, struct qn_view a, struct qn_view b)
{
	if (a.len != b.len)
		return false;
	if (!has_names(type))
		return a.len == 0 || memcmp(a.data, b.data, a.len) == 0;
	for (size_t i = 0; i < a.len; i++)
		if (qn_octet_lower(a.data[i]) != qn_octet_lower(b.data[i]))
			return false;
	return true;
}

static bool
set_contains(const struct sim_set *set, struct qn_view rdata)
{
	struct qn_view rest = set->rrset.rdatas;
	struct qn_view have;

	while (qn_rdatas_next(&rest, &have))
		if (rdata_equal(set->rrset.type, have, rdata))
			return true;
	return false;
}

static uint32_t
ttl_kept(uint32_t ttl_s, uint32_t most_s)
{
	if (ttl_s & 0x80000000u)
		return 0;
	return ttl_s < most_s ? ttl_s : most_s;
}

/*
 * Whether a TTL of `ttl_s` now can be what is left of the set's `most_s`. Links of a chain
 * were fetched before its end was: they may be older by what a task takes.
 */
static bool
age_right(const struct trial *trial, const struct sim_set *set, uint32_t ttl_s, uint32_t most_s,
    bool link)
{
	const uint64_t slack_us = link ? TASK_SLACK_US : AGE_SLACK_US;
	const uint64_t age_us = qn_mono_since_us(set->delivered, trial->now);

	if (trial->stale)
		return set->delivered_ever && ttl_s == SIM_STALE_TTL_S &&
		       age_us <= (most_s + trial->plan->stale_age_max_s) * QN_US_PER_S + slack_us;
	if (!set->delivered_ever || ttl_s > most_s)
		return false;
	return age_us + ttl_s * QN_US_PER_S <= most_s * QN_US_PER_S + slack_us;
}

static bool
set_age_right(const struct trial *trial, const struct sim_set *set, uint32_t ttl_s, bool link)
{
	return age_right(trial, set, ttl_s, ttl_kept(set->rrset.ttl_s, TTL_POSITIVE_MAX_S), link);
}

/* --- Steps ------------------------------------------------------------------------------ */

/* How far one step of the chain came. */
enum step {
	STEP_WRONG, /* Not what stands there in this epoch. */
	STEP_ALIAS, /* Leads to another name. */
	STEP_END,   /* The end of the answer. */
	STEP_CUT,   /* The reply was cut off before this, by whole sets. */
	STEP_WILD,  /* Nobody knows what is right there. */
};

static enum step
step_wrong(struct trial *trial, unsigned epoch, const char *fault)
{
	trial->fault[epoch] = fault;
	return STEP_WRONG;
}

static bool
is_cut_off(const struct trial *trial)
{
	return trial->at == trial->record_count && (trial->message->flags & QN_FLAG_TC);
}

/* Takes all records of the set off the reply. */
static enum step
take_set(struct trial *trial, unsigned epoch, const struct qn_name *name, const struct sim_set *set)
{
	const uint32_t start = trial->at;
	const struct record *record;
	uint16_t count = 0;

	for (; (record = next_record(trial, QN_SECTION_ANSWER, name, set->rrset.type)) != NULL;
	     trial->at++) {
		if (!set_contains(set, record->rdata))
			return step_wrong(trial, epoch, "a record that is not in the zone");
		if (record->ttl_s != trial->records[start].ttl_s)
			return step_wrong(trial, epoch, "two TTLs in a set");
		if (!set_age_right(trial, set, record->ttl_s, false))
			return step_wrong(trial, epoch, "a set that is too old, or never came");
		count++;
	}
	return count == set->rrset.count ? STEP_END : step_wrong(trial, epoch, "not the whole set");
}

/* Takes a CNAME with `target` off the reply and goes on there. */
static enum step
take_cname(struct trial *trial, unsigned epoch, struct qn_name *name, const struct qn_name *target,
    const struct sim_set *set)
{
	const struct record *record = next_record(trial, QN_SECTION_ANSWER, name, QN_TYPE_CNAME);

	if (record == NULL || !rdata_equal(QN_TYPE_CNAME, record->rdata, qn_name_view(target)))
		return step_wrong(trial, epoch, "not the alias in the zone");
	if (!set_age_right(trial, set, record->ttl_s, true))
		return step_wrong(trial, epoch, "an alias that is too old, or never came");
	trial->at++;
	qn_name_copy(name, target);
	return STEP_ALIAS;
}

static void
alias_target(const struct sim_set *set, struct qn_name *target)
{
	struct qn_view rest = set->rrset.rdatas;
	struct qn_view rdata;
	const bool found = qn_rdatas_next(&rest, &rdata) && qn_rdata_name(target, rdata);

	qn_assert(found);
}

/* The node may give the CNAME that a DNAME stands for without the DNAME. */
static enum step
take_dname(struct trial *trial, unsigned epoch, struct qn_name *name, const struct sim_set *set)
{
	const struct record *record =
	    next_record(trial, QN_SECTION_ANSWER, &set->rrset.owner, QN_TYPE_DNAME);
	struct qn_name target, renamed;

	alias_target(set, &target);
	if (record != NULL && !set_contains(set, record->rdata))
		return step_wrong(trial, epoch, "not the DNAME in the zone");
	if (record != NULL && !set_age_right(trial, set, record->ttl_s, true))
		return step_wrong(trial, epoch, "a DNAME that is too old, or never came");
	trial->at += record != NULL;
	if (is_cut_off(trial))
		return STEP_CUT;
	if (!qn_name_replace_suffix(&renamed, name, &set->rrset.owner, &target))
		return qn_message_rcode(trial->message) == QN_RCODE_YXDOMAIN
		           ? STEP_END
		           : step_wrong(trial, epoch, "a name that gets too long");
	return take_cname(trial, epoch, name, &renamed, set);
}

/* Whether the question had to succeed in that time; in a node short of room nothing has to. */
static bool
must_succeed(const struct trial *trial, uint64_t within_us)
{
	return !trial->plan->tight &&
	       sim_reach_sure(trial->world, &trial->query->question, within_us, trial->now);
}

/* Whether some server of the zone is peculiar in some way. */
static bool
zone_has(const struct sim_world *world, const struct sim_zone *zone,
    bool (*peculiar)(const struct sim_server *))
{
	const uint8_t index = sim_zone_index(world, zone);

	for (uint16_t i = 0; i < world->server_count; i++)
		for (uint8_t k = 0; k < world->servers[i].zone_count; k++)
			if (world->servers[i].zones[k].zone == index &&
			    peculiar(&world->servers[i]))
				return true;
	return false;
}

static bool
forgets_soa(const struct sim_server *server)
{
	return server->forgets_soa;
}

static bool
denies_cuts(const struct sim_server *server)
{
	return server->manner == SIM_CUT_DENYING;
}

static bool
recurses(const struct sim_server *server)
{
	return server->manner == SIM_RECURSING;
}

/* Looks at the SOA of a negative answer: the zone's own, and no fresher than can be. */
static bool
take_soa(struct trial *trial, unsigned epoch, const struct sim_zone *zone)
{
	const struct sim_set *soa = sim_zone_set(zone, epoch, &zone->origin, QN_TYPE_SOA);
	const struct record *record =
	    next_record(trial, QN_SECTION_AUTHORITY, &zone->origin, QN_TYPE_SOA);
	struct qn_view rest, rdata;

	if (record == NULL)
		return trial->at == trial->record_count &&
		       zone_has(trial->world, zone, forgets_soa);
	rest = soa->rrset.rdatas;
	if (!set_contains(soa, record->rdata) || !qn_rdatas_next(&rest, &rdata))
		return false;
	trial->at++;
	const uint32_t minimum_s = ttl_kept(qn_rdata_soa_minimum(rdata), TTL_NEGATIVE_MAX_S);
	const uint32_t ttl_s = ttl_kept(soa->rrset.ttl_s, TTL_NEGATIVE_MAX_S);

	return age_right(trial, soa, record->ttl_s, ttl_s < minimum_s ? ttl_s : minimum_s, false);
}

/* Whether a name that others stand below is at or above `name`: what some servers deny. */
static bool
below_empty(const struct sim_zone *zone, unsigned epoch, const struct qn_name *name)
{
	struct qn_name above;

	qn_name_copy(&above, name);
	do {
		const struct sim_find find = sim_zone_find(zone, epoch, &above, QN_TYPE_A);

		if (find.found == SIM_FOUND_NODATA && find.empty_non_terminal)
			return true;
	} while (qn_name_parent(&above, &above) && qn_name_within(&above, &zone->origin));
	return false;
}

/*
 * Whether servers can have denied something as of `epoch` so lately that it still counts. Old
 * and new servers of a zone that moves speak at any time.
 */
static bool
denial_fresh(const struct trial *trial, unsigned epoch, const struct sim_zone *zone)
{
	const uint64_t since_us = qn_mono_since_us(trial->world->change, trial->now);

	if (sim_reach_moves(trial->world, zone))
		return true;
	if (epoch == 1)
		return qn_mono_reached(trial->world->change, trial->now);
	return trial->stale || since_us <= TTL_NEGATIVE_MAX_S * QN_US_PER_S + TASK_SLACK_US;
}

static enum step
take_negative(struct trial *trial, unsigned epoch, const struct sim_zone *zone, uint16_t rcode)
{
	if (qn_message_rcode(trial->message) != rcode)
		return step_wrong(trial, epoch, "another response code, or an answer to nothing");
	if (!denial_fresh(trial, epoch, zone))
		return step_wrong(trial, epoch, "a denial of another time");
	return take_soa(trial, epoch, zone) ? STEP_END
	                                    : step_wrong(trial, epoch, "not the SOA, or too old");
}

/* Whether this is the empty answer of a server that recurses, taken when no other was left. */
static bool
is_last_resort(const struct trial *trial, const struct sim_zone *zone)
{
	return trial->at == trial->record_count &&
	       qn_message_rcode(trial->message) == QN_RCODE_NOERROR &&
	       zone_has(trial->world, zone, recurses) && !must_succeed(trial, SURE_US);
}

/* Takes what a server of this zone, or of one above, wrongly says is not there. */
static enum step
take_misdenial(
    struct trial *trial, unsigned epoch, const struct sim_zone *zone, const struct qn_name *name)
{
	for (;; zone = &trial->world->zones[zone->parent]) {
		if (is_last_resort(trial, zone) ||
		    (zone_has(trial->world, zone, denies_cuts) && below_empty(zone, epoch, name) &&
			take_negative(trial, epoch, zone, QN_RCODE_NXDOMAIN) == STEP_END))
			return STEP_END;
		if (zone == &trial->world->zones[0])
			return STEP_WRONG;
	}
}

/* Tries one step at `name` as its zone is in `epoch`. */
static enum step
step_in_zone(struct trial *trial, unsigned epoch, const struct sim_zone *zone, struct qn_name *name)
{
	const struct sim_find find = sim_zone_find(zone, epoch, name, trial->query->question.type);
	struct qn_name target;

	if (zone->wild && !qn_name_equal(name, &zone->origin))
		return STEP_WILD;
	switch (find.found) {
	case SIM_FOUND_DATA:
		if (qn_message_rcode(trial->message) != QN_RCODE_NOERROR)
			return step_wrong(trial, epoch, "a denial of what is there");
		return take_set(trial, epoch, name, find.set);
	case SIM_FOUND_CNAME:
		alias_target(find.set, &target);
		return take_cname(trial, epoch, name, &target, find.set);
	case SIM_FOUND_DNAME:
		return take_dname(trial, epoch, name, find.set);
	case SIM_FOUND_NODATA:
		return take_negative(trial, epoch, zone, QN_RCODE_NOERROR);
	case SIM_FOUND_NXDOMAIN:
		return take_negative(trial, epoch, zone, QN_RCODE_NXDOMAIN);
	case SIM_FOUND_CUT:
		break;
	}
	return step_wrong(trial, epoch, "an answer from a zone that does not exist");
}

static enum step
step_in_epoch(struct trial *trial, unsigned epoch, struct qn_name *name)
{
	const struct sim_zone *zone =
	    sim_world_zone(trial->world, epoch, name, trial->query->question.type);
	const uint32_t start = trial->at;
	const enum step step = step_in_zone(trial, epoch, zone, name);

	if (step != STEP_WRONG)
		return step;
	trial->at = start;
	return take_misdenial(trial, epoch, zone, name);
}

static enum step
step(struct trial *trial, struct qn_name *name)
{
	const uint32_t start = trial->at;
	struct qn_name from;
	enum step result = STEP_WRONG;

	if (is_cut_off(trial))
		return STEP_CUT;
	qn_name_copy(&from, name);
	for (unsigned epoch = 0; epoch < SIM_EPOCH_COUNT && result == STEP_WRONG; epoch++) {
		trial->at = start;
		qn_name_copy(name, &from);
		result = step_in_epoch(trial, epoch, name);
	}
	if (result == STEP_WRONG)
		trial->at = start;
	return result;
}

/* --- Verdicts --------------------------------------------------------------------------- */

/* Some record of the reply that only a lie can have put there. */
static bool
find_poison(const struct trial *trial)
{
	for (uint32_t i = 0; i < trial->record_count; i++) {
		const struct record *record = &trial->records[i];

		if (record->type == QN_TYPE_A && record->rdata.len == 4) {
			const struct qn_address address = qn_address_ipv4(record->rdata.data);

			if (sim_address_is_poison(&address))
				return true;
		}
		if (record->type == QN_TYPE_AAAA && record->rdata.len == 16) {
			const struct qn_address address = qn_address_ipv6(record->rdata.data);

			if (sim_address_is_poison(&address))
				return true;
		}
	}
	return false;
}

static struct sim_verdict
judge_failure(const struct trial *trial)
{
	if (trial->record_count > 0)
		return wrong("records in a failure");
	if (must_succeed(trial, SURE_US))
		return wrong("but nothing stands in the way of an answer");
	return right();
}

static struct sim_verdict
judge_content(struct trial *trial)
{
	struct qn_name name;
	enum step result = STEP_ALIAS;

	trial->at = 0;
	qn_name_copy(&name, &trial->query->question.name);
	for (unsigned links = 0; result == STEP_ALIAS; links++) {
		if (links > QN_ALIAS_MAX)
			return wrong("more than %u aliases", QN_ALIAS_MAX);
		result = step(trial, &name);
	}
	if (result == STEP_WRONG)
		return wrong("at %s, %s (or, in the other epoch, %s)", sim_name_text(&name),
		    trial->fault[0], trial->fault[1]);
	if (result == STEP_END && trial->at < trial->record_count)
		return wrong("with a record that nobody asked for: %s %s",
		    sim_name_text(&trial->records[trial->at].owner),
		    sim_type_text(trial->records[trial->at].type));
	return right();
}

/* The extended error of the reply; QN_EDE_NONE when it has none (RFC 8914 s2). */
static uint16_t
extended_error(const struct qn_message *message)
{
	struct qn_view data;

	if (!message->edns.present || !qn_edns_option_find(&message->edns, QN_EDNS_ERROR, &data) ||
	    data.len < 2)
		return QN_EDE_NONE;
	return qn_load_be16(data.data);
}

/* An answer that is not right as a fresh one may be right as a stale one. */
static struct sim_verdict
judge_answer(struct trial *trial)
{
	const uint16_t ede = extended_error(trial->message);
	const bool said = ede == QN_EDE_STALE_ANSWER || ede == QN_EDE_STALE_NXDOMAIN;
	struct sim_verdict fresh = {.right = false};

	trial->stale = false;
	if (!said) {
		fresh = judge_content(trial);
		if (fresh.right || trial->query->has_edns)
			return fresh;
	}
	trial->stale = true;
	const struct sim_verdict stale = judge_content(trial);

	if (!stale.right)
		return said ? stale : fresh;
	if (trial->plan->stale_age_max_s == 0)
		return wrong("stale, although the node does not serve that");
	if (trial->plan->stale_wait_ms > 0 && must_succeed(trial, FRESH_US))
		return wrong("stale, but nothing stands in the way of a fresh answer");
	return stale;
}

struct sim_verdict
sim_oracle_judge(const struct sim_world *world, const struct sim_plan *plan,
    const struct sim_query *query, const struct qn_message *message, struct qn_mono now)
{
	struct trial trial;

	trial.world = world;
	trial.plan = plan;
	trial.query = query;
	trial.message = message;
	trial.now = now;
	if (!read_records(&trial))
		return wrong("too many records, or of a strange class");
	if (find_poison(&trial))
		return wrong("it believed a lie");
	switch (qn_message_rcode(message)) {
	case QN_RCODE_SERVFAIL:
	case QN_RCODE_REFUSED:
		return judge_failure(&trial);
	case QN_RCODE_NOERROR:
	case QN_RCODE_NXDOMAIN:
	case QN_RCODE_YXDOMAIN:
		return judge_answer(&trial);
	default:
		return wrong("a response code that nothing calls for");
	}
}
