/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys whose value freezes something: the stop of a key, the lock of a file.  Each write is guarded
 * by what was read before it.  For src/transfer only.
 */
#ifndef KVS_TRANSFER_GUARD_H
#define KVS_TRANSFER_GUARD_H

#include "transfer/transfer.h"

/* Sets the guard of this name.  With `keep` one that is set stays with the reason that it has.
 * *ret_changed is false if nothing was written.  ARG (an empty reason), CONFLICT, and what the
 * store says. */
int kvs_guard_set(const struct kvs_transfer *t, const char *name, const char *reason, bool keep,
		  bool *ret_changed, struct kvs_err *err);

/* Lifts it; *ret_reason is what it said, in fresh memory, or NULL if it was not set. */
int kvs_guard_lift(const struct kvs_transfer *t, const char *name, char **ret_reason,
		   struct kvs_err *err);

#endif
