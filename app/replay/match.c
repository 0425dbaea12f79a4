/* SPDX-License-Identifier: BSD-2-Clause */
#include "match.h"

#include "describe.h"
#include "edns.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_LENIENT_S 2

#define EDNS_COOKIE 10
#define EDNS_ERROR  15
#define EDNS_CO     0x4000u

struct comparison {
	const struct entry *entry;
	const ldns_pkt *expected;
	const ldns_pkt *got;
	struct match_rules rules;
	struct mismatch *mismatch;
};

/* Says what differs; returns false. */
__attribute__((format(printf, 2, 3))) static bool
differ(struct comparison *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(c->mismatch->text, sizeof(c->mismatch->text), format, arguments);
	va_end(arguments);
	return false;
}

/* --- Header and question ---------------------------------------------------------------- */

static bool
check_opcode(struct comparison *c)
{
	const unsigned expected = ldns_pkt_get_opcode(c->expected);
	const unsigned got = ldns_pkt_get_opcode(c->got);

	return expected == got || differ(c, "expected opcode %u, got %u", expected, got);
}

static bool
check_rcode(struct comparison *c)
{
	char expected[DESCRIBE_MAX], got[DESCRIBE_MAX];

	return describe_rcode_number(c->expected) == describe_rcode_number(c->got) ||
	       differ(c, "expected %s, got %s", describe_rcode(c->expected, expected),
		   describe_rcode(c->got, got));
}

static bool
check_flags(struct comparison *c)
{
	char expected[DESCRIBE_MAX], got[DESCRIBE_MAX];

	describe_flags(c->expected, expected);
	describe_flags(c->got, got);
	return strcmp(expected, got) == 0 || differ(c, "expected flags%s, got%s", expected, got);
}

static const ldns_rr *
question_of(const ldns_pkt *message)
{
	return ldns_rr_list_rr(ldns_pkt_question(message), 0);
}

static bool
differ_in_question(struct comparison *c)
{
	char expected[DESCRIBE_MAX], got[DESCRIBE_MAX];

	return differ(c, "expected the question %s, got %s",
	    describe_question(c->expected, expected), describe_question(c->got, got));
}

/* Whether `holds` is true of the two questions, or both are missing. */
static bool
check_question(struct comparison *c, bool (*holds)(const ldns_rr *expected, const ldns_rr *got))
{
	const ldns_rr *expected = question_of(c->expected);
	const ldns_rr *got = question_of(c->got);

	if (expected == NULL && got == NULL)
		return true;
	return (expected != NULL && got != NULL && holds(expected, got)) || differ_in_question(c);
}

static bool
types_equal(const ldns_rr *expected, const ldns_rr *got)
{
	return ldns_rr_get_type(expected) == ldns_rr_get_type(got) &&
	       ldns_rr_get_class(expected) == ldns_rr_get_class(got);
}

static bool
names_equal(const ldns_rr *expected, const ldns_rr *got)
{
	return ldns_dname_compare(ldns_rr_owner(expected), ldns_rr_owner(got)) == 0;
}

static bool
name_octets_equal(const ldns_rr *expected, const ldns_rr *got)
{
	return ldns_rdf_compare(ldns_rr_owner(expected), ldns_rr_owner(got)) == 0;
}

static bool
is_subdomain(const ldns_rr *expected, const ldns_rr *got)
{
	return names_equal(expected, got) ||
	       ldns_dname_is_subdomain(ldns_rr_owner(got), ldns_rr_owner(expected));
}

static bool
check_qtype(struct comparison *c)
{
	return check_question(c, types_equal);
}

static bool
check_qname(struct comparison *c)
{
	return check_question(c, names_equal);
}

static bool
check_qcase(struct comparison *c)
{
	return check_question(c, name_octets_equal);
}

static bool
check_subdomain(struct comparison *c)
{
	return check_question(c, is_subdomain);
}

/* --- Sections --------------------------------------------------------------------------- */

static bool
any_record(const ldns_rr *rr)
{
	(void)rr;
	return true;
}

static bool
soa_record(const ldns_rr *rr)
{
	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA;
}

static bool
ttl_close(const struct comparison *c, const ldns_rr *a, const ldns_rr *b)
{
	const int64_t apart = (int64_t)ldns_rr_ttl(a) - (int64_t)ldns_rr_ttl(b);

	if (!(c->entry->match & MATCH_TTL))
		return true;
	return llabs(apart) <= (c->rules.strict ? 0 : TTL_LENIENT_S);
}

static bool
has_record(const struct comparison *c, const ldns_rr_list *list, const ldns_rr *wanted)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_compare(rr, wanted) == 0 && ttl_close(c, rr, wanted))
			return true;
	}
	return false;
}

/* The first relevant record of `list` that `others` lacks; NULL when it has all of them. */
static const ldns_rr *
first_missing(const struct comparison *c, const ldns_rr_list *list, const ldns_rr_list *others,
    bool (*relevant)(const ldns_rr *rr))
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (relevant(rr) && !has_record(c, others, rr))
			return rr;
	}
	return NULL;
}

static bool
check_section(struct comparison *c, const char *name, ldns_rr_list *(*section)(const ldns_pkt *),
    bool (*relevant)(const ldns_rr *rr))
{
	const ldns_rr_list *expected = section(c->expected);
	const ldns_rr_list *got = section(c->got);
	const ldns_rr *missing = first_missing(c, expected, got, relevant);
	char text[DESCRIBE_MAX];

	if (missing != NULL) {
		return differ(c, "the %s section lacks %s", name, describe_record(missing, text));
	}
	missing = first_missing(c, got, expected, relevant);
	if (missing != NULL) {
		return differ(c, "the %s section has %s, which is not expected", name,
		    describe_record(missing, text));
	}
	if (c->rules.strict && ldns_rr_list_rr_count(expected) != ldns_rr_list_rr_count(got))
		return differ(c, "the %s section holds a record twice", name);
	return true;
}

static bool
check_answer(struct comparison *c)
{
	return check_section(c, "answer", ldns_pkt_answer, any_record);
}

static bool
check_authority(struct comparison *c)
{
	return check_section(
	    c, "authority", ldns_pkt_authority, c->rules.strict ? any_record : soa_record);
}

static bool
check_additional(struct comparison *c)
{
	return !c->rules.strict || check_section(c, "additional", ldns_pkt_additional, any_record);
}

/* A zone transfer names the serial it has in the SOA of its authority section (RFC 1995 s3). */
static bool
check_serial(struct comparison *c)
{
	const ldns_rr *soa = ldns_rr_list_rr(ldns_pkt_authority(c->got), 0);

	if (soa == NULL || !soa_record(soa) || ldns_rr_rd_count(soa) < 3)
		return differ(c, "expected serial %u, got no SOA", c->entry->serial);
	const uint32_t serial = ldns_rdf2native_int32(ldns_rr_rdf(soa, 2));

	return serial == c->entry->serial ||
	       differ(c, "expected serial %u, got %u", c->entry->serial, serial);
}

/* --- EDNS ------------------------------------------------------------------------------- */

static bool
check_edns(struct comparison *c)
{
	if (!c->rules.strict)
		return true;
	if (ldns_pkt_edns(c->expected) != ldns_pkt_edns(c->got))
		return differ(
		    c, "%s", ldns_pkt_edns(c->got) ? "EDNS is not expected" : "EDNS lacks");
	return ldns_pkt_edns_do(c->expected) == ldns_pkt_edns_do(c->got) ||
	       differ(c, "expected another DO bit");
}

static bool
check_no_edns(struct comparison *c)
{
	return !ldns_pkt_edns(c->got) || differ(c, "EDNS is not expected");
}

static bool
check_edns_data(struct comparison *c)
{
	const struct qn_view expected = edns_options(c->expected);
	const struct qn_view got = edns_options(c->got);

	return (expected.len == got.len &&
		   (got.len == 0 || memcmp(expected.data, got.data, got.len) == 0)) ||
	       differ(c, "expected other EDNS options");
}

static bool
check_do(struct comparison *c)
{
	return ldns_pkt_edns_do(c->got) || differ(c, "expected the DO bit");
}

static bool
check_co(struct comparison *c)
{
	return (ldns_pkt_edns_z(c->got) & EDNS_CO) != 0 || differ(c, "expected the CO bit");
}

static bool
check_ede(struct comparison *c)
{
	struct qn_view data;

	if (!edns_option(c->got, EDNS_ERROR, &data) || data.len < 2)
		return differ(c, "expected extended error %u, got none", c->entry->ede);
	return ldns_read_uint16(data.data) == c->entry->ede ||
	       differ(c, "expected extended error %u, got %u", c->entry->ede,
		   ldns_read_uint16(data.data));
}

static bool
check_ede_any(struct comparison *c)
{
	struct qn_view data;

	return edns_option(c->got, EDNS_ERROR, &data) || differ(c, "expected an extended error");
}

/* RFC 7873 s4: the client's part has 8 octets, the server's 8 to 32 behind it. */
static bool
check_client_cookie(struct comparison *c)
{
	struct qn_view data;

	return (edns_option(c->got, EDNS_COOKIE, &data) && data.len == 8) ||
	       differ(c, "expected a client cookie alone");
}

static bool
check_server_cookie(struct comparison *c)
{
	struct qn_view data;

	return (edns_option(c->got, EDNS_COOKIE, &data) && data.len >= 16 && data.len <= 40) ||
	       differ(c, "expected a server cookie");
}

/* --- Transport -------------------------------------------------------------------------- */

static bool
check_udp(struct comparison *c)
{
	return !c->rules.tcp || differ(c, "expected UDP");
}

static bool
check_tcp(struct comparison *c)
{
	return c->rules.tcp || differ(c, "expected TCP");
}

bool
match_entry(const struct entry *entry, const ldns_pkt *message, struct match_rules rules,
    struct mismatch *mismatch)
{
	/* The response code comes before the sections: it explains most. */
	static const struct {
		uint32_t field;
		bool (*check)(struct comparison *c);
	} checks[] = {
	    {MATCH_UDP, check_udp},
	    {MATCH_TCP, check_tcp},
	    {MATCH_OPCODE, check_opcode},
	    {MATCH_QTYPE, check_qtype},
	    {MATCH_QNAME, check_qname},
	    {MATCH_QCASE, check_qcase},
	    {MATCH_SUBDOMAIN, check_subdomain},
	    {MATCH_RCODE, check_rcode},
	    {MATCH_FLAGS, check_flags},
	    {MATCH_ANSWER, check_answer},
	    {MATCH_AUTHORITY, check_authority},
	    {MATCH_ADDITIONAL, check_additional},
	    {MATCH_SERIAL, check_serial},
	    {MATCH_EDNS, check_edns},
	    {MATCH_NO_EDNS, check_no_edns},
	    {MATCH_EDNS_DATA, check_edns_data},
	    {MATCH_DO, check_do},
	    {MATCH_CO, check_co},
	    {MATCH_EDE, check_ede},
	    {MATCH_EDE_ANY, check_ede_any},
	    {MATCH_CLIENT_COOKIE, check_client_cookie},
	    {MATCH_SERVER_COOKIE, check_server_cookie},
	};
	struct comparison c = {
	    .entry = entry,
	    .expected = entry->first.message,
	    .got = message,
	    .rules = rules,
	    .mismatch = mismatch,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (entry->match & checks[i].field && !checks[i].check(&c))
			return false;
	return true;
}
