/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time to read and to judge replies that a hostile authority has made to be slow: the worst
 * that fit a datagram, and the worst that fit a stream. Prints one line a result: name, octets,
 * records, microseconds to read, and to judge unless the message is broken.
 */
#include "host/clock.h"
#include "resolve/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATAGRAM_LEN 1472
#define STREAM_LEN   65535
#define ROUNDS       5

/* With so many labels, 64 KiB of records are just not too much to read (wire/reader.h). */
#define STREAM_LABELS 24
#define CALLS         4

static const struct qn_hash_key hash_key = {1, 2};
static uint8_t room[STREAM_LEN];
static unsigned label_count;
static struct qn_reply reply;

/* A message being filled up. */
struct draft {
	struct qn_writer writer;
	struct qn_question question;
	uint16_t counts[QN_SECTION_COUNT];
};

/* A name of as many labels as the case wants, which starts with `first`. */
static struct qn_name
deep_name(uint8_t first)
{
	struct qn_name name = {.len = (uint8_t)(2 * label_count + 1)};

	for (unsigned i = 0; i < label_count; i++) {
		name.octets[2 * i] = 1;
		name.octets[2 * i + 1] = i == 0 ? first : 'x';
	}
	return name;
}

static void
draft_begin(struct draft *draft, size_t len, const struct qn_name *name, uint16_t type)
{
	*draft = (struct draft){.writer = qn_writer_of((struct qn_span){room, len})};
	draft->question = (struct qn_question){*name, type, QN_CLASS_IN};
	qn_write_header(&draft->writer, 0, QN_FLAG_QR | QN_FLAG_AA, 1);
	qn_write_question(&draft->writer, &draft->question);
}

/* Adds a record if it fits. */
static bool
draft_add(struct draft *draft, enum qn_section section, const struct qn_name *owner, uint16_t type,
    struct qn_view rdata)
{
	const struct qn_writer_mark mark = qn_writer_mark(&draft->writer);

	qn_write_record(&draft->writer, owner, type, QN_CLASS_IN, 60, rdata);
	if (draft->writer.overflowed) {
		qn_writer_rewind(&draft->writer, mark);
		return false;
	}
	draft->counts[section]++;
	return true;
}

/* One RRset of records that all differ: each has to be compared with the others. */
static void
make_large_set(struct draft *draft, size_t len)
{
	const struct qn_name name = deep_name('a');
	uint32_t address = 1;

	draft_begin(draft, len, &name, QN_TYPE_A);
	while (draft_add(draft, QN_SECTION_ANSWER, &name, QN_TYPE_A,
	    (struct qn_view){(const uint8_t *)&address, sizeof(address)}))
		address++;
}

/* The longest chain of aliases that is followed, last link first, among records of no use. */
static void
make_chain(struct draft *draft, size_t len)
{
	const struct qn_name name = deep_name('a');
	const struct qn_name elsewhere = deep_name('!');
	static const uint8_t nothing[1];

	draft_begin(draft, len, &name, QN_TYPE_TXT);
	(void)draft_add(
	    draft, QN_SECTION_ANSWER, &elsewhere, QN_TYPE_DNAME, (struct qn_view){nothing, 1});
	for (uint8_t link = QN_ALIAS_MAX; link > 0; link--) {
		const struct qn_name owner = deep_name((uint8_t)('a' + link - 1));
		const struct qn_name target = deep_name((uint8_t)('a' + link));

		(void)draft_add(
		    draft, QN_SECTION_ANSWER, &owner, QN_TYPE_CNAME, qn_name_view(&target));
	}
	while (draft_add(draft, QN_SECTION_ANSWER, &elsewhere, 65280, (struct qn_view){NULL, 0}))
		;
}

/* Aliases of other names: none leads on, each has to be looked at. */
static void
make_aliases(struct draft *draft, size_t len)
{
	const struct qn_name name = deep_name('a');
	const struct qn_name elsewhere = deep_name('!');

	draft_begin(draft, len, &name, QN_TYPE_A);
	while (draft_add(
	    draft, QN_SECTION_ANSWER, &elsewhere, QN_TYPE_CNAME, qn_name_view(&elsewhere)))
		;
}

/* Names that differ in their first label: each is looked for among those written before. */
static void
make_targets(struct draft *draft, size_t len)
{
	const struct qn_name name = deep_name('a');
	struct qn_name target = deep_name('a');
	uint32_t number = 0;

	/* Two labels in one of three octets, and another in the next. */
	target.octets[0] = 3;
	draft_begin(draft, len, &name, QN_TYPE_PTR);
	do {
		target.octets[1] = (uint8_t)(number >> 8);
		target.octets[2] = (uint8_t)number;
		target.octets[3] = '!';
		number++;
	} while (draft_add(draft, QN_SECTION_ANSWER, &name, QN_TYPE_PTR, qn_name_view(&target)));
}

/* Nameservers and addresses: each of one against each of the other. */
static void
make_referral(struct draft *draft, size_t len)
{
	const struct qn_name name = deep_name('a');
	struct qn_name zone;
	uint32_t address = 1;

	draft_begin(draft, len, &name, QN_TYPE_A);
	qn_name_suffix(&zone, &name, 1);
	for (uint8_t i = 0; i < QN_DELEGATION_SERVER_MAX; i++) {
		const struct qn_name server = deep_name((uint8_t)('a' + i));

		(void)draft_add(
		    draft, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, qn_name_view(&server));
	}
	while (draft_add(draft, QN_SECTION_ADDITIONAL, &name, QN_TYPE_A,
	    (struct qn_view){(const uint8_t *)&address, sizeof(address)}))
		address++;
}

/* Owners through a chain of pointers, each of them to the next: 256 at most are followed. */
static void
make_pointers(struct draft *draft, size_t len)
{
	const struct qn_name name = deep_name('a');
	size_t target = QN_HEADER_LEN;
	unsigned hops = 1;

	draft_begin(draft, len, &name, QN_TYPE_TXT);
	while (!draft->writer.overflowed && len - draft->writer.at >= 12) {
		const size_t at = draft->writer.at;

		qn_write_u16(&draft->writer, (uint16_t)(0xc000 | target));
		qn_write_u16(&draft->writer, QN_TYPE_CNAME);
		qn_write_u16(&draft->writer, QN_CLASS_IN);
		qn_write_u32(&draft->writer, 60);
		qn_write_u16(&draft->writer, 2);
		qn_write_u16(&draft->writer, (uint16_t)(0xc000 | target));
		if (++hops < QN_NAME_HOP_MAX)
			target = at;
		draft->counts[QN_SECTION_ANSWER]++;
	}
}

static void
draft_end(struct draft *draft)
{
	for (unsigned i = 0; i < QN_SECTION_COUNT; i++)
		qn_write_section_count(&draft->writer, i, draft->counts[i]);
	if (draft->writer.overflowed)
		abort();
}

/* Time of one call, the best of some rounds: the machine may have had other work in the rest. */
static double
best_us(void (*call)(void *argument), void *argument)
{
	double best = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct qn_now start = qn_clock_read();

		for (unsigned i = 0; i < CALLS; i++)
			call(argument);
		const double us =
		    (double)qn_mono_since_us(start.mono, qn_clock_read().mono) / CALLS;

		if (round == 0 || us < best)
			best = us;
	}
	return best;
}

struct drafting {
	void (*make)(struct draft *draft, size_t len);
	size_t len;
	struct draft draft;
};

static void
call_make(void *argument)
{
	struct drafting *drafting = argument;

	drafting->make(&drafting->draft, drafting->len);
	draft_end(&drafting->draft);
}

struct hostile {
	struct qn_view bytes;
	enum qn_message_status status;
	struct qn_message message;
	struct qn_reply_context context;
};

static void
call_read(void *argument)
{
	struct hostile *hostile = argument;

	hostile->status = qn_message_read(&hostile->message, hostile->bytes);
}

static void
call_judge(void *argument)
{
	struct hostile *hostile = argument;

	qn_reply_judge(&reply, &hostile->message, &hostile->context);
}

static void
bench_run(
    const char *name, void (*make)(struct draft *draft, size_t len), size_t len, unsigned labels)
{
	struct drafting drafting = {.make = make, .len = len};
	const struct draft *draft = &drafting.draft;

	label_count = labels;
	const double write_us = best_us(call_make, &drafting);
	struct hostile hostile = {
	    .bytes = {draft->writer.data, draft->writer.at},
	    .context = {.question = &draft->question, .zone = &qn_name_root, .hash_key = &hash_key},
	};
	const double read_us = best_us(call_read, &hostile);

	printf("%s %zu octets %u labels %u records write %.1f us read %.1f us", name,
	    hostile.bytes.len, labels, draft->counts[0] + draft->counts[1] + draft->counts[2],
	    write_us, read_us);
	if (hostile.status == QN_MESSAGE_OK)
		printf(" judge %.1f us\n", best_us(call_judge, &hostile));
	else
		puts(" broken");
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*make)(struct draft *draft, size_t len);
	} kinds[] = {
	    {"large-set", make_large_set},
	    {"chain", make_chain},
	    {"aliases", make_aliases},
	    {"targets", make_targets},
	    {"referral", make_referral},
	    {"pointers", make_pointers},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		bench_run(kinds[i].name, kinds[i].make, DATAGRAM_LEN, QN_NAME_LABEL_MAX);
		bench_run(kinds[i].name, kinds[i].make, STREAM_LEN, STREAM_LABELS);
		bench_run(kinds[i].name, kinds[i].make, STREAM_LEN, QN_NAME_LABEL_MAX);
	}
	return 0;
}
