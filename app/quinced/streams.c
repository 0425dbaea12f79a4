/* SPDX-License-Identifier: BSD-2-Clause */
#include "streams.h"

#include "host/log.h"
#include "kernel/kernel.h"

#include <errno.h>
#include <string.h>

_Static_assert(QN_SHARD_LINK_MAX <= QN_STREAM_INTERFACE_MAX, "every port has a place");
_Static_assert(QN_SHARD_SERVICE_MAX <= QN_STREAM_SERVICE_MAX, "every service address has a place");
_Static_assert(
    QN_SHARD_LINK_MAX *CONFIG_ADDRESS_MAX <= QN_STREAM_SOURCE_MAX, "so has every own address");

static uint16_t
home_worker(const void *context, struct qn_view message)
{
	const struct node *node = context;

	return qn_shard_stream_home(&node->shared, node->config.fixed.worker_count, message);
}

/* Own addresses to ask servers from: those of ports that lead out come first. */
static void
add_sources(struct qn_streams_config *streams, const struct config_fixed *fixed, bool leads_out)
{
	for (uint16_t i = 0; i < fixed->port_count; i++) {
		const struct config_port *port = &fixed->ports[i];

		for (uint8_t j = 0; j < port->address_count; j++)
			if ((port->gateway_count > 0) == leads_out)
				streams->sources[streams->source_count++] =
				    (struct qn_stream_source){port->addresses[j], i};
	}
}

static struct qn_streams_config
streams_config(const struct node *node)
{
	const struct config_fixed *fixed = &node->config.fixed;
	const struct qn_shard_config *live = &node->config.live;
	struct qn_streams_config streams = {
	    .service_count = live->service_count,
	    .port = fixed->streams.listen ? QN_STREAM_PORT : 0,
	    .tls_port = QN_STREAM_TLS_PORT,
	    .client_max = fixed->streams.connection_max,
	    .client_network_max = fixed->streams.network_max,
	    .idle_s = fixed->streams.idle_s,
	    .hash_key = node->shared.hash_key,
	    .worker_count = fixed->worker_count,
	    .home = home_worker,
	    .home_context = node,
	};

	memcpy(streams.services, live->service, live->service_count * sizeof(live->service[0]));
	for (uint16_t i = 0; i < fixed->port_count; i++)
		strcpy(streams.interfaces[streams.interface_count++],
		    qn_kernel_interface(node->kernel, i));
	add_sources(&streams, fixed, true);
	add_sources(&streams, fixed, false);
	return streams;
}

/* The context of the configured files; NULL when there are none, or, with `*ok` false, bad ones. */
static SSL_CTX *
tls_load(const struct config_streams *streams, bool *ok)
{
	char error[QN_TLS_ERROR_MAX];
	SSL_CTX *tls;

	*ok = true;
	if (streams->certificate[0] == '\0')
		return NULL;
	tls = qn_tls_load(streams->certificate, streams->key, error, sizeof(error));
	*ok = tls != NULL;
	if (!*ok)
		qn_log(QN_LOG_ERROR, "stream", "tls: %s", error);
	return tls;
}

int
streams_create(struct node *node)
{
	struct qn_streams_config config;
	char error[QN_STREAMS_ERROR_MAX];
	SSL_CTX *tls;
	int result;
	bool ok;

	if (!config_has_streams(&node->config.fixed.streams))
		return 0;
	if (node->kernel == NULL) {
		qn_log(QN_LOG_NOTICE, "stream", "no TCP: the ports have no kernel's side.");
		return 0;
	}
	config = streams_config(node);
	tls = tls_load(&node->config.fixed.streams, &ok);
	if (!ok)
		return -EINVAL;
	result = qn_streams_create(&node->streams, &config, tls, error, sizeof(error));
	if (result != 0) {
		qn_log(QN_LOG_ERROR, "stream", "%s", error);
		return result;
	}
	for (uint16_t i = 0; i < config.worker_count; i++)
		node->workers[i].courier.link = qn_streams_link(node->streams, i);
	return 0;
}

int
streams_start(struct node *node)
{
	int result;

	if (node->streams == NULL)
		return 0;
	result = qn_streams_start(node->streams);
	if (result != 0)
		qn_log(QN_LOG_ERROR, "stream", "there can be no thread for TCP: %s.",
		    strerror(-result));
	return result;
}

void
streams_stop(struct node *node)
{
	if (node->streams != NULL)
		qn_streams_stop(node->streams);
}

void
streams_destroy(struct node *node)
{
	if (node->streams != NULL)
		qn_streams_destroy(node->streams);
	node->streams = NULL;
}

bool
streams_load_tls(const struct node *node, const struct config_streams *next, SSL_CTX **tls)
{
	bool ok = true;

	*tls = NULL;
	if (node->streams != NULL && node->config.fixed.streams.certificate[0] != '\0')
		*tls = tls_load(next, &ok);
	return ok;
}

void
streams_set_tls(struct node *node, SSL_CTX *tls)
{
	if (tls != NULL)
		qn_streams_set_tls(node->streams, tls);
}
