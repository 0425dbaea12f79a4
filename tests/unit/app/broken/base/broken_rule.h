/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * In place of what the option `break` makes: a daemon that is told that its build breaks a rule.
 */
#define QN_BROKEN id
