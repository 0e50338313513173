/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file must be, or it does not travel.  A refusal is GUARD and says which guard it was, the
 * numbers, and the option that overrides it, which has the name of the configuration's key.  `what`
 * is the file or key, for the message.
 */
#ifndef KVS_TRANSFER_GUARDS_H
#define KVS_TRANSFER_GUARDS_H

#include "transfer/require.h"
#include "transfer/transfer.h"

/* How many lines that is, counted as the guards want it. */
uint64_t kvs_guards_lines(const struct kvs_guards *guards, struct kvs_str content);

/* Looks at the content alone, which has so many lines. GUARD, NOMEM. */
int kvs_guards_check(const struct kvs_transfer *t, const struct kvs_guards *guards,
		     const char *what, struct kvs_str content, uint64_t lines, struct kvs_err *err);

/* What can be said before the content is there. */
int kvs_guards_check_size(const struct kvs_guards *guards, const char *what, uint64_t bytes,
			  struct kvs_err *err);

/* May what had so many bytes have so many now? */
int kvs_guards_check_shrink(const struct kvs_guards *guards, const char *what, uint64_t before,
			    uint64_t now, struct kvs_err *err);

/* GUARD: there are more bytes than that. */
int kvs_guards_too_big(const char *what, uint64_t max_bytes, struct kvs_err *err);

/*
 * A file that passes piece by piece, and what is known of it at the end.
 */
struct kvs_gauge {
	const struct kvs_guards *guards;
	struct kvs_scan *scan; /* or NULL */
	struct kvs_sha256 sha256;
	uint64_t bytes;
	uint64_t newlines;
	bool open; /* something stands behind the last newline */
};

/* Borrows the guards.  NOMEM. */
int kvs_gauge_init(struct kvs_gauge *gauge, const struct kvs_guards *guards, struct kvs_err *err);
void kvs_gauge_release(struct kvs_gauge *gauge);
/* The next piece.  GUARD (too many bytes), NOMEM. */
int kvs_gauge_add(struct kvs_gauge *gauge, const char *what, struct kvs_str piece,
		  struct kvs_err *err);
/* That was all.  *ret_lines and ret_checksum are written also on failure.  GUARD, NOMEM. */
int kvs_gauge_end(struct kvs_gauge *gauge, const struct kvs_transfer *t, const char *what,
		  uint64_t *ret_lines, char ret_checksum[KVS_SHA256_HEX], struct kvs_err *err);

#define KVS_AUTO_GAUGE KVS_CLEANUP(kvs_gauge_release)

#endif
