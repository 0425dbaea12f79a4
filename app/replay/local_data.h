/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The local zones and local data of a scenario's configuration.
 *
 * Memory: in the region given; what build returns is the caller's to free().
 */
#include "region.h"
#include "zone/zones.h"

struct local_data {
	struct region *region;
	struct local_item *newest;
	size_t count;
};

/** Adds "NAME KIND", a local-zone; what is wrong with it otherwise, for a sentence. */
const char *local_data_add_zone(struct local_data *data, const char *text);

/** Adds a record, a local-data; what is wrong with it otherwise, for a sentence. */
const char *local_data_add_record(struct local_data *data, const char *text);

/** Builds what has been added; NULL, with what is wrong, when it contradicts itself. */
const struct qn_zones *local_data_build(const struct local_data *data, const char **wrong);
