/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * How much of a name to show next: the steps of QNAME minimisation (RFC 9156 s2.3).
 */

#define QN_MINIMIZE_COUNT_MAX 10 /* MAX_MINIMISE_COUNT */
#define QN_MINIMIZE_ONE_LABEL 4  /* MINIMISE_ONE_LAB */

/**
 * Labels of the next name to ask for, between known_labels + 1 and name_labels.
 *
 * `known_labels` of the `name_labels` are those of the zone, or of the longest name that is
 * known to be no zone cut; `asked_count` minimised queries have been sent for this name.
 * The first few steps take one label each, the later ones share out what is left.
 */
static inline unsigned
qn_minimize_next(unsigned name_labels, unsigned known_labels, unsigned asked_count)
{
	const unsigned left = name_labels - known_labels;

	if (asked_count >= QN_MINIMIZE_COUNT_MAX || left <= 1)
		return name_labels;
	if (asked_count < QN_MINIMIZE_ONE_LABEL)
		return known_labels + 1;
	const unsigned steps = QN_MINIMIZE_COUNT_MAX - asked_count;

	return known_labels + (left + steps - 1) / steps;
}
