/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace of a question: what a resolver writes down while a test plays all the servers.
 */
#include "resolve/trace.h"
#include "support/message.h"
#include "wire/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LEN (256u << 10)
#define LINE_MAX  512
#define RTT_US    1000

static const struct qn_hash_key hash_key = {5, 6};
static const struct qn_address nobody;
static struct qn_resolve_config config;
static struct qn_resolver *resolver;
static struct qn_cache *cache;
static struct qn_trace trace;
static uint64_t now_us;

static struct qn_now
now(void)
{
	return test_now_us(now_us);
}

static void *
memory_of(size_t len)
{
	void *memory = aligned_alloc(
	    QN_ARENA_ALIGN, (len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1));

	assert_non_null(memory);
	return memory;
}

/* A resolver that knows of one root server, 192.0.2.1, and reaches IPv4 only. */
static int
resolver_open(void **state)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {7};
	const struct qn_resolver_limits limits = {32, 32, 64};
	struct qn_arena arena = qn_arena_measure();

	now_us = 0;
	config = (struct qn_resolve_config){.hint_count = 1, .use_ipv4 = true};
	config.hints[0].name = test_name("root.test");
	config.hints[0].address_count = 1;
	assert_true(qn_address_from_text(&config.hints[0].addresses[0], "192.0.2.1"));
	cache = qn_cache_init((struct qn_span){memory_of(CACHE_LEN), CACHE_LEN}, now());
	(void)qn_resolver_init(&arena, &limits, NULL, NULL, &hash_key, NULL, seed, now());
	arena = qn_arena_over((struct qn_span){memory_of(arena.used), arena.used});
	resolver = qn_resolver_init(&arena, &limits, cache, NULL, &hash_key, &config, seed, now());
	*state = arena.data;
	return 0;
}

static int
resolver_close(void **state)
{
	free(*state);
	free(cache);
	return 0;
}

/* --- The servers -------------------------------------------------------------------------- */

/* The next query, but for those that prime the root: they are not what a test is about. */
static struct qn_upstream_query
next_query(void)
{
	struct qn_upstream_query query;

	for (;;) {
		assert_true(qn_resolver_take_send(resolver, &query, now()));
		if (query.question->type != QN_TYPE_NS || query.question->name.len > 1)
			return query;
		qn_resolver_unsent(resolver, query.slot, now());
	}
}

/* Takes a query, which has to be this one. */
static uint32_t
sent(const char *server, const char *question)
{
	const struct qn_upstream_query query = next_query();
	char address[QN_ADDRESS_TEXT_MAX];
	char type[QN_MNEMONIC_MAX];
	char text[LINE_MAX];

	qn_address_to_text(&query.server.address, address);
	assert_string_equal(address, server);
	snprintf(text, sizeof(text), "%s %s", test_name_text(&query.question->name),
	    qn_type_to_text(query.question->type, type));
	assert_string_equal(text, question);
	return query.slot;
}

static void
replied(uint32_t slot, const char *const *lines)
{
	const struct qn_message message = test_message_read(lines);

	now_us += RTT_US;
	qn_resolver_reply(resolver, slot, &message, true, now());
}

/* Waits for a query and answers it: the question, then the rest of the reply. */
#define SERVE(server, question, ...) \
	replied(sent(server, question), TEST_LINES("question " question, __VA_ARGS__))

/* --- The trace ---------------------------------------------------------------------------- */

static void
begin(const char *question)
{
	const struct qn_question asked = test_question(question);

	qn_trace_init(&trace, &asked, &nobody);
	assert_true(qn_resolver_trace(resolver, &trace, &asked, now()));
}

/* Whether the trace has ended; its asker is not given out as a client. */
static bool
ended(void)
{
	struct qn_answer answer;

	assert_null(qn_resolver_take_answer(resolver, &answer));
	return trace.done;
}

static const char *
outcome_text(const struct qn_trace_event *event)
{
	switch (event->outcome) {
	case QN_TRACE_PENDING:
		return "pending";
	case QN_TRACE_REPLIED:
		return qn_reply_kind_text(event->verdict);
	case QN_TRACE_TIMED_OUT:
		return "timeout";
	case QN_TRACE_UNSENT:
		return "unsent";
	case QN_TRACE_SUSPECT:
		return "suspect";
	}
	return "?";
}

static void
query_text(const struct qn_trace_event *event, char *text, size_t text_len)
{
	char address[QN_ADDRESS_TEXT_MAX];
	char rcode[QN_MNEMONIC_MAX];
	char zone[QN_NAME_TEXT_MAX];
	int used;

	qn_address_to_text(&event->server.address, address);
	qn_name_to_text(&event->zone, zone);
	used = snprintf(text, text_len, "%s%s of %s%s%s: %s",
	    event->minimized ? "minimized to " : "to ", address, zone,
	    event->transport == QN_TRANSPORT_TCP ? " over TCP" : "",
	    event->edns ? "" : " without EDNS", outcome_text(event));
	if (event->outcome == QN_TRACE_REPLIED && event->rcode != QN_RCODE_NOERROR)
		snprintf(text + used, text_len - (size_t)used, " %s",
		    qn_rcode_to_text(event->rcode, rcode));
	else if (event->target.len > 1)
		snprintf(
		    text + used, text_len - (size_t)used, " %s", test_name_text(&event->target));
}

/* What a step says beyond its question. */
static void
step_text(const struct qn_trace_event *event, char *text, size_t text_len)
{
	char rcode[QN_MNEMONIC_MAX];

	switch (event->kind) {
	case QN_TRACE_QUESTION:
		snprintf(text, text_len, "begins");
		break;
	case QN_TRACE_JOINED:
		snprintf(text, text_len, "joined");
		break;
	case QN_TRACE_SKIPPED:
		snprintf(text, text_len, "skipped: %s", event->why);
		break;
	case QN_TRACE_LOCAL:
	case QN_TRACE_CACHE:
		snprintf(text, text_len, "%s: %s %s",
		    event->kind == QN_TRACE_LOCAL ? "local" : "cache",
		    qn_reply_kind_text(event->verdict), test_name_text(&event->target));
		break;
	case QN_TRACE_QUERY:
		query_text(event, text, text_len);
		break;
	case QN_TRACE_END:
		snprintf(text, text_len, "ends: %s, EDE %d", qn_rcode_to_text(event->rcode, rcode),
		    event->ede == QN_EDE_NONE ? -1 : event->ede);
		break;
	}
}

/* Compares the steps, each as "DEPTH NAME TYPE WHAT", with `lines`. */
static void
assert_steps(const char *const *lines)
{
	uint32_t count = 0;

	for (; lines[count] != NULL; count++) {
		const struct qn_trace_event *event = &trace.events[count];
		char line[2 * LINE_MAX];
		char type[QN_MNEMONIC_MAX];
		char text[LINE_MAX];

		assert_true(count < trace.event_count);
		step_text(event, text, sizeof(text));
		snprintf(line, sizeof(line), "%u %s %s %s", event->depth,
		    test_name_text(&event->name), qn_type_to_text(event->type, type), text);
		assert_string_equal(line, lines[count]);
	}
	assert_int_equal(trace.event_count, count);
}

#define ASSERT_STEPS(...) assert_steps(TEST_LINES(__VA_ARGS__))

/* --- Tests -------------------------------------------------------------------------------- */

/* Down to a zone whose server has to be found first, along an alias, to a name that is not. */
TEST(a_walk_is_written_down_step_by_step)
{
	begin("www.glueless.example A");
	SERVE("192.0.2.1", "example. A", "flags qr", "authority example. 60 NS ns.example.",
	    "additional ns.example. 60 A 192.0.2.2");
	SERVE("192.0.2.2", "glueless.example. A", "flags qr",
	    "authority glueless.example. 60 NS ns.far.test.");
	SERVE("192.0.2.1", "far.test. A", "flags qr", "authority test. 60 NS ns.test.",
	    "additional ns.test. 60 A 192.0.2.3");
	SERVE("192.0.2.3", "ns.far.test. A", "flags qr aa", "answer ns.far.test. 60 A 192.0.2.4");
	assert_false(ended());
	SERVE("192.0.2.4", "www.glueless.example. A", "flags qr aa",
	    "answer www.glueless.example. 60 CNAME other.example.");
	SERVE("192.0.2.2", "other.example. A", "flags qr aa NXDOMAIN",
	    "authority example. 60 SOA ns.example. host.example. 1 2 3 4 60");
	assert_true(ended());
	assert_int_equal(trace.rcode, QN_RCODE_NXDOMAIN);
	assert_int_equal(trace.lost_count, 0);
	ASSERT_STEPS("0 www.glueless.example. A begins",
	    "0 example. A minimized to 192.0.2.1 of .: referral example.",
	    "0 glueless.example. A minimized to 192.0.2.2 of example.: referral glueless.example.",
	    "1 ns.far.test. A begins", "1 far.test. A minimized to 192.0.2.1 of .: referral test.",
	    "1 ns.far.test. A to 192.0.2.3 of test.: answer",
	    "1 ns.far.test. A ends: NOERROR, EDE -1",
	    "0 www.glueless.example. A to 192.0.2.4 of glueless.example.: alias other.example.",
	    "0 other.example. A to 192.0.2.2 of example.: negative NXDOMAIN",
	    "0 www.glueless.example. A ends: NXDOMAIN, EDE -1");
	for (uint32_t i = 0; i < trace.event_count; i++)
		if (trace.events[i].kind == QN_TRACE_QUERY)
			assert_int_equal(trace.events[i].took_us, RTT_US);
	assert_int_equal(trace.events[2].time.us - trace.started.us, RTT_US);
}

TEST(a_query_has_the_outcome_it_had)
{
	uint32_t slot;

	config.minimization = QN_MINIMIZATION_OFF;
	begin("example A");
	slot = sent("192.0.2.1", "example. A");
	now_us += 2 * QN_US_PER_S;
	(void)qn_resolver_expire(resolver, now(), 100);
	slot = sent("192.0.2.1", "example. A");
	now_us += RTT_US;
	qn_resolver_suspect(resolver, slot, now());
	SERVE("192.0.2.1", "example. A", "flags qr FORMERR");
	SERVE("192.0.2.1", "example. A", "flags qr REFUSED");
	assert_true(ended());
	assert_int_equal(trace.rcode, QN_RCODE_REFUSED);
	assert_int_equal(trace.ede, QN_EDE_NO_REACHABLE_AUTHORITY);
	ASSERT_STEPS("0 example. A begins", "0 example. A to 192.0.2.1 of .: timeout",
	    "0 example. A to 192.0.2.1 of .: suspect",
	    "0 example. A to 192.0.2.1 of . over TCP: no EDNS FORMERR",
	    "0 example. A to 192.0.2.1 of . over TCP without EDNS: refused REFUSED",
	    "0 example. A ends: REFUSED, EDE 22");
	assert_int_equal(trace.events[1].took_us, 2 * QN_US_PER_S);
}

TEST(a_query_that_cannot_be_sent_says_so)
{
	config.minimization = QN_MINIMIZATION_OFF;
	begin("example A");
	qn_resolver_unsent(resolver, sent("192.0.2.1", "example. A"), now());
	assert_true(ended());
	ASSERT_STEPS("0 example. A begins", "0 example. A to 192.0.2.1 of .: unsent",
	    "0 example. A ends: SERVFAIL, EDE 22");
}

/* Opens the zone example. with the given nameservers, as their parent describes it. */
static void
delegate_example(const char *const *lines)
{
	config.minimization = QN_MINIMIZATION_OFF;
	begin("www.example A");
	replied(sent("192.0.2.1", "www.example. A"), lines);
}

#define DELEGATE_EXAMPLE(...) \
	delegate_example(TEST_LINES("question www.example. A", "flags qr", __VA_ARGS__))

static struct qn_store
store(void)
{
	static uint8_t scratch[QN_CACHE_VALUE_MAX];

	return (struct qn_store){cache, &hash_key, scratch};
}

TEST(what_the_cache_tells_of_a_nameserver_is_written_down)
{
	const struct qn_name alias = test_name("ns.test");
	const struct qn_name target = test_name("gone.test");
	const struct qn_negative none = {.rcode = QN_RCODE_NXDOMAIN, .ttl_s = 60};
	struct qn_store cached = store();
	uint8_t room[256];
	const struct qn_rrset cname =
	    TEST_RRSET(((struct qn_span){room, sizeof(room)}), "ns.test. 60 CNAME gone.test.");

	assert_true(qn_name_equal(&cname.owner, &alias));
	qn_store_put_rrset(&cached, &cname, QN_RANK_AUTHORITATIVE, now());
	qn_store_put_negative(&cached, &target, QN_TYPE_A, &none, now());
	DELEGATE_EXAMPLE("authority example. 60 NS ns.test.");
	assert_true(ended());
	ASSERT_STEPS("0 www.example. A begins",
	    "0 www.example. A to 192.0.2.1 of .: referral example.", "1 ns.test. A begins",
	    "1 ns.test. A cache: alias gone.test.", "1 gone.test. A cache: negative .",
	    "1 ns.test. A ends: NXDOMAIN, EDE -1", "0 www.example. A ends: SERVFAIL, EDE 22");
}

TEST(a_nameserver_that_failed_is_skipped)
{
	const struct qn_name name = test_name("ns.test");
	struct qn_store cached = store();

	qn_store_put_failure(&cached, &name, QN_TYPE_A, QN_RCODE_SERVFAIL, QN_EDE_OTHER, now());
	DELEGATE_EXAMPLE("authority example. 60 NS ns.test.");
	assert_true(ended());
	ASSERT_STEPS("0 www.example. A begins",
	    "0 www.example. A to 192.0.2.1 of .: referral example.",
	    "1 ns.test. A skipped: failed a moment ago", "0 www.example. A ends: SERVFAIL, EDE 22");
}

TEST(a_lookup_under_way_is_joined)
{
	const struct qn_question question = test_question("ns.test A");
	struct qn_asker asker = {0};
	struct qn_answer answer;
	uint32_t slot;

	config.minimization = QN_MINIMIZATION_OFF;
	assert_int_equal(
	    qn_resolver_ask(resolver, &question, &asker, QN_RESOLVE_CLIENT_US, now()), QN_ASK_WAIT);
	slot = sent("192.0.2.1", "ns.test. A");
	DELEGATE_EXAMPLE("authority example. 60 NS ns.test.");
	replied(slot,
	    TEST_LINES("question ns.test. A", "flags qr aa", "answer ns.test. 60 A 192.0.2.9"));
	assert_ptr_equal(qn_resolver_take_answer(resolver, &answer), &asker);
	SERVE("192.0.2.9", "www.example. A", "flags qr aa", "answer www.example. 60 A 192.0.2.80");
	assert_true(ended());
	ASSERT_STEPS("0 www.example. A begins",
	    "0 www.example. A to 192.0.2.1 of .: referral example.", "1 ns.test. A joined",
	    "0 www.example. A to 192.0.2.9 of example.: answer",
	    "0 www.example. A ends: NOERROR, EDE -1");
}

/* Whoever has trouble with a name keeps asking for it: the trace does not depend on that. */
TEST(a_trace_walks_by_itself)
{
	const struct qn_question question = test_question("example A");
	struct qn_answer answer;
	struct qn_asker asker = {0};
	uint32_t slot;

	config.minimization = QN_MINIMIZATION_OFF;
	assert_int_equal(
	    qn_resolver_ask(resolver, &question, &asker, QN_RESOLVE_CLIENT_US, now()), QN_ASK_WAIT);
	slot = sent("192.0.2.1", "example. A");
	begin("example A");
	SERVE("192.0.2.1", "example. A", "flags qr aa", "answer example. 60 A 192.0.2.80");
	assert_true(ended());
	ASSERT_STEPS("0 example. A begins", "0 example. A to 192.0.2.1 of .: answer",
	    "0 example. A ends: NOERROR, EDE -1");
	replied(slot,
	    TEST_LINES("question example. A", "flags qr aa", "answer example. 60 A 192.0.2.80"));
	assert_ptr_equal(qn_resolver_take_answer(resolver, &answer), &asker);
}

TEST(one_trace_at_a_time)
{
	static struct qn_trace other;
	const struct qn_question question = test_question("example A");

	begin("example A");
	qn_trace_init(&other, &question, &nobody);
	assert_false(qn_resolver_trace(resolver, &other, &question, now()));
	SERVE("192.0.2.1", "example. A", "flags qr aa", "answer example. 60 A 192.0.2.80");
	assert_true(ended());
	assert_true(qn_resolver_trace(resolver, &other, &question, now()));
	assert_false(other.done);
}

/* Answers a lookup of ns.a.test or ns.b.test. */
static void
serve_lookup(const struct qn_upstream_query *query)
{
	if (query->question->name.octets[4] == 'a')
		replied(query->slot, TEST_LINES("question ns.a.test. A", "flags qr aa",
					 "answer ns.a.test. 60 A 192.0.2.9"));
	else
		replied(query->slot, TEST_LINES("question ns.b.test. A", "flags qr aa",
					 "answer ns.b.test. 60 A 192.0.2.9"));
}

/* A lookup that nobody needs any more goes on after the trace, and must leave it alone. */
TEST(what_ends_late_is_not_written)
{
	struct qn_upstream_query first, second;
	struct qn_trace_event last;

	DELEGATE_EXAMPLE(
	    "authority example. 60 NS ns.a.test.", "authority example. 60 NS ns.b.test.");
	first = next_query();
	second = next_query();
	serve_lookup(&first);
	SERVE("192.0.2.9", "www.example. A", "flags qr aa", "answer www.example. 60 A 192.0.2.80");
	assert_true(ended());
	assert_int_equal(trace.events[5].kind, QN_TRACE_QUERY);
	assert_int_equal(trace.events[5].outcome, QN_TRACE_PENDING);
	/* The next trace stands in the same memory, where the late one would write. */
	begin("other.test A");
	last = trace.events[5];
	serve_lookup(&second);
	assert_int_equal(trace.event_count, 1);
	assert_memory_equal(&trace.events[5], &last, sizeof(last));
}

TEST(what_does_not_fit_is_counted)
{
	static struct qn_trace full;

	begin("example A");
	full = trace;
	trace.event_count = QN_TRACE_EVENT_MAX;
	SERVE("192.0.2.1", "example. A", "flags qr aa", "answer example. 60 A 192.0.2.80");
	assert_true(ended());
	assert_int_equal(trace.lost_count, 2);
	assert_int_equal(trace.event_count, QN_TRACE_EVENT_MAX);
	assert_memory_equal(trace.events, full.events, sizeof(full.events));
}

/* Nobody answers: the trace is given back when the time of a question is over. */
TEST(a_trace_ends_with_the_time_of_a_question)
{
	config.minimization = QN_MINIMIZATION_OFF;
	begin("example A");
	while (now_us < QN_RESOLVE_TASK_US) {
		struct qn_upstream_query query;
		uint32_t slot;

		assert_false(ended());
		while (qn_resolver_take_send(resolver, &query, now()))
			;
		while (qn_resolver_take_release(resolver, &slot))
			;
		now_us += QN_US_PER_S / 10;
		(void)qn_resolver_expire(resolver, now(), 100);
		if (trace.events[trace.event_count - 1].kind == QN_TRACE_END)
			break;
	}
	(void)qn_resolver_expire(resolver, now(), 100);
	assert_true(ended());
	assert_int_equal(trace.rcode, QN_RCODE_SERVFAIL);
}

/* One that has less patience is given back before the question is over. */
TEST(a_trace_ends_with_its_patience)
{
	const struct qn_question question = test_question("example A");

	config.minimization = QN_MINIMIZATION_OFF;
	now_us = 0;
	qn_trace_init(&trace, &question, &nobody);
	trace.patience_us = 2 * QN_US_PER_S;
	assert_true(qn_resolver_trace(resolver, &trace, &question, now()));
	now_us = 2 * QN_US_PER_S - QN_US_PER_S / 100;
	(void)qn_resolver_expire(resolver, now(), 100);
	assert_false(ended());
	now_us = 2 * QN_US_PER_S + QN_US_PER_S / 100;
	(void)qn_resolver_expire(resolver, now(), 100);
	assert_true(ended());
	assert_int_equal(trace.rcode, QN_RCODE_SERVFAIL);
	/* What it has begun goes on. */
	assert_true(qn_resolver_gauges(resolver).tasks > 0);
}

TEST(local_data_answer_at_once)
{
	const struct qn_question question = test_question("printer.lan A");
	const struct qn_answer answer = {.rcode = QN_RCODE_NXDOMAIN, .ede = QN_EDE_NONE};

	qn_trace_init(&trace, &question, &nobody);
	qn_trace_local(&trace, &answer, now());
	assert_true(trace.done && !trace.dropped);
	assert_int_equal(trace.rcode, QN_RCODE_NXDOMAIN);
	ASSERT_STEPS("0 printer.lan. A local: negative .");

	qn_trace_init(&trace, &question, &nobody);
	qn_trace_local(&trace, NULL, now());
	assert_true(trace.done && trace.dropped);
	assert_int_equal(trace.event_count, 0);
}

#define RESOLVER_TEST(name) cmocka_unit_test_setup_teardown(name, resolver_open, resolver_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RESOLVER_TEST(a_walk_is_written_down_step_by_step),
	    RESOLVER_TEST(a_query_has_the_outcome_it_had),
	    RESOLVER_TEST(a_query_that_cannot_be_sent_says_so),
	    RESOLVER_TEST(what_the_cache_tells_of_a_nameserver_is_written_down),
	    RESOLVER_TEST(a_nameserver_that_failed_is_skipped),
	    RESOLVER_TEST(a_lookup_under_way_is_joined),
	    RESOLVER_TEST(a_trace_walks_by_itself),
	    RESOLVER_TEST(one_trace_at_a_time),
	    RESOLVER_TEST(what_ends_late_is_not_written),
	    RESOLVER_TEST(what_does_not_fit_is_counted),
	    RESOLVER_TEST(a_trace_ends_with_the_time_of_a_question),
	    RESOLVER_TEST(a_trace_ends_with_its_patience),
	    cmocka_unit_test(local_data_answer_at_once),
	};

	return cmocka_run_group_tests_name("resolve-trace", tests, NULL, NULL);
}
