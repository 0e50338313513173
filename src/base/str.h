/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices and the display of untrusted bytes.  No memory is allocated here.
 */
#ifndef KVS_BASE_STR_H
#define KVS_BASE_STR_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <string.h>

/* A slice of a C string, or of a literal. */
static inline struct kvs_str kvs_s(const char *s)
{
	return (struct kvs_str){ s, s ? strlen(s) : 0 };
}

static inline struct kvs_str kvs_sn(const void *p, size_t n)
{
	return (struct kvs_str){ p, n };
}

static inline bool kvs_str_eq(struct kvs_str a, struct kvs_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool kvs_str_starts(struct kvs_str s, struct kvs_str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* Everything behind the first n bytes. */
static inline struct kvs_str kvs_str_skip(struct kvs_str s, size_t n)
{
	/* NULL + 0 is not defined in C. */
	return (struct kvs_str){ n ? (const char *)s.p + n : s.p, s.n - n };
}

/* Copies the bytes to *room, moves *room behind them, and returns the copy: for one allocation that
 * holds several strings. */
static inline struct kvs_str kvs_str_place(char **room, struct kvs_str s)
{
	char *p = *room;

	if (s.n)
		memcpy(p, s.p, s.n);
	*room += s.n;
	return (struct kvs_str){ p, s.n };
}

/* Byte order, a shorter prefix first: the order of every listing. */
int kvs_str_cmp(struct kvs_str a, struct kvs_str b);

/* Does a key fold in a listing: is there a separator (which may be empty: none) behind the prefix
 * that it is under?  *ret_name is what it folds to, up to and including the first one; or the key.
 * A key that ends there folds too: only so does a listing tell that there may be keys behind it. */
bool kvs_str_fold(struct kvs_str key, size_t prefix_n, struct kvs_str separator,
		  struct kvs_str *ret_name);

/* Well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF) without NUL? */
bool kvs_str_is_utf8(struct kvs_str s);

/* Length of the well-formed UTF-8 sequence at p (1 to 4), or 0. */
size_t kvs_utf8_len(const unsigned char *p, size_t n);

/*
 * Writes bytes so that a person can read them on a terminal: control bytes (C1 and DEL included),
 * invalid UTF-8 and bidirectional controls as \xNN, a backslash that would be mistaken for such
 * an escape as \x5c; the rest as it is.  dst gets at most size bytes with its NUL; cut at a
 * character.  Returns the length written without the NUL.
 */
size_t kvs_escape_into(char *dst, size_t size, const void *p, size_t n);

/* The same, but every backslash stays: for a line of our own words with escaped parts in it. */
size_t kvs_sanitize_into(char *dst, size_t size, const void *p, size_t n);

/* "line" or "lines"? */
static inline const char *kvs_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* A key for a message: KVS_Q(key) fits printf's "%s"; long keys are cut with "...".  The memory
 * lives to the end of the enclosing block. */
struct kvs_quoted {
	char s[164];
};
const char *kvs_quote(struct kvs_quoted *q, struct kvs_str s);
#define KVS_Q(str_) kvs_quote(&(struct kvs_quoted){ { 0 } }, (str_))

#endif
