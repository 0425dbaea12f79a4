/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Reads a hosts file, as /etc/hosts is one: an address and its names a line.
 *
 * Every name gets its addresses, as A and AAAA. An address gets the first name of the first
 * line that has it, as PTR; but not the loopback addresses and the unspecified ones, under which
 * block lists put anything. A line with the address of an interface (fe80::1%eth0) means
 * nothing to other hosts and is passed over.
 *
 * Memory: allocates while it reads; the items go to the list.
 * Bounds: a file of at most 64 MiB, of which 20 errors are told.
 */
#include "zonefile/list.h"

/** TTL of everything in a hosts file: a change is to arrive soon. */
#define QN_HOSTS_TTL_S 300

/** Takes one error: the line, or 0 when the file as a whole is meant, and a sentence. */
typedef void qn_hosts_complain(void *context, unsigned line, const char *sentence);

/** Adds what the file at `path` says to `list`; false when there was anything to complain of. */
QN_MUST_USE bool qn_hosts_read(
    struct qn_zone_list *list, const char *path, qn_hosts_complain *complain, void *context);
