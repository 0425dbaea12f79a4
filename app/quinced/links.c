/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"

#include "host/log.h"

#include <errno.h>
#include <string.h>

_Static_assert(QN_SHARD_SERVICE_MAX <= QN_LINK_SERVICE_MAX, "a link knows every service address");

static bool
is_of_port(const struct config_fixed *fixed, const struct qn_address *address)
{
	for (uint16_t i = 0; i < fixed->port_count; i++)
		for (uint8_t j = 0; j < fixed->ports[i].address_count; j++)
			if (qn_address_equal(&fixed->ports[i].addresses[j].address, address))
				return true;
	return false;
}

/* Service addresses may come in at any port; what is an address of one port stays with it. */
static void
add_services(struct qn_link_config *link, const struct config *config)
{
	for (uint16_t i = 0; i < config->live.service_count; i++)
		if (!is_of_port(&config->fixed, &config->live.service[i]))
			link->services[link->service_count++] = config->live.service[i];
}

static struct qn_link_config
describe(const struct config *config, const struct config_port *port,
    const struct qn_port_info *info, const struct qn_hash_key *hash_key)
{
	struct qn_link_config link = {
	    .mtu = port->mtu == 0 ? info->mtu : port->mtu,
	    .tagged = port->vlan != 0,
	    .vlan_id = port->vlan,
	    .address_count = port->address_count,
	    .gateway_count = port->gateway_count,
	    .hash_key = *hash_key,
	};

	memcpy(link.mac, info->mac, sizeof(link.mac));
	memcpy(link.addresses, port->addresses, sizeof(port->addresses));
	memcpy(link.gateways, port->gateways, sizeof(port->gateways));
	add_services(&link, config);
	return link;
}

static int
link_create(struct qn_link **link, const struct config *config, const struct config_port *port,
    const struct qn_port *device, const struct qn_hash_key *hash_key)
{
	struct qn_span block = {NULL, qn_link_size()};
	struct qn_link_config description;
	struct qn_port_info info;

	qn_port_info_read(device, &info);
	if (port->mtu > info.mtu) {
		qn_log(QN_LOG_ERROR, "node",
		    "ports.mtu is %u, but %s can send no more than %u octets; lower it.", port->mtu,
		    port->device, info.mtu);
		return -EINVAL;
	}
	block.data = qn_port_memory_alloc(block.len, 0);
	if (block.data == NULL) {
		qn_log(QN_LOG_ERROR, "node", "no memory is left for the neighbours of a port.");
		return -ENOMEM;
	}
	description = describe(config, port, &info, hash_key);
	*link = qn_link_init(block, &description);
	return 0;
}

void
links_destroy(struct qn_link *links[QN_SHARD_LINK_MAX])
{
	for (uint16_t i = 0; i < QN_SHARD_LINK_MAX; i++) {
		qn_port_memory_free(links[i]);
		links[i] = NULL;
	}
}

int
links_create(struct qn_link *links[QN_SHARD_LINK_MAX], const struct config *config,
    struct qn_port *const *ports, const struct qn_hash_key *hash_key)
{
	for (uint16_t i = 0; i < config->fixed.port_count; i++) {
		const int result =
		    link_create(&links[i], config, &config->fixed.ports[i], ports[i], hash_key);

		if (result != 0) {
			links_destroy(links);
			return result;
		}
	}
	return 0;
}
