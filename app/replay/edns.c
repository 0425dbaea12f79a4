/* SPDX-License-Identifier: BSD-2-Clause */
#include "edns.h"

struct qn_view
edns_options(const ldns_pkt *message)
{
	const ldns_rdf *data = ldns_pkt_edns_data(message);

	if (data == NULL)
		return (struct qn_view){NULL, 0};
	return (struct qn_view){ldns_rdf_data(data), ldns_rdf_size(data)};
}

bool
edns_option(const ldns_pkt *message, uint16_t code, struct qn_view *data)
{
	struct qn_view options = edns_options(message);

	while (options.len >= 4) {
		const size_t len = ldns_read_uint16(options.data + 2);

		if (len > options.len - 4)
			return false;
		if (ldns_read_uint16(options.data) == code) {
			*data = (struct qn_view){options.data + 4, len};
			return true;
		}
		options.data += 4 + len;
		options.len -= 4 + len;
	}
	return false;
}
