/* SPDX-License-Identifier: BSD-2-Clause */
#include "zonefile/present.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

/* ldns ends a record with a newline and puts tabs between its parts. */
static void
flatten(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	for (char *tab = strchr(text, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
}

static int
present_section(
    const ldns_rr_list *records, enum qn_section section, qn_present_take *take, void *context)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++) {
		char *text = ldns_rr2str(ldns_rr_list_rr(records, i));

		if (text == NULL)
			return -ENOMEM;
		flatten(text);
		take(context, section, text);
		free(text);
	}
	return 0;
}

int
qn_present_message(struct qn_view message, qn_present_take *take, void *context)
{
	ldns_pkt *packet = NULL;
	int result;

	if (ldns_wire2pkt(&packet, message.data, message.len) != LDNS_STATUS_OK)
		return -EBADMSG;
	const ldns_rr_list *const sections[QN_SECTION_COUNT] = {
	    [QN_SECTION_ANSWER] = ldns_pkt_answer(packet),
	    [QN_SECTION_AUTHORITY] = ldns_pkt_authority(packet),
	    [QN_SECTION_ADDITIONAL] = ldns_pkt_additional(packet),
	};

	result = 0;
	for (unsigned i = 0; i < QN_SECTION_COUNT && result == 0; i++)
		result = present_section(sections[i], (enum qn_section)i, take, context);
	ldns_pkt_free(packet);
	return result;
}
