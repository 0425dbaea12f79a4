/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_side.h"

#include "host/log.h"

void
kernel_side_keep_ports(struct qn_port_table *table, const struct config_kernel *config)
{
	if (config->off)
		return;
	for (uint8_t i = 0; i < config->udp_port_count; i++)
		for (uint32_t port = config->udp_ports[i].first; port <= config->udp_ports[i].last;
		     port++)
			qn_port_keep(table, (uint16_t)port);
}

struct qn_kernel *
kernel_side_create(
    const struct config_fixed *config, struct qn_link *const links[QN_SHARD_LINK_MAX])
{
	const struct qn_kernel_config description = {
	    .prefix = config->kernel.prefix,
	    .rate = config->kernel.rate,
	    .worker_count = config->worker_count,
	    .links = links,
	    .link_count = config->port_count,
	    .services_alone = config->announce.table == CONFIG_TABLE_MAIN,
	};
	char error[QN_KERNEL_ERROR_MAX];
	struct qn_kernel *kernel;

	if (config->kernel.off)
		return NULL;
	if (qn_kernel_create(&kernel, &description, error) != 0) {
		qn_log(QN_LOG_WARNING, "kernel",
		    "%s; going on without the kernel's side: no TCP, and nothing is announced.",
		    error);
		return NULL;
	}
	for (uint16_t i = 0; i < config->port_count; i++)
		qn_log(QN_LOG_INFO, "kernel", "%s is the kernel's side of %s.",
		    qn_kernel_interface(kernel, i), config->ports[i].device);
	return kernel;
}

void
kernel_side_destroy(struct qn_kernel *kernel)
{
	if (kernel != NULL)
		qn_kernel_destroy(kernel);
}
