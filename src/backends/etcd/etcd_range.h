/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, ranges and leases as etcd has them.  Pure functions.
 */
#ifndef KVS_ETCD_RANGE_H
#define KVS_ETCD_RANGE_H

#include "backends/etcd/rpc.pb-c.h"
#include "base/buf.h"

#include <stdbool.h>

/* etcd's largest request, less room for what it adds itself (a header with the user's name). */
#define ETCD_MAX_REQUEST ((1536u << 10) - 1024)
#define ETCD_MAX_KEY	 (1u << 20)

/* Appends the first key behind all that begin with `prefix`; a NUL byte if there is none, which is
 * etcd's word for the end.  Failures stick to the buffer. */
void etcd_range_end(struct kvs_buf *end, struct kvs_str prefix);

/* A key as the core wants it.  Borrows kv, and `lease` for the lease's name. */
#define ETCD_LEASE_SIZE 24
struct kvs_entry etcd_entry(const Etcdpb__KeyValue *kv, char lease[ETCD_LEASE_SIZE]);

/* A lease's name is its number in lowercase hex, as etcdctl shows it. */
void etcd_lease_print(char name[ETCD_LEASE_SIZE], int64_t id);
bool etcd_lease_parse(struct kvs_str name, int64_t *ret_id);

#endif
