/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys in PEM that a password locks, for libraries that only take open ones.
 */
#ifndef KVS_BASE_PEMKEY_H
#define KVS_BASE_PEMKEY_H

#include "base/buf.h"

#include <stdbool.h>

/* Does this PEM text hold a locked key? */
bool kvs_pem_is_locked(struct kvs_str pem);

/* Replaces the locked key in `pem` by the open one; what was there is wiped.  name is the file's, for
 * messages.  CONFIG (not such a key, or not its password), NOMEM. */
int kvs_pem_unlock(struct kvs_buf *pem, const char *password, const char *name,
		   struct kvs_err *err);

#endif
