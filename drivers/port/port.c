/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening and closing of ports, and what they can tell about themselves.
 */
#include "port/port.h"

#include "host/log.h"
#include "port/interface.h"
#include "port/message.h"
#include "port/state.h"
#include "port/xdp.h"

#include <errno.h>
#include <inttypes.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Frames that a device may hold for each direction of a queue, where that can be chosen. */
#define DESCRIPTOR_COUNT 1024

/* Buffers that a core keeps close by for itself. */
#define POOL_CACHE_SIZE 256

/* Longer frames have no use here: nothing we send exceeds Ethernet's MTU. */
#define MTU_MAX RTE_ETHER_MTU

/* Below this no IPv6 packet is safe (RFC 8200 s5). */
#define MTU_MIN 1280

/* What net_af_xdp wants of the kernel: as many queues as workers, busy polling, the XDP hook. */
static int
xdp_prepare(const struct qn_port *port, const struct qn_interface *interface,
    const struct qn_port_error *error)
{
	const struct qn_device *device = &port->device;
	int rc;

	if (!device->queues_chosen && interface->queue_count != port->queue_count)
		return qn_port_fail(error, -EINVAL,
		    "%s: %s spreads frames over %u queues, but there are %u workers, one a queue; "
		    "try \"ethtool -L %s combined %u\" or net_af_packet",
		    device->text, device->interface, interface->queue_count, port->queue_count,
		    device->interface, port->queue_count);
	rc = qn_interface_busy_poll();
	if (rc != 0)
		return qn_port_fail(error, rc,
		    "%s: the kernel allows no busy polling (%s), without which a receive may wait "
		    "for a second; it takes Linux 5.11 and CAP_NET_ADMIN; or use net_af_packet",
		    device->text, strerror(-rc));
	return qn_xdp_clear(device->text, device->interface, interface->index, error);
}

/* Whether another port of this process sits on the kernel's interface `index`. */
static bool
interface_taken(int index)
{
	struct rte_eth_dev_info info;
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id)
	{
		if (rte_eth_dev_info_get(id, &info) == 0 && info.if_index == (unsigned int)index)
			return true;
	}
	return false;
}

/* Checks the kernel's interface under the device and prepares it, if there is one. */
static int
interface_prepare(struct qn_port *port, const struct qn_port_error *error)
{
	const struct qn_device *device = &port->device;
	struct qn_interface interface;
	int rc;

	port->mtu = MTU_MAX;
	if (!port->shares_interface)
		return 0;
	rc = qn_interface_read(device->interface, &interface);
	if (rc != 0)
		return qn_port_fail(error, rc, "%s: cannot use the network interface %s: %s",
		    device->text, device->interface, strerror(-rc));
	if (!interface.up)
		return qn_port_fail(error, -ENETDOWN,
		    "%s: %s is down; bring it up with \"ip link set %s up\"", device->text,
		    device->interface, device->interface);
	if (interface.mtu < MTU_MIN)
		return qn_port_fail(error, -EINVAL,
		    "%s: the MTU of %s is %u, less than the %u that IPv6 needs", device->text,
		    device->interface, interface.mtu, MTU_MIN);
	if (interface_taken(interface.index))
		return qn_port_fail(error, -EEXIST, "%s: another port is on %s already",
		    device->text, device->interface);
	port->mtu = RTE_MIN(interface.mtu, MTU_MAX);
	port->interface_index = interface.index;
	if (device->kind == QN_DEVICE_AF_XDP) {
		rc = xdp_prepare(port, &interface, error);
		if (rc != 0)
			return rc;
	}
	port->multicast_fd = qn_interface_hear_multicast(interface.index);
	if (port->multicast_fd < 0)
		return qn_port_fail(error, port->multicast_fd,
		    "%s: cannot listen to multicast on %s: %s", device->text, device->interface,
		    strerror(-port->multicast_fd));
	return 0;
}

static void
interface_release(struct qn_port *port)
{
	if (port->multicast_fd >= 0)
		close(port->multicast_fd);
	port->multicast_fd = -1;
}

/* Has DPDK make the device, or find it if it is on the PCI bus. */
static int
device_probe(struct qn_port *port, const struct qn_port_error *error)
{
	const struct qn_device *device = &port->device;
	int rc = 0;

	if (device->kind != QN_DEVICE_PCI)
		rc = rte_eal_hotplug_add("vdev", device->name, device->arguments);
	if (rc == -EEXIST)
		return qn_port_fail(
		    error, rc, "%s: a port named %s is open already", device->text, device->name);
	if (rc != 0)
		return qn_port_fail(error, rc, "%s: the device does not come up: %s", device->text,
		    qn_message_first());
	if (rte_eth_dev_get_port_by_name(device->name, &port->id) == 0)
		return 0;
	if (device->kind == QN_DEVICE_PCI)
		return qn_port_fail(error, -ENODEV,
		    "%s: no driver of DPDK has this device; bind it with \"dpdk-devbind.py "
		    "--bind=vfio-pci %s\" or use net_af_packet",
		    device->text, device->name);
	rte_eal_hotplug_remove("vdev", device->name);
	return qn_port_fail(error, -ENODEV, "%s: is no network device", device->text);
}

/* Gives back what probe made; a PCI device stays DPDK's until the process ends. */
static void
device_remove(struct qn_port *port)
{
	const struct qn_device *device = &port->device;

	if (rte_eth_dev_is_valid_port(port->id))
		rte_eth_dev_close(port->id);
	if (device->kind != QN_DEVICE_PCI)
		rte_eal_hotplug_remove("vdev", device->name);
	if (device->kind == QN_DEVICE_AF_XDP)
		qn_xdp_remove(device->interface, port->interface_index);
}

/*
 * A pool in one piece. net_af_xdp shows the kernel one stretch of memory, as long as all
 * objects without gaps, so that objects must not be kept from crossing pages, as they are by
 * default; other virtual devices do not care, and a physical one sees pages as they are.
 */
static struct rte_mempool *
pool_create(const struct qn_port *port, uint16_t queue)
{
	const unsigned int element_len = sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE;
	const int socket = (int)rte_lcore_to_socket_id(queue + 1u);
	const unsigned int flags =
	    port->device.kind == QN_DEVICE_PCI ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	snprintf(name, sizeof(name), "port%u-queue%u", port->id, queue);
	pool = rte_mempool_create_empty(name, QN_POOL_SIZE, element_len, POOL_CACHE_SIZE,
	    sizeof(struct rte_pktmbuf_pool_private), socket, flags);
	if (pool == NULL)
		return NULL;
	rte_pktmbuf_pool_init(pool, NULL);
	if (rte_mempool_populate_default(pool) != QN_POOL_SIZE ||
	    (port->device.kind != QN_DEVICE_PCI && pool->nb_mem_chunks != 1)) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

static void
pools_free(struct qn_port *port)
{
	for (uint16_t i = 0; i < port->queue_count; i++) {
		rte_mempool_free(port->queues[i].pool);
		port->queues[i].pool = NULL;
	}
}

static int
pools_create(struct qn_port *port, const struct qn_port_error *error)
{
	for (uint16_t i = 0; i < port->queue_count; i++) {
		port->queues[i].pool = pool_create(port, i);
		if (port->queues[i].pool != NULL)
			continue;
		pools_free(port);
		return qn_port_fail(error, -ENOMEM,
		    "%s: too little memory for the packet buffers of %u workers", port->device.text,
		    port->queue_count);
	}
	return 0;
}

/* Spreads flows over the queues by addresses and UDP ports where the device can. */
static struct rte_eth_conf
configuration_make(const struct qn_port *port, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf configuration = {.rxmode.mtu = port->mtu};
	const uint64_t spread = (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & info->flow_type_rss_offloads;

	if (port->queue_count > 1 && spread != 0) {
		configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		configuration.rx_adv_conf.rss_conf.rss_hf = spread;
	}
	return configuration;
}

static int
queues_setup(struct qn_port *port, uint16_t rx_descriptors, uint16_t tx_descriptors)
{
	for (uint16_t i = 0; i < port->queue_count; i++) {
		const unsigned int socket = rte_lcore_to_socket_id(i + 1u);
		int rc = rte_eth_rx_queue_setup(
		    port->id, i, rx_descriptors, socket, NULL, port->queues[i].pool);

		if (rc == 0)
			rc = rte_eth_tx_queue_setup(port->id, i, tx_descriptors, socket, NULL);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/*
 * Neighbour solicitations come in multicast frames. Under af_packet and af_xdp the kernel's
 * interface takes them already; only a device that cannot choose has to take everything.
 */
static void
multicast_enable(const struct qn_port *port)
{
	if (port->shares_interface || rte_eth_allmulticast_enable(port->id) == 0 ||
	    rte_eth_promiscuous_enable(port->id) == 0)
		return;
	qn_log(QN_LOG_INFO, "port",
	    "%s: the device has no switch for multicast frames; IPv6 works if it passes them",
	    port->device.text);
}

/* Reads what the device is and whether it can do what we need. */
static int
device_check(struct qn_port *port, struct rte_eth_dev_info *info, const struct qn_port_error *error)
{
	const int rc = rte_eth_dev_info_get(port->id, info);

	if (rc != 0)
		return qn_port_fail(
		    error, rc, "%s: the device does not say what it is", port->device.text);
	port->driver = info->driver_name;
	if (RTE_MIN(info->max_rx_queues, info->max_tx_queues) < port->queue_count)
		return qn_port_fail(error, -EINVAL,
		    "%s: has %u receive and %u transmit queues, fewer than the %u workers",
		    port->device.text, info->max_rx_queues, info->max_tx_queues, port->queue_count);
	return 0;
}

static int
device_start(
    struct qn_port *port, const struct rte_eth_dev_info *info, const struct qn_port_error *error)
{
	const struct rte_eth_conf configuration = configuration_make(port, info);
	uint16_t rx_descriptors = DESCRIPTOR_COUNT;
	uint16_t tx_descriptors = DESCRIPTOR_COUNT;
	int rc =
	    rte_eth_dev_configure(port->id, port->queue_count, port->queue_count, &configuration);

	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx_descriptors, &tx_descriptors);
	if (rc == 0)
		rc = queues_setup(port, rx_descriptors, tx_descriptors);
	if (rc == 0)
		rc = rte_eth_dev_start(port->id);
	if (rc != 0)
		return qn_port_fail(error, rc, "%s: the device does not start: %s",
		    port->device.text, qn_message_first());
	multicast_enable(port);
	return 0;
}

static int
mac_read(struct qn_port *port, const struct qn_port_error *error)
{
	struct rte_ether_addr mac;
	const int rc = rte_eth_macaddr_get(port->id, &mac);

	if (rc != 0)
		return qn_port_fail(
		    error, rc, "%s: the device has no Ethernet address", port->device.text);
	memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));
	/* net_tap tells the address of the kernel's end of the wire: we are the other end. */
	if (port->device.kind == QN_DEVICE_TAP)
		port->mac[5] ^= 1;
	return 0;
}

static struct qn_port *
port_create(uint16_t queue_count)
{
	const size_t len = sizeof(struct qn_port) + queue_count * sizeof(struct qn_port_queue);
	struct qn_port *port = aligned_alloc(_Alignof(struct qn_port), len);

	if (port == NULL)
		return NULL;
	memset(port, 0, len);
	port->queue_count = queue_count;
	port->multicast_fd = -1;
	return port;
}

/* Goes through the steps of opening; undoes those that were done when one fails. */
static int
port_open(struct qn_port *port, const char *device, const struct qn_port_error *error)
{
	struct rte_eth_dev_info info;
	int rc = qn_device_parse(&port->device, device, port->queue_count, error);

	if (rc != 0)
		return rc;
	port->shares_interface = port->device.interface[0] != '\0';
	rc = interface_prepare(port, error);
	if (rc != 0)
		return rc;
	rc = device_probe(port, error);
	if (rc != 0)
		goto release_interface;
	rc = device_check(port, &info, error);
	if (rc != 0)
		goto remove_device;
	rc = pools_create(port, error);
	if (rc != 0)
		goto remove_device;
	rc = device_start(port, &info, error);
	if (rc != 0)
		goto remove_device;
	rc = mac_read(port, error);
	if (rc != 0)
		goto stop_device;
	return 0;

stop_device:
	rte_eth_dev_stop(port->id);
remove_device:
	device_remove(port);
	pools_free(port);
release_interface:
	interface_release(port);
	return rc;
}

int
qn_port_open(
    struct qn_port **port, const char *device, uint16_t queue_count, char *text, size_t text_len)
{
	const struct qn_port_error error = {text, text_len};
	struct qn_port *opened = port_create(queue_count);
	int rc;

	if (opened == NULL)
		return qn_port_fail(&error, -ENOMEM, "%s: too little memory", device);
	qn_message_begin();
	rc = port_open(opened, device, &error);
	qn_message_end();
	if (rc != 0) {
		free(opened);
		return rc;
	}
	*port = opened;
	return 0;
}

/* Rings of net_ring outlive their port: no packet of a pool that goes may stay in them. */
static void
queues_drain(struct qn_port *port)
{
	for (uint16_t queue = 0; queue < port->queue_count; queue++) {
		struct rte_mbuf *mbufs[QN_PORT_BURST_MAX];
		uint16_t count;

		for (uint32_t drained = 0; drained < QN_POOL_SIZE; drained += count) {
			count = rte_eth_rx_burst(port->id, queue, mbufs, RTE_DIM(mbufs));
			if (count == 0)
				break;
			rte_pktmbuf_free_bulk(mbufs, count);
		}
	}
}

void
qn_port_close(struct qn_port *port)
{
	qn_message_begin();
	queues_drain(port);
	rte_eth_dev_stop(port->id);
	device_remove(port);
	pools_free(port);
	qn_message_end();
	interface_release(port);
	free(port);
}

void
qn_port_info_read(const struct qn_port *port, struct qn_port_info *info)
{
	memcpy(info->mac, port->mac, sizeof(info->mac));
	info->mtu = port->mtu;
	info->frame_max = port->mtu + RTE_ETHER_HDR_LEN;
	info->queue_count = port->queue_count;
	info->device = port->device.text;
	info->driver = port->driver;
}

bool
qn_port_link_up(const struct qn_port *port)
{
	struct rte_eth_link link;

	if (port->shares_interface)
		return qn_interface_running(port->device.interface);
	return rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

const char *
qn_port_counter_name(enum qn_port_counter counter)
{
	switch (counter) {
	case QN_PORT_RX_PACKETS:
		return "rx_packets";
	case QN_PORT_RX_BYTES:
		return "rx_bytes";
	case QN_PORT_RX_DROP_OWN_MAC:
		return "rx_drop_own_mac";
	case QN_PORT_RX_DROP_OVERSIZED:
		return "rx_drop_oversized";
	case QN_PORT_RX_DROP_RUNT:
		return "rx_drop_runt";
	case QN_PORT_RX_DROP_SEGMENTS:
		return "rx_drop_segments";
	case QN_PORT_RX_CHECKSUM_FILLED:
		return "rx_checksum_filled";
	case QN_PORT_TX_PACKETS:
		return "tx_packets";
	case QN_PORT_TX_BYTES:
		return "tx_bytes";
	case QN_PORT_TX_REFUSED:
		return "tx_refused";
	case QN_PORT_TX_DROP_OVERSIZED:
		return "tx_drop_oversized";
	case QN_PORT_ALLOC_FAILED:
		return "alloc_failed";
	case QN_PORT_COUNTER_COUNT:
		break;
	}
	qn_assert(!"a counter");
}

uint64_t
qn_port_counter_value(const struct qn_port *port, uint16_t queue, enum qn_port_counter counter)
{
	return qn_counter_get(&port->queues[queue].counters[counter]);
}

void
qn_port_device_stats_read(const struct qn_port *port, struct qn_port_device_stats *stats)
{
	struct rte_eth_stats read;

	*stats = (struct qn_port_device_stats){0};
	if (rte_eth_stats_get(port->id, &read) != 0)
		return;
	stats->rx_missed = read.imissed;
	stats->rx_errors = read.ierrors;
	stats->rx_no_buffer = read.rx_nombuf;
	stats->tx_errors = read.oerrors;
}

void
qn_port_pool_stats_read(
    const struct qn_port *port, uint16_t queue, struct qn_port_pool_stats *stats)
{
	stats->size = QN_POOL_SIZE;
	stats->used = rte_mempool_in_use_count(port->queues[queue].pool);
}
