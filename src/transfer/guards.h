/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file must be, or it does not travel.  A refusal is GUARD and says which guard it was, the
 * numbers, and the option that overrides it, which has the name of the configuration's key.  `what`
 * is the file or key, for the message.
 */
#ifndef KVS_TRANSFER_GUARDS_H
#define KVS_TRANSFER_GUARDS_H

#include "transfer/transfer.h"

/* How many lines that is, counted as the guards want it. */
uint64_t kvs_guards_lines(const struct kvs_guards *guards, struct kvs_str content);

/* Looks at the content alone, which has so many lines. GUARD, NOMEM. */
int kvs_guards_check(const struct kvs_transfer *t, const struct kvs_guards *guards,
		     const char *what, struct kvs_str content, uint64_t lines, struct kvs_err *err);

/* May what had so many bytes have so many now? */
int kvs_guards_check_shrink(const struct kvs_guards *guards, const char *what, uint64_t before,
			    uint64_t now, struct kvs_err *err);

/* GUARD: there are more bytes than that. */
int kvs_guards_too_big(const char *what, uint64_t max_bytes, struct kvs_err *err);

#endif
