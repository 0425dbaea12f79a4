/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/rrset.h"

#include "base/endian.h"

#include <string.h>

#define LENGTH_LEN 2

bool
qn_rdatas_next(struct qn_view *rdatas, struct qn_view *rdata)
{
	if (rdatas->len == 0)
		return false;
	qn_assert(rdatas->len >= LENGTH_LEN);
	const size_t len = qn_load_be16(rdatas->data);

	qn_assert(len <= rdatas->len - LENGTH_LEN);
	*rdata = (struct qn_view){rdatas->data + LENGTH_LEN, len};
	rdatas->data += LENGTH_LEN + len;
	rdatas->len -= LENGTH_LEN + len;
	return true;
}

bool
qn_rdatas_contain(struct qn_view rdatas, struct qn_view rdata)
{
	struct qn_view have;

	while (qn_rdatas_next(&rdatas, &have))
		if (have.len == rdata.len &&
		    (have.len == 0 || memcmp(have.data, rdata.data, have.len) == 0))
			return true;
	return false;
}

bool
qn_rdatas_append(struct qn_span out, size_t *len, struct qn_view rdata)
{
	qn_assert(rdata.len <= QN_RDATA_MAX && *len <= out.len);
	if (out.len - *len < LENGTH_LEN + rdata.len)
		return false;
	qn_store_be16(out.data + *len, (uint16_t)rdata.len);
	if (rdata.len > 0)
		memcpy(out.data + *len + LENGTH_LEN, rdata.data, rdata.len);
	*len += LENGTH_LEN + rdata.len;
	return true;
}

/* Writes up to `count` records off the front of `rdatas`; returns how many. */
static uint16_t
rdatas_write(struct qn_writer *writer, const struct qn_rrset *rrset, uint32_t ttl_s,
    struct qn_view rdatas, uint32_t count)
{
	struct qn_view rdata;
	uint16_t written = 0;

	while (written < count && qn_rdatas_next(&rdatas, &rdata)) {
		qn_write_record(writer, &rrset->owner, rrset->type, rrset->class, ttl_s, rdata);
		written++;
	}
	return written;
}

uint16_t
qn_write_rrset(
    struct qn_writer *writer, const struct qn_rrset *rrset, uint32_t ttl_s, uint32_t rotation)
{
	const uint32_t first = rrset->count > 0 ? rotation % rrset->count : 0;
	struct qn_view from_first = rrset->rdatas;
	struct qn_view passed;

	for (uint32_t i = 0; i < first; i++)
		(void)qn_rdatas_next(&from_first, &passed);
	const uint16_t tail = rdatas_write(writer, rrset, ttl_s, from_first, rrset->count - first);
	const uint16_t head = rdatas_write(writer, rrset, ttl_s, rrset->rdatas, first);

	return (uint16_t)(tail + head);
}
