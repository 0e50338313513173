/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watch streams.  Many subscriptions share a few streams: one stream each would cost memory on both
 * sides, one for all would make the last of a thousand wait for the rest.  Only one creation is under
 * way on a stream, since a refused one is answered without a number.  A stream that breaks ends
 * all its subscriptions; whoever wants to go on subscribes again.
 */
#ifndef KVS_ETCD_STREAM_H
#define KVS_ETCD_STREAM_H

#include "backends/etcd/etcd_call.h"

enum etcd_sub_state {
	ETCD_SUB_NONE,
	ETCD_SUB_QUEUED,
	ETCD_SUB_CREATING,
	ETCD_SUB_LIVE,
};

/* A subscription; embedded in its owner. */
struct etcd_sub {
	/* Set by the owner; key and end are borrowed while it is subscribed. */
	struct kvs_str key, end;
	int64_t start; /* first revision wanted; 0: what changes from now on */
	/* Only changes behind this revision come. */
	void (*created)(struct etcd_sub *sub, uint64_t revision);
	void (*answer)(struct etcd_sub *sub, const Etcdpb__WatchResponse *answer);
	/* It is over: COMPACTED, DENIED, UNAVAILABLE, ... */
	void (*ended)(struct etcd_sub *sub, int code, const struct kvs_err *err);

	/* Private. */
	enum etcd_sub_state state;
	struct etcd_stream *stream;
	int64_t id;
	unsigned int renewals;	      /* of the token, for its creation */
	struct etcd_sub *prev, *next; /* queued on the stream */
};

/* Subscribes, on whatever stream has room.  On failure no callback follows. */
int etcd_sub_join(struct etcd_conn *conn, struct etcd_sub *sub, struct kvs_err *err);

/* Ends it without a word; one that has ended is fine.  Also from within its callbacks. */
void etcd_sub_leave(struct etcd_sub *sub);

/* For close(): cancels every stream; they are freed as their batches end. */
void etcd_streams_cancel(struct etcd_conn *conn);

#endif
