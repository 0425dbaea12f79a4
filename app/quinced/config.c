/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "cache/cache.h"
#include "config_reader.h"
#include "zonefile/hints.h"

#include <string.h>
#include <unistd.h>

/* What RFC 8767 s5 recommends: a day, 30 s, and a client waits 1.8 s. */
#define STALE_AGE_MAX_S 86400
#define STALE_TTL_S     30
#define STALE_WAIT_MS   1800

/* Connections of clients: RFC 7766 s6.2.3 wants an idle time "of the order of a few seconds". */
#define CONNECTION_MAX         10000
#define CONNECTION_NETWORK_MAX 1000
#define CONNECTION_IDLE_S      10

#define RATE_DEFAULT         10000
#define RATE_MAX             1000000
#define CACHE_DEFAULT        (512ull << 20)
#define CACHE_PER_WORKER_MIN (1ull << 20)
#define CACHE_PER_WORKER_MAX (QN_CACHE_BYTES_MAX >> 30 << 30)
#define HINTS_DEFAULT        "/usr/share/dns/root.hints"
#define SOCKET_DEFAULT       "/run/quince/control.sock"
#define STATISTICS_DEFAULT   "/var/lib/quince/statistics"

const char *
config_family_text(uint8_t family)
{
	return family == QN_FAMILY_IPV6 ? "IPv6" : "IPv4";
}

bool
config_is_link_local(const struct qn_address *address)
{
	return address->family == QN_FAMILY_IPV6 && address->octets[0] == 0xfe &&
	       (address->octets[1] & 0xc0) == 0x80;
}

bool
config_read_address(const struct document_value *value, struct qn_address *address)
{
	const char *text = document_text(value);

	if (text == NULL)
		return false;
	if (qn_address_from_text(address, text))
		return true;
	document_complain(value, "\"%s\" is not an IPv4 or IPv6 address.", text);
	return false;
}

bool
config_read_name(const struct document_value *value, struct qn_name *name)
{
	const char *text = document_text(value);

	if (text == NULL)
		return false;
	if (qn_name_from_text(name, text, strlen(text)))
		return true;
	document_complain(value, "\"%s\" is not a domain name.", text);
	return false;
}

/* node */

static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

void
config_take_text(const struct document_value *value, const char *text, char taken[QN_SHARD_ID_MAX])
{
	if (strlen(text) >= QN_SHARD_ID_MAX || !is_printable(text))
		document_complain(
		    value, "must be at most %d printable ASCII characters.", QN_SHARD_ID_MAX - 1);
	else
		strcpy(taken, text);
}

static void
read_id(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;
	const char *text = document_text(value);

	if (text != NULL)
		config_take_text(value, text, reader->config->live.node_id);
}

static void
read_version(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;
	const char *text = document_text_or_empty(value);

	if (text != NULL)
		config_take_text(
		    value, strcmp(text, "hidden") == 0 ? "" : text, reader->config->live.version);
}

static void
read_cache(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	struct config_fixed *fixed = &reader->config->fixed;

	if (!document_size(value, &fixed->cache_bytes))
		fixed->cache_bytes = CACHE_DEFAULT;
	fixed->cache_line = value->line;
}

static void
read_worker(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;
	struct config_fixed *fixed = &reader->config->fixed;
	char cores[MACHINE_CORES_TEXT_MAX];
	uint64_t core;

	if (!document_number(value, 0, CPU_SETSIZE - 1, &core))
		return;
	if (!CPU_ISSET(core, &reader->machine->cores)) {
		machine_cores_text(&reader->machine->cores, cores);
		document_complain(value, "there is no core %ju for this process; it has %s.",
		    (uintmax_t)core, cores);
		return;
	}
	for (uint16_t i = 0; i < fixed->worker_count; i++)
		if (fixed->workers[i] == core) {
			document_complain(value, "core %ju has a worker already.", (uintmax_t)core);
			return;
		}
	fixed->workers[fixed->worker_count++] = (uint16_t)core;
}

static void
read_workers(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	const size_t errors_before = reader->errors->count;

	reader->workers_seen = true;
	if (document_list(value, QN_SHARD_WORKER_MAX, read_worker, target) == 0 &&
	    reader->errors->count == errors_before)
		document_complain(value, "is empty; list cores or leave the key out.");
}

static void
read_poll(const struct document_value *value, void *target)
{
	static const char *const words[] = {
	    [CONFIG_POLL_ADAPTIVE] = "adaptive",
	    [CONFIG_POLL_BUSY] = "busy",
	};
	const struct config_reader *reader = target;
	const int word = document_word(value, words, CONFIG_ITEM_COUNT(words));

	if (word >= 0)
		reader->config->fixed.poll = (enum config_poll)word;
}

static void
read_statistics(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;
	const char *text = document_text(value);

	if (text == NULL)
		return;
	if (strcmp(text, "off") == 0)
		text = "";
	else if (text[0] != '/' || text[strlen(text) - 1] == '/' || strlen(text) >= PATH_MAX) {
		document_complain(value, "must be the full path of a file, or off.");
		return;
	}
	strcpy(reader->config->fixed.statistics, text);
}

static const struct document_key node_keys[] = {
    {"id", read_id},
    {"version", read_version},
    {"cache", read_cache},
    {"workers", read_workers},
    {"poll", read_poll},
    {"statistics", read_statistics},
};

static void
read_node(const struct document_value *value, void *target)
{
	document_mapping(value, node_keys, CONFIG_ITEM_COUNT(node_keys), target);
}

/* resolver */

static void
read_hints(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	const char *text = document_text(value);

	if (text == NULL)
		return;
	reader->hints_line = value->line;
	if (strlen(text) >= sizeof(reader->hints_path))
		document_complain(value, "this path is too long.");
	else
		strcpy(reader->hints_path, text);
}

static void
read_minimization(const struct document_value *value, void *target)
{
	static const char *const words[] = {
	    [QN_MINIMIZATION_RELAXED] = "relaxed",
	    [QN_MINIMIZATION_STRICT] = "strict",
	    [QN_MINIMIZATION_OFF] = "off",
	};
	const struct config_reader *reader = target;
	const int word = document_word(value, words, CONFIG_ITEM_COUNT(words));

	if (word >= 0)
		reader->config->live.resolve.minimization = (uint8_t)word;
}

static void
read_zone_rate(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;

	document_count(value, 0, RATE_MAX, &reader->config->live.resolve.zone_rate);
}

static void
read_server_rate(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;

	document_count(value, 0, RATE_MAX, &reader->config->live.resolve.server_rate);
}

static const struct document_key resolver_keys[] = {
    {"root-hints", read_hints},
    {"qname-minimization", read_minimization},
    {"forward", config_read_forward},
    {"stub", config_read_stub},
    {"zone-rate", read_zone_rate},
    {"server-rate", read_server_rate},
    {"serve-stale", config_read_stale},
};

static void
read_resolver(const struct document_value *value, void *target)
{
	document_mapping(value, resolver_keys, CONFIG_ITEM_COUNT(resolver_keys), target);
}

/* control */

static void
read_socket(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;
	const char *text = document_text(value);

	if (text == NULL)
		return;
	if (text[0] != '/' || text[strlen(text) - 1] == '/' || strlen(text) >= CONFIG_PATH_MAX) {
		document_complain(value,
		    "must be the full path of a socket, of at most %d characters.",
		    CONFIG_PATH_MAX - 1);
		return;
	}
	strcpy(reader->config->fixed.socket, text);
}

static const struct document_key control_keys[] = {
    {"socket", read_socket},
};

static void
read_control(const struct document_value *value, void *target)
{
	document_mapping(value, control_keys, CONFIG_ITEM_COUNT(control_keys), target);
}

/* The whole file. */

static void
read_local(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;

	config_read_local(value, &reader->local);
}

static const struct document_key file_keys[] = {
    {"node", read_node},
    {"ports", config_read_ports},
    {"service", config_read_service},
    {"resolver", read_resolver},
    {"local", read_local},
    {"views", config_read_views},
    {"tcp", config_read_tcp},
    {"tls", config_read_tls},
    {"kernel", config_read_kernel},
    {"announce", config_read_announce},
    {"control", read_control},
};

static void
set_defaults(struct config_reader *reader)
{
	struct config *config = reader->config;

	memset(config, 0, sizeof(*config));
	config->fixed.cache_bytes = CACHE_DEFAULT;
	config->fixed.poll = CONFIG_POLL_ADAPTIVE;
	config->live.resolve.minimization = QN_MINIMIZATION_RELAXED;
	config->live.resolve.zone_rate = RATE_DEFAULT;
	config->live.resolve.server_rate = RATE_DEFAULT;
	config->live.stale = (struct qn_shard_stale){
	    .age_max_s = STALE_AGE_MAX_S,
	    .ttl_s = STALE_TTL_S,
	    .wait_ms = STALE_WAIT_MS,
	};
	strcpy(config->live.version, "quince " QN_VERSION);
	config->fixed.streams = (struct config_streams){
	    .listen = true,
	    .upstream = true,
	    .connection_max = CONNECTION_MAX,
	    .network_max = CONNECTION_NETWORK_MAX,
	    .idle_s = CONNECTION_IDLE_S,
	};
	config_default_kernel(&config->fixed.kernel);
	config_default_announce(&config->fixed.announce);
	strcpy(config->fixed.socket, SOCKET_DEFAULT);
	strcpy(config->fixed.statistics, STATISTICS_DEFAULT);
	strcpy(reader->hints_path, HINTS_DEFAULT);
	/* A name too long is cut, and need not be ended then. */
	if (gethostname(config->live.node_id, QN_SHARD_ID_MAX - 1) != 0 ||
	    config->live.node_id[0] == '\0')
		strcpy(config->live.node_id, "quince");
}

/* All cores but the first, which is left to the control side; that one when it is the only. */
static void
default_workers(struct config_fixed *fixed, const struct machine *machine)
{
	const unsigned skip_count = CPU_COUNT(&machine->cores) > 1;
	unsigned seen_count = 0;

	for (unsigned core = 0; core < CPU_SETSIZE; core++)
		if (CPU_ISSET(core, &machine->cores) && seen_count++ >= skip_count &&
		    fixed->worker_count < QN_SHARD_WORKER_MAX)
			fixed->workers[fixed->worker_count++] = (uint16_t)core;
}

static void
check_node(struct config_reader *reader)
{
	struct config_fixed *fixed = &reader->config->fixed;

	if (!reader->workers_seen)
		default_workers(fixed, reader->machine);
	if (fixed->worker_count == 0)
		return; /* As was said where they are listed. */
	if (fixed->cache_bytes < fixed->worker_count * CACHE_PER_WORKER_MIN)
		diagnostics_add(reader->errors, fixed->cache_line,
		    "node.cache: too small; each of the %u workers needs at least 1MiB.",
		    fixed->worker_count);
	if (fixed->cache_bytes > fixed->worker_count * CACHE_PER_WORKER_MAX)
		diagnostics_add(reader->errors, fixed->cache_line,
		    "node.cache: too large; each of the %u workers can use %juGiB of memory.",
		    fixed->worker_count, (uintmax_t)(CACHE_PER_WORKER_MAX >> 30));
}

/*
 * A family is used towards authorities when a port has a gateway of it. A node without any
 * gateway can ask only what is in its own networks, so their families decide.
 */
static void
set_families(struct config *config)
{
	const struct config_fixed *fixed = &config->fixed;
	struct qn_resolve_config *resolve = &config->live.resolve;

	resolve->use_ipv4 = config_has_gateway(fixed, QN_FAMILY_IPV4);
	resolve->use_ipv6 = config_has_gateway(fixed, QN_FAMILY_IPV6);
	if (resolve->use_ipv4 || resolve->use_ipv6)
		return;
	resolve->use_ipv4 = config_has_address(fixed, QN_FAMILY_IPV4);
	resolve->use_ipv6 = config_has_address(fixed, QN_FAMILY_IPV6);
}

static bool
has_usable_hint(const struct qn_resolve_config *resolve)
{
	for (uint8_t i = 0; i < resolve->hint_count; i++)
		for (uint8_t j = 0; j < resolve->hints[i].address_count; j++)
			if (config_reaches(resolve, resolve->hints[i].addresses[j].family))
				return true;
	return false;
}

static void
check_hints(struct config_reader *reader)
{
	struct qn_resolve_config *resolve = &reader->config->live.resolve;
	char error[QN_HINTS_ERROR_MAX];

	if (qn_hints_read(reader->hints_path, resolve->hints, &resolve->hint_count, error,
		sizeof(error)) != 0) {
		diagnostics_add(
		    reader->errors, reader->hints_line, "resolver.root-hints: %s", error);
		return;
	}
	if (!reader->ports_broken && !has_usable_hint(resolve))
		diagnostics_add(reader->errors, reader->hints_line,
		    "resolver.root-hints: %s has no address of a family that the ports can reach.",
		    reader->hints_path);
}

static void
check_whole(struct config_reader *reader)
{
	check_node(reader);
	config_check_ports(reader);
	config_check_service(reader);
	config_check_access(reader);
	if (!reader->ports_broken)
		set_families(reader->config);
	check_hints(reader);
	config_check_routes(reader);
	config_check_local(&reader->local, &reader->config->live.resolve);
	config_check_views(reader);
	config_check_streams(reader);
}

static void
build_local(struct config_reader *reader)
{
	struct qn_shard_config *live = &reader->config->live;

	if (reader->local.list.count > 0)
		live->local = config_build_local(&reader->local, NULL);
	config_build_views(reader);
}

static void
reader_fini(struct config_reader *reader)
{
	for (uint16_t i = 0; i < reader->config->live.view_count; i++)
		config_local_fini(&reader->views[i].local);
	config_local_fini(&reader->local);
}

bool
config_load(struct config *config, const struct machine *machine, struct diagnostics *errors)
{
	struct config_reader reader = {.config = config, .machine = machine, .errors = errors};
	struct document document;
	struct document_value root;

	set_defaults(&reader);
	config_local_init(&reader.local, errors, "local");
	if (!document_open(&document, errors->file, errors))
		return false;
	root = document_root(&document);
	if (document_mapping(&root, file_keys, CONFIG_ITEM_COUNT(file_keys), &reader))
		check_whole(&reader);
	document_close(&document);
	if (diagnostics_empty(errors))
		build_local(&reader);
	reader_fini(&reader);
	if (!diagnostics_empty(errors))
		config_free_local(&config->live);
	return diagnostics_empty(errors);
}

void
config_fini(struct config *config)
{
	config_free_local(&config->live);
}

/* What a reload cannot change. */

static bool
same_port(const struct config_port *a, const struct config_port *b)
{
	if (strcmp(a->device, b->device) != 0 || a->address_count != b->address_count ||
	    a->gateway_count != b->gateway_count || a->vlan != b->vlan || a->mtu != b->mtu)
		return false;
	for (uint8_t i = 0; i < a->address_count; i++)
		if (!qn_address_equal(&a->addresses[i].address, &b->addresses[i].address) ||
		    a->addresses[i].len_bits != b->addresses[i].len_bits)
			return false;
	for (uint8_t i = 0; i < a->gateway_count; i++)
		if (!qn_address_equal(&a->gateways[i], &b->gateways[i]))
			return false;
	return true;
}

static bool
same_ports(const struct config_fixed *a, const struct config_fixed *b)
{
	if (a->port_count != b->port_count)
		return false;
	for (uint16_t i = 0; i < a->port_count; i++)
		if (!same_port(&a->ports[i], &b->ports[i]))
			return false;
	return true;
}

static bool
same_workers(const struct config_fixed *a, const struct config_fixed *b)
{
	return a->worker_count == b->worker_count &&
	       memcmp(a->workers, b->workers, a->worker_count * sizeof(a->workers[0])) == 0;
}

static bool
same_kernel(const struct config_kernel *a, const struct config_kernel *b)
{
	if (a->off != b->off || strcmp(a->prefix, b->prefix) != 0 || a->rate != b->rate ||
	    a->udp_port_count != b->udp_port_count)
		return false;
	for (uint8_t i = 0; i < a->udp_port_count; i++)
		if (a->udp_ports[i].first != b->udp_ports[i].first ||
		    a->udp_ports[i].last != b->udp_ports[i].last)
			return false;
	return true;
}

static bool
same_announce(const struct config_announce *a, const struct config_announce *b)
{
	if (a->table != b->table || a->after_s != b->after_s || a->drain_s != b->drain_s ||
	    a->last_resort != b->last_resort || a->probe_count != b->probe_count)
		return false;
	for (uint8_t i = 0; i < a->probe_count; i++)
		if (!qn_name_equal(&a->probes[i], &b->probes[i]))
			return false;
	return true;
}

static bool
same_services(const struct qn_shard_config *a, const struct qn_shard_config *b)
{
	if (a->service_count != b->service_count)
		return false;
	for (uint16_t i = 0; i < a->service_count; i++)
		if (!qn_address_equal(&a->service[i], &b->service[i]))
			return false;
	return true;
}

/* The files of TLS may be others, as long as there are any. */
static bool
same_streams(const struct config_streams *a, const struct config_streams *b)
{
	return a->listen == b->listen && a->upstream == b->upstream &&
	       a->connection_max == b->connection_max && a->network_max == b->network_max &&
	       a->idle_s == b->idle_s;
}

static bool
same_tls(const struct config_streams *a, const struct config_streams *b)
{
	return (a->certificate[0] == '\0') == (b->certificate[0] == '\0');
}

void
config_reload(struct config *config, const struct config *next, char restart[CONFIG_RESTART_MAX])
{
	const struct config_fixed *a = &config->fixed, *b = &next->fixed;
	const struct {
		const char *key;
		bool same;
	} fixed_keys[] = {
	    {"node.cache", a->cache_bytes == b->cache_bytes},
	    {"node.workers", same_workers(a, b)},
	    {"node.poll", a->poll == b->poll},
	    {"node.statistics", strcmp(a->statistics, b->statistics) == 0},
	    {"ports", same_ports(a, b)},
	    {"service.addresses", same_services(&config->live, &next->live)},
	    {"tcp", same_streams(&a->streams, &b->streams)},
	    {"tls", same_tls(&a->streams, &b->streams)},
	    {"kernel", same_kernel(&a->kernel, &b->kernel)},
	    {"announce", same_announce(&a->announce, &b->announce)},
	    {"control.socket", strcmp(a->socket, b->socket) == 0},
	};
	const struct qn_shard_config old = config->live;
	size_t used = 0;

	restart[0] = '\0';
	for (size_t i = 0; i < CONFIG_ITEM_COUNT(fixed_keys); i++)
		if (!fixed_keys[i].same)
			used += (size_t)snprintf(restart + used, CONFIG_RESTART_MAX - used, "%s%s",
			    used == 0 ? "" : ", ", fixed_keys[i].key);

	if (same_tls(&a->streams, &b->streams)) {
		/* Which may be its own. */
		memmove(config->fixed.streams.certificate, b->streams.certificate, PATH_MAX);
		memmove(config->fixed.streams.key, b->streams.key, PATH_MAX);
	}
	config->live = next->live;
	config->cookie_secret_given = next->cookie_secret_given;
	memcpy(config->live.service, old.service, sizeof(old.service));
	config->live.service_count = old.service_count;
	config->live.stream_idle_ds = old.stream_idle_ds;
	config->live.resolve.use_ipv4 = old.resolve.use_ipv4;
	config->live.resolve.use_ipv6 = old.resolve.use_ipv6;
}
