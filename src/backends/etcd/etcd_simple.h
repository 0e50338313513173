/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request of the core that is one call to etcd: its job, its call, its end.  Its owner says what to
 * send and what the answer means.
 */
#ifndef KVS_ETCD_SIMPLE_H
#define KVS_ETCD_SIMPLE_H

#include "backends/etcd/etcd_call.h"

struct etcd_simple {
	struct etcd_job job;
	struct etcd_call call;
	/* Reads the answer into reply, with index and failed_op preset; 0 or the code, in err.
	 * May start another call with etcd_simple_send(): then 1. */
	int (*answered)(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err);
	/* Looks at a failure; returns the code in the end, or as `answered`.  May be NULL. */
	int (*failed)(struct etcd_simple *s, struct kvs_reply *reply, struct kvs_err *err);
	void *extra; /* freed with it */
	uint64_t timeout;
	uint32_t step; /* the owner's */
	bool telling, stopped;
	bool went_on; /* behind its first call */
};

/* Makes one; it is freed when it ends.  NOMEM. */
int etcd_simple_new(struct etcd_conn *conn, uint64_t tag, const struct kvs_request *req,
		    struct etcd_simple **ret_simple, struct kvs_err *err);

/* Sends, as etcd_call_start(). */
int etcd_simple_send(struct etcd_simple *s, const char *method, const ProtobufCMessage *message,
		     enum etcd_safety safety, struct kvs_err *err);

/* For a start function: what to return after the first send; frees s if that failed. */
int etcd_simple_started(struct etcd_simple *s, int code);

/* Tells the sink; nonzero: it wants no more. */
int etcd_simple_entry(struct etcd_simple *s, const struct kvs_entry *entry);

#endif
