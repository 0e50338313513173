/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that wait for the next dispatch().  For a backend that finishes a request inside its
 * start function but may speak to the core's sink only from dispatch(): it puts copies here, and
 * the queue hands them on in the order in which they came.
 *
 * Invariants.  One done() for each tag that was opened, unless it is cancelled or the sink wants no
 * more of it.  Nothing is delivered under a tag after kvs_replyq_cancel(), also when that is called
 * from within the delivery.  What a callback adds is delivered by the next dispatch, never by the
 * running one.
 *
 * A start function goes like this:
 *
 *	rc = kvs_replyq_open(q, tag, err);
 *	if (rc)
 *		return rc;
 *	code = the_work(..., &reply, &e);     calls kvs_replyq_entry(q, tag, ...)
 *	kvs_replyq_done(q, tag, code, &reply, &e);
 *	return 0;
 *
 * The memory of the done() is taken by kvs_replyq_open(), before the work, so that a write that
 * was committed can always be acknowledged.
 */
#ifndef KVS_BASE_REPLYQ_H
#define KVS_BASE_REPLYQ_H

#include <kvsync/backend.h>

#include <stdbool.h>

struct kvs_replyq_item;

struct kvs_replyq {
	const struct kvs_sink *sink;
	void *core;
	/* Called when the sink wants no more of a tag, so that the backend forgets it; may be NULL.
	 * What was queued under the tag is gone already. */
	void (*stopped)(void *arg, uint64_t tag);
	void *stopped_arg;
	/* The rest is private. */
	struct kvs_replyq_item *queue; /* in order of delivery */
	struct kvs_replyq_item *open;  /* done() records of requests still at work, newest first */
	size_t bytes, max_bytes;
	uint64_t last_seq;
	int fd;
	bool woken;    /* kvs_replyq_wake() since the last dispatch */
	bool readable; /* fd */
};

/* Borrows sink and core for the queue's life.  Copies of entries and events together never
 * take more than max_bytes.  Set stopped afterwards if wanted. */
void kvs_replyq_init(struct kvs_replyq *q, const struct kvs_sink *sink, void *core,
		     size_t max_bytes);
/* Drops everything without delivering it. */
void kvs_replyq_release(struct kvs_replyq *q);

/* Begins a request or watch.  NOMEM. */
int kvs_replyq_open(struct kvs_replyq *q, uint64_t tag, struct kvs_err *err);

/* Queue a copy.  entry is borrowed and may be NULL in an event (RESET, SYNC).  NOMEM; TOOBIG when
 * the copies that wait would pass max_bytes. */
int kvs_replyq_entry(struct kvs_replyq *q, uint64_t tag, const struct kvs_entry *entry,
		     struct kvs_err *err);
int kvs_replyq_event(struct kvs_replyq *q, uint64_t tag, uint32_t type,
		     const struct kvs_entry *entry, uint64_t index, struct kvs_err *err);

/* Ends an opened request; cannot fail.  code, reply and err as in kvs_sink.done; copied.  Nothing
 * happens for a tag that is not open. */
void kvs_replyq_done(struct kvs_replyq *q, uint64_t tag, int code, const struct kvs_reply *reply,
		     const struct kvs_err *err);

/* Forgets everything under a tag; an unknown one is fine. */
void kvs_replyq_cancel(struct kvs_replyq *q, uint64_t tag);

/* Makes the descriptor readable until the next dispatch although nothing is queued: for work that
 * the backend goes on with there. */
void kvs_replyq_wake(struct kvs_replyq *q);

/* Delivers what was queued before this call. */
void kvs_replyq_dispatch(struct kvs_replyq *q);

/* Is anything waiting for delivery? */
static inline bool kvs_replyq_pending(const struct kvs_replyq *q)
{
	return q->queue != NULL;
}

/* A descriptor that is readable while something waits; made by the first call, owned by the
 * queue.  Negative KVS_E_SYS on failure. */
int kvs_replyq_fd(struct kvs_replyq *q, struct kvs_err *err);

#endif
