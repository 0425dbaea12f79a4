/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What becomes of the questions of a client: values of a map from its prefix (prefix_map.h).
 */

enum qn_access {
	QN_ACCESS_REFUSE, /* REFUSED, with nothing that makes the reply long. */
	QN_ACCESS_ALLOW,
	QN_ACCESS_DROP, /* No reply at all. */
};
