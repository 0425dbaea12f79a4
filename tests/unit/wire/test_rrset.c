/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"
#include "wire/rrset.h"

#include <string.h>

static uint8_t packed[256];

/* Packs the rdatas, strings all, up to a NULL. */
static struct qn_view
pack(const char *const *rdatas)
{
	size_t len = 0;

	for (; *rdatas != NULL; rdatas++)
		assert_true(qn_rdatas_append(
		    (struct qn_span){packed, sizeof(packed)}, &len, test_octets(*rdatas)));
	return (struct qn_view){packed, len};
}

#define PACK(...) pack((const char *const[]){__VA_ARGS__, NULL})

TEST(rdatas_are_packed)
{
	struct qn_view rdatas = PACK("abc", "", "d");
	struct qn_view rdata;

	assert_view_equal(rdatas, ((struct qn_view){(const uint8_t *)"\0\3abc\0\0\0\1d", 10}));
	assert_true(qn_rdatas_next(&rdatas, &rdata));
	assert_view_equal(rdata, test_octets("abc"));
	assert_true(qn_rdatas_next(&rdatas, &rdata));
	assert_int_equal(rdata.len, 0);
	assert_true(qn_rdatas_next(&rdatas, &rdata));
	assert_view_equal(rdata, test_octets("d"));
	assert_false(qn_rdatas_next(&rdatas, &rdata));
}

TEST(rdatas_contain_whole_rdatas)
{
	const struct qn_view rdatas = PACK("abc", "", "d");

	assert_true(qn_rdatas_contain(rdatas, test_octets("abc")));
	assert_true(qn_rdatas_contain(rdatas, test_octets("d")));
	assert_true(qn_rdatas_contain(rdatas, (struct qn_view){NULL, 0}));
	assert_false(qn_rdatas_contain(rdatas, test_octets("ab")));
	assert_false(qn_rdatas_contain(rdatas, test_octets("D")));
	assert_false(qn_rdatas_contain((struct qn_view){NULL, 0}, test_octets("")));
}

TEST(rdatas_append_minds_the_room)
{
	uint8_t room[8];
	const struct qn_span out = {room, 7};
	size_t len = 0;

	memset(room, 0xee, sizeof(room));
	assert_true(qn_rdatas_append(out, &len, test_octets("ab")));
	assert_false(qn_rdatas_append(out, &len, test_octets("cd")));
	assert_int_equal(len, 4);
	assert_true(qn_rdatas_append(out, &len, test_octets("c")));
	assert_int_equal(len, 7);
	assert_false(qn_rdatas_append(out, &len, (struct qn_view){NULL, 0}));
	assert_int_equal(room[7], 0xee);
}

TEST(rdatas_out_of_shape_are_a_bug)
{
	static const uint8_t octets[] = {0, 3, 'a', 'b'};
	struct qn_view cut = {octets, 4};
	struct qn_view half = {octets, 1};
	struct qn_view rdata;

	assert_is_bug(qn_rdatas_next(&cut, &rdata));
	assert_is_bug(qn_rdatas_next(&half, &rdata));
}

/* The first octets of the rdatas that the message under `writer` holds, in order. */
static void
assert_order(const struct qn_rrset *rrset, uint32_t rotation, const char *order)
{
	uint8_t buffer[256];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});
	struct qn_message message;
	struct qn_record record;
	enum qn_section section;

	qn_write_header(&writer, 0, QN_FLAG_QR, 0);
	assert_int_equal(qn_write_rrset(&writer, rrset, 77, rotation), strlen(order));
	qn_write_section_count(&writer, QN_SECTION_ANSWER, (uint16_t)strlen(order));
	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){buffer, writer.at}), QN_MESSAGE_OK);
	struct qn_record_walk walk = qn_message_walk(&message);

	for (; *order != '\0'; order++) {
		assert_true(qn_record_next(&walk, &record, &section));
		assert_true(qn_name_equal(&record.owner, &rrset->owner));
		assert_int_equal(record.type, rrset->type);
		assert_int_equal(record.class, rrset->class);
		assert_int_equal(record.ttl_s, 77);
		assert_int_equal(buffer[record.rdata_at], *order);
	}
	assert_false(qn_record_next(&walk, &record, &section));
}

TEST(rrset_is_written_from_any_record_on)
{
	const struct qn_rrset rrset = {
	    .owner = test_name("example.com"),
	    .type = QN_TYPE_A,
	    .class = QN_CLASS_IN,
	    .ttl_s = 300,
	    .count = 3,
	    .rdatas = PACK("a...", "b...", "c..."),
	};

	assert_order(&rrset, 0, "abc");
	assert_order(&rrset, 1, "bca");
	assert_order(&rrset, 2, "cab");
	assert_order(&rrset, 3, "abc");
	assert_order(&rrset, UINT32_MAX, "abc");
	assert_order(&rrset, UINT32_MAX - 1, "cab");
}

TEST(rrset_may_be_empty)
{
	const struct qn_rrset rrset = {.owner = test_name("example.com"), .type = QN_TYPE_A};

	assert_order(&rrset, 5, "");
}

TEST(rrset_that_does_not_fit_overflows)
{
	const struct qn_rrset rrset = {
	    .owner = test_name("example.com"),
	    .type = QN_TYPE_A,
	    .class = QN_CLASS_IN,
	    .count = 2,
	    .rdatas = PACK("a...", "b..."),
	};
	uint8_t buffer[64];

	/* The first record takes 13 + 10 + 4 octets, the second 2 + 10 + 4. */
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, 27 + 16});

	assert_int_equal(qn_write_rrset(&writer, &rrset, 1, 0), 2);
	assert_false(writer.overflowed);
	writer = qn_writer_of((struct qn_span){buffer, 27 + 15});
	(void)qn_write_rrset(&writer, &rrset, 1, 0);
	assert_true(writer.overflowed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rdatas_are_packed),
	    cmocka_unit_test(rdatas_contain_whole_rdatas),
	    cmocka_unit_test(rdatas_append_minds_the_room),
	    cmocka_unit_test(rdatas_out_of_shape_are_a_bug),
	    cmocka_unit_test(rrset_is_written_from_any_record_on),
	    cmocka_unit_test(rrset_may_be_empty),
	    cmocka_unit_test(rrset_that_does_not_fit_overflows),
	};

	return cmocka_run_group_tests_name("rrset", tests, NULL, NULL);
}
