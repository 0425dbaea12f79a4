/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The inside of settings: what is gathered while a configuration is read, and the functions
 * that its keys call. Only the settings files include this.
 */
#include "local_data.h"
#include "settings.h"
#include "text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

struct mapping {
	struct settings *settings;
	const struct scenario *scenario;
	const char *feature; /* Named by the row of the key at hand: what a shard has not got. */
	struct region region;
	struct local_data local;
	struct qn_route route; /* Of the section at hand. */
	struct qn_shard_stale stale;
	bool serves_stale;
	bool hides_identity;
	bool hides_version;
	bool has_access; /* There is an access-control line. */
	const char *tags[LOCAL_TAG_MAX];
	unsigned tag_count;
	struct client_rules *clients;
	struct named_view *views; /* The first is that of the section at hand, if it is a view. */
};

/* settings.c: each says why the scenario cannot be played, and returns false. */

__attribute__((format(printf, 2, 3))) bool mapping_refuse(
    struct mapping *map, const char *format, ...);
bool mapping_needs(struct mapping *map, const char *feature);
bool mapping_bad_value(struct mapping *map, const struct setting *setting);

/** Whether a value says yes. */
bool value_is_on(const char *value);

/** What is done with a setting; false when the scenario cannot be played because of it. */
typedef bool apply_function(struct mapping *map, const struct setting *setting);

/* settings_values.c: numbers, words and switches. */

apply_function set_minimization, set_strict_minimization, set_ipv4, set_ipv6, set_trust_anchor,
    set_date, set_timestamp, set_modules, set_node_id, set_version, hide_identity, hide_version,
    set_nsid, set_serves_stale, set_stale_age, set_stale_ttl, set_stale_wait;

/** Sets what holds while no key says otherwise. */
void begin_values(struct mapping *map);

/** Takes over what depends on several keys. */
void finish_values(struct mapping *map);

/* settings_access.c: who may ask. */

apply_function add_access_rule;
bool begin_access(struct mapping *map);
bool finish_access(struct mapping *map);

/* settings_zones.c: servers with addresses of their own, and local data. */

apply_function set_root_address, add_zone_server, set_zone_name, add_local_zone, add_local_data,
    add_local_pointer, add_view_zone, add_view_data, add_view_pointer;

/** Adds the zone in `map->route`; a stub zone at the root is what others call hints. */
bool add_route(struct mapping *map, enum qn_route_kind kind);
bool finish_zones(struct mapping *map);

/* settings_views.c: local data that depend on the client. */

apply_function define_tags, tag_local_zone, override_local_zone, tag_clients, set_tag_action,
    set_tag_data, set_client_view, set_view_name, set_view_first;

/** Begins a section that is a view. */
void begin_view(struct mapping *map);

/** The local data of the view at hand. */
struct local_data *view_local(struct mapping *map);

/** Builds what clients see, each prefix by itself. */
bool finish_views(struct mapping *map);
