/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATE_DIGITS 14

/* The clock where the file does not set it: noon of 24 June 2026, UTC. */
#define WALL_DEFAULT_S 1782302400

/* What "serve-expired: yes" means without further words (RFC 8767 s5). */
#define STALE_AGE_S   86400
#define STALE_TTL_S   30
#define STALE_WAIT_MS 1800

bool
set_minimization(struct mapping *map, const struct setting *setting)
{
	uint8_t *minimization = &map->settings->shard.resolve.minimization;

	if (!value_is_on(setting->value))
		*minimization = QN_MINIMIZATION_OFF;
	else if (*minimization == QN_MINIMIZATION_OFF)
		*minimization = QN_MINIMIZATION_RELAXED;
	return true;
}

bool
set_strict_minimization(struct mapping *map, const struct setting *setting)
{
	if (value_is_on(setting->value))
		map->settings->shard.resolve.minimization = QN_MINIMIZATION_STRICT;
	return true;
}

bool
set_ipv4(struct mapping *map, const struct setting *setting)
{
	map->settings->shard.resolve.use_ipv4 = value_is_on(setting->value);
	return true;
}

bool
set_ipv6(struct mapping *map, const struct setting *setting)
{
	map->settings->shard.resolve.use_ipv6 = value_is_on(setting->value);
	return true;
}

bool
set_trust_anchor(struct mapping *map, const struct setting *setting)
{
	(void)setting;
	map->settings->validates = true;
	return true;
}

/* YYYYMMDDHHMMSS; "-1" and "0" leave the clock alone. */
bool
set_date(struct mapping *map, const struct setting *setting)
{
	const char *value = setting->value;
	struct tm date = {0};

	if (strcmp(value, "-1") == 0 || strcmp(value, "0") == 0)
		return true;
	if (strlen(value) != DATE_DIGITS || strspn(value, "0123456789") != DATE_DIGITS ||
	    sscanf(value, "%4d%2d%2d%2d%2d%2d", &date.tm_year, &date.tm_mon, &date.tm_mday,
		&date.tm_hour, &date.tm_min, &date.tm_sec) != 6)
		return mapping_bad_value(map, setting);
	date.tm_year -= 1900;
	date.tm_mon -= 1;
	map->settings->wall.s = timegm(&date);
	return true;
}

bool
set_timestamp(struct mapping *map, const struct setting *setting)
{
	char *end;
	const long long value = strtoll(setting->value, &end, 10);

	if (end == setting->value || *end != '\0' || value < 0 || value > UINT32_MAX)
		return mapping_bad_value(map, setting);
	map->settings->wall.s = value;
	return true;
}

/* The iterator is always there; a validator without trust anchor lets everything through. */
bool
set_modules(struct mapping *map, const struct setting *setting)
{
	static const char *const others[][2] = {
	    {"dns64", "DNS64"},
	    {"subnetcache", "EDNS client subnet"},
	    {"cachedb", "an outside cache"},
	    {"python", "Python modules"},
	    {"dynlib", "loaded modules"},
	    {"ipset", "ipset"},
	};

	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (strstr(setting->value, others[i][0]) != NULL)
			return mapping_needs(map, others[i][1]);
	return true;
}

static bool
set_text(struct mapping *map, const struct setting *setting, char text[QN_SHARD_ID_MAX])
{
	if (strlen(setting->value) >= QN_SHARD_ID_MAX)
		return mapping_bad_value(map, setting);
	strcpy(text, setting->value);
	return true;
}

bool
set_node_id(struct mapping *map, const struct setting *setting)
{
	return set_text(map, setting, map->settings->shard.node_id);
}

bool
set_version(struct mapping *map, const struct setting *setting)
{
	return set_text(map, setting, map->settings->shard.version);
}

bool
hide_identity(struct mapping *map, const struct setting *setting)
{
	map->hides_identity = value_is_on(setting->value);
	return true;
}

bool
hide_version(struct mapping *map, const struct setting *setting)
{
	map->hides_version = value_is_on(setting->value);
	return true;
}

/* "ascii_TEXT", or hexadecimal digits, which need not be text. */
bool
set_nsid(struct mapping *map, const struct setting *setting)
{
	static const char ascii[] = "ascii_";
	struct setting text = *setting;

	if (strncmp(setting->value, ascii, sizeof(ascii) - 1) != 0)
		return mapping_needs(map, map->feature);
	text.value += sizeof(ascii) - 1;
	return set_node_id(map, &text);
}

bool
set_serves_stale(struct mapping *map, const struct setting *setting)
{
	map->serves_stale = value_is_on(setting->value);
	return true;
}

static bool
set_seconds(struct mapping *map, const struct setting *setting, uint32_t *seconds)
{
	return number_read(setting->value, UINT32_MAX, seconds) || mapping_bad_value(map, setting);
}

bool
set_stale_age(struct mapping *map, const struct setting *setting)
{
	if (!set_seconds(map, setting, &map->stale.age_max_s))
		return false;
	if (map->stale.age_max_s == 0)
		map->stale.age_max_s = UINT32_MAX; /* Unbound's way to say "for ever". */
	return true;
}

bool
set_stale_ttl(struct mapping *map, const struct setting *setting)
{
	return set_seconds(map, setting, &map->stale.ttl_s);
}

bool
set_stale_wait(struct mapping *map, const struct setting *setting)
{
	return set_seconds(map, setting, &map->stale.wait_ms);
}

void
begin_values(struct mapping *map)
{
	*map->settings = (struct settings){
	    .shard.node_id = "replay",
	    .shard.resolve.use_ipv4 = true,
	    .shard.resolve.use_ipv6 = true,
	    .wall.s = WALL_DEFAULT_S,
	};
	map->stale = (struct qn_shard_stale){STALE_AGE_S, STALE_TTL_S, STALE_WAIT_MS};
}

void
finish_values(struct mapping *map)
{
	struct qn_shard_config *shard = &map->settings->shard;

	if (map->hides_identity)
		shard->node_id[0] = '\0';
	if (map->hides_version)
		shard->version[0] = '\0';
	if (map->serves_stale)
		shard->stale = map->stale;
}
