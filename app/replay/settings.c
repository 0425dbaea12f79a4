/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include "mapping.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
mapping_refuse(struct mapping *map, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(map->settings->reason, sizeof(map->settings->reason), format, arguments);
	va_end(arguments);
	return false;
}

bool
mapping_needs(struct mapping *map, const char *feature)
{
	return mapping_refuse(map, "needs %s", feature);
}

bool
mapping_bad_value(struct mapping *map, const struct setting *setting)
{
	return mapping_refuse(
	    map, "line %u: %s cannot be \"%.60s\"", setting->line, setting->key, setting->value);
}

bool
value_is_on(const char *value)
{
	static const char *const words[] = {"yes", "on", "true", "1"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(words[i], value) == 0)
			return true;
	return false;
}

/* --- Keys ------------------------------------------------------------------------------- */

static bool
pass_over(struct mapping *map, const struct setting *setting)
{
	(void)map;
	(void)setting;
	return true;
}

static bool
needs(struct mapping *map, const struct setting *setting)
{
	(void)setting;
	return mapping_needs(map, map->feature);
}

static bool
needs_if_on(struct mapping *map, const struct setting *setting)
{
	return !value_is_on(setting->value) || mapping_needs(map, map->feature);
}

static bool
needs_if_off(struct mapping *map, const struct setting *setting)
{
	return value_is_on(setting->value) || mapping_needs(map, map->feature);
}

/* A key, or the beginning of keys where a "*" ends it. The first row that fits counts. */
struct rule {
	const char *key;
	apply_function *apply;
	const char *feature; /* What the shard would have to have. */
};

static const struct rule server_rules[] = {
    /* What a shard can be told. */
    {"qname-minimisation", set_minimization, NULL},
    {"query-minimization", set_minimization, NULL},
    {"qname-minimisation-strict", set_strict_minimization, NULL},
    {"do-ip4", set_ipv4, NULL},
    {"do-ip6", set_ipv6, NULL},
    {"stub-addr", set_root_address, NULL},
    {"access-control", add_access_rule, "access rules of other kinds"},
    {"identity", set_node_id, NULL},
    {"version", set_version, NULL},
    {"hide-identity", hide_identity, NULL},
    {"hide-version", hide_version, NULL},
    {"local-zone", add_local_zone, NULL},
    {"local-data", add_local_data, NULL},
    {"local-data-ptr", add_local_pointer, NULL},
    {"local-zone-tag", tag_local_zone, NULL},
    {"local-zone-override", override_local_zone, NULL},
    {"define-tag", define_tags, NULL},
    {"access-control-tag", tag_clients, NULL},
    {"access-control-tag-action", set_tag_action, NULL},
    {"access-control-tag-data", set_tag_data, NULL},
    {"access-control-view", set_client_view, NULL},
    {"serve-expired", set_serves_stale, NULL},
    {"serve-expired-ttl", set_stale_age, NULL},
    {"serve-expired-reply-ttl", set_stale_ttl, NULL},
    {"serve-expired-client-timeout", set_stale_wait, NULL},
    {"nsid", set_nsid, "an NSID that is no text"},
    {"module-config", set_modules, NULL},
    {"val-override-date", set_date, NULL},
    {"val-override-timestamp", set_timestamp, NULL},
    {"trust-anchor", set_trust_anchor, NULL},
    {"trust-anchor-file", set_trust_anchor, NULL},
    {"trusted-keys-file", set_trust_anchor, NULL},
    {"auto-trust-anchor-file", set_trust_anchor, NULL},

    /* What it has not got. */
    {"do-not-query-localhost", needs_if_off, "servers on the host itself"},
    {"response-ip*", needs, "policy on the addresses in answers"},
    {"serve-original-ttl", needs_if_on, "original TTLs"},
    {"cache-min-ttl", needs, "TTL limits"},
    {"cache-max-ttl", needs, "TTL limits"},
    {"cache-max-negative-ttl", needs, "TTL limits"},
    {"cache-min-negative-ttl", needs, "TTL limits"},
    {"send-client-subnet", needs, "EDNS client subnet"},
    {"client-subnet-*", needs, "EDNS client subnet"},
    {"max-client-subnet-*", needs, "EDNS client subnet"},
    {"min-client-subnet-*", needs, "EDNS client subnet"},
    {"edns-client-string*", needs, "EDNS client strings"},
    {"edns-tcp-keepalive*", needs, "TCP towards clients"},
    {"answer-cookie", needs_if_on, "DNS cookies"},
    {"cookie-secret*", needs, "DNS cookies"},
    {"dns64-*", needs, "DNS64"},
    {"do-nat64", needs_if_on, "NAT64"},
    {"nat64-prefix", needs, "NAT64"},
    {"dns-error-reporting", needs_if_on, "DNS error reporting"},
    {"private-address", needs, "private addresses"},
    {"private-domain", needs, "private addresses"},
    {"tcp-upstream", needs_if_on, "TCP to authorities"},
    {"tls-upstream", needs_if_on, "TLS to authorities"},
    {"ssl-upstream", needs_if_on, "TLS to authorities"},
    {"ratelimit*", needs, "rate limits"},
    {"zonemd-*", needs, "authoritative zones"},
    {"ip-ratelimit*", needs, "rate limits"},

    /* What no answer depends on, in the comparison that counts. */
    {"aggressive-nsec", pass_over, NULL},
    {"caps-*", pass_over, NULL},
    {"deny-any", pass_over, NULL},
    {"discard-timeout", pass_over, NULL},
    {"do-daemonize", pass_over, NULL},
    {"domain-insecure", pass_over, NULL},
    {"ede*", pass_over, NULL},
    {"edns-buffer-size", pass_over, NULL},
    {"fake-*", pass_over, NULL},
    {"feature*", pass_over, NULL},
    {"force-ipv6", pass_over, NULL},
    {"harden-*", pass_over, NULL},
    {"hide-trustanchor", pass_over, NULL},
    {"ignore-cd-flag", pass_over, NULL},
    {"infra-*", pass_over, NULL},
    {"iter-scrub-*", pass_over, NULL},
    {"jostle-timeout", pass_over, NULL},
    {"key-cache-*", pass_over, NULL},
    {"log-*", pass_over, NULL},
    {"max-udp-size", pass_over, NULL},
    {"minimal-responses", pass_over, NULL},
    {"msg-*", pass_over, NULL},
    {"num-*", pass_over, NULL},
    {"outbound-msg-retry", pass_over, NULL},
    {"outgoing-*", pass_over, NULL},
    {"prefer-ip*", pass_over, NULL},
    {"prefetch*", pass_over, NULL},
    {"root-key-sentinel", pass_over, NULL},
    {"serve-expired-ttl-reset", pass_over, NULL},
    {"rrset-*", pass_over, NULL},
    {"stub-name", pass_over, NULL},
    {"target-fetch-policy", pass_over, NULL},
    {"trust-anchor-signaling", pass_over, NULL},
    {"unknown-server-time-limit", pass_over, NULL},
    {"use-caps-for-id", pass_over, NULL},
    {"val-*", pass_over, NULL},
    {"verbosity", pass_over, NULL},
    {"wait-limit*", pass_over, NULL},
};

/* What a stub zone or a forward zone has. */
static const struct rule zone_rules[] = {
    {"name", set_zone_name, NULL},
    {"stub-addr", add_zone_server, NULL},
    {"forward-addr", add_zone_server, NULL},
    {"stub-host", needs, "servers known by name"},
    {"forward-host", needs, "servers known by name"},
    {"stub-first", needs_if_on, "another way when a zone's servers fail"},
    {"forward-first", needs_if_on, "another way when a zone's servers fail"},
    {"stub-no-cache", needs_if_on, "zones that are not cached"},
    {"forward-no-cache", needs_if_on, "zones that are not cached"},
    {"stub-tcp-upstream", needs_if_on, "TCP for certain zones"},
    {"forward-tcp-upstream", needs_if_on, "TCP for certain zones"},
    {"stub-tls-upstream", needs_if_on, "TLS to authorities"},
    {"forward-tls-upstream", needs_if_on, "TLS to authorities"},
    {"stub-prime", pass_over, NULL},
};

static const struct rule view_rules[] = {
    {"name", set_view_name, NULL},
    {"view-first", set_view_first, NULL},
    {"local-zone", add_view_zone, NULL},
    {"local-data", add_view_data, NULL},
    {"local-data-ptr", add_view_pointer, NULL},
    {"response-ip*", needs, "policy on the addresses in answers"},
};

static bool
key_fits(const char *pattern, const char *key)
{
	const size_t len = strcspn(pattern, "*");

	return pattern[len] == '*' ? strncmp(pattern, key, len) == 0 : strcmp(pattern, key) == 0;
}

static bool
apply_setting(
    struct mapping *map, const struct setting *setting, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (key_fits(rules[i].key, setting->key)) {
			map->feature = rules[i].feature;
			return rules[i].apply(map, setting);
		}
	return mapping_refuse(
	    map, "line %u: the key %.60s is not known", setting->line, setting->key);
}

static bool
apply_settings(
    struct mapping *map, const struct section *section, const struct rule *rules, size_t count)
{
	for (const struct setting *s = section->settings; s != NULL; s = s->next)
		if (!apply_setting(map, s, rules, count))
			return false;
	return true;
}

/* --- Sections --------------------------------------------------------------------------- */

static bool
apply_server(struct mapping *map, const struct section *section)
{
	return apply_settings(map, section, server_rules, COUNT_OF(server_rules));
}

static bool
apply_zone(struct mapping *map, const struct section *section, enum qn_route_kind kind)
{
	map->route = (struct qn_route){.zone = qn_name_root};
	return apply_settings(map, section, zone_rules, COUNT_OF(zone_rules)) &&
	       add_route(map, kind);
}

static bool
apply_stub_zone(struct mapping *map, const struct section *section)
{
	return apply_zone(map, section, QN_ROUTE_STUB);
}

static bool
apply_forward_zone(struct mapping *map, const struct section *section)
{
	return apply_zone(map, section, QN_ROUTE_FORWARD);
}

static bool
apply_view(struct mapping *map, const struct section *section)
{
	begin_view(map);
	return apply_settings(map, section, view_rules, COUNT_OF(view_rules));
}

static bool
section_needs(struct mapping *map, const struct section *section)
{
	(void)section;
	return mapping_needs(map, map->feature);
}

static bool
pass_over_section(struct mapping *map, const struct section *section)
{
	(void)map;
	(void)section;
	return true;
}

static const struct section_rule {
	const char *name;
	bool (*apply)(struct mapping *map, const struct section *section);
	const char *feature;
} section_rules[] = {
    {"", apply_server, NULL},
    {"server", apply_server, NULL},
    {"stub-zone", apply_stub_zone, NULL},
    {"forward-zone", apply_forward_zone, NULL},
    {"auth-zone", section_needs, "authoritative zones"},
    {"rpz", section_needs, "response policy zones"},
    {"view", apply_view, NULL},
    {"remote-control", pass_over_section, NULL},
};

static bool
apply_section(struct mapping *map, const struct section *section)
{
	for (size_t i = 0; i < COUNT_OF(section_rules); i++)
		if (strcmp(section_rules[i].name, section->name) == 0) {
			map->feature = section_rules[i].feature;
			return section_rules[i].apply(map, section);
		}
	return mapping_refuse(
	    map, "line %u: the section %s is not known", section->line, section->name);
}

static bool
apply_sections(struct mapping *map)
{
	for (const struct section *s = map->scenario->sections; s != NULL; s = s->next)
		if (!apply_section(map, s))
			return false;
	return true;
}

bool
settings_read(struct settings *settings, const struct scenario *scenario)
{
	struct mapping map = {
	    .settings = settings, .scenario = scenario, .local.region = &map.region};

	begin_values(&map);
	const bool read = begin_access(&map) && apply_sections(&map) && finish_zones(&map) &&
	                  finish_access(&map) && finish_views(&map);

	finish_values(&map);
	region_free(&map.region);
	return read;
}

void
settings_free(struct settings *settings)
{
	for (unsigned i = 0; i < settings->built_count; i++)
		free((void *)settings->built[i]);
}
