/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"
#include "support/test.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <stdio.h>
#include <string.h>

#define BUFFER_LEN 40000

static uint8_t buffer[BUFFER_LEN];

static struct qn_writer
writer_of_len(size_t len)
{
	memset(buffer, 0xee, sizeof(buffer));
	return qn_writer_of((struct qn_span){buffer, len});
}

static void
assert_written(const struct qn_writer *writer, const char *hex)
{
	uint8_t room[512];
	const struct qn_view expected = test_hex((struct qn_span){room, sizeof(room)}, hex);

	assert_false(writer->overflowed);
	assert_view_equal(((struct qn_view){writer->data, writer->at}), expected);
}

static void
write_name(struct qn_writer *writer, const char *text)
{
	const struct qn_name name = test_name(text);

	qn_write_name(writer, &name);
}

static void
write_name_full(struct qn_writer *writer, const char *text)
{
	const struct qn_name name = test_name(text);

	qn_write_name_full(writer, &name);
}

TEST(writer_writes_numbers)
{
	struct qn_writer writer = writer_of_len(12);

	qn_write_u8(&writer, 1);
	qn_write_u16(&writer, 0x0203);
	qn_write_u32(&writer, 0x04050607);
	qn_write_bytes(&writer, test_octets("abc"));
	qn_write_bytes(&writer, (struct qn_view){NULL, 0});
	qn_write_u16_at(&writer, 1, 0xfffe);
	assert_written(&writer, "01 fffe 04050607 616263");
	qn_write_u16(&writer, 0x0809);
	assert_false(writer.overflowed);
	assert_int_equal(writer.at, writer.cap);
}

TEST(writer_overwrites_only_what_is_written)
{
	struct qn_writer writer = writer_of_len(12);

	assert_is_bug(qn_write_u16_at(&writer, 0, 1));
	qn_write_u16(&writer, 0);
	qn_write_u16_at(&writer, 0, 0x0102);
	assert_is_bug(qn_write_u16_at(&writer, 1, 1));
	assert_written(&writer, "0102");
}

/* No octet beyond the capacity is touched, and nothing after an overflow. */
TEST(writer_latches_overflow)
{
	for (size_t cap = 0; cap < 8; cap++) {
		struct qn_writer writer = writer_of_len(cap);

		qn_write_u8(&writer, 0);
		qn_write_u16(&writer, 0);
		qn_write_u32(&writer, 0);
		qn_write_bytes(&writer, test_octets("a"));
		const size_t at = writer.at;

		assert_true(writer.overflowed);
		assert_true(at <= cap);
		for (size_t i = at; i < 16; i++)
			assert_int_equal(buffer[i], 0xee);
		/* What would fit is not written either. */
		qn_write_bytes(&writer, (struct qn_view){NULL, 0});
		write_name(&writer, ".");
		qn_write_u16_at(&writer, 0, 1);
		assert_int_equal(writer.at, at);
	}
}

TEST(writer_rewinds)
{
	struct qn_writer writer = writer_of_len(24);

	write_name(&writer, "a.example");
	const struct qn_writer_mark mark = qn_writer_mark(&writer);

	write_name(&writer, "long.name.of.another.org");
	assert_true(writer.overflowed);
	qn_writer_rewind(&writer, mark);
	assert_false(writer.overflowed);
	write_name(&writer, "b.example");
	assert_written(&writer, "0161 076578616d706c65 00 0162 c002");

	/* Names written behind the mark are no targets any more. */
	qn_writer_rewind(&writer, mark);
	write_name(&writer, "x.org");
	qn_writer_rewind(&writer, mark);
	write_name(&writer, "y.org");
	assert_written(&writer, "0161 076578616d706c65 00 0179 036f7267 00");
}

TEST(writer_compresses_suffixes)
{
	struct qn_writer writer = writer_of_len(200);

	write_name(&writer, "www.example.com");
	assert_int_equal(writer.at, 17);
	write_name(&writer, "www.example.com");   /* 17: all of it */
	write_name(&writer, "ns.example.com");    /* 19: a suffix */
	write_name(&writer, "a.ns.example.com");  /* 24: the longest, in a name itself compressed */
	write_name(&writer, "com");               /* 28: the last label */
	write_name(&writer, "example.org");       /* 30: nothing */
	write_name(&writer, "b.www.example.com"); /* 43: one label before all of it */
	assert_written(&writer,
	    "03777777 076578616d706c65 03636f6d 00 c000 026e73 c004 0161 c013 c00c"
	    "076578616d706c65 036f7267 00 0162 c000");
}

TEST(writer_never_compresses_the_root)
{
	struct qn_writer writer = writer_of_len(200);

	write_name(&writer, ".");
	write_name(&writer, ".");
	write_name(&writer, "com");
	write_name(&writer, ".");
	assert_written(&writer, "00 00 03636f6d 00 00");
}

/* Whole labels only: neither "ample" in "example" nor octets that look like a label. */
TEST(writer_compares_whole_labels)
{
	struct qn_writer writer = writer_of_len(200);

	write_name(&writer, "example");
	write_name(&writer, "ample");
	write_name(&writer, "x\\003com");
	write_name(&writer, "com");
	assert_written(&writer, "076578616d706c65 00 05616d706c65 00 057803636f6d 00 03636f6d 00");
}

TEST(writer_compresses_without_regard_to_case)
{
	struct qn_writer writer = writer_of_len(200);

	write_name(&writer, "Foo.eXample");
	write_name(&writer, "fOO.ExamplE");
	write_name(&writer, "BAR.example");
	/* These differ in bit 5 but are no letters. */
	write_name(&writer, "[");
	write_name(&writer, "{");
	assert_written(&writer, "03466f6f 076558616d706c65 00 c000 03424152 c004 015b 00 017b 00");
}

TEST(writer_full_names_are_targets)
{
	struct qn_writer writer = writer_of_len(200);

	write_name(&writer, "a.b");
	write_name_full(&writer, "a.b");
	write_name_full(&writer, "c.d");
	write_name(&writer, "e.c.d");
	assert_written(&writer, "0161 0162 00 0161 0162 00 0163 0164 00 0165 c00a");
}

/* An overflow in the middle of a name leaves no target behind. */
TEST(writer_forgets_names_that_did_not_fit)
{
	struct qn_writer writer = writer_of_len(7);
	const struct qn_writer_mark mark = qn_writer_mark(&writer);

	write_name(&writer, "aaaaaaa");
	assert_true(writer.overflowed);
	assert_int_equal(writer.name_count, 0);
	qn_writer_rewind(&writer, mark);
	write_name(&writer, "aa");
	write_name(&writer, "b.aa");
	assert_true(writer.overflowed);
	assert_int_equal(writer.name_count, 1);
}

/* The search ends with its steps; the owner of an RRset, and its names' end, are found all the same. */
TEST(writer_limits_the_search)
{
	static uint8_t room[65535];
	struct qn_writer writer = qn_writer_of((struct qn_span){room, sizeof(room)});
	size_t owner_at, target_at, other_at;

	write_name(&writer, "question.example");
	write_name(&writer, "owner.test");
	for (unsigned i = 0; writer.steps < QN_WRITER_STEP_MAX; i++) {
		char target[QN_NAME_TEXT_MAX];

		snprintf(target, sizeof(target), "t%u.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.example", i);
		write_name(&writer, "owner.test");
		write_name(&writer, target);
		assert_false(writer.overflowed);
	}
	owner_at = writer.at;
	write_name(&writer, "owner.test");
	target_at = writer.at;
	assert_int_equal(target_at - owner_at, 2);
	write_name(&writer, "z.p.example");
	assert_int_equal(writer.at - target_at, 4);
	other_at = writer.at;
	write_name(&writer, "other");
	write_name(&writer, "other");
	assert_int_equal(writer.at - other_at, 2 * (strlen("other") + 2));
	assert_in_range(writer.steps, QN_WRITER_STEP_MAX, QN_WRITER_STEP_MAX + QN_NAME_LABEL_MAX);
}

/* Offsets from 0x4000 on do not fit a pointer. */
TEST(writer_points_within_reach_only)
{
	struct qn_writer writer = writer_of_len(BUFFER_LEN);

	writer.at = 0x4000 - 4;
	/* "aa" starts at 0x3ffc, "bb" at 0x3fff, "cc" at 0x4002. */
	write_name(&writer, "aa.bb.cc");
	const size_t start = writer.at;

	write_name(&writer, "aa.bb.cc");
	assert_int_equal(writer.at - start, 2);
	write_name(&writer, "bb.cc");
	assert_int_equal(writer.at - start, 4);
	write_name(&writer, "cc");
	assert_int_equal(writer.at - start, 8);
	write_name(&writer, "cc");
	assert_int_equal(writer.at - start, 12);
	write_name(&writer, "x.cc");
	assert_int_equal(writer.at - start, 18);
}

/* A far label of a near name: the part behind it, near again through a pointer, still serves. */
TEST(writer_uses_the_near_part_of_a_far_name)
{
	struct qn_writer writer = writer_of_len(BUFFER_LEN);

	write_name(&writer, "org");
	writer.at = 0x4000 - 2;
	write_name(&writer, "a.b.org"); /* "a" at 0x3ffe, "b" at 0x4000, "org" at 0. */
	const size_t start = writer.at;

	write_name(&writer, "b.org");
	assert_int_equal(writer.at - start, 4);
	assert_memory_equal(buffer + start,
	    "\x01"
	    "b\xc0\x00",
	    4);
}

TEST(writer_remembers_a_bounded_number_of_names)
{
	struct qn_writer writer = writer_of_len(BUFFER_LEN);
	char text[] = "n00";

	/* What is no use as a target takes no place. */
	for (unsigned i = 0; i < QN_WRITER_NAME_MAX; i++) {
		write_name(&writer, ".");
		write_name(&writer, "n00");
	}
	assert_int_equal(writer.name_count, 1);
	for (unsigned i = 0; i < QN_WRITER_NAME_MAX + 1; i++) {
		text[1] = (char)('0' + i / 10);
		text[2] = (char)('0' + i % 10);
		write_name(&writer, text);
	}
	assert_int_equal(writer.name_count, QN_WRITER_NAME_MAX);
	size_t at = writer.at;

	write_name(&writer, "n31");
	assert_int_equal(writer.at - at, 2);
	at = writer.at;
	write_name(&writer, "n32");
	assert_int_equal(writer.at - at, 5);
}

/* Labels from a small alphabet, so that suffixes repeat in all ways and cases. */
static struct qn_name
random_name(struct qn_random *random)
{
	static const char *const labels[] = {
	    "a", "A", "b", "ab", "aB", "\\000", "\\003com", "com", "xn--some-longer-label", "c"};
	char text[256] = "";
	const uint32_t count = 1 + qn_random_below(random, 6);

	for (uint32_t i = 0; i < count; i++) {
		strcat(text, labels[qn_random_below(random, COUNT_OF(labels))]);
		strcat(text, ".");
	}
	return test_name(text);
}

/* What was written compressed reads back the same, and is never longer. */
TEST(writer_names_read_back)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {5};
	struct qn_random random;

	qn_random_init(&random, seed);
	for (unsigned round = 0; round < 300; round++) {
		struct qn_writer writer = writer_of_len(BUFFER_LEN);
		struct qn_name names[60];
		size_t full_len = 0;

		for (size_t i = 0; i < COUNT_OF(names); i++) {
			names[i] = random_name(&random);
			full_len += names[i].len;
			qn_write_name(&writer, &names[i]);
		}
		assert_false(writer.overflowed);
		assert_true(writer.at < full_len);
		struct qn_reader reader = qn_reader_of((struct qn_view){buffer, writer.at});

		for (size_t i = 0; i < COUNT_OF(names); i++) {
			struct qn_name name;

			qn_read_name(&reader, &name);
			assert_true(qn_name_equal(&name, &names[i]));
		}
		assert_false(reader.failed);
		assert_int_equal(qn_reader_left(&reader), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writer_writes_numbers),
	    cmocka_unit_test(writer_overwrites_only_what_is_written),
	    cmocka_unit_test(writer_latches_overflow),
	    cmocka_unit_test(writer_rewinds),
	    cmocka_unit_test(writer_compresses_suffixes),
	    cmocka_unit_test(writer_never_compresses_the_root),
	    cmocka_unit_test(writer_compares_whole_labels),
	    cmocka_unit_test(writer_compresses_without_regard_to_case),
	    cmocka_unit_test(writer_full_names_are_targets),
	    cmocka_unit_test(writer_forgets_names_that_did_not_fit),
	    cmocka_unit_test(writer_limits_the_search),
	    cmocka_unit_test(writer_points_within_reach_only),
	    cmocka_unit_test(writer_uses_the_near_part_of_a_far_name),
	    cmocka_unit_test(writer_remembers_a_bounded_number_of_names),
	    cmocka_unit_test(writer_names_read_back),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
