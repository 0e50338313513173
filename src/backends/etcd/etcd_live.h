/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live subscriptions of a stream by the number that etcd gave each.  A sorted array: every event
 * looks one up, and there are never more than fit a few cache lines.  Knows nothing of subscriptions.
 */
#ifndef KVS_ETCD_LIVE_H
#define KVS_ETCD_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETCD_SUBS_PER_STREAM 100

struct etcd_sub;

struct etcd_live {
	size_t n;
	struct {
		int64_t id;
		struct etcd_sub *sub;
	} all[ETCD_SUBS_PER_STREAM];
};

/* False: the number is another's, or there is no room. */
bool etcd_live_add(struct etcd_live *live, int64_t id, struct etcd_sub *sub);
/* Takes out one that is there. */
void etcd_live_remove(struct etcd_live *live, int64_t id);
/* NULL: nobody has that number. */
struct etcd_sub *etcd_live_find(const struct etcd_live *live, int64_t id);
/* NULL: there is none. */
struct etcd_sub *etcd_live_any(const struct etcd_live *live);

#endif
