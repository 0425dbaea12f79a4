/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/message.h"

#include "base/address.h"
#include "base/endian.h"
#include "wire/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 4096

/* A line being taken apart: blanks separate words. */
struct line {
	char text[LINE_MAX_LEN];
	char *rest;
};

static void
line_open(struct line *line, const char *text)
{
	if (strlen(text) >= sizeof(line->text))
		fail_msg("too long a line: %.40s...", text);
	strcpy(line->text, text);
	line->rest = line->text;
}

/* The next word; NULL at the end. */
static char *
line_word(struct line *line)
{
	return strtok_r(line->rest, " ", &line->rest);
}

static char *
line_need(struct line *line)
{
	char *word = line_word(line);

	if (word == NULL)
		fail_msg("a word is missing: %s", line->text);
	return word;
}

static uint32_t
line_number(struct line *line)
{
	const char *word = line_need(line);
	char *end;
	const unsigned long number = strtoul(word, &end, 0);

	if (*end != '\0' || number > UINT32_MAX)
		fail_msg("not a number: %s", word);
	return (uint32_t)number;
}

static uint16_t
type_of(const char *word)
{
	uint16_t type = 0;

	if (!qn_type_from_text(&type, word))
		fail_msg("not a type: %s", word);
	return type;
}

/* Takes a class off `*word`, which then is the word behind it. */
static uint16_t
class_take(struct line *line, char **word)
{
	uint16_t class = QN_CLASS_IN;

	if (*word == NULL)
		return class;
	if (strcmp(*word, "CH") == 0)
		class = QN_CLASS_CH;
	else if (strcmp(*word, "ANY") == 0)
		class = QN_CLASS_ANY;
	else if (strcmp(*word, "IN") != 0)
		return class;
	*word = line_word(line);
	return class;
}

/* --- Rdata ------------------------------------------------------------------------------ */

static void
rdata_name(struct qn_writer *writer, struct line *line)
{
	const struct qn_name name = test_name(line_need(line));

	qn_write_bytes(writer, qn_name_view(&name));
}

static void
rdata_address(struct qn_writer *writer, struct line *line, uint8_t family)
{
	const char *word = line_need(line);
	struct qn_address address;

	if (!qn_address_from_text(&address, word) || address.family != family)
		fail_msg("not an address of the family: %s", word);
	qn_write_bytes(writer, (struct qn_view){address.octets, qn_family_octets(address.family)});
}

static void
rdata_hex(struct qn_writer *writer, struct line *line)
{
	uint8_t room[LINE_MAX_LEN / 2];

	qn_write_bytes(writer, test_hex((struct qn_span){room, sizeof(room)}, line->rest));
}

/* One string as long as the rest of the line. */
static void
rdata_string(struct qn_writer *writer, struct line *line)
{
	const struct qn_view text = test_octets(line->rest);

	if (text.len > UINT8_MAX)
		fail_msg("too long a string: %s", line->rest);
	qn_write_u8(writer, (uint8_t)text.len);
	qn_write_bytes(writer, text);
}

/* Writes the rdata of a type in its in-memory form. */
static void
rdata_write(struct qn_writer *writer, struct line *line, uint16_t type)
{
	switch (type) {
	case QN_TYPE_A:
		rdata_address(writer, line, QN_FAMILY_IPV4);
		break;
	case QN_TYPE_AAAA:
		rdata_address(writer, line, QN_FAMILY_IPV6);
		break;
	case QN_TYPE_NS:
	case QN_TYPE_CNAME:
	case QN_TYPE_DNAME:
	case QN_TYPE_PTR:
		rdata_name(writer, line);
		break;
	case QN_TYPE_MX:
		qn_write_u16(writer, (uint16_t)line_number(line));
		rdata_name(writer, line);
		break;
	case QN_TYPE_SOA:
		rdata_name(writer, line);
		rdata_name(writer, line);
		for (unsigned i = 0; i < 5; i++)
			qn_write_u32(writer, line_number(line));
		break;
	case QN_TYPE_TXT:
		rdata_string(writer, line);
		break;
	default:
		fail_msg("write the rdata of type %u as \\# HEX: %s", type, line->text);
	}
}

/* --- Records ---------------------------------------------------------------------------- */

struct record {
	struct qn_name owner;
	uint32_t ttl_s;
	uint16_t class;
	uint16_t type;
	bool raw; /* As it stands: not to be compressed, nor to be right. */
	struct qn_view rdata;
	uint8_t room[LINE_MAX_LEN];
};

/* Reads "OWNER TTL [CLASS] TYPE RDATA". */
static void
record_parse(struct record *record, struct line *line)
{
	struct qn_writer writer = qn_writer_of((struct qn_span){record->room, LINE_MAX_LEN});
	char *word;

	record->owner = test_name(line_need(line));
	record->ttl_s = line_number(line);
	word = line_need(line);
	record->class = class_take(line, &word);
	record->type = type_of(word);
	record->raw = strncmp(line->rest, "\\#", 2) == 0;
	if (record->raw) {
		line->rest += 2;
		rdata_hex(&writer, line);
	} else {
		rdata_write(&writer, line, record->type);
	}
	assert_false(writer.overflowed);
	record->rdata = (struct qn_view){writer.data, writer.at};
}

static void
record_write(struct qn_writer *writer, const struct record *record)
{
	if (!record->raw) {
		qn_write_record(writer, &record->owner, record->type, record->class, record->ttl_s,
		    record->rdata);
		return;
	}
	qn_write_name(writer, &record->owner);
	qn_write_u16(writer, record->type);
	qn_write_u16(writer, record->class);
	qn_write_u32(writer, record->ttl_s);
	qn_write_u16(writer, (uint16_t)record->rdata.len);
	qn_write_bytes(writer, record->rdata);
}

/* --- Messages --------------------------------------------------------------------------- */

/* A message being written. */
struct draft {
	struct qn_writer writer;
	uint16_t id;
	uint16_t flags;
	uint16_t rcode;
	uint16_t question_count;
	uint16_t record_counts[QN_SECTION_COUNT];
};

static bool
rcode_from_text(uint16_t *rcode, const char *word)
{
	char text[QN_MNEMONIC_MAX];

	for (uint16_t i = 0; i <= QN_RCODE_BADCOOKIE; i++) {
		if (strcmp(word, qn_rcode_to_text(i, text)) == 0) {
			*rcode = i;
			return true;
		}
	}
	return false;
}

static void
flags_parse(struct draft *draft, struct line *line)
{
	static const struct {
		const char *word;
		uint16_t flag;
	} flags[] = {
	    {"qr", QN_FLAG_QR},
	    {"aa", QN_FLAG_AA},
	    {"tc", QN_FLAG_TC},
	    {"rd", QN_FLAG_RD},
	    {"ra", QN_FLAG_RA},
	    {"ad", QN_FLAG_AD},
	    {"cd", QN_FLAG_CD},
	};

	for (const char *word = line_word(line); word != NULL; word = line_word(line)) {
		bool known = rcode_from_text(&draft->rcode, word);

		for (size_t i = 0; i < COUNT_OF(flags); i++) {
			if (strcmp(word, flags[i].word) != 0)
				continue;
			draft->flags |= flags[i].flag;
			known = true;
		}
		if (strncmp(word, "opcode=", 7) == 0) {
			draft->flags |= (uint16_t)(atoi(word + 7) << 11);
			known = true;
		}
		if (!known)
			fail_msg("neither a flag nor a response code: %s", word);
	}
}

static struct qn_question
question_parse(struct line *line)
{
	struct qn_question question;
	char *word;

	question.name = test_name(line_need(line));
	question.type = type_of(line_need(line));
	word = line_word(line);
	question.class = class_take(line, &word);
	if (word != NULL)
		fail_msg("not a class: %s", word);
	return question;
}

static void
edns_option_write(struct qn_writer *writer, const char *text)
{
	uint8_t room[LINE_MAX_LEN / 2];
	char *hex;
	const unsigned long code = strtoul(text, &hex, 10);

	if (*hex != ':')
		fail_msg("not an option: %s", text);
	qn_write_edns_option(
	    writer, (uint16_t)code, test_hex((struct qn_span){room, sizeof(room)}, hex + 1));
}

static void
edns_write(struct draft *draft, struct line *line)
{
	const uint16_t size = (uint16_t)line_number(line);
	const size_t opt_at = qn_write_edns_begin(&draft->writer, size, draft->rcode, false);

	for (const char *word = line_word(line); word != NULL; word = line_word(line)) {
		if (strcmp(word, "do") == 0)
			draft->writer.data[opt_at + 7] |= 0x80;
		else if (strncmp(word, "version=", 8) == 0)
			draft->writer.data[opt_at + 6] = (uint8_t)atoi(word + 8);
		else if (strncmp(word, "option=", 7) == 0)
			edns_option_write(&draft->writer, word + 7);
		else
			fail_msg("not an EDNS word: %s", word);
	}
	qn_write_edns_end(&draft->writer, opt_at);
	draft->record_counts[QN_SECTION_ADDITIONAL]++;
}

/* What a line is part of: the message is written part by part, whatever the lines' order. */
enum part {
	PART_HEADER,
	PART_QUESTION,
	PART_ANSWER,
	PART_AUTHORITY,
	PART_ADDITIONAL,
	PART_COUNT,
};

static enum part
part_of(const char *word)
{
	static const struct {
		const char *word;
		enum part part;
	} words[] = {
	    {"id", PART_HEADER},
	    {"flags", PART_HEADER},
	    {"question", PART_QUESTION},
	    {"answer", PART_ANSWER},
	    {"authority", PART_AUTHORITY},
	    {"additional", PART_ADDITIONAL},
	    {"edns", PART_ADDITIONAL},
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].part;
	fail_msg("neither a section nor anything else: %s", word);
	return PART_COUNT;
}

static void
part_write(struct draft *draft, enum part part, const char *word, struct line *line)
{
	struct qn_question question;
	struct record record;

	switch (part) {
	case PART_HEADER:
		if (strcmp(word, "id") == 0)
			draft->id = (uint16_t)line_number(line);
		else
			flags_parse(draft, line);
		break;
	case PART_QUESTION:
		question = question_parse(line);
		qn_write_question(&draft->writer, &question);
		draft->question_count++;
		break;
	case PART_ANSWER:
	case PART_AUTHORITY:
	case PART_ADDITIONAL:
		if (strcmp(word, "edns") == 0) {
			edns_write(draft, line);
			break;
		}
		record_parse(&record, line);
		record_write(&draft->writer, &record);
		draft->record_counts[part - PART_ANSWER]++;
		break;
	case PART_COUNT:
		break;
	}
}

struct qn_view
test_message_lines(struct qn_span room, const char *const *lines)
{
	struct draft draft = {.writer = qn_writer_of(room)};

	qn_write_header(&draft.writer, 0, 0, 0);
	for (enum part part = 0; part < PART_COUNT; part++) {
		for (const char *const *text = lines; *text != NULL; text++) {
			struct line line;

			line_open(&line, *text);
			const char *word = line_need(&line);

			if (part_of(word) == part)
				part_write(&draft, part, word, &line);
		}
	}
	assert_false(draft.writer.overflowed);
	qn_write_u16_at(&draft.writer, 0, draft.id);
	qn_write_u16_at(&draft.writer, 2, (uint16_t)(draft.flags | (draft.rcode & 0xf)));
	qn_write_u16_at(&draft.writer, 4, draft.question_count);
	for (unsigned i = 0; i < QN_SECTION_COUNT; i++)
		qn_write_section_count(&draft.writer, i, draft.record_counts[i]);
	return (struct qn_view){draft.writer.data, draft.writer.at};
}

struct qn_message
test_message_read(const char *const *lines)
{
	static uint8_t room[TEST_MESSAGE_MAX];
	struct qn_message message;

	assert_int_equal(qn_message_read(&message,
			     test_message_lines((struct qn_span){room, sizeof(room)}, lines)),
	    QN_MESSAGE_OK);
	return message;
}

struct qn_question
test_question(const char *text)
{
	struct line line;

	line_open(&line, text);
	return question_parse(&line);
}

/* --- RRsets ----------------------------------------------------------------------------- */

struct qn_rrset
test_rrset_lines(struct qn_span room, const char *const *lines)
{
	struct qn_rrset rrset = {.count = 0};
	size_t len = 0;

	for (; *lines != NULL; lines++) {
		struct record record;
		struct line line;

		line_open(&line, *lines);
		record_parse(&record, &line);
		if (rrset.count++ == 0) {
			rrset.owner = record.owner;
			rrset.ttl_s = record.ttl_s;
			rrset.type = record.type;
			rrset.class = record.class;
		}
		assert_true(qn_rdatas_append(room, &len, record.rdata));
	}
	rrset.rdatas = (struct qn_view){room.data, len};
	return rrset;
}

/* Presentation form of in-memory rdata; hexadecimal where a test needs no better one. */
static void
rdata_text(char *text, size_t room, uint16_t type, struct qn_view rdata)
{
	char address_text[QN_ADDRESS_TEXT_MAX];
	struct qn_address address;
	struct qn_name name;
	size_t at = 0;

	if (type == QN_TYPE_A || type == QN_TYPE_AAAA) {
		address =
		    type == QN_TYPE_A ? qn_address_ipv4(rdata.data) : qn_address_ipv6(rdata.data);
		qn_address_to_text(&address, address_text);
		snprintf(text, room, "%s", address_text);
	} else if ((type == QN_TYPE_NS || type == QN_TYPE_CNAME || type == QN_TYPE_DNAME ||
		       type == QN_TYPE_PTR) &&
		   qn_rdata_name(&name, rdata)) {
		snprintf(text, room, "%s", test_name_text(&name));
	} else if (type == QN_TYPE_TXT && rdata.len > 0 && rdata.data[0] + 1u == rdata.len) {
		snprintf(text, room, "%.*s", rdata.data[0], (const char *)rdata.data + 1);
	} else {
		at += (size_t)snprintf(text, room, "\\# ");
		for (size_t i = 0; i < rdata.len && at < room; i++)
			at += (size_t)snprintf(text + at, room - at, "%02x", rdata.data[i]);
	}
}

const char *
test_rrset_text(const struct qn_rrset *rrset, unsigned index)
{
	static char text[LINE_MAX_LEN];
	char rdata_room[LINE_MAX_LEN / 2], type[QN_MNEMONIC_MAX];
	struct qn_view rest = rrset->rdatas;
	struct qn_view rdata;

	for (unsigned i = 0; i <= index; i++)
		if (!qn_rdatas_next(&rest, &rdata))
			fail_msg("no record number %u", index);
	rdata_text(rdata_room, sizeof(rdata_room), rrset->type, rdata);
	snprintf(text, sizeof(text), "%s %u %s %s", test_name_text(&rrset->owner), rrset->ttl_s,
	    qn_type_to_text(rrset->type, type), rdata_room);
	return text;
}
