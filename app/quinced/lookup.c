/* SPDX-License-Identifier: BSD-2-Clause */
#include "lookup.h"

#include "cache/answer.h"
#include "cache/records.h"
#include "wire/text.h"
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

json_t *
lookup_report(const struct node *node, const struct qn_name *name, uint16_t type, struct qn_now now)
{
	uint8_t scratch[QN_CACHE_VALUE_MAX];
	char name_text[QN_NAME_TEXT_MAX], type_text[QN_MNEMONIC_MAX];
	bool found = false;
	json_t *report = json_object();

	qn_name_to_text(name, name_text);
	json_object_set_new(report, "name", json_string(name_text));
	json_object_set_new(report, "type", json_string(qn_type_to_text(type, type_text)));
	for (uint16_t i = 0; i < node->config.fixed.worker_count && !found; i++) {
		struct lookup lookup = {
		    .store = {node->shared.caches[i], &node->shared.hash_key, scratch},
		    .question = {.name = *name, .type = type, .class = QN_CLASS_IN},
		    .now = now,
		};

		found = look_into(&lookup, report);
		if (found)
			json_object_set_new(report, "core", json_integer(node->workers[i].core));
	}
	json_object_set_new(report, "found", json_boolean(found));
	return report;
}
