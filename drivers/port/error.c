/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/error.h"

#include <stdarg.h>
#include <stdio.h>

int
qn_port_fail(const struct qn_port_error *error, int rc, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, error->len, format, arguments);
	va_end(arguments);
	return rc;
}
