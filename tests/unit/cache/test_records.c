/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/answer.h"
#include "cache/records.h"
#include "support/message.h"

#include <string.h>

static _Alignas(QN_ARENA_ALIGN) uint8_t memory[64u << 10];
static uint8_t scratch[QN_CACHE_VALUE_MAX];
static uint8_t rdata_room[TEST_MESSAGE_MAX];
static const struct qn_span room = {rdata_room, sizeof(rdata_room)};
static const struct qn_hash_key hash_key = {1, 2};

static struct qn_store
store_new(void)
{
	return (struct qn_store){
	    .cache = qn_cache_init((struct qn_span){memory, sizeof(memory)}, test_now_us(0)),
	    .hash_key = &hash_key,
	    .scratch = scratch,
	};
}

static struct qn_now
at_s(uint64_t s)
{
	return test_now_us(s * QN_US_PER_S);
}

static bool
get(struct qn_store *store, const char *owner, uint16_t type, uint64_t now_s,
    struct qn_rrset *rrset)
{
	const struct qn_name name = test_name(owner);

	return qn_store_get_rrset(store, &name, type, at_s(now_s), rrset);
}

TEST(records_come_back)
{
	struct qn_store store = store_new();
	struct qn_rrset rrset =
	    TEST_RRSET(room, "www.Example.com 300 A 192.0.2.1", "www.example.com 300 A 192.0.2.2");

	qn_store_put_rrset(&store, &rrset, QN_RANK_AUTHORITATIVE, at_s(10));
	assert_true(get(&store, "WWW.example.com", QN_TYPE_A, 110, &rrset));
	assert_int_equal(rrset.count, 2);
	assert_int_equal(rrset.class, QN_CLASS_IN);
	/* In the letter case of whoever asks, with the time that is left. */
	assert_string_equal(test_rrset_text(&rrset, 0), "WWW.example.com. 200 A 192.0.2.1");
	assert_string_equal(test_rrset_text(&rrset, 1), "WWW.example.com. 200 A 192.0.2.2");
	assert_false(get(&store, "www.example.com", QN_TYPE_AAAA, 110, &rrset));
	assert_false(get(&store, "example.com", QN_TYPE_A, 110, &rrset));
	assert_true(get(&store, "www.example.com", QN_TYPE_A, 309, &rrset));
	assert_int_equal(rrset.ttl_s, 1);
	assert_false(get(&store, "www.example.com", QN_TYPE_A, 310, &rrset));
}

TEST(records_without_lifetime_are_not_kept)
{
	struct qn_store store = store_new();
	struct qn_rrset rrset = TEST_RRSET(room, "a.example 0 A 192.0.2.1");

	qn_store_put_rrset(&store, &rrset, QN_RANK_AUTHORITATIVE, at_s(0));
	assert_int_equal(qn_cache_figures(store.cache).entry_count, 0);
}

/* RFC 2181 s5.4.1: what is better is not replaced while it is fresh; equals are. */
TEST(records_keep_their_rank)
{
	struct qn_store store = store_new();
	const struct qn_rrset good = TEST_RRSET(room, "a.example 100 A 192.0.2.1");
	uint8_t other_room[64];
	const struct qn_rrset other = TEST_RRSET(
	    ((struct qn_span){other_room, sizeof(other_room)}), "a.example 50 A 192.0.2.99");
	struct qn_rrset found;

	qn_store_put_rrset(&store, &other, QN_RANK_ANSWER, at_s(0));
	qn_store_put_rrset(&store, &good, QN_RANK_AUTHORITATIVE, at_s(0));
	assert_true(get(&store, "a.example", QN_TYPE_A, 0, &found));
	assert_string_equal(test_rrset_text(&found, 0), "a.example. 100 A 192.0.2.1");

	qn_store_put_rrset(&store, &other, QN_RANK_ANSWER, at_s(99));
	assert_true(get(&store, "a.example", QN_TYPE_A, 99, &found));
	assert_string_equal(test_rrset_text(&found, 0), "a.example. 1 A 192.0.2.1");

	qn_store_put_rrset(&store, &other, QN_RANK_ANSWER, at_s(100));
	assert_true(get(&store, "a.example", QN_TYPE_A, 100, &found));
	assert_string_equal(test_rrset_text(&found, 0), "a.example. 50 A 192.0.2.99");

	qn_store_put_rrset(&store, &good, QN_RANK_ANSWER, at_s(101));
	assert_true(get(&store, "a.example", QN_TYPE_A, 101, &found));
	assert_string_equal(test_rrset_text(&found, 0), "a.example. 100 A 192.0.2.1");
}

TEST(records_of_higher_rank_are_found)
{
	struct qn_store store = store_new();
	const struct qn_rrset rrset = TEST_RRSET(room, "a.example 100 TXT a");
	const struct qn_name name = test_name("a.example");
	struct qn_rrset found;

	assert_false(
	    qn_store_get_better_rrset(&store, &name, QN_TYPE_TXT, QN_RANK_ANSWER, at_s(0), &found));
	qn_store_put_rrset(&store, &rrset, QN_RANK_ANSWER, at_s(0));
	assert_false(
	    qn_store_get_better_rrset(&store, &name, QN_TYPE_TXT, QN_RANK_ANSWER, at_s(0), &found));
	qn_store_put_rrset(&store, &rrset, QN_RANK_AUTHORITATIVE, at_s(0));
	assert_false(qn_store_get_better_rrset(
	    &store, &name, QN_TYPE_TXT, QN_RANK_AUTHORITATIVE, at_s(0), &found));
	assert_true(qn_store_get_better_rrset(
	    &store, &name, QN_TYPE_TXT, QN_RANK_ANSWER, at_s(99), &found));
	assert_int_equal(found.ttl_s, 1);
	assert_false(qn_store_get_better_rrset(
	    &store, &name, QN_TYPE_TXT, QN_RANK_ANSWER, at_s(100), &found));
}

/* A set as large as the cache takes; with one octet more it is not kept, nor is what it replaces. */
TEST(records_have_a_bound)
{
	/* Rank and count take three octets, each record's length two. */
	const size_t most = QN_CACHE_VALUE_MAX - 3 - 2;
	struct qn_store store = store_new();
	struct qn_rrset found;

	for (size_t len = most; len <= most + 1; len++) {
		struct qn_rrset rrset = {
		    .type = 65280, .class = QN_CLASS_IN, .ttl_s = 60, .count = 1};
		size_t packed_len = 0;
		static const uint8_t rdata[QN_CACHE_VALUE_MAX];

		rrset.owner = test_name("long.example");
		assert_true(qn_rdatas_append(room, &packed_len, (struct qn_view){rdata, len}));
		rrset.rdatas = (struct qn_view){rdata_room, packed_len};
		qn_store_put_rrset(&store, &rrset, QN_RANK_AUTHORITATIVE, at_s(0));
		assert_int_equal(get(&store, "long.example", 65280, 0, &found), len == most);
		if (len == most)
			assert_int_equal(found.rdatas.len, most + 2);
	}
}

/* More than 256 records are not kept, nor is what they replace. */
TEST(records_have_a_number)
{
	struct qn_store store = store_new();
	struct qn_rrset rrset = {.type = 65280, .class = QN_CLASS_IN, .ttl_s = 60};
	size_t packed_len = 0;
	struct qn_rrset found;

	rrset.owner = test_name("many.example");
	while (rrset.count <= QN_STORE_RECORD_MAX) {
		const uint8_t rdata[2] = {(uint8_t)(rrset.count >> 8), (uint8_t)rrset.count};

		assert_true(
		    qn_rdatas_append(room, &packed_len, (struct qn_view){rdata, sizeof(rdata)}));
		rrset.count++;
		rrset.rdatas = (struct qn_view){rdata_room, packed_len};
		if (rrset.count < QN_STORE_RECORD_MAX)
			continue;
		qn_store_put_rrset(&store, &rrset, QN_RANK_AUTHORITATIVE, at_s(0));
		assert_int_equal(get(&store, "many.example", 65280, 0, &found),
		    rrset.count == QN_STORE_RECORD_MAX);
	}
}

/* --- What does not exist ---------------------------------------------------------------- */

static struct qn_negative
negative_of(uint16_t rcode, uint32_t ttl_s, const char *soa)
{
	struct qn_negative negative = {.rcode = rcode, .ttl_s = ttl_s, .has_soa = soa != NULL};

	if (soa != NULL)
		negative.soa = TEST_RRSET(room, soa);
	return negative;
}

static bool
absent(struct qn_store *store, const char *owner, uint16_t type, uint64_t now_s,
    struct qn_negative *negative)
{
	const struct qn_name name = test_name(owner);

	return qn_store_get_negative(store, &name, type, at_s(now_s), negative);
}

TEST(negatives_of_a_type)
{
	struct qn_store store = store_new();
	const struct qn_name name = test_name("www.example.com");
	struct qn_negative negative = negative_of(
	    QN_RCODE_NOERROR, 60, "example.com 60 SOA ns.example.com root.example.com 1 2 3 4 60");

	qn_store_put_negative(&store, &name, QN_TYPE_AAAA, &negative, at_s(0));
	memset(&negative, 0xee, sizeof(negative));
	assert_true(absent(&store, "WWW.example.com", QN_TYPE_AAAA, 20, &negative));
	assert_int_equal(negative.rcode, QN_RCODE_NOERROR);
	assert_int_equal(negative.ttl_s, 40);
	assert_true(negative.has_soa);
	assert_name_text(&negative.soa.owner, "example.com.");
	assert_int_equal(negative.soa.type, QN_TYPE_SOA);
	assert_int_equal(negative.soa.class, QN_CLASS_IN);
	assert_int_equal(negative.soa.count, 1);
	assert_int_equal(negative.soa.ttl_s, 40);
	const struct qn_rrset soa =
	    TEST_RRSET(room, "example.com 60 SOA ns.example.com root.example.com 1 2 3 4 60");

	assert_view_equal(negative.soa.rdatas, soa.rdatas);
	assert_false(absent(&store, "www.example.com", QN_TYPE_A, 20, &negative));
	assert_false(absent(&store, "www.example.com", QN_TYPE_AAAA, 60, &negative));
}

TEST(negatives_of_a_name)
{
	struct qn_store store = store_new();
	const struct qn_name name = test_name("gone.example.com");
	struct qn_negative negative = negative_of(QN_RCODE_NXDOMAIN, 60, NULL);

	qn_store_put_negative(&store, &name, QN_TYPE_AAAA, &negative, at_s(0));
	/* Whatever type is asked for, and no name above or below. */
	assert_true(absent(&store, "gone.example.com", QN_TYPE_AAAA, 59, &negative));
	assert_true(absent(&store, "gone.example.com", QN_TYPE_TXT, 59, &negative));
	assert_int_equal(negative.rcode, QN_RCODE_NXDOMAIN);
	assert_false(negative.has_soa);
	assert_int_equal(negative.ttl_s, 1);
	assert_false(absent(&store, "example.com", QN_TYPE_A, 59, &negative));
	assert_false(absent(&store, "a.gone.example.com", QN_TYPE_A, 59, &negative));
	assert_false(absent(&store, "gone.example.com", QN_TYPE_TXT, 60, &negative));
}

/* RFC 8020: below a name that does not exist there is nothing. */
TEST(negatives_of_a_name_above)
{
	struct qn_store store = store_new();
	struct qn_negative negative = negative_of(
	    QN_RCODE_NXDOMAIN, 60, "example.com 60 SOA ns.example.com root.example.com 1 2 3 4 60");
	struct qn_name name = test_name("gone.example.com");

	qn_store_put_negative(&store, &name, QN_TYPE_A, &negative, at_s(0));
	assert_false(qn_store_get_nxdomain_above(&store, &name, &qn_name_root, at_s(1), &negative));
	name = test_name("www.a.GONE.example.com");
	memset(&negative, 0xee, sizeof(negative));
	assert_true(qn_store_get_nxdomain_above(&store, &name, &qn_name_root, at_s(1), &negative));
	assert_int_equal(negative.rcode, QN_RCODE_NXDOMAIN);
	assert_int_equal(negative.ttl_s, 59);
	assert_name_text(&negative.soa.owner, "example.com.");
	assert_false(
	    qn_store_get_nxdomain_above(&store, &name, &qn_name_root, at_s(60), &negative));
	/* Not above the name that the caller will not look beyond. */
	const struct qn_name below = test_name("a.gone.example.com");
	const struct qn_name same = test_name("gone.example.com");

	assert_false(qn_store_get_nxdomain_above(&store, &name, &below, at_s(1), &negative));
	assert_true(qn_store_get_nxdomain_above(&store, &name, &same, at_s(1), &negative));
	name = test_name("xgone.example.com");
	assert_false(qn_store_get_nxdomain_above(&store, &name, &qn_name_root, at_s(1), &negative));

	/* A type that is not there says nothing of what is below. */
	negative = negative_of(QN_RCODE_NOERROR, 60, NULL);
	name = test_name("empty.example.com");
	qn_store_put_negative(&store, &name, QN_TYPE_A, &negative, at_s(0));
	name = test_name("www.empty.example.com");
	assert_false(qn_store_get_nxdomain_above(&store, &name, &qn_name_root, at_s(1), &negative));
}

TEST(negatives_without_lifetime_are_not_kept)
{
	struct qn_store store = store_new();
	const struct qn_name name = test_name("gone.example.com");
	const struct qn_negative negative = negative_of(QN_RCODE_NXDOMAIN, 0, NULL);

	qn_store_put_negative(&store, &name, QN_TYPE_A, &negative, at_s(0));
	assert_int_equal(qn_cache_figures(store.cache).entry_count, 0);
}

/* What a zone has said of a name itself, which shows that no unknown cut is at it. */
TEST(records_know_which_names_are_there)
{
	static const char *const lines[] = {
	    "address.example 60 A 192.0.2.1", "alias.example 60 CNAME a.example"};
	struct qn_store store = store_new();
	const struct qn_negative nodata = negative_of(QN_RCODE_NOERROR, 60, NULL);
	const struct qn_negative nxdomain = negative_of(QN_RCODE_NXDOMAIN, 60, NULL);
	const struct {
		const char *name;
		bool there;
	} cases[] = {
	    {"address.example", true},
	    {"alias.example", true},
	    {"empty.example", true},
	    {"gone.example", false},
	    {"text.example", false},
	    {"other.example", false},
	};
	struct qn_name name = test_name("empty.example");
	struct qn_rrset rrset;

	qn_store_put_negative(&store, &name, QN_TYPE_A, &nodata, at_s(0));
	name = test_name("gone.example");
	qn_store_put_negative(&store, &name, QN_TYPE_A, &nxdomain, at_s(0));
	rrset = TEST_RRSET(room, "text.example 60 TXT x");
	qn_store_put_rrset(&store, &rrset, QN_RANK_AUTHORITATIVE, at_s(0));
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		rrset = TEST_RRSET(room, lines[i]);
		qn_store_put_rrset(&store, &rrset, QN_RANK_AUTHORITATIVE, at_s(0));
	}
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		name = test_name(cases[i].name);
		assert_int_equal(qn_store_has_name(&store, &name, at_s(59)), cases[i].there);
		assert_false(qn_store_has_name(&store, &name, at_s(60)));
	}
}

/* --- Failures --------------------------------------------------------------------------- */

/* RFC 9520 s3.2: 1 s, 2 s, 4 s ... 60 s, and no longer. */
TEST(failures_are_kept_longer_in_a_row)
{
	static const uint32_t lengths_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct qn_store store = store_new();
	const struct qn_name name = test_name("broken.example");
	struct qn_failure failure;
	uint64_t now_s = 5;

	assert_false(qn_store_get_failure(&store, &name, QN_TYPE_A, at_s(now_s), &failure));
	for (uint32_t i = 0; i < COUNT_OF(lengths_s); i++) {
		qn_store_put_failure(
		    &store, &name, QN_TYPE_A, QN_RCODE_SERVFAIL, QN_EDE_NETWORK_ERROR, at_s(now_s));
		assert_true(qn_store_get_failure(
		    &store, &name, QN_TYPE_A, at_s(now_s + lengths_s[i] - 1), &failure));
		assert_int_equal(failure.row_count, i + 1);
		assert_int_equal(failure.rcode, QN_RCODE_SERVFAIL);
		assert_int_equal(failure.ede, QN_EDE_NETWORK_ERROR);
		now_s += lengths_s[i];
		assert_false(qn_store_get_failure(&store, &name, QN_TYPE_A, at_s(now_s), &failure));
	}
	assert_false(qn_store_get_failure(&store, &name, QN_TYPE_AAAA, at_s(5), &failure));
}

/* RFC 9520 s3.2: whatever the time of day, never for less than a second. */
TEST(failures_last_to_the_microsecond)
{
	struct qn_store store = store_new();
	const struct qn_name name = test_name("broken.example");
	struct qn_now now = at_s(5);
	struct qn_failure failure;

	now.mono.us += 999999;
	qn_store_put_failure(&store, &name, QN_TYPE_A, QN_RCODE_SERVFAIL, QN_EDE_OTHER, now);
	now.mono.us += 999999;
	assert_true(qn_store_get_failure(&store, &name, QN_TYPE_A, now, &failure));
	now.mono.us += 1;
	assert_false(qn_store_get_failure(&store, &name, QN_TYPE_A, now, &failure));
}

TEST(failures_end_with_a_success)
{
	struct qn_store store = store_new();
	const struct qn_name name = test_name("broken.example");
	struct qn_failure failure;

	for (unsigned i = 0; i < 2; i++)
		qn_store_put_failure(
		    &store, &name, QN_TYPE_A, QN_RCODE_REFUSED, QN_EDE_PROHIBITED, at_s(0));
	qn_store_clear_failure(&store, &name, QN_TYPE_A);
	assert_false(qn_store_get_failure(&store, &name, QN_TYPE_A, at_s(0), &failure));
	qn_store_put_failure(
	    &store, &name, QN_TYPE_A, QN_RCODE_SERVFAIL, QN_EDE_NETWORK_ERROR, at_s(0));
	assert_true(qn_store_get_failure(&store, &name, QN_TYPE_A, at_s(0), &failure));
	assert_int_equal(failure.row_count, 1);
}

/* A failure of long ago is the first of a new row. */
TEST(failures_are_forgotten)
{
	struct qn_store store = store_new();
	const struct qn_name name = test_name("broken.example");
	struct qn_failure failure;

	for (uint64_t now_s = 0; now_s < 100000; now_s += 10000) {
		qn_store_put_failure(
		    &store, &name, QN_TYPE_A, QN_RCODE_SERVFAIL, QN_EDE_OTHER, at_s(now_s));
		assert_true(qn_store_get_failure(&store, &name, QN_TYPE_A, at_s(now_s), &failure));
		assert_int_equal(failure.row_count, 1);
	}
}

/* Puts the ready-made answer to (www.example.com, A): records in text form of owner and address. */
static void
answer_put(struct qn_store *store, const char *const owners[2], uint16_t type, uint16_t rcode)
{
	struct qn_question question = {test_name("www.example.com"), QN_TYPE_A, QN_CLASS_IN};
	uint8_t message[512], value[512];
	struct qn_writer writer = qn_writer_of((struct qn_span){message, sizeof(message)});
	struct qn_cache_key key;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &question);
	for (uint8_t i = 0; i < 2; i++) {
		const uint8_t rdata[] = {192, 0, 2, i};
		const struct qn_name owner = test_name(owners[i]);

		qn_write_record(&writer, &owner, type, QN_CLASS_IN, 100,
		    (struct qn_view){rdata, sizeof(rdata)});
	}
	qn_write_section_count(&writer, QN_SECTION_ANSWER, 2);
	const size_t len = qn_answer_encode((struct qn_span){value, sizeof(value)},
	    (struct qn_view){message, writer.at}, rcode, QN_EDE_NONE);

	qn_cache_key_init(&key, store->hash_key, QN_CACHE_ANSWER, &question.name, question.type);
	assert_true(qn_cache_put(store->cache, &key, 100, (struct qn_view){value, len}, at_s(0)));
}

TEST(addresses_are_found_in_a_ready_made_answer)
{
	static const char *const same[] = {"www.example.com", "www.example.com"};
	static const char *const other[] = {"www.example.com", "web.example.com"};
	const struct qn_name name = test_name("www.example.com");
	struct qn_store store = store_new();
	struct qn_rrset rrset;

	assert_false(qn_store_get_rrset(&store, &name, QN_TYPE_A, at_s(0), &rrset));
	answer_put(&store, same, QN_TYPE_A, QN_RCODE_NOERROR);
	assert_true(qn_store_get_rrset(&store, &name, QN_TYPE_A, at_s(30), &rrset));
	assert_int_equal(rrset.ttl_s, 70);
	assert_int_equal(rrset.count, 2);
	assert_view_equal(
	    rrset.rdatas, ((struct qn_view){(const uint8_t *)"\0\4\xc0\0\2\0\0\4\xc0\0\2\1", 12}));
	assert_false(qn_store_get_rrset(&store, &name, QN_TYPE_AAAA, at_s(30), &rrset));
	assert_false(qn_store_get_rrset(&store, &name, QN_TYPE_A, at_s(100), &rrset));

	/* It ranks as high as authorities' answers do. */
	rrset = TEST_RRSET(room, "www.example.com 50 A 192.0.2.99");
	qn_store_put_rrset(&store, &rrset, QN_RANK_ANSWER, at_s(30));
	assert_true(qn_store_get_rrset(&store, &name, QN_TYPE_A, at_s(30), &rrset));
	assert_int_equal(rrset.count, 2);

	/* Not behind an alias, of another type, or with an error. */
	answer_put(&store, other, QN_TYPE_A, QN_RCODE_NOERROR);
	assert_false(qn_store_get_rrset(&store, &name, QN_TYPE_A, at_s(0), &rrset));
	answer_put(&store, same, QN_TYPE_TXT, QN_RCODE_NOERROR);
	assert_false(qn_store_get_rrset(&store, &name, QN_TYPE_A, at_s(0), &rrset));
	answer_put(&store, same, QN_TYPE_A, QN_RCODE_SERVFAIL);
	assert_false(qn_store_get_rrset(&store, &name, QN_TYPE_A, at_s(0), &rrset));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_come_back),
	    cmocka_unit_test(records_without_lifetime_are_not_kept),
	    cmocka_unit_test(records_keep_their_rank),
	    cmocka_unit_test(records_of_higher_rank_are_found),
	    cmocka_unit_test(records_have_a_bound),
	    cmocka_unit_test(addresses_are_found_in_a_ready_made_answer),
	    cmocka_unit_test(records_have_a_number),
	    cmocka_unit_test(negatives_of_a_type),
	    cmocka_unit_test(negatives_of_a_name),
	    cmocka_unit_test(negatives_of_a_name_above),
	    cmocka_unit_test(negatives_without_lifetime_are_not_kept),
	    cmocka_unit_test(records_know_which_names_are_there),
	    cmocka_unit_test(failures_are_kept_longer_in_a_row),
	    cmocka_unit_test(failures_last_to_the_microsecond),
	    cmocka_unit_test(failures_end_with_a_success),
	    cmocka_unit_test(failures_are_forgotten),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
