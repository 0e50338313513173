/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON that Consul's agent writes to the command of a watch: of type key one entry or null, of
 * type keyprefix an array of them or null, of others things that are no entries.
 */
#ifndef KVS_CLI_EVENT_CONSUL_H
#define KVS_CLI_EVENT_CONSUL_H

#include "base/buf.h"

#include <kvsync/kvsync.h>

/*
 * Finds the entry of a key (of which one leading slash does not count) and writes its value, decoded, to
 * the empty buffer, and value, in that buffer, and mod_index to *entry.  NOTFOUND: it does not tell of that
 * key, or is no JSON at all; PROTOCOL: the entry makes no sense; TOOBIG, NOMEM.
 */
int event_consul_find(struct kvs_str text, struct kvs_str key, struct kvs_buf *value,
		      struct kvs_entry *entry, struct kvs_err *err);

#endif
