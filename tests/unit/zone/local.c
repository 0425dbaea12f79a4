/* SPDX-License-Identifier: BSD-2-Clause */
#include "local.h"

#include "base/arena.h"
#include "cache/cache.h"
#include "wire/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 131072

static uint8_t *
copy_of(struct qn_view bytes)
{
	uint8_t *copy = malloc(bytes.len + 1);

	assert_non_null(copy);
	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	return copy;
}

void
local_add_item(struct local *local, const struct qn_name *owner, uint16_t type, uint8_t kind,
    uint32_t ttl_s, struct qn_view rdata)
{
	uint8_t path[QN_NAME_MAX];
	const size_t path_len = qn_zone_path(path, owner);

	if (local->count == local->capacity) {
		local->capacity = local->capacity == 0 ? 16 : 2 * local->capacity;
		local->items = realloc(local->items, local->capacity * sizeof(*local->items));
		assert_non_null(local->items);
	}
	local->items[local->count] = (struct qn_zone_item){
	    .path = {copy_of((struct qn_view){path, path_len}), path_len},
	    .rdata = {copy_of(rdata), rdata.len},
	    .ttl_s = ttl_s,
	    .line = (uint32_t)local->count + 1,
	    .type = type,
	    .kind = kind,
	};
	local->count++;
}

static void
add_zone(struct local *local, const char *line)
{
	char name_text[QN_NAME_TEXT_MAX], kind[32];
	struct qn_name name;

	if (sscanf(line, "zone %1023s %31s", name_text, kind) != 2)
		fail_msg("not a zone: %s", line);
	name = test_name(name_text);
	for (uint8_t i = 0; i < QN_ZONE_KIND_COUNT; i++) {
		if (strcmp(qn_zone_kind_names[i], kind) == 0) {
			local_add_item(local, &name, QN_ZONE_APEX, i, 0, (struct qn_view){0});
			return;
		}
	}
	fail_msg("not a kind of zone: %s", line);
}

void
local_add(struct local *local, const char *line)
{
	uint8_t room[4096];
	struct qn_rrset rrset;
	struct qn_view rdata;

	if (strncmp(line, "zone ", 5) == 0) {
		add_zone(local, line);
		return;
	}
	rrset = TEST_RRSET(((struct qn_span){room, sizeof(room)}), line);
	assert_true(qn_rdatas_next(&rrset.rdatas, &rdata));
	local_add_item(local, &rrset.owner, rrset.type, 0, rrset.ttl_s, rdata);
}

static int
compare(const void *a, const void *b)
{
	return qn_zone_item_compare(a, b);
}

void
local_sort(struct local *local)
{
	if (local->count > 0)
		qsort(local->items, local->count, sizeof(*local->items), compare);
}

void
local_build(struct local *local)
{
	size_t at = 0;
	size_t size;

	local_sort(local);
	assert_int_equal(qn_zone_items_fault(local->items, local->count, &at), QN_ZONE_SOUND);
	size = qn_zones_size(local->items, local->count);
	assert_int_not_equal(size, 0);
	local->block = aligned_alloc(QN_ARENA_ALIGN, size);
	assert_non_null(local->block);
	local->zones = qn_zones_init(
	    (struct qn_span){local->block, size}, local->items, local->count, local->below);
}

void
local_free(struct local *local)
{
	for (size_t i = 0; i < local->count; i++) {
		free((void *)(uintptr_t)local->items[i].path.data);
		free((void *)(uintptr_t)local->items[i].rdata.data);
	}
	free(local->items);
	free(local->block);
	*local = (struct local){0};
}

/* Text that grows. */
struct out {
	char text[TEXT_MAX];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
put(struct out *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	out->len += (size_t)vsnprintf(
	    out->text + out->len, sizeof(out->text) - out->len, format, arguments);
	va_end(arguments);
	assert_true(out->len < sizeof(out->text));
}

static void
put_record(struct out *out, struct qn_view message, const struct qn_record *record)
{
	uint8_t expanded[4096], packed[4098];
	struct qn_rrset rrset = {.owner = record->owner,
	    .type = record->type,
	    .class = record->class,
	    .ttl_s = record->ttl_s,
	    .count = 1};
	size_t packed_len = 0;
	bool fits;
	const size_t len =
	    qn_rdata_expand(message, record, (struct qn_span){expanded, sizeof(expanded)}, &fits);

	assert_true(fits);
	if (record->type == QN_TYPE_SOA) {
		put(out, "%s %u SOA", test_name_text(&record->owner), record->ttl_s);
		return;
	}
	assert_true(qn_rdatas_append((struct qn_span){packed, sizeof(packed)}, &packed_len,
	    (struct qn_view){expanded, len}));
	rrset.rdatas = (struct qn_view){packed, packed_len};
	put(out, "%s", test_rrset_text(&rrset, 0));
}

/* The records of an answer, in a reply to the question. */
static void
put_records(struct out *out, const struct qn_question *question, const struct qn_answer *answer)
{
	static uint8_t room[TEST_MESSAGE_MAX];
	struct qn_writer writer = qn_writer_of((struct qn_span){room, sizeof(room)});
	struct qn_record_walk walk;
	struct qn_message message;
	struct qn_record record;
	enum qn_section section;

	qn_write_header(&writer, 0, QN_FLAG_QR, 1);
	qn_write_question(&writer, question);
	qn_answer_write(&writer, answer, 0);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, answer->answer_count);
	qn_write_section_count(&writer, QN_SECTION_AUTHORITY, answer->authority_count);
	assert_false(writer.overflowed);
	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){room, writer.at}), QN_MESSAGE_OK);
	walk = qn_message_walk(&message);
	while (qn_record_next(&walk, &record, &section)) {
		put(out, "\n%s", section == QN_SECTION_AUTHORITY ? "authority " : "");
		put_record(out, message.bytes, &record);
	}
}

const char *
local_ask(const struct local *local, const char *question_text)
{
	static uint8_t value[QN_CACHE_VALUE_MAX], scratch[QN_CACHE_VALUE_MAX];
	static struct out out;
	const struct qn_question question = test_question(question_text);
	char rcode[QN_MNEMONIC_MAX];
	struct qn_answer answer;
	struct qn_name target;
	const enum qn_zone_verdict verdict =
	    qn_zones_answer(local->zones, &question, (struct qn_span){value, sizeof(value)},
		(struct qn_span){scratch, sizeof(scratch)}, &answer, &target);

	if (verdict == QN_ZONE_DROP || verdict == QN_ZONE_RESOLVE)
		return verdict == QN_ZONE_DROP ? "drop" : "resolve";
	assert_true(answer.authoritative);
	out.len = 0;
	if (verdict == QN_ZONE_LEAD)
		put(&out, "to %s ", test_name_text(&target));
	put(&out, "%s", qn_rcode_to_text(answer.rcode, rcode));
	if (answer.ede != QN_EDE_NONE)
		put(&out, " ede=%u", answer.ede);
	if (answer.answer_count + answer.authority_count > 0)
		put_records(&out, &question, &answer);
	return out.text;
}
