/* SPDX-License-Identifier: BSD-2-Clause */
#include "backlog.h"

_Static_assert((BACKLOG_MAX & (BACKLOG_MAX - 1)) == 0, "places are numbered modulo a power of two");

bool
backlog_add(struct backlog *backlog, const struct backlog_entry *entry)
{
	if (backlog->count >= (entry->mail.is_query ? BACKLOG_QUERY_MAX : BACKLOG_MAX))
		return false;
	backlog->entries[(backlog->first + backlog->count) % BACKLOG_MAX] = *entry;
	backlog->count++;
	return true;
}

bool
backlog_take(struct backlog *backlog, struct backlog_entry *entry)
{
	if (backlog->count == 0)
		return false;
	*entry = backlog->entries[backlog->first];
	backlog->first = (backlog->first + 1) % BACKLOG_MAX;
	backlog->count--;
	return true;
}
