/* SPDX-License-Identifier: BSD-2-Clause */
#include "lookup.h"

#include "cache/answer.h"
#include "cache/records.h"
#include "wire/text.h"
#include "zone/zones.h"
#include "zonefile/present.h"

/* Whatever a cache holds for one name and type, written out with a question in front. */
#define MESSAGE_MAX (2 * QN_CACHE_VALUE_MAX)

/* One look into the cache of one worker. */
struct lookup {
	struct qn_store store;
	struct qn_question question;
	struct qn_now now;
	struct qn_writer writer; /* A reply in the making. */
	/* What was found. */
	const char *held;
	uint16_t rcode;
	uint32_t ttl_s;
};

static void
set_name(json_t *report, const char *key, const struct qn_name *name)
{
	char text[QN_NAME_TEXT_MAX];

	qn_name_to_text(name, text);
	json_object_set_new(report, key, json_string(text));
}

static void
begin_message(struct lookup *lookup, uint8_t room[MESSAGE_MAX])
{
	lookup->writer = qn_writer_of((struct qn_span){room, MESSAGE_MAX});
	qn_write_header(&lookup->writer, 0, QN_FLAG_QR, 1);
	qn_write_question(&lookup->writer, &lookup->question);
}

static bool
find_answer(struct lookup *lookup)
{
	struct qn_cache_key key;
	struct qn_cache_item item;
	struct qn_answer answer;

	qn_cache_key_init(&key, lookup->store.hash_key, QN_CACHE_ANSWER, &lookup->question.name,
	    lookup->question.type);
	if (qn_cache_get(lookup->store.cache, &key, lookup->now, lookup->store.scratch, &item) !=
		QN_CACHE_FRESH ||
	    !qn_answer_open(&answer, (struct qn_view){lookup->store.scratch, item.value_len}))
		return false;
	qn_answer_write(&lookup->writer, &answer, item.age_s);
	qn_write_section_count(&lookup->writer, QN_SECTION_ANSWER, answer.answer_count);
	qn_write_section_count(&lookup->writer, QN_SECTION_AUTHORITY, answer.authority_count);
	lookup->held = "answer";
	lookup->rcode = answer.rcode;
	lookup->ttl_s = item.ttl_s - item.age_s;
	return true;
}

static bool
find_rrset(struct lookup *lookup)
{
	struct qn_rrset rrset;

	if (!qn_store_get_rrset(
		&lookup->store, &lookup->question.name, lookup->question.type, lookup->now, &rrset))
		return false;
	qn_write_section_count(&lookup->writer, QN_SECTION_ANSWER,
	    qn_write_rrset(&lookup->writer, &rrset, rrset.ttl_s, 0));
	lookup->held = "rrset";
	lookup->rcode = QN_RCODE_NOERROR;
	lookup->ttl_s = rrset.ttl_s;
	return true;
}

static bool
find_negative(struct lookup *lookup)
{
	struct qn_negative negative;

	if (!qn_store_get_negative(&lookup->store, &lookup->question.name, lookup->question.type,
		lookup->now, &negative))
		return false;
	if (negative.has_soa) {
		qn_write_record(&lookup->writer, &negative.soa.owner, QN_TYPE_SOA, QN_CLASS_IN,
		    negative.soa.ttl_s, negative.soa.rdatas);
		qn_write_section_count(&lookup->writer, QN_SECTION_AUTHORITY, 1);
	}
	lookup->held = "negative";
	lookup->rcode = negative.rcode;
	lookup->ttl_s = negative.ttl_s;
	return true;
}

static void
take_record(void *context, enum qn_section section, const char *record)
{
	json_t *report = context;

	json_array_append_new(
	    json_object_get(report, section == QN_SECTION_ANSWER ? "answer" : "authority"),
	    json_string(record));
}

static void
report_found(const struct lookup *lookup, json_t *report)
{
	char rcode[QN_MNEMONIC_MAX];
	const struct qn_view message = {lookup->writer.data, lookup->writer.at};

	json_object_set_new(report, "held", json_string(lookup->held));
	json_object_set_new(report, "rcode", json_string(qn_rcode_to_text(lookup->rcode, rcode)));
	json_object_set_new(report, "ttl_s", json_integer(lookup->ttl_s));
	json_object_set_new(report, "answer", json_array());
	json_object_set_new(report, "authority", json_array());
	if (lookup->writer.overflowed || qn_present_message(message, take_record, report) != 0)
		json_object_set_new(
		    report, "note", json_string("the records cannot be written out as text"));
}

/* Looks into one worker's cache; true when there was something. */
static bool
look_into(struct lookup *lookup, json_t *report)
{
	uint8_t room[MESSAGE_MAX];

	begin_message(lookup, room);
	if (!find_answer(lookup) && !find_rrset(lookup) && !find_negative(lookup))
		return false;
	report_found(lookup, report);
	return true;
}

/* --- Local data ------------------------------------------------------------------------- */

/* The records of an answer that local data have made. */
static void
report_local(const struct qn_question *question, const struct qn_answer *answer, json_t *report)
{
	struct lookup lookup = {.question = *question, .held = "local data"};
	uint8_t room[MESSAGE_MAX];

	begin_message(&lookup, room);
	qn_answer_write(&lookup.writer, answer, 0);
	qn_write_section_count(&lookup.writer, QN_SECTION_ANSWER, answer->answer_count);
	qn_write_section_count(&lookup.writer, QN_SECTION_AUTHORITY, answer->authority_count);
	lookup.rcode = answer->rcode;
	report_found(&lookup, report);
	json_object_del(report, "ttl_s"); /* Each record has its own, and they do not run out. */
}

/* What local data say; QN_ZONE_RESOLVE with `asked` for what is left to look up. */
static enum qn_zone_verdict
look_locally(const struct node *node, const struct qn_question *question,
    const struct qn_address *client, struct qn_question *asked, json_t *report)
{
	const struct qn_zones *local = qn_shard_local_of(&node->config.live, client);
	uint8_t value[QN_CACHE_VALUE_MAX], scratch[QN_CACHE_VALUE_MAX];
	struct qn_answer answer;
	enum qn_zone_verdict verdict;

	*asked = *question;
	if (local == NULL)
		return QN_ZONE_RESOLVE;
	verdict = qn_zones_answer(local, question, (struct qn_span){value, sizeof(value)},
	    (struct qn_span){scratch, sizeof(scratch)}, &answer, &asked->name);
	switch (verdict) {
	case QN_ZONE_RESOLVE:
		qn_name_copy(&asked->name, &question->name);
		break;
	case QN_ZONE_REPLY:
		report_local(question, &answer, report);
		break;
	case QN_ZONE_LEAD:
		set_name(report, "alias_to", &asked->name);
		break;
	case QN_ZONE_DROP:
		json_object_set_new(report, "held", json_string("local data: no reply"));
		break;
	}
	return verdict;
}

/* --- The whole -------------------------------------------------------------------------- */

static const char *
access_text(uint16_t access)
{
	switch ((enum qn_access)access) {
	case QN_ACCESS_ALLOW:
		return "allow";
	case QN_ACCESS_DROP:
		return "drop";
	case QN_ACCESS_REFUSE:
		break;
	}
	return "refuse";
}

static void
report_client(const struct node *node, const struct qn_address *client, json_t *report)
{
	const struct qn_shard_config *live = &node->config.live;
	const struct qn_shard_view *view = qn_shard_view_of(live, client);
	char text[QN_ADDRESS_TEXT_MAX];

	if (client->family == QN_FAMILY_NONE)
		return;
	qn_address_to_text(client, text);
	json_object_set_new(report, "client", json_string(text));
	json_object_set_new(
	    report, "access", json_string(access_text(qn_prefix_map_find(&live->access, client))));
	if (view != NULL)
		json_object_set_new(report, "view", json_string(view->name));
}

/* Looks into the caches of all workers; true when one had something. */
static bool
look_everywhere(
    const struct node *node, const struct qn_question *question, struct qn_now now, json_t *report)
{
	uint8_t scratch[QN_CACHE_VALUE_MAX];

	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		struct lookup lookup = {
		    .store = {node->shared.caches[i], &node->shared.hash_key, scratch},
		    .question = *question,
		    .now = now,
		};

		if (!look_into(&lookup, report))
			continue;
		json_object_set_new(report, "core", json_integer(node->workers[i].core));
		return true;
	}
	return false;
}

json_t *
lookup_report(const struct node *node, const struct qn_question *question,
    const struct qn_address *client, struct qn_now now)
{
	char type_text[QN_MNEMONIC_MAX];
	struct qn_question asked;
	json_t *report = json_object();
	bool found = true;

	set_name(report, "name", &question->name);
	json_object_set_new(
	    report, "type", json_string(qn_type_to_text(question->type, type_text)));
	report_client(node, client, report);
	switch (look_locally(node, question, client, &asked, report)) {
	case QN_ZONE_REPLY:
	case QN_ZONE_DROP:
		break;
	case QN_ZONE_LEAD:
	case QN_ZONE_RESOLVE:
		found = look_everywhere(node, &asked, now, report);
		break;
	}
	json_object_set_new(report, "found", json_boolean(found));
	return report;
}
