/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/manners.h"

#define SET_LEN 4

void
qn_manners_init(struct qn_manners_table *table, struct qn_arena *arena, uint32_t row_count,
    struct qn_hash_key hash_key)
{
	uint32_t set_count = 1;

	while ((size_t)set_count * SET_LEN < row_count)
		set_count *= 2;
	struct qn_manners *rows = qn_arena_take(arena, (size_t)set_count * SET_LEN * sizeof(*rows));

	if (rows != NULL)
		*table = (struct qn_manners_table){rows, set_count - 1, hash_key};
}

static struct qn_manners *
table_set(const struct qn_manners_table *table, const struct qn_address *address)
{
	const struct qn_view octets = {address->octets, qn_family_octets(address->family)};
	const uint64_t hash = qn_hash(&table->hash_key, octets);

	return &table->rows[((uint32_t)hash & table->set_mask) * SET_LEN];
}

const struct qn_manners *
qn_manners_find(const struct qn_manners_table *table, const struct qn_address *address)
{
	const struct qn_manners *set = table_set(table, address);

	for (unsigned i = 0; i < SET_LEN; i++)
		if (qn_address_equal(&set[i].address, address))
			return &set[i];
	return NULL;
}

/* The row of `address`, made new in place of the one used longest ago where there is none. */
static struct qn_manners *
table_row(struct qn_manners_table *table, const struct qn_address *address, struct qn_now now)
{
	struct qn_manners *set = table_set(table, address);
	struct qn_manners *row = (struct qn_manners *)qn_manners_find(table, address);

	if (row == NULL) {
		row = set;
		for (unsigned i = 1; i < SET_LEN; i++)
			if (set[i].used.us < row->used.us)
				row = &set[i];
		*row = (struct qn_manners){.address = *address};
	}
	row->used = now.mono;
	return row;
}

void
qn_manners_set_no_edns(
    struct qn_manners_table *table, const struct qn_address *address, struct qn_now now)
{
	table_row(table, address, now)->no_edns_until = qn_mono_after_us(now.mono, QN_MANNERS_US);
}

void
qn_manners_set_no_case(
    struct qn_manners_table *table, const struct qn_address *address, struct qn_now now)
{
	table_row(table, address, now)->no_case_until = qn_mono_after_us(now.mono, QN_MANNERS_US);
}

void
qn_manners_set_cookie(struct qn_manners_table *table, const struct qn_address *address,
    struct qn_view cookie, struct qn_now now)
{
	struct qn_manners *row = table_row(table, address, now);

	qn_assert(cookie.len <= sizeof(row->cookie));
	if (cookie.len > 0)
		memcpy(row->cookie, cookie.data, cookie.len);
	row->cookie_len = (uint8_t)cookie.len;
}
