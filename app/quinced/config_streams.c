/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"
#include "stream/tls.h"

#include <string.h>

/* Place numbers of connections have 32 bits, and each takes some 500 octets. */
#define CONNECTION_MOST 1000000
#define IDLE_MOST_S     600

/* What RFC 7828 counts idle times in. */
#define DS_PER_S 10

static struct config_streams *
streams_of(void *target)
{
	const struct config_reader *reader = target;

	return &reader->config->fixed.streams;
}

static void
read_listen(const struct document_value *value, void *target)
{
	document_switch(value, &streams_of(target)->listen);
}

static void
read_upstream(const struct document_value *value, void *target)
{
	document_switch(value, &streams_of(target)->upstream);
}

static void
read_connections(const struct document_value *value, void *target)
{
	document_count(value, 1, CONNECTION_MOST, &streams_of(target)->connection_max);
}

static void
read_network(const struct document_value *value, void *target)
{
	document_count(value, 1, CONNECTION_MOST, &streams_of(target)->network_max);
}

static void
read_idle(const struct document_value *value, void *target)
{
	document_count(value, 1, IDLE_MOST_S, &streams_of(target)->idle_s);
}

static const struct document_key tcp_keys[] = {
    {"listen", read_listen},
    {"upstream", read_upstream},
    {"connections", read_connections},
    {"connections-per-network", read_network},
    {"idle-timeout", read_idle},
};

void
config_read_tcp(const struct document_value *value, void *target)
{
	document_mapping(value, tcp_keys, CONFIG_ITEM_COUNT(tcp_keys), target);
}

static void
read_path(const struct document_value *value, char path[PATH_MAX], unsigned *line)
{
	const char *text = document_text(value);

	*line = value->line;
	if (text == NULL)
		return;
	if (strlen(text) >= PATH_MAX)
		document_complain(value, "this path is too long.");
	else
		strcpy(path, text);
}

static void
read_certificate(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;

	read_path(value, streams_of(target)->certificate, &reader->certificate_line);
}

static void
read_key(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;

	read_path(value, streams_of(target)->key, &reader->key_line);
}

static const struct document_key tls_keys[] = {
    {"certificate", read_certificate},
    {"key", read_key},
};

void
config_read_tls(const struct document_value *value, void *target)
{
	document_mapping(value, tls_keys, CONFIG_ITEM_COUNT(tls_keys), target);
}

/* Reads the files now, so that a bad one is found before anything depends on it. */
static void
check_tls(struct config_reader *reader)
{
	struct config_streams *streams = &reader->config->fixed.streams;
	char error[QN_TLS_ERROR_MAX];
	SSL_CTX *tls;

	if (reader->certificate_line == 0 && reader->key_line == 0)
		return;
	if (streams->certificate[0] == '\0' || streams->key[0] == '\0') {
		diagnostics_add(reader->errors,
		    reader->key_line == 0 ? reader->certificate_line : reader->key_line,
		    "tls: needs both a certificate and its key.");
		return;
	}
	tls = qn_tls_load(streams->certificate, streams->key, error, sizeof(error));
	if (tls == NULL)
		diagnostics_add(reader->errors, reader->certificate_line, "tls: %s", error);
	SSL_CTX_free(tls);
}

void
config_check_streams(struct config_reader *reader)
{
	struct config *config = reader->config;

	check_tls(reader);
	if (config->fixed.streams.network_max > config->fixed.streams.connection_max)
		config->fixed.streams.network_max = config->fixed.streams.connection_max;
	config->live.stream_idle_ds = (uint16_t)(config->fixed.streams.idle_s * DS_PER_S);
}
