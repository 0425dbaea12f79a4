/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Intrusive doubly linked list with a sentinel head.
 *
 * Memory: the links live in the caller's structures; nothing is allocated.
 */
#include <stdbool.h>
#include <stddef.h>

struct qn_list {
	struct qn_list *next;
	struct qn_list *prev;
};

/** The structure of `type` whose member `member` is at `at`. */
#define qn_container_of(at, type, member) ((type *)(void *)((char *)(at)-offsetof(type, member)))

/** The structure of `type` whose member `member` is the link `link`. */
#define qn_list_entry(link, type, member) qn_container_of(link, type, member)

static inline void
qn_list_init(struct qn_list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool
qn_list_empty(const struct qn_list *list)
{
	return list->next == list;
}

/** Puts `link` behind the last element of `list`. */
static inline void
qn_list_append(struct qn_list *list, struct qn_list *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

/** Unlinks and leaves `link` pointing at itself, so that unlinking again is harmless. */
static inline void
qn_list_remove(struct qn_list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	qn_list_init(link);
}

/** Unlinks and returns the first element; NULL when the list is empty. */
static inline struct qn_list *
qn_list_pop(struct qn_list *list)
{
	struct qn_list *first = list->next;

	if (first == list)
		return NULL;
	qn_list_remove(first);
	return first;
}

/** Moves all elements of `from` behind those of `to`. */
static inline void
qn_list_splice(struct qn_list *to, struct qn_list *from)
{
	if (qn_list_empty(from))
		return;
	from->next->prev = to->prev;
	from->prev->next = to;
	to->prev->next = from->next;
	to->prev = from->prev;
	qn_list_init(from);
}
