/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void kvs_buf_init(struct kvs_buf *b, size_t max)
{
	*b = (struct kvs_buf){ .max = max };
}

void kvs_buf_release(struct kvs_buf *b)
{
	kvsi_free(b->data);
	kvs_buf_init(b, b->max);
}

void kvs_buf_wipe(struct kvs_buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->len);
	kvs_buf_release(b);
}

void kvs_buf_reset(struct kvs_buf *b)
{
	b->len = 0;
	b->failed = 0;
	if (b->data)
		b->data[0] = '\0';
}

char *kvs_buf_reserve(struct kvs_buf *b, size_t n)
{
	size_t size;
	char *data;

	if (b->failed)
		return NULL;
	if (n > b->max || b->len > b->max - n) {
		b->failed = KVS_E_TOOBIG;
		return NULL;
	}
	if (b->len + n + 1 <= b->size)
		return b->data + b->len;
	size = b->size ? b->size : 64;
	while (size < b->len + n + 1)
		size *= 2;
	if (size > b->max)
		size = b->max + 1;
	data = kvsi_realloc(b->data, size);
	if (!data) {
		b->failed = KVS_E_NOMEM;
		return NULL;
	}
	b->data = data;
	b->size = size;
	return b->data + b->len;
}

void kvs_buf_add(struct kvs_buf *b, const void *p, size_t n)
{
	char *room = kvs_buf_reserve(b, n);

	if (!room)
		return;
	if (n)
		memcpy(room, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void kvs_buf_str(struct kvs_buf *b, const char *s)
{
	kvs_buf_add(b, s, strlen(s));
}

void kvs_buf_char(struct kvs_buf *b, char c)
{
	kvs_buf_add(b, &c, 1);
}

void kvs_buf_fmt(struct kvs_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *room;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	room = kvs_buf_reserve(b, (size_t)n);
	if (!room)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(room, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void kvs_buf_escaped(struct kvs_buf *b, struct kvs_str s)
{
	size_t worst;
	char *room;

	if (__builtin_mul_overflow(s.n, 4, &worst)) {
		b->failed = b->failed ? b->failed : KVS_E_TOOBIG;
		return;
	}
	room = kvs_buf_reserve(b, worst + 4);
	if (room)
		b->len += kvs_escape_into(room, worst + 5, s.p, s.n);
}

int kvs_buf_check(const struct kvs_buf *b, const char *what, struct kvs_err *err)
{
	if (b->failed == KVS_E_TOOBIG)
		return kvs_err_set(err, KVS_E_TOOBIG, "%s is over %zu bytes", what, b->max);
	if (b->failed)
		return kvs_err_oom(err);
	return 0;
}
