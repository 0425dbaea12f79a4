/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/ledger.h"

#define SET_LEN 4

/* A server that stays silent is avoided for 1 s, 2 s, ... 60 s. */
#define AVOID_AFTER_TIMEOUTS 2
#define AVOID_FIRST_US       (1 * QN_US_PER_S)
#define AVOID_MOST_US        (60 * QN_US_PER_S)

void
qn_ledger_init(struct qn_ledger *ledger, struct qn_arena *arena, uint32_t server_count,
    struct qn_hash_key hash_key)
{
	uint32_t set_count = 1;

	while ((size_t)set_count * SET_LEN < server_count)
		set_count *= 2;
	struct qn_server *rows = qn_arena_take(arena, (size_t)set_count * SET_LEN * sizeof(*rows));

	if (rows != NULL)
		*ledger = (struct qn_ledger){rows, set_count - 1, hash_key};
}

static struct qn_server *
ledger_set(const struct qn_ledger *ledger, const struct qn_address *address)
{
	const struct qn_view octets = {address->octets, qn_family_octets(address->family)};
	const uint64_t hash = qn_hash(&ledger->hash_key, octets);

	return &ledger->rows[((uint32_t)hash & ledger->set_mask) * SET_LEN];
}

const struct qn_server *
qn_ledger_find(const struct qn_ledger *ledger, const struct qn_address *address)
{
	const struct qn_server *set = ledger_set(ledger, address);

	for (unsigned i = 0; i < SET_LEN; i++)
		if (qn_address_equal(&set[i].address, address))
			return &set[i];
	return NULL;
}

/* The row of `address`, made new in place of the one used longest ago where there is none. */
static struct qn_server *
ledger_row(struct qn_ledger *ledger, const struct qn_address *address, struct qn_now now)
{
	struct qn_server *set = ledger_set(ledger, address);
	struct qn_server *row = (struct qn_server *)qn_ledger_find(ledger, address);

	if (row == NULL) {
		row = set;
		for (unsigned i = 1; i < SET_LEN; i++)
			if (set[i].used.us < row->used.us)
				row = &set[i];
		*row = (struct qn_server){.address = *address};
	}
	row->used = now.mono;
	return row;
}

void
qn_ledger_replied(
    struct qn_ledger *ledger, const struct qn_address *address, uint32_t rtt_us, struct qn_now now)
{
	struct qn_server *row = ledger_row(ledger, address, now);
	const uint32_t off = rtt_us > row->srtt_us ? rtt_us - row->srtt_us : row->srtt_us - rtt_us;

	if (!row->measured) {
		row->srtt_us = rtt_us;
		row->rttvar_us = rtt_us / 2;
	} else {
		row->rttvar_us += off / 4 - row->rttvar_us / 4;
		row->srtt_us += rtt_us / 8 - row->srtt_us / 8;
	}
	row->measured = true;
	row->timeouts = 0;
	row->avoid_until = now.mono;
}

void
qn_ledger_timed_out(struct qn_ledger *ledger, const struct qn_address *address, struct qn_now now)
{
	struct qn_server *row = ledger_row(ledger, address, now);
	uint64_t avoid_us = AVOID_FIRST_US;

	if (row->timeouts < UINT16_MAX)
		row->timeouts++;
	if (row->timeouts < AVOID_AFTER_TIMEOUTS)
		return;
	for (unsigned i = AVOID_AFTER_TIMEOUTS; i < row->timeouts && avoid_us < AVOID_MOST_US; i++)
		avoid_us *= 2;
	row->avoid_until =
	    qn_mono_after_us(now.mono, avoid_us < AVOID_MOST_US ? avoid_us : AVOID_MOST_US);
}

void
qn_ledger_set_no_edns(struct qn_ledger *ledger, const struct qn_address *address, struct qn_now now)
{
	ledger_row(ledger, address, now)->no_edns = true;
}

void
qn_ledger_set_no_case(struct qn_ledger *ledger, const struct qn_address *address, struct qn_now now)
{
	ledger_row(ledger, address, now)->no_case = true;
}

void
qn_ledger_set_cookie(struct qn_ledger *ledger, const struct qn_address *address,
    struct qn_view cookie, struct qn_now now)
{
	struct qn_server *row = ledger_row(ledger, address, now);

	qn_assert(cookie.len <= sizeof(row->cookie));
	memcpy(row->cookie, cookie.data, cookie.len);
	row->cookie_len = (uint8_t)cookie.len;
}
