/* SPDX-License-Identifier: BSD-2-Clause */
#include "glue.h"

static void
gather_section(struct glue *glue, const ldns_rr_list *section)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
		ldns_rr *rr = ldns_rr_list_rr(section, i);

		const ldns_rr_type type = ldns_rr_get_type(rr);

		if (type == LDNS_RR_TYPE_NS)
			ldns_rr_list_push_rr(glue->servers, rr);
		else if (type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA)
			ldns_rr_list_push_rr(glue->addresses, rr);
	}
}

struct glue
glue_gather(const struct scenario *scenario)
{
	struct glue glue = {ldns_rr_list_new(), ldns_rr_list_new()};

	for (const struct packet *packet = scenario->packets; packet != NULL;
	     packet = packet->next_owned) {
		gather_section(&glue, ldns_pkt_answer(packet->message));
		gather_section(&glue, ldns_pkt_authority(packet->message));
		gather_section(&glue, ldns_pkt_additional(packet->message));
	}
	return glue;
}

void
glue_free(struct glue *glue)
{
	ldns_rr_list_free(glue->servers);
	ldns_rr_list_free(glue->addresses);
}

/* Whether a nameserver has this name, or one below it. */
static bool
leads_to_nameserver(const struct glue *glue, const ldns_rdf *name)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(glue->servers); i++) {
		const ldns_rdf *server = ldns_rr_rdf(ldns_rr_list_rr(glue->servers, i), 0);

		if (server != NULL && (ldns_dname_compare(server, name) == 0 ||
					  ldns_dname_is_subdomain(server, name)))
			return true;
	}
	return false;
}

static bool
holds(const ldns_rr_list *list, const ldns_rr *wanted)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if (ldns_rr_compare(ldns_rr_list_rr(list, i), wanted) == 0)
			return true;
	return false;
}

/*
 * Adds the addresses asked for, each once; false when neither the name nor one below it has
 * any of either kind.
 */
static bool
add_addresses(const struct glue *glue, const ldns_rr *question, ldns_pkt *message)
{
	bool known = false;

	for (size_t i = 0; i < ldns_rr_list_rr_count(glue->addresses); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(glue->addresses, i);

		if (ldns_dname_is_subdomain(ldns_rr_owner(rr), ldns_rr_owner(question)))
			known = true;
		if (ldns_dname_compare(ldns_rr_owner(rr), ldns_rr_owner(question)) != 0)
			continue;
		known = true;
		if (ldns_rr_get_type(rr) == ldns_rr_get_type(question) &&
		    !holds(ldns_pkt_answer(message), rr))
			ldns_pkt_push_rr(message, LDNS_SECTION_ANSWER, ldns_rr_clone(rr));
	}
	return known;
}

bool
glue_answer(const struct glue *glue, const ldns_pkt *query, struct message_octets *octets)
{
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(query), 0);
	bool answered;

	if (question == NULL || (ldns_rr_get_type(question) != LDNS_RR_TYPE_A &&
				    ldns_rr_get_type(question) != LDNS_RR_TYPE_AAAA))
		return false;
	if (!leads_to_nameserver(glue, ldns_rr_owner(question)))
		return false;
	ldns_pkt *message = ldns_pkt_new();

	ldns_pkt_set_id(message, ldns_pkt_id(query));
	ldns_pkt_set_qr(message, true);
	ldns_pkt_set_aa(message, true);
	ldns_pkt_push_rr(message, LDNS_SECTION_QUESTION, ldns_rr_clone(question));
	answered = add_addresses(glue, question, message) &&
	           ldns_pkt2wire(&octets->data, message, &octets->len) == LDNS_STATUS_OK;
	ldns_pkt_free(message);
	return answered;
}
