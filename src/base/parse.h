/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words to numbers, in one way for the command line, the configuration file and a store's options.
 * Each function takes the whole NUL-terminated word or fails with KVS_E_ARG and words that quote it
 * and say what was expected; the caller puts the option's or key's name before them with
 * kvs_err_context().  Results are written only on success.
 */
#ifndef KVS_BASE_PARSE_H
#define KVS_BASE_PARSE_H

#include <kvsync/kvsync.h>

#include <stdbool.h>
#include <stdint.h>

/* What a number without a unit means where a duration is expected. */
enum kvs_bare {
	KVS_BARE_REFUSED = 0, /* an error, except for 0 */
	KVS_BARE_NS = 1,      /* nanoseconds; below 1 ms an error, since it was meant otherwise */
	KVS_BARE_S = 2,	      /* seconds */
};

/* "500ms", "3s", "1.5s", "5m", "1h30m", "7d"; units ns, us, ms, s, m, h, d.  Rounded up to whole
 * milliseconds; more than 0 and less than 1 ms is an error. */
int kvs_parse_duration(const char *s, enum kvs_bare bare, uint64_t *ret_ms, struct kvs_err *err);

/* The usual case: a unit is needed. */
static inline int kvs_parse_duration_ms(const char *s, uint64_t *ret_ms, struct kvs_err *err)
{
	return kvs_parse_duration(s, KVS_BARE_REFUSED, ret_ms, err);
}

/* Decimal digits only, min to max. */
int kvs_parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *ret, struct kvs_err *err);

/* "4096", "64KiB", "64K" (both 1024 each), "64kB" (1000 each); likewise M and G. */
int kvs_parse_size(const char *s, uint64_t *ret_bytes, struct kvs_err *err);

/* A file mode, always octal: "644", "0644"; up to 7777. */
int kvs_parse_mode(const char *s, uint32_t *ret_mode, struct kvs_err *err);

/* "50" or "50%"; 0 to 100. */
int kvs_parse_percent(const char *s, uint64_t *ret, struct kvs_err *err);

/* true, false, yes, no, on, off, 1, 0. */
int kvs_parse_bool(const char *s, bool *ret, struct kvs_err *err);

#endif
