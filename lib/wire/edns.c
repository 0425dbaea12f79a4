/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/edns.h"

#include "base/endian.h"
#include "wire/constants.h"

#define OPTION_HEAD_LEN 4
#define OPT_LENGTH_AT   9 /* Root, type, class and TTL come before. */
#define OPT_RDATA_AT    11
#define FLAG_DO         0x8000u

bool
qn_edns_read(struct qn_edns *edns, uint16_t class, uint32_t ttl, struct qn_view options)
{
	*edns = (struct qn_edns){
	    .udp_size = class,
	    .rcode_high = (uint8_t)(ttl >> 24),
	    .version = (uint8_t)(ttl >> 16),
	    .present = true,
	    .dnssec_ok = (ttl & FLAG_DO) != 0,
	};
	if (edns->version != 0)
		return true;

	struct qn_view left = options;
	struct qn_edns_option option;
	unsigned count = 0;

	while (qn_edns_option_next(&left, &option))
		if (++count > QN_EDNS_OPTION_MAX)
			return false;
	edns->options = options;
	return left.len == 0;
}

bool
qn_edns_option_next(struct qn_view *options, struct qn_edns_option *option)
{
	if (options->len < OPTION_HEAD_LEN)
		return false;
	const size_t len = qn_load_be16(options->data + 2);

	if (len > options->len - OPTION_HEAD_LEN)
		return false;
	option->code = qn_load_be16(options->data);
	option->data = (struct qn_view){options->data + OPTION_HEAD_LEN, len};
	options->data += OPTION_HEAD_LEN + len;
	options->len -= OPTION_HEAD_LEN + len;
	return true;
}

bool
qn_edns_option_find(const struct qn_edns *edns, uint16_t code, struct qn_view *data)
{
	struct qn_view left = edns->options;
	struct qn_edns_option option;

	while (qn_edns_option_next(&left, &option)) {
		if (option.code == code) {
			*data = option.data;
			return true;
		}
	}
	return false;
}

size_t
qn_write_edns_begin(struct qn_writer *writer, uint16_t udp_size, uint16_t rcode, bool dnssec_ok)
{
	const size_t opt_at = writer->at;

	qn_write_name_full(writer, &qn_name_root);
	qn_write_u16(writer, QN_TYPE_OPT);
	qn_write_u16(writer, udp_size);
	qn_write_u32(writer, (uint32_t)(rcode >> 4) << 24 | (dnssec_ok ? FLAG_DO : 0));
	qn_write_u16(writer, 0);
	return opt_at;
}

void
qn_write_edns_option(struct qn_writer *writer, uint16_t code, struct qn_view data)
{
	qn_assert(data.len <= UINT16_MAX);
	qn_write_u16(writer, code);
	qn_write_u16(writer, (uint16_t)data.len);
	qn_write_bytes(writer, data);
}

void
qn_write_edns_end(struct qn_writer *writer, size_t opt_at)
{
	if (writer->overflowed)
		return;
	const size_t len = writer->at - (opt_at + OPT_RDATA_AT);

	qn_assert(len <= UINT16_MAX);
	qn_write_u16_at(writer, opt_at + OPT_LENGTH_AT, (uint16_t)len);
}
