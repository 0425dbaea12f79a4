/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include "local_data.h"
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

#define ACCESS_RULE_MAX 64
#define DNS_PORT        53
#define DATE_DIGITS     14

/* Where the root is asked when the file does not say: a.root-servers.net. */
static const struct qn_address builtin_root = {{198, 41, 0, 4}, QN_FAMILY_IPV4};

/* What shows that it is virtual: noon of a day in 2026. */
#define WALL_DEFAULT_S 1782302400

/* What "serve-expired: yes" means without further words (RFC 8767 s5). */
#define STALE_AGE_S   86400
#define STALE_TTL_S   30
#define STALE_WAIT_MS 1800

/* An access-control line. */
struct access_rule {
	struct qn_prefix prefix;
	bool allow;
};

struct mapping {
	struct settings *settings;
	const struct scenario *scenario;
	struct region region;
	struct local_data local;
	struct qn_shard_stale stale;
	bool serves_stale;
	bool hides_identity;
	bool hides_version;
	struct qn_route route; /* Of the section being read. */
	struct access_rule access[ACCESS_RULE_MAX];
	unsigned access_count;
};

__attribute__((format(printf, 2, 3))) static bool
refuse(struct mapping *map, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(map->settings->reason, sizeof(map->settings->reason), format, arguments);
	va_end(arguments);
	return false;
}

static bool
is_on(const char *value)
{
	static const char *const words[] = {"yes", "on", "true", "1"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(words[i], value) == 0)
			return true;
	return false;
}

/* --- Single settings -------------------------------------------------------------------- */

/* What the settings of a section are handed to; `feature` is what the rule's row names. */
typedef bool apply_function(
    struct mapping *map, const struct setting *setting, const char *feature);

static bool
pass_over(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)map;
	(void)setting;
	(void)feature;
	return true;
}

static bool
needs(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)setting;
	return refuse(map, "needs %s", feature);
}

static bool
needs_if_on(struct mapping *map, const struct setting *setting, const char *feature)
{
	return !is_on(setting->value) || needs(map, setting, feature);
}

static bool
needs_if_off(struct mapping *map, const struct setting *setting, const char *feature)
{
	return is_on(setting->value) || needs(map, setting, feature);
}

static bool
bad_value(struct mapping *map, const struct setting *setting)
{
	return refuse(
	    map, "line %u: %s cannot be \"%.60s\"", setting->line, setting->key, setting->value);
}

static bool
set_minimization(struct mapping *map, const struct setting *setting, const char *feature)
{
	uint8_t *minimization = &map->settings->shard.resolve.minimization;

	(void)feature;
	if (!is_on(setting->value))
		*minimization = QN_MINIMIZATION_OFF;
	else if (*minimization == QN_MINIMIZATION_OFF)
		*minimization = QN_MINIMIZATION_RELAXED;
	return true;
}

static bool
set_strict_minimization(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	if (is_on(setting->value))
		map->settings->shard.resolve.minimization = QN_MINIMIZATION_STRICT;
	return true;
}

static bool
set_ipv4(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	map->settings->shard.resolve.use_ipv4 = is_on(setting->value);
	return true;
}

static bool
set_ipv6(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	map->settings->shard.resolve.use_ipv6 = is_on(setting->value);
	return true;
}

static bool
set_trust_anchor(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)setting;
	(void)feature;
	map->settings->validates = true;
	return true;
}

/* YYYYMMDDHHMMSS; "-1" and "0" leave the clock alone. */
static bool
set_date(struct mapping *map, const struct setting *setting, const char *feature)
{
	const char *value = setting->value;
	struct tm date = {0};

	(void)feature;
	if (strcmp(value, "-1") == 0 || strcmp(value, "0") == 0)
		return true;
	if (strlen(value) != DATE_DIGITS || strspn(value, "0123456789") != DATE_DIGITS ||
	    sscanf(value, "%4d%2d%2d%2d%2d%2d", &date.tm_year, &date.tm_mon, &date.tm_mday,
		&date.tm_hour, &date.tm_min, &date.tm_sec) != 6)
		return bad_value(map, setting);
	date.tm_year -= 1900;
	date.tm_mon -= 1;
	map->settings->wall.s = timegm(&date);
	return true;
}

static bool
set_timestamp(struct mapping *map, const struct setting *setting, const char *feature)
{
	char *end;
	const long long value = strtoll(setting->value, &end, 10);

	(void)feature;
	if (end == setting->value || *end != '\0' || value < 0 || value > UINT32_MAX)
		return bad_value(map, setting);
	map->settings->wall.s = value;
	return true;
}

/* The iterator is always there; a validator without trust anchor lets everything through. */
static bool
set_modules(struct mapping *map, const struct setting *setting, const char *feature)
{
	static const char *const others[][2] = {
	    {"dns64", "DNS64"},
	    {"subnetcache", "EDNS client subnet"},
	    {"cachedb", "an outside cache"},
	    {"python", "Python modules"},
	    {"dynlib", "loaded modules"},
	    {"ipset", "ipset"},
	};

	(void)feature;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (strstr(setting->value, others[i][0]) != NULL)
			return needs(map, setting, others[i][1]);
	return true;
}

static bool
set_text(struct mapping *map, const struct setting *setting, char text[QN_SHARD_ID_MAX])
{
	if (strlen(setting->value) >= QN_SHARD_ID_MAX)
		return bad_value(map, setting);
	strcpy(text, setting->value);
	return true;
}

static bool
set_node_id(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	return set_text(map, setting, map->settings->shard.node_id);
}

static bool
set_version(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	return set_text(map, setting, map->settings->shard.version);
}

static bool
hide_identity(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	map->hides_identity = is_on(setting->value);
	return true;
}

static bool
hide_version(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	map->hides_version = is_on(setting->value);
	return true;
}

/* "ascii_TEXT", or hexadecimal digits, which need not be text. */
static bool
set_nsid(struct mapping *map, const struct setting *setting, const char *feature)
{
	static const char ascii[] = "ascii_";
	struct setting text = *setting;

	if (strncmp(setting->value, ascii, sizeof(ascii) - 1) != 0)
		return needs(map, setting, feature);
	text.value += sizeof(ascii) - 1;
	return set_node_id(map, &text, feature);
}

static bool
ends_with(const char *text, const char *end)
{
	const size_t len = strlen(text);
	const size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Taking a zone out of Unbound's built-in ones asks for nothing. */
static bool
add_local_zone(struct mapping *map, const struct setting *setting, const char *feature)
{
	const char *wrong = NULL;

	(void)feature;
	if (!ends_with(setting->value, "nodefault"))
		wrong = local_data_add_zone(&map->local, setting->value);
	return wrong == NULL || refuse(map, "line %u: the local zone: %s", setting->line, wrong);
}

static bool
add_local_data(struct mapping *map, const struct setting *setting, const char *feature)
{
	const char *wrong = local_data_add_record(&map->local, setting->value);

	(void)feature;
	return wrong == NULL || refuse(map, "line %u: the local data: %s", setting->line, wrong);
}

static bool
build_local_data(struct mapping *map)
{
	const char *wrong;

	if (map->local.count == 0)
		return true;
	map->settings->local = local_data_build(&map->local, &wrong);
	map->settings->shard.resolve.local = map->settings->local;
	return map->settings->local != NULL || refuse(map, "the local data: %s", wrong);
}

/* --- Stale answers ---------------------------------------------------------------------- */

static bool
set_serves_stale(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	map->serves_stale = is_on(setting->value);
	return true;
}

static bool
set_seconds(struct mapping *map, const struct setting *setting, uint32_t *seconds)
{
	return number_read(setting->value, UINT32_MAX, seconds) || bad_value(map, setting);
}

static bool
set_stale_age(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	if (!set_seconds(map, setting, &map->stale.age_max_s))
		return false;
	if (map->stale.age_max_s == 0)
		map->stale.age_max_s = UINT32_MAX; /* Unbound's way to say "for ever". */
	return true;
}

static bool
set_stale_ttl(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	return set_seconds(map, setting, &map->stale.ttl_s);
}

static bool
set_stale_wait(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	return set_seconds(map, setting, &map->stale.wait_ms);
}

/* --- Access ----------------------------------------------------------------------------- */

static bool
add_access_rule(struct mapping *map, const struct setting *setting, const char *feature)
{
	static const char *const allowing[] = {"allow", "allow_snoop"};
	static const char *const refusing[] = {"refuse", "refuse_non_local"};
	struct access_rule *rule = &map->access[map->access_count];
	char prefix[QN_ADDRESS_TEXT_MAX], action[32];

	if (map->access_count == ACCESS_RULE_MAX)
		return needs(map, setting, "longer access lists");
	if (sscanf(setting->value, "%63s %31s", prefix, action) != 2 ||
	    !qn_prefix_from_text(&rule->prefix, prefix))
		return bad_value(map, setting);
	map->access_count++;
	for (size_t i = 0; i < COUNT_OF(allowing); i++)
		if (strcmp(allowing[i], action) == 0) {
			rule->allow = true;
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(refusing); i++)
		if (strcmp(refusing[i], action) == 0)
			return true;
	return needs(map, setting, feature);
}

static bool
allow(struct settings *settings, struct qn_prefix prefix)
{
	settings->shard.allow[settings->shard.allow_count++] = prefix;
	return true;
}

/* The rule for clients on the host itself, whose address no frame can carry. */
static void
allow_loopback(struct mapping *map, const struct qn_address *loopback)
{
	const struct qn_address address = world_client_address(loopback);
	bool allowed = true;

	for (unsigned i = 0; i < map->access_count; i++)
		if (qn_prefix_contains(&map->access[i].prefix, loopback))
			allowed = map->access[i].allow;
	if (allowed)
		allow(map->settings,
		    (struct qn_prefix){address, (uint8_t)(8 * qn_family_octets(address.family))});
}

/* A shard knows who is allowed; who is not, within that, it cannot be told. */
static bool
allow_by_rules(struct mapping *map)
{
	for (unsigned i = 0; i < map->access_count; i++)
		if (map->access[i].allow)
			allow(map->settings, map->access[i].prefix);
	for (unsigned i = 0; i < map->access_count; i++) {
		const struct access_rule *rule = &map->access[i];

		for (unsigned k = 0; !rule->allow && k < map->access_count; k++)
			if (map->access[k].allow &&
			    map->access[k].prefix.len_bits <= rule->prefix.len_bits &&
			    qn_prefix_contains(&map->access[k].prefix, &rule->prefix.address))
				return refuse(map, "needs exceptions in access lists");
	}
	return true;
}

/* Without a list, Unbound's files allow the host itself, and Deckard's everybody. */
static bool
set_access(struct mapping *map)
{
	static const struct qn_prefix everybody_ipv4 = {{{0}, QN_FAMILY_IPV4}, 0};
	static const struct qn_prefix everybody_ipv6 = {{{0}, QN_FAMILY_IPV6}, 0};
	static const struct qn_address loopback_ipv4 = {{127, [3] = 1}, QN_FAMILY_IPV4};
	static const struct qn_address loopback_ipv6 = {{[15] = 1}, QN_FAMILY_IPV6};

	if (map->access_count == 0 && map->scenario->dialect == DIALECT_FLAT)
		return allow(map->settings, everybody_ipv4) && allow(map->settings, everybody_ipv6);
	allow_loopback(map, &loopback_ipv4);
	allow_loopback(map, &loopback_ipv6);
	return allow_by_rules(map);
}

/* --- Servers ---------------------------------------------------------------------------- */

static bool
add_root_server(struct mapping *map, const struct qn_address *address)
{
	struct qn_resolve_config *resolve = &map->settings->shard.resolve;
	struct qn_hint *hint = &resolve->hints[resolve->hint_count];
	char name[32];

	if (resolve->hint_count == QN_HINT_MAX)
		return refuse(map, "needs more than %d root servers", QN_HINT_MAX);
	const int len = snprintf(name, sizeof(name), "root-%u.invalid", resolve->hint_count + 1u);
	const bool named = qn_name_from_text(&hint->name, name, (size_t)len);

	qn_assert(named);
	hint->addresses[0] = *address;
	hint->address_count = 1;
	resolve->hint_count++;
	return true;
}

static bool
read_server(struct mapping *map, const struct setting *setting, struct qn_endpoint *server)
{
	if (!endpoint_read(setting->value, server))
		return bad_value(map, setting);
	if (server->port == 0)
		server->port = DNS_PORT;
	return qn_address_reachable(&server->address) ||
	       needs(map, setting, "servers at unusual addresses");
}

/* In Deckard's files there is one zone with servers of its own: the root. */
static bool
set_root_address(struct mapping *map, const struct setting *setting, const char *feature)
{
	struct qn_endpoint server;

	(void)feature;
	return read_server(map, setting, &server) && add_root_server(map, &server.address);
}

/* The zone that a section is about has one server more. */
static bool
add_zone_server(struct mapping *map, const struct setting *setting, const char *feature)
{
	struct qn_route *route = &map->route;

	(void)feature;
	if (route->server_count == QN_ROUTE_SERVER_MAX)
		return needs(map, setting, "more servers for a zone");
	return read_server(map, setting, &route->servers[route->server_count++]);
}

static bool
set_zone_name(struct mapping *map, const struct setting *setting, const char *feature)
{
	(void)feature;
	return qn_name_from_text(&map->route.zone, setting->value, strlen(setting->value)) ||
	       bad_value(map, setting);
}

/* --- The tables ------------------------------------------------------------------------- */

/* A key, or the beginning of keys where a "*" ends it. The first row that fits counts. */
struct rule {
	const char *key;
	apply_function *apply;
	const char *feature; /* What the shard would have to have. */
};

static const struct rule rules[] = {
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
    {"local-zone-*", needs, "local data that depends on the client"},
    {"local-data-ptr", needs, "local data by address"},
    {"define-tag", needs, "access tags"},
    {"access-control-tag*", needs, "access tags"},
    {"access-control-view", needs, "views"},
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

static bool
key_fits(const char *pattern, const char *key)
{
	const size_t len = strcspn(pattern, "*");

	return pattern[len] == '*' ? strncmp(pattern, key, len) == 0 : strcmp(pattern, key) == 0;
}

static bool
apply_setting(
    struct mapping *map, const struct setting *setting, const struct rule *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (key_fits(table[i].key, setting->key))
			return table[i].apply(map, setting, table[i].feature);
	return refuse(map, "line %u: the key %.60s is not known", setting->line, setting->key);
}

static bool
set_server(struct mapping *map, const struct section *section, const char *feature)
{
	(void)feature;
	for (const struct setting *s = section->settings; s != NULL; s = s->next)
		if (!apply_setting(map, s, rules, COUNT_OF(rules)))
			return false;
	return true;
}

/* Reads the zone that `section` is about, and its servers, into `map->route`. */
static bool
read_zone(struct mapping *map, const struct section *section)
{
	map->route = (struct qn_route){.zone = qn_name_root};
	for (const struct setting *s = section->settings; s != NULL; s = s->next)
		if (!apply_setting(map, s, zone_rules, COUNT_OF(zone_rules)))
			return false;
	return true;
}

static bool
add_route(struct mapping *map, enum qn_route_kind kind)
{
	struct qn_resolve_config *resolve = &map->settings->shard.resolve;

	if (resolve->route_count == QN_ROUTE_MAX)
		return refuse(map, "needs more than %d zones of its own", QN_ROUTE_MAX);
	map->route.kind = (uint8_t)kind;
	resolve->routes[resolve->route_count++] = map->route;
	return true;
}

/* The servers of a stub zone at the root are what others call its hints. */
static bool
set_stub_zone(struct mapping *map, const struct section *section, const char *feature)
{
	(void)feature;
	if (!read_zone(map, section))
		return false;
	if (map->route.zone.len > qn_name_root.len)
		return add_route(map, QN_ROUTE_STUB);
	for (unsigned i = 0; i < map->route.server_count; i++)
		if (!add_root_server(map, &map->route.servers[i].address))
			return false;
	return true;
}

static bool
set_forward_zone(struct mapping *map, const struct section *section, const char *feature)
{
	(void)feature;
	return read_zone(map, section) && add_route(map, QN_ROUTE_FORWARD);
}

static bool
section_needs(struct mapping *map, const struct section *section, const char *feature)
{
	(void)section;
	return refuse(map, "needs %s", feature);
}

static bool
pass_over_section(struct mapping *map, const struct section *section, const char *feature)
{
	(void)map;
	(void)section;
	(void)feature;
	return true;
}

static bool
apply_section(struct mapping *map, const struct section *section)
{
	static const struct {
		const char *name;
		bool (*apply)(
		    struct mapping *map, const struct section *section, const char *feature);
		const char *feature;
	} sections[] = {
	    {"", set_server, NULL},
	    {"server", set_server, NULL},
	    {"stub-zone", set_stub_zone, NULL},
	    {"forward-zone", set_forward_zone, NULL},
	    {"auth-zone", section_needs, "authoritative zones"},
	    {"rpz", section_needs, "response policy zones"},
	    {"view", section_needs, "views"},
	    {"remote-control", pass_over_section, NULL},
	};

	for (size_t i = 0; i < COUNT_OF(sections); i++)
		if (strcmp(sections[i].name, section->name) == 0)
			return sections[i].apply(map, section, sections[i].feature);
	return refuse(map, "line %u: the section %s is not known", section->line, section->name);
}

static bool
read_sections(struct mapping *map)
{
	for (const struct section *s = map->scenario->sections; s != NULL; s = s->next)
		if (!apply_section(map, s))
			return false;
	return true;
}

/* What can be said only when everything has been read. */
static bool
finish(struct mapping *map)
{
	struct qn_shard_config *shard = &map->settings->shard;

	if (shard->resolve.hint_count == 0 && !add_root_server(map, &builtin_root))
		return false;
	if (map->hides_identity)
		shard->node_id[0] = '\0';
	if (map->hides_version)
		shard->version[0] = '\0';
	if (map->serves_stale)
		shard->stale = map->stale;
	return build_local_data(map) && set_access(map);
}

bool
settings_read(struct settings *settings, const struct scenario *scenario)
{
	struct mapping map = {
	    .settings = settings,
	    .scenario = scenario,
	    .local.region = &map.region,
	    .stale = {STALE_AGE_S, STALE_TTL_S, STALE_WAIT_MS},
	};

	*settings = (struct settings){
	    .shard.node_id = "replay",
	    .shard.resolve.use_ipv4 = true,
	    .shard.resolve.use_ipv6 = true,
	    .wall.s = WALL_DEFAULT_S,
	};
	const bool read = read_sections(&map) && finish(&map);

	region_free(&map.region);
	return read;
}

void
settings_free(struct settings *settings)
{
	free((void *)settings->local);
}
