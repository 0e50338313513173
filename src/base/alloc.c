/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void *kvs_alloc(size_t n)
{
	return kvsi_realloc(NULL, n);
}

void *kvs_zalloc(size_t n)
{
	void *p = kvsi_realloc(NULL, n);

	if (p)
		memset(p, 0, n);
	return p;
}

void *kvs_realloc_array(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kvsi_realloc(p, bytes);
}

char *kvs_strdup(const char *s)
{
	return kvs_memdup0(s, strlen(s));
}

char *kvs_memdup0(const void *p, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		return NULL;
	copy = kvs_alloc(n + 1);
	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

char *kvs_asprintf(const char *fmt, ...)
{
	va_list ap;
	int n;
	char *s;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	s = kvs_alloc((size_t)n + 1);
	if (!s)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}
