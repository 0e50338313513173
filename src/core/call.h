/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One blocking call, and trying it again within a deadline.  Shared by blocking.c (reads) and
 * write.c.
 */
#ifndef KVS_CORE_CALL_H
#define KVS_CORE_CALL_H

#include "core/core.h"

struct call {
	int (*fn)(void *arg, const struct kvs_entry *entry);
	void *arg;
	/* results */
	uint64_t tag;
	bool done;
	bool stopped; /* fn said so */
	int code;
	struct kvs_reply reply;
	struct kvs_err err;
};

struct retry {
	struct kvs_backoff backoff;
	uint64_t deadline; /* monotonic ms */
};

/* Starts; the code is also in c->code, and c->done says whether it ended at once. */
int call_begin(struct kvs_store *store, const struct kvs_request *req, struct call *c);
/* Until it is done; returns c->code. */
int call_wait(struct kvs_store *store, struct call *c);

/* timeout in ms, 0 for the store's.  BUG from inside a callback. */
int retry_begin(struct kvs_store *store, uint64_t timeout, struct retry *r, const char *what,
		struct kvs_err *err);
/* Milliseconds left. */
uint64_t retry_left(const struct retry *r);
/* Waits before the next try.  False: that would pass the deadline, or the store is broken. */
bool retry_pause(struct kvs_store *store, struct retry *r);
/* May what failed so fare better soon? */
bool call_may_pass(int code, const struct kvs_err *err);
/* Begins, waits, and again while that may pass; returns c->code. */
int call_retry(struct kvs_store *store, struct kvs_request *req, struct retry *r, struct call *c);

#endif
