/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of which each must match some line of a file: POSIX extended regular expressions, by
 * libc, on bytes.
 *
 * Patterns are the operator's and can be trusted as far as a command line can; the lines cannot.
 * So what makes matching expensive by itself is refused (back references), as is what makes
 * a pattern huge (repetitions of repetitions), and of a line only the first KVS_REQUIRE_LINE_MAX bytes
 * are looked at.
 */
#ifndef KVS_TRANSFER_REQUIRE_H
#define KVS_TRANSFER_REQUIRE_H

#include "base/cleanup.h"

#include <kvsync/kvsync.h>

#include <stddef.h>

#define KVS_REQUIRE_PATTERN_MAX 1024
#define KVS_REQUIRE_LINE_MAX	(64u * 1024u)

struct kvs_require;

/* Compiles n patterns, which are borrowed until kvs_require_free().  ARG, NOMEM. */
int kvs_require_new(const char *const *patterns, size_t n, struct kvs_require **ret,
		    struct kvs_err *err);
/* NULL is fine. */
void kvs_require_free(struct kvs_require *require);

/* A file that passes piece by piece: lines may be cut anywhere. */
struct kvs_scan;

/* Borrows `require`.  NOMEM. */
int kvs_scan_new(const struct kvs_require *require, struct kvs_scan **ret, struct kvs_err *err);
/* NULL is fine. */
void kvs_scan_free(struct kvs_scan *scan);
/* The next piece.  NOMEM. */
int kvs_scan_add(struct kvs_scan *scan, struct kvs_str piece, struct kvs_err *err);
/* That was all.  GUARD, naming the first pattern that no line matched; NOMEM. */
int kvs_scan_end(struct kvs_scan *scan, const char *what, struct kvs_err *err);

/* The same for a file that is all there. */
int kvs_require_check(const struct kvs_require *require, const char *what, struct kvs_str content,
		      struct kvs_err *err);

static inline void kvs_cleanup_require(struct kvs_require **require)
{
	kvs_require_free(*require);
}
#define KVS_AUTO_REQUIRE KVS_CLEANUP(kvs_cleanup_require)

static inline void kvs_cleanup_scan(struct kvs_scan **scan)
{
	kvs_scan_free(*scan);
}
#define KVS_AUTO_SCAN KVS_CLEANUP(kvs_cleanup_scan)

#endif
