/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable run of bytes with a cap that its maker must choose.  A failure (no memory, over
 * the cap) sticks: later calls do nothing and kvs_buf_failed() says so, so that a chain of
 * appends needs one check.  data is always NUL-terminated behind len once anything was appended.
 */
#ifndef KVS_BASE_BUF_H
#define KVS_BASE_BUF_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>

struct kvs_buf {
	char *data;
	size_t len;
	size_t size;
	size_t max; /* len never passes it */
	int failed; /* 0, KVS_E_NOMEM or KVS_E_TOOBIG */
};

void kvs_buf_init(struct kvs_buf *b, size_t max);
/* Frees the contents; the struct may be used again after kvs_buf_init(). */
void kvs_buf_release(struct kvs_buf *b);
/* The same for a secret: wipes the contents first. */
void kvs_buf_wipe(struct kvs_buf *b);
/* Forgets the contents and the failure, keeps the memory. */
void kvs_buf_reset(struct kvs_buf *b);

void kvs_buf_add(struct kvs_buf *b, const void *p, size_t n);
void kvs_buf_str(struct kvs_buf *b, const char *s);
void kvs_buf_char(struct kvs_buf *b, char c);
void kvs_buf_fmt(struct kvs_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends untrusted bytes for display (kvs_escape_into). */
void kvs_buf_escaped(struct kvs_buf *b, struct kvs_str s);
/* Room for n more bytes behind len, or NULL; add to len what was used. */
char *kvs_buf_reserve(struct kvs_buf *b, size_t n);

static inline int kvs_buf_failed(const struct kvs_buf *b)
{
	return b->failed;
}

static inline struct kvs_str kvs_buf_slice(const struct kvs_buf *b)
{
	return (struct kvs_str){ b->data, b->len };
}

/* Reports a sticky failure: 0, or NOMEM/TOOBIG with words ("WHAT is over N bytes"). */
int kvs_buf_check(const struct kvs_buf *b, const char *what, struct kvs_err *err);

#define KVS_AUTO_BUF KVS_CLEANUP(kvs_buf_release)

#endif
