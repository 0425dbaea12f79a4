/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include "heap.h"
#include "stream/streams.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIGURE_NAME_MAX 80

static void
set_count(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* All counters, or all gauges, of a shard. */
static void
set_figures(json_t *object, const struct qn_shard *shard, bool gauges)
{
	for (uint32_t i = 0; i < qn_shard_figure_count(); i++) {
		const struct qn_shard_figure figure = qn_shard_figure(i);
		char name[FIGURE_NAME_MAX];

		if (figure.gauge != gauges)
			continue;
		snprintf(name, sizeof(name), "%s%s", figure.prefix, figure.name);
		set_count(object, name, qn_shard_figure_value(shard, i));
	}
}

/* All counters, or all gauges, of the streams. */
static json_t *
report_streams(const struct qn_streams *streams, bool gauges)
{
	json_t *report = json_object();

	for (uint32_t i = 0; i < qn_stream_figure_count(); i++)
		if (qn_stream_figure_is_gauge(i) == gauges)
			set_count(report, qn_stream_figure_name(i), qn_streams_figure(streams, i));
	return report;
}

/* status */

static json_t *
report_heap(void)
{
	const struct heap_figures heap = heap_figures_read();
	json_t *report = json_object();

	json_object_set_new(report, "allocator", json_string(heap_allocator()));
	set_count(report, "allocated_bytes", heap.allocated_bytes);
	set_count(report, "active_bytes", heap.active_bytes);
	set_count(report, "resident_bytes", heap.resident_bytes);
	return report;
}

static json_t *
report_cache(const struct node *node)
{
	json_t *report = json_object();
	struct qn_cache_figures sum = {0};

	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		const struct qn_cache_figures figures = qn_cache_figures(node->shared.caches[i]);

		sum.block_count += figures.block_count;
		sum.block_used += figures.block_used;
		sum.entry_count += figures.entry_count;
		sum.evicted_count += figures.evicted_count;
	}
	set_count(report, "capacity_bytes", sum.block_count * QN_CACHE_BLOCK_LEN);
	set_count(report, "used_bytes", sum.block_used * QN_CACHE_BLOCK_LEN);
	set_count(report, "entries", sum.entry_count);
	set_count(report, "evicted", sum.evicted_count);
	return report;
}

static json_t *
report_gauges(const struct worker *w)
{
	json_t *report = json_object();

	set_count(report, "core", w->core);
	set_figures(report, w->shard, true);
	return report;
}

static json_t *
report_pool(const struct qn_port *port, uint16_t queue)
{
	struct qn_port_pool_stats stats;
	struct qn_port_info info;
	json_t *report = json_object();

	qn_port_info_read(port, &info);
	qn_port_pool_stats_read(port, queue, &stats);
	json_object_set_new(report, "name",
	    json_sprintf("%.*s:%u", (int)strcspn(info.device, ","), info.device, queue));
	set_count(report, "size", stats.size);
	set_count(report, "in_use", stats.used);
	return report;
}

static json_t *
report_pools(const struct node *node)
{
	json_t *report = json_array();

	for (uint16_t i = 0; i < node->port_count; i++)
		for (uint16_t queue = 0; queue < node->config.fixed.worker_count; queue++)
			json_array_append_new(report, report_pool(node->ports[i], queue));
	return report;
}

static const char *
state_text(const struct node *node)
{
	if (node->health.drain.stopping)
		return "stopping";
	return node->ready ? "running" : "starting";
}

json_t *
report_status(const struct node *node, struct qn_now now)
{
	const uint64_t uptime_us = qn_mono_since_us(node->started.mono, now.mono);
	json_t *report = json_object();
	json_t *workers = json_array();

	json_object_set_new(report, "state", json_string(state_text(node)));
	json_object_set_new(report, "version", json_string(QN_VERSION));
	json_object_set_new(report, "node_id", json_string(node->config.live.node_id));
	set_count(report, "pid", (uint64_t)getpid());
	json_object_set_new(report, "uptime_s", json_real((double)uptime_us / QN_US_PER_S));
	json_object_set_new(report, "hugepages", json_boolean(qn_port_eal_hugepages()));
	json_object_set_new(report, "memory", report_heap());
	json_object_set_new(report, "cache", report_cache(node));
	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++)
		json_array_append_new(workers, report_gauges(&node->workers[i]));
	json_object_set_new(report, "workers", workers);
	if (node->streams != NULL)
		json_object_set_new(report, "streams", report_streams(node->streams, true));
	json_object_set_new(report, "mempools", report_pools(node));
	return report;
}

/* stats */

static void
add_kernel_counters(json_t *report, const struct qn_kernel *kernel, uint16_t worker)
{
	for (unsigned counter = 0; counter < QN_KERNEL_COUNTER_COUNT; counter++) {
		char name[QN_KERNEL_NAME_MAX];

		qn_kernel_counter_name(counter, name);
		set_count(report, name, qn_kernel_counter_value(kernel, worker, counter));
	}
}

static json_t *
report_counters(const struct node *node, const struct worker *w)
{
	json_t *report = json_object();

	set_figures(report, w->shard, false);
	for (unsigned i = 0; i < WORKER_COUNTER_COUNT; i++)
		set_count(report, worker_counter_name(i), qn_counter_get(&w->counters.values[i]));
	for (unsigned counter = 0; counter < QN_PORT_COUNTER_COUNT; counter++) {
		uint64_t sum = 0;

		for (uint16_t i = 0; i < node->port_count; i++)
			sum += qn_port_counter_value(node->ports[i], w->index, counter);
		set_count(report, qn_port_counter_name(counter), sum);
	}
	if (node->kernel != NULL)
		add_kernel_counters(report, node->kernel, w->index);
	return report;
}

static void
add_counters(json_t *sum, json_t *counters)
{
	const char *name;
	json_t *value;

	json_object_foreach(counters, name, value)
	{
		const json_int_t before = json_integer_value(json_object_get(sum, name));

		json_object_set_new(sum, name, json_integer(before + json_integer_value(value)));
	}
}

json_t *
report_stats(const struct node *node)
{
	json_t *totals = json_object();
	json_t *workers = json_array();
	json_t *report;

	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		json_t *counters = report_counters(node, &node->workers[i]);

		add_counters(totals, counters);
		set_count(counters, "core", node->workers[i].core);
		json_array_append_new(workers, counters);
	}
	report = json_pack("{s:o, s:o}", "totals", totals, "workers", workers);
	if (node->streams != NULL)
		json_object_set_new(report, "streams", report_streams(node->streams, false));
	return report;
}

/* ports */

static json_t *
report_addresses(const struct config_port *port)
{
	json_t *report = json_array();

	for (uint8_t i = 0; i < port->address_count; i++) {
		char text[QN_ADDRESS_TEXT_MAX];

		qn_address_to_text(&port->addresses[i].address, text);
		json_array_append_new(
		    report, json_sprintf("%s/%u", text, port->addresses[i].len_bits));
	}
	return report;
}

static json_t *
report_gateways(const struct config_port *port)
{
	json_t *report = json_array();

	for (uint8_t i = 0; i < port->gateway_count; i++) {
		char text[QN_ADDRESS_TEXT_MAX];

		qn_address_to_text(&port->gateways[i], text);
		json_array_append_new(report, json_string(text));
	}
	return report;
}

static json_t *
report_mac(const uint8_t *mac)
{
	return json_sprintf(
	    "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void
add_port_counters(json_t *report, const struct qn_port *port, uint16_t queue_count)
{
	struct qn_port_device_stats device;

	for (unsigned counter = 0; counter < QN_PORT_COUNTER_COUNT; counter++) {
		uint64_t sum = 0;

		for (uint16_t queue = 0; queue < queue_count; queue++)
			sum += qn_port_counter_value(port, queue, counter);
		set_count(report, qn_port_counter_name(counter), sum);
	}
	qn_port_device_stats_read(port, &device);
	set_count(report, "device_rx_missed", device.rx_missed);
	set_count(report, "device_rx_errors", device.rx_errors);
	set_count(report, "device_rx_no_buffer", device.rx_no_buffer);
	set_count(report, "device_tx_errors", device.tx_errors);
}

static json_t *
report_port(const struct config_port *config, const struct qn_port *port)
{
	struct qn_port_info info;
	json_t *report = json_object();

	qn_port_info_read(port, &info);
	json_object_set_new(report, "device", json_string(info.device));
	json_object_set_new(report, "driver", json_string(info.driver));
	json_object_set_new(report, "mac", report_mac(info.mac));
	json_object_set_new(report, "link", json_string(qn_port_link_up(port) ? "up" : "down"));
	set_count(report, "mtu", config->mtu == 0 ? info.mtu : config->mtu);
	if (config->vlan != 0)
		set_count(report, "vlan", config->vlan);
	json_object_set_new(report, "addresses", report_addresses(config));
	json_object_set_new(report, "gateways", report_gateways(config));
	add_port_counters(report, port, info.queue_count);
	return report;
}

json_t *
report_ports(const struct node *node)
{
	json_t *ports = json_array();

	for (uint16_t i = 0; i < node->port_count; i++)
		json_array_append_new(
		    ports, report_port(&node->config.fixed.ports[i], node->ports[i]));
	return json_pack("{s:o}", "ports", ports);
}
