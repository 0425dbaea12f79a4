/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Answers that begin in local data and end elsewhere.
 *
 * The name that local aliases lead to is resolved as a question of its own, whose answer any
 * client may have out of the cache. The aliases are put in front when a client's reply is
 * made, so what the operator tells some clients never gets near a cache.
 * Bounds:  costs reading and writing the answer once more.
 */
#include "cache/answer.h"

#define QN_JOIN_PAGE_LEN 65535

/** Space to join in. */
struct qn_join_room {
	uint8_t pages[3][QN_JOIN_PAGE_LEN];
};

/**
 * Makes the answer to `question` out of the `aliases` that lead from its name to `target`, and
 * of the answer `rest`, aged by `age_s`, to the same question about `target`. A failure
 * comes without the aliases. The result is a view into `room`, and its age is 0.
 */
void qn_answer_join(struct qn_join_room *room, const struct qn_question *question,
    const struct qn_answer *aliases, const struct qn_name *target, const struct qn_answer *rest,
    uint32_t age_s, struct qn_answer *joined);
