/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/join.h"

#include "wire/rdata.h"

static struct qn_span
page_of(struct qn_join_room *room, unsigned index)
{
	return (struct qn_span){room->pages[index], QN_JOIN_PAGE_LEN};
}

/* Begins a message with the question for `name` in `page`. */
static struct qn_writer
message_begin(struct qn_span page, const struct qn_name *name, const struct qn_question *question)
{
	struct qn_writer writer = qn_writer_of(page);
	struct qn_question asked = {.type = question->type, .class = question->class};

	qn_name_copy(&asked.name, name);
	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &asked);
	return writer;
}

static void
message_add(
    struct qn_writer *writer, uint16_t counts[2], const struct qn_answer *answer, uint32_t age_s)
{
	qn_answer_write(writer, answer, age_s);
	counts[QN_SECTION_ANSWER] += answer->answer_count;
	counts[QN_SECTION_AUTHORITY] += answer->authority_count;
}

static struct qn_view
message_end(struct qn_writer *writer, const uint16_t counts[2])
{
	qn_write_section_count(writer, QN_SECTION_ANSWER, counts[QN_SECTION_ANSWER]);
	qn_write_section_count(writer, QN_SECTION_AUTHORITY, counts[QN_SECTION_AUTHORITY]);
	return (struct qn_view){writer->data, writer->at};
}

/* Writes the records of a message again: their pointers lead to other places now. */
static bool
copy_records(
    struct qn_writer *writer, uint16_t counts[2], struct qn_view from, struct qn_span rdata_page)
{
	struct qn_record_walk walk;
	struct qn_message message;
	struct qn_record record;
	enum qn_section section;
	bool fits = true;

	if (qn_message_read(&message, from) != QN_MESSAGE_OK)
		return false;
	walk = qn_message_walk(&message);
	while (fits && qn_record_next(&walk, &record, &section)) {
		const size_t len = qn_rdata_expand(from, &record, rdata_page, &fits);

		qn_write_record(writer, &record.owner, record.type, record.class, record.ttl_s,
		    (struct qn_view){rdata_page.data, len});
		counts[section]++;
	}
	return fits && !writer->overflowed;
}

/* The octets of the joined answer, in the first page; 0 when it has no room. */
static size_t
join(struct qn_join_room *room, const struct qn_question *question, const struct qn_answer *aliases,
    const struct qn_name *target, const struct qn_answer *rest, uint32_t age_s)
{
	struct qn_writer first = message_begin(page_of(room, 0), target, question);
	struct qn_writer second = message_begin(page_of(room, 1), &question->name, question);
	uint16_t first_counts[2] = {0};
	uint16_t second_counts[2] = {0};

	message_add(&first, first_counts, rest, age_s);
	message_add(&second, second_counts, aliases, 0);
	if (first.overflowed || !copy_records(&second, second_counts,
				    message_end(&first, first_counts), page_of(room, 2)))
		return 0;
	return qn_answer_encode(
	    page_of(room, 0), message_end(&second, second_counts), rest->rcode, rest->ede);
}

void
qn_answer_join(struct qn_join_room *room, const struct qn_question *question,
    const struct qn_answer *aliases, const struct qn_name *target, const struct qn_answer *rest,
    uint32_t age_s, struct qn_answer *joined)
{
	const bool failed = rest->rcode == QN_RCODE_SERVFAIL || rest->rcode == QN_RCODE_REFUSED;
	const size_t len = failed ? 0 : join(room, question, aliases, target, rest, age_s);

	if (len != 0 && qn_answer_open(joined, (struct qn_view){room->pages[0], len}))
		return;
	*joined = (struct qn_answer){
	    .rcode = failed ? rest->rcode : QN_RCODE_SERVFAIL,
	    .ede = failed ? rest->ede : QN_EDE_OTHER,
	};
}
