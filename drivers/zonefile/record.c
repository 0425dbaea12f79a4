/* SPDX-License-Identifier: BSD-2-Clause */
#include "zonefile/record.h"

#include "wire/rdata.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

#define TTL_MAX 0x7fffffffu /* RFC 2181 s8. */

static bool
fail(char error[QN_RECORD_ERROR_MAX], const char *sentence)
{
	snprintf(error, QN_RECORD_ERROR_MAX, "%s", sentence);
	return false;
}

static bool
is_data_type(uint16_t type)
{
	return type != 0 && type != QN_TYPE_OPT && (type < QN_TYPE_TKEY || type > QN_TYPE_ANY);
}

/* Copies the rdata of `rr`; false when there is no room. */
static bool
take_rdata(struct qn_record_text *record, const ldns_rr *rr)
{
	size_t len = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		if (ldns_rdf_size(rdf) > sizeof(record->rdata) - len)
			return false;
		memcpy(record->rdata + len, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
		len += ldns_rdf_size(rdf);
	}
	record->rdata_len = (uint16_t)len;
	return true;
}

/* What "\#" gives need not be what the type says (RFC 3597 s5). */
static bool
rdata_is_valid(const struct qn_record_text *record)
{
	const struct qn_view rdata = {record->rdata, record->rdata_len};
	const struct qn_record whole = {
	    .type = record->type, .class = QN_CLASS_IN, .rdata_len = record->rdata_len};

	return qn_rdata_valid(rdata, &whole);
}

static bool
take(struct qn_record_text *record, const ldns_rr *rr, char error[QN_RECORD_ERROR_MAX])
{
	const struct qn_view owner = {
	    ldns_rdf_data(ldns_rr_owner(rr)), ldns_rdf_size(ldns_rr_owner(rr))};

	record->type = (uint16_t)ldns_rr_get_type(rr);
	record->ttl_s = ldns_rr_ttl(rr);
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return fail(error, "only class IN is known here");
	if (qn_name_from_wire(&record->owner, owner) != owner.len)
		return fail(error, "the owner is not a domain name");
	if (!is_data_type(record->type))
		return fail(error, "no zone can have a record of this type");
	if (record->ttl_s > TTL_MAX)
		return fail(error, "the TTL is over 2147483647");
	if (!take_rdata(record, rr))
		return fail(error, "the data is longer than 4096 octets");
	if (!rdata_is_valid(record))
		return fail(error, "the data does not have the form of its type");
	return true;
}

bool
qn_record_read(struct qn_record_text *record, const char *text, const struct qn_name *origin,
    uint32_t ttl_s, char error[QN_RECORD_ERROR_MAX])
{
	ldns_rdf *origin_rdf;
	ldns_rr *rr = NULL;
	ldns_status status;
	bool ok;

	/* In a zone file the owner of the line before would be meant. */
	if (text[0] == ' ' || text[0] == '\t')
		return fail(error, "the owner is missing; \"@\" stands for the zone's own name");
	origin_rdf = ldns_dname_new_frm_data(origin->len, origin->octets);
	if (origin_rdf == NULL)
		return fail(error, "no memory is left to read it");
	status = ldns_rr_new_frm_str(&rr, text, ttl_s, origin_rdf, NULL);
	ldns_rdf_deep_free(origin_rdf);
	if (status != LDNS_STATUS_OK)
		return fail(error, ldns_get_errorstr_by_id(status));
	ok = take(record, rr, error);
	ldns_rr_free(rr);
	return ok;
}
