/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapping.h"
#include "world.h"

#include <string.h>

/* What is said about the clients in a prefix. */
struct client_rules {
	struct client_rules *next;
	struct qn_prefix prefix;
	uint64_t tags;
	struct local_tag_rule *tag_rules;
	const char *view; /* NULL: none. */
};

/* Local data by name. */
struct named_view {
	struct named_view *next;
	const char *name;
	bool over_common;
	struct local_data local;
};

/* --- Words ------------------------------------------------------------------------------ */

/* A setting of several words, of which the first may be a prefix. */
struct words {
	const struct setting *setting;
	char *rest;
};

static struct words
words_of(struct mapping *map, const struct setting *setting)
{
	return (struct words){
	    setting, region_text(&map->region, setting->value, strlen(setting->value))};
}

static const char *
next_word(struct words *words)
{
	return text_word(&words->rest);
}

static bool
next_prefix(struct words *words, struct qn_prefix *prefix)
{
	const char *word = next_word(words);

	return word != NULL && qn_prefix_from_text(prefix, word);
}

/* --- Tags ------------------------------------------------------------------------------- */

static bool
find_tag(const struct mapping *map, const char *name, unsigned *tag)
{
	for (*tag = 0; *tag < map->tag_count; ++*tag)
		if (strcmp(map->tags[*tag], name) == 0)
			return true;
	return false;
}

bool
define_tags(struct mapping *map, const struct setting *setting)
{
	struct words words = words_of(map, setting);
	const char *name;
	unsigned tag;

	while ((name = next_word(&words)) != NULL) {
		if (find_tag(map, name, &tag))
			continue;
		if (map->tag_count == LOCAL_TAG_MAX)
			return mapping_needs(map, "more tags");
		map->tags[map->tag_count++] = name;
	}
	return true;
}

/* The tags in a list of them; false when one is not defined. */
static bool
read_tags(struct mapping *map, char *list, uint64_t *tags)
{
	const char *name;
	unsigned tag;

	*tags = 0;
	while ((name = text_word(&list)) != NULL) {
		if (!find_tag(map, name, &tag))
			return false;
		*tags |= (uint64_t)1 << tag;
	}
	return true;
}

static bool
next_tags(struct mapping *map, struct words *words, uint64_t *tags)
{
	const char *list = next_word(words);

	return list != NULL && read_tags(map, region_text(&map->region, list, strlen(list)), tags);
}

bool
tag_local_zone(struct mapping *map, const struct setting *setting)
{
	struct words words = words_of(map, setting);
	const char *zone = next_word(&words);
	uint64_t tags;

	return (zone != NULL && next_tags(map, &words, &tags) &&
		   local_data_tag_zone(&map->local, zone, tags) == NULL) ||
	       mapping_bad_value(map, setting);
}

bool
override_local_zone(struct mapping *map, const struct setting *setting)
{
	struct words words = words_of(map, setting);
	const char *zone = next_word(&words);
	const struct local_kind *kind = NULL;
	struct qn_prefix prefix;
	const char *word;

	if (zone != NULL && next_prefix(&words, &prefix) && (word = next_word(&words)) != NULL)
		kind = local_kind_of(word);
	return (kind != NULL && local_data_override(&map->local, zone, &prefix, kind) == NULL) ||
	       mapping_bad_value(map, setting);
}

/* --- Clients ---------------------------------------------------------------------------- */

static bool
prefixes_equal(const struct qn_prefix *a, const struct qn_prefix *b)
{
	return a->len_bits == b->len_bits && qn_address_equal(&a->address, &b->address);
}

/* The rules for a prefix; made when there are none yet. */
static struct client_rules *
rules_for(struct mapping *map, const struct qn_prefix *prefix)
{
	struct client_rules *rules = map->clients;

	while (rules != NULL && !prefixes_equal(&rules->prefix, prefix))
		rules = rules->next;
	if (rules != NULL)
		return rules;
	rules = region_take(&map->region, sizeof(*rules));
	rules->prefix = *prefix;
	rules->next = map->clients;
	map->clients = rules;
	return rules;
}

bool
tag_clients(struct mapping *map, const struct setting *setting)
{
	struct words words = words_of(map, setting);
	struct qn_prefix prefix;
	uint64_t tags;

	if (!next_prefix(&words, &prefix) || !next_tags(map, &words, &tags))
		return mapping_bad_value(map, setting);
	rules_for(map, &prefix)->tags |= tags;
	return true;
}

/* "PREFIX TAG WORD"; what the word means is left to `rule`. */
static const char *
add_tag_rule(struct mapping *map, struct words *words, struct local_tag_rule **rule)
{
	struct qn_prefix prefix;
	unsigned tag;
	const char *name;

	if (!next_prefix(words, &prefix) || (name = next_word(words)) == NULL ||
	    !find_tag(map, name, &tag))
		return NULL;
	struct client_rules *rules = rules_for(map, &prefix);

	*rule = region_take(&map->region, sizeof(**rule));
	(*rule)->tag = tag;
	(*rule)->next = rules->tag_rules;
	rules->tag_rules = *rule;
	return next_word(words);
}

bool
set_tag_action(struct mapping *map, const struct setting *setting)
{
	struct words words = words_of(map, setting);
	struct local_tag_rule *rule;
	const char *word = add_tag_rule(map, &words, &rule);

	if (word == NULL)
		return mapping_bad_value(map, setting);
	rule->kind = local_kind_of(word);
	return rule->kind != NULL || mapping_bad_value(map, setting);
}

bool
set_tag_data(struct mapping *map, const struct setting *setting)
{
	struct words words = words_of(map, setting);
	struct local_tag_rule *rule;
	const char *word = add_tag_rule(map, &words, &rule);

	if (word == NULL)
		return mapping_bad_value(map, setting);
	rule->record = local_data_read_bare(&map->local, word);
	return rule->record != NULL || mapping_bad_value(map, setting);
}

bool
set_client_view(struct mapping *map, const struct setting *setting)
{
	struct words words = words_of(map, setting);
	struct qn_prefix prefix;
	const char *name = next_prefix(&words, &prefix) ? next_word(&words) : NULL;

	if (name == NULL)
		return mapping_bad_value(map, setting);
	rules_for(map, &prefix)->view = name;
	return true;
}

/* --- Views ------------------------------------------------------------------------------ */

void
begin_view(struct mapping *map)
{
	struct named_view *view = region_take(&map->region, sizeof(*view));

	view->name = "";
	view->local.region = &map->region;
	view->next = map->views;
	map->views = view;
}

bool
set_view_name(struct mapping *map, const struct setting *setting)
{
	map->views->name = setting->value;
	return true;
}

bool
set_view_first(struct mapping *map, const struct setting *setting)
{
	map->views->over_common = value_is_on(setting->value);
	return true;
}

struct local_data *
view_local(struct mapping *map)
{
	return &map->views->local;
}

static const struct named_view *
find_view(const struct mapping *map, const char *name)
{
	for (const struct named_view *view = map->views; view != NULL; view = view->next)
		if (strcmp(view->name, name) == 0)
			return view;
	return NULL;
}

/* --- What each client sees -------------------------------------------------------------- */

/* The rules of the longest prefix that has all of `prefix` in it. */
static const struct client_rules *
rules_of(const struct mapping *map, const struct qn_prefix *prefix)
{
	const struct client_rules *longest = NULL;

	for (const struct client_rules *rules = map->clients; rules != NULL; rules = rules->next)
		if (rules->prefix.len_bits <= prefix->len_bits &&
		    qn_prefix_contains(&rules->prefix, &prefix->address) &&
		    (longest == NULL || rules->prefix.len_bits > longest->prefix.len_bits))
			longest = rules;
	return longest;
}

/* Builds local data and keeps them for the end; false when they contradict themselves. */
static bool
build(struct mapping *map, const struct local_data *data, const struct local_client *client,
    const struct qn_zones **zones)
{
	struct settings *settings = map->settings;
	const struct qn_zones *below = *zones;
	const char *wrong;

	*zones = local_data_build(data, client, below, &wrong);
	if (*zones == NULL)
		return mapping_refuse(map, "the local data: %s", wrong);
	settings->built[settings->built_count++] = *zones;
	return true;
}

/* Sets `*zones` to what clients in `prefix` see. */
static bool
build_for(struct mapping *map, const struct qn_prefix *prefix, const struct qn_zones **zones)
{
	const struct client_rules *rules = rules_of(map, prefix);
	const struct named_view *view =
	    rules == NULL || rules->view == NULL ? NULL : find_view(map, rules->view);
	struct local_client client = {.prefix = *prefix};

	*zones = NULL;
	if (rules != NULL) {
		client.tags = rules->tags;
		client.rules = rules->tag_rules;
	}
	if (rules != NULL && rules->view != NULL && view == NULL)
		return mapping_refuse(map, "there is no view %.60s", rules->view);
	if (view != NULL && local_data_empty(&view->local))
		view = NULL;
	if ((view == NULL || view->over_common) && !build(map, &map->local, &client, zones))
		return false;
	return view == NULL || build(map, &view->local, &client, zones);
}

static bool
add_view(void *context, const struct qn_prefix *prefix)
{
	struct mapping *map = context;
	struct qn_shard_config *shard = &map->settings->shard;

	if (shard->view_count == QN_SHARD_VIEW_MAX)
		return mapping_needs(map, "more views");
	if (!build_for(map, prefix, &shard->views[shard->view_count].local))
		return false;
	shard->view_count++;
	return qn_prefix_map_add(&shard->view_of, prefix, shard->view_count) ||
	       mapping_needs(map, "more prefixes of clients");
}

/* What holds for a client on the host itself, whose address no frame can carry. */
static bool
move_loopback(struct mapping *map, const struct qn_address *loopback)
{
	struct qn_prefix_map *view_of = &map->settings->shard.view_of;
	const struct qn_address address = world_client_address(loopback);
	const struct qn_prefix prefix = {address, (uint8_t)(8 * qn_family_octets(address.family))};

	return qn_prefix_map_add(view_of, &prefix, qn_prefix_map_find(view_of, loopback)) ||
	       mapping_needs(map, "more prefixes of clients");
}

bool
finish_views(struct mapping *map)
{
	static const struct qn_address loopback_ipv4 = {{127, [3] = 1}, QN_FAMILY_IPV4};
	static const struct qn_address loopback_ipv6 = {{[15] = 1}, QN_FAMILY_IPV6};
	const struct local_client nobody = {.tags = 0};

	if (!local_data_empty(&map->local) &&
	    !build(map, &map->local, &nobody, &map->settings->shard.local))
		return false;
	for (const struct client_rules *rules = map->clients; rules != NULL; rules = rules->next)
		if (!add_view(map, &rules->prefix))
			return false;
	return local_data_each_override(&map->local, add_view, map) &&
	       move_loopback(map, &loopback_ipv4) && move_loopback(map, &loopback_ipv6);
}
