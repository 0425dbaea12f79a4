/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The mailboxes of a node: one from each worker to each other.
 */
#include "worker.h"

/** Gives each of `workers` its peers; false, with nothing made, when memory is short. */
QN_MUST_USE bool peers_create(struct worker *workers, uint16_t worker_count);

/** Frees them, and the packets inside. The workers do not run. */
void peers_destroy(struct worker *workers, uint16_t worker_count);
