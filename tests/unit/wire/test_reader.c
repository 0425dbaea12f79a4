/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/endian.h"
#include "base/random.h"
#include "support/test.h"
#include "wire/reader.h"

#include <string.h>

#define ROOM_LEN 2048

static uint8_t room[ROOM_LEN];

static struct qn_reader
reader_of_hex(const char *hex)
{
	return qn_reader_of(test_hex((struct qn_span){room, sizeof(room)}, hex));
}

static void
assert_failed_for_good(struct qn_reader *reader)
{
	const size_t at = reader->at;
	struct qn_name name = test_name("not.root");

	assert_true(reader->failed);
	assert_int_equal(qn_reader_left(reader), 0);
	assert_int_equal(qn_read_u8(reader), 0);
	assert_int_equal(qn_read_u16(reader), 0);
	assert_int_equal(qn_read_u32(reader), 0);
	assert_null(qn_read_bytes(reader, 0).data);
	qn_read_name(reader, &name);
	assert_true(qn_name_equal(&name, &qn_name_root));
	qn_skip_name(reader);
	assert_int_equal(reader->at, at);
	assert_true(reader->failed);
}

TEST(reader_reads_numbers)
{
	struct qn_reader reader = reader_of_hex("01 0203 04050607 0809");

	assert_int_equal(qn_read_u8(&reader), 0x01);
	assert_int_equal(qn_read_u16(&reader), 0x0203);
	assert_int_equal(qn_read_u32(&reader), 0x04050607);
	assert_int_equal(qn_reader_left(&reader), 2);
	assert_ptr_equal(qn_read_bytes(&reader, 2).data, room + 7);
	assert_int_equal(qn_read_bytes(&reader, 0).len, 0);
	assert_false(reader.failed);
	(void)qn_read_u8(&reader);
	assert_failed_for_good(&reader);
}

/* A number that is there in part only is not read in part. */
TEST(reader_latches_its_first_error)
{
	struct qn_reader reader = reader_of_hex("010203");

	assert_int_equal(qn_read_u32(&reader), 0);
	assert_int_equal(reader.at, 0);
	assert_failed_for_good(&reader);
	reader = reader_of_hex("01");
	assert_int_equal(qn_read_u16(&reader), 0);
	assert_failed_for_good(&reader);
	reader = reader_of_hex("0102");
	assert_null(qn_read_bytes(&reader, SIZE_MAX).data);
	assert_failed_for_good(&reader);
	reader = qn_reader_of((struct qn_view){NULL, 0});
	assert_int_equal(qn_read_u8(&reader), 0);
	assert_failed_for_good(&reader);
}

/* Reads the name at `at`; it must end `end` octets from the start and read as `text`. */
static void
assert_name_at(const char *hex, size_t at, size_t end, const char *text)
{
	struct qn_reader reader = reader_of_hex(hex);
	struct qn_name name;

	reader.at = at;
	qn_read_name(&reader, &name);
	assert_false(reader.failed);
	assert_int_equal(reader.at, end);
	assert_name_text(&name, text);
	reader.at = at;
	qn_skip_name(&reader);
	assert_false(reader.failed);
	assert_int_equal(reader.at, end);
	reader.at = at;
	qn_pass_name(&reader);
	assert_false(reader.failed);
	assert_int_equal(reader.at, end);
}

static void
assert_no_name_in(struct qn_reader reader)
{
	struct qn_reader skipper = reader;
	struct qn_name name;
	const size_t at = reader.at;

	qn_read_name(&reader, &name);
	assert_int_equal(reader.at, at);
	assert_failed_for_good(&reader);
	qn_skip_name(&skipper);
	assert_int_equal(skipper.at, at);
	assert_failed_for_good(&skipper);
}

static void
assert_no_name_at(const char *hex, size_t at)
{
	struct qn_reader reader = reader_of_hex(hex);

	reader.at = at;
	assert_no_name_in(reader);
}

TEST(reader_reads_names)
{
	assert_name_at("00", 0, 1, ".");
	assert_name_at("0161 0162 00 ff", 0, 5, "a.b.");
	assert_name_at("ff 0161 00", 1, 4, "a.");
}

TEST(reader_follows_pointers)
{
	/* To a whole name, into the middle of one, to its root label. */
	assert_name_at("0161 0162 00 c000", 5, 7, "a.b.");
	assert_name_at("0161 0162 00 c002", 5, 7, "b.");
	assert_name_at("0161 0162 00 c004", 5, 7, ".");
	assert_name_at("0161 0162 00 0163 c002 ff", 5, 9, "c.b.");
	/* A pointer to a pointer, and through a name that ends in one. */
	assert_name_at("0161 00 c000 c003", 5, 7, "a.");
	assert_name_at("0161 00 0162 c000 0163 c003", 7, 11, "c.b.a.");
}

TEST(reader_keeps_octets_and_case)
{
	assert_name_at("0300ff2e 0141 00", 0, 7, "\\000\\255\\..A.");
}

TEST(reader_refuses_broken_names)
{
	assert_no_name_at("", 0);
	assert_no_name_at("0161", 0);
	assert_no_name_at("05616263", 0);
	assert_no_name_at("0161 40", 0);
	assert_no_name_at("0161 c0", 0);
	assert_no_name_at("00 4161 00", 1);
	assert_no_name_at("00 8161 00", 1);
	assert_no_name_at("00 bf00", 1);
	assert_no_name_at("00 4000", 1);
	assert_no_name_at("00 8000", 1);
}

TEST(reader_refuses_pointers_that_do_not_lead_back)
{
	/* To itself, forward, to just behind itself. */
	assert_no_name_at("00 c001", 1);
	assert_no_name_at("00 c003 00", 1);
	assert_no_name_at("00 c004 00 00", 1);
	/* Beyond the message. */
	assert_no_name_at("00 ffff", 1);
	/* Two that lead to each other. */
	assert_no_name_at("c002 c000", 0);
	assert_no_name_at("c002 c000", 2);
	/* Back to the start of the labels before it, and into the middle of them. */
	assert_no_name_at("00 0161 c001", 1);
	assert_no_name_at("00 0161 0162 c003", 1);
	/* Into the octets of a label before it, where a root label seems to be. */
	assert_no_name_at("03610062 c002", 0);
	/* Back, but then forward to before where it came from. */
	assert_no_name_at("c003 00 0161 00 c000", 6);
}

/* A name is not read beyond `end`, though the message goes on there. */
TEST(reader_stops_at_its_end)
{
	struct qn_reader reader = reader_of_hex("0161 00 0162 c000 00");
	struct qn_name name;

	reader.at = 3;
	reader.end = 7;
	qn_read_name(&reader, &name);
	assert_false(reader.failed);
	assert_name_text(&name, "b.a.");
	assert_int_equal(qn_reader_left(&reader), 0);

	for (reader.end = 6; reader.end > 3; reader.end--) {
		reader.at = 3;
		assert_no_name_in(reader);
	}
}

/* A chain of `count` pointers behind a root label, each to the one before. */
static struct qn_reader
reader_of_chain(unsigned count)
{
	room[0] = 0;
	for (unsigned i = 0; i < count; i++)
		qn_store_be16(room + 1 + 2 * i, (uint16_t)(0xc000 | (i == 0 ? 0 : 2 * i - 1)));
	struct qn_reader reader = qn_reader_of((struct qn_view){room, 1 + 2 * (size_t)count});

	reader.at = reader.end - 2;
	return reader;
}

TEST(reader_limits_hops)
{
	struct qn_reader reader = reader_of_chain(QN_NAME_HOP_MAX);
	struct qn_name name;

	qn_read_name(&reader, &name);
	assert_false(reader.failed);
	assert_true(qn_name_equal(&name, &qn_name_root));
	assert_no_name_in(reader_of_chain(QN_NAME_HOP_MAX + 1));
}

/* Each name is short of its own limit; all together are too much. */
TEST(reader_limits_the_steps_of_all_names)
{
	struct qn_reader reader = reader_of_chain(QN_NAME_HOP_MAX);
	const size_t at = reader.at;

	for (unsigned i = 0; i <= QN_READER_STEP_MAX / (QN_NAME_HOP_MAX + 1); i++) {
		reader.at = at;
		qn_skip_name(&reader);
	}
	assert_false(reader.failed);
	reader.at = at;
	qn_skip_name(&reader);
	assert_true(reader.failed);
}

static size_t
label_write(size_t at, uint8_t len)
{
	room[at] = len;
	memset(room + at + 1, 'x', len);
	return at + 1 + len;
}

/* A name of 193 octets, and one that begins with a label of `len` and points to it. */
static struct qn_reader
reader_of_long_name(uint8_t len)
{
	size_t at = 0;

	for (unsigned i = 0; i < 3; i++)
		at = label_write(at, QN_LABEL_MAX);
	room[at++] = 0;
	const size_t start = at;

	at = label_write(at, len);
	qn_store_be16(room + at, 0xc000);
	struct qn_reader reader = qn_reader_of((struct qn_view){room, at + 2});

	reader.at = start;
	return reader;
}

TEST(reader_limits_the_length_in_full)
{
	struct qn_reader reader = reader_of_long_name(61);
	struct qn_name name;

	qn_read_name(&reader, &name);
	assert_false(reader.failed);
	assert_int_equal(name.len, QN_NAME_MAX);
	assert_int_equal(qn_name_label_count(&name), 4);
	assert_no_name_in(reader_of_long_name(62));
	assert_no_name_in(reader_of_long_name(63));
}

TEST(reader_limits_the_length_without_pointers)
{
	size_t at = 0;

	for (unsigned i = 0; i < 3; i++)
		at = label_write(at, QN_LABEL_MAX);
	const size_t end = label_write(at, 61);
	struct qn_name name;

	room[end] = 0;
	struct qn_reader reader = qn_reader_of((struct qn_view){room, end + 1});

	qn_read_name(&reader, &name);
	assert_int_equal(name.len, QN_NAME_MAX);
	room[label_write(at, 62)] = 0;
	assert_no_name_in(qn_reader_of((struct qn_view){room, end + 2}));
}

/* On noise rich in pointers, skipping and reading agree about validity and place. */
TEST(reader_skips_what_it_would_read)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {4};
	struct qn_random random;
	unsigned good = 0;

	qn_random_init(&random, seed);
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t noise[48];
		struct qn_name name;

		qn_random_fill(&random, (struct qn_span){noise, sizeof(noise)});
		for (size_t at = 0; at < sizeof(noise); at++)
			if (noise[at] < 0xe0)
				noise[at] &= 7;
			else
				noise[at] = 0xc0;
		struct qn_reader reader = qn_reader_of((struct qn_view){noise, sizeof(noise)});

		reader.at = qn_random_below(&random, sizeof(noise));
		struct qn_reader skipper = reader;
		struct qn_reader passer = reader;

		qn_read_name(&reader, &name);
		qn_skip_name(&skipper);
		assert_int_equal(reader.failed, skipper.failed);
		assert_int_equal(reader.at, skipper.at);
		qn_pass_name(&passer);
		assert_true(passer.at <= sizeof(noise));
		if (!reader.failed) {
			struct qn_name again;

			assert_int_equal(passer.at, reader.at);
			assert_false(passer.failed);
			assert_int_equal(qn_name_from_wire(&again, qn_name_view(&name)), name.len);
			good++;
		}
	}
	/* Enough of both kinds to mean something. */
	assert_in_range(good, 10000, 190000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reader_reads_numbers),
	    cmocka_unit_test(reader_latches_its_first_error),
	    cmocka_unit_test(reader_reads_names),
	    cmocka_unit_test(reader_follows_pointers),
	    cmocka_unit_test(reader_keeps_octets_and_case),
	    cmocka_unit_test(reader_refuses_broken_names),
	    cmocka_unit_test(reader_refuses_pointers_that_do_not_lead_back),
	    cmocka_unit_test(reader_stops_at_its_end),
	    cmocka_unit_test(reader_limits_hops),
	    cmocka_unit_test(reader_limits_the_steps_of_all_names),
	    cmocka_unit_test(reader_limits_the_length_in_full),
	    cmocka_unit_test(reader_limits_the_length_without_pointers),
	    cmocka_unit_test(reader_skips_what_it_would_read),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
