/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"
#include "wire/rdata.h"

#include <string.h>

/*
 * A name for compressed rdata to point to, standing where a message has its header: "a.b" at
 * offset 0, "b" at 2. The rdata follows at RDATA_AT.
 */
#define PREFIX   "0161 0162 00"
#define RDATA_AT 5

static uint8_t message_room[66000];

/* A message that holds PREFIX and the rdata; `record` is set to describe the latter. */
static struct qn_view
message_of(struct qn_record *record, uint16_t type, const char *rdata_hex)
{
	const struct qn_span room = {message_room, sizeof(message_room)};
	const struct qn_view prefix = test_hex(room, PREFIX);
	const struct qn_span rest = {room.data + prefix.len, room.len - prefix.len};
	const struct qn_view rdata = test_hex(rest, rdata_hex);

	*record = (struct qn_record){
	    .type = type,
	    .class = QN_CLASS_IN,
	    .rdata_at = RDATA_AT,
	    .rdata_len = (uint16_t)rdata.len,
	};
	return (struct qn_view){room.data, prefix.len + rdata.len};
}

struct form_case {
	uint16_t type;
	const char *rdata; /* As received, behind PREFIX. */
	const char *full;  /* With names in full; NULL where `rdata` is not valid. */
};

#define SOA_TAIL "00000001 00000002 00000003 00000004 00000005"
#define SIG_HEAD "0001 08 02 00000e10 65000000 64000000 1234"

static const struct form_case cases[] = {
    {QN_TYPE_A, "c0000201", "c0000201"},
    {QN_TYPE_A, "c00002", NULL},
    {QN_TYPE_A, "c000020100", NULL},
    {QN_TYPE_A, "", NULL},
    {QN_TYPE_AAAA, "20010db8 00000000 00000000 00000001", "20010db8 00000000 00000000 00000001"},
    {QN_TYPE_AAAA, "20010db8 00000000 00000000 000000", NULL},
    {QN_TYPE_AAAA, "20010db8 00000000 00000000 00000001 00", NULL},
    {QN_TYPE_NS, "0163 00", "0163 00"},
    {QN_TYPE_NS, "c000", "0161 0162 00"},
    {QN_TYPE_NS, "0163 c002", "0163 0162 00"},
    {QN_TYPE_NS, "00", "00"},
    {QN_TYPE_NS, "", NULL},
    {QN_TYPE_NS, "0163", NULL},
    {QN_TYPE_NS, "0163 00 00", NULL},
    {QN_TYPE_NS, "c000 00", NULL},
    {QN_TYPE_NS, "c005", NULL},
    {QN_TYPE_CNAME, "c000", "0161 0162 00"},
    {QN_TYPE_CNAME, "c0", NULL},
    {QN_TYPE_PTR, "c002", "0162 00"},
    {QN_TYPE_DNAME, "0163 c002", "0163 0162 00"},
    {QN_TYPE_DNAME, "", NULL},
    {QN_TYPE_MB, "c002", "0162 00"},
    {QN_TYPE_MD, "c002", "0162 00"},
    {QN_TYPE_MF, "c002", "0162 00"},
    {QN_TYPE_MG, "c002", "0162 00"},
    {QN_TYPE_MR, "c002 00", NULL},
    {QN_TYPE_SOA, "c000 0163 c002" SOA_TAIL, "0161 0162 00 0163 0162 00" SOA_TAIL},
    {QN_TYPE_SOA, "00 00" SOA_TAIL, "00 00" SOA_TAIL},
    {QN_TYPE_SOA, "00 00" SOA_TAIL "00", NULL},
    {QN_TYPE_SOA, "00" SOA_TAIL, NULL},
    {QN_TYPE_SOA, "00 00 00000001 00000002 00000003 00000004 000000", NULL},
    {QN_TYPE_MX, "000a c000", "000a 0161 0162 00"},
    {QN_TYPE_MX, "000a", NULL},
    {QN_TYPE_MX, "00", NULL},
    {QN_TYPE_AFSDB, "0001 c000", "0001 0161 0162 00"},
    {QN_TYPE_RT, "0001 c000", "0001 0161 0162 00"},
    {QN_TYPE_KX, "0001 00", "0001 00"},
    {QN_TYPE_KX, "0001", NULL},
    {QN_TYPE_MINFO, "c000 c002", "0161 0162 00 0162 00"},
    {QN_TYPE_MINFO, "c000", NULL},
    {QN_TYPE_RP, "c000 00", "0161 0162 00 00"},
    {QN_TYPE_RP, "c000 00 00", NULL},
    {QN_TYPE_SRV, "0001 0002 0035 c002", "0001 0002 0035 0162 00"},
    {QN_TYPE_SRV, "0001 0002 0035", NULL},
    {QN_TYPE_PX, "000a c000 c002", "000a 0161 0162 00 0162 00"},
    {QN_TYPE_PX, "000a c000", NULL},
    {QN_TYPE_NAPTR, "0064 0032 0173 0353495000 c000", "0064 0032 0173 0353495000 0161 0162 00"},
    {QN_TYPE_NAPTR, "0064 0032 00 00 00 00", "0064 0032 00 00 00 00"},
    {QN_TYPE_NAPTR, "0064 0032 00 00 00", NULL},
    {QN_TYPE_NAPTR, "0064 0032 00 00 ff00", NULL},
    {QN_TYPE_HINFO, "03504450 00", "03504450 00"},
    {QN_TYPE_HINFO, "03504450", NULL},
    {QN_TYPE_HINFO, "03504450 00 00", NULL},
    {QN_TYPE_TXT, "00", "00"},
    {QN_TYPE_TXT, "0161 00 026263", "0161 00 026263"},
    {QN_TYPE_TXT, "", NULL},
    {QN_TYPE_TXT, "0261", NULL},
    {QN_TYPE_TXT, "0161 01", NULL},
    {QN_TYPE_SIG, SIG_HEAD "c000 aabb", SIG_HEAD "0161 0162 00 aabb"},
    {QN_TYPE_RRSIG, SIG_HEAD "0162 00 aabb", SIG_HEAD "0162 00 aabb"},
    {QN_TYPE_RRSIG, SIG_HEAD "00", SIG_HEAD "00"},
    {QN_TYPE_RRSIG, SIG_HEAD, NULL},
    {QN_TYPE_RRSIG, "0001 08 02 00000e10", NULL},
    {QN_TYPE_NXT, "c000 6000", "0161 0162 00 6000"},
    {QN_TYPE_NSEC, "0163 00 0001 40", "0163 00 0001 40"},
    {QN_TYPE_NSEC, "0163", NULL},
    /* Opaque: a pointer in them is no pointer. */
    {QN_TYPE_DS, "c000", "c000"},
    {QN_TYPE_DNSKEY, "", ""},
    {QN_TYPE_NSEC3, "ff", "ff"},
    {QN_TYPE_SVCB, "0001 c000", "0001 c000"},
    {10, "c000", "c000"},
    {QN_TYPE_TSIG, "c000", "c000"},
    {65280, "c0ffee00a5ff", "c0ffee00a5ff"},
    {0, "c000", "c000"},
};

static void
assert_expands(const struct form_case *one)
{
	uint8_t full_room[512], out[512];
	struct qn_record record;
	const struct qn_view message = message_of(&record, one->type, one->rdata);
	const struct qn_view full =
	    test_hex((struct qn_span){full_room, sizeof(full_room)}, one->full);
	bool fits = false;

	for (size_t room = 0; room < full.len; room++) {
		memset(out, 0xee, sizeof(out));
		assert_int_equal(
		    qn_rdata_expand(message, &record, (struct qn_span){out, room}, &fits), 0);
		assert_false(fits);
		assert_int_equal(out[room], 0xee);
	}
	const size_t len =
	    qn_rdata_expand(message, &record, (struct qn_span){out, full.len}, &fits);

	assert_true(fits);
	assert_view_equal(((struct qn_view){out, len}), full);
}

TEST(rdata_forms)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct qn_record record;
		const struct qn_view message = message_of(&record, cases[i].type, cases[i].rdata);

		if (qn_rdata_valid(message, &record) != (cases[i].full != NULL))
			fail_msg("type %u, rdata %s", cases[i].type, cases[i].rdata);
		if (cases[i].full != NULL)
			assert_expands(&cases[i]);
	}
}

/* In another class nothing is known about a type. */
TEST(rdata_of_other_classes_is_opaque)
{
	static const uint16_t classes[] = {QN_CLASS_CH, QN_CLASS_NONE, QN_CLASS_ANY, 0, 65280};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct qn_record record;
		const struct qn_view message = message_of(&record, cases[i].type, cases[i].rdata);
		const struct qn_view rdata = {message.data + RDATA_AT, record.rdata_len};
		uint8_t out[512];
		bool fits;

		record.class = classes[i % COUNT_OF(classes)];
		assert_true(qn_rdata_valid(message, &record));
		const size_t len =
		    qn_rdata_expand(message, &record, (struct qn_span){out, sizeof(out)}, &fits);

		assert_true(fits);
		assert_view_equal(((struct qn_view){out, len}), rdata);
	}
}

/* A name may not run on behind its rdata, even where the message does. */
TEST(rdata_names_end_with_it)
{
	struct qn_record record;
	const struct qn_view message = message_of(&record, QN_TYPE_NS, "0163 0164 00");

	record.rdata_len = 2;
	assert_false(qn_rdata_valid(message, &record));
	record.rdata_len = 4;
	assert_false(qn_rdata_valid(message, &record));
	record.rdata_len = 5;
	assert_true(qn_rdata_valid(message, &record));
}

TEST(rdata_outside_the_message_is_a_bug)
{
	struct qn_record record;
	const struct qn_view message = message_of(&record, QN_TYPE_NS, "0163 00");

	record.rdata_len = 4;
	assert_is_bug(assert_true(qn_rdata_valid(message, &record)));
	record.rdata_at = message.len + 1;
	record.rdata_len = 0;
	assert_is_bug(assert_true(qn_rdata_valid(message, &record)));
}

/* Full names can make rdata longer than its length field can say. */
TEST(rdata_may_grow_too_long)
{
	static uint8_t out[QN_RDATA_MAX + 100];
	struct qn_record record;
	bool fits;

	message_of(&record, QN_TYPE_NSEC, "c000");
	const struct qn_view message = {message_room, sizeof(message_room)};

	memset(message_room + RDATA_AT + 2, 0xaa, message.len - RDATA_AT - 2);
	/* The pointer of 2 octets becomes 5. */
	record.rdata_len = QN_RDATA_MAX - 3;
	assert_int_equal(
	    qn_rdata_expand(message, &record, (struct qn_span){out, sizeof(out)}, &fits),
	    QN_RDATA_MAX);
	assert_true(fits);
	record.rdata_len = QN_RDATA_MAX - 2;
	assert_int_equal(
	    qn_rdata_expand(message, &record, (struct qn_span){out, sizeof(out)}, &fits), 0);
	assert_false(fits);
}

/* Writes `full` behind "b" at 0 and "a.b" at 3; fails unless it comes out as `written`. */
static void
assert_writes(uint16_t type, const char *full, const char *written)
{
	uint8_t buffer[256], full_room[256], room[256];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});
	const struct qn_name b = test_name("b");
	const struct qn_name a_b = test_name("a.b");

	qn_write_name(&writer, &b);
	qn_write_name(&writer, &a_b);
	const size_t at = writer.at;

	qn_write_rdata(
	    &writer, type, test_hex((struct qn_span){full_room, sizeof(full_room)}, full));
	assert_view_equal(((struct qn_view){buffer + at, writer.at - at}),
	    test_hex((struct qn_span){room, sizeof(room)}, written));
}

/* RFC 3597 s4: only what RFC 1035 defines is compressed when sent. */
TEST(rdata_is_compressed_for_old_types_only)
{
	static const uint16_t names[] = {QN_TYPE_NS, QN_TYPE_CNAME, QN_TYPE_PTR, QN_TYPE_MB,
	    QN_TYPE_MD, QN_TYPE_MF, QN_TYPE_MG, QN_TYPE_MR};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_writes(names[i], "0161 0162 00", "c003");
		assert_writes(names[i], "0163 0162 00", "0163 c000");
		assert_writes(names[i], "0163 00", "0163 00");
	}
	assert_writes(QN_TYPE_MX, "000a 0161 0162 00", "000a c003");
	assert_writes(QN_TYPE_MINFO, "0161 0162 00 0162 00", "c003 c000");
	assert_writes(
	    QN_TYPE_SOA, "0161 0162 00 0163 0161 0162 00" SOA_TAIL, "c003 0163 c003" SOA_TAIL);
	/* The first name of an rdata is a target for the second. */
	assert_writes(
	    QN_TYPE_SOA, "0178 0179 00 017a 0179 00" SOA_TAIL, "0178 0179 00 017a c009" SOA_TAIL);

	assert_writes(QN_TYPE_DNAME, "0161 0162 00", "0161 0162 00");
	assert_writes(QN_TYPE_SRV, "0001 0002 0035 0161 0162 00", "0001 0002 0035 0161 0162 00");
	assert_writes(QN_TYPE_RP, "0161 0162 00 0162 00", "0161 0162 00 0162 00");
	assert_writes(QN_TYPE_AFSDB, "0001 0161 0162 00", "0001 0161 0162 00");
	assert_writes(QN_TYPE_RT, "0001 0161 0162 00", "0001 0161 0162 00");
	assert_writes(QN_TYPE_KX, "0001 0161 0162 00", "0001 0161 0162 00");
	assert_writes(QN_TYPE_PX, "0001 0162 00 0162 00", "0001 0162 00 0162 00");
	assert_writes(QN_TYPE_NAPTR, "0064 0032 00 00 00 0162 00", "0064 0032 00 00 00 0162 00");
	assert_writes(QN_TYPE_RRSIG, SIG_HEAD "0162 00 aa", SIG_HEAD "0162 00 aa");
	assert_writes(QN_TYPE_SIG, SIG_HEAD "0162 00 aa", SIG_HEAD "0162 00 aa");
	assert_writes(QN_TYPE_NSEC, "0162 00 0001 40", "0162 00 0001 40");
	assert_writes(QN_TYPE_NXT, "0162 00 60", "0162 00 60");
	assert_writes(65280, "0162 00", "0162 00");
	assert_writes(QN_TYPE_TXT, "0162 00", "0162 00");
}

TEST(rdata_writing_wants_valid_rdata)
{
	assert_is_bug(assert_writes(QN_TYPE_NS, "0161", ""));
	assert_is_bug(assert_writes(QN_TYPE_SOA, "0161 00", ""));
}

TEST(rdata_names)
{
	uint8_t room[300];
	const struct qn_span span = {room, sizeof(room)};
	struct qn_name name;

	assert_true(qn_rdata_name(&name, test_hex(span, "0161 0162 00")));
	assert_name_text(&name, "a.b.");
	assert_true(qn_rdata_name(&name, test_hex(span, "00")));
	assert_false(qn_rdata_name(&name, test_hex(span, "")));
	assert_false(qn_rdata_name(&name, (struct qn_view){NULL, 0}));
	assert_false(qn_rdata_name(&name, test_hex(span, "0161")));
	assert_false(qn_rdata_name(&name, test_hex(span, "0161 00 00")));
	assert_false(qn_rdata_name(&name, test_hex(span, "c000")));
}

TEST(rdata_soa_minimum)
{
	uint8_t room[64];

	assert_int_equal(qn_rdata_soa_minimum(test_hex((struct qn_span){room, sizeof(room)},
			     "0161 00 00 00000001 00000002 00000003 00000004 fedcba98")),
	    0xfedcba98);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rdata_forms),
	    cmocka_unit_test(rdata_of_other_classes_is_opaque),
	    cmocka_unit_test(rdata_names_end_with_it),
	    cmocka_unit_test(rdata_outside_the_message_is_a_bug),
	    cmocka_unit_test(rdata_may_grow_too_long),
	    cmocka_unit_test(rdata_is_compressed_for_old_types_only),
	    cmocka_unit_test(rdata_writing_wants_valid_rdata),
	    cmocka_unit_test(rdata_names),
	    cmocka_unit_test(rdata_soa_minimum),
	};

	return cmocka_run_group_tests_name("rdata", tests, NULL, NULL);
}
