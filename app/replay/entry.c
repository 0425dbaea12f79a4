/* SPDX-License-Identifier: BSD-2-Clause */
#include "reader.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PACKET_LEN_MAX  65535u
#define SLEEP_MOST_S    86400u
#define EDNS_UDP_BUFFER 4096
#define EDNS_FLAG_CO    0x4000u /* RFC 9824 s5: compact denial is understood. */

struct entry_reader {
	struct reader *reader;
	struct entry *entry;
	struct packet *packet; /* The one being filled. */
	bool in_section;       /* Lines that begin with no keyword are records of `section`. */
	ldns_pkt_section section;
};

struct word_value {
	const char *word;
	uint32_t value;
};

static const struct word_value *
find_word(const struct word_value *table, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(table[i].word, word) == 0)
			return &table[i];
	return NULL;
}

/* The text behind "name=" when `word` begins with that; NULL otherwise. */
static const char *
value_of(const char *word, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

/* --- MATCH ------------------------------------------------------------------------------ */

static const struct word_value match_words[] = {
    {"opcode", MATCH_OPCODE},
    {"qtype", MATCH_QTYPE},
    {"qname", MATCH_QNAME},
    {"qcase", MATCH_QCASE},
    {"question", MATCH_QUESTION},
    {"subdomain", MATCH_SUBDOMAIN},
    {"rcode", MATCH_RCODE},
    {"flags", MATCH_FLAGS},
    {"answer", MATCH_ANSWER},
    {"authority", MATCH_AUTHORITY},
    {"additional", MATCH_ADDITIONAL},
    {"all", MATCH_ALL},
    {"all_noedns", MATCH_ALL_NO_EDNS},
    {"ttl", MATCH_TTL},
    {"edns", MATCH_EDNS},
    {"noedns", MATCH_NO_EDNS},
    {"ednsdata", MATCH_EDNS_DATA},
    {"DO", MATCH_DO},
    {"CO", MATCH_CO},
    {"UDP", MATCH_UDP},
    {"TCP", MATCH_TCP},
    {"ede=any", MATCH_EDE_ANY},
    {"client_cookie", MATCH_CLIENT_COOKIE},
    {"server_cookie", MATCH_SERVER_COOKIE},
};

static bool
read_match_word(struct entry_reader *at, const char *word)
{
	const struct word_value *known = find_word(match_words, COUNT_OF(match_words), word);
	const char *value;
	uint32_t number;

	if (known != NULL) {
		at->entry->match |= known->value;
		return true;
	}
	value = value_of(word, "serial");
	if (value != NULL && number_read(value, UINT32_MAX, &at->entry->serial)) {
		at->entry->match |= MATCH_SERIAL;
		return true;
	}
	value = value_of(word, "ede");
	if (value != NULL && number_read(value, UINT16_MAX, &number)) {
		at->entry->ede = (uint16_t)number;
		at->entry->match |= MATCH_EDE;
		return true;
	}
	return reader_fail(at->reader, "MATCH has no word \"%s\".", word);
}

/* --- REPLY ------------------------------------------------------------------------------ */

static const struct word_value opcode_words[] = {
    {"QUERY", LDNS_PACKET_QUERY},
    {"IQUERY", LDNS_PACKET_IQUERY},
    {"STATUS", LDNS_PACKET_STATUS},
    {"NOTIFY", LDNS_PACKET_NOTIFY},
    {"UPDATE", LDNS_PACKET_UPDATE},
};

static const struct word_value rcode_words[] = {
    {"NOERROR", 0},
    {"FORMERR", 1},
    {"SERVFAIL", 2},
    {"NXDOMAIN", 3},
    {"NOTIMPL", 4},
    {"NOTIMP", 4},
    {"REFUSED", 5},
    {"YXDOMAIN", 6},
    {"YXRRSET", 7},
    {"NXRRSET", 8},
    {"NOTAUTH", 9},
    {"NOTZONE", 10},
    {"BADVERS", 16},
    {"BADCOOKIE", 23},
};

static void
set_edns(ldns_pkt *message)
{
	ldns_pkt_set_edns_udp_size(message, EDNS_UDP_BUFFER);
}

static void
set_do(ldns_pkt *message, bool on)
{
	set_edns(message);
	ldns_pkt_set_edns_do(message, on);
}

static void
set_co(ldns_pkt *message, bool on)
{
	const uint16_t others = (uint16_t)(ldns_pkt_edns_z(message) & ~EDNS_FLAG_CO);

	set_edns(message);
	ldns_pkt_set_edns_z(message, (uint16_t)(others | (on ? EDNS_FLAG_CO : 0)));
}

static const struct flag_word {
	const char *word;
	void (*set)(ldns_pkt *message, bool on);
} flag_words[] = {
    {"QR", ldns_pkt_set_qr},
    {"AA", ldns_pkt_set_aa},
    {"TC", ldns_pkt_set_tc},
    {"RD", ldns_pkt_set_rd},
    {"CD", ldns_pkt_set_cd},
    {"RA", ldns_pkt_set_ra},
    {"AD", ldns_pkt_set_ad},
    {"DO", set_do},
    {"CO", set_co},
};

static void
set_rcode(ldns_pkt *message, uint32_t rcode)
{
	ldns_pkt_set_rcode(message, rcode & 0xf);
	if (rcode > 0xf) {
		set_edns(message);
		ldns_pkt_set_edns_extended_rcode(message, (uint8_t)(rcode >> 4));
	}
}

static bool
read_reply_word(struct entry_reader *at, const char *word)
{
	ldns_pkt *message = at->packet->message;
	const struct word_value *known = find_word(opcode_words, COUNT_OF(opcode_words), word);

	if (known != NULL) {
		ldns_pkt_set_opcode(message, (ldns_pkt_opcode)known->value);
		return true;
	}
	known = find_word(rcode_words, COUNT_OF(rcode_words), word);
	if (known != NULL) {
		set_rcode(message, known->value);
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(flag_words); i++)
		if (strcasecmp(flag_words[i].word, word) == 0) {
			flag_words[i].set(message, true);
			return true;
		}
	return reader_fail(at->reader, "REPLY has no word \"%s\".", word);
}

/* --- ADJUST ----------------------------------------------------------------------------- */

static const struct word_value adjust_words[] = {
    {"copy_id", ADJUST_COPY_ID},
    {"raw_id", ADJUST_COPY_ID},
    {"copy_query", ADJUST_COPY_QUERY},
    {"copy_ednsdata_assume_clientsubnet", ADJUST_COPY_CLIENT_SUBNET},
    {"increment_ecs_scope", ADJUST_INCREMENT_SCOPE},
    {"do_not_answer", ADJUST_DO_NOT_ANSWER},
};

static bool
read_adjust_word(struct entry_reader *at, const char *word)
{
	const struct word_value *known = find_word(adjust_words, COUNT_OF(adjust_words), word);
	const char *value;

	if (known != NULL) {
		at->entry->adjust |= known->value;
		return true;
	}
	value = value_of(word, "sleep");
	if (value != NULL && number_read(value, SLEEP_MOST_S, &at->entry->sleep_s))
		return true;
	value = value_of(word, "packet_sleep");
	if (value != NULL && number_read(value, SLEEP_MOST_S, &at->packet->sleep_s))
		return true;
	return reader_fail(at->reader, "ADJUST has no word \"%s\".", word);
}

/* --- Records and octets ----------------------------------------------------------------- */

static bool
read_record(struct entry_reader *at, const char *line)
{
	struct reader *reader = at->reader;
	ldns_rr *rr = NULL;
	const ldns_status status =
	    at->section == LDNS_SECTION_QUESTION
		? ldns_rr_new_question_frm_str(&rr, line, reader->origin, NULL)
		: ldns_rr_new_frm_str(&rr, line, reader->ttl_s, reader->origin, NULL);

	if (status != LDNS_STATUS_OK)
		return reader_fail(reader, "not a record: %s.", ldns_get_errorstr_by_id(status));
	if (!ldns_pkt_push_rr(at->packet->message, at->section, rr)) {
		ldns_rr_free(rr);
		return reader_fail(reader, "too many records.");
	}
	return true;
}

/* Octets written down as hexadecimal digits, gathered line by line. */
struct octets {
	size_t len;
	uint8_t data[PACKET_LEN_MAX];
};

static bool
append_hex(struct reader *reader, const char *line, struct octets *octets)
{
	size_t digit_count = 0;

	for (; *line != '\0'; line++) {
		if (*line == ' ' || *line == '\t')
			continue;
		if (!isxdigit((unsigned char)*line))
			return reader_fail(reader, "\"%c\" is no hexadecimal digit.", *line);
		if (octets->len == PACKET_LEN_MAX)
			return reader_fail(reader, "longer than any message.");
		uint8_t *octet = &octets->data[octets->len];

		*octet = (uint8_t)(*octet << 4 | ldns_hexdigit_to_int(*line));
		octets->len += digit_count++ % 2;
	}
	return digit_count % 2 == 0 || reader_fail(reader, "half an octet.");
}

static void
keep_raw(struct entry_reader *at, const struct octets *octets)
{
	at->packet->raw = reader_take(at->reader, octets->len);
	at->packet->raw_len = octets->len;
	memcpy(at->packet->raw, octets->data, octets->len);
}

/* Reads lines of hexadecimal digits up to the line `end`. */
static bool
read_hex_block(struct reader *reader, const char *end, struct octets *octets)
{
	octets->len = 0;
	for (;;) {
		const char *line = text_line(&reader->text, TEXT_COMMENTS_ENTRY);

		if (line == NULL)
			return reader_fail(reader, "the file ends before %s.", end);
		if (text_begins(line, end))
			return true;
		if (!append_hex(reader, line, octets))
			return false;
	}
}

/* --- Keywords --------------------------------------------------------------------------- */

static bool
read_words(
    struct entry_reader *at, char *rest, bool (*read_word)(struct entry_reader *, const char *))
{
	for (char *word = text_word(&rest); word != NULL; word = text_word(&rest))
		if (!read_word(at, word))
			return false;
	return true;
}

static bool
on_match(struct entry_reader *at, char *rest)
{
	return read_words(at, rest, read_match_word);
}

static bool
on_reply(struct entry_reader *at, char *rest)
{
	return read_words(at, rest, read_reply_word);
}

static bool
on_adjust(struct entry_reader *at, char *rest)
{
	return read_words(at, rest, read_adjust_word);
}

static bool
on_section(struct entry_reader *at, char *rest)
{
	static const struct word_value sections[] = {
	    {"QUESTION", LDNS_SECTION_QUESTION},
	    {"ANSWER", LDNS_SECTION_ANSWER},
	    {"AUTHORITY", LDNS_SECTION_AUTHORITY},
	    {"ADDITIONAL", LDNS_SECTION_ADDITIONAL},
	};
	const char *word = text_word(&rest);
	const struct word_value *known =
	    word == NULL ? NULL : find_word(sections, COUNT_OF(sections), word);

	if (known == NULL)
		return reader_fail(
		    at->reader, "there is no section \"%s\".", word == NULL ? "" : word);
	at->in_section = true;
	at->section = (ldns_pkt_section)known->value;
	return true;
}

static bool is_keyword(const char *line);

/* What follows RAW, on its line and those behind, up to the next keyword. */
static bool
on_raw(struct entry_reader *at, char *rest)
{
	struct octets octets = {0};

	for (char *line = rest; line != NULL;
	     line = text_line(&at->reader->text, TEXT_COMMENTS_ENTRY)) {
		if (is_keyword(line)) {
			text_again(&at->reader->text);
			break;
		}
		if (!append_hex(at->reader, line, &octets))
			return false;
	}
	keep_raw(at, &octets);
	return true;
}

static bool
on_hex_answer(struct entry_reader *at, char *rest)
{
	struct octets octets;

	(void)rest;
	if (!read_hex_block(at->reader, "HEX_ANSWER_END", &octets))
		return false;
	keep_raw(at, &octets);
	return true;
}

static bool
on_hex_edns_data(struct entry_reader *at, char *rest)
{
	ldns_pkt *message = at->packet->message;
	struct octets octets;

	(void)rest;
	if (!read_hex_block(at->reader, "HEX_EDNSDATA_END", &octets))
		return false;
	set_edns(message);
	ldns_rdf_deep_free(ldns_pkt_edns_data(message));
	ldns_pkt_set_edns_data(
	    message, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_NONE, octets.len, octets.data));
	return true;
}

static void
packet_init(struct reader *reader, struct packet *packet)
{
	packet->message = ldns_pkt_new();
	packet->next_owned = reader->scenario->packets;
	reader->scenario->packets = packet;
}

static bool
on_extra_packet(struct entry_reader *at, char *rest)
{
	struct packet *packet = reader_take(at->reader, sizeof(*packet));

	(void)rest;
	packet_init(at->reader, packet);
	at->packet->next = packet;
	at->packet = packet;
	at->in_section = false;
	return true;
}

static bool
on_mandatory(struct entry_reader *at, char *rest)
{
	(void)rest;
	at->entry->mandatory = true;
	return true;
}

static bool
on_tsig(struct entry_reader *at, char *rest)
{
	(void)rest;
	return reader_fail(at->reader, "signs messages with TSIG, which is not played.");
}

static const struct keyword {
	const char *word;
	bool (*read)(struct entry_reader *at, char *rest);
} keywords[] = {
    {"MATCH", on_match},
    {"REPLY", on_reply},
    {"FLAGS", on_reply},
    {"ADJUST", on_adjust},
    {"SECTION", on_section},
    {"RAW", on_raw},
    {"HEX_ANSWER_BEGIN", on_hex_answer},
    {"HEX_EDNSDATA_BEGIN", on_hex_edns_data},
    {"EXTRA_PACKET", on_extra_packet},
    {"MANDATORY", on_mandatory},
    {"TSIG", on_tsig},
};

static const struct keyword *
find_keyword(const char *line)
{
	for (size_t i = 0; i < COUNT_OF(keywords); i++)
		if (text_begins(line, keywords[i].word))
			return &keywords[i];
	return NULL;
}

static bool
is_keyword(const char *line)
{
	return find_keyword(line) != NULL || text_begins(line, "ENTRY_END");
}

static bool
read_line(struct entry_reader *at, char *line)
{
	const struct keyword *keyword = find_keyword(line);

	if (keyword != NULL)
		return keyword->read(at, line + strlen(keyword->word));
	if (at->in_section)
		return read_record(at, line);
	return reader_fail(at->reader, "not expected inside an entry: \"%.40s\".", line);
}

struct entry *
entry_read(struct reader *reader)
{
	struct entry *entry = reader_take(reader, sizeof(*entry));
	struct entry_reader at = {.reader = reader, .entry = entry, .packet = &entry->first};

	entry->line = reader->text.line;
	packet_init(reader, &entry->first);
	for (;;) {
		char *line = text_line(&reader->text, TEXT_COMMENTS_ENTRY);

		if (line == NULL) {
			reader_fail(reader, "the file ends inside an entry.");
			return NULL;
		}
		if (text_begins(line, "ENTRY_END"))
			return entry;
		if (!read_line(&at, line))
			return NULL;
	}
}
