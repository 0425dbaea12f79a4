/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the files that read the configuration share while they do; nobody else includes it.
 */
#include "config.h"
#include "document.h"
#include "zonefile/list.h"

/** As many prefixes of clients as may be given for one purpose. */
#define CONFIG_PREFIX_MAX 1000

/** A prefix of clients, and the number that it stands for. */
struct config_prefix {
	struct qn_prefix prefix;
	unsigned line;
	uint16_t number;
};

struct config_prefixes {
	struct config_prefix items[CONFIG_PREFIX_MAX];
	size_t count;
};

/** What is to become local data. */
struct config_local {
	const char *where; /* Its path in the file. */
	struct diagnostics *errors;
	struct qn_zone_list list;
	char *hosts_path; /* NULL: none. */
	unsigned hosts_line;
	bool special_names;
};

struct config_view {
	unsigned line;
	bool alone; /* Not over what all clients see. */
	struct config_local local;
};

struct config_reader {
	struct config *config;
	const struct machine *machine;
	struct diagnostics *errors;
	unsigned service_lines[QN_SHARD_SERVICE_MAX];
	unsigned hints_line;
	unsigned route_lines[QN_ROUTE_MAX];
	char hints_path[4096];
	struct config_prefixes access;       /* By enum qn_access; without what holds by default. */
	struct config_prefixes view_clients; /* By the number of their view, from 1 on. */
	struct config_local local;
	struct config_view views[QN_SHARD_VIEW_MAX]; /* As many as the configuration has. */
	unsigned certificate_line, key_line;
	bool ports_seen;
	bool ports_broken; /* An error in them makes others look wrong that are not. */
	bool allow_seen;
	bool workers_seen;
};

#define CONFIG_ITEM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Reads any address; false, with the error noted, when it is not one. */
bool config_read_address(const struct document_value *value, struct qn_address *address);

/** Reads a domain name; false, with the error noted, when it is not one. */
bool config_read_name(const struct document_value *value, struct qn_name *name);

/** Whether `address` is an IPv6 address of one link (RFC 4291 s2.5.6). */
bool config_is_link_local(const struct qn_address *address);

/** Adds the prefix of clients that `value` is, unless it is none or there already. */
void config_take_prefix(
    const struct document_value *value, struct config_prefixes *prefixes, uint16_t number);

/** Puts all of them into `map`, which has room for them. */
void config_map_prefixes(const struct config_prefixes *prefixes, struct qn_prefix_map *map);

/** "IPv4" or "IPv6". */
const char *config_family_text(uint8_t family);

/* Sections and keys that have a file of their own; `target` is the struct config_reader. */
void config_read_ports(const struct document_value *value, void *target);
void config_read_service(const struct document_value *value, void *target);
void config_read_allow(const struct document_value *value, void *target);
void config_read_refuse(const struct document_value *value, void *target);
void config_read_drop(const struct document_value *value, void *target);
void config_read_tcp(const struct document_value *value, void *target);
void config_read_tls(const struct document_value *value, void *target);
void config_read_forward(const struct document_value *value, void *target);
void config_read_stub(const struct document_value *value, void *target);
void config_read_announce(const struct document_value *value, void *target);
void config_read_kernel(const struct document_value *value, void *target);
void config_read_views(const struct document_value *value, void *target);
void config_read_stale(const struct document_value *value, void *target);

/** What the kernel's side is when the file does not say. */
void config_default_kernel(struct config_kernel *kernel);

/** The same of the announcement. */
void config_default_announce(struct config_announce *announce);

/* What can only be checked when all has been read. */
void config_check_ports(struct config_reader *reader);
void config_check_streams(struct config_reader *reader);
void config_check_service(struct config_reader *reader);
void config_check_access(struct config_reader *reader);
void config_check_routes(struct config_reader *reader);
void config_check_views(struct config_reader *reader);

/* Local data: read, checked, and built of what was read and checked without an error. */

void config_local_init(struct config_local *local, struct diagnostics *errors, const char *where);
void config_local_fini(struct config_local *local);
void config_read_local(const struct document_value *value, struct config_local *local);
void config_check_local(struct config_local *local, const struct qn_resolve_config *resolve);

/** Local data over `below` or NULL; NULL, with the error noted, without memory. */
const struct qn_zones *config_build_local(
    const struct config_local *local, const struct qn_zones *below);
void config_build_views(struct config_reader *reader);

/** Takes a text that others get to see. */
void config_take_text(
    const struct document_value *value, const char *text, char taken[QN_SHARD_ID_MAX]);

/** Whether any port has a gateway of `family`. */
bool config_has_gateway(const struct config_fixed *fixed, uint8_t family);

/** Whether any port has an address of `family`. */
bool config_has_address(const struct config_fixed *fixed, uint8_t family);

/** Whether servers with addresses of `family` can be asked. */
static inline bool
config_reaches(const struct qn_resolve_config *resolve, uint8_t family)
{
	return family == QN_FAMILY_IPV6 ? resolve->use_ipv6 : resolve->use_ipv4;
}
