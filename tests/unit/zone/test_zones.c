/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What local data answers, by the kind of the zone that a name is in.
 */
#include "local.h"
#include "zone/table.h"

#include <stdio.h>
#include <string.h>

/* One case: local data, then questions with the answers to them. */
struct dialogue {
	const char *what;
	const char *data[16];
	struct {
		const char *question;
		const char *answer;
	} turns[16];
};

#define SOA       "example 600 SOA ns.example root.example 1 2 3 4 300"
#define NXDOMAIN  "NXDOMAIN\nauthority example. 300 SOA"
#define NODATA    "NOERROR\nauthority example. 300 SOA"
#define WWW       "www.example 60 A 192.0.2.1"
#define WWW_REPLY "NOERROR\nwww.example. 60 A 192.0.2.1"

static const struct dialogue dialogues[] = {
    {"nothing at all", {NULL},
	{{". A", "resolve"}, {"example A", "resolve"}, {"www.example A", "resolve"}}},

    {"static: nothing but the records exists", {"zone example static", SOA, WWW},
	{
	    {"www.example A", WWW_REPLY},
	    {"www.example AAAA", NODATA},
	    {"no.example A", NXDOMAIN},
	    {"a.b.c.no.example A", NXDOMAIN},
	    {"below.www.example A", NXDOMAIN},
	    {"example A", NODATA},
	    {"example SOA", "NOERROR\nexample. 600 SOA"},
	    {"example2 A", "resolve"},
	    {"anexample A", "resolve"},
	    {"com A", "resolve"},
	    {". NS", "resolve"},
	}},

    {"static without SOA", {"zone example static", WWW},
	{{"www.example A", WWW_REPLY}, {"www.example AAAA", "NOERROR"},
	    {"no.example A", "NXDOMAIN"}}},

    {"an empty non-terminal has no data, but is there (RFC 8020)",
	{"zone example static", SOA, "a.b.c.example 60 A 192.0.2.1"},
	{
	    {"b.c.example A", NODATA},
	    {"c.example A", NODATA},
	    {"a.b.c.example A", "NOERROR\na.b.c.example. 60 A 192.0.2.1"},
	    {"x.b.c.example A", NXDOMAIN},
	    {"x.c.example A", NXDOMAIN},
	}},

    {"letter case does not count, and comes back as it was sent",
	{"zone EXAMPLE static", "WwW.Example 60 A 192.0.2.1"},
	{{"wWW.eXAMPLE A", "NOERROR\nwWW.eXAMPLE. 60 A 192.0.2.1"}}},

    {"an RRset has one TTL, the lowest, and no record twice",
	{"zone example static", "www.example 90 A 192.0.2.1", WWW, "www.example 30 A 192.0.2.2",
	    "www.example 30 TXT unlike"},
	{{"www.example A", "NOERROR\nwww.example. 30 A 192.0.2.1\nwww.example. 30 A 192.0.2.2"},
	    {"www.example TXT", "NOERROR\nwww.example. 30 TXT unlike"}}},

    {"a wildcard answers for names that are not there (RFC 4592)",
	{"zone example static", SOA, "*.example 60 A 192.0.2.9", WWW, "*.www.example 60 TXT x",
	    "b.ent.example 60 A 192.0.2.3"},
	{
	    {"any.example A", "NOERROR\nany.example. 60 A 192.0.2.9"},
	    {"a.b.example A", "NOERROR\na.b.example. 60 A 192.0.2.9"},
	    {"any.example AAAA", NODATA},
	    {"www.example A", WWW_REPLY},
	    {"www.example AAAA", NODATA},
	    {"a.www.example TXT", "NOERROR\na.www.example. 60 TXT x"},
	    {"a.www.example A", NODATA},
	    {"ent.example A", NODATA},
	    {"x.ent.example A", NXDOMAIN}, /* The closest encloser has no wildcard. */
	    {"*.example A", "NOERROR\n*.example. 60 A 192.0.2.9"},
	    {"a.*.example A", NXDOMAIN},
	}},

    {"a wildcard may be an alias", {"zone example static", "*.example 60 CNAME www.example", WWW},
	{{"x.example A", "NOERROR\nx.example. 60 CNAME www.example.\n"
			 "www.example. 60 A 192.0.2.1"}}},

    {"a zone called like a wildcard is none",
	{"zone example static", "zone *.example static", "*.example 60 A 192.0.2.9"},
	{{"x.example A", "NXDOMAIN"}, {"*.example A", "NOERROR\n*.example. 60 A 192.0.2.9"},
	    {"y.*.example A", "NXDOMAIN"}}},

    {"aliases are followed as long as they stay in local data",
	{"zone example static", SOA, "a.example 50 CNAME b.other", "b.other 40 CNAME www.example",
	    WWW, "c.example 30 CNAME no.example", "out.example 20 CNAME www.example.com",
	    "deep.example 20 CNAME out.example"},
	{
	    {"a.example A", "NOERROR\na.example. 50 CNAME b.other.\n"
			    "b.other. 40 CNAME www.example.\nwww.example. 60 A 192.0.2.1"},
	    {"a.example CNAME", "NOERROR\na.example. 50 CNAME b.other."},
	    {"a.example MX", "NOERROR\na.example. 50 CNAME b.other.\n"
			     "b.other. 40 CNAME www.example.\nauthority example. 300 SOA"},
	    {"c.example A",
		"NXDOMAIN\nc.example. 30 CNAME no.example.\nauthority example. 300 SOA"},
	    {"out.example A",
		"to www.example.com. NOERROR\nout.example. 20 CNAME www.example.com."},
	    {"deep.example A", "to www.example.com. NOERROR\ndeep.example. 20 CNAME "
			       "out.example.\nout.example. 20 CNAME www.example.com."},
	    {"out.example CNAME", "NOERROR\nout.example. 20 CNAME www.example.com."},
	}},

    {"aliases that go round end in SERVFAIL",
	{"zone example static", "a.example 60 CNAME b.example", "b.example 60 CNAME a.example",
	    "self.example 60 CNAME self.example"},
	{{"a.example A", "SERVFAIL ede=0"}, {"self.example A", "SERVFAIL ede=0"}}},

    {"an alias into a zone that blocks is blocked",
	{"zone example static", "r.example 60 CNAME x.refused", "d.example 60 CNAME x.denied",
	    "zone refused refuse", "zone denied deny"},
	{{"r.example A", "REFUSED ede=15"}, {"d.example A", "drop"}}},

    {"transparent: what has no records is resolved",
	{"zone example transparent", SOA, WWW, "a.ent.example 60 A 192.0.2.1"},
	{
	    {"www.example A", WWW_REPLY},
	    {"www.example AAAA", NODATA},
	    {"below.www.example A", "resolve"},
	    {"no.example A", "resolve"},
	    {"ent.example A", "resolve"},
	    {"example NS", NODATA},
	}},

    {"transparent without SOA, and names outside all zones",
	{"zone example transparent", WWW, "host 60 A 192.0.2.7", "*.host 60 A 192.0.2.8"},
	{
	    {"www.example AAAA", "NOERROR"},
	    {"example A", "resolve"},
	    {"host A", "NOERROR\nhost. 60 A 192.0.2.7"},
	    {"host AAAA", "NOERROR"},
	    {"a.host A", "NOERROR\na.host. 60 A 192.0.2.8"},
	    {"hosts A", "resolve"},
	}},

    {"type-transparent: RRsets that are not there are resolved",
	{"zone example type-transparent", WWW},
	{{"www.example A", WWW_REPLY}, {"www.example AAAA", "resolve"},
	    {"no.example A", "resolve"}}},

    {"redirect: all names have the records of the zone",
	{"zone example redirect", SOA, "example 60 A 192.0.2.1", "example 60 NS ns.example",
	    "www.example 60 A 192.0.2.99"},
	{
	    {"example A", "NOERROR\nexample. 60 A 192.0.2.1"},
	    {"www.example A", WWW_REPLY},
	    {"a.b.example A", "NOERROR\na.b.example. 60 A 192.0.2.1"},
	    {"a.b.example AAAA", NODATA},
	    {"example NS", "NOERROR\nexample. 60 NS ns.example."},
	    {"example SOA", "NOERROR\nexample. 600 SOA"},
	    {"a.example NS", NODATA},
	    {"a.example SOA", NODATA},
	}},

    {"redirect to an alias",
	{"zone example redirect", "example 60 CNAME host", "host 60 A 192.0.2.7"},
	{{"www.example A", "NOERROR\nwww.example. 60 CNAME host.\nhost. 60 A 192.0.2.7"},
	    {"www.example CNAME", "NOERROR\nwww.example. 60 CNAME host."}}},

    {"refuse and deny leave the records that are there",
	{"zone refused refuse", "zone denied deny", "www.refused 60 A 192.0.2.1",
	    "www.denied 60 A 192.0.2.2", "to.denied 60 CNAME www.refused"},
	{
	    {"www.refused A", "NOERROR\nwww.refused. 60 A 192.0.2.1"},
	    {"www.refused AAAA", "REFUSED ede=15"},
	    {"no.refused A", "REFUSED ede=15"},
	    {"www.denied A", "NOERROR\nwww.denied. 60 A 192.0.2.2"},
	    {"www.denied TXT", "drop"},
	    {"no.denied A", "drop"},
	    {"to.denied A",
		"NOERROR\nto.denied. 60 CNAME www.refused.\nwww.refused. 60 A 192.0.2.1"},
	}},

    {"block-a, block-aaaa: addresses of one family are only those given",
	{"zone a block-a", "zone aaaa block-aaaa", "own.a 60 A 192.0.2.1",
	    "own.aaaa 60 AAAA 2001:db8::1", "own.aaaa 60 TXT here", "to.a 60 CNAME own.aaaa"},
	{
	    {"www.a A", "NOERROR ede=15"},
	    {"a A", "NOERROR ede=15"},
	    {"www.a AAAA", "resolve"},
	    {"www.a TXT", "resolve"},
	    {"own.a A", "NOERROR\nown.a. 60 A 192.0.2.1"},
	    {"own.a AAAA", "resolve"},
	    {"www.aaaa AAAA", "NOERROR ede=15"},
	    {"www.aaaa A", "resolve"},
	    {"own.aaaa AAAA", "NOERROR\nown.aaaa. 60 AAAA 2001:db8::1"},
	    {"own.aaaa TXT", "NOERROR\nown.aaaa. 60 TXT here"},
	    {"to.a AAAA", "NOERROR\nto.a. 60 CNAME own.aaaa.\nown.aaaa. 60 AAAA 2001:db8::1"},
	    {"to.a MX", "to own.aaaa. NOERROR\nto.a. 60 CNAME own.aaaa."},
	}},

    {"always-transparent, always-nodata: whatever records there are",
	{"zone through always-transparent", "zone nothing always-nodata", SOA,
	    "nothing 600 SOA ns.example root.example 1 2 3 4 300", "www.through 60 A 192.0.2.1",
	    "www.nothing 60 A 192.0.2.1"},
	{
	    {"www.through A", "resolve"},
	    {"through SOA", "resolve"},
	    {"www.nothing A", "NOERROR ede=15\nauthority nothing. 300 SOA"},
	    {"no.nothing A", "NOERROR ede=15\nauthority nothing. 300 SOA"},
	}},

    {"refuse, deny", {"zone refused refuse", "zone denied deny"},
	{{"refused A", "REFUSED ede=15"}, {"a.refused A", "REFUSED ede=15"}, {"denied A", "drop"},
	    {"a.denied A", "drop"}}},

    {"always-nxdomain, always-null: whatever records there are",
	{"zone example always-nxdomain", SOA, WWW, "zone null always-null",
	    "null 600 SOA ns.null root.null 1 2 3 4 7200", "www.null 60 A 192.0.2.1"},
	{
	    {"www.example A", "NXDOMAIN ede=15\nauthority example. 300 SOA"},
	    {"example A", "NXDOMAIN ede=15\nauthority example. 300 SOA"},
	    {"www.null A", "NOERROR ede=4\nwww.null. 300 A 0.0.0.0"},
	    {"null AAAA", "NOERROR ede=4\nnull. 300 AAAA ::"},
	    {"a.b.null MX", "NOERROR ede=4\nauthority null. 600 SOA"}, /* Its TTL is the lower. */
	}},

    {"the deepest zone decides",
	{"zone example static", SOA, "zone sub.example transparent", "zone a.sub.example refuse",
	    "www.sub.example 60 A 192.0.2.2", "*.example 60 A 192.0.2.9"},
	{
	    {"x.example A", "NOERROR\nx.example. 60 A 192.0.2.9"},
	    {"sub.example A", "resolve"},
	    {"x.sub.example A", "resolve"},
	    {"www.sub.example A", "NOERROR\nwww.sub.example. 60 A 192.0.2.2"},
	    {"www.sub.example AAAA", "NOERROR"},
	    {"b.a.sub.example A", "REFUSED ede=15"},
	}},

    {"a zone at the root covers all names",
	{"zone . static", ". 60 SOA a b 1 2 3 4 5", WWW, "zone com transparent"},
	{
	    {". SOA", "NOERROR\n. 60 SOA"},
	    {"net A", "NXDOMAIN\nauthority . 5 SOA"},
	    {"www.example A", WWW_REPLY},
	    {"www.example.com A", "resolve"},
	}},

    {"records at the root", {". 60 TXT here"},
	{{". TXT", "NOERROR\n. 60 TXT here"}, {". A", "NOERROR"}, {"a A", "resolve"}}},

    {"a wildcard below the root", {"*. 60 A 192.0.2.9", "www.example 60 A 192.0.2.1"},
	{{"a.b A", "NOERROR\na.b. 60 A 192.0.2.9"}, {"a.example A", "resolve"}}},

    {"labels with any octet",
	{"zone example static", "a\\.b.example 60 A 192.0.2.1", "\\000.example 60 A 192.0.2.2"},
	{
	    {"a\\.b.example A", "NOERROR\na\\.b.example. 60 A 192.0.2.1"},
	    {"a.b.example A", "NXDOMAIN"},
	    {"\\000.example A", "NOERROR\n\\000.example. 60 A 192.0.2.2"},
	    {"\\001.example A", "NXDOMAIN"},
	}},
};

TEST(answers_as_the_zones_say)
{
	for (size_t i = 0; i < COUNT_OF(dialogues); i++) {
		struct local local = {0};

		for (const char *const *line = dialogues[i].data; *line != NULL; line++)
			local_add(&local, *line);
		local_build(&local);
		for (size_t k = 0; dialogues[i].turns[k].question != NULL; k++) {
			const char *answer = local_ask(&local, dialogues[i].turns[k].question);

			if (strcmp(answer, dialogues[i].turns[k].answer) != 0)
				fail_msg("%s: %s is answered\n%s\nand not\n%s", dialogues[i].what,
				    dialogues[i].turns[k].question, answer,
				    dialogues[i].turns[k].answer);
		}
		local_free(&local);
	}
}

/* A chain of aliases, the last one to www.example. */
static void
chain_build(struct local *local, unsigned links)
{
	char line[64];

	local_add(local, WWW);
	for (unsigned i = 0; i < links; i++) {
		snprintf(line, sizeof(line), "c%u.example 60 CNAME c%u.example", i, i + 1);
		if (i == links - 1)
			snprintf(line, sizeof(line), "c%u.example 60 CNAME www.example", i);
		local_add(local, line);
	}
	local_build(local);
}

/* What lies below is asked about what the upper ones leave open, alias by alias. */
TEST(lies_over_others)
{
	static const char *const below_lines[] = {"zone corp static", "www.corp 60 A 192.0.2.1",
	    "only.corp 60 A 192.0.2.2", "back.corp 60 CNAME own.lan", "zone ads always-nxdomain",
	    "zone good.ads always-nxdomain", "www.example 60 A 192.0.2.3"};
	static const char *const above_lines[] = {"www.corp 60 A 198.51.100.1",
	    "to.lan 60 CNAME only.corp", "own.lan 60 A 198.51.100.2",
	    "zone good.ads always-transparent", "zone example type-transparent",
	    "out.lan 60 CNAME www.good.ads"};
	static const char *const turns[][2] = {
	    {"www.corp A", "NOERROR\nwww.corp. 60 A 198.51.100.1"},
	    {"www.corp AAAA", "NOERROR"},
	    {"only.corp A", "NOERROR\nonly.corp. 60 A 192.0.2.2"},
	    {"no.corp A", "NXDOMAIN"},
	    {"to.lan A", "NOERROR\nto.lan. 60 CNAME only.corp.\nonly.corp. 60 A 192.0.2.2"},
	    {"back.corp A", "NOERROR\nback.corp. 60 CNAME own.lan.\nown.lan. 60 A 198.51.100.2"},
	    {"www.ads A", "NXDOMAIN ede=15"},
	    {"www.good.ads A", "resolve"},
	    {"out.lan A", "to www.good.ads. NOERROR\nout.lan. 60 CNAME www.good.ads."},
	    {"www.example A", "NOERROR\nwww.example. 60 A 192.0.2.3"},
	    {"www.com A", "resolve"},
	};
	struct local below = {0}, above = {0}, nothing = {0};

	for (size_t i = 0; i < COUNT_OF(below_lines); i++)
		local_add(&below, below_lines[i]);
	for (size_t i = 0; i < COUNT_OF(above_lines); i++)
		local_add(&above, above_lines[i]);
	local_build(&below);
	above.below = below.zones;
	nothing.below = below.zones;
	local_build(&above);
	local_build(&nothing);
	for (size_t i = 0; i < COUNT_OF(turns); i++)
		assert_string_equal(local_ask(&above, turns[i][0]), turns[i][1]);
	assert_string_equal(local_ask(&below, "own.lan A"), "resolve");
	assert_string_equal(local_ask(&below, "www.good.ads A"), "NXDOMAIN ede=15");
	assert_string_equal(
	    local_ask(&nothing, "only.corp A"), "NOERROR\nonly.corp. 60 A 192.0.2.2");
	local_free(&nothing);
	local_free(&above);
	local_free(&below);
}

TEST(aliases_have_a_limit)
{
	for (unsigned links = 1; links <= QN_ZONE_ALIAS_MAX + 1; links++) {
		struct local local = {0};
		const char *answer;

		chain_build(&local, links);
		answer = local_ask(&local, "c0.example A");
		if (links <= QN_ZONE_ALIAS_MAX)
			assert_non_null(strstr(answer, "\nwww.example. 60 A 192.0.2.1"));
		else
			assert_string_equal(answer, "SERVFAIL ede=0");
		local_free(&local);
	}
}

/* The longest name there is, in labels of one letter, different for each `number`. */
static void
long_name(char text[QN_NAME_MAX], unsigned number)
{
	for (unsigned i = 0; i < QN_NAME_LABEL_MAX; i++) {
		text[2 * i] = (char)('a' + number);
		text[2 * i + 1] = '.';
	}
	text[2 * QN_NAME_LABEL_MAX] = '\0';
}

/* As many aliases as there may be between the longest names, with the largest set behind them. */
TEST(the_longest_answer_fits)
{
	static const char *const head = "NOERROR\n";
	char owner[QN_NAME_MAX], target[QN_NAME_MAX], line[1024];
	struct local local = {0};

	for (unsigned i = 0; i < QN_ZONE_ALIAS_MAX; i++) {
		long_name(owner, i);
		long_name(target, i + 1);
		snprintf(line, sizeof(line), "%s 60 CNAME %s", owner, target);
		local_add(&local, line);
	}
	for (unsigned i = 0; i < 256; i++) {
		snprintf(line, sizeof(line), "%s 60 A 192.0.2.%u", target, i);
		local_add(&local, line);
	}
	local_build(&local);
	long_name(owner, 0);
	snprintf(line, sizeof(line), "%s A", owner);
	assert_int_equal(strncmp(local_ask(&local, line), head, strlen(head)), 0);
	local_free(&local);
}

/* --- Against a reference ---------------------------------------------------------------- */

/*
 * The same rules over a plain list, name by name and with no thought for time: for each of many
 * small random worlds, every name of a small universe has to come out alike.
 */
static const struct qn_zone_item *
reference_zone(const struct local *local, const struct qn_name *name, struct qn_name *apex)
{
	const struct qn_zone_item *zone = NULL;

	apex->len = 0;
	for (size_t i = 0; i < local->count; i++) {
		struct qn_name owner;

		qn_zone_path_name(&owner, local->items[i].path);
		if (local->items[i].type == QN_ZONE_APEX && qn_name_within(name, &owner) &&
		    owner.len > apex->len) {
			zone = &local->items[i];
			*apex = owner;
		}
	}
	return zone;
}

/* Whether there are items at `name`; with `below`, or beneath it. */
static bool
reference_exists(const struct local *local, const struct qn_name *name, bool below)
{
	for (size_t i = 0; i < local->count; i++) {
		struct qn_name owner;

		qn_zone_path_name(&owner, local->items[i].path);
		if (below ? qn_name_within(&owner, name)
			  : local->items[i].type != QN_ZONE_APEX && qn_name_equal(&owner, name))
			return true;
	}
	return false;
}

static bool
reference_has(const struct local *local, const struct qn_name *name, uint16_t type)
{
	for (size_t i = 0; i < local->count; i++) {
		struct qn_name owner;

		qn_zone_path_name(&owner, local->items[i].path);
		if (local->items[i].type == type && qn_name_equal(&owner, name))
			return true;
	}
	return false;
}

static bool
reference_is_apex(const struct local *local, const struct qn_name *name)
{
	return reference_has(local, name, QN_ZONE_APEX);
}

/* The name whose records answer for `name`; false when there is none. */
static bool
reference_source(const struct local *local, const struct qn_name *name, struct qn_name *source)
{
	struct qn_name encloser = *name;
	const struct qn_name star = test_name("*");

	*source = *name;
	if (name->len == 1 || reference_exists(local, name, true))
		return true;
	do
		qn_name_parent(&encloser, &encloser);
	while (encloser.len > 1 && !reference_exists(local, &encloser, true));
	memcpy(source->octets, star.octets, 2);
	memcpy(source->octets + 2, encloser.octets, encloser.len);
	source->len = (uint8_t)(encloser.len + 2);
	return reference_exists(local, source, true) && !reference_is_apex(local, source);
}

static enum qn_zone_found
reference_find(
    const struct local *local, const struct qn_name *name, uint16_t type, uint16_t *rcode)
{
	struct qn_name apex, source;
	const struct qn_zone_item *zone = reference_zone(local, name, &apex);
	const enum qn_zone_kind kind = zone == NULL ? QN_ZONE_TRANSPARENT : zone->kind;
	bool there = reference_source(local, name, &source);

	*rcode = QN_RCODE_NOERROR;
	if (kind == QN_ZONE_REDIRECT) {
		source = apex;
		there = true;
	}
	if (there && reference_has(local, &source, type))
		return QN_ZONE_DATA;
	if (there && reference_has(local, &source, QN_TYPE_CNAME))
		return QN_ZONE_ALIAS;
	if (kind == QN_ZONE_REFUSE)
		return QN_ZONE_REFUSED;
	if (kind == QN_ZONE_TRANSPARENT && (!there || !reference_exists(local, &source, false)))
		return QN_ZONE_OUTSIDE;
	if (!there)
		*rcode = QN_RCODE_NXDOMAIN;
	return QN_ZONE_NEGATIVE;
}

/* A name of up to three labels out of a, b and the asterisk. */
static struct qn_name
universe_name(unsigned number)
{
	static const char *const labels[] = {"", "a.", "b.", "*."};
	char text[16];

	snprintf(text, sizeof(text), "%s%s%s", labels[number / 16 % 4], labels[number / 4 % 4],
	    labels[number % 4]);
	return test_name(text[0] == '\0' ? "." : text);
}

static void
world_draw(struct local *local, struct qn_random *random)
{
	static const uint8_t kinds[] = {
	    QN_ZONE_TRANSPARENT, QN_ZONE_STATIC, QN_ZONE_REDIRECT, QN_ZONE_REFUSE};
	static const uint8_t address[4] = {192, 0, 2, 1};
	const unsigned count = qn_random_below(random, 8);

	for (unsigned i = 0; i < count; i++) {
		const struct qn_name owner = universe_name(qn_random_below(random, 64));
		const uint32_t draw = qn_random_below(random, 4);

		if (draw == 0 && !reference_is_apex(local, &owner))
			local_add_item(local, &owner, QN_ZONE_APEX,
			    kinds[qn_random_below(random, COUNT_OF(kinds))], 0,
			    (struct qn_view){0});
		else if (draw == 1 && !reference_exists(local, &owner, false))
			local_add_item(local, &owner, QN_TYPE_CNAME, 0, 60,
			    (struct qn_view){(const uint8_t *)"\1c", 3});
		else if (draw > 1 && !reference_has(local, &owner, QN_TYPE_CNAME))
			local_add_item(local, &owner, QN_TYPE_A, 0, 60,
			    (struct qn_view){address, sizeof(address)});
	}
}

TEST(agrees_with_a_plain_list)
{
	struct qn_random random = test_random(1);

	for (unsigned round = 0; round < 3000; round++) {
		struct local local = {0};

		world_draw(&local, &random);
		local_build(&local);
		for (unsigned number = 0; number < 64; number++) {
			const struct qn_name name = universe_name(number);
			const uint16_t type = number % 2 == 0 ? QN_TYPE_A : QN_TYPE_AAAA;
			struct qn_zone_match match;
			uint16_t rcode;
			const enum qn_zone_found found =
			    qn_zones_find(local.zones, &name, type, &match);
			const enum qn_zone_found wanted =
			    reference_find(&local, &name, type, &rcode);

			if (found != wanted || (found == QN_ZONE_NEGATIVE && match.rcode != rcode))
				fail_msg("round %u: %s is %d (rcode %u), not %d (rcode %u)", round,
				    test_name_text(&name), found, match.rcode, wanted, rcode);
		}
		local_free(&local);
	}
}

/* --- Size ------------------------------------------------------------------------------- */

#define HUGE_COUNT 200000

/* A block list: host NUMBER in one of 100 domains. */
static struct qn_name
huge_name(unsigned number)
{
	char text[64];

	snprintf(text, sizeof(text), "host-%u.domain%u.com", number, number % 100);
	return test_name(text);
}

/* The most slots that a search for any name looks at: up to the next empty one. */
static unsigned
longest_search(const struct qn_zones *zones)
{
	unsigned longest = 0, run = 0;

	/* Twice around: a run may begin at the end. */
	for (uint64_t i = 0; i < 2 * ((uint64_t)zones->slot_mask + 1); i++) {
		run = zones->slots[i & zones->slot_mask].node != 0 ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest + 1;
}

TEST(many_names_stay_small_and_are_all_found)
{
	static const uint8_t address[4] = {0};
	struct local local = {0};
	struct qn_zone_match match;
	size_t size;

	for (unsigned i = 0; i < HUGE_COUNT; i++) {
		const struct qn_name name = huge_name(i);

		local_add_item(
		    &local, &name, QN_TYPE_A, 0, 60, (struct qn_view){address, sizeof(address)});
	}
	local_build(&local);
	size = qn_zones_size(local.items, local.count);
	assert_in_range(size, 1, 80 * HUGE_COUNT);
	assert_in_range(longest_search(local.zones), 1, 64);
	for (unsigned i = 0; i < 2 * HUGE_COUNT; i++) {
		const struct qn_name name = huge_name(i);

		assert_int_equal(qn_zones_find(local.zones, &name, QN_TYPE_A, &match),
		    i < HUGE_COUNT ? QN_ZONE_DATA : QN_ZONE_OUTSIDE);
	}
	local_free(&local);
}

/* The longest chain of labels there is, known and not. */
TEST(deepest_names)
{
	struct local local = {0};
	struct qn_zone_match match;
	struct qn_name name = {.len = QN_NAME_MAX};

	for (unsigned i = 0; i < QN_NAME_LABEL_MAX; i++)
		memcpy(name.octets + 2 * i, "\1x", 2);
	name.octets[QN_NAME_MAX - 1] = 0;
	local_add_item(&local, &name, QN_TYPE_TXT, 0, 60, (struct qn_view){0});
	local_build(&local);
	assert_int_equal(qn_zones_find(local.zones, &name, QN_TYPE_TXT, &match), QN_ZONE_DATA);
	assert_int_equal(match.rrset.count, 1);
	name.octets[1] = 'y';
	assert_int_equal(qn_zones_find(local.zones, &name, QN_TYPE_TXT, &match), QN_ZONE_OUTSIDE);
	local_free(&local);
}

TEST(unsorted_items_are_a_bug)
{
	struct local local = {0};

	local_add(&local, "b 60 A 192.0.2.1");
	local_add(&local, "a 60 A 192.0.2.1");
	assert_is_bug(qn_zones_size(local.items, local.count));
	local_free(&local);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_as_the_zones_say),
	    cmocka_unit_test(lies_over_others),
	    cmocka_unit_test(aliases_have_a_limit),
	    cmocka_unit_test(the_longest_answer_fits),
	    cmocka_unit_test(agrees_with_a_plain_list),
	    cmocka_unit_test(many_names_stay_small_and_are_all_found),
	    cmocka_unit_test(deepest_names),
	    cmocka_unit_test(unsorted_items_are_a_bug),
	};

	return cmocka_run_group_tests_name("zones", tests, NULL, NULL);
}
