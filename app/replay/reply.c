/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply.h"

#include <stdlib.h>
#include <string.h>

/* Octets of an EDNS option in front of the scope of a client subnet (RFC 7871 s6). */
#define SUBNET_SOURCE_AT 6
#define SUBNET_SCOPE_AT  7

static bool
make_raw(struct message_octets *octets, const struct entry *entry, const struct packet *packet,
    const ldns_pkt *query)
{
	octets->len = packet->raw_len;
	octets->data = memory_take(octets->len + 1);
	memcpy(octets->data, packet->raw, octets->len);
	if (query != NULL && entry->adjust & ADJUST_COPY_ID && octets->len >= 2)
		ldns_write_uint16(octets->data, ldns_pkt_id(query));
	return true;
}

static void
take_question(ldns_pkt *message, const ldns_pkt *query)
{
	ldns_rr_list_deep_free(ldns_pkt_question(message));
	ldns_pkt_set_question(message, ldns_rr_list_clone(ldns_pkt_question(query)));
	ldns_pkt_set_qdcount(message, ldns_pkt_qdcount(query));
}

/* A server echoes the name as it was asked, whatever letter case the file has it in. */
static void
take_letter_case(ldns_pkt *message, const ldns_pkt *query)
{
	ldns_rr *ours = ldns_rr_list_rr(ldns_pkt_question(message), 0);
	const ldns_rr *theirs = ldns_rr_list_rr(ldns_pkt_question(query), 0);

	if (ours == NULL || theirs == NULL ||
	    ldns_dname_compare(ldns_rr_owner(ours), ldns_rr_owner(theirs)) != 0)
		return;
	ldns_rdf_deep_free(ldns_rr_owner(ours));
	ldns_rr_set_owner(ours, ldns_rdf_clone(ldns_rr_owner(theirs)));
}

/* Echoes the options, which are taken for one client subnet, with its scope set. */
static void
take_client_subnet(ldns_pkt *message, const ldns_pkt *query, bool increment)
{
	ldns_rdf *data = ldns_pkt_edns_data(query);

	if (data == NULL || ldns_rdf_size(data) <= SUBNET_SCOPE_AT)
		return;
	data = ldns_rdf_clone(data);
	uint8_t *octets = ldns_rdf_data(data);

	octets[SUBNET_SCOPE_AT] = (uint8_t)(octets[SUBNET_SOURCE_AT] + increment);
	ldns_rdf_deep_free(ldns_pkt_edns_data(message));
	ldns_pkt_set_edns_data(message, data);
}

static void
adjust(ldns_pkt *message, const struct entry *entry, const ldns_pkt *query)
{
	if (entry->adjust & ADJUST_COPY_ID)
		ldns_pkt_set_id(message, ldns_pkt_id(query));
	if (entry->adjust & ADJUST_COPY_QUERY)
		take_question(message, query);
	else
		take_letter_case(message, query);
	if (entry->adjust & ADJUST_COPY_CLIENT_SUBNET)
		take_client_subnet(message, query, entry->adjust & ADJUST_INCREMENT_SCOPE);
}

bool
reply_make(struct message_octets *octets, const struct entry *entry, const struct packet *packet,
    const ldns_pkt *query)
{
	ldns_pkt *message;
	ldns_status status;

	if (packet->raw != NULL)
		return make_raw(octets, entry, packet, query);
	message = ldns_pkt_clone(packet->message);
	if (query != NULL)
		adjust(message, entry, query);
	status = ldns_pkt2wire(&octets->data, message, &octets->len);
	ldns_pkt_free(message);
	return status == LDNS_STATUS_OK;
}
