/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static struct {
	kvs_log_sink_fn *fn;
	void *arg;
	int max_level;
} sink;

void kvsi_log_set(kvs_log_sink_fn *fn, void *arg, int max_level)
{
	sink.fn = fn;
	sink.arg = arg;
	sink.max_level = max_level;
}

int kvsi_log_wants(int level)
{
	return sink.fn && level <= sink.max_level;
}

void kvsi_log(int level, const char *fmt, ...)
{
	char raw[2048], line[2048];
	va_list ap;

	if (!kvsi_log_wants(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	(void)kvs_sanitize_into(line, sizeof(line), raw, strlen(raw));
	sink.fn(sink.arg, level, line);
}
