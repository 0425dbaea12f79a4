/* SPDX-License-Identifier: BSD-2-Clause */
#include "describe.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* Copies what ldns has written, with blanks for tabs and without the final newline. */
static const char *
take_text(char text[DESCRIBE_MAX], char *written)
{
	snprintf(text, DESCRIBE_MAX, "%s", written == NULL ? "?" : written);
	free(written);
	for (char *at = text; *at != '\0'; at++)
		if (*at == '\t')
			*at = ' ';
		else if (*at == '\n')
			*at = '\0';
	return text;
}

const char *
describe_record(const ldns_rr *rr, char text[DESCRIBE_MAX])
{
	return take_text(text, ldns_rr2str(rr));
}

const char *
describe_question(const ldns_pkt *message, char text[DESCRIBE_MAX])
{
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(message), 0);
	char *name, *class, *type;

	if (question == NULL) {
		snprintf(text, DESCRIBE_MAX, "nothing");
		return text;
	}
	name = ldns_rdf2str(ldns_rr_owner(question));
	class = ldns_rr_class2str(ldns_rr_get_class(question));
	type = ldns_rr_type2str(ldns_rr_get_type(question));
	snprintf(text, DESCRIBE_MAX, "%s %s %s", name, class, type);
	free(name);
	free(class);
	free(type);
	return text;
}

const char *
describe_query(const ldns_pkt *message, char text[DESCRIBE_MAX])
{
	describe_question(message, text);
	/* The class comes after the first blank. */
	for (char *at = text; *at != '\0' && *at != ' '; at++)
		*at = (char)tolower((unsigned char)*at);
	return text;
}

unsigned
describe_rcode_number(const ldns_pkt *message)
{
	return ldns_pkt_get_rcode(message) | (unsigned)ldns_pkt_edns_extended_rcode(message) << 4;
}

const char *
describe_rcode(const ldns_pkt *message, char text[DESCRIBE_MAX])
{
	const unsigned rcode = describe_rcode_number(message);
	const ldns_lookup_table *known = ldns_lookup_by_id(ldns_rcodes, (int)rcode);

	if (known != NULL)
		snprintf(text, DESCRIBE_MAX, "%s", known->name);
	else
		snprintf(text, DESCRIBE_MAX, "RCODE%u", rcode);
	return text;
}

const char *
describe_flags(const ldns_pkt *message, char text[DESCRIBE_MAX])
{
	snprintf(text, DESCRIBE_MAX, "%s%s%s%s%s%s%s", ldns_pkt_qr(message) ? " QR" : "",
	    ldns_pkt_aa(message) ? " AA" : "", ldns_pkt_tc(message) ? " TC" : "",
	    ldns_pkt_rd(message) ? " RD" : "", ldns_pkt_ra(message) ? " RA" : "",
	    ldns_pkt_ad(message) ? " AD" : "", ldns_pkt_cd(message) ? " CD" : "");
	return text;
}

const char *
describe_reply(const ldns_pkt *message, char text[DESCRIBE_MAX])
{
	char rcode[DESCRIBE_MAX], flags[DESCRIBE_MAX];

	snprintf(text, DESCRIBE_MAX, "%.32s%.32s, %u+%u+%u records", describe_rcode(message, rcode),
	    describe_flags(message, flags), ldns_pkt_ancount(message), ldns_pkt_nscount(message),
	    ldns_pkt_arcount(message));
	return text;
}
