/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include "base/alloc.h"
#include "base/err.h"

#include <string.h>

static struct kvs_str place(char **at, struct kvs_str s)
{
	struct kvs_str copy = { *at, s.n };

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

/* One block holds the struct and all its bytes, so that one free releases it. */
int entry_copy(const struct kvs_entry *from, struct kvs_entry **ret_entry, struct kvs_err *err)
{
	size_t bytes;
	struct kvs_entry *e;
	char *at;

	if (__builtin_add_overflow(from->key.n + from->lease.n, from->value.n, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*e), &bytes))
		return kvs_err_oom(err);
	e = kvs_alloc(bytes);
	if (!e)
		return kvs_err_oom(err);
	*e = *from;
	at = (char *)(e + 1);
	e->key = place(&at, from->key);
	e->lease = place(&at, from->lease);
	e->value = place(&at, from->value);
	*ret_entry = e;
	return 0;
}

void kvs_entry_free(struct kvs_entry *e)
{
	kvsi_free(e);
}
