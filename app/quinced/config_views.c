/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <string.h>

/* One item of the list of views, while it is read. */
struct view_reader {
	struct config_reader *reader;
	struct qn_shard_view *view;
	struct config_view *read;
	uint16_t number; /* Of the view, from 1 on. */
	bool clients_seen;
	struct document_value local;
	bool local_seen;
};

/* Keys */

static const struct qn_shard_view *
find_view(const struct qn_shard_config *live, const char *name)
{
	for (uint16_t i = 0; i < live->view_count; i++)
		if (strcmp(live->views[i].name, name) == 0)
			return &live->views[i];
	return NULL;
}

static void
read_name(const struct document_value *value, void *target)
{
	const struct view_reader *at = target;
	const char *text = document_text(value);
	const struct qn_shard_view *same;

	if (text == NULL)
		return;
	same = find_view(&at->reader->config->live, text);
	if (same != NULL)
		document_complain(value, "the view %s is on line %u already.", text,
		    at->reader->views[same - at->reader->config->live.views].line);
	else
		config_take_text(value, text, at->view->name);
}

static void
read_client(const struct document_value *value, void *target)
{
	const struct view_reader *at = target;

	config_take_prefix(value, &at->reader->view_clients, at->number);
}

static void
read_clients(const struct document_value *value, void *target)
{
	struct view_reader *at = target;

	at->clients_seen = document_list(value, SIZE_MAX, read_client, target) > 0;
}

/* Whether the node's own local data lie below. */
static void
read_common(const struct document_value *value, void *target)
{
	const struct view_reader *at = target;
	bool common = !at->read->alone;

	document_switch(value, &common);
	at->read->alone = !common;
}

/* What holds by default in it depends on a key that may come behind it. */
static void
keep_local(const struct document_value *value, void *target)
{
	struct view_reader *at = target;

	at->local = *value;
	at->local_seen = true;
}

static const struct document_key view_keys[] = {
    {"name", read_name},
    {"clients", read_clients},
    {"common", read_common},
    {"local", keep_local},
};

static void
read_view(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	struct qn_shard_config *live = &reader->config->live;
	const uint16_t index = live->view_count;
	struct view_reader at = {
	    .reader = reader,
	    .view = &live->views[index],
	    .read = &reader->views[index],
	    .number = (uint16_t)(index + 1),
	};
	const size_t errors_before = reader->errors->count;

	at.read->line = value->line;
	config_local_init(&at.read->local, reader->errors, "views.local");
	document_mapping(value, view_keys, CONFIG_ITEM_COUNT(view_keys), &at);
	/* A view without common data is asked for all names, the special ones too. */
	at.read->local.special_names = at.read->alone;
	if (at.local_seen)
		config_read_local(&at.local, &at.read->local);
	live->view_count++;
	if (reader->errors->count == errors_before &&
	    (at.view->name[0] == '\0' || !at.clients_seen))
		document_complain(
		    value, "the %s missing.", at.clients_seen ? "name is" : "clients are");
}

void
config_read_views(const struct document_value *value, void *target)
{
	document_list(value, QN_SHARD_VIEW_MAX, read_view, target);
}

/* The whole */

void
config_check_views(struct config_reader *reader)
{
	struct qn_shard_config *live = &reader->config->live;

	config_map_prefixes(&reader->view_clients, &live->view_of);
	for (uint16_t i = 0; i < live->view_count; i++)
		config_check_local(&reader->views[i].local, &live->resolve);
}

void
config_build_views(struct config_reader *reader)
{
	struct qn_shard_config *live = &reader->config->live;

	for (uint16_t i = 0; i < live->view_count; i++)
		live->views[i].local = config_build_local(
		    &reader->views[i].local, reader->views[i].alone ? NULL : live->local);
}

void
config_free_local(struct qn_shard_config *live)
{
	for (uint16_t i = 0; i < live->view_count; i++) {
		qn_zone_list_free_built(live->views[i].local);
		live->views[i].local = NULL;
	}
	qn_zone_list_free_built(live->local);
	live->local = NULL;
}
