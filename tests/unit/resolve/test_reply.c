/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/endian.h"
#include "resolve/reply.h"
#include "support/message.h"

#include <stdio.h>
#include <string.h>

static struct qn_reply reply;
static const struct qn_hash_key hash_key = {1, 2};

/* How a test wants a reply judged, apart from the question, which is the message's own. */
struct asked {
	const char *zone;
	bool without_edns;
	bool forwarded;
	bool last_resort;
};

static enum qn_reply_kind
judge_message(const struct asked *asked, const struct qn_message *message)
{
	const struct qn_name zone = test_name(asked->zone);
	const struct qn_reply_context context = {
	    .question = &message->question,
	    .zone = &zone,
	    .hash_key = &hash_key,
	    .edns_sent = !asked->without_edns,
	    .forwarded = asked->forwarded,
	    .last_resort = asked->last_resort,
	};

	/* What an earlier reply left behind must not matter. */
	memset(&reply, 0xee, sizeof(reply));
	qn_reply_judge(&reply, message, &context);
	return reply.kind;
}

static enum qn_reply_kind
judge_lines(const char *zone, const char *const *lines)
{
	const struct qn_message message = test_message_read(lines);

	return judge_message(&(struct asked){.zone = zone}, &message);
}

#define JUDGE(zone, ...) judge_lines(zone, TEST_LINES(__VA_ARGS__))

/* Compares record `record` of set `set` with its text. */
static void
assert_record(unsigned set, unsigned record, const char *text)
{
	assert_true(set < reply.set_count);
	assert_string_equal(test_rrset_text(&reply.sets[set], record), text);
}

#define SOA "SOA ns.example.com root.example.com 1 2 3 4 300"

/* --- Answers ---------------------------------------------------------------------------- */

TEST(reply_with_the_answer)
{
	assert_int_equal(
	    JUDGE("example.com", "question www.example.com A", "flags qr aa",
		"answer www.example.com 300 A 192.0.2.1", "answer WWW.example.COM 200 A 192.0.2.2",
		"answer www.example.com 250 A 192.0.2.3"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.rank, QN_RANK_AUTHORITATIVE);
	assert_int_equal(reply.set_count, 1);
	assert_int_equal(reply.sets[0].count, 3);
	assert_int_equal(reply.sets[0].class, QN_CLASS_IN);
	/* RFC 2181 s5.2: one TTL, the lowest. */
	assert_record(0, 0, "www.example.com. 200 A 192.0.2.1");
	assert_record(0, 1, "www.example.com. 200 A 192.0.2.2");
	assert_record(0, 2, "www.example.com. 200 A 192.0.2.3");
}

/* The set alone counts: what else a server sends along is not believed (CVE-2025-11411). */
TEST(reply_with_uninvited_records)
{
	assert_int_equal(
	    JUDGE("example.com", "question www.example.com A", "flags qr aa",
		"answer www.example.com 300 A 192.0.2.1",
		"answer www.example.com 300 AAAA 2001:db8::1",
		"answer www.example.com 300 CH A 192.0.2.9", "answer www.example.com 300 TXT hello",
		"answer mail.example.com 300 A 192.0.2.66", "answer victim.org 300 A 192.0.2.66",
		"answer com 300 NS ns.attacker.org", "authority www.example.com 300 A 192.0.2.67",
		"authority example.com 300 NS ns.attacker.org",
		"authority com 300 NS ns.attacker.org",
		"authority victim.org 300 NS ns.attacker.org",
		"additional www.example.com 300 A 192.0.2.68",
		"additional ns.attacker.org 300 A 192.0.2.66"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.set_count, 1);
	assert_int_equal(reply.sets[0].count, 1);
	assert_record(0, 0, "www.example.com. 300 A 192.0.2.1");
	assert_false(reply.negative.has_soa);
}

TEST(reply_with_records_twice)
{
	assert_int_equal(
	    JUDGE("example.com", "question example.com MX", "flags qr aa",
		"answer example.com 300 MX 10 mx.example.com",
		"answer example.com 200 MX 20 mx.example.com",
		"answer example.com 100 MX 10 mx.example.com",
		/* The same without compression. */
		"answer example.com 300 MX \\# 000a 026d78 076578616d706c65 03636f6d 00"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.sets[0].count, 2);
	assert_record(0, 0, "example.com. 100 MX \\# 000a026d78076578616d706c6503636f6d00");
	assert_record(0, 1, "example.com. 100 MX \\# 0014026d78076578616d706c6503636f6d00");
}

TEST(reply_with_odd_lifetimes)
{
	static const struct {
		const char *line;
		uint32_t ttl_s;
	} cases[] = {
	    {"answer a.example 0 A 192.0.2.1", 0},
	    {"answer a.example 86400 A 192.0.2.1", 86400},
	    {"answer a.example 86401 A 192.0.2.1", 86400},
	    {"answer a.example 2147483647 A 192.0.2.1", 86400},
	    /* RFC 2181 s8: with the top bit set it counts as 0. */
	    {"answer a.example 2147483648 A 192.0.2.1", 0},
	    {"answer a.example 4294967295 A 192.0.2.1", 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
		    JUDGE("example", "question a.example A", "flags qr aa", cases[i].line),
		    QN_REPLY_ANSWER);
		assert_int_equal(reply.sets[0].ttl_s, cases[i].ttl_s);
	}
}

/* What comes of one that does not say it serves the zone is taken when nobody else is left. */
TEST(reply_without_authority)
{
	const struct qn_message answer = TEST_MESSAGE(
	    "question www.example.com A", "flags qr ra", "answer www.example.com 300 A 192.0.2.1");

	assert_int_equal(
	    judge_message(&(struct asked){.zone = "example.com"}, &answer), QN_REPLY_DOUBTFUL);
	assert_int_equal(reply.set_count, 0);
	assert_int_equal(
	    judge_message(&(struct asked){.zone = "example.com", .last_resort = true}, &answer),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.rank, QN_RANK_ANSWER);
	assert_int_equal(JUDGE("example.com", "question www.example.com A", "flags qr",
			     "answer www.example.com 300 A 192.0.2.1"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.rank, QN_RANK_ANSWER);
	assert_int_equal(JUDGE("example.com", "question www.example.com A", "flags qr ra NXDOMAIN",
			     "authority example.com 300 " SOA),
	    QN_REPLY_DOUBTFUL);
	assert_int_equal(JUDGE("example.com", "question www.example.com A", "flags qr ra",
			     "answer www.example.com 300 CNAME a.example.com"),
	    QN_REPLY_DOUBTFUL);
	/* An authority that resolves for others as well is one nevertheless. */
	assert_int_equal(JUDGE("example.com", "question www.example.com A", "flags qr aa ra",
			     "answer www.example.com 300 A 192.0.2.1"),
	    QN_REPLY_ANSWER);
}

/* --- Aliases ---------------------------------------------------------------------------- */

/*
 * One alias a reply: its target is asked for anew. Whoever forges one reply about a name that
 * nobody uses cannot append records of names that many use.
 */
TEST(reply_with_a_chain)
{
	assert_int_equal(JUDGE("example.com", "question a.example.com A", "flags qr aa",
			     "answer c.example.com 300 A 192.0.2.1",
			     "answer b.example.com 200 CNAME c.example.com",
			     "answer a.example.com 100 CNAME b.example.com",
			     "answer a.example.com 100 A 192.0.2.2"),
	    QN_REPLY_ALIAS);
	assert_int_equal(reply.rank, QN_RANK_AUTHORITATIVE);
	assert_int_equal(reply.set_count, 1);
	assert_record(0, 0, "a.example.com. 100 CNAME b.example.com.");
	assert_name_text(&reply.target, "b.example.com.");
}

/* Neither the absence of the target nor its SOA is taken from here (RFC 6604 s3). */
TEST(reply_with_an_alias_of_nothing)
{
	static const char *const aliases[] = {
	    "answer a.example.com 100 CNAME b.example.com",
	    "answer a.example.com 100 CNAME www.victim.org",
	};
	static const char *const targets[] = {"b.example.com.", "www.victim.org."};
	static const char *const flags[] = {"flags qr aa NXDOMAIN", "flags qr aa"};

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(JUDGE("example.com", "question a.example.com A", flags[i / 2],
				     aliases[i % 2], "authority example.com 300 " SOA,
				     "authority victim.org 300 " SOA, "authority . 300 " SOA),
		    QN_REPLY_ALIAS);
		assert_int_equal(reply.set_count, 1);
		assert_false(reply.negative.has_soa);
		assert_name_text(&reply.target, targets[i % 2]);
	}
}

/* A part of the zone that has been delegated: the referral is to be asked for by name. */
TEST(reply_with_an_alias_into_a_child)
{
	assert_int_equal(JUDGE("example.com", "question a.example.com A", "flags qr aa",
			     "answer a.example.com 100 CNAME w.child.example.com",
			     "authority child.example.com 300 NS ns.child.example.com",
			     "additional ns.child.example.com 300 A 192.0.2.7"),
	    QN_REPLY_ALIAS);
	assert_name_text(&reply.target, "w.child.example.com.");
}

TEST(reply_to_a_question_for_an_alias)
{
	assert_int_equal(JUDGE("example.com", "question a.example.com CNAME", "flags qr aa",
			     "answer a.example.com 100 CNAME b.example.com",
			     "answer b.example.com 100 CNAME c.example.com"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.set_count, 1);
	assert_record(0, 0, "a.example.com. 100 CNAME b.example.com.");
}

/* RFC 2181 s10.1: there can be only one. */
TEST(reply_with_two_aliases_of_a_name)
{
	assert_int_equal(JUDGE("example.com", "question a.example.com A", "flags qr aa",
			     "answer x.example.com 100 CNAME y.example.com",
			     "answer A.example.com 100 CNAME b.example.com",
			     "answer a.example.com 100 CNAME c.example.com"),
	    QN_REPLY_ALIAS);
	assert_int_equal(reply.set_count, 1);
	assert_int_equal(reply.sets[0].count, 1);
	assert_name_text(&reply.target, "b.example.com.");
}

/* The name is its own alias: for whoever follows aliases to find out. */
TEST(reply_with_an_alias_of_itself)
{
	assert_int_equal(JUDGE("example.com", "question a.example.com A", "flags qr aa",
			     "answer a.example.com 100 CNAME a.example.com"),
	    QN_REPLY_ALIAS);
	assert_name_text(&reply.target, "a.example.com.");
}

/* RFC 6672 s3.1: the alias is made here, whatever the server has made of it. */
TEST(reply_with_a_dname)
{
	assert_int_equal(JUDGE("example.com", "question w.old.example.com A", "flags qr aa",
			     "answer w.old.example.com 0 CNAME evil.example.com",
			     "answer old.example.com 100 DNAME new.example.com",
			     "answer old.example.com 100 DNAME newer.example.com",
			     "answer evil.example.com 300 A 192.0.2.66",
			     "answer w.new.example.com 300 A 192.0.2.1",
			     "answer new.example.com 100 DNAME newest.example.com"),
	    QN_REPLY_ALIAS);
	assert_int_equal(reply.set_count, 2);
	assert_record(0, 0, "old.example.com. 100 DNAME new.example.com.");
	assert_int_equal(reply.sets[0].count, 1);
	assert_record(1, 0, "w.old.example.com. 100 CNAME w.new.example.com.");
	assert_name_text(&reply.target, "w.new.example.com.");
}

TEST(reply_with_a_dname_out_of_the_zone)
{
	assert_int_equal(JUDGE("example.com", "question a.b.old.example.com TXT", "flags qr aa",
			     "answer OLD.example.com 100 DNAME new.org"),
	    QN_REPLY_ALIAS);
	assert_int_equal(reply.set_count, 2);
	assert_record(1, 0, "a.b.old.example.com. 100 CNAME a.b.new.org.");
	assert_name_text(&reply.target, "a.b.new.org.");
	/* At the zone's own name. */
	assert_int_equal(JUDGE("example.com", "question www.example.com TXT", "flags qr aa",
			     "answer example.com 100 DNAME example.org"),
	    QN_REPLY_ALIAS);
	assert_name_text(&reply.target, "www.example.org.");
}

/* Names above the zone are not its servers' to rename. */
TEST(reply_with_a_dname_from_above)
{
	assert_int_equal(JUDGE("example.com", "question www.example.com A", "flags qr aa",
			     "answer com 100 DNAME org", "answer www.example.com 300 A 192.0.2.1"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.set_count, 1);
	assert_int_equal(JUDGE("example.com", "question www.example.com A", "flags qr aa",
			     "answer com 100 DNAME org", "answer . 100 DNAME org"),
	    QN_REPLY_NEGATIVE);
	assert_int_equal(reply.set_count, 0);
}

/* RFC 6672 s2.3: a DNAME says nothing of its own name, only of those below. */
TEST(reply_with_a_dname_at_the_name_itself)
{
	assert_int_equal(JUDGE("example.com", "question old.example.com A", "flags qr aa",
			     "answer old.example.com 100 DNAME new.example.com",
			     "answer old.example.com 100 A 192.0.2.1"),
	    QN_REPLY_ANSWER);
	assert_record(0, 0, "old.example.com. 100 A 192.0.2.1");
	assert_int_equal(JUDGE("example.com", "question old.example.com DNAME", "flags qr aa",
			     "answer old.example.com 100 DNAME new.example.com"),
	    QN_REPLY_ANSWER);
	assert_record(0, 0, "old.example.com. 100 DNAME new.example.com.");
	assert_int_equal(JUDGE("example.com", "question bold.example.com A", "flags qr aa",
			     "answer old.example.com 100 DNAME new.example.com"),
	    QN_REPLY_NEGATIVE);
}

/* Of those that apply the deepest does: it hides what is below (RFC 6672 s2.4). */
TEST(reply_with_several_dnames)
{
	assert_int_equal(
	    JUDGE("example.com", "question w.b.a.example.com A", "flags qr aa",
		"answer a.example.com 100 DNAME x.org", "answer b.a.example.com 100 DNAME y.org",
		"answer example.com 100 DNAME z.org"),
	    QN_REPLY_ALIAS);
	assert_name_text(&reply.target, "w.y.org.");
}

#define LABEL_60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* RFC 6672 s2.2: a name that would be too long cannot be asked for. */
TEST(reply_with_a_dname_that_makes_too_long_a_name)
{
	static const char *const flags[] = {"flags qr aa", "flags qr aa YXDOMAIN"};

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		assert_int_equal(
		    JUDGE("example", "question " LABEL_60 "." LABEL_60 "." LABEL_60 ".a.example A",
			flags[i], "answer a.example 100 DNAME " LABEL_60 "." LABEL_60 ".example"),
		    QN_REPLY_NEGATIVE);
		assert_int_equal(reply.negative.rcode, QN_RCODE_YXDOMAIN);
		assert_int_equal(reply.set_count, 1);
		assert_int_equal(reply.sets[0].type, QN_TYPE_DNAME);
	}
	/* Where none applies the code is about something else (RFC 2136 s2.2). */
	assert_int_equal(
	    JUDGE("example", "question a.b.example A", "flags qr aa YXDOMAIN",
		"answer a.b.example 100 A 192.0.2.1", "answer c.example 100 DNAME d.example"),
	    QN_REPLY_SERVFAIL);
}

/* --- Nothing there ---------------------------------------------------------------------- */

TEST(reply_that_there_is_no_name)
{
	assert_int_equal(JUDGE("example.com", "question gone.example.com A", "flags qr aa NXDOMAIN",
			     "authority example.com 200 " SOA),
	    QN_REPLY_NEGATIVE);
	assert_int_equal(reply.set_count, 0);
	assert_int_equal(reply.negative.rcode, QN_RCODE_NXDOMAIN);
	assert_int_equal(reply.negative.ttl_s, 200);
	assert_true(reply.negative.has_soa);
	assert_name_text(&reply.target, "gone.example.com.");
	const struct qn_rrset *soa = &reply.negative.soa;
	struct qn_view rest = soa->rdatas;
	struct qn_view rdata;

	assert_name_text(&soa->owner, "example.com.");
	assert_int_equal(soa->type, QN_TYPE_SOA);
	assert_int_equal(soa->class, QN_CLASS_IN);
	assert_int_equal(soa->ttl_s, 200);
	assert_int_equal(soa->count, 1);
	assert_true(qn_rdatas_next(&rest, &rdata));
	assert_int_equal(rest.len, 0);
	assert_int_equal(qn_rdata_soa_minimum(rdata), 300);
}

TEST(reply_that_there_is_no_such_type)
{
	assert_int_equal(JUDGE("example.com", "question www.example.com AAAA", "flags qr aa",
			     "authority example.com 3600 " SOA),
	    QN_REPLY_NEGATIVE);
	assert_int_equal(reply.negative.rcode, QN_RCODE_NOERROR);
	assert_int_equal(reply.negative.ttl_s, 300);
	/* RFC 2308 s2.2: types 2 and 3, without a SOA that says for how long. */
	assert_int_equal(JUDGE("example.com", "question www.example.com AAAA", "flags qr aa",
			     "authority example.com 3600 NS ns.example.com"),
	    QN_REPLY_NEGATIVE);
	assert_false(reply.negative.has_soa);
	assert_int_equal(reply.negative.ttl_s, QN_NEGATIVE_BARE_TTL_S);
	assert_int_equal(JUDGE("example.com", "question www.example.com AAAA", "flags qr aa"),
	    QN_REPLY_NEGATIVE);
	assert_int_equal(reply.negative.rcode, QN_RCODE_NOERROR);
	assert_int_equal(reply.negative.ttl_s, QN_NEGATIVE_BARE_TTL_S);
}

/* RFC 2308 s5: the lower of the SOA's TTL and MINIMUM, at most an hour here. */
TEST(reply_negative_lifetimes)
{
	static const struct {
		const char *line;
		uint32_t ttl_s;
	} cases[] = {
	    {"authority example 200 SOA a b 1 2 3 4 300", 200},
	    {"authority example 300 SOA a b 1 2 3 4 200", 200},
	    {"authority example 90000 SOA a b 1 2 3 4 90000", 3600},
	    {"authority example 2147483648 SOA a b 1 2 3 4 300", 0},
	    {"authority example 300 SOA a b 1 2 3 4 2147483648", 0},
	    {"authority example 300 SOA a b 1 2 3 4 4294967295", 0},
	    {"authority example 300 SOA a b 1 2 3 4 0", 0},
	    {"authority example 0 SOA a b 1 2 3 4 300", 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
		    JUDGE("example", "question a.example A", "flags qr aa", cases[i].line),
		    QN_REPLY_NEGATIVE);
		assert_int_equal(reply.negative.ttl_s, cases[i].ttl_s);
		assert_int_equal(reply.negative.soa.ttl_s, cases[i].ttl_s);
	}
}

/* Only a SOA between the zone asked and the name can be its zone's. */
TEST(reply_with_the_soa_of_others)
{
	static const char *const others[] = {
	    "authority com 300 " SOA,
	    "authority . 300 " SOA,
	    "authority example.org 300 " SOA,
	    "authority other.example.com 300 " SOA,
	    "authority a.gone.example.com 300 " SOA,
	    "authority example.com 300 CH SOA \\# 00",
	    "answer example.com 300 " SOA,
	    "additional example.com 300 " SOA,
	};

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_int_equal(JUDGE("example.com", "question gone.example.com A",
				     "flags qr aa NXDOMAIN", others[i]),
		    QN_REPLY_NEGATIVE);
		assert_false(reply.negative.has_soa);
		assert_int_equal(reply.negative.ttl_s, QN_NEGATIVE_BARE_TTL_S);
		/* Without AA there is then nothing to believe. */
		assert_int_equal(JUDGE("example.com", "question gone.example.com A",
				     "flags qr NXDOMAIN", others[i]),
		    QN_REPLY_LAME);
	}
	/* One server for a zone and its child, and a right one behind a wrong one. */
	assert_int_equal(
	    JUDGE("example.com", "question a.child.example.com A", "flags qr aa NXDOMAIN",
		"authority org 300 " SOA, "authority child.example.com 300 " SOA,
		"authority example.com 200 " SOA),
	    QN_REPLY_NEGATIVE);
	assert_name_text(&reply.negative.soa.owner, "child.example.com.");
}

/* --- Referrals -------------------------------------------------------------------------- */

/* The addresses a referral came with, as "server address" lines in their order. */
static void
assert_candidates(const char *const *lines)
{
	const struct qn_delegation *delegation = &reply.delegation;
	unsigned count = 0;

	for (; *lines != NULL; lines++, count++) {
		char text[QN_NAME_TEXT_MAX + QN_ADDRESS_TEXT_MAX], address[QN_ADDRESS_TEXT_MAX];

		assert_true(count < delegation->candidate_count);
		const struct qn_candidate *candidate = &delegation->candidates[count];

		assert_true(candidate->server < delegation->server_count);
		qn_address_to_text(&candidate->address, address);
		snprintf(text, sizeof(text), "%s %s",
		    test_name_text(&delegation->servers[candidate->server].name), address);
		assert_string_equal(text, *lines);
	}
	assert_int_equal(delegation->candidate_count, count);
}

#define ASSERT_CANDIDATES(...) assert_candidates((const char *const[]){__VA_ARGS__})

TEST(reply_with_a_referral)
{
	assert_int_equal(JUDGE("com", "question www.example.com A", "flags qr",
			     "authority example.com 7200 NS ns1.example.com",
			     "authority EXAMPLE.com 3600 NS ns2.example.net",
			     "authority example.com 7200 NS NS1.example.com",
			     "additional ns1.example.com 7200 A 192.0.2.1",
			     "additional NS1.example.com 7200 AAAA 2001:db8::1",
			     "additional ns1.example.com 7200 A 192.0.2.1"),
	    QN_REPLY_REFERRAL);
	assert_int_equal(reply.set_count, 0);
	assert_name_text(&reply.delegation.zone, "example.com.");
	assert_int_equal(reply.delegation.ttl_s, 3600);
	assert_false(reply.delegation.forwarded);
	assert_int_equal(reply.delegation.server_count, 2);
	assert_name_text(&reply.delegation.servers[0].name, "ns1.example.com.");
	assert_int_equal(reply.delegation.servers[0].address_count, 2);
	assert_name_text(&reply.delegation.servers[1].name, "ns2.example.net.");
	assert_int_equal(reply.delegation.servers[1].address_count, 0);
	ASSERT_CANDIDATES("ns1.example.com. 192.0.2.1", "ns1.example.com. 2001:db8::1", NULL);
}

/* Addresses are taken for the nameservers alone, from who serves a zone that they are in. */
TEST(reply_with_glue_of_all_kinds)
{
	assert_int_equal(JUDGE("com", "question www.example.com A", "flags qr",
			     "authority example.com 7200 NS ns.example.com",
			     "authority example.com 7200 NS ns.sibling.com",
			     "authority example.com 7200 NS ns.example.org",
			     "additional ns.example.org 7200 A 192.0.2.66", /* Not below com. */
			     "additional ns.example.com 7200 CH A \\# c0000242", /* Not class IN. */
			     "additional ns.example.com 7200 A 127.0.0.1", /* Of this very host. */
			     "additional ns.example.com 7200 A 0.0.0.0",   /* Nobody's. */
			     "additional ns.example.com 7200 A 224.0.0.1", /* Of a group. */
			     "additional ns.example.com 7200 AAAA ::1",
			     "additional ns.example.com 7200 AAAA fe80::1",
			     "additional www.example.com 7200 A 192.0.2.67", /* Not a nameserver. */
			     "additional example.com 7200 A 192.0.2.68",
			     "authority ns.example.com 7200 A 192.0.2.69",
			     "additional ns.sibling.com 7200 A 192.0.2.2",
			     "additional ns.example.com 7200 A 192.0.2.1"),
	    QN_REPLY_REFERRAL);
	ASSERT_CANDIDATES("ns.sibling.com. 192.0.2.2", "ns.example.com. 192.0.2.1", NULL);
}

TEST(reply_with_a_large_referral)
{
	static char texts[200][96];
	const char *lines[203] = {"question www.example A", "flags qr"};
	unsigned count = 2;

	for (unsigned i = 0; i < 20; i++, count++) {
		snprintf(
		    texts[count], sizeof(texts[0]), "authority example 300 NS ns%u.example", i);
		lines[count] = texts[count];
	}
	for (unsigned i = 0; i < 20; i++) {
		for (unsigned k = 0; k < 8; k++, count++) {
			snprintf(texts[count], sizeof(texts[0]),
			    "additional ns%u.example 300 A 192.0.%u.%u", i, i, k + 1);
			lines[count] = texts[count];
		}
	}
	lines[count] = NULL;
	assert_int_equal(judge_lines(".", lines), QN_REPLY_REFERRAL);
	assert_int_equal(reply.delegation.server_count, QN_DELEGATION_SERVER_MAX);
	assert_int_equal(
	    reply.delegation.candidate_count, QN_DELEGATION_SERVER_MAX * QN_DELEGATION_ADDRESS_MAX);
	for (unsigned i = 0; i < QN_DELEGATION_SERVER_MAX; i++)
		assert_int_equal(
		    reply.delegation.servers[i].address_count, QN_DELEGATION_ADDRESS_MAX);
}

TEST(reply_referral_lifetimes)
{
	static const struct {
		const char *line;
		uint32_t ttl_s;
	} cases[] = {
	    {"authority a.example 0 NS b", 0},
	    {"authority a.example 172800 NS b", 86400},
	    {"authority a.example 2147483648 NS b", 0},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
		    JUDGE("example", "question a.example A", "flags qr", cases[i].line),
		    QN_REPLY_REFERRAL);
		assert_int_equal(reply.delegation.ttl_s, cases[i].ttl_s);
	}
}

/* Where a server inside the zone is, only the zone above can say: it is asked when its word ends. */
TEST(reply_referral_ends_with_its_glue)
{
	static const struct {
		const char *server;
		const char *glue;
		uint32_t ttl_s;
	} cases[] = {
	    {"authority a.example 86400 NS b.a.example", "additional b.a.example 300 A 192.0.2.1",
		300},
	    {"authority a.example 86400 NS b.a.example",
		"additional b.a.example 300 AAAA 2001:db8::1", 300},
	    {"authority a.example 86400 NS a.example", "additional a.example 300 A 192.0.2.1", 300},
	    {"authority a.example 200 NS b.a.example", "additional b.a.example 300 A 192.0.2.1",
		200},
	    /* Not so often that the zone above would be asked for each question. */
	    {"authority a.example 86400 NS b.a.example", "additional b.a.example 0 A 192.0.2.1",
		10},
	    {"authority a.example 86400 NS b.a.example",
		"additional b.a.example 2147483648 A 192.0.2.1", 10},
	    {"authority a.example 5 NS b.a.example", "additional b.a.example 0 A 192.0.2.1", 5},
	    {"authority a.example 0 NS b.a.example", "additional b.a.example 0 A 192.0.2.1", 0},
	    /* Others can be asked where that server is; and this is none. */
	    {"authority a.example 86400 NS c.example", "additional c.example 300 A 192.0.2.1",
		86400},
	    {"authority a.example 86400 NS b.a.example", "additional c.a.example 300 A 192.0.2.1",
		86400},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(JUDGE("example", "question a.example A", "flags qr",
				     cases[i].server, cases[i].glue),
		    QN_REPLY_REFERRAL);
		assert_int_equal(reply.delegation.ttl_s, cases[i].ttl_s);
	}
}

/* Up, sideways, to where we are, past the name: nothing that leads closer. */
TEST(reply_with_a_referral_to_elsewhere)
{
	static const char *const others[] = {
	    "authority . 300 NS ns.example.com",
	    "authority com 300 NS ns.example.com",
	    "authority example.com 300 NS ns.example.com",
	    "authority other.example.com 300 NS ns.example.com",
	    "authority a.www.example.com 300 NS ns.example.com",
	    "authority example.org 300 NS ns.example.com",
	    "authority ww.example.com 300 NS ns.example.com",
	    "authority www.example.com 300 CH NS \\# 00",
	};

	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(
		    JUDGE("example.com", "question www.example.com A", "flags qr", others[i]),
		    QN_REPLY_LAME);
	/* With AA those that name other zones do not even pass for an absence. */
	assert_int_equal(
	    JUDGE("example.com", "question www.example.com A", "flags qr aa", others[0]),
	    QN_REPLY_LAME);
	/* Nor is what stands in other sections a referral. */
	assert_int_equal(JUDGE("example.com", "question www.example.com A", "flags qr",
			     "answer www.example.com 300 NS ns.example.com",
			     "additional www.example.com 300 NS ns.example.com"),
	    QN_REPLY_DOUBTFUL);
	/* Nothing at all, without AA: some that do know send this (RFC 4074 s4). */
	const struct qn_message nothing = TEST_MESSAGE("question www.example.com A", "flags qr");

	assert_int_equal(
	    judge_message(&(struct asked){.zone = "example.com"}, &nothing), QN_REPLY_DOUBTFUL);
	assert_int_equal(
	    judge_message(&(struct asked){.zone = "example.com", .last_resort = true}, &nothing),
	    QN_REPLY_NEGATIVE);
}

TEST(reply_with_two_referrals)
{
	assert_int_equal(JUDGE("com", "question www.child.example.com A", "flags qr",
			     "authority other.com 300 NS ns.other.com",
			     "authority example.com 300 NS ns1.example.com",
			     "authority child.example.com 300 NS ns.child.example.com",
			     "authority example.com 300 NS ns2.example.com"),
	    QN_REPLY_REFERRAL);
	assert_name_text(&reply.delegation.zone, "example.com.");
	assert_int_equal(reply.delegation.server_count, 2);
	assert_name_text(&reply.delegation.servers[1].name, "ns2.example.com.");
}

/* Some servers set AA, which is not theirs to set, and some offer to resolve. */
TEST(reply_with_a_referral_and_odd_flags)
{
	assert_int_equal(JUDGE("com", "question example.com A", "flags qr aa",
			     "authority example.com 300 NS ns.example.com"),
	    QN_REPLY_REFERRAL);
	assert_int_equal(JUDGE("com", "question example.com A", "flags qr ra",
			     "authority example.com 300 NS ns.example.com"),
	    QN_REPLY_REFERRAL);
	assert_int_equal(JUDGE("com", "question www.example.com A", "flags qr ra",
			     "authority com 300 NS ns.example.com"),
	    QN_REPLY_DOUBTFUL);
}

/* A parent that answers with its glue: it is good for reaching the child and nothing else. */
TEST(reply_with_glue_for_an_answer)
{
	assert_int_equal(JUDGE("com", "question ns.example.com A", "flags qr",
			     "answer ns.example.com 300 A 192.0.2.1",
			     "authority example.com 300 NS ns.example.com",
			     "additional ns.example.com 300 A 192.0.2.1"),
	    QN_REPLY_REFERRAL);
	assert_int_equal(reply.set_count, 0);
	ASSERT_CANDIDATES("ns.example.com. 192.0.2.1", NULL);
	/* With authority it is the child that speaks, through the same server. */
	assert_int_equal(JUDGE("com", "question ns.example.com A", "flags qr aa",
			     "answer ns.example.com 300 A 192.0.2.1",
			     "authority example.com 300 NS ns.example.com"),
	    QN_REPLY_ANSWER);
}

/* Who serves the root, in its own words, is taken with the addresses (RFC 9609). */
TEST(reply_to_priming)
{
	assert_int_equal(
	    JUDGE(".", "question . NS", "flags qr aa", "answer . 518400 NS a.root-servers.net",
		"answer . 518400 NS b.root-servers.net",
		"additional a.root-servers.net 518400 A 198.41.0.4",
		"additional b.root-servers.net 518400 AAAA 2801:1b8:10::b"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.sets[0].count, 2);
	assert_name_text(&reply.delegation.zone, ".");
	assert_int_equal(reply.delegation.server_count, 2);
	ASSERT_CANDIDATES(
	    "a.root-servers.net. 198.41.0.4", "b.root-servers.net. 2801:1b8:10::b", NULL);
}

/* --- Servers that resolve for us -------------------------------------------------------- */

static enum qn_reply_kind
judge_forwarded(const char *const *lines)
{
	const struct qn_message message = test_message_read(lines);

	return judge_message(&(struct asked){.zone = ".", .forwarded = true}, &message);
}

#define JUDGE_FORWARDED(...) judge_forwarded(TEST_LINES(__VA_ARGS__))

TEST(reply_of_a_resolver)
{
	assert_int_equal(JUDGE_FORWARDED("question www.example.com A", "flags qr ra",
			     "answer www.example.com 300 A 192.0.2.1",
			     "authority example.com 300 NS ns.example.com"),
	    QN_REPLY_ANSWER);
	assert_int_equal(reply.rank, QN_RANK_ANSWER);
	assert_int_equal(JUDGE_FORWARDED("question www.example.com A", "flags qr ra",
			     "answer www.example.com 300 CNAME www.example.org",
			     "answer www.example.org 300 A 192.0.2.1"),
	    QN_REPLY_ALIAS);
	assert_name_text(&reply.target, "www.example.org.");
	assert_int_equal(JUDGE_FORWARDED("question gone.example.com A", "flags qr ra NXDOMAIN"),
	    QN_REPLY_NEGATIVE);
	assert_int_equal(
	    JUDGE_FORWARDED("question www.example.com AAAA", "flags qr ra"), QN_REPLY_NEGATIVE);
	/* It has been asked to resolve: it is not to send us elsewhere. */
	assert_int_not_equal(JUDGE_FORWARDED("question www.example.com AAAA", "flags qr ra",
				 "authority example.com 300 NS ns.example.com"),
	    QN_REPLY_REFERRAL);
	assert_int_equal(
	    JUDGE_FORWARDED("question www.example.com A", "flags qr ra REFUSED"), QN_REPLY_REFUSED);
}

/* --- Codes ------------------------------------------------------------------------------ */

TEST(reply_codes)
{
	static const struct {
		const char *flags;
		enum qn_reply_kind with_edns;
		enum qn_reply_kind without_edns;
	} cases[] = {
	    {"flags qr FORMERR", QN_REPLY_NO_EDNS, QN_REPLY_SERVFAIL},
	    {"flags qr NOTIMP", QN_REPLY_NO_EDNS, QN_REPLY_SERVFAIL},
	    {"flags qr BADVERS", QN_REPLY_NO_EDNS, QN_REPLY_SERVFAIL},
	    {"flags qr BADCOOKIE", QN_REPLY_BAD_COOKIE, QN_REPLY_BAD_COOKIE},
	    {"flags qr SERVFAIL", QN_REPLY_SERVFAIL, QN_REPLY_SERVFAIL},
	    {"flags qr aa REFUSED", QN_REPLY_REFUSED, QN_REPLY_REFUSED},
	    {"flags qr YXDOMAIN", QN_REPLY_SERVFAIL, QN_REPLY_SERVFAIL},
	    {"flags qr aa NOTAUTH", QN_REPLY_SERVFAIL, QN_REPLY_SERVFAIL},
	    {"flags qr aa BADALG", QN_REPLY_SERVFAIL, QN_REPLY_SERVFAIL},
	    /* Cut short: what is left may be half the truth. */
	    {"flags qr tc aa", QN_REPLY_TRUNCATED, QN_REPLY_TRUNCATED},
	    {"flags qr tc", QN_REPLY_TRUNCATED, QN_REPLY_TRUNCATED},
	    {"flags qr tc aa NXDOMAIN", QN_REPLY_TRUNCATED, QN_REPLY_TRUNCATED},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_message message = TEST_MESSAGE("question www.example.com A",
		    cases[i].flags, "edns 1232", "answer www.example.com 300 A 192.0.2.1");
		struct asked asked = {.zone = "example.com"};

		assert_int_equal(judge_message(&asked, &message), cases[i].with_edns);
		assert_int_equal(reply.set_count, 0);
		asked.without_edns = true;
		assert_int_equal(judge_message(&asked, &message), cases[i].without_edns);
	}
}

/* A code of 12 bits whose lower four say NOERROR. */
TEST(reply_codes_are_read_whole)
{
	struct qn_message message = TEST_MESSAGE("question www.example.com A", "flags qr aa",
	    "edns 1232", "answer www.example.com 300 A 192.0.2.1");

	assert_int_equal(
	    judge_message(&(struct asked){.zone = "example.com"}, &message), QN_REPLY_ANSWER);
	message.edns.rcode_high = 2;
	assert_int_equal(
	    judge_message(&(struct asked){.zone = "example.com"}, &message), QN_REPLY_SERVFAIL);
}

/* --- Large ones ------------------------------------------------------------------------- */

static uint8_t large_room[TEST_MESSAGE_MAX];

/* Appends records of `type` for `name` until the message is full; returns it read. */
static struct qn_message
fill_message(
    const char *question_text, uint32_t most, size_t (*rdata_make)(uint8_t *rdata, uint32_t number))
{
	struct qn_writer writer = qn_writer_of((struct qn_span){large_room, sizeof(large_room)});
	const struct qn_question question = test_question(question_text);
	struct qn_message message;
	uint32_t count = 0;

	qn_write_header(&writer, 0, QN_FLAG_QR | QN_FLAG_AA, 1);
	qn_write_question(&writer, &question);
	while (count < most) {
		const struct qn_writer_mark mark = qn_writer_mark(&writer);
		uint8_t rdata[512];
		const size_t len = rdata_make(rdata, count);

		qn_write_record(&writer, &question.name, question.type, QN_CLASS_IN, 300,
		    (struct qn_view){rdata, len});
		if (writer.overflowed) {
			qn_writer_rewind(&writer, mark);
			break;
		}
		count++;
	}
	qn_write_section_count(&writer, QN_SECTION_ANSWER, (uint16_t)count);
	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){large_room, writer.at}), QN_MESSAGE_OK);
	return message;
}

static size_t
make_address(uint8_t *rdata, uint32_t number)
{
	/* Each comes twice, far apart. */
	qn_store_be32(rdata, 0x0a000000 + number % 2000);
	return 4;
}

TEST(reply_with_thousands_of_records)
{
	const struct qn_message message = fill_message("many.example A", 4000, make_address);

	assert_int_equal(message.record_counts[QN_SECTION_ANSWER], 4000);
	assert_int_equal(
	    judge_message(&(struct asked){.zone = "example"}, &message), QN_REPLY_ANSWER);
	assert_int_equal(reply.sets[0].count, 2000);
	assert_record(0, 0, "many.example. 300 A 10.0.0.0");
	assert_record(0, 1999, "many.example. 300 A 10.0.7.207");
}

/* As many records as a message can hold: no owner but the root, no rdata but one octet. */
static size_t
make_octet(uint8_t *rdata, uint32_t number)
{
	rdata[0] = (uint8_t)number;
	rdata[1] = (uint8_t)(number >> 8);
	return number == 0 ? 0 : number < 256 ? 1 : 2;
}

TEST(reply_with_the_most_records)
{
	const struct qn_message message = fill_message(". TYPE65280", 6000, make_octet);
	const uint16_t count = message.record_counts[QN_SECTION_ANSWER];

	assert_true(count > 5000);
	assert_int_equal(judge_message(&(struct asked){.zone = "."}, &message), QN_REPLY_ANSWER);
	assert_int_equal(reply.sets[0].count, count);
}

/* Names of 255 octets, each of four in the message. */
static size_t
make_long_name(uint8_t *rdata, uint32_t number)
{
	struct qn_name name =
	    test_name(LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 ".xxx.many");

	qn_store_be16(name.octets + 1, (uint16_t)number);
	memcpy(rdata, name.octets, name.len);
	return name.len;
}

/* Half an RRset is worse than none: who would know that it is not the whole? */
TEST(reply_with_a_set_that_does_not_fit)
{
	struct qn_message message = fill_message("many NS", 3000, make_long_name);

	assert_true(message.record_counts[QN_SECTION_ANSWER] * 255u > QN_REPLY_BYTES_MAX);
	assert_int_equal(
	    judge_message(&(struct asked){.zone = "many"}, &message), QN_REPLY_SERVFAIL);
	assert_int_equal(reply.set_count, 0);

	message = fill_message("many NS", 400, make_long_name);
	assert_int_equal(judge_message(&(struct asked){.zone = "many"}, &message), QN_REPLY_ANSWER);
	assert_int_equal(reply.sets[0].count, 400);
}

/* A bound on the records looked at is no way to hide those of an honest reply. */
TEST(reply_with_chaff)
{
	static char texts[104][96];
	const char *lines[110] = {"question a.example A", "flags qr aa"};
	unsigned count = 2;

	for (unsigned i = 0; i < 100; i++, count++) {
		snprintf(
		    texts[i], sizeof(texts[0]), "answer b%u.example 300 CNAME c%u.example", i, i);
		lines[count] = texts[i];
	}
	lines[count] = "answer a.example 300 CNAME z.example";
	lines[count + 1] = NULL;
	assert_int_equal(judge_lines("example", lines), QN_REPLY_ALIAS);
	assert_name_text(&reply.target, "z.example.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reply_with_the_answer),
	    cmocka_unit_test(reply_with_uninvited_records),
	    cmocka_unit_test(reply_with_records_twice),
	    cmocka_unit_test(reply_with_odd_lifetimes),
	    cmocka_unit_test(reply_without_authority),
	    cmocka_unit_test(reply_with_a_chain),
	    cmocka_unit_test(reply_with_an_alias_of_nothing),
	    cmocka_unit_test(reply_with_an_alias_into_a_child),
	    cmocka_unit_test(reply_to_a_question_for_an_alias),
	    cmocka_unit_test(reply_with_two_aliases_of_a_name),
	    cmocka_unit_test(reply_with_an_alias_of_itself),
	    cmocka_unit_test(reply_with_a_dname),
	    cmocka_unit_test(reply_with_a_dname_out_of_the_zone),
	    cmocka_unit_test(reply_with_a_dname_from_above),
	    cmocka_unit_test(reply_with_a_dname_at_the_name_itself),
	    cmocka_unit_test(reply_with_several_dnames),
	    cmocka_unit_test(reply_with_a_dname_that_makes_too_long_a_name),
	    cmocka_unit_test(reply_that_there_is_no_name),
	    cmocka_unit_test(reply_that_there_is_no_such_type),
	    cmocka_unit_test(reply_negative_lifetimes),
	    cmocka_unit_test(reply_with_the_soa_of_others),
	    cmocka_unit_test(reply_with_a_referral),
	    cmocka_unit_test(reply_with_glue_of_all_kinds),
	    cmocka_unit_test(reply_with_a_large_referral),
	    cmocka_unit_test(reply_referral_lifetimes),
	    cmocka_unit_test(reply_referral_ends_with_its_glue),
	    cmocka_unit_test(reply_with_a_referral_to_elsewhere),
	    cmocka_unit_test(reply_with_two_referrals),
	    cmocka_unit_test(reply_with_a_referral_and_odd_flags),
	    cmocka_unit_test(reply_with_glue_for_an_answer),
	    cmocka_unit_test(reply_to_priming),
	    cmocka_unit_test(reply_of_a_resolver),
	    cmocka_unit_test(reply_codes),
	    cmocka_unit_test(reply_codes_are_read_whole),
	    cmocka_unit_test(reply_with_thousands_of_records),
	    cmocka_unit_test(reply_with_the_most_records),
	    cmocka_unit_test(reply_with_a_set_that_does_not_fit),
	    cmocka_unit_test(reply_with_chaff),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
