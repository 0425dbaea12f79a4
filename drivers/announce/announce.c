/* SPDX-License-Identifier: BSD-2-Clause */
#include "announce/announce.h"

#include <errno.h>

int
qn_announce_open(struct qn_announce *announce, unsigned index, uint32_t table,
    const struct qn_address *addresses, uint16_t address_count)
{
	*announce = (struct qn_announce){
	    .addresses = addresses,
	    .address_count = address_count,
	    .table = table,
	    .index = index,
	};
	return qn_netlink_open(&announce->netlink);
}

void
qn_announce_close(struct qn_announce *announce)
{
	qn_netlink_close(&announce->netlink);
}

/* What is there already, or gone already, is as it should be. */
static int
set_one(struct qn_announce *announce, const struct qn_address *address, bool announced)
{
	const struct qn_netlink_route route = {
	    .destination = {*address, (uint8_t)(8 * qn_family_octets(address->family))},
	    .table = announce->table,
	    .index = announce->index,
	};
	const int result = announced ? qn_netlink_route_add(&announce->netlink, &route)
	                             : qn_netlink_route_delete(&announce->netlink, &route);

	return result == (announced ? -EEXIST : -ESRCH) ? 0 : result;
}

int
qn_announce_set(struct qn_announce *announce, uint8_t family, bool announced)
{
	int failed = 0;

	for (uint16_t i = 0; i < announce->address_count; i++) {
		const struct qn_address *address = &announce->addresses[i];
		const int result =
		    address->family == family ? set_one(announce, address, announced) : 0;

		if (failed == 0)
			failed = result;
	}
	return failed;
}
